"""Publish a finished snapshot: sealed, on disk, and only then the pointer moves to it.

Killed at any instant, the snapshot in use is the old one or the new one; the next to hold the lock settles
which, by the name of the seal (``data.seals``).
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from data import audit, seals
from data.errors import UserError

if TYPE_CHECKING:
    from data.store import Store


def publish(store: Store, id_: str, building: Path) -> None:
    """Make a finished, closed file the snapshot in use. Call with the lock held.

    Raises ``UserError`` if it still has a write-ahead log, ``OSError`` if the disk fails; the snapshot in
    use then stays.
    """
    if seals.beside(building)[0].exists():
        raise UserError(f"snapshot {id_} was not checkpointed; nothing was published")
    final = store.path_of(id_)
    mark = seals.unpublished(final)
    try:
        seal(store, building, mark)
        building.rename(final)
        store.flush(store.snapshots_dir)
        store.point_to(id_)
    except BaseException:
        if store.pointed() != id_:
            final.unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
        raise
    # It is published: what is left to settle is settled by whoever next holds the lock.
    with contextlib.suppress(OSError):
        settle(store)
    store.prune()


def seal(store: Store, file: Path, as_: Path) -> None:
    """Have a finished snapshot on disk, read-only, and its seal under a path.

    Raises ``OSError``, and ``UserError`` if the audit log, whose last line the seal names, cannot be written.
    """
    store.flush(file)
    file.chmod(0o444)
    try:
        made_with = seals.fingerprint(store.secret())
    except UserError:
        made_with = ""
    name = str(as_.relative_to(store.root))
    store.write_private(
        name, seals.of(file, made_with, str(audit.mark(store.root))).text(), mode=0o444
    )


def settle(store: Store) -> None:
    """Settle loads that a crash ended around the pointer's move. Call with the lock held.

    Published, a snapshot gets its seal's final name; never in use, it goes. Where no pointer can say, it
    stays.
    """
    for id_, mark in seals.marks(store.snapshots_dir).items():
        final, pointed = store.path_of(id_), store.pointed()
        if final.exists() and (pointed == id_ or (pointed is None and store.ids())):
            mark.replace(seals.path_of(final))
        else:
            final.unlink(missing_ok=True)
            mark.unlink()
        store.flush(store.snapshots_dir)


def flush(path: Path) -> None:
    """Have a file or folder on disk before going on. Raises ``OSError``."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems cannot sync a folder.
        if error.errno not in (errno.EINVAL, errno.EBADF):
            raise
    finally:
        os.close(handle)
