"""Where counts read rows from: a table prepared with the snapshot, or the same query over its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data import prepared, schema
from data.prepared import Prepared
from data.store import Snapshot
from metrics.aggregate.relation import encounters_table
from metrics.aggregate.stored import columns, stored_table
from metrics.aggregate.trace import kept

if TYPE_CHECKING:
    from metrics.question import Question


def rows_of(snapshot: Snapshot, table: Prepared, question: Question) -> str:
    """Return SQL for the rows of a prepared table, as something to select from.

    It is the table itself where the snapshot has it as the present version would make it, and it holds
    all that the question filters by. Otherwise it is the query that makes it; both have the same rows.
    """
    dims = tuple(dim for dim, _ in question.where)
    there = columns(snapshot).get(table.name, frozenset())
    if there.issuperset(dims) and table in _current(snapshot):
        return table.name
    more = tuple(d for d in dims if d not in prepared.FILTERS)
    return f"({table.query(lambda name: _named(snapshot, name), (*prepared.FILTERS, *more))})"


def _named(snapshot: Snapshot, name: str) -> str:
    """Return SQL for a table with every column that the present version knows."""
    if name == "encounters":
        return encounters_table(snapshot)
    whole = columns(snapshot).get(name, frozenset()).issuperset(schema.declared()[name])
    return name if whole else stored_table(snapshot, name)


@kept(64)
def _current(snapshot: Snapshot) -> frozenset[Prepared]:
    """Return the prepared tables of a snapshot that were made by the query of this version."""
    found = snapshot.cursor().execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
    return frozenset(t for t in prepared.TABLES if (t.name, t.comment) in found)
