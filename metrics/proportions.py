"""Proportions, rates and the comparison of two arms, from counts.

Arm 1 is CIT, arm 2 the others: a difference is arm 1 minus arm 2, a ratio arm 1 over arm 2.
Events and contacts are whole numbers; proportions and differences are shares (0 to 1), never
percentages. What cannot be estimated is a :class:`NotEstimable` with the reason.
"""

from __future__ import annotations

import math
from typing import Literal

from scipy import special

from metrics import exact
from metrics._counts import (
    ALL_EVENTS,
    NO_CONTACTS,
    NO_CONTACTS_ARM,
    NO_EVENTS,
    check_arm,
    check_arms,
    check_level,
    check_size,
    check_whole,
    critical,
)
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested
from metrics.ratios import RateRatio, odds_ratio, rate_ratio, risk_ratio

__all__ = [
    "RateRatio",
    "clopper_pearson",
    "compare",
    "odds_ratio",
    "rate_per_1000",
    "rate_ratio",
    "risk_difference",
    "risk_ratio",
    "wilson",
]

SMALL_EXPECTED = 5
"""An expected count below this makes ``compare`` choose an exact test (Cochran 1954)."""


def wilson(events: int, n: int, level: float = 0.95) -> Estimated:
    """Return the proportion events/n with Wilson's score limits, without continuity correction.

    Wilson 1927, JASA 22:209; Newcombe 1998, Stat Med 17:857, method 3. R's ``prop.test``.
    Not estimable without contacts. Raises ``ValueError`` for counts that are not whole, negative
    or more events than contacts, and for a level outside (0, 1).
    """
    events, n = check_arm("events", events, "n", n)
    z = critical(level)
    if not n:
        return NO_CONTACTS
    low, high = _wilson_limits(events, n, z)
    return Estimate(events / n, low, high)


def _wilson_limits(events: int, n: int, z: float) -> tuple[float, float]:
    """Return Wilson's limits; each end is formed without a difference of near-equal numbers."""
    root = math.sqrt(events * (n - events) / n + z * z / 4)

    def upper(x: int) -> float:
        return (x + z * z / 2 + z * root) / (n + z * z)

    share = events / n
    # The two limits multiply to share^2 n / (n + z^2).
    low = share * events / ((n + z * z) * upper(events))
    rest = n - events
    high = upper(events) if 2 * events <= n else 1 - (rest / n) * rest / ((n + z * z) * upper(rest))
    return min(low, share), max(high, share)


def clopper_pearson(events: int, n: int, level: float = 0.95) -> Estimated:
    """Return the proportion events/n with exact (equal-tail binomial) limits.

    Clopper & Pearson 1934, Biometrika 26:404. R's ``binom.test``. Not estimable and errors as
    :func:`wilson`.
    """
    events, n = check_arm("events", events, "n", n)
    tail = (1 - check_level(level)) / 2
    if not n:
        return NO_CONTACTS
    rest = n - events
    low = float(special.betaincinv(events, rest + 1, tail)) if events else 0.0
    high = float(special.betainccinv(events + 1, rest, tail)) if rest else 1.0
    return Estimate(events / n, low, high)


def rate_per_1000(events: int, n: float, level: float = 0.95) -> Estimated:
    """Return events per 1,000 contacts with exact Poisson limits (also per 1,000).

    ``n`` is the exposure: contacts, or hours or years, not necessarily whole. One contact may
    have several events, so events may exceed ``n``. Without events the upper limit is 3.69/n.
    Garwood 1936, Biometrika 28:437. R's ``poisson.test``. Not estimable without exposure. Raises
    ``ValueError`` for events that are not whole or negative, an exposure negative or not finite,
    and a level outside (0, 1).
    """
    events, n = check_whole("events", events), check_size("n", n)
    tail = (1 - check_level(level)) / 2
    if not n:
        return NO_CONTACTS
    low = float(special.gammaincinv(events, tail)) if events else 0.0
    high = float(special.gammainccinv(events + 1, tail))
    return Estimate(1000 * (events / n), 1000 * (low / n), 1000 * (high / n))


def risk_difference(
    e1: int,
    n1: int,
    e2: int,
    n2: int,
    method: Literal["newcombe", "miettinen-nurminen"] = "newcombe",
    level: float = 0.95,
) -> Estimated:
    """Return the risk difference e1/n1 - e2/n2 (a share) with its confidence limits.

    ``"newcombe"`` squares and adds Wilson's limits (Newcombe 1998, Stat Med 17:873, method 10);
    ``"miettinen-nurminen"`` inverts the score test with its N/(N-1) variance (Miettinen &
    Nurminen 1985, Stat Med 4:213). Both hold with no events at all: 0/10 against 0/20 has limits
    -.161 and .278 by Newcombe. Not estimable when an arm is empty. Raises ``ValueError`` for
    counts that are not whole, negative or more events than contacts, for an unknown method and
    for a level outside (0, 1).
    """
    e1, n1, e2, n2 = check_arms(e1, n1, e2, n2)
    z = critical(level)
    if method not in ("newcombe", "miettinen-nurminen"):
        raise ValueError(f"unknown method {method!r}: use 'newcombe' or 'miettinen-nurminen'")
    if not n1 or not n2:
        return NO_CONTACTS_ARM
    difference = (e1 * n2 - e2 * n1) / (n1 * n2)
    if method == "newcombe":
        p1, p2 = e1 / n1, e2 / n2
        low1, high1 = _wilson_limits(e1, n1, z)
        low2, high2 = _wilson_limits(e2, n2, z)
        low = difference - math.hypot(p1 - low1, high2 - p2)
        high = difference + math.hypot(high1 - p1, p2 - low2)
        return Estimate(difference, low, high)
    high = _score_upper(e1, n1, e2, n2, z)
    low = -_score_upper(e2, n2, e1, n1, z)
    return Estimate(difference, low, high)


def _constrained_rates(
    e1: int, n1: int, e2: int, n2: int, d: float
) -> tuple[float, float, float, float]:
    """Return p1, 1 - p1, p2 and 1 - p2 of highest likelihood given p1 - p2 = d, -1 < d < 1.

    The textbook cubic loses all digits for rare outcomes; the score equation is solved for the
    smaller share instead, which keeps its relative precision.
    """
    from scipy.optimize import brentq  # slow to import, and many pages never need it

    if d == 0:
        share = (e1 + e2) / (n1 + n2)
        rest = (n1 - e1 + n2 - e2) / (n1 + n2)
        return share, rest, share, rest
    if d < 0:
        p2, q2, p1, q1 = _constrained_rates(e2, n2, e1, n1, -d)
        return p1, q1, p2, q2
    if 2 * (e1 + e2) > n1 + n2:
        q2, p2, q1, p1 = _constrained_rates(n2 - e2, n2, n1 - e1, n1, d)
        return p1, q1, p2, q2
    y1, y2 = n1 - e1, n2 - e2
    room = 1 - d

    def slope(s: float) -> float:
        # d log-likelihood / ds at p2 = s, p1 = s + d, cleared of its poles at s = 0 and s = 1 - d.
        r = room - s
        value = e1 / (s + d) - y2 / (1 - s)
        if e2 and y1:
            return value * s * r + e2 * r - y1 * s
        if e2:
            return value * s + e2
        return value * r - y1 if y1 else value

    if slope(0.0) <= 0:
        s = 0.0
    elif slope(room) >= 0:
        s = room
    else:
        s = float(brentq(slope, 0.0, room, xtol=1e-300, rtol=1e-15))
    return s + d, max(0.0, room - s), s, 1 - s


def _score_upper(e1: int, n1: int, e2: int, n2: int, z: float) -> float:
    """Return the Miettinen-Nurminen upper limit of e1/n1 - e2/n2."""
    from scipy.optimize import brentq  # slow to import, and many pages never need it

    difference = (e1 * n2 - e2 * n1) / (n1 * n2)
    if difference == 1:
        return 1.0
    goal = z * z / (1 + z * z)
    inflate = (n1 + n2) / (n1 + n2 - 1)

    def excess(d: float) -> float:
        # The statistic as gap^2/(gap^2 + V): it stays in [0, 1] where the variance V vanishes.
        gap = d - difference
        if gap <= 0:
            return -goal
        if d >= 1:
            return 1 - goal
        p1, q1, p2, q2 = _constrained_rates(e1, n1, e2, n2, d)
        v = inflate * (p1 * q1 / n1 + p2 * q2 / n2)
        return gap * gap / (gap * gap + v) - goal

    return float(brentq(excess, difference, 1.0, xtol=1e-15, rtol=1e-15))


def compare(
    e1: int,
    n1: int,
    e2: int,
    n2: int,
    method: Literal["auto", "chi-square", "boschloo", "fisher"] = "auto",
) -> Tested:
    """Return a two-sided test that the two arms have the same event rate.

    ``"chi-square"`` is Pearson's, without Yates' correction (1 df). ``"boschloo"`` is Boschloo's
    unconditional exact test (1970, Statistica Neerlandica 24:1); like scipy's, its two-sided p is
    twice the smaller one-sided p (at most 1), not the p of a two-sided ordering, and the
    statistic is the one-sided Fisher p. ``"fisher"`` is Fisher's exact test, two-sided by tables
    no likelier, without a statistic.

    ``"auto"`` takes chi-square, or Boschloo's test when an expected count is below 5. Boschloo's
    test searches every common rate, which above 50,000 contacts takes too long for a page; there
    Fisher's exact test stands in: it also keeps its level, only with less power, and
    ``Test.method`` says so.

    Not estimable: an empty arm, or the outcome in none or all of the contacts. Raises
    ``ValueError`` for counts that are not whole, negative or more events than contacts, and for
    an unknown method.
    """
    e1, n1, e2, n2 = check_arms(e1, n1, e2, n2)
    if method not in ("auto", "chi-square", "boschloo", "fisher"):
        raise ValueError(
            f"unknown method {method!r}: use 'auto', 'chi-square', 'boschloo' or 'fisher'"
        )
    if not n1 or not n2:
        return NO_CONTACTS_ARM
    n, total = n1 + n2, e1 + e2
    if total in (0, n):
        return NO_EVENTS if not total else ALL_EVENTS
    note = ""
    if method == "auto":
        sparse = min(n1, n2) * min(total, n - total) < SMALL_EXPECTED * n
        method = "boschloo" if sparse else "chi-square"
        if sparse and n > exact.BOSCHLOO_LIMIT:
            method, note = "fisher", " (too many contacts for Boschloo's)"
    if method == "chi-square":
        statistic = n * (e1 * n2 - e2 * n1) ** 2 / (n1 * n2 * total * (n - total))
        return Test(statistic, float(special.chdtrc(1, statistic)), "chi-square test")
    if method == "fisher":
        return Test(None, exact.fisher(e1, n1, e2, n2)[0], "Fisher's exact test" + note)
    if n > exact.BOSCHLOO_LIMIT:
        return NotEstimable(
            "Boschloo's test takes too long for more than "
            f"{exact.BOSCHLOO_LIMIT:,} contacts; use Fisher's exact test."
        )
    statistic, p = exact.boschloo(e1, n1, e2, n2)
    return Test(statistic, p, "Boschloo's exact test (twice the smaller one-sided p)")
