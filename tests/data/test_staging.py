"""What is staged of a file: every value without its padding, whatever it is padded with."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.mapping_model import FileFormat
from data.readers import examine
from data.sql import WORK, private
from data.staging import stage

PADS = " \t\r\n\u00a0"
CORE = st.text(st.characters(codec="utf-8", exclude_characters="\x00\"'"), max_size=6)
PAD = st.text(st.sampled_from(PADS), max_size=3)
VALUE = st.tuples(PAD, CORE, PAD).map("".join)


def _staged(path: Path) -> list[str | None]:
    with private() as con:
        stage(con, "found", [examine(path, FileFormat())], ["value"], None, FileFormat())
        rows = con.execute(f"SELECT value FROM {WORK}.found ORDER BY rowid").fetchall()
    return [row[0] for row in rows]


def _parquet(path: Path, values: list[str]) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t AS SELECT unnest(?) AS value, 1 AS n", [values])
        con.execute(f"COPY t TO '{path}' (FORMAT parquet)")


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUE, min_size=1, max_size=40))
def test_values_lose_their_padding_and_nothing_else(values: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        _parquet(path, values)
        assert _staged(path) == [v.strip(PADS) or None for v in values]


@pytest.mark.parametrize("pads", [" ", PADS.replace("\n", "").replace("\r", "")])
def test_a_csv_file_of_spaces_alone_is_trimmed_as_one_of_any_padding(
    pads: str, tmp_path: Path
) -> None:
    said = ["a", "~z", "!", "é", "a b", "~", "ÿ", "\u2003em", "x" * 20]
    values = [left + v + right for v in said for left in ("", *pads) for right in ("", *pads)]
    path = tmp_path / "x.csv"
    path.write_text("value,n\n" + "".join(f'"{v}",1\n' for v in values), encoding="utf-8")
    assert examine(path, FileFormat()).odd_padding is (len(pads) > 1)
    assert _staged(path) == [v.strip(pads) for v in values]
