"""What the count statistics share: argument checks, reasons, quantiles and a root finder."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Literal

from scipy import special

from metrics.estimate import NotEstimable

NO_CONTACTS = NotEstimable("There are no contacts in this group, so nothing can be estimated.")
NO_CONTACTS_ARM = NotEstimable(
    "One of the two groups has no contacts, so the groups cannot be compared."
)
NO_EVENTS = NotEstimable("No contact in either group had this outcome.")
ALL_EVENTS = NotEstimable("Every contact in both groups had this outcome.")


def check_whole(name: str, value: int) -> int:
    """Return ``value`` as an ``int``.

    Raises ``ValueError`` naming the argument unless it is a whole number of 0 or more.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, not {value!r}") from None
    if number < 0:
        raise ValueError(f"{name} must be 0 or more, not {number}")
    return number


def check_arm(events_name: str, events: int, n_name: str, n: int) -> tuple[int, int]:
    """Return (events, contacts) of one arm as ``int``; ``ValueError`` if events exceed contacts."""
    events, n = check_whole(events_name, events), check_whole(n_name, n)
    if events > n:
        raise ValueError(f"{events_name} ({events}) must not be more than {n_name} ({n})")
    return events, n


def check_arms(e1: int, n1: int, e2: int, n2: int) -> tuple[int, int, int, int]:
    """Return the four counts of a 2 x 2 comparison as ``int``, each checked by its name."""
    return *check_arm("e1", e1, "n1", n1), *check_arm("e2", e2, "n2", n2)


def check_size(name: str, value: float) -> float:
    """Return an exposure (contacts, time) as ``float``; ``ValueError`` if negative or infinite."""
    size = float(value)
    if not math.isfinite(size) or size < 0:
        raise ValueError(f"{name} must be 0 or more and finite, not {value!r}")
    return size


def check_level(level: float) -> float:
    """Return the confidence level; ``ValueError`` unless it lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    return float(level)


def critical(level: float) -> float:
    """Return the two-sided standard normal quantile of a confidence level (.95 gives 1.96)."""
    return -float(special.ndtri((1 - check_level(level)) / 2))


def monotone_root(
    function: Callable[[float], float], start: float, step: float, sign: Literal[1, -1] = 1
) -> float:
    """Return the root of a monotone function (``sign`` 1 rising, -1 falling).

    The bracket is grown outward from ``start`` by growing steps, then halved until no number lies
    between its ends: the library's root finders take longer to import than this takes to run.
    Raises ``ArithmeticError`` if no bracket is found.
    """
    near = far = start
    side = function(start)
    if side == 0:
        return start
    outward = -sign if side > 0 else sign
    for _ in range(200):
        near, far = far, far + outward * step
        if function(far) * side <= 0:
            return _halved(function, near, far, side)
        step *= 1.6
    raise ArithmeticError("no limit found")


def _halved(function: Callable[[float], float], near: float, far: float, side: float) -> float:
    """Return the root between ``near``, where the function has the sign of ``side``, and ``far``."""
    while True:
        middle = near + (far - near) / 2
        if middle in (near, far):
            return middle
        value = function(middle)
        if value == 0:
            return middle
        if value * side > 0:
            near = middle
        else:
            far = middle
