"""The small frozen values every statistic returns.

A result is an :class:`Estimate`, a :class:`Test` or a :class:`NotEstimable`; what cannot be
estimated says why and never turns into 0, NaN or an invented bound.
"""

from __future__ import annotations

from typing import NamedTuple, overload

import numpy as np


class Interval(NamedTuple):
    """Confidence limits, in the units of the estimate they belong to. ``inf`` is a real limit."""

    low: float
    high: float


class Estimate(NamedTuple):
    """A point estimate with its confidence limits, all in the same units."""

    estimate: float
    low: float
    high: float


class Test(NamedTuple):
    """A test statistic, its two-sided p value and the plain name of the method."""

    statistic: float | None
    p_value: float
    method: str


# Not a class of tests, whatever its name says to pytest.
Test.__test__ = False  # type: ignore[attr-defined]


class NotEstimable(NamedTuple):
    """What could not be computed, and the reason in words a reader can act on."""

    reason: str

    @property
    def estimate(self) -> None:
        """Always ``None``: there is no number to show."""
        return

    @property
    def low(self) -> None:
        """Always ``None``."""
        return

    @property
    def high(self) -> None:
        """Always ``None``."""
        return


Estimated = Estimate | NotEstimable
Tested = Test | NotEstimable


@overload
def exponent(log: Estimate) -> Estimate: ...
@overload
def exponent(log: NotEstimable) -> NotEstimable: ...
@overload
def exponent(log: Estimated) -> Estimated: ...
def exponent(log: Estimated) -> Estimated:
    """Return a ratio and its limits from those of its logarithm."""
    if isinstance(log, NotEstimable):
        return log
    with np.errstate(over="ignore"):  # an infinite limit is a real limit
        return Estimate(*(float(value) for value in np.exp(log)))
