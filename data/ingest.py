"""Load an export: stage, type, group to contacts, merge with what is kept, check, publish."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from data import checks, encounters, schema, transform
from data.encounters import eligible_column, outcome_column
from data.errors import TooManyRejectedError, UserError
from data.identifying import identifies
from data.mapping import ColumnMapping, Mapping, TableMapping
from data.readers import ExportFile, StagedFile, examine, literal, stage
from data.registry import DISPOSITIONS, OUTCOMES
from data.store import Store

Progress = Callable[[str], None]
_SYSTEM_COLUMNS = ("agency_id", "source", "load_id")


@dataclass
class LoadReport:
    """What a load read, kept and refused: the figures of ``load --json``."""

    snapshot: str | None = None
    rows_read: int = 0
    contacts: int = 0
    duplicates_collapsed: int = 0
    conflicts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    not_recorded: dict[str, int] = field(default_factory=dict)
    unknown_values: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped_columns: list[str] = field(default_factory=list)
    unused_columns: list[str] = field(default_factory=list)
    repeated_headers: int = 0
    removed: int = 0
    changed: bool = True

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass
class _Load:
    """One load under way."""

    con: duckdb.DuckDBPyConnection
    mapping: Mapping
    agency_id: str
    load_id: str
    started_at: datetime
    report: LoadReport
    tables: dict[str, dict[str, ColumnMapping]] = field(default_factory=dict)
    covers: tuple[date | None, date | None] = (None, None)


def load(
    store: Store,
    files: Sequence[Path | str],
    mapping: Mapping,
    *,
    agency_id: str | None = None,
    replace_period: bool = False,
    publish: bool = True,
    simulated: bool = False,
    progress: Progress = lambda stage: None,
) -> LoadReport:
    """Load one export (any number of files) and publish a new snapshot.

    With ``publish=False`` everything is done but the publishing. Raises ``UserError`` for bad input,
    ``TooManyRejectedError`` over the limit and ``StoreLockedError`` while another load writes; in all
    three nothing is published.
    """
    progress("looking the files over")
    examined = [examine(Path(f), mapping.file) for f in files]
    if not examined:
        raise UserError("name at least one file to load")
    with store.lock():
        return _load_locked(
            store, examined, mapping, agency_id, replace_period, publish, simulated, progress
        )


def _load_locked(
    store: Store,
    files: list[ExportFile],
    mapping: Mapping,
    agency_id: str | None,
    replace_period: bool,
    publish: bool,
    simulated: bool,
    progress: Progress,
) -> LoadReport:
    load_id = store.new_id()
    building = store.building_path(load_id)
    con: duckdb.DuckDBPyConnection | None = None
    published = False
    try:
        con = duckdb.connect(str(building) if publish else ":memory:")
        con.execute("SET enable_progress_bar = false")
        con.execute("SET VARIABLE store_secret = ?", [store.secret()])
        con.execute(transform.MACROS)
        schema.create(con)
        _fill_reference(con)
        agency = agency_id or mapping.agency.get("agency_id") or _agency_of_file(mapping, files)
        state = _Load(con, mapping, agency, load_id, datetime.now(UTC), LoadReport())
        _note_columns(state, files)
        _stage_and_type(state, files, store.settings.rejected_limit, progress)
        progress("merging with what the store holds")
        previous = store.current_id()
        _merge(state, store, previous, replace_period, simulated)
        progress("building the analysis table")
        encounters.build(con)
        _finish_report(state, files, replace_period)
        progress("checking")
        checks.run(con)
        if not publish:
            return state.report
        if previous and _same_content(con, store, previous):
            state.report.snapshot, state.report.changed = previous, False
            return state.report
        progress("publishing")
        con.execute("CHECKPOINT")
        con.close()
        store.publish(load_id, building)
        published = True
        state.report.snapshot = load_id
        return state.report
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
        raise UserError(
            f"{store.root}: cannot write the store ({_first_line(error)});"
            " free space on that disk or give another --store; nothing was published"
        ) from None
    finally:
        if con is not None:
            con.close()
        if not published:
            for left in (building, building.with_name(building.name + ".wal")):
                left.unlink(missing_ok=True)


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:160]


def _fill_reference(con: duckdb.DuckDBPyConnection) -> None:
    con.executemany(
        "INSERT INTO disposition_codes VALUES (?, ?, ?, ?)",
        [(d.code, d.custody, d.care_link, d.voluntary) for d in DISPOSITIONS],
    )


def _agency_of_file(mapping: Mapping, files: list[ExportFile]) -> str:
    """The agency of a canonical export, from its own agencies or contacts file."""
    for wanted in ("agencies", "contacts"):
        for file in files:
            if (
                mapping.replaces_by_file_name
                and file.table == wanted
                and "agency_id" in file.header
            ):
                with duckdb.connect() as con:
                    stage(con, "peek", [file], ["agency_id"], None, mapping.file)
                    found = con.execute("SELECT DISTINCT agency_id FROM peek LIMIT 2").fetchall()
                ids = [row[0] for row in found if row[0]]
                if len(ids) == 1:
                    return str(ids[0])
                if len(ids) > 1:
                    raise UserError(
                        f"{file.name}: holds several agencies; load one agency at a time"
                    )
    raise UserError("which agency is this? add --agency ID, or agency_id to the mapping's [agency]")


def _note_columns(state: _Load, files: list[ExportFile]) -> None:
    read = {
        c
        for table in state.mapping.tables.values()
        for column in table.columns.values()
        for r in column.readings
        for c in (r.column, r.time, column.form_filled)
        if c
    } | {k for table in state.mapping.tables.values() for k in table.key}
    headers = list(dict.fromkeys(h for f in files for h in f.header))
    unread = [h for h in headers if h not in read and h not in _SYSTEM_COLUMNS]
    dropped = [h for h in unread if identifies(h) or h in state.mapping.never_stored]
    state.report.dropped_columns = dropped
    state.report.unused_columns = [h for h in unread if h not in dropped]


def _files_for(mapping: Mapping, table: TableMapping, files: list[ExportFile]) -> list[ExportFile]:
    if table.file is None:
        return files
    return [f for f in files if f.table == table.file or f.name == table.file]


def _stage_and_type(
    state: _Load, files: list[ExportFile], limit: float, progress: Progress
) -> None:
    mapping, con = state.mapping, state.con
    by_files: dict[tuple[ExportFile, ...], list[TableMapping]] = {}
    for table in mapping.tables.values():
        if chosen := tuple(_files_for(mapping, table, files)):
            by_files.setdefault(chosen, []).append(table)
    used = {f.name for chosen in by_files for f in chosen}
    for file in files:
        if file.name not in used:
            raise UserError(
                f"{file.name}: no table of the mapping {mapping.name!r} reads this file;"
                f" name it after one of: {', '.join(mapping.tables)}"
            )
    rejected = 0
    for number, (chosen, tables) in enumerate(by_files.items()):
        header = frozenset(h for f in chosen for h in f.header)
        _require_keys(tables, chosen)
        found = {t.table.name: transform.present(t, header) for t in tables}
        wanted = list(
            dict.fromkeys(c for t in tables for c in transform.needed(t, found[t.table.name]))
        )
        name = f"stage_{number}"
        progress(f"reading {', '.join(f.name for f in chosen)}")
        staged = stage(con, name, list(chosen), wanted, mapping.duplicates, mapping.file)
        rejected += _count_rows(state, name, staged, tables[0], found[tables[0].table.name])
        for table in sorted(tables, key=lambda t: t.table.name != "contacts"):
            progress(f"mapping {table.table.name}")
            columns = found[table.table.name]
            transform.check_keys(con, name, table, columns, staged)
            typed = transform.type_rows(
                con, name, f"typed_{table.table.name}", table, columns, mapping
            )
            for column, values in typed.unknown_values.items():
                state.report.unknown_values.setdefault(column, {}).update(values)
            state.tables[table.table.name] = columns
            if table.table.name == "contacts":
                rejected += _reject_contacts(state, table, staged)
                _group_contacts(state, columns)
    state.report.unknown_values = {k: v for k, v in state.report.unknown_values.items() if v}
    total = state.report.rows_read
    if total == 0:
        raise UserError(f"{files[0].name}: has a header but no rows; export it again")
    if rejected > limit * total:
        first = con.execute(
            "SELECT file, row_number, column_name, reason FROM rejected ORDER BY file, row_number"
        ).fetchone()
        assert first is not None
        where = f"{first[0]} row {first[1]}" + (f", column {first[2]!r}" if first[2] else "")
        raise TooManyRejectedError(
            f"{rejected} of {total} rows rejected, over the limit of {limit:.0%}; the first:"
            f" {where}: {first[3]}; mend the export or the mapping; nothing was published"
        )


def _require_keys(tables: list[TableMapping], files: tuple[ExportFile, ...]) -> None:
    for table in tables:
        for key in table.key:
            for file in files:
                if key not in file.header:
                    raise UserError(
                        f"{file.name}: no column {key!r}, the key of the mapping;"
                        " check that this is the right file and mapping"
                    )


def _count_rows(
    state: _Load,
    stage_name: str,
    staged: list[StagedFile],
    table: TableMapping,
    columns: dict[str, ColumnMapping],
) -> int:
    """Count rows, repeated headers and duplicates; keep the lines that could not be read."""
    con, report = state.con, state.report
    header = transform.repeated_header(table, columns)
    row = con.execute(
        f"SELECT count(*) FILTER ({header}), count(*),"
        f" count(*) - count(DISTINCT (row_hash)) FROM {stage_name} s"
    ).fetchone()
    assert row is not None
    repeats, rows, duplicates = row
    bad = [(f.file.name, line - 1, reason) for f in staged for line, reason in f.bad_lines]
    report.repeated_headers += repeats
    report.rows_read += rows - repeats + len(bad)
    report.duplicates_collapsed += duplicates - max(repeats - 1, 0)
    for file, number, reason in bad:
        con.execute(
            "INSERT INTO rejected VALUES (?, ?, ?, ?, NULL, NULL)",
            [state.load_id, file, number, reason],
        )
    return len(bad)


_CONTACT_REASON = """CASE
    WHEN key_raw IS NULL THEN 'no contact number'
    WHEN contact_at IS NULL THEN 'no date'
    WHEN year(contact_at) = 1 THEN 'not a date or time'
    WHEN contact_at < TIMESTAMP '{earliest}' THEN 'date before {earliest}'
    WHEN contact_at > TIMESTAMP '{latest}' THEN 'date in the future'
END"""


def _reject_contacts(state: _Load, table: TableMapping, staged: list[StagedFile]) -> int:
    """Move rows without a usable key or time to ``rejected``; return how many."""
    con = state.con
    reason = _CONTACT_REASON.format(
        earliest=transform.EARLIEST, latest=f"{datetime.now():%Y-%m-%d} 23:59:59"
    )
    rows = con.execute(
        f"SELECT rn, {reason} AS reason, keyed('row', {literal(state.agency_id)},"
        f" CAST(row_hash AS VARCHAR)) FROM typed_contacts WHERE reason IS NOT NULL ORDER BY rn"
    ).fetchall()
    if not rows:
        return 0
    key = ", ".join(table.key)
    dates = [r.column for r in state.tables["contacts"]["contact_at"].readings]
    records = []
    for rn, why, row_hash in rows:
        file = next(f for f in reversed(staged) if f.first_rowid <= rn)
        column = key if "number" in why else dates[0]
        records.append((state.load_id, file.file.name, file.row_number(rn), why, column, row_hash))
    _insert_many(con, "rejected", records)
    con.execute(f"DELETE FROM typed_contacts WHERE ({reason}) IS NOT NULL")
    return len(rows)


def _insert_many(
    con: duckdb.DuckDBPyConnection, table: str, records: list[tuple[Any, ...]]
) -> None:
    import pandas as pd

    frame = pd.DataFrame(records, dtype=object)
    con.register("new_records", frame)
    con.execute(f"INSERT INTO {table} SELECT * FROM new_records")
    con.unregister("new_records")


def _group_contacts(state: _Load, columns: dict[str, ColumnMapping]) -> None:
    """Group typed rows to one row per contact; count conflicting values."""
    con = state.con
    skip = {"agency_id", "contact_id", "contact_at_basis"}
    listed = {n: c for n, c in columns.items() if n not in skip}
    basis = ", arg_min(contact_at_basis, rn) AS contact_at_basis"
    values = "".join(f", {transform.combined(n, c)} AS {n}" for n, c in listed.items())
    clashes = "".join(f", min({n}) <> max({n}) AS clash_{n}" for n in listed)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE grouped AS SELECT key_raw{basis}{values}{clashes}"
        " FROM typed_contacts GROUP BY key_raw"
    )
    counts = ", ".join(f"count(*) FILTER (clash_{n})" for n in listed)
    row = con.execute(f"SELECT {counts} FROM grouped").fetchone()
    assert row is not None
    state.report.conflicts = {n: int(v) for n, v in zip(listed, row, strict=True) if v}


def _key_sql(kind: str, agency: str, raw: str) -> str:
    return f"CASE WHEN {raw} IS NOT NULL THEN keyed({literal(kind)}, {literal(agency)}, {raw}) END"


def _kind(column: str) -> str:
    """Kind of key: the same number of two kinds never hashes alike."""
    return column.removesuffix("_id").removesuffix("_key")


def _select_list(state: _Load, columns: dict[str, ColumnMapping], windowed: bool) -> list[str]:
    found = []
    for name, column in columns.items():
        if name in ("agency_id", "contact_id", "contact_at_basis"):
            continue
        value = name
        if column.canonical.type == "key":
            value = _key_sql(_kind(name), state.agency_id, name)
        found.append(f"{transform.window(value, column) if windowed else value} AS {name}")
    return found


def _merge(
    state: _Load, store: Store, previous: str | None, replace_period: bool, simulated: bool
) -> None:
    """Insert the new rows, then carry over what the previous snapshot holds and they don't replace."""
    con, mapping = state.con, state.mapping
    agency, source = literal(state.agency_id), literal(mapping.source)
    fixed = f"{agency} AS agency_id, {source} AS source, {literal(state.load_id)} AS load_id"
    contact = _key_sql("contact", state.agency_id, "key_raw") + " AS contact_id"
    if "contacts" in state.tables:
        values = ", ".join(_select_list(state, state.tables["contacts"], windowed=True))
        con.execute(
            f"INSERT INTO contacts BY NAME SELECT {fixed}, {contact}, contact_at_basis, {values}"
            " FROM grouped"
        )
        row = con.execute(
            "SELECT count(*), CAST(min(contact_at) AS DATE), CAST(max(contact_at) AS DATE)"
            " FROM contacts"
        ).fetchone()
        assert row is not None
        state.report.contacts, state.covers = int(row[0]), (row[1], row[2])
    if "agencies" in state.tables:
        values = ", ".join(_select_list(state, state.tables["agencies"], windowed=False))
        con.execute(
            f"INSERT INTO agencies BY NAME SELECT {agency} AS agency_id, {simulated} AS simulated,"
            f" {values} FROM typed_agencies LIMIT 1"
        )
    else:
        details = {k: v for k, v in mapping.agency.items() if k != "agency_id"}
        extra = "".join(f", {literal(str(v))} AS {k}" for k, v in details.items())
        con.execute(
            f"INSERT INTO agencies BY NAME SELECT {agency} AS agency_id, {simulated} AS simulated{extra}"
        )
    _note_source_columns(state)
    carried = previous is not None and _attach_previous(con, store, previous, simulated)
    if carried:
        _carry_contacts(state, replace_period)
    for name in ("contact_officers", "dispositions"):
        if name in state.tables:
            _insert_children(state, name, fixed, contact)
        if carried:
            _carry_children(con, name, state.load_id)
    _merge_certifications(state, carried)
    if carried:
        for name, key in (("agencies", "agency_id"), ("loads", "load_id")):
            _carry(con, name, f"o.{key} NOT IN (SELECT {key} FROM {name})")
        _carry(con, "rejected", "TRUE")
        _carry(
            con,
            "source_columns",
            "NOT EXISTS (SELECT 1 FROM source_columns n WHERE n.agency_id = o.agency_id AND"
            " n.source = o.source AND n.table_name = o.table_name AND n.column_name = o.column_name)",
        )
        con.execute("DETACH previous")


def _insert_children(state: _Load, name: str, fixed: str, contact: str) -> None:
    columns = state.tables[name]
    table = schema.tables()[name]
    key = "key_raw"
    if state.mapping.tables[name].file is not None:  # its own file carries the contact's number
        key = "contact_id"
        contact = _key_sql("contact", state.agency_id, "contact_id") + " AS contact_id"
    values = {n: c for n, c in columns.items() if n not in ("agency_id", "contact_id")}
    own_key = [k for k in table.key if k not in ("agency_id", "source", "contact_id")]
    if own_key:
        rest = [n for n in values if n not in own_key]
        listed = "".join(f", {transform.combined(n, values[n])} AS {n}" for n in rest)
        rows = (
            f"SELECT {key}, {', '.join(own_key)}{listed} FROM typed_{name}"
            f" WHERE {own_key[0]} IS NOT NULL GROUP BY {key}, {', '.join(own_key)}"
        )
    else:
        filled = " OR ".join(f"{n} IS NOT NULL" for n, c in values.items() if c.constant is None)
        rows = f"SELECT DISTINCT {key}, {', '.join(values)} FROM typed_{name} WHERE {filled}"
    select = ", ".join(_select_list(state, values, windowed=False))
    state.con.execute(
        f"CREATE OR REPLACE TEMP TABLE new_children AS SELECT {fixed}, {contact}, {select} FROM ({rows})"
    )
    here = "EXISTS (SELECT 1 FROM contacts c WHERE c.contact_id = n.contact_id)"
    state.con.execute(f"INSERT INTO {name} BY NAME SELECT * FROM new_children n WHERE {here}")
    if key == "contact_id":
        orphans = state.con.execute(
            f"SELECT count(*) FROM new_children n WHERE NOT {here}"
        ).fetchone()
        assert orphans is not None
        if orphans[0]:
            reason = f"{name}: no such contact"
            file = f"{name}"
            state.con.execute(
                "INSERT INTO rejected SELECT ?, ?, NULL, ?, 'contact_id', keyed('row', agency_id,"
                f" contact_id) FROM new_children n WHERE NOT {here}",
                [state.load_id, file, reason],
            )


def _merge_certifications(state: _Load, carried: bool) -> None:
    if "certifications" in state.tables:
        columns = {n: c for n, c in state.tables["certifications"].items() if n != "agency_id"}
        select = ", ".join(_select_list(state, columns, windowed=False))
        state.con.execute(
            f"INSERT OR REPLACE INTO certifications BY NAME SELECT DISTINCT ON (officer_key, credential,"
            f" certified_on) {literal(state.agency_id)} AS agency_id,"
            f" {literal(state.load_id)} AS load_id, {select} FROM typed_certifications"
            " WHERE officer_key IS NOT NULL AND credential IS NOT NULL AND year(certified_on) > 1"
        )
    if carried:
        _carry(
            state.con,
            "certifications",
            "NOT EXISTS (SELECT 1 FROM certifications n WHERE n.agency_id = o.agency_id AND"
            " n.officer_key = o.officer_key AND n.credential = o.credential"
            " AND n.certified_on = o.certified_on)",
        )


def _note_source_columns(state: _Load) -> None:
    records = [
        (
            state.agency_id,
            state.mapping.source,
            table,
            name,
            c.codes,
            c.recorded_from,
            c.recorded_until,
        )
        for table, columns in state.tables.items()
        for name, c in columns.items()
        if not c.canonical.is_system
    ]
    for record in records:
        state.con.execute("INSERT INTO source_columns VALUES (?, ?, ?, ?, ?, ?, ?)", list(record))
    # A table's codes are what it holds where the mapping passes values through.
    state.con.execute(
        "UPDATE source_columns SET codes = (SELECT list(code) FROM disposition_codes)"
        " WHERE table_name = 'dispositions' AND column_name = 'disposition' AND codes IS NULL"
    )


def _attach_previous(
    con: duckdb.DuckDBPyConnection, store: Store, previous: str, simulated: bool
) -> bool:
    """Attach the snapshot in use; a simulated agency is never kept beside a real one."""
    path = store.snapshot(previous).path
    con.execute(f"ATTACH {literal(str(path))} AS previous (READ_ONLY)")
    row = con.execute("SELECT bool_or(simulated) FROM previous.agencies").fetchone()
    was_simulated = bool(row and row[0])
    if simulated and not was_simulated:
        raise UserError(
            f"{store.root}: holds a real agency; give another --store for the simulated one"
        )
    if was_simulated:
        con.execute("DETACH previous")
    return not was_simulated


def _carry(con: duckdb.DuckDBPyConnection, table: str, where: str) -> None:
    """Copy rows of the previous snapshot, by column name: older snapshots may lack newer columns."""
    columns = [
        row[0]
        for row in con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = 'previous'"
            " AND table_name = ? INTERSECT SELECT column_name FROM duckdb_columns()"
            " WHERE database_name <> 'previous' AND table_name = ?",
            [table, table],
        ).fetchall()
    ]
    if columns:
        listed = ", ".join(f"o.{c}" for c in columns)
        con.execute(
            f"INSERT INTO {table} BY NAME SELECT {listed} FROM previous.main.{table} o WHERE {where}"
        )


_SAME_CONTACT = "n.agency_id = o.agency_id AND n.source = o.source AND n.contact_id = o.contact_id"


def _carry_contacts(state: _Load, replace_period: bool) -> None:
    con = state.con
    keep = f"NOT EXISTS (SELECT 1 FROM contacts n WHERE {_SAME_CONTACT})"
    if replace_period and state.covers[0] is not None:
        inside = (
            f"(o.agency_id = {literal(state.agency_id)} AND o.source = {literal(state.mapping.source)}"
            f" AND CAST(o.contact_at AS DATE) BETWEEN DATE '{state.covers[0]}'"
            f" AND DATE '{state.covers[1]}')"
        )
        gone = con.execute(
            f"SELECT count(*) FROM previous.main.contacts o WHERE {keep} AND {inside}"
        ).fetchone()
        assert gone is not None
        state.report.removed = int(gone[0])
        keep += f" AND NOT {inside}"
    _carry(con, "contacts", keep)


def _carry_children(con: duckdb.DuckDBPyConnection, table: str, load_id: str) -> None:
    """Keep the children of contacts that this load neither wrote nor gave new children."""
    same = _SAME_CONTACT
    _carry(
        con,
        table,
        f"EXISTS (SELECT 1 FROM contacts n WHERE {same} AND n.load_id <> {literal(load_id)})"
        f" AND NOT EXISTS (SELECT 1 FROM {table} n WHERE {same} AND n.load_id = {literal(load_id)})",
    )


def _finish_report(state: _Load, files: list[ExportFile], replace_period: bool) -> None:
    con, report = state.con, state.report
    report.rejected = {
        str(reason): int(n)
        for reason, n in con.execute(
            "SELECT reason, count(*) FROM rejected WHERE load_id = ? GROUP BY 1 ORDER BY 2 DESC, 1",
            [state.load_id],
        ).fetchall()
    }
    missing = ", ".join(
        f"count(*) FILTER ({eligible_column(o.id)} IS NULL"
        f" OR ({eligible_column(o.id)} AND {outcome_column(o.id)} IS NULL))"
        for o in OUTCOMES
    )
    row = con.execute(
        f"SELECT {missing} FROM encounters WHERE agency_id = ? AND source = ?",
        [state.agency_id, state.mapping.source],
    ).fetchone()
    assert row is not None
    report.not_recorded = {o.id: int(n) for o, n in zip(OUTCOMES, row, strict=True) if n}
    con.execute(
        "INSERT INTO loads VALUES (" + ", ".join("?" * len(schema.tables()["loads"].columns)) + ")",
        [
            state.load_id,
            state.agency_id,
            state.mapping.source,
            f"{state.mapping.name} {state.mapping.edition}",
            [f.name for f in files],
            [f.sha256 for f in files],
            state.started_at,
            "replace_period" if replace_period else "add_or_replace",
            *state.covers,
            report.rows_read,
            report.repeated_headers,
            report.contacts,
            report.duplicates_collapsed,
            sum(report.rejected.values()),
            report.removed,
            json.dumps(report.conflicts),
            json.dumps(report.unknown_values, ensure_ascii=False),
            json.dumps(report.not_recorded),
            report.dropped_columns,
            report.unused_columns,
        ],
    )


def _same_content(con: duckdb.DuckDBPyConnection, store: Store, previous: str) -> bool:
    """Say whether the snapshot just built holds what the one in use does, loads' records apart."""
    return content_hash(con) == content_hash(store.snapshot(previous).cursor())


def content_hash(con: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, int]]:
    """Return (rows, order-free hash) of each table of contents, load ids apart.

    Two snapshots with equal hashes hold the same data; DuckDB's hash may differ between versions, so
    compare within one.
    """
    found = {}
    for table in (
        "agencies",
        "contacts",
        "contact_officers",
        "certifications",
        "dispositions",
        "source_columns",
        "encounters",
    ):
        columns = con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND column_name <> 'load_id'"
            " AND database_name = current_database() ORDER BY column_name",
            [table],
        ).fetchall()
        listed = ", ".join(c[0] for c in columns)
        row = con.execute(
            f"SELECT count(*), coalesce(sum(CAST(hash({listed}) AS HUGEINT)), 0) FROM {table}"
        ).fetchone()
        assert row is not None
        found[table] = (int(row[0]), int(row[1]))
    return found
