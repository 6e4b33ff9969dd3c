"""Choosers of one page: what stands in the address are ids with spaces, as for the shared filters."""

from __future__ import annotations

import streamlit as st

from data import registry
from metrics.aggregate import Coverage
from metrics.question import primary_outcomes


def outcomes(coverage: Coverage) -> tuple[str, ...]:
    """Return the primary outcomes, then every other that the source records."""
    primary = primary_outcomes()
    more = (o.id for o in registry.OUTCOMES if coverage.records_outcome(o.id))
    return (*primary, *(id_ for id_ in more if id_ not in primary))


def one(
    label: str,
    key: str,
    ids: tuple[str, ...],
    default: str | None = None,
    labelled: bool = True,
) -> str:
    """Draw a row of buttons and return the id chosen; the first is the default.

    The label is always read out; ``labelled`` shows it.
    """
    options = {id_.replace("_", " "): id_ for id_ in ids}
    start = ids[0] if default is None else default
    picked = st.segmented_control(
        label,
        list(options),
        default=start.replace("_", " "),
        required=True,
        key=key,
        bind="query-params",
        label_visibility="visible" if labelled else "collapsed",
    )
    return options.get(str(picked), start)
