"""Personnel records: officers, credentials, trainings, assignments, rosters."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.agency import Place
from data.simulation.columns import (
    Array,
    Rng,
    answered,
    constant,
    counts,
    days,
    labels,
    pick,
    text,
    yes_no,
)
from data.simulation.model import SHIFTS, Options
from data.simulation.workforce import (
    CO_RESPONDER,
    NEVER,
    PATROL,
    ROLES,
    SELECTIONS,
    SERGEANT,
    TELECOMMUNICATOR,
    Workforce,
    month_of,
)

PUBLISHED_DAYS = 42
"""Days of roster that are published ahead."""

_RACES = ("white", "hispanic_latino", "black", "asian", "indigenous", "unknown")


def tables(options: Options, here: Place, staff: Workforce, rng: Rng) -> dict[str, pd.DataFrame]:
    """Return officers, certifications, trainings and assignments."""
    certifications, trainings = _credentials(options, staff, rng)
    return {
        "officers": _officers(options, staff, rng),
        "certifications": certifications,
        "trainings": trainings,
        "assignments": _assignment_rows(options, here, staff),
    }


def _officers(options: Options, staff: Workforce, rng: Rng) -> pd.DataFrame:
    n = len(staff.role)
    age = 22 + rng.gamma(2.0, 4.0, n)
    born = 1970 + staff.hired / 365.25 - age
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "officer_key": text(staff.keys),
            "role": labels(staff.role, ROLES),
            "sworn": yes_no(staff.role <= CO_RESPONDER),
            "hired_month": days(staff.hired),
            "experience_years_at_hire": np.where(
                rng.random(n) < 0.12, np.round(rng.gamma(2, 3, n), 1), 0.0
            ),
            "left_month": days(month_of(staff.left - 1), staff.left == NEVER),
            "gender": labels(pick(rng, (0.83, 0.16, 0.01), n), ("male", "female", "unknown")),
            "race": labels(pick(rng, (0.66, 0.15, 0.09, 0.05, 0.02, 0.03), n), _RACES),
            "birth_decade": counts(born // 10 * 10),
            "cit_selection": labels(staff.selection, SELECTIONS),
        }
    )


def _credentials(options: Options, staff: Workforce, rng: Rng) -> tuple[pd.DataFrame, pd.DataFrame]:
    held = staff.certificates
    trained = held["officer"].to_numpy()
    others = np.flatnonzero((staff.role == PATROL) & ~np.isin(np.arange(len(staff.role)), trained))
    callers = staff.of_role(TELECOMMUNICATOR)
    callers = callers[rng.random(len(callers)) < 0.75]
    early = options.first_day - 120
    frame = pd.concat(
        [
            held,
            _once(others, "mh_awareness", np.maximum(staff.hired[others] + 120, early)),
            _once(callers, "cit_dispatcher", np.maximum(staff.hired[callers] + 200, early)),
        ],
        ignore_index=True,
    )
    frame = frame[frame["certified"] <= options.last_day].reset_index(drop=True)
    n, officer = len(frame), frame["officer"].to_numpy()
    certified, expires = frame["certified"].to_numpy(), frame["expires"].to_numpy()
    kind = frame["kind"].to_numpy().astype(str)
    hours = np.select([kind == "cit_40h", kind == "cit_enhanced"], [40.0, 24.0], 8.0)
    renewed = frame["how"].to_numpy() == "renewed"
    running = expires > options.last_day
    class_id = [f"CLASS{k:02d}" if k else None for k in frame["class_number"].to_numpy()]
    certifications = pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "officer_key": text(staff.keys, officer),
            "credential": pd.Categorical(kind),
            "certified_on": days(certified),
            "certifying_body": labels(
                np.where(np.isin(kind, ("cit_40h", "cit_enhanced")), 0, 1),
                ("state_program", "agency_in_house"),
            ),
            "hours": np.where(renewed, 8.0, hours),
            "expires_on": days(np.where(expires == NEVER, 0, expires), expires == NEVER),
            "status": labels(np.where(running, 0, 1), ("active", "lapsed")),
            "earned_at_agency": constant(options.agency_id, n),
            "class_id": pd.array(class_id, dtype="str"),
        }
    )
    course = np.select(
        [renewed, kind == "cit_40h", kind == "cit_enhanced", kind == "cit_dispatcher"],
        ["cit_in_service", "cit_40h", "cit_enhanced", "cit_dispatcher_8h"],
        "mh_awareness",
    )
    rows = pd.DataFrame(
        {"officer": officer, "course": course, "day": certified, "hours": certifications["hours"]}
    )
    patrol = np.flatnonzero(staff.role == PATROL)
    refresh = np.concatenate(
        [
            np.maximum(staff.on_patrol_from[patrol], options.first_day) + 40 + lag
            for lag in range(0, 365 * options.years, 730)
        ]
    )
    again = pd.DataFrame(
        {
            "officer": np.tile(patrol, len(refresh) // max(1, len(patrol))),
            "course": "deescalation",
            "day": refresh,
            "hours": 8.0,
        }
    )
    again = again[
        (again["day"] <= options.last_day)
        & (again["day"].to_numpy() < staff.left[again["officer"].to_numpy()])
    ]
    return certifications, _trainings(options, staff, pd.concat([rows, again]), rng)


def _once(officers: Array, kind: str, day: Array) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "officer": officers,
            "kind": kind,
            "certified": day,
            "expires": NEVER,
            "how": "class",
            "class_number": 0,
        }
    )


def _trainings(options: Options, staff: Workforce, rows: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    rows = rows.sort_values(["day", "officer", "course"], kind="stable", ignore_index=True)
    n, officer, day = len(rows), rows["officer"].to_numpy(), rows["day"].to_numpy()
    service = np.maximum(0, (day - staff.hired[officer]) / 365.25)
    chose = staff.selection[officer] <= 1
    week_long = (rows["hours"] >= 24).to_numpy()
    pre = rng.normal(68, 9, n).clip(20, 95)
    course = [
        f"{c.upper()}-{d}" for c, d in zip(rows["course"], day.astype("datetime64[M]"), strict=True)
    ]
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "officer_key": text(staff.keys, officer),
            "course_id": pd.array(course, dtype="str"),
            "completed_on": days(day),
            "course_kind": pd.Categorical(rows["course"].to_numpy().astype(str)),
            "hours": rows["hours"].to_numpy(),
            "volunteered": yes_no(chose & week_long, blank=~week_long),
            "years_service_at_training": np.round(service, 1),
            "result": constant("completed", n),
            "pre_score": np.where(week_long, np.round(pre), np.nan),
            "post_score": np.where(
                week_long, np.round((pre + rng.normal(14, 5, n)).clip(40, 100)), np.nan
            ),
            "backfill_hours": np.where(week_long, rows["hours"].to_numpy(), 0.0),
            "backfill_rate": np.full(n, 50.0),
        }
    )


def _assignment_rows(options: Options, here: Place, staff: Workforce) -> pd.DataFrame:
    """Return one row per officer and stretch with the same post and CIT standing."""
    keep = np.flatnonzero(staff.role <= CO_RESPONDER)
    state = (
        staff.district[keep].astype(int) * 1000
        + staff.shift[keep].astype(int) * 100
        + staff.squad[keep].astype(int) * 10
        + staff.certified[keep]
    )
    state = np.where(staff.employed[keep], state, -1)
    changed = np.ones(state.shape, dtype=bool)
    changed[:, 1:] = state[:, 1:] != state[:, :-1]
    row, epoch = np.nonzero(changed)
    value = state[row, epoch]
    starts = staff.edges[epoch]
    last_of_officer = np.append(row[1:] != row[:-1], True)
    ends = np.append(starts[1:], 0)
    there = value >= 0
    row, value, starts = row[there], value[there], starts[there]
    current, ends = last_of_officer[there], ends[there]
    officer = keep[row]
    # The first stretch began when the officer came to patrol, not when this period opens.
    opening = (starts == options.first_day) & (staff.on_patrol_from[officer] < starts)
    starts = np.where(opening, staff.on_patrol_from[officer], starts)
    n = len(officer)
    designated = value % 10 == 1
    squads = (value // 10 % 10).astype(int)
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "officer_key": text(staff.keys, officer),
            "from_date": days(starts),
            "to_date": days(ends, current),
            "on_patrol": yes_no(staff.role[officer] == PATROL),
            "district_id": labels(value // 1000, here.districts),
            "shift_id": labels(value // 100 % 10, SHIFTS),
            "squad": labels(squads, ("A", "B", "C")),
            "cit_designated": yes_no(designated),
            "cit_coordinator": yes_no(officer == staff.patrol),
        }
    )


def rosters(
    options: Options,
    here: Place,
    staff: Workforce,
    worked: tuple[Array, Array, Array, Array],
    rng: Rng,
) -> pd.DataFrame:
    """Return the rosters of the last 13 months, and the published one of the next six weeks.

    Five years of rosters would outnumber every other table, and coverage pages look back a year.
    ``worked`` holds officer, duty day, shift and district of everyone who was at a call: they were
    on duty, scheduled or not.
    """
    first = max(options.first_day, options.last_day - 395)
    officer, day, shift, district = _scheduled(staff, first, options.last_day)
    total = len(staff.role)

    def code(day: Array, officer: Array, shift: Array) -> Array:
        return ((day - first).astype(np.int64) * total + officer) * 3 + shift

    inside = worked[1] >= first
    seen, where = np.unique(
        code(worked[1][inside], worked[0][inside], worked[2][inside]), return_index=True
    )
    planned = code(day, officer, shift)
    came = np.isin(planned, seen)
    extra = ~np.isin(seen, planned)
    at = where[extra]
    status = pick(rng, (0.83, 0.0, 0.015, 0.01, 0.03, 0.08, 0.03, 0.005), len(officer))
    status[came] = 0
    officer = np.concatenate([officer, worked[0][inside][at]])
    day = np.concatenate([day, worked[1][inside][at]])
    shift = np.concatenate([shift, worked[2][inside][at]])
    district = np.concatenate([district, worked[3][inside][at]])
    status = np.concatenate([status, np.ones(extra.sum(), dtype=np.int8)])
    order = np.lexsort((officer, shift, day))
    officer, day, shift = officer[order], day[order], shift[order]
    district, status = district[order], status[order]
    past = _roster_rows(options, here, staff, (officer, day, shift, district), status, rng)
    # Drawn last, so that the rows above are what they were without it.
    ahead = _scheduled(staff, options.last_day + 1, options.last_day + PUBLISHED_DAYS)
    planned = pick(rng, (0.90, 0.0, 0.0, 0.0, 0.03, 0.07, 0.0, 0.0), len(ahead[0]))
    order = np.lexsort((ahead[0], ahead[2], ahead[1]))
    post = tuple(column[order] for column in ahead)
    published = _roster_rows(options, here, staff, post, planned[order], rng)
    return pd.concat([past, published], ignore_index=True)


def _scheduled(staff: Workforce, first: int, last: int) -> tuple[Array, Array, Array, Array]:
    """Return officer, day, shift and district of everyone whose squad is not resting."""
    span = np.arange(first, last + 1)
    epoch = staff.epoch(span)
    people = np.flatnonzero(staff.role <= CO_RESPONDER)
    resting = (span // 3) % 3
    on = staff.employed[people][:, epoch] & (staff.squad[people][:, epoch] != resting)
    who, when = np.nonzero(on)
    officer, day = people[who], span[when]
    return (
        officer,
        day,
        staff.shift[officer, epoch[when]],
        staff.district[officer, epoch[when]],
    )


def _roster_rows(
    options: Options,
    here: Place,
    staff: Workforce,
    post: tuple[Array, ...],
    status: Array,
    rng: Rng,
) -> pd.DataFrame:
    """Return the rows of a roster; what has not happened yet has no hours."""
    officer, day, shift, district = post
    begins = day * 86_400 + np.array([6, 14, 22])[shift] * 3600
    blank = (status > 2) | (day > options.last_day)
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, len(officer)),
            "officer_key": text(staff.keys, officer),
            "duty_date": days(day),
            "shift_id": labels(shift, SHIFTS),
            "district_id": labels(district, here.districts),
            "started_at": np.where(
                blank, np.datetime64("NaT", "s"), begins.astype("datetime64[s]")
            ),
            "ended_at": np.where(
                blank,
                np.datetime64("NaT", "s"),
                (begins + np.where(status == 2, 10, 8) * 3600).astype("datetime64[s]"),
            ),
            "duty_status": labels(
                status,
                (
                    "worked",
                    "overtime",
                    "held_over",
                    "court",
                    "training",
                    "leave",
                    "sick",
                    "light_duty",
                ),
            ),
            "dispatchable": answered(
                rng, (status <= 2) & (staff.role[officer] != SERGEANT), blank=0.005
            ),
        }
    )
