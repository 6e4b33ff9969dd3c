"""Open snapshots: each once per process, read-only, and only if it is what its name says.

DuckDB keeps a checksum of every block and refuses one that does not match, when it reads it: a flipped bit
is an error, sooner or later, and never a wrong number. What it cannot know is whether the file is ours.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from pathlib import Path

import duckdb

from data import schema, seals
from data.errors import UserError

READ_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
ROLL_BACK = "roll back to another with `python -m data rollback`"
ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}")

_OPEN_SNAPSHOTS = 8
_connections: dict[str, duckdb.DuckDBPyConnection] = {}
_lock = threading.Lock()
# Files found damaged, as they were then: mended or replaced, they are tried again.
_damaged: dict[str, tuple[int, int, int]] = {}
# What DuckDB says of a file that is not whole, and the operating system of one that is out of reach.
_DAMAGE = re.compile(
    r"[Cc]orrupt|not a valid DuckDB|[Cc]ould not read|Stale file|Input/output error"
)


def cursor(path: Path, id_: str) -> duckdb.DuckDBPyConnection:
    """Return a cursor of this process's one connection to a snapshot; ``UserError`` if it is unusable."""
    with _lock:
        if str(path) in _damaged and _damaged[str(path)] == _state(path):
            raise _unusable(id_, "is damaged")
        connection = _connections.pop(str(path), None) or connect(path, id_)
        # What was deleted in the meantime keeps its place on the disk while it is open.
        for gone in [p for p in _connections if not Path(p).exists()]:
            del _connections[gone]
        # The last used stay open. Dropped, not closed: cursors handed out still work.
        _connections[str(path)] = connection
        for oldest in list(_connections)[:-_OPEN_SNAPSHOTS]:
            del _connections[oldest]
        return connection.cursor()


def connect(path: Path, id_: str) -> duckdb.DuckDBPyConnection:
    """Open a snapshot by itself; raise ``UserError`` that says why it cannot be."""
    try:
        sealed = seals.read(path)
    except UserError:  # `verify` says so; the snapshot itself may be sound
        sealed = None
    with contextlib.suppress(OSError):
        if sealed and path.stat().st_size != sealed.size:
            raise _unusable(id_, "is not as long as when it was published")
    try:
        connection = duckdb.connect(str(path), read_only=True, config=READ_CONFIG)
    except duckdb.Error as error:
        raise _unusable(id_, *_why(path, error)) from None
    try:
        if not _is(connection, path, id_):
            connection.close()
            raise _unusable(id_, "is another database than the one that was published")
    except duckdb.Error:
        connection.close()
        raise _unusable(id_, "is damaged") from None
    return connection


def damage(error: BaseException) -> bool:
    """Say whether an error comes from a snapshot that is not whole, or no longer within reach."""
    return isinstance(error, (duckdb.Error, OSError)) and bool(_DAMAGE.search(str(error)))


def damaged(id_: str) -> UserError:
    """Return what to say of a snapshot that opened, and of which a part cannot be read."""
    return _unusable(id_, "is damaged")


def note_damage(path: Path) -> None:
    """Remember that reading a snapshot failed: it is not used again until its file is another."""
    with _lock:
        _connections.pop(str(path), None)
        if state := _state(path):
            _damaged[str(path)] = state


def forget() -> None:
    """Open every snapshot anew when it is next asked for: what they lie on may have come back as another."""
    with _lock:
        _connections.clear()


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is(connection: duckdb.DuckDBPyConnection, path: Path, id_: str) -> bool:
    """Say whether a database is the snapshot of this id: its load's time is that of its id.

    A purge changes only what follows the time. A file that lies elsewhere is no snapshot of a store.
    """
    if not ID.fullmatch(id_) or path.stem != id_:
        return True
    try:
        found = connection.execute(
            "SELECT count(*) FROM loads WHERE starts_with(load_id, ?)", [id_.split("-")[0]]
        ).fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):
        return False
    return bool(found and found[0])


def _why(path: Path, error: duckdb.Error) -> tuple[str, str]:
    """Why a file could not be opened, and what to do."""
    if not path.exists():
        return "is gone", ROLL_BACK
    if not os.access(path, os.R_OK):
        return "may not be read by this account", f"give it read access to {path}"
    if "onflicting lock" in str(error):
        return "is open for writing in another program", "close it there"
    return "is damaged or no snapshot", ROLL_BACK


def _unusable(id_: str, why: str, remedy: str = ROLL_BACK) -> UserError:
    return UserError(f"snapshot {id_} {why} and cannot be opened; {remedy}")


def refuse_later_edition(
    con: duckdb.DuckDBPyConnection, database: str, id_: str, instead: str
) -> None:
    """Raise ``UserError`` for an attached snapshot with what this edition would lose in writing it anew."""
    from data import prepared  # which needs the registry, and opening a file does not

    rows = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ?", [database]
    ).fetchall()
    made_anew = {"encounters"} | prepared.NAMES
    declared = schema.declared()
    if odd := [f"{t}.{c}" for t, c in rows if t not in made_anew and c not in declared.get(t, {})]:
        raise UserError(
            f"snapshot {id_} was written by a later edition (it has {odd[0]}); {instead}"
        )
