"""The store: immutable snapshots, one pointer, one lock. Loads publish; readers only read.

Layout of a store folder::

    secret               key of the hashes, readable by its owner only
    settings.toml        the agency's settings, optional
    current              the id of the snapshot in use
    lock                 held by the one load or purge that is writing
    legal_holds.json     what the agency keeps from a purge, as keyed hashes, optional
    purges.jsonl         that something was purged, never what
    snapshots/<id>.duckdb
    analysis/<id>/       the de-identified copy that people's own SQL runs over, made on first use

A crash at any instant leaves the last good snapshot in use: a snapshot is built under another name,
flushed to disk, and only then does the pointer move, by one atomic rename.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from data import settings, swaps
from data.errors import StoreLockedError, UserError

READ_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}

_ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}")
_ROLL_BACK = "roll back to another with `python -m data rollback`"

_OPEN_SNAPSHOTS = 8
_connections: dict[str, duckdb.DuckDBPyConnection] = {}
_connections_lock = threading.Lock()


@dataclass(frozen=True)
class Snapshot:
    """One published, read-only state of the store."""

    id: str
    path: Path

    def refuse_log(self) -> None:
        """Raise ``UserError`` if a write-ahead log lies beside it: opening would replay it unseen."""
        if self.path.with_name(self.path.name + ".wal").exists():
            raise UserError(
                f"snapshot {self.id} has a write-ahead log beside it and is refused; {_ROLL_BACK}"
            )

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of this process's one read-only connection to the snapshot.

        Raises ``UserError`` if the snapshot cannot be opened or has a write-ahead log beside it.
        """
        self.refuse_log()
        with _connections_lock:
            connection = _connections.pop(str(self.path), None)
            if connection is None:
                try:
                    connection = duckdb.connect(str(self.path), read_only=True, config=READ_CONFIG)
                except duckdb.Error:
                    why = swaps.gone(Store(self.path.parent.parent), self.id)
                    raise UserError(
                        why or f"snapshot {self.id} cannot be opened; {_ROLL_BACK}"
                    ) from None
                # What was deleted in the meantime keeps its place on the disk while it is open.
                for path in [p for p in _connections if not Path(p).exists()]:
                    del _connections[path]
            # The last used stay open. Dropped, not closed: cursors handed out still work.
            _connections[str(self.path)] = connection
            for oldest in list(_connections)[:-_OPEN_SNAPSHOTS]:
                del _connections[oldest]
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
        """Return the store's key for hashes, making it on first use (32 random bytes, mode 0600).

        Raises ``UserError`` if it is lost while snapshots hold hashes made with it: under another key
        every contact would come in a second time.
        """
        path = self.root / "secret"
        self.prepare()
        if not path.exists():
            if self.ids():
                raise UserError(
                    f"{path}: the store's secret is missing; restore it from a backup,"
                    " or start again with another --store"
                )
            self._make_secret(path)
        try:
            value = path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            value = ""
        if not value:
            raise UserError(f"{path}: the store's secret cannot be read; restore it from a backup")
        return value

    def _make_secret(self, path: Path) -> None:
        temporary = self.root / f".secret-{secrets.token_hex(4)}"
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            # Only a whole secret gets the name, and the first one keeps it.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, timeout: float = 0) -> Iterator[None]:
        """Hold the store's one write lock; raise ``StoreLockedError`` if another load has it."""
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
        """Return the id of the snapshot in use, or None before the first load."""
        try:
            return self.pointer.read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise UserError(f"{self.pointer}: cannot be read; {_ROLL_BACK}") from None

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
            raise UserError(f"{why}; `python -m data snapshots` lists those kept")
        return Snapshot(id_, path)

    def ids(self) -> list[str]:
        """Return the kept snapshots' ids, newest first."""
        if not self.snapshots_dir.is_dir():
            return []
        stems = {p.stem for p in self.snapshots_dir.glob("*.duckdb")}
        if leaving := swaps.pending(self):  # purged; still there until that is finished
            stems -= {old for old, new in leaving.items() if new in stems}
        return sorted((stem for stem in stems if _ID.fullmatch(stem)), reverse=True)

    def new_id(self) -> str:
        """Return an id never used before: the time in UTC and a random tail."""
        return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"

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
        if building.with_name(building.name + ".wal").exists():
            raise UserError(f"snapshot {id_} was not checkpointed; nothing was published")
        self.flush(building)
        building.chmod(0o444)
        final = self.path_of(id_)
        building.rename(final)
        try:
            self.flush(self.snapshots_dir)
            self.point_to(id_)
        except BaseException:
            if self.current_id() != id_:
                final.unlink(missing_ok=True)
            raise
        self.prune()
        return Snapshot(id_, final)

    def point_to(self, id_: str) -> None:
        """Move the pointer to a kept snapshot, atomically."""
        self.snapshot(id_)
        temporary = self.root / f".current-{secrets.token_hex(4)}"
        try:
            with temporary.open("w", encoding="ascii") as file:
                file.write(id_ + "\n")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.pointer)
        finally:
            temporary.unlink(missing_ok=True)
        self.flush(self.root)

    def write_private(self, name: str, text: str) -> None:
        """Write a file of the store folder, all of it or nothing, readable by its owner only."""
        temporary = self.root / f".private-{secrets.token_hex(4)}"
        try:
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
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
        _fsync(path)

    def rollback(self, id_: str | None = None) -> Snapshot:
        """Point to another kept snapshot: ``id_``, else the newest usable one before the current.

        Raises ``UserError`` if there is none, or if ``id_`` is gone or cannot be opened.
        """
        with self.lock():
            swaps.finish(self)
            chosen = self.snapshot(id_) if id_ else self._earlier()
            if chosen.id in swaps.pending(self):
                raise UserError(f"snapshot {chosen.id!r} was purged; roll back to another")
            chosen.cursor().close()
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
                    path.with_name(path.name + ".wal").unlink(missing_ok=True)
                shutil.rmtree(self.analysis_of(id_), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what crashed loads left, and finish a purge that crashed after it was decided.

        Call with the lock held: then no load is under way that these could belong to.
        """
        swaps.finish(self)
        left = [*self.snapshots_dir.glob(".building-*")]
        for kind in ("current", "secret", "private"):
            left += self.root.glob(f".{kind}-*")
        for path in left:
            with contextlib.suppress(OSError):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _fsync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems cannot sync a folder.
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(handle)
