"""The agency itself: districts, shifts, facilities, marked events, program elements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from data.simulation.columns import Array, Rng, constant, labels
from data.simulation.model import (
    DISTRICT_SHARES,
    DISTRICTS,
    FACILITY_YEAR,
    SHIFTS,
    Options,
    day_number,
)

SHIFT_HOURS = (("06:00", "14:00"), ("14:00", "22:00"), ("22:00", "06:00"))
_SIZES = (25, 60, 200, 600, 1500)  # patrol officers from which there is one more district

# id, name, kind, police drop-off, takes involuntary, hours, agreed minutes.
PROVIDERS = (
    ("PR01", "Central General ED", "emergency_department", "always", "yes", "all_hours", 45),
    ("PR02", "North ED", "emergency_department", "with_medical_clearance", "yes", "all_hours", 45),
    (
        "PR03",
        "State Psychiatric Hospital",
        "psychiatric_hospital",
        "always",
        "yes",
        "all_hours",
        30,
    ),
    ("PR04", "Crisis Care Center", "crisis_receiving", "limited_hours", "no", "extended", 20),
    ("PR05", "Harbor Receiving Center", "crisis_receiving", "always", "yes", "all_hours", 15),
    ("PR06", "Sobering Center", "detox_sobering", "always", "no", "all_hours", 15),
    ("PR07", "Mobile Crisis Team", "mobile_crisis", "no", "no", "extended", 0),
    ("PR08", "Valley Outpatient Clinic", "outpatient_mh", "no", "no", "business", 0),
    ("PR09", "Recovery Services", "substance_use", "no", "no", "business", 0),
    ("PR10", "Crisis Line", "crisis_line", "no", "no", "all_hours", 0),
    ("PR11", "Night Shelter", "shelter", "always", "no", "extended", 0),
    ("PR12", "Community Case Management", "case_management", "no", "no", "business", 0),
    ("PR13", "Veterans Center", "veterans", "no", "no", "business", 0),
)
PROVIDER_IDS = tuple(p[0] for p in PROVIDERS)
# Minutes from arrival to hand-off: the middle of the wait at each place.
WAITS = {"PR01": 55.0, "PR02": 75.0, "PR03": 40.0, "PR04": 18.0, "PR05": 12.0, "PR06": 14.0}

ELEMENTS = (
    "steering_committee_meets",
    "law_enforcement_coordinator",
    "mental_health_coordinator",
    "advocacy_or_lived_experience_partner",
    "written_agreement_with_receiving_facility",
    "no_refusal_dropoff",
    "cit_policy_in_force",
    "dispatch_policy_names_cit",
    "telecommunicators_trained",
    "officers_volunteer_and_are_selected",
    "selection_includes_interview_and_record_review",
    "patrol_experience_before_training",
    "forty_hour_curriculum",
    "people_with_lived_experience_teach",
    "site_visits",
    "scenario_practice",
    "in_service_every_two_years",
    "cit_officer_leads_scene",
    "clinician_available_all_hours",
    "all_others_have_awareness_training",
    "data_collected_on_every_contact",
    "data_reviewed_by_committee",
    "recognition_of_officers",
    "program_certified",
    "youth_protocol",
    "veterans_protocol",
    "outreach_to_community",
)
_STATUSES = ("met", "partly", "planned", "not_met", "not_assessed")


@dataclass(frozen=True)
class Place:
    """The size of the agency and what follows from it."""

    districts: tuple[str, ...]
    shares: Array
    facility_opens: int

    @property
    def bands(self) -> list[str]:
        """Residents of each district, in bands."""
        if len(self.districts) == 1:
            return ["5k_25k"]
        return ["gt_100k" if s > 0.2 else "50k_100k" for s in self.shares]


def place(options: Options) -> Place:
    """Return the districts that an agency of this size has."""
    n = 1 + sum(options.officers >= size for size in _SIZES)
    shares = np.array(DISTRICT_SHARES[:n])
    opens = day_number(date(options.start.year + FACILITY_YEAR, 1, 1))
    return Place(DISTRICTS[:n], shares / shares.sum(), opens)


def _first_of(year: int, month: int = 1, day: int = 1) -> pd.Timestamp:
    return pd.Timestamp(year=year, month=month, day=day)


def tables(
    options: Options, here: Place, sworn: int, patrol: int, telecommunicators: int, rng: Rng
) -> dict[str, pd.DataFrame]:
    """Return the reference tables."""
    year = options.start.year
    agency = options.agency_id
    small = len(here.districts) == 1
    agencies = pd.DataFrame(
        {
            "agency_id": [agency],
            "agency_name": ["Simulated City Police (simulated)"],
            "ori": ["ZZ0000000"],
            "agency_type": ["municipal"],
            "setting": ["rural" if small else "urban"],
            "population_served": [max(1_000, sworn * 480)],
            "sworn_n": [sworn],
            "patrol_n": [patrol],
            "telecommunicator_n": [telecommunicators],
            "time_zone": ["America/Denver"],
            "fiscal_year_start_month": [7],
            "currency": ["USD"],
            "cit_model": [options.model],
            "cit_started_on": [_first_of(year - 3, 3, 15)],
            "force_reporting_threshold": ["control_hold_or_above"],
            "handcuffing_reportable": ["no"],
            "display_reportable": ["no"],
            "crisis_form_required_since": [_first_of(year - 1)],
            "force_report_due_hours": [24],
            "form_due_hours": [24],
            "hold_law": ["Utah 26B-5-331"],
            "region": ["Simulated region"],
        }
    )
    n = len(here.districts)
    districts = pd.DataFrame(
        {
            "agency_id": [agency] * n,
            "district_id": list(here.districts),
            "district_name": [f"{d} district" for d in here.districts],
            "setting": ["rural" if small else ("urban" if i < 3 else "suburban") for i in range(n)],
            "population_band": here.bands,
            "minutes_to_jail": [12, 18, 20, 22, 25, 30][:n],
            "minutes_to_receiving_facility": [9, 12, 18, 20, 16, 24][:n],
            "patrolled": ["yes"] * n,
            "valid_from": [_first_of(year - 10)] * n,
            "valid_to": pd.array([pd.NaT] * n, dtype="datetime64[s]"),
        }
    )
    shifts = pd.DataFrame(
        {
            "agency_id": [agency] * 3,
            "shift_id": list(SHIFTS),
            "shift_name": [f"{s.capitalize()} watch" for s in SHIFTS],
            "starts_at": [h[0] for h in SHIFT_HOURS],
            "ends_at": [h[1] for h in SHIFT_HOURS],
            "weekdays": ["MTWTFSS"] * 3,
            "min_staff": [1 if small else 3] * 3,
            "counts_for_coverage": ["yes"] * 3,
        }
    )
    return {
        "agencies": agencies,
        "districts": districts,
        "shifts": shifts,
        "service_providers": _providers(year),
        "events": _events(options),
        "program_elements": _elements(options, rng),
    }


def _providers(year: int) -> pd.DataFrame:
    opened = [
        _first_of(year + FACILITY_YEAR) if p[0] == "PR05" else _first_of(year - 2)
        for p in PROVIDERS
    ]
    frame = pd.DataFrame(
        list(PROVIDERS),
        columns=[
            "provider_id",
            "provider_name",
            "provider_kind",
            "accepts_police_dropoff",
            "accepts_involuntary",
            "hours",
            "dropoff_target_minutes",
        ],
    )
    frame["agreement_from"] = opened
    frame["agreement_to"] = pd.array([pd.NaT] * len(frame), dtype="datetime64[s]")
    minutes = frame.pop("dropoff_target_minutes")
    frame["dropoff_target_minutes"] = minutes.where(minutes > 0).astype("Int32")
    return frame


def _events(options: Options) -> pd.DataFrame:
    """Return what may explain a change on a trend; only the facility moves an outcome here."""
    year = options.start.year
    rows = []
    for index, calendar in enumerate(options.calendar_years):
        for month in (3, 10):
            rows.append((_first_of(calendar, month, 15), "training_class", "CIT class ends"))
        if index == 1:
            rows.append((_first_of(calendar, 7), "policy_change", "Crisis response policy revised"))
            rows.append((_first_of(calendar, 7, 16), "line_988_change", "988 in service"))
    rows.append(
        (_first_of(year + FACILITY_YEAR), "facility_opened", "Harbor Receiving Center opens")
    )
    first, last = options.first_day, options.last_day
    kept = sorted(r for r in rows if first <= day_number(r[0].date()) <= last)
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, len(kept)),
            "event_id": [f"EV{i:03d}" for i in range(1, len(kept) + 1)],
            "event_date": pd.array([r[0] for r in kept], dtype="datetime64[s]"),
            "event_kind": [r[1] for r in kept],
            "district_id": pd.array([None] * len(kept), dtype="str"),
            "label": [r[2] for r in kept],
        }
    )


def _elements(options: Options, rng: Rng) -> pd.DataFrame:
    """Return a yearly self-assessment in which elements are met one after the other."""
    years = options.calendar_years
    n, reached = len(ELEMENTS), rng.uniform(-1.5, 1.2 * max(len(years), 3), len(ELEMENTS))
    rows = []
    for index, year in enumerate(years):
        ahead = reached - index
        status = np.select([ahead < 0, ahead < 1, ahead < 2, ahead < 4], [0, 1, 2, 3], 4)
        rows.append(
            pd.DataFrame(
                {
                    "agency_id": constant(options.agency_id, n),
                    "element": list(ELEMENTS),
                    "as_of": [_first_of(year, 12, 1)] * n,
                    "status": labels(status, _STATUSES),
                    "score": pd.array(np.choose(status, [5, 3, 1, 0, 0]), dtype="Int32"),
                    "instrument": constant("Simulated checklist 1", n),
                    "assessed_by": constant("self", n),
                    "evidence": [f"DOC-{year}-{i:02d}" for i in range(1, n + 1)],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)
