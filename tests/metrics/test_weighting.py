"""Propensity weighting against R, statsmodels and its own invariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.estimate import Estimate, NotEstimable
from metrics.regression import Categorical
from metrics.weighting import LABELS, Propensity, Weighted, balance, effect, propensity
from tests.conftest import GOLDEN

OUTCOMES = ["force", "arrest", "transport"]
TERMS = ["violence", "night", Categorical("call_type", "disturbance"), "district", "years"]
TARGETS = {"psw_ATE": "ate", "psw_ATO": "overlap"}
COMMON = {"exposure": "cit", "terms": TERMS, "cluster": "officer_id"}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


@pytest.fixture(scope="module", params=TARGETS)
def case(request, golden, rows):
    out = golden[request.param]["outputs"]
    return out, propensity(rows, target=TARGETS[request.param], **COMMON)


def counted(rows: pd.DataFrame) -> pd.DataFrame:
    keys = ["cit", "violence", "night", "call_type", "district", "years", "officer_id"]
    sums = {name: (name, "sum") for name in OUTCOMES}
    return rows.groupby(keys, as_index=False).agg(n=("force", "size"), **sums)


def numbers(result: Weighted) -> list[float]:
    found = [result.risk1, result.risk0, result.risk_difference, result.risk_ratio]
    tail = [result.difference.se, result.difference.df, result.log_risk_ratio.se, result.ess1]
    return [*(value for estimate in found for value in estimate), *tail, result.test.p_value]


def test_scores_and_effective_numbers_agree_with_r(case):
    out, scores = case
    ours = {k.replace("[", "").replace("]", ""): v for k, v in scores.coefficients.items()}
    assert ours == pytest.approx(out["ps_coef"], rel=1e-9)
    assert scores.ess1 == pytest.approx(out["ess_treated"], rel=1e-10)
    assert scores.ess0 == pytest.approx(out["ess_control"], rel=1e-10)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_effects_with_fixed_weights_agree_with_r(case, outcome):
    out, scores = case
    want = out["effects"][outcome]
    result = effect(scores, events=outcome, weights="fixed", correction="CR1")
    assert result.risk1.estimate == pytest.approx(want["p1"], abs=1e-11)
    assert result.risk0.estimate == pytest.approx(want["p0"], abs=1e-11)
    assert result.difference.estimate == pytest.approx(want["rd"], abs=1e-11)
    assert result.difference.se == pytest.approx(want["rd_se_cluster"], rel=1e-10)
    assert result.log_risk_ratio.estimate == pytest.approx(want["log_rr"], abs=1e-11)
    assert result.log_risk_ratio.se == pytest.approx(want["log_rr_se_cluster"], rel=1e-10)
    assert result.clusters == 120


def test_balance_agrees_with_r(case):
    out, scores = case
    found = balance(scores)
    by_level = {
        row.covariate + (row.level if row.covariate in ("call_type", "district") else ""): row
        for row in found.levels
    }
    assert set(by_level) == set(out["smd_unweighted"])
    for name, row in by_level.items():
        assert row.smd_before == pytest.approx(out["smd_unweighted"][name], abs=1e-11)
        assert row.smd_after == pytest.approx(out["smd_weighted"][name], abs=1e-11)
    assert found.max_before == pytest.approx(max(map(abs, out["smd_unweighted"].values())))


# Independent, row by row.


def stacked(rows: pd.DataFrame, outcome: str, target: str) -> np.ndarray:
    """Return the CR1 covariance of the weighted risks with a numerical derivative of the stack."""
    x = pd.get_dummies(rows[["violence", "night", "years", "call_type", "district"]], dtype=float)
    x = sm.add_constant(x.drop(columns=["call_type_disturbance", "district_D1"])).to_numpy()
    z, y = rows.cit.to_numpy(float), rows[outcome].to_numpy(float)
    beta = sm.GLM(z, x, family=sm.families.Binomial()).fit(tol=1e-14).params

    def weights(b: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-x @ b))
        if target == "overlap":
            return np.where(z == 1, 1 - p, p)
        if target == "ate":
            return np.where(z == 1, 1 / p, 1 / (1 - p))
        return np.where(z == 1, 1.0, p / (1 - p))

    w = weights(beta)
    risks = [np.average(y[z == a], weights=w[z == a]) for a in (1, 0)]
    theta = np.concatenate([beta, risks])

    def equations(t: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-x @ t[:-2]))
        w = weights(t[:-2])
        ends = [z * w * (y - t[-2]), (1 - z) * w * (y - t[-1])]
        return np.column_stack([x * (z - p)[:, None], *ends])

    step = 1e-6
    slopes = [
        (equations(theta + e).sum(axis=0) - equations(theta - e).sum(axis=0)) / (2 * step)
        for e in np.eye(len(theta)) * step
    ]
    bread = -np.linalg.inv(np.array(slopes).T)
    code = pd.factorize(rows.officer_id)[0]
    sums = np.zeros((code.max() + 1, len(theta)))
    np.add.at(sums, code, equations(theta))
    meat = sums.T @ sums * len(sums) / (len(sums) - 1)
    return (bread @ meat @ bread.T)[-2:, -2:]


@pytest.mark.parametrize("target", LABELS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_estimated_score_errors_are_the_stacked_sandwich(rows, target, outcome):
    scores = propensity(rows, target=target, **COMMON)
    result = effect(scores, events=outcome, correction="CR1")
    want = stacked(rows, outcome, target)
    assert result.difference.se == pytest.approx(
        (want[0, 0] + want[1, 1] - 2 * want[0, 1]) ** 0.5, rel=1e-6
    )
    gradient = np.array([1 / result.risk1.estimate, -1 / result.risk0.estimate])
    assert result.log_risk_ratio.se == pytest.approx((gradient @ want @ gradient) ** 0.5, rel=1e-6)


def test_default_correction_row_by_row(rows):
    """The module's algebra, spelled out with dense matrices and a loop over officers."""
    scores = propensity(rows, target="ate", **COMMON)
    result = effect(scores, events="force")
    x = scores.fit.design.matrix[scores.pattern]
    p, z, y = scores.score, scores.arm, rows.force.to_numpy(float)
    bread = np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x)
    root = np.linalg.cholesky(bread)
    code = pd.factorize(rows.officer_id)[0]
    parts, lean = [], []
    for side, w, slope in (
        (z, 1 / p, -(1 - p) / p),
        (~z, 1 / (1 - p), p / (1 - p)),
    ):
        total = w[side].sum()
        residual = np.where(side, y - (w * y)[side].sum() / total, 0.0)
        moved = x.T @ (slope * residual)
        influence, linear = [], []
        for j in range(code.max() + 1):
            mine = code == j
            kernel = (x[mine] * (p * (1 - p))[mine][:, None]).T @ x[mine]
            values, axes = np.linalg.eigh(root.T @ kernel @ root)
            half = axes @ np.diag((1 - values) ** -0.5) @ axes.T
            step = root @ half @ root.T @ x[mine].T @ (z[mine] - p[mine])
            own = x[mine].T @ (slope * residual)[mine]
            # The officer's sum as a linear form in the outcomes of independent contacts.
            form = np.where(mine & side, w, 0.0) - w[mine & side].sum() / total * np.where(
                side, w, 0
            )
            wanted, expected = (w[mine & side] ** 2).sum(), (form**2).sum()
            factor = (wanted / expected) ** 0.5 if wanted else 1.0
            part, left = (w * residual)[mine].sum(), total - w[mine & side].sum()
            level = x.T @ (slope * (side & ~mine))
            others = moved - own + part / left * level
            influence.append((factor * part + others @ step) / total)
            linear.append(factor * form / total)
        parts.append(np.array(influence))
        lean.append(np.array(linear))
    difference = parts[0] - parts[1]
    assert result.difference.se == pytest.approx((difference @ difference) ** 0.5, rel=1e-9)
    p1, p0 = result.risk1.estimate, result.risk0.estimate
    gram = p1 * (1 - p1) * lean[0] @ lean[0].T + p0 * (1 - p0) * lean[1] @ lean[1].T
    df = np.trace(gram) ** 2 / np.sum(gram**2)
    assert result.difference.df == pytest.approx(df, rel=1e-9)


def test_weights_and_score_row_by_row(rows):
    x = pd.get_dummies(rows[["violence", "night", "years", "call_type", "district"]], dtype=float)
    x = sm.add_constant(x.drop(columns=["call_type_disturbance", "district_D1"]))
    p = sm.GLM(rows.cit, x, family=sm.families.Binomial()).fit(tol=1e-14).fittedvalues.to_numpy()
    z = rows.cit.to_numpy()
    want = {
        "overlap": np.where(z == 1, 1 - p, p),
        "ate": np.where(z == 1, 1 / p, 1 / (1 - p)),
        "att": np.where(z == 1, 1, p / (1 - p)),
    }
    for target, weight in want.items():
        scores = propensity(rows, target=target, **COMMON)
        assert scores.score == pytest.approx(p, rel=1e-9)
        assert scores.weight == pytest.approx(weight, rel=1e-9)
        assert (scores.label, scores.trimmed) == (LABELS[target], 0.0)
        # A weighted regression with frequencies gives the same difference.
        fitted = sm.WLS(rows.force, sm.add_constant(rows.cit), weights=weight).fit()
        result = effect(scores, events="force")
        assert result.difference.estimate == pytest.approx(fitted.params["cit"], rel=1e-9)


def test_att_leaves_the_exposed_as_observed(rows):
    result = effect(propensity(rows, target="att", **COMMON), events="arrest")
    assert result.risk1.estimate == pytest.approx(rows[rows.cit == 1].arrest.mean(), rel=1e-12)
    assert result.label == "contacts CIT officers handled"
    assert result.ess1 == pytest.approx((rows.cit == 1).sum())


@pytest.mark.parametrize("target", LABELS)
def test_counts_and_rows_agree(rows, target):
    by_row = effect(propensity(rows, target=target, **COMMON), events="force")
    scores = propensity(counted(rows), trials="n", target=target, **COMMON)
    by_count = effect(scores, events="force", trials="n")
    assert numbers(by_count) == pytest.approx(numbers(by_row), rel=1e-9)
    assert numbers(effect(scores, events="force", cluster="officer_id")) == numbers(by_count)
    plain = balance(propensity(rows, target=target, **COMMON))
    assert balance(scores).max_after == pytest.approx(plain.max_after, abs=1e-12)
    assert np.array_equal(balance(scores).histogram1, plain.histogram1)


def test_another_cluster_than_the_scores_own(rows):
    scores = propensity(rows, exposure="cit", terms=TERMS)
    with pytest.raises(ValueError, match="cluster"):
        effect(scores, events="force")
    other = effect(propensity(rows, **COMMON), events="force", cluster="encounter_id")
    assert other.clusters == len(rows)
    want = effect(propensity(rows, **COMMON), events="force")
    assert numbers(effect(scores, events="force", cluster="officer_id")) == numbers(want)


def test_outcomes_recorded_for_some_contacts(rows):
    frame = counted(rows)
    frame["known"] = np.where(frame.index % 5 == 0, 0, frame.n)
    frame["seen"] = np.where(frame.known > 0, frame.force, 0)
    scores = propensity(frame, trials="n", **COMMON)
    result = effect(scores, events="seen", trials="known")
    kept = frame[frame.known > 0]
    assert result.contacts1 + result.contacts0 == kept.n.sum()
    weight = (scores.weight * scores.frame.known)[scores.arm]
    share = (scores.weight * scores.frame.seen)[scores.arm].sum() / weight.sum()
    assert result.risk1.estimate == pytest.approx(share, rel=1e-12)
    with pytest.raises(ValueError, match="exceeds"):
        effect(scores, events="force", trials="known")


# Properties.


@st.composite
def frames(draw) -> pd.DataFrame:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    officers, size = draw(st.integers(4, 30)), draw(st.integers(40, 150))
    frame = pd.DataFrame(
        {
            "o": rng.integers(0, officers, size),
            "z": rng.integers(0, 2, size),
            "call": rng.choice(list("abcd"), size, p=[0.5, 0.3, 0.15, 0.05]),
            "weapon": rng.random(size) < 0.2,
            "year": rng.integers(0, 9, size),
            "n": rng.integers(0, draw(st.sampled_from([3, 50, 10**5])), size),
        }
    )
    frame["y"] = rng.binomial(frame.n, draw(st.sampled_from([0.02, 0.3])))
    return frame


def fitted(frame: pd.DataFrame, target: str = "overlap") -> Propensity | NotEstimable:
    terms = ["call", "weapon", "year"]
    return propensity(frame, exposure="z", terms=terms, trials="n", cluster="o", target=target)


@settings(max_examples=50, deadline=None)
@given(frames())
def test_overlap_weights_balance_exactly(frame):
    scores = fitted(frame)
    if isinstance(scores, NotEstimable):
        return
    found = balance(scores)
    assert found.max_after < 1e-12
    assert all(c.smd_after < 1e-11 for c in found.covariates if isinstance(c.smd_after, float))
    assert found.histogram1.sum() + found.histogram0.sum() == frame.n.sum()
    assert 0 <= found.outside <= 1 and 0 <= found.extreme <= 1
    assert scores.ess1 <= scores.contacts1 * (1 + 1e-12)


def test_balance_of_calendar_years_keeps_their_digits(rows):
    dated = rows.assign(years=rows.years + 2000)
    assert balance(propensity(dated, **COMMON)).max_after < 1e-12


@settings(max_examples=25, deadline=None)
@given(frames(), st.sampled_from(["overlap", "ate"]), st.sampled_from(["estimated", "fixed"]))
def test_swapping_the_arms_flips_signs(frame, target, weights):
    scores, other = fitted(frame, target), fitted(frame.assign(z=1 - frame.z), target)
    assert isinstance(scores, NotEstimable) == isinstance(other, NotEstimable)
    if isinstance(scores, NotEstimable) or isinstance(other, NotEstimable):
        return
    one = effect(scores, events="y", trials="n", weights=weights)
    two = effect(other, events="y", trials="n", weights=weights)
    assert isinstance(one, NotEstimable) == isinstance(two, NotEstimable)
    if isinstance(one, NotEstimable) or isinstance(one.risk_difference, NotEstimable):
        return
    d, low, high = one.risk_difference
    assert two.risk_difference == pytest.approx((-d, -high, -low), rel=1e-6, abs=1e-12)
    assert two.risk_ratio.estimate == pytest.approx(1 / one.risk_ratio.estimate, rel=1e-8)
    assert two.test.p_value == pytest.approx(one.test.p_value, rel=1e-5)
    assert low <= d <= high and one.risk1.low < one.risk1.estimate < one.risk1.high


@settings(max_examples=20, deadline=None)
@given(frames(), st.data())
def test_splitting_a_row_changes_nothing(frame, data):
    place = data.draw(st.integers(0, len(frame) - 1))
    n, y = int(frame.n[place]), int(frame.y[place])
    part = data.draw(st.integers(0, n))
    happened = data.draw(st.integers(max(0, y - (n - part)), min(y, part)))
    extra = frame.loc[[place]].assign(n=part, y=happened)
    rest = frame.copy()
    rest.loc[place, ["n", "y"]] = [n - part, y - happened]
    whole, split = fitted(frame), fitted(pd.concat([rest, extra]))
    assert isinstance(whole, NotEstimable) == isinstance(split, NotEstimable)
    if isinstance(whole, NotEstimable) or isinstance(split, NotEstimable):
        return
    one, two = (effect(s, events="y", trials="n") for s in (whole, split))
    assert isinstance(one, NotEstimable) == isinstance(two, NotEstimable)
    if isinstance(one, Weighted) and isinstance(one.risk_difference, Estimate):
        assert numbers(two) == pytest.approx(numbers(one), rel=1e-6, abs=1e-12)


# Degenerate data.


def test_empty_and_one_armed_selections(rows):
    for frame in (rows.iloc[:0], rows[rows.cit == 1], rows.assign(n=0)):
        trials = "n" if "n" in frame else None
        found = propensity(frame, trials=trials, **COMMON)
        assert isinstance(found, NotEstimable) and "one arm" in found.reason


def test_covariates_that_tell_the_arms_apart(rows):
    told = propensity(
        rows.assign(unit=np.where(rows.cit, "x", "y")), **{**COMMON, "terms": ["unit"]}
    )
    assert isinstance(told, NotEstimable) and "unit" in told.reason
    number = propensity(rows.assign(copy=rows.cit), **{**COMMON, "terms": ["copy", "night"]})
    assert isinstance(number, NotEstimable) and "apart" in number.reason
    few = propensity(rows.iloc[[0, -1]].assign(cit=[0, 1]), **COMMON)
    assert isinstance(few, NotEstimable)


def test_a_level_of_one_arm_is_pooled_and_counted(rows):
    lone = rows.assign(
        call_type=rows.call_type.where(~((rows.cit == 1) & (rows.index % 9 == 0)), "z")
    )
    scores = propensity(lone, **COMMON)
    share = (lone.call_type == "z").mean()
    assert scores.one_armed == pytest.approx(share)
    assert "z" in scores.pooled["call_type"]
    found = balance(scores)
    assert found.one_armed == scores.one_armed
    level = {row.level: row for row in found.levels if row.covariate == "call_type"}
    assert level["z"].pooled and isinstance(level["z"].ratio, NotEstimable)
    assert level["z"].smd_after > 0.1
    assert not level["pooled"].pooled and abs(level["pooled"].smd_after) < 1e-12
    assert found.max_after < 1e-12


def test_rates_of_prevalence_and_ranges_in_words_of_counts():
    frame = pd.DataFrame({"z": [1, 1, 0, 0], "weapon": ["y", "n", "y", "n"], "n": [14, 86, 10, 90]})
    frame = frame.assign(o=list("abcd"), y=1)
    scores = propensity(frame, exposure="z", terms=["weapon"], trials="n", cluster="o")
    found = balance(scores)
    row = next(row for row in found.levels if row.level == "y")
    assert (row.value1, row.value0) == (0.14, 0.10)
    assert row.ratio == pytest.approx(1.4)
    assert (found.outside, found.extreme) == (0.0, 0.0)
    assert found.covariates[0].smd_before == pytest.approx(abs(row.smd_before), rel=1e-12)
    assert len(found.edges) == 21 and found.histogram1.sum() == 100


def test_scores_outside_the_other_arm_are_counted():
    frame = pd.DataFrame({"z": [1, 0, 1, 0, 1], "x": [0, 0, 1, 1, 2], "n": [50, 50, 60, 40, 7]})
    scores = propensity(frame, exposure="z", terms=["x"], trials="n")
    assert balance(scores).outside == pytest.approx(7 / 207)


def test_outcomes_without_events_officers_alone_and_constant_covariates(rows):
    scores = propensity(rows.assign(none=0, always=1, east="yes"), **COMMON)
    never = effect(scores, events="none")
    assert isinstance(never, NotEstimable) and never.reason.startswith("No contact")
    every = effect(scores, events="always")
    assert isinstance(every, NotEstimable) and every.reason.startswith("Every")
    one = effect(scores, events="force", cluster="cit")
    assert isinstance(one, NotEstimable) and "One officer" in one.reason
    constant = propensity(rows.assign(east="yes"), **{**COMMON, "terms": ["east", "night"]})
    level = balance(constant).levels[0]
    assert isinstance(level.smd_before, NotEstimable) and level.value1 == 1.0


def test_no_covariates_is_the_crude_comparison(rows):
    scores = propensity(rows, exposure="cit", terms=[], cluster="officer_id")
    result = effect(scores, events="force")
    crude = rows.groupby("cit").force.mean()
    assert result.difference.estimate == pytest.approx(crude[1] - crude[0], rel=1e-12)
    fixed = effect(scores, events="force", weights="fixed")
    assert result.difference.se == pytest.approx(fixed.difference.se, rel=1e-9)
    assert isinstance(balance(scores).max_after, NotEstimable)


def test_ten_million_contacts(rows):
    frame = counted(rows)
    big = frame.assign(**{name: frame[name] * 10**4 for name in ("n", "force")})
    one = effect(propensity(big, trials="n", **COMMON), events="force", trials="n")
    two = effect(propensity(frame, trials="n", **COMMON), events="force", trials="n")
    assert one.contacts1 + one.contacts0 > 2e7
    assert one.difference.se == pytest.approx(two.difference.se, rel=1e-8)
    assert one.difference.df == pytest.approx(two.difference.df, rel=1e-8)


def test_an_officer_who_alone_has_a_district(rows):
    alone = rows.assign(district=rows.district.where(rows.officer_id != "O001", "X"))
    mixed = alone.assign(cit=alone.cit.where(alone.district != "X", alone.index % 2))
    result = effect(propensity(mixed, **COMMON), events="force")
    assert isinstance(result.risk_difference, Estimate)


def test_misuse_is_an_error(rows):
    with pytest.raises(ValueError, match="target"):
        propensity(rows, target="atm", **COMMON)
    with pytest.raises(ValueError, match="own score"):
        propensity(rows, **{**COMMON, "terms": ["night", "cit:night"]})
    with pytest.raises(ValueError, match="0 and 1"):
        propensity(rows, **{**COMMON, "exposure": "month"})
    with pytest.raises(ValueError, match="0 and 1"):
        propensity(rows.assign(cit=rows.cit.astype(float).replace(0, np.nan)), **COMMON)
    with pytest.raises(KeyError):
        propensity(rows, **{**COMMON, "exposure": "nothing"})
    scores = propensity(rows, **COMMON)
    with pytest.raises(ValueError, match="unknown"):
        effect(scores, events="force", weights="known")
    with pytest.raises(KeyError):
        effect(scores, events="nothing")
    gaps = propensity(rows.assign(gap=rows.officer_id.where(rows.index > 3)), **COMMON)
    with pytest.raises(ValueError, match="missing"):
        effect(gaps, events="force", cluster="gap")
