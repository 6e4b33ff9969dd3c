"""What an extract holds and what is done to it, declared as data: one entry for every table and column.

What is not declared here does not leave: a column that the store has and this file has not is left out,
and a test fails until somebody has decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from data import registry
from data.encounters import eligible_column, exposure_column, outcome_column

RARE = "rare (grouped)"
"""What a label becomes that too few share."""

KEY_LETTERS = 20
"""Hexadecimal digits of a key of an extract: 80 bits, so that ten million keys do not meet by chance."""

MOST_WEEKS = 26
"""Most weeks by which a person's dates are moved, forward or back; never none."""

WITHHELD = "withheld"
"""Column that names what was withheld in a row, apart from what was never recorded."""


class Do(StrEnum):
    """What is done to a column."""

    KEEP = "kept as it is"
    KEY = "replaced by a key of this extract alone"
    MOMENT = "moved by the person's offset where dates are shifted, else kept as it is"
    YEAR_OF = "year of the date as it is given here"
    MONTH = "cut to the month, and not moved"
    YEAR = "cut to the year, and not moved"
    LABEL = f"labels that too few contacts share are '{RARE}'"
    LABELS = f"each of the labels between ; that too few contacts share is '{RARE}'"
    ENDS = "whole numbers; ends that too few share are set to the last value that enough share"
    JOINED = "values joined by ;"
    HERE = "'this agency' or 'other'"
    AGENCY_DATE = "kept as it is: a date of the agency, not of a person, and never moved"
    OUT = "left out"


@dataclass(frozen=True)
class Rule:
    """What is done to one column. ``kind`` is the kind of key, or which labels are grouped alike."""

    do: Do
    kind: str = ""
    name: str = ""
    reason: str = ""
    unit: str = ""
    withheld: bool = False

    @property
    def words(self) -> str:
        """What was done, in words, for the codebook."""
        more = "; withheld where a row would stand out (see the column withheld)"
        return self.do.value + (more if self.withheld else "")


KEEP = Rule(Do.KEEP)
MOMENT = Rule(Do.MOMENT)
QUASI = Rule(Do.KEEP, withheld=True)
MINUTES = Rule(Do.KEEP, unit="minutes")
DISTRICT = Rule(Do.LABEL, "district")
SHIFT = Rule(Do.LABEL, "shift")
LABEL = Rule(Do.LABEL)
NOT_MOVED = Rule(Do.AGENCY_DATE)


def key(kind: str) -> Rule:
    """Re-key it: the same number of a kind has the same key in every table of one extract."""
    return Rule(Do.KEY, kind)


def out(reason: str) -> Rule:
    """Leave it out, and say why."""
    return Rule(Do.OUT, reason=reason)


_LOAD = {"load_id": out("says nothing about a contact, and when it was loaded tells what is new")}
_NAME = out("a name to print tells the place; its id is here")
_AGENCY = {"agency_id": key("agency")}
_CONTACT = {**_AGENCY, "source": key("source"), "contact_id": key("contact")}

QUASI_IDENTIFIERS = ("age_band", "sex", "race", "veteran", "district")
"""What someone who knows a person may know of them."""

WITHHELD_FIRST = ("veteran", "race", "age_band", "sex")
"""What is withheld to hide a contact among others, the first first. The district never is."""

OFFICER_WITHHELD_FIRST = ("left_year", "hired_year", "cit_selection", "role")
"""The same for officers: all that is told of them in ``officers`` but their earlier experience."""

COVARIATES: dict[str, Rule] = {
    "call_group": KEEP,
    "origin": KEEP,
    "priority": KEEP,
    "weapon": KEEP,
    "violence": KEEP,
    "suicide": KEEP,
    "district": DISTRICT,
    "shift": SHIFT,
    "weekend": KEEP,
    "year": Rule(Do.YEAR_OF, unit="calendar year"),
    "known_prior": KEEP,
    "officers_sent": KEEP,
    "tenure": KEEP,
    "mandatory_arrest": KEEP,
    **dict.fromkeys(WITHHELD_FIRST, QUASI),
}
"""What is done to each covariate of ``encounters``."""

ENCOUNTERS: dict[str, Rule] = {
    **_CONTACT,
    "incident_id": key("incident"),
    "contact_at": MOMENT,
    "contact_date": MOMENT,
    "officer_key": key("officer"),
    "person_key": key("person"),
    "officer_minutes": MINUTES,
    "force_level": KEEP,
    "cit_came": KEEP,
    **{exposure_column(e.id): KEEP for e in registry.EXPOSURES},
    **{c.id: COVARIATES[c.id] for c in registry.COVARIATES if c.id in COVARIATES},
    **{name(o.id): KEEP for o in registry.OUTCOMES for name in (outcome_column, eligible_column)},
}
"""``encounters``, with the incident of ``contacts``, by which calls are joined."""

INCLUDED: dict[str, dict[str, Rule]] = {
    "agencies": {
        **_AGENCY,
        "agency_name": out("names the agency"),
        "time_zone": out("says where the agency is; times are its local wall clock"),
        "cit_model": KEEP,
        "force_reporting_threshold": KEEP,
        "crisis_form_required_since": NOT_MOVED,
        "fiscal_year_start_month": KEEP,
        "simulated": KEEP,
    },
    "contact_officers": {
        **_CONTACT,
        **_LOAD,
        "officer_key": key("officer"),
        "scene_role": KEEP,
        "service_years": Rule(Do.ENDS, unit="years"),
    },
    "officers": {
        **_AGENCY,
        **_LOAD,
        "officer_key": key("officer"),
        "role": QUASI,
        "left_month": Rule(Do.YEAR, name="left_year", unit="calendar year", withheld=True),
        "cit_selection": QUASI,
        "hired_month": Rule(Do.YEAR, name="hired_year", unit="calendar year", withheld=True),
        "experience_years_at_hire": Rule(Do.ENDS, unit="years"),
    },
    "certifications": {
        **_AGENCY,
        **_LOAD,
        "officer_key": key("officer"),
        "credential": KEEP,
        "certified_on": Rule(Do.MONTH, name="certified_month", unit="first day of the month"),
        "certifying_body": KEEP,
        "expires_on": Rule(Do.MONTH, name="expires_month", unit="first day of the month"),
        "earned_at_agency": Rule(Do.HERE),
    },
    "dispositions": {**_CONTACT, **_LOAD, "disposition": KEEP, "raw_disposition": LABEL},
    "force_events": {
        **_CONTACT,
        **_LOAD,
        "force_id": key("force"),
        "seq": KEEP,
        "agency_level": LABEL,
        "category": KEEP,
        "display_only": KEEP,
        "report_due_at": MOMENT,
        "report_filed_at": MOMENT,
        "supervisor_reviewed_at": MOMENT,
        "finding": KEEP,
    },
    "injuries": {
        **_CONTACT,
        **_LOAD,
        "injury_id": key("injury"),
        "who": KEEP,
        "cause": KEEP,
        "severity": KEEP,
        "treatment": KEEP,
        "days_lost": Rule(Do.ENDS, unit="working days"),
        "comp_claim": KEEP,
    },
    "referrals": {
        **_CONTACT,
        **_LOAD,
        "referral_id": key("referral"),
        "provider_id": key("provider"),
        "referral_kind": KEEP,
        "made_at": MOMENT,
        "agreed": KEEP,
        "provider_accepted_at": MOMENT,
        "first_service_on": MOMENT,
        "feedback_received": KEEP,
    },
    "holds": {
        **_CONTACT,
        **_LOAD,
        "hold_id": key("hold"),
        "on_prescribed_form": KEEP,
        "states_belief_of_danger": KEEP,
        "states_nature_of_danger": KEEP,
        "states_observations": KEEP,
        "states_facts_of_notice": KEEP,
        "outcome": KEEP,
    },
    "transports": {
        **_CONTACT,
        **_LOAD,
        "seq": KEEP,
        "mode": KEEP,
        "destination_kind": KEEP,
        "provider_id": key("provider"),
        "voluntary": KEEP,
        "restrained": KEEP,
        "arrived_at": MOMENT,
        "accepted_at": MOMENT,
        "officer_free_at": MOMENT,
        "accepted": KEEP,
    },
    "contact_codes": {**_CONTACT, **_LOAD, "kind": KEEP, "code": LABEL},
    "bookings": {
        **_CONTACT,
        **_LOAD,
        "booking_id": key("booking"),
        "booked_at": MOMENT,
        "released_at": MOMENT,
        "smi_screen": KEEP,
        "connected_to_care": KEEP,
    },
    "documents": {
        **_CONTACT,
        **_LOAD,
        "document": KEEP,
        "required": KEEP,
        "due_at": MOMENT,
        "submitted_at": MOMENT,
        "approved_at": MOMENT,
        "fields_required": KEEP,
        "fields_filled": KEEP,
        "missing_fields": Rule(Do.LABELS),
        "returned_times": KEEP,
    },
    "calls": {
        **_AGENCY,
        **_LOAD,
        "call_id": key("call"),
        "incident_id": key("incident"),
        "received_at": MOMENT,
        "origin": KEEP,
        "priority": KEEP,
        "initial_call_group": KEEP,
        "crisis_flag_at_dispatch": KEEP,
        "crisis_flag_final": KEEP,
        "district_id": DISTRICT,
        "disposition_of_call": KEEP,
        "cit_available": KEEP,
        "dispatched_at": MOMENT,
        "first_arrived_at": MOMENT,
        "cleared_at": MOMENT,
    },
    "call_units": {
        **_AGENCY,
        **_LOAD,
        "call_id": key("call"),
        "officer_key": key("officer"),
        "unit_kind": KEEP,
        "dispatched_at": MOMENT,
        "arrived_at": MOMENT,
        "cleared_at": MOMENT,
    },
    "events": {
        **_AGENCY,
        **_LOAD,
        "event_id": key("event"),
        "event_date": NOT_MOVED,
        "event_kind": KEEP,
        "district_id": DISTRICT,
        "label": out("free text"),
    },
    "districts": {
        **_AGENCY,
        **_LOAD,
        "district_id": DISTRICT,
        "district_name": _NAME,
        "patrolled": KEEP,
    },
    "shifts": {
        **_AGENCY,
        **_LOAD,
        "shift_id": SHIFT,
        "shift_name": _NAME,
        "starts_at": Rule(Do.KEEP, unit="local time, HH:MM"),
        "ends_at": Rule(Do.KEEP, unit="local time, HH:MM"),
        "weekdays": KEEP,
        "counts_for_coverage": KEEP,
    },
    "service_providers": {
        **_AGENCY,
        **_LOAD,
        "provider_id": key("provider"),
        "provider_name": out("names the organisation; its kind and a key are here"),
        "provider_kind": KEEP,
        "accepts_police_dropoff": KEEP,
        "accepts_involuntary": KEEP,
        "hours": KEEP,
        "agreement_from": NOT_MOVED,
        "agreement_to": NOT_MOVED,
        "dropoff_target_minutes": MINUTES,
    },
    "program_elements": {
        **_AGENCY,
        **_LOAD,
        "element": KEEP,
        "as_of": NOT_MOVED,
        "status": KEEP,
        "instrument": LABEL,
        "assessed_by": KEEP,
        "evidence": out("a reference to the agency's own documents"),
    },
    "source_columns": {
        **_AGENCY,
        "source": key("source"),
        "table_name": KEEP,
        "column_name": KEEP,
        "codes": Rule(Do.JOINED),
        "recorded_from": NOT_MOVED,
        "recorded_until": NOT_MOVED,
    },
    "disposition_codes": dict.fromkeys(("code", "custody", "care_link", "voluntary"), KEEP),
}
"""Every canonical table that leaves, column by column; ``encounters`` is apart."""

_SO_RARE = "so rare that a row points at a person; whether there was one stands in encounters"
_MOVEMENTS = "an officer's days, places and courses identify the officer to colleagues"

LEFT_OUT = {
    "contacts": "what an analysis reads of it is in encounters, one row for each of its rows",
    "critical_events": "so rare that a row points at a person",
    "complaints": _SO_RARE,
    "claims": _SO_RARE,
    "claim_valuations": _SO_RARE,
    "assignments": _MOVEMENTS,
    "rosters": _MOVEMENTS,
    "trainings": _MOVEMENTS,
    "loads": "file names and hashes of files of the agency",
    "rejected": "hashes of rows of the agency's files",
}
"""Canonical tables that stay here, all of their columns, and why."""
