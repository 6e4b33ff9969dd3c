"""What the values of a column mean: each is looked over once, not in every row that says it.

A value map of a hundred patterns is tried once per distinct value, and values no line fits are known
with their counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from data.cells import LONGEST_LABEL, MOST_UNKNOWN_VALUES, fits, unknown_label
from data.errors import UserError
from data.identifying import HIDDEN, LABEL_LOOKS_IDENTIFYING
from data.mapping_model import ColumnMapping
from data.sql import WORK, insert, literal, one

_FEW = 8
"""Values that are compared one by one; to join a lookup of more takes less time than to compare."""

_LISTED = 2_000
"""Distinct values that are looked over by themselves; of more, and seldom are there more, a table is made."""


@dataclass(frozen=True)
class Lookup:
    """What the values of the canonical column ``name`` mean, and how often which are not known.

    ``direct`` is SQL for the value; None where only a join of ``table`` tells: a column that says what
    it means already, or of few values, does not need one.
    """

    name: str
    unknown: dict[str, dict[str, int]]
    direct: str | None = None
    table: str = ""

    def read(self, raw: str) -> tuple[str, list[str]]:
        """Return SQL for the value of a row, and the joins that it needs."""
        if self.direct is not None:
            return self.direct, []
        return f"{self.table}.value", [f"LEFT JOIN {self.table} ON {self.table}.raw = {raw}"]


def count_no_times(
    con: duckdb.DuckDBPyConnection, stage: str, name: str, moment: str, kept: str
) -> Lookup:
    """Count the values of a column that is read as a time, and are none."""
    (n,) = one(con, f"SELECT count(*) FROM {stage} s WHERE {kept} AND year({moment}) <= 2")
    return Lookup(name, {name: {"(not a time)": int(n)}} if n else {})


def _band(column: ColumnMapping) -> str:
    """SQL over ``raw``: the name of the band that a number, or both ends of a range, falls in."""
    parts = "'^(\\d{1,3})(\\.0+)?( ?- ?(\\d{1,3}))?$'"
    low = f"TRY_CAST(regexp_extract(raw, {parts}, 1) AS INTEGER)"
    high = f"coalesce(TRY_CAST(regexp_extract(raw, {parts}, 4) AS INTEGER), {low})"
    cases = " ".join(
        f"WHEN {low} >= {first} AND {low} <= {high} AND {high} <= {last} THEN {literal(level)}"
        for level, first, last in column.bands
    )
    return f"CASE {cases} END"


def _lookup_value(column: ColumnMapping) -> tuple[str, str]:
    """SQL over ``raw``: the canonical value, and whether the mapping knows the raw one."""
    kind = column.canonical.type
    if column.values is not None:
        cases = " ".join(
            f"WHEN {fits('raw', source)} THEN {literal(code) if code else 'NULL'}"
            for source, code in column.values
        )
        known = " OR ".join(fits("raw", source) for source, _ in column.values) or "FALSE"
        if column.bands:
            band = _band(column)
            return f"CASE {cases} ELSE {band} END", f"({known} OR {band} IS NOT NULL)"
        return f"CASE {cases} END" if cases else "NULL", f"({known})"
    if column.bands:
        return _band(column), f"({_band(column)} IS NOT NULL)"
    if kind == "tri":  # a typed yes/no column arrives as true and false
        answer = "CASE lower(raw) WHEN 'true' THEN 'yes' WHEN 'false' THEN 'no' ELSE lower(raw) END"
        known = f"(({answer}) IN ('yes', 'no', 'unknown'))"
        return f"CASE WHEN {known} THEN {answer} END", known
    if column.canonical.values:
        allowed = ", ".join(literal(v) for v in column.canonical.values)
        known = f"lower(raw) IN ({allowed})"
        return f"CASE WHEN {known} THEN lower(raw) END", known
    if kind == "int":
        number = "TRY_CAST(raw AS DOUBLE)"
        known = f"({number} IS NOT NULL AND {number} = round({number}) AND abs({number}) < 2e9)"
        return f"CASE WHEN {known} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) END", known
    known = (
        f"(length(raw) <= {LONGEST_LABEL} AND"
        f" NOT regexp_matches(raw, {literal(f'{LABEL_LOOKS_IDENTIFYING}|{HIDDEN}')}))"
    )
    return f"CASE WHEN {known} THEN raw END", known


def make_lookup(
    con: duckdb.DuckDBPyConnection, stage: str, column: ColumnMapping, raw: str, kept: str
) -> Lookup:
    """Look over the distinct values of a column; make a table of the work area only where one is joined.

    Raises ``UserError`` if its value map fits none of them.
    """
    short = column.canonical.name
    lookup = f"lookup_{column.canonical.table}_{short}"
    value, known = _lookup_value(column)
    meant = (
        f"SELECT raw, n, {value} AS value, {known} AS known FROM (SELECT {raw} AS raw,"
        f" count(*) AS n FROM {stage} s WHERE {kept} GROUP BY 1) WHERE raw IS NOT NULL"
    )
    rows = con.execute(meant).fetchmany(_LISTED + 1)
    if listed := len(rows) <= _LISTED:
        fitting = sum(known for *_, known in rows)
        odd = len(rows) - fitting
        translated = sum(value != there for there, _, value, _ in rows)
    else:
        con.execute(f"CREATE OR REPLACE TABLE {WORK}.{lookup} AS {meant}")
        meant = f"FROM {lookup}"
        fitting, odd, translated = one(
            con,
            "SELECT count(*) FILTER (known), count(*) FILTER (NOT known),"
            f" count(*) FILTER (value IS DISTINCT FROM raw) FROM {lookup}",
        )
    name = f"{column.canonical.table}.{column.canonical.name}"
    if column.values is not None and odd and not fitting:
        raise UserError(
            f"the value map of {name} covers none of the {odd} values in"
            f" {column.readings[0].column!r}; compare its left-hand sides with the export"
        )
    direct = raw if not translated else None
    if translated and listed:
        values = [(there, value) for there, _, value, _ in rows]
        if fitting <= _FEW:
            direct = _cases(raw, values)
        else:
            con.execute(f"CREATE OR REPLACE TABLE {WORK}.{lookup} (raw VARCHAR, value VARCHAR)")
            insert(con, f"{WORK}.{lookup}", values)
    unknown = {short: _unknown(con, meant, column)} if odd else {}
    return Lookup(short, unknown, direct, lookup)


def _unknown(con: duckdb.DuckDBPyConnection, meant: str, column: ColumnMapping) -> dict[str, int]:
    """Return the values that the mapping does not know, as a report shows them, and how often each is."""
    rows = con.execute(
        f"SELECT {unknown_label(column)} AS label, CAST(sum(n) AS BIGINT) FROM ({meant})"
        " WHERE NOT known GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    found = {str(label): int(n) for label, n in rows[:MOST_UNKNOWN_VALUES]}
    if rest := sum(int(n) for _, n in rows[MOST_UNKNOWN_VALUES:]):
        found["(other values)"] = rest
    return found


def _cases(raw: str, values: list[tuple[str, str | None]]) -> str:
    """SQL that spells a short lookup out."""
    cases = "".join(
        f" WHEN {literal(there)} THEN {literal(value)}"
        for there, value in values
        if value is not None
    )
    return f"CASE {raw}{cases} END" if cases else "CAST(NULL AS VARCHAR)"
