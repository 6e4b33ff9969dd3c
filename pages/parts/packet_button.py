"""The evidence packet on the Print page: made when asked for, then offered with its hash."""

from __future__ import annotations

import streamlit as st

from data.roles import Right
from metrics.question import Access
from metrics.wording import packet as words
from pages.parts import cache, taken
from pages.parts.view import View
from pages.print import files

_MADE = "_packet_made"


def section(view: View, access: Access) -> None:
    """Draw the section; whatever filters the page follows are in the packet's question."""
    with st.container(border=True):
        st.subheader(words.TITLE)
        if access != "internal":
            st.caption(words.NOT_PUBLIC)
            return
        st.markdown(words.INTRO)
        st.caption(words.STAYS_INSIDE)
        asked = (view.snapshot.id, view.question)
        pressed = st.button(words.MAKE, key="packet_make", help=words.WAIT)
        if pressed:
            # Results of the other pages are used again, and those made here are there for them.
            _compute(view)
            st.session_state[_MADE] = asked
        # Another question or a newer snapshot: what was made does not answer it.
        if st.session_state.get(_MADE) == asked:
            _offer(view)


def _compute(view: View) -> None:
    outcomes = view.question.outcomes
    bar = st.progress(0.0, "Comparing the groups")
    cache.answer(view.snapshot, view.question)
    for place, outcome in enumerate(outcomes, 1):
        bar.progress(
            place / (len(outcomes) + 2), f"Asking in every other way: {place} of {len(outcomes)}"
        )
        cache.exhibit(view.snapshot, view.question, outcome)
    bar.progress(1 - 1 / (len(outcomes) + 2), "Writing the packet")
    cache.packet(view.snapshot, view.question)
    bar.empty()


def _offer(view: View) -> None:
    packet = cache.packet(view.snapshot, view.question)
    dates = (view.question.start or view.coverage.first, view.question.end or view.coverage.last)
    taken.button(
        f"{words.SAVE} ({len(packet.data) / 1e6:.1f} MB)",
        lambda: packet.data,
        files.name(
            view.title,
            "evidence packet internal",
            dates,
            view.snapshot.id,
            "zip",
            filtered=bool(view.question.where),
        ),
        "application/zip",
        key="packet_save",
        what="evidence-packet",
        view=view,
        question=view.question,
        right=Right.ROWS,
    )
    st.caption(words.NOTE_HASH)
    st.code(f"SHA-256 {packet.sha256}", language=None, wrap_lines=True)
