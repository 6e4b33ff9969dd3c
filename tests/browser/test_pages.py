"""Every page in a real browser, on the first-start sample and on Seattle, wide and narrow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

import pytest

from pages import PAGES, PageEntry
from tests.browser.chrome import Chrome

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]
Window = Callable[..., Chrome]


# One of every kind: tiles, a long outcome page, small multiples, wide tables, an editor, plain text.
SOME = ("overview", "force", "covered", "claims", "sql", "methods")


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_some_pages_draw_cleanly(address: str, window: Window, width: int) -> None:
    draw_pages(address, window(width), width, [p for p in PAGES if p.script in SOME])


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_draws_cleanly(address: str, window: Window, width: int) -> None:
    draw_pages(address, window(width), width)


@pytest.mark.slow
def test_every_page_draws_where_there_is_little(odd_address: str, window: Window) -> None:
    draw_pages(odd_address, window(390), 390)  # what fits there fits a wide screen


def draw_pages(
    address: str, chrome: Chrome, width: int, entries: Sequence[PageEntry] = PAGES
) -> None:
    for entry in entries:
        chrome.open(f"{address}/{entry.script if entry is not PAGES[0] else ''}")
        assert entry.title in chrome.text()
        assert chrome.exceptions() == []
        assert chrome.console_errors() == []
        assert chrome.overflow() <= 1, f"{entry.script} is wider than {width} pixels"
        assert chrome.barriers() == [], entry.script


def test_the_first_page_is_usable(address: str, window: Window) -> None:
    chrome = window(1280)
    chrome.open(address)
    words = chrome.text()
    for tile in ("Crisis contacts", "CIT officer came", "Force used", "Arrested", "Officer time"):
        assert tile in words
    assert "95% CI" in words
    assert "reduce" not in words
    assert "non-CIT" not in words


def test_every_figure_has_words(address: str, window: Window) -> None:
    chrome = window(1280)
    chrome.open(f"{address}/force")
    labels = chrome.driver.execute_script(
        "return [...document.querySelectorAll('[data-testid=\"stPlotlyChart\"]')]"
        ".map(e => (e.closest('[aria-label]') || e.querySelector('[aria-label]') || e)"
        ".getAttribute('aria-label') || '')"
    )
    assert len(labels) >= 3
    # Numbers, not just a title: rates per 1,000, or ratios with their intervals.
    assert all("1,000" in text or "95% CI" in text for text in labels), labels


def query(chrome: Chrome) -> dict[str, list[str]]:
    return parse_qs(urlsplit(chrome.driver.current_url).query)


def choose(chrome: Chrome, label: str, option: str) -> None:
    """Pick an option of a select box or multiselect of the sidebar, as a person would."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    box = chrome.driver.find_element(
        By.CSS_SELECTOR, f'[data-testid="stSidebar"] input[aria-label*="{label}"]'
    )
    chrome.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", box)
    before = chrome.driver.current_url
    box.send_keys(option)
    box.send_keys(Keys.ENTER)
    # On a busy machine the page is calm for a while before it takes notice.
    end = time.monotonic() + 20
    while chrome.driver.current_url == before and time.monotonic() < end:
        time.sleep(0.1)
    chrome.settle()


@pytest.mark.slow
def test_a_filter_stands_in_the_link_and_survives(address: str, window: Window) -> None:
    chrome = window(1280)
    chrome.open(f"{address}/force")
    everything = chrome.text()
    choose(chrome, "Call group", "suicide")
    filtered = chrome.text()
    assert filtered != everything
    assert query(chrome)["call_group"] == ["suicide"]

    chrome.driver.refresh()
    chrome.settle()
    assert chrome.text() == filtered, "reloading the link shows the same view"

    link = chrome.driver.current_url
    other = window(1280)
    other.open(link)
    assert other.text() == filtered, "the link shows the same view to someone else"

    chrome.click('[data-testid="stPageLink-NavLink"]', "Overview")
    chrome.settle()
    assert "Overview" in chrome.text()
    assert query(chrome)["call_group"] == ["suicide"], "a filter survives a change of page"

    chrome.driver.back()
    chrome.settle()
    assert chrome.text() == filtered, "Back returns to the same view"
    assert chrome.exceptions() == []
    assert chrome.console_errors() == []


@pytest.mark.slow
def test_a_broken_link_shows_everything(address: str, window: Window) -> None:
    chrome = window(1280)
    chrome.open(f"{address}/?exposure=nonsense&district=nowhere&call_group=%3Cb%3E")
    assert "Overview" in chrome.text()
    assert chrome.exceptions() == []


@pytest.mark.slow
def test_dark_mode_draws(address: str, window: Window) -> None:
    chrome = window(1280, dark=True)
    chrome.open(f"{address}/force")
    background = chrome.driver.execute_script(
        "return getComputedStyle(document.querySelector('[data-testid=\"stApp\"]')).backgroundColor"
    )
    assert background == "rgb(17, 23, 29)"
    assert chrome.exceptions() == []
