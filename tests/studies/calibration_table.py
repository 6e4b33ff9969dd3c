"""The calibration study's tables, and the bands that a result may fall outside of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.studies.calibration import Book
    from tests.studies.scenarios import Scenario

TYPE_ONE = (0.03, 0.07)
COVERAGE = (0.93, 0.97)
ERRORS = 2.0
"""Monte Carlo errors beyond a band that count as outside it."""
FEWEST = 100
"""Answers below which a scenario is not judged."""
FEWEST_MISSES = 10
LEAST_TAIL = 0.1
"""Share of the misses that each tail must hold."""
METHODS = (
    "default",
    "crude",
    "naive",
    "CR0",
    "CR1",
    "CR2",
    "weights",
    "within",
    "conditional",
    "permutation",
)
Sums = Counter[str]


def share(hits: float, n: float) -> tuple[float, float]:
    """Return a share and its Monte Carlo error."""
    if not n:
        return math.nan, math.nan
    p = hits / n
    return p, math.sqrt(p * (1 - p) / n)


def beyond(hits: float, n: float, band: tuple[float, float], errors: float = ERRORS) -> str:
    """Say whether a share is ``low`` or ``high`` of its band by more than its Monte Carlo error."""
    low, high = (errors * math.sqrt(b * (1 - b) / n) for b in band)
    if hits / n < band[0] - low:
        return "low"
    return "high" if hits / n > band[1] + high else ""


def judged(sums: Sums, null: bool, errors: float = ERRORS) -> list[str]:
    """Return what of the default's answers is outside METHODS' bands; empty if nothing is."""
    found = []
    if null and sums["tested"] >= FEWEST:
        side = beyond(sums["rejected"], sums["tested"], TYPE_ONE, errors)
        found += [f"type I {side}"] if side else []
    for scale in ("rd", "rr"):
        n, below, above = sums[scale], sums[f"{scale} below"], sums[f"{scale} above"]
        if n < FEWEST:
            continue
        side = beyond(n - below - above, n, COVERAGE, errors)
        found += [f"{scale.upper()} held {side}"] if side else []
        if below + above >= FEWEST_MISSES and min(below, above) < LEAST_TAIL * (below + above):
            found.append(f"{scale.upper()} misses in one tail")
    return found


def table(book: Book, chosen: Iterable[Scenario]) -> str:
    """Return all tables as Markdown."""
    listed = list(chosen)
    parts = [
        f"Machine: {book.data['machine']}; {book.data['seconds'] / 60:.0f} minutes.",
        _default(book, listed),
        _freedom(book, listed),
        "Type-I error, % (permutation of officers where refused: last column).",
        _by_method(
            book,
            [s for s in listed if s.null],
            _type_one,
            (*METHODS, "where refused"),
        ),
        "Risk difference held, % (below / above).",
        _by_method(book, listed, lambda c: _held(c, "rd"), METHODS[:8]),
        "Risk ratio held, % (below / above); conditional: the odds ratio within officers.",
        _by_method(book, listed, lambda c: _held(c, "rr"), (*METHODS[:7], "conditional")),
        "Bias of the risk difference per 1,000 (± its Monte Carlo error).",
        _by_method(book, listed, _bias, ("default", "crude", "CR2", "weights", "within")),
        "Refused by the default, and why; no other estimator that fits the scenario refused any.",
        _reasons(book, listed),
    ]
    raised = [
        f"- {s.id}: {method}: {name} ({count})"
        for s in listed
        for method, sums in book.of(s)["sums"].items()
        for name, count in sums.items()
        if name.startswith("raised")
    ]
    return "\n\n".join([*parts, *(["Raised:", "\n".join(raised)] if raised else [])])


def _default(book: Book, listed: list[Scenario]) -> str:
    lines = [
        "| scenario | what | runs | refused | df | type I | ± | RD held | ± | below | above |"
        " RR held | ± | below | above | bias RD | ± | bias log RR | ± | outside |",
        "| --- | --- |" + " ---: |" * 17 + " --- |",
    ]
    for s in listed:
        c = book.sums(s, "default")
        if not c["n"]:
            continue
        cells = [s.id, s.about, f"{c['n']:,}", f"{100 * c['refused'] / c['n']:.1f}%"]
        cells.append(f"{c['df'] / c['with df']:.0f}" if c["with df"] else "")
        cells += _percent(c["rejected"], c["tested"]) if s.null else ["", ""]
        for scale in ("rd", "rr"):
            n, below, above = c[scale], c[f"{scale} below"], c[f"{scale} above"]
            cells += [*_percent(n - below - above, n), str(below), str(above)] if n else [""] * 4
        for scale, digits in (("rd", 2), ("rr", 3)):
            mean, error = _mean(c, scale)
            told = not math.isnan(mean)
            cells += [f"{mean:+.{digits}f}", f"{error:.{digits}f}"] if told else ["", ""]
        outside = judged(c, s.null)
        cells.append("; ".join(outside) if s.fair else "not judged")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _freedom(book: Book, listed: list[Scenario]) -> str:
    """Return the default by its degrees of freedom, over the scenarios whose assumption holds."""
    from tests.studies.calibration import DF_BANDS

    lines = [
        "| degrees of freedom | answers | RD held | ± | RR held | ± | of no effect | type I | ± |",
        "| --- |" + " ---: |" * 8,
    ]
    for low, high in DF_BANDS:
        name = f"df {low} to {high:g}"
        every: Sums = Counter()
        null: Sums = Counter()
        for s in listed:
            if s.fair:
                every.update(book.sums(s, name))
                null.update(book.sums(s, name) if s.null else {})
        if every["rr"]:
            cells = [f"{low} to {high:g}".replace("to inf", "and more"), f"{every['rr']:,}"]
            for scale in ("rd", "rr"):
                misses = every[f"{scale} below"] + every[f"{scale} above"]
                cells += _percent(every[scale] - misses, every[scale])
            cells += [f"{null['tested']:,}", *_percent(null["rejected"], null["tested"])]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _by_method(
    book: Book, listed: list[Scenario], show: Callable[[Sums], str], methods: tuple[str, ...]
) -> str:
    lines = [
        "| scenario | " + " | ".join(methods) + " |",
        "| --- |" + " ---: |" * len(methods),
    ]
    for s in listed:
        cells = [show(book.sums(s, method)) for method in methods]
        if any(cells):
            lines.append(f"| {s.id} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _type_one(c: Sums) -> str:
    return f"{100 * c['rejected'] / c['tested']:.1f}" if c["tested"] >= FEWEST else ""


def _held(c: Sums, scale: str) -> str:
    n, below, above = c[scale], c[f"{scale} below"], c[f"{scale} above"]
    return f"{100 * (n - below - above) / n:.1f} ({below} / {above})" if n >= FEWEST else ""


def _bias(c: Sums) -> str:
    mean, error = _mean(c, "rd")
    return f"{mean:+.2f} ({error:.2f})" if c["rd"] >= FEWEST else ""


def _reasons(book: Book, listed: list[Scenario]) -> str:
    lines = ["| scenario | refused | reason, its numbers left out |", "| --- | ---: | --- |"]
    for s in listed:
        c = book.sums(s, "default")
        for name, count in c.items():
            if name.startswith("reason "):
                reason = name.removeprefix("reason ").rstrip(")")
                lines.append(f"| {s.id} | {100 * count / c['n']:.1f}% | {reason} |")
    return "\n".join(lines)


def _percent(hits: float, n: float) -> list[str]:
    p, error = share(hits, n)
    if not n:
        return ["", ""]
    return [f"{100 * p:.1f}%", f"{100 * error:.1f}"]


def _mean(c: Sums, scale: str) -> tuple[float, float]:
    """Return the mean error of the estimates and its Monte Carlo error."""
    n = c[scale]
    if n < 2:
        return math.nan, math.nan
    mean = c[f"{scale} error"] / n
    return mean, math.sqrt(max(c[f"{scale} square"] / n - mean**2, 0.0) / (n - 1))
