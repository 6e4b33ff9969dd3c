"""Events, force, injuries, repeat contacts, referrals and holds: by hand, and against the simulator."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from data import checks, ingest, mapping, sample, schema
from data.errors import SnapshotError, TooManyRejectedError, UserError
from data.events import Event, events
from data.ingest import content_hash
from data.registry import FORCE_CATEGORIES, FORCE_LEVELS
from data.registry.force import rank_sql
from data.simulate import Simulation, simulate, write
from data.store import Store
from tests.data.exports import column, count, rows_of

CONTACTS = "contact_id,contact_at,force_used,subject_injured,officer_injured;"
DURING = [
    "officer_force",
    "subject_assault",
    "self_inflicted_during",
    "accident",
    "restraint_or_transport",
]


def load(folder: Path, **tables: str) -> tuple[ingest.LoadReport, Store]:
    """Load canonical tables given as lines with ``;`` between them."""
    store = Store(folder / "store")
    files = []
    for name, lines in tables.items():
        path = folder / f"{name}.csv"
        path.write_text(lines.replace(";", "\n") + "\n")
        files.append(path)
    return ingest.load(store, files, mapping.read("canonical"), agency_id="TEST"), store


def numbered(n: int, answers: str = "no,no,no") -> str:
    """Return contacts C-1 to C-n on successive days, all with these answers."""
    days = (f"C-{i},2024-03-{i:02d} 10:00,{answers}" for i in range(1, n + 1))
    return CONTACTS + ";".join(days)


# Marked events

EVENTS = (
    "event_id,event_date,event_kind,district_id,label;E2,2024-05-01,facility_opened,D1,New center;"
    "E1,2024-03-01,training_class,,CIT class ends"
)


def test_events_are_read_in_order_of_time(tmp_path: Path) -> None:
    _, store = load(tmp_path, contacts=numbered(2), events=EVENTS)
    assert events(store.current()) == (
        Event(date(2024, 3, 1), "training_class", "CIT class ends"),
        Event(date(2024, 5, 1), "facility_opened", "New center", "D1"),
    )


def test_an_event_is_replaced_by_its_number_and_others_are_kept(tmp_path: Path) -> None:
    load(tmp_path, contacts=numbered(2), events=EVENTS)
    head = EVENTS.split(";")[0]
    report, store = load(tmp_path, events=head + ";E2,2024-06-01,facility_closed,,Center shut")
    assert report.changed and count(store, "contacts") == 2
    assert [(e.date, e.label) for e in events(store.current())] == [
        (date(2024, 3, 1), "CIT class ends"),
        (date(2024, 6, 1), "Center shut"),
    ]
    again, _ = load(tmp_path, events=head + ";E2,2024-06-01,facility_closed,,Center shut")
    assert not again.changed


def test_events_without_what_a_chart_needs_are_rejected(tmp_path: Path) -> None:
    good = ";".join(f"G{i},2024-01-01,other,,Fine" for i in range(200))
    bad = "B1,,other,,L;B2,2024-02-31,other,,L;B3,2024-01-01,party,,L;B4,2024-01-01,other,,;"
    bad += f",2024-01-01,other,,L;B5,2024-01-01,other,,{'x' * 61}"
    report, store = load(
        tmp_path, contacts=numbered(2), events=f"{EVENTS.split(';')[0]};{good};{bad}"
    )
    assert report.rejected == {
        "label longer than 60 characters": 1,
        "no event date": 1,
        "no event id": 1,
        "no known kind of event": 1,
        "no label": 1,
        "not a date or time": 1,
    }
    assert count(store, "events") == 200
    assert report.unknown_values == {"event_kind": {"party": 1}}


def test_a_file_of_events_without_dates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"events\.csv: no column 'event_date'"):
        load(tmp_path, contacts=numbered(1), events="event_id,event_kind,label;E1,other,L")


def test_a_snapshot_from_before_there_were_events_has_none(tmp_path: Path) -> None:
    _, store = load(tmp_path, contacts=numbered(1), events=EVENTS)
    snapshot = store.current()
    snapshot.path.chmod(0o644)
    with duckdb.connect(str(snapshot.path)) as con:
        for name in ("events", "force_events", "injuries"):
            con.execute(f"DROP TABLE {name}")
        con.execute("CHECKPOINT")
    snapshot.path.with_suffix(".json").unlink()  # its seal: it is another file now
    assert events(snapshot) == ()
    # ... and the next load builds on it.
    _, store = load(tmp_path, contacts=numbered(2), events=EVENTS)
    assert len(events(store.current())) == 2 and count(store, "contacts") == 2


# Level of force


def test_force_level_is_the_highest_rank_and_off_scale_is_no_rank(tmp_path: Path) -> None:
    answers = ["yes"] * 5 + ["no", "no", "unknown", ""]
    contacts = CONTACTS + ";".join(
        f"C-{i},2024-03-{i:02d} 10:00,{a},no,no" for i, a in enumerate(answers, 1)
    )
    force = (
        "contact_id,force_id,seq,category,display_only,agency_level;C-1,F1,1,takedown_injury,no,L2;"
        "C-1,F1,2,ced_used,no,L3;C-1,F2,1,control_hold_or_escort,no,L1;C-2,F3,1,display,yes,L1;"
        "C-2,F3,2,handcuffs,no,L1;C-4,F4,1,,no,L2;C-5,F5,1,ced_used,yes,L1;"
        "C-5,F5,2,body_weight_pin,,L1;C-6,F6,1,control_hold_or_escort,no,L1;C-9,F7,1,chemical,no,L3"
    )
    report, store = load(tmp_path, contacts=contacts, force_events=force)
    assert (report.rejected, count(store, "force_events")) == ({}, 10)
    # C-2 displayed and cuffed only; C-3 has no report; C-4 no category; C-5 did not fire the CED.
    # C-6 and C-7 used no reportable force; C-8 and C-9 have no answer.
    assert column(store, "force_level", "encounters") == [
        *("3", None, None, None, "1"),
        *("0", "0", None, None),
    ]
    assert column(store, "outcome_force", "encounters")[5] == "false"


def test_force_level_is_not_recorded_without_categories(tmp_path: Path) -> None:
    _, store = load(tmp_path, contacts=numbered(3))
    assert column(store, "force_level", "encounters") == [None] * 3
    load(tmp_path, force_events="contact_id,force_id,seq,agency_level;C-1,F1,1,L1")
    assert column(store, "force_level", "encounters") == [None] * 3


def test_every_category_has_its_rank() -> None:
    assert {c.code for c in FORCE_CATEGORIES} == set(schema.column("force_events.category").values)
    assert FORCE_LEVELS == (0, 1, 2, 3, 4)
    with duckdb.connect() as con:
        for c in FORCE_CATEGORIES:
            assert con.execute(f"SELECT {rank_sql('x')} FROM (SELECT ? AS x)", [c.code]).fetchall() == [
                (c.rank,)
            ]  # fmt: skip


# Injuries


def test_serious_injury_by_hand(tmp_path: Path) -> None:
    said = ["yes,no", "no,no", "yes,no", "yes,no", "yes,no", "no,", "yes,no", "no,no", "no,yes"]
    contacts = CONTACTS + ";".join(
        f"C-{i},2024-03-{i:02d} 10:00,no,{a}" for i, a in enumerate(said, 1)
    )
    injuries = (
        "contact_id,injury_id,who,cause,severity;C-1,1,subject,officer_force,serious;"
        "C-2,2,subject,self_inflicted_before_arrival,fatal;C-3,3,subject,accident,minor;"
        "C-4,4,subject,accident,unknown;C-5,5,subject,,serious;C-8,8,third_party,accident,serious;"
        "C-9,9,officer,subject_assault,minor;C-9,10,officer,accident,fatal"
    )
    _, store = load(tmp_path, contacts=contacts, injuries=injuries)
    # C-4, C-5: grave or during is not said; C-6: no answer; C-7: hurt, but no injury is described.
    assert column(store, "outcome_serious_injury", "encounters") == [
        *("true", "false", "false", None, None, None, None, "false", "true")
    ]


def test_serious_injury_needs_the_injuries(tmp_path: Path) -> None:
    report, store = load(tmp_path, contacts=numbered(3))
    assert column(store, "outcome_serious_injury", "encounters") == [None] * 3
    assert report.not_recorded["serious_injury"] == 3


# Repeat contacts

PEOPLE = (
    "contact_id,contact_at,person_key,incident_id;"
    "A1,2024-01-01 08:00,1,;A2,2024-01-31 23:00,1,;A3,2024-02-01 08:00,1,;"  # 30 days later
    "B1,2024-01-10,2,;B2,2024-02-10,2,;"  # 31 days later
    "C1,2024-01-15 10:00,3,I9;C2,2024-01-15 12:00,3,I9;"  # two forms, one incident
    "D1,2024-02-29,4,;"  # just 30 days of follow-up
    "E1,2024-03-01,5,;E2,2024-03-05,5,;"  # too late to follow
    "X1,2024-01-20,,;Z1,2024-03-30,6,"
)


def test_repeat_contacts_count_each_person_once_with_full_follow_up(tmp_path: Path) -> None:
    report, store = load(tmp_path, contacts=PEOPLE)
    found = dict(
        rows_of(
            store,
            "SELECT strftime(contact_at, '%m-%d %H'), (eligible_repeat_30, outcome_repeat_30,"
            " eligible_repeat_90) FROM encounters",
        )
    )
    kept = {k: v[1] for k, v in found.items() if v[0]}
    assert kept == {"01-01 08": True, "01-10 00": False, "01-15 10": False, "02-29 00": False}
    assert found["01-20 00"] == (None, None, None)
    assert {k for k, v in found.items() if v[0] is None} == {"01-20 00"}
    # The export covers 89 days: nobody can be followed for 90.
    assert not any(v[2] for v in found.values())
    assert report.not_recorded["repeat_30"] == 1


def test_repeats_are_not_recorded_where_the_source_has_no_persons(tmp_path: Path) -> None:
    report, store = load(tmp_path, contacts=numbered(5))
    for days in (30, 90, 365):
        assert report.not_recorded[f"repeat_{days}"] == 5
        assert column(store, f"eligible_repeat_{days}", "encounters") == [None] * 5
        assert column(store, f"outcome_repeat_{days}", "encounters") == [None] * 5


# Referrals and holds


def test_referral_completed_by_hand(tmp_path: Path) -> None:
    contacts = numbered(9) + ";Z,2024-06-01 10:00,no,no,no"
    referrals = (
        "contact_id,referral_id,referral_kind,made_at,agreed,first_service_on,feedback_received;"
        "C-1,R1,appointment_made,2024-03-01 11:00,accepted,2024-03-31,yes;"
        "C-2,R2,appointment_made,2024-03-01 11:00,accepted,2024-04-01,yes;"
        "C-3,R3,appointment_made,2024-03-01 11:00,accepted,,yes;"
        "C-4,R4,appointment_made,2024-03-01 11:00,accepted,,no;"
        "C-5,R5,appointment_made,2024-03-01 11:00,accepted,,;"
        "C-6,R6,information_given,2024-03-01 11:00,declined,,yes;"
        "C-7,R7,appointment_made,2024-03-01 11:00,accepted,,yes;"
        "C-7,R8,appointment_made,2024-03-01 11:00,accepted,,no;"
        "C-8,R9,appointment_made,2024-03-01 11:00,accepted,,no;"
        "C-8,R10,warm_handoff,2024-03-01 11:00,accepted,2024-03-02,yes;"
        "Z,R11,appointment_made,2024-06-01 11:00,accepted,,yes"
    )
    _, store = load(
        tmp_path,
        contacts=contacts,
        referrals=referrals,
        dispositions="contact_id,disposition;C-6,resources_declined;C-9,referred_provider",
    )
    assert column(store, "eligible_referral_completed", "encounters") == [
        *["true"] * 5, "false", "true", "true", "true", "true"
    ]  # fmt: skip
    # C-7: one provider did not report back; C-9: referred, in no row; Z: 30 days have not passed.
    assert column(store, "outcome_referral_completed", "encounters") == [
        *("true", "false", "false", None, None, None, None, "true", None, None)
    ]


def test_a_bad_date_of_a_referral_is_rejected(tmp_path: Path) -> None:
    good = ";".join(f"C-1,G{i},2024-03-01 11:00,2024-03-05" for i in range(100))
    report, store = load(
        tmp_path,
        contacts=numbered(2),
        referrals="contact_id,referral_id,made_at,first_service_on;"
        f"{good};C-2,R1,2024-13-01,;C-2,R2,2024-03-01,soon;C-2,,2024-03-01,;X,R3,2024-03-01,",
    )
    assert report.rejected == {
        "no referral id": 1,
        "not a date or time": 2,
        "referrals: no such contact": 1,
    }
    assert count(store, "referrals") == 100
    with pytest.raises(TooManyRejectedError):
        load(tmp_path, referrals="contact_id,referral_id;X,R1")


def test_hold_upheld_by_hand(tmp_path: Path) -> None:
    held = "contact_id,hold_id,outcome;" + ";".join(
        f"C-{i},H{i},{o}"
        for i, o in enumerate(
            ["admitted_involuntary", "admitted_voluntary", "released_other", "unknown", ""], 1
        )
    )
    _, store = load(
        tmp_path,
        contacts=numbered(8),
        holds=held,
        dispositions="contact_id,disposition;C-6,hold_involuntary;C-7,no_action",
    )
    assert column(store, "eligible_hold_upheld", "encounters") == [*["true"] * 6, "false", None]
    assert column(store, "outcome_hold_upheld", "encounters") == [
        *("true", "true", "false", None, None, None, None, None)
    ]


# Whatever the table


@pytest.mark.parametrize("name", [*schema.children(), *schema.of_agency()])
def test_every_table_is_hashed_checked_and_kept(name: str) -> None:
    with duckdb.connect() as con:
        schema.create(con)
        con.execute("CREATE TABLE encounters AS SELECT agency_id, source, contact_id FROM contacts")
        assert name in content_hash(con)
        checks.run(con)
        table = schema.tables()[name]
        enum = next((c for c in table.columns if c.type == "enum" and c.values), None)
        if table.of_contact:
            filled = {c.name: "0" * 32 if c.type == "key" else "1" for c in table.columns}
            filled |= {c.name: c.values[0] for c in table.columns if c.values}
            filled |= {c.name: "2024-01-01" for c in table.columns if c.type in ("ts", "date")}
            listed, values = ", ".join(filled), ", ".join(f"'{v}'" for v in filled.values())
            con.execute(f"INSERT INTO {name} ({listed}) VALUES ({values})")
            with pytest.raises(SnapshotError, match=f"{name} has its contact"):
                checks.run(con)
        if enum is not None:
            assert f"{name}.{enum.name} holds only listed values" in checks.rules()


@pytest.mark.slow
def test_a_contact_written_anew_keeps_or_replaces_its_force(tmp_path: Path) -> None:
    force = "contact_id,force_id,seq,category;C-1,F1,1,ced_used"
    load(tmp_path, contacts=numbered(2, "yes,no,no"), force_events=force)
    _, store = load(tmp_path, contacts=numbered(2, "yes,no,yes"))
    assert column(store, "force_level", "encounters") == ["3", None]
    _, store = load(tmp_path, force_events=force.replace("F1,1,ced_used", "F1,1,chemical"))
    assert column(store, "category", "force_events") == ["chemical"]
    again, _ = load(tmp_path, force_events=force.replace("F1,1,ced_used", "F1,1,chemical"))
    assert not again.changed


# Against the simulator


@pytest.fixture(scope="module")
def agency() -> Simulation:
    return simulate(12_000, 11)


@pytest.fixture(scope="module")
def found(agency: Simulation, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The analysis table of the simulated agency, in the order of its contacts."""
    folder = tmp_path_factory.mktemp("simulated")
    write(agency, folder / "files")
    store = Store(folder / "store")
    files = [folder / "files" / f"{t}.parquet" for t in mapping.importable_tables()]
    report = ingest.load(store, files, mapping.read("canonical"), simulated=True)
    assert report.rejected == {} and report.unknown_values == {}
    with duckdb.connect() as con:
        con.execute("SET VARIABLE store_secret = ?", [store.secret()])
        from data import transform

        con.execute(transform.MACROS)
        raw = agency.tables["contacts"][["contact_id"]].astype(str)
        con.register("raw", raw)
        keys = con.execute(
            "SELECT contact_id AS raw, keyed('contact', 'SIM', contact_id) AS contact_id FROM raw"
        ).df()
    kept = [(e.date, e.label) for e in events(store.current())]
    marked = agency.tables["events"]
    assert kept == list(
        zip(pd.to_datetime(marked["event_date"]).dt.date, marked["label"], strict=True)
    )
    frame = store.current().cursor().execute("FROM encounters").df()
    return keys.merge(frame, on="contact_id", validate="1:1").set_index("raw")


def same(got: pd.Series, wanted: pd.Series) -> None:
    """Compare two series of truth values or numbers, blanks included."""
    pd.testing.assert_series_equal(
        got.astype("Float64"), wanted.reindex(got.index).astype("Float64"), check_names=False
    )


def test_force_level_by_pandas(agency: Simulation, found: pd.DataFrame) -> None:
    ranks = {c.code: c.rank for c in FORCE_CATEGORIES}
    applied = agency.tables["force_events"]
    applied = applied.assign(rank=applied["category"].astype(str).map(ranks).astype("Float64"))
    highest = applied.groupby(applied["contact_id"].astype(str))["rank"].max()
    contacts = agency.tables["contacts"].set_index("contact_id")
    used = contacts["force_used"].astype(object)
    level = highest.reindex(used.index).where(used == "yes").mask(used == "no", 0)
    same(found["force_level"], level)
    assert set(level.dropna()) >= {0, 1, 2, 3} and level[used == "yes"].notna().all()


SLOW = pytest.mark.slow


@pytest.mark.parametrize("days", [pytest.param(30, marks=SLOW), 90, pytest.param(365, marks=SLOW)])
def test_repeats_by_pandas(agency: Simulation, found: pd.DataFrame, days: int) -> None:
    contacts = agency.tables["contacts"].set_index("contact_id")
    contacts = contacts.assign(day=contacts["contact_at"].dt.normalize())
    last = contacts["day"].max()
    eligible: dict[str, bool] = {}
    event: dict[str, bool] = {}
    for _, own in contacts.groupby(contacts["person_key"].astype(object)):
        ordered = own.sort_values("contact_at")
        first = ordered.index[0]
        eligible |= dict.fromkeys(ordered.index, False)
        if ordered["day"].iloc[0] + pd.Timedelta(days=days) > last:
            continue
        eligible[first] = True
        gaps = (ordered["day"] - ordered["day"].iloc[0]).dt.days.iloc[1:]
        other = ordered["incident_id"].iloc[1:] != ordered["incident_id"].iloc[0]
        event[first] = bool((gaps[other.to_numpy()] <= days).any())
    same(found[f"eligible_repeat_{days}"], pd.Series(eligible))
    kept = found[found[f"eligible_repeat_{days}"].fillna(False).astype(bool)]
    assert len(kept) > 1000
    same(kept[f"outcome_repeat_{days}"], pd.Series(event))
    assert 0.02 < np.mean(list(event.values())) < 0.6


def test_serious_injuries_holds_and_referrals_by_pandas(
    agency: Simulation, found: pd.DataFrame
) -> None:
    injuries = agency.tables["injuries"].astype(object)
    grave = injuries[injuries["severity"].isin(["serious", "fatal"])]
    grave = grave[grave["cause"].isin(DURING)]
    event = found["outcome_serious_injury"]
    assert set(event.index[event.eq(True)]) == set(grave["contact_id"])
    known = event.notna().mean()
    assert 0.9 < known < 1

    holds = agency.tables["holds"].astype(object).set_index("contact_id")["outcome"]
    assert set(found.index[found["eligible_hold_upheld"].eq(True)]) == set(holds.index)
    upheld = holds[holds.ne("unknown")].isin(["admitted_involuntary", "admitted_voluntary"])
    same(found.loc[upheld.index, "outcome_hold_upheld"], upheld)

    referrals = agency.tables["referrals"].astype(object)
    kept = referrals[referrals["agreed"].ne("declined")]
    assert set(found.index[found["eligible_referral_completed"].eq(True)]) == set(
        kept["contact_id"]
    )
    wait = (
        pd.to_datetime(kept["first_service_on"]) - pd.to_datetime(kept["made_at"]).dt.normalize()
    ).dt.days
    in_time = kept["feedback_received"].eq("yes") & wait.between(0, 30)
    completed = in_time.groupby(kept["contact_id"]).any()
    event = found["outcome_referral_completed"]
    assert set(event.index[event.eq(True)]) == set(completed.index[completed])


@pytest.mark.slow
def test_the_sample_has_every_table(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    sample.simulate(store, 6_000, 2)
    for name in mapping.importable_tables():
        assert count(store, name) > 0, name
