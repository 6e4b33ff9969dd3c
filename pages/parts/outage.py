"""When the snapshot in use cannot be shown: say so on every page, and go on by itself once it can."""

from __future__ import annotations

import streamlit as st

from data import serving
from data.errors import UserError
from data.serving import Serving
from data.store import Snapshot, Store
from metrics.wording import marks

_AGAIN = 3.0
"""Seconds between two looks at whether the store is back."""


def banner(served: Serving) -> None:
    """Say that an earlier snapshot is shown, and why; nothing where the one in use is."""
    if served.instead:
        st.warning(marks.message(served.instead), icon=":material/history:")


def wait() -> None:
    """Draw the page again once the store can be read; nothing where it can be, and the trouble is another's."""
    if not _readable():
        st.caption("This page goes on by itself once it can.")
        st.fragment(_look, run_every=_AGAIN)()


def damaged(store: Store, shown: Snapshot) -> None:
    """Go on without the snapshot that is damaged; say so where none is found to be."""
    if serving.withdraw_damaged(store, shown):
        st.rerun()
    st.error("A part of the data could not be read; open the page again.", icon=":material/error:")


def _look() -> None:
    if _readable():
        st.rerun()


def _readable() -> bool:
    try:
        serving.serving(Store())
    except UserError:
        return False
    return True
