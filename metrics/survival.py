"""How long until something happens, where some are not followed to the end.

Input are counts by day since the start: events by kind, and those censored (still without an event
when their follow-up ended). Days may come in any order and repeat. Where an event and the end of a
follow-up share a day, the event counts first, as in every text on the method.

Sources: Kaplan & Meier 1958, J Am Stat Assoc 53:457; Kalbfleisch & Prentice 2002, The Statistical
Analysis of Failure Time Data, 2nd ed., section 1.4 (log-log limits on Greenwood's variance); Aalen &
Johansen 1978, Scand J Stat 5:141; Dinse & Larson 1986, Biometrika 73:379, and Marubini & Valsecchi
1995, Analysing Survival Data, section 10.2 (delta-method variance of a cumulative incidence).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from metrics.estimate import Estimate, Estimated, NotEstimable

LEVEL = 0.95


class Step(NamedTuple):
    """The end of one day: who was followed into it, what happened, and the estimate from then on.

    ``at_risk`` are those followed and without an event before the day. ``value`` is a probability
    (0 to 1): of still no event for a survival curve, of an event of the kind by then for an incidence.
    ``interval`` holds it with its limits, or why there are none.
    """

    day: int
    at_risk: int
    events: int
    censored: int
    value: float
    interval: Estimated


@dataclass(frozen=True)
class Curve:
    """A step function of days since the start; ``kind`` is "" for survival, else the kind of event.

    ``n`` started, ``events`` had the event of the curve, ``last_day`` is the last day on which anyone
    was followed. Nothing is said beyond it unless everyone had an event by then (``finished``).
    ``start`` is the value on the first day, ``level`` that of the limits.
    """

    kind: str
    n: int
    events: int
    last_day: int
    steps: tuple[Step, ...]
    start: float
    finished: bool
    level: float

    def at(self, day: int) -> Estimated:
        """Return the estimate at the end of a day, or why there is none."""
        if not self.n:
            return NotEstimable("Nobody was followed.")
        if day > self.last_day and not self.finished:
            return NotEstimable(f"Nobody was followed longer than {self.last_day:,} days.")
        passed = [step for step in self.steps if step.day <= day]
        if not passed:
            return _none_yet(self.n, self.start == 1.0, self.level)
        return passed[-1].interval

    def at_risk(self, day: int) -> int:
        """Return how many were followed, without any event, to the end of a day."""
        for step in self.steps:
            if step.day > day:
                return step.at_risk
        return 0

    def cumulative(self, day: int) -> int:
        """Return how many had the event of the curve by the end of a day."""
        return sum(step.events for step in self.steps if step.day <= day)

    def quantile(self, share: float) -> int | NotEstimable:
        """Return the first day by which at least ``share`` had an event; for a survival curve.

        Raises:
            ValueError: the curve is an incidence, or the share is not between 0 and 1.
        """
        if self.kind or not 0 < share < 1:
            raise ValueError("a quantile needs a survival curve and a share between 0 and 1")
        for step in self.steps:
            if step.value <= 1 - share + 1e-12:
                return step.day
        return NotEstimable(f"Fewer than {share:.0%} came back within the days followed.")


@dataclass(frozen=True)
class _Counted:
    """Counts by day in order: arrays of one length; ``events`` has one row a kind."""

    kinds: tuple[str, ...]
    day: np.ndarray
    events: np.ndarray
    censored: np.ndarray
    at_risk: np.ndarray


def kaplan_meier(
    day: Sequence[int], events: Sequence[int], censored: Sequence[int], level: float = LEVEL
) -> Curve:
    """Estimate the probability of no event yet from counts by day.

    Limits are log-log on Greenwood's variance. Before the first event they are exact: none of those
    still followed had one (Clopper-Pearson). Once nobody is left they are not estimable.

    Raises:
        ValueError: lengths differ, or a day or a count is negative or not whole.
    """
    found = _counted(day, {"": events}, censored)
    total = found.events[0]
    survival, greenwood = _survival(found, total)
    z = _z(level)
    rows: list[Step] = []
    for i in range(len(found.day)):
        value, n = float(survival[i]), int(found.at_risk[i])
        if value == 1:
            interval: Estimated = _none_yet(n, True, level)
        elif value == 0:
            interval = NotEstimable("Everyone still followed had the event by then.")
        else:
            interval = _log_log(value, float(np.sqrt(greenwood[i])) * value, z)
        rows.append(_step(found, i, int(total[i]), value, interval))
    return _curve("", found, total, rows, level, start=1.0, finished=_finished(survival))


def cumulative_incidence(
    day: Sequence[int],
    events: Mapping[str, Sequence[int]],
    censored: Sequence[int],
    level: float = LEVEL,
) -> dict[str, Curve]:
    """Estimate the probability of an event of each kind by each day, the kinds competing.

    The Aalen-Johansen estimate with the delta-method variance; limits are log-log on one minus it,
    so that with one kind they are those of :func:`kaplan_meier`. The incidences and the survival of
    all kinds together add up to 1 on every day.

    Raises:
        ValueError: lengths differ, there is no kind, or a day or a count is negative or not whole.
    """
    found = _counted(day, events, censored)
    total = found.events.sum(axis=0)
    survival, _ = _survival(found, total)
    before = np.concatenate([[1.0], survival[:-1]])[: len(survival)]
    n = found.at_risk.astype(float)
    left = n - total
    # Past a day on which everyone left had an event nothing can follow: its term is 0.
    a = np.divide(total, n * left, out=np.zeros_like(n), where=left > 0)
    z = _z(level)
    curves: dict[str, Curve] = {}
    for kind, d in zip(found.kinds, found.events, strict=True):
        value = np.cumsum(before * d / n)
        own = np.cumsum(before**2 * (n - d) * d / n**3)
        b = before * d / n**2
        variance = (
            value**2 * np.cumsum(a)
            - 2 * value * np.cumsum(value * a)
            + np.cumsum(value**2 * a)
            + own
            - 2 * (value * np.cumsum(b) - np.cumsum(value * b))
        )
        rows = []
        for i in range(len(found.day)):
            part = min(float(value[i]), 1.0)
            if part == 0:
                interval: Estimated = NotEstimable("No event of this kind by then.")
            elif part >= 1 - 1e-12:
                interval = NotEstimable("Everyone followed had an event of this kind by then.")
            else:
                flipped = _log_log(1 - part, float(np.sqrt(max(variance[i], 0.0))), z)
                interval = Estimate(part, 1 - flipped.high, 1 - flipped.low)
            rows.append(_step(found, i, int(d[i]), part, interval))
        curves[kind] = _curve(kind, found, d, rows, level, start=0.0, finished=_finished(survival))
    return curves


def _counted(
    day: Sequence[int], events: Mapping[str, Sequence[int]], censored: Sequence[int]
) -> _Counted:
    """Check counts, add up those of one day, and count who was followed into each."""
    kinds = tuple(events)
    columns = [np.asarray(c, dtype=float) for c in (day, censored, *events.values())]
    if not kinds or any(c.ndim != 1 or len(c) != len(columns[0]) for c in columns):
        raise ValueError("days, events of every kind and censored must be lists of one length")
    if any(np.any((c < 0) | (c != np.floor(c))) for c in columns):
        raise ValueError("days and counts must be whole and not negative")
    days, place = np.unique(columns[0].astype(np.int64), return_inverse=True)
    sums = np.zeros((len(columns) - 1, len(days)), dtype=np.int64)
    for row, column in zip(sums, columns[1:], strict=True):
        np.add.at(row, place, column.astype(np.int64))
    there = sums.sum(axis=0) > 0
    days, sums = days[there], sums[:, there]
    leaving = sums.sum(axis=0)
    at_risk = leaving[::-1].cumsum()[::-1]
    return _Counted(kinds, days, sums[1:], sums[0], at_risk)


def _survival(found: _Counted, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return survival after each day and Greenwood's sum, infinite once nobody is left."""
    n, d = found.at_risk.astype(float), total.astype(float)
    left = n - d
    steps = np.divide(d, n * left, out=np.full_like(n, np.inf), where=left > 0)
    # Nothing happened and nobody is left to be at risk: no step.
    steps = np.where(d == 0, 0.0, steps)
    return np.cumprod(left / n), np.cumsum(steps)


def _log_log(value: float, error: float, z: float) -> Estimate:
    """Return a probability with limits symmetric on the scale of log(-log)."""
    log = float(np.log(value))
    reach = z * error / (value * abs(log))
    with np.errstate(over="ignore"):
        low, high = (float(value ** np.exp(side * reach)) for side in (1, -1))
    return Estimate(value, low, high)


def _none_yet(n: int, survival: bool, level: float) -> Estimated:
    """Return 1 (or 0 for an incidence) with its exact limit: none of ``n`` had an event."""
    if not survival:
        return NotEstimable("No event of this kind by then.")
    return Estimate(1.0, float(((1 - level) / 2) ** (1 / n)), 1.0)


def _z(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError("the level must lie between 0 and 1")
    return float(ndtri(1 - (1 - level) / 2))


def _step(found: _Counted, i: int, events: int, value: float, interval: Estimated) -> Step:
    return Step(
        int(found.day[i]),
        int(found.at_risk[i]),
        events,
        int(found.censored[i]),
        value,
        interval,
    )


def _finished(survival: np.ndarray) -> bool:
    return bool(len(survival)) and float(survival[-1]) == 0.0


def _curve(
    kind: str,
    found: _Counted,
    events: np.ndarray,
    rows: list[Step],
    level: float,
    *,
    start: float,
    finished: bool,
) -> Curve:
    n = int(found.at_risk[0]) if len(found.day) else 0
    last = int(found.day[-1]) if len(found.day) else 0
    return Curve(kind, n, int(events.sum()), last, tuple(rows), start, finished, level)
