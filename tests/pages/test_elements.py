"""The page of program elements: every element a row, where it is known from, nothing graded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.registry.elements import ELEMENTS
from data.store import Store
from metrics import elements
from metrics.wording import elements as words
from pages.parts import elements_tables
from pages.print import elements as printed
from tests.pages.app import cells, run, said
from tests.stores import make_snapshot, simulated_store

PAGE = "elements"
DAY = date(2025, 12, 31)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("elements"), 3_000, officers=120)


def test_every_element_stands_on_the_page_once(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, PAGE, monkeypatch)
    rows = [row for t in app.table if "As assessed" in t.value for row in t.value["Element"]]
    assert sorted(rows) == sorted(e.label for e in ELEMENTS)
    text = said(app)
    assert "There is no grade and no total" in text and "Last assessed on 1 Dec 2025" in text
    assert "Simulated checklist 1" in cells(app) and "nan" not in cells(app)


def test_an_earlier_day_shows_the_earlier_assessment(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, PAGE, monkeypatch, as_of=date(2023, 6, 30))
    assert "Last assessed on 1 Dec 2022" in said(app)
    assert "1 Dec 2023" not in cells(app)


def test_a_store_without_assessments_says_so_of_all(
    tmp_path: Path, seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    for store in (tmp_path / "store", seattle_store):
        app = run(store, PAGE, monkeypatch)
        assert "`program_elements.csv`" in said(app)
        assert "0 of 32 elements are told by the records" in said(app)
        assessed = [e for e in ELEMENTS if e.assessed]
        tables = [t.value for t in app.table]
        status = [s for t in tables for s in t["As assessed"]]
        assert status.count(words.NOT_RECORDED) == len(assessed)
        assert ",No," not in cells(app) and "Not met" not in cells(app)


def test_files_hold_the_numbers_typed(simulated: Path) -> None:
    found = elements.scorecard(Store(simulated).current(), DAY)
    frame = printed.rows(found)
    assert len(frame) == len(ELEMENTS) and frame["element"].is_unique
    row = frame.set_index("element").loc["coverage"]
    assert 0 < row["computed_count"] <= row["computed_of"] <= 365
    history = printed.history_rows(found)
    assert len(history) == sum(len(line.history) for line in found.lines)
    assert len(elements_tables.history(found)) == 27
