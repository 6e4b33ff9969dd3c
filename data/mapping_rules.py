"""What a mapping may not say: every check of one, each naming the place and the mending."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from data import schema
from data.errors import UserError
from data.identifying import identifies
from data.mapping_model import COMBINE, ColumnMapping, TableMapping, several_rows


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
        for header in filter(None, (reading.column, reading.time)):
            refuse_identifying(header, where)
        if reading.time and column.type not in ("ts", "date") and not mapped.hours:
            raise UserError(f"{where}: time is for dates; {column.name} is a {column.type}")
        if reading.basis and reading.basis not in bases:
            raise UserError(f"{where}: basis must be one of: {', '.join(bases)}")
    if mapped.form_filled:
        refuse_identifying(mapped.form_filled, where)
    _check_values(mapped, where)
    _check_combine(mapped, where, table)
    if mapped.hours and (column.type != "text" or len(mapped.readings) != 1):
        raise UserError(f"{where}: hours is for a text column with one 'from'")
    if mapped.blank_means and not mapped.form_filled:
        raise UserError(
            f"{where}: blank_means needs form_filled, the column that proves the form was filled in"
        )
    if mapped.blank_means and column.type != "tri":
        raise UserError(f"{where}: blank_means is for yes/no columns")
    if (mapped.recorded_from or mapped.recorded_until) and (
        column.name == "contact_at" or not table.of_contact
    ):
        raise UserError(f"{where}: recorded_from and recorded_until are for facts of a contact")


def _check_values(mapped: ColumnMapping, where: str) -> None:
    column = mapped.canonical
    if column.values:
        given = [v for _, v in mapped.values or () if v] + [mapped.constant, mapped.blank_means]
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


def check_never_stored(tables: dict[str, TableMapping], never: tuple[str, ...], where: str) -> None:
    """Raise ``UserError`` if a column is both mapped and never to be stored."""
    for table in tables.values():
        for name, mapped in table.columns.items():
            for header in (h for r in mapped.readings for h in (r.column, r.time)):
                if header in never:
                    raise UserError(
                        f"{where} [{table.table.name}.columns.{name}]: {header!r} is listed"
                        " in never_stored; take it out of one of the two"
                    )
