"""The line at the top of every page: whose data, whether simulated, and what the page ignores."""

from __future__ import annotations

import streamlit as st

from data.roles import Right
from metrics.wording import marks, time
from pages import PageEntry
from pages.parts import cache
from pages.parts.view import View


def draw(view: View, entry: PageEntry) -> None:
    """Draw the line and its warnings."""
    own = view.person.role.may(Right.FIGURES)
    records = cache.load_records(view.snapshot) if own else ()
    loaded = records[0].started_at if records else None
    forms = cache.calls_with_form(view.snapshot) if own else None
    recent = time.data_to(view.coverage, loaded, forms)
    st.markdown(f"**{marks.shown(view.title)}** · crisis response{recent}")
    if view.simulated:
        st.warning(
            "Simulated data: an invented agency, made by this program. Load your own export to replace"
            " it: on the page Load data, or with the command `python -m data load FILE --mapping NAME`.",
            icon=":material/science:",
        )
    if own and cache.outdated(view.snapshot):
        st.info(
            "This snapshot was made by an earlier version: outcomes added since are shown as not recorded."
            " Load the export again to fill them.",
            icon=":material/update:",
        )
    if entry.ignores_filters and view.question.filtered:
        st.info(entry.ignores_filters, icon=":material/filter_alt_off:")
