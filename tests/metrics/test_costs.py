"""Cost scenarios: against arithmetic, closed forms and a slow second implementation."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg

from data import costs as cost_sets
from data.costs import Cost
from data.registry.costs import PAYERS
from metrics import aggregate, costs, evaluate, regression
from metrics._student import quantile
from metrics.aggregate import EXPOSURE, OFFICER, Counts
from metrics.aggregate.minutes import Certified, certified, minute_counts
from metrics.costs import Basis, Difference, Minutes, Options, scenario
from metrics.costs.basis import minutes_difference
from metrics.costs.draws import cost_at, effect_at, uniform
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.question import ask
from metrics.wording import costs as words
from tests.metrics.test_wording import CAUSAL

EFFECTS = {
    "jail_booking": Estimate(-0.014, -0.022, -0.005),
    "arrest": Estimate(-0.013, -0.02, -0.004),
    "emergency_hold": Estimate(0.023, -0.003, 0.05),
    "officer_injury": Estimate(0.0001, -0.0019, 0.0021),
    "claim": NotEstimable("fewer than 10 events in a group: too few to say"),
    "voluntary_care": Estimate(0.08, 0.05, 0.11),
    "referral": Estimate(0.027, 0.013, 0.041),
}
MINUTES = Estimate(3.6, 0.7, 6.5)
HELD = Certified(officers=91, average=59.0, years=3.0, dated=170, rows=170)


def made(
    effects: dict[str, Estimated] | None = None,
    minutes: Estimated = MINUTES,
    held: Certified | None = HELD,
    lacks: tuple[str, ...] = (),
) -> Basis:
    found = EFFECTS | (effects or {})
    none = NotEstimable("not recorded by this source")
    return Basis(
        exposure="primary",
        contacts=10_000,
        everywhere=10_000,
        first=date(2021, 1, 1),
        last=date(2025, 12, 31),
        differences=tuple(
            Difference(o, none if o in lacks else found[o], o in lacks) for o in costs.OUTCOMES
        ),
        minutes=Minutes(minutes, ("shift",), 132.0, 120.0, 9_000, 9_500),
        certified=held,
    )


def changed(**items: dict[str, Any]) -> tuple[Cost, ...]:
    return tuple(replace(c, **items.get(c.item, {})) for c in cost_sets.defaults())


def fixed(value: float | None) -> dict[str, Any]:
    return {"low": None, "likely": value, "high": None, "shape": "fixed"}


ALL_FIXED = {
    "jail_day": fixed(105.0),
    "jail_booking": fixed(410.0),
    "ed_visit": fixed(520.0),
    "inpatient_stay": fixed(6000.0),
    "officer_hour": fixed(50.0),
    "officer_injury": fixed(10_000.0),
    "liability_claim": fixed(17_500.0),
    "cit_training_officer": fixed(112.5),
    "receiving_facility_visit": fixed(300.0),
    "clinician_hour": fixed(80.0),
    "days_per_booking": fixed(3.0),
    "minutes_per_hold": fixed(120.0),
    "stays_per_hold": fixed(0.4),
}


def point(value: float) -> Estimate:
    return Estimate(value, value, value)


def test_zero_width_inputs_equal_the_arithmetic() -> None:
    e = {"jail_booking": -0.014, "emergency_hold": 0.023, "officer_injury": 0.0001}
    e |= {"claim": 0.0004, "voluntary_care": 0.08, "referral": 0.027}
    basis = made({k: point(v) for k, v in e.items()}, point(3.6))
    found = scenario(basis, changed(**ALL_FIXED))
    years = basis.years
    per_officer = 59.0 / 3.0 * years / 10_000
    expected = {
        "jail_booking": -0.014 * 410,
        "jail_days": -0.014 * 3 * 105,
        "officer_time": 3.6 / 60 * 50,
        "ed_visit": 0.023 * 520,
        "inpatient": 0.023 * 0.4 * 6000,
        "officer_injury": 0.0001 * 10_000,
        "claim": 0.0004 * 17_500,
        "receiving_visit": 0.08 * 300,
        "clinician": 0.027 * 80,
        "training_hours": per_officer * 40 * 50,
        "training_backfill": per_officer * 40 * 50,
        "training_tuition": per_officer * 112.5,
    }
    assert {p.id for p in found.counted} == set(expected)
    for part in found.counted:
        assert part.per_contact is not None
        for value in part.per_contact:
            assert value == pytest.approx(expected[part.id], rel=0, abs=1e-9)
    total = sum(expected.values())
    assert isinstance(found.total, costs.Spread)
    for value in (*found.total, found.middle):
        assert value == pytest.approx(total, rel=0, abs=1e-9)
    assert found.swings == ()
    assert found.chance == 0.0
    county = expected["jail_booking"] + expected["jail_days"] + expected["clinician"]
    assert {p.id: p.per_contact.median for p in found.payers}["county"] == pytest.approx(county)
    assert found.contacts_a_year == pytest.approx(10_000 / years)


def test_time_on_holds_stands_in_where_minutes_are_not_there() -> None:
    basis = made({"emergency_hold": point(0.023)}, NotEstimable("not recorded by this source"))
    found = {p.id: p for p in scenario(basis, changed(**ALL_FIXED)).parts}
    assert found["officer_time"].state == costs.NOT_ESTIMABLE
    assert found["hold_time"].per_contact is not None
    assert found["hold_time"].per_contact.mean == pytest.approx(0.023 * 120 / 60 * 50, abs=1e-9)
    both = {p.id: p for p in scenario(made(), changed()).parts}
    assert both["hold_time"].state == costs.LEFT_OUT and "already in" in both["hold_time"].reason


def test_one_hold_is_one_bed() -> None:
    found = {p.id: p for p in scenario(made(), changed()).parts}
    assert (found["ed_visit"].state, found["evaluation"].state) == (costs.COUNTED, costs.LEFT_OUT)
    blank = scenario(made(), changed(ed_visit=fixed(None)))
    found = {p.id: p for p in blank.parts}
    assert "no cost entered" in found["ed_visit"].reason
    assert found["evaluation"].state == costs.COUNTED


@pytest.mark.parametrize("item", sorted({f.item for f in costs.FLOWS}))
@pytest.mark.parametrize("shape", ["as shipped", "lognormal"])
def test_doubling_a_unit_cost_doubles_its_parts_exactly(item: str, shape: str) -> None:
    entered = {i: ALL_FIXED[i] for i in ("receiving_facility_visit", "clinician_hour")}
    entered |= {"ed_visit": fixed(None)} if item == "involuntary_evaluation" else {}
    entered["stays_per_hold"] = fixed(0.4)
    if shape == "lognormal":
        entered[item] = {"low": 10.0, "likely": 33.0, "high": 270.0, "shape": "lognormal"}
    once = changed(**entered)
    twice = tuple(
        replace(c, **{n: None if (v := getattr(c, n)) is None else 2 * v for n in VALUES})
        if c.item == item
        else c
        for c in once
    )
    basis = made({"claim": Estimate(0.0004, -0.0001, 0.001)})
    one, two = costs.draw(basis, once), costs.draw(basis, twice)
    own = [f.id for f in costs.FLOWS if f.item == item and f.id in one.parts]
    assert own
    for id_, values in one.parts.items():
        assert np.array_equal(two.parts[id_], 2 * values if id_ in own else values), id_


VALUES = ("low", "likely", "high")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=3).map(sorted),
    st.lists(st.floats(0, 1e5), min_size=3, max_size=3).map(sorted),
    st.integers(0, 2**31),
    st.sampled_from(sorted(PAYERS)),
    st.booleans(),
)
def test_payers_sum_to_the_whole_draw_by_draw(
    effect: list[float], price: list[float], seed: int, payer: str, together: bool
) -> None:
    basis = made({"emergency_hold": Estimate(effect[1], effect[0], effect[2])})
    rows = changed(
        ed_visit=dict(zip(VALUES, price, strict=True)) | {"payer": payer},
        clinician_hour=fixed(70.0),
    )
    options = Options(seed, draws=500, together=together)
    found = costs.draw(basis, rows, options)
    assert np.array_equal(sum(found.payers.values()), found.total)
    assert np.allclose(sum(found.parts.values()), found.total, rtol=1e-12, atol=1e-9)
    result = scenario(basis, rows, options)
    assert result == scenario(basis, rows, options)
    assert isinstance(result.total, costs.Spread) and isinstance(result.chance, float)
    assert result.total.low <= result.total.median <= result.total.high
    assert result.chance == np.mean(found.total < 0)


def test_the_order_of_the_parts_and_rows_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = scenario(made(), changed())
    draws = costs.draw(made(), changed())
    monkeypatch.setattr("metrics.costs.model.FLOWS", tuple(reversed(costs.FLOWS)))
    after = scenario(made(), tuple(reversed(changed())))
    assert after.total == before.total and after.payers == before.payers
    assert after.swings == before.swings and after.digest == before.digest
    assert sorted(after.parts, key=lambda p: p.id) == sorted(before.parts, key=lambda p: p.id)
    # What else is counted does not change a part's draws.
    fewer = costs.draw(made({"officer_injury": NotEstimable("too few")}), changed())
    assert "officer_injury" not in fewer.parts
    for id_, values in fewer.parts.items():
        assert np.array_equal(values, draws.parts[id_])


def test_the_hash_follows_every_input() -> None:
    one = scenario(made(), changed())
    others = [
        scenario(made(), changed(), Options(seed=2)),
        scenario(made(), changed(), Options(draws=10_000)),
        scenario(made(), changed(), Options(factors=((2017, 1.2),))),
        scenario(made(), changed(), Options(together=True)),
        scenario(made(), changed(jail_day={"source_text": "own"})),
        scenario(made(minutes=Estimate(3.6, 0.7, 6.6)), changed()),
    ]
    assert len({one.digest, *(o.digest for o in others)}) == 7
    assert one.costs == cost_sets.digest(changed())


def test_triangular_costs_have_their_closed_form() -> None:
    a, m, b, effect, n = 34.0, 50.0, 99.0, 0.3, 400_000
    cost = Cost("officer_hour", a, m, b, "triangular", None, "city", "average", "x")
    drawn = effect * cost_at(cost, uniform(7, "x", n))
    mean = effect * (a + m + b) / 3
    variance = effect**2 * (a * a + m * m + b * b - a * m - a * b - m * b) / 18
    assert drawn.mean() == pytest.approx(mean, abs=4 * (variance / n) ** 0.5)
    assert drawn.var() == pytest.approx(variance, rel=0.01)
    assert drawn.min() >= effect * a and drawn.max() <= effect * b


def test_a_normal_effect_times_a_triangular_cost_has_its_closed_form() -> None:
    mean_e, se = -0.014, 0.004
    reach = 1.959963984540054 * se
    basis = made({"jail_booking": Estimate(mean_e, mean_e - reach, mean_e + reach)})
    found = costs.draw(basis, changed(), Options(draws=400_000)).parts["jail_booking"]
    a, m, b = 300.0, 410.0, 560.0
    mean_c = (a + m + b) / 3
    var_c = (a * a + m * m + b * b - a * m - a * b - m * b) / 18
    variance = mean_e**2 * var_c + mean_c**2 * se**2 + var_c * se**2
    assert found.mean() == pytest.approx(mean_e * mean_c, abs=4 * (variance / 400_000) ** 0.5)
    assert found.var() == pytest.approx(variance, rel=0.02)


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3).map(sorted))
def test_an_effect_has_its_own_limits(values: list[float]) -> None:
    low, estimate, high = values
    found = effect_at(Estimate(estimate, low, high), np.array([0.025, 0.5, 0.975]))
    assert np.allclose(found, values, rtol=1e-9, atol=1e-9)


def test_lognormals_have_what_they_were_given() -> None:
    at = np.array([0.05, 0.5, 0.95])
    days = Cost("days_per_booking", 1, 3, 32, "lognormal", None, None, None, "x")
    assert np.allclose(cost_at(days, at), [1, 3, 32])
    ends = Cost("jail_day", 4, None, 36, "lognormal", None, "city", "average", "x")
    assert np.allclose(cost_at(ends, at), [4, 12, 36])
    claim = Cost("liability_claim", None, 17_500, 80_000, "lognormal", None, "city", "average", "x")
    drawn = cost_at(claim, uniform(1, "claim", 2_000_000))
    assert np.median(drawn) == pytest.approx(17_500, rel=0.01)
    assert drawn.mean() == pytest.approx(80_000, rel=0.03)


def test_a_cost_that_is_not_there_is_never_drawn() -> None:
    with pytest.raises(ValueError, match="no value"):
        cost_at(
            Cost("jail_day", None, None, None, "fixed", None, "city", "average", "x"), np.ones(1)
        )


def test_a_slow_second_implementation_agrees() -> None:
    """Another generator, other formulas, one draw at a time."""
    basis, rows, n = made(), {c.item: c for c in changed()}, 60_000
    found = scenario(basis, changed(), Options(draws=n))
    rng = random.Random(11)
    per_officer = 59.0 * basis.years / 10_000 / 3.0

    def effect(value: Estimated) -> float:
        assert isinstance(value, Estimate)
        z = rng.gauss(0, 1)
        reach = (value.high - value.estimate) if z > 0 else (value.estimate - value.low)
        return value.estimate + z * reach / 1.959963984540054

    def price(id_: str) -> float:
        c = rows[id_]
        assert c.low is not None and c.high is not None
        return rng.triangular(c.low, c.high, c.likely)

    city, county, hospital, total = [], [], [], []
    for _draw in range(n):
        booked, hour = effect(EFFECTS["jail_booking"]), price("officer_hour")
        z = rng.gauss(0, 1)
        days = 3 * (
            3 ** (z / 1.6448536269514722) if z < 0 else (32 / 3) ** (z / 1.6448536269514722)
        )
        county.append(booked * price("jail_booking") + booked * days * price("jail_day"))
        hospital.append(effect(EFFECTS["emergency_hold"]) * price("ed_visit"))
        city.append(
            effect(MINUTES) / 60 * hour
            + effect(EFFECTS["officer_injury"]) * price("officer_injury")
            + per_officer * (80 * hour + price("cit_training_officer"))
        )
        total.append(city[-1] + county[-1] + hospital[-1])
    assert isinstance(found.total, costs.Spread)
    own = {p.id: p.per_contact for p in found.payers} | {"total": found.total}
    assert set(own) == {"city", "county", "hospital", "total"}
    for name, values in (
        ("city", city),
        ("county", county),
        ("hospital", hospital),
        ("total", total),
    ):
        spread = float(np.std(values))
        expected = (*np.quantile(values, [0.5, 0.05, 0.95]), np.mean(values))
        for one, other in zip(own[name], expected, strict=True):
            assert one == pytest.approx(float(other), abs=0.03 * spread), name
    assert found.chance == pytest.approx(float(np.mean(np.array(total) < 0)), abs=0.01)


def test_together_is_wider_than_apart() -> None:
    effects: dict[str, Estimated] = {
        "jail_booking": Estimate(0, -0.02, 0.02),
        "emergency_hold": Estimate(0, -0.02, 0.02),
    }
    rows = changed(**ALL_FIXED)
    apart = costs.draw(made(effects), rows).total.std()
    assert costs.draw(made(effects), rows, Options(together=True)).total.std() > 1.2 * apart


def test_only_marginal_costs() -> None:
    found = scenario(made(), changed(), Options(marginal_only=True))
    assert {p.id for p in found.counted} == {"training_backfill", "training_tuition"}
    assert found.total == found.chance == costs.NO_MARGINAL
    kept = scenario(made(), changed(jail_day={"kind": "marginal"}), Options(marginal_only=True))
    assert "jail_days" in {p.id for p in kept.counted}
    assert isinstance(kept.total, costs.Spread)
    assert "Only marginal" in words.margins(kept)


def test_inflation_multiplies_prices_of_its_year_only() -> None:
    plain = costs.draw(made(), changed())
    raised = costs.draw(made(), changed(), Options(factors=((2017, 2.0), (1999, 3.0))))
    for id_, values in plain.parts.items():
        times = 2 if id_ == "ed_visit" else 1
        assert np.array_equal(raised.parts[id_], times * values), id_


def test_arrests_stand_in_only_where_bookings_are_not_recorded() -> None:
    drivers = {p.id: p.driver for p in scenario(made(lacks=("jail_booking",)), changed()).parts}
    assert drivers["jail_days"] == "arrest"
    refused = made({"jail_booking": NotEstimable("too few to say")})
    part = next(p for p in scenario(refused, changed()).parts if p.id == "jail_days")
    assert (part.driver, part.state, part.per_contact) == (
        "jail_booking",
        costs.NOT_ESTIMABLE,
        None,
    )


def test_without_any_difference_there_is_no_total() -> None:
    gone = NotEstimable("too few to say")
    found = scenario(made(dict.fromkeys(costs.OUTCOMES, gone), gone), changed())
    assert isinstance(found.total, NotEstimable) and isinstance(found.middle, NotEstimable)
    assert found.swings == ()
    assert {p.id for p in found.counted} == {
        "training_hours",
        "training_backfill",
        "training_tuition",
    }
    assert found.total == costs.TOO_FEW
    assert words.headline(found).startswith("Too few to say")
    assert words.year(found) == ""


def test_without_any_cost_there_is_no_total() -> None:
    blank = {f.item: fixed(None) for f in costs.FLOWS}
    found = scenario(made(), changed(**blank))
    assert found.counted == () and found.payers == ()
    assert found.total == costs.NO_COST
    assert "no cost is entered" in words.headline(found).lower()


def test_training_without_years_is_not_estimable_until_they_are_entered() -> None:
    held = replace(HELD, years=None, dated=0)
    part = next(p for p in scenario(made(held=held), changed()).parts if p.id == "training_tuition")
    assert part.state == costs.NOT_ESTIMABLE and "years a certification counts" in part.reason
    entered = scenario(made(held=held), changed(certification_years=fixed(2.0)))
    assert "training_tuition" in {p.id for p in entered.counted}
    zero = scenario(made(), changed(certification_years=fixed(0.0)))
    assert "above 0" in next(p for p in zero.parts if p.id == "training_tuition").reason
    nobody = scenario(made(held=replace(HELD, rows=0)), changed())
    assert "certifications.csv" in next(p for p in nobody.parts if p.id == "training_hours").reason


def test_swings_are_one_input_at_a_time() -> None:
    found = scenario(made(), changed())
    widths = [s.width for s in found.swings]
    assert widths == sorted(widths, reverse=True) and min(widths) > 0
    swing = next(s for s in found.swings if s.input == "jail_booking")
    a, m, b = 300.0, 410.0, 560.0
    low = a + (0.05 * (b - a) * (m - a)) ** 0.5
    high = b - (0.05 * (b - a) * (b - m)) ** 0.5
    assert swing.at_high - swing.at_low == pytest.approx(-0.014 * (high - low))


# --- what the data give ----------------------------------------------------------------------------


def rows_of(seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = 900
    officer = rng.integers(0, 30, n)
    frame = pd.DataFrame(
        {
            OFFICER: [f"o{k:02d}" for k in officer],
            EXPOSURE: (officer < 14) ^ (rng.random(n) < 0.2),
            "shift": rng.choice(["day", "night"], n),
            "district": rng.choice(["A", "B", "C"], n),
        }
    )
    slope = 20 * frame[EXPOSURE] + 35 * (frame["shift"] == "night") + rng.normal(0, 8, 30)[officer]
    frame["minutes"] = np.maximum(rng.gamma(2, 30, n) + slope, 1).round().astype(int)
    return frame


def grouped(frame: pd.DataFrame, by: tuple[str, ...]) -> Counts:
    keys = [EXPOSURE, *by, OFFICER]
    found = frame.assign(timed=1, contacts=1).groupby(keys, as_index=False, observed=True)
    return Counts(found[["contacts", "timed", "minutes"]].sum(), (), by)


def test_minutes_are_least_squares_on_rows_with_errors_by_officer() -> None:
    frame, by = rows_of(), ("shift", "district")
    found = minutes_difference(grouped(frame, by), by)
    assert isinstance(found.value, Estimate)
    x = np.column_stack(
        [
            np.ones(len(frame)),
            frame[EXPOSURE],
            frame["shift"] == "night",
            frame["district"] == "B",
            frame["district"] == "C",
        ]
    ).astype(float)
    y = frame["minutes"].to_numpy(float)
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    assert found.value.estimate == pytest.approx(beta[1], abs=1e-8)
    # CR2 from its definition: residuals of each officer through (I - H)^(-1/2).
    bread = np.linalg.inv(x.T @ x)
    meat = np.zeros((5, 5))
    for _officer, places in frame.groupby(OFFICER).indices.items():
        own = x[places]
        hat = own @ bread @ own.T
        root = np.real(linalg.fractional_matrix_power(np.eye(len(places)) - hat, -0.5))
        score = own.T @ root @ (y[places] - own @ beta)
        meat += np.outer(score, score)
    se = float(np.sqrt((bread @ meat @ bread)[1, 1]))
    # Degrees of freedom depend on the design only: those of any yes/no outcome of these contacts.
    binary = frame.assign(long=(frame["minutes"] > 90).astype(int), n=1)
    fit = regression.fit(
        binary,
        events="long",
        trials="n",
        terms=[EXPOSURE, *by],
        cluster=OFFICER,
        family="linear",
    )
    assert isinstance(fit, regression.Fit)
    half = quantile(fit.df[EXPOSURE]) * se
    assert found.value.high - found.value.estimate == pytest.approx(half, rel=1e-6)
    assert found.adjusted_for == by and found.timed_cit == int(frame[EXPOSURE].sum())


def test_minutes_without_covariates_are_a_difference_of_means_and_say_so() -> None:
    frame = rows_of()
    found = minutes_difference(grouped(frame, ()), ())
    means = frame.groupby(EXPOSURE)["minutes"].mean()
    assert isinstance(found.value, Estimate)
    assert found.value.estimate == pytest.approx(means[True] - means[False])
    assert "not adjusted" in words.minutes(replace(made(), minutes=found))


def test_minutes_that_cannot_be_compared_are_refused() -> None:
    frame = rows_of()
    untimed = grouped(frame, ())
    untimed.frame["timed"] = 0
    untimed.frame["minutes"] = 0
    assert isinstance(minutes_difference(untimed, ()).value, NotEstimable)
    one = grouped(frame[frame[EXPOSURE]], ())
    assert "one group only" in str(minutes_difference(one, ()).value)
    few = grouped(frame[frame[OFFICER].isin(["o00", "o20"])], ())
    assert isinstance(minutes_difference(few, ()).value, NotEstimable)
    apart = frame.assign(shift=np.where(frame[EXPOSURE], "day", "night"))
    assert "have a like" in str(minutes_difference(grouped(apart, ("shift",)), ("shift",)).value)


def test_the_basis_is_the_adjusted_difference_of_evaluate(loaded_simulation: Any) -> None:
    question = ask()
    found = costs.basis(question, loaded_simulation)
    expected = evaluate(question.only(*costs.OUTCOMES), snapshot=loaded_simulation)
    for one, comparison in zip(found.differences, expected, strict=True):
        assert one.value == comparison.adjusted.risk_difference
        assert one.lacks == (comparison.lacks is not None)
    total = minute_counts(loaded_simulation, question, ())
    assert found.contacts == found.everywhere == total.total("contacts", True)
    filtered = costs.basis(
        ask(where={"shift": [aggregate.levels(loaded_simulation, "shift")[0]]}), loaded_simulation
    )
    assert filtered.contacts < filtered.everywhere == found.contacts
    assert filtered.certified == found.certified


def test_certified_officers_day_by_day(loaded_simulation: Any) -> None:
    start, end = date(2022, 3, 5), date(2024, 2, 11)
    found = certified(loaded_simulation, start, end)
    rows = (
        loaded_simulation.cursor()
        .execute(
            "SELECT c.officer_key, certified_on, expires_on, left_month FROM certifications c"
            " LEFT JOIN officers o USING (agency_id, officer_key)"
            " WHERE credential IN ('cit_40h', 'cit_enhanced')"
        )
        .fetchall()
    )
    days: set[tuple[str, date]] = set()
    for officer, since, until, left in rows:
        day = max(start, since)
        while day <= end and (until is None or day < until) and (left is None or day < left):
            days.add((officer, day))
            day += timedelta(days=1)
    assert found.average == pytest.approx(len(days) / ((end - start).days + 1))
    assert found.officers == len({officer for officer, _day in days})
    lengths = [(u - s).days for _, s, u, _ in rows if u and u > s]
    assert found.years == pytest.approx(float(np.median(lengths)) / 365.25)


def test_seattle_says_what_it_does_not_record(seattle: Any) -> None:
    found = scenario(costs.basis(ask(), seattle), changed())
    parts = {p.id: p for p in found.parts}
    for id_ in ("officer_time", "officer_injury", "claim"):
        assert parts[id_].reason == "not recorded by this source"
    assert parts["jail_days"].driver == "arrest"
    assert "certifications.csv" in parts["training_hours"].reason
    assert "No cost of training or of added care is in it" in words.left_out(found)
    assert "contacts.csv" in words.minutes(found.basis)


# --- words -----------------------------------------------------------------------------------------


def everything(found: costs.Scenario) -> str:
    lines = [
        words.headline(found),
        words.year(found),
        words.pockets(found),
        words.uncertain(found),
        words.left_out(found),
        words.margins(found),
        words.minutes(found.basis),
        words.training(found.basis, changed()),
        words.method(found.options),
        words.payers_alt(found),
        words.swings_alt(found),
        words.traced(found, "ours"),
        *words.outside(found),
        *(
            getattr(words, n)
            for n in dir(words)
            if n.isupper() and isinstance(getattr(words, n), str)
        ),
    ]
    return "\n".join(lines)


def test_no_words_say_cause() -> None:
    for options in (Options(draws=500), Options(draws=500, together=True, factors=((2017, 1.2),))):
        text = everything(scenario(made(), changed(), options))
        assert not CAUSAL.search(text), CAUSAL.search(text)
        for banned in ("nan", "None", "inf ", "non-CIT", "CIT saves"):
            assert banned not in text
    for item in cost_sets.defaults():
        assert not CAUSAL.search(item.source_text)


def test_the_result_says_if_real_and_names_what_includes_zero() -> None:
    found = scenario(made(), changed())
    assert words.headline(found).startswith(
        "*If the difference is real*, a contact with CIT goes with $"
    )
    assert "for city, county and hospital together" in words.headline(found)
    assert "nine draws in ten" in words.headline(found)
    assert "If the difference is real" in words.year(found) or "*if the" in words.year(found)
    assert "Chance of a net saving" in words.year(found)
    assert "emergency hold and officer injured" in words.uncertain(found)
    assert "jail booking" not in words.uncertain(found)
    sure = made({o: Estimate(0.02, 0.01, 0.03) for o in costs.OUTCOMES})
    assert words.uncertain(scenario(sure, changed())) == ""
    assert "No cost of added care is in it" in words.left_out(found)
    assert "El-Mallakh 2014" in words.LOUISVILLE


@given(st.floats(-1e9, 1e9))
def test_money_has_words_for_every_size(value: float) -> None:
    text = words.money(value)
    assert text == "$0" or text.endswith("more" if value > 0 else "less")
    assert "-" not in text and "nan" not in text
