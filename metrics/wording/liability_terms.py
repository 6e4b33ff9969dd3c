"""Words of liability that pages share: codes in words, and the two lines of the overview."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from metrics.aggregate.liability import PeriodClaims
from metrics.liability import Apart, Cause, CriticalEvent
from metrics.wording.numbers import capital, listed

_WHO = {
    "subject": "the person",
    "officer": "an officer",
    "clinician": "a clinician",
    "other_responder": "another responder",
    "third_party": "someone else",
}
_CAUSES = {
    "officer_force": "by officers' force",
    "subject_assault": "by the person's assault",
    "self_inflicted_before_arrival": "by their own hand, before police came",
    "self_inflicted_during": "by their own hand, during the contact",
    "before_contact": "before the contact",
    "accident": "by accident",
    "restraint_or_transport": "in restraint or transport",
    "unknown": "how is not recorded",
}
_KINDS = {
    "death_by_force": "death by force",
    "death_in_custody": "death in custody",
    "suicide_during_contact": "suicide during the contact",
    "suicide_within_30_days": "suicide within 30 days of the contact",
    "officer_shooting_nonfatal": "officer shooting, non-fatal",
    "serious_bodily_injury": "serious bodily injury",
    "officer_death": "death of an officer",
    "officer_serious_injury": "serious injury of an officer",
}
_REVIEWS = {
    "open": "review open",
    "closed_within_policy": "review closed: within policy",
    "closed_with_findings": "review closed with findings",
    "external": "under external review",
}
MOST_NAMED = 5
"""Critical events named in one line."""


def cause(row: Cause | Apart) -> str:
    """Return who was hurt and by what, such as "An officer, by accident"."""
    who = _WHO.get(row.who or "", "who not recorded")
    how = _CAUSES.get(row.cause or "unknown", _CAUSES["unknown"])
    return capital(f"{who}, {how}")


def kind(event: CriticalEvent) -> str:
    """Return what happened, in words."""
    return _KINDS.get(event.kind or "", "kind not recorded")


def review(event: CriticalEvent) -> str:
    """Return where an event's review stands."""
    return _REVIEWS.get(event.review or "", "review not recorded")


def day(value: date | None) -> str:
    """Return a day, or that it is not recorded."""
    return "day not recorded" if value is None else f"{value:%-d %b %Y}"


def held(event: CriticalEvent) -> str:
    """Return whether an event is under legal hold."""
    return event.legal_hold if event.legal_hold in ("yes", "no") else "not recorded"


def serious(found: Sequence[CriticalEvent], filtered: bool) -> str:
    """Name the critical events of the overview's period: what, when and how its review stands."""
    scope = " (whole agency)" if filtered else ""
    if not found:
        return f"No critical event is recorded in this period{scope}."
    shown = found[-MOST_NAMED:]
    named = "; ".join(f"{kind(e)}, {day(e.day)}, {review(e)}" for e in shown)
    if len(found) == 1:
        named = f"{kind(found[0])}, {day(found[0].day)}; {review(found[0])}"
    latest = "the latest: " if len(found) > MOST_NAMED else ""
    return f"{many(len(found), 'event')}{scope}: {latest}{named}."


NO_DEATH, DEATHS = "No death is on record", "Deaths on record: "
_DEATHS = (
    *("death_by_force", "death_in_custody", "suicide_during_contact"),
    *("suicide_within_30_days", "officer_death"),
)


def deaths(found: Sequence[CriticalEvent]) -> str:
    """Say who died, of the critical events of a period; an event of no known kind may be a death."""
    counted = [(id_, sum(e.kind == id_ for e in found)) for id_ in _DEATHS]
    named = [f"{n} {_KINDS[id_]}" for id_, n in counted if n]
    unknown = sum(e.kind is None for e in found)
    text = f"{DEATHS}{listed(named)}" if named else NO_DEATH
    return f"{text}; {many(unknown, 'event')} of a kind not recorded." if unknown else f"{text}."


def claims(found: PeriodClaims) -> str:
    """Say what claims about the contacts of the overview's period cost so far."""
    text = f"Of contacts in this period: {_claims(found)}. Periods this recent usually grow."
    other = []
    if found.several:
        other.append(f"{many(found.several, 'claim')} naming only an incident of several contacts")
    if found.unlinked:
        other.append(f"{many(found.unlinked, 'claim')} naming no contact on record")
    if other:
        text += f" Apart: {listed(other)}."
    return f"{text} Only claims marked as not privileged are counted."


def _claims(found: PeriodClaims) -> str:
    if not found.claims:
        return "no liability claim reported"
    text = f"{many(found.claims, 'claim')} reported"
    unknown = found.claims - found.open - found.closed
    states = [(found.open, "open"), (found.closed, "closed"), (unknown, "of status not recorded")]
    there = [(n, word) for n, word in states if n]
    if len(there) == 1:
        all_ = {1: "", 2: "both "}.get(found.claims, "all ")
        text += f", {all_}{there[0][1]}"
    else:
        text += f", {listed([f'{n:,} {word}' for n, word in there])}"
    if not found.valued:
        return f"{text}, what they cost not recorded: needs `claim_valuations.csv`"
    some = "" if found.valued == found.claims else f" on the {found.valued:,} valued"
    return f"{text}, {dollars(found.incurred)} incurred ({dollars(found.paid)} paid){some}"


def dollars(value: float) -> str:
    """Return an amount in whole dollars; Markdown, where a bare sign would begin a formula."""
    return f"{'-' if round(value) < 0 else ''}\\${abs(value):,.0f}"


def reports(on_time: int, owed: int) -> str:
    """Say how many contacts that owed a force report had it on time."""
    if not owed:
        return "No force report was owed in this period."
    return f"{on_time:,} of {many(owed, 'contact')} that owed a force report had it on time."


def many(n: int, noun: str) -> str:
    """Return a count with its noun, such as "1 event"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def days(value: float) -> str:
    """Return a number of days, in whole ones."""
    return many(round(value), "day")
