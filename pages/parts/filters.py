"""The shared filters: made on every run before the page, bound to the address of the page.

What stands in the address are the ids of exposures and levels (underscores as spaces), never labels:
renaming a label breaks no saved link.
"""

from __future__ import annotations

from datetime import date

import streamlit as st

from data import registry
from data.store import Snapshot
from metrics.aggregate import Coverage
from metrics.question import Question, ask
from metrics.situation import COMPARISON, SMALL, UNIVERSAL
from pages.parts import cache

_WAYS = {"auto": None, "compare": COMPARISON, "small": SMALL, "all trained": UNIVERSAL}


def _shown(id_: str) -> str:
    return id_.replace("_", " ")


def shared(snapshot: Snapshot, coverage: Coverage) -> Question:
    """Draw the shared filters in the sidebar and return the question they ask."""
    with st.sidebar:
        st.markdown("##### What is compared")
        exposure = _exposure(coverage)
        st.markdown("##### Which contacts")
        start, end = _period(coverage)
        where = {
            c.id: chosen
            for c in registry.COVARIATES
            if c.filterable and coverage.records(c.id)
            for chosen in [_levels(snapshot, c)]
            if chosen
        }
        _way()
    return ask(exposure=exposure, start=start, end=end, where=where)


def _exposure(coverage: Coverage) -> str:
    known = [e.id for e in registry.EXPOSURES if coverage.records_exposure(e.id)]
    if not known:
        st.caption("This source does not record who was CIT: there is nothing to compare.")
        return registry.EXPOSURES[0].id
    options = {_shown(i): i for i in known}
    chosen = st.selectbox(
        "CIT means",
        list(options),
        key="exposure",
        bind="query-params",
        help="Which contacts count as handled by CIT. The first is the pre-specified definition.",
    )
    exposure = registry.exposure(options.get(str(chosen), known[0]))
    st.caption(f"{exposure.definition} {exposure.note}")
    return exposure.id


def _way() -> None:
    st.segmented_control(
        "Way of looking",
        list(_WAYS),
        key="view",
        bind="query-params",
        default="auto",
        required=True,
        help="Auto chooses from the data: few CIT officers or events make a small agency; where"
        " everyone is trained there is no second group.",
    )


def way() -> str | None:
    """Return the way of looking asked for, or None to let the data decide."""
    return _WAYS.get(str(st.session_state.get("view", "auto")))


def _period(coverage: Coverage) -> tuple[date | None, date | None]:
    left, right = st.columns(2)
    bounds = {"min_value": coverage.first, "max_value": coverage.last, "format": "YYYY-MM-DD"}
    with left:
        start = st.date_input("From", None, key="from", bind="query-params", **bounds)  # type: ignore[call-overload]
    with right:
        end = st.date_input("To", None, key="to", bind="query-params", **bounds)  # type: ignore[call-overload]
    if start and end and end < start:
        st.error(f"The period ends ({end}) before it starts ({start}): swap the two dates.")
        st.stop()
    return start, end


def _levels(snapshot: Snapshot, covariate: registry.Covariate) -> list[str]:
    options = {_shown(level): level for level in cache.levels(snapshot, covariate.id)}
    chosen = st.multiselect(
        covariate.label,
        list(options),
        key=covariate.id,
        bind="query-params",
        placeholder="All",
        help=covariate.definition,
    )
    return [options[c] for c in chosen if c in options]
