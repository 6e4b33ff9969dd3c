"""Writing to the audit log: one line at a time, by however many processes and threads."""

from __future__ import annotations

import contextlib
import getpass
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from data import edition
from data.audit import chain
from data.audit.chain import FILE, HEAD, LOCK, START, Keys, Line, Mark
from data.audit.kinds import KINDS
from data.errors import UserError

_PATIENCE, _HASTE = 20.0, 2.0
"""Seconds to wait for the log: where nothing is done without it, and where someone reads a page."""
_LONGEST = 500
_missed: dict[Path, list[tuple[str, str]]] = {}
_missed_lock = threading.Lock()

Facts = dict[str, Any]


def local() -> str:
    """Return who runs this command, as the log names them."""
    try:
        return f"local:{getpass.getuser()}"
    except (OSError, KeyError, ImportError):
        return "local:unknown"


def record(root: Path, what: str, who: str, **facts: Any) -> None:
    """Write one event down; it is on disk when this returns.

    ``what`` and the facts are as ``KINDS`` declares them (``ValueError`` otherwise); facts are JSON
    scalars or lists of them, never a value of the data, and those that are None are left out. Raises
    ``UserError`` if it cannot be written and the kind is needed: do not do then what could not be logged.
    """
    record_unless(root, what, who, facts, None)


def record_unless(
    root: Path, what: str, who: str, facts: Facts, known: Callable[[], bool] | None
) -> None:
    """Write an event down unless ``known``, asked while nobody else writes, says that it stands there."""
    clean = _checked(what, facts)
    root = Path(root).absolute()
    try:
        with locked(root, _PATIENCE if KINDS[what].needed else _HASTE):
            if known is None or not known():
                log = _Log(root)
                log.ready()
                log.add(what, _text(who), clean)
    except (OSError, UserError) as error:
        if not KINDS[what].needed:
            with _missed_lock:
                _missed.setdefault(root, []).append((what, _now().isoformat()))
            return
        if isinstance(error, UserError):
            raise
        why = "somebody else holds it" if isinstance(error, TimeoutError) else error.strerror
        raise UserError(
            f"{root / FILE}: cannot write the audit log ({why or error}); free space on that disk or"
            " mend who may write there; what cannot be logged is not done"
        ) from None


def mark(root: Path) -> Mark:
    """Return the place of the log's last line, beginning the log if there is none.

    Raises ``UserError`` if the log cannot be written.
    """
    root = Path(root).absolute()
    try:
        with locked(root):
            log = _Log(root)
            log.ready()
            return log.last
    except OSError as error:
        raise UserError(
            f"{root / FILE}: cannot write the audit log ({error.strerror or error}); free space on that"
            " disk or mend who may write there; what cannot be logged is not done"
        ) from None


@contextlib.contextmanager
def locked(root: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold the log's own lock; raise ``OSError`` or ``UserError`` if it cannot be had."""
    from data.store import Store  # the store writes to the log itself

    Store(root).prepare()
    with FileLock(root / LOCK, timeout=patience, poll_interval=0.005):
        yield


def keys_of(root: Path) -> Keys:
    """Return the keys of a store's log, making the store's secret on first use.

    Raises ``UserError`` if it cannot be read.
    """
    from data.store import Store  # the store writes to the log itself

    return chain.keys(Store(root).secret())


@dataclass(frozen=True)
class End:
    """How a log ends: its last sound line, where that ends, and whether its line break is there."""

    line: Line | None
    at: int
    size: int
    whole: bool = True


def end_of(keys: Keys, path: Path) -> End:
    """Return how a log ends; raise ``OSError`` if it cannot be read."""
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return End(None, 0, 0)
    for start, raw in chain.backwards(path, size):
        if line := chain.read(keys, raw):
            end = start + len(raw)
            return End(line, min(end + 1, size), size, end < size)
    return End(None, 0, size)


class _Log:
    """The log while its lock is held."""

    def __init__(self, root: Path) -> None:
        self.root, self.path, self.head = root, root / FILE, root / HEAD
        self.keys = keys_of(root)
        self.last = START

    def ready(self) -> None:
        """Find the end of the chain; say in the log what a kill, or somebody, did to it."""
        end = end_of(self.keys, self.path)
        head = chain.read_head(self.keys, self.head)
        written = head or (None if self.head.exists() else START)
        last = end.line.mark if end.line else START
        # A kill between the two leaves one line that the head does not name yet.
        behind = end.line is not None and written == end.line.before
        left = _read(self.path, end.at, end.size)
        half = all(chain.half_written(part) for part in left.removesuffix(b"\n").split(b"\n"))
        # A line that the head names was written with its line break: somebody took that away.
        shortened = end.line is not None and not end.whole and not behind
        self.last = last
        if not (written == last or behind) or shortened or (left and not half):
            if head is not None and head.seq > last.seq:
                self.last = head
            self._note(end, "broken", expected=head.seq if head else None, found=last.seq)
            return
        if end.line and not end.whole:
            self._write(b"\n", None)
        if behind:
            chain.write_head(self.keys, self.head, last)
        if left:
            self._note(end, "mended")
        if self.last.seq == 0:
            self.add("begin", local(), {"software": edition.software(), "snapshots": self._kept()})
        self._say_missed()

    def add(self, what: str, who: str, facts: Facts) -> None:
        """Write one line and have the head name it; raise ``OSError`` if either fails."""
        at = _now()
        mark, raw = chain.written(self.keys, self.last, at, what, who, facts)
        self._write(raw, mark)

    def _note(self, end: End, what: str, **facts: Any) -> None:
        if end.size > end.at:
            # With the line break that comes with the note: so it will stand there.
            open_ended = _read(self.path, end.size - 1, end.size) != b"\n"
            self._prefix = b"\n" if open_ended else b""
            found = chain.digest(self.path, end.at, end.size, self._prefix)
            facts |= {"bytes": end.size - end.at + open_ended, "sha256": found}
        elif not end.whole:
            self._prefix = b"\n"
        self.add(what, local(), {k: v for k, v in facts.items() if v is not None})

    _prefix = b""

    def _write(self, raw: bytes, mark: Mark | None) -> None:
        raw, self._prefix = self._prefix + raw, b""
        with open(self.path, "ab", buffering=0, opener=lambda p, f: os.open(p, f, 0o600)) as file:
            before = os.fstat(file.fileno()).st_size
            try:
                if file.write(raw) != len(raw):
                    raise OSError(28, "no space left on device")
                os.fsync(file.fileno())
                if mark is not None:
                    chain.write_head(self.keys, self.head, mark)
                    self.last = mark
            except OSError:
                # Whoever asked is told that it was not logged: then it must not stand there.
                with contextlib.suppress(OSError):
                    file.truncate(before)
                raise

    def _say_missed(self) -> None:
        with _missed_lock:
            missed = list(_missed.get(self.root, ()))
        if missed:
            kinds = sorted({what for what, _ in missed})
            self.add(
                "missed", local(), {"count": len(missed), "kinds": kinds, "since": missed[0][1]}
            )
            with _missed_lock:
                del _missed[self.root][: len(missed)]

    def _kept(self) -> list[str]:
        return sorted(p.stem for p in (self.root / "snapshots").glob("[0-9]*.duckdb"))


def _read(path: Path, start: int, end: int) -> bytes:
    """Return what stands between, its first part where it is long."""
    if start == end:
        return b""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(min(end - start, 1 << 20))


def _checked(what: str, facts: Facts) -> Facts:
    if what not in KINDS:
        raise ValueError(f"the audit log knows no event {what!r}; declare it in data.audit.kinds")
    clean: Facts = {}
    for name, value in facts.items():
        if name not in KINDS[what].facts:
            raise ValueError(
                f"an event {what!r} has no fact {name!r}; declare it in data.audit.kinds"
            )
        if value is not None:
            clean[name] = [_scalar(v) for v in value] if isinstance(value, list) else _scalar(value)
    return clean


def _scalar(value: Any) -> str | int | float | bool | None:
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise ValueError(f"a fact is text, a number or a list of them, not a {type(value).__name__}")


def _text(value: str) -> str:
    """One line, not too long: it is read in a table."""
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def _now() -> datetime:
    return datetime.now(UTC)
