"""What each cluster adds to a regression's information, and powers of what the others leave.

With M = L L' the inverse information and C_j that of cluster j, K_j = L' C_j L is its share, and
the errors of :mod:`metrics.sandwich` need (I - K_j)^e on a few vectors only. Three ways, all exact
to rounding, chosen for each cluster:

* one cell: K_j = f f' has rank one, and the power a closed form;
* a small share (Frobenius norm at most one half, true of nearly every officer of a large agency):
  the binomial series sum_m c_m K_j^m, whose terms fall at least as fast as 2^-m;
* any other: eigenvectors, where an eigenvalue of 1 is pseudo-inverted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from metrics import parallel
from metrics._products import ROWS, cross_here

SINGULAR = 1e-9  # distance of an eigenvalue of K_j from 1 at which it counts as 1
SMALL_SHARE = 0.5  # Frobenius norm of K_j up to which the series is used
NEGLIGIBLE = 1e-17  # a term of the series this small, relative to the vector, ends it
ROUGH = 1e-9  # the same of shares in single precision
FINE = 2**17
"""Cells above which K_j are kept in single precision.

They only correct scores, which stay double: where shares are small (with so many cells they are, and
large ones are formed again in double precision) that moves a standard error by 1e-9 of itself at most.
"""
CHUNK = 32  # clusters worked on at a time: their K_j stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Single:
    """Clusters of one cell, K_j = f f' (``factor``: J x p)."""

    members: np.ndarray
    factor: np.ndarray

    @cached_property
    def size(self) -> np.ndarray:
        """The one eigenvalue of each K_j that is not 0 (J)."""
        return np.minimum(np.einsum("jp,jp->j", self.factor, self.factor), 1.0)

    def times(self, x: np.ndarray) -> np.ndarray:
        """Return K_j x_j of x (J x p x k)."""
        along = np.einsum("jp,jpk->jk", self.factor, x)
        return self.factor[:, :, None] * along[:, None, :]

    def power(self, exponent: float, x: np.ndarray) -> np.ndarray:
        """Return (I - K_j)^exponent x_j of x (J x p x k)."""
        excess = raised(self.size, exponent) - 1
        there = self.size > 0
        scale = np.where(there, excess / np.where(there, self.size, 1.0), 0.0)
        return x + scale[:, None, None] * self.times(x)

    def largest(self) -> np.ndarray:
        """Return the largest eigenvalue of each K_j (J)."""
        return self.size

    def null(self) -> tuple[np.ndarray, np.ndarray]:
        """Return which members decide a direction alone, and those unit directions (m x p)."""
        alone = np.flatnonzero(self.size > 1 - SINGULAR)
        return alone, self.factor[alone] / np.sqrt(self.size[alone])[:, None]


@dataclass(frozen=True, eq=False)
class Small:
    """Clusters whose K_j (``kernel``: J x p x p) is small."""

    members: np.ndarray
    kernel: np.ndarray
    norm: np.ndarray

    def times(self, x: np.ndarray) -> np.ndarray:
        """Return K_j x_j of x (J x p x k)."""
        return self._by_chunk(
            x, lambda kernel, norm, part: np.matmul(kernel, part.astype(kernel.dtype))
        )

    def power(self, exponent: float, x: np.ndarray) -> np.ndarray:
        """Return (I - K_j)^exponent x_j of x (J x p x k)."""
        if exponent == 0:
            return x
        return self._by_chunk(
            x, lambda kernel, norm, part: _series(kernel, norm, part, (exponent,))[0]
        )

    def largest(self) -> np.ndarray:
        """Return the largest eigenvalue of each K_j (J)."""
        return np.linalg.eigvalsh(self.kernel)[:, -1].astype(float)

    def null(self) -> tuple[np.ndarray, np.ndarray]:
        """Return nothing: a small share never decides a direction alone."""
        return np.empty(0, dtype=int), np.empty((0, self.kernel.shape[1]))

    def _by_chunk(
        self, x: np.ndarray, work: Callable[[np.ndarray, float, np.ndarray], np.ndarray]
    ) -> np.ndarray:
        found = np.empty_like(x)

        def part(start: int) -> None:
            here = slice(start, start + CHUNK)
            found[here] = work(self.kernel[here], self.norm[here].max(), x[here])

        parallel.each(part, range(0, len(x), CHUNK))
        return found


@dataclass(frozen=True, eq=False)
class Large:
    """Clusters by the eigenvalues (J x p) and vectors (J x p x p) of their K_j."""

    members: np.ndarray
    values: np.ndarray
    vectors: np.ndarray

    def times(self, x: np.ndarray) -> np.ndarray:
        """Return K_j x_j of x (J x p x k)."""
        return self._with(self.values, x)

    def power(self, exponent: float, x: np.ndarray) -> np.ndarray:
        """Return (I - K_j)^exponent x_j of x (J x p x k)."""
        return x if exponent == 0 else self._with(raised(self.values, exponent), x)

    def largest(self) -> np.ndarray:
        """Return the largest eigenvalue of each K_j (J)."""
        return self.values[:, -1]

    def null(self) -> tuple[np.ndarray, np.ndarray]:
        """Return which members decide a direction alone, and those unit directions (m x p)."""
        alone = self.values > 1 - SINGULAR
        return np.nonzero(alone)[0], np.swapaxes(self.vectors, 1, 2)[alone]

    def _with(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        inner = np.matmul(np.swapaxes(self.vectors, 1, 2), x)
        return np.matmul(self.vectors, values[:, :, None] * inner)


Block = Single | Small | Large


@dataclass(frozen=True, eq=False)
class Span:
    """What degrees of freedom need of every combination of k vectors t.

    ``left`` is (I - K_j)^e t and ``right`` K_j (I - K_j)^e t, each J x p x k.
    """

    left: np.ndarray
    right: np.ndarray

    def moments(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return d_j = t' B K B t (J) and b_j = K B t (J x p) of t = sum of weights (k) x t."""
        b = self.right @ weights
        return np.einsum("jp,jp->j", self.left @ weights, b), b


@dataclass(frozen=True, eq=False)
class Clusters:
    """The K_j of all J clusters, in blocks, and their scores L' s_j (J x p).

    ``exponent`` is that of the errors asked for; ``adjusted`` holds (I - K_j)^exponent L' s_j and
    ``step`` (I - K_j)^-1 L' s_j (J x p), what leaving a cluster out does to the coefficients.
    """

    blocks: tuple[Block, ...]
    scores: np.ndarray
    adjusted: np.ndarray
    step: np.ndarray
    exponent: float

    def span(self, t: np.ndarray) -> Span:
        """Return what contrasts in the span of t (p x k) need."""
        left = self._each(lambda block, x: block.power(self.exponent, x), t)
        right = self._each(lambda block, x: block.times(x), left)
        return Span(left, right)

    def shares(self, t: np.ndarray) -> np.ndarray:
        """Return each cluster's share of the information on a contrast (J, summing to 1)."""
        inner = self._each(lambda block, x: block.times(x), t[:, None])
        return (inner[:, :, 0] @ t) / float(t @ t)

    def largest(self) -> np.ndarray:
        """Return the largest eigenvalue of each K_j (J)."""
        found = np.empty(len(self.scores))
        for block in self.blocks:
            found[block.members] = block.largest()
        return found

    def null(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the clusters that decide a direction alone (m), and those directions (m x p)."""
        found = [
            (block.members[who], where) for block in self.blocks for who, where in [block.null()]
        ]
        return np.concatenate([w for w, _ in found]), np.concatenate([d for _, d in found])

    def _each(self, work: Callable[[Block, np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
        """Work on vectors shared by all clusters (p x k) or of each (J x p x k)."""
        found = np.empty((len(self.scores), *x.shape[-2:]))
        for block in self.blocks:
            here = np.repeat(x[None], len(block.members), 0) if x.ndim == 2 else x[block.members]
            found[block.members] = work(block, here)
        return found


def scores_of(
    events: np.ndarray,
    trials: sparse.csr_array,
    matrix: np.ndarray,
    root: np.ndarray,
    mean: np.ndarray,
) -> np.ndarray:
    """Return each cluster's score L' s_j (J x p); the arguments are those of :func:`decompose`."""
    left = events - trials.data * mean[trials.indices]
    return sparse.csr_array((left, trials.indices, trials.indptr), trials.shape) @ matrix @ root


def decompose(
    events: np.ndarray,
    trials: sparse.csr_array,
    matrix: np.ndarray,
    root: np.ndarray,
    mean: np.ndarray,
    variance: np.ndarray,
    exponent: float,
    fine: int = FINE,
) -> Clusters:
    """Return the clusters of a fit.

    Args:
        events: of every stored cell of ``trials``.
        trials: clusters x patterns (J x P).
        matrix: model matrix (P x p).
        root: L (p x p).
        mean: fitted mean of a contact of each pattern (P).
        variance: its variance function (P).
        exponent: of the errors asked for.
        fine: cells above which small shares are kept in single precision.
    """
    count, p = trials.shape[0], len(root)
    cells = np.diff(trials.indptr)
    weight = trials.data * variance[trials.indices]
    scores = scores_of(events, trials, matrix, root, mean)
    adjusted, step = np.empty((count, p)), np.empty((count, p))
    blocks: list[Block] = []

    def rows_of(j: int) -> tuple[np.ndarray, np.ndarray]:
        where = slice(trials.indptr[j], trials.indptr[j + 1])
        return trials.indices[where], weight[where]

    def enter(block: Single | Large) -> None:
        mine = scores[block.members][:, :, None]
        adjusted[block.members] = block.power(exponent, mine)[:, :, 0]
        step[block.members] = block.power(-1.0, mine)[:, :, 0]
        blocks.append(block)

    alone = np.flatnonzero(cells == 1)
    if len(alone):
        at = trials.indptr[alone]
        enter(Single(alone, np.sqrt(weight[at])[:, None] * (matrix[trials.indices[at]] @ root)))

    rest = np.flatnonzero(cells != 1)
    # Like shares side by side, so that a chunk's series is as short as its largest share allows.
    rest = rest[np.argsort(-np.add.reduceat(np.append(weight, 0.0), trials.indptr[:-1])[rest])]
    precision = np.float32 if len(weight) > fine else np.float64
    z, rough = np.empty(matrix.shape, precision), root.astype(precision)
    for start in range(0, len(z), ROWS):
        here = slice(start, start + ROWS)
        np.matmul(matrix[here].astype(precision), rough, out=z[here])
    kernel, norm = np.empty((len(rest), p, p), precision), np.empty(len(rest))
    length = np.sqrt(weight).astype(precision)

    def part(start: int) -> None:
        stop = min(start + CHUNK, len(rest))
        members = rest[start:stop]
        held = np.concatenate([np.arange(*trials.indptr[j : j + 2]) for j in members])
        rows = z[trials.indices[held]]
        rows *= length[held, None]
        edge = np.append(0, np.cumsum(cells[members])).tolist()
        for k in range(stop - start):
            mine = rows[edge[k] : edge[k + 1]]
            np.matmul(mine.T, mine, out=kernel[start + k])
        norm[start:stop] = np.sqrt(np.einsum("jpq,jpq->j", kernel[start:stop], kernel[start:stop]))
        small = start + np.flatnonzero(norm[start:stop] <= SMALL_SHARE)
        if len(small):
            whole = len(small) == stop - start
            here = kernel[start:stop] if whole else kernel[small]
            both = _series(
                here, norm[small].max(), scores[rest[small]][:, :, None], (exponent, -1.0)
            )
            adjusted[rest[small]], step[rest[small]] = both[0][:, :, 0], both[1][:, :, 0]

    parallel.each(part, range(0, len(rest), CHUNK))
    small = norm <= SMALL_SHARE
    if small.all():
        blocks.append(Small(rest, kernel, norm))
        return Clusters(tuple(blocks), scores, adjusted, step, exponent)
    blocks.append(Small(rest[small], kernel[small], norm[small]))
    members = rest[~small]
    # Whether an eigenvalue is 1 takes double precision to say.
    parts = [cross_here(matrix[cell] @ root, held) for cell, held in map(rows_of, members)]
    values, vectors = np.linalg.eigh(np.array(parts))
    enter(Large(members, np.clip(values, 0.0, 1.0), vectors))
    return Clusters(tuple(blocks), scores, adjusted, step, exponent)


def raised(values: np.ndarray, exponent: float) -> np.ndarray:
    """Return the eigenvalues of (I - K)^exponent, pseudo-inverted."""
    if exponent == 0:
        return np.ones_like(values)
    null = values > 1 - SINGULAR
    return np.where(null, 0.0, np.where(null, 1.0, 1 - values) ** exponent)


def _series(
    kernel: np.ndarray, norm: float, x: np.ndarray, exponents: tuple[float, ...]
) -> list[np.ndarray]:
    """Return (I - K)^e x for several exponents by the binomial series, in one pass."""
    found = [x.copy() for _ in exponents]
    coefficient = np.ones(len(exponents))
    term, bound, order = x.astype(kernel.dtype), 1.0, 0
    # Terms beyond the precision of the shares themselves add nothing.
    least = NEGLIGIBLE if kernel.dtype == np.float64 else ROUGH
    while bound > least:
        order += 1
        coefficient = coefficient * (order - 1 - np.array(exponents)) / order
        term = np.matmul(kernel, term)
        for total, c in zip(found, coefficient, strict=True):
            if c:
                total += c * term
        bound *= norm
    return found
