"""The random officer intercept against lme4, plain integration and its own invariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from metrics.cells import Categorical, group
from metrics.estimate import Estimate, NotEstimable
from metrics.mixed import MixedFit, mixed
from metrics.mixed_risks import Averaged, averaged
from metrics.regression import fit, standardise
from tests.conftest import GOLDEN

TERMS = ["cit", "violence", "night", Categorical("call_type", "disturbance")]
COMMON = {"events": "y", "terms": ["cit", "time"], "cluster": "officer"}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "cit_clustered.csv")


def simulated(
    seed: int = 0, officers: int = 25, contacts: int = 500, spread: float = 1.0
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    officer = rng.integers(0, officers, contacts)
    frame = pd.DataFrame(
        {
            "officer": officer,
            "cit": rng.integers(0, 2, contacts),
            "time": rng.integers(0, 5, contacts),
        }
    )
    own = spread * rng.normal(size=officers)[officer]
    chance = expit(-1 - 0.5 * frame.cit + 0.2 * frame.time + own)
    return frame.assign(y=(rng.random(contacts) < chance).astype(int), n=1)


def values(numbers: dict[str, float]) -> np.ndarray:
    return np.array(list(numbers.values()))


@pytest.mark.parametrize("outcome", ["force", "arrest"])
def test_lme4_agrees(golden, rows, outcome):
    out = golden[f"glmer_{outcome}"]["outputs"]["agq25"]
    found = mixed(rows, events=outcome, terms=TERMS, cluster="officer_id")
    assert not found.boundary
    plain = {n.replace("[", "").replace("]", ""): n for n in found.names}
    for name, theirs in out["coef"].items():
        # Their optimiser stops at 1e-5 or so; it did better here.
        assert found.coefficients[plain[name]] == pytest.approx(theirs, abs=1e-6)
        assert found.se[plain[name]] == pytest.approx(out["se"][name], abs=1e-6)
    assert found.sd == pytest.approx(out["sd_officer"], abs=1e-6)
    assert "officer-specific" in found.measure


def integrated(frame: pd.DataFrame, theta: np.ndarray) -> float:
    """Log likelihood by the trapezoid rule on a fine grid of intercepts, row by row."""
    u = np.linspace(-9, 9, 1201)
    density = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi) * (u[1] - u[0])
    x = np.column_stack([np.ones(len(frame)), frame[["cit", "time"]]])
    total = 0.0
    for _, place in frame.groupby("officer").indices.items():
        mu = expit((x[place] @ theta[:-1])[:, None] + np.exp(theta[-1]) * u)
        y = frame.y.to_numpy()[place][:, None]
        total += np.log(np.sum(np.prod(np.where(y == 1, mu, 1 - mu), axis=0) * density))
    return float(total)


@pytest.mark.parametrize("seed", range(3))
def test_plain_integration_agrees(seed):
    frame = simulated(seed)
    found = mixed(frame, **COMMON)
    theta = np.append(values(found.coefficients), np.log(found.sd))
    assert integrated(frame, theta) == pytest.approx(found.log_likelihood, rel=1e-9)
    # Differences of the integrated likelihood: the score is 0, the curvature is the information.
    h = 1e-3 * np.eye(len(theta))
    at = integrated(frame, theta)
    score = [(integrated(frame, theta + a) - integrated(frame, theta - a)) / 2e-3 for a in h]
    assert np.abs(score).max() < 1e-3
    curvature = np.array(
        [
            [
                integrated(frame, theta + a + b)
                - integrated(frame, theta + a - b)
                - integrated(frame, theta - a + b)
                + integrated(frame, theta - a - b)
                for a in h
            ]
            for b in h
        ]
    )
    assert np.linalg.inv(-curvature / 4e-6) == pytest.approx(found.covariance, rel=2e-3, abs=1e-5)
    assert all(integrated(frame, theta + a) < at for a in (*h, *-h))


def test_more_points_change_nothing():
    frame = simulated(4)
    few, many = mixed(frame, **COMMON), mixed(frame, **COMMON, points=60)
    assert many.coefficients == pytest.approx(few.coefficients, abs=1e-7)
    assert many.sd == pytest.approx(few.sd, abs=1e-7)


def test_officers_alike_are_the_boundary():
    # Every officer has the same share in each arm: less spread than chance.
    frame = pd.DataFrame({"o": np.repeat(np.arange(20), 2), "cit": [0, 1] * 20})
    frame["n"], frame["y"] = 20, np.where(frame.cit == 1, 4, 6)
    common = {"events": "y", "trials": "n", "terms": ["cit"], "cluster": "o"}
    found = mixed(frame, **common)
    assert found.boundary and found.sd == 0
    assert isinstance(found.intercept_sd(), NotEstimable)
    plain = fit(frame, **common, se="model")
    assert found.coefficients == pytest.approx(plain.coefficients, rel=1e-10)
    assert found.se == pytest.approx(plain.se, rel=1e-10)
    assert found.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    theirs, ours = standardise(plain, "cit"), averaged(found, "cit")
    assert isinstance(ours, Averaged)
    for name in ("risk1", "risk0", "risk_difference", "risk_ratio", "odds_ratio"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=1e-9), name
    assert ours.difference == pytest.approx(theirs.difference, rel=1e-9)
    assert ours.test.p_value == pytest.approx(theirs.test.p_value, rel=1e-8)


def test_averaged_risks_are_integrals_with_their_delta_method():
    frame = simulated(5)
    found = mixed(frame, **COMMON)
    ours = averaged(found, "cit")
    u = np.linspace(-9, 9, 3001)
    density = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi) * (u[1] - u[0])

    def risks(theta):
        rest = theta[0] + theta[2] * frame.time.to_numpy()
        line = rest[:, None] + np.exp(theta[3]) * u
        return [float(np.mean(expit(line + theta[1] * arm) @ density)) for arm in (1, 0)]

    theta = np.append(values(found.coefficients), np.log(found.sd))
    p1, p0 = risks(theta)
    assert (ours.risk1.estimate, ours.risk0.estimate) == pytest.approx((p1, p0), rel=1e-9)
    gradient = np.array(
        [np.subtract(risks(theta + step), risks(theta - step)) / 2e-5 for step in 1e-5 * np.eye(4)]
    ).T
    spread = gradient @ found.covariance @ gradient.T
    assert ours.difference.estimate == pytest.approx(p1 - p0, rel=1e-9)
    direction = np.array([1, -1])
    assert ours.difference.se == pytest.approx((direction @ spread @ direction) ** 0.5, rel=1e-6)
    direction = np.array([1 / p1, -1 / p0])
    assert ours.log_risk_ratio.se == pytest.approx(
        (direction @ spread @ direction) ** 0.5, rel=1e-6
    )
    # The marginal odds ratio lies nearer 1 than that of contacts of one officer.
    own = found.odds_ratio("cit").estimate
    assert own < ours.odds_ratio.estimate < 1
    assert ours.risk_difference.low < p1 - p0 < ours.risk_difference.high


def test_counts_rows_and_groupings_agree():
    frame = simulated(3)
    by_row = mixed(frame, **COMMON)
    keys = ["officer", "cit", "time"]
    counted = frame.groupby(keys, as_index=False).agg(y=("y", "sum"), n=("n", "sum"))
    by_count = mixed(counted.sample(frac=1, random_state=1), trials="n", **COMMON)
    shared = mixed(group(frame, COMMON["terms"], "officer"), events="y")
    for other in (by_count, shared):
        assert other.covariance == pytest.approx(by_row.covariance, rel=1e-10)
        assert other.sd == pytest.approx(by_row.sd, rel=1e-10)
    assert (by_row.n, by_count.n, by_row.officers) == (500, 500, 25)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 30))
def test_swapping_arms_or_outcomes_flips_signs(seed):
    frame = simulated(seed)
    first = mixed(frame, **COMMON)
    arms = mixed(frame.assign(cit=1 - frame.cit), **COMMON)
    ends = mixed(frame.assign(y=1 - frame.y), **COMMON)
    assert arms.coefficients["cit"] == pytest.approx(-first.coefficients["cit"], rel=1e-5, abs=1e-8)
    assert values(ends.coefficients) == pytest.approx(-values(first.coefficients), rel=1e-5)
    assert (arms.sd, ends.sd) == pytest.approx((first.sd, first.sd), rel=1e-5)
    one, two = averaged(first, "cit"), averaged(arms, "cit")
    assert two.risk_difference.estimate == pytest.approx(-one.risk_difference.estimate, rel=1e-5)
    assert two.risk_difference.low == pytest.approx(-one.risk_difference.high, rel=1e-5)


def test_ten_million_contacts():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"cit": [0, 1] * 15, "o": np.repeat(np.arange(15), 2)})
    frame["n"] = rng.integers(600_000, 700_000, 30)
    odds = np.exp(-3 + rng.normal(size=15)[frame.o] + 0.25 * frame.cit)
    frame["y"] = (frame.n * odds / (1 + odds)).round().astype(int)
    found = mixed(frame, events="y", trials="n", terms=["cit"], cluster="o")
    assert found.coefficients["cit"] == pytest.approx(0.25, abs=1e-3)
    assert found.sd == pytest.approx(1, abs=0.5)
    assert isinstance(averaged(found, "cit"), Averaged)


def test_officers_with_all_and_none():
    # Officers who always or never did are far out: the intercepts spread wide, and still settle.
    frame = pd.DataFrame({"o": np.repeat(np.arange(12), 2), "cit": [0, 1] * 12, "n": 30})
    frame["y"] = np.where(frame.o < 5, 0, np.where(frame.o < 10, 30, 14 + frame.cit))
    found = mixed(frame, events="y", trials="n", terms=["cit"], cluster="o")
    assert isinstance(found, MixedFit) and found.sd > 3
    assert isinstance(found.intercept_sd(), Estimate)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": 0}, "No contact"),
        ({"y": 1}, "Every contact"),
        ({"officer": 1}, "one officer"),
        ({"n": 0, "y": 0}, "no contacts"),
    ],
)
def test_degenerate_data(change, words):
    found = mixed(simulated().assign(**change), trials="n", **COMMON)
    assert isinstance(found, NotEstimable) and words in found.reason


def test_separation_and_one_arm():
    frame = simulated()
    apart = mixed(frame.assign(cit=frame.y), **COMMON)
    assert isinstance(apart, NotEstimable) and "no finite answer" in apart.reason
    alone = mixed(frame.assign(cit=1), **COMMON)
    assert alone.aliased == ("cit",)
    assert isinstance(averaged(alone, "cit"), NotEstimable)
    doubled = mixed(frame.assign(other=1 - frame.cit), **COMMON | {"terms": ["other", "cit"]})
    assert isinstance(averaged(doubled, "cit"), NotEstimable)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_small_table_gives_a_number_or_a_reason(data):
    size = data.draw(st.integers(1, 12))
    n = data.draw(st.lists(st.integers(0, 6), min_size=size, max_size=size))
    frame = pd.DataFrame(
        {
            "o": data.draw(st.lists(st.integers(0, 4), min_size=size, max_size=size)),
            "cit": data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)),
            "n": n,
            "y": [data.draw(st.integers(0, k)) for k in n],
        }
    )
    found = mixed(frame, events="y", trials="n", terms=["cit"], cluster="o")
    if isinstance(found, NotEstimable):
        assert found.reason
        return
    assert np.isfinite(values(found.coefficients)).all() and np.isfinite(values(found.se)).all()
    assert found.boundary == (found.sd == 0)
    shown = averaged(found, "cit")
    assert isinstance(shown, NotEstimable) or 0 < shown.risk1.estimate < 1


def test_three_contacts_of_two_officers_are_no_error():
    frame = pd.DataFrame({"o": [0, 0, 1], "cit": [0, 0, 0], "n": [0, 2, 1], "y": [0, 0, 1]})
    found = mixed(frame, events="y", trials="n", terms=["cit"], cluster="o")
    assert isinstance(found, NotEstimable) or np.isfinite(values(found.se)).all()


def test_misuse():
    frame = simulated()
    with pytest.raises(ValueError, match="cluster"):
        mixed(frame, events="y", terms=["cit"])
    with pytest.raises(ValueError, match="points"):
        mixed(frame, **COMMON, points=1)
    with pytest.raises(KeyError):
        mixed(frame, events="nothing", terms=["cit"], cluster="officer")
    found = mixed(frame, **COMMON)
    with pytest.raises(ValueError, match="0/1"):
        averaged(found, "horoscope")
    with pytest.raises(ValueError, match="0 and 1"):
        averaged(found, "time")
