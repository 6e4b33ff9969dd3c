"""The menu: every page of the registry, in its section."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages import PAGES, PageEntry

# A file of our own: an icon by name would be fetched from another host.
ICON = str(Path(__file__).with_name("icon.png"))


def choose() -> tuple[st.Page, PageEntry]:
    """Set up the browser tab and draw the menu; return the page asked for and its entry."""
    st.set_page_config(page_title="CIT Outcomes", page_icon=ICON, layout="wide")
    sections: dict[str, list[st.Page]] = {}
    entries: dict[str, PageEntry] = {}
    for entry in PAGES:
        page = st.Page(
            entry.path,
            title=entry.title,
            icon=entry.icon,
            help=entry.help,
            url_path=entry.script,
            default=entry is PAGES[0],
        )
        sections.setdefault(entry.section, []).append(page)
        entries[entry.title] = entry
    # Streamlit's own menu puts headings into a list, which a screen reader trips over.
    chosen = st.navigation(sections, position="hidden")
    _menu(sections)
    return chosen, entries[chosen.title]


def _menu(sections: dict[str, list[st.Page]]) -> None:
    with st.sidebar.container(gap=None, key="menu"):
        for section, pages in sections.items():
            if section:
                st.markdown(f"###### {section}")
            for page in pages:
                st.page_link(page, width="stretch")
