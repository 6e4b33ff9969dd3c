"""Load small samples of real formats through the command itself, and ask what they can answer."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from data.__main__ import parser
from data.cli import run
from data.store import Store
from metrics.__main__ import parser as metrics_parser

PERSONAL = ("Quill", "Ottoline", "1975-01-02", "123-45-6789", "9 Elm Row")
"""Values of the identifying columns of the samples: invented, and to be found nowhere afterwards."""


def lines(header: list[str], rows: list[dict[str, str]]) -> str:
    """Return rows as CSV text; what a row does not name is blank."""
    out = io.StringIO()
    writer = csv.DictWriter(out, header, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def load(
    folder: Path, mapping: str, capsys: pytest.CaptureFixture[str], **files: str
) -> tuple[dict[str, Any], Store]:
    """Load files given as text by name with a shipped mapping; return the report and the store."""
    store = Store(folder / "store")
    paths = [_write(folder / f"{name}.csv", text) for name, text in files.items()]
    capsys.readouterr()
    arguments = ["--mapping", mapping, "--agency", "TEST", "--store", str(store.root), "--json"]
    run(parser(), ["load", *paths, *arguments])
    return json.loads(capsys.readouterr().out), store


def refused(
    folder: Path, mapping: str, capsys: pytest.CaptureFixture[str], **files: str
) -> tuple[int, str]:
    """Return the exit code and the one line of a load that is refused."""
    with pytest.raises(SystemExit) as stopped:
        load(folder, mapping, capsys, **files)
    error = capsys.readouterr().err.strip()
    assert error.startswith("error:") and "\n" not in error
    return int(stopped.value.code or 0), error


def _write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def verdicts(store: Store, capsys: pytest.CaptureFixture[str], *outcomes: str) -> dict[str, str]:
    """Return what `evaluate` says of outcomes, by id."""
    capsys.readouterr()
    asked = [part for o in outcomes for part in ("--outcome", o)]
    run(metrics_parser(), ["evaluate", *asked, "--store", str(store.root), "--json"])
    found = json.loads(capsys.readouterr().out)["comparisons"]
    return {c["outcome"]: c["verdict"] for c in found}


def assert_nothing_personal(store: Store) -> None:
    """Check that no file of the store holds a value of the identifying columns."""
    for path in store.root.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert [p for p in PERSONAL if p.encode() in held] == [], path.name
