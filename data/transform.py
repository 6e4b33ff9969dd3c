"""From staged rows to canonical ones, in SQL. Nothing here reads a row in Python.

Every value of a mapped column goes through a lookup of its distinct values, so a value map of a
hundred patterns is tried once per distinct value, and values no line fits are known with their
counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from data.errors import UserError
from data.identifying import (
    KEY_LOOKS_LIKE,
    LABEL_LOOKS_IDENTIFYING,
    VALUE_LOOKS_IDENTIFYING,
    WITHHELD,
)
from data.mapping_model import ColumnMapping, Mapping, Reading, TableMapping
from data.readers import ExportFile
from data.sql import literal, one, quote
from data.staging import StagedFile

LONGEST_LABEL = 80
"""Characters a text or code value may have; longer is taken for free text and not stored."""

MOST_UNKNOWN_VALUES = 200
"""Distinct unknown values a report lists per column; a column with more is hardly a code list."""

EARLIEST = "1970-01-01"
# Marks of a value that is there but is no time: reasons to reject a row, found by their years.
_BAD_DATE = "TIMESTAMP '0001-01-01 00:00:00'"
_NO_ZONE = "TIMESTAMP '0002-01-01 00:00:00'"
_OFFSET = r"\d{2}:\d{2}.*([zZ]|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"

MACROS = """
CREATE OR REPLACE TEMP MACRO keyed(kind, agency, value) AS
    left(sha256(getvariable('store_secret') || sha256(getvariable('store_secret')
         || kind || chr(31) || agency || chr(31) || value)), 32);
"""


@dataclass
class Typed:
    """One canonical table's rows before they are grouped, and what was noticed on the way."""

    table: str
    unknown_values: dict[str, dict[str, int]] = field(default_factory=dict)


def not_a_time(column: str) -> str:
    """SQL: the reason to reject a row for what its date or time column holds, or NULL."""
    return (
        f"CASE year({column}) WHEN 1 THEN 'not a date or time'"
        " WHEN 2 THEN 'a time with an offset, but the agency has no time_zone' END"
    )


def _like(pattern: str) -> str:
    """A pattern with ``*`` as a LIKE pattern; everything else stands for itself."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return literal(escaped.replace("*", "%")) + " ESCAPE '\\'"


def _fits(value: str, pattern: str) -> str:
    return f"{value} LIKE {_like(pattern)}" if "*" in pattern else f"{value} = {literal(pattern)}"


def _clean(column: str, sentinels: tuple[str, ...]) -> str:
    """SQL for a raw value, NULL where it is a sentinel for *not recorded*."""
    raw = f"s.{quote(column)}"
    if not sentinels:
        return raw
    tests = " OR ".join(_fits(raw, s) for s in sentinels)
    return f"CASE WHEN {tests} THEN NULL ELSE {raw} END"


def _wall_clock(raw: str, mapping: Mapping) -> str:
    """SQL for a timestamp as it is written, NULL where it is none."""
    parsed = f"TRY_CAST({raw} AS TIMESTAMP)"
    if mapping.datetime_formats:
        formats = ", ".join(literal(f) for f in mapping.datetime_formats)
        parsed = f"coalesce(try_strptime({raw}, [{formats}]), {parsed})"
    return parsed


def _local(moment: str, mapping: Mapping) -> str:
    """SQL that puts a timestamp of the export's clock on the agency's wall clock."""
    if mapping.clock == "utc" and mapping.time_zone:
        return f"timezone({literal(mapping.time_zone)}, timezone('UTC', {moment}))"
    return moment


def _instant(raw: str, mapping: Mapping) -> str:
    """SQL for a value with its own offset, on the agency's wall clock."""
    if not mapping.time_zone:
        return _NO_ZONE
    joined = f"regexp_replace(regexp_replace({raw}, ' +([+-]\\d)', '\\1'), ' *[zZ]$', 'Z')"
    instant = f"timezone({literal(mapping.time_zone)}, TRY_CAST({joined} AS TIMESTAMPTZ))"
    return f"coalesce({instant}, {_BAD_DATE})"


def _clock_time(raw: str) -> str:
    """SQL for a time of day from HH:MM[:SS], HHMM without its leading zero, or 9:05 PM."""
    hhmm = f"lpad({raw}, 4, '0')"
    return (
        f"CASE WHEN regexp_matches({raw}, '^\\d{{1,4}}$')"
        f" THEN TRY_CAST({hhmm}[1:2] || ':' || {hhmm}[3:4] || ':00' AS TIME)"
        f" WHEN regexp_matches({raw}, '[AaPp]\\.?[Mm]\\.?$') THEN CAST(try_strptime("
        f"replace(upper({raw}), '.', ''), ['%I:%M %p', '%I:%M:%S %p', '%I:%M%p']) AS TIME)"
        f" ELSE TRY_CAST({raw} AS TIME) END"
    )


def _read_moment(reading: Reading, mapping: Mapping, sentinels: tuple[str, ...]) -> str:
    """SQL for a timestamp on the agency's wall clock, which twice a year jumps.

    NULL where not recorded, one of the marks where it is no time. A day without its time of day
    counts from midnight.
    """
    raw = _clean(reading.column, sentinels)
    written = _wall_clock(raw, mapping)
    if reading.time is None:
        return (
            f"CASE WHEN {raw} IS NULL THEN NULL"
            f" WHEN regexp_matches({raw}, {literal(_OFFSET)}) THEN {_instant(raw, mapping)}"
            f" ELSE coalesce({_local(written, mapping)}, {_BAD_DATE}) END"
        )
    clock = _clean(reading.time, sentinels)
    day = f"CAST({written} AS DATE)"
    moment = _local(f"({day} + ({_clock_time(clock)}))", mapping)
    return (
        f"CASE WHEN {raw} IS NULL THEN NULL"
        f" WHEN {clock} IS NULL THEN coalesce(CAST({day} AS TIMESTAMP), {_BAD_DATE})"
        f" ELSE coalesce({moment}, {_BAD_DATE}) END"
    )


def _hour_bands(column: ColumnMapping, moment: str) -> str:
    cases = []
    for level, start, end in column.hours:
        hour = f"hour({moment})"
        inside = (
            f"{hour} >= {start} AND {hour} < {end}"
            if start < end
            else f"({hour} >= {start} OR {hour} < {end})"
        )
        cases.append(f"WHEN {inside} THEN {literal(level)}")
    return f"CASE WHEN year({moment}) <= 2 THEN NULL {' '.join(cases)} END"


def _lookup_value(column: ColumnMapping) -> tuple[str, str]:
    """SQL over ``raw``: the canonical value, and whether the mapping knows the raw one."""
    kind = column.canonical.type
    if column.values is not None:
        cases = " ".join(
            f"WHEN {_fits('raw', source)} THEN {literal(code) if code else 'NULL'}"
            for source, code in column.values
        )
        known = " OR ".join(_fits("raw", source) for source, _ in column.values) or "FALSE"
        return f"CASE {cases} END" if cases else "NULL", f"({known})"
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
        f" NOT regexp_matches(raw, {literal(LABEL_LOOKS_IDENTIFYING)}))"
    )
    return f"CASE WHEN {known} THEN raw END", known


def _unknown_label(column: ColumnMapping) -> str:
    if column.canonical.type in ("text", "code") and column.values is None:
        return (
            f"CASE WHEN length(raw) > {LONGEST_LABEL}"
            f" THEN '(longer than {LONGEST_LABEL} characters)' ELSE {literal(WITHHELD)} END"
        )
    return (
        f"CASE WHEN regexp_matches(raw, {literal(VALUE_LOOKS_IDENTIFYING)}) OR length(raw) >"
        f" {LONGEST_LABEL} THEN {literal(WITHHELD)} ELSE raw END"
    )


def present(table: TableMapping, files: Sequence[ExportFile]) -> dict[str, ColumnMapping]:
    """Return the columns of a table mapping that these files can fill.

    Raises ``UserError`` naming a file and a column that the mapping needs and the file lacks.
    """
    found = {}
    for name, column in table.columns.items():
        named = [c for r in column.readings for c in (r.column, r.time) if c is not None]
        named += [column.form_filled] if column.form_filled else []
        lacking = [(f, c) for f in files for c in named if c not in f.header]
        if lacking and not column.optional:
            file, missing = lacking[0]
            raise UserError(
                f"{file.name}: no column {missing!r}, which the mapping reads for"
                f" {table.table.name}.{name}; check that this is the right file and mapping"
            )
        if not named or any(all(c in f.header for c in named) for f in files):
            found[name] = column
    return found


def needed(table: TableMapping, columns: dict[str, ColumnMapping]) -> list[str]:
    """Return the export's columns that must be staged to fill these canonical ones."""
    found = list(table.key)
    for column in columns.values():
        for reading in column.readings:
            found += [c for c in (reading.column, reading.time) if c]
        if column.form_filled:
            found.append(column.form_filled)
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
            f" {_clean(key, sentinels)} AS v, count(*) AS n, min(s.rowid) AS rn FROM {stage} s"
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
    """Create the temporary table ``target``: one typed row per staged row.

    Columns: ``rn`` (order), ``key_raw`` (the contact's own number, NULL if blank) and one per
    canonical column; of dates and times, `not_a_time` says which are none. Repeated headers and
    blank lines are left out. Raises ``UserError`` for a value map that fits none of the values.
    """
    typed = Typed(target)
    joins, select = [], []
    for position, (name, column) in enumerate(columns.items()):
        sentinels = mapping.not_recorded + column.not_recorded
        if column.constant is not None:
            select.append(f"{literal(column.constant)} AS {name}")
        elif column.hours:
            moment = _read_moment(column.readings[0], mapping, sentinels)
            select.append(f"{_hour_bands(column, moment)} AS {name}")
            odd = one(
                con, f"SELECT count(*) FROM {stage} s WHERE s.skip = 0 AND year({moment}) <= 2"
            )[0]
            if odd:
                typed.unknown_values[name] = {"(not a time)": int(odd)}
        elif column.canonical.type in ("ts", "date"):
            moments = [_read_moment(r, mapping, sentinels) for r in column.readings]
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
            cleaned = [_clean(r.column, sentinels) for r in column.readings]
            select.append(f"coalesce({', '.join(cleaned)}) AS {name}")
        else:
            raw = f"coalesce({', '.join(_clean(r.column, sentinels) for r in column.readings)})"
            lookup = f"lookup_{table.table.name}_{position}"
            typed.unknown_values |= _make_lookup(con, stage, lookup, column, raw)
            joins.append(f"LEFT JOIN {lookup} l{position} ON l{position}.raw = {raw}")
            value = f"l{position}.value"
            if column.blank_means and column.form_filled:
                proof = f"s.{quote(column.form_filled)}"
                value = (
                    f"CASE WHEN {raw} IS NULL AND {proof} IS NOT NULL"
                    f" THEN {literal(column.blank_means)} ELSE {value} END"
                )
            if column.canonical.type == "int":
                value = f"CAST({value} AS INTEGER)"
            select.append(f"{value} AS {name}")
    key = " || chr(31) || ".join(f"s.{quote(k)}" for k in table.key) or "NULL"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {target} AS SELECT s.rowid AS rn, s.row_hash,"
        f" {key} AS key_raw, {', '.join(select)} FROM {stage} s {' '.join(joins)}"
        " WHERE s.skip = 0"
    )
    return typed


def _make_lookup(
    con: duckdb.DuckDBPyConnection, stage: str, lookup: str, column: ColumnMapping, raw: str
) -> dict[str, dict[str, int]]:
    value, known = _lookup_value(column)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS SELECT raw, n, {value} AS value,"
        f" {known} AS known FROM (SELECT {raw} AS raw, count(*) AS n FROM {stage} s"
        " WHERE s.skip = 0 GROUP BY 1) WHERE raw IS NOT NULL"
    )
    fitting, odd = one(
        con, f"SELECT count(*) FILTER (known), count(*) FILTER (NOT known) FROM {lookup}"
    )
    name = f"{column.canonical.table}.{column.canonical.name}"
    if column.values is not None and odd and not fitting:
        raise UserError(
            f"the value map of {name} covers none of the {odd} values in"
            f" {column.readings[0].column!r}; compare its left-hand sides with the export"
        )
    if not odd:
        return {}
    rows = con.execute(
        f"SELECT {_unknown_label(column)} AS label, CAST(sum(n) AS BIGINT) FROM {lookup}"
        " WHERE NOT known GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    listed = {str(label): int(n) for label, n in rows[:MOST_UNKNOWN_VALUES]}
    if rest := sum(int(n) for _, n in rows[MOST_UNKNOWN_VALUES:]):
        listed["(other values)"] = rest
    return {column.canonical.name: listed}


def combined(name: str, column: ColumnMapping) -> str:
    """SQL that combines a column's values over the rows of one contact."""
    if column.combine == "any":
        return (
            f"CASE WHEN bool_or({name} = 'yes') THEN 'yes' WHEN bool_or({name} = 'no') THEN 'no'"
            f" WHEN bool_or({name} = 'unknown') THEN 'unknown' END"
        )
    return f"arg_max({name}, rn)" if column.combine == "latest" else f"arg_min({name}, rn)"


def uncombined(name: str, column: ColumnMapping) -> str:
    """SQL for what `combined` gives for a contact with one row."""
    if column.combine == "any":
        return f"CASE WHEN {name} IN ('yes', 'no', 'unknown') THEN {name} END"
    return name


def window(expression: str, column: ColumnMapping) -> str:
    """SQL for a value, NULL outside the period in which the column was recorded."""
    tests = []
    if column.recorded_from:
        tests.append(f"CAST(contact_at AS DATE) >= DATE '{column.recorded_from}'")
    if column.recorded_until:
        tests.append(f"CAST(contact_at AS DATE) < DATE '{column.recorded_until}'")
    return f"CASE WHEN {' AND '.join(tests)} THEN {expression} END" if tests else expression
