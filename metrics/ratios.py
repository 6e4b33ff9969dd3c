"""Ratios of two arms: risk ratio, odds ratio and rate ratio, with their intervals.

Arm 1 is CIT, arm 2 the others; a ratio is arm 1 over arm 2, without units. A ratio whose
denominator has no events is not made up: it is :class:`NotEstimable`.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from scipy import special

from metrics import exact
from metrics._counts import (
    ALL_EVENTS,
    NO_CONTACTS_ARM,
    NO_EVENTS,
    check_arms,
    check_level,
    check_size,
    check_whole,
    critical,
    monotone_root,
)
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested

NONE_TO_DIVIDE_BY = NotEstimable(
    "No contact in the comparison group had this outcome, so there is nothing to divide by."
)
NO_UPPER_ODDS = NotEstimable(
    "One group always, or the other never, had this outcome, so the odds ratio has no upper limit."
)
ZERO_CELL = NotEstimable(
    "One group never or always had this outcome, so this large-sample interval does not exist."
)


class RateRatio(NamedTuple):
    """A rate ratio (no units) and the exact test that the two rates are equal."""

    ratio: Estimated
    test: Tested


def risk_ratio(
    e1: int,
    n1: int,
    e2: int,
    n2: int,
    method: Literal["score", "katz"] = "score",
    level: float = 0.95,
) -> Estimated:
    """Return the risk ratio (e1/n1) / (e2/n2) with its confidence limits.

    ``"score"`` inverts the score test (Koopman 1984, Biometrics 40:513) and holds for rare
    outcomes: with e1 = 0 the estimate and lower limit are 0 and the upper limit is finite.
    ``"katz"`` is the Wald interval of the log ratio (Katz et al. 1978, Biometrics 34:469) and
    needs events in both arms. Not estimable: an empty arm, or no events in arm 2.
    Raises ``ValueError`` for counts that are not whole, negative or more events than contacts,
    for an unknown method and for a level outside (0, 1).
    """
    e1, n1, e2, n2 = check_arms(e1, n1, e2, n2)
    z = critical(level)
    if method not in ("score", "katz"):
        raise ValueError(f"unknown method {method!r}: use 'score' or 'katz'")
    if not n1 or not n2:
        return NO_CONTACTS_ARM
    if not e1 + e2:
        return NO_EVENTS
    if not e2:
        return NONE_TO_DIVIDE_BY
    ratio = (e1 * n2) / (n1 * e2)
    if method == "katz":
        if not e1:
            return ZERO_CELL
        if e1 == n1 and e2 == n2:
            return ALL_EVENTS
        width = z * math.sqrt((n1 - e1) / (n1 * e1) + (n2 - e2) / (n2 * e2))
        return Estimate(ratio, ratio * math.exp(-width), ratio * math.exp(width))
    high = _koopman_limit(e1, n1, e2, n2, z, upper=True)
    low = _koopman_limit(e1, n1, e2, n2, z, upper=False) if e1 else 0.0
    return Estimate(ratio, min(low, ratio), max(high, ratio))


def _koopman_limit(e1: int, n1: int, e2: int, n2: int, z: float, upper: bool) -> float:
    """Return one limit: where the score statistic of a ratio reaches z."""
    p1, p2 = e1 / n1, e2 / n2
    y1, y2 = n1 - e1, n2 - e2
    goal = z * z / (1 + z * z)

    def excess(log_ratio: float) -> float:
        # The statistic d^2/V as d^2/(d^2 + V), which stays in [0, 1] where V vanishes. Its
        # constrained rates solve a quadratic; written as sums of non-negative terms (the
        # discriminant is (a - b)^2 + 4 r y1 y2) nothing cancels, however rare the outcome.
        r = math.exp(log_ratio)
        a, b = r * (n1 + e2), float(n2 + e1)
        root = math.sqrt((a - b) ** 2 + 4 * r * y1 * y2)
        scale = a + b + root
        t2 = 2 * (e1 + e2) / scale
        big = root + abs(a - b)
        small = 4 * r * y1 * y2 / big if big else 0.0
        rise, fall = (big, small) if a > b else (small, big)
        q2, q1 = (rise + 2 * y2) / scale, (fall + 2 * r * y1) / scale
        d = p1 - r * p2
        if d >= 0 if upper else d <= 0:
            return -goal  # on the other side of the estimate the statistic rises again
        v = r * t2 * q1 / n1 + r * r * t2 * q2 / n2
        return d * d / (d * d + v) - goal

    start = math.log(p1 / p2) if e1 else math.log(n2 / (n1 * e2))
    step = z * math.sqrt(1 / max(e1, 1) + 1 / e2) / 2
    if upper:
        return math.exp(monotone_root(excess, start + step, step / 4))
    return math.exp(monotone_root(excess, start - step, step / 4, sign=-1))


def odds_ratio(
    e1: int,
    n1: int,
    e2: int,
    n2: int,
    method: Literal["conditional", "woolf"] = "conditional",
    level: float = 0.95,
) -> Estimated:
    """Return the odds ratio of e1 in n1 against e2 in n2 with its confidence limits.

    ``"conditional"`` is the conditional maximum likelihood estimate with exact tail limits
    (Cornfield 1956, Proc 3rd Berkeley Symp 4:135), as in R's ``fisher.test`` but to full
    precision; at 0 it keeps a finite upper limit. ``"woolf"`` is the sample odds ratio with the
    Wald interval of its log (Woolf 1955, Ann Hum Genet 19:251) and needs four non-zero cells.
    Not estimable: an empty arm, the outcome in none or all of the contacts, or no upper limit.
    Raises ``ValueError`` as :func:`risk_ratio` does.
    """
    e1, n1, e2, n2 = check_arms(e1, n1, e2, n2)
    z = critical(level)
    if method not in ("conditional", "woolf"):
        raise ValueError(f"unknown method {method!r}: use 'conditional' or 'woolf'")
    if not n1 or not n2:
        return NO_CONTACTS_ARM
    if not e1 + e2:
        return NO_EVENTS
    if e1 + e2 == n1 + n2:
        return ALL_EVENTS
    if method == "woolf":
        cells = (e1, n1 - e1, e2, n2 - e2)
        if not all(cells):
            return ZERO_CELL
        ratio = (cells[0] * cells[3]) / (cells[1] * cells[2])
        width = z * math.sqrt(sum(1 / cell for cell in cells))
        return Estimate(ratio, ratio * math.exp(-width), ratio * math.exp(width))
    if e1 == min(n1, e1 + e2):
        return NO_UPPER_ODDS
    return Estimate(*exact.conditional_odds_ratio(e1, n1, e2, n2, level))


def rate_ratio(e1: int, t1: float, e2: int, t2: float, level: float = 0.95) -> RateRatio:
    """Return the ratio of two Poisson rates, (e1/t1) / (e2/t2), with exact limits and test.

    ``t1`` and ``t2`` are exposures in one unit (contacts, hours, person-years) and need not be
    whole. Given all events, those of arm 1 are binomial: the test is the exact binomial test
    (two-sided by outcomes no likelier), the limits Clopper-Pearson's on the rate ratio scale.
    Przyborowski & Wilenski 1940, Biometrika 31:313; R's ``poisson.test``.
    With e1 = 0 the estimate and lower limit are 0. Not estimable: no exposure in an arm, no
    events; with none in arm 2 the ratio only. Raises ``ValueError`` for events that are not whole
    or negative, exposures negative or not finite, and a level outside (0, 1).
    """
    e1, e2 = check_whole("e1", e1), check_whole("e2", e2)
    t1, t2 = check_size("t1", t1), check_size("t2", t2)
    tail = (1 - check_level(level)) / 2
    if not t1 or not t2:
        return RateRatio(NO_CONTACTS_ARM, NO_CONTACTS_ARM)
    if not e1 + e2:
        return RateRatio(NO_EVENTS, NO_EVENTS)
    from scipy.stats import binomtest  # takes a second to import

    p = float(binomtest(e1, e1 + e2, t1 / (t1 + t2)).pvalue)
    test = Test(float(e1), p, "exact conditional test of two Poisson rates")
    if not e2:
        return RateRatio(NONE_TO_DIVIDE_BY, test)
    share = float(special.betainccinv(e1 + 1, e2, tail))
    rest = float(special.betaincinv(e2, e1 + 1, tail))  # 1 - share, without cancelling
    high = share / rest * (t2 / t1)
    low = 0.0
    if e1:
        share = float(special.betaincinv(e1, e2 + 1, tail))
        rest = float(special.betainccinv(e2 + 1, e1, tail))
        low = share / rest * (t2 / t1)
    return RateRatio(Estimate((e1 / e2) * (t2 / t1), low, high), test)
