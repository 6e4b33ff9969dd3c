"""Measures that funders name: against hand-written SQL on the canonical tables, and their periods."""

from __future__ import annotations

import csv
import io
import itertools
import json
import statistics
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import encounters, schema
from data.errors import UserError
from data.registry import COVARIATES
from data.registry.measures import MEASURES, SETS, Measure, measures_of
from metrics import aggregate, fiscal, measures
from metrics.__main__ import parser
from metrics.aggregate import Window
from metrics.estimate import Estimate
from metrics.fiscal import BASELINE, CUMULATIVE, QUARTER, WHOLE, YEAR
from metrics.measure_report import Report, Result, Value
from metrics.wording import measures as words
from tests.stores import make_snapshot, simulated_store

# Every contact with its dispositions as a list, from the canonical tables alone.
HAND = """
WITH d AS (SELECT agency_id, source, contact_id, list(disposition) AS ds FROM dispositions
           WHERE disposition IS NOT NULL GROUP BY ALL),
     f AS (SELECT DISTINCT agency_id, source, contact_id FROM force_events
           WHERE category IS NOT NULL),
     r AS (SELECT agency_id, source, contact_id, min(officer_key) AS officer_key
           FROM contact_officers WHERE scene_role = 'reporting' GROUP BY ALL),
     c AS (SELECT DISTINCT agency_id, source, contact_id FROM r
           JOIN contacts k USING (agency_id, source, contact_id)
           JOIN certifications x USING (agency_id, officer_key)
           WHERE x.credential IN ('cit_40h', 'cit_enhanced')
           AND x.certified_on <= CAST(k.contact_at AS DATE)
           AND (x.expires_on IS NULL OR CAST(k.contact_at AS DATE) < x.expires_on)),
     h AS (SELECT k.*, CAST(k.contact_at AS DATE) AS day, d.ds, f.contact_id IS NOT NULL AS typed,
                  CASE WHEN primary_officer_cit IN ('yes', 'no') THEN primary_officer_cit = 'yes'
                       WHEN r.officer_key IS NOT NULL AND (SELECT count(*) FROM certifications) > 0
                       THEN c.contact_id IS NOT NULL END AS first_is_cit
           FROM contacts k LEFT JOIN r USING (agency_id, source, contact_id)
           LEFT JOIN c USING (agency_id, source, contact_id) LEFT JOIN d USING (agency_id, source, contact_id)
           LEFT JOIN f USING (agency_id, source, contact_id))
"""
CARE = (
    "(transport_voluntary = 'voluntary' AND transported_to IN ('emergency_department',"
    " 'crisis_receiving', 'psychiatric_hospital', 'detox_sobering', 'clinic')"
    " OR list_has_any(ds, ['admitted_voluntary', 'transport_crisis_facility', 'detox_sobering',"
    " 'mobile_crisis_on_scene', 'referred_provider', 'crisis_line']))"
)
CARE_KNOWN = (
    "(transport_voluntary IN ('involuntary', 'not_transported')"
    " OR transport_voluntary = 'voluntary' AND transported_to IS NOT NULL OR ds IS NOT NULL)"
)
REFERRED = (
    "list_has_any(ds, ['mobile_crisis_on_scene', 'referred_provider', 'referred_for_evaluation',"
    " 'crisis_line'])"
)
HELD = "(hold = 'yes' OR list_has_any(ds, ['hold_involuntary']))"
HELD_KNOWN = "(hold IN ('yes', 'no') OR ds IS NOT NULL)"
ARRESTED = (
    "(custody IN ('arrested_released', 'arrested_booked', 'arrested_booking_unknown')"
    " OR list_has_any(ds, ['arrest_booked', 'arrest_booking_unknown']))"
)
CUSTODY_KNOWN = "(custody IS NOT NULL OR ds IS NOT NULL)"
CODED = "crisis_identified_by IN ('dispatch', 'both')"
TYPED = "initial_call_group IN ('suicide', 'behavioral_crisis')"
FOUND = "contact_made IS DISTINCT FROM 'no'"
QUIET = (
    "clinician_on_scene = 'yes' AND weapon_reported = 'no' AND violence_reported = 'no'"
    " AND chargeable = 'no'"
)


def flag(column: str) -> tuple[str, str, str]:
    """Return event, known and among of a yes/no."""
    return f"{column} = 'yes'", f"{column} IN ('yes', 'no')", "TRUE"


# (set, measure) -> event, known, among: shares of contacts.
CONTACTS = {
    ("jmhcp", "referred_contacts"): (REFERRED, "ds IS NOT NULL", FOUND),
    ("jmhcp", "calls_arrived"): (*flag("cit_arrived")[:2], CODED),
    ("jmhcp", "calls_primary"): ("first_is_cit", "first_is_cit IS NOT NULL", CODED),
    ("jmhcp", "calls_by_type"): (*flag("cit_arrived")[:2], TYPED),
    ("pmhc", "connected"): (CARE, CARE_KNOWN, "TRUE"),
    ("pmhc", "referred"): (REFERRED, "ds IS NOT NULL", "TRUE"),
    ("pmhc", "arrested"): (ARRESTED, CUSTODY_KNOWN, "TRUE"),
    ("pmhc", "force"): flag("force_used"),
    ("consent-decree", "cit_dispatched"): flag("cit_dispatched"),
    ("consent-decree", "cit_arrived"): flag("cit_arrived"),
    ("consent-decree", "cit_primary"): ("first_is_cit", "first_is_cit IS NOT NULL", "TRUE"),
    ("consent-decree", "force"): flag("force_used"),
    ("consent-decree", "force_types"): (
        "force_used = 'yes' AND typed",
        "(force_used = 'no' OR force_used = 'yes' AND typed)",
        "TRUE",
    ),
    ("consent-decree", "display"): flag("weapon_displayed"),
    ("consent-decree", "subject_injury"): flag("subject_injured"),
    ("consent-decree", "officer_injury"): flag("officer_injured"),
    ("consent-decree", "arrest"): (ARRESTED, CUSTODY_KNOWN, "TRUE"),
    ("consent-decree", "hold"): (HELD, HELD_KNOWN, "TRUE"),
    ("consent-decree", "voluntary_care"): (CARE, CARE_KNOWN, "TRUE"),
    ("cit-program", "response"): (*flag("cit_arrived")[:2], CODED),
    ("cit-program", "clinician_leads"): (*flag("clinician_led")[:2], QUIET),
}
PEOPLE = {
    ("jmhcp", "referred"): (REFERRED, "ds IS NOT NULL", FOUND),
    ("jmhcp", "diverted"): (CARE, CARE_KNOWN, "TRUE"),
    ("jmhcp", "held"): (HELD, HELD_KNOWN, "TRUE"),
    ("pmhc", "connected_people"): (CARE, CARE_KNOWN, "TRUE"),
    ("stepping-up", "connected"): (CARE, CARE_KNOWN, "TRUE"),
}
REPEATS = {
    ("pmhc", "repeat_30"): 30,
    ("pmhc", "repeat_90"): 90,
    ("pmhc", "repeat_365"): 365,
    ("stepping-up", "repeat_365"): 365,
}


@pytest.fixture(scope="module")
def simulated(loaded_simulation: Any) -> dict[str, Report]:
    return {s.id: measures.report(s.id, loaded_simulation, year_starts=7) for s in SETS}


@pytest.fixture(scope="module")
def real(seattle: Any) -> dict[str, Report]:
    return {s.id: measures.report(s.id, seattle, year_starts=7) for s in SETS}


def result(found: dict[str, Report], set_: str, id_: str) -> Result:
    return next(r for r in found[set_].results if r.measure.id == id_)


def own(found: Result) -> list[Value]:
    """Return the values that are not split, at most a dozen of all kinds of period."""
    values = found.of(WHOLE, YEAR, QUARTER, CUMULATIVE)
    assert values
    return [values[0], *values[1 :: max(1, len(values) // 10)]]


HANDS: dict[str, Any] = {}


def hand(snapshot: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run hand-written SQL with the contacts as ``h``; further tables may follow a comma."""
    if snapshot.id not in HANDS:
        HANDS[snapshot.id] = snapshot.cursor()
        HANDS[snapshot.id].execute(f"CREATE TEMP TABLE h AS {HAND} SELECT * FROM h")
    sql = f"WITH {sql[1:]}" if sql.startswith(",") else sql
    found: list[tuple[Any, ...]] = HANDS[snapshot.id].execute(sql).fetchall()
    return found


def ask(snapshot: Any, sql: str) -> tuple[int, ...]:
    """Return the one row of counts."""
    return tuple(int(v or 0) for v in hand(snapshot, sql)[0])


def days(v: Value) -> str:
    return f"day BETWEEN DATE '{v.period.counted_first}' AND DATE '{v.period.counted_last}'"


def check_contacts(snapshot: Any, found: Result, sql: tuple[str, str, str]) -> None:
    event, known, among = (f"coalesce({part}, FALSE)" for part in sql)
    for v in own(found):
        wanted = ask(
            snapshot,
            f"SELECT count(*) FILTER ({event}), count(*) FROM h"
            f" WHERE {days(v)} AND {among} AND {known}",
        )
        if wanted[1]:
            assert (v.numerator, v.denominator) == wanted, (found.measure.id, v.period)
            assert isinstance(v.share, Estimate)
            assert v.share.estimate == pytest.approx(wanted[0] / wanted[1])
        else:
            assert v.numerator is None and v.reason


def check_people(snapshot: Any, found: Result, sql: tuple[str, str, str]) -> None:
    event, known, among = (f"coalesce({part}, FALSE)" for part in sql)
    for v in own(found):
        wanted = ask(
            snapshot,
            ", p AS (SELECT agency_id, source, person_key, bool_or("
            f"{event} AND {known}) AS hit, bool_and({known}) AS every FROM h"
            f" WHERE {days(v)} AND {among} AND person_key IS NOT NULL GROUP BY ALL)"
            " SELECT count(*) FILTER (hit), count(*) FILTER (hit OR every),"
            " count(*) FILTER (NOT hit AND NOT every) FROM p",
        )
        assert (v.numerator, v.denominator, v.not_recorded) == wanted, v.period


@pytest.mark.parametrize("key", CONTACTS, ids="-".join)
def test_shares_of_contacts_in_the_simulation(
    key: tuple[str, str], simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    check_contacts(loaded_simulation, result(simulated, *key), CONTACTS[key])


@pytest.mark.parametrize("key", CONTACTS, ids="-".join)
def test_shares_of_contacts_in_seattle(
    key: tuple[str, str], real: dict[str, Report], seattle: Any
) -> None:
    found = result(real, *key)
    if found.lacks:
        assert not found.values and all("." in column for column in found.lacks)
        held = {r[0] for r in seattle.cursor().execute(_SUPPLIED).fetchall()}
        assert not set(found.lacks) & held
    else:
        check_contacts(seattle, found, CONTACTS[key])


_SUPPLIED = "SELECT DISTINCT table_name || '.' || column_name FROM source_columns"


@pytest.mark.parametrize("key", PEOPLE, ids="-".join)
def test_people_are_counted_once_in_a_period(
    key: tuple[str, str], simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    check_people(loaded_simulation, result(simulated, *key), PEOPLE[key])


@pytest.mark.parametrize("key", REPEATS, ids="-".join)
def test_repeats_follow_each_person_from_the_first_contact(
    key: tuple[str, str], simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    n = REPEATS[key]
    for v in own(result(simulated, *key)):
        wanted = ask(
            loaded_simulation,
            ", v AS (SELECT agency_id, source, person_key, coalesce(incident_id, contact_id) AS visit,"
            " min(contact_at) AS met FROM h WHERE person_key IS NOT NULL GROUP BY ALL),"
            " one AS (SELECT agency_id, source, person_key, min((met, visit)) AS start FROM v GROUP BY ALL),"
            " seen AS (SELECT CAST(start[1] AS DATE) AS day, bool_or((met, visit) > start AND"
            f" CAST(met AS DATE) - CAST(start[1] AS DATE) <= {n}) AS again"
            " FROM one JOIN v USING (agency_id, source, person_key) GROUP BY agency_id, source,"
            " person_key, start)"
            f" SELECT count(*) FILTER (again), count(*) FROM seen WHERE {days(v)}"
            f" AND day + {n} <= (SELECT max(day) FROM h)",
        )
        if wanted[1]:
            assert (v.numerator, v.denominator) == wanted, v.period
        else:
            assert v.value is None and str(v.reason).endswith("in this period")


def test_counts_of_contacts_and_people(
    simulated: dict[str, Report], real: dict[str, Report], loaded_simulation: Any, seattle: Any
) -> None:
    for found, snapshot in ((simulated, loaded_simulation), (real, seattle)):
        for v in own(result(found, "consent-decree", "contacts")):
            assert (v.numerator,) == ask(snapshot, f"SELECT count(*) FROM h WHERE {days(v)}")
    people = (
        "SELECT count(DISTINCT (agency_id, source, person_key)) FILTER (person_key IS NOT NULL)"
    )
    for set_, id_, among in (
        ("consent-decree", "people", "TRUE"),
        ("jmhcp", "screened", FOUND),
    ):
        for v in own(result(simulated, set_, id_)):
            assert v.denominator is None and v.share is None
            assert (v.numerator, v.unlinked) == ask(
                loaded_simulation,
                f"{people}, count(*) FILTER (person_key IS NULL) FROM h WHERE {days(v)} AND {among}",
            )


def test_the_store_supplies_persons_or_says_so(real: dict[str, Report]) -> None:
    for found in real.values():
        for r in found.results:
            if r.measure.unit == "people" and r.measure.relation == "contacts":
                assert r.lacks == ("contacts.person_key",) and not r.values
                assert words.needs(r).startswith("people cannot be unduplicated")


def test_a_cumulative_count_of_people_is_not_the_sum_of_its_quarters(
    simulated: dict[str, Report],
) -> None:
    found = result(simulated, "consent-decree", "people")
    whole = next(v for v in found.of(YEAR) if v.period.year == 2024)
    alone = [v for v in found.of(QUARTER) if v.period.year == 2024]
    last = next(v for v in found.of(CUMULATIVE) if v.period.last == whole.period.last)
    assert len(alone) == 4
    assert last.numerator == whole.numerator
    total = sum(v.numerator or 0 for v in alone)
    assert max(v.numerator or 0 for v in alone) < (whole.numerator or 0) < total
    contacts = result(simulated, "consent-decree", "contacts")
    yearly = next(v for v in contacts.of(YEAR) if v.period.year == 2024)
    assert yearly.numerator == sum(
        v.numerator or 0 for v in contacts.of(QUARTER) if v.period.year == 2024
    )


FORCE_KIND = "CASE WHEN display_only = 'yes' THEN 'display' ELSE category END"
DURING = "cause NOT IN ('self_inflicted_before_arrival', 'before_contact', 'unknown')"
KINDS = {
    "force_types": (
        f"SELECT {FORCE_KIND}, count(DISTINCT (c.agency_id, c.source, c.contact_id))"
        " FROM force_events c JOIN h USING (agency_id, source, contact_id)"
        " WHERE (force_used = 'no' OR force_used = 'yes' AND typed)"
    ),
    "force_applications": (
        f"SELECT {FORCE_KIND}, count(*) FROM force_events c"
        " JOIN h USING (agency_id, source, contact_id)"
        f" WHERE ({FORCE_KIND}) NOT IN ('none', 'verbal_only', 'handcuffs', 'display')"
    ),
    "injuries_who": (
        "SELECT who, count(*) FROM injuries JOIN h USING (agency_id, source, contact_id)"
        f" WHERE {DURING}"
    ),
    "injuries_cause": (
        "SELECT cause, count(*) FROM injuries JOIN h USING (agency_id, source, contact_id)"
        f" WHERE {DURING}"
    ),
    "disposition": (
        "SELECT disposition, count(DISTINCT (c.agency_id, c.source, c.contact_id))"
        " FROM dispositions c JOIN h USING (agency_id, source, contact_id)"
        " WHERE disposition IS NOT NULL"
    ),
}


@pytest.mark.parametrize("id_", KINDS)
def test_kinds(id_: str, simulated: dict[str, Report], loaded_simulation: Any) -> None:
    found = result(simulated, "consent-decree", id_)
    for v in own(found):
        rows = hand(loaded_simulation, f"{KINDS[id_]} AND {days(v)} GROUP BY 1")
        kinds = {
            k.level: k.numerator
            for k in found.values
            if k.period == v.period and k.level and k.place is None and k.numerator
        }
        assert kinds == dict(rows)
        if found.measure.unit == "events":
            assert v.numerator == sum(kinds.values())


def test_dispositions_by_district_and_shift(
    real: dict[str, Report], simulated: dict[str, Report], seattle: Any, loaded_simulation: Any
) -> None:
    for found, snapshot in ((simulated, loaded_simulation), (real, seattle)):
        r = result(found, "consent-decree", "disposition")
        for v in [v for v in r.of(YEAR) if v.period.year in (2018, 2024)]:
            rows = hand(
                snapshot,
                "SELECT coalesce(district_id, 'not_recorded'), disposition,"
                " count(DISTINCT contact_id) FROM dispositions JOIN h USING (agency_id, source,"
                f" contact_id) WHERE {days(v)} AND disposition IS NOT NULL GROUP BY 1, 2",
            )
            split = {
                (k.place, k.level): k.numerator
                for k in r.values
                if k.period == v.period and k.dimension == "district" and k.level and k.numerator
            }
            assert split == {(d, c): n for d, c, n in rows}
            shift = [
                k
                for k in r.values
                if k.period == v.period and k.dimension == "shift" and k.level is None
            ]
            assert sum(k.numerator or 0 for k in shift) == v.numerator


CIT_COURSES = "('cit_40h', 'cit_enhanced')"
CRISIS_COURSES = (
    "('cit_40h', 'cit_enhanced', 'cit_in_service', 'cit_dispatcher_8h', 'mh_awareness',"
    " 'deescalation', 'hold_law')"
)


def test_certifications_and_trainings(simulated: dict[str, Report], loaded_simulation: Any) -> None:
    cit = "credential IN ('cit_40h', 'cit_enhanced')"
    for v in own(result(simulated, "jmhcp", "certified")):
        within = days(v).replace("day", "certified_on")
        assert (v.numerator,) == ask(
            loaded_simulation,
            f"SELECT count(DISTINCT officer_key) FROM certifications WHERE {cit} AND {within}",
        )
    for id_, kinds in (("trained", CIT_COURSES), ("trained_any", CRISIS_COURSES)):
        for v in own(result(simulated, "jmhcp", id_)):
            within = days(v).replace("day", "completed_on")
            assert (v.numerator,) == ask(
                loaded_simulation,
                "SELECT count(DISTINCT officer_key) FROM trainings WHERE (result = 'completed' OR"
                f" result IS NULL) AND course_kind IN {kinds} AND {within}",
            )
    for v in own(result(simulated, "jmhcp", "trainings")):
        within = days(v).replace("day", "completed_on")
        rows = hand(
            loaded_simulation,
            "SELECT course_kind, count(DISTINCT (course_id, completed_on)) FROM trainings"
            f" WHERE course_kind IN {CRISIS_COURSES} AND {within} GROUP BY 1",
        )
        kinds = {
            k.level: k.numerator
            for k in result(simulated, "jmhcp", "trainings").values
            if k.period == v.period and k.level and k.numerator
        }
        assert kinds == dict(rows) and v.numerator == sum(kinds.values())
    for v in own(result(simulated, "jmhcp", "trainings_marked")):
        within = days(v).replace("day", "event_date")
        assert (v.numerator,) == ask(
            loaded_simulation,
            f"SELECT count(*) FROM events WHERE event_kind = 'training_class' AND {within}",
        )
    for id_, kind in (
        ("certified", cit),
        ("telecommunicators", "credential = 'cit_dispatcher'"),
        ("awareness", "credential IN ('mh_awareness', 'mh_first_aid')"),
    ):
        for v in own(result(simulated, "cit-program", id_)):
            last = f"DATE '{v.period.counted_last}'"
            wanted = ask(
                loaded_simulation,
                "SELECT count(DISTINCT officer_key) FILTER (expires_on IS NULL OR expires_on >"
                f" {last}), count(DISTINCT officer_key) FROM certifications"
                f" WHERE {kind} AND certified_on <= {last} AND officer_key NOT IN"
                f" (SELECT officer_key FROM officers WHERE left_month <= {last})",
            )
            assert v.numerator == wanted[0]
            assert v.denominator == (wanted[1] if id_ == "certified" else None)
    for v in own(result(simulated, "cit-program", "experience")):
        within = days(v).replace("day", "began")
        wanted = ask(
            loaded_simulation,
            f", first AS (SELECT officer_key, min(certified_on) AS began FROM certifications"
            f" WHERE {cit} GROUP BY 1) SELECT count(*) FILTER (date_diff('day', hired_month, began)"
            " / 365.25 + coalesce(experience_years_at_hire, 0) >= 1), count(*) FROM first"
            f" JOIN officers USING (officer_key) WHERE hired_month IS NOT NULL AND {within}",
        )
        assert (v.numerator or 0, v.denominator) == wanted


# --- bookings ---

BOOKED = """, b AS (SELECT b.*, k.person_key, CAST(booked_at AS DATE) AS day,
     CAST(released_at AS DATE) AS out_on, (extract(epoch FROM released_at)
     - extract(epoch FROM booked_at)) / 86400 AS stay
     FROM bookings b JOIN contacts k USING (agency_id, source, contact_id))
"""


def test_jail_bookings_and_length_of_stay(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    for v in own(result(simulated, "stepping-up", "jail_bookings")):
        assert (v.numerator, v.not_recorded) == ask(
            loaded_simulation,
            f"{BOOKED} SELECT count(*) FILTER (smi_screen = 'positive'), count(*) FILTER (smi_screen"
            f" IS NULL OR smi_screen IN ('not_screened', 'unknown')) FROM b WHERE {days(v)}",
        )
    seen = 0
    for v in own(result(simulated, "stepping-up", "length_of_stay")):
        rows = hand(
            loaded_simulation,
            f"{BOOKED} SELECT stay FROM b WHERE {days(v)} AND smi_screen = 'positive'",
        )
        stays = [float(stay) for (stay,) in rows if stay is not None]
        assert (v.pending, v.denominator or 0) == (len(rows) - len(stays), len(stays))
        assert v.numerator is None
        if stays:
            assert v.value == pytest.approx(statistics.median(stays))
            assert f"days (median of {len(stays):,})" in words.shown(v)
        else:
            assert v.value is None and v.reason
        seen += v.pending
    assert seen > 0


def test_connection_to_treatment_is_of_releases(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    for v in own(result(simulated, "stepping-up", "connected_to_treatment")):
        wanted = ask(
            loaded_simulation,
            f"{BOOKED} SELECT count(*) FILTER (connected_to_care = 'yes'), count(*) FROM b"
            f" WHERE {days(v).replace('day', 'out_on')} AND smi_screen = 'positive'"
            " AND connected_to_care IN ('yes', 'no')",
        )
        assert (v.numerator or 0, v.denominator or 0) == wanted


def test_recidivism_follows_each_person_for_a_year(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    rows = hand(
        loaded_simulation,
        f"{BOOKED} SELECT person_key, smi_screen, day, out_on, booked_at, released_at FROM b",
    )
    (last,) = hand(loaded_simulation, "SELECT max(day) FROM h")[0]
    for v in own(result(simulated, "stepping-up", "recidivism")):
        first, end = v.period.counted_first, v.period.counted_last
        again = followed = waiting = 0
        inside = [r for r in rows if r[1] == "positive" and r[3] and first <= r[3] <= end]
        for person in {r[0] for r in inside if r[0]}:
            start = min((r[3], r[4]) for r in inside if r[0] == person)
            if start[0] + timedelta(365) > last:
                waiting += 1
                continue
            followed += 1
            again += any(
                r[0] == person and r[4] > start[1] and r[2] <= start[0] + timedelta(365)
                for r in rows
            )
        assert (v.numerator or 0, v.denominator or 0, v.pending) == (again, followed, waiting)
        nobody = sum(1 for r in inside if r[0] is None)
        unsaid = sum(
            1
            for r in rows
            if r[0] is None
            and r[1] not in ("positive", "negative")
            and r[3]
            and first <= r[3] <= end
        )
        assert v.unlinked == nobody + unsaid


def booked(tmp_path: Path, rows: list[str]) -> Report:
    """Load a few contacts with the bookings given, and report on them."""
    from data import ingest, mapping
    from data.store import Store

    contacts = tmp_path / "contacts.csv"
    lines = [f"T,K{i},2024-0{i % 9 + 1}-01 10:00,P{i % 2}" for i in range(8)]
    contacts.write_text("\n".join(["agency_id,contact_id,contact_at,person_key", *lines]) + "\n")
    jail = tmp_path / "bookings.csv"
    head = "agency_id,contact_id,booking_id,booked_at,released_at,smi_screen,connected_to_care"
    jail.write_text("\n".join([head, *rows]) + "\n")
    ingest.load(Store(tmp_path / "store"), [contacts, jail], mapping.read("canonical"))
    return measures.report("stepping-up", Store(tmp_path / "store").current())


def test_who_is_still_held_is_never_a_stay_of_nothing(tmp_path: Path) -> None:
    found = booked(tmp_path, ["T,K1,B1,2024-02-01 11:00,,positive,"])
    v = next(r for r in found.results if r.measure.id == "length_of_stay").whole
    assert v is not None and v.value is None and v.pending == 1
    assert v.reason == "not yet released" and words.left_out(v, STAY) == "1 not yet released"


STAY = next(m for m in MEASURES if m.id == "length_of_stay")


def test_a_release_before_the_booking_is_not_recorded(tmp_path: Path) -> None:
    found = booked(
        tmp_path,
        [
            "T,K1,B1,2024-02-01 11:00,2024-02-03 11:00,positive,yes",
            "T,K2,B2,2024-03-01 11:00,2024-02-03 11:00,positive,yes",
            "T,K3,B3,2024-04-01 11:00,2024-04-03 11:00,negative,yes",
        ],
    )
    v = next(r for r in found.results if r.measure.id == "length_of_stay").whole
    assert v is not None and (v.value, v.denominator, v.not_recorded) == (2.0, 1, 1)


def test_jail_data_without_a_screen_say_so(tmp_path: Path) -> None:
    found = booked(tmp_path, ["T,K1,B1,2024-02-01 11:00,2024-02-03 11:00,not_screened,yes"])
    for r in found.results:
        if not r.measure.nearest:
            assert words.needs(r) == "needs jail data: bookings.smi_screen" or "connected" in str(
                r.lacks
            )


# --- who was on duty, who came, who is employed ---


@pytest.mark.slow
def test_the_measures_agree_with_the_pages_of_the_program(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    """The same rules are written in other modules for their pages: hold the two to each other."""
    from metrics import duty, response
    from metrics.question import ask as question

    end = date(2025, 12, 31)
    for set_, id_ in (
        ("jmhcp", "calls_dispatched"),
        ("consent-decree", "cit_came"),
        ("cit-program", "response_calls"),
    ):
        for v in result(simulated, set_, id_).of(YEAR):
            asked = question(start=v.period.counted_first, end=v.period.counted_last)
            there = response.response(asked, loaded_simulation)
            assert there is not None
            assert (v.numerator, v.denominator) == (there.came.events, there.came.n)
            minutes = next(
                m
                for m in result(simulated, "consent-decree", "minutes_to_cit").of(YEAR)
                if m.period == v.period
            )
            assert minutes.denominator == there.minutes.n
            assert minutes.value == pytest.approx(there.minutes.median, abs=0.51)
    v = result(simulated, "cit-program", "coverage").whole
    first = date(2025, 1, 1)
    found = duty.duty(loaded_simulation, question(start=first, end=end))
    assert v is not None and isinstance(found, duty.Duty)
    year = measures.report("cit-program", loaded_simulation, first, end, year_starts=1)
    own_year = next(r for r in year.results if r.measure.id == "coverage").whole
    assert own_year is not None
    assert (own_year.numerator, own_year.denominator) == (found.days.events, found.days.n)


def test_coverage_against_a_count_by_hand(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    rows = hand(
        loaded_simulation,
        "SELECT duty_date, district_id, shift_id, bool_or(r.duty_status IN ('worked', 'overtime',"
        " 'held_over') AND coalesce(CAST(dispatchable AS VARCHAR), '') <> 'no' AND c.officer_key IS"
        " NOT NULL) FROM rosters r LEFT JOIN certifications c ON c.agency_id = r.agency_id AND"
        " c.officer_key = r.officer_key AND credential IN ('cit_40h', 'cit_enhanced')"
        " AND certified_on <= duty_date AND (expires_on IS NULL OR expires_on > duty_date)"
        " GROUP BY ALL",
    )
    due = [
        (d, s)
        for (d,) in hand(
            loaded_simulation, "SELECT district_id FROM districts WHERE patrolled = 'yes'"
        )
        for (s,) in hand(
            loaded_simulation, "SELECT shift_id FROM shifts WHERE counts_for_coverage = 'yes'"
        )
    ]
    cells = {(day, d, s): bool(cit) for day, d, s, cit in rows}
    every = sorted({day for day, *_ in rows})
    for v in own(result(simulated, "cit-program", "coverage")):
        within = [d for d in every if v.period.counted_first <= d <= v.period.counted_last]
        full = sum(all(cells.get((day, d, s), False) for d, s in due) for day in within)
        assert (v.numerator or 0, v.denominator or 0) == (full, len(within))


def test_the_people_of_the_program(simulated: dict[str, Report], loaded_simulation: Any) -> None:
    for id_, denominator, event in (
        (
            "volunteers",
            "cit AND cit_selection <> 'unknown'",
            "cit_selection = 'volunteered_selected'",
        ),
        ("telecommunicators_share", "role = 'telecommunicator'", "dispatcher"),
        (
            "awareness_share",
            "NOT cit AND role IN ('patrol_officer', 'sergeant', 'co_responder_officer')",
            "aware",
        ),
        ("patrol_share", "patrol", "cit"),
        ("moves", "cit", "elsewhere"),
    ):
        for v in own(result(simulated, "cit-program", id_)):
            last = f"DATE '{v.period.counted_last}'"
            held = (
                f"SELECT officer_key FROM certifications WHERE certified_on <= {last} AND"
                f" (expires_on IS NULL OR {last} < expires_on) AND "
            )
            wanted = ask(
                loaded_simulation,
                f", e AS (SELECT officer_key, role, cit_selection, officer_key IN ({held} credential IN"
                f" ('cit_40h', 'cit_enhanced')) AS cit, officer_key IN ({held} credential ="
                f" 'cit_dispatcher') AS dispatcher, officer_key IN ({held} credential IN ('cit_40h',"
                " 'cit_enhanced') AND earned_at_agency <> agency_id) AS elsewhere, officer_key IN ("
                f"{held} credential IN ('mh_awareness', 'mh_first_aid')) OR officer_key IN (SELECT"
                f" officer_key FROM trainings WHERE course_kind = 'mh_awareness' AND completed_on <="
                f" {last} AND result = 'completed') AS aware, officer_key IN (SELECT officer_key FROM"
                f" assignments WHERE on_patrol = 'yes' AND from_date <= {last} AND (to_date IS NULL OR"
                f" to_date > {last})) AS patrol FROM officers WHERE (hired_month IS NULL OR hired_month"
                f" <= {last}) AND (left_month IS NULL OR left_month > {last}))"
                f" SELECT count(*) FILTER ({event}), count(*) FROM e WHERE {denominator}",
            )
            assert (v.numerator, v.denominator) == wanted, (id_, v.period)


def test_places_and_elements(simulated: dict[str, Report], loaded_simulation: Any) -> None:
    for v in own(result(simulated, "cit-program", "agreements")):
        last = f"DATE '{v.period.counted_last}'"
        assert (v.numerator,) == ask(
            loaded_simulation,
            f"SELECT count(*) FROM service_providers WHERE agreement_from <= {last} AND (agreement_to IS"
            f" NULL OR agreement_to > {last}) AND provider_kind IN ('emergency_department',"
            " 'crisis_receiving', 'psychiatric_hospital', 'detox_sobering', 'youth_crisis')",
        )
    for v in own(result(simulated, "cit-program", "no_refusal")):
        assert (v.numerator, v.denominator) == ask(
            loaded_simulation,
            "SELECT count(*) FILTER (accepted = 'accepted'), count(*) FROM transports JOIN h USING"
            f" (agency_id, source, contact_id) WHERE {days(v)} AND accepted NOT IN ('unknown') AND"
            " destination_kind IN ('emergency_department', 'crisis_receiving', 'psychiatric_hospital',"
            " 'detox_sobering')",
        )
    for v in own(result(simulated, "cit-program", "committee")):
        rows = hand(
            loaded_simulation,
            "SELECT element, arg_max(status, as_of) FROM program_elements WHERE element IN"
            " ('steering_committee_meets', 'advocacy_or_lived_experience_partner')"
            f" AND as_of <= DATE '{v.period.counted_last}' GROUP BY 1",
        )
        said = [status for _, status in rows if status != "not_assessed"]
        assert (v.numerator or 0, v.denominator or 0) == (said.count("met"), len(said))
    for v in own(result(simulated, "cit-program", "experience_course")):
        within = days(v).replace("day", "completed_on")
        assert (v.numerator or 0, v.denominator or 0) == ask(
            loaded_simulation,
            "SELECT count(DISTINCT officer_key) FILTER (years_service_at_training >= 1),"
            " count(DISTINCT officer_key) FROM trainings WHERE course_kind = 'cit_40h'"
            f" AND result = 'completed' AND years_service_at_training IS NOT NULL AND {within}",
        )


def test_the_fiscal_year_is_the_agencys_own(loaded_simulation: Any, tmp_path: Path) -> None:
    assert measures.year_starts_in(loaded_simulation) == 7
    assert measures.report("pmhc", loaded_simulation).year_starts == 7
    assert measures.report("pmhc", loaded_simulation, year_starts=10).year_starts == 10
    silent = make_snapshot(tmp_path, (6, 6), (1, 0))
    assert measures.year_starts_in(silent) == 1
    assert words.years_start(measures.report("pmhc", silent)) == ""


def test_a_referral_is_completed_by_the_providers_report(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    v = result(simulated, "pmhc", "completed").whole
    assert v is not None
    wanted = ask(
        loaded_simulation,
        ", r AS (SELECT agency_id, source, contact_id, bool_or(feedback_received = 'yes'"
        " AND first_service_on BETWEEN CAST(made_at AS DATE) AND CAST(made_at AS DATE) + 30) AS done"
        " FROM referrals WHERE agreed IS DISTINCT FROM 'declined' GROUP BY ALL)"
        " SELECT count(*) FILTER (done) FROM r",
    )
    assert (v.numerator,) == wanted
    assert v.not_recorded > 0  # providers that never reported back are no failures


def test_what_was_not_recorded_is_counted_and_left_out(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    v = result(simulated, "consent-decree", "force").whole
    assert v is not None and v.denominator is not None
    (total,) = ask(loaded_simulation, "SELECT count(*) FROM h")
    assert v.denominator + v.not_recorded == total and v.not_recorded > 0


@pytest.mark.parametrize("set_", [s.id for s in SETS])
def test_what_is_not_stored_is_named_and_never_zero(
    set_: str, simulated: dict[str, Report], real: dict[str, Report]
) -> None:
    for found in (simulated[set_], real[set_]):
        for r in found.results:
            if r.lacks and r.measure.needs_words:
                assert not r.values and r.baseline is None
                assert words.needs(r).startswith(f"needs {r.measure.needs_words}: ")
        for row in found.rows():
            if row["needs"]:
                assert row["numerator"] is None and row["value"] is None
    if set_ == "stepping-up":
        jail = [r for r in real[set_].results if not r.measure.nearest]
        assert len(jail) == 4 and all(words.needs(r).startswith("needs jail data") for r in jail)
        assert not any(r.lacks for r in simulated[set_].results)
    else:
        assert not any(r.lacks for r in simulated[set_].results)


def test_reports_of_force_filed_in_time_and_reviewed(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    v = result(simulated, "consent-decree", "force_reviewed").whole
    assert v is not None
    rows = hand(
        loaded_simulation,
        "SELECT force_id, report_due_at, report_filed_at, supervisor_reviewed_at FROM force_events"
        " WHERE display_only IS DISTINCT FROM 'yes'",
    )
    reports: dict[str, list[tuple[Any, ...]]] = {}
    for number, *times in rows:
        reports.setdefault(number, []).append(tuple(times))
    ((last,),) = hand(loaded_simulation, "SELECT max(contact_date) FROM encounters")
    good = of = 0
    for applied in reports.values():
        if all(filed is None and due.date() > last for due, filed, _ in applied):
            continue
        late = any(f > d if f else d.date() <= last for d, f, _ in applied)
        of += 1
        good += not late and all(reviewed is not None for *_, reviewed in applied)
    assert (v.numerator, v.denominator) == (good, of)


def test_complaints_by_allegation_and_finding(
    simulated: dict[str, Report], loaded_simulation: Any
) -> None:
    for id_, column in (("complaints", "allegation"), ("complaint_findings", "finding")):
        v = result(simulated, "consent-decree", id_).whole
        assert v is not None
        expected = hand(
            loaded_simulation,
            f"SELECT {column}, count(*) FROM complaints WHERE kind = 'complaint' GROUP BY 1",
        )
        assert v.numerator == sum(n for _, n in expected) > 0


def test_baseline_and_target(loaded_simulation: Any) -> None:
    found = measures.report(
        "pmhc",
        loaded_simulation,
        date(2024, 7, 1),
        date(2025, 6, 30),
        year_starts=7,
        target=measures.targets("pmhc", ["arrested=5%", " force=0.01 "]),
    )
    assert found.baseline is not None and found.baseline.kind == BASELINE
    assert (found.baseline.label, found.baseline.first) == ("FY2022", date(2021, 7, 1))
    by = {r.measure.id: r for r in found.results}
    assert (by["arrested"].target, by["force"].target, by["connected"].target) == (0.05, 0.01, None)
    again = measures.report("pmhc", loaded_simulation, date(2021, 7, 1), date(2022, 6, 30))
    first = {r.measure.id: r.whole for r in again.results}
    for id_, r in by.items():
        assert r.baseline is not None and r.baseline.value == first[id_].value  # type: ignore[union-attr]
    given = measures.report(
        "pmhc", loaded_simulation, baseline=(date(2023, 1, 1), date(2023, 3, 31))
    )
    assert given.baseline is not None and given.baseline.counted_last == date(2023, 3, 31)
    assert words.UNLIKE in words.baseline(given, given.periods[0])
    assert words.UNLIKE not in words.baseline(found, found.periods[0])


def test_seattle_has_a_hole_that_no_baseline_covers(seattle: Any) -> None:
    found = measures.report("pmhc", seattle)
    assert found.baseline is not None and found.baseline.label == "2018"
    years = {p.label: p for p in found.periods if p.kind == YEAR}
    assert years["2015"].partial and years["2019"].partial and not years["2016"].partial
    assert years["2016"].gaps == (date(2016, 12, 1),)
    assert len(years["2017"].gaps) == 11
    assert "missing coverage" in words.period(years["2017"])


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["nothing=4%"], "MEASURE=VALUE"),
        (["force"], "MEASURE=VALUE"),
        (["force=many"], "not a number"),
        (["force=nan"], "between 0 and 1"),
        (["force=7"], "between 0 and 1"),
        (["force=-1%"], "between 0 and 1"),
    ],
)
def test_targets_that_cannot_be(pairs: list[str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        measures.targets("pmhc", pairs)


def test_a_count_may_have_a_large_target() -> None:
    assert measures.targets("jmhcp", ["screened=1,200"]) == {"screened": 1200}


def test_refusals(loaded_simulation: Any) -> None:
    with pytest.raises(UserError, match="jmhcp, pmhc, stepping-up, consent-decree, cit-program"):
        measures.report("other", loaded_simulation)
    with pytest.raises(UserError, match="no contact lies"):
        measures.report("pmhc", loaded_simulation, start=date(2040, 1, 1))
    with pytest.raises(UserError, match="swap"):
        measures.report("pmhc", loaded_simulation, date(2024, 2, 1), date(2024, 1, 1))
    with pytest.raises(UserError, match="baseline"):
        measures.report("pmhc", loaded_simulation, baseline=(date(1999, 1, 1), date(1999, 2, 1)))


def test_a_table_that_was_not_kept_yet_says_so(
    loaded_simulation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_windows = aggregate.windows(loaded_simulation)
    late = real_windows | {"events.event_kind": Window(date(2024, 1, 1), None)}
    monkeypatch.setattr(aggregate, "windows", lambda _: late)
    found = measures.report("jmhcp", loaded_simulation, year_starts=1)
    r = next(r for r in found.results if r.measure.id == "trainings_marked")
    values = {v.period.label: v for v in r.of(WHOLE, YEAR)}
    assert values["2023"].value is None and "not recorded before" in str(values["2023"].reason)
    assert values["Whole period"].value is None and "only from" in str(
        values["Whole period"].reason
    )
    assert values["2024"].value is not None


def test_one_person_and_empty_arms(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (6, 6), (1, 0))
    for s in SETS:
        found = measures.report(s.id, snapshot)
        json.dumps(found.to_dict(), allow_nan=False)
        assert words.lines(found)
    force = next(
        r for r in measures.report("pmhc", snapshot).results if r.measure.id == "force"
    ).whole
    assert force is not None and (force.numerator, force.denominator) == (1, 13)


def test_the_rows_are_the_values(simulated: dict[str, Report]) -> None:
    found = simulated["consent-decree"]
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert len(rows) == sum(max(1, len(r.values)) for r in found.results)
    assert {r["access"] for r in rows} == {"internal"} and {r["check"] for r in rows} == {
        "check your award"
    }
    values = [v for r in found.results for v in (r.values or (None,))]
    for row, v in zip(rows, values, strict=True):
        assert row["numerator"] == ("" if v is None or v.numerator is None else str(v.numerator))
        if v is not None and v.value is not None:
            assert float(row["value"]) == pytest.approx(v.value)


def test_a_label_never_reads_as_a_formula(simulated: dict[str, Report]) -> None:
    found = simulated["pmhc"]
    first = found.results[0]
    value = replace(first.values[0], place="=1+1")
    text = replace(found, results=(replace(first, values=(value,)),)).to_csv()
    assert "'=1+1" in text and ",=1+1" not in text


# --- periods ---


@given(
    st.dates(date(2001, 1, 1), date(2030, 1, 1)),
    st.integers(0, 2500),
    st.integers(1, 12),
)
def test_quarters_tile_what_was_asked(first: date, length: int, starts: int) -> None:
    data = (first, first + timedelta(days=length))
    found = fiscal.periods(data, data, starts)
    for kind in (YEAR, QUARTER):
        own = [p for p in found if p.kind == kind]
        assert own[0].counted_first == data[0] and own[-1].counted_last == data[1]
        for a, b in itertools.pairwise(own):
            assert b.counted_first == a.counted_last + timedelta(days=1)
            assert b.first == a.last + timedelta(days=1)
    for p in found:
        if p.kind == CUMULATIVE:
            assert p.first.month == starts and p.first.day == 1
        if p.year is not None:
            assert fiscal.year_of(p.first, starts) == fiscal.year_of(p.last, starts) == p.year
    assert len({p.id for p in found}) == len(found)


def test_partial_is_said() -> None:
    data = (date(2020, 1, 3), date(2021, 5, 20))
    found = {(p.kind, p.label): p for p in fiscal.periods(data, data, 1)}
    assert not found[YEAR, "2020"].partial  # three days of grace
    assert found[YEAR, "2021"].partial and found[QUARTER, "2021 Q2"].partial
    assert not found[QUARTER, "2021 Q1"].partial
    assert found[CUMULATIVE, "2021 Q1-Q2"].partial
    asked = (date(2020, 1, 5), date(2020, 12, 31))
    cut = {p.kind: p for p in fiscal.periods(data, asked, 1)}
    assert cut[YEAR].partial  # a day that was not asked for is not there


def test_fiscal_names() -> None:
    assert (
        fiscal.year_of(date(2024, 7, 1), 7) == 2025 and fiscal.year_of(date(2024, 6, 30), 7) == 2024
    )
    assert fiscal.year_of(date(2024, 12, 31), 1) == 2024
    assert (fiscal.month("10"), fiscal.month("july"), fiscal.month("Sep")) == (10, 7, 9)
    for wrong in ("13", "0", "ju", "x", ""):
        with pytest.raises(UserError, match="not a month"):
            fiscal.month(wrong)


# --- the registry ---


@pytest.mark.parametrize("m", MEASURES, ids=lambda m: f"{m.set}-{m.id}")
def test_an_entry_is_whole(m: Measure) -> None:
    assert m.set in {s.id for s in SETS} and m.id.replace("_", "").isalnum()
    assert m.name and m.definition.endswith(".") and (not m.note or m.note.endswith("."))
    assert m.unit in ("contacts", "people", "officers", "events")
    stored = {f"{t.name}.{c.name}" for t in schema.tables().values() for c in t.columns}
    assert set(m.requires) | set(m.sources) <= stored
    assert set(m.by) <= {c.id for c in COVARIATES}
    if m.share:
        assert m.sources or m.requires
    if m.relation not in ("contacts", *schema.tables()):
        assert m.relation in ("classes", "duty_days", "force_reports") and m.requires
    assert bool(m.median) == bool(m.median_unit) and not (m.median and m.share)
    assert bool(m.pending) == bool(m.pending_words)


def test_ids_are_unique_within_a_set_and_sets_are_dated() -> None:
    ids = [(m.set, m.id) for m in MEASURES]
    assert len(ids) == len(set(ids))
    assert [s.id for s in SETS] == ["jmhcp", "pmhc", "stepping-up", "consent-decree", "cit-program"]
    for s in SETS:
        assert measures_of(s.id) and any(c.isdigit() for c in s.edition)
        assert words.CHECK in words.edition(s)


def test_every_column_of_encounters_a_measure_names_is_there() -> None:
    columns = set(encounters.columns())
    for m in MEASURES:
        for word in f"{m.event} {m.among}".replace("(", " ").replace(")", " ").split():
            if word.startswith(("outcome_", "eligible_", "exposure_")):
                assert word in columns


# --- the command ---


def run(*argv: str) -> None:
    args = parser().parse_args(["measures", *argv])
    args.action(args)


def test_the_command(
    tmp_path: Path, loaded_simulation: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(loaded_simulation.path.parent.parent)
    file = tmp_path / "measures.csv"
    run("--store", store, "--set", "jmhcp", "--year-starts", "Oct", "--csv", str(file), "--json")
    answer = json.loads(capsys.readouterr().out)
    assert answer["schema_version"] == 1 and answer["year_starts"] == 10
    assert answer["set"]["check"] == "check your award"
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert len(rows) == sum(max(1, len(m["values"])) for m in answer["measures"])
    run("--store", store, "--set", "stepping-up", "--baseline", "2024-01-01..2024-12-31")
    said = capsys.readouterr().out
    assert "days (median of" in said and "not yet released" in said and "Check your award" in said
    assert "Fiscal years start in July" in said  # the agency's own, where none is asked for
    with pytest.raises(UserError, match=r"FROM\.\.TO"):
        run("--store", store, "--set", "pmhc", "--baseline", "2024")
    with pytest.raises(UserError, match="cannot be written"):
        run("--store", store, "--set", "pmhc", "--csv", str(tmp_path / "no" / "file.csv"))


@pytest.mark.slow
def test_an_agency_that_keeps_little(tmp_path: Path) -> None:
    folder = simulated_store(tmp_path, 300)
    from data.store import Store

    for s in SETS:
        found = measures.report(s.id, Store(folder).current(), year_starts=10)
        for r in found.results:
            assert bool(r.lacks) != bool(r.values)
