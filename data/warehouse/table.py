"""The table a warehouse is asked: the columns of ``encounters`` by name and type."""

from __future__ import annotations

from typing import Any

from data.encounters import KEYS, columns
from data.errors import UserError
from data.registry import COVARIATES

KEY = ("agency_id", "source", "contact_id")
"""What makes a row one contact."""

_KINDS = {
    "contact_at": "timestamp",
    "contact_date": "date",
    "officer_minutes": "integer",
    "force_level": "integer",
    "cit_came": "boolean",
}

TYPES: dict[str, dict[str, str]] = {
    "duckdb": {
        "text": "VARCHAR",
        "boolean": "BOOLEAN",
        "integer": "BIGINT",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    },
    "PostgreSQL": {
        "text": "text",
        "boolean": "boolean",
        "integer": "bigint",
        "date": "date",
        "timestamp": "timestamp",
    },
    "Spark": {
        "text": "STRING",
        "boolean": "BOOLEAN",
        "integer": "BIGINT",
        "date": "DATE",
        "timestamp": "TIMESTAMP_NTZ",
    },
}
"""Each engine's name for a kind of column."""


def declared() -> dict[str, str]:
    """Return every column and its kind: text, boolean, integer, date or timestamp."""
    text = {*KEYS, *(c.id for c in COVARIATES)} - set(_KINDS)
    return {name: "text" if name in text else _KINDS.get(name, "boolean") for name in columns()}


def ddl(engine: str, name: str) -> str:
    """Return the statement that makes the table on an engine, each column with what it means."""
    kinds = TYPES[engine]
    held = declared()
    lines = []
    for place, (column, (_, comment)) in enumerate(columns().items()):
        last = place == len(held) - 1 and engine != "PostgreSQL"
        lines.append(
            f"    {column} {kinds[held[column]]}{'' if last else ','}  -- {' '.join(comment.split())}"
        )
    if engine == "PostgreSQL":
        lines.append(f"    PRIMARY KEY ({', '.join(KEY)})")
    return f"CREATE TABLE {name} (\n" + "\n".join(lines) + "\n);"


def checked(table: Any, name: str) -> Any:
    """Return a table expression with exactly the columns of ``encounters``.

    Raises ``UserError`` naming the first column that is missing or of another kind.
    """
    found = table.schema()
    for column, kind in declared().items():
        if column not in found:
            raise UserError(
                f"{name}: the column {column} is missing; add it as {kind}, or write the table anew:"
                " `python -m data push --ddl` prints what is expected"
            )
        if not getattr(found[column], f"is_{'string' if kind == 'text' else kind}")():
            raise UserError(
                f"{name}: the column {column} is of the type {found[column]} and must be {kind};"
                " `python -m data push --ddl` prints what is expected"
            )
    return table.select(list(declared()))
