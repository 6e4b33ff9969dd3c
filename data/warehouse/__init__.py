"""A warehouse's own ``encounters`` table in place of a snapshot's: on PostgreSQL or Apache Spark.

The settings ``warehouse`` and ``warehouse_encounters`` name it; docs/warehouse.md says what it must hold.
:func:`open_table` gives a ``Snapshot`` that ``metrics`` asks like any other. It has this one table: what
needs another says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from data.errors import UserError
from data.roles import Right
from data.store import Snapshot, Store
from data.warehouse import engines
from data.warehouse.table import KEY, checked

__all__ = ["Warehouse", "address", "asking", "configured", "open_table", "relation"]


@dataclass(frozen=True)
class Warehouse:
    """A table of a warehouse as it was when it was opened, by what can be told of it cheaply.

    ``read_at`` (UTC) keeps results of one opening apart from those of any other.
    """

    url: str
    table: str
    contacts: int = 0
    last: date | None = None
    read_at: datetime = datetime.min

    @property
    def engine(self) -> str:
        """The engine's name."""
        return engines.engine_of(self.url).name

    @property
    def id(self) -> str:
        """When it was read, what was read, how many contacts, and the day of the last."""
        name = f"{self.engine.lower()}:{self.table}:{self.contacts}:{self.last or 'none'}"
        return f"{self.read_at:%Y%m%dT%H%M%S%f}-{name}"

    def to_dict(self) -> dict[str, Any]:
        """Return what was asked as plain JSON values."""
        return {
            "engine": self.engine,
            "address": engines.shown(self.url),
            "table": self.table,
            "contacts": self.contacts,
            "last_contact": self.last.isoformat() if self.last else None,
            "read_at": self.read_at.isoformat(timespec="seconds"),
        }

    def __str__(self) -> str:
        """Say what was asked, in one sentence."""
        until = f", the last on {self.last}" if self.last else ""
        return (
            f"Asked of the {self.engine} table {self.table} at {engines.shown(self.url)}:"
            f" {self.contacts:,} contacts{until}, as read at {self.read_at:%Y-%m-%d %H:%M:%S} UTC."
        )


def configured(store: Store) -> bool:
    """Say whether a store's settings name a warehouse."""
    return bool(store.settings.warehouse)


def address(store: Store) -> tuple[str, str]:
    """Return the warehouse's address and its table; raise ``UserError`` if none is set."""
    found = store.settings
    if not found.warehouse:
        raise UserError(
            f"{store.root / 'settings.toml'}: no warehouse is set; add a line"
            f' warehouse = "{engines.ENGINES[0].example}"'
        )
    return found.warehouse, found.warehouse_encounters


def open_table(store: Store) -> Snapshot:
    """Return the warehouse's table as a snapshot, for the store's role.

    It is looked at once: the columns, how many contacts, and that none is there twice. Raises
    ``NotAllowedError`` unless the role may see the agency's own figures, ``UserError`` if no warehouse is
    set, it does not answer, or its table is not what is expected.
    """
    store.role.need(Right.FIGURES)
    opened = Warehouse(*address(store), read_at=datetime.now(UTC).replace(tzinfo=None))
    contacts, last = _state(opened)
    with engines.faults(opened.url, opened.table):
        different = int(_table(opened)[list(KEY)].distinct().count().execute())
    if different != contacts:
        raise UserError(
            f"{opened.table}: {contacts - different:,} rows repeat a contact ({', '.join(KEY)}); it must"
            " have exactly one row per contact"
        )
    asked = replace(opened, contacts=contacts, last=last)
    return Snapshot(asked.id, store.snapshots_dir / "warehouse", store.role, asked)


def relation(snapshot: Snapshot) -> Any:
    """Return the table of a snapshot of :func:`open_table` as an Ibis table.

    Raises ``NotAllowedError`` unless the role may see the agency's own figures, ``UserError`` as
    :func:`open_table` does.
    """
    snapshot.role.need(Right.FIGURES)
    assert snapshot.warehouse is not None
    with engines.faults(snapshot.warehouse.url, snapshot.warehouse.table):
        return _table(snapshot.warehouse)


@contextlib.contextmanager
def asking(snapshot: Snapshot) -> Iterator[None]:
    """Ask a snapshot several questions that must agree; nothing happens where it is no warehouse's.

    Raises ``UserError`` where the engine fails meanwhile, and if the table was added to or taken from
    since it was opened: unlike a snapshot, a warehouse may change between two queries.
    """
    asked = snapshot.warehouse
    if asked is None:
        yield
        return
    with engines.faults(asked.url, asked.table):
        yield
    if _state(asked) != (asked.contacts, asked.last):
        raise UserError(f"{asked.table}: the table changed while it was asked; ask again")


def _table(asked: Warehouse) -> Any:
    return checked(engines.table(asked.url, asked.table, asked.read_at), asked.table)


def _state(asked: Warehouse) -> tuple[int, date | None]:
    """Return how many contacts the table holds now, and the day of the last."""
    with engines.faults(asked.url, asked.table):
        table = _table(asked)
        found = table.aggregate(n=table.count(), last=table.contact_date.max()).to_pyarrow()
    row = found.to_pylist()[0]
    return int(row["n"]), row["last"]
