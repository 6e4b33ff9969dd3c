"""What a mapping says, once read and checked: the classes the ingest works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data import schema

FORMATS = ("auto", "csv", "excel", "parquet")
ENCODINGS = ("auto", "utf-8", "latin-1")

COMBINE = {
    "first": "the first value that was recorded",
    "latest": "the last value that was recorded",
    "any": "yes if any row says yes (yes/no columns only)",
    "set": "every distinct value, one row each (tables with several rows per contact)",
}

_OF_THE_HEAD = frozenset({"agency_id", "source"})


def never_mapped(table: schema.Table) -> frozenset[str]:
    """Return the columns set by the mapping's head and the agency, not by a column of the file.

    The key of the contact is one where the rows belong to contacts; elsewhere it is a column like any.
    """
    return _OF_THE_HEAD | {"contact_id"} if table.of_contact else _OF_THE_HEAD


@dataclass(frozen=True)
class Reading:
    """One way to read a value: a column, or a date column with a time column.

    With ``lookup`` they stand in the file of that table, in the row of the same incident. Where the
    column is filled at all it ``means`` that value, whatever it holds. ``time_as`` "hour" reads the
    time column as whole hours.
    """

    column: str
    time: str | None = None
    basis: str | None = None
    lookup: str | None = None
    means: str | None = None
    time_as: str | None = None

    @property
    def headers(self) -> tuple[str, ...]:
        """Headers of the export that it reads."""
        return (self.column, self.time) if self.time else (self.column,)

    def staged(self, header: str) -> str:
        """Return the name under which one of its headers is staged."""
        return f"{header} ({self.lookup})" if self.lookup else header


@dataclass(frozen=True)
class LeftOut:
    """Rows of a file that are none of a table: those with one of these values in a column."""

    column: str
    values: tuple[str, ...]
    optional: bool = False


@dataclass(frozen=True)
class ColumnMapping:
    """How one canonical column is filled.

    ``readings`` are tried in order until one is recorded. ``values`` maps trimmed source values
    (``*`` matches anything) to canonical ones. ``blank_means`` needs ``form_filled``, the
    column that proves that the form was filled in. ``bands`` are names of numbers, both ends
    included. ``unpad`` takes the leading zeros off a key. Of a table with one column per box,
    ``boxes`` says what a tick in each header means here, and ``ticks`` what a ticked box holds.
    """

    canonical: schema.Column
    readings: tuple[Reading, ...] = ()
    constant: str | None = None
    values: tuple[tuple[str, str], ...] | None = None
    not_recorded: tuple[str, ...] = ()
    combine: str = "first"
    recorded_from: date | None = None
    recorded_until: date | None = None
    blank_means: str | None = None
    form_filled: str | None = None
    hours: tuple[tuple[str, int, int], ...] = ()
    bands: tuple[tuple[str, int, int], ...] = ()
    unpad: bool = False
    boxes: tuple[tuple[str, str], ...] = ()
    ticks: tuple[tuple[str, str], ...] = ()
    optional: bool = False

    @property
    def own_headers(self) -> list[str]:
        """Headers that it reads in its table's own file."""
        found = [h for r in self.readings if not r.lookup for h in r.headers]
        found += [self.form_filled] if self.form_filled else []
        return found + [header for header, _ in self.boxes]

    @property
    def lookups(self) -> list[Reading]:
        """Readings that stand in the file of another table."""
        return [r for r in self.readings if r.lookup]

    @property
    def codes(self) -> list[str] | None:
        """Canonical values this mapping can produce, or None where any can come."""
        if self.constant is not None:
            return [self.constant]
        if self.boxes and self.canonical.type == "enum":
            return sorted({value for _, value in self.boxes})
        if self.readings and all(r.means for r in self.readings):
            return sorted({str(r.means) for r in self.readings})
        if self.values is None or self.bands:
            return None
        return sorted({*(code for _, code in self.values), self.blank_means or ""} - {""})


@dataclass(frozen=True)
class TableMapping:
    """How the rows of some files become one canonical table.

    ``lent`` are headers of its file that other tables look up.
    """

    table: schema.Table
    columns: dict[str, ColumnMapping]
    key: tuple[str, ...] = ()
    file: str | None = None
    left_out: tuple[LeftOut, ...] = ()
    lent: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileFormat:
    """How the files are written. ``delimiter`` "auto" is found from the header line."""

    format: str = "auto"
    delimiter: str = "auto"
    encoding: str = "auto"
    sheet: str | None = None


@dataclass(frozen=True)
class Mapping:
    """A whole mapping, checked against the canonical schema."""

    name: str
    title: str
    edition: str
    source: str
    file: FileFormat
    tables: dict[str, TableMapping]
    agency: dict[str, Any] = field(default_factory=dict)
    not_recorded: tuple[str, ...] = ()
    duplicates: tuple[str, ...] | None = None
    never_stored: tuple[str, ...] = ()
    clock: str = "local"
    datetime_formats: tuple[str, ...] = ()
    replaces_by_file_name: bool = False

    @property
    def time_zone(self) -> str | None:
        """IANA zone of the agency's clock."""
        return self.agency.get("time_zone")


def several_rows(table: schema.Table, name: str) -> bool:
    """Say whether each distinct value of a column makes a row of its own."""
    return table.name != "contacts" and (not table.key or name in table.key)
