"""The fewest officers that cover enough cells, and the most cells that a number of officers covers.

Set cover and maximum coverage as mixed-integer programs, solved by HiGHS through ``scipy.optimize.milp``
(Huangfu and Hall 2018, *Math. Prog. Comp.* 10): binary x for each candidate, y in [0, 1] for each open
cell, y at most the sum of x over those who reach it.

Before that the problem is made smaller (Caprara, Toth and Fischetti 2000, *Ann. Oper. Res.* 98): cells that
the same candidates reach are one with a weight, and a candidate whose cells another one also reaches is
left out, since taking the other instead never covers less. What is known of each place on its own
(:mod:`metrics.planner.blocks`) gives a first answer, a bound, and inequalities that tighten the program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

_WHOLE = 0.99
"""Bounds closer than this to a whole number apart prove it, since the answer is a whole number."""


@dataclass(frozen=True, eq=False)
class Cover:
    """Which candidates reach which open cells: ``reach`` is cells x candidates, sparse, of 0 and 1.

    Each cell counts ``weight`` times and belongs to a ``block``; ``kept`` are the numbers of the
    candidates among those the problem came with. ``bonus`` is what a candidate adds beside the cells.
    """

    reach: sparse.csr_matrix
    weight: np.ndarray
    block: np.ndarray
    kept: np.ndarray
    bonus: np.ndarray | None = None

    @property
    def total(self) -> int:
        """All cells, each as often as it counts."""
        return int(self.weight.sum())

    @property
    def columns(self) -> int:
        """Candidates."""
        return int(self.reach.shape[1])

    def covered(self, chosen: np.ndarray) -> int:
        """Return the cells that some of these columns reach, and what the columns add beside."""
        x = np.zeros(self.columns)
        x[chosen] = 1
        extra = 0 if self.bonus is None else int(self.bonus[chosen].sum())
        return int(self.weight[(self.reach @ x) > 0].sum()) + extra


class Cut(NamedTuple):
    """Cells covered in a block are at most ``base`` + ``slope`` x chosen among ``columns``."""

    rows: np.ndarray
    columns: np.ndarray
    slope: float
    base: float


class Hint(NamedTuple):
    """What the places on their own tell of the whole: inequalities, and for 0, 1, 2 ... columns a bound
    of the cells covered and a set of columns that is a good answer."""

    cuts: tuple[Cut, ...] = ()
    upper: tuple[int, ...] = ()
    sets: tuple[np.ndarray, ...] = ()


class Found(NamedTuple):
    """Columns chosen, cells covered, and the bound: officers for :func:`fewest`, cells for :func:`most`.

    ``proven`` says that the bound equals what was found.
    """

    chosen: np.ndarray
    covered: int
    bound: int
    proven: bool


def cover(
    reach: Any, block: np.ndarray, weight: np.ndarray | None = None, merge: bool = True
) -> Cover:
    """Return the problem of cells x candidates made smaller; every cell must be reached by someone."""
    found = sparse.csr_matrix(reach, dtype=np.int32)
    if weight is None:
        weight = np.ones(found.shape[0], dtype=np.int64)
    block, kept = np.asarray(block), np.arange(found.shape[1])
    while merge:
        found, weight, block = _same_cells(found, weight, block)
        stay = _undominated(found)
        if stay.all():
            break
        found, kept = sparse.csr_matrix(found[:, stay]), kept[stay]
    return Cover(found, weight, block, kept)


def _same_cells(
    reach: sparse.csr_matrix, weight: np.ndarray, block: np.ndarray
) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Merge the cells of a block that the same columns reach."""
    reach.sort_indices()
    place: dict[tuple[int, bytes], int] = {}
    into = np.empty(reach.shape[0], dtype=int)
    for row in range(reach.shape[0]):
        who = reach.indices[reach.indptr[row] : reach.indptr[row + 1]].tobytes()
        into[row] = place.setdefault((int(block[row]), who), len(place))
    first = np.zeros(len(place), dtype=int)
    first[into[::-1]] = np.arange(reach.shape[0])[::-1]
    merged = np.bincount(into, weights=weight, minlength=len(place)).astype(np.int64)
    return sparse.csr_matrix(reach[first]), merged, block[first]


def _undominated(reach: sparse.csr_matrix) -> np.ndarray:
    """Say which columns stay: not those within another, of equal ones the first, none that is empty."""
    size = np.asarray(reach.sum(axis=0)).ravel()
    shared = sparse.coo_matrix(reach.T @ reach)
    a, b, n = shared.row, shared.col, shared.data
    within = (a != b) & (n == size[a]) & ((size[b] > size[a]) | (b < a))
    stay: np.ndarray = size > 0
    stay[a[within]] = False
    return stay


def greedy(problem: Cover, number: int, need: int | None = None) -> np.ndarray:
    """Return columns taken one by one, each adding most, until ``number`` or ``need`` is reached."""
    chosen: list[int] = []
    left = problem.weight.copy()
    columns = sparse.csc_matrix(problem.reach)
    across = sparse.csr_matrix(problem.reach.T)
    while len(chosen) < number and (need is None or problem.total - left.sum() < need):
        gain = np.asarray(across @ left).ravel()
        if problem.bonus is not None:
            gain = gain + problem.bonus
        gain[chosen] = 0
        best = int(gain.argmax())
        if gain[best] <= 0:
            break
        chosen.append(best)
        left[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] = 0
    return np.array(chosen, dtype=int)


def fewest(problem: Cover, need: int, seconds: float, hint: Hint = Hint()) -> Found:  # noqa: B008
    """Return the fewest columns that cover at least ``need`` cells; ``need`` at most the total."""
    if need <= 0:
        return Found(np.zeros(0, dtype=int), 0, 0, True)
    starts = [greedy(problem, problem.columns, need)]
    starts += [s for s in hint.sets if problem.covered(s) >= need][:1]
    start = min(starts, key=len)
    lower = next((k for k, n in enumerate(hint.upper) if n >= need), 1)
    if lower < len(start):
        rows, columns = problem.reach.shape
        cost = np.concatenate([np.ones(columns), np.zeros(rows)])
        demand = np.concatenate([np.zeros(columns), problem.weight])
        more = (sparse.csr_matrix(demand[None, :]), need, np.inf)
        solved = _solve(problem, cost, more, hint.cuts, seconds, _WHOLE / len(start))
        start = _better(problem, solved, start, lambda c: (problem.covered(c) >= need, -len(c), 0))
        lower = max(lower, int(np.ceil(_bound(solved, 0.0) - 1e-6)))
    lower = min(lower, len(start))
    return Found(start, problem.covered(start), lower, lower == len(start))


def most(problem: Cover, number: int, seconds: float, hint: Hint = Hint()) -> Found:  # noqa: B008
    """Return at most ``number`` columns that cover the most cells."""
    extra = np.zeros(problem.columns) if problem.bonus is None else problem.bonus
    ceiling = problem.total + int(extra.sum())
    if hint.upper:
        ceiling = min(ceiling, hint.upper[min(number, len(hint.upper) - 1)])
    starts = [greedy(problem, number), *hint.sets[number : number + 1]]
    start = max(starts, key=problem.covered)
    if problem.covered(start) < ceiling:
        rows, columns = problem.reach.shape
        cost = np.concatenate([-extra.astype(float), -problem.weight.astype(float)])
        count = np.concatenate([np.ones(columns), np.zeros(rows)])
        few = (sparse.csr_matrix(count[None, :]), 0, number)
        solved = _solve(problem, cost, few, hint.cuts, seconds, _WHOLE / max(ceiling, 1))
        start = _better(
            problem, solved, start, lambda c: (len(c) <= number, problem.covered(c), -len(c))
        )
        ceiling = min(ceiling, int(np.floor(-_bound(solved, -float(ceiling)) + 1e-6)))
    value = problem.covered(start)
    return Found(start, value, max(ceiling, value), ceiling <= value)


def _bound(solved: Any, otherwise: float) -> float:
    bound = solved.mip_dual_bound
    return otherwise if bound is None or not np.isfinite(bound) else float(bound)


def _better(
    problem: Cover, solved: Any, start: np.ndarray, worth: Callable[[np.ndarray], tuple[int, ...]]
) -> np.ndarray:
    if solved.x is None:
        return start
    chosen = np.flatnonzero(solved.x[: problem.columns] > 0.5)
    return chosen if worth(chosen) > worth(start) else start


def _solve(
    problem: Cover,
    cost: np.ndarray,
    asked: tuple[sparse.csr_matrix, float, float],
    cuts: tuple[Cut, ...],
    seconds: float,
    gap: float,
) -> Any:
    rows, columns = problem.reach.shape
    # Slow to import, and an agency without gaps never needs it.
    from scipy.optimize import Bounds, LinearConstraint, milp

    link = sparse.hstack([-problem.reach.astype(float), sparse.identity(rows)], format="csr")
    constraints = [LinearConstraint(*asked), LinearConstraint(link, -np.inf, 0)]
    if cuts:
        matrix = sparse.lil_matrix((len(cuts), columns + rows))
        for i, cut in enumerate(cuts):
            matrix[i, cut.columns] = -cut.slope
            matrix[i, columns + cut.rows] = problem.weight[cut.rows]
        constraints.append(LinearConstraint(matrix.tocsr(), -np.inf, [c.base for c in cuts]))
    return milp(
        cost,
        integrality=np.concatenate([np.ones(columns), np.zeros(rows)]),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"time_limit": max(seconds, 0.05), "mip_rel_gap": gap},
    )
