"""Malformed and hostile exports through the real command: one line and a code, or a correct load.

No traceback, no hang, bounded memory, nothing published by mistake, nothing identifying anywhere. What
each comes to is kept in ``hostile.json``; ``python -m tests.data.test_hostile`` writes it anew, to be read.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import ingest, mapping
from data.__main__ import parser
from data.cli import run
from data.errors import UserError
from data.store import Store
from tests.data.hostile import CANARY, GOOD, HEADER, MAPPING, SEEDS, lines
from tests.data.test_store import ROOT

KEPT: dict[str, list[Any]] = (
    json.loads(Path(__file__).with_suffix(".json").read_text())
    if (Path(__file__).with_suffix(".json").exists())
    else {}
)
LONGEST_MESSAGE = 1_000
SECONDS = 60
MEGABYTES = 2_500


def _arguments(folder: Path, seed: str) -> list[str]:
    inside = folder / "in"
    inside.mkdir(parents=True)
    files, chosen = SEEDS[seed](inside)
    if "\n" in chosen:
        (folder / "mine.toml").write_text(chosen, encoding="utf-8")
        chosen = str(folder / "mine.toml")
    options = ["--mapping", chosen, "--store", str(folder / "store"), "--json"]
    return ["load", *options, "--", *map(str, files)]


def _outcome(code: int, out: str) -> list[Any]:
    """Return what is kept of a seed: the code and, of a load, contacts and rows refused."""
    if code:
        return [code]
    report = json.loads(out)
    return [code, report["contacts"], sum(report["rejected"].values())]


def _check(folder: Path, code: int, out: str, err: str) -> None:
    store = Store(folder / "store")
    assert CANARY not in out + err, "a value of an unmapped column was said"
    if code:
        assert code in (2, 3, 4)
        assert err.startswith("error: ") and len(err.splitlines()) == 1, err
        assert len(err) < LONGEST_MESSAGE and out == ""
        assert not any(ord(c) < 32 for c in err.rstrip("\n")), "a terminal would obey it"
        assert store.current_id() is None and store.ids() == []
    else:
        assert err == ""
        report = json.loads(out)
        assert store.current_id() == report["snapshot"]
        refused = sum(report["rejected"].values())
        assert report["contacts"] + refused <= report["rows_read"]
    for path in store.root.rglob("*"):
        if path.is_file():
            assert b"Quillfeather 8317" not in path.read_bytes(), path.name


def _called(folder: Path, seed: str) -> list[Any]:
    """Run a seed in this process; return its outcome."""
    arguments = _arguments(folder, seed)
    out, err, code = io.StringIO(), io.StringIO(), 0
    started = time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run(parser(), arguments)
        except SystemExit as left:
            code = int(left.code or 0)
    assert time.monotonic() - started < SECONDS
    _check(folder, code, out.getvalue(), err.getvalue())
    return _outcome(code, out.getvalue())


HEAVY = tuple(s for s in SEEDS if any(word in s for word in ("bomb", "million", "mb", "20 000")))
QUICK = tuple(SEEDS)[:: len(SEEDS) // 40]
IN_A_PROCESS = (*HEAVY[:12], *tuple(SEEDS)[5 :: len(SEEDS) // 8])


def test_there_are_enough_and_each_is_kept() -> None:
    assert len(SEEDS) >= 200
    assert set(KEPT) == set(SEEDS)
    # Not all alike: a reader that refuses everything would pass else.
    assert sum(v[0] == 0 for v in KEPT.values()) > 100
    assert sum(v[0] != 0 for v in KEPT.values()) > 100
    assert sum(v[0] == 0 and v[2] > 0 for v in KEPT.values()) > 20


@pytest.mark.parametrize("seed", [s for s in QUICK if s not in HEAVY])
def test_some(tmp_path: Path, seed: str) -> None:
    assert _called(tmp_path, seed) == KEPT[seed]


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("seed", [s for s in SEEDS if s not in QUICK])
def test_every(tmp_path: Path, seed: str) -> None:
    assert _called(tmp_path, seed) == KEPT[seed]


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEGABYTES << 20, MEGABYTES << 20))


@pytest.mark.slow
@pytest.mark.parametrize("seed", IN_A_PROCESS)
def test_in_a_process_of_its_own_with_little_memory(tmp_path: Path, seed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "data", *_arguments(tmp_path, seed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        preexec_fn=_little_memory,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=False,
    )
    _check(tmp_path, done.returncode, done.stdout, done.stderr)
    assert _outcome(done.returncode, done.stdout) == KEPT[seed]


LETTER = st.characters(codec="utf-8", exclude_characters="\x00")
CELL = st.one_of(
    st.text(LETTER, max_size=12),
    st.sampled_from(["F1", "2024-03-01 10:00", "X", "O", "-", '"', ",", "\n", "\r", "", "=1", "'"]),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(CELL, min_size=0, max_size=8), max_size=8), st.sampled_from(",;\t|"))
def test_any_rows_at_all(rows: list[list[str]], sep: str) -> None:
    text = lines(*GOOD, sep=sep) + "".join(sep.join(row) + "\n" for row in rows)
    _only_a_line_or_a_load(text.encode())


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_bytes_at_all(some: bytes, place: int) -> None:
    text = lines(*GOOD[:10]).encode()
    _only_a_line_or_a_load(text[:place] + some + text[place:])


def _only_a_line_or_a_load(export: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        (here / "export.csv").write_bytes(export)
        (here / "mine.toml").write_text(MAPPING)
        try:
            chosen = mapping.read(str(here / "mine.toml"))
            report = ingest.load(
                Store(here / "store"), [here / "export.csv"], chosen, publish=False
            )
        except UserError as error:
            assert CANARY not in str(error)
        else:
            assert report.contacts + sum(report.rejected.values()) <= report.rows_read


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.write_text(lines(*GOOD[:3])),
        lambda p: p.write_text(lines(*GOOD, *GOOD)),
        lambda p: p.unlink(),
        lambda p: (p.unlink(), p.write_text(lines(*GOOD))),
    ],
    ids=["cut", "grown", "gone", "another of the same length"],
)
def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, change: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    export = tmp_path / "export.csv"
    export.write_text(lines(*GOOD))
    (tmp_path / "mine.toml").write_text(MAPPING)
    examine = ingest.examine

    def examined(path: Path, wanted: Any) -> Any:
        found = examine(path, wanted)
        change(path)
        return found

    monkeypatch.setattr(ingest, "examine", examined)
    store = Store(tmp_path / "store")
    with pytest.raises(UserError, match="changed while it was read"):
        ingest.load(store, [export], mapping.read(str(tmp_path / "mine.toml")))
    assert store.current_id() is None


def test_the_seeds_hold_what_may_not_be_said() -> None:
    assert CANARY in lines(*GOOD) and "Subject Name" in HEADER


if __name__ == "__main__":
    found = {}
    for name in SEEDS:
        with tempfile.TemporaryDirectory() as made:
            try:
                found[name] = _called(Path(made), name)
            except AssertionError as wrong:
                print(f"{name}: {wrong}", file=sys.stderr)
    rows = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items())
    Path(__file__).with_suffix(".json").write_text(f"{{\n{rows}\n}}\n")
