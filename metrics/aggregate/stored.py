"""Tables of a snapshot as the schema has them now, whichever version of the product made it."""

from __future__ import annotations

from functools import lru_cache

from data import schema
from data.store import Snapshot


@lru_cache(maxsize=64)  # a snapshot never changes
def columns(snapshot: Snapshot) -> dict[str, frozenset[str]]:
    """Return the columns that each table of the snapshot has."""
    found: dict[str, set[str]] = {}
    rows = snapshot.cursor().execute("SELECT table_name, column_name FROM duckdb_columns()")
    for table, column in rows.fetchall():
        found.setdefault(table, set()).add(column)
    return {table: frozenset(names) for table, names in found.items()}


def stored_table(snapshot: Snapshot, name: str) -> str:
    """Return SQL for a table with every column of the schema.

    What has been added to the schema since the snapshot was made is not recorded; a table added since
    has no rows. Raises ``KeyError`` for a table the schema does not know.
    """
    there = columns(snapshot).get(name, frozenset())
    listed = ", ".join(
        column if column in there else f"CAST(NULL AS {kind}) AS {column}"
        for column, kind in schema.declared()[name].items()
    )
    return f"(SELECT {listed}{f' FROM {name}' if there else ' WHERE FALSE'})"
