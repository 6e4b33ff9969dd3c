"""What is written down of the engine's work: exact, complete, and runnable by itself."""

from __future__ import annotations

import pickle
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.store import Snapshot
from metrics import measures
from metrics.aggregate import coverage, stored
from metrics.aggregate.trace import Trace, laid_out, plain, script, traced, watched, written
from tests.stores import make_snapshot

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False),
    st.text().filter(lambda t: "\x00" not in t),
    st.dates(),
    st.datetimes(),
    st.lists(st.text(alphabet="ab'?$ ", max_size=4), min_size=1, max_size=3),
)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return make_snapshot(tmp_path_factory.mktemp("trace"), (40, 30), (4, 2))


@settings(max_examples=100, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_a_parameter_is_written_as_what_the_engine_takes_it_for(values: list[object]) -> None:
    listed = "SELECT " + ", ".join("?" for _ in values)
    named = "SELECT " + ", ".join(f"$v{i}" for i in range(len(values)))
    with duckdb.connect() as con:
        wanted = con.execute(listed, values).fetchall()
        assert con.execute(written(listed, values)).fetchall() == wanted
        by_name = {f"v{i}": v for i, v in enumerate(values)}
        assert con.execute(written(named, by_name)).fetchall() == wanted


def test_marks_inside_texts_names_and_comments_stay() -> None:
    sql = """SELECT '? $day ''?''', "a?b" /* ? */, ? -- $day ?\n, $day"""
    assert written("SELECT '?', ?", ["x"]) == "SELECT '?', 'x'"
    assert written(
        sql.replace("?,", "1,").replace(", ? --", ", 1 --"), {"day": date(2025, 1, 2)}
    ) == ("""SELECT '? $day ''?''', "a?b" /* ? */, 1 -- $day ?\n, DATE '2025-01-02'""")
    assert (
        written("SELECT ?", [datetime(2025, 1, 2, 3)]) == "SELECT TIMESTAMP '2025-01-02 03:00:00'"
    )
    with pytest.raises(TypeError, match="object"):
        written("SELECT ?", [object()])


def test_what_is_made_first_comes_with_what_reads_it(snapshot: Snapshot) -> None:
    with traced(snapshot) as (watching, found):
        measures.report("jmhcp", watching)
    assert any(s.setup for s in found) and all("duckdb_" not in s.sql for s in found)
    for statement in found:
        with duckdb.connect(str(_copy(snapshot)), read_only=True) as con:
            for made in statement.setup:
                con.execute(made)
            con.execute(statement.sql)
    with duckdb.connect(str(_copy(snapshot)), read_only=True) as con:
        con.execute(script(list(found)))


def _copy(snapshot: Snapshot) -> Path:
    copy = snapshot.path.parent.parent / snapshot.path.name
    if not copy.exists():
        copy.write_bytes(snapshot.path.read_bytes())
    return copy


def test_what_is_remembered_tells_its_statements_every_time(snapshot: Snapshot) -> None:
    said = []
    for _ in range(2):
        with traced(snapshot) as (watching, found):
            assert coverage(watching) is coverage(snapshot)
            stored.rows(watching, "contacts")
        said.append(list(found))
    assert said[0] == said[1] and len(said[0]) == 2


def test_a_snapshot_that_is_kept_or_sent_writes_nothing_down(snapshot: Snapshot) -> None:
    watching = watched(snapshot, trace := Trace())
    for other in (pickle.loads(pickle.dumps(watching)), plain(watching)):
        assert type(other) is Snapshot and other == snapshot
        other.cursor().execute("SELECT 1").fetchall()
    assert not len(trace)
    with watching.cursor() as cursor:
        cursor.execute("SELECT 1").fetchall()
    watching.to_publish().cursor().execute("SELECT 2")
    assert [s.sql for s in trace] == ["SELECT 1", "SELECT 2"]


def test_a_long_statement_is_laid_out_and_what_cannot_be_read_is_left() -> None:
    long = "SELECT " + ", ".join(f"count(*) AS n{i}" for i in range(20))
    assert laid_out(long).count("\n") > 10
    odd = "SELECT ((( " + "x" * 200
    assert laid_out(odd) == odd
