"""Counts of people by what they hold and where they work, and the facts behind the program elements.

All as of one day: what was earned, expired, assigned or agreed after it is not there yet. What comes
back is counts; only :func:`due_keys` returns rows of single people, as keyed hashes and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from data.store import Snapshot
from metrics.aggregate.relation import as_date
from metrics.aggregate.stored import filled, rows, stored_table

if TYPE_CHECKING:
    import pandas as pd

CIT_CREDENTIALS = ("cit_40h", "cit_enhanced")
"""The credentials that make a CIT officer."""

IN_FORCE, LAPSED, NEVER_HELD = "in force", "lapsed", "never held"
REFRESHED, COURSE, NEITHER_TRAINED = "refresher", "course", "neither"

RECEIVING = (
    "emergency_department",
    "crisis_receiving",
    "psychiatric_hospital",
    "detox_sobering",
    "youth_crisis",
)
"""Kinds of providers that police may bring someone to."""

TABLES = (
    "officers",
    "certifications",
    "assignments",
    "trainings",
    "shifts",
    "districts",
    "service_providers",
    "program_elements",
)


@dataclass(frozen=True)
class Personnel:
    """What a snapshot holds of personnel records, whatever the day.

    ``rows`` counts the rows of each table, 0 where the snapshot has none or is older than the table.
    ``columns`` are the ``table.column`` with any value; ``kinds`` the credentials and courses that
    somebody has.
    """

    rows: dict[str, int]
    columns: frozenset[str]
    kinds: frozenset[str]

    def has(self, *columns: str) -> bool:
        """Say whether every one of these ``table.column`` holds a value."""
        return all(c in self.columns for c in columns)


def personnel(snapshot: Snapshot) -> Personnel:
    """Count the personnel tables and say which of their columns hold a value."""
    kinds = snapshot.cursor().execute(
        f"SELECT credential FROM {stored_table(snapshot, 'certifications')}"
        f" UNION SELECT course_kind FROM {stored_table(snapshot, 'trainings')}"
    )
    return Personnel(
        {name: rows(snapshot, name) for name in TABLES},
        frozenset().union(*(filled(snapshot, name) for name in TABLES)),
        frozenset(k for (k,) in kinds.fetchall() if k is not None),
    )


def standings_of_people(
    snapshot: Snapshot, day: date, since: date, agency: str | None = None
) -> pd.DataFrame:
    """Count everyone employed on a day by what they hold and where they work; ``people`` in each cell.

    Columns: ``role``; ``squad, shift, district`` of the assignment in force, by name where one is
    known; ``patrol``, ``designated`` (yes, no, unknown or missing); ``state`` of the CIT credential
    (IN_FORCE, LAPSED, NEVER_HELD); ``lapses``, the first day that the credential with the latest
    expiry is no longer in force (missing: it does not expire, or none was held; for LAPSED the day it
    ended); ``body`` that certified it; ``carried`` (earned elsewhere: yes, no or missing); ``enhanced``;
    ``trained`` (40-hour course or certificate, ever); ``in_service`` since ``since`` (REFRESHED, COURSE:
    the 40-hour course itself, NEITHER_TRAINED); ``dispatcher``, ``aware`` (course or certificate).

    People who left on the day or before, or were hired after it, are not in it.
    """
    return _frame(
        snapshot,
        _people(snapshot, agency)
        + "SELECT role, squad, shift, district, patrol, designated, state, lapses, body, carried,"
        " enhanced, trained, in_service, dispatcher, aware, count(*) AS people"
        " FROM people GROUP BY ALL ORDER BY ALL",
        {"day": day, "since": since},
    )


def due_keys(
    snapshot: Snapshot, day: date, until: date, since: date, agency: str | None = None
) -> pd.DataFrame:
    """Return ``agency_id, officer_key, squad, shift, state, lapses``: lapsed, or lapsing by ``until``.

    For one use: to set names from a file on the reader's own machine beside them, on their screen.
    """
    return _frame(
        snapshot,
        _people(snapshot, agency)
        + f"SELECT agency_id, officer_key, squad, shift, state, lapses FROM people"
        f" WHERE state = '{LAPSED}' OR (state = '{IN_FORCE}' AND lapses <= $until)"
        " ORDER BY state, lapses, squad, shift, officer_key",
        {"day": day, "since": since, "until": until},
    )


def selections(snapshot: Snapshot, day: date, agency: str | None = None) -> dict[str | None, int]:
    """Return how those with a CIT credential in force came to CIT: selection -> people."""
    frame = _frame(
        snapshot,
        _people(snapshot, agency) + "SELECT cit_selection AS chosen, count(*) AS n FROM people"
        f" WHERE state = '{IN_FORCE}' GROUP BY ALL",
        {"day": day, "since": day},
    )
    return {_text(c): int(n) for c, n in frame.itertuples(index=False, name=None)}


def experience(snapshot: Snapshot, day: date, agency: str | None = None) -> tuple[int, int, int]:
    """Return people by years of service when they took their first 40-hour course: a year or more,
    less, and not recorded. Recruits straight from the academy count as less where years are blank.
    """
    cursor = snapshot.cursor()
    row = cursor.execute(
        "WITH first AS (SELECT agency_id, officer_key, arg_min(struct_pack(y :="
        " years_service_at_training), completed_on).y AS years"
        f" FROM {stored_table(snapshot, 'trainings')} WHERE course_kind = 'cit_40h'"
        f" AND completed_on <= $day AND coalesce(result, 'completed') = 'completed'"
        f"{_of(agency)} GROUP BY ALL)"
        " SELECT count(*) FILTER (years >= 1),"
        " count(*) FILTER (years < 1 OR (years IS NULL AND cit_selection = 'recruit_academy')),"
        " count(*) FILTER (years IS NULL AND cit_selection IS DISTINCT FROM 'recruit_academy')"
        f" FROM first LEFT JOIN {stored_table(snapshot, 'officers')} USING (agency_id, officer_key)",
        {"day": day},
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def facilities(snapshot: Snapshot, day: date, agency: str | None = None) -> pd.DataFrame:
    """Count places that police may bring someone to: ``dropoff, agreement, places``.

    ``dropoff`` is ``accepts_police_dropoff``; ``agreement`` is yes where a written one is in force on
    the day, no where it has ended or not begun, missing where none is recorded.
    """
    snapshot.cursor()
    kinds = ", ".join(f"'{k}'" for k in RECEIVING)
    return _frame(
        snapshot,
        "SELECT accepts_police_dropoff AS dropoff, CASE WHEN agreement_from IS NULL AND"
        " (agreement_to IS NULL OR agreement_to > $day) THEN NULL"
        " WHEN coalesce(agreement_from, $day) <= $day AND (agreement_to IS NULL OR"
        " $day < agreement_to) THEN 'yes' ELSE 'no' END AS agreement, count(*) AS places"
        f" FROM {stored_table(snapshot, 'service_providers')} WHERE provider_kind IN ({kinds})"
        f"{_of(agency)} GROUP BY ALL ORDER BY ALL",
        {"day": day},
    )


def assessments(snapshot: Snapshot, day: date, agency: str | None = None) -> pd.DataFrame:
    """Return the program elements as assessed up to a day, newest first:
    ``element, as_of, status, instrument, assessed_by, evidence``.
    """
    snapshot.cursor()
    return _frame(
        snapshot,
        "SELECT element, as_of, status, instrument, assessed_by, evidence"
        f" FROM {stored_table(snapshot, 'program_elements')} WHERE as_of <= $day{_of(agency)}"
        " ORDER BY as_of DESC, element",
        {"day": day},
    )


def _people(snapshot: Snapshot, agency: str | None) -> str:
    """SQL up to a relation ``people``: one row per person employed on ``$day``. Not to leave as it is."""
    snapshot.cursor()
    tables = {name: stored_table(snapshot, name) for name in TABLES}
    cit = ", ".join(f"'{c}'" for c in CIT_CREDENTIALS)
    key = "agency_id, officer_key"
    done = "coalesce(result, 'completed') = 'completed' AND completed_on <= $day"
    forced = "certified_on <= $day AND (expires_on IS NULL OR $day < expires_on)"
    return f"""
    WITH everyone AS (
        SELECT {key} FROM {tables["officers"]}
        UNION SELECT {key} FROM {tables["certifications"]} WHERE certified_on <= $day
        UNION SELECT {key} FROM {tables["assignments"]} WHERE from_date <= $day
        UNION SELECT {key} FROM {tables["trainings"]} WHERE completed_on <= $day
    ), valid AS (
        SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY expires_on DESC NULLS FIRST,
            certified_on DESC, credential) AS place
        FROM {tables["certifications"]} WHERE credential IN ({cit}) AND {forced}
    ), ever AS (
        SELECT {key}, max(expires_on) AS ended, min(certified_on) AS began,
            bool_or(credential = 'cit_40h') AS course
        FROM {tables["certifications"]} WHERE credential IN ({cit}) AND certified_on <= $day
        GROUP BY ALL
    ), enhanced AS (
        SELECT DISTINCT {key}, TRUE AS enhanced FROM valid WHERE credential = 'cit_enhanced'
    ), courses AS (
        SELECT {key}, max(completed_on) FILTER (course_kind = 'cit_40h') AS taken,
            max(completed_on) FILTER (course_kind = 'cit_in_service') AS refreshed,
            bool_or(course_kind = 'cit_dispatcher_8h') AS dispatcher,
            bool_or(course_kind = 'mh_awareness') AS aware
        FROM {tables["trainings"]} WHERE {done} GROUP BY ALL
    ), others AS (
        SELECT {key}, bool_or(credential = 'cit_dispatcher') AS dispatcher,
            bool_or(credential IN ('mh_awareness', 'mh_first_aid')) AS aware
        FROM {tables["certifications"]} WHERE {forced} GROUP BY ALL
    ), posts AS (
        SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY from_date DESC) AS place
        FROM {tables["assignments"]}
        WHERE from_date <= $day AND (to_date IS NULL OR $day < to_date)
    ), people AS (
        SELECT e.agency_id, e.officer_key, o.role, o.cit_selection, p.squad,
            coalesce(s.shift_name, p.shift_id) AS shift,
            coalesce(d.district_name, p.district_id) AS district,
            CAST(p.on_patrol AS VARCHAR) AS patrol,
            CAST(p.cit_designated AS VARCHAR) AS designated,
            CASE WHEN v.officer_key IS NOT NULL THEN '{IN_FORCE}'
                WHEN h.officer_key IS NOT NULL THEN '{LAPSED}' ELSE '{NEVER_HELD}' END AS state,
            CASE WHEN v.officer_key IS NOT NULL THEN v.expires_on ELSE h.ended END AS lapses,
            v.certifying_body AS body,
            CASE WHEN v.earned_at_agency IS NULL THEN NULL
                WHEN v.earned_at_agency = e.agency_id THEN 'no' ELSE 'yes' END AS carried,
            coalesce(n.enhanced, FALSE) AS enhanced,
            coalesce(h.course, FALSE) OR c.taken IS NOT NULL AS trained,
            CASE WHEN c.refreshed > $since THEN '{REFRESHED}'
                WHEN coalesce(c.taken, h.began) > $since THEN '{COURSE}'
                ELSE '{NEITHER_TRAINED}' END AS in_service,
            coalesce(x.dispatcher, FALSE) OR coalesce(c.dispatcher, FALSE) AS dispatcher,
            coalesce(x.aware, FALSE) OR coalesce(c.aware, FALSE) AS aware
        FROM everyone e
        LEFT JOIN {tables["officers"]} o USING ({key})
        LEFT JOIN (FROM valid WHERE place = 1) v USING ({key})
        LEFT JOIN ever h USING ({key})
        LEFT JOIN enhanced n USING ({key})
        LEFT JOIN courses c USING ({key})
        LEFT JOIN others x USING ({key})
        LEFT JOIN (FROM posts WHERE place = 1) p USING ({key})
        LEFT JOIN {tables["shifts"]} s ON s.agency_id = e.agency_id AND s.shift_id = p.shift_id
        LEFT JOIN {tables["districts"]} d
            ON d.agency_id = e.agency_id AND d.district_id = p.district_id
        WHERE (o.hired_month IS NULL OR o.hired_month <= $day)
            AND (o.left_month IS NULL OR o.left_month > $day){_of(agency, "e.")}
    ) """


def _of(agency: str | None, table: str = "") -> str:
    # An agency's id comes from the store; a quote in it is doubled.
    return (
        ""
        if agency is None
        else f" AND {table}agency_id = '{agency.replace(chr(39), chr(39) * 2)}'"
    )


def _frame(snapshot: Snapshot, sql: str, given: dict[str, Any]) -> pd.DataFrame:
    frame: pd.DataFrame = snapshot.cursor().execute(sql, given).df()
    for column in ("lapses", "as_of"):
        if column in frame:
            frame[column] = frame[column].astype(object)
            frame[column] = [as_date(v) for v in frame[column]]
            frame[column] = frame[column].astype(object)
    return frame


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
