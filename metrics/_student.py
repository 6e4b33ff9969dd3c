"""Quantiles and tails of Student's t, with the normal as its limit."""

from __future__ import annotations

import math

from scipy.special import ndtr, ndtri, stdtr, stdtrit


def quantile(df: float, level: float = 0.95) -> float:
    """Return the two-sided critical value of t, or of the normal for infinite ``df``."""
    return t_quantile(df, (1 + level) / 2)


def t_quantile(df: float, probability: float) -> float:
    """Return a quantile of t, or of the normal for infinite ``df``."""
    return float(ndtri(probability) if math.isinf(df) else stdtrit(df, probability))


def tail(statistic: float, df: float) -> float:
    """Return the two-sided p value of a t, or of a normal for infinite ``df``."""
    size = -abs(statistic)
    return float(2 * (ndtr(size) if math.isinf(df) else stdtr(df, size)))
