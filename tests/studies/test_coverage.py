"""A short coverage study that can fail, and the study's short cut held to the product's own load."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from data import ingest, mapping
from data.simulate import Simulation, write
from data.store import Store
from metrics.estimate import Estimate
from metrics.question import primary_outcomes
from tests.studies import coverage


def loaded(folder: Path) -> Any:
    """Return what makes a snapshot through files, load and store."""

    def make(simulation: Simulation) -> Any:
        write(simulation, folder / "files")
        files = [folder / "files" / f"{name}.parquet" for name in mapping.importable_tables()]
        store = Store(folder / "store")
        ingest.load(
            store, [f for f in files if f.exists()], mapping.read("canonical"), simulated=True
        )
        return store.current()

    return make


@pytest.mark.slow
def test_the_short_cut_answers_as_a_loaded_store_does(tmp_path: Path) -> None:
    short = coverage.one(3, 9_000)
    full = coverage.one(3, 9_000, snapshot_of=loaded(tmp_path))
    assert len(short) == len(full) == 24
    assert all(r.estimate is not None for r in short)
    for one, other in zip(short, full, strict=True):
        assert one[:4] == other[:4]
        assert one.reason == other.reason
        for a, b in zip(one[4:9], other[4:9], strict=True):
            assert (a is None) == (b is None)
            if a is not None and b is not None:
                assert a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


def band(n: int, share: float = 0.95, error: float = 0.001) -> int:
    """Return the fewest hits of ``n`` that a true coverage of ``share`` would give, but for ``error``."""
    return int(stats.binom.ppf(error, n, share))


def test_a_band_that_can_fail() -> None:
    assert band(32) >= 25
    rows = [coverage.Row(i, "force", "adjusted", "RD", 0.0, 1.0, 0.5, 1.5) for i in range(32)]
    assert coverage.summarise(rows).held == 0
    assert coverage.summarise(rows).above == 32


def test_misses_refusals_and_bias_are_counted() -> None:
    rows = [
        coverage.Row(1, "force", "adjusted", "RD", 1.0, 1.5, 0.5, 2.0),
        coverage.Row(2, "force", "adjusted", "RD", 1.0, 0.5, 0.0, 0.9),
        coverage.Row(3, "force", "adjusted", "RD", 1.0, reason="too few"),
    ]
    found = coverage.summarise(rows)
    assert (found.spoke, found.refused, found.held, found.below, found.above) == (2, 1, 1, 1, 0)
    assert found.bias == pytest.approx(0.0)
    assert found.bias_error == pytest.approx(0.5)
    assert "| force | RD | adjusted | 2 | 1 | 50.0% |" in coverage.table(rows)


@pytest.fixture(scope="module")
def agencies() -> list[coverage.Row]:
    return coverage.study(40, 10_000, 1)


@pytest.mark.slow
@pytest.mark.parametrize("scale", coverage.SCALES)
@pytest.mark.parametrize("outcome", primary_outcomes())
def test_adjusted_intervals_hold_the_truth(
    agencies: list[coverage.Row], outcome: str, scale: str
) -> None:
    """One outcome at a time: those of one agency share its contacts, so their misses go together."""
    adjusted, crude = (
        coverage.summarise(r for r in agencies if r[1:4] == (outcome, method, scale))
        for method in ("adjusted", "crude")
    )
    assert adjusted.spoke == 40
    assert adjusted.held >= band(40), adjusted
    assert adjusted.held > crude.held
    assert abs(adjusted.bias) < 3.5 * adjusted.bias_error


def test_a_ratio_of_nothing_is_no_number() -> None:
    row = coverage._row(1, "force", "crude", "RR", 0.5, Estimate(0.0, 0.0, 0.4), None)
    assert row.low == -math.inf
    assert row.truth == math.log(0.5)
