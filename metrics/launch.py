"""Before and after a date on which something changed: an interrupted time series of one outcome."""

from __future__ import annotations

from datetime import date

from data.store import Snapshot
from metrics.detail import months
from metrics.estimate import NotEstimable
from metrics.interrupted import Interrupted, interrupted
from metrics.question import Question


def launch(
    question: Question, outcome: str, snapshot: Snapshot, day: date
) -> Interrupted | NotEstimable:
    """Return how an outcome's monthly rate changed from the month of ``day`` on, all contacts together.

    Months without coverage are missing. A change in the middle of a month counts from its first day.
    """
    found = [m for m in months(question.only(outcome), outcome, snapshot) if m.covered and m.n]
    if not found:
        return NotEstimable("no month has contacts with this outcome recorded")
    return interrupted(
        [m.events for m in found],
        [m.n for m in found],
        [number(m.first_day) for m in found],
        number(day),
    )


def likely(days: list[date], first: date | None, last: date | None) -> int:
    """Return the place of the date with most months on its shorter side: the one to show first."""
    if first is None or last is None:
        return 0
    return max(range(len(days)), key=lambda i: min((days[i] - first).days, (last - days[i]).days))


def number(day: date) -> int:
    """Number months so that neighbours are one apart."""
    return 12 * day.year + day.month - 1


def first_day(month: int) -> date:
    """Return the first day of a numbered month."""
    return date(month // 12, month % 12 + 1, 1)
