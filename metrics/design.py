"""From grouped counts to a model matrix, by fixed rules.

A frame of grouped counts is reduced to its distinct covariate patterns, because a generalised
linear model sees a contact only through its pattern. Everything here is deterministic: the order
of the rows and the way they were grouped change nothing.

Rules, the same on every page:

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
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

ALIAS_TOLERANCE = 1e-7
"""Residual norm, relative to the column's own, below which a column is aliased (as in R's lm)."""

INTERCEPT = "(Intercept)"
POOLED = "pooled"


class Categorical(NamedTuple):
    """A term treatment-coded against ``reference`` (``None``: the most frequent level)."""

    name: str
    reference: Any = None


Term = str | Categorical
"""A column, a :class:`Categorical`, or an interaction written ``"a:b"``."""


@dataclass(frozen=True, eq=False)
class Grouped:
    """Rows of a frame assigned to covariate patterns and clusters; shared by several outcomes.

    ``codes[name]`` holds, for each of P patterns, the position of its value in ``levels[name]``.
    ``pattern`` and ``cluster`` describe the M cells (pattern x cluster); ``cluster`` is ``None``
    without a cluster column. ``row_cell`` maps each row of ``frame`` to its cell.
    """

    frame: pd.DataFrame
    terms: tuple[tuple[str, ...], ...]
    references: dict[str, Any]
    categorical: frozenset[str]
    levels: dict[str, np.ndarray]
    codes: dict[str, np.ndarray]
    pattern: np.ndarray
    cluster: np.ndarray | None
    labels: np.ndarray
    row_cell: np.ndarray

    def count(self, events: str, trials: str | None = None) -> Cells:
        """Sum events and trials into cells; cells without a contact leave.

        Raises:
            KeyError: a column is not in the frame.
            ValueError: a count is missing, negative, fractional, or events exceed trials.
        """
        y = _counts(self.frame, events)
        n = np.ones(len(y)) if trials is None else _counts(self.frame, trials)
        if np.any(y > n):
            raise ValueError(f"{events!r} exceeds {trials or 1!r} in some rows")
        size = len(self.pattern)
        cells = Cells(
            terms=self.terms,
            references=self.references,
            categorical=self.categorical,
            levels=self.levels,
            codes=self.codes,
            pattern=self.pattern,
            cluster=self.cluster,
            labels=self.labels,
            events=np.bincount(self.row_cell, y, minlength=size),
            trials=np.bincount(self.row_cell, n, minlength=size),
        )
        return cells.keep(cells.trials > 0)


@dataclass(frozen=True, eq=False)
class Cells:
    """Events and trials by cell: the sufficient data of a fit (see :class:`Grouped`)."""

    terms: tuple[tuple[str, ...], ...]
    references: dict[str, Any]
    categorical: frozenset[str]
    levels: dict[str, np.ndarray]
    codes: dict[str, np.ndarray]
    pattern: np.ndarray
    cluster: np.ndarray | None
    labels: np.ndarray
    events: np.ndarray
    trials: np.ndarray

    def keep(self, cells: np.ndarray) -> Cells:
        """Return the chosen cells (M booleans), with patterns and clusters renumbered."""
        used, pattern = np.unique(self.pattern[cells], return_inverse=True)
        cluster, labels = self.cluster, self.labels
        if cluster is not None:
            there, cluster = np.unique(cluster[cells], return_inverse=True)
            labels = labels[there]
        return replace(
            self,
            codes={name: code[used] for name, code in self.codes.items()},
            pattern=pattern,
            cluster=cluster,
            labels=labels,
            events=self.events[cells],
            trials=self.trials[cells],
        )

    def without(self, label: Any) -> Cells:
        """Return the cells of every cluster but ``label``.

        Raises:
            ValueError: there is no cluster of that label.
        """
        found = np.flatnonzero(self.labels == label)
        if self.cluster is None or not len(found):
            raise ValueError(f"no cluster {label!r}")
        return self.keep(self.cluster != found[0])

    def totals(self) -> tuple[np.ndarray, np.ndarray]:
        """Return events and trials by pattern, each of length P."""
        size = len(next(iter(self.codes.values()))) if self.codes else 1
        return (
            np.bincount(self.pattern, self.events, minlength=size),
            np.bincount(self.pattern, self.trials, minlength=size),
        )

    def by_cluster(self, values: np.ndarray) -> sparse.csr_array:
        """Return cell values (M) as a sparse clusters x patterns matrix."""
        if self.cluster is None:
            raise ValueError("these cells have no cluster")
        size = len(next(iter(self.codes.values()))) if self.codes else 1
        shape = (len(self.labels), size)
        return sparse.csr_array((values, (self.cluster, self.pattern)), shape=shape)

    def values(self, name: str) -> np.ndarray:
        """Return a numeric variable's value in each pattern, as floats."""
        return self.levels[name][self.codes[name]].astype(float)


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

    def rows(self, cells: Cells, fixed: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
        """Rebuild kept and dropped columns with numeric variables set to ``fixed`` values."""
        full, _ = _columns(cells, self.codings, fixed)
        return full[:, self.kept], full[:, ~self.kept]


def group(frame: pd.DataFrame, terms: Sequence[Term], cluster: str | None = None) -> Grouped:
    """Assign the rows of ``frame`` to covariate patterns and clusters.

    Do this once and pass the result to :func:`metrics.regression.fit` for each outcome.

    Raises:
        KeyError: a column is not in the frame.
        ValueError: a term or cluster has missing values, or a number is not finite.
    """
    parsed: list[tuple[str, ...]] = []
    references: dict[str, Any] = {}
    categorical: set[str] = set()
    for term in terms:
        name, reference = (
            (term.name, term.reference) if isinstance(term, Categorical) else (term, None)
        )
        factors = (name,) if name in frame.columns else tuple(name.split(":"))
        if isinstance(term, Categorical):
            references[name] = reference
            categorical.add(name)
        parsed.append(factors)
    codes: dict[str, np.ndarray] = {}
    levels: dict[str, np.ndarray] = {}
    key = np.zeros(len(frame), dtype=np.int64)
    for name in dict.fromkeys(name for factors in parsed for name in factors):
        code, values = _factorise(frame, name)
        if not (pd.api.types.is_numeric_dtype(frame[name]) or name in categorical):
            categorical.add(name)
        if name not in categorical and not np.all(np.isfinite(values.astype(float))):
            raise ValueError(f"{name!r} holds numbers that are not finite")
        codes[name], levels[name] = code, values
        key = _combine(key, code, len(values))
    pattern, first = _rank(key)
    if cluster is None:
        cell, start = pattern, first
        labels = np.empty(0)
        cell_cluster = None
    else:
        code, labels = _factorise(frame, cluster)
        cell, start = _rank(_combine(code, pattern, len(first)))
        cell_cluster = code[start]
    return Grouped(
        frame=frame,
        terms=tuple(parsed),
        references=references,
        categorical=frozenset(categorical),
        levels=levels,
        codes={name: code[first] for name, code in codes.items()},
        pattern=pattern[start],
        cluster=cell_cluster,
        labels=labels,
        row_cell=cell,
    )


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
    matrix = np.ascontiguousarray(full[:, kept])
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
    n = np.ones(len(frame)) if trials is None else _counts(frame, trials)
    weight = np.bincount(grouped.row_cell, n, minlength=len(grouped.pattern))
    if not weight.sum():
        return 0.0
    total = np.bincount(grouped.pattern, weight)
    arms = np.bincount(grouped.pattern, weight > 0)
    return float(total[arms == 2].sum() / total.sum())


def _counts(frame: pd.DataFrame, name: str) -> np.ndarray:
    values = frame[name].to_numpy(dtype=float, na_value=np.nan)
    if not np.all(np.isfinite(values)) or np.any(values < 0) or np.any(values % 1):
        raise ValueError(f"{name!r} must hold whole counts, none missing or negative")
    return values


def _factorise(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    code, values = pd.factorize(frame[name], sort=True)
    if np.any(code < 0):
        raise ValueError(f"{name!r} has missing values; give them a level of their own")
    return code.astype(np.int64), np.asarray(values)


def _combine(key: np.ndarray, code: np.ndarray, size: int) -> np.ndarray:
    # Renumber before a mixed-radix key could overflow.
    if len(key) and int(key.max()) > 2**62 // max(size, 1):
        key, _ = _rank(key)
    return key * size + code


def _rank(key: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number keys in sorted order; return the number of each row and one row of each number."""
    code, values = pd.factorize(key)
    order = np.argsort(values)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    rank = number[code]
    first = np.empty(len(order), dtype=np.int64)
    first[rank] = np.arange(len(rank))
    return rank, first


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
    blocks = [np.ones((size, 1))]
    names = [INTERCEPT]
    for factors in cells.terms:
        block, labels = np.ones((size, 1)), [""]
        for name in factors:
            part, tags = _block(cells, name, codings, fixed, size)
            block = (block[:, :, None] * part[:, None, :]).reshape(size, -1)
            labels = [f"{left}:{right}" if left else right for left in labels for right in tags]
        blocks.append(block)
        names += labels
    return np.hstack(blocks), names


def _block(
    cells: Cells, name: str, codings: dict[str, Coding], fixed: dict[str, float], size: int
) -> tuple[np.ndarray, list[str]]:
    if name in fixed:
        return np.full((size, 1), float(fixed[name])), [name]
    if name not in codings:
        return cells.values(name)[:, None], [name]
    coding = codings[name]
    column = coding.columns[cells.codes[name]]
    return (column[:, None] == np.arange(len(coding.names))).astype(float), list(coding.names)


def _independent(matrix: np.ndarray) -> np.ndarray:
    """Mark the columns that are no linear combination of those to their left."""
    # Distinct patterns, unweighted: what can be told apart depends on which patterns exist,
    # not on how many contacts each holds.
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
