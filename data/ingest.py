"""Load an export: stage, type, group to contacts, merge with what is kept, check, publish."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from data import checks, encounters, opening, schema, transform
from data.audit.loads import Account
from data.errors import UserError
from data.identifying import identifies
from data.mapping_model import ColumnMapping, Mapping, TableMapping
from data.merge import PREVIOUS, attach_previous, content_hash, merge
from data.readers import ExportFile, examine
from data.registry import DISPOSITIONS
from data.report import Load, LoadReport, finish, reject, reject_unreadable
from data.roles import Right
from data.sql import once, one, quote
from data.staging import BLANK, REPEATED_HEADER, stage
from data.store import Store

__all__ = ["Kept", "LoadReport", "content_hash", "load"]

Progress = Callable[[str], None]
# What DuckDB raises when it cannot write: at once, at a commit, or at a checkpoint.
_DISK_ERRORS = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
)
_SYSTEM_COLUMNS = ("agency_id", "source", "load_id")


@dataclass
class Kept:
    """Where a load that does not publish leaves the file it built; what that would replace, and its id.

    ``dropped`` are headers taken out before, ``sha256`` the hashes of the files before that, by name.
    """

    path: Path
    dropped: tuple[str, ...] = ()
    sha256: dict[str, str] = field(default_factory=dict)
    before: str | None = None
    id: str = ""


def load(
    store: Store,
    files: Sequence[Path | str],
    mapping: Mapping,
    *,
    agency_id: str | None = None,
    replace_period: bool = False,
    publish: bool = True,
    simulated: bool = False,
    who: str | None = None,
    keep: Kept | None = None,
    progress: Progress = lambda stage: None,
) -> LoadReport:
    """Load one export (any number of files) and publish a new snapshot.

    With ``publish=False`` everything is done but the publishing; ``keep`` then takes the file that was
    built, to be published as it is. ``who`` is named in the audit log; who
    runs the command if None. Raises ``UserError`` for bad input,
    ``TooManyRejectedError`` over the limit and ``StoreLockedError`` while another load writes; in
    all three nothing is published.
    """
    store.role.need(Right.LOAD)
    account = Account(store.root, "simulate" if simulated else "load", who)
    with account.refusals() if publish else contextlib.nullcontext():
        progress("looking the files over")
        if not files:
            raise UserError("name at least one file to load")
        examined = [examine(Path(f), mapping.file) for f in files]
        if keep is not None:
            examined = [replace(f, sha256=keep.sha256.get(f.name, f.sha256)) for f in examined]
        account.add(
            files=[f.sha256 for f in examined],
            mapping=f"{mapping.name} {mapping.edition}",
            mode="replace_period" if replace_period else "add_or_replace",
        )
        with store.lock():
            store.sweep()
            return _load_locked(
                store,
                examined,
                mapping,
                agency_id,
                replace_period,
                publish,
                simulated,
                account,
                keep,
                progress,
            )


def _load_locked(
    store: Store,
    files: list[ExportFile],
    mapping: Mapping,
    agency_id: str | None,
    replace_period: bool,
    publish: bool,
    simulated: bool,
    account: Account,
    keep: Kept | None,
    progress: Progress,
) -> LoadReport:
    load_id = store.new_id()
    building = store.building_path(load_id)
    con: duckdb.DuckDBPyConnection | None = None
    try:
        con = _connect(store, building, publish or keep is not None)
        state = Load(
            con,
            _with_time_zone(mapping, files),
            _agency(agency_id, mapping, files),
            load_id,
            datetime.now(UTC),
            store.settings.rejected_limit,
        )
        _read(state, files, progress)
        if keep is not None:
            state.report.dropped_columns[:0] = keep.dropped
        progress("merging with what the store holds")
        previous = store.current_id()
        carried = previous is not None and attach_previous(con, store, previous, simulated)
        with _transaction(con):
            merge(state, carried=carried, replace_period=replace_period, simulated=simulated)
            _let_go(con)
        progress("building the analysis table")
        with _transaction(con):
            encounters.build(con)
            finish(state, files, replace_period)
        progress("checking")
        checks.run(con)
        if keep is not None:
            _keep(con, keep, previous, load_id, building, state.report)
        if not publish:
            return state.report
        account.add(
            before=previous,
            rows=state.report.rows_read,
            contacts=state.report.contacts,
            rejected=sum(state.report.rejected.values()),
            removed=state.report.removed,
        )
        if previous and content_hash(con) == content_hash(con, PREVIOUS):
            state.report.snapshot, state.report.changed = previous, False
            account.add(snapshot=previous)
            account.write("unchanged")
            return state.report
        progress("publishing")
        con.execute("CHECKPOINT")
        con.close()
        account.add(snapshot=load_id)
        account.write("published")
        store.publish(load_id, building)
        state.report.snapshot = load_id
        return state.report
    except (*_DISK_ERRORS, OSError) as error:
        _refuse_damaged(store, error)
        raise UserError(
            f"{store.root}: cannot write the store ({_cause(error)});"
            " free space on that disk or give another --store; nothing was published"
        ) from None
    except duckdb.OutOfMemoryException as error:
        raise UserError(
            f"{', '.join(f.name for f in files)}: not enough memory ({_cause(error)});"
            " close other programs or load fewer files at a time; nothing was published"
        ) from None
    except duckdb.Error as error:
        _refuse_damaged(store, error)
        raise
    finally:
        if con is not None:
            con.close()
        # Published, the file bears its final name; what is left under this one is of no use.
        for left in (building, building.with_name(building.name + ".wal")):
            left.unlink(missing_ok=True)


def _keep(
    con: duckdb.DuckDBPyConnection,
    keep: Kept,
    previous: str | None,
    load_id: str,
    building: Path,
    report: LoadReport,
) -> None:
    """Put a finished file where it is wanted, unless the snapshot in use holds the same."""
    keep.before, keep.id = previous, load_id
    if previous and content_hash(con) == content_hash(con, PREVIOUS):
        report.snapshot, report.changed = previous, False
        return
    con.execute("CHECKPOINT")
    con.close()
    building.replace(keep.path)
    report.snapshot = load_id


def _without_spill(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Keep a connection from writing temporary files.

    What does not fit in memory would go to disk in blocks that are not wiped first: bytes of columns
    that must be written nowhere stood in them when tried.
    """
    con.execute("SET temp_directory = ''")
    return con


def _connect(store: Store, building: Path, publish: bool) -> duckdb.DuckDBPyConnection:
    """Open the database to build, with the canonical tables in it."""
    con = _without_spill(duckdb.connect(str(building) if publish else ":memory:"))
    con.execute("SET enable_progress_bar = false")
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET VARIABLE store_secret = ?", [store.secret()])
    con.execute(transform.MACROS)
    schema.create(con, indexed=False)
    with _transaction(con):
        con.executemany(
            "INSERT INTO disposition_codes VALUES (?, ?, ?, ?)",
            [(d.code, d.custody, d.care_link, d.voluntary) for d in DISPOSITIONS],
        )
    return con


def _let_go(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what only the load itself needed, before memory is needed for what follows."""
    for (table,) in con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE temporary"
    ).fetchall():
        con.execute(f"DROP TABLE temp.main.{quote(table)}")


@contextlib.contextmanager
def _transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit once at the end; after an error the caller closes the connection."""
    con.execute("BEGIN")
    yield
    con.execute("COMMIT")


def _refuse_damaged(store: Store, error: BaseException) -> None:
    """Raise ``UserError`` if an error came of reading the snapshot in use, not of writing the next."""
    if opening.damage(error) and (current := store.pointed()):
        raise opening.damaged(current) from None


def _cause(error: BaseException) -> str:
    """The end of an error's first line: what comes before is DuckDB's way there and the path."""
    return str(error).splitlines()[0].rsplit(": ", 1)[-1][:160]


def _peek(mapping: Mapping, files: list[ExportFile], column: str) -> tuple[list[str], str]:
    """Return the values of a canonical export's own column, and the file that has it."""
    if not mapping.replaces_by_file_name:
        return [], ""
    # The agencies file knows best, then contacts; a file of another table may come alone.
    order = {"agencies": 0, "contacts": 1}
    for file in sorted(files, key=lambda f: order.get(f.table, 2)):
        if column in file.header:
            with _without_spill(duckdb.connect()) as con:
                stage(con, "peek", [file], [column], None, mapping.file)
                rows = con.execute(
                    f"SELECT DISTINCT {column} FROM peek WHERE skip = 0 AND {column} IS NOT NULL"
                    " ORDER BY 1 LIMIT 2"
                ).fetchall()
            if rows:
                return [str(row[0]) for row in rows], file.name
    return [], ""


def _agency(given: str | None, mapping: Mapping, files: list[ExportFile]) -> str:
    """The agency of an export: from the command, the mapping, or a canonical export's files."""
    found, name = _peek(mapping, files, "agency_id")
    if len(found) > 1:
        raise UserError(f"{name}: holds several agencies; load one agency at a time")
    agency = given or mapping.agency.get("agency_id") or (found[0] if found else None)
    if agency is None:
        raise UserError(
            "which agency is this? add --agency ID, or agency_id to the mapping's [agency]"
        )
    if found and found[0] != agency:
        raise UserError(f"{name}: is of another agency than {agency!r}; leave --agency out")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", agency):
        raise UserError("the agency's id may hold letters, digits, '-' and '_' only, 40 at most")
    return str(agency)


def _with_time_zone(mapping: Mapping, files: list[ExportFile]) -> Mapping:
    """The mapping, with the time zone of a canonical export's agencies file."""
    if mapping.time_zone:
        return mapping
    found, name = _peek(mapping, [f for f in files if f.table == "agencies"], "time_zone")
    if len(found) != 1:
        return mapping
    try:
        ZoneInfo(found[0])
    except (KeyError, ValueError, OSError):
        raise UserError(
            f"{name} row 1, column 'time_zone': is not an IANA zone, such as America/Denver"
        ) from None
    return replace(mapping, agency={**mapping.agency, "time_zone": found[0]})


def _group_files(
    mapping: Mapping, files: list[ExportFile]
) -> dict[tuple[ExportFile, ...], list[TableMapping]]:
    """Return which files fill which tables; contacts first.

    Raises ``UserError`` for a file that no table reads.
    """
    named = {t.file for t in mapping.tables.values() if t.file}
    found: dict[tuple[ExportFile, ...], list[TableMapping]] = {}
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


def _note_columns(state: Load, groups: dict[tuple[ExportFile, ...], list[TableMapping]]) -> None:
    """Report the headers that no table reads, those that may identify a person apart."""
    unread: dict[str, None] = {}
    for files, tables in groups.items():
        read = {c for t in tables for c in transform.needed(t, t.columns)} | set(_SYSTEM_COLUMNS)
        unread |= dict.fromkeys(h for f in files for h in f.header if h not in read)
    never = state.mapping.never_stored
    state.report.dropped_columns = [h for h in unread if identifies(h) or h in never]
    state.report.unused_columns = [h for h in unread if not (identifies(h) or h in never)]


def _read(state: Load, files: list[ExportFile], progress: Progress) -> None:
    """Stage the files, then type the rows of every table they fill; refuse bad rows."""
    mapping, con = state.mapping, state.con
    groups = _group_files(mapping, files)
    _note_columns(state, groups)
    for number, (chosen, tables) in enumerate(groups.items()):
        _require_keys(tables, chosen)
        for table in tables:
            state.tables[table.table.name] = transform.present(table, chosen)
        wanted = dict.fromkeys(
            c for t in tables for c in transform.needed(t, state.tables[t.table.name])
        )
        progress(f"reading {', '.join(f.name for f in chosen)}")
        staged = stage(
            con, f"stage_{number}", list(chosen), list(wanted), mapping.duplicates, mapping.file
        )
        rows, headers, blank, distinct = one(
            con,
            f"SELECT count(*), count(*) FILTER (skip = {REPEATED_HEADER}),"
            f" count(*) FILTER (skip = {BLANK}), count(DISTINCT row_hash) FILTER (skip = 0)"
            f" FROM stage_{number}",
        )
        read = rows - headers - blank
        state.report.repeated_headers += headers
        state.report.rows_read += read + sum(b.rows for f in staged for b in f.bad_lines)
        state.report.duplicates_collapsed += read - distinct
        state.staged |= {t.table.name: staged for t in tables}
    if state.report.rows_read == 0:
        raise UserError(f"{files[0].name}: has a header but no rows; export it again")
    for number, tables in enumerate(groups.values()):
        staged = state.staged[tables[0].table.name]
        keyed = [(t, state.tables[t.table.name]) for t in tables]
        transform.check_keys(con, f"stage_{number}", keyed, mapping, staged)
        reject_unreadable(state, staged)
        for table in tables:
            progress(f"mapping {table.table.name}")
            _type(state, f"stage_{number}", table)
        con.execute(f"DROP TABLE stage_{number}")


def _require_keys(tables: list[TableMapping], files: tuple[ExportFile, ...]) -> None:
    for key in (k for table in tables for k in table.key):
        for file in files:
            if key not in file.header:
                raise UserError(
                    f"{file.name}: no column {key!r}, the key of the mapping;"
                    " check that this is the right file and mapping"
                )


def _type(state: Load, stage_name: str, table: TableMapping) -> None:
    con, name = state.con, table.table.name
    columns = state.tables[name]
    typed = transform.type_rows(con, stage_name, f"typed_{name}", table, columns, state.mapping)
    for column, values in typed.unknown_values.items():
        state.report.unknown_values.setdefault(column, {}).update(values)
    if name == "contacts":
        _reject_contacts(state, table)
        _group_contacts(state, columns)


def _reject_contacts(state: Load, table: TableMapping) -> None:
    """Refuse rows without a usable number or time."""
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
    reject(state, "contacts", reason, {"number": ", ".join(table.key), "": dates})


def _group_contacts(state: Load, columns: dict[str, ColumnMapping]) -> None:
    """Group typed rows to one row per contact, the view ``grouped``; count conflicting values.

    Only contacts whose rows differ are aggregated: a hundred aggregates for every contact would take
    longer than the rest of the mapping, and mostly find one value.
    """
    con = state.con
    listed = {n: c for n, c in columns.items() if n != "contact_at_basis"}
    values = "".join(f", {transform.combined(n, c)} AS {n}" for n, c in listed.items())
    names = "".join(f", {n}" for n in listed)
    clashes = "".join(f", {transform.clash(n, c)} AS clash_{n}" for n, c in listed.items())
    of_typed = f"SELECT key_raw, contact_at_basis{names} FROM typed_contacts"
    if once(con, "typed_contacts", ["key_raw"]):
        con.execute(f"CREATE OR REPLACE TEMP VIEW grouped AS {of_typed}")
        return
    con.execute(
        "CREATE OR REPLACE TEMP TABLE first_rows AS"
        " SELECT key_raw, min(rn) AS rn, min(said) <> max(said) AS differ FROM (SELECT key_raw, rn,"
        f" hash(contact_at_basis{names}) AS said FROM typed_contacts)"
        " GROUP BY key_raw"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE combined_contacts AS SELECT key_raw,"
        f" arg_min(contact_at_basis, rn) AS contact_at_basis{values}{clashes}"
        " FROM typed_contacts SEMI JOIN (FROM first_rows WHERE differ) USING (key_raw)"
        " GROUP BY key_raw"
    )
    con.execute(
        "CREATE OR REPLACE TEMP VIEW grouped AS"
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
