"""Mappings: one TOML file says how an export's columns become ours. Parsed, then checked."""

from __future__ import annotations

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

from data import mapping_rules as rules
from data import schema
from data.errors import UserError
from data.mapping_model import (
    COMBINE,
    ENCODINGS,
    FORMATS,
    ColumnMapping,
    FileFormat,
    Mapping,
    Reading,
    TableMapping,
    never_mapped,
    several_rows,
)

__all__ = [
    "COMBINE",
    "ColumnMapping",
    "FileFormat",
    "Mapping",
    "Reading",
    "TableMapping",
    "importable_tables",
    "names",
    "parse",
    "read",
]

MAPPINGS = Path(__file__).with_name("mappings")


def names() -> list[str]:
    """Return the names of the mappings that ship with the product."""
    return sorted(p.stem for p in MAPPINGS.glob("*.toml"))


def read(name_or_path: str) -> Mapping:
    """Read a shipped mapping by name, or a TOML file; raise ``UserError`` naming what is wrong."""
    shipped = MAPPINGS / f"{name_or_path}.toml"
    path = shipped if shipped.is_file() else Path(name_or_path)
    if not path.is_file():
        raise UserError(
            f"there is no mapping {name_or_path!r};"
            f" give a TOML file or one of: {', '.join(names())}"
        )
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path.name}: not a valid TOML file ({error}); mend the line it names"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
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

    def day(self, key: str) -> date | None:
        value: date | None = self.take(key, date)
        if isinstance(value, datetime):
            raise UserError(f"{self.where}: {key} is a day, such as 2016-02-01, without a time")
        return value

    def finish(self) -> None:
        if self.raw:
            unknown = next(iter(self.raw))
            raise UserError(f"{self.where}: unknown setting {unknown!r}; see docs/mappings.md")


def parse(raw: dict[str, Any], where: str) -> Mapping:
    """Check a mapping given as a dictionary; raise ``UserError`` naming what is wrong."""
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
    duplicates = head.strings("duplicates")
    key = head.strings("key")
    head.finish()
    if mapping["clock"] not in ("local", "utc"):
        raise UserError(f"{where} [mapping]: clock must be 'local' or 'utc'")
    rules.check_datetime_formats(mapping["datetime_formats"], where)
    format_ = _file_format(file)
    rules.check_agency(agency, where)
    if mapping["clock"] == "utc" and "time_zone" not in agency:
        raise UserError(f"{where} [agency]: clock = 'utc' needs time_zone, such as America/Denver")
    if by_file_name:
        tables = _canonical_tables()
    else:
        tables = {name: _table(name, body, key, where) for name, body in raw.items()}
        if "contacts" not in tables:
            raise UserError(f"{where}: a [contacts] table is needed: one row per crisis contact")
    rules.check_never_stored(tables, mapping["never_stored"], where)
    return Mapping(
        file=format_,
        tables=tables,
        agency=agency,
        duplicates=None if duplicates in ((), ("all",)) else duplicates,
        replaces_by_file_name=by_file_name,
        **mapping,
    )


def importable_tables() -> dict[str, schema.Table]:
    """Canonical tables an export may fill."""
    return schema.importable()


def _canonical_tables() -> dict[str, TableMapping]:
    """Every canonical table from a file of its name, columns under their own names."""
    found = {}
    for table in importable_tables().values():
        own = {c.name for c in table.importable} - never_mapped(table)
        columns = {
            name: ColumnMapping(
                table.column(name),
                (Reading(name),),
                combine=_canonical_combine(table, name),
                optional=not table.column(name).required,
            )
            for name in (c.name for c in table.columns)
            if name in own
        }
        key = ("contact_id",) if table.of_contact else ()
        found[table.name] = TableMapping(table, columns, key, file=table.name)
    return found


def _canonical_combine(table: schema.Table, name: str) -> str:
    if several_rows(table, name):
        return "set"
    return "any" if table.name == "contacts" and table.column(name).type == "tri" else "first"


def _file_format(section: _Section) -> FileFormat:
    found = FileFormat(
        section.take("format", str, "auto"),
        section.take("delimiter", str, "auto"),
        section.take("encoding", str, "auto"),
        section.take("sheet", str, None),
    )
    section.finish()
    if found.format not in FORMATS:
        raise UserError(f"{section.where}: format must be one of: {', '.join(FORMATS)}")
    if found.encoding not in ENCODINGS:
        raise UserError(f"{section.where}: encoding must be one of: {', '.join(ENCODINGS)}")
    if found.delimiter != "auto" and (len(found.delimiter) != 1 or found.delimiter in '"\r\n'):
        raise UserError(f"{section.where}: delimiter must be 'auto' or one character")
    return found


def _table(name: str, raw: Any, key: tuple[str, ...], where: str) -> TableMapping:
    known = importable_tables()
    if name not in known:
        raise UserError(f"{where}: unknown table [{name}]; known: {', '.join(known)}")
    section = _Section(f"{where} [{name}]", raw)
    columns_raw = section.take("columns", dict, {})
    of_contact = known[name].of_contact
    own_key = section.strings("key") or (key if of_contact else ())
    file = section.take("file", str, None)
    section.finish()
    if of_contact and not own_key:
        raise UserError(
            f"{where}: [mapping] must name the key: the column that numbers the contact"
        )
    for header in own_key:
        rules.refuse_identifying(header, f"{where} key")
    fixed = never_mapped(known[name])
    mappable = {c.name: c for c in known[name].importable if c.name not in fixed}
    columns = {}
    for canonical, body in columns_raw.items():
        if canonical in fixed:
            raise UserError(
                f"{where} [{name}.columns]: {canonical} is set by [mapping] (source, key) and"
                " [agency]; take it out of the columns"
            )
        if canonical not in mappable:
            raise UserError(
                f"{where} [{name}.columns]: there is no canonical column {canonical!r};"
                f" see the dictionary for the columns of {name}"
            )
        columns[canonical] = _column(
            mappable[canonical], body, f"{where} [{name}.columns.{canonical}]", known[name]
        )
    for canonical in (c.name for c in mappable.values() if c.required):
        if canonical not in columns:
            raise UserError(
                f"{where} [{name}.columns]: {canonical} is needed: {mappable[canonical].meaning}"
            )
    if not columns:
        raise UserError(f"{where} [{name}]: names no columns; add [{name}.columns]")
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
            if not (0 <= start <= 24 and 0 <= end <= 24):
                raise ValueError
        except ValueError:
            raise UserError(
                f"{section.where}: hours read '03-11', start and end of {level}"
            ) from None
        found.append((level, start % 24, end % 24))
    return tuple(found)


def _column(column: schema.Column, body: Any, where: str, table: schema.Table) -> ColumnMapping:
    section = _Section(where, {"from": body} if isinstance(body, str) else body)
    readings = _readings(section)
    values = section.take("map", dict, None)
    mapped = ColumnMapping(
        canonical=column,
        readings=readings,
        constant=section.take("constant", str, None),
        values=None if values is None else tuple((str(k), str(v)) for k, v in values.items()),
        not_recorded=section.strings("not_recorded"),
        combine=section.take("combine", str, None)
        or ("set" if several_rows(table, column.name) else "first"),
        recorded_from=section.day("recorded_from"),
        recorded_until=section.day("recorded_until"),
        blank_means=section.take("blank_means", str, None),
        form_filled=section.take("form_filled", str, None),
        hours=_hours(section),
        optional=section.take("optional", bool, False),
    )
    section.finish()
    rules.check_column(mapped, where, table)
    return mapped
