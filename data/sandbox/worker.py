"""The process that runs one person's statements. Started by ``session`` only: never import it elsewhere.

Standard input and output carry messages of JSON; an answer's table follows its message as an Arrow
stream, a message of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

from data.sandbox.statement import UnfitError, prepare
from data.sandbox.wire import receive, send
from data.sql import literal

_BATCH = 2_048
_PATH = re.compile(r"""["']?(?:[A-Za-z]:)?[\\/][^\s"',;)]*["']?""")


def open_copy(folder: Path, memory_mb: int) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that holds the copy, and can reach nothing else any more."""
    con = duckdb.connect(
        config={
            "threads": "1",
            "memory_limit": f"{memory_mb}MB",
            "temp_directory": "",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_unsigned_extensions": "false",
        }
    )
    con.execute("SET TimeZone = 'UTC'")
    for file in sorted(folder.glob("*.parquet")):
        con.execute(f'CREATE TABLE "{file.stem}" AS FROM read_parquet({literal(str(file))})')
    comments = folder / "comments.json"
    if comments.is_file():
        for name, text in json.loads(comments.read_text(encoding="utf-8")).items():
            with contextlib.suppress(duckdb.Error):
                con.execute(f"COMMENT ON {name} IS {literal(text)}")
    for setting in (
        "enable_progress_bar = false",
        "python_enable_replacements = false",
        "enable_external_access = false",
        "disabled_filesystems = 'LocalFileSystem'",
        "enable_logging = false",
        "lock_configuration = true",
    ):
        with contextlib.suppress(duckdb.CatalogException):  # a setting this edition has not
            con.execute(f"SET {setting}")
    return con


def shut_in(memory_mb: int) -> None:
    """Give up what a query never needs: writing to files, core dumps, memory without bound."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # What is mapped by now, and as much again as a statement may take.
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + memory_mb * 2**21
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)


def allow(cpu_seconds: int) -> None:
    """Give the next statement so much time of the processor; the system ends the process after it."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        until = int(time.process_time()) + cpu_seconds
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def answer(con: duckdb.DuckDBPyConnection, asked: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Run one request; return what to say of it and the rows as an Arrow stream."""
    began, spent = time.perf_counter(), time.process_time()
    rows, most = int(asked["rows"]), int(asked["bytes"])
    sql = prepare(con, str(asked["sql"]), rows + 1)
    if asked.get("plan"):
        sql = f"EXPLAIN {sql}"
    sink = pa.BufferOutputStream()
    count, size, cut = 0, 0, ""
    reader = con.execute(sql).to_arrow_reader(_BATCH)
    assert reader is not None
    with reader, pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            kept = batch.slice(0, rows - count)
            cut = "rows" if len(kept) < len(batch) else ""
            size += kept.nbytes
            if size > most:
                cut = "bytes"
                break
            writer.write_batch(kept)
            count += len(kept)
            if cut:
                break
    said = {
        "ok": True,
        "rows": count,
        "cut": cut,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - spent,
    }
    return said, sink.getvalue().to_pybytes()


def plain(error: BaseException) -> str:
    """Return an engine's message without paths of the machine, in one paragraph."""
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        return "the statement needs more memory than it may take; ask for less at a time"
    text = str(error)
    if isinstance(error, duckdb.PermissionException):
        return (
            "files, folders and networks cannot be reached from here; query the tables of the copy"
        )
    text = _PATH.sub("(a path)", text.replace("LINE 2: ", "LINE 1: ")) if "/" in text else text
    return text[:1_000]


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Open the copy named first, then answer one request after another until the stream ends."""
    first = receive(source)
    if first is None:
        return
    start = json.loads(first)
    con = open_copy(Path(start["folder"]), int(start["memory_mb"]))
    shut_in(int(start["memory_mb"]))
    send(sink, json.dumps({"ok": True, "ready": True}).encode())
    while (message := receive(source)) is not None:
        table = b""
        allow(int(start["cpu_seconds"]))
        try:
            said, table = answer(con.cursor(), json.loads(message))
        except UnfitError as error:
            said = {"ok": False, "full": False, "message": str(error)}
        except (duckdb.Error, MemoryError, pa.ArrowException, ValueError, RuntimeError) as error:
            full = isinstance(error, MemoryError | duckdb.OutOfMemoryException)
            said = {"ok": False, "full": full, "message": plain(error)}
        send(sink, json.dumps(said).encode())
        send(sink, table)


def main() -> None:
    """Keep the pipes to oneself: nothing else of the process may write into them."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    with contextlib.suppress(BrokenPipeError):
        serve(source, sink)


if __name__ == "__main__":
    main()
