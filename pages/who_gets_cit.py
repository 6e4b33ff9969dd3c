"""Who gets CIT?: how unlike the calls of the two groups are, before any outcome."""

from functools import partial

import streamlit as st

from metrics import wording
from metrics.balance import Balance
from metrics.wording import selection as words
from pages.parts import cache, downloads, figures, selection_figures, tables
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import evidence_frames
from pages.print import figures as print_figures

view = current()
st.title("Who gets CIT?")
st.caption(words.INTRO)
if not view.coverage.records_exposure(view.question.exposure):
    st.info(wording.exposure_not_recorded(view.question.exposure), icon=":material/block:")
    st.stop()

found = cache.who_gets_cit(view.snapshot, view.question.only())
st.markdown(f"#### {words.headline(found)}")
if not found.contacts1 or not found.contacts0:
    st.stop()
st.markdown(words.counted(found))
if found.came:
    st.markdown(words.contamination(found))
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)

lines = words.largest(found)
if lines:
    st.subheader("The largest differences")
    st.markdown("\n".join(f"- {line}" for line in lines))
    st.caption("One kind of call for each thing that dispatch recorded; as recorded, not weighted.")

if words.drawn(found):
    st.subheader("How far apart, before and after weighting")
    figure, alt = selection_figures.love(found)
    figures.show(figure, alt, key="love")
    st.caption(words.LOVE_NOTE)
    downloads.menu(
        Offer(
            "kinds-of-calls",
            "How far apart the calls of the two groups are",
            f"{words.counted(found)} {alt}",
            partial(evidence_frames.calls, found),
            partial(print_figures.love, found),
        )
    )
    if few := words.chance(found):
        st.markdown(few)
    st.markdown(words.weighting(found))
    with st.expander("Every kind of call as a table"):
        tables.show(selection_figures.levels(found), alt)

if isinstance(found.balance, Balance):
    st.subheader("Do the groups overlap?")
    figure, alt = selection_figures.scores(found, found.balance)
    figures.show(figure, alt, key="scores")
    st.caption(words.SCORE_NOTE)
    downloads.menu(
        Offer(
            "overlap",
            "Do the groups overlap?",
            f"{words.counted(found)} {alt} {words.SCORE_NOTE}",
            partial(evidence_frames.scores, found.balance),
            partial(print_figures.scores, found, found.balance),
        )
    )
    st.markdown(words.outside(found))
    st.subheader("How much information is left (effective sample size)")
    st.markdown(words.effective(found))

st.subheader("What this cannot see")
st.markdown(words.unseen(found))
