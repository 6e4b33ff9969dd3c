"""A document as Word: real headings, lists and tables, figures with their words, the same bytes each time."""

from __future__ import annotations

import io
import zipfile
from typing import Any
from xml.sax.saxutils import escape, quoteattr

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
)

FULL_WIDTH = 6.8
BRIEF_WIDTH = 7.4
"""Inches of text between the margins, of a report and of one page."""
TWENTIETHS = 1440
"""Word's own measure: twentieths of a point to the inch."""
BRIEF_SHARE = 0.72
FONT = "Arial"
"""On every machine, or with letters of the same widths in its place."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def render(document: Document) -> bytes:
    """Return the document as the bytes of a .docx file."""
    import docx
    from docx.shared import Inches, Pt

    file = docx.Document()
    section = file.sections[0]
    section.page_width, section.page_height = Inches(8.5), Inches(11)
    margin = 0.55 if document.one_page else 0.85
    section.left_margin = section.right_margin = Inches(margin)
    section.top_margin = section.bottom_margin = Inches(margin)
    section.header_distance = section.footer_distance = Inches(0.3)
    base = file.styles["Normal"]
    base.font.name, base.font.size = FONT, Pt(7.5 if document.one_page else 10.5)
    base.paragraph_format.space_after = Pt(2 if document.one_page else 6)
    _styles(file, document.one_page)
    _properties(file, document)
    _running(section, document)
    if document.logo:
        picture = (
            file.add_paragraph()
            .add_run()
            .add_picture(io.BytesIO(document.logo), height=Inches(0.45))
        )
        _describe(picture, f"Logo of {document.agency}")
    file.add_paragraph(document.title, style="Title")
    told = file.add_paragraph()
    told.add_run(f"{document.agency} · ")
    told.add_run(document.mark).bold = True
    for block in document.blocks:
        _add(file, block, document.one_page)
    buffer = io.BytesIO()
    file.save(buffer)
    return _fixed(buffer.getvalue())


def _styles(file: Any, one_page: bool) -> None:
    from docx.shared import Pt, RGBColor

    sizes = (15, 9.5, 8.5, 8) if one_page else (22, 15, 12.5, 11)
    for name, size in zip(("Title", "Heading 1", "Heading 2", "Heading 3"), sizes, strict=True):
        style = file.styles[name]
        style.font.name, style.font.size = FONT, Pt(size)
        style.font.color.rgb = RGBColor(0x1A, 0x1A, 0x1A)
        style.paragraph_format.space_before = Pt(3 if one_page else 12)
        style.paragraph_format.space_after = Pt(1 if one_page else 4)
        style.paragraph_format.keep_with_next = True
        # The theme's letters would win over the name set above.
        fonts = style.element.rPr.rFonts
        for key in list(fonts.attrib):
            if "Theme" in key:
                del fonts.attrib[key]
    caption = file.styles["Caption"]
    caption.font.size = Pt(7 if one_page else 9)
    caption.font.color.rgb = RGBColor(0x44, 0x44, 0x44)
    caption.font.bold = False
    caption.paragraph_format.keep_with_next = True
    caption.paragraph_format.space_after = Pt(2)
    bullets = file.styles["List Bullet"].paragraph_format
    bullets.space_after = Pt(1 if one_page else 3)


def _properties(file: Any, document: Document) -> None:
    made = document.made.replace(tzinfo=None)
    core = file.core_properties
    core.title, core.author = document.title, document.agency
    core.language = "en-US" if document.lang == "en" else document.lang
    core.subject, core.comments, core.keywords = document.mark, document.running, ""
    core.last_modified_by, core.revision = document.agency, 1
    core.created = core.modified = made


def _running(section: Any, document: Document) -> None:
    """Say on every page whose it is and who may read it, and number the pages."""
    from docx.shared import Pt

    header = section.header.paragraphs[0]
    header.add_run(f"{document.running} · ")
    header.add_run(document.mark).bold = True
    footer = section.footer.paragraphs[0]
    footer.add_run(f"{document.title} · page ")
    _counter(footer, "PAGE")
    footer.add_run(" of ")
    _counter(footer, "NUMPAGES")
    for paragraph in (header, footer):
        for run in paragraph.runs:
            run.font.size = Pt(7.5)


def _counter(paragraph: Any, name: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), name)
    run, text = OxmlElement("w:r"), OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _add(file: Any, block: Block, one_page: bool) -> None:
    match block:
        case Heading():
            _write(file.add_heading(level=block.level), block.text)
        case Paragraph():
            _write(file.add_paragraph(), block.text)
        case Note():
            _write(
                file.add_paragraph(style="Caption"), block.text
            ).paragraph_format.keep_with_next = False
        case Code():
            _code(file, block.text)
        case Bullets():
            for item in block.items:
                _write(file.add_paragraph(style="List Bullet"), item)
        case Figure():
            _figure(file, block, one_page)
        case Table():
            _table(file, block, one_page)


def _write(paragraph: Any, text: str) -> Any:
    for span in spans(text):
        run = paragraph.add_run(span.text)
        if span.style == "strong":
            run.bold = True
        elif span.style == "stressed":
            run.italic = True
        elif span.style == "code":
            run.font.name = "Consolas"
    return paragraph


def _code(file: Any, text: str) -> None:
    from docx.shared import Pt

    paragraph = file.add_paragraph()
    for place, line in enumerate(text.splitlines()):
        run = paragraph.add_run(line)
        run.font.name, run.font.size = "Consolas", Pt(8.5)
        if place < len(text.splitlines()) - 1:
            run.add_break()


def _figure(file: Any, block: Figure, one_page: bool) -> None:
    from docx.shared import Inches

    paragraph = file.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    width = min(block.drawing.width, FULL_WIDTH) * (BRIEF_SHARE if one_page else 1)
    picture = paragraph.add_run().add_picture(io.BytesIO(block.drawing.png(2)), width=Inches(width))
    _describe(picture, block.drawing.alt)
    caption = _write(file.add_paragraph(style="Caption"), block.caption)
    caption.paragraph_format.keep_with_next = False


def _describe(picture: Any, alt: str) -> None:
    picture._inline.docPr.set("descr", alt)


def _table(file: Any, block: Table, one_page: bool) -> None:
    """Write the table's XML at once: the library's own way takes minutes for thousands of rows."""
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls
    from docx.shared import Pt

    _write(file.add_paragraph(style="Caption"), block.caption)
    many = len(block.columns) > 5
    size = 13 if one_page else 16 if many else 18
    width = FULL_WIDTH if not one_page else BRIEF_WIDTH
    total = sum(weights := column_weights(block))
    widths = [round(width * TWENTIETHS * w / total) for w in weights]
    head = _row(block.columns, widths, size, head=True)
    body = "".join(_row(row, widths, size) for row in block.rows)
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    table = parse_xml(
        f"<w:tbl {nsdecls('w')}><w:tblPr>"
        f'<w:tblStyle w:val="TableGrid"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1"/>'
        f"<w:tblCaption w:val={quoteattr(plain(block.caption))}/></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>{head}{body}</w:tbl>"
    )
    file.element.body.insert_element_before(table, "w:sectPr")
    # Two tables in a row would grow into one.
    after = file.add_paragraph()
    after.paragraph_format.space_after = Pt(0)
    after.paragraph_format.line_spacing = Pt(4 if one_page else 8)


def _row(cells: tuple[str, ...], widths: list[int], size: int, *, head: bool = False) -> str:
    """Return a row's XML: whole on a page, and the head again at the top of each."""
    kept = "<w:cantSplit/>" + ("<w:tblHeader/>" if head else "")
    found = []
    for text, width in zip(cells, widths, strict=True):
        runs = "".join(_run(span, size, head) for span in spans(text))
        found.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
            f'<w:p><w:pPr><w:spacing w:before="0" w:after="0"/></w:pPr>{runs}</w:p></w:tc>'
        )
    return f"<w:tr><w:trPr>{kept}</w:trPr>{''.join(found)}</w:tr>"


def _run(span: Span, size: int, strong: bool) -> str:
    style = "<w:b/>" if strong or span.style == "strong" else ""
    style += "<w:i/>" if span.style == "stressed" else ""
    return (
        f'<w:r><w:rPr>{style}<w:sz w:val="{size}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(span.text)}</w:t></w:r>'
    )


def _fixed(content: bytes) -> bytes:
    """Return the archive with its members' times taken out: the same parts, the same bytes."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            # The system that made it stands in each member.
            member.create_system = 0
            new.writestr(member, old.read(name))
    return buffer.getvalue()
