"""What a comparison of this size can and cannot detect.

The two-proportion formulas are those of R's power.prop.test (Fleiss, Levin & Paik 2003,
*Statistical Methods for Rates and Proportions*, 3rd ed., section 4.4, without the continuity
correction); for a finished analysis :func:`detectable_from_se` is the better answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from scipy.special import ndtr, ndtri

from metrics._student import quantile, t_quantile
from metrics.estimate import NotEstimable


class Detectable(NamedTuple):
    """The smallest fall and rise from a baseline risk that a comparison would usually detect.

    Both are positive differences of risks (0 to 1), or say why none is detectable.
    """

    decrease: float | NotEstimable
    increase: float | NotEstimable


def sample_size(p1: float, p2: float, power: float = 0.8, alpha: float = 0.05) -> float:
    """Return the contacts needed in each arm to tell risk ``p1`` from ``p2``, two-sided.

    As R's power.prop.test: not rounded up, and before any design effect for officers.

    Raises:
        ValueError: the risks are equal or outside 0 to 1, or power or alpha is not inside 0 to 1.
    """
    _check(power, alpha)
    if not (0 <= p1 <= 1 and 0 <= p2 <= 1) or p1 == p2:
        raise ValueError("p1 and p2 must be two different risks between 0 and 1")
    spread0 = (p1 + p2) * (1 - (p1 + p2) / 2)
    spread1 = p1 * (1 - p1) + p2 * (1 - p2)
    reach = quantile(float("inf"), 1 - alpha) * spread0**0.5 + float(ndtri(power)) * spread1**0.5
    return float((reach / (p1 - p2)) ** 2)


def detectable_difference(
    n1: float,
    n2: float,
    baseline: float,
    deff: float = 1.0,
    power: float = 0.8,
    alpha: float = 0.05,
) -> Detectable:
    """Return the smallest change from ``baseline`` that ``n1`` against ``n2`` contacts detect.

    Args:
        n1: contacts in the arm that may differ.
        n2: contacts in the arm with the baseline risk.
        baseline: risk in the second arm, 0 to 1.
        deff: design effect of officers handling many contacts; both arms are divided by it.
        power: chance of detecting the change.
        alpha: two-sided level.

    Raises:
        ValueError: an arm without contacts, a baseline outside 0 to 1, a design effect that is
            not positive, or power or alpha not inside 0 to 1.
    """
    _check(power, alpha)
    if not (n1 > 0 and n2 > 0 and deff > 0 and 0 <= baseline <= 1):
        raise ValueError("contacts and design effect must be positive and the baseline a risk")
    critical = quantile(float("inf"), 1 - alpha)
    m1, m2 = n1 / deff, n2 / deff

    def reached(p1: float) -> bool:
        pooled = (m1 * p1 + m2 * baseline) / (m1 + m2)
        null = (pooled * (1 - pooled) * (1 / m1 + 1 / m2)) ** 0.5
        error = (p1 * (1 - p1) / m1 + baseline * (1 - baseline) / m2) ** 0.5
        excess = abs(p1 - baseline) - critical * null
        if error == 0:
            return excess > 0
        return float(ndtr(excess / error)) >= power

    return Detectable(_search(reached, baseline, 0.0), _search(reached, baseline, 1.0))


def detectable_from_se(se: float, df: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the smallest detectable difference, (t[1-alpha/2] + t[power]) x SE, in SE's units.

    Bloom 1995 (Evaluation Review 19:547) with the t quantiles of ``df``; use the error and
    degrees of freedom of the contrast itself and alpha at its multiplicity-adjusted level.

    Raises:
        ValueError: an error or degrees of freedom that are not positive, or power or alpha not
            inside 0 to 1.
    """
    _check(power, alpha)
    if not (se > 0 and df > 0):
        raise ValueError("the standard error and degrees of freedom must be positive")
    return (quantile(df, 1 - alpha) + t_quantile(df, power)) * se


def _check(power: float, alpha: float) -> None:
    if not (0 < power < 1 and 0 < alpha < 1):
        raise ValueError("power and alpha must lie between 0 and 1")


def _search(reached: Callable[[float], bool], baseline: float, end: float) -> float | NotEstimable:
    if baseline == end or not reached(end):
        return NotEstimable("No change in this direction is large enough to be detected.")
    near, far = baseline, end
    for _ in range(100):
        middle = (near + far) / 2
        near, far = (near, middle) if reached(middle) else (middle, far)
    return abs(far - baseline)
