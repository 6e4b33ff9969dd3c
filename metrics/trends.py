"""Outcomes over time and across units: control charts, and changes at a launch or a training."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import bdtr, bdtrik

from metrics.estimate import Interval, NotEstimable
from metrics.event_study import event_study
from metrics.interrupted import interrupted

__all__ = [
    "DaysBetween",
    "FunnelLimits",
    "PChart",
    "Point",
    "days_between",
    "event_study",
    "funnel_limits",
    "interrupted",
    "p_chart",
]

MOVING_RANGE = 1.128
"""Mean range of two standard normal values, d2 (Montgomery 2009, appendix VI)."""

RUN = 8
"""Points in a row on one side of the centre that signal a shift."""

NELSON = 3.6
"""The power that makes exponential times nearly normal (Nelson 1994, J Qual Technol 26:138)."""


class Point(NamedTuple):
    """One period of a p or p' chart, rates 0 to 1; ``None`` where the period had no contacts."""

    rate: float | None
    low: float | None
    high: float | None
    z: float | None
    beyond: bool
    run: bool


@dataclass(frozen=True)
class PChart:
    """A p chart, or a p' chart when ``laney``.

    ``centre`` is the overall rate. ``sigma_z`` is the spread of the z scores by their moving
    range: 1 where periods differ by chance alone, and what p' widens its limits by. ``dispersion``
    is the mean squared z (Spiegelhalter 2005). ``events_per_period`` warns of a chart that cannot
    work: at 1 to 3 events a period use :func:`days_between`.
    """

    points: tuple[Point, ...]
    centre: float
    sigma_z: float
    dispersion: float
    events_per_period: float
    laney: bool


@dataclass(frozen=True)
class DaysBetween:
    """An individuals chart of the days between events, back on the scale of days.

    ``gaps`` are in days; a gap beyond ``high`` means events became rarer, one below ``low`` more
    frequent. ``run`` marks eight or more gaps in a row on one side of ``centre``.
    """

    gaps: tuple[float, ...]
    centre: float
    low: float
    high: float
    beyond: tuple[bool, ...]
    run: tuple[bool, ...]


class FunnelLimits(NamedTuple):
    """Control limits (rates 0 to 1) at two levels, 95% and 99.8%, for one number of contacts."""

    warning: Interval
    control: Interval


def p_chart(
    events: Sequence[float], n: Sequence[float], laney: bool = True
) -> PChart | NotEstimable:
    """Chart a rate by period with three-sigma limits (Laney 2002, Quality Engineering 14:531).

    Signals are points beyond the limits and runs of eight on one side of the centre; a point on
    the centre neither counts nor breaks a run, and neither does a period without contacts.

    Raises:
        ValueError: lengths differ, a count is negative, or events exceed contacts.
    """
    y, size = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    if y.shape != size.shape or y.ndim != 1 or not np.all((y >= 0) & (y <= size)):
        raise ValueError("events and n must be counts of equal length with events within n")
    there = size > 0
    if there.sum() < 2:
        return NotEstimable("A chart needs at least two periods with contacts.")
    centre = float(y.sum() / size.sum())
    if centre in (0.0, 1.0):
        which = "no" if centre == 0 else "every"
        return NotEstimable(f"In these periods {which} contact had the event.")
    sigma = np.sqrt(centre * (1 - centre) / np.where(there, size, 1.0))
    rate = y / np.where(there, size, 1.0)
    z = (rate - centre) / sigma
    sigma_z = float(np.abs(np.diff(z[there])).mean() / MOVING_RANGE)
    reach = 3 * sigma * (sigma_z if laney else 1.0)
    low, high = np.maximum(centre - reach, 0.0), np.minimum(centre + reach, 1.0)
    runs = _runs(
        [float(value) if is_there else 0.0 for value, is_there in zip(z, there, strict=True)]
    )
    points = tuple(
        Point(
            float(rate[i]),
            float(low[i]),
            float(high[i]),
            float(z[i]),
            bool(rate[i] < low[i] or rate[i] > high[i]),
            runs[i],
        )
        if there[i]
        else Point(None, None, None, None, False, False)
        for i in range(len(y))
    )
    return PChart(
        points=points,
        centre=centre,
        sigma_z=sigma_z,
        dispersion=float(np.mean(z[there] ** 2)),
        events_per_period=float(y.sum() / there.sum()),
        laney=laney,
    )


def funnel_limits(target: float, n: int) -> FunnelLimits:
    """Return exact binomial funnel limits around ``target`` for a unit with ``n`` contacts.

    Interpolated between whole counts: Spiegelhalter 2005, Stat Med 24:1185, appendix A.1.1.
    Limits are kept within 0 to 1.

    Raises:
        ValueError: a target not strictly between 0 and 1, or no contacts.
    """
    if not 0 < target < 1 or n < 1:
        raise ValueError("the target must lie between 0 and 1 and n be at least 1")
    limits = [
        Interval(_binomial_limit(tail, target, n), _binomial_limit(1 - tail, target, n))
        for tail in (0.025, 0.001)
    ]
    return FunnelLimits(*limits)


def days_between(dates: Iterable[dt.date]) -> DaysBetween | NotEstimable:
    """Chart the days between rare events.

    Gaps are raised to 1 / 3.6 (Nelson 1994, J Qual Technol 26:138), charted as individuals with
    limits at 2.66 mean moving ranges, and the limits raised back to days. Times of day count when
    given; events of one day without a time are 0 days apart.

    Raises:
        TypeError: a value is not a date.
    """
    times = sorted(dates)
    if len(times) < 4:
        return NotEstimable("A chart of days between events needs at least four events.")
    gaps = [(b - a) / dt.timedelta(days=1) for a, b in itertools.pairwise(times)]
    root = np.array(gaps) ** (1 / NELSON)
    centre = float(root.mean())
    reach = 3 / MOVING_RANGE * float(np.abs(np.diff(root)).mean())
    low, high = max(centre - reach, 0.0), centre + reach
    return DaysBetween(
        gaps=tuple(gaps),
        centre=centre**NELSON,
        low=low**NELSON,
        high=high**NELSON,
        beyond=tuple(bool(value < low or value > high) for value in root),
        run=tuple(_runs([float(value) for value in root - centre])),
    )


def _runs(deviations: Sequence[float]) -> list[bool]:
    """Mark the points of every run of ``RUN`` or more on one side; zeros are passed over."""
    marked = [False] * len(deviations)
    current: list[int] = []
    for place, value in enumerate(deviations):
        if value == 0:
            continue
        if current and (value > 0) != (deviations[current[0]] > 0):
            current = []
        current.append(place)
        if len(current) >= RUN:
            for member in current:
                marked[member] = True
    return marked


def _binomial_limit(probability: float, target: float, n: int) -> float:
    count = max(math.ceil(float(bdtrik(probability, n, target))), 0)
    # The continuous inverse may miss by rounding: settle on the least count that reaches it.
    while count > 0 and _below(count - 1, n, target) >= probability:
        count -= 1
    while _below(count, n, target) < probability:
        count += 1
    reached, short = _below(count, n, target), _below(count - 1, n, target)
    return min(max((count - (reached - probability) / (reached - short)) / n, 0.0), 1.0)


def _below(count: int, n: int, target: float) -> float:
    return float(bdtr(count, n, target)) if count >= 0 else 0.0
