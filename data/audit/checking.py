"""Whether the chain of the audit log is whole. Streams: a year of a busy agency is a million lines."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data import seals
from data.audit import chain
from data.audit.chain import FILE, HEAD, START, Keys, Line, Mark
from data.audit.writing import keys_of, locked
from data.errors import UserError
from data.roles import Right, Role

_MOST_TOLD = 20
_READ = frozenset({"begin", "mended", "broken", "load", "simulate", "rollback", "purge"})
"""Kinds whose facts matter here: what happened to the log, and which snapshots were put in use."""


@dataclass(frozen=True)
class Verified:
    """What a check of the chain found; it is whole if there are no problems.

    ``notes`` are worth reading and no alarm: a clock set back, a write cut short by a kill. ``last`` is the
    last line, to be noted elsewhere; ``first_at`` and ``last_at`` the times of the first and last lines.
    """

    lines: int
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    last: Mark | None = None
    first_at: str = ""
    last_at: str = ""


def size(root: Path) -> int:
    """Return the length of the log in bytes."""
    try:
        return (Path(root) / FILE).stat().st_size
    except OSError:
        return 0


def verify(root: Path, noted: Mark | None = None, *, role: Role = Role.ADMINISTRATOR) -> Verified:
    """Check every line of the chain, its head, and that it knows the snapshots that are kept.

    ``noted`` is a last line as somebody wrote it down elsewhere: it must stand in the log. Raises
    ``NotAllowedError`` unless the role may administer, ``UserError`` if the log or the store's secret
    cannot be read.
    """
    role.need(Right.ADMINISTER)
    # In this order: what is published while this reads is named in the log before it is seen here.
    kept = sorted(p.stem for p in (Path(root) / "snapshots").glob("[0-9]*.duckdb"))
    path, head_path = Path(root) / FILE, Path(root) / HEAD
    if not path.exists() and not head_path.exists():
        if noted or any(_sealed(Path(root), id_) for id_ in kept):
            return Verified(0, ("there is no audit log although there was one: it was removed",))
        if kept:
            return Verified(0, (), ("there is no audit log yet: an earlier edition kept none",))
        return Verified(0, (), ("nothing is logged yet",))
    if not (Path(root) / "secret").exists():
        return Verified(0, ("the store's secret is missing, so no line can be checked",))
    keys = keys_of(Path(root))
    try:
        size, head = _end(keys, path, head_path)
        sealed = {id_: _sealed(Path(root), id_) for id_ in kept}
        check = _Check(keys, noted, {id_: mark for id_, mark in sealed.items() if mark})
        if path.exists():
            check.read(path, size)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    check.end(head, head_path.exists())
    check.snapshots(kept)
    return check.found()


def _sealed(root: Path, id_: str) -> Mark | None:
    """Return the last line of the log when a snapshot was sealed; None where no seal names one."""
    try:
        seal = seals.read(root / "snapshots" / f"{id_}.duckdb")
        return Mark.of(seal.log) if seal and seal.log else None
    except (UserError, ValueError):
        return None


def _end(keys: Keys, path: Path, head: Path) -> tuple[int, Mark | None]:
    """Return the log's length and what the head names, at one moment if the log can be locked."""

    def both() -> tuple[int, Mark | None]:
        found = chain.read_head(keys, head)
        return path.stat().st_size if path.exists() else 0, found

    try:
        with locked(path.parent, 5):
            return both()
    except (OSError, UserError):  # a folder that can only be read: nobody writes there either
        return both()


@dataclass
class _Unsound:
    """Lines one after another that are not as they were written."""

    lines: list[int] = field(default_factory=list)
    length: int = 0
    half: bool = True
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, number: int, raw: bytes) -> None:
        self.lines.append(number)
        self.length += len(raw)
        self.half = self.half and chain.half_written(raw.removesuffix(b"\n"))
        self.digest.update(raw)

    def noted(self, facts: dict[str, Any]) -> bool:
        """Return whether a line of the log tells of just these bytes."""
        return (facts.get("bytes"), facts.get("sha256")) == (self.length, self.digest.hexdigest())


class _Check:
    """A check under way."""

    def __init__(self, keys: Keys, noted: Mark | None, sealed: dict[str, Mark]) -> None:
        self.keys, self.noted, self.sealed = keys, noted, sealed
        self.missing = set(sealed.values()) | ({noted} if noted else set())
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.untold = self.lines = self.set_back = 0
        self.first_at = self.last_at = ""
        self.last = self.before = START
        self.whole = True
        self.unsound = _Unsound()
        self.named: set[str] = set()

    def read(self, path: Path, size: int) -> None:
        """Go through the first ``size`` bytes of the log."""
        with path.open("rb") as file:
            done = 0
            while done < size and (raw := file.readline(size - done)):
                done += len(raw)
                self.lines += 1
                self.whole = raw.endswith(b"\n")
                line = chain.read(self.keys, raw[:-1] if self.whole else raw)
                if line is None:
                    self.unsound.add(self.lines, raw)
                else:
                    self._sound(line)

    def _sound(self, line: Line) -> None:
        facts = line.content()["facts"] if line.what in _READ else {}
        changed = 0
        if self.unsound.lines:
            if line.what == "mended" and self.unsound.noted(facts):
                self._note("a write was cut short", self.unsound.lines[0])
            else:
                changed = self._say_changed()
            self.unsound = _Unsound()
        if line.before != self.last:
            self._misplaced(line, changed)
        if line.what == "broken":
            self._problem(
                f"line {self.lines} says so: the log was not as it had been left when this was written"
                f" (it ended at number {facts.get('found')}; the head named"
                f" {facts.get('expected', 'none')})"
            )
        if line.what == "begin" and facts["snapshots"]:
            n = len(facts["snapshots"])
            was = "1 snapshot was" if n == 1 else f"{n} snapshots were"
            self.notes.append(
                f"the log began on {line.at[:10]}, when {was} there already: it does not tell from where"
            )
        self.named |= {facts[k] for k in ("snapshot", "before") if k in facts}
        self.named |= set(facts.get("snapshots", ()))
        self.set_back += line.at < self.last_at
        self.missing.discard(line.mark)
        self.last, self.before, self.last_at = line.mark, line.before, line.at
        self.first_at = self.first_at or line.at

    def _misplaced(self, line: Line, changed: int) -> None:
        gap = line.before.seq - self.last.seq
        if gap == changed > 0:
            return  # the changed lines are the missing ones
        if gap > 0:
            missing = f"{self.last.seq + 1}" + (f" to {line.before.seq}" if gap > 1 else "")
            self._problem(f"before line {self.lines} number {missing} is missing")
        elif gap == 0:
            self._problem(f"line {self.lines} does not follow the line before it")
        else:
            self._problem(
                f"line {self.lines} bears the number {line.mark.seq} although {self.last.seq} came"
                " before it: it is repeated, or lines were moved"
            )

    def _say_changed(self) -> int:
        first, last = self.unsound.lines[0], self.unsound.lines[-1]
        which = f"line {first} is" if first == last else f"lines {first} to {last} are"
        self._problem(f"{which} not as written: changed, or put in")
        return len(self.unsound.lines)

    def end(self, head: Mark | None, there: bool) -> None:
        """Compare the end of the log with what the head names."""
        if self.unsound.lines:
            if self.unsound.half:
                self._note("a write was cut short", self.unsound.lines[0])
            else:
                self._say_changed()
        if self.lines and self.last == START and not head:
            self.problems = []
            self._problem(
                "no line fits the store's secret: the log is another store's, or the secret was replaced"
            )
        elif head == self.last:
            if not self.whole and not self.unsound.lines:
                self._problem("the line break of the last line was taken away")
        elif head == self.before or (head is None and not there and self.before == START):
            self.notes.append(
                "the head is one line behind, as a kill leaves it; the next event mends it"
            )
        elif head is None:
            self._problem(f"{HEAD} is {'not as written' if there else 'missing'}")
        elif head.seq > self.last.seq:
            self._problem(
                f"the log ends at number {self.last.seq} although {head.seq} were written: its end is cut off"
            )
        else:
            self._problem(
                f"{HEAD} names number {head.seq} although the log ends at {self.last.seq}: it is older"
            )

    def snapshots(self, kept: list[str]) -> None:
        """Look for kept snapshots that the log knows nothing of: then it is older than they are."""
        if self.last == START:
            return
        for id_ in kept:
            if self.sealed.get(id_) in self.missing:
                self._problem(
                    f"snapshot {id_} was sealed when line {self.sealed[id_].seq} ended the log, and that line"
                    " is not in it: the line was changed, or the log was put back or begun anew"
                )
            elif id_ not in self.named:
                self._problem(
                    f"snapshot {id_} is kept, but the log does not know where it came from"
                )
        if self.noted in self.missing:
            self._problem(f"line {self.noted.seq}, as it was noted, is not in this log")

    def found(self) -> Verified:
        """Return what was found."""
        if self.set_back:
            times = "once" if self.set_back == 1 else f"{self.set_back:,} times"
            self.notes.append(
                f"the clock was set back {times}: a line is dated before the one before it"
            )
        if self.untold:
            self.problems.append(f"and {self.untold:,} more like these")
        last = None if self.last == START else self.last
        return Verified(
            self.lines, tuple(self.problems), tuple(self.notes), last, self.first_at, self.last_at
        )

    def _problem(self, text: str) -> None:
        if len(self.problems) < _MOST_TOLD:
            self.problems.append(text)
        else:
            self.untold += 1

    def _note(self, text: str, line: int) -> None:
        self.notes.append(f"line {line} is half written: {text}")
