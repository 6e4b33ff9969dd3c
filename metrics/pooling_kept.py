"""The partials kept in a store: what its own pages show of agencies that share counts."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from data.errors import UserError
from data.store import Store
from metrics.pooling_files import Partial, read, together

FOLDER = "partials"


def folder(store: Store) -> Path:
    """Return where a store keeps partials."""
    return store.root / FOLDER


def files(store: Store) -> tuple[Path, ...]:
    """Return the partials kept in a store, by name."""
    with contextlib.suppress(OSError):
        return tuple(sorted(folder(store).glob("*.json")))
    return ()


def kept(store: Store) -> tuple[Partial, ...]:
    """Return the partials kept, checked, or none; raise ``UserError`` where one was changed."""
    found = files(store)
    return together([read(path) for path in found]) if found else ()


def keep(store: Store, paths: Sequence[Path]) -> None:
    """Keep these partials, already checked, instead of those kept so far: all of them or none.

    Raises ``UserError`` if the store cannot be written to, or another load is writing to it.
    """
    store.prepare()
    with store.lock():
        made, old = store.root / f".{FOLDER}-new", store.root / f".{FOLDER}-old"
        try:
            for left in (made, old):
                shutil.rmtree(left, ignore_errors=True)
            made.mkdir()
            for number, path in enumerate(paths, 1):
                shutil.copyfile(path, made / f"{number:03d}-{path.name}")
            if folder(store).exists():
                folder(store).rename(old)
            made.rename(folder(store))
        except OSError as error:
            if old.exists() and not folder(store).exists():
                old.rename(folder(store))
            raise UserError(
                f"{folder(store)}: cannot be written ({error.strerror}); nothing was changed"
            ) from None
        finally:
            shutil.rmtree(made, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)
