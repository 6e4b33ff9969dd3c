"""``python -m tests.bench``: run the benchmarks and write ``docs/benchmarks.md``; ``make bench`` does so.

    python -m tests.bench [--only ID]... [--sizes N,N,...] [--stores DIR] [--out FILE] [--rounds N]

What was measured is kept in ``--out`` (JSON lines); a run that was stopped goes on, and running it again
only writes the table. Begin anew with another file: what is not measured then stays on the page as it was.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.bench import results, stores, table
from tests.bench.suite import ENTRIES

DOCS = results.ROOT / "docs" / "benchmarks.md"


def parser() -> argparse.ArgumentParser:
    """Return the command's arguments."""
    found = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    found.formatter_class = argparse.RawDescriptionHelpFormatter
    found.add_argument("--only", action="append", choices=[e.id for e in ENTRIES])
    found.add_argument(
        "--sizes", help="contacts, with commas; what each benchmark says if left out"
    )
    found.add_argument("--stores", type=Path, default=stores.default_root())
    found.add_argument("--out", type=Path, help="bench.jsonl beside the stores if left out")
    found.add_argument("--rounds", type=int)
    found.add_argument("--docs", type=Path, default=DOCS, help="the page to write")
    found.add_argument("--part", help=argparse.SUPPRESS)
    return found


def main(arguments: list[str] | None = None) -> None:
    """Run and write, or be the process of one part."""
    asked = parser().parse_args(arguments)
    sizes = [int(n) for n in asked.sizes.split(",")] if asked.sizes else None
    if asked.part:
        entry, name = asked.part.split("/")
        parts = next(e for e in ENTRIES if e.id == entry).parts
        assert sizes
        results.measure(next(p for p in parts if p.name == name), sizes[0], asked.stores, asked.out)
        return
    asked.stores.mkdir(parents=True, exist_ok=True)
    out = asked.out or asked.stores / "bench.jsonl"
    chosen = [e for e in ENTRIES if not asked.only or e.id in asked.only]
    about = out.with_suffix(".machine.json")
    if not about.exists():
        about.write_text(json.dumps(results.machine()), encoding="utf-8")
    results.run(chosen, sizes, asked.stores, out, asked.rounds)
    lines = results.read(out)
    machine = json.loads(about.read_text(encoding="utf-8"))
    before = asked.docs.read_text(encoding="utf-8") if asked.docs.exists() else ""
    page = table.write(ENTRIES, lines, machine, "make bench", before)
    asked.docs.write_text(page, encoding="utf-8")
    print(f"wrote {asked.docs}")
    if wrong := table.disagreements(ENTRIES, lines):
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
