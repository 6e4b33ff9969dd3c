"""Figures and tables made once: on a page whose results are known that takes longer than all else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

MOST = 256
_PLAIN = (str, int, float, bool, type(None))


def once(function: Callable[P, R]) -> Callable[P, R]:
    """Make a figure or a table once for the same results; what is returned is shared and must not be changed.

    Results are frozen and handed out as the same objects (``cache``), so they are told apart by which
    object they are: comparing all that is in them would take longer. The last ``MOST`` are remembered.
    """
    known: OrderedDict[tuple[Any, ...], tuple[Any, R]] = OrderedDict()
    lock = threading.Lock()

    @wraps(function)
    def drawn(*given: P.args, **named: P.kwargs) -> R:
        names = (*range(len(given)), *named)
        every = (*given, *named.values())
        key = tuple(
            (name, type(v), v if isinstance(v, _PLAIN) else id(v))
            for name, v in zip(names, every, strict=True)
        )
        with lock:
            if key in known:
                known.move_to_end(key)
                return known[key][1]
        found = function(*given, **named)
        with lock:
            # Kept with what it was drawn from, which so keeps its identity.
            known[key] = (every, found)
            while len(known) > MOST:
                known.popitem(last=False)
        return found

    return drawn
