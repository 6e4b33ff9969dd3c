"""The tables and columns of a mapping, read from its TOML file and checked one by one."""

from __future__ import annotations

from typing import Any

from data import mapping_rules as rules
from data import schema
from data.errors import UserError
from data.mapping_model import (
    ColumnMapping,
    LeftOut,
    Reading,
    TableMapping,
    never_mapped,
    several_rows,
)
from data.mapping_section import Section


def table(name: str, raw: Any, key: tuple[str, ...], where: str) -> TableMapping:
    """Return one table of a mapping, checked; raise ``UserError`` naming what is wrong.

    ``key`` are the headers that number the contact, where the table does not say its own.
    """
    known = schema.importable()
    if name not in known:
        raise UserError(f"{where}: unknown table [{name}]; known: {', '.join(known)}")
    section = Section(f"{where} [{name}]", raw)
    columns_raw = section.take("columns", dict, {})
    of_contact = known[name].of_contact
    own_key = section.strings("key") or (key if of_contact else ())
    file = section.take("file", str, None)
    boxes = section.take("boxes", dict, None)
    left_out = tuple(
        _left_out(Section(f"{section.where} leave_out {number}", one))
        for number, one in enumerate(section.take("leave_out", list, []), 1)
    )
    section.finish()
    if of_contact and not own_key:
        raise UserError(
            f"{where}: [mapping] must name the key: the column that numbers the contact"
        )
    if len(own_key) > rules.MOST_KEYS:
        raise UserError(f"{where}: the key is made of {rules.MOST_KEYS} columns at most")
    for header in own_key:
        rules.refuse_identifying(header, f"{where} key")
    fixed = never_mapped(known[name])
    mappable = {c.name: c for c in known[name].importable if c.name not in fixed}
    columns = {}
    if boxes is not None:
        columns = _boxes(Section(f"{where} [{name}.boxes]", boxes), known[name], mappable)
        for canonical in columns_raw:
            if canonical in columns:
                raise UserError(
                    f"{where} [{name}.columns]: {canonical} is filled by the boxes; take it out of"
                    " one of the two"
                )
    for canonical, body in columns_raw.items():
        if canonical in fixed:
            raise UserError(
                f"{where} [{name}.columns]: {canonical} is set by [mapping] (source, key) and"
                " [agency]; take it out of the columns"
            )
        if canonical not in mappable:
            raise UserError(
                f"{where} [{name}.columns]: there is no canonical column {canonical!r};"
                f" see the dictionary for the columns of {name}"
            )
        columns[canonical] = _column(
            mappable[canonical], body, f"{where} [{name}.columns.{canonical}]", known[name]
        )
    for canonical in (c.name for c in mappable.values() if c.required):
        if canonical not in columns:
            raise UserError(
                f"{where} [{name}.columns]: {canonical} is needed: {mappable[canonical].meaning}"
            )
    if not columns:
        raise UserError(f"{where} [{name}]: names no columns; add [{name}.columns]")
    return TableMapping(known[name], columns, own_key, file, left_out)


def _left_out(section: Section) -> LeftOut:
    found = LeftOut(
        section.take("from", str, ""),
        section.strings("values"),
        section.take("optional", bool, False),
    )
    section.finish()
    rules.check_left_out(found, section.where)
    return found


def _boxes(
    section: Section, table: schema.Table, mappable: dict[str, schema.Column]
) -> dict[str, ColumnMapping]:
    """Return the columns that boxes fill: what a tick in each header means in each of them."""
    ticks = tuple((str(k), str(v)) for k, v in section.take("map", dict, {}).items())
    label = section.take("label", str, None)
    headers = section.take("columns", dict, {})
    optional = section.take("optional", bool, False)
    section.finish()
    rules.check_boxes(headers, ticks, label, table, mappable, section.where)
    names = list(next(iter(headers.values())))
    meant = {n: tuple((h, str(values[n])) for h, values in headers.items()) for n in names}
    if label:
        meant[label] = tuple((h, h) for h in headers)
    return {
        n: ColumnMapping(
            mappable[n],
            combine="set" if several_rows(table, n) else "first",
            boxes=boxes,
            ticks=ticks,
            optional=optional,
        )
        for n, boxes in meant.items()
    }


def _readings(section: Section) -> tuple[Reading, ...]:
    listed = section.take("first_of", list, None)
    if listed is None:
        column = section.take("from", str, None)
        reading = _reading(column or "", section)
        return (reading,) if column else ()
    readings = []
    for number, item in enumerate(listed, 1):
        one = Section(f"{section.where} first_of {number}", item)
        column = one.take("from", str, None)
        if column is None:
            raise UserError(f"{one.where}: 'from' must name a column")
        readings.append(_reading(column, one))
        one.finish()
    return tuple(readings)


def _reading(column: str, section: Section) -> Reading:
    return Reading(
        column,
        time=section.take("time", str, None),
        basis=section.take("basis", str, None),
        lookup=section.take("lookup", str, None),
        means=section.take("means", str, None),
        time_as=section.take("time_as", str, None),
    )


def _hours(section: Section) -> tuple[tuple[str, int, int], ...]:
    found = []
    for level, span in section.take("hours", dict, {}).items():
        try:
            start, end = (int(part) for part in str(span).split("-"))
            if not (0 <= start <= 24 and 0 <= end <= 24):
                raise ValueError
        except ValueError:
            raise UserError(
                f"{section.where}: hours read '03-11', start and end of {level}"
            ) from None
        found.append((level, start % 24, end % 24))
    return tuple(found)


def _bands(section: Section) -> tuple[tuple[str, int, int], ...]:
    found = []
    for level, span in section.take("bands", dict, {}).items():
        try:
            first, last = (int(part) for part in str(span).split("-"))
            if not 0 <= first <= last:
                raise ValueError
        except ValueError:
            raise UserError(
                f"{section.where}: bands read '18-24', first and last number of {level}"
            ) from None
        found.append((level, first, last))
    return tuple(found)


def _column(column: schema.Column, body: Any, where: str, table: schema.Table) -> ColumnMapping:
    section = Section(where, {"from": body} if isinstance(body, str) else body)
    readings = _readings(section)
    values = section.take("map", dict, None)
    mapped = ColumnMapping(
        canonical=column,
        readings=readings,
        constant=section.take("constant", str, None),
        values=None if values is None else tuple((str(k), str(v)) for k, v in values.items()),
        not_recorded=section.strings("not_recorded"),
        combine=section.take("combine", str, None)
        or ("set" if several_rows(table, column.name) else "first"),
        recorded_from=section.day("recorded_from"),
        recorded_until=section.day("recorded_until"),
        blank_means=section.take("blank_means", str, None),
        form_filled=section.take("form_filled", str, None),
        hours=_hours(section),
        bands=_bands(section),
        unpad=section.take("unpad", bool, False),
        optional=section.take("optional", bool, False),
    )
    section.finish()
    rules.check_column(mapped, where, table)
    return mapped
