"""Claims, their valuations and the contacts they are about, as far as a role may see them.

What is privileged is refused here, where the data leave the store: without a role that the privilege
extends to, every function returns only claims marked as not privileged, and only their valuations,
counts and sums. A claim leaves as a number counted over what is returned, never as its key; how many
were left out is not told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data.roles import Role
from data.store import Snapshot
from metrics.aggregate.relation import asked_sql, frame_of
from metrics.aggregate.stored import stored_table

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from metrics.question import Question

LINKED, SEVERAL, MISSING, UNNAMED = "linked", "several", "missing", "unnamed"
LINKS = (LINKED, SEVERAL, MISSING, UNNAMED)
"""About one contact; about one of several of an incident; about none on record; names none."""
UNKNOWN_LINE = "not_recorded"


class Held(NamedTuple):
    """Whether claims are loaded at all, and whether any says yes or no to being privileged."""

    loaded: bool
    marked: bool


def held(snapshot: Snapshot) -> Held:
    """Say what the store holds of claims, without a number."""
    row = (
        snapshot.cursor()
        .execute(
            "SELECT count(*) > 0, count(*) FILTER (privileged IN ('yes', 'no')) > 0"
            f" FROM {stored_table(snapshot, 'claims')}"
        )
        .fetchone()
    )
    assert row is not None
    return Held(bool(row[0]), bool(row[1]))


def claims(snapshot: Snapshot, role: Role = Role.VIEWER) -> pd.DataFrame:
    """Return one row per claim that the role may see.

    Columns: ``claim`` and ``agency`` (numbers counted over these rows), ``event`` (the same for
    claims of one occurrence and line), ``line``, ``cause``, ``occurred_on`` (else the day of the contact
    it is linked to), ``reported_on``, ``resolution``, ``retention`` (dollars) and ``link`` (of ``LINKS``).
    """
    return frame_of(
        snapshot,
        f"""
        {_seen(snapshot, role)}
        SELECT claim, dense_rank() OVER (ORDER BY agency_id) AS agency,
               dense_rank() OVER (ORDER BY agency_id, line, occurrence_id IS NULL,
                                  coalesce(occurrence_id, claim_id)) AS event,
               coalesce(line, '{UNKNOWN_LINE}') AS line, cause,
               coalesce(occurred_on, contact_date) AS occurred_on, reported_on, resolution, retention,
               link
        FROM placed ORDER BY claim
        """,
    )


def valuations(snapshot: Snapshot, role: Role = Role.VIEWER) -> pd.DataFrame:
    """Return one row per valuation of a claim that the role may see, in order of claim and time.

    Columns: ``claim`` as in :func:`claims`, ``valued_on``, the five amounts in dollars as loaded, and
    ``status``.
    """
    return frame_of(
        snapshot,
        f"""
        {_seen(snapshot, role)}
        SELECT claim, valued_on, paid_loss, paid_expense, reserve_loss, reserve_expense, recoveries,
               v.status
        FROM placed JOIN {stored_table(snapshot, "claim_valuations")} v USING (agency_id, claim_id)
        ORDER BY claim, valued_on
        """,
    )


def by_arm(
    snapshot: Snapshot, question: Question, until: date, role: Role = Role.VIEWER
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return contacts of a question by exposure, and which claims are linked to them.

    Only contacts up to ``until``, the last day that the loss runs reach. Columns of the first:
    ``exposed`` (missing where not recorded) and ``contacts``; of the second: ``claim`` and ``exposed``.
    """
    asked = asked_sql(snapshot, question, exposed=True)
    seen = f"{_seen(snapshot, role)}, asked AS (SELECT * FROM ({asked}) WHERE contact_date <= ?)"
    cursor = snapshot.cursor()
    contacts = cursor.execute(
        f"{seen} SELECT exposed, count(*) AS contacts FROM asked GROUP BY ALL ORDER BY ALL", [until]
    ).df()
    linked = cursor.execute(
        f"{seen} SELECT claim, exposed FROM placed p JOIN asked a ON a.agency_id = p.agency_id"
        f" AND a.source = p.at_source AND a.contact_id = p.at_contact WHERE link = '{LINKED}'"
        " ORDER BY claim",
        [until],
    ).df()
    return contacts, linked


def _seen(snapshot: Snapshot, role: Role) -> str:
    """Return SQL that defines ``placed``: the claims a role may see, each with its contact.

    Linked as ``encounters`` does it: by contact, or by an incident that has one contact.
    """
    may = role.at_most(snapshot.role).sees_privileged
    allowed = "TRUE" if may else "privileged IS NOT DISTINCT FROM 'no'"
    key = "k.source, k.contact_id, CAST(k.contact_at AS DATE) AS contact_date"
    return f"""
        WITH seen AS (
            SELECT *, row_number() OVER (ORDER BY agency_id, claim_id) AS claim
            FROM {stored_table(snapshot, "claims")} WHERE {allowed}
        ),
        about AS (
            SELECT claim, {key} FROM seen s
            JOIN contacts k ON k.agency_id = s.agency_id AND k.contact_id = s.contact_id
            UNION ALL
            SELECT claim, {key} FROM seen s
            JOIN contacts k ON k.agency_id = s.agency_id AND k.incident_id = s.incident_id
            WHERE s.contact_id IS NULL
        ),
        found AS (
            SELECT claim, count(*) AS contacts, any_value(source) AS at_source,
                   any_value(contact_id) AS at_contact, any_value(contact_date) AS at_date
            FROM about GROUP BY claim
        ),
        placed AS (
            SELECT s.*, at_source, at_contact,
                   CASE WHEN contacts = 1 THEN at_date END AS contact_date,
                   CASE WHEN contacts = 1 THEN '{LINKED}' WHEN contacts > 1 THEN '{SEVERAL}'
                        WHEN s.contact_id IS NOT NULL OR s.incident_id IS NOT NULL THEN '{MISSING}'
                        ELSE '{UNNAMED}' END AS link
            FROM seen s LEFT JOIN found USING (claim)
        )"""
