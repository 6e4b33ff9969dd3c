"""The house: three rooms whose imports go one way, and a top level that is fixed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {"data": {"data"}, "metrics": {"data", "metrics"}, "pages": {"data", "metrics", "pages"}}
NOT_IN = {"data": {"streamlit", "statsmodels"}, "metrics": {"streamlit", "statsmodels"}}


def _modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def _imports(path: Path) -> set[str]:
    """Top-level names a module imports anywhere, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides the room it comes from"
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_one_way(room: str) -> None:
    modules = _modules(room)
    assert modules
    for path in modules:
        found = _imports(path)
        assert not found & (set(ROOMS) | {"tests", "dashboard"}) - ROOMS[room], path
        assert not found & NOT_IN.get(room, set()), path


def test_nothing_at_run_time_needs_statsmodels() -> None:
    for path in [*_modules("pages"), ROOT / "dashboard.py"]:
        assert "statsmodels" not in _imports(path), path


@pytest.mark.parametrize(
    "name", ["dashboard.py", "pages", "metrics", "data", "tests", "requirements.txt"]
)
def test_the_top_level(name: str) -> None:
    assert (ROOT / name).exists()


def test_modules_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _modules("data")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}
