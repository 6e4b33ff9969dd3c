"""The menu: every page of the registry that one may open, in its section."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from data.roles import Role, fewest
from pages import PAGES, PageEntry

# A file of our own: an icon by name would be fetched from another host.
ICON = str(Path(__file__).with_name("icon.png"))


_SCRIPT = "_page_script"


class Chosen(NamedTuple):
    """The page asked for, its entry, and every page with its own."""

    page: st.Page
    entry: PageEntry
    pages: tuple[tuple[st.Page, PageEntry], ...]


def choose() -> Chosen:
    """Set up the browser tab and return the page asked for, whether or not one may open it.

    Every page is known here, so that the address of one that is not for somebody's role can be answered
    in words.
    """
    st.set_page_config(page_title="CIT Outcomes", page_icon=ICON, layout="wide")
    sections: dict[str, list[st.Page]] = {}
    pages = []
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
        pages.append((page, entry))
    # Streamlit's own menu puts headings into a list, which a screen reader trips over.
    chosen = st.navigation(sections, position="hidden")
    entries = {entry.title: entry for entry in PAGES}
    st.session_state[_SCRIPT] = entries[chosen.title].script
    return Chosen(chosen, entries[chosen.title], tuple(pages))


def script() -> str:
    """Return the script of the page that is running."""
    return str(st.session_state.get(_SCRIPT, ""))


def menu(chosen: Chosen, role: Role) -> None:
    """Draw the menu of what a role may open."""
    sections: dict[str, list[st.Page]] = {}
    for page, entry in chosen.pages:
        if role.may(entry.needs):
            sections.setdefault(entry.section, []).append(page)
    with st.sidebar.container(gap=None, key="menu"):
        for section, pages in sections.items():
            if section:
                st.markdown(f"###### {section}")
            for page in pages:
                st.page_link(page, width="stretch")


def refuse(entry: PageEntry, role: Role, contact: str) -> None:
    """Say that a page is not for somebody's role, and whom to ask."""
    whom = contact.replace("$", "\\$") or "whoever looks after this dashboard"
    st.title(entry.title)
    st.info(
        f"This page is not for the role {role.value}. It needs the role {fewest(entry.needs).value},"
        f" or one with more rights: ask {whom}.",
        icon=":material/lock:",
    )
