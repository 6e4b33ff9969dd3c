"""Write tables where nothing is yet: beside the name they will have, and then under it, all or none."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from data import anew
from data.errors import UserError
from data.extract import codebook
from data.extract.build import Table
from data.sql import literal, one, private, quote
from data.store import Snapshot, Store

COPY = {
    "parquet": "FORMAT parquet, COMPRESSION zstd",
    "csv": f"FORMAT csv, HEADER, TIMESTAMPFORMAT '{codebook.TIMESTAMP}', DATEFORMAT '%Y-%m-%d'",
}
_READ = {
    "parquet": "read_parquet({})",
    "csv": "read_csv({}, header = true, all_varchar = true)",
}


@contextlib.contextmanager
def connected(snapshot: Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory beside the snapshot: nothing that knows an old key is ever on disk."""
    snapshot.refuse_log()
    with contextlib.closing(private()) as con:
        try:
            anew.attach(con, snapshot, "store")
        except duckdb.Error:
            raise UserError(f"snapshot {snapshot.id} cannot be opened") from None
        yield con


@contextlib.contextmanager
def sibling(out: Path) -> Iterator[Path]:
    """A name beside ``out`` to write to, of which nothing stays; a full disk becomes one line."""
    building = out.with_name(f".{out.name}.part-{secrets.token_hex(4)}")
    try:
        yield building
    except duckdb.OutOfMemoryException:
        raise UserError(
            f"{out}: this machine has too little memory for it; ask for a shorter period"
            " with --from and --to; nothing was left"
        ) from None
    except (OSError, duckdb.Error) as error:
        if not (why := _full(error)):
            raise
        raise UserError(f"{out}: cannot be written ({why}); nothing was left") from None
    finally:
        if building.is_dir():
            shutil.rmtree(building, ignore_errors=True)
        for path in (building, building.with_name(building.name + ".wal")):
            path.unlink(missing_ok=True)


def _full(error: BaseException) -> str:
    """Return in words what is wrong with the disk, or nothing where it is something else."""
    if isinstance(error, OSError):
        return os.strerror(error.errno) if error.errno else str(error)
    text = str(error).lower()
    for code in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES, errno.EROFS):
        if os.strerror(code).lower() in text:
            return os.strerror(code)
    return text.splitlines()[0] if isinstance(error, duckdb.IOException) else ""


def put(building: Path, out: Path) -> None:
    """Give what is finished its name; raise ``UserError`` if that is taken, even since a moment ago."""
    store = Store(out.absolute().parent)
    for path in (*building.iterdir(), building) if building.is_dir() else (building,):
        store.flush(path)
    there = UserError(f"{out}: is already there; give another --out or remove it")
    if building.is_dir():
        if os.name == "nt" and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        try:
            building.rename(out)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR) or out.exists():
                raise there from None
            raise
    else:
        try:
            os.link(building, out)  # a rename would write over what came in the meantime
        except FileExistsError:
            raise there from None
        except OSError:  # a disk without links
            if out.exists():
                raise there from None
            building.rename(out)
    store.flush(out.absolute().parent)


def tables(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    kind: str,
    tables: list[Table],
    progress: Callable[[str], None],
) -> dict[str, int]:
    """Write one file per table; return their rows."""
    rows = {}
    for table in tables:
        path = folder / f"{table.name}.{kind}"
        (n,) = one(con, f"COPY ({table.sql}) TO {literal(str(path))} ({COPY[kind]})")
        rows[table.name] = int(n)
        if n:
            progress(f"{table.name}: {n:,} rows")
    return rows


def sources(folder: Path, kind: str) -> Callable[[str], str]:
    """Return how a query reads a table that was written: name -> SQL."""
    return lambda name: _READ[kind].format(literal(str(folder / f"{name}.{kind}")))


def say(
    con: duckdb.DuckDBPyConnection, where: str, tables: list[Table], manifest: dict[str, Any]
) -> None:
    """Make the tables ``codebook`` and ``manifest``, in a schema of their own where none is given."""
    if not where:
        con.execute("CREATE SCHEMA said")
        where = "said"
    listed = ", ".join(f"{quote(c)} VARCHAR" for c in codebook.HEAD)
    con.execute(f"CREATE TABLE {where}.codebook ({listed})")
    marks = ", ".join("?" for _ in codebook.HEAD)
    con.execute("BEGIN")
    con.executemany(f"INSERT INTO {where}.codebook VALUES ({marks})", codebook.rows(tables))
    con.execute(f"CREATE TABLE {where}.manifest (name VARCHAR, value VARCHAR)")
    con.executemany(
        f"INSERT INTO {where}.manifest VALUES (?, ?)",
        [(k, v if isinstance(v, str) else json.dumps(v)) for k, v in manifest.items()],
    )
    con.execute("COMMIT")


def described(path: Path) -> dict[str, Any]:
    """Return what a manifest says of a file."""
    return {"sha256": sha256(path), "bytes": path.stat().st_size}


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
