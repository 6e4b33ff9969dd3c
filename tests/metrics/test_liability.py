"""Liability: every count against SQL or rows written by hand, and the ratio of two rates by brute force."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy import stats as scipy_stats

from data.roles import Role
from data.store import Snapshot, Store
from metrics import liability, proportions
from metrics.aggregate import liability as counted
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.evaluate import evaluate
from metrics.headline import FEWEST_EVENTS
from metrics.liability import OUTCOMES, TOO_FEW, CriticalEvent, Liability, Rate
from metrics.question import Question, ask
from metrics.wording import liability as words
from metrics.wording import liability_terms as terms
from tests.data.test_outcome_tables import load
from tests.metrics.test_words_random import CAUSAL, NO_NUMBER
from tests.stores import simulated_store

NOBODY = re.compile(r"\bNone (recorded|is)\b")
"""A sentence that begins with None, and no broken number."""
YEAR = (date(2023, 1, 1), date(2023, 12, 31))


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("liability"), 4_000)).current()


def gathered(snapshot: Snapshot, question: Question, role: Role = Role.VIEWER) -> Liability:
    compared = evaluate(question.only(*OUTCOMES), snapshot=snapshot)
    return liability.liability(question, snapshot, compared, role)


@pytest.fixture(scope="module")
def found(snapshot: Snapshot) -> Liability:
    return gathered(snapshot, ask())


@pytest.fixture(scope="module")
def in_2023(snapshot: Snapshot) -> Liability:
    return gathered(snapshot, ask(start=YEAR[0], end=YEAR[1]))


def one(snapshot: Snapshot, sql: str) -> Any:
    row = snapshot.cursor().execute(sql).fetchone()
    assert row is not None
    return row[0] if len(row) == 1 else row


# Rates and comparisons


def test_rates_are_the_exact_ones_of_the_counts(found: Liability, snapshot: Snapshot) -> None:
    columns = {
        "force": "force_used",
        "officer_injury": "officer_injured",
        "subject_injury": "subject_injured",
        "property_damage": "property_damage",
        "tactical_callout": "tactical_callout",
    }
    assert [r.comparison.outcome for r in found.rows] == list(OUTCOMES)
    for row in found.rows:
        for rate, arm in ((row.cit, "TRUE"), (row.other, "FALSE")):
            assert rate.per_1000 == proportions.rate_per_1000(rate.events, rate.n)
            if (column := columns.get(row.comparison.outcome)) is None:
                continue
            counts = one(
                snapshot,
                f"SELECT count(*) FILTER (c.{column} = 'yes'), count(*) FILTER (c.{column} IN ('yes', 'no')),"
                f" count(*) FILTER (c.{column} IS NULL OR c.{column} = 'unknown')"
                " FROM contacts c JOIN encounters e USING (agency_id, source, contact_id)"
                f" WHERE exposure_primary = {arm}",
            )
            assert (rate.events, rate.n, rate.not_recorded) == counts


def test_rates_agree_with_r(golden: dict[str, dict[str, Any]]) -> None:
    case = golden["poisson_one"]
    n = round(case["inputs"]["exposure_thousands"] * 1000)
    value = Rate(case["inputs"]["x"], n).per_1000
    assert value.estimate == pytest.approx(case["outputs"]["estimate"], abs=1e-9)
    assert (value.low, value.high) == pytest.approx(case["outputs"]["conf_int"], abs=1e-9)
    two = golden["poisson_two"]
    (e1, e2), (n1, n2) = two["inputs"]["x"], two["inputs"]["T"]
    ratio, test = liability.rates_compared(Rate(e1, n1), Rate(e2, n2))
    assert isinstance(ratio, Estimate) and isinstance(test, Test)
    assert ratio.estimate == pytest.approx(two["outputs"]["estimate"], abs=1e-9)
    assert (ratio.low, ratio.high) == pytest.approx(two["outputs"]["conf_int"], abs=1e-8)
    assert test.p_value == pytest.approx(two["outputs"]["p_value"], abs=1e-10)


@given(
    st.integers(FEWEST_EVENTS, 60),
    st.integers(100, 20_000),
    st.integers(FEWEST_EVENTS, 60),
    st.integers(100, 20_000),
)
@settings(max_examples=60, deadline=None)
def test_the_ratio_inverts_the_split_of_all_events(e1: int, n1: int, e2: int, n2: int) -> None:
    ratio, test = liability.rates_compared(Rate(e1, n1), Rate(e2, n2))
    assert isinstance(ratio, Estimate) and isinstance(test, Test)
    assert ratio.estimate == pytest.approx((e1 / n1) / (e2 / n2))
    # By hand: add up the outcomes no likelier than the one seen.
    chance = [scipy_stats.binom.pmf(k, e1 + e2, n1 / (n1 + n2)) for k in range(e1 + e2 + 1)]
    by_hand = math.fsum(p for p in chance if p <= chance[e1] * (1 + 1e-7))
    assert test.p_value == pytest.approx(min(by_hand, 1.0), abs=1e-9)

    # The limits are the ratios at which a tail of the split holds 2.5%.
    def split(r: float) -> float:
        return r * n1 / (r * n1 + n2)

    def root(tail: Callable[[float], float]) -> float:
        return math.exp(optimize.brentq(lambda x: tail(split(math.exp(x))) - 0.025, -15, 15))

    low = root(lambda p: float(scipy_stats.binom.sf(e1 - 1, e1 + e2, p)))
    high = root(lambda p: float(scipy_stats.binom.cdf(e1, e1 + e2, p)))
    assert (ratio.low, ratio.high) == pytest.approx((low, high), rel=1e-6)
    # Exchanging the groups turns the ratio over.
    back, same = liability.rates_compared(Rate(e2, n2), Rate(e1, n1))
    assert isinstance(back, Estimate) and isinstance(same, Test)
    assert (1 / back.high, 1 / back.low) == pytest.approx((ratio.low, ratio.high))
    assert same.p_value == pytest.approx(test.p_value)


@given(st.integers(0, FEWEST_EVENTS - 1), st.integers(0, 500))
def test_under_ten_events_in_a_group_there_is_no_ratio(few: int, many: int) -> None:
    for cit, other in ((few, many), (many, few)):
        assert liability.rates_compared(Rate(cit, 1_000), Rate(other, 1_000)).ratio == TOO_FEW
    assert isinstance(liability.rates_compared(Rate(0, 0), Rate(many, 1_000)).ratio, NotEstimable)


def test_comparisons_of_other_outcomes_are_refused(snapshot: Snapshot) -> None:
    with pytest.raises(ValueError, match="comparisons must be those of force"):
        liability.liability(ask(), snapshot, evaluate(ask(["force"]), snapshot=snapshot))


# Injuries by cause


def test_causes_are_what_the_rows_say(found: Liability, snapshot: Snapshot) -> None:
    assert {(c.who, c.cause) for c in found.causes} == {
        (w, c) for w in counted.WHO for c in counted.DURING
    }
    assert sum(c.cit.events + c.other.events for c in found.causes) > 20
    for row in found.causes:
        for rate, arm in ((row.cit, "TRUE"), (row.other, "FALSE")):
            events, n = one(
                snapshot,
                "SELECT count(*) FILTER (contact_id IN (SELECT contact_id FROM injuries"
                f" WHERE who = '{row.who}' AND cause = '{row.cause}')), count(*)"
                " FROM contacts JOIN encounters e USING (agency_id, source, contact_id)"
                f" WHERE exposure_primary = {arm} AND {row.who}_injured IN ('yes', 'no')",
            )
            assert (rate.events, rate.n) == (events, n)
        assert row.ratio == liability.rates_compared(row.cit, row.other)
    before = one(
        snapshot,
        "SELECT count(*) FROM injuries WHERE cause IN ('before_contact', 'self_inflicted_before_arrival')",
    )
    assert sum(a.n for a in found.apart) == before > 0


INJURED = "contact_id,contact_at,primary_officer_cit,subject_injured,officer_injured;"


def test_what_is_not_known_of_an_injury_leaves_the_denominator(tmp_path: Path) -> None:
    contacts = INJURED + ";".join(
        [
            "C-1,2024-03-01 10:00,yes,yes,no",  # by force, twice
            "C-2,2024-03-01 10:00,yes,yes,no",  # no row says by what
            "C-3,2024-03-01 10:00,yes,yes,no",  # by force, and once by nobody knows what
            "C-4,2024-03-01 10:00,yes,no,no",  # hurt before
            "C-5,2024-03-01 10:00,yes,unknown,no",  # the form does not answer
            "C-6,2024-03-01 10:00,yes,,no",
            "C-7,2024-03-01 10:00,yes,no,no",  # somebody was hurt by accident: who?
            "C-8,2024-03-01 10:00,yes,no,no",
            "C-9,2024-03-01 10:00,,yes,no",  # in neither group
        ]
    )
    injuries = (
        "contact_id,injury_id,who,cause;C-1,1,subject,officer_force;C-1,2,subject,officer_force;"
        "C-3,3,subject,officer_force;C-3,4,subject,unknown;C-4,5,subject,before_contact;"
        "C-7,6,,accident;C-5,7,subject,officer_force;C-9,8,subject,accident;C-8,9,third_party,accident"
    )
    _, store = load(tmp_path, contacts=contacts, injuries=injuries)
    held = {
        (c.who, c.cause): c.cit for c in liability.causes(counted.injuries(store.current(), ask()))
    }
    # Of 8: two forms do not answer; C-2 and C-7 are not clear for any cause.
    assert held["subject", "officer_force"] == Rate(2, 4, 4)
    # C-3 may have been hurt by accident as well.
    assert held["subject", "accident"] == Rate(0, 3, 5)
    assert held["officer", "accident"] == Rate(0, 7, 1)
    apart = counted.injuries_apart(store.current(), ask())
    assert apart["n"].sum() == 4  # unknown cause, before, who is not known, a third party


def test_without_who_and_cause_there_are_no_causes(tmp_path: Path) -> None:
    contacts = INJURED + "C-1,2024-03-01 10:00,yes,yes,no;C-2,2024-03-01 10:00,no,yes,no"
    _, store = load(tmp_path, contacts=contacts, injuries="contact_id,injury_id,who;C-1,1,subject")
    assert liability.causes(counted.injuries(store.current(), ask())) == ()


# Critical events


def test_every_critical_event_of_the_dates_is_listed(
    found: Liability, in_2023: Liability, snapshot: Snapshot
) -> None:
    rows = snapshot.cursor().execute(
        "SELECT occurred_on, kind, review_status, CAST(legal_hold AS VARCHAR) FROM critical_events"
    )
    held = sorted(rows.fetchall())
    assert sorted((e.day, e.kind, e.review, e.legal_hold) for e in found.events) == held
    inside = [r for r in held if YEAR[0] <= r[0] <= YEAR[1]]
    assert sorted((e.day, e.kind, e.review, e.legal_hold) for e in in_2023.events) == inside


def test_events_without_a_contact_or_a_day_are_listed_and_filters_hide_none(tmp_path: Path) -> None:
    contacts = (
        "contact_id,contact_at,district_id,primary_officer_cit;C-1,2024-03-01 10:00,North,yes;"
        "C-2,2024-04-01 10:00,South,no"
    )
    events = (
        "critical_id,contact_id,kind,occurred_on,review_status,legal_hold;"
        "E1,C-1,death_by_force,2024-03-01,open,yes;E2,,officer_death,2024-05-01,external,no;"
        "E3,C-2,death_in_custody,,,unknown"
    )
    _, store = load(tmp_path, contacts=contacts, critical_events=events)
    snapshot = store.current()
    listed = liability.critical_events(snapshot, ask(where={"district": ["South"]}))
    assert listed == (
        CriticalEvent(date(2024, 3, 1), "death_by_force", "North", "open", "yes"),
        CriticalEvent(date(2024, 5, 1), "officer_death", None, "external", "no"),
        CriticalEvent(None, "death_in_custody", "South", None, "unknown"),
    )
    later = liability.critical_events(snapshot, ask(start=date(2024, 5, 1)))
    assert [e.day for e in later] == [date(2024, 5, 1), None]
    said = words.events(listed, True)
    assert said.startswith("3 events listed; 1 under legal hold (1 not recorded), 2 with a review")
    assert "1 without a day" in said
    assert words.events((), True) == "No critical event is recorded in this period."
    assert "critical_events.csv" in words.events((), False)
    assert terms.serious(listed[:1], False) == "1 event: death by force, 1 Mar 2024; review open."
    assert terms.deaths(listed) == (
        "Deaths on record: 1 death by force, 1 death in custody and 1 death of an officer."
    )
    shooting = CriticalEvent(None, "officer_shooting_nonfatal", None, None, None)
    assert terms.deaths([shooting]) == "No death is on record."
    unknown = terms.deaths([shooting._replace(kind=None)])
    assert unknown == "No death is on record; 1 event of a kind not recorded."


# Complaints


def test_complaints_are_counted_once_by_how_they_stand(
    found: Liability, in_2023: Liability, snapshot: Snapshot
) -> None:
    for held, dates in (
        (found, ""),
        (in_2023, "AND contact_at >= '2023-01-01' AND contact_at < '2024-01-01'"),
    ):
        mine = f"contact_id IN (SELECT contact_id FROM contacts WHERE TRUE {dates})"
        received, sustained, waiting, praised = one(
            snapshot,
            "SELECT count(DISTINCT complaint_id) FILTER (kind = 'complaint'),"
            " count(DISTINCT complaint_id) FILTER (kind = 'complaint' AND finding = 'sustained'),"
            " count(DISTINCT complaint_id) FILTER (kind = 'complaint' AND finding = 'pending'),"
            " count(DISTINCT complaint_id) FILTER (kind = 'commendation')"
            f" FROM complaints WHERE {mine}",
        )
        standing = dict(held.complaints.standing)
        assert (held.complaints.received, standing[counted.SUSTAINED]) == (received, sustained)
        assert (standing[counted.OPEN], held.complaints.commendations) == (waiting, praised)
        assert held.complaints.rate(received) == proportions.rate_per_1000(
            received, held.complaints.n
        )
    delays = snapshot.cursor().execute(
        "SELECT received_on - CAST(contact_at AS DATE) FROM complaints JOIN contacts USING (agency_id,"
        " contact_id) WHERE kind = 'complaint'"
    )
    days = [d for (d,) in delays.fetchall()]
    assert found.complaints.delay.n == len(days)
    assert found.complaints.delay.median == pd.Series(days).median()
    assert found.complaints.delay.nine_in_ten == pytest.approx(pd.Series(days).quantile(0.9))
    assert found.complaints.delay.until == one(snapshot, "SELECT max(received_on) FROM complaints")
    assert found.complaints.received + found.complaints.unlinked > 0


COMPLAINTS = "complaint_id,allegation,contact_id,incident_id,kind,received_on,closed_on,finding;"


def test_complaints_that_name_no_single_contact_are_counted_apart(tmp_path: Path) -> None:
    contacts = "contact_id,incident_id,contact_at,primary_officer_cit;" + ";".join(
        f"C-{i},{incident},2024-03-0{i} 10:00,yes"
        for i, incident in enumerate(("I1", "I2", "I2", "I3", "I4"), 1)
    )
    complaints = (
        "complaint_id,allegation,contact_id,incident_id,kind,received_on,closed_on,finding;"
        + ";".join(
            [
                "Q1,force,C-1,,complaint,2024-03-02,2024-04-01,sustained",
                "Q1,bias,C-1,,complaint,2024-03-02,,pending",  # sustained in part: once, sustained
                "Q2,bias,,I2,complaint,2024-03-03,2024-04-01,unfounded",  # an incident of two contacts
                "Q3,bias,,I3,complaint,2024-03-08,2024-04-01,withdrawn",
                "Q4,other,,,complaint,2024-03-03,,",  # about no contact on record
                "Q5,other,C-77,I1,complaint,2024-03-03,,",
                "Q6,none,C-4,,commendation,2024-03-06,,na",
                "Q7,other,C-4,,inquiry,2024-03-06,,na",
                "Q8,other,C-2,,complaint,2024-03-01,,",  # the day before its contact; still open
                "Q9,neglect,C-4,,complaint,2024-03-05,2024-03-09,",  # closed, and no finding
                "Q10,neglect,C-4,,,2024-03-05,2024-03-09,sustained",
            ]
        )
    )
    _, store = load(tmp_path, contacts=contacts, complaints=complaints)
    held = liability.complaints(counted.complaints(store.current(), ask()))
    assert dict(held.standing) == {
        counted.SUSTAINED: 1,
        counted.NOT_SUSTAINED: 0,
        counted.ENDED: 1,
        counted.OPEN: 1,
        counted.UNKNOWN: 1,
    }
    assert (held.several, held.unlinked, held.kind_unknown) == (1, 2, 1)
    assert (held.commendations, held.inquiries) == (1, 1)
    assert (held.contacts, held.n) == (5, 5)
    assert (held.delay.n, held.delay.odd, held.delay.median) == (3, 1, 1.0)
    text = words.complaints_counted(held)
    assert (
        "1 complaint naming only an incident" in text
        and "2 complaints that cannot be linked" in text
    )
    # By dates: an unlinked complaint by the day it was received, a linked one by its contact's.
    early = counted.complaints(store.current(), ask(end=date(2024, 3, 2)))
    assert liability.complaints(early).unlinked == 0
    assert liability.complaints(early).received == 2
    # After the last complaint nobody can say: such contacts are in no denominator.
    late = contacts + ";C-9,I9,2024-06-01 10:00,yes"
    _, store = load(tmp_path, contacts=late)
    held = liability.complaints(counted.complaints(store.current(), ask()))
    assert (held.contacts, held.n) == (6, 5)
    assert "(1 later not counted)" in words.complaints_counted(held)


# Claims


def test_the_claims_of_a_period_are_what_the_latest_valuations_say(
    snapshot: Snapshot, found: Liability
) -> None:
    for role, seen in ((Role.VIEWER, "privileged = 'no'"), (Role.ATTORNEY, "TRUE")):
        claims, paid, incurred = one(
            snapshot,
            "WITH latest AS (SELECT claim_id, max(valued_on) AS valued_on FROM claim_valuations GROUP BY 1)"
            " SELECT count(*), sum(paid_loss + paid_expense),"
            " sum(paid_loss + paid_expense + reserve_loss + reserve_expense - coalesce(recoveries, 0))"
            " FROM claims JOIN latest USING (claim_id) JOIN claim_valuations USING (claim_id, valued_on)"
            f" WHERE line <> 'workers_compensation' AND {seen}"
            " AND contact_id IN (SELECT contact_id FROM contacts)",
        )
        held = counted.claims_of_period(snapshot, ask(), role)
        assert held is not None
        assert (held.claims, held.valued) == (claims, claims)
        assert (held.paid, held.incurred) == pytest.approx((paid or 0, incurred or 0))
    whole = gathered(snapshot, ask(), Role.ADMINISTRATOR)
    assert whole.claims is not None and found.claims is not None
    assert whole.claims.claims >= found.claims.claims


CLAIMS = "claim_id,contact_id,incident_id,line,occurred_on,reported_on,privileged,resolution;"


def claimed(tmp_path: Path) -> Snapshot:
    contacts = "contact_id,incident_id,contact_at,primary_officer_cit;" + ";".join(
        f"C-{i},{incident},2024-03-0{i} 10:00,yes"
        for i, incident in enumerate(("I1", "I2", "I2", "I3"), 1)
    )
    claims = CLAIMS + ";".join(
        [
            "L1,C-1,,law_enforcement_liability,2024-03-01,2024-04-01,no,open",
            "L2,,I3,general_liability,2024-03-04,2024-03-10,no,open",
            "L3,,I2,general_liability,2024-03-02,2024-03-10,no,open",  # one of two contacts
            "L4,,,general_liability,2024-03-02,2024-03-10,no,open",  # no contact
            "L5,C-1,,general_liability,2024-03-01,2024-09-10,yes,open",
            "L6,C-1,,general_liability,2024-03-01,2024-09-10,,open",
            "L7,C-1,,workers_compensation,2024-03-01,2024-03-02,no,open",
        ]
    )
    valuations = (
        "claim_id,valued_on,paid_loss,paid_expense,reserve_loss,reserve_expense,recoveries,status;"
        "L1,2024-06-30,9999,0,0,0,,closed;L1,2024-12-31,1000,200,5000,300,100,reopened;"
        "L2,2024-12-31,50,,0,0,,closed;L5,2025-06-30,7777,7777,7777,7777,,open"
    )
    _, store = load(tmp_path, contacts=contacts, claims=claims, claim_valuations=valuations)
    return store.current()


def test_claims_by_hand(tmp_path: Path) -> None:
    snapshot = claimed(tmp_path)
    held = counted.claims_of_period(snapshot, ask())
    assert held is not None
    assert (held.claims, held.open, held.closed) == (2, 1, 1)
    # L2 has no paid expense recorded: it is not valued.
    assert (held.valued, held.paid, held.incurred) == (1, 1200.0, 6400.0)
    assert (held.several, held.unlinked) == (1, 1)
    # What the privileged one would tell, its day of valuation too, is not told.
    assert held.until == date(2024, 12, 31)
    assert sorted(zip(held.days["days"], held.days["n"], strict=True)) == [(6, 1), (31, 1)]
    said = terms.claims(held).replace("\\", "")
    assert (
        "2 claims reported, 1 open and 1 closed, $6,400 incurred ($1,200 paid) on the 1 valued"
        in said
    )
    assert "1 claim naming no contact on record" in said


def test_privileged_claims_are_for_two_roles_only(tmp_path: Path) -> None:
    snapshot = claimed(tmp_path)
    numbers = {role: counted.claims_of_period(snapshot, ask(), role) for role in Role}
    for role, held in numbers.items():
        assert held is not None
        assert held.claims == (4 if role.sees_privileged else 2)
        assert held.until == (date(2025, 6, 30) if role.sees_privileged else date(2024, 12, 31))


def test_a_store_of_privileged_claims_shows_a_viewer_none(tmp_path: Path) -> None:
    claims = CLAIMS + "L1,C-1,,general_liability,2024-03-01,2024-04-01,yes,open"
    contacts = "contact_id,contact_at,primary_officer_cit;C-1,2024-03-01 10:00,yes"
    _, store = load(tmp_path, contacts=contacts, claims=claims)
    held = counted.claims_of_period(store.current(), ask())
    assert held is not None
    assert (held.claims, held.incurred, held.until, len(held.days)) == (0, 0.0, None, 0)
    assert "no liability claim reported" in terms.claims(held)


# Reviews of force


def test_reviews_count_applications_of_force(found: Liability, snapshot: Snapshot) -> None:
    total, done, within = one(
        snapshot,
        "SELECT count(*), count(supervisor_reviewed_at),"
        " count(*) FILTER (finding = 'within_policy' AND supervisor_reviewed_at IS NOT NULL)"
        " FROM force_events WHERE display_only IS DISTINCT FROM 'yes'"
        " AND category NOT IN ('none', 'verbal_only', 'handcuffs', 'display')",
    )
    assert (found.reviews.applications, found.reviews.reviewed) == (total, done)
    assert found.reviews.not_reviewed == total - done and found.reviews.silent == 0
    assert dict(found.reviews.findings)["within_policy"] == within


def test_reviews_that_are_not_recorded_are_not_missing_reviews(tmp_path: Path) -> None:
    contacts = "contact_id,contact_at,force_used;C-1,2024-03-01 10:00,yes"
    force = (
        "contact_id,force_id,seq,category,display_only;C-1,F1,1,ced_used,no;C-1,F1,2,display,yes"
    )
    _, store = load(tmp_path, contacts=contacts, force_events=force)
    held = liability.reviews(counted.force_reviews(store.current(), ask()))
    assert (held.applications, held.reviewed, held.not_reviewed, held.silent) == (1, 0, 0, 1)
    assert "force_events.supervisor_reviewed_at" in words.reviewed(held)


# Words


@given(st.integers(0, 50), st.integers(0, 3_000))
def test_an_exact_rate_in_words_never_prints_a_limit_as_nothing(events: int, more: int) -> None:
    value = proportions.rate_per_1000(events, events + more + 1)
    said = words.rate(value)
    assert not NO_NUMBER.search(said)
    if events:
        assert "(0.0 " not in said and "(0.00 " not in said


@given(
    st.lists(st.integers(-5, 900), max_size=30),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
def test_delays_are_those_of_the_values_written_out(values: list[int], until: date) -> None:
    frame = pd.DataFrame({"days": values, "n": [1] * len(values)}, dtype="int64")
    held = liability.delay(frame, until)
    sane = [v for v in values if v >= 0]
    assert (held.n, held.odd) == (len(sane), len(values) - len(sane))
    if sane:
        assert held.median == pytest.approx(pd.Series(sane).median())
        assert held.nine_in_ten == pytest.approx(pd.Series(sane).quantile(0.9))
    said = words.delays("Complaints", "received", held, until + timedelta(days=1))
    assert not NO_NUMBER.search(NOBODY.sub("", said))


def test_nothing_says_that_one_thing_brings_about_another(
    found: Liability, in_2023: Liability
) -> None:
    # The cause of an injury is a column, and the only word of its kind.
    texts = [v for k, v in vars(words).items() if k.isupper() and isinstance(v, str)]
    for held in (found, in_2023):
        texts += [
            words.headline(held),
            words.causes_none(held),
            words.apart(held),
            words.rates_alt(held),
        ]
        texts += [words.compared(r) for r in held.rows] + [words.cell(r.cit) for r in held.rows]
        texts += [words.cause_ratio(c) for c in held.causes] + [
            text for _, text in words.late(held)
        ]
        texts += [words.complaints_counted(held.complaints), words.reviewed(held.reviews)]
        texts += [terms.serious(held.events, True), words.events(held.events, True)]
        assert held.claims is not None
        texts.append(terms.claims(held.claims))
    for text in texts:
        plain = text.replace("cause", "")
        assert not CAUSAL.search(plain), text
        assert not NO_NUMBER.search(NOBODY.sub("", plain)), text
