"""What must hold of a snapshot before anyone may read it."""

from __future__ import annotations

import duckdb

from data import schema
from data.errors import SnapshotError
from data.sql import one

LONGEST = {("events", "label"): 60}
"""Characters that some texts may have at most: what is longer does not fit where it is shown."""

__all__ = ["LONGEST", "SnapshotError", "rules", "run"]


def run(con: duckdb.DuckDBPyConnection) -> None:
    """Check a snapshot; raise ``SnapshotError`` naming the first rule that is broken."""
    for name, sql in rules().items():
        broken = one(con, sql)[0]
        if broken:
            raise SnapshotError(
                f"the rule '{name}' is broken by {broken} rows; this is a defect of the product:"
                " please report it; nothing was published"
            )


def rules() -> dict[str, str]:
    """Return every rule: its name, and SQL that counts the rows that break it."""
    found = {
        "encounters has exactly one row per contact": "SELECT abs((SELECT count(*) FROM contacts)"
        " - (SELECT count(*) FROM encounters)) + (SELECT count(*) FROM contacts ANTI JOIN encounters"
        " USING (agency_id, source, contact_id))",
        "every contact has a plausible time": "SELECT count(*) FROM contacts"
        " WHERE contact_at < TIMESTAMP '1970-01-01'",
    }
    for child in schema.children():
        found[f"every row of {child} has its contact"] = (
            f"SELECT count(*) FROM {child} ANTI JOIN contacts USING (agency_id, source, contact_id)"
        )
    for (table, name), most in LONGEST.items():
        found[f"{table}.{name} has {most} characters at most"] = (
            f"SELECT count(*) FROM {table} WHERE length({name}) > {most}"
        )
    for table, declared in schema.importable().items():
        for column in declared.columns:
            if column.type == "enum":
                allowed = ", ".join(f"'{v}'" for v in column.values)
                found[f"{table}.{column.name} holds only listed values"] = (
                    f"SELECT count(*) FROM {table} WHERE {column.name} NOT IN ({allowed})"
                )
            if column.type == "key":
                found[f"{table}.{column.name} holds only hashes"] = (
                    f"SELECT count(*) FROM {table}"
                    f" WHERE NOT regexp_matches({column.name}, '^[0-9a-f]{{32}}$')"
                )
    return found
