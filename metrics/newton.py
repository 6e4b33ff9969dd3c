"""Maximum likelihood for the three canonical families, from totals per covariate pattern.

McCullagh & Nelder 1989, *Generalized Linear Models*, section 2.5: with a canonical link Newton's
method and iteratively reweighted least squares are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import expit

from metrics._products import SOME, cross, times, weighted_sum
from metrics.estimate import NotEstimable

Family = Literal["logit", "poisson", "linear"]

MAX_ITERATIONS = 100
DECREMENT = 1e-14  # squared length, in standard errors, of a Newton step that may be the last
# Near the answer the information hardly changes: steps reuse it while each is a tenth of the one
# before, and the last must be shorter, since they close in more slowly than Newton's.
NEAR = 1.0
SETTLING = 1e-2
SETTLED = 1e-20
ROUGH_ITERATIONS = 5
EXTREME = 1e-6  # a fitted probability this close to its bound prompts the check for separation


@dataclass(frozen=True, eq=False)
class Solution:
    """Maximum likelihood estimates over P patterns and p columns.

    ``mean`` and ``variance`` (P) are each contact's fitted mean and its variance function;
    ``root`` (p x p) satisfies ``root @ root.T`` = inverse information (dispersion 1).
    """

    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    root: np.ndarray
    log_likelihood: float
    iterations: int


class Separated(NotEstimable):
    """No finite maximum: ``columns`` tell apart contacts that always or never had the outcome."""

    columns: tuple[str, ...]

    def __new__(cls, reason: str, columns: tuple[str, ...]) -> Separated:
        """Return the reason, with the columns."""
        self = super().__new__(cls, reason)
        self.columns = columns
        return self


def mean_variance(eta: np.ndarray, family: Family) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the variance function (also d mean / d eta) at a linear predictor."""
    if family == "logit":
        mean = expit(eta)
        return mean, mean * expit(-eta)
    if family == "poisson":
        with np.errstate(over="ignore"):
            mean = np.exp(eta)
        return mean, mean
    return eta, np.ones_like(eta)


def maximise(
    matrix: np.ndarray,
    events: np.ndarray,
    trials: np.ndarray,
    family: Family,
    names: tuple[str, ...],
    start: np.ndarray | None = None,
) -> Solution | NotEstimable:
    """Fit by Newton's method with step-halving; ``matrix`` is P x p of full column rank.

    ``start`` (p) is where to begin, if something like the answer is known.

    Returns :class:`Separated` when the data are (Albert & Anderson 1984, Biometrika
    71:1) or the iterations do not settle.
    """
    scale = _scale(matrix)
    x = matrix / scale if np.any(scale != 1) else matrix
    beta = _start(x, events, trials, family) if start is None else start * scale
    eta = times(x, beta)
    value = _log_likelihood(eta, events, trials, family)
    checked, upper, before = False, None, np.inf
    try:
        for iteration in range(1, MAX_ITERATIONS + 1):
            mean, variance = mean_variance(eta, family)
            if not checked and _extreme(mean, family):
                checked = True
                columns = separated(x, events, trials, family)
                if columns is not None:
                    return _separation([n for n, on in zip(names, columns, strict=True) if on])
            score = weighted_sum(events - trials * mean, x)
            fresh = upper is None
            if upper is None:
                upper = cholesky(cross(x, trials * variance))
            half = solve_triangular(upper, score, trans="T")
            if not fresh and half @ half > SETTLING * before:
                fresh, upper = True, cholesky(cross(x, trials * variance))
                half = solve_triangular(upper, score, trans="T")
            before = float(half @ half)
            step = solve_triangular(upper, half)
            beta, eta, value = _climb(x, beta, eta, step, value, events, trials, family)
            if before <= (DECREMENT if fresh else SETTLED) or family == "linear":
                mean, variance = mean_variance(eta, family)
                root = solve_triangular(cholesky(cross(x, trials * variance)), np.eye(len(beta)))
                return Solution(
                    beta=beta / scale,
                    mean=mean,
                    variance=variance,
                    root=root / scale[:, None],
                    log_likelihood=value,
                    iterations=iteration,
                )
            if before > NEAR:
                upper = None
    except LinAlgError:
        pass
    return NotEstimable(
        "The regression did not settle on an answer for these contacts; fewer covariates or a "
        "longer period may give one."
    )


def _scale(matrix: np.ndarray) -> np.ndarray:
    """Return each column's largest size (p); columns of noughts and ones are told at a glance."""
    squares = np.einsum("ij,ij->j", matrix, matrix)
    if np.array_equal(squares, weighted_sum(np.ones(len(matrix)), matrix)):
        return np.ones(len(squares))
    return np.maximum(matrix.max(axis=0), -matrix.min(axis=0))


def _start(x: np.ndarray, events: np.ndarray, trials: np.ndarray, family: Family) -> np.ndarray:
    """Return where to begin: the overall rate, or with many patterns a rough fit to some of them."""
    beta = np.zeros(x.shape[1])
    overall = events.sum() / trials.sum()
    if family == "logit":
        beta[0] = np.log(overall / (1 - overall))
    elif family == "poisson":
        beta[0] = np.log(overall)
    stride = len(x) // SOME
    if stride < 2 or family == "linear":
        return beta
    some = np.ascontiguousarray(x[::stride])
    y, n = events[::stride], trials[::stride]
    value, rough = _log_likelihood(times(x, beta), events, trials, family), beta.copy()
    for _ in range(ROUGH_ITERATIONS):
        mean, variance = mean_variance(some @ rough, family)
        # A unit of information on each column holds those that these patterns hardly have.
        information = cross(some, n * variance) + np.eye(len(beta))
        pull = weighted_sum(y - n * mean, some) - np.where(np.arange(len(beta)), rough, 0.0)
        rough = rough + np.linalg.solve(information, pull)
    if not np.all(np.isfinite(rough)):
        return beta
    return rough if _log_likelihood(times(x, rough), events, trials, family) > value else beta


def separated(
    matrix: np.ndarray, events: np.ndarray, trials: np.ndarray, family: Family
) -> np.ndarray | None:
    """Mark the columns along which the likelihood rises for ever, or return ``None``.

    A linear programme looks for a direction that never lowers and somewhere raises the
    likelihood: the likelihood has no finite maximum exactly when one exists (Konis 2007, DPhil
    thesis, Oxford, chapter 4; for Poisson, Correia, Guimaraes & Zylkin 2019, arXiv:1903.01633).
    """
    from scipy.optimize import linprog  # needed by few fits, and slow to import

    sign = np.where(events == 0, -1.0, 0.0)
    if family == "logit":
        sign[events == trials] = 1.0
    one_sided = sign[:, None] * matrix
    mixed = matrix[sign == 0]
    found = linprog(
        -one_sided.sum(axis=0),
        A_ub=-one_sided[sign != 0],
        b_ub=np.zeros(int(np.count_nonzero(sign))),
        A_eq=mixed if len(mixed) else None,
        b_eq=np.zeros(len(mixed)) if len(mixed) else None,
        bounds=(-1, 1),
        method="highs",
    )
    if found.x is None or -found.fun < 1e-6:
        return None
    return np.abs(found.x) > 1e-6


def _separation(names: list[str]) -> Separated:
    columns = tuple(name for name in names if name != "(Intercept)")
    return Separated(
        f"Some group of contacts told apart by {', '.join(columns) or 'the covariates'} always had this "
        "outcome or never did, so a regression has no finite answer; compare the raw counts, or use "
        "fewer covariates.",
        columns,
    )


def _extreme(mean: np.ndarray, family: Family) -> bool:
    if family == "linear":
        return False
    edge = mean.min() if family == "poisson" else min(mean.min(), 1 - mean.max())
    return bool(edge < EXTREME)


def _log_likelihood(
    eta: np.ndarray, events: np.ndarray, trials: np.ndarray, family: Family
) -> float:
    if family == "logit":
        return float(events @ eta - trials @ np.logaddexp(0, eta))
    if family == "poisson":
        return float(events @ eta - trials @ mean_variance(eta, family)[0])
    square = events @ (1 - eta) ** 2 + (trials - events) @ eta**2
    total = trials.sum()
    return float(-total / 2 * (np.log(2 * np.pi * square / total) + 1)) if square > 0 else np.inf


def _climb(
    x: np.ndarray,
    beta: np.ndarray,
    eta: np.ndarray,
    step: np.ndarray,
    value: float,
    events: np.ndarray,
    trials: np.ndarray,
    family: Family,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Halve the step until the likelihood does not fall; return where that leads."""
    along = times(x, step)
    size = 1.0
    for _ in range(40):
        ahead = eta + size * along
        reached = _log_likelihood(ahead, events, trials, family)
        if reached >= value - 1e-10 * (1 + abs(value)):
            return beta + size * step, ahead, reached
        size /= 2
    return beta, eta, value
