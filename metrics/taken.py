"""What the audit log says of a file that was made for somebody, and files written by commands."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from data import audit
from data.errors import UserError
from metrics.question import Question


def facts(
    content: bytes,
    page: str,
    file: str,
    kind: str,
    *,
    access: str | None = None,
    snapshot: str | None = None,
    question: Question | None = None,
) -> dict[str, Any]:
    """Return the facts of an ``export``: of a filter its days and dimensions, never its values."""
    found: dict[str, Any] = {"page": page, "file": file, "kind": kind, "access": access}
    if question is not None:
        asked = question.to_dict()
        found |= {"start": asked["from"], "end": asked["to"], "where": list(asked["where"]) or None}
    digest = hashlib.sha256(content).hexdigest()
    return found | {"snapshot": snapshot, "sha256": digest, "bytes": len(content)}


def write(
    root: Path, path: Path, content: bytes, page: str, file: str, option: str = "--out", **more: Any
) -> None:
    """Write a command's file, whole and written down in the audit log of a store, or not at all.

    ``option`` named it; ``more`` is as for `facts`. Raises ``UserError`` if either cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        told = facts(content, page, file, path.suffix.removeprefix("."), **more)
        audit.record(root, "export", audit.local(), **told)
        part.replace(path)
    except OSError as error:
        raise UserError(f"{option} {path}: cannot be written ({error.strerror})") from None
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
