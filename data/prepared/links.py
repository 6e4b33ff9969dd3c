"""Complaints and claims with the contacts they may be about: one row each, beside what filters these."""

from __future__ import annotations

from collections.abc import Callable

from data.prepared.contacts import KEY

CLAIMS, COMPLAINTS = "claims", "complaints"
ONE = {CLAIMS: "claim_id", COMPLAINTS: "concat_ws('/', complaint_id, allegation)"}
"""What tells one row of each table from another within an agency."""


def query(named: Callable[[str], str], filters: tuple[str, ...]) -> str:
    """Return SQL for one row per contact that a complaint or claim names, or whose incident it names.

    Columns: ``what`` (the table), ``agency_id`` and ``one`` (:data:`ONE`), ``surely`` (it names the contact,
    or an incident with one contact), ``contact_date`` and the ``filters`` of the contact.
    """
    filed = " UNION ALL ".join(
        f"SELECT '{table}' AS what, agency_id, {one} AS one, contact_id, incident_id FROM {named(table)}"
        for table, one in ONE.items()
    )
    contacts = named("contacts")
    # Two joins: one with an OR would compare all with all.
    return f"""
        WITH filed AS ({filed}),
        incidents AS (SELECT agency_id, incident_id, count(*) AS contacts
                      FROM {contacts} SEMI JOIN filed USING (agency_id, incident_id) GROUP BY ALL),
        hits AS (
            SELECT f.what, f.agency_id, f.one, k.source, k.contact_id, TRUE AS surely
            FROM filed f JOIN {contacts} k USING (agency_id, contact_id)
            UNION ALL
            SELECT f.what, f.agency_id, f.one, k.source, k.contact_id, n.contacts = 1
            FROM filed f JOIN {contacts} k USING (agency_id, incident_id)
            JOIN incidents n USING (agency_id, incident_id) WHERE f.contact_id IS NULL
        )
        SELECT what, agency_id, one, surely, e.contact_date, {", ".join(f"e.{f}" for f in filters)}
        FROM hits JOIN {named("encounters")} e USING ({KEY})"""
