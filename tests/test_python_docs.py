"""The examples of docs/python.md, run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from data import extract
from data.store import Store
from tests.stores import simulated_store

TEXT = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)


def test_the_examples_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = simulated_store(tmp_path, 3_000)
    monkeypatch.setenv("CIT_STORE", str(root))
    monkeypatch.chdir(tmp_path)
    extract.extract(Store(root).current(), extract.Request(Path("extract"), "parquet", "keep"))
    names: dict[str, object] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/python.md", "exec"), names)
    assert len(EXAMPLES) == 7
    said = capsys.readouterr().out
    assert "of 1,000 contacts" in said
    assert "arrest" in said
    assert "-- 1\nSELECT" in said
    assert len(names["frame"]) and names["statements"]  # type: ignore[arg-type]


def test_every_module_and_name_it_mentions_exists() -> None:
    import metrics

    for name in re.findall(r"from metrics import ([\w, ]+)", TEXT):
        for one in name.split(", "):
            assert hasattr(metrics, one) or (Path("metrics") / f"{one}.py").is_file(), one
    assert set(metrics.__all__) >= {"evaluate", "Question", "ask", "current"}
