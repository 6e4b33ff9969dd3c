"""Tables with one column per box, as SQL: every box ticked becomes a row."""

from __future__ import annotations

import duckdb

from data.cells import MOST_UNKNOWN_VALUES, clean, fits, unknown_label
from data.errors import UserError
from data.mapping_model import ColumnMapping, Mapping, TableMapping
from data.sql import WORK, insert, literal, one, quote
from data.values import Lookup


def _answer(raw: str, ticks: tuple[tuple[str, str], ...]) -> str:
    """SQL: what a box says, yes, no or unknown, or odd where the mapping does not know; NULL for a blank."""
    cases = " ".join(f"WHEN {fits(raw, source)} THEN {literal(said)}" for source, said in ticks)
    return f"CASE WHEN {raw} IS NULL THEN NULL {cases} ELSE 'odd' END"


def one_row_per_box(
    con: duckdb.DuckDBPyConnection,
    stage: str,
    table: TableMapping,
    boxed: dict[str, ColumnMapping],
    mapping: Mapping,
) -> str:
    """Make ``boxes_<table>``, what a tick in each box means; return SQL for a row per box ticked."""
    columns = list(boxed.values())
    meant = f"boxes_{table.table.name}"
    names = ", ".join(f"{name} VARCHAR" for name in boxed)
    con.execute(f"CREATE OR REPLACE TABLE {WORK}.{meant} (box INTEGER, {names})")
    values = zip(*(c.boxes for c in columns), strict=True)
    rows = [(i, *(value for _, value in box)) for i, box in enumerate(values)]
    insert(con, f"{WORK}.{meant}", rows)
    ticked = ", ".join(
        f"CASE WHEN {_answer(clean(header, mapping.not_recorded), columns[0].ticks)} = 'yes'"
        f" THEN {i} END"
        for i, (header, _) in enumerate(columns[0].boxes)
    )
    return (
        f"(SELECT s.*, s.rowid AS rn, unnest(list_filter([{ticked}], lambda x: x IS NOT NULL))"
        f" AS box FROM {stage} s) s JOIN {meant} b USING (box)"
    )


def unknown_boxes(
    con: duckdb.DuckDBPyConnection,
    stage: str,
    kept: str,
    boxed: dict[str, ColumnMapping],
    mapping: Mapping,
) -> Lookup:
    """Return what is in boxes that the mapping does not know, by header.

    Raises ``UserError`` where it knows nothing of what is in them.
    """
    name, column = next(iter(boxed.items()))
    headers = [header for header, _ in column.boxes]
    answers = [_answer(clean(h, mapping.not_recorded), column.ticks) for h in headers]
    known = " OR ".join(f"{a} IN ('yes', 'no', 'unknown')" for a in answers)
    n_known, *counts = one(
        con,
        f"SELECT count(*) FILTER ({known}),"
        + ", ".join(f" count(*) FILTER ({a} = 'odd')" for a in answers)
        + f" FROM {stage} s WHERE {kept}",
    )
    odd = {h for h, n in zip(headers, counts, strict=True) if n}
    if odd and not n_known:
        raise UserError(
            f"the map of the boxes of {column.canonical.table} covers none of the values in"
            f" {min(odd)!r} and the others; compare its left-hand sides with the export"
        )
    found: dict[str, dict[str, int]] = {}
    for header, answer in zip(headers, answers, strict=True):
        if header in odd:
            rows = con.execute(
                f"SELECT {unknown_label(column)} AS label, CAST(count(*) AS BIGINT) FROM (SELECT"
                f" s.{quote(header)} AS raw FROM {stage} s WHERE {kept} AND {answer} = 'odd')"
                f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_UNKNOWN_VALUES}"
            ).fetchall()
            found[header] = {str(label): int(n) for label, n in rows}
    return Lookup(name, found)
