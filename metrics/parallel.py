"""Independent work on as many threads as there are processors, one level deep.

The numeric library lets go of the interpreter while it works, so threads are enough. Work that is
itself divided runs undivided inside work that already is: more threads than processors only wait for
one another.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

WORKERS = min(os.cpu_count() or 1, 4)

_here = threading.local()


def each(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Return ``work`` of every item, in their order; what one of them raises is raised."""
    items = list(items)
    if len(items) < 2 or getattr(_here, "divided", False):
        return [work(item) for item in items]

    def alone(item: T) -> R:
        _here.divided = True
        return work(item)

    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(alone, items))
