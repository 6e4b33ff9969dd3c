"""The officer permutation test: who was certified, shuffled among officers.

Valid where the exposure belongs to the officer (every officer's contacts are in one arm). Fisher 1935,
The Design of Experiments, section 21; with whole clusters exchanged, as in Gail et al. 1996, Stat Med
15:1069.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from metrics.aggregate import EXPOSURE, OFFICER
from metrics.estimate import NotEstimable, Test, Tested

if TYPE_CHECKING:
    import pandas as pd

EXACT_UP_TO = 20_000
DRAWS = 9_999
SEED = 20140523


def officer_permutation(frame: pd.DataFrame, outcome: str, fewest: int = 4) -> Tested:
    """Return the two-sided permutation p of the difference in rates.

    ``frame`` holds grouped counts with ``exposure`` (0/1), ``officer``, ``n:o`` and ``events:o``.
    All arrangements are tried up to 20,000; beyond, 9,999 draws with a fixed seed, counting the
    observed one.
    """
    n, events = f"n:{outcome}", f"events:{outcome}"
    own = (
        frame[frame[n] > 0]
        .groupby(OFFICER, observed=True)
        .agg({n: "sum", events: "sum", EXPOSURE: ["min", "max"]})
    )
    low, high = own[(EXPOSURE, "min")], own[(EXPOSURE, "max")]
    if (low != high).any():
        return NotEstimable("officers have contacts in both groups, so none can be exchanged whole")
    arm = low.to_numpy(dtype=bool)
    count, hits = own[(n, "sum")].to_numpy(float), own[(events, "sum")].to_numpy(float)
    k, total = int(arm.sum()), len(arm)
    if min(k, total - k) < fewest:
        return NotEstimable(f"fewer than {fewest} officers in a group")

    def differences(chosen: np.ndarray) -> np.ndarray:
        n1, e1 = chosen @ count, chosen @ hits
        return e1 / n1 - (hits.sum() - e1) / (count.sum() - n1)

    observed = abs(differences(arm[None, :].astype(float))[0])
    if comb(total, k) <= EXACT_UP_TO:
        chosen = np.zeros((comb(total, k), total))
        for row, picked in enumerate(combinations(range(total), k)):
            chosen[row, list(picked)] = 1
        extreme = np.abs(differences(chosen)) >= observed - 1e-12
        return Test(None, float(extreme.mean()), "officer permutation test, all arrangements")
    rng = np.random.default_rng(SEED)
    order = np.argsort(rng.random((DRAWS, total)), axis=1)[:, :k]
    chosen = np.zeros((DRAWS, total))
    np.put_along_axis(chosen, order, 1.0, axis=1)
    extreme = int((np.abs(differences(chosen)) >= observed - 1e-12).sum())
    return Test(None, (extreme + 1) / (DRAWS + 1), f"officer permutation test, {DRAWS:,} draws")
