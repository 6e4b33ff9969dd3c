"""Errors clustered by officer and by person at once.

Cameron, Gelbach & Miller 2011 (J Bus Econ Stat 29:238): the variance by officer, plus that by person,
less that by officer and person together. The officers' part is the headline's CR2; the others, of very
many small clusters, need no correction.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from metrics import aggregate
from metrics._products import times
from metrics.aggregate import EXPOSURE, OFFICER, PERSON
from metrics.estimate import NotEstimable
from metrics.exhibit.context import Context, Result
from metrics.headline import Fitted
from metrics.regression import group
from metrics.standardisation import Contrast, as_ratio, as_risk, mover


def two_way(context: Context) -> Result:
    """Return the headline's estimate with errors by officer and person."""
    base = context.base
    assert isinstance(base, Fitted)
    counts = aggregate.counts(
        context.snapshot, context.question.only(context.outcome), context.adjusters, persons=True
    )
    frame = counts.frame[counts.frame[EXPOSURE].notna() & (counts.frame[context.n] > 0)]
    frame = frame.assign(**{EXPOSURE: frame[EXPOSURE].astype(int)})
    # The engine groups in any order: sums in another order differ in their last digits.
    order = [PERSON, OFFICER, EXPOSURE, *context.adjusters, context.events, context.n]
    frame = frame.sort_values(order).reset_index(drop=True)
    known = frame[PERSON].notna().to_numpy()
    if not known.any():
        return Result.refused("the source has no numbers for people")
    grouped = group(frame, [EXPOSURE, *context.adjusters])
    cells = grouped.count(context.events, context.n)
    fit = base.fit
    # The same contacts, so the same levels: the headline's coding holds.
    assert all(np.array_equal(fit.cells.levels[n], cells.levels[n]) for n in cells.codes)
    rows = fit.design.rows(cells, {})[0]
    mean = expit(times(rows, fit.beta))
    pattern = grouped.pattern[grouped.row_cell]
    left = frame[context.events].to_numpy(float) - frame[context.n].to_numpy(float) * mean[pattern]
    margins = base.standard.margins
    inverse = fit.solution.root @ fit.solution.root.T
    # The influence of a row on each standardised risk.
    influence = [
        times(rows, inverse @ gradient)[pattern] * left
        for gradient in (margins.gradient1, margins.gradient0)
    ]
    person = _numbered(frame[PERSON].to_numpy(), known)
    officer = frame[OFFICER].cat.codes.to_numpy()
    officer = _numbered(officer, officer >= 0)
    pair = pd.factorize(person * (officer.max() + 1) + officer)[0]
    extra = _square(influence, person) - _square(influence, pair)
    gradients = np.array([margins.gradient1, margins.gradient0])
    covariance = gradients @ fit.covariance @ gradients.T + extra
    return _result(base, covariance)


def _numbered(key: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Number clusters from 0; a row of counts without a key is one of its own."""
    number = np.empty(len(key), dtype=np.int64)
    number[known] = pd.factorize(key[known])[0]
    first = number[known].max(initial=-1) + 1
    number[~known] = first + np.arange(np.count_nonzero(~known))
    return number


def _square(influence: list[np.ndarray], cluster: np.ndarray) -> np.ndarray:
    sums = np.array([np.bincount(cluster, part) for part in influence])
    return sums @ sums.T


def _result(base: Fitted, covariance: np.ndarray) -> Result:
    p1, p0 = base.standard.margins.risk1, base.standard.margins.risk0
    df = base.ratio.df

    def contrast(estimate: float, *weights: float) -> Contrast | NotEstimable:
        w = np.array(weights)
        variance = float(w @ covariance @ w)
        return (
            Contrast(estimate, variance**0.5, df)
            if variance > 0
            else NotEstimable("the two-way variance is not positive")
        )

    log = contrast(float(np.log(p1 / p0)), 1 / p1, -1 / p0)
    if isinstance(log, NotEstimable):
        return Result.refused(log.reason)
    risks = []
    for risk, weights in ((p1, (1.0, 0.0)), (p0, (0.0, 1.0))):
        v = risk * (1 - risk)
        odds = contrast(float(logit(risk)), weights[0] / v, weights[1] / v)
        risks.append(as_risk(odds))
    spread = float(np.sqrt(covariance[0, 0] * covariance[1, 1]))
    correlation = float(np.clip(covariance[0, 1] / spread, -1, 1))
    return Result(
        mover(risks[0], risks[1], correlation),
        as_ratio(log),
        base.fit.n,
        base.fit.events,
        df,
    )
