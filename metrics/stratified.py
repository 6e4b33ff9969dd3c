"""Two arms compared within strata: Mantel-Haenszel estimates and tests.

Like is compared with like (a call type, a weapon) and the comparisons are pooled. Arm 1 is CIT,
arm 2 the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from metrics._counts import critical
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested
from metrics.exact import expected_cell

Array = NDArray[np.float64]

NO_STRATA = NotEstimable(
    "No kind of contact was handled by both groups, so like cannot be compared with like."
)
NO_SPREAD = NotEstimable(
    "Wherever both groups can be compared, the outcome happened always or never in each of them, "
    "so its chance variation cannot be judged."
)
ZERO_SIDE = NotEstimable(
    "Wherever both groups can be compared, one of them never had this outcome, so this ratio has "
    "no interval."
)
ZERO_ODDS = NotEstimable(
    "Wherever both groups can be compared, one of them never or always had this outcome, so the "
    "odds ratio has no interval."
)
NO_VARIATION = NotEstimable(
    "Wherever both groups can be compared, the outcome happened in none or in all of the contacts."
)
ONE_STRATUM = NotEstimable(
    "Fewer than two kinds of contact hold both groups and both outcomes, so there is nothing to "
    "compare between kinds."
)
TOO_THIN = NotEstimable(
    "The two groups share too few contacts with and without this outcome for a usable interval."
)
MAX_LOG_WIDTH = 100.0
"""Log limits further than this from the ratio say nothing and soon leave the range of floats."""


class MantelHaenszel(NamedTuple):
    """Pooled comparison of two arms; every part may be :class:`NotEstimable` by itself.

    The difference is a share (arm 1 minus arm 2); the ratios (arm 1 over arm 2) have no units.
    ``cmh`` tests that the arms are alike in every stratum, ``homogeneity`` that the odds ratio is
    the same in all. ``strata_used`` hold contacts of both arms; ``strata_dropped`` do not.
    """

    risk_difference: Estimated
    risk_ratio: Estimated
    odds_ratio: Estimated
    cmh: Tested
    homogeneity: Tested
    strata_used: int
    strata_dropped: int


class _Strata(NamedTuple):
    """Counts by stratum, each of shape (K,): events and contacts of the arms, and the sums."""

    e1: Array
    n1: Array
    e2: Array
    n2: Array
    n: Array
    events: Array


def mantel_haenszel(tables: ArrayLike, level: float = 0.95) -> MantelHaenszel:
    """Pool K 2 x 2 tables by Mantel-Haenszel weights.

    ``tables`` has shape (K, 2, 2): rows arm 1 (CIT) and arm 2, columns contacts with and without
    the event; zeros are fine, and K may be 0. Strata without contacts in one arm tell nothing
    about the difference and are dropped and counted. Intervals at ``level``:

    - risk difference: Sato's variance (Greenland & Robins 1985, Biometrics 41:55; Sato 1989,
      Biometrics 45:1323), good for few large strata and many small; cut at -1 and 1
    - risk ratio: Greenland & Robins 1985, Biometrics 41:55, on the log scale
    - odds ratio: Robins, Breslow & Greenland 1986, Biometrics 42:311, on the log scale
    - ``cmh``: Mantel & Haenszel 1959, JNCI 22:719, without continuity correction
    - ``homogeneity``: Breslow & Day 1980 with Tarone's correction (1985, Biometrika 72:91), over
      the strata in which the outcome both happened and did not

    Raises ``ValueError`` for another shape, for counts that are negative, not whole or missing,
    and for a level outside (0, 1).
    """
    z = critical(level)
    counts = _checked(tables)
    sizes = counts.sum(axis=2)
    both = (sizes > 0).all(axis=1)
    used, dropped = int(both.sum()), int((~both).sum())
    if not used:
        none = NO_STRATA
        return MantelHaenszel(none, none, none, none, none, used, dropped)
    counts, sizes = counts[both], sizes[both]
    e1, e2 = counts[:, 0, 0], counts[:, 1, 0]
    n1, n2 = sizes[:, 0], sizes[:, 1]
    strata = _Strata(e1, n1, e2, n2, n1 + n2, e1 + e2)
    return MantelHaenszel(
        _risk_difference(strata, z),
        _risk_ratio(strata, z),
        _odds_ratio(strata, z),
        _cmh(strata),
        _homogeneity(strata),
        used,
        dropped,
    )


def _checked(tables: ArrayLike) -> Array:
    """Return the tables as floats of shape (K, 2, 2), or raise ``ValueError``."""
    try:
        counts = np.asarray(tables, dtype=float)
    except (TypeError, ValueError):
        raise ValueError("tables must be numbers of shape K x 2 x 2") from None
    if counts.size == 0:
        return np.zeros((0, 2, 2))
    if counts.ndim != 3 or counts.shape[1:] != (2, 2):
        raise ValueError(f"tables must have shape K x 2 x 2, not {counts.shape}")
    if not np.isfinite(counts).all() or (counts < 0).any() or (counts % 1 != 0).any():
        raise ValueError("tables must hold whole numbers of 0 or more")
    return counts


def _risk_difference(s: _Strata, z: float) -> Estimated:
    whole = (s.n1 * s.n2 / s.n).sum()
    difference = float(((s.e1 * s.n2 - s.e2 * s.n1) / s.n).sum() / whole)
    # Sato's two sums: the first balances arms of unequal size, the second is the binomial part.
    p = (s.n1**2 * s.e2 - s.n2**2 * s.e1 + s.n1 * s.n2 * (s.n2 - s.n1) / 2) / s.n**2
    q = (s.e1 * (s.n2 - s.e2) + s.e2 * (s.n1 - s.e1)) / (2 * s.n)
    variance = float((difference * p.sum() + q.sum()) / whole**2)
    if variance <= 1e-12 * q.sum() / whole**2:
        return NO_SPREAD
    width = z * variance**0.5
    return Estimate(difference, max(-1.0, difference - width), min(1.0, difference + width))


def _risk_ratio(s: _Strata, z: float) -> Estimated:
    above, below = (s.e1 * s.n2 / s.n).sum(), (s.e2 * s.n1 / s.n).sum()
    if not above + below:
        return NO_VARIATION
    if not above or not below:
        return ZERO_SIDE
    # The paper's (events n1 n2 - e1 e2 n) / n^2, as a sum of non-negative terms.
    parts = (s.e1 * s.n1 * (s.n2 - s.e2) + s.e2 * s.n2 * (s.n1 - s.e1)) / s.n**2
    if not parts.any():
        return NO_VARIATION
    return _log_interval(above / below, parts.sum() / (above * below), z)


def _odds_ratio(s: _Strata, z: float) -> Estimated:
    y1, y2 = s.n1 - s.e1, s.n2 - s.e2
    r, t = s.e1 * y2 / s.n, y1 * s.e2 / s.n
    above, below = r.sum(), t.sum()
    if not above + below:
        return NO_VARIATION
    if not above or not below:
        return ZERO_ODDS
    p, q = (s.e1 + y2) / s.n, (y1 + s.e2) / s.n
    variance = (
        (p * r).sum() / above**2
        + (p * t + q * r).sum() / (above * below)
        + (q * t).sum() / below**2
    ) / 2
    return _log_interval(above / below, variance, z)


def _log_interval(ratio: float, variance: float, z: float) -> Estimated:
    """Return a ratio with the Wald limits of its log."""
    width = z * float(np.sqrt(variance))
    if width > MAX_LOG_WIDTH:
        return TOO_THIN
    factor = float(np.exp(width))
    return Estimate(float(ratio), float(ratio) / factor, float(ratio) * factor)


def _cmh(s: _Strata) -> Tested:
    surplus = ((s.e1 * s.n2 - s.e2 * s.n1) / s.n).sum()
    spread = (s.n1 * s.n2 * s.events * (s.n - s.events) / (s.n**2 * (s.n - 1))).sum()
    if not spread:
        return NO_VARIATION
    statistic = float(surplus**2 / spread)
    return Test(statistic, float(special.chdtrc(1, statistic)), "Cochran-Mantel-Haenszel test")


def _homogeneity(s: _Strata) -> Tested:
    varies = (s.events > 0) & (s.events < s.n)
    if varies.sum() < 2:
        return ONE_STRATUM
    e1, n1, e2, n2, _, events = (column[varies] for column in s)
    above, below = (e1 * (n2 - e2) / (n1 + n2)).sum(), ((n1 - e1) * e2 / (n1 + n2)).sum()
    if not above or not below:
        return ZERO_ODDS
    psi, others = above / below, n1 + n2 - events
    # Each cell from its own margins: a difference of two would lose a cell far below one contact.
    cell = expected_cell(n1, n2, events, psi)
    across = expected_cell(n2, n1, events, 1 / psi)
    without = expected_cell(n1, n2, others, 1 / psi), expected_cell(n2, n1, others, psi)
    variance = 1 / (1 / cell + 1 / across + 1 / without[0] + 1 / without[1])
    gap = e1 - cell
    statistic = float((gap**2 / variance).sum() - gap.sum() ** 2 / variance.sum())
    statistic = max(0.0, statistic)  # never negative but for rounding
    df = int(varies.sum()) - 1
    name = f"Breslow-Day test with Tarone's correction, {df} df"
    return Test(statistic, float(special.chdtrc(df, statistic)), name)
