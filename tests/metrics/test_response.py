"""Did CIT come? Every number against calls counted one by one, on tables with every fault a CAD has."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import ingest, mapping, simulate
from data.store import Snapshot, Store
from metrics import aggregate, overview, proportions, response
from metrics.estimate import Estimate, NotEstimable
from metrics.question import Question, ask
from metrics.response import Coding, Response
from metrics.shares import Share
from metrics.trends import PChart
from metrics.wording import response as words
from metrics.wording import response_terms as terms
from tests.metrics.test_wording import CAUSAL

Tables = dict[str, pd.DataFrame]
REQUIRED = date(2021, 7, 1)


def made(contacts: int = 3_000) -> Tables:
    """Return the tables of a simulated agency; text and blanks instead of categories."""
    tables = dict(simulate.simulate(contacts, seed=5, years=3).tables)
    for name in ("calls", "call_units", "contacts", "shifts", "agencies", "certifications"):
        frame = tables[name].copy()
        for column in frame.columns:
            if str(frame[column].dtype) in ("category", "string", "str", "object"):
                frame[column] = frame[column].astype(object).where(frame[column].notna(), None)
        tables[name] = frame
    return tables


def spoil(tables: Tables) -> Tables:
    """Add what a real export has: blanks, unknowns, slips of clocks, days off, overlapping shifts."""
    rng = np.random.default_rng(11)

    def some(frame: pd.DataFrame, share: float) -> pd.Index:
        return frame.index[rng.random(len(frame)) < share]

    calls, units = tables["calls"], tables["call_units"]
    contacts, agencies = tables["contacts"], tables["agencies"]
    calls.loc[some(calls, 0.25), "cit_available"] = "no"
    calls.loc[some(calls, 0.05), "cit_available"] = "unknown"
    calls.loc[some(calls, 0.05), "crisis_flag_at_dispatch"] = "unknown"
    calls.loc[some(calls, 0.05), "crisis_flag_final"] = "no"
    calls.loc[some(calls, 0.03), "disposition_of_call"] = None
    calls.loc[some(calls, 0.02), "dispatched_at"] = pd.NaT
    calls.loc[some(calls, 0.02), "disposition_of_call"] = "no_unit_sent"
    calls.loc[some(calls, 0.02), "disposition_of_call"] = "transferred_988"
    calls.loc[some(calls, 0.02), "received_at"] = pd.NaT
    calls.loc[some(calls, 0.02), "district_id"] = None
    calls.loc[some(calls, 0.03), "incident_id"] = None
    early, late = some(calls, 0.02), some(calls, 0.02)
    calls.loc[early, "received_at"] -= timedelta(days=3)
    calls.loc[late, "received_at"] += timedelta(days=1)
    # The record of dispatch begins after the first forms.
    calls = calls[~(calls["received_at"] < "2021-01-20")].reset_index(drop=True)
    units = units[units["call_id"].isin(set(calls["call_id"]))].reset_index(drop=True)
    # Calls without units, units that never arrived, and calls at which nobody did.
    gone = set(calls.loc[some(calls, 0.05), "call_id"])
    units = units[~units["call_id"].isin(gone)].reset_index(drop=True)
    units.loc[some(units, 0.1), "arrived_at"] = pd.NaT
    nobody = some(calls, 0.04)
    units.loc[units["call_id"].isin(set(calls.loc[nobody, "call_id"])), "arrived_at"] = pd.NaT
    calls.loc[nobody[::2], "first_arrived_at"] = pd.NaT
    contacts = contacts[rng.random(len(contacts)) > 0.1].reset_index(drop=True)
    contacts.loc[some(contacts, 0.05), "incident_id"] = None
    contacts.loc[some(contacts, 0.03), "incident_id"] = "no call has this"
    agencies["crisis_form_required_since"] = pd.Timestamp(REQUIRED)
    cover = (
        tables["shifts"]
        .iloc[[0]]
        .assign(
            shift_id="cover",
            shift_name="Cover",
            starts_at="18:00",
            ends_at="02:00",
            weekdays="----FS-",
        )
    )
    days = tables["shifts"].assign(weekdays=["MTWTFS-", "MTWTFSS", "MTWTFSS"])
    kept = {c: t for c, t in tables.items() if c in ("agencies", "districts", "certifications")}
    return kept | {
        "calls": calls,
        "call_units": units,
        "contacts": contacts,
        "shifts": pd.concat([days, cover], ignore_index=True),
    }


def load(folder: Path, tables: Tables) -> Snapshot:
    simulate.write(simulate.Simulation(tables, {}), folder)
    files = [f for t in mapping.importable_tables() if (f := folder / f"{t}.parquet").exists()]
    ingest.load(Store(folder / "store"), files, mapping.read("canonical"), simulated=True)
    return Store(folder / "store").current()


def moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def shift_of(when: datetime | None, shifts: list[dict[str, Any]]) -> str:
    """Try every shift of the day and of the day before: the one that began last."""
    best: tuple[datetime, str] | None = None
    for s in shifts:
        for back in (0, 1):
            if when is None:
                continue
            day = when.date() - timedelta(days=back)
            if s["weekdays"][day.weekday()] == "-":
                continue
            start = datetime.combine(day, datetime.strptime(s["starts_at"], "%H:%M").time())
            end = datetime.combine(day, datetime.strptime(s["ends_at"], "%H:%M").time())
            if end <= start:
                end += timedelta(days=1)
            if start <= when < end and (best is None or start > best[0]):
                best = (start, s["shift_id"])
    return best[1] if best else "not_recorded"


def one_by_one(tables: Tables) -> list[dict[str, Any]]:
    """Return each call with what the page should know of it, by plain loops."""
    certified: dict[str, list[tuple[date, date | None]]] = {}
    for c in tables["certifications"].to_dict("records"):
        if c["credential"] in ("cit_40h", "cit_enhanced"):
            ends = moment(c["expires_on"])
            start = moment(c["certified_on"])
            assert start is not None
            certified.setdefault(c["officer_key"], []).append(
                (start.date(), ends.date() if ends else None)
            )
    units: dict[str, list[tuple[datetime | None, bool]]] = {}
    for u in tables["call_units"].to_dict("records"):
        at = moment(u["arrived_at"])
        spans = certified.get(u["officer_key"], [])
        is_cit = at is not None and any(
            a <= at.date() and (b is None or at.date() < b) for a, b in spans
        )
        units.setdefault(u["call_id"], []).append((at, is_cit))
    formed = {i for i in tables["contacts"]["incident_id"] if i is not None and not pd.isna(i)}
    contact_days = pd.to_datetime(tables["contacts"]["contact_at"]).dt.date
    shifts = tables["shifts"].to_dict("records")
    found = []
    for k in tables["calls"].to_dict("records"):
        received, kind = moment(k["received_at"]), k["disposition_of_call"]
        own = units.get(k["call_id"])
        arrivals = [at for at, is_cit in own or [] if is_cit]
        if own is None:
            came = None
        elif arrivals:
            came = True
        elif all(at is None for at, _ in own) and moment(k["first_arrived_at"]) is not None:
            came = None
        else:
            came = False
        taken: bool | None = None
        if kind in ("police_dispatched", "co_responder") or moment(k["dispatched_at"]) is not None:
            taken = True
        elif kind is not None:
            taken = False
        day = received.date() if received else None
        if day and (
            day < REQUIRED or day < min(contact_days) - timedelta(days=1) or day > max(contact_days)
        ):
            form = "not_due"
        elif day is None or k["incident_id"] is None:
            form = "unknown"
        else:
            form = "with" if k["incident_id"] in formed else "without"
        found.append(
            k
            | {
                "day": day,
                "district": k["district_id"] or "not_recorded",
                "shift": shift_of(received, shifts),
                "hour": str(received.hour) if received else "not_recorded",
                "counted": kind not in ("cancelled", "duplicate"),
                "coded": k["crisis_flag_at_dispatch"] == "yes",
                "taken": taken,
                "came": came,
                "minutes": (min(arrivals) - received).total_seconds() / 60  # type: ignore[type-var,operator]
                if arrivals and received
                else None,
                "form": form,
                "no_units": own is None,
            }
        )
    return found


def cohort(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [r for r in rows if r["counted"] and r["coded"] and r["taken"] is True]


def came(rows: list[dict[str, Any]]) -> Share:
    known = [r["came"] for r in rows if r["came"] is not None]
    return Share(sum(known), len(known), len(rows) - len(known))


def without(rows: list[dict[str, Any]]) -> Share:
    n = Counter(r["form"] for r in rows)
    return Share(n["without"], n["with"] + n["without"], n["unknown"])


def plausible(rows: list[dict[str, Any]]) -> list[float]:
    return [r["minutes"] for r in rows if r["minutes"] is not None and 0 <= r["minutes"] <= 1440]


World = tuple[Tables, list[dict[str, Any]], Snapshot]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    tables = spoil(made())
    return tables, one_by_one(tables), load(tmp_path_factory.mktemp("calls"), tables)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> World:
    tables = made(900)
    return tables, [], load(tmp_path_factory.mktemp("clean"), tables)


def asked(world: World, question: Question | None = None) -> Response:
    found = response.response(question or ask(), world[2])
    assert found is not None
    return found


QUESTIONS: tuple[tuple[dict[str, Any], Any], ...] = (
    ({}, lambda r: True),
    (
        {"start": date(2022, 1, 5), "end": date(2022, 11, 20)},
        lambda r: r["day"] is not None and date(2022, 1, 5) <= r["day"] <= date(2022, 11, 20),
    ),
    ({"where": {"district": ["North"]}}, lambda r: r["district"] == "North"),
    (
        {"where": {"district": ["not_recorded", "East"]}, "start": date(2023, 1, 1)},
        lambda r: (
            r["district"] in ("not_recorded", "East")
            and r["day"] is not None
            and r["day"] >= date(2023, 1, 1)
        ),
    ),
)


@pytest.mark.parametrize(("options", "fits"), QUESTIONS)
def test_every_count_is_that_of_calls_one_by_one(
    world: World, options: dict[str, Any], fits: Any
) -> None:
    rows = [r for r in world[1] if fits(r)]
    found = asked(world, ask(**options))
    counted = [r for r in rows if r["counted"]]
    coded = [r for r in counted if r["coded"]]
    own = cohort(rows)
    assert own
    assert found.total["calls"] == len(rows)
    assert found.total["cancelled"] == sum(r["disposition_of_call"] == "cancelled" for r in rows)
    assert found.total["duplicate"] == sum(r["disposition_of_call"] == "duplicate" for r in rows)
    assert found.total["counted"] == len(counted)
    assert found.total["coded"] == len(coded)
    assert found.total["coded_not_taken"] == sum(r["taken"] is False for r in coded)
    assert found.total["coded_untold_taken"] == sum(r["taken"] is None for r in coded)
    assert found.total["cohort"] == len(own)
    assert found.total["no_units"] == sum(r["no_units"] for r in own)
    assert found.came == came(own)
    missed = [r["cit_available"] for r in own if r["came"] is False]
    answers = Counter(missed)
    told = answers["yes"] + answers["no"]
    assert found.available == Share(answers["yes"], told, len(missed) - told)
    every = Counter(r["cit_available"] for r in own)
    told = every["yes"] + every["no"]
    assert found.unavailable == Share(every["no"], told, len(own) - told)
    minutes = plausible(own)
    assert found.minutes.n == len(minutes)
    assert found.minutes.median == pytest.approx(np.median(minutes))
    assert found.minutes.p90 == pytest.approx(np.quantile(minutes, 0.9))
    out = [r["minutes"] for r in own if r["minutes"] is not None]
    assert found.total["implausible"] == len(out) - len(minutes)
    assert found.untimed == sum(r["came"] is True and r["minutes"] is None for r in own)
    assert found.without_form == without(own)
    assert found.total["form_not_due"] == sum(r["form"] == "not_due" for r in own)
    ends = Counter(r["disposition_of_call"] for r in coded)
    blank = ends[None]
    for ending in aggregate.CALL_ENDINGS:
        assert found.ended(ending) == Share(ends[ending], len(coded) - blank, blank)
    away = sum(ends[e] for e in aggregate.CALLS_DIVERTED)
    assert found.diverted == Share(away, len(coded) - blank, blank)
    police = [r for r in counted if r["taken"] is True]
    pairs = Counter((r["crisis_flag_at_dispatch"], r["crisis_flag_final"]) for r in police)
    cells = [pairs[p] for p in (("yes", "yes"), ("no", "yes"), ("yes", "no"), ("no", "no"))]
    assert found.coding == Coding(*cells, unknown=len(police) - sum(cells))  # type: ignore[misc]


def test_the_faults_are_all_there(world: World) -> None:
    found = asked(world)
    for name in (
        "cancelled",
        "duplicate",
        "untold_coded",
        "coded_not_taken",
        "coded_untold_taken",
        "no_units",
        "nobody",
        "untold_came",
        "unavailable_not_came",
        "implausible",
        "on_view",
        "form_unknown",
        "form_not_due",
        "diverted_and_sent",
        "ending:",
        "ending:no_unit_sent",
        "coded_first_only",
    ):
        assert found.total[name] > 0, name
    assert found.untimed > 0
    assert all(found.forms[k] for k in ("with", "without", "unknown", "outside"))


def test_districts_shifts_and_hours_are_counted_alike(world: World) -> None:
    found = asked(world)
    own = cohort(world[1])
    for dim, levels in (
        ("district", found.districts),
        ("shift", found.shifts),
        ("hour", found.hours),
    ):
        assert {v.id for v in levels} == {r[dim] for r in own}
        assert [v.id for v in levels].index("not_recorded") == len(levels) - 1
        for v in levels:
            part = [r for r in own if r[dim] == v.id]
            assert v.came == came(part)
            assert v.without_form == without(part)
            if v.minutes is not None:
                minutes = plausible(part)
                assert v.minutes.n == len(minutes)
                assert v.minutes.median == pytest.approx(np.median(minutes))
                assert v.minutes.p90 == pytest.approx(np.quantile(minutes, 0.9))
    assert [v.id for v in found.hours[:-1]] == [str(h) for h in range(24)]
    assert {"day", "evening", "night", "cover"} <= {v.id for v in found.shifts}
    assert [v.id for v in found.shifts][:3] == ["day", "evening", "cover"]
    assert "Cover (18:00-02:00)" in [v.label for v in found.shifts]


def test_months_are_whole_and_counted_alike(world: World) -> None:
    found = asked(world)
    own = [r for r in cohort(world[1]) if r["day"]]
    for month in found.trend.months:
        part = [r for r in own if r["day"].replace(day=1) == month.first_day]
        share = came(part)
        assert (month.contacts, month.n, month.events) == (len(part), share.n, share.events)
    assert found.trend.months[0].first_day == date(2021, 2, 1)
    assert len(found.trend.months) >= 35
    assert isinstance(found.trend.chart, PChart)
    for line in found.form_months:
        part = [r for r in own if r["day"].replace(day=1) == line.first_day]
        assert line.without == without(part)
    assert sum(m.without.n for m in found.form_months) == found.without_form.n


def test_forms_without_a_call_are_counted_one_by_one(world: World) -> None:
    tables = world[0]
    incidents = {i for i in tables["calls"]["incident_id"] if i is not None}
    days = pd.to_datetime(tables["calls"]["received_at"]).dropna().dt.date
    expected: Counter[str] = Counter()
    for row in tables["contacts"].to_dict("records"):
        day = pd.Timestamp(row["contact_at"]).date()
        if not min(days) <= day <= max(days) + timedelta(days=1):
            expected["outside"] += 1
        elif row["incident_id"] is None:
            expected["unknown"] += 1
        else:
            expected["with" if row["incident_id"] in incidents else "without"] += 1
    found = asked(world)
    assert found.forms == dict.fromkeys(("with", "without", "unknown", "outside"), 0) | expected
    assert sum(found.forms.values()) == len(tables["contacts"])


def test_the_parts_sum_to_the_whole(world: World) -> None:
    t = asked(world).total
    assert t["calls"] == t["counted"] + t["cancelled"] + t["duplicate"]
    assert t["counted"] == t["coded"] + t["not_coded"] + t["untold_coded"]
    assert t["coded"] == t["cohort"] + t["coded_not_taken"] + t["coded_untold_taken"]
    assert t["cohort"] == t["came"] + t["not_came"] + t["untold_came"]
    forms = ("form_with", "form_without", "form_unknown", "form_not_due")
    assert t["cohort"] == sum(t[k] for k in forms)
    found = asked(world)
    assert sum(n for _, _, n, _ in words.ending_rows(found)) == t["coded"]
    assert t["came"] == t["timed"] + t["implausible"] + found.untimed
    for levels in (found.districts, found.shifts, found.hours):
        assert sum(v.came.n for v in levels) == found.came.n
        assert sum(v.came.events for v in levels) == found.came.events
        assert sum(v.came.unknown for v in levels) == found.came.unknown


def test_shares_have_wilsons_limits(world: World) -> None:
    found = asked(world)
    for share in (found.came, found.coding.heard, found.coding.not_so, found.diverted):
        assert share.rate == proportions.wilson(share.events, share.n)
    assert isinstance(Share(0, 0).rate, NotEstimable)


def test_a_shift_that_calls_know_filters_and_others_are_named(world: World) -> None:
    by_shift = asked(world, ask(where={"shift": ["cover", "night"]}))
    rows = [r for r in world[1] if r["shift"] in ("cover", "night")]
    assert by_shift.total["calls"] == len(rows)
    assert by_shift.came == came(cohort(rows))
    assert words.ignored(by_shift) is None
    other = asked(world, ask(where={"call_group": ["suicide"], "shift": ["night_22_06"]}))
    assert other.total == asked(world).total
    assert other.ignored == ("call_group", "shift")
    assert "Not applied to calls: call group and shift." in str(words.ignored(other))


def test_a_filter_that_nothing_fits_says_so(world: World) -> None:
    found = asked(world, ask(where={"district": ["Atlantis"]}))
    assert found.total["calls"] == 0
    assert words.headline(found).endswith("No call of this period fits the filters.")
    assert found.minutes == response.Minutes(0, None, None)
    assert found.districts == ()
    assert found.trend.months == ()


@given(
    st.lists(st.tuples(st.integers(-500, 5_000), st.integers(1, 4)), min_size=1, max_size=40),
    st.floats(0, 1),
)
def test_quantiles_of_counted_values_are_numpys(pairs: list[tuple[int, int]], q: float) -> None:
    counts: Counter[int] = Counter()
    for value, n in pairs:
        counts[value] += n
    values = sorted(counts)
    written = np.repeat(values, [counts[v] for v in values])
    found = response.quantile(values, [counts[v] for v in values], q)
    assert found == pytest.approx(np.quantile(written, q), rel=1e-9, abs=1e-6)


def test_nothing_has_no_quantile() -> None:
    assert response.quantile([], [], 0.5) is None


def test_without_certifications_the_kind_of_unit_speaks(tmp_path: Path) -> None:
    tables = made(900)
    units = tables["call_units"]
    del tables["certifications"]
    blank = units.index[::40]
    units.loc[blank, "unit_kind"] = None
    found = response.response(ask(), load(tmp_path, tables))
    assert found is not None
    calls = tables["calls"]
    own = calls[
        (calls["crisis_flag_at_dispatch"] == "yes")
        & calls["disposition_of_call"].isin(["police_dispatched", "co_responder"])
    ]
    kinds = units.groupby("call_id")["unit_kind"].agg(list)
    events = unknown = 0
    for call in own["call_id"]:
        have = kinds[call]
        if "cit_patrol" in have:
            events += 1
        elif any(k is None or pd.isna(k) for k in have):
            unknown += 1  # a unit of no known kind: never counted as no
    assert unknown > 0
    assert found.came == Share(events, len(own) - unknown, unknown)


def test_units_that_never_say_when_they_arrived_say_nothing(tmp_path: Path) -> None:
    tables = made(900)
    tables["call_units"]["arrived_at"] = pd.NaT
    tables["call_units"]["arrived_at"] = tables["call_units"]["arrived_at"].astype("datetime64[s]")
    tables["calls"]["first_arrived_at"] = tables["call_units"]["arrived_at"].iloc[0]
    tables["calls"]["first_arrived_at"] = tables["calls"]["first_arrived_at"].astype(
        "datetime64[s]"
    )
    found = response.response(ask(), load(tmp_path, tables))
    assert found is not None
    assert found.came == Share(0, 0, found.total["cohort"])
    assert "for none is it recorded who came" in words.headline(found)


def test_without_units_the_rest_is_still_counted(tmp_path: Path, clean: World) -> None:
    tables = made(900)
    del tables["call_units"], tables["shifts"]
    snapshot = load(tmp_path, tables)
    found = response.response(ask(), snapshot)
    assert found is not None
    whole = asked(clean)
    assert found.came == Share(0, 0, whole.total["cohort"])
    assert found.without_form == whole.without_form
    assert found.coding == whole.coding
    # Without shifts, thirds of the day: those of the simulated agency, under other names.
    assert {v.id for v in found.shifts} == {"day_06_14", "evening_14_22", "night_22_06"}
    assert "no shifts with times are loaded" in words.shift_note(found)
    # The overview then says what the forms say.
    tile = overview.tiles(ask(), snapshot)[1]
    assert "by the form's own flag" in tile.details[0]


def test_a_blank_column_is_named(tmp_path: Path) -> None:
    tables = made(900)
    for column in ("crisis_flag_at_dispatch", "cit_available", "incident_id"):
        del tables["calls"][column]
    found = response.response(ask(), load(tmp_path, tables))
    assert found is not None
    assert "calls.crisis_flag_at_dispatch" in words.headline(found)
    assert "calls.crisis_flag_at_dispatch" in words.coding(found)[0]
    assert "calls.cit_available" in words.availability(found)[0]
    assert found.total["cohort"] == 0 and found.total["untold_coded"] == found.total["counted"]


def test_without_incident_numbers_no_form_is_missing(tmp_path: Path) -> None:
    tables = made(900)
    del tables["contacts"]["incident_id"]
    found = response.response(ask(), load(tmp_path, tables))
    assert found is not None
    assert found.without_form.n == 0
    assert found.forms["without"] == 0
    assert "calls.incident_id and contacts.incident_id" in words.forms(found)[0]


def test_no_calls_is_none(seattle: Snapshot) -> None:
    assert response.response(ask(), seattle) is None
    told = aggregate.form_flags(seattle, ask())
    row = (
        seattle.cursor()
        .execute(
            "SELECT count(*) FILTER (cit_arrived = 'yes'),"
            " count(*) FILTER (cit_arrived IN ('yes', 'no')) FROM contacts"
        )
        .fetchone()
    )
    assert told["arrived"] == row
    assert "26,148 of 32,906 forms" in words.flags(told)[0]


def test_a_snapshot_without_the_tables_has_no_calls(
    clean: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metrics.aggregate import calls

    monkeypatch.setattr(calls, "_TABLES", ("calls", "a table to come"))
    aggregate.calls_held.cache_clear()
    assert aggregate.calls_held(clean[2]).calls == 0
    aggregate.calls_held.cache_clear()


def test_the_tile_is_of_calls(world: World) -> None:
    rows = cohort(world[1])
    about = overview.period(aggregate.coverage(world[2]), ask())
    assert about is not None and about.before is not None
    tile = overview.tiles(ask(), world[2])[1]
    now = [r for r in rows if r["day"] and about.start <= r["day"] <= about.end]
    then = [r for r in rows if r["day"] and about.before[0] <= r["day"] <= about.before[1]]
    share, earlier = came(now), came(then)
    assert tile.id == "cit_came"
    assert tile.value == f"{100 * share.events / share.n:.0f}%"
    assert tile.details[0] == f"{share.events:,} of {share.n:,} calls coded at dispatch"
    assert f"not recorded for {share.unknown:,} calls more" in tile.details[1]
    text = " ".join(tile.details)
    assert f"median {np.median(plausible(now)):.0f} min to arrive" in text
    assert f"({earlier.events:,} of {earlier.n:,})" in text
    assert tile.change is not None
    narrow = overview.tiles(ask(where={"call_group": ["suicide"]}), world[2])[1]
    assert narrow.value == tile.value
    assert "calls of every call group: calls cannot be filtered by it" in narrow.details


@pytest.mark.slow
def test_a_change_is_said_by_chart_rule(tmp_path: Path) -> None:
    tables = made()
    calls, units = tables["calls"], tables["call_units"]
    # From March 2023 hardly any certified officer is sent: their units are taken off the calls.
    late = calls.loc[pd.to_datetime(calls["received_at"]) >= "2023-03-01", "call_id"]
    rng = np.random.default_rng(3)
    chosen = set(late[rng.random(len(late)) < 0.7])
    tables["call_units"] = units[
        ~(units["call_id"].isin(chosen) & (units["unit_kind"] == "cit_patrol"))
    ]
    # Calls left without any unit would be not recorded: give them one of no certified officer.
    bare = chosen - set(tables["call_units"]["call_id"])
    filler = units[units["call_id"].isin(bare)].drop_duplicates("call_id")
    filler = filler.assign(officer_key="nobody certified", unit_kind="patrol")
    tables["call_units"] = pd.concat([tables["call_units"], filler], ignore_index=True)
    snapshot = load(tmp_path, tables)
    found = response.response(ask(), snapshot)
    assert found is not None
    assert "Below its usual level since March 2023" in words.change(found.trend)
    assert overview.tiles(ask(), snapshot)[1].change == "↓ down since Mar 2023"


def test_the_headline_has_its_numbers(world: World) -> None:
    found = asked(world)
    e, n = found.came.events, found.came.n
    rate = found.came.rate
    assert isinstance(rate, Estimate)
    assert words.headline(found) == (
        f"Did CIT come when dispatch knew? A CIT officer came to {100 * e / n:.0f} of 100 calls"
        f" ({e:,} of {n:,}; 95% CI {100 * rate.low:.1f}% to {100 * rate.high:.1f}%) coded as"
        " behavioural health at dispatch and taken by police."
    )
    few = replace(found, total=found.total | {"came": 2, "not_came": 1, "untold_came": 0})
    assert "came to 2 of 3 calls (67%; 95% CI" in words.headline(few)
    nearly = replace(found, total=found.total | {"came": 999, "not_came": 1})
    assert "came to 999 of 1,000 calls (over 99%; 95% CI" in words.headline(nearly)


def test_no_word_says_cause_or_nothing(world: World, clean: World) -> None:
    for found in (asked(world), asked(clean)):
        said = [
            words.headline(found),
            words.counted(found),
            words.soon(found),
            words.shift_note(found),
            words.change(found.trend),
            words.months_alt(found.trend),
            words.levels_alt(found.districts, "by district"),
            *words.availability(found),
            *words.forms(found),
            *words.diverted(found),
            *words.coding(found),
            terms.INTRO,
            terms.FILES,
            terms.UNITS_FILE,
            terms.FLAGS,
            terms.PLACES_NOTE,
            terms.HOURS_NOTE,
            terms.MONTHS_NOTE,
            *terms.DEFINITIONS,
        ]
        for text in said:
            assert not CAUSAL.search(text), text
            assert not re.search(r"\b(nan|None|inf)\b", text), text
