"""What else could overturn a result: what was not recorded, and what was not measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from data import registry
from data.store import Snapshot
from metrics import regression
from metrics.estimate import NotEstimable
from metrics.exhibit.context import Context
from metrics.headline import Fitted
from metrics.question import Question
from metrics.result import Comparison
from metrics.sensitivity import MissingBounds, TippingPoint, missing_bounds, tipping_point

LEAST_SHARE = 0.01
"""Share of contacts a level needs for its ratio to stand for its covariate."""


class Strongest(NamedTuple):
    """The measured covariate most tied to the outcome: the risk ratio of its two furthest levels."""

    covariate: str
    high: str
    low: str
    risk_ratio: float


@dataclass(frozen=True)
class Doubt:
    """Bounds and tipping points of the crude comparison, and the strongest measured covariate.

    The E-value asks how strong something unmeasured would have to be: ``strongest`` says how strong
    the strongest measured thing is.
    """

    bounds: MissingBounds
    tipping_cit: TippingPoint | NotEstimable
    tipping_other: TippingPoint | NotEstimable
    strongest: Strongest | NotEstimable


def doubt(
    comparison: Comparison, question: Question, snapshot: Snapshot, shared: Context | None = None
) -> Doubt:
    """Return what could overturn a comparison.

    ``shared`` is the outcome's context, where its headline is already fitted.
    """
    missing = comparison.not_recorded
    table = (
        comparison.cit.events,
        comparison.cit.n,
        missing.cit,
        comparison.other.events,
        comparison.other.n,
        missing.other,
    )
    return Doubt(
        bounds=missing_bounds(*table),
        tipping_cit=tipping_point(*table, arm="cit"),
        tipping_other=tipping_point(*table, arm="other"),
        strongest=strongest(shared or Context.of(question, comparison.outcome, snapshot)),
    )


def strongest(context: Context) -> Strongest | NotEstimable:
    """Return the covariate whose levels differ most in risk, given the others (modified Poisson)."""
    if context.lacks or not isinstance(context.base, Fitted):
        return NotEstimable("the headline is refused")
    fit = regression.fit_cells(context.cells, "poisson", "model")
    if isinstance(fit, NotEstimable):
        return fit
    cells, trials = fit.cells, fit.cells.totals()[1]
    found: list[Strongest] = []
    for name in sorted(cells.categorical):
        coding = fit.design.codings[name]
        share = np.bincount(cells.codes[name], trials, minlength=len(cells.levels[name])) / fit.n
        logs = {}
        for place, column in enumerate(coding.columns):
            tag = None if column < 0 else coding.names[column]
            if share[place] < LEAST_SHARE or (tag and tag not in fit.coefficients):
                continue
            logs[str(cells.levels[name][place])] = fit.coefficients[tag] if tag else 0.0
        if len(logs) > 1:
            high, low = max(logs, key=logs.__getitem__), min(logs, key=logs.__getitem__)
            ratio = float(np.exp(logs[high] - logs[low]))
            found.append(Strongest(name, high, low, ratio))
    if not found:
        return NotEstimable("no covariate has two levels to compare")
    return max(found, key=lambda s: s.risk_ratio)


def words_of(found: Strongest) -> tuple[str, str, str]:
    """Return the labels of the covariate and its two levels."""
    label = registry.level_label
    return (
        registry.covariate(found.covariate).label.lower(),
        label(found.covariate, found.high),
        label(found.covariate, found.low),
    )
