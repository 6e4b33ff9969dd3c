"""Parts of a page that are drawn when someone opens them: most visits never do.

A third of the messages and of the time of an outcome page went into menus and tables nobody had opened.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def closed_too(key: str) -> bool:
    """Return whether a part is drawn though it is closed: tests look at all of a page, visits never do."""
    return False


def expander(label: str, draw: Callable[[], None], *, key: str) -> None:
    """Draw an expander whose content ``draw`` draws once it is open; ``key`` is its own on the page."""
    part = st.expander(label, key=key, on_change="rerun")
    if part.open or closed_too(key):
        with part:
            draw()


def popover(label: str, draw: Callable[[], None], *, key: str, icon: str) -> None:
    """Draw a quiet button under which ``draw`` draws once it is open; ``key`` is its own on the page."""
    part = st.popover(label, icon=icon, type="tertiary", key=key, on_change="rerun")
    if part.open or closed_too(key):
        with part:
            draw()
