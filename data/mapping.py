"""Mappings: one TOML file says how an export's columns become ours. Parsed, then checked in full."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from data import schema
from data.errors import UserError
from data.identifying import identifies

MAPPINGS = Path(__file__).with_name("mappings")

COMBINE = {
    "first": "the first value that was recorded",
    "latest": "the last value that was recorded",
    "any": "yes if any row says yes (yes/no columns only)",
    "set": "every distinct value, one row each (tables with several rows per contact)",
}


@dataclass(frozen=True)
class Reading:
    """One way to read a value: a column, or a date column with a time column."""

    column: str
    time: str | None = None
    basis: str | None = None


@dataclass(frozen=True)
class ColumnMapping:
    """How one canonical column is filled.

    ``readings`` are tried in order until one is recorded. ``values`` maps trimmed source values (a
    ``*`` matches anything) to canonical ones. ``blank_means`` needs ``form_filled``, the column that
    proves that the form was filled in.
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
        return sorted({code for _, code in self.values if code} | ({self.blank_means or ""} - {""}))


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


def names() -> list[str]:
    """Return the names of the mappings that ship with the product."""
    return sorted(p.stem for p in MAPPINGS.glob("*.toml"))


def read(name_or_path: str) -> Mapping:
    """Read a shipped mapping by name, or any TOML file; raise ``UserError`` naming what is wrong."""
    shipped = MAPPINGS / f"{name_or_path}.toml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    if not path.is_file():
        raise UserError(
            f"there is no mapping {name_or_path!r}; give a TOML file or one of: {', '.join(names())}"
        )
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path.name}: not a valid TOML file ({error}); mend the line it names"
        ) from None
    return parse(raw, path.name)


class _Section:
    """A TOML table that remembers where it stands and complains about keys nobody reads."""

    def __init__(self, where: str, raw: Any) -> None:
        self.where = where
        if not isinstance(raw, dict):
            raise UserError(f"{where}: expected a table of settings")
        self.raw = dict(raw)

    def take(self, key: str, kind: type | tuple[type, ...], default: Any = None) -> Any:
        value = self.raw.pop(key, default)
        if value is not default and not isinstance(value, kind):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            expected = " or ".join(k.__name__ for k in kinds)
            raise UserError(f"{self.where}: {key} must be {expected}")
        return value

    def strings(self, key: str) -> tuple[str, ...]:
        value = self.take(key, (str, list), [])
        return (value,) if isinstance(value, str) else tuple(str(v) for v in value)

    def finish(self) -> None:
        if self.raw:
            known = next(iter(self.raw))
            raise UserError(f"{self.where}: unknown setting {known!r}; see docs/mappings.md")


def parse(raw: dict[str, Any], where: str) -> Mapping:
    """Check a mapping given as a dictionary and return it; raise ``UserError`` naming what is wrong."""
    raw = dict(raw)
    head = _Section(f"{where} [mapping]", raw.pop("mapping", {}))
    file = _Section(f"{where} [file]", raw.pop("file", {}))
    agency = dict(raw.pop("agency", {}))
    by_file_name = bool(head.take("one_file_per_table", bool, False))
    mapping = {
        "name": head.take("name", str, Path(where).stem),
        "title": head.take("title", str, ""),
        "edition": str(head.take("edition", (str, int), "1")),
        "not_recorded": head.strings("not_recorded"),
        "never_stored": head.strings("never_stored"),
        "clock": head.take("clock", str, "local"),
        "datetime_formats": head.strings("datetime_formats"),
    }
    mapping["source"] = head.take("source", str, mapping["name"])
    duplicates = head.take("duplicates", (str, list), None)
    key = head.strings("key")
    head.finish()
    if mapping["clock"] not in ("local", "utc"):
        raise UserError(f"{where} [mapping]: clock must be 'local' or 'utc'")
    format_ = FileFormat(
        file.take("format", str, "auto"),
        file.take("delimiter", str, "auto"),
        file.take("encoding", str, "auto"),
        file.take("sheet", str, None),
    )
    file.finish()
    _check_agency(agency, where)
    if mapping["clock"] == "utc" and "time_zone" not in agency:
        raise UserError(f"{where} [agency]: clock = 'utc' needs time_zone, such as America/Denver")
    if by_file_name:
        tables = _canonical_tables()
    else:
        tables = {name: _table(name, body, key, where) for name, body in raw.items()}
        if "contacts" not in tables:
            raise UserError(f"{where}: a [contacts] table is needed: one row per crisis contact")
    _check_never_stored(tables, mapping["never_stored"], where)
    return Mapping(
        file=format_,
        tables=tables,
        agency=agency,
        duplicates=None
        if duplicates in (None, "all")
        else tuple([duplicates] if isinstance(duplicates, str) else duplicates),
        replaces_by_file_name=by_file_name,
        **mapping,
    )


def importable_tables() -> dict[str, schema.Table]:
    """Canonical tables an export may fill."""
    return {t.name: t for t in schema.tables().values() if any(not c.is_system for c in t.columns)}


def _canonical_tables() -> dict[str, TableMapping]:
    """Every canonical table from a file of its name, columns under their own names."""
    found = {}
    for table in importable_tables().values():
        columns = {
            c.name: ColumnMapping(
                c,
                (Reading(c.name),),
                combine="any" if c.type == "tri" and table.name == "contacts" else "first",
                optional=c.name not in ("contact_id", "contact_at", "officer_key"),
            )
            for c in table.importable
            if c.name not in ("source", "raw_disposition")
        }
        if "raw_disposition" in {c.name for c in table.columns}:
            raw = table.column("raw_disposition")
            columns["raw_disposition"] = ColumnMapping(
                raw, (Reading("raw_disposition"),), optional=True
            )
        key = ("contact_id",) if table.name == "contacts" else ()
        found[table.name] = TableMapping(table, columns, key, file=table.name)
    return found


def _check_agency(agency: dict[str, Any], where: str) -> None:
    allowed = {c.name: c for c in schema.tables()["agencies"].importable}
    for name, value in agency.items():
        if name not in allowed:
            raise UserError(
                f"{where} [agency]: unknown column {name!r}; known: {', '.join(allowed)}"
            )
        if allowed[name].values and value not in allowed[name].values:
            raise UserError(
                f"{where} [agency]: {name} must be one of: {', '.join(allowed[name].values)}"
            )
    if "time_zone" in agency:
        try:
            ZoneInfo(str(agency["time_zone"]))
        except (KeyError, ValueError, OSError):
            raise UserError(
                f"{where} [agency]: time_zone {agency['time_zone']!r} is not an IANA zone,"
                " such as America/Denver"
            ) from None


def _table(name: str, raw: Any, key: tuple[str, ...], where: str) -> TableMapping:
    known = importable_tables()
    if name not in known:
        raise UserError(f"{where}: unknown table [{name}]; known: {', '.join(known)}")
    section = _Section(f"{where} [{name}]", raw)
    columns_raw = section.take("columns", dict, {})
    own_key = section.strings("key") or key
    file = section.take("file", str, None)
    section.finish()
    if not own_key and name != "certifications":
        raise UserError(
            f"{where}: [mapping] must name the key: the column that numbers the contact"
        )
    columns = {}
    for canonical, body in columns_raw.items():
        try:
            column = known[name].column(canonical)
            if column.is_system:
                raise KeyError
        except KeyError:
            raise UserError(
                f"{where} [{name}.columns]: there is no canonical column {canonical!r};"
                f" see the dictionary for the columns of {name}"
            ) from None
        columns[canonical] = _column(column, body, f"{where} [{name}.columns.{canonical}]", name)
    if name == "contacts" and "contact_at" not in columns:
        raise UserError(f"{where} [contacts.columns]: contact_at is needed: when it happened")
    return TableMapping(known[name], columns, own_key, file)


def _readings(section: _Section) -> tuple[Reading, ...]:
    listed = section.take("first_of", list, None)
    if listed is None:
        column = section.take("from", str, None)
        time, basis = section.take("time", str, None), section.take("basis", str, None)
        return (Reading(column, time, basis),) if column else ()
    readings = []
    for number, item in enumerate(listed, 1):
        one = _Section(f"{section.where} first_of {number}", item)
        column = one.take("from", str, None)
        if column is None:
            raise UserError(f"{one.where}: 'from' must name a column")
        readings.append(Reading(column, one.take("time", str, None), one.take("basis", str, None)))
        one.finish()
    return tuple(readings)


def _hours(section: _Section) -> tuple[tuple[str, int, int], ...]:
    found = []
    for level, span in section.take("hours", dict, {}).items():
        try:
            start, end = (int(part) for part in str(span).split("-"))
        except ValueError:
            raise UserError(
                f"{section.where}: hours read '03-11', start and end of {level}"
            ) from None
        found.append((level, start % 24, end % 24))
    return tuple(found)


def _column(column: schema.Column, body: Any, where: str, table: str) -> ColumnMapping:
    section = _Section(where, {"from": body} if isinstance(body, str) else body)
    readings = _readings(section)
    values = section.take("map", dict, None)
    mapped = ColumnMapping(
        canonical=column,
        readings=readings,
        constant=section.take("constant", str, None),
        values=None if values is None else tuple((str(k), str(v)) for k, v in values.items()),
        not_recorded=section.strings("not_recorded"),
        combine=section.take("combine", str, "first"),
        recorded_from=section.take("recorded_from", date, None),
        recorded_until=section.take("recorded_until", date, None),
        blank_means=section.take("blank_means", str, None),
        form_filled=section.take("form_filled", str, None),
        hours=_hours(section),
        optional=section.take("optional", bool, False),
    )
    section.finish()
    _check_column(mapped, where, table)
    return mapped


def _check_column(mapped: ColumnMapping, where: str, table: str) -> None:
    column = mapped.canonical
    if not mapped.readings and mapped.constant is None:
        raise UserError(f"{where}: say where it comes from: from, first_of or constant")
    for reading in mapped.readings:
        for header in filter(None, (reading.column, reading.time)):
            if identifies(header):
                raise UserError(
                    f"{where}: {header!r} may identify a person and is never accepted; remove it"
                )
    if column.values:
        given = [v for _, v in mapped.values or () if v] + [mapped.constant, mapped.blank_means]
        for value in filter(None, given):
            if value not in column.values:
                raise UserError(
                    f"{where}: {value!r} is not a value of {column.name};"
                    f" allowed: {', '.join(column.values)}"
                )
    elif mapped.values is not None and column.type not in ("text", "code"):
        raise UserError(f"{where}: a {column.type} column takes no value map")
    if mapped.combine not in COMBINE:
        raise UserError(f"{where}: combine must be one of: {', '.join(COMBINE)}")
    if mapped.combine == "any" and column.type != "tri":
        raise UserError(f"{where}: combine = 'any' is for yes/no columns; use first or latest")
    if mapped.combine == "set" and table == "contacts":
        raise UserError(f"{where}: contacts has one row per contact; put a set in its own table")
    if mapped.blank_means and not mapped.form_filled:
        raise UserError(
            f"{where}: blank_means needs form_filled, the column that proves the form was filled in"
        )
    if mapped.blank_means and column.type != "tri":
        raise UserError(f"{where}: blank_means is for yes/no columns")


def _check_never_stored(
    tables: dict[str, TableMapping], never: tuple[str, ...], where: str
) -> None:
    for table in tables.values():
        for name, mapped in table.columns.items():
            for reading in mapped.readings:
                if reading.column in never:
                    raise UserError(
                        f"{where} [{table.table.name}.columns.{name}]: {reading.column!r} is listed"
                        " in never_stored; take it out of one of the two"
                    )
