"""Several contrasts of a fitted regression tested at once, with few officers in mind.

Wald's statistic with CR2 errors against the approximate Hotelling T-squared of Zhang, *HTZ* in
Pustejovsky & Tipton 2018 (JBES 36:672, section 3.2) and in clubSandwich: the clustered covariance
is taken as a Wishart matrix whose degrees of freedom match its total variance when the fitted
model holds. With one contrast it is the square of the Satterthwaite t test.

In the coordinates of :mod:`metrics.sandwich` (M = L L', K_j the share of the information of cluster
j, u_j its adjusted score), with T = L' C' (C M C')^-1/2 and a_j = T' u_j, the covariance of the
contrasts is sum a_j a_j', and Cov(a_i, a_j) = [i = j] D_i - E_i E_j' with D = T' B K B T,
E = T' B K and B = (I - K)^-1/2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import fdtrc

from metrics.estimate import NotEstimable, Test
from metrics.sandwich import LOADING

if TYPE_CHECKING:
    from metrics.clusters import Clusters
    from metrics.regression import Fit

TOO_FEW = NotEstimable("There are too few officers to test these together.")


class Joint(NamedTuple):
    """An F test of ``contrasts`` contrasts at once; ``df`` is that of the denominator."""

    statistic: float
    contrasts: int
    df: float
    p_value: float

    @property
    def test(self) -> Test:
        """The same as a :class:`Test`, its method in words."""
        return Test(
            self.statistic,
            self.p_value,
            f"approximate Hotelling test (CR2, F with {self.contrasts} and {self.df:.1f}"
            " degrees of freedom)",
        )


def joint_test(fitted: Fit, contrasts: np.ndarray) -> Joint | NotEstimable:
    """Test that ``contrasts`` (q x p) times the coefficients are all 0.

    Returns :class:`NotEstimable` where one officer alone decides a contrast, or where officers are
    too few for q contrasts.

    Raises:
        ValueError: the fit's errors are not CR2, or there is no contrast, one of another length, or
            one that repeats the others.
    """
    clusters = fitted.errors.clusters
    if clusters is None or fitted.error != "CR2":
        raise ValueError("a joint test needs CR2 errors")
    c = np.atleast_2d(np.asarray(contrasts, dtype=float))
    if not c.size or c.shape[1] != len(fitted.names):
        raise ValueError("contrasts must be a q x p matrix with at least one row")
    q = len(c)
    half = fitted.errors.root.T @ c.T
    size, axes = np.linalg.eigh(half.T @ half)
    if size[0] <= 1e-12 * size[-1]:
        raise ValueError("the contrasts must not repeat one another")
    t = half @ (axes / np.sqrt(size))
    null = fitted.errors.null
    if len(null) and np.abs(null @ t).max() > LOADING:
        return NotEstimable(
            "One officer's contacts alone decide one of these, so they are untested."
        )
    eta = _wishart_df(clusters, t)
    if eta is None or eta - q + 1 < 1:
        return TOO_FEW
    values = c @ fitted.beta
    try:
        factor = cho_factor(c @ fitted.covariance @ c.T)
    except LinAlgError:
        return TOO_FEW
    wald = float(values @ cho_solve(factor, values))
    df = eta - q + 1
    statistic = df / (eta * q) * wald
    return Joint(statistic, q, df, float(fdtrc(q, df, statistic)))


def _wishart_df(clusters: Clusters, t: np.ndarray) -> float | None:
    """Return q(q + 1) over the summed variances of the entries of sum a_j a_j' (t is p x q)."""
    p, q = t.shape
    span = clusters.span(t)  # B t and K B t, each J x p x q
    e = np.swapaxes(span.right, 1, 2)
    d = np.matmul(e, span.left)
    ee = np.matmul(e, span.right)
    trace_d, trace_e = np.trace(d, axis1=1, axis2=2), np.trace(ee, axis1=1, axis2=2)
    flat = e.reshape(len(e), q * p)
    gram = (flat.T @ flat).reshape(q, p, q, p)
    # The two sums over pairs of clusters, of (tr c)^2 and of tr(c c), c = Cov(a_i, a_j).
    squares = trace_d @ trace_d - 2 * trace_d @ trace_e + np.sum(gram**2)
    crossed = np.sum(d**2) - 2 * np.sum(d * ee) + np.sum(gram * gram.transpose(0, 3, 2, 1))
    total = float(squares + crossed)
    return q * (q + 1) / total if total > 0 else None
