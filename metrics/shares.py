"""A share of what was counted, and quantiles of values that are counted rather than listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metrics import proportions
from metrics.estimate import Estimated


class Share(NamedTuple):
    """``events`` of ``n``; ``unknown`` could not be judged and are in neither."""

    events: int
    n: int
    unknown: int = 0

    @property
    def rate(self) -> Estimated:
        """The proportion, 0 to 1, with its Wilson interval; not estimable of nothing."""
        return proportions.wilson(self.events, self.n)

    @property
    def value(self) -> float | None:
        """The proportion, or None of nothing."""
        return self.events / self.n if self.n else None


def quantile(values: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Return a quantile of values that occur several times each, or None of nothing.

    Interpolates between the two nearest of all values written out (Hyndman & Fan 1996, Am Stat 50:361,
    type 7; numpy's and R's default). The values may come in any order; the share is within 0 to 1.
    """
    order = np.argsort(np.asarray(values), kind="stable")
    value = np.asarray(values, dtype=float)[order]
    reached = np.asarray(counts, dtype=np.int64)[order].cumsum()
    if not len(reached) or not reached[-1]:
        return None
    place = share * (int(reached[-1]) - 1)
    below = int(place)
    low, high = (
        float(value[int(np.searchsorted(reached, at, side="right"))])
        for at in (below, min(below + 1, int(reached[-1]) - 1))
    )
    return low + (high - low) * (place - below)
