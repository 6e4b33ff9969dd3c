"""What the store says of itself: its agency, its loads, its rejected rows. Read-only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from data import schema
from data.store import Snapshot


@dataclass(frozen=True)
class Agency:
    """The agency whose contacts a snapshot holds."""

    id: str
    name: str
    simulated: bool
    cit_model: str | None = None


@dataclass(frozen=True)
class LoadRecord:
    """One load as kept in the store, for the page that shows it."""

    id: str
    source: str
    mapping: str
    files: tuple[str, ...]
    started_at: datetime
    covers_from: date | None
    covers_to: date | None
    rows_read: int
    contacts: int
    duplicates_collapsed: int
    rejected: int
    removed: int
    conflicts: dict[str, int]
    unknown_values: dict[str, dict[str, int]]
    dropped_columns: tuple[str, ...]
    unused_columns: tuple[str, ...]


def agencies(snapshot: Snapshot) -> tuple[Agency, ...]:
    """Return the snapshot's agencies by id. Their names are no secret: for any role."""
    rows = (
        snapshot.to_publish()
        .cursor()
        .execute(
            "SELECT agency_id, coalesce(agency_name, agency_id), simulated, cit_model"
            " FROM agencies ORDER BY 1"
        )
        .fetchall()
    )
    return tuple(Agency(*row) for row in rows)


def records(snapshot: Snapshot) -> tuple[LoadRecord, ...]:
    """Return the snapshot's loads, newest first."""
    names = [
        "load_id",
        "source",
        "mapping",
        "files",
        "started_at",
        "covers_from",
        "covers_to",
        "rows_read",
        "contacts",
        "duplicates_collapsed",
        "rejected_n",
        "removed_n",
        "conflicts",
        "unknown_values",
        "dropped_columns",
        "unused_columns",
    ]
    rows = (
        snapshot.cursor()
        # In UTC, without a zone: DuckDB hands zoned times over through another library.
        .execute(
            f"SELECT {', '.join(names)} FROM"
            " (SELECT * REPLACE (timezone('UTC', started_at) AS started_at) FROM loads)"
            " ORDER BY started_at DESC"
        )
        .fetchall()
    )
    return tuple(_record(dict(zip(names, row, strict=True))) for row in rows)


def _record(row: dict[str, Any]) -> LoadRecord:
    return LoadRecord(
        id=row["load_id"],
        source=row["source"],
        mapping=row["mapping"],
        files=tuple(row["files"] or ()),
        started_at=row["started_at"],
        covers_from=row["covers_from"],
        covers_to=row["covers_to"],
        rows_read=row["rows_read"],
        contacts=row["contacts"],
        duplicates_collapsed=row["duplicates_collapsed"],
        rejected=row["rejected_n"],
        removed=row["removed_n"],
        conflicts=json.loads(row["conflicts"] or "{}"),
        unknown_values=json.loads(row["unknown_values"] or "{}"),
        dropped_columns=tuple(row["dropped_columns"] or ()),
        unused_columns=tuple(row["unused_columns"] or ()),
    )


def rejected_rows(snapshot: Snapshot, limit: int = 1000) -> list[tuple[str, int | None, str, str]]:
    """Return (file, row, column, reason) of rejected rows, at most ``limit``."""
    return (
        snapshot.cursor()
        .execute(
            "SELECT file, row_number, coalesce(column_name, ''), reason FROM rejected"
            " ORDER BY file, row_number LIMIT ?",
            [limit],
        )
        .fetchall()
    )


@dataclass(frozen=True)
class Answers:
    """How one yes/no column was answered: all four import values, none of them merged."""

    column: str
    meaning: str
    yes: int
    no: int
    unknown: int
    blank: int


def answers(snapshot: Snapshot) -> tuple[Answers, ...]:
    """Return the answers to every yes/no column that the sources supply."""
    supplied = {
        row[0]
        for row in snapshot.cursor()
        .execute("SELECT DISTINCT column_name FROM source_columns WHERE table_name = 'contacts'")
        .fetchall()
    }
    columns = [
        c for c in schema.tables()["contacts"].columns if c.type == "tri" and c.name in supplied
    ]
    if not columns:
        return ()
    parts = [
        f"count(*) FILTER ({c.name} = '{v}')" for c in columns for v in ("yes", "no", "unknown")
    ] + [f"count(*) FILTER ({c.name} IS NULL)" for c in columns]
    row = snapshot.cursor().execute(f"SELECT {', '.join(parts)} FROM contacts").fetchone()
    assert row is not None
    return tuple(_answers(c, row, i, len(columns)) for i, c in enumerate(columns))


def _answers(column: schema.Column, row: tuple[int, ...], position: int, columns: int) -> Answers:
    yes, no, unknown = row[3 * position : 3 * position + 3]
    return Answers(column.name, column.meaning, yes, no, unknown, row[3 * columns + position])
