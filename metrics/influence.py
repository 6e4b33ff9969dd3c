"""How much one officer carries a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from metrics.clusters import Clusters
from metrics.estimate import NotEstimable
from metrics.standardisation import Margins, margins_of

if TYPE_CHECKING:
    from metrics.regression import Fit


@dataclass(frozen=True, eq=False)
class Influence:
    """Each cluster's weight in a standardised comparison; arrays of length J, by ``officers``.

    ``share1`` and ``share0`` are shares of each arm's contacts. ``leverage1``, ``leverage0`` and
    ``leverage_ratio`` are shares of the information on each arm's standardised risk and on the
    log risk ratio; each sums to 1 over clusters (for a coefficient this is the partial leverage
    of MacKinnon, Nielsen & Webb 2023, Stata J 23:942). ``leverage_any`` is the largest eigenvalue
    of K_j: near 1 when the cluster alone decides some combination of coefficients, even one that
    does not bear on the comparison, such as a district it alone works in.
    ``change_difference`` and ``change_log_ratio`` approximate, in one step, what leaving the
    cluster out would do to the risk difference and the log risk ratio; they are infinite where
    the comparison could not be made without it. ``most`` is the cluster with the largest change
    in the log risk ratio.
    """

    officers: np.ndarray
    share1: np.ndarray
    share0: np.ndarray
    leverage1: np.ndarray
    leverage0: np.ndarray
    leverage_ratio: np.ndarray
    change_difference: np.ndarray
    change_log_ratio: np.ndarray
    most: Any
    clusters: Clusters

    @cached_property
    def leverage_any(self) -> np.ndarray:
        """The largest eigenvalue of each K_j (J)."""
        return self.clusters.largest()

    @property
    def max_share(self) -> float:
        """The largest share one cluster has of either arm."""
        return float(max(self.share1.max(), self.share0.max()))

    @property
    def max_leverage(self) -> float:
        """The largest share one cluster has of the information on either risk or their ratio."""
        found = (self.leverage1, self.leverage0, self.leverage_ratio)
        return float(max(values.max() for values in found))


def influential(
    fitted: Fit, exposure: str, margins: Margins | None = None
) -> Influence | NotEstimable:
    """Return each cluster's influence on the standardised comparison of ``exposure``.

    ``margins`` are those of the fit, if already at hand.

    The step beta - beta(-j) = L (I - K_j)^-1 L' s_j is that of Preisser & Qaqish 1996
    (Biometrika 83:551); the change in the contacts standardised over is exact.

    Raises:
        ValueError: the fit has no clustered errors (or CR2-club), or ``exposure`` is no 0/1 term.
    """
    clusters = fitted.errors.clusters
    if clusters is None:
        raise ValueError("influence needs CR0, CR1, CR1S, CR2 or CR-MD errors")
    found = margins or margins_of(fitted, exposure)
    if isinstance(found, NotEstimable):
        return found
    p1, p0, g1, g0, m1, m0 = found
    if not (p1 > 0 and p0 > 0):
        return NotEstimable("This model's standardised risk falls outside 0 to 100%.")
    trials = fitted.cells.by_cluster(fitted.cells.trials)
    arm = fitted.cells.values(exposure)
    size = np.asarray(trials.sum(axis=1)).ravel()
    in1, in0 = trials @ arm, trials @ (1 - arm)
    root = fitted.errors.root
    step = clusters.step
    rest = np.maximum(fitted.n - size, 1)
    change1 = (p1 * size - trials @ m1) / rest - step @ (root.T @ g1)
    change0 = (p0 * size - trials @ m0) / rest - step @ (root.T @ g0)
    difference, ratio = change1 - change0, change1 / p1 - change0 / p0
    t = root.T @ (g1 / p1 - g0 / p0)
    deciding, directions = clusters.null()
    needed = deciding[np.abs(directions @ t) > 1e-6 * float(np.linalg.norm(t))]
    difference[needed], ratio[needed] = np.inf, np.inf
    return Influence(
        officers=fitted.cells.labels,
        share1=in1 / in1.sum(),
        share0=in0 / in0.sum(),
        leverage1=clusters.shares(root.T @ g1),
        leverage0=clusters.shares(root.T @ g0),
        leverage_ratio=clusters.shares(t),
        change_difference=difference,
        change_log_ratio=ratio,
        most=fitted.cells.labels[int(np.argmax(np.abs(ratio)))],
        clusters=clusters,
    )
