"""Time to an event with censoring: textbook values, other implementations, and laws that always hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from metrics.estimate import Estimate, NotEstimable
from metrics.survival import Curve, cumulative_incidence, kaplan_meier

# Remission times of 21 children on 6-MP (Freireich 1963), in Kalbfleisch & Prentice and most others.
WEEKS = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
CENSORED = [1 - r for r in RELAPSED]
# week -> survival, log-log limits, as Stata's `sts list` prints them.
PRINTED = {
    6: (0.8571, 0.6197, 0.9516),
    7: (0.8067, 0.5631, 0.9228),
    10: (0.7529, 0.5032, 0.8894),
    13: (0.6902, 0.4316, 0.8491),
    16: (0.6275, 0.3675, 0.8049),
    22: (0.5378, 0.2678, 0.7468),
    23: (0.4482, 0.1881, 0.6801),
}
COUNT = st.integers(0, 6)


@st.composite
def tables(draw: st.DrawFn, censoring: bool = True) -> tuple[list[int], dict[str, list[int]], list]:
    """Draw counts by day: days, events of two kinds, and censored."""
    size = draw(st.integers(1, 8))
    days = draw(st.lists(st.integers(0, 30), min_size=size, max_size=size))
    one, two, gone = (draw(st.lists(COUNT, min_size=size, max_size=size)) for _ in range(3))
    if not censoring:
        gone = [0] * size
    if not sum(one) + sum(two) + sum(gone):
        one[0] = 1
    return days, {"a": one, "b": two}, gone


def estimate(value: object) -> Estimate:
    assert isinstance(value, Estimate), value
    return value


def rows(days: Sequence[int], counts: Sequence[int]) -> list[int]:
    return [d for d, n in zip(days, counts, strict=True) for _ in range(n)]


def test_the_remission_times_of_the_textbooks() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED, CENSORED)
    for week, printed in PRINTED.items():
        assert estimate(curve.at(week)) == pytest.approx(printed, abs=6e-5)
    assert [curve.at_risk(w) for w in (0, 6, 10, 22)] == [21, 17, 13, 6]
    assert curve.quantile(0.5) == 23
    assert curve.cumulative(10) == 5
    assert (curve.n, curve.events, curve.last_day) == (21, 9, 35)


def test_before_the_first_event_the_limit_is_exact() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED, CENSORED)
    value = estimate(curve.at(5))
    assert (value.estimate, value.high) == (1.0, 1.0)
    assert binom.pmf(0, 21, 1 - value.low) == pytest.approx(0.025)
    # None of the 20 still there on day 3 had one; the one who left on day 2 says nothing after.
    quiet = kaplan_meier([2, 3, 9], [0, 0, 1], [1, 2, 17])
    assert estimate(quiet.at(3)).low == pytest.approx(0.025 ** (1 / 20))


def test_what_nobody_was_followed_to_is_not_said() -> None:
    curve = kaplan_meier(WEEKS, RELAPSED, CENSORED)
    assert isinstance(curve.at(36), NotEstimable)
    assert isinstance(curve.quantile(0.9), NotEstimable)
    assert isinstance(kaplan_meier([], [], []).at(0), NotEstimable)
    everyone = kaplan_meier([1, 2], [3, 2], [0, 0])
    assert isinstance(everyone.at(2), NotEstimable)  # survival 0: no limits
    assert everyone.steps[-1].value == 0
    assert isinstance(everyone.at(400), NotEstimable)
    none = cumulative_incidence([4], {"a": [0], "b": [2]}, [8])
    assert isinstance(none["a"].at(4), NotEstimable)
    assert none["a"].steps[0].value == 0
    assert isinstance(none["b"].at(0), NotEstimable)


@pytest.mark.parametrize(
    ("day", "events", "censored"),
    [([1], [1, 2], [0]), ([1], [-1], [2]), ([1.5], [1], [0]), ([-1], [1], [0]), ([1], [0.5], [1])],
)
def test_counts_that_cannot_be_are_refused(day: list, events: list, censored: list) -> None:
    with pytest.raises(ValueError, match="must be"):
        kaplan_meier(day, events, censored)


def test_a_quantile_is_of_survival_and_a_level_of_probability() -> None:
    found = cumulative_incidence([1, 2], {"a": [1, 1]}, [0, 3])
    with pytest.raises(ValueError, match="survival curve"):
        found["a"].quantile(0.5)
    with pytest.raises(ValueError, match="level"):
        kaplan_meier([1], [1], [1], level=1.0)
    with pytest.raises(ValueError, match="one length"):
        cumulative_incidence([1], {}, [1])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # theirs, where everyone has had the event
def test_statsmodels_agrees(seed: int) -> None:
    from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

    rng = np.random.default_rng(seed)
    day, kind = rng.integers(1, 60, 300), rng.integers(0, 3, 300)
    curve = kaplan_meier(day, kind > 0, kind == 0)
    theirs = SurvfuncRight(day, (kind > 0).astype(int))
    for when, value, error in zip(
        theirs.surv_times, theirs.surv_prob, theirs.surv_prob_se, strict=True
    ):
        if 0 < value < 1:
            step = estimate(curve.at(int(when)))
            assert step.estimate == pytest.approx(value, abs=1e-12)
            reach = np.log(np.log(step.low) / np.log(value)) / 1.959963984540054
            assert reach * value * abs(np.log(value)) == pytest.approx(error, rel=1e-9)
    parts = cumulative_incidence(day, {"a": kind == 1, "b": kind == 2}, kind == 0)
    ours = CumIncidenceRight(day, kind)
    for name, incidence in zip("ab", ours.cinc, strict=True):
        for when, value in zip(ours.times, incidence, strict=True):
            if 0 < value < 1:
                assert estimate(parts[name].at(int(when))).estimate == pytest.approx(
                    value, abs=1e-12
                )


def by_gradient(
    days: list[int], events: dict[str, list[int]], gone: list[int], kind: str, when: int
) -> tuple[float, float]:
    """Return the incidence and its standard error from the multinomial covariance of the hazards.

    Every day's hazards have variance h (1 - h) / n and covariance -h g / n, and days are independent;
    the incidence is a function of them all, differentiated here by small steps.
    """
    order = sorted({d for d, *n in zip(days, *events.values(), gone, strict=True) if sum(n)})
    kinds = list(events)

    def total(counts: list[int], day: int) -> int:
        return sum(n for d, n in zip(days, counts, strict=True) if d == day)

    alive = sum(sum(c) for c in (*events.values(), gone))
    at_risk, hazard = [], []
    for day in order:
        at_risk.append(alive)
        hazard.append([total(events[k], day) / alive for k in kinds])
        alive -= sum(total(c, day) for c in (*events.values(), gone))
    h = np.array(hazard)

    def incidence(h: np.ndarray) -> float:
        still, found = 1.0, 0.0
        for day, row in zip(order, h, strict=True):
            if day <= when:
                found += still * row[kinds.index(kind)]
                still *= 1 - row.sum()
        return found

    slope = np.zeros_like(h)
    for place in np.ndindex(*h.shape):
        step = np.zeros_like(h)
        step[place] = 1e-6
        slope[place] = (incidence(h + step) - incidence(h - step)) / 2e-6
    variance = 0.0
    for row, g, n in zip(h, slope, at_risk, strict=True):
        variance += g @ (np.diag(row) - np.outer(row, row)) @ g / n
    return incidence(h), float(np.sqrt(max(variance, 0.0)))


@settings(deadline=None, max_examples=60)
@given(tables())
def test_the_variance_is_that_of_the_hazards(table: tuple) -> None:
    days, events, gone = table
    found = cumulative_incidence(days, events, gone)
    for kind in events:
        for step in found[kind].steps:
            value, error = by_gradient(days, events, gone, kind, step.day)
            assert step.value == pytest.approx(value, abs=1e-9)
            if isinstance(step.interval, Estimate) and error > 1e-6:
                down = np.log(1 - step.interval.high) / np.log(1 - value)
                reach = np.log(down) / 1.959963984540054
                assert reach * (1 - value) * abs(np.log(1 - value)) == pytest.approx(
                    error, rel=1e-3
                )


@settings(deadline=None)
@given(tables())
def test_the_parts_and_survival_add_up_to_one(table: tuple) -> None:
    days, events, gone = table
    parts = cumulative_incidence(days, events, gone)
    all_events = [a + b for a, b in zip(*events.values(), strict=True)]
    whole = kaplan_meier(days, all_events, gone)
    for step, a, b in zip(whole.steps, parts["a"].steps, parts["b"].steps, strict=True):
        assert step.value + a.value + b.value == pytest.approx(1, abs=1e-9)
        assert (step.day, step.at_risk) == (a.day, a.at_risk) == (b.day, b.at_risk)
        for value in (step.interval, a.interval, b.interval):
            if isinstance(value, Estimate):
                assert 0 <= value.low <= value.estimate + 1e-12
                assert value.estimate <= value.high + 1e-12 <= 1 + 2e-12
    values = [step.value for step in whole.steps]
    assert values == sorted(values, reverse=True)


@settings(deadline=None)
@given(tables(censoring=False), st.integers(0, 30))
def test_without_censoring_it_is_the_share_itself(table: tuple, when: int) -> None:
    days, events, gone = table
    n = sum(map(sum, events.values()))
    parts = cumulative_incidence(days, events, gone)
    for kind, counts in events.items():
        k = sum(1 for d in rows(days, counts) if d <= when)
        value = parts[kind].at(when)
        if 0 < k < n and when <= parts[kind].last_day:
            share = estimate(value)
            assert share.estimate == pytest.approx(k / n, abs=1e-12)
            # And its limits are those of a binomial share on the same scale.
            error = np.sqrt(k / n * (1 - k / n) / n)
            side = np.exp(1.959963984540054 * error / ((1 - k / n) * abs(np.log(1 - k / n))))
            assert share.high == pytest.approx(1 - (1 - k / n) ** side, abs=1e-9)


@settings(deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_splitting_and_shuffling_ties_changes_nothing(table: tuple, random: object) -> None:
    days, events, gone = table
    cut: list[tuple[int, int, int, int]] = []
    for d, a, b, c in zip(days, events["a"], events["b"], gone, strict=True):
        cut += [(d, 1, 0, 0)] * a + [(d, 0, 1, 0)] * b + [(d, 0, 0, 1)] * c
    random.shuffle(cut)  # type: ignore[attr-defined]
    d, a, b, c = (list(column) for column in zip(*cut, strict=True))
    assert cumulative_incidence(d, {"a": a, "b": b}, c) == cumulative_incidence(days, events, gone)
    assert kaplan_meier(d, a, [x + y for x, y in zip(b, c, strict=True)]) == kaplan_meier(
        days, events["a"], [x + y for x, y in zip(events["b"], gone, strict=True)]
    )


@settings(deadline=None)
@given(tables())
def test_one_kind_alone_is_one_minus_survival(table: tuple) -> None:
    days, events, gone = table
    one: Curve = cumulative_incidence(days, {"a": events["a"]}, gone)["a"]
    whole = kaplan_meier(days, events["a"], gone)
    for a, b in zip(one.steps, whole.steps, strict=True):
        assert a.value == pytest.approx(1 - b.value, abs=1e-12)
        if isinstance(a.interval, Estimate) and isinstance(b.interval, Estimate):
            assert a.interval.low == pytest.approx(1 - b.interval.high, abs=1e-9)
            assert a.interval.high == pytest.approx(1 - b.interval.low, abs=1e-9)


def test_the_limits_cover_where_follow_up_is_cut_at_random() -> None:
    rng = np.random.default_rng(7)
    truth, hit, runs = np.exp(-30 / 100), 0, 400
    for _ in range(runs):
        event, leaves = rng.exponential(100, 80), rng.uniform(0, 120, 80)
        day = np.ceil(np.minimum(event, leaves)).astype(int)
        seen = event <= leaves
        value = estimate(kaplan_meier(day, seen, ~seen).at(30))
        hit += value.low <= truth <= value.high
    assert 0.92 <= hit / runs <= 0.98
