"""What the estimators within officers share: cells officer by officer, centring, clustered errors.

Officers differ much in their number of cells. They are handled in batches of alike size, padded to
the largest of the batch, so that every step is one operation on a whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from metrics import parallel
from metrics.cells import Cells, Grouped, Term, group
from metrics.clusters import SINGULAR
from metrics.estimate import NotEstimable
from metrics.sandwich import LOADING, VANISHING

BATCH = 1 << 16
"""Numbers per working array of a batch: the dozen arrays of a batch stay in the processor's cache."""

ALIASED = 1e-10
"""Squared residual, relative to the column's own, below which a centred column is aliased."""

CONSTANT = 1e-20
"""Squared norm after centring, relative to that before, which is rounding."""

ONE_OFFICER = NotEstimable(
    "One officer's contacts alone decide this number, so its error is unknown."
)
NO_VARIATION = NotEstimable("The contacts do not vary enough to give this number an error.")
NO_ERROR = NotEstimable("There are too few officers to give this number an error.")


class Batch(NamedTuple):
    """Officers handled together: ``cells`` (B x C) are positions, ``real`` (B x C) unpadded ones.

    ``width`` is how many numbers (nodes, frequencies) each cell needs.
    """

    officers: np.ndarray
    cells: np.ndarray
    real: np.ndarray
    width: int


class Blocks(NamedTuple):
    """Cells in the order of their officers: ``start`` and ``size`` (J) delimit each officer's."""

    order: np.ndarray
    officer: np.ndarray
    start: np.ndarray
    size: np.ndarray

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Sum values by cell (M, or M x k) within officers (J, or J x k)."""
        return np.add.reduceat(values, self.start, axis=0)


class Within(NamedTuple):
    """An error of a contrast with Satterthwaite's degrees of freedom."""

    se: float
    df: float


def prepare(
    frame: pd.DataFrame | Grouped,
    events: str,
    trials: str | None,
    terms: Sequence[Term] | None,
    cluster: str | None,
) -> Cells:
    """Return the cells of one outcome, from a frame or a grouping, which must know the officer."""
    if isinstance(frame, Grouped):
        if terms is not None or cluster is not None:
            raise ValueError("terms and cluster belong to group() when a grouping is passed")
    else:
        if not terms or cluster is None:
            raise ValueError("terms and cluster are needed")
        frame = group(frame, terms, cluster)
    cells = frame.count(events, trials)
    if cells.cluster is None:
        raise ValueError("the grouping needs a cluster column")
    return cells


def blocks(cells: Cells) -> Blocks:
    """Order the cells by officer."""
    assert cells.cluster is not None
    order = np.argsort(cells.cluster, kind="stable")
    officer = cells.cluster[order]
    size = np.bincount(officer, minlength=len(cells.labels))
    return Blocks(order, officer, np.cumsum(size) - size, size)


def batches(found: Blocks, width: np.ndarray | int) -> list[Batch]:
    """Put officers of the same width and alike size together."""
    wide = np.broadcast_to(np.asarray(width), found.size.shape)
    rank = np.lexsort((found.size, wide))
    sizes, widths = found.size[rank].tolist(), wide[rank].tolist()
    edges = [0]
    for place, (size, each) in enumerate(zip(sizes, widths, strict=True)):
        members = place - edges[-1]
        if members and (each != widths[edges[-1]] or (members + 1) * size * each > BATCH):
            edges.append(place)
    made = []
    for first, last in zip(edges, [*edges[1:], len(sizes)], strict=True):
        officers = rank[first:last]
        step = np.arange(sizes[last - 1])
        real = step < found.size[officers, None]
        cells = np.where(real, found.start[officers, None] + step, found.start[officers, None])
        made.append(Batch(officers, cells, real, widths[first]))
    return made


def run(work: Callable[[Batch], None], parts: Sequence[Batch]) -> None:
    """Do independent work on every batch, on all processors."""
    parallel.each(work, parts)


class Moments(NamedTuple):
    """Columns of a matrix within officers, about each officer's own mean.

    ``mean`` (J x p), ``cross`` (J x p x p, sums over contacts) and ``score`` (J x p), the sums with
    the outcome; ``moves`` (J x p) marks columns that vary within the officer, ``reach`` (p) is the
    furthest from an officer's mean, and ``whole`` (p) the sum of squares before centring.
    """

    mean: np.ndarray
    cross: np.ndarray
    score: np.ndarray
    moves: np.ndarray
    reach: np.ndarray
    whole: np.ndarray


def moments(
    matrix: np.ndarray, pattern: np.ndarray, y: np.ndarray, n: np.ndarray, found: Blocks
) -> Moments:
    """Centre the columns of ``matrix`` (P x p) within officers; cells (M) are in officer order."""
    size, p = len(found.size), matrix.shape[1]
    mean, score, whole = np.empty((size, p)), np.empty((size, p)), np.empty((size, p))
    low, high = np.empty((size, p)), np.empty((size, p))
    reach, gram = np.empty((size, p)), np.empty((size, p, p))
    share = found.sum(y) / found.sum(n)

    def part(batch: Batch) -> None:
        who, here = batch.officers, batch.cells
        x, weight = matrix[pattern[here]], (n[here] * batch.real)[:, None, :]
        total = weight.sum(axis=2)
        # Padding repeats the officer's first cell: it moves no minimum nor maximum.
        low[who], high[who] = x.min(axis=1), x.max(axis=1)
        whole[who] = (weight @ x**2)[:, 0]
        centre = (weight @ x)[:, 0] / total
        x -= centre[:, None, :]
        again = (weight @ x)[:, 0] / total  # what rounding left of a large mean
        x -= again[:, None, :]
        mean[who] = centre + again
        reach[who] = np.maximum(x.max(axis=1), -x.min(axis=1))
        gram[who] = np.swapaxes(x * np.swapaxes(weight, 1, 2), 1, 2) @ x
        left = y[here] * batch.real - weight[:, 0] * share[who, None]
        score[who] = (left[:, None, :] @ x)[:, 0]

    run(part, batches(found, p))
    return Moments(mean, gram, score, high > low, reach.max(axis=0), whole.sum(axis=0))


def varying(gram: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Mark the centred columns that are no combination of those to their left.

    ``gram`` (p x p) is their cross product, ``whole`` (p) their squares before centring.
    """
    gram, own = gram.copy(), gram.diagonal().copy()
    kept = np.zeros(len(own), dtype=bool)
    for column in range(len(own)):
        if own[column] <= CONSTANT * whole[column]:
            continue
        if gram[column, column] > ALIASED * own[column]:
            kept[column] = True
            gram = gram - np.outer(gram[:, column], gram[column]) / gram[column, column]
    return kept


class Sandwich:
    """CR2 errors from officers' scores and information, both in whitened coordinates.

    ``kernel`` (J x p x p) holds K_j = L' C_j L and ``scores`` (J x p) L' s_j, with L L' the inverse
    of sum C_j: Kauermann & Carroll 2001 (JASA 96:1387), and in linear models Bell & McCaffrey
    2002. With officer effects absorbed by centring it is also that of the model with a dummy for
    each officer: residuals and centred columns are orthogonal to the dummies, so these only add a
    direction on which neither loads (absorption in unweighted models: Pustejovsky & Tipton 2018,
    JBES 36:672, theorem 2).
    """

    def __init__(self, kernel: np.ndarray, scores: np.ndarray, root: np.ndarray) -> None:
        values, self.vectors = np.linalg.eigh(kernel)
        self.values = np.clip(values, 0.0, 1.0)
        self.alone = self.values > 1 - SINGULAR
        gap = np.where(self.alone, 1.0, 1 - self.values)
        self.half = np.where(self.alone, 0.0, gap**-0.5)
        inner = np.matmul(scores[:, None, :], self.vectors)[:, 0, :] * self.half
        u = self._back(inner)
        self.root = root
        self.covariance = root @ (u.T @ u) @ root.T

    def _back(self, inner: np.ndarray) -> np.ndarray:
        return np.matmul(self.vectors, inner[:, :, None])[:, :, 0]

    def contrast(self, gradient: np.ndarray) -> Within | NotEstimable:
        """Return the error of ``gradient @ beta`` with Satterthwaite's degrees of freedom."""
        t = self.root.T @ gradient
        size = float(t @ t)
        inner = t @ self.vectors
        if np.any(np.abs(inner[self.alone]) > LOADING * size**0.5):
            return ONE_OFFICER
        variance = float(gradient @ self.covariance @ gradient)
        d = np.sum(self.values * (self.half * inner) ** 2, axis=1)
        b = self._back(self.values * self.half * inner)
        norms = np.sum(b**2, axis=1)
        top = float(d.sum() - norms.sum()) ** 2
        bottom = float(np.sum(d**2) - 2 * np.sum(d * norms) + np.sum((b.T @ b) ** 2))
        if variance <= VANISHING * size:
            return NO_VARIATION
        if not bottom > 0 or not top > 0:
            return NO_ERROR
        return Within(variance**0.5, top / bottom)
