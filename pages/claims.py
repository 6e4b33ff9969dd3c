"""Claims: what they cost so far, how each year's cost grew, and what it cannot foretell."""

import streamlit as st

from metrics.triangle import Triangle
from metrics.wording import claims as words
from metrics.wording import handoffs
from pages.parts import cache, choose
from pages.parts import claims_tables as sections
from pages.parts.view import current

view = current()
st.title("Claims")
st.caption(words.INTRO)
asked = view.question.only()
found = cache.agency_claims(view.snapshot, asked, None)
if not found.loaded:
    st.info(handoffs.lacking("claims", "claim_valuations"), icon=":material/block:")
    st.stop()
if not found.marked or not found.lines:
    st.info(words.NONE_SHOWN if found.marked else words.NOT_MARKED, icon=":material/lock:")
    st.stop()

names = tuple(dict.fromkeys([found.line, *(name for name, _ in found.lines)]))
if len(names) > 1:
    found = cache.agency_claims(
        view.snapshot, asked, choose.one("Line of cover", "claims_line", names)
    )
sections.summary(found)
if isinstance(found.triangle, Triangle):
    sections.growth(found, found.triangle)
    sections.factors(found)
    sections.looked_back(found)
sections.kinds(found)
sections.retention(found)
sections.links(found)
