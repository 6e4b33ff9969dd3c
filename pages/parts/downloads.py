"""A small menu beside every figure and table: picture, data, and the words to quote.

Nothing is drawn or written until someone asks for it. Each file carries its manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd
import streamlit as st

from metrics.manifest import Manifest, manifest
from metrics.question import Access, Question
from metrics.wording import citation, marks
from pages.parts import folded, how_computed, taken
from pages.parts.view import View, current
from pages.print import files, frames
from pages.print.figures import Drawing, Stamp

ACCESS: Access = "internal"
"""The pages are for the agency; what is made for publication is made apart."""


@dataclass(frozen=True)
class Offer:
    """What can be taken away.

    ``what`` names the files and the menu and is unlike any other of the page; ``words`` are the text to
    copy, without its source. ``frame`` returns the typed table, ``draw`` the figure, where there is one.
    Both are functions of what the page computed, or ``partial`` of them: beside it stands how it was
    made. ``outcome`` is the one it is about, if it is about one; ``filtered`` is False for what ignores
    the shared filters, ``computed`` False for a log, which is as it was written.
    """

    what: str
    title: str
    words: str
    frame: Callable[[], pd.DataFrame]
    draw: Callable[..., Drawing] | None = None
    outcome: str | None = None
    filtered: bool = True
    computed: bool = True


def menu(offer: Offer) -> None:
    """Draw the menu of one figure or table, and beside it how it was computed."""
    view = current()
    with st.container(horizontal=True, gap="small"):
        folded.popover(
            "Download",
            partial(_files, offer, view),
            key=f"download_{offer.what}",
            icon=":material/download:",
        )
        if offer.computed:
            how_computed.beside(offer.what, offer.frame, view)


def _files(offer: Offer, view: View) -> None:
    """Draw the files to take away and the words to quote."""
    question = view.question.only(offer.outcome) if offer.outcome else view.question
    if not offer.filtered:
        question = replace(question, start=None, end=None, where=())
    dates = (question.start or view.coverage.first, question.end or view.coverage.last)
    name = partial(
        files.name, view.title, offer.what, dates, view.snapshot.id, filtered=bool(question.where)
    )
    st.markdown(f"**{marks.shown(offer.title)}**")
    with st.container(horizontal=True, gap="small"):
        for label, ending, mime, make in _kinds(offer, view, question):
            taken.button(
                label,
                make,
                name(ending=ending),
                mime,
                key=f"download_{offer.what}_{ending}",
                what=offer.what,
                view=view,
                question=question,
            )
    st.caption("Or copy as text:")
    st.code(_text(offer, view, question, dates), language=None, wrap_lines=True)


def _kinds(
    offer: Offer, view: View, question: Question
) -> list[tuple[str, str, str, Callable[[], bytes]]]:
    """Return (label, ending, media type, what makes it) of each kind of file."""
    kinds: list[tuple[str, str, str, Callable[[], bytes]]] = []
    if offer.draw is not None:
        kinds += [
            ("PNG", "png", "image/png", partial(_picture, offer, view, question, "png")),
            ("SVG", "svg", "image/svg+xml", partial(_picture, offer, view, question, "svg")),
        ]
    return [
        *kinds,
        ("CSV", "csv", "text/csv", partial(_csv, offer, view, question)),
        (
            "Excel",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            partial(_excel, offer, view, question),
        ),
    ]


def _manifest(view: View, question: Question) -> Manifest:
    return manifest(question, ACCESS, view.snapshot)


def _picture(offer: Offer, view: View, question: Question, kind: str) -> bytes:
    assert offer.draw is not None
    drawing = offer.draw(stamp=Stamp(offer.title, _manifest(view, question)))
    return drawing.svg if kind == "svg" else drawing.png()


def _csv(offer: Offer, view: View, question: Question) -> bytes:
    return files.csv(offer.frame(), _manifest(view, question))


def _excel(offer: Offer, view: View, question: Question) -> bytes:
    table = offer.frame()
    found = _manifest(view, question)
    return files.xlsx(table, found, offer.title, marks.read(offer.words), frames.meanings(table))


def _text(offer: Offer, view: View, question: Question, dates: tuple[object, object]) -> str:
    source = citation.source(
        view.title,
        question,
        dates,  # type: ignore[arg-type]
        view.snapshot.id,
        ACCESS,
        view.simulated,
    )
    return f"{marks.read(offer.words)}\n{source}" if offer.words else source
