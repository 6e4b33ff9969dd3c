"""Liability: what may come back to the agency, critical events, and how late things come."""

from functools import partial

import streamlit as st

from metrics import wording
from metrics.wording import handoffs as filled
from metrics.wording import liability as words
from pages.parts import cache, downloads, figures, tables
from pages.parts import liability_figures as drawn
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import liability as printed

view = current()
st.title("Liability")
st.caption(words.INTRO)
found = cache.liability(view.snapshot, view.question.only())
st.markdown(f"#### {words.headline(found)}")
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)

st.subheader("Per 1,000 crisis contacts")
if not view.coverage.records_exposure(found.question.exposure):
    st.info(wording.exposure_not_recorded(found.question.exposure), icon=":material/block:")
elif drawn.shown(found):
    figure, alt = drawn.rates(found)
    figures.show(figure, alt, key="rates")
    st.caption(words.RATE_NOTE)
    title = "Rates per 1,000 crisis contacts, with exact intervals"
    offer = Offer(
        "liability-rates",
        title,
        f"{alt} {words.RATE_NOTE}",
        partial(printed.outcomes, found),
        partial(printed.rates, found),
    )
    downloads.menu(offer)
    tables.show(drawn.outcomes(found), title)
    st.caption(f"{words.COMPARED_NOTE} {words.PRIVILEGE_NOTE} {wording.CAUTION}")
if gone := words.lacks(found):
    st.info(gone, icon=":material/block:")

st.subheader("Injuries by cause")
if lacking := words.causes_lack(found):
    st.info(lacking, icon=":material/block:")
elif hurt := words.causes_shown(found):
    tables.show(
        drawn.causes(found),
        "Injuries during the contact, by who was hurt and the cause",
        Offer(
            "injuries-by-cause",
            "Injuries during the contact, by cause",
            words.CAUSE_NOTE,
            partial(printed.causes, hurt, found.question.exposure),
        ),
    )
    st.caption(words.CAUSE_NOTE)
for line in filter(None, (words.causes_none(found), words.apart(found))):
    st.markdown(line)

st.subheader("Critical events")
said = words.events(found.events, "critical_events" in found.tables)
if "critical_events" not in found.tables:
    st.info(said, icon=":material/block:")
else:
    st.markdown(said)
    if found.events:
        tables.show(
            drawn.events(found.events),
            "Critical events, one by one",
            Offer(
                "critical-events",
                "Critical events",
                f"{said} {words.EVENTS_NOTE}",
                partial(printed.events, found.events),
            ),
        )
    st.caption(words.EVENTS_NOTE)

st.subheader("How late things come")
for table, text in words.late(found):
    if table in found.tables:
        st.markdown(f"- {text}")
    else:
        st.info(filled.lacking(table), icon=":material/block:")
if found.tables & {"complaints", "claims"}:
    st.caption(words.LATE_NOTE)

st.subheader("Complaints")
if lacking := words.complaints_lack(found):
    st.info(lacking, icon=":material/block:")
else:
    text = words.complaints_counted(found.complaints)
    st.markdown(text)
    tables.show(
        drawn.complaints(found.complaints),
        "Complaints by how they stand",
        Offer(
            "complaints",
            "Complaints by how they stand",
            f"{text} {words.COMPLAINT_NOTE}",
            partial(printed.complaints, found.complaints),
        ),
    )
    st.caption(words.COMPLAINT_NOTE)

st.subheader("Supervisors' review of force")
if lacking := words.reviews_lack(found):
    st.info(lacking, icon=":material/block:")
else:
    text = words.reviewed(found.reviews)
    st.markdown(text)
    tables.show(
        drawn.reviews(found.reviews),
        "Applications of force by review",
        Offer(
            "force-reviews",
            "Applications of force by review",
            f"{text} {words.REVIEW_NOTE}",
            partial(printed.reviews, found.reviews),
        ),
    )
    st.caption(words.REVIEW_NOTE)
