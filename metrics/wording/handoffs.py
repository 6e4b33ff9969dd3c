"""Words of hand-offs at hospitals and other facilities, and of what a section cannot say."""

from __future__ import annotations

from metrics.estimate import NotEstimable
from metrics.handoffs import FEWEST_WAITS, Facility, Handoffs, Wait
from metrics.shares import Share
from metrics.wording.numbers import capital, listed, number, percent

WAIT_NOTE = (
    "Circle: half of the hand-offs were over by then (median). Diamond: nine in ten were. Bar: the minutes"
    " that the facility promised. Minutes run from arrival until the officer was free, of trips that the"
    " facility did not turn away. Hospitals are emergency departments and psychiatric hospitals."
    f" Under {FEWEST_WAITS} hand-offs no minutes are given; negative times and those over 24 hours are"
    " counted and left out."
)
MONTH_NOTE = (
    "The median of each month at emergency departments and psychiatric hospitals. It is drawn, not judged:"
    " no chart rule for medians is applied, so no change is claimed. Months with fewer than"
    f" {FEWEST_WAITS} hand-offs are not drawn."
)
AWAY_NOTE = (
    "Of trips with the facility's answer recorded. A person turned away has another trip, counted where"
    " it went."
)

_NAMES = {
    "outpatient_mh": "outpatient mental health",
    "accepted": "agreed",
    "unknown": "not recorded",
    "turned_away_full": "full",
    "turned_away_medical": "medical reasons",
    "turned_away_behaviour": "behaviour",
    "turned_away_hours": "closed",
    "all_hours": "all hours",
    "extended": "extended hours",
    "business": "business hours",
    "with_medical_clearance": "after medical clearance",
    "on_prescribed_form": "written on the prescribed form",
    "states_belief_of_danger": "states that the officer believes in danger",
    "states_nature_of_danger": "states what the danger is",
    "states_observations": "states what the officer saw",
    "states_facts_of_notice": "states how it came to the officer's notice",
    "warm_handoff": "warm hand-off",
}


def name(code: str | None) -> str:
    """Return a code as words, such as "Crisis receiving"."""
    return capital(_NAMES.get(code, code.replace("_", " ")) if code else "not recorded")


def lacking(*tables: str) -> str:
    """Say which file would fill an empty section."""
    files = listed([f"`{t}.csv`" for t in tables])
    return (
        f"Not recorded by this source: load {files} (`python -m data template --out DIR` writes"
        f" {'its header' if len(tables) == 1 else 'their headers'})."
    )


def nothing(what: str) -> str:
    """Say that the store holds such rows but none of these contacts has one."""
    return f"No {what} belongs to the contacts that fit these filters; widen them."


def of(share: Share) -> str:
    """Return a share with its counts, such as "58% (644 of 1,193)"."""
    if not share.n:
        return "not known (0 recorded)"
    return f"{percent(share.value)} ({share.events:,} of {share.n:,})"


def minutes(value: float | NotEstimable) -> str:
    """Return minutes for a table."""
    return "too few" if isinstance(value, NotEstimable) else number(value)


def hospital(found: Handoffs, stored: int) -> str:
    """Answer in a sentence how long officers wait at the hospital."""
    asked = "How long do we wait at the hospital?"
    if not stored:
        return f"{asked} Not recorded by this source."
    if not found.trips:
        return f"{asked} No trip belongs to the contacts that fit these filters."
    wait, end = found.hospitals, "the officer was free"
    if not wait.n and found.hospitals_accepted.n:
        wait, end = found.hospitals_accepted, "the hospital took over"
    if isinstance(wait.median, NotEstimable) or isinstance(wait.p90, NotEstimable):
        return (
            f"{asked} Too few to say: {_count(wait.n, 'hand-off')} at a hospital with both times."
        )
    words = (
        f"{asked} {number(wait.median)} minutes: half of {wait.n:,} hand-offs took no longer from arrival"
        f" until {end}, and one in ten took more than {number(wait.p90)}."
    )
    if wait.within.n:
        words += f" Within the minutes promised: {of(wait.within)}."
    return words


def tile(wait: Wait) -> str:
    """Say the wait at the hospital in a few words."""
    if isinstance(wait.median, NotEstimable):
        return f"hospital wait: too few to say ({_count(wait.n, 'hand-off')})"
    target = f"; {of(wait.within)} within the target" if wait.within.n else ""
    return f"hospital wait {number(wait.median)} min (the middle of {wait.n:,}){target}"


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def waits_left(found: Handoffs) -> str:
    """Say what the hand-offs leave out."""
    wait = found.everywhere
    parts = [
        f"{found.trips:,} trips; {found.elsewhere:,} of them home or to a place where nobody takes over.",
        f"Of the rest, {wait.n:,} have a plausible time; {wait.missing:,} lack an arrival or an end,"
        f" {wait.bad:,} are negative or over 24 hours.",
    ]
    return " ".join(parts)


def turned_away(found: Handoffs) -> str:
    """Say how often places of care turned someone away, and why."""
    share = found.turned_away
    if not share.n:
        return "Turned away: whether the facility took the person is not recorded for any of these trips."
    why = [f"{name(code).lower()} {n:,}" for code, n in found.reasons if n]
    reasons = f": {listed(why)}" if why else ""
    gone = f" {share.unknown:,} trips without an answer are in neither." if share.unknown else ""
    return f"Turned away on {of(share)} of trips to a place of care{reasons}.{gone}"


def agreement(found: Facility) -> str:
    """Say whether a written agreement was in force on the last day of data."""
    if found.agreement is None:
        return "Not recorded"
    return "In force" if found.agreement else "Not in force"


def promised(found: Facility) -> str:
    """Return the minutes a facility promised."""
    return "none on file" if found.target is None else f"{found.target:,}"


def facility(found: Facility) -> str:
    """Return a facility's name, or its kind where it has none."""
    if found.label:
        return found.label
    return "Jail" if found.place == "jail" else f"{name(found.place)}, which one not recorded"


def waits_alt(rows: tuple[Facility, ...]) -> str:
    """Describe the waits of all facilities to someone who does not see them."""
    parts = []
    for row in rows:
        target = f", promised {row.target}" if row.target is not None else ""
        parts.append(
            f"{facility(row)}: median {_minutes(row.free)} minutes, nine in ten within"
            f" {minutes(row.free.p90)}{target}, {row.free.n:,} hand-offs"
        )
    return f"Minutes until the officer was free, by facility. {'; '.join(parts)}."


def _minutes(wait: Wait) -> str:
    return minutes(wait.median)


def months_alt(found: Handoffs) -> str:
    """Describe the months' medians."""
    drawn = [m for m in found.months if m.median is not None]
    if not drawn:
        return "No month has enough hand-offs at a hospital."
    low = min(drawn, key=lambda m: m.median or 0)
    high = max(drawn, key=lambda m: m.median or 0)
    return (
        f"Median minutes at hospitals by month, {drawn[0].first_day:%b %Y} to {drawn[-1].first_day:%b %Y}:"
        f" from {number(low.median or 0)} ({low.first_day:%b %Y}) to {number(high.median or 0)}"
        f" ({high.first_day:%b %Y})."
    )
