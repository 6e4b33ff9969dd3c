"""Compliance: what the store holds and does not, retention, legal hold, purges, and who saw what."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from metrics.compliance import compliance
from metrics.wording import compliance as words
from pages.parts import documentation_tables as listed
from pages.parts import made, tables
from pages.parts.downloads import Offer
from pages.parts.view import current
from pages.print import documentation as printed

view = current()
st.title("Compliance")
st.caption(words.INTRO)
# Not cached: holds and purges change while the snapshot stays the same.
found = made.by(compliance, view.snapshot, role=view.person.role)


def table(
    what: str,
    title: str,
    shown: pd.DataFrame,
    frame: Callable[[], pd.DataFrame],
    said: str = "",
) -> None:
    """Show one table with its files, which no filter changes."""
    offer = Offer(what, title, f"{title}. {said}".replace("**", "").strip(), frame, filtered=False)
    tables.show(shown, title, offer)


st.markdown(f"#### {words.headline(found)}")
st.info(words.NOT_ADVICE, icon=":material/gavel:")

st.subheader("In the terms of the rules")
for rule in words.rules(found):
    with st.expander(rule.rule, expanded=True):
        st.markdown(f"**What it is about.** {rule.about}")
        st.markdown(f"**Here.** {rule.here}")
        st.caption(f"Read: {rule.source}.")
with st.expander("The same as a table"):
    table(
        "rules",
        "What the store holds, in the terms of the rules",
        listed.rules(found),
        partial(printed.rules, found),
        words.NOT_ADVICE,
    )

st.subheader("What the store holds")
st.markdown(words.HASH_NOTE)
table(
    "tables-held",
    "Tables of the store, and what their columns are",
    listed.tables_held(found),
    partial(printed.tables_held, found),
    words.headline(found),
)
with st.expander("Hashed columns and labels, by name"):
    tables.show(listed.columns_held(found), "Columns kept as keyed hashes, and labels")
    st.caption(words.LABEL_NOTE)

st.subheader("What is never accepted")
st.markdown(words.REFUSED_NOTE)
table(
    "never-accepted",
    "What is never accepted",
    listed.refused(found),
    partial(printed.refused, found),
    words.REFUSED_NOTE,
)

st.subheader("What was dropped at each load")
st.markdown(words.dropped(found))
if found.dropped:
    table(
        "dropped-columns",
        "Headers dropped at each load",
        listed.dropped(found),
        partial(printed.dropped, found),
        words.dropped(found),
    )

st.subheader("Retention")
st.markdown(words.retention(found))
table(
    "kept-snapshots",
    "Snapshots kept",
    listed.kept(found),
    partial(printed.kept, found),
    words.retention(found),
)

st.subheader("Legal hold")
st.markdown(words.held(found))
if not view.person.role.sees_privileged:
    st.caption(words.PRIVILEGED_NOTE)
if found.held and not isinstance(found.held, str):
    table(
        "legal-hold",
        "Contacts under legal hold, by reason",
        listed.legal_holds(found),
        partial(printed.legal_holds, found),
        words.held(found),
    )

st.subheader("Purges")
st.markdown(words.purged(found))
if found.purged and not isinstance(found.purged, str):
    table(
        "purges",
        "Log of purges",
        listed.purges(found),
        partial(printed.purges, found),
        words.purged(found),
    )

st.subheader("Who saw and exported what")
st.markdown(words.AUDIT)
st.markdown(words.MANIFEST_NOTE)
table(
    "manifest",
    "What the manifest of an exported file says",
    listed.manifest(),
    printed.manifest,
    words.MANIFEST_NOTE,
)
