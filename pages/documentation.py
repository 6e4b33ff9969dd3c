"""Documentation: forms, reports and reviews that contacts owed, and what the missing ones could hide."""

from functools import partial

import streamlit as st

from data import registry
from metrics import wording
from metrics.documentation import OUTCOMES, STEPS
from metrics.wording import documentation as words
from metrics.wording import handoffs
from pages.parts import cache, choose, downloads, figures, made, tables
from pages.parts import documentation_figures as drawn
from pages.parts import documentation_tables as listed
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import documentation as printed

view = current()
st.title("Documentation")
st.caption(words.INTRO)
found = cache.documentation(view.snapshot, view.question.only())
headline = words.headline(found)
st.markdown(f"#### {headline}")
if found.kinds:
    st.caption(words.as_of(found.last))
if view.question.filtered:
    st.caption(wording.FILTERED_NOTE)

st.subheader("What was owed, and what came")
if not found.stored["documents"]:
    st.info(words.NOT_LOADED, icon=":material/inbox:")
elif not found.kinds:
    st.info(words.NOTHING, icon=":material/filter_alt:")
else:
    tables.show(
        listed.kinds(found),
        "Documents by kind",
        Offer(
            "documents",
            "Documents owed, handed in, complete, in time and approved",
            f"{headline} {words.KIND_NOTE}",
            partial(printed.kinds, found),
        ),
    )
    st.caption(words.KIND_NOTE)
    st.markdown("\n".join(f"- {line}" for line in words.apart(found)))
st.markdown(words.without_form(cache.calls_with_form(view.snapshot)))
st.page_link("pages/response.py", label="Did CIT come?", icon=":material/directions_run:")

if lines := words.decisions(found):
    st.subheader("To decide")
    st.markdown("\n".join(f"1. {line}" for line in lines))

if found.kinds:
    st.subheader("One document, looked at closely")
    code = choose.one("Document", "document", tuple(k.document for k in found.kinds))
    plural = words.documents(code)

    st.markdown(f"**{plural.capitalize()} by group**")
    figure, alt = drawn.shares(found, code)
    figures.show(figure, alt, key="shares")
    tables.show(
        listed.by_arm(found, code),
        alt,
        Offer(
            f"{code}-by-group",
            f"{plural.capitalize()} by group",
            f"{alt} {words.ARM_NOTE}",
            partial(printed.by_arm, found),
            partial(printed.shares, found, code),
        ),
    )
    st.caption(f"{words.ARM_NOTE} {words.ungrouped(found, code)}")

    st.markdown(f"**{plural.capitalize()} by district**")
    title = f"{plural.capitalize()} by district"
    tables.show(
        listed.by_district(found, code),
        title,
        Offer(
            f"{code}-by-district",
            title,
            f"{title}. {words.DISTRICT_NOTE}",
            partial(printed.by_district, found),
        ),
    )
    st.caption(words.DISTRICT_NOTE)

    st.markdown(f"**{plural.capitalize()} over time**")
    step = choose.one("Step", "document_step", STEPS, default="in_time")
    trend = made.by(found.trend, code, step)
    if not any(m.rate is not None for m in trend.months):
        st.markdown("No month has such documents that could be judged.")
    else:
        events = cache.events(view.snapshot)
        figure, alt = drawn.months(trend, code, step, events)
        figures.show(figure, alt, key="months")
        st.caption(words.months_note(trend))
        if marked := figures.marked_events(trend, events):
            st.caption("Marked events: " + "; ".join(marked) + ".")
        downloads.menu(
            Offer(
                f"{code}-{step}-by-month",
                f"{words.months_label(code, step)}, by month",
                alt,
                partial(printed.month_rows, trend, code, step),
                partial(printed.months, trend, code, step, events),
            )
        )

    st.markdown(f"**Fields left blank on {plural}**")
    st.markdown(words.blank(found, code))
    if found.blanks.get(code):
        title = f"Fields left blank on {plural}"
        tables.show(
            listed.blanks(found, code),
            title,
            Offer(
                f"{code}-blank-fields",
                title,
                f"{words.blank(found, code)} {words.BLANK_NOTE}".replace("**", ""),
                partial(printed.blanks, found, code),
            ),
        )
        st.caption(words.BLANK_NOTE)

st.subheader("Reports on force, and their review")
if not found.stored["force_events"]:
    st.info(words.REPORTS_NOT_LOADED, icon=":material/inbox:")
elif not found.reports["all"].n:
    st.info(words.NOTHING, icon=":material/filter_alt:")
else:
    st.markdown(words.reports(found.reports["all"]))
    title = "Force reports: filing, review and finding"
    tables.show(
        listed.reports(found),
        title,
        Offer(
            "force-reports",
            title,
            f"{words.reports(found.reports['all'])} {words.FORCE_NOTE}",
            partial(printed.reports, found),
        ),
    )
    st.caption(words.FORCE_NOTE)

st.subheader("Hold forms: what the law asks for")
if not found.stored["holds"]:
    st.info(handoffs.lacking("holds"), icon=":material/inbox:")
elif not any(found.elements.values()):
    st.info(words.NOTHING, icon=":material/filter_alt:")
else:
    title = "The five elements of the hold form, by group"
    tables.show(
        listed.elements(found),
        title,
        Offer(
            "hold-form-elements",
            title,
            f"{title}. {words.ELEMENT_NOTE}",
            partial(printed.elements, found),
        ),
    )
    st.caption(words.ELEMENT_NOTE)

st.subheader("With CIT and without, after allowing for the call")
compared = cache.answer(view.snapshot, view.question.only(*OUTCOMES))
st.markdown("\n".join(f"- {words.verdict_line(c)}" for c in compared))
if known := tuple(c for c in compared if not c.lacks):
    title = "Outcomes about documents, with CIT and without"
    tables.show(
        listed.outcomes(known),
        title,
        Offer(
            "documentation-outcomes",
            title,
            " ".join(c.sentence for c in known),
            partial(printed.outcomes, known),
        ),
    )
st.caption(words.OUTCOME_NOTE)

st.subheader("What the missing outcomes could do to each conclusion")
concluded = cache.conclusions(view.snapshot, view.question)
st.markdown("\n".join(f"- {words.bounds(c)}" for c in concluded))
if drawn.bounded(concluded):
    figure, alt = drawn.bounds(concluded)
    figures.show(figure, alt, key="bounds")
    st.caption(words.BOUNDS_NOTE)
    tables.show(
        listed.bounds(concluded),
        alt,
        Offer(
            "what-missing-outcomes-could-do",
            "What the missing outcomes could do to each conclusion",
            f"{alt} {words.BOUNDS_NOTE}",
            partial(printed.conclusions, concluded),
            partial(printed.bounds, concluded),
        ),
    )
    with st.expander("How many of those not recorded it would take"):
        for c in concluded:
            if lines := words.tipping(c):
                st.markdown(f"**{registry.outcome(c.comparison.outcome).label}**")
                st.markdown("\n".join(f"- {line}" for line in lines))
