"""The page *Compliance*: plain words for every rule, and tables that say what the store says."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import ingest, mapping
from data.store import Store
from metrics.compliance import compliance, manifest_entries
from metrics.wording import compliance as words
from pages import PAGES
from pages.parts import documentation_tables as listed
from pages.print import documentation as printed
from pages.print.files import MANIFEST_COLUMNS
from tests.metrics.test_words_random import CAUSAL
from tests.pages.test_states import DASHBOARD
from tests.stores import simulated_store

PAGE = "compliance"


def opened(monkeypatch: pytest.MonkeyPatch, store: Path) -> AppTest:
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(DASHBOARD, default_timeout=90).run()
    app = app.switch_page(f"pages/{PAGE}.py").run()
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info]
    return "\n".join(str(p.value) for p in parts)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("compliance_page"), 3_000)


def test_it_says_that_filters_do_not_change_it() -> None:
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Liability" and entry.ignores_filters


def test_it_says_the_rules_and_what_is_not_kept(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch, store)
    text = said(app)
    for expected in (
        "Not legal advice",
        "usually none of these",
        "Treatment records are not accepted",
        "45 CFR 160.103",
        "42 U.S.C. 290dd-2",
        "Five elements are counted",
        "1 snapshot kept",
        "under legal hold",
        "The store was never purged.",
        "Opening a page is not logged",
    ):
        assert expected in text, expected
    assert not CAUSAL.search(text)
    assert not app.get("plotly_chart")


def test_seattle_shows_the_headers_it_dropped(
    seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch, seattle_store)
    assert "1 of 1 loads dropped columns" in said(app)
    assert any("Headers dropped" in t.value.columns for t in app.table)
    assert "No referral is on record." in said(app)


def test_a_store_of_one_contact_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\n")
    ingest.load(Store(tmp_path / "store"), [file], mapping.read("canonical"))
    text = said(opened(monkeypatch, tmp_path / "store"))
    assert "The one load dropped no column." in text
    assert "No contact is under legal hold for a reason that is shown here." in text


def test_the_tables_and_files_hold_the_same(store: Path) -> None:
    found = compliance(Store(store).current())
    for shown, typed, rows in (
        (listed.tables_held(found), printed.tables_held(found), len(found.tables)),
        (listed.refused(found), printed.refused(found), len(found.refused)),
        (listed.rules(found), printed.rules(found), len(words.rules(found))),
        (listed.kept(found), printed.kept(found), len(found.kept)),
        (listed.legal_holds(found), printed.legal_holds(found), len(found.held)),
        (listed.purges(found), printed.purges(found), 0),
        (listed.dropped(found), printed.dropped(found), 0),
        (listed.manifest(), printed.manifest(), len(manifest_entries())),
    ):
        assert len(shown) == len(typed) == rows
        assert not set(typed.columns) & set(MANIFEST_COLUMNS)
    assert printed.tables_held(found)["rows"].sum() == sum(t.rows or 0 for t in found.tables)
    assert set(listed.tables_held(found)["Would identify"]) == {"none"}
