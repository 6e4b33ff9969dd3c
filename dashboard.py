"""CIT Outcomes: who is looking, navigation, the shared filters and the snapshot in use."""

import pages.parts.warm  # noqa: F401  isort: skip  imports the heavy libraries once, before anything
import duckdb
import streamlit as st

from data import loads, opening, serving
from data.errors import NotAllowedError, UserError
from data.roles import Right
from metrics.disclosure import release
from metrics.resident import public_question
from metrics.wording import marks
from pages.parts import cache, filters, header, navigation, outage, person, tables
from pages.parts import view as views

views.withdraw()
chosen = navigation.choose()
tables.fit()

try:
    who = person.arrive()
    navigation.menu(chosen, who.role)
    person.draw()
    store = cache.store()
    if not who.role.may(chosen.entry.needs):
        person.refuse(chosen.entry.needs, chosen.entry.script)
        navigation.refuse(chosen.entry, who.role, store.settings.agency_contact)
        st.stop()
    served = serving.serving(store)
    snapshot = served.snapshot
    outage.banner(served)
    if who.role.may(Right.FIGURES):
        coverage = cache.coverage(snapshot)
        question = filters.shared(snapshot, coverage)
    else:
        coverage, question = release.outline(snapshot), public_question(snapshot)
    view = views.View(snapshot, question, coverage, loads.agencies(snapshot), who)
    views.publish(view)
    header.draw(view, chosen.entry)
    chosen.page.run()
except NotAllowedError as error:
    st.error(marks.message(error), icon=":material/lock:")
except UserError as error:
    st.error(marks.message(error), icon=":material/error:")
    outage.wait()
except duckdb.Error as error:
    if not opening.damage(error):
        raise
    outage.damaged(store, snapshot)
