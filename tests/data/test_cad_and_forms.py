"""A dispatch export joined to crisis forms: two files of one agency, found by the incident's number."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.exports import count, rows_of
from tests.data.formats import assert_nothing_personal, lines, load, refused, verdicts

CAD = [
    *("Event Number", "Incident Number", "Received", "Source", "Priority", "Call Type"),
    *("Final Type", "Call Beat", "Call Disposition", "First Dispatched", "First Arrived", "Closed"),
    *("Unit Officer", "Unit Type", "Unit Dispatched", "Unit Arrived", "Unit Cleared"),
    *("Caller Name", "Caller Phone", "Location Address"),
]
FORMS = [
    *("Form Number", "Incident Number", "Contact Date", "Contact Time", "Officer Number"),
    *("CIT Officer", "CIT On Scene", "Force Used", "Subject Injured During", "Officer Injured"),
    *("Outcome", "Age", "Beat", "Subject Name", "DOB", "Narrative"),
]
PERSON = {"Subject Name": "Quill, Ottoline", "DOB": "1975-01-02", "Narrative": "Quill ran"}


def unit(event: str, incident: str, call: str = "EDP", **cells: str) -> dict[str, str]:
    """Return one row of the dispatch export: a call with one unit."""
    return {
        "Event Number": event,
        "Incident Number": incident,
        "Received": "03/05/2024 14:30:00",
        "Source": "911",
        "Priority": "2",
        "Call Type": call,
        "Final Type": call,
        "Call Beat": "B1",
        "Call Disposition": "POLICE",
        "Unit Officer": "77",
        "Unit Type": "PATROL",
        "Unit Arrived": "03/05/2024 14:40:00",
        "Caller Name": "Ottoline Quill",
        "Location Address": "9 Elm Row",
        **cells,
    }


def form(number: str, incident: str, **cells: str) -> dict[str, str]:
    """Return one form."""
    return {
        "Form Number": number,
        "Incident Number": incident,
        "Contact Date": "03/05/2024",
        "Contact Time": "945",
        "Officer Number": "0077",
        "CIT Officer": "Y",
        "Force Used": "N",
        "Outcome": "RESOLVED",
        "Age": "34",
        **PERSON,
        **cells,
    }


# E1 has two units and two forms; E2 has no form; E3 no unit; F4 has no call.
CALLS = [
    unit("E1", "000101"),
    unit("E1", "000101", **{"Unit Officer": "88", "Unit Type": "CIT"}),
    unit("E2", "000102", "NOISE", Priority="5", Source="ON VIEW"),
    unit("E3", "000103", "SUICTHRT", **{"Unit Officer": "", "Call Disposition": "988"}),
]
CONTACTS = [
    form("F1", "101"),
    form("F2", "101", **{"Force Used": "Y", "CIT Officer": "N", "Age": "DK"}),
    form("F3", "103", **{"Contact Date": "", "Contact Time": "", "Beat": "B9", "Age": "67"}),
    form("F4", "999", **{"Force Used": "DK", "Outcome": "EMERGENCY HOLD", "Age": "17"}),
]


def test_the_sample_gives_what_was_counted_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, store = load(
        tmp_path, "cad_and_forms", capsys, cad=lines(CAD, CALLS), forms=lines(FORMS, CONTACTS)
    )
    assert (report["rows_read"], report["contacts"], report["rejected"]) == (8, 4, {})
    assert report["unknown_values"] == {"initial_call_group": {"NOISE": 1}}
    assert sorted(report["dropped_columns"]) == [
        "Caller Name",
        "Caller Phone",
        "DOB",
        "Location Address",
        "Narrative",
        "Subject Name",
    ]
    assert (count(store, "calls"), count(store, "call_units")) == (3, 3)
    assert rows_of(
        store,
        "SELECT initial_call_group, crisis_flag_at_dispatch, disposition_of_call FROM calls"
        " ORDER BY received_at, 1 NULLS FIRST",
    ) == [
        (None, "no", "police_dispatched"),
        ("behavioral_crisis", "yes", "police_dispatched"),
        ("suicide", "yes", "transferred_988"),
    ]
    assert_nothing_personal(store)


def test_forms_know_what_dispatch_knew_of_their_incident(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, store = load(
        tmp_path, "cad_and_forms", capsys, cad=lines(CAD, CALLS), forms=lines(FORMS, CONTACTS)
    )
    assert rows_of(
        store,
        "SELECT age_band, initial_call_group, initial_call_code, priority, origin, district_id,"
        " contact_at_basis FROM contacts ORDER BY age_band",
    ) == [
        ("12_17", None, None, None, None, None, "occurred"),
        ("25_34", "behavioral_crisis", "EDP", 2, "911", "B1", "occurred"),
        ("65_plus", "suicide", "SUICTHRT", 2, "911", "B9", "reported"),
        ("unknown", "behavioral_crisis", "EDP", 2, "911", "B1", "occurred"),
    ]
    # One number, padded in one system only: calls without a form, forms without a call, and officers.
    joined = "SELECT count(DISTINCT c.call_id), count(k.contact_id) FROM calls c"
    assert rows_of(store, f"{joined} JOIN contacts k USING (incident_id)") == [(2, 3)]
    assert count(store, "contacts", "incident_id NOT IN (SELECT incident_id FROM calls)") == 1
    assert rows_of(
        store, "SELECT count(*) FROM contact_officers SEMI JOIN call_units USING (officer_key)"
    ) == [(4,)]


def test_evaluate_answers_what_the_forms_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, store = load(
        tmp_path, "cad_and_forms", capsys, cad=lines(CAD, CALLS), forms=lines(FORMS, CONTACTS)
    )
    found = verdicts(store, capsys, "force", "arrest", "emergency_hold", "injury", "hold_upheld")
    assert found["force"] == "too_few"
    assert found["injury"] == found["hold_upheld"] == "not_recorded"
    assert rows_of(store, "SELECT count(outcome_force), count(*) FROM encounters") == [(3, 4)]


def test_forms_without_the_dispatch_export_would_lose_what_it_knew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = refused(tmp_path, "cad_and_forms", capsys, forms=lines(FORMS, CONTACTS))
    assert code == 2 and "completes contacts from the file 'cad'" in error


def test_calls_may_come_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, store = load(tmp_path, "cad_and_forms", capsys, cad=lines(CAD, CALLS))
    assert (report["contacts"], count(store, "calls")) == (0, 3)


def test_a_column_that_is_looked_up_must_be_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cad = [h for h in CAD if h != "Source"]
    rows = [{k: v for k, v in c.items() if k != "Source"} for c in CALLS]
    code, error = refused(
        tmp_path, "cad_and_forms", capsys, cad=lines(cad, rows), forms=lines(FORMS, CONTACTS)
    )
    assert code == 2 and "cad.csv: no column 'Source'" in error


def test_bad_values_are_counted_or_rejected_without_being_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = [form(f"G{n}", str(500 + n)) for n in range(60)]
    odd = [
        form("B1", "900", **{"Contact Time": "2561"}),
        form("B2", "901", **{"Age": "210", "Outcome": "VANISHED", "Force Used": "P"}),
    ]
    calls = [unit(f"C{n}", str(500 + n)) for n in range(60)]
    late = unit("C99", "899", **{"Unit Arrived": "31/31/2024 99:99"})
    report, store = load(
        tmp_path,
        "cad_and_forms",
        capsys,
        cad=lines(CAD, [*calls, late]),
        forms=lines(FORMS, many + odd),
    )
    assert report["unknown_values"] == {
        "age_band": {"210": 1},
        "disposition": {"VANISHED": 1},
        "force_used": {"P": 1},
    }
    assert report["rejected"] == {"not a date or time": 2}
    assert rows_of(store, "SELECT file, row_number, column_name FROM rejected ORDER BY 1") == [
        ("cad.csv", 61, "Unit Arrived"),
        ("forms.csv", 61, "Contact Date"),
    ]
    assert count(store, "contacts", "force_used IS NULL") == 1
