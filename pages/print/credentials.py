"""Figures of certification for print: squads, shifts or districts, and the months ahead."""

from __future__ import annotations

import pandas as pd
from matplotlib.ticker import MaxNLocator

from metrics.certification import Standing, months
from metrics.wording import certification as words
from pages.parts.certification_figures import PARTS, parts
from pages.parts.lines import broken
from pages.parts.palette import OTHER
from pages.print import frames
from pages.print.canvas import Drawing, Sheet, Stamp, grid, legend

_HATCH = {"": "", "/": "///", "x": "xxx"}
_BAR = 0.36


def standing(found: Standing, by: str, stamp: Stamp | None = None) -> Drawing:
    """People in date, due and lapsed, one bar per squad, shift or district."""
    groups = found.groups[by]
    sheet = Sheet(_BAR * len(groups) + 0.5, stamp, left=1.5, above=0.3)
    axes = sheet.axes
    rows = range(len(groups))
    left = [0] * len(groups)
    for place, part in enumerate(PARTS):
        counts = [parts(g)[place] for g in groups]
        bars = axes.barh(
            rows,
            counts,
            left=left,
            height=0.62,
            color=part.color,
            edgecolor="white",
            hatch=_HATCH[part.pattern],
            label=part.label,
        )
        axes.bar_label(
            bars,
            labels=[f"{n:,}" if n else "" for n in counts],
            label_type="center",
            color="white",
            weight="bold",
            size=8,
        )
        left = [a + b for a, b in zip(left, counts, strict=True)]
    axes.set_yticks(list(rows), ["\n".join(broken(words.group_name(g), 22)) for g in groups])
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("people")
    grid(axes)
    legend(axes, columns=3)
    return sheet.done(words.standing_alt(found, by))


def ahead(found: Standing, stamp: Stamp | None = None) -> Drawing:
    """Certificates that lapse in each month ahead, if nobody renews."""
    counted = months(found)
    sheet = Sheet(2.2, stamp, below=0.8)
    axes = sheet.axes
    bars = axes.bar(
        range(len(counted)),
        [n for _, n in counted],
        width=0.7,
        color=OTHER.color,
        edgecolor="white",
        hatch=_HATCH["/"],
    )
    axes.bar_label(bars, labels=[f"{n:,}" if n else "" for _, n in counted], padding=2, size=8)
    axes.set_xticks(
        range(len(counted)), [f"{m:%b %Y}" for m, _ in counted], rotation=45, ha="right"
    )
    axes.set_ylim(0, max(1.0, 1.15 * max(n for _, n in counted)))
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_ylabel("certificates")
    grid(axes, "y")
    return sheet.done(words.ahead_alt(counted))


def group_rows(found: Standing, by: str) -> pd.DataFrame:
    """Return the typed table of squads, shifts or districts: what a file holds."""
    return frames.frame(
        {
            "as_of": found.day,
            by: g.name,
            "people": g.people,
            "trained": g.trained,
            "certified": g.certified,
            "due_in_90_days": g.due if found.expiry else None,
            "lapsed": g.lapsed if found.expiry else None,
            "enhanced": g.enhanced,
            "designated": g.designated if g.designated_known else None,
            "designated_recorded": g.designated_known,
        }
        for g in found.groups[by]
    )


def lapse_rows(found: Standing) -> pd.DataFrame:
    """Return the lapses of the months ahead, typed, without names."""
    return frames.frame(
        {"as_of": found.day, "lapses_on": x.day, "squad": x.squad, "shift": x.shift, "n": x.people}
        for x in found.lapses
    )
