"""Every figure and table that a page draws, with the Python and the SQL it says made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.store import Snapshot
from metrics import recipe
from metrics.aggregate.trace import Statement
from pages.parts import how_computed, made
from pages.parts.view import View
from tests.pages.app import run


@dataclass(frozen=True)
class Drawn:
    """One figure or table: its typed table, and what the page says made it."""

    page: str
    what: str
    frame: pd.DataFrame
    program: str
    statements: tuple[Statement, ...]
    modules: frozenset[str]
    snapshot: Snapshot


def drawn(
    store: Path, page: str, monkeypatch: pytest.MonkeyPatch, query: Mapping[str, str] | None = None
) -> tuple[list[Drawn], int]:
    """Open a page; return what it draws, and how many charts it has."""
    found: list[Drawn] = []

    def beside(what: str, frame: Callable[[], pd.DataFrame], view: View) -> None:
        how = recipe.traced_back(made.origins(), frame)
        found.append(
            Drawn(
                page,
                what,
                frame(),
                recipe.program(how, view.question, view.snapshot),
                recipe.statements(how),
                frozenset(f.__module__ for f in recipe.functions(how)),
                view.snapshot,
            )
        )

    with monkeypatch.context() as patched:
        patched.setattr(how_computed, "beside", beside)
        # The first page is drawn on the way to every other.
        app = run(store, page, monkeypatch, query)
        assert not app.error, [e.value for e in app.error]
    last = found[-1].snapshot if found else None
    own = {d.what: d for d in found if page == "overview" or d.what != "primary-outcomes"}
    assert last is None or all(d.snapshot == last for d in own.values())
    return list(own.values()), len(app.get("plotly_chart"))


def ran(program: str, kept: dict[str, dict[str, Any]]) -> pd.DataFrame:
    """Run a program in a clean namespace and return its ``frame``.

    What stands above the last line is run once for all programs that begin with it.
    """
    above, _, last = program.rpartition("\n")
    assert last.startswith("frame = ")
    if above not in kept:
        kept[above] = {}
        exec(compile(above, "how this was computed", "exec"), kept[above])
    names = dict(kept[above])
    exec(compile(last, "how this was computed", "exec"), names)
    frame: pd.DataFrame = names["frame"]
    return frame
