"""Which way of looking the data call for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data.loads import Agency
from data.store import Store
from metrics import wording
from metrics.question import ask
from metrics.situation import COMPARISON, SMALL, UNIVERSAL, BeforeAfter, alone, situation
from metrics.wording import views
from tests.stores import make_snapshot, simulated_store


@pytest.mark.parametrize(
    ("model", "sizes", "events", "way"),
    [
        (None, (40, 40), (1, 1), SMALL),
        (None, (400, 400), (20, 20), COMPARISON),
        (None, (400, 0), (20, 0), UNIVERSAL),
        ("all_officers_trained", (200, 200), (20, 20), UNIVERSAL),
    ],
)
def test_the_way_follows_the_data(
    tmp_path: Path, model: str | None, sizes: tuple[int, int], events: tuple[int, int], way: str
) -> None:
    agencies = (Agency("T", "Town", False, model),)
    found = situation(ask(), "force", make_snapshot(tmp_path, sizes, events), agencies)
    assert found.way == way
    assert bool(wording.way(found, "force")) == (way != COMPARISON)


def test_seattle_is_compared(seattle) -> None:  # type: ignore[no-untyped-def]
    found = situation(ask(), "force", seattle, ())
    assert found.way == COMPARISON
    assert found.alone is None
    chosen = situation(ask(), "force", seattle, (), UNIVERSAL)
    assert replace(chosen, way=COMPARISON, alone=None) == found
    assert "Enhanced-team contacts: not recorded" in wording.way(chosen, "force")
    own = alone(ask(), "force", seattle)
    assert own == chosen.alone and own.enhanced is None
    rows = (
        seattle.cursor()
        .execute(
            "SELECT officer_key, contact_date, exposure_primary, outcome_force FROM encounters"
            " WHERE officer_key IS NOT NULL AND exposure_primary IS NOT NULL"
        )
        .fetchall()
    )
    first: dict[str, tuple[int, int]] = {}
    for officer, day, certified, _ in rows:
        if certified:
            first[officer] = min(first.get(officer, (9999, 12)), (day.year, day.month))
    before = [
        r for r in rows if not r[2] and r[0] in first and (r[1].year, r[1].month) < first[r[0]]
    ]
    both = {r[0] for r in before}
    after = [r for r in rows if r[2] and r[0] in both]
    assert own.before_after == BeforeAfter(
        len(both), len(before), sum(r[3] for r in before), len(after), sum(r[3] for r in after)
    )
    assert own.before_after.officers == 238
    assert "Calendar time and experience changed as well" in wording.before_after(own, "force")


def test_an_enhanced_team_stands_beside_the_others(tmp_path: Path) -> None:
    model = "all_trained_plus_enhanced_team"
    snapshot = Store(simulated_store(tmp_path, contacts=1500, model=model)).current()
    found = situation(ask(), "force", snapshot, (Agency("T", "Town", False, model),))
    assert found.way == UNIVERSAL
    assert found.alone is not None and found.alone.enhanced is not None
    known = (
        snapshot.cursor()
        .execute(
            "SELECT exposure_enhanced, count(outcome_force), count(*) FILTER (outcome_force)"
            " FROM encounters WHERE exposure_enhanced IS NOT NULL GROUP BY 1 ORDER BY 1 DESC"
        )
        .fetchall()
    )
    assert [(g.n, g.events) for g in found.alone.enhanced] == [
        (n, events) for _, n, events in known
    ]
    words = wording.way(found, "force")
    assert "there is no comparison group" in words
    assert "harder calls" in words
    assert "Officers before and after" in words
    assert "volunteer" not in views.caution(found)


def test_before_and_after_follow_certification_whatever_is_compared(seattle) -> None:  # type: ignore[no-untyped-def]
    own = alone(ask(), "force", seattle)
    other = alone(ask(exposure="arrived"), "force", seattle)
    assert other.before_after == own.before_after
