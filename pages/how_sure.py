"""How sure are we?: the same question asked in every other reasonable way, and what could overturn it."""

from functools import partial

import streamlit as st

from data import registry
from metrics import result, situation, wording
from metrics.estimate import NotEstimable
from metrics.launch import likely
from metrics.within import UNITS
from metrics.wording import sensitivity
from pages.parts import cache, choose, downloads, figures, filters, sensitivity_figures, tables
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import evidence_frames, frames
from pages.print import figures as print_figures

view = current()
st.title("How sure are we?")
outcome = choose.one("Outcome", "sure_outcome", choose.outcomes(view.coverage))
label = registry.outcome(outcome).label
comparison = cache.answer_one(view.snapshot, view.question, outcome)
if comparison.lacks:
    st.info(comparison.sentence, icon=":material/block:")
    st.stop()
way = cache.agency_situation(view.snapshot, view.question, outcome, filters.way())
st.markdown(
    f"#### {comparison.sentence if way.way == situation.COMPARISON else wording.way(way, outcome)}"
)
st.markdown(wording.standing(comparison))
if comparison.verdict == result.NO_COMPARISON:
    st.stop()
if comparison.filtered:
    st.caption(wording.FILTERED_NOTE)

st.subheader("Asked in other ways")
found = cache.exhibit(view.snapshot, view.question, outcome)
st.markdown(sensitivity.summary(found))
st.caption(sensitivity.NOTE)
if not isinstance(found.headline.risk_difference, NotEstimable):
    figure, alt = sensitivity_figures.exhibit(found)
    figures.show(figure, alt, key="exhibit")
    downloads.menu(
        Offer(
            f"{outcome}-asked-in-other-ways",
            f"{label}: asked in other ways",
            f"{sensitivity.summary(found)} {alt}",
            partial(frames.exhibit, found),
            partial(print_figures.exhibit, found),
            outcome=outcome,
        )
    )
if gone := sensitivity_figures.refusals(found):
    st.caption("Refused: " + " ".join(gone))
if why := sensitivity.lacking(found):
    st.caption(why)
with st.expander("The same as a table"):
    tables.show(sensitivity_figures.table(found), "Every analysis of the exhibit")

doubt = cache.doubt(view.snapshot, view.question, outcome)
st.subheader("What was not measured")
st.markdown("\n".join(f"- {line}" for line in sensitivity.unmeasured(comparison, doubt)))
st.markdown(f"- {wording.contamination(comparison)}")
st.subheader("What was not recorded")
st.markdown("\n".join(f"- {line}" for line in sensitivity.unrecorded(comparison, doubt)))

st.subheader("Officers before and after")
within = cache.within(view.snapshot, view.question, outcome)
st.markdown(sensitivity.within(within))
st.markdown(f"{sensitivity.careers(within)} {sensitivity.odds(within)}")
st.caption(sensitivity.WITHIN_NOTE)
st.markdown(sensitivity.study(within.study))
if not isinstance(within.study, NotEstimable):
    figure, alt = sensitivity_figures.study(within.study)
    figures.show(figure, alt, key="study")
    st.caption(sensitivity.STUDY_NOTE)
    downloads.menu(
        Offer(
            f"{outcome}-around-certification",
            f"{label}: half-years around certification",
            f"{sensitivity.study(within.study)} {alt} {sensitivity.STUDY_NOTE}",
            partial(evidence_frames.study, within.study),
            partial(print_figures.study, within.study),
            outcome=outcome,
        )
    )
for unit, places in zip(UNITS, ("Agencies", "Districts"), strict=True):
    if unit != "agency_id" or len(view.agencies) > 1:
        st.markdown(
            sensitivity.adopted(cache.adoption(view.snapshot, view.question, outcome, unit), places)
        )

st.subheader("Before and after a date")
marked = {f"{e.date:%Y-%m-%d} {e.label}": e for e in cache.events(view.snapshot)}
if not marked:
    st.markdown("No events are marked: load a file of `events` to see a rate before and after one.")
else:
    start = likely([e.date for e in marked.values()], view.coverage.first, view.coverage.last)
    chosen = marked[st.selectbox("Event", list(marked), start, key="launch")]
    launched = cache.launch(view.snapshot, view.question, outcome, chosen.date)
    st.markdown(sensitivity.launched(launched, chosen.label))
    if not isinstance(launched, NotEstimable):
        figure, alt = sensitivity_figures.launch(launched, chosen.label)
        figures.show(figure, alt, key="launch_figure")
        st.caption(sensitivity.LAUNCH_NOTE)
        said = sensitivity.launched(launched, chosen.label)
        downloads.menu(
            Offer(
                f"{outcome}-before-and-after-{chosen.date}",
                f"{label}, before and after: {chosen.label}",
                f"{said} {alt} {sensitivity.LAUNCH_NOTE}",
                partial(evidence_frames.launch, launched),
                partial(print_figures.launch, launched, chosen.label),
                outcome=outcome,
            )
        )
