"""The simulated agency: canonical, consistent, repeatable, and true to what it says of itself."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from data import ingest, mapping, schema
from data.errors import UserError
from data.identifying import identifies
from data.simulate import Simulation, simulate, write
from data.simulation.columns import DATES
from data.store import Store
from tests.conftest import SHARED

CONTACTS = 20_000
OUTCOMES = ("force", "injury", "arrest", "voluntary_care", "emergency_hold")
DURING = (
    "officer_force",
    "subject_assault",
    "self_inflicted_during",
    "accident",
    "restraint_or_transport",
)
KEYS = {
    "agencies": ("agency_id",),
    "districts": ("district_id",),
    "shifts": ("shift_id",),
    "service_providers": ("provider_id",),
    "events": ("event_id",),
    "program_elements": ("element", "as_of"),
    "officers": ("officer_key",),
    "assignments": ("officer_key", "from_date"),
    "certifications": ("officer_key", "credential", "certified_on"),
    "trainings": ("officer_key", "course_id", "completed_on"),
    "rosters": ("officer_key", "duty_date", "shift_id"),
    "calls": ("call_id",),
    "call_units": ("call_id", "officer_key"),
    "contacts": ("contact_id",),
    "contact_officers": ("contact_id", "officer_key"),
    "dispositions": ("contact_id", "disposition"),
    "contact_codes": ("contact_id", "kind", "code"),
    "bookings": ("booking_id",),
    "transports": ("contact_id", "seq"),
    "holds": ("hold_id",),
    "referrals": ("referral_id",),
    "follow_ups": ("follow_up_id",),
    "force_events": ("force_id", "seq"),
    "injuries": ("injury_id",),
    "critical_events": ("critical_id",),
    "complaints": ("complaint_id", "allegation"),
    "claims": ("claim_id",),
    "claim_valuations": ("claim_id", "valued_on"),
    "documents": ("contact_id", "document"),
}


@pytest.fixture(scope="module")
def agency() -> Simulation:
    return simulate(CONTACTS, 7, potential=True)


@pytest.fixture(scope="module")
def contacts(agency: Simulation) -> pd.DataFrame:
    return agency.tables["contacts"]


def yes_share(column: pd.Series) -> float:
    said = column[column.isin(["yes", "no"])]
    return float((said == "yes").mean())


def same_tables(one: Simulation, other: Simulation) -> None:
    assert list(one.tables) == list(other.tables)
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, other.tables[name])
    assert json.dumps(one.truth) == json.dumps(other.truth)


def test_the_same_seed_gives_the_same_agency_and_another_seed_another() -> None:
    one = simulate(1_500, 3)
    same_tables(one, simulate(1_500, 3))
    other = simulate(1_500, 4)
    assert not one.tables["contacts"].equals(other.tables["contacts"])


def test_it_says_that_it_is_simulated(agency: Simulation) -> None:
    assert agency.tables["agencies"]["agency_name"].tolist() == [
        "Simulated City Police (simulated)"
    ]
    assert agency.tables["agencies"].notna().all(axis=None)
    assert agency.truth["simulated"] is True


@pytest.mark.parametrize("name", sorted(KEYS))
def test_keys_are_unique_and_filled(agency: Simulation, name: str) -> None:
    frame = agency.tables[name]
    assert len(frame) > 0
    assert frame[list(KEYS[name])].notna().all(axis=None)
    assert not frame.duplicated(list(KEYS[name])).any()


def test_every_table_is_known_to_these_tests(agency: Simulation) -> None:
    assert set(agency.tables) == set(KEYS)
    assert len(agency.tables["contacts"]) == CONTACTS
    assert agency.tables["contacts"]["contact_id"].iloc[0] == "C000001"


def test_columns_and_values_fit_the_schema(agency: Simulation) -> None:
    known = schema.tables()
    for name in mapping.importable_tables():
        if name not in agency.tables:
            continue
        frame = agency.tables[name]
        for column in known[name].importable:
            if column.name in frame and column.values:
                odd = set(frame[column.name].dropna().astype(str)) - set(column.values)
                assert not odd, f"{name}.{column.name}"


@pytest.mark.slow
def test_columns_and_values_fit_the_dictionary(agency: Simulation) -> None:
    path = SHARED / "DICTIONARY.md"
    if not path.exists():
        pytest.skip("the data dictionary is not here")
    table, allowed = "", {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"### (\w+)", line):
            table = heading[1]
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 7 and table:
            for column in re.findall(r"\w+", cells[0]):
                allowed[table, column] = (cells[1], re.findall(r"\w+", cells[5]))
    for name, frame in agency.tables.items():
        for column in frame:
            if column == "agency_id":
                continue
            assert (name, column) in allowed, f"{name}.{column}"
            kind, values = allowed[name, column]
            found = set(frame[column].dropna().astype(str))
            if kind == "tri":
                assert found <= {"yes", "no", "unknown"}, f"{name}.{column}"
            elif kind == "enum" and ", " in " ".join(values) + ", " and len(values) > 3:
                prose = {"contacts", "section", "OPD", "list", "as"} & set(values)
                assert prose or found <= set(values), f"{name}.{column}"


def test_no_header_looks_like_a_person_and_keys_are_numbers(agency: Simulation) -> None:
    for name, frame in agency.tables.items():
        assert not [c for c in frame if identifies(c)], name
        for column in frame:
            if column.endswith("_key") or column in ("contact_id", "incident_id", "call_id"):
                assert frame[column].dropna().str.fullmatch(r"[A-Z]\d{4,7}").all(), column


def test_references_hold(agency: Simulation) -> None:
    tables = agency.tables
    for name, frame in tables.items():
        for column, parent in (
            ("contact_id", "contacts"),
            ("officer_key", "officers"),
            ("call_id", "calls"),
            ("claim_id", "claims"),
            ("provider_id", "service_providers"),
            ("district_id", "districts"),
            ("shift_id", "shifts"),
        ):
            if column in frame:
                assert frame[column].dropna().isin(tables[parent][column]).all(), (name, column)
        if "incident_id" in frame:
            assert frame["incident_id"].dropna().isin(tables["calls"]["incident_id"]).all(), name


def test_base_rates_are_like_published_ones(agency: Simulation, contacts: pd.DataFrame) -> None:
    injured = (contacts["subject_injured"] == "yes") | (contacts["officer_injured"] == "yes")
    arrested = contacts["custody"].dropna().astype(str).str.startswith("arrested")
    assert 0.012 < yes_share(contacts["force_used"]) < 0.022
    assert 0.009 < injured.mean() < 0.020
    assert 0.07 < arrested.mean() < 0.11
    assert 0.23 < yes_share(contacts["hold"]) < 0.31
    assert 0.38 < yes_share(contacts["primary_officer_cit"]) < 0.56
    care = agency.truth["outcomes"]["voluntary_care"]["primary"]["naive"]
    assert 0.19 < (care["cit"]["events"] + care["other"]["events"]) / CONTACTS < 0.27
    # About 12 calls in 13 have a form; some people come back often, most do not.
    assert 0.90 < CONTACTS / len(agency.tables["calls"]) < 0.95
    visits = contacts["person_key"].value_counts()
    assert (visits == 1).mean() > 0.6
    assert visits.max() > 15
    assert 1.5 < len(agency.tables["contact_officers"]) / CONTACTS < 2.6
    assert contacts["force_used"].isna().mean() > 0.005
    assert (contacts["veteran"] == "unknown").mean() > 0.03


def test_there_is_one_reporting_officer_and_the_flag_agrees_with_the_certificates(
    agency: Simulation, contacts: pd.DataFrame
) -> None:
    team = agency.tables["contact_officers"]
    primary = team[team["scene_role"] == "reporting"]
    assert len(primary) == len(contacts)
    assert primary["contact_id"].is_unique
    joined = contacts[["contact_id", "contact_at", "primary_officer_cit"]].merge(
        primary[["contact_id", "officer_key"]], on="contact_id"
    )
    held = agency.tables["certifications"]
    held = held[held["credential"].isin(["cit_40h", "cit_enhanced"])]
    rows = joined.merge(held[["officer_key", "certified_on", "expires_on"]], on="officer_key")
    day = rows["contact_at"].dt.normalize()
    valid = rows[(rows["certified_on"] <= day) & ~(day >= rows["expires_on"])]
    certified = joined["contact_id"].isin(valid["contact_id"])
    said = joined["primary_officer_cit"].notna()
    assert said.mean() > 0.95
    assert ((joined["primary_officer_cit"] == "yes") == certified)[said].all()
    frame = agency.potential
    assert frame is not None
    assert (frame["exposed"].to_numpy() == certified.to_numpy()).all()


def test_some_certificates_lapse_and_volunteers_are_no_recruits(agency: Simulation) -> None:
    held = agency.tables["certifications"]
    last = held[held["credential"] == "cit_40h"].sort_values("certified_on")
    last = last.groupby("officer_key", observed=True).tail(1)
    assert (last["status"] == "lapsed").sum() > 3
    trained = agency.tables["trainings"]
    first = trained[trained["course_kind"] == "cit_40h"]
    officers = agency.tables["officers"]
    patrol = officers.loc[officers["role"] == "patrol_officer", "officer_key"]
    assert (first.loc[first["officer_key"].isin(patrol), "years_service_at_training"] >= 1).all()


def test_outcomes_agree_across_tables(agency: Simulation, contacts: pd.DataFrame) -> None:
    tables = agency.tables
    by_id = contacts.set_index("contact_id")
    injuries = tables["injuries"]
    during = injuries[injuries["cause"].isin(DURING)]
    for who in ("subject", "officer"):
        hurt = set(during.loc[during["who"] == who, "contact_id"])
        assert hurt == set(by_id.index[by_id[f"{who}_injured"] == "yes"])
    force = tables["force_events"]
    used = set(force.loc[force["display_only"] == "no", "contact_id"])
    assert used == set(by_id.index[by_id["force_used"] == "yes"])
    ended = tables["dispositions"]
    holds = set(ended.loc[ended["disposition"] == "hold_involuntary", "contact_id"])
    assert holds == set(tables["holds"]["contact_id"])
    assert set(by_id.index[by_id["hold"] == "yes"]) <= holds
    arrests = ended["disposition"].isin(["arrest_booked", "arrest_booking_unknown"])
    custody = by_id["custody"].astype("str").str.startswith("arrested").fillna(False)
    assert set(by_id.index[custody.astype(bool)]) <= set(ended.loc[arrests, "contact_id"])
    none = by_id.index[by_id["contact_made"] == "no"]
    assert not by_id.loc[none, ["force_used", "hold"]].isin(["yes"]).any(axis=None)


def test_papers_carry_the_same_time_in_every_table(agency: Simulation) -> None:
    tables = agency.tables
    papers = tables["documents"].set_index(["document", "contact_id"])
    for document, frame, ours, theirs in (
        ("force_report", tables["force_events"], "report_filed_at", "submitted_at"),
        ("force_report", tables["force_events"], "report_due_at", "due_at"),
        ("hold_form", tables["holds"], "filed_at", "submitted_at"),
        ("crisis_form", tables["contacts"], "form_submitted_at", "submitted_at"),
    ):
        ids = frame[["contact_id", ours]].drop_duplicates().set_index("contact_id")
        paper = papers.loc[document][theirs]
        shared = ids.index.intersection(paper.index)
        assert len(shared) == len(paper)
        pd.testing.assert_series_equal(ids.loc[paper.index, ours], paper, check_names=False)


def test_clocks_run_forward(agency: Simulation, contacts: pd.DataFrame) -> None:
    assert contacts["contact_at"].is_monotonic_increasing
    assert contacts["contact_at"].min() >= pd.Timestamp(2021, 1, 1)
    assert contacts["contact_at"].max() < pd.Timestamp(2026, 1, 1)
    calls, units = agency.tables["calls"], agency.tables["call_units"]
    assert not (calls["received_at"] > calls["dispatched_at"]).any()
    assert not (calls["dispatched_at"] > calls["first_arrived_at"]).any()
    assert not (units["arrived_at"] > units["cleared_at"]).any()
    trips = agency.tables["transports"]
    assert not (trips["arrived_at"] > trips["accepted_at"]).any()
    assert not (contacts["form_submitted_at"] < contacts["cleared_at"]).any()
    # The hour the spring change of clocks leaves out holds no contact.
    gap = pd.Timestamp(2023, 3, 12, 2)
    assert not contacts["contact_at"].between(gap, gap + pd.Timedelta(59, "min")).any()


def test_who_was_at_a_call_is_on_the_roster(agency: Simulation) -> None:
    rosters, units = agency.tables["rosters"], agency.tables["call_units"]
    first = rosters["duty_date"].min()
    units = units.merge(agency.tables["calls"][["call_id", "dispatched_at"]], on="call_id")
    at = units["dispatched_at_y"]
    duty = (at - pd.to_timedelta((at.dt.hour < 6).astype(int), unit="D")).dt.normalize()
    seen = pd.DataFrame({"officer_key": units["officer_key"], "duty_date": duty})
    seen = seen[seen["duty_date"] >= first].drop_duplicates()
    there = rosters[rosters["duty_status"].isin(["worked", "overtime", "held_over"])]
    found = seen.merge(there[["officer_key", "duty_date"]].drop_duplicates())
    assert len(found) == len(seen)


def test_the_dispatch_rule_sends_cit_to_harder_calls(
    agency: Simulation, contacts: pd.DataFrame
) -> None:
    cit = contacts["primary_officer_cit"] == "yes"
    assert cit[contacts["weapon_reported"] == "yes"].mean() > cit.mean() + 0.05
    assert cit[contacts["initial_call_group"] == "suicide"].mean() > cit.mean() + 0.03
    truth = agency.truth["outcomes"]["emergency_hold"]["primary"]
    assert truth["naive"]["risk_difference"] > 2 * truth["recorded"]["risk_difference"]
    large = simulate(150_000, 11).truth["outcomes"]["force"]["primary"]
    assert large["naive"]["risk_ratio"] > large["recorded"]["risk_ratio"] + 0.15


def test_the_truth_is_the_average_of_the_probabilities(agency: Simulation) -> None:
    frame = agency.potential
    assert frame is not None
    for outcome in OUTCOMES:
        truth = agency.truth["outcomes"][outcome]["primary"]
        known = frame[f"{outcome}_recorded"]
        for part, rows in (
            (truth, slice(None)),
            (truth["recorded"], known),
            (truth["recorded_and_reached"], known & frame["reached"]),
        ):
            risk1, risk0 = (frame.loc[rows, f"{outcome}_p{a}"].mean() for a in (1, 0))
            assert part["risk1"] == pytest.approx(risk1, rel=1e-12)
            assert part["risk_difference"] == pytest.approx(risk1 - risk0, rel=1e-9)
            assert part["risk_ratio"] == pytest.approx(risk1 / risk0, rel=1e-12)
        observed = np.where(frame["exposed"], frame[f"{outcome}_y1"], frame[f"{outcome}_y0"])
        assert (observed == frame[f"{outcome}_observed"]).all()
        for arm in (1, 0):
            # Draws scatter around their probabilities, not around something else.
            mean = frame[f"{outcome}_p{arm}_given_officer"].mean()
            error = np.sqrt(mean * (1 - mean) / len(frame))
            assert abs(frame[f"{outcome}_y{arm}"].mean() - mean) < 4.5 * error
        # The same random numbers: only one direction of the effect is ever seen.
        up, down = (
            (frame[f"{outcome}_y1"] > frame[f"{outcome}_y0"]).any(),
            (frame[f"{outcome}_y1"] < frame[f"{outcome}_y0"]).any(),
        )
        if outcome != "voluntary_care":
            assert up != down


def test_probabilities_follow_from_the_parameters_and_the_tables(
    agency: Simulation, contacts: pd.DataFrame
) -> None:
    frame = agency.potential
    assert frame is not None
    given = {
        "call_group": contacts["initial_call_group"],
        "origin": contacts["origin"],
        "priority": contacts["priority"],
        "weapon": contacts["weapon_reported"],
        "violence": contacts["violence_reported"],
        "district": contacts["district_id"],
        "shift": contacts["shift_id"],
        "weekend": contacts["contact_at"].dt.day_of_week.ge(5).map({True: "yes", False: "no"}),
        "year": contacts["contact_at"].dt.year,
    }
    given = {name: column.astype("str") for name, column in given.items()}
    whole = np.logical_and.reduce([c.notna().to_numpy() for c in given.values()])
    whole &= frame["reached"].to_numpy()
    nodes, weights = np.polynomial.hermite.hermgauss(40)
    sd = agency.truth["parameters"]["officer_sd"]
    for outcome in OUTCOMES:
        model = agency.truth["parameters"]["outcomes"][outcome]
        eta = model["intercept"] + sum(
            column[whole].map(model[name]).to_numpy(dtype=float) for name, column in given.items()
        )
        for arm in (0, 1):
            grid = eta[:, None] + arm * model["exposure"] + np.sqrt(2) * sd * nodes
            expected = (1 / (1 + np.exp(-grid))) @ weights / np.sqrt(np.pi)
            np.testing.assert_allclose(frame.loc[whole, f"{outcome}_p{arm}"], expected, rtol=1e-6)


def test_effects_can_be_scaled_set_and_switched_off() -> None:
    none = simulate(2_000, 5, effect_scale=0.0).truth["outcomes"]
    assert all(none[o]["primary"]["risk_difference"] == 0 for o in OUTCOMES)
    strong = simulate(2_000, 5, effects={"force": -1.0}).truth["outcomes"]
    assert strong["force"]["primary"]["risk_ratio"] < 0.45
    assert strong["arrest"]["primary"]["risk_ratio"] < 0.9
    hidden = simulate(2_000, 5, unmeasured=1.0).truth["outcomes"]["emergency_hold"]["primary"]
    plain = simulate(2_000, 5).truth["outcomes"]["emergency_hold"]["primary"]
    assert hidden["naive"]["risk_difference"] > plain["naive"]["risk_difference"] + 0.03


def test_training_everyone_leaves_no_comparison_group() -> None:
    simulation = simulate(3_000, 2, model="all_officers_trained")
    frame = simulation.tables["contacts"]
    assert set(frame["primary_officer_cit"].dropna()) == {"yes"}
    assert simulation.tables["agencies"]["cit_model"].tolist() == ["all_officers_trained"]
    naive = simulation.truth["outcomes"]["force"]["primary"]["naive"]
    assert naive["other"] == {"n": 0, "events": 0, "rate": None}
    assert naive["risk_difference"] is None
    enhanced = simulate(3_000, 2, model="all_trained_plus_enhanced_team")
    assert enhanced.truth["exposure"] == "enhanced"
    assert 0 < enhanced.truth["exposed"] < 3_000
    assert set(enhanced.tables["contacts"]["primary_officer_cit"].dropna()) == {"yes"}


@pytest.mark.parametrize(("n", "officers"), [(1, 1), (40, 3), (400, 12)])
def test_small_agencies_work(n: int, officers: int, tmp_path: Path) -> None:
    simulation = simulate(n, 1, officers=officers, start=date(2022, 7, 1), years=2)
    assert len(simulation.tables["contacts"]) == n
    assert len(simulation.tables["districts"]) == 1
    write(simulation, tmp_path)
    json.dumps(simulation.truth, allow_nan=False)


@pytest.mark.parametrize(
    "options",
    [
        {"contacts": 0},
        {"seed": -1},
        {"years": 0},
        {"officers": 0},
        {"model": "other"},
        {"effects": {"weather": 1.0}},
        {"officer_sd": -1.0},
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UserError, match="simulate"):
        simulate(**({"contacts": 10, "seed": 1} | options))  # type: ignore[arg-type]


def test_written_files_hold_the_tables(agency: Simulation, tmp_path: Path) -> None:
    paths = write(agency, tmp_path)
    # Follow-up visits have no table in the store yet: a load would refuse their file.
    assert {*agency.tables} - {p.stem for p in paths} == {"follow_ups"}
    for path in paths:
        found = pq.read_schema(path)
        assert found.names == list(agency.tables[path.stem].columns)
        for field in found:
            assert (str(field.type) == "date32[day]") == (field.name in DATES), field
    assert pq.read_metadata(tmp_path / "contacts.parquet").num_rows == CONTACTS


def test_the_files_load_without_a_single_reject(tmp_path: Path) -> None:
    simulation = simulate(3_000, 9)
    write(simulation, tmp_path)
    files = sorted(tmp_path.glob("*.parquet"))
    store = Store(tmp_path / "store")
    report = ingest.load(store, files, mapping.read("canonical"), simulated=True)
    assert report.rejected == {}
    assert report.unknown_values == {}
    assert report.conflicts == {}
    assert report.dropped_columns == []
    assert report.duplicates_collapsed == 0
    assert report.contacts == 3_000
    # What the product counts is what the truth file says the rows show.
    con = store.current().cursor()
    for outcome in OUTCOMES:
        rows = con.execute(
            f"SELECT exposure_primary, count(*), count(*) FILTER (outcome_{outcome})"
            f" FROM encounters WHERE outcome_{outcome} IS NOT NULL GROUP BY 1 ORDER BY 1 DESC"
        ).fetchall()
        naive = simulation.truth["outcomes"][outcome]["primary"]["naive"]
        assert rows == [
            (True, naive["cit"]["n"], naive["cit"]["events"]),
            (False, naive["other"]["n"], naive["other"]["events"]),
        ]


def test_sixty_thousand_contacts_take_seconds() -> None:
    start = time.monotonic()
    simulate(60_000, 1)
    assert time.monotonic() - start < 10
