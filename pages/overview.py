"""Overview: what a chief wants in a minute."""

import streamlit as st

from metrics import wording
from pages.parts import cache
from pages.parts.view import current

view = current()
st.title("Overview")
st.caption(wording.period(view.coverage, view.question))

with st.grid(3, gap="small"):
    for tile in cache.tiles(view.snapshot, view.question):
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
for comparison in shown:
    st.markdown(f"- {comparison.sentence}")
if shown:
    st.markdown(wording.groups(shown[0]) + " " + wording.contamination(shown[0]))
for comparison in comparisons:
    if comparison.lacks is not None:
        st.caption(comparison.sentence)

st.subheader("How sure")
st.markdown(wording.how_sure(comparisons))
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)
