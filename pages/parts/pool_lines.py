"""What agencies that share counts come to, on the Overview of one too small to compare."""

from __future__ import annotations

import streamlit as st

from data.errors import UserError
from data.store import Snapshot
from metrics.wording import pooling as words
from pages.parts import cache


def draw(snapshot: Snapshot) -> None:
    """Draw a line per outcome, if the store keeps other agencies' files; else nothing."""
    try:
        found = cache.kept_pool(snapshot)
    except UserError as error:
        # A file that was changed is no reason to lose the page.
        st.caption(f"Pooled agencies cannot be shown: {error}")
        return
    if found is not None:
        st.markdown("\n".join(f"- {line}" for line in words.overview(found)))
        st.caption(words.OVERVIEW_NOTE)
