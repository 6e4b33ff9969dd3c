"""A document as PDF, by Typst: tagged and PDF/UA-1, headers repeated, the same bytes each time."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

from pages.print.document import (
    Block,
    Bullets,
    Code,
    Document,
    Figure,
    Heading,
    Note,
    Paragraph,
    Table,
    column_weights,
    longest_words,
    spans,
)

TEMPLATE = Path(__file__).with_name("document.typ")
FULL_WIDTH = 7.0
"""Inches of text a figure may fill."""

BRIEF_SHARE = 0.82
"""How large a figure is on a page that must hold everything, beside its usual size."""

_LONGEST_WHOLE = 800
"""Letters of a cell up to which its row is kept on one page."""

_ROOM = 118
"""Characters of a table's text that fit beside each other at its full size."""


def render(document: Document) -> bytes:
    """Return the document as the bytes of a PDF. Only fonts that come with Typst are used."""
    import typst

    found = typst.compile(
        TEMPLATE.read_bytes(),
        format="pdf",
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
        timestamp=document.made.replace(tzinfo=UTC, microsecond=0),
        sys_inputs={"document": json.dumps(_data(document), ensure_ascii=False)},
    )
    assert isinstance(found, bytes)
    return found


def _data(document: Document) -> dict[str, Any]:
    made = document.made
    return {
        "title": document.title,
        "agency": document.agency,
        "mark": document.mark,
        "running": document.running,
        "made": {"year": made.year, "month": made.month, "day": made.day},
        "lang": document.lang,
        "one_page": document.one_page,
        "logo": list(document.logo) if document.logo else None,
        "blocks": [_block(b, document.one_page) for b in document.blocks],
    }


def _block(block: Block, one_page: bool) -> dict[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "level": block.level, "text": _spans(block.text)}
        case Paragraph():
            return {"kind": "paragraph", "text": _spans(block.text)}
        case Note():
            return {"kind": "note", "text": _spans(block.text)}
        case Code():
            return {"kind": "code", "text": block.text}
        case Bullets():
            return {"kind": "bullets", "items": [_spans(i) for i in block.items]}
        case Figure():
            drawing = block.drawing
            return {
                "kind": "figure",
                "caption": _spans(block.caption),
                "svg": drawing.svg.decode("utf-8"),
                "alt": drawing.alt,
                "share": min(1.0, drawing.width / FULL_WIDTH) * (BRIEF_SHARE if one_page else 1),
            }
        case Table():
            weights = column_weights(block)
            return {
                "kind": "table",
                "caption": _spans(block.caption),
                "columns": [_spans(c) for c in block.columns],
                "rows": [[_spans(c) for c in row] for row in block.rows],
                "weights": weights,
                "size": _size(block, one_page),
                "whole": all(len(c) <= _LONGEST_WHOLE for row in block.rows for c in row),
            }


def _spans(text: str) -> list[dict[str, str]]:
    return [{"text": s.text, "style": s.style} for s in spans(text)]


def _size(block: Table, one_page: bool) -> float:
    """Return the size of a table's text beside the text around it: smaller where words are many."""
    words = sum(longest_words(block)) + 2 * len(block.columns)
    return round(max(0.6, min(0.92 if one_page else 0.9, _ROOM / max(words, 1))), 3)
