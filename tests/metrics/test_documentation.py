"""Documents: every count against SQL written by hand on the stored tables, and each rule on a small store."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from data import ingest, mapping
from data.store import Snapshot, Store
from metrics import evaluate
from metrics.aggregate import documentation as counted
from metrics.documentation import (
    KINDS,
    OTHER_FIELD,
    OUTCOMES,
    STEPS,
    Conclusion,
    Documentation,
    conclusion,
    documentation,
)
from metrics.doubt import doubt
from metrics.estimate import Estimate, NotEstimable
from metrics.exhibit import exhibit
from metrics.question import Question, ask, primary_outcomes
from metrics.result import HIGHER, LOWER, NONE_DETECTED
from metrics.sensitivity import missing_bounds
from metrics.shares import Share
from metrics.trends import PChart, p_chart
from metrics.wording import documentation as words
from tests.metrics.test_wording import CAUSAL
from tests.stores import simulated_store


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("documentation"), 4_000)).current()


def narrow(snapshot: Snapshot) -> Question:
    row = snapshot.cursor().execute("SELECT min(district) FROM encounters").fetchone()
    assert row is not None
    return ask(start=date(2022, 3, 1), end=date(2025, 6, 30), where={"district": [row[0]]})


@pytest.fixture(scope="module", params=["all", "filtered"])
def case(request: pytest.FixtureRequest, snapshot: Snapshot) -> tuple[Documentation, str]:
    """What the product says, and the SQL condition on ``encounters e`` that asks the same."""
    if request.param == "all":
        return documentation(ask(), snapshot), "TRUE"
    question = narrow(snapshot)
    district = question.where[0][1][0]
    return documentation(question, snapshot), (
        f"e.contact_date BETWEEN '2022-03-01' AND '2025-06-30' AND e.district = '{district}'"
    )


BY_HAND = """
SELECT document, count(*), count(submitted_at),
       count(*) FILTER (submitted_at IS NULL AND CAST(due_at AS DATE) <= l.day),
       count(*) FILTER (submitted_at IS NULL AND CAST(due_at AS DATE) > l.day),
       count(*) FILTER (submitted_at IS NOT NULL AND fields_filled >= fields_required),
       count(*) FILTER (submitted_at <= due_at),
       count(*) FILTER (submitted_at IS NOT NULL AND approved_at IS NOT NULL)
FROM documents d JOIN encounters e USING (agency_id, source, contact_id),
     (SELECT max(contact_date) AS day FROM encounters) l
WHERE required = 'yes' AND {where} GROUP BY 1 ORDER BY 1
"""


def test_documents_as_sql_by_hand_counts_them(
    snapshot: Snapshot, case: tuple[Documentation, str]
) -> None:
    found, where = case
    rows = snapshot.cursor().execute(BY_HAND.format(where=where)).fetchall()
    assert rows and len(rows) == len(found.kinds)
    for code, owed, came, overdue, waiting, complete, in_time, approved in rows:
        kind = found.kind(code)
        assert kind is not None
        assert (kind.owed, kind.n_came, kind.overdue) == (owed, came, overdue)
        assert kind.not_due == waiting
        due = owed - waiting
        assert kind.came == Share(came, due, 0)
        assert kind.complete == Share(complete, due, 0)
        assert kind.in_time == Share(in_time, due, 0)
        assert kind.approved == Share(approved, came, 0)


def test_groups_and_districts_by_hand(snapshot: Snapshot, case: tuple[Documentation, str]) -> None:
    found, where = case
    for arm, condition in ((True, "IS TRUE"), (False, "IS FALSE"), (None, "IS NULL")):
        own = f"{where} AND e.exposure_primary {condition}"
        rows = snapshot.cursor().execute(BY_HAND.format(where=own)).fetchall()
        assert {k.document: k.n_in_time for k in found.arms[arm]} == {r[0]: r[6] for r in rows}
    for district, kinds in found.districts:
        same = "e.district IS NULL" if district is None else f"e.district = '{district}'"
        rows = snapshot.cursor().execute(BY_HAND.format(where=f"{where} AND {same}")).fetchall()
        assert {k.document: (k.owed, k.n_complete) for k in kinds} == {
            r[0]: (r[1], r[5]) for r in rows
        }


def test_parts_sum_to_the_whole(case: tuple[Documentation, str]) -> None:
    found, _ = case
    for kind in found.kinds:
        arms = [k for own in found.arms.values() for k in own if k.document == kind.document]
        places = [k for _, own in found.districts for k in own if k.document == kind.document]
        months = found.months[kind.document].values()
        for parts in (arms, places, months):
            sums = tuple(sum(column) for column in zip(*(p[1:] for p in parts), strict=True))
            assert sums == kind[1:]
        assert kind.owed == kind.n_came + kind.overdue + kind.not_due + kind.undated
        for step in ("came", "complete", "in_time"):
            share = kind.share(step)
            assert share.n + share.unknown + kind.not_due == kind.owed
        assert kind.approved.n + kind.approved.unknown == kind.n_came
    order = [KINDS.index(k.document) for k in found.kinds]
    assert order == sorted(order)


def test_the_outcomes_of_the_registry_say_the_same(snapshot: Snapshot) -> None:
    found = documentation(ask(), snapshot)
    form, _, _ = evaluate(ask(OUTCOMES), snapshot=snapshot)
    for arm, own in ((True, form.cit), (False, form.other)):
        (kind,) = (k for k in found.arms[arm] if k.document == "crisis_form")
        assert kind.complete[:2] == (own.events, own.n)
    row = (
        snapshot.cursor()
        .execute(
            "SELECT count(*) FILTER (outcome_report_on_time), count(outcome_report_on_time)"
            " FROM encounters WHERE eligible_report_on_time"
        )
        .fetchone()
    )
    report = found.kind("force_report")
    assert report is not None and report.in_time[:2] == row


def test_blank_fields_by_hand(snapshot: Snapshot, case: tuple[Documentation, str]) -> None:
    found, where = case
    for arm, condition in ((True, "IS TRUE"), (False, "IS FALSE")):
        rows = (
            snapshot.cursor()
            .execute(
                "SELECT missing_fields FROM documents d JOIN encounters e USING (agency_id, source, contact_id)"
                " WHERE document = 'crisis_form' AND required = 'yes' AND submitted_at IS NOT NULL"
                f" AND e.exposure_primary {condition} AND {where}"
            )
            .fetchall()
        )
        named = pd.Series([f for (m,) in rows for f in set((m or "").split(";")) if f])
        counts = named.value_counts()
        for blank in found.blanks["crisis_form"]:
            share = blank.cit if arm else blank.other
            assert share == (counts.get(blank.field, 0), len(rows), 0)
    events = [b.both.events for b in found.blanks["crisis_form"]]
    assert events == sorted(events, reverse=True)


def test_force_reports_by_hand(snapshot: Snapshot, case: tuple[Documentation, str]) -> None:
    found, where = case
    rows = (
        snapshot.cursor()
        .execute(
            "SELECT f.contact_id, force_id, e.exposure_primary, report_due_at, report_filed_at,"
            " supervisor_reviewed_at, finding FROM force_events f"
            " JOIN encounters e USING (agency_id, source, contact_id)"
            f" WHERE display_only IS DISTINCT FROM 'yes' AND {where}"
        )
        .df()
    )
    assert len(rows)
    for key in ("all", True, False):
        own = rows if key == "all" else rows[rows["exposure_primary"] == key]
        per = [g for _, g in own.groupby(["contact_id", "force_id"])]
        report = found.reports[key]
        assert report.n == len(per) and report.not_due == 0
        filed = [g for g in per if g["report_filed_at"].notna().all()]
        assert report.filed == (len(filed), len(per), 0)
        timely = sum((g["report_filed_at"] <= g["report_due_at"]).all() for g in filed)
        assert report.in_time == (timely, len(per), 0)
        reviewed = [g for g in filed if g["supervisor_reviewed_at"].notna().all()]
        assert report.reviewed == (len(reviewed), len(filed), 0)
        hours = [
            (g["supervisor_reviewed_at"].max() - g["report_filed_at"].max())
            // pd.Timedelta(hours=1)
            for g in reviewed
        ]
        if len(hours) >= 10:
            assert report.days == pytest.approx(pd.Series(hours).median() / 24)
        assert sum(n for _, n in report.findings) == len(filed)


def test_hold_forms_by_hand(snapshot: Snapshot, case: tuple[Documentation, str]) -> None:
    found, where = case
    for arm, condition in ((True, "IS TRUE"), (False, "IS FALSE")):
        assert [e.column for e in found.elements[arm]] == list(counted.ELEMENTS)
        for element in found.elements[arm]:
            rows = dict(
                snapshot.cursor()
                .execute(
                    f"SELECT coalesce(CAST({element.column} AS VARCHAR), 'unknown'), count(*) FROM holds"
                    " JOIN encounters e USING (agency_id, source, contact_id)"
                    f" WHERE e.exposure_primary {condition} AND {where} GROUP BY 1"
                )
                .fetchall()
            )
            assert element[1:] == tuple(rows.get(a, 0) for a in ("yes", "no", "unknown"))


def test_months_have_the_p_chart_of_the_house(snapshot: Snapshot) -> None:
    found = documentation(ask(), snapshot)
    trend = found.trend("crisis_form", "complete")
    rows = (
        snapshot.cursor()
        .execute(
            "SELECT date_trunc('month', e.contact_date), count(*) FILTER (fields_filled >= fields_required"
            " AND submitted_at IS NOT NULL), count(*) FROM documents d"
            " JOIN encounters e USING (agency_id, source, contact_id)"
            " WHERE document = 'crisis_form' GROUP BY 1 ORDER BY 1"
        )
        .fetchall()
    )
    assert [(m.first_day, m.events, m.n) for m in trend.months] == [
        (day if type(day) is date else day.date(), events, n) for day, events, n in rows
    ]
    assert isinstance(trend.chart, PChart)
    covered = trend.covered
    assert trend.chart == p_chart([m.events for m in covered], [m.n for m in covered], laney=True)
    # Hardly any injury report a month: points, and no limits that could mislead.
    assert isinstance(found.trend("injury_report", "in_time").chart, NotEstimable)
    assert found.trend("bodycam_tag", "came").months == ()


@pytest.fixture(scope="module")
def concluded(snapshot: Snapshot) -> tuple[Conclusion, ...]:
    question = ask()
    return tuple(
        conclusion(c, doubt(c, question, snapshot), question, snapshot)
        for c in evaluate(question, snapshot=snapshot)
    )


def test_bounds_are_those_of_doubt_and_of_the_exhibit(
    snapshot: Snapshot, concluded: tuple[Conclusion, ...]
) -> None:
    assert tuple(c.comparison.outcome for c in concluded) == primary_outcomes()
    for c in concluded:
        gone = c.comparison.not_recorded
        cit, other = c.comparison.cit, c.comparison.other
        assert c.doubt.bounds == missing_bounds(
            cit.events, cit.n, gone.cit, other.events, other.n, gone.other
        )
    rows = {r.id: r for r in exhibit(ask(), concluded[2].comparison.outcome, snapshot).rows}
    assert concluded[2].lowest == rows["missing_low"].risk_difference
    assert concluded[2].highest == rows["missing_high"].risk_difference


def test_a_verdict_holds_only_if_it_holds_at_both(concluded: tuple[Conclusion, ...]) -> None:
    from dataclasses import replace

    base = next(c for c in concluded if c.comparison.not_recorded.outcome)
    below, around, above = (Estimate(m, m - 0.01, m + 0.01) for m in (-0.05, 0.0, 0.05))
    for verdict, lowest, highest, holds in (
        (LOWER, below, below, True),
        (LOWER, below, around, False),
        (HIGHER, above, above, True),
        (HIGHER, around, above, False),
        (NONE_DETECTED, around, around, True),
        (NONE_DETECTED, below, around, False),
        (LOWER, below, NotEstimable("too few"), None),
        ("too_few", around, around, None),
    ):
        comparison = replace(base.comparison, verdict=verdict)
        found = replace(base, comparison=comparison, lowest=lowest, highest=highest)
        assert found.holds is holds
        assert {True: "stands whatever", False: "would not stand", None: "cannot be said"}[
            holds
        ] in words.bounds(found)


def test_nothing_claims_a_cause(
    case: tuple[Documentation, str], concluded: tuple[Conclusion, ...]
) -> None:
    found, _ = case
    texts = [words.headline(found), *words.apart(found), *words.decisions(found)]
    texts += [words.reports(r) for r in found.reports.values()]
    texts += [words.bounds(c) for c in concluded] + [t for c in concluded for t in words.tipping(c)]
    texts += [words.blank(found, k.document) for k in found.kinds]
    texts += [v for n, v in vars(words).items() if n.isupper() and isinstance(v, str)]
    for text in texts:
        assert not CAUSAL.search(text), text
        assert "nan" not in text.lower().split()


HERE = "agency_id,contact_id"
SMALL = {
    "contacts": f"{HERE},contact_at,district_id,primary_officer_cit\n"
    "T,1,2025-01-10 10:00,A,yes\nT,2,2025-01-20 10:00,A,no\nT,3,2025-03-01 10:00,B,yes\n"
    "T,4,2025-03-31 10:00,B,no\nT,5,2025-03-30 10:00,,",
    "documents": f"{HERE},document,required,due_at,submitted_at,approved_at,fields_required,"
    "fields_filled,missing_fields\n"
    # in time, whole, approved; late with two fields blank; overdue; not yet due; no due date
    "T,1,crisis_form,yes,2025-01-11 10:00,2025-01-11 09:00,2025-01-12 10:00,10,10,\n"
    "T,2,crisis_form,yes,2025-01-21 10:00,2025-01-25 09:00,,10,8,race;VETERAN; race\n"
    "T,3,crisis_form,yes,2025-03-02 10:00,,,10,,\n"
    "T,4,crisis_form,yes,2025-04-01 10:00,,,10,,\n"
    "T,5,crisis_form,yes,,,,10,,\n"
    # due on the last day of data
    "T,4,arrest_report,yes,2025-03-31 20:00,,,6,,\n"
    "T,1,injury_report,no,,,,,,\n"
    "T,2,injury_report,unknown,,,,,,\n"
    "T,2,bodycam_tag,yes,,2025-01-21 10:00,,4,2,He said he lives at the corner",
    "force_events": f"{HERE},force_id,seq,category,display_only,report_due_at,report_filed_at,"
    "supervisor_reviewed_at,finding\n"
    "T,1,F1,1,ced_used,no,2025-01-11 10:00,2025-01-11 09:00,2025-01-13 09:30,within_policy\n"
    "T,1,F1,2,strike_or_kick,no,2025-01-11 10:00,2025-01-11 09:00,2025-01-13 09:30,training\n"
    "T,2,F2,1,chemical,no,2025-01-21 10:00,2025-01-22 09:00,,pending\n"
    "T,3,F3,1,chemical,no,2025-03-02 10:00,,,\n"
    "T,4,F4,1,chemical,no,2025-04-02 10:00,,,\n"
    "T,4,F5,1,chemical,no,2025-04-01 10:00,2025-04-01 09:00,2025-03-31 09:00,\n"
    "T,4,F6,1,display,yes,2025-04-01 10:00,,,",
}


def loaded(folder: Path, files: dict[str, str]) -> Snapshot:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(f"{text}\n")
    store = Store(folder / "store")
    ingest.load(store, sorted(folder.glob("*.csv")), mapping.read("canonical"))
    return store.current()


def test_each_rule_on_a_small_store(tmp_path: Path) -> None:
    found = documentation(ask(), loaded(tmp_path, SMALL))
    form = found.kind("crisis_form")
    assert form is not None
    assert (form.owed, form.n_came, form.overdue, form.not_due, form.undated) == (5, 2, 1, 1, 1)
    assert form.came == Share(2, 3, 1)
    assert form.complete == Share(1, 3, 1)
    assert form.in_time == Share(1, 3, 1)
    assert form.approved == Share(1, 2, 0)
    arrest = found.kind("arrest_report")
    assert arrest is not None and (arrest.overdue, arrest.not_due) == (1, 0)
    injury = found.kind("injury_report")
    assert injury is not None
    assert (injury.owed, injury.not_owed, injury.unsaid) == (0, 1, 1)
    assert injury.came == Share(0, 0, 0)
    tag = found.kind("bodycam_tag")
    # It came, but nobody said by when: not in time, and not late.
    assert tag is not None and tag.came == Share(1, 1, 0) and tag.in_time == Share(0, 0, 1)
    assert [k.document for k in found.arms[None]] == ["crisis_form"]
    assert {b.field: (b.cit, b.other) for b in found.blanks["crisis_form"]} == {
        "race": ((0, 1, 0), (1, 1, 0)),
        "veteran": ((0, 1, 0), (1, 1, 0)),
    }
    # A sentence in the place of names is counted, and not repeated.
    assert [b.field for b in found.blanks["bodycam_tag"]] == [OTHER_FIELD]
    assert found.most_late is None  # fewer than ten were judged anywhere

    reports = found.reports["all"]
    assert (reports.n, reports.not_due) == (5, 1)
    assert reports.filed == Share(3, 4, 0)
    assert reports.in_time == Share(2, 4, 0)
    assert reports.reviewed == Share(2, 3, 0)
    assert (reports.timed, reports.bad) == (1, 1)
    assert isinstance(reports.days, NotEstimable)
    assert dict(reports.findings) == {"several": 1, "pending": 1, "not_recorded": 1}
    said = " ".join([*words.apart(found), words.reports(reports)])
    assert "Not yet due, and in no share: 1 crisis forms." in said
    assert "1 are not yet due" in said and "reviewed before they were filed" in said
    assert "1 documents are not asked for by policy, and for 1 nobody recorded" in said


def test_a_column_the_source_lacks_is_not_recorded(tmp_path: Path) -> None:
    files = {
        "contacts": SMALL["contacts"],
        "documents": f"{HERE},document,required,due_at\n"
        "T,1,crisis_form,yes,2025-01-11 10:00\nT,2,crisis_form,yes,2025-01-21 10:00",
    }
    found = documentation(ask(), loaded(tmp_path, files))
    form = found.kind("crisis_form")
    assert form is not None and form.owed == 2
    for step in STEPS:
        assert form.share(step).n == 0  # never zero of two
        assert isinstance(form.share(step).rate, NotEstimable)
    assert "Could not be judged" in " ".join(words.apart(found))
    assert "not recorded by this source" in words.headline(found)
    assert "needs `missing_fields`" in words.blank(found, "crisis_form")


def test_seattle_records_none_of_it(seattle: Snapshot) -> None:
    found = documentation(ask(), seattle)
    assert found.stored == {"documents": 0, "force_events": 0, "holds": 0}
    assert found.kinds == () and found.districts == () and not any(found.elements.values())
    assert found.most_late is None and found.most_blank is None
    assert words.decisions(found) == [] and words.apart(found) == []
    assert words.headline(found).endswith("not recorded by this source.")


def test_a_period_without_contacts_has_nothing(snapshot: Snapshot) -> None:
    found = documentation(ask(start=date(1990, 1, 1), end=date(1990, 1, 2)), snapshot)
    assert found.kinds == () and found.reports["all"].n == 0
    assert found.stored["documents"] > 0


def test_approval_nobody_records_is_not_refusal(tmp_path: Path) -> None:
    files = {
        "contacts": SMALL["contacts"],
        "documents": f"{HERE},document,required,due_at,submitted_at\n"
        "T,1,crisis_form,yes,2025-01-11 10:00,2025-01-11 09:00",
    }
    form = documentation(ask(), loaded(tmp_path, files)).kind("crisis_form")
    assert form is not None
    assert form.came == form.in_time == Share(1, 1, 0)
    assert form.approved == Share(0, 0, 1)
