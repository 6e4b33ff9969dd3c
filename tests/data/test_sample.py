"""The first start: one simulated agency, however many arrive at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data import loads, sample
from data.store import Store


@pytest.mark.slow
def test_two_first_starts_at_once_make_one_agency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "SAMPLE_CONTACTS", 300)
    stores = [Store(tmp_path / "store") for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(sample.ensure, stores))
    current = stores[0].current()
    assert all(a.simulated for a in loads.agencies(current))
    (record,) = loads.records(current)
    assert record.contacts == 300
