"""Months of one measure read by chart rule: what a month usually is, and since when it is not."""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from metrics import trends
from metrics.detail import COVERED_SHARE, Month
from metrics.estimate import Interval, NotEstimable
from metrics.trend import FEWEST_EVENTS_A_MONTH
from metrics.trends import MOVING_RANGE, _runs

if TYPE_CHECKING:
    import pandas as pd

FEWEST_MONTHS = 12
"""Fewer points than this do not say what is usual."""

GRACE = timedelta(days=3)
"""A month whose data begin or end this close to its own first or last day is whole."""

DAYS_A_MONTH = 365.25 / 12

UP, DOWN = "up", "down"


@dataclass(frozen=True)
class Reading:
    """What a control chart says: the usual range of one month, and what is unusual.

    ``since`` is the month from which a run on one side lasts to the end, and ``direction`` that side;
    ``unusual`` holds single months of the current period beyond the limits, each with its side. Days
    between events are read alike: ``usual`` is in days, ``up`` means longer gaps, and a gap is dated
    by the month in which it ended.
    """

    usual: Interval
    direction: str | None = None
    since: date | None = None
    unusual: tuple[tuple[date, str], ...] = ()


Read = Reading | NotEstimable


def month_start(day: date) -> date:
    """Return the first day of a date's month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """Return the last day of a date's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def shift(day: date, months: int) -> date:
    """Return the same day some months later (or earlier), or the last day of a shorter month."""
    place = day.year * 12 + day.month - 1 + months
    year, month = place // 12, place % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def months(frame: pd.DataFrame, n: str, events: str, first: date, last: date) -> tuple[Month, ...]:
    """Return the whole calendar months between two days from counts by ``day``, gaps included.

    ``n`` and ``events`` name columns of ``frame``. Covered is judged as on the outcome pages.
    """
    sums: dict[date, list[int]] = {}
    for day, contacts, size, count in zip(
        frame["day"], frame["contacts"], frame[n], frame[events], strict=True
    ):
        row = sums.setdefault(month_start(day), [0, 0, 0])
        for place, value in enumerate((contacts, size, count)):
            row[place] += int(value)
    whole = []
    month = month_start(first)
    while month <= last:
        if first - month <= GRACE and month_end(month) - last <= GRACE:
            whole.append(month)
        month = shift(month, 1)
    there = [sums[m] for m in whole if m in sums]
    if not there:
        return ()
    typical, counted = (median(row[place] for row in there) for place in (0, 1))
    found = []
    for month in whole:
        contacts, size, count = sums.get(month, [0, 0, 0])
        covered = contacts >= max(1, COVERED_SHARE * typical) and size >= COVERED_SHARE * counted
        found.append(Month(month, contacts, size, count, covered))
    return tuple(found)


def rates(found: tuple[Month, ...], current: date) -> Read:
    """Read a rate by Laney's p' chart; the usual range is that of a month of average size."""
    covered = [m for m in found if m.covered and m.n]
    if len(covered) < FEWEST_MONTHS:
        return _too_short()
    chart = trends.p_chart([m.events for m in covered], [m.n for m in covered], laney=True)
    if isinstance(chart, NotEstimable):
        return chart
    # Few contacts without the event break the chart as few with it do.
    fewest = min(sum(m.events for m in covered), sum(m.n - m.events for m in covered))
    if fewest / len(covered) < FEWEST_EVENTS_A_MONTH:
        return NotEstimable("too few a month for a usual range")
    centre, size = chart.centre, sum(m.n for m in covered) / len(covered)
    reach = 3 * chart.sigma_z * float(np.sqrt(centre * (1 - centre) / size))
    return _read(
        Interval(max(centre - reach, 0.0), min(centre + reach, 1.0)),
        [m.first_day for m in covered],
        [p.z or 0.0 for p in chart.points],
        [p.beyond for p in chart.points],
        [p.run for p in chart.points],
        current,
    )


def per_month(found: tuple[Month, ...]) -> list[float | None]:
    """Return each month's contacts as if all months were equally long: February is no fall."""
    return [m.contacts / month_end(m.first_day).day * DAYS_A_MONTH for m in found]


def levels(found: tuple[Month, ...], values: Sequence[float | None], current: date) -> Read:
    """Read a level or a mean by an individuals chart: limits at 2.66 mean moving ranges.

    ``values`` align with the months; months without coverage are passed over. Montgomery 2009,
    section 6.4.
    """
    kept = [
        (m.first_day, v) for m, v in zip(found, values, strict=True) if m.covered and v is not None
    ]
    if len(kept) < FEWEST_MONTHS:
        return _too_short()
    series = np.array([v for _, v in kept], dtype=float)
    centre = float(series.mean())
    reach = 3 / MOVING_RANGE * float(np.abs(np.diff(series)).mean())
    away = series - centre
    # Means of equal values differ in the last digit: no run and no signal is made of that.
    away[np.abs(away) <= 1e-9 * max(1.0, abs(centre))] = 0.0
    return _read(
        Interval(max(centre - reach, 0.0), centre + reach),
        [day for day, _ in kept],
        away.tolist(),
        [bool(abs(v) > reach and v != 0) for v in away],
        _runs(away.tolist()),
        current,
    )


def gaps(days: Iterable[date], current: date) -> Read:
    """Read rare events by the days between them (Nelson 1994)."""
    dates = sorted(days)
    chart = trends.days_between(dates)
    if isinstance(chart, NotEstimable):
        return chart
    return _read(
        Interval(chart.low, chart.high),
        [month_start(day) for day in dates[1:]],
        [gap - chart.centre for gap in chart.gaps],
        list(chart.beyond),
        list(chart.run),
        current,
    )


def longest_gap(days: Iterable[date]) -> int | None:
    """Return the most days between one event and the next, or None under two events."""
    dates = sorted(days)
    return max(((b - a).days for a, b in itertools.pairwise(dates)), default=None)


def _too_short() -> NotEstimable:
    return NotEstimable(f"fewer than {FEWEST_MONTHS} whole months with contacts")


def _read(
    usual: Interval,
    starts: list[date],
    away: list[float],
    beyond: list[bool],
    run: list[bool],
    current: date,
) -> Reading:
    side = [UP if value > 0 else DOWN for value in away]
    if run and run[-1]:
        start = len(run) - 1
        while start > 0 and run[start - 1] and side[start - 1] == side[-1]:
            start -= 1
        return Reading(usual, side[-1], starts[start])
    marked = dict.fromkeys(
        (day, s)
        for day, s, out in zip(starts, side, beyond, strict=True)
        if out and day >= month_start(current)
    )
    return Reading(usual, unusual=tuple(marked))
