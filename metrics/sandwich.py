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

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from scipy import sparse

from metrics.clusters import SINGULAR, Clusters, decompose, scores_of
from metrics.estimate import NotEstimable

ErrorType = Literal[
    "model", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR1S", "CR2", "CR-MD", "CR2-club"
]
EXPONENT = {"CR0": 0.0, "CR1": 0.0, "CR1S": 0.0, "CR2": -0.5, "CR-MD": -1.0}
LOADING = 1e-6  # share of a contrast, in standard errors, that may lie on such a direction
VANISHING = 1e-12  # a variance this small beside the model's own is rounding
CLUB_CELLS = 2000


class Moments(Protocol):
    """What degrees of freedom need of a combination of contrasts t = L' l."""

    def moments(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return d (J) and b (J x p), as in the module's algebra."""


class Satterthwaite(Protocol):
    """Where the moments come from."""

    def span(self, t: np.ndarray) -> Moments:
        """Return what contrasts in the span of t (p x k) need."""


@dataclass(frozen=True, eq=False)
class ClubSpan:
    """Moments of CR2-club for contrasts in the span of t (p x k)."""

    club: Club
    t: np.ndarray

    def moments(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return d_j = t'S_j t and b_j = T_j t."""
        t = self.t @ weights
        return np.einsum("i,jik,k->j", t, self.club.quadratic, t), self.club.linear @ t


@dataclass(frozen=True, eq=False)
class Club:
    """The quadratic forms (J x p x p) behind d and b for CR2-club."""

    quadratic: np.ndarray
    linear: np.ndarray

    def span(self, t: np.ndarray) -> ClubSpan:
        """Return what contrasts in the span of t (p x k) need."""
        return ClubSpan(self, t)


@dataclass(frozen=True, eq=False)
class Errors:
    """A covariance (p x p) with what its degrees of freedom and refusals need.

    ``root`` is L; ``null`` (m x p) holds unit directions, in the coordinates t = L' l, that one
    cluster or contact alone decides; ``residual_df`` applies without clusters. ``decomposed`` gives the
    K_j, or works them out when they are first asked for: errors that correct no score need none, while
    their degrees of freedom and influence do, and take longer than the rest. ``moments`` stand in for
    the K_j where degrees of freedom come from elsewhere.
    """

    covariance: np.ndarray
    root: np.ndarray
    residual_df: float
    null: np.ndarray
    decomposed: Clusters | Callable[[], Clusters] | None = None
    moments: Satterthwaite | None = None

    @cached_property
    def clusters(self) -> Clusters | None:
        """The K_j of all clusters; None without clusters, or for CR2-club."""
        return self.decomposed() if callable(self.decomposed) else self.decomposed

    @property
    def freedom(self) -> Satterthwaite | None:
        """Where the moments of degrees of freedom come from; None without clusters."""
        return self.moments or self.clusters

    def contrast(self, gradient: np.ndarray) -> tuple[float, float] | NotEstimable:
        """Return the standard error and degrees of freedom of ``gradient @ beta``."""
        return self.contrasts(gradient[None])(np.ones(1))

    def contrasts(
        self, gradients: np.ndarray
    ) -> Callable[[np.ndarray], tuple[float, float] | NotEstimable]:
        """Return :meth:`contrast` of ``weights @ gradients`` (k x p), sharing what they need."""
        basis = self.root.T @ gradients.T
        shared = None if self.freedom is None else self.freedom.span(basis)

        def contrast(weights: np.ndarray) -> tuple[float, float] | NotEstimable:
            return self._contrast(weights @ gradients, basis @ weights, weights, shared)

        return contrast

    def _contrast(
        self, gradient: np.ndarray, t: np.ndarray, weights: np.ndarray, shared: Moments | None
    ) -> tuple[float, float] | NotEstimable:
        size = float(t @ t)
        if not size > 0:
            return NotEstimable("This comparison does not depend on the regression.")
        if len(self.null) and np.abs(self.null @ t).max() > LOADING * np.sqrt(size):
            unit = "One officer's contacts" if shared is not None else "A single contact"
            return NotEstimable(f"{unit} alone decide this number, so its error is unknown.")
        variance = float(gradient @ self.covariance @ gradient)
        if variance <= VANISHING * size:
            return NotEstimable("The contacts do not vary enough to give this number an error.")
        if shared is None:
            return variance**0.5, self.residual_df
        d, b = shared.moments(weights)
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
    events: np.ndarray,
    trials: sparse.csr_array,
    mean: np.ndarray,
    variance: np.ndarray,
    root: np.ndarray,
) -> Errors:
    """Return cluster-robust errors from a matrix P x p and trials by cluster and pattern (J x P).

    ``events`` belongs to the stored cells of ``trials``, in their order.
    """
    count, total = trials.shape[0], float(trials.sum())
    if kind == "CR2-club":
        return _club(matrix @ root, events, trials, mean, variance, root)
    exponent = EXPONENT[kind]

    def whole() -> Clusters:
        return decompose(events, trials, matrix, root, mean, variance, exponent)

    decomposed: Clusters | Callable[[], Clusters] = whole
    if exponent:
        decomposed = clusters = whole()
        u, null = clusters.adjusted, clusters.null()[1]
    else:
        u, null = scores_of(events, trials, matrix, root, mean), _none(root)
    factor = 1.0
    if kind in ("CR1", "CR1S"):
        factor *= count / (count - 1)
    if kind == "CR1S":
        factor *= (total - 1) / (total - len(root))
    covariance = factor * root @ (u.T @ u) @ root.T
    return Errors(covariance, root, np.inf, null, decomposed)


def _none(root: np.ndarray) -> np.ndarray:
    return np.empty((0, len(root)))


def _club(
    z: np.ndarray,
    events: np.ndarray,
    trials: sparse.csr_array,
    mean: np.ndarray,
    variance: np.ndarray,
    root: np.ndarray,
) -> Errors:
    count, p = trials.shape[0], z.shape[1]
    u, quadratic, linear = np.empty((count, p)), np.empty((count, p, p)), np.empty((count, p, p))
    for j in range(count):
        where = slice(trials.indptr[j], trials.indptr[j + 1])
        cell, n = trials.indices[where], trials.data[where]
        if len(cell) > CLUB_CELLS:
            raise ValueError(f"CR2-club takes at most {CLUB_CELLS:,} cells per cluster; use CR2")
        y = events[where]
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
    return Errors(covariance, root, np.inf, _none(root), moments=Club(quadratic, linear))
