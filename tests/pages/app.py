"""The dashboard without a browser: run a page on a store, choose on it, and read what it says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from metrics.wording import marks
from pages import PAGES
from tests.conftest import HERE

DASHBOARD = str(HERE.parent / "dashboard.py")


def run(
    store: Path,
    page: str,
    monkeypatch: pytest.MonkeyPatch,
    query: Mapping[str, str] | None = None,
    **chosen: Any,
) -> AppTest:
    """Open a page as a browser would, with a query in its link, and set widgets by their keys.

    A widget given None is left alone.
    """
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(DASHBOARD, default_timeout=90)
    for key, value in (query or {}).items():
        app.query_params[key] = value
    app = app.run()
    if page != PAGES[0].script:
        app = app.switch_page(f"pages/{page}.py").run()
    for key, value in chosen.items():
        if value is not None:
            app = _widget(app, key).set_value(value).run()
    assert not app.exception, app.exception
    return app


def _widget(app: AppTest, key: str) -> Any:
    kinds = [*app.get("button_group"), *app.date_input, *app.file_uploader]
    return next(w for w in [*kinds, *app.selectbox, *app.text_input] if w.key == key)


def said(app: AppTest) -> str:
    """Return the words of a page, warnings apart: every page of a simulated store has the same one."""
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.error]
    return "\n".join(str(p.value) for p in parts)


def cells(app: AppTest) -> str:
    """Return its tables as they read, without the marks that let a long name break."""
    tables = [*app.table, *app.dataframe]
    return marks.read("\n".join(t.value.to_csv(index=False).replace("\u200b", "") for t in tables))
