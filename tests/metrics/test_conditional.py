"""Conditional logistic regression against R, statsmodels, enumeration and its own invariances."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.discrete.conditional_models import ConditionalLogit

from metrics import proportions
from metrics.cells import Categorical, group
from metrics.conditional import ConditionalFit, Informative, conditional_logit
from metrics.estimate import Estimate, NotEstimable
from tests.conftest import GOLDEN

TERMS = ["violence", "night", Categorical("call_type", "disturbance"), "month"]

# Trichopoulos et al. 1976 (Br J Obstet Gynaecol 83:645), R's datasets::infert: earlier induced and
# spontaneous abortions of each case and of her controls; stratum 74 has one control.
CASES = (
    "12 10 20 20 11 21 00 00 01 00 10 21 10 20 11 20 21 01 21 01 01 20 02 01 11 02 02 02 12 20 01 "
    "10 10 02 10 02 01 12 00 01 02 00 00 11 00 10 02 20 20 02 12 12 11 01 02 02 10 02 01 02 02 01 "
    "01 02 10 01 01 12 02 10 10 01 01 02 02 01 01 10 01 01 20 01 01"
)
FIRST = (
    "20 00 20 01 20 11 00 20 01 01 00 11 00 01 10 10 02 00 01 00 00 00 00 00 01 00 00 00 02 11 00 "
    "10 10 00 00 00 00 20 02 10 10 00 00 00 10 00 10 21 10 10 21 11 11 10 10 10 11 20 10 10 20 10 "
    "00 00 01 00 01 20 11 00 10 00 01 -- 02 00 20 00 00 00 00 01 01"
)
SECOND = (
    "20 00 20 02 00 02 00 01 10 01 01 01 00 02 10 00 12 10 11 10 00 00 20 01 02 00 00 00 21 11 00 "
    "00 00 20 00 00 00 20 01 00 00 00 00 00 00 01 10 20 10 10 20 21 20 01 11 01 20 10 00 10 10 10 "
    "00 10 02 10 00 20 02 10 00 10 00 02 11 10 01 01 01 00 20 01 01"
)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


@pytest.fixture(scope="module")
def infert() -> pd.DataFrame:
    found = [
        (stratum, int(case), int(pair[0]), int(pair[1]))
        for text, case in ((CASES, True), (FIRST, False), (SECOND, False))
        for stratum, pair in enumerate(text.split(), 1)
        if pair != "--"
    ]
    return pd.DataFrame(found, columns=["stratum", "case", "induced", "spontaneous"])


def simulated(seed: int = 0, officers: int = 12, contacts: int = 150) -> pd.DataFrame:
    """Officers, half of whom change arm, with a numeric and a text covariate."""
    rng = np.random.default_rng(seed)
    officer = rng.integers(0, officers, contacts)
    frame = pd.DataFrame(
        {
            "officer": officer,
            "cit": rng.integers(0, 2, contacts) * (officer % 2),
            "time": rng.normal(size=contacts).round(1),
            "call": rng.choice(["a", "b", "c"], contacts),
        }
    )
    chance = 1 / (1 + np.exp(1 - 0.6 * frame.cit - 0.3 * frame.time))
    return frame.assign(y=(rng.random(contacts) < chance).astype(int), n=1)


COMMON = {"events": "y", "terms": ["cit", "time", "call"], "cluster": "officer"}


def values(numbers: dict[str, float]) -> np.ndarray:
    return np.array(list(numbers.values()))


def test_infert_agrees_with_r(golden, infert):
    out = golden["clogit_infert"]["outputs"]
    assert len(infert) == 248
    found = conditional_logit(
        infert, events="case", terms=["spontaneous", "induced"], cluster="stratum"
    )
    assert found.coefficients == pytest.approx(out["coef"], rel=1e-9)
    assert found.se == pytest.approx(out["se"], rel=1e-9)
    assert found.log_likelihood == pytest.approx(out["logLik"], rel=1e-11)
    assert "conditional" in found.measure


@pytest.mark.parametrize("outcome", ["force", "arrest"])
def test_statsmodels_agrees_on_rows(rows, outcome):
    found = conditional_logit(rows, events=outcome, terms=TERMS, cluster="officer_id")
    dummies = pd.get_dummies(rows["call_type"], dtype=float).drop(columns="disturbance")
    x = pd.concat([rows[["violence", "night"]], dummies, rows[["month"]]], axis=1)
    varied = rows.groupby("officer_id")[outcome].transform("nunique") > 1
    model = ConditionalLogit(rows.loc[varied, outcome], x[varied], groups=rows.officer_id[varied])
    beta = values(found.coefficients)
    # Their optimiser stops early: at our answer their likelihood is ours and their score is 0.
    assert model.loglike(beta) == pytest.approx(found.log_likelihood, rel=1e-12)
    step = found.covariance @ model.score(beta)
    assert np.abs(step).max() < 1e-7 * values(found.se).min()


def enumerated(frame: pd.DataFrame, x: np.ndarray, beta: np.ndarray):
    """Log likelihood, score and information from every choice of each officer's events."""
    value, score, information = 0.0, np.zeros(len(beta)), np.zeros((len(beta), len(beta)))
    y = frame.y.to_numpy()
    for _, place in frame.groupby("officer").indices.items():
        sums = np.array([x[list(c)].sum(0) for c in combinations(place, int(y[place].sum()))])
        weight = np.exp(sums @ beta)
        mean = weight @ sums / weight.sum()
        own = y[place] @ x[place]
        value += own @ beta - np.log(weight.sum())
        score += own - mean
        information += (sums * weight[:, None]).T @ sums / weight.sum() - np.outer(mean, mean)
    return value, score, information


@pytest.mark.parametrize("seed", range(6))
def test_enumeration_agrees(seed):
    frame = simulated(seed, officers=9, contacts=80)
    found = conditional_logit(frame, **COMMON | {"terms": ["cit", "time"]})
    assert isinstance(found, ConditionalFit)
    x = frame[["cit", "time"]].to_numpy(dtype=float)
    value, score, information = enumerated(frame, x, values(found.coefficients))
    assert value == pytest.approx(found.log_likelihood, rel=1e-12)
    assert np.abs(score).max() < 1e-9
    assert np.linalg.inv(information) == pytest.approx(found.covariance, rel=1e-9)


def test_the_recursion_agrees_for_busy_officers():
    frame = simulated(7, officers=3, contacts=4000)
    found = conditional_logit(frame, **COMMON | {"terms": ["cit", "time"]})
    beta = values(found.coefficients)

    def likelihood(beta: np.ndarray) -> float:
        # Elementary symmetric functions, one contact at a time (Gail, Lubin & Rubinstein 1981).
        total = 0.0
        for _, place in frame.groupby("officer").indices.items():
            eta = frame[["cit", "time"]].to_numpy(dtype=float)[place] @ beta
            y = frame.y.to_numpy()[place]
            logs = np.full(int(y.sum()) + 1, -np.inf)
            logs[0] = 0.0
            for value in eta:
                logs[1:] = np.logaddexp(logs[1:], logs[:-1] + value)
            total += y @ eta - logs[-1]
        return float(total)

    assert likelihood(beta) == pytest.approx(found.log_likelihood, rel=1e-12)
    step = 1e-2 * values(found.se)
    for k in range(2):
        away = [likelihood(beta + sign * step[k] * np.eye(2)[k]) for sign in (1, -1)]
        assert away[0] - away[1] == pytest.approx(0, abs=1e-6)
        information = -(sum(away) - 2 * found.log_likelihood) / step[k] ** 2
        assert np.linalg.inv(found.covariance)[k, k] == pytest.approx(information, rel=1e-4)


@pytest.mark.parametrize("table", [(3, 9, 1, 12), (40, 900, 70, 800), (700, 300, 550, 450)])
def test_one_officer_is_fishers_noncentral_hypergeometric(table):
    a, b, c, d = table
    frame = pd.DataFrame({"cit": [1, 0], "y": [a, c], "n": [a + b, c + d], "o": ["x", "x"]})
    found = conditional_logit(frame, events="y", trials="n", terms=["cit"], cluster="o")
    exact = proportions.odds_ratio(a, a + b, c, c + d, method="conditional").estimate
    assert found.odds_ratio("cit").estimate == pytest.approx(exact, rel=1e-8)
    assert isinstance(found.odds_ratio("cit", robust=True), NotEstimable)


def test_ten_million_contacts():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"cit": [0, 1] * 10, "o": np.repeat(np.arange(10), 2)})
    frame["n"] = rng.integers(900_000, 1_100_000, 20)
    odds = np.exp(-3 + 0.2 * frame.o + 0.25 * frame.cit)
    frame["y"] = (frame.n * odds / (1 + odds)).round().astype(int)
    found = conditional_logit(frame, events="y", trials="n", terms=["cit"], cluster="o")
    assert found.coefficients["cit"] == pytest.approx(0.25, abs=1e-4)
    woolf = 1 / np.sum(1 / (1 / frame.y + 1 / (frame.n - frame.y)).groupby(frame.o).sum())
    assert found.se["cit"] == pytest.approx(woolf**0.5, rel=1e-4)


def test_counts_rows_and_groupings_agree():
    frame = simulated(3)
    by_row = conditional_logit(frame, **COMMON)
    keys = ["officer", "cit", "time", "call"]
    counted = frame.groupby(keys, as_index=False).agg(y=("y", "sum"), n=("n", "sum"))
    by_count = conditional_logit(counted, trials="n", **COMMON)
    shared = conditional_logit(group(frame, COMMON["terms"], "officer"), events="y")
    for other in (by_count, shared):
        assert other.covariance == pytest.approx(by_row.covariance, rel=1e-10)
        assert other.se_robust == pytest.approx(by_row.se_robust, rel=1e-10)
        assert other.informative == by_row.informative


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_swapping_arms_or_outcomes_flips_signs(seed):
    frame = simulated(seed % 50)
    first = conditional_logit(frame, **COMMON)
    arms = conditional_logit(frame.assign(cit=1 - frame.cit), **COMMON)
    ends = conditional_logit(frame.assign(y=1 - frame.y), **COMMON)
    for other, sign in ((arms, {"cit": -1}), (ends, dict.fromkeys(first.names, -1))):
        for name in first.names:
            expected = sign.get(name, 1) * first.coefficients[name]
            assert other.coefficients[name] == pytest.approx(expected, rel=1e-8, abs=1e-10)
        assert other.se == pytest.approx(first.se, rel=1e-8)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_and_officers_own_levels_change_nothing(seed):
    frame = simulated(5)
    first = conditional_logit(frame, **COMMON)
    shuffled = frame.sample(frac=1, random_state=seed)
    # A term constant for each officer, however strong, cancels.
    shuffled["rank"] = shuffled.officer * 7.5
    second = conditional_logit(shuffled, **COMMON | {"terms": ["rank", *COMMON["terms"]]})
    assert second.aliased == ("rank",)
    assert second.coefficients == pytest.approx(first.coefficients, rel=1e-9)
    assert second.covariance == pytest.approx(first.covariance, rel=1e-9)


@pytest.mark.parametrize("shift", [0.0, 2e4, 1e6])
def test_units_of_a_number_do_not_matter(shift):
    frame = simulated(4)
    plain = conditional_logit(frame, **COMMON)
    moved = conditional_logit(frame.assign(time=frame.time * 10 + shift), **COMMON)
    assert moved.coefficients["time"] * 10 == pytest.approx(plain.coefficients["time"], rel=1e-6)
    assert moved.coefficients["cit"] == pytest.approx(plain.coefficients["cit"], rel=1e-6)


def test_the_robust_error_is_near_the_models_own_in_many_officers():
    frame = simulated(1, officers=300, contacts=6000)
    found = conditional_logit(frame, **COMMON)
    assert found.se_robust["cit"] == pytest.approx(found.se["cit"], rel=0.15)
    assert 50 < found.df_robust["cit"] < 300
    low, high = found.coefficient("cit", robust=True)[1:]
    assert low < found.coefficients["cit"] < high
    assert found.test("cit", robust=True).p_value < 0.05
    assert "CR2" in found.test("cit", robust=True).method


def test_who_tells_something_is_counted():
    frame = pd.DataFrame(
        {
            "o": ["a"] * 4 + ["b"] * 4 + ["never"] * 3 + ["always"] * 2 + ["alike"] * 2,
            "cit": [0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1],
            "y": [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0],
        }
    )
    found = conditional_logit(frame, events="y", terms=["cit"], cluster="o")
    assert (found.officers, found.contacts, found.events, found.left_out) == (2, 8, 3, 3)
    assert found.informative["cit"] == Informative(2, 8, 3)
    # An officer all in one arm adds a constant: the choice of 1 contact of 2.
    x = frame[["cit"]].to_numpy(dtype=float)
    value, *_ = enumerated(frame.rename(columns={"o": "officer"}), x, values(found.coefficients))
    assert found.log_likelihood == pytest.approx(value, rel=1e-12)


def test_what_does_not_vary_within_officers_is_said(rows):
    found = conditional_logit(rows, events="force", terms=["cit", *TERMS], cluster="officer_id")
    assert found.aliased == ("cit",)
    assert "cit" not in found.coefficients
    for refused in (found.odds_ratio("cit"), found.coefficient("cit"), found.test("cit")):
        assert isinstance(refused, NotEstimable)
        assert "within the officers" in refused.reason
    with pytest.raises(KeyError):
        found.odds_ratio("horoscope")
    alone = conditional_logit(rows, events="force", terms=["cit"], cluster="officer_id")
    assert isinstance(alone, NotEstimable) and "changes within an officer" in alone.reason


def test_collinear_within_officers_is_dropped():
    frame = simulated(6)
    # Tenure is calendar time less the hiring date: one and the same within an officer.
    frame["tenure"] = frame.time - frame.officer
    found = conditional_logit(frame, **COMMON | {"terms": ["cit", "time", "tenure"]})
    assert found.aliased == ("tenure",)


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([0, 0, 0, 0, 0, 0], "No contact"),
        ([1, 1, 1, 1, 1, 1], "Every contact"),
        ([1, 1, 1, 0, 0, 0], "No officer had contacts both"),
        ([1, 0, 0, 1, 1, 0], "no finite answer"),
    ],
)
def test_degenerate_outcomes(y, words):
    frame = pd.DataFrame({"o": [1, 1, 1, 2, 2, 2], "cit": [1, 0, 0, 1, 1, 0], "y": y})
    found = conditional_logit(frame, events="y", terms=["cit"], cluster="o")
    assert isinstance(found, NotEstimable) and words in found.reason


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_small_table_gives_a_number_or_a_reason(data):
    size = data.draw(st.integers(1, 14))
    n = data.draw(st.lists(st.integers(0, 5), min_size=size, max_size=size))
    frame = pd.DataFrame(
        {
            "o": data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)),
            "cit": data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)),
            "t": data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)),
            "n": n,
            "y": [data.draw(st.integers(0, k)) for k in n],
        }
    )
    found = conditional_logit(frame, events="y", trials="n", terms=["cit", "t"], cluster="o")
    if isinstance(found, NotEstimable):
        assert found.reason
        return
    for name in found.names:
        assert np.isfinite(found.coefficients[name]) and abs(found.coefficients[name]) < 40
        assert isinstance(found.odds_ratio(name), Estimate)
        robust = found.coefficient(name, robust=True)
        assert isinstance(robust, NotEstimable) or np.isfinite(robust).all()


def test_misuse():
    frame = simulated()
    with pytest.raises(ValueError, match="cluster"):
        conditional_logit(frame, events="y", terms=["cit"])
    with pytest.raises(ValueError, match="cluster"):
        conditional_logit(group(frame, ["cit"]), events="y")
    with pytest.raises(ValueError, match="group"):
        conditional_logit(group(frame, ["cit"], "officer"), events="y", terms=["cit"])
    with pytest.raises(KeyError):
        conditional_logit(frame, events="nothing", terms=["cit"], cluster="officer")
