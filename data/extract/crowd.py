"""Hide every row among at least k people: local suppression for k-anonymity.

L. Sweeney, "k-anonymity: a model for protecting privacy" and "Achieving k-anonymity privacy protection
using generalization and suppression", International Journal of Uncertainty, Fuzziness and
Knowledge-Based Systems 10(5), 2002, 557-570 and 571-588. A class is the rows that are alike in all
quasi-identifiers. Counted are people, not rows: eleven contacts of one person hide nobody.

A cell that is withheld is a value of its own: it is alike to other withheld cells, and to nothing that
was not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from data.extract.policy import RARE
from data.sql import one, quote


def same(left: str, right: str, columns: Sequence[str]) -> str:
    """Return SQL that is true where two tables are alike in these columns, blanks being alike too."""
    return " AND ".join(
        f"{left}.{quote(c)} IS NOT DISTINCT FROM {right}.{quote(c)}" for c in columns
    )


def group_rare(
    con: duckdb.DuckDBPyConnection, rows: str, within: str, value: str, who: str, k: int, made: str
) -> None:
    """Make the temporary table ``made`` (``within``, ``value``, ``label``): what to call each value.

    A value that fewer than ``k`` people share is ``RARE``, also where it is a blank. If all such values
    together have fewer, the next smallest joins them. Values of ``within`` (agencies) with fewer than
    ``k`` people altogether end as ``RARE`` whole: leave those out before.
    """
    a, v, w = quote(within), quote(value), quote(who)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {made} AS SELECT {a}, {v}, count(DISTINCT {w}) AS people,"
        f" CASE WHEN people >= {k} THEN {v} ELSE {literal_rare()} END AS label"
        f" FROM {rows} GROUP BY {a}, {v}"
    )
    short = f"""SELECT m.{a} FROM {made} m JOIN {rows} r ON {same("m", "r", (within, value))}
        WHERE m.label = {literal_rare()} GROUP BY ALL HAVING count(DISTINCT r.{w}) < {k}"""
    while agencies := [row[0] for row in con.execute(short).fetchall()]:
        grown = 0
        for agency in agencies:
            grown += one(
                con,
                f"SELECT count(*) FROM {made} WHERE {a} = ? AND label IS DISTINCT FROM ?",
                [agency, RARE],
            )[0]
            con.execute(
                f"""UPDATE {made} SET label = ? WHERE rowid IN (
                    SELECT rowid FROM {made} WHERE {a} = ? AND label IS DISTINCT FROM ?
                    ORDER BY people, {v} LIMIT 1)""",
                [RARE, agency, RARE],
            )
        if not grown:
            return


def literal_rare() -> str:
    """Return the label of what is rare as SQL."""
    return f"'{RARE}'"


def withhold(
    con: duckdb.DuckDBPyConnection,
    rows: str,
    fixed: Sequence[str],
    first: Sequence[str],
    who: str,
    k: int,
    made: str,
) -> None:
    """Make the temporary table ``made`` (``fixed``, ``first``, ``level``): one row per combination.

    ``level`` is how many of the columns ``first`` are withheld, in their order, so that each class has
    at least ``k`` of ``who``. ``fixed`` are never withheld. A class smaller than ``k`` loses one column
    more, and joins the others that did; one that is still too small with all of them withheld takes the
    smallest other class of the same fixed values with it. Where those have fewer than ``k`` altogether,
    ``level`` is one more than there are columns: such rows must be left out.
    """
    columns = [*fixed, *first]
    listed = ", ".join(map(quote, columns))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {made} AS SELECT row_number() OVER () AS combination, *,"
        f" 0 AS level FROM (SELECT DISTINCT {listed} FROM {rows});"
        f" CREATE OR REPLACE TEMP TABLE {made}_who AS SELECT DISTINCT m.combination, r.{quote(who)} AS who"
        f" FROM {rows} r JOIN {made} m ON {same('r', 'm', columns)}"
    )
    for level in range(len(first)):
        con.execute(
            f"UPDATE {made} SET level = {level + 1} FROM ({_classes(made, fixed, first, level)}) small"
            f" WHERE small.people < {k} AND {made}.level = {level}"
            f" AND {same(made, 'small', [*fixed, *first[level:]])}"
        )
    _join_the_smallest(con, fixed, first, k, made)


def _classes(made: str, fixed: Sequence[str], first: Sequence[str], level: int) -> str:
    """Return SQL for the classes of one level, with their people."""
    listed = ", ".join(map(quote, [*fixed, *first[level:]]))
    return (
        f"SELECT {listed}, count(DISTINCT who) AS people FROM {made} JOIN {made}_who USING (combination)"
        f" WHERE level = {level} GROUP BY {listed}"
    )


def _join_the_smallest(
    con: duckdb.DuckDBPyConnection, fixed: Sequence[str], first: Sequence[str], k: int, made: str
) -> None:
    last = len(first)
    listed = ", ".join(map(quote, fixed))
    alone = con.execute(
        f"SELECT {listed} FROM ({_classes(made, fixed, first, last)}) WHERE people < {k}"
    ).fetchall()
    for place in alone:
        classes = []
        for level in range(last):
            known = [*fixed, *first[level:]]
            found = con.execute(
                f"SELECT people, {', '.join(map(quote, known))}"
                f" FROM ({_classes(made, fixed, first, level)}) WHERE {_is(fixed)}"
                " ORDER BY ALL LIMIT 1",
                place,
            ).fetchall()
            classes += [(row[0], level, known, row[1:]) for row in found]
        if not classes:
            con.execute(f"UPDATE {made} SET level = {last + 1} WHERE {_is(fixed)}", place)
            continue
        _, level, known, values = min(classes, key=lambda c: c[:2])
        con.execute(
            f"UPDATE {made} SET level = {last} WHERE level = {level} AND {_is(known)}", values
        )


def _is(columns: Sequence[str]) -> str:
    return " AND ".join(f"{quote(c)} IS NOT DISTINCT FROM ?" for c in columns)


def achieved(
    con: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str], who: str
) -> tuple[int, int] | None:
    """Return the people and the rows of the smallest class of a table; None where it has no rows.

    Knows nothing of how the table was made. ``who`` is SQL for whom a row is about.
    """
    people: Any
    people, smallest = one(
        con,
        f"SELECT min(people), min(n) FROM (SELECT count(DISTINCT {who}) AS people, count(*) AS n"
        f" FROM {rows} GROUP BY {', '.join(map(quote, columns))})",
    )
    return None if people is None else (int(people), int(smallest))
