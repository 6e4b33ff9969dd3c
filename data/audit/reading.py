"""Reading the audit log: its events, newest first. Streams: a year of a busy agency is a million lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from data.audit import chain
from data.audit.chain import FILE, Keys
from data.audit.writing import keys_of
from data.errors import UserError
from data.roles import Right, Role


@dataclass(frozen=True)
class Entry:
    """One event. ``sound`` is False for a line that is not as it was written: believe nothing in it."""

    seq: int
    at: datetime
    what: str
    who: str
    facts: dict[str, Any]
    sound: bool = True


def entries(
    root: Path,
    *,
    what: str | None = None,
    who: str | None = None,
    start: date | None = None,
    end: date | None = None,
    most: int | None = None,
    role: Role = Role.ADMINISTRATOR,
) -> tuple[Entry, ...]:
    """Return events, the newest first: of one kind, of one person, of days in UTC, both inclusive.

    What cannot be read as an event is left out; `verify` tells of it. Raises ``NotAllowedError`` unless
    the role may administer, ``UserError`` if the log or the store's secret cannot be read.
    """
    role.need(Right.ADMINISTER)
    found = matching(root, what=what, who=who, start=start, end=end)
    return tuple(found if most is None else islice(found, most))


def matching(
    root: Path,
    *,
    what: str | None = None,
    who: str | None = None,
    start: date | None = None,
    end: date | None = None,
) -> Iterator[Entry]:
    """Yield what `entries` returns, as it is read: a log may be longer than memory."""
    path = Path(root) / FILE
    if not path.exists():
        return
    keys = keys_of(Path(root))
    marked = f'"what":{json.dumps(what)}'.encode() if what else b""
    named = f'"who":{json.dumps(who)}'.encode() if who else b""
    try:
        for _, raw in chain.backwards(path, path.stat().st_size):
            if marked not in raw or named not in raw:
                continue
            entry = _entry(keys, raw)
            if entry is None or (what and entry.what != what) or (who and entry.who != who):
                continue
            day = entry.at.date()
            if (start is None or day >= start) and (end is None or day <= end):
                yield entry
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _entry(keys: Keys, raw: bytes) -> Entry | None:
    try:
        line = json.loads(raw)
        at = datetime.fromisoformat(line["at"])
        return Entry(
            int(line["seq"]),
            at if at.tzinfo else at.replace(tzinfo=UTC),
            str(line["what"]),
            str(line["who"]),
            dict(line["facts"]),
            chain.read(keys, raw) is not None,
        )
    except (ValueError, KeyError, TypeError):
        return None
