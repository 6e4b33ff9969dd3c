"""A linear probability model with an effect for each officer: the risk difference within officers.

The officers' effects are absorbed by centring every column within officers (Frisch & Waugh 1933,
Econometrica 1:387), from grouped counts. Only officers seen in both arms bear on the difference,
each with the weight of how evenly their contacts are split; it is their average, not everyone's.
Errors are clustered by officer, CR2 with Satterthwaite degrees of freedom, and equal to those of
the model with a dummy for each officer (see :class:`metrics._within.Sandwich`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from metrics._student import quantile, tail
from metrics._within import Sandwich, blocks, moments, prepare, varying
from metrics.cells import Categorical, Grouped, Term, unanimous
from metrics.design import INTERCEPT, build
from metrics.estimate import Estimate, NotEstimable, Test

NO_SWITCH = NotEstimable(
    "No officer handled contacts in both arms, so officers cannot be compared with themselves."
)
TOGETHER = NotEstimable(
    "Within officers the exposure always goes together with another covariate, so their effects "
    "cannot be told apart."
)
TOO_FEW = NotEstimable("There are too few contacts for this many officers and covariates.")


@dataclass(frozen=True, eq=False)
class OfficerEffects:
    """The risk difference of an exposure within officers (a share, arm 1 minus arm 0).

    ``risk_difference`` carries ``level`` t limits with ``df`` Satterthwaite degrees of freedom;
    ``se`` is CR2. ``officers`` counts the informative ones, seen in both arms, and
    ``contacts1``, ``events0`` and so on theirs; ``left_out`` the other officers, whose contacts
    only help to estimate the covariates' coefficients. ``aliased`` lists dropped columns,
    those constant within every officer among them; ``coefficients`` are risk differences by
    column.
    """

    exposure: str
    level: float
    risk_difference: Estimate
    se: float
    df: float
    test: Test
    coefficients: dict[str, float]
    aliased: tuple[str, ...]
    pooled: dict[str, tuple[str, ...]]
    references: dict[str, str]
    officers: int
    left_out: int
    contacts1: int
    contacts0: int
    events1: int
    events0: int
    measure: str = "risk difference within officer"


def officer_effects(
    frame: pd.DataFrame | Grouped,
    *,
    events: str,
    trials: str | None = None,
    terms: Sequence[Term] | None = None,
    exposure: str,
    cluster: str | None = None,
    level: float = 0.95,
) -> OfficerEffects | NotEstimable:
    """Fit the linear probability model with officer effects, from grouped counts.

    Args:
        frame: as for :func:`metrics.regression.fit`.
        events: column with the number of contacts that had the outcome.
        trials: column with the number of contacts; ``None`` when every row is one contact.
        terms: as for :func:`metrics.regression.fit`; the exposure is added when missing.
        exposure: a 0/1 or true/false column, which changes within some officers.
        cluster: column with the officer.
        level: confidence level.

    Returns:
        :class:`OfficerEffects`, or :class:`NotEstimable` without events, when no officer was
        seen in both arms, when the exposure cannot be told apart from the covariates within
        officers, or when one officer alone decides. The caller judges whether ``df`` is enough.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing or impossible counts, missing covariates, no cluster, or an exposure
            that is no 0/1 term by itself.
    """
    if not isinstance(frame, Grouped):
        terms = list(terms or ())
        names = [term.name if isinstance(term, Categorical) else term for term in terms]
        if exposure not in names:
            terms.insert(0, exposure)
    cells = prepare(frame, events, trials, terms, cluster)
    inside = any(len(factors) > 1 and exposure in factors for factors in cells.terms)
    if inside or (exposure,) not in cells.terms or exposure in cells.categorical:
        raise ValueError(f"{exposure!r} must be a 0/1 term by itself")
    arm = cells.values(exposure)
    if not np.all((arm == 0) | (arm == 1)):
        raise ValueError(f"{exposure!r} must hold 0 and 1 only")
    refused = unanimous(cells)
    if refused is not None:
        return refused
    found = blocks(cells)
    pattern = cells.pattern[found.order]
    y, n = cells.events[found.order], cells.trials[found.order]
    one = arm[pattern] == 1
    both = (found.sum(n * one) > 0) & (found.sum(n * ~one) > 0)
    if not both.any():
        return NO_SWITCH
    design = build(cells)
    if exposure not in design.names:
        return TOGETHER
    place = design.names.index(exposure)
    if np.any(np.abs(design.dependence[place]) > 1e-6):
        return TOGETHER
    # The exposure last: what it shares with a covariate is not its own.
    last = np.append(np.delete(np.arange(len(design.names)), place), place)
    ordered = [design.names[k] for k in last]
    about = moments(design.matrix[:, last], pattern, y, n, found)
    gram = about.cross.sum(axis=0)
    kept = varying(gram, about.whole)
    if not kept[-1]:
        return TOGETHER
    names = [name for name, keep in zip(ordered, kept, strict=True) if keep]
    if n.sum() <= len(names) + len(found.size):
        return TOO_FEW
    gram = gram[np.ix_(kept, kept)]
    scale = np.sqrt(gram.diagonal())
    try:
        upper = cholesky(gram / np.outer(scale, scale))
    except LinAlgError:
        return TOGETHER
    root = solve_triangular(upper, np.eye(len(names))) / scale[:, None]
    product, within = about.score[:, kept], about.cross[:, kept][:, :, kept]
    beta = root @ (root.T @ product.sum(axis=0))
    kernel = root.T @ within @ root
    scores = (product - within @ beta) @ root
    error = Sandwich(kernel, scores, root).contrast(np.eye(len(names))[-1])
    if isinstance(error, NotEstimable):
        return error
    value, (se, df) = float(beta[-1]), error
    reach = quantile(df, level) * se
    dropped = [
        name for name, keep in zip(ordered, kept, strict=True) if not keep and name != INTERCEPT
    ]
    seen = both[found.officer]
    return OfficerEffects(
        exposure=exposure,
        level=level,
        risk_difference=Estimate(value, value - reach, value + reach),
        se=se,
        df=df,
        test=Test(
            value / se,
            tail(value / se, df),
            f"Wald test, linear model with officer effects (CR2, t, {df:.1f} df)",
        ),
        coefficients=dict(zip(names, beta.tolist(), strict=True)),
        aliased=(*design.aliased, *dropped),
        pooled=design.pooled,
        references=design.references,
        officers=int(both.sum()),
        left_out=int((~both).sum()),
        contacts1=int(n[seen & one].sum()),
        contacts0=int(n[seen & ~one].sum()),
        events1=int(y[seen & one].sum()),
        events0=int(y[seen & ~one].sum()),
    )
