"""The public Seattle export gives the department's own numbers, and a plain count of the file's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from data.__main__ import parser
from data.cli import run
from data.store import Store
from tests.conftest import SEATTLE
from tests.data.exports import column, count, rows_of

pytestmark = pytest.mark.skipif(
    not SEATTLE.exists(), reason="the public Seattle export is not here (set CIT_SHARED)"
)


@pytest.fixture(scope="module")
def seattle(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("seattle") / "store")
    run(parser(), _arguments(store))
    return store


def _arguments(store: Store) -> list[str]:
    return ["load", str(SEATTLE), "--mapping", "seattle", "--store", str(store.root), "--json"]


def test_the_load_report_and_loading_twice(
    seattle: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    before = seattle.ids()
    capsys.readouterr()
    run(parser(), _arguments(seattle))
    report = json.loads(capsys.readouterr().out)
    assert report["rows_read"] == 63_369
    assert report["contacts"] == 32_906
    assert report["rejected"] == {}
    assert report["duplicates_collapsed"] == 19_316
    assert report["conflicts"] == {"primary_officer_cit": 10_959}
    assert report["unknown_values"] == {}
    assert report["not_recorded"]["injury"] == 32_906
    assert report["dropped_columns"] == [
        "Officer Gender",
        "Officer Race",
        "Officer Year of Birth",
    ]
    assert {
        "snapshot",
        "rows_read",
        "contacts",
        "duplicates_collapsed",
        "conflicts",
        "rejected",
        "not_recorded",
        "unknown_values",
        "dropped_columns",
    } <= set(report)
    assert report["snapshot"] == seattle.current_id()
    assert seattle.ids() == before
    assert count(seattle, "loads") == 1


def _arms(store: Store, exposure: str, outcome: str) -> list[tuple[Any, ...]]:
    return rows_of(
        store,
        f"SELECT exposure_{exposure}, count(outcome_{outcome}),"
        f" count(*) FILTER (outcome_{outcome}) FROM encounters"
        f" WHERE exposure_{exposure} IS NOT NULL GROUP BY 1 ORDER BY 1 DESC",
    )


def test_must_show_numbers(seattle: Store) -> None:
    assert _arms(seattle, "primary", "force") == [(True, 14_486, 299), (False, 11_675, 177)]
    assert _arms(seattle, "arrived", "force") == [(True, 26_148, 525), (False, 6_758, 73)]
    assert _arms(seattle, "primary", "arrest") == [(True, 13_964, 1_470), (False, 11_157, 906)]
    assert [r[2] for r in _arms(seattle, "primary", "emergency_hold")] == [4_147, 3_698]
    for outcome in ("injury", "subject_injury", "officer_injury", "jail_booking"):
        assert set(column(seattle, f"outcome_{outcome}", "encounters")) == {None}
    assert count(seattle, "encounters") == count(seattle, "contacts") == 32_906
    other, came = rows_of(
        seattle,
        "SELECT count(*), count(*) FILTER (cit_came) FROM encounters WHERE NOT exposure_primary",
    )[0]
    assert 0.68 < came / other < 0.72


def test_the_departments_own_first_year(seattle: Store) -> None:
    n, force = rows_of(
        seattle,
        "SELECT count(*), count(*) FILTER (outcome_force) FROM encounters"
        " WHERE contact_date >= DATE '2015-05-15' AND contact_date <= DATE '2016-05-15'",
    )[0]
    assert (n, force) == (9_483, 153)


def test_traps_of_the_export(seattle: Store) -> None:
    # not recorded before 2016-02, whatever the file says
    assert (
        count(seattle, "encounters", "exposure_primary IS NOT NULL AND contact_date < '2016-02-01'")
        == 0
    )
    assert rows_of(
        seattle, "SELECT contact_at_basis, count(*) FROM contacts GROUP BY ALL ORDER BY 2"
    ) == [("occurred", 6), ("reported", 32_900)]
    assert count(seattle, "contacts", "initial_call_group IS NULL AND origin IS NULL") >= 2_263
    assert count(seattle, "contacts", "cit_requested IS DISTINCT FROM cit_dispatched") == 0


@pytest.fixture(scope="module")
def plain() -> Callable[[str], list[tuple[Any, ...]]]:
    """The same facts by plain SQL on the file, sharing nothing with the product."""
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE raw AS SELECT * FROM read_csv(?, all_varchar = true, header = true)",
        [str(SEATTLE)],
    )
    con.execute("""
        CREATE TABLE facts AS
        SELECT trim("Template ID") AS id,
               min(coalesce(nullif(left("Reported Date", 10), '1900-01-01'),
                            left("Occurred Date / Time", 10))) AS day,
               bool_or(trim("CIT Certified Indicator") = 'Y') AS certified,
               bool_or(trim("CIT Officer Arrived") = 'Y') AS arrived,
               bool_or(trim("Use of Force Indicator") = 'Y') AS force,
               bool_or("Disposition" ILIKE '%arrested%') AS arrest,
               bool_or("Disposition" LIKE 'Emergent Detention%') AS hold,
               bool_or(trim("Disposition") <> '-') AS ended
        FROM raw GROUP BY 1
    """)
    return lambda sql: con.execute(sql).fetchall()


def test_every_month_agrees_with_a_plain_count_of_the_file(
    seattle: Store, plain: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    wanted = plain("""
        SELECT left(day, 7) AS month, count(*), count(*) FILTER (force), count(*) FILTER (arrived),
               count(*) FILTER (day >= '2016-02-01'),
               count(*) FILTER (day >= '2016-02-01' AND certified),
               count(*) FILTER (day >= '2016-02-01' AND certified AND force),
               count(*) FILTER (ended), count(*) FILTER (arrest), count(*) FILTER (hold)
        FROM facts GROUP BY 1 ORDER BY 1
    """)
    found = rows_of(
        seattle,
        """
        SELECT strftime(contact_date, '%Y-%m'), count(*), count(*) FILTER (outcome_force),
               count(*) FILTER (exposure_arrived), count(exposure_primary),
               count(*) FILTER (exposure_primary),
               count(*) FILTER (exposure_primary AND outcome_force),
               count(outcome_arrest), count(*) FILTER (outcome_arrest),
               count(*) FILTER (outcome_emergency_hold)
        FROM encounters GROUP BY 1 ORDER BY 1
        """,
    )
    assert len(found) > 50
    assert found == wanted


def test_replacing_the_period_with_half_the_file_removes_the_other_half(
    seattle: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = tmp_path / "half.csv"
    with duckdb.connect() as con:
        con.execute(
            "COPY (SELECT * FROM read_csv(?, all_varchar = true, header = true)"
            f" WHERE hash(\"Template ID\") % 2 = 0) TO '{half}' (HEADER)",
            [str(SEATTLE)],
        )
    arguments = _arguments(seattle)
    arguments[1] = str(half)
    run(parser(), [*arguments, "--replace-period"])
    report = json.loads(capsys.readouterr().out)
    assert count(seattle, "contacts") == report["contacts"] < 17_000
    seattle.rollback()
    assert count(seattle, "contacts") == 32_906
