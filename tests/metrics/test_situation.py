"""Which way of looking the data call for."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.loads import Agency
from metrics import wording
from metrics.question import ask
from metrics.situation import COMPARISON, SMALL, UNIVERSAL, situation
from tests.stores import make_snapshot


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
    assert found.before_after.officers == 259
    assert "Calendar time and experience changed as well" in wording.before_after(found, "force")
