"""What a load keeps of an export: keys, times, windows, checkboxes, several rows per contact."""

from __future__ import annotations

import datetime
import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data import ingest, mapping
from data.errors import SnapshotError, TooManyRejectedError, UserError
from data.report import Load
from data.store import Store
from tests.data.exports import changed, column, count, load, row, rows_of, write


def _tri(store: Store, name: str = "force_used") -> list[str | None]:
    return column(store, name)


# Times


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("2024-03-10 02:30", "2024-03-10 02:30:00"),  # the hour that the clock skips
        ("2024-03-10T02:30:15", "2024-03-10 02:30:15"),
        ("2024-11-03 01:30", "2024-11-03 01:30:00"),  # the hour that comes twice
        ("2024-11-03T01:30-06:00", "2024-11-03 01:30:00"),
        ("2024-11-03T01:30-07:00", "2024-11-03 01:30:00"),
        ("2024-11-03 07:30Z", "2024-11-03 01:30:00"),
        ("2024-11-03 08:30:00 +0000", "2024-11-03 01:30:00"),
        ("2024-07-01T03:00:00 z", "2024-06-30 21:00:00"),
        ("2024-07-01", "2024-07-01 00:00:00"),
    ],
)
def test_local_times_and_offsets(tmp_path: Path, written: str, stored: str) -> None:
    report, store = load(tmp_path, [row(1, written)])
    assert report.rejected == {}
    assert column(store, "contact_at") == [stored]


def test_a_utc_clock_loses_and_doubles_no_contact(tmp_path: Path) -> None:
    start = datetime.datetime(2024, 11, 3, 5, 0)
    rows = [row(i, str(start + datetime.timedelta(minutes=30 * i))) for i in range(10)]
    spring = datetime.datetime(2024, 3, 10, 8, 0)
    rows += [row(20 + i, str(spring + datetime.timedelta(minutes=30 * i))) for i in range(6)]
    report, store = load(tmp_path, rows, changed(mapping__clock="utc"))
    assert report.contacts == 16
    times = column(store, "contact_at")
    assert times[:6] == [
        f"2024-03-10 {t}:00" for t in ("01:00", "01:30", "03:00", "03:30", "04:00", "04:30")
    ]
    assert times[6:] == sorted(times[6:])
    assert times.count("2024-11-03 01:00:00") == times.count("2024-11-03 01:30:00") == 2


@pytest.mark.parametrize("clock", ["local", "utc"])
def test_date_and_time_in_two_columns(tmp_path: Path, clock: str) -> None:
    raw = changed(
        mapping__clock=clock, contacts__columns__contact_at={"from": "When", "time": "Area"}
    )
    del raw["contacts"]["columns"]["district_id"]
    times = ["0", "230", "1430", "14:30", "14:30:15", "2:30 PM", "2:30 p.m.", "12:05 AM", "-", ""]
    rows = [row(i, "03/05/2024", Area=t) for i, t in enumerate(times)]
    raw["mapping"]["datetime_formats"] = ["%m/%d/%Y"]
    _, store = load(tmp_path, rows, raw)
    local = ["00:00:00", "02:30:00", *["14:30:00"] * 2, "14:30:15", *["14:30:00"] * 2]
    stamps = [f"2024-03-05 {t}" for t in [*local, "00:05:00"]]
    if clock == "utc":
        shift = datetime.timedelta(hours=7)
        stamps = [str(datetime.datetime.fromisoformat(s) - shift) for s in stamps]
    # A day without its time of day counts from its midnight on either clock.
    assert column(store, "contact_at") == sorted([*stamps, *["2024-03-05 00:00:00"] * 2])


@pytest.mark.parametrize("written", ["2024-02-31", "03/04/2024", "yesterday", "2024-03-05 25:10"])
def test_what_is_no_time_is_rejected_not_guessed(tmp_path: Path, written: str) -> None:
    rows = [row(i) for i in range(30)] + [row(99, written)]
    report, store = load(tmp_path, rows)
    assert report.rejected == {"not a date or time": 1}
    assert rows_of(store, "SELECT file, row_number, column_name FROM rejected") == [
        ("export.csv", 31, "When")
    ]


def test_future_ancient_and_missing_dates_and_numbers_are_rejected(tmp_path: Path) -> None:
    rows = [row(i) for i in range(200)]
    rows += [row(300, "2999-01-01"), row(301, "1890-01-01"), row(302, "-"), row("", Area="D9")]
    report, store = load(tmp_path, rows)
    assert report.rejected == {
        "date before 1970-01-01": 1,
        "date in the future": 1,
        "no contact number": 1,
        "no date": 1,
    }
    assert (report.contacts, report.rows_read) == (200, 204)
    hashes = [r[0] for r in rows_of(store, "SELECT row_hash FROM rejected")]
    assert len(set(hashes)) == 4 and all(len(h) == 32 for h in hashes)


def test_an_offset_needs_a_zone(tmp_path: Path) -> None:
    rows = [row(i) for i in range(30)] + [row(99, "2024-03-05 10:00Z")]
    report, _ = load(tmp_path, rows, changed(agency__time_zone=None))
    assert report.rejected == {"a time with an offset, but the agency has no time_zone": 1}


def test_first_of_several_dates(tmp_path: Path) -> None:
    raw = changed(
        contacts__columns__contact_at={
            "first_of": [
                {"from": "When", "basis": "reported"},
                {"from": "Area", "basis": "occurred"},
            ]
        }
    )
    del raw["contacts"]["columns"]["district_id"]
    raw["mapping"]["not_recorded"] = ["1900-01-01*"]
    _, store = load(
        tmp_path,
        [row(1, "2024-01-01 10:00"), row(2, "1900-01-01T00:00:00", Area="2024-01-02 10:00")],
        raw,
    )
    assert column(store, "contact_at_basis") == ["reported", "occurred"]
    assert column(store, "contact_at")[1] == "2024-01-02 10:00:00"


# Values


def test_a_blank_checkbox_is_no_only_where_the_form_was_filled_in(tmp_path: Path) -> None:
    rows = [row(1, Force="X"), row(2), row(3, Signed=""), row(4, Force="X", Signed="")]
    _, store = load(tmp_path, rows)
    by_form = dict(zip(_forms(store, 4), _forces(store), strict=True))
    assert by_form == {1: "yes", 2: "no", 3: None, 4: "yes"}


def _forms(store: Store, n: int) -> list[int]:
    """Form numbers in the order of contact_id, found by their keyed hash."""
    import hashlib

    secret = store.secret()
    digests = {}
    for i in range(1, n + 1):
        inner = hashlib.sha256(f"{secret}contact\x1fTEST\x1f{i}".encode()).hexdigest()
        digests[hashlib.sha256((secret + inner).encode()).hexdigest()[:32]] = i
    return [digests[r[0]] for r in rows_of(store, "SELECT contact_id FROM contacts ORDER BY 1")]


def _forces(store: Store) -> list[str | None]:
    return [r[0] for r in rows_of(store, "SELECT force_used FROM contacts ORDER BY contact_id")]


def test_without_the_proof_a_blank_stays_blank(tmp_path: Path) -> None:
    raw = changed(
        contacts__columns__force_used__blank_means=None,
        contacts__columns__force_used__form_filled=None,
    )
    _, store = load(tmp_path, [row(1, Force="X"), row(2)], raw)
    assert set(_tri(store)) == {"yes", None}


def test_unknown_values_are_counted_and_never_become_no(tmp_path: Path) -> None:
    rows = [row(1, CIT="Maybe"), row(2, CIT="Maybe"), row(3, CIT="Y"), row(4, Call="ODD CALL")]
    rows += [row(5, CIT="U"), row(6, Outcome="Taken Home"), row(7, CIT="-")]
    report, store = load(tmp_path, rows)
    assert report.unknown_values == {
        "primary_officer_cit": {"Maybe": 2},
        "initial_call_group": {"ODD CALL": 1},
        "disposition": {"Taken Home": 1},
    }
    found = column(store, "primary_officer_cit")
    assert sorted(map(str, found)) == ["None", "None", "None", "no", "no", "unknown", "yes"]
    assert rows_of(
        store, "SELECT disposition FROM dispositions WHERE raw_disposition = 'Taken Home'"
    ) == [(None,)]
    kept = rows_of(store, "SELECT unknown_values FROM loads")[0][0]
    assert json.loads(kept) == report.unknown_values


def test_unknown_values_that_look_identifying_are_counted_but_not_shown(tmp_path: Path) -> None:
    odd = ["555-867-5309", "a@b.org", "123-45-6789", "Doe, Jane", "1980-02-14", "x" * 81]
    report, _ = load(tmp_path, [row(i, Call=v) for i, v in enumerate(odd)] + [row(9)])
    assert report.unknown_values == {"initial_call_group": {"(withheld: looks identifying)": 6}}


def test_labels_that_hold_a_phone_number_or_prose_are_not_stored(tmp_path: Path) -> None:
    rows = [row(1, Area="call 555-867-5309"), row(2, Area="long " * 20), row(3, Area="D1")]
    report, store = load(tmp_path, rows)
    assert set(column(store, "district_id")) == {None, "D1"}
    assert report.unknown_values == {
        "district_id": {
            "(longer than 80 characters)": 1,
            "(withheld: looks identifying)": 1,
        }
    }


def test_a_report_does_not_list_a_column_of_prose(tmp_path: Path) -> None:
    report, _ = load(tmp_path, [row(i, Call=f"text {i}") for i in range(300)] + [row(999)])
    listed = report.unknown_values["initial_call_group"]
    assert len(listed) == 201 and sum(listed.values()) == 300
    assert listed["(other values)"] == 100


def test_sentinels_with_a_star(tmp_path: Path) -> None:
    report, store = load(tmp_path, [row(1, CIT="N/A (old form)", Area="-"), row(2)])
    assert report.unknown_values == {}
    assert sorted(map(str, column(store, "primary_officer_cit"))) == ["None", "no"]
    assert sorted(map(str, column(store, "district_id"))) == ["D1", "None"]


def test_a_star_does_not_make_percent_and_underscore_wild(tmp_path: Path) -> None:
    raw = changed(
        contacts__columns__initial_call_group__map={"100%*": "suicide", "A_B": "welfare_check"}
    )
    report, _ = load(
        tmp_path, [row(1, Call="100% sure"), row(2, Call="1000"), row(3, Call="AxB")], raw
    )
    assert report.unknown_values == {"initial_call_group": {"1000": 1, "AxB": 1}}


def test_windows_put_values_outside_them_to_not_recorded(tmp_path: Path) -> None:
    raw = changed(
        contacts__columns__primary_officer_cit__recorded_from=datetime.date(2024, 2, 1),
        contacts__columns__primary_officer_cit__recorded_until=datetime.date(2024, 3, 1),
        dispositions__columns__disposition__recorded_from=datetime.date(2024, 2, 1),
        dispositions__columns__raw_disposition__recorded_from=datetime.date(2024, 2, 1),
    )
    days = ["2024-01-31 23:59", "2024-02-01 00:00", "2024-02-29 23:59", "2024-03-01 00:00"]
    _, store = load(tmp_path, [row(i, d, CIT="Y") for i, d in enumerate(days)], raw)
    assert column(store, "primary_officer_cit") == [None, "yes", "yes", None]
    assert column(store, "outcome_emergency_hold", "encounters") == [None, "true", "true", "true"]
    assert count(store, "dispositions") == 3


@pytest.mark.parametrize(
    ("combine", "expected"), [("first", "no"), ("latest", "unknown"), ("any", "yes")]
)
def test_several_rows_become_one_contact(tmp_path: Path, combine: str, expected: str) -> None:
    raw = changed(contacts__columns__primary_officer_cit__combine=combine)
    rows = [row(1, CIT=v) for v in ("", "N", "Y", "U", "")]
    report, store = load(tmp_path, rows, raw)
    assert column(store, "primary_officer_cit") == [expected]
    assert report.conflicts == {"primary_officer_cit": 1}
    assert (report.rows_read, report.contacts, report.duplicates_collapsed) == (5, 1, 1)


@pytest.mark.parametrize("combine", ["first", "latest", "any"])
def test_a_contact_in_one_row_reads_as_in_two(tmp_path: Path, combine: str) -> None:
    raw = changed(contacts__columns__primary_officer_cit__combine=combine)
    said = product(("", "N", "Y", "U", "?"), ("X", "-"))
    rows = [row(i, f"2024-03-{i + 1:02}", CIT=v, Force=f) for i, (v, f) in enumerate(said)]
    (tmp_path / "once").mkdir()
    (tmp_path / "twice").mkdir()
    _, once = load(tmp_path / "once", rows, raw)
    _, twice = load(tmp_path / "twice", rows + rows, raw)
    for name in ("primary_officer_cit", "force_used"):
        assert column(once, name) == column(twice, name)


def test_a_second_row_of_a_key_is_never_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot has no index that would refuse it, which took most of a large load: the check does."""
    merge = ingest.merge

    def twice(state: Load, **how: bool) -> None:
        merge(state, **how)
        state.con.execute("INSERT INTO contact_officers FROM contact_officers LIMIT 1")

    monkeypatch.setattr(ingest, "merge", twice)
    with pytest.raises(SnapshotError, match="contact_officers has one row per key"):
        load(tmp_path, [row(i, Badge=str(i % 7)) for i in range(5)])


def test_a_set_gives_every_distinct_value_a_row(tmp_path: Path) -> None:
    rows = [row(1, Outcome=o, Badge=b) for o in ("Arrest", "Hold", "-") for b in ("7", "8", "7")]
    _, store = load(tmp_path, rows)
    assert column(store, "disposition", "dispositions") == ["arrest_booked", "hold_involuntary"]
    assert len(column(store, "officer_key", "contact_officers")) == 2
    assert column(store, "outcome_arrest", "encounters") == ["true"]


def test_duplicates_by_named_columns(tmp_path: Path) -> None:
    rows = [row(1, Badge="7"), row(1, Badge="8"), row(2)]
    report, _ = load(tmp_path, rows, changed(mapping__duplicates=["Form", "When"]))
    assert report.duplicates_collapsed == 1
    report, _ = load(tmp_path / "other", *_in(tmp_path / "other", rows))
    assert report.duplicates_collapsed == 0


def _in(folder: Path, rows: list[list[str]]) -> tuple[list[list[str]]]:
    folder.mkdir()
    return (rows,)


def test_a_key_of_two_columns(tmp_path: Path) -> None:
    raw = changed(mapping__key=["Form", "Badge"])
    rows = [row(1, Badge="7"), row(1, Badge="8"), row(2, Badge="7"), row("", Badge="7")]
    raw["mapping"]["not_recorded"] = ["-"]
    with pytest.raises(
        TooManyRejectedError, match="row 4, column 'Form, Badge': no contact number"
    ):
        load(tmp_path, rows, raw)
    report, _ = load(tmp_path, rows[:3], raw)
    assert report.contacts == 3


def test_hours_name_the_shift_and_count_what_is_no_time(tmp_path: Path) -> None:
    raw = changed(
        contacts__columns__shift_id={
            "from": "Area",
            "hours": {"Day": "06-14", "Late": "14-22", "Night": "22-06"},
        }
    )
    del raw["contacts"]["columns"]["district_id"]
    times = ["2024-01-01 06:00", "2024-01-01 21:59", "2024-01-01 22:00", "2024-01-01 05:59", "odd"]
    rows = [row(i, f"2024-01-0{i + 1} 12:00", Area=t) for i, t in enumerate(times)]
    report, store = load(tmp_path, rows, raw)
    assert column(store, "shift_id") == ["Day", "Late", "Night", "Night", None]
    assert report.unknown_values == {"shift_id": {"(not a time)": 1}}


# Merging loads


def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    rows = [row(i) for i in range(40)] + [row(99, "2024-02-31")]
    first, store = load(tmp_path, rows)
    again, _ = load(tmp_path, rows)
    third, _ = load(tmp_path, list(reversed(rows)))
    assert (again.snapshot, again.changed) == (first.snapshot, False)
    assert (third.snapshot, third.changed) == (first.snapshot, False)
    assert store.ids() == [first.snapshot]
    assert count(store, "loads") == 1


def test_a_contact_is_replaced_with_its_children_and_others_stay(tmp_path: Path) -> None:
    load(tmp_path, [row(1, Outcome="Arrest"), row(2, "2024-03-06 10:00", Outcome="Arrest")])
    report, store = load(tmp_path, [row(1, Outcome="Hold", Force="X"), row(3, "2024-03-07")])
    assert report.contacts == 2
    assert column(store, "force_used") == ["yes", "no", "no"]
    assert column(store, "outcome_arrest", "encounters") == ["false", "true", "false"]
    assert count(store, "loads") == 2


def test_other_sources_and_agencies_are_left_alone(tmp_path: Path) -> None:
    load(tmp_path, [row(1)])
    load(tmp_path, [row(1), row(2)], changed(mapping__source="cad"))
    report, store = load(tmp_path, [row(1)], changed(agency__agency_id=None), agency_id="OTHER")
    assert report.contacts == 1
    assert rows_of(
        store, "SELECT agency_id, source, count(*) FROM contacts GROUP BY ALL ORDER BY ALL"
    ) == [("OTHER", "forms", 1), ("TEST", "cad", 2), ("TEST", "forms", 1)]
    assert len(rows_of(store, "SELECT DISTINCT contact_id FROM contacts")) == 3


def test_replace_period_removes_what_vanished_inside_it_only(tmp_path: Path) -> None:
    days = ["2024-01-05", "2024-02-05", "2024-02-15", "2024-02-25", "2024-03-05"]
    load(tmp_path, [row(i, d) for i, d in enumerate(days)])
    load(tmp_path, [row(7, days[2])], changed(mapping__source="cad"))
    new = [row(1, days[1]), row(3, days[3])]
    kept, _ = load(tmp_path, new)
    assert kept.removed == 0
    report, store = load(tmp_path, new, replace_period=True)
    assert (report.removed, report.contacts, report.changed) == (1, 2, True)
    assert rows_of(store, "SELECT source, count(*) FROM contacts GROUP BY ALL ORDER BY ALL") == [
        ("cad", 1),
        ("forms", 4),
    ]
    for child in ("contact_officers", "dispositions"):
        assert count(store, child, "source = 'forms'") == 4
    assert rows_of(
        store,
        "SELECT mode, covers_from::VARCHAR, covers_to::VARCHAR, removed_n FROM loads"
        " ORDER BY started_at DESC LIMIT 1",
    ) == [("replace_period", days[1], days[3], 1)]


def test_facts_of_the_agency_outlast_a_load_that_is_silent_on_them(tmp_path: Path) -> None:
    load(tmp_path, [row(1)])
    _, store = load(tmp_path, [row(2)], changed(agency__agency_name=None))
    assert rows_of(store, "SELECT agency_name, time_zone FROM agencies") == [
        ("Testville", "America/Denver")
    ]


def test_not_recorded_is_counted_among_the_contacts_of_this_load(tmp_path: Path) -> None:
    load(tmp_path, [row(i, Outcome="-") for i in range(10)])
    report, _ = load(tmp_path, [row(20, Outcome="-"), row(21)])
    assert report.not_recorded["arrest"] == 1 and report.not_recorded["injury"] == 2


# Tables from files of their own


def _canonical(folder: Path, **tables: str) -> list[Path]:
    paths = []
    for name, lines in tables.items():
        path = folder / f"{name}.csv"
        path.write_text(lines.replace(";", "\n") + "\n")
        paths.append(path)
    return paths


def _load_canonical(folder: Path, **tables: str) -> tuple[ingest.LoadReport, Store]:
    store = Store(folder / "store")
    files = _canonical(folder, **tables)
    return ingest.load(store, files, mapping.read("canonical"), agency_id="TEST"), store


CONTACTS = (
    "contact_id,contact_at,force_used,officers_sent;C-1,2024-03-05 10:00,yes,2;"
    "C-2,2024-03-06 10:00,no,x;C-3,2024-03-07 10:00,,3.0"
)
OFFICERS = "contact_id,officer_key,scene_role;C-1,7,reporting;C-2,8,reporting;C-2,9,backup"
CERTIFICATIONS = (
    "officer_key,credential,certified_on,expires_on;7,cit_40h,2024-03-05,;8,cit_40h,2023-01-01,2024-03-06;"
    "9,cit_40h,2024-03-06,2025-01-01"
)


def test_canonical_tables_and_certification_at_the_time_of_the_contact(tmp_path: Path) -> None:
    report, store = _load_canonical(
        tmp_path,
        contacts=CONTACTS,
        contact_officers=OFFICERS,
        certifications=CERTIFICATIONS,
        dispositions="contact_id,disposition;C-1,arrest_booked;C-2,no_action;C-2,crisis_line",
    )
    assert (report.contacts, report.rows_read, report.rejected) == (3, 12, {})
    assert report.unknown_values == {"officers_sent": {"x": 1}}
    # certified on the day itself; expired on the day itself; C-3 names no officer
    assert column(store, "exposure_primary", "encounters") == ["true", "false", None]
    assert column(store, "exposure_any", "encounters") == ["true", "true", None]
    assert column(store, "outcome_referral", "encounters") == ["false", "true", None]
    assert column(store, "officers_sent", "contacts") == ["2", None, "3"]


@pytest.mark.slow
def test_children_alone_complete_contacts_already_there(tmp_path: Path) -> None:
    _load_canonical(tmp_path, contacts=CONTACTS)
    _load_canonical(tmp_path, dispositions="contact_id,disposition;C-1,arrest_booked;C-2,no_action")
    _, store = _load_canonical(tmp_path, contacts=CONTACTS.replace(",yes,", ",no,"))
    # A load that does not read dispositions leaves them.
    assert column(store, "outcome_arrest", "encounters") == ["true", "false", None]
    assert column(store, "force_used") == ["no", "no", None]


def test_children_without_a_contact_are_rejected_and_count_to_the_limit(tmp_path: Path) -> None:
    rows = ";".join(f"C-{i},2024-03-05" for i in range(100))
    report, store = _load_canonical(
        tmp_path,
        contacts="contact_id,contact_at;" + rows,
        dispositions="contact_id,disposition;C-1,no_action;X-9,no_action",
    )
    assert report.rejected == {"dispositions: no such contact": 1}
    assert rows_of(store, "SELECT file, row_number, column_name FROM rejected") == [
        ("dispositions.csv", 2, "contact_id")
    ]
    with pytest.raises(TooManyRejectedError):
        _load_canonical(tmp_path, dispositions="contact_id,disposition;X-1,no_action")


def test_certifications_with_a_bad_date_are_rejected_not_read_as_expired(tmp_path: Path) -> None:
    rows = ";".join(f"{i},cit_40h,2020-01-01," for i in range(100, 200))
    report, store = _load_canonical(
        tmp_path,
        contacts="contact_id,contact_at;C-1,2024-03-05",
        certifications="officer_key,credential,certified_on,expires_on;"
        + rows
        + ";7,cit_40h,2020-01-01,2024-02-31;8,cit_40h,31/02/2020,;,cit_40h,2020-01-01,;9,odd,2020-01-01,",
    )
    assert report.rejected == {
        "no known credential": 1,
        "no officer number": 1,
        "not a date or time": 2,
    }
    assert count(store, "certifications") == 100


def test_a_mapping_with_a_table_in_its_own_file(tmp_path: Path) -> None:
    raw = changed(
        dispositions={
            "file": "outcomes",
            "key": "Form No",
            "columns": {"disposition": {"from": "Result", "map": {"Arrest": "arrest_booked"}}},
        }
    )
    forms = write(tmp_path / "forms.csv", [row(1), row(2, "2024-03-06 10:00")])
    outcomes = tmp_path / "outcomes.csv"
    outcomes.write_text("Form No,Result\n2,Arrest\n")
    _, store = load(tmp_path, [forms, outcomes], raw)
    assert column(store, "outcome_arrest", "encounters") == [None, "true"]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"odd": "a,b;1,2"}, "no table of the mapping 'canonical' reads this file"),
        ({"contacts": "contact_id,contact_at,agency_id;1,2024-01-01,A;2,2024-01-01,B"}, "several"),
        ({"contacts": "contact_id,contact_at,agency_id;1,2024-01-01,OTHER"}, "another agency"),
        ({"contacts": "contact_id;1"}, "no column 'contact_at'"),
        ({"dispositions": "disposition;no_action"}, "no column 'contact_id'"),
        (
            {"agencies": "agency_id,time_zone;TEST,Mars/Olympus", "contacts": CONTACTS},
            "not an IANA zone",
        ),
    ],
)
def test_canonical_files_that_do_not_fit(tmp_path: Path, tables: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        _load_canonical(tmp_path, **tables)


def test_the_agency_must_be_known_and_plain(tmp_path: Path) -> None:
    raw = changed(agency__agency_id=None)
    with pytest.raises(UserError, match="which agency is this"):
        load(tmp_path, [row(1)], raw)
    with pytest.raises(UserError, match="letters, digits"):
        load(tmp_path, [row(1)], raw, agency_id="a b'; DROP")


# Any order, any split, any repetition of rows gives the same contacts.


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(1, 6), st.sampled_from("YNU-"), st.sampled_from(["Arrest", "Hold", "-"])
        ),
        min_size=1,
        max_size=25,
    ),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_order_and_repetition_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory,
    cells: list[tuple[int, str, str]],
    times: int,
    random: Any,
) -> None:
    folder = tmp_path_factory.mktemp("loads")
    rows = [row(f, f"2024-03-{f:02} 10:00", CIT=c, Outcome=o) for f, c, o in cells]
    first, store = load(folder, rows)
    shuffled = rows * times
    random.shuffle(shuffled)
    again, _ = load(folder, shuffled)
    assert (again.contacts, again.changed) == (len({f for f, _, _ in cells}), False)
    assert again.snapshot == first.snapshot == store.current_id()
    said = {f: {c for g, c, _ in cells if g == f} for f, _, _ in cells}
    wanted = [
        "yes" if "Y" in s else "no" if "N" in s else "unknown" if "U" in s else None
        for _, s in sorted(said.items())
    ]
    assert column(store, "primary_officer_cit") == wanted
    assert first.conflicts.get("primary_officer_cit", 0) == sum(
        len(s - {"-"}) > 1 for s in said.values()
    )
