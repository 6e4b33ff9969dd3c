"""Logistic regression with a random intercept for each officer.

Coefficients are officer-specific: odds ratios between contacts of one and the same officer, or of
two officers alike, further from 1 than the marginal ones (Zeger, Liang & Albert 1988, Biometrics
44:1049). Risks, differences and ratios are population-averaged: integrated over the intercepts.
The intercept is assumed normal and unrelated to the exposure; where officers who volunteer differ,
it is not (compare :mod:`metrics.conditional`). Maximum likelihood, as lme4's glmer with nAGQ > 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, cholesky, solve_triangular
from scipy.special import expit, logit

from metrics._mixed_likelihood import Likelihood, Model
from metrics._products import times, weighted_sum
from metrics._student import quantile, tail
from metrics._within import blocks, prepare
from metrics.cells import Cells, Grouped, Term, unanimous
from metrics.design import Design, build
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested, exponent
from metrics.newton import maximise
from metrics.standardisation import Contrast, mover

if TYPE_CHECKING:
    from metrics.regression import Fit

ROUGH_POINTS = 5
"""Nodes of the first, approximate iterations."""

AVERAGING_POINTS = 61
"""Nodes over which risks are averaged: there is no officer to centre them at."""

MAX_ITERATIONS = 60
HALVINGS = 8
ROUGH, SETTLED = 1e-3, 1e-8
"""Squared length of a step, in standard errors: on to more nodes, and one more step to the answer."""

MORE_POINTS = (2, 4)
"""Times the nodes asked for, where those do not settle."""

SMALLEST = 1e-4
"""A standard deviation below this is the boundary: the intercepts do not vary."""

ONE_OFFICER = NotEstimable(
    "All contacts belong to one officer, so the spread between officers is unknown."
)
NO_SPREAD = NotEstimable(
    "Officers differ no more than chance would have them differ, so the spread of their intercepts is "
    "estimated as none and has no error."
)
TINIEST = 1e-12  # curvature below which there is none
UNSETTLED = NotEstimable(
    "The mixed model did not settle on an answer for these contacts; fewer covariates or a longer "
    "period may give one."
)


@dataclass(frozen=True, eq=False)
class MixedFit:
    """Officer-specific log odds ratios by column name, and the spread of the officers' intercepts.

    ``covariance`` ((p + 1) x (p + 1)) is the inverse observed information of the coefficients and
    of log ``sd``, p x p at the boundary. ``sd`` is the standard deviation of the intercepts on the
    log odds scale; ``boundary`` says that it is 0: the fit is then the ordinary logistic one.
    ``aliased``, ``pooled`` and ``references`` are as in :class:`metrics.regression.Fit`;
    ``log_likelihood`` omits the binomial coefficients. Errors suppose that the model is true.
    """

    names: tuple[str, ...]
    coefficients: dict[str, float]
    se: dict[str, float]
    covariance: np.ndarray
    sd: float
    boundary: bool
    aliased: tuple[str, ...]
    pooled: dict[str, tuple[str, ...]]
    references: dict[str, str]
    log_likelihood: float
    officers: int
    n: int
    events: int
    points: int
    iterations: int
    cells: Cells
    design: Design
    measure: str = "odds ratio between contacts of one officer (officer-specific)"

    def coefficient(self, name: str, level: float = 0.95) -> Estimate:
        """Return an officer-specific log odds ratio with its normal interval.

        Raises:
            KeyError: there is no such column; it may be in ``aliased`` or ``pooled``.
        """
        value, reach = self.coefficients[name], quantile(np.inf, level) * self.se[name]
        return Estimate(value, value - reach, value + reach)

    def odds_ratio(self, name: str, level: float = 0.95) -> Estimate:
        """Return the officer-specific odds ratio; it is not the marginal one.

        Raises:
            KeyError: there is no such column; it may be in ``aliased`` or ``pooled``.
        """
        return exponent(self.coefficient(name, level))

    def test(self, name: str) -> Test:
        """Return the Wald test that an officer-specific log odds ratio is 0.

        Raises:
            KeyError: there is no such column.
        """
        statistic = self.coefficients[name] / self.se[name]
        method = "Wald test, logistic regression with a random officer intercept (normal)"
        return Test(statistic, tail(statistic, np.inf), method)

    def intercept_sd(self, level: float = 0.95) -> Estimated:
        """Return the spread of the officers' intercepts (log odds), limits on the log scale."""
        if self.boundary:
            return NO_SPREAD
        reach = quantile(np.inf, level) * float(self.covariance[-1, -1]) ** 0.5
        with np.errstate(over="ignore"):
            low, high = self.sd * np.exp(-reach), self.sd * np.exp(reach)
        return Estimate(self.sd, float(low), float(high))


@dataclass(frozen=True, eq=False)
class Averaged:
    """Population-averaged risks (0 to 1) with (1) and without (0) the exposure, and contrasts.

    ``risk1`` and ``risk0`` carry logit-scale limits; ``risk_difference`` MOVER limits, as the
    headline; ``risk_ratio`` and ``odds_ratio`` (both marginal) limits on the log scale.
    ``difference`` and ``log_risk_ratio`` carry delta-method errors, normal.
    """

    exposure: str
    level: float
    risk1: Estimate
    risk0: Estimate
    risk_difference: Estimated
    risk_ratio: Estimate
    odds_ratio: Estimate
    test: Tested
    difference: Contrast
    log_risk_ratio: Contrast
    log_odds_ratio: Contrast


def mixed(
    frame: pd.DataFrame | Grouped,
    *,
    events: str,
    trials: str | None = None,
    terms: Sequence[Term] | None = None,
    cluster: str | None = None,
    points: int = 25,
    like: Fit | None = None,
) -> MixedFit | NotEstimable:
    """Fit a logistic regression with a random officer intercept, from grouped counts.

    Args:
        frame: as for :func:`metrics.regression.fit`.
        events: column with the number of contacts that had the outcome.
        trials: column with the number of contacts; ``None`` when every row is one contact.
        terms: as for :func:`metrics.regression.fit`.
        cluster: column with the officer.
        points: quadrature nodes an officer; 25 are exact in practice.
        like: a logistic fit to much the same contacts, without intercepts: where to begin.

    Returns:
        A :class:`MixedFit`, with ``boundary`` where officers vary no more than by chance, or
        :class:`NotEstimable` without events, with one officer, or when the data are separated.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing or impossible counts, missing covariates, no cluster, or points < 2.
    """
    if points < 2:
        raise ValueError("points must be 2 or more")
    cells = prepare(frame, events, trials, terms, cluster)
    refused = unanimous(cells)
    if refused is not None:
        return refused
    if len(cells.labels) < 2:
        return ONE_OFFICER
    design = build(cells)
    y, n = cells.totals()
    if n.sum() <= len(design.names):
        return NotEstimable("There are too few contacts for this many covariates.")
    start = None
    if like is not None:
        start = np.array([like.coefficients.get(name, 0.0) for name in design.names])
    plain = maximise(design.matrix, y, n, "logit", design.names, start)
    if isinstance(plain, NotEstimable):
        return plain
    found = blocks(cells)
    # In coordinates in which the plain fit's information is the identity.
    matrix = design.matrix @ plain.root
    model = Model(
        matrix,
        cells.pattern[found.order],
        cells.events[found.order],
        cells.trials[found.order],
        found,
    )
    spread = _spread(model, plain.mean, plain.variance)
    centre = np.linalg.solve(plain.root, plain.beta)
    solution = None if spread is None else _maximise(model, centre, spread, points)
    if isinstance(solution, NotEstimable):
        return solution
    if solution is None:
        beta, covariance = plain.beta, plain.root @ plain.root.T
        sd, value, iterations = 0.0, plain.log_likelihood, plain.iterations
    else:
        theta, at, iterations = solution
        p = len(centre)
        back = np.eye(p + 1)
        back[:p, :p] = plain.root
        beta, sd, value = plain.root @ theta[:p], float(np.exp(theta[p])), at.value
        try:
            upper = cholesky(at.information)
        except LinAlgError:  # as flat as it is high: so few contacts say nothing of the spread
            return UNSETTLED
        half = solve_triangular(upper, np.eye(p + 1))
        covariance = (back @ half) @ (back @ half).T
    return MixedFit(
        names=design.names,
        coefficients=dict(zip(design.names, beta.tolist(), strict=True)),
        se=dict(zip(design.names, np.sqrt(covariance.diagonal()).tolist(), strict=False)),
        covariance=covariance,
        sd=sd,
        boundary=solution is None,
        aliased=design.aliased,
        pooled=design.pooled,
        references=design.references,
        log_likelihood=value,
        officers=len(cells.labels),
        n=int(n.sum()),
        events=int(y.sum()),
        points=points,
        iterations=iterations,
        cells=cells,
        design=design,
    )


def _spread(model: Model, mean: np.ndarray, variance: np.ndarray) -> float | None:
    """Return a first log standard deviation, or ``None`` where the likelihood falls from 0.

    The score for the variance at 0 is sum(S_j^2 - V_j) / 2, of officers' scores and information:
    the test of overdispersion between clusters (Liang 1987, Biometrika 74:259).
    """
    s = model.blocks.sum(model.y - model.n * mean[model.pattern])
    v = model.blocks.sum(model.n * variance[model.pattern])
    excess = float(np.sum(s**2 - v))
    if excess <= 0:
        return None
    return float(np.log(np.clip((excess / np.sum(v**2)) ** 0.5, 0.05, 2.0)))


def _maximise(
    model: Model, centre: np.ndarray, start: float, points: int
) -> tuple[np.ndarray, Likelihood, int] | NotEstimable | None:
    """Newton's method with step-halving; ``None`` when the spread goes to 0.

    Few nodes find the neighbourhood. Where too few bend the likelihood away from its derivatives, no
    step climbs (officers who always or never had the outcome, far out): more nodes then.
    """
    theta = np.append(centre, start)
    ladder = [min(ROUGH_POINTS, points), points, *(more * points for more in MORE_POINTS)]
    nodes = ladder.pop(0)
    at, last = model.at(theta[:-1], theta[-1], nodes), False
    for iteration in range(1, MAX_ITERATIONS + 1):
        step, decrement = _step(at)
        if last:
            return theta, at, iteration - 1
        if nodes < points and decrement <= ROUGH:
            nodes = ladder.pop(0)
            at = model.at(theta[:-1], theta[-1], nodes)
            step, decrement = _step(at)
        last = decrement <= SETTLED and nodes >= points
        for _ in range(HALVINGS):
            proposal = model.at((theta + step)[:-1], (theta + step)[-1], nodes)
            if proposal.value >= at.value - 1e-9 * (1 + abs(at.value)):
                theta, at = theta + step, proposal
                break
            step = step / 2
        else:
            if not ladder:
                return UNSETTLED
            nodes = ladder.pop(0)
            at, last = model.at(theta[:-1], theta[-1], nodes), False
        if theta[-1] < np.log(SMALLEST):
            return None
    return UNSETTLED


def _step(at: Likelihood) -> tuple[np.ndarray, float]:
    """Return Newton's step, kept uphill and within a factor e of the spread, and its decrement."""
    information = at.information
    try:
        upper = cholesky(information)
    except LinAlgError:
        # Not concave here: the nearest curvature that is.
        values, vectors = np.linalg.eigh(information)
        values = np.maximum(np.abs(values), max(1e-3 * np.abs(values).max(), TINIEST))
        inner = (vectors.T @ at.score) / values
        step = vectors @ inner
        return step / max(1.0, abs(float(step[-1]))), float(at.score @ step)
    half = solve_triangular(upper, at.score, trans="T")
    step = solve_triangular(upper, half)
    return step / max(1.0, abs(float(step[-1]))), float(half @ half)


def averaged(fitted: MixedFit, exposure: str, level: float = 0.95) -> Averaged | NotEstimable:
    """Standardise a mixed fit's risks over its contacts and over the officers' intercepts.

    Each contact's risk with the exposure set to 1 and to 0 is averaged over the normal
    intercepts, then over the contacts (as :func:`metrics.regression.standardise` without
    intercepts). Errors are by the delta method, of coefficients and spread together.

    Raises:
        ValueError: the exposure is not a 0/1 term of the fit.
    """
    cells, design = fitted.cells, fitted.design
    if exposure not in cells.levels or exposure in cells.categorical:
        raise ValueError(f"{exposure!r} must be a 0/1 term of the fit")
    values = cells.values(exposure)
    if not np.all((values == 0) | (values == 1)):
        raise ValueError(f"{exposure!r} must hold 0 and 1 only")
    if values.min() == values.max():
        return NotEstimable("All contacts are in one arm, so there is nothing to compare.")
    weight = cells.totals()[1] / fitted.n
    beta = np.array(list(fitted.coefficients.values()))
    found = []
    for value in (1.0, 0.0):
        rows, dropped = design.rows(cells, {exposure: value})
        if not np.allclose(dropped, rows @ design.dependence, rtol=1e-6, atol=1e-6):
            return NotEstimable(
                "The exposure always goes together with another covariate, so their effects "
                "cannot be told apart."
            )
        mean, slope, bend = _average(times(rows, beta), fitted.sd)
        gradient = weighted_sum(weight * slope, rows)
        if not fitted.boundary:
            gradient = np.append(gradient, fitted.sd * float(weight @ bend))
        found.append((float(weight @ mean), gradient))
    (p1, g1), (p0, g0) = found
    if not (0 < p1 < 1 and 0 < p0 < 1):
        return NotEstimable("The fitted risk of one arm is 0 or 100% to rounding.")

    def contrast(estimate: float, gradient: np.ndarray) -> Contrast:
        return Contrast(estimate, float(gradient @ fitted.covariance @ gradient) ** 0.5, np.inf)

    def risk(p: float, gradient: np.ndarray) -> Estimate:
        odds = contrast(float(logit(p)), gradient / (p * (1 - p))).interval(level)
        return Estimate(p, float(expit(odds.low)), float(expit(odds.high)))

    difference = contrast(p1 - p0, g1 - g0)
    log_rr = contrast(float(np.log(p1 / p0)), g1 / p1 - g0 / p0)
    log_or = contrast(float(logit(p1) - logit(p0)), g1 / (p1 * (1 - p1)) - g0 / (p0 * (1 - p0)))
    covariance = float(g1 @ fitted.covariance @ g0)
    spread = contrast(p1, g1).se * contrast(p0, g0).se
    risk1, risk0 = risk(p1, g1), risk(p0, g0)
    statistic = log_rr.estimate / log_rr.se
    return Averaged(
        exposure=exposure,
        level=level,
        risk1=risk1,
        risk0=risk0,
        risk_difference=mover(risk1, risk0, float(np.clip(covariance / spread, -1, 1))),
        risk_ratio=exponent(log_rr.interval(level)),
        odds_ratio=exponent(log_or.interval(level)),
        test=Test(
            statistic,
            tail(statistic, np.inf),
            "Wald test on the log risk ratio averaged over officers (mixed model, normal)",
        ),
        difference=difference,
        log_risk_ratio=log_rr,
        log_odds_ratio=log_or,
    )


def _average(eta: np.ndarray, sd: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return E mu, E v and E u v at eta + sd u, u standard normal (each P)."""
    if not sd:
        mu = expit(eta)
        return mu, mu * (1 - mu), np.zeros_like(mu)
    mean, slope, bend = np.zeros_like(eta), np.zeros_like(eta), np.zeros_like(eta)
    for node, weight in zip(*np.polynomial.hermite.hermgauss(AVERAGING_POINTS), strict=True):
        u, share = 2**0.5 * node, weight / np.pi**0.5
        mu = expit(eta + sd * u)
        v = share * mu * (1 - mu)
        mean += share * mu
        slope += v
        bend += u * v
    return mean, slope, bend
