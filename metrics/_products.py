"""Weighted cross products of tall matrices, in blocks.

Each block is worked on by its own thread alone: the library's threads gain little on tall, thin
matrices and lose much where other work shares the processors (:mod:`metrics.blas`).
"""

from __future__ import annotations

import numpy as np

from metrics import blas as blas  # one thread a call
from metrics import parallel

ROWS = 4_096  # rows weighted at a time: they stay in the processor's cache
SOME = 16_384  # rows of many that say roughly what all do


def cross(x: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Return x' diag(weight) x (p x p) of a matrix with many rows (P x p)."""
    starts = range(0, len(x), ROWS)
    if len(starts) < 2:
        return cross_here(x, weight)

    def part(start: int) -> np.ndarray:
        rows = slice(start, start + ROWS)
        return cross_here(x[rows], None if weight is None else weight[rows])

    # Summed in order: the same answer every time.
    return np.sum(parallel.each(part, starts), axis=0)


def cross_here(x: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return one piece of the product on this thread."""
    if weight is None:
        return x.T @ x
    if weight.min(initial=0.0) < 0:
        return (x * weight[:, None]).T @ x
    # The product of a matrix with itself takes half the work of a product of two.
    weighted = x * np.sqrt(weight)[:, None]
    return weighted.T @ weighted


def times(x: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return ``x @ vector`` of a tall matrix."""
    return np.einsum("ij,j->i", x, vector) if len(x) > ROWS else x @ vector


def weighted_sum(weight: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return ``weight @ x`` of a tall matrix."""
    return np.einsum("i,ij->j", weight, x) if len(x) > ROWS else weight @ x
