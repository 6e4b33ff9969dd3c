"""Many people at once: real sessions over WebSockets, every answer checked against the engine.

    python -m tests.bench.bench_sessions --store DIR [--sessions 50] [--seconds 300] [--load FILE]

Sessions arrive over a minute, open a page, and each changes a filter or the page every five seconds.
Halfway a load is published by a process of its own (``--load``, a canonical contacts file); answers that
began after it must be of the new snapshot. Afterwards every sentence that was shown is compared with
``evaluate`` on the snapshot it was asked of. Reported: first loads, changes (those that asked a question for
the first time apart), and how much of a processor the client took, which the server then did not have.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.store import Store
from metrics import wording
from metrics.evaluate import evaluate
from metrics.question import ask, primary_outcomes
from tests.bench.results import ROOT
from tests.bench.served import BOXES, PAGES, UNKNOWN, dashboard, serving
from tests.browser.chrome import free_port
from tests.visits import Drawn, Visit

SHOWN = {"force": "force", "arrest": "arrest", "care": "voluntary_care"}
"""The outcome each page opens with."""
EVERY = 5.0
GRACE = 2.0
"""Seconds around a publication within which either snapshot may answer."""
ARRIVALS = 60.0


@dataclass(frozen=True)
class Seen:
    """One answer: which page and filter, when asked (seconds from the start), and what came."""

    page: str
    cut: tuple[str, str]
    first: bool
    at: float
    drawn: Drawn


def main() -> None:
    """Serve the store, visit it, check what was seen and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--load", type=Path, help="published halfway, by a process of its own")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    before = Store(asked.store).current().id
    port = free_port()
    with serving(dashboard(port), port, asked.store) as server:
        seen, published = asyncio.run(_visits(asked, server.address))
    after = Store(asked.store).current().id
    wrong = _wrong(asked.store, seen, before, after, published)
    _report(seen, wrong, published, asked)


async def _visits(asked: argparse.Namespace, address: str) -> tuple[list[Seen], float | None]:
    began = time.perf_counter()
    until = began + ARRIVALS + asked.seconds
    seen: list[Seen] = []
    published: list[float] = []

    async def publish() -> None:
        await asyncio.sleep(ARRIVALS + asked.seconds / 2)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "data", "load", str(asked.load), "--mapping", "canonical"),
            *("--store", str(asked.store)),
            cwd=ROOT,
            preexec_fn=lambda: os.nice(10),
        )
        if await process.wait() != 0:
            raise SystemExit(f"error: {asked.load} could not be loaded")
        published.append(time.perf_counter() - began)

    async def visit(number: int) -> None:
        chance = random.Random(f"{asked.seed}-{number}")
        await asyncio.sleep(ARRIVALS * number / asked.sessions)
        one = await Visit.to(address)
        page, cut = chance.choice(PAGES), ("", "")
        at = time.perf_counter() - began
        drawn = await one.page(_name(page))
        seen.append(Seen(page, cut, True, at, drawn))
        boxes = {label: drawn.boxes[label] for label in BOXES}
        while (due := at + chance.uniform(0.5, 1.5) * EVERY) < until - began:
            await asyncio.sleep(max(0.0, due - (time.perf_counter() - began)))
            if chance.random() < 0.3:
                page = chance.choice([p for p in PAGES if p != page])
            else:  # one cut at a time: the one before is cleared
                label = chance.choice(list(BOXES))
                cut = (label, chance.choice([o for o in boxes[label][1] if o != UNKNOWN]))
            wanted = {boxes[b][0]: (cut[1],) if b == cut[0] else () for b in BOXES}
            at = time.perf_counter() - began
            drawn = await one.choose(_name(page), wanted)
            seen.append(Seen(page, cut, False, at, drawn))
        await one.close()

    loading = [publish()] if asked.load else []
    await asyncio.gather(*loading, *(visit(n) for n in range(asked.sessions)))
    return seen, published[0] if published else None


def _name(page: str) -> str:
    return "" if page == PAGES[0] else page


def _wrong(
    store: Path, seen: list[Seen], before: str, after: str, published: float | None
) -> list[str]:
    """Return what was not the answer of the engine; each kind of answer is worked out once."""
    known: dict[tuple[str, str, tuple[str, str]], list[str]] = {}

    def answers(snapshot: str, one: Seen) -> list[str]:
        key = (snapshot, one.page, one.cut)
        if key not in known:
            label, level = one.cut
            where = {BOXES[label]: [level.replace(" ", "_")]} if label else {}
            # As the menu writes them: the level whose id reads so.
            question = ask(where=where)
            found = evaluate(
                question.only(*primary_outcomes()), snapshot=Store(store).snapshot(snapshot)
            )
            known[key] = [
                wording.brief(c) if one.page == PAGES[0] else c.sentence
                for c in found
                if c.lacks is None and (one.page == PAGES[0] or c.outcome == SHOWN[one.page])
            ]
        return known[key]

    wrong = []
    for one in seen:
        text = _plain(" ".join(one.drawn.words))
        if one.drawn.errors:
            wrong.append(f"{one.page} {one.cut}: {one.drawn.errors[0]}")
            continue
        ended = one.at + one.drawn.seconds
        allowed = [before] if published is None or ended < published - GRACE else [before, after]
        if published is not None and one.at > published + GRACE:
            allowed = [after]
        if not any(all(_plain(a) in text for a in answers(s, one)) for s in allowed):
            wrong.append(f"{one.page} {one.cut} at {one.at:.0f} s: {answers(allowed[-1], one)[0]}")
    return wrong


def _plain(text: str) -> str:
    """Letters and digits only: the page writes signs so that none is read as a mark."""
    return re.sub(r"[^a-z0-9.,]+", " ", text.lower())


def _report(
    seen: list[Seen], wrong: list[str], published: float | None, asked: argparse.Namespace
) -> None:
    asked_before: set[tuple[str, tuple[str, str], bool]] = set()
    groups: dict[str, list[float]] = {"first load": [], "change": [], "of them, asked first": []}
    for one in sorted(seen, key=lambda s: s.at):
        new = published is not None and one.at > published
        if one.first:
            groups["first load"].append(one.drawn.seconds)
        else:
            groups["change"].append(one.drawn.seconds)
            if (one.page, one.cut, new) not in asked_before:
                groups["of them, asked first"].append(one.drawn.seconds)
        asked_before.add((one.page, one.cut, new))
    print(f"{asked.sessions} sessions, {len(seen):,} answers, {len(wrong)} wrong or refused")
    print("| | n | median s | p95 s | p99 s | longest s |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, times in groups.items():
        if times:
            at = [float(np.percentile(times, q)) for q in (50, 95, 99, 100)]
            print(f"| {name} | {len(times):,} | " + " | ".join(f"{t:.2f}" for t in at) + " |")
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"published at {published:.0f} s" if published else "nothing was published meanwhile")
    print(
        f"client: {used.ru_utime + used.ru_stime:.0f} s of a processor, the check of answers included"
    )
    for line in wrong[:10]:
        print(f"  wrong: {line}")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
