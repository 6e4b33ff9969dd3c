"""How often the pooled interval holds the true mean, and the prediction interval another agency.

    python -m tests.studies.pooled_coverage [--repetitions 200] [--agencies 30] [--seed 1]

Each repetition draws agencies whose true effects are normal around a known mean with a known spread, on
the scale of the logarithm of the ratio and on that of the difference. An agency has officers of either
kind with risks of their own (beta, so that their mean is the agency's), and each officer's contacts. Its
estimate and its officer-clustered error are the product's own; they are rounded as a partial rounds them
and pooled as partials are. Of the prediction interval the share of further agencies that it would hold is
computed, not drawn: their effects are normal.
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr

from metrics import headline
from metrics.aggregate import EXPOSURE, OFFICER, Counts
from metrics.estimate import Interval
from metrics.headline import Fitted
from metrics.partials import COARSE, _given
from metrics.pooling import Pooled
from metrics.pooling_agencies import together
from metrics.standardisation import Contrast

OUTCOME = "arrest"


@dataclass(frozen=True)
class World:
    """Where agencies come from: a mean effect, a spread around it, and what an agency looks like."""

    scale: str
    mean: float
    spread: float
    risk: tuple[float, float] = (0.08, 0.16)
    officers: tuple[int, int] = (14, 50)
    contacts: tuple[int, int] = (15, 60)
    likeness: float = 0.01

    def risks(self, rng: np.random.Generator) -> tuple[float, float, float]:
        """Draw one agency: its true effect, and its risks with CIT and without."""
        effect = float(rng.normal(self.mean, self.spread))
        base = float(rng.uniform(*self.risk))
        return effect, base * math.exp(effect) if self.scale == "RR" else base + effect, base


WORLDS = (World("RR", math.log(0.8), 0.15), World("RD", -0.02, 0.015))


class Hit(NamedTuple):
    """One repetition: whether the interval held the mean, and the share of agencies in the prediction."""

    mean: bool
    below: bool
    predicted: float
    tau2: float
    k: int


def counts(risk1: float, risk0: float, world: World, rng: np.random.Generator) -> Counts:
    """Draw the contacts of an agency, a row per officer."""
    each = int(rng.integers(*world.officers))
    arm = np.repeat([True, False], each)
    n = rng.integers(*world.contacts, size=2 * each)
    mean = np.where(arm, risk1, risk0)
    size = 1 / world.likeness - 1
    events = rng.binomial(n, rng.beta(mean * size, (1 - mean) * size))
    frame = pd.DataFrame(
        {
            EXPOSURE: arm,
            OFFICER: [f"o{i}" for i in range(2 * each)],
            "contacts": n,
            f"n:{OUTCOME}": n,
            f"events:{OUTCOME}": events,
            f"missing:{OUTCOME}": 0,
        }
    )
    return Counts(frame, (OUTCOME,), ())


def contrast(found: Counts, scale: str, precision: str = COARSE) -> Contrast | None:
    """Return an agency's contrast as its partial would give it, at its roughest."""
    fitted = headline.fitted(headline.prepare(found, ()), OUTCOME)
    if not isinstance(fitted, Fitted):
        return None
    own = fitted.ratio if scale == "RR" else fitted.standard.difference
    assert isinstance(own, Contrast)
    given = _given(own, precision)
    return Contrast(given["estimate"], given["se"], given["df"])


def repetition(world: World, agencies: int, rng: np.random.Generator) -> Hit:
    """Draw agencies, pool them, and look."""
    contrasts = []
    for _ in range(agencies):
        _, risk1, risk0 = world.risks(rng)
        found = contrast(counts(risk1, risk0, world, rng), world.scale)
        if found is not None:
            contrasts.append(found)
    pooled = together(contrasts)
    assert isinstance(pooled, Pooled) and isinstance(pooled.prediction, Interval)
    low, high = ndtr((np.array(pooled.prediction) - world.mean) / world.spread)
    return Hit(
        mean=pooled.estimate.low <= world.mean <= pooled.estimate.high,
        below=world.mean < pooled.estimate.low,
        predicted=float(high - low),
        tau2=float(pooled.tau2),
        k=pooled.k,
    )


class Summary(NamedTuple):
    """What a world's repetitions came to."""

    scale: str
    repetitions: int
    held: int
    below: int
    above: int
    predicted: float
    predicted_error: float
    tau: float
    agencies: float


def study(world: World, repetitions: int, agencies: int, seed: int) -> Summary:
    """Repeat, and count."""
    rng = np.random.default_rng(seed)
    hits = [repetition(world, agencies, rng) for _ in range(repetitions)]
    held = sum(h.mean for h in hits)
    below = sum(h.below for h in hits)
    return Summary(
        world.scale,
        repetitions,
        held,
        below,
        repetitions - held - below,
        float(np.mean([h.predicted for h in hits])),
        float(np.std([h.predicted for h in hits]) / math.sqrt(repetitions)),
        math.sqrt(float(np.mean([h.tau2 for h in hits]))),
        float(np.mean([h.k for h in hits])),
    )


def main() -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--agencies", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print("scale  repetitions  pooled held  too high/low  prediction held  tau found (true)")
    for world in WORLDS:
        start = time.perf_counter()
        s = study(world, args.repetitions, args.agencies, args.seed)
        print(
            f"{s.scale}  {s.repetitions}  {s.held / s.repetitions:.1%}  {s.below}/{s.above}"
            f"  {s.predicted:.1%} (error {s.predicted_error:.1%})  {s.tau:.4f} ({world.spread})"
            f"  [{s.agencies:.1f} agencies, {time.perf_counter() - start:.0f} s]"
        )


if __name__ == "__main__":
    main()
