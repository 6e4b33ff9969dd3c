"""Interrupted time series against the Sicilian tutorial and statsmodels."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import trends
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.interrupted import Interrupted, interrupted
from tests.conftest import GOLDEN

LAUNCH = 12 * 2005 + 1


@pytest.fixture(scope="module")
def sicily() -> pd.DataFrame:
    frame = pd.read_csv(GOLDEN / "sicily.csv")
    return frame.assign(when=12 * frame.year + frame.month)


def run(frame: pd.DataFrame, **options) -> Interrupted:
    found = interrupted(frame.aces, frame.stdpop, frame.when, LAUNCH, **options)
    assert isinstance(found, Interrupted)
    return found


def simulated(seed: int, months: int = 48, change: float = 0.0, rho: float = 0.0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    noise = np.zeros(months)
    for t in range(1, months):
        noise[t] = rho * noise[t - 1] + draw.normal(0, 0.15)
    when = np.arange(months) + LAUNCH - months // 2
    n = draw.integers(200, 400, months)
    rate = 0.08 * np.exp(0.1 * np.sin(when * np.pi / 6) + change * (when >= LAUNCH) + noise)
    return pd.DataFrame({"when": when, "stdpop": n, "aces": draw.poisson(n * rate)})


def test_the_step_agrees_with_the_tutorial(golden, sicily):
    out = golden["its_sicily"]["outputs"]["quasi_step"]
    found = run(sicily, pairs=0, errors="quasi")
    assert trends.interrupted is interrupted
    assert found.level_change.estimate == pytest.approx(out["rr_smokban"], rel=1e-11)
    assert round(found.level_change.estimate, 6) == 0.894377
    for mine, theirs in (("level change", "smokban"), ("trend", "time")):
        assert found.coefficients[mine] == pytest.approx(out["coef"][theirs], rel=1e-9)
        assert found.se[mine] == pytest.approx(out["se"][theirs], rel=1e-9)
    assert found.dispersion == pytest.approx(out["dispersion"], rel=1e-9)
    # R's interval is normal, ours t: the errors are the same.
    reach = 1.959963984540054 * found.se["level change"]
    limits = np.exp(found.coefficients["level change"] + np.array([-reach, reach]))
    assert limits.tolist() == pytest.approx(out["ci"], rel=1e-9)
    assert found.level_change.low < out["ci"][0] and found.level_change.high > out["ci"][1]


def test_harmonics_and_slope_agree_with_the_tutorial(golden, sicily):
    out = golden["its_sicily"]["outputs"]["quasi_step_harmonic"]
    found = run(sicily, pairs=2, errors="quasi")
    names = ["sine 1", "cosine 1", "sine 2", "cosine 2"]
    for place, name in enumerate(names, start=1):
        assert found.coefficients[name] == pytest.approx(out["coef"][f"hp(month, 2, 12){place}"])
        assert found.se[name] == pytest.approx(out["se"][f"hp(month, 2, 12){place}"])
    assert found.se["level change"] == pytest.approx(out["se"]["smokban"], rel=1e-9)
    out = golden["its_sicily"]["outputs"]["quasi_slope_harmonic"]
    found = run(sicily, pairs=2, slope=True, errors="quasi")
    slope = out["coef"]["smokban:time"]
    assert found.coefficients["slope change"] == pytest.approx(slope, rel=1e-8)
    assert found.slope_change.estimate == pytest.approx(math.exp(slope))
    assert found.se["slope change"] == pytest.approx(out["se"]["smokban:time"], rel=1e-8)
    # The tutorial's level change is at time 0, ours at the launch, its month 37.
    assert found.coefficients["level change"] == pytest.approx(out["coef"]["smokban"] + 37 * slope)
    assert found.dispersion == pytest.approx(out["dispersion"], rel=1e-9)


def test_newey_west_agrees_with_r(golden, sicily):
    expected = golden["its_sicily"]["outputs"]["newey_west_lag3_se_smokban_poisson"]
    found = run(sicily, pairs=0, errors="newey-west", lag=3)
    # R's call leaves out T / (T - p).
    assert found.se["level change"] * math.sqrt(56 / 59) == pytest.approx(expected, rel=1e-9)
    assert "Newey-West" in found.error
    assert run(sicily, pairs=0, errors="newey-west").se == found.se  # 3 is the default here


def test_statsmodels_fits_the_same(sicily):
    time = sicily.when - LAUNCH
    x = np.column_stack([np.ones(len(time)), time >= 0, time]).astype(float)
    model = sm.GLM(sicily.aces, x, family=sm.families.Poisson(), exposure=sicily.stdpop)
    plain = model.fit(scale="X2")
    found = run(sicily, pairs=0, errors="quasi")
    keys = ["(Intercept)", "level change", "trend"]
    assert [found.se[k] for k in keys] == pytest.approx(plain.bse.tolist(), rel=1e-7)
    robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": 5, "use_correction": True})
    found = run(sicily, pairs=0, errors="newey-west", lag=5)
    expected = np.maximum(robust.bse, plain.bse)
    assert [found.se[k] for k in keys] == pytest.approx(expected.tolist(), rel=1e-6)


def test_autocorrelation_is_ljung_box(sicily):
    found = run(sicily, pairs=0)
    fitted = np.array([m.fitted for m in found.months]) * sicily.stdpop
    residual = ((sicily.aces - fitted) / np.sqrt(fitted)).to_numpy()
    t = len(residual)
    acf = [residual[k:] @ residual[:-k] / (residual @ residual) for k in range(1, 13)]
    assert found.acf == pytest.approx(acf)
    q = t * (t + 2) * sum(r**2 / (t - k) for k, r in enumerate(acf, start=1))
    assert found.autocorrelation.statistic == pytest.approx(q)
    assert found.autocorrelated and "Newey-West" in found.error


def test_the_plot_continues_the_trend(sicily):
    found = run(sicily, pairs=1, slope=True)
    assert [m.month for m in found.months] == sicily.when.tolist()
    assert [m.rate for m in found.months] == pytest.approx((sicily.aces / sicily.stdpop).tolist())
    before = [m for m in found.months if m.month < LAUNCH]
    assert all(m.counterfactual is None for m in before)
    first = next(m for m in found.months if m.month == LAUNCH)
    assert first.fitted / first.counterfactual == pytest.approx(found.level_change.estimate)
    total = sum(m.fitted * m.n for m in found.months)
    assert total == pytest.approx(sicily.aces.sum())


def test_missing_months_leave_and_are_shown(sicily):
    gone = sicily.index.isin([5, 20, 21, 45])
    holed = sicily[~gone]
    found = run(holed, pairs=1)
    assert found.missing == tuple(sicily.when[gone])
    assert len(found.months) == len(sicily)
    shown = [m for m in found.months if m.month in found.missing]
    assert all(m.events is m.n is m.rate is None and m.fitted > 0 for m in shown)
    emptied = sicily.assign(
        aces=sicily.aces.where(~gone, 0), stdpop=sicily.stdpop.where(~gone, 0.0)
    )
    assert run(emptied, pairs=1) == found
    assert run(holed.sample(frac=1, random_state=1), pairs=1) == found


def test_a_known_change_is_found_and_none_is_rarely_claimed():
    seen = run(simulated(1, change=-0.5), pairs=1)
    assert seen.level_change.high < 1 and seen.level_change.low < math.exp(-0.5) < 1
    claimed = [run(simulated(seed), pairs=1).test.p_value < 0.05 for seed in range(80)]
    assert sum(claimed) <= 10
    serial = [run(simulated(seed, 96, rho=0.7), pairs=1).autocorrelated for seed in range(20)]
    assert sum(serial) >= 15


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(-500, 500), st.floats(0.01, 1000))
def test_numbering_by_whole_years_and_units_change_nothing(seed, years, unit):
    frame = simulated(seed)
    one = run(frame, pairs=2)
    moved = interrupted(
        frame.aces, frame.stdpop * unit, frame.when + 12 * years, LAUNCH + 12 * years, pairs=2
    )
    assert moved.level_change == pytest.approx(one.level_change, rel=1e-6)
    assert moved.trend == pytest.approx(one.trend, rel=1e-6)
    assert moved.error == one.error


def test_few_months_or_events_are_refused():
    frame = simulated(3, 40)
    for data, words in [
        (frame.tail(31), "11 months with contacts before"),
        (frame.head(31), "11 months with contacts after"),
        (frame.head(0), "0 months"),
        (frame.assign(aces=0), "0 events before"),
        (frame.assign(aces=frame.aces.where(frame.when < LAUNCH, 0)), "0 events after"),
    ]:
        found = interrupted(data.aces, data.stdpop, data.when, LAUNCH)
        assert isinstance(found, NotEstimable) and words in found.reason


def test_a_season_that_cannot_be_seen_is_refused():
    when = LAUNCH + 12 * np.arange(-15, 15)
    found = interrupted([5] * 30, [100] * 30, when, LAUNCH)
    assert isinstance(found, NotEstimable) and "season" in found.reason
    plain = interrupted([5] * 30, [100] * 30, when, LAUNCH, pairs=0)
    assert isinstance(plain.level_change, Estimate)


def test_months_too_far_apart_have_no_autocorrelation():
    when = LAUNCH + 13 * np.arange(-15, 15)
    found = interrupted([5, 6] * 15, [100] * 30, when, LAUNCH, pairs=0)
    assert isinstance(found.autocorrelation, NotEstimable) and not found.autocorrelated


def test_a_perfect_fit_keeps_poisson_errors():
    when = np.arange(-20, 20)
    found = interrupted([10] * 40, [100] * 40, when, 0, pairs=0)
    assert found.dispersion == pytest.approx(0, abs=1e-12)
    x = np.column_stack([np.ones(40), when >= 0, when]).astype(float)
    expected = math.sqrt(np.linalg.inv(10 * x.T @ x)[1, 1])
    assert found.se["level change"] == pytest.approx(expected, rel=1e-6)
    assert isinstance(found.autocorrelation, Test)


def test_huge_counts():
    frame = simulated(4)
    found = interrupted(frame.aces * 10**6, frame.stdpop * 10**6, frame.when, LAUNCH)
    assert found.level_change == pytest.approx(run(frame).level_change, rel=0.9)
    assert found.dispersion > 1000


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({"aces": [1.0]}, {}),
        ({"aces": [-1.0, 1.0]}, {}),
        ({"stdpop": [0.0, 10.0]}, {}),
        ({"when": [1, 1]}, {}),
        ({"when": [1.5, 2.0]}, {}),
        ({"stdpop": [math.nan, 1.0]}, {}),
        ({}, {"pairs": 3}),
        ({}, {"errors": "HC3"}),
        ({}, {"lag": -1}),
        ({}, {"level": 95}),
    ],
)
def test_misuse_is_refused(change, options):
    data = {"aces": [1.0, 2.0], "stdpop": [10.0, 10.0], "when": [1, 2]} | change
    with pytest.raises(ValueError, match=r"must|unknown"):
        interrupted(data["aces"], data["stdpop"], data["when"], 2, **options)
