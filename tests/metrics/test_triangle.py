"""Triangles of claims: against sums made another way, golden factors, and properties."""

from __future__ import annotations

import json
import math
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.estimate import NotEstimable
from metrics.triangle import (
    FULL_CREDIBILITY,
    Claim,
    Triangle,
    Valuation,
    age_to_age,
    anchor,
    credibility,
    cumulative,
    looked_back,
    triangle,
)
from tests.conftest import GOLDEN

CASES = json.loads((GOLDEN / "chain_ladder.json").read_text())["cases"]
DEC = date(2024, 12, 31)


def claim(
    year: int, reported: date, *valued: tuple[date, float | None, float | None, str | None]
) -> Claim:
    return Claim(1, year, reported, tuple(Valuation(d, p, i, i, s) for d, p, i, s in valued))


def ends(*years: int) -> list[date]:
    return [date(y, 12, 31) for y in years]


def known(found: Triangle | NotEstimable) -> Triangle:
    assert isinstance(found, Triangle), found
    return found


@pytest.mark.parametrize("name", CASES)
def test_factors_and_errors_are_those_of_another_package(name: str) -> None:
    case = CASES[name]
    rows = case["triangle"]
    ages = [12 * (i + 1) for i in range(len(rows[0]))]
    ones = [[None if v is None else 1.0 for v in row] for row in rows]
    found = age_to_age(rows, ages, ones)
    assert [f.value for f in found] == pytest.approx(case["link_ratios"], rel=1e-10)
    assert list(cumulative(found)) == pytest.approx(case["cumulative"], rel=1e-10)
    # The error of the last is extrapolated there, and not given here.
    assert [f.error for f in found[:-1]] == pytest.approx(case["factor_errors"][:-1], rel=1e-10)
    assert isinstance(found[-1].error, NotEstimable)
    assert [f.years for f in found] == list(range(len(rows) - 1, 0, -1))
    assert [f.claims for f in found] == [f.years for f in found]


def test_by_hand() -> None:
    a = claim(
        2022,
        date(2022, 5, 1),
        (date(2022, 12, 31), 10.0, 100.0, "open"),
        (date(2023, 12, 31), 70.0, 80.0, "open"),
        (date(2024, 6, 30), 90.0, 90.0, "closed"),
    )
    b = claim(2022, date(2023, 2, 1), (date(2023, 12, 31), 0.0, 500.0, "open"))
    c = claim(2023, date(2023, 12, 1), (date(2024, 12, 31), 5.0, 50.0, "reopened"))
    found = known(triangle([a, b, c], {1: [*ends(2022, 2023, 2024), date(2024, 6, 30)]}, DEC))
    assert found.valued == (12, 31)
    assert found.years == (2022, 2023, 2024)
    assert found.ages == (12, 24, 36)
    assert found.rows("incurred") == ((100.0, 580.0, 590.0), (0.0, 50.0, None), (0.0, None, None))
    assert found.rows("paid") == ((10.0, 70.0, 90.0), (0.0, 5.0, None), (0.0, None, None))
    assert found.rows("reported") == ((1, 2, 2), (1, 1, None), (0, None, None))
    assert found.rows("closed") == ((0, 0, 1), (0, 0, None), (0, None, None))
    # The one reported in December 2023 had no valuation yet, so no status either.
    assert found.rows("open") == ((1, 2, 1), (0, 1, None), (0, None, None))


def test_a_loss_run_that_never_came_leaves_a_hole_and_no_zero() -> None:
    a = claim(
        2022,
        date(2022, 5, 1),
        (date(2022, 12, 31), 10.0, 100.0, "open"),
        (date(2024, 12, 31), 70.0, 80.0, "open"),
    )
    found = known(triangle([a], {1: ends(2022, 2024)}, DEC))
    assert found.rows("incurred")[0] == (100.0, None, 80.0)
    factors = age_to_age(found.rows("incurred"), found.ages, found.rows("reported"))
    assert all(isinstance(f.value, NotEstimable) and f.years == 0 for f in factors)


def test_closed_claims_keep_their_last_value_without_a_loss_run() -> None:
    a = claim(2022, date(2022, 5, 1), (date(2022, 12, 31), 40.0, 40.0, "closed"))
    found = known(triangle([a], {1: ends(2022)}, DEC))
    assert found.rows("incurred")[0] == (40.0, 40.0, 40.0)


def test_each_agency_needs_its_own_loss_run() -> None:
    a = claim(2022, date(2022, 5, 1), (date(2022, 12, 31), 1.0, 40.0, "open"))
    b = a._replace(agency=2)
    runs = {1: ends(2022, 2023, 2024), 2: ends(2022)}
    found = known(triangle([a, b], runs, DEC))
    assert found.rows("incurred")[0][0] == 80.0
    assert (2022, 24) not in found.cells


def test_loss_runs_in_june_make_ages_of_six_months_and_eighteen() -> None:
    days = [date(y, 6, 30) for y in (2022, 2023, 2024)]
    a = claim(2022, date(2022, 2, 1), *((d, 1.0, 2.0, "open") for d in days))
    found = known(triangle([a], {1: days}, days[-1]))
    assert found.ages == (6, 18, 30)
    assert found.rows("incurred")[0] == (2.0, 2.0, 2.0)


def test_the_day_of_most_loss_runs_and_leap_days() -> None:
    assert anchor([*ends(2022, 2023), date(2024, 6, 30)]) == (12, 31)
    assert anchor([date(2022, 6, 30), date(2022, 12, 31)]) == (12, 31)
    with pytest.raises(ValueError, match="no loss run"):
        anchor([])
    a = claim(2023, date(2023, 1, 5), (date(2024, 2, 29), 1.0, 2.0, "open"))
    found = known(triangle([a], {1: [date(2024, 2, 29)]}, date(2024, 2, 29)))
    assert found.ages == (2, 14)


def test_only_ages_that_the_last_loss_run_reached() -> None:
    a = claim(2024, date(2024, 2, 1), (date(2024, 11, 30), 1.0, 2.0, "open"))
    runs = {1: [*ends(2022, 2023), date(2024, 11, 30)]}
    found = triangle([a], runs, date(2024, 11, 30))
    assert isinstance(found, NotEstimable)


def test_amounts_not_recorded_leave_the_last_known() -> None:
    a = claim(
        2022,
        date(2022, 5, 1),
        (date(2022, 12, 31), 10.0, 100.0, "open"),
        (date(2023, 12, 31), None, None, None),
    )
    now = a.on(date(2023, 12, 31))
    assert now is not None
    assert (now.paid, now.incurred, now.status) == (10.0, 100.0, "open")


def test_the_report_is_no_later_than_the_first_valuation() -> None:
    a = claim(2022, date(2023, 5, 1), (date(2022, 12, 31), 10.0, 100.0, "open"))
    assert a.known_from == date(2022, 12, 31)
    assert Claim(1, 2022, None, ()).known_from is None
    assert Claim(1, 2022, None, ()).on(DEC) is None
    assert isinstance(triangle([Claim(1, 2022, None, ())], {1: ends(2022)}, DEC), NotEstimable)


def test_nothing_at_the_earlier_age_is_no_factor() -> None:
    (one,) = age_to_age([(0.0, 5.0), (0.0, 7.0)], (12, 24), [(1, 1), (1, 1)])
    assert isinstance(one.value, NotEstimable) and isinstance(one.error, NotEstimable)
    (one,) = age_to_age([(0.0, 5.0), (2.0, 7.0)], (12, 24), [(1, 1), (1, 2)])
    assert one.value == 6.0 and one.claims == 3
    assert isinstance(one.error, NotEstimable)
    assert isinstance(cumulative(age_to_age([(0.0, 1.0)], (12, 24), [(1, 1)]))[0], NotEstimable)


def test_credibility() -> None:
    assert round((1.6448536 / 0.05) ** 2) == FULL_CREDIBILITY
    assert credibility(0) == 0
    assert credibility(FULL_CREDIBILITY // 4) == pytest.approx(0.5, abs=1e-3)
    assert credibility(5_000) == 1


def test_looking_back_at_years_old_enough() -> None:
    old = claim(
        2020,
        date(2020, 5, 1),
        *((d, 0.0, v, "open") for d, v in zip(ends(2020, 2021, 2024), (10, 20, 40), strict=True)),
    )
    done = claim(2023, date(2023, 3, 1), (date(2023, 12, 31), 9.0, 9.0, "closed"))
    young = claim(2022, date(2022, 3, 1), *((d, 1.0, 8.0, "open") for d in ends(2022, 2024)))
    claims = [old, done, young]
    found = known(triangle(claims, {1: ends(*range(2020, 2025))}, DEC))
    rows = looked_back(claims, found, (12, 24), 48)
    assert [r.year for r in rows] == [2020, 2023]
    assert rows[0].ages == ((12, 10.0), (24, 20.0)) and rows[0].latest == 40.0
    assert rows[0].share(12) == 0.25 and not rows[0].closed
    # Two years old: what stood at 24 months is what stands now.
    assert rows[1].ages == ((12, 9.0),) and rows[1].closed
    assert isinstance(rows[1].share(24), NotEstimable)


# Against sums made another way


@st.composite
def books(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw claims and their valuations at half-years, with gaps and closings."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 25))
    start = pd.Timestamp(2019, 1, 1)
    occurred = start + pd.to_timedelta(rng.integers(0, 5 * 365, n), unit="D")
    reported = occurred + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    runs = pd.date_range("2019-06-30", "2024-12-31", freq="6ME")
    rows = []
    for i in range(n):
        life = int(rng.integers(0, 8))
        for k, run in enumerate(r for r in runs if r >= reported[i]):
            if k > life:
                break
            rows.append(
                (i, run, float(rng.integers(0, 99)), float(rng.integers(0, 999)), k == life)
            )
    columns = ["claim", "valued_on", "paid", "incurred", "closed"]
    claims = pd.DataFrame({"claim": range(n), "occurred": occurred, "reported": reported})
    return claims, pd.DataFrame(rows, columns=columns)


@settings(deadline=None, max_examples=25)
@given(books())
def test_every_cell_is_a_sum_that_pandas_makes_too(
    book: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    claims, values = book
    built = []
    for row in claims.itertuples():
        own = values[values["claim"] == row.claim]
        valued = tuple(
            Valuation(
                v.valued_on.date(), v.paid, v.incurred, v.incurred, "closed" if v.closed else "open"
            )
            for v in own.itertuples()
        )
        built.append(Claim(1, row.occurred.year, row.reported.date(), valued))
    days = sorted({d.date() for d in values["valued_on"]})
    if not days:
        return
    found = triangle(built, {1: days}, days[-1])
    if isinstance(found, NotEstimable):
        return
    month, day = found.valued
    for year in range(2019, days[-1].year + 1):
        for later in range(year, days[-1].year + 1):
            end = pd.Timestamp(later, month, day)
            age = round((end - pd.Timestamp(year, 1, 1)).days / 30.4375)
            cell = found.cells.get((year, age))
            if end.date() > days[-1]:
                assert cell is None
                continue
            mine = claims[(claims["occurred"].dt.year == year) & (claims["reported"] <= end)]
            past = values[values["claim"].isin(mine["claim"]) & (values["valued_on"] <= end)]
            latest = past.sort_values("valued_on").groupby("claim").last()
            if cell is None:
                year_before = values["valued_on"].between(end - pd.Timedelta(days=364), end)
                first = claims["occurred"].dt.year.min()
                assert year < first or (len(mine) and not year_before.any())
                continue
            assert cell.reported == len(mine)
            assert cell.closed == latest["closed"].sum()
            assert cell.open == len(latest) - cell.closed
            assert math.isclose(cell.paid, latest["paid"].sum())
            assert math.isclose(cell.incurred, latest["incurred"].sum())


@settings(deadline=None, max_examples=25)
@given(books())
def test_a_newer_loss_run_changes_no_older_cell(
    book: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    claims, values = book
    days = sorted({d.date() for d in values["valued_on"]})
    years = [d for d in days if d.month == 12]
    if len(years) < 2:
        return

    def at(last: date) -> Triangle | NotEstimable:
        built = []
        for row in claims[claims["reported"] <= pd.Timestamp(last)].itertuples():
            own = values[
                (values["claim"] == row.claim) & (values["valued_on"] <= pd.Timestamp(last))
            ]
            valued = tuple(
                Valuation(v.valued_on.date(), v.paid, v.incurred, v.incurred, None)
                for v in own.itertuples()
            )
            built.append(Claim(1, row.occurred.year, row.reported.date(), valued))
        return triangle(built, {1: [d for d in years if d <= last]}, last)

    before, after = at(years[-2]), at(years[-1])
    if isinstance(before, Triangle) and isinstance(after, Triangle):
        shared = set(before.cells) & set(after.cells)
        assert {k: before.cells[k] for k in shared} == {k: after.cells[k] for k in shared}
        assert {y for y, _ in before.cells} <= {y for y, _ in after.cells}
        assert shared == set(before.cells)
