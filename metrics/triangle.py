"""Claims by year of contact and age: what was known of them when, as successive loss runs valued them.

Everything here is about what loss runs said. Nothing is projected: the factors describe how earlier
years grew, and how far a few claims are from saying how the next will.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from metrics.aggregate.relation import as_date
from metrics.estimate import NotEstimable

if TYPE_CHECKING:
    import pandas as pd

FULL_CREDIBILITY = 1082
"""Claims at which a count is within 5% of what is expected nine times in ten: (1.645 / 0.05) squared.

Mowbray 1914 (Proceedings of the Casualty Actuarial Society 1:24); Longley-Cook 1962 (49:194). It is the
standard for counts; amounts, which vary far more, would need more claims.
"""
CLOSED, OPEN = "closed", "open"
MONTH = 365.25 / 12
"""Days of a month of age."""

Measure = Literal["incurred", "paid", "reported", "open", "closed"]
MEASURES: tuple[Measure, ...] = ("incurred", "paid", "reported", "open", "closed")


class Valuation(NamedTuple):
    """What one loss run said of one claim: dollars so far, None where it did not say.

    ``paid`` is loss and expense; ``incurred`` is paid + reserves - recoveries, ``gross`` the same
    before recoveries. ``status`` is open, closed, reopened or None.
    """

    day: date
    paid: float | None
    incurred: float | None
    gross: float | None
    status: str | None


class Standing(NamedTuple):
    """A claim on a day. Dollars are 0 until a loss run valued it; ``status`` is open, closed or None."""

    paid: float
    incurred: float
    gross: float
    status: str | None


class Claim(NamedTuple):
    """One claim: whose, the year of its contact, the day of its report, its valuations in time."""

    agency: int
    year: int | None
    reported: date | None
    valuations: tuple[Valuation, ...]

    @property
    def known_from(self) -> date | None:
        """The day it was reported, or first valued if that is earlier or no report is dated."""
        first = [self.valuations[0].day] if self.valuations else []
        return min([*first, *([self.reported] if self.reported else [])], default=None)

    def on(self, day: date) -> Standing | None:
        """Return how the latest loss run by a day valued it; None if it was not reported by then.

        A valuation without an amount, or without a status, leaves the last one known.
        """
        known = self.known_from
        if known is None or known > day:
            return None
        past = self.valuations[: bisect_right(self.valuations, day, key=lambda v: v.day)]
        paid = next((v.paid for v in reversed(past) if v.paid is not None), 0.0)
        incurred = next((v.incurred for v in reversed(past) if v.incurred is not None), 0.0)
        gross = next((v.gross for v in reversed(past) if v.gross is not None), 0.0)
        status = next((v.status for v in reversed(past) if v.status is not None), None)
        return Standing(paid, incurred, gross, status if status in (None, CLOSED) else OPEN)


class Cell(NamedTuple):
    """The claims of one year at one age. ``open`` and ``closed`` leave out those without a status."""

    reported: int
    open: int
    closed: int
    paid: float
    incurred: float


@dataclass(frozen=True)
class Triangle:
    """Cells by year and age in months. A pair that is not there was not reached, or not valued.

    ``valued`` is the day of the year on which ages end, as (month, day); ``last`` the day of the last
    loss run.
    """

    years: tuple[int, ...]
    ages: tuple[int, ...]
    cells: Mapping[tuple[int, int], Cell]
    valued: tuple[int, int]
    last: date

    def rows(self, measure: Measure) -> tuple[tuple[float | None, ...], ...]:
        """Return one row per year, one number per age; None where nothing is known."""
        return tuple(
            tuple(
                float(getattr(self.cells[year, age], measure))
                if (year, age) in self.cells
                else None
                for age in self.ages
            )
            for year in self.years
        )


class Factor(NamedTuple):
    """How a sum grew from one age to the next, over all years with claims that reached both.

    ``value`` is volume-weighted: the sum at the later age over that at the earlier. ``error`` is its
    standard error (Mack 1993, ASTIN Bulletin 23:213). ``claims`` had been reported by the later age.
    """

    start: int
    end: int
    years: int
    claims: int
    value: float | NotEstimable
    error: float | NotEstimable

    @property
    def credibility(self) -> float:
        """How much weight limited-fluctuation credibility would give it, 0 to 1, at the most."""
        return credibility(self.claims)


class Early(NamedTuple):
    """A year now old enough to look back on: incurred at each early age, and as it stands now.

    ``closed`` says that every claim of the year is.
    """

    year: int
    claims: int
    ages: tuple[tuple[int, float], ...]
    latest: float
    closed: bool

    def share(self, age: int) -> float | NotEstimable:
        """Return incurred at an age as a share of today's."""
        known = dict(self.ages).get(age)
        if known is None:
            return NotEstimable("no loss run tells what stood at that age")
        if self.latest <= 0:
            return NotEstimable("nothing is incurred now")
        return known / self.latest


def credibility(claims: int) -> float:
    """Return Z, the weight that so many claims carry: min(1, sqrt(claims / 1,082))."""
    return min(1.0, math.sqrt(claims / FULL_CREDIBILITY))


def anchor(days: Iterable[date]) -> tuple[int, int]:
    """Return the month and day on which most loss runs are valued; of equals the latest in the year.

    Raises ``ValueError`` without any day.
    """
    found = Counter((d.month, d.day) for d in days)
    if not found:
        raise ValueError("no loss run")
    return max(found, key=lambda key: (found[key], key))


def _ends(year: int, valued: tuple[int, int], last: date) -> list[tuple[int, date]]:
    """Return the ages of a year's claims that the last loss run has reached, with their last days."""
    start, found = date(year, 1, 1), []
    for later in range(year, last.year + 1):
        month, day = valued
        if (month, day) == (2, 29) and not _leap(later):
            day = 28
        end = date(later, month, day)
        age = round(((end - start).days + 1) / MONTH)
        if age >= 1 and end <= last:
            found.append((age, end))
    return found


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def triangle(
    claims: Sequence[Claim], runs: Mapping[int, Sequence[date]], last: date
) -> Triangle | NotEstimable:
    """Return the triangle of some claims. ``runs`` are the loss runs' days, by agency.

    A cell sums the latest valuations by the last day of its age. It is known where the last loss run
    (``last``) has reached that day and, for each agency, no claim of the year was reported by then, or a
    loss run came in the year before that day, or all its claims were closed.
    """
    placed = [c for c in claims if c.year is not None and c.known_from is not None]
    days = [d for found in runs.values() for d in found if d <= last]
    if not placed or not days:
        return NotEstimable("no claim has a date and a valuation")
    valued = anchor(days)
    cells: dict[tuple[int, int], Cell] = {}
    first = min(c.year for c in placed if c.year is not None)
    for year in range(first, last.year + 1):
        own = [c for c in placed if c.year == year]
        for age, end in _ends(year, valued, last):
            cell = _cell(own, runs, end)
            if cell is not None:
                cells[year, age] = cell
    if not cells:
        return NotEstimable("no year of claims has reached the age at which loss runs value them")
    return Triangle(
        tuple(sorted({year for year, _ in cells})),
        tuple(sorted({age for _, age in cells})),
        cells,
        valued,
        last,
    )


def _cell(own: list[Claim], runs: Mapping[int, Sequence[date]], end: date) -> Cell | None:
    standing = [(c.agency, s) for c in own if (s := c.on(end)) is not None]
    for agency in {a for a, _ in standing}:
        recent = any(end - timedelta(days=365) < d <= end for d in runs.get(agency, ()))
        settled = all(s.status == CLOSED for a, s in standing if a == agency)
        if not recent and not settled:
            return None
    return Cell(
        len(standing),
        sum(s.status == OPEN for _, s in standing),
        sum(s.status == CLOSED for _, s in standing),
        math.fsum(s.paid for _, s in standing),
        math.fsum(s.incurred for _, s in standing),
    )


def age_to_age(
    rows: Sequence[Sequence[float | None]],
    ages: Sequence[int],
    claims: Sequence[Sequence[float | None]],
) -> tuple[Factor, ...]:
    """Return the factor of each step of age, over the years with a claim by the later age.

    ``rows`` hold a row of sums per year, ``claims`` one of claims reported; None where not known.

    The error needs two years, and something in each at the earlier age.
    """
    found = []
    for step, (start, end) in enumerate(pairwise(ages)):
        pairs: list[tuple[float, float]] = []
        behind = 0
        for row, counted in zip(rows, claims, strict=True):
            early, late = row[step], row[step + 1]
            # A year without a claim by then says nothing of how claims grow.
            if early is not None and late is not None and counted[step + 1]:
                pairs.append((early, late))
                behind += int(counted[step + 1] or 0)
        before, after = math.fsum(p[0] for p in pairs), math.fsum(p[1] for p in pairs)
        value: float | NotEstimable
        if not pairs:
            value = NotEstimable("no year with claims has reached both ages")
        elif before <= 0:
            value = NotEstimable("nothing stood at the earlier age")
        else:
            value = after / before
        found.append(Factor(start, end, len(pairs), behind, value, _error(pairs, value)))
    return tuple(found)


def _error(pairs: list[tuple[float, float]], factor: float | NotEstimable) -> float | NotEstimable:
    if isinstance(factor, NotEstimable):
        return factor
    if len(pairs) < 2:
        return NotEstimable("only one year with claims has reached both ages")
    if any(early <= 0 for early, _ in pairs):
        return NotEstimable("in a year nothing stood at the earlier age")
    spread = math.fsum(early * (late / early - factor) ** 2 for early, late in pairs)
    return math.sqrt(spread / (len(pairs) - 1) / math.fsum(early for early, _ in pairs))


def cumulative(factors: Sequence[Factor]) -> tuple[float | NotEstimable, ...]:
    """Return for each starting age the product of all factors from it on: no growth after the last."""
    found: list[float | NotEstimable] = []
    reached: float | NotEstimable = 1.0
    for factor in reversed(factors):
        if not isinstance(reached, NotEstimable):
            reached = (
                factor.value if isinstance(factor.value, NotEstimable) else reached * factor.value
            )
        found.append(reached)
    return tuple(reversed(found))


def looked_back(
    claims: Sequence[Claim], found: Triangle, early: Sequence[int], oldest: int
) -> tuple[Early, ...]:
    """Return years with claims that are ``oldest`` months old, or whose claims are all closed.

    ``early`` are the ages looked at; one that the year has not left behind yet is left out.
    """
    rows = []
    for year in found.years:
        standing = [s for c in claims if c.year == year and (s := c.on(found.last)) is not None]
        age = ((found.last - date(year, 1, 1)).days + 1) / MONTH
        closed = all(s.status == CLOSED for s in standing)
        passed = tuple(
            (at, found.cells[year, at].incurred)
            for at in early
            if (year, at) in found.cells and at < round(age)
        )
        if standing and passed and (closed or round(age) >= oldest):
            latest = math.fsum(s.incurred for s in standing)
            rows.append(Early(year, len(standing), passed, latest, closed))
    return tuple(rows)


def build(frame: pd.DataFrame, valued: pd.DataFrame) -> list[Claim]:
    """Return claims with their valuations, in the order of ``frame``.

    Both are as ``metrics.aggregate.claims`` returns them. A valuation without a paid loss has no paid; one
    without a reserve for loss has no incurred, unless it is closed: then it reserves nothing. Expense
    and recoveries left blank add nothing.
    """
    listed: dict[int, list[Valuation]] = {}
    for claim, day, paid_loss, paid_expense, reserve_loss, reserve_expense, back, status in zip(
        *(valued[c].tolist() for c in _VALUED), strict=True
    ):
        paid = None if blank(paid_loss) else paid_loss + _zero(paid_expense)
        gross = None
        if paid is not None and (status == CLOSED or not blank(reserve_loss)):
            gross = paid + _zero(reserve_loss) + _zero(reserve_expense)
        listed.setdefault(int(claim), []).append(
            Valuation(
                day.date(),
                paid,
                None if gross is None else gross - _zero(back),
                gross,
                None if blank(status) else str(status),
            )
        )
    found = []
    for claim, agency, occurred, reported in zip(
        frame["claim"], frame["agency"], frame["occurred_on"], frame["reported_on"], strict=True
    ):
        day = as_date(occurred)
        found.append(
            Claim(
                int(agency),
                None if day is None else day.year,
                as_date(reported),
                tuple(sorted(listed.get(int(claim), []))),
            )
        )
    return found


_VALUED = (
    "claim",
    "valued_on",
    "paid_loss",
    "paid_expense",
    "reserve_loss",
    "reserve_expense",
    "recoveries",
    "status",
)


def blank(value: object) -> bool:
    """Say whether a cell of a table holds nothing."""
    return value is None or value != value


def _zero(value: float) -> float:
    return 0.0 if blank(value) else value
