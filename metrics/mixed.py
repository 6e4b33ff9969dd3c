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

from metrics._mixed_likelihood import Likelihood, Model
from metrics._student import quantile, tail
from metrics._within import blocks, prepare
from metrics.cells import Cells, Grouped, Term, unanimous
from metrics.design import Design, build
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, exponent
from metrics.newton import maximise

if TYPE_CHECKING:
    from metrics.regression import Fit

ROUGH_POINTS = 5
"""Nodes of the first, approximate iterations."""

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
