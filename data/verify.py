"""Verify a store from end to end: every file of it is what it should be, and nothing is changed.

Each finding is one line: what, where, what to do. An *error* is something that is not as it must be; a
*note* is worth knowing and no fault: what a crash left and the next load sweeps, a snapshot of an earlier
edition, one made before files were sealed.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from data import (
    anew,
    audit,
    checks,
    encounters,
    holds,
    opening,
    prepared,
    schema,
    seals,
    secret,
    swaps,
)
from data.errors import UserError
from data.sandbox import saved
from data.sql import one, private
from data.store import Store

Progress = Callable[[str], None]

_RESTORE = "restore it from a backup"
_REPORT = "this is a defect of the product: please report it"


@dataclass(frozen=True)
class Finding:
    """One thing found. ``level`` is "error" or "note"."""

    level: str
    where: str
    what: str
    to_do: str

    def __str__(self) -> str:
        return f"{self.level}: {self.where}: {self.what}; {self.to_do}"


@dataclass(frozen=True)
class Report:
    """What a store holds, and what was found."""

    current: str | None
    contacts: dict[str, int]
    """Contacts of each snapshot that opens, by id, the newest first."""
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are not as they must be; without any, the store is sound."""
        return tuple(f for f in self.findings if f.level == "error")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "sound": not self.errors,
            "current": self.current,
            "snapshots": [{"id": i, "contacts": n} for i, n in self.contacts.items()],
            "findings": [vars(f) for f in self.findings],
        }


def verify(store: Store, progress: Progress = lambda stage: None) -> Report:
    """Verify a store. Raises ``UserError`` if there is no store in the folder."""
    if not store.snapshots_dir.is_dir():
        raise UserError(
            f"{store.root}: no store is here; connect its disk or network folder, or give another --store"
        )
    contacts: dict[str, int] = {}
    findings = [*_folder(store), *_pointer(store)]
    for id_ in _ids(store):
        progress(f"verifying {id_}")
        findings += _snapshot(store, id_, contacts)
    findings += [*_copies(store), *_files(store), *_undone(store), *_leftovers(store)]
    progress("verifying the audit log")
    findings += _audit(store)
    return Report(store.pointed(), contacts, tuple(findings))


def _error(where: object, what: str, to_do: str) -> Finding:
    return Finding("error", str(where), what, to_do)


def _note(where: object, what: str, to_do: str) -> Finding:
    return Finding("note", str(where), what, to_do)


def _ids(store: Store) -> list[str]:
    try:
        return store.ids()
    except UserError:  # the journal of a purge; told with the other files
        found = (p.stem for p in store.snapshots_dir.glob("*.duckdb"))
        return sorted((s for s in found if opening.ID.fullmatch(s)), reverse=True)


def _folder(store: Store) -> Iterator[Finding]:
    """Can the folder be written, and is its secret there and its owner's only?"""
    for folder in (store.root, store.snapshots_dir):
        if not os.access(folder, os.R_OK | os.X_OK):
            yield _error(folder, "may not be read by this account", "give it read access")
        elif not os.access(folder, os.W_OK):
            yield _note(folder, "may not be written by this account", "load with one that may")
    path = store.root / secret.NAME
    value = secret.text(path)
    if not path.exists():
        if _ids(store):
            yield _error(path, "the store's secret is missing", _RESTORE)
        return
    if not value:
        yield _error(path, "the store's secret cannot be read", _RESTORE)
        return
    if os.name != "nt" and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        yield _error(path, f"others may read the secret (mode {mode:04o})", f"chmod 600 {path}")
    for id_ in _ids(store):
        with contextlib.suppress(UserError):
            sealed = seals.read(store.path_of(id_))
            if sealed and sealed.secret and sealed.secret != seals.fingerprint(value):
                yield _error(path, f"is not the secret that snapshot {id_} was made with", _RESTORE)


def _pointer(store: Store) -> Iterator[Finding]:
    try:
        id_ = store.current_id()
    except UserError as error:
        yield _told(error)
        return
    if id_ is None:
        yield _note(store.root, "the store is empty", "load an export with `python -m data load`")
    elif not store.path_of(id_).is_file():
        became = swaps.gone(store, id_) or f"names snapshot {id_}, which is not there"
        yield _error(store.pointer, became, opening.ROLL_BACK)


def _told(error: UserError) -> Finding:
    """A finding of an error that names its place and what to do, as every one does."""
    where, _, rest = str(error).partition(": ")
    what, _, to_do = rest.partition("; ")
    return _error(where, what, to_do or opening.ROLL_BACK)


def _snapshot(store: Store, id_: str, contacts: dict[str, int]) -> Iterator[Finding]:
    """Everything about one snapshot; ``contacts`` gets how many it holds."""
    path = store.path_of(id_)
    where = f"snapshot {id_}"
    remedy = (
        opening.ROLL_BACK
        if id_ == store.pointed()
        else f"it is not in use: {_RESTORE}, or delete it"
    )
    if seals.beside(path)[0].exists():
        yield _error(where, "has a write-ahead log beside it and is refused", remedy)
        return
    if os.name != "nt" and path.stat().st_mode & 0o222:
        yield _note(where, "is not read-only", f"chmod 444 {path}")
    if id_[:15] > f"{datetime.now(UTC) + timedelta(days=1):%Y%m%dT%H%M%S}":
        yield _note(
            where, "its time lies ahead", "set the machine's clock; nothing is wrong with it"
        )
    try:
        yield from _sealed(path, where, remedy)
        opening.connect(path, id_).close()
        # Nothing is written, not even what does not fit in memory.
        with contextlib.closing(private()) as con:
            anew.attach(con, store.snapshot(id_), "kept")
            con.execute("USE kept")
            contacts[id_] = int(one(con, "SELECT count(*) FROM contacts")[0])
            yield from _inside(con, where)
    except UserError as error:
        if path.exists():  # else pruned by a load that ran meanwhile
            yield _error(where, str(error).removeprefix(f"{where} ").partition("; ")[0], remedy)
    except duckdb.Error as error:
        if not opening.damage(error):
            raise
        yield _error(where, "a part of it cannot be read", remedy)


def _sealed(path: Path, where: str, remedy: str) -> Iterator[Finding]:
    """Is the file what was published, byte for byte?"""
    sealed = seals.read(path)
    if sealed is None:
        yield _note(
            where, "no hash recorded", "made by an earlier edition; a load makes one that has"
        )
        return
    try:
        if seals.sha256(path) != sealed.sha256:
            yield _error(where, "its file is not the one that was published", remedy)
    except OSError as error:
        if path.exists():
            yield _error(where, f"cannot be read ({error.strerror})", remedy)


def _inside(con: duckdb.DuckDBPyConnection, where: str) -> Iterator[Finding]:
    """Is the schema that of an edition, are keys unique, and does every rule hold?"""
    have: dict[str, dict[str, str]] = {}
    for table, name, kind in con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE database_name = 'kept' AND schema_name = 'main'"
    ).fetchall():
        have.setdefault(table, {})[name] = kind
    lacking, odd = _differences(have)
    if lacking:
        some = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if lacking[3:] else "")
        yield _note(
            where, f"made by an earlier edition: lacks {some}", "the next load fills what it can"
        )
    for what in odd:
        yield _error(
            where,
            f"{what}, which this edition does not know",
            "use the edition that made it, or restore the snapshot from a backup",
        )
    for table in schema.tables().values():
        if table.key and not set(table.key) - set(have.get(table.name, ())):
            keys = ", ".join(table.key)
            twice = f"SELECT count(*) FROM (FROM {table.name} GROUP BY {keys} HAVING count(*) > 1)"
            if n := one(con, twice.replace("(FROM", f"(SELECT {keys} FROM"))[0]:
                yield _error(where, f"{table.name} has {n:,} keys more than once", _REPORT)
    for name, sql in checks.rules().items():
        try:
            broken = one(con, sql)[0]
        except (duckdb.CatalogException, duckdb.BinderException):
            if not lacking:  # an earlier edition may lack what a rule is about
                raise
            continue
        if broken:
            yield _error(where, f"the rule '{name}' is broken by {broken:,} rows", _REPORT)


def _differences(have: dict[str, dict[str, str]]) -> tuple[list[str], list[str]]:
    """What a snapshot lacks of the present schema, and what it has that the schema does not."""
    lacking, odd = [], []
    wanted = {t.name: {c.name: c.sql_type for c in t.columns} for t in schema.tables().values()}
    for table, columns in wanted.items():
        if table not in have:
            lacking.append(table)
            continue
        lacking += [f"{table}.{c}" for c in columns if c not in have[table]]
        odd += [
            f"{table}.{c} is a {have[table][c]}"
            for c, kind in columns.items()
            if c in have[table] and have[table][c] != kind
        ]
        odd += [f"has the column {table}.{c}" for c in have[table] if c not in columns]
    found = have.get("encounters", {})
    lacking += [f"encounters.{c}" for c in encounters.columns() if c not in found]
    odd += [
        f"has the table {t}"
        for t in sorted(set(have) - set(wanted) - {"encounters"} - prepared.NAMES)
    ]
    return lacking, odd


def _copies(store: Store) -> Iterator[Finding]:
    """Does every de-identified copy belong to a snapshot that is kept?"""
    folder = store.root / "analysis"
    kept = set(_ids(store))
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in kept:
            yield _error(path, "a copy of a snapshot that is not kept", "delete the folder")


def _files(store: Store) -> Iterator[Finding]:
    """Can the files beside the snapshots be read as what they are?"""
    readers: tuple[Callable[[], object], ...] = (
        lambda: store.settings,
        lambda: swaps.lines(store),
        lambda: holds.listed(store),
        lambda: saved.visible(store.root, ""),
    )
    for read in readers:
        try:
            read()
        except UserError as error:
            yield _told(error)
    for path in sorted(store.snapshots_dir.glob("[0-9]*.json")):
        if path.stem in _ids(store):
            with contextlib.suppress(OSError):
                try:
                    seals.read(path)
                except UserError as error:
                    yield _told(error)


def _undone(store: Store) -> Iterator[Finding]:
    """Did a restore bring back what had been purged?"""
    try:
        undone = swaps.to_repeat(store)
    except UserError as error:
        yield _told(error)
        return
    for at in undone:
        yield _error(
            store.root,
            f"the backup restored here was made before the purge of {at[:10]}, and what that removed is back",
            "purge again with the same file",
        )


def _leftovers(store: Store) -> Iterator[Finding]:
    """What crashes left behind, or a load that is under way is using."""
    left = [p for p in store.snapshots_dir.iterdir() if p.name.startswith(".")]
    for kind in ("current", "secret", "private"):
        left += store.root.glob(f".{kind}-*")
    files = {p.stem for p in store.snapshots_dir.glob("*.duckdb")}
    left += [p for p in store.snapshots_dir.glob("*.json") if p.stem not in files]
    for path in sorted(set(left)):
        yield _note(
            path.relative_to(store.root),
            "left by a load that was stopped, or of one under way",
            "the next load sweeps it",
        )
    with contextlib.suppress(UserError):
        if swaps.pending(store):
            yield _note(store.root, "a purge was interrupted", "the next purge or load finishes it")


def _audit(store: Store) -> Iterator[Finding]:
    """Is the chain of the audit log whole?"""
    try:
        found = audit.verify(store.root)
    except UserError as error:
        yield _told(error)
        return
    for problem in found.problems:
        yield _error("audit log", problem, "find out who could write to the store's folder")
    for note in found.notes:
        yield _note("audit log", note, "nothing to do")
