"""The end of the Load page: going back to an earlier snapshot, and the history of loads."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.intake import jobs
from data.store import Snapshot, Store
from metrics.wording import load as words
from pages.parts import cache, load_changes, load_upload

_LOOKED = "_load_looked"


def draw(store: Store, current: Snapshot, who: str) -> None:
    """Draw undoing, and what was loaded."""
    kept = jobs.snapshots(store)
    st.caption(words.KEPT)
    _undo(store, current, kept, who)
    with st.expander("What was loaded into the snapshot in use"):
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Loaded (UTC)": f"{r.started_at:%Y-%m-%d %H:%M}",
                        "System": r.source,
                        "Mapping": r.mapping,
                        "Files": ", ".join(r.files),
                        "Contacts": r.contacts,
                        "Rows rejected": r.rejected,
                        "Contacts removed": r.removed,
                    }
                    for r in cache.load_records(current)
                ]
            ),
            hide_index=True,
            alt="Loads",
        )


def _undo(store: Store, current: Snapshot, kept: tuple[jobs.Kept, ...], who: str) -> None:
    others = {k.id: k for k in kept if not k.in_use and k.contacts is not None}
    now = next((k for k in kept if k.in_use), None)
    if now is not None:
        st.markdown(f"In use: {_label(now)}")
    if not others:
        st.caption("There is no other snapshot to go back to.")
        return
    ids = list(others)
    earlier = next((n for n, id_ in enumerate(ids) if id_ < current.id), 0)
    chosen = st.selectbox(
        "Go back to",
        ids,
        index=earlier,
        format_func=lambda id_: _label(others[id_]),
        key=f"load_undo_to_{current.id}",
    )
    if st.button("See what that changes", key="load_undo_look"):
        st.session_state[_LOOKED] = chosen
    if st.session_state.get(_LOOKED) != chosen:
        return
    st.markdown(
        f"Contacts: {now.contacts if now and now.contacts is not None else 0:,} now,"
        f" {others[chosen].contacts:,} after."
    )
    load_changes.outcomes(current, store.snapshot(chosen))
    if st.button("Go back to it", icon=":material/undo:", key="load_undo"):
        jobs.undo(store, chosen, who)
        st.session_state.pop(_LOOKED, None)
        load_upload.notice(f"Snapshot {chosen} is in use again.")
        st.rerun()


def _label(kept: jobs.Kept) -> str:
    return f"{kept.made:%Y-%m-%d %H:%M:%S} UTC, {kept.contacts or 0:,} contacts"
