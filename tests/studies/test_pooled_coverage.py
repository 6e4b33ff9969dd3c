"""A short run of the pooled coverage study, with limits that it can break."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from tests.studies import pooled_coverage as study

REPETITIONS = 60


@pytest.mark.slow
@pytest.mark.parametrize("world", study.WORLDS, ids=lambda w: w.scale)
def test_pooled_intervals_hold_the_mean(world: study.World) -> None:
    found = study.study(world, REPETITIONS, 30, seed=5)
    assert stats.binom.ppf(0.001, REPETITIONS, 0.95) <= found.held
    assert found.tau == pytest.approx(world.spread, rel=0.15)
    # Known to be rough (Partlett & Riley 2017, Stat Med 36:301): held to what was measured, not to 95.
    assert 0.88 <= found.predicted <= 0.98


def test_a_wrong_mean_would_show() -> None:
    world = study.WORLDS[0]
    rng = np.random.default_rng(1)
    shifted = replace(world, mean=world.mean - 0.5)
    contrasts = []
    for _ in range(8):
        _, risk1, risk0 = shifted.risks(rng)
        found = study.contrast(study.counts(risk1, risk0, shifted, rng), "RR")
        assert found is not None
        contrasts.append(found)
    pooled = study.together(contrasts)
    assert not pooled.estimate.low <= world.mean <= pooled.estimate.high
