"""Claims and their valuations, complaints, documents: loaded, never replaced, joined to contacts."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import ingest, mapping
from data.errors import TooManyRejectedError
from data.store import Store
from tests.data.exports import column
from tests.data.test_outcome_tables import load, numbered

CLAIMS = "claim_id,contact_id,line,occurred_on,reported_on,privileged;"
VALUATIONS = "claim_id,valued_on,paid_loss,reserve_loss,status;"


def rows(store: Store, sql: str) -> list[tuple[object, ...]]:
    return store.current().cursor().execute(sql).fetchall()


def test_a_newer_loss_run_adds_and_changes_nothing_older(tmp_path: Path) -> None:
    claims = CLAIMS + "L1,C-1,law_enforcement_liability,2024-03-01,2024-03-04,no"
    load(
        tmp_path,
        contacts=numbered(3),
        claims=claims,
        claim_valuations=VALUATIONS + "L1,2024-06-30,100,900,open",
    )
    report, store = load(
        tmp_path,
        claim_valuations=VALUATIONS + "L1,2024-12-31,500,250,open;L1,2025-06-30,700,0,closed",
    )
    assert report.rejected == {}
    ask = "SELECT valued_on::VARCHAR, paid_loss, reserve_loss, status FROM claim_valuations ORDER BY 1"
    assert rows(store, ask) == [
        ("2024-06-30", 100.0, 900.0, "open"),
        ("2024-12-31", 500.0, 250.0, "open"),
        ("2025-06-30", 700.0, 0.0, "closed"),
    ]


def test_an_older_valuation_with_other_figures_is_refused(tmp_path: Path) -> None:
    many = ";".join(f"L{i},2024-06-30,{i},10,open" for i in range(1, 41))
    _, store = load(tmp_path, contacts=numbered(3), claim_valuations=VALUATIONS + many)
    restated = VALUATIONS + many.replace("L7,2024-06-30,7,10", "L7,2024-06-30,7,99")
    report, store = load(tmp_path, claim_valuations=restated)
    assert report.rejected == {
        "claim_valuations: was loaded before with other figures, which stay": 1
    }
    assert rows(store, "SELECT sum(reserve_loss), count(*) FROM claim_valuations") == [(400.0, 40)]


def test_the_same_loss_run_again_changes_nothing(tmp_path: Path) -> None:
    run = VALUATIONS + "L1,2024-06-30,100,900,open;L2,2024-06-30,,,open"
    load(tmp_path, contacts=numbered(2), claim_valuations=run)
    report, _ = load(tmp_path, claim_valuations=run)
    assert not report.changed
    assert report.rejected == {}


def test_a_loss_run_restated_throughout_publishes_nothing(tmp_path: Path) -> None:
    load(tmp_path, contacts=numbered(2), claim_valuations=VALUATIONS + "L1,2024-06-30,1,2,open")
    with pytest.raises(TooManyRejectedError, match="with other figures"):
        load(tmp_path, claim_valuations=VALUATIONS + "L1,2024-06-30,1,3,open")


def test_what_is_privileged_or_may_be_leaves_no_trace(tmp_path: Path) -> None:
    claims = CLAIMS + ";".join(
        [
            "L1,C-1,law_enforcement_liability,2024-03-01,2024-04-01,no",
            "L2,C-2,law_enforcement_liability,2024-03-02,2024-04-01,yes",
            "L3,C-3,law_enforcement_liability,2024-03-03,2024-04-01,",
            "L4,C-4,workers_compensation,2024-03-04,2024-03-06,no",
            "L5,,general_liability,2024-03-04,2024-03-05,no",
        ]
    )
    _, store = load(tmp_path, contacts=numbered(6), claims=claims)
    assert column(store, "outcome_claim", "encounters") == [
        *("true", "false", "false", "false", "false", "false")
    ]


def test_claims_none_of_which_may_be_shown_say_nothing(tmp_path: Path) -> None:
    claims = (
        CLAIMS + "L1,C-1,general_liability,2024-03-01,2024-06-01,yes;L2,C-2,,2024-03-01,2024-06-01,"
    )
    _, store = load(tmp_path, contacts=numbered(2), claims=claims)
    assert column(store, "outcome_claim", "encounters") == [None, None]


def test_after_the_last_claim_nobody_can_say(tmp_path: Path) -> None:
    claims = CLAIMS + "L1,C-1,general_liability,2024-03-01,2024-03-03,no"
    _, store = load(tmp_path, contacts=numbered(5), claims=claims)
    assert column(store, "outcome_claim", "encounters") == ["true", "false", "false", None, None]


def test_a_complaint_by_incident_is_a_yes_only_where_the_incident_has_one_contact(
    tmp_path: Path,
) -> None:
    contacts = "contact_id,incident_id,contact_at;" + ";".join(
        f"C-{i},{incident},2024-03-0{i} 10:00"
        for i, incident in enumerate(("I1", "I2", "I2", "I3"), 1)
    )
    complaints = (
        "complaint_id,allegation,contact_id,incident_id,kind,received_on;"
        "Q1,force,,I1,complaint,2024-05-01;Q2,bias,,I2,complaint,2024-05-01;"
        "Q3,none,C-4,,commendation,2024-05-01"
    )
    _, store = load(tmp_path, contacts=contacts, complaints=complaints)
    assert column(store, "outcome_complaint", "encounters") == ["true", None, None, "false"]


def test_a_document_is_late_or_lacking_only_once_it_is_due(tmp_path: Path) -> None:
    documents = (
        "contact_id,document,required,due_at,submitted_at,fields_required,fields_filled;"
        "C-1,crisis_form,yes,2024-03-02 10:00,2024-03-01 12:00,10,10;"
        "C-2,crisis_form,yes,2024-03-03 10:00,2024-03-02 12:00,10,9;"
        "C-3,crisis_form,yes,2024-03-04 10:00,,10,;"
        "C-4,crisis_form,yes,2024-03-20 10:00,,10,;"
        "C-5,crisis_form,no,2024-03-06 10:00,,10,;"
        "C-1,force_report,yes,2024-03-02 10:00,2024-03-02 09:59,5,5;"
        "C-2,force_report,yes,2024-03-03 10:00,2024-03-04 10:00,5,5"
    )
    _, store = load(tmp_path, contacts=numbered(6), documents=documents)
    assert column(store, "outcome_form_complete", "encounters")[:4] == [
        *("true", "false", "false", None)
    ]
    assert column(store, "eligible_form_complete", "encounters") == [
        *["true"] * 4,
        "false",
        "false",
    ]
    assert column(store, "outcome_report_on_time", "encounters")[:2] == ["true", "false"]
    assert column(store, "eligible_report_on_time", "encounters")[2:] == ["false"] * 4


def test_force_reports_stand_in_where_no_documents_are_loaded(tmp_path: Path) -> None:
    force = (
        "contact_id,force_id,seq,category,display_only,report_due_at,report_filed_at;"
        "C-1,F1,1,ced_used,no,2024-03-02 10:00,2024-03-02 09:00;"
        "C-2,F2,1,ced_used,no,2024-03-03 10:00,2024-03-03 10:01;"
        "C-3,F3,1,display,yes,2024-03-04 10:00,;C-4,F4,1,ced_used,no,2024-03-05 10:00,"
    )
    _, store = load(tmp_path, contacts=numbered(6), force_events=force)
    found = column(store, "outcome_report_on_time", "encounters")
    assert [found[0], found[1], found[3]] == ["true", "false", "false"]
    assert column(store, "eligible_report_on_time", "encounters") == [
        *("true", "true", "false", "true", "false", "false")
    ]


def test_a_hold_form_is_complete_with_all_five(tmp_path: Path) -> None:
    five = "on_prescribed_form,states_belief_of_danger,states_nature_of_danger,"
    holds = (
        f"contact_id,hold_id,{five}states_observations,states_facts_of_notice;"
        "C-1,H1,yes,yes,yes,yes,yes;C-2,H2,yes,yes,,no,yes;C-3,H3,yes,yes,,yes,yes"
    )
    _, store = load(tmp_path, contacts=numbered(4), holds=holds)
    assert column(store, "outcome_hold_form_complete", "encounters") == [
        *("true", "false", None, None)
    ]
    assert column(store, "eligible_hold_form_complete", "encounters") == [
        *("true", "true", "true", "false")
    ]


def test_a_mapping_of_ones_own_may_name_the_contact_of_a_claim(tmp_path: Path) -> None:
    own = {
        "mapping": {"name": "own", "title": "Own", "edition": "1", "source": "own", "key": "id"},
        "contacts": {"columns": {"contact_at": {"from": "day"}}},
        "claims": {
            "file": "losses",
            "columns": {"claim_id": {"from": "number"}, "contact_id": {"from": "form"}},
        },
    }
    (tmp_path / "forms.csv").write_text("id,day\n7,2024-03-01\n8,2024-03-02\n")
    (tmp_path / "losses.csv").write_text("number,form\nA1,7\n")
    store = Store(tmp_path / "store")
    ingest.load(
        store,
        [tmp_path / "forms.csv", tmp_path / "losses.csv"],
        mapping.parse(own, "own"),
        agency_id="TEST",
    )
    linked = "SELECT count(*) FROM claims JOIN contacts USING (agency_id, contact_id)"
    assert rows(store, linked) == [(1,)]


def test_a_list_that_never_says_what_came_says_nothing_of_lateness(tmp_path: Path) -> None:
    documents = "contact_id,document,required,due_at;C-1,crisis_form,yes,2024-03-02 10:00"
    _, store = load(tmp_path, contacts=numbered(3), documents=documents)
    assert column(store, "eligible_form_complete", "encounters") == [None, None, None]
    assert column(store, "eligible_report_on_time", "encounters") == [None, None, None]
