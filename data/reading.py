"""Read an export: stage its files, type the rows of every table, group contacts' rows to one each."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import duckdb

from data import building, transform
from data.building import keyed_at_once
from data.errors import UserError
from data.identifying import identifies
from data.lookups import look_up
from data.mapping_model import Mapping, TableMapping
from data.readers import ExportFile
from data.report import Load, reject, reject_unreadable
from data.sql import WORK, at_once, once, one
from data.staging import BLANK, REPEATED_HEADER, StagedFile, stage
from data.values import Lookup

Progress = Callable[[str], None]
_SYSTEM_COLUMNS = ("agency_id", "source", "load_id")
Groups = dict[tuple[ExportFile, ...], list[TableMapping]]
"""Which files fill which tables."""


def _peek(
    con: duckdb.DuckDBPyConnection, mapping: Mapping, files: list[ExportFile], column: str
) -> tuple[list[str], str]:
    """Return the values of a canonical export's own column, and the file that has it."""
    if not mapping.replaces_by_file_name:
        return [], ""
    # The agencies file knows best, then contacts; a file of another table may come alone.
    order = {"agencies": 0, "contacts": 1}
    for file in sorted(files, key=lambda f: order.get(f.table, 2)):
        if column in file.header:
            stage(con, "peek", [file], [column], None, mapping.file)
            rows = con.execute(
                f"SELECT DISTINCT {column} FROM peek WHERE skip = 0 AND {column} IS NOT NULL"
                " ORDER BY 1 LIMIT 2"
            ).fetchall()
            building.empty_work(con)
            if rows:
                return [str(row[0]) for row in rows], file.name
    return [], ""


def agency(
    con: duckdb.DuckDBPyConnection, given: str | None, mapping: Mapping, files: list[ExportFile]
) -> str:
    """The agency of an export: from the command, the mapping, or a canonical export's files."""
    found, name = _peek(con, mapping, files, "agency_id")
    if len(found) > 1:
        raise UserError(f"{name}: holds several agencies; load one agency at a time")
    chosen = given or mapping.agency.get("agency_id") or (found[0] if found else None)
    if chosen is None:
        raise UserError(
            "which agency is this? add --agency ID, or agency_id to the mapping's [agency]"
        )
    if found and found[0] != chosen:
        raise UserError(f"{name}: is of another agency than {chosen!r}; leave --agency out")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", chosen):
        raise UserError("the agency's id may hold letters, digits, '-' and '_' only, 40 at most")
    return str(chosen)


def with_time_zone(
    con: duckdb.DuckDBPyConnection, mapping: Mapping, files: list[ExportFile]
) -> Mapping:
    """The mapping, with the time zone of a canonical export's agencies file."""
    if mapping.time_zone:
        return mapping
    found, name = _peek(con, mapping, [f for f in files if f.table == "agencies"], "time_zone")
    if len(found) != 1:
        return mapping
    try:
        ZoneInfo(found[0])
    except (KeyError, ValueError, OSError):
        raise UserError(
            f"{name} row 1, column 'time_zone': is not an IANA zone, such as America/Denver"
        ) from None
    return replace(mapping, agency={**mapping.agency, "time_zone": found[0]})


def _group_files(mapping: Mapping, files: list[ExportFile]) -> Groups:
    """Return which files fill which tables; contacts first.

    Raises ``UserError`` for a file that no table reads.
    """
    named = {t.file for t in mapping.tables.values() if t.file}
    found: Groups = {}
    for table in sorted(mapping.tables.values(), key=lambda t: t.table.name != "contacts"):
        if table.file:
            chosen = tuple(f for f in files if table.file in (f.table, f.name))
        else:
            chosen = tuple(f for f in files if not named & {f.table, f.name})
        if chosen:
            found.setdefault(chosen, []).append(table)
    used = {f.path for chosen in found for f in chosen}
    for file in files:
        if file.path not in used:
            wanted = ", ".join(sorted(named))
            raise UserError(
                f"{file.name}: no table of the mapping {mapping.name!r} reads this file;"
                f" name it after one of: {wanted}"
            )
    return found


def _note_columns(state: Load, groups: Groups) -> None:
    """Report the headers that no table reads, those that may identify a person apart."""
    unread: dict[str, None] = {}
    for files, tables in groups.items():
        read = {c for t in tables for c in transform.needed(t, t.columns)} | set(_SYSTEM_COLUMNS)
        unread |= dict.fromkeys(h for f in files for h in f.header if h not in read)
    never = state.mapping.never_stored
    state.report.dropped_columns = [h for h in unread if identifies(h) or h in never]
    state.report.unused_columns = [h for h in unread if not (identifies(h) or h in never)]


def stage_files(state: Load, files: list[ExportFile], progress: Progress) -> Groups:
    """Stage the files, side by side, and count their rows; return which fill which tables."""
    groups = _group_files(state.mapping, files)
    _note_columns(state, groups)
    for chosen, tables in groups.items():
        _require_keys(tables, chosen)
        for table in tables:
            state.tables[table.table.name] = transform.present(table, chosen)
    _stage(state, groups, progress)
    if state.report.rows_read == 0:
        raise UserError(f"{files[0].name}: has a header but no rows; export it again")
    return groups


def type_tables(state: Load, groups: Groups, progress: Progress) -> None:
    """Type the staged rows of every table, side by side; refuse what cannot be read, and bad contacts."""
    stages = {
        name: f"stage_{i}"
        for i, chosen in enumerate(groups)
        for f in chosen
        for name in (f.name, f.table)
    }
    for number, tables in enumerate(groups.values()):
        for table in tables:
            columns = state.tables[table.table.name]
            look_up(state.con, f"stage_{number}", table, columns, state.mapping, stages)
    for tables in groups.values():
        reject_unreadable(state, state.staged[tables[0].table.name])
    _type(state, groups, progress)


def _stage(state: Load, groups: Groups, progress: Progress) -> None:
    """Stage every file, as ``stage_0`` and so on, and count its rows."""
    mapping, report = state.mapping, state.report

    def stage_group(
        con: duckdb.DuckDBPyConnection, number: int, chosen: tuple[ExportFile, ...]
    ) -> tuple[list[StagedFile], frozenset[str], tuple[int, ...]]:
        tables = groups[chosen]
        typed = [(t, state.tables[t.table.name]) for t in tables]
        wanted = dict.fromkeys(
            c for t in tables for c in transform.needed(t, state.tables[t.table.name])
        )
        progress(f"reading {', '.join(f.name for f in chosen)}")
        name = f"stage_{number}"
        moments = transform.moments(typed, mapping)
        staged, timed = stage(
            con, name, list(chosen), list(wanted), mapping.duplicates, mapping.file, moments
        )
        counts = one(
            con,
            f"SELECT count(*), count(*) FILTER (skip = {REPEATED_HEADER}),"
            f" count(*) FILTER (skip = {BLANK}), count(DISTINCT row_hash) FILTER (skip = 0)"
            f" FROM {name}",
        )
        return staged, timed, counts

    tasks = [partial(stage_group, number=i, chosen=chosen) for i, chosen in enumerate(groups)]
    for tables, (staged, timed, counts) in zip(
        groups.values(), at_once(state.con, tasks), strict=True
    ):
        rows, headers, blank, distinct = counts
        good = rows - headers - blank
        report.repeated_headers += headers
        report.rows_read += good + sum(b.rows for f in staged for b in f.bad_lines)
        report.duplicates_collapsed += good - distinct
        state.staged |= {t.table.name: staged for t in tables}
        state.timed |= {t.table.name: timed for t in tables}


def _type(state: Load, groups: Groups, progress: Progress) -> None:
    """Type the rows of every table, what its values mean looked over first."""
    mapping = state.mapping
    each = [(f"stage_{i}", t) for i, tables in enumerate(groups.values()) for t in tables]
    checks: list[Callable[[duckdb.DuckDBPyConnection], None]] = []
    for number, tables in enumerate(groups.values()):
        keyed = [(t, state.tables[t.table.name]) for t in tables]
        staged = state.staged[tables[0].table.name]
        check = partial(
            transform.check_keys,
            stage=f"stage_{number}",
            tables=keyed,
            mapping=mapping,
            staged=staged,
        )
        checks.append(check)
    looks: list[tuple[str, Callable[[duckdb.DuckDBPyConnection], Lookup]]] = []
    for name, table in each:
        columns, timed = state.tables[table.table.name], state.timed[table.table.name]
        tasks = transform.look_over(name, table, columns, mapping, timed)
        looks += [(table.table.name, task) for task in tasks]
    lookups: dict[str, dict[str, Lookup]] = {table.table.name: {} for _, table in each}
    made = at_once(state.con, [*checks, *(task for _, task in looks)])[len(checks) :]
    for (owner, _), found in zip(looks, made, strict=True):
        assert found is not None
        lookups[owner][found.name] = found
        for column, values in found.unknown.items():
            state.report.unknown_values.setdefault(column, {}).update(values)
    still, lock = Counter(name for name, _ in each), threading.Lock()

    def fill(con: duckdb.DuckDBPyConnection, stage: str, table: TableMapping) -> None:
        name = table.table.name
        progress(f"mapping {name}")
        columns = state.tables[name]
        timed = state.timed[name]
        target = f"typed_{name}"
        transform.type_rows(con, stage, target, table, columns, mapping, timed, lookups[name])
        if name == "contacts":
            _reject_contacts(con, state)
            _group_contacts(con, state)
        with lock:
            still[stage] -= 1
            last = not still[stage]
        if last:  # it is as large as what is made of it
            con.execute(f"DROP TABLE {WORK}.{stage}")

    keyed_at_once(state.con, [partial(fill, stage=name, table=table) for name, table in each])


def _require_keys(tables: list[TableMapping], files: tuple[ExportFile, ...]) -> None:
    for key in (k for table in tables for k in table.key):
        for file in files:
            if key not in file.header:
                raise UserError(
                    f"{file.name}: no column {key!r}, the key of the mapping;"
                    " check that this is the right file and mapping"
                )


def _reject_contacts(con: duckdb.DuckDBPyConnection, state: Load) -> None:
    """Refuse rows without a usable number or time."""
    table = state.mapping.tables["contacts"]
    # A day's grace: the machine's clock may be behind the agency's.
    latest = f"{datetime.now() + timedelta(days=1):%Y-%m-%d}"
    reason = (
        "CASE WHEN key_raw IS NULL THEN 'no contact number'"
        " WHEN contact_at IS NULL THEN 'no date'"
        " WHEN contact_at < TIMESTAMP '0003-01-01'"
        f" THEN coalesce({transform.not_a_time('contact_at')}, 'date before {transform.EARLIEST}')"
        f" WHEN contact_at < TIMESTAMP '{transform.EARLIEST}'"
        f" THEN 'date before {transform.EARLIEST}'"
        f" WHEN contact_at >= TIMESTAMP '{latest}' + INTERVAL 1 DAY THEN 'date in the future' END"
    )
    dates = state.tables["contacts"]["contact_at"].readings[0].column
    reject(con, state, "contacts", reason, {"number": ", ".join(table.key), "": dates})


def _group_contacts(con: duckdb.DuckDBPyConnection, state: Load) -> None:
    """Group typed rows to one row per contact, the view ``grouped``; count conflicting values.

    Only contacts whose rows differ are aggregated: a hundred aggregates for every contact would take
    longer than the rest of the mapping, and mostly find one value.
    """
    listed = {n: c for n, c in state.tables["contacts"].items() if n != "contact_at_basis"}
    values = "".join(f", {transform.combined(n, c)} AS {n}" for n, c in listed.items())
    names = "".join(f", {n}" for n in listed)
    clashes = "".join(f", {transform.clash(n, c)} AS clash_{n}" for n, c in listed.items())
    of_typed = f"SELECT key_raw, contact_at_basis{names} FROM typed_contacts"
    if once(con, "typed_contacts", ["key_raw"]):
        con.execute(f"CREATE OR REPLACE VIEW {WORK}.grouped AS {of_typed}")
        return
    con.execute(
        f"CREATE OR REPLACE TABLE {WORK}.first_rows AS"
        " SELECT key_raw, min(rn) AS rn, min(said) <> max(said) AS differ FROM (SELECT key_raw, rn,"
        f" hash(contact_at_basis{names}) AS said FROM typed_contacts)"
        " GROUP BY key_raw"
    )
    con.execute(
        f"CREATE OR REPLACE TABLE {WORK}.combined_contacts AS SELECT key_raw,"
        f" arg_min(contact_at_basis, rn) AS contact_at_basis{values}{clashes}"
        " FROM typed_contacts SEMI JOIN (FROM first_rows WHERE differ) USING (key_raw)"
        " GROUP BY key_raw"
    )
    con.execute(
        f"CREATE OR REPLACE VIEW {WORK}.grouped AS"
        f" {of_typed} SEMI JOIN (FROM first_rows WHERE NOT differ) USING (rn) UNION ALL BY NAME"
        f" SELECT key_raw, contact_at_basis{names}"
        " FROM combined_contacts"
    )
    counts = one(
        con,
        "SELECT "
        + ", ".join(f"count(*) FILTER (clash_{n})" for n in listed)
        + " FROM combined_contacts",
    )
    state.report.conflicts = {n: int(v) for n, v in zip(listed, counts, strict=True) if v}
