"""What may never enter the store: headers that name a person, and keys that look like one."""

from __future__ import annotations

import re

# Words that identify wherever they stand in a header.
_WORDS = frozenset(
    """
    surname forename firstname lastname middlename maiden alias aka initials dob birthdate birthday
    ssn address addr street apt apartment latitude longitude lat lon lng phone telephone cell email
    licence license plate vin fbi sid mrn medication medications narrative remarks remark comments
    comment photo photograph signature caution
    """.split()
)
# Whole headers that identify by themselves but are harmless inside another.
_WHOLE = frozenset(
    {"x", "y", "zip", "notes", "note", "description", "name", "text", "g1", "g2", "g3"}
)
_PHRASES = (
    "date of birth",
    "birth date",
    "year of birth",
    "social security",
    "medical record number",
    "diagnosis text",
    "injury desc",
    "zip 4",
    "x coordinate",
    "y coordinate",
    "reported by trans",
)
# "Name" and "description" of a thing, not of a person.
_OF_A_THING = frozenset(
    """
    agency district precinct beat sector facility provider hospital shift squad unit event call type
    code disposition group category status bureau division city county
    """.split()
)


def words(header: str) -> list[str]:
    """Return a header as lower-case words, whatever its case and separators."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", header)
    return re.findall(r"[a-z0-9]+", spaced.lower())


def identifies(header: str) -> bool:
    """Say whether a header looks like it names or describes a person."""
    parts = words(header)
    joined = " ".join(parts)
    if joined in _WHOLE or _WORDS.intersection(parts):
        return True
    if any(f" {phrase} " in f" {joined} " for phrase in _PHRASES):
        return True
    for kind in ("name", "names", "description", "notes"):
        if kind in parts[1:] and not _OF_A_THING.intersection(parts[: parts.index(kind)]):
            return True
    return bool(parts) and parts[0] in {"name", "names"}


# DuckDB regular expressions for values that a key may not have: a social security number, a date (of
# birth, most likely), a name.
KEY_LOOKS_LIKE = {
    "a social security number": r"^\d{3}-\d{2}-\d{4}$",
    "a date": r"^(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[/-]\d{1,2}[/-](19|20)?\d{2})([T ].*)?$",
    "a name": r"^[A-Za-z][A-Za-z'’.-]+,? +[A-Za-z][A-Za-z'’. -]*$",
}

# Values that must not be echoed in a report of unknown values.
WITHHELD = "(withheld: looks identifying)"
VALUE_LOOKS_IDENTIFYING = (
    r"(\d{3}-\d{2}-\d{4}|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}|[^\s@]+@[^\s@]+\.\w+"
    r"|\b\d{1,2}[/-]\d{1,2}[/-](19|20)\d{2}\b|\b(19|20)\d{2}-\d{2}-\d{2}\b"
    r"|^[A-Z][a-z'’-]+,? [A-Z][a-z'’-]+$|^[A-Z'’-]+, [A-Z'’-]+)"
)
