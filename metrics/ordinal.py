"""An ordered outcome (level of force, severity of injury) as a whole, from grouped counts.

Proportional odds: logit P(level <= m) = zeta_m - x beta, so exp(beta) is the odds ratio of a
higher level at every cut point alike (McCullagh 1980, JRSS B 42:109; the signs of R's
``MASS::polr``). Whether it is alike is tested, and the odds ratio at each cut shows where it is not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from scipy.special import chdtrc, fdtrc

from metrics import cumulative, regression
from metrics._student import quantile, tail
from metrics.cells import NO_CONTACTS, Grouped, Term, counts, group
from metrics.cumulative import Clustered, Solution
from metrics.design import Design, build
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested, exponent
from metrics.ranks import BrunnerMunzel, RankSum, brunner_munzel, rank_sum

__all__ = [
    "BrunnerMunzel",
    "CutPoint",
    "ProportionalOdds",
    "RankSum",
    "brunner_munzel",
    "cut_points",
    "proportional_odds",
    "rank_sum",
]

OrdinalError = Literal["model", "CR0", "CR1", "CR2"]

TWO_LEVELS = NotEstimable("With two levels there is one cut point, so there is nothing to compare.")


@dataclass(frozen=True, eq=False)
class ProportionalOdds:
    """A fitted cumulative logit model.

    ``coefficients`` are log odds ratios of a higher level, ``zeta`` the cut points by name
    ``"low|high"``; ``se`` and ``df`` hold both, and what has no error is in ``not_estimable`` with
    the reason. ``covariance`` is in the order of ``names`` then the cut points. ``error`` says
    which errors they are, ``n`` counts contacts, ``clusters`` officers. ``levels`` are those with
    contacts, lowest first; ``empty`` those without, which leave. ``aliased``, ``pooled`` and
    ``references`` are as in :class:`metrics.regression.Fit`.
    """

    error: OrdinalError
    names: tuple[str, ...]
    coefficients: dict[str, float]
    zeta: dict[str, float]
    se: dict[str, float]
    df: dict[str, float]
    not_estimable: dict[str, str]
    covariance: np.ndarray
    log_likelihood: float
    levels: tuple[str, ...]
    empty: tuple[str, ...]
    aliased: tuple[str, ...]
    pooled: dict[str, tuple[str, ...]]
    references: dict[str, str]
    clusters: int | None
    n: int
    model: Model

    def coefficient(self, name: str, level: float = 0.95) -> Estimated:
        """Return a log odds ratio (or a cut point) with its t or normal interval.

        Raises:
            KeyError: there is no such column or cut point.
        """
        value = self.coefficients[name] if name in self.coefficients else self.zeta[name]
        if name in self.not_estimable:
            return NotEstimable(self.not_estimable[name])
        reach = quantile(self.df[name], level) * self.se[name]
        return Estimate(value, value - reach, value + reach)

    def odds_ratio(self, name: str, level: float = 0.95) -> Estimated:
        """Return the odds ratio of a higher level, the same at every cut point.

        Raises:
            KeyError: there is no such column.
        """
        return exponent(self.coefficient(name, level))

    def test(self, name: str) -> Tested:
        """Return the t (or normal) test that a coefficient is 0.

        Raises:
            KeyError: there is no such column.
        """
        value = self.coefficients[name]
        if name in self.not_estimable:
            return NotEstimable(self.not_estimable[name])
        statistic = value / self.se[name]
        return Test(statistic, tail(statistic, self.df[name]), f"Wald test ({self.error})")

    def proportionality(self, term: str | None = None) -> Tested:
        """Test that the odds ratios of one term (or of all) are the same at every cut point.

        Without clusters the likelihood ratio against the model in which they differ (R's
        ``ordinal::nominal_test``), or Rao's score test (Peterson & Harrell 1990, Appl Stat
        39:205) where that model has no finite answer. With clusters the generalised score test
        (Boos 1992, Am Stat 46:327), its chi-square scaled to F by the number of officers. A large
        p is no proof that they are the same.

        Raises:
            KeyError: there is no such term.
        """
        if len(self.levels) < 3:
            return TWO_LEVELS
        return self.model.relax(self.model.columns(term))


class CutPoint(NamedTuple):
    """The odds ratio of a level above one cut, by a binary regression of its own.

    ``events`` of ``n`` contacts are above ``cut``, named ``"low|high"``.
    """

    cut: str
    odds_ratio: Estimated
    test: Tested
    events: int
    n: int


@dataclass(frozen=True, eq=False)
class Model:
    """The data behind a fit: P patterns x K levels, and M cells when there are clusters."""

    design: Design
    terms: tuple[tuple[str, ...], ...]
    rows: np.ndarray
    totals: np.ndarray
    cell_counts: np.ndarray
    pattern: np.ndarray
    cluster: np.ndarray | None
    solution: Solution

    def columns(self, term: str | None) -> np.ndarray:
        """Mark the columns of a term among the columns of x."""
        if term is None:
            return np.ones(len(self.design.names) - 1, dtype=bool)
        joined = [":".join(factors) for factors in self.terms]
        if term not in joined:
            raise KeyError(term)
        size = {name: len(coding.names) for name, coding in self.design.codings.items()}
        widths = [math.prod(size.get(name, 1) for name in factors) for factors in self.terms]
        owner = np.repeat(np.arange(len(widths)), widths)[self.design.kept[1:]]
        return np.asarray(owner == joined.index(term))

    def relax(self, columns: np.ndarray) -> Tested:
        """Test the model against one with an effect at every cut for the chosen columns."""
        size = int(columns.sum())
        if not size:
            return NotEstimable("This term left the model, so there is nothing to test.")
        rows = cumulative.relaxed(self.rows, columns)
        df = (rows.shape[1] - 1) * size
        if self.cluster is None:
            start = np.concatenate([self.solution.theta, np.zeros(df)])
            wider = cumulative.maximise(rows, self.totals, start)
            if isinstance(wider, Solution):
                gain = max(2 * (wider.log_likelihood - self.solution.log_likelihood), 0.0)
                return Test(gain, float(chdtrc(df, gain)), "likelihood ratio test")
        return self._score_test(rows, df)

    def _score_test(self, rows: np.ndarray, df: int) -> Tested:
        flat = self.rows.reshape(-1, self.rows.shape[2])
        t = (flat @ self.solution.theta).reshape(self.rows.shape[:2])
        expected = self.totals.sum(axis=1, keepdims=True) * cumulative.probabilities(t)
        mean = cumulative.curve(t, expected)
        assert mean is not None  # the thresholds of a solution are in order
        bread = cumulative.information(rows, mean.own, mean.gap)
        q = self.rows.shape[2]
        # What the added effects explain beyond the fitted ones.
        carry = np.linalg.solve(bread[:q, :q], bread[:q, q:])
        if self.cluster is None:
            here = cumulative.curve(t, self.totals)
            assert here is not None
            total = here.score.ravel() @ rows.reshape(-1, rows.shape[2])
            score, spread = total[q:] - total[:q] @ carry, bread[q:, q:] - bread[q:, :q] @ carry
            statistic = float(score @ np.linalg.solve(spread, score))
            return Test(statistic, float(chdtrc(df, statistic)), "score test")
        parts = cumulative.cluster_scores(rows, t, self.cell_counts, self.pattern, self.cluster)
        own = parts[:, q:] - parts[:, :q] @ carry
        clusters = len(own)
        if clusters <= df + 1 or np.linalg.matrix_rank(own) < df:
            return NotEstimable("There are too few officers to test this many cut points at once.")
        spread, score = clusters / (clusters - 1) * own.T @ own, own.sum(axis=0)
        statistic = float(score @ np.linalg.solve(spread, score))
        scaled = statistic * (clusters - df) / (df * (clusters - 1))
        p = float(fdtrc(df, clusters - df, scaled))
        return Test(statistic, p, "generalised score test, officer-clustered")


def proportional_odds(
    frame: pd.DataFrame,
    *,
    terms: Sequence[Term],
    levels: Sequence[str] | None = None,
    level: str | None = None,
    trials: str | None = None,
    cluster: str | None = None,
    se: OrdinalError | None = None,
) -> ProportionalOdds | NotEstimable:
    """Fit the proportional odds model to grouped counts.

    Args:
        frame: one row per group of alike contacts.
        terms: as in :func:`metrics.regression.fit`; levels of a covariate whose contacts are all
            at the lowest (or all at the highest) level of the outcome are pooled.
        levels: columns with the contacts at each level of the outcome, lowest first; or else
        level: one column with the level (sorted: give numbers or an ordered category), and
        trials: the column with the number of contacts (``None``: every row is one).
        cluster: column with the officer, for clustered errors.
        se: ``"model"`` (observed information), ``"CR0"``, ``"CR1"`` or ``"CR2"`` with Satterthwaite
            degrees of freedom; by default CR2 with ``cluster`` and ``"model"`` without.

    Returns:
        A :class:`ProportionalOdds`, or :class:`NotEstimable` when all contacts are at one level,
        with one cluster, with no more contacts than columns, or when the data are separated.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing or impossible counts, levels or covariates, not exactly one of
            ``levels`` and ``level``, an unknown error, or a clustered error without clusters.
    """
    error: OrdinalError = se or ("CR2" if cluster else "model")
    if error not in get_args(OrdinalError) or (error != "model" and cluster is None):
        raise ValueError(f"unknown error {error!r}, or one that needs a cluster column")
    grouped, names, table = _counted(frame, levels, level, trials, terms, cluster)
    there = table.sum(axis=0) > 0
    empty = tuple(name for name, some in zip(names, there, strict=True) if not some)
    names = tuple(name for name, some in zip(names, there, strict=True) if some)
    table = table[:, there]
    if not len(names):
        return NO_CONTACTS
    if len(names) == 1:
        return NotEstimable("Every contact in this selection has the same level.")
    # Ranks summed are 0 where all are lowest and at their most where all are highest: the rules
    # for pooling then find the levels of covariates that have no finite answer.
    ranks = pd.DataFrame(
        {"y": table @ np.arange(len(names)), "n": table.sum(axis=1) * (len(names) - 1)}
    )
    ranked = replace(grouped, frame=ranks)
    size = len(grouped.pattern)
    cell_counts = np.column_stack(
        [np.bincount(grouped.row_cell, column, minlength=size) for column in table.T]
    )
    cell_counts = cell_counts[cell_counts.sum(axis=1) > 0]
    cells = ranked.count("y", "n")
    if error != "model" and len(cells.labels) < 2:
        return NotEstimable(
            "All contacts belong to one officer, so the spread between officers is unknown."
        )
    design = build(cells)
    x = design.matrix[:, 1:]
    n = int(table.sum())
    if n <= x.shape[1] + len(names) - 1:
        return NotEstimable("There are too few contacts for this many covariates.")
    rows = cumulative.thresholds(x, len(names) - 1)
    totals = np.column_stack(
        [np.bincount(cells.pattern, column, minlength=len(x)) for column in cell_counts.T]
    )
    solution = cumulative.maximise(rows, totals)
    if isinstance(solution, NotEstimable):
        return solution
    clustered: Clustered | None = None
    covariance = solution.root @ solution.root.T
    if error != "model":
        assert cells.cluster is not None
        clustered = cumulative.clustered(
            error, rows, cell_counts, cells.pattern, cells.cluster, solution
        )
        covariance = clustered.covariance
    cuts = _cuts(names)
    parameters = (*cuts, *design.names[1:])
    found: dict[str, tuple[float, float] | NotEstimable] = {}
    for name, gradient in zip(parameters, np.eye(len(parameters)), strict=True):
        plain = (float(gradient @ covariance @ gradient) ** 0.5, np.inf)
        found[name] = plain if clustered is None else clustered.contrast(gradient)
    good = {name: r for name, r in found.items() if not isinstance(r, NotEstimable)}
    order = np.roll(np.arange(len(parameters)), -len(cuts))
    theta = dict(zip(parameters, solution.theta.tolist(), strict=True))
    return ProportionalOdds(
        error=error,
        names=design.names[1:],
        coefficients={name: theta[name] for name in design.names[1:]},
        zeta={name: theta[name] for name in cuts},
        se={name: r[0] for name, r in good.items()},
        df={name: r[1] for name, r in good.items()},
        not_estimable={name: r.reason for name, r in found.items() if isinstance(r, NotEstimable)},
        covariance=covariance[np.ix_(order, order)],
        log_likelihood=solution.log_likelihood,
        levels=names,
        empty=empty,
        aliased=design.aliased,
        pooled=design.pooled,
        references=design.references,
        clusters=None if cells.cluster is None else len(cells.labels),
        n=n,
        model=Model(
            design=design,
            terms=cells.terms,
            rows=rows,
            totals=totals,
            cell_counts=cell_counts,
            pattern=cells.pattern,
            cluster=cells.cluster,
            solution=solution,
        ),
    )


def cut_points(
    frame: pd.DataFrame,
    *,
    exposure: str,
    terms: Sequence[Term],
    levels: Sequence[str] | None = None,
    level: str | None = None,
    trials: str | None = None,
    cluster: str | None = None,
) -> tuple[CutPoint, ...]:
    """Return the odds ratio of ``exposure`` at every cut point, each by its own logistic model.

    ``exposure`` is a column of the model (one of ``terms``, or ``"term[level]"``); the other
    arguments are those of :func:`proportional_odds`. Errors are officer-clustered CR2 with
    ``cluster``, else the model's. Cuts with no contact above or below are not estimable.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: as :func:`proportional_odds`.
    """
    grouped, names, table = _counted(frame, levels, level, trials, terms, cluster)
    found = []
    for place, cut in enumerate(_cuts(names), start=1):
        above, n = table[:, place:].sum(axis=1), table.sum(axis=1)
        here = replace(grouped, frame=pd.DataFrame({"y": above, "n": n}))
        fitted = regression.fit(here, events="y", trials="n", se="CR2" if cluster else "model")
        ratio: Estimated
        test: Tested
        if isinstance(fitted, NotEstimable):
            ratio = test = fitted
        elif exposure not in fitted.coefficients:
            ratio = test = NotEstimable(
                "At this cut the group cannot be told apart from the other covariates."
            )
        else:
            ratio, test = exponent(fitted.coefficient(exposure)), fitted.test(exposure)
        found.append(CutPoint(cut, ratio, test, int(above.sum()), int(n.sum())))
    return tuple(found)


def _counted(
    frame: pd.DataFrame,
    levels: Sequence[str] | None,
    level: str | None,
    trials: str | None,
    terms: Sequence[Term],
    cluster: str | None,
) -> tuple[Grouped, tuple[str, ...], np.ndarray]:
    """Return the grouping, the names of the K levels and the counts (rows x K)."""
    if (levels is None) == (level is None) or (levels is not None and trials is not None):
        raise ValueError("give either levels, or level with trials")
    if levels is not None:
        if len(set(levels)) != len(levels) or len(levels) < 2:
            raise ValueError("levels must name at least two different columns")
        names = tuple(levels)
        table = np.column_stack([counts(frame, name) for name in levels])
    else:
        assert level is not None
        code, values = pd.factorize(frame[level], sort=True)
        if np.any(code < 0):
            raise ValueError(f"{level!r} has missing values; leave those contacts out")
        names = tuple(str(value) for value in values)
        table = np.zeros((len(frame), len(names)))
        table[np.arange(len(frame)), code] = 1.0 if trials is None else counts(frame, trials)
    return group(frame, terms, cluster), names, table


def _cuts(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{low}|{high}" for low, high in itertools.pairwise(names))
