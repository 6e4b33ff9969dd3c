"""Which snapshot a dashboard shows: the one in use, or plainly said, the last good one before it.

A command stops at a snapshot in use that cannot be opened. A dashboard that did would leave everyone without
figures until somebody comes; so it goes on with the snapshot before, and says on every page that it does,
why, and what to do. Nothing is changed: the pointer is moved by a rollback, which a person decides.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

from data import opening, seals
from data.errors import StoreGoneError, UserError
from data.store import Snapshot, Store


@dataclass(frozen=True)
class Serving:
    """The snapshot to show; ``instead`` says why it is not the one in use, empty if it is."""

    snapshot: Snapshot
    instead: str = ""


def serving(store: Store) -> Serving:
    """Return what to show; raise ``UserError`` if no snapshot can be, or the store is gone."""
    try:
        return Serving(_usable(store.current()))
    except StoreGoneError:
        raise
    except UserError as error:
        why = error
    in_use = store.pointed()
    for id_ in store.ids():
        if in_use is None or id_ < in_use:
            try:
                found = _usable(store.snapshot(id_))
            except UserError:
                continue
            return Serving(found, f"Showing the earlier snapshot {id_}: {why}, or load an export")
    raise why


def _usable(snapshot: Snapshot) -> Snapshot:
    snapshot.probe()
    return snapshot


def withdraw_damaged(store: Store, shown: Snapshot) -> bool:
    """Have the snapshot that is damaged not used again; return whether one was found.

    Call when a query ended in ``opening.damage``: the one shown, or an older one that was looked at too.
    """
    opening.forget()
    for id_ in dict.fromkeys([shown.id, *store.ids()]):
        path = store.path_of(id_)
        if not _whole(path):
            opening.note_damage(path)
            return True
    return False


def _whole(path: Path) -> bool:
    try:
        sealed = seals.read(path)
        if sealed is not None:
            return seals.sha256(path) == sealed.sha256
        with contextlib.closing(opening.connect(path, path.stem)) as con:
            for (table,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                con.execute(f'SELECT count(COLUMNS(*)) FROM "{table}"').fetchall()
        return True
    except (UserError, OSError, duckdb.Error):
        return False
