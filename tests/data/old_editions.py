"""Stores as earlier editions of the product left them: the tables of then, no seal, no audit log."""

from __future__ import annotations

from pathlib import Path

import duckdb

from data.audit.chain import FILE, HEAD
from data.seals import path_of
from data.store import Store

FIRST = Path(__file__).with_name("first_edition.sql")


def make_first_edition(store: Store) -> str:
    """Turn the snapshot in use into one of the first edition, under the same id; return the id."""
    snapshot = store.current()
    new = snapshot.path.with_name("new.part")
    snapshot.path.rename(new)
    with duckdb.connect(str(snapshot.path)) as con:
        con.execute(FIRST.read_text(encoding="utf-8"))
        con.execute(f"ATTACH '{new}' AS new (READ_ONLY)")
        tables = con.execute(
            "SELECT table_name, list(column_name) FROM duckdb_columns()"
            " WHERE database_name = current_database() AND NOT internal GROUP BY ALL"
        ).fetchall()
        for table, columns in tables:
            con.execute(
                f"INSERT INTO {table} BY NAME SELECT {', '.join(columns)} FROM new.main.{table}"
            )
        con.execute("DETACH new")
        con.execute("CHECKPOINT")
    new.unlink()
    snapshot.path.chmod(0o444)
    for path in (path_of(snapshot.path), store.root / FILE, store.root / HEAD):
        path.unlink(missing_ok=True)
    return snapshot.id
