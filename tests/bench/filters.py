"""A filter change: the product's grouped counts beside the engine's own ``GROUP BY``, written by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from data.opening import READ_CONFIG
from data.store import Store
from metrics import aggregate
from metrics.question import Question, ask
from tests.bench.results import Taken, clocked
from tests.bench.stores import ensure

FILTERS = 30
DIMENSIONS = ("district", "shift", "weapon", "priority", "call_group", "violence")
PRIMARY = ("force", "injury", "arrest", "voluntary_care")
ADJUSTERS = (
    *("call_group", "origin", "priority", "weapon", "violence", "district", "shift"),
    *("weekend", "year"),
)
"""The default adjusters by name: a peer does not ask the product what to group by."""
KINDS = {"by pattern and officer": True, "by pattern": False}
"""What is grouped by, and whether officers are among it."""

Cut = dict[str, list[str]]


def bare(stores: Path, size: int) -> duckdb.DuckDBPyConnection:
    """Open the same file as anyone would, by the engine alone (without what it may reach outside)."""
    path = Store(ensure(stores, size)).current().path
    return duckdb.connect(str(path), read_only=True, config=READ_CONFIG)


def cuts(con: duckdb.DuckDBPyConnection) -> list[Cut]:
    """Return distinct filters: one level of one or two covariates."""
    levels = {
        dim: [
            row[0]
            for row in con.execute(
                f"SELECT DISTINCT {dim} FROM encounters WHERE {dim} IS NOT NULL ORDER BY 1"
            ).fetchall()
        ]
        for dim in DIMENSIONS
    }
    found: list[Cut] = [{dim: [level]} for dim in DIMENSIONS for level in levels[dim]]
    for one, other in itertools.combinations(DIMENSIONS, 2):
        found += [{one: [a], other: [b]} for a in levels[one] for b in levels[other]]
    random.Random(1).shuffle(found)
    return found[:FILTERS]


def sql(cut: Cut, *, officers: bool) -> str:
    """Return the counts of the four primary outcomes by pattern, as one would write them."""
    keys = ["exposure_primary", *ADJUSTERS, *(["officer_key"] if officers else [])]
    sums = ["count(*) AS contacts"]
    if not officers:
        sums += [
            "count_if(cit_came) AS came",
            "count(officer_minutes) AS timed",
            "sum(officer_minutes) AS minutes",
        ]
    for o in PRIMARY:
        counted = f"eligible_{o} AND outcome_{o} IS NOT NULL"
        sums += [
            f"count_if({counted}) AS n_{o}",
            f"count_if(eligible_{o} AND outcome_{o}) AS events_{o}",
            f"count_if(eligible_{o} IS NULL OR (eligible_{o} AND outcome_{o} IS NULL)) AS missing_{o}",
        ]
        if not officers:
            sums.append(f"count_if({counted} AND cit_came) AS came_{o}")
    where = " AND ".join(f"{dim} IN ({', '.join(map(_quoted, v))})" for dim, v in cut.items())
    return (
        f"SELECT {', '.join([*keys, *sums])} FROM encounters WHERE {where or 'TRUE'} GROUP BY ALL"
    )


def _quoted(level: str) -> str:
    return "'" + level.replace("'", "''") + "'"


def product(size: int, stores: Path) -> Iterator[Taken]:
    """Ask the product for the counts of each filter."""
    with bare(stores, size) as con:
        asked = cuts(con)
    snapshot = Store(ensure(stores, size)).current()
    for what, officers in KINDS.items():

        def one(question: Question, officers: bool = officers) -> Any:
            return aggregate.counts(snapshot, question, question.adjust, officers=officers)

        one(ask())  # what a process does once
        yield _each(what, asked, lambda cut, one=one: one(ask(where=cut)).frame, "events:{}")


def engine(size: int, stores: Path) -> Iterator[Taken]:
    """Ask the engine for the same groups, into an Arrow table."""
    with bare(stores, size) as con:
        asked = cuts(con)
        for what, officers in KINDS.items():

            def one(cut: Cut, officers: bool = officers) -> Any:
                return con.sql(sql(cut, officers=officers)).to_arrow_table()

            one({})
            yield _each(what, asked, one, "events_{}")


def _each(what: str, asked: list[Cut], one: Any, events: str) -> Taken:
    seconds, processor = [], 0.0
    total = dict.fromkeys(("groups", "contacts", *PRIMARY), 0.0)
    for cut in asked:
        taken, found = clocked(what, lambda cut=cut: one(cut))
        seconds += taken.seconds
        processor += taken.processor or 0.0
        sums = {o: events.format(o) for o in PRIMARY} | {"contacts": "contacts"}
        total["groups"] += len(found)
        for name, column in sums.items():
            values = found[column]
            total[name] += float(values.sum() if hasattr(values, "sum") else _sum(values))
    return Taken(what, tuple(seconds), processor, total)


def _sum(column: Any) -> float:
    import pyarrow.compute as pc

    return float(pc.sum(column).as_py() or 0)
