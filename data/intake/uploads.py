"""Uploaded files: where they lie, who brought them, and when they go.

``uploads/<id>/`` in the store holds one upload, readable by its owner only: ``files/`` as rewritten,
``upload.json`` (what they are), and what a check of it leaves (``data.intake.jobs``). An upload goes when it
is published or discarded, and after a day in any case.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from data import audit
from data.errors import UserError
from data.intake.clean import Cleaned, clean
from data.roles import Right
from data.store import Store

KEPT_HOURS = 24
"""How long an upload is kept that is neither published nor discarded."""

_ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}")
Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class Upload:
    """One upload: its folder, when it came (UTC) and from whom, and its files."""

    id: str
    folder: Path
    made: datetime
    who: str
    files: tuple[Cleaned, ...]

    @property
    def paths(self) -> list[Path]:
        """Where the rewritten files lie, under the names they came with."""
        return [self.folder / "files" / f.name for f in self.files]

    @property
    def header(self) -> tuple[str, ...]:
        """Every header kept, of all files, in order."""
        return tuple(dict.fromkeys(h for f in self.files for h in f.header))

    @property
    def dropped(self) -> tuple[str, ...]:
        """Every header dropped, because it may identify a person."""
        return tuple(dict.fromkeys(h for f in self.files for h in f.dropped))

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(f.rows for f in self.files)


def receive(
    store: Store,
    files: Sequence[tuple[str, BinaryIO]],
    who: str,
    progress: Progress = lambda name, rows: None,
) -> Upload:
    """Take files in: (name, what is in them). Each is rewritten before anything else is done with it.

    Raises ``NotAllowedError`` unless the role may load, ``UserError`` for a file that cannot be read, or if
    the store cannot be written; nothing of the upload is then kept.
    """
    store.role.need(Right.LOAD)
    expire(store)
    names = [_safe(name) for name, _ in files]
    if not names:
        raise UserError("choose at least one file")
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{name}: two files have this name; rename one of them")
    id_ = store.new_id()
    root = store.root / "uploads"
    building = root / f".part-{id_}"
    try:
        store.prepare()
        root.mkdir(mode=0o700, exist_ok=True)
        root.chmod(0o700)
        (building / "files").mkdir(parents=True, mode=0o700)
        building.chmod(0o700)
        cleaned = tuple(
            clean(stream, name, building / "files" / name, partial(progress, name))
            for name, (_, stream) in zip(names, files, strict=True)
        )
        upload = Upload(id_, root / id_, datetime.now(UTC), who, cleaned)
        content = {
            "made": upload.made.isoformat(),
            "who": who,
            "files": [asdict(f) for f in cleaned],
        }
        write_json(building / "upload.json", content)
        building.rename(upload.folder)
    except OSError as error:
        raise UserError(
            f"{store.root}: cannot keep the upload ({error.strerror or error});"
            " free space on that disk; nothing of it was kept"
        ) from None
    finally:
        shutil.rmtree(building, ignore_errors=True)
    for file in cleaned:
        audit.record(store.root, "upload", who, sha256=file.sha256, bytes=file.bytes)
    return upload


def _safe(name: str) -> str:
    """Return a file's own name, without folders or characters that a file system refuses."""
    found = re.sub(r'[\x00-\x1f<>:"|?*]', "_", re.split(r"[\\/]", name)[-1]).strip(". ")
    return found[-120:] or "export.csv"


def listed(store: Store) -> list[Upload]:
    """Return the uploads kept, newest first; what is too old goes first."""
    store.role.need(Right.LOAD)
    expire(store)
    found = []
    for folder in _folders(store):
        with contextlib.suppress(UserError):
            found.append(get(store, folder.name))
    return sorted(found, key=lambda u: u.id, reverse=True)


def _folders(store: Store) -> list[Path]:
    root = store.root / "uploads"
    return [p for p in root.iterdir() if _ID.fullmatch(p.name)] if root.is_dir() else []


def get(store: Store, id_: str) -> Upload:
    """Return an upload; raise ``UserError`` if it is gone."""
    folder = store.root / "uploads" / id_
    raw = read_json(folder / "upload.json") if _ID.fullmatch(id_) else None
    if raw is None:
        raise UserError("this upload is gone: published, discarded or a day old; upload it again")
    files = tuple(
        Cleaned(
            f["name"], tuple(f["header"]), tuple(f["dropped"]), f["rows"], f["sha256"], f["bytes"]
        )
        for f in raw["files"]
    )
    return Upload(id_, folder, datetime.fromisoformat(raw["made"]), raw["who"], files)


def discard(upload: Upload) -> None:
    """Delete an upload and everything made of it."""
    shutil.rmtree(upload.folder, ignore_errors=True)


def discard_all(store: Store) -> None:
    """Delete every upload: after a purge none may hold what was purged."""
    shutil.rmtree(store.root / "uploads", ignore_errors=True)


def expire(store: Store, now: datetime | None = None) -> None:
    """Delete uploads of more than a day ago, but for one whose check still runs."""
    root = store.root / "uploads"
    if not root.is_dir():
        return
    limit = f"{(now or datetime.now(UTC)) - timedelta(hours=KEPT_HOURS):%Y%m%dT%H%M%S%f}"
    for path in root.iterdir():
        name = path.name.removeprefix(".part-")
        if _ID.fullmatch(name) and name < limit and not running(path):
            shutil.rmtree(path, ignore_errors=True)


def running(folder: Path) -> bool:
    """Say whether a check of an upload is under way: its process holds a lock until it ends, however."""
    if not folder.is_dir():
        return False
    try:
        with FileLock(folder / "worker.lock", timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def write_json(path: Path, content: object) -> None:
    """Write JSON, all of it or nothing, readable by its owner only."""
    write_private(path, json.dumps(content, ensure_ascii=False, default=str))


def write_private(path: Path, text: str) -> None:
    """Write a text, all of it or nothing, readable by its owner only."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return what is in a JSON file, or None where there is no such file."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found
