"""SQL that cannot hurt: escapes, exhaustion and looking around, each refused or stopped; the rest runs."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psutil
import pytest
from pyarrow import parquet

from data.sandbox import Answer, Limits, RefusedError, Session, StoppedError
from data.sandbox.statement import UnfitError, prepare
from data.sandbox.worker import open_copy, plain
from data.store import Store
from tests.data.ordinary_queries import QUERIES
from tests.data.sandbox_attempts import HARMLESS, REFUSED, STOPPED
from tests.stores import simulated_store

LIMITS = Limits(seconds=2, memory_mb=200, rows=500, bytes=2**21)
BOUND = 6.0
"""Seconds within which anything has ended: the limit, and what a busy machine takes to notice."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy to ask: as the store has it, which is enough to try the doors."""
    made = tmp_path_factory.mktemp("copy")
    # Only the one kind of store the other tests use: it is made once for a whole run.
    store = Store(simulated_store(tmp_path_factory.mktemp("store"), 3_000))
    for table in ("encounters", "dispositions"):
        rows = store.current().cursor().execute(f"FROM {table}").to_arrow_table()
        parquet.write_table(rows, made / f"{table}.parquet")
    return made


@pytest.fixture(scope="module")
def session(folder: Path) -> Iterator[Session]:
    opened = Session(folder, LIMITS)
    yield opened
    opened.close()


def contents(folder: Path) -> dict[str, int]:
    return {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}


def total(session: Session) -> int:
    return int(session.run("SELECT count(*) AS n FROM encounters").table["n"][0].as_py())


@pytest.mark.parametrize(("name", "sql"), REFUSED, ids=[name for name, _ in REFUSED])
def test_what_is_refused(session: Session, folder: Path, name: str, sql: str) -> None:
    before = contents(folder)
    with pytest.raises(RefusedError) as caught:
        session.run(sql.replace("{folder}", str(folder)))
    assert str(folder) not in str(caught.value).replace(sql, "")
    assert "root:" not in str(caught.value)
    assert contents(folder) == before
    assert total(session) == 3_000, "the table was changed"


FILES = [
    a
    for a in REFUSED
    if any(w in a[1] for w in ("read_", "glob", "TO '", "ATTACH", "'/etc", "sniff"))
]


@pytest.mark.parametrize(("name", "sql"), FILES, ids=[name for name, _ in FILES])
def test_the_engine_by_itself_reaches_no_file(folder: Path, name: str, sql: str) -> None:
    """The look at the statement is the second lock; this is the first, without it."""
    before = contents(folder)
    with open_copy(folder, 200) as con, pytest.raises(duckdb.Error):
        con.execute(
            f"SELECT * FROM (\n{sql.replace('{folder}', str(folder))}\n) LIMIT 1"
        ).fetchall()
    assert contents(folder) == before


@pytest.mark.parametrize(
    "setting", ["enable_external_access = true", "threads = 8", "memory_limit = '50GB'"]
)
def test_the_engine_lets_no_setting_be_changed(folder: Path, setting: str) -> None:
    with open_copy(folder, 200) as con, pytest.raises(duckdb.Error):
        con.execute(f"SET {setting}")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sql"), STOPPED, ids=[name for name, _ in STOPPED])
def test_what_would_never_end_or_fill_the_machine(folder: Path, name: str, sql: str) -> None:
    session = Session(folder, LIMITS)
    try:
        assert total(session) == 3_000
        began = time.monotonic()
        try:
            found: Answer | Exception = session.run(sql)
        except (RefusedError, StoppedError) as error:
            found = error
        assert time.monotonic() - began < BOUND
        if isinstance(found, Answer):
            # A faster machine may have got to the end of it, within the limits.
            assert found.peak_mb <= 1.3 * LIMITS.memory_mb
        assert total(session) == 3_000, "the next statement has a worker again"
    finally:
        session.close()


@pytest.mark.parametrize(("name", "sql"), HARMLESS, ids=[name for name, _ in HARMLESS])
def test_what_only_looks_bad(session: Session, name: str, sql: str) -> None:
    session.run(sql)
    assert total(session) == 3_000


@pytest.mark.parametrize("sql", QUERIES)
def test_ordinary_queries_run_unchanged(session: Session, folder: Path, sql: str) -> None:
    found = session.run(sql)
    with duckdb.connect() as con:
        for table in ("encounters", "dispositions"):
            con.execute(f"CREATE VIEW {table} AS FROM read_parquet('{folder}/{table}.parquet')")
        con.execute("SET threads = 1; SET TimeZone = 'UTC'")
        expected = con.execute(sql).to_arrow_table()
    assert found.table.column_names == expected.column_names
    assert found.rows == min(len(expected), LIMITS.rows)


def test_fifty_or_more_are_tried() -> None:
    assert len(QUERIES) >= 50
    assert len(REFUSED) + len(STOPPED) >= 60
    assert len({sql for _, sql in REFUSED + STOPPED}) == len(REFUSED) + len(STOPPED)


def test_order_is_kept_and_rows_are_capped(session: Session) -> None:
    found = session.run("SELECT contact_at FROM encounters ORDER BY contact_at DESC")
    times = found.table["contact_at"].to_pylist()
    assert times == sorted(times, reverse=True)
    assert (found.rows, found.cut) == (500, "rows")
    exact = session.run("SELECT * FROM range(500)")
    assert (exact.rows, exact.cut) == (500, "")


def test_a_wide_answer_is_cut_by_its_size(session: Session) -> None:
    found = session.run("SELECT repeat('x', 20000) AS t FROM range(400)")
    assert found.cut == "bytes"
    assert found.rows < 400


def test_a_plan_runs_nothing(session: Session) -> None:
    found = session.run("SELECT count(*) FROM encounters a, encounters b, encounters c", plan=True)
    assert "Seq Scan" in found.table["explain_value"][0].as_py()


def test_a_killed_worker_is_replaced_and_others_go_on(folder: Path) -> None:
    one, other = Session(folder, LIMITS), Session(folder, LIMITS)
    try:
        assert total(one) == total(other) == 3_000
        assert one._process is not None and other._process is not None
        theirs = other._process.pid
        psutil.Process(one._process.pid).kill()
        with pytest.raises(StoppedError):
            one.run("SELECT 1")
            one.run("SELECT 1")
        assert total(one) == 3_000
        assert total(other) == 3_000
        assert other._process.pid == theirs
    finally:
        one.close()
        other.close()


def test_a_worker_has_nothing_of_ours(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIT_STORE", "/somewhere/secret")
    monkeypatch.setenv("API_TOKEN", "do-not-tell")
    session = Session(folder, LIMITS)
    try:
        total(session)
        assert session._process is not None
        process = psutil.Process(session._process.pid)
        environment = process.environ()
        assert "CIT_STORE" not in environment
        assert "API_TOKEN" not in environment
        opened = [f.path for f in process.open_files()]
        assert [p for p in opened if not p.endswith((".so", "null"))] == []
        assert process.cwd() != str(Path.cwd())
    finally:
        session.close()
    assert not psutil.pid_exists(process.pid) or process.status() == psutil.STATUS_ZOMBIE


def test_a_worker_cannot_write_a_file_even_if_told_to(folder: Path, tmp_path: Path) -> None:
    """The system's own limit, below the engine: a process that may write no byte to any file."""
    import subprocess
    import sys

    write = f"open({str(tmp_path / 'x')!r}, 'wb', buffering=0).write(b'x' * 10)"
    for shut, expected in (
        ("", 10),
        ("from data.sandbox.worker import shut_in; shut_in(100); ", 0),
    ):
        subprocess.run([sys.executable, "-c", shut + write], capture_output=True, check=False)
        assert (tmp_path / "x").stat().st_size == expected
        (tmp_path / "x").unlink()


def test_messages_name_no_path_of_the_machine() -> None:
    error = duckdb.IOException('Cannot open "/home/somebody/store/x.duckdb": no such file')
    assert "somebody" not in plain(error)
    assert "memory" in plain(MemoryError())


def test_a_pivot_cannot_hide_a_function(folder: Path) -> None:
    with open_copy(folder, 200) as con:
        for inner in ("duckdb_settings()", "read_csv('x')", "pragma_version()", "glob ('*')"):
            with pytest.raises(UnfitError):
                prepare(con, f"PIVOT (FROM {inner}) ON a USING count(*)", 10)
        assert "PIVOT" in prepare(
            con, "PIVOT encounters ON district USING count(*) -- duckdb_settings()", 10
        )


@pytest.mark.slow
def test_others_are_served_meanwhile(folder: Path) -> None:
    """p95 of somebody else's statement, with two people exhausting theirs, within twice that of idle."""

    def p95(one: Session) -> float:
        taken = []
        for _ in range(60):
            began = time.perf_counter()
            one.run(
                "SELECT district, exposure_primary, avg(outcome_force::INT) FROM encounters GROUP BY ALL"
            )
            taken.append(time.perf_counter() - began)
        return statistics.quantiles(taken, n=20)[-1]

    mine = Session(folder, LIMITS)
    greedy = [Session(folder, Limits(seconds=30, memory_mb=200)) for _ in range(2)]
    try:
        total(mine)
        for one in greedy:
            total(one)
        idle = p95(mine)
        threads = [
            threading.Thread(target=lambda s=one: _endless(s), daemon=True) for one in greedy
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        best = min(p95(mine) for _ in range(3))
        assert best < 2 * idle + 0.02, f"idle {idle:.4f} s, busy {best:.4f} s"
    finally:
        for one in (mine, *greedy):
            one.close()


def _endless(session: Session) -> None:
    try:
        session.run("SELECT sum(a.range * b.range % 7) FROM range(10000000) a, range(10000000) b")
    except Exception:  # it is killed under the thread
        return
