"""Standard errors of a fitted regression, from grouped counts, equal to the row-level ones.

With each contact a row x of mean mu and variance function v, M the inverse information and
M = L L':

* HC0 to HC3: White 1980; MacKinnon & White 1985 (as R's sandwich::vcovHC).
* CR0, CR1: Liang & Zeger 1986; CR1 carries G/(G - 1), and CR1S also (N - 1)/(N - p), with G
  clusters and N contacts, as in clubSandwich.
* CR2: Kauermann & Carroll 2001 (JASA 96:1387), equal to Bell & McCaffrey 2002 in linear models:
  with s_j the score and K_j = L' C_j L the share of the information of cluster j,
  u_j = (I - K_j)^-1/2 L' s_j and V = L (sum u_j u_j') L'. CR-MD, Mancl & DeRouen 2001, has
  exponent -1.
* CR2-club: the weighted form of Pustejovsky & Tipton 2018 (JBES 36:672) as clubSandwich computes
  it; a check on CR2, slow for clusters with many cells.
* Satterthwaite degrees of freedom: Bell & McCaffrey 2002; Pustejovsky & Tipton 2018.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from scipy import sparse

from metrics._products import WORKERS, cross_here, weighted_sum
from metrics.estimate import NotEstimable

ErrorType = Literal[
    "model", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR1S", "CR2", "CR-MD", "CR2-club"
]
EXPONENT = {"CR0": 0.0, "CR1": 0.0, "CR1S": 0.0, "CR2": -0.5, "CR-MD": -1.0}
SINGULAR = 1e-9  # distance of an eigenvalue of K_j from 1 at which it counts as 1
LOADING = 1e-6  # share of a contrast, in standard errors, that may lie on such a direction
VANISHING = 1e-12  # a variance this small beside the model's own is rounding
CLUB_CELLS = 2000
CHUNK = 64  # clusters decomposed at a time


class Satterthwaite(Protocol):
    """What the degrees of freedom of a contrast need, for t = L' l."""

    def moments(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return d (J) and b (J x p), as in the module's algebra."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """Eigenvalues (J x p) and vectors (J x p x p) of the K_j, and the scores L' s_j (J x p)."""

    values: np.ndarray
    vectors: np.ndarray
    scores: np.ndarray
    exponent: float

    def singular(self) -> np.ndarray:
        """Mark the eigenvalues that count as 1 (J x p)."""
        return self.values > 1 - SINGULAR

    def power(self, exponent: float) -> np.ndarray:
        """Return the eigenvalues of (I - K_j)^exponent, pseudo-inverted (J x p)."""
        if exponent == 0:
            return np.ones_like(self.values)
        null = self.singular()
        return np.where(null, 0.0, np.where(null, 1.0, 1 - self.values) ** exponent)

    def adjusted(self, exponent: float) -> np.ndarray:
        """Return (I - K_j)^exponent L' s_j (J x p)."""
        inner = _rotate(self.vectors, self.scores) * self.power(exponent)
        return _rotate_back(self.vectors, inner)

    def moments(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return d_j = t'B K B t and b_j = K B t with B = (I - K_j)^exponent."""
        inner = t @ self.vectors
        weight = self.power(self.exponent)
        d = np.sum(self.values * (weight * inner) ** 2, axis=1)
        return d, _rotate_back(self.vectors, self.values * weight * inner)

    def shares(self, t: np.ndarray) -> np.ndarray:
        """Return each cluster's share of the information on a contrast (J, summing to 1)."""
        return np.sum(self.values * (t @ self.vectors) ** 2, axis=1) / float(t @ t)


@dataclass(frozen=True, eq=False)
class Club:
    """The quadratic forms (J x p x p) behind d and b for CR2-club."""

    quadratic: np.ndarray
    linear: np.ndarray

    def moments(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return d_j = t'S_j t and b_j = T_j t."""
        return np.einsum("i,jik,k->j", t, self.quadratic, t), self.linear @ t


@dataclass(frozen=True, eq=False)
class Errors:
    """A covariance (p x p) with what its degrees of freedom and refusals need.

    ``root`` is L; ``null`` (m x p) holds unit directions, in the coordinates t = L' l, that one
    cluster or contact alone decides; ``residual_df`` applies without clusters.
    """

    covariance: np.ndarray
    root: np.ndarray
    residual_df: float
    null: np.ndarray
    freedom: Satterthwaite | None = None
    clusters: Clusters | None = None

    def contrast(self, gradient: np.ndarray) -> tuple[float, float] | NotEstimable:
        """Return the standard error and degrees of freedom of ``gradient @ beta``."""
        t = self.root.T @ gradient
        size = float(t @ t)
        if not size > 0:
            return NotEstimable("This comparison does not depend on the regression.")
        if len(self.null) and np.abs(self.null @ t).max() > LOADING * np.sqrt(size):
            unit = "One officer's contacts" if self.freedom is not None else "A single contact"
            return NotEstimable(f"{unit} alone decide this number, so its error is unknown.")
        variance = float(gradient @ self.covariance @ gradient)
        if variance <= VANISHING * size:
            return NotEstimable("The contacts do not vary enough to give this number an error.")
        if self.freedom is None:
            return variance**0.5, self.residual_df
        d, b = self.freedom.moments(t)
        norms = np.sum(b**2, axis=1)
        top = float(d.sum() - norms.sum()) ** 2
        bottom = float(np.sum(d**2) - 2 * np.sum(d * norms) + np.sum((b.T @ b) ** 2))
        if not bottom > 0 or not top > 0:
            return NotEstimable("There are too few officers to give this number an error.")
        return variance**0.5, top / bottom


def model_errors(root: np.ndarray, dispersion: float, residual_df: float) -> Errors:
    """Return the model's own errors: ``dispersion`` times the inverse information."""
    return Errors(dispersion * root @ root.T, root, residual_df, _none(root))


def heteroskedastic(
    kind: str,
    matrix: np.ndarray,
    events: np.ndarray,
    trials: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    root: np.ndarray,
    residual_df: float,
) -> Errors:
    """Return HC0 to HC3 errors from totals per pattern (arrays P, matrix P x p).

    A pattern stands for ``events`` rows of 1 and ``trials - events`` rows of 0, whose leverages
    are equal, so the sums over rows are exact.
    """
    z = matrix @ root
    weight = events * (1 - mean) ** 2 + (trials - events) * mean**2
    leverage = variance * np.sum(z**2, axis=1)
    null = _none(root)
    if kind == "HC1":
        weight = weight * trials.sum() / (trials.sum() - len(root))
    elif kind in ("HC2", "HC3"):
        alone = leverage > 1 - SINGULAR
        null = z[alone] / np.linalg.norm(z[alone], axis=1, keepdims=True)
        left = np.where(alone, 1.0, 1 - leverage)
        weight = np.where(alone, 0.0, weight / left ** (1 if kind == "HC2" else 2))
    meat = (z * weight[:, None]).T @ z
    return Errors(root @ meat @ root.T, root, residual_df, null)


def clustered(
    kind: str,
    matrix: np.ndarray,
    events: sparse.csr_array,
    trials: sparse.csr_array,
    mean: np.ndarray,
    variance: np.ndarray,
    root: np.ndarray,
) -> Errors:
    """Return cluster-robust errors from clusters x patterns counts (J x P) and a matrix P x p."""
    count, total = trials.shape[0], float(trials.sum())
    z = matrix @ root
    if kind == "CR2-club":
        scores = events @ z - trials @ (z * mean[:, None])
        return _club(z, scores, events, trials, mean, variance, root)
    clusters = Clusters(*_decompose(events, trials, z, mean, variance), EXPONENT[kind])
    factor = 1.0
    if kind in ("CR1", "CR1S"):
        factor *= count / (count - 1)
    if kind == "CR1S":
        factor *= (total - 1) / (total - len(root))
    u = clusters.adjusted(clusters.exponent)
    null = _none(root)
    if clusters.exponent:
        null = np.swapaxes(clusters.vectors, 1, 2)[clusters.singular()]
    covariance = factor * root @ (u.T @ u) @ root.T
    return Errors(covariance, root, np.inf, null, clusters, clusters)


def _none(root: np.ndarray) -> np.ndarray:
    return np.empty((0, len(root)))


def _rotate(vectors: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.matmul(x[:, None, :], vectors)[:, 0, :]


def _rotate_back(vectors: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.matmul(vectors, x[:, :, None])[:, :, 0]


def _decompose(
    events: sparse.csr_array,
    trials: sparse.csr_array,
    z: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return eigenvalues and vectors of K_j = sum over its contacts of v z z', and the scores."""
    count, p = trials.shape[0], z.shape[1]
    values, vectors = np.empty((count, p)), np.empty((count, p, p))
    scores = np.empty((count, p))
    happened = _aligned(events, trials)

    def part(start: int) -> None:
        stop = min(start + CHUNK, count)
        kernel = np.empty((stop - start, p, p))
        for j in range(start, stop):
            where = slice(trials.indptr[j], trials.indptr[j + 1])
            cell, n = trials.indices[where], trials.data[where]
            rows = z[cell]
            kernel[j - start] = cross_here(rows, n * variance[cell])
            scores[j] = weighted_sum(happened[where] - n * mean[cell], rows)
        values[start:stop], vectors[start:stop] = np.linalg.eigh(kernel)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(part, range(0, count, CHUNK)))
    return np.clip(values, 0.0, 1.0), vectors, scores


def _aligned(events: sparse.csr_array, trials: sparse.csr_array) -> np.ndarray:
    """Return the events of every stored cell of ``trials``, both made from the same cells."""
    same = np.array_equal(events.indptr, trials.indptr)
    if not (same and np.array_equal(events.indices, trials.indices)):
        raise ValueError("events and trials must come from the same cells")
    return events.data


def _club(
    z: np.ndarray,
    scores: np.ndarray,
    events: sparse.csr_array,
    trials: sparse.csr_array,
    mean: np.ndarray,
    variance: np.ndarray,
    root: np.ndarray,
) -> Errors:
    count, p = scores.shape
    u, quadratic, linear = np.empty((count, p)), np.empty((count, p, p)), np.empty((count, p, p))
    for j in range(count):
        where = slice(trials.indptr[j], trials.indptr[j + 1])
        cell, n = trials.indices[where], trials.data[where]
        if len(cell) > CLUB_CELLS:
            raise ValueError(f"CR2-club takes at most {CLUB_CELLS:,} cells per cluster; use CR2")
        y = np.asarray(events[[j]].todense())[0, cell]
        v, rows = variance[cell], z[cell] * np.sqrt(n)[:, None]
        # Rows of a cell are alike, so only their mean direction meets the adjustment.
        reach = v[:, None] * rows
        inner = np.diag(v**2) - np.sqrt(np.outer(v, v)) * (reach @ reach.T)
        power, axes = np.linalg.eigh((inner + inner.T) / 2)
        safe = power > SINGULAR * power.max()
        half = np.where(safe, 1 / np.sqrt(np.where(safe, power, 1.0)), 0.0)
        adjust = np.sqrt(np.outer(v, v)) * ((axes * half) @ axes.T)
        weighted = adjust @ rows
        u[j] = weighted.T @ ((y - n * mean[cell]) / np.sqrt(n))
        quadratic[j] = weighted.T @ (v[:, None] * weighted)
        linear[j] = reach.T @ weighted
    covariance = root @ (u.T @ u) @ root.T
    return Errors(covariance, root, np.inf, _none(root), Club(quadratic, linear))
