"""Rank tests from counts against R and scipy's row-level tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from metrics.estimate import NotEstimable
from metrics.ordinal import BrunnerMunzel, RankSum, brunner_munzel, rank_sum

tables = st.integers(2, 6).flatmap(
    lambda k: st.tuples(*[st.lists(st.integers(0, 12), min_size=k, max_size=k)] * 2)
)


def rows(counts) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def test_the_pain_scores_agree_with_the_paper(golden):
    case = golden["brunner_munzel_pain"]
    x, y = (np.bincount(case["inputs"][arm], minlength=6) for arm in ("x", "y"))
    found, out = brunner_munzel(x.tolist(), y.tolist()), case["outputs"]
    assert (found.statistic, found.df, found.p_value) == pytest.approx(
        (out["statistic"], out["df"], out["p_value"]), rel=1e-10
    )
    assert found.superiority == pytest.approx((out["p_superiority"], *out["ci"]), rel=1e-10)


def test_force_levels_agree_with_r(golden):
    case = golden["ranksum_force"]
    cit, other = case["inputs"]["cit"], case["inputs"]["noncit"]
    out, plain = case["outputs"], rank_sum(cit, other)
    assert plain.w == out["W_cit"]
    assert plain.higher == pytest.approx(out["auc_cit_gt_non"], rel=1e-11)
    assert plain.p_value == pytest.approx(out["p_nocc"], rel=1e-10)
    assert -plain.statistic == pytest.approx(out["coin_Z"], rel=1e-11)
    assert rank_sum(cit, other, continuity=True).p_value == pytest.approx(out["p_cc"], rel=1e-10)
    found, bm = brunner_munzel(cit, other), out["brunner_munzel"]
    assert (found.statistic, found.df, found.p_value) == pytest.approx(
        (bm["statistic"], bm["df"], bm["p_value"]), rel=1e-10
    )
    assert found.superiority == pytest.approx((bm["p_superiority"], *bm["ci"]), rel=1e-10)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_counts_agree_with_rows(table):
    first, second = table
    x, y = rows(first), rows(second)
    assume(len(x) and len(y) and len(np.unique(np.concatenate([x, y]))) > 1)
    ranked = rank_sum(first, second)
    expected = stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=False)
    assert (ranked.w, ranked.p_value) == pytest.approx((expected.statistic, expected.pvalue))
    found = brunner_munzel(first, second)
    if isinstance(found, NotEstimable):
        assert min(len(x), len(y)) < 2 or x.max() <= y.min() or y.max() <= x.min()
        return
    other = stats.brunnermunzel(x, y)
    assert (found.statistic, found.p_value) == pytest.approx(
        (other.statistic, other.pvalue), rel=1e-8, abs=1e-10
    )


@settings(max_examples=100, deadline=None)
@given(tables)
def test_swapping_arms_turns_the_sign(table):
    one, two = brunner_munzel(*table), brunner_munzel(*table[::-1])
    assert type(one) is type(two)
    if isinstance(one, BrunnerMunzel) and isinstance(two, BrunnerMunzel):
        assert one.statistic == pytest.approx(-two.statistic, abs=1e-9)
        assert one.p_value == pytest.approx(two.p_value, abs=1e-12)
        low, high = one.superiority.low, one.superiority.high
        assert (1 - high, 1 - low) == pytest.approx(two.superiority[1:], abs=1e-9)
    one, two = rank_sum(*table), rank_sum(*table[::-1])
    assert type(one) is type(two)
    if isinstance(one, RankSum) and isinstance(two, RankSum):
        assert one.statistic == pytest.approx(-two.statistic, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(tables, st.integers(0, 6))
def test_an_empty_level_changes_nothing(table, place):
    padded = [[*arm[:place], 0, *arm[place:]] for arm in table]
    assert brunner_munzel(*table) == brunner_munzel(*padded)
    assert rank_sum(*table) == rank_sum(*padded)


def test_degenerate_tables_say_why():
    for test in (brunner_munzel, rank_sum):
        assert isinstance(test([0, 0], [1, 2]), NotEstimable)
        assert isinstance(test([3, 0], [4, 0]), NotEstimable)
    assert "single" in brunner_munzel([0, 1], [4, 4]).reason
    assert "overlap" in brunner_munzel([5, 0], [0, 5]).reason
    assert isinstance(rank_sum([5, 0], [0, 5]), RankSum)


def test_ten_million_contacts():
    found = brunner_munzel([1, 10**7, 0], [1, 0, 10**7])
    assert isinstance(found, BrunnerMunzel) and found.p_value < 1e-10
    assert 0 <= found.superiority.low <= found.superiority.high <= 1
    assert rank_sum([10**7, 10**5], [10**7, 2 * 10**5]).statistic < -100


@pytest.mark.parametrize("bad", [([1], [1, 2]), ([], []), ([-1, 2], [1, 2]), ([1.5, 2], [1, 2])])
def test_impossible_counts_are_refused(bad):
    for test in (brunner_munzel, rank_sum):
        with pytest.raises(ValueError, match="must"):
            test(*bad)
    with pytest.raises(ValueError, match="level"):
        brunner_munzel([1, 2], [2, 1], level=2)
