"""Query the data: one statement at a time, over a de-identified copy."""

import streamlit as st

from data.errors import UserError
from data.sandbox import Limits, saved
from metrics.manifest import manifest
from metrics.wording import marks
from metrics.wording import sql as words
from pages.parts import cache, workbench, workbench_result
from pages.parts.view import current

view = current()
root = view.snapshot.path.parent.parent
st.title("Query the data")
st.caption(words.INTRO)

try:
    with st.spinner("Making the de-identified copy"):
        tables = cache.analysis_tables(view.snapshot)
except UserError as error:  # too few people to copy anything, or nowhere to write it
    st.info(f"There is nothing to query: {error}.", icon=":material/block:")
    st.stop()

found = workbench.choices(view.snapshot)
chosen = st.selectbox(
    "Begin with an example or a saved query",
    list(found),
    index=None,
    placeholder="Ten worked examples, and what was saved",
    key="sql_choice",
)
if chosen and st.session_state.get("sql_put") != chosen:
    workbench.put(found[chosen][1])
st.session_state["sql_put"] = chosen
if chosen and found[chosen][0]:
    st.markdown(f"**{found[chosen][0]}**")

editor, dictionary = st.columns([3, 2])
with editor:
    sql = st.text_area(
        "SQL", key=workbench.TEXT, height=320, placeholder="SELECT count(*) FROM encounters"
    )
    with st.container(horizontal=True):
        # Never disabled: the text is handed over only as a button is pressed.
        run = st.button("Run", type="primary", icon=":material/play_arrow:")
        plan = st.button("Show the plan")
with dictionary:
    name = st.selectbox("Tables of the copy", list(tables), key="sql_table")
    st.caption(tables[name].meaning)
    st.dataframe(tables[name].frame(), hide_index=True, height=300, alt=f"Columns of {name}")

if run or plan:
    try:
        with st.spinner("Running"):
            workbench.ask(view.snapshot, sql, plan=plan)
    except UserError as error:
        st.error(marks.message(error), icon=":material/block:")
if (shown := st.session_state.get(workbench.SHOWN)) is not None:
    workbench_result.draw(shown, manifest(view.question, "internal", view.snapshot), Limits())
else:
    st.info("Choose an example or write a query, then press *Run*.", icon=":material/info:")

st.subheader("What to keep in mind")
st.markdown("\n".join(f"- {line}" for line in words.CAUTIONS))
st.caption(words.COPY.format(k=cache.store().settings.public_threshold))

with st.expander("Save this query"):
    label = st.text_input("Name", key="sql_name", max_chars=80)
    shared = st.checkbox("Share it with everyone who uses this dashboard", key="sql_shared")
    if st.button("Save", key="sql_save"):
        try:
            saved.save(root, saved.SavedQuery(label, sql, workbench.who(), shared))
            st.success(f"Saved as {label.strip()}.")
        except UserError as error:
            st.error(marks.message(error), icon=":material/block:")
    own = [q.name for q in saved.visible(root, workbench.who()) if q.who == workbench.who()]
    if own:
        gone = st.selectbox("Remove one of mine", own, index=None, key="sql_remove")
        if gone and st.button("Remove", key="sql_remove_now"):
            saved.remove(root, gone, workbench.who())
            st.rerun()

if history := st.session_state.get(workbench.HISTORY):
    with st.expander(f"Asked before in this session ({len(history)})"):
        for place, entry in enumerate(history):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.caption(
                    f"{entry.at} · {words.OUTCOMES[entry.outcome].lower()} · {entry.rows:,} rows ·"
                    f" {entry.seconds:.2f} s"
                )
                st.button(
                    "Use again",
                    key=f"sql_again_{place}",
                    on_click=workbench.put,
                    args=(entry.sql,),
                )
            st.code(entry.sql, language="sql")
