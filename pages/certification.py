"""Certification: who is in date, due or lapsed, by squad, shift and district, and who else is trained."""

from functools import partial

import streamlit as st

from data.errors import UserError
from metrics.certification import DIMENSIONS, due_or_lapsed
from metrics.wording import certification as words
from metrics.wording import marks
from pages.parts import cache, certification_figures, choose, downloads, figures, tables
from pages.parts.certification_day import as_of
from pages.parts.certification_names import beside, read
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import credentials

view = current()
st.title("Certification")
st.caption(words.INTRO)
day, agency = as_of(view)
if day is None:
    st.info(words.NOT_LOADED, icon=":material/inbox:")
    st.stop()
found = cache.certification(view.snapshot, day, agency)
if not found.recorded:
    st.info(words.NOT_LOADED, icon=":material/inbox:")
    st.stop()

st.markdown(words.as_of(found, view.coverage.last))
st.markdown(f"#### {words.headline(found)}")
st.markdown(words.next_month(found))
st.markdown("\n".join(f"- {line}" for line in words.apart(found)))
for line in words.limits(found):
    st.markdown(line)

st.subheader("Where they work")
by = choose.one("By", "certified_by", DIMENSIONS)
if not found.groups[by]:
    st.info(words.DIMENSION_MISSING[by], icon=":material/inbox:")
else:
    figure, alt = certification_figures.standing(found, by)
    if found.expiry:
        figures.show(figure, alt, key="standing")
    tables.show(
        certification_figures.table(found, by),
        alt,
        Offer(
            f"certification-by-{by}",
            f"Certification by {by}",
            f"{words.headline(found)} {alt}",
            partial(credentials.group_rows, found, by),
            partial(credentials.standing, found, by) if found.expiry else None,
            filtered=False,
        ),
    )

if found.expiry:
    st.subheader("Lapses ahead")
    figure, alt = certification_figures.ahead(found)
    figures.show(figure, alt, key="ahead")
    st.caption(words.AHEAD_NOTE)
    downloads.menu(
        Offer(
            "lapses-ahead",
            "Certificates that lapse in the months ahead",
            f"{words.next_month(found)} {alt}".replace("**", ""),
            partial(credentials.lapse_rows, found),
            partial(credentials.ahead, found),
            filtered=False,
        )
    )
    if found.due:
        st.markdown("**Due within 90 days**, by day, squad and shift, without names:")
        tables.show(certification_figures.lapses(found.due), "Certificates due within 90 days")

st.subheader("Who certified, and who else was trained")
lines = (
    words.bodies(found),
    words.carried(found),
    words.refreshers(found.in_service),
    words.callers(found.telecommunicators),
    words.others(found.others),
)
st.markdown("\n".join(f"- {line}" for line in lines if line))

st.subheader("Names, on your own screen only")
st.markdown(words.NAMES_INTRO)
own = st.file_uploader("File of numbers and names", type="csv", key="names_file", max_upload_size=5)
if own is not None and found.expiry:
    # Keyed rows and names are not cached: they live for this run of this screen.
    due = due_or_lapsed(view.snapshot, day, agency)
    try:
        rows = beside(view.snapshot, due, read(own.getvalue()))
        if rows.empty:
            st.info(words.NAMES_NONE, icon=":material/check:")
        else:
            st.markdown(words.named(len(rows), int(rows["name"].notna().sum())))
            # A plain table: the scrolling one offers its rows as a file.
            with st.container(height=420, border=False):
                st.table(
                    tables.plain(certification_figures.named(rows)),
                    hide_index=True,
                    border="horizontal",
                )
            st.caption(words.NAMES_NOTE)
    except UserError as error:
        st.error(marks.message(error), icon=":material/error:")
