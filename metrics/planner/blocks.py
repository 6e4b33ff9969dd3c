"""One place at a time: what the districts and shifts on their own tell of the whole problem.

Officers mostly work in one place, so the problem nearly falls apart into *blocks*. For each block the most
cells that k officers cover is found on its own, by looking at every set of them where they are few. From
these curves come

* inequalities between the cells covered in a block and the officers who reach it (the concave hull of its
  curve), without which the bound of the relaxed program is far off: a third of an officer here and there
  adds up over 36 blocks;
* a bound of the whole: officers are shared out among the blocks they are at home in, and what they cover
  elsewhere counts in full, as if nobody else covered it (a convolution of the curves, exact where
  nobody reaches two blocks);
* the sets behind that bound, which are good answers themselves.
"""

from __future__ import annotations

import itertools
import time
from typing import NamedTuple

import numpy as np
from scipy import sparse

from metrics.planner.solve import Cover, Cut, Hint, cover, greedy, most

ENUMERATED = 18
"""Officers of a block up to which every set of them is looked at."""
ONE_SECOND = 1.0
"""Seconds for one number of officers in a block with more of them."""


class Curve(NamedTuple):
    """For 0, 1, 2 ... columns: at least the most cells they cover, and columns that cover many."""

    upper: list[int]
    sets: list[np.ndarray]


def hint(problem: Cover, seconds: float) -> Hint:
    """Return what the blocks tell of the whole, within about so many seconds."""
    until = time.monotonic() + seconds
    blocks = np.unique(problem.block)
    reach = np.stack(
        [
            np.asarray(
                problem.reach[problem.block == b].T @ problem.weight[problem.block == b]
            ).ravel()
            for b in blocks
        ]
    )
    home = reach.argmax(axis=0)
    cuts: list[Cut] = []
    curves: list[Curve] = []
    for place, b in enumerate(blocks):
        rows = np.flatnonzero(problem.block == b)
        everyone = np.flatnonzero(reach[place] > 0)
        own = everyone[home[everyone] == place]
        visitors = np.setdiff1d(everyone, own)
        away = (reach.sum(axis=0) - reach[place])[own]
        curves.append(_curve(problem, rows, own, until, away))
        if len(blocks) > 1:
            seen = np.asarray(problem.reach[rows][:, visitors].sum(axis=1)).ravel() > 0
            cuts += _hull(problem, rows, own, rows[seen], until)
            if len(visitors):
                cuts += _hull(problem, rows, everyone, rows[:0], until)
    upper, sets = combine(curves)
    return Hint(tuple(cuts), tuple(min(n, problem.total) for n in upper), tuple(sets))


def combine(curves: list[Curve]) -> tuple[list[int], list[np.ndarray]]:
    """Share out 0, 1, 2 ... columns among blocks so that the sum of their curves is largest."""
    upper, sets = np.zeros(1, dtype=np.int64), [np.zeros(0, dtype=int)]
    for curve in curves:
        own = np.array(curve.upper)
        size = len(upper) + len(own) - 1
        best = np.full(size, -1, dtype=np.int64)
        take = np.zeros(size, dtype=int)
        for k, n in enumerate(own):
            here = np.full(size, -1, dtype=np.int64)
            here[k : k + len(upper)] = upper + n
            take[here > best] = k
            best = np.maximum(best, here)
        sets = [
            np.concatenate([sets[total - k], curve.sets[k]])
            for total, k in enumerate(take.tolist())
        ]
        upper = best
    return [int(n) for n in upper], sets


def _part(problem: Cover, rows: np.ndarray, columns: np.ndarray) -> Cover | None:
    """Return the problem of some cells and columns; None where these reach none of them."""
    part = sparse.csr_matrix(problem.reach[rows][:, columns])
    reached = np.asarray(part.sum(axis=1)).ravel() > 0
    if not reached.any():
        return None
    weight = problem.weight[rows][reached]
    found = cover(part[reached], np.zeros(int(reached.sum()), dtype=int), weight)
    return Cover(found.reach, found.weight, found.block, columns[found.kept])


def _curve(
    problem: Cover, rows: np.ndarray, columns: np.ndarray, until: float, away: np.ndarray
) -> Curve:
    """Return the curve of a block's own officers, each with the cells they reach elsewhere added."""
    if not len(columns):
        return Curve([0], [columns])
    reach = sparse.csr_matrix(problem.reach[rows][:, columns])
    part = Cover(reach, problem.weight[rows], problem.block[rows], columns, away)
    if len(columns) <= ENUMERATED:
        return _every_set(part)
    upper, sets = [0], [columns[:0]]
    ceiling = int(part.weight[np.asarray(reach.sum(axis=1)).ravel() > 0].sum() + away.sum())
    alone = np.sort(np.asarray(reach.T @ part.weight).ravel() + away)[::-1].cumsum()
    for k in range(1, len(columns) + 1):
        left = until - time.monotonic()
        if left > 0 and upper[-1] < ceiling:
            found = most(part, k, min(ONE_SECOND, left))
            chosen, bound = found.chosen, found.bound
        else:
            chosen, bound = greedy(part, k), ceiling
        upper.append(max(min(bound, ceiling, int(alone[k - 1])), upper[-1]))
        sets.append(columns[chosen])
    return Curve(upper, sets)


def _every_set(part: Cover) -> Curve:
    """Return the exact curve by looking at every set of columns."""
    n = part.columns
    masks = np.asarray(part.reach @ (1 << np.arange(n)).astype(np.int64)).astype(np.int64)
    missed = np.bincount(masks, weights=part.weight, minlength=1 << n)
    missed[0] = 0  # cells that nobody here reaches
    size = np.zeros(1 << n, dtype=int)
    extra = np.zeros(1 << n)
    # Sums over subsets: missed[s] becomes the cells that only columns in s reach.
    table = missed.reshape((2,) * n)
    sets = np.arange(1 << n)
    for i in range(n):
        with_, without = [slice(None)] * n, [slice(None)] * n
        with_[i], without[i] = slice(1, 2), slice(0, 1)
        table[tuple(with_)] += table[tuple(without)]
        size += (sets >> i) & 1
        if part.bonus is not None:
            extra += ((sets >> i) & 1) * part.bonus[i]
    # A set covers all but what only its complement reaches.
    covered = np.rint(missed[-1] - missed[::-1] + extra).astype(np.int64)
    order = np.lexsort((sets, -covered, size))
    first = order[np.searchsorted(size[order], np.arange(n + 1))]
    upper = np.maximum.accumulate(covered[first])
    return Curve(
        [int(v) for v in upper],
        [part.kept[np.flatnonzero((s >> np.arange(n)) & 1)] for s in first],
    )


def _hull(
    problem: Cover, rows: np.ndarray, columns: np.ndarray, free: np.ndarray, until: float
) -> list[Cut]:
    """Return the segments of the concave hull of the most cells of a block that k of these columns
    cover, where the cells ``free`` are covered anyway."""
    given = int(problem.weight[free].sum())
    all_ = int(problem.weight[rows].sum())
    part = _part(problem, np.setdiff1d(rows, free), columns)
    if part is None:
        return [] if given == all_ else [Cut(rows, columns, 0.0, float(given))]
    if part.columns > ENUMERATED and time.monotonic() > until:
        return []
    curve = _curve(
        problem,
        np.setdiff1d(rows, free),
        part.kept,
        until,
        np.zeros(part.columns, dtype=np.int64),
    )
    kept: list[tuple[int, int]] = []
    for point in ((k, given + n) for k, n in enumerate(curve.upper)):
        while len(kept) > 1 and _under(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    found = []
    for (k0, n0), (k1, n1) in itertools.pairwise(kept):
        slope = (n1 - n0) / (k1 - k0)
        found.append(Cut(rows, columns, slope, n0 - k0 * slope))
    return found


def _under(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Say whether b lies on or under the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])
