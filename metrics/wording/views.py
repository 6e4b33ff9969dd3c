"""Words of the overview, and of the two other ways of looking: a small agency, everyone trained."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from data import registry
from metrics import proportions
from metrics.estimate import Estimate
from metrics.situation import Alone, Contacts, Situation
from metrics.wording.comparison import CAUTION
from metrics.wording.numbers import number, percent, rate, rate_decimals

EVERYONE_TRAINED = (
    "Everyone is trained here, so nothing on this page compares trained officers with others: it"
    " describes what was recorded; it does not show what training does."
)
WAY_WORDS = {
    "comparison": "Two groups compared",
    "small": "Small agency",
    "universal": "Everyone trained",
}


def way(found: Situation, outcome_id: str) -> str:
    """Say why this way of looking was chosen, and what it shows instead of a comparison."""
    if found.alone is None:
        return ""
    if found.way == "small":
        officers = (
            f"{found.cit_officers} CIT officers, and " if found.cit_officers is not None else ""
        )
        return (
            f"Too few here to compare: {officers}about"
            f" {found.expected:.1f} events expected in the smaller group. {since_last(found.alone, outcome_id)}"
        )
    if found.way == "universal":
        return (
            "All patrol are trained, so there is no comparison group."
            f" {enhanced(found.alone, outcome_id)} {before_after(found.alone, outcome_id)}"
        )
    return ""


def caution(found: Situation) -> str:
    """Say how far a view without a comparison carries."""
    return EVERYONE_TRAINED if found.way == "universal" else CAUTION


def since_last(found: Alone, outcome_id: str) -> str:
    """Say how long ago the last event was, and how many there were in the last year."""
    label = registry.outcome(outcome_id).label
    if found.days_since is None:
        return f"{label}: none recorded in this period."
    return (
        f"{label}: last {found.days_since:,} days before the last contact on record;"
        f" {found.events_in_last_year:,} in the last 12 months on record."
    )


def enhanced(found: Alone, outcome_id: str) -> str:
    """Describe the contacts of the enhanced team beside all others; a description, not a result."""
    if found.enhanced is None:
        return "Enhanced-team contacts: not recorded by this source."
    team, others = found.enhanced
    if not team.n:
        return "No contact on record had a reporting officer with an enhanced certification."
    happened = registry.outcome(outcome_id).happened
    decimals = rate_decimals(team.events / team.n, others.events / others.n if others.n else None)
    beside = f", and {_rate_of(others, decimals)} of other officers" if others.n else ""
    return (
        f"Enhanced-team contacts: {_rate_of(team, decimals)} of officers with an enhanced"
        f" certification {happened}{beside}. The enhanced team is sent to harder calls, and one"
        " officer handles many contacts; neither is allowed for."
    )


def _rate_of(group: Contacts, decimals: int) -> str:
    found = proportions.wilson(group.events, group.n)
    assert isinstance(found, Estimate)
    low, high = (number(v * 1000, decimals) for v in (found.low, found.high))
    shown = rate(found.estimate, decimals)
    return f"{shown} contacts ({group.events:,} of {group.n:,}; 95% CI {low} to {high})"


def before_after(found: Alone, outcome_id: str) -> str:
    """Describe the contacts of officers seen both before and after they were certified."""
    both = found.before_after
    if not both.officers or not both.before_n or not both.after_n:
        return "Officers before and after: none here has contacts both before and after being certified."
    outcome = registry.outcome(outcome_id)
    before, after = both.before_events / both.before_n, both.after_events / both.after_n
    decimals = rate_decimals(before, after)
    return (
        f"Officers before and after: {both.officers:,} have contacts both before and after being"
        f" certified, and {rate(before, decimals)} {outcome.happened} before ({both.before_events:,} of"
        f" {both.before_n:,}) and {rate(after, decimals)} after ({both.after_events:,} of"
        f" {both.after_n:,}). Calendar time and experience changed as well; neither is allowed for."
    )


NO_CONTACTS = "The store holds no contacts yet. Load an export with `python -m data load FILE --mapping NAME`."
NOT_IN_PERIOD = "Not recorded for any contact of this period."
ARRIVAL_MISSING = "minutes to arrive not recorded: needs the dispatch times of calls"
WAIT_MISSING = "hospital wait not recorded: needs the hospital log"
ROSTER_MISSING = (
    "Days with a CIT officer on every district and shift: not recorded, needs the duty roster."
)
CERTIFICATIONS_MISSING = (
    "Certifications that lapse: not recorded, needs certifications.certified_on."
)
REVIEW_MISSING = "Reviews of critical events: not recorded, needs the list of critical events."
CLAIMS_MISSING = "Claims: not recorded, needs the loss run."
REPORTS_MISSING = "Force reports on time: not recorded, needs the dates of the reports."
LIABILITY_MISSING = f"{CLAIMS_MISSING} {REPORTS_MISSING}"
LISTED_DAYS = 5


def percentage(share: float, widest: float | None = None) -> str:
    """Return a share as a percentage, with one decimal if it (or the widest beside it) is under 10%."""
    if (share if widest is None else widest) < 0.0995 and share >= 0.01:
        return f"{share * 100:.1f}%"
    return percent(share)


def share(events: int, n: int) -> str:
    """Return events of contacts as a percentage."""
    return percentage(events / n) if n else "none"


def of(events: int, n: int) -> str:
    """Return a count with its denominator."""
    return f"{events:,} of {n:,} contacts"


def share_of(events: int, n: int) -> str | None:
    """Return a percentage with its counts; None without contacts."""
    return f"{share(events, n)} ({events:,} of {n:,})" if n else None


def thousandth(value: float, widest: float | None = None) -> str:
    """Return a rate per 1,000 as a bare number, as precise as the widest beside it needs."""
    return number(value * 1000, rate_decimals(value if widest is None else widest))


def per_1000(events: int, n: int) -> str:
    """Return events of contacts per 1,000."""
    return f"{thousandth(events / n)} per 1,000" if n else "none"


def per_1000_of(events: int, n: int) -> str | None:
    """Return a rate per 1,000 with its counts; None without contacts."""
    return f"{per_1000(events, n)} ({events:,} of {n:,})" if n else None


def a_month(mean: float) -> str:
    """Return contacts a month."""
    return f"{mean:,.0f} a month"


def contacts(count: int, mean: float | None) -> str:
    """Return a number of contacts, and how many that is a month where that can be said."""
    return f"{count:,}" + (f" ({a_month(mean)})" if mean is not None else "")


def days(count: int) -> str:
    """Return a number of days."""
    return "1 day" if count == 1 else f"{count:,} days"


def hours(minutes: float) -> str:
    """Return minutes as hours with one decimal."""
    return f"{minutes / 60:.1f} hours"


def no_choice(out: int, unknown: int) -> str:
    """Say how many arrests are not counted, and why."""
    text = f"warrant and mandatory arrests out ({out:,})"
    return text + (f", and {unknown:,} where neither was recorded" if unknown else "")


def choice_missing(columns: Sequence[str]) -> str:
    """Say that warrant and mandatory arrests could not be left out."""
    needed = f": needs {', '.join(columns)}" if columns else " in this period"
    return f"warrant and mandatory arrests included; officer's choice not recorded{needed}"


def holds(begun: tuple[int, int], upheld: tuple[int, int]) -> str:
    """Return the share of contacts with a hold, and of holds that were upheld, or why not."""
    if not begun[1]:
        return "emergency holds not recorded"
    text = f"emergency holds {share(*begun)} ({begun[0]:,})"
    if upheld[1]:
        return f"{text}, upheld {share(*upheld)} of {upheld[1]:,} decided"
    return f"{text}, upheld not recorded: needs holds.outcome"


def referrals(completed: tuple[int, int], unfollowed: int) -> str:
    """Say how many referrals could not be followed, or that the source has none."""
    due = completed[1] + unfollowed
    if not due:
        return "what came of referrals not recorded: needs the providers' feedback"
    return f"{share(unfollowed, due)} of {due:,} referrals could not be followed"


def lapsing(in_force: int, due: int, day: date, until: date) -> str:
    """Say how many CIT certifications lapse soon, in the whole agency."""
    if not in_force:
        return f"No CIT certification in force on {day:%-d %b %Y} is recorded."
    verb = "certification lapses" if due == 1 else "certifications lapse"
    return (
        f"{due:,} {verb} by {until:%-d %b %Y}, of {in_force:,} officers certified on"
        f" {day:%-d %b %Y} (whole agency)."
    )


def serious(what: str, found: Sequence[date]) -> str:
    """Say how many contacts of the period had something serious, and when; listed, never rated."""
    if not found:
        return f"No contact of this period is recorded with {what}."
    noun = "contact" if len(found) == 1 else "contacts"
    shown = ", ".join(f"{day:%-d %b %Y}" for day in found[-LISTED_DAYS:])
    latest = "the latest on " if len(found) > LISTED_DAYS else ""
    return f"{len(found):,} {noun} with {what}: {latest}{shown}."
