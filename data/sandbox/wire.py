"""How the dashboard and a worker talk: four bytes of length, then a message."""

from __future__ import annotations

import struct
from typing import IO

_LENGTH = struct.Struct(">I")


def receive(stream: IO[bytes], most: int | None = None) -> bytes | None:
    """Return the next message; None at the end of the stream, or if it is longer than ``most`` bytes."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    if most is not None and size > most:
        return None
    body = stream.read(size)
    return body if len(body) == size else None


def send(stream: IO[bytes], body: bytes) -> None:
    """Write one message."""
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()
