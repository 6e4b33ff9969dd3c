"""Write a snapshot anew from nothing, with the rows that stay: a row deleted in place leaves its bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb

from data import checks, encounters, schema
from data.building import insert_codes
from data.errors import SnapshotError, UserError
from data.sql import insert, literal, one, private
from data.store import Snapshot

CONTACT = "(agency_id, source, contact_id)"
OF_INCIDENT = "calls"
"""The table whose rows go with the last contact of their incident; others only lose the number."""

_OLD = "previous"


def attach(con: duckdb.DuckDBPyConnection, snapshot: Snapshot, name: str) -> None:
    """Attach a snapshot read-only; raise ``duckdb.Error`` if it cannot be opened."""
    con.execute(f"ATTACH {literal(str(snapshot.path))} AS {name} (READ_ONLY)")


def links() -> Iterator[tuple[str, str]]:
    """Columns of the agency's tables that may name a contact or an incident."""
    for name, table in schema.of_agency().items():
        for column in table.columns:
            if column.name in ("contact_id", "incident_id"):
                yield name, column.name


def write(
    snapshot: Snapshot, building: Path, gone: list[tuple[str, str, str]], keys: list[str]
) -> None:
    """Write a snapshot to another file without contacts and numbers that go.

    ``gone`` are their (agency_id, source, contact_id), ``keys`` the keys of contacts and incidents that
    no link may hold any more. Raises ``SnapshotError`` if a rule is broken or one of them is left.
    """
    with contextlib.closing(private(str(building))) as con:
        schema.create(con)
        # Temporary tables are in memory, where nothing spills: the list itself is never written.
        con.execute(
            "CREATE TEMP TABLE gone (agency_id VARCHAR, source VARCHAR, contact_id VARCHAR);"
            " CREATE TEMP TABLE gone_here (key VARCHAR)"
        )
        insert(con, "gone", gone)
        insert(con, "gone_here", [(key,) for key in keys])
        attach(con, snapshot, _OLD)
        con.execute("BEGIN")
        insert_codes(con)
        for table in schema.tables().values():
            if table.name != "disposition_codes":
                _copy(con, table)
        con.execute("COMMIT")
        con.execute(f"DETACH {_OLD}")
        encounters.build(con, checks.of_tables(), checks.of_encounters())
        _nothing_left(con)
        con.execute("CHECKPOINT")
    if building.with_name(building.name + ".wal").exists():
        raise UserError(f"snapshot {snapshot.id} could not be written anew; nothing was removed")


def _copy(con: duckdb.DuckDBPyConnection, table: schema.Table) -> None:
    """Copy what stays of a table, by column name: an earlier edition may lack newer ones."""
    there = {
        row[0]
        for row in con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ?",
            [_OLD, table.name],
        ).fetchall()
    }
    columns = [c.name for c in table.columns if c.name in there]
    if not columns:
        return
    values = dict(zip(columns, columns, strict=True))
    where = "TRUE"
    if table.name == "contacts" or table.name in schema.children():
        where = f"{CONTACT} NOT IN (FROM gone)"
    elif table.name == OF_INCIDENT:
        where = "incident_id IS NULL OR incident_id NOT IN (FROM gone_here)"
    elif table.name == "call_units":
        where = (
            f"(agency_id, call_id) NOT IN (SELECT (agency_id, call_id) FROM {_OLD}.main.calls"
            " WHERE incident_id IN (FROM gone_here))"
        )
    else:
        # Whose contact goes loses its incident too: that number would say it is about another one.
        tests = []
        for name in (c for c in ("contact_id", "incident_id") if c in values):
            tests.append(f"{name} IN (FROM gone_here)")
            values[name] = f"CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {name} END"
    listed = ", ".join(f"{value} AS {name}" for name, value in values.items())
    # In any other order than the primary key's its index is slow to grow.
    order = [k for k in table.key if k in values and k not in ("agency_id", "source")]
    con.execute(
        f"INSERT INTO {table.name} BY NAME SELECT {listed} FROM {_OLD}.main.{table.name}"
        f" WHERE {where}{' ORDER BY ' + ', '.join(order) if order else ''}"
    )


def _nothing_left(con: duckdb.DuckDBPyConnection) -> None:
    """Raise ``SnapshotError`` if a number that goes is in a column of its kind, in any table."""
    columns = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns()"
        " WHERE database_name = current_database() AND NOT internal"
        " AND column_name IN ('contact_id', 'incident_id')"
    ).fetchall()
    for table, column in columns:
        n = one(con, f"SELECT count(*) FROM main.{table} WHERE {column} IN (FROM gone_here)")[0]
        if n:
            raise SnapshotError(
                f"{table}.{column} still holds {n} numbers that were to go; this is a defect of the"
                " product: please report it; nothing was removed"
            )
