"""The day, and the agency where there are several, that pages on personnel records speak of."""

from __future__ import annotations

from datetime import date

import streamlit as st

from pages.parts import choose
from pages.parts.view import View

EARLIEST = date(1990, 1, 1)
LATEST = date(2099, 12, 31)


def as_of(view: View) -> tuple[date | None, str | None]:
    """Draw the choosers; return the day (None without data) and the agency (None: the only one)."""
    left, right = st.columns([1, 2])
    with left:
        chosen = st.date_input(
            "As of",
            None,
            key="as_of",
            bind="query-params",
            min_value=EARLIEST,
            max_value=LATEST,
            format="YYYY-MM-DD",
            help="Empty is the last day of data: a store can be older than today.",
        )
    agency = None
    if len(view.agencies) > 1:
        with right:
            agency = choose.one("Agency", "agency", tuple(a.id for a in view.agencies))
    return (chosen if isinstance(chosen, date) else view.coverage.last), agency
