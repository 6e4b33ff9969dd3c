"""The Print page for publication: no withheld number on it, and only documents for publication from it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

import docx
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.store import Snapshot, Store
from metrics.evaluate import evaluate
from metrics.question import ask
from metrics.result import WITHHELD, Comparison
from metrics.wording import printed
from pages.print import output
from tests.pages.app import DASHBOARD
from tests.pages.test_document import pdf_text
from tests.stores import simulated_store

COUNT = re.compile(r"\d[\d,]* of \d|\d of 1,000|\([-+]?\d[\d.,]* to [-+]?\d")


class Offered(NamedTuple):
    """One button of the page: its label, its file's name, and what makes the file."""

    label: str
    name: str
    make: Callable[[], bytes]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small agency, some of whose counts lie between 1 and 10."""
    return simulated_store(tmp_path_factory.mktemp("public"), 900)


@pytest.fixture(scope="module")
def withheld(store: Path) -> list[tuple[Comparison, Comparison]]:
    """Return the comparisons, internal and public, of outcomes that may not be published."""
    snapshot = Store(store).current()
    pairs = zip(
        evaluate(ask(), snapshot=snapshot),
        evaluate(ask(), "public", snapshot=snapshot),
        strict=True,
    )
    found = [(inside, out) for inside, out in pairs if out.withheld]
    assert found, "the fixture must hold something to withhold"
    return found


def run(
    store: Path, monkeypatch: pytest.MonkeyPatch, access: str | None = None, **filters: str
) -> tuple[AppTest, list[Offered]]:
    """Draw the page as a browser would, and keep what its buttons would give."""
    offered: list[Offered] = []
    real = st.download_button

    def keep(label: str, data: Any, name: str, *rest: Any, **options: Any) -> bool:
        offered.append(Offered(label, name, data))
        return bool(real(label, data, name, *rest, **options))

    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(DASHBOARD, default_timeout=90)
    for key, value in filters.items():
        # As in a link: a filter bound to the address takes its value from there.
        app.query_params[key] = value
    app = app.run().switch_page("pages/print_it.py").run()
    monkeypatch.setattr(st, "download_button", keep)
    if access is None:
        app = app.run()
    else:
        (group,) = (b for b in app.get("button_group") if b.key == "print_access")
        app = group.set_value(access).run()
    monkeypatch.setattr(st, "download_button", real)
    assert not app.exception, app.exception
    return app, offered


def said(app: AppTest) -> str:
    """Return the words of the page itself, the sidebar apart."""
    main = app.main
    parts = [*main.title, *main.subheader, *main.markdown, *main.info, *main.warning, *main.error]
    return "\n".join(str(p.value) for p in parts)


def test_it_offers_every_document_and_says_for_whom(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for access, mark in ((None, "internal"), ("public", "public")):
        _, offered = run(store, monkeypatch, access)
        assert len(offered) == len(output.KINDS) * len(output.FORMATS)
        other = {"internal": "public", "public": "internal"}[mark]
        assert all(f"-{mark}-" in o.name and other not in o.name for o in offered)


def test_the_public_page_shows_no_number_of_a_comparison(
    store: Path, monkeypatch: pytest.MonkeyPatch, withheld: list[tuple[Comparison, Comparison]]
) -> None:
    app, _ = run(store, monkeypatch, "public")
    text = said(app)
    assert not COUNT.search(text), COUNT.search(text)
    assert not app.main.table and not app.main.dataframe and not app.main.metric
    for inside, _ in withheld:
        assert inside.sentence not in text


def read(content: bytes, ending: str, folder: Path) -> str:
    if ending == "pdf":
        return pdf_text(content, folder)
    if ending == "html":
        return unescape(re.sub(r"<[^>]*>", " ", content.decode()))
    file = docx.Document(io.BytesIO(content))
    cells = [c.text for t in file.tables for r in t.rows for c in r.cells]
    return "\n".join([*(p.text for p in file.paragraphs), *cells])


@pytest.mark.slow
def test_the_files_it_gives_are_for_publication(
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
    withheld: list[tuple[Comparison, Comparison]],
    tmp_path: Path,
) -> None:
    _, offered = run(store, monkeypatch, "public")
    for one in offered:
        text = " ".join(read(one.make(), one.name.rpartition(".")[2], tmp_path).split())
        assert printed.MARKS["public"] in text and printed.MARKS["internal"] not in text
        assert WITHHELD in text
        for inside, out in withheld:
            assert inside.sentence not in text
            assert out.sentence.rstrip(".") in text or "-brief-" in one.name
            for arm in (inside.cit, inside.other):
                rate = f"{arm.rate.estimate * 1000:.1f}" if arm.rate.estimate is not None else ""
                assert f"{arm.events:,} of {arm.n:,}" not in text
                assert not re.search(rf"\b{arm.n:,} {arm.events:,} {re.escape(rate)}", text)


def test_a_free_filter_is_refused_with_words_and_no_file(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot: Snapshot = Store(store).current()
    (district,) = snapshot.cursor().execute("SELECT min(district) FROM encounters").fetchone()  # type: ignore[misc]
    app, offered = run(store, monkeypatch, "public", district=district)
    assert offered == [] and not app.get("download_button")
    assert any(printed.NO_PUBLIC_FILTERS in i.value for i in app.main.info)
    assert not COUNT.search(said(app))
    app, offered = run(store, monkeypatch, None, district=district)
    assert offered and all("-filtered-" in o.name and "public" not in o.name for o in offered)
