"""The people who respond: hiring, CIT selection, certifications and their lapses, assignments.

Who is certified, and where everybody works, is held per *epoch*: a stretch of days on which nothing
of it changes. Dispatch then only looks up a pool of officers per epoch, district, shift and squad.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from data.simulation.agency import Place
from data.simulation.columns import (
    Array,
    Rng,
    pick,
)
from data.simulation.model import MODELS, Options, add_years, day_number

ROLES = (
    "patrol_officer",
    "sergeant",
    "co_responder_officer",
    "telecommunicator",
    "civilian_clinician",
)
PATROL, SERGEANT, CO_RESPONDER, TELECOMMUNICATOR, CLINICIAN = range(5)
SELECTIONS = (
    "volunteered_selected",
    "volunteered",
    "assigned",
    "recruit_academy",
    "not_in_program",
)
NOT_IN_PROGRAM = 4
SHIFT_SHARES = (0.34, 0.38, 0.28)
NEVER = 10**6
CERTIFICATE_YEARS = 3
_RENEWED, _RETURNED = 0.86, 0.4


@dataclass(frozen=True)
class Workforce:
    """Everyone on the payroll; patrol officers come first."""

    keys: pa.Array
    role: Array
    hired: Array  # day number; the first of a month
    on_patrol_from: Array
    left: Array  # day number of the first day no longer employed; NEVER if still there
    selection: Array
    weight: Array  # how many forms this officer tends to write
    certificates: pd.DataFrame  # officer, kind, certified, expires, renewal, class_number
    specialist: str  # the credential whose effect is simulated
    edges: Array  # first day of each epoch
    employed: Array  # officer x epoch, on patrol or at work
    certified: Array  # officer x epoch: holds any CIT credential
    exposed: Array  # officer x epoch: holds the credential whose effect is simulated
    district: Array  # officer x epoch
    shift: Array
    squad: Array

    @property
    def patrol(self) -> int:
        """Patrol officers ever employed."""
        return int((self.role == PATROL).sum())

    def epoch(self, day: Array) -> Array:
        """Return the epoch each day falls in."""
        return np.clip(np.searchsorted(self.edges, day, side="right") - 1, 0, len(self.edges) - 1)

    def of_role(self, role: int) -> Array:
        """Return the officers of one role."""
        return np.flatnonzero(self.role == role)


def class_days(options: Options) -> Array:
    """Return the last day of every CIT class, from three years before the first day."""
    last = options.calendar_years[-1]
    return np.array(
        [
            day_number(date(year, month, 15))
            for year in range(options.start.year - 3, last + 1)
            for month in (3, 10)
        ]
    )


def build(options: Options, here: Place, rng: Rng) -> Workforce:
    """Draw the workforce."""
    n = options.officers
    sizes = (n, max(1, n // 8), n // 60, max(2, n // 6), n // 60)
    role = np.repeat(np.arange(5), sizes)
    total = len(role)
    months = _months(options)
    before = (rng.random(total) < 0.8) | (role != PATROL)
    # The first officer stays throughout, so that the smallest agency always has someone to send.
    before[0] = True
    ago = (rng.beta(1.1, 1.8, total) * 25 * 365).astype(int) + 200
    hired = np.where(before, options.first_day - ago, 0)
    hired = np.where(before, month_of(hired), months[rng.integers(0, len(months), total)])
    academy = np.where(before, hired, month_of(hired + 190))
    leaves = (rng.random(total) < 0.03 * options.years) & (role == PATROL)
    leaves[0] = False
    left = np.where(leaves, months[rng.integers(0, len(months), total)], NEVER)
    left = np.where(left <= month_of(academy + 200), NEVER, left)
    selection, certificates = _certificates(options, role, hired, academy, left, rng)
    specialist = "cit_enhanced" if options.model == MODELS[2] else "cit_40h"
    edges = _edges(options, certificates, months)
    shape = (total, len(edges))
    district, shift, squad = _assignments(options, here, role, edges, rng)
    numbers = rng.permutation(np.arange(1000, max(10_000, 1000 + 2 * total)))[:total]
    return Workforce(
        keys=pa.array([f"B{number}" for number in numbers]),
        role=role,
        hired=hired,
        on_patrol_from=academy,
        left=left,
        selection=selection,
        weight=rng.gamma(2.2, 1 / 2.2, total) + 0.08,
        certificates=certificates,
        specialist=specialist,
        edges=edges,
        employed=(edges >= academy[:, None]) & (edges < left[:, None]),
        certified=_held(certificates, ("cit_40h", "cit_enhanced"), edges, shape),
        exposed=_held(certificates, (specialist,), edges, shape),
        district=district,
        shift=shift,
        squad=squad,
    )


def _months(options: Options) -> Array:
    """Return the first day of every month that begins in the period."""
    return np.array(
        [
            day
            for year in options.calendar_years
            for month in range(1, 13)
            if options.first_day < (day := day_number(date(year, month, 1))) <= options.last_day
        ]
        or [options.first_day]
    )


def month_of(day: Array) -> Array:
    """Return the first day of the month of each day."""
    return day.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(int)


def _edges(options: Options, certificates: pd.DataFrame, months: Array) -> Array:
    changes = np.concatenate(
        [[options.first_day], months, certificates["certified"], certificates["expires"]]
    )
    inside = (changes >= options.first_day) & (changes <= options.last_day)
    return np.unique(changes[inside]).astype(int)


def _held(
    certificates: pd.DataFrame, kinds: tuple[str, ...], edges: Array, shape: tuple[int, int]
) -> Array:
    """Return who holds one of these credentials in which epoch."""
    held = np.zeros(shape, dtype=bool)
    rows = certificates[certificates["kind"].isin(kinds)]
    first = np.searchsorted(edges, rows["certified"].to_numpy())
    last = np.searchsorted(edges, rows["expires"].to_numpy())
    for officer, start, end in zip(rows["officer"], first, last, strict=True):
        held[officer, start:end] = True
    return held


def _certificates(
    options: Options, role: Array, hired: Array, academy: Array, left: Array, rng: Rng
) -> tuple[Array, pd.DataFrame]:
    """Draw who volunteers or is assigned, and every certificate with its lapse."""
    total = len(role)
    classes = class_days(options)
    sworn = role <= CO_RESPONDER
    selection = pick(rng, (0.42, 0.08, 0.08, 0.0, 0.42), total)
    selection[~sworn] = NOT_IN_PROGRAM
    everyone = options.model != MODELS[0]
    wanted = sworn & (selection != NOT_IN_PROGRAM) | (role == CO_RESPONDER)
    selection[role == CO_RESPONDER] = 0
    early = rng.random(total) < 0.62
    share = rng.random(total)
    # A year on patrol comes before the class, so a program of volunteers holds no recruits.
    ready = np.maximum(academy + 365, np.where(early, classes[0], options.first_day))
    rows: list[tuple[int, str, int, int, str, int]] = []
    for officer in np.flatnonzero(wanted).tolist():
        open_to = np.flatnonzero(classes >= ready[officer])
        if early[officer]:
            before = np.flatnonzero((classes >= ready[officer]) & (classes < options.first_day))
            open_to = before if len(before) else open_to
        if len(open_to) == 0:
            selection[officer] = NOT_IN_PROGRAM
            continue
        number = open_to[int(share[officer] * len(open_to))]
        kind = "cit_enhanced" if everyone and options.model == MODELS[2] else "cit_40h"
        if not everyone or kind == "cit_enhanced":
            _run(rows, officer, kind, int(classes[number]), number + 1, options, classes, rng)
    if everyone:
        recruit = academy > options.first_day
        selection[sworn] = np.where(recruit[sworn], 3, 2)
        for officer in np.flatnonzero(sworn).tolist():
            begins = int(academy[officer]) if recruit[officer] else options.first_day
            # Certified before the first contact, and renewed for as long as they serve.
            first = begins - 30 - int(share[officer] * 700) * (not recruit[officer])
            _run(rows, officer, "cit_40h", first, 0, options, classes, rng, always=True)
    frame = pd.DataFrame(
        rows, columns=["officer", "kind", "certified", "expires", "how", "class_number"]
    )
    gone = frame["certified"].to_numpy() >= left[frame["officer"].to_numpy()]
    frame = frame[~gone].reset_index(drop=True)
    trained = np.isin(np.arange(total), frame["officer"])
    selection[sworn & ~trained] = NOT_IN_PROGRAM
    return selection, frame


def _run(
    rows: list[tuple[int, str, int, int, str, int]],
    officer: int,
    kind: str,
    day: int,
    class_number: int,
    options: Options,
    classes: Array,
    rng: Rng,
    always: bool = False,
) -> None:
    """Add an officer's certificate and what follows it: renewals, a lapse, a return."""
    how = "class"
    while day <= options.last_day:
        epoch = date.fromordinal(day + date(1970, 1, 1).toordinal())
        ends = day_number(add_years(epoch, CERTIFICATE_YEARS))
        rows.append((officer, kind, day, ends, how, class_number if how == "class" else 0))
        if always or rng.random() < _RENEWED:
            day, how = ends, "renewed"
        else:
            again = np.flatnonzero(classes >= ends + 90)
            if rng.random() >= _RETURNED or len(again) == 0:
                return
            class_number, how = int(again[0]) + 1, "class"
            day = int(classes[again[0]])


def _assignments(
    options: Options, here: Place, role: Array, edges: Array, rng: Rng
) -> tuple[Array, Array, Array]:
    """Draw home district, shift and squad; some change at the yearly bid."""
    total, districts = len(role), len(here.districts)
    years = edges.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    index = years - years[0]
    cells = np.array([[d * s for s in SHIFT_SHARES] for d in here.shares]).ravel()
    # Posts are filled in turn, so that even a small agency has someone in every district and shift.
    order = np.argsort(-cells)
    cell = np.where(
        np.arange(total) < 3 * districts,
        order[np.arange(total) % len(cells)],
        pick(rng, cells, total),
    )
    squad = (np.arange(total) // max(1, len(cells)) + rng.integers(0, 3, total)) % 3
    kept_cell, kept_squad = [], []
    for _ in range(int(index.max()) + 1):
        kept_cell.append(cell)
        kept_squad.append(squad)
        moves = (rng.random(total) < 0.15) & (np.arange(total) >= 3 * districts)
        cell = np.where(moves, pick(rng, cells, total), cell)
        squad = np.where(moves, rng.integers(0, 3, total), squad)
    cells_by_epoch = np.stack(kept_cell, axis=1)[:, index]
    return (
        (cells_by_epoch // 3).astype(np.int8),
        (cells_by_epoch % 3).astype(np.int8),
        np.stack(kept_squad, axis=1)[:, index].astype(np.int8),
    )
