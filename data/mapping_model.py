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
    """One way to read a value: a column, or a date column with a time column."""

    column: str
    time: str | None = None
    basis: str | None = None


@dataclass(frozen=True)
class ColumnMapping:
    """How one canonical column is filled.

    ``readings`` are tried in order until one is recorded. ``values`` maps trimmed source values
    (``*`` matches anything) to canonical ones. ``blank_means`` needs ``form_filled``, the
    column that proves that the form was filled in.
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
    optional: bool = False

    @property
    def codes(self) -> list[str] | None:
        """Canonical values this mapping can produce, or None where any can come."""
        if self.constant is not None:
            return [self.constant]
        if self.values is None:
            return None
        return sorted({*(code for _, code in self.values), self.blank_means or ""} - {""})


@dataclass(frozen=True)
class TableMapping:
    """How the rows of some files become one canonical table."""

    table: schema.Table
    columns: dict[str, ColumnMapping]
    key: tuple[str, ...] = ()
    file: str | None = None


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
