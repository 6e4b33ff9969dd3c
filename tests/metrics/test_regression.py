"""The regression engine against R, statsmodels and its own invariances."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.estimate import Estimate, NotEstimable
from metrics.regression import Categorical, Fit, fit, group, without
from metrics.sandwich import EXPONENT
from tests.conftest import GOLDEN

OUTCOMES = ["force", "arrest"]
TERMS = ["cit", "violence", "night", Categorical("call_type", "disturbance")]
PREFIX = {"logit": "logit", "poisson": "modpois", "linear": "lpm"}
ERRORS = {
    "se_model": "model",
    "se_hc0": "HC0",
    "se_hc1": "HC1",
    "se_hc2": "HC2",
    "se_hc3": "HC3",
    "se_cr0": "CR0",
    "se_cl_G": "CR1",
    "se_cr1_stata_lm": "CR1S",
    "se_cr1_stata": "CR1S",
}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


@pytest.fixture(scope="module")
def grouped(rows):
    return group(rows, TERMS, "officer_id")


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    keys = ["cit", "violence", "night", "call_type", "officer_id"]
    sums = {name: (name, "sum") for name in OUTCOMES}
    return rows.groupby(keys, as_index=False).agg(n=("force", "size"), **sums)


def as_r(values: dict[str, float]) -> dict[str, float]:
    return {name.replace("[", "").replace("]", ""): value for name, value in values.items()}


def close(left: Fit, right: Fit, rel: float = 1e-10) -> None:
    assert left.names == right.names
    for attribute in ("coefficients", "se", "df"):
        assert getattr(left, attribute) == pytest.approx(getattr(right, attribute), rel=rel)
    assert (left.n, left.events, left.clusters) == (right.n, right.events, right.clusters)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_default_errors_agree_with_r(grouped, outcome):
    case = json.loads((GOLDEN / "golden_kc.json").read_text())[outcome]
    result = fit(grouped, events=outcome)
    assert as_r(result.se) == pytest.approx(case["se"], rel=1e-9)
    assert as_r(result.df) == pytest.approx(case["df"], rel=1e-9)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("family", PREFIX)
def test_coefficients_and_errors_agree_with_r(golden, grouped, family, outcome):
    out = golden[f"{PREFIX[family]}_{outcome}"]["outputs"]
    for key, kind in ERRORS.items():
        if key in out:
            result = fit(grouped, events=outcome, family=family, se=kind)
            assert as_r(result.coefficients) == pytest.approx(out["coef"], rel=1e-9)
            # R's Poisson weights lag its coefficients by an iteration: 2e-8.
            rel = 1e-7 if family == "poisson" else 1e-9
            assert as_r(result.se) == pytest.approx(out[key], rel=rel), kind
            if "logLik" in out:
                assert result.log_likelihood == pytest.approx(out["logLik"], rel=1e-9)


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("prefix", ["logit", "lpm"])
def test_clubsandwich_errors_and_degrees_of_freedom(golden, grouped, prefix, outcome):
    family = "logit" if prefix == "logit" else "linear"
    for kind, case in golden[f"{prefix}_{outcome}"]["outputs"]["clubSandwich"].items():
        ours = "CR2-club" if kind == "CR2" else kind
        result = fit(grouped, events=outcome, family=family, se=ours)
        assert as_r(result.se) == pytest.approx(case["se"], rel=1e-9)
        assert as_r(result.df) == pytest.approx(case["df_satt"], rel=1e-9)
        for name in result.names:
            p = case["p_satt"][name.replace("[", "").replace("]", "")]
            assert result.test(name).p_value == pytest.approx(p, rel=1e-8)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_linear_cr2_is_bell_mccaffrey(golden, grouped, outcome):
    case = golden[f"lpm_{outcome}"]["outputs"]["estimatr_cr2"]
    result = fit(grouped, events=outcome, family="linear")
    assert as_r(result.se) == pytest.approx(case["se"], rel=1e-9)
    assert as_r(result.df) == pytest.approx(case["df"], rel=1e-9)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_gee_with_independence_is_cr0(golden, grouped, outcome):
    out = golden[f"gee_{outcome}_independence"]["outputs"]
    result = fit(grouped, events=outcome, se="CR0")
    assert as_r(result.coefficients) == pytest.approx(out["coef"], rel=1e-9)
    assert as_r(result.se) == pytest.approx(out["se_robust"], rel=1e-9)


@pytest.mark.parametrize("family", PREFIX)
@pytest.mark.parametrize("kind", sorted({*ERRORS.values(), *EXPONENT, "CR2-club"}))
def test_counts_and_rows_agree(rows, family, kind):
    common = {"terms": TERMS, "cluster": "officer_id", "family": family, "se": kind}
    by_row = fit(rows, events="force", **common)
    by_count = fit(counted(rows), events="force", trials="n", **common)
    assert by_row.n == len(rows)
    close(by_count, by_row)


FAMILIES = {
    "logit": sm.families.Binomial,
    "poisson": sm.families.Poisson,
    "linear": sm.families.Gaussian,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_statsmodels_agrees_on_rows(rows, family):
    result = fit(rows, events="arrest", terms=TERMS, cluster="officer_id", family=family, se="CR0")
    x = sm.add_constant(
        pd.get_dummies(rows[["cit", "violence", "night", "call_type"]], dtype=float).drop(
            columns="call_type_disturbance"
        )
    )
    model = sm.GLM(rows["arrest"], x, family=FAMILIES[family]())
    codes = pd.factorize(rows["officer_id"])[0]
    theirs = {
        corrected: model.fit(
            tol=1e-14,
            cov_type="cluster",
            cov_kwds={"groups": codes, "use_correction": corrected, "df_correction": False},
        )
        for corrected in (False, True)
    }
    assert list(result.coefficients.values()) == pytest.approx(list(theirs[False].params), rel=1e-8)
    assert list(result.se.values()) == pytest.approx(list(theirs[False].bse), rel=1e-8)
    # statsmodels' correction carries both factors, with N the rows it sees.
    stata = fit(rows, events="arrest", terms=TERMS, cluster="officer_id", family=family, se="CR1S")
    assert list(stata.se.values()) == pytest.approx(list(theirs[True].bse), rel=1e-8)
    one = fit(rows, events="arrest", terms=TERMS, cluster="officer_id", family=family, se="CR1")
    assert np.array(list(one.se.values())) == pytest.approx(
        np.array(list(result.se.values())) * np.sqrt(120 / 119), rel=1e-12
    )


@pytest.mark.parametrize("kind", ["model", "HC0", "HC1", "HC2", "HC3"])
def test_statsmodels_agrees_on_unclustered_linear_errors(rows, kind):
    result = fit(rows, events="force", terms=["cit", "night"], family="linear", se=kind)
    cov = "nonrobust" if kind == "model" else kind
    theirs = sm.OLS(rows["force"], sm.add_constant(rows[["cit", "night"]])).fit(cov_type=cov)
    assert list(result.se.values()) == pytest.approx(list(theirs.bse), rel=1e-10)
    assert result.df["cit"] == len(rows) - 3


def test_mancl_derouen_agrees_with_statsmodels(rows):
    x = sm.add_constant(rows[["cit", "violence", "night"]])
    model = sm.GEE(rows["force"], x, groups=rows["officer_id"], family=sm.families.Binomial())
    theirs = model.fit(cov_type="bias_reduced", ctol=1e-12, maxiter=200)
    terms = ["cit", "violence", "night"]
    result = fit(rows, events="force", terms=terms, cluster="officer_id", se="CR-MD")
    assert list(result.se.values()) == pytest.approx(list(theirs.bse), rel=1e-7)


def test_a_satterthwaite_root_is_the_information():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"o": rng.integers(0, 9, 300), "cit": rng.integers(0, 2, 300)})
    frame["y"] = rng.integers(0, 2, 300)
    result = fit(frame, events="y", terms=["cit"], cluster="o")
    gradient = np.array([0.3, 1.0])
    t = result.errors.root.T @ gradient
    d, b = result.errors.freedom.span(t[:, None]).moments(np.ones(1))
    assert d.sum() - np.sum(b**2) == pytest.approx(t @ t, rel=1e-12)
    assert result.errors.clusters.shares(t).sum() == pytest.approx(1, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_the_rows_changes_nothing(seed):
    frame = counted(pd.read_csv(GOLDEN / "cit_clustered.csv"))
    common = {"events": "force", "trials": "n", "terms": TERMS, "cluster": "officer_id"}
    first = fit(frame, **common)
    second = fit(frame.sample(frac=1, random_state=seed), **common)
    assert first.coefficients == second.coefficients
    assert np.array_equal(first.covariance, second.covariance)
    assert first.df == second.df


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_splitting_a_group_changes_nothing(data):
    frame = counted(pd.read_csv(GOLDEN / "cit_clustered.csv"))
    place = data.draw(st.integers(0, len(frame) - 1))
    n, y = int(frame.loc[place, "n"]), int(frame.loc[place, "force"])
    part = data.draw(st.integers(0, n))
    happened = data.draw(st.integers(max(0, y - (n - part)), min(y, part)))
    extra = frame.loc[[place]].assign(n=part, force=happened)
    rest = frame.copy()
    rest.loc[place, ["n", "force"]] = [n - part, y - happened]
    common = {"events": "force", "trials": "n", "terms": TERMS, "cluster": "officer_id"}
    split = fit(pd.concat([rest, extra]), **common)
    assert np.array_equal(split.covariance, fit(frame, **common).covariance)


def test_grouping_is_shared_among_outcomes(rows, grouped):
    for outcome in OUTCOMES:
        alone = fit(rows, events=outcome, terms=TERMS, cluster="officer_id")
        assert np.array_equal(alone.covariance, fit(grouped, events=outcome).covariance)
    with pytest.raises(ValueError, match="group"):
        fit(grouped, events="force", terms=TERMS)


@pytest.mark.parametrize("family", PREFIX)
def test_collinear_columns_are_listed_and_change_nothing(rows, family):
    common = {"events": "force", "cluster": "officer_id", "family": family}
    plain = fit(rows, terms=TERMS, **common)
    doubled = rows.assign(day=1 - rows.night, always=1)
    result = fit(doubled, terms=[*TERMS, "day", "always", "call_type"], **common)
    assert result.aliased[:2] == ("day", "always")
    assert len(result.aliased) == 5
    close(result, plain)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_of_a_number_do_not_matter(rows, scale):
    frame = rows.assign(years=rows.years * scale + 2000 * scale)
    common = {"events": "force", "cluster": "officer_id"}
    scaled = fit(frame, terms=[*TERMS, "years"], **common)
    plain = fit(rows, terms=[*TERMS, "years"], **common)
    assert scaled.se["years"] * scale == pytest.approx(plain.se["years"], rel=1e-7)
    assert scaled.df["years"] == pytest.approx(plain.df["years"], rel=1e-6)
    assert scaled.coefficients["cit"] == pytest.approx(plain.coefficients["cit"], rel=1e-8)


@pytest.mark.parametrize("family", ["logit", "poisson"])
def test_separation_is_not_estimable(family):
    frame = pd.DataFrame(
        {"cit": [0, 1, 0, 1], "o": list("abcd"), "y": [3, 0, 5, 0], "n": [9, 9, 9, 9]}
    )
    result = fit(frame, events="y", trials="n", terms=["cit"], cluster="o", family=family)
    assert isinstance(result, NotEstimable)
    assert "cit" in result.reason
    linear = fit(frame, events="y", trials="n", terms=["cit"], se="HC0", family="linear")
    assert linear.coefficients["cit"] == pytest.approx(-8 / 18)


def test_separation_by_a_combination_and_by_a_number_is_found():
    frame = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "y": [4, 0, 9, 4], "n": [9] * 4})
    result = fit(frame, events="y", trials="n", terms=["a", "b"], se="model")
    assert isinstance(result, NotEstimable)
    age = pd.DataFrame({"age": [20, 30, 40, 50], "y": [0, 0, 1, 1]})
    assert isinstance(fit(age, events="y", terms=["age"], se="model"), NotEstimable)


def test_a_very_rare_outcome_is_not_separation():
    frame = pd.DataFrame({"cit": [0, 1], "y": [2, 6], "n": [10**7, 10**7]})
    result = fit(frame, events="y", trials="n", terms=["cit"], se="model")
    assert result.coefficients["cit"] == pytest.approx(
        np.log(6 / (10**7 - 6)) - np.log(2 / (10**7 - 2)), rel=1e-9
    )


def test_ten_million_contacts(rows):
    frame = counted(rows)
    for column in ("n", "force"):
        frame[column] *= 10**4
    big = fit(frame, events="force", trials="n", terms=TERMS, cluster="officer_id")
    small = fit(rows, events="force", terms=TERMS, cluster="officer_id")
    assert big.n > 2e7
    close(big, Fit(**{**vars(small), "n": big.n, "events": big.events}), rel=1e-9)


def test_what_cannot_be_fitted_says_why(rows):
    common = {"terms": TERMS, "cluster": "officer_id"}
    empty = fit(rows.iloc[:0], events="force", **common)
    none = fit(rows.assign(force=0), events="force", **common)
    every = fit(rows.assign(force=1), events="force", **common)
    one = fit(rows.assign(officer_id="O1"), events="force", **common)
    few = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1], "y": [0, 1, 1, 0], "o": [1, 2, 3, 4]})
    few = fit(few, events="y", terms=["a", "b", "a:b"], cluster="o")
    for result, word in [
        (empty, "no contacts"),
        (none, "No contact"),
        (every, "Every contact"),
        (one, "one officer"),
        (few, "too few"),
    ]:
        assert isinstance(result, NotEstimable)
        assert word in result.reason


def test_misuse_is_an_error(rows):
    with pytest.raises(ValueError, match="cluster"):
        fit(rows, events="force", terms=TERMS)
    with pytest.raises(ValueError, match="unknown"):
        fit(rows, events="force", terms=TERMS, se="HC9", cluster="officer_id")
    with pytest.raises(ValueError, match="unknown"):
        fit(rows, events="force", terms=TERMS, family="probit", cluster="officer_id")
    with pytest.raises(KeyError):
        fit(rows, events="nothing", terms=TERMS, cluster="officer_id")


def test_a_coefficient_one_officer_decides_is_not_estimable(rows):
    frame = rows.assign(only=(rows.officer_id == "O001").astype(int))
    result = fit(frame, events="arrest", terms=[*TERMS, "only"], cluster="officer_id")
    assert "one officer's contacts" in result.not_estimable["only"].lower()
    assert "only" not in result.se
    assert isinstance(result.coefficient("only"), NotEstimable)
    assert isinstance(result.test("only"), NotEstimable)
    # The other coefficients are as if that officer were not there.
    rest = fit(rows[rows.officer_id != "O001"], events="arrest", terms=TERMS, cluster="officer_id")
    assert result.coefficients["cit"] != rest.coefficients["cit"]
    assert result.se["cit"] == pytest.approx(rest.se["cit"], rel=0.05)
    plain = fit(frame, events="arrest", terms=[*TERMS, "only"], cluster="officer_id", se="CR0")
    assert "only" not in plain.se or plain.se["only"] > 0


def test_officer_effects_leave_the_within_officer_contrast_estimable():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"o": np.repeat([f"o{i:02}" for i in range(20)], 40)})
    frame["cit"] = rng.integers(0, 2, len(frame))
    frame["y"] = (rng.random(len(frame)) < 0.3 + 0.1 * frame.cit).astype(int)
    result = fit(frame, events="y", terms=["cit", "o"], cluster="o", family="linear")
    assert isinstance(result.coefficient("cit"), Estimate)
    demeaned = frame[["cit", "y"]] - frame.groupby("o")[["cit", "y"]].transform("mean")
    slope = (demeaned.cit @ demeaned.y) / (demeaned.cit @ demeaned.cit)
    assert result.coefficients["cit"] == pytest.approx(slope, rel=1e-10)


def test_hc2_with_a_contact_of_leverage_one():
    frame = pd.DataFrame({"cit": [0, 1, 0, 1, 0], "lone": [0, 0, 0, 0, 1]})
    frame = frame.assign(y=[2, 3, 4, 1, 1], n=[9, 8, 7, 6, 1])
    common = {"events": "y", "trials": "n", "family": "linear"}
    result = fit(frame, terms=["cit", "lone"], se="HC3", **common)
    assert "single contact" in result.not_estimable["lone"]
    without_it = fit(frame.iloc[:4], terms=["cit"], se="HC3", **common)
    assert result.se["cit"] == pytest.approx(without_it.se["cit"], rel=1e-12)


def test_intervals_and_references(rows, grouped):
    result = fit(grouped, events="force")
    estimate, low, high = result.coefficient("cit")
    assert low < estimate < high
    assert estimate - low == pytest.approx(high - estimate)
    assert result.references == {"call_type": "disturbance"}
    assert result.converged and result.iterations < 10
    assert isinstance(fit(grouped, events="force", se="HC0").coefficient("cit"), Estimate)
    with pytest.raises(KeyError):
        result.coefficient("nothing")


def test_leaving_an_officer_out_is_an_exact_refit(rows, grouped):
    result = without(fit(grouped, events="force"), "O007")
    rest = rows[rows.officer_id != "O007"]
    close(result, fit(rest, events="force", terms=TERMS, cluster="officer_id"), rel=1e-12)
    with pytest.raises(ValueError, match="no cluster"):
        without(result, "O007")


def test_club_form_refuses_very_large_officers():
    n = 2001
    frame = pd.DataFrame(
        {"x": np.r_[np.arange(n), 0], "o": [1] * n + [2], "y": np.arange(n + 1) % 2}
    )
    with pytest.raises(ValueError, match="2,000 cells"):
        fit(frame, events="y", terms=["x"], cluster="o", se="CR2-club")
