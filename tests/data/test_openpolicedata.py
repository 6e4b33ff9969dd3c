"""Frames as OpenPoliceData standardises them: when, who, whether hurt, and nothing that it cannot say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.exports import count, rows_of
from tests.data.formats import assert_nothing_personal, lines, load, refused, verdicts

PERSON = {
    "SUBJECT_NAME": "Ottoline Quill",
    "OFFICER_NAME": "Quill",
    "ZIP_CODE": "98101",
    "LATITUDE": "47.6",
    "OFFICER_RACE": "WHITE",
    "Location Address": "9 Elm Row",
    "raw_force": "Taser",
}
FORCE = [
    *("INCIDENT_ID", "DATETIME", "SUBJECT_OR_OFFICER", "SUBJECT_RE_GROUP", "SUBJECT_AGE"),
    *("SUBJECT_AGE_RANGE", "SUBJECT_GENDER", "SUBJECT_INJURY", "OFFICER_INJURY", *PERSON),
]


def use(number: str, **cells: str) -> dict[str, str]:
    """Return one row of a frame of uses of force."""
    return {
        "INCIDENT_ID": number,
        "DATETIME": "2021-03-05 14:30:00",
        "SUBJECT_OR_OFFICER": "SUBJECT",
        "SUBJECT_RE_GROUP": "BLACK",
        "SUBJECT_AGE": "34.0",
        "SUBJECT_GENDER": "MALE",
        "SUBJECT_INJURY": "NO INJURY",
        "OFFICER_INJURY": "UNSPECIFIED",
        **PERSON,
        **cells,
    }


USES = [
    use("U1"),
    use("U1", SUBJECT_INJURY="INJURED"),  # a second officer's row of the same incident
    use("U1", SUBJECT_OR_OFFICER="OFFICER", SUBJECT_GENDER="FEMALE", SUBJECT_AGE="50"),
    use("U2", SUBJECT_RE_GROUP="ASIAN/PACIFIC ISLANDER", SUBJECT_AGE="", SUBJECT_AGE_RANGE="18-24"),
    use("U3", SUBJECT_RE_GROUP="HISPANIC/LATINO", SUBJECT_INJURY="SELF-INFLICTED FATAL"),
    use("U4", SUBJECT_RE_GROUP="UNSPECIFIED", SUBJECT_GENDER="TRANSGENDER MALE"),
]


def test_uses_of_force_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, store = load(tmp_path, "openpolicedata", capsys, use_of_force=lines(FORCE, USES))
    assert (report["rows_read"], report["contacts"]) == (6, 4)
    assert (report["rejected"], report["unknown_values"]) == ({}, {})
    assert report["conflicts"] == {"subject_injured": 1}
    assert {*PERSON} - {"raw_force"} <= set(report["dropped_columns"])
    assert "raw_force" in report["unused_columns"]
    assert rows_of(
        store,
        "SELECT race, age_band, sex, subject_injured, officer_injured, force_used FROM contacts"
        " ORDER BY race NULLS LAST, age_band",
    ) == [
        ("black", "25_34", "male", "yes", None, None),
        ("hispanic_latino", "25_34", "male", None, None, None),
        (None, "18_24", "male", "no", None, None),
        (None, "25_34", "another", "no", None, None),
    ]
    assert_nothing_personal(store)


def test_calls_and_stops_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = ["INCIDENT_ID,DATE,TIME,call_type,AGENCY", "1,2021-03-05,945,X,T", "2,2021-03-06,5,Y,T"]
    stops = ["INCIDENT_ID,DATE,SUBJECT_RACE,OFFICER_NAME", "1,2021-03-05,WHITE,Quill"]
    report, store = load(
        tmp_path,
        "openpolicedata",
        capsys,
        calls_for_service="\n".join(calls) + "\n",
        stops="\n".join(stops) + "\n",
    )
    assert (report["contacts"], report["dropped_columns"]) == (1, ["OFFICER_NAME"])
    assert rows_of(store, "SELECT CAST(received_at AS VARCHAR) FROM calls ORDER BY 1") == [
        ("2021-03-05 09:45:00",),
        ("2021-03-06 00:05:00",),
    ]
    assert rows_of(store, "SELECT count(*) FROM calls SEMI JOIN contacts USING (incident_id)") == [
        (1,)
    ]
    assert rows_of(store, "SELECT race, age_band, sex FROM contacts") == [("white", None, None)]


def test_evaluate_says_what_these_frames_cannot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, store = load(tmp_path, "openpolicedata", capsys, use_of_force=lines(FORCE, USES))
    found = verdicts(store, capsys, "force", "arrest", "injury", "subject_injury", "voluntary_care")
    assert set(found.values()) == {"not_recorded"}
    assert rows_of(
        store, "SELECT count(outcome_force), count(exposure_primary) FROM encounters"
    ) == [(0, 0)]


def test_bad_values_are_counted_or_rejected_without_being_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [use(f"G{n}") for n in range(40)]
    rows.append(use("B1", SUBJECT_RE_GROUP="{0: 'WHITE', 1: 'BLACK'}", SUBJECT_AGE="-4"))
    rows.append(use("B2", SUBJECT_AGE="", SUBJECT_AGE_RANGE="20-29", SUBJECT_GENDER="?"))
    rows.append(use("B3", DATETIME="2021-02-30 25:61:00"))
    report, store = load(tmp_path, "openpolicedata", capsys, use_of_force=lines(FORCE, rows))
    assert report["unknown_values"] == {
        "age_band": {"-4": 1, "20-29": 1},
        "race": {"{0: 'WHITE', 1: 'BLACK'}": 1},
        "sex": {"?": 1},
    }
    assert rows_of(store, "SELECT file, row_number, column_name, reason FROM rejected") == [
        ("use_of_force.csv", 43, "DATETIME", "not a date or time")
    ]
    assert count(store, "contacts") == 42


def test_a_frame_without_any_time_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, error = refused(
        tmp_path, "openpolicedata", capsys, stops="INCIDENT_ID,SUBJECT_RACE\n1,W\n"
    )
    assert code == 2
    assert "stops.csv: no column 'DATETIME'" in error and "nor any other it could read" in error
