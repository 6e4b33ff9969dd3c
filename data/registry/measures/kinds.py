"""Kinds of measures, and the SQL that several of them share."""

from __future__ import annotations

from data.registry.force import FORCE_CATEGORIES
from data.registry.measures.model import Measure
from data.registry.outcomes import OUTCOMES, Outcome

_BY_ID = {o.id: o for o in OUTCOMES}
PERSON = "contacts.person_key"
PLACES = ("district", "shift")
FOUND = "contact_made IS DISTINCT FROM 'no'"
CODED = (
    "CASE WHEN crisis_identified_by IS NOT NULL"
    " THEN crisis_identified_by IN ('dispatch', 'both') END"
)
BY_TYPE = (
    "CASE WHEN initial_call_group <> 'unknown'"
    " THEN initial_call_group IN ('suicide', 'behavioral_crisis') END"
)
CIT = "credential IN ('cit_40h', 'cit_enhanced')"
IN_FORCE = "(expires_on IS NULL OR period_last < expires_on)"
YEARS = (
    "datediff('day', hired_month, certified_on) / 365.25 + coalesce(experience_years_at_hire, 0)"
)
OFF_SCALE = ", ".join(f"'{c.code}'" for c in FORCE_CATEGORIES if not c.rank)
FORCE_KIND = "CASE WHEN display_only = 'yes' THEN 'display' ELSE category END"
ON_SCALE = f"({FORCE_KIND}) NOT IN ({OFF_SCALE})"
DURING = (
    "CASE WHEN cause <> 'unknown'"
    " THEN cause NOT IN ('self_inflicted_before_arrival', 'before_contact') END"
)
FIRST_KNOWN = (
    "Only people whose first contact in the export falls in the period are counted: later years hold"
    " fewer of those already well known, so years are not alike."
)
STRICT = "A person counts as not only if every one of their contacts in the period says so."


def yes(column: str) -> str:
    """SQL: a yes/no as TRUE, FALSE, or NULL where it was blank or answered unknown."""
    return f"CASE CAST({column} AS VARCHAR) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END"


def of(id_: str, set_: str, name: str, outcome: str, /, **changes: object) -> Measure:
    """Return the share of an outcome of the registry, by the funder's name for it."""
    o: Outcome = _BY_ID[outcome]
    entry: dict[str, object] = {
        "name": name,
        "definition": o.definition,
        "event": f"outcome_{o.id}",
        "among": f"eligible_{o.id}",
        "among_words": o.eligible_words,
        "sources": o.sources,
        "note": o.note,
    }
    return Measure(id_, set_, **(entry | changes))  # type: ignore[arg-type]


def people(id_: str, set_: str, name: str, outcome: str, /, **changes: object) -> Measure:
    """Return an outcome's share of people, each counted once in a period."""
    o = _BY_ID[outcome]
    entry: dict[str, object] = {
        "unit": "people",
        "among_words": "people",
        "sources": (*o.sources, PERSON),
        "note": STRICT,
    }
    return of(id_, set_, name, outcome, **(entry | changes))


def missing(id_: str, set_: str, name: str, definition: str, words: str, *needs: str) -> Measure:
    """Return a measure the store has no table for yet."""
    return Measure(id_, set_, name, definition, needs=needs, needs_words=words)


def repeat(set_: str, days: int, **changes: object) -> Measure:
    """Return the people seen again, each followed from their first contact."""
    return people(
        f"repeat_{days}",
        set_,
        f"Fewer repeat encounters: seen again within {days} days",
        f"repeat_{days}",
        **({"among_words": "people followed that long", "note": FIRST_KNOWN} | changes),
    )


def response(id_: str, set_: str, name: str, exposure: str, column: str) -> Measure:
    """Return the share of contacts known as a crisis at dispatch that a CIT officer handled."""
    return Measure(
        id_,
        set_,
        name,
        "Contacts known as a crisis at dispatch that a CIT officer handled: "
        + {
            "arrived": "one arrived, by the form's own flag.",
            "primary": "the reporting officer was certified at the time.",
        }[exposure],
        event=f"exposure_{exposure}",
        among=CODED,
        among_words="contacts known as a crisis at dispatch",
        sources=("contacts.crisis_identified_by", column),
        note="Calls without a form are not in the store, so not in the denominator.",
    )
