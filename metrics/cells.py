"""Grouped counts reduced to covariate patterns and clusters.

A generalised linear model sees a contact only through its covariate pattern, and clustered
errors only through its pattern and its cluster. The order of the rows and the way they were
grouped change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from metrics.estimate import NotEstimable

DENSE = 16
"""Keys that could be this many times the rows are numbered by a table of them all."""
NO_CONTACTS = NotEstimable("There are no contacts in this selection.")


class Categorical(NamedTuple):
    """A term treatment-coded against ``reference`` (``None``: the most frequent level)."""

    name: str
    reference: Any = None


Term = str | Categorical
"""A column, a :class:`Categorical`, or an interaction written ``"a:b"``."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """M cells (pattern x cluster), in the order of their cluster and then pattern.

    ``codes[name]`` holds, for each of P patterns, the position of its value in ``levels[name]``.
    ``pattern`` and ``cluster`` (M) number a cell's pattern and cluster; ``cluster`` is ``None``
    without a cluster column, and ``labels`` names the clusters.
    """

    terms: tuple[tuple[str, ...], ...]
    references: dict[str, Any]
    categorical: frozenset[str]
    levels: dict[str, np.ndarray]
    codes: dict[str, np.ndarray]
    pattern: np.ndarray
    cluster: np.ndarray | None
    labels: np.ndarray

    def alike(self, names: Iterable[str]) -> np.ndarray:
        """Number the P patterns so that those with the same values of some variables share one."""
        return alike(self.codes, self.levels, names)[0]

    def of(self, events: np.ndarray, trials: np.ndarray) -> Cells:
        """Return these cells with their events and trials (M)."""
        own = {f.name: getattr(self, f.name) for f in fields(Patterns)}
        return Cells(**own, events=events, trials=trials)


@dataclass(frozen=True, eq=False)
class Grouped(Patterns):
    """Rows of a frame assigned to cells (``row_cell``); shared by several outcomes."""

    frame: pd.DataFrame
    row_cell: np.ndarray

    def count(self, events: str, trials: str | None = None) -> Cells:
        """Sum events and trials into cells; cells without a contact leave.

        Raises: as :meth:`tally`.
        """
        return self.tally(events, trials).filled()

    def tally(self, events: str, trials: str | None = None) -> Cells:
        """Sum events and trials into every cell.

        Raises:
            KeyError: a column is not in the frame.
            ValueError: a count is missing, negative, fractional, or events exceed trials.
        """
        y = counts(self.frame, events)
        n = np.ones(len(y)) if trials is None else counts(self.frame, trials)
        if np.any(y > n):
            raise ValueError(f"{events!r} exceeds {trials or 1!r} in some rows")
        size = len(self.pattern)
        return self.of(
            np.bincount(self.row_cell, y, minlength=size),
            np.bincount(self.row_cell, n, minlength=size),
        )


@dataclass(frozen=True, eq=False)
class Cells(Patterns):
    """Events and trials by cell (M): the sufficient data of a fit."""

    events: np.ndarray
    trials: np.ndarray

    def filled(self) -> Cells:
        """Return the cells that hold a contact."""
        return self.keep(self.trials > 0)

    def keep(self, cells: np.ndarray) -> Cells:
        """Return the chosen cells (M booleans), with patterns and clusters renumbered."""
        if cells.all():
            return self
        used, pattern = renumber(self.pattern[cells])
        cluster, labels = self.cluster, self.labels
        if cluster is not None:
            there, cluster = renumber(cluster[cells])
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
        """Return events and trials by pattern, each of length P; not to be written to."""
        return self._totals

    @cached_property
    def _totals(self) -> tuple[np.ndarray, np.ndarray]:
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
        # Cells are in the order of their cluster, then pattern: the rows of the matrix already.
        start = np.searchsorted(self.cluster, np.arange(len(self.labels) + 1))
        return sparse.csr_array((values, self.pattern, start), shape=(len(self.labels), size))

    def values(self, name: str) -> np.ndarray:
        """Return a numeric variable's value in each pattern, as floats."""
        return self.levels[name][self.codes[name]].astype(float)

    def arms(self, exposure: str) -> np.ndarray | NotEstimable:
        """Return a 0/1 term's value in each pattern; not estimable where all patterns have the same.

        Raises:
            ValueError: the exposure is not a 0/1 term of these cells.
        """
        if exposure not in self.levels or exposure in self.categorical:
            raise ValueError(f"{exposure!r} must be a 0/1 term of the fit")
        values = self.values(exposure)
        if not np.all((values == 0) | (values == 1)):
            raise ValueError(f"{exposure!r} must hold 0 and 1 only")
        if values.min() == values.max():
            return NotEstimable("All contacts are in one arm, so there is nothing to compare.")
        return values


def unanimous(cells: Cells) -> NotEstimable | None:
    """Refuse no contacts, no events and nothing but events."""
    count, happened = float(cells.trials.sum()), float(cells.events.sum())
    if not count:
        return NO_CONTACTS
    if happened in (0.0, count):
        seen = "No contact" if not happened else "Every contact"
        return NotEstimable(f"{seen} in this selection had the outcome, so nothing can be fitted.")
    return None


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
    pattern, first = rank(key, prod(len(values) for values in levels.values()))
    if cluster is None:
        cell, start = pattern, first
        labels = np.empty(0)
        cell_cluster = None
    else:
        code, labels = _factorise(frame, cluster)
        cell, start = rank(_combine(code, pattern, len(first)))
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


def counts(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return a column of whole counts as floats; ``ValueError`` if it is anything else."""
    values = frame[name].to_numpy(dtype=float, na_value=np.nan)
    if not np.all(np.isfinite(values)) or np.any(values < 0) or np.any(values % 1):
        raise ValueError(f"{name!r} must hold whole counts, none missing or negative")
    return values


def _factorise(frame: pd.DataFrame, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Number a column's values in sorted order."""
    column = frame[name]
    if isinstance(column.dtype, pd.CategoricalDtype):
        code, values = column.cat.codes.to_numpy().astype(np.int64), column.cat.categories
        if not np.any(code < 0):
            present = np.flatnonzero(np.bincount(code, minlength=len(values)))
            place = np.zeros(len(values), dtype=np.int64)
            order = present[np.argsort(np.asarray(values)[present], kind="stable")]
            place[order] = np.arange(len(order))
            return place[code], np.asarray(values)[order]
    code, values = pd.factorize(column, sort=True)
    if np.any(code < 0):
        raise ValueError(f"{name!r} has missing values; give them a level of their own")
    return code.astype(np.int64), np.asarray(values)


def _combine(key: np.ndarray, code: np.ndarray, size: int) -> np.ndarray:
    # Renumber before a mixed-radix key could overflow.
    if len(key) and int(key.max()) > 2**62 // max(size, 1):
        key, _ = rank(key)
    return key * size + code


def alike(
    codes: dict[str, np.ndarray], levels: dict[str, np.ndarray], names: Iterable[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Number patterns so that those with the same values of some variables share one.

    Returns the number of each of the P patterns, in the order of the values, and one pattern of each number.
    """
    key = np.zeros(len(next(iter(codes.values()))) if codes else 1, dtype=np.int64)
    for name in names:
        key = _combine(key, codes[name], len(levels[name]))
    return rank(key)


def renumber(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the whole numbers in use, sorted, and the place of each among them; none is negative."""
    used = np.zeros(int(numbers.max(initial=-1)) + 1, dtype=bool)
    used[numbers] = True
    return np.flatnonzero(used), (np.cumsum(used) - 1)[numbers]


def rank(key: np.ndarray, bound: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Number keys in sorted order; return the number of each row and one row of each number.

    ``bound``: above every key, if known.
    """
    if bound is not None and bound <= DENSE * len(key):
        used, rank = renumber(key)
        first = np.empty(len(used), dtype=np.int64)
        first[rank] = np.arange(len(rank))
        return rank, first
    code, values = pd.factorize(key)
    order = np.argsort(values)
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    rank = number[code]
    first = np.empty(len(order), dtype=np.int64)
    first[rank] = np.arange(len(rank))
    return rank, first
