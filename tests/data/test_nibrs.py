"""NIBRS segments with the FBI's codes: few of our tables, and not recorded for the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.data.exports import count, rows_of
from tests.data.formats import assert_nothing_personal, lines, load, verdicts

INCIDENT = ["Incident Number", "Incident Date", "Incident Hour", "Total Arrestee Segments", "ORI"]
OFFENSE = ["Incident Number", "UCR Offense Code", "Type Weapon/Force Involved"]
VICTIM = [
    *("Incident Number", "Victim Sequence Number", "Type Of Victim", "Type Injury"),
    *("Victim Name", "Victim DOB"),
]
ARREST = [
    *("Incident Number", "Type Of Arrest", "UCR Arrest Offense Code", "Arrestee Name", "SSN"),
    *("Age Of Arrestee", "Arrestee Was Armed With"),
]
PERSON = {"Arrestee Name": "Quill, Ottoline", "SSN": "123-45-6789", "Victim Name": "Ottoline"}


def incident(
    number: int, arrests: int = 0, hour: str = "14", day: str = "20240305"
) -> dict[str, str]:
    """Return one administrative segment."""
    return dict(zip(INCIDENT, [f"I{number}", day, hour, f"{arrests}", "WA0000000"], strict=True))


def offense(number: int, weapon: str, code: str = "13A") -> dict[str, str]:
    """Return one offense segment."""
    return dict(zip(OFFENSE, [f"I{number}", code, weapon], strict=True))


def victim(number: int, seq: int, kind: str, injury: str) -> dict[str, str]:
    """Return one victim segment."""
    return dict(zip(VICTIM, [f"I{number}", f"{seq}", kind, injury], strict=False)) | {
        "Victim Name": "Ottoline Quill",
        "Victim DOB": "1975-01-02",
    }


def arrest(number: int, kind: str, code: str = "13A") -> dict[str, str]:
    """Return one arrestee segment."""
    return dict(zip(ARREST, [f"I{number}", kind, code], strict=False)) | {
        "Arrestee Name": "Quill, Ottoline",
        "SSN": "123-45-6789",
        "Age Of Arrestee": "34",
    }


INCIDENTS = [incident(1, 1, "0"), incident(2, 1, "23"), incident(3, 2), incident(4), incident(5, 1)]
OFFENSES = [
    offense(1, "20"),
    offense(1, "12A"),
    offense(2, "99"),
    offense(3, "40"),
    offense(4, "", "290"),
    offense(5, "90"),
]
VICTIMS = [
    victim(1, 1, "L", "M"),
    victim(1, 2, "I", "N"),
    victim(2, 1, "I", "B"),
    victim(3, 1, "S", ""),
]
ARRESTS = [arrest(1, "O"), arrest(2, "S"), arrest(3, "S"), arrest(3, "T"), arrest(5, "T", "90C")]


def sample() -> dict[str, str]:
    """Return the four files of the sample."""
    return {
        "administrative": lines(INCIDENT, INCIDENTS),
        "offenses": lines(OFFENSE, OFFENSES),
        "victims": lines(VICTIM, VICTIMS),
        "arrestees": lines(ARREST, ARRESTS),
    }


def test_the_sample_gives_what_was_counted_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, store = load(tmp_path, "nibrs", capsys, **sample())
    assert (report["rows_read"], report["contacts"]) == (20, 5)
    assert (report["rejected"], report["unknown_values"]) == ({}, {})
    assert set(report["dropped_columns"]) == {"Victim Name", "Victim DOB", "Arrestee Name", "SSN"}
    assert rows_of(store, "SELECT CAST(contact_at AS VARCHAR) FROM contacts ORDER BY 1") == [
        (f"2024-03-05 {h}:00:00",) for h in ("00", "14", "14", "14", "23")
    ]
    # I4 had nobody arrested; I5 a Group B arrest, which has no incident and is left out.
    assert rows_of(
        store, "SELECT outcome_arrest, count(*) FROM encounters GROUP BY 1 ORDER BY 1 NULLS LAST"
    ) == [(False, 2), (True, 2), (None, 1)]
    assert rows_of(
        store,
        "SELECT disposition, raw_disposition, count(*) FROM dispositions GROUP BY ALL ORDER BY 2",
    ) == [
        ("arrest_booking_unknown", "O", 1),
        ("cited_released", "S", 2),
        ("arrest_booking_unknown", "T", 1),
    ]
    assert rows_of(store, "SELECT kind, code FROM contact_codes ORDER BY 2") == [
        ("weapon", "gun"),
        ("weapon", "knife"),
        ("weapon", "other"),
    ]
    assert rows_of(store, "SELECT who, cause, severity FROM injuries ORDER BY 1") == [
        ("officer", "subject_assault", "minor"),
        ("third_party", "unknown", "serious"),
    ]
    assert_nothing_personal(store)


def test_evaluate_compares_nothing_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, store = load(tmp_path, "nibrs", capsys, **sample())
    outcomes = ("force", "arrest", "injury", "emergency_hold", "jail_booking", "voluntary_care")
    assert set(verdicts(store, capsys, *outcomes).values()) == {"not_recorded"}
    for outcome in ("force", "injury", "emergency_hold", "voluntary_care"):
        assert rows_of(store, f"SELECT count(outcome_{outcome}) FROM encounters") == [(0,)]


def test_bad_values_are_counted_or_rejected_without_being_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    incidents = [incident(n) for n in range(1, 100)]
    incidents += [incident(100, hour="24"), incident(101, hour="30"), incident(102, day="20240230")]
    report, store = load(
        tmp_path,
        "nibrs",
        capsys,
        administrative=lines(INCIDENT, incidents),
        arrestees=lines(ARREST, [arrest(1, "O"), arrest(2, "Q"), arrest(999, "O")]),
        victims=lines(VICTIM, [victim(1, 1, "L", "M"), victim(2, 1, "I", "Z")]),
        offenses=lines(OFFENSE, [offense(1, "20"), offense(2, "77")]),
    )
    assert report["unknown_values"] == {
        "code": {"77": 1},
        "disposition": {"Q": 1},
        "severity": {"Z": 1},
    }
    assert rows_of(
        store, "SELECT file, row_number, column_name, reason FROM rejected ORDER BY 1, 2"
    ) == [
        ("administrative.csv", 100, "Incident Date", "not a date or time"),
        ("administrative.csv", 101, "Incident Date", "not a date or time"),
        ("administrative.csv", 102, "Incident Date", "not a date or time"),
        ("arrestees.csv", 3, "Incident Number", "dispositions: no such contact"),
        ("offenses.csv", 2, "Type Weapon/Force Involved", "no code"),
    ]
    assert count(store, "contacts") == 99
