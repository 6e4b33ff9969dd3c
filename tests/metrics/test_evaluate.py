"""From a question to a ``Comparison``: the contract, the real export, and what is not estimable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data.errors import UserError
from data.store import Snapshot
from metrics import aggregate
from metrics.evaluate import evaluate
from metrics.question import ask
from metrics.result import CERTAINTIES, VERDICTS
from tests.conftest import SEATTLE
from tests.stores import make_snapshot


def one(snapshot: Snapshot, outcome: str, **asked: Any) -> dict[str, Any]:
    (comparison,) = evaluate(ask([outcome], **asked), snapshot=snapshot)
    return comparison.to_dict()


@pytest.mark.parametrize(
    ("exposure", "outcome", "cit", "other"),
    [
        ("primary", "force", (14486, 299), (11675, 177)),
        ("arrived", "force", (26148, 525), (6758, 73)),
        ("primary", "arrest", (13964, 1470), (11157, 906)),
        ("primary", "emergency_hold", (13964, 4147), (11157, 3698)),
    ],
)
def test_seattle_counts(
    seattle: Snapshot, exposure: str, outcome: str, cit: tuple[int, int], other: tuple[int, int]
) -> None:
    found = one(seattle, outcome, exposure=exposure)
    assert (found["cit"]["n"], found["cit"]["events"]) == cit
    assert (found["other"]["n"], found["other"]["events"]) == other


def test_seattle_contamination_is_seventy_percent(seattle: Snapshot) -> None:
    found = one(seattle, "force")["contamination"]
    assert found["of"] == 11675
    assert found["share"] == pytest.approx(0.70, abs=0.01)


def test_seattle_starts_when_the_flag_was_first_recorded(seattle: Snapshot) -> None:
    coverage = aggregate.coverage(seattle)
    assert str(coverage.exposure_from["primary"]) == "2016-02-01"
    assert one(seattle, "force")["not_recorded"]["exposure"] == 32906 - 14486 - 11675


def test_what_the_source_lacks_is_not_recorded_never_zero(seattle: Snapshot) -> None:
    found = one(seattle, "injury")
    assert found["verdict"] == "not_recorded"
    assert found["cit"]["rate"] is None
    assert found["unadjusted"]["risk_difference"]["estimate"] is None
    assert "not recorded by this source" in found["sentence"]
    assert "contacts.subject_injured" in found["sentence"]


def test_filters_are_or_within_and_between(seattle: Snapshot) -> None:
    con = seattle.cursor()
    expected = con.execute(
        "SELECT count(*) FROM encounters WHERE exposure_primary AND district IN ('North', 'West')"
        " AND \"shift\" = '1st watch' AND contact_date BETWEEN '2018-01-01' AND '2018-12-31'"
    ).fetchone()
    from datetime import date

    found = one(
        seattle,
        "force",
        where={"district": ["North", "West"], "shift": ["1st watch"]},
        start=date(2018, 1, 1),
        end=date(2018, 12, 31),
    )
    assert expected is not None
    assert found["cit"]["n"] == expected[0]


def test_one_query_serves_all_outcomes_and_equals_rows(seattle: Snapshot) -> None:
    question = ask(["force", "arrest", "voluntary_care", "emergency_hold"])
    counts = aggregate.counts(seattle, question, ("call_group", "district"))
    rows = seattle.cursor().execute("SELECT * FROM encounters").df()
    for outcome in question.outcomes:
        for exposed in (True, False):
            arm = rows[rows["exposure_primary"].eq(exposed).fillna(False)]
            known = arm[arm[f"outcome_{outcome}"].notna()]
            assert counts.total(f"n:{outcome}", exposed) == len(known)
            assert counts.total(f"events:{outcome}", exposed) == known[f"outcome_{outcome}"].sum()
            assert counts.total(f"missing:{outcome}", exposed) == len(arm) - len(known)


CONTRACT = {
    "outcome", "exposure", "cit", "other", "not_recorded", "contamination", "unadjusted",
    "stratified", "adjusted", "e_value", "detectable", "verdict", "certainty", "sentence",
}  # fmt: skip


def walk(value: Any) -> Any:
    yield value
    for child in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from walk(child)


@pytest.mark.parametrize("events", [(0, 0), (0, 5), (3, 4), (30, 30), (40, 0)])
@pytest.mark.parametrize("sizes", [(40, 40), (40, 0), (0, 0), (400, 40)])
def test_every_answer_keeps_the_contract(
    tmp_path: Path, events: tuple[int, int], sizes: tuple[int, int]
) -> None:
    snapshot = make_snapshot(tmp_path, sizes, events)
    for comparison in evaluate(ask(["force", "injury", "jail_diversion"]), snapshot=snapshot):
        found = comparison.to_dict()
        assert set(found) == CONTRACT
        assert found["verdict"] in VERDICTS
        assert found["certainty"] in CERTAINTIES
        assert found["sentence"]
        json.dumps(found, allow_nan=False)
        for value in walk(found):
            if isinstance(value, dict) and "estimate" in value and value["estimate"] is None:
                assert value["low"] is None
                assert value["high"] is None
                assert value["reason"]


def test_no_second_group_is_no_comparison(tmp_path: Path) -> None:
    found = one(make_snapshot(tmp_path, (50, 0), (4, 0)), "force")
    assert found["verdict"] == "no_comparison"
    assert found["unadjusted"]["risk_difference"]["estimate"] is None
    assert "80 of 1,000" in found["sentence"]


def test_few_events_are_too_few(tmp_path: Path) -> None:
    assert one(make_snapshot(tmp_path, (400, 400), (9, 30)), "force")["verdict"] == "too_few"


def test_public_withholds_small_cells_whole(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (400, 400), (9, 30))
    (comparison,) = evaluate(ask(["force"]), "public", snapshot=snapshot)
    numbers = [v for v in walk(comparison.to_dict()) if isinstance(v, int | float)]
    assert numbers == []
    assert "too few to publish" in comparison.sentence


def test_public_shows_large_cells(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (400, 400), (20, 30), unassigned=0)
    (comparison,) = evaluate(ask(["force"]), "public", snapshot=snapshot)
    assert (comparison.cit.events, comparison.other.events) == (20, 30)


def test_public_takes_no_filters(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (400, 400), (20, 30))
    with pytest.raises(UserError, match="public access"):
        evaluate(ask(["force"], where={"district": ["A"]}), "public", snapshot=snapshot)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"outcomes": ["nonsense"]}, "no outcome 'nonsense'"),
        ({"exposure": "nonsense"}, "no exposure 'nonsense'"),
        ({"adjust": ["sex"]}, "not known at dispatch"),
        ({"adjust": ["nonsense"]}, "no covariate"),
        ({"where": {"nonsense": ["x"]}}, "no covariate"),
    ],
)
def test_a_wrong_question_names_what_is_wrong(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        ask(**asked)


def test_an_unknown_level_lists_the_known(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (40, 40), (4, 4))
    with pytest.raises(UserError, match=r"district has no value 'Nowhere'; it has: A"):
        evaluate(ask(["force"], where={"district": ["Nowhere"]}), snapshot=snapshot)


@pytest.mark.skipif(not SEATTLE.exists(), reason="needs the public Seattle export")
def test_counts_match_plain_sql_on_the_file(seattle: Snapshot) -> None:
    """The first golden value, by another road: straight from the rows of the file."""
    with duckdb.connect() as con:
        row = con.execute(
            """WITH c AS (
                 SELECT trim("Template ID") AS id, max(trim("CIT Certified Indicator")) AS cit,
                        max(trim("Use of Force Indicator")) AS force,
                        max(CASE WHEN "Reported Date" LIKE '1900%' THEN "Occurred Date / Time"
                            ELSE "Reported Date" END)[1:10]::DATE AS day
                 FROM read_csv(?, all_varchar = true) GROUP BY 1)
               SELECT count(*) FILTER (cit = 'Y'), count(*) FILTER (cit = 'Y' AND force = 'Y'),
                      count(*) FILTER (cit = 'N'), count(*) FILTER (cit = 'N' AND force = 'Y')
               FROM c WHERE day >= '2016-02-01'""",
            [str(SEATTLE)],
        ).fetchone()
    (comparison,) = evaluate(ask(["force"]), snapshot=seattle)
    assert row == (
        comparison.cit.n,
        comparison.cit.events,
        comparison.other.n,
        comparison.other.events,
    )
