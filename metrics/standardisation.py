"""Risks standardised over the observed contacts (g-computation) from a fitted regression.

Every contact's fitted risk is computed twice, with the exposure set to 1 and to 0, and averaged
over the same contacts: Greenland 2004, Am J Epidemiol 160:301; Localio, Margolis & Berlin 2007,
J Clin Epidemiol 60:874. Errors are by the delta method with the covariates held fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import expit, logit

from metrics._products import times, weighted_sum
from metrics._student import quantile, tail
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested, exponent
from metrics.newton import mean_variance

if TYPE_CHECKING:
    from metrics.regression import Fit


class Contrast(NamedTuple):
    """An estimate with the standard error and degrees of freedom of its own gradient."""

    estimate: float
    se: float
    df: float

    def interval(self, level: float = 0.95) -> Estimate:
        """Return the symmetric t interval."""
        reach = quantile(self.df, level) * self.se
        return Estimate(self.estimate, self.estimate - reach, self.estimate + reach)


@dataclass(frozen=True, eq=False)
class Standardised:
    """Standardised risks (0 to 1) with the exposure (1) and without (0), and their contrasts.

    ``risk1`` and ``risk0`` carry logit-scale t limits; ``risk_difference`` MOVER limits;
    ``risk_ratio`` and ``odds_ratio`` t limits on the log scale. ``risk_difference_wald`` is the
    symmetric delta-method interval: with unequal arms its misses fall in one tail. ``test`` is
    the t test on the log risk ratio. ``difference``, ``log_risk_ratio`` and ``log_odds_ratio``
    carry standard errors and Satterthwaite degrees of freedom. ``correlation`` is that of the
    two risks. ``contacts1``, ``events1`` and so on are the observed counts of each arm.
    """

    exposure: str
    level: float
    risk1: Estimated
    risk0: Estimated
    risk_difference: Estimated
    risk_difference_wald: Estimated
    risk_ratio: Estimated
    odds_ratio: Estimated
    test: Tested
    difference: Contrast | NotEstimable
    log_risk_ratio: Contrast | NotEstimable
    log_odds_ratio: Contrast | NotEstimable
    correlation: float
    contacts1: int
    contacts0: int
    events1: int
    events0: int
    margins: Margins


class Margins(NamedTuple):
    """The two standardised risks and their gradients (p), before any interval.

    ``contribution1`` and ``contribution0`` (P) are each pattern's fitted risks in the two arms.
    """

    risk1: float
    risk0: float
    gradient1: np.ndarray
    gradient0: np.ndarray
    contribution1: np.ndarray
    contribution0: np.ndarray


def standardise(fitted: Fit, exposure: str, level: float = 0.95) -> Standardised | NotEstimable:
    """Standardise a fit's risks over its own contacts, each counted once.

    The interval of the risk difference is MOVER (Zou & Donner 2008, Stat Med 27:1693; Newcombe
    1998, Stat Med 17:873, method 10) on the logit-scale limits of the two standardised risks
    with their correlation. Those limits take the degrees of freedom of the difference; the
    intervals shown for each arm take the arm's own.

    Args:
        fitted: any family and any errors.
        exposure: a 0/1 or true/false column among the terms of the fit.
        level: confidence level.

    Returns:
        :class:`Standardised`, or :class:`NotEstimable` when the exposure does not vary or cannot
        be told apart from the covariates. A field is ``NotEstimable`` where only it fails.

    Raises:
        ValueError: the exposure is not a term of the fit or holds other values than 0 and 1.
    """
    margins = margins_of(fitted, exposure)
    if isinstance(margins, NotEstimable):
        return margins
    p1, p0, g1, g0 = margins[:4]
    arm1 = fitted.cells.values(exposure) == 1
    events, trials = fitted.cells.totals()
    shared = fitted.errors.contrasts(np.array([g1, g0]))

    def contrast(estimate: float, *weights: float) -> Contrast | NotEstimable:
        found = shared(np.array(weights))
        return found if isinstance(found, NotEstimable) else Contrast(estimate, *found)

    difference = contrast(p1 - p0, 1, -1)
    covariance = np.array([g1, g0]) @ fitted.covariance @ np.array([g1, g0]).T
    spread = float(np.prod(np.sqrt(np.maximum(covariance.diagonal(), 0.0))))
    correlation = float(np.clip(covariance[0, 1] / spread, -1, 1)) if spread > 0 else 0.0
    rd: Estimated
    log_rr: Contrast | NotEstimable
    log_or: Contrast | NotEstimable
    if 0 < p1 < 1 and 0 < p0 < 1:
        log_rr = contrast(float(np.log(p1 / p0)), 1 / p1, -1 / p0)
        v1, v0 = p1 * (1 - p1), p0 * (1 - p0)
        log_or = contrast(float(logit(p1) - logit(p0)), 1 / v1, -1 / v0)
        odds1 = contrast(float(logit(p1)), 1 / v1, 0)
        odds0 = contrast(float(logit(p0)), 0, 1 / v0)
        risk1, risk0 = as_risk(odds1, level), as_risk(odds0, level)
        if isinstance(difference, NotEstimable):
            rd = difference
        else:
            # The arms' own degrees of freedom, each smaller, would cover 98% with few officers.
            arms = as_risk(odds1, level, difference.df), as_risk(odds0, level, difference.df)
            rd = mover(*arms, correlation)
    else:
        outside = NotEstimable("This model's standardised risk falls outside 0 to 100%.")
        rd = risk1 = risk0 = log_rr = log_or = outside
    return Standardised(
        exposure=exposure,
        level=level,
        risk1=risk1,
        risk0=risk0,
        risk_difference=rd,
        risk_difference_wald=difference
        if isinstance(difference, NotEstimable)
        else difference.interval(level),
        risk_ratio=as_ratio(log_rr, level),
        odds_ratio=as_ratio(log_or, level),
        test=_test(fitted, log_rr),
        difference=difference,
        log_risk_ratio=log_rr,
        log_odds_ratio=log_or,
        correlation=correlation,
        contacts1=int(trials[arm1].sum()),
        contacts0=int(trials[~arm1].sum()),
        events1=int(events[arm1].sum()),
        events0=int(events[~arm1].sum()),
        margins=margins,
    )


def margins_of(fitted: Fit, exposure: str) -> Margins | NotEstimable:
    """Return the standardised risks and gradients; see :func:`standardise` for the refusals."""
    cells, design = fitted.cells, fitted.design
    values = cells.arms(exposure)
    if isinstance(values, NotEstimable):
        return values
    weight = cells.totals()[1] / fitted.n
    found = []
    for value in (1.0, 0.0):
        if design.alone(cells, exposure):
            place, own = design.names.index(exposure), fitted.beta[design.names.index(exposure)]
            eta = times(design.matrix, fitted.beta) + own * (value - values)
            mean, variance = mean_variance(eta, fitted.family)
            gradient = weighted_sum(weight * variance, design.matrix)
            gradient[place] = value * float(weight @ variance)
            found.append((float(weight @ mean), gradient, mean))
            continue
        rows, dropped = design.rows(cells, {exposure: value})
        # A dropped column is a fixed mixture of kept ones in the data; where setting the exposure
        # breaks the mixture, the data cannot say what the risk would be.
        if not np.allclose(dropped, rows @ design.dependence, rtol=1e-6, atol=1e-6):
            return NotEstimable(
                "The exposure always goes together with another covariate, so their effects "
                "cannot be told apart."
            )
        mean, variance = mean_variance(times(rows, fitted.beta), fitted.family)
        found.append((float(weight @ mean), weighted_sum(weight * variance, rows), mean))
    (p1, g1, m1), (p0, g0, m0) = found
    return Margins(p1, p0, g1, g0, m1, m0)


def mover(first: Estimated, second: Estimated, correlation: float = 0.0) -> Estimated:
    """Return ``first - second`` with limits recovered from theirs (Zou & Donner 2008)."""
    if isinstance(first, NotEstimable):
        return first
    if isinstance(second, NotEstimable):
        return second
    d = first.estimate - second.estimate

    def reach(a: float, b: float) -> float:
        return ((a - b) ** 2 + 2 * (1 - correlation) * a * b) ** 0.5

    low = reach(first.estimate - first.low, second.high - second.estimate)
    high = reach(first.high - first.estimate, second.estimate - second.low)
    return Estimate(d, d - low, d + high)


def as_ratio(log: Contrast | NotEstimable, level: float = 0.95) -> Estimated:
    """Return a ratio from its logarithm, with the limits of that."""
    return log if isinstance(log, NotEstimable) else exponent(log.interval(level))


def as_risk(
    odds: Contrast | NotEstimable, level: float = 0.95, df: float | None = None
) -> Estimated:
    """Return a risk from its log odds, with the limits of those; ``df`` instead of their own."""
    if isinstance(odds, NotEstimable):
        return odds
    found, low, high = (odds if df is None else odds._replace(df=df)).interval(level)
    return Estimate(float(expit(found)), float(expit(low)), float(expit(high)))


def _test(fitted: Fit, log: Contrast | NotEstimable) -> Tested:
    if isinstance(log, NotEstimable):
        return log
    statistic = log.estimate / log.se
    kind = "normal" if np.isinf(log.df) else f"t, {log.df:.1f} df"
    return Test(
        statistic,
        tail(statistic, log.df),
        f"Wald test on the log standardised risk ratio ({fitted.error}, {kind})",
    )
