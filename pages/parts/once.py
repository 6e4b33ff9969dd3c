"""A result is made once for the same arguments, however many ask at once, and how it was made is kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from data.store import Snapshot
from metrics.question import Question
from metrics.recipe import Node
from pages.parts import made

P = ParamSpec("P")
R = TypeVar("R")

# What one role may see is never handed to another: results are kept apart by it.
_HASH: dict[str | type[Any], Callable[[Any], Any]] = {
    Snapshot: lambda s: (s.id, *s.role.sees),
    Path: str,
    # Streamlit would copy all that is in it first.
    Question: repr,
}
_ENTRIES = 256


def once(
    most: int = _ENTRIES, spinner: str | bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compute a function once for the same arguments, and note on every run how its result was made.

    The result itself is handed out, not a copy: it is frozen, and nobody changes what is in it.
    """

    def keep(function: Callable[P, R]) -> Callable[P, R]:
        @st.cache_resource(max_entries=most, hash_funcs=_HASH, show_spinner=spinner)
        @wraps(function)
        def remembered(*given: P.args, **named: P.kwargs) -> tuple[R, Node | None]:
            found = function(*given, **named)
            return found, made.how(found)

        @wraps(function)
        def ask(*given: P.args, **named: P.kwargs) -> R:
            found, how = remembered(*given, **named)
            made.note(found, how)
            return found

        return ask

    return keep
