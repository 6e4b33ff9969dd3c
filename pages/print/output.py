"""Questions in, files out: what the command and the page call."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from pages.print.document import Document
from pages.print.material import Material, gather

__all__ = ["FORMATS", "KINDS", "Format", "document", "gather", "render"]

Progress = Callable[[str], None]


class Format(NamedTuple):
    """One kind of file: its name, media type, and the module that makes its bytes of a document."""

    label: str
    mime: str
    module: str

    def render(self, made: Document) -> bytes:
        """Return the document's bytes."""
        found: bytes = import_module(self.module).render(made)
        return found


FORMATS = {
    "pdf": Format("PDF", "application/pdf", "pages.print.typst_pdf"),
    "docx": Format(
        "Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "pages.print.word",
    ),
    "html": Format("HTML", "text/html", "pages.print.html"),
}
KINDS = {
    "brief": "One-page brief",
    "report": "Full report",
    "narrative": "Narrative for an application",
}


def document(kind: str, material: Material, progress: Progress = lambda _: None) -> Document:
    """Return one kind of document of the material; ``KeyError`` for an unknown kind."""
    # The drawing library is slow to import: not before there is something to draw.
    from pages.print.brief import brief
    from pages.print.narrative import alone
    from pages.print.report import report

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
