"""Use of force."""

from functools import partial

import streamlit as st

from metrics import situation, wording
from metrics.estimate import Estimate
from metrics.wording import scale
from pages.parts import cache, figures, filters, selection_figures, tables
from pages.parts.downloads import Offer
from pages.parts.outcome_page import render
from pages.parts.view import current
from pages.print import evidence_frames, frames
from pages.print import figures as print_figures

# Contacts above which the scale is compared only when asked for: with a million it takes ten seconds.
LARGE = 200_000

render("Use of force", "force")

view = current()
st.subheader("Level of force")
levels = cache.force_levels(view.snapshot, view.question)
if levels:
    st.caption(wording.FORCE_LEVEL_NOTE)
    title = "Highest level of force used"
    tables.show(
        tables.force_levels(levels, view.question.exposure),
        title,
        Offer(
            "force-levels",
            title,
            f"{title}. {wording.FORCE_LEVEL_NOTE}",
            partial(frames.force_levels, levels, view.question.exposure),
            outcome="force",
        ),
    )
else:
    st.caption(wording.needs("force_events.category"))

way = cache.agency_situation(view.snapshot, view.question, "force", filters.way()).way
if levels and way == situation.COMPARISON:
    st.subheader("Force as a scale")
    st.caption(scale.NOTE)
    if cache.coverage(view.snapshot).contacts > LARGE and not st.toggle(scale.ASKED, key="scale"):
        st.stop()
    found = cache.scale_of_force(view.snapshot, view.question.only())
    st.markdown(scale.sentence(found))
    st.markdown(scale.verdict(found))
    if isinstance(found.odds_ratio, Estimate):
        st.markdown(scale.proportionality(found))
        # Where one number will not do, the steps stand in the open.
        with st.expander("Step by step", expanded=scale.unlike(found)):
            figure, alt = selection_figures.cuts(found)
            figures.show(figure, alt, key="cuts")
            tables.show(
                selection_figures.steps(found),
                alt,
                Offer(
                    "force-scale",
                    "Force as a scale",
                    f"{scale.sentence(found)} {alt}",
                    partial(evidence_frames.steps, found),
                    partial(print_figures.cuts, found),
                    outcome="force",
                ),
            )
    notes = [*scale.beside(found), *scale.ranks(found)]
    if notes:
        st.markdown("\n".join(f"- {line}" for line in notes))
