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


PUBLISHES = {
    "data/loads.py",
    "metrics/disclosure/release.py",
    "metrics/evaluate.py",
    "metrics/manifest.py",
    "metrics/resident.py",
    "pages/print/material.py",
}
"""What withholds small counts, or returns only names and days: it may read for whoever asks."""


def _calls(path: Path, name: str) -> int:
    """How often a module calls a function or method of this name, on ``super()`` apart."""
    found = [
        n.func for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)
    ]
    plain = sum(isinstance(f, ast.Name) and f.id == name for f in found)
    return plain + sum(
        isinstance(f, ast.Attribute)
        and f.attr == name
        and not (isinstance(f.value, ast.Call) and ast.unparse(f.value) == "super()")
        for f in found
    )


def test_few_modules_read_for_whoever_asks() -> None:
    every = [p for room in ROOMS for p in _modules(room)] + [ROOT / "dashboard.py"]
    found = {str(p.relative_to(ROOT)) for p in every if _calls(p, "to_publish")}
    assert found == PUBLISHES


def test_pages_open_the_store_only_as_whoever_is_looking() -> None:
    commands = {"pages/__main__.py", "pages/serve.py"}
    # They read the settings, write to the audit log, and see whether the store is back; they show nothing.
    apart = {"pages/parts/person.py", "pages/parts/outage.py"}
    found = {str(p.relative_to(ROOT)) for p in _modules("pages") if _calls(p, "Store")}
    assert found <= {"pages/parts/cache.py", *apart, *commands}


def test_every_page_asks_who_is_looking_first() -> None:
    from pages import PAGES

    for entry in PAGES:
        assert _calls(ROOT / entry.path, "current") or "outcome_page" in (
            (ROOT / entry.path).read_text("utf-8")
        ), entry.script


def test_modules_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _modules("data")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}
