"""The database that a load builds, and beside it a work area that is written nowhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb

from data import schema, transform
from data.registry import DISPOSITIONS
from data.sql import WORK, at_once, insert, literal, one, private, quote

NAME = "building"
"""How the connection calls the database that is built."""

_FEW = 250_000
"""Rows in all, up to which two statements side by side take less time than each on every core."""

T = TypeVar("T")


def connect(secret: str) -> duckdb.DuckDBPyConnection:
    """Open the work area, in memory: what a statement creates is created there."""
    con = private()
    # Small writes would each be put into the file by themselves, and be moved there by the next.
    con.execute(
        "SET wal_autocheckpoint = '1TB'; SET auto_checkpoint_skip_wal_threshold = 1000000000000"
    )
    _keying(con, secret)
    return con


def attach(con: duckdb.DuckDBPyConnection, path: Path | None) -> None:
    """Attach the database to build from what is staged, with no row but the codes; it is created in now.

    Without a path it is in memory too. Nothing of it is logged on the way: killed before it is
    published, the file is of no use, and ``CHECKPOINT`` writes all that is not yet in it.
    """
    rows, largest = one(
        con,
        "SELECT coalesce(sum(estimated_size), 0), coalesce(max(estimated_size), 0)"
        " FROM duckdb_tables() WHERE database_name = 'memory'",
    )
    if path is None:
        con.execute(f"ATTACH ':memory:' AS {NAME}")
    else:
        path.write_bytes(schema.blank(con))
        options = f"RECOVERY_MODE no_wal_writes, ROW_GROUP_SIZE {_row_group(largest)}"
        con.execute(f"ATTACH {literal(str(path))} AS {NAME} ({options})")
    con.execute(f"SET search_path = '{NAME}.main,{WORK}'")
    if rows <= _FEW:
        con.execute("SET threads = 1")
    if path is None:
        schema.create(con, indexed=False)
    insert_codes(con)


def insert_codes(con: duckdb.DuckDBPyConnection) -> None:
    """Fill the table of dispositions' codes, which every database has."""
    codes = [(d.code, d.custody, d.care_link, d.voluntary) for d in DISPOSITIONS]
    insert(con, "disposition_codes", codes)


def _row_group(largest: int) -> int:
    """Rows in a row group: the engine works on as many at once, so that even small tables need several.

    One that is full is compressed and written at once, beside others; the rest of each table waits for
    its turn at the end. Half the engine's usual size reads as fast.
    """
    most, step = 61_440, 2_048
    return min(most, max(4 * step, -(-largest // 4 // step) * step))


def _keying(con: duckdb.DuckDBPyConnection, secret: str) -> None:
    con.execute("SET VARIABLE store_secret = ?", [secret])
    con.execute(transform.MACROS)


def keyed_at_once(
    con: duckdb.DuckDBPyConnection, tasks: Sequence[Callable[[duckdb.DuckDBPyConnection], T]]
) -> list[T]:
    """As `at_once`, for tasks that hash keys."""
    (secret,) = one(con, "SELECT getvariable('store_secret')")
    return at_once(con, tasks, lambda own: _keying(own, secret))


def empty_work(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what only the load itself needed, before memory is needed for what follows."""
    for kind, listed in (("VIEW", "duckdb_views()"), ("TABLE", "duckdb_tables()")):
        found = con.execute(
            f"SELECT {kind}_name FROM {listed} WHERE database_name = 'memory' AND NOT internal"
        ).fetchall()
        for (name,) in found:
            con.execute(f"DROP {kind} {WORK}.{quote(name)}")


def close(con: duckdb.DuckDBPyConnection) -> None:
    """Write what is not yet in the file, and let it go."""
    con.execute(f"CHECKPOINT {NAME}")
    con.close()
