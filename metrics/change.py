"""What a load would change in the figures: outcome rates before and after, and months that jump.

Rates are as recorded, all groups together and not adjusted: a check of the data, not a comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from data import registry
from data.store import Snapshot
from metrics import aggregate, detail, proportions, trends
from metrics.detail import Month
from metrics.estimate import NotEstimable
from metrics.question import Question, ask, primary_outcomes
from metrics.result import Arm
from metrics.trend import FEWEST_EVENTS_A_MONTH

FEWEST_MONTHS = 6
"""Months a chart needs before one of them can be called odd."""


@dataclass(frozen=True)
class Rate:
    """One outcome in one snapshot: contacts counted, with the event, and not recorded."""

    arm: Arm
    missing: int


@dataclass(frozen=True)
class RateChange:
    """One outcome before and after; None where that snapshot does not record it."""

    outcome: str
    label: str
    before: Rate | None
    after: Rate | None


@dataclass(frozen=True)
class OddMonth:
    """A month outside its chart's limits: ``what`` is *contacts* or an outcome.

    ``value``, ``low`` and ``high`` are contacts, or a rate 0 to 1 of ``n`` contacts counted.
    """

    month: date
    what: str
    label: str
    value: float
    low: float
    high: float
    n: int


def rates(before: Snapshot | None, after: Snapshot) -> tuple[RateChange, ...]:
    """Return every outcome that either snapshot records, in the registry's order.

    ``before`` is None where there is nothing to compare with.
    """
    found = {"before": _rates(before) if before else {}, "after": _rates(after)}
    return tuple(
        RateChange(o.id, o.label, found["before"].get(o.id), found["after"].get(o.id))
        for o in registry.OUTCOMES
        if o.id in found["before"] or o.id in found["after"]
    )


def _rates(snapshot: Snapshot) -> dict[str, Rate]:
    coverage = aggregate.coverage(snapshot)
    recorded = [o.id for o in registry.OUTCOMES if coverage.records_outcome(o.id)]
    if not recorded:
        return {}
    totals = aggregate.counts(snapshot, _asked(tuple(recorded))).frame.sum(numeric_only=True)
    found = {}
    for id_ in recorded:
        n, events = int(totals[f"n:{id_}"]), int(totals[f"events:{id_}"])
        found[id_] = Rate(
            Arm(n, events, proportions.wilson(events, n)), int(totals[f"missing:{id_}"])
        )
    return found


def _asked(outcomes: tuple[str, ...]) -> Question:
    return ask(outcomes, adjust=())


def odd_months(before: Snapshot | None, after: Snapshot) -> tuple[OddMonth, ...]:
    """Return the months that this change brought or altered and that lie outside their chart's limits.

    The charts are the p' charts of the trend: for an outcome its rate by month; for contacts each month's
    share of all of them. A first or last month that the data do not cover whole is left out, an outcome
    with fewer events a month than a p' chart can take (``FEWEST_EVENTS_A_MONTH``) is not judged.
    """
    coverage = aggregate.coverage(after)
    recorded = [o for o in primary_outcomes() if coverage.records_outcome(o)]
    if coverage.first is None or coverage.last is None:
        return ()
    whole = (coverage.first, coverage.last)
    found: list[OddMonth] = []
    for place, id_ in enumerate(recorded or [primary_outcomes()[0]]):
        now = _whole(detail.months(_asked((id_,)), id_, after), *whole)
        known = (
            {m.first_day: m for m in detail.months(_asked((id_,)), id_, before)} if before else {}
        )
        if place == 0:
            found += _contacts(now, known)
        if recorded:
            found += _rate(id_, now, known)
    return tuple(sorted(found, key=lambda m: (m.month, m.what != "contacts", m.what)))


def _whole(months: tuple[Month, ...], first: date, last: date) -> list[Month]:
    """Return the months that lie within the days covered from their first day to their last."""
    found = []
    for month in months:
        next_month = (month.first_day + timedelta(days=32)).replace(day=1)
        if first <= month.first_day + timedelta(days=2) and last >= next_month - timedelta(days=3):
            found.append(month)
    return found


def _contacts(now: list[Month], known: dict[date, Month]) -> list[OddMonth]:
    """Judge the months' contacts; a month without coverage is judged, but does not move the centre."""
    covered = [m for m in now if m.covered]
    total = sum(m.contacts for m in covered)
    if len(covered) < FEWEST_MONTHS or not total:
        return []
    chart = trends.p_chart([m.contacts for m in covered], [total] * len(covered), laney=True)
    if isinstance(chart, NotEstimable):
        return []
    # Every month has the same limits: each is a share of the same total.
    low, high = (chart.points[0].low or 0.0) * total, (chart.points[0].high or 1.0) * total
    found = []
    for month in now:
        old = known.get(month.first_day)
        if low <= month.contacts <= high or (old is not None and old.contacts == month.contacts):
            continue
        found.append(
            OddMonth(month.first_day, "contacts", "Contacts", month.contacts, low, high, total)
        )
    return found


def _rate(id_: str, now: list[Month], known: dict[date, Month]) -> list[OddMonth]:
    covered = [m for m in now if m.covered and m.n]
    events = sum(m.events for m in covered)
    if len(covered) < FEWEST_MONTHS or events / len(covered) < FEWEST_EVENTS_A_MONTH:
        return []
    chart = trends.p_chart([m.events for m in covered], [m.n for m in covered], laney=True)
    if isinstance(chart, NotEstimable):
        return []
    found = []
    for month, point in zip(covered, chart.points, strict=True):
        old = known.get(month.first_day)
        if not point.beyond or point.rate is None or point.low is None or point.high is None:
            continue
        if old is not None and (old.n, old.events) == (month.n, month.events):
            continue
        label = registry.outcome(id_).label
        found.append(
            OddMonth(month.first_day, id_, label, point.rate, point.low, point.high, month.n)
        )
    return found
