"""Audit: who did what and when, and whether the log of it is whole."""

from datetime import UTC, datetime, timedelta
from functools import partial

import streamlit as st

from data import audit
from metrics.wording import audit as words
from pages.parts import audit_tables, tables
from pages.parts.downloads import Offer
from pages.parts.view import current

MOST, LARGE = 1_000, 50_000_000

view = current()
st.title("Audit")
st.caption(words.INTRO)
root, role = view.snapshot.store.root, view.person.role

if audit.size(root) <= LARGE or st.button("Check every line", key="audit_check", help=words.LARGE):
    checked = audit.verify(root, role=role)
    draw, icon = (
        (st.error, ":material/error:") if checked.problems else (st.success, ":material/verified:")
    )
    draw(words.state(checked), icon=icon)
    for text in (*checked.problems[1:], *checked.notes):
        st.caption(words.sentence(text))
    if checked.last:
        with st.expander("The last line, to be noted elsewhere"):
            st.code(str(checked.last), language=None, wrap_lines=True)
            st.caption(words.NOTED)
else:
    st.info(words.LARGE, icon=":material/hourglass:")

left, middle, right = st.columns(3)
with left:
    chosen = st.selectbox(
        "Kind",
        list(audit.KINDS),
        index=None,
        format_func=words.label,
        placeholder="All kinds",
        key="audit_what",
    )
with middle:
    who = st.text_input(
        "Who", key="audit_who", placeholder="Everyone", help="The name as it is logged."
    )
with right:
    today = datetime.now(UTC).date()
    days = st.date_input(
        "Days (UTC)", (today - timedelta(days=30), today), key="audit_days", format="YYYY-MM-DD"
    )
start, end = days if len(days) == 2 else (days[0] if days else None, None)
found = audit.entries(
    root, what=chosen, who=who.strip() or None, start=start, end=end, most=MOST + 1, role=role
)
if not found:
    st.info(words.NOTHING, icon=":material/inbox:")
else:
    if len(found) > MOST:
        st.caption(words.shown(MOST))
    found = found[:MOST]
    offer = Offer(
        "audit-log",
        "Audit log",
        "",
        partial(audit_tables.typed, found),
        filtered=False,
        computed=False,
    )
    tables.show(audit_tables.shown(found), "Audit log, newest first", offer)

with st.expander("What is logged"):
    tables.show(audit_tables.kinds(), "Kinds of events")
    st.caption(words.LIMITS)
