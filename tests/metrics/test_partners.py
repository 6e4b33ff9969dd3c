"""Partners and care: every number against pandas on the rows, and each rule on a small store by hand."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import ingest, mapping
from data.store import Snapshot, Store
from metrics.aggregate.partners import ELEMENTS
from metrics.estimate import NotEstimable
from metrics.handoffs import CARE_PLACES, HOSPITALS, Facility
from metrics.partners import AGREED, DECLINED, NO_ANSWER, NOT_ASKED, Chain, Partners, partners
from metrics.question import Question, ask
from metrics.shares import quantile
from metrics.wording import handoffs as waiting
from metrics.wording import partners as words
from tests.metrics.test_wording import CAUSAL
from tests.stores import simulated_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("partners")
    simulated_store(folder, 6_000)
    return folder


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Snapshot:
    return Store(folder / "store").current()


def narrow(snapshot: Snapshot) -> Question:
    district = snapshot.cursor().execute("SELECT min(district) FROM encounters").fetchone()
    assert district is not None
    return ask(start=date(2023, 3, 1), end=date(2025, 6, 30), where={"district": [district[0]]})


@pytest.fixture(scope="module", params=["all", "filtered"])
def case(request: pytest.FixtureRequest, folder: Path, snapshot: Snapshot) -> tuple[Partners, dict]:
    """What the product says, and the simulated rows it is about."""
    tables = {
        name: pd.read_parquet(folder / f"{name}.parquet").drop(columns="agency_id", errors="ignore")
        for name in ("contacts", "referrals", "holds", "transports", "contact_codes")
    }
    tables["service_providers"] = pd.read_parquet(folder / "service_providers.parquet")
    question = ask() if request.param == "all" else narrow(snapshot)
    contacts = tables["contacts"]
    tables["last"] = contacts["contact_at"].max().normalize()
    if request.param == "filtered":
        day = contacts["contact_at"].dt.date
        kept = (day >= question.start) & (day <= question.end)
        kept &= contacts["district_id"] == question.where[0][1][0]
        contacts = contacts[kept]
        assert 100 < len(contacts) < 2_000
    tables["contacts"] = contacts
    for name in ("referrals", "holds", "transports", "contact_codes"):
        table = tables[name]
        tables[name] = table[table["contact_id"].isin(contacts["contact_id"])]
    return partners(question, snapshot), tables


def chain_of(rows: pd.DataFrame, last: pd.Timestamp) -> tuple[int, ...]:
    """Count a chain of referrals row by row."""
    made = undated = recent = unheard = followed = taken = in_30 = in_7 = early = 0
    for row in rows.itertuples():
        made += 1
        day = row.made_at.normalize() if not pd.isna(row.made_at) else None
        if day is None:
            undated += 1
        elif day + pd.Timedelta(days=30) > last:
            recent += 1
        elif row.feedback_received != "yes":
            unheard += 1
        else:
            followed += 1
            waits = [
                None if pd.isna(value) else (pd.Timestamp(value) - day).days
                for value in (row.first_service_on, row.provider_accepted_at)
            ]
            in_time = [w is not None and 0 <= w <= 30 for w in waits]
            taken += any(in_time)
            in_30 += in_time[0]
            in_7 += waits[0] is not None and 0 <= waits[0] <= 7
            early += waits[0] is not None and waits[0] < 0
    return made, undated, recent, unheard, followed, taken, in_30, in_7, early


def test_referrals_as_pandas_counts_them(case: tuple[Partners, dict]) -> None:
    found, tables = case
    rows, last = tables["referrals"], tables["last"]
    assert found.referrals.whole[2:] == chain_of(rows, last)
    left = rows[rows["agreed"] != "declined"]
    assert found.referrals.open[2:] == chain_of(left, last)
    by = {c.label: c for c in found.referrals.answers}
    assert set(by) == {AGREED, NOT_ASKED, NO_ANSWER, DECLINED}
    for answer in (AGREED, NOT_ASKED, DECLINED):
        assert by[answer][2:] == chain_of(rows[rows["agreed"] == answer], last)
    for chain in found.referrals.kinds:
        assert chain[2:] == chain_of(left[left["referral_kind"] == chain.label], last)
    names = tables["service_providers"].set_index("provider_name")["provider_id"]
    for chain in found.referrals.providers:
        if chain.label in names:
            assert chain[2:] == chain_of(left[left["provider_id"] == names[chain.label]], last)
    for chains in (found.referrals.providers, found.referrals.kinds):
        sums = [sum(column) for column in zip(*(c[2:] for c in chains), strict=True)]
        assert tuple(sums) == found.referrals.open[2:]


def test_the_chain_only_narrows(case: tuple[Partners, dict]) -> None:
    found, _ = case
    chains = [found.referrals.whole, found.referrals.open, *found.referrals.providers]
    for c in chains:
        assert c.made == c.undated + c.recent + c.unheard + c.followed == c.left + c.followed
        assert c.followed >= c.taken >= c.served_30 >= c.served_7
    steps = [sum(found.referrals.parts(step).values()) for step in words.STEPS]
    assert steps == sorted(steps, reverse=True)


def test_holds_as_pandas_counts_them(case: tuple[Partners, dict]) -> None:
    found, tables = case
    rows = tables["holds"]
    said = rows[list(ELEMENTS)].astype(object)
    whole = said.isin(["yes", "no"]).all(axis=1)
    assert found.holds.n == len(rows)
    assert found.holds.complete == (
        (said == "yes").all(axis=1).sum(),
        whole.sum(),
        (~whole).sum(),
    )
    for element in found.holds.elements:
        column = rows[element.column]
        counts = ((column == "yes").sum(), (column == "no").sum())
        assert element[1:3] == counts
        assert element.unknown == len(rows) - sum(counts)
    known = rows[rows["outcome"].notna() & (rows["outcome"] != "unknown")]
    upheld = known["outcome"].isin(["admitted_involuntary", "admitted_voluntary"]).sum()
    assert found.holds.upheld == (upheld, len(known), len(rows) - len(known))
    worst = max(found.holds.elements, key=lambda e: e.no / (e.yes + e.no))
    assert found.holds.most_missing == worst


def test_restraint_as_pandas_counts_it(case: tuple[Partners, dict]) -> None:
    found, tables = case
    trips = tables["transports"]
    trips = trips[trips["voluntary"] == "involuntary"]
    care = trips[trips["destination_kind"].isin(CARE_PLACES)]
    used = care["restrained"].isin(["handcuffs", "soft_restraint", "other"]).sum()
    known = used + (care["restrained"] == "none").sum()
    assert found.holds.restrained(CARE_PLACES) == (used, known, len(care) - known)
    assert sum(sum(r[1:]) for r in found.holds.restraint) == len(trips)


def test_a_contact_level_outcome_agrees_where_each_has_one_hold(
    snapshot: Snapshot, case: tuple[Partners, dict]
) -> None:
    found, tables = case
    if len(tables["contacts"]) < 2_000:
        return
    row = (
        snapshot.cursor()
        .execute(
            "SELECT count(*) FILTER (outcome_hold_upheld), count(outcome_hold_upheld)"
            " FROM encounters WHERE eligible_hold_upheld"
        )
        .fetchone()
    )
    assert not tables["holds"]["contact_id"].duplicated().any()
    assert found.holds.upheld[:2] == row


def minutes_of(rows: pd.DataFrame, column: str = "officer_free_at") -> pd.Series:
    return (rows[column] - rows["arrived_at"]).dt.total_seconds() / 60


def test_waits_as_pandas_computes_them(case: tuple[Partners, dict]) -> None:
    found, tables = case
    trips = tables["transports"]
    hospital = trips[trips["destination_kind"].isin(HOSPITALS)]
    kept = hospital[~hospital["accepted"].astype(str).str.startswith("turned_away")]
    for wait, column in (
        (found.handoffs.hospitals, "officer_free_at"),
        (found.handoffs.hospitals_accepted, "accepted_at"),
    ):
        minutes = minutes_of(kept, column).dropna()
        assert (wait.n, wait.missing, wait.bad) == (len(minutes), len(kept) - len(minutes), 0)
        assert wait.median == pytest.approx(minutes.median())
        assert wait.p90 == pytest.approx(minutes.quantile(0.9))
    target = tables["service_providers"].set_index("provider_id")["dropoff_target_minutes"]
    promised = kept["provider_id"].astype(str).map(target)
    within = (minutes_of(kept) <= promised).sum()
    timed = (minutes_of(kept).notna() & promised.notna()).sum()
    assert found.handoffs.hospitals.within[:2] == (within, timed)


def test_each_facility_as_pandas_has_it(case: tuple[Partners, dict]) -> None:
    found, tables = case
    trips, on_file = tables["transports"], tables["service_providers"].set_index("provider_name")
    total = 0
    for facility in found.handoffs.facilities:
        if facility.label:
            row = on_file.loc[facility.label]
            rows = trips[trips["provider_id"] == row["provider_id"]]
            assert (facility.hours, facility.dropoff) == (
                row["hours"],
                row["accepts_police_dropoff"],
            )
            assert facility.agreement is True
        else:
            rows = trips[
                trips["provider_id"].isna() & (trips["destination_kind"] == facility.place)
            ]
        total += len(rows)
        assert facility.trips == len(rows)
        away = rows["accepted"].astype(str).str.startswith("turned_away")
        assert facility.turned_away[:2] == (away.sum(), rows["accepted"].notna().sum())
        for why, n in facility.away:
            assert n == (rows["accepted"] == why).sum()
        minutes = minutes_of(rows[~away]).dropna()
        assert facility.free.n == len(minutes)
        if len(minutes) >= 10:
            assert facility.free.median == pytest.approx(minutes.median())
            assert facility.free.p90 == pytest.approx(minutes.quantile(0.9))
    assert found.handoffs.trips == len(trips) == total + found.handoffs.elsewhere
    care = trips[trips["destination_kind"].isin(CARE_PLACES)]
    away = care["accepted"].astype(str).str.startswith("turned_away").sum()
    assert found.handoffs.turned_away[:2] == (away, care["accepted"].notna().sum())


def test_the_months_as_pandas_has_them(case: tuple[Partners, dict]) -> None:
    found, tables = case
    at = tables["contacts"].set_index("contact_id")["contact_at"]
    trips = tables["transports"]
    trips = trips[trips["destination_kind"].isin(HOSPITALS)]
    trips = trips.assign(minutes=minutes_of(trips)).dropna(subset=["minutes"])
    month = trips["contact_id"].map(at).dt.strftime("%Y-%m")
    medians = trips.groupby(month)["minutes"].agg(["median", "size"])
    assert sum(m.n for m in found.handoffs.months) == len(trips)
    for drawn in found.handoffs.months:
        key = f"{drawn.first_day:%Y-%m}"
        if key in medians.index:
            assert drawn.n == medians.loc[key, "size"]
            if drawn.n >= 10:
                assert drawn.median == pytest.approx(medians.loc[key, "median"])
        assert (drawn.median is None) == (drawn.n < 10)


def test_returns_as_pandas_follows_them(
    case: tuple[Partners, dict], folder: Path, snapshot: Snapshot
) -> None:
    found, tables = case
    everyone = pd.read_parquet(folder / "contacts.parquet").dropna(subset=["person_key"])
    everyone = everyone.assign(
        visit=everyone["incident_id"].fillna(everyone["contact_id"]),
        day=everyone["contact_at"].dt.normalize(),
    ).sort_values(["contact_at", "contact_id"])
    kept = set(tables["contacts"]["contact_id"])
    days, seen = [], []
    for _, own in everyone.groupby("person_key"):
        visits = own.drop_duplicates("visit")
        if visits["contact_id"].iloc[0] not in kept:
            continue
        seen.append(len(visits) > 1)
        end = visits["day"].iloc[1] if len(visits) > 1 else tables["last"]
        days.append((end - visits["day"].iloc[0]).days)
    curve = found.returns.curve
    assert (curve.n, curve.events) == (len(days), sum(seen))
    assert curve.last_day == max(days)
    time, event = np.array(days), np.array(seen)
    still = 1.0
    for day in np.unique(time):
        still *= 1 - (event & (time == day)).sum() / (time >= day).sum()
    assert curve.steps[-1].value == pytest.approx(still)
    assert curve.at_risk(90) == (time > 90).sum()
    assert curve.cumulative(30) == (event & (time <= 30)).sum()
    assert sum(c.events for c in found.returns.kinds.values()) == curve.events
    assert sum(c.n for _, c in found.returns.groups) <= curve.n
    gone = tables["contacts"]["person_key"].isna().sum()
    assert (found.returns.contacts, found.returns.unlinked) == (len(tables["contacts"]), gone)


def test_the_repeat_outcome_is_the_same_people_with_whole_follow_up(snapshot: Snapshot) -> None:
    curve = partners(ask(), snapshot).returns.curve
    row = (
        snapshot.cursor()
        .execute(
            "SELECT count(*) FILTER (outcome_repeat_30), count(outcome_repeat_30) FROM encounters"
            " WHERE eligible_repeat_30"
        )
        .fetchone()
    )
    assert row is not None
    early = sum(s.censored for s in curve.steps if s.day < 30)
    # All others were followed for 30 days or came back before.
    assert 0 <= curve.n - row[1] - early <= curve.cumulative(30) - row[0]
    assert 1 - curve.at(30).estimate == pytest.approx(row[0] / row[1], abs=0.01)


def test_scene_and_techniques_as_pandas_counts_them(case: tuple[Partners, dict]) -> None:
    found, tables = case
    contacts, codes = tables["contacts"], tables["contact_codes"]
    yes = contacts["clinician_on_scene"] == "yes"
    known = yes.sum() + (contacts["clinician_on_scene"] == "no").sum()
    assert found.on_scene == (yes.sum(), known, len(contacts) - known)
    led = contacts.loc[yes, "clinician_led"]
    assert found.led[:2] == ((led == "yes").sum(), led.isin(["yes", "no"]).sum())
    minutes = contacts["officer_minutes"].dropna()
    assert (found.timed, found.minutes) == (len(minutes), minutes.sum())
    ticked = codes[codes["kind"] == "technique"]
    assert dict(found.techniques) == ticked["code"].astype(str).value_counts().to_dict()
    assert found.forms_ticked == ticked["contact_id"].nunique()


def load(folder: Path, **tables: str) -> Snapshot:
    files = []
    for name, text in tables.items():
        path = folder / f"{name}.csv"
        path.write_text("\n".join(line.strip() for line in text.strip().splitlines()) + "\n")
        files.append(path)
    ingest.load(Store(folder / "store"), files, mapping.read("canonical"))
    return Store(folder / "store").current()


CONTACTS = """
    agency_id,contact_id,incident_id,person_key,contact_at,hold,custody
    T,1,I1,P1,2025-01-01 10:00,no,none
    T,2,I1,P1,2025-01-01 10:30,no,none
    T,3,I3,P1,2025-01-11 10:00,yes,arrested_booked
    T,4,I4,P2,2025-01-05 10:00,no,none
    T,5,I5,P2,2025-01-05 12:00,no,arrested_booked
    T,6,I6,P3,2025-02-01 10:00,no,none
    T,7,I7,P3,2025-02-15 10:00,,none
    T,8,I8,P4,2025-02-01 10:00,no,none
    T,9,I9,,2025-03-02 10:00,no,none
"""


def test_visits_endings_and_censoring_by_hand(tmp_path: Path) -> None:
    found = partners(ask(), load(tmp_path, contacts=CONTACTS)).returns
    events = {(s.day, s.events, s.censored) for s in found.curve.steps}
    # P2 the same day, P1 after 10 days (two forms on one incident are one contact), P3 after 14; P4 is
    # followed for 29 days, to the last contact on record.
    assert events == {(0, 1, 0), (10, 1, 0), (14, 1, 0), (29, 0, 1)}
    kinds = {
        kind: [(s.day, s.events) for s in c.steps if s.events] for kind, c in found.kinds.items()
    }
    assert kinds == {"hold": [(10, 1)], "arrest": [(0, 1)], "neither": [], "unknown": [(14, 1)]}
    assert found.unlinked == 1


def test_a_filter_chooses_the_first_contact_only(tmp_path: Path) -> None:
    snapshot = load(tmp_path, contacts=CONTACTS)
    found = partners(ask(end=date(2025, 1, 3)), snapshot).returns
    assert (found.curve.n, found.curve.events) == (1, 1)
    later = partners(ask(start=date(2025, 1, 10), end=date(2025, 1, 20)), snapshot).returns
    assert later.curve.n == 0  # the second contact of a person is nobody's first


def test_the_rules_for_referrals_by_hand(tmp_path: Path) -> None:
    rows = [
        # made, agreed, accepted, service, feedback
        ("2025-01-01 09:00", "accepted", "", "2025-01-31", "yes"),  # the last day of 30
        ("2025-01-01 09:00", "accepted", "", "2025-02-01", "yes"),  # a day too late
        ("2025-01-01 09:00", "accepted", "2025-01-02", "", "yes"),  # taken on, not served
        ("2025-01-01 09:00", "accepted", "", "2025-01-08", "yes"),  # within 7
        ("2025-01-01 09:00", "accepted", "", "2024-12-30", "yes"),  # before the referral
        ("2025-01-01 09:00", "accepted", "", "2025-01-03", "no"),  # nobody reported back
        ("2025-01-01 09:00", "", "", "2025-01-03", ""),  # nor was it noted whether
        ("2025-02-01 09:00", "unknown", "", "2025-02-02", "yes"),  # 30 days have not passed
        ("", "not_asked", "", "2025-01-03", "yes"),  # no date
        ("2025-01-01 09:00", "declined", "", "2025-01-03", "yes"),
    ]
    lines = "\n".join(
        f"T,R{i},4,,{made},warm_handoff,{agreed},{taken},{served},{heard}"
        for i, (made, agreed, taken, served, heard) in enumerate(rows)
    )
    header = (
        "agency_id,referral_id,contact_id,provider_id,made_at,referral_kind,agreed,"
        "provider_accepted_at,first_service_on,feedback_received\n"
    )
    found = partners(ask(), load(tmp_path, contacts=CONTACTS, referrals=header + lines)).referrals
    assert found.open[2:] == (9, 1, 1, 2, 5, 3, 2, 1, 1)
    assert found.whole.made == 10 and found.whole.served_7 == 2
    assert {c.label: c.made for c in found.answers} == {
        AGREED: 6,
        NOT_ASKED: 1,
        NO_ANSWER: 2,
        DECLINED: 1,
    }
    assert [c.label for c in found.providers] == ["Provider not recorded"]
    assert "2 without a report" in words.unfollowed(found)
    assert "1 were served before the referral" in words.unfollowed(found)


def test_small_providers_stand_together(tmp_path: Path) -> None:
    header = "agency_id,referral_id,contact_id,provider_id,made_at,referral_kind,feedback_received"
    lines = [header]
    for provider, n in (("A", 12), ("B", 9), ("C", 3)):
        lines += [f"T,{provider}{i},1,{provider},2025-01-01,warm_handoff,yes" for i in range(n)]
    providers = "agency_id,provider_id,provider_name\nT,A,Alpha\nT,B,Beta\nT,C,Gamma"
    found = partners(
        ask(),
        load(tmp_path, contacts=CONTACTS, referrals="\n".join(lines), service_providers=providers),
    )
    assert [(c.label, c.made) for c in found.referrals.providers] == [
        ("Alpha", 12),
        ("Other providers", 12),
    ]
    assert found.referrals.small == 2


def test_impossible_times_and_refusals_by_hand(tmp_path: Path) -> None:
    lines = [
        "agency_id,contact_id,seq,destination_kind,provider_id,arrived_at,officer_free_at,accepted"
    ]
    minutes = [5, 10, 20, 20, 30, 40, 50, 60, 70, 80, 1440]
    at = pd.Timestamp("2025-01-05 13:00")
    for i, m in enumerate(minutes):
        free = at + timedelta(minutes=m)
        lines.append(f"T,4,{i + 1},emergency_department,ED,{at},{free},accepted")
    for i, (m, answer) in enumerate(((-1, "accepted"), (1441, ""), (3, "turned_away_hours"))):
        free = at + timedelta(minutes=m)
        lines.append(f"T,4,{i + 20},emergency_department,ED,{at},{free},{answer}")
    lines.append(f"T,4,30,emergency_department,,{at},,unknown")
    lines.append(f"T,4,31,home,,{at},{at},")
    providers = (
        "agency_id,provider_id,provider_name,provider_kind,accepts_police_dropoff,hours,"
        "agreement_from,agreement_to,dropoff_target_minutes\n"
        "T,ED,General,emergency_department,always,all_hours,2020-01-01,2025-03-02,30\n"
        "T,CR,Center,crisis_receiving,limited_hours,business,2025-03-03,,20\n"
        "T,OP,Clinic,outpatient_mh,no,business,,,"
    )
    snapshot = load(
        tmp_path, contacts=CONTACTS, transports="\n".join(lines), service_providers=providers
    )
    found = partners(ask(), snapshot).handoffs
    wait = found.hospitals
    assert (wait.n, wait.missing, wait.bad) == (11, 1, 2)
    assert (wait.median, wait.p90) == (40, 80)
    assert wait.within == (5, 11, 0)
    assert found.turned_away == (1, 13, 2)  # 11 + one with impossible times, one turned away
    assert (found.trips, found.elsewhere) == (16, 1)
    general, unnamed, center = found.facilities
    assert general.label == "General" and general.agreement is False  # it ended on the last day
    assert (general.trips, general.answered) == (14, 13)
    assert dict(general.away)["turned_away_hours"] == 1
    assert waiting.facility(unnamed) == "Emergency department, which one not recorded"
    assert isinstance(unnamed.free.median, NotEstimable)
    assert (center.label, center.trips, center.target) == ("Center", 0, 20)
    assert center.agreement is False and waiting.agreement(center) == "Not in force"
    assert waiting.hospital(found, 16) == (
        "How long do we wait at the hospital? 40 minutes: half of 11 hand-offs took no longer from"
        " arrival until the officer was free, and one in ten took more than 80. Within the minutes"
        " promised: 45% (5 of 11)."
    )


def test_where_only_the_facility_has_times_that_is_what_is_said(tmp_path: Path) -> None:
    lines = ["agency_id,contact_id,seq,destination_kind,arrived_at,accepted_at"]
    for i in range(12):
        lines.append(f"T,4,{i + 1},psychiatric_hospital,2025-01-05 13:00,2025-01-05 13:{10 + i}")
    found = partners(ask(), load(tmp_path, contacts=CONTACTS, transports="\n".join(lines)))
    assert "until the hospital took over" in waiting.hospital(found.handoffs, 12)
    few = partners(ask(), load(tmp_path, contacts=CONTACTS, transports="\n".join(lines[:4])))
    assert "Too few to say: 3 hand-offs" in waiting.hospital(few.handoffs, 3)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 5)), min_size=1), st.floats(0, 1))
def test_the_quantile_of_counts_is_that_of_the_rows(
    counted: list[tuple[int, int]], share: float
) -> None:
    rows = [minute for minute, n in counted for _ in range(n)]
    minutes, counts = zip(*counted, strict=True)
    if not rows:
        assert quantile(minutes, counts, share) is None
        return
    assert quantile(minutes, counts, share) == pytest.approx(np.quantile(rows, share), abs=1e-9)


def test_nothing_recorded_is_said_and_never_zero(seattle: Snapshot) -> None:
    found = partners(ask(), seattle)
    assert set(found.stored.values()) == {0}
    assert waiting.hospital(found.handoffs, 0).endswith("Not recorded by this source.")
    lines = words.lines(found)
    for table in ("referrals.csv", "holds.csv", "person_key", "officer_minutes"):
        assert any(table in line for line in lines), table
    assert not found.returns.curve.n
    assert found.returns.unlinked == found.returns.contacts == 32_906


def test_a_snapshot_older_than_a_table_or_column_is_read(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.duckdb"
    shutil.copy(Store(folder / "store").current().path, old)
    old.chmod(0o600)
    with duckdb.connect(str(old)) as con:
        con.execute("DROP TABLE transports; DROP TABLE service_providers; DROP TABLE contact_codes")
        con.execute("ALTER TABLE holds DROP COLUMN states_observations")
    found = partners(ask(), Snapshot("old", old))
    assert found.stored["transports"] == found.stored["contact_codes"] == 0
    assert found.stored["holds"] == found.holds.n > 0
    assert found.holds.complete.n == 0  # one element is recorded on no form
    assert found.holds.complete.unknown == found.holds.n
    assert found.referrals.whole.made > 0
    assert all(c.label.startswith("PR") for c in found.referrals.providers)  # no names on file


def test_no_words_say_cause(snapshot: Snapshot) -> None:
    found = partners(ask(), snapshot)
    texts = [v for module in (words, waiting) for k, v in vars(module).items() if k.isupper()]
    texts = [t for t in texts if isinstance(t, str)]
    texts += [*words.lines(found), words.unfollowed(found.referrals), words.holds_left(found.holds)]
    texts += [waiting.hospital(found.handoffs, 1), waiting.turned_away(found.handoffs)]
    texts += [words.chain_alt(found.referrals), words.returns_alt(found), words.followed(found)]
    texts += [
        words.restrained(found.holds, 1),
        words.ticked(found),
        waiting.waits_left(found.handoffs),
    ]
    for text in texts:
        assert not CAUSAL.search(text), text
        assert "nan" not in text.split()


def test_shares_of_nothing_are_not_numbers() -> None:
    empty = Chain("", None, *([0] * 9))
    assert isinstance(empty.share("served_30").rate, NotEstimable)
    assert waiting.of(empty.share("served_30")) == "not known (0 recorded)"
    assert Facility.turned_away.fget is not None
