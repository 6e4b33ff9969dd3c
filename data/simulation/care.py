"""What follows: trips and hand-offs, holds, referrals, follow-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.simulation.agency import PROVIDER_IDS, WAITS, Place
from data.simulation.columns import (
    DAY,
    Array,
    Rng,
    answered,
    clock,
    constant,
    days,
    keys,
    labels,
    numbered,
    pick,
    text,
)
from data.simulation.dispatch import Calls
from data.simulation.endings import CODES, PLACES, Endings
from data.simulation.forms import Forms
from data.simulation.model import Options
from data.simulation.outcomes import Drawn

_TURNED_AWAY = 0.05
_TO_CARE = tuple(
    PLACES.index(p)
    for p in ("emergency_department", "crisis_receiving", "psychiatric_hospital", "detox_sobering")
)
_MODES = ("police_vehicle", "ambulance", "co_responder_vehicle", "family")
_REFUSALS = ("accepted", "turned_away_full", "turned_away_medical", "turned_away_behaviour")


@dataclass(frozen=True)
class Trips:
    """The trip of each contact that made one; seconds on the local wall clock, 0 where none."""

    provider: Array  # index, -1 where the place is no provider
    refused_by: Array  # index of the place that turned them away first, -1 where none
    departed: Array
    arrived: Array
    accepted: Array
    free: Array


def trips(here: Place, calls: Calls, drawn: Drawn, ended: Endings, rng: Rng) -> Trips:
    """Draw drives, waits and refusals."""
    call, place, n = drawn.call, ended.place, len(drawn.call)
    district = calls.district[call].astype(int)
    ids = {p: PROVIDER_IDS.index(p) for p in PROVIDER_IDS}
    departed = calls.arrived[call] + calls.scene_minutes[call] * 60
    opened = departed >= here.facility_opens * DAY
    hospital = np.where(district % 2 == 1, ids["PR02"], ids["PR01"])
    newer = opened & (rng.random(n) < np.where(district >= 3, 0.8, 0.4))
    receiving = np.where(newer, ids["PR05"], ids["PR04"])
    provider = np.select(
        [place == PLACES.index(p) for p in PLACES[1:5]] + [place == PLACES.index("shelter")],
        [hospital, receiving, ids["PR03"], ids["PR06"], ids["PR11"]],
        -1,
    )
    moved = place != 0
    drive = np.array([9, 12, 18, 20, 16, 24])[district] * np.exp(rng.normal(0, 0.3, n))
    middle = np.array([WAITS.get(p, 6.0) for p in PROVIDER_IDS])[provider]
    middle = np.where(provider < 0, np.where(place == PLACES.index("jail"), 32.0, 3.0), middle)
    wait = middle * np.exp(rng.normal(0, 0.5, n))
    refused = moved & np.isin(place, _TO_CARE) & (rng.random(n) < _TURNED_AWAY)
    # A place that turns someone away costs a second drive.
    first = np.where(provider == ids["PR04"], ids["PR03"], ids["PR04"])
    detour = np.where(refused, drive + 14, 0)
    arrived = departed + (detour + drive) * 60
    accepted = arrived + wait * 60

    def kept(seconds: Array) -> Array:
        return np.where(moved, seconds, 0).astype(np.int64)

    return Trips(
        provider=np.where(moved, provider, -1),
        refused_by=np.where(refused, first, -1),
        departed=kept(departed),
        arrived=kept(arrived),
        accepted=kept(accepted),
        free=kept(accepted + 5 * 60),
    )


def tables(
    options: Options,
    calls: Calls,
    drawn: Drawn,
    forms: Forms,
    ended: Endings,
    trip: Trips,
    rng: Rng,
) -> dict[str, pd.DataFrame]:
    """Return transports, holds, referrals and follow-ups, of contacts whose ending was recorded."""
    return {
        "transports": _transports(options, calls, drawn, forms, ended, trip, rng),
        "holds": _holds(options, drawn, forms, trip, rng),
        "referrals": _referrals(options, calls, drawn, forms, ended, rng),
        "follow_ups": _follow_ups(options, calls, drawn, forms, rng),
    }


def _transports(
    options: Options,
    calls: Calls,
    drawn: Drawn,
    forms: Forms,
    ended: Endings,
    trip: Trips,
    rng: Rng,
) -> pd.DataFrame:
    moved = (ended.place != 0) & ~forms.no_ending
    refused = np.flatnonzero(moved & (trip.refused_by >= 0))
    contact = np.concatenate([refused, np.flatnonzero(moved)])
    away = np.arange(len(contact)) < len(refused)
    order = np.argsort(contact, kind="stable")
    contact, away = contact[order], away[order]
    n = len(contact)
    place = np.where(
        away,
        np.where(
            trip.refused_by[contact] == PROVIDER_IDS.index("PR03"),
            PLACES.index("psychiatric_hospital"),
            PLACES.index("crisis_receiving"),
        ),
        ended.place[contact],
    )
    ambulance = place == PLACES.index("emergency_department")
    mode = np.where(rng.random(n) < np.where(ambulance, 0.55, 0.04), 1, 0)
    mode = np.where(calls.co_response[drawn.call][contact] & (rng.random(n) < 0.4), 2, mode)
    provider = np.where(away, trip.refused_by[contact], trip.provider[contact])
    total = trip.arrived[contact] - trip.departed[contact]
    detour = trip.refused_by[contact] >= 0
    halfway = trip.departed[contact] + (total * 0.5).astype(np.int64) - 7 * 60
    left_first = np.where(away | ~detour, trip.departed[contact], halfway + 14 * 60)
    came = np.where(away, np.maximum(halfway, trip.departed[contact]), trip.arrived[contact])
    none = away | (rng.random(n) < 0.02)
    reason = np.where(away, 1 + pick(rng, (0.5, 0.35, 0.15), n), 0)
    agreed = ended.agreed[contact]
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "contact_id": text(forms.ids, contact),
            "seq": numbered(contact),
            "mode": labels(mode, _MODES),
            "destination_kind": labels(place, PLACES),
            "provider_id": labels(provider, PROVIDER_IDS, provider < 0),
            "voluntary": labels(
                np.where(agreed == 3, 2, agreed), ("voluntary", "involuntary", "unknown")
            ),
            "restrained": labels(
                np.where(agreed == 1, pick(rng, (0.35, 0.55, 0.10), n), 0),
                ("none", "handcuffs", "soft_restraint"),
            ),
            "departed_at": clock(left_first),
            "arrived_at": clock(came),
            "accepted_at": clock(trip.accepted[contact], none),
            "officer_free_at": clock(trip.free[contact], none),
            "accepted": labels(np.where(provider < 0, -1, reason), _REFUSALS),
            "miles": np.round(np.maximum(total, 60) / 60 * 0.45, 1),
        },
        copy=False,
    )


def _holds(options: Options, drawn: Drawn, forms: Forms, trip: Trips, rng: Rng) -> pd.DataFrame:
    contact = np.flatnonzero(drawn.observed["emergency_hold"] & ~forms.no_ending)
    n = len(contact)
    care = drawn.exposed[contact] * 0.02
    filed = forms.hold_filed[contact]
    outcome = pick(rng, (0.46, 0.14, 0.20, 0.05, 0.04, 0.01, 0.10), n)

    def present(share: float) -> pd.Categorical:
        return answered(rng, rng.random(n) < share + care, blank=0.01)

    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "hold_id": text(keys("H", np.arange(1, n + 1), max(5, len(str(n))))),
            "contact_id": text(forms.ids, contact),
            "legal_basis": constant("26B-5-331", n),
            "initiated_by": labels(
                pick(rng, (0.86, 0.09, 0.03, 0.02), n),
                ("officer", "clinician_or_mh_officer", "physician", "court_order"),
            ),
            "on_prescribed_form": present(0.97),
            "states_belief_of_danger": present(0.96),
            "states_nature_of_danger": present(0.93),
            "states_observations": present(0.95),
            "states_facts_of_notice": present(0.90),
            "filed_at": clock(filed, filed == 0),
            "outcome": labels(
                outcome,
                (
                    "admitted_involuntary",
                    "admitted_voluntary",
                    "released_not_meeting_criteria",
                    "released_other",
                    "transferred",
                    "left",
                    "unknown",
                ),
            ),
            "outcome_at": clock(
                trip.accepted[contact] + (rng.uniform(2, 72, n) * 3600).astype(np.int64),
                outcome == 6,
            ),
        }
    )


def _referrals(
    options: Options, calls: Calls, drawn: Drawn, forms: Forms, ended: Endings, rng: Rng
) -> pd.DataFrame:
    kinds = {
        "referred_provider": (2, 0),
        "crisis_line": (0, 0),
        "mobile_crisis_on_scene": (4, 0),
        "provider_notified": (1, 2),
        "referred_for_evaluation": (1, 2),
        "resources_declined": (0, 1),
    }
    codes = np.array([CODES.index(c) for c in kinds])
    kept = np.isin(ended.code, codes) & ~forms.no_ending[ended.contact]
    contact, code = ended.contact[kept], ended.code[kept]
    n = len(contact)
    which = np.array([list(kinds).index(c) if c in kinds else 0 for c in CODES])[code]
    kind = np.array([k for k, _ in kinds.values()])[which]
    warm = (kind == 2) & (rng.random(n) < 0.3)
    agreed = np.array([a for _, a in kinds.values()])[which]
    provider = np.where(
        kind == 4,
        PROVIDER_IDS.index("PR07"),
        np.where(
            code == CODES.index("crisis_line"),
            PROVIDER_IDS.index("PR10"),
            np.array([7, 8, 11, 12])[pick(rng, (5, 2, 2, 1), n)],
        ),
    )
    made = calls.arrived[drawn.call][contact] + 30 * 60
    feedback = rng.random(n) < np.where(agreed == 0, 0.62, 0.3)
    served = feedback & (rng.random(n) < np.where(agreed == 0, 0.58, 0.18))
    wait = rng.geometric(0.11, n)
    accepted_after = np.maximum(wait - 2, 0)
    closed = np.where(served, 0, pick(rng, (0.0, 0.12, 0.34, 0.26, 0.12, 0.08, 0.04, 0.04), n))
    day = made // DAY
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "referral_id": text(keys("R", np.arange(1, n + 1), max(5, len(str(n))))),
            "contact_id": text(forms.ids, contact),
            "provider_id": labels(provider, PROVIDER_IDS),
            "referral_kind": labels(
                np.where(warm, 3, kind),
                (
                    "information_given",
                    "provider_notified",
                    "appointment_made",
                    "warm_handoff",
                    "mobile_crisis_on_scene",
                ),
            ),
            "made_at": clock(made),
            "agreed": labels(agreed, ("accepted", "declined", "not_asked")),
            "provider_accepted_at": days(day + accepted_after, ~served),
            "first_service_on": days(day + wait, ~served),
            "closed_reason": labels(
                closed,
                (
                    "engaged",
                    "already_in_care",
                    "could_not_reach",
                    "refused",
                    "waitlist",
                    "ineligible",
                    "moved",
                    "other",
                ),
                ~feedback,
            ),
            "feedback_received": answered(rng, feedback, blank=0.02),
        }
    )


def _follow_ups(
    options: Options, calls: Calls, drawn: Drawn, forms: Forms, rng: Rng
) -> pd.DataFrame:
    chosen = np.flatnonzero(drawn.reached & (rng.random(len(drawn.call)) < 0.11))
    contact = np.repeat(chosen, 1 + (rng.random(len(chosen)) < 0.35))
    n, seq = len(contact), numbered(contact)
    at = calls.dispatched[drawn.call][contact] + (
        (rng.exponential(2.5, n) + 1 + 3 * (seq - 1)) * DAY
    ).astype(np.int64)
    result = pick(rng, (0.55, 0.33, 0.09, 0.03), n)
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "follow_up_id": text(keys("U", np.arange(1, n + 1), max(5, len(str(n))))),
            "contact_id": text(forms.ids, contact),
            "attempted_at": clock(at // DAY * DAY + rng.integers(9 * 60, 17 * 60, n) * 60),
            "by": labels(
                pick(rng, (0.25, 0.35, 0.2, 0.1, 0.1), n),
                ("cit_officer", "co_responder", "clinician", "peer", "case_manager"),
            ),
            "mode": labels(pick(rng, (0.4, 0.5, 0.1), n), ("visit", "phone", "text")),
            "result": labels(result, ("reached", "not_reached", "refused", "moved")),
            "need_found": labels(
                pick(rng, (0.5, 0.26, 0.06, 0.05, 0.03, 0.10), n),
                ("stable", "linked", "urgent", "hospitalised", "in_jail", "unknown"),
                result != 0,
            ),
        }
    )
