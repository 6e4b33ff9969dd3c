"""The Load page, as somebody uses it: every step from a file to a published snapshot, and back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from starlette.formparsers import MultiPartParser
from streamlit.testing.v1 import AppTest

from data import ingest, mapping
from data.intake import jobs, uploads
from data.store import Store
from pages import PAGES
from tests.pages.app import DASHBOARD, cells, said
from tests.stores import write_contacts

SECRET = "Wrzesniewski"
HEADER = "Form No,Case No,Date,Time,District,Call,CIT on scene,Force,Outcome,Badge,Subject Name"


def export(n: int = 240, force: str = "N") -> bytes:
    lines = [HEADER]
    for i in range(n):
        call = "SUICIDAL" if i % 2 else "WELFARE CHECK"
        outcome = "Arrest" if i % 5 == 0 else "Emergency hold"
        lines.append(
            f"F{i},C{i},{i % 12 + 1:02d}/{i % 28 + 1:02d}/2024,{i % 24:02d}30,D{i % 3},{call},{'YN'[i % 2]},"
            f"{'Y' if i % 20 == 0 else force},{outcome},{100 + i % 30},{SECRET} {i}"
        )
    return "\n".join(lines).encode()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that holds an invented agency, as on the first start."""
    found = Store(tmp_path / "store")
    file = write_contacts(tmp_path / "contacts.csv", (30, 30), (2, 2))
    ingest.load(found, [file], mapping.read("canonical"), simulated=True)
    return found


def open_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("CIT_STORE", str(store.root))
    app = AppTest.from_file(DASHBOARD, default_timeout=90).run().switch_page("pages/load.py").run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    app = next(b for b in app.button if b.label == label).click().run()
    assert not app.exception, app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [b.label for b in app.button]


def widget(found: Any, label: str) -> Any:
    return next(w for w in found if w.label.startswith(label))


def upload(app: AppTest, content: bytes) -> AppTest:
    app.file_uploader[0].set_value([("mine.csv", content, "text/csv")]).run()
    return press(app, "Read these files")


def checked(app: AppTest) -> AppTest:
    """Look again, as the page does by itself, until the check is done."""
    for _ in range(200):
        app = app.run()
        if "Cancel" not in labels(app):
            return app
        time.sleep(0.2)
    raise AssertionError("the check does not end")


def test_from_a_file_to_a_snapshot_and_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = upload(open_page(store, monkeypatch), export())
    assert "240 rows read." in [s.value for s in app.success]
    assert "Subject Name" in said(app)
    assert "Guess, not confirmed: a known name for it" in said(app)
    widget(app.text_input, "Agency: short id").set_value("SPRING").run()
    # A guess corrected is no guess any more, and a value said otherwise.
    widget(app.selectbox, "A CIT officer arrived").set_value("(leave out)").run()
    widget(app.selectbox, "Look at the values of").set_value("dispositions.disposition").run()
    assert "Arrest (48 rows)" in [s.label for s in app.selectbox]
    widget(app.selectbox, "Arrest (48 rows)").set_value("arrest_booked").run()
    assert not app.exception
    # Left and opened anew, in another browser: everything is still there.
    app = open_page(store, monkeypatch)
    assert "A CIT officer arrived" not in str([s.label for s in app.selectbox])
    assert widget(app.text_input, "Agency: short id").value == "SPRING"
    app = press(app, next(b for b in labels(app) if b.startswith("Check")))
    app = checked(open_page(store, monkeypatch))
    assert "240 rows read, 240 contacts" in app.success[0].value
    assert "an invented agency (61 contacts)" in said(app)
    assert "12 of 240 (50.0 per 1,000)" in cells(app)
    assert "48 of 240 (200.0 per 1,000)" in cells(app)
    before = store.current_id()
    app = press(app, "Publish")
    assert any("Publish 240 contacts added" in w.value for w in app.warning)
    assert store.current_id() == before
    app = press(app, "Yes, publish")
    assert any("Published as snapshot" in s.value for s in app.success)
    cursor = store.current().cursor()
    booked = "SELECT count(*) FROM dispositions WHERE disposition = 'arrest_booked'"
    assert cursor.execute(booked).fetchall() == [(48,)]
    assert uploads.listed(store) == []
    every = b"".join(p.read_bytes() for p in store.root.rglob("*") if p.is_file())
    assert SECRET.encode() not in every
    app = press(app, "See what that changes")
    assert "Contacts: 240 now, 61 after." in said(app)
    app = press(app, "Go back to it")
    assert store.current_id() == before


@pytest.mark.slow
def test_a_second_load_is_compared_and_odd_months_flagged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = upload(open_page(store, monkeypatch), export(600))
    widget(app.text_input, "Agency: short id").set_value("SPRING").run()
    widget(app.text_input, "Save it here as").set_value("spring").run()
    app = press(app, "Save")
    assert any("--mapping spring" in s.value for s in app.success)
    app = checked(press(app, "Check"))
    press(press(app, "Publish"), "Yes, publish")
    app = open_page(store, monkeypatch)
    # The saved mapping is recognised, and says why.
    changed = export(600).replace(b",D1,SUICIDAL,N,N,", b",D1,SUICIDAL,N,Y,")
    app = upload(app, changed)
    assert widget(app.selectbox, "Mapping").value == "spring"
    assert "10 of the 10 columns it reads are in this upload" in said(app)
    app = checked(press(app, "Check"))
    text = cells(app)
    assert "Replaced: something of them changed" in text
    assert "30 of 600 (50.0 per 1,000)" in text
    rows = next(t.value for t in app.table if "Now" in t.value and "Outcome" in t.value)
    force = rows[rows["Outcome"] == "Use of force"].iloc[0]
    assert force["Now"].startswith("30 of 600")
    assert not force["After"].startswith("30 of 600")
    assert "three-sigma limits" in said(app)
    app = press(app, "Discard this upload")
    assert uploads.listed(store) == []


def test_what_cannot_be_read_is_said_in_a_line(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = upload(open_page(store, monkeypatch), b"Name,DOB\nx,y\n")
    assert any("every column may identify a person" in e.value for e in app.error)
    assert "Check" not in labels(app)


@pytest.mark.slow
def test_a_check_can_be_cancelled_and_asked_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = upload(open_page(store, monkeypatch), export(40))
    widget(app.text_input, "Agency: short id").set_value("SPRING").run()
    with store.lock():
        app = press(app, "Check")
        (kept,) = uploads.listed(store)
        for _ in range(200):
            job = jobs.state(kept)
            if job is not None and job.status == jobs.WAITING:
                break
            time.sleep(0.1)
        app = app.run()
        assert any("one load or check at a time" in i.value for i in app.info)
        app = press(app, "Cancel").run()
    assert any("was cancelled" in i.value for i in app.info)
    app = checked(press(app, "Check again"))
    assert "Publish" in labels(app)


def test_uploads_wait_in_memory_not_in_a_temporary_folder() -> None:
    import pages.parts.load_upload  # noqa: F401

    assert MultiPartParser.spool_max_size == 0  # without limit


def test_the_page_is_for_who_may_load() -> None:
    (entry,) = (p for p in PAGES if p.script == "load")
    assert (entry.section, entry.needs.value) == ("Administration", "load")
