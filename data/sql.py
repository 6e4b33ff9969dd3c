"""Small helpers for writing and running SQL."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

import duckdb

WORK = "memory.main"
"""Where a load keeps what it needs on the way: the database in memory that its connection opened first."""

_MOST_AT_ONCE = 4
"""Each task holds its own intermediate results, and the engine uses every core for one that is large."""

T = TypeVar("T")


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
    return not one(con, f"SELECT {alike_by_hash(columns)} FROM {table}")[0]


def alike_by_hash(columns: Iterable[str]) -> str:
    """SQL that counts rows more than there are hashes of these columns: 0 says that no two are alike."""
    return f"count(*) - count(DISTINCT hash({', '.join(columns)}))"


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows in one statement, a list for each column: by itself a row takes a millisecond."""
    if rows:
        columns = [list(values) for values in zip(*rows, strict=True)]
        marks = ", ".join(["unnest(?)"] * len(columns))
        con.execute(f"INSERT INTO {table} SELECT {marks}", columns)


def at_once(
    con: duckdb.DuckDBPyConnection,
    tasks: Sequence[Callable[[duckdb.DuckDBPyConnection], T]],
    prepare: Callable[[duckdb.DuckDBPyConnection], None] = lambda own: None,
) -> list[T]:
    """Run tasks side by side, each with a connection of its own for the time to the same databases.

    Return what they return, in order; of several errors the first task's is raised. A task sees what is
    committed, and nothing temporary of ``con``: ``prepare`` gives its connection what else it needs.
    """
    (path,) = one(con, "SELECT current_setting('search_path')")
    workers = min(os.cpu_count() or 1, _MOST_AT_ONCE, len(tasks))
    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()
    connections = [con.cursor() for _ in range(workers)]

    def run(task: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        own = free.get()
        try:
            return task(own)
        finally:
            free.put(own)

    pool = ThreadPoolExecutor(max_workers=max(workers, 1))
    try:
        for own in connections:
            if path:
                own.execute(f"SET search_path = {literal(path)}")
            prepare(own)
            free.put(own)
        running = [pool.submit(run, task) for task in tasks]
        return [each.result() for each in running]
    finally:
        pool.shutdown(cancel_futures=True)
        for own in connections:
            own.close()


def private(path: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Open a database that writes nothing beside itself.

    What does not fit in memory would go to disk in blocks that are not wiped first: bytes of columns
    that must be written nowhere stood in them when tried.
    """
    con = duckdb.connect(path)
    con.execute("SET temp_directory = ''")
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    return con
