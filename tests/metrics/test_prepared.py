"""What is prepared with a snapshot gives the same counts as its rows, whatever is asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import prepared, registry
from data.encounters import outcome_column
from data.store import Snapshot, Store
from metrics import aggregate, overview
from metrics.aggregate import liability, partners
from metrics.aggregate.prepared import rows_of
from metrics.aggregate.trace import traced
from metrics.question import Question, ask
from tests.stores import simulated_store

TWICE = ("with", "without")
DIMS = (*prepared.FILTERS, "origin")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("prepared"), 3_000)).current()


def altered(snapshot: Snapshot, folder: Path, *statements: str) -> Snapshot:
    """Return a copy of a snapshot after some statements."""
    path = Path(shutil.copy(snapshot.path, folder / "altered.duckdb"))
    path.chmod(0o600)
    with duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)
    return Snapshot("altered", path)


DROPPED = tuple(f"DROP TABLE {table.name}" for table in prepared.TABLES)


@pytest.fixture(scope="module")
def two(loaded: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Snapshot]:
    """The same agency twice: as it is loaded now, and without anything prepared."""
    without = altered(loaded, tmp_path_factory.mktemp("without"), *DROPPED)
    return {"with": loaded, "without": without}


@pytest.fixture(scope="module")
def levels(two: dict[str, Snapshot]) -> dict[str, list[str]]:
    return {dim: aggregate.levels(two["with"], dim) for dim in DIMS}


def flat(found: Any) -> Any:
    """Return an answer as something that ``==`` compares."""
    if isinstance(found, pd.DataFrame):
        return [list(found.columns), *map(repr, found.astype(object).to_numpy().tolist())]
    if isinstance(found, tuple):
        return [flat(part) for part in found]
    return found


def trips(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    return partners.trips(snapshot, question)


def calls(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    return aggregate.call_counts(snapshot, question)


def days(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    return aggregate.daily(snapshot, question)


ASKED: dict[str, Callable[[Snapshot, Question], Any]] = {
    "calls": calls,
    "minutes": aggregate.call_minutes,
    "days": days,
    "trips": trips,
    "claims": liability.claims_of_period,
    "complaints": liability.complaints,
    "tiles": lambda snapshot, question: overview.tiles(question, snapshot),
}


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_both_ways_give_the_same(
    two: dict[str, Snapshot], levels: dict[str, list[str]], data: st.DataObject
) -> None:
    day = st.none() | st.dates(date(2020, 12, 1), date(2026, 2, 1))
    start, end = data.draw(day), data.draw(day)
    if start and end and end < start:
        start, end = end, start
    dims = data.draw(st.lists(st.sampled_from(DIMS), max_size=2, unique=True))
    where = {
        dim: data.draw(st.lists(st.sampled_from(levels[dim]), min_size=1, max_size=3))
        for dim in dims
    }
    outcomes = data.draw(st.lists(st.sampled_from([o.id for o in registry.OUTCOMES]), min_size=1))
    question = ask(outcomes, start=start, end=end, where=where)
    name = data.draw(st.sampled_from(sorted(ASKED)))
    found = [flat(ASKED[name](two[way], question)) for way in TWICE]
    assert found[0] == found[1], (name, question)


def test_they_are_read_where_they_are(two: dict[str, Snapshot]) -> None:
    question = ask(where={"district": ["South"]})
    for table in prepared.TABLES:
        assert rows_of(two["with"], table, question) == table.name
        assert rows_of(two["without"], table, question).startswith("(")
    # What is not among the filters is asked of the rows.
    assert rows_of(two["with"], prepared.TRIPS, ask(where={"origin": ["911"]})).startswith("(")
    with traced(two["with"]) as (snapshot, asked):
        calls(snapshot, question)
    assert any("FROM prepared_calls" in s.sql for s in asked)


def test_every_one_has_a_row_for_each(two: dict[str, Snapshot]) -> None:
    cursor = two["with"].cursor()
    for table, of in (("calls", "calls"), ("contacts", "contacts"), ("trips", "transports")):
        n, wanted = cursor.execute(
            f"SELECT (SELECT count(*) FROM prepared_{table}), (SELECT count(*) FROM {of})"
        ).fetchall()[0]
        assert n == wanted > 1_000, table
    assert cursor.execute("SELECT count(*) FROM prepared_links").fetchall()[0][0] > 5


def test_they_hold_no_key_of_a_person_or_contact(two: dict[str, Snapshot]) -> None:
    for table in prepared.TABLES:
        rows = two["with"].cursor().execute(f"DESCRIBE {table.name}").fetchall()
        names = {row[0] for row in rows}
        assert not names & {"contact_id", "person_key", "officer_key", "incident_id", "call_id"}


def test_one_that_an_earlier_version_made_otherwise_is_not_read(
    loaded: Snapshot, tmp_path: Path
) -> None:
    other = [
        sql
        for table in prepared.TABLES
        for sql in (
            f"DELETE FROM {table.name}",
            f"COMMENT ON TABLE {table.name} IS 'Something else. [0123456789abcdef]'",
        )
    ]
    snapshot = altered(loaded, tmp_path, *other)
    for table in prepared.TABLES:
        assert rows_of(snapshot, table, ask()).startswith("(")
    assert aggregate.daily(snapshot, ask())["contacts"].sum() == 3_000


def test_a_snapshot_without_newer_columns_and_tables_is_asked(
    loaded: Snapshot, tmp_path: Path
) -> None:
    snapshot = altered(
        loaded,
        tmp_path,
        *DROPPED,
        f"ALTER TABLE encounters DROP {outcome_column('claim')}",
        "ALTER TABLE encounters DROP force_level",
        "DROP TABLE transports; DROP TABLE claims; DROP TABLE complaints",
    )
    found = aggregate.daily(snapshot, ask(["claim", "force"]))
    assert found["n:claim"].sum() == found["highest"].sum() == 0 < found["n:force"].sum()
    assert trips(snapshot, ask()).empty
    assert overview.tiles(ask(), snapshot)


def test_building_them_again_makes_the_same(loaded: Snapshot) -> None:
    cursor = loaded.cursor()
    for table in prepared.TABLES:
        for one, other in ((table.name, f"({table.sql})"), (f"({table.sql})", table.name)):
            lost = f"SELECT count(*) FROM (FROM {one} EXCEPT ALL FROM {other})"
            assert cursor.execute(lost).fetchall() == [(0,)], table.name
