"""How alike two arms are in their covariates, before and after weighting.

Standardised differences divide by the unweighted root mean variance of the two arms, before and
after alike (Austin & Stuart 2015, Stat Med 34:3661), p(1 - p) for a share. For all levels of a
covariate together: Yang & Dalton 2012, SAS Global Forum paper 335.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from metrics.design import POOLED
from metrics.estimate import NotEstimable

if TYPE_CHECKING:
    from metrics.scores import Propensity, Target

BINS = 20
EDGES = np.arange(BINS + 1) / BINS
"""Edges of the score's histogram: steps of .05."""

EXTREME = 0.05
"""A score nearer than this to 0 or 1 leaves hardly any contact to compare with."""


class LevelBalance(NamedTuple):
    """One level of a covariate: its share of contacts (0 to 1) in each arm; or a number's mean.

    ``weighted1`` and ``weighted0`` are the same after weighting. ``ratio`` is how many times as
    frequent the level is with the exposure as without, before weighting. ``pooled`` marks a level
    that entered the score only as part of the pooled level, which has a row of its own.
    """

    covariate: str
    level: str
    kind: Literal["share", "mean"]
    value1: float
    value0: float
    weighted1: float
    weighted0: float
    smd_before: float | NotEstimable
    smd_after: float | NotEstimable
    ratio: float | NotEstimable
    pooled: bool


class CovariateBalance(NamedTuple):
    """All levels of a covariate: the joint standardised difference and the largest of a level."""

    covariate: str
    smd_before: float | NotEstimable
    smd_after: float | NotEstimable
    largest_before: float | NotEstimable
    largest_after: float | NotEstimable


@dataclass(frozen=True, eq=False)
class Balance:
    """Balance by level and covariate, effective numbers of contacts, and overlap of the scores.

    ``max_before`` and ``max_after`` are the largest absolute standardised differences of a level;
    levels marked ``pooled`` are left out of them. ``edges`` (21) and ``histogram1``,
    ``histogram0`` (20, contacts) count scores in steps of .05. ``outside`` is the share of
    contacts whose score is outside the range of the other arm, ``extreme`` of those under .05 or
    over .95. ``one_armed`` is the share in levels that one arm alone holds.
    """

    target: Target
    label: str
    levels: tuple[LevelBalance, ...]
    covariates: tuple[CovariateBalance, ...]
    max_before: float | NotEstimable
    max_after: float | NotEstimable
    contacts1: int
    contacts0: int
    ess1: float
    ess0: float
    edges: np.ndarray
    histogram1: np.ndarray
    histogram0: np.ndarray
    outside: float
    extreme: float
    one_armed: float


def balance(propensity: Propensity) -> Balance:
    """Compare the arms in every covariate of the score, over the contacts of the score.

    Covariates of an interaction are compared one by one.
    """
    arms = _Arms(propensity)
    levels: list[LevelBalance] = []
    covariates = []
    for name in arms.cells.codes:
        rows = arms.levels(name) if name in arms.cells.categorical else [arms.number(name)]
        levels += rows
        covariates.append(_together(name, rows))
    arm, n, score = propensity.arm, propensity.trials, propensity.score
    place = np.minimum((score * BINS).astype(int), BINS - 1)
    low = np.where(arm, score[~arm].min(), score[arm].min())
    high = np.where(arm, score[~arm].max(), score[arm].max())
    total = float(n.sum())
    counted = [row for row in levels if not row.pooled]
    return Balance(
        target=propensity.target,
        label=propensity.label,
        levels=tuple(levels),
        covariates=tuple(covariates),
        max_before=_largest([row.smd_before for row in counted]),
        max_after=_largest([row.smd_after for row in counted]),
        contacts1=propensity.contacts1,
        contacts0=propensity.contacts0,
        ess1=propensity.ess1,
        ess0=propensity.ess0,
        edges=EDGES,
        histogram1=np.bincount(place[arm], n[arm], minlength=BINS).astype(int),
        histogram0=np.bincount(place[~arm], n[~arm], minlength=BINS).astype(int),
        outside=float(n[(score < low) | (score > high)].sum()) / total,
        extreme=float(n[(score < EXTREME) | (score > 1 - EXTREME)].sum()) / total,
        one_armed=propensity.one_armed,
    )


class _Arms:
    """Contacts and weights of each pattern in the two arms."""

    def __init__(self, propensity: Propensity):
        self.cells = propensity.fit.cells
        self.propensity = propensity
        size = len(propensity.fit.design.matrix)
        n, w = propensity.trials, propensity.weight
        self.contacts: list[np.ndarray] = []
        self.weights: list[np.ndarray] = []
        for side in (propensity.arm, ~propensity.arm):
            place = propensity.pattern[side]
            contacts = np.bincount(place, n[side], minlength=size)
            weight = np.bincount(place, n[side] * (w[side] / w[side].max()), minlength=size)
            self.contacts.append(contacts)
            self.weights.append(weight)

    def levels(self, name: str) -> list[LevelBalance]:
        """Return a row per level, and one for the pooled level."""
        code, labels = self.cells.codes[name], [str(v) for v in self.cells.levels[name]]
        pooled = set(self.propensity.pooled.get(name, ()))
        # Whole contacts, divided last: the share of a level that all have is exactly 1.
        columns = [
            np.bincount(code, part, minlength=len(labels)) for part in self.contacts + self.weights
        ]

        def shares(which: np.ndarray | int) -> list[float]:
            return [float(np.sum(column[which]) / column.sum()) for column in columns]

        rows = [
            _share(name, label, shares(place), label in pooled)
            for place, label in enumerate(labels)
            if columns[0][place] + columns[1][place] > 0
        ]
        if pooled:
            member = np.array([label in pooled for label in labels])
            rows.append(_share(name, POOLED, shares(member), False))
        return rows

    def number(self, name: str) -> LevelBalance:
        """Return the row of a number, or of a 0/1 column as a share."""
        values = self.cells.values(name)
        parts = self.contacts + self.weights
        if np.all((values == 0) | (values == 1)):
            return _share(name, "1", [float(part @ values) / part.sum() for part in parts], False)
        # About the middle, or a year's first digits would cost the difference its last ones.
        middle = float(values.min() + values.max()) / 2
        values = values - middle
        m1, m0, w1, w0 = (float(part @ values) / float(part.sum()) for part in parts)
        variance = [
            float(n @ (values - m) ** 2) / max(float(n.sum()) - 1, 1.0)
            for n, m in zip(self.contacts, (m1, m0), strict=True)
        ]
        spread = (sum(variance) / 2) ** 0.5
        return LevelBalance(
            name,
            "mean",
            "mean",
            middle + m1,
            middle + m0,
            middle + w1,
            middle + w0,
            _standardised(m1 - m0, spread),
            _standardised(w1 - w0, spread),
            NotEstimable("A number has a mean, not a share of contacts."),
            False,
        )


def _share(name: str, level: str, shares: Sequence[float], pooled: bool) -> LevelBalance:
    p1, p0, w1, w0 = (float(share) for share in shares)
    spread = float(np.sqrt(max(p1 * (1 - p1) + p0 * (1 - p0), 0.0) / 2))
    ratio: float | NotEstimable = NotEstimable("No contact without the exposure has this level.")
    if p0 > 0:
        ratio = p1 / p0
    return LevelBalance(
        name,
        level,
        "share",
        p1,
        p0,
        w1,
        w0,
        _standardised(p1 - p0, spread),
        _standardised(w1 - w0, spread),
        ratio,
        pooled,
    )


def _standardised(difference: float, spread: float) -> float | NotEstimable:
    if spread > 0:
        return difference / spread
    return NotEstimable("Contacts within an arm do not differ in this, so it has no spread.")


def _largest(values: list[float | NotEstimable]) -> float | NotEstimable:
    found = [abs(value) for value in values if not isinstance(value, NotEstimable)]
    return max(found) if found else NotEstimable("No covariate differs between contacts.")


def _together(name: str, rows: list[LevelBalance]) -> CovariateBalance:
    rows = [row for row in rows if not row.pooled]
    before, after = [row.smd_before for row in rows], [row.smd_after for row in rows]
    largest = _largest(before), _largest(after)
    if len(rows) == 1:
        return CovariateBalance(name, largest[0], largest[1], largest[0], largest[1])
    table = np.array([row[3:7] for row in rows], dtype=float)
    joint = [_joint(table, table[:, c] - table[:, c + 1]) for c in (0, 2)]
    return CovariateBalance(name, joint[0], joint[1], largest[0], largest[1])


def _joint(table: np.ndarray, difference: np.ndarray) -> float | NotEstimable:
    """Return the Mahalanobis length of a difference of shares over all levels but one."""
    p1, p0 = table[:-1, 0], table[:-1, 1]
    spread = (np.diag(p1 + p0) - np.outer(p1, p1) - np.outer(p0, p0)) / 2
    values, axes = np.linalg.eigh(spread)
    if not values[0] > 1e-12:
        return NotEstimable("Contacts within an arm do not differ in this, so it has no spread.")
    return float(np.sqrt(np.sum((axes.T @ difference[:-1]) ** 2 / values)))
