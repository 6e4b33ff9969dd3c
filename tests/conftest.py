"""Fixtures shared by every test: golden cases and the public Seattle export."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
SHARED = Path(os.environ.get("CIT_SHARED", HERE.parent.parent / "shared"))
SEATTLE = SHARED / "data" / "seattle_crisis_2015_2019.csv.gz"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the quick tests of a file to one process of a run: it makes what they share once."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(HERE).as_posix()))


def golden_cases() -> dict[str, dict[str, Any]]:
    """Return the golden cases by id."""
    cases = json.loads((GOLDEN / "golden.json").read_text())["cases"]
    return {case["id"]: case for case in cases}


@pytest.fixture(scope="session", autouse=True)
def _shared_stores(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests import stores

    here = tmp_path_factory.getbasetemp()
    # Processes of one run have folders of their own beside one another.
    stores.share(here.parent if os.environ.get("PYTEST_XDIST_WORKER") else here)


@pytest.fixture(scope="session")
def golden() -> dict[str, dict[str, Any]]:
    return golden_cases()


@pytest.fixture(scope="session")
def seattle_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds the Seattle export; skips where the file is absent."""
    if not SEATTLE.exists():
        pytest.skip("needs the public Seattle export, which is not part of the product")
    from data import ingest, mapping
    from data.store import Store

    root = tmp_path_factory.mktemp("seattle") / "store"
    ingest.load(Store(root), [SEATTLE], mapping.read("seattle"))
    return root


@pytest.fixture(scope="session")
def seattle(seattle_store: Path) -> Any:
    """The snapshot of the Seattle export."""
    from data.store import Store

    return Store(seattle_store).current()


@pytest.fixture(scope="session")
def loaded_simulation(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The snapshot of a simulated agency of 12,000 contacts, loaded."""
    from data.store import Store
    from tests.stores import simulated_store

    return Store(simulated_store(tmp_path_factory.mktemp("simulated"), 12_000)).current()
