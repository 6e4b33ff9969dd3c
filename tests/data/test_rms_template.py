"""The crisis template of a records system: a column for each box, DK, padding, hours without zeros."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import mapping
from data.registry import DISPOSITIONS
from tests.data.exports import count, rows_of
from tests.data.formats import assert_nothing_personal, lines, load, refused, verdicts

BOXES = [
    header
    for table in ("dispositions", "contact_codes")
    for header, _ in next(iter(mapping.read("rms_template").tables[table].columns.values())).boxes
    if header != "CHBK_DISPO_VOLUNTARY_COMMIT"
]
HEADER = [
    *("TEMPLATE_ID", "GO_ID", "REPORTED_ON_DATE", "REPORTED_ON_TIME", "REPORTED_BY"),
    *("REPORTED_BY_TRANS", "CHBK_CITOFF_REQUESTED", "CHBK_CITOFF_DISPATCHED"),
    *("CHBK_CITOFF_ARRIVED", "CHBK_HANDCUFFS", "CHBK_REPORTABLE_FORCE_USED", "CIT_CERTIFIED_YN"),
    *("SUPV_RESPONDED_SCENE_YN", "CRISIS_CONTACTED_VET_YN_UNK", "NO_ARR_BUT_CHARGEABLE_YN"),
    *("INVOL_HOSPITAL_TRANSPORT_TO", "VOL_HOSPITAL_TRANSPORT_TO", "PIN", "SEX", "RACE"),
    *("SURNAME", "G1", "DOB", "YOB", "SSN", "ADDRESS", "REMARKS", "CRISIS_NARRATIVE"),
    *("INJURY_DESC", "CITY", "HEIGHT"),
    *BOXES,
]
PERSON = {
    "REPORTED_BY_TRANS": "QUILL, O",
    "SURNAME": "  Quill  ",
    "G1": "Ottoline",
    "DOB": "1975-01-02",
    "YOB": "1975",
    "SSN": "123-45-6789",
    "ADDRESS": "9 Elm Row",
    "REMARKS": "in a rage",
    "CRISIS_NARRATIVE": "Ottoline Quill said",
    "INJURY_DESC": "Quill's arm",
    "CITY": "Elmford",
    "HEIGHT": "5'6",
}


def form(number: int, time: str = "945", **cells: str) -> dict[str, str]:
    """Return one form: filled in, no box ticked, CIT certified."""
    return {
        "TEMPLATE_ID": str(number),
        "GO_ID": f"   {number:012d}   ",
        "REPORTED_ON_DATE": "      03/05/2024",
        "REPORTED_ON_TIME": f"       {time}",
        "REPORTED_BY": "007497 ",
        "SUPV_RESPONDED_SCENE_YN": " N",
        "CIT_CERTIFIED_YN": "Y ",
        "PIN": f"{number + 5000}",
        **PERSON,
        **cells,
    }


FORMS = [
    form(1, "945", CHBK_REPORTABLE_FORCE_USED="    X", CHBK_DISPO_ARRESTED="X", CHBK_WPN_KNIFE="X"),
    form(2, "5", CHBK_DISPO_EMERGENT_ITA="X", INVOL_HOSPITAL_TRANSPORT_TO="ST QUILL HOSPITAL"),
    form(3, "0", CHBK_DISPO_NO_ACTION_POSS_NECC="x", CHBK_CITOFF_ARRIVED="X", SEX="F", RACE=" W"),
    # three boxes of one set, two of another
    form(
        4,
        "2359",
        CHBK_DISPO_CRISIS_CLINIC="X",
        CHBK_DISPO_GRAT="X",
        CHBK_DISPO_TREATMENT_REFERRAL="X",
        CHBK_UNKNOWN_CRISIS_NATURE="X",
        CHBK_EXCITED_DELIRIUM="X",
        CHBK_VERBALIZATION="X",
        REPORTED_BY="7497",
    ),
    # not proved filled in: every blank box stays not recorded
    form(5, "130", SUPV_RESPONDED_SCENE_YN="  ", CIT_CERTIFIED_YN=""),
    # answered "don't know"
    form(6, "1200", CRISIS_CONTACTED_VET_YN_UNK="  UNK", THREATEN_VIOLENCE_YN_DK="DK"),
    form(7, "1201", NO_ARR_BUT_CHARGEABLE_YN="Y", CHBK_HANDCUFFS="X", CIT_CERTIFIED_YN="N"),
    form(8, "945.0", CHBK_DISPO_UNABLE_TO_CONTACT="X", THREATEN_VIOLENCE_YN_DK="Yes"),
]


def test_the_sample_gives_what_was_counted_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, store = load(tmp_path, "rms_template", capsys, forms=lines(HEADER, FORMS))
    assert (report["rows_read"], report["contacts"]) == (8, 8)
    assert (report["rejected"], report["unknown_values"]) == ({}, {})
    assert set(PERSON) <= set(report["dropped_columns"])
    assert report["unused_columns"] == []
    assert rows_of(
        store, "SELECT strftime(contact_at, '%H:%M') FROM contacts ORDER BY contact_at"
    ) == [
        ("00:00",),
        ("00:05",),
        ("01:30",),
        ("09:45",),
        ("09:45",),
        ("12:00",),
        ("12:01",),
        ("23:59",),
    ]
    assert rows_of(
        store,
        "SELECT force_used, count(*) FROM contacts GROUP BY 1 ORDER BY 2, 1",
    ) == [("yes", 1), (None, 1), ("no", 6)]
    assert rows_of(
        store, "SELECT restrained, contact_made, count(*) FROM contacts GROUP BY ALL ORDER BY 3, 1"
    ) == [("handcuffs", "yes", 1), ("none", "no", 1), (None, None, 1), ("none", "yes", 5)]
    assert rows_of(store, "SELECT veteran, count(*) FROM contacts GROUP BY 1 ORDER BY 2") == [
        ("unknown", 1),
        (None, 7),
    ]
    assert rows_of(
        store,
        "SELECT transported_to, transport_voluntary FROM contacts WHERE transported_to NOT NULL",
    ) == [("emergency_department", "involuntary")]
    assert count(store, "contacts", "chargeable = 'yes'") == 2
    # padded or not, one officer
    assert rows_of(store, "SELECT count(DISTINCT officer_key) FROM contact_officers") == [(1,)]


def test_every_box_ticked_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, store = load(tmp_path, "rms_template", capsys, forms=lines(HEADER, FORMS))
    assert rows_of(
        store, "SELECT disposition, raw_disposition FROM dispositions ORDER BY 1, 2"
    ) == [
        ("arrest_booking_unknown", "CHBK_DISPO_ARRESTED"),
        ("crisis_line", "CHBK_DISPO_CRISIS_CLINIC"),
        ("hold_involuntary", "CHBK_DISPO_EMERGENT_ITA"),
        ("no_action", "CHBK_DISPO_NO_ACTION_POSS_NECC"),
        ("referred_provider", "CHBK_DISPO_GRAT"),
        ("referred_provider", "CHBK_DISPO_TREATMENT_REFERRAL"),
        ("unable_to_contact", "CHBK_DISPO_UNABLE_TO_CONTACT"),
    ]
    assert rows_of(
        store, "SELECT kind, code, count(*) FROM contact_codes GROUP BY ALL ORDER BY ALL"
    ) == [
        ("behavior", "threatened_violence", 1),
        ("nature", "unknown", 1),
        ("technique", "verbalization", 1),
        ("weapon", "knife", 1),
    ]
    # A form with no box ticked does not say how it ended: not recorded, never no.
    assert rows_of(
        store, "SELECT outcome_arrest, count(*) FROM encounters GROUP BY 1 ORDER BY 2"
    ) == [(True, 1), (None, 3), (False, 4)]


def test_nothing_identifying_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, store = load(tmp_path, "rms_template", capsys, forms=lines(HEADER, FORMS))
    assert "Quill" not in str(report) and "ST QUILL" not in str(report)
    assert_nothing_personal(store)


def test_evaluate_answers_what_the_template_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, store = load(tmp_path, "rms_template", capsys, forms=lines(HEADER, FORMS))
    found = verdicts(store, capsys, "force", "arrest", "injury", "officer_injury", "claim")
    assert found["force"] == "too_few"
    # The one form whose officer was not certified does not say how it ended.
    assert found["arrest"] == "no_comparison"
    assert found["injury"] == found["officer_injury"] == found["claim"] == "not_recorded"


def test_unknown_codes_are_counted_and_are_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = [
        form(9, CHBK_DISPO_ARRESTED="maybe", CHBK_DISPO_CHRONIC="X", RACE="Z"),
        form(10, CHBK_DISPO_ARRESTED="maybe", CHBK_REPORTABLE_FORCE_USED="?"),
        form(11, CHBK_MANIA="see 123-45-6789"),
    ]
    report, store = load(tmp_path, "rms_template", capsys, forms=lines(HEADER, FORMS + odd))
    assert report["unknown_values"] == {
        "CHBK_DISPO_ARRESTED": {"maybe": 2},
        "CHBK_MANIA": {"(withheld: looks identifying)": 1},
        "chargeable": {"maybe": 2},
        "force_used": {"?": 1},
        "race": {"Z": 1},
    }
    assert count(store, "contacts", "force_used IS NULL") == 2
    assert count(store, "dispositions", "disposition = 'arrest_booking_unknown'") == 1


@pytest.mark.parametrize("time", ["2460", "999", "2500", "12345", "noon", "-5"])
def test_an_impossible_time_is_rejected_without_its_value(
    time: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [form(n) for n in range(100, 130)]
    report, store = load(
        tmp_path, "rms_template", capsys, forms=lines(HEADER, [*good, form(9, time)])
    )
    assert report["rejected"] == {"not a date or time": 1} and report["contacts"] == 30
    assert rows_of(store, "SELECT file, row_number, column_name FROM rejected") == [
        ("forms.csv", 31, "REPORTED_ON_DATE")
    ]
    assert time not in str(report["rejected"])


def test_boxes_that_all_hold_something_else_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ones = [form(n, CHBK_DISPO_CHRONIC="1") for n in range(1, 5)]
    code, error = refused(tmp_path, "rms_template", capsys, forms=lines(HEADER, ones))
    assert code == 2
    assert "boxes of dispositions covers none of the values in 'CHBK_DISPO_CHRONIC'" in error
    assert not (tmp_path / "store" / "current").exists()


def test_a_template_without_a_box_cannot_say_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fewer = [h for h in HEADER if h != "CHBK_DISPO_EMERGENT_ITA"]
    rows = [{k: v for k, v in f.items() if k in fewer} for f in FORMS]
    _, store = load(tmp_path, "rms_template", capsys, forms=lines(fewer, rows))
    assert rows_of(store, "SELECT count(outcome_emergency_hold) FROM encounters") == [(0,)]
    none = [h for h in HEADER if not h.startswith(("CHBK_DISPO_", "CHBK_DSIPO_"))]
    text = lines([*none, "CHBK_DISPO_ARRESTED"], []).replace(",CHBK_DISPO_ARRESTED", "")
    code, error = refused(tmp_path, "rms_template", capsys, forms=text + "," * len(none) + "\n")
    assert code == 2 and "no column 'CHBK_DISPO_" in error


def test_dispositions_are_the_registrys(tmp_path: Path) -> None:
    known = {d.code for d in DISPOSITIONS}
    for name in mapping.names():
        dispositions = mapping.read(name).tables.get("dispositions")
        if dispositions is not None:
            assert set(dispositions.columns["disposition"].codes or ()) <= known
