"""Random-effects pooling of estimates from several agencies, districts or studies."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import chdtrc, chdtri

from metrics._counts import check_level
from metrics._student import quantile, tail
from metrics.estimate import Estimate, Interval, NotEstimable, Test, Tested

Method = Literal["hartung-knapp", "wald"]

GRID = 200
"""Points at which the restricted likelihood is scanned: it can have more than one summit."""

ONE = NotEstimable("There is only one estimate, so the spread between estimates is unknown.")


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate and how far the k estimates behind it differ.

    ``estimate``, ``se`` and ``prediction`` are in the units of the estimates (log ratios for
    ratios); ``tau2``, the variance between them, in those units squared. ``prediction`` is where
    the true value of a new place like these would lie. ``i2`` (0 to 1) is the share of the spread
    that chance does not explain, ``weights`` each estimate's share (they sum to 1), ``df`` the
    degrees of freedom of the interval (infinite for Wald).
    """

    estimate: Estimate
    se: float
    df: float
    test: Test
    prediction: Interval | NotEstimable
    tau2: float | NotEstimable
    tau2_interval: Interval | NotEstimable
    q: Tested
    i2: float | NotEstimable
    weights: tuple[float, ...]
    k: int
    method: str


def random_effects(
    estimates: Sequence[float],
    variances: Sequence[float],
    level: float = 0.95,
    method: Method = "hartung-knapp",
) -> Pooled | NotEstimable:
    """Pool k estimates, each with the square of its standard error.

    The variance between estimates is by restricted maximum likelihood (Viechtbauer 2005, J Educ
    Behav Stat 30:261), its interval by the Q profile (Viechtbauer 2007, Stat Med 26:37), I2 as
    in metafor (Higgins & Thompson 2002, Stat Med 21:1539, equation 9). ``"hartung-knapp"`` takes
    t with k - 1 degrees of freedom and an error multiplied by the root of q (Hartung & Knapp 2001,
    Stat Med 20:3875), never by less than 1 (Rover, Knapp & Friede 2015, BMC Med Res Methodol
    15:99); ``"wald"`` the normal, too narrow for few estimates. The prediction interval uses the
    same error and quantile (Higgins, Thompson & Spiegelhalter 2009, JRSS A 172:137; k - 1 degrees
    of freedom as in metafor) and needs three estimates.

    One estimate comes back as it is, with its normal interval. Not estimable without estimates,
    or when a variance is 0: that estimate claims to know its answer without error.

    Raises:
        ValueError: lengths differ, a number is not finite, a variance is negative, an unknown
            method or a level outside (0, 1).
    """
    check_level(level)
    y, v = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    if y.ndim != 1 or y.shape != v.shape:
        raise ValueError("estimates and variances must be of equal length")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v >= 0).all()):
        raise ValueError("estimates must be finite, and variances finite and 0 or more")
    if method not in ("hartung-knapp", "wald"):
        raise ValueError(f"unknown method {method!r}: use 'hartung-knapp' or 'wald'")
    k = len(y)
    if not k:
        return NotEstimable("There is no estimate to pool.")
    if not v.all():
        return NotEstimable(
            "One of the estimates has no sampling error (a variance of 0), so it cannot be "
            "weighed against the others."
        )
    if k == 1:
        return _alone(float(y[0]), math.sqrt(float(v[0])), level)
    # In units of a typical error, so that tolerances mean the same for every outcome.
    unit = math.sqrt(float(np.median(v)))
    y, v = y / unit, v / unit**2
    tau2 = _reml(y, v)
    weight = 1 / (v + tau2)
    share = weight / weight.sum()
    mean = float(share @ y)
    se, df = 1 / math.sqrt(float(weight.sum())), math.inf
    if method == "hartung-knapp":
        q = float(weight @ (y - mean) ** 2) / (k - 1)
        se, df = se * math.sqrt(max(1.0, q)), k - 1.0
    reach = quantile(df, level)
    wide = reach * math.sqrt(tau2 + se**2)
    fixed = 1 / v
    typical = (k - 1) * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    spread = _q(0.0, y, v)
    label = "REML, Hartung-Knapp" if method == "hartung-knapp" else "REML, Wald"
    return Pooled(
        estimate=Estimate(unit * mean, unit * (mean - reach * se), unit * (mean + reach * se)),
        se=unit * se,
        df=df,
        test=Test(mean / se, tail(mean / se, df), label),
        prediction=Interval(unit * (mean - wide), unit * (mean + wide))
        if k > 2
        else NotEstimable("Two estimates are too few to say where another would lie."),
        tau2=unit**2 * tau2,
        tau2_interval=_tau2_interval(y, v, level, unit),
        q=Test(spread, float(chdtrc(k - 1, spread)), "Cochran's Q"),
        i2=float(tau2 / (tau2 + typical)),
        weights=tuple(share.tolist()),
        k=k,
        method=label,
    )


def _alone(value: float, se: float, level: float) -> Pooled:
    reach = quantile(math.inf, level) * se
    label = "one estimate, nothing to pool"
    return Pooled(
        estimate=Estimate(value, value - reach, value + reach),
        se=se,
        df=math.inf,
        test=Test(value / se, tail(value / se, math.inf), label),
        prediction=ONE,
        tau2=ONE,
        tau2_interval=ONE,
        q=ONE,
        i2=ONE,
        weights=(1.0,),
        k=1,
        method=label,
    )


def _q(tau2: float, y: np.ndarray, v: np.ndarray) -> float:
    """Return the weighted sum of squares about the weighted mean, falling in ``tau2``."""
    weight = 1 / (v + tau2)
    return float(weight @ (y - weight @ y / weight.sum()) ** 2)


def _reml(y: np.ndarray, v: np.ndarray) -> float:
    """Return the variance between estimates of highest restricted likelihood, 0 or more."""

    def slope(tau2: float) -> float:
        # Twice the derivative of the restricted log-likelihood.
        weight = 1 / (v + tau2)
        total = weight.sum()
        mean = weight @ y / total
        return float(weight**2 @ (y - mean) ** 2 - total + (weight**2).sum() / total)

    def likelihood(tau2: float) -> float:
        weight = 1 / (v + tau2)
        return float(np.log(weight).sum() - np.log(weight.sum()) - _q(tau2, y, v)) / 2

    top = 1.0 + float(np.ptp(y)) ** 2 + float(v.max())
    while slope(top) > 0:
        top *= 4
    points = [0.0, *np.geomspace(float(v.min()) * 1e-6, top, GRID).tolist()]
    slopes = [slope(point) for point in points]
    summits = [0.0] if slopes[0] <= 0 else []
    for place in range(len(points) - 1):
        if slopes[place] > 0 >= slopes[place + 1]:
            summits.append(_root(slope, points[place], points[place + 1]))
    return max(summits, key=likelihood)


def _tau2_interval(
    y: np.ndarray, v: np.ndarray, level: float, unit: float
) -> Interval | NotEstimable:
    df, spread = len(y) - 1, _q(0.0, y, v)

    def limit(probability: float) -> float | None:
        goal = float(chdtri(df, probability))
        if spread <= goal:
            return None
        top = 1.0
        while _q(top, y, v) > goal:
            top *= 4
        return unit**2 * _root(lambda tau2: _q(tau2, y, v) - goal, 0.0, top)

    low, high = limit((1 - level) / 2), limit((1 + level) / 2)
    if high is None:
        return NotEstimable(
            "The estimates agree more closely than chance alone makes likely, so no range of "
            "true spread fits them."
        )
    return Interval(low or 0.0, high)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq  # slow to import, and many pages never need it

    return float(brentq(function, low, high, xtol=1e-14, rtol=1e-13))
