"""Weighted cross products of tall matrices, in blocks.

A block is small enough for the linear algebra library to work on the calling thread alone. Its own
threads gain little on tall, thin matrices and lose much where other work shares the processors.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

SMALL = 250_000  # multiplications per product below which no library starts threads
ROWS = 16_384  # rows weighted at a time: they stay in the processor's cache
WORKERS = min(os.cpu_count() or 1, 4)


def cross(x: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """Return x' diag(weight) x (p x p) of a matrix with many rows (P x p)."""
    starts = range(0, len(x), ROWS)
    if len(starts) < 2:
        return cross_here(x, weight)

    def part(start: int) -> np.ndarray:
        rows = slice(start, start + ROWS)
        return cross_here(x[rows], None if weight is None else weight[rows])

    with ThreadPoolExecutor(WORKERS) as pool:
        # Summed in order: the same answer every time.
        return np.sum(list(pool.map(part, starts)), axis=0)


def cross_here(x: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Return one piece of the product on this thread."""
    weighted = x if weight is None else x * weight[:, None]
    p = x.shape[1]
    height = max(1, SMALL // (p * p))
    whole = len(x) - len(x) % height
    if not whole:
        return weighted.T @ x
    left = weighted[:whole].reshape(-1, height, p)
    found = np.matmul(left.swapaxes(1, 2), x[:whole].reshape(-1, height, p)).sum(axis=0)
    return found + weighted[whole:].T @ x[whole:] if whole < len(x) else found


def times(x: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return ``x @ vector`` of a tall matrix."""
    return np.einsum("ij,j->i", x, vector) if len(x) > ROWS else x @ vector


def weighted_sum(weight: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return ``weight @ x`` of a tall matrix."""
    return np.einsum("i,ij->j", weight, x) if len(x) > ROWS else weight @ x
