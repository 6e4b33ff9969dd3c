"""Tasks side by side: as one after another, only sooner."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb
import pytest

from data.building import attach, close, connect, empty_work
from data.schema import blank, tables
from data.sql import WORK, at_once, insert, one, private


def test_what_tasks_return_is_in_their_order_and_the_first_error_is_raised() -> None:
    con = private()
    later = threading.Event()

    def slow(own: duckdb.DuckDBPyConnection) -> str:
        later.wait(2)
        return "slow"

    def quick(own: duckdb.DuckDBPyConnection) -> str:
        later.set()
        return "quick"

    def fails(name: str, first: bool) -> str:
        if first:
            later.wait(2)
        later.set()
        raise ValueError(name)

    assert at_once(con, []) == []
    assert at_once(con, [slow, quick]) == ["slow", "quick"]
    later.clear()
    with pytest.raises(ValueError, match="the first"):
        at_once(con, [lambda own: fails("the first", True), lambda own: fails("the second", False)])
    assert one(con, "SELECT 1") == (1,)


def test_tasks_see_the_same_databases_and_nothing_temporary(tmp_path: Path) -> None:
    con = connect("00" * 32)
    attach(con, tmp_path / "b.duckdb")
    con.execute(f"CREATE TABLE {WORK}.seen AS SELECT 7 AS n; CREATE TEMP TABLE mine AS SELECT 1")

    def look(own: duckdb.DuckDBPyConnection) -> tuple[int, str]:
        own.execute("CREATE TABLE made_here AS SELECT 1 AS n")
        with pytest.raises(duckdb.CatalogException):
            own.execute("FROM mine")
        return one(own, "SELECT n, current_database() FROM seen")

    assert at_once(con, [look]) == [(7, "building")]
    assert one(con, "SELECT n FROM building.main.made_here") == (1,)


def test_rows_are_inserted_in_order_however_many() -> None:
    con = private()
    con.execute("CREATE TABLE t (a INTEGER, b VARCHAR[])")
    rows = [(i, None if i % 3 else [str(i), "it's"]) for i in range(2_345)]
    insert(con, "t", rows)
    insert(con, "t", [])
    assert con.execute("FROM t").fetchall() == rows


def test_a_building_logs_nothing_and_holds_only_what_is_built(tmp_path: Path) -> None:
    path = tmp_path / "b.duckdb"
    con = connect("00" * 32)
    con.execute(f"CREATE TABLE {WORK}.raw AS SELECT 'SECRET-NAME' AS name FROM range(300000)")
    attach(con, path)
    con.execute("CREATE TABLE kept AS SELECT count(*) AS n FROM raw")
    con.execute("CREATE TABLE large AS SELECT range AS n FROM range(300000)")
    assert [f.name for f in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_size > len(blank(con))  # large ones go into the file as they come
    empty_work(con)
    assert one(con, "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'memory'") == (0,)
    close(con)
    assert [f.name for f in tmp_path.iterdir()] == [path.name]
    assert b"SECRET-NAME" not in path.read_bytes()
    with duckdb.connect(str(path), read_only=True) as again:
        assert one(again, "SELECT n, (SELECT count(*) FROM large) FROM kept") == (300_000, 300_000)


def test_a_blank_file_has_every_table_with_its_comments_and_no_index(tmp_path: Path) -> None:
    path = tmp_path / "blank.duckdb"
    with private() as engine:
        path.write_bytes(blank(engine))
    with duckdb.connect(str(path), read_only=True) as con:
        said = con.execute(
            "SELECT table_name, list(column_name ORDER BY column_index), count(comment)"
            " FROM duckdb_columns() WHERE NOT internal GROUP BY 1"
        ).fetchall()
        assert one(con, "SELECT count(*) FROM duckdb_indexes()") == (0,)
        declared = {name: [c.name for c in table.columns] for name, table in tables().items()}
        assert {name: columns for name, columns, _ in said} == declared
        assert all(n == len(columns) for _, columns, n in said)
