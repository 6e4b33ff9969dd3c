"""Are we covered?: a CIT officer in every district on every shift, day by day, behind and ahead."""

from functools import partial

import streamlit as st

from metrics import duty
from metrics.aggregate.duty import roster_agencies
from metrics.wording import duty as words
from pages.parts import cache, choose, downloads, duty_figures, figures, tables
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import duty as printed

view = current()
st.title("Are we covered?")
st.caption(words.INTRO)
agencies = roster_agencies(view.snapshot)
agency = choose.one("Agency", "covered_agency", agencies) if len(agencies) > 1 else None
found = cache.duty(view.snapshot, view.question, agency)
if isinstance(found, duty.Lacking):
    st.info(words.lacking(found), icon=":material/block:")
    st.stop()

st.markdown(f"#### {words.headline(found)}")
st.markdown(words.counted(found))
st.markdown(words.longest(found))
for note in words.notes(found):
    st.caption(note)

st.subheader("Gaps ahead")
st.markdown(words.ahead(found))
if found.ahead and found.ahead.gaps:
    tables.show(
        duty_figures.gaps(found.ahead.gaps),
        "Gaps in the published roster",
        Offer(
            "gaps-ahead",
            "Gaps in the published roster",
            words.ahead(found),
            partial(printed.gap_rows, found.ahead.gaps),
            filtered=False,
        ),
    )

if found.days.n:
    st.subheader("By district and shift")
    figure, alt = duty_figures.months(found)
    figures.show(figure, alt, key="months")
    st.caption(words.MONTHS_NOTE)
    downloads.menu(
        Offer(
            "coverage-months",
            "Days without a CIT officer, by month",
            f"{words.headline(found)} {alt}",
            partial(printed.month_rows, found),
            partial(printed.months, found),
        )
    )
    tables.show(
        duty_figures.posts(found),
        alt,
        Offer(
            "coverage",
            "Coverage by district and shift",
            f"{words.headline(found)} {words.counted(found)} {alt}",
            partial(printed.post_rows, found),
        ),
    )
    st.markdown(words.designation(found))
    st.subheader("Day by day")
    figure, alt = duty_figures.days(found)
    figures.show(figure, alt, key="days")
    st.caption(words.DAYS_NOTE)
    downloads.menu(
        Offer(
            "coverage-days",
            "Coverage day by day",
            f"{words.headline(found)} {alt}",
            partial(printed.day_rows, found),
            partial(printed.days, found),
        )
    )
    if found.gaps:
        with st.expander("Every gap as a table"):
            tables.show(
                duty_figures.gaps(found.gaps),
                "Every gap",
                Offer(
                    "gaps",
                    "Every gap",
                    words.longest(found),
                    partial(printed.gap_rows, found.gaps),
                ),
            )

st.subheader("Crisis calls while nobody was on")
st.markdown(words.calls(found))
st.subheader("How many are certified")
st.markdown(words.patrol(found))
