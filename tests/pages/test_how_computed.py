"""*How this was computed*: the SQL and the Python that a page shows give the page's own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from data import registry
from data.sandbox import pool
from data.store import Snapshot, Store
from metrics import Question, ask, evaluate, wording
from metrics.detail import detail
from tests.stores import simulated_store

OUTCOMES = [o.id for o in registry.OUTCOMES]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("how"), 3_000)


@pytest.fixture(scope="module")
def snapshot(root: Path) -> Iterator[Snapshot]:
    yield Store(root).current()
    pool.close_all()


def questions() -> list[Question]:
    return [
        ask(OUTCOMES),
        ask(OUTCOMES, exposure="arrived", start=date(2023, 1, 1), where={"weapon": ["no"]}),
    ]


@pytest.mark.parametrize("place", range(2))
def test_the_sql_counts_what_the_page_shows(snapshot: Snapshot, place: int) -> None:
    question = questions()[place]
    session = pool.session("test", snapshot)
    compared = 0
    for comparison in evaluate(question, snapshot=snapshot):
        sql = detail(question, comparison.outcome, snapshot).sql
        rows = session.run(sql).table.to_pylist()
        for arm, shown in ((True, comparison.cit), (False, comparison.other)):
            own = [r for r in rows if r["exposure"] is arm]
            found = tuple(sum(r[f"{c}:{comparison.outcome}"] for r in own) for c in ("events", "n"))
            assert found == (shown.events, shown.n), comparison.outcome
            compared += shown.n
    assert compared > 1_000


@pytest.mark.parametrize("place", range(2))
def test_the_python_gives_what_the_page_shows(
    snapshot: Snapshot, root: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    monkeypatch.setenv("CIT_STORE", str(root))
    question = questions()[place].only("force", "arrest", "complaint")
    names: dict[str, object] = {}
    exec(wording.python_call(question), names)
    shown = evaluate(question, snapshot=snapshot)
    assert [c.to_dict() for c in names["comparisons"]] == [c.to_dict() for c in shown]  # type: ignore[attr-defined]
