"""Throughput of a load beside bare DuckDB reading the same file into a table, in one run.

    python -m tests.bench.bench_load [--repeat N]

Prints a Markdown table: Seattle as it is, and ten copies of it with shifted ids, as one gzipped file
and as ten. The peer writes a table of text to a database file, as the load does; the ratio is the
load's time over the peer's.
"""

from __future__ import annotations

import argparse
import gzip
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from data import ingest, mapping
from data.store import Store
from tests.conftest import SEATTLE

COPIES = 10


def bare(files: list[Path], folder: Path) -> None:
    """What DuckDB needs to read the files into a table on disk."""
    with duckdb.connect(str(folder / "bare.duckdb")) as con:
        con.execute(
            "CREATE TABLE t AS SELECT * FROM read_csv(?, all_varchar = true)",
            [[str(f) for f in files]],
        )


def load(files: list[Path], folder: Path) -> None:
    """The whole load, into a new store."""
    ingest.load(Store(folder / "store"), files, mapping.read("seattle"))


def copies(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write ten copies with shifted ids, as one file and as ten; return both lists of files."""
    one = folder / "ten_copies.csv.gz"
    ten = [folder / f"copy_{i}.csv.gz" for i in range(COPIES)]
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE t AS SELECT * FROM read_csv(?, all_varchar = true)", [str(SEATTLE)]
        )
        columns = '* REPLACE ({} || "Template ID" AS "Template ID")'
        for i, path in enumerate(ten):
            con.execute(
                f"COPY (SELECT {columns.format(i + 1)} FROM t) TO '{path}'"
                " (FORMAT csv, HEADER, COMPRESSION gzip)"
            )
    with gzip.open(one, "wb", compresslevel=1) as out:
        for i, path in enumerate(ten):
            data = gzip.decompress(path.read_bytes())
            out.write(data if i == 0 else data.split(b"\n", 1)[1])
    return [one], ten


def seconds(action: Callable[[list[Path], Path], None], files: list[Path], repeat: int) -> float:
    """Return the median time of an action, each in a folder of its own."""
    taken = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            action(files, Path(folder))
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    if not SEATTLE.exists():
        raise SystemExit("the public Seattle export is not here; set CIT_SHARED")
    rows = 63_369
    with tempfile.TemporaryDirectory() as folder:
        one, ten = copies(Path(folder))
        load([SEATTLE], Path(folder))  # warm: imports and the file cache
        print("| files | rows | load, s | rows/s | bare DuckDB, s | rows/s | ratio |")
        print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
        for name, files, n in (
            ("Seattle", [SEATTLE], rows),
            ("10 copies, one file", one, rows * COPIES),
            ("10 copies, ten files", ten, rows * COPIES),
        ):
            ours, theirs = seconds(load, files, repeat), seconds(bare, files, repeat)
            print(
                f"| {name} | {n:,} | {ours:.2f} | {n / ours:,.0f} | {theirs:.2f} |"
                f" {n / theirs:,.0f} | {ours / theirs:.1f} |"
            )


if __name__ == "__main__":
    main()
