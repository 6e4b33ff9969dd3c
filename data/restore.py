"""Restore a backup to where no store is: whole and verified before it has the name, or not at all.

What was purged after the backup was made is in it still. The purges that other backups beside it, or a
store beside the new one, know of and it does not are never undone silently: a restore refuses, or, where
told to go on, writes down in ``purges_to_repeat.json`` that they are to be done again. ``verify`` says so
until a purge is done.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from data import audit, backup, seals, secret, swaps, verify
from data.backup import Manifest
from data.errors import UserError
from data.extract import writing
from data.store import Store

_BLOCK = 1 << 20
Progress = Callable[[str], None]


def restore(
    file: Path,
    root: Path,
    *,
    before_purge: bool = False,
    who: str | None = None,
    progress: Progress = lambda stage: None,
) -> tuple[Manifest, tuple[str, ...]]:
    """Make a store of a backup; return what the backup held, and the days of purges to do again.

    ``before_purge`` goes on where later purges are known of. ``who`` is named in the audit log; who runs
    the command if None. Raises ``UserError`` if the file is no whole backup, a store or anything else is
    there already, a later purge would be undone, what comes out does not verify, or the disk is full;
    nothing is left then.
    """
    root = root.absolute()
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise UserError(
            f"{root}: something is already there, and a restore writes over nothing; move it aside, or give"
            " another --store"
        )
    with backup.opened(file) as tar:
        manifest = backup.manifest_of(tar, file)
        undone = tuple(sorted(_later_purges(file, root, manifest)))
        days = tuple(sorted({at[:10] for at in undone}))
        if undone and not before_purge:
            raise UserError(
                f"{file}: was made before the purge of {days[-1]}, and what that removed would be back;"
                " restore a later backup, or give --before-purge and then purge again with the same file"
            )
        try:
            root.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"{root}: cannot be made ({error.strerror}); give another --store"
            ) from None
        backup.sweep(root.parent, root.name)
        with writing.sibling(root) as building:
            _unpack(tar, file, manifest, building, progress)
            _check(Store(building), file, progress)
            if undone:
                swaps.repeat(Store(building), undone, datetime.now(UTC).isoformat())
            progress("writing it down in the audit log")
            audit.record(
                building,
                "restore",
                who or audit.local(),
                sha256=seals.sha256(file),
                made=manifest.made_at,
                snapshot=manifest.current,
                log=manifest.log,
                purges=len(undone),
            )
            progress("putting it in place")
            writing.put(building, root)
    return manifest, days


def _unpack(
    tar: tarfile.TarFile, file: Path, manifest: Manifest, into: Path, progress: Progress
) -> None:
    """Write the files that the manifest names, each compared with its hash and on disk."""
    into.mkdir(mode=0o700)
    store = Store(into)
    for name, (sha256, size) in manifest.files.items():
        place = PurePosixPath(name)
        if place.is_absolute() or ".." in place.parts or "\\" in name or ":" in name:
            raise UserError(f"{file}: names a file outside the store; it is not a backup of ours")
        progress(f"unpacking {place.name}")
        try:
            member = tar.getmember(str(PurePosixPath(backup.FOLDER, name)))
        except KeyError:
            raise _damaged(file, name) from None
        content = tar.extractfile(member) if member.isreg() else None
        if content is None:
            raise _damaged(file, name)
        path = into / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = 0o600 if name == secret.NAME else member.mode & 0o644
        handle = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600
        )
        found, length = hashlib.sha256(), 0
        with os.fdopen(handle, "wb") as out:
            while block := content.read(_BLOCK):
                found.update(block)
                length += len(block)
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        path.chmod(mode)
        if (found.hexdigest(), length) != (sha256, size):
            raise _damaged(file, name)
    for folder in (into, *(p for p in into.rglob("*") if p.is_dir())):
        store.flush(folder)


def _damaged(file: Path, name: str) -> UserError:
    return UserError(f"{file}: is damaged: {name} is not as it was saved; restore another backup")


def _check(store: Store, file: Path, progress: Progress) -> None:
    errors = verify.verify(store, progress).errors
    if errors:
        what = f"{errors[0].where}: {errors[0].what}".replace(f"{store.root}{os.sep}", "")
        raise UserError(
            f"{file}: does not verify ({what}); restore another backup; nothing was restored"
        )


def _later_purges(file: Path, root: Path, manifest: Manifest) -> set[str]:
    """Return the times of purges of the same store, known nearby, that the backup knows nothing of."""
    known: set[str] = set()
    for other in file.absolute().parent.glob("*.tar"):
        with contextlib.suppress(UserError, OSError):
            found = backup.read(other)
            known |= set(found.purges) if found.store == manifest.store else set()
    for store in _stores_beside(root):
        with contextlib.suppress(UserError, OSError):
            if seals.fingerprint(secret.text(store.root / secret.NAME)) == manifest.store:
                known |= {line["at"] for line in swaps.lines(store)}
    return known - set(manifest.purges)


def _stores_beside(root: Path) -> Iterator[Store]:
    """The folders beside a new store that look like one: such as the store it is to replace."""
    with contextlib.suppress(OSError):
        for folder in root.parent.iterdir():
            if (folder / swaps.LOG).is_file() or (folder / swaps.JOURNAL).is_file():
                yield Store(folder)


def said(manifest: Manifest, root: Path, purges: tuple[str, ...]) -> str:
    """Return what the command prints."""
    lines = [
        f"restored to {root}: the store of {manifest.made_at}, snapshot {manifest.current} in use",
        f"  the audit log went on until its line {manifest.log.partition(':')[0]} by then; what was done"
        " after that is not in it",
    ]
    if purges:
        lines.append(
            f"  purge again with the same files as on {', '.join(purges)}: what was removed then is back"
        )
    return "\n".join(lines)
