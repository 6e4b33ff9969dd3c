"""Cost sets: what can be entered, what is kept, and that nothing kept is ever lost."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import costs
from data.errors import UserError
from data.registry import COST_ITEMS, cost_item
from data.registry.costs import KINDS, PAYERS, SHAPES

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(id_: str) -> costs.Cost:
    return next(c for c in costs.defaults() if c.item == id_)


def with_changed(id_: str, **values: object) -> tuple[costs.Cost, ...]:
    return tuple(
        replace(c, **values) if c.item == id_ else c  # type: ignore[arg-type]
        for c in costs.defaults()
    )


@pytest.mark.parametrize(
    ("id_", "values"),
    [
        ("jail_day", (90, 105, 200)),
        ("days_per_booking", (1, 3, 32)),
        ("jail_booking", (300, 410, 560)),
        ("ed_visit", (400, 520, 630)),
        ("inpatient_stay", (3600, 6000, 8500)),
        ("involuntary_evaluation", (None, 8236, None)),
        ("officer_hour", (34, 50, 99)),
        ("minutes_per_hold", (50, 120, 240)),
        ("officer_injury", (2000, 10000, 41353)),
        ("liability_claim", (None, 17500, 80000)),
        ("training_hours", (None, 40, None)),
        ("backfill_hours", (None, 40, None)),
        ("receiving_facility_visit", (None, None, None)),
        ("clinician_hour", (None, None, None)),
    ],
)
def test_the_figures_are_those_of_the_methods(id_: str, values: tuple[float | None, ...]) -> None:
    item = cost_item(id_)
    assert (item.low, item.likely, item.high) == values
    assert item.source


def test_tuition_has_the_ends_of_the_methods() -> None:
    assert (cost_item("cit_training_officer").low, cost_item("cit_training_officer").high) == (
        75,
        150,
    )


def test_every_entry_can_be_used_as_shipped() -> None:
    assert costs.check_all(costs.defaults()) == costs.defaults()
    assert len({i.id for i in COST_ITEMS}) == len(COST_ITEMS)
    for item in COST_ITEMS:
        assert item.shape in SHAPES and (item.payer is None or item.payer in PAYERS)
        assert (item.kind in KINDS) is not item.quantity
        if item.likely is item.high is None:
            assert item.source == "no source found"


def test_an_unknown_item_names_the_known_ones() -> None:
    with pytest.raises(UserError, match="jail_day"):
        cost_item("jail_week")


@pytest.mark.parametrize(
    ("id_", "values", "said"),
    [
        ("jail_day", {"low": 300.0}, "low is above likely"),
        ("jail_day", {"high": 100.0}, "likely is above high"),
        ("jail_day", {"low": -1.0}, "low must be a number"),
        ("jail_day", {"likely": float("nan")}, "likely must be a number"),
        ("jail_day", {"likely": None}, "needs low, likely and high"),
        ("jail_day", {"shape": "normal"}, "shape must be one of"),
        ("jail_day", {"payer": "nobody"}, "payer must be one of"),
        ("jail_day", {"payer": None}, "payer must be one of"),
        ("jail_day", {"kind": "real"}, "kind must be one of"),
        ("jail_day", {"price_year": 17}, "price_year must be a year"),
        ("jail_day", {"source_text": " "}, "source_text is empty"),
        ("jail_day", {"source_text": "=A1"}, "formula"),
        ("jail_day", {"source_text": "x" * 501}, "longer than"),
        ("jail_day", {"shape": "fixed"}, "fixed value is likely alone"),
        ("liability_claim", {"likely": 0.0}, "above 0"),
        ("liability_claim", {"high": None}, "lognormal range needs"),
        ("days_per_booking", {"payer": "city"}, "a quantity has no payer"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    id_: str, values: dict[str, object], said: str
) -> None:
    with pytest.raises(UserError, match=said) as error:
        costs.check_all(with_changed(id_, **values), "the table: ")
    assert str(error.value).startswith(f"the table: {id_}: ")
    assert "\n" not in str(error.value)


def test_a_row_without_values_is_allowed_and_not_entered() -> None:
    (found,) = (c for c in costs.check_all(costs.defaults()) if c.item == "clinician_hour")
    assert not found.entered and row("jail_day").entered and row("liability_claim").entered


def test_a_set_comes_back_as_it_went(tmp_path: Path) -> None:
    rows = with_changed("jail_day", low=1.5, likely=2.25, high=3.125, source_text='a "b", é\nc')
    version = costs.save(tmp_path, "ours", rows, "T", DAY)
    assert version == "20260301T120000000000Z"
    assert costs.load(tmp_path, "ours") == rows
    path = tmp_path / "costs" / "ours" / f"{version}.csv"
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(costs.COLUMNS)
    assert path.read_text(encoding="utf-8").splitlines()[1].startswith("T,ours,jail_day,1.5,2.25")
    assert costs.digest(costs.load(tmp_path, "ours")) == costs.digest(rows)
    assert costs.digest(rows) == costs.digest(reversed(rows)) != costs.digest(costs.defaults())


@given(
    st.lists(st.floats(0, 1e9), min_size=3, max_size=3).map(sorted),
    st.sampled_from(sorted(PAYERS)),
    st.integers(1900, 2100),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1).filter(
        lambda t: t.strip() == t and t and not t.startswith(("=", "+", "-", "@"))
    ),
)
def test_any_usable_row_survives_a_file(
    values: list[float], payer: str, year: int, source: str
) -> None:
    source = source[:500].strip()
    rows = with_changed(
        "jail_day",
        low=values[0],
        likely=values[1],
        high=values[2],
        payer=payer,
        price_year=year,
        source_text=source,
    )
    assert costs.parse(costs.to_csv(rows, "x", "T"), "x.csv") == rows


def test_history_is_only_added_to_and_restored(tmp_path: Path) -> None:
    first = costs.save(tmp_path, "ours", costs.defaults(), "T", DAY)
    before = (tmp_path / "costs" / "ours" / f"{first}.csv").read_bytes()
    changed = with_changed("jail_day", likely=110.0)
    # A clock set back does not make an older version the newest.
    second = costs.save(tmp_path, "ours", changed, "T", datetime(2020, 1, 1, tzinfo=UTC))
    assert second > first and costs.load(tmp_path, "ours") == changed
    third = costs.restore(tmp_path, "ours", first, "T", DAY)
    assert costs.history(tmp_path, "ours") == (third, second, first)
    assert costs.load(tmp_path, "ours") == costs.defaults()
    assert costs.load(tmp_path, "ours", second) == changed
    assert (tmp_path / "costs" / "ours" / f"{first}.csv").read_bytes() == before
    assert costs.names(tmp_path) == ("ours",)
    with pytest.raises(UserError, match="no such saved version"):
        costs.load(tmp_path, "ours", "20000101T000000000000Z")


def test_nothing_half_written_is_left_or_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs.save(tmp_path, "ours", costs.defaults(), now=DAY)

    def broken(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(UserError, match="cannot write the audit log"):
        costs.save(tmp_path, "ours", with_changed("jail_day", likely=99.0))
    monkeypatch.undo()
    assert len(list((tmp_path / "costs" / "ours").iterdir())) == 1
    assert costs.load(tmp_path, "ours") == costs.defaults()


def test_a_store_that_cannot_be_written_to_says_so(tmp_path: Path) -> None:
    (tmp_path / "costs").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written to") as error:
        costs.save(tmp_path, "ours", costs.defaults())
    assert "\n" not in str(error.value)
    assert costs.names(tmp_path) == () and costs.history(tmp_path, "ours") == ()


@pytest.mark.parametrize("name", ["", "../up", "Ours", "a b", "-a", "x" * 41, "a/b", ".hidden"])
def test_a_name_is_plain_letters(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="a name is up to 40"):
        costs.save(tmp_path, name, costs.defaults())
    assert not (tmp_path / "costs").exists()


def lines(*rows: str) -> bytes:
    return "\n".join([",".join(costs.COLUMNS), *rows]).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "lacks agency_id"),
        (b"item,low\njail_day,1\n", "lacks agency_id, cost_set, likely"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"x" * 1_000_001, "larger than"),
        (lines("T,a,jail_week,1,2,3,triangular,,city,average,x"), "row 2: there is no cost item"),
        (
            lines("T,a,jail_day,1,two,3,triangular,,city,average,x"),
            "row 2: likely must be a number",
        ),
        (
            lines("T,a,jail_day,1,inf,3,triangular,,city,average,x"),
            "row 2: likely must be a number",
        ),
        (lines("T,a,jail_day,3,2,1,triangular,,city,average,x"), "row 2: jail_day: low is above"),
        (lines("T,a,jail_day,1,2,3,triangular,2017.5,city,average,x"), "whole year"),
        (lines("T,a,jail_day,1,2,3,triangular,,town,average,x"), "payer must be one of"),
        (lines("T,a,jail_day,1,2,3,triangular,,city,average,x,y"), "more cells than columns"),
        (
            lines(*["T,a,jail_day,1,2,3,triangular,,city,average,x"] * 2),
            "row 3: jail_day: stands there twice",
        ),
        (
            lines(
                "T,a,jail_day,1,2,3,triangular,,city,average,x",
                "T,b,ed_visit,1,2,3,triangular,,city,average,x",
            ),
            "more than one cost_set",
        ),
    ],
)
def test_a_bad_file_names_the_place(content: bytes, said: str) -> None:
    with pytest.raises(UserError, match=said) as error:
        costs.parse(content, "mine.csv")
    assert str(error.value).startswith("mine.csv: ") and "\n" not in str(error.value)


def test_a_file_of_some_rows_leaves_the_others(tmp_path: Path) -> None:
    base = with_changed("ed_visit", likely=500.0)
    content = lines("T,a,jail_day,1,2,3,triangular,,state,marginal,own ledger")
    found = {c.item: c for c in costs.parse(content, "mine.csv", base)}
    assert (found["jail_day"].high, found["jail_day"].payer) == (3, "state")
    assert found["ed_visit"].likely == 500 and len(found) == len(COST_ITEMS)


def test_a_damaged_version_is_named(tmp_path: Path) -> None:
    version = costs.save(tmp_path, "ours", costs.defaults())
    path = tmp_path / "costs" / "ours" / f"{version}.csv"
    path.write_text("agency_id\n1\n")
    with pytest.raises(UserError, match="lacks cost_set"):
        costs.load(tmp_path, "ours")
