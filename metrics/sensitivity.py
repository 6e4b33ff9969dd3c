"""What it would take to explain a result away: an unmeasured difference, or what was not recorded.

Arm 1 is CIT, arm 0 the others; a difference is arm 1 minus arm 0. Contacts, events and what is
missing are whole counts; ``n`` holds the contacts whose outcome was recorded, ``missing`` the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from metrics._counts import check_arm, check_level, check_whole
from metrics.estimate import Estimate, Estimated, Interval, NotEstimable
from metrics.proportions import risk_difference, risk_ratio

if TYPE_CHECKING:
    import pandas as pd


class EValue(NamedTuple):
    """E-values of an estimate and of its confidence limit nearest 1, both 1 or more.

    ``limit`` is 1 when the interval holds 1, and ``None`` when no interval was given.
    """

    estimate: float
    limit: float | None


class Filled(NamedTuple):
    """The comparison under one assumption about the missing: ``n`` and events of both arms with it."""

    events1: int
    n1: int
    events0: int
    n0: int
    risk_difference: Estimated
    risk_ratio: Estimated


@dataclass(frozen=True)
class MissingBounds:
    """The comparison as recorded and at the two extremes of what was not recorded.

    ``lowest`` has no event among the missing of arm 1 and only events among those of arm 0;
    ``highest`` the reverse. ``difference`` and ``ratio`` run from the lower limit of ``lowest`` to
    the upper limit of ``highest``: no assumption about the missing can lead outside them, but for
    sampling error.
    """

    recorded: Filled
    lowest: Filled
    highest: Filled
    difference: Interval | NotEstimable
    ratio: Interval | NotEstimable


@dataclass(frozen=True)
class TippingPoint:
    """How many of one arm's missing contacts must have had the event to overturn the result.

    ``events`` of ``missing`` contacts, a ``share`` (0 to 1), against ``recorded_risk`` among those
    recorded; ``odds_multiple`` is the share's odds over the recorded odds, ``None`` where either
    is infinite or 0. ``difference`` is the comparison there. ``target`` is what is reached:
    the ``"interval"`` comes to hold 0, or the estimate's ``"sign"`` is lost.
    """

    arm: Literal["cit", "other"]
    target: Literal["interval", "sign"]
    events: int
    missing: int
    share: float
    recorded_risk: float
    odds_multiple: float | None
    difference: Estimate


def e_value(
    estimate: float,
    low: float | None = None,
    high: float | None = None,
    measure: Literal["rr", "or"] = "rr",
) -> EValue:
    """Return the E-value of a ratio (VanderWeele & Ding 2017, Ann Intern Med 167:268).

    The smallest risk ratio that an unmeasured confounder would need with both the exposure and
    the outcome, beyond the measured covariates, to move the estimate (or its limit) to 1. Give
    the adjusted standardised risk ratio. It does not cover misclassification.

    Args:
        estimate: ratio, above 0.
        low: lower confidence limit; may be 0.
        high: upper confidence limit; may be infinite.
        measure: ``"rr"``; ``"or"`` takes the square root first, for odds ratios of common
            outcomes (risk over 15%). An odds ratio of a rare outcome is given as ``"rr"``.

    Raises:
        ValueError: a ratio that is not positive, limits that do not hold the estimate, or only
            one limit.
    """
    if measure not in ("rr", "or"):
        raise ValueError(f"unknown measure {measure!r}")
    if not (0 < estimate < math.inf):
        raise ValueError("the estimate must be a positive ratio")
    if low is None and high is None:
        return EValue(_bound(_risk_ratio(estimate, measure)), None)
    if low is None or high is None or not (0 <= low <= estimate <= high):
        raise ValueError("the limits must hold the estimate")
    nearest = low if estimate > 1 else high
    limit = 1.0 if low <= 1 <= high else _bound(_risk_ratio(nearest, measure))
    return EValue(_bound(_risk_ratio(estimate, measure)), limit)


def _risk_ratio(ratio: float, measure: str) -> float:
    return math.sqrt(ratio) if measure == "or" else ratio


def _bound(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + math.sqrt(above * (above - 1))


def missing_bounds(
    events1: int,
    n1: int,
    missing1: int,
    events0: int,
    n0: int,
    missing0: int,
    level: float = 0.95,
) -> MissingBounds:
    """Bound the comparison by what the contacts that were not recorded could have been.

    Worst cases after Horowitz & Manski 2000, JASA 95:77: every missing contact of one arm had the
    event and none of the other's, both ways round. Differences have Newcombe's interval, ratios
    Koopman's. The whole range is not a likely range: it is what the data alone rule out.

    Where an arm has no contact at all, recorded or missing, its comparisons are not estimable.

    Raises:
        ValueError: counts that are not whole or negative, events above ``n``, or a level outside
            (0, 1).
    """
    events1, n1 = check_arm("events1", events1, "n1", n1)
    events0, n0 = check_arm("events0", events0, "n0", n0)
    missing1, missing0 = check_whole("missing1", missing1), check_whole("missing0", missing0)
    check_level(level)
    lowest = _filled(events1, n1 + missing1, events0 + missing0, n0 + missing0, level)
    highest = _filled(events1 + missing1, n1 + missing1, events0, n0 + missing0, level)
    return MissingBounds(
        recorded=_filled(events1, n1, events0, n0, level),
        lowest=lowest,
        highest=highest,
        difference=_span(lowest.risk_difference, highest.risk_difference),
        ratio=_span(lowest.risk_ratio, highest.risk_ratio),
    )


def fill_missing(
    frame: pd.DataFrame,
    outcome: str,
    exposure: str,
    *,
    cit: bool | None = None,
    other: bool | None = None,
) -> pd.DataFrame:
    """Return grouped counts in which an arm's missing contacts count as events or as none.

    For the worst cases of an adjusted comparison: fill, then fit again. ``frame`` holds
    ``n:outcome``, ``events:outcome`` and ``missing:outcome`` (see
    :class:`metrics.aggregate.Counts`) and a true/false ``exposure``. ``True`` counts the missing of
    that arm as events, ``False`` as contacts without, ``None`` leaves them out. Rows whose
    exposure is not recorded stay as they are, and so does every other column.

    Raises:
        KeyError: a column is not in the frame.
    """
    n, events, missing = (f"{kind}:{outcome}" for kind in ("n", "events", "missing"))
    arm, lost = frame[exposure], frame[missing]
    filled = frame.assign(**{n: frame[n], events: frame[events]})
    for exposed, had_it in ((True, cit), (False, other)):
        if had_it is None:
            continue
        here = (arm == exposed).fillna(False).to_numpy(dtype=bool)
        filled[n] = filled[n] + lost.where(here, 0)
        if had_it:
            filled[events] = filled[events] + lost.where(here, 0)
        filled[missing] = filled[missing].mask(here, 0)
    return filled


def tipping_point(
    events1: int,
    n1: int,
    missing1: int,
    events0: int,
    n0: int,
    missing0: int,
    arm: Literal["cit", "other"] = "cit",
    target: Literal["interval", "sign"] = "interval",
    level: float = 0.95,
) -> TippingPoint | NotEstimable:
    """Find what one arm's missing contacts must have been like to overturn the difference.

    The missing of ``arm`` join its contacts with more and more (or fewer and fewer) events,
    beginning at the risk among its recorded contacts; the first number at which the difference's
    Newcombe interval holds 0, or its sign is lost, is the tipping point (Liublinska & Rubin 2014,
    Stat Med 33:4170). The other arm is taken as recorded. Filled-in contacts count as if they had
    been observed, so an interval that holds 0 here would hold it all the more with their
    uncertainty.

    Not estimable: an arm without recorded contacts, nothing missing in ``arm``, a difference that
    there is no need to overturn, or one that no share of events among the missing can overturn.

    Raises:
        ValueError: counts that are not whole or negative, events above ``n``, an unknown arm or
            target, or a level outside (0, 1).
    """
    if arm not in ("cit", "other") or target not in ("interval", "sign"):
        raise ValueError(f"unknown arm {arm!r} or target {target!r}")
    events1, n1 = check_arm("events1", events1, "n1", n1)
    events0, n0 = check_arm("events0", events0, "n0", n0)
    missing1, missing0 = check_whole("missing1", missing1), check_whole("missing0", missing0)
    check_level(level)
    recorded = risk_difference(events1, n1, events0, n0, level=level)
    if isinstance(recorded, NotEstimable):
        return recorded
    mine = arm == "cit"
    events, n, missing = (events1, n1, missing1) if mine else (events0, n0, missing0)
    which = "with CIT" if mine else "without CIT"
    if not missing:
        return NotEstimable(f"Every contact {which} was recorded.")
    if recorded.estimate == 0 or (target == "interval" and recorded.low <= 0 <= recorded.high):
        return NotEstimable(
            "The recorded difference is not clear of 0, so there is nothing to overturn."
        )

    def at(added: int) -> Estimate:
        here = (events + added, n + missing)
        arms = (*here, events0, n0) if mine else (events1, n1, *here)
        found = risk_difference(*arms, level=level)
        assert isinstance(found, Estimate)  # neither arm is empty
        return found

    def overturned(added: int) -> bool:
        found = at(added)
        if target == "interval":
            return found.high >= 0 if recorded.estimate < 0 else found.low <= 0
        return found.estimate * recorded.estimate <= 0

    safe = round(missing * events / n)
    # Towards more events where they would raise a difference below 0, or lower one above it.
    tip = missing if (recorded.estimate < 0) == mine else 0
    if not overturned(tip):
        extreme = "all" if tip else "none"
        return NotEstimable(
            f"The contacts {which} that were not recorded cannot overturn the difference, even "
            f"if {extreme} of them had the outcome."
        )
    if overturned(safe):
        tip = safe
    while abs(tip - safe) > 1:
        middle = (tip + safe) // 2
        safe, tip = (safe, middle) if overturned(middle) else (middle, tip)
    share, risk = tip / missing, events / n
    inside = 0 < tip < missing and 0 < events < n
    return TippingPoint(
        arm=arm,
        target=target,
        events=tip,
        missing=missing,
        share=share,
        recorded_risk=risk,
        odds_multiple=share / (1 - share) / (risk / (1 - risk)) if inside else None,
        difference=at(tip),
    )


def _filled(events1: int, n1: int, events0: int, n0: int, level: float) -> Filled:
    return Filled(
        events1,
        n1,
        events0,
        n0,
        risk_difference(events1, n1, events0, n0, level=level),
        risk_ratio(events1, n1, events0, n0, level=level),
    )


def _span(lowest: Estimated, highest: Estimated) -> Interval | NotEstimable:
    for found in (lowest, highest):
        if isinstance(found, NotEstimable):
            return found
    assert isinstance(lowest, Estimate) and isinstance(highest, Estimate)
    return Interval(lowest.low, highest.high)
