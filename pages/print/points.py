"""Figures of the evidence pages for print: funnels, plans, and how unlike the calls of two groups are."""

from __future__ import annotations

from matplotlib.ticker import FuncFormatter, MaxNLocator

from metrics import wording
from metrics.balance import BINS, Balance
from metrics.estimate import NotEstimable
from metrics.funnel import Funnel
from metrics.planning import Plan
from metrics.selection import CUSTOMARY, Selection
from metrics.wording import exhibits
from metrics.wording import selection as words
from pages.parts.lines import broken
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print.canvas import (
    DASHES,
    QUIET,
    Drawing,
    Sheet,
    Stamp,
    grid,
    legend,
    look,
    rule,
)

OUTLINE = 120
"""Points that draw a funnel's outline."""


def funnel(found: Funnel, outcome: str, places: str, stamp: Stamp | None = None) -> Drawing:
    """Each place's rate by its contacts, with the limits of chance around the rate of all together."""
    sheet = Sheet(3.2, stamp)
    axes = sheet.axes
    most = max(u.n for u in found.units)
    first = max(min(u.n for u in found.units) // 2, 1)
    sizes = sorted({first + (most * 21 // 20 - first) * i // OUTLINE for i in range(OUTLINE + 1)})
    limits = [found.limits(n) for n in sizes]
    for intervals, dash, name in (
        ([x.warning for x in limits], "dash", "95%"),
        ([x.control for x in limits], "dot", "99.8%"),
    ):
        for side in (0, 1):
            axes.plot(
                sizes,
                [interval[side] * 1000 for interval in intervals],
                color=NEUTRAL.color,
                linestyle=DASHES[dash],
                linewidth=1.1,
            )
        axes.annotate(
            name,
            xy=(sizes[0], intervals[0].high * 1000),
            xytext=(2, 2),
            textcoords="offset points",
            size=7.5,
            color=QUIET,
        )
    rule(axes, found.target * 1000, lying=True)
    for place, u in enumerate(found.units):
        symbol = "circle" if u.place == "within" else "diamond-open"
        (dot,) = axes.plot([u.n], [u.rate * 1000], linestyle="none", **look(symbol, CIT.color, 6.5))
        dot.set_gid(f"point-{place}")
        above = u.rate >= found.target
        axes.annotate(
            u.label,
            xy=(u.n, u.rate * 1000),
            xytext=(0, 6 if above else -6),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
        )
    axes.set_ylim(bottom=0)
    axes.set_xlim(left=0)
    axes.margins(y=0.12)
    axes.set_ylabel("of 1,000")
    axes.set_xlabel("contacts")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:,.0f}"))
    return sheet.done(exhibits.funnel_alt(found, outcome, places))


def curve(found: Plan, stamp: Stamp | None = None) -> Drawing:
    """The smallest difference that would usually show, by months ahead, beside the one asked for."""
    sheet = Sheet(2.6, stamp)
    axes = sheet.axes
    fall = found.difference < 0
    values = [(a.months, a.decrease if fall else a.increase) for a in found.curve]
    known = [(m, v) for m, v in values if isinstance(v, float)]
    (line,) = axes.plot(
        [m for m, _ in known],
        [v * 1000 for _, v in known],
        color=CIT.color,
        linewidth=1.6,
        **look(CIT.symbol, CIT.color, 5),
    )
    line.set_gid("line-curve")
    lines = [(abs(found.difference), "dash", "asked for")]
    if isinstance(found.floor, float) and found.floor > 0:
        lines.append((found.floor, "dot", "never smaller with these officers"))
    upper = max(value for value, _, _ in lines)
    for value, dash, name in lines:
        rule(axes, value * 1000, dash=dash, lying=True)
        axes.annotate(
            name,
            xy=(1, value * 1000),
            xycoords=("axes fraction", "data"),
            xytext=(-2, 2 if value == upper else -2),
            textcoords="offset points",
            ha="right",
            va="bottom" if value == upper else "top",
            size=7.5,
            color=QUIET,
        )
    axes.set_ylim(bottom=0)
    axes.set_xlim(0, 61)
    axes.set_xticks([0, 12, 24, 36, 48, 60])
    axes.set_ylabel(f"{'fewer' if fall else 'more'} per 1,000 that would show")
    axes.set_xlabel("months from a fresh start")
    return sheet.done(exhibits.plan_curve_alt(found))


def love(found: Selection, stamp: Stamp | None = None) -> Drawing:
    """Standardised differences of the levels that differ most, before (open) and after (filled)."""
    rows = words.drawn(found)
    labels = [broken(words.name(row), 44) for row in rows]
    lines = sum(map(len, labels))
    sheet = Sheet(0.22 * len(rows) + 0.13 * (lines - len(rows)) + 0.1, stamp, left=2.9, above=0.32)
    axes = sheet.axes
    rule(axes, 0)
    for edge in (-CUSTOMARY, CUSTOMARY):
        rule(axes, edge, dash="dot")
    weighted = not isinstance(found.balance, NotEstimable)
    series = [("as recorded", "circle-open", OTHER, [row.smd_before for row in rows])]
    if weighted:
        series.append(("weighted", "circle", CIT, [row.smd_after for row in rows]))
        for place, row in enumerate(rows):
            ends = (row.smd_before, row.smd_after)
            if not any(isinstance(v, NotEstimable) for v in ends):
                axes.plot(ends, [place, place], color=NEUTRAL.color, linewidth=0.8, zorder=1)
    for name, symbol, mark, values in series:
        known = [(v, i) for i, v in enumerate(values) if not isinstance(v, NotEstimable)]
        (dots,) = axes.plot(
            [v for v, _ in known],
            [i for _, i in known],
            linestyle="none",
            label=name,
            **look(symbol, mark.color, 6),
        )
        dots.set_gid(f"line-{name.split()[-1]}")
    widest = max([2 * CUSTOMARY, *(r.apart for r in rows if r.apart < float("inf"))]) * 1.1
    axes.set_xlim(-widest, widest)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), ["\n".join(label) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("← second group    standardised difference    first group →")
    legend(axes)
    return sheet.done(words.love_alt(found))


def scores(found: Selection, balance: Balance, stamp: Stamp | None = None) -> Drawing:
    """Contacts by score, the first group upwards and the second downwards."""
    sheet = Sheet(2.8, stamp, above=0.35)
    axes = sheet.axes
    for name, counts, sign, mark, hatch in zip(
        wording.arms(found.exposure),
        (balance.histogram1, balance.histogram0),
        (1, -1),
        (CIT, OTHER),
        ("", "////"),
        strict=True,
    ):
        axes.bar(
            balance.edges[:-1],
            sign * counts,
            width=1 / BINS,
            align="edge",
            label=name,
            facecolor=mark.color,
            edgecolor="white",
            hatch=hatch,
            linewidth=0.4,
        )
    rule(axes, 0, lying=True)
    most = int(max(balance.histogram1.max(), balance.histogram0.max(), 1))
    axes.set_ylim(-most * 1.1, most * 1.1)
    axes.set_xlim(0, 1)
    axes.yaxis.set_major_locator(MaxNLocator(7, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{abs(v):,.0f}"))
    axes.set_ylabel("contacts")
    axes.set_xlabel("score (chance of the first group)")
    grid(axes, "y")
    legend(axes)
    return sheet.done(words.scores_alt(found))
