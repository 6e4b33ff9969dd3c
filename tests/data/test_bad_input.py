"""Bad input through the real command: its exit code, one line on stderr, nothing published."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from data import ingest, mapping
from data.__main__ import parser
from data.cli import run
from data.store import Store
from tests.data.exports import HEADER, row, text, write
from tests.data.test_store import HOLD, ROOT

MINE = """
[mapping]
key = "Form"
source = "forms"
[agency]
agency_id = "TEST"
time_zone = "America/Denver"
[contacts.columns]
contact_at = "When"
district_id = "Area"
[contacts.columns.force_used]
from = "Force"
map = { X = "yes" }
"""
Case = tuple[list[Path], str]


def _file(folder: Path, data: bytes, name: str = "export.csv") -> list[Path]:
    path = folder / name
    path.write_bytes(data)
    return [path]


def _good(folder: Path) -> list[Path]:
    return [write(folder / "export.csv", [row(i) for i in range(1, 6)])]


GOOD = text([row(i, Area="Peñasco") for i in range(1, 2000)]).encode()
LATIN = text([row(9, Area="Zürich")]).split("\n", 1)[1].encode("latin-1")

# name: (exit code, what the line must say, how to make the files and the mapping)
CASES: dict[str, tuple[int, str, Callable[[Path], Case]]] = {
    "missing file": (2, "no such file", lambda d: ([d / "absent.csv"], MINE)),
    "a folder": (2, "is a folder", lambda d: ([d], MINE)),
    "not a CSV": (2, "is not a CSV file", lambda d: (_file(d, b"PK\x03\x04\x00\x00" * 99), MINE)),
    "a page instead of a CSV": (
        2,
        "export.csv: no column 'Form'",
        lambda d: (_file(d, b"<!DOCTYPE html>\n<p>Log in</p>\n"), MINE),
    ),
    "UTF-16": (2, "is in UTF-16", lambda d: (_file(d, GOOD.decode().encode("utf-16")), MINE)),
    "truncated gzip": (
        2,
        "export.csv.gz: the gzip file is cut short",
        lambda d: (_file(d, gzip.compress(GOOD)[:-900], "export.csv.gz"), MINE),
    ),
    "damaged gzip": (
        2,
        "the gzip file is damaged",
        lambda d: (_file(d, gzip.compress(GOOD)[:200] + b"x" * 300, "export.csv.gz"), MINE),
    ),
    "missing key column": (
        2,
        "export.csv: no column 'Form', the key",
        lambda d: ([write(d / "export.csv", [row(1)], ["Number", *HEADER[1:]])], MINE),
    ),
    "missing column": (
        2,
        "export.csv: no column 'Force'",
        lambda d: (
            [write(d / "export.csv", [row(1)], [h.replace("ce", "") for h in HEADER])],
            MINE,
        ),
    ),
    "duplicate header": (
        2,
        "the header names 'Form' twice",
        lambda d: ([write(d / "export.csv", [row(1)], ["Form", "Form", *HEADER[2:]])], MINE),
    ),
    "empty file": (2, "export.csv: the file is empty", lambda d: (_file(d, b""), MINE)),
    "empty gzip": (2, "the file is empty", lambda d: (_file(d, gzip.compress(b"")), MINE)),
    "blank file": (2, "the file is empty", lambda d: (_file(d, b"\xef\xbb\xbf \n\n"), MINE)),
    "header only": (2, "has a header but no rows", lambda d: (_file(d, text([]).encode()), MINE)),
    "mixed encodings": (
        2,
        "export.csv row 2000: mixes UTF-8 and Latin-1",
        lambda d: (_file(d, GOOD + LATIN), MINE),
    ),
    "not the encoding the mapping says": (
        2,
        "export.csv row 1: is not UTF-8",
        lambda d: (
            _file(d, text([]).encode() + LATIN),
            MINE + '[file]\nencoding = "utf-8"\n',
        ),
    ),
    "31 February": (
        4,
        "1 of 5 rows rejected, over the limit of 5%; the first: export.csv row 3,"
        " column 'When': not a date or time",
        lambda d: (
            [write(d / "export.csv", [row(i, f"2024-02-{28 + i}") for i in (0, 1, 3, -1, -2)])],
            MINE,
        ),
    ),
    "an open quote": (
        2,
        "export.csv row 3: a quote is not closed",
        lambda d: (_file(d, GOOD.replace(b"\n3,", b'\n"3,')), MINE),
    ),
    "not Parquet": (
        2,
        "is not a whole Parquet file",
        lambda d: (_file(d, b"PAR1 and then nothing", "export.parquet"), MINE),
    ),
    "not Excel": (
        2,
        "the Excel file cannot be read",
        lambda d: (_file(d, b"no sheet", "export.xlsx"), MINE),
    ),
    "no mapping": (2, "there is no mapping 'absent'", lambda d: (_good(d), "absent")),
    "a mapping that is no TOML": (2, "not a valid TOML file", lambda d: (_good(d), "[mapping\n")),
    "unknown canonical column": (
        2,
        "there is no canonical column 'force'",
        lambda d: (_good(d), MINE.replace("force_used", "force")),
    ),
    "unknown table": (2, "unknown table [weather]", lambda d: (_good(d), MINE + "[weather]\n")),
    "unknown setting": (
        2,
        "unknown setting 'formt'",
        lambda d: (_good(d), MINE + '[file]\nformt = "csv"\n'),
    ),
    "an identifying column": (
        2,
        "'Subject Name' may identify a person",
        lambda d: (_good(d), MINE.replace('"Area"', '"Subject Name"')),
    ),
    "a value map that covers nothing": (
        2,
        "the value map of contacts.force_used covers none of the 1 values in 'Force'",
        lambda d: ([write(d / "export.csv", [row(i, Force="J") for i in range(9)])], MINE),
    ),
    "a value that ours is not": (
        2,
        "'si' is not a value of force_used",
        lambda d: (_good(d), MINE.replace('"yes"', '"si"')),
    ),
    "a key like a name": (
        2,
        "export.csv row 1: 'Form' is mapped as a key but looks like a name",
        lambda d: ([write(d / "export.csv", [row("Doe, Jane")])], MINE),
    ),
}


def _store_with_one_load(folder: Path) -> Store:
    store = Store(folder / "store")
    mine = folder / "first.toml"
    mine.write_text(MINE)
    ingest.load(store, [write(folder / "first.csv", [row(1)])], mapping.read(str(mine)))
    return store


def _arguments(folder: Path, case: str) -> list[str]:
    files, toml = CASES[case][2](folder)
    if "[" in toml:
        (folder / "mine.toml").write_text(toml)
        toml = str(folder / "mine.toml")
    return [*map(str, files), "--mapping", toml, "--store", str(folder / "store")]


@pytest.mark.parametrize("case", CASES)
def test_bad_input(tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    store = _store_with_one_load(tmp_path)
    before = (store.current_id(), sorted(p.name for p in store.root.rglob("*")))
    code, message, _ = CASES[case]
    for command in ("load", "check"):
        with pytest.raises(SystemExit) as left:
            run(parser(), [command, *_arguments(tmp_path, case)])
        out, err = capsys.readouterr()
        assert left.value.code == code
        assert err.startswith("error: ") and len(err.splitlines()) == 1
        assert message in err
        assert out == ""
        assert (store.current_id(), sorted(p.name for p in store.root.rglob("*"))) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["load"],
        ["load", "x.csv"],
        ["frobnicate"],
        ["simulate", "--contacts", "many", "--seed", "1"],
        ["rollback", "20000101T000000000000-000000"],
        ["rollback"],
    ],
)
def test_bad_commands(
    tmp_path: Path,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CIT_STORE", str(tmp_path / "store"))
    with pytest.raises(SystemExit) as left:
        run(parser(), arguments)
    err = capsys.readouterr().err
    assert left.value.code == 2
    assert err.startswith("error: ") and len(err.splitlines()) == 1


def _command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "data", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_command_itself_in_its_own_process(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    export = write(tmp_path / "export.csv", [row(1), row(2)])
    store = Store(tmp_path / "store")
    options = ("--mapping", tmp_path / "mine.toml", "--store", store.root)

    bad = _command("load", tmp_path / "absent.csv", *options)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("error: ") and len(bad.stderr.splitlines()) == 1

    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store.root)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline()
        locked = _command("load", export, *options)
    finally:
        holder.communicate()
    assert (locked.returncode, locked.stdout) == (3, "")
    assert locked.stderr.startswith("error: ") and len(locked.stderr.splitlines()) == 1
    assert "another load is writing to this store" in locked.stderr
    assert store.current_id() is None

    good = _command("load", export, *options, "--json")
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout)["snapshot"] == store.current_id()
    listed = _command("snapshots", "--store", store.root)
    assert listed.stdout.startswith(f"* {store.current_id()}") and "2 contacts" in listed.stdout


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    store = _store_with_one_load(tmp_path)
    read, write_end = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "data", "snapshots", "--store", str(store.root)],
        cwd=ROOT,
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write_end)
    assert done.stderr == ""
