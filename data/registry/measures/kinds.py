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
EMPLOYED = "(left_month IS NULL OR period_last < left_month)"
CRISIS_COURSE = (
    "course_kind IN ('cit_40h', 'cit_enhanced', 'cit_in_service', 'cit_dispatcher_8h',"
    " 'mh_awareness', 'deescalation', 'hold_law')"
)
CIT_COURSE = "course_kind IN ('cit_40h', 'cit_enhanced')"
PASSED = "coalesce(result, 'completed') = 'completed'"
PASSED_WORDS = (
    "Who failed or withdrew is not counted; a last day without a result is a course completed."
)
RECEIVING = (
    "provider_kind IN ('emergency_department', 'crisis_receiving', 'psychiatric_hospital',"
    " 'detox_sobering', 'youth_crisis')"
)
ILL = "CASE smi_screen WHEN 'positive' THEN TRUE WHEN 'negative' THEN FALSE END"
OF_RECORD = "Bookings that followed a police contact on record, not all bookings of the jail."
SWORN = (
    "CASE WHEN role IS NOT NULL THEN role IN ('patrol_officer', 'deputy', 'sergeant',"
    " 'lieutenant_or_above', 'detective', 'school_resource', 'co_responder_officer') END"
)
FACILITY = (
    "destination_kind IN ('emergency_department', 'crisis_receiving', 'psychiatric_hospital',"
    " 'detox_sobering')"
)
SENT = (
    "police_sent AND CASE CAST(crisis_flag_at_dispatch AS VARCHAR)"
    " WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END"
)
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


COMPLAINT = "CASE WHEN kind IS NOT NULL THEN kind = 'complaint' END"
"""SQL: is a row of complaints one, and not an inquiry or a commendation?"""


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


def jail(id_: str, name: str, definition: str, /, **changes: object) -> Measure:
    """Return a measure of jail bookings, from the jail's own data where they are loaded."""
    columns = ("bookings.booked_at", "bookings.smi_screen")
    entry: dict[str, object] = {
        "unit": "events",
        "relation": "bookings",
        "among": ILL,
        "requires": columns,
        "sources": ("bookings.smi_screen",),
        "needs_words": "jail data",
        "note": OF_RECORD,
    }
    return Measure(id_, "stepping-up", name, definition, **(entry | changes))  # type: ignore[arg-type]


def call_response(id_: str, set_: str, name: str) -> Measure:
    """Return the share of calls coded as a crisis at dispatch that a CIT officer came to."""
    return Measure(
        id_,
        set_,
        name,
        "Calls coded as behavioural health at dispatch to which police were sent, and to which a"
        " CIT-certified officer came. From the dispatch record: calls without a form are in it.",
        unit="events",
        relation="calls",
        among=SENT,
        among_words="calls coded as a crisis at dispatch, police sent",
        event="cit_came",
        requires=(
            "calls.received_at",
            "calls.crisis_flag_at_dispatch",
            "call_units.arrived_at",
        ),
        needs_words="the dispatch record",
        note="Certified on the day of arrival; without a record of credentials, a unit of CIT.",
    )


def staff(id_: str, name: str, definition: str, /, **changes: object) -> Measure:
    """Return a measure of the people employed on the last day of a period."""
    entry: dict[str, object] = {"unit": "officers", "relation": "officers", "as_of": True}
    return Measure(id_, "cit-program", name, definition, **(entry | changes))  # type: ignore[arg-type]


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
