"""The store: immutable snapshots, one pointer, one lock. Loads publish; readers only read.

Layout of a store folder::

    secret               key of the hashes, readable by its owner only
    settings.toml        the agency's settings, optional
    current              the id of the snapshot in use
    lock                 held by the one load or purge that is writing
    legal_holds.json     what the agency keeps from a purge, as keyed hashes, optional
    purges.jsonl         that something was purged, never what
    snapshots/<id>.duckdb
    snapshots/<id>.json  its seal: what the file was when it was published, byte for byte
    analysis/<id>/       the de-identified copy that people's own SQL runs over, made on first use

A crash at any instant leaves the last good snapshot in use: a snapshot is built under another name,
flushed to disk, and only then does the pointer move, by one atomic rename.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
from filelock import FileLock, Timeout

from data import audit, opening, publishing, seals, secret, settings, swaps
from data.audit import noticed
from data.errors import StoreGoneError, StoreLockedError, UserError
from data.opening import READ_CONFIG, ROLL_BACK
from data.roles import Right, Role

if TYPE_CHECKING:
    from data.warehouse import Warehouse

__all__ = ["READ_CONFIG", "Snapshot", "Store", "default_root"]

_TIME = "%Y%m%dT%H%M%S%f"
# Stores this process has read from: one that is gone went away, and is not about to be made.
_seen: set[Path] = set()


@dataclass(frozen=True)
class Snapshot:
    """One published, read-only state of the store, and the role of whoever opened it.

    With a ``warehouse`` it is that warehouse's one table instead, and has no file.
    """

    id: str
    path: Path
    role: Role = Role.ADMINISTRATOR
    warehouse: Warehouse | None = None

    @property
    def store(self) -> Store:
        """The store it lies in, for the same role."""
        return Store(self.path.parent.parent, self.role)

    def to_publish(self) -> Snapshot:
        """Return it for code that withholds small counts from what it returns, whoever asks.

        The one way past the check of ``cursor``. ``tests/test_house.py`` lists the modules that may
        call it. What it opens never sees what is privileged. Raises ``UserError`` for a warehouse: it keeps
        no earlier state that what is published today could be subtracted from.
        """
        if self.warehouse:
            raise UserError(
                "what may be published is decided on the snapshots of a store, and a warehouse keeps"
                " none; ask without the setting warehouse"
            )
        return replace(self, role=Role.ANALYST)

    def refuse_log(self) -> None:
        """Raise ``UserError`` if a write-ahead log lies beside it: opening would replay it unseen."""
        if self.path.with_name(self.path.name + ".wal").exists():
            raise UserError(
                f"snapshot {self.id} has a write-ahead log beside it and is refused; {ROLL_BACK}"
            )

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of this process's one read-only connection to the snapshot.

        Raises ``NotAllowedError`` unless the role may see the agency's own figures, ``UserError`` if
        the snapshot cannot be opened, has a write-ahead log beside it, or is a warehouse's table.
        """
        self.role.need(Right.FIGURES)
        if self.warehouse:
            raise UserError(
                f"{self.warehouse.table}: the warehouse has only encounters, and this needs the tables of a"
                " store; load the export into one and ask without the setting warehouse"
            )
        return self._open()

    def probe(self) -> None:
        """Raise ``UserError`` if it cannot be opened, whoever asks."""
        self._open().close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        self.refuse_log()
        try:
            return opening.cursor(self.path, self.id)
        except UserError:
            if why := swaps.gone(self.store, self.id):
                raise UserError(why) from None
            raise


def default_root() -> Path:
    """Return the store folder: ``CIT_STORE``, else a folder in the user's data directory."""
    if chosen := os.environ.get("CIT_STORE"):
        return Path(chosen)
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return base / "cit-outcomes"


class Store:
    """A store folder, opened by someone of a role. Creating the object touches nothing on disk.

    Whoever runs a command can read the folder's files, and is its administrator; whoever comes over
    the network has the role that the dashboard gives them.
    """

    def __init__(self, root: Path | str | None = None, role: Role = Role.ADMINISTRATOR) -> None:
        self.root = Path(root) if root else default_root()
        self.role = role
        self.snapshots_dir = self.root / "snapshots"
        self.pointer = self.root / "current"

    def prepare(self) -> None:
        """Create the store's folders; raise ``UserError`` if it cannot be."""
        self._refuse_gone()
        try:
            self.snapshots_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.root}: cannot create the store ({error.strerror}); give another --store"
            ) from None

    def _refuse_gone(self) -> None:
        """Raise ``StoreGoneError`` if the store was there and is not: never make another in its place."""
        if self.root.absolute() in _seen and not self.snapshots_dir.is_dir():
            raise StoreGoneError(
                f"{self.root}: the store was here and is gone; connect the disk or network folder it is"
                " on again: nothing is lost, and work goes on when it is back"
            )

    @property
    def settings(self) -> settings.Settings:
        """The agency's settings; the defaults where there is no settings file."""
        path = self.root / "settings.toml"
        found = settings.read(path)
        noticed.settings(path, found)
        return found

    def secret(self) -> str:
        """Return the store's key for hashes, making it on first use (32 random bytes, mode 0600).

        Raises ``UserError`` if it is lost, or another than the one its snapshots' hashes were made with:
        under another key every contact would come in a second time.
        """
        return secret.read(self)

    @contextlib.contextmanager
    def lock(self, timeout: float = 0) -> Iterator[None]:
        """Hold the store's one write lock: whatever changes the store does so with it.

        Raises ``NotAllowedError`` unless the role may load, ``StoreLockedError`` if another load has it.
        """
        self.role.need(Right.LOAD)
        self.prepare()
        lock = FileLock(self.root / "lock")
        try:
            lock.acquire(timeout=timeout)
        except OSError as error:
            if isinstance(error, Timeout):
                raise StoreLockedError(
                    f"{self.root}: another load is writing to this store; try again when it is done"
                ) from None
            raise UserError(
                f"{self.root}: cannot write to the store ({error.strerror or error});"
                " check who owns the folder or give another --store"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def current_id(self) -> str | None:
        """Return the id of the snapshot in use, or None before the first load.

        Raises ``StoreGoneError`` if the store was there and is not, ``UserError`` if the pointer is lost
        or damaged: taken for an empty store, it would have the next load begin from nothing.
        """
        try:
            named = self.pointer.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            self._refuse_gone()
            named = ""
        except UnicodeDecodeError:
            named = "no id"
        except OSError as error:
            raise StoreGoneError(
                f"{self.pointer}: cannot be read ({error.strerror}); connect the disk or network folder it"
                " is on, or give this account read access: nothing is lost"
            ) from None
        if opening.ID.fullmatch(named):
            _seen.add(self.root.absolute())
            return named
        if named:
            raise UserError(f"{self.pointer}: cannot be read; {ROLL_BACK}")
        if self.ids():
            raise UserError(
                f"{self.pointer}: names no snapshot, though some are kept; `python -m data rollback` uses"
                " the newest again"
            )
        return None

    def pointed(self) -> str | None:
        """Return the id that the pointer holds, None for whatever is none."""
        try:
            named = self.pointer.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return named if opening.ID.fullmatch(named) else None

    def path_of(self, id_: str) -> Path:
        """Return where a snapshot lies."""
        return self.snapshots_dir / f"{id_}.duckdb"

    def analysis_of(self, id_: str) -> Path:
        """Return where the de-identified copy of a snapshot lies; it goes with the snapshot."""
        return self.root / "analysis" / id_

    def current(self) -> Snapshot:
        """Return the snapshot in use; raise ``UserError`` if there is none."""
        id_ = self.current_id()
        if id_ is None:
            raise UserError(
                f"{self.root}: the store is empty; load an export with `python -m data load`"
            )
        try:
            return self.snapshot(id_)
        except UserError:
            # A purge may have put another in its place since the pointer was read.
            now = self.current_id()
            if now in (None, id_):
                raise
            return self.snapshot(str(now))

    def snapshot(self, id_: str) -> Snapshot:
        """Return a kept snapshot; raise ``UserError`` if it is gone, or a purge wrote it anew."""
        path = self.path_of(id_)
        if not path.is_file():
            why = swaps.gone(self, id_) or f"there is no snapshot {id_!r}"
            raise UserError(
                f"{why}; `python -m data snapshots` lists those kept, `python -m data rollback` uses one"
            )
        return Snapshot(id_, path, self.role)

    def ids(self) -> list[str]:
        """Return the kept snapshots' ids, newest first."""
        if not self.snapshots_dir.is_dir():
            return []
        stems = self._files()
        if leaving := swaps.pending(self):  # purged; still there until that is finished
            stems -= {old for old, new in leaving.items() if new in stems}
        # What a load left that was killed before the pointer moved was never in use.
        if marks := seals.marks(self.snapshots_dir):
            stems -= {id_ for id_ in marks if id_ != self.pointed()}
        return sorted((stem for stem in stems if opening.ID.fullmatch(stem)), reverse=True)

    def _files(self) -> set[str]:
        return {p.stem for p in self.snapshots_dir.glob("*.duckdb")}

    def new_id(self) -> str:
        """Return an id never used before: the time in UTC and a random tail.

        Later than every kept one, even if the clock was set back: the newest is the last published.
        """
        time = f"{datetime.now(UTC):{_TIME}}"
        last = max((i.split("-")[0] for i in [*self.ids(), self.pointed() or ""]), default="")
        if time <= last:
            time = f"{datetime.strptime(last, _TIME) + timedelta(microseconds=1):{_TIME}}"
        return f"{time}-{secrets.token_hex(3)}"

    def id_like(self, id_: str) -> str:
        """Return an id never used before with the time of another: it keeps its place in the order."""
        used = {i for line in swaps.lines(self) for pair in line["snapshots"].items() for i in pair}
        used |= set(self.ids()) | {id_}
        while (new := f"{id_.split('-')[0]}-{secrets.token_hex(3)}") in used:
            pass
        return new

    def building_path(self, id_: str) -> Path:
        """Return where a snapshot is built before anyone can see it."""
        return self.snapshots_dir / f".building-{id_}.duckdb"

    def publish(self, id_: str, building: Path) -> Snapshot:
        """Make a finished, closed snapshot the one in use. Call with the lock held.

        Raises ``UserError`` if the file still has a write-ahead log, ``OSError`` if the disk fails;
        the snapshot in use then stays.
        """
        publishing.publish(self, id_, building)
        return Snapshot(id_, self.path_of(id_), self.role)

    def point_to(self, id_: str) -> None:
        """Move the pointer to a kept snapshot, atomically."""
        self.snapshot(id_)
        self.write_private(self.pointer.name, id_ + "\n", mode=0o644)

    def write_private(self, name: str, text: str, mode: int = 0o600) -> None:
        """Write a file of the store folder, all of it or nothing; only its owner reads it as a rule."""
        temporary = self.root / f".private-{secrets.token_hex(4)}"
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.root / name)
        finally:
            temporary.unlink(missing_ok=True)
        self.flush(self.root)

    def flush(self, path: Path) -> None:
        """Have a file or folder of the store on disk before going on."""
        publishing.flush(path)

    def rollback(self, id_: str | None = None, who: str | None = None) -> Snapshot:
        """Point to another kept snapshot: ``id_``, else the newest usable one before the current.

        ``who`` is named in the audit log; who runs the command if None. Raises ``NotAllowedError`` unless
        the role may load, ``UserError`` if there is none, or if ``id_`` is gone or cannot be opened.
        """
        self.role.need(Right.LOAD)
        with self.lock():
            swaps.finish(self)
            publishing.settle(self)
            chosen = self.snapshot(id_) if id_ else self._earlier()
            if chosen.id in swaps.pending(self):
                raise UserError(f"snapshot {chosen.id!r} was purged; roll back to another")
            chosen.cursor().close()
            before = self.pointed()
            audit.record(
                self.root, "rollback", who or audit.local(), snapshot=chosen.id, before=before
            )
            try:
                self.point_to(chosen.id)
            except OSError as error:
                raise UserError(
                    f"{self.root}: cannot write to the store ({error.strerror});"
                    " free space on that disk; nothing was changed"
                ) from None
            return chosen

    def _earlier(self) -> Snapshot:
        try:
            current = self.current_id()
        except UserError:  # a damaged pointer is what a rollback mends
            current = None
        for id_ in self.ids():
            if current is None or id_ < current:
                snapshot = self.snapshot(id_)
                with contextlib.suppress(UserError):
                    snapshot.cursor().close()
                    return snapshot
        raise UserError("there is no earlier snapshot to roll back to")

    def prune(self) -> None:
        """Remove all but the newest snapshots and the one in use. Call with the lock held."""
        keep = {*self.ids()[: self.settings.snapshots_kept], self.current_id()}
        for id_ in self.ids():
            if id_ not in keep:
                path = self.path_of(id_)
                # A reader may have it open; Windows then refuses, and the next load tries again.
                with contextlib.suppress(OSError):
                    path.unlink()
                    for file in seals.beside(path):
                        file.unlink(missing_ok=True)
                shutil.rmtree(self.analysis_of(id_), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what crashed loads left, and finish a purge that crashed after it was decided.

        Call with the lock held: then no load is under way that these could belong to.
        """
        swaps.finish(self)
        publishing.settle(self)
        left = [*self.snapshots_dir.glob(".building-*")]
        left += [p for p in self.snapshots_dir.glob("*.json") if p.stem not in self._files()]
        for kind in ("current", "secret", "private"):
            left += self.root.glob(f".{kind}-*")
        for path in left:
            with contextlib.suppress(OSError):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()
