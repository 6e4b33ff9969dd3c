"""Months read by chart rule, on series whose answer is known."""

from __future__ import annotations

import calendar
import itertools
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics import monthly
from metrics.detail import Month
from metrics.estimate import NotEstimable
from metrics.monthly import DOWN, UP, Reading

START = date(2024, 1, 1)
CURRENT = date(2025, 1, 1)


def series(events: list[int], n: int = 200) -> tuple[Month, ...]:
    return tuple(
        Month(monthly.shift(START, i), n, n, count, n > 0) for i, count in enumerate(events)
    )


def read(found: monthly.Read) -> Reading:
    assert isinstance(found, Reading)
    return found


LEVEL = [20, 18, 22, 19, 21, 20, 18, 22, 20, 21, 19, 20]


def test_a_steady_rate_has_a_range_and_no_change() -> None:
    found = read(monthly.rates(series(LEVEL * 2), CURRENT))
    assert found.since is None
    assert found.unusual == ()
    assert found.usual.low < 0.1 < found.usual.high


@pytest.mark.parametrize(("later", "side"), [(40, UP), (6, DOWN)])
def test_a_shift_is_dated_by_the_month_it_began(later: int, side: str) -> None:
    events = [*LEVEL, *LEVEL[:3], *([later, later + 2, later - 1] * 3)]
    found = read(monthly.rates(series(events), CURRENT))
    assert (found.direction, found.since) == (side, date(2025, 4, 1))


def test_one_month_beyond_the_limits_is_named_only_in_the_period() -> None:
    events = LEVEL * 2
    events[3], events[14] = 34, 35
    found = read(monthly.rates(series(events), CURRENT))
    assert found.since is None
    assert found.unusual == ((date(2025, 3, 1), UP),)


def test_too_short_or_too_rare_says_so() -> None:
    short = monthly.rates(series(LEVEL[:11]), CURRENT)
    rare = monthly.rates(series([1, 2] * 12), CURRENT)
    common = monthly.rates(series([199, 198] * 12), CURRENT)
    every = monthly.rates(series([200] * 24), CURRENT)
    for found, words in ((short, "12 whole"), (rare, "few"), (common, "few"), (every, "every")):
        assert isinstance(found, NotEstimable)
        assert words in found.reason


def test_limits_of_a_level_are_the_individuals_chart_s() -> None:
    values = [10.0, 12, 11, 13, 10, 12, 11, 9, 12, 10, 11, 13]
    found = read(monthly.levels(series([0] * 12), values, CURRENT))
    mean = sum(values) / 12
    moving = sum(abs(b - a) for a, b in itertools.pairwise(values)) / 11
    assert found.usual == pytest.approx((mean - 3 / 1.128 * moving, mean + 3 / 1.128 * moving))


@given(st.floats(0.1, 1e6), st.integers(12, 40))
def test_a_constant_level_never_changes(value: float, count: int) -> None:
    found = read(monthly.levels(series([0] * count), [value] * count, START))
    assert found.since is None
    assert found.unusual == ()


def test_february_is_no_fall() -> None:
    days = [START + timedelta(days=i) for i in range(731)]
    frame = pd.DataFrame({"day": days, "contacts": 10})
    found = monthly.months(frame, "contacts", "contacts", days[0], days[-1])
    assert len(found) == 24
    assert found[1].contacts == 290
    assert monthly.per_month(found) == pytest.approx([10 * 365.25 / 12] * 24)


def test_months_cut_short_are_left_out_and_holes_stay() -> None:
    days = [date(2024, 1, 20) + timedelta(days=i) for i in range(200)]
    kept = [d for d in days if d.month != 4]
    frame = pd.DataFrame({"day": kept, "contacts": 5, "n": 5, "events": 1})
    found = monthly.months(frame, "n", "events", days[0], days[-1])
    assert [m.first_day.month for m in found] == [2, 3, 4, 5, 6, 7]
    assert [m.covered for m in found] == [True, True, False, True, True, True]
    assert monthly.months(frame.iloc[:0], "n", "events", days[0], days[-1]) == ()


def test_rare_events_are_read_by_their_gaps() -> None:
    often = [START + timedelta(days=30 * i) for i in range(12)]
    seldom = [often[-1] + timedelta(days=120 * i) for i in range(1, 11)]
    found = read(monthly.gaps([*often, *seldom], CURRENT))
    assert found.direction == UP
    assert monthly.longest_gap([*often, *seldom]) == 120
    assert monthly.longest_gap([START]) is None
    assert isinstance(monthly.gaps([START], CURRENT), NotEstimable)


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(-300, 300))
def test_shifting_by_months(day: date, by: int) -> None:
    found = monthly.shift(day, by)
    assert (found.year - day.year) * 12 + found.month - day.month == by
    assert found.day == min(day.day, calendar.monthrange(found.year, found.month)[1])
