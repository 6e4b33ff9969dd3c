"""What a file carries so that it can be traced: which data, which question, which definitions.

Nothing here is read from a clock: the time is that of the snapshot, or one handed in, so that the same
inputs make the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from data import loads
from data.edition import registry_hash, software
from data.store import Snapshot
from metrics import aggregate
from metrics.question import ACCESSES, Access, Question

SHORT = 12
"""Letters of a hash that a reader is shown."""


@dataclass(frozen=True)
class Manifest:
    """Where a file's numbers come from.

    ``data`` is the SHA-256 of the snapshot's file, ``registry`` that of every definition of outcomes,
    exposures, covariates and codes, both in hexadecimal. ``made`` is in UTC. ``first`` and ``last`` are
    the days of the contacts asked about, None where the snapshot holds none.
    """

    snapshot: str
    data: str
    question: Question
    registry: str
    software: str
    made: datetime
    access: Access
    agencies: tuple[str, ...]
    simulated: bool
    first: date | None
    last: date | None

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in hexadecimal: the one short thing to print in a footer."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def internal(self) -> bool:
        """Whether the file is not to be published."""
        return self.access == "internal"

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as plain JSON values."""
        return {
            "snapshot": self.snapshot,
            "data_sha256": self.data,
            "question": self.question.to_dict(),
            "registry_sha256": self.registry,
            "software": self.software,
            "made": f"{self.made:%Y-%m-%dT%H:%M:%SZ}",
            "access": self.access,
            "agencies": list(self.agencies),
            "simulated": self.simulated,
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
        }

    def to_json(self) -> str:
        """Return the manifest as one line of JSON with sorted keys: the same text each time."""
        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=True)


def manifest(
    question: Question, access: Access, snapshot: Snapshot, *, made: datetime | None = None
) -> Manifest:
    """Return the manifest of what a question to a snapshot answers.

    ``made`` stands in for the time the snapshot was published, and must know its time zone. Raises
    ``ValueError`` for an unknown access, a time without a zone, and a snapshot whose id holds no time
    where none is given; ``UserError`` if the snapshot cannot be read.
    """
    if access not in ACCESSES:
        raise ValueError(f"access must be one of: {', '.join(ACCESSES)}")
    if made is not None and made.tzinfo is None:
        raise ValueError("a time without a zone says nothing in a file that travels")
    found = aggregate.coverage(snapshot.to_publish())  # of it only the first and last day
    agencies = loads.agencies(snapshot)
    return Manifest(
        snapshot=snapshot.id,
        data=data_hash(snapshot),
        question=question,
        registry=registry_hash(),
        software=software(),
        made=published(snapshot) if made is None else made.astimezone(UTC),
        access=access,
        agencies=tuple(a.name for a in agencies),
        simulated=any(a.simulated for a in agencies),
        first=question.start or found.first,
        last=question.end or found.last,
    )


def published(snapshot: Snapshot) -> datetime:
    """Return when a snapshot was made, in UTC: its id begins with it. Raises ``ValueError`` if not."""
    return datetime.strptime(snapshot.id.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)


def data_hash(snapshot: Snapshot) -> str:
    """Return the SHA-256 of a snapshot's file, read once for each state of it."""
    status = snapshot.path.stat()
    return _file_hash(snapshot.path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=16)
def _file_hash(path: Path, size: int, changed: int) -> str:
    """Hash a file. Size and time are there to notice that a purge has rewritten it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
