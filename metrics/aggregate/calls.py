"""Calls counted: who came, how soon, who had a form, who was sent elsewhere.

One row per call (when it was received, whether police took it, whether an officer certified on that day
arrived) is prepared with the snapshot, or made inside the engine (``data/prepared/calls.py``); only counts
leave it. A snapshot of an earlier version without these tables counts as one that holds none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from data import prepared
from data.encounters import exposure_column
from data.prepared.calls import TAKEN
from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics.aggregate import stored
from metrics.aggregate.prepared import rows_of
from metrics.aggregate.relation import as_date, condition, encounters, filtered, times, true
from metrics.aggregate.trace import kept

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

DIMENSIONS = ("district", "shift", "hour", "day")
"""What calls are counted by, one at a time; ``ALL_CALLS`` is the row of all together."""
PLACES = ("district", "shift")
"""What calls can be filtered by, besides their day."""
ALL_CALLS = "all"

CALLS_DIVERTED = (
    "transferred_988",
    "transferred_mobile_crisis",
    "alternative_responder",
    "ems_only",
    "telephone_resolved",
)
CALL_ENDINGS = (*TAKEN, *CALLS_DIVERTED, "no_unit_sent")
"""Dispositions of a call, but for those that are no call: cancelled and duplicate."""

_CLOCK = {"day_06_14", "evening_14_22", "night_22_06"}
_TABLES = ("calls", "call_units", "shifts")

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
    "diverted_and_sent": f"coded AND disposition_of_call IN {CALLS_DIVERTED} AND dispatched",
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
    measures = ", ".join(f'{times(c)} AS "{name}"' for name, c in chosen.items())
    sets = ", ".join(f"({d})" for d in ("", *dims))
    day = f"coalesce(CAST(call_day AS VARCHAR), '{NOT_RECORDED}') AS day"
    frame: pd.DataFrame = (
        snapshot.cursor()
        .execute(
            f"SELECT {_placed(dims)}, {measures}"
            f" FROM (SELECT *, {day} FROM {_facts(snapshot, question)})"
            f" GROUP BY GROUPING SETS ({sets}) ORDER BY dim, level"
        )
        .df()
    )
    return frame.astype(dict.fromkeys(chosen, "int64"))


def call_minutes(
    snapshot: Snapshot, question: Question, dims: tuple[str, ...] = PLACES
) -> pd.DataFrame:
    """Count calls by the seconds from receipt to the first certified officer's arrival.

    Columns: ``dim`` and ``level`` as in :func:`call_counts` (all, and each of ``dims``), ``seconds``
    (whole), ``calls``. Only cohort calls to which one came, in a plausible time.
    """
    sets = ", ".join(f"({d}seconds)" for d in ("", *(f"{d}, " for d in dims)))
    frame: pd.DataFrame = (
        snapshot.cursor()
        .execute(
            f"SELECT {_placed(dims)}, seconds, count(*) AS calls FROM {_facts(snapshot, question)}"
            f" WHERE {_MEASURES['timed']} GROUP BY GROUPING SETS ({sets}) ORDER BY dim, level, seconds"
        )
        .df()
    )
    return frame


def _placed(dims: tuple[str, ...]) -> str:
    """Return SQL for ``dim`` and ``level`` of a row of grouping sets."""
    by = "".join(f" WHEN grouping({d}) = 0 THEN '{d}'" for d in dims)
    level = "".join(f" WHEN grouping({d}) = 0 THEN {d}" for d in dims)
    if not dims:
        return f"'{ALL_CALLS}' AS dim, '' AS level"
    return f"CASE{by} ELSE '{ALL_CALLS}' END AS dim, CASE{level} ELSE '' END AS level"


def _at_places(question: Question) -> Question:
    """Return a question without the filters that calls cannot apply."""
    return replace(question, where=tuple((d, v) for d, v in question.where if d in PLACES))


def _facts(snapshot: Snapshot, question: Question) -> str:
    """Return SQL for one row per call of a question's dates, district and shift, to select from."""
    asked = _at_places(question)
    rows = rows_of(snapshot, prepared.CALLS, asked)
    return f"(SELECT * FROM {rows} WHERE {condition(asked, 'call_day')})"


def forms_without_call(snapshot: Snapshot, question: Question) -> dict[str, int]:
    """Count contacts with a form by whether a call has their incident number.

    ``with``, ``without``, ``unknown`` (no incident number to ask by) and ``outside`` (before the first
    call on record or more than a day after the last).
    """
    where = condition(_at_places(question), "contact_date")
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
            f" SELECT call, count(*) FROM told WHERE {where} GROUP BY call"
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
