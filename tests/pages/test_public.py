"""The page for residents: both languages, only what may be published, and a file for a web site."""

from __future__ import annotations

from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.registry.elements import ELEMENTS
from data.store import Store
from metrics import resident
from metrics.resident import Resident
from metrics.wording import resident as words
from pages.print import resident as printed
from tests.metrics.test_resident import small_counts
from tests.pages.app import run
from tests.stores import simulated_store, write_contacts

PAGE = "public"
MADE = datetime(2026, 1, 15, 8, 30)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("public"), 3_000, officers=120)


def own(app: AppTest) -> list[str]:
    """The texts of the page itself, without the line at the top that every page has."""
    parts = [*app.title, *app.subheader, *app.main.markdown, *app.main.caption, *app.main.info]
    texts = [str(p.value) for p in parts if "crisis response" not in str(p.value)]
    tables = [c for t in app.table for row in t.value.itertuples(index=False) for c in row]
    heads = [str(c) for t in app.table for c in t.value.columns]
    return [*texts, *map(str, tables), *heads]


@pytest.mark.slow
@pytest.mark.parametrize("lang", [None, words.EN, words.ES])
def test_the_page_holds_no_small_count_in_either_language(
    simulated: Path, monkeypatch: pytest.MonkeyPatch, lang: str | None
) -> None:
    texts = own(run(simulated, PAGE, monkeypatch, lang=lang))
    assert words.TITLE.text(lang or words.EN) in texts
    for text in texts:
        assert not small_counts(text, 11), text
    whole = "\n".join(texts)
    assert all(whole.count(f"- {words.question(e, lang or words.EN)}") == 1 for e in ELEMENTS)
    assert any("988" in t for t in texts) and any("911" in t for t in texts)


def test_seattle_is_told_as_it_is(seattle_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = own(run(seattle_store, PAGE, monkeypatch))
    whole = "\n".join(texts)
    assert whole.count("**Not recorded.**") == len(ELEMENTS)
    assert "**Yes" not in whole and "**No." not in whole and "**Partly" not in whole
    for text in texts:
        assert not small_counts(text, 11), text


def test_the_filters_change_nothing(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = own(run(simulated, PAGE, monkeypatch))
    assert own(run(simulated, PAGE, monkeypatch, {"to": "2025-01-31"})) == plain


def test_several_agencies_have_no_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from data import ingest, mapping

    store = Store(tmp_path / "store")
    file = write_contacts(tmp_path / "contacts.csv", (20, 20), (2, 2))
    ingest.load(store, [file], mapping.read("canonical"))
    file.write_text(file.read_text().replace("\nT,", "\nU,"))
    ingest.load(store, [file], mapping.read("canonical"))
    assert words.SEVERAL.en in own(run(tmp_path / "store", PAGE, monkeypatch))


@pytest.mark.slow
def test_the_name_and_the_contact_are_those_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = simulated_store(tmp_path, 300)
    contact = "Oversight Office, oversight@example.gov"
    (store / "settings.toml").write_text(
        f'agency_name = "Testville Police"\nagency_contact = "{contact}"\n'
    )
    texts = " ".join(own(run(store, PAGE, monkeypatch)))
    assert "Testville Police" in texts and contact in texts


class Page(HTMLParser):
    """What a reader of the file needs: its language, headings, tables with captions and heads."""

    def __init__(self) -> None:
        super().__init__()
        self.lang = ""
        self.tags: list[str] = []
        self.text: list[str] = []
        self.scopes = 0
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self._style = tag == "style"
        self.scopes += given.get("scope") == "col"
        if tag == "html":
            self.lang = given.get("lang") or ""
        assert not (given.get("src") or "").startswith("http"), "a file needs nothing else"

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._style:
            self.text.append(data.strip())


@pytest.mark.parametrize("lang", words.LANGUAGES)
def test_the_file_for_a_web_site_says_its_language_and_is_whole(simulated: Path, lang: str) -> None:
    snapshot = Store(simulated).current()
    found = resident.resident(snapshot)
    assert isinstance(found, Resident)
    made = printed.html(found, lang, MADE)
    assert made == printed.html(found, lang, MADE)
    page = Page()
    page.feed(made.decode("utf-8"))
    assert page.lang == lang
    assert page.tags.count("h1") == 1 and {"header", "main", "footer"} <= set(page.tags)
    tables = page.tags.count("table")
    assert tables == page.tags.count("caption") > 0 and page.scopes >= 2 * tables
    assert "script" not in page.tags
    for text in page.text:
        assert not small_counts(text, 11), text
    mark = words.MARK.text(lang)
    assert page.text.count(mark) == 2
