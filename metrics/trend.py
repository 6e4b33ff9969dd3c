"""An outcome over time: a p' chart, or days between events where events are rare; gaps stay gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from data.store import Snapshot
from metrics import aggregate, trends
from metrics.detail import Month, months
from metrics.estimate import NotEstimable
from metrics.question import Question
from metrics.trends import DaysBetween, PChart

FEWEST_EVENTS_A_MONTH = 4.0
"""Below this the p' chart fails, and days between events are charted (METHODS: at 1 to 3 a month)."""


@dataclass(frozen=True)
class Trend:
    """One outcome's months with their chart; ``chart`` aligns with the months that are covered.

    ``days`` holds the dates of events where they are rare, and ``between`` the chart of their gaps.
    """

    months: tuple[Month, ...]
    chart: PChart | NotEstimable
    days: tuple[date, ...] = ()
    between: DaysBetween | NotEstimable | None = None

    @property
    def covered(self) -> tuple[Month, ...]:
        """Months with coverage and contacts: the points of the chart."""
        return tuple(m for m in self.months if m.covered and m.n)

    @property
    def rare(self) -> bool:
        """True where days between events are shown instead of rates by month."""
        return self.between is not None


def trend(question: Question, outcome: str, snapshot: Snapshot) -> Trend:
    """Chart one outcome of a question by calendar month, both groups together."""
    found = months(question, outcome, snapshot)
    covered = [m for m in found if m.covered and m.n]
    if len(covered) < 2:
        return Trend(found, NotEstimable("fewer than two months with contacts"))
    events = [m.events for m in covered]
    chart = trends.p_chart(events, [m.n for m in covered], laney=True)
    if sum(events) / len(covered) >= FEWEST_EVENTS_A_MONTH:
        return Trend(found, chart)
    days = aggregate.event_days(snapshot, question, outcome)
    return Trend(found, chart, days, trends.days_between(days))


def signals(found: Trend) -> tuple[date, ...]:
    """Return the first days of months that the chart's rules mark, in order."""
    if isinstance(found.chart, NotEstimable):
        return ()
    return tuple(
        month.first_day
        for month, point in zip(found.covered, found.chart.points, strict=True)
        if point.beyond or point.run
    )


def changed_since(found: Trend) -> date | None:
    """Return the month from which the rate has stayed on one side, if that still holds at the end."""
    if isinstance(found.chart, NotEstimable) or found.rare or not found.chart.points:
        return None
    points, covered = found.chart.points, found.covered
    if not points[-1].run:
        return None
    above = (points[-1].z or 0.0) > 0
    start = len(points) - 1
    while start > 0 and points[start - 1].run and ((points[start - 1].z or 0.0) > 0) == above:
        start -= 1
    return covered[start].first_day
