"""Firth's penalised regression against R, published limits and independent row-level code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

from metrics.cells import group
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.firth import NOTE, FirthFit, firth
from tests.conftest import GOLDEN

TERMS = ["NV", "PI", "EH"]


@pytest.fixture(scope="module")
def endometrial(golden) -> pd.DataFrame:
    return pd.DataFrame(golden["firth_endometrial"]["inputs"]["data"])


@pytest.fixture(scope="module")
def fitted(endometrial) -> FirthFit:
    return firth(endometrial, events="HG", terms=TERMS)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


def penalised(beta: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    eta = x @ beta
    v = np.exp(-np.logaddexp(0, eta) - np.logaddexp(0, -eta))
    determinant = np.linalg.slogdet((x * v[:, None]).T @ x)[1]
    return float(y @ eta - np.logaddexp(0, eta).sum() + determinant / 2)


def test_coefficients_and_errors_agree_with_r(golden, fitted):
    out = golden["firth_endometrial"]["outputs"]
    assert fitted.coefficients == pytest.approx(out["coef"], abs=1e-10)
    assert fitted.se == pytest.approx(out["se"], abs=1e-10)
    assert fitted.note == NOTE and "Unclustered" in fitted.note


def test_profile_limits_are_where_the_likelihood_has_fallen(endometrial, fitted):
    """Maximised over the other coefficients by a general optimiser."""
    x = sm.add_constant(endometrial[TERMS].astype(float)).to_numpy()
    y = endometrial.HG.to_numpy(float)
    top = penalised(fitted.solution.beta, x, y)
    assert fitted.log_likelihood == pytest.approx(top, rel=1e-12)
    for place, name in enumerate(fitted.names[1:], start=1):
        free = [k for k in range(4) if k != place]
        scale = np.array([fitted.se[fitted.names[k]] for k in free])

        def profile(value: float, free=free, scale=scale, place=place) -> float:
            def loss(step: np.ndarray) -> float:
                beta = fitted.solution.beta.copy()
                beta[place] = value
                beta[free] += step * scale
                return -penalised(beta, x, y)

            options = {"gtol": 1e-9}
            return -minimize(loss, np.zeros(3), method="BFGS", options=options).fun

        estimate, low, high = fitted.profile(name)
        assert estimate == fitted.coefficients[name]
        for limit in (low, high):
            assert 2 * (top - profile(limit)) == pytest.approx(3.841458820694124, abs=1e-6)
        null = fitted.test(name)
        assert isinstance(null, Test)
        assert null.statistic == pytest.approx(2 * (top - profile(0.0)), abs=1e-6)


def test_published_profile_limits(fitted):
    """Heinze & Schemper 2002, table II, and R's logistf on the same data."""
    assert fitted.profile("NV")[1:] == pytest.approx((0.6097, 7.8546), abs=1e-3)
    assert fitted.profile("PI")[1:] == pytest.approx((-0.1245, 0.0405), abs=1e-4)
    assert fitted.profile("EH")[1:] == pytest.approx((-4.3652, -1.2327), abs=1e-4)
    assert fitted.test("NV").p_value == pytest.approx(0.00912, abs=1e-4)


def test_two_by_two_is_half_added_to_each_cell():
    frame = pd.DataFrame({"cit": [1, 0], "y": [0, 7], "n": [40, 60]})
    result = firth(frame, events="y", trials="n", terms=["cit"])
    assert result.coefficients["(Intercept)"] == pytest.approx(np.log(7.5 / 53.5), rel=1e-10)
    want = np.log(0.5 / 40.5) - np.log(7.5 / 53.5)
    assert result.coefficients["cit"] == pytest.approx(want, rel=1e-10)
    low, high = result.profile("cit")[1:]
    assert low < -4 and want < high < 0 and result.wald("cit").high > high


def test_augmented_data_give_the_same_fit(rows):
    """Firth's fit is maximum likelihood with leverages as pseudo-contacts."""
    few = rows.iloc[:400]
    result = firth(few, events="injury", terms=["cit", "violence", "night"])
    x = sm.add_constant(few[["cit", "violence", "night"]].astype(float)).to_numpy()
    beta = result.solution.beta
    p = 1 / (1 + np.exp(-x @ beta))
    half = x * np.sqrt(p * (1 - p))[:, None]
    hat = np.einsum("ij,jk,ik->i", half, np.linalg.inv(half.T @ half), half)
    twice = np.vstack([x, x, x])
    ends = np.concatenate([few.injury, np.ones(len(x)), np.zeros(len(x))])
    weights = np.concatenate([np.ones(len(x)), hat / 2, hat / 2])
    family = sm.families.Binomial()
    again = sm.GLM(ends, twice, family=family, freq_weights=weights).fit(tol=1e-14)
    assert again.params == pytest.approx(beta, abs=1e-8)
    real = np.repeat([0.0, 1.0, 1.0], len(x))[:, None]
    flac = sm.GLM(ends, np.hstack([twice, real]), family=family, freq_weights=weights)
    assert result.predictor("FLAC") == pytest.approx(flac.fit(tol=1e-14).params[:-1], abs=1e-8)
    offset = x[:, 1:] @ beta[1:]
    flic = sm.GLM(few.injury, np.ones(len(x)), family=family, offset=offset).fit(tol=1e-14)
    want = np.concatenate([flic.params, beta[1:]])
    assert result.predictor("FLIC") == pytest.approx(want, abs=1e-8)
    for prediction in ("FLIC", "FLAC"):
        coefficients = result.predictor(prediction)
        fitted = 1 / (1 + np.exp(-x @ coefficients))
        assert fitted.mean() == pytest.approx(few.injury.mean(), rel=1e-9)
        found = result.risks("cit", prediction)
        one, none = x.copy(), x.copy()
        one[:, 1], none[:, 1] = 1, 0
        risks = [float((1 / (1 + np.exp(-part @ coefficients))).mean()) for part in (one, none)]
        assert (found.risk1, found.risk0) == pytest.approx(risks, rel=1e-12)
        assert found.risk_difference == pytest.approx(risks[0] - risks[1], rel=1e-9)
        assert found.risk_ratio == pytest.approx(risks[0] / risks[1], rel=1e-12)
        assert found.note == NOTE


def test_counts_rows_and_groupings_agree(rows):
    terms = ["cit", "violence", "call_type"]
    by_row = firth(rows, events="injury", terms=terms)
    frame = rows.groupby([*terms, "officer_id"], as_index=False).agg(
        n=("injury", "size"), injury=("injury", "sum")
    )
    for other in (
        firth(frame, events="injury", trials="n", terms=terms),
        firth(group(frame, terms, "officer_id"), events="injury", trials="n"),
    ):
        assert other.coefficients == pytest.approx(by_row.coefficients, rel=1e-10)
        assert other.se == pytest.approx(by_row.se, rel=1e-10)
        assert other.profile("cit") == pytest.approx(by_row.profile("cit"), rel=1e-7)
        assert other.risks("cit") == by_row.risks("cit")._replace(
            **{k: pytest.approx(v, rel=1e-9) for k, v in _numbers(by_row).items()}
        )


def _numbers(fitted: FirthFit) -> dict[str, float]:
    names = ("risk1", "risk0", "risk_difference", "risk_ratio")
    return {name: getattr(fitted.risks("cit"), name) for name in names}


def test_separated_levels_stay_and_are_finite():
    frame = pd.DataFrame(
        {"cit": [0, 1, 0, 1], "call": list("aabb"), "y": [4, 3, 0, 0], "n": [50, 60, 30, 20]}
    )
    result = firth(frame, events="y", trials="n", terms=["cit", "call"])
    assert result.names == ("(Intercept)", "cit", "call[b]")
    assert all(np.isfinite(list(result.coefficients.values())))
    assert isinstance(result.profile("call[b]"), Estimate)
    risks = result.risks("cit")
    assert 0 < risks.risk1 < 1


@st.composite
def frames(draw) -> pd.DataFrame:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.integers(8, 40))
    frame = pd.DataFrame(
        {
            "cit": rng.integers(0, 2, size),
            "call": rng.choice(list("abc"), size),
            "n": rng.integers(0, draw(st.sampled_from([3, 60, 10**7])), size),
        }
    )
    return frame.assign(y=rng.binomial(frame.n, draw(st.sampled_from([1e-3, 0.05, 0.5, 0.99]))))


@settings(max_examples=40, deadline=None)
@given(frames())
def test_random_counts(frame):
    common = {"events": "y", "trials": "n", "terms": ["cit", "call"]}
    result = firth(frame, **common)
    turned = firth(frame.assign(cit=1 - frame.cit), **common)
    mirrored = firth(frame.assign(y=frame.n - frame.y), **common)
    assert isinstance(result, NotEstimable) == isinstance(mirrored, NotEstimable)
    if isinstance(result, NotEstimable) or "cit" not in result.coefficients:
        return
    b = result.coefficients["cit"]
    # A coefficient is as sharp as its error; with a single event the last steps close in slowly.
    near = {"abs": 1e-6 * result.se["cit"], "rel": 1e-6}
    assert turned.coefficients["cit"] == pytest.approx(-b, **near)
    assert mirrored.coefficients["cit"] == pytest.approx(-b, **near)
    low, high = result.profile("cit")[1:]
    assert low < b < high
    near["abs"] = 1e-4 * result.se["cit"]
    assert turned.profile("cit")[1:] == pytest.approx((-high, -low), **near)
    for prediction in ("FLIC", "FLAC"):
        found = result.risks("cit", prediction)
        if not isinstance(found, NotEstimable):
            assert 0 < found.risk1 < 1 and 0 < found.risk0 < 1


def test_penalty_fades_with_contacts(rows):
    few = firth(rows, events="force", terms=["cit", "night"])
    x = sm.add_constant(rows[["cit", "night"]])
    want = sm.GLM(rows.force, x, family=sm.families.Binomial()).fit().params["cit"]
    big = rows.assign(n=5000, many=rows.force * 5000)
    many = firth(big, events="many", trials="n", terms=["cit", "night"])
    assert many.n == 5000 * len(rows)
    assert abs(many.coefficients["cit"] - want) < 1e-5 < abs(few.coefficients["cit"] - want)
    assert isinstance(many.profile("cit"), Estimate)
    low, high = many.profile("cit")[1:]
    assert many.wald("cit")[1:] == pytest.approx((low, high), rel=1e-3)


def test_profile_of_one_event_solves_its_equation():
    frame = pd.DataFrame({"g": [0], "y": [1], "n": [200]})
    result = firth(frame, events="y", trials="n", terms=[])

    def fall(b: float) -> float:
        return 2 * (result.log_likelihood - penalised(np.array([b]), *data)) - 3.841458820694124

    data = np.ones((200, 1)), np.r_[1.0, np.zeros(199)]
    b = result.coefficients["(Intercept)"]
    assert b == pytest.approx(np.log(1.5 / 199.5), rel=1e-10)
    want = brentq(fall, b - 9, b), brentq(fall, b, b + 9)
    assert result.profile("(Intercept)")[1:] == pytest.approx(want, rel=1e-9)


def test_what_cannot_be_fitted_says_why(endometrial):
    empty = firth(endometrial.iloc[:0], events="HG", terms=TERMS)
    none = firth(endometrial.assign(HG=0), events="HG", terms=TERMS)
    every = firth(endometrial.assign(HG=1), events="HG", terms=TERMS)
    few = firth(endometrial.iloc[[0, 17, 40]], events="HG", terms=TERMS)
    for result, word in [
        (empty, "no contacts"),
        (none, "No contact"),
        (every, "Every contact"),
        (few, "too few"),
    ]:
        assert isinstance(result, NotEstimable) and word in result.reason


def test_exposures_that_cannot_be_compared(rows):
    alone = firth(rows.assign(on=1), events="force", terms=["on", "night"])
    assert isinstance(alone.risks("on"), NotEstimable)
    twin = firth(rows.assign(copy=rows.cit), events="force", terms=["copy", "cit", "night"])
    assert twin.aliased == ("cit",)
    found = twin.risks("cit")
    assert isinstance(found, NotEstimable) and "apart" in found.reason


def test_misuse_is_an_error(endometrial, fitted):
    for call in (fitted.profile, fitted.wald, fitted.test):
        with pytest.raises(KeyError):
            call("nothing")
    with pytest.raises(ValueError, match="0 and 1"):
        fitted.risks("PI")
    with pytest.raises(ValueError, match="term of the fit"):
        fitted.risks("nothing")
    with pytest.raises(ValueError, match="unknown"):
        fitted.risks("NV", "FLOC")
    with pytest.raises(KeyError):
        firth(endometrial, events="nothing", terms=TERMS)
    with pytest.raises(ValueError, match="grouping"):
        firth(group(endometrial, TERMS), events="HG", terms=TERMS)
