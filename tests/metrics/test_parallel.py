"""Work on several threads: in order, one level deep, failures told."""

from __future__ import annotations

import threading

import pytest

from metrics import parallel


def test_results_keep_their_order() -> None:
    assert parallel.each(lambda n: n * n, range(50)) == [n * n for n in range(50)]
    assert parallel.each(str, []) == []


def test_work_within_work_is_not_divided_again() -> None:
    def inner(_: int) -> int:
        return threading.get_ident()

    def outer(_: int) -> tuple[int, set[int]]:
        return threading.get_ident(), set(parallel.each(inner, range(8)))

    for thread, within in parallel.each(outer, range(4)):
        assert within == {thread}
    # One item is no division: what it does may be divided.
    ((_, within),) = parallel.each(outer, [0])
    assert threading.get_ident() not in within


def test_a_failure_is_raised() -> None:
    def work(n: int) -> int:
        if n == 3:
            raise ValueError("three")
        return n

    with pytest.raises(ValueError, match="three"):
        parallel.each(work, range(6))
