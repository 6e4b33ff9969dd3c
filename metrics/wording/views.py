"""Words of the two other ways of looking: a small agency, and one where everyone is trained."""

from __future__ import annotations

from data import registry
from metrics.situation import Situation
from metrics.wording.numbers import rate, rate_decimals

WAY_WORDS = {
    "comparison": "Two groups compared",
    "small": "Small agency",
    "universal": "Everyone trained",
}


def way(found: Situation, outcome_id: str) -> str:
    """Say why this way of looking was chosen, and what it shows instead of a comparison."""
    if found.way == "small":
        officers = (
            f"{found.cit_officers} CIT officers, and " if found.cit_officers is not None else ""
        )
        return (
            f"Too few here to compare: {officers}about"
            f" {found.expected:.1f} events expected in the smaller group. {since_last(found, outcome_id)}"
        )
    if found.way == "universal":
        return f"All patrol are trained, so there is no comparison group. {before_after(found, outcome_id)}"
    return ""


def since_last(found: Situation, outcome_id: str) -> str:
    """Say how long ago the last event was, and how many there were in the last year."""
    label = registry.outcome(outcome_id).label
    if found.days_since is None:
        return f"{label}: none recorded in this period."
    return (
        f"{label}: last {found.days_since:,} days before the last contact on record;"
        f" {found.events_in_last_year:,} in the last 12 months on record."
    )


def before_after(found: Situation, outcome_id: str) -> str:
    """Describe the contacts of officers seen both before and after they were certified."""
    both = found.before_after
    if not both.officers or not both.before_n or not both.after_n:
        return "No officer here has contacts both before and after being certified."
    outcome = registry.outcome(outcome_id)
    before, after = both.before_events / both.before_n, both.after_events / both.after_n
    decimals = rate_decimals(before, after)
    return (
        f"{both.officers:,} officers have contacts both before and after being certified:"
        f" {rate(before, decimals)} {outcome.happened} before ({both.before_events:,} of"
        f" {both.before_n:,}) and {rate(after, decimals)} after ({both.after_events:,} of"
        f" {both.after_n:,}). Calendar time and experience changed as well; neither is allowed for."
    )
