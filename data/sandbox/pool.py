"""A worker for each person who asks, over one analysis copy of each snapshot; idle ones are ended."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from data.roles import Right
from data.sandbox.session import Limits, Session
from data.store import Snapshot

MOST_WORKERS = 4
"""Each holds the copy in memory; the one that has been idle longest makes room."""
IDLE_SECONDS = 600

_sessions: dict[tuple[str, str], Session] = {}
_lock = threading.Lock()


def copy_of(snapshot: Snapshot) -> Path:
    """Return the folder of the de-identified copy of a snapshot, making it on first use.

    Raises ``NotAllowedError`` unless the role may see rows, ``UserError`` if it cannot be made.
    """
    snapshot.role.need(Right.ROWS)
    from data import extract  # slow to import, and asked for only here

    return extract.analysis_copy(snapshot, snapshot.store.analysis_of(snapshot.id))


def session(who: str, snapshot: Snapshot, limits: Limits | None = None) -> Session:
    """Return the worker of one person on one snapshot; at most ``MOST_WORKERS`` are kept."""
    folder = copy_of(snapshot)
    key = (who, snapshot.id)
    with _lock:
        now = time.monotonic()
        found = _sessions.pop(key, None) or Session(folder, limits)
        found.used = now
        # What is busy stays: ending it would end somebody's statement.
        idle = sorted((s.used, k) for k, s in _sessions.items() if not s.busy)
        for place, (used, other) in enumerate(idle):
            if now - used > IDLE_SECONDS or len(idle) - place >= MOST_WORKERS:
                _sessions.pop(other).close()
        _sessions[key] = found
        return found


def close_all() -> None:
    """End every worker."""
    with _lock:
        for one in _sessions.values():
            one.close()
        _sessions.clear()
