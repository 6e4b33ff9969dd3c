"""Load data: upload, say what the columns are, check, see what would change, publish, undo."""

import streamlit as st

from metrics.wording import load as words
from pages.parts import cache, load_changes, load_check, load_history, load_map, load_upload
from pages.parts.view import current

view = current()
store, who = cache.store(), view.person.name
st.title("Load data")
st.caption(words.INTRO)
load_upload.notices()

st.subheader("1. Upload")
upload = load_upload.draw(store, who)
if upload is not None:
    st.subheader("2. Say what the columns are")
    with load_upload.refusals():
        choice = load_map.draw(store, upload, who, view)
    st.subheader("3. Check")
    with load_upload.refusals():
        job = load_check.draw(store, upload, choice)
    if job is not None:
        st.subheader("4. What would change")
        with load_upload.refusals():
            load_changes.draw(store, upload, job, view.snapshot, who)

st.subheader("Undo, and what was loaded")
with load_upload.refusals():
    load_history.draw(store, view.snapshot, who)
