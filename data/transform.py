"""From staged rows to canonical ones, in SQL. Nothing here reads a row in Python.

What the values of a column mean was looked over before, in `data.values`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

import duckdb

from data.boxes import one_row_per_box, unknown_boxes
from data.cells import (
    LONGEST_LABEL,
    MOST_UNKNOWN_VALUES,
    clean,
    kept_sql,
    key_sql,
    raw_sql,
)
from data.errors import UserError
from data.identifying import KEY_LOOKS_LIKE
from data.mapping_model import ColumnMapping, Mapping, Reading, TableMapping
from data.moments import EARLIEST, hour_bands, local, moment_sql, not_a_time
from data.readers import ExportFile
from data.sql import WORK, literal, one, quote
from data.staging import StagedFile
from data.values import Lookup, count_no_times, make_lookup

__all__ = [
    "EARLIEST",
    "LONGEST_LABEL",
    "MACROS",
    "MOST_UNKNOWN_VALUES",
    "check_keys",
    "clash",
    "combined",
    "file_of",
    "look_over",
    "moments",
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


def moments(
    tables: Sequence[tuple[TableMapping, dict[str, ColumnMapping]]], mapping: Mapping
) -> set[str]:
    """Return the headers that are read as dates or times alone, whole, and whatever they say."""
    found: set[str] = set()
    other: set[str] = set()
    for table, columns in tables:
        other |= {*table.key, *table.lent, *(left.column for left in table.left_out)}
        for column in columns.values():
            plain = column.canonical.type in ("ts", "date") and not (
                mapping.not_recorded or column.not_recorded
            )
            for reading in column.readings:
                alone = plain and not (reading.time or reading.lookup or reading.means)
                (found if alone else other).update(reading.headers)
            other |= {column.form_filled or "", *(header for header, _ in column.boxes)}
    return found - other


def _moment(
    reading: Reading, mapping: Mapping, sentinels: tuple[str, ...], timed: Collection[str]
) -> str:
    """SQL for the time that one reading gives: see `moment_sql`; ``timed`` are staged as times."""
    if reading.column in timed:
        return local(f"s.{quote(reading.column)}", mapping)
    raw = clean(reading.staged(reading.column), sentinels)
    clock = clean(reading.staged(reading.time), sentinels) if reading.time else None
    return moment_sql(raw, clock, mapping, hours=reading.time_as == "hour")


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
        f"CASE WHEN odd AND regexp_matches(v, {literal(look.pattern)}) THEN {look.condition}"
        f" ELSE FALSE END AS look_{i}"
        for i, look in enumerate(KEY_LOOKS_LIKE)
    )
    # Hardly a key looks like any: all looks are tried at once first, and all keys.
    any_look = literal("|".join(f"({look.pattern})" for look in KEY_LOOKS_LIKE))
    tried = ", ".join(
        f"bool_or(regexp_matches({clean(key, sentinels)}, {any_look}))"
        for key, sentinels in keys.items()
    )
    hit = one(con, f"SELECT {tried} FROM {stage} s WHERE s.skip = 0") if keys else ()
    suspect = [found for found, any_row in zip(keys.items(), hit, strict=True) if any_row]
    counts = ", ".join(
        f"sum(n) FILTER (look_{i}), min(rn) FILTER (look_{i})" for i in range(len(KEY_LOOKS_LIKE))
    )
    for key, sentinels in suspect:
        filled, *odd = one(
            con,
            f"SELECT sum(n), {counts} FROM (SELECT n, rn, {looks} FROM (SELECT *,"
            f" regexp_matches(v, {any_look}) AS odd FROM (SELECT"
            f" {clean(key, sentinels)} AS v, count(*) AS n, min(s.rowid) AS rn FROM {stage} s"
            " WHERE s.skip = 0 GROUP BY 1) WHERE v IS NOT NULL))",
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


def _is_looked_up(column: ColumnMapping) -> bool:
    plain = column.canonical.type not in ("ts", "date", "key")
    return plain and not column.boxes and column.constant is None and not column.hours


def look_over(
    stage: str,
    table: TableMapping,
    columns: dict[str, ColumnMapping],
    mapping: Mapping,
    timed: Collection[str],
) -> list[Callable[[duckdb.DuckDBPyConnection], Lookup]]:
    """What is to be done before `type_rows`, in any order: look the values of every column over.

    ``timed`` are the columns staged as times. Each returns what it made, and raises ``UserError`` for a
    value map that fits none of the values.
    """
    kept = kept_sql(table)
    tasks: list[Callable[[duckdb.DuckDBPyConnection], Lookup]] = []
    for name, column in columns.items():
        sentinels = mapping.not_recorded + column.not_recorded
        if column.hours:
            moment = _moment(column.readings[0], mapping, sentinels, timed)
            tasks.append(partial(count_no_times, stage=stage, name=name, moment=moment, kept=kept))
        elif _is_looked_up(column):
            raw = raw_sql(column, sentinels)
            tasks.append(partial(make_lookup, stage=stage, column=column, raw=raw, kept=kept))
    boxed = {n: c for n, c in columns.items() if c.boxes}
    if boxed:
        tasks.append(partial(unknown_boxes, stage=stage, kept=kept, boxed=boxed, mapping=mapping))
    return tasks


def type_rows(
    con: duckdb.DuckDBPyConnection,
    stage: str,
    target: str,
    table: TableMapping,
    columns: dict[str, ColumnMapping],
    mapping: Mapping,
    timed: Collection[str],
    lookups: dict[str, Lookup],
) -> None:
    """Create the table ``target`` of the work area: one typed row per staged row.

    Columns: ``rn`` (order), ``key_raw`` (the contact's own number, NULL if blank) and one per
    canonical column; of dates and times, `not_a_time` says which are none. Repeated headers, blank
    lines and what the table leaves out are left out; of a table with one column per box every box
    ticked is a row. ``timed`` are the columns staged as times, ``lookups`` what `look_over` made, by column.
    """
    kept = kept_sql(table)
    select, joins = [], []
    rows, rn = f"{stage} s", "s.rowid"
    boxed = {n: c for n, c in columns.items() if c.boxes}
    if boxed:
        rows, rn = one_row_per_box(con, stage, table, boxed, mapping), "s.rn"
        select += [f"b.{name}" for name in boxed]
    for name, column in columns.items():
        sentinels = mapping.not_recorded + column.not_recorded
        if column.boxes:
            continue
        if column.constant is not None:
            select.append(f"{literal(column.constant)} AS {name}")
        elif column.hours:
            moment = _moment(column.readings[0], mapping, sentinels, timed)
            select.append(f"{hour_bands(column.hours, moment)} AS {name}")
        elif column.canonical.type in ("ts", "date"):
            times = [_moment(r, mapping, sentinels, timed) for r in column.readings]
            value = f"coalesce({', '.join(times)})"
            select.append(
                f"CAST({value} AS DATE) AS {name}"
                if column.canonical.type == "date"
                else f"{value} AS {name}"
            )
            if name == "contact_at" and "contact_at_basis" not in columns:
                # What is recorded gives a time, or a mark that it is none: no time need be read again.
                cases = " ".join(
                    f"WHEN ({clean(r.staged(r.column), sentinels)}) IS NOT NULL THEN {literal(r.basis)}"
                    for r in column.readings
                )
                select.append(f"CASE {cases} END AS contact_at_basis")
        elif column.canonical.type == "key":
            select.append(f"{key_sql(column, sentinels)} AS {name}")
        else:
            raw = raw_sql(column, sentinels)
            value, join = lookups[name].read(raw)
            joins += join
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
