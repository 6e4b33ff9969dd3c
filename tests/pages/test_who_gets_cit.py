"""Who gets CIT? and force as a scale: the figures, and honest words where there is little to show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from data import ingest, mapping
from data.store import Store
from metrics import force_scale, selection
from metrics.balance import Balance
from metrics.estimate import Estimate, NotEstimable
from metrics.question import ask
from pages import PAGES
from pages.parts import selection_figures
from pages.parts.palette import CIT, OTHER
from tests.pages.app import run, said
from tests.stores import make_snapshot, simulated_store

PAGE = "who_gets_cit"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("who"), 9_000)


def test_the_page_stands_in_the_evidence_before_data_quality() -> None:
    order = [p.script for p in PAGES]
    assert order.index(PAGE) < order.index("data_quality")
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Evidence" and entry.ignores_filters is None


def test_the_page_says_who_and_what_it_cannot_see(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = said(run(simulated, PAGE, monkeypatch))
    assert "times as often" in words
    assert "carry as much information as" in words
    assert "so by construction" in words
    assert "It sees only what dispatch recorded." in words
    assert "nan" not in words.split()


def test_one_arm_says_so_and_draws_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_snapshot(tmp_path, (40, 0), (4, 0))
    words = said(run(tmp_path / "store", PAGE, monkeypatch))
    assert "there is no other group to set them beside" in words
    assert "before and after weighting" not in words


def test_a_source_without_groups_names_the_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-02-01 11:00\n")
    ingest.load(Store(tmp_path / "store"), [file], mapping.read("canonical"))
    assert "contacts.primary_officer_cit" in said(run(tmp_path / "store", PAGE, monkeypatch))


def test_separated_groups_are_counted_and_not_weighted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "contacts.csv"
    lines = ["agency_id,contact_id,contact_at,district_id,primary_officer_cit"]
    for i in range(80):
        lines.append(f"T,{i},2025-01-0{i % 7 + 1} 10:00,{'AB'[i % 2]},{('yes', 'no')[i % 2]}")
    file.write_text("\n".join(lines) + "\n")
    ingest.load(Store(tmp_path / "store"), [file], mapping.read("canonical"))
    words = said(run(tmp_path / "store", PAGE, monkeypatch))
    assert "district: A (in one group only" in words
    assert "No weights: every level of district was handled" in words
    assert "Do the groups overlap?" not in words


def test_the_force_page_has_the_scale(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = said(run(simulated, "force", monkeypatch))
    assert "Force as a scale" in words
    assert "graver level" in words or "not compared" in words


def test_the_force_page_without_levels_has_no_scale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (400, 400), (40, 40))
    assert "Force as a scale" not in said(run(tmp_path / "store", "force", monkeypatch))


def test_the_love_plot_has_an_open_and_a_filled_mark_a_row(simulated: Path) -> None:
    found = selection.selection(ask(), Store(simulated).current())
    figure, alt = selection_figures.love(found)
    marks = {t.name: t for t in figure.data if t.mode == "markers"}
    assert marks["as recorded"].marker.symbol == "circle-open"
    assert marks["weighted"].marker.symbol == "circle"
    assert len(marks["weighted"].x) == len(marks["as recorded"].x) <= 20
    assert max(abs(v) for v in marks["weighted"].x) < 1e-9
    assert "before weighting" in alt
    lines = sorted(s.x0 for s in figure.layout.shapes)
    assert lines == [-0.1, 0, 0.1]


def test_the_histogram_is_mirrored_in_counts(simulated: Path) -> None:
    found = selection.selection(ask(), Store(simulated).current())
    assert isinstance(found.balance, Balance)
    figure, alt = selection_figures.scores(found, found.balance)
    up, down = figure.data
    assert (up.marker.color, down.marker.color) == (CIT.color, OTHER.color)
    assert down.marker.pattern.shape == "/"  # told apart without colour
    assert sum(up.y) == found.contacts1 and -sum(down.y) == found.contacts0
    assert not any(t.startswith("-") for t in figure.layout.yaxis.ticktext)
    assert "Contacts by score." in alt
    table = selection_figures.levels(found)
    assert len(table) == len(found.levels)


def test_without_weights_only_the_open_mark_is_drawn(simulated: Path) -> None:
    found = selection.selection(ask(), Store(simulated).current())
    refused = replace(found, balance=NotEstimable("They are told apart completely."))
    figure, _ = selection_figures.love(refused)
    assert [t.name for t in figure.data if t.mode == "markers"] == ["as recorded"]


def test_the_steps_are_drawn_where_they_are_estimated(simulated: Path) -> None:
    found = force_scale.force_scale(ask(adjust=["shift"]), Store(simulated).current())
    assert isinstance(found.odds_ratio, Estimate)
    figure, alt = selection_figures.cuts(found)
    drawn = [t for t in figure.data if t.error_x.array is not None]
    estimated = [c for c in found.cuts if isinstance(c.odds_ratio, Estimate)]
    assert len(drawn) == 1 + len(estimated)
    assert "Any force (level 1 or above)" in alt
    assert len(selection_figures.steps(found)) == len(found.cuts)
    assert all(t.x == (0.8, 1.25) or min(t.x) > 0 for t in figure.data)
