"""Words of *Liability*: rates of what may come back, critical events, how late things come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from data import registry
from metrics import result
from metrics.aggregate.liability import (
    ENDED,
    NOT_SUSTAINED,
    OPEN,
    SUSTAINED,
    UNKNOWN,
)
from metrics.estimate import Estimate, Estimated, NotEstimable, Test
from metrics.headline import FEWEST_EVENTS
from metrics.liability import (
    CAUSE_COLUMNS,
    Cause,
    Complaints,
    CriticalEvent,
    Delay,
    Liability,
    Rate,
    Reviews,
    Row,
)
from metrics.wording.comparison import arms, verdict
from metrics.wording.handoffs import lacking
from metrics.wording.liability_terms import cause, day, days, held, many
from metrics.wording.numbers import (
    capital,
    difference_cell,
    listed,
    number,
    p_value,
    ratio,
    reason,
    small,
)

INTRO = (
    "What may come back to the agency after a crisis contact, per 1,000 contacts, and how late it comes."
    " Internal: nothing on this page is made for publication."
)
RATE_NOTE = (
    "Circle: contacts of the first group; diamond: of the second. Bars are exact (Poisson) 95% intervals of"
    " each rate as counted, on a logarithmic axis; an arrow at the left edge is a rate of 0, which has no"
    " place on such an axis. Where two bars overlap says nothing by itself: the comparison is in the table."
)
COMPARED_NOTE = (
    "The last column is the comparison after allowing for what dispatch knew (difference per 1,000, first"
    " group less second), with its verdict. Several things are looked at here: the more are looked at, the"
    " more differences appear by chance."
)
CAUSE_NOTE = (
    "Only injuries during the contact; a contact counts once for each row. Not adjusted: the ratio of the"
    " two rates is exact (given all events, those of the first group are binomial), but it ignores that"
    " the groups get different calls and that one officer handles many contacts. Under"
    f" {FEWEST_EVENTS} events in a group it is too few to say."
)
EVENTS_NOTE = (
    "Listed one by one for the whole agency; of the filters only the dates are applied. Events like these"
    " are too rare and too unlike for a rate, and are not counted by group."
)
LATE_NOTE = (
    "More are still to come, so the counts of recent contacts will grow, and so will these delays. Read a"
    " recent period as incomplete, not as better."
)
PRIVILEGE_NOTE = (
    "A claim that is privileged, or not marked as not privileged, is not counted as one here; whether its"
    " contact was followed by a claim reads as not recorded."
)
COMPLAINT_NOTE = (
    "A complaint with several allegations counts once: sustained if any of them is. Intervals are exact"
    " (Poisson). Inquiries and commendations are no complaints."
)
REVIEW_NOTE = (
    "One application is one officer's use of force on one person; displays of a weapon and handcuffs are"
    " not among them."
)

_STANDINGS = {
    SUSTAINED: "Sustained",
    NOT_SUSTAINED: "Not sustained, unfounded or exonerated",
    ENDED: "Mediated or withdrawn",
    OPEN: "Still open",
    UNKNOWN: "Finding not recorded",
}
_FINDINGS = {
    "within_policy": "within policy",
    "training": "training",
    "policy_violation": "policy violation",
    "other": "other",
}


def rate(value: Estimated) -> str:
    """Return an exact rate, per 1,000 already, with its interval for a table."""
    if isinstance(value, NotEstimable):
        return "no contacts"
    if not value.estimate:
        return f"0 (0 to {number(value.high, 1)})"
    # A limit that is not 0 is not printed as 0.
    decimals = 1 if value.estimate >= 1 and value.low >= 0.05 else 2 if value.low >= 0.005 else 4
    estimate, low, high = (number(v, decimals) for v in value)
    return f"{estimate} ({low} to {high})"


def counted(found: Rate) -> str:
    """Return a rate with what it is counted from; "not recorded" of nothing."""
    if not found.n:
        return "not recorded"
    return f"{rate(found.per_1000)}; {found.events:,} of {found.n:,}"


def cell(found: Rate) -> str:
    """Return a rate with what it is counted from, and how many contacts are in neither number."""
    return counted(found) + (f"; {found.not_recorded:,} not recorded" if found.not_recorded else "")


def label(row: Row) -> str:
    """Return the name of a row's outcome."""
    return registry.outcome(row.comparison.outcome).label


def compared(row: Row) -> str:
    """Return the comparison of a row: its verdict, and the adjusted difference where there is one."""
    c = row.comparison
    said = verdict(c)
    value = c.adjusted.risk_difference
    if isinstance(value, Estimate):
        return f"{capital(said)}; adjusted {difference_cell(value)} per 1,000"
    if c.verdict == result.NOT_ESTIMABLE and isinstance(value, NotEstimable):
        return f"{capital(said)}: {reason(value)}"
    return capital(said)


def headline(found: Liability) -> str:
    """Say how often force, complaints and claims there were, both groups together."""
    parts = []
    for row in found.rows:
        c = row.comparison
        n, events = c.cit.n + c.other.n, c.cit.events + c.other.events
        if c.outcome in ("force", "complaint", "claim") and n:
            happened = registry.outcome(c.outcome).happened
            late = "" if c.outcome == "force" else " so far"
            value = 1000 * events / n
            shown = number(value, 1 if value >= 1 else 2) if events else "0"
            parts.append(f"{shown} of 1,000 contacts {happened}{late}")
    if not parts:
        return "Force, complaints and claims are not recorded for the two groups of these contacts."
    return f"Both groups together: {'; '.join(parts)}."


def lacks(found: Liability) -> str:
    """Say which outcomes the source does not record, and which columns and files would; "" if none."""
    gone = [r.comparison.outcome for r in found.rows if r.comparison.lacks == "outcome"]
    if not gone:
        return ""
    named = [
        f"{small(registry.outcome(o).label)} ({listed(registry.outcome(o).sources)})" for o in gone
    ]
    files = sorted({s.split(".")[0] for o in gone for s in registry.outcome(o).sources})
    return f"{lacking(*files)} Missing: {'; '.join(named)}."


def rates_alt(found: Liability) -> str:
    """Return the words that replace the figure of the rates."""
    first, second = arms(found.question.exposure)
    rows = [
        f"{label(r)}: {first} {counted(r.cit)}, {second} {counted(r.other)}"
        for r in found.rows
        if drawn(r)
    ]
    return f"Per 1,000 contacts (exact 95% CI). {'; '.join(rows)}."


def drawn(row: Row) -> bool:
    """Say whether a row has a rate to draw."""
    return bool(row.cit.n or row.other.n)


def cause_ratio(row: Cause) -> str:
    """Return the ratio of two rates by cause, not adjusted, with its exact test."""
    value, test = row.ratio
    if isinstance(value, NotEstimable):
        return "too few to say" if "too few" in value.reason else f"not estimated ({reason(value)})"
    shown = ratio(value).replace("95% CI ", "")
    return f"{shown}; {p_value(test.p_value)}" if isinstance(test, Test) else shown


def causes_shown(found: Liability) -> list[Cause]:
    """Return the causes that hurt anyone."""
    return [c for c in found.causes if c.cit.events or c.other.events]


def causes_none(found: Liability) -> str:
    """Name the causes of which nobody was hurt, where injuries are known; "" if there are none."""
    gone = [
        c for c in found.causes if not (c.cit.events or c.other.events) and (c.cit.n or c.other.n)
    ]
    if not gone:
        return ""
    return f"None recorded: {'; '.join(small(cause(c)) for c in gone)}."


def causes_lack(found: Liability) -> str:
    """Say why injuries cannot be shown by cause; "" if they can."""
    if "injuries" not in found.tables:
        return lacking("injuries")
    if not found.causes:
        return (
            "How people were hurt: not recorded by this source, or no contact fits. It needs"
            f" {listed(CAUSE_COLUMNS)}."
        )
    if not any(c.cit.n or c.other.n for c in found.causes):
        return (
            "How people were hurt: not recorded for these contacts. It needs contacts.subject_injured and"
            " contacts.officer_injured."
        )
    return ""


def apart(found: Liability) -> str:
    """List the injuries that are not counted as injuries of the contact; "" if there are none."""
    if not found.apart:
        return ""
    rows = [f"{small(cause(a))}: {a.n:,}" for a in found.apart]
    return f"Counted apart, as injuries and not by group: {'; '.join(rows)}."


def events(found: Sequence[CriticalEvent], stored: bool) -> str:
    """Say how many critical events are listed, how many reviews are open and what is under legal hold."""
    if not stored:
        return lacking("critical_events")
    if not found:
        return "No critical event is recorded in this period."
    n = len(found)
    holds = sum(held(e) == "yes" for e in found)
    unsaid = sum(held(e) == "not recorded" for e in found)
    waiting = sum(e.review in ("open", "external") for e in found)
    text = (
        f"{many(n, 'event')} listed; {holds:,} under legal hold"
        + (f" ({unsaid:,} not recorded)" if unsaid else "")
        + f", {waiting:,} with a review still open or external."
    )
    undated = sum(e.day is None for e in found)
    return text + (f" {undated:,} without a day, listed whatever the dates." if undated else "")


def delays(name: str, verb: str, found: Delay, last: date | None) -> str:
    """Say how far complaints or claims reach, how late they came, and which contacts are incomplete."""
    if found.until is None:
        return (
            f"{name}: none that may be shown has the day it was {verb}, so nobody can say how late."
        )
    text = f"{name}: on record up to {day(found.until)}."
    odd = f" {found.odd:,} dated before the contact left out." if found.odd else ""
    if not found.n or found.median is None or found.nine_in_ten is None:
        return f"{text} None is linked to these contacts with its day, so no delay is known."
    if found.n < FEWEST_EVENTS:
        return f"{text} Of the {found.n:,} {verb} so far: too few to say how late they come.{odd}"
    text += (
        f" Of the {found.n:,} {verb} so far about these contacts, half came within"
        f" {days(found.median)} of the contact and nine in ten within {days(found.nine_in_ten)}.{odd}"
    )
    least = found.until - timedelta(days=round(found.nine_in_ten))
    if last is not None and least < last:
        text += f" Least complete: contacts after {day(least)}."
    return text


def late(found: Liability) -> list[tuple[str, str]]:
    """Return (table, what it says on how late things come) of complaints and of claims."""
    return [
        ("complaints", delays("Complaints", "received", found.complaints.delay, found.last)),
        ("claims", delays("Liability claims", "reported", found.claim_delay, found.last)),
    ]


def complaints_counted(found: Complaints) -> str:
    """Say of how many contacts complaints are counted, and which cannot be placed."""
    text = f"Of {found.n:,} contacts up to the last day a complaint was received"
    later = found.contacts - found.n
    text += f" ({later:,} later not counted)." if later else "."
    parts = []
    if found.several:
        parts.append(
            f"{many(found.several, 'complaint')} naming only an incident of several contacts"
        )
    if found.unlinked:
        parts.append(
            f"{many(found.unlinked, 'complaint')} that cannot be linked to a contact on record"
        )
    if found.kind_unknown:
        parts.append(f"{found.kind_unknown:,} of which nobody noted whether it is a complaint")
    return text + (f" Counted apart: {'; '.join(parts)}." if parts else " None is left unlinked.")


def complaint_rows(found: Complaints) -> list[tuple[str, int]]:
    """Return (what, how many) of complaints, by how they stand, then what is no complaint."""
    return [
        ("Complaints received", found.received),
        *((_STANDINGS[s], n) for s, n in found.standing if n or s != UNKNOWN),
        ("Commendations", found.commendations),
        ("Inquiries", found.inquiries),
    ]


def complaints_lack(found: Liability) -> str:
    """Say why complaints cannot be counted; "" if they can."""
    if "complaints" not in found.tables:
        return lacking("complaints")
    if not found.complaints.contacts:
        return "No contact fits these filters; widen them."
    if not found.complaints.n:
        return "Complaints: not recorded for these contacts. It needs complaints.received_on."
    return ""


def reviewed(found: Reviews) -> str:
    """Say how many applications of force a supervisor reviewed, and what was found."""
    if found.silent == found.applications:
        return (
            f"{many(found.applications, 'application')} of force; supervisors' reviews are not recorded by"
            " this source. It needs force_events.supervisor_reviewed_at and force_events.finding."
        )
    with_finding = found.reviewed - found.without_finding
    text = (
        f"Of {many(found.applications, 'application')} of force, a supervisor has reviewed"
        f" {found.reviewed:,}, with a finding for {with_finding:,}; {found.not_reviewed:,} not reviewed."
    )
    return text + (f" Of {found.silent:,} nobody can say." if found.silent else "")


def reviews_lack(found: Liability) -> str:
    """Say why reviews of force cannot be counted; "" if they can."""
    if "force_events" not in found.tables:
        return lacking("force_events")
    if not found.reviews.applications:
        return "No application of force belongs to the contacts that fit these filters; widen them."
    return ""


def review_rows(found: Reviews) -> list[tuple[str, int]]:
    """Return (what, how many) of applications of force by review."""
    rows = [(f"Reviewed: {_FINDINGS[f]}", n) for f, n in found.findings]
    rows += [
        ("Reviewed: finding pending or not recorded", found.without_finding),
        ("Not reviewed", found.not_reviewed),
    ]
    return [*rows, *([("Not known whether reviewed", found.silent)] if found.silent else [])]
