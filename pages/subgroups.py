"""Subgroups: is the difference alike in every kind of contact, and in every district?"""

from functools import partial

import streamlit as st

from data import registry
from metrics import result, situation, wording
from metrics.estimate import NotEstimable
from metrics.wording import exhibits
from pages.parts import (
    cache,
    choose,
    downloads,
    exhibit_figures,
    exhibit_tables,
    figures,
    filters,
    tables,
)
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import evidence_frames
from pages.print import figures as print_figures

view = current()
st.title("Subgroups")
outcome = choose.one("Outcome", "subgroup_outcome", choose.outcomes(view.coverage))
label = registry.outcome(outcome).label
comparison = cache.answer_one(view.snapshot, view.question, outcome)
if comparison.lacks == "outcome":
    st.info(comparison.sentence, icon=":material/block:")
    st.stop()

way = cache.agency_situation(view.snapshot, view.question, outcome, filters.way())
compared = way.way == situation.COMPARISON and comparison.verdict not in (
    result.NOT_RECORDED,
    result.NO_COMPARISON,
)
if not compared:
    words = (
        comparison.sentence
        if way.way == situation.COMPARISON
        else f"{wording.way(way, outcome)} {exhibits.NO_SPLITS}"
    )
    st.markdown(f"#### {words}")
else:
    found = cache.subgroups(view.snapshot, view.question, outcome)
    st.markdown(f"#### {exhibits.subgroups(found)}")
    st.markdown(f"All contacts together: {comparison.sentence}")
    st.caption(exhibits.SUBGROUP_NOTE)
    if comparison.filtered:
        st.caption(wording.FILTERED_NOTE)
    if isinstance(found.overall.risk_difference, NotEstimable):
        st.info(exhibits.refused(found), icon=":material/block:")
    else:
        st.caption(exhibits.FOREST_NOTE)
        figure, alt = exhibit_figures.forest(found)
        figures.show(figure, alt, key="subgroups")
        downloads.menu(
            Offer(
                f"{outcome}-subgroups",
                f"{label} by kind of contact",
                f"{exhibits.subgroups(found)} {alt}",
                partial(evidence_frames.subgroups, found),
                partial(print_figures.subgroups, found),
                outcome=outcome,
            )
        )
        if gone := exhibits.not_drawn(found):
            st.caption(gone)
        st.subheader("Does it differ between levels?")
        title = "Tests of whether the odds ratio differs"
        tables.show(
            exhibit_tables.tests(found),
            title,
            Offer(
                f"{outcome}-subgroup-tests",
                f"{label}: tests of whether the odds ratio differs",
                f"{exhibits.subgroups(found)} {exhibits.TESTS_NOTE}",
                partial(evidence_frames.tests, found),
                outcome=outcome,
            ),
        )
        st.caption(exhibits.TESTS_NOTE)
    st.subheader("Level by level")
    for split in found.subgroups:
        with st.expander(split.label):
            st.markdown(exhibits.interaction(split, found.family))
            if gone := exhibits.left_out(split):
                st.markdown(gone)
            if split.levels:
                alt = exhibits.subgroup_alt(split, found)
                tables.show(
                    exhibit_tables.levels(split, found.exposure),
                    alt,
                    Offer(
                        f"{outcome}-subgroup-{split.covariate}",
                        f"{label} by {split.label.lower()}, adjusted",
                        f"{exhibits.interaction(split, found.family)} {alt}",
                        partial(evidence_frames.levels, split),
                        outcome=outcome,
                    ),
                )

for by, places, place in (
    ("district", "districts", "District"),
    ("agency_id", "agencies", "Agency"),
):
    if by == "agency_id" and len(view.agencies) < 2:
        continue
    st.subheader(f"{place} by {place.lower()}: how much is chance?")
    spread = cache.funnel(view.snapshot, view.question, outcome, by)
    st.markdown(exhibits.funnel(spread, outcome, places))
    if isinstance(spread, NotEstimable):
        continue
    st.caption(exhibits.FUNNEL_NOTE)
    figure, alt = exhibit_figures.funnel(spread, outcome, places)
    figures.show(figure, alt, key=f"funnel_{by}")
    st.caption(exhibits.FUNNEL_KEY)
    downloads.menu(
        Offer(
            f"{outcome}-funnel-of-{places}",
            f"{label} by {place.lower()}: how much is chance?",
            f"{exhibits.funnel(spread, outcome, places)} {alt}",
            partial(evidence_frames.funnel, spread, place),
            partial(print_figures.funnel, spread, outcome, places),
            outcome=outcome,
        )
    )
    with st.expander("The same as a table"):
        tables.show(exhibit_tables.funnel(spread, place), alt)
