"""Risks of a logistic regression with officer intercepts, averaged over contacts and intercepts.

They are population-averaged, as the headline's are; the coefficients of :mod:`metrics.mixed` are
officer-specific (Zeger, Liang & Albert 1988, Biometrics 44:1049).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from metrics._products import times, weighted_sum
from metrics._student import tail
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested, exponent
from metrics.mixed import MixedFit
from metrics.standardisation import Contrast, mover

AVERAGING_POINTS = 61
"""Nodes over which risks are averaged: there is no officer to centre them at."""


@dataclass(frozen=True, eq=False)
class Averaged:
    """Population-averaged risks (0 to 1) with (1) and without (0) the exposure, and contrasts.

    ``risk1`` and ``risk0`` carry logit-scale limits; ``risk_difference`` MOVER limits, as the
    headline; ``risk_ratio`` and ``odds_ratio`` (both marginal) limits on the log scale.
    ``difference`` and ``log_risk_ratio`` carry delta-method errors, normal.
    """

    exposure: str
    level: float
    risk1: Estimate
    risk0: Estimate
    risk_difference: Estimated
    risk_ratio: Estimate
    odds_ratio: Estimate
    test: Tested
    difference: Contrast
    log_risk_ratio: Contrast
    log_odds_ratio: Contrast


def averaged(fitted: MixedFit, exposure: str, level: float = 0.95) -> Averaged | NotEstimable:
    """Standardise a mixed fit's risks over its contacts and over the officers' intercepts.

    Each contact's risk with the exposure set to 1 and to 0 is averaged over the normal
    intercepts, then over the contacts (as :func:`metrics.regression.standardise` without
    intercepts). Errors are by the delta method, of coefficients and spread together.

    Raises:
        ValueError: the exposure is not a 0/1 term of the fit.
    """
    cells, design = fitted.cells, fitted.design
    values = cells.arms(exposure)
    if isinstance(values, NotEstimable):
        return values
    weight = cells.totals()[1] / fitted.n
    beta = np.array(list(fitted.coefficients.values()))
    found = []
    for value in (1.0, 0.0):
        rows, dropped = design.rows(cells, {exposure: value})
        if not np.allclose(dropped, rows @ design.dependence, rtol=1e-6, atol=1e-6):
            return NotEstimable(
                "The exposure always goes together with another covariate, so their effects "
                "cannot be told apart."
            )
        mean, slope, bend = _average(times(rows, beta), fitted.sd)
        gradient = weighted_sum(weight * slope, rows)
        if not fitted.boundary:
            gradient = np.append(gradient, fitted.sd * float(weight @ bend))
        found.append((float(weight @ mean), gradient))
    (p1, g1), (p0, g0) = found
    if not (0 < p1 < 1 and 0 < p0 < 1):
        return NotEstimable("The fitted risk of one arm is 0 or 100% to rounding.")

    def contrast(estimate: float, gradient: np.ndarray) -> Contrast:
        return Contrast(estimate, float(gradient @ fitted.covariance @ gradient) ** 0.5, np.inf)

    def risk(p: float, gradient: np.ndarray) -> Estimate:
        odds = contrast(float(logit(p)), gradient / (p * (1 - p))).interval(level)
        return Estimate(p, float(expit(odds.low)), float(expit(odds.high)))

    difference = contrast(p1 - p0, g1 - g0)
    log_rr = contrast(float(np.log(p1 / p0)), g1 / p1 - g0 / p0)
    log_or = contrast(float(logit(p1) - logit(p0)), g1 / (p1 * (1 - p1)) - g0 / (p0 * (1 - p0)))
    covariance = float(g1 @ fitted.covariance @ g0)
    spread = contrast(p1, g1).se * contrast(p0, g0).se
    risk1, risk0 = risk(p1, g1), risk(p0, g0)
    statistic = log_rr.estimate / log_rr.se
    return Averaged(
        exposure=exposure,
        level=level,
        risk1=risk1,
        risk0=risk0,
        risk_difference=mover(risk1, risk0, float(np.clip(covariance / spread, -1, 1))),
        risk_ratio=exponent(log_rr.interval(level)),
        odds_ratio=exponent(log_or.interval(level)),
        test=Test(
            statistic,
            tail(statistic, np.inf),
            "Wald test on the log risk ratio averaged over officers (mixed model, normal)",
        ),
        difference=difference,
        log_risk_ratio=log_rr,
        log_odds_ratio=log_or,
    )


def _average(eta: np.ndarray, sd: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return E mu, E v and E u v at eta + sd u, u standard normal (each P)."""
    if not sd:
        mu = expit(eta)
        return mu, mu * (1 - mu), np.zeros_like(mu)
    mean, slope, bend = np.zeros_like(eta), np.zeros_like(eta), np.zeros_like(eta)
    for node, weight in zip(*np.polynomial.hermite.hermgauss(AVERAGING_POINTS), strict=True):
        u, share = 2**0.5 * node, weight / np.pi**0.5
        mu = expit(eta + sd * u)
        v = share * mu * (1 - mu)
        mean += share * mu
        slope += v
        bend += u * v
    return mean, slope, bend
