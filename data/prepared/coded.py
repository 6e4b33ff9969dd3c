"""The contacts again, as small numbers by officer and pattern, for what is counted by officer.

Grouping a million contacts by nine texts and an officer leaves hundreds of thousands of groups, so counts
made beforehand would be hardly fewer than the contacts (705,431 for 1,000,000 simulated ones). What can be
spared is the text: ``coded_contacts`` holds, for each contact, the number of its covariate pattern and of
its officer, each exposure, and a digit an outcome, in the order of officer, pattern and exposure, and
nothing that says whose contact it was. A question on other columns is asked of ``encounters``.
"""

from __future__ import annotations

import duckdb

from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import COVARIATES, EXPOSURES, NOT_RECORDED, OUTCOMES
from data.sql import literal, one

CONTACTS, PATTERNS, OFFICERS = "coded_contacts", "coded_patterns", "coded_officers"
TABLES = {
    CONTACTS: "Every contact as small numbers, by officer and pattern: what `encounters` says again.",
    PATTERNS: "The combinations of levels of the default adjusters that contacts have.",
    OFFICERS: "The officers of coded_contacts (keyed hashes), in their order.",
}
"""The tables, and what is said of them."""

NOT_ASKED, NO_EVENT, EVENT, UNKNOWN = range(4)
"""An outcome's digit: not in the denominator, no event, event, not recorded."""


def covariates() -> tuple[str, ...]:
    """Return the covariates whose combinations are the patterns, in the patterns' order."""
    return tuple(c.id for c in COVARIATES if c.default_adjuster)


def column(outcome: str) -> str:
    """Name of an outcome's column of digits."""
    return f"answer_{outcome}"


def build(con: duckdb.DuckDBPyConnection) -> None:
    """(Re)build the prepared tables from this database's ``encounters``."""
    con.execute(
        f"CREATE OR REPLACE TABLE {OFFICERS} AS SELECT CAST(row_number() OVER (ORDER BY officer_key) - 1"
        " AS INTEGER) AS officer, officer_key FROM"
        " (SELECT DISTINCT officer_key FROM encounters WHERE officer_key IS NOT NULL)"
    )
    levels = _levels(con)
    # The levels' places as the digits of one number: its order is that of the levels.
    places, size = [], 1
    for id_, known in reversed(levels.items()):
        con.execute(f"DROP TYPE IF EXISTS level_of_{id_}")
        con.execute(f"CREATE TEMP TYPE level_of_{id_} AS ENUM (SELECT unnest($1))", [known])
        place = f"enum_code(CAST({_level(id_)} AS level_of_{id_}))"
        places.append((id_, place, size))
        size *= max(len(known), 1)
    code = " + ".join(f"CAST({place} AS BIGINT) * {step}" for _, place, step in places)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE coded AS SELECT {code} AS code, officer_key, contact_date AS day,"
        f" {', '.join(_facts())} FROM encounters"
    )
    read = ", ".join(
        f"enum_range(NULL::level_of_{id_})[1 + (code // {step}) % {max(len(levels[id_]), 1)}] AS {id_}"
        for id_, _, step in reversed(places)
    )
    con.execute(
        f"CREATE OR REPLACE TABLE {PATTERNS} AS SELECT CAST(row_number() OVER (ORDER BY code) - 1 AS INTEGER)"
        f" AS pattern, {read}, code FROM (SELECT DISTINCT code FROM coded)"
    )
    con.execute(
        f"CREATE OR REPLACE TABLE {CONTACTS} AS SELECT officer, pattern, coded.* EXCLUDE (code, officer_key)"
        f" FROM coded JOIN {PATTERNS} USING (code) LEFT JOIN {OFFICERS} USING (officer_key)"
        f" ORDER BY officer NULLS LAST, pattern, {exposure_column('primary')} NULLS LAST"
    )
    con.execute(f"ALTER TABLE {PATTERNS} DROP COLUMN code; DROP TABLE coded")
    for table, comment in TABLES.items():
        con.execute(f"COMMENT ON TABLE {table} IS {literal(comment)}")


def _levels(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    listed = ", ".join(f"list(DISTINCT {_level(id_)})" for id_ in covariates())
    return {
        id_: sorted(known or [])
        for id_, known in zip(
            covariates(), one(con, f"SELECT {listed} FROM encounters"), strict=True
        )
    }


def _level(covariate: str) -> str:
    return f"coalesce({covariate}, {literal(NOT_RECORDED)})"


def _facts() -> list[str]:
    """The columns of a contact that questions ask for."""
    facts = [exposure_column(e.id) for e in EXPOSURES]
    for o in OUTCOMES:
        event, eligible = outcome_column(o.id), eligible_column(o.id)
        facts.append(
            f"CAST(CASE WHEN NOT {eligible} THEN {NOT_ASKED} WHEN {eligible} IS NULL OR {event} IS NULL"
            f" THEN {UNKNOWN} WHEN {event} THEN {EVENT} ELSE {NO_EVENT} END AS UTINYINT) AS {column(o.id)}"
        )
    return [*facts, "cit_came", "CAST(officer_minutes AS INTEGER) AS minutes"]
