"""Browser fixtures: a dashboard per store, a Chromium per width."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data import ingest, mapping
from data.store import Store
from tests.browser.chrome import Chrome, dashboard, find_chromium
from tests.stores import simulated_store

REQUIRED = os.environ.get("CIT_BROWSER_TESTS") == "required"


@pytest.fixture(scope="session", autouse=True)
def _chromium_or_skip() -> None:
    if find_chromium() is None:
        reason = "needs Chromium and chromedriver (Debian: chromium, chromium-driver)"
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder: the dashboard makes the simulated agency on its first start."""
    return tmp_path_factory.mktemp("sample") / "store"


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve officers and 400 contacts."""
    return simulated_store(tmp_path_factory.mktemp("small"), contacts=400, officers=12)


@pytest.fixture(scope="session")
def universal_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An agency where every officer is trained."""
    folder = tmp_path_factory.mktemp("universal")
    return simulated_store(folder, contacts=4000, model="all_officers_trained")


@pytest.fixture(scope="session")
def bare_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contacts with a number and a time, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "contacts.csv").write_text(
        "agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-02-01 11:00\n"
    )
    ingest.load(Store(folder / "store"), [folder / "contacts.csv"], mapping.read("canonical"))
    return folder / "store"


@pytest.fixture(scope="module", params=["small", "universal", "bare"])
def odd_address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a dashboard on each of the stores where there is little to compare."""
    with dashboard(request.getfixturevalue(f"{request.param}_store")) as url:
        yield url


# Every page on the real export as well takes minutes: with all tests, not in every run.
@pytest.fixture(scope="module", params=["sample", pytest.param("seattle", marks=pytest.mark.slow)])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a dashboard on each store in turn."""
    store = request.getfixturevalue(f"{request.param}_store")
    with dashboard(store) as url:
        yield url


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Callable[[int], Chrome]]:
    """Open browser windows of given widths; all are closed at the end."""
    opened: list[Chrome] = []

    def open_window(width: int, dark: bool = False) -> Chrome:
        opened.append(Chrome(width, tmp_path / f"profile-{len(opened)}", dark=dark))
        return opened[-1]

    yield open_window
    for chrome in opened:
        chrome.close()
