"""Months, gaps and charts of an outcome, on data whose months are known."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from data import ingest, mapping
from data.store import Snapshot, Store
from metrics import trend, wording
from metrics.estimate import NotEstimable
from metrics.question import ask
from metrics.trends import DaysBetween


def store_of(folder: Path, days: list[tuple[date, bool]]) -> Snapshot:
    lines = ["agency_id,contact_id,contact_at,primary_officer_cit,force_used"]
    for i, (day, force) in enumerate(days):
        lines.append(
            f"T,K{i:06d},{day} 09:00,{'yes' if i % 2 else 'no'},{'yes' if force else 'no'}"
        )
    (folder / "contacts.csv").write_text("\n".join(lines) + "\n")
    store = Store(folder / "store")
    ingest.load(store, [folder / "contacts.csv"], mapping.read("canonical"))
    return store.current()


def monthly(contacts: list[int], events: list[int]) -> list[tuple[date, bool]]:
    found = []
    for month, (n, k) in enumerate(zip(contacts, events, strict=True)):
        first = date(2022 + month // 12, month % 12 + 1, 1)
        found += [(first + timedelta(days=i % 28), i < k) for i in range(n)]
    return found


def test_a_hole_is_missing_coverage_not_a_fall(tmp_path: Path) -> None:
    contacts = [100] * 6 + [2, 0, 3] + [100] * 6
    found = trend.trend(
        ask(), "force", store_of(tmp_path, monthly(contacts, [10] * 6 + [0, 0, 0] + [10] * 6))
    )
    assert [m.covered for m in found.months] == [True] * 6 + [False] * 3 + [True] * 6
    assert all(m.rate is None for m in found.months if not m.covered)
    assert wording.gaps(found.months) == [(date(2022, 7, 1), date(2022, 10, 1))]
    assert "July 2022 to September 2022" in wording.trend_note(found)
    assert trend.signals(found) == ()


def test_a_shift_is_dated_by_the_chart(tmp_path: Path) -> None:
    events = [20, 18, 22, 19, 21, 20, 18, 22, 20, 21, 6, 8, 5, 7, 6, 8, 7, 5, 6, 7]
    found = trend.trend(ask(), "force", store_of(tmp_path, monthly([200] * 20, events)))
    assert trend.changed_since(found) == date(2022, 11, 1)
    assert "Below its usual level since November 2022" in wording.change(found)


def test_rare_events_show_days_between(tmp_path: Path) -> None:
    events = [1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0]
    found = trend.trend(ask(), "force", store_of(tmp_path, monthly([50] * 12, events)))
    assert found.rare
    assert isinstance(found.between, DaysBetween)
    assert len(found.between.gaps) == sum(events) - 1
    assert "days between" in wording.change(found)


def test_no_events_is_no_chart(tmp_path: Path) -> None:
    found = trend.trend(ask(), "force", store_of(tmp_path, monthly([50] * 5, [0] * 5)))
    assert isinstance(found.chart, NotEstimable)
    assert "nan" not in wording.trend_alt(found, "Use of force")
