"""Saved statements: one's own, and those shared with everyone who uses the store."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from data.errors import UserError
from data.store import Store

FILE = "queries.json"
_NAME = re.compile(r"[^\x00-\x1f]{1,80}")


@dataclass(frozen=True)
class SavedQuery:
    """One saved statement; ``shared`` ones are everyone's."""

    name: str
    sql: str
    who: str
    shared: bool


def visible(root: Path, who: str) -> tuple[SavedQuery, ...]:
    """Return a person's own statements and the shared ones, by name."""
    return tuple(q for q in _read(root) if q.shared or q.who == who)


def save(root: Path, query: SavedQuery) -> None:
    """Save a statement under its name, in place of the person's own of that name.

    Raises ``UserError`` for a name that is empty or somebody else's, or if nothing can be written.
    """
    name = query.name.strip()
    if not _NAME.fullmatch(name):
        raise UserError("give the query a name of 80 characters or fewer")
    if not query.sql.strip():
        raise UserError("there is no statement to save; write one first")
    queries = _read(root)
    if any(q.name == name and q.who != query.who and q.shared for q in queries):
        raise UserError(f"somebody else shares a query named {name!r}; choose another name")
    kept = [q for q in queries if not (q.name == name and q.who == query.who)]
    _write(root, [*kept, SavedQuery(name, query.sql, query.who, query.shared)])


def remove(root: Path, name: str, who: str) -> None:
    """Remove a person's own statement; what is not theirs stays."""
    _write(root, [q for q in _read(root) if not (q.name == name and q.who == who)])


def _read(root: Path) -> list[SavedQuery]:
    try:
        raw = json.loads((root / FILE).read_text(encoding="utf-8"))
        return sorted((SavedQuery(**q) for q in raw), key=lambda q: q.name.lower())
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError):
        raise UserError(
            f"{root / FILE}: cannot be read; mend or remove it, saved queries are in it"
        ) from None


def _write(root: Path, queries: list[SavedQuery]) -> None:
    text = json.dumps([asdict(q) for q in queries], ensure_ascii=False, indent=1)
    try:
        Store(root).write_private(FILE, text)
    except OSError as error:
        raise UserError(
            f"{root}: cannot save the query ({error.strerror}); free space or mend who may write there"
        ) from None
