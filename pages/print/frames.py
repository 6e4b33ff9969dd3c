"""The numbers of every table and figure, typed: what CSV and Excel files hold.

One row per thing, one number per cell, in full; what is not known is empty, and a column says why. Names
are plain letters and never change; ``COLUMNS`` says what they mean. A withheld comparison has no numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd

from data import registry
from metrics import wording
from metrics.detail import Split
from metrics.effects import rows as effect_rows
from metrics.estimate import Estimated, NotEstimable, Test
from metrics.exhibit import Exhibit
from metrics.result import Arm, Comparison
from metrics.trend import Trend, signals
from metrics.trends import DaysBetween, PChart
from metrics.wording import sensitivity

COLUMNS = {
    "outcome": "What is counted.",
    "group": "One of the two groups of contacts compared; see CIT means.",
    "contacts": "Contacts with group and outcome recorded: the denominator.",
    "events": "Contacts with the outcome.",
    "rate_per_1000": "Events of 1,000 contacts, as recorded; Wilson interval.",
    "low_per_1000": "Lower 95% limit, of 1,000 contacts.",
    "high_per_1000": "Upper 95% limit, of 1,000 contacts.",
    "not_recorded": "Contacts whose outcome was not recorded: in no other number of the row.",
    "difference_per_1000": "First group minus second, per 1,000 contacts.",
    "difference_low": "Lower 95% limit of the difference, per 1,000.",
    "difference_high": "Upper 95% limit of the difference, per 1,000.",
    "risk_ratio": "Rate of the first group over that of the second; 95% limits beside it.",
    "odds_ratio": "Odds of the first group over those of the second; 95% limits beside it.",
    "p_value": "Two-sided p value.",
    "p_holm": "p value after Holm's adjustment for the primary outcomes.",
    "reason": "Why a number is not there.",
    "headline": "Whether this is the analysis fixed before the data were seen.",
    "covered": "Whether enough contacts were recorded that month to be read.",
    "limit_low_per_1000": "Lower limit of chance (three sigma), of 1,000.",
    "limit_high_per_1000": "Upper limit of chance (three sigma), of 1,000.",
    "signal": "Whether the chart's rules mark it.",
    "cit": "Contacts of the first group.",
    "other": "Contacts of the second group.",
}
"""What the columns hold, those whose name does not say it."""


def frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return rows as a table whose cells keep their types: a count with gaps stays a count."""
    return pd.DataFrame(list(rows), dtype=object)


def meanings(found: pd.DataFrame) -> dict[str, str]:
    """Return what a table's columns hold, those that need words."""
    return {str(c): COLUMNS[str(c)] for c in found.columns if str(c) in COLUMNS}


def per_1000(value: Estimated, names: tuple[str, str, str]) -> dict[str, float | None]:
    """Return an estimate and its limits per 1,000, under three names."""
    parts = (value.estimate, value.low, value.high)
    return {n: None if v is None else v * 1000 for n, v in zip(names, parts, strict=True)}


def rate(value: Estimated) -> dict[str, float | None]:
    """Return a rate per 1,000 with its limits."""
    return per_1000(value, ("rate_per_1000", "low_per_1000", "high_per_1000"))


def difference(value: Estimated) -> dict[str, float | None]:
    """Return a difference per 1,000 with its limits."""
    return per_1000(value, ("difference_per_1000", "difference_low", "difference_high"))


def ratio(value: Estimated, name: str) -> dict[str, float | None]:
    """Return a ratio with its limits; a limit the data do not set is infinite."""
    return {name: value.estimate, f"{name}_low": value.low, f"{name}_high": value.high}


def reason(value: object) -> str | None:
    """Return why there is no number, or nothing."""
    return value.reason if isinstance(value, NotEstimable) else None


def arm(value: Arm, prefix: str) -> dict[str, int]:
    """Return the counts of a group."""
    return {f"{prefix}_contacts": value.n, f"{prefix}_events": value.events}


def rates(comparison: Comparison) -> pd.DataFrame:
    """Return one row per group: counts, rate and interval."""
    names = wording.arms(comparison.exposure)
    gone = (comparison.not_recorded.cit, comparison.not_recorded.other)
    hidden = comparison.withheld is not None
    return frame(
        {
            "outcome": registry.outcome(comparison.outcome).label,
            "group": name,
            "contacts": None if hidden else one.n,
            "events": None if hidden else one.events,
            **rate(one.rate),
            "not_recorded": None if hidden else missing,
            "reason": reason(one.rate),
        }
        for name, one, missing in zip(names, (comparison.cit, comparison.other), gone, strict=True)
    )


def effects(comparison: Comparison) -> pd.DataFrame:
    """Return one row per way of computing the difference."""
    return frame(
        {
            "outcome": registry.outcome(comparison.outcome).label,
            "analysis": row.label,
            **difference(row.risk_difference),
            **ratio(row.risk_ratio, "risk_ratio"),
            **ratio(row.odds_ratio, "odds_ratio"),
            "test": row.test,
            "headline": row.headline,
            "reason": reason(row.risk_difference),
        }
        for row in effect_rows(comparison)
    )


def outcomes(comparisons: Iterable[Comparison]) -> pd.DataFrame:
    """Return one row per outcome: both rates as recorded, and the adjusted difference."""
    return frame(
        {
            "outcome": registry.outcome(c.outcome).label,
            **({} if c.withheld else arm(c.cit, "cit") | arm(c.other, "other")),
            **per_1000(c.cit.rate, ("cit_per_1000", "cit_low", "cit_high")),
            **per_1000(c.other.rate, ("other_per_1000", "other_low", "other_high")),
            **difference(c.adjusted.risk_difference),
            **ratio(c.adjusted.risk_ratio, "risk_ratio"),
            "p_value": c.adjusted.p_value,
            "p_holm": c.adjusted.p_holm,
            "verdict": wording.verdict(c),
            "certainty": wording.CERTAINTY_WORDS[c.certainty],
            "reason": reason(c.adjusted.risk_difference),
        }
        for c in comparisons
    )


def split(found: Split, comparison: Comparison) -> pd.DataFrame:
    """Return one row per level of a covariate, as recorded."""
    return frame(
        {
            "outcome": registry.outcome(comparison.outcome).label,
            found.covariate: s.label,
            **arm(s.cit, "cit"),
            **arm(s.other, "other"),
            **difference(s.risk_difference),
            "reason": reason(s.risk_difference),
        }
        for s in found.strata
    )


def months(found: Trend) -> pd.DataFrame:
    """Return one row per month, with the limits of its chart."""
    limits: dict[date, tuple[float | None, float | None]] = {}
    if isinstance(found.chart, PChart) and not found.rare:
        for month, p in zip(found.covered, found.chart.points, strict=True):
            limits[month.first_day] = (_thousand(p.low), _thousand(p.high))
    none = (None, None)
    marked = set() if found.rare else set(signals(found))
    return frame(
        {
            "month": m.first_day,
            "contacts_all": m.contacts,
            "contacts": m.n,
            "events": m.events,
            "rate_per_1000": _thousand(m.rate),
            "limit_low_per_1000": limits.get(m.first_day, none)[0],
            "limit_high_per_1000": limits.get(m.first_day, none)[1],
            "signal": m.first_day in marked,
            "covered": m.covered,
        }
        for m in found.months
    )


def between(found: Trend) -> pd.DataFrame:
    """Return one row per rare event: its day, and the days since the one before."""
    chart = found.between
    if not isinstance(chart, DaysBetween):
        return frame({"day": day} for day in found.days)
    gaps = (None, *chart.gaps)
    marked = (False, *(b or r for b, r in zip(chart.beyond, chart.run, strict=True)))
    return frame(
        {"day": day, "days_since_the_one_before": gap, "signal": mark}
        for day, gap, mark in zip(found.days, gaps, marked, strict=True)
    )


def force_levels(found: dict[bool, dict[int, int]], exposure: str) -> pd.DataFrame:
    """Return one row per group and level of force."""
    return frame(
        {
            "group": name,
            "level": level,
            "meaning": wording.FORCE_LEVELS[level],
            "events": found.get(key, {}).get(level, 0),
            "contacts": (total := sum(found.get(key, {}).values())),
            "rate_per_1000": found.get(key, {}).get(level, 0) / total * 1000 if total else None,
        }
        for key, name in zip((True, False), wording.arms(exposure), strict=True)
        for level in sorted(wording.FORCE_LEVELS)
    )


def exhibit(found: Exhibit) -> pd.DataFrame:
    """Return one row per analysis of the sensitivity exhibit."""
    return frame(
        {
            "outcome": registry.outcome(found.outcome).label,
            "part": row.group,
            "analysis": row.label,
            "headline": row.headline,
            **difference(row.risk_difference),
            **ratio(row.risk_ratio, "risk_ratio"),
            "contacts": row.n,
            "events": row.events,
            "what_it_changes": sensitivity.differs(row),
            "reason": reason(row.risk_difference),
        }
        for row in found.rows
    )


def p_value(test: object) -> float | None:
    """Return the p value of a test, or nothing."""
    return test.p_value if isinstance(test, Test) else None


def _thousand(value: float | None) -> float | None:
    return None if value is None else value * 1000
