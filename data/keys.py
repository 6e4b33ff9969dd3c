"""Keys of numbers that someone types or brings, to find their rows again. Nothing here is written.

The same keyed hash as a load makes (``transform.MACROS``; a test holds them together), with the store's
secret, which never leaves this module.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from data.store import Snapshot

_SEPARATOR = chr(31)
_LETTERS = 32


def hashed(snapshot: Snapshot, kind: str, agency: str, numbers: Iterable[str]) -> dict[str, str]:
    """Return number -> key, as rows of the snapshot's store hold it; spaces around a number do not count.

    ``kind`` is the column's name without ``_key`` or ``_id``, such as "officer". Raises ``UserError``
    if the store's secret is missing or cannot be read.
    """
    secret = snapshot.store.secret()
    return {n: _keyed(secret, kind, agency, n.strip()) for n in numbers if n.strip()}


def _keyed(secret: str, kind: str, agency: str, value: str) -> str:
    inner = _sha256(f"{secret}{kind}{_SEPARATOR}{agency}{_SEPARATOR}{value}")
    return _sha256(f"{secret}{inner}")[:_LETTERS]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
