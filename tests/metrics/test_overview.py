"""The overview's period, tiles and lines, against rows counted one by one."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import ingest, mapping
from data.store import Snapshot, Store
from metrics import aggregate, overview
from metrics.aggregate import Coverage
from metrics.overview import Period, Tile, period, tiles
from metrics.question import ask
from metrics.wording import printed, time, views
from tests.stores import simulated_store

EMPTY = Coverage(0, None, None, {}, {}, {})


def held(first: date, last: date) -> Coverage:
    return replace(EMPTY, contacts=1, first=first, last=last)


@pytest.mark.parametrize(
    ("first", "last", "start", "end", "before"),
    [
        ((2021, 1, 1), (2025, 12, 31), (2025, 1, 1), (2025, 12, 31), (2024, 1, 1)),
        # A month not yet over is left out; one that ends a few days early is whole.
        ((2021, 1, 1), (2026, 11, 14), (2025, 11, 1), (2026, 10, 31), (2024, 11, 1)),
        ((2021, 1, 1), (2026, 2, 26), (2025, 3, 1), (2026, 2, 28), (2024, 3, 1)),
        # Under 24 months: nothing to compare with.
        ((2024, 6, 10), (2025, 12, 31), (2025, 1, 1), (2025, 12, 31), None),
        # Under 12: all there is.
        ((2025, 3, 10), (2025, 11, 14), (2025, 3, 10), (2025, 11, 14), None),
        ((2025, 3, 10), (2025, 3, 10), (2025, 3, 10), (2025, 3, 10), None),
    ],
)
def test_the_period_is_the_last_twelve_whole_months(
    first: tuple[int, int, int],
    last: tuple[int, int, int],
    start: tuple[int, int, int],
    end: tuple[int, int, int],
    before: tuple[int, int, int] | None,
) -> None:
    found = period(held(date(*first), date(*last)), ask())
    assert found is not None
    assert (found.start, found.end) == (date(*start), date(*end))
    assert (found.before and found.before[0]) == (before and date(*before))
    words = time.compared(found)
    assert ("under 24 months" in words) == (before is None)
    assert ("compared with the 12 months before" in words) == (before is not None)


def test_the_filters_choose_the_period() -> None:
    coverage = held(date(2020, 1, 1), date(2025, 12, 31))
    until = period(coverage, ask(end=date(2024, 6, 10)))
    assert until is not None
    assert (until.start, until.before) == (
        date(2023, 6, 11),
        (date(2022, 6, 11), date(2023, 6, 10)),
    )
    quarter = period(coverage, ask(start=date(2024, 4, 1), end=date(2024, 6, 30)))
    assert quarter is not None
    assert quarter.before == (date(2024, 1, 1), date(2024, 3, 31))
    assert "the 3 months before (Jan 2024 to Mar 2024)" in time.compared(quarter)
    everything = period(coverage, ask(start=date(2020, 1, 1)))
    assert everything is not None
    assert everything.before is None
    assert "The data begin on 1 Jan 2020" in time.compared(everything)
    assert period(EMPTY, ask()) is None


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(0, 2000))
def test_the_period_before_ends_the_day_before(start: date, length: int) -> None:
    end = start + timedelta(days=length)
    found = period(held(date(1980, 1, 1), date(2060, 1, 1)), ask(start=start, end=end))
    assert found is not None
    assert found.before is not None
    first, last = found.before
    assert last == start - timedelta(days=1)
    # As many months where it is whole months, a year for a year, else as many days.
    assert abs((last - first).days - length) <= (3 if length < 365 else 4)
    if overview.whole_months(start, end) is not None:
        assert overview.whole_months(first, last) == overview.whole_months(start, end)


def load(folder: Path, rows: list[dict[str, str]], name: str = "contacts") -> Store:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    store = Store(folder / "store")
    ingest.load(store, [path], mapping.read("canonical"))
    return store


def rows(days: list[date]) -> list[dict[str, str]]:
    """Contacts with every tenth an arrest: in turn by choice, on a warrant, by mandate, unknown."""
    found = []
    for i, day in enumerate(days):
        arrest = i % 10 == 0
        kind = i // 10 % 4
        found.append(
            {
                "agency_id": "T",
                "contact_id": f"K{i:06d}",
                "contact_at": f"{day} 09:00",
                "primary_officer_cit": ("yes", "no")[i % 2],
                "cit_arrived": ("yes", "yes", "no", "")[i % 4],
                "crisis_identified_by": ("dispatch", "officer", "both")[i % 3],
                "force_used": "yes" if i % 20 == 0 else "no",
                "custody": "arrested_booked" if arrest else "none",
                "warrant": ("no", "yes", "no", "")[kind] if arrest else "no",
                "mandatory_arrest": ("no", "no", "yes", "")[kind] if arrest else "",
                "officer_minutes": "90",
            }
        )
    # An answer that is left blank on a contact without an arrest is no reason to drop it.
    for row in found:
        if row["custody"] == "none":
            row["mandatory_arrest"] = "no"
    return found


def every_day(first: date, last: date, a_day: int) -> list[date]:
    count = (last - first).days + 1
    return [first + timedelta(days=i) for i in range(count) for _ in range(a_day)]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, str]], Snapshot]:
    made = rows(every_day(date(2023, 12, 1), date(2026, 1, 10), 6))
    return made, load(tmp_path_factory.mktemp("known"), made).current()


def by_id(found: tuple[Tile, ...]) -> dict[str, Tile]:
    return {t.id: t for t in found}


def test_tiles_are_what_the_rows_say(known: tuple[list[dict[str, str]], Snapshot]) -> None:
    made, snapshot = known
    found = tiles(ask(), snapshot)
    assert [t.id for t in found] == [
        "contacts",
        "cit_came",
        "force",
        "arrest",
        "voluntary_care",
        "officer_time",
        "coverage",
        "serious",
        "liability",
    ]
    assert [t.wide for t in found] == [False] * 6 + [True] * 3
    tile = by_id(found)
    for year, place in (("2025", "now"), ("2024", "before")):
        own = [r for r in made if r["contact_at"].startswith(year)]
        coded = [r for r in own if r["crisis_identified_by"] != "officer" and r["cit_arrived"]]
        came = [r for r in coded if r["cit_arrived"] == "yes"]
        forced = [r for r in own if r["force_used"] == "yes"]
        arrests = [r for r in own if r["custody"] == "arrested_booked"]
        chosen = [r for r in arrests if r["warrant"] == r["mandatory_arrest"] == "no"]
        compelled = [r for r in arrests if "yes" in (r["warrant"], r["mandatory_arrest"])]
        asked = len(own) - len(arrests) + len(chosen)
        if place == "now":
            assert tile["contacts"].value == f"{len(own):,}"
            assert f"{len(came):,} of {len(coded):,} contacts known" in tile["cit_came"].details[0]
            assert tile["force"].details[0].startswith(f"{len(forced):,} of {len(own):,} contacts")
            assert tile["arrest"].details[0] == f"{len(chosen):,} of {asked:,} contacts"
            unknown = len(arrests) - len(chosen) - len(compelled)
            assert f"out ({len(compelled):,}), and {unknown:,} where" in tile["arrest"].details[1]
        else:
            text = {k: " ".join(t.details) for k, t in tile.items()}
            assert f"12 months before: {len(own):,}" in text["contacts"]
            assert f"({len(came):,} of {len(coded):,})" in text["cit_came"]
            assert f"({len(forced):,} of {len(own):,})" in text["force"]
            assert f"({len(chosen):,} of {asked:,})" in text["arrest"]
    assert tile["officer_time"].value == "1.5 hours"
    assert all(t.change == "no unusual change" for t in found[:4])


def test_a_missing_source_prints_its_reason(known: tuple[list[dict[str, str]], Snapshot]) -> None:
    tile = by_id(tiles(ask(), known[1]))
    assert tile["voluntary_care"].value is None
    assert "contacts.transport_voluntary" in str(tile["voluntary_care"].missing)
    assert views.ARRIVAL_MISSING in tile["cit_came"].details
    assert views.WAIT_MISSING in tile["officer_time"].details
    assert views.CERTIFICATIONS_MISSING in tile["coverage"].details
    assert "injuries.severity" in str(tile["serious"].missing)
    assert views.REVIEW_MISSING in str(tile["serious"].missing)
    assert tile["liability"].missing == views.LIABILITY_MISSING


def test_one_query_serves_all_tiles(
    known: tuple[list[dict[str, str]], Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    one = aggregate.daily
    monkeypatch.setattr(aggregate, "daily", lambda *a: (asked.append(a), one(*a))[1])
    for name in ("counts", "event_days"):
        monkeypatch.setattr(aggregate, name, lambda *a, **k: pytest.fail("a second query"))
    tiles(ask(), known[1])
    assert len(asked) == 1


def test_a_filter_that_nothing_fits_draws_no_number(
    known: tuple[list[dict[str, str]], Snapshot],
) -> None:
    found = tiles(ask(where={"shift": ["night_22_06"]}), known[1])
    assert found[0].value == "0"
    assert [t.value for t in found[1:6]] == [None] * 5


def test_arrests_without_warrant_and_mandate_are_all_arrests(tmp_path: Path) -> None:
    made = rows(every_day(date(2025, 1, 1), date(2025, 6, 30), 2))
    for row in made:
        del row["warrant"]
    found = by_id(tiles(ask(), load(tmp_path, made).current()))["arrest"]
    arrests = sum(r["custody"] == "arrested_booked" for r in made)
    assert found.label == "Arrested, for any reason"
    assert found.details[0] == f"{arrests} of {len(made)} contacts"
    assert found.details[1].endswith("needs contacts.warrant")
    assert found.change is None
    assert "fewer than 12 whole months" in found.details[-1]


def test_a_change_is_dated_and_has_an_arrow(tmp_path: Path) -> None:
    made = rows(every_day(date(2024, 1, 1), date(2025, 12, 31), 5))
    for i, row in enumerate(made):
        often = row["contact_at"] >= "2025-04-01"
        row["force_used"] = "yes" if i % (8 if often else 20) == 0 else "no"
    assert by_id(tiles(ask(), load(tmp_path, made).current()))["force"].change == (
        "↑ up since Apr 2025"
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("small")
    return Store(simulated_store(folder, contacts=400, officers=12)).current()


def test_a_small_agency_counts_days(small: Snapshot) -> None:
    found = tiles(ask(), small, small=True)[2]
    assert found.id == "last_force"
    assert "before the last contact on record" in found.details or found.value == "none"
    assert all("nan" not in str(t) for t in tiles(ask(), small))


def test_every_contact_of_the_simulated_agency_is_in_some_day(small: Snapshot) -> None:
    question = ask(["force", "arrest", "voluntary_care"])
    days = aggregate.daily(small, question)
    whole = aggregate.counts(small, question).frame
    for column in ("contacts", "timed", "minutes", "n:force", "events:force", "events:arrest"):
        assert days[column].sum() == whole[column].sum()
    assert (days["events:choice"] + days["no_choice"] + days["unknown_choice"]).sum() == (
        days["events:arrest"].sum()
    )


def test_certifications_that_lapse_are_counted_by_officer(small: Snapshot) -> None:
    day = date(2024, 6, 1)
    until = day + timedelta(days=400)
    in_force: dict[str, list[date | None]] = {}
    for officer, credential, start, end in (
        small.cursor()
        .execute("SELECT officer_key, credential, certified_on, expires_on FROM certifications")
        .fetchall()
    ):
        if credential in ("cit_40h", "cit_enhanced") and start <= day and (not end or day < end):
            in_force.setdefault(officer, []).append(end)
    due = [ends for ends in in_force.values() if all(end and end <= until for end in ends)]
    assert aggregate.certifications(small, day, until) == (len(in_force), len(due))


@pytest.mark.slow
def test_the_lines_list_events_and_claims_of_the_period(tmp_path: Path) -> None:
    made = rows(every_day(date(2024, 1, 1), date(2025, 12, 31), 2))
    load(tmp_path, made)
    first = {"critical_id": "E0", "kind": "death_by_force", "occurred_on": "2024-03-01"}
    own = {"critical_id": "E1", "kind": "officer_shooting_nonfatal", "occurred_on": "2025-07-03"}
    load(
        tmp_path,
        [{"agency_id": "T", **e, "review_status": "open"} for e in (first, own)],
        "critical_events",
    )
    # One of 2025, one of the year before, one that is privileged, and one not linked.
    known = {r["contact_at"]: r["contact_id"] for r in made}
    claims = [
        ("L1", known["2025-02-01 09:00"], "no"),
        ("L2", known["2024-02-01 09:00"], "no"),
        ("L3", known["2025-02-01 09:00"], "yes"),
        ("L4", "", "no"),
    ]
    load(
        tmp_path,
        [
            {
                "agency_id": "T",
                "claim_id": id_,
                "contact_id": contact,
                "line": "law_enforcement_liability",
                "occurred_on": "2025-02-01",
                "reported_on": "2025-03-01",
                "privileged": privileged,
            }
            for id_, contact, privileged in claims
        ],
        "claims",
    )
    money = {
        "paid_loss": "6000",
        "paid_expense": "200",
        "reserve_loss": "35000",
        "reserve_expense": "300",
    }
    store = load(
        tmp_path,
        [
            {"agency_id": "T", "claim_id": c, "valued_on": "2025-12-31", **money, "status": "open"}
            for c in ("L1", "L2", "L3", "L4")
        ],
        "claim_valuations",
    )
    found = by_id(tiles(ask(), store.current()))
    assert found["serious"].details == (
        "1 event: officer shooting, non-fatal, 3 Jul 2025; review open.",
        "No death is on record.",
    )
    about = period(aggregate.coverage(store.current()), ask())
    assert about is not None
    assert "; no death is on record; " in printed.opening(about, tuple(found.values()))
    bare = tuple(t for t in found.values() if t.id != "serious")
    assert printed.DEATHS_MISSING in printed.opening(about, bare)
    (said,) = found["liability"].details
    assert said.replace("\\", "").startswith(
        "Of contacts in this period: 1 claim reported, open, $41,500 incurred ($6,200 paid). Periods this"
        " recent usually grow. Apart: 1 claim naming no contact on record."
    )
    assert found["liability"].missing == views.REPORTS_MISSING


def test_the_lines_of_a_simulated_agency_are_what_its_tables_say(small: Snapshot) -> None:
    found = by_id(tiles(ask(), small))
    about = period(aggregate.coverage(small), ask())
    assert about is not None
    row = (
        small.cursor()
        .execute(
            "SELECT count(*) FILTER (outcome_report_on_time), count(outcome_report_on_time)"
            " FROM encounters WHERE eligible_report_on_time AND contact_date BETWEEN ? AND ?",
            [about.start, about.end],
        )
        .fetchone()
    )
    assert row is not None
    assert views.REVIEW_MISSING not in str(found["serious"].missing)
    said = found["liability"].details[-1]
    assert said.startswith(f"{row[0]} of {row[1]} contact") if row[1] else "was owed" in said


def test_seattle_names_its_hole_and_its_missing_columns(seattle: Snapshot) -> None:
    found = by_id(tiles(ask(), seattle))
    about = period(aggregate.coverage(seattle), ask())
    assert isinstance(about, Period)
    assert time.span(about.start, about.end) == "Sep 2018 to Aug 2019"
    assert "September 2017 to November 2017" in found["contacts"].details[-1]
    assert found["arrest"].details[1].endswith("needs contacts.warrant")
    assert found["officer_time"].value is None
