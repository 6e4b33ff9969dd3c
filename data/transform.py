"""From staged rows to canonical ones, in SQL. Nothing here reads a row in Python.

Every value of a mapped column goes through a lookup of its distinct values, so a value map of a
hundred patterns is tried once per distinct value, and values no line fits are known with their
counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import duckdb

from data.boxes import one_row_per_box, unknown_boxes
from data.cells import (
    LONGEST_LABEL,
    MOST_UNKNOWN_VALUES,
    clean,
    fits,
    kept_sql,
    key_sql,
    raw_sql,
    unknown_label,
)
from data.errors import UserError
from data.identifying import HIDDEN, KEY_LOOKS_LIKE, LABEL_LOOKS_IDENTIFYING
from data.mapping_model import ColumnMapping, Mapping, Reading, TableMapping
from data.moments import EARLIEST, hour_bands, moment_sql, not_a_time
from data.readers import ExportFile
from data.sql import WORK, literal, one, quote
from data.staging import StagedFile

__all__ = [
    "EARLIEST",
    "LONGEST_LABEL",
    "MACROS",
    "MOST_UNKNOWN_VALUES",
    "Typed",
    "check_keys",
    "clash",
    "combined",
    "file_of",
    "needed",
    "not_a_time",
    "present",
    "type_rows",
    "window",
]

MACROS = """
CREATE OR REPLACE TEMP MACRO keyed(kind, agency, value) AS
    left(sha256(getvariable('store_secret') || sha256(getvariable('store_secret')
         || kind || chr(31) || agency || chr(31) || value)), 32);
"""


_STORED_AS = {"int": "INTEGER", "tri": "tri"}
"""SQL types of typed values by the kind of column; every other is text. A yes/no takes one byte."""

_FEW = 8
"""Values that are compared one by one; to join a lookup of more takes less time than to compare."""


@dataclass
class Typed:
    """One canonical table's rows before they are grouped, and what was noticed on the way."""

    table: str
    unknown_values: dict[str, dict[str, int]] = field(default_factory=dict)


def _moment(reading: Reading, mapping: Mapping, sentinels: tuple[str, ...]) -> str:
    """SQL for the time that one reading gives: see `moment_sql`."""
    raw = clean(reading.staged(reading.column), sentinels)
    clock = clean(reading.staged(reading.time), sentinels) if reading.time else None
    return moment_sql(raw, clock, mapping, hours=reading.time_as == "hour")


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


def present(table: TableMapping, files: Sequence[ExportFile]) -> dict[str, ColumnMapping]:
    """Return the columns of a table mapping that these files can fill.

    Raises ``UserError`` naming a file and a column that the mapping needs and the file lacks.
    """
    every = {h for f in files for h in f.header}
    demanded = [(x.column, "leaves rows out") for x in table.left_out if not x.optional]
    demanded += [(header, "lends to other tables") for header in table.lent]
    for header, why in demanded:
        _require(files, header, f"{table.table.name} ({why})")
    found = {}
    for name, column in table.columns.items():
        if not column.optional:
            for header in column.own_headers:
                _require(files, header, f"{table.table.name}.{name}")
            found[name] = column
            continue
        boxes = tuple(b for b in column.boxes if b[0] in every)
        readings = tuple(r for r in column.readings if r.lookup or every.issuperset(r.headers))
        proved = column.form_filled is None or column.form_filled in every
        if (boxes or readings or column.constant is not None) and proved:
            found[name] = replace(column, boxes=boxes, readings=readings)
        elif column.canonical.required or (column.boxes and not boxes):
            header = column.own_headers[0]
            _require(files, header, f"{table.table.name}.{name}, nor any other it could read")
    return found


def _require(files: Sequence[ExportFile], header: str, reads: str) -> None:
    for file in files:
        if header not in file.header:
            raise UserError(
                f"{file.name}: no column {header!r}, which the mapping reads for {reads};"
                " check that this is the right file and mapping"
            )


def needed(table: TableMapping, columns: dict[str, ColumnMapping]) -> list[str]:
    """Return the export's columns that must be staged to fill these canonical ones."""
    found = [*table.key, *table.lent, *(left.column for left in table.left_out)]
    for column in columns.values():
        found += column.own_headers
    return list(dict.fromkeys(found))


def check_keys(
    con: duckdb.DuckDBPyConnection,
    stage: str,
    tables: list[tuple[TableMapping, dict[str, ColumnMapping]]],
    mapping: Mapping,
    staged: list[StagedFile],
) -> None:
    """Refuse a key column whose values look like names, dates or social security numbers.

    The error gives the row only, never the value.
    """
    keys: dict[str, tuple[str, ...]] = {}
    for table, columns in tables:
        keys |= dict.fromkeys(table.key, mapping.not_recorded)
        for column in columns.values():
            if column.canonical.type == "key":
                sentinels = mapping.not_recorded + column.not_recorded
                keys |= dict.fromkeys((r.column for r in column.readings), sentinels)
    looks = ", ".join(
        # CASE, for AND would try the condition on every value.
        f"CASE WHEN regexp_matches(v, {literal(look.pattern)}) THEN {look.condition}"
        f" ELSE FALSE END AS look_{i}"
        for i, look in enumerate(KEY_LOOKS_LIKE)
    )
    counts = ", ".join(
        f"sum(n) FILTER (look_{i}), min(rn) FILTER (look_{i})" for i in range(len(KEY_LOOKS_LIKE))
    )
    for key, sentinels in keys.items():
        filled, *odd = one(
            con,
            f"SELECT sum(n), {counts} FROM (SELECT n, rn, {looks} FROM (SELECT"
            f" {clean(key, sentinels)} AS v, count(*) AS n, min(s.rowid) AS rn FROM {stage} s"
            " WHERE s.skip = 0 GROUP BY 1) WHERE v IS NOT NULL)",
        )
        for look, n, first in zip(KEY_LOOKS_LIKE, odd[::2], odd[1::2], strict=True):
            if n and n > look.share * filled:
                file = file_of(staged, first)
                raise UserError(
                    f"{file.file.name} row {file.row_number(first)}: {key!r} is mapped as a key but"
                    f" looks like {look.what}; map the agency's own number instead"
                )


def file_of(staged: list[StagedFile], rowid: int) -> StagedFile:
    """Return the file that a staged row came from."""
    return next(f for f in reversed(staged) if f.first_rowid <= rowid)


def type_rows(
    con: duckdb.DuckDBPyConnection,
    stage: str,
    target: str,
    table: TableMapping,
    columns: dict[str, ColumnMapping],
    mapping: Mapping,
) -> Typed:
    """Create the table ``target`` of the work area: one typed row per staged row.

    Columns: ``rn`` (order), ``key_raw`` (the contact's own number, NULL if blank) and one per
    canonical column; of dates and times, `not_a_time` says which are none. Repeated headers, blank
    lines and what the table leaves out are left out; of a table with one column per box every box
    ticked is a row. Raises ``UserError`` for a value map that fits none of the values.
    """
    typed = Typed(target)
    kept = kept_sql(table)
    select, joins = [], []
    rows, rn = f"{stage} s", "s.rowid"
    boxed = {n: c for n, c in columns.items() if c.boxes}
    if boxed:
        typed.unknown_values |= unknown_boxes(con, stage, kept, boxed, mapping)
        rows, rn = one_row_per_box(con, stage, table, boxed, mapping), "s.rn"
        select += [f"b.{name}" for name in boxed]
    for position, (name, column) in enumerate(columns.items()):
        sentinels = mapping.not_recorded + column.not_recorded
        if column.boxes:
            continue
        if column.constant is not None:
            select.append(f"{literal(column.constant)} AS {name}")
        elif column.hours:
            moment = _moment(column.readings[0], mapping, sentinels)
            select.append(f"{hour_bands(column.hours, moment)} AS {name}")
            odd = one(con, f"SELECT count(*) FROM {stage} s WHERE {kept} AND year({moment}) <= 2")
            if odd[0]:
                typed.unknown_values[name] = {"(not a time)": int(odd[0])}
        elif column.canonical.type in ("ts", "date"):
            moments = [_moment(r, mapping, sentinels) for r in column.readings]
            value = f"coalesce({', '.join(moments)})"
            select.append(
                f"CAST({value} AS DATE) AS {name}"
                if column.canonical.type == "date"
                else f"{value} AS {name}"
            )
            if name == "contact_at" and "contact_at_basis" not in columns:
                cases = " ".join(
                    f"WHEN ({m}) IS NOT NULL THEN {literal(r.basis)}"
                    for m, r in zip(moments, column.readings, strict=True)
                )
                select.append(f"CASE {cases} END AS contact_at_basis")
        elif column.canonical.type == "key":
            select.append(f"{key_sql(column, sentinels)} AS {name}")
        else:
            raw = raw_sql(column, sentinels)
            lookup = f"lookup_{table.table.name}_{position}"
            unknown, direct = _make_lookup(con, stage, lookup, column, raw, kept)
            typed.unknown_values |= unknown
            if direct is None:
                joins.append(f"LEFT JOIN {lookup} l{position} ON l{position}.raw = {raw}")
            value = direct or f"l{position}.value"
            if column.blank_means and column.form_filled:
                proof = clean(column.form_filled, mapping.not_recorded)
                value = (
                    f"CASE WHEN {raw} IS NULL AND {proof} IS NOT NULL"
                    f" THEN {literal(column.blank_means)} ELSE {value} END"
                )
            if kind := _STORED_AS.get(column.canonical.type):
                value = f"CAST({value} AS {kind})"
            select.append(f"{value} AS {name}")
    key = " || chr(31) || ".join(f"s.{quote(k)}" for k in table.key) or "NULL"
    con.execute(
        f"CREATE OR REPLACE TABLE {WORK}.{target} AS SELECT {rn} AS rn, s.row_hash,"
        f" {key} AS key_raw, {', '.join(select)} FROM {rows} {' '.join(joins)} WHERE {kept}"
    )
    return typed


def _make_lookup(
    con: duckdb.DuckDBPyConnection,
    stage: str,
    lookup: str,
    column: ColumnMapping,
    raw: str,
    kept: str,
) -> tuple[dict[str, dict[str, int]], str | None]:
    """Create the table ``lookup``; return the values it does not know, and SQL for the value.

    That is None where only a join tells: a column that says what it means already, or of few values,
    does not need one.
    """
    value, known = _lookup_value(column)
    con.execute(
        f"CREATE OR REPLACE TABLE {WORK}.{lookup} AS SELECT raw, n, {value} AS value,"
        f" {known} AS known FROM (SELECT {raw} AS raw, count(*) AS n FROM {stage} s"
        f" WHERE {kept} GROUP BY 1) WHERE raw IS NOT NULL"
    )
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
    direct = raw if not translated else _cases(con, lookup, raw) if fitting <= _FEW else None
    if not odd:
        return {}, direct
    rows = con.execute(
        f"SELECT {unknown_label(column)} AS label, CAST(sum(n) AS BIGINT) FROM {lookup}"
        " WHERE NOT known GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    listed = {str(label): int(n) for label, n in rows[:MOST_UNKNOWN_VALUES]}
    if rest := sum(int(n) for _, n in rows[MOST_UNKNOWN_VALUES:]):
        listed["(other values)"] = rest
    return {column.canonical.name: listed}, direct


def _cases(con: duckdb.DuckDBPyConnection, lookup: str, raw: str) -> str:
    """SQL that spells a short lookup out."""
    rows = con.execute(f"SELECT raw, value FROM {lookup} WHERE value IS NOT NULL").fetchall()
    cases = "".join(f" WHEN {literal(there)} THEN {literal(value)}" for there, value in rows)
    return f"CASE {raw}{cases} END" if cases else "CAST(NULL AS VARCHAR)"


def combined(name: str, column: ColumnMapping) -> str:
    """SQL that combines a column's values over the rows of one contact."""
    if column.combine == "any":
        cases = (f"WHEN {_answers(name)} & {bit} > 0 THEN '{said}'" for said, bit in _BITS.items())
        return f"CASE {' '.join(cases)} END"
    return f"arg_max({name}, rn)" if column.combine == "latest" else f"arg_min({name}, rn)"


def clash(name: str, column: ColumnMapping) -> str:
    """SQL: do the rows of one contact hold different values of a column?"""
    if column.combine == "any":
        return f"bit_count({_answers(name)}) > 1"
    # Of hashes: to keep the least and the greatest text takes longer.
    said = f"CASE WHEN {name} IS NOT NULL THEN hash({name}) END"
    return f"min({said}) <> max({said})"


_BITS = {"yes": 1, "no": 2, "unknown": 4}


def _answers(name: str) -> str:
    """SQL for the answers of a yes/no over the rows of one contact, as bits of one number."""
    cases = " ".join(f"WHEN '{said}' THEN {bit}::UTINYINT" for said, bit in _BITS.items())
    return f"bit_or(CASE {name} {cases} END)"


def window(expression: str, column: ColumnMapping) -> str:
    """SQL for a value, NULL outside the period in which the column was recorded."""
    tests = []
    if column.recorded_from:
        tests.append(f"CAST(contact_at AS DATE) >= DATE '{column.recorded_from}'")
    if column.recorded_until:
        tests.append(f"CAST(contact_at AS DATE) < DATE '{column.recorded_until}'")
    return f"CASE WHEN {' AND '.join(tests)} THEN {expression} END" if tests else expression
