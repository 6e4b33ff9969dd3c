"""The crisis forms: contacts, who was on scene, and how each ended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data.simulation import endings, model, people
from data.simulation.agency import PROVIDER_IDS, Place
from data.simulation.columns import (
    Array,
    Rng,
    answered,
    clock,
    constant,
    counts,
    keys,
    labels,
    numbered,
    pick,
    text,
    yes_no,
)
from data.simulation.dispatch import Calls
from data.simulation.endings import Endings
from data.simulation.forms import Forms
from data.simulation.model import CALL_MIX, GROUPS, ORIGINS, SHIFTS, Options
from data.simulation.outcomes import Drawn
from data.simulation.people import People
from data.simulation.workforce import Workforce

_RESPONSE = ("patrol", "cit_patrol", "co_responder")
_ROLES = ("reporting", "backup", "supervisor", "co_responder")


def contacts(
    options: Options,
    here: Place,
    staff: Workforce,
    calls: Calls,
    drawn: Drawn,
    forms: Forms,
    ended: Endings,
    met: People,
    stamps: dict[str, Array],
    rng: Rng,
) -> pd.DataFrame:
    """Return the contacts table."""
    call, n = drawn.call, len(drawn.call)
    at = calls.dispatched[call]
    reached, obs = drawn.reached, drawn.observed
    code_names = [c for g in GROUPS for c in CALL_MIX[g][3]]
    first_code = np.cumsum([0] + [len(CALL_MIX[g][3]) for g in GROUPS])[:-1]
    group = calls.group[call]
    code = first_code[group] + calls.code[call]
    flagged = calls.flagged[call]
    found_out = np.where(
        flagged, pick(rng, (0.72, 0.0, 0.28), n), np.where(rng.random(n) < 0.05, 3, 1)
    )
    no_call = rng.random(n) < 0.004
    certified_sent, certified_came, asked = _cit_on_the_form(staff, calls, drawn, rng)
    co_response = calls.co_response[call] & (len(staff.of_role(2)) > 0)
    clinician = co_response & (rng.random(n) < 0.9)
    severity, final = rng.random(n), rng.random(n)
    final_group = np.where(final < 0.88, group, pick(rng, [m[0] for m in CALL_MIX.values()], n))
    arrest = obs["arrest"]
    mandatory = arrest & (severity < np.where(group == GROUPS.index("domestic"), 0.65, 0.02))
    warrant = arrest & ~mandatory & (severity > 0.84)
    resisted = np.where(
        obs["force"],
        pick(rng, (0.0, 0.12, 0.55, 0.28, 0.05), n),
        pick(rng, (0.8, 0.15, 0.04, 0.01), n),
    )
    unknown_end = rng.random(n) < 0.01
    no_time = forms.submitted == 0
    offered = obs["voluntary_care"] | (rng.random(n) < 0.3)
    frame: dict[str, Any] = {
        "agency_id": constant(options.agency_id, n),
        "contact_id": text(forms.ids),
        "incident_id": text(forms.incident_ids, call),
        "person_key": text(
            keys("P", met.person + 1, max(6, len(str(n)))), np.arange(n), met.unnamed
        ),
        "contact_at": clock(at),
        "contact_at_basis": constant("dispatched", n),
        "district_id": labels(calls.district[call], here.districts, rng.random(n) < 0.01),
        "shift_id": labels(calls.shift[call], SHIFTS),
        "origin": labels(calls.origin[call], ORIGINS, rng.random(n) < 0.005),
        "initial_call_code": labels(code, code_names, no_call),
        "final_call_code": labels(first_code[final_group], code_names, no_call),
        "initial_call_group": labels(group, GROUPS, no_call),
        "final_call_group": labels(final_group, GROUPS, no_call),
        "priority": counts(calls.priority[call] + 1, rng.random(n) < 0.005),
        "crisis_identified_by": labels(found_out, ("dispatch", "officer", "both", "later_review")),
        "cit_required_by_policy": yes_no(calls.policy[call]),
        "weapon_reported": labels(calls.weapon[call], model.ANSWERS, rng.random(n) < 0.005),
        "violence_reported": labels(calls.violence[call], model.ANSWERS, rng.random(n) < 0.005),
        "suicide_reported": labels(calls.suicide[call], model.ANSWERS, rng.random(n) < 0.01),
        "known_prior_contact": answered(
            rng, met.met_before & (rng.random(n) < 0.8) | (rng.random(n) < 0.03), 0.03, 0.01
        ),
        "caller": labels(
            pick(rng, (0.18, 0.30, 0.08, 0.06, 0.03, 0.10, 0.15, 0.04, 0.02, 0.04), n),
            (
                "self",
                "family_or_friend",
                "provider",
                "residential_facility",
                "school",
                "business",
                "bystander",
                "police_or_fire",
                "other",
                "unknown",
            ),
        ),
        "location_kind": labels(
            pick(rng, (0.56, 0.06, 0.19, 0.09, 0.04, 0.02, 0.01, 0.03), n),
            (
                "residence",
                "residential_facility",
                "street_or_park",
                "business",
                "hospital_or_clinic",
                "shelter",
                "school",
                "transit",
            ),
        ),
        "officers_sent": counts(calls.officers_sent[call]),
        "cit_requested": answered(rng, asked, 0.01, 0.02),
        "cit_dispatched": answered(rng, certified_sent, 0.005, 0.01),
        "cit_arrived": answered(rng, certified_came, 0.005, 0.015),
        "cit_not_sent_reason": labels(
            np.where(calls.cit_available[call], pick(rng, (0.0, 0.5, 0.1, 0.2, 0.1, 0.1), n), 0),
            (
                "none_on_duty",
                "all_busy",
                "other_district",
                "scene_resolved",
                "not_requested",
                "unknown",
            ),
            ~((asked | calls.policy[call]) & ~certified_sent),
        ),
        "primary_officer_cit": yes_no(
            staff.certified[drawn.officer, staff.epoch(at // 86_400)], blank=rng.random(n) < 0.03
        ),
        "response_model": labels(
            np.where(co_response, 2, np.where(certified_sent, 1, 0)),
            _RESPONSE,
            rng.random(n) < 0.005,
        ),
        "clinician_on_scene": answered(rng, clinician, 0.0, 0.01),
        "clinician_led": answered(rng, clinician & (rng.random(n) < 0.35), 0.0, 0.01),
        "clinician_mode": labels(
            pick(rng, (0.85, 0.05, 0.10), n), ("in_person", "phone", "video"), ~clinician
        ),
        "supervisor_on_scene": yes_no(
            np.isin(call, calls.team.call[calls.team.role == 2]), blank=rng.random(n) < 0.01
        ),
        "ems_on_scene": answered(rng, rng.random(n) < 0.24, 0.0, 0.02),
    }
    frame |= people.columns(met, at, rng)
    place = np.where(unknown_end, endings.PLACES.index("unknown"), ended.place)
    agreed = np.where(unknown_end, endings.AGREED.index("unknown"), ended.agreed)
    frame |= {
        "developmental_disability": answered(rng, rng.random(n) < 0.05, 0.08, 0.03),
        "language_need": answered(rng, rng.random(n) < 0.04, 0.01, 0.03),
        "substance_influence": labels(
            pick(rng, (0.58, 0.14, 0.12, 0.04, 0.06, 0.06), n),
            ("none_observed", "alcohol", "drugs", "both", "suspected", "unknown"),
        ),
        "subject_armed": answered(
            rng, rng.random(n) < np.where(calls.weapon[call] == 0, 0.5, 0.02), 0.02, 0.01
        ),
        "subject_resistance": labels(
            resisted,
            ("none", "verbal_or_passive", "active", "assaultive", "life_threatening"),
            rng.random(n) < 0.01,
        ),
        "force_used": yes_no(obs["force"], forms.force_unknown, forms.force_blank),
        "weapon_displayed": yes_no(forms.displayed, blank=forms.force_blank),
        "restrained": labels(
            np.where(
                obs["arrest"] | (obs["emergency_hold"] & (rng.random(n) < 0.35)),
                1,
                np.where(obs["emergency_hold"] & (rng.random(n) < 0.08), 2, 0),
            ),
            ("none", "handcuffs", "soft_restraint"),
            rng.random(n) < 0.015,
        ),
        "subject_injured": yes_no(
            forms.subject_injured, forms.subject_unknown, forms.subject_blank
        ),
        "officer_injured": yes_no(
            forms.officer_injured, forms.officer_unknown, forms.officer_blank
        ),
        "chargeable": answered(rng, ended.chargeable, 0.01, 0.015),
        "charge_level": labels(
            pick(rng, (0.06, 0.72, 0.18, 0.04), n),
            ("infraction", "misdemeanor", "felony", "unknown"),
            ~ended.chargeable,
        ),
        "mandatory_arrest": yes_no(mandatory, blank=forms.no_ending),
        "warrant": yes_no(warrant, blank=forms.no_ending),
        "custody": labels(
            ended.custody, endings.CUSTODY, forms.no_ending | (rng.random(n) < 0.005)
        ),
        "hold": yes_no(obs["emergency_hold"], rng.random(n) < 0.004, forms.no_ending),
        "transported_to": labels(place, endings.PLACES, forms.no_ending),
        "transport_voluntary": labels(agreed, endings.AGREED, forms.no_ending),
        "resources": labels(
            np.where(obs["voluntary_care"], 1, np.where(offered, 2, 0)),
            ("not_offered", "offered_accepted", "offered_declined"),
            forms.no_ending,
        ),
        "contact_made": yes_no(reached, blank=rng.random(n) < 0.005),
        "property_damage": answered(rng, rng.random(n) < 0.004, 0.002, 0.01),
        "tactical_callout": answered(
            rng, rng.random(n) < np.where(calls.weapon[call] == 0, 0.008, 0.0004), 0.0, 0.005
        ),
        "dispatched_at": clock(at),
        "first_arrived_at": clock(calls.arrived[call]),
        "cit_arrived_at": clock(stamps["cit_arrived"][call], stamps["cit_arrived"][call] == 0),
        "custody_accepted_at": clock(stamps["accepted"], stamps["accepted"] == 0),
        "cleared_at": clock(stamps["cleared"][call]),
        "officer_minutes": counts(stamps["officer_minutes"][call], rng.random(n) < 0.01),
        "bodycam": labels(
            pick(rng, (0.93, 0.04, 0.02, 0.01), n),
            ("recorded", "partly", "not_recorded", "unknown"),
        ),
        "form_due": constant("yes", n),
        "form_submitted_at": clock(forms.submitted, no_time),
    }
    return pd.DataFrame(frame, copy=False)


def _cit_on_the_form(
    staff: Workforce, calls: Calls, drawn: Drawn, rng: Rng
) -> tuple[Array, Array, Array]:
    """Return whether a CIT officer was sent, came and was asked for, as the form states it."""
    team, total = calls.team, len(calls.persons)
    epoch = staff.epoch(calls.dispatched // 86_400)
    certified = staff.certified[team.officer, epoch[team.call]]
    sent = np.zeros(total, dtype=bool)
    sent[team.call[certified & team.first_sent]] = True
    came = np.zeros(total, dtype=bool)
    came[team.call[certified]] = True
    asked = calls.policy | (rng.random(total) < 0.15)
    return sent[drawn.call], came[drawn.call], asked[drawn.call]


def contact_officers(
    options: Options,
    staff: Workforce,
    calls: Calls,
    drawn: Drawn,
    forms: Forms,
    units: dict[str, Array],
    rng: Rng,
) -> pd.DataFrame:
    """Return who was on scene of each contact: the team of its call."""
    team = calls.team
    first = np.searchsorted(team.call, drawn.call)
    size = np.searchsorted(team.call, drawn.call, side="right") - first
    contact = np.repeat(np.arange(len(drawn.call)), size)
    row = np.repeat(first, size) + numbered(contact) - 1
    n = len(row)
    officer = team.officer[row]
    certified = staff.certified[officer, staff.epoch(calls.dispatched // 86_400)[team.call[row]]]
    primary = team.role[row] == 0
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "contact_id": text(forms.ids, contact),
            "officer_key": text(staff.keys, officer),
            "scene_role": labels(
                np.where((team.role[row] == 1) & (rng.random(n) < 0.03), 4, team.role[row]),
                (*_ROLES, "transport"),
            ),
            "took_lead": yes_no(primary & (certified | (rng.random(n) < 0.7))),
            "arrived_at": clock(units["arrived"][row]),
            "cleared_at": clock(units["cleared"][row]),
        },
        copy=False,
    )


def dispositions(
    options: Options, forms: Forms, ended: Endings, provider: Array, rng: Rng
) -> pd.DataFrame:
    """Return one row per disposition; a form without an ending has none."""
    kept = ~forms.no_ending[ended.contact]
    contact, code = ended.contact[kept], ended.code[kept]
    n, seq = len(contact), numbered(contact)
    raw = [c.replace("_", " ").capitalize() for c in endings.CODES]
    to_provider = np.isin(
        code,
        [
            endings.CODES.index(c)
            for c in (
                "hold_involuntary",
                "admitted_voluntary",
                "transport_crisis_facility",
                "detox_sobering",
                "transport_medical",
                "mobile_crisis_on_scene",
                "referred_provider",
                "provider_notified",
                "crisis_line",
            )
        ],
    )
    place = np.where(
        code == endings.CODES.index("mobile_crisis_on_scene"),
        PROVIDER_IDS.index("PR07"),
        np.where(
            code == endings.CODES.index("crisis_line"),
            PROVIDER_IDS.index("PR10"),
            provider[contact],
        ),
    )
    outpatient = np.isin(
        code, [endings.CODES.index(c) for c in ("referred_provider", "provider_notified")]
    )
    place = np.where(outpatient, np.array([7, 8, 11, 12])[pick(rng, (5, 2, 2, 1), n)], place)
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "contact_id": text(forms.ids, contact),
            "seq": seq,
            "disposition": labels(code, endings.CODES),
            "raw_disposition": labels(code, raw),
            "is_primary": yes_no(seq == 1),
            "provider_id": labels(place, PROVIDER_IDS, ~to_provider | (place < 0)),
        },
        copy=False,
    )
