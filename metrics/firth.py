"""Firth's penalised logistic regression from grouped counts: a sensitivity point for rare outcomes.

The likelihood is multiplied by the root of the information's determinant (Jeffreys' prior), which
takes out the first-order bias and keeps estimates finite under separation: Firth 1993, Biometrika
80:27; Heinze & Schemper 2002, Stat Med 21:2409. It knows nothing of officers: with contacts
nested in officers its intervals and tests are far too sure, so it is a point beside the headline
and never a verdict. Fitted risks are pulled towards 1/2; FLIC and FLAC put that right (Puhr et al.
2017, Stat Med 36:2302).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import chdtrc, expit

from metrics import blas as blas  # limits the threads of what follows
from metrics._products import cross, times, weighted_sum
from metrics._student import quantile
from metrics.cells import Cells, Grouped, Term, group, unanimous
from metrics.design import Design, build
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested
from metrics.newton import maximise

NOTE = (
    "Unclustered sensitivity point: it treats contacts of one officer as unrelated, so its "
    "intervals and tests are too sure and are no verdict."
)

Prediction = Literal["FLIC", "FLAC"]

MAX_ITERATIONS = 200
DECREMENT = 1e-22  # squared length of the last step in standard errors
NEAR = 1e-14  # enough for the height of a profile, which is flat there
ROUNDING = 1e-12  # one as short that no longer shortens is rounding
SEARCH = 60  # points tried for a profile limit
UNSETTLED = "The penalised regression did not settle on an answer; fewer covariates may give one."


class Penalised(NamedTuple):
    """A maximum of the penalised likelihood: ``hat`` (P) is each contact's leverage, ``root``
    (p x p) satisfies ``root @ root.T`` = inverse information, ``slope`` (p) is the score."""

    beta: np.ndarray
    value: float
    hat: np.ndarray
    root: np.ndarray
    slope: np.ndarray
    iterations: int


class FirthRisks(NamedTuple):
    """Standardised risks (0 to 1) with the exposure (1) and without (0): points, no intervals."""

    exposure: str
    prediction: Prediction
    risk1: float
    risk0: float
    risk_difference: float
    risk_ratio: float
    note: str


@dataclass(frozen=True, eq=False)
class FirthFit:
    """A penalised fit with p coefficients in log odds, by column name, and their Wald errors.

    ``note`` says what it is not. ``n`` and ``events`` count contacts. ``log_likelihood`` is
    penalised. ``aliased`` lists dropped columns and ``references`` reference levels by term; no
    level is pooled, for the penalty is there to keep such levels finite.
    """

    names: tuple[str, ...]
    coefficients: dict[str, float]
    se: dict[str, float]
    covariance: np.ndarray
    aliased: tuple[str, ...]
    references: dict[str, str]
    n: int
    events: int
    log_likelihood: float
    iterations: int
    note: str
    cells: Cells
    design: Design
    solution: Penalised

    def wald(self, name: str, level: float = 0.95) -> Estimate:
        """Return a coefficient with its normal interval; poor where an outcome is rare.

        Raises:
            KeyError: there is no such column.
        """
        value, reach = self.coefficients[name], quantile(np.inf, level) * self.se[name]
        return Estimate(value, value - reach, value + reach)

    def profile(self, name: str, level: float = 0.95) -> Estimated:
        """Return a coefficient with its profile-penalised-likelihood interval.

        The limits are where twice the fall of the penalised likelihood, maximised over the other
        coefficients, is the chi-square quantile (Heinze & Schemper 2002, section 3.2; R's
        logistf). Raises ``KeyError`` when there is no such column.
        """
        value, drop = self.coefficients[name], quantile(np.inf, level) ** 2 / 2
        ends = [self._limit(self.names.index(name), drop, side) for side in (-1.0, 1.0)]
        if ends[0] is None or ends[1] is None:
            return NotEstimable(UNSETTLED)
        return Estimate(value, ends[0], ends[1])

    def test(self, name: str) -> Tested:
        """Return the penalised likelihood-ratio test that a coefficient is 0.

        Raises:
            KeyError: there is no such column.
        """
        if name not in self.coefficients:
            raise KeyError(name)
        start, place = self.solution.beta.copy(), self.names.index(name)
        start[place] = 0.0
        found = self._held(place, start)
        if found is None:
            return NotEstimable(UNSETTLED)
        statistic = max(2 * (self.log_likelihood - found.value), 0.0)
        method = "penalised likelihood-ratio test (unclustered)"
        return Test(statistic, float(chdtrc(1, statistic)), method)

    def risks(self, exposure: str, prediction: Prediction = "FLIC") -> FirthRisks | NotEstimable:
        """Standardise corrected risks over these contacts, with a 0/1 exposure set to 1 and to 0.

        FLIC keeps the slopes and refits the intercept by maximum likelihood; FLAC refits on the
        penalty's pseudo-contacts beside the real ones, told apart by an added covariate. Both make
        the mean fitted risk the observed one. Points only: an interval would ignore officers.

        Raises:
            ValueError: the exposure is no 0/1 term of the fit, or an unknown prediction.
        """
        if prediction not in get_args(Prediction):
            raise ValueError(f"unknown prediction {prediction!r}")
        cells = self.cells
        values = cells.arms(exposure)
        if isinstance(values, NotEstimable):
            return values
        beta = self.predictor(prediction)
        if isinstance(beta, NotEstimable):
            return beta
        weight = cells.totals()[1] / self.n
        risks = []
        for value in (1.0, 0.0):
            rows, dropped = self.design.rows(cells, {exposure: value})
            if not np.allclose(dropped, rows @ self.design.dependence, rtol=1e-6, atol=1e-6):
                return NotEstimable(
                    "The exposure always goes together with another covariate, so their effects "
                    "cannot be told apart."
                )
            risks.append(float(weight @ expit(times(rows, beta))))
        p1, p0 = risks
        return FirthRisks(exposure, prediction, p1, p0, p1 - p0, p1 / p0, NOTE)

    def predictor(self, prediction: Prediction = "FLIC") -> np.ndarray | NotEstimable:
        """Return the coefficients (p) that predict without Firth's pull of risks towards 1/2."""
        events, trials = self.cells.totals()
        if prediction == "FLIC":
            return _flic(self.design.matrix, self.solution.beta, events, trials)
        return _flac(self.design.matrix, self.solution.hat, events, trials, self.names)

    def _held(self, place: int, start: np.ndarray) -> Penalised | None:
        free = np.arange(len(start)) != place
        return _climb(self.design.matrix, *self.cells.totals(), start, free, NEAR)

    def _limit(self, place: int, drop: float, side: float) -> float | None:
        """Find where the profile has fallen by ``drop``: Newton's method inside a bracket."""
        centre, se = float(self.solution.beta[place]), self.se[self.names[place]]
        # Along the direction of the profile the other coefficients start near their answer.
        lean = self.covariance[:, place] / self.covariance[place, place]
        near, far = 0.0, np.inf
        rounding = 1e-15 * self.n  # of the likelihood, a sum over so many contacts
        at, beta = float(np.sqrt(2 * drop)) * se, self.solution.beta
        for _ in range(SEARCH):
            moved = centre + side * at - beta[place]
            found = self._held(place, beta + moved * lean)
            if found is None:
                return None
            beta = found.beta
            left = found.value - (self.log_likelihood - drop)
            if left > 0:
                near = at
            else:
                far = at
            # By the envelope theorem the profile's slope is the score of the held coefficient.
            fall = -side * float(found.slope[place])
            step = at + left / fall if fall > 0 else np.inf
            if abs(step - at) <= 1e-10 * se or (abs(left) <= rounding and fall > 0):
                return centre + side * step
            # A step of more than double, or out of the bracket, is no better than a guess.
            wide = 2 * at if np.isinf(far) else (near + far) / 2
            at = step if near < step < min(far, 4 * at) else wide
        return None


def firth(
    frame: pd.DataFrame | Grouped,
    *,
    events: str,
    trials: str | None = None,
    terms: Sequence[Term] | None = None,
) -> FirthFit | NotEstimable:
    """Fit Firth's penalised logistic regression to grouped counts.

    Args:
        frame: one row per group of alike contacts, or the result of ``group`` (then ``terms`` are
            already given; its clusters are not used).
        events: column with the number of contacts that had the outcome.
        trials: column with the number of contacts; ``None`` when every row is one contact.
        terms: as in :func:`metrics.regression.fit`.

    Returns:
        A :class:`FirthFit`, or :class:`NotEstimable` without contacts, without events or
        non-events (the answer would be the penalty's alone), or with no more contacts than columns.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing or impossible counts or covariates.
    """
    if isinstance(frame, Grouped):
        if terms is not None:
            raise ValueError("terms belong to group() when a grouping is passed")
        grouped = frame
    else:
        grouped = group(frame, terms or ())
    cells = grouped.count(events, trials)
    y, n = cells.totals()
    count, happened = float(n.sum()), float(y.sum())
    refused = unanimous(cells)
    if refused is not None:
        return refused
    # Levels are pooled by their events; with half of the contacts in each, none is.
    design = build(replace(cells, events=cells.trials / 2))
    if count <= len(design.names):
        return NotEstimable("There are too few contacts for this many covariates.")
    start = np.zeros(len(design.names))
    start[0] = np.log(happened / (count - happened))
    solution = _climb(design.matrix, y, n, start, np.ones(len(start), dtype=bool))
    if solution is None:
        return NotEstimable(UNSETTLED)
    covariance = solution.root @ solution.root.T
    errors = np.sqrt(covariance.diagonal())
    return FirthFit(
        names=design.names,
        coefficients=dict(zip(design.names, solution.beta.tolist(), strict=True)),
        se=dict(zip(design.names, errors.tolist(), strict=True)),
        covariance=covariance,
        aliased=design.aliased,
        references=design.references,
        n=int(count),
        events=int(happened),
        log_likelihood=solution.value,
        iterations=solution.iterations,
        note=NOTE,
        cells=cells,
        design=design,
        solution=solution,
    )


class _State(NamedTuple):
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    upper: np.ndarray
    value: float


def _climb(
    matrix: np.ndarray,
    events: np.ndarray,
    trials: np.ndarray,
    start: np.ndarray,
    free: np.ndarray,
    enough: float = DECREMENT,
) -> Penalised | None:
    """Maximise the penalised likelihood over the ``free`` coefficients, the others held."""
    scale = np.abs(matrix).max(axis=0)
    x = matrix / scale
    here = _state(x, events, trials, start * scale)
    if here is None:
        return None
    last, before = False, np.inf
    for iteration in range(MAX_ITERATIONS):
        inverse = solve_triangular(here.upper, np.eye(len(start)))
        hat = here.variance * np.sum((x @ inverse) ** 2, axis=1)
        slope = weighted_sum(events - trials * here.mean + trials * hat * (0.5 - here.mean), x)
        if last or not free.any():
            # The determinant is that of the unscaled columns.
            value = here.value + float(np.log(scale).sum())
            root = inverse / scale[:, None]
            return Penalised(here.beta / scale, value, hat, root, slope * scale, iteration)
        # Pseudo-contacts, as many as a contact's leverage, sharpen Newton's step.
        weight = trials * (1 + hat) * here.variance
        information = cross(x, weight)[np.ix_(free, free)]
        step = np.zeros(len(start))
        step[free] = np.linalg.solve(information, slope[free])
        length = float(step @ slope)
        last = length <= enough or before / 2 <= length <= ROUNDING
        before = length
        for _ in range(40):
            there = _state(x, events, trials, here.beta + step)
            if there is not None and there.value >= here.value - 1e-13 * (1 + abs(here.value)):
                here = there
                break
            step = step / 2
        else:
            last = True
    return None


def _state(
    x: np.ndarray, events: np.ndarray, trials: np.ndarray, beta: np.ndarray
) -> _State | None:
    eta = times(x, beta)
    mean = expit(eta)
    variance = mean * expit(-eta)
    try:
        upper = cholesky(cross(x, trials * variance))
    except LinAlgError:
        return None
    value = float(events @ eta - trials @ np.logaddexp(0, eta) + np.log(upper.diagonal()).sum())
    return _State(beta, mean, variance, upper, value)


def _flic(
    matrix: np.ndarray, beta: np.ndarray, events: np.ndarray, trials: np.ndarray
) -> np.ndarray | NotEstimable:
    """Refit the intercept by maximum likelihood, the slopes held."""
    eta = times(matrix, beta)
    # The mean fitted risk rises with the intercept: Newton's method inside a bracket.
    low, high, shift = -np.inf, np.inf, 0.0
    for _ in range(MAX_ITERATIONS):
        mean = expit(eta + shift)
        short = float((events - trials * mean).sum())
        low, high = (shift, high) if short > 0 else (low, shift)
        step = short / float(trials @ (mean * (1 - mean)))
        if abs(step) <= 1e-14 * (1 + abs(shift)):
            found = beta.copy()
            found[0] += shift + step
            return found
        shift = shift + float(np.clip(step, -5, 5))
        if not low < shift < high:
            shift = (low + high) / 2
    return NotEstimable(UNSETTLED)


def _flac(
    matrix: np.ndarray,
    hat: np.ndarray,
    events: np.ndarray,
    trials: np.ndarray,
    names: tuple[str, ...],
) -> np.ndarray | NotEstimable:
    """Refit by maximum likelihood with each contact's leverage as pseudo-contacts, half of them
    events, and a column that tells them from real ones."""
    pseudo = trials * hat
    size = len(matrix)
    added = np.repeat([0.0, 1.0], size)[:, None]
    found = maximise(
        np.hstack([np.vstack([matrix, matrix]), added]),
        np.concatenate([events, pseudo / 2]),
        np.concatenate([trials, pseudo]),
        "logit",
        (*names, "pseudo"),
    )
    return found if isinstance(found, NotEstimable) else found.beta[:-1]
