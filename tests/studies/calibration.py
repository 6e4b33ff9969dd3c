"""Calibration: what each estimator does where the truth is known, and when the default refuses.

    python -m tests.studies.calibration [--repetitions 2000] [--others 500] [--scenario ID]...
                                        [--jobs 2] [--out FILE.json] [--table]

The default is the product's own, through ``headline.prepare`` and ``headline.analyse``: its refusals,
its limits. Beside it, on the same contacts and never refused for being few: the crude comparison,
the same regression with the model's own errors, CR0 (normal, as most programs print it), CR1 (t with
G - 1) and CR2; overlap weights; the linear model with officer effects and, where officers switch, the
conditional logit; and the permutation of officers. Results are sums by scenario, kept in the file
after each block of repetitions: a run that was ended goes on where it was. ``--table`` prints the
tables of what the file holds and runs nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metrics import headline, proportions, regression, weighting
from metrics._student import quantile
from metrics.aggregate import EXPOSURE, OFFICER
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested
from metrics.headline import Prepared
from metrics.permutation import officer_permutation
from metrics.regression import Fit
from metrics.sandwich import Errors
from tests.studies import scenarios
from tests.studies.scenarios import OUTCOME, SCENARIOS, Drawn, Scenario, Truth, draw

N, EVENTS = f"n:{OUTCOME}", f"events:{OUTCOME}"
BLOCK = 50
DEFAULT = "default"
REFITTED = ("naive", "CR0", "CR1", "CR2")
DF_BANDS = ((4, 6), (6, 8), (8, 12), (12, 20), (20, math.inf))
Sums = dict[str, Counter[str]]


class Found(NamedTuple):
    """One estimator's answer: ``ratio`` is the risk ratio, or the odds ratio within officers."""

    difference: Estimated | None
    ratio: Estimated | None
    p: float | None
    df: float | None = None
    reason: str = ""
    overlap: bool = False
    within: bool = False


def default(prepared: Prepared) -> Iterator[tuple[str, Found]]:
    """Yield the product's headline, again by its degrees of freedom, and its p where it refuses."""
    adjusted = headline.analyse(prepared, OUTCOME).adjusted
    if isinstance(adjusted.risk_ratio, NotEstimable):
        yield DEFAULT, Found(None, None, None, reason=_short(adjusted.risk_ratio.reason))
        if isinstance(adjusted.permutation, Test):
            yield "where refused", Found(None, None, adjusted.permutation.p_value)
        return
    found = Found(adjusted.risk_difference, adjusted.risk_ratio, adjusted.p_value, adjusted.df)
    yield DEFAULT, found
    assert adjusted.df is not None
    for low, high in DF_BANDS:
        if low <= adjusted.df < high:
            yield f"df {low} to {high:g}", found


def others(prepared: Prepared, switching: bool) -> Iterator[tuple[str, Found]]:
    """Yield the other estimators' answers on the same contacts."""
    frame = prepared.frame
    arms = frame.groupby(EXPOSURE)[[EVENTS, N]].sum()
    e1, n1, e0, n0 = (int(x) for arm in (1, 0) for x in arms.loc[arm])
    yield (
        "crude",
        _found(
            proportions.risk_difference(e1, n1, e0, n0),
            proportions.risk_ratio(e1, n1, e0, n0),
            proportions.compare(e1, n1, e0, n0),
        ),
    )
    assert prepared.grouped is not None
    fit = regression.fit(prepared.grouped, events=EVENTS, trials=N, se="CR2")
    for kind in REFITTED:
        standard = fit if isinstance(fit, NotEstimable) else standardised(fit, kind)
        if isinstance(standard, NotEstimable):
            yield kind, Found(None, None, None, reason=_short(standard.reason))
            continue
        ratio = standard.log_risk_ratio
        df = None if isinstance(ratio, NotEstimable) or math.isinf(ratio.df) else ratio.df
        found = _found(standard.risk_difference, standard.risk_ratio, standard.test)
        yield kind, found._replace(df=df)
    yield "weights", _weighted(prepared)
    yield "within", _within(prepared)
    if switching:
        yield "conditional", _conditional(prepared)
    test = officer_permutation(frame, OUTCOME)
    yield (
        "permutation",
        Found(
            None, None, *((test.p_value,) if isinstance(test, Test) else (None, None, test.reason))
        ),
    )


def standardised(fit: Fit, kind: str) -> Any:
    """Standardise a CR2 fit with other errors of the same scores."""
    if kind == "CR2":
        return regression.standardise(fit, EXPOSURE)
    clusters, root = fit.errors.clusters, fit.errors.root
    assert clusters is not None
    inner, freedom = np.eye(len(root)), np.inf
    if kind != "naive":
        inner = clusters.scores.T @ clusters.scores
    if kind == "CR1":
        count = len(clusters.scores)
        inner, freedom = inner * count / (count - 1), float(count - 1)
    covariance = root @ inner @ root.T
    errors = Errors(covariance, root, freedom, np.empty((0, len(root))))
    return regression.standardise(replace(fit, covariance=covariance, errors=errors), EXPOSURE)


def _weighted(prepared: Prepared) -> Found:
    score = weighting.propensity(
        prepared.frame,
        exposure=EXPOSURE,
        terms=list(prepared.covariates),
        trials="contacts",
        cluster=OFFICER,
    )
    if isinstance(score, NotEstimable):
        return Found(None, None, None, reason=_short(score.reason))
    found = weighting.effect(score, events=EVENTS, trials=N)
    if isinstance(found, NotEstimable):
        return Found(None, None, None, reason=_short(found.reason))
    return _found(found.risk_difference, found.risk_ratio, found.test)._replace(overlap=True)


def _within(prepared: Prepared) -> Found:
    assert prepared.grouped is not None
    found = regression.officer_effects(prepared.grouped, events=EVENTS, trials=N, exposure=EXPOSURE)
    if isinstance(found, NotEstimable):
        return Found(None, None, None, reason=_short(found.reason))
    if found.df < headline.FEWEST_DF:
        return Found(None, None, None, reason="too few officers")
    return Found(found.risk_difference, None, found.test.p_value, found.df, within=True)


def _conditional(prepared: Prepared) -> Found:
    assert prepared.grouped is not None
    found = regression.conditional_logit(prepared.grouped, events=EVENTS, trials=N)
    if isinstance(found, NotEstimable):
        return Found(None, None, None, reason=_short(found.reason))
    test = found.test(EXPOSURE, robust=True)
    odds = found.odds_ratio(EXPOSURE, robust=True)
    return _found(None, odds, test)._replace(within=True)


def _found(difference: Estimated | None, ratio: Estimated | None, test: Tested) -> Found:
    shown = ratio if difference is None else difference
    reason = _short(shown.reason) if isinstance(shown, NotEstimable) else ""
    return Found(difference, ratio, test.p_value if isinstance(test, Test) else None, reason=reason)


def _short(reason: str) -> str:
    """Return a reason without its numbers, to be counted."""
    return " ".join(w for w in reason.split(":")[0].split() if not any(c.isdigit() for c in w))[:60]


def add(sums: Counter[str], found: Found, truth: Truth, null: bool) -> None:
    """Count one answer."""
    sums["n"] += 1
    if found.reason:
        sums["refused"] += 1
        sums[f"reason {found.reason}"] += 1
    if found.p is not None:
        sums["tested"] += 1
        sums["rejected"] += found.p < 0.05
    if found.df is not None:
        sums["with df"] += 1
        sums.update({"df": found.df})
    one, other = (truth.overlap1, truth.overlap0) if found.overlap else (truth.risk1, truth.risk0)
    # Within officers the linear model averages by how officers' contacts are split: known if null.
    difference = found.difference if not found.within or null else None
    ratio_truth = truth.odds_ratio_within if found.within else one / other
    if isinstance(difference, Estimate):
        shown = Estimate(*(1000 * v for v in difference))
        _interval(sums, "rd", shown, 1000 * (one - other))
    if isinstance(found.ratio, Estimate) and found.ratio.estimate > 0:
        low = math.log(found.ratio.low) if found.ratio.low > 0 else -math.inf
        high = math.log(found.ratio.high) if found.ratio.high > 0 else math.inf
        logs = Estimate(math.log(found.ratio.estimate), low, high)
        _interval(sums, "rr", logs, math.log(ratio_truth))
        if found.df is not None and math.isfinite(high - low):
            variance = ((high - low) / 2 / quantile(found.df)) ** 2
            sums.update({"rr variance": variance})


def _interval(sums: Counter[str], scale: str, shown: Estimate, truth: float) -> None:
    error = shown.estimate - truth
    sums[scale] += 1
    sums[f"{scale} below"] += shown.high < truth
    sums[f"{scale} above"] += shown.low > truth
    sums.update({f"{scale} error": error, f"{scale} square": error**2})


def block(id_: str, start: int, stop: int, compared: int) -> Sums:
    """Run some repetitions of a scenario, those below ``compared`` with every estimator."""
    s = scenarios.scenario(id_)
    sums: Sums = {}
    for repetition in range(start, stop):
        drawn = draw(s, repetition)
        prepared = headline.prepare(drawn.counts, drawn.counts.by)
        _try(sums, drawn, s, DEFAULT, partial(default, prepared))
        if repetition < compared:
            _try(sums, drawn, s, "others", partial(others, prepared, s.switching))
    return sums


def _try(
    sums: Sums,
    drawn: Drawn,
    s: Scenario,
    name: str,
    answers: Callable[[], Iterator[tuple[str, Found]]],
) -> None:
    try:
        for method, answer in answers():
            add(sums.setdefault(method, Counter()), answer, drawn.truth, s.null)
    except Exception as error:  # one bad draw must not end the study: it is counted and shown
        sums.setdefault(name, Counter())[f"raised {type(error).__name__}: {error}"[:90]] += 1


def fingerprint(s: Scenario) -> str:
    """Return what the results of a scenario depend on besides the product."""
    kept = repr((scenarios.VERSION, replace(s, about=""), scenarios.covariates(s)))
    return hashlib.sha256(kept.encode()).hexdigest()[:12]


class Book:
    """The file of results."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.data: dict[str, Any] = {"machine": machine(), "seconds": 0.0, "scenarios": {}}
        if path is not None and path.exists():
            self.data = json.loads(path.read_text(encoding="utf-8"))

    def of(self, s: Scenario) -> dict[str, Any]:
        """Return a scenario's results; those of another generator are thrown away."""
        kept = self.data["scenarios"]
        if s.id not in kept or kept[s.id]["fingerprint"] != fingerprint(s):
            kept[s.id] = {"fingerprint": fingerprint(s), "blocks": [], "sums": {}}
        entry: dict[str, Any] = kept[s.id]
        return entry

    def sums(self, s: Scenario, method: str) -> Counter[str]:
        """Return a method's sums in a scenario."""
        return Counter(self.of(s)["sums"].get(method, {}))

    def add(self, s: Scenario, key: str, sums: Sums) -> None:
        """Add a block's sums."""
        entry = self.of(s)
        entry["blocks"].append(key)
        for method, counted in sums.items():
            before = Counter(entry["sums"].get(method, {}))
            before.update(counted)
            entry["sums"][method] = {k: v if v % 1 else int(v) for k, v in before.items() if v}

    def save(self) -> None:
        """Write the file whole or not at all."""
        if self.path is None:
            return
        written = self.path.with_suffix(".part")
        written.write_text(json.dumps(self.data, indent=None), encoding="utf-8")
        written.replace(self.path)


def machine() -> str:
    """Describe this machine without naming it."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def run(chosen: list[Scenario], repetitions: int, compared: int, jobs: int, book: Book) -> None:
    """Run what the book lacks, a block of every scenario in turn."""
    todo = []
    for start in range(0, repetitions, BLOCK):
        for s in chosen:
            stop = min(start + BLOCK, repetitions)
            key = f"{start}-{stop}-{max(0, min(compared, stop) - start)}"
            if key not in book.of(s)["blocks"]:
                todo.append((s, start, stop, key))
    began = at = time.perf_counter()
    for done, (s, key, sums) in enumerate(_blocks(todo, compared, jobs), 1):
        book.add(s, key, sums)
        now = time.perf_counter()
        book.data["seconds"] += now - at
        at = now
        if done % 20 == 0 or done == len(todo):
            book.save()
            print(f"{done} of {len(todo)} blocks, {now - began:.0f} s", file=sys.stderr, flush=True)


def _blocks(
    todo: list[tuple[Scenario, int, int, str]], compared: int, jobs: int
) -> Iterator[tuple[Scenario, str, Sums]]:
    if jobs < 2:
        for s, start, stop, key in todo:
            yield s, key, block(s.id, start, stop, compared)
        return
    # A fork would copy the locks of threads that are not there any more.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        going = {
            pool.submit(block, s.id, start, stop, compared): (s, key)
            for s, start, stop, key in todo
        }
        for future in as_completed(going):
            yield (*going.pop(future), future.result())


def main() -> None:
    """Run the study, or print the tables of a file."""
    from tests.studies.calibration_table import table

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2_000)
    parser.add_argument("--others", type=int, default=500)
    parser.add_argument("--scenario", action="append", choices=[s.id for s in SCENARIOS])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    chosen = [s for s in SCENARIOS if not asked.scenario or s.id in asked.scenario]
    book = Book(asked.out)
    if not asked.table:
        run(chosen, asked.repetitions, asked.others, asked.jobs, book)
    print(table(book, chosen))


if __name__ == "__main__":
    main()
