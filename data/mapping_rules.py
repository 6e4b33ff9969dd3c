"""What a mapping may not say: every check of one, each naming the place and the mending."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from data import schema
from data.errors import UserError
from data.identifying import identifies
from data.mapping_model import COMBINE, ColumnMapping, LeftOut, TableMapping, several_rows

MOST_VALUES = 2_000
"""Lines of a value map: each is tried on every value."""

MOST_KEYS = 10
"""Columns that together number a contact."""


def check_datetime_formats(formats: tuple[str, ...], where: str) -> None:
    """Raise ``UserError`` for a date format that DuckDB cannot read with."""
    for one_format in formats:
        if "%z" in one_format or "%Z" in one_format:
            raise UserError(
                f"{where} [mapping]: datetime_formats cannot hold a zone ({one_format!r});"
                " values such as 2024-03-10T02:30-07:00 are read without a format"
            )
        try:
            with duckdb.connect() as con:
                con.execute("SELECT try_strptime('', ?)", [one_format]).fetchall()
        except duckdb.Error:
            raise UserError(
                f"{where} [mapping]: {one_format!r} in datetime_formats is not a format;"
                " one reads like %m/%d/%Y %H:%M"
            ) from None


def check_agency(agency: dict[str, Any], where: str) -> None:
    """Raise ``UserError`` for an unknown fact of the agency or a value it cannot have."""
    allowed = {c.name: c for c in schema.tables()["agencies"].importable}
    for name, value in agency.items():
        if name not in allowed:
            raise UserError(
                f"{where} [agency]: unknown column {name!r}; known: {', '.join(allowed)}"
            )
        if not isinstance(value, str) or not value:
            raise UserError(f"{where} [agency]: {name} must be a text")
        if allowed[name].values and value not in allowed[name].values:
            raise UserError(
                f"{where} [agency]: {name} must be one of: {', '.join(allowed[name].values)}"
            )
    if "time_zone" in agency:
        try:
            ZoneInfo(str(agency["time_zone"]))
        except (KeyError, ValueError, OSError):
            raise UserError(
                f"{where} [agency]: time_zone {agency['time_zone']!r} is not an IANA zone,"
                " such as America/Denver"
            ) from None


def refuse_identifying(header: str, where: str) -> None:
    """Raise ``UserError`` if a header may identify a person."""
    if identifies(header):
        raise UserError(
            f"{where}: {header!r} may identify a person and is never accepted; remove it"
        )


def check_column(mapped: ColumnMapping, where: str, table: schema.Table) -> None:
    """Raise ``UserError`` for settings of a column that contradict it or each other."""
    column = mapped.canonical
    bases = schema.column("contacts.contact_at_basis").values
    if not mapped.readings and mapped.constant is None:
        raise UserError(f"{where}: say where it comes from: from, first_of or constant")
    if mapped.readings and mapped.constant is not None:
        raise UserError(f"{where}: either from or constant, not both")
    for reading in mapped.readings:
        for header in reading.headers:
            refuse_identifying(header, where)
        if reading.time and column.type not in ("ts", "date") and not mapped.hours:
            raise UserError(f"{where}: time is for dates; {column.name} is a {column.type}")
        if reading.time_as and (reading.time is None or reading.time_as != "hour"):
            raise UserError(f"{where}: time_as is 'hour', for a time column of whole hours")
        if reading.means and (column.type not in ("enum", "tri") or mapped.values is not None):
            raise UserError(f"{where}: means is for lists of values without a map")
        if reading.basis and reading.basis not in bases:
            raise UserError(f"{where}: basis must be one of: {', '.join(bases)}")
    if mapped.form_filled:
        refuse_identifying(mapped.form_filled, where)
    _check_values(mapped, where)
    _check_combine(mapped, where, table)
    if mapped.hours and (column.type != "text" or len(mapped.readings) != 1):
        raise UserError(f"{where}: hours is for a text column with one 'from'")
    if mapped.bands and (column.type not in ("text", "enum") or mapped.constant is not None):
        raise UserError(f"{where}: bands is for a column of names, read from one of numbers")
    if mapped.unpad and column.type != "key":
        raise UserError(f"{where}: unpad is for the agency's own numbers; this is a {column.type}")
    if mapped.blank_means and not mapped.form_filled:
        raise UserError(
            f"{where}: blank_means needs form_filled, the column that proves the form was filled in"
        )
    if mapped.blank_means and column.type not in ("tri", "enum"):
        raise UserError(f"{where}: blank_means is for yes/no columns and lists of values")
    if (mapped.recorded_from or mapped.recorded_until) and (
        column.name == "contact_at" or not table.of_contact
    ):
        raise UserError(f"{where}: recorded_from and recorded_until are for facts of a contact")


def _check_values(mapped: ColumnMapping, where: str) -> None:
    column = mapped.canonical
    if len(mapped.values or ()) > MOST_VALUES:
        raise UserError(
            f"{where}: a value map has {MOST_VALUES:,} lines at most; one line may end in * and fit many"
        )
    if column.values:
        given = [v for _, v in mapped.values or () if v] + [mapped.constant, mapped.blank_means]
        given += [level for level, *_ in mapped.bands] + [r.means for r in mapped.readings]
        for value in filter(None, given):
            if value not in column.values:
                raise UserError(
                    f"{where}: {value!r} is not a value of {column.name};"
                    f" allowed: {', '.join(column.values)}"
                )
    elif mapped.values is not None and column.type not in ("text", "code"):
        raise UserError(f"{where}: a {column.type} column takes no value map")


def _check_combine(mapped: ColumnMapping, where: str, table: schema.Table) -> None:
    if mapped.combine not in COMBINE:
        raise UserError(f"{where}: combine must be one of: {', '.join(COMBINE)}")
    if mapped.combine == "any" and mapped.canonical.type != "tri":
        raise UserError(f"{where}: combine = 'any' is for yes/no columns; use first or latest")
    several = several_rows(table, mapped.canonical.name)
    if mapped.combine == "set" and not several:
        raise UserError(
            f"{where}: {table.name} has one value of it per row; use first, latest or any"
        )
    if mapped.combine != "set" and several:
        raise UserError(
            f"{where}: every distinct value makes a row of {table.name}; leave combine out or 'set'"
        )


def check_left_out(left: LeftOut, where: str) -> None:
    """Raise ``UserError`` for rows to leave out that are not said."""
    if not left.column or not left.values:
        raise UserError(f"{where}: say which rows: from, a column, and values, what it holds there")
    refuse_identifying(left.column, where)


def check_boxes(
    headers: dict[str, Any],
    ticks: tuple[tuple[str, str], ...],
    label: str | None,
    table: schema.Table,
    mappable: dict[str, schema.Column],
    where: str,
) -> None:
    """Raise ``UserError`` for boxes that do not say what a tick in them means."""
    answers = {said for _, said in ticks}
    if "yes" not in answers or answers - {"yes", "no", "unknown"}:
        raise UserError(
            f"{where}: map must say what a ticked box holds: yes; the others are no or unknown"
        )
    if not headers:
        raise UserError(f"{where}: columns must name the boxes and what a tick in each means")
    first = next(iter(headers.values()))
    for header, values in headers.items():
        refuse_identifying(header, where)
        if not isinstance(values, dict) or not values:
            raise UserError(f"{where}: {header!r} must say what a tick means, column = value")
        if values.keys() != first.keys():
            raise UserError(f"{where}: {header!r} must fill the same columns as the other boxes")
        for name, value in values.items():
            _check_box(header, name, value, table, mappable, where)
    if label is not None and (
        label not in mappable or mappable[label].type not in ("text", "code")
    ):
        raise UserError(f"{where}: label names a text column of {table.name} for the box's header")
    if label in first:
        raise UserError(f"{where}: {label} is filled by the boxes; leave label out")


def _check_box(
    header: str,
    name: str,
    value: Any,
    table: schema.Table,
    mappable: dict[str, schema.Column],
    where: str,
) -> None:
    kinds = ("text", "code", "enum")
    if name not in mappable or mappable[name].type not in kinds or not several_rows(table, name):
        raise UserError(
            f"{where}: {header!r}: a tick makes a row of {table.name}, which {name!r} cannot tell"
            " from the others"
        )
    if not isinstance(value, str) or not value:
        raise UserError(f"{where}: {header!r}: {name} must be a text")
    allowed = mappable[name].values
    if allowed and value not in allowed:
        raise UserError(
            f"{where}: {header!r}: {value!r} is not a value of {name};"
            f" allowed: {', '.join(allowed)}"
        )


def check_lookups(tables: dict[str, TableMapping], where: str) -> None:
    """Raise ``UserError`` for a column to be looked up in a table that cannot be found by incident."""
    for name, table in tables.items():
        for column, mapped in table.columns.items():
            for reading in mapped.lookups:
                place = f"{where} [{name}.columns.{column}]"
                if name != "contacts" or mapped.canonical.type == "key" or mapped.hours:
                    raise UserError(f"{place}: lookup is for facts of contacts, not for numbers")
                other = tables.get(str(reading.lookup))
                if other is None or other.file is None or other.file == table.file:
                    raise UserError(
                        f"{place}: lookup must name a table of the mapping with a file of its own"
                    )
                for one in (table, other):
                    number = one.columns.get("incident_id")
                    if number is None or not number.readings:
                        raise UserError(
                            f"{place}: rows are found by incident_id; map it in"
                            f" [{one.table.name}.columns]"
                        )


def check_never_stored(tables: dict[str, TableMapping], never: tuple[str, ...], where: str) -> None:
    """Raise ``UserError`` if a column is both mapped and never to be stored."""
    for table in tables.values():
        for name, mapped in table.columns.items():
            for header in (*mapped.own_headers, *(h for r in mapped.lookups for h in r.headers)):
                if header in never:
                    raise UserError(
                        f"{where} [{table.table.name}.columns.{name}]: {header!r} is listed"
                        " in never_stored; take it out of one of the two"
                    )
