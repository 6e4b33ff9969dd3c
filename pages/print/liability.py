"""Liability for print, and its numbers typed: what PNG, SVG, CSV and Excel files hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.ticker import FixedLocator, NullLocator

from metrics import wording
from metrics.estimate import Estimate, Estimated, Test
from metrics.liability import Cause, Complaints, CriticalEvent, Liability, Rate, Reviews
from metrics.wording import liability as words
from metrics.wording import liability_terms as terms
from pages.parts.liability_figures import RATE_AXIS, reach, shown, sides, ticks
from pages.parts.lines import broken
from pages.parts.palette import CIT, OTHER
from pages.print.canvas import INK, Drawing, Sheet, Stamp, grid, legend, look, point
from pages.print.frames import frame, reason

_LINE = 0.22


def rates(found: Liability, stamp: Stamp | None = None) -> Drawing:
    """Rates per 1,000 of both groups with exact intervals, the counts beside them."""
    rows = shown(found)
    sheet = Sheet(2.2 * _LINE * max(len(rows), 1), stamp, left=1.7, right=2.35, above=0.34)
    axes = sheet.axes
    axes.set_xscale("log")
    low, high = reach(rows)
    axes.set_xlim(low, high)
    at = ticks(low, high)
    axes.xaxis.set_major_locator(FixedLocator(at))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for name, mark in zip(wording.arms(found.question.exposure), (CIT, OTHER), strict=True):
        axes.plot([], [], linestyle="none", label=name, **look(mark.symbol, mark.color, 6))
    for place, row in enumerate(rows):
        for rate, mark, off in sides(row):
            value, y = rate.per_1000, place + off
            assert isinstance(value, Estimate)
            name = f"{place}-{mark.symbol}"
            if rate.events:
                point(
                    axes,
                    value.estimate,
                    y,
                    mark,
                    name=name,
                    low=value.low,
                    high=value.high,
                )
            else:  # a rate of 0 is off a logarithmic axis
                axes.plot([low, value.high], [y, y], color=mark.color, linewidth=1.6)
                (dot,) = axes.plot(
                    [low],
                    [y],
                    linestyle="none",
                    clip_on=False,
                    **look("triangle-left", mark.color, 6.5),
                )
                dot.set_gid(f"point-{name}")
            sheet.aside(y + 0.4 * off, words.counted(rate))
    axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
    axes.set_yticks(
        range(len(rows)), ["\n".join(broken(words.label(row), 22)) for row in rows], color=INK
    )
    axes.tick_params(axis="y", length=0, pad=9)  # room for the arrows
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(RATE_AXIS)
    grid(axes)
    legend(axes)
    return sheet.done(words.rates_alt(found))


def outcomes(found: Liability) -> pd.DataFrame:
    """Return one row per outcome and group, and the adjusted difference with its verdict."""
    names = wording.arms(found.question.exposure)
    rows = []
    for row in found.rows:
        c = row.comparison
        adjusted = c.adjusted.risk_difference
        for group, rate in zip(names, (row.cit, row.other), strict=True):
            rows.append(
                {
                    "outcome": words.label(row),
                    "group": group,
                    **_rate(rate),
                    "adjusted_difference_per_1000": _times(adjusted.estimate),
                    "adjusted_difference_low": _times(adjusted.low),
                    "adjusted_difference_high": _times(adjusted.high),
                    "verdict": wording.verdict(c),
                    "reason": reason(adjusted),
                }
            )
    return frame(rows)


def causes(found: Sequence[Cause], exposure: str) -> pd.DataFrame:
    """Return one row per person hurt, cause and group, with the ratio of the two rates."""
    rows = []
    for row in found:
        value, test = row.ratio
        for group, rate in zip(wording.arms(exposure), (row.cit, row.other), strict=True):
            rows.append(
                {
                    "injured": terms.cause(row),
                    "group": group,
                    **_rate(rate),
                    "rate_ratio_not_adjusted": value.estimate,
                    "rate_ratio_low": value.low,
                    "rate_ratio_high": value.high,
                    "p_value": test.p_value if isinstance(test, Test) else None,
                    "reason": reason(value),
                }
            )
    return frame(rows)


def events(found: Sequence[CriticalEvent]) -> pd.DataFrame:
    """Return one row per critical event, without any key."""
    return frame(
        {
            "day": e.day,
            "what_happened": terms.kind(e),
            "district": e.district,
            "review": terms.review(e),
            "legal_hold": terms.held(e),
        }
        for e in found
    )


def complaints(found: Complaints) -> pd.DataFrame:
    """Return complaints by how they stand, with exact rates."""
    return frame(
        {
            "about_these_contacts": what,
            "received": n,
            "contacts": found.n,
            **_exact(found.rate(n)),
        }
        for what, n in words.complaint_rows(found)
    )


def reviews(found: Reviews) -> pd.DataFrame:
    """Return applications of force by review and finding."""
    return frame({"review": what, "applications": n} for what, n in words.review_rows(found))


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "contacts": rate.n,
        "events": rate.events if rate.n else None,
        "not_recorded": rate.not_recorded,
        **_exact(rate.per_1000),
    }


def _exact(value: Estimated) -> dict[str, float | None]:
    """Return an exact rate, per 1,000 already, with its Poisson limits."""
    return {
        "exact_rate_per_1000": value.estimate,
        "exact_low_per_1000": value.low,
        "exact_high_per_1000": value.high,
    }


def _times(share: float | None) -> float | None:
    return None if share is None else share * 1000
