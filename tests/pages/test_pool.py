"""Pooled agencies: what the page says with files, without them, and with one that was changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.store import Store
from metrics.pooling_agencies import pool
from metrics.pooling_files import parse, together
from metrics.pooling_kept import keep
from pages import PAGES
from pages.parts import pool_figures
from pages.print import pool as print_pool
from tests.metrics.test_pooling_agencies import MANY, body, signed
from tests.pages.app import cells, run, said
from tests.stores import make_snapshot

PAGE = "pool"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("agencies")
    found = []
    for place, (name, difference, se) in enumerate(MANY):
        content = body(name, difference, se, agency__setting=("urban", "rural")[place % 2])
        found.append(folder / f"{name}.json")
        found[-1].write_bytes(signed(folder, content))
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    make_snapshot(folder, (40, 30), (2, 1))
    return folder / "store"


def test_the_page_stands_in_the_evidence() -> None:
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Evidence" and entry.ignores_filters


def test_without_files_it_says_what_to_do(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = said(run(root, PAGE, monkeypatch))
    assert "python -m metrics partials" in words and "--keep" in words


def test_kept_files_are_pooled_by_name_and_reach_a_small_agency(
    root: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(Store(root), files)
    app = run(root, PAGE, monkeypatch)
    words = said(app)
    assert "Across 12 agencies that shared an estimate" in words
    assert "no ranking" in words and "95% prediction" in words
    assert "nan" not in words.lower().split()
    table = cells(app)
    names = [f"{m[0]} Police" for m in MANY]
    assert [table.index(n) for n in names] == sorted(table.index(n) for n in names)
    overview = said(run(root, "overview", monkeypatch))
    assert "across 12 agencies sharing counts" in overview
    assert "not what happened here" in overview


def test_a_changed_kept_file_is_one_line_and_spares_the_overview(
    root: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(Store(root), files)
    first = min((root / "partials").glob("*.json"))
    first.write_text(first.read_text().replace("Police", "Policy"))
    assert "the signature does not hold" in said(run(root, PAGE, monkeypatch))
    overview = said(run(root, "overview", monkeypatch))
    assert "Pooled agencies cannot be shown" in overview and "How sure" in overview


def test_screen_and_print_draw_every_agency_and_the_diamond(files: list[Path]) -> None:
    found = pool(together([parse(f.read_bytes(), f.name) for f in files]))
    (one,) = found.outcomes
    figure, alt = pool_figures.forest(one, found)
    assert len(figure.layout.yaxis.ticktext) == len(MANY) + 2
    assert any(trace.fill == "toself" for trace in figure.data)
    assert all(f"{m[0]} Police" in alt for m in MANY)
    points = pool_figures.funnel(one)[0].data[-1]
    assert len(points.x) == len(MANY)
    drawing = print_pool.forest(one, found)
    assert drawing.alt == alt and drawing.svg == print_pool.forest(one, found).svg
