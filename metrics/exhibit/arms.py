"""Separate regressions for the two arms: nothing is assumed alike between them.

Each arm's regression predicts the risk of every contact of both arms (g-computation; Snowden, Rose &
Mortimer 2011, Am J Epidemiol 173:731). Officers with contacts in both arms tie the two errors
together: the covariance is that of their adjusted scores.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import logit

from metrics import regression
from metrics._products import times, weighted_sum
from metrics.aggregate import EXPOSURE
from metrics.cells import Cells
from metrics.estimate import NotEstimable
from metrics.exhibit.context import Result
from metrics.headline import FEWEST_DF
from metrics.newton import mean_variance
from metrics.standardisation import Contrast, as_ratio, as_risk, mover


class Arm(NamedTuple):
    """A risk standardised from one arm's regression: its log odds' contrast and officers' parts."""

    risk: float
    odds: Contrast
    officers: dict[str, float]


def separate_arms(cells: Cells) -> Result:
    """Return the standardised difference and ratio of two regressions, one for each arm.

    Contacts with a covariate's level that only one arm has are left out: the other arm's regression
    could say nothing of them.
    """
    cells = _shared_levels(cells)
    arms = []
    for value in (1.0, 0.0):
        found = _arm(cells, value)
        if isinstance(found, NotEstimable):
            return Result.refused(found.reason)
        arms.append(found)
    one, other = arms
    df = _welch(one, other)
    if df < FEWEST_DF:
        return Result.refused(
            f"too few officers carry the comparison ({df:.1f} degrees of freedom): too few to say"
        )
    shared = sum(
        part * other.officers[who] for who, part in one.officers.items() if who in other.officers
    )
    correlation = float(np.clip(shared / (one.odds.se * other.odds.se), -1, 1))
    risks = [as_risk(arm.odds, df=df) for arm in arms]
    spread = [arm.odds.se * (1 - arm.risk) for arm in arms]
    variance = spread[0] ** 2 + spread[1] ** 2 - 2 * correlation * spread[0] * spread[1]
    log = Contrast(float(np.log(one.risk / other.risk)), float(np.sqrt(max(variance, 0.0))), df)
    events, trials = cells.totals()
    return Result(
        mover(risks[0], risks[1], correlation),
        as_ratio(log),
        int(trials.sum()),
        int(events.sum()),
        df,
    )


def _arm(cells: Cells, value: float) -> Arm | NotEstimable:
    own = cells.keep(cells.values(EXPOSURE)[cells.pattern] == value)
    covariates = tuple(term for term in cells.terms if term != (EXPOSURE,))
    fit = regression.fit_cells(replace(own, terms=covariates), "logit", "CR2")
    if isinstance(fit, NotEstimable):
        return fit
    everyone = replace(cells, terms=covariates)
    rows, dropped = fit.design.rows(everyone, {})
    if not np.allclose(dropped, rows @ fit.design.dependence, rtol=1e-6, atol=1e-6):
        return NotEstimable("One group's contacts cannot say what some of the other's would be.")
    trials = cells.totals()[1]
    weight = trials / trials.sum()
    mean, variance = mean_variance(times(rows, fit.beta), "logit")
    risk = float(weight @ mean)
    gradient = weighted_sum(weight * variance, rows) / (risk * (1 - risk))
    found = fit.errors.contrast(gradient)
    if isinstance(found, NotEstimable):
        return found
    assert fit.errors.clusters is not None
    parts = fit.errors.clusters.adjusted @ (fit.errors.root.T @ gradient)
    officers = dict(zip(fit.cells.labels.tolist(), parts.tolist(), strict=True))
    return Arm(risk, Contrast(float(logit(risk)), *found), officers)


def _shared_levels(cells: Cells) -> Cells:
    """Return the cells whose every covariate level both arms have."""
    exposed = cells.values(EXPOSURE) == 1
    shared = np.ones(len(exposed), dtype=bool)
    for name in cells.categorical:
        code, size = cells.codes[name], len(cells.levels[name])
        both = np.bincount(code[exposed], minlength=size) * np.bincount(
            code[~exposed], minlength=size
        )
        shared &= both[code] > 0
    return cells.keep(shared[cells.pattern])


def _welch(one: Arm, other: Arm) -> float:
    """Return Welch's degrees of freedom of the difference (Welch 1947, Biometrika 34:28)."""
    v1, v0 = ((arm.odds.se * arm.risk * (1 - arm.risk)) ** 2 for arm in (one, other))
    return float((v1 + v0) ** 2 / (v1**2 / one.odds.df + v0**2 / other.odds.df))
