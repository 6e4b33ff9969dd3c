"""The full sensitivity exhibit of one outcome, and its pieces beside row-level peers, in one run.

    python -m tests.bench.bench_exhibit --store DIR [--outcome force]

``--store`` names a folder with a published agency (``tests.bench.bench_adjusted`` says how one of a
million contacts is made). Peers: statsmodels' GLM (modified Poisson) and conditional logit on rows, and
pyfixest's linear model with officer effects; pieces whose peer is not installed are left out.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from data.store import Store
from metrics import regression
from metrics.aggregate import EXPOSURE, OFFICER
from metrics.estimate import NotEstimable
from metrics.exhibit import exhibit
from metrics.exhibit.context import Context
from metrics.question import ask
from metrics.standardisation import standardise
from metrics.within import officer_effects


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return seconds and the result."""
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def rows(context: Context) -> pd.DataFrame:
    """Return the headline's contacts, one row each, with its model matrix."""
    base = context.base
    cells, design = base.fit.cells, base.fit.design
    count = cells.trials.astype(int)
    at = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    frame = pd.DataFrame(design.matrix[cells.pattern[at]], columns=list(design.names))
    frame["y"] = (place < cells.events[at]).astype(float)
    frame["officer"] = cells.cluster[at]
    return frame


def poisson(context: Context, frame: pd.DataFrame) -> tuple[float, float, float]:
    """Modified Poisson: ours, statsmodels', and the largest disagreement."""
    import statsmodels.api as sm

    grouped = context.prepared.grouped
    ours, fit = timed(
        lambda: regression.fit(
            grouped, events=context.events, trials=context.n, family="poisson", se="CR1S"
        )
    )
    x = frame.drop(columns=["y", "officer"])
    theirs, found = timed(
        lambda: sm.GLM(frame["y"], x, family=sm.families.Poisson()).fit(
            cov_type="cluster", cov_kwds={"groups": frame["officer"]}
        )
    )
    worst = max(abs(found.params[n] - fit.coefficients[n]) / fit.se[n] for n in fit.names)
    return ours, theirs, max(worst, abs(found.bse[EXPOSURE] / fit.se[EXPOSURE] - 1))


def effects(context: Context, _: pd.DataFrame) -> tuple[float, float, float]:
    """Officer effects: ours, pyfixest's on rows, and the disagreement of the difference."""
    import pyfixest as pf

    ours, found = timed(
        lambda: officer_effects(context.question, context.outcome, context.snapshot)
    )
    assert not isinstance(found.grouped, NotEstimable)
    grouped = found.grouped
    cells = grouped.count(context.events, context.n)
    count = cells.trials.astype(int)
    at = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    frame = pd.DataFrame(
        {"y": (place < cells.events[at]).astype(float), OFFICER: cells.cluster[at]}
    )
    frame[EXPOSURE] = cells.values(EXPOSURE)[cells.pattern[at]]
    for name in found.adjusters:
        merged = found.effects.pooled.get(name, ())
        level = np.asarray(cells.levels[name])[cells.codes[name][cells.pattern[at]]].astype(str)
        frame[name] = np.where(np.isin(level, merged), "merged", level)
    formula = f"y ~ {EXPOSURE} + {' + '.join(f'C({n})' for n in found.adjusters)} | {OFFICER}"
    theirs, fit = timed(lambda: pf.feols(formula, frame, vcov={"CRV1": OFFICER}))
    value = found.effects.risk_difference.estimate
    return ours, theirs, abs(float(fit.coef()[EXPOSURE]) - value)


def main() -> None:
    """Measure, check and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--outcome", default="force")
    asked = parser.parse_args()
    snapshot = Store(asked.store).current()
    question = ask([asked.outcome])
    exhibit(question, asked.outcome, snapshot)
    seconds, found = timed(lambda: exhibit(question, asked.outcome, snapshot))
    shown = sum(not isinstance(r.risk_difference, NotEstimable) for r in found.rows)
    n = found.headline.n
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {n:,} contacts")
    print(f"exhibit: {seconds:.1f} s for {len(found.rows)} rows, {shown} estimated")
    print(f"load average {os.getloadavg()[0]:.1f}\n")
    context = Context(question, asked.outcome, snapshot)
    assert standardise(context.base.fit, EXPOSURE)
    frame = rows(context)
    print("| piece | here, s | peer on rows, s | ratio | disagreement |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for label, work in (
        ("modified Poisson, clustered (statsmodels)", poisson),
        ("officer effects (pyfixest)", effects),
    ):
        try:
            ours, theirs, worst = work(context, frame)
        except ImportError as error:
            print(f"| {label} | | not installed ({error.name}) | | |")
            continue
        print(f"| {label} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.0f} | {worst:.0e} |")


if __name__ == "__main__":
    main()
