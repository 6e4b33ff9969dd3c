"""Calls, and who was sent: a CIT officer goes to the harder calls when one is on duty.

Calls are drawn independently of each other and only then put in order of time, so that leaving out
the calls after the last form needed leaves the rest as they were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data.simulation.agency import Place
from data.simulation.columns import DAY, TRI, Array, Rng, pick, pick_by
from data.simulation.model import (
    CALL_MIX,
    DISPATCH_INTERCEPT,
    GROUPS,
    NO_FORM,
    NOT_TAKEN,
    ORIGIN_SHARES,
    ORIGINS,
    TWO_PERSONS,
    Options,
    expit,
    linear,
)
from data.simulation.workforce import CO_RESPONDER, SERGEANT, Workforce

_HOURS = np.array(
    [
        *(3.2, 2.6, 2.2, 1.8, 1.6, 1.7, 2.2, 3.0, 3.8, 4.4, 4.8, 5.1),
        *(5.3, 5.4, 5.5, 5.6, 5.7, 5.7, 5.5, 5.3, 5.0, 4.7, 4.2, 3.7),
    ]
)
_SERGEANT_COMES, _BACKUP_IS_CIT = 0.09, 0.35
_WEAPON_UNKNOWN, _VIOLENCE_UNKNOWN = 0.03, 0.025


class Team(NamedTuple):
    """One row per officer at a call; the primary officer comes first."""

    call: Array
    officer: Array
    role: Array  # 0 primary, 1 backup, 2 supervisor, 3 co-responder
    first_sent: Array


@dataclass(frozen=True)
class Calls:
    """One row per call, in order of time. Codes follow the order of levels in ``model``."""

    dispatched: Array  # seconds on the local wall clock
    received: Array
    arrived: Array
    scene_minutes: Array
    group: Array
    code: Array
    origin: Array
    priority: Array
    weapon: Array
    violence: Array
    suicide: Array
    district: Array
    shift: Array
    weekend: Array
    year: Array  # index of the calendar year
    duty_day: Array
    severity: Array  # unmeasured; zero unless asked for
    flagged: Array  # coded as a crisis at dispatch
    policy: Array  # policy calls for CIT
    taken: Array  # police were dispatched
    officers_sent: Array
    co_response: Array
    cit_available: Array
    primary: Array  # officer
    exposed: Array  # the primary officer held the credential at the time
    persons: Array  # contacts of this call; 0 where no form was written
    team: Team

    @property
    def factors(self) -> dict[str, Array]:
        """The covariates of the models, coded."""
        return {
            "call_group": self.group,
            "origin": self.origin,
            "priority": self.priority,
            "weapon": self.weapon,
            "violence": self.violence,
            "district": self.district,
            "shift": self.shift,
            "weekend": self.weekend,
        }


def draw(options: Options, here: Place, staff: Workforce, rng: Rng, dispatch: Rng) -> Calls:
    """Draw enough calls to yield the contacts asked for, and who was sent to each."""
    expected = options.contacts / ((1 - max(NO_FORM)) * (1 - NOT_TAKEN))
    n = int(expected + 8 * np.sqrt(expected) + 20)
    columns = _covariates(options, here, n, rng)
    pools = _Pools(staff, columns)
    columns |= pools.send(options, columns, dispatch)
    columns["taken"] = rng.random(n) >= NOT_TAKEN
    no_form = np.where(columns["exposed"], *NO_FORM)
    has_form = columns["taken"] & (rng.random(n) >= no_form)
    columns["persons"] = np.where(has_form, 1 + (rng.random(n) < TWO_PERSONS), 0)
    cumulative = np.cumsum(columns["persons"])
    end = int(np.searchsorted(cumulative, options.contacts)) + 1
    columns["persons"][end - 1] -= max(0, int(cumulative[end - 1]) - options.contacts)
    order = np.argsort(columns["dispatched"][:end], kind="stable")
    columns = {name: values[order] for name, values in columns.items()}
    team = _team(staff, columns, pools.officers, dispatch)
    for name in ("pool_start", "pool_certified", "pool_size", "position"):
        del columns[name]
    return Calls(team=team, **columns)


def _covariates(options: Options, here: Place, n: int, rng: Rng) -> dict[str, Array]:
    first, last = options.first_day, options.last_day
    span = np.arange(first, last + 1)
    season = 1 + 0.08 * np.cos(2 * np.pi * (span - 195) / 365.25)
    growth = 1 + 0.03 * (span - first) / 365.25
    day = span[
        np.searchsorted(np.cumsum(season * growth)[:-1], rng.random(n) * (season * growth).sum())
    ]
    hour = pick(rng, _HOURS, n).astype(np.int64)
    dispatched = _existing(day * DAY + hour * 3600 + rng.integers(0, 60, n) * 60)
    day, hour = dispatched // DAY, dispatched % DAY // 3600
    mix = list(CALL_MIX.values())
    group = pick(rng, [m[0] for m in mix], n)
    weapon = _reported(rng, np.array([m[1] for m in mix])[group], _WEAPON_UNKNOWN)
    violence = _reported(rng, np.array([m[2] for m in mix])[group], _VIOLENCE_UNKNOWN)
    urgent = (weapon == 0) | (violence == 0) | (group == GROUPS.index("overdose"))
    quiet = np.isin(group, [GROUPS.index(g) for g in ("welfare_check", "trespass", "suspicious")])
    grade = np.where(urgent, 0, np.where(quiet, 2, 1))
    priority = pick_by(
        rng, np.array([[0.7, 0.27, 0.03], [0.2, 0.55, 0.25], [0.06, 0.5, 0.44]]), grade
    )
    origin = pick(rng, ORIGIN_SHARES, n)
    on_view = origin == ORIGINS.index("on_view")
    is_suicide = group == GROUPS.index("suicide")
    known_crisis = np.isin(group, [GROUPS.index(g) for g in ("behavioral_crisis", "suicide")])
    delay = np.exp(rng.normal(0, 0.7, n)) * np.array([1.5, 5.0, 16.0])[priority]
    travel = np.exp(rng.normal(0, 0.45, n)) * np.array([5.5, 7.5, 10.0])[priority]
    sent = 1 + (weapon == 0) + (violence == 0) + (rng.random(n) < 0.45)
    codes = np.array([len(m[3]) for m in mix])
    return {
        "dispatched": dispatched,
        "received": (dispatched - np.where(on_view, 0, delay * 60)).astype(np.int64),
        "arrived": (dispatched + np.where(on_view, 0, travel * 60)).astype(np.int64),
        "scene_minutes": np.exp(rng.normal(0, 0.6, n)) * 38 + 4,
        "group": group,
        "code": (rng.random(n) * codes[group]).astype(np.int8),
        "origin": origin,
        "priority": priority,
        "weapon": weapon,
        "violence": violence,
        "suicide": _reported(rng, np.where(is_suicide, 0.97, 0.06), 0.03),
        "district": pick(rng, here.shares, n),
        "shift": np.select([(hour >= 6) & (hour < 14), (hour >= 14) & (hour < 22)], [0, 1], 2),
        "weekend": ((day + 3) % 7 >= 5).astype(np.int8),
        "year": (dispatched.astype("datetime64[s]").astype("datetime64[Y]").astype(int) + 1970)
        - options.start.year,
        # A night watch belongs to the day on which it began.
        "duty_day": np.where(hour < 6, day - 1, day),
        "severity": rng.standard_normal(n) if options.unmeasured else np.zeros(n),
        "flagged": rng.random(n) < np.where(known_crisis, 0.97, 0.42),
        "policy": is_suicide | (known_crisis & ((weapon == 0) | (violence == 0))),
        "officers_sent": np.minimum(sent, 4).astype(np.int8),
        "co_response": rng.random(n) < np.where(known_crisis & (weapon != 0), 0.10, 0.02),
    }


def _reported(rng: Rng, share: Array, unknown: float) -> Array:
    """Draw what the caller reported: yes, no, or unknown to the dispatcher."""
    yes = rng.random(len(share)) < share
    codes = np.where(yes, TRI.index("yes"), TRI.index("no"))
    return np.where(rng.random(len(share)) < unknown, TRI.index("unknown"), codes).astype(np.int8)


def _existing(seconds: Array) -> Array:
    """Move times in the hour that the spring change of clocks leaves out to the hour after it."""
    day = (seconds // DAY).astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    date_of_month = (day - month).astype(int) + 1
    march = month.astype(int) % 12 == 2
    second_sunday = (
        march & ((seconds // DAY + 3) % 7 == 6) & (date_of_month > 7) & (date_of_month < 15)
    )
    return np.where(second_sunday & (seconds % DAY // 3600 == 2), seconds + 3600, seconds)


class _Pools:
    """Who is on duty, by epoch, district, shift and resting squad; certified officers first."""

    def __init__(self, staff: Workforce, columns: dict[str, Array]) -> None:
        self.staff = staff
        self.patrol = np.arange(staff.patrol)
        self.chunks: list[Array] = []
        self.filled = 0
        self.epoch = staff.epoch(columns["dispatched"] // DAY)
        self.resting = (columns["duty_day"] // 3) % 3
        epochs = len(staff.edges)
        beat = columns["district"].astype(np.int64) * 3 + columns["shift"]
        group = (beat * 3 + self.resting) * epochs + self.epoch
        self.local = self._tables(group, epochs, by_district=True)
        group = (columns["shift"].astype(np.int64) * 3 + self.resting) * epochs + self.epoch
        self.city = self._tables(group, epochs, by_district=False)
        self.officers = np.concatenate(self.chunks)
        self.edges = np.concatenate([[0.0], np.cumsum(staff.weight[self.officers])])

    def _tables(self, group: Array, epochs: int, by_district: bool) -> dict[str, Array]:
        """Return where each call's pool starts, how many it holds and how many are certified."""
        staff = self.staff
        wanted, inverse = np.unique(group, return_inverse=True)
        found = np.zeros((3, len(wanted)), dtype=np.int64)
        for row, key in enumerate(wanted):
            beat, epoch = divmod(int(key), epochs)
            post, resting = divmod(beat, 3)
            district, shift = divmod(post, 3)
            here = staff.employed[self.patrol, epoch]
            on_shift = here & (staff.shift[self.patrol, epoch] == shift)
            on_duty = on_shift & (staff.squad[self.patrol, epoch] != resting)
            if by_district:
                on_duty = on_duty & (staff.district[self.patrol, epoch] == district)
            # With nobody on duty someone is called in: from the same watch, else whoever there is.
            for pool in (on_duty, on_shift, here):
                if pool.any():
                    break
            members = np.flatnonzero(pool)
            exposed = staff.exposed[members, epoch]
            self.chunks.append(np.concatenate([members[exposed], members[~exposed]]))
            found[:, row] = self.filled, len(members), exposed.sum()
            self.filled += len(members)
        start, size, certified = found[:, inverse]
        return {"start": start, "size": size, "certified": certified}

    def send(self, options: Options, columns: dict[str, Array], rng: Rng) -> dict[str, Array]:
        """Choose the primary officer of every call by the dispatch rule."""
        factors = {
            k: columns[v]
            for k, v in (
                ("call_group", "group"),
                ("origin", "origin"),
                ("priority", "priority"),
                ("weapon", "weapon"),
                ("violence", "violence"),
            )
        }
        score = DISPATCH_INTERCEPT + linear(factors, 0) + options.unmeasured * columns["severity"]
        start, size, certified = (self.local[k] for k in ("start", "size", "certified"))
        # Where the district has no certified officer, one may come from another for a hard call.
        none_here = (certified == 0) & (self.city["certified"] > 0)
        borrowed = none_here & (rng.random(len(score)) < 0.5 * expit(score - 0.5))
        start = np.where(borrowed, self.city["start"], start)
        size = np.where(borrowed, self.city["size"], size)
        certified = np.where(borrowed, self.city["certified"], certified)
        low, middle = self.edges[start], self.edges[start + certified]
        high = self.edges[start + size]
        share = (middle - low) / (high - low)
        with np.errstate(divide="ignore"):
            chance = expit(np.log(share) - np.log1p(-share) + score)
        exposed = (rng.random(len(score)) < chance) | (certified == size)
        exposed = (exposed & (certified > 0)) | borrowed
        u = rng.random(len(score))
        target = np.where(exposed, low + u * (middle - low), middle + u * (high - middle))
        position = np.searchsorted(self.edges, target, side="right") - 1
        first = np.where(exposed, start, start + certified)
        last = np.where(exposed, start + certified, start + size) - 1
        position = np.clip(position, first, last)
        return {
            "primary": self.officers[position],
            "exposed": exposed,
            "cit_available": self.local["certified"] > 0,
            "pool_start": start,
            "pool_size": size,
            "pool_certified": certified,
            "position": position,
        }


def _team(staff: Workforce, columns: dict[str, Array], pool: Array, rng: Rng) -> Team:
    """Add backup, supervisors and co-responders to the primary officer of every call taken."""
    taken = np.flatnonzero(columns["taken"])
    n = len(taken)
    start, size = columns["pool_start"][taken], columns["pool_size"][taken]
    place = columns["position"][taken] - start
    sent = columns["officers_sent"][taken]
    later = rng.random(n) < 0.22
    others = size - 1
    jump = rng.integers(0, 1 << 30, n)
    rows = [(np.arange(n), columns["primary"][taken], 0, np.ones(n, dtype=bool))]
    for extra in range(4):
        on = np.flatnonzero((sent + later > extra + 1) & (others > extra))
        step = (jump[on] + extra) % others[on]
        index = (place[on] + 1 + step) % size[on]
        if extra == 0:
            # The first unit to back up an officer without the training is more often one with it.
            certified = columns["pool_certified"][taken][on]
            asked = ~columns["exposed"][taken][on] & (certified > 0)
            asked &= rng.random(len(on)) < _BACKUP_IS_CIT
            chosen = (rng.random(len(on)) * certified).astype(np.int64)
            index = np.where(asked, chosen, index)
        rows.append((on, pool[start[on] + index], 1, sent[on] > extra + 1))
    for role, code, comes in (
        (SERGEANT, 2, rng.random(n) < _SERGEANT_COMES * np.maximum(sent, 1)),
        (CO_RESPONDER, 3, columns["co_response"][taken]),
    ):
        officers = staff.of_role(role)
        if len(officers):
            on = np.flatnonzero(comes)
            chosen = officers[rng.integers(0, len(officers), len(on))]
            rows.append((on, chosen, code, np.full(len(on), code == 3)))
    call = taken[np.concatenate([r[0] for r in rows])]
    officer = np.concatenate([r[1] for r in rows])
    role_code = np.concatenate([np.full(len(r[0]), r[2], dtype=np.int8) for r in rows])
    first = np.concatenate([r[3] for r in rows])
    # An officer drawn twice came once; the row drawn first says in which role.
    _, kept = np.unique(call.astype(np.int64) * len(staff.role) + officer, return_index=True)
    order = kept[np.lexsort((role_code[kept], call[kept]))]
    return Team(call[order], officer[order], role_code[order], first[order])
