"""Empty import files with the dictionary beside them: what an agency without a mapping fills in."""

from __future__ import annotations

import csv
from pathlib import Path

from data import schema
from data.errors import UserError
from data.mapping import importable_tables

TYPE_HELP = {
    "key": "your own number; stored only as a keyed hash",
    "text": "a short label of a place, code or organisation, never of a person",
    "date": "YYYY-MM-DD",
    "ts": "local wall clock, YYYY-MM-DD HH:MM",
    "int": "a whole number",
    "num": "a number",
    "code": "your local code, kept as it came",
    "enum": "one of the values listed",
    "tri": "yes, no, unknown (answered so) or blank (not recorded)",
}
LEVEL_HELP = {"K": "key", "C": "core", "R": "recommended", "O": "optional", "S": "system"}


def write(out: Path) -> list[Path]:
    """Write one empty CSV per table and ``dictionary.csv``; return the paths.

    Raises ``UserError`` rather than overwrite a file that is there.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out}: cannot create the folder ({error.strerror})") from None
    tables = importable_tables()
    paths = [out / f"{name}.csv" for name in tables] + [out / "dictionary.csv"]
    for path in paths:
        if path.exists():
            raise UserError(f"{path}: is already there; choose another folder")
    try:
        for name, table in tables.items():
            _write_rows(out / f"{name}.csv", [[c.name for c in template_columns(table)]])
        _write_rows(out / "dictionary.csv", _dictionary_rows(tables))
    except OSError as error:
        raise UserError(f"{out}: cannot write the files ({error.strerror})") from None
    return paths


def _dictionary_rows(tables: dict[str, schema.Table]) -> list[list[str]]:
    rows = [["table", "column", "need", "meaning", "type", "how to fill it", "allowed values"]]
    for table in tables.values():
        for c in template_columns(table):
            help_ = TYPE_HELP[c.type]
            need, values = LEVEL_HELP[c.level], " | ".join(c.values)
            rows.append([table.name, c.name, need, c.meaning, c.type, help_, values])
    return rows


def template_columns(table: schema.Table) -> list[schema.Column]:
    """Columns of a template: all an agency can fill; the source is the mapping's to name."""
    return [c for c in table.importable if c.name != "source"]


def _write_rows(path: Path, rows: list[list[str]]) -> None:
    # A byte order mark: without it Excel takes UTF-8 for the local code page.
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows(rows)
