"""The rows an answer rests on, without what could lead back to a person or an officer.

What leaves here are rows, not counts: for an evidence packet, which stays with the agency. Keys are
running numbers, times of day are gone, and only columns that the question reads are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from data import registry
from data.encounters import eligible_column, exposure_column, outcome_column
from data.store import Snapshot
from metrics.aggregate.careers import TRAINING_DAYS
from metrics.aggregate.relation import encounters, filtered

if TYPE_CHECKING:
    import pyarrow as pa

    from metrics.question import Question

ASKED = "in_question"
"""True for a contact of the question; the few others only carry what is told from the whole snapshot."""

_ID = ("agency_id", "source", "contact_id")
_KEYS = {
    "contact_date": "DATE",
    "contact_at": "TIMESTAMP",
    "officer_key": "VARCHAR",
    "person_key": "VARCHAR",
    "cit_came": "BOOLEAN",
}
_LEFT_OUT = {
    "agency_id": "VARCHAR",
    "source": "VARCHAR",
    "contact_id": "VARCHAR",
    "officer_minutes": "BIGINT",
    "force_level": "INTEGER",
}
"""Columns of ``encounters`` that no answer to a question reads: empty in a snapshot made of the rows."""


def copied_columns(
    question: Question, outcomes: Iterable[str], covariates: Iterable[str]
) -> dict[str, str]:
    """Return the columns of the copy, in order, with their SQL types.

    Every definition of CIT is among them: a sensitivity exhibit compares them all.
    """
    found = {ASKED: "BOOLEAN", **_KEYS}
    exposures = [question.exposure, *(e.id for e in registry.EXPOSURES if e.is_cit)]
    found |= {exposure_column(id_): "BOOLEAN" for id_ in exposures}
    found |= dict.fromkeys(covariates, "VARCHAR")
    for id_ in outcomes:
        found |= {eligible_column(id_): "BOOLEAN", outcome_column(id_): "BOOLEAN"}
    return found


def analysis_copy(
    snapshot: Snapshot, question: Question, outcomes: Iterable[str], covariates: Iterable[str]
) -> pa.Table:
    """Return the rows that give the same answers as the snapshot, in a fixed order.

    Officers and people are running numbers in the order of their keys, so that whatever is done in the
    order of keys is done in the same order; nothing of a key is left. The time of day is gone: only on
    the day of an officer's first contact of the first group, and on the day their weeks of training
    begin, does ``contact_at`` still say *before* (midnight), *at* (one o'clock) or *after* (two) the
    moment that decides. Besides the question's contacts there are at most two rows an officer that
    tell whether the officer changed groups outside the question, and one row for each level that only
    occurs outside it.
    """
    import ibis

    columns = copied_columns(question, outcomes, covariates)
    table = encounters(snapshot)
    wanted = [*_ID, *(c for c in columns if c != ASKED)]
    everything = str(ibis.to_sql(table.select(wanted)))
    asked = str(ibis.to_sql(filtered(table, question).select(wanted)))
    group = exposure_column(question.exposure)
    kept = list(columns)[1:]
    parts = [f"SELECT TRUE AS {ASKED}, {', '.join(kept)} FROM asked"]
    if question.filtered:
        dims = tuple(dim for dim, _ in question.where)
        parts += _turns(group, dims) + _levels(columns, dims)
    moment = f"""
        CASE CAST(r.contact_at AS DATE) - CAST(f.first_at AS DATE) IN (0, -{TRAINING_DAYS})
        WHEN TRUE THEN CAST(CAST(r.contact_at AS DATE) AS TIMESTAMP) + to_hours(
            1 + CAST(sign(date_diff('microsecond', f.first_at,
                r.contact_at + CASE WHEN CAST(r.contact_at AS DATE) = CAST(f.first_at AS DATE)
                    THEN INTERVAL 0 DAY ELSE INTERVAL {TRAINING_DAYS} DAY END)) AS INTEGER))
        ELSE CAST(CAST(r.contact_at AS DATE) AS TIMESTAMP) END"""
    made = {
        "contact_at": moment,
        "officer_key": "o.number",
        "person_key": "p.number",
    }
    listed = ",\n".join(
        f"CAST({made.get(c, f'r.{c}')} AS {kind}) AS {c}" for c, kind in columns.items()
    )
    found = snapshot.cursor().sql(
        f"""WITH everything AS MATERIALIZED ({everything}),
        asked AS MATERIALIZED ({asked}),
        outside AS MATERIALIZED (
            SELECT * FROM everything ANTI JOIN asked USING ({", ".join(_ID)})),
        firsts AS (
            SELECT officer_key, min(contact_at) AS first_at FROM everything
            WHERE {group} AND officer_key IS NOT NULL GROUP BY ALL),
        officers AS ({_numbered("officer")}),
        people AS ({_numbered("person")}),
        rows AS ({" UNION ALL BY NAME ".join(parts)})
        SELECT {listed} FROM rows r
        LEFT JOIN firsts f ON f.officer_key = r.officer_key
        LEFT JOIN officers o ON o.key = r.officer_key
        LEFT JOIN people p ON p.key = r.person_key
        ORDER BY ALL"""
    )
    return found.to_arrow_table().cast(arrow_schema(columns))


def _numbered(what: str) -> str:
    """Return SQL that gives every key of the question's contacts its running number as text."""
    # Digits only: what stands in for a missing officer ("none 0") sorts after them, as after the keys.
    return (
        "SELECT key, lpad(CAST(row_number() OVER (ORDER BY key) AS VARCHAR), 8, '0') AS number"
        f" FROM (SELECT DISTINCT {what}_key AS key FROM asked"
        f" WHERE {what}_key IS NOT NULL)"
    )


def _turns(group: str, dims: tuple[str, ...]) -> list[str]:
    """Return SQL for the rows that tell the careers of the question's officers outside it."""
    named = ", ".join(dict.fromkeys(("contact_date", "contact_at", "officer_key", group, *dims)))
    return [
        f"""SELECT FALSE AS {ASKED}, {named} FROM outside
        WHERE {condition} AND officer_key IN (SELECT officer_key FROM asked)
        QUALIFY row_number() OVER (PARTITION BY officer_key ORDER BY contact_at {order}, {named}) = 1"""
        for condition, order in ((group, "ASC"), (f"NOT {group}", "DESC"))
    ]


def _levels(columns: dict[str, str], dims: tuple[str, ...]) -> list[str]:
    """Return SQL for one row per level that a column takes only outside the question.

    What a snapshot records at all, and which levels there are, is told from all of it.
    """
    found = []
    for column in columns:
        if column in _KEYS or column == ASKED or column.startswith("eligible_"):
            continue
        named = [column]
        known = f"{column} IS NOT NULL"
        if column.startswith("outcome_"):
            eligible = column.replace("outcome_", "eligible_", 1)
            named.append(eligible)
            known += f" AND {eligible}"
        # Without an officer and a group: it is counted nowhere, and stays outside by its day or place.
        listed = ", ".join(dict.fromkeys(("contact_date", "contact_at", *dims, *named)))
        found.append(
            f"""SELECT FALSE AS {ASKED}, {listed} FROM outside
            WHERE {known} AND {column} NOT IN (SELECT {column} FROM asked WHERE {known})
            QUALIFY row_number() OVER (PARTITION BY {column} ORDER BY {listed}) = 1"""
        )
    return found


def arrow_schema(columns: dict[str, str]) -> pa.Schema:
    """Return the schema of a copy with these columns."""
    import pyarrow as pa

    kinds = {
        "BOOLEAN": pa.bool_(),
        "DATE": pa.date32(),
        "TIMESTAMP": pa.timestamp("us"),
        "VARCHAR": pa.string(),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in columns.items()])


def snapshot_of(rows: Any, id_: str, folder: Path) -> Snapshot:
    """Write a copy's rows as a snapshot of its own into an empty folder, and return it.

    Columns of ``encounters`` that the copy leaves out are empty there, or absent like those of a
    snapshot made before they existed: *not recorded*.
    """
    path = folder / "packet.duckdb"
    lacking = [f"CAST(NULL AS {kind}) AS {name}" for name, kind in _LEFT_OUT.items()]
    kept = [name for name in rows.column_names if name != ASKED]
    with duckdb.connect(str(path)) as con:
        con.register("copied", rows)
        con.execute(f"CREATE TABLE encounters AS SELECT {', '.join(kept + lacking)} FROM copied")
    return Snapshot(id_, path)
