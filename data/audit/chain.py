"""The chain itself: how a line and the head are written, signed and read back.

A line is JSON on one line, ``{"seq","at","what","who","facts","previous","hash"}``; ``hash`` is an HMAC of
every byte before it with a key derived from the store's secret, ``previous`` the hash of the line before.
The head names the last line (number and hash), signed with another key, so that cutting off the end shows.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE, HEAD, LOCK = "audit.jsonl", "audit.head", "audit.lock"
_MARK = re.compile(r"(\d{1,15}):([0-9a-f]{64})")
_HASH, _END, _HEX = b',"hash":"', b'"}', 64
_SIGNED_END = len(_HASH) + _HEX + len(_END)
_PREVIOUS = b',"previous":"'
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Keys:
    """What signs lines and the head."""

    line: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the chain: a line's number and hash."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @staticmethod
    def of(text: str) -> Mark:
        """Return the mark that stands as NUMBER:HASH; raise ``ValueError`` for what is none."""
        found = _MARK.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError("a line of the audit log is noted as NUMBER:HASH")
        return Mark(int(found[1]), found[2])


START = Mark(0, "0" * 64)
"""What the first line follows."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sound line: its place, that of the line before, its time and kind as text, and its bytes."""

    mark: Mark
    before: Mark
    at: str
    what: str
    raw: bytes

    def content(self) -> dict[str, Any]:
        """Return the line as it was recorded."""
        found: dict[str, Any] = json.loads(self.raw)
        return found


def keys(secret: str) -> Keys:
    """Derive the keys from a store's secret."""
    line, head = (
        hmac.digest(secret.encode(), f"cit audit {name}".encode(), "sha256")
        for name in ("line", "head")
    )
    return Keys(line, head)


def written(
    keys: Keys, after: Mark, at: datetime, what: str, who: str, facts: dict[str, Any]
) -> tuple[Mark, bytes]:
    """Return the line that follows ``after``: its mark and its bytes, the line break with them."""
    body = {
        "seq": after.seq + 1,
        "at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "what": what,
        "who": who,
        "facts": facts,
        "previous": after.hash,
    }
    signed = json.dumps(body, separators=(",", ":"), allow_nan=False)[:-1].encode()
    hash_ = hmac.digest(keys.line, signed, "sha256").hex()
    return Mark(after.seq + 1, hash_), signed + _HASH + hash_.encode() + _END + b"\n"


def read(keys: Keys, raw: bytes) -> Line | None:
    """Return a line, without its line break, if it is just as it was written."""
    signed, found = raw[:-_SIGNED_END], raw[-_HEX - len(_END) : -len(_END)]
    if hmac.digest(keys.line, signed, "sha256").hex().encode() != found:
        return None
    if raw[-_SIGNED_END:] != _HASH + found + _END or signed[-_HEX - 14 : -_HEX - 1] != _PREVIOUS:
        return None
    number, _, rest = signed[7:].partition(b",")
    seq, what = int(number), rest[43 : rest.index(b'"', 43)]
    before = Mark(seq - 1, signed[-_HEX - 1 : -1].decode())
    return Line(Mark(seq, found.decode()), before, rest[6:33].decode(), what.decode(), raw)


def half_written(raw: bytes) -> bool:
    """Return whether bytes can be what a write that was cut short leaves: the beginning of a line."""
    if not b'{"seq":'.startswith(raw[:7]):
        return False
    try:
        json.loads(raw)
    except ValueError:
        return True
    return False


def read_head(keys: Keys, path: Path) -> Mark | None:
    """Return what the head names; None if it is missing or not as it was written."""
    try:
        raw = json.loads(path.read_text(encoding="ascii"))
        mark, signed = Mark(int(raw["seq"]), str(raw["hash"])), str(raw["signed"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return mark if hmac.compare_digest(_sign_head(keys, mark), signed) else None


def write_head(keys: Keys, path: Path, mark: Mark) -> None:
    """Write the head, all of it or nothing; raise ``OSError`` if it cannot be."""
    text = json.dumps({"seq": mark.seq, "hash": mark.hash, "signed": _sign_head(keys, mark)})
    temporary = path.with_name(f".{path.name}")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _sign_head(keys: Keys, mark: Mark) -> str:
    return hmac.digest(keys.head, f"{mark.seq} {mark.hash}".encode(), "sha256").hex()


def backwards(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of the first ``size`` bytes from the last to the first: where each begins, its bytes.

    Without line breaks. The last is empty if the bytes end with one.
    """
    with path.open("rb") as file:
        rest, at, block = b"", size, _BLOCK
        while at:
            take = min(block, at)
            at -= take
            file.seek(at)
            first, *lines = (file.read(take) + rest).split(b"\n")
            block = _BLOCK if lines else 2 * block
            ends = at + len(first) + 1 + sum(len(line) + 1 for line in lines)
            for line in reversed(lines):
                ends -= len(line) + 1
                yield ends, line
            rest = first
        yield 0, rest


def digest(path: Path, start: int, end: int, then: bytes = b"") -> str:
    """Return the SHA-256 of part of a file, and of what follows it."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left and (block := file.read(min(_BLOCK, left))):
            found.update(block)
            left -= len(block)
    found.update(then)
    return found.hexdigest()
