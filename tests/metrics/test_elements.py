"""The program elements: computed from the raw tables, assessed as the rows say, never graded."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from data import ingest, mapping, schema
from data.registry.elements import ELEMENTS, GROUPS, element
from data.store import Snapshot, Store
from metrics import elements
from metrics.elements import COMPUTED, Minutes, Scorecard
from metrics.estimate import NotEstimable
from metrics.shares import Share
from metrics.wording import elements as words
from tests.metrics.test_wording import CAUSAL
from tests.stores import make_snapshot, simulated_store

DAY = date(2025, 12, 31)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Snapshot]:
    folder = tmp_path_factory.mktemp("elements")
    return folder, Store(simulated_store(folder, 3_000, officers=200)).current()


@pytest.fixture(scope="module")
def card(simulated: tuple[Path, Snapshot]) -> Scorecard:
    return elements.scorecard(simulated[1], DAY)


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("rated")
    (folder / "contacts.csv").write_text("agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\n")
    rows = [
        "agency_id,element,as_of,status,instrument,assessed_by,evidence",
        "T,site_visits,2022-05-01,met,State form 2021,state_council,D-1",
        "T,site_visits,2024-05-01,partly,Own list 3,self,D-2",
        "T,site_visits,2026-05-01,not_met,Own list 4,self,D-3",
        "T,youth_protocol,2024-05-01,not_assessed,Own list 3,self,",
        "T,veterans_protocol,2024-05-01,planned,Own list 3,self,",
        "T,no_refusal_dropoff,2024-05-01,met,Own list 3,self,",
    ]
    (folder / "program_elements.csv").write_text("\n".join(rows) + "\n")
    places = [
        "agency_id,provider_id,provider_kind,accepts_police_dropoff,agreement_from,agreement_to",
        "T,1,crisis_receiving,always,2020-01-01,",
        "T,2,emergency_department,limited_hours,2020-01-01,2025-01-01",
        "T,3,emergency_department,,,",
        "T,4,detox_sobering,no,2026-01-01,",
        "T,5,shelter,always,2020-01-01,",
    ]
    (folder / "service_providers.csv").write_text("\n".join(places) + "\n")
    files = [folder / f"{t}.csv" for t in ("contacts", "program_elements", "service_providers")]
    ingest.load(Store(folder / "store"), files, mapping.read("canonical"))
    return Store(folder / "store").current()


def test_the_registry_holds_every_element_once_and_says_how_each_is_known() -> None:
    stored = schema.column("program_elements.element").values
    assert [e.id for e in ELEMENTS if e.assessed] == list(stored)
    assert len(stored) == 27 and len({e.id for e in ELEMENTS}) == len(ELEMENTS)
    assert {e.group for e in ELEMENTS} == {g.id for g in GROUPS}
    assert {e.computed for e in ELEMENTS if e.computed} == set(COMPUTED)
    assert all(e.assessed or e.computed for e in ELEMENTS)
    assert set(words.OF) == set(COMPUTED) - {"handoff"}
    assert set(words.STATUSES) == set(schema.column("program_elements.status").values)
    assert set(words.ASSESSORS) == set(schema.column("program_elements.assessed_by").values)
    with pytest.raises(KeyError):
        element("nothing")


def test_the_latest_assessment_up_to_the_day_counts(rated: Snapshot) -> None:
    for day, status, count in (
        (date(2023, 1, 1), "Met", 1),
        (date(2025, 1, 1), "Partly met", 2),
        (date(2026, 5, 1), "Not met", 3),
    ):
        line = elements.scorecard(rated, day).line("site_visits")
        assert words.rated(line) == status and len(line.history) == count
    line = elements.scorecard(rated, date(2025, 1, 1)).line("site_visits")
    assert line.rated is not None and line.rated.evidence == "D-2"
    assert words.told(line.rated) == "the agency itself, Own list 3, 1 May 2024"
    assert words.outside(line) == "Met (the state council, State form 2021, 1 May 2022)"


def test_what_nobody_said_is_not_recorded_and_never_no(rated: Snapshot) -> None:
    found = elements.scorecard(rated, date(2025, 1, 1))
    assert words.rated(found.line("youth_protocol")) == words.NOT_RECORDED
    assert words.rated(found.line("scenario_practice")) == words.NOT_RECORDED
    assert words.rated(found.line("veterans_protocol")) == "Planned"
    early = elements.scorecard(rated, date(2020, 1, 1))
    assert not any(line.history for line in early.lines)
    assert words.instruments(early.instruments) == words.NO_ASSESSMENT


def test_what_places_take_is_counted_and_not_self_rated(rated: Snapshot) -> None:
    found = elements.scorecard(rated, date(2025, 6, 1))
    assert found.line("no_refusal_dropoff").value == Share(1, 3, 1)
    # In force 1; ended 2; to begin 4; 3 does not say; 5 is no place police bring people to.
    assert found.line("written_agreement_with_receiving_facility").value == Share(1, 3, 1)
    earlier = elements.scorecard(rated, date(2024, 12, 31))
    assert earlier.line("written_agreement_with_receiving_facility").value == Share(2, 3, 1)


def test_computed_shares_are_those_of_the_raw_tables(
    simulated: tuple[Path, Snapshot], card: Scorecard
) -> None:
    folder, _ = simulated
    staff = pd.read_parquet(folder / "officers.parquet").set_index("officer_key")
    staff["left_month"] = pd.to_datetime(staff["left_month"])
    now = pd.Timestamp(DAY)
    staff = staff[staff["left_month"].isna() | (staff["left_month"] > now)]
    held = pd.read_parquet(folder / "certifications.parquet")
    held["expires_on"] = pd.to_datetime(held["expires_on"])
    cit = held[held["credential"].astype(str).isin(["cit_40h", "cit_enhanced"])]
    ever = set(cit["officer_key"]) & set(staff.index)
    valid = set(cit.loc[cit["expires_on"].isna() | (cit["expires_on"] > now), "officer_key"]) & ever
    assert card.line("certification_in_date").value == Share(len(valid), len(ever))
    chosen = staff.loc[sorted(valid), "cit_selection"].astype(str)
    assert card.line("officers_volunteer_and_are_selected").value == Share(
        int((chosen == "volunteered_selected").sum()), len(valid)
    )
    courses = pd.read_parquet(folder / "trainings.parquet")
    courses = courses[courses["course_kind"].astype(str) == "cit_40h"]
    first = courses.sort_values("completed_on").groupby("officer_key").head(1)
    years = first["years_service_at_training"]
    assert card.line("patrol_experience_before_training").value == Share(
        int((years >= 1).sum()), len(first)
    )


def test_handoffs_and_coverage_are_over_the_year(card: Scorecard) -> None:
    assert card.first == DAY - timedelta(days=364)
    wait = card.line("handoff_minutes").value
    assert isinstance(wait, Minutes) and wait.n > 0
    coverage = card.line("coverage").value
    assert isinstance(coverage, Share) and 0 < coverage.n <= 365
    came = card.line("response_share").value
    assert isinstance(came, Share) and 0 < came.events < came.n


def test_there_is_no_grade_and_no_total(card: Scorecard) -> None:
    assert not {"score", "grade", "total"} & set(Scorecard.__dataclass_fields__)
    said = " ".join([words.headline(card), *(words.value(a) + words.rated(a) for a in card.lines)])
    assert "score" not in said and "grade" not in said
    assert not CAUSAL.search(said)


def test_an_empty_store_has_every_element_not_recorded(tmp_path: Path) -> None:
    found = elements.scorecard(make_snapshot(tmp_path, (6, 6), (1, 1)), date(2025, 6, 1))
    assert not found.recorded
    assert all(a.value is None or isinstance(a.value, NotEstimable) for a in found.lines)
    assert all(words.value(a).startswith(words.NOT_RECORDED) for a in found.lines if a.value)


def test_seattle_says_not_recorded_of_every_element(seattle: Snapshot) -> None:
    found = elements.scorecard(seattle, date(2019, 9, 17))
    assert not found.recorded and "32 are not recorded" in words.headline(found)
