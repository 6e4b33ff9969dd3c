"""How a benchmark is declared, run and written down: every part in a process of its own, in turn.

What was measured is kept as JSON lines, one per part and round, as soon as it is there: a run that was
stopped goes on where it was. Nothing here passes or fails by its time; a run fails where answers disagree.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
ROUNDS = 3
PRODUCT = "product"
BUSY = 0.5
"""Load average at the start of a part, per core, from which its times are no measure of the machine."""


@dataclass(frozen=True)
class Taken:
    """One thing that was timed: wall-clock seconds of each time, processor seconds of all of them.

    ``check`` holds what must agree among parts of an entry; ``peak`` (bytes) is given where the memory
    is not that of the part's own process.
    """

    what: str
    seconds: tuple[float, ...]
    processor: float | None
    check: dict[str, float] = field(default_factory=dict)
    peak: int | None = None
    note: str = ""


Action = Callable[[int, Path], Iterable[Taken]]


@dataclass(frozen=True)
class Part:
    """One side of a comparison; ``most`` is the largest size it is asked for."""

    name: str
    action: Action
    most: int | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """One benchmark: its parts by turns, the product first.

    ``inverse`` has the ratio read *peer over product* (how many times faster), else *product over peer*.
    From ``agree_from`` on what parts found must agree within ``agree``, relative to its size.
    """

    id: str
    title: str
    compares: str
    parts: tuple[Part, ...]
    inverse: bool = False
    agree: float = 0.0
    agree_from: int = 0
    rounds: int = ROUNDS
    sizes: tuple[int, ...] = SIZES


def clocked(what: str, work: Callable[[], Any], repeat: int = 1) -> tuple[Taken, Any]:
    """Time something, and return what it found the last time."""
    taken: list[float] = []
    used = time.process_time()
    found: Any = None
    for _ in range(repeat):
        start = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - start)
    return Taken(what, tuple(taken), time.process_time() - used), found


def run(
    entries: Sequence[Entry],
    sizes: Sequence[int] | None,
    stores: Path,
    out: Path,
    rounds: int | None = None,
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
) -> None:
    """Run what is not in ``out`` yet: by size, then entry, then round, the parts of a round in turn."""
    done = {key(line) for line in read(out)}
    if out.exists() and not out.read_bytes().endswith(b"\n"):
        with out.open("a", encoding="utf-8") as file:  # a line was cut off
            file.write("\n")
    for size in sorted(sizes or {s for e in entries for s in e.sizes}):
        for entry in entries:
            if sizes is None and size not in entry.sizes:
                continue
            for round_ in range(rounds or entry.rounds):
                for part in entry.parts:
                    if part.most is not None and size > part.most:
                        continue
                    if (entry.id, part.name, size, round_) in done:
                        continue
                    say(
                        f"{time.strftime('%H:%M:%S')} {entry.id}/{part.name} {size:,} #{round_ + 1}"
                    )
                    line = _apart(entry, part, size, stores)
                    line |= {"entry": entry.id, "part": part.name, "size": size, "round": round_}
                    with out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(line) + "\n")


def key(line: dict[str, Any]) -> tuple[str, str, int, int]:
    """Return what a kept line is of: entry, part, size and round."""
    return line["entry"], line["part"], line["size"], line["round"]


def read(out: Path) -> list[dict[str, Any]]:
    """Return the lines that were kept; a last one that was cut off is left out."""
    found = []
    for text in out.read_text(encoding="utf-8").splitlines() if out.exists() else ():
        try:
            found.append(json.loads(text))
        except json.JSONDecodeError:
            continue
    return found


def _apart(entry: Entry, part: Part, size: int, stores: Path) -> dict[str, Any]:
    """Run a part in a process of its own; return what it measured, or why it failed."""
    line: dict[str, Any] = {"at": time.strftime("%Y-%m-%d %H:%M"), "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.bench", "--part", f"{entry.id}/{part.name}"),
                *("--sizes", str(size), "--stores", str(stores), "--out", str(result)),
            ],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode == 0:
            return line | {"taken": json.loads(result.read_text(encoding="utf-8"))}
    last = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    print(done.stderr, file=sys.stderr)
    return line | {"taken": [], "failed": last.replace(str(stores), "STORES")[:200]}


def measure(part: Part, size: int, stores: Path, result: Path) -> None:
    """Be the process of one part: measure, add the peak memory of this process, write it down."""
    for package in part.needs:
        __import__(package)
    found = [asdict(taken) for taken in part.action(size, stores)]
    for taken in found:
        if taken["peak"] is None:
            # In KiB on Linux; macOS has bytes.
            unit = 1 if sys.platform == "darwin" else 1024
            taken["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    result.write_text(json.dumps(found), encoding="utf-8")


def machine() -> dict[str, str]:
    """Return what the times depend on, by name."""
    import duckdb

    model, memory = platform.processor() or platform.machine(), ""
    cpuinfo, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if cpuinfo.exists():
        named = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = named[0].split(":", 1)[1].strip() if named else model
    if meminfo.exists():
        memory = f"{int(meminfo.read_text().split()[1]) / 2**20:.0f} GiB"
    return {
        "Processor": model,
        "Cores": str(os.cpu_count()),
        "Memory": memory or "not known",
        "System": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "DuckDB": duckdb.__version__,
        "Date": time.strftime("%Y-%m-%d"),
        "Load average at the start": f"{os.getloadavg()[0]:.1f}",
    }
