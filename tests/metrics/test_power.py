"""Power and detectable differences against R's power.prop.test."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics.estimate import NotEstimable
from metrics.power import detectable_difference, detectable_from_se, sample_size


def test_r_power_prop_test(golden):
    case = golden["power_prop_n"]
    assert sample_size(**case["inputs"]) == pytest.approx(case["outputs"]["n"], rel=1e-9)
    case = golden["mde_prop"]
    n, p1, power = (case["inputs"][key] for key in ("n", "p1", "power"))
    assert detectable_difference(n, n, p1, power=power).decrease == pytest.approx(
        case["outputs"]["mde"], rel=1e-9
    )


def test_halving_two_percent():
    assert math.ceil(sample_size(0.02, 0.01)) == 2319


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_two_are_inverse(p1, p2):
    if abs(p1 - p2) < 0.01:
        return
    n = sample_size(p1, p2)
    found = detectable_difference(n, n, p2)
    assert (found.decrease if p1 < p2 else found.increase) == pytest.approx(abs(p1 - p2), rel=1e-6)


def test_the_design_effect_divides_both_arms():
    assert detectable_difference(300, 900, 0.2, deff=3) == pytest.approx(
        detectable_difference(100, 300, 0.2), rel=1e-12
    )


def test_nothing_is_detectable_in_a_handful():
    found = detectable_difference(5, 5, 0.02)
    assert isinstance(found.decrease, NotEstimable)
    assert found.increase > 0.5
    assert isinstance(detectable_difference(50, 50, 0.0).decrease, NotEstimable)
    assert isinstance(detectable_difference(50, 50, 1.0).increase, NotEstimable)


def test_from_a_standard_error():
    expected = (stats.t.ppf(0.975, 7.5) + stats.t.ppf(0.8, 7.5)) * 0.02
    assert detectable_from_se(0.02, 7.5) == pytest.approx(expected, rel=1e-10)
    assert detectable_from_se(1, math.inf) == pytest.approx(2.801585, rel=1e-6)
    assert detectable_from_se(1, 20, alpha=0.01) > detectable_from_se(1, 20)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sample_size(0.2, 0.2),
        lambda: sample_size(0.2, 1.2),
        lambda: sample_size(0.2, 0.3, power=1),
        lambda: sample_size(0.2, 0.3, alpha=0),
        lambda: detectable_difference(0, 10, 0.2),
        lambda: detectable_difference(10, 10, 1.2),
        lambda: detectable_difference(10, 10, 0.2, deff=0),
        lambda: detectable_from_se(0, 10),
        lambda: detectable_from_se(1, 0),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError, match=r"must"):
        call()
