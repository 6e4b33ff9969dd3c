"""Results computed once per snapshot and question, however many ask at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from data import events as agency_events
from data import loads, sample
from data.events import Event
from data.store import Snapshot, Store
from metrics import aggregate, detail, evaluate, overview, situation, trend
from metrics.question import Access, Question, primary_outcomes
from metrics.result import Comparison

_HASH: dict[str | type[Any], Callable[[Any], Any]] = {Snapshot: lambda s: s.id, Path: str}
_ENTRIES = 256


def store() -> Store:
    """Return the store in use; on the very first start, make the simulated agency."""
    found = Store()
    if found.current_id() is None:
        with st.spinner(
            "First start: making a simulated agency to show. This takes a few seconds."
        ):
            sample.ensure(found)
    return found


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner="Comparing the groups")
def answer(
    snapshot: Snapshot, question: Question, access: Access = "internal"
) -> tuple[Comparison, ...]:
    """Return the comparisons of a question."""
    return evaluate.evaluate(question, access, snapshot=snapshot)


def answer_one(snapshot: Snapshot, question: Question, outcome: str) -> Comparison:
    """Return one outcome's comparison; the primary ones are computed together, once for all pages."""
    family = primary_outcomes()
    together = family if outcome in family else (outcome,)
    found = answer(snapshot, question.only(*together))
    return found[together.index(outcome)]


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def outcome_detail(snapshot: Snapshot, question: Question, outcome: str) -> detail.Detail:
    """Return the strata of an outcome."""
    return detail.detail(question, outcome, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def outcome_trend(snapshot: Snapshot, question: Question, outcome: str) -> trend.Trend:
    """Return an outcome's months with their chart."""
    return trend.trend(question, outcome, snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def agency_situation(
    snapshot: Snapshot, question: Question, outcome: str, way: str | None
) -> situation.Situation:
    """Return which way of looking the data call for; ``way`` overrides it."""
    found = situation.situation(question, outcome, snapshot, loads.agencies(snapshot))
    return found if way is None else replace(found, way=way)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def tiles(snapshot: Snapshot, question: Question, small: bool) -> tuple[overview.Tile, ...]:
    """Return the overview's tiles."""
    return overview.tiles(question, snapshot, small=small)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def missing(snapshot: Snapshot, question: Question) -> list[dict[str, Any]]:
    """Return what was not recorded, by month, arm and outcome."""
    return detail.missing_by_month(question, question.outcomes, snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def coverage(snapshot: Snapshot) -> aggregate.Coverage:
    """Return what the snapshot records at all."""
    return aggregate.coverage(snapshot)


@st.cache_data(max_entries=64, hash_funcs=_HASH, show_spinner=False)
def levels(snapshot: Snapshot, covariate: str) -> list[str]:
    """Return the levels a covariate takes."""
    return aggregate.levels(snapshot, covariate)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def load_records(snapshot: Snapshot) -> tuple[loads.LoadRecord, ...]:
    """Return the snapshot's loads."""
    return loads.records(snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def answers(snapshot: Snapshot) -> tuple[loads.Answers, ...]:
    """Return how the yes/no columns were answered."""
    return loads.answers(snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def events(snapshot: Snapshot) -> tuple[Event, ...]:
    """Return the agency's marked events."""
    return agency_events.events(snapshot)


@st.cache_data(max_entries=8, hash_funcs=_HASH, show_spinner=False)
def outdated(snapshot: Snapshot) -> bool:
    """Say whether a snapshot was made by an earlier version."""
    return aggregate.outdated(snapshot)


@st.cache_data(max_entries=_ENTRIES, hash_funcs=_HASH, show_spinner=False)
def force_levels(snapshot: Snapshot, question: Question) -> dict[bool, dict[int, int]]:
    """Return contacts by highest force rank, for each arm."""
    return aggregate.force_levels(snapshot, question)
