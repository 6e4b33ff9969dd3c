"""What CIT takes, as counts: officer minutes by contact group and officer, and officers certified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from data.encounters import exposure_column
from data.store import Snapshot
from metrics.aggregate.coded import coded
from metrics.aggregate.counts import Counts
from metrics.aggregate.credentials import CIT_CREDENTIALS
from metrics.aggregate.relation import encounters, filtered
from metrics.aggregate.stored import stored_table
from metrics.keys import EXPOSURE

if TYPE_CHECKING:
    from metrics.question import Question


def minute_counts(snapshot: Snapshot, question: Question, by: Iterable[str]) -> Counts:
    """Run one grouped query: contacts and officer minutes by exposure, covariates and officer.

    The frame is that of :class:`Counts` with officers, for no outcome: ``contacts`` counts all,
    ``timed`` those whose officer minutes were recorded, and ``minutes`` is their sum, whole minutes.
    """
    by = tuple(by)
    table = filtered(encounters(snapshot), question)
    measures = {
        "contacts": table.count(),
        "timed": table.officer_minutes.count(),
        "minutes": table.officer_minutes.sum().fill_null(0).cast("int64"),
    }
    keys = {EXPOSURE: lambda t: t[exposure_column(question.exposure)]}
    return Counts(coded(snapshot, table, by, keys, measures), (), by)


@dataclass(frozen=True)
class Certified:
    """Officers with a CIT certification in force in a period, and how long certificates run.

    ``officers`` held one on any day of it, ``average`` is how many held one on an average day.
    ``years`` is the median length of the certificates that say when they end, ``dated`` of them; None
    where none does. ``rows`` counts the certificates on record, of any time.
    """

    officers: int
    average: float
    years: float | None
    dated: int
    rows: int


def certified(snapshot: Snapshot, start: date, end: date) -> Certified:
    """Count officers certified from one day to another, both inclusive; overlapping ones count once.

    An officer who left counts until the month of leaving begins; without an end a certificate runs on.
    """
    listed = ", ".join(f"'{c}'" for c in CIT_CREDENTIALS)
    row = (
        snapshot.cursor()
        .execute(
            "WITH held AS ("
            " SELECT c.agency_id, c.officer_key, certified_on, expires_on, o.left_month"
            f" FROM {stored_table(snapshot, 'certifications')} c"
            f" LEFT JOIN {stored_table(snapshot, 'officers')} o USING (agency_id, officer_key)"
            f" WHERE credential IN ({listed})),"
            " spans AS (SELECT agency_id, officer_key, greatest(certified_on, $start) AS first,"
            " least(coalesce(expires_on, $after), coalesce(left_month, $after), $after) AS past FROM held),"
            " ordered AS (SELECT *, max(past) OVER (PARTITION BY agency_id, officer_key"
            " ORDER BY first, past ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before"
            " FROM spans WHERE first < past)"
            " SELECT (SELECT count(*) FROM (SELECT DISTINCT agency_id, officer_key FROM ordered)),"
            " (SELECT coalesce(sum(greatest(0, past - greatest(first, coalesce(before, first)))), 0)"
            " FROM ordered),"
            " (SELECT median(expires_on - certified_on) FROM held WHERE expires_on > certified_on),"
            " (SELECT count(*) FROM held WHERE expires_on > certified_on), (SELECT count(*) FROM held)",
            {"start": start, "after": end + timedelta(days=1)},
        )
        .fetchone()
    )
    assert row is not None
    officers, days, length, dated, rows = row
    return Certified(
        officers=int(officers),
        average=float(days) / ((end - start).days + 1),
        years=None if length is None else float(length) / 365.25,
        dated=int(dated),
        rows=int(rows),
    )
