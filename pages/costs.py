"""Cost scenarios: what the differences would come to, for whom, if they are real."""

import streamlit as st

from metrics import costs, wording
from metrics.costs import Options
from metrics.wording import costs as words
from pages.parts import cache, cost_inputs, cost_sections, made, tables
from pages.parts.view import current

view = current()
st.title("Cost scenarios")
st.caption(words.INTRO)
left, right = st.columns(2)
with left:
    marginal = st.toggle(
        "Only marginal costs", key="cost_marginal", bind="query-params", help=words.NOT_MARGINAL
    )
with right:
    together = st.toggle(
        "All differences at the same end",
        key="cost_together",
        bind="query-params",
        help="How wide the total is if the differences of all outcomes depend on each other fully.",
    )
above = st.container()

st.subheader("What it costs")
name = cost_inputs.choose_set(view)
rows = cost_inputs.edit(cost_inputs.start(view, name))
st.caption(words.SHAPES_NOTE)
if rows:
    with st.expander("Sources and cautions"):
        tables.show(cost_inputs.sources(rows), "Where each value is from, and what to know of it")
cost_inputs.keep(view, name, rows)
with st.expander("Inflation and seed"):
    seed = st.number_input("Seed", 0, 2**31 - 1, costs.SEED, key="cost_seed", bind="query-params")
    factors = cost_inputs.factors(rows) if rows else ()

with above:
    if not view.coverage.records_exposure(view.question.exposure):
        st.info(wording.exposure_not_recorded(view.question.exposure), icon=":material/block:")
    elif rows is None:
        st.info("A row of the costs below cannot be used; mend it to see the result.")
    else:
        if view.question.filtered:
            st.caption(wording.FILTERED_NOTE)
        options = Options(int(seed), together=together, marginal_only=marginal, factors=factors)
        basis = cache.cost_basis(view.snapshot, view.question.only())
        cost_sections.results(made.by(costs.scenario, basis, rows, options), rows, name)
