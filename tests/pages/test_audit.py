"""The page *Audit*, and that every file a page gives away is written down."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from data import audit
from data.audit import writing
from data.errors import UserError
from data.roles import Right
from pages import PAGES
from pages.parts import audit_tables
from tests.conftest import HERE
from tests.pages.app import cells, run, said
from tests.stores import make_snapshot

PAGE = "audit"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    return tmp_path / "store"


def test_it_is_the_administrators() -> None:
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Administration" and entry.needs is Right.ADMINISTER


def test_it_says_that_the_log_is_whole_and_lists_it(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit.record(store, "sql", "ann", outcome="answered", rows=3)
    app = run(store, PAGE, monkeypatch)
    assert "The log is **whole**: 3 lines" in _state(app)
    assert "ann" in cells(app) and "outcome published" in cells(app)
    app = run(store, PAGE, monkeypatch, audit_what="sql")
    assert "ann" in cells(app) and "outcome published" not in cells(app)
    app = run(store, PAGE, monkeypatch, audit_who="nobody here")
    assert "Nothing is logged that fits" in said(app)


def _state(app: AppTest) -> str:
    return "\n".join(str(p.value) for p in [*app.success, *app.error])


def test_it_says_that_the_log_is_broken(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"contacts":81', b'"contacts":80'))
    app = run(store, PAGE, monkeypatch)
    assert "The log is **broken**: line 2 is not as written" in _state(app)
    assert "not as written" in cells(app)


def test_the_file_holds_what_the_table_shows(store: Path) -> None:
    found = audit.entries(store)
    shown, typed = audit_tables.shown(found), audit_tables.typed(found)
    assert len(shown) == len(typed) == 2
    assert list(typed["number"]) == list(shown["Number"]) == [2, 1]
    assert len(audit_tables.kinds()) == len(audit.KINDS)


def test_a_page_gives_no_file_away_but_by_the_one_way() -> None:
    calls = {}
    for path in (HERE.parent / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "download_button":
                calls[path.name] = calls.get(path.name, 0) + 1
    assert calls == {"taken.py": 1}


def test_every_file_taken_is_logged_or_not_made(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Callable[[], bytes]] = {}

    def button(label: str, data: Callable[[], bytes], *_: Any, **given: Any) -> None:
        made[given["key"]] = data

    monkeypatch.setattr(streamlit, "download_button", button)
    run(store, "compliance", monkeypatch)
    assert made
    content = made["download_rules_csv"]()
    (entry,) = audit.entries(store, what="export")
    assert entry.who == audit.local()
    assert (entry.facts["file"], entry.facts["kind"]) == ("rules", "csv")
    assert entry.facts["bytes"] == len(content) and entry.facts["access"] == "internal"

    def denied(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(writing, "locked", denied)
    with pytest.raises(UserError, match="what cannot be logged is not done"):
        made["download_rules_csv"]()
