"""The likeness of one officer's contacts against R and against an analysis of variance on rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.clustering import Clustering, design_effect, effective_officers, icc
from metrics.estimate import NotEstimable
from tests.conftest import GOLDEN


@pytest.fixture(scope="module")
def contacts() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


@pytest.mark.parametrize("outcome", ["force", "arrest"])
def test_r(golden, contacts, outcome):
    expected = golden[f"icc_{outcome}"]["outputs"]
    counts = contacts.groupby("officer_id")[outcome].agg(["sum", "count"])
    found = icc(counts["sum"], counts["count"])
    assert isinstance(found, Clustering)
    assert found.icc == pytest.approx(expected["icc_anova"], rel=1e-11)
    assert found.n0 == pytest.approx(expected["n0"], rel=1e-11)
    assert found.mean_size == pytest.approx(expected["mean_size"], rel=1e-12)
    assert found.deff_mean == pytest.approx(expected["deff_mean_size"], rel=1e-11)
    assert found.deff == pytest.approx(expected["deff_size_weighted"], rel=1e-11)
    assert (found.officers, found.contacts) == (120, 2052)


def test_within_groups_is_an_anova_with_officers_nested(contacts):
    from statsmodels.formula.api import ols
    from statsmodels.stats.anova import anova_lm

    part = contacts[contacts["officer_id"] <= "O040"].copy()
    part["cell"] = part["officer_id"] + part["cit"].astype(str)
    counts = part.groupby(["cell", "cit"])["arrest"].agg(["sum", "count"]).reset_index()
    found = icc(counts["sum"], counts["count"], counts["cit"])
    assert isinstance(found, Clustering)
    table = anova_lm(ols("arrest ~ C(cit)", part).fit(), ols("arrest ~ C(cell)", part).fit())
    between = table["ss_diff"].iloc[1] / table["df_diff"].iloc[1]
    within = table["ssr"].iloc[1] / table["df_resid"].iloc[1]
    assert found.icc == pytest.approx(
        (between - within) / (between + (found.n0 - 1) * within), rel=1e-9
    )
    # Without the group, the difference between groups would pass for likeness.
    shifted = counts.assign(sum=np.where(counts["cit"] == 1, counts["count"], 0))
    assert icc(shifted["sum"], shifted["count"]).icc == pytest.approx(1.0)
    assert isinstance(icc(shifted["sum"], shifted["count"], shifted["cit"]), NotEstimable)


def test_officers_whose_contacts_all_agree_are_wholly_alike():
    assert icc([10, 0, 10, 0], [10, 10, 10, 10]).icc == pytest.approx(1.0)


def test_officers_all_at_one_rate_are_less_alike_than_chance():
    found = icc([5, 5, 5], [10, 10, 10])
    assert found.icc == pytest.approx(-1 / 9)
    assert found.deff_mean == pytest.approx(0.0, abs=1e-12)


def test_the_truth_is_found():
    rng = np.random.default_rng(7)
    rate = rng.beta(0.2 * 9, 0.8 * 9, 4000)  # icc = 1 / (1 + 9)
    n = rng.integers(2, 60, 4000)
    assert icc(rng.binomial(n, rate), n).icc == pytest.approx(0.1, abs=0.01)


counted = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50)).map(lambda p: (min(p), max(p))),
    min_size=1,
    max_size=12,
)


@settings(max_examples=200)
@given(counted)
def test_order_and_empty_officers_change_nothing_and_swapping_the_outcome_neither(rows):
    y, n = (list(column) for column in zip(*rows, strict=True))
    found = icc(y, n)
    again = icc([*y[::-1], 0], [*n[::-1], 0])
    other = icc([b - a for a, b in rows], n)
    if isinstance(found, NotEstimable):
        assert again == found
        assert other == found
        return
    assert found.icc <= 1 + 1e-12
    assert np.isfinite(found).all()
    assert again == pytest.approx(found, rel=1e-9, abs=1e-12)
    assert other == pytest.approx(found, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("events", "trials", "words"),
    [
        ([], [], "two officers"),
        ([3], [10], "two officers"),
        ([0, 0], [0, 5], "two officers"),
        ([0, 1, 0], [1, 1, 1], "two contacts"),
        ([0, 0], [9, 5], "No contact differs"),
        ([9, 5], [9, 5], "No contact differs"),
    ],
)
def test_what_cannot_be_estimated(events, trials, words):
    found = icc(events, trials)
    assert isinstance(found, NotEstimable)
    assert words in found.reason


def test_ten_million_contacts():
    found = icc([10**6, 2 * 10**6], [10**7, 10**7])
    assert 0 < found.icc < 0.1


def test_design_effect_and_effective_officers():
    assert design_effect(0.05, 21) == pytest.approx(2.0)
    assert effective_officers([7, 7, 7]) == pytest.approx(3.0)
    assert effective_officers([1000, 1, 1]) == pytest.approx(1.004, abs=1e-3)
    assert isinstance(effective_officers([0, 0]), NotEstimable)
    assert isinstance(effective_officers([]), NotEstimable)


@pytest.mark.parametrize(
    "call",
    [
        lambda: icc([1], [1, 2]),
        lambda: icc([2], [1]),
        lambda: icc([-1], [1]),
        lambda: icc([1], [2], ["a", "b"]),
        lambda: effective_officers([-1]),
    ],
)
def test_impossible_input_is_refused(call):
    with pytest.raises(ValueError, match=r"must"):
        call()
