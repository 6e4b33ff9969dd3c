"""Results noted with the call that made them, so that a page can say how each of its tables was made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from data.store import Snapshot
from metrics.aggregate import trace
from metrics.recipe import Call, Node, Origins, UntracedError, calls
from pages.parts.turns import turn

P = ParamSpec("P")
R = TypeVar("R")

_KEY = "_made"


def origins() -> Origins:
    """Return what this run of the page has noted."""
    found: Origins = st.session_state.setdefault(_KEY, Origins())
    return found


def start() -> None:
    """Forget what an earlier run has noted."""
    st.session_state[_KEY] = Origins()


def by(function: Callable[P, R], *given: P.args, **named: P.kwargs) -> R:
    """Call a function of metrics or of the printed pages, and note its result with the call.

    What it asks of a snapshot is written down beside it. It waits for its turn.
    """
    asked = trace.Trace()
    with turn():
        found = function(
            *(_watched(g, asked) for g in given),
            **{k: _watched(v, asked) for k, v in named.items()},
        )
    noted = origins()
    with suppress(
        UntracedError
    ):  # then what is made of it cannot be said; the page is drawn all the same
        noted.note(found, Call(*noted.call(function, *given, **named), asked))
    return found


def _watched(value: Any, asked: trace.Trace) -> Any:
    return trace.watched(value, asked) if isinstance(value, Snapshot) else value


def how(value: object) -> Node | None:
    """Return how a result was made; None for what no noted call made."""
    try:
        found = origins().origin(value)
    except UntracedError:
        return None
    return found if any(calls(found)) else None


def note(value: object, how: Node | None) -> None:
    """Note a result that comes from a cache with the call that once made it."""
    if how is not None:
        origins().note(value, how)
