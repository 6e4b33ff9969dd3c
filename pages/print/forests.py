"""Forest figures for print: estimates with their intervals on one axis, the numbers beside them.

Rows of one figure are drawn alike, whatever they say: nothing is ranked, nothing is red or green.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from matplotlib.ticker import FixedLocator, NullLocator

from data import registry
from metrics import wording
from metrics.effects import rows as effect_rows
from metrics.estimate import Estimate, Estimated
from metrics.exhibit import MISSING, Exhibit
from metrics.force_scale import ForceScale
from metrics.result import WITHHELD, Comparison
from metrics.subgroups import Subgroups
from metrics.wording import exhibits, scale, sensitivity
from pages.parts.lines import (
    AXIS,
    DIFFERENCE_AXIS,
    ODDS_AXIS,
    ODDS_TICKS,
    RATE_AXIS,
    WIDE,
    broken,
    reach,
)
from pages.parts.palette import CIT, NEUTRAL, OTHER, Mark
from pages.print.canvas import INK, Drawing, Sheet, Stamp, grid, point, rule

LABEL = 40
"""Letters of a label in one line of print."""
_HIDDEN = "withheld"
"""What stands in place of every number that may not be published."""
_ROW = 0.235
_ASIDE = 1.8
_LETTER = 0.069
"""Inches that a letter takes, rather more than on average."""


class Row(NamedTuple):
    """One row: its label, its estimate (None: a heading), how it is drawn, its n in words.

    ``said`` stands in place of the numbers where they are not there for another reason than usual.
    """

    label: str
    value: Estimated | None
    mark: Mark
    n: str = ""
    said: str = ""


def per_1000(value: Estimated) -> str:
    """Return a difference per 1,000 with its interval, signed, as the screen's tables print it."""
    if not isinstance(value, Estimate):
        return _HIDDEN if value.reason == WITHHELD else "not estimated"
    return wording.difference_cell(value)


def _rate(value: Estimated) -> str:
    if not isinstance(value, Estimate):
        return _HIDDEN if value.reason == WITHHELD else "no rate"
    return wording.rate_cell(value)


def _counted(comparison: Comparison) -> tuple[str, str]:
    if comparison.withheld:
        return _HIDDEN, _HIDDEN
    one, other = comparison.cit, comparison.other
    return f"{one.events:,} of {one.n:,}", f"{other.events:,} of {other.n:,}"


def rates(comparison: Comparison, stamp: Stamp | None = None) -> Drawing:
    """Two rates per 1,000 with their intervals, and what they are counted from."""
    names = wording.arms(comparison.exposure)
    arms = (comparison.cit, comparison.other)
    rows = [
        Row(name, arm.rate, mark, n)
        for name, arm, mark, n in zip(names, arms, (CIT, OTHER), _counted(comparison), strict=True)
    ]
    alt = wording.rates_alt(comparison)
    return _forest(rows, alt, RATE_AXIS, stamp, words=_rate, from_zero=True)


def forest(comparison: Comparison, stamp: Stamp | None = None) -> Drawing:
    """The difference of one outcome, crude and adjusted, with the line of no difference."""
    n = _both(comparison)
    rows = [
        Row(row.label, row.risk_difference, CIT if row.headline else NEUTRAL, n)
        for row in effect_rows(comparison)
    ]
    return _forest(rows, wording.forest_alt(comparison), DIFFERENCE_AXIS, stamp)


def outcomes(comparisons: Iterable[Comparison], stamp: Stamp | None = None) -> Drawing:
    """The adjusted difference of each outcome on one axis: what a brief shows.

    An outcome without an adjusted difference stands with its reason and no point.
    """
    rows, said = [], []
    for comparison in comparisons:
        label = registry.outcome(comparison.outcome).label
        value = comparison.adjusted.risk_difference
        if comparison.lacks:
            rows.append(Row(label, value, CIT, said="not recorded"))
            said.append(f"{label}: not recorded")
            continue
        rows.append(Row(label, value, CIT, _both(comparison)))
        said.append(
            f"{label}: {wording.difference(value, 1)}"
            if isinstance(value, Estimate)
            else f"{label}: not estimated ({wording.reason(value)})"
        )
    alt = f"Adjusted difference per 1,000 contacts with CIT. {'; '.join(said)}."
    return _forest(rows, alt, DIFFERENCE_AXIS, stamp)


def exhibit(found: Exhibit, stamp: Stamp | None = None) -> Drawing:
    """Every analysis of the sensitivity exhibit, the headline first and marked."""
    rows: list[Row] = []
    group = found.headline.group
    for row in found.rows:
        if row.group != group:
            group = row.group
            rows.append(Row(group, None, NEUTRAL))
        if row.headline or isinstance(row.risk_difference, Estimate):
            n = "" if row.n is None else f"{row.n:,}"
            rows.append(Row(row.label, row.risk_difference, CIT if row.headline else NEUTRAL, n))
    # Worst cases are far off by design: they would press all others into a line.
    extreme = frozenset(row.label for row in found.rows if row.group == MISSING)
    middle = found.headline.risk_difference
    return _forest(_headed(rows), sensitivity.alt(found), AXIS, stamp, middle, extreme, cut=True)


def subgroups(found: Subgroups, stamp: Stamp | None = None) -> Drawing:
    """All contacts, then each covariate's levels in their fixed order."""
    rows = [Row("All contacts", found.overall.risk_difference, CIT)]
    for subgroup in found.subgroups:
        if subgroup.levels:
            rows.append(Row(subgroup.label, None, NEUTRAL))
        rows += [
            Row(v.label, v.risk_difference, NEUTRAL, f"{v.cit.n + v.other.n:,}")
            for v in subgroup.levels
        ]
    middle = found.overall.risk_difference
    return _forest(rows, exhibits.forest_alt(found), AXIS, stamp, middle, cut=True)


def cuts(found: ForceScale, stamp: Stamp | None = None) -> Drawing:
    """Odds ratios of a graver level: one for the whole scale, then one for each step."""
    rows = [
        Row("All steps as one number", found.odds_ratio, CIT, f"{found.n_cit + found.n_other:,}")
    ]
    rows += [
        Row(scale.step(c.level), c.odds_ratio, NEUTRAL, f"{c.cit + c.other:,}") for c in found.cuts
    ]
    shown = [row for row in rows if isinstance(row.value, Estimate) and _bounded(row.value)]
    return _ratios(shown, scale.cuts_alt(found), stamp)


def _bounded(value: Estimate) -> bool:
    return 0 < value.low <= value.high < math.inf


def _headed(rows: list[Row]) -> list[Row]:
    """Leave out headings with no row under them."""
    return [
        row
        for row, after in zip(rows, [*rows[1:], None], strict=True)
        if row.value is not None or (after is not None and after.value is not None)
    ]


def _both(comparison: Comparison) -> str:
    if comparison.withheld:
        return _HIDDEN
    return f"{comparison.cit.n + comparison.other.n:,}"


def _forest(
    rows: list[Row],
    alt: str,
    title: str,
    stamp: Stamp | None,
    middle: Estimated | None = None,
    extreme: frozenset[str] = frozenset(),
    *,
    words: Callable[[Estimated], str] = per_1000,
    cut: bool = False,
    from_zero: bool = False,
) -> Drawing:
    """Draw rows from top to bottom; dotted is the estimate ``middle``.

    With ``cut``, far wider intervals than most, and rows labelled in ``extreme``, do not stretch the
    axis: an arrow at its end says that they go on, and the numbers stand beside it all the same.
    """
    sheet = _sheet(rows, stamp)
    axes = sheet.axes
    left, right = reach(
        [r.value for r in rows if isinstance(r.value, Estimate) and r.label not in extreme],
        WIDE if cut else math.inf,
    )
    if from_zero:
        left = 0.0
    else:
        rule(axes, 0)
    if isinstance(middle, Estimate):
        rule(axes, middle.estimate * 1000, dash="dot", color=CIT.color)
    axes.set_xlim(left * 1000, right * 1000)
    for place, row in enumerate(rows):
        value = row.value
        if isinstance(value, Estimate):
            inside = left <= value.estimate <= right
            low, high = max(value.low, left), min(value.high, right)
            name = f"{place}"
            if inside:
                point(
                    axes,
                    value.estimate * 1000,
                    place,
                    row.mark,
                    name=name,
                    low=low * 1000,
                    high=high * 1000,
                )
            for edge, beyond, shape in (
                (left, value.low < left, "<"),
                (right, value.high > right, ">"),
            ):
                if beyond:
                    axes.plot(
                        [edge * 1000],
                        [place],
                        linestyle="none",
                        marker=shape,
                        markersize=7,
                        color=row.mark.color,
                        clip_on=False,
                    )
        if value is not None:
            sheet.aside(
                place,
                row.said or words(value),
                weight="bold" if row.mark is CIT and middle else "normal",
            )
    return _finish(sheet, rows, title, alt)


def _ratios(rows: list[Row], alt: str, stamp: Stamp | None) -> Drawing:
    """Draw odds ratios on a logarithmic axis around 1."""
    sheet = _sheet(rows, stamp)
    axes = sheet.axes
    axes.set_xscale("log")
    rule(axes, 1)
    values = [row.value for row in rows if isinstance(row.value, Estimate)]
    low = min([0.8, *(v.low for v in values)]) / 1.1
    high = max([1.25, *(v.high for v in values)]) * 1.1
    axes.set_xlim(low, high)
    axes.xaxis.set_major_locator(FixedLocator([t for t in ODDS_TICKS if low <= t <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for place, row in enumerate(rows):
        v = row.value
        if isinstance(v, Estimate):
            point(axes, v.estimate, place, row.mark, name=f"{place}", low=v.low, high=v.high)
            sheet.aside(place, wording.ratio_cell(v))
    return _finish(sheet, rows, ODDS_AXIS, alt)


def _sheet(rows: list[Row], stamp: Stamp | None) -> Sheet:
    lines = sum(len(broken(row.label, LABEL)) for row in rows)
    height = _ROW * max(len(rows), 1) + 0.13 * (lines - len(rows)) + 0.12
    longest = max((len(part) for row in rows for part in broken(row.label, LABEL)), default=0)
    counted = max((len(row.n) for row in rows), default=0)
    left = 0.4 + _LETTER * longest + (0.25 + _LETTER * counted if counted else 0)
    return Sheet(height, stamp, left=left, right=_ASIDE, below=0.48, above=0.28)


def _finish(sheet: Sheet, rows: list[Row], title: str, alt: str) -> Drawing:
    axes = sheet.axes
    grid(axes)
    axes.set_ylim(max(len(rows), 1) - 0.45, -0.55)
    axes.set_yticks(range(len(rows)), [""] * len(rows))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(title)
    inch = 1 / (sheet.width - sheet.left - sheet.right)
    for place, row in enumerate(rows):
        heading = row.value is None
        axes.annotate(
            "\n".join(broken(row.label, LABEL)),
            xy=((0.08 + (0 if heading else 0.1) - sheet.left) * inch, place),
            xycoords=("axes fraction", "data"),
            va="center",
            ha="left",
            color=INK,
            weight="bold" if heading else "normal",
            annotation_clip=False,
        )
        if row.n:
            _column(sheet, -0.12 * inch, place, row.n)
    if any(row.n for row in rows):
        _column(sheet, -0.12 * inch, -0.95, "n")
    shown = "estimate (95% CI)"
    sheet.aside(-0.95, shown)
    return sheet.done(alt)


def _column(sheet: Sheet, x: float, y: float, text: str) -> None:
    sheet.axes.annotate(
        text,
        xy=(x, y),
        xycoords=("axes fraction", "data"),
        va="center",
        ha="right",
        color=INK,
        annotation_clip=False,
    )
