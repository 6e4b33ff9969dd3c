"""Numbers of a packet: how they are written, and whether two answers are the same."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

DIGITS = 10
"""Digits of a number in a packet. Threads finish in any order, so that the last digits of a sum (the
fourteenth and on) differ from run to run; ten are the same each time."""

RELATIVE = 1e-9
ABSOLUTE = 1e-12


def rounded(value: Any) -> Any:
    """Return JSON values with every fraction at ``DIGITS`` digits."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def text(value: Any) -> bytes:
    """Return JSON values as a member: the same text each time, a line a value."""
    return (json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n").encode()


@dataclass
class Tally:
    """How many numbers were compared, and how many agree only nearly (``largest``: relative)."""

    numbers: int = 0
    near: int = 0
    largest: float = 0.0


@dataclass(frozen=True)
class Different:
    """The first place where two answers differ: its path, what the packet says, what we find."""

    path: str
    theirs: str
    ours: str


def compare(theirs: Any, ours: Any, tally: Tally, path: str = "") -> Different | None:
    """Return the first difference of two JSON values; None where there is none.

    Fractions are the same if they are exactly so, and count as near where they agree to ``RELATIVE``.
    Everything else must be equal: counts, words, reasons, and what is there at all.
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return _parts(theirs, ours, tally, path)
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            return Different(path, f"{len(theirs)} entries", f"{len(ours)} entries")
        return _parts(_numbered(theirs), _numbered(ours), tally, path)
    if _is_number(theirs) and _is_number(ours):
        tally.numbers += 1
        if theirs == ours:
            return None
        if isinstance(theirs, float) and isinstance(ours, float):
            size = max(abs(theirs), abs(ours))
            if math.isclose(theirs, ours, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
                tally.near += 1
                tally.largest = max(tally.largest, abs(theirs - ours) / size)
                return None
    elif type(theirs) is type(ours) and theirs == ours:
        return None
    return Different(path, _shown(theirs), _shown(ours))


def _parts(
    theirs: dict[str, Any], ours: dict[str, Any], tally: Tally, path: str
) -> Different | None:
    for key in [*theirs, *(k for k in ours if k not in theirs)]:
        where = f"{path}.{key}" if path else key
        if key not in ours:
            return Different(where, _shown(theirs[key]), "nothing")
        if key not in theirs:
            return Different(where, "nothing", _shown(ours[key]))
        found = compare(theirs[key], ours[key], tally, where)
        if found is not None:
            return found
    return None


def _numbered(values: list[Any]) -> dict[str, Any]:
    """Return a list as a dictionary: by the entries' own names where each has one."""
    names = [v.get("id") or v.get("outcome") if isinstance(v, dict) else None for v in values]
    if all(isinstance(n, str) for n in names) and len(set(names)) == len(names):
        return dict(zip([str(n) for n in names], values, strict=True))
    return {str(i): v for i, v in enumerate(values, 1)}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return f"{len(value)} entries"
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
