"""Marked events: what may explain a change on a trend. Read-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from data.store import Snapshot


@dataclass(frozen=True)
class Event:
    """One marked event; ``district`` is None where it is about the whole agency."""

    date: date
    kind: str
    label: str
    district: str | None = None


def events(snapshot: Snapshot) -> tuple[Event, ...]:
    """Return the snapshot's marked events in order of time; none where it has no table of them."""
    try:
        rows = (
            snapshot.cursor()
            .execute(
                "SELECT event_date, event_kind, label, district_id FROM events"
                " ORDER BY event_date, event_id"
            )
            .fetchall()
        )
    except duckdb.CatalogException:  # a snapshot of an earlier edition
        return ()
    return tuple(Event(*row) for row in rows)
