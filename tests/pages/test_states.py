"""Every page on stores that are small, one-armed or lack columns: no exception, honest words."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import ingest, mapping
from data.store import Store
from pages import PAGES
from tests.pages import app
from tests.stores import make_snapshot

DASHBOARD = app.DASHBOARD


def run(store: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run one page as a browser would and return its words, warnings included."""
    shown = app.run(store, script, monkeypatch)
    return "\n".join([app.said(shown), *(str(w.value) for w in shown.warning)])


SMALL = {
    "two arms": ((40, 40), (4, 4)),
    "one arm": ((40, 0), (4, 0)),
    "no arm": ((0, 0), (0, 0)),
    "no event": ((40, 40), (0, 0)),
}
QUICK = ("two arms", "no arm")


@pytest.fixture(
    scope="module",
    params=[k if k in QUICK else pytest.param(k, marks=pytest.mark.slow) for k in SMALL],
)
def small_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    make_snapshot(folder, *SMALL[request.param])
    return folder / "store"


@pytest.mark.parametrize("page", [p.script for p in PAGES])
def test_pages_draw_on_small_stores(
    small_store: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    words = run(small_store, page, monkeypatch)
    assert "simulated" not in words.lower().replace("simulated agency", "")
    assert "nan" not in words.split()


def test_a_source_without_outcomes_names_the_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-02-01 11:00\n")
    ingest.load(Store(tmp_path / "store"), [file], mapping.read("canonical"))
    words = run(tmp_path / "store", "force", monkeypatch)
    assert "not recorded by this source" in words
    assert "contacts.force_used" in words
    overview = run(tmp_path / "store", "overview", monkeypatch)
    assert "Not recorded by this source. It needs contacts.cit_arrived" in overview


def test_a_refused_snapshot_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = make_snapshot(tmp_path, (40, 40), (4, 4))
    (snapshot.path.parent / (snapshot.path.name + ".wal")).write_bytes(b"")
    words = run(tmp_path / "store", "overview", monkeypatch)
    assert "write-ahead log" in words
    assert "rollback" in words


@pytest.mark.slow
def test_the_first_start_says_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = run(tmp_path / "store", "overview", monkeypatch)
    assert "Simulated data" in words
