"""Exact inference for two binomial arms: the noncentral hypergeometric law, Fisher, Boschloo.

Arms are written as counts: ``n1`` and ``n2`` contacts and ``total`` events in both arms together;
the number of events in arm 1 is the random cell. Sums run outward from the middle of the law and
stop where terms no longer count, so ten million contacts cost no more than a few thousand.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from metrics._counts import critical, monotone_root

Array = NDArray[np.float64]

TIE = 1 + 1e-7
"""Tables this close in probability are ties, as in R's ``fisher.test``."""

NEGLIGIBLE = 60.0
"""Terms this many natural-log units below what is summed (1e-26 of it) are left out."""

BOSCHLOO_LIMIT = 50_000
"""Contacts in both arms above which Boschloo's test is not attempted (it takes .1 s there)."""


def expected_cell(n1: ArrayLike, n2: ArrayLike, total: ArrayLike, odds_ratio: ArrayLike) -> Any:
    """Return the arm-1 events at which a 2 x 2 table with these margins has this odds ratio.

    Arguments broadcast; the result (contacts) lies within the possible range. Cornfield's
    quadratic, with the discriminant as a sum of non-negative terms and the root in the form that
    does not cancel, so that a small cell keeps its relative precision.
    """
    n1, n2, total, psi = (np.asarray(v, float) for v in (n1, n2, total, odds_ratio))
    a = psi - 1
    b = psi * (n1 + total) + (n2 - total)
    c = psi * n1 * total
    mixed = n1 * n2 + total * (n1 + n2 - total)
    root = np.sqrt((psi * (n1 - total)) ** 2 + (n2 - total) ** 2 + 2 * psi * mixed)
    with np.errstate(divide="ignore", invalid="ignore"):
        cell = np.where(b >= 0, 2 * c / (b + root), (b - root) / (2 * a))
    cell = np.where(np.isfinite(cell), cell, 0.0)
    return np.clip(cell, np.maximum(0, total - n2), np.minimum(n1, total))


def _log_terms(n1: int, n2: int, total: int, log_psi: float, through: int) -> tuple[int, Array]:
    """Return the first arm-1 count and the log terms (highest 0) of the noncentral law.

    The run covers ``through`` and goes on until terms are negligible beside its tail.
    """
    low, high = max(0, total - n2), min(n1, total)
    middle = int(expected_cell(n1, n2, total, np.exp(log_psi)))
    free = (middle + 1, n1 - middle + 1, total - middle + 1, n2 - total + middle + 1)
    reach = int(12 / np.sqrt(sum(1 / size for size in free))) + 40
    left, right = min(middle - reach, through), max(middle + reach, through)
    while True:
        left, right = max(low, left), min(high, right)
        k = np.arange(left, right, dtype=float)
        rise = np.log((n1 - k) * (total - k) / ((k + 1) * (n2 - total + k + 1))) + log_psi
        terms = np.concatenate([[0.0], np.cumsum(rise)])
        terms -= terms.max()
        floor = terms[through - left] - NEGLIGIBLE
        short_left = left > low and terms[0] > floor
        short_right = right < high and terms[-1] > floor
        if not (short_left or short_right):
            return left, terms
        reach *= 2
        left, right = left - reach * short_left, right + reach * short_right


def _log_tail(
    e1: int, n1: int, n2: int, total: int, log_psi: float, side: Literal["less", "greater"]
) -> float:
    """Return log P(arm-1 events <= e1) or log P(>= e1) at a log odds ratio."""
    first, terms = _log_terms(n1, n2, total, log_psi, e1)
    tail = terms[: e1 - first + 1] if side == "less" else terms[e1 - first :]
    top = tail.max()
    return float(top + np.log(np.exp(tail - top).sum()) - np.log(np.exp(terms).sum()))


def fisher(e1: int, n1: int, e2: int, n2: int) -> tuple[float, float, float]:
    """Return Fisher's exact p values: two-sided (tables no likelier), less and greater.

    ``less`` speaks for a lower event rate in arm 1. Counts are not checked here.
    Fisher, *Statistical Methods for Research Workers*, 5th ed. 1934.
    """
    total = e1 + e2
    middle = int(expected_cell(n1, n2, total, 1.0))
    if _log_choices(e1, n1, n2, total) - _log_choices(middle, n1, n2, total) < -800:
        # Below the smallest float; summing the whole way there could take millions of terms.
        return 0.0, *((0.0, 1.0) if e1 < middle else (1.0, 0.0))
    first, terms = _log_terms(n1, n2, total, 0.0, e1)
    weight = np.exp(terms)
    at = e1 - first
    two_sided = weight[terms <= terms[at] + np.log(TIE)].sum() / weight.sum()
    less = np.exp(_log_tail(e1, n1, n2, total, 0.0, "less"))
    greater = np.exp(_log_tail(e1, n1, n2, total, 0.0, "greater"))
    return min(1.0, float(two_sided)), min(1.0, float(less)), min(1.0, float(greater))


def _log_choices(k: int, n1: int, n2: int, total: int) -> float:
    """Return log of the ways to place ``k`` of ``total`` events in arm 1."""
    inside, outside = np.array([k, total - k]), np.array([n1 - k, n2 - total + k])
    return -float((special.gammaln(inside + 1.0) + special.gammaln(outside + 1.0)).sum())


def conditional_odds_ratio(
    e1: int, n1: int, e2: int, n2: int, level: float
) -> tuple[float, float, float]:
    """Return the conditional maximum likelihood odds ratio with its exact (tail) limits.

    Arm 1 must not hold the most events its margins allow, nor the margins allow one table only.
    At the fewest events possible the estimate and the lower limit are 0, the upper one two-sided
    at ``level``. Cornfield 1956, Proc 3rd Berkeley Symp 4:135; Fisher 1935, JRSS 98:39.
    """
    total, tail = e1 + e2, float(np.log((1 - level) / 2))
    cells = (e1 + 0.5, n1 - e1 + 0.5, e2 + 0.5, n2 - e2 + 0.5)
    guess = float(np.log(cells[0]) - np.log(cells[1]) - np.log(cells[2]) + np.log(cells[3]))
    spread = float(np.sqrt(sum(1 / cell for cell in cells)))
    far = critical(level) * spread

    def surplus(log_psi: float) -> float:
        first, terms = _log_terms(n1, n2, total, log_psi, e1)
        weight = np.exp(terms)
        return float((np.arange(len(terms)) + (first - e1)) @ weight / weight.sum())

    high = monotone_root(
        lambda log_psi: _log_tail(e1, n1, n2, total, log_psi, "less") - tail,
        guess + far,
        spread / 4,
        sign=-1,
    )
    if e1 == max(0, total - n2):
        return 0.0, 0.0, float(np.exp(high))
    low = monotone_root(
        lambda log_psi: _log_tail(e1, n1, n2, total, log_psi, "greater") - tail,
        guess - far,
        spread / 4,
    )
    middle = monotone_root(surplus, guess, spread / 4)
    return float(np.exp(middle)), float(np.exp(low)), float(np.exp(high))


def _attainable(n1: int, n2: int, limit: float) -> Array:
    """Return, by total events 0..n1+n2, the largest P(arm-1 events <= c | total) within ``limit``.

    One walk over totals: an event more moves probability across c by a single hypergeometric
    term, and c itself never falls.
    """
    n = n1 + n2
    limit *= TIE
    sizes = np.zeros(n + 1)
    k, size, term = 0, 0.0, 1.0  # k: first count beyond the limit; term: P(k); size: P(< k)
    for t in range(n):
        if k:
            before = term * k * (n2 - t + k) / ((n1 - k + 1) * (t - k + 1))
            size = max(0.0, size - before * (n1 - k + 1) / (n - t))
        if n2 - t + k == 0:  # with one event more, k is no longer possible
            term *= (n1 - k) / (k + 1) * (t + 1) / (n - t)
            k, size = k + 1, 0.0
        else:
            term *= (n2 - t + k) / (t + 1 - k) * (t + 1) / (n - t)
        while size + term <= limit:
            size += term
            term *= (n1 - k) * (t + 1 - k) / ((k + 1) * (n2 - t + k))
            k += 1
        sizes[t + 1] = size
    return sizes


def _supremum(sizes: Array) -> float:
    """Return the largest mean of ``sizes`` over a binomial total, whatever the common rate."""
    from scipy.optimize import minimize_scalar  # slow to import, and many pages never need it

    n = len(sizes) - 1
    t = np.arange(n + 1.0)
    choose = special.gammaln(n + 1) - special.gammaln(t + 1) - special.gammaln(n - t + 1)

    def mean(angle: float) -> float:
        rate = np.sin(angle) ** 2
        reach = 9 * np.sqrt(n * rate * (1 - rate)) + 40
        run = slice(max(0, int(n * rate - reach)), int(n * rate + reach) + 1)
        log_p = choose[run] + t[run] * np.log(rate) + (n - t[run]) * np.log1p(-rate)
        return float(np.exp(log_p) @ sizes[run])

    # A binomial share has standard deviation .5/sqrt(n) on the angle scale at every rate, so
    # steps of a quarter of that cannot miss a peak.
    count = max(200, int(4 * np.pi * np.sqrt(n)))
    angles = np.linspace(0, np.pi / 2, count + 2)[1:-1]
    means = np.array([mean(angle) for angle in angles])
    padded = np.concatenate([[-1.0], means, [-1.0]])
    peaks = np.flatnonzero((means >= padded[:-2]) & (means >= padded[2:]))
    peaks = peaks[np.argsort(-means[peaks], kind="stable")][:5]
    best = float(means.max())
    for peak in peaks[means[peaks] >= 0.9 * best]:
        bounds = (angles[max(peak - 1, 0)], angles[min(peak + 1, count - 1)])
        found = minimize_scalar(
            lambda angle: -mean(angle), bounds=bounds, method="bounded", options={"xatol": 1e-9}
        )
        best = max(best, -float(found.fun))
    return best


def boschloo_less(e1: int, n1: int, e2: int, n2: int) -> float:
    """Return Boschloo's one-sided exact p that arm 1 has the lower event rate.

    The statistic is Fisher's one-sided p. Given the total, arm 1's events are hypergeometric at
    any common rate, so the unconditional p is a binomial mean of attainable Fisher sizes, and
    only that mean is maximised over the rate: thousands of contacts take milliseconds.
    Boschloo 1970, Statistica Neerlandica 24:1. Swap the arms for the other side.
    """
    limit = fisher(e1, n1, e2, n2)[1]
    if limit * TIE >= 1 or limit < 1e-250:
        # Every table counts, or the walk would underflow; Fisher's p is never the smaller.
        return limit
    return min(limit, _supremum(_attainable(n1, n2, limit)))


def boschloo(e1: int, n1: int, e2: int, n2: int) -> tuple[float, float]:
    """Return the one-sided Fisher p and twice the one-sided p of Boschloo's smaller side."""
    _, less, greater = fisher(e1, n1, e2, n2)
    if greater < less:
        e1, n1, e2, n2, less, greater = e2, n2, e1, n1, greater, less
    near = boschloo_less(e1, n1, e2, n2)
    # Every table with no fewer events in arm 1 and no more in arm 2 counts towards the other
    # side's p at any rate, so one rate usually shows that side to be the larger.
    rate = (e1 + e2) / (n1 + n2)
    at_least = special.bdtrc(e1 - 1, n1, rate) if e1 else 1.0
    if at_least * special.bdtr(e2, n2, rate) < near:
        far = boschloo_less(e2, n2, e1, n1)
        if far < near:
            return greater, min(1.0, 2 * far)
    return less, min(1.0, 2 * near)
