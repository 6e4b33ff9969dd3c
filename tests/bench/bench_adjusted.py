"""Four primary outcomes fully adjusted, from the store, beside statsmodels on the rows, in one run.

    python -m tests.bench.bench_adjusted [--contacts 1000000] [--repeat 3] [--store DIR]

Simulates an agency and publishes it (unless ``--store`` names a folder that holds one already), times
``evaluate`` of the pre-specified question, and then fits the same design by statsmodels' binomial GLM,
one row per contact, with errors clustered by officer. Coefficients and errors must agree to 1e-8, or
this fails.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from data import ingest, mapping
from data.simulate import simulate, write
from data.store import Snapshot, Store
from metrics import aggregate, headline, regression
from metrics.estimate import NotEstimable
from metrics.evaluate import evaluate
from metrics.question import Question, ask

AGREE = 1e-8
SEED = 1


def publish(contacts: int, folder: Path) -> Snapshot:
    """Simulate an agency and load it into a store; print what each step took."""
    start = time.perf_counter()
    simulation = simulate(contacts, SEED)
    drawn = time.perf_counter()
    write(simulation, folder / "files")
    written = time.perf_counter()
    print(f"simulate {drawn - start:.1f} s, write {written - drawn:.1f} s", flush=True)
    assert contacts > 1_000_000 or written - start < 60
    del simulation
    files = [folder / "files" / f"{name}.parquet" for name in mapping.importable_tables()]
    store = Store(folder / "store")
    ingest.load(store, [f for f in files if f.exists()], mapping.read("canonical"), simulated=True)
    print(f"load {time.perf_counter() - written:.1f} s", flush=True)
    return store.current()


def ours(snapshot: Snapshot, question: Question, repeat: int) -> float:
    """Return the median time of evaluating all outcomes, after one unmeasured run."""
    evaluate(question, snapshot=snapshot)
    taken = []
    for _ in range(repeat):
        start = time.perf_counter()
        found = evaluate(question, snapshot=snapshot)
        taken.append(time.perf_counter() - start)
        assert all(c.adjusted.p_holm is not None for c in found)
    return statistics.median(taken)


def theirs(prepared: headline.Prepared, outcome: str) -> tuple[float, float, int]:
    """Fit one outcome by statsmodels on rows; return its time, the largest disagreement, the rows."""
    import statsmodels.api as sm

    assert prepared.grouped is not None
    events, trials = f"events:{outcome}", f"n:{outcome}"
    fits = {}
    for se in ("CR0", "CR1S"):
        fit = regression.fit(prepared.grouped, events=events, trials=trials, se=se)
        assert not isinstance(fit, NotEstimable), fit
        fits[se] = fit
    cells, design = fits["CR0"].cells, fits["CR0"].design
    count = cells.trials.astype(int)
    x = design.matrix[np.repeat(cells.pattern, count)]
    assert cells.cluster is not None
    officer = np.repeat(cells.cluster, count)
    place = np.arange(len(x)) - np.repeat(np.cumsum(count) - count, count)
    y = (place < np.repeat(cells.events, count)).astype(float)
    start = time.perf_counter()
    result = sm.GLM(y, x, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": officer}
    )
    taken = time.perf_counter() - start
    plain = sm.GLM(y, x, family=sm.families.Binomial()).fit(
        start_params=result.params,
        cov_type="cluster",
        cov_kwds={"groups": officer, "use_correction": False},
    )
    worst = 0.0
    for se, found in (("CR1S", result), ("CR0", plain)):
        fit = fits[se]
        scale = np.array([fit.se[n] for n in fit.names])
        worst = max(
            worst,
            float(np.abs((found.params - fit.beta) / scale).max()),
            float(np.abs(found.params - fit.beta).max()),
            float(np.abs(found.bse / scale - 1).max()),
        )
    return taken, worst, len(y)


def main() -> None:
    """Measure, check and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--store", type=Path)
    asked = parser.parse_args()
    question = ask()
    with tempfile.TemporaryDirectory() as folder:
        snapshot = (
            Store(asked.store).current() if asked.store else publish(asked.contacts, Path(folder))
        )
        taken = ours(snapshot, question, asked.repeat)
        print(f"evaluate, four outcomes: {taken:.2f} s (load average {os.getloadavg()[0]:.1f})")
        counts = aggregate.counts(snapshot, question, question.adjust, officers=True)
        prepared = headline.prepare(counts, question.adjust)
        rows = [theirs(prepared, o) for o in question.outcomes]
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| outcome | rows | statsmodels GLM, s | largest disagreement |")
    print("| --- | ---: | ---: | ---: |")
    for outcome, (seconds, worst, n) in zip(question.outcomes, rows, strict=True):
        print(f"| {outcome} | {n:,} | {seconds:.1f} | {worst:.1e} |")
    total = sum(seconds for seconds, _, _ in rows)
    print("\n| four outcomes | seconds | ratio |")
    print("| --- | ---: | ---: |")
    print(f"| this product, from the store | {taken:.2f} | 1 |")
    print(f"| statsmodels GLM on rows, fits alone | {total:.1f} | {total / taken:.0f} |")
    if max(worst for _, worst, _ in rows) > AGREE:
        sys.exit("coefficients or errors disagree")


if __name__ == "__main__":
    main()
