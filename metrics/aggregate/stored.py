"""Tables of a snapshot as the schema has them now, whichever version of the product made it."""

from __future__ import annotations

from data import schema
from data.store import Snapshot
from metrics.aggregate.trace import kept


@kept(64)
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


@kept(512)
def rows(snapshot: Snapshot, name: str) -> int:
    """Return the number of rows of a table; none where the snapshot is older than the table."""
    found = snapshot.cursor().execute(f"SELECT count(*) FROM {stored_table(snapshot, name)}")
    return int(found.fetchall()[0][0])


@kept(512)
def filled(snapshot: Snapshot, name: str) -> frozenset[str]:
    """Return the ``table.column`` of a table that ever hold a value, the mark of its load apart."""
    own = [column for column in schema.declared()[name] if column != "load_id"]
    counted = ", ".join(f"count({column})" for column in own)
    found = snapshot.cursor().execute(f"SELECT {counted} FROM {stored_table(snapshot, name)}")
    return frozenset(f"{name}.{c}" for c, n in zip(own, found.fetchall()[0], strict=True) if n)
