"""Overview: what a chief wants in a minute."""

import streamlit as st

from metrics import situation, wording
from pages.parts import cache, filters
from pages.parts.view import current

view = current()
st.title("Overview")
st.caption(wording.period(view.coverage, view.question))

found = cache.agency_situation(view.snapshot, view.question, "force", filters.way())
with st.grid(3, gap="small"):
    for tile in cache.tiles(view.snapshot, view.question, found.way == situation.SMALL):
        with st.container(border=True, height="stretch", gap="xsmall"):
            if tile.value is None:
                st.markdown(tile.label)
                st.caption(tile.missing or "")
            else:
                st.metric(tile.label, tile.value)
                st.caption("  \n".join(tile.details))

st.subheader("CIT or not")
comparisons = cache.answer(view.snapshot, view.question)
shown = [c for c in comparisons if c.lacks is None]
if found.way != situation.COMPARISON:
    st.markdown(wording.way(found, "force"))
    for comparison in shown:
        st.markdown(f"- {wording.pooled(comparison)}")
else:
    for comparison in shown:
        st.markdown(f"- {wording.brief(comparison)}")
    if allowed := wording.allowed_for(tuple(shown)):
        st.caption(allowed)
    if shown:
        st.markdown(wording.groups(shown[0]) + " " + wording.contamination(shown[0]))
for comparison in comparisons:
    if comparison.lacks is not None:
        st.caption(comparison.sentence)

st.subheader("How sure")
st.markdown(wording.how_sure(comparisons) if found.way == situation.COMPARISON else wording.CAUTION)
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)
