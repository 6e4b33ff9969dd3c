"""Cost scenarios: what a difference between the groups would come to, and for whom, *if it is real*.

A scenario multiplies the adjusted differences of ``evaluate`` by quantities and unit costs that the agency
enters. Positive is a cost that goes with CIT, negative a saving; neither is CIT's doing.
"""

from metrics.costs.basis import OUTCOMES, Basis, Difference, Minutes, basis, minutes_difference
from metrics.costs.draws import cost_at, effect_at, uniform
from metrics.costs.flows import FLOWS, ITEMS, Flow
from metrics.costs.model import (
    COUNTED,
    DRAWS,
    LEFT_OUT,
    NO_COST,
    NO_MARGINAL,
    NOT_ESTIMABLE,
    SEED,
    TOO_FEW,
    Draws,
    Options,
    Part,
    Payer,
    Scenario,
    Spread,
    Swing,
    draw,
    scenario,
    years_of,
)

__all__ = [
    "COUNTED",
    "DRAWS",
    "FLOWS",
    "ITEMS",
    "LEFT_OUT",
    "NOT_ESTIMABLE",
    "NO_COST",
    "NO_MARGINAL",
    "OUTCOMES",
    "SEED",
    "TOO_FEW",
    "Basis",
    "Difference",
    "Draws",
    "Flow",
    "Minutes",
    "Options",
    "Part",
    "Payer",
    "Scenario",
    "Spread",
    "Swing",
    "basis",
    "cost_at",
    "draw",
    "effect_at",
    "minutes_difference",
    "scenario",
    "uniform",
    "years_of",
]
