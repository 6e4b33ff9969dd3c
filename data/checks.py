"""What must hold of a snapshot before anyone may read it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import duckdb

from data import schema
from data.errors import SnapshotError
from data.sql import alike_by_hash, one

LONGEST = {("events", "label"): 60}
"""Characters that some texts may have at most: what is longer does not fit where it is shown."""

__all__ = ["LONGEST", "SnapshotError", "of_encounters", "of_tables", "rules", "run"]


def of_tables() -> list[Callable[[duckdb.DuckDBPyConnection], None]]:
    """What checks the canonical tables, in parts; each raises ``SnapshotError`` naming a broken rule."""
    tests, keys = _of_rows(), _keys()
    found: list[Callable[[duckdb.DuckDBPyConnection], None]] = [
        partial(_check_table, table=table, tests=tests.get(table, {}), key=keys.get(table, ()))
        for table in dict.fromkeys([*tests, *keys])
    ]
    return [*found, *(partial(_count, name=name, sql=sql) for name, sql in _of_children().items())]


def of_encounters() -> list[Callable[[duckdb.DuckDBPyConnection], None]]:
    """What checks the analysis table, as `of_tables` does the others."""
    return [partial(_count, name=name, sql=sql) for name, sql in _of_encounters().items()]


def run(con: duckdb.DuckDBPyConnection) -> None:
    """Check a snapshot; raise ``SnapshotError`` naming the first rule that is broken."""
    for task in (*of_tables(), *of_encounters()):
        task(con)


def _check_table(
    con: duckdb.DuckDBPyConnection, table: str, tests: dict[str, str], key: tuple[str, ...]
) -> None:
    if not con.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall():
        return  # no row breaks a rule, and to plan the question would take longer than this
    # All of a table's rules in one pass over it.
    counts = "".join(f"count(*) FILTER ({broken}), " for broken in tests.values())
    *broken, alike = one(con, f"SELECT {counts}{alike_by_hash(key) if key else '0'} FROM {table}")
    for name, n in zip(tests, broken, strict=True):
        _refuse(name, n)
    if alike:
        # Alike by their hashes: that is to be looked at.
        twice = f"SELECT {', '.join(key)} FROM {table} GROUP BY ALL HAVING count(*) > 1"
        _refuse(f"{table} has one row per key", one(con, f"SELECT count(*) FROM ({twice})")[0])


def _count(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    _refuse(name, one(con, sql)[0])


def _refuse(name: str, broken: int) -> None:
    if broken:
        raise SnapshotError(
            f"the rule '{name}' is broken by {broken} rows; this is a defect of the product:"
            " please report it; nothing was published"
        )


def rules() -> dict[str, str]:
    """Return every rule but the keys': its name, and SQL that counts the rows that break it."""
    found = between_tables()
    for table, tests in _of_rows().items():
        for name, broken in tests.items():
            found[name] = f"SELECT count(*) FROM {table} WHERE {broken}"
    return found


def between_tables() -> dict[str, str]:
    """The rules about rows of one table and rows of another."""
    return _of_encounters() | _of_children()


def _of_encounters() -> dict[str, str]:
    return {
        "encounters has exactly one row per contact": "SELECT abs((SELECT count(*) FROM contacts)"
        " - (SELECT count(*) FROM encounters)) + (SELECT count(*) FROM contacts ANTI JOIN encounters"
        " USING (agency_id, source, contact_id))",
    }


def _of_children() -> dict[str, str]:
    return {
        f"every row of {child} has its contact": (
            f"SELECT count(*) FROM {child} ANTI JOIN contacts USING (agency_id, source, contact_id)"
        )
        for child in schema.children()
    }


def _keys() -> dict[str, tuple[str, ...]]:
    """The key of every importable table that has one.

    A snapshot has no index that would refuse a second row: see ``schema.create``.
    """
    return {t.name: t.key for t in schema.importable().values() if t.key}


def _of_rows() -> dict[str, dict[str, str]]:
    """The rules about one row by itself, by table: name and SQL that is true of a row that breaks it."""
    found: dict[str, dict[str, str]] = {name: {} for name in schema.importable()}
    found["contacts"]["every contact has a plausible time"] = "contact_at < TIMESTAMP '1970-01-01'"
    for (table, name), most in LONGEST.items():
        found[table][f"{table}.{name} has {most} characters at most"] = f"length({name}) > {most}"
    for table, declared in schema.importable().items():
        for column in declared.columns:
            if column.type == "enum":
                allowed = ", ".join(f"'{v}'" for v in column.values)
                found[table][f"{table}.{column.name} holds only listed values"] = (
                    f"{column.name} NOT IN ({allowed})"
                )
            if column.type == "key":
                found[table][f"{table}.{column.name} holds only hashes"] = (
                    f"NOT regexp_matches({column.name}, '^[0-9a-f]{{32}}$')"
                )
    return {table: tests for table, tests in found.items() if tests}
