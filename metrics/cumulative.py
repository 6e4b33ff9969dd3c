"""The engine of cumulative logit models, from counts by covariate pattern and level.

With thresholds t_1 < .. < t_T between K = T + 1 ordered levels, logit P(level <= m) = t_m. A
contact at level m has log-likelihood log F(t_m) + log(1 - F(t_m-1)) + log(1 - exp(t_m-1 - t_m)),
F the logistic, so a pattern behaves like T binary regressions of neighbouring levels tied
together by the last term. It is concave in the thresholds (Pratt 1981, JASA 76:103), so the
observed information of every cluster is positive semidefinite, and clustered errors take the form
of :mod:`metrics.sandwich` with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import expit, log_expit

from metrics._products import cross, cross_here, times, weighted_sum
from metrics.clusters import SINGULAR, raised
from metrics.estimate import NotEstimable

MAX_ITERATIONS = 100
DECREMENT = 1e-16  # squared length of the last step in standard errors
EXTREME = 1e-6  # a fitted probability this close to its bound prompts the check for separation
EXPONENT = {"CR0": 0.0, "CR1": 0.0, "CR2": -0.5}
ONE_OFFICER = NotEstimable(
    "One officer's contacts alone decide this number, so its error is unknown."
)


class Curve(NamedTuple):
    """Derivatives of the log-likelihood in the thresholds of each row (rows x T, x T - 1).

    ``score`` is the first; minus the second is ``own`` on the diagonal plus ``gap`` for each
    difference of neighbouring thresholds.
    """

    value: float
    score: np.ndarray
    own: np.ndarray
    gap: np.ndarray


@dataclass(frozen=True, eq=False)
class Solution:
    """Maximum likelihood estimates (q) with ``root @ root.T`` the inverse observed information."""

    theta: np.ndarray
    root: np.ndarray
    log_likelihood: float


@dataclass(frozen=True, eq=False)
class Clustered:
    """Clustered errors: covariance (q x q) and what the degrees of freedom of a contrast need.

    ``values`` (J x q) and ``vectors`` (J x q x q) are the eigenvalues and vectors of K_j.
    """

    covariance: np.ndarray
    root: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    exponent: float

    def contrast(self, gradient: np.ndarray) -> tuple[float, float] | NotEstimable:
        """Return the standard error and Satterthwaite's df (Bell & McCaffrey 2002)."""
        t = self.root.T @ gradient
        inner = t @ self.vectors
        alone = self.values > 1 - SINGULAR
        if self.exponent and np.abs(inner[alone]).max(initial=0) > 1e-6 * np.linalg.norm(t):
            return ONE_OFFICER
        variance = float(gradient @ self.covariance @ gradient)
        if variance <= 1e-12 * float(t @ t):
            return NotEstimable("The contacts do not vary enough to give this number an error.")
        weight = raised(self.values, self.exponent)
        d = np.sum(self.values * (weight * inner) ** 2, axis=1)
        b = np.matmul(self.vectors, (self.values * weight * inner)[:, :, None])[:, :, 0]
        norms = np.sum(b**2, axis=1)
        top = float(d.sum() - norms.sum()) ** 2
        bottom = float(np.sum(d**2) - 2 * np.sum(d * norms) + np.sum((b.T @ b) ** 2))
        if not bottom > 0 or not top > 0:
            return NotEstimable("There are too few officers to give this number an error.")
        return variance**0.5, top / bottom


def thresholds(x: np.ndarray, count: int) -> np.ndarray:
    """Return the rows (P x T x q) of the proportional model: t_m = zeta_m - x beta."""
    rows = np.zeros((len(x), count, count + x.shape[1]))
    rows[:, :, :count] = np.eye(count)
    rows[:, :, count:] = -x[:, None, :]
    return rows


def relaxed(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return rows with an effect of its own at every threshold for the chosen columns of x."""
    size, count, _ = rows.shape
    extra = np.zeros((size, count, count - 1, int(columns.sum())))
    chosen = rows[:, 0, count:][:, columns]
    for place in range(1, count):
        extra[:, place, place - 1] = chosen
    return np.concatenate([rows, extra.reshape(size, count, -1)], axis=2)


def curve(t: np.ndarray, counts: np.ndarray) -> Curve | None:
    """Return the derivatives at thresholds ``t`` (rows x T), or ``None`` out of order."""
    below, above = counts[:, :-1], counts[:, 1:]
    middle = counts[:, 1:-1]
    between = np.where(middle > 0, np.diff(t, axis=1), 1.0)
    if not np.all(between > 0):
        return None
    between = np.minimum(between, 500.0)
    value = float(
        np.sum(below * log_expit(t))
        + np.sum(above * log_expit(-t))
        + np.sum(middle * np.log(-np.expm1(-between)))
    )
    score = below * expit(-t) - above * expit(t)
    pull = middle / np.expm1(between)
    score[:, 1:] += pull
    score[:, :-1] -= pull
    return Curve(
        value,
        score,
        (below + above) * expit(t) * expit(-t),
        pull / -np.expm1(-between),
    )


def probabilities(t: np.ndarray) -> np.ndarray:
    """Return the probability of each level (rows x K) at thresholds ``t``."""
    first, last = expit(t[:, :1]), expit(-t[:, -1:])
    # Formed without a difference of near-equal numbers.
    inner = expit(t[:, 1:]) * expit(-t[:, :-1]) * -np.expm1(-np.diff(t, axis=1))
    return np.hstack([first, inner, last])


def information(rows: np.ndarray, own: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Return the information (q x q) of rows (P x T x q)."""
    flat = rows.reshape(-1, rows.shape[2])
    steps = np.diff(rows, axis=1).reshape(-1, rows.shape[2])
    found = cross(flat, own.ravel())
    return found + cross(steps, gap.ravel()) if len(steps) else found


def maximise(
    rows: np.ndarray, counts: np.ndarray, start: np.ndarray | None = None
) -> Solution | NotEstimable:
    """Fit by Newton's method with step-halving.

    ``rows`` is P x T x q and ``counts`` P x K, every level with contacts. Not estimable when the
    likelihood rises for ever along some direction, or the iterations do not settle.
    """
    size, count, q = rows.shape
    flat = rows.reshape(-1, q)
    scale = np.abs(flat).max(axis=0)
    scaled, flat = rows / scale, flat / scale
    if start is None:
        share = np.cumsum(counts.sum(axis=0))[:-1] / counts.sum()
        theta = np.zeros(q)
        theta[:count] = np.log(share / (1 - share))
    else:
        theta = start * scale
    here = curve(times(flat, theta).reshape(size, count), counts)
    if here is None:
        return _unsettled()
    checked = last = False
    for _ in range(MAX_ITERATIONS):
        t = times(flat, theta).reshape(size, count)
        if not checked and expit(-np.abs(t)).min() < EXTREME:
            checked = True
            if _separated(scaled, counts):
                return NotEstimable(
                    "Some group of contacts was always at the lowest or the highest level, so a "
                    "regression has no finite answer; use fewer covariates or join levels."
                )
        try:
            upper = cholesky(information(scaled, here.own, here.gap))
        except LinAlgError:
            break
        if last:
            root = solve_triangular(upper, np.eye(q)) / scale[:, None]
            return Solution(theta / scale, root, here.value)
        half = solve_triangular(upper, weighted_sum(here.score.ravel(), flat), trans="T")
        step = solve_triangular(upper, half)
        last = float(half @ half) <= DECREMENT
        for _ in range(40):
            found = curve(times(flat, theta + step).reshape(size, count), counts)
            if found is not None and found.value >= here.value - 1e-10 * (1 + abs(here.value)):
                theta, here = theta + step, found
                break
            step = step / 2
        else:
            last = True  # no step climbs: this is the summit, to rounding
    return _unsettled()


def clustered(
    kind: str,
    rows: np.ndarray,
    counts: np.ndarray,
    pattern: np.ndarray,
    cluster: np.ndarray,
    solution: Solution,
) -> Clustered:
    """Return clustered errors from M cells: counts (M x K), pattern and cluster of each."""
    size, threshold, q = rows.shape
    clusters = int(cluster.max()) + 1
    t = times(rows.reshape(-1, q), solution.theta).reshape(size, threshold)
    order = np.argsort(cluster, kind="stable")
    ends = np.searchsorted(cluster[order], np.arange(clusters + 1))
    pattern = pattern[order]
    here = curve(t[pattern], counts[order])
    assert here is not None  # the thresholds of a solution are in order
    turned = (rows.reshape(-1, q) @ solution.root).reshape(size, threshold, q)
    steps = np.diff(turned, axis=1)
    kernel, scores = np.empty((clusters, q, q)), np.empty((clusters, q))
    for j in range(clusters):
        where = slice(ends[j], ends[j + 1])
        z = turned[pattern[where]].reshape(-1, q)
        kernel[j] = cross_here(z, here.own[where].ravel())
        if threshold > 1:
            kernel[j] += cross_here(steps[pattern[where]].reshape(-1, q), here.gap[where].ravel())
        scores[j] = here.score[where].ravel() @ z
    values, vectors = np.linalg.eigh(kernel)
    values = np.clip(values, 0.0, 1.0)
    exponent = EXPONENT[kind]
    inner = np.matmul(scores[:, None, :], vectors)[:, 0, :] * raised(values, exponent)
    u = np.matmul(vectors, inner[:, :, None])[:, :, 0]
    factor = clusters / (clusters - 1) if kind == "CR1" else 1.0
    covariance = factor * solution.root @ (u.T @ u) @ solution.root.T
    return Clustered(covariance, solution.root, values, vectors, exponent)


def cluster_scores(
    rows: np.ndarray,
    t: np.ndarray,
    counts: np.ndarray,
    pattern: np.ndarray,
    cluster: np.ndarray,
) -> np.ndarray:
    """Return the score of each cluster (J x q) at thresholds ``t`` (P x T)."""
    here = curve(t[pattern], counts)
    assert here is not None
    shape = (int(cluster.max()) + 1, len(rows))
    parts = [
        sparse.csr_array((here.score[:, m], (cluster, pattern)), shape=shape) @ rows[:, m]
        for m in range(rows.shape[1])
    ]
    return np.sum(parts, axis=0)


def _separated(rows: np.ndarray, counts: np.ndarray) -> bool:
    """Say whether some direction never lowers and somewhere raises the likelihood."""
    from scipy.optimize import linprog  # needed by few fits, and slow to import

    up, down = rows[counts[:, :-1] > 0], -rows[counts[:, 1:] > 0]
    one_sided = np.unique(np.vstack([up, down]), axis=0)
    found = linprog(
        -one_sided.sum(axis=0),
        A_ub=-one_sided,
        b_ub=np.zeros(len(one_sided)),
        bounds=(-1, 1),
        method="highs",
    )
    return bool(found.x is not None and -found.fun > 1e-6)


def _unsettled() -> NotEstimable:
    return NotEstimable(
        "The regression did not settle on an answer for these contacts; fewer covariates or a "
        "longer period may give one."
    )
