"""How often intervals hold the truth: the adjusted headline beside two that ignore the officers.

    python -m tests.studies.coverage [--seeds 40] [--contacts 20000] [--processes 2]

Each seed simulates an agency, evaluates the pre-specified question as the product does, and compares the
intervals with the true effect on the recorded contacts. Beside it, on the same contacts: the same
regression with the model's own errors (it takes every contact for independent), and the crude
intervals (Newcombe, Koopman).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any, NamedTuple

from data.simulate import Simulation, simulate
from metrics import aggregate, headline, regression
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.evaluate import evaluate
from metrics.question import Question, ask, primary_outcomes
from tests.studies.direct import Direct

METHODS = ("adjusted", "naive", "crude")
SCALES = ("RD", "RR")


class Row(NamedTuple):
    """One interval and the truth: a risk difference per 1,000, or the log of a risk ratio."""

    seed: int
    outcome: str
    method: str
    scale: str
    truth: float
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    df: float | None = None
    reason: str = ""


def one(
    seed: int,
    contacts: int,
    outcomes: tuple[str, ...] | None = None,
    snapshot_of: Callable[[Simulation], Any] = Direct,
) -> list[Row]:
    """Simulate and evaluate one agency."""
    simulation = simulate(contacts, seed, potential=True)
    question = ask(list(outcomes or primary_outcomes()))
    snapshot = snapshot_of(simulation)
    compared = evaluate(question, snapshot=snapshot)
    naive = _naive(snapshot, question)
    rows = []
    for c in compared:
        true = simulation.truth["outcomes"][c.outcome]["primary"]["recorded"]
        values = {
            "adjusted": (c.adjusted.risk_difference, c.adjusted.risk_ratio),
            "naive": naive[c.outcome],
            "crude": (c.unadjusted.risk_difference, c.unadjusted.risk_ratio),
        }
        for method, (difference, ratio) in values.items():
            df = c.adjusted.df if method == "adjusted" else None
            rows.append(
                _row(seed, c.outcome, method, "RD", true["risk_difference"], difference, df)
            )
            rows.append(_row(seed, c.outcome, method, "RR", true["risk_ratio"], ratio, df))
    return rows


def _row(
    seed: int,
    outcome: str,
    method: str,
    scale: str,
    truth: float,
    value: Estimated,
    df: float | None,
) -> Row:
    def shown(x: float) -> float:
        if scale == "RD":
            return 1000 * x
        return math.log(x) if x > 0 else -math.inf

    if not isinstance(value, Estimate):
        return Row(seed, outcome, method, scale, shown(truth), reason=value.reason)
    e, low, high = (shown(v) for v in value)
    return Row(seed, outcome, method, scale, shown(truth), e, low, high, df)


def _naive(snapshot: Any, question: Question) -> dict[str, tuple[Estimated, Estimated]]:
    """Return the same regression's answers with the model's own errors."""
    counts = aggregate.counts(snapshot, question, question.adjust, officers=True)
    prepared = headline.prepare(counts, question.adjust)
    assert prepared.grouped is not None
    found: dict[str, tuple[Estimated, Estimated]] = {}
    for o in question.outcomes:
        fit = regression.fit(prepared.grouped, events=f"events:{o}", trials=f"n:{o}", se="model")
        standard = (
            fit
            if isinstance(fit, NotEstimable)
            else regression.standardise(fit, aggregate.EXPOSURE)
        )
        found[o] = (
            (standard, standard)
            if isinstance(standard, NotEstimable)
            else (standard.risk_difference, standard.risk_ratio)
        )
    return found


class Summary(NamedTuple):
    """What the intervals of one method did over all agencies."""

    spoke: int
    refused: int
    held: int
    below: int
    above: int
    bias: float
    bias_error: float

    @property
    def coverage(self) -> float:
        """Share of intervals that held the truth."""
        return self.held / self.spoke if self.spoke else math.nan


def summarise(rows: Iterable[Row]) -> Summary:
    """Sum up rows of one method and scale."""
    rows = list(rows)
    spoke = [r for r in rows if r.estimate is not None]
    errors = [float(r.estimate or 0.0) - r.truth for r in spoke]
    below = sum(r.high is not None and r.high < r.truth for r in spoke)
    above = sum(r.low is not None and r.low > r.truth for r in spoke)
    n = len(spoke)
    mean = sum(errors) / n if n else math.nan
    spread = sum((e - mean) ** 2 for e in errors) / (n - 1) if n > 1 else math.nan
    return Summary(
        n, len(rows) - n, n - below - above, below, above, mean, math.sqrt(spread / max(n, 1))
    )


def study(
    seeds: int, contacts: int, processes: int, outcomes: tuple[str, ...] | None = None
) -> list[Row]:
    """Evaluate agencies 1 to ``seeds``."""
    work = partial(one, contacts=contacts, outcomes=outcomes)
    if processes < 2:
        return [row for seed in range(1, seeds + 1) for row in work(seed)]
    # A fork would copy the locks of threads that are not there any more.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return [row for rows in pool.map(work, range(1, seeds + 1)) for row in rows]


def table(rows: list[Row]) -> str:
    """Return the Markdown table: coverage, bias and where the misses lie."""
    lines = [
        "| outcome | estimate | errors | agencies | refused | coverage | ± | below | above | bias |"
        " ± |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for outcome in dict.fromkeys(r.outcome for r in rows):
        for scale in SCALES:
            for method in METHODS:
                s = summarise(r for r in rows if r[1:4] == (outcome, method, scale))
                error = math.sqrt(s.coverage * (1 - s.coverage) / s.spoke) if s.spoke else math.nan
                digits = 2 if scale == "RD" else 3
                lines.append(
                    f"| {outcome} | {scale} | {method} | {s.spoke} | {s.refused} |"
                    f" {100 * s.coverage:.1f}% | {100 * error:.1f} | {s.below} | {s.above} |"
                    f" {s.bias:+.{digits}f} | {s.bias_error:.{digits}f} |"
                )
    return "\n".join(lines)


def main() -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--contacts", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    start = time.perf_counter()
    rows = study(asked.seeds, asked.contacts, asked.processes)
    print(table(rows))
    df = [r.df for r in rows if r.df is not None]
    shown = f"; degrees of freedom {min(df):.0f} to {max(df):.0f}" if df else ""
    print(
        f"\n{asked.seeds} agencies of {asked.contacts:,} contacts{shown};"
        f" {time.perf_counter() - start:.0f} s"
    )
    for reason in sorted({r.reason for r in rows if r.reason}):
        print(f"Refused: {reason}")


if __name__ == "__main__":
    main()
