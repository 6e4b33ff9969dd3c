"""Every page by keyboard alone: all that can be worked is reached, nothing holds the focus."""

from __future__ import annotations

import pytest

from pages import PAGES
from tests.browser.chrome import Chrome
from tests.browser.test_pages import Window, query

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]

# What can be worked and is drawn. Inside a group of buttons the arrow keys lead on from the first.
MARK = """
    const wanted = 'a[href],button,input,select,textarea,summary,[role=tab],[tabindex="0"]';
    let n = 0;
    for (const e of document.querySelectorAll(wanted)) {
        const box = e.getBoundingClientRect();
        const drawn = box.width > 1 && box.height > 1
            && e.checkVisibility({visibilityProperty: true, opacityProperty: true});
        const grouped = e.closest('[role=radiogroup],[role=group],[role=tablist],[role=toolbar]');
        if (!drawn || e.disabled || e.tabIndex < 0 || e.type === 'file' || grouped) continue;
        e.dataset.stop = n++;
    }
    window.reached = new Set();
    document.addEventListener('focusin', e => {
        const at = e.target.closest('[data-stop]');
        if (at) window.reached.add(Number(at.dataset.stop));
    });
    document.activeElement.blur();
    return n;
"""
MISSED = """
    return [...document.querySelectorAll('[data-stop]')]
        .filter(e => !window.reached.has(Number(e.dataset.stop)))
        .map(e => e.outerHTML.slice(0, 160));
"""


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_everything_is_reached_by_tab(address: str, window: Window, width: int) -> None:
    chrome = window(width)
    for entry in PAGES:
        chrome.open(f"{address}/{entry.script if entry is not PAGES[0] else ''}")
        stops = int(chrome.driver.execute_script(MARK))
        assert stops >= 3
        chrome.press("TAB", 2 * stops + 40)
        assert chrome.driver.execute_script(MISSED) == [], entry.script
        assert chrome.exceptions() == []


def focus(chrome: Chrome, selector: str) -> None:
    """Press Tab until an element of the selector has the focus."""
    for _ in range(120):
        if chrome.driver.execute_script(
            "return document.activeElement.matches(arguments[0])", selector
        ):
            return
        chrome.press("TAB")
    raise AssertionError(f"{selector} is not reached by Tab")


@pytest.mark.slow
def test_a_page_and_a_filter_are_chosen_by_keyboard(address: str, window: Window) -> None:
    chrome = window(1280)
    chrome.open(address)
    focus(chrome, '[data-testid="stPageLink-NavLink"][href="force"]')
    chrome.press("ENTER")
    chrome.settle()
    assert "Use of force" in chrome.text()
    focus(chrome, '[data-testid="stSidebar"] input[aria-label*="CIT means"]')
    chrome.press("ARROW_DOWN", 3)
    chrome.press("ENTER")
    chrome.settle()
    assert query(chrome)["exposure"][0] != "primary"
    assert chrome.exceptions() == []
