"""Words of *Partners and care*: referrals, holds, hand-offs, who comes back. Nothing here says cause."""

from __future__ import annotations

from data import registry
from metrics.aggregate.partners import ARREST, HOLD, NEITHER, PEOPLE, UNKNOWN
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.handoffs import CARE_PLACES
from metrics.partners import (
    AGREED,
    DECLINED,
    FEWEST_REFERRALS,
    NO_ANSWER,
    NOT_ASKED,
    RETURN_DAYS,
    Element,
    Holds,
    Partners,
    Referrals,
)
from metrics.shares import Share
from metrics.wording.handoffs import lacking, name, nothing, of
from metrics.wording.numbers import capital, listed, number, percent, small

INTRO = (
    "What happens after the contact: how long the hand-off takes, whether the person reaches a service,"
    " what becomes of holds, and who comes back. It describes what was recorded; it compares nobody, and"
    " none of it is a result of CIT."
)
CHAIN_NOTE = (
    "Could be followed: the provider reported back, and 30 days have passed by the last day of data. No"
    " report is not recorded, never no. Taken on: accepted, or served, within 30 days of the referral."
    " The outcome *referral completed* counts contacts instead of referrals, and takes in a referral too"
    " recent to have had 30 days if it was already served; in all else it is the same."
)
PROVIDER_NOTE = (
    "Referrals that were not declined. Providers get different people by different routes: this is no"
    f" ranking. Those with fewer than {FEWEST_REFERRALS} stand together."
)
FORM_NOTE = (
    "A form is complete if all five are there, of forms where all five are recorded; what is unknown or"
    " blank leaves the denominator."
)
UPHELD_NOTE = (
    "Upheld: admitted, involuntarily or by agreement, of holds with the outcome known; neither more nor"
    " fewer is better. It counts holds; the outcome *hold upheld* counts contacts."
)
RESTRAINT_NOTE = "Involuntary trips with restraint recorded. Jail stands apart from places of care."
RETURN_NOTE = (
    "Each person is followed from the first contact on record to the next, or to the last day of data"
    " (censored: nobody knows what came after). Kaplan-Meier with log-log limits on Greenwood's variance;"
    " how the next contact ended by Aalen-Johansen, the endings competing. Filters choose the first"
    " contact; the next may be any. Two forms on one incident are one contact. The outcomes *repeat"
    " contact* use only people with the whole time on record; here everyone counts for as long as"
    " followed."
)
GROUP_NOTE = (
    "People differ; not adjusted. Who handled the first contact says nothing by itself about who comes"
    " back."
)
CLINICIAN_NOTE = (
    "Context only: a clinician on scene is another intervention at the same time. It is described, never"
    " a result of CIT."
)
TECHNIQUE_NOTE = (
    "Recorded on the form, not proof of use. A form without any box may not have been filled in, so it is"
    " in no denominator; an unticked box on the others is not proof that it was not used."
)

STEPS = {
    "made": "Made",
    "open": "Not declined",
    "followed": "Could be followed",
    "taken": "Taken on in 30 days",
    "served_30": "Served in 30 days",
    "served_7": "Served in 7 days",
}
"""The steps of the chain, in order."""
RETURN_KINDS = {
    HOLD: "ended in an emergency hold",
    ARREST: "ended in an arrest without a hold",
    NEITHER: "ended in neither",
    UNKNOWN: "ended in a way not recorded",
}


def cell(value: Estimated) -> str:
    """Return a share with its interval for a table, in percent."""
    if isinstance(value, NotEstimable):
        return "not known"
    shown = [number(v * 100, 1) for v in value]
    return f"{shown[0]}% ({shown[1]} to {shown[2]})"


def referred(found: Referrals, stored: int) -> str:
    """Say in a sentence how many referrals reached a first service."""
    if not stored:
        return f"**Referrals.** {lacking('referrals')}"
    if not found.whole.made:
        return f"**Referrals.** {nothing('referral')}"
    chain = found.open
    if not chain.followed:
        words = f"none of {chain.made:,} not declined could be followed for 30 days"
        return f"**Referrals.** {found.whole.made:,} made; {words}."
    return (
        f"**Referrals.** Of {chain.followed:,} not declined that could be followed, the provider gave a"
        f" first service within 30 days to {of(chain.share('served_30'))}, within 7 days to"
        f" {of(chain.share('served_7'))}. {chain.left:,} of {chain.made:,} could not be followed."
    )


def unfollowed(found: Referrals) -> str:
    """Say why referrals could not be followed, and what was dated oddly."""
    chain, by = found.open, {c.label: c for c in found.answers}
    parts = [
        f"Of {found.whole.made:,} referrals made, {by[AGREED].made:,} were agreed to, for"
        f" {by[NOT_ASKED].made:,} the person was not asked, {by[DECLINED].made:,} were declined, and for"
        f" {by[NO_ANSWER].made:,} no answer is recorded.",
        f"Of the {chain.made:,} not declined, {chain.left:,} could not be followed: {chain.unheard:,}"
        f" without a report by the provider, {chain.recent:,} too recent,"
        f" {chain.undated:,} without a date.",
    ]
    if chain.early:
        parts.append(
            f"{chain.early:,} were served before the referral and are not counted as served."
        )
    return " ".join(parts)


def held(found: Holds, stored: int) -> str:
    """Say in a sentence how complete hold forms are, and how holds ended."""
    if not stored:
        return f"**Holds.** {lacking('holds')}"
    if not found.n:
        return f"**Holds.** {nothing('hold')}"
    words = f"**Holds.** {found.n:,} on record. Form complete: {of(found.complete)}."
    if (most := found.most_missing) is not None:
        words += f" Most often missing: {small(name(most.column))}."
    return f"{words} Upheld: {of(found.upheld)}."


def holds_left(found: Holds) -> str:
    """Say which holds could not be judged."""
    return (
        f"{found.complete.unknown:,} forms have an element unknown or blank and are in neither number"
        f" ({found.lacking:,} of them lack another for certain). {found.upheld.unknown:,} holds have no"
        " known outcome."
    )


def restrained(found: Holds, stored: int) -> str:
    """Say how often people were restrained on involuntary trips."""
    if not stored:
        return f"Restraint in transport: {small(lacking('transports'))}"
    care, jail = found.restrained(CARE_PLACES), found.restrained(("jail",))
    words = f"Restrained on involuntary trips to a place of care: {of(care)}"
    words += f"; to jail: {of(jail)}." if jail.n else "."
    gone = care.unknown + jail.unknown
    return words + (f" {gone:,} trips without a word on restraint are in neither." if gone else "")


def came_back(found: Partners) -> str:
    """Say in a sentence how many people came back, allowing for how long each was followed."""
    curve = found.returns.curve
    if not curve.n:
        return f"**Repeat contacts.** {no_person(found)}"
    shown = [
        f"{percent(1 - value.estimate)} within {days} days"
        for days in RETURN_DAYS
        if not isinstance(value := curve.at(days), NotEstimable)
    ]
    seen = listed(shown) if shown else "too short a time on record to say"
    return (
        f"**Repeat contacts.** Of {curve.n:,} people, estimated to be met again: {seen}, allowing for how"
        " long each was followed."
    )


def no_person(found: Partners) -> str:
    """Say that no contact tells whom it was with, or that none is a person's first."""
    if not found.stored[PEOPLE]:
        return (
            "Not recorded by this source: no contact says which person it was with. It needs"
            " `person_key` in `contacts.csv` (`python -m data template --out DIR` writes its header)."
        )
    return "No person's first contact on record fits these filters; widen them."


def followed(found: Partners) -> str:
    """Say who is followed, and who cannot be."""
    curve = found.returns.curve
    return (
        f"{curve.n:,} people followed, {curve.events:,} of them met again, for at most"
        f" {curve.last_day:,} days. {found.returns.unlinked:,} of {found.returns.contacts:,} contacts do not"
        " say which person it was with."
    )


def returned(value: Estimated) -> Estimated:
    """Turn the probability of no return into that of a return."""
    if isinstance(value, NotEstimable):
        return value
    return Estimate(1 - value.estimate, 1 - value.high, 1 - value.low)


def group(exposure: str, exposed: bool) -> str:
    """Name a group by who handled the first contact."""
    found = registry.exposure(exposure)
    return capital(f"first contact {found.cit_arm if exposed else found.other_arm}")


def clinician(found: Partners) -> str:
    """Say how often a clinician was on scene, and led."""
    if not found.on_scene.n:
        return (
            "Whether a clinician was on scene is not recorded by this source. It needs"
            " `clinician_on_scene` in `contacts.csv` (`python -m data template --out DIR` writes its"
            " header)."
        )
    words = f"A clinician was on scene in {of(found.on_scene)} of contacts"
    if found.led.n:
        words += f", and led in {of(found.led)} of these"
    gone = found.on_scene.unknown
    return f"{words}. For {gone:,} contacts it is not recorded." if gone else f"{words}."


def officer_time(found: Partners) -> str:
    """Say how many officer hours a contact took."""
    if not found.timed:
        return (
            "Not recorded by this source: needs `officer_minutes` in `contacts.csv` (`python -m data"
            " template --out DIR` writes its header)."
        )
    each = number(found.minutes / found.timed / 60, 1)
    return (
        f"{each} hours a contact on average, {found.minutes / 60:,.0f} hours in all, over {found.timed:,}"
        f" of {found.contacts:,} contacts with minutes recorded; neither more nor fewer is better."
    )


def lines(found: Partners) -> list[str]:
    """Return one line for each of the other things on the page, in its order."""
    return [
        referred(found.referrals, found.stored["referrals"]),
        held(found.holds, found.stored["holds"]),
        came_back(found),
        f"**Officer time.** {officer_time(found)}",
        f"**On scene.** {clinician(found)}",
    ]


def ticked(found: Partners) -> str:
    """Say how many forms have any technique ticked."""
    if not found.stored["contact_codes"]:
        return lacking("contact_codes")
    if not found.forms_ticked:
        return nothing("ticked technique")
    return (
        f"{found.forms_ticked:,} of {found.contacts:,} forms have at least one technique ticked;"
        " shares are of these."
    )


def ticked_share(found: Partners, n: int) -> Share:
    """Return forms with one technique among those with any."""
    return Share(n, found.forms_ticked)


def missing(element: Element) -> Share:
    """Return how often an element is missing among forms that say."""
    return Share(element.no, element.yes + element.no, element.unknown)


def chain_alt(found: Referrals) -> str:
    """Describe the chain of referrals."""
    steps = [f"{label.lower()} {sum(found.parts(key).values()):,}" for key, label in STEPS.items()]
    return f"Referrals by step: {', '.join(steps)}."


def returns_alt(found: Partners) -> str:
    """Describe the curves of people met again."""
    parts = []
    for days in RETURN_DAYS:
        value = found.returns.curve.at(days)
        if not isinstance(value, NotEstimable):
            parts.append(
                f"{percent(1 - value.estimate)} by {days} days (95% CI {percent(1 - value.high)} to"
                f" {percent(1 - value.low)})"
            )
    return f"Share of {found.returns.curve.n:,} people met again: {listed(parts) if parts else 'none'}."
