"""Pooled agencies: what several agencies' shared results come to together, without ranking them."""

import streamlit as st

from data import registry
from data.errors import UserError
from metrics.estimate import Estimate
from metrics.wording import marks
from metrics.wording import pooling as words
from pages.parts import cache, choose, figures, pool_downloads, pool_figures, tables
from pages.parts.view import current

view = current()
st.title("Pooled agencies")
st.caption(words.INTRO)
with st.container(border=True, gap="small"):
    given = st.file_uploader(
        "Files of agencies (partials)",
        type="json",
        accept_multiple_files=True,
        key="pool_files",
        max_upload_size=1,
        help="They are read, shown and forgotten when you leave; nothing is kept.",
    )
sent = tuple((f.name, f.getvalue()) for f in given)
try:
    found = cache.pooled(sent) if sent else cache.kept_pool(view.snapshot)
except UserError as error:
    st.error(marks.message(error), icon=":material/error:")
    st.stop()
if found is None:
    st.info(words.EMPTY, icon=":material/inbox:")
    st.stop()

st.caption(words.source(found, kept=not sent))
if found.simulated:
    st.warning("Simulated data: invented agencies.", icon=":material/science:")
outcome = choose.one("Outcome", "pool_outcome", tuple(o.outcome for o in found.outcomes))
one = next(o for o in found.outcomes if o.outcome == outcome)
label = registry.outcome(outcome).label
measure = one.difference

st.markdown(f"#### {words.sentence(one, found)}")
if one.k:
    st.markdown(f"**{words.capital(words.standing(one))}.** {words.spread(measure)}")
    figure, alt = pool_figures.forest(one, found)
    figures.show(figure, alt, key="pool_forest")
    st.caption(words.FOREST_KEY)
    pool_downloads.menu(one, found)
    tables.show(pool_figures.together(one), "What the agencies come to together")
if gone := words.left_out(one):
    st.markdown(gone)
if text := words.bound(measure):
    st.caption(text)

if one.k:
    with st.expander("Agency by agency, by name"):
        tables.show(pool_figures.lines(one), f"{label}: each agency's own estimates, by name")
    if sum(isinstance(x.value, Estimate) for x in measure.lines) > 1:
        st.subheader("Small agencies and large ones")
        figure, alt = pool_figures.funnel(one)
        figures.show(figure, alt, key="pool_funnel")
        st.caption(words.FUNNEL_NOTE)
    st.subheader("Urban, suburban, rural")
    st.markdown(words.settings(measure))
    if measure.settings:
        tables.show(pool_figures.settings(one), "Pooled differences and ratios by kind of place")
    st.caption(words.SETTINGS_NOTE)

st.subheader("Who came, and coverage")
tables.show(pool_figures.shares(found), "What each agency's file says of itself, by name")
st.caption(f"{words.SHARES_NOTE} {words.NO_LEAGUE}")

st.subheader("How this is computed")
st.markdown(f"{words.METHOD} {words.CAUTION}")
