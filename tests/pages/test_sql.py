"""The SQL page, as somebody uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.sandbox import log, pool
from tests.stores import simulated_store

DASHBOARD = str(Path(__file__).parents[2] / "dashboard.py")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("sql"), 3_000)


@pytest.fixture
def page(root: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("CIT_STORE", str(root))
    app = AppTest.from_file(DASHBOARD, default_timeout=60).switch_page("pages/sql.py").run()
    assert not app.exception
    yield app
    pool.close_all()


def press(app: AppTest, label: str) -> AppTest:
    next(b for b in app.button if b.label == label).click().run()
    assert not app.exception
    return app


def answer(app: AppTest) -> object:
    return app.dataframe[-1].value


def test_an_example_is_put_into_the_editor_and_runs(page: AppTest, root: Path) -> None:
    chooser = next(s for s in page.selectbox if s.label.startswith("Begin with"))
    chooser.select("Example: Rates by group").run()
    assert "FROM encounters" in page.text_area(key="sql_text").value
    press(page, "Run")
    assert list(answer(page).columns) == ["cit", "contacts", "with_force", "per_1000"]  # type: ignore[attr-defined]
    assert any("2 rows in" in c.value for c in page.caption)
    assert log.entries(root)[0].outcome == "answered"
    assert any(e.label.startswith("Asked before in this session (1)") for e in page.expander)


def test_what_is_refused_is_said_in_words(page: AppTest) -> None:
    page.text_area(key="sql_text").set_value("SELECT * FROM read_text('/etc/passwd')")
    press(page, "Run")
    assert any("Not run: the table function read_text is not there" in e.value for e in page.error)


def test_nothing_to_run_is_said(page: AppTest) -> None:
    press(page, "Run")
    assert any("there is no statement" in e.value for e in page.error)


def test_the_plan_is_shown_without_running(page: AppTest) -> None:
    page.text_area(key="sql_text").set_value("SELECT count(*) FROM encounters a, encounters b")
    press(page, "Show the plan")
    assert any("Seq Scan" in c.value for c in page.code)


def test_a_query_is_saved_and_comes_back(page: AppTest) -> None:
    page.text_area(key="sql_text").set_value("SELECT 42 AS answer")
    page.text_input(key="sql_name").set_value("The answer")
    press(page, "Save")
    assert any("Saved as The answer" in s.value for s in page.success)
    page.run()
    chooser = next(s for s in page.selectbox if s.label.startswith("Begin with"))
    assert "Saved (mine): The answer" in chooser.options
