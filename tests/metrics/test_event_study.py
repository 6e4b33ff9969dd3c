"""Group-time effects against Callaway & Sant'Anna's county data and row-level arithmetic."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics import trends
from metrics.estimate import Interval, NotEstimable, Test
from metrics.event_study import EventStudy, event_study

NAMES = {"unit": "u", "period": "t", "first": "g", "events": "y", "trials": "n"}


def study(frame: pd.DataFrame, **options) -> EventStudy:
    found = event_study(frame, **NAMES, **{"repetitions": 500, **options})
    assert isinstance(found, EventStudy)
    return found


def simulated(
    seed: int, units: int = 40, effect: float = 0.0, contacts: float = 6, equal: bool = False
) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    first = draw.choice([3, 5, np.inf], units, p=[0.3, 0.3, 0.4])
    first[:6] = [3, 3, 5, 5, np.inf, np.inf]
    u, t = np.repeat(np.arange(units), 6), np.tile(np.arange(1, 7), units)
    load = np.full(units, contacts) if equal else draw.lognormal(np.log(contacts), 0.6, units)
    n = np.full(len(u), int(contacts)) if equal else draw.poisson(load[u])
    risk = 0.2 + 0.02 * t + draw.normal(0, 0.05, units)[u] + effect * (t >= first[u])
    y = draw.binomial(n, np.clip(risk, 0.01, 0.99))
    return pd.DataFrame({"u": u, "t": t, "g": np.where(np.isinf(first), np.nan, first)[u]}).assign(
        y=y, n=n
    )


@pytest.fixture(scope="module")
def counties(golden) -> pd.DataFrame:
    """The means of the cells, each cell a unit: one kind of county, as many contacts."""
    cells = pd.DataFrame(golden["did_cs_mpdta"]["inputs"]["cells"])
    return pd.DataFrame(
        {
            "u": cells.first_treat,
            "t": cells.year,
            "g": cells.first_treat.replace(0, np.nan),
            "y": cells["n"] * cells["mean"],
            "n": cells["n"],
        }
    )


def test_the_county_data_agree_with_the_paper(golden, counties):
    out = golden["did_cs_mpdta"]["outputs"]
    found = study(counties, controls="never", smallest=1)
    assert trends.event_study is event_study
    mine = {f"{c.group}_{c.period}": c.effect.estimate for c in found.group_time}
    assert mine == pytest.approx({k: v["att"] for k, v in out["att_gt"].items()}, abs=1e-10)
    assert found.simple.estimate == pytest.approx(out["simple"], abs=1e-10)
    assert found.overall.estimate == pytest.approx(out["group"]["overall"], abs=1e-10)
    assert round(found.overall.estimate, 6) == -0.031018
    groups = [effect.estimate for effect in found.by_group.values()]
    assert groups == pytest.approx(out["group"]["by_group"], abs=1e-10)
    # One unit a cell: the effects are known, their errors are not.
    assert found.overall.se is None and isinstance(found.overall.interval, NotEstimable)
    assert isinstance(found.pre_trend, NotEstimable) and found.critical is None


def test_single_units_are_not_compared_by_default(counties):
    assert isinstance(event_study(counties, **NAMES), NotEstimable)


def test_a_balanced_panel_is_differences_of_means():
    frame = simulated(1, equal=True)
    table = frame.pivot(index="u", columns="t", values="y") / 6
    first = frame.groupby("u").g.first().fillna(np.inf)
    for weights in ("units", "contacts"):
        found = study(frame, weights=weights)
        for cell in found.group_time:
            change = table[cell.period] - table[cell.base]
            assert cell.base == (cell.group if cell.period >= cell.group else cell.period) - 1
            mine = change[first == cell.group]
            others = change[(first > max(cell.period, cell.base)) & (first != cell.group)]
            assert cell.effect.estimate == pytest.approx(mine.mean() - others.mean())
            assert (cell.units, cell.controls) == (len(mine), len(others))
            se = np.sqrt(mine.var() / len(mine) + others.var() / len(others))
            assert cell.effect.se == pytest.approx(se)


def test_contacts_are_repeated_cross_sections():
    frame = simulated(2)
    rows = frame.loc[frame.index.repeat(frame.n)]
    found = study(frame, controls="never")
    cell = next(c for c in found.group_time if (c.group, c.period) == (3, 4))

    def rate(rows_of, t):
        part = frame[rows_of & (frame.t == t)]
        return part.y.sum() / part.n.sum()

    mine, never = frame.g == 3, frame.g.isna()
    expected = rate(mine, 4) - rate(mine, 2) - rate(never, 4) + rate(never, 2)
    assert cell.effect.estimate == pytest.approx(expected)
    share = {g: (rows.g == g).sum() for g in (3, 5)}
    groups = {g: found.by_group[g].estimate for g in (3, 5)}
    overall = sum(share[g] * groups[g] for g in (3, 5)) / sum(share.values())
    assert found.overall.estimate == pytest.approx(overall)
    assert groups[3] == pytest.approx(
        np.mean([c.effect.estimate for c in found.group_time if c.group == 3 and c.period >= 3])
    )


@pytest.mark.parametrize("weights", ["contacts", "units"])
def test_errors_agree_with_leaving_out_each_unit(weights):
    frame = simulated(3, units=80)
    found = study(frame, weights=weights)
    left = [study(frame[frame.u != u], weights=weights, repetitions=1) for u in frame.u.unique()]

    def jackknife(values: list[float]) -> float:
        return float(
            np.sqrt(
                (len(values) - 1) / len(values) * np.sum((np.array(values) - np.mean(values)) ** 2)
            )
        )

    assert found.overall.se == pytest.approx(
        jackknife([one.overall.estimate for one in left]), rel=0.1
    )
    assert found.simple.se == pytest.approx(
        jackknife([one.simple.estimate for one in left]), rel=0.1
    )
    for place, event in enumerate(found.event_time):
        expected = jackknife([one.event_time[place].effect.estimate for one in left])
        assert event.effect.se == pytest.approx(expected, rel=0.15)


def test_a_known_effect_is_found_and_the_years_before_are_quiet():
    found = study(simulated(4, units=300, effect=-0.15, contacts=15))
    assert found.overall.interval.low < -0.15 < found.overall.interval.high < 0
    assert found.pre_trend.p_value > 0.05
    after = [e for e in found.event_time if e.time >= 0]
    assert all(e.band.low <= -0.15 <= e.band.high for e in after)
    assert [e.time for e in found.event_time] == [-3, -2, -1, 0, 1, 2, 3]
    assert found.event_time[-1].groups == (3,)


def test_a_trend_before_training_is_seen():
    frame = simulated(5, units=300, contacts=20)
    drift = (frame.g == 5) * 0.06 * (frame.t - 1)
    more = np.random.default_rng(1).binomial(frame.n - frame.y, drift)
    assert study(frame.assign(y=frame.y + more)).pre_trend.p_value < 0.01


@pytest.mark.parametrize("weights", ["contacts", "units"])
def test_few_officers_rarely_claim_an_effect(weights):
    found = [study(simulated(seed, units=16), weights=weights) for seed in range(100)]
    wrong = [not one.overall.interval.low <= 0 <= one.overall.interval.high for one in found]
    assert sum(wrong) <= 12
    outside = [any(not e.band.low <= 0 <= e.band.high for e in one.event_time) for one in found]
    assert sum(outside) <= 14
    assert sum(one.pre_trend.p_value < 0.05 for one in found) <= 14


def test_the_band_is_wider_than_each_interval_and_repeats():
    frame = simulated(6)
    one, two = study(frame), study(frame)
    assert one == two
    other = study(frame, seed=1)
    assert one.critical != other.critical and one.overall == other.overall
    for event in one.event_time:
        assert isinstance(event.band, Interval)
        assert event.band.low <= event.effect.interval.low + 1e-12
        assert event.band.high >= event.effect.interval.high - 1e-12


def test_the_universal_base_is_the_last_period_before_training():
    one, two = study(simulated(7)), study(simulated(7), base="universal")
    assert {c.base for c in two.group_time if c.group == 5} == {4}
    assert -1 not in [e.time for e in two.event_time]
    for a in one.group_time:
        b = [b for b in two.group_time if (b.group, b.period) == (a.group, a.period)]
        if a.period >= a.group:
            assert b[0].effect == a.effect
    early = next(c for c in two.group_time if (c.group, c.period) == (5, 2))
    assert early.effect.estimate != 0


def test_controls_that_were_never_trained_and_units_always_trained():
    frame = simulated(8)
    frame["g"] = frame.g.mask(frame.u.isin([0, 1]), 1.0)  # trained from the start
    found = study(frame)
    assert found.always == 2
    without = study(frame[~frame.u.isin([0, 1])])
    assert without.always == 0 and found.treated == without.treated
    assert found.overall[:3] == pytest.approx(without.overall[:3])
    assert [e.effect[:3] for e in found.event_time] == [
        pytest.approx(e.effect[:3]) for e in without.event_time
    ]
    late = frame.assign(g=frame.g.fillna(99))  # to be trained after the data end
    assert study(late).overall[:2] == pytest.approx(found.overall[:2])
    assert isinstance(event_study(late, **NAMES, controls="never"), NotEstimable)
    assert study(frame, controls="never").never == found.never


def test_officers_without_contacts_in_a_period():
    frame = simulated(9, contacts=2)
    assert (frame.n == 0).any()
    seen = frame[frame.n > 0]
    for weights in ("contacts", "units"):
        assert study(frame, weights=weights) == study(seen, weights=weights)
    found = study(frame, weights="units")
    cell = found.group_time[0]
    both = seen[(seen.g == cell.group) & seen.t.isin([cell.base, cell.period])]
    assert cell.units == (both.groupby("u").size() == 2).sum()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["contacts", "units"]))
def test_grouping_order_and_sign_change_nothing_else(seed, weights):
    frame = simulated(seed, units=20, contacts=3)
    one = study(frame, weights=weights)
    part = frame.assign(y=np.minimum(frame.y, 1), n=np.minimum(frame.n, 1))
    rest = frame.assign(y=frame.y - part.y, n=frame.n - part.n)
    rest["y"] = np.minimum(rest.y, rest.n)
    part["y"] = frame.y - rest.y
    split = pd.concat([part, rest]).sample(frac=1, random_state=seed)
    two = study(split, weights=weights)
    assert two.overall.estimate == pytest.approx(one.overall.estimate, abs=1e-12)
    assert two.overall.se == pytest.approx(one.overall.se, rel=1e-9)
    three = study(frame.assign(y=frame.n - frame.y), weights=weights)
    assert three.overall.estimate == pytest.approx(-one.overall.estimate, abs=1e-12)
    assert three.overall.se == pytest.approx(one.overall.se, rel=1e-9)
    if isinstance(one.pre_trend, Test):
        assert three.pre_trend.p_value == pytest.approx(one.pre_trend.p_value, rel=1e-6)


def test_an_outcome_that_never_happened_has_no_error():
    found = study(simulated(10).assign(y=0))
    assert found.overall.estimate == 0 and isinstance(found.overall.interval, NotEstimable)
    always = simulated(10)
    found = study(always.assign(y=always.n * 0.1))
    assert found.overall.se is None


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.head(0),
        lambda f: f.assign(n=0, y=0),
        lambda f: f.assign(g=np.nan),
        lambda f: f.assign(g=1),
        lambda f: f.assign(g=3),
        lambda f: f[f.t == 3],
    ],
)
def test_nothing_to_compare_is_not_estimable(change):
    assert isinstance(event_study(change(simulated(11)), **NAMES), NotEstimable)


def test_many_contacts_and_officers():
    frame = simulated(12, units=2500)
    big = study(frame.assign(y=frame.y * 10**5, n=frame.n * 10**5))
    small = study(frame)
    assert big.overall.estimate == pytest.approx(small.overall.estimate)
    assert big.overall.se == pytest.approx(small.overall.se)


@pytest.mark.parametrize(
    ("change", "options", "error"),
    [
        ({"n": -1}, {}, ValueError),
        ({"y": np.nan}, {}, ValueError),
        ({"n": 0, "y": 1}, {}, ValueError),
        ({"t": 1.5}, {}, ValueError),
        ({"u": None}, {}, ValueError),
        ({"g": range(240)}, {}, ValueError),
        ({}, {"controls": "all"}, ValueError),
        ({}, {"weights": "days"}, ValueError),
        ({}, {"base": "first"}, ValueError),
        ({}, {"smallest": 0}, ValueError),
        ({}, {"level": 95}, ValueError),
        ({}, {"unit": "officer"}, KeyError),
    ],
)
def test_misuse_is_refused(change, options, error):
    with pytest.raises(error):
        event_study(simulated(13).assign(**change), **{**NAMES, **options})
