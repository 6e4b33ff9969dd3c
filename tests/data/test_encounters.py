"""The shortcuts of the analysis relation give what the plain definitions give."""

from __future__ import annotations

import itertools
import random
from datetime import date, timedelta

import duckdb
import pytest

from data import encounters, schema
from data.registry import DISPOSITIONS

FIRST = date(2024, 1, 1)
# Credentials that touch, overlap, follow each other with a gap, last one day, none or for ever.
PERIODS = [(0, 10), (10, 20), (5, 15), (12, 12), (14, 11), (25, 26), (18, None), (3, 30)]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    schema.create(con)
    return con


def _day(n: int | None) -> date | None:
    return None if n is None else FIRST + timedelta(days=n)


@pytest.mark.slow
def test_an_officer_is_certified_on_the_days_some_credential_covers(
    con: duckdb.DuckDBPyConnection,
) -> None:
    draw = random.Random(7)
    kinds = ["cit_40h", "cit_enhanced", "icat_or_deescalation"]
    some = [held for size in range(4) for held in itertools.combinations(PERIODS, size)]
    officers = {str(i): [(draw.choice(kinds), *p) for p in held] for i, held in enumerate(some)}
    con.executemany(
        "INSERT OR IGNORE INTO certifications (agency_id, officer_key, credential, certified_on,"
        " expires_on, load_id) VALUES ('A', ?, ?, ?, ?, 'L')",
        [(o, kind, _day(a), _day(b)) for o, held in officers.items() for kind, a, b in held],
    )
    # Two officers at each contact, one of them reporting; a contact for every fifth day.
    contacts, present = [], []
    for n, (officer, day) in enumerate(itertools.product(officers, range(-1, 33, 5))):
        contacts.append((f"{n}", _day(day)))
        present += [(f"{n}", officer, "lead"), (f"{n}", draw.choice([*officers]), "reporting")]
    con.executemany(
        "INSERT INTO contacts (agency_id, source, contact_id, contact_at, load_id)"
        " VALUES ('A', 'S', ?, ?, 'L')",
        contacts,
    )
    con.executemany(
        "INSERT OR IGNORE INTO contact_officers VALUES ('A', 'S', ?, ?, ?, NULL, 'L')", present
    )
    encounters.build(con)
    facts = encounters.facts(con)
    covered = (
        "EXISTS (FROM certifications c WHERE c.officer_key = o.officer_key AND c.credential IN ({})"
        " AND c.certified_on <= CAST(k.contact_at AS DATE)"
        " AND (c.expires_on IS NULL OR CAST(k.contact_at AS DATE) < c.expires_on))"
    )
    either, enhanced = covered.format("'cit_40h', 'cit_enhanced'"), covered.format("'cit_enhanced'")
    wrong = con.execute(
        "WITH plain AS (SELECT contact_id, o.officer_key, scene_role,"
        f" {either} AS certified, {enhanced} AS enhanced"
        " FROM contact_officers o JOIN contacts k USING (contact_id)),"
        " team AS (SELECT contact_id, bool_or(certified) AS any_certified FROM plain GROUP BY 1),"
        " first AS (FROM plain QUALIFY row_number()"
        " OVER (PARTITION BY contact_id ORDER BY scene_role DESC, officer_key) = 1)"
        " SELECT count(*) FILTER (f.officer_key IS DISTINCT FROM p.officer_key"
        " OR f.any_certified IS DISTINCT FROM t.any_certified"
        " OR f.primary_certified IS DISTINCT FROM p.certified"
        " OR f.primary_enhanced IS DISTINCT FROM p.enhanced), count(*),"
        " count(*) FILTER (p.certified), count(*) FILTER (p.enhanced)"
        " FROM (" + facts + ") f JOIN team t USING (contact_id) JOIN first p USING (contact_id)"
    ).fetchall()[0]
    assert wrong[:2] == (0, len(contacts))
    assert wrong[2] > 100 and wrong[3] > 100


def test_a_set_of_dispositions_is_asked_as_a_set(con: duckdb.DuckDBPyConnection) -> None:
    encounters.facts(con)
    draw = random.Random(7)
    codes = [*(d.code for d in DISPOSITIONS), "a code of a later edition"]
    for _ in range(60):
        recorded, sayable, wanted = (
            draw.sample(codes, draw.choice([0, 1, 2, 5])),
            draw.sample(codes, 3),
            draw.sample(codes[:-1], draw.choice([1, 4])),
        )
        given = ", ".join(f"code_bits(CAST({of} AS VARCHAR[]))" for of in (recorded, sayable))
        found = con.execute(f"SELECT disposed({given}, {wanted})").fetchall()[0][0]
        plain = (
            True
            if {*recorded} & {*wanted}
            else False
            if recorded and {*sayable} & {*wanted}
            else None
        )
        assert found is plain, (recorded, sayable, wanted)
