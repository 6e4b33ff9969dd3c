"""A list of the agency's own numbers, brought to purge them or to keep them. Never written anywhere."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from data import keys
from data.errors import UserError
from data.store import Snapshot

KINDS = {"contact_id": "contact", "incident_id": "incident", "person_key": "person"}
"""Columns such a list may have, and the kind of number each holds."""

_JOINED = chr(31)  # between the parts of a contact number that a mapping takes from several columns


@dataclass(frozen=True)
class Number:
    """One number of a list, as the keys it may have in a store: one for each agency that it holds."""

    keys: frozenset[str]
    row: int
    reason: str = ""


def read(path: Path, snapshot: Snapshot, agencies: Iterable[str]) -> tuple[Number, ...]:
    """Return the distinct numbers of a CSV file with columns ``contact_id``, ``incident_id``, ``person_key``.

    Each number counts by itself, whatever stands beside it; a column ``reason`` is read too. Where the
    mapping makes a contact's number of several columns, a ``|`` stands between the parts. Raises
    ``UserError`` for a file that cannot be read or names nothing; it never repeats a number.
    """
    header, lines = _table(path)
    columns = [(place, KINDS[name]) for place, name in enumerate(header) if name in KINDS]
    if not columns:
        raise UserError(
            f"{path.name}: no column contact_id, incident_id or person_key; name the column that"
            " holds the numbers so in the first line"
        )
    reasons = header.index("reason") if "reason" in header else None
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for row, line in enumerate(lines, 1):
        reason = line[reasons].strip() if reasons is not None and reasons < len(line) else ""
        for place, kind in columns:
            if place < len(line) and (number := line[place].strip()):
                found.setdefault((kind, number), (row, reason))
    if not found:
        raise UserError(f"{path.name}: lists no number; give one on each line below the header")
    hashed = _hashed(found, snapshot, tuple(agencies))
    return tuple(Number(hashed[key], *said) for key, said in found.items())


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header, in small letters, and the lines of a CSV file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = list(csv.reader(io.StringIO(text), strict=True))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; check the path") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error):
        raise UserError(f"{path.name}: not a CSV file in UTF-8; save it as CSV") from None
    if not any(lines):
        raise UserError(f"{path.name}: is empty; the first line names the columns")
    return [name.strip().lower() for name in lines[0]], lines[1:]


def _hashed(
    found: Iterable[tuple[str, str]], snapshot: Snapshot, agencies: tuple[str, ...]
) -> dict[tuple[str, str], frozenset[str]]:
    """The keys of every (kind, number)."""
    result: dict[tuple[str, str], frozenset[str]] = {}
    for kind in dict.fromkeys(kind for kind, _ in found):
        numbers = [number for k, number in found if k == kind]
        written = {n: {n, n.replace("|", _JOINED)} for n in numbers}
        every = [w for forms in written.values() for w in forms]
        of_agency = [keys.hashed(snapshot, kind, agency, every) for agency in agencies]
        for number, forms in written.items():
            result[kind, number] = frozenset(h[form] for h in of_agency for form in forms)
    return result
