"""From grouped counts to a model matrix, by fixed rules.

The rules, the same on every page:

* Text and category columns are treatment-coded. The reference is the level asked for, else the
  level with most contacts, the first in sorted order among equals.
* Numbers and true/false columns pass through as they are and are never pooled.
* Levels in which no contact or every contact had the event are pooled into one level. While the
  pooled level still has none or all, the level with fewest contacts joins it. A term whose levels
  are all pooled leaves the model. What was pooled is listed.
* A column that is a linear combination of columns to its left is dropped and listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
import pandas as pd

from metrics._products import SOME, cross
from metrics.cells import Categorical, Cells, Term, counts, group

ALIAS_TOLERANCE = 1e-7
"""Residual norm, relative to the column's own, below which a column is aliased (as in R's lm)."""

CERTAIN_NONE, CERTAIN_SOME = 1e-12, 1e-7
"""Squared relative residuals at which a column surely is aliased, and surely is not."""

INTERCEPT = "(Intercept)"
POOLED = "pooled"


class Coding(NamedTuple):
    """How one categorical variable became columns: a column index per level, -1 = reference."""

    columns: np.ndarray
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Design:
    """A model matrix over P patterns and the rules that made it.

    ``matrix`` is P x p; ``aliased`` names the dropped columns; ``dependence`` (p x aliased) writes
    each dropped column in the kept ones; ``pooled`` lists pooled levels by variable and
    ``references`` the reference level of each categorical variable.
    """

    matrix: np.ndarray
    names: tuple[str, ...]
    aliased: tuple[str, ...]
    dependence: np.ndarray
    pooled: dict[str, tuple[str, ...]]
    references: dict[str, str]
    kept: np.ndarray
    codings: dict[str, Coding]

    def alone(self, cells: Cells, name: str) -> bool:
        """Say whether a numeric variable is one kept column, in no interaction, and none is aliased."""
        joint = {n for factors in cells.terms if len(factors) > 1 for n in factors}
        return bool(self.kept.all()) and name in self.names and name not in joint

    def rows(self, cells: Cells, fixed: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """Rebuild kept and dropped columns with numeric variables set to ``fixed`` values."""
        full, _ = _columns(cells, self.codings, fixed)
        return full[:, self.kept], full[:, ~self.kept]


def build(cells: Cells) -> Design:
    """Code, pool and drop columns by the rules of this module."""
    events, trials = cells.totals()
    codings: dict[str, Coding] = {}
    pooled: dict[str, tuple[str, ...]] = {}
    references: dict[str, str] = {}
    for name in sorted(cells.categorical):
        codings[name], pooled_levels, references[name] = _code(cells, name, events, trials)
        if pooled_levels:
            pooled[name] = pooled_levels
    full, names = _columns(cells, codings, {})
    kept = _independent(full)
    matrix = full if kept.all() else np.ascontiguousarray(full[:, kept])
    dropped = full[:, ~kept]
    dependence = np.zeros((matrix.shape[1], 0))
    if dropped.shape[1]:
        dependence = np.linalg.lstsq(matrix, dropped, rcond=None)[0]
    return Design(
        matrix=matrix,
        names=tuple(name for name, keep in zip(names, kept, strict=True) if keep),
        aliased=tuple(name for name, keep in zip(names, kept, strict=True) if not keep),
        dependence=dependence,
        pooled=pooled,
        references=references,
        kept=kept,
        codings=codings,
    )


def overlap_share(
    frame: pd.DataFrame, exposure: str, terms: Sequence[Term], trials: str | None = None
) -> float:
    """Return the share of contacts, 0 to 1, in covariate patterns that hold both arms.

    ``exposure`` is a 0/1 or true/false column; if it is among ``terms`` it is left out of the
    patterns. Without contacts the share is 0.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: missing values, or an exposure other than 0 and 1.
    """
    names = [term.name if isinstance(term, Categorical) else term for term in terms]
    grouped = group(frame, [name for name in names if name != exposure], cluster=exposure)
    if not set(np.asarray(grouped.labels, dtype=float)) <= {0.0, 1.0}:
        raise ValueError(f"{exposure!r} must hold 0 and 1 only")
    n = np.ones(len(frame)) if trials is None else counts(frame, trials)
    assert grouped.cluster is not None
    row = grouped.row_cell
    return overlap(grouped.pattern[row], grouped.labels[grouped.cluster[row]] == 1, n)


def overlap(pattern: np.ndarray, exposed: np.ndarray, trials: np.ndarray) -> float:
    """Return the share of contacts in patterns that hold both arms, from one entry a row of counts."""
    if not np.sum(trials):
        return 0.0
    one, other = (np.bincount(pattern, np.where(arm, trials, 0)) for arm in (exposed, ~exposed))
    return float((one + other)[(one > 0) & (other > 0)].sum() / np.sum(trials))


def _code(
    cells: Cells, name: str, events: np.ndarray, trials: np.ndarray
) -> tuple[Coding, tuple[str, ...], str]:
    code, size = cells.codes[name], len(cells.levels[name])
    y = np.bincount(code, events, minlength=size)
    n = np.bincount(code, trials, minlength=size)
    present = n > 0
    pool = present & ((y == 0) | (y == n))
    while pool.any() and y[pool].sum() in (0, n[pool].sum()) and (present & ~pool).any():
        pool[np.argmin(np.where(present & ~pool, n, np.inf))] = True
    labels = [str(value) for value in cells.levels[name]]
    slot = np.where(pool, size, np.arange(size))
    weight = np.bincount(slot, n, minlength=size + 1)
    reference = int(np.argmax(weight))
    asked = cells.references.get(name)
    for place in np.flatnonzero(present & ~pool):
        if asked is not None and cells.levels[name][place] == asked:
            reference = int(place)
    columns = np.full(size, -1)
    used = [place for place in np.flatnonzero(weight > 0) if place != reference]
    for column, place in enumerate(used):
        columns[slot == place] = column
    shown = [*labels, POOLED]
    coding = Coding(columns, tuple(f"{name}[{shown[place]}]" for place in used))
    return coding, tuple(labels[place] for place in np.flatnonzero(pool)), shown[reference]


def _columns(
    cells: Cells, codings: dict[str, Coding], fixed: dict[str, float]
) -> tuple[np.ndarray, list[str]]:
    size = len(cells.totals()[1])
    terms = [[_tags(name, codings, fixed) for name in factors] for factors in cells.terms]
    names = [INTERCEPT]
    for tags in terms:
        names += [":".join(tag) for tag in product(*tags)]
    matrix = np.zeros((size, len(names)))
    matrix[:, 0] = 1.0
    flat, row = matrix.reshape(-1), np.arange(size) * len(names)
    at = 1
    for factors, tags in zip(cells.terms, terms, strict=True):
        width = prod(len(tag) for tag in tags)
        place, value = np.zeros(size, dtype=np.int64), np.ones(size)
        for name, tag in zip(factors, tags, strict=True):
            if name in fixed or name not in codings:
                value = value * (fixed[name] if name in fixed else cells.values(name))
                place *= len(tag)
                continue
            column = codings[name].columns[cells.codes[name]]
            value = np.where(column < 0, 0.0, value)
            place = place * len(tag) + np.maximum(column, 0)
        if width:
            flat[row + (at + place)] = value
        at += width
    return matrix, names


def _tags(name: str, codings: dict[str, Coding], fixed: dict[str, float]) -> list[str]:
    """Return the names of a variable's columns."""
    return [name] if name in fixed or name not in codings else list(codings[name].names)


def _independent(matrix: np.ndarray) -> np.ndarray:
    """Mark the columns that are no linear combination of those to their left."""
    # Distinct patterns, unweighted: what can be told apart depends on which patterns exist,
    # not on how many contacts each holds.
    stride = len(matrix) // SOME
    if stride > 1:
        # What some patterns can tell apart, all of them can.
        found = _clearly_independent(np.ascontiguousarray(matrix[::stride]))
        if found is not None and found.all():
            return found
    found = _clearly_independent(matrix)
    if found is not None:
        return found
    basis = np.empty_like(matrix, order="F")
    kept = np.zeros(matrix.shape[1], dtype=bool)
    rank = 0
    for column in range(matrix.shape[1]):
        vector = matrix[:, column].copy()
        size = float(np.linalg.norm(vector))
        for _ in range(2):  # once more restores the orthogonality lost to rounding
            vector -= basis[:, :rank] @ (basis[:, :rank].T @ vector)
        length = float(np.linalg.norm(vector))
        if rank < matrix.shape[0] and length > ALIAS_TOLERANCE * size:
            basis[:, rank] = vector / length
            kept[column] = True
            rank += 1
    return kept


def _clearly_independent(matrix: np.ndarray) -> np.ndarray | None:
    """Answer from the cross products, or return ``None`` where rounding could decide.

    Eliminating left to right leaves each column's squared residual on the diagonal. Squares keep half
    the digits: only residuals far from the tolerance are believed.
    """
    left = cross(matrix)
    size = left.diagonal().copy()
    kept = np.zeros(len(size), dtype=bool)
    for column in range(len(size)):
        share = left[column, column] / size[column] if size[column] else 0.0
        if CERTAIN_NONE < share < CERTAIN_SOME:
            return None
        if share >= CERTAIN_SOME:
            kept[column] = True
            left = left - np.outer(left[:, column], left[column]) / left[column, column]
    return kept
