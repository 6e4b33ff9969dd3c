"""Questions in, files out: what the command and the page call."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pages.print import html, typst_pdf, word
from pages.print.brief import brief
from pages.print.document import Document
from pages.print.material import Material, gather
from pages.print.narrative import alone
from pages.print.report import Progress, report

__all__ = ["FORMATS", "KINDS", "Format", "document", "gather", "render"]


class Format(NamedTuple):
    """One kind of file: its name, media type, and what makes its bytes of a document."""

    label: str
    mime: str
    render: Callable[[Document], bytes]


FORMATS = {
    "pdf": Format("PDF", "application/pdf", typst_pdf.render),
    "docx": Format(
        "Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        word.render,
    ),
    "html": Format("HTML", "text/html", html.render),
}
KINDS = {
    "brief": "One-page brief",
    "report": "Full report",
    "narrative": "Narrative for an application",
}


def document(kind: str, material: Material, progress: Progress = lambda _: None) -> Document:
    """Return one kind of document of the material; ``KeyError`` for an unknown kind."""
    made: dict[str, Callable[[], Document]] = {
        "brief": lambda: brief(material),
        "report": lambda: report(material, progress),
        "narrative": lambda: alone(material),
    }
    return made[kind]()


def render(
    kind: str, format_: str, material: Material, progress: Progress = lambda _: None
) -> bytes:
    """Return the bytes of one kind of document in one format; ``KeyError`` for an unknown one."""
    chosen = FORMATS[format_]
    return chosen.render(document(kind, material, progress))
