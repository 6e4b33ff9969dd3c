"""Conditional logistic regression: each officer compared only with themself.

The likelihood is that of which contacts had the outcome, given how many of each officer's did
(Breslow & Day 1980, *Statistical Methods in Cancer Research* 1, chapter 7), so whatever is
constant for an officer cancels. It is exact, from grouped counts. Its odds ratios are conditional on the
officer: they are not the marginal odds ratio, and lie further from 1.
The algorithm is in :mod:`metrics._conditional_likelihood`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from metrics._conditional_likelihood import Likelihood, Model
from metrics._student import quantile, tail
from metrics._within import Sandwich, blocks, moments, prepare, varying
from metrics.cells import Cells, Grouped, Term, unanimous
from metrics.design import INTERCEPT, build
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested, exponent

WARM = 3
"""Cheap steps with officer intercepts fitted, before the exact ones."""

MAX_ITERATIONS = 40
DECREMENT = 1e-14
ENDLESS, MOVING = 15.0, 0.2
"""A log odds ratio this large over a column's range that still moves this much has no end."""

NO_INFORMATIVE = NotEstimable(
    "No officer had contacts both with and without this outcome, so officers cannot be compared with "
    "themselves."
)
NO_SWITCH = NotEstimable(
    "Among officers who had contacts both with and without this outcome, nothing that is compared "
    "changes within an officer."
)
UNSETTLED = NotEstimable(
    "The regression within officers did not settle on an answer for these contacts; fewer covariates "
    "or a longer period may give one."
)


class Informative(NamedTuple):
    """Officers within whom a column varies and the outcome too, their contacts and events."""

    officers: int
    contacts: int
    events: int


@dataclass(frozen=True, eq=False)
class ConditionalFit:
    """Conditional log odds ratios within officers, by column name.

    ``covariance`` (p x p in the order of ``names``) and ``se`` are the inverse conditional
    information; ``covariance_robust``, ``se_robust`` and ``df_robust`` are CR2 over officers with
    Satterthwaite's degrees of freedom, and a column missing from them is in ``not_estimable``
    with the reason. ``aliased`` lists the columns dropped: those constant within every informative
    officer and combinations of others; ``pooled`` and ``references`` are as in
    :class:`metrics.regression.Fit`, by the same rules over the informative officers' contacts.
    ``officers``, ``contacts`` and ``events`` count the informative: the outcome and some column
    vary within the officer; ``informative`` counts them for each column; ``left_out`` counts the other
    officers. ``log_likelihood`` is conditional.
    """

    names: tuple[str, ...]
    coefficients: dict[str, float]
    se: dict[str, float]
    covariance: np.ndarray
    se_robust: dict[str, float]
    df_robust: dict[str, float]
    covariance_robust: np.ndarray
    not_estimable: dict[str, str]
    aliased: tuple[str, ...]
    pooled: dict[str, tuple[str, ...]]
    references: dict[str, str]
    log_likelihood: float
    officers: int
    contacts: int
    events: int
    informative: dict[str, Informative]
    left_out: int
    iterations: int
    measure: str = "odds ratio within officer (conditional)"

    def coefficient(self, name: str, level: float = 0.95, robust: bool = False) -> Estimated:
        """Return a log odds ratio with its normal interval, or the robust t interval.

        Raises:
            KeyError: there is no such column and none was dropped.
        """
        found = self._error(name, robust)
        if isinstance(found, NotEstimable):
            return found
        value, reach = self.coefficients[name], quantile(found[1], level) * found[0]
        return Estimate(value, value - reach, value + reach)

    def odds_ratio(self, name: str, level: float = 0.95, robust: bool = False) -> Estimated:
        """Return the odds ratio within officers; it is conditional, not the marginal one.

        Raises:
            KeyError: there is no such column and none was dropped.
        """
        return exponent(self.coefficient(name, level, robust))

    def test(self, name: str, robust: bool = False) -> Tested:
        """Return the Wald test that a log odds ratio within officers is 0.

        Raises:
            KeyError: there is no such column and none was dropped.
        """
        found = self._error(name, robust)
        if isinstance(found, NotEstimable):
            return found
        statistic = self.coefficients[name] / found[0]
        kind = f"CR2, t, {found[1]:.1f} df" if robust else "normal"
        method = f"Wald test, conditional logistic regression within officers ({kind})"
        return Test(statistic, tail(statistic, found[1]), method)

    def _error(self, name: str, robust: bool) -> tuple[float, float] | NotEstimable:
        if name in self.aliased:
            return NotEstimable(
                f"{name} does not vary within the officers who had contacts both with and without "
                "this outcome, or goes together with the other covariates there."
            )
        if not robust:
            return self.se[name], np.inf
        if name in self.not_estimable:
            return NotEstimable(self.not_estimable[name])
        return self.se_robust[name], self.df_robust[name]


def conditional_logit(
    frame: pd.DataFrame | Grouped,
    *,
    events: str,
    trials: str | None = None,
    terms: Sequence[Term] | None = None,
    cluster: str | None = None,
) -> ConditionalFit | NotEstimable:
    """Fit the exact conditional logistic regression within officers, from grouped counts.

    Args:
        frame: as for :func:`metrics.regression.fit`; rows of one officer may be split at will.
        events: column with the number of contacts that had the outcome.
        trials: column with the number of contacts; ``None`` when every row is one contact.
        terms: as for :func:`metrics.regression.fit`; there is no intercept to estimate.
        cluster: column with the officer, whose contacts are compared with each other only.

    Returns:
        A :class:`ConditionalFit`, or :class:`NotEstimable` without events, when no officer has
        contacts with and without the outcome, when nothing varies within an officer, or when
        the likelihood has no finite maximum.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing or impossible counts, missing covariates, or no cluster.
    """
    cells = prepare(frame, events, trials, terms, cluster)
    refused = unanimous(cells)
    if refused is not None:
        return refused
    assert cells.cluster is not None
    everyone = len(cells.labels)
    happened = np.bincount(cells.cluster, cells.events, minlength=everyone)
    contacts = np.bincount(cells.cluster, cells.trials, minlength=everyone)
    mixed = (happened > 0) & (happened < contacts)
    if not mixed.any():
        return NO_INFORMATIVE
    cells = cells.keep(mixed[cells.cluster])
    design = build(cells)
    found = blocks(cells)
    y, n = cells.events[found.order], cells.trials[found.order]
    pattern = cells.pattern[found.order]
    about = moments(design.matrix, pattern, y, n, found)
    kept = varying(about.cross.sum(axis=0), about.whole)
    dropped = [
        name
        for name, keep in zip(design.names, kept, strict=True)
        if not keep and name != INTERCEPT
    ]
    if not kept.any():
        return NO_SWITCH
    names = tuple(name for name, keep in zip(design.names, kept, strict=True) if keep)
    scale, moves = about.reach[kept], about.moves[:, kept]
    model = Model(design.matrix[:, kept] / scale, about.mean[:, kept] / scale, pattern, y, n, found)
    solution = _maximise(model, names)
    if isinstance(solution, NotEstimable):
        return solution
    beta, at, iterations = solution
    upper = cholesky(at.information.sum(axis=0))
    root = solve_triangular(upper, np.eye(len(beta)))
    kernel = np.matmul(np.matmul(root.T, at.information), root)
    robust = Sandwich(kernel, at.score @ root, root / scale[:, None])
    results = [robust.contrast(row) for row in np.eye(len(beta))]
    root = root / scale[:, None]
    covariance = root @ root.T
    return ConditionalFit(
        names=names,
        coefficients=dict(zip(names, (beta / scale).tolist(), strict=True)),
        se=dict(zip(names, np.sqrt(covariance.diagonal()).tolist(), strict=True)),
        covariance=covariance,
        se_robust={
            name: result.se
            for name, result in zip(names, results, strict=True)
            if not isinstance(result, NotEstimable)
        },
        df_robust={
            name: result.df
            for name, result in zip(names, results, strict=True)
            if not isinstance(result, NotEstimable)
        },
        covariance_robust=robust.covariance,
        not_estimable={
            name: result.reason
            for name, result in zip(names, results, strict=True)
            if isinstance(result, NotEstimable)
        },
        aliased=(*design.aliased, *dropped),
        pooled=design.pooled,
        references=design.references,
        log_likelihood=float(at.value.sum()),
        **_counted(cells, moves, everyone, names),
        iterations=iterations,
    )


def _counted(
    cells: Cells, moves: np.ndarray, everyone: int, names: tuple[str, ...]
) -> dict[str, Any]:
    """Count who tells something: ``moves`` (J x p) marks the columns that vary within an officer."""
    assert cells.cluster is not None
    events = np.bincount(cells.cluster, cells.events)
    contacts = np.bincount(cells.cluster, cells.trials)

    def some(who: np.ndarray) -> Informative:
        return Informative(int(who.sum()), int(contacts[who].sum()), int(events[who].sum()))

    whole = some(moves.sum(axis=1) > 0)
    return {
        "officers": whole.officers,
        "contacts": whole.contacts,
        "events": whole.events,
        "informative": {name: some(moves[:, k]) for k, name in enumerate(names)},
        "left_out": everyone - whole.officers,
    }


def _maximise(
    model: Model, names: tuple[str, ...]
) -> tuple[np.ndarray, Likelihood, int] | NotEstimable:
    """Newton's method with step-halving, from a few cheap steps of the officer-intercept model."""
    beta = np.zeros(len(names))
    for _ in range(WARM):
        score, information = model.profile(beta)
        step = _solve(information, score)
        if step is None or np.abs(step).max() > ENDLESS / 3:
            break
        beta = beta + step
    at, last = model.exact(beta), False
    for iteration in range(1, MAX_ITERATIONS + 1):
        step = _solve(at.information.sum(axis=0), at.score.sum(axis=0))
        if step is None or not np.isfinite(at.value.sum()):
            return UNSETTLED
        # Columns are scaled to within 1 of the officer's mean: beta is near the whole range's effect.
        endless = (np.abs(beta) > ENDLESS) & (step * np.sign(beta) > MOVING)
        if endless.any():
            shown = ", ".join(name for name, on in zip(names, endless, strict=True) if on)
            return NotEstimable(
                f"Within officers, contacts told apart by {shown} always had this outcome or never "
                "did, so the regression has no finite answer; compare the raw counts, or use fewer "
                "covariates."
            )
        if last:
            return beta, at, iteration - 1
        last = float(step @ at.score.sum(axis=0)) <= DECREMENT * 1e4
        value = at.value.sum()
        for _ in range(40):
            proposal = model.exact(beta + step)
            if proposal.value.sum() >= value - 1e-10 * (1 + abs(value)):
                break
            step = step / 2
        beta, at = beta + step, proposal
    return UNSETTLED


def _solve(information: np.ndarray, score: np.ndarray) -> np.ndarray | None:
    try:
        upper = cholesky(information)
    except (LinAlgError, ValueError):
        return None
    return solve_triangular(upper, solve_triangular(upper, score, trans="T"))
