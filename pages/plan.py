"""Plan the next evaluation: how long until a difference of a given size would usually show."""

from functools import partial

import streamlit as st

from data import registry
from metrics import planning, wording
from metrics.estimate import NotEstimable
from metrics.question import primary_outcomes
from metrics.wording import exhibits
from pages.parts import (
    cache,
    choose,
    downloads,
    exhibit_figures,
    exhibit_tables,
    figures,
    made,
    tables,
)
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import evidence_frames
from pages.print import figures as print_figures


def usual(rate: float) -> float:
    """Return a quarter of a rate per 1,000, rounded to what a person would write."""
    quarter = rate * 250
    return max(float(round(quarter)) if quarter >= 10 else round(quarter * 2) / 2, 0.5)


view = current()
st.title("Plan the next evaluation")
outcome = registry.outcome(choose.one("Outcome", "plan_outcome", choose.outcomes(view.coverage)))
st.caption(f"{outcome.definition} {outcome.note}".strip())
if not view.coverage.records_outcome(outcome.id):
    st.info(wording.needs(*outcome.sources), icon=":material/block:")
    st.stop()
own = cache.plan_figures(view.snapshot, view.question, outcome.id)
if isinstance(own, NotEstimable):
    st.info(exhibits.plan(own), icon=":material/block:")
    st.stop()

left, middle, right = st.columns(3)
with left:
    way = choose.one(
        "Look for",
        f"plan_way_{outcome.id}",
        ("fewer", "more"),
        "more" if outcome.better == "higher" else "fewer",
    )
with middle:
    size = st.number_input(
        "Difference per 1,000 contacts",
        min_value=0.1,
        max_value=1000.0,
        value=usual(own.rate_other),
        step=0.5,
        format="%.1f",
        key=f"plan_size_{outcome.id}",
        bind="query-params",
        help="The smallest difference that would matter here. It starts at a quarter of the other"
        " group's rate.",
    )
with right:
    power = choose.one("Chance of seeing it, %", "plan_power", ("80", "90"))

primary = primary_outcomes()
tests = sum(map(view.coverage.records_outcome, primary)) if outcome.id in primary else 1
difference = (-size if way == "fewer" else size) / 1000
found = made.by(
    planning.plan_for, own, outcome.id, difference, chance=int(power) / 100, tests=max(tests, 1)
)

st.markdown(f"#### {exhibits.plan(found)}")
if words := exhibits.plan_help(found):
    st.markdown(words)
st.caption(exhibits.PLAN_NOTE)

st.subheader("What each wait would show")
if exhibit_figures.has_curve(found):
    figure, alt = exhibit_figures.curve(found)
    figures.show(figure, alt, key="curve")
    st.caption(exhibits.CURVE_NOTE)
    downloads.menu(
        Offer(
            f"{outcome.id}-plan",
            f"{outcome.label}: what each wait would show",
            f"{exhibits.plan(found)} {alt}",
            partial(evidence_frames.curve, found),
            partial(print_figures.curve, found),
            outcome=outcome.id,
        )
    )
    with st.expander("The same as a table"):
        tables.show(exhibit_tables.curve(found), alt)
else:
    st.markdown(exhibits.no_curve(found))

st.subheader("What it rests on")
st.markdown(exhibits.plan_basis(own, found.tests))
tables.show(
    exhibit_tables.basis(own),
    "The agency's own figures",
    Offer(
        f"{outcome.id}-plan-basis",
        f"{outcome.label}: the agency's own figures",
        exhibits.plan_basis(own, found.tests),
        partial(evidence_frames.basis, own),
        outcome=outcome.id,
    ),
)
