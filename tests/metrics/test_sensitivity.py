"""E-values against VanderWeele & Ding 2017; bounds and tipping points of the missing."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.estimate import NotEstimable
from metrics.proportions import risk_difference, risk_ratio
from metrics.sensitivity import (
    TippingPoint,
    e_value,
    fill_missing,
    missing_bounds,
    tipping_point,
)


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


arms = st.tuples(st.integers(1, 60), st.integers(0, 60), st.integers(0, 30)).map(
    lambda a: (min(a[0], a[1]), a[0], a[2])
)


@given(arms, arms, st.data())
def test_every_way_of_filling_lies_within_the_bounds(cit, other, data):
    found = missing_bounds(*cit, *other)
    one = data.draw(st.integers(0, cit[2]))
    two = data.draw(st.integers(0, other[2]))
    n1, n0 = cit[1] + cit[2], other[1] + other[2]
    filled = risk_difference(cit[0] + one, n1, other[0] + two, n0)
    assert found.lowest.risk_difference.estimate <= filled.estimate + 1e-12
    assert found.highest.risk_difference.estimate >= filled.estimate - 1e-12
    assert found.difference.low <= filled.low + 1e-9
    assert found.difference.high >= filled.high - 1e-9


@given(arms, arms)
def test_bounds_swap_with_the_arms(cit, other):
    one, two = missing_bounds(*cit, *other), missing_bounds(*other, *cit)
    assert one.difference.low == pytest.approx(-two.difference.high, abs=1e-12)
    assert one.lowest.risk_difference.estimate == pytest.approx(
        -two.highest.risk_difference.estimate, abs=1e-12
    )


def test_bounds_by_hand():
    found = missing_bounds(20, 1000, 50, 40, 1000, 30)
    assert found.lowest[:4] == (20, 1050, 70, 1030)
    assert found.highest[:4] == (70, 1050, 40, 1030)
    assert found.recorded.risk_difference == risk_difference(20, 1000, 40, 1000)
    assert found.lowest.risk_ratio == risk_ratio(20, 1050, 70, 1030)
    assert found.ratio.high == risk_ratio(70, 1050, 40, 1030).high


def test_nothing_missing_leaves_one_comparison():
    found = missing_bounds(3, 10, 0, 5, 12, 0)
    assert found.recorded == found.lowest == found.highest


def test_bounds_of_empty_and_unrecorded_arms():
    assert isinstance(missing_bounds(0, 0, 0, 5, 10, 2).difference, NotEstimable)
    unrecorded = missing_bounds(0, 0, 10, 5, 10, 0)
    assert isinstance(unrecorded.recorded.risk_difference, NotEstimable)
    assert unrecorded.difference.low < -0.5 + 1e-9 and unrecorded.difference.high > 0.5
    assert isinstance(missing_bounds(0, 9, 0, 0, 9, 0).ratio, NotEstimable)


@given(arms, arms, st.sampled_from(["cit", "other"]), st.sampled_from(["interval", "sign"]))
def test_the_tipping_point_is_the_first(cit, other, arm, target):
    found = tipping_point(*cit, *other, arm=arm, target=target)
    recorded = risk_difference(*cit[:2], *other[:2])
    events, n, missing = cit if arm == "cit" else other

    def overturned(added: int) -> bool:
        here = (events + added, n + missing)
        d = risk_difference(*here, *other[:2]) if arm == "cit" else risk_difference(*cit[:2], *here)
        if target == "sign":
            return d.estimate * recorded.estimate <= 0
        return d.high >= 0 if recorded.estimate < 0 else d.low <= 0

    start = round(missing * events / n)
    up = (recorded.estimate < 0) == (arm == "cit")
    path = range(start, missing + 1) if up else range(start, -1, -1)
    tips = [added for added in path if overturned(added)]
    settled = recorded.low > 0 or recorded.high < 0
    if target == "sign":
        settled = recorded.estimate != 0
    if not (missing and settled and tips):
        assert isinstance(found, NotEstimable)
        return
    assert isinstance(found, TippingPoint)
    assert found.events == tips[0]
    assert found.share == pytest.approx(found.events / missing)


def test_a_tipping_point_by_hand():
    found = tipping_point(20, 1000, 50, 40, 1000, 30)
    assert (found.events, found.missing, found.recorded_risk) == (6, 50, 0.02)
    assert found.odds_multiple == pytest.approx((6 / 44) / (20 / 980))
    assert found.difference.high >= 0
    assert risk_difference(25, 1050, 40, 1000).high < 0
    assert tipping_point(20, 1000, 50, 40, 1000, 30, target="sign").events == 22


def test_why_there_is_no_tipping_point():
    for counts, words in [
        ((20, 1000, 0, 40, 1000, 30), "recorded"),
        ((20, 1000, 2, 40, 1000, 30), "cannot overturn"),
        ((39, 1000, 20, 40, 1000, 30), "not clear of 0"),
        ((0, 0, 20, 40, 1000, 30), "no contacts"),
    ]:
        assert words in tipping_point(*counts).reason


def counted() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "exposure": pd.array([True, False, None, True], dtype="boolean"),
            "n:force": [10, 20, 5, 7],
            "events:force": [1, 2, 1, 0],
            "missing:force": [3, 4, 2, 0],
            "n:arrest": [9, 9, 9, 9],
        }
    )


def test_missing_contacts_are_filled_by_arm():
    frame = counted()
    before = frame.copy()
    filled = fill_missing(frame, "force", "exposure", cit=True, other=False)
    assert frame.equals(before)
    assert filled["n:force"].tolist() == [13, 24, 5, 7]
    assert filled["events:force"].tolist() == [4, 2, 1, 0]
    assert filled["missing:force"].tolist() == [0, 0, 2, 0]
    assert filled["n:arrest"].equals(frame["n:arrest"])
    assert fill_missing(frame, "force", "exposure").equals(frame)
    one = fill_missing(frame, "force", "exposure", other=True)
    assert one["events:force"].tolist() == [1, 6, 1, 0]
    assert one["missing:force"].tolist() == [3, 0, 2, 0]


def test_filling_agrees_with_the_bounds():
    frame = counted().astype({"exposure": object})
    filled = fill_missing(frame, "force", "exposure", cit=False, other=True)
    sums = filled[filled["exposure"].notna()].groupby("exposure")[["events:force", "n:force"]].sum()
    found = missing_bounds(1, 17, 3, 2, 20, 4).lowest
    assert tuple(sums.loc[True]) == found[:2] and tuple(sums.loc[False]) == found[2:4]


def test_misuse_of_missing_counts_is_refused():
    with pytest.raises(ValueError, match="more than"):
        missing_bounds(3, 2, 0, 0, 1, 0)
    with pytest.raises(ValueError, match="0 or more"):
        missing_bounds(1, 2, -1, 0, 1, 0)
    with pytest.raises(ValueError, match="unknown"):
        tipping_point(1, 2, 1, 0, 1, 0, arm="both")
    with pytest.raises(KeyError):
        fill_missing(counted(), "jail", "exposure", cit=True)
