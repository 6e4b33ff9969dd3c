"""What a visitor waits for: pages of a real server over its WebSocket, and the first page after a start."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from tests.bench.filters import Cut, bare, sql
from tests.bench.results import ROOT, Taken, clocked
from tests.bench.stores import ensure
from tests.browser.chrome import free_port
from tests.visits import Drawn, Visit

PAGES = ("overview", "force", "arrest", "care")
BOXES = {"District": "district", "Shift": "shift", "Weapon reported": "weapon"}
"""The filters that are changed: what stands beside each, and the covariate it cuts by."""
UNKNOWN = "not recorded"
FILTERS = 12
"""Filters tried on each page, none of them on another page before."""
FIRST, AGAIN, OPENED = "asked first", "asked again", "opened by its link"
PATIENCE = 600.0


@dataclass
class Server:
    """A running server: where, and its process."""

    address: str
    process: subprocess.Popen[bytes]

    def used(self) -> float | None:
        """Return processor seconds so far, None where the system does not say."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return None
        fields = stat.read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> int | None:
        """Return the most memory (bytes) it has held, None where the system does not say."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.exists():
            return None
        held = [x for x in status.read_text().splitlines() if x.startswith("VmHWM")]
        return int(held[0].split()[1]) * 1024


@contextlib.contextmanager
def serving(command: list[str], port: int, store: Path | None = None) -> Iterator[Server]:
    """Start a server and wait until it answers; stop it in the end."""
    env = {**os.environ, **({"CIT_STORE": str(store)} if store else {})}
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://localhost:{port}"
    try:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(OSError), urlopen(f"{address}/_stcore/health", timeout=1):
                yield Server(address, process)
                return
            time.sleep(0.02)
        raise SystemExit("error: the server did not start; run `make run` to see why")
    finally:
        process.kill()
        process.wait()


def dashboard(port: int) -> list[str]:
    """Return the command that serves the dashboard on a port of this machine."""
    return [sys.executable, "-m", "pages", "serve", "--port", str(port)]


def pages(size: int, stores: Path) -> Iterator[Taken]:
    """Change filters on each page: every filter once for the first time, then all of them again."""
    port = free_port()
    with serving(dashboard(port), port, ensure(stores, size)) as server:
        yield from asyncio.run(_changes(server))


async def _changes(server: Server) -> list[Taken]:
    visit = await Visit.to(server.address)
    found = []
    for place, page in enumerate(PAGES):
        name = "" if page == PAGES[0] else page
        before = server.used()
        opened = _sound(page, await asyncio.wait_for(visit.page(name), PATIENCE))
        ids = {BOXES[label]: opened.boxes[label][0] for label in BOXES}
        levels = {
            BOXES[label]: [o for o in opened.boxes[label][1] if o != UNKNOWN] for label in BOXES
        }
        found.append(_taken(f"{page}, {OPENED}", [opened], before, server))
        asked = choices(levels, place)
        for kind in (FIRST, AGAIN):
            before, drawn = server.used(), []
            for cut in asked:
                wanted = {ids[dim]: tuple(cut.get(dim, ())) for dim in ids}
                drawn.append(
                    _sound(page, await asyncio.wait_for(visit.choose(name, wanted), PATIENCE))
                )
            found.append(_taken(f"{page}, {kind}", drawn, before, server))
    await visit.close()
    return found


def choices(levels: dict[str, list[str]], place: int) -> list[Cut]:
    """Return the filters of the page at this place: of at most one level of each box."""
    found: list[Cut] = []
    for chosen in itertools.product(*([None, *sorted(levels[dim])] for dim in sorted(levels))):
        cut = {d: [c] for d, c in zip(sorted(levels), chosen, strict=True) if c is not None}
        found += [cut] if 0 < len(cut) < len(levels) else []
    random.Random(1).shuffle(found)
    return found[place * FILTERS :][:FILTERS]


def _sound(page: str, drawn: Drawn) -> Drawn:
    if drawn.errors:
        raise SystemExit(f"error: {page}: {drawn.errors[0]}")
    return drawn


def _taken(what: str, drawn: list[Drawn], before: float | None, server: Server) -> Taken:
    now = server.used()
    used = None if before is None or now is None else now - before
    return Taken(what, tuple(d.seconds for d in drawn), used, peak=server.peak())


def engine(size: int, stores: Path) -> Iterator[Taken]:
    """Ask the engine alone for the grouped counts of the same kind of filters."""
    with bare(stores, size) as con:
        levels = {
            dim: [
                str(row[0])
                for row in con.execute(
                    f"SELECT DISTINCT {dim} FROM encounters WHERE {dim} IS NOT NULL"
                ).fetchall()
            ]
            for dim in BOXES.values()
        }
        con.sql(sql({}, officers=True)).to_arrow_table()
        for place, page in enumerate(PAGES):
            asked = choices(levels, place)
            for kind in (FIRST, AGAIN):
                each = [
                    clocked("", lambda c=cut: con.sql(sql(c, officers=True)).to_arrow_table())
                    for cut in asked
                ]
                yield Taken(
                    f"{page}, {kind}",
                    tuple(t.seconds[0] for t, _ in each),
                    sum(t.processor or 0.0 for t, _ in each),
                )


def cold(size: int, stores: Path) -> Iterator[Taken]:
    """Start the dashboard and open the Overview."""
    store = ensure(stores, size)
    port = free_port()
    yield _start(dashboard(port), port, store)


def empty(size: int, stores: Path) -> Iterator[Taken]:
    """Start Streamlit on a script of one line and open it."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text("import streamlit as st\n\nst.write('.')\n", encoding="utf-8")
        port = free_port()
        command = [sys.executable, "-m", "streamlit", "run", str(script)]
        command += ["--server.port", str(port), "--server.headless", "true"]
        yield _start(command, port)


def _start(command: list[str], port: int, store: Path | None = None) -> Taken:
    began = time.perf_counter()

    async def first(server: Server) -> float:
        visit = await Visit.to(server.address)
        _sound("the first page", await asyncio.wait_for(visit.page(""), PATIENCE))
        seconds = time.perf_counter() - began
        await visit.close()
        return seconds

    with serving(command, port, store) as server:
        seconds = asyncio.run(first(server))
        return Taken("start to first page drawn", (seconds,), server.used(), peak=server.peak())
