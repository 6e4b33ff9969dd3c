"""Cells of staged rows, as SQL: what a value says, and whether its row counts."""

from __future__ import annotations

from data.identifying import VALUE_LOOKS_IDENTIFYING, WITHHELD
from data.mapping_model import ColumnMapping, TableMapping
from data.sql import literal, quote

LONGEST_LABEL = 80
"""Characters a text or code value may have; longer is taken for free text and not stored."""

MOST_UNKNOWN_VALUES = 200
"""Distinct unknown values a report lists per column; a column with more is hardly a code list."""


def like(pattern: str) -> str:
    """A pattern with ``*`` as a LIKE pattern; everything else stands for itself."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return literal(escaped.replace("*", "%")) + " ESCAPE '\\'"


def fits(value: str, pattern: str) -> str:
    """SQL: does a value fit a pattern of a mapping?"""
    return f"{value} LIKE {like(pattern)}" if "*" in pattern else f"{value} = {literal(pattern)}"


def clean(column: str, sentinels: tuple[str, ...]) -> str:
    """SQL for a raw value, NULL where it is a sentinel for *not recorded*."""
    raw = f"s.{quote(column)}"
    if not sentinels:
        return raw
    tests = " OR ".join(fits(raw, s) for s in sentinels)
    return f"CASE WHEN {tests} THEN NULL ELSE {raw} END"


def raw_sql(column: ColumnMapping, sentinels: tuple[str, ...]) -> str:
    """SQL for the first reading of a column that is recorded."""
    found = []
    for reading in column.readings:
        raw = clean(reading.staged(reading.column), sentinels)
        said = f"CASE WHEN ({raw}) IS NOT NULL THEN {literal(reading.means or '')} END"
        found.append(said if reading.means else raw)
    return f"coalesce({', '.join(found)})"


def key_sql(column: ColumnMapping, sentinels: tuple[str, ...]) -> str:
    """SQL for the agency's own number."""
    raw = raw_sql(column, sentinels)
    return f"regexp_replace({raw}, '^0+(.)', '\\1')" if column.unpad else raw


def kept_sql(table: TableMapping) -> str:
    """SQL: is a staged row one of this table's?"""
    tests = ["s.skip = 0"]
    for left in table.left_out:
        raw = f"coalesce(s.{quote(left.column)}, '')"
        tests.append(f"NOT ({' OR '.join(fits(raw, v) for v in left.values)})")
    return " AND ".join(tests)


def unknown_label(column: ColumnMapping) -> str:
    """SQL over ``raw``: how a report shows a value the mapping does not know."""
    if column.canonical.type in ("text", "code") and column.values is None and not column.boxes:
        return (
            f"CASE WHEN length(raw) > {LONGEST_LABEL}"
            f" THEN '(longer than {LONGEST_LABEL} characters)' ELSE {literal(WITHHELD)} END"
        )
    return (
        f"CASE WHEN regexp_matches(raw, {literal(VALUE_LOOKS_IDENTIFYING)}) OR length(raw) >"
        f" {LONGEST_LABEL} THEN {literal(WITHHELD)} ELSE raw END"
    )
