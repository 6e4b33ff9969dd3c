"""What may never enter the store: headers that name a person, and keys that look like one."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Words that identify wherever they stand in a header.
_WORDS = frozenset(
    {
        "addr",
        "address",
        "aka",
        "alias",
        "apartment",
        "apt",
        "birthdate",
        "birthday",
        "caution",
        "cell",
        "comment",
        "comments",
        "dob",
        "email",
        "fbi",
        "firstname",
        "forename",
        "initials",
        "lastname",
        "lat",
        "latitude",
        "licence",
        "license",
        "lng",
        "lon",
        "longitude",
        "maiden",
        "medication",
        "medications",
        "middlename",
        "mrn",
        "narrative",
        "phone",
        "photo",
        "photograph",
        "plate",
        "remark",
        "remarks",
        "sid",
        "signature",
        "ssn",
        "street",
        "surname",
        "telephone",
        "vin",
    }
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
    {
        "agency",
        "beat",
        "bureau",
        "call",
        "category",
        "city",
        "code",
        "county",
        "disposition",
        "district",
        "division",
        "event",
        "facility",
        "group",
        "hospital",
        "precinct",
        "provider",
        "sector",
        "shift",
        "squad",
        "status",
        "type",
        "unit",
    }
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


@dataclass(frozen=True)
class Look:
    """What a key's values must not look like: a DuckDB regular expression over one value.

    ``condition`` is further SQL over the value ``v``. A column is refused when more than ``share``
    of its filled values look so; zero refuses a single one.
    """

    what: str
    pattern: str
    share: float = 0.05
    condition: str = "TRUE"


KEY_LOOKS_LIKE = (
    Look("a social security number", r"^\d{3}[- ]\d{2}[- ]\d{4}$", share=0.0),
    Look("an e-mail address", r"^[^\s@]+@[^\s@]+\.\w+$", share=0.0),
    Look(
        "a date",
        r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](19|20)?\d{2}"
        r"|\d{1,2}[- ]?[A-Za-z]{3}[- ]?(19|20)?\d{2}|[A-Za-z]{3,9} \d{1,2},? (19|20)\d{2})"
        r"([T ].*)?$",
    ),
    # Eight digits can be a serial number by chance; when half of them are real dates they are dates.
    Look(
        "a date",
        r"^\d{8}$",
        share=0.5,
        condition="coalesce(try_strptime(v, ['%Y%m%d', '%m%d%Y']) BETWEEN TIMESTAMP '1900-01-01'"
        " AND TIMESTAMP '2100-01-01', FALSE)",
    ),
    Look(
        "a name",
        r"^([A-Za-z][A-Za-z'’.-]*(, ?| +)[A-Za-z][A-Za-z'’. -]*"
        r"|[A-Z][a-z'’]+(-[A-Z][a-z]+)?)$",
    ),
)

HIDDEN = "[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
"""Control characters, and letters that turn the direction of writing: no label or header needs one."""
HIDDEN_LETTERS = re.compile(HIDDEN.replace("x01", "x00", 1))

_PERSONAL = (
    r"\b\d{3}-\d{2}-\d{4}\b|\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b"
    r"|[^\s@]+@[^\s@]+\.\w+"
)

LABEL_LOOKS_IDENTIFYING = f"({_PERSONAL})"
"""A label that holds a social security number, a phone number or an e-mail address: not stored."""

WITHHELD = "(withheld: looks identifying)"
"""What a report shows in place of a value that may identify a person."""

VALUE_LOOKS_IDENTIFYING = (
    f"({_PERSONAL}"
    r"|\b\d{1,2}[/-]\d{1,2}[/-](19|20)\d{2}\b|\b(19|20)\d{2}-\d{2}-\d{2}\b"
    r"|^[A-Za-z'’-]+, [A-Za-z'’-]+( [A-Za-z'’.-]+)*$)"
)
"""A value not to be echoed where the mapping does not know it: besides, dates and "Last, First"."""
