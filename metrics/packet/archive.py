"""The packet as a zip that has exactly one right form: nothing can be changed, added or hidden in it.

Members are stored, not compressed, in a fixed order and with one time: the same members make the same
bytes on every machine, so a reader makes the file again and compares. It also means that no member can
grow beyond the file it lies in.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import zipfile
from datetime import datetime
from pathlib import Path

from data.errors import UserError

README = "README.txt"
SUMS = "SHA256SUMS"
LARGEST = 2**30
"""Bytes of a packet at most: a million contacts take some tens of megabytes."""
MOST_MEMBERS = 5000

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_DAMAGED = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


def digest(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sums(members: dict[str, bytes]) -> bytes:
    """Return the list of hashes as ``sha256sum --check`` reads it."""
    lines = [f"{digest(members[name])}  {name}\n" for name in sorted(members) if name != SUMS]
    return "".join(lines).encode()


def pack(members: dict[str, bytes], made: datetime) -> bytes:
    """Return the members as a zip, each with the time ``made`` (UTC; 1980 to 2107)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(members, key=lambda n: (n != README, n)):
            info = zipfile.ZipInfo(name, made.timetuple()[:6])
            info.create_system = 3  # the same on Windows
            info.external_attr = 0o644 << 16
            file.writestr(info, members[name])
    return buffer.getvalue()


def read(path: Path) -> bytes:
    """Return a file's bytes; raise ``UserError`` where there is none or it is absurdly large."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise UserError(f"{path}: {size:,} bytes are too many for a packet")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the name") from None


def unpack(data: bytes, where: str) -> dict[str, bytes]:
    """Return a packet's members by name, each as its list of hashes has it.

    Raises ``UserError`` that begins with ``where`` for a file that is damaged or no packet, an odd name
    or size, and a member that is missing, not listed, or other than its hash says.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            infos = file.infolist()
            _refuse_odd(infos, len(data), where)
            members = {info.filename: file.read(info) for info in infos}
    except _DAMAGED:
        raise UserError(f"{where}: the file is damaged or is no packet; get it again") from None
    _check_hashes(members, where)
    return members


def _refuse_odd(infos: list[zipfile.ZipInfo], size: int, where: str) -> None:
    if len(infos) > MOST_MEMBERS:
        raise UserError(f"{where}: {len(infos):,} members are too many for a packet")
    names = set()
    for info in infos:
        if not _NAME.fullmatch(info.filename) or ".." in info.filename:
            raise UserError(f"{where}: a member has a name that no packet has; nothing was read")
        if info.filename in names:
            raise UserError(f"{where}: {info.filename} is in it twice")
        names.add(info.filename)
        stored = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
        if not stored or info.flag_bits & 1:
            raise UserError(f"{where}: {info.filename} is compressed or locked: no packet is so")
    if sum(info.file_size for info in infos) > size:
        raise UserError(f"{where}: the members claim to be larger than the file")


def _check_hashes(members: dict[str, bytes], where: str) -> None:
    if SUMS not in members:
        raise UserError(f"{where}: {SUMS} is missing: the file is damaged or is no packet")
    listed = {}
    for line in members[SUMS].decode("utf-8", "replace").splitlines():
        value, _, name = line.partition("  ")
        listed[name] = value
    for name in sorted(listed):
        if name not in members:
            raise UserError(f"{where}: the member {name!r} is missing")
    for name in sorted(members):
        if name == SUMS:
            continue
        if name not in listed:
            raise UserError(f"{where}: the member {name} was added: {SUMS} does not list it")
        if digest(members[name]) != listed[name]:
            raise UserError(f"{where}: {name} has changed: its hash is not the one in {SUMS}")
    if sums(members) != members[SUMS]:
        raise UserError(f"{where}: {SUMS} is not written as packets are")
