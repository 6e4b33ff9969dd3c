"""Simulate a whole police agency in canonical tables, with the true effect of what it simulates.

Every table is labelled as simulated by its agency's name. The same seed and options give the same
tables. Outcomes come from models the standard adjustment can fit, so the truth is known and the
product can be held to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data import schema
from data.simulation import (
    agency,
    boxes,
    cad,
    care,
    contacts,
    dispatch,
    documents,
    endings,
    forms,
    jail,
    liability,
    outcomes,
    payroll,
    people,
    safety,
    workforce,
)
from data.simulation.columns import DATES, text
from data.simulation.model import Options
from data.simulation.workforce import CO_RESPONDER, PATROL, TELECOMMUNICATOR

_ROW_GROUP = 122_880
_STREAMS = (
    "workforce",
    "agency",
    "calls",
    "dispatch",
    "outcomes",
    "people",
    "endings",
    "trips",
    "units",
    "forms",
    "contacts",
    "care",
    "safety",
    "liability",
    "documents",
    "records",
    "rosters",
    "boxes",
    "jail",
)


@dataclass(frozen=True)
class Simulation:
    """A simulated agency: canonical tables by name, and the truth behind them.

    Labels are pandas categoricals, dates and times ``datetime64[s]``, blanks missing values.
    ``potential`` holds both potential outcomes of every contact where they were asked for.
    """

    tables: dict[str, pd.DataFrame]
    truth: dict[str, Any]
    potential: pd.DataFrame | None = None


def simulate(
    contacts: int,
    seed: int,
    *,
    agency_id: str = "SIM",
    start: date = date(2021, 1, 1),
    years: int = 5,
    officers: int | None = None,
    model: str = "volunteer_specialist",
    effect_scale: float = 1.0,
    effects: Mapping[str, float] | None = None,
    officer_sd: float = 0.35,
    unmeasured: float = 0.0,
    potential: bool = False,
) -> Simulation:
    """Simulate an agency with this many crisis contacts (forms) over ``years`` from ``start``.

    ``officers`` is the number of patrol officers ever employed in the period, by default one for 75
    contacts. ``model`` is volunteer_specialist, all_officers_trained or
    all_trained_plus_enhanced_team. The log odds ratios of the exposure are multiplied by
    ``effect_scale`` (0 for none); ``effects`` sets those of single outcomes. ``officer_sd`` is the
    spread of officers' own tendencies, the same for certified and other officers. ``unmeasured``
    is the log odds per standard deviation by which a severity that no table holds raises both the
    chance of a certified officer and of the outcomes (it lowers that of care by agreement). With
    ``potential=True`` both potential outcomes of every contact are returned too. Raises
    ``UserError`` for an option out of range.
    """
    size = max(12, min(2500, round(contacts / 75))) if officers is None else officers
    options = Options(
        contacts=contacts,
        seed=seed,
        agency_id=agency_id,
        start=start,
        years=years,
        officers=size,
        model=model,
        effect_scale=effect_scale,
        effects=dict(effects or {}),
        officer_sd=officer_sd,
        unmeasured=unmeasured,
    )
    root = np.random.Generator(np.random.PCG64(seed))
    # One stream for each part: drawing more in one leaves the others as they were.
    rng = dict(zip(_STREAMS, root.spawn(len(_STREAMS)), strict=True))
    return _assemble(options, rng, potential)


def _assemble(options: Options, rng: dict[str, np.random.Generator], potential: bool) -> Simulation:
    here = agency.place(options)
    staff = workforce.build(options, here, rng["workforce"])
    calls = dispatch.draw(options, here, staff, rng["calls"], rng["dispatch"])
    drawn = outcomes.draw(options, calls, len(staff.role), rng["outcomes"])
    met = people.draw(calls.dispatched[drawn.call], rng["people"])
    ended = endings.draw(drawn, calls, rng["endings"])
    trip = care.trips(here, calls, drawn, ended, rng["trips"])
    units = cad.unit_times(calls, drawn, trip, rng["units"])
    cleared = units["call_cleared"][drawn.call]
    filled = forms.fill_in(options, calls, drawn, cleared, rng["forms"])
    stamps = {
        "cleared": units["call_cleared"],
        "officer_minutes": units["officer_minutes"],
        "cit_arrived": cad.first_certified(staff, calls, units),
        "accepted": np.where(trip.provider >= 0, trip.accepted, 0),
    }
    at_work = (staff.hired <= options.last_day) & (staff.left > options.last_day)
    tables = agency.tables(
        options,
        here,
        int((at_work & (staff.role <= CO_RESPONDER)).sum()),
        int((at_work & (staff.role == PATROL)).sum()),
        int((staff.role == TELECOMMUNICATOR).sum()),
        rng["agency"],
    )
    tables |= payroll.tables(options, here, staff, rng["agency"])
    team = calls.team
    tables["rosters"] = payroll.rosters(
        options,
        here,
        staff,
        (
            team.officer,
            calls.duty_day[team.call],
            calls.shift[team.call],
            calls.district[team.call],
        ),
        rng["rosters"],
    )
    tables |= cad.tables(options, here, staff, calls, filled, units, rng["units"])
    tables["contacts"] = contacts.contacts(
        options, here, staff, calls, drawn, filled, ended, met, stamps, rng["contacts"]
    )
    tables["contact_officers"] = contacts.contact_officers(
        options, staff, calls, drawn, filled, units, rng["records"]
    )
    tables["dispositions"] = contacts.dispositions(
        options, filled, ended, trip.provider, rng["records"]
    )
    tables["contact_codes"] = boxes.table(options, tables["contacts"], rng["boxes"])
    tables["bookings"] = jail.table(options, tables["contacts"], rng["jail"])
    tables |= care.tables(options, calls, drawn, filled, ended, trip, rng["care"])
    tables |= safety.tables(options, staff, calls, drawn, filled, cleared, rng["safety"])
    tables |= liability.tables(options, calls, drawn, filled, rng["liability"])
    tables["documents"] = documents.table(options, drawn, filled, cleared, rng["documents"])
    recorded = filled.recorded()
    frame = None
    if potential:
        keys = text(filled.ids), text(staff.keys, drawn.officer)
        frame = outcomes.potential_frame(*keys, drawn, recorded)
    return Simulation(tables, outcomes.truth(options, drawn, recorded), frame)


def write(simulation: Simulation, out_dir: Path) -> list[Path]:
    """Write one Parquet file per table that a load takes (``contacts.parquet`` ...); return their paths."""
    out_dir.mkdir(parents=True, exist_ok=True)
    paths = []
    taken = schema.importable()
    for name, frame in simulation.tables.items():
        if name not in taken:
            continue
        table = pa.Table.from_pandas(frame, preserve_index=False)
        for position, column in enumerate(table.column_names):
            if column in DATES:
                day = table.column(position).cast(pa.date32())
                table = table.set_column(position, column, day)
        path = out_dir / f"{name}.parquet"
        # Readers share a file out among threads by its row groups: never one group for all of it.
        pq.write_table(
            table.replace_schema_metadata(), path, compression="zstd", row_group_size=_ROW_GROUP
        )
        paths.append(path)
    return paths
