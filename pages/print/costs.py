"""Figures of cost scenarios for print: who pays, and which input matters most."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator

from metrics.costs import Scenario, Spread
from metrics.wording import costs as words
from pages.parts.lines import broken
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print.canvas import INK, Drawing, Sheet, Stamp, grid, legend, rule

AXIS = "US dollars per contact with CIT, if the difference is real: less ← 0 → more"
TOTAL = "All together"
MOST_SWINGS = 10
"""Inputs drawn, the widest: the table has them all."""
_ROW = 0.42


def bars(found: Scenario) -> list[tuple[str, Spread]]:
    """Return the payers in words and all together, in the order they are drawn."""
    rows = [(words.payer(p.id), p.per_contact) for p in found.payers]
    return [*rows, *([(TOTAL, found.total)] if isinstance(found.total, Spread) else [])]


def payers(found: Scenario, stamp: Stamp | None = None) -> Drawing:
    """The middle of the draws of each payer and of all together, with nine draws in ten."""
    rows = bars(found)
    sheet = Sheet(_ROW * len(rows) + 0.1, stamp, left=1.5)
    axes = sheet.axes
    for place, (label, value) in enumerate(rows):
        whole = label == TOTAL
        axes.barh(
            place,
            value.median,
            height=0.55,
            facecolor=NEUTRAL.color if whole else CIT.color,
            edgecolor="white",
            hatch="////" if whole else "",
            linewidth=0.4,
        )
        (line,) = axes.plot(
            [value.low, value.high],
            [place, place],
            color=INK,
            linewidth=1.6,
            marker="|",
            markersize=7,
            markeredgewidth=1.6,
        )
        line.set_gid(f"interval-{place}")
    _finish(sheet, ["\n".join(broken(label, 22)) for label, _ in rows])
    return sheet.done(words.payers_alt(found))


def swings(found: Scenario, stamp: Stamp | None = None) -> Drawing:
    """How far the total moves with each input, the widest first."""
    drawn = found.swings[:MOST_SWINGS]
    names = [broken(words.input_name(s), 34) for s in drawn]
    lines = sum(map(len, names))
    sheet = Sheet(0.26 * len(drawn) + 0.13 * (lines - len(drawn)) + 0.2, stamp, left=2.5, above=0.3)
    axes = sheet.axes
    middle = found.middle if isinstance(found.middle, float) else 0.0
    ends = (
        ("input at its 5th percentile", OTHER, "////", [s.at_low for s in drawn]),
        ("at its 95th", CIT, "", [s.at_high for s in drawn]),
    )
    for label, mark, hatch, values in ends:
        axes.barh(
            range(len(drawn)),
            [v - middle for v in values],
            left=middle,
            height=0.55,
            label=label,
            facecolor=mark.color,
            edgecolor="white",
            hatch=hatch,
            linewidth=0.4,
        )
    _finish(sheet, ["\n".join(name) for name in names])
    legend(axes)
    return sheet.done(words.swings_alt(found))


def _finish(sheet: Sheet, labels: list[str]) -> None:
    axes = sheet.axes
    rule(axes, 0)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.6g}"))
    axes.set_xlabel(AXIS)
    grid(axes)
