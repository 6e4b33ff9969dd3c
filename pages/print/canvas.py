"""Paper for figures: drawn on the server, without a browser, the same bytes for the same figure.

Matplotlib's objects only: ``pyplot`` keeps figures for the whole process, and sessions share one. Letters
in an SVG are outlines, so that it looks alike wherever it is opened; its words stand in it as its title
and description. Colours and shapes are those of the screen (``pages.parts.palette``).
"""

from __future__ import annotations

import io
import re
import threading
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from metrics.manifest import Manifest
from metrics.wording import citation
from pages.parts.palette import NEUTRAL, Mark

# Whatever a machine's own settings say, a figure is drawn alike.
matplotlib.rcdefaults()
matplotlib.rcParams.update(
    {
        "svg.hashsalt": "cit-outcomes",
        "svg.fonttype": "path",
        # Bundled with the library, so that no machine's own letters are taken.
        "font.family": "DejaVu Sans",
        "font.size": 8.5,
        # A dollar sign in an agency's label is a dollar sign.
        "text.parse_math": False,
        "axes.unicode_minus": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": "#7A7A7A",
        "axes.linewidth": 0.8,
        "axes.labelsize": 8.5,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.color": "#333333",
        "ytick.color": "#333333",
        "hatch.linewidth": 0.6,
    }
)

_DRAWING = threading.RLock()
"""Matplotlib's settings, fonts and caches are those of the process: one figure is drawn at a time."""

WIDTH = 7.0
"""Inches: the text of a Letter page with margins of three quarters of an inch."""
POINTS_PER_INCH = 96
"""Points of a PNG at scale 1, as on a screen."""
INK = "#222222"
QUIET = "#555555"
_LINE = 0.165
_MARGIN = 0.08

SYMBOLS = {
    "circle": "o",
    "diamond": "D",
    "square": "s",
    "circle-open": "o",
    "diamond-open": "D",
    "triangle-left": "<",
    "triangle-right": ">",
}
"""The screen's names of shapes, in the names of the printing library."""

DASHES = {"solid": "-", "dash": (0, (5, 3)), "dot": (0, (1.2, 2.2))}
"""The screen's names of dashes, in the names of the printing library."""


class Stamp(NamedTuple):
    """What a figure carries on its own when it leaves: a title, its source, and its manifest."""

    title: str
    manifest: Manifest

    @property
    def caption(self) -> str:
        """The source line, and the first letters of the manifest's hash."""
        digest = self.manifest.digest[:12]
        return f"{citation.source_of(self.manifest)} Manifest {digest}."


@dataclass(frozen=True)
class Drawing:
    """A figure as drawn: an SVG, the words that replace it, and its size in inches."""

    svg: bytes
    alt: str
    width: float
    height: float
    figure: Figure = field(repr=False, compare=False)
    stamp: Stamp | None = field(default=None, repr=False, compare=False)

    def png(self, scale: float = 2) -> bytes:
        """Return the figure as points, ``scale`` times 96 to the inch."""
        buffer = io.BytesIO()
        told = {"Software": None, "Title": self.stamp.title if self.stamp else None}
        told["Description"] = self.alt
        if self.stamp:
            told |= {"Source": self.stamp.caption, "Manifest": self.stamp.manifest.to_json()}
        with _DRAWING:
            FigureCanvasAgg(self.figure)
            self.figure.savefig(
                buffer,
                format="png",
                dpi=POINTS_PER_INCH * scale,
                facecolor="white",
                metadata={k: v for k, v in told.items() if v is not None or k == "Software"},
            )
        return buffer.getvalue()


class Sheet:
    """One figure being drawn: a title above, axes in the middle, the source below.

    Measures are in inches, so that letters have one size whatever is drawn. ``height`` is that of the
    part between the margins; ``left`` and ``right`` are kept free beside it, ``below`` for the axis.
    """

    def __init__(
        self,
        height: float,
        stamp: Stamp | None,
        *,
        left: float = 0.75,
        right: float = 0.15,
        below: float = 0.5,
        above: float = 0.1,
        width: float = WIDTH,
    ) -> None:
        room = width - 2 * _MARGIN
        title = _lines(stamp.title, room, 10.5, "bold") if stamp else []
        source = _lines(stamp.caption, room, 7.5) if stamp else []
        top = 0.2 * len(title) + (0.12 if title else 0)
        foot = _LINE * len(source) + (0.12 if source else 0)
        self.stamp = stamp
        self.width = width
        self.height = height + below + above + top + foot
        self.left, self.right = left, right
        self.figure = Figure(figsize=(self.width, self.height))
        box = (
            left / width,
            (below + foot) / self.height,
            (width - left - right) / width,
            height / self.height,
        )
        self.axes: Axes = self.figure.add_axes(box)
        for i, line in enumerate(title):
            self._write(_MARGIN, self.height - 0.08 - 0.2 * i, line, size=10.5, weight="bold")
        for i, line in enumerate(source):
            self._write(_MARGIN, foot - 0.06 - _LINE * i, line, size=7.5, color=QUIET)

    def _write(
        self, x: float, y: float, text: str, size: float, color: str = INK, weight: str = "normal"
    ) -> None:
        self.figure.text(
            x / self.width, y / self.height, text, va="top", size=size, color=color, weight=weight
        )

    def aside(self, y: float, text: str, *, weight: str = "normal") -> None:
        """Write beside the axes, to their right, at a height in the units of the axes."""
        self.axes.annotate(
            text,
            xy=(1, y),
            xycoords=("axes fraction", "data"),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            ha="left",
            color=INK,
            weight=weight,
            annotation_clip=False,
        )

    def done(self, alt: str) -> Drawing:
        """Return the finished figure; ``alt`` are the words that replace it."""
        buffer = io.BytesIO()
        told: dict[str, str | None] = {"Date": None, "Creator": None, "Description": alt}
        if self.stamp:
            told |= {"Title": self.stamp.title, "Source": self.stamp.manifest.to_json()}
            told["Rights"] = citation.access(self.stamp.manifest.access)
        with _DRAWING:
            FigureCanvasSVG(self.figure)
            self.figure.savefig(buffer, format="svg", facecolor="white", metadata=told)
        svg = _described(buffer.getvalue().decode(), alt)
        return Drawing(svg.encode(), alt, self.width, self.height, self.figure, self.stamp)


def _lines(text: str, inches: float, size: float, weight: str = "normal") -> list[str]:
    """Return a text in lines no wider than so many inches: by the letters themselves, not their number."""
    font = FontProperties(size=size, weight=weight)
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        width = text_to_path.get_text_width_height_descent(longer, font, ismath=False)[0]
        if lines and width <= 72 * inches:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _described(svg: str, alt: str) -> str:
    """Give an SVG its description: what a reader who does not see it is told. Its title it has."""
    words = f'role="img">\n <desc>{escape(alt)}</desc>'
    return re.sub(r"(<svg [^>]*)>", lambda found: f"{found[1]} {words}", svg, count=1)


def point(
    axes: Axes,
    x: float,
    y: float,
    mark: Mark,
    *,
    name: str,
    low: float | None = None,
    high: float | None = None,
    upright: bool = False,
    size: float = 6.5,
) -> None:
    """Draw one estimate with its interval, lying or ``upright``; ``name`` marks it in the SVG."""
    if low is not None and high is not None:
        ends = ([x, x], [low, high]) if upright else ([low, high], [y, y])
        cap = "_" if upright else "|"
        (line,) = axes.plot(
            *ends, color=mark.color, linewidth=1.6, marker=cap, markersize=6, markeredgewidth=1.6
        )
        line.set_gid(f"interval-{name}")
    (dot,) = axes.plot([x], [y], linestyle="none", **look(mark.symbol, mark.color, size))
    dot.set_gid(f"point-{name}")


def look(symbol: str, color: str, size: float) -> dict[str, Any]:
    """Return how a marker of the screen is drawn in print: open where its name says so."""
    return {
        "marker": SYMBOLS[symbol],
        "markersize": size,
        "markeredgecolor": color,
        "markerfacecolor": "white" if symbol.endswith("-open") else color,
        "markeredgewidth": 1.4 if symbol.endswith("-open") else 0.8,
        "zorder": 3,
    }


def rule(
    axes: Axes, at: float, *, dash: str = "solid", color: str = NEUTRAL.color, lying: bool = False
) -> None:
    """Draw a line across the axes, upright or lying."""
    draw = axes.axhline if lying else axes.axvline
    draw(at, color=color, linewidth=1.1, linestyle=DASHES[dash], zorder=1)


def grid(axes: Axes, along: str = "x") -> None:
    """Draw the faint lines of an axis."""
    axes.grid(visible=True, axis=along, color="#E3E3E3", linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)


def legend(axes: Axes, columns: int = 2) -> None:
    """Draw the key above the axes."""
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=columns,
        frameon=False,
        handlelength=2.6,
        borderaxespad=0.2,
        fontsize=8.5,
    )
