"""The columns of an extract: what each is called, holds and means, and what was done to it."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from data import encounters, registry, schema
from data.extract.policy import (
    INCLUDED,
    OFFICER_WITHHELD_FIRST,
    WITHHELD,
    WITHHELD_FIRST,
    Do,
    Rule,
)

_TYPES = {
    "contact_at": "TIMESTAMP",
    "contact_date": "DATE",
    "officer_minutes": "INTEGER",
    "force_level": "INTEGER",
    "cit_came": "BOOLEAN",
}
_MADE = {
    Do.YEAR: "INTEGER",
    Do.MONTH: "DATE",
    Do.ENDS: "INTEGER",
    Do.JOINED: "VARCHAR",
    Do.KEY: "VARCHAR",
}


@dataclass(frozen=True)
class Column:
    """One column of an extract.

    ``of`` is the column of the store that it is made from, ``values`` the codes it may hold where they
    are a list, ``held`` is false where this snapshot has no such column and it is blank.
    """

    name: str
    of: str
    sql_type: str
    meaning: str
    values: tuple[str, ...]
    do: Do
    treatment: str
    unit: str
    when: str
    held: bool


def held(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Return the columns of every table of the snapshot attached as ``store``."""
    found: dict[str, set[str]] = {}
    for table, column in con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'store'"
    ).fetchall():
        found.setdefault(table, set()).add(column)
    return found


def key(table: str) -> tuple[str, ...]:
    """Return the columns that tell the rows of a table of an extract apart, by their names there."""
    if table == "encounters":
        return ("agency_id", "source", "contact_id")
    rules = INCLUDED[table]
    return tuple(rules[c].name or c for c in schema.tables()[table].key)


def meaning(table: str) -> str:
    """Return what a table holds."""
    if table == "encounters":
        return "The analysis relation: exactly one row per contact, one column per registry entry."
    return schema.tables()[table].meaning


def of(table: str, rules: dict[str, Rule], there: set[str]) -> tuple[Column, ...]:
    """Return the columns of a table of an extract in order; ``there`` are those the snapshot has."""
    found = [_column(table, name, rule, there) for name, rule in rules.items()]
    kept = [c for c in found if c is not None]
    first = {"encounters": WITHHELD_FIRST, "officers": OFFICER_WITHHELD_FIRST}.get(table)
    if first:
        kept.append(
            Column(
                WITHHELD,
                "",
                "VARCHAR",
                "What was withheld in this row so that it does not stand out, with ; between; blank"
                " where nothing was. A blank that is not named here was not recorded.",
                tuple(";".join(first[:n]) for n in range(1, len(first) + 1)),
                Do.KEEP,
                "added by the extract",
                "",
                "",
                held=bool(there),
            )
        )
    return tuple(kept)


def _column(table: str, name: str, rule: Rule, there: set[str]) -> Column | None:
    if rule.do is Do.OUT:
        return None
    if table == "encounters":
        sql_type, meant, values, when = _of_encounters(name)
        # The incident is that of the contact's own row.
        is_held = name in there or (name == "incident_id" and bool(there))
    else:
        canonical = schema.tables()[table].column(name)
        sql_type = schema.declared()[table][name]
        meant, values, when = canonical.meaning, canonical.values, canonical.when
        is_held = name in there
    if rule.do is Do.HERE:
        values = ("this agency", "other")
    return Column(
        rule.name or name,
        name,
        _MADE.get(rule.do, sql_type),
        meant,
        values,
        rule.do,
        rule.words,
        rule.unit,
        schema.WHEN.get(when, ""),
        is_held,
    )


def _of_encounters(name: str) -> tuple[str, str, tuple[str, ...], str]:
    """Return type, meaning, codes and when it was known of a column of ``encounters``."""
    if name == "incident_id":
        return "VARCHAR", schema.tables()["contacts"].column(name).meaning, (), "D"
    meant = encounters.columns()[name][1]
    for c in registry.COVARIATES:
        if c.id == name:
            return "VARCHAR", meant, _levels(c), c.when
    boolean = name.startswith(("exposure_", "outcome_", "eligible_"))
    return "BOOLEAN" if boolean else _TYPES.get(name, "VARCHAR"), meant, (), ""


def _levels(covariate: registry.Covariate) -> tuple[str, ...]:
    """Return a covariate's codes: those of the one column it repeats, or those it has labels for."""
    reference = covariate.sources[0]
    column = schema.column(reference)
    if covariate.level in (column.name, f"CAST({column.name} AS VARCHAR)") and column.values:
        return column.values
    return tuple(code for code, _ in covariate.labels)
