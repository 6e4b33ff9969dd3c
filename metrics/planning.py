"""Plan the next evaluation: how long until a difference of a given size would usually show.

Built on the agency's own figures: the rate of the group without CIT, how alike one officer's contacts
are (:mod:`metrics.clustering`), how unequal officers' loads are, contacts a month, and CIT's share.

More months bring more contacts of the *same* officers, so the design effect grows with them: an arm
of n contacts is worth n / (1 + (n / k - 1) icc), where k is the number of officers with equal loads
that would carry as much. As n grows that nears k / icc: below some difference no number of months is
enough, only more officers. Test and power are those of two proportions (:mod:`metrics.power`), with t
quantiles on Welch's degrees of freedom for k officers a side in place of the normal's.

A wait is never shorter than until ten events are expected in each group: with fewer the headline
refuses to speak.

Erring towards more contacts: an officer with contacts in both groups counts as one in each, and nothing
is gained from adjusting. Erring the other way: the rate and the likeness are taken as known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from scipy.special import ndtr

from data.store import Snapshot
from metrics import aggregate, power
from metrics._student import quantile, t_quantile, tail
from metrics.aggregate import EXPOSURE, MONTH, OFFICER
from metrics.clustering import Clustering, design_effect, effective_officers, icc
from metrics.detail import COVERED_SHARE
from metrics.estimate import NotEstimable
from metrics.headline import FEWEST_DF, FEWEST_EVENTS

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

RECENT = 12
"""Months with coverage, the latest ones, that volume and CIT's share are taken from."""

LONGEST = 600
"""Months beyond which a wait is no plan: fifty years."""

HORIZON = (3, 6, 12, 18, 24, 36, 48, 60)
"""Months ahead of the curve of detectable differences."""

NEGLIGIBLE = 1e-9
"""A likeness below this bounds nothing."""

TOO_FEW_EVENTS = NotEstimable(
    f"Fewer than {FEWEST_EVENTS} events are expected in a group: too few to say."
)


@dataclass(frozen=True)
class Own:
    """An agency's own figures for one outcome. Rates are proportions.

    ``rate_other`` is the rate a difference is counted from. ``volume`` is contacts a month with group
    and outcome recorded, ``share`` CIT's share of them, ``months`` how many months they rest on.
    ``officers_cit`` and ``officers_other`` are effective numbers, ``inf`` where officers are not known
    and so not allowed for (``icc`` then 0). ``on_hand`` are contacts so far, CIT and other.
    ``events_other`` is what ``rate_other`` rests on.
    """

    rate_cit: float
    rate_other: float
    events_other: int
    icc: float
    officers_cit: float
    officers_other: float
    volume: float
    share: float
    months: int
    on_hand: tuple[int, int]

    @property
    def officers_known(self) -> bool:
        """False where the source has no officer numbers."""
        return math.isfinite(self.officers_cit)


class Needed(NamedTuple):
    """What a difference takes: contacts in each group, months, and the design effects there."""

    contacts_cit: int
    contacts_other: int
    months: int
    deff_cit: float
    deff_other: float

    @property
    def contacts(self) -> int:
        """Contacts of both groups."""
        return self.contacts_cit + self.contacts_other


class Ahead(NamedTuple):
    """One point of the curve: the smallest fall and rise that would usually show after some months."""

    months: int
    contacts: int
    decrease: float | NotEstimable
    increase: float | NotEstimable


@dataclass(frozen=True)
class Plan:
    """The answer: from new contacts only, and with those on hand kept; and what each wait would show.

    ``difference`` is signed (CIT minus other, a proportion); ``floor`` is the smallest difference in its
    direction that these officers could ever show. ``alpha`` is the level of one of ``tests`` tests.
    """

    outcome: str
    own: Own
    difference: float
    power: float
    alpha: float
    tests: int
    afresh: Needed | NotEstimable
    adding: Needed | NotEstimable
    floor: float | NotEstimable
    curve: tuple[Ahead, ...]


def plan(
    question: Question,
    outcome: str,
    difference: float,
    snapshot: Snapshot,
    *,
    chance: float = 0.8,
    tests: int = 1,
    horizon: Sequence[int] = HORIZON,
) -> Plan | NotEstimable:
    """Plan from a snapshot for a ``difference`` (proportion, CIT minus other; 5 fewer is -.005).

    ``tests`` is the number of outcomes the evaluation will test: the level is .05 over it, Holm's first
    step. Returns :class:`NotEstimable` where the agency's own figures cannot be had.

    Raises:
        ValueError: a difference of 0 or beyond 1, a chance not inside 0 to 1, or no test.
    """
    counts = aggregate.counts(snapshot, question.only(outcome), officers=True, months=True)
    own = figures(counts.frame, outcome)
    if isinstance(own, NotEstimable):
        return own
    return plan_for(own, outcome, difference, chance=chance, tests=tests, horizon=horizon)


def plan_for(
    own: Own,
    outcome: str,
    difference: float,
    *,
    chance: float = 0.8,
    tests: int = 1,
    horizon: Sequence[int] = HORIZON,
) -> Plan:
    """Plan from figures at hand: see :func:`plan`."""
    if tests < 1:
        raise ValueError("tests must be 1 or more")
    alpha = 0.05 / tests
    return Plan(
        outcome=outcome,
        own=own,
        difference=difference,
        power=chance,
        alpha=alpha,
        tests=tests,
        afresh=needed(own, difference, chance, alpha),
        adding=needed(own, difference, chance, alpha, keep=True),
        floor=floor(own, difference < 0, chance, alpha),
        curve=curve(own, horizon, chance, alpha),
    )


def figures(frame: pd.DataFrame, outcome: str) -> Own | NotEstimable:
    """Read an agency's figures from counts by exposure, officer and month (``frame`` of ``Counts``)."""
    n, events = f"n:{outcome}", f"events:{outcome}"
    known = frame[frame[EXPOSURE].notna() & (frame[n] > 0)]
    arm = known[EXPOSURE].astype(bool)
    size = {a: int(known.loc[arm == a, n].sum()) for a in (True, False)}
    hits = {a: int(known.loc[arm == a, events].sum()) for a in (True, False)}
    if not all(size.values()):
        return NotEstimable(
            "One group has no contacts with this outcome recorded: nothing to plan from."
        )
    monthly = known.assign(cit=known[n].where(arm, 0)).groupby(MONTH)[[n, "cit"]].sum().sort_index()
    covered = monthly[monthly[n] >= COVERED_SHARE * monthly[n].median()].tail(RECENT)
    volume = float(covered[n].median())
    share = float(covered["cit"].sum() / covered[n].sum())
    if not 0 < share < 1:
        return NotEstimable(
            "In the latest months every contact is in one group, so the other would never grow."
        )
    by_officer = known[known[OFFICER].notna()]
    likeness, k = 0.0, {True: math.inf, False: math.inf}
    if len(by_officer):
        own = by_officer.groupby([EXPOSURE, OFFICER])[[n, events]].sum().reset_index()
        found = icc(own[events], own[n], own[EXPOSURE])
        if not isinstance(found, Clustering):
            return found
        # A likeness below 0 is chance: taken as none, not as a gain.
        likeness = max(found.icc, 0.0)
        for a in k:
            there = effective_officers(own.loc[own[EXPOSURE].astype(bool) == a, n])
            if isinstance(there, NotEstimable):
                return NotEstimable(
                    "One group has no officer numbers, so officers cannot be allowed for."
                )
            k[a] = there
    return Own(
        rate_cit=hits[True] / size[True],
        rate_other=hits[False] / size[False],
        events_other=hits[False],
        icc=likeness,
        officers_cit=k[True],
        officers_other=k[False],
        volume=volume,
        share=share,
        months=len(covered),
        on_hand=(size[True], size[False]),
    )


def needed(
    own: Own, difference: float, chance: float = 0.8, alpha: float = 0.05, *, keep: bool = False
) -> Needed | NotEstimable:
    """Return what it takes for a difference to show with that chance at that level.

    ``keep`` counts the contacts on hand as well; ``months`` are then those still to come. Whole months,
    rounded up; contacts are those of that many months.

    Raises:
        ValueError: a difference of 0 or beyond 1, or chance or alpha not inside 0 to 1.
    """
    if not 0 < abs(difference) <= 1 or not (0 < chance < 1 and 0 < alpha < 1):
        raise ValueError("the difference, the chance and alpha must lie inside 0 to 1 and not be 0")
    why = _impossible(own, difference)
    if why is not None:
        return why
    p1 = own.rate_other + difference

    def shows(months: float) -> bool:
        sizes = _sizes(own, months, keep)
        return _enough(own, p1, sizes) and _power(own, p1, sizes, alpha) >= chance

    if not shows(LONGEST):
        least = floor(own, difference < 0, chance, alpha)
        if isinstance(least, NotEstimable) or abs(difference) <= least:
            return NotEstimable(
                "With these officers no number of months would show it: their contacts are alike, so"
                " more officers are needed, not more contacts."
            )
        return NotEstimable(f"At this volume it would take over {LONGEST // 12} years.")
    low, high = -1, LONGEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle, high)
    n1, n0 = (math.ceil(size) for size in _sizes(own, high, keep))
    deff1, deff0 = _deffs(own, (n1, n0))
    return Needed(n1, n0, high, deff1, deff0)


def curve(
    own: Own,
    horizon: Sequence[int] = HORIZON,
    chance: float = 0.8,
    alpha: float = 0.05,
    *,
    keep: bool = False,
) -> tuple[Ahead, ...]:
    """Return the smallest difference, either way, that would usually show after each wait (months)."""
    found = []
    for months in horizon:
        sizes = _sizes(own, months, keep)
        fall, rise = (
            TOO_FEW_EVENTS
            if isinstance(size, float) and not _enough(own, own.rate_other + sign * size, sizes)
            else size
            for sign, size in zip((-1, 1), _detectable(own, sizes, chance, alpha), strict=True)
        )
        found.append(Ahead(months, math.ceil(sum(sizes)), fall, rise))
    return tuple(found)


def floor(
    own: Own, decrease: bool, chance: float = 0.8, alpha: float = 0.05
) -> float | NotEstimable:
    """Return the smallest fall or rise these officers could ever show, however long one waits."""
    if own.icc < NEGLIGIBLE:
        return 0.0 if 0 < own.rate_other < 1 else _no_rate(own)
    endless = (own.officers_cit / own.icc, own.officers_other / own.icc)
    without = replace(own, icc=0.0)
    found = _detectable(without, endless, chance, alpha)
    return found[0] if decrease else found[1]


def _no_rate(own: Own) -> NotEstimable:
    which = "No contact" if own.rate_other == 0 else "Every contact"
    return NotEstimable(
        f"{which} of the other group had this outcome, so there is no rate to plan from."
    )


def _impossible(own: Own, difference: float) -> NotEstimable | None:
    if not 0 < own.rate_other < 1:
        return _no_rate(own)
    p1 = own.rate_other + difference
    if not 0 <= p1 <= 1:
        way = "fewer" if difference < 0 else "more"
        return NotEstimable(
            f"The rate of the other group is {own.rate_other * 1000:.1f} of 1,000: there is no room for"
            f" {abs(difference) * 1000:.1f} {way}."
        )
    if not 0 < p1 < 1:
        return NotEstimable(
            f"That would leave fewer than {FEWEST_EVENTS} events in a group, too few for any comparison."
        )
    if _df(own) < FEWEST_DF:
        return NotEstimable("Too few officers carry the contacts for any comparison to be tested.")
    return None


def _enough(own: Own, p1: float, sizes: tuple[float, float]) -> bool:
    """Say whether ten contacts with the event, and ten without, are expected in each group."""
    expected = [n * min(p, 1 - p) for n, p in zip(sizes, (p1, own.rate_other), strict=True)]
    return min(expected) >= FEWEST_EVENTS


def _sizes(own: Own, months: float, keep: bool) -> tuple[float, float]:
    have = own.on_hand if keep else (0, 0)
    new = own.volume * months
    return have[0] + own.share * new, have[1] + (1 - own.share) * new


def _deffs(own: Own, sizes: tuple[float, float]) -> tuple[float, float]:
    """Return each arm's design effect; with fewer contacts than officers there is none."""
    n1, n0 = sizes
    return (
        design_effect(own.icc, max(n1 / own.officers_cit, 1.0)),
        design_effect(own.icc, max(n0 / own.officers_other, 1.0)),
    )


def _df(own: Own) -> float:
    """Welch's degrees of freedom for the officers' means, which is what is left when contacts abound."""
    if not own.officers_known:
        return math.inf
    v1, v0 = 1 / own.officers_cit, 1 / own.officers_other
    k1, k0 = max(own.officers_cit - 1, 1e-9), max(own.officers_other - 1, 1e-9)
    return (v1 + v0) ** 2 / (v1**2 / k1 + v0**2 / k0)


def _quantiles(own: Own, chance: float, alpha: float) -> tuple[float, float]:
    """Return the power and level at which normal quantiles are those of t."""
    df = _df(own)
    if math.isinf(df):
        return chance, alpha
    return float(ndtr(t_quantile(df, chance))), float(2 * ndtr(-quantile(df, 1 - alpha)))


def _power(own: Own, p1: float, sizes: tuple[float, float], alpha: float) -> float:
    """Return the chance of showing ``p1`` against the own rate: that of power.prop.test, unequal arms."""
    deffs = _deffs(own, sizes)
    m1, m0 = sizes[0] / deffs[0], sizes[1] / deffs[1]
    p0, df = own.rate_other, _df(own)
    pooled = (m1 * p1 + m0 * p0) / (m1 + m0)
    null = (pooled * (1 - pooled) * (1 / m1 + 1 / m0)) ** 0.5
    error = (p1 * (1 - p1) / m1 + p0 * (1 - p0) / m0) ** 0.5
    t = (abs(p1 - p0) - quantile(df, 1 - alpha) * null) / error
    half = tail(t, df) / 2
    return 1 - half if t > 0 else half


def _detectable(
    own: Own, sizes: tuple[float, float], chance: float, alpha: float
) -> tuple[float | NotEstimable, float | NotEstimable]:
    if not 0 < own.rate_other < 1:
        return _no_rate(own), _no_rate(own)
    if _df(own) < FEWEST_DF:
        why = NotEstimable("Too few officers carry the contacts for any comparison to be tested.")
        return why, why
    if min(sizes) <= 0:
        why = NotEstimable("There are no contacts yet.")
        return why, why
    deffs = _deffs(own, sizes)
    usual, level = _quantiles(own, chance, alpha)
    found = power.detectable_difference(
        sizes[0] / deffs[0], sizes[1] / deffs[1], own.rate_other, power=usual, alpha=level
    )
    return found.decrease, found.increase
