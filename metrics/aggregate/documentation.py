"""Counts behind documents, reports on force and hold forms: what was owed, came, was complete, in time.

Every query starts from the contacts that a question asks about; what comes back is counts, never a row
of a contact. What has not come is judged by the last contact on record of its export, as in
``data/encounters.sql``: not in time from the day it was due, and before that not yet due.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from data.store import Snapshot
from metrics.aggregate.partners import ELEMENTS
from metrics.aggregate.relation import asked_sql, frame_of
from metrics.aggregate.stored import columns, stored_table

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

TABLES = ("documents", "force_events", "holds")
SEVERAL = "several"
"""Stands for the finding of a report whose applications of force have several."""
NO_HOURS = -1
"""Stands for hours that are not known: no review, or no filing."""
BAD_HOURS = -2
"""Stands for a review dated before the report was filed."""

_KEY = "agency_id, source, contact_id"


def stored(snapshot: Snapshot) -> dict[str, int]:
    """Return rows by table of ``TABLES``; of force those with the day a report was due or filed.

    There are none where the snapshot is older than the table, or its source does not say.
    """
    told = {"force_events": "report_due_at IS NOT NULL OR report_filed_at IS NOT NULL"}
    counts = [
        f"(SELECT count(*) FILTER ({told.get(t, 'TRUE')}) FROM {stored_table(snapshot, t)})"
        for t in TABLES
    ]
    row = snapshot.cursor().execute(f"SELECT {', '.join(counts)}").fetchone()
    assert row is not None
    return {name: int(n) for name, n in zip(TABLES, row, strict=True)}


def rows_held(snapshot: Snapshot, tables: Iterable[str]) -> dict[str, int | None]:
    """Return the rows of each table, whatever the question; None where the snapshot is older than it."""
    there = columns(snapshot)
    known = [t for t in tables if t in there]
    if not known:
        return dict.fromkeys(tables)
    counts = ", ".join(f"(SELECT count(*) FROM {t})" for t in known)
    row = snapshot.cursor().execute(f"SELECT {counts}").fetchone()
    assert row is not None
    found = {t: int(n) for t, n in zip(known, row, strict=True)}
    return {t: found.get(t) for t in tables}


def treatment_answers(snapshot: Snapshot) -> tuple[int, int]:
    """Return referrals to providers of substance-use treatment, and those the provider answered.

    Answered: it accepted the person, gave a first service, or reported back.
    """
    row = (
        snapshot.cursor()
        .execute(
            "SELECT count(*), count(*) FILTER (provider_accepted_at IS NOT NULL"
            " OR first_service_on IS NOT NULL OR feedback_received = 'yes')"
            f" FROM {stored_table(snapshot, 'referrals')} r"
            f" JOIN {stored_table(snapshot, 'service_providers')} p USING (agency_id, provider_id)"
            " WHERE provider_kind IN ('substance_use', 'detox_sobering')"
        )
        .fetchone()
    )
    assert row is not None
    return int(row[0]), int(row[1])


def owed(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count documents by kind, group, district and month of the contact.

    Columns: ``document``, ``exposed`` (missing where not recorded), ``district``, ``month`` (its first
    day), then counts: ``not_owed`` and ``unsaid`` (policy does not ask, or nobody said whether it
    does); ``owed``, and of these ``came``, ``overdue``, ``not_due`` and ``undated`` (not there, and
    nobody can say since when), which add up to it; ``complete`` and ``incomplete``, ``in_time`` and
    ``late`` (both after the overdue), and ``approved`` and ``unapproved`` of those that came.
    """
    return frame_of(
        snapshot,
        f"""
        WITH {_papers(snapshot, question)}
        SELECT document, exposed, district, month,
               count(*) FILTER (required = 'no') AS not_owed,
               count(*) FILTER (required IS NULL OR required = 'unknown') AS unsaid,
               count(*) FILTER (asked) AS owed,
               count(*) FILTER (asked AND came) AS came,
               count(*) FILTER (asked AND overdue) AS overdue,
               count(*) FILTER (asked AND not_due) AS not_due,
               count(*) FILTER (asked AND NOT came AND overdue IS NOT TRUE AND not_due IS NOT TRUE)
                   AS undated,
               count(*) FILTER (asked AND came AND fields_filled >= fields_required) AS complete,
               count(*) FILTER (asked AND (overdue OR came AND fields_filled < fields_required))
                   AS incomplete,
               count(*) FILTER (asked AND came AND submitted_at <= due_at) AS in_time,
               count(*) FILTER (asked AND (overdue OR came AND submitted_at > due_at)) AS late,
               count(*) FILTER (asked AND came AND approved_at IS NOT NULL) AS approved,
               count(*) FILTER (asked AND came AND approved_at IS NULL AND tells_approval)
                   AS unapproved
        FROM papers GROUP BY ALL ORDER BY ALL
        """,
    )


def blanks(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count the fields left blank on documents that came, by kind and group.

    Columns: ``document``, ``exposed``, ``field`` (its name in lower case; missing for the row that
    counts the documents themselves) and ``n``. That row counts documents that say which fields are
    blank, or that none is.
    """
    return frame_of(
        snapshot,
        f"""
        WITH {_papers(snapshot, question)},
        said AS (
            SELECT document, exposed, missing_fields FROM papers
            WHERE asked AND came AND (missing_fields IS NOT NULL OR fields_filled >= fields_required)
        ),
        named AS (
            SELECT document, exposed, unnest(list_distinct(
                list_transform(string_split(missing_fields, ';'), lambda f: lower(trim(f))))) AS field
            FROM said
        )
        SELECT document, exposed, CAST(NULL AS VARCHAR) AS field, count(*) AS n FROM said GROUP BY ALL
        UNION ALL
        SELECT document, exposed, field, count(*) AS n FROM named WHERE field <> '' GROUP BY ALL
        ORDER BY ALL
        """,
    )


def force_reports(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count reports on force by group, filing, hours until the review, and finding.

    A report is one number of a contact, whatever its applications of force; one that is a display and
    nothing else is left out, as in the outcome *force report in time*. Columns: ``exposed``, ``filed``
    and ``in_time`` (missing where not known), ``not_due``, ``reviewed`` (of those filed; missing where
    the source does not say), ``hours`` (whole hours from filing to review, ``NO_HOURS``,
    ``BAD_HOURS``), ``finding`` (missing where blank, ``SEVERAL``) and ``n``.
    """
    return frame_of(
        snapshot,
        f"""
        WITH asked AS ({asked_sql(snapshot, question, "district", exposed=True)}), {_LAST_DAYS},
        supply AS ({_supply("force_events", filing="report_filed_at", review="supervisor_reviewed_at")}),
        reports AS (
            SELECT any_value(exposed) AS exposed,
                   bool_and(report_filed_at IS NOT NULL) AS all_filed,
                   max(report_filed_at) AS filed_at,
                   bool_or(report_filed_at > report_due_at
                           OR report_filed_at IS NULL AND tells_filing
                              AND CAST(report_due_at AS DATE) <= last_day) AS late,
                   bool_and(report_filed_at <= report_due_at) AS whole,
                   bool_or(report_filed_at IS NULL AND CAST(report_due_at AS DATE) > last_day)
                       AS waiting,
                   bool_and(supervisor_reviewed_at IS NOT NULL) AS all_reviewed,
                   max(supervisor_reviewed_at) AS reviewed_at,
                   bool_or(tells_filing) AS tells_filing, bool_or(tells_review) AS tells_review,
                   CASE WHEN count(DISTINCT finding) > 1 THEN '{SEVERAL}' ELSE max(finding) END
                       AS finding
            FROM {stored_table(snapshot, "force_events")} f
            JOIN asked USING ({_KEY}) JOIN last_days USING (agency_id, source)
            LEFT JOIN supply USING (agency_id, source)
            WHERE display_only IS DISTINCT FROM 'yes'
            GROUP BY {_KEY}, force_id
        )
        SELECT exposed,
               CASE WHEN all_filed OR tells_filing THEN all_filed END AS filed,
               -- All applications must be in time; a blank among them leaves it open.
               CASE WHEN late THEN FALSE WHEN all_filed AND whole THEN TRUE END AS in_time,
               coalesce(waiting, FALSE) AND late IS NOT TRUE AS not_due,
               CASE WHEN all_filed AND (all_reviewed OR tells_review) THEN all_reviewed END
                   AS reviewed,
               CASE WHEN NOT (all_filed AND all_reviewed) THEN {NO_HOURS}
                    WHEN reviewed_at < filed_at THEN {BAD_HOURS}
                    ELSE CAST(floor(epoch(reviewed_at - filed_at) / 3600) AS INTEGER) END AS hours,
               finding, count(*) AS n
        FROM reports GROUP BY ALL ORDER BY ALL
        """,
    )


def hold_forms(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count hold forms by group and element.

    Columns: ``exposed``, ``element`` (one of ``ELEMENTS``), ``yes``, ``no`` and ``unknown`` (answered
    so, or blank).
    """
    parts = [
        f"SELECT exposed, {place} AS place, '{e}' AS element,"
        f" count(*) FILTER ({e} = 'yes') AS yes, count(*) FILTER ({e} = 'no') AS no,"
        f" count(*) FILTER ({e} IS NULL OR {e} = 'unknown') AS unknown FROM forms GROUP BY exposed"
        for place, e in enumerate(ELEMENTS)
    ]
    frame = frame_of(
        snapshot,
        f"WITH asked AS ({asked_sql(snapshot, question, 'district', exposed=True)}),"
        f" forms AS (SELECT * FROM {stored_table(snapshot, 'holds')} h JOIN asked USING ({_KEY}))"
        f" {' UNION ALL '.join(parts)} ORDER BY exposed, place",
    )
    return frame.drop(columns="place")


_LAST_DAYS = (
    "last_days AS (SELECT agency_id, source, max(contact_date) AS last_day"
    " FROM encounters GROUP BY ALL)"
)


def _papers(snapshot: Snapshot, question: Question) -> str:
    """Return SQL for each document with its group, and where it stands on the last day."""
    return f"""
        asked AS ({asked_sql(snapshot, question, "district", exposed=True)}), {_LAST_DAYS},
        supply AS ({_supply("documents", arrival="submitted_at", approval="approved_at")}),
        papers AS (
            SELECT d.*, exposed, district, CAST(date_trunc('month', contact_date) AS DATE) AS month,
                   required IS NOT DISTINCT FROM 'yes' AS asked,
                   submitted_at IS NOT NULL AS came,
                   -- Where the source never says when, a blank is not a document that is missing.
                   submitted_at IS NULL AND tells_arrival AND CAST(due_at AS DATE) <= last_day
                       AS overdue,
                   submitted_at IS NULL AND tells_arrival AND CAST(due_at AS DATE) > last_day
                       AS not_due,
                   coalesce(tells_approval, FALSE) AS tells_approval
            FROM {stored_table(snapshot, "documents")} d
            JOIN asked USING ({_KEY}) JOIN last_days USING (agency_id, source)
            LEFT JOIN supply USING (agency_id, source)
        )"""


def _supply(table: str, **columns: str) -> str:
    """Return SQL that says by export whether it supplies some columns, each as ``tells_`` its name."""
    told = ", ".join(f"bool_or(column_name = '{c}') AS tells_{n}" for n, c in columns.items())
    return (
        f"SELECT agency_id, source, {told} FROM source_columns WHERE table_name = '{table}'"
        " GROUP BY agency_id, source"
    )
