"""What a column's values mean, looked over once: the same however many they are."""

from __future__ import annotations

from collections import Counter

import duckdb
import pytest

from data import schema
from data.errors import UserError
from data.mapping_model import ColumnMapping, Reading
from data.sql import WORK, private
from data.values import Lookup, make_lookup


def _staged(values: list[str | None]) -> duckdb.DuckDBPyConnection:
    con = private()
    con.execute(f"CREATE TABLE {WORK}.stage AS SELECT unnest(?) AS said", [values])
    return con


def _column(name: str, values: tuple[tuple[str, str], ...] | None) -> ColumnMapping:
    return ColumnMapping(schema.column(name), (Reading("said"),), values=values)


def _read(con: duckdb.DuckDBPyConnection, lookup: Lookup) -> list[str | None]:
    value, joins = lookup.read("s.said")
    rows = con.execute(f"SELECT {value} FROM stage s {' '.join(joins)} ORDER BY s.rowid").fetchall()
    return [row[0] for row in rows]


def _look(con: duckdb.DuckDBPyConnection, column: ColumnMapping) -> Lookup:
    return make_lookup(con, "stage", column, "s.said", "TRUE")


def _tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}


def test_few_values_are_spelled_out_and_need_no_table() -> None:
    con = _staged(["Y", "N", None, "odd", "Y"])
    found = _look(con, _column("contacts.force_used", (("Y", "yes"), ("N", "no"))))
    assert _read(con, found) == ["yes", "no", None, None, "yes"]
    assert found.unknown == {"force_used": {"odd": 1}}
    assert _tables(con) == {"stage"}


def test_values_that_say_it_already_are_read_as_they_are() -> None:
    con = _staged(["yes", "no", None, "unknown"])
    found = _look(con, _column("contacts.force_used", None))
    assert (found.direct, found.unknown) == ("s.said", {})
    assert _tables(con) == {"stage"}


@pytest.mark.parametrize("n", [9, 2_000, 2_001, 5_000])
def test_many_values_are_joined_and_unknown_ones_counted(n: int) -> None:
    said = [f"code {i:04}" for i in range(n)] + ["other"] * 3 + [None]
    con = _staged(said)
    found = _look(con, _column("contacts.force_used", (("code*", "yes"),)))
    assert Counter(_read(con, found)) == {"yes": n, None: 4}
    assert found.unknown == {"force_used": {"other": 3}}


def test_a_map_of_many_values_to_nothing_still_reads_as_text() -> None:
    said = [f"code {i}" for i in range(9)]
    con = _staged(said)
    found = _look(con, _column("contacts.force_used", tuple((s, "") for s in said)))
    assert _read(con, found) == [None] * 9
    kinds = con.execute(f"SELECT DISTINCT typeof(value) FROM {found.table}").fetchall()
    assert (found.direct, kinds) == (None, [("VARCHAR",)])


def test_a_map_that_fits_no_value_is_refused() -> None:
    con = _staged(["a", "b"])
    with pytest.raises(UserError, match="covers none of the 2 values"):
        _look(con, _column("contacts.force_used", (("Y", "yes"),)))
