"""Dates and times of an export, as SQL: on the agency's wall clock, or marked as none."""

from __future__ import annotations

from data.mapping_model import Mapping
from data.sql import literal

EARLIEST = "1970-01-01"
# Marks of a value that is there but is no time: reasons to reject a row, found by their years.
_BAD_DATE = "TIMESTAMP '0001-01-01 00:00:00'"
_NO_ZONE = "TIMESTAMP '0002-01-01 00:00:00'"
_OFFSET = r"\d{2}:\d{2}.*([zZ]|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"


def not_a_time(column: str) -> str:
    """SQL: the reason to reject a row for what its date or time column holds, or NULL."""
    return (
        f"CASE year({column}) WHEN 1 THEN 'not a date or time'"
        " WHEN 2 THEN 'a time with an offset, but the agency has no time_zone' END"
    )


def _wall_clock(raw: str, mapping: Mapping) -> str:
    """SQL for a timestamp as it is written, NULL where it is none."""
    parsed = f"TRY_CAST({raw} AS TIMESTAMP)"
    if mapping.datetime_formats:
        formats = ", ".join(literal(f) for f in mapping.datetime_formats)
        parsed = f"coalesce(try_strptime({raw}, [{formats}]), {parsed})"
    return parsed


def local(moment: str, mapping: Mapping) -> str:
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
    """SQL for a time of day from HH:MM[:SS], HHMM without its leading zeros, or 9:05 PM.

    A column of numbers with gaps is often written with decimals: 945.0 is 945.
    """
    hhmm = f"lpad(regexp_extract({raw}, '^\\d+'), 4, '0')"
    return (
        f"CASE WHEN regexp_matches({raw}, '^\\d{{1,4}}(\\.0+)?$')"
        f" THEN TRY_CAST({hhmm}[1:2] || ':' || {hhmm}[3:4] || ':00' AS TIME)"
        f" WHEN regexp_matches({raw}, '[AaPp]\\.?[Mm]\\.?$') THEN CAST(try_strptime("
        f"replace(upper({raw}), '.', ''), ['%I:%M %p', '%I:%M:%S %p', '%I:%M%p']) AS TIME)"
        f" ELSE TRY_CAST({raw} AS TIME) END"
    )


def _whole_hour(raw: str) -> str:
    """SQL for a time of day from an hour, 0 to 23."""
    return (
        f"CASE WHEN regexp_matches({raw}, '^([01]?\\d|2[0-3])(\\.0+)?$')"
        f" THEN TRY_CAST(lpad(regexp_extract({raw}, '^\\d+'), 2, '0') || ':00:00' AS TIME) END"
    )


def moment_sql(raw: str, clock: str | None, mapping: Mapping, *, hours: bool = False) -> str:
    """SQL for a timestamp on the agency's wall clock, which twice a year jumps.

    ``raw`` and ``clock`` are SQL of the date and of the time of day beside it, NULL where not
    recorded. NULL where the date is, a mark (see `not_a_time`) where it is no time. A day without
    its time of day counts from midnight. With ``hours`` the time of day is a whole hour.
    """
    written = _wall_clock(raw, mapping)
    if clock is None:
        return (
            f"CASE WHEN {raw} IS NULL THEN NULL"
            f" WHEN regexp_matches({raw}, {literal(_OFFSET)}) THEN {_instant(raw, mapping)}"
            f" ELSE coalesce({local(written, mapping)}, {_BAD_DATE}) END"
        )
    day = f"CAST({written} AS DATE)"
    of_day = _whole_hour(clock) if hours else _clock_time(clock)
    moment = local(f"({day} + ({of_day}))", mapping)
    return (
        f"CASE WHEN {raw} IS NULL THEN NULL"
        f" WHEN {clock} IS NULL THEN coalesce(CAST({day} AS TIMESTAMP), {_BAD_DATE})"
        f" ELSE coalesce({moment}, {_BAD_DATE}) END"
    )


def hour_bands(hours: tuple[tuple[str, int, int], ...], moment: str) -> str:
    """SQL for the name of the hours a moment falls in, NULL where it is none or in none of them."""
    cases = []
    for level, start, end in hours:
        hour = f"hour({moment})"
        inside = (
            f"{hour} >= {start} AND {hour} < {end}"
            if start < end
            else f"({hour} >= {start} OR {hour} < {end})"
        )
        cases.append(f"WHEN {inside} THEN {literal(level)}")
    return f"CASE WHEN year({moment}) <= 2 THEN NULL {' '.join(cases)} END"
