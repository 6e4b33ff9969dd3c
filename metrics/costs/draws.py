"""Random values of effects and costs, each from a stream of its own, by inverting its distribution.

A stream is fixed by the seed and the input's name, so neither the order of the parts nor what else is
drawn changes it; and a unit cost twice as high is drawn exactly twice as high.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.random import PCG64, Generator, SeedSequence
from scipy.special import ndtri

from data.costs import Cost
from metrics.estimate import Estimate

REACH = float(ndtri(0.975))
"""Standard errors from the estimate to a 95% limit."""
TAIL = float(ndtri(0.95))
"""Standard deviations from the median to the 95th percentile."""
_OPEN = 2.0**-54


def uniform(seed: int, name: str, draws: int) -> np.ndarray:
    """Return ``draws`` values between 0 and 1, neither reached, of the stream of one input."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    values = Generator(PCG64(SeedSequence([seed, key]))).random(draws)
    return np.clip(values, _OPEN, 1 - 2 * _OPEN)


def effect_at(value: Estimate, u: np.ndarray) -> np.ndarray:
    """Return the quantiles of an effect: a normal of two pieces, one for each side of the estimate.

    Its median is the estimate and its 2.5th and 97.5th percentiles are the limits, exactly, whether the
    interval is symmetric or not.
    """
    z = ndtri(u)
    side = np.where(z < 0, value.estimate - value.low, value.high - value.estimate)
    return value.estimate + z * side / REACH


def cost_at(cost: Cost, u: np.ndarray) -> np.ndarray:
    """Return the quantiles of a cost or quantity, by its shape; see ``data.registry.costs.SHAPES``.

    Raises ``ValueError`` for a cost without a value.
    """
    if not cost.entered:
        raise ValueError(f"{cost.item} has no value to draw from")
    if cost.shape == "fixed":
        return np.full_like(u, cost.likely)
    if cost.shape == "lognormal":
        return _lognormal(cost, u)
    assert cost.low is not None and cost.likely is not None and cost.high is not None
    low, mode, high = cost.low, cost.likely, cost.high
    width = high - low
    if not width:
        return np.full_like(u, mode)
    return np.where(
        u < (mode - low) / width,
        low + np.sqrt(u * width * (mode - low)),
        high - np.sqrt((1 - u) * width * (high - mode)),
    )


def _lognormal(cost: Cost, u: np.ndarray) -> np.ndarray:
    z = ndtri(u)
    assert cost.high is not None
    if cost.low is None:
        # mean = median exp(sigma^2 / 2)
        assert cost.likely is not None
        return cost.likely * np.exp(np.sqrt(2 * np.log(cost.high / cost.likely)) * z)
    middle = np.sqrt(cost.low * cost.high) if cost.likely is None else cost.likely
    side = np.where(z < 0, np.log(middle / cost.low), np.log(cost.high / middle))
    return np.asarray(middle * np.exp(z * side / TAIL))
