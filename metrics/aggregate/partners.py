"""Counts behind partners and care: referrals, holds, trips and hand-offs, and returns of a person.

Every query starts from the contacts that a question asks about; what comes back is counts (of
referrals by provider, of trips by whole minute, of people by whole day), never a row of a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data import prepared
from data.encounters import outcome_column
from data.store import Snapshot
from metrics.aggregate.prepared import rows_of
from metrics.aggregate.relation import asked_sql, condition, frame_of
from metrics.aggregate.stored import rows, stored_table

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

ELEMENTS = (
    "on_prescribed_form",
    "states_belief_of_danger",
    "states_nature_of_danger",
    "states_observations",
    "states_facts_of_notice",
)
"""What makes a hold form complete: columns of ``holds``."""

FOLLOWED_DAYS, SOON_DAYS = 30, 7
HOLD, ARREST, NEITHER, UNKNOWN = "hold", "arrest", "neither", "unknown"
"""How the contact that someone came back with ended; together these are every ending."""

_KEY = "agency_id, source, contact_id"


TABLES = ("referrals", "holds", "transports", "service_providers", "contact_codes")


PEOPLE = "person_key"


def stored(snapshot: Snapshot) -> dict[str, int]:
    """Return rows by table of ``TABLES``, and contacts whose person is known as ``PEOPLE``.

    There are none where the snapshot is older than the table.
    """
    known = snapshot.cursor().execute(f"SELECT count({PEOPLE}) FROM contacts").fetchall()[0][0]
    return {**{name: rows(snapshot, name) for name in TABLES}, PEOPLE: int(known)}


def referrals(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count referrals by provider, kind and the person's answer.

    Columns: ``agency_id``, ``provider_id`` (missing where none was recorded), ``provider_name``,
    ``provider_kind``, ``referral_kind``, ``agreed``, then counts: ``made``; of those ``undated``,
    ``recent`` (30 days have not passed by the last contact on record of the export), ``unheard`` (the
    provider did not report back, or nobody noted whether it did) and ``followed``, which add up to
    ``made``; of the followed ``taken`` (accepted by the provider, or served, within 30 days),
    ``served_30``, ``served_7`` and ``early`` (served on a day before the referral: not counted as
    served).
    """
    return frame_of(
        snapshot,
        f"""
        WITH asked AS ({asked_sql(snapshot, question)}),
        last_days AS (SELECT agency_id, source, max(contact_date) AS last_day FROM encounters GROUP BY ALL),
        dated AS (
            SELECT r.*, CAST(made_at AS DATE) AS made_on, last_day
            FROM {stored_table(snapshot, "referrals")} r
            JOIN asked USING ({_KEY}) JOIN last_days USING (agency_id, source)
        ),
        known AS (
            SELECT *,
                   made_on IS NULL AS undated,
                   made_on + {FOLLOWED_DAYS} > last_day AS recent,
                   feedback_received IS DISTINCT FROM 'yes' AS unheard,
                   coalesce(first_service_on - made_on BETWEEN 0 AND {FOLLOWED_DAYS}, FALSE) AS served_30,
                   coalesce(first_service_on - made_on BETWEEN 0 AND {SOON_DAYS}, FALSE) AS served_7,
                   coalesce(provider_accepted_at - made_on BETWEEN 0 AND {FOLLOWED_DAYS}, FALSE)
                       AS accepted,
                   coalesce(first_service_on < made_on, FALSE) AS early
            FROM dated
        ),
        placed AS (
            SELECT *, CASE WHEN undated THEN 'undated' WHEN recent THEN 'recent'
                           WHEN unheard THEN 'unheard' ELSE 'followed' END AS place
            FROM known
        )
        SELECT agency_id, provider_id, any_value(provider_name) AS provider_name,
               any_value(provider_kind) AS provider_kind, referral_kind, agreed,
               count(*) AS made,
               count(*) FILTER (place = 'undated') AS undated,
               count(*) FILTER (place = 'recent') AS recent,
               count(*) FILTER (place = 'unheard') AS unheard,
               count(*) FILTER (place = 'followed') AS followed,
               count(*) FILTER (place = 'followed' AND (accepted OR served_30)) AS taken,
               count(*) FILTER (place = 'followed' AND served_30) AS served_30,
               count(*) FILTER (place = 'followed' AND served_7) AS served_7,
               count(*) FILTER (place = 'followed' AND early) AS early
        FROM placed LEFT JOIN {stored_table(snapshot, "service_providers")} p USING (agency_id, provider_id)
        GROUP BY agency_id, provider_id, referral_kind, agreed
        ORDER BY ALL
        """,
    )


def holds(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count holds by their five elements (yes, no, or missing where unknown or blank) and outcome.

    Columns: those of ``ELEMENTS``, ``outcome`` and ``n``.
    """
    elements = ", ".join(
        f"CASE WHEN {e} IN ('yes', 'no') THEN CAST({e} AS VARCHAR) END AS {e}" for e in ELEMENTS
    )
    return frame_of(
        snapshot,
        f"WITH asked AS ({asked_sql(snapshot, question)})"
        f" SELECT {elements}, outcome, count(*) AS n"
        f" FROM {stored_table(snapshot, 'holds')} h JOIN asked USING ({_KEY})"
        " GROUP BY ALL ORDER BY ALL",
    )


def restraint(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count involuntary trips by kind of destination and restraint.

    Columns: ``destination_kind``, ``restrained`` (both as recorded) and ``n``.
    """
    return frame_of(
        snapshot,
        f"WITH asked AS ({asked_sql(snapshot, question)})"
        f" SELECT destination_kind, restrained, count(*) AS n"
        f" FROM {stored_table(snapshot, 'transports')} t JOIN asked USING ({_KEY})"
        " WHERE voluntary = 'involuntary' GROUP BY ALL ORDER BY ALL",
    )


def trips(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count trips by facility, month, how the facility answered, and the minutes it took.

    Columns: ``agency_id``, ``provider_id``, ``provider_name``, ``place`` (kind of destination, else
    of the provider), ``month`` (its first day), ``answer`` (``transports.accepted`` as recorded),
    ``to_free`` and ``to_accepted`` (whole minutes from arrival until the officer was free and until the
    facility took over, missing where a time is, ``BAD`` where negative or over 24 hours), ``n``.
    """
    return frame_of(
        snapshot,
        f"""
        SELECT agency_id, provider_id, provider_name,
               coalesce(nullif(destination_kind, 'unknown'), provider_kind) AS place,
               CAST(date_trunc('month', contact_date) AS DATE) AS month, answer, to_free, to_accepted,
               count(*) AS n
        FROM (SELECT * FROM {rows_of(snapshot, prepared.TRIPS, question)}
              WHERE {condition(question, "contact_date")})
        LEFT JOIN {stored_table(snapshot, "service_providers")} p USING (agency_id, provider_id)
        GROUP BY ALL ORDER BY ALL
        """,
    )


def facilities(snapshot: Snapshot) -> pd.DataFrame:
    """Return the organisations on file, whatever the question: one row each, as loaded."""
    return frame_of(
        snapshot,
        "SELECT agency_id, provider_id, provider_name, provider_kind, accepts_police_dropoff,"
        " CAST(accepts_involuntary AS VARCHAR) AS accepts_involuntary, hours, agreement_from,"
        f" agreement_to, dropoff_target_minutes FROM {stored_table(snapshot, 'service_providers')} p"
        " ORDER BY agency_id, provider_id",
    )


def returns(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count people by days from their first contact to the next, or to the last day of the export.

    Followed are people whose first contact on record fits the question; the next may be any. As in
    ``encounters``, two forms on one incident are one contact. Columns: ``exposed`` (that of the first
    contact; missing where not recorded), ``days``, ``kind`` (how the next contact ended; missing for
    those not seen again) and ``n``.
    """
    hold, arrest = outcome_column("emergency_hold"), outcome_column("arrest")
    return frame_of(
        snapshot,
        f"""
        WITH asked AS ({asked_sql(snapshot, question, exposed=True)}),
        last_days AS (SELECT agency_id, source, max(contact_date) AS last_day FROM encounters GROUP BY ALL),
        visits AS (
            SELECT agency_id, source, k.person_key, coalesce(incident_id, contact_id) AS visit,
                   min(k.contact_at) AS visit_at,
                   arg_min(contact_id, (k.contact_at, contact_id)) AS first_form,
                   bool_or({hold}) AS held, bool_and({hold} IS FALSE) AS not_held,
                   bool_or({arrest}) AS arrested, bool_and({arrest} IS FALSE) AS not_arrested
            FROM contacts k JOIN encounters e USING ({_KEY})
            WHERE k.person_key IS NOT NULL GROUP BY agency_id, source, k.person_key, visit
        ),
        followed AS (
            SELECT *, row_number() OVER in_time AS place,
                   lead(visit_at) OVER in_time AS next_at,
                   lead(CASE WHEN held THEN '{HOLD}' WHEN not_held AND arrested THEN '{ARREST}'
                             WHEN not_held AND not_arrested THEN '{NEITHER}'
                             ELSE '{UNKNOWN}' END) OVER in_time AS next_kind
            FROM visits
            WINDOW in_time AS (PARTITION BY agency_id, source, person_key ORDER BY visit_at, visit)
        )
        SELECT exposed,
               coalesce(CAST(next_at AS DATE), last_day) - CAST(visit_at AS DATE) AS days,
               next_kind AS kind, count(*) AS n
        FROM followed f
        JOIN asked a ON a.agency_id = f.agency_id AND a.source = f.source AND a.contact_id = f.first_form
        JOIN last_days l ON l.agency_id = f.agency_id AND l.source = f.source
        WHERE place = 1 GROUP BY ALL ORDER BY ALL
        """,
    )


def scene(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count contacts by whether a clinician was on scene and led, and their officer time.

    Columns: ``on_scene`` and ``led`` (yes, no, or missing where unknown or blank), ``n``, ``named``
    (contacts whose person is known), ``timed`` (those with officer minutes) and ``minutes``, their sum.
    """
    return frame_of(
        snapshot,
        f"""
        WITH asked AS ({asked_sql(snapshot, question)})
        SELECT {_said("clinician_on_scene")} AS on_scene, {_said("clinician_led")} AS led,
               count(*) AS n, count(k.person_key) AS named, count(k.officer_minutes) AS timed,
               coalesce(sum(k.officer_minutes), 0) AS minutes
        FROM contacts k JOIN asked USING ({_KEY}) GROUP BY ALL ORDER BY ALL
        """,
    )


def _said(column: str) -> str:
    return f"CASE WHEN {column} IN ('yes', 'no') THEN CAST({column} AS VARCHAR) END"


def techniques(snapshot: Snapshot, question: Question) -> tuple[dict[str, int], int, int]:
    """Return forms by technique ticked, forms with any, and all forms asked about."""
    ticked = (
        f"WITH asked AS ({asked_sql(snapshot, question)}), ticked AS ("
        f"SELECT {_KEY}, code FROM {stored_table(snapshot, 'contact_codes')} c"
        f" JOIN asked USING ({_KEY}) WHERE kind = 'technique')"
    )
    cursor = snapshot.cursor()
    codes = cursor.execute(
        f"{ticked} SELECT code, count(*) FROM ticked GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    found = {str(code): int(n) for code, n in codes.fetchall()}
    row = cursor.execute(
        f"{ticked} SELECT (SELECT count(*) FROM (SELECT DISTINCT {_KEY} FROM ticked)),"
        " (SELECT count(*) FROM asked)"
    ).fetchone()
    assert row is not None
    return found, int(row[0]), int(row[1])
