"""Mappings: one TOML file says how an export's columns become ours. Parsed, then checked."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from data import mapping_rules as rules
from data import mapping_tables, schema
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
from data.mapping_section import Section

__all__ = [
    "COMBINE",
    "SAVED",
    "ColumnMapping",
    "FileFormat",
    "Mapping",
    "Reading",
    "TableMapping",
    "find",
    "importable_tables",
    "names",
    "parse",
    "raw",
    "read",
    "save",
]

MAPPINGS = Path(__file__).with_name("mappings")
SAVED = "mappings"
"""Folder of a store with the agency's own mappings."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


def names(root: Path | None = None) -> list[str]:
    """Return the names of the mappings that ship with the product, then those saved in a store."""
    shipped = sorted(p.stem for p in MAPPINGS.glob("*.toml"))
    saved = sorted(p.stem for p in (root / SAVED).glob("*.toml")) if root else []
    return shipped + [name for name in saved if name not in shipped]


def find(name_or_path: str, root: Path | None = None) -> Path:
    """Return the file of a mapping: a shipped one's, one's saved in the store ``root``, or a TOML file.

    Raises ``UserError`` if there is none of that name.
    """
    places = [MAPPINGS / f"{name_or_path}.toml"]
    if root is not None and _NAME.fullmatch(name_or_path):
        places.append(root / SAVED / f"{name_or_path}.toml")
    for path in (*places, Path(name_or_path)):
        if path.is_file():
            return path
    raise UserError(
        f"there is no mapping {name_or_path!r};"
        f" give a TOML file or one of: {', '.join(names(root))}"
    )


def read(name_or_path: str, root: Path | None = None) -> Mapping:
    """Read a mapping by name or from a TOML file; raise ``UserError`` naming what is wrong."""
    return parse(raw(name_or_path, root), find(name_or_path, root).name)


def raw(name_or_path: str, root: Path | None = None) -> dict[str, Any]:
    """Return what a mapping's file says, unchecked; raise ``UserError`` if it is no TOML."""
    path = find(name_or_path, root)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(
            f"{path.name}: not a valid TOML file ({str(error)[:200]}); mend the line it names"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def save(root: Path, name: str, text: str) -> Path:
    """Keep a mapping in a store under a name that commands then take; return its file.

    Raises ``UserError`` for a name that is none or taken by a shipped mapping, and for a text that is no
    mapping: what is saved can be used.
    """
    if not _NAME.fullmatch(name):
        raise UserError("a mapping's name may hold letters, digits, '-' and '_' only, 40 at most")
    if (MAPPINGS / f"{name}.toml").is_file():
        raise UserError(f"{name!r} is a mapping of the product; give yours another name")
    try:
        parse(tomllib.loads(text), f"{name}.toml")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{name}.toml: not a valid TOML file ({str(error)[:200]})") from None
    path = root / SAVED / f"{name}.toml"
    temporary = path.with_name(f".{name}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None
    return path


def parse(raw: dict[str, Any], where: str) -> Mapping:
    """Check a mapping given as a dictionary; raise ``UserError`` naming what is wrong."""
    raw = dict(raw)
    head = Section(f"{where} [mapping]", raw.pop("mapping", {}))
    file = Section(f"{where} [file]", raw.pop("file", {}))
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
        tables = {name: mapping_tables.table(name, body, key, where) for name, body in raw.items()}
        if "contacts" not in tables:
            raise UserError(f"{where}: a [contacts] table is needed: one row per crisis contact")
    rules.check_lookups(tables, where)
    rules.check_never_stored(tables, mapping["never_stored"], where)
    return Mapping(
        file=format_,
        tables=_with_what_is_lent(tables),
        agency=agency,
        duplicates=None if duplicates in ((), ("all",)) else duplicates,
        replaces_by_file_name=by_file_name,
        **mapping,
    )


def _with_what_is_lent(tables: dict[str, TableMapping]) -> dict[str, TableMapping]:
    """Note in each table which headers of its file the contacts look up there."""
    lent: dict[str, list[str]] = {}
    for reading in (r for t in tables.values() for c in t.columns.values() for r in c.lookups):
        lent.setdefault(str(reading.lookup), []).extend(reading.headers)
    return {
        name: replace(t, lent=tuple(dict.fromkeys(lent.get(name, ()))))
        for name, t in tables.items()
    }


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


def _file_format(section: Section) -> FileFormat:
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
