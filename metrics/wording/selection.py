"""Words of *Who gets CIT?*: how unlike the calls of the two groups are. Nothing here says cause."""

from __future__ import annotations

from data import registry
from metrics.balance import EXTREME, Balance
from metrics.estimate import NotEstimable
from metrics.selection import CUSTOMARY, FEWEST_DESCRIBED, Level, Selection
from metrics.wording import marks
from metrics.wording.comparison import arms
from metrics.wording.numbers import (
    capital,
    covariate_list,
    number,
    percent,
    rate,
    rate_decimals,
    reason,
)

INTRO = (
    "Before any outcome: were these the same kind of calls? Where they were not, a difference in outcomes"
    " may only be a difference in calls. Calls are described by what dispatch knew before an officer"
    " arrived."
)

LOVE_NOTE = (
    "Each row is one kind of call. The open mark says how far apart the two groups are as recorded: to the"
    " right it is more frequent in the first group, to the left in the second. The filled mark says the"
    f" same after weighting. The unit is the standardised difference; the dotted lines at {CUSTOMARY} are a"
    " custom (beyond them a difference is usually called worth allowing for), not a test."
)

SCORE_NOTE = (
    "The score is the estimated chance, from what dispatch knew, that a contact is in the first group."
    " Where bars stand on both sides, the groups got calls that are alike; where they stand on one side"
    " only, there is nothing to compare with."
)

UNSEEN = (
    "It sees only what dispatch recorded. It cannot see what the caller's voice or a known name told"
    " dispatch, which officers were free or volunteered for the call, how experienced the officer was,"
    " how ill or intoxicated the person was, or contacts without a form. Groups made alike here can still"
    " be unlike in all of that."
)


ROUNDING = 0.005
"""A standardised difference under this prints as 0.00."""
MOST_LISTED = 8
"""Kinds of calls named in one sentence."""


def name(row: Level) -> str:
    """Return a level with its covariate, such as "Call group: suicide" or "Weapon reported"."""
    label = registry.covariate(row.covariate).label
    if row.level == "yes":
        return label
    if row.level == registry.NOT_RECORDED:
        return f"{label} not recorded"
    if row.label.isdigit():
        return f"{label} {row.label}"
    # A district stays as the agency names it.
    plain = row.label[:1].lower() + row.label[1:] if row.label[1:].islower() else row.label
    return f"{label}: {row.label if row.covariate == 'district' else plain}"


def difference(row: Level, exposure_id: str) -> str:
    """Say how many times as often a kind of call came to the first group as to the second."""
    exposure = registry.exposure(exposure_id)
    shares = (
        f"{_rate(row.share_cit)} contacts {exposure.cit_arm} ({row.cit:,}), and"
        f" {_rate(row.share_other)} {exposure.other_arm} ({row.other:,})"
    )
    if not row.other:
        return f"**{marks.shown(name(row))}**, in the first group only: {shares}."
    if not row.cit:
        return f"**{marks.shown(name(row))}**, in the second group only: {shares}."
    return f"**{marks.shown(name(row))}**, {times(row)} as often: {shares}."


def times(row: Level) -> str:
    """Return the prevalence ratio of a level, such as "1.4 times"."""
    if isinstance(row.ratio, NotEstimable):
        return "not estimated"
    shown = number(row.ratio, 2 if row.ratio < 0.1 or 0.95 < row.ratio < 1.05 else 1)
    return f"{shown} times"


def largest(found: Selection) -> list[str]:
    """Return a sentence for each of the largest differences before weighting, largest first.

    All that pass the customary mark and chance, up to five; the first two if fewer do.
    """
    mark = max(CUSTOMARY, found.chance or 0.0)
    rows = found.largest()
    return [difference(r, found.exposure) for i, r in enumerate(rows) if i < 2 or r.apart > mark]


def headline(found: Selection) -> str:
    """Say in a sentence whether the two groups got the same kind of calls."""
    exposure = registry.exposure(found.exposure)
    if not found.contacts1 or not found.contacts0:
        return nothing(found)
    top = found.largest(2)
    if not top:
        if not isinstance(found.balance, NotEstimable):
            if any(row.apart for row in found.levels):
                return "Too few contacts to say whether the two groups got the same kind of calls."
            return "The two groups are alike in all that dispatch recorded."
        return f"Not compared: {reason(found.balance)}."
    mark = max(CUSTOMARY, found.chance or 0.0)
    apart = [row for row in top if row.apart > mark]
    shown = " and ".join(_brief(row) for row in (apart or top[:1]))
    if apart:
        return (
            f"Contacts {exposure.cit_arm} were not the same calls as contacts {exposure.other_arm}:"
            f" {shown}."
        )
    if top[0].apart > CUSTOMARY:
        return (
            f"Too few contacts to tell other calls from chance; the largest difference is {shown}."
        )
    return (
        "In what dispatch recorded, no kind of call differs between the groups by more than is"
        f" customarily called small ({CUSTOMARY}); the largest difference is {shown}."
    )


def chance(found: Selection) -> str:
    """Say how far apart so few contacts are by chance alone; "" where that is under the custom."""
    if found.chance is None or found.chance <= CUSTOMARY:
        return ""
    return (
        f"With so few contacts, one kind of call in 20 lies beyond {number(found.chance, 2)} on either side"
        " by chance alone: smaller differences say little about who gets CIT."
    )


def _brief(row: Level) -> str:
    plain = marks.shown(name(row))
    plain = plain[:1].lower() + plain[1:]
    shares = f"{_rate(row.share_cit)}, and {_rate(row.share_other)}"
    if not row.cit or not row.other:
        return f"{plain} (in one group only: {shares})"
    return f"{plain} ({times(row)} as often: {shares})"


def _rate(share: float) -> str:
    return rate(share, rate_decimals(share))


def nothing(found: Selection) -> str:
    """Say that there is no second group, or nobody at all."""
    exposure = registry.exposure(found.exposure)
    if found.contacts1 or found.contacts0:
        n = found.contacts1 or found.contacts0
        arm = exposure.cit_arm if found.contacts1 else exposure.other_arm
        return (
            f"All {n:,} contacts are contacts {arm}; there is no other group to set them beside."
            " Another meaning of CIT may give one."
        )
    if found.unknown:
        return (
            f"For none of these {found.unknown:,} contacts is it recorded which group they are in. It"
            f" needs one of {', '.join(exposure.sources)}."
        )
    return "No contact fits these filters; widen them."


def counted(found: Selection) -> str:
    """Say who is in the groups, what was looked at, and what was not recorded."""
    first, second = arms(found.exposure)
    parts = [
        f"{found.contacts1:,} contacts in the first group ({first}),"
        f" {found.contacts0:,} in the second ({second})."
    ]
    if found.unknown:
        parts.append(
            f"{found.unknown:,} more are in neither group (not recorded, or left out by this definition);"
            " they are never counted as no."
        )
    exposure = registry.exposure(found.exposure)
    if exposure.when == "A":
        parts.append(
            f"Which group a contact is in was decided after dispatch. {exposure.note}".strip()
        )
    if found.covariates:
        parts.append(f"Looked at: {covariate_list(found.covariates)}.")
    if found.constant:
        parts.append(f"The same for all of these contacts: {covariate_list(found.constant)}.")
    return " ".join(parts)


def contamination(found: Selection) -> str:
    """Say how much of the second group a CIT officer reached by another field."""
    if not found.came:
        return ""
    return (
        f"In {percent(found.came / found.contacts0)} of the second group ({found.came:,} of"
        f" {found.contacts0:,} contacts) another field says that a CIT officer came: it is not a group"
        " without CIT, only one where this definition does not hold."
    )


def weighting(found: Selection) -> str:
    """Say what weighting does, how far apart the groups are after it, and that this is by design."""
    balance = found.balance
    if isinstance(balance, NotEstimable):
        why = reason(balance)
        for id_ in found.covariates:
            why = why.replace(f"level of {id_} ", f"level of {covariate_list((id_,))} ")
        return f"No weights: {why}.{_lonely(found)}"
    text = (
        "Weights count most the contacts that either group could have had, and least those that nearly"
        " always go to one (overlap weights)."
    )
    both = [row for row in found.levels if not row.pooled]
    before = max((row.apart for row in both), default=0.0)
    after = max(
        (abs(row.smd_after) for row in both if not isinstance(row.smd_after, NotEstimable)),
        default=0.0,
    )
    text += (
        " Among kinds of calls that both groups got, the largest standardised difference goes from"
        f" {number(before, 2)} to {number(after, 2) if after >= ROUNDING else '0'}."
    )
    if after < ROUNDING:
        text += (
            " That is so by construction: it shows that the sums are right, not that the groups are alike"
            " in what was not recorded."
        )
    else:
        text += " It is not 0, as kinds of one group only had to be taken together with others."
    return text + _lonely(found)


def _lonely(found: Selection) -> str:
    """Name the kinds of calls of one group only, the most frequent first."""
    rows = sorted((row for row in found.levels if row.pooled), key=lambda r: -(r.cit + r.other))
    if not rows or not found.contacts1 or not found.contacts0:
        return ""
    listed = ", ".join(
        f"{marks.shown(name(row))} ({row.cit + row.other:,})" for row in rows[:MOST_LISTED]
    )
    more = len(rows) - MOST_LISTED
    return f" In one group only: {listed}{f', and {more} more' if more > 0 else ''}."


def effective(found: Selection) -> str:
    """Say how much information the weighted contacts carry."""
    balance = found.balance
    if isinstance(balance, NotEstimable):
        return ""
    one = f"the {found.contacts1:,} contacts of the first group carry as much information as"
    one += f" {_about(balance.ess1, found.contacts1)} unweighted ones"
    two = f"the {found.contacts0:,} of the second as {_about(balance.ess0, found.contacts0)}"
    return (
        f"Weighted, {one}, and {two}. The price of making the calls alike is that some contacts count for"
        " little. That one officer handles many contacts takes more off."
    )


def _about(value: float, most: int) -> str:
    """Return an effective number of contacts to three digits, never more than there are."""
    digits = max(len(str(int(value))) - 3, 0)
    return number(min(round(value, -digits), most))


def outside(found: Selection) -> str:
    """Say how many contacts have no like in the other group, and what they are."""
    if found.outside is None:
        return ""
    gone = found.outside
    number_ = gone.contacts1 + gone.contacts0
    if not number_:
        return (
            "Every contact has contacts with a like score in the other group, and no score is under"
            f" {EXTREME} or over {1 - EXTREME}."
        )
    text = (
        f"{number_:,} contacts ({percent(gone.share)}) have hardly a like in the other group: their score is"
        f" outside the range of the other group's, under {EXTREME}, or over {1 - EXTREME}."
        f" {gone.contacts1:,} are in the first group and {gone.contacts0:,} in the second."
    )
    if gone.typical:
        shown = "; ".join(
            f"{registry.covariate(c).label.lower()} {marks.shown(label)} ({percent(among)} of them,"
            f" {percent(everywhere)} of all)"
            for c, label, among, everywhere in gone.typical
        )
        text += f" Most over-represented among them: {shown}."
    elif number_ < FEWEST_DESCRIBED:
        text += " Too few to describe."
    return text + " What happened in them says little about CIT or not."


def unseen(found: Selection) -> str:
    """Say what a comparison of calls cannot see, what the source lacks first."""
    if not found.unavailable:
        return UNSEEN
    lacking = covariate_list(found.unavailable)
    return f"Not recorded by this source, so not compared: {lacking}. {UNSEEN}"


def love_alt(found: Selection) -> str:
    """Return the words that replace the love plot."""
    rows = [
        f"{name(row)}: {_smd(row.smd_before)} before weighting, {_smd(row.smd_after)} after"
        for row in drawn(found)
    ]
    return f"Standardised differences between the groups. {'; '.join(rows)}."


def drawn(found: Selection, most: int = 20) -> tuple[Level, ...]:
    """Return the levels that differ most before weighting, largest first, mirror images left out."""
    rows: list[Level] = []
    for covariate in found.covariates:
        own = [
            row
            for row in found.levels
            if row.covariate == covariate and not isinstance(row.smd_before, NotEstimable)
        ]
        if any(row.level == "yes" for row in own):  # no says the same, mirrored
            own = [row for row in own if row.level != "no"]
        elif len(own) == 2:
            own.sort(key=lambda row: row.cit + row.other)
            own = own[1:]
        rows += own
    rows.sort(key=lambda row: -row.apart)
    return tuple(rows[:most])


def _smd(value: float | NotEstimable) -> str:
    return "not estimated" if isinstance(value, NotEstimable) else number(value, 2)


def scores_alt(found: Selection) -> str:
    """Return the words that replace the histogram of scores."""
    balance = found.balance
    if not isinstance(balance, Balance):
        return capital(reason(balance)) + "."
    first, second = arms(found.exposure)
    parts = []
    for label, histogram in ((first, balance.histogram1), (second, balance.histogram0)):
        held = [
            f"{int(n):,} at {edge:.2f} to {edge + 0.05:.2f}"
            for edge, n in zip(balance.edges, histogram, strict=False)
            if n
        ]
        parts.append(f"{label}: {', '.join(held)}")
    return f"Contacts by score. {'; '.join(parts)}. {outside(found)}"
