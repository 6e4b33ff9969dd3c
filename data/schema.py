"""The canonical schema as data: tables and columns as ``schema.sql`` declares them."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import duckdb

from data.sql import literal, one, quote

SCHEMA_SQL = Path(__file__).with_name("schema.sql")

_COMMENT = re.compile(
    r"^(?P<meaning>.*?\.)"
    r"(?: Values: (?P<values>[^.]+)\.)?"
    r" \[(?P<type>\w+), (?P<level>[KCROS]), (?P<when>[DBAPL-])\]$"
)

_APPEND_ONLY = frozenset({"claim_valuations"})

WHEN = {
    "D": "known at dispatch",
    "B": "fixed before the contact, written down after arrival",
    "A": "after arrival",
    "P": "program or HR record",
    "L": "after the contact ended",
    "-": "not about one contact",
}


@dataclass(frozen=True)
class Column:
    """One canonical column, as its COMMENT declares it."""

    table: str
    name: str
    sql_type: str
    meaning: str
    values: tuple[str, ...]
    type: str
    level: str
    when: str
    required: bool = False

    @property
    def is_system(self) -> bool:
        """True for columns the product writes and no mapping may fill."""
        return self.level == "S"


@dataclass(frozen=True)
class Table:
    """One canonical table with its columns in order."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def importable(self) -> tuple[Column, ...]:
        """Columns an export may fill."""
        return tuple(c for c in self.columns if not c.is_system)

    @property
    def of_contact(self) -> bool:
        """True if its rows belong to contacts; one that may name a contact, or not, is the agency's."""
        return "contact_id" in (self.key or {c.name for c in self.columns})

    @property
    def append_only(self) -> bool:
        """True if rows are only ever added: what was said on a day stays said."""
        return self.name in _APPEND_ONLY

    def column(self, name: str) -> Column:
        """Return the column called ``name``; raise ``KeyError`` if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


def create(con: duckdb.DuckDBPyConnection, *, indexed: bool = True) -> None:
    """Create every canonical table in an empty database.

    Not ``indexed``, no primary key has an index, which takes longer to grow than its rows to write and
    which no reader asks: ``checks`` then counts what the keys would refuse.
    """
    text = SCHEMA_SQL.read_text(encoding="utf-8")
    if not indexed:
        text = _without_indexes(text)
    # One transaction: by itself every COMMENT would be one, with its own flush to disk.
    con.execute(f"BEGIN; {text}; COMMIT")


_blank: list[bytes] = []


def blank(con: duckdb.DuckDBPyConnection) -> bytes:
    """Return a database file with every canonical table, not indexed, and no row.

    To write a copy takes no time; to say every COMMENT again takes longer than to read a small export.
    It is made once, through a connection that is in no transaction: another engine would take address
    space of its own.
    """
    if not _blank:
        (was,) = one(con, "SELECT current_database()")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "blank.duckdb"
            con.execute(f"ATTACH {literal(str(path))} AS blank; USE blank")
            create(con, indexed=False)
            con.execute(f"CHECKPOINT blank; USE {quote(was)}; DETACH blank")
            _blank.append(path.read_bytes())
    return _blank[0]


def _without_indexes(text: str) -> str:
    """The schema with every column of a primary key NOT NULL, and no primary key."""
    text = text.replace(" PRIMARY KEY,", " NOT NULL,")

    def plain(found: re.Match[str]) -> str:
        name, body, key = found.groups()
        for column in key.split(", "):
            body = re.sub(rf"^(    {column} \w+)(?: NOT NULL)?,", r"\1 NOT NULL,", body, flags=re.M)
        return f"CREATE TABLE {name} (\n{body.rstrip().removesuffix(',')}\n);"

    return re.sub(
        r"^CREATE TABLE (\w+) \(\n((?:(?!^\);).)*?)^    PRIMARY KEY \((.*?)\)\n\);",
        plain,
        text,
        flags=re.M | re.S,
    )


def parse_comment(table: str, name: str, sql_type: str, comment: str | None) -> Column:
    """Return the column a COMMENT declares; raise ``ValueError`` if the comment is missing or odd."""
    match = _COMMENT.match(comment or "")
    if not match:
        raise ValueError(f"{table}.{name}: the COMMENT must read 'Meaning. [type, level, when]'")
    values = tuple(v.strip() for v in (match["values"] or "").split(",") if v.strip())
    if match["type"] == "tri":
        values = ("yes", "no", "unknown")
    return Column(
        table,
        name,
        sql_type,
        match["meaning"],
        values,
        match["type"],
        match["level"],
        match["when"],
    )


@cache
def tables() -> dict[str, Table]:
    """Return the canonical tables by name, in the order of ``schema.sql``."""
    with duckdb.connect() as con:
        create(con)
        names = con.execute(
            "SELECT table_name, comment FROM duckdb_tables() ORDER BY table_oid"
        ).fetchall()
        columns = con.execute(
            "SELECT table_name, column_name, data_type, comment, is_nullable FROM duckdb_columns()"
            " WHERE schema_name = 'main' ORDER BY table_oid, column_index"
        ).fetchall()
        keys = dict(
            con.execute(
                "SELECT table_name, constraint_column_names FROM duckdb_constraints()"
                " WHERE constraint_type = 'PRIMARY KEY'"
            ).fetchall()
        )
    found = {}
    for name, meaning in names:
        if not meaning:
            raise ValueError(f"{name}: the table has no COMMENT")
        own = tuple(
            replace(parse_comment(*row[:4]), required=not row[4])
            for row in columns
            if row[0] == name
        )
        found[name] = Table(name, meaning, own, tuple(keys.get(name, ())))
    return found


@cache
def declared() -> dict[str, dict[str, str]]:
    """Return the type of every column by table, as queries cast to it: read off the text, in no time.

    A yes/no is text here: a snapshot of an earlier version may lack its type.
    """
    found: dict[str, dict[str, str]] = {}
    text = SCHEMA_SQL.read_text(encoding="utf-8")
    for name, body in re.findall(r"^CREATE TABLE (\w+) \(\n(.*?)^\);", text, re.M | re.S):
        columns = re.findall(r"^    (?!PRIMARY)(\w+) (\w+(?:\[\])?)", body, re.M)
        found[name] = {c: "VARCHAR" if kind == "tri" else kind for c, kind in columns}
    return found


def importable() -> dict[str, Table]:
    """Return the tables an export may fill."""
    return {t.name: t for t in tables().values() if t.importable}


def children() -> dict[str, Table]:
    """Return the importable tables with several rows per contact."""
    return {n: t for n, t in importable().items() if t.of_contact and n != "contacts"}


def of_agency() -> dict[str, Table]:
    """Return the importable tables whose rows belong to the agency as a whole."""
    return {n: t for n, t in importable().items() if not t.of_contact and n != "agencies"}


def column(reference: str) -> Column:
    """Return the column ``table.name``; raise ``KeyError`` naming it if there is none."""
    table, _, name = reference.partition(".")
    try:
        return tables()[table].column(name)
    except KeyError:
        raise KeyError(f"no canonical column {reference}") from None
