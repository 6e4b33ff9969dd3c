"""Adjusting p values for the number of questions asked, as R's p.adjust does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Return Holm's step-down adjusted p values, in the order given (Holm 1979, SJS 6:65).

    They control the chance of any false finding. Leave out outcomes that could not be estimated:
    the number of values given is the number of tests.

    Raises:
        ValueError: a value is missing or outside 0 to 1.
    """
    values, order = _ordered(p)
    m = len(values)
    stepped = np.maximum.accumulate((m - np.arange(m)) * values[order])
    return _restored(stepped, order)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return Benjamini-Hochberg adjusted p values, in the order given (1995, JRSS B 57:289).

    They control the expected share of false findings among the findings.

    Raises:
        ValueError: a value is missing or outside 0 to 1.
    """
    values, order = _ordered(p)
    m = len(values)
    scaled = m / np.arange(1, m + 1) * values[order]
    return _restored(np.minimum.accumulate(scaled[::-1])[::-1], order)


def _ordered(p: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    values = np.array([np.nan if value is None else value for value in p], dtype=float)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError("p values must lie between 0 and 1; leave out what was not estimable")
    return values, np.argsort(values, kind="stable")


def _restored(adjusted: np.ndarray, order: np.ndarray) -> list[float]:
    result = np.empty(len(order))
    result[order] = np.minimum(adjusted, 1.0)
    return [float(value) for value in result]
