"""One person's worker process: started, asked, watched, and killed when it goes too far."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import psutil
import pyarrow as pa

from data.errors import UserError
from data.sandbox import wire

_ROOT = Path(__file__).resolve().parents[2]
_POLL = 0.02
_START = 60.0
"""Seconds within which a worker must have read the copy."""


class RefusedError(UserError):
    """A statement that is not run, or that the engine cannot run; nothing happened."""


class StoppedError(UserError):
    """A statement that went beyond a limit; its worker was killed, and the next statement gets a new one."""


@dataclass(frozen=True)
class Limits:
    """What one statement may take. ``memory_mb`` is on top of the copy itself."""

    seconds: float = 20.0
    memory_mb: int = 1_024
    rows: int = 10_000
    bytes: int = 64 * 2**20


@dataclass(frozen=True)
class Answer:
    """The rows of a statement and what they cost. ``cut`` says what cut them short: "rows", "bytes" or ""."""

    table: pa.Table
    rows: int
    cut: str
    seconds: float
    cpu_seconds: float
    peak_mb: float


class Session:
    """A worker over one folder of Parquet files; one statement at a time, each within the limits."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder, self.limits = folder, limits or Limits()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._messages: queue.Queue[bytes | None] = queue.Queue()
        self._base = 0
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self.used = time.monotonic()

    def run(self, sql: str, *, plan: bool = False) -> Answer:
        """Run one statement and return its rows.

        Raises ``RefusedError`` where it is not a query or the engine cannot run it, and
        ``StoppedError`` where it went beyond a limit.
        """
        with self._lock:
            self.used = time.monotonic()
            self._start()
            asked = {
                "sql": sql,
                "rows": self.limits.rows,
                "bytes": self.limits.bytes,
                "plan": plan,
            }
            try:
                self._send(asked)
                said, peak = self._await(self.limits.seconds)
            except BrokenPipeError:
                self.close()
                raise StoppedError("the worker had ended; run the statement again") from None
            if not said.get("ok"):
                if said.get("full"):  # what it took is not given back whole
                    self.close()
                raise RefusedError(str(said.get("message", "the statement cannot be run")))
            body, peak = self._message(self.limits.seconds, peak)
            return self._answer(said, body, peak)

    @property
    def busy(self) -> bool:
        """True while a statement runs."""
        return self._lock.locked()

    def close(self) -> None:
        """End the worker, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._scratch = tempfile.TemporaryDirectory(prefix="cit-sql-")
        code = (
            f"import sys; sys.path.insert(0, {str(_ROOT)!r});"
            " from data.sandbox.worker import main; main()"
        )
        # No environment: it holds the store's place and may hold secrets. No home, no inherited files.
        kept = {
            k: v for k, v in os.environ.items() if k in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")
        }
        home = self._scratch.name
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=home,
            env={**kept, "HOME": home, "USERPROFILE": home, "OMP_NUM_THREADS": "1"},
            close_fds=True,
            start_new_session=True,
        )
        self._messages = queue.Queue()
        threading.Thread(
            target=_read,
            args=(self._process.stdout, self._messages, 2 * self.limits.bytes + 2**20),
            daemon=True,
        ).start()
        self._base = 0
        self._send(
            {
                "folder": str(self.folder),
                "memory_mb": self.limits.memory_mb,
                "cpu_seconds": int(self.limits.seconds) + 5,
            }
        )
        try:
            self._await(_START)
        except BrokenPipeError:
            self.close()
            raise StoppedError(f"{self.folder}: the copy cannot be read; make it anew") from None
        self._base = psutil.Process(self._process.pid).memory_info().rss

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process is not None and self._process.stdin is not None
        wire.send(self._process.stdin, json.dumps(message).encode())

    def _await(self, seconds: float) -> tuple[dict[str, Any], float]:
        body, peak = self._message(seconds)
        try:
            said = json.loads(body)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            self.close()
            raise StoppedError("the worker answered what nobody can read; run the statement again")
        if not said.get("ok") and "ready" not in said:
            # An empty table follows what was refused.
            self._message(seconds)
        return said, peak

    def _message(self, seconds: float, peak: float = 0.0) -> tuple[bytes, float]:
        """Return the worker's next message and the most memory seen, in MB; kill it at a limit."""
        assert self._process is not None
        limits, until = self.limits, time.monotonic() + seconds
        try:
            watched = psutil.Process(self._process.pid)
        except psutil.Error:
            raise BrokenPipeError from None
        while True:
            try:
                body = self._messages.get(timeout=_POLL)
            except queue.Empty:
                with contextlib.suppress(psutil.Error):
                    peak = max(peak, (watched.memory_info().rss - self._base) / 2**20)
                if self._base and peak > 1.25 * limits.memory_mb:
                    self.close()
                    raise StoppedError(
                        f"stopped: the statement took more than {limits.memory_mb:,} MB of memory;"
                        " ask for less at a time"
                    ) from None
                if time.monotonic() > until:
                    self.close()
                    raise StoppedError(
                        f"stopped after {seconds:,.0f} seconds; narrow the question or group first"
                    ) from None
                continue
            if body is None:
                started = bool(self._base)
                self.close()
                if not started:
                    raise BrokenPipeError
                raise StoppedError(
                    "stopped: the statement took more memory or time than it may; ask for less at a time"
                )
            return body, peak

    def _answer(self, said: dict[str, Any], body: bytes, peak: float) -> Answer:
        try:
            table = pa.ipc.open_stream(body).read_all()
        except pa.ArrowException:
            self.close()
            raise StoppedError(
                "the worker's answer cannot be read; run the statement again"
            ) from None
        return Answer(
            table,
            int(said["rows"]),
            str(said["cut"]),
            float(said["seconds"]),
            float(said["cpu_seconds"]),
            max(peak, 0.0),
        )


def _read(stream: BinaryIO, messages: queue.Queue[bytes | None], most: int) -> None:
    """Hand over the worker's messages; None once it has ended, or says it has more than may be."""
    with contextlib.suppress(OSError, ValueError):
        while (body := wire.receive(stream, most)) is not None:
            messages.put(body)
    messages.put(None)
