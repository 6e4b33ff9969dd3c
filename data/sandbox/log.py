"""Every statement that was asked: who, when, how long, how many rows, and how it ended."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from data import audit
from data.errors import UserError
from data.sandbox.session import Answer, RefusedError, StoppedError

FILE = "statements.jsonl"


@dataclass(frozen=True)
class Entry:
    """One statement. ``outcome`` is "answered", "refused" or "stopped"; ``message`` says why not answered."""

    at: str
    who: str
    snapshot: str
    sql: str
    outcome: str
    rows: int
    seconds: float
    message: str = ""


def logged(
    root: Path, who: str, snapshot: str, sql: str, run: Callable[[], Answer]
) -> tuple[Answer | None, Entry]:
    """Run a statement and write down how it went; return the answer, or None, and what was written.

    The statement's text goes to the log of statements, its hash to the audit log. Raises ``UserError`` if
    nothing can be written: a statement that nobody could look up is not run.
    """
    at = datetime.now(UTC)
    _append(root, None)
    audit.mark(root)
    answer, outcome, message = None, "answered", ""
    try:
        answer = run()
    except RefusedError as error:
        outcome, message = "refused", str(error)
    except StoppedError as error:
        outcome, message = "stopped", str(error)
    took = (datetime.now(UTC) - at).total_seconds()
    rows = answer.rows if answer else 0
    entry = Entry(
        f"{at:%Y-%m-%dT%H:%M:%SZ}", who, snapshot, sql, outcome, rows, round(took, 3), message
    )
    _append(root, entry)
    audit.record(
        root,
        "sql",
        who,
        snapshot=snapshot,
        sha256=hashlib.sha256(sql.encode()).hexdigest(),
        outcome=outcome,
        rows=rows,
        seconds=entry.seconds,
    )
    return answer, entry


def _append(root: Path, entry: Entry | None) -> None:
    path = root / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            if entry is not None:
                file.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
    except OSError as error:
        raise UserError(
            f"{path}: cannot write the log of statements ({error.strerror}); free space on that disk"
            " or mend who may write there; nothing was run"
        ) from None


def entries(root: Path, most: int = 100) -> tuple[Entry, ...]:
    """Return the last statements, newest first; a line that cannot be read is left out."""
    try:
        lines = (root / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ()
    found = []
    for line in reversed(lines):
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError):
            continue
        if len(found) == most:
            break
    return tuple(found)
