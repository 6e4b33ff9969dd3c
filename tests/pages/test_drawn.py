"""What takes long is done once, or when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from metrics.wording import scale
from pages.parts import cache
from pages.parts.drawn import MOST, once
from tests.pages.app import run, said
from tests.stores import simulated_store


@dataclass(frozen=True)
class Result:
    """Something a figure is drawn of; equal ones are not the same one."""

    value: int


def test_a_figure_is_drawn_once_for_the_same_result() -> None:
    drawn: list[tuple[int, str]] = []

    @once
    def figure(found: Result, label: str) -> list[int]:
        drawn.append((found.value, label))
        return [found.value]

    one = Result(1)
    assert figure(one, "a") is figure(one, "a")
    assert figure(one, "b") == figure(one, label="b") == [1]
    assert figure(Result(2), "a") == [2]
    assert drawn == [(1, "a"), (1, "b"), (1, "b"), (2, "a")]


def test_only_the_last_are_remembered_and_never_another_is_shown() -> None:
    drawn: list[int] = []

    @once
    def figure(found: Result) -> int:
        drawn.append(found.value)
        return found.value

    first = Result(-1)
    figure(first)
    # Results that are gone give their place in memory, and so their identity, to others.
    assert [figure(Result(i)) for i in range(MOST)] == list(range(MOST))
    figure(first)
    assert drawn.count(-1) == 2


def test_numbers_beside_words_in_one_column_are_shown() -> None:
    def mixed() -> None:
        import pandas as pd

        from pages.parts import tables

        tables.show(pd.DataFrame({"Level": ["a", "b"], "Contacts": [12, "not recorded"]}), "Levels")

    app = AppTest.from_function(mixed).run()
    assert not app.exception
    assert app.table[0].value["Contacts"].tolist() == ["12", "not recorded"]


def test_with_very_many_contacts_the_scale_of_force_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = simulated_store(tmp_path, 4_000)
    assert not run(store, "force", monkeypatch).toggle
    known = cache.coverage
    monkeypatch.setattr(cache, "coverage", lambda s: replace(known(s), contacts=1_000_000))
    app = run(store, "force", monkeypatch)
    assert scale.NOTE in said(app) and "Force as a scale" in said(app)
    short = said(app)
    assert "ten seconds" not in short  # a comment of the page is not on it
    (asked,) = app.toggle
    assert asked.label == scale.ASKED
    app = asked.set_value(True).run()
    assert not app.exception and len(said(app)) > len(short)
