"""Which statements over the store ask only for what the de-identified copy has as the store has it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import duckdb

from data import encounters, schema
from data.registry import EXPOSURES, OUTCOMES
from data.sandbox import statement
from data.sql import literal, quote

_TYPES = {
    "contact_at": "TIMESTAMP",
    "contact_date": "DATE",
    "officer_minutes": "BIGINT",
    "force_level": "INTEGER",
    "cit_came": "BOOLEAN",
    **{encounters.exposure_column(e.id): "BOOLEAN" for e in EXPOSURES},
    **{encounters.outcome_column(o.id): "BOOLEAN" for o in OUTCOMES},
    **{encounters.eligible_column(o.id): "BOOLEAN" for o in OUTCOMES},
}
"""Columns of ``encounters`` that are not text."""


@lru_cache(maxsize=1)
def _unchanged() -> dict[str, dict[str, str]]:
    """Return the columns that the copy has with the store's own values, or new keys for them, by table."""
    from data.extract import policy  # slow to import, and asked for only here

    same = (policy.Do.KEEP, policy.Do.KEY, policy.Do.MOMENT, policy.Do.AGENCY_DATE)
    declared = {**schema.declared(), "encounters": _TYPES}
    rules = {**policy.INCLUDED, "encounters": policy.ENCOUNTERS}
    return {
        table: {
            column: declared[table].get(column, "VARCHAR")
            for column, rule in columns.items()
            if rule.do in same and not rule.withheld and not rule.name
        }
        for table, columns in rules.items()
    }


def which(statements: Iterable[str], names: Iterable[str]) -> frozenset[str]:
    """Return the statements over the store that give the same over the copy, its keys apart.

    ``names`` are the agencies and sources of the store: the copy has keys in their place, so that a
    statement which names one finds nothing there.
    """
    named = [literal(name) for name in names]
    with duckdb.connect() as con:
        for table, columns in _unchanged().items():
            listed = ", ".join(f"{quote(name)} {kind}" for name, kind in columns.items())
            con.execute(f"CREATE TABLE {quote(table)} ({listed})")
        return frozenset(s for s in statements if _runs(con, s) and not any(n in s for n in named))


def _runs(con: duckdb.DuckDBPyConnection, sql: str) -> bool:
    try:
        con.execute(f"EXPLAIN {statement.prepare(con, sql, 1)}")
    except (duckdb.Error, statement.UnfitError):
        return False
    return True
