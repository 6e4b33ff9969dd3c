"""Whom to train next: the fewest more officers to certify, by squad, shift and district."""

from functools import partial

import streamlit as st

from metrics import planner
from metrics.aggregate.duty import roster_agencies
from metrics.duty import Lacking
from metrics.wording import duty as duty_words
from metrics.wording import planner as words
from pages.parts import cache, choose, downloads, duty_figures, figures, tables
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import duty as printed

view = current()
st.title("Whom to train next")
st.caption(words.INTRO)
agencies = roster_agencies(view.snapshot)
agency = choose.one("Agency", "train_agency", agencies) if len(agencies) > 1 else None
if lacking := planner.missing(view.snapshot):
    st.info(duty_words.lacking(Lacking(lacking)), icon=":material/block:")
    st.stop()

left, middle, right = st.columns(3)
with left:
    target = st.number_input(
        "Target, % of what could be covered", 1, 100, 100, key="train_target", bind="query-params"
    )
with middle:
    seats = st.number_input(
        "Seats in the class", 1, 500, 20, key="train_seats", bind="query-params"
    )
with right:
    years = st.number_input(
        "Years of service, at least",
        0.0,
        40.0,
        2.0,
        0.5,
        format="%.1f",
        key="train_years",
        bind="query-params",
    )
bases = planner.bases(view.snapshot, agency)
basis = choose.one("Roster planned on", "train_roster", bases) if len(bases) > 1 else bases[0]
volunteers = st.toggle("Only recorded volunteers", key="train_volunteers", bind="query-params")
renew = st.toggle("Assume that those in date renew", key="train_renew", bind="query-params")

options = planner.Options(target / 100, int(seats), float(years), volunteers, renew, basis)
found = cache.train_next(view.snapshot, options, agency)
assert not isinstance(found, Lacking)

st.markdown(f"#### {words.headline(found)}")
for text in (words.answer(found), words.basis(found), words.hopeless(found)):
    if text:
        st.markdown(text)

if found.groups:
    st.subheader("Where")
    tables.show(
        duty_figures.groups(found),
        words.groups_alt(found),
        Offer(
            "train-next",
            "Whom to train next, by squad, shift and district",
            f"{words.headline(found)} {words.answer(found)} {words.basis(found)}",
            partial(printed.group_rows, found),
            filtered=False,
        ),
    )
    st.caption(words.SQUAD_NOTE)
    if text := words.drawn(found):
        st.markdown(text)
    st.subheader("What each number of officers would cover")
    figure, alt = duty_figures.curve(found)
    figures.show(figure, alt, key="train_curve")
    st.caption(f"{words.CURVE_NOTE} {words.solving(found)}")
    downloads.menu(
        Offer(
            "train-curve",
            "What each number of officers would cover",
            f"{words.answer(found)} {alt}",
            partial(printed.curve_rows, found),
            partial(printed.curve, found),
            filtered=False,
        )
    )
    with st.expander("The same as a table"):
        tables.show(duty_figures.points(found), alt)

st.subheader("Who may be picked")
st.markdown(words.eligible(found))
st.subheader("What this cannot see")
st.markdown(words.CANNOT)
