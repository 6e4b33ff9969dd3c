"""A headless Chromium for the browser tests, and a dashboard to point it at."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
# Streamlit's own two 404s on a deep link; nothing else may be logged.
KNOWN_ERRORS = ("/_stcore/health", "/_stcore/host-config")


def find_chromium() -> tuple[str, str] | None:
    """Return the paths of Chromium and its driver, or None if either is missing."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def dashboard(store: Path, port: int | None = None, *options: str) -> Iterator[str]:
    """Run the dashboard on a store, with Streamlit's own options; yield its address."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", "dashboard.py"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.headless", "true", *options]
    log = store.parent / f"dashboard-{port}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "CIT_STORE": str(store)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
    assert "Traceback" not in log.read_text(), log.read_text()[-3000:]


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(f"the dashboard stopped: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the dashboard did not start")


@cache
def _axe() -> str:
    spec = find_spec("axe_playwright_python")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")


class Chrome:
    """One browser window of a given width."""

    def __init__(self, width: int, profile: Path, height: int = 1000, dark: bool = False) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        found = find_chromium()
        assert found, "Chromium and its driver are needed"
        options = webdriver.ChromeOptions()
        options.binary_location = found[0]
        for flag in (
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            f"--window-size={max(width, 500)},{height}",
        ):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(found[1]))
        self.width = width
        self._screen(height)
        if dark:
            self.command(
                "Emulation.setEmulatedMedia",
                {"features": [{"name": "prefers-color-scheme", "value": "dark"}]},
            )

    def command(self, name: str, arguments: dict[str, Any]) -> Any:
        """Send a DevTools command."""
        return self.driver.execute_cdp_cmd(name, arguments)

    def open(self, url: str) -> None:
        """Open an address and wait until the page has been drawn."""
        self.driver.get(url)
        self.settle()

    def settle(self, timeout: float = 60) -> None:
        """Wait until a heading stands and nothing is running or stale."""
        script = """
            const app = document.querySelector('[data-testid="stApp"]');
            const heading = document.querySelector('[data-testid="stMain"] h1');
            const stale = document.querySelector('[data-stale="true"]');
            const busy = document.querySelector('[data-testid="stSpinner"],[data-testid="stSkeleton"]');
            return Boolean(app && heading && !stale && !busy
                && app.getAttribute('data-test-script-state') === 'notRunning');
        """
        end = time.monotonic() + timeout
        calm = 0
        while time.monotonic() < end:
            calm = calm + 1 if self.driver.execute_script(script) else 0
            if calm >= 3:
                return
            time.sleep(0.15)
        raise AssertionError(f"the page did not settle: {self.text()[:500]}")

    def text(self) -> str:
        """Return the words of the page, filters apart."""
        return str(
            self.driver.execute_script(
                "const m = document.querySelector('[data-testid=\"stMain\"]');"
                "return m ? m.innerText : document.body.innerText"
            )
        )

    def click(self, selector: str, words: str) -> None:
        """Click the first element of a selector that holds these words."""
        done = self.driver.execute_script(
            "for (const e of document.querySelectorAll(arguments[0]))"
            " if (e.innerText.includes(arguments[1])) { e.click(); return true; } return false;",
            selector,
            words,
        )
        assert done, f"nothing to click: {selector} {words}"

    def exceptions(self) -> list[str]:
        """Return exceptions and error boxes shown on the page."""
        return list(
            self.driver.execute_script(
                'return [...document.querySelectorAll(\'[data-testid="stException"],'
                '[data-testid="stAlertContentError"]\')].map(e => e.innerText)'
            )
        )

    def console_errors(self) -> list[str]:
        """Return console errors since the last call, Streamlit's own two apart."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE" and not any(k in entry["message"] for k in KNOWN_ERRORS)
        ]

    def barriers(self) -> list[str]:
        """Return what axe-core finds serious or critical: rule, places, and the first of them."""
        if not self.driver.execute_script("return Boolean(window.axe)"):
            self.driver.execute_script(_axe())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']}).then(r => done(r.violations))"
        )
        return [
            f"{v['id']} ({v['impact']}) at {len(v['nodes'])}: {v['nodes'][0]['html'][:300]}"
            for v in found
            if v["impact"] in ("serious", "critical")
        ]

    def press(self, key: str, times: int = 1) -> None:
        """Press a key that has a name (``TAB``, ``ENTER``, ``ARROW_DOWN``), wherever the focus is."""
        from selenium.webdriver import ActionChains
        from selenium.webdriver.common.keys import Keys

        chain = ActionChains(self.driver, duration=0)
        for _ in range(times):
            chain.send_keys(getattr(Keys, key))
        chain.perform()

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(
            self.driver.execute_script(
                "const m = document.querySelector('[data-testid=\"stMain\"]');"
                "return Math.max(document.documentElement.scrollWidth - window.innerWidth,"
                " m.scrollWidth - m.clientWidth)"
            )
        )

    def screenshot(self, path: Path) -> None:
        """Save the whole page, however long."""
        import base64

        height = self.driver.execute_script(
            "const m = document.querySelector('[data-testid=\"stMain\"]');"
            "return m ? m.scrollHeight : document.body.scrollHeight"
        )
        self._screen(int(height) + 80)
        time.sleep(1.0)
        path.write_bytes(base64.b64decode(self.command("Page.captureScreenshot", {})["data"]))
        self._screen(1000)

    def _screen(self, height: int) -> None:
        # A window cannot be narrower than 500 pixels; the emulated screen can.
        self.command(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": self.width,
                "height": height,
                "deviceScaleFactor": 1,
                "mobile": self.width < 500,
            },
        )

    def close(self) -> None:
        """End the browser."""
        self.driver.quit()
