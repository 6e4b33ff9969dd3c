"""Mantel-Haenszel against R, published values and statsmodels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable

from metrics.estimate import Estimate, NotEstimable, Test
from metrics.proportions import odds_ratio, risk_ratio
from metrics.stratified import MantelHaenszel, mantel_haenszel

Golden = dict[str, dict[str, Any]]

CIT_CASES = [
    f"mh_cit_{outcome}_{strata}"
    for outcome in ("force", "arrest")
    for strata in ("call_type", "call_x_violence")
]


def found(result: Any) -> Estimate:
    assert isinstance(result, Estimate), result
    return result


def checked(result: Any) -> Test:
    assert isinstance(result, Test), result
    return result


def admissions(golden: Golden) -> np.ndarray:
    """Men against women by department: R's array has the outcome in its rows."""
    return np.swapaxes(np.array(golden["mh_ucb"]["inputs"]["strata"]), 1, 2)


def check_against_r(result: MantelHaenszel, expected: dict[str, Any]) -> None:
    odds = found(result.odds_ratio)
    assert odds.estimate == pytest.approx(expected["or_mh"], rel=1e-9)
    assert odds[1:] == pytest.approx(tuple(expected["or_ci"]), rel=1e-9)
    risk = found(result.risk_ratio)
    assert risk.estimate == pytest.approx(expected["rr_mh"], rel=1e-9)
    assert risk[1:] == pytest.approx(tuple(expected["rr_ci"]), rel=1e-9)
    difference = found(result.risk_difference)
    assert difference.estimate == pytest.approx(expected["rd_mh"], abs=1e-12)
    error = (difference.high - difference.low) / (2 * 1.959963984540054)
    assert error == pytest.approx(expected["rd_se_sato"], rel=1e-9)
    cmh, same = checked(result.cmh), checked(result.homogeneity)
    assert cmh.statistic == pytest.approx(expected["cmh_no_cc"]["statistic"], rel=1e-9)
    assert cmh.p_value == pytest.approx(expected["cmh_no_cc"]["p_value"], rel=1e-9)
    assert same.statistic == pytest.approx(expected["tarone"], rel=1e-9)
    assert same.p_value == pytest.approx(expected["tarone_p"], rel=1e-9)
    assert same.method == f"Breslow-Day test with Tarone's correction, {expected['df']} df"


def test_admissions_match_r(golden: Golden) -> None:
    result = mantel_haenszel(admissions(golden))
    check_against_r(result, golden["mh_ucb"]["outputs"])
    assert (result.strata_used, result.strata_dropped) == (6, 0)


@pytest.mark.parametrize("case", CIT_CASES)
def test_cit_strata_match_r(golden: Golden, case: str) -> None:
    result = mantel_haenszel(golden[case]["inputs"]["strata"])
    check_against_r(result, golden[case]["outputs"])


def test_admissions_match_epir(golden: Golden) -> None:
    result, expected = mantel_haenszel(admissions(golden)), golden["mh_ucb_epir"]["outputs"]
    assert tuple(found(result.odds_ratio)) == pytest.approx(tuple(expected["OR_mh"]), rel=1e-9)
    assert tuple(found(result.risk_ratio)) == pytest.approx(tuple(expected["RR_mh"]), rel=1e-9)
    # epiR gives the difference in percent.
    percent = tuple(100 * value for value in found(result.risk_difference))
    assert percent == pytest.approx(tuple(expected["RD_mh_sato"]), rel=1e-9)
    assert percent[0] == pytest.approx(expected["RD_mh"][0], rel=1e-9)


def test_the_published_reversal(golden: Golden) -> None:
    tables = admissions(golden)
    result = mantel_haenszel(tables)
    adjusted = found(result.odds_ratio)
    assert adjusted.estimate == pytest.approx(0.904696828, abs=5e-10)
    assert adjusted[1:] == pytest.approx((0.771907, 1.060330), abs=5e-7)
    assert checked(result.homogeneity).statistic == pytest.approx(18.825501, abs=5e-7)
    (a, b), (c, d) = tables.sum(axis=0)
    crude = found(odds_ratio(a, a + b, c, c + d, method="woolf"))
    assert crude.estimate == pytest.approx(1.841080, abs=5e-7)


def stratified_table(tables: np.ndarray) -> StratifiedTable:
    return StratifiedTable([table.astype(float) for table in tables])


def test_statsmodels_agrees_with_zeros_in_strata() -> None:
    tables = np.array(
        [[[0, 12], [3, 20]], [[4, 9], [0, 15]], [[7, 30], [11, 25]], [[2, 3], [5, 1]]]
    )
    result, theirs = mantel_haenszel(tables, level=0.9), stratified_table(tables)
    odds = found(result.odds_ratio)
    assert odds.estimate == pytest.approx(theirs.oddsratio_pooled, rel=1e-9)
    assert odds[1:] == pytest.approx(theirs.oddsratio_pooled_confint(0.1), rel=1e-9)
    assert found(result.risk_ratio).estimate == pytest.approx(theirs.riskratio_pooled, rel=1e-9)
    cmh = theirs.test_null_odds(correction=False)
    assert checked(result.cmh)[:2] == pytest.approx((cmh.statistic, cmh.pvalue), rel=1e-9)
    same = theirs.test_equal_odds(adjust=True)
    assert checked(result.homogeneity)[:2] == pytest.approx((same.statistic, same.pvalue), rel=1e-7)


def test_one_pair_strata_give_mcnemar() -> None:
    discordant = [[[1, 0], [0, 1]]] * 15 + [[[0, 1], [1, 0]]] * 5
    concordant = [[[1, 0], [1, 0]]] * 40 + [[[0, 1], [0, 1]]] * 40
    result = mantel_haenszel(discordant + concordant)
    assert found(result.odds_ratio).estimate == pytest.approx(3)
    assert checked(result.cmh).statistic == pytest.approx((15 - 5) ** 2 / 20)
    assert found(result.risk_difference).estimate == pytest.approx(0.1)
    error = (20 - 10**2 / 100) ** 0.5 / 100  # the variance of a paired difference
    assert found(result.risk_difference).high == pytest.approx(0.1 + 1.959963984540054 * error)


def test_what_cannot_be_pooled_says_why() -> None:
    for nothing in ([], np.zeros((0, 2, 2)), [[[3, 4], [0, 0]]], np.zeros((3, 2, 2), int)):
        result = mantel_haenszel(nothing)
        assert all(isinstance(part, NotEstimable) and part.reason for part in result[:5])
        assert result.strata_used == 0
    never = mantel_haenszel([[[0, 5], [0, 9]], [[0, 6], [0, 3]]])
    assert all(isinstance(part, NotEstimable) for part in never[:5])
    assert never.strata_used == 2
    always = mantel_haenszel([[[5, 0], [9, 0]], [[6, 0], [3, 0]]])
    assert all(isinstance(part, NotEstimable) for part in always[:5])
    one_sided = mantel_haenszel([[[0, 5], [2, 9]], [[0, 6], [1, 3]]])
    assert found(one_sided.risk_difference).estimate < 0
    assert checked(one_sided.cmh).p_value < 1
    for part in (one_sided.risk_ratio, one_sided.odds_ratio, one_sided.homogeneity):
        assert isinstance(part, NotEstimable)
    # Complete separation: the difference is 1 and its estimated variance 0.
    split = mantel_haenszel([[[10, 0], [0, 20]]])
    assert isinstance(split.risk_difference, NotEstimable)


def test_uninformative_strata_take_no_degree_of_freedom() -> None:
    tables = [[[3, 7], [5, 6]], [[2, 8], [1, 9]]]
    plain = mantel_haenszel(tables)
    padded = mantel_haenszel([*tables, [[0, 4], [0, 6]], [[5, 0], [5, 0]]])
    assert padded.homogeneity == plain.homogeneity
    assert padded.odds_ratio == plain.odds_ratio
    assert padded.cmh == plain.cmh
    assert padded.strata_used == 4
    difference, diluted = found(plain.risk_difference), found(padded.risk_difference)
    assert abs(diluted.estimate) < abs(difference.estimate)


@pytest.mark.parametrize(
    "tables",
    [
        [[1, 2], [3, 4]],
        [[[1, 2, 3], [3, 4, 5]]],
        [[[1, -2], [3, 4]]],
        [[[1, 2.5], [3, 4]]],
        [[[1, math.nan], [3, 4]]],
        [[["a", 2], [3, 4]]],
        [[[1, 2], [3, 4]], [[1, 2]]],
    ],
)
def test_bad_tables_are_refused(tables: Any) -> None:
    with pytest.raises(ValueError, match="tables"):
        mantel_haenszel(tables)


def test_bad_level_is_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        mantel_haenszel([[[1, 2], [3, 4]]], level=1)


def test_ten_million_contacts_in_a_stratum() -> None:
    tables = np.array([[[3, 10**7], [9, 10**7]], [[10**6, 10**7], [10**6 + 500, 10**7]]])
    result, theirs = mantel_haenszel(tables), stratified_table(tables)
    assert found(result.odds_ratio).estimate == pytest.approx(theirs.oddsratio_pooled, rel=1e-9)
    assert found(result.odds_ratio)[1:] == pytest.approx(
        theirs.oddsratio_pooled_confint(), rel=1e-9
    )
    assert checked(result.homogeneity).statistic == pytest.approx(3.0, abs=0.5)
    assert found(result.risk_difference).low < found(result.risk_difference).high


def test_lopsided_strata_stay_finite() -> None:
    thin = mantel_haenszel([[[9514062, 1], [1, 0]], [[18, 191], [0, 67]]])
    assert isinstance(thin.odds_ratio, NotEstimable)
    assert "too few" in thin.odds_ratio.reason
    tiny_cells = mantel_haenszel([[[3, 2136310], [214, 2]], [[3673184, 4], [6, 0]]])
    statistic = checked(tiny_cells.homogeneity).statistic
    assert statistic is not None
    assert statistic >= 0


# --- properties -----------------------------------------------------------------------------

TABLES = st.lists(
    st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2), min_size=2, max_size=2),
    min_size=1,
    max_size=6,
)


def same(one: MantelHaenszel, two: MantelHaenszel, rel: float = 1e-9) -> None:
    for first, second in zip(one[:5], two[:5], strict=True):
        assert type(first) is type(second)
        if isinstance(first, NotEstimable):
            assert first == second
        else:
            assert first[:2] == pytest.approx(second[:2], rel=rel, abs=1e-10)
            assert first[2] == (
                pytest.approx(second[2], rel=rel, abs=1e-10)
                if isinstance(first, Estimate)
                else second[2]
            )


@settings(max_examples=200, deadline=None)
@given(TABLES)
def test_limits_bracket_and_nothing_is_nan(tables: list[list[list[int]]]) -> None:
    result = mantel_haenszel(tables)
    for part in result[:3]:
        if isinstance(part, Estimate):
            assert all(math.isfinite(value) for value in part)
            assert part.low <= part.estimate <= part.high
        else:
            assert part.reason
    for test in (result.cmh, result.homogeneity):
        if isinstance(test, Test):
            assert test.statistic is not None
            assert test.statistic >= 0
            assert 0 <= test.p_value <= 1
    assert result.strata_used + result.strata_dropped == len(tables)


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_swapping_the_arms_turns_results_round(tables: list[list[list[int]]]) -> None:
    one, two = mantel_haenszel(tables), mantel_haenszel(np.array(tables)[:, ::-1])
    if isinstance(one.risk_difference, Estimate):
        turned = found(two.risk_difference)
        assert (-turned.estimate, -turned.high, -turned.low) == pytest.approx(
            tuple(one.risk_difference), abs=1e-10
        )
    for first, second in ((one.risk_ratio, two.risk_ratio), (one.odds_ratio, two.odds_ratio)):
        assert type(first) is type(second)
        if isinstance(first, Estimate):
            back = found(second)
            assert (1 / back.estimate, 1 / back.high, 1 / back.low) == pytest.approx(
                tuple(first), rel=1e-9
            )
    for first, second in ((one.cmh, two.cmh), (one.homogeneity, two.homogeneity)):
        assert type(first) is type(second)
        if isinstance(first, Test):
            assert first[:2] == pytest.approx(checked(second)[:2], rel=1e-7, abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(TABLES, st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_a_stratum_without_one_arm_changes_nothing(
    tables: list[list[list[int]]], events: int, others: int, first: bool
) -> None:
    alone = [[events, others], [0, 0]] if first else [[0, 0], [events, others]]
    with_it = mantel_haenszel([*tables, alone])
    plain = mantel_haenszel(tables)
    assert with_it[:6] == plain[:6]
    assert with_it.strata_dropped == plain.strata_dropped + 1


@settings(max_examples=100, deadline=None)
@given(TABLES, st.randoms())
def test_the_order_of_strata_does_not_matter(tables: list[list[list[int]]], random: Any) -> None:
    shuffled = list(tables)
    random.shuffle(shuffled)
    same(mantel_haenszel(tables), mantel_haenszel(shuffled), rel=1e-7)


@settings(max_examples=100, deadline=None)
@given(*[st.integers(0, 60)] * 4)
def test_one_stratum_is_the_crude_table(a: int, b: int, c: int, d: int) -> None:
    result = mantel_haenszel([[[a, b], [c, d]]])
    assert isinstance(result.homogeneity, NotEstimable)
    if isinstance(result.odds_ratio, Estimate) and min(a, b, c, d):
        crude = found(odds_ratio(a, a + b, c, c + d, method="woolf"))
        assert tuple(result.odds_ratio) == pytest.approx(tuple(crude), rel=1e-9)
    if isinstance(result.risk_ratio, Estimate):
        crude = found(risk_ratio(a, a + b, c, c + d, method="katz"))
        assert tuple(result.risk_ratio) == pytest.approx(tuple(crude), rel=1e-9)
    if isinstance(result.risk_difference, Estimate):
        difference = a / (a + b) - c / (c + d)
        assert result.risk_difference.estimate == pytest.approx(difference, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(*[st.integers(1, 40)] * 4, st.integers(2, 6))
def test_copies_of_a_stratum_keep_the_estimate(a: int, b: int, c: int, d: int, k: int) -> None:
    """Splitting contacts into k like strata keeps estimates; their log errors add as crude."""
    table = np.array([[a, b], [c, d]])
    split, whole = mantel_haenszel([table] * k), mantel_haenszel([table * k])
    assert tuple(found(split.odds_ratio)) == pytest.approx(tuple(found(whole.odds_ratio)))
    assert tuple(found(split.risk_ratio)) == pytest.approx(tuple(found(whole.risk_ratio)))
    assert found(split.risk_difference).estimate == pytest.approx(
        found(whole.risk_difference).estimate, abs=1e-12
    )
    assert checked(split.homogeneity).statistic == pytest.approx(0, abs=1e-9)
