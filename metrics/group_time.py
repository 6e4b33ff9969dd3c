"""The comparisons behind :mod:`metrics.event_study`: one group, one period, its controls.

Each mean carries the influence of every unit on it, so that sums of comparisons keep the right
clustered error whatever units they share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from metrics._student import quantile
from metrics.estimate import Interval, NotEstimable

Weights = Literal["contacts", "units"]

ROUNDING = 1e-14  # an error this small beside the sums of the outcome is rounding
FEW = NotEstimable("Fewer than two units on one side of this comparison, so its error is unknown.")
SAME = NotEstimable("The units do not differ from one another, so this has no error to go by.")


class Effect(NamedTuple):
    """A difference in rates (0 to 1, or the units of the outcome).

    ``se`` and ``df`` are ``None`` where there is no error, and ``interval`` says why.
    """

    estimate: float
    se: float | None
    df: float | None
    interval: Interval | NotEstimable


class Change(NamedTuple):
    """A weighted mean or a change of means, its influence by unit and the units behind it."""

    value: float
    influence: np.ndarray
    seen: np.ndarray
    units: int


class Found(NamedTuple):
    """The difference of two changes, its influence by unit and the units on each side."""

    value: float
    influence: np.ndarray
    seen: np.ndarray
    units: int
    controls: int


class Panel(NamedTuple):
    """Units x periods: sums, contacts; the first trained period of each unit (inf: never)."""

    total: np.ndarray
    contacts: np.ndarray
    first: np.ndarray
    periods: np.ndarray


def read_panel(
    frame: pd.DataFrame, unit: str, period: str, first: str, events: str, trials: str
) -> Panel:
    """Add up the rows of a frame by unit and period; periods without contacts are not seen."""
    y = frame[events].to_numpy(dtype=float, na_value=np.nan)
    n = frame[trials].to_numpy(dtype=float, na_value=np.nan)
    when = frame[period].to_numpy(dtype=float, na_value=np.nan)
    start = frame[first].to_numpy(dtype=float, na_value=np.nan)
    if not (np.isfinite(y).all() and np.isfinite(n).all() and (n >= 0).all()):
        raise ValueError(f"{events!r} and {trials!r} must be finite, and {trials!r} 0 or more")
    if np.any(y[n == 0] != 0):
        raise ValueError(f"{events!r} must be 0 where {trials!r} is")
    trained = np.isfinite(start)
    if not np.isfinite(when).all() or np.any(when % 1) or np.any(start[trained] % 1):
        raise ValueError(f"{period!r} and {first!r} must hold whole numbers")
    code, labels = pd.factorize(frame[unit])
    if np.any(code < 0):
        raise ValueError(f"{unit!r} has missing values")
    start = np.where(np.isnan(start), np.inf, start)
    own = np.full(len(labels), np.inf)
    own[code] = start
    if np.any(own[code] != start):
        raise ValueError(f"{first!r} must be the same in all rows of a unit")
    periods, place = np.unique(when[n > 0], return_inverse=True)
    shape = (len(labels), len(periods))
    total, contacts = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (code[n > 0], place), y[n > 0])
    np.add.at(contacts, (code[n > 0], place), n[n > 0])
    seen = contacts.sum(axis=1) > 0
    return Panel(total[seen], contacts[seen], own[seen], periods.astype(int))


@dataclass(frozen=True, eq=False)
class Study:
    """A panel, what its units or contacts weigh, and the units that a side must have."""

    panel: Panel
    weights: Weights
    smallest: int
    level: float

    @property
    def mass(self) -> np.ndarray:
        """Return what each unit adds to the weight of its group."""
        if self.weights == "units":
            return np.ones(len(self.panel.first))
        return np.asarray(self.panel.contacts.sum(axis=1))

    def compare(
        self, treated: np.ndarray, others: np.ndarray, now: int, reference: int
    ) -> Found | None:
        """Return the difference of two changes, or ``None`` with too few units on a side."""
        mine, theirs = (self._change(side, now, reference) for side in (treated, others))
        if min(mine.units, theirs.units) < self.smallest:
            return None
        return Found(
            mine.value - theirs.value,
            mine.influence - theirs.influence,
            mine.seen | theirs.seen,
            mine.units,
            theirs.units,
        )

    def _change(self, side: np.ndarray, now: int, reference: int) -> Change:
        contacts = self.panel.contacts
        if self.weights == "units":
            both = side & (contacts[:, now] > 0) & (contacts[:, reference] > 0)
            return mean(self._rates(now) - self._rates(reference), both.astype(float))
        after, before = (
            mean(self._rates(place), np.where(side, contacts[:, place], 0.0))
            for place in (now, reference)
        )
        return Change(
            after.value - before.value,
            after.influence - before.influence,
            after.seen | before.seen,
            min(after.units, before.units),
        )

    def _rates(self, place: int) -> np.ndarray:
        contacts = self.panel.contacts[:, place]
        return self.panel.total[:, place] / np.where(contacts > 0, contacts, 1.0)

    def effect(self, estimate: float, influence: np.ndarray, seen: np.ndarray) -> Effect:
        """Return an estimate with its clustered error over the units ``seen``."""
        se = math.sqrt(float(influence @ influence))
        if not np.isfinite(se):
            return Effect(estimate, None, None, FEW)
        if se <= ROUNDING * float(np.abs(self.panel.total).max()):
            return Effect(estimate, None, None, SAME)
        df = self._freedom(influence, seen)
        reach = quantile(df, self.level) * se
        return Effect(estimate, se, df, Interval(estimate - reach, estimate + reach))

    def _freedom(self, influence: np.ndarray, seen: np.ndarray) -> float:
        """Return Welch's df over the groups of units, each with Satterthwaite's for its mean."""
        group = np.unique(self.panel.first, return_inverse=True)[1]
        weight = np.where(seen, self.mass, 0.0)
        total = np.bincount(group, weight)[group]
        share = weight / np.where(total > 0, total, 1.0)
        rest = np.where(share < 1, 1 - share, 1.0)
        d, b = share / rest, share**2 / rest
        bottom = (
            np.bincount(group, d**2) - 2 * np.bincount(group, d * b) + np.bincount(group, b) ** 2
        )
        # A unit alone in its group, among the controls, counts as one degree of freedom.
        df = np.maximum(1 / np.where(bottom > 0, bottom, 1.0), 1.0)
        variance = np.bincount(group, influence**2)
        return float(variance.sum() ** 2 / np.sum(variance**2 / df))


def mean(values: np.ndarray, weight: np.ndarray) -> Change:
    """Return a weighted mean with the CR2 influence of each unit (Bell & McCaffrey 2002)."""
    total, units = float(weight.sum()), int(np.count_nonzero(weight))
    if not units:
        return Change(0.0, np.zeros(len(values)), weight > 0, 0)
    found, share = float(weight @ values) / total, weight / total
    if units == 1:  # NaN marks an error that is not known, through every sum it enters
        return Change(found, np.full(len(values), np.nan), weight > 0, 1)
    influence = share * (values - found) / np.sqrt(1 - share)
    return Change(found, influence, weight > 0, units)
