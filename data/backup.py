"""Backup: the whole store in one file, consistent although loads and sign-ins go on.

A backup is a plain tar file, readable by its owner only::

    store/...      every file of the store, but for what is made anew or short-lived
    backup.json    written last: what the backup holds, each file with its hash; without it, it is no backup

What changes is copied while the store's lock and the audit log's are held, which takes moments. Snapshots
never change, so they are opened then and copied after: a load waits for neither, and one that prunes or a
purge that deletes takes only the name away. The file holds the store's secret: whoever has it has the store.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from data import audit, edition, opening, seals, swaps
from data.audit.writing import locked
from data.errors import UserError
from data.extract import writing
from data.store import Store

FORMAT = 1
MANIFEST = "backup.json"
FOLDER = "store"
_NAMED = re.compile(r"cit-outcomes-\d{8}T\d{6}Z\.tar")
_LEFT_OUT = {"analysis", "uploads"}
"""The de-identified copies are made anew on first use; uploads may hold numbers that are not yet hashed."""
_PATIENCE = 600.0
"""Seconds to wait for a load that is under way."""

_DAY = 86_400.0

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Manifest:
    """What a backup holds."""

    software: str
    made_at: str
    """UTC, ISO 8601."""
    store: str
    """Fingerprint of the store's secret: which store it is of."""
    current: str
    log: str
    """Last line of the audit log by then, as NUMBER:HASH."""
    purges: list[str]
    """When each purge was that the store had seen by then, UTC, ISO 8601."""
    files: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Path in the store -> SHA-256 and bytes."""
    damaged: list[str] = field(default_factory=list)
    """Snapshots not in use that were not what had been published: left out."""
    format: int = FORMAT


def backup(
    store: Store,
    out: Path,
    *,
    keep: int | None = None,
    who: str | None = None,
    progress: Progress = lambda stage: None,
) -> tuple[Path, Manifest]:
    """Write a backup of a store to a file, or into a folder under the time; return both.

    In a folder, ``keep`` is how many backups of this store stay there, the newest: older ones are deleted.
    ``who`` is named in the audit log; who runs the command if None. Raises ``UserError`` if there is no
    store, its snapshot in use is not what was published, the file is there already or cannot be written;
    ``StoreLockedError`` if a load holds the store for ten minutes. Nothing is left of it then.
    """
    if not store.snapshots_dir.is_dir():
        raise UserError(f"{store.root}: no store is here; give another --store")
    if keep is not None and (keep < 1 or not out.is_dir()):
        raise UserError(
            "--keep needs a number from 1 and --out a folder: it is for backups by time"
        )
    if store.root.absolute() in (out.absolute(), *out.absolute().parents):
        raise UserError(
            f"{out}: lies in the store itself; give an --out elsewhere, on another disk"
        )
    into = out if out.is_dir() else out.absolute().parent
    if not into.is_dir():
        raise UserError(f"--out {out}: there is no folder {into}; make it first")
    sweep(into, "cit-outcomes-*.tar" if out.is_dir() else out.name)
    if out.is_dir():
        out = out / f"cit-outcomes-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar"
    if out.exists():
        raise UserError(f"{out}: is already there; give another --out or remove it")
    with writing.sibling(out) as building:
        handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            manifest = _write(store, file, progress)
        progress("writing it down in the audit log")
        audit.record(
            store.root,
            "backup",
            who or audit.local(),
            sha256=seals.sha256(building),
            bytes=building.stat().st_size,
            snapshot=manifest.current,
            damaged=manifest.damaged or None,
        )
        writing.put(building, out)
    if keep is not None:
        for old in of_store(out.parent, manifest.store)[keep:]:
            old.unlink(missing_ok=True)
    return out, manifest


def sweep(folder: Path, name: str) -> None:
    """Take away what a backup or restore of that name left that was killed a day ago or before."""
    for path in folder.glob(f".{name}.part-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def of_store(folder: Path, store: str) -> list[Path]:
    """Return the backups of a store that lie in a folder under their times, the newest first."""
    found = []
    for path in sorted(folder.glob("cit-outcomes-*.tar"), reverse=True):
        with contextlib.suppress(UserError):
            if _NAMED.fullmatch(path.name) and read(path).store == store:
                found.append(path)
    return found


def read(file: Path) -> Manifest:
    """Return what a backup holds; raise ``UserError`` if the file is none, or not a whole one."""
    with opened(file) as tar:
        return manifest_of(tar, file)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[tarfile.TarFile]:
    """Open a backup to read; whatever is wrong with it as a file is a ``UserError``."""
    try:
        with tarfile.open(file, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError, ValueError):
        raise _no_backup(file) from None
    except FileNotFoundError as error:
        if error.filename and Path(error.filename) != file:
            raise
        raise UserError(f"{file}: there is no such file") from None
    except OSError as error:
        if error.filename is None or Path(error.filename) != file:
            raise
        raise UserError(f"{file}: cannot be read ({error.strerror})") from None


def manifest_of(tar: tarfile.TarFile, file: Path) -> Manifest:
    """Return the manifest of an open backup; raise ``UserError`` if there is none."""
    try:
        content = tar.extractfile(MANIFEST)
        raw: dict[str, Any] = json.loads(content.read()) if content else {}
        if int(raw["format"]) > FORMAT:
            raise UserError(
                f"{file}: was made by a later edition ({raw['software']}); use that one"
            )
        raw["files"] = {name: (str(sha), int(n)) for name, (sha, n) in raw["files"].items()}
        return Manifest(**raw)
    except (KeyError, TypeError, ValueError):
        raise _no_backup(file) from None


def _no_backup(file: Path) -> UserError:
    return UserError(f"{file}: is not a backup, or not a whole one; give another")


def _write(store: Store, file: BinaryIO, progress: Progress) -> Manifest:
    """Write the tar; the locks are held while what can change is copied, and no longer."""
    with tarfile.open(fileobj=file, mode="w|") as tar, contextlib.ExitStack() as open_files:
        with store.lock(_PATIENCE):
            progress("copying what changes")
            store.sweep()
            current = store.current()
            manifest = Manifest(
                edition.software(),
                datetime.now(UTC).isoformat(timespec="seconds"),
                seals.fingerprint(store.secret()),
                current.id,
                str(audit.mark(store.root)),
                [line["at"] for line in swaps.lines(store)],
            )
            current.refuse_log()
            snapshots = {}
            for id_ in store.ids():
                with contextlib.suppress(FileNotFoundError):
                    snapshots[id_] = open_files.enter_context(store.path_of(id_).open("rb"))
            sealed = {id_: seals.read(store.path_of(id_)) for id_ in snapshots}
            with locked(store.root):
                for path in _others(store.root):
                    with contextlib.suppress(FileNotFoundError), path.open("rb") as opened_:
                        name = path.relative_to(store.root).as_posix()
                        manifest.files[name] = _add(tar, name, opened_)
        for id_, opened_ in snapshots.items():
            progress(f"copying {id_}")
            name = store.path_of(id_).relative_to(store.root).as_posix()
            found = _add(tar, name, opened_)
            seal = sealed[id_]
            if seal is None or seal.sha256 == found[0]:
                manifest.files[name] = found
            elif id_ == current.id:
                raise UserError(
                    f"snapshot {id_}: its file is not the one that was published, so no backup was made;"
                    f" {opening.ROLL_BACK}"
                )
            else:
                manifest.damaged.append(id_)
        for id_ in manifest.damaged:
            manifest.files.pop(f"snapshots/{id_}.json", None)
        text = json.dumps(asdict(manifest), indent=1).encode()
        tar.addfile(
            _entry(MANIFEST, len(text), 0o600, datetime.now(UTC).timestamp()), io.BytesIO(text)
        )
    return manifest


def _others(root: Path) -> Iterator[Path]:
    """Every file but the snapshots, what is left out, locks and names that begin with a dot."""
    for here, folders, names in os.walk(root):
        folder = Path(here)
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and not (folder == root and f in _LEFT_OUT)
        )
        for name in sorted(names):
            path = folder / name
            lock = name == "lock" or name.endswith(".lock")
            snapshot = folder == root / "snapshots" and ".duckdb" in name
            if not name.startswith(".") and not lock and not snapshot and path.is_file():
                yield path


class _Hashed(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        block = self.file.read(size)
        self.hash.update(block)
        return block


def _add(tar: tarfile.TarFile, name: str, file: BinaryIO) -> tuple[str, int]:
    """Add a file as long as it is now; return its hash and length."""
    now = os.fstat(file.fileno())
    hashed = _Hashed(file)
    entry = _entry(str(PurePosixPath(FOLDER, name)), now.st_size, now.st_mode & 0o755, now.st_mtime)
    tar.addfile(entry, hashed)
    return hashed.hash.hexdigest(), now.st_size


def _entry(name: str, size: int, mode: int, at: float) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, mode, int(at)
    return entry
