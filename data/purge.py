"""Purge: remove from every kept snapshot what was sealed or expunged, except under legal hold.

A row deleted in place leaves its bytes in the file. So each snapshot that holds something to remove is
written anew from nothing, with what stays; it is checked, and takes the old one's place under a new id
(``data.swaps``): nothing keyed by the old id can serve what is gone. One of an earlier edition comes out
in the present one, as the next load would carry it over, since the analysis table of the contacts that
stay must be made anew too: whether someone came back depends on the contacts that go.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from data import anew, audit, edition, holds, numbers, opening, publishing, seals, swaps
from data.anew import CONTACT, OF_INCIDENT
from data.errors import UserError
from data.intake import uploads
from data.roles import Role
from data.sql import one, private
from data.store import Snapshot, Store

_DISK_ERRORS = (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException, OSError)

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """One purge as it is logged: that it was done, never what was removed."""

    at: datetime
    removed: int
    """Contacts removed."""
    calls: int
    """Calls removed, whose incident has no contact left or was named."""
    held: dict[str, int]
    """Contacts left under legal hold, by reason, each once."""
    snapshots: dict[str, str]
    """Snapshots written anew: old id -> new id."""
    software: str

    @property
    def kept_under_hold(self) -> int:
        """Contacts left under legal hold, for the reasons shown."""
        return sum(self.held.values())


@dataclass(frozen=True)
class Report:
    """What a purge did, or with ``dry_run`` would do."""

    entry: Entry
    dry_run: bool
    unmatched: int
    """Numbers of the file that match nothing in the store."""
    held_only_in_older: int
    """Contacts under hold that the snapshot in use no longer has."""


def log(store: Store, *, role: Role = Role.VIEWER) -> tuple[Entry, ...]:
    """Return the purges of a store, the oldest first.

    What was kept for a claim that is not marked ``privileged = 'no'`` is told only to whom privilege
    extends. Raises ``UserError`` if the log cannot be read.
    """
    return tuple(_entry(line, role.at_most(store.role)) for line in swaps.lines(store))


def purge(
    store: Store,
    file: Path | None = None,
    *,
    dry_run: bool = False,
    who: str | None = None,
    progress: Progress = lambda stage: None,
) -> Report:
    """Remove what a load replaced away, and the contacts a file names, from all kept snapshots.

    Uploads that wait on the Load page go too, since they may hold the same contacts. With ``dry_run``
    nothing is changed. ``who`` is named in the audit log; who runs the command if None.
    Raises ``UserError`` for a file or snapshot that cannot be
    read, or a disk that is full, and ``StoreLockedError`` while a load writes; in all of these nothing
    is removed. Interrupted after the decision (``data.swaps``), it is finished by the next purge or
    load.
    """
    with store.lock():
        if not dry_run:
            store.sweep()
        current = store.current()
        with contextlib.closing(private()) as con:
            progress("looking for what to remove")
            names = _attach(con, store, current)
            _find(con, names, file, current)
            entry, pairs = _decide(con, names, store)
            unmatched, only_older = _unmatched(con, names, file, current), _held_only_in_older(con)
            if not dry_run:
                uploads.discard_all(store)
                _rewrite(con, store, entry, pairs, names, who or audit.local(), progress)
        return Report(entry, dry_run, unmatched, only_older)


def _entry(line: Mapping[str, Any], role: Role) -> Entry:
    return Entry(
        datetime.fromisoformat(line["at"]),
        int(line["removed"]),
        int(line["calls"]),
        holds.shown(line["held"], role),
        dict(line["snapshots"]),
        str(line["software"]),
    )


def _line(entry: Entry) -> dict[str, Any]:
    return {**vars(entry), "at": entry.at.isoformat()}


def _attach(con: duckdb.DuckDBPyConnection, store: Store, current: Snapshot) -> dict[str, str]:
    """Attach every kept snapshot; return id -> name, the newest first."""
    names = {}
    for place, id_ in enumerate(dict.fromkeys([*store.ids(), current.id])):
        snapshot = store.snapshot(id_)
        names[id_] = f"kept_{place}"
        try:
            snapshot.refuse_log()
            anew.attach(con, snapshot, names[id_])
        except (UserError, duckdb.Error):
            raise UserError(
                f"snapshot {id_} cannot be opened, so nothing can be purged from it;"
                f" delete {snapshot.path.name} and purge again; nothing was removed"
            ) from None
        opening.refuse_later_edition(
            con, names[id_], id_, "purge with that edition; nothing was removed"
        )
    return names


def _find(
    con: duckdb.DuckDBPyConnection, names: dict[str, str], file: Path | None, current: Snapshot
) -> None:
    """Fill the temporary tables: ``named`` keys, contacts to go (``gone``), those ``under_hold``.

    ``gone_keys`` are the numbers of contacts and incidents that no link may hold any more, where no
    contact that stays has them too.
    """
    here = names[current.id]
    con.execute("CREATE TEMP TABLE named (number INTEGER, key VARCHAR)")
    if file is not None:
        every = " UNION ".join(f"SELECT agency_id FROM {n}.agencies" for n in names.values())
        agencies = [row[0] for row in con.execute(f"{every} ORDER BY 1").fetchall()]
        for place, number in enumerate(numbers.read(file, current, agencies)):
            con.execute("INSERT INTO named SELECT ?, unnest(?)", [place, sorted(number.keys)])
    contacts = {n: holds.stored(con, n, "contacts") for n in names.values()}
    con.execute("CREATE TEMP TABLE gone (agency_id VARCHAR, source VARCHAR, contact_id VARCHAR)")
    for table in contacts.values():
        con.execute(
            f"INSERT INTO gone SELECT agency_id, source, contact_id FROM {table} o"
            " WHERE contact_id IN (SELECT key FROM named)"
            " OR incident_id IN (SELECT key FROM named) OR person_key IN (SELECT key FROM named)"
            f" OR ({_replaced_away(here)})"
        )
    everywhere = " UNION ".join(
        f"SELECT {', '.join(['agency_id', 'source', *numbers.KINDS])} FROM {table} o"
        f" WHERE {CONTACT} IN (FROM gone)"
        for table in contacts.values()
    )
    con.execute(f"CREATE TEMP TABLE traces AS {everywhere}")
    # A hold that a newer snapshot knows of counts although another one is in use again.
    evidence = [n for id_, n in names.items() if id_ >= current.id]
    listed = holds.parameters(holds.listed(current.store))
    con.execute(
        "CREATE TEMP TABLE under_hold"
        " (agency_id VARCHAR, source VARCHAR, contact_id VARCHAR, reason VARCHAR)"
    )
    con.execute(f"INSERT INTO under_hold {holds.query(con, 'traces', evidence)}", listed)
    con.execute(
        "CREATE TEMP TABLE in_use AS SELECT agency_id, source, contact_id"
        f" FROM {contacts[here]} o WHERE {CONTACT} IN (FROM gone)"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE gone AS SELECT DISTINCT * FROM gone"
        f" WHERE {CONTACT} NOT IN (SELECT {CONTACT} FROM under_hold)"
    )
    kept = (
        f"SELECT unnest([{', '.join(numbers.KINDS)}]) FROM traces"
        f" WHERE {CONTACT} NOT IN (FROM gone)"
        f" UNION SELECT key FROM ({holds.grounds(con, evidence)})"
    )
    con.execute("CREATE TEMP TABLE gone_keys (key VARCHAR)")
    con.execute(
        "INSERT INTO gone_keys SELECT key FROM (SELECT unnest([contact_id, incident_id]) AS key"
        f" FROM traces WHERE {CONTACT} IN (FROM gone) UNION SELECT key FROM named)"
        f" WHERE key IS NOT NULL AND key NOT IN (SELECT * FROM ({kept}) k(key) WHERE key IS NOT NULL)",
        listed,
    )


def _replaced_away(here: str) -> str:
    """SQL over a contact ``o``: the snapshot in use lost it to a load that replaced its period.

    Either a load behind the snapshot in use wrote it, and along those loads nothing else takes contacts
    away; or one of them replaced its period after it was written. What only a snapshot has that was
    rolled back from, or the simulated agency before a real one, is neither.
    """
    return (
        f"NOT EXISTS (FROM {here}.contacts n WHERE n.agency_id = o.agency_id"
        " AND n.source = o.source AND n.contact_id = o.contact_id)"
        f" AND (o.load_id IN (SELECT load_id FROM {here}.loads)"
        f" OR EXISTS (FROM {here}.loads p WHERE p.mode = 'replace_period'"
        " AND p.agency_id = o.agency_id AND p.source = o.source AND p.load_id > o.load_id"
        " AND CAST(o.contact_at AS DATE) BETWEEN p.covers_from AND p.covers_to))"
    )


def _decide(
    con: duckdb.DuckDBPyConnection, names: dict[str, str], store: Store
) -> tuple[Entry, dict[str, str]]:
    """Return the log's entry, and the snapshots to write anew: old id -> new id."""
    con.execute("CREATE TEMP TABLE gone_calls (agency_id VARCHAR, call_id VARCHAR)")
    pairs = {}
    for id_, name in names.items():
        _keys_gone_here(con, name)
        calls = holds.stored(con, name, OF_INCIDENT)
        con.execute(
            f"INSERT INTO gone_calls SELECT agency_id, call_id FROM {calls} c"
            " WHERE incident_id IN (FROM gone_here)"
        )
        touched = [
            f"(SELECT count(*) FROM {name}.contacts WHERE {CONTACT} IN (FROM gone))",
            *(
                f"(SELECT count(*) FROM {holds.stored(con, name, table)} t"
                f" WHERE {column} IN (FROM gone_here))"
                for table, column in anew.links()
            ),
        ]
        if one(con, f"SELECT {' + '.join(touched)}")[0]:
            pairs[id_] = store.id_like(id_)
    removed = one(con, "SELECT count(*) FROM gone")[0]
    calls = one(con, "SELECT count(*) FROM (SELECT DISTINCT * FROM gone_calls)")[0]
    held = con.execute("SELECT reason, count(*) FROM under_hold GROUP BY 1 ORDER BY 1").fetchall()
    now = datetime.now(UTC)
    entry = Entry(
        now, int(removed), int(calls), dict(held), dict(sorted(pairs.items())), edition.software()
    )
    return entry, pairs


def _keys_gone_here(con: duckdb.DuckDBPyConnection, database: str) -> None:
    """Fill ``gone_here``: the keys of ``gone_keys`` that no contact which stays in the snapshot has."""
    contacts = holds.stored(con, database, "contacts")
    stay = f"FROM {contacts} s ANTI JOIN gone USING (agency_id, source, contact_id) WHERE {{0}} IS NOT NULL"
    con.execute(
        "CREATE OR REPLACE TEMP TABLE gone_here AS SELECT key FROM gone_keys"
        f" WHERE key NOT IN (SELECT contact_id {stay.format('contact_id')})"
        f" AND key NOT IN (SELECT incident_id {stay.format('incident_id')})"
    )


def _unmatched(
    con: duckdb.DuckDBPyConnection, names: dict[str, str], file: Path | None, current: Snapshot
) -> int:
    """How many of the file's numbers are nowhere in the store."""
    places = [*(("contacts", column) for column in numbers.KINDS), *anew.links()]
    for name in names.values():
        for table, column in places:
            con.execute(
                "DELETE FROM named WHERE number IN (SELECT number FROM named JOIN"
                f" {holds.stored(con, name, table)} t ON t.{column} = named.key)"
            )
    return int(one(con, "SELECT count(DISTINCT number) FROM named")[0])


def _held_only_in_older(con: duckdb.DuckDBPyConnection) -> int:
    return int(one(con, f"SELECT count(*) FROM under_hold WHERE {CONTACT} NOT IN (FROM in_use)")[0])


def _rewrite(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    entry: Entry,
    pairs: dict[str, str],
    names: dict[str, str],
    who: str,
    progress: Progress,
) -> None:
    """Write the snapshots anew, all of them before any takes its place; log the purge."""
    gone = con.execute("SELECT agency_id, source, contact_id FROM gone ORDER BY ALL").fetchall()
    built: list[Path] = []
    decided = False
    try:
        for old, new in sorted(pairs.items()):
            progress(f"writing {old} anew")
            built.append(store.building_path(new))
            _keys_gone_here(con, names[old])
            keys = [r[0] for r in con.execute("SELECT key FROM gone_here ORDER BY 1").fetchall()]
            anew.write(store.snapshot(old), built[-1], gone, keys)
            publishing.seal(store, built[-1], seals.path_of(store.path_of(new)))
        progress("putting them in place")
        for name in names.values():
            con.execute(f"DETACH {name}")
        audit.record(
            store.root,
            "purge",
            who,
            removed=entry.removed,
            calls=entry.calls,
            # Not by reason: what rests on privilege is not for everyone who may read the log.
            held=entry.kept_under_hold,
            old=sorted(entry.snapshots),
            snapshots=sorted(entry.snapshots.values()),
        )
        swaps.commit(store, _line(entry))
        decided = True
    except _DISK_ERRORS as error:
        cause = str(error).splitlines()[0].rsplit(": ", 1)[-1][:160]
        raise UserError(
            f"{store.root}: cannot write the store ({cause}); free space on that disk, as much as the"
            " kept snapshots take; nothing was removed"
        ) from None
    except duckdb.OutOfMemoryException:
        raise UserError(
            f"{store.root}: not enough memory to write a snapshot anew; close other programs;"
            " nothing was removed"
        ) from None
    finally:
        if not decided:
            for path in built:
                path.unlink(missing_ok=True)
                path.with_name(path.name + ".wal").unlink(missing_ok=True)
            for new in pairs.values():
                seals.path_of(store.path_of(new)).unlink(missing_ok=True)
    if not _finish(store):
        raise UserError(
            f"{store.root}: an old snapshot is in use and cannot be deleted; close the dashboard and"
            " purge again"
        )


def _finish(store: Store) -> bool:
    try:
        return swaps.finish(store)
    except KeyboardInterrupt:  # decided: half of it is worse than a moment more
        return swaps.finish(store)
