"""The seal of a snapshot: a small file beside it that says what was published, byte for byte.

Until the pointer has moved, the seal bears another name: what a crash left of a load that was never in use
is then told from a snapshot that was, and taken away. A snapshot of an earlier edition has no seal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from data.errors import UserError

_UNPUBLISHED = ".unpublished-"


@dataclass(frozen=True)
class Seal:
    """What a snapshot's file was when it was published."""

    sha256: str
    size: int
    """Bytes."""
    secret: str
    """Fingerprint of the secret its keys were made with; empty where that was not known."""
    log: str = ""
    """Last line of the audit log by then, as NUMBER:HASH; empty in an edition that kept none."""

    def text(self) -> str:
        """Return it as its file holds it."""
        return json.dumps(asdict(self), sort_keys=True) + "\n"


def of(file: Path, secret: str, log: str) -> Seal:
    """Return the seal of a finished file; raise ``OSError`` if it cannot be read."""
    return Seal(sha256(file), file.stat().st_size, secret, log)


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file; raise ``OSError`` if it cannot be read."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def fingerprint(secret: str) -> str:
    """Return what tells one secret from another and gives neither away."""
    return hmac.new(secret.encode(), b"seal", "sha256").hexdigest()[:16]


def path_of(snapshot: Path) -> Path:
    """Return where the seal of a published snapshot lies."""
    return snapshot.with_suffix(".json")


def unpublished(snapshot: Path) -> Path:
    """Return where its seal lies until the pointer has moved to it."""
    return snapshot.with_name(f"{_UNPUBLISHED}{snapshot.stem}.json")


def marks(folder: Path) -> dict[str, Path]:
    """Return the seals of snapshots that the pointer has not moved to, or did just now, by id."""
    found = folder.glob(f"{_UNPUBLISHED}*.json")
    return {path.stem.removeprefix(_UNPUBLISHED): path for path in found}


def beside(snapshot: Path) -> tuple[Path, Path]:
    """Return the files that go with a snapshot: its write-ahead log, and its seal."""
    return snapshot.with_name(snapshot.name + ".wal"), path_of(snapshot)


def read(snapshot: Path) -> Seal | None:
    """Return a snapshot's seal, None where it has none; raise ``UserError`` if it cannot be read."""
    for path in (path_of(snapshot), unpublished(snapshot)):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return Seal(
                str(raw["sha256"]), int(raw["size"]), str(raw["secret"]), str(raw.get("log", ""))
            )
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            raise UserError(
                f"{path}: cannot be read; restore it from a backup, or delete it if the snapshot is sound"
            ) from None
    return None
