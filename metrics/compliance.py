"""What the store holds and does not, what was dropped, kept, held and purged. Nobody is counted twice.

Everything is read from where it is decided: the columns from ``data/schema.sql``, what is refused from
``data/identifying.py``, the rest from the store itself. Nothing here is legal advice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import NamedTuple

from data import holds, identifying, loads, purge, schema, swaps
from data.errors import UserError
from data.identifying import _PHRASES, _WHOLE, _WORDS, KEY_LOOKS_LIKE
from data.roles import Role
from data.store import Snapshot, Store
from metrics.aggregate import documentation as counted
from metrics.manifest import Manifest

_EVERYWHERE = frozenset({"agency_id", "source"})


class Held(NamedTuple):
    """One table of the store; ``rows`` is None where the snapshot is older than the table.

    ``hashed`` are columns kept only as keyed hashes, ``labels`` short free text (places, codes, files);
    ``when``, ``coded`` and ``numbers`` count columns of dates and times, of listed answers, of numbers.
    """

    table: str
    meaning: str
    rows: int | None
    columns: int
    hashed: tuple[str, ...]
    labels: tuple[str, ...]
    when: int
    coded: int
    numbers: int
    identifying: tuple[str, ...]


class Refused(NamedTuple):
    """One rule of what is never accepted, and the words it looks for."""

    rule: str
    words: tuple[str, ...]


class Dropped(NamedTuple):
    """The headers one load dropped; their values were written nowhere."""

    load: str
    day: date
    source: str
    mapping: str
    headers: tuple[str, ...]


class Kept(NamedTuple):
    """One kept snapshot: when it was made (UTC), whether it is in use, and its size in bytes."""

    id: str
    made: datetime
    in_use: bool
    size: int


class Purged(NamedTuple):
    """One purge of the log: when, contacts removed, those left under hold, snapshots written anew."""

    at: datetime
    removed: int
    kept_under_hold: int
    snapshots: int


@dataclass(frozen=True)
class Compliance:
    """Everything on the page.

    ``kept_most`` is how many snapshots the settings keep. ``held`` are contacts of the snapshot in use
    under legal hold by reason, ``purged`` the log, oldest first; each is words instead where it cannot be
    read. ``interrupted`` says that a purge is decided and not finished. ``answers`` are referrals to
    substance-use treatment, and those that the provider answered.
    """

    tables: tuple[Held, ...]
    refused: tuple[Refused, ...]
    dropped: tuple[Dropped, ...]
    loads: int
    kept: tuple[Kept, ...]
    kept_most: int
    held: Mapping[str, int] | str
    purged: tuple[Purged, ...] | str
    interrupted: bool
    answers: tuple[int, int]
    last: date | None

    def rows(self, table: str) -> int:
        """Return the rows of a table, none where it is not there."""
        return next((t.rows or 0 for t in self.tables if t.table == table), 0)

    @property
    def columns(self) -> int:
        """Columns of all tables."""
        return sum(t.columns for t in self.tables)

    @property
    def identifying(self) -> tuple[str, ...]:
        """Columns of any table that the loader itself would refuse as a header: there must be none."""
        return tuple(f"{t.table}.{c}" for t in self.tables for c in t.identifying)


def compliance(snapshot: Snapshot, *, role: Role = Role.VIEWER) -> Compliance:
    """Describe a snapshot and its store as a compliance officer asks.

    What rests on privilege is in ``held`` and ``purged`` only for a role to which it extends.
    """
    store = snapshot.store
    records = loads.records(snapshot)
    return Compliance(
        tables=tables(snapshot),
        refused=refused(),
        dropped=tuple(
            Dropped(r.id, r.started_at.date(), r.source, r.mapping, r.dropped_columns)
            for r in records
            if r.dropped_columns
        ),
        loads=len(records),
        kept=kept(store),
        kept_most=store.settings.snapshots_kept,
        held=_held(snapshot, role),
        purged=_purged(store, role),
        interrupted=bool(swaps.pending(store)),
        answers=counted.treatment_answers(snapshot),
        last=max((r.covers_to for r in records if r.covers_to is not None), default=None),
    )


def tables(snapshot: Snapshot) -> tuple[Held, ...]:
    """Return every table that an export may fill, as the schema declares it."""
    declared = schema.importable()
    rows = counted.rows_held(snapshot, tuple(declared))
    found = []
    for name, table in declared.items():
        columns = table.importable
        kinds = [c.type for c in columns]
        found.append(
            Held(
                name,
                table.meaning,
                rows[name],
                len(columns),
                tuple(c.name for c in columns if c.type == "key"),
                tuple(
                    c.name
                    for c in columns
                    if c.type in ("text", "code") and c.name not in _EVERYWHERE
                ),
                sum(kind in ("date", "ts") for kind in kinds),
                sum(kind in ("enum", "tri") for kind in kinds),
                sum(kind in ("int", "num") for kind in kinds),
                tuple(c.name for c in columns if identifying.identifies(c.name)),
            )
        )
    return tuple(found)


def refused() -> tuple[Refused, ...]:
    """Return what the loader never accepts, as it looks for it."""
    looks = dict.fromkeys(look.what for look in KEY_LOOKS_LIKE)
    return (
        Refused("A header with any of these words", tuple(sorted(_WORDS))),
        Refused("A header that is one of these and nothing else", tuple(sorted(_WHOLE))),
        Refused("A header with any of these phrases", tuple(sorted(_PHRASES))),
        Refused("A header with name, description or notes of anything but a thing", ()),
        Refused("A key whose values look like any of these", tuple(looks)),
    )


def kept(store: Store) -> tuple[Kept, ...]:
    """Return the kept snapshots, newest first."""
    current = store.current_id()
    found = []
    for id_ in store.ids():
        made = datetime.strptime(id_.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        try:
            size = store.path_of(id_).stat().st_size
        except OSError:  # pruned by a load meanwhile
            continue
        found.append(Kept(id_, made, id_ == current, size))
    return tuple(found)


def manifest_entries() -> tuple[str, ...]:
    """Return the entries of the manifest that every exported file carries."""
    return tuple(f.name for f in fields(Manifest))


def _held(snapshot: Snapshot, role: Role) -> Mapping[str, int] | str:
    try:
        return holds.counts(snapshot, role=role)
    except UserError:
        return "the agency's list of legal holds cannot be read; restore it from a backup"


def _purged(store: Store, role: Role) -> tuple[Purged, ...] | str:
    try:
        return tuple(
            Purged(e.at, e.removed, e.kept_under_hold, len(e.snapshots))
            for e in purge.log(store, role=role)
        )
    except UserError:
        return "the log of purges cannot be read; restore it from a backup"
