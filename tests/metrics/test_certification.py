"""Who is certified on a day: against the raw tables in pandas, and day by day against brute force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import ingest, keys, mapping
from data.store import Snapshot, Store
from metrics import aggregate, certification
from metrics.certification import DUE_DAYS, InService, Lapse, Standing
from metrics.estimate import NotEstimable
from metrics.shares import Share
from metrics.wording import certification as words
from tests.metrics.test_wording import CAUSAL
from tests.stores import make_snapshot, simulated_store

DAY = date(2025, 12, 31)
FIRST, LAST = date(2019, 1, 1), date(2026, 12, 31)


@dataclass(frozen=True)
class Raw:
    """A simulated agency as written, before it was loaded."""

    folder: Path
    snapshot: Snapshot

    def table(self, name: str) -> pd.DataFrame:
        frame = pd.read_parquet(self.folder / f"{name}.parquet")
        for column in frame.columns:
            if column.endswith(("_on", "_date", "_month")):
                frame[column] = pd.to_datetime(frame[column])
        return frame


@pytest.fixture(scope="module", params=["volunteer_specialist", "all_trained_plus_enhanced_team"])
def raw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Raw:
    folder = tmp_path_factory.mktemp("certification")
    store = simulated_store(folder, 3_000, officers=300, model=request.param)
    return Raw(folder, Store(store).current())


def here(raw: Raw, day: date) -> pd.DataFrame:
    officers = raw.table("officers").drop_duplicates("officer_key").set_index("officer_key")
    when = pd.Timestamp(day)
    joined = officers["hired_month"].isna() | (officers["hired_month"] <= when)
    return officers[joined & (officers["left_month"].isna() | (officers["left_month"] > when))]


def in_force(raw: Raw, day: date, *credentials: str) -> pd.DataFrame:
    held, when = raw.table("certifications"), pd.Timestamp(day)
    held = held[held["credential"].astype(str).isin(credentials) & (held["certified_on"] <= when)]
    return held[held["expires_on"].isna() | (held["expires_on"] > when)]


@pytest.mark.parametrize("day", [DAY, date(2023, 6, 30), date(2022, 3, 15)])
def test_counts_are_those_of_the_raw_tables(raw: Raw, day: date) -> None:
    found = certification.standing(raw.snapshot, day)
    staff, when = here(raw, day), pd.Timestamp(day)
    cit = ("cit_40h", "cit_enhanced")
    held = in_force(raw, day, *cit)
    held = held[held["officer_key"].isin(staff.index)]
    last = held.groupby("officer_key")["expires_on"].max()
    certified = set(held["officer_key"])
    due = {k for k, d in last.items() if d <= when + pd.Timedelta(days=DUE_DAYS)}
    every = raw.table("certifications")
    every = every[every["certified_on"] <= when]
    ever = set(every.loc[every["credential"].astype(str).isin(cit), "officer_key"])
    courses = raw.table("trainings")
    courses = courses[courses["completed_on"] <= when]
    kind = courses["course_kind"].astype(str)
    trained = set(courses.loc[kind == "cit_40h", "officer_key"]) | set(
        every.loc[every["credential"].astype(str) == "cit_40h", "officer_key"]
    )
    total = found.total
    assert total.people == len(staff)
    assert total.certified == len(certified)
    assert total.due == len(due)
    assert total.lapsed == len((ever - certified) & set(staff.index))
    assert total.trained == len(trained & set(staff.index))
    enhanced = set(in_force(raw, day, "cit_enhanced")["officer_key"]) & set(staff.index)
    assert total.enhanced == len(enhanced)
    assert sum(x.people for x in found.due) == total.due
    _check_courses(raw, found, staff, certified, courses, when)
    _check_posts(raw, found, staff, certified, when)


def _check_courses(
    raw: Raw,
    found: Standing,
    staff: pd.DataFrame,
    certified: set[Any],
    courses: pd.DataFrame,
    when: pd.Timestamp,
) -> None:
    kind = courses["course_kind"].astype(str)
    recent = courses["completed_on"] > when - pd.DateOffset(months=24)
    refreshed = set(courses.loc[(kind == "cit_in_service") & recent, "officer_key"]) & certified
    assert isinstance(found.in_service, InService)
    assert found.in_service.refreshed == len(refreshed)
    assert found.in_service.certified == len(certified)
    role = staff["role"].astype(str)
    callers = set(staff.index[role == "telecommunicator"])
    done = set(courses.loc[kind == "cit_dispatcher_8h", "officer_key"])
    done |= set(in_force(raw, when.date(), "cit_dispatcher")["officer_key"])
    assert found.telecommunicators == Share(len(callers & done), len(callers))
    others = set(staff.index[~role.isin(["telecommunicator", "civilian_clinician"])]) - certified
    cit = raw.table("certifications")
    cit = cit[(cit["credential"].astype(str) == "cit_40h") & (cit["certified_on"] <= when)]
    others -= set(cit["officer_key"]) | set(courses.loc[kind == "cit_40h", "officer_key"])
    aware = set(courses.loc[kind == "mh_awareness", "officer_key"])
    aware |= set(in_force(raw, when.date(), "mh_awareness", "mh_first_aid")["officer_key"])
    if isinstance(found.others, Share):
        assert found.others == Share(len(others & aware), len(others))
    else:
        assert not others or "mh_awareness" not in set(courses["course_kind"].astype(str))


def _check_posts(
    raw: Raw, found: Standing, staff: pd.DataFrame, certified: set[Any], when: pd.Timestamp
) -> None:
    posts = raw.table("assignments")
    posts = posts[(posts["from_date"] <= when) & posts["officer_key"].isin(staff.index)]
    posts = posts[posts["to_date"].isna() | (posts["to_date"] > when)]
    posts = posts.sort_values("from_date").groupby("officer_key").tail(1)
    for by in ("squad", "shift", "district"):
        column = by if by == "squad" else f"{by}_id"
        own = posts.groupby(posts[column].astype(str))["officer_key"].agg(set)
        counted = {str(g.name): (g.people, g.certified) for g in found.groups[by] if g.name}
        assert sorted(counted.values()) == sorted(
            (len(people), len(people & certified)) for people in own
        )
    assert found.total.designated == int((posts["cit_designated"].astype(str) == "yes").sum())


def _cards(seed: int, people: int) -> list[tuple[str, str, date, date | None, str, str]]:
    """Draw certificates of all kinds: renewed early, late or never, without expiry, doubled."""
    draw, rows = Random(seed), []
    for number in range(people):
        day = FIRST + timedelta(days=draw.randrange(1500))
        for _ in range(draw.randrange(4)):
            long = draw.choice([30, 365, 730, 1095])
            ends = None if draw.random() < 0.08 else day + timedelta(days=long)
            rows.append(
                (
                    f"N{number:03d}",
                    draw.choice(["cit_40h", "cit_40h", "cit_enhanced", "mh_first_aid"]),
                    day,
                    ends,
                    draw.choice(["state_program", "agency_in_house", ""]),
                    draw.choice(["T", "other", ""]),
                )
            )
            day = (ends or day) + timedelta(days=draw.randrange(-200, 400))
    seen: dict[Any, Any] = {(r[0], r[1], r[2]): r for r in rows}
    return list(seen.values())


CARDS = _cards(7, 120)
HIRED = {f"N{i:03d}": date(2018 + i % 6, 1 + i % 12, 1) for i in range(100)}
LEFT = {f"N{i:03d}": date(2021 + i % 5, 1 + i % 12, 1) for i in range(0, 100, 3)}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("drawn")
    lines = [
        "agency_id,officer_key,credential,certified_on,expires_on,certifying_body,earned_at_agency"
    ]
    lines += [f"T,{n},{c},{a},{b or ''},{body},{at}" for n, c, a, b, body, at in CARDS]
    (folder / "certifications.csv").write_text("\n".join(lines) + "\n")
    lines = ["agency_id,officer_key,role,hired_month,left_month"]
    lines += [f"T,{n},patrol_officer,{h},{LEFT.get(n, '')}" for n, h in HIRED.items()]
    (folder / "officers.csv").write_text("\n".join(lines) + "\n")
    contacts = "agency_id,contact_id,contact_at,primary_officer_cit\nT,1,2025-01-01 10:00,yes\n"
    (folder / "contacts.csv").write_text(contacts)
    files = [folder / f"{t}.csv" for t in ("contacts", "officers", "certifications")]
    ingest.load(Store(folder / "store"), files, mapping.read("canonical"))
    return Store(folder / "store").current()


def by_hand(day: date) -> tuple[int, int, int, dict[date, int], int, int]:
    """Count certified, due, lapsed, lapses by day, carried and enhanced, one person at a time."""
    certified = due = lapsed = carried = enhanced = 0
    ahead: dict[date, int] = {}
    month = date(day.year, day.month, 1)
    until = date(month.year + 1 + month.month // 12, month.month % 12 + 1, 1)
    for number in {c[0] for c in CARDS}:
        if number in HIRED and HIRED[number] > day:
            continue
        if number in LEFT and LEFT[number] <= day:
            continue
        own = [c for c in CARDS if c[0] == number and c[1] != "mh_first_aid" and c[2] <= day]
        valid = [c for c in own if c[3] is None or day < c[3]]
        if not valid:
            lapsed += bool(own)
            continue
        certified += 1
        enhanced += any(c[1] == "cit_enhanced" for c in valid)
        best = max(valid, key=lambda c: (c[3] or date.max, c[2], c[1] == "cit_40h"))
        carried += best[5] == "other"
        if best[3] is not None:
            due += (best[3] - day).days <= DUE_DAYS
            if best[3] < until:
                ahead[best[3]] = ahead.get(best[3], 0) + 1
    return certified, due, lapsed, ahead, carried, enhanced


@settings(max_examples=30, deadline=None)
@given(day=st.dates(FIRST, LAST))
def test_lapses_and_renewals_are_those_counted_by_hand(drawn: Snapshot, day: date) -> None:
    found = certification.standing(drawn, day)
    certified, due, lapsed, ahead, carried, enhanced = by_hand(day)
    total = found.total
    assert (total.certified, total.due, total.lapsed, total.enhanced) == (
        certified,
        due,
        lapsed,
        enhanced,
    )
    counted: dict[date, int] = {}
    for lapse in found.lapses:
        counted[lapse.day] = counted.get(lapse.day, 0) + lapse.people
    assert counted == ahead
    assert found.carried.events == carried
    assert sum(n for _, n in found.bodies) == certified
    assert sum(n for _, n in certification.months(found)) == sum(ahead.values())
    keyed = aggregate.due_keys(drawn, day, day + timedelta(days=DUE_DAYS), day)
    assert len(keyed) == due + lapsed


def test_the_day_before_a_certificate_ends_it_counts_and_that_day_it_does_not(
    drawn: Snapshot,
) -> None:
    for lapse in certification.standing(drawn, date(2021, 6, 1)).lapses[:5]:
        for day in (lapse.day - timedelta(days=1), lapse.day):
            assert certification.standing(drawn, day).total.certified == by_hand(day)[0]


def test_who_lapses_next_month_is_answered_in_a_sentence(drawn: Snapshot) -> None:
    ends = min(d for d in by_hand(date(2022, 6, 30))[3] if d > date(2022, 8, 1))
    found = certification.standing(drawn, ends.replace(day=1) - timedelta(days=1))
    first, last = found.next_month
    said = words.next_month(found)
    count = sum(x.people for x in found.lapsing(first, last))
    assert f"In {first:%B %Y}, {words.certificates(count)}" in said
    assert "squad not recorded; shift not recorded" in said and "By week:" in said
    assert not CAUSAL.search(said)


def test_weeks_begin_on_monday_and_lose_nobody() -> None:
    rows = [Lapse(date(2026, 3, d), None, None, d) for d in range(1, 15)]
    found = certification.weeks(rows)
    assert all(monday.weekday() == 0 for monday in found)
    assert sum(found.values()) == sum(range(1, 15))


def test_no_expiry_date_is_not_nobody_lapses(tmp_path: Path) -> None:
    contacts = "agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\n"
    (tmp_path / "contacts.csv").write_text(contacts)
    held = "agency_id,officer_key,credential,certified_on\nT,B1,cit_40h,2020-01-01\n"
    (tmp_path / "certifications.csv").write_text(held)
    files = [tmp_path / "contacts.csv", tmp_path / "certifications.csv"]
    ingest.load(Store(tmp_path / "store"), files, mapping.read("canonical"))
    found = certification.standing(Store(tmp_path / "store").current(), date(2025, 1, 1))
    assert found.total.certified == 1 and not found.expiry
    assert "not known" in words.headline(found)
    assert "certifications.expires_on" in words.next_month(found)
    assert isinstance(found.telecommunicators, NotEstimable)
    assert any("officers.csv" in line for line in words.limits(found))


def test_a_store_without_personnel_records_nothing(tmp_path: Path) -> None:
    found = certification.standing(make_snapshot(tmp_path, (4, 4), (1, 1)), date(2025, 6, 1))
    assert not found.recorded and found.total.people == 0


def test_seattle_records_no_certification(seattle: Snapshot) -> None:
    found = certification.standing(seattle, date(2019, 9, 17))
    assert not found.recorded
    assert found.groups == {"squad": (), "shift": (), "district": ()}


def test_a_number_is_hashed_as_a_load_hashes_it(drawn: Snapshot) -> None:
    rows = drawn.cursor().execute("SELECT officer_key FROM officers").fetchall()
    stored = {key for (key,) in rows}
    numbers = list(HIRED)
    hashed = keys.hashed(drawn, "officer", "T", [f" {n} " for n in numbers])
    assert set(hashed.values()) == stored
    assert not set(keys.hashed(drawn, "officer", "other", numbers).values()) & stored
    assert not set(keys.hashed(drawn, "person", "T", numbers).values()) & stored
    assert keys.hashed(drawn, "officer", "T", ["", "  "]) == {}


def test_no_word_of_the_page_says_cause() -> None:
    constants = [v for v in vars(words).values() if isinstance(v, str)]
    for text in [*constants, *words.STATES, *words.BODIES.values()]:
        assert not CAUSAL.search(text), text
