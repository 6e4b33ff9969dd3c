"""The store's secret: the key of every hash in it, in a file that only its owner reads."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from data import seals
from data.errors import UserError

if TYPE_CHECKING:
    from data.store import Store

NAME = "secret"


def read(store: Store) -> str:
    """Return the secret, making it on first use; raise ``UserError`` if it is lost or another's."""
    path = store.root / NAME
    store.prepare()
    if not _exists(path):
        if store.ids():
            raise UserError(
                f"{path}: the store's secret is missing; restore it from a backup,"
                " or start again with another --store"
            )
        _make(path)
    value = text(path)
    if not value:
        raise UserError(f"{path}: the store's secret cannot be read; restore it from a backup")
    if not _made_with(store, value):
        raise UserError(
            f"{path}: is not the secret that this store's snapshots were made with; restore that one"
            " from a backup"
        )
    return value


def text(path: Path) -> str:
    """Return what a secret file holds, empty if it cannot be read."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that may not be searched: reading says so
        return True


def _made_with(store: Store, value: str) -> bool:
    """Say whether the snapshot in use was made with a secret; True where nothing says otherwise."""
    sealed = None
    if pointed := store.pointed():
        with contextlib.suppress(UserError):
            sealed = seals.read(store.path_of(pointed))
    return not (sealed and sealed.secret) or sealed.secret == seals.fingerprint(value)


def _make(path: Path) -> None:
    temporary = path.with_name(f".secret-{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        # Only a whole secret gets the name, and the first one keeps it.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
