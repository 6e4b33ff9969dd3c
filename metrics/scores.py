"""Propensity scores and the weights they give, from grouped counts.

The score is the chance, given what dispatch knew, that a contact was handled with the exposure; a
logistic regression estimates it. Weights make the two arms alike in the covariates:

* ``overlap``: 1 - p with the exposure, p without (Li, Morgan & Zaslavsky 2018, JASA 113:390).
  With a logistic score the means of its columns balance exactly (their theorem 3).
* ``ate``: 1/p and 1/(1 - p). ``att``: 1 and p/(1 - p) (Hirano & Imbens 2001, Health Serv Outcomes
  Res Methodol 2:259).

Each target is another population, and its label says which. No contact is trimmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit

from metrics._products import times, weighted_sum
from metrics._stacked import Rows, steps
from metrics.cells import Categorical, Grouped, Term, counts, group
from metrics.estimate import NotEstimable
from metrics.regression import Fit, fit

Target = Literal["overlap", "ate", "att"]

LABELS: dict[Target, str] = {
    "overlap": "contacts either kind of officer could have been sent to",
    "ate": "all contacts",
    "att": "contacts CIT officers handled",
}


class Officers(NamedTuple):
    """The cluster of each row: a column name, codes (R) and the number of clusters."""

    name: str
    code: np.ndarray
    number: int


class Steps(NamedTuple):
    """Rows sorted by officer, and each officer's corrected step of the coefficients (J x p)."""

    rows: Rows
    taken: np.ndarray


@dataclass(frozen=True, eq=False)
class Propensity:
    """Scores and weights of R rows of grouped counts, in P covariate patterns.

    ``frame`` holds the rows in use: those given, without rows that hold no contact. ``score`` and
    ``weight`` (R) are each contact's, ``slope`` (R) is the derivative of the weight by the score's
    logit; ``arm`` (R) is true with the exposure; ``trials`` (R) counts contacts and ``pattern``
    (R) is the row's place in ``fit.design.matrix``. ``ess1`` and ``ess0`` are effective numbers
    of contacts with and without the exposure (Kish 1965, *Survey Sampling*, section 11.7).
    ``one_armed`` is the share of contacts in levels that one arm alone holds; such levels are
    pooled, and ``pooled`` lists them. ``trimmed`` is the share of contacts left out: none.
    """

    exposure: str
    target: Target
    label: str
    coefficients: dict[str, float]
    aliased: tuple[str, ...]
    pooled: dict[str, tuple[str, ...]]
    references: dict[str, str]
    contacts1: int
    contacts0: int
    ess1: float
    ess0: float
    one_armed: float
    trimmed: float
    frame: pd.DataFrame
    score: np.ndarray
    weight: np.ndarray
    slope: np.ndarray
    arm: np.ndarray
    trials: np.ndarray
    pattern: np.ndarray
    cluster: Officers | None
    fit: Fit

    @property
    def surprise(self) -> np.ndarray:
        """Return by row the contacts with the exposure less those the score expects (R)."""
        return self.trials * (self.arm - self.score)

    @cached_property
    def own_steps(self) -> Steps:
        """What every outcome needs of the score's errors, by the officers of ``cluster``."""
        if self.cluster is None:
            raise ValueError("errors need a cluster column")
        return steps_of(self, self.cluster)


def propensity(
    frame: pd.DataFrame,
    *,
    exposure: str,
    terms: Sequence[Term],
    trials: str | None = None,
    cluster: str | None = None,
    target: Target = "overlap",
) -> Propensity | NotEstimable:
    """Estimate the score of each covariate pattern by logistic regression, and the weights.

    Args:
        frame: one row per group of alike contacts.
        exposure: a 0/1 or true/false column, not among the terms.
        terms: dispatch-time covariates, as in :func:`metrics.regression.fit`.
        trials: column with the number of contacts; ``None`` when every row is one contact.
        cluster: column with the officer, the default of :func:`metrics.weighting.effect`.
        target: the contacts to speak of: ``"overlap"``, ``"ate"`` or ``"att"``.

    Returns:
        A :class:`Propensity`, or :class:`NotEstimable` when an arm is empty or the covariates
        tell the arms apart completely.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing or impossible counts, missing covariates, an exposure other than 0
            and 1 or among the terms, or an unknown target.
    """
    if target not in LABELS:
        raise ValueError(f"unknown target {target!r}")
    names = [term.name if isinstance(term, Categorical) else term for term in terms]
    if any(exposure in (name, *name.split(":")) for name in names):
        raise ValueError(f"{exposure!r} is the exposure and cannot be a term of its own score")
    n = np.ones(len(frame)) if trials is None else counts(frame, trials)
    values = frame[exposure].to_numpy(dtype=float, na_value=np.nan)
    if not np.all((values == 0) | (values == 1)):
        raise ValueError(f"{exposure!r} must hold 0 and 1 only")
    held = n > 0
    if not held.all():
        frame, n, values = frame.loc[held], n[held], values[held]
    arm = values == 1
    contacts1, contacts0 = float(n[arm].sum()), float(n[~arm].sum())
    if not contacts1 or not contacts0:
        return NotEstimable("All contacts are in one arm, so there is nothing to weight.")
    grouped = group(frame, terms)
    pattern = grouped.pattern[grouped.row_cell]
    of_row = pd.DataFrame({"exposed": np.where(arm, n, 0.0), "contacts": n})
    separated, one_armed = _one_armed(grouped, pattern, arm, n)
    if separated:
        return NotEstimable(
            f"Every level of {separated} was handled by one kind of officer only, so no contact "
            "has another to be compared with."
        )
    fitted = fit(replace(grouped, frame=of_row), events="exposed", trials="contacts", se="model")
    if isinstance(fitted, NotEstimable):
        return NotEstimable(
            "These covariates tell the two kinds of contacts apart completely, or there are too "
            "few contacts for them, so no chance of either can be estimated; use fewer covariates."
        )
    # From the linear predictor: 1 - p keeps its digits where p is close to 1.
    beta = _polished(fitted)
    eta = times(fitted.design.matrix, beta)[pattern]
    weight, slope = _weights(eta, arm, target)
    return Propensity(
        exposure=exposure,
        target=target,
        label=LABELS[target],
        coefficients=dict(zip(fitted.names, beta.tolist(), strict=True)),
        aliased=fitted.aliased,
        pooled=fitted.pooled,
        references=fitted.references,
        contacts1=int(contacts1),
        contacts0=int(contacts0),
        ess1=_kish(weight[arm], n[arm]),
        ess0=_kish(weight[~arm], n[~arm]),
        one_armed=one_armed,
        trimmed=0.0,
        frame=frame,
        score=expit(eta),
        weight=weight,
        slope=slope,
        arm=arm,
        trials=n,
        pattern=pattern,
        cluster=None if cluster is None else officers_of(frame, cluster),
        fit=fitted,
    )


def officers_of(frame: pd.DataFrame, name: str) -> Officers:
    """Return the officers of the rows of a frame; ``ValueError`` where one is missing."""
    code, labels = pd.factorize(frame[name])
    if np.any(code < 0):
        raise ValueError(f"{name!r} has missing values; give them a level of their own")
    return Officers(name, code, len(labels))


def steps_of(scores: Propensity, officers: Officers) -> Steps:
    """Return each officer's corrected step of the score's coefficients."""
    p, design = scores.score, scores.fit.design
    rows = Rows.sort(officers.code, officers.number, scores.pattern)
    information = scores.trials * p * (1 - p)
    taken = steps(rows, design.matrix, scores.fit.solution.root, information, scores.surprise)
    return Steps(rows, taken)


def _polished(fitted: Fit) -> np.ndarray:
    """Return the coefficients after one more Newton step: exact balance needs the last digits."""
    matrix, (exposed, contacts) = fitted.design.matrix, fitted.cells.totals()
    left = exposed - contacts * expit(times(matrix, fitted.beta))
    return fitted.beta + fitted.covariance @ weighted_sum(left, matrix)


def _weights(eta: np.ndarray, arm: np.ndarray, target: Target) -> tuple[np.ndarray, np.ndarray]:
    """Return each contact's weight and its derivative by the logit of the score."""
    p, q = expit(eta), expit(-eta)
    # The chance of the arm that the contact is not in, and how it moves with the logit.
    away, sign = np.where(arm, q, p), np.where(arm, -1.0, 1.0)
    if target == "overlap":
        return away, sign * p * q
    odds = np.exp(np.where(arm, -eta, eta))  # away / (1 - away)
    if target == "ate":
        return 1 + odds, sign * odds
    return np.where(arm, 1.0, odds), np.where(arm, 0.0, odds)


def _kish(weight: np.ndarray, n: np.ndarray) -> float:
    # Against the largest weight first: squares of odds could overflow.
    scaled = weight / weight.max()
    return float((n @ scaled) ** 2 / (n @ scaled**2))


def _one_armed(
    grouped: Grouped, pattern: np.ndarray, arm: np.ndarray, n: np.ndarray
) -> tuple[str, float]:
    """Return a covariate that separates the arms ("": none) and the share in one-armed levels."""
    size = len(grouped.pattern)
    exposed = np.bincount(pattern, np.where(arm, n, 0.0), minlength=size)
    contacts = np.bincount(pattern, n, minlength=size)
    lonely = np.zeros(size, dtype=bool)
    for name in sorted(grouped.categorical):
        code = grouped.codes[name]
        with_it, all_ = np.bincount(code, exposed), np.bincount(code, contacts)
        one = (with_it == 0) | (with_it == all_)
        if one.all():
            return name, 1.0
        lonely |= one[code]
    return "", float(contacts[lonely].sum() / contacts.sum())
