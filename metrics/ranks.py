"""Rank tests of an ordered outcome (level of force, severity of injury), from counts by level.

``counts1`` and ``counts0`` hold the contacts of arm 1 (CIT) and arm 0 (the others) at each of the
same K levels, lowest first. Counts are enough: contacts at one level share a rank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metrics._counts import NO_CONTACTS_ARM, check_level, check_whole
from metrics._student import quantile, tail
from metrics.estimate import Estimate, NotEstimable


@dataclass(frozen=True)
class BrunnerMunzel:
    """Brunner and Munzel's test; ``superiority`` is a probability (0 to 1).

    It is the chance that a contact of arm 1 has the lower level of two drawn at random, one from
    each arm, with ties counted half: .5 means neither arm tends to lower levels.
    """

    statistic: float
    df: float
    p_value: float
    superiority: Estimate
    method: str = "Brunner-Munzel test"


@dataclass(frozen=True)
class RankSum:
    """Wilcoxon's rank-sum test with midranks and the variance corrected for ties.

    ``w`` counts the pairs in which arm 1 has the higher level, ties half (R's W); ``higher`` is
    its share of all pairs; ``statistic`` the normal deviate, negative where arm 1 is lower.
    """

    w: float
    higher: float
    statistic: float
    p_value: float
    method: str


def brunner_munzel(
    counts1: Sequence[int], counts0: Sequence[int], level: float = 0.95
) -> BrunnerMunzel | NotEstimable:
    """Test whether one arm tends to higher levels, without assuming equal spread.

    Brunner & Munzel 2000, Biometrical Journal 42:17, with t and its degrees of freedom. The
    interval is cut at 0 and 1. Contacts are taken as independent: it ignores that officers handle
    many contacts. Not estimable with fewer than two contacts in an arm, when no level is shared
    by the two arms' ranges, or when every contact has the same level.

    Raises:
        ValueError: lists of unequal length, counts that are not whole or negative, or a level
            outside (0, 1).
    """
    y1, y0 = _counts(counts1, counts0)
    check_level(level)
    n1, n0 = float(y1.sum()), float(y0.sum())
    if not n1 or not n0:
        return NO_CONTACTS_ARM
    if min(n1, n0) < 2:
        return NotEstimable("One of the two groups has a single contact, which shows no spread.")
    # A contact's place in the other arm, 0 to 1, ties half.
    place1 = (np.cumsum(y0) - y0 / 2) / n0
    place0 = (np.cumsum(y1) - y1 / 2) / n1
    lower = float(y0 @ place0) / n0
    spread1 = float(y1 @ (place1 - (1 - lower)) ** 2) / (n1 - 1) / n1
    spread0 = float(y0 @ (place0 - lower) ** 2) / (n0 - 1) / n0
    variance = spread1 + spread0
    # Places are exact in halves, so the same place is found without a tolerance.
    if not (np.ptp(place1[y1 > 0]) or np.ptp(place0[y0 > 0])):
        if len(np.flatnonzero(y1 + y0)) == 1:
            return NotEstimable("Every contact in both groups has the same level.")
        return NotEstimable(
            "The levels of the two groups do not overlap, so the test has no error to go by."
        )
    df = variance**2 / (spread1**2 / (n1 - 1) + spread0**2 / (n0 - 1))
    statistic = (lower - 0.5) / math.sqrt(variance)
    reach = quantile(df, level) * math.sqrt(variance)
    return BrunnerMunzel(
        statistic=statistic,
        df=df,
        p_value=tail(statistic, df),
        superiority=Estimate(lower, max(lower - reach, 0.0), min(lower + reach, 1.0)),
    )


def rank_sum(
    counts1: Sequence[int], counts0: Sequence[int], continuity: bool = False
) -> RankSum | NotEstimable:
    """Compare levels by Wilcoxon's rank-sum test in its normal form with ties.

    Lehmann 1975, *Nonparametrics*, section 1.4; R's ``wilcox.test(exact=FALSE)``, with
    ``correct=continuity``. It tests that the two arms have one and the same distribution; the
    contacts are taken as independent. Not estimable when an arm is empty or every contact has the
    same level.

    Raises:
        ValueError: lists of unequal length, or counts that are not whole or negative.
    """
    y1, y0 = _counts(counts1, counts0)
    n1, n0 = float(y1.sum()), float(y0.sum())
    if not n1 or not n0:
        return NO_CONTACTS_ARM
    both = y1 + y0
    n = n1 + n0
    if both.max() == n:
        return NotEstimable("Every contact in both groups has the same level.")
    w = float(y1 @ (np.cumsum(y0) - y0 / 2))
    ties = float((both**3 - both).sum()) / (n * (n - 1))
    sigma = math.sqrt(n1 * n0 / 12 * (n + 1 - ties))
    gap = w - n1 * n0 / 2
    if continuity:
        gap = math.copysign(max(abs(gap) - 0.5, 0.0), gap)
    return RankSum(
        w=w,
        higher=w / (n1 * n0),
        statistic=gap / sigma,
        p_value=tail(gap / sigma, math.inf),
        method="Wilcoxon rank-sum test" + (" (continuity corrected)" if continuity else ""),
    )


def _counts(counts1: Sequence[int], counts0: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    if len(counts1) != len(counts0) or not len(counts1):
        raise ValueError("both arms must have a count for each of the same levels")
    y1 = np.array([check_whole("a count", value) for value in counts1], dtype=float)
    y0 = np.array([check_whole("a count", value) for value in counts0], dtype=float)
    return y1, y0
