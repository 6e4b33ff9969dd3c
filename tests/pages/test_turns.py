"""Results are worked out a few at a time, each in its turn."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.parts import turns
from pages.parts.turns import AT_ONCE, turn


def test_a_few_at_a_time_and_all_in_the_end() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def work(number: int) -> int:
        nonlocal now, most
        with turn():
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.005)
            # Inside its turn, what it needs is worked out without waiting for another.
            with turn(), lock:
                now -= 1
        return number

    with ThreadPoolExecutor(8 * AT_ONCE) as pool:
        assert list(pool.map(work, range(20 * AT_ONCE))) == list(range(20 * AT_ONCE))
    assert most == AT_ONCE and now == 0


def test_what_fails_gives_its_turn_back() -> None:
    for _ in range(2 * AT_ONCE):
        with pytest.raises(ZeroDivisionError), turn():
            _ = 1 / 0
    assert turns._free.acquire(blocking=False)
    turns._free.release()
