"""Periods of a grant: fiscal years and their quarters, whole or partial, each alone and cumulative."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from data.errors import UserError
from metrics.monthly import GRACE, month_start, shift

WHOLE, YEAR, QUARTER, CUMULATIVE, BASELINE = "whole", "year", "quarter", "cumulative", "baseline"


@dataclass(frozen=True)
class Period:
    """One period: its own bounds, the days that could be counted, and what is missing of it.

    ``year`` is the fiscal year it belongs to, by the calendar year in which that ends; ``gaps`` are
    months with far fewer contacts than usual, which look like missing coverage.
    """

    kind: str
    label: str
    first: date
    last: date
    counted_first: date
    counted_last: date
    partial: bool
    year: int | None = None
    gaps: tuple[date, ...] = ()

    @property
    def id(self) -> str:
        """Kind and bounds: unlike for any two periods of a report."""
        return f"{self.kind}:{self.first}:{self.last}"


def month(text: str) -> int:
    """Return a month's number from a number or an English name; raise ``UserError`` for others."""
    word = text.strip().lower()
    if word.isdigit() and 1 <= int(word) <= 12:
        return int(word)
    names = [calendar.month_name[i].lower() for i in range(1, 13)]
    found = [i for i, name in enumerate(names, 1) if len(word) >= 3 and name.startswith(word)]
    if len(found) != 1:
        raise UserError(f"{text!r} is not a month; write 1 to 12, or a name such as July")
    return found[0]


def year_of(day: date, year_starts: int) -> int:
    """Return the fiscal year of a day: the calendar year in which it ends."""
    return day.year + (year_starts > 1 and day.month >= year_starts)


def year_first(year: int, year_starts: int) -> date:
    """Return the first day of a fiscal year."""
    return date(year - (year_starts > 1), year_starts, 1)


def year_label(year: int, year_starts: int) -> str:
    """Return a fiscal year's name; one that is the calendar year goes by its number."""
    return str(year) if year_starts == 1 else f"FY{year}"


def period(
    kind: str,
    label: str,
    bounds: tuple[date, date],
    data: tuple[date, date],
    asked: tuple[date, date] | None = None,
    year: int | None = None,
    gaps: tuple[date, ...] = (),
) -> Period | None:
    """Return a period cut to the days that can be counted, or None if there are none.

    The data begin and end within ``GRACE`` of a whole period's bounds; days that were not asked for
    make it partial whatever their number.
    """
    first, last = bounds
    low, high = asked or data
    counted_first, counted_last = max(first, low, data[0]), min(last, high, data[1])
    if counted_first > counted_last:
        return None
    partial = (
        data[0] - first > GRACE
        or last - data[1] > GRACE
        or (asked is not None and (asked[0] > max(first, data[0]) or asked[1] < min(last, data[1])))
    )
    missing = tuple(g for g in gaps if month_start(counted_first) <= g <= counted_last)
    return Period(kind, label, first, last, counted_first, counted_last, partial, year, missing)


def periods(
    data: tuple[date, date], asked: tuple[date, date], year_starts: int, gaps: tuple[date, ...] = ()
) -> tuple[Period, ...]:
    """Return the whole of what was asked, then every fiscal year with its quarters.

    A quarter stands twice: alone, and cumulative from the first day of its fiscal year.
    """
    found = [period(WHOLE, "Whole period", asked, data, asked, gaps=gaps)]
    for year in range(year_of(asked[0], year_starts), year_of(asked[1], year_starts) + 1):
        first = year_first(year, year_starts)
        name = year_label(year, year_starts)
        ends = [shift(first, 3 * q) - timedelta(days=1) for q in range(1, 5)]
        found.append(period(YEAR, name, (first, ends[3]), data, asked, year, gaps))
        for q, end in enumerate(ends):
            alone = period(
                QUARTER, f"{name} Q{q + 1}", (shift(first, 3 * q), end), data, asked, year, gaps
            )
            if alone is None:
                continue
            label = f"{name} Q1" if q == 0 else f"{name} Q1-Q{q + 1}"
            found += [alone, period(CUMULATIVE, label, (first, end), data, asked, year, gaps)]
    return tuple(p for p in found if p is not None)


def full_years(
    data: tuple[date, date], year_starts: int, gaps: tuple[date, ...] = ()
) -> tuple[Period, ...]:
    """Return the fiscal years that the data cover whole, without a month of missing coverage."""
    return tuple(
        p
        for p in periods(data, data, year_starts, gaps)
        if p.kind == YEAR and not p.partial and not p.gaps
    )
