"""Build ``encounters``: the facts of ``encounters.sql`` with one column per registry entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from data.registry import COVARIATES, EXPOSURES, OUTCOMES, dispositions, force
from data.sql import at_once, literal

ENCOUNTERS_SQL = Path(__file__).with_name("encounters.sql")

KEYS = {
    "agency_id": "The agency.",
    "source": "The export the contact came from.",
    "contact_id": "The contact (keyed hash).",
    "contact_at": "When it happened, on the agency's local wall clock.",
    "contact_date": "Local date of the contact.",
    "officer_key": "The primary or reporting officer (keyed hash).",
    "person_key": "The person (keyed hash).",
    "officer_minutes": "Minutes from dispatch to clear, summed over officers.",
    "force_level": "Highest rank of force used, 0 (no reportable force) to 4; NULL where not recorded:"
    " no answer on force, force of a category not known or off the scale, or a source that supplies"
    " no categories.",
    "cit_came": "Some field says that a CIT officer came.",
}


def exposure_column(id_: str) -> str:
    """Name of an exposure's column: TRUE, FALSE, or NULL where not recorded."""
    return f"exposure_{id_}"


def outcome_column(id_: str) -> str:
    """Name of an outcome's column: TRUE, FALSE, or NULL where not recorded."""
    return f"outcome_{id_}"


def eligible_column(id_: str) -> str:
    """Name of an outcome's eligibility column: TRUE where the contact is in its denominator."""
    return f"eligible_{id_}"


def columns() -> dict[str, tuple[str, str]]:
    """Return every column of ``encounters``: name -> (SQL over the facts, COMMENT)."""
    found = {
        name: ("CAST(contact_at AS DATE)" if name == "contact_date" else name, comment)
        for name, comment in KEYS.items()
    }
    for e in EXPOSURES:
        found[exposure_column(e.id)] = (e.holds, f"Exposure: {e.definition}")
    for c in COVARIATES:
        found[c.id] = (c.level, f"Covariate: {c.definition}")
    for o in OUTCOMES:
        found[outcome_column(o.id)] = (o.event, f"Outcome: {o.definition}")
        found[eligible_column(o.id)] = (o.eligible, f"In the denominator of: {o.label}.")
    return found


# A view would be planned when it is made and again when it is asked.
_FACTS = "CREATE OR REPLACE TEMP VIEW encounter_facts AS"


Tasks = Sequence[Callable[[duckdb.DuckDBPyConnection], object]]


def build(con: duckdb.DuckDBPyConnection, meanwhile: Tasks = (), beside: Tasks = ()) -> None:
    """(Re)build ``encounters`` from the canonical tables of this database, and what is prepared from it.

    ``meanwhile`` is done what needs the canonical tables alone, and then, ``beside`` the prepared tables,
    what needs ``encounters``; neither writes to them. Call outside a transaction.
    """
    from data import prepared  # which reads what this module makes

    at_once(con, [_build_table, *meanwhile])
    at_once(con, [*prepared.tasks(), _say_comments, *beside])


def facts(con: duckdb.DuckDBPyConnection) -> str:
    """Return the facts' SQL, and create what it calls for this connection."""
    con.execute(
        f"CREATE OR REPLACE TEMP MACRO force_rank(category) AS {force.rank_sql('category')};"
        f"CREATE OR REPLACE TEMP MACRO disposition_bit(code) AS {dispositions.bit_sql('code')}"
    )
    macros, _, view = ENCOUNTERS_SQL.read_text(encoding="utf-8").partition(_FACTS)
    con.execute(macros)
    return view.strip().removesuffix(";")


def _build_table(con: duckdb.DuckDBPyConnection) -> None:
    rows = facts(con)
    select = ",\n".join(f"{_planned(sql)} AS {name}" for name, (sql, _) in columns().items())
    con.execute(
        f"CREATE OR REPLACE TABLE encounters AS SELECT {select} FROM ({rows})"
        " ORDER BY agency_id, source, contact_at, contact_id"
    )


def _say_comments(con: duckdb.DuckDBPyConnection) -> None:
    said = [
        "COMMENT ON TABLE encounters IS"
        " 'The analysis relation: exactly one row per contact, one column per registry entry.'"
    ]
    for name, (_, comment) in columns().items():
        said.append(f"COMMENT ON COLUMN encounters.{name} IS {literal(comment)}")
    con.execute(f"BEGIN; {'; '.join(said)}; COMMIT")


_DISPOSED = re.compile(r"\bdisposed\((\w+), (\w+), \[([^\]]*)\]\)")


def _planned(sql: str) -> str:
    """The same SQL with sets of dispositions as numbers: to plan one takes longer than a small export."""
    return _DISPOSED.sub(
        lambda found: (
            f"disposed_bits({found[1]}, {found[2]},"
            f" {dispositions.bits(found[3].replace(chr(39), '').split(', '))})"
        ),
        sql,
    )
