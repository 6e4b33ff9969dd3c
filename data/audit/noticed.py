"""What the audit log notices by itself: that the settings file is not what it was when it was last read."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.audit.chain import FILE
from data.audit.reading import entries
from data.audit.writing import local, record_unless

if TYPE_CHECKING:
    from data.settings import Settings

_Stamp = tuple[int, int, int]
_read: dict[Path, _Stamp | None] = {}


def settings(path: Path, found: Settings) -> None:
    """Write a ``settings`` event if the file, just read, is not the one last written of.

    The file is read again only where its time, size or place on the disk is not what it was. Never
    raises: a page is shown although this cannot be written.
    """
    root = path.parent.absolute()
    stamp = _stamp(path)
    # A folder that is not a store yet stays as it is; one that never had settings has none to tell of.
    if not (root / "secret").exists() or (stamp is None and not (root / FILE).exists()):
        return
    if root in _read and _read[root] == stamp:
        return
    _read[root] = stamp
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if stamp else None
    except OSError:
        return

    def known() -> bool:
        last = entries(root, what="settings", most=1)
        return (last[0].facts.get("sha256") if last else None) == sha256

    record_unless(root, "settings", local(), {"sha256": sha256, "set": _set(found)}, known)


def _stamp(path: Path) -> _Stamp | None:
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_mtime_ns, there.st_size, there.st_ino


def _set(found: Settings) -> list[str]:
    """Name the settings that are not the default; a number is shown, a text is not, a table is counted."""
    said = []
    for field in fields(found):
        value: Any = getattr(found, field.name)
        if value == field.default:
            continue
        if isinstance(value, tuple):
            said.append(f"{field.name} ({len(value)})")
        else:
            said.append(field.name if isinstance(value, str) else f"{field.name} = {value}")
    return said
