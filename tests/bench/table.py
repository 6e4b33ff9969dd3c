"""What was measured -> ``docs/benchmarks.md``: medians over rounds, ratios within a round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from tests.bench.results import BUSY, PRODUCT, SIZES, Entry

HEAD = """# Benchmarks

Written by `make bench`; not by hand. Each part of a benchmark runs in a process of its own, the
product and its peers in turn, several rounds; times are medians over the rounds, and a ratio is the median
of the ratios within a round: what else the machine did then touched both. *p95* is over everything timed
in a round, *processor* is the processor time of all threads for one of them, *peak* the most memory the
process held (of the server for pages). *Differs* is the largest disagreement of what a peer found,
relative to its size. Nothing passes or fails by its time; `make bench` fails where answers disagree.

Contacts are simulated. Up to 1,000,000 of them are `python -m data simulate`, loaded with all tables; more
are batches of a million of one agency and the same 2,500 officers, without the tables that no outcome
needs (calls, units, documents, rosters, transports): the first is loaded, the rows of the others are put
in as a load writes them, and the product builds the analysis table of all (`tests/bench/stores.py`).
"""

MEMORY = (
    "The most the product held in each, of all rounds: the whole process with its libraries, the server"
    " for pages."
)


def write(
    entries: Sequence[Entry],
    lines: Sequence[dict[str, Any]],
    machine: dict[str, str],
    command: str,
    before: str = "",
) -> str:
    """Return the page: the machine, the command, and a table for each entry that was measured.

    What was not measured now stays as the page ``before`` has it.
    """
    cores = int(machine.get("Cores") or 1)
    text = [HEAD, f"    {command}\n", "| machine | |", "| --- | --- |"]
    text += [f"| {name} | {value} |" for name, value in machine.items()]
    busy = [x["load"] / cores for x in lines]
    if busy and max(busy) > BUSY:
        text.append(
            f"\n**The machine was busy** (load average up to {max(busy) * cores:.1f} on {cores}"
            " cores): read the ratios and processor times, not the seconds."
        )
    stays = _sections(before)
    for entry in entries:
        own = [x for x in lines if x["entry"] == entry.id]
        if own:
            when = max(x.get("at", "") for x in own)[:10]
            said = [f"{entry.compares}{f' Measured on {when}.' if when else ''}"]
            text += ["", f"## {entry.title}", "", *said, "", *_table(entry, own)]
        elif entry.title in stays:
            text += ["", f"## {entry.title}", "", stays[entry.title]]
    text += _memory(entries, lines, stays.get("Memory", ""))
    return "\n".join(text) + "\n"


def _sections(page: str) -> dict[str, str]:
    """Return what a page says under each of its titles."""
    parts = (part.partition("\n") for part in page.split("\n## ")[1:])
    return {title.strip(): text.strip() for title, _, text in parts}


def _memory(entries: Sequence[Entry], lines: Sequence[dict[str, Any]], before: str) -> list[str]:
    """Return the product's peak memory by entry and size; of what was not measured, as ``before`` says."""
    peaks: dict[tuple[str, int], float] = {}
    for line in lines:
        if line["part"] == PRODUCT and line["taken"]:
            at = (line["entry"], line["size"])
            peaks[at] = max(peaks.get(at, 0.0), max(t["peak"] for t in line["taken"]) / 2**30)
    shown = {at: f"{peak:.2f}" for at, peak in peaks.items() if at[1] in SIZES}
    measured = {id_ for id_, _ in peaks}
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in before.splitlines()
        if row.startswith("|")
    ]
    for entry in (e for e in entries if e.id not in measured and rows):
        for row in (r for r in rows if r[0] == entry.title):
            sizes = (int(cell.replace(",", "")) for cell in rows[0][1:])
            shown |= {(entry.id, n): cell for n, cell in zip(sizes, row[1:], strict=True) if cell}
    if not shown:
        return []
    every = sorted({size for _, size in shown})
    text = ["", "## Memory", "", MEMORY, ""]
    text += [f"| peak, GiB | {' | '.join(f'{n:,}' for n in every)} |"]
    text += [f"| --- |{' ---: |' * len(every)}"]
    for entry in entries:
        cells = [shown.get((entry.id, n), "") for n in every]
        if any(cells):
            text.append(f"| {entry.title} | {' | '.join(cells)} |")
    return text


def disagreements(entries: Sequence[Entry], lines: Sequence[dict[str, Any]]) -> list[str]:
    """Return what parts of an entry found differently, beyond what is allowed."""
    wrong = []
    for entry in entries:
        own = [x for x in lines if x["entry"] == entry.id and x["size"] >= entry.agree_from]
        for size, what, part in _rows(entry, own):
            off = _differs(own, size, what, part)
            if part != PRODUCT and off is not None and off > entry.agree:
                wrong.append(f"{entry.id}, {size:,}, {what}: {part} differs by {off:.1e}")
    return wrong


def _table(entry: Entry, lines: Sequence[dict[str, Any]]) -> list[str]:
    reads = "times the product's" if entry.inverse else "product over it"
    text = [
        f"| contacts | what | by | median s | p95 s | processor s | peak GiB | {reads} | differs |",
        "| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for size, what, part in _rows(entry, lines):
        rounds = _taken(lines, size, what, part)
        timed = [t["seconds"] for t in rounds.values()]
        if not timed:
            why = next(
                (x["failed"] for x in lines if _is(x, size, part) and x.get("failed")), "not run"
            )
            text.append(f"| {size:,} | {what} | {part} | {why} | | | | | |")
            continue
        several = max(len(s) for s in timed) > 1
        used = [
            t["processor"] / len(t["seconds"])
            for t in rounds.values()
            if t["processor"] is not None
        ]
        off = _differs(lines, size, what, part)
        cells = [
            f"{size:,}",
            what,
            part,
            _seconds(statistics.median(statistics.median(s) for s in timed)),
            _seconds(statistics.median(quantile(s, 0.95) for s in timed)) if several else "",
            _seconds(statistics.median(used)) if used else "",
            f"{max(t['peak'] for t in rounds.values()) / 2**30:.2f}",
            _ratio(entry, lines, size, what, part),
            "" if part == PRODUCT or off is None else ("0" if off == 0 else f"{off:.0e}"),
        ]
        text.append(f"| {' | '.join(cells)} |")
    notes = dict.fromkeys(t["note"] for x in lines for t in x["taken"] if t["note"])
    return [*text, *(["", *(f"{n}  " for n in notes)] if notes else [])]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _seconds(value: float) -> str:
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _is(line: dict[str, Any], size: int, part: str) -> bool:
    return bool(line["size"] == size and line["part"] == part)


def _rows(entry: Entry, lines: Sequence[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Return size, what and part of each row: the product first, a part that failed by itself."""
    found: list[tuple[int, str, str]] = []
    for size in sorted({x["size"] for x in lines}):
        here = [x for x in lines if x["size"] == size]
        for what in dict.fromkeys(t["what"] for x in here for t in x["taken"]):
            for part in entry.parts:
                if _taken(here, size, what, part.name):
                    found.append((size, what, part.name))
        for part in entry.parts:
            ran = [x for x in here if x["part"] == part.name]
            if ran and not any(x["taken"] for x in ran):
                found.append((size, "", part.name))
    return found


def _taken(
    lines: Sequence[dict[str, Any]], size: int, what: str, part: str
) -> dict[int, dict[str, Any]]:
    """Return what was taken by round."""
    return {
        x["round"]: t
        for x in lines
        if _is(x, size, part)
        for t in x["taken"]
        if t["what"] == what and t["seconds"]
    }


def _ratio(entry: Entry, lines: Sequence[dict[str, Any]], size: int, what: str, part: str) -> str:
    if part == PRODUCT:
        return ""
    ours, theirs = _taken(lines, size, what, PRODUCT), _taken(lines, size, what, part)
    found = []
    for round_ in ours.keys() & theirs.keys():
        a = statistics.median(ours[round_]["seconds"])
        b = statistics.median(theirs[round_]["seconds"])
        found.append(b / a if entry.inverse else a / b)
    if not found:
        return ""
    ratio = statistics.median(found)
    return f"{ratio:.0f}" if ratio >= 100 else f"{ratio:.1f}" if ratio >= 10 else f"{ratio:.2f}"


def _differs(lines: Sequence[dict[str, Any]], size: int, what: str, part: str) -> float | None:
    """Return the largest disagreement with the product, of what both say; None where they share nothing."""
    worst = None
    ours, theirs = _taken(lines, size, what, PRODUCT), _taken(lines, size, what, part)
    for round_ in ours.keys() & theirs.keys():
        a, b = ours[round_]["check"], theirs[round_]["check"]
        for name in a.keys() & b.keys():
            off = abs(a[name] - b[name]) / (abs(a[name]) or 1.0)
            worst = off if worst is None else max(worst, off)
    return worst
