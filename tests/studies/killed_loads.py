"""Loads killed at any instant: is what is served afterwards always the old or the new, and whole?

    python -m tests.studies.killed_loads --loads 1000 --out DIR [--jobs 2]

Every trial loads an export that replaces all that the store holds, and kills it with SIGKILL: at a random
instant of the whole load, at a random instant of its publishing, or before or after one of the system calls
of its publishing. Then a fresh process verifies the store, compares what is served with the known content of
the old and the new export, row by row and by hash, and loads another export to the end, which must work
and leave nothing behind. Results go to DIR as one JSON line per trial; run again, it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from data import encounters, ingest, mapping, registry, schema
from data.mapping import Mapping
from data.store import Store
from data.verify import verify

EXPORTS = 8
"""Different contents, loaded in turn: each replaces all of the one before."""
CALLS = ("fsync", "rename", "replace", "unlink", "chmod", "open", "mkdir")
"""System calls of the publishing that a trial may stop before or after."""
_WAYS = ("any instant", "publishing", "system call")
_PATIENCE = 120

_MAPPING: dict[str, Any] = {
    "mapping": {"source": "forms", "key": "Form"},
    "agency": {"agency_id": "TEST"},
    "contacts": {
        "columns": {
            "contact_at": "When",
            "district_id": "Area",
            "force_used": {"from": "Force", "map": {"X": "yes", "O": "no"}},
        }
    },
    "contact_officers": {"columns": {"officer_key": "Badge"}},
}


@dataclass(frozen=True)
class Trial:
    """One load that was killed."""

    number: int
    way: str
    """How the instant was chosen."""
    stage: str
    """The stage the load had reached."""
    outcome: str
    """"old", "new", or what was wrong."""
    finished: bool
    """True if the load was done before the signal came."""
    swept: int
    """Notes of `verify` on what the killed load left."""
    seconds: float


def sizes(number: int) -> tuple[int, int]:
    """Contacts, and those with force, of an export."""
    return 20 + 3 * (number % EXPORTS), 1 + number % EXPORTS


def write_exports(folder: Path) -> None:
    """Write the exports: the same first and last day, everything else different."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(EXPORTS):
        contacts, force = sizes(number)
        lines = ["Form,When,Area,Force,Badge"]
        for i in range(contacts):
            day = 1 if i == 0 else 28 if i == contacts - 1 else 2 + (i * 7 + number) % 26
            lines.append(
                f"F{i},2024-03-{day:02d} 10:{number:02d},E{number},{'X' if i < force else 'O'},{number}{i % 5}"
            )
        (folder / f"{number}.csv").write_text("\n".join(lines) + "\n")


def load(store: Store, exports: Path, number: int, at_stage: Callable[[str], None]) -> None:
    """Load an export in place of what is there."""
    ingest.load(
        store,
        [exports / f"{number % EXPORTS}.csv"],
        _mapping(),
        replace_period=True,
        progress=at_stage,
    )


def _mapping() -> Mapping:
    return mapping.parse(_MAPPING, "killed.toml")


def served(store: Store) -> dict[str, Any]:
    """What a reader sees: every value that tells one export from another, counts, and the content's hash."""
    cursor = store.current().cursor()
    rows = cursor.execute(
        "SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM encounters),"
        " (SELECT count(*) FROM contact_officers), (SELECT list_sort(list(DISTINCT district_id)) FROM"
        " contacts), (SELECT count(*) FROM contacts WHERE force_used = 'yes'),"
        " (SELECT count(*) FROM encounters WHERE outcome_force),"
        " (SELECT list_sort(list(DISTINCT district)) FROM encounters)"
    ).fetchone()
    return {
        "rows": json.loads(json.dumps(rows)),
        "hash": {t: [n, str(h)] for t, (n, h) in ingest.content_hash(cursor).items()},
    }


def strange(store: Store) -> list[str]:
    """Files of the store that belong to no kept snapshot."""
    whole = {f"{id_}.{kind}" for id_ in store.ids() for kind in ("duckdb", "json")}
    left = [p.name for p in store.root.iterdir() if p.name.startswith(".")]
    return left + [p.name for p in store.snapshots_dir.iterdir() if p.name not in whole]


def known(number: int) -> list[Any]:
    """What ``served`` must say of an export, worked out without the product."""
    n, force = sizes(number)
    here = [f"E{number % EXPORTS}"]
    return [n, n, n, here, force, force, here]


def in_child(
    work: Callable[[Callable[[str], None]], Any],
    kill: Callable[[int, TextIO], list[str]] | None = None,
) -> Any:
    """Run work in a process of its own; return ("done", result), or ("killed" or "failed", what it wrote).

    The work writes stages to the parent. ``kill`` is given the process's id and what it writes; it must
    end it or let it go on, and returns the lines it has read.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:

            def say(stage: str) -> None:
                os.write(writing, f"{stage}\n".encode())

            result = work(say)
            os.write(writing, f"={json.dumps(result)}\n".encode())
            code = 0
        except BaseException:
            os.write(writing, f"!{json.dumps(traceback.format_exc())}\n".encode())
        finally:
            os._exit(code)
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
            lines = kill(child, pipe) if kill is not None else []
            lines += pipe.read().splitlines()
    finally:
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed", [line for line in lines if line[:1] not in "=!"]
    if lines and lines[-1].startswith("="):
        return "done", json.loads(lines[-1][1:])
    return "failed", json.loads(lines[-1][1:]) if lines else "nothing was said"


def stop_at_call(at: int) -> None:
    """Patch the system calls of this process so that the ``at``-th is killed, before (even) or after (odd)."""
    passed = 0

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            nonlocal passed
            passed += 1
            if at == 2 * passed - 2:
                os.kill(os.getpid(), signal.SIGKILL)
            result = real(*given, **named)
            if at == 2 * passed - 1:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for name in CALLS:
        setattr(os, name, watched(getattr(os, name)))


def _killed_load(
    store: Store, exports: Path, number: int, way: str, rng: random.Random, took: Times
) -> Any:
    def at_stage_of(say: Callable[[str], None], stop_at: int | None) -> Callable[[str], None]:
        def at_stage(stage: str) -> None:
            say(stage)
            if stage == "publishing" and stop_at is not None:
                stop_at_call(stop_at)

        return at_stage

    if way == "system call":
        stop_at = rng.randrange(2 * took.calls)
        return in_child(lambda say: load(store, exports, number, at_stage_of(say, stop_at)))

    def kill(child: int, pipe: TextIO) -> list[str]:
        lines: list[str] = []
        if way == "publishing":
            for line in iter(pipe.readline, ""):
                lines.append(line.rstrip("\n"))
                if lines[-1] == "publishing":
                    break
        time.sleep(rng.uniform(0, took.publishing if lines else took.load))
        os.kill(child, signal.SIGKILL)
        return lines

    return in_child(lambda say: load(store, exports, number, at_stage_of(say, None)), kill)


@dataclass
class Times:
    """How long a load takes here, of which the publishing, and how many system calls that makes."""

    load: float
    publishing: float
    calls: int

    def shorter(self, way: str) -> Times:
        """Return them a little shorter, where a load was done before the signal of this way came."""
        if way == "any instant":
            return replace(self, load=self.load * 0.9)
        if way == "publishing":
            return replace(self, publishing=self.publishing * 0.9)
        return replace(self, calls=max(1, self.calls - 1))


def measure(folder: Path, exports: Path) -> Times:
    """Time a load of this machine, as it is now, on a store of its own."""
    store = Store(folder / "timed")
    found = []

    def timed(say: Callable[[str], None], number: int) -> list[float]:
        calls, stages = 0, {}

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*given: Any, **named: Any) -> Any:
                nonlocal calls
                calls += 1
                return real(*given, **named)

            return call

        def at_stage(stage: str) -> None:
            stages[stage] = time.monotonic()
            if stage == "publishing":
                for name in CALLS:
                    setattr(os, name, counted(getattr(os, name)))

        start = time.monotonic()
        load(store, exports, number, at_stage)
        end = time.monotonic()
        return [end - start, end - stages["publishing"], calls]

    for number in range(5):
        how, result = in_child(lambda say, n=number: timed(say, n))  # type: ignore[misc]
        assert how == "done", result
        found.append(result)
    shutil.rmtree(store.root)
    found = sorted(found[1:])  # the first makes the store
    load_, publishing, calls = found[len(found) // 2]
    return Times(load_, publishing, int(calls))


def trial(store: Store, exports: Path, number: int, seed: str, took: Times) -> Trial:
    """Kill one load and look at what it left. The store holds export ``number - 1``."""
    rng = random.Random(f"{seed}-{number}")
    way = _WAYS[number % len(_WAYS)]
    start = time.monotonic()
    how, said = _killed_load(store, exports, 2 * number, way, rng, took)
    stage = said[-1] if how == "killed" and said else "not begun" if how == "killed" else "done"
    old, new = known(2 * number - 1), known(2 * number)

    def after(say: Callable[[str], None]) -> dict[str, Any]:
        report = verify(store)
        before = served(store)
        load(store, exports, 2 * number + 1, lambda stage: None)
        return {
            "errors": [str(f) for f in report.errors],
            "left": sum("swept" in str(f) or "sweeps" in str(f) for f in report.findings),
            "before": before,
            "after": served(store),
            "strange": strange(store),
        }

    outcome, swept = "", 0
    if how == "failed":
        outcome = f"the load failed by itself: {said}"
    else:
        looked, found = in_child(after)
        if looked != "done":
            outcome = f"could not go on: {found}"
        else:
            swept = found["left"]
            outcome = _judge(found, old, new, known(2 * number + 1))
    took_now = round(time.monotonic() - start, 3)
    return Trial(number, way, stage, outcome, how == "done", swept, took_now)


_hashes: dict[str, dict[str, Any]] = {}


def _judge(found: dict[str, Any], old: list[Any], new: list[Any], next_: list[Any]) -> str:
    """Return "old" or "new", or in words what is wrong."""
    before, after = found["before"], found["after"]
    if found["errors"]:
        return f"verify: {found['errors']}"
    if before["rows"] not in (old, new):
        return f"a mixture: {before['rows']}"
    if after["rows"] != next_:
        return f"the next load: {after['rows']}"
    if found["strange"]:
        return f"left behind: {found['strange']}"
    for seen in (before, after):  # the same export always has the same content
        if _hashes.setdefault(json.dumps(seen["rows"]), seen["hash"]) != seen["hash"]:
            return f"another hash than before: {seen['rows']}"
    return "old" if before["rows"] == old else "new"


def warm() -> None:
    """Do what is done once per process before any is forked: a load then takes a fifth of a second."""
    schema.tables()
    encounters.columns()
    _ = registry.OUTCOMES
    _mapping()


def run(folder: Path, loads: int, seed: int, worker: int = 0, workers: int = 1) -> list[Trial]:
    """Run one worker's share of the trials, going on where the last run stopped."""
    warm()
    exports, results = folder / f"exports-{worker}", folder / f"killed-{worker}.jsonl"
    write_exports(exports)
    done = [Trial(**json.loads(line)) for line in _lines(results)]
    share = len(range(worker, loads, workers))
    if _killed(done) >= share:
        return done
    store = Store(folder / f"store-{worker}")
    shutil.rmtree(store.root, ignore_errors=True)
    store.prepare()
    (store.root / "settings.toml").write_text("snapshots_kept = 2\n")  # each is verified every time
    took = measure(folder / f"measured-{worker}", exports)
    # A load that was done before the signal came is looked at like any other, and not counted.
    while _killed(done) < share:
        number = len(done) + 1
        if store.pointed() is None:
            how, said = in_child(lambda say, n=number: load(store, exports, 2 * n - 1, say))  # type: ignore[misc]
            assert how == "done", said
        found = trial(store, exports, number, f"{seed}-{worker}", took)
        with results.open("a") as out:
            out.write(json.dumps(asdict(found)) + "\n")
        done.append(found)
        if found.finished:  # the machine is quicker than it was when that was measured
            took = took.shorter(found.way)
        if found.outcome not in ("old", "new"):
            shutil.copytree(store.root, folder / f"failed-{worker}-{number}", dirs_exist_ok=True)
            shutil.rmtree(store.root / "snapshots")
            store.pointer.unlink(missing_ok=True)
    return done


def _killed(trials: list[Trial]) -> int:
    return sum(not t.finished for t in trials)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def table(trials: list[Trial]) -> str:
    """Return the trials by way and stage, as a Markdown table."""
    trials = [t for t in trials if not t.finished]
    rows = collections.Counter(
        (t.way, t.stage, t.outcome if t.outcome in ("old", "new") else "WRONG") for t in trials
    )
    lines = [
        "| killed at | stage reached | old served | new served | wrong |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for way, stage in sorted({(w, s) for w, s, _ in rows}):
        cells = [str(rows[way, stage, o]) for o in ("old", "new", "WRONG")]
        lines.append(f"| {way} | {stage} | {' | '.join(cells)} |")
    totals = [
        str(sum(n for (_, _, o), n in rows.items() if o == want))
        for want in ("old", "new", "WRONG")
    ]
    lines.append(f"| all {len(trials)} | | {' | '.join(totals)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loads", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    warm()
    start = time.monotonic()
    children = []
    for worker in range(args.jobs):
        if (child := os.fork()) == 0:
            code = 1
            try:
                run(args.out, args.loads, args.seed, worker, args.jobs)
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        children.append(child)
    codes = [os.waitpid(child, 0)[1] for child in children]
    trials = [
        Trial(**json.loads(line))
        for path in sorted(args.out.glob("killed-*.jsonl"))
        for line in _lines(path)
    ]
    print(table(trials))
    print(
        f"{_killed(trials)} loads killed, {len(trials) - _killed(trials)} more done before the signal came;"
    )
    print(
        f"{sum(t.swept > 0 for t in trials)} left something to sweep; {time.monotonic() - start:.0f} s"
    )
    wrong = [t for t in trials if t.outcome not in ("old", "new")]
    for t in wrong:
        print(f"WRONG {t}")
    raise SystemExit(1 if wrong or any(codes) else 0)


if __name__ == "__main__":
    main()
