"""Weighted risks and their contrasts from propensity scores, with officer-clustered errors.

The scores, the weights and the contacts each target speaks of are in :mod:`metrics.scores`, the
balance they reach in :mod:`metrics.balance`; all of it can be imported from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy.special import logit

from metrics._products import times, weighted_sum
from metrics._student import tail
from metrics.balance import Balance, CovariateBalance, LevelBalance, balance
from metrics.cells import counts
from metrics.estimate import Estimated, NotEstimable, Test, Tested
from metrics.scores import (
    LABELS,
    Officers,
    Propensity,
    Target,
    officers_of,
    propensity,
    steps_of,
)
from metrics.standardisation import Contrast, as_ratio, as_risk, mover

__all__ = [
    "LABELS",
    "Balance",
    "CovariateBalance",
    "LevelBalance",
    "Propensity",
    "Target",
    "Weighted",
    "balance",
    "effect",
    "propensity",
]

Weights = Literal["estimated", "fixed"]
Correction = Literal["CR2", "CR1"]

ALONE = 1e-9  # an officer this close to all the weight of an arm holds all of it
VANISHING = 1e-14  # a variance this small beside that of independent contacts is rounding


@dataclass(frozen=True, eq=False)
class Weighted:
    """Weighted risks (0 to 1) with the exposure (1) and without (0), and their contrasts.

    ``label`` names the contacts that the numbers speak of. ``risk1`` and ``risk0`` carry
    logit-scale t limits, ``risk_difference`` MOVER limits, ``risk_difference_wald`` the symmetric
    delta-method ones, ``risk_ratio`` t limits on the log scale; ``test`` is the t test on the log
    risk ratio. ``contacts1``, ``events1`` and so on are observed counts where the outcome was
    recorded; ``ess1`` and ``ess0`` effective numbers of those contacts.
    """

    exposure: str
    target: Target
    label: str
    level: float
    weights: Weights
    correction: Correction
    risk1: Estimated
    risk0: Estimated
    risk_difference: Estimated
    risk_difference_wald: Estimated
    risk_ratio: Estimated
    test: Tested
    difference: Contrast | NotEstimable
    log_risk_ratio: Contrast | NotEstimable
    correlation: float
    clusters: int
    contacts1: int
    contacts0: int
    events1: int
    events0: int
    ess1: float
    ess0: float


def effect(
    propensity: Propensity,
    *,
    events: str,
    trials: str | None = None,
    cluster: str | None = None,
    level: float = 0.95,
    weights: Weights = "estimated",
    correction: Correction = "CR2",
) -> Weighted | NotEstimable:
    """Compare the weighted risks of one outcome (Hajek 1971: weights scaled to 1 in each arm).

    With ``weights="estimated"`` the errors carry the estimation of the score: the score's and the
    risks' estimating equations are stacked (Lunceford & Davidian 2004, Stat Med 23:2937; Stefanski
    & Boos 2002, Am Stat 56:29) and summed by officer. ``"fixed"`` takes the weights as known, as
    R's ``survey::svyglm`` does, and with ``"CR1"``, factor G/(G - 1), equals it.

    ``"CR2"`` divides each officer's part of a weighted mean by the square root of its expected
    square among independent contacts (Bell & McCaffrey 2002, Surv Methodol 28:169), so that an
    officer with much of an arm's weight is not believed too much; what the score adds is corrected
    as :mod:`metrics._stacked` says. Limits and tests refer to t with
    Satterthwaite's degrees of freedom from the same expectation, not to G - 1: with unequal
    loads, or few officers in one arm, G - 1 is far too many.

    Args:
        propensity: scores and weights; its contacts are those of the outcome or more.
        events: column of the same frame with the contacts that had the outcome.
        trials: column with the contacts whose outcome was recorded; ``None``: all of them.
        cluster: column with the officer; ``None``: the one given to :func:`propensity`.
        level: confidence level.
        weights: whether the errors carry the estimation of the score.
        correction: small-sample correction of the errors.

    Returns:
        :class:`Weighted`, or :class:`NotEstimable` when an arm has no contact, no event or
        nothing but events, or an officer alone decides an arm.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: impossible counts, more trials than the score has contacts, an unknown option,
            or no cluster.
    """
    if weights not in get_args(Weights) or correction not in get_args(Correction):
        raise ValueError(f"unknown weights {weights!r} or correction {correction!r}")
    officers = propensity.cluster
    if cluster is not None and (officers is None or cluster != officers.name):
        officers = officers_of(propensity.frame, cluster)
    if officers is None:
        raise ValueError("errors need a cluster column")
    y = counts(propensity.frame, events)
    n = propensity.trials if trials is None else counts(propensity.frame, trials)
    if np.any(y > n) or np.any(n > propensity.trials):
        raise ValueError(f"{events!r} or {trials!r} exceeds the contacts in some rows")
    arms = []
    for side in (propensity.arm, ~propensity.arm):
        found = _arm(propensity, side, y, n, officers, weights, correction)
        if isinstance(found, NotEstimable):
            return found
        arms.append(found)
    one, other = arms
    p1, p0 = one.risk, other.risk
    shared = _Spread(one, other)
    difference = shared.contrast(p1 - p0, 1.0, -1.0)
    log_rr = shared.contrast(float(np.log(p1 / p0)), 1 / p1, -1 / p0)
    rd: Estimated
    if isinstance(difference, NotEstimable):
        rd = difference
    else:
        # As in metrics.standardisation: the limits of the arms take the difference's freedom.
        rd = mover(
            shared.risk(0, level, difference.df),
            shared.risk(1, level, difference.df),
            shared.correlation(),
        )
    return Weighted(
        exposure=propensity.exposure,
        target=propensity.target,
        label=propensity.label,
        level=level,
        weights=weights,
        correction=correction,
        risk1=shared.risk(0, level),
        risk0=shared.risk(1, level),
        risk_difference=rd,
        risk_difference_wald=(
            difference if isinstance(difference, NotEstimable) else difference.interval(level)
        ),
        risk_ratio=as_ratio(log_rr, level),
        test=_test(log_rr, propensity.target, weights, correction),
        difference=difference,
        log_risk_ratio=log_rr,
        correlation=shared.correlation(),
        clusters=officers.number,
        contacts1=int(one.contacts),
        contacts0=int(other.contacts),
        events1=int(one.events),
        events0=int(other.events),
        ess1=one.ess,
        ess0=other.ess,
    )


class _Arm(NamedTuple):
    """A weighted risk; by officer its corrected influence, the factor that corrects it, and the
    shares of the weight and of its square."""

    risk: float
    contacts: float
    events: float
    ess: float
    influence: np.ndarray
    factor: np.ndarray
    share: np.ndarray
    square: np.ndarray


def _arm(
    propensity: Propensity,
    side: np.ndarray,
    y: np.ndarray,
    n: np.ndarray,
    officers: Officers,
    weights: Weights,
    correction: Correction,
) -> _Arm | NotEstimable:
    w, size = propensity.weight, officers.number
    y, n = np.where(side, y, 0.0), np.where(side, n, 0.0)
    contacts, happened = float(n.sum()), float(y.sum())
    if not contacts:
        return NotEstimable("One arm has no contact with this outcome recorded.")
    w = w / w[side].max()
    total = float(n @ w)
    risk = float(y @ w) / total
    if happened in (0.0, contacts) or not 0 < risk < 1:
        return NotEstimable(
            f"{'No' if not happened else 'Every'} contact in one arm had this outcome, so the "
            "weighted risks have no error; compare the raw counts."
        )
    residual = y - n * risk
    share = np.bincount(officers.code, n * w, minlength=size) / total
    square = np.bincount(officers.code, n * w**2, minlength=size) / total**2
    if share.max() > 1 - ALONE:
        return NotEstimable(
            "One officer's contacts alone decide the risk of one arm, so its error is unknown."
        )
    parts = np.bincount(officers.code, w * residual, minlength=size)
    factor = np.full(size, (size / max(size - 1, 1)) ** 0.5)
    if correction == "CR2":
        factor = _adjustment(share, square)
    influence = factor * parts
    if weights == "estimated" and correction == "CR2":
        moved = parts / (total * (1 - share))
        influence += _corrected(propensity, residual, n, moved, side, officers)
    elif weights == "estimated":
        influence += factor * _uncorrected(propensity, residual, side, officers)
    ess = 1 / float(square.sum())
    return _Arm(risk, contacts, happened, ess, influence / total, factor, share, square)


def _slope(propensity: Propensity, side: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return by row the slope of a weighted sum in the logit of the score (R)."""
    return propensity.slope / propensity.weight[side].max() * values


def _uncorrected(
    propensity: Propensity, residual: np.ndarray, side: np.ndarray, officers: Officers
) -> np.ndarray:
    """Return by officer what estimating the score adds to the influence, times the weight."""
    fitted, pattern = propensity.fit, propensity.pattern
    matrix = fitted.design.matrix
    slope = np.bincount(pattern, _slope(propensity, side, residual), minlength=len(matrix))
    along = times(matrix, fitted.covariance @ weighted_sum(slope, matrix))
    surprise = propensity.surprise * along[pattern]
    return np.bincount(officers.code, surprise, minlength=officers.number)


def _corrected(
    propensity: Propensity,
    residual: np.ndarray,
    n: np.ndarray,
    moved: np.ndarray,
    side: np.ndarray,
    officers: Officers,
) -> np.ndarray:
    """Return the same with the officer's own part left out; see :mod:`metrics._stacked`.

    ``moved`` (J) is how far the arm's risk falls without the officer.
    """
    own = propensity.cluster is officers
    rows, taken = propensity.own_steps if own else steps_of(propensity, officers)
    matrix = propensity.fit.design.matrix
    about = rows.sums(_slope(propensity, side, residual), matrix)
    level = rows.sums(_slope(propensity, side, n), matrix)
    others = about.sum(axis=0) - about + moved[:, None] * (level.sum(axis=0) - level)
    return np.einsum("jp,jp->j", others, taken)


class _Spread:
    """The joint spread of two weighted risks over officers."""

    def __init__(self, one: _Arm, other: _Arm):
        self.arms = (one, other)
        u = np.array([one.influence, other.influence])
        self.covariance = u @ u.T

    def correlation(self) -> float:
        spread = float(np.sqrt(self.covariance[0, 0] * self.covariance[1, 1]))
        return float(np.clip(self.covariance[0, 1] / spread, -1, 1)) if spread > 0 else 0.0

    def contrast(self, estimate: float, *gradient: float) -> Contrast | NotEstimable:
        slope = np.array(gradient)
        variance = float(slope @ self.covariance @ slope)
        binomial = [g**2 * a.risk * (1 - a.risk) for g, a in zip(gradient, self.arms, strict=True)]
        naive = sum(b / a.ess for b, a in zip(binomial, self.arms, strict=True))
        if not variance > VANISHING * naive:
            return NotEstimable("The contacts do not vary enough to give this number an error.")
        return Contrast(estimate, variance**0.5, self._freedom(binomial))

    def risk(self, place: int, level: float, df: float | None = None) -> Estimated:
        p = self.arms[place].risk
        gradient = [0.0, 0.0]
        gradient[place] = 1 / (p * (1 - p))
        return as_risk(self.contrast(float(logit(p)), *gradient), level, df)

    def _freedom(self, binomial: list[float]) -> float:
        """Return (trace G)^2 / |G|^2, G the covariance of the officers' parts if contacts were
        independent with binomial variance: a diagonal plus two rank-two terms."""
        diagonal = np.zeros(len(self.arms[0].share))
        sides, middle = [], np.zeros((4, 4))
        for place, (arm, b) in enumerate(zip(self.arms, binomial, strict=True)):
            diagonal += b * arm.factor**2 * arm.square
            sides += [arm.factor * arm.share, arm.factor * arm.square]
            block = b * np.array([[arm.square.sum(), -1.0], [-1.0, 0.0]])
            middle[2 * place : 2 * place + 2, 2 * place : 2 * place + 2] = block
        u = np.array(sides)
        gram = middle @ (u @ u.T)
        trace = diagonal.sum() + np.trace(gram)
        mixed = np.sum((middle @ u) * (u * diagonal))
        return float(trace**2 / (diagonal @ diagonal + 2 * mixed + np.sum(gram * gram.T)))


def _adjustment(share: np.ndarray, square: np.ndarray) -> np.ndarray:
    """Return by officer the root of wanted over expected squared part, for independent contacts."""
    expected = square * (1 - 2 * share) + share**2 * square.sum()
    return np.sqrt(np.divide(square, expected, out=np.ones(len(square)), where=square > 0))


def _test(
    log: Contrast | NotEstimable, target: Target, weights: Weights, correction: Correction
) -> Tested:
    if isinstance(log, NotEstimable):
        return log
    statistic = log.estimate / log.se
    method = f"Wald test on the log weighted risk ratio ({target}, {weights} weights, {correction}"
    return Test(statistic, tail(statistic, log.df), f"{method}, t, {log.df:.1f} df)")
