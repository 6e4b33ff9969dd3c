"""How long an extract takes, by format, with the processor's time beside it.

    python -m tests.bench.bench_extract --store DIR [--contacts N]

Without ``--store`` an agency of ``--contacts`` (1,000,000) is simulated and loaded first, which takes
minutes. Each format is written by a process of its own, into a folder that is removed again. The goal is
1,000,000 contacts in less than 60 seconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from data.sql import one
from data.store import Store
from tests.stores import simulated_store

WAYS = (
    ("Parquet, dates shifted", "x", ()),
    ("CSV, dates shifted", "x", ("--format", "csv")),
    ("DuckDB, dates shifted", "x.duckdb", ()),
    ("DuckDB, dates kept", "x.duckdb", ("--dates", "keep")),
)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = asked.store or simulated_store(Path(folder) / "made", asked.contacts)
        contacts = one(Store(store).current().cursor(), "SELECT count(*) FROM encounters")[0]
        print(
            f"{contacts:,} contacts, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}\n"
        )
        print("| format | time, s | processor, s | size, MB |")
        print("| --- | ---: | ---: | ---: |")
        for i, (name, out, options) in enumerate(WAYS):
            path = Path(folder) / f"{i}{out}"
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            start = time.perf_counter()
            subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "data",
                    "extract",
                    "--store",
                    store,
                    "--out",
                    path,
                    *options,
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            took = time.perf_counter() - start
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
            files = [path] if path.is_file() else list(path.iterdir())
            size = sum(f.stat().st_size for f in files) / 1e6
            print(f"| {name} | {took:.1f} | {spent:.1f} | {size:.0f} |", flush=True)


if __name__ == "__main__":
    main()
