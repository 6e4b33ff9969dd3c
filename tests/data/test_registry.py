"""Every registry entry is whole, consistent with the schema, in the dictionary and runnable."""

from __future__ import annotations

import duckdb
import pytest

from data import dictionary, encounters, schema
from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import (
    COVARIATES,
    DISPOSITIONS,
    EXPOSURES,
    OUTCOMES,
    Covariate,
    Exposure,
    Outcome,
)

ENTRIES = [*OUTCOMES, *EXPOSURES, *COVARIATES]
IDS = [f"{type(e).__name__.lower()}-{e.id}" for e in ENTRIES]
# From first known to last; an entry is known no sooner than what it is read from.
ORDER = "DBAL"


@pytest.fixture(scope="module")
def empty() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    schema.create(con)
    encounters.build(con)
    return con


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_an_entry_is_whole(entry: Outcome | Exposure | Covariate) -> None:
    assert entry.id == entry.id.lower() and entry.id.replace("_", "").isalnum()
    assert entry.label and entry.label[0] == entry.label[0].upper()
    assert len(entry.definition) > 10 and entry.definition.endswith(".")
    assert entry.sources
    assert entry.when in schema.WHEN


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_its_sources_are_columns_and_known_no_later_than_it(
    entry: Outcome | Exposure | Covariate,
) -> None:
    sources = [schema.column(s) for s in entry.sources]
    if isinstance(entry, Covariate) and entry.may_adjust:
        # The officer's record is settled before any contact.
        assert {s.when for s in sources} == {entry.when}
    if isinstance(entry, Outcome):
        assert "D" not in {s.when for s in sources} and entry.when in "AL"
        return
    if entry.when == "P":
        return
    assert entry.when == max(
        (s.when for s in sources if s.when in ORDER), key=ORDER.index, default="D"
    )


@pytest.mark.parametrize("entry", ENTRIES, ids=IDS)
def test_it_stands_in_the_dictionary(entry: Outcome | Exposure | Covariate) -> None:
    lines = [x for x in dictionary.page().splitlines() if x.startswith(f"| `{entry.id}` |")]
    assert any(entry.definition.replace("|", "\\|") in line for line in lines)


def test_ids_are_unique() -> None:
    for entries in (OUTCOMES, EXPOSURES, COVARIATES):
        ids = [e.id for e in entries]
        assert len(ids) == len(set(ids))
    codes = [d.code for d in DISPOSITIONS]
    assert len(codes) == len(set(codes))
    assert set(codes) == set(schema.column("dispositions.disposition").values)


def test_every_entry_has_its_columns_in_encounters(empty: duckdb.DuckDBPyConnection) -> None:
    found = dict(
        empty.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'encounters'"
        ).fetchall()
    )
    for o in OUTCOMES:
        assert found[outcome_column(o.id)] == found[eligible_column(o.id)] == "BOOLEAN"
    for e in EXPOSURES:
        assert found[exposure_column(e.id)] == "BOOLEAN"
    for c in COVARIATES:
        assert found[c.id] == "VARCHAR"
    assert set(found) == set(encounters.columns())
    uncommented = empty.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'encounters' AND comment IS NULL"
    ).fetchall()
    assert uncommented == []


def test_every_expression_runs_on_an_empty_store(empty: duckdb.DuckDBPyConnection) -> None:
    assert empty.execute("SELECT count(*) FROM encounters").fetchall() == [(0,)]


def test_a_contact_with_nothing_recorded_is_in_no_arm_and_has_no_outcome(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    con = empty
    con.execute(
        "INSERT INTO contacts (agency_id, source, contact_id, contact_at, load_id)"
        " VALUES ('A', 'S', '0', TIMESTAMP '2024-03-05 10:00', 'L')"
    )
    encounters.build(con)
    row = dict(zip(
        [d[0] for d in con.execute("FROM encounters").description],
        con.execute("FROM encounters").fetchall()[0],
        strict=True,
    ))  # fmt: skip
    con.execute("DELETE FROM contacts")
    encounters.build(con)
    assert {row[outcome_column(o.id)] for o in OUTCOMES} == {None}
    assert {row[exposure_column(e.id)] for e in EXPOSURES} == {None}
    assert row["cit_came"] is False
    clock = {"shift", "weekend", "year"}
    assert {row[c.id] for c in COVARIATES if c.id not in clock} == {None}


def test_adjusters_are_known_before_anyone_arrives() -> None:
    for c in COVARIATES:
        assert c.may_adjust == (c.when in ("D", "P"))
        # What is pre-specified is known at dispatch; an officer's record is a sensitivity.
        assert not c.default_adjuster or c.when == "D"
