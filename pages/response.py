"""Did CIT come?: calls as the cohort, whether or not a form followed."""

from functools import partial

import streamlit as st

from metrics import wording
from metrics.estimate import NotEstimable
from metrics.wording import response as words
from metrics.wording import response_terms as terms
from pages.parts import cache, downloads, figures, response_figures, tables
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import response as print_response
from pages.print import response_frames as frames

view = current()
st.title("Did CIT come?")
st.caption(terms.INTRO)
found = cache.response(view.snapshot, view.question.only())
if found is None:
    st.info(terms.FILES, icon=":material/block:")
    st.markdown(terms.FLAGS)
    flags = cache.form_flags(view.snapshot, view.question.only())
    st.markdown("\n".join(f"- {line}" for line in words.flags(flags)))
    if view.question.filtered:
        st.caption(wording.FILTERED_NOTE)
    st.stop()

headline = words.headline(found)
st.markdown(f"#### {headline}")
st.markdown(words.counted(found))
if not found.held.units:
    st.info(terms.UNITS_FILE, icon=":material/block:")
if ignored := words.ignored(found):
    st.info(ignored, icon=":material/filter_alt_off:")
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)

if found.total["cohort"]:
    st.subheader("Where none came")
    st.markdown("\n".join(f"- {line}" for line in words.availability(found)))
    st.subheader("How soon")
    st.markdown(words.soon(found))
    if found.minutes.n:
        title = "Minutes from the call to the first CIT officer, by district and shift"
        tables.show(
            response_figures.minutes_table(found),
            title,
            Offer(
                "minutes-to-cit",
                title,
                words.soon(found),
                partial(frames.levels, ("district", found.districts), ("shift", found.shifts)),
            ),
        )

if found.came.n:
    st.subheader("By district and shift")
    figure, alt = response_figures.places(found)
    figures.show(figure, alt, key="places")
    st.caption(f"{terms.PLACES_NOTE} {words.shift_note(found)}")
    downloads.menu(
        Offer(
            "cit-came-by-place",
            "Calls to which a CIT officer came, by district and shift",
            f"{headline} {alt}",
            partial(frames.levels, ("district", found.districts), ("shift", found.shifts)),
            partial(print_response.places, found),
        )
    )
    with st.expander("Districts and shifts as tables"):
        tables.show(response_figures.level_table(found.districts, "district"), alt)
        tables.show(response_figures.level_table(found.shifts, "shift"), alt)

    st.subheader("By hour")
    figure, alt = response_figures.hours(found)
    figures.show(figure, alt, key="hours")
    st.caption(terms.HOURS_NOTE)
    downloads.menu(
        Offer(
            "cit-came-by-hour",
            "Calls to which a CIT officer came, by hour of receipt",
            f"{headline} {alt}",
            partial(frames.levels, ("hour", found.hours)),
            partial(print_response.hours, found),
        )
    )
    with st.expander("The hours as a table"):
        tables.show(response_figures.level_table(found.hours, "hour"), alt)

    st.subheader("Over time")
    if not found.trend.months:
        st.markdown("No whole calendar month with calls.")
    else:
        events = cache.events(view.snapshot)
        figure, alt = response_figures.months(found.trend, events)
        figures.show(figure, alt, key="months")
        note = "" if isinstance(found.trend.chart, NotEstimable) else f"{terms.MONTHS_NOTE} "
        st.caption(f"{note}{words.change(found.trend)}")
        if marked := response_figures.marked(found.trend, events):
            st.caption("Marked events: " + "; ".join(marked) + ".")
        downloads.menu(
            Offer(
                "cit-came-by-month",
                "Calls to which a CIT officer came, by month",
                f"{headline} {alt}",
                partial(frames.months, found.trend),
                partial(print_response.months, found.trend, events),
            )
        )
        with st.expander("The months as a table"):
            tables.show(response_figures.month_table(found.trend), alt)

if found.total["cohort"]:
    st.subheader("Calls without a form")
    lines = words.forms(found)
    st.markdown("\n".join(f"- {line}" for line in lines))
    if found.without_form.n:
        with st.expander("Calls without a form, by district and by month"):
            by_district = response_figures.form_places(found.districts)
            tables.show(by_district, "Calls without a form, by district")
            title = "Calls without a form, by month of receipt"
            tables.show(
                response_figures.form_table(found.form_months),
                title,
                Offer(
                    "calls-without-form",
                    title,
                    " ".join(lines),
                    partial(frames.forms, found.form_months),
                ),
            )

st.subheader("Sent elsewhere")
lines = words.diverted(found)
st.markdown(" ".join(lines))
if found.diverted.n:
    title = "Who took the calls that dispatch coded as behavioural health"
    tables.show(
        response_figures.ending_table(found),
        title,
        Offer("who-took-calls", title, " ".join(lines), partial(frames.endings, found)),
    )

st.subheader("Coding by call takers")
lines = words.coding(found)
st.markdown("\n".join(f"- {line}" for line in lines))
if found.coding.heard.n or found.coding.not_so.n:
    title = "Calls police took, by how they were coded at dispatch and when cleared"
    tables.show(
        response_figures.coding_table(found.coding),
        title,
        Offer("coding-of-calls", title, " ".join(lines), partial(frames.coding, found)),
    )

st.subheader("What is counted")
st.markdown("\n".join(f"- {line}" for line in terms.DEFINITIONS))
