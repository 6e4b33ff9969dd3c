"""Rates of districts or agencies against what chance alone would spread: the funnel plot.

Spiegelhalter 2005, Stat Med 24:1185: exact binomial limits around the common rate (95% and 99.8%),
and where ten or more units differ by more than chance allows throughout, limits widened by the
winsorised overdispersion factor. It says which units to look into and never orders them: they stand by name.

Rates are as recorded, both groups together and not adjusted: districts get different calls. Internal;
a published page cuts nothing by district.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from data import registry
from data.store import Snapshot
from metrics import aggregate
from metrics.estimate import Interval, NotEstimable
from metrics.question import Question
from metrics.trends import FunnelLimits, funnel_limits

UNITS = ("district", "agency_id")
"""What a funnel can be drawn of: columns of ``encounters``."""

SMALLEST_SHOWN = 11
"""Contacts that a unit needs for a point of its own."""

WINSORISED = 0.10
"""The share of z scores at each end set to the quantile there, so that a few units far out do not
widen the limits that are to show them."""

FEWEST_TO_WIDEN = 10
"""Units that limits are widened for: among fewer, overdispersion and one unlike unit look the same."""

Place = Literal["within", "above", "below", "far_above", "far_below"]


@dataclass(frozen=True)
class Unit:
    """One point: ``limits`` are those of its contacts, widened where the funnel is.

    ``z`` is the score against the target before widening. ``place`` is beyond the 95% limits
    (*above*, *below*) or the 99.8% limits (*far_above*, *far_below*).
    """

    level: str
    label: str
    n: int
    events: int
    rate: float
    z: float
    limits: FunnelLimits
    place: Place


@dataclass(frozen=True)
class Funnel:
    """Units by name around ``target``, the rate of all of them together.

    ``phi`` is the winsorised overdispersion factor; ``overdispersed`` says that it is beyond chance, and
    ``widened`` that the limits carry its square root. ``withheld`` names units with under 11 contacts,
    left out of all else. ``unplaced`` counts contacts whose unit was not recorded, ``None`` where there
    are 1 to 10.
    """

    units: tuple[Unit, ...]
    target: float
    phi: float
    overdispersed: bool
    widened: bool
    withheld: tuple[str, ...] = ()
    unplaced: int | None = 0

    @property
    def outside(self) -> tuple[Unit, ...]:
        """Units beyond the 95% limits, by name."""
        return tuple(u for u in self.units if u.place != "within")

    @property
    def expected_outside(self) -> float:
        """How many units chance alone would put beyond the 95% limits."""
        return 0.05 * len(self.units)

    def limits(self, n: int) -> FunnelLimits:
        """Return the limits for any number of contacts, as drawn: the funnel's outline."""
        return _limits(self.target, n, self.phi if self.widened else 1.0)


def funnel(
    question: Question, outcome: str, snapshot: Snapshot, by: str = "district"
) -> Funnel | NotEstimable:
    """Return the funnel of one outcome, contacts of both groups and of neither together.

    Raises:
        ValueError: ``by`` is not one of ``UNITS``.
    """
    if by not in UNITS:
        raise ValueError(f"by must be one of: {', '.join(UNITS)}")
    frame = aggregate.counts(snapshot, question.only(outcome), (by,)).frame
    summed = frame.groupby(by)[[f"n:{outcome}", f"events:{outcome}"]].sum()
    levels = [str(level) for level in summed.index]
    n, events = (summed[c].tolist() for c in summed.columns)
    lost = sum(k for level, k in zip(levels, n, strict=True) if level == registry.NOT_RECORDED)
    placed = [i for i, level in enumerate(levels) if level != registry.NOT_RECORDED and n[i]]
    found = funnel_of(
        [levels[i] for i in placed], [events[i] for i in placed], [n[i] for i in placed]
    )
    if isinstance(found, NotEstimable):
        return found
    units = found.units
    if by == "district":
        units = tuple(replace(u, label=registry.level_label(by, u.level)) for u in units)
    return replace(found, units=units, unplaced=None if 0 < lost < SMALLEST_SHOWN else int(lost))


def funnel_of(
    names: Sequence[str], events: Sequence[int], n: Sequence[int]
) -> Funnel | NotEstimable:
    """Return the funnel of named counts.

    Returns :class:`NotEstimable` with fewer than two units of 11 contacts, or where none or all of
    their contacts had the event.

    Raises:
        ValueError: lengths differ, a name repeats, a count is negative, or events exceed contacts.
    """
    if not len(names) == len(events) == len(n) or len(set(names)) < len(names):
        raise ValueError("names, events and n must be of equal length and no name twice")
    if any(not 0 <= y <= size for y, size in zip(events, n, strict=True)):
        raise ValueError("events and n must be counts with events within n")
    rows = sorted(zip(names, events, n, strict=True), key=lambda row: _natural(row[0]))
    withheld = tuple(name for name, _, size in rows if 0 < size < SMALLEST_SHOWN)
    rows = [row for row in rows if row[2] >= SMALLEST_SHOWN]
    if len(rows) < 2:
        return NotEstimable("A funnel needs at least two places with enough contacts.")
    y, size = (np.array([row[i] for row in rows], dtype=float) for i in (1, 2))
    target = float(y.sum() / size.sum())
    if target in (0.0, 1.0):
        which = "No" if target == 0 else "Every"
        return NotEstimable(f"{which} contact had this outcome, so there is nothing to spread.")
    z = (y / size - target) / np.sqrt(target * (1 - target) / size)
    phi = overdispersion(z)
    overdispersed = phi > 1 + 2 * (2 / len(z)) ** 0.5
    widened = overdispersed and len(z) >= FEWEST_TO_WIDEN
    units = []
    for (name, hits, contacts), score in zip(rows, z, strict=True):
        limits = _limits(target, int(contacts), phi if widened else 1.0)
        rate = hits / contacts
        units.append(
            Unit(
                name,
                name,
                int(contacts),
                int(hits),
                rate,
                float(score),
                limits,
                _place(rate, limits),
            )
        )
    return Funnel(tuple(units), target, phi, overdispersed, widened, withheld)


def overdispersion(z: Sequence[float] | np.ndarray) -> float:
    """Return the mean square of z scores winsorised at 10% and 90% (Spiegelhalter 2005).

    About 1 where units differ by chance alone; its standard error there is about the root of 2 over
    their number, and limits are widened only beyond two of those.

    Raises:
        ValueError: there is no score.
    """
    scores = np.asarray(z, dtype=float)
    if not len(scores):
        raise ValueError("overdispersion needs at least one score")
    low, high = np.quantile(scores, [WINSORISED, 1 - WINSORISED])
    return float(np.mean(np.clip(scores, low, high) ** 2))


def _limits(target: float, n: int, phi: float) -> FunnelLimits:
    """Widen the exact limits about the target by the root of phi, kept within 0 to 1."""
    exact = funnel_limits(target, n)
    stretch = phi**0.5
    wide = [
        Interval(
            max(target - stretch * (target - interval.low), 0.0),
            min(target + stretch * (interval.high - target), 1.0),
        )
        for interval in exact
    ]
    return FunnelLimits(*wide)


def _place(rate: float, limits: FunnelLimits) -> Place:
    if rate > limits.control.high:
        return "far_above"
    if rate < limits.control.low:
        return "far_below"
    if rate > limits.warning.high:
        return "above"
    return "below" if rate < limits.warning.low else "within"


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort by name, numbers in it as numbers."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts]
