"""A store that breaks or goes away under the dashboard: said in one line on every page, and it goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import opening
from data.ingest import content_hash
from data.store import Store
from tests.pages import app
from tests.stores import make_snapshot, write_contacts


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two snapshots: 81 contacts, then 101."""
    from data import ingest, mapping

    make_snapshot(tmp_path, (40, 40), (4, 4))
    found = Store(tmp_path / "store")
    more = write_contacts(tmp_path / "contacts.csv", (50, 50), (5, 5))
    ingest.load(found, [more], mapping.read("canonical"))
    return found


def warnings(shown: AppTest) -> str:
    return "\n".join(str(w.value) for w in shown.warning)


def test_a_damaged_snapshot_gives_way_to_the_one_before_and_that_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = app.run(store.root, "overview", monkeypatch)
    assert "earlier snapshot" not in warnings(shown)
    path = store.current().path
    path.unlink()
    path.write_bytes(b"no database")
    opening.forget()
    shown = app.run(store.root, "overview", monkeypatch)
    assert "Showing the earlier snapshot" in warnings(shown)
    assert "python -m data rollback" in warnings(shown)
    assert not shown.error
    store.rollback()
    assert "earlier snapshot" not in warnings(app.run(store.root, "overview", monkeypatch))


def test_a_block_that_cannot_be_read_is_no_traceback(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = store.current().path
    good = path.read_bytes()
    for at in range(3 * 4096 + 262144, len(good), 262144):  # all but what opening reads
        data = bytearray(good)
        data[at + 100] ^= 0x10
        path.unlink()
        path.write_bytes(bytes(data))
        opening.forget()
        try:
            content_hash(store.current().cursor())
        except Exception as error:
            if opening.damage(error):
                break
    else:
        pytest.skip("all that is read is read on opening")
    opening.forget()
    shown = app.run(store.root, "overview", monkeypatch)
    assert "Showing the earlier snapshot" in warnings(shown) or not shown.error


def test_a_store_that_went_away_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.run(store.root, "overview", monkeypatch)
    away = store.root.with_name("away")
    shutil.move(store.root, away)
    shown = app.run(store.root, "overview", monkeypatch)
    assert "the store was here and is gone; connect the disk or network folder" in app.said(shown)
    assert "goes on by itself" in app.said(shown)
    assert not store.root.exists()  # no simulated agency in its place
    shutil.move(away, store.root)
    shown = app.run(store.root, "overview", monkeypatch)
    assert not shown.error and "goes on by itself" not in app.said(shown)
