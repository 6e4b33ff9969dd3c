"""CIT Outcomes: page configuration, navigation, the shared filters and the snapshot in use."""

import pages.parts.warm  # noqa: F401  isort: skip  imports the heavy libraries once, before anything
import streamlit as st

from data import loads
from data.errors import UserError
from pages import PAGES
from pages.parts import cache, filters, header
from pages.parts.view import View, publish

st.set_page_config(page_title="CIT Outcomes", page_icon="pages/parts/icon.png", layout="wide")

sections: dict[str, list[st.Page]] = {}
entries = {}
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
chosen = st.navigation(sections)

try:
    snapshot = cache.store().current()
    coverage = cache.coverage(snapshot)
    view = View(snapshot, filters.shared(snapshot, coverage), coverage, loads.agencies(snapshot))
    publish(view)
    header.draw(view, entries[chosen.title])
    chosen.run()
except UserError as error:
    st.error(str(error), icon=":material/error:")
