"""The Print page's evidence packet: the same file as the command's, internal only, made when asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.store import Store
from metrics import packet
from metrics.question import ask
from metrics.wording import packet as words
from tests.conftest import HERE
from tests.stores import simulated_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("packet"), 3_000)


def opened(store: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(str(HERE.parent / "dashboard.py"), default_timeout=120)
    app = app.run().switch_page("pages/print_it.py").run()
    assert not app.exception, app.exception
    return app


def hashes(app: AppTest) -> list[str]:
    return [str(c.value) for c in app.code if "SHA-256" in str(c.value)]


@pytest.mark.slow
def test_it_is_made_when_asked_for_and_is_the_commands_file(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(store, monkeypatch)
    assert words.TITLE in [s.value for s in app.subheader]
    assert words.STAYS_INSIDE in [c.value for c in app.caption]
    assert hashes(app) == []
    app.button(key="packet_make").click().run()
    assert not app.exception
    made = packet.build(ask(), Store(store).current())
    assert hashes(app) == [f"SHA-256 {made.sha256}"]
    assert words.NOTE_HASH in [c.value for c in app.caption]
    # It stays on the page until the question is another.
    app.run()
    assert hashes(app) == [f"SHA-256 {made.sha256}"]


def test_another_question_is_another_packet(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(store, monkeypatch)
    app.button(key="packet_make").click().run()
    assert len(hashes(app)) == 1
    view = app.session_state["_view"]
    app.session_state["_view"] = replace(view, question=replace(view.question, exposure="any"))
    app.run()
    assert not app.exception
    assert hashes(app) == []


def test_it_is_never_public(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(store, monkeypatch)
    (group,) = (b for b in app.get("button_group") if b.key == "print_access")
    app = group.set_value("public").run()
    assert not app.exception
    assert words.NOT_PUBLIC in [c.value for c in app.caption]
    assert "packet_make" not in [b.key for b in app.button]
