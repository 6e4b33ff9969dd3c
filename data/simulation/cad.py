"""The computer-aided dispatch record: every call, its units and their clocks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.agency import Place
from data.simulation.care import Trips
from data.simulation.columns import (
    DAY,
    Array,
    Rng,
    answered,
    clock,
    constant,
    counts,
    keys,
    labels,
    pick,
    text,
)
from data.simulation.dispatch import Calls
from data.simulation.forms import Forms
from data.simulation.model import CALL_MIX, GROUPS, ORIGINS, Options
from data.simulation.outcomes import Drawn
from data.simulation.workforce import Workforce


def unit_times(calls: Calls, drawn: Drawn, trip: Trips, rng: Rng) -> dict[str, Array]:
    """Return the clock of every officer at every call, and what it adds up to per call."""
    team, n = calls.team, len(calls.team.call)
    leaves = calls.arrived + calls.scene_minutes * 60
    done = leaves.copy()
    np.maximum.at(done, drawn.call, trip.free)
    primary = team.role == 0
    base = calls.dispatched[team.call]
    later = np.where(team.first_sent, 0, rng.integers(3, 16, n) * 60)
    lag = np.where(primary, 0, np.exp(rng.normal(1.0, 0.6, n)) * 60)
    dispatched = base + later
    arrived = np.maximum(calls.arrived[team.call] + later + lag, dispatched)
    stays = rng.uniform(0.45, 1.0, n) * calls.scene_minutes[team.call] * 60
    cleared = np.where(primary, done[team.call], np.maximum(arrived + 120, base + stays))
    minutes = np.bincount(
        team.call, weights=(cleared - dispatched) / 60, minlength=len(calls.persons)
    )
    return {
        "dispatched": dispatched.astype(np.int64),
        "enroute": (dispatched + (arrived > dispatched) * 45).astype(np.int64),
        "arrived": arrived.astype(np.int64),
        "cleared": cleared.astype(np.int64),
        "call_cleared": done.astype(np.int64),
        "officer_minutes": np.round(minutes / np.maximum(calls.persons, 1)).astype(np.int64),
    }


def first_certified(staff: Workforce, calls: Calls, units: dict[str, Array]) -> Array:
    """Return when the first CIT officer came to each call; 0 where none did."""
    team = calls.team
    epoch = staff.epoch(calls.dispatched // DAY)
    certified = staff.certified[team.officer, epoch[team.call]]
    never = np.iinfo(np.int64).max
    found = np.full(len(calls.persons), never)
    np.minimum.at(found, team.call[certified], units["arrived"][certified])
    return np.where(found == never, 0, found)


def tables(
    options: Options,
    here: Place,
    staff: Workforce,
    calls: Calls,
    forms: Forms,
    units: dict[str, Array],
    rng: Rng,
) -> dict[str, pd.DataFrame]:
    """Return the CAD tables: every call, with or without a form, and its units."""
    n = len(calls.persons)
    call_ids = keys("E", np.arange(1, n + 1), max(6, len(str(n))))
    names = [c for g in GROUPS for c in CALL_MIX[g][3]]
    first_code = np.cumsum([0] + [len(CALL_MIX[g][3]) for g in GROUPS])[:-1]
    code = first_code[calls.group] + calls.code
    final = np.where(rng.random(n) < 0.88, code, pick(rng, np.ones(len(names)), n))
    not_taken = pick(rng, (0.34, 0.16, 0.12, 0.12, 0.10, 0.08, 0.08), n) + 1
    table = pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "call_id": text(call_ids),
            "incident_id": text(forms.incident_ids),
            "received_at": clock(calls.received),
            "origin": labels(calls.origin, ORIGINS),
            "priority": counts(calls.priority + 1),
            "initial_call_code": labels(code, names),
            "final_call_code": labels(final, names),
            "initial_call_group": labels(calls.group, GROUPS),
            "crisis_flag_at_dispatch": answered(rng, calls.flagged, blank=0.002),
            "crisis_flag_final": answered(
                rng, calls.flagged | (calls.persons > 0) | (rng.random(n) < 0.3), blank=0.01
            ),
            "district_id": labels(calls.district, here.districts, rng.random(n) < 0.002),
            "disposition_of_call": labels(
                np.where(calls.taken, np.where(calls.co_response, 8, 0), not_taken),
                (
                    "police_dispatched",
                    "telephone_resolved",
                    "transferred_988",
                    "transferred_mobile_crisis",
                    "alternative_responder",
                    "cancelled",
                    "duplicate",
                    "ems_only",
                    "co_responder",
                ),
            ),
            "cit_available": answered(rng, calls.cit_available, blank=0.01),
            "dispatched_at": clock(calls.dispatched, ~calls.taken),
            "first_arrived_at": clock(calls.arrived, ~calls.taken),
            "cleared_at": clock(units["call_cleared"], ~calls.taken),
            "officers_sent": counts(calls.officers_sent * calls.taken),
        },
        copy=False,
    )
    team = calls.team
    m = len(team.call)
    certified = staff.certified[team.officer, staff.epoch(calls.dispatched // DAY)[team.call]]
    kind = np.select([team.role == 2, team.role == 3, certified], [2, 3, 1], 0)
    own = (calls.origin[team.call] == ORIGINS.index("on_view")) & (team.role == 0)
    how = np.select([own, team.role == 2, ~team.first_sent], [1, 3, 2], 0)
    unit_table = pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, m),
            "call_id": text(call_ids, team.call),
            "officer_key": text(staff.keys, team.officer),
            "unit_kind": labels(kind, ("patrol", "cit_patrol", "supervisor", "co_responder")),
            "dispatched_at": clock(units["dispatched"]),
            "enroute_at": clock(units["enroute"]),
            "arrived_at": clock(units["arrived"]),
            "cleared_at": clock(units["cleared"]),
            "assigned_how": labels(
                how, ("dispatched", "self_assigned", "requested_by_officer", "supervisor")
            ),
        },
        copy=False,
    )
    return {"calls": table, "call_units": unit_table}
