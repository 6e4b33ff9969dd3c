"""Funnels: the limits of each point, overdispersion, and that nothing is ranked or given away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.simulate import simulate
from metrics.estimate import NotEstimable
from metrics.funnel import FEWEST_TO_WIDEN, Funnel, funnel, funnel_of, overdispersion
from metrics.question import ask
from metrics.trends import funnel_limits
from metrics.wording import exhibits
from tests.metrics.test_words_random import CAUSAL, NO_NUMBER
from tests.studies.direct import Direct


def made(events, n, names=None) -> Funnel:
    found = funnel_of(names or [f"D{i}" for i in range(len(n))], events, n)
    assert isinstance(found, Funnel)
    return found


def test_limits_are_the_golden_ones_where_chance_alone_spreads():
    found = made([18, 18, 17, 19], [100, 100, 100, 100])
    assert found.target == pytest.approx(0.18)
    assert not found.overdispersed
    for unit in found.units:
        assert unit.limits == funnel_limits(0.18, 100)
        assert unit.place == "within"
    assert found.outside == ()
    assert found.limits(250) == funnel_limits(0.18, 250)


def test_phi_by_hand():
    z = np.array([-3.0, -1, 0, 0, 0.5, 1, 1, 1.5, 2, 9])
    # Positions .9 and 8.1 of the sorted scores, between neighbours.
    low, high = -3 + 0.9 * 2, 2 + 0.1 * 7
    expected = np.mean([low**2, 1, 0, 0, 0.25, 1, 1, 2.25, 4, high**2])
    assert overdispersion(z) == pytest.approx(expected)


def test_z_scores_and_phi_on_rows():
    rng = np.random.default_rng(3)
    n = rng.integers(50, 400, 14)
    rate = rng.choice([0.1, 0.25], 14)
    y = rng.binomial(n, rate)
    found = made(y.tolist(), n.tolist())
    target = y.sum() / n.sum()
    z = (y - n * target) / np.sqrt(n * target * (1 - target))
    assert [u.z for u in found.units] == pytest.approx(z.tolist())
    assert found.phi == pytest.approx(overdispersion(z))
    assert found.overdispersed
    assert found.widened
    for unit in found.units:
        for wide, exact in zip(unit.limits, funnel_limits(target, unit.n), strict=True):
            assert wide.high - target == pytest.approx(
                found.phi**0.5 * (exact.high - target), rel=1e-9
            )
            assert wide.low >= 0


def test_few_places_are_not_widened_and_say_so():
    found = made([30, 10, 20], [100, 100, 100])
    assert found.overdispersed
    assert not found.widened
    assert [u.place for u in found.outside] == ["above", "below"]
    assert "too few to widen" in exhibits.funnel(found, "force")
    assert len(found.units) < FEWEST_TO_WIDEN


def test_beyond_the_outer_limits():
    n = [1000] * 12
    found = made([100] * 10 + [160, 40], n)
    by_name = {u.level: u.place for u in found.units}
    assert by_name["D10"] == "far_above"
    assert by_name["D11"] == "far_below"
    assert found.expected_outside == pytest.approx(0.6)


def test_places_stand_by_name_never_by_rate():
    names = ["D10", "D2", "North", "D1"]
    found = made([90, 1, 5, 50], [100, 100, 100, 100], names)
    assert [u.level for u in found.units] == ["D1", "D2", "D10", "North"]
    text = exhibits.funnel(found, "force")
    assert text.index("D1 (") < text.index("D2 (") < text.index("D10 (")
    assert not any(word in text.lower() for word in ("worst", "best", "highest", "rank", "first"))


@pytest.mark.parametrize(
    ("events", "n", "words"),
    [
        ([], [], "two places"),
        ([3], [50], "two places"),
        ([3, 1], [50, 10], "two places"),
        ([0, 0], [50, 20], "No contact"),
        ([50, 20], [50, 20], "Every contact"),
    ],
)
def test_what_cannot_be_drawn(events, n, words):
    found = funnel_of([str(i) for i in range(len(n))], events, n)
    assert isinstance(found, NotEstimable)
    assert words in found.reason
    assert "no funnel" in exhibits.funnel(found, "force")


def test_small_places_are_named_and_count_for_nothing():
    found = made([5, 9, 8], [10, 60, 70])
    assert found.withheld == ("D0",)
    assert found.target == pytest.approx(17 / 130)
    assert "Too few to show: D0." in exhibits.funnel(found, "force")


def test_ten_million_contacts():
    found = made([10**5, 2 * 10**5], [10**7, 10**7])
    assert [u.place for u in found.units] == ["far_below", "far_above"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: funnel_of(["a"], [1], [2, 3]),
        lambda: funnel_of(["a", "a"], [1, 1], [20, 30]),
        lambda: funnel_of(["a", "b"], [21, 1], [20, 30]),
        lambda: overdispersion([]),
        lambda: funnel(ask(["force"]), "force", None, "officer_key"),  # type: ignore[arg-type]
    ],
)
def test_misuse(call):
    with pytest.raises(ValueError, match=r"must|needs"):
        call()


counted = st.lists(
    st.tuples(st.integers(0, 300), st.integers(0, 300)).map(lambda p: (min(p), max(p))),
    min_size=1,
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(counted)
def test_order_changes_nothing_and_no_event_mirrors_event(rows):
    names = [f"D{i}" for i in range(len(rows))]
    y, n = (list(column) for column in zip(*rows, strict=True))
    found = funnel_of(names, y, n)
    assert funnel_of(names[::-1], y[::-1], n[::-1]) == found
    other = funnel_of(names, [b - a for a, b in rows], n)
    text = exhibits.funnel_alt(found, "force")
    assert not CAUSAL.search(text)
    assert not NO_NUMBER.search(text)
    if isinstance(found, NotEstimable):
        assert isinstance(other, NotEstimable)
        return
    assert isinstance(other, Funnel)
    assert other.phi == pytest.approx(found.phi, rel=1e-9, abs=1e-12)
    for unit, mirrored in zip(found.units, other.units, strict=True):
        assert mirrored.z == pytest.approx(-unit.z, abs=1e-9)
        assert 0 <= unit.limits.control.low <= unit.limits.warning.low <= found.target
        assert found.target <= unit.limits.warning.high <= unit.limits.control.high <= 1


def test_from_a_snapshot():
    snapshot = Direct(simulate(3_000, 5, potential=True))
    found = funnel(ask(["arrest"]), "arrest", snapshot)
    assert isinstance(found, Funnel)
    rows = snapshot.cursor().execute(
        "SELECT district, count(outcome_arrest), count(*) FILTER (outcome_arrest) FROM encounters"
        " WHERE district IS NOT NULL GROUP BY 1"
    )
    assert {(u.level, u.n, u.events) for u in found.units} == set(rows.fetchall())
    assert isinstance(funnel(ask(["arrest"]), "arrest", snapshot, "agency_id"), NotEstimable)
