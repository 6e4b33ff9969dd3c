"""How many results are worked out at once.

After a load every session asks for new results at the same time. Working on all of them together makes
each as late as the last; a few at a time, in the order they were asked for, are done one after another
and take no longer in all. What is known already never waits here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = max(3, os.cpu_count() or 1)
"""More than two, so that a long one and another long one do not hold up everybody."""

_free = threading.Semaphore(AT_ONCE)
_here = threading.local()


@contextmanager
def turn() -> Iterator[None]:
    """Wait for one's turn; work inside work that has one needs no other."""
    if getattr(_here, "has", False):
        yield
        return
    with _free:
        _here.has = True
        try:
            yield
        finally:
            _here.has = False
