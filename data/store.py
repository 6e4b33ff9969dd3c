"""The store: immutable snapshots, one pointer, one lock. Loads publish; readers only read.

Layout of a store folder::

    secret               key of the hashes, readable by its owner only
    settings.toml        the agency's settings, optional
    current              the id of the snapshot in use
    lock                 held by the one load that is writing
    snapshots/<id>.duckdb

A crash at any instant leaves the last good snapshot in use: a snapshot is built under another name,
flushed to disk, and only then does the pointer move, by one atomic rename.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from data import settings
from data.errors import StoreLockedError, UserError

READ_CONFIG = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}

_connections: dict[str, duckdb.DuckDBPyConnection] = {}
_connections_lock = threading.Lock()


@dataclass(frozen=True)
class Snapshot:
    """One published, read-only state of the store."""

    id: str
    path: Path

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of this process's one read-only connection to the snapshot.

        Raises ``UserError`` if a write-ahead log lies beside it: opening would replay it unseen.
        """
        wal = self.path.with_name(self.path.name + ".wal")
        if wal.exists():
            raise UserError(
                f"snapshot {self.id} has a write-ahead log beside it and is refused;"
                " roll back to another with `python -m data rollback`"
            )
        with _connections_lock:
            connection = _connections.get(str(self.path))
            if connection is None:
                try:
                    connection = duckdb.connect(str(self.path), read_only=True, config=READ_CONFIG)
                except duckdb.Error:
                    raise UserError(
                        f"snapshot {self.id} cannot be opened;"
                        " roll back to another with `python -m data rollback`"
                    ) from None
                _connections[str(self.path)] = connection
            return connection.cursor()


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
    """A store folder. Creating the object touches nothing on disk."""

    def __init__(self, root: Path | str | None = None) -> None:
        self.root = Path(root) if root else default_root()
        self.snapshots_dir = self.root / "snapshots"
        self.pointer = self.root / "current"

    def prepare(self) -> None:
        """Create the store's folders; raise ``UserError`` if it cannot be."""
        try:
            self.snapshots_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{self.root}: cannot create the store ({error.strerror}); give another --store"
            ) from None

    @property
    def settings(self) -> settings.Settings:
        """The agency's settings; the defaults where there is no settings file."""
        return settings.read(self.root / "settings.toml")

    def secret(self) -> str:
        """Return the store's key for hashes, making it on first use (32 random bytes, mode 0600)."""
        path = self.root / "secret"
        self.prepare()
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
        value = path.read_text(encoding="ascii").strip()
        if not value:
            raise UserError(f"{path}: the store's secret is empty; restore it from a backup")
        return value

    @contextlib.contextmanager
    def lock(self, timeout: float = 0) -> Iterator[None]:
        """Hold the store's one write lock; raise ``StoreLockedError`` if another load has it."""
        self.prepare()
        lock = FileLock(self.root / "lock")
        try:
            lock.acquire(timeout=timeout)
        except Timeout:
            raise StoreLockedError(
                f"{self.root}: another load is writing to this store; try again when it is done"
            ) from None
        try:
            yield
        finally:
            lock.release()

    def current_id(self) -> str | None:
        """Return the id of the snapshot in use, or None before the first load."""
        try:
            return self.pointer.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def path_of(self, id_: str) -> Path:
        """Return where a snapshot lies."""
        return self.snapshots_dir / f"{id_}.duckdb"

    def current(self) -> Snapshot:
        """Return the snapshot in use; raise ``UserError`` if there is none."""
        id_ = self.current_id()
        if id_ is None:
            raise UserError(
                f"{self.root}: the store is empty; load an export with `python -m data load`"
            )
        return self.snapshot(id_)

    def snapshot(self, id_: str) -> Snapshot:
        """Return a kept snapshot; raise ``UserError`` if it is gone."""
        path = self.path_of(id_)
        if not path.is_file():
            raise UserError(
                f"there is no snapshot {id_}; `python -m data snapshots` lists those kept"
            )
        return Snapshot(id_, path)

    def ids(self) -> list[str]:
        """Return the kept snapshots' ids, newest first."""
        if not self.snapshots_dir.is_dir():
            return []
        return sorted((p.stem for p in self.snapshots_dir.glob("[0-9]*.duckdb")), reverse=True)

    def new_id(self) -> str:
        """Return an id never used before: the time in UTC and a random tail."""
        return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"

    def building_path(self, id_: str) -> Path:
        """Return where a snapshot is built before anyone can see it."""
        return self.snapshots_dir / f".building-{id_}.duckdb"

    def publish(self, id_: str, building: Path) -> Snapshot:
        """Make a finished, closed snapshot the one in use. Call with the lock held.

        Raises ``UserError`` if the file still has a write-ahead log.
        """
        if building.with_name(building.name + ".wal").exists():
            raise UserError(f"snapshot {id_} was not checkpointed; nothing was published")
        _fsync(building)
        building.chmod(0o444)
        final = self.path_of(id_)
        building.rename(final)
        _fsync(self.snapshots_dir)
        self.point_to(id_)
        self.prune()
        return Snapshot(id_, final)

    def point_to(self, id_: str) -> None:
        """Move the pointer to a kept snapshot, atomically."""
        self.snapshot(id_)
        temporary = self.root / f".current-{secrets.token_hex(4)}"
        with temporary.open("w", encoding="ascii") as file:
            file.write(id_ + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.pointer)
        _fsync(self.root)

    def rollback(self, id_: str | None = None) -> Snapshot:
        """Point to an earlier snapshot (the one before the current, or ``id_``)."""
        with self.lock():
            current = self.current_id()
            if id_ is None:
                earlier = [i for i in self.ids() if current is None or i < current]
                if not earlier:
                    raise UserError("there is no earlier snapshot to roll back to")
                id_ = earlier[0]
            self.point_to(id_)
            return self.snapshot(id_)

    def prune(self) -> None:
        """Remove all but the newest snapshots and the one in use, and what crashed loads left."""
        keep = set(self.ids()[: self.settings.snapshots_kept]) | {self.current_id()}
        for path in self.snapshots_dir.iterdir():
            abandoned = path.name.startswith(".building-")
            old = path.suffix == ".duckdb" and path.stem not in keep
            if abandoned or old:
                # A reader may still have it open; Windows then refuses, and the next load tries again.
                with contextlib.suppress(OSError):
                    path.unlink()


def _fsync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBADF):  # some file systems cannot sync a folder
            raise
    finally:
        os.close(handle)
