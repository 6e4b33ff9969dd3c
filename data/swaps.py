"""Snapshots written anew: all old ones give way to their new ones, or none does.

Once every new file is whole, checked and on disk, one journal names the pairs, written by one atomic
rename. From then on the purge is decided: whoever next holds the store's lock finishes what a crash
interrupted, each step as often as it takes. Before it nothing has happened but files that a load sweeps
away.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data import seals
from data.errors import UserError

if TYPE_CHECKING:
    from data.store import Store

JOURNAL = "purging.json"
LOG = "purges.jsonl"
TO_REPEAT = "purges_to_repeat.json"


def commit(store: Store, line: dict[str, Any]) -> None:
    """Decide that the snapshots built under the new ids of ``line["snapshots"]`` take the old ones' place.

    Call with the lock held and every new file complete under its building name. Raises ``OSError`` if
    the disk fails; nothing is decided then.
    """
    store.write_private(JOURNAL, json.dumps(line, sort_keys=True))


def pending(store: Store) -> dict[str, str]:
    """Return old id -> new id of a purge that is decided and not finished."""
    return dict((_journal(store) or {}).get("snapshots", {}))


def finish(store: Store) -> bool:
    """Finish a purge that is decided; return whether nothing of it is left to do.

    Call with the lock held. False where an old file cannot be deleted because someone has it open, as
    on Windows: the next call tries again. Raises ``UserError`` if the disk fails on the way.
    """
    line = _journal(store)
    if line is None:
        return True
    try:
        return _finish(store, line)
    except OSError as error:
        raise UserError(
            f"{store.root}: a purge is decided but cannot be finished ({error.strerror});"
            " free space on that disk; the next purge or load finishes it"
        ) from None


def _finish(store: Store, line: dict[str, Any]) -> bool:
    pairs: dict[str, str] = {}
    for old, new in line["snapshots"].items():
        building, final = store.building_path(new), store.path_of(new)
        if building.exists():
            building.replace(final)
        if final.exists():
            pairs[old] = new
    store.flush(store.snapshots_dir)
    current = store.current_id()
    # The one in use last: on a full disk the others make room for the pointer.
    done = True
    for old, new in sorted(pairs.items(), key=lambda pair: pair[0] == current):
        if old == current:
            store.point_to(new)
        done = _delete(store.path_of(old)) and done
        shutil.rmtree(store.analysis_of(old), ignore_errors=True)
    store.flush(store.snapshots_dir)
    if not done:
        return False
    # Once only, however often this is repeated: the line is the journal's.
    lines = _lines(store)
    if line not in lines:
        text = "".join(json.dumps(kept, sort_keys=True) + "\n" for kept in [*lines, line])
        store.write_private(LOG, text)
    (store.root / JOURNAL).unlink()
    store.flush(store.root)
    return True


def _delete(path: Path) -> bool:
    """Delete a snapshot; return whether it is gone."""
    with contextlib.suppress(PermissionError):
        for file in (path, *seals.beside(path)):
            file.unlink(missing_ok=True)
    return not path.exists()


def lines(store: Store) -> tuple[dict[str, Any], ...]:
    """Return what the log of purges holds, the oldest first, an unfinished purge last."""
    unfinished = _journal(store)
    logged = _lines(store)
    return (*logged, unfinished) if unfinished and unfinished not in logged else tuple(logged)


def repeat(store: Store, undone: tuple[str, ...], now: str) -> None:
    """Note that purges (their times, UTC) were undone by restoring a backup made before them."""
    store.write_private(TO_REPEAT, json.dumps({"restored": now, "purges": list(undone)}) + "\n")


def to_repeat(store: Store) -> tuple[str, ...]:
    """Return the times of purges that a restore undid, until one is done after it.

    Raises ``UserError`` if that cannot be read.
    """
    path = store.root / TO_REPEAT
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        restored = str(noted["restored"])
        undone = tuple(str(at) for at in noted["purges"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{path}: cannot be read; purge again, then delete it") from None
    return () if any(line["at"] > restored for line in lines(store)) else undone


def gone(store: Store, id_: str) -> str | None:
    """Say what became of a snapshot that a purge wrote anew; None if none did."""
    followed, day = id_, ""
    for line in lines(store):
        if followed in line["snapshots"]:
            followed = line["snapshots"][followed]
            day = f"{datetime.fromisoformat(line['at']):%Y-%m-%d}"
    if followed == id_:
        return None
    kept = "" if store.path_of(followed).is_file() else ", which is no longer kept either"
    return f"snapshot {id_!r} was written anew by the purge of {day} as {followed}{kept}"


def _journal(store: Store) -> dict[str, Any] | None:
    try:
        found = json.loads((store.root / JOURNAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        raise UserError(
            f"{store.root / JOURNAL}: cannot be read; restore it from a backup or delete it and"
            " purge again"
        ) from None
    return dict(found)


def _lines(store: Store) -> list[dict[str, Any]]:
    path = store.root / LOG
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError):
        raise UserError(f"{path}: cannot be read; restore it from a backup") from None
