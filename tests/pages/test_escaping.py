"""Whatever letters a label of an export holds, a page, a figure or a file shows them and does nothing."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from data.store import Store
from metrics.manifest import manifest
from metrics.question import Question
from metrics.wording import marks
from pages import PAGES
from pages.parts import figures
from pages.print import document, files, html, word
from pages.print.document import Document, Paragraph, spans
from tests import hostile_store
from tests.hostile_store import PAYLOADS
from tests.pages import app as pages_app

QUICK = ("overview", "data_quality")
# What Markdown, as Streamlit reads it, would make of a payload that is not escaped.
LIVE = (
    re.compile(r"!?\[[^\]]*zq[^\]]*\]\("), re.compile(r"<(?:script|img|a|b)\b[^>]*zq"),
    re.compile(r"\$\\?zq\$"), re.compile(r":red\[zq"), re.compile(r":material/zq"), re.compile(r":smile:"),
    re.compile(r"\*\*zqb\*\*"), re.compile(r"(?<![\\\w])_zq_"), re.compile(r"~~zq~~"), re.compile(r"`zq`"),
    re.compile(r"https?://zq"), re.compile(r"www\.zq"), re.compile(r"&lt;zq"),
)  # fmt: skip
READS_MARKDOWN = {"body", "label", "help", "title", "caption", "text", "delta", "option", "content"}
"""Names of the fields of Streamlit's messages that a browser reads as Markdown."""
PLAIN = {"Code", "TextArea", "MultiSelect.options", "Selectbox.options"}


def live(text: str) -> list[str]:
    """Return what of a text's payloads Markdown would obey."""
    hidden = marks.kept(text.replace(marks._JOINER, "\u2060 "))
    return [found[0] for pattern in LIVE if (found := pattern.search(hidden))]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return hostile_store.make(tmp_path_factory.mktemp("hostile"), 1_500)


def _strings(message: Any, path: str) -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        named = f"{path}.{field.name}"
        held = value if field.is_repeated and not isinstance(value, str | bytes) else [value]
        for one in held:
            if hasattr(one, "ListFields"):
                yield from _strings(one, named)
            elif isinstance(one, str):
                yield named, one


def _nodes(node: Any) -> Iterator[Any]:
    yield node
    for child in getattr(node, "children", {}).values():
        yield from _nodes(child)


def _drawn(app: Any) -> Iterator[tuple[str, Any]]:
    for node in _nodes(app._tree):
        proto = getattr(node, "proto", None)
        if hasattr(proto, "ListFields"):
            yield proto.DESCRIPTOR.name, proto


def _check(app: Any) -> int:
    """Assert that nothing on the page obeys a payload; return how many strings hold one."""
    seen = 0
    for kind, proto in _drawn(app):
        for path, text in _strings(proto, kind):
            if "zq" not in text:
                continue
            seen += 1
            if path.rsplit(".", 1)[-1] in READS_MARKDOWN and kind not in PLAIN:
                assert not live(text), (path, live(text), text[:300])
            if kind == "PlotlyChart" and path.endswith("spec"):
                for one in _texts(json.loads(text)):
                    assert not figures._OTHER_TAG.search(one), one
        if kind == "Table":
            table = pa.ipc.open_stream(
                proto.arrow_data.data if hasattr(proto, "arrow_data") else proto.data
            )
            for cell in _cells(table.read_all().to_pandas()):
                seen += "zq" in cell
                assert not live(cell), cell
    return seen


def _cells(frame: pd.DataFrame) -> Iterator[str]:
    yield from map(str, frame.columns)
    for column in frame.columns:
        yield from (str(v) for v in frame[column])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


@pytest.mark.parametrize(
    "page",
    [
        p.script if p.script in QUICK else pytest.param(p.script, marks=pytest.mark.slow)
        for p in PAGES
    ],
)
def test_no_page_obeys_a_label(store: Store, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _check(pages_app.run(store.root, page, monkeypatch))
    if page in QUICK:
        assert seen, "the page shows no label at all: nothing was tried"


def test_the_check_itself_can_fail() -> None:
    for payload in PAYLOADS[:3]:
        assert live(payload)
        assert not live(marks.shown(payload))


@given(st.text(max_size=80))
def test_a_label_is_read_as_itself(label: str) -> None:
    hidden = marks.visible(label)
    if not re.search("[\U000f0000-\U000f007f\u2060]", hidden):
        assert marks.read(marks.shown(label)) == hidden
        assert "".join(s.text for s in spans(marks.shown(label))) == hidden
        assert all(s.style == "plain" for s in spans(marks.shown(label)))


def test_ordinary_labels_are_left_alone() -> None:
    for label in (
        "North",
        "District 5",
        "10:30",
        "A-1",
        "-2.5",
        "St. Mary's & Co.",
        "5%",
        "#5 of 6"[1:],
    ):
        assert marks.shown(label) == label


def test_errors_keep_their_commands() -> None:
    said = marks.message("file <img>.csv: bad; use `python -m data rollback`")
    assert said == "file \\<img>.csv: bad; use `python -m data rollback`"


def test_a_figure_shows_tags_as_letters() -> None:
    drawn: list[Any] = []
    figure = go.Figure(go.Bar(x=[*PAYLOADS], y=list(range(len(PAYLOADS))), name="<b>ours</b><br>"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("streamlit.plotly_chart", lambda f, **_: drawn.append(f))
        figures.show(figure, "alt", "key")
    found = list(_texts(json.loads(drawn[0].to_json())))
    assert "<b>ours</b><br>" in found
    assert not any(figures._OTHER_TAG.search(t) for t in found)
    assert sum("&lt;" in t for t in found) >= 3


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    table = {p: [*PAYLOADS] for p in PAYLOADS}
    return pd.DataFrame(table | {"tab": ["\t=1"] * len(PAYLOADS), "number": [-1.5] * len(PAYLOADS)})


def test_no_cell_of_a_csv_is_a_formula(store: Store, frame: pd.DataFrame) -> None:
    told = manifest(Question(("force",)), "internal", store.current())
    written = files.csv(frame, told).decode()
    found = pd.read_csv(io.StringIO(written), dtype=str, keep_default_na=False)
    for cell in _cells(found.drop(columns="number")):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), cell
    assert set(found["number"]) == {"-1.5"}


def test_no_cell_of_an_excel_file_is_a_formula_or_a_link(store: Store, frame: pd.DataFrame) -> None:
    told = manifest(Question(("force",)), "internal", store.current())
    made = files.xlsx(frame, told, PAYLOADS[0], PAYLOADS[1], {PAYLOADS[0]: PAYLOADS[1]})
    book = load_workbook(io.BytesIO(made))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" and cell.hyperlink is None
    with zipfile.ZipFile(io.BytesIO(made)) as packed:
        assert not [n for n in packed.namelist() if "externalLink" in n or "vba" in n]
        assert not any(b"<f>" in packed.read(n) for n in packed.namelist())


def _document(store: Store) -> Document:
    blocks = [Paragraph(f"In **{marks.shown(p)}** and {p}.") for p in PAYLOADS]
    table = document.table(pd.DataFrame({PAYLOADS[0]: [*PAYLOADS]}), PAYLOADS[1])
    made = manifest(Question(("force",)), "internal", store.current()).made
    return Document(PAYLOADS[0], PAYLOADS[1], PAYLOADS[2], PAYLOADS[2], made, (*blocks, table))


def test_nothing_runs_in_a_printed_page(store: Store) -> None:
    page = html.render(_document(store)).decode()
    assert not re.search(r"<(?:script|img|a)\b", page)
    assert "&lt;script&gt;zq()&lt;/script&gt;" in page


def test_a_word_file_stays_whole(store: Store) -> None:
    from docx import Document as Opened

    opened = Opened(io.BytesIO(word.render(_document(store))))
    text = "\n".join(p.text for p in opened.paragraphs)
    assert PAYLOADS[2] in text and '=HYPERLINK("http://zq.invalid/d","zq")' in text
    assert not [r for r in opened.part.rels.values() if r.is_external]


def test_a_pdf_obeys_no_label(store: Store) -> None:
    import pikepdf

    from pages.print import typst_pdf

    with pikepdf.open(io.BytesIO(typst_pdf.render(_document(store)))) as pdf:
        for sheet in pdf.pages:
            assert not [a for a in sheet.get("/Annots", []) if "/A" in a]


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_no_payload_runs_in_a_browser(store: Store, tmp_path: Path) -> None:
    from tests.browser.chrome import Chrome, dashboard, find_chromium

    if find_chromium() is None:
        pytest.skip("needs Chromium and chromedriver")
    with dashboard(store.root) as address:
        chrome = Chrome(1280, tmp_path / "profile")
        try:
            for page in ("", "certification", "data_quality", "response", "train_next", "partners"):
                chrome.open(f"{address}/{page}")
                found = chrome.driver.execute_script(
                    "return {ran: typeof window.__x, asked: performance.getEntriesByType('resource')"
                    ".map(r => r.name).filter(n => n.includes('zq')),"
                    " made: [...document.querySelectorAll("
                    '\'[src*="zq.invalid"], a[href*="zq"]:not([href^="#"])\')]'
                    ".map(e => e.outerHTML.slice(0, 200)),"
                    " shown: document.body.innerText.includes('zq')}"
                )
                assert found == {"ran": "undefined", "asked": [], "made": [], "shown": True}, page
        finally:
            chrome.close()
