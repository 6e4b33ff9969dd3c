"""Control charts against Laney 2002, Spiegelhalter 2005 and simulation."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.estimate import NotEstimable
from metrics.trends import days_between, funnel_limits, p_chart


def test_laney(golden):
    case = golden["laney_pprime"]
    out = case["outputs"]
    chart = p_chart(case["inputs"]["y"], case["inputs"]["n"])
    assert chart.centre == pytest.approx(out["pbar"], rel=1e-11)
    assert [point.z for point in chart.points] == pytest.approx(out["z"], rel=1e-10)
    assert chart.sigma_z == pytest.approx(out["sigma_z_mr"], rel=1e-10)
    assert [point.high for point in chart.points] == pytest.approx(out["pprime_ucl"], rel=1e-10)
    assert chart.dispersion == pytest.approx(out["phi_overdispersion"], rel=1e-10)
    plain = p_chart(case["inputs"]["y"], case["inputs"]["n"], laney=False)
    assert [point.high for point in plain.points] == pytest.approx(out["p_ucl"], rel=1e-10)
    assert [point.beyond for point in plain.points].index(True) == 8
    assert not any(point.beyond for point in chart.points)


@pytest.mark.parametrize("case", ["funnel_n25", "funnel_n100"])
def test_funnel(golden, case):
    inputs, out = golden[case]["inputs"], golden[case]["outputs"]
    found = funnel_limits(inputs["p0"], inputs["n"])
    # The source lets a limit fall below zero; a rate cannot.
    for ours, theirs in [(found.warning, out["l95"]), (found.control, out["l998"])]:
        assert ours == pytest.approx([max(value, 0.0) for value in theirs], rel=1e-9)


@given(st.floats(0.001, 0.999), st.integers(1, 10**7))
def test_funnel_limits_are_ordered_rates(target, n):
    found = funnel_limits(target, n)
    limits = [found.control.low, found.warning.low, found.warning.high, found.control.high]
    assert limits == sorted(limits)
    assert limits[0] >= 0 and limits[3] <= 1


def test_a_period_without_contacts_has_no_point_and_breaks_nothing():
    events, n = [5, 0, 6, 4, 9], [50, 0, 60, 50, 60]
    chart = p_chart(events, n)
    assert chart.points[1] == (None, None, None, None, False, False)
    rest = p_chart([5, 6, 4, 9], [50, 60, 50, 60])
    assert [point for i, point in enumerate(chart.points) if i != 1] == list(rest.points)


def test_runs_of_eight_signal():
    chart = p_chart([2] * 8 + [8, 1, 9, 1], [40] * 12)
    assert [point.run for point in chart.points] == [True] * 8 + [False] * 4
    short = p_chart([2] * 7 + [8, 1, 9, 1], [40] * 11)
    assert not any(point.run for point in short.points)


def test_points_on_the_centre_are_passed_over():
    chart = p_chart([1, 1, 1, 1, 2, 1, 1, 1, 1, 6, 6, 2], [20] * 9 + [20] * 3)
    assert chart.centre == pytest.approx(0.1)
    assert [point.run for point in chart.points] == [
        i in (0, 1, 2, 3, 5, 6, 7, 8) for i in range(12)
    ]


def test_a_chart_that_cannot_be_drawn_says_why():
    for events, n in [([], []), ([1], [5]), ([1, 0], [5, 0]), ([0, 0], [5, 5]), ([5, 5], [5, 5])]:
        assert isinstance(p_chart(events, n), NotEstimable)
    for events, n in [([1], [5, 5]), ([6], [5]), ([-1, 2], [5, 5])]:
        with pytest.raises(ValueError, match="counts"):
            p_chart(events, n)
    for target, n in [(0, 5), (1, 5), (0.2, 0)]:
        with pytest.raises(ValueError, match="target"):
            funnel_limits(target, n)


def test_days_between_follows_nelson():
    start = dt.date(2024, 1, 1)
    gaps = [10, 30, 5, 60, 20, 2, 45]
    days = [start + dt.timedelta(days=int(d)) for d in np.r_[0, np.cumsum(gaps)]]
    found = days_between(reversed(days))
    assert found.gaps == tuple(gaps)
    y = np.array(gaps) ** (1 / 3.6)
    moving = np.abs(np.diff(y)).mean()
    assert found.centre == pytest.approx(y.mean() ** 3.6, rel=1e-12)
    assert found.high == pytest.approx((y.mean() + 3 / 1.128 * moving) ** 3.6, rel=1e-12)
    assert found.low >= 0
    assert not any(found.beyond)


def test_days_between_signals_a_long_gap_and_a_run():
    start = dt.datetime(2024, 1, 1, 8)
    gaps = [5.0, 6, 4, 5, 7, 5, 6, 4, 5, 400]
    found = days_between(start + dt.timedelta(days=float(d)) for d in np.r_[0, np.cumsum(gaps)])
    assert found.beyond[-1]
    assert found.run[:9] == (True,) * 9


def test_exponential_times_seldom_signal():
    rng = np.random.default_rng(2)
    days = [
        dt.datetime(2000, 1, 1) + dt.timedelta(days=float(d))
        for d in rng.exponential(20, 3000).cumsum()
    ]
    assert np.mean(days_between(days).beyond) < 0.005


def test_too_few_events_for_a_chart():
    assert isinstance(days_between([]), NotEstimable)
    assert isinstance(days_between([dt.date(2024, 1, d) for d in (1, 2, 3)]), NotEstimable)
    same = days_between([dt.date(2024, 1, 1)] * 5)
    assert (same.centre, same.low, same.high) == (0, 0, 0)
