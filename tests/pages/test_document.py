"""The document model and its three renderers, on documents made for the purpose."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pages.print import html, typst_pdf, word
from pages.print.document import (
    Block,
    Bullets,
    Code,
    Document,
    Figure,
    Heading,
    Note,
    Paragraph,
    Span,
    Table,
    column_weights,
    plain,
    spans,
    words,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="672" height="96"><circle cx="50" cy="48" r="20"/></svg>'
ODD = "Set as it is: #let x = 1; $100; <b>&amp;</b> [a] @b _c_ \\d // e"
ROWS = tuple((f"row{i:04d}", f"{i * 7:,}", "words that wrap in a narrow cell") for i in range(2000))
RENDERERS = {"pdf": typst_pdf.render, "docx": word.render, "html": html.render}


@dataclass(frozen=True)
class Drawing:
    """A figure without a library that draws."""

    svg: bytes = SVG
    alt: str = "A circle in place of a figure"
    width: float = 7.0
    height: float = 1.0

    def png(self, scale: float = 2) -> bytes:
        buffer = io.BytesIO()
        Image.new("RGB", (round(100 * scale), 20), "white").save(buffer, "png")
        return buffer.getvalue()


def document(*blocks: Block, **changes: object) -> Document:
    made = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
    found = Document("A title", "Example City PD", "INTERNAL", "Example · snapshot S", made, blocks)
    return replace(found, **changes)  # type: ignore[arg-type]


BLOCKS: tuple[Block, ...] = (
    Heading("First part"),
    Paragraph(f"Text with **strong** words, *stressed* ones and `code`. {ODD}"),
    Bullets(("one", "two")),
    Heading("A part of it", 2),
    Figure(Drawing(), "What the figure shows"),
    Note("What qualifies it"),
    Code("python -m pages brief \\\n  --out FILE"),
    Table("A table", ("Name", "Number"), (("first", "1,234"), ("second & last", "p < 0.001"))),
)


def pdf_text(content: bytes, folder: Path) -> str:
    if not shutil.which("pdftotext"):
        pytest.skip("needs poppler")
    path = folder / "printed.pdf"
    path.write_bytes(content)
    run = subprocess.run(
        ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
    )
    return run.stdout


def word_xml(content: bytes, part: str = "word/document.xml") -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(part).decode()


def test_marks_become_runs_of_one_style() -> None:
    assert spans("a **b** *c* `d_e`") == (
        Span("a "),
        Span("b", "strong"),
        Span(" "),
        Span("c", "stressed"),
        Span(" "),
        Span("d_e", "code"),
    )
    assert plain("**x *y* `z`**") == "x y z"


@pytest.mark.parametrize("text", ["2 * 3 * 4", "5*6*7", "snake_case_name", "p = 0.03", ""])
def test_what_is_no_mark_stays(text: str) -> None:
    assert plain(text) == text


def test_a_document_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="skips a level"):
        document(Heading("a"), Heading("b", 3))
    with pytest.raises(ValueError, match="1 cells for 2"):
        Table("t", ("a", "b"), (("1",),))
    with pytest.raises(ValueError, match="words that replace"):
        Figure(Drawing(alt=" "), "caption")


def test_columns_are_as_wide_as_their_words() -> None:
    table = Table("t", ("A", "B"), (("12", "a much longer text than the other one has"),))
    first, second = column_weights(table)
    assert second > 3 * first


@pytest.mark.parametrize("format_", RENDERERS)
def test_the_same_document_gives_the_same_bytes(format_: str) -> None:
    render = RENDERERS[format_]
    assert render(document(*BLOCKS)) == render(document(*BLOCKS))
    assert render(document(*BLOCKS)) != render(document(*BLOCKS[:-1]))


def test_nothing_is_taken_for_markup(tmp_path: Path) -> None:
    blocks = document(Paragraph(ODD), Table("t", ("a",), ((ODD,),)))
    text = " ".join(pdf_text(typst_pdf.render(blocks), tmp_path).split())
    assert text.count(ODD) == 2
    assert html.render(blocks).decode().count("&lt;b&gt;&amp;amp;&lt;/b&gt;") == 2
    assert word_xml(word.render(blocks)).count("&lt;b&gt;&amp;amp;&lt;/b&gt;") == 2


def test_a_table_of_2000_rows_is_whole_in_every_format(tmp_path: Path) -> None:
    long = document(Heading("Rows"), Table("Long", ("Key", "Count", "Text"), ROWS))
    content = typst_pdf.render(long)
    page = html.render(long).decode()
    file = word_xml(word.render(long))
    for key, count, _ in ROWS:
        assert f"<td>{key}</td><td>{count}</td>" in page
        assert f">{key}<" in file
    assert file.count("<w:tr>") == 2001
    assert file.count("<w:tblHeader/>") == 1
    text = pdf_text(content, tmp_path)
    found = re.findall(r"(row\d{4})\s+([\d,]+)", text)
    assert found == [(key, count) for key, count, _ in ROWS]
    pages = text.rstrip("\f").split("\f")
    # The head again on every page.
    assert all(re.search(r"Key\s+Count\s+Text", p) for p in pages)
    assert f"Page 1 of {len(pages)}" in pages[0]


def test_one_page_is_set_as_large_as_fits(tmp_path: Path) -> None:
    pikepdf = pytest.importorskip("pikepdf")

    def size(count: int) -> tuple[int, float]:
        text = "Some words of a paragraph that takes a line or two of a page, said again. " * 2
        made = document(*(Paragraph(text) for _ in range(count)), one_page=True)
        with pikepdf.open(io.BytesIO(typst_pdf.render(made))) as file:
            content = b"".join(c.read_bytes() for c in pikepdf.Array([file.pages[0].obj.Contents]))
            sizes = [float(m) for m in re.findall(rb"/f\d+ ([\d.]+) Tf", content)]
            return len(file.pages), max(sizes, default=0.0)

    assert size(5)[0] == size(20)[0] == size(32)[0] == 1
    assert size(5)[1] > size(32)[1]


def test_the_pdf_is_accessible() -> None:
    pikepdf = pytest.importorskip("pikepdf")
    with pikepdf.open(io.BytesIO(typst_pdf.render(document(*BLOCKS)))) as file:
        root = file.Root
        assert bool(root.MarkInfo.Marked)
        assert str(root.Lang) == "en"
        assert bool(root.ViewerPreferences.DisplayDocTitle)
        with file.open_metadata() as found:
            assert found["dc:title"] == "A title"
            assert str(found["pdfuaid:part"]) == "1"
        tags = list(_tags(root.StructTreeRoot))
        kinds = [str(t.S) for t in tags]
        figures = [t for t in tags if str(t.S) == "/Figure"]
        assert [str(f.Alt) for f in figures] == [Drawing().alt]
        assert kinds.count("/Table") == 1
        assert kinds.count("/TH") == 2
        assert kinds.count("/TD") == 4
        assert kinds.count("/L") == 1
        assert kinds.count("/LI") == 2
        headings = [int(k[2]) for k in kinds if re.fullmatch(r"/H\d", k)]
        assert headings[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(headings))
        fonts = [o for o in file.objects if _is(o, "/FontDescriptor")]
        assert fonts
        assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(f.keys()) for f in fonts)


def test_an_independent_checker_finds_no_failure(tmp_path: Path) -> None:
    pytest.importorskip("pdfua")
    path = tmp_path / "printed.pdf"
    path.write_bytes(typst_pdf.render(document(*BLOCKS)))
    run = subprocess.run([sys.executable, "-m", "pdfua", "check", str(path)], capture_output=True)
    assert run.returncode == 0, run.stdout.decode()


def _is(found: Any, kind: str) -> bool:
    import pikepdf

    return isinstance(found, pikepdf.Dictionary) and str(found.get("/Type", "")) == kind


def _tags(tag: Any) -> list[Any]:
    """Every tag below one, in order."""
    import pikepdf

    kids = tag.get("/K", pikepdf.Array([]))
    below = kids if isinstance(kids, pikepdf.Array) else [kids]
    found = []
    for kid in below:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            found += [kid, *_tags(kid)]
    return found


def test_the_word_file_holds_real_parts() -> None:
    import docx

    content = word.render(document(*BLOCKS))
    file = docx.Document(io.BytesIO(content))
    styles = [(p.style.name, p.text) for p in file.paragraphs if p.text]
    assert ("Title", "A title") in styles
    assert ("Heading 1", "First part") in styles
    assert ("Heading 2", "A part of it") in styles
    assert ("List Bullet", "two") in styles
    (table,) = file.tables
    assert [[c.text for c in r.cells] for r in table.rows] == [
        ["Name", "Number"],
        ["first", "1,234"],
        ["second & last", "p < 0.001"],
    ]
    (shape,) = file.inline_shapes
    assert shape._inline.docPr.get("descr") == Drawing().alt
    core = file.core_properties
    assert (core.title, core.author) == ("A title", "Example City PD")
    assert core.created == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("format_", RENDERERS)
def test_every_word_is_in_every_format(format_: str, tmp_path: Path) -> None:
    made = document(*BLOCKS)
    content = RENDERERS[format_](made)
    if format_ == "pdf":
        text = pdf_text(content, tmp_path)
    else:
        marked = word_xml(content) if format_ == "docx" else content.decode()
        text = unescape(re.sub(r"<[^>]*>", "", marked))
    shown = re.sub(r"\s+", "", text)
    # What replaces a figure is no text of the page.
    for said in (w for w in words(made) if w != Drawing().alt):
        assert re.sub(r"\s+", "", said) in shown, said


def test_printing_needs_no_streamlit() -> None:
    code = "import sys, pages.print.output; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_an_empty_table_and_a_logo() -> None:
    made = document(Table("None", ("a", "b"), ()), logo=Drawing().png())
    for render in RENDERERS.values():
        assert len(render(made)) > 1000
