"""Contacts as small numbers are counted as the engine counts their rows, and fitted alike."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import registry
from data.prepared import coded
from data.store import Snapshot, Store
from metrics import aggregate, headline
from metrics.contacts import Contacts
from metrics.evaluate import evaluate
from metrics.keys import EXPOSURE, MONTH, OFFICER
from metrics.question import Question, ask, default_adjusters
from tests.stores import simulated_store

COUNTS = sys.modules["metrics.aggregate.counts"]
OUTCOMES = ("force", "arrest", "hold_upheld", "repeat_30")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("coded"), 4_000)).current()


@contextmanager
def from_rows() -> Iterator[None]:
    """Have every question asked of ``encounters``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(COUNTS, "contacts", lambda *_, **__: None)
        patch.setattr(aggregate, "contacts", lambda *_, **__: None)
        yield


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Keys as text and in order, counts as they are."""
    found = frame.copy()
    keys = [c for c in found if c == EXPOSURE or not pd.api.types.is_integer_dtype(found[c])]
    for key in keys:
        column = pd.to_datetime(found[key]) if key == MONTH else found[key]
        found[key] = column.astype(object).where(column.notna(), "none").astype(str)
    return found.sort_values(keys).reset_index(drop=True)


Known = tuple[aggregate.Coverage, dict[str, list[str]]]
"""What the agency has contacts of: when, and of which levels."""


@pytest.fixture(scope="module")
def known(snapshot: Snapshot) -> Known:
    return aggregate.coverage(snapshot), {
        dim: aggregate.levels(snapshot, dim) for dim in default_adjusters()
    }


@st.composite
def questions(draw: st.DrawFn, known: Known) -> Question:
    coverage, levels = known
    assert coverage.first and coverage.last
    days = (coverage.last - coverage.first).days
    where = {}
    for dim in draw(st.sets(st.sampled_from(default_adjusters()), max_size=2)):
        where[dim] = draw(st.lists(st.sampled_from(levels[dim]), min_size=1, max_size=3))
    first, last = sorted(draw(st.tuples(st.integers(0, days), st.integers(0, days))))
    dated = draw(st.booleans())
    return ask(
        draw(st.lists(st.sampled_from(OUTCOMES), min_size=1, unique=True)),
        draw(st.sampled_from([e.id for e in registry.EXPOSURES])),
        start=coverage.first + timedelta(first) if dated else None,
        end=coverage.first + timedelta(last) if dated else None,
        where=where,
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_engine_counts_the_same(snapshot: Snapshot, known: Known, data: st.DataObject) -> None:
    question = data.draw(questions(known))
    by = tuple(data.draw(st.lists(st.sampled_from(default_adjusters()), max_size=4, unique=True)))
    months, officers = data.draw(st.booleans()), data.draw(st.booleans())
    here = aggregate.counts(snapshot, question, by, months=months, officers=officers).frame
    with from_rows():
        rows = aggregate.counts(snapshot, question, by, months=months, officers=officers).frame
    assert list(here) == list(rows)
    pd.testing.assert_frame_equal(plain(here), plain(rows), check_dtype=False)


@pytest.mark.parametrize(
    "question",
    [
        ask(),
        ask(exposure="any", adjust=["shift", "call_group"]),
        ask(["hold_upheld", "force"], where={"shift": ["day"]}),
        ask(adjust=[]),
    ],
    ids=["default", "adjusted for two", "filtered", "crude"],
)
def test_comparisons_are_the_same(snapshot: Snapshot, question: Question) -> None:
    here = evaluate(question, snapshot=snapshot)
    with from_rows():
        rows = evaluate(question, snapshot=snapshot)
    assert _alike([asdict(c) for c in here], [asdict(c) for c in rows])


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-8, abs_tol=1e-12)
    return bool(one == other)


def test_what_is_not_prepared_is_asked_of_the_rows(snapshot: Snapshot) -> None:
    assert not aggregate.lacking(snapshot, ask(), default_adjusters())
    assert aggregate.lacking(snapshot, ask(where={"suicide": ["yes"]}), ()) == ("suicide",)
    assert aggregate.contacts(snapshot, ask(), ("suicide",)) is None
    by = ("suicide", "shift")
    with from_rows():
        rows = aggregate.counts(snapshot, ask(), by).frame
    pd.testing.assert_frame_equal(aggregate.counts(snapshot, ask(), by).frame, rows)


def test_nothing_says_whose_contact_it_is(snapshot: Snapshot) -> None:
    cursor = snapshot.cursor()
    for table in coded.TABLES:
        columns = {c[0] for c in cursor.execute(f"DESCRIBE {table}").fetchall()}
        assert not columns & {"contact_id", "person_key", "agency_id", "source", "contact_at"}


def made(officer: list[int], exposure: list[int], pattern: list[int]) -> Contacts:
    """Contacts of two patterns of one covariate; each third had the outcome."""
    size = len(officer)
    return Contacts(
        exposure=np.array(exposure, dtype=np.int8),
        pattern=np.array(pattern, dtype=np.int32),
        officer=np.array(officer, dtype=np.int32),
        answers={"force": np.array([2 if i % 3 == 0 else 1 for i in range(size)], dtype=np.uint8)},
        came=np.zeros(size, dtype=bool),
        codes={"shift": np.array([0, 1])},
        levels={"shift": np.array(["day", "night"], dtype=object)},
        officers=np.array(["a", "b"], dtype=object),
    )


def test_contacts_lie_in_any_order_and_need_no_officer() -> None:
    rng = np.random.default_rng(5)
    officer, exposure, pattern = (
        rng.integers(low, high, 400).tolist() for low, high in ((-1, 2), (-1, 2), (0, 2))
    )
    contacts = made(officer, exposure, pattern)
    runs = contacts.runs(("shift",))
    cells = runs.count("events:force", "n:force")
    frame = pd.DataFrame(
        {"o": officer, "e": exposure, "p": pattern, "y": contacts.answers["force"]}
    )
    known = frame[frame.e >= 0].groupby(["o", "p", "e"]).y.agg(["size", lambda y: (y == 2).sum()])
    assert sorted(zip(cells.trials, cells.events, strict=True)) == sorted(
        known.itertuples(index=False, name=None)
    )
    # Two officers, and a cluster of its own for each group of contacts without one.
    assert len(cells.labels) == 2 + len(known.loc[-1])
    assert runs.frame()["contacts"].sum() == (frame.e >= 0).sum()
    table = contacts.counts_by_officer(["force"], ("shift",))
    assert table["contacts"].sum() == 400
    assert table[OFFICER].isna().any()


@pytest.mark.parametrize("exposure", [[], [1, 1, 1], [-1, -1, -1]], ids=["none", "one", "unknown"])
def test_without_two_groups_there_is_no_comparison(exposure: list[int]) -> None:
    contacts = made([0, 1, 1][: len(exposure)], exposure, [0, 1, 0][: len(exposure)])
    prepared = headline.prepare_contacts(contacts, ("shift",), ("shift",))
    found = headline.analyse(prepared, "force").adjusted
    assert found.risk_difference.reason == "there is no second group to compare with"  # type: ignore[union-attr]


def test_a_store_without_a_contact_can_be_prepared(tmp_path: Path) -> None:
    import duckdb

    from data import encounters, schema

    with duckdb.connect() as con:
        schema.create(con)
        encounters.build(con)
        assert con.execute(f"SELECT count(*) FROM {coded.CONTACTS}").fetchone() == (0,)
        encounters.build(con)  # as a purge does
