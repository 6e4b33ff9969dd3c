"""E-values against VanderWeele & Ding 2017."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.sensitivity import e_value


@pytest.mark.parametrize("case", ["evalue_rr_3.9", "evalue_rr_0.8"])
def test_published_risk_ratios(golden, case):
    inputs, out = golden[case]["inputs"], golden[case]["outputs"]
    found = e_value(inputs["RR"], inputs["lo"], inputs["hi"])
    assert found.estimate == pytest.approx(out["e_point"], rel=1e-11)
    assert found.limit == pytest.approx(out["e_ci"], rel=1e-11)


def test_an_odds_ratio_of_a_common_and_of_a_rare_outcome(golden):
    case = golden["evalue_or_common"]
    common = e_value(case["inputs"]["OR"], measure="or")
    assert common.estimate == pytest.approx(case["outputs"]["e_point"], rel=1e-11)
    assert common.limit is None
    rare = e_value(case["inputs"]["OR"], measure="rr")
    assert rare.estimate == pytest.approx(case["outputs"]["e_rare"], rel=1e-11)


def test_an_interval_that_holds_one_needs_no_confounding():
    assert e_value(0.8, 0.6, 1.1).limit == 1
    assert e_value(1.0, 1.0, 1.0) == (1, 1)
    assert e_value(2.0, 0.0, math.inf).limit == 1


@given(st.floats(0.01, 100), st.floats(1, 5), st.floats(1, 5))
def test_a_ratio_and_its_inverse_agree(ratio, down, up):
    low, high = ratio / down, ratio * up
    found = e_value(ratio, low, high)
    assert found == pytest.approx(e_value(1 / ratio, 1 / high, 1 / low), rel=1e-6)
    assert 1 <= found.limit <= found.estimate + 1e-9


@pytest.mark.parametrize(
    "bad", [(0,), (-1,), (math.inf,), (2, 3, 4), (2, 1), (2, 1, 3, "hr"), (2, -1, 3)]
)
def test_impossible_input_is_refused(bad):
    with pytest.raises(ValueError, match=r"must|unknown"):
        e_value(*bad)
