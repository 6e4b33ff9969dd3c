"""Counts behind liability: injuries by cause, critical events, complaints, claims, reviews of force.

Complaints and claims belong to the agency and may name a contact, only its incident, or neither.
:data:`INSIDE` is one that is surely about a contact of the question, by the rule of ``encounters.sql``:
it names the contact, or an incident with one contact. What is privileged, or not marked as not
privileged, is returned only to a role that may see it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from data import prepared
from data.prepared import links
from data.registry.force import FORCE_CATEGORIES
from data.roles import Role
from data.store import Snapshot
from metrics.aggregate.coverage import supplied
from metrics.aggregate.prepared import rows_of
from metrics.aggregate.relation import as_date, asked_sql, condition, frame_of
from metrics.aggregate.stored import stored_table
from metrics.aggregate.trace import kept

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

DURING = (
    "officer_force",
    "subject_assault",
    "self_inflicted_during",
    "accident",
    "restraint_or_transport",
)
"""Causes of an injury of the contact itself, as the outcomes have it (data/encounters.sql)."""
WHO = ("subject", "officer")
TABLES = ("injuries", "force_events", "critical_events", "complaints", "claims")

SUSTAINED, NOT_SUSTAINED, ENDED = "sustained", "not_sustained", "ended_otherwise"
OPEN, UNKNOWN = "open", "not_recorded"
STANDINGS = (SUSTAINED, NOT_SUSTAINED, ENDED, OPEN, UNKNOWN)
"""How a complaint stands; together these are all of them."""

INSIDE, OUTSIDE, SEVERAL, NOWHERE = "inside", "outside", "several", "nowhere"
"""About a contact of the question; about another; naming only an incident of several contacts, of which
one is the question's; about no contact on record, by the dates of the question."""

_KEY = "agency_id, source, contact_id"
_OFF_SCALE = tuple(c.code for c in FORCE_CATEGORIES if not c.rank)


class Complaints(NamedTuple):
    """What was received, and from how many contacts.

    ``contacts`` fit the question; complaints reach ``n`` of them: those up to ``until``, the last day
    one was received by the agency of the contact. ``received`` counts by ``kind`` (None: not recorded),
    ``standing`` and ``place``; ``days`` has, for complaints about a contact of the question, the ``days``
    until they were received and how many (``n``).
    """

    contacts: int
    n: int
    until: date | None
    received: pd.DataFrame
    days: pd.DataFrame


class PeriodClaims(NamedTuple):
    """Liability claims about the contacts of a question, by the latest valuation of each.

    ``open`` and ``closed`` are of ``claims``, the rest has neither recorded; ``paid`` and ``incurred`` are
    dollars over the ``valued``, those whose latest valuation is whole. ``several`` name only an incident
    of several contacts, ``unlinked`` no contact on record (by their date of loss): both are in none of
    the other numbers. ``until`` is the last day the claims reach; ``days`` as in :class:`Complaints`.
    """

    claims: int
    open: int
    closed: int
    valued: int
    paid: float
    incurred: float
    several: int
    unlinked: int
    until: date | None
    days: pd.DataFrame


@kept(64)
def tables(snapshot: Snapshot) -> frozenset[str]:
    """Return which of ``TABLES`` the store was given: a row, or an export that supplies a column."""
    cursor = snapshot.cursor()
    found = {column.split(".")[0] for _, _, column in supplied(snapshot)}
    for name in TABLES:
        if cursor.execute(f"SELECT 1 FROM {stored_table(snapshot, name)} LIMIT 1").fetchone():
            found.add(name)
    return frozenset(found) & frozenset(TABLES)


def injuries(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count contacts by arm, who was hurt and each cause of an injury during the contact.

    Columns: ``exposed``, ``who``, ``cause``, ``contacts``, ``events`` (someone hurt that way; a contact
    counts once a cause) and ``unknown``: the form did not answer on injuries of that person, or how one
    came about is not known. Only exports that say who and by what; contacts in an arm.
    """
    listed = ", ".join(f"'{c}'" for c in DURING)
    return frame_of(
        snapshot,
        f"""
        WITH asked AS ({asked_sql(snapshot, question, exposed=True)}),
        able AS (SELECT agency_id, source FROM source_columns
                 WHERE table_name = 'injuries' AND column_name IN ('who', 'cause')
                 GROUP BY ALL HAVING count(DISTINCT column_name) = 2),
        people AS (
            SELECT {_KEY}, exposed, unnest(['subject', 'officer']) AS who,
                   unnest([CAST(subject_injured AS VARCHAR), CAST(officer_injured AS VARCHAR)]) AS answer
            FROM contacts JOIN asked USING ({_KEY}) JOIN able USING (agency_id, source)
            WHERE exposed IS NOT NULL
        ),
        hurt AS (
            SELECT {_KEY}, w.who,
                   coalesce(list(DISTINCT cause) FILTER (i.who IS NOT NULL AND cause IN ({listed})), [])
                       AS causes,
                   -- Perhaps of this person, or perhaps by any cause.
                   bool_or(cause IS NULL OR cause = 'unknown' OR i.who IS NULL AND cause IN ({listed}))
                       AS vague
            FROM {stored_table(snapshot, "injuries")} i
            JOIN (VALUES ('subject'), ('officer')) w(who) ON i.who = w.who OR i.who IS NULL
            GROUP BY ALL
        ),
        judged AS (
            SELECT exposed, who, cause, coalesce(list_contains(causes, cause), FALSE) AS hit,
                   coalesce(vague, FALSE) OR answer = 'yes' AND len(coalesce(causes, [])) = 0 AS unclear
            FROM people LEFT JOIN hurt USING ({_KEY}, who)
            CROSS JOIN (SELECT unnest([{listed}]) AS cause)
            WHERE answer = 'yes' OR answer = 'no' AND hurt.contact_id IS NOT NULL
        ),
        found AS (SELECT exposed, who, cause, count(*) FILTER (hit) AS events,
                         count(*) FILTER (unclear AND NOT hit) AS unclear
                  FROM judged GROUP BY ALL),
        whole AS (SELECT exposed, who, count(*) AS contacts,
                         count(*) FILTER (answer IS NULL OR answer NOT IN ('yes', 'no')) AS silent
                  FROM people GROUP BY ALL)
        SELECT exposed, who, cause, contacts, coalesce(events, 0) AS events,
               silent + coalesce(unclear, 0) AS unknown
        FROM whole CROSS JOIN (SELECT unnest([{listed}]) AS cause)
        LEFT JOIN found USING (exposed, who, cause) ORDER BY ALL
        """,
    )


def injuries_apart(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count injuries that are none of the person's or an officer's during the contact, or may not be.

    Columns: ``who``, ``cause`` (both as recorded) and ``n``.
    """
    listed = ", ".join(f"'{c}'" for c in DURING)
    return frame_of(
        snapshot,
        f"WITH asked AS ({asked_sql(snapshot, question)})"
        f" SELECT who, cause, count(*) AS n FROM {stored_table(snapshot, 'injuries')} i"
        f" JOIN asked USING ({_KEY})"
        f" WHERE (who IN ('subject', 'officer') AND cause IN ({listed})) IS NOT TRUE"
        " GROUP BY ALL ORDER BY n DESC, who, cause",
    )


def critical_events(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Return the critical events of a question's dates, its other filters apart, without any key.

    Columns: ``day``, ``kind``, ``district`` (of its contact, where one is named and known),
    ``review`` and ``legal_hold``. One without a day is in every period, last.
    """
    where, dates = _dates(question, "occurred_on")
    return (
        snapshot.cursor()
        .execute(
            f"""
            WITH listed AS (
                SELECT * FROM {stored_table(snapshot, "critical_events")} WHERE {where}
            ),
            places AS (
                SELECT agency_id, contact_id, any_value(district_id) AS district
                FROM contacts SEMI JOIN listed USING (agency_id, contact_id)
                GROUP BY ALL HAVING count(DISTINCT district_id) = 1
            )
            SELECT occurred_on AS day, kind, district, review_status AS review,
                   CAST(legal_hold AS VARCHAR) AS legal_hold
            FROM listed LEFT JOIN places USING (agency_id, contact_id)
            ORDER BY day NULLS LAST, kind, critical_id
            """,
            dates,
        )
        .df()
    )


def complaints(snapshot: Snapshot, question: Question) -> Complaints:
    """Count complaints, inquiries and commendations, one with several allegations once.

    A complaint is sustained if any allegation is; else open if any is still open; else not recorded if
    any finding is not; else not sustained (or unfounded, exonerated), or ended otherwise (mediated,
    withdrawn). Blank closing dates are open only where the export supplies that column.
    """
    stored = stored_table(snapshot, "complaints")
    dated = {agency for agency, _, c in supplied(snapshot) if c == "complaints.closed_on"}
    agencies = ", ".join("'" + a.replace("'", "''") + "'" for a in sorted(dated)) or "NULL"
    where, dates = _dates(question, "received")
    reached = "contact_date <= (SELECT until FROM reach r WHERE r.agency_id = l.agency_id)"
    sql = f"""
        WITH reach AS (SELECT agency_id, max(received_on) AS until FROM {stored} GROUP BY ALL),
        filed AS (SELECT *, complaint_id AS id, {links.ONE[links.COMPLAINTS]} AS one FROM {stored}),
        {_placing(snapshot, question, links.COMPLAINTS, reached)},
        told AS (
            SELECT agency_id, id, kind, min(received_on) AS received,
                   bool_or(surely AND inside) AS in_it, bool_or(NOT surely AND inside) AS perhaps,
                   bool_or(linked) AS linked, min(day) FILTER (surely AND inside) AS day,
                   CASE WHEN bool_or(finding = 'sustained') THEN '{SUSTAINED}'
                        WHEN bool_or(finding = 'pending' OR closed_on IS NULL
                                     AND (finding IS NULL OR finding = 'na')
                                     AND agency_id IN ({agencies})) THEN '{OPEN}'
                        WHEN bool_or(finding IS NULL OR finding = 'na') THEN '{UNKNOWN}'
                        WHEN bool_or(finding IN ('not_sustained', 'unfounded', 'exonerated'))
                            THEN '{NOT_SUSTAINED}'
                        ELSE '{ENDED}' END AS standing
            FROM placed GROUP BY agency_id, id, kind
        ),
        settled AS (
            SELECT *, CASE WHEN in_it THEN '{INSIDE}' WHEN perhaps THEN '{SEVERAL}'
                           WHEN linked THEN '{OUTSIDE}' ELSE '{NOWHERE}' END AS place FROM told
            WHERE in_it OR perhaps OR linked OR {where}
        )
    """
    cursor = snapshot.cursor()
    received = cursor.execute(
        f"{sql} SELECT kind, standing, place, count(*) AS n FROM settled GROUP BY ALL ORDER BY ALL",
        dates,
    ).df()
    days = cursor.execute(
        f"{sql} SELECT received - day AS days, count(*) AS n FROM settled"
        f" WHERE place = '{INSIDE}' AND kind = 'complaint' AND received IS NOT NULL"
        " GROUP BY ALL ORDER BY days",
        dates,
    ).df()
    row = cursor.execute(
        f"WITH asked AS ({asked_sql(snapshot, question)}),"
        f" reach AS (SELECT agency_id, max(received_on) AS until FROM {stored} GROUP BY ALL)"
        " SELECT count(*), count(*) FILTER (contact_date <= until), (SELECT max(until) FROM reach)"
        " FROM asked LEFT JOIN reach USING (agency_id)"
    ).fetchone()
    assert row is not None
    return Complaints(int(row[0]), int(row[1]), as_date(row[2]), received, days)


def claims_of_period(
    snapshot: Snapshot, question: Question, role: Role = Role.VIEWER
) -> PeriodClaims | None:
    """Return the liability claims about the contacts of a question; None where no claim is loaded.

    Workers' compensation is not liability. Incurred is paid and reserved, loss and expense, less what
    was recovered (DICTIONARY, *claim_valuations*); a claim whose latest valuation lacks any of the four
    is not valued, and one without recoveries has recovered nothing.
    """
    if "claims" not in tables(snapshot):
        return None
    may = role.at_most(snapshot.role).sees_privileged
    seen = "TRUE" if may else "privileged IS NOT DISTINCT FROM 'no'"
    where, dates = _dates(question, "occurred_on")
    sql = f"""
        WITH filed AS (SELECT *, {links.ONE[links.CLAIMS]} AS one FROM {stored_table(snapshot, "claims")}
                  WHERE line IS DISTINCT FROM 'workers_compensation' AND {seen}),
        valued AS (SELECT * FROM {stored_table(snapshot, "claim_valuations")}),
        latest AS (
            SELECT agency_id, claim_id, status, paid_loss + paid_expense AS paid,
                   paid_loss + paid_expense + reserve_loss + reserve_expense
                       - coalesce(recoveries, 0) AS incurred
            FROM valued
            QUALIFY row_number() OVER (PARTITION BY agency_id, claim_id ORDER BY valued_on DESC) = 1
        ),
        {_placing(snapshot, question, links.CLAIMS)},
        told AS (
            SELECT p.*, paid, incurred,
                   CASE WHEN status IN ('open', 'reopened') THEN TRUE WHEN status = 'closed' THEN FALSE
                        WHEN resolution = 'open' THEN TRUE WHEN resolution IS NOT NULL THEN FALSE
                   END AS still
            FROM placed p LEFT JOIN latest USING (agency_id, claim_id)
        )
    """
    cursor = snapshot.cursor()
    row = cursor.execute(
        f"""
        {sql}, own AS (SELECT * FROM told WHERE surely AND inside)
        SELECT (SELECT count(*) FROM own), (SELECT count(*) FROM own WHERE still),
               (SELECT count(*) FROM own WHERE NOT still), (SELECT count(incurred) FROM own),
               -- In one order: sums of fractions then come out the same to their last digit.
               (SELECT coalesce(sum(paid ORDER BY agency_id, one) FILTER (incurred IS NOT NULL), 0) FROM own),
               (SELECT coalesce(sum(incurred ORDER BY agency_id, one), 0) FROM own),
               (SELECT count(*) FROM told WHERE NOT surely AND inside),
               (SELECT count(*) FROM told WHERE NOT linked AND {where}),
               (SELECT max(day) FROM (
                   SELECT reported_on AS day FROM filed
                   UNION ALL SELECT valued_on FROM valued JOIN filed USING (agency_id, claim_id)))
        """,
        dates,
    ).fetchone()
    assert row is not None
    days = cursor.execute(
        f"{sql} SELECT reported_on - day AS days, count(*) AS n FROM told"
        " WHERE surely AND inside AND reported_on IS NOT NULL GROUP BY ALL ORDER BY days"
    ).df()
    n = [int(v) for v in row[:4]]
    return PeriodClaims(
        claims=n[0],
        open=n[1],
        closed=n[2],
        valued=n[3],
        paid=float(row[4]),
        incurred=float(row[5]),
        several=int(row[6]),
        unlinked=int(row[7]),
        until=as_date(row[8]),
        days=days,
    )


def force_reviews(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count applications of force by whether a supervisor reviewed them and what was found.

    Columns: ``reviewed`` (yes, no, or missing where the export does not say), ``finding`` (as recorded)
    and ``n``. Displays, and what is off the scale of force, are not applications.
    """
    listed = ", ".join(f"'{c}'" for c in _OFF_SCALE)
    return frame_of(
        snapshot,
        f"""
        WITH asked AS ({asked_sql(snapshot, question)}),
        able AS (SELECT DISTINCT agency_id, source, TRUE AS says FROM source_columns
                 WHERE table_name = 'force_events' AND column_name = 'supervisor_reviewed_at')
        SELECT CASE WHEN supervisor_reviewed_at IS NOT NULL THEN 'yes' WHEN says THEN 'no' END AS reviewed,
               finding, count(*) AS n
        FROM {stored_table(snapshot, "force_events")} f
        JOIN asked USING ({_KEY}) LEFT JOIN able USING (agency_id, source)
        WHERE display_only IS DISTINCT FROM 'yes' AND (category IN ({listed})) IS NOT TRUE
        GROUP BY ALL ORDER BY ALL
        """,
    )


def _placing(snapshot: Snapshot, question: Question, what: str, asked: str = "TRUE") -> str:
    """Return SQL that adds to each row of ``filed`` what is known of the contacts it may be about.

    ``linked``: it names one on record; ``surely``: which one is known; ``inside``: it is, or may be, one
    of the question's, and ``asked`` as well; ``day``: that of the first.
    """
    return f"""
        met AS (
            SELECT agency_id, one, bool_or(surely) AS surely, bool_or(inside) AS inside,
                   min(contact_date) FILTER (inside) AS day
            FROM (SELECT *, {condition(question, "contact_date")} AND {asked} AS inside
                  FROM {rows_of(snapshot, prepared.LINKS, question)} l WHERE what = '{what}')
            GROUP BY agency_id, one
        ),
        placed AS (
            SELECT f.*, met.one IS NOT NULL AS linked, coalesce(surely, FALSE) AS surely,
                   coalesce(inside, FALSE) AS inside, day
            FROM filed f LEFT JOIN met USING (agency_id, one)
        )"""


def _dates(question: Question, column: str) -> tuple[str, list[date]]:
    """Return SQL for a day within the question's dates, or not known, and its parameters."""
    parts, dates = ["TRUE"], []
    for bound, sign in ((question.start, ">="), (question.end, "<=")):
        if bound:
            parts.append(f"({column} IS NULL OR {column} {sign} ?)")
            dates.append(bound)
    return f"({' AND '.join(parts)})", dates
