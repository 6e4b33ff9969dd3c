"""What every page is given: the snapshot in use and the question of the shared filters."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from data.loads import Agency
from data.store import Snapshot
from metrics.aggregate import Coverage
from metrics.question import Question
from pages.parts import made, navigation
from pages.parts.identity import Person

_KEY = "_view"


@dataclass(frozen=True)
class View:
    """One run of the dashboard."""

    snapshot: Snapshot
    question: Question
    coverage: Coverage
    agencies: tuple[Agency, ...]
    person: Person

    @property
    def simulated(self) -> bool:
        """True if the store holds an invented agency."""
        return any(a.simulated for a in self.agencies)

    @property
    def title(self) -> str:
        """Name of the agency, or how many there are."""
        if len(self.agencies) == 1:
            return self.agencies[0].name
        return f"{len(self.agencies)} agencies"


def publish(view: View) -> None:
    """Hand the view to the page about to run."""
    st.session_state[_KEY] = view
    made.start()


def withdraw() -> None:
    """Take away what an earlier run was given: it may have been for another role."""
    st.session_state.pop(_KEY, None)
    made.start()


def current() -> View:
    """Return the view of this run. Every page calls it first.

    Until some session has drawn the menu, Streamlit takes a folder called pages/ for its older kind
    of app and runs a deep link's script by itself. Drawing the menu tells it otherwise; running once
    more then goes through the dashboard.
    """
    if _KEY not in st.session_state:
        navigation.choose()
        st.rerun()
    view: View = st.session_state[_KEY]
    return view
