"""Regression of a yes/no outcome on dispatch-time covariates, from grouped counts.

Logistic, modified Poisson (Zou 2004, Am J Epidemiol 159:702) and linear probability models with
the standard errors of :mod:`metrics.sandwich`. A row of counts stands for that many contacts; a
row-level file is the special case of one trial a row, and both give the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np
import pandas as pd

from metrics import sandwich
from metrics._student import quantile, tail
from metrics.cells import Categorical, Cells, Grouped, Term, group, unanimous
from metrics.conditional import ConditionalFit, conditional_logit
from metrics.design import Design, build, overlap, overlap_share
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested
from metrics.firth import FirthFit, firth
from metrics.influence import Influence, influential
from metrics.mixed import MixedFit, mixed
from metrics.mixed_risks import Averaged, averaged
from metrics.newton import Family, Solution, maximise
from metrics.officer_effects import OfficerEffects, officer_effects
from metrics.sandwich import Errors, ErrorType
from metrics.standardisation import Contrast, Standardised, standardise

__all__ = [
    "Averaged",
    "Categorical",
    "ConditionalFit",
    "Contrast",
    "FirthFit",
    "Fit",
    "Influence",
    "MixedFit",
    "OfficerEffects",
    "Standardised",
    "averaged",
    "conditional_logit",
    "firth",
    "fit",
    "fit_cells",
    "group",
    "influential",
    "mixed",
    "officer_effects",
    "overlap",
    "overlap_share",
    "standardise",
    "without",
]


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted regression with p coefficients, on the scale of its link (log odds, log risk, risk).

    ``coefficients``, ``se`` and ``df`` are by column name; a coefficient whose error cannot be
    estimated is in ``not_estimable`` with the reason and in neither ``se`` nor ``df``. ``df`` is
    Satterthwaite's for clustered errors, N - p for other errors of the linear family, and
    infinite otherwise. ``covariance`` is p x p in the order of ``names``. ``n`` and ``events``
    count contacts, ``clusters`` officers (``None`` without clusters). ``aliased`` lists dropped
    columns, ``pooled`` pooled levels by term, ``references`` reference levels by term.
    """

    family: Family
    error: ErrorType
    names: tuple[str, ...]
    coefficients: dict[str, float]
    covariance: np.ndarray
    aliased: tuple[str, ...]
    pooled: dict[str, tuple[str, ...]]
    references: dict[str, str]
    clusters: int | None
    n: int
    events: int
    iterations: int
    log_likelihood: float
    converged: bool
    cells: Cells
    design: Design
    solution: Solution
    errors: Errors

    @cached_property
    def _contrasts(self) -> dict[str, tuple[float, float] | NotEstimable]:
        # The degrees of freedom of every coefficient cost more than the fit; few are ever read.
        contrast = self.errors.contrast
        return dict(zip(self.names, map(contrast, np.eye(len(self.names))), strict=True))

    @property
    def se(self) -> dict[str, float]:
        """Standard errors of the coefficients that have one."""
        return {n: c[0] for n, c in self._contrasts.items() if not isinstance(c, NotEstimable)}

    @property
    def df(self) -> dict[str, float]:
        """Degrees of freedom of the coefficients that have a standard error."""
        return {n: c[1] for n, c in self._contrasts.items() if not isinstance(c, NotEstimable)}

    @property
    def not_estimable(self) -> dict[str, str]:
        """Why a coefficient has no standard error, by name."""
        return {n: c.reason for n, c in self._contrasts.items() if isinstance(c, NotEstimable)}

    @property
    def beta(self) -> np.ndarray:
        """The coefficients as an array, in the order of ``names``."""
        return self.solution.beta

    def coefficient(self, name: str, level: float = 0.95) -> Estimated:
        """Return a coefficient with its t (or normal) interval.

        Raises:
            KeyError: there is no such column; it may be in ``aliased`` or ``pooled``.
        """
        value, found = self.coefficients[name], self._contrasts[name]
        if isinstance(found, NotEstimable):
            return found
        se, df = found
        reach = quantile(df, level) * se
        return Estimate(value, value - reach, value + reach)

    def test(self, name: str) -> Tested:
        """Return the t (or normal) test that a coefficient is 0.

        Raises:
            KeyError: there is no such column.
        """
        value, found = self.coefficients[name], self._contrasts[name]
        if isinstance(found, NotEstimable):
            return found
        se, df = found
        statistic = value / se
        return Test(statistic, tail(statistic, df), f"Wald test ({self.error})")


def fit(
    frame: pd.DataFrame | Grouped,
    *,
    events: str,
    trials: str | None = None,
    terms: Sequence[Term] | None = None,
    cluster: str | None = None,
    family: Family = "logit",
    se: ErrorType = "CR2",
) -> Fit | NotEstimable:
    """Fit one outcome to grouped counts.

    Args:
        frame: one row per group of alike contacts, or the result of :func:`group` to share the
            grouping among outcomes (then ``terms`` and ``cluster`` are already given).
        events: column with the number of contacts that had the outcome.
        trials: column with the number of contacts; ``None`` when every row is one contact.
        terms: columns, :class:`Categorical` terms or ``"a:b"`` interactions; the rules for
            references, pooling and dropped columns are in :mod:`metrics.design`.
        cluster: column with the officer (or the finest unit there is); needed by CR errors.
        family: ``"logit"``, ``"poisson"`` or ``"linear"``.
        se: see :mod:`metrics.sandwich`.

    Returns:
        A :class:`Fit`, or :class:`NotEstimable` without contacts, without events or non-events,
        with one cluster, with no more contacts than columns, or when the data are separated.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing or impossible counts, missing covariates, an unknown family or error,
            CR errors without a cluster, or CR2-club with over 2,000 cells in a cluster.
    """
    if family not in get_args(Family) or se not in get_args(ErrorType):
        raise ValueError(f"unknown family {family!r} or error {se!r}")
    if isinstance(frame, Grouped):
        if terms is not None or cluster is not None:
            raise ValueError("terms and cluster belong to group() when a grouping is passed")
    else:
        frame = group(frame, terms or (), cluster)
    return fit_cells(frame.count(events, trials), family, se)


def without(fitted: Fit, officer: Any) -> Fit | NotEstimable:
    """Refit exactly, by the same rules, without the contacts of one cluster.

    Raises:
        ValueError: there is no such cluster in the fit.
    """
    return fit_cells(fitted.cells.without(officer), fitted.family, fitted.error)


def fit_cells(
    cells: Cells, family: Family, se: ErrorType, like: Fit | None = None
) -> Fit | NotEstimable:
    """Fit counts that are in cells already; see :func:`fit`.

    ``like`` is a fit of the same family to much the same contacts: where to begin.

    Raises:
        ValueError: CR errors without a cluster, or CR2-club with over 2,000 cells in a cluster.
    """
    robust = se.startswith("CR")
    if robust and cells.cluster is None:
        raise ValueError(f"{se} errors need a cluster column")
    y, n = cells.totals()
    count, happened = float(n.sum()), float(y.sum())
    refused = unanimous(cells)
    if refused is not None:
        return refused
    if robust and len(cells.labels) < 2:
        return NotEstimable(
            "All contacts belong to one officer, so the spread between officers is unknown."
        )
    design = build(cells)
    p = len(design.names)
    if count <= p:
        return NotEstimable("There are too few contacts for this many covariates.")
    start = None
    if like is not None and like.family == family:
        start = np.array([like.coefficients.get(name, 0.0) for name in design.names])
    solution = maximise(design.matrix, y, n, family, design.names, start)
    if isinstance(solution, NotEstimable):
        return solution
    errors = _errors(cells, design, solution, family, se, y, n)
    return Fit(
        family=family,
        error=se,
        names=design.names,
        coefficients=dict(zip(design.names, solution.beta.tolist(), strict=True)),
        covariance=errors.covariance,
        aliased=design.aliased,
        pooled=design.pooled,
        references=design.references,
        clusters=None if cells.cluster is None else len(cells.labels),
        n=int(count),
        events=int(happened),
        iterations=solution.iterations,
        log_likelihood=solution.log_likelihood,
        converged=True,
        cells=cells,
        design=design,
        solution=solution,
        errors=errors,
    )


def _errors(
    cells: Cells,
    design: Design,
    solution: Solution,
    family: Family,
    se: ErrorType,
    y: np.ndarray,
    n: np.ndarray,
) -> Errors:
    mean, variance, root = solution.mean, solution.variance, solution.root
    if se.startswith("CR"):
        return sandwich.clustered(
            se,
            design.matrix,
            cells.events,
            cells.by_cluster(cells.trials),
            mean,
            variance,
            root,
        )
    residual_df = float(n.sum()) - len(root) if family == "linear" else np.inf
    if se == "model":
        dispersion = 1.0
        if family == "linear":
            dispersion = float(y @ (1 - mean) ** 2 + (n - y) @ mean**2) / residual_df
        return sandwich.model_errors(root, dispersion, residual_df)
    return sandwich.heteroskedastic(se, design.matrix, y, n, mean, variance, root, residual_df)
