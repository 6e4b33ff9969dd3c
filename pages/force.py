"""Use of force."""

import streamlit as st

from metrics import wording
from pages.parts import cache, tables
from pages.parts.outcome_page import render
from pages.parts.view import current

render("Use of force", "force")

view = current()
st.subheader("Level of force")
levels = cache.force_levels(view.snapshot, view.question)
if levels:
    st.caption(wording.FORCE_LEVEL_NOTE)
    tables.show(tables.force_levels(levels, view.question.exposure), "Highest level of force used")
else:
    st.caption(wording.needs("force_events.category"))
