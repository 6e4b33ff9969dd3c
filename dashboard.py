"""CIT Outcomes: page configuration, navigation, the shared filters and the snapshot in use."""

import pages.parts.warm  # noqa: F401  isort: skip  imports the heavy libraries once, before anything
import streamlit as st

from data import loads
from data.errors import UserError
from pages.parts import cache, filters, header, navigation, tables
from pages.parts.view import View, publish

page, entry = navigation.choose()
tables.fit()

try:
    snapshot = cache.store().current()
    coverage = cache.coverage(snapshot)
    view = View(snapshot, filters.shared(snapshot, coverage), coverage, loads.agencies(snapshot))
    publish(view)
    header.draw(view, entry)
    page.run()
except UserError as error:
    st.error(str(error), icon=":material/error:")
