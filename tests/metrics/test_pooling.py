"""Random-effects pooling against metafor and a likelihood maximised by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy.special import chdtr

from metrics.estimate import Interval, NotEstimable
from metrics.pooling import Pooled, random_effects

values = st.floats(-3, 3)
variances = st.floats(1e-3, 2)
studies = st.lists(st.tuples(values, variances), min_size=2, max_size=12)


def pooled(pairs, **options) -> Pooled:
    found = random_effects([y for y, _ in pairs], [v for _, v in pairs], **options)
    assert isinstance(found, Pooled)
    return found


@pytest.fixture(scope="module")
def bcg(golden):
    return golden["meta_bcg_rr"]


@pytest.mark.parametrize(("method", "key"), [("hartung-knapp", "REML_HK"), ("wald", "REML")])
def test_the_vaccine_trials_agree_with_metafor(bcg, method, key):
    found = random_effects(bcg["inputs"]["yi"], bcg["inputs"]["vi"], method=method)
    out = bcg["outputs"][key]
    assert found.estimate == pytest.approx((out["b"], *out["ci"]), rel=1e-10)
    assert found.se == pytest.approx(out["se"], rel=1e-10)
    assert found.tau2 == pytest.approx(out["tau2"], rel=1e-9)
    assert found.i2 == pytest.approx(out["I2"] / 100, rel=1e-10)
    assert (found.q.statistic, found.q.p_value) == pytest.approx((out["Q"], out["Qp"]), rel=1e-10)
    assert (found.test.statistic, found.test.p_value) == pytest.approx(
        (out["stat"], out["p"]), rel=1e-9
    )
    assert found.k == 13 and sum(found.weights) == pytest.approx(1)


def test_the_prediction_interval_agrees_with_metafor(bcg):
    found = random_effects(bcg["inputs"]["yi"], bcg["inputs"]["vi"], method="wald")
    assert found.prediction == pytest.approx(bcg["outputs"]["REML_prediction_interval"], rel=1e-9)
    wider = random_effects(bcg["inputs"]["yi"], bcg["inputs"]["vi"])
    assert wider.prediction.low < found.prediction.low
    assert wider.prediction.high > found.prediction.high


def test_the_spread_interval_is_the_q_profile(bcg):
    y, v = np.array(bcg["inputs"]["yi"]), np.array(bcg["inputs"]["vi"])
    limits = random_effects(y, v).tau2_interval
    for limit, probability in zip(limits, (0.975, 0.025), strict=True):
        w = 1 / (v + limit)
        q = w @ (y - w @ y / w.sum()) ** 2
        assert chdtr(12, q) == pytest.approx(probability, abs=1e-9)
    assert limits.low < random_effects(y, v).tau2 < limits.high


@settings(max_examples=60, deadline=None)
@given(studies)
def test_no_other_spread_is_likelier(pairs):
    y, v = np.array(pairs).T

    def loss(tau2: float) -> float:
        w = 1 / (v + tau2)
        q = w @ (y - w @ y / w.sum()) ** 2
        return float(np.log(w.sum()) + q - np.log(w).sum()) / 2

    found = pooled(pairs)
    best = loss(found.tau2)
    for tau2 in (0.0, *np.geomspace(1e-6, 100, 80)):
        assert best <= loss(tau2) + 1e-9
    other = optimize.minimize_scalar(loss, bounds=(0, 100), method="bounded")
    assert best <= other.fun + 1e-8


@settings(max_examples=60, deadline=None)
@given(studies, st.floats(-2, 2), st.floats(0.01, 100))
def test_shift_sign_and_unit_carry_through(pairs, shift, unit):
    found = pooled(pairs)
    turned = pooled([(-y, v) for y, v in pairs])
    assert turned.estimate.estimate == pytest.approx(-found.estimate.estimate, abs=1e-9)
    assert turned.estimate.low == pytest.approx(-found.estimate.high, rel=1e-6, abs=1e-9)
    moved = pooled([((y + shift) * unit, v * unit**2) for y, v in pairs])
    assert moved.se == pytest.approx(found.se * unit, rel=1e-6)
    assert moved.tau2 == pytest.approx(found.tau2 * unit**2, rel=1e-5, abs=1e-9 * unit**2)


@settings(max_examples=60, deadline=None)
@given(studies)
def test_limits_hold_the_estimate_and_are_never_narrower_than_a_normal(pairs):
    found, wald = pooled(pairs), pooled(pairs, method="wald")
    assert found.se >= wald.se * (1 - 1e-12)
    assert found.estimate.low <= found.estimate.estimate <= found.estimate.high
    assert 0 <= found.i2 <= 1 and found.tau2 >= 0
    assert found.estimate.low <= wald.estimate.low
    if len(pairs) > 2:
        assert found.prediction.low <= found.estimate.low + 1e-12
    else:
        assert isinstance(found.prediction, NotEstimable)


def test_equal_estimates_share_no_spread():
    found = random_effects([0.2] * 4, [0.1, 0.2, 0.3, 0.4])
    assert found.tau2 == 0 and found.i2 == 0
    assert found.estimate.estimate == pytest.approx(0.2)
    assert isinstance(found.tau2_interval, NotEstimable)
    assert found.q.p_value == pytest.approx(1)


def test_one_estimate_comes_back_as_it_is():
    found = random_effects([0.5], [0.04])
    assert found.estimate == pytest.approx((0.5, 0.5 - 0.391992797, 0.5 + 0.391992797))
    for part in (found.prediction, found.tau2, found.tau2_interval, found.q, found.i2):
        assert isinstance(part, NotEstimable)


def test_two_estimates_are_wide_and_predict_nothing():
    found = random_effects([0.0, 1.0], [0.1, 0.1])
    assert found.df == 1 and isinstance(found.prediction, NotEstimable)
    assert isinstance(found.tau2_interval, Interval)
    assert found.estimate.low < -5


def test_nothing_and_certainty_are_not_pooled():
    assert isinstance(random_effects([], []), NotEstimable)
    assert isinstance(random_effects([0.1, 0.2], [0.0, 0.1]), NotEstimable)
    assert isinstance(random_effects([0.1], [0.0]), NotEstimable)


def test_very_unlike_sizes_settle():
    found = random_effects([0.0, 1.0, 5.0], [1e-8, 1.0, 1e4])
    assert found.estimate.low < found.estimate.estimate < found.estimate.high


@pytest.mark.parametrize(
    "bad",
    [
        ([1.0], [1.0, 2.0]),
        ([math.nan], [1.0]),
        ([1.0], [-1.0]),
        ([1.0], [math.inf]),
        ([1.0, 2.0], [1.0, 1.0], 1.5),
        ([1.0, 2.0], [1.0, 1.0], 0.95, "fixed"),
    ],
)
def test_impossible_input_is_refused(bad):
    with pytest.raises(ValueError, match=r"must|unknown"):
        random_effects(*bad)
