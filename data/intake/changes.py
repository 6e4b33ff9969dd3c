"""What publishing would change: the snapshot that was built beside the one in use, in counts.

No value of a person leaves here: counts, names of columns, file and row of what was rejected, and new values of
code columns (which are in the store as they are).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from data import schema
from data.sql import literal, one
from data.store import Store

MOST_REJECTED = 200
"""Rejected rows listed; the counts by reason are of all."""
MOST_NEW = 20
"""New values listed of one column; a column with more is hardly a list of codes."""

_KEY = ("agency_id", "source", "contact_id")


def compare(store: Store, before: str | None, built: Path, load_id: str) -> dict[str, Any]:
    """Compare a built snapshot with the one in use, as JSON values.

    ``contacts``: added, replaced (something of it changed), unchanged, vanished and kept (not in this load);
    ``simulated`` is how many invented contacts go, None where none were. ``rejected``: (reason, file, row,
    column) of the first rows. ``columns``: (table, column, share not recorded before, after). ``new_codes``:
    (table, column, value, rows). ``tables``: (table, rows before, after).
    """
    with duckdb.connect() as con:
        con.execute("SET temp_directory = ''")
        con.execute(f"ATTACH {literal(str(built))} AS new (READ_ONLY)")
        simulated = None
        old = False
        if before is not None:
            con.execute(f"ATTACH {literal(str(store.snapshot(before).path))} AS old (READ_ONLY)")
            old = True
            if one(con, "SELECT bool_or(simulated) FROM old.agencies")[0]:
                simulated = int(one(con, "SELECT count(*) FROM old.contacts")[0])
        real = old and simulated is None
        return {
            "contacts": _contacts(con, load_id, real),
            "simulated": simulated,
            "rejected": _rejected(con, load_id),
            "columns": _columns(con, load_id, real),
            "new_codes": _new_codes(con, load_id) if real else [],
            "tables": _tables(con, real),
        }


def _shared(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    """Return the columns a table has in both, keys and the load apart."""
    rows = con.execute(
        "SELECT column_name FROM duckdb_columns() WHERE database_name = 'new' AND table_name = ?"
        " INTERSECT SELECT column_name FROM duckdb_columns() WHERE database_name = 'old'"
        " AND table_name = ? ORDER BY 1",
        [table, table],
    ).fetchall()
    return [row[0] for row in rows if row[0] not in (*_KEY, "load_id")]


def _contacts(con: duckdb.DuckDBPyConnection, load_id: str, real: bool) -> dict[str, int]:
    own = f"(FROM new.contacts WHERE load_id = {literal(load_id)})"
    loaded = int(one(con, f"SELECT count(*) FROM {own}")[0])
    if not real:
        return {"added": loaded, "replaced": 0, "unchanged": 0, "vanished": 0, "kept": 0}
    key = ", ".join(_KEY)
    con.execute(
        f"CREATE TEMP TABLE again AS SELECT {key} FROM {own} SEMI JOIN old.contacts USING ({key})"
    )
    parts = []
    for table in ("contacts", *schema.children()):
        columns = _shared(con, table)
        if not columns:
            continue
        hashed = f"CAST(hash({literal(table)}, {', '.join(columns)}) AS HUGEINT)"
        for database, sign in (("new", ""), ("old", "-")):
            parts.append(
                f"SELECT {key}, {sign}{hashed} AS h FROM {database}.{table} SEMI JOIN again USING ({key})"
            )
    replaced = int(
        one(
            con,
            f"SELECT count(*) FROM (SELECT {key} FROM ({' UNION ALL '.join(parts)})"
            f" GROUP BY {key} HAVING sum(h) <> 0)",
        )[0]
    )
    again = int(one(con, "SELECT count(*) FROM again")[0])
    vanished = int(
        one(con, f"SELECT count(*) FROM old.contacts ANTI JOIN new.contacts USING ({key})")[0]
    )
    before = int(one(con, "SELECT count(*) FROM old.contacts")[0])
    return {
        "added": loaded - again,
        "replaced": replaced,
        "unchanged": again - replaced,
        "vanished": vanished,
        "kept": before - again - vanished,
    }


def _rejected(
    con: duckdb.DuckDBPyConnection, load_id: str
) -> list[tuple[str, str, int | None, str]]:
    return con.execute(
        "SELECT reason, file, row_number, coalesce(column_name, '') FROM new.rejected"
        f" WHERE load_id = ? ORDER BY file, row_number LIMIT {MOST_REJECTED}",
        [load_id],
    ).fetchall()


def _supplied(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return (table, column) of the contacts' facts that any source of the new snapshot supplies."""
    known = {"contacts", *schema.children()}
    rows = con.execute(
        "SELECT DISTINCT table_name, column_name FROM new.source_columns ORDER BY 1, 2"
    ).fetchall()
    return [(t, c) for t, c in rows if t in known]


def _columns(
    con: duckdb.DuckDBPyConnection, load_id: str, real: bool
) -> list[tuple[str, str, float | None, float | None]]:
    """Return the share of contacts in which each column was not recorded, before and in this load."""
    names = [c for t, c in _supplied(con) if t == "contacts" and c not in _KEY]
    if not names:
        return []
    shares = ", ".join(f"avg(CAST({c} IS NULL AS DOUBLE))" for c in names)
    after = one(con, f"SELECT {shares} FROM new.contacts WHERE load_id = ?", [load_id])
    before: tuple[Any, ...] = (None,) * len(names)
    if real:
        there = set(_shared(con, "contacts"))
        known = ", ".join(
            f"avg(CAST({c} IS NULL AS DOUBLE))" if c in there else "NULL" for c in names
        )
        before = one(con, f"SELECT {known} FROM old.contacts")
    return [("contacts", c, b, a) for c, b, a in zip(names, before, after, strict=True)]


def _new_codes(con: duckdb.DuckDBPyConnection, load_id: str) -> list[tuple[str, str, str, int]]:
    """Return values of code and label columns that the snapshot in use has none of, where it has others."""
    found = []
    for table, name in _supplied(con):
        column = schema.tables()[table].column(name)
        if column.type not in ("code", "text", "enum") or name not in _shared(con, table):
            continue
        rows = con.execute(
            f"SELECT {name}, count(*) FROM new.{table} WHERE load_id = ? AND {name} IS NOT NULL"
            f" AND {name} NOT IN (SELECT {name} FROM old.{table} WHERE {name} IS NOT NULL)"
            f" AND EXISTS (FROM old.{table} WHERE {name} IS NOT NULL)"
            f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_NEW}",
            [load_id],
        ).fetchall()
        found += [(table, name, str(value), int(n)) for value, n in rows]
    return found


def _tables(con: duckdb.DuckDBPyConnection, real: bool) -> list[tuple[str, int, int]]:
    found = []
    for name in schema.importable():
        after = int(one(con, f"SELECT count(*) FROM new.{name}")[0])
        there = real and bool(_shared(con, name))
        before = int(one(con, f"SELECT count(*) FROM old.{name}")[0]) if there else 0
        if before or after:
            found.append((name, before, after))
    return found
