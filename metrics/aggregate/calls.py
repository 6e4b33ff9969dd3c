"""Calls counted: who came, how soon, who had a form, who was sent elsewhere.

One row per call is made inside the engine (when it was received, whether police took it, whether an
officer certified on that day arrived) and only counts leave it. The rules are those of the page
(``metrics/wording/response.py`` states them). A snapshot of an earlier version without these tables
counts as one that holds none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from data.encounters import exposure_column
from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics.aggregate import stored
from metrics.aggregate.relation import as_date, encounters, filtered, true
from metrics.aggregate.trace import kept

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

DIMENSIONS = ("district", "shift", "hour", "day")
"""What calls are counted by, one at a time; ``ALL_CALLS`` is the row of all together."""
ALL_CALLS = "all"

TAKEN = ("police_dispatched", "co_responder")
CALLS_DIVERTED = (
    "transferred_988",
    "transferred_mobile_crisis",
    "alternative_responder",
    "ems_only",
    "telephone_resolved",
)
CALL_ENDINGS = (*TAKEN, *CALLS_DIVERTED, "no_unit_sent")
"""Dispositions of a call, but for those that are no call: cancelled and duplicate."""

LONGEST_HOURS = 24
"""A certified officer who arrives later than this after the call, or before it, is a slip of a clock."""

_CLOCK = {"day_06_14", "evening_14_22", "night_22_06"}
_TABLES = ("calls", "call_units", "shifts")

_UNITS = """
cit AS (
    SELECT agency_id, officer_key, certified_on, expires_on FROM certifications
    WHERE credential IN ('cit_40h', 'cit_enhanced')
),
certifying AS (SELECT DISTINCT agency_id FROM cit),
-- An agency whose unit history has no time of arrival at all does not say who never arrived.
telling AS (
    SELECT agency_id FROM call_units GROUP BY agency_id HAVING count(arrived_at) > 0
),
-- An officer of two credentials in force meets a call twice, which no answer of these minds.
units AS (
    SELECT agency_id, call_id, count(arrived_at) AS arrived,
           bool_or(is_cit) AS any_cit, bool_or(is_cit IS NULL) AS any_untold,
           min(arrived_at) FILTER (is_cit) AS cit_at
    FROM (
        SELECT u.agency_id, u.call_id, u.arrived_at,
               CASE WHEN u.arrived_at IS NULL THEN FALSE
                    WHEN a.agency_id IS NULL THEN u.unit_kind = 'cit_patrol'
                    ELSE c.officer_key IS NOT NULL END AS is_cit
        FROM call_units u
        LEFT JOIN certifying a USING (agency_id)
        LEFT JOIN cit c ON c.agency_id = u.agency_id AND c.officer_key = u.officer_key
            AND c.certified_on <= CAST(u.arrived_at AS DATE)
            AND (c.expires_on IS NULL OR CAST(u.arrived_at AS DATE) < c.expires_on)
    ) GROUP BY ALL
)"""

# Every minute of the week has one shift: where several run, the one that began last. What follows
# midnight belongs to the shift's own day, so that a day off ends with the night before it.
_SHIFTS = """
hours AS (
    SELECT agency_id, shift_id, weekday, starts, (ends - starts + 1439) % 1440 + 1 AS minutes
    FROM (
        SELECT *, TRY_CAST(split_part(starts_at, ':', 1) AS INTEGER) * 60
                  + TRY_CAST(split_part(starts_at, ':', 2) AS INTEGER) AS starts,
               TRY_CAST(split_part(ends_at, ':', 1) AS INTEGER) * 60
                  + TRY_CAST(split_part(ends_at, ':', 2) AS INTEGER) AS ends
        FROM shifts
    ), range(1, 8) w(weekday)
    WHERE starts IS NOT NULL AND ends IS NOT NULL
      AND (weekdays IS NULL OR substr(weekdays, CAST(weekday AS INTEGER), 1) <> '-')
),
with_shifts AS (SELECT DISTINCT agency_id FROM hours),
clock AS (
    SELECT agency_id, ((weekday - 1) * 1440 + starts + since) % 10080 AS minute,
           arg_min(shift_id, (since, shift_id)) AS shift
    FROM hours, range(1440) t(since) WHERE since < minutes
    GROUP BY ALL
)"""

_FORMS = """
forms AS (
    SELECT agency_id, CAST(min(contact_at) AS DATE) AS first_day,
           CAST(max(contact_at) AS DATE) AS last_day, count(incident_id) AS linked
    FROM contacts GROUP BY ALL
),
with_form AS (SELECT DISTINCT agency_id, incident_id FROM contacts WHERE incident_id IS NOT NULL)"""

# A call of the evening before the first form may have it; a call after the last form on record may
# get one yet.
_FACTS = f"""
seen AS (
    SELECT k.*, CAST(k.received_at AS DATE) AS call_day, hour(k.received_at) AS call_hour,
           CAST(k.crisis_flag_at_dispatch AS VARCHAR) AS flag,
           CAST(k.crisis_flag_final AS VARCHAR) AS final_flag,
           CAST(k.cit_available AS VARCHAR) AS available,
           CASE WHEN w.agency_id IS NOT NULL THEN h.shift
                WHEN k.received_at IS NULL THEN NULL
                WHEN hour(k.received_at) BETWEEN 6 AND 13 THEN 'day_06_14'
                WHEN hour(k.received_at) BETWEEN 14 AND 21 THEN 'evening_14_22'
                ELSE 'night_22_06' END AS shift_id,
           CASE WHEN u.call_id IS NULL THEN NULL
                WHEN u.any_cit THEN TRUE
                WHEN u.any_untold OR t.agency_id IS NULL THEN NULL
                -- The call says that someone arrived and its units do not say who.
                WHEN u.arrived = 0 AND k.first_arrived_at IS NOT NULL THEN NULL
                ELSE FALSE END AS came,
           u.call_id IS NULL AS no_units, u.arrived = 0 AS nobody,
           epoch(u.cit_at) - epoch(k.received_at) AS seconds,
           f.first_day, f.last_day, coalesce(f.linked, 0) AS linked, m.incident_id AS matched,
           CAST(a.crisis_form_required_since AS DATE) AS required_since
    FROM calls k
    LEFT JOIN units u USING (agency_id, call_id)
    LEFT JOIN telling t USING (agency_id)
    LEFT JOIN with_shifts w USING (agency_id)
    LEFT JOIN clock h ON h.agency_id = k.agency_id AND h.minute =
        (isodow(k.received_at) - 1) * 1440 + hour(k.received_at) * 60 + minute(k.received_at)
    LEFT JOIN forms f USING (agency_id)
    LEFT JOIN with_form m ON m.agency_id = k.agency_id AND m.incident_id = k.incident_id
    LEFT JOIN agencies a ON a.agency_id = k.agency_id
),
judged AS (
    SELECT * EXCLUDE (shift_id),
           coalesce(district_id, '{NOT_RECORDED}') AS district,
           coalesce(shift_id, '{NOT_RECORDED}') AS shift,
           coalesce(CAST(call_hour AS VARCHAR), '{NOT_RECORDED}') AS hour,
           coalesce(CAST(call_day AS VARCHAR), '{NOT_RECORDED}') AS day,
           disposition_of_call IS DISTINCT FROM 'cancelled'
               AND disposition_of_call IS DISTINCT FROM 'duplicate' AS counted,
           CASE WHEN disposition_of_call IN {TAKEN} OR dispatched_at IS NOT NULL THEN TRUE
                WHEN disposition_of_call IS NOT NULL THEN FALSE END AS taken,
           seconds BETWEEN 0 AND {LONGEST_HOURS * 3600} AS plausible,
           CASE WHEN call_day < required_since OR call_day < first_day - 1 OR call_day > last_day
                THEN 'not_due'
                WHEN linked = 0 OR incident_id IS NULL OR call_day IS NULL THEN 'unknown'
                WHEN matched IS NULL THEN 'without' ELSE 'with' END AS form
    FROM seen
),
facts AS (
    SELECT *, counted AND flag IS NOT DISTINCT FROM 'yes' AS coded,
           counted AND taken IS TRUE AS police,
           counted AND taken IS TRUE AND flag IS NOT DISTINCT FROM 'yes' AS cohort
    FROM judged
)"""

_MEASURES = {
    "calls": "TRUE",
    "cancelled": "disposition_of_call = 'cancelled'",
    "duplicate": "disposition_of_call = 'duplicate'",
    "counted": "counted",
    "coded": "coded",
    "not_coded": "counted AND flag = 'no'",
    "untold_coded": "counted AND (flag IS NULL OR flag NOT IN ('yes', 'no'))",
    "coded_not_taken": "coded AND taken IS FALSE",
    "coded_untold_taken": "coded AND taken IS NULL",
    "cohort": "cohort",
    "came": "cohort AND came",
    "not_came": "cohort AND NOT came",
    "untold_came": "cohort AND came IS NULL",
    "no_units": "cohort AND no_units",
    "nobody": "cohort AND NOT came AND nobody",
    "available_not_came": "cohort AND NOT came AND available = 'yes'",
    "unavailable_not_came": "cohort AND NOT came AND available = 'no'",
    "available": "cohort AND available = 'yes'",
    "unavailable": "cohort AND available = 'no'",
    "timed": "cohort AND came AND plausible",
    "on_view": "cohort AND came AND plausible AND origin = 'on_view'",
    "implausible": "cohort AND came AND NOT plausible",
    "form_with": "cohort AND form = 'with'",
    "form_without": "cohort AND form = 'without'",
    "form_unknown": "cohort AND form = 'unknown'",
    "form_not_due": "cohort AND form = 'not_due'",
    "police": "police",
    "coded_both": "police AND flag = 'yes' AND final_flag = 'yes'",
    "coded_final_only": "police AND flag = 'no' AND final_flag = 'yes'",
    "coded_first_only": "police AND flag = 'yes' AND final_flag = 'no'",
    "coded_neither": "police AND flag = 'no' AND final_flag = 'no'",
    "diverted_and_sent": f"coded AND disposition_of_call IN {CALLS_DIVERTED} AND dispatched_at IS NOT NULL",
    "ending:": "coded AND disposition_of_call IS NULL",
    **{f"ending:{e}": f"coded AND disposition_of_call = '{e}'" for e in CALL_ENDINGS},
}
"""What is counted, by name: a condition on one call. ``ending:`` alone is a disposition left blank."""


@dataclass(frozen=True)
class CallsHeld:
    """What a snapshot holds of calls: rows, days of receipt, and the columns that are ever filled."""

    calls: int
    units: int
    first: date | None
    last: date | None
    filled: frozenset[str]


@kept(8)
def calls_held(snapshot: Snapshot) -> CallsHeld:
    """Return what the snapshot holds of calls; nothing for one made before there were any."""
    if not set(_TABLES) <= stored.columns(snapshot).keys():
        return CallsHeld(0, 0, None, None, frozenset())
    rows = snapshot.cursor().execute("SELECT min(received_at), max(received_at) FROM calls")
    first, last = rows.fetchall()[0]
    return CallsHeld(
        stored.rows(snapshot, "calls"),
        stored.rows(snapshot, "call_units"),
        as_date(first),
        as_date(last),
        stored.filled(snapshot, "calls") | stored.filled(snapshot, "call_units"),
    )


def call_shifts(snapshot: Snapshot) -> dict[str, str]:
    """Return the agency's own shifts by id, with the name to print, in the order they start."""
    if not calls_held(snapshot).calls:
        return {}
    found = snapshot.cursor().execute(
        "SELECT shift_id, coalesce(min(shift_name), shift_id) ||"
        " ' (' || min(starts_at) || '-' || min(ends_at) || ')'"
        " FROM shifts WHERE starts_at IS NOT NULL AND ends_at IS NOT NULL"
        " GROUP BY shift_id ORDER BY min(starts_at), shift_id"
    )
    return dict(found.fetchall())


def call_filters(snapshot: Snapshot, question: Question) -> tuple[Question, tuple[str, ...]]:
    """Return the question as calls can answer it, and the filters that they cannot apply.

    Calls have dates, a district and a shift. A shift that only forms name is no shift of calls.
    """
    shifts = {*(call_shifts(snapshot) or _CLOCK), NOT_RECORDED}
    kept = tuple(
        (dim, levels)
        for dim, levels in question.where
        if dim == "district" or (dim == "shift" and set(levels) <= shifts)
    )
    ignored = tuple(dim for dim, _ in question.where if dim not in dict(kept))
    return replace(question, where=kept), ignored


CALLS_CAME = ("cohort", "came", "not_came", "untold_came")
"""The measures of who came: what a line of days needs."""


def call_counts(
    snapshot: Snapshot,
    question: Question,
    dims: tuple[str, ...] = DIMENSIONS,
    only: tuple[str, ...] = tuple(_MEASURES),
) -> pd.DataFrame:
    """Count calls in one query: all together, then by district, shift, hour and day of receipt.

    ``dims`` and ``only`` ask for some of that: at a million calls it takes half the time.

    Columns: ``dim`` (``ALL_CALLS`` or one of ``DIMENSIONS``), ``level`` (text; NOT_RECORDED where blank), and
    one whole number per entry of the measures above. The question must be one of
    :func:`call_filters`; other filters are not looked at.
    """
    chosen = {name: _MEASURES[name] for name in only}
    measures = ", ".join(f'count(*) FILTER ({c}) AS "{name}"' for name, c in chosen.items())
    by = " ".join(f"WHEN grouping({d}) = 0 THEN '{d}'" for d in dims)
    level = " ".join(f"WHEN grouping({d}) = 0 THEN {d}" for d in dims)
    sets = ", ".join(f"({d})" for d in ("", *dims))
    where, values = _where(question)
    frame: pd.DataFrame = (
        snapshot.cursor()
        .execute(
            f"WITH {_UNITS}, {_SHIFTS}, {_FORMS}, {_FACTS}"
            f" SELECT CASE {by} ELSE '{ALL_CALLS}' END AS dim, CASE {level} ELSE '' END AS level, {measures}"
            f" FROM facts WHERE {where} GROUP BY GROUPING SETS ({sets}) ORDER BY dim, level",
            values,
        )
        .df()
    )
    return frame.astype(dict.fromkeys(chosen, "int64"))


def call_minutes(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Count calls by the seconds from receipt to the first certified officer's arrival.

    Columns: ``dim`` and ``level`` as in :func:`call_counts` (all, district and shift), ``seconds``
    (whole), ``calls``. Only cohort calls to which one came, in a plausible time.
    """
    where, values = _where(question)
    frame: pd.DataFrame = (
        snapshot.cursor()
        .execute(
            f"WITH {_UNITS}, {_SHIFTS}, {_FORMS}, {_FACTS}"
            " SELECT CASE WHEN grouping(district) = 0 THEN 'district'"
            f" WHEN grouping(shift) = 0 THEN 'shift' ELSE '{ALL_CALLS}' END AS dim,"
            " CASE WHEN grouping(district) = 0 THEN district WHEN grouping(shift) = 0 THEN shift"
            " ELSE '' END AS level, after AS seconds, count(*) AS calls"
            " FROM (SELECT district, shift, CAST(round(seconds) AS BIGINT) AS after"
            f" FROM facts WHERE {where} AND {_MEASURES['timed']})"
            " GROUP BY GROUPING SETS ((after), (district, after), (shift, after)) ORDER BY dim, level, seconds",
            values,
        )
        .df()
    )
    return frame


def forms_without_call(snapshot: Snapshot, question: Question) -> dict[str, int]:
    """Count contacts with a form by whether a call has their incident number.

    ``with``, ``without``, ``unknown`` (no incident number to ask by) and ``outside`` (before the first
    call on record or more than a day after the last).
    """
    where, values = _where(question, day="contact_date")
    rows = (
        snapshot.cursor()
        .execute(
            "WITH spans AS (SELECT agency_id, CAST(min(received_at) AS DATE) AS first_day,"
            " CAST(max(received_at) AS DATE) AS last_day, count(incident_id) AS linked"
            " FROM calls GROUP BY ALL),"
            " incidents AS (SELECT DISTINCT agency_id, incident_id FROM calls"
            " WHERE incident_id IS NOT NULL),"
            " told AS (SELECT e.contact_date,"
            f" coalesce(e.district, '{NOT_RECORDED}') AS district,"
            f" coalesce(e.shift, '{NOT_RECORDED}') AS shift,"
            " CASE WHEN s.first_day IS NULL OR e.contact_date < s.first_day"
            " OR e.contact_date > s.last_day + 1 THEN 'outside'"
            " WHEN s.linked = 0 OR k.incident_id IS NULL THEN 'unknown'"
            " WHEN i.incident_id IS NULL THEN 'without' ELSE 'with' END AS call"
            " FROM encounters e JOIN contacts k USING (agency_id, source, contact_id)"
            " LEFT JOIN spans s ON s.agency_id = e.agency_id LEFT JOIN incidents i"
            " ON i.agency_id = e.agency_id AND i.incident_id = k.incident_id)"
            f" SELECT call, count(*) FROM told WHERE {where} GROUP BY call",
            values,
        )
        .fetchall()
    )
    return dict.fromkeys(("with", "without", "unknown", "outside"), 0) | dict(rows)


def form_flags(snapshot: Snapshot, question: Question) -> dict[str, tuple[int, int]]:
    """Return (yes, answered) of the forms' own flags that a CIT officer arrived, and was dispatched."""
    table = filtered(encounters(snapshot), question)
    flags: dict[str, Any] = {}
    for id_ in ("arrived", "dispatched"):
        flag = table[exposure_column(id_)]
        flags |= {f"yes:{id_}": true(flag), f"n:{id_}": flag.count()}
    row = table.aggregate(**flags).execute().iloc[0]
    return {i: (int(row[f"yes:{i}"]), int(row[f"n:{i}"])) for i in ("arrived", "dispatched")}


def _where(question: Question, day: str = "call_day") -> tuple[str, list[Any]]:
    """Return the condition of a question's dates, district and shift, and its values in order."""
    parts: list[str] = ["TRUE"]
    values: list[Any] = []
    for side, limit in ((">=", question.start), ("<=", question.end)):
        if limit:
            parts.append(f"{day} {side} ?")
            values.append(limit)
    for dim, levels in question.where:
        if dim in ("district", "shift"):
            parts.append(f"list_contains(?, {dim})")
            values.append(list(levels))
    return " AND ".join(parts), values
