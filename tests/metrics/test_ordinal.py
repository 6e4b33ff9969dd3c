"""Proportional odds against R, statsmodels, its binary special case and its invariances."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from statsmodels.miscmodels.ordinal_model import OrderedModel

from metrics import regression
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.ordinal import ProportionalOdds, cut_points, proportional_odds
from metrics.regression import Categorical
from tests.conftest import GOLDEN

TERMS = ["cit", "violence", "night", Categorical("call_type", "disturbance")]
KEYS = ["cit", "violence", "night", "call_type", "officer_id"]
COLUMNS = [f"force{level}" for level in range(5)]


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


@pytest.fixture(scope="module")
def wide(rows) -> pd.DataFrame:
    table = pd.crosstab([rows[key] for key in KEYS], rows["force_level"])
    table.columns = COLUMNS
    return table.reset_index()


@pytest.fixture(scope="module")
def fitted(rows) -> ProportionalOdds:
    return proportional_odds(rows, level="force_level", terms=TERMS)


def as_r(values: dict[str, float]) -> dict[str, float]:
    return {name.replace("[", "").replace("]", ""): value for name, value in values.items()}


def simulated(seed: int, size: int, officers: int, levels: int = 3) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "cit": draw.integers(0, 2, size),
            "age": draw.integers(0, 4, size),
            "kind": draw.choice(["a", "b", "c"], size),
            "officer": draw.integers(0, officers, size),
        }
    )
    latent = 0.7 * frame.cit - 0.2 * frame.age + draw.logistic(size=size)
    frame["y"] = np.digitize(latent, np.linspace(-1, 1.2, levels - 1))
    return frame


def test_estimates_agree_with_r(golden, fitted):
    out = golden["polr_force"]["outputs"]
    assert as_r(fitted.coefficients) | fitted.zeta == pytest.approx(out["clm_coef"], rel=1e-9)
    assert as_r(fitted.se) == pytest.approx(out["clm_se"], rel=1e-9)
    # polr stops earlier.
    assert as_r(fitted.coefficients) == pytest.approx(out["coef"], rel=1e-7)
    assert fitted.zeta == pytest.approx(out["zeta"], rel=1e-7)
    assert as_r(fitted.se) == pytest.approx(out["se"], rel=1e-7)
    assert fitted.log_likelihood == pytest.approx(out["logLik"], rel=1e-10)


def test_proportionality_agrees_with_r(golden, fitted):
    out = golden["polr_force"]["outputs"]["nominal_test"]
    for term, statistic, p in zip(out["term"], out["LRT"], out["p"], strict=True):
        found = fitted.proportionality(term)
        assert (found.statistic, found.p_value) == pytest.approx((statistic, p), rel=1e-8)
    everything = fitted.proportionality()
    assert everything.statistic > max(out["LRT"]) and everything.p_value < 1e-5
    with pytest.raises(KeyError):
        fitted.proportionality("weapon")


def test_clustered_errors_agree_with_r(golden, rows):
    found = proportional_odds(
        rows, level="force_level", terms=TERMS, cluster="officer_id", se="CR0"
    )
    out = golden["polr_force"]["outputs"]["se_cr0"]
    assert as_r(found.se) == pytest.approx(out, rel=3e-7)  # R's bread is polr's
    one = proportional_odds(rows, level="force_level", terms=TERMS, cluster="officer_id", se="CR1")
    assert one.se["cit"] == pytest.approx(found.se["cit"] * np.sqrt(120 / 119), rel=1e-12)
    two = proportional_odds(rows, level="force_level", terms=TERMS, cluster="officer_id")
    assert two.error == "CR2" and two.clusters == 120
    assert two.se["cit"] > one.se["cit"]
    assert 30 < two.df["cit"] < 119
    robust = two.proportionality("violence")
    assert "officer-clustered" in robust.method and robust.p_value < 0.001


@pytest.mark.parametrize("error", ["model", "CR0", "CR1", "CR2"])
def test_grouped_counts_agree_with_rows(rows, wide, error):
    cluster = None if error == "model" else "officer_id"
    one = proportional_odds(rows, level="force_level", terms=TERMS, cluster=cluster, se=error)
    two = proportional_odds(wide, levels=COLUMNS, terms=TERMS, cluster=cluster, se=error)
    assert list(two.zeta) == ["force0|force1", "force1|force2", "force2|force3", "force3|force4"]
    assert list(two.zeta.values()) == pytest.approx(list(one.zeta.values()), rel=1e-9)
    assert two.coefficients == pytest.approx(one.coefficients, rel=1e-9)
    assert list(two.se.values()) == pytest.approx(list(one.se.values()), rel=1e-9)
    assert list(two.df.values()) == pytest.approx(list(one.df.values()), rel=1e-9)
    left, right = one.proportionality("cit"), two.proportionality("cit")
    assert (left.statistic, left.p_value) == pytest.approx((right.statistic, right.p_value))
    assert (one.n, one.clusters) == (two.n, two.clusters)


@pytest.mark.parametrize("error", ["model", "CR0", "CR1", "CR2"])
def test_two_levels_are_a_logistic_regression(rows, error):
    cluster = None if error == "model" else "officer_id"
    one = proportional_odds(rows, level="force", terms=TERMS, cluster=cluster, se=error)
    two = regression.fit(rows, events="force", terms=TERMS, cluster=cluster, se=error)
    for name in one.names:
        assert one.coefficient(name) == pytest.approx(two.coefficient(name), rel=1e-8)
    assert -one.zeta["0|1"] == pytest.approx(two.coefficients["(Intercept)"], rel=1e-8)
    assert one.se["0|1"] == pytest.approx(two.se["(Intercept)"], rel=1e-8)
    assert isinstance(one.proportionality(), NotEstimable)


def test_statsmodels_fits_the_same():
    frame = simulated(1, 400, 20, levels=4)
    found = proportional_odds(frame, level="y", terms=["cit", "age"])
    other = OrderedModel(frame.y, frame[["cit", "age"]], distr="logit").fit(
        method="newton", disp=False, tol=1e-12
    )
    assert list(found.coefficients.values()) == pytest.approx(other.params[:2].tolist(), rel=1e-6)
    assert list(found.se.values())[-2:] == pytest.approx(other.bse[:2].tolist(), rel=1e-4)
    assert found.log_likelihood == pytest.approx(other.llf, rel=1e-10)


def test_cluster_errors_agree_with_rows_of_scores():
    frame = simulated(2, 300, 15)
    found = proportional_odds(frame, level="y", terms=["cit", "age"], cluster="officer", se="CR0")
    zeta, beta = np.array(list(found.zeta.values())), np.array(list(found.coefficients.values()))

    def rate(theta: np.ndarray) -> np.ndarray:
        eta = frame[["cit", "age"]].to_numpy() @ theta[2:]
        upper = np.append(theta[:2], np.inf)[frame.y] - eta
        lower = np.append(-np.inf, theta[:2])[frame.y] - eta
        return np.log(expit(upper) - expit(lower))

    theta = np.concatenate([zeta, beta])
    step = 1e-5
    scores = np.array([(rate(theta + e) - rate(theta - e)) / (2 * step) for e in step * np.eye(4)])
    sums = np.array([scores[:, frame.officer == j].sum(axis=1) for j in range(15)])
    model = proportional_odds(frame, level="y", terms=["cit", "age"])
    order = [2, 3, 0, 1]
    bread = model.covariance[np.ix_(order, order)]
    expected = np.sqrt(np.diag(bread @ sums.T @ sums @ bread))
    assert list(found.se.values()) == pytest.approx(expected.tolist(), rel=1e-5)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6))
def test_swapping_arms_or_levels_turns_the_sign(seed):
    frame = simulated(seed, 150, 8)
    one = proportional_odds(frame, level="y", terms=["cit", "kind"], cluster="officer")
    turned = frame.assign(cit=1 - frame.cit)
    two = proportional_odds(turned, level="y", terms=["cit", "kind"], cluster="officer")
    three = proportional_odds(
        frame.assign(y=2 - frame.y), level="y", terms=["cit", "kind"], cluster="officer"
    )
    assert type(one) is type(two) is type(three)
    if isinstance(one, NotEstimable):
        return
    for other in (two, three):
        assert other.coefficients["cit"] == pytest.approx(-one.coefficients["cit"], abs=1e-8)
        assert other.se["cit"] == pytest.approx(one.se["cit"], rel=1e-7)
        assert other.df["cit"] == pytest.approx(one.df["cit"], rel=1e-6)
    assert one.df["cit"] <= 8


def test_tests_of_proportionality_hold_their_level_and_see_a_failure():
    draw = np.random.default_rng(5)
    p_model, p_robust = [], []
    for seed in range(30):
        frame = simulated(seed, 400, 30, levels=4)
        p_model.append(proportional_odds(frame, level="y", terms=["cit", "age"]).proportionality())
        clustered = proportional_odds(frame, level="y", terms=["cit", "age"], cluster="officer")
        p_robust.append(clustered.proportionality())
    for found in (p_model, p_robust):
        assert all(isinstance(one, Test) for one in found)
        assert sum(one.p_value < 0.05 for one in found) <= 5
    frame = simulated(9, 3000, 40, levels=3)
    high = (frame.cit == 1) & (frame.y == 2) & (draw.random(len(frame)) < 0.6)
    frame.loc[high, "y"] = 1
    for cluster in (None, "officer"):
        found = proportional_odds(frame, level="y", terms=["cit", "age"], cluster=cluster)
        assert found.proportionality("cit").p_value < 0.001


def test_cut_points_are_their_own_regressions(rows, wide):
    found = cut_points(wide, exposure="cit", levels=COLUMNS, terms=TERMS, cluster="officer_id")
    assert [one.cut for one in found] == [f"{a}|{b}" for a, b in itertools.pairwise(COLUMNS)]
    for place, one in enumerate(found, start=1):
        above = rows.assign(above=(rows.force_level >= place).astype(int))
        other = regression.fit(above, events="above", terms=TERMS, cluster="officer_id")
        expected = np.exp(np.array(other.coefficient("cit")))
        assert one.odds_ratio == pytest.approx(tuple(expected), rel=1e-8)
        assert one.test.p_value == pytest.approx(other.test("cit").p_value, rel=1e-8)
        assert (one.events, one.n) == (above.above.sum(), len(rows))


def test_a_separated_group_is_refused_and_a_separated_level_is_pooled():
    frame = simulated(3, 200, 10)
    never = frame.assign(y=np.where(frame.cit == 1, 0, frame.y))
    assert "highest" in proportional_odds(never, level="y", terms=["cit"]).reason
    kind = frame.assign(y=np.where(frame.kind == "a", 2, frame.y))
    found = proportional_odds(kind, level="y", terms=["cit", "kind"])
    assert "a" in found.pooled["kind"]
    cuts = cut_points(never, exposure="cit", level="y", terms=["cit"])
    assert all(isinstance(one.odds_ratio, NotEstimable) for one in cuts)


def test_a_relaxed_model_without_an_answer_falls_back_on_the_score_test():
    frame = simulated(4, 300, 10)
    frame = frame[(frame.cit == 0) | (frame.y < 2)]
    found = proportional_odds(frame, level="y", terms=["cit", "age"])
    assert isinstance(found, ProportionalOdds)
    assert found.proportionality("cit").method == "score test"


def test_levels_without_contacts_leave():
    frame = simulated(5, 200, 10)
    wide = pd.get_dummies(frame.y, dtype=int).add_prefix("l").assign(l9=0, cit=frame.cit)
    found = proportional_odds(wide, levels=["l0", "l9", "l1", "l2"], terms=["cit"])
    assert found.empty == ("l9",) and found.levels == ("l0", "l1", "l2")
    plain = proportional_odds(frame, level="y", terms=["cit"])
    assert found.coefficients == pytest.approx(plain.coefficients, rel=1e-10)
    cuts = cut_points(wide, exposure="cit", levels=["l9", "l0", "l1", "l2"], terms=["cit"])
    assert isinstance(cuts[0].odds_ratio, NotEstimable)


def test_degenerate_data_say_why():
    frame = simulated(6, 100, 10)
    for data, words in [
        (frame.assign(y=1), "same level"),
        (frame.head(3), "too few contacts"),
        (frame.assign(officer=1), "one officer"),
        (frame.head(0).assign(y=pd.Series(dtype=int)), "no contacts"),
    ]:
        found = proportional_odds(data, level="y", terms=["cit", "age"], cluster="officer")
        assert words in found.reason
    few = proportional_odds(frame[frame.officer < 3], level="y", terms=["cit"], cluster="officer")
    assert isinstance(few.proportionality("cit"), NotEstimable | Test)
    assert isinstance(proportional_odds(frame, level="y", terms=[]), ProportionalOdds)


def test_aliased_columns_leave_and_terms_are_told_apart():
    frame = simulated(7, 300, 10).assign(twice=lambda d: 2 * d.age)
    found = proportional_odds(frame, level="y", terms=["age", "twice", "cit:age", "kind"])
    assert found.aliased == ("twice",)
    assert isinstance(found.proportionality("twice"), NotEstimable)
    columns = found.model.columns("kind")
    assert [n for n, on in zip(found.names, columns, strict=True) if on] == list(found.names[-2:])
    assert found.model.columns("cit:age").sum() == 1


def test_ten_million_contacts():
    frame = pd.DataFrame(
        {"cit": [0, 1], "none": [5 * 10**6, 5 * 10**6], "low": [60_000, 40_000], "high": [900, 600]}
    )
    found = proportional_odds(frame, levels=["none", "low", "high"], terms=["cit"])
    ratio = found.odds_ratio("cit")
    assert isinstance(ratio, Estimate) and ratio.high < 0.7
    assert found.test("cit").p_value < 1e-100


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"level": "y", "levels": ["cit", "age"]}, ValueError),
        ({}, ValueError),
        ({"levels": ["cit"]}, ValueError),
        ({"levels": ["cit", "cit"]}, ValueError),
        ({"level": "y", "se": "CR2"}, ValueError),
        ({"level": "y", "se": "HC3"}, ValueError),
        ({"level": "hole"}, ValueError),
        ({"level": "y", "trials": "minus"}, ValueError),
        ({"level": "z"}, KeyError),
    ],
)
def test_misuse_is_refused(options, error):
    frame = simulated(8, 50, 5).assign(minus=-1, hole=np.nan)
    with pytest.raises(error):
        proportional_odds(frame, terms=["cit"], **options)
