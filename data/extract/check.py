"""Look at an extract as it was written: how small its classes are, and what may be said of its columns."""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from data.errors import SnapshotError
from data.extract import codebook, columns, crowd
from data.extract.build import Table
from data.extract.policy import (
    INCLUDED,
    OFFICER_WITHHELD_FIRST,
    QUASI_IDENTIFIERS,
    WITHHELD,
    Do,
)
from data.sql import literal, one, quote

_PERSON = "coalesce('p' || person_key, 'c' || contact_id)"


def smallest_classes(
    con: duckdb.DuckDBPyConnection, source: Callable[[str], str], k: int
) -> dict[str, dict[str, int] | None]:
    """Return the smallest classes of what was written; raise ``SnapshotError`` if one is too small."""
    found: dict[str, dict[str, int] | None] = {}
    for table, quasi, who in (
        ("encounters", QUASI_IDENTIFIERS, _PERSON),
        ("officers", OFFICER_WITHHELD_FIRST, "officer_key"),
    ):
        least = crowd.achieved(con, source(table), ("agency_id", *quasi, WITHHELD), who)
        found[table] = None if least is None else {"people": least[0], "rows": least[1]}
        if least is not None and least[0] < k:
            raise SnapshotError(
                f"{table} has a class of {least[0]} where {k} were asked; this is a defect of"
                " the product: please report it; nothing was left"
            )
    return found


def what_holds(
    con: duckdb.DuckDBPyConnection,
    source: Callable[[str], str],
    tables: list[Table],
    rows: dict[str, int],
) -> tuple[set[tuple[str, str]], set[str], set[tuple[str, str]]]:
    """Return columns with codes not on their list, tables whose key is one, and references that hold."""
    unfit: set[tuple[str, str]] = set()
    unique: set[str] = set()
    for t in tables:
        listed = [c for c in t.columns if c.values]
        if listed:
            tests = ", ".join(
                f"bool_or({quote(c.name)} NOT IN ({', '.join(map(literal, c.values))}))"
                for c in listed
            )
            odd = one(con, f"SELECT {tests} FROM {source(t.name)}")
            unfit |= {(t.name, c.name) for c, is_odd in zip(listed, odd, strict=True) if is_odd}
        keys = columns.key(t.name)
        if keys and not _may_meet(t.name):
            unique.add(t.name)
        elif keys:
            key = ", ".join(map(quote, keys))
            blank = " OR ".join(f"{quote(c)} IS NULL" for c in keys)
            (twice,) = one(
                con,
                f"SELECT count(*) FROM (SELECT count(*) AS n, bool_or({blank}) AS blank"
                f" FROM {source(t.name)} GROUP BY {key} HAVING n > 1 OR blank)",
            )
            if not twice:
                unique.add(t.name)
    kept = set()
    for name, own, other, theirs in codebook.references(tables):
        if other not in unique or not rows[other] or not rows[name]:
            continue
        if other == "encounters":  # joined to it when they were made
            kept.add((name, other))
            continue
        filled = " AND ".join(f"{quote(c)} IS NOT NULL" for c in own)
        match = " AND ".join(
            f"o.{quote(a)} = r.{quote(b)}" for a, b in zip(own, theirs, strict=True)
        )
        (orphans,) = one(
            con,
            f"SELECT count(*) FROM (SELECT DISTINCT {', '.join(map(quote, own))}"
            f" FROM {source(name)} WHERE {filled}) o ANTI JOIN {source(other)} r ON {match}",
        )
        if not orphans:
            kept.add((name, other))
    return unfit, unique, kept


def _may_meet(table: str) -> bool:
    """Whether two rows of the store may have one key now: where more than a new key was put in it."""
    rules = INCLUDED.get(table, {})
    names = set(columns.key(table))
    return any((r.name or c) in names and r.do not in (Do.KEY, Do.KEEP) for c, r in rules.items())
