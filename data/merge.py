"""Merge a load with the snapshot in use: insert the new rows, keep what they do not replace."""

from __future__ import annotations

from functools import partial

import duckdb

from data import checks, opening, schema, transform
from data.building import keyed_at_once
from data.errors import UserError
from data.mapping_model import ColumnMapping
from data.registry import DISPOSITIONS
from data.report import Load, reject_all
from data.sql import WORK, at_once, insert, literal, once, one
from data.store import Store

PREVIOUS = "previous"
"""The snapshot in use, as it is attached to the connection that builds the next."""

# Why a row without this is refused, where the column's name does not say it well.
_LACKS = {
    "officer_key": "no officer number",
    "credential": "no known credential",
    "certified_on": "no date of certification",
    "event_kind": "no known kind of event",
    "call_id": "no call number",
    "element": "no known element",
    "as_of": "no date of assessment",
    "kind": "no known set of boxes",
}
_SAME_CONTACT = "n.agency_id = o.agency_id AND n.source = o.source AND n.contact_id = o.contact_id"


def attach_previous(
    con: duckdb.DuckDBPyConnection, store: Store, previous: str, simulated: bool
) -> bool:
    """Attach the snapshot in use; return whether its rows are kept.

    A simulated agency is never kept beside a real one; simulating over a real one raises
    ``UserError``.
    """
    snapshot = store.snapshot(previous)
    snapshot.refuse_log()
    opening.connect(snapshot.path, snapshot.id).close()
    try:
        con.execute(f"ATTACH {literal(str(snapshot.path))} AS {PREVIOUS} (READ_ONLY)")
    except duckdb.Error:
        raise UserError(
            f"snapshot {previous} cannot be opened;"
            " roll back to another with `python -m data rollback`"
        ) from None
    opening.refuse_later_edition(
        con, PREVIOUS, previous, "load with that edition; nothing was published"
    )
    was_simulated = bool(one(con, f"SELECT bool_or(simulated) FROM {PREVIOUS}.agencies")[0])
    if simulated and not was_simulated:
        raise UserError(
            f"{store.root}: holds a real agency; give another --store for the simulated one"
        )
    return not was_simulated


def merge(load: Load, *, carried: bool, replace_period: bool, simulated: bool) -> None:
    """Fill the canonical tables from the typed ones and, if ``carried``, the previous snapshot."""
    con = load.con
    _hash_keys(load, carried)
    _insert_agency(load, simulated, carried)
    _insert_contacts(load)
    _note_source_columns(load)
    if carried:
        _carry_contacts(load, replace_period)
    _reject(load, carried)
    fills = [partial(_fill, load=load, table=t, carried=carried) for t in _filled(load, carried)]
    at_once(con, fills)


def _filled(load: Load, carried: bool) -> list[schema.Table]:
    """The tables that are filled one by one, once the contacts are there."""
    fillable = [*schema.children().values(), *schema.of_agency().values()]
    if not carried:
        return [t for t in fillable if t.name in load.tables]
    others = ("agencies", "loads", "rejected", "source_columns")
    return [*fillable, *(schema.tables()[name] for name in others)]


def _fill(con: duckdb.DuckDBPyConnection, load: Load, table: schema.Table, carried: bool) -> None:
    """Fill one table, and keep of its old rows those that stay."""
    if table.name in schema.children():
        if table.name in load.tables:
            _insert_children(con, load, table)
        if carried:
            _carry_children(con, load, table.name)
        return
    if table.name in schema.of_agency() and table.name in load.tables:
        _insert_of_agency(con, load, table)
    if carried:
        _carry_unless_new(con, table)


def _keys(load: Load, name: str) -> dict[str, str]:
    """Return the key columns of a typed table, and the column that holds the number of each."""
    keys = {n: n for n, c in load.tables[name].items() if c.canonical.type == "key"}
    if schema.tables()[name].of_contact:
        keys["contact_id"] = "key_raw"
    return keys


def _kind(column: str) -> str:
    """The kind of a key is part of its hash: the same number of two kinds never hashes alike."""
    return column.removesuffix("_id").removesuffix("_key")


def _hash_keys(load: Load, carried: bool) -> None:
    """Hash every distinct number once in a load, to the tables ``keys_<kind>``."""
    found: dict[str, list[str]] = {}
    for name in load.tables:
        keys = _keys(load, name)
        if name in schema.children() and not (carried or load.mapping.tables[name].file):
            del keys["contact_id"]  # its rows are contacts' own, and no other contacts are there
        for column, raw in keys.items():
            found.setdefault(_kind(column), []).append(f"SELECT {raw} AS raw FROM typed_{name}")

    def hash_kind(con: duckdb.DuckDBPyConnection, kind: str) -> None:
        con.execute(
            f"CREATE TABLE {WORK}.keys_{kind} AS SELECT raw, keyed({literal(kind)},"
            f" {literal(load.agency_id)}, raw) AS hashed FROM (SELECT DISTINCT raw FROM"
            f" ({' UNION ALL '.join(found[kind])}) WHERE raw IS NOT NULL)"
        )

    keyed_at_once(load.con, [partial(hash_kind, kind=kind) for kind in found])


def _join_keys(load: Load, name: str) -> dict[str, str]:
    """Return by column SQL that joins a typed table's hashed keys, as `_values` reads them."""
    return {
        column: f" LEFT JOIN keys_{_kind(column)} k_{column} ON k_{column}.raw = {raw}"
        for column, raw in _keys(load, name).items()
    }


def _values(columns: dict[str, ColumnMapping]) -> dict[str, str]:
    """SQL of every value by canonical column, keys hashed (join `_hash_keys`)."""
    return {
        name: f"k_{name}.hashed" if column.canonical.type == "key" else name
        for name, column in columns.items()
        if name != "contact_at_basis"
    }


def _listed(values: dict[str, str]) -> str:
    return "".join(f", {value} AS {name}" for name, value in values.items())


def _fixed(load: Load) -> str:
    return (
        f"{literal(load.agency_id)} AS agency_id, {literal(load.mapping.source)} AS source,"
        f" {literal(load.load_id)} AS load_id"
    )


def _insert_agency(load: Load, simulated: bool, carried: bool) -> None:
    con, agency = load.con, literal(load.agency_id)
    fixed = f"{agency} AS agency_id, {simulated} AS simulated"
    if "agencies" in load.tables:
        listed = _listed(_values(load.tables["agencies"]))
        rows = f"{listed} FROM typed_agencies ORDER BY rn LIMIT 1"
    else:
        details = {k: v for k, v in load.mapping.agency.items() if k != "agency_id"}
        rows = _listed({k: literal(str(v)) for k, v in details.items()})
    con.execute(f"INSERT INTO agencies BY NAME SELECT {fixed}{rows}")
    if carried:
        # What this load does not say of its agency still holds.
        kept = ", ".join(
            f"{c} = coalesce(agencies.{c}, o.{c})"
            for c in _shared_columns(con, "agencies")
            if c not in ("agency_id", "simulated")
        )
        con.execute(
            f"UPDATE agencies SET {kept} FROM {PREVIOUS}.main.agencies o"
            " WHERE o.agency_id = agencies.agency_id"
        )


def _insert_contacts(load: Load) -> None:
    if "contacts" not in load.tables:
        return
    columns = load.tables["contacts"]
    values = {
        name: transform.window(value, columns[name]) for name, value in _values(columns).items()
    }
    keys = "".join(_join_keys(load, "contacts").values())
    load.con.execute(
        f"INSERT INTO contacts BY NAME SELECT {_fixed(load)}, k_contact_id.hashed AS contact_id,"
        f" contact_at_basis{_listed(values)} FROM grouped{keys}"
    )
    n, first, last = one(
        load.con,
        "SELECT count(*), CAST(min(contact_at) AS DATE), CAST(max(contact_at) AS DATE)"
        " FROM contacts",
    )
    load.report.contacts, load.covers = int(n), (first, last)


def _insert_children(con: duckdb.DuckDBPyConnection, load: Load, table: schema.Table) -> None:
    """Insert a table of several rows per contact."""
    name, columns = table.name, load.tables[table.name]
    own_key = [k for k in table.key if k in columns]
    joins = _join_keys(load, name)
    del joins["contact_id"]
    rest = [n for n in columns if n not in own_key]
    if own_key:
        rows = _one_each(con, load, name, ["key_raw", *own_key], rest)
        filled = " AND ".join(f"{k} IS NOT NULL" for k in own_key)
    else:
        every = ["key_raw", *columns]
        distinct = "" if once(con, f"typed_{name}", every) else "DISTINCT "
        rows = f"SELECT {distinct}{', '.join(every)} FROM typed_{name}"
        said = [n for n, c in columns.items() if c.constant is None]
        filled = " OR ".join(f"{n} IS NOT NULL" for n in said) or "TRUE"
    windows = _listed({n: transform.window(_a_time(f"n.{n}", c), c) for n, c in columns.items()})
    con.execute(
        f"INSERT INTO {name} BY NAME SELECT * FROM (SELECT n.agency_id, n.source, n.contact_id,"
        f" n.load_id{windows} FROM (SELECT {_fixed(load)}, here.hashed AS contact_id,"
        f" here.contact_at{_listed(_values(columns))} FROM ({rows}) JOIN here"
        f" ON here.raw = key_raw{''.join(joins.values())}) n) WHERE {filled}"
    )


def _one_each(
    con: duckdb.DuckDBPyConnection, load: Load, name: str, key: list[str], rest: list[str]
) -> str:
    """SQL for the typed rows of a table, one for each key: grouped only where one has several."""
    table, columns, keys = f"typed_{name}", load.tables[name], ", ".join(key)
    if once(con, table, key):
        return f"SELECT {', '.join([*key, *rest])} FROM {table}"
    values = "".join(f", {transform.combined(n, columns[n])} AS {n}" for n in rest)
    return f"SELECT {keys}{values} FROM {table} GROUP BY {keys}"


def _a_time(value: str, column: ColumnMapping) -> str:
    """SQL for a value, NULL where it is marked as no time: its row came with a contact's."""
    if column.canonical.type not in ("date", "ts"):
        return value
    return f"CASE WHEN {transform.not_a_time(value)} IS NULL THEN {value} END"


def _reject(load: Load, carried: bool) -> None:
    """Refuse bad rows of every typed table but the contacts'."""
    children = [n for n in schema.children() if n in load.tables]
    if children:
        # Which numbers of contacts are in the table, of this load or of one before.
        load.con.execute(
            f"CREATE OR REPLACE TABLE {WORK}.here AS SELECT raw, hashed, contact_at"
            f" FROM keys_contact JOIN contacts ON contact_id = hashed"
            f" AND agency_id = {literal(load.agency_id)} AND source = {literal(load.mapping.source)}"
        )
    # Of a table in the contacts' own file every row is a contact's, and its flaws are left out.
    tests = {}
    for name in (n for n in children if load.mapping.tables[n].file):
        tests[name] = [_orphan(load, name), *_flaws(load, name)]
    tests |= {n: _flaws(load, n) for n in schema.of_agency() if n in load.tables}
    reject_all(load, tests)
    for name, table in schema.of_agency().items():
        if carried and table.append_only and name in load.tables:
            _leave_out_said(load, table)


def _orphan(load: Load, name: str) -> tuple[str, str]:
    """The test that a row has its contact."""
    here = "EXISTS (FROM here WHERE raw = key_raw)"
    reason = (
        "CASE WHEN key_raw IS NULL THEN 'no contact number'"
        f" WHEN NOT {here} THEN '{name}: no such contact' END"
    )
    return reason, ", ".join(load.mapping.tables[name].key)


def _insert_of_agency(con: duckdb.DuckDBPyConnection, load: Load, table: schema.Table) -> None:
    """Insert a table of the agency as a whole."""
    columns = load.tables[table.name]
    own_key = [k for k in table.key if k in columns]
    hashed = "".join(_join_keys(load, table.name).values())
    rows = _one_each(con, load, table.name, own_key, [n for n in columns if n not in own_key])
    con.execute(
        f"INSERT INTO {table.name} BY NAME SELECT {literal(load.agency_id)} AS agency_id,"
        f" {literal(load.load_id)} AS load_id{_listed(_values(columns))} FROM"
        f" ({rows}){hashed}"
    )


def _leave_out_said(load: Load, table: schema.Table) -> None:
    """Drop typed rows whose key is in the previous snapshot; refuse those with other values there.

    What was said on a day stays said: a row that says something else is no correction.
    """
    con, name = load.con, table.name
    shared = set(_shared_columns(con, name))
    columns = {n: c for n, c in load.tables[name].items() if n in shared}
    if not columns:  # a snapshot of an earlier edition has no such table
        return
    values = {
        n: f"(SELECT hashed FROM keys_{n.removesuffix('_id')} WHERE raw = t.{n})"
        if c.canonical.type == "key"
        else f"t.{n}"
        for n, c in columns.items()
    }
    same = " AND ".join(f"o.{k} = {values[k]}" for k in table.key if k in values)
    there = (
        f"FROM {PREVIOUS}.main.{name} o WHERE o.agency_id = {literal(load.agency_id)} AND {same}"
    )
    other = " OR ".join(
        f"o.{n} IS DISTINCT FROM {value}" for n, value in values.items() if n not in table.key
    )
    why = literal(f"{name}: was loaded before with other figures, which stay")
    at_fault = next(c.readings[0].column for c in columns.values() if c.readings)
    if other:
        reason = f"CASE WHEN EXISTS ({there} AND ({other})) THEN {why} END"
        reject_all(load, {name: [(reason, at_fault)]})
    con.execute(f"DELETE FROM typed_{name} t WHERE EXISTS ({there})")


def _flaws(load: Load, name: str) -> list[tuple[str, str]]:
    """The tests that a row has what its table needs, and no date that is none.

    Each is the reason (SQL) and the column of the export at fault.
    """
    tests = []
    for n, c in load.tables[name].items():
        at_fault = c.readings[0].column if c.readings else n
        if c.canonical.required:
            why = literal(_LACKS.get(n, f"no {n.replace('_', ' ')}"))
            tests.append((f"CASE WHEN {n} IS NULL THEN {why} END", at_fault))
        if c.canonical.type in ("date", "ts"):
            tests.append((transform.not_a_time(n), at_fault))
        if most := checks.LONGEST.get((name, n)):
            why = literal(f"{n} longer than {most} characters")
            tests.append((f"CASE WHEN length({n}) > {most} THEN {why} END", at_fault))
    return tests


def _note_source_columns(load: Load) -> None:
    every_code = [d.code for d in DISPOSITIONS]
    records = []
    for table, columns in load.tables.items():
        for name, c in columns.items():
            codes = c.codes
            if codes is None and (table, name) == ("dispositions", "disposition"):
                codes = every_code
            records.append(
                (
                    load.agency_id,
                    load.mapping.source,
                    table,
                    name,
                    codes,
                    c.recorded_from,
                    c.recorded_until,
                )
            )
    insert(load.con, "source_columns", records)


def _shared_columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Columns a table has both here and in the previous snapshot: older ones may lack newer."""
    rows = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ?"
        " INTERSECT SELECT column_name FROM duckdb_columns()"
        " WHERE database_name = current_database() AND table_name = ? ORDER BY 1",
        [PREVIOUS, table, table],
    ).fetchall()
    return [row[0] for row in rows]


def _carry(con: duckdb.DuckDBPyConnection, table: str, where: str) -> None:
    """Copy rows ``o`` of the previous snapshot, by column name."""
    if columns := _shared_columns(con, table):
        listed = ", ".join(f"o.{c}" for c in columns)
        con.execute(
            f"INSERT INTO {table} BY NAME SELECT {listed} FROM {PREVIOUS}.main.{table} o"
            f" WHERE {where}"
        )


def _carry_unless_new(con: duckdb.DuckDBPyConnection, table: schema.Table) -> None:
    """Keep the rows of the previous snapshot whose key this load did not write."""
    same = " AND ".join(f"n.{k} = o.{k}" for k in table.key)
    unless = f"NOT EXISTS (FROM {table.name} n WHERE {same})" if table.key else "TRUE"
    _carry(con, table.name, unless)


def _carry_contacts(load: Load, replace_period: bool) -> None:
    con = load.con
    keep = f"NOT EXISTS (FROM contacts n WHERE {_SAME_CONTACT})"
    first, last = load.covers
    if replace_period and first is not None:
        inside = (
            f"(o.agency_id = {literal(load.agency_id)} AND o.source = {literal(load.mapping.source)}"
            f" AND CAST(o.contact_at AS DATE) BETWEEN DATE '{first}' AND DATE '{last}')"
        )
        load.report.removed = int(
            one(con, f"SELECT count(*) FROM {PREVIOUS}.main.contacts o WHERE {keep} AND {inside}")[
                0
            ]
        )
        keep += f" AND NOT {inside}"
    _carry(con, "contacts", keep)


def _carry_children(con: duckdb.DuckDBPyConnection, load: Load, table: str) -> None:
    """Keep the children of kept contacts, unless this load brought new ones.

    A contact written anew loses its old children, but only to a load that reads their table at all.
    """
    own = literal(load.load_id)
    old = f" AND n.load_id <> {own}" if table in load.tables else ""
    _carry(
        con,
        table,
        f"EXISTS (FROM contacts n WHERE {_SAME_CONTACT}{old})"
        f" AND NOT EXISTS (FROM {table} n WHERE {_SAME_CONTACT} AND n.load_id = {own})",
    )


def content_hash(
    con: duckdb.DuckDBPyConnection, database: str | None = None
) -> dict[str, tuple[int, int]]:
    """Return (rows, order-free hash) of each table of contents, load ids apart.

    Two snapshots with equal hashes hold the same data; DuckDB's hash may differ between versions, so
    compare within one.
    """
    database = database or str(one(con, "SELECT current_database()")[0])
    found = {}
    for table in (*schema.importable(), "source_columns", "encounters"):
        columns = con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = ?"
            " AND column_name <> 'load_id' ORDER BY column_name",
            [table, database],
        ).fetchall()
        if not columns:  # a snapshot of an earlier edition
            continue
        listed = ", ".join(c[0] for c in columns)
        rows, total = one(
            con,
            f"SELECT count(*), coalesce(sum(CAST(hash({listed}) AS HUGEINT)), 0)"
            f' FROM "{database}".main.{table}',
        )
        found[table] = (int(rows), int(total))
    return found
