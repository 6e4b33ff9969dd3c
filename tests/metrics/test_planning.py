"""Plans against the two-proportion formulas, a simulation of officers, and the headline's own size."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data.simulate import simulate
from metrics import aggregate
from metrics.estimate import Estimate, NotEstimable
from metrics.evaluate import evaluate
from metrics.planning import Needed, Own, Plan, curve, figures, floor, needed, plan, plan_for
from metrics.power import sample_size
from metrics.question import ask
from metrics.wording import exhibits
from tests.metrics.test_words_random import CAUSAL, NO_NUMBER
from tests.studies.direct import Direct

UNCLUSTERED = Own(0.01, 0.02, 200, 0.0, math.inf, math.inf, 1000.0, 0.5, 12, (4000, 4000))
AGENCY = Own(0.08, 0.1, 300, 0.02, 30.0, 45.0, 160.0, 0.4, 12, (800, 1200))


def test_without_clustering_it_is_power_prop_test():
    """Halving 2% needs 2,319 a side (METHODS): 5 months of 1,000, half of them CIT."""
    each = sample_size(0.01, 0.02)
    assert math.ceil(each) == 2319
    found = needed(UNCLUSTERED, -0.01)
    assert isinstance(found, Needed)
    assert found.months == math.ceil(each / 500)
    assert found.contacts_cit == found.contacts_other == 500 * found.months
    assert found.deff_cit == found.deff_other == 1.0
    exact = replace(UNCLUSTERED, volume=2.0)
    finer = needed(replace(exact, rate_other=0.3), -0.1)
    assert isinstance(finer, Needed)
    assert finer.contacts_cit == math.ceil(sample_size(0.2, 0.3))


def test_contacts_on_hand_are_kept_or_not():
    more = needed(UNCLUSTERED, -0.01, keep=True)
    assert isinstance(more, Needed)
    assert more.months == 0
    some = needed(replace(UNCLUSTERED, on_hand=(1000, 1000)), -0.01, keep=True)
    assert isinstance(some, Needed)
    assert some.months == math.ceil((sample_size(0.01, 0.02) - 1000) / 500)


def test_the_power_is_what_a_simulation_of_officers_finds():
    """Officers of unequal loads and a beta-binomial likeness; each evaluation tested by officer means."""
    from scipy import stats

    own = replace(AGENCY, volume=400.0, share=0.5)
    found = needed(own, -0.05)
    assert isinstance(found, Needed)
    rng = np.random.default_rng(11)
    hits, runs = 0, 800
    size = {}
    for arm, officers, total in ((1, 30, found.contacts_cit), (0, 45, found.contacts_other)):
        size[arm] = np.full(officers, round(total / officers))
    for _ in range(runs):
        means = []
        for arm, rate in ((1, 0.05), (0, 0.1)):
            m = (1 - own.icc) / own.icc
            chance = rng.beta(rate * m, (1 - rate) * m, len(size[arm]))
            means.append(rng.binomial(size[arm], chance) / size[arm])
        hits += stats.ttest_ind(*means, equal_var=False).pvalue < 0.05
    assert hits / runs == pytest.approx(0.8, abs=0.06)


def test_more_contacts_of_the_same_officers_reach_a_floor():
    least = floor(AGENCY, decrease=True)
    assert isinstance(least, float)
    assert 0.01 < least < 0.1
    below = needed(AGENCY, -least * 0.99)
    assert isinstance(below, NotEstimable)
    assert "more officers" in below.reason
    points = curve(AGENCY, (1, 12, 120, 100_000))
    falls = [p.decrease for p in points if isinstance(p.decrease, float)]
    assert falls == sorted(falls, reverse=True)
    assert falls[-1] == pytest.approx(least, rel=0.01)
    doubled = replace(AGENCY, officers_cit=60.0, officers_other=90.0)
    assert floor(doubled, decrease=True) < least


def test_ten_events_are_waited_for_in_each_group():
    """As the headline: with fewer it refuses, whatever the formula says."""
    own = replace(UNCLUSTERED, rate_other=0.1, volume=20.0)
    found = needed(own, -0.09)
    assert isinstance(found, Needed)
    assert found.months == math.ceil(10 / (0.1 - 0.09) / 10)
    assert found.contacts_cit > 3 * sample_size(0.01, 0.1)
    (soon,) = curve(own, (6,))
    assert isinstance(soon.increase, NotEstimable)
    assert "10 events" in soon.increase.reason


def test_curve_and_need_agree():
    own = replace(AGENCY, icc=0.005)
    for months in (12, 36):
        (point,) = curve(own, (months,))
        for size in (point.decrease, point.increase):
            if not isinstance(size, float):
                continue
            sign = -1 if size is point.decrease else 1
            found = needed(own, sign * size * 1.0001)
            assert isinstance(found, Needed)
            assert found.months == months


@pytest.mark.parametrize(
    ("own", "difference", "words"),
    [
        (replace(AGENCY, rate_other=0.0), 0.01, "No contact of the other group"),
        (replace(AGENCY, rate_other=1.0), -0.01, "Every contact of the other group"),
        (AGENCY, -0.2, "no room for 200.0 fewer"),
        (AGENCY, 0.95, "no room for 950.0 more"),
        (AGENCY, -0.1, "fewer than 10 events"),
        (replace(AGENCY, officers_cit=1.5, officers_other=1.5), 0.05, "Too few officers"),
        (replace(AGENCY, icc=0.0, volume=2.0), -0.005, "over 50 years"),
    ],
)
def test_what_cannot_be_planned(own, difference, words):
    found = plan_for(own, "force", difference)
    assert isinstance(found.afresh, NotEstimable)
    assert words in found.afresh.reason
    text = exhibits.plan(found) + exhibits.plan_basis(own) + exhibits.plan_curve_alt(found)
    assert not NO_NUMBER.search(text)
    assert not CAUSAL.search(text)


@pytest.mark.parametrize(
    "call",
    [
        lambda: needed(AGENCY, 0.0),
        lambda: needed(AGENCY, -1.5),
        lambda: needed(AGENCY, 0.1, chance=1.0),
        lambda: needed(AGENCY, 0.1, alpha=0.0),
        lambda: plan_for(AGENCY, "force", 0.1, tests=0),
    ],
)
def test_misuse(call):
    with pytest.raises(ValueError, match=r"must"):
        call()


owns = st.builds(
    Own,
    rate_cit=st.floats(0, 1),
    rate_other=st.floats(0.001, 0.999),
    events_other=st.integers(0, 500),
    icc=st.floats(0, 0.3),
    officers_cit=st.floats(1, 500),
    officers_other=st.floats(1, 500),
    volume=st.floats(1, 1e7),
    share=st.floats(0.01, 0.99),
    months=st.integers(1, 12),
    on_hand=st.tuples(st.integers(1, 10**7), st.integers(1, 10**7)),
)


@settings(max_examples=60, deadline=None)
@given(owns, st.floats(0.001, 0.5), st.booleans())
def test_larger_differences_take_no_longer_and_mirrored_rates_take_the_same(own, size, fewer):
    sign = -1 if fewer else 1
    first, larger = needed(own, sign * size), needed(own, sign * size * 1.5)
    # Towards the nearer end events run out, and ten of them take longer.
    near, far = (own.rate_other + sign * size * by for by in (1, 1.5))
    nearest = min(abs(own.rate_other - 0.5), abs(near - 0.5))
    if isinstance(first, Needed) and abs(far - 0.5) < nearest:
        assert isinstance(larger, Needed)
        assert larger.months <= first.months
    mirrored = needed(replace(own, rate_other=1 - own.rate_other), -sign * size)
    assert isinstance(mirrored, Needed) == isinstance(first, Needed)
    if isinstance(first, Needed) and isinstance(mirrored, Needed):
        assert abs(mirrored.months - first.months) <= 1
    found = plan_for(own, "force", sign * size, horizon=(6, 60))
    text = exhibits.plan(found) + exhibits.plan_basis(own, 4) + exhibits.plan_curve_alt(found)
    assert not NO_NUMBER.search(text)
    assert not CAUSAL.search(text)


@settings(max_examples=40, deadline=None)
@given(owns, st.floats(0.01, 0.3))
def test_more_tests_more_power_or_more_likeness_take_no_less(own, size):
    first = needed(own, size)
    assume(isinstance(first, Needed))
    harder = (
        needed(own, size, alpha=0.0125),
        needed(own, size, chance=0.9),
        needed(replace(own, icc=own.icc + 0.02), size),
    )
    for found in harder:
        assert isinstance(found, NotEstimable) or found.months >= first.months


@pytest.fixture(scope="module")
def snapshot():
    return Direct(simulate(8_000, 5, potential=True))


def test_figures_are_the_agencys_own(snapshot):
    question = ask(["arrest"])
    frame = aggregate.counts(snapshot, question, officers=True, months=True).frame
    own = figures(frame, "arrest")
    assert isinstance(own, Own)
    cit, other = (
        snapshot.cursor()
        .execute(
            "SELECT count(*) FILTER (exposure_primary), count(*) FILTER (NOT exposure_primary)"
            " FROM encounters WHERE outcome_arrest IS NOT NULL"
        )
        .fetchone()
    )
    assert own.on_hand == (cit, other)
    assert own.months == 12
    assert 0 < own.share < 1
    assert 1 < own.officers_cit < 500
    # In another order it is the same agency.
    again = figures(frame.sample(frac=1, random_state=2), "arrest")
    assert isinstance(again, Own)
    assert replace(again, icc=0.0, officers_cit=1.0, officers_other=1.0) == replace(
        own, icc=0.0, officers_cit=1.0, officers_other=1.0
    )
    assert again.icc == pytest.approx(own.icc, rel=1e-9)
    assert again.officers_cit == pytest.approx(own.officers_cit, rel=1e-12)
    bare = figures(frame.assign(officer=None), "arrest")
    assert isinstance(bare, Own)
    assert not bare.officers_known
    assert "no officer numbers" in exhibits.plan_basis(bare)


def test_one_group_alone_is_no_plan(snapshot):
    frame = aggregate.counts(snapshot, ask(["arrest"]), officers=True, months=True).frame
    only = frame[frame["exposure"].isin([True])]
    assert isinstance(figures(only, "arrest"), NotEstimable)
    assert isinstance(figures(frame.iloc[:0], "arrest"), NotEstimable)
    found = figures(frame[frame["officer"] == frame["officer"].dropna().iloc[0]], "arrest")
    assert isinstance(found, NotEstimable)
    assert "No plan" in exhibits.plan(found)


@pytest.mark.parametrize("outcome", ["force", "arrest", "voluntary_care"])
def test_what_is_on_hand_is_worth_about_what_the_headline_says(snapshot, outcome):
    """The plan's smallest difference at today's size is near the headline's, from its own errors.

    It errs towards more: the headline gains from officers seen before and after they were certified.
    """
    (compared,) = evaluate(ask([outcome]), snapshot=snapshot)
    found = plan(ask([outcome]), outcome, -0.01, snapshot, tests=max(compared.family, 1))
    assert isinstance(found, Plan)
    assert isinstance(compared.detectable, Estimate)
    (now,) = curve(found.own, (0,), alpha=found.alpha, keep=True)
    sizes = [s for s in (now.decrease, now.increase) if isinstance(s, float)]
    assert 0.75 < np.mean(sizes) / compared.detectable.estimate < 1.6
