"""Dictionary: every column, its type, meaning and values, who supplies it, what a copy has of it."""

import streamlit as st

from data import dictionary
from data.roles import Right
from metrics.wording import dictionary as words
from pages.parts import cache, tables
from pages.parts import dictionary_tables as listed
from pages.parts.view import current

view = current()
st.title("Dictionary")
st.caption(words.INTRO)
entries = dictionary.entries()
left, right = st.columns([2, 1])
with left:
    typed = st.text_input("Words to look for", key="dictionary_words", bind="query-params")
with right:
    table = st.selectbox(
        "Table",
        list(dict.fromkeys(e.table for e in entries)),
        None,
        key="dictionary_table",
        bind="query-params",
        placeholder="Every table",
    )
found = dictionary.looked_up(typed or "", table)
st.markdown(words.counted(len(found), len(entries)))
if found:
    figures = view.person.role.may(Right.FIGURES)
    supplied = cache.supplied(view.snapshot) if figures else None
    tables.show(listed.table(found, supplied), "Columns of the store")
else:
    st.info(words.NOTHING, icon=":material/search_off:")
st.caption(words.COPY_NOTE)
for name in words.KEYS:
    st.caption(words.key(name))
