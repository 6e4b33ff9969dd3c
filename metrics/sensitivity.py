"""How strong an unmeasured difference would have to be to explain a result away."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple


class EValue(NamedTuple):
    """E-values of an estimate and of its confidence limit nearest 1, both 1 or more.

    ``limit`` is 1 when the interval holds 1, and ``None`` when no interval was given.
    """

    estimate: float
    limit: float | None


def e_value(
    estimate: float,
    low: float | None = None,
    high: float | None = None,
    measure: Literal["rr", "or"] = "rr",
) -> EValue:
    """Return the E-value of a ratio (VanderWeele & Ding 2017, Ann Intern Med 167:268).

    The smallest risk ratio that an unmeasured confounder would need with both the exposure and
    the outcome, beyond the measured covariates, to move the estimate (or its limit) to 1. Give
    the adjusted standardised risk ratio. It does not cover misclassification.

    Args:
        estimate: ratio, above 0.
        low: lower confidence limit; may be 0.
        high: upper confidence limit; may be infinite.
        measure: ``"rr"``; ``"or"`` takes the square root first, for odds ratios of common
            outcomes (risk over 15%). An odds ratio of a rare outcome is given as ``"rr"``.

    Raises:
        ValueError: a ratio that is not positive, limits that do not hold the estimate, or only
            one limit.
    """
    if measure not in ("rr", "or"):
        raise ValueError(f"unknown measure {measure!r}")
    if not (0 < estimate < math.inf):
        raise ValueError("the estimate must be a positive ratio")
    if low is None and high is None:
        return EValue(_bound(_risk_ratio(estimate, measure)), None)
    if low is None or high is None or not (0 <= low <= estimate <= high):
        raise ValueError("the limits must hold the estimate")
    nearest = low if estimate > 1 else high
    limit = 1.0 if low <= 1 <= high else _bound(_risk_ratio(nearest, measure))
    return EValue(_bound(_risk_ratio(estimate, measure)), limit)


def _risk_ratio(ratio: float, measure: str) -> float:
    return math.sqrt(ratio) if measure == "or" else ratio


def _bound(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + math.sqrt(above * (above - 1))
