"""From staged rows to canonical ones, in SQL. Nothing here reads a row in Python.

Every value of a mapped column goes through a lookup of its distinct values, so a value map of a
hundred patterns is tried once per distinct value, and values no line fits are known with their
counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from data.errors import UserError
from data.identifying import KEY_LOOKS_LIKE, VALUE_LOOKS_IDENTIFYING, WITHHELD
from data.mapping import ColumnMapping, Mapping, Reading, TableMapping
from data.readers import StagedFile, literal, quote

LONGEST_LABEL = 80
"""Characters a text or code value may have; longer is taken for free text and not stored."""

EARLIEST = "1970-01-01"
_SHARE_OF_ODD_KEYS = 0.05
_BAD_DATE = "TIMESTAMP '0001-01-01 00:00:00'"  # marks a value that is there but is no date
_OFFSET = r"\d{2}:\d{2}.*(Z|[+-]\d{2}(:?\d{2})?)$"

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


def _moment(raw: str, mapping: Mapping) -> str:
    """SQL for a timestamp on the local wall clock; the marker of a bad date where it is none."""
    parsed = f"TRY_CAST({raw} AS TIMESTAMP)"
    if mapping.datetime_formats:
        formats = ", ".join(literal(f) for f in mapping.datetime_formats)
        parsed = f"coalesce(try_strptime({raw}, [{formats}]), {parsed})"
    zone = literal(mapping.time_zone) if mapping.time_zone else "NULL"
    if mapping.clock == "utc":
        parsed = f"timezone({zone}, timezone('UTC', {parsed}))"
    # A value with its own offset is an instant: put it on the local clock, which twice a year jumps.
    instant = f"timezone({zone}, TRY_CAST({raw} AS TIMESTAMPTZ))"
    return (
        f"CASE WHEN {raw} IS NULL THEN NULL"
        f" WHEN regexp_matches({raw}, {literal(_OFFSET)}) THEN coalesce({instant}, {_BAD_DATE})"
        f" ELSE coalesce({parsed}, {_BAD_DATE}) END"
    )


def _clock_time(raw: str) -> str:
    """SQL for a time of day from HH:MM[:SS] or HHMM without its leading zero; NULL if it is none."""
    hhmm = f"lpad({raw}, 4, '0')"
    return (
        f"CASE WHEN regexp_matches({raw}, '^\\d{{1,4}}$')"
        f" THEN TRY_CAST({hhmm}[1:2] || ':' || {hhmm}[3:4] || ':00' AS TIME)"
        f" WHEN regexp_matches({raw}, '^\\d{{1,2}}:\\d{{2}}$') THEN TRY_CAST({raw} || ':00' AS TIME)"
        f" ELSE TRY_CAST({raw} AS TIME) END"
    )


def _read_moment(reading: Reading, mapping: Mapping, sentinels: tuple[str, ...]) -> str:
    when = _moment(_clean(reading.column, sentinels), mapping)
    if reading.time is None:
        return when
    raw = f"s.{quote(reading.time)}"
    return (
        f"CASE WHEN ({when}) IS NULL OR ({when}) = {_BAD_DATE} THEN ({when})"
        f" WHEN {raw} IS NULL THEN CAST(({when}) AS DATE)::TIMESTAMP"
        f" ELSE coalesce(CAST(({when}) AS DATE) + ({_clock_time(raw)}), {_BAD_DATE}) END"
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
    return f"CASE WHEN ({moment}) = {_BAD_DATE} THEN NULL {' '.join(cases)} END"


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
    if column.canonical.values:
        allowed = ", ".join(literal(v) for v in column.canonical.values)
        known = f"lower(raw) IN ({allowed})"
        return f"CASE WHEN {known} THEN lower(raw) END", known
    if kind == "int":
        number = "TRY_CAST(raw AS DOUBLE)"
        known = f"({number} IS NOT NULL AND {number} = round({number}) AND abs({number}) < 2e9)"
        return f"CASE WHEN {known} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) END", known
    known = f"length(raw) <= {LONGEST_LABEL}"
    return f"CASE WHEN {known} THEN raw END", known


def _unknown_label(column: ColumnMapping) -> str:
    if column.canonical.type in ("text", "code") and column.values is None:
        return f"'(longer than {LONGEST_LABEL} characters)'"
    return (
        f"CASE WHEN regexp_matches(raw, {literal(VALUE_LOOKS_IDENTIFYING)}) OR length(raw) >"
        f" {LONGEST_LABEL} THEN {literal(WITHHELD)} ELSE raw END"
    )


def present(table: TableMapping, header: frozenset[str]) -> dict[str, ColumnMapping]:
    """Return the columns of a table mapping that these files can fill.

    Raises ``UserError`` naming a column that the mapping needs and the files lack.
    """
    found = {}
    for name, column in table.columns.items():
        missing = [
            c
            for r in column.readings
            for c in (r.column, r.time)
            if c is not None and c not in header
        ]
        if not missing:
            found[name] = column
        elif not column.optional:
            raise UserError(
                f"no column {missing[0]!r}, which the mapping reads for"
                f" {table.table.name}.{name}; check that this is the right file and mapping"
            )
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
    table: TableMapping,
    columns: dict[str, ColumnMapping],
    staged: list[StagedFile],
) -> None:
    """Refuse a key column whose values look like names, dates or social security numbers.

    The error gives the row only, never the value.
    """
    keys = list(table.key)
    keys += [r.column for c in columns.values() if c.canonical.type == "key" for r in c.readings]
    for key in dict.fromkeys(keys):
        for what, pattern in KEY_LOOKS_LIKE.items():
            row = con.execute(
                f"SELECT count(*) FILTER (regexp_matches({quote(key)}, {literal(pattern)})),"
                f" count({quote(key)}),"
                f" min(rowid) FILTER (regexp_matches({quote(key)}, {literal(pattern)})) FROM {stage}"
            ).fetchone()
            assert row is not None
            odd, filled, first = row
            if odd and (odd > _SHARE_OF_ODD_KEYS * filled or "security" in what):
                file = next(f for f in reversed(staged) if f.first_rowid <= first)
                raise UserError(
                    f"{file.file.name} row {file.row_number(first)}: {key!r} is mapped as a key but"
                    f" looks like {what}; map the agency's own number instead"
                )


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
    canonical column; ``contact_at`` holds year 1 where the value is no date. Repeated headers are
    left out. Raises ``UserError`` for a value map that fits none of the values there are.
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
        f" WHERE NOT ({repeated_header(table, columns)})"
    )
    return typed


def repeated_header(table: TableMapping, columns: dict[str, ColumnMapping]) -> str:
    """SQL over a staged row ``s``: is it the header line again?"""
    read = needed(table, columns)[:3]
    return " AND ".join(f"coalesce(s.{quote(c)}, '') = {literal(c)}" for c in read) or "FALSE"


def _make_lookup(
    con: duckdb.DuckDBPyConnection, stage: str, lookup: str, column: ColumnMapping, raw: str
) -> dict[str, dict[str, int]]:
    value, known = _lookup_value(column)
    headers = ", ".join(literal(r.column) for r in column.readings)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {lookup} AS SELECT raw, n, {value} AS value, {known} AS known"
        f" FROM (SELECT {raw} AS raw, count(*) AS n FROM {stage} s GROUP BY 1)"
        f" WHERE raw IS NOT NULL AND raw NOT IN ({headers})"
    )
    counted = con.execute(
        f"SELECT count(*) FILTER (known), count(*) FILTER (NOT known) FROM {lookup}"
    ).fetchone()
    assert counted is not None
    fitting, odd = counted
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
    return {column.canonical.name: {str(label): int(n) for label, n in rows}}


def combined(name: str, column: ColumnMapping) -> str:
    """SQL that combines a column's values over the rows of one contact."""
    if column.combine == "any":
        return (
            f"CASE WHEN bool_or({name} = 'yes') THEN 'yes' WHEN bool_or({name} = 'no') THEN 'no'"
            f" WHEN bool_or({name} = 'unknown') THEN 'unknown' END"
        )
    return f"arg_max({name}, rn)" if column.combine == "latest" else f"arg_min({name}, rn)"


def window(expression: str, column: ColumnMapping) -> str:
    """SQL for a value, NULL outside the period in which the column was recorded."""
    tests = []
    if column.recorded_from:
        tests.append(f"CAST(contact_at AS DATE) >= DATE '{column.recorded_from}'")
    if column.recorded_until:
        tests.append(f"CAST(contact_at AS DATE) < DATE '{column.recorded_until}'")
    return f"CASE WHEN {' AND '.join(tests)} THEN {expression} END" if tests else expression
