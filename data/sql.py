"""Small helpers for writing and running SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb


def quote(name: str) -> str:
    """Return a column name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | None) -> str:
    """Return a string as a SQL literal, or NULL."""
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def one(
    con: duckdb.DuckDBPyConnection, sql: str, parameters: list[Any] | None = None
) -> tuple[Any, ...]:
    """Return the one row of a query that always has one; raise ``LookupError`` if it has none."""
    # All of it: a result not read to its end keeps the connection busy.
    rows = con.execute(sql, parameters or []).fetchall()
    if not rows:
        raise LookupError("the query returned no row")
    return tuple(rows[0])


def once(con: duckdb.DuckDBPyConnection, table: str, columns: Iterable[str]) -> bool:
    """Say whether surely no two rows of a table have the same values of these columns.

    Told by hashes: two of them alike say that it is not sure.
    """
    listed = ", ".join(columns)
    return bool(one(con, f"SELECT count(*) = count(DISTINCT hash({listed})) FROM {table}")[0])
