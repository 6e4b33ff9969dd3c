"""Numbers you will be told: published figures, what they say, and the agency's own beside them."""

import streamlit as st

from metrics import published
from metrics.wording import told
from pages.parts import cache
from pages.parts.view import current

view = current()
st.title("Numbers you will be told")
st.markdown(told.TOLD_NOTE)
st.caption(told.OWN_NOTE)

shares = cache.own_shares(view.snapshot, view.question)

st.subheader("Often quoted")
for quoted in published.QUOTED:
    with st.container(border=True, gap="xsmall"):
        for line in told.quoted(quoted):
            st.markdown(line)

st.subheader("Published figures")
for entry in published.PUBLISHED:
    with st.container(border=True, gap="xsmall"):
        compared = [cache.answer_one(view.snapshot, view.question, o) for o in entry.ratios]
        for line in told.published(entry, shares, compared):
            st.markdown(line)

st.subheader("What to ask of any number")
st.markdown("\n".join(f"- {question}" for question in published.QUESTIONS))
