"""Standardised risks, their contrasts and the influence of single officers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.estimate import Estimate, NotEstimable
from metrics.proportions import risk_difference, wilson
from metrics.regression import Categorical, fit, group, influential, standardise, without
from metrics.standardisation import mover
from tests.conftest import GOLDEN

OUTCOMES = ["force", "arrest"]
TERMS = ["cit", "violence", "night", Categorical("call_type", "disturbance")]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


@pytest.fixture(scope="module")
def grouped(rows):
    return group(rows, TERMS, "officer_id")


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_default_contrasts_agree_with_r(grouped, outcome):
    case = json.loads((GOLDEN / "golden_kc.json").read_text())[outcome]
    result = standardise(fit(grouped, events=outcome), "cit")
    for ours, theirs in [(result.difference, "rd"), (result.log_risk_ratio, "log_rr")]:
        assert ours.estimate == pytest.approx(case[theirs]["estimate"], rel=1e-9)
        assert ours.se == pytest.approx(case[theirs]["se"], rel=1e-9)
        assert ours.df == pytest.approx(case[theirs]["df"], rel=1e-9)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_g_computation_agrees_with_marginaleffects(golden, grouped, outcome):
    out = golden[f"gcomp_{outcome}"]["outputs"]
    result = standardise(fit(grouped, events=outcome, se="CR1"), "cit")
    assert result.risk1.estimate == pytest.approx(out["risk1"], rel=1e-9)
    assert result.risk0.estimate == pytest.approx(out["risk0"], rel=1e-9)
    assert result.difference.estimate == pytest.approx(out["rd"], rel=1e-9)
    assert result.difference.se == pytest.approx(out["rd_se"], rel=1e-9)
    assert result.risk_ratio.estimate == pytest.approx(out["rr"], rel=1e-9)
    assert result.log_risk_ratio.se == pytest.approx(out["log_rr_se"], rel=1e-9)


def test_fields_hang_together(rows, grouped):
    result = standardise(fit(grouped, events="force"), "cit")
    low, high = result.risk1, result.risk0
    assert 0 < low.low < low.estimate < low.high < 1
    assert result.risk_difference.estimate == pytest.approx(low.estimate - high.estimate)
    assert result.risk_ratio.estimate == pytest.approx(low.estimate / high.estimate)
    odds = [r.estimate / (1 - r.estimate) for r in (low, high)]
    assert result.odds_ratio.estimate == pytest.approx(odds[0] / odds[1])
    wald = result.risk_difference_wald
    assert wald.estimate - wald.low == pytest.approx(wald.high - wald.estimate)
    assert (
        result.risk_difference.low < result.risk_difference.estimate < result.risk_difference.high
    )
    assert (result.test.p_value < 0.05) == (result.risk_ratio.high < 1)
    assert "CR2" in result.test.method
    arm = rows[rows.cit == 1]
    assert (result.contacts1, result.events1) == (len(arm), arm.force.sum())
    assert result.contacts1 + result.contacts0 == len(rows)


@pytest.mark.parametrize("family", ["logit", "poisson", "linear"])
@pytest.mark.parametrize("kind", ["CR2", "HC2", "model"])
def test_swapping_the_exposure_turns_the_contrasts_round(rows, family, kind):
    common = {"events": "force", "cluster": "officer_id", "family": family, "se": kind}
    one = standardise(fit(rows, terms=TERMS, **common), "cit")
    two = standardise(fit(rows.assign(cit=1 - rows.cit), terms=TERMS, **common), "cit")
    assert two.risk1 == pytest.approx(one.risk0, rel=1e-10)
    rd, turned = one.risk_difference, two.risk_difference
    assert turned == pytest.approx((-rd.estimate, -rd.high, -rd.low), rel=1e-9)
    for ours, theirs in [(one.risk_ratio, two.risk_ratio), (one.odds_ratio, two.odds_ratio)]:
        assert theirs == pytest.approx((1 / ours.estimate, 1 / ours.high, 1 / ours.low), rel=1e-9)
    assert two.test.p_value == pytest.approx(one.test.p_value, rel=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=4, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_without_covariates_the_risks_are_the_observed_ones(counts, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(counts, columns=["y", "other"])
    frame = frame.assign(n=frame.y + frame.other, o=np.arange(len(frame)))
    frame["cit"] = rng.permutation(np.arange(len(frame)) % 2)
    observed = frame.groupby("cit")[["y", "n"]].sum()
    for family in ("logit", "poisson", "linear"):
        result = standardise(
            fit(frame, events="y", trials="n", terms=["cit"], cluster="o", family=family), "cit"
        )
        rates = observed.y / observed.n
        if not isinstance(result.difference, NotEstimable):
            assert result.difference.estimate == pytest.approx(rates[1] - rates[0], abs=1e-9)
        if isinstance(result.risk_ratio, Estimate):
            assert result.risk_ratio.estimate == pytest.approx(rates[1] / rates[0], rel=1e-9)
        assert result.contacts0 == observed.n[0]


def test_an_interaction_standardises_each_arm_alone(rows):
    terms = ["cit", "violence", "cit:violence"]
    result = standardise(fit(rows, events="force", terms=terms, cluster="officer_id"), "cit")
    share = rows.violence.mean()
    rate = rows.groupby(["cit", "violence"]).force.mean()
    expected = share * rate[1, 1] + (1 - share) * rate[1, 0]
    assert result.risk1.estimate == pytest.approx(expected, rel=1e-10)


def test_mover_without_correlation_on_wilson_limits_is_newcombe():
    ours = mover(wilson(56, 70), wilson(48, 80))
    assert ours == pytest.approx(risk_difference(56, 70, 48, 80, method="newcombe"), rel=1e-10)
    low = mover(Estimate(0.2, 0.1, 0.3), Estimate(0.3, 0.2, 0.4), 1.0)
    assert low == pytest.approx((-0.1, -0.1, -0.1), abs=1e-12)
    assert isinstance(mover(NotEstimable("x"), low), NotEstimable)


def test_what_cannot_be_standardised_says_why(rows):
    common = {"events": "force", "cluster": "officer_id"}
    constant = standardise(fit(rows[rows.cit == 1], terms=["cit", "night"], **common), "cit")
    assert isinstance(constant, NotEstimable) and "one arm" in constant.reason
    for terms in (["cit", "twin", "night"], ["twin", "cit", "night"]):
        tied = standardise(fit(rows.assign(twin=1 - rows.cit), terms=terms, **common), "cit")
        assert isinstance(tied, NotEstimable) and "told apart" in tied.reason
    result = fit(
        rows.assign(arm=rows.cit.map({0: "no", 1: "yes"})), terms=["arm", "years"], **common
    )
    for name in ("arm", "years", "nothing"):
        with pytest.raises(ValueError, match=name):
            standardise(result, name)


def test_a_linear_risk_outside_its_bounds_keeps_only_the_wald_difference():
    frame = pd.DataFrame({"cit": [0, 0, 1], "x": [0, 1, 1], "y": [10, 39, 1], "n": [400, 40, 40]})
    result = standardise(
        fit(frame, events="y", trials="n", terms=["cit", "x"], se="HC0", family="linear"), "cit"
    )
    assert "outside" in result.risk_difference.reason
    assert isinstance(result.risk_ratio, NotEstimable)
    assert isinstance(result.risk_difference_wald, Estimate)


def test_influence_finds_the_officer_who_carries_an_arm(rows):
    rng = np.random.default_rng(1)
    heavy = pd.DataFrame({"cit": 1, "violence": rng.integers(0, 2, 400), "officer_id": "O999"})
    heavy = heavy.assign(night=rng.integers(0, 2, 400), call_type="welfare", force=1)
    heavy.loc[::3, "force"] = 0
    fitted = fit(pd.concat([rows, heavy]), events="force", terms=TERMS, cluster="officer_id")
    found = influential(fitted, "cit")
    assert found.most == "O999"
    assert found.max_share == pytest.approx(400 / (400 + (rows.cit == 1).sum()))
    assert found.share1.sum() == pytest.approx(1)
    assert found.share0.sum() == pytest.approx(1)
    for leverage in (found.leverage1, found.leverage0, found.leverage_ratio):
        assert leverage.sum() == pytest.approx(1)
        assert np.all(leverage <= found.leverage_any + 1e-12)
    assert found.leverage_any.max() <= 1
    assert found.max_leverage == pytest.approx(found.leverage1.max())


def test_one_step_changes_are_near_the_exact_ones(rows, grouped):
    fitted = fit(grouped, events="force")
    whole = standardise(fitted, "cit")
    found = influential(fitted, "cit")
    order = np.argsort(-np.abs(found.change_log_ratio))[:5]
    assert found.most == found.officers[order[0]]
    for j in order:
        rest = standardise(without(fitted, found.officers[j]), "cit")
        exact = rest.log_risk_ratio.estimate - whole.log_risk_ratio.estimate
        assert found.change_log_ratio[j] == pytest.approx(exact, rel=0.1)
        exact = rest.difference.estimate - whole.difference.estimate
        assert found.change_difference[j] == pytest.approx(exact, rel=0.1)


def test_one_step_changes_are_exact_for_a_linear_model(rows):
    fitted = fit(rows, events="force", terms=TERMS, cluster="officer_id", family="linear")
    whole, found = standardise(fitted, "cit"), influential(fitted, "cit")
    for j in (0, 17, 63):
        rest = standardise(without(fitted, found.officers[j]), "cit")
        exact = rest.difference.estimate - whole.difference.estimate
        assert found.change_difference[j] == pytest.approx(exact, rel=1e-8)


def test_an_arm_of_one_officer_cannot_do_without_them(rows):
    frame = rows.assign(cit=(rows.officer_id == "O001").astype(int))
    fitted = fit(frame, events="arrest", terms=["cit", "night"], cluster="officer_id")
    found = influential(fitted, "cit")
    assert found.most == "O001"
    assert np.isinf(found.change_difference[0])
    assert found.max_share == 1
    result = standardise(fitted, "cit")
    for value in (result.risk_difference, result.risk_ratio, result.test, result.difference):
        assert isinstance(value, NotEstimable)


def test_influence_refuses_what_it_cannot_answer(rows):
    with pytest.raises(ValueError, match="influence"):
        influential(fit(rows, events="force", terms=["cit"], se="HC0"), "cit")
    one_arm = fit(rows[rows.cit == 0], events="force", terms=["cit"], cluster="officer_id")
    assert isinstance(influential(one_arm, "cit"), NotEstimable)
