"""Overview: what a chief wants in a minute."""

from functools import partial

import streamlit as st

from data.roles import Right
from metrics import situation, wording
from metrics.overview import period
from metrics.wording import citation, time, views
from pages.parts import cache, downloads, filters, pool_lines, public_overview, summary
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import figures as print_figures
from pages.print import frames

view = current()
st.title("Overview")
if not view.person.role.may(Right.FIGURES):
    public_overview.draw(view)
    st.stop()
about = period(view.coverage, view.question)
if about is None:
    st.info(views.NO_CONTACTS, icon=":material/inbox:")
    st.stop()
st.markdown(time.compared(about))
if view.question.where:
    st.caption(time.cuts(view.question))

found = cache.agency_situation(view.snapshot, view.question, "force", filters.way())
tiles = cache.tiles(view.snapshot, view.question, found.way == situation.SMALL)
summary.tiles(tiles)
summary.lines(tiles)

st.subheader("CIT or not")
st.caption(time.compared_over(view.coverage, view.question))
comparisons = cache.answer(view.snapshot, view.question)
shown = [c for c in comparisons if c.lacks is None]
if found.way != situation.COMPARISON:
    st.markdown(wording.way(found, "force"))
    for comparison in shown:
        st.markdown(f"- {wording.pooled(comparison)}")
    if found.way == situation.SMALL:
        pool_lines.draw(view.snapshot)
else:
    for comparison in shown:
        st.markdown(f"- {wording.brief(comparison)}")
    if allowed := wording.allowed_for(tuple(shown)):
        st.caption(allowed)
    if shown:
        st.markdown(wording.groups(shown[0]) + " " + wording.contamination(shown[0]))
        downloads.menu(
            Offer(
                "primary-outcomes",
                "Primary outcomes: the adjusted differences",
                "\n".join(citation.sentence(c) for c in shown),
                partial(frames.outcomes, tuple(shown)),
                partial(print_figures.outcomes, tuple(shown)),
            )
        )
for comparison in comparisons:
    if comparison.lacks is not None:
        st.caption(comparison.sentence)

st.subheader("How sure")
st.markdown(
    wording.how_sure(comparisons) if found.way == situation.COMPARISON else views.caution(found)
)
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)
