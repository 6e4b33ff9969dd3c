"""The Load page in a real browser: a file uploaded, checked, published and undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from data.store import Store
from tests.browser.chrome import Chrome, dashboard
from tests.conftest import SEATTLE
from tests.pages.test_load import SECRET, export
from tests.stores import simulated_store

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.timeout(300),
]
Window = Callable[..., Chrome]


def wait_for(chrome: Chrome, words: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while words not in chrome.text():
        assert chrome.exceptions() == []
        assert time.monotonic() < end, f"{words!r} does not come: {chrome.text()[-1500:]}"
        time.sleep(0.3)
    chrome.settle()


def draws_cleanly(chrome: Chrome, width: int) -> None:
    assert chrome.exceptions() == []
    assert chrome.console_errors() == []
    assert chrome.overflow() <= 1, f"wider than {width} pixels"
    assert chrome.barriers() == []


def put(chrome: Chrome, file: Path) -> None:
    from selenium.webdriver.common.by import By

    chooser = chrome.driver.find_element(By.CSS_SELECTOR, 'input[type="file"]')
    chooser.send_keys(str(file))
    wait_for(chrome, "Read these files")
    chrome.click("button", "Read these files")
    wait_for(chrome, "2. Say what the columns are")


def write(chrome: Chrome, label: str, words: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    box = chrome.driver.find_element(By.CSS_SELECTOR, f'input[aria-label^="{label}"]')
    box.send_keys(words, Keys.ENTER)
    chrome.settle()


def the_whole_way(chrome: Chrome, address: str, file: Path, width: int, shots: Path) -> None:
    """Load a file from nothing to published, looking at every step; leave the page during the check."""
    chrome.open(f"{address}/load")
    put(chrome, file)
    chrome.screenshot(shots / f"map-{width}.png")
    draws_cleanly(chrome, width)
    if "Agency: short id" in chrome.text():
        write(chrome, "Agency: short id", "SPRING")
    chrome.click("button", "Check")
    chrome.open(f"{address}/methods")
    chrome.open(f"{address}/load")
    wait_for(chrome, "4. What would change")
    wait_for(chrome, "5. Publish")
    chrome.screenshot(shots / f"changes-{width}.png")
    draws_cleanly(chrome, width)
    chrome.click("button", "Publish")
    wait_for(chrome, "Yes, publish")
    chrome.screenshot(shots / f"publish-{width}.png")
    chrome.click("button", "Yes, publish")
    wait_for(chrome, "Published as snapshot")
    chrome.screenshot(shots / f"done-{width}.png")
    draws_cleanly(chrome, width)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("which", ["small", "seattle"])
def test_the_whole_way(which: str, width: int, window: Window, tmp_path: Path) -> None:
    if which == "seattle" and not SEATTLE.exists():
        pytest.skip("needs the public Seattle export, which is not part of the product")
    root = simulated_store(tmp_path / "first", contacts=400, officers=12)
    file = SEATTLE
    if which == "small":
        file = tmp_path / "mine.csv"
        file.write_bytes(export())
    before = Store(root).current_id()
    with dashboard(root) as address:
        chrome = window(width)
        the_whole_way(chrome, address, file, width, tmp_path)
        # The page itself, and every other, now shows what was published.
        assert "Simulated data" not in chrome.text()
        after = Store(root).current()
        assert after.id != before
        n = 240 if which == "small" else 32_906
        assert after.cursor().execute("SELECT count(*) FROM contacts").fetchall() == [(n,)]
        chrome.click("button", "See what that changes")
        wait_for(chrome, "Go back to it")
        chrome.click("button", "Go back to it")
        wait_for(chrome, "is in use again")
        assert Store(root).current_id() == before
    every = b"".join(p.read_bytes() for p in root.rglob("*") if p.is_file())
    assert SECRET.encode() not in every
