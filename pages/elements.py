"""Program elements: what was assessed by whom, beside what the records tell. No grade, no total."""

from functools import partial

import streamlit as st

from metrics.wording import elements as words
from pages.parts import cache, downloads, elements_tables, tables
from pages.parts.certification_day import as_of
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import elements as printed

view = current()
st.title("Program elements")
st.caption(words.INTRO)
day, agency = as_of(view)
if day is None:
    st.info(words.NO_ASSESSMENT, icon=":material/inbox:")
    st.stop()
found = cache.scorecard(view.snapshot, day, agency)
st.markdown(words.as_of(found, view.coverage.last))
st.markdown(f"#### {words.headline(found)}")
if found.instruments:
    st.markdown(words.instruments(found.instruments))
else:
    st.info(words.NO_ASSESSMENT, icon=":material/inbox:")
st.caption(words.NOT_RECORDED_NOTE)

for group, lines in elements_tables.groups(found):
    st.subheader(group.label)
    tables.show(elements_tables.table(lines), words.alt(group.label, found))

downloads.menu(
    Offer(
        "program-elements",
        "Program elements",
        f"{words.headline(found)} {words.NOT_RECORDED_NOTE}".replace("*", ""),
        partial(printed.rows, found),
        filtered=False,
    )
)

if found.instruments:
    with st.expander("Instruments, editions and earlier assessments"):
        tables.show(elements_tables.instruments(found), "Instruments by date")
        st.caption(words.HISTORY_NOTE)
        tables.show(
            elements_tables.history(found),
            "Program elements by date of assessment",
            Offer(
                "element-history",
                "Program elements by date of assessment",
                words.HISTORY_NOTE,
                partial(printed.history_rows, found),
                filtered=False,
            ),
        )
