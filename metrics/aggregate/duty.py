"""Who was on duty where: roster rows as counts by day, district and shift, and officers by number.

One agency at a time: a rule of coverage is an agency's own. An officer can take a call if the roster says
worked, overtime or held over, and not that they were kept from answering calls; they are a CIT officer on
a day on which a CIT certificate of theirs is in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from data.store import Snapshot

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("rosters", "certifications")
"""The tables without which nothing can be said of coverage."""

FOR_PLAN = ("rosters", "officers", "assignments", "certifications")
"""The tables without which nobody can be picked for a class."""

TABLE, UNMARKED, ROSTER = "table", "unmarked", "roster"
"""Where a list of districts or shifts is from: marked in its table, listed there without a mark, or seen
in the roster."""

_TABLES = (*FOR_PLAN, "districts", "shifts", "trainings", "calls")
_ABLE = (
    "r.duty_status IN ('worked', 'overtime', 'held_over') AND r.dispatchable IS DISTINCT FROM 'no'"
)
_CIT = "credential IN ('cit_40h', 'cit_enhanced') AND certified_on IS NOT NULL"
_HOME = "from_date <= $day AND (to_date IS NULL OR $day < to_date)"


class Shift(NamedTuple):
    """A shift: its id, when it starts and ends (minutes after midnight; None if not recorded), and on
    which weekdays it starts, Monday first."""

    id: str
    starts: int | None
    ends: int | None
    weekdays: tuple[bool, ...]


@dataclass(frozen=True)
class Rule:
    """Which districts and shifts must have a CIT officer, and where that list is from.

    ``districts_unknown`` and ``shifts_unknown`` are listed without saying whether they count, beside
    others that do: they are left out.
    """

    agency: str
    districts: tuple[str, ...]
    shifts: tuple[Shift, ...]
    districts_from: str
    shifts_from: str
    districts_unknown: int = 0
    shifts_unknown: int = 0


class Patrol(NamedTuple):
    """Officers on patrol on a day, those of them certified, and those designated (None if not recorded)."""

    officers: int
    certified: int
    designated: int | None


class People(NamedTuple):
    """Officers of an agency by number, never by key: who they are, their certificates, their duties.

    ``officers``: number, patrol (None if not recorded), district, shift, squad (home on the day), years
    of service (None if not recorded), volunteer (None if not recorded), leaves (first day no longer
    employed, or None). ``certificates``: number, certified_on, expires_on. ``duties``: number, day,
    district, shift, where the officer can take a call.
    """

    officers: pd.DataFrame
    certificates: pd.DataFrame
    duties: pd.DataFrame


def held_tables(snapshot: Snapshot) -> frozenset[str]:
    """Return which of the tables about duty hold any row; a snapshot of an earlier version lacks some."""
    cursor = snapshot.cursor()
    there = {r[0] for r in cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    return frozenset(
        t
        for t in _TABLES
        if t in there and cursor.execute(f"SELECT 1 FROM {t} LIMIT 1").fetchone() is not None
    )


def roster_agencies(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the agencies with a roster, the one with most rows first."""
    if "rosters" not in held_tables(snapshot):
        return ()
    rows = snapshot.cursor().execute(
        "SELECT agency_id FROM rosters GROUP BY 1 ORDER BY count(*) DESC, 1"
    )
    return tuple(r[0] for r in rows.fetchall())


def roster_days(snapshot: Snapshot, agency: str) -> tuple[date, date]:
    """Return the first and last day of an agency's roster."""
    row = (
        snapshot.cursor()
        .execute("SELECT min(duty_date), max(duty_date) FROM rosters WHERE agency_id = ?", [agency])
        .fetchone()
    )
    assert row is not None
    return row[0], row[1]


def rule(snapshot: Snapshot, agency: str) -> Rule:
    """Return the districts and shifts of an agency that count, from their tables or from the roster."""
    held = held_tables(snapshot)
    cursor = snapshot.cursor()

    def listed(table: str, columns: str, mark: str, seen: str) -> tuple[list[tuple], str, int]:
        rows: list[tuple] = []
        if table in held:
            rows = cursor.execute(
                f"SELECT CAST({mark} AS VARCHAR), {columns} FROM {table} WHERE agency_id = ? ORDER BY 2",
                [agency],
            ).fetchall()
        marked = [r[1:] for r in rows if r[0] == "yes"]
        if marked:
            return marked, TABLE, sum(r[0] not in ("yes", "no") for r in rows)
        if open_ := [r[1:] for r in rows if r[0] != "no"]:
            return open_, UNMARKED, 0
        found = cursor.execute(
            f"SELECT DISTINCT {seen} FROM rosters WHERE agency_id = ? AND {seen} IS NOT NULL ORDER BY 1",
            [agency],
        ).fetchall()
        return found, ROSTER, 0

    places, places_from, places_unknown = listed(
        "districts", "district_id", "patrolled", "district_id"
    )
    rows, shifts_from, shifts_unknown = listed(
        "shifts",
        "shift_id, starts_at, ends_at, weekdays",
        "counts_for_coverage",
        "shift_id",
    )
    shifts = [_shift(*row) for row in rows]
    shifts.sort(key=lambda s: (s.starts is None, s.starts or 0, s.id))
    return Rule(
        agency,
        tuple(p[0] for p in places),
        tuple(shifts),
        places_from,
        shifts_from,
        places_unknown,
        shifts_unknown,
    )


def _shift(
    id_: str,
    starts: str | None = None,
    ends: str | None = None,
    weekdays: str | None = None,
) -> Shift:
    # Seven places, Monday first; what cannot be read so is every day.
    week = (weekdays or "").strip()
    on = tuple(c != "-" for c in week) if len(week) == 7 else (True,) * 7
    return Shift(id_, _minutes(starts), _minutes(ends), on)


def _minutes(clock: str | None) -> int | None:
    hours, _, minutes = (clock or "").strip().partition(":")
    if not (hours.isdigit() and minutes[:2].isdigit()):
        return None
    return (int(hours) * 60 + int(minutes[:2])) % 1440


def duty_counts(
    snapshot: Snapshot, agency: str, first: date, last: date, designated: bool = True
) -> pd.DataFrame:
    """Count roster rows by ``day, district, shift``: ``rows``, ``able``, ``certified``, ``designated``.

    ``able`` can take a call, ``certified`` are those of them with a CIT certificate in force that day,
    ``designated`` those who serve as CIT officers that day (0 unless asked for). ``unknown`` are rows
    without a duty status.
    """
    named = (
        "EXISTS (SELECT 1 FROM assignments a WHERE a.agency_id = r.agency_id"
        " AND a.officer_key = r.officer_key AND a.cit_designated = 'yes'"
        " AND a.from_date <= r.duty_date AND (a.to_date IS NULL OR r.duty_date < a.to_date))"
        if designated
        else "FALSE"
    )
    return (
        snapshot.cursor()
        .execute(
            "SELECT duty_date AS day, district_id AS district, shift_id AS shift, count(*) AS rows,"
            " count(*) FILTER (able) AS able, count(*) FILTER (able AND cit) AS certified,"
            " count(*) FILTER (able AND named) AS designated,"
            " count(*) FILTER (duty_status IS NULL) AS unknown"
            f" FROM (SELECT r.*, {_ABLE} AS able, {named} AS named,"
            f" EXISTS (SELECT 1 FROM certifications c WHERE c.{_CIT}"
            " AND c.agency_id = r.agency_id AND c.officer_key = r.officer_key"
            " AND c.certified_on <= r.duty_date"
            " AND (c.expires_on IS NULL OR r.duty_date < c.expires_on)) AS cit"
            " FROM rosters r WHERE r.agency_id = $agency"
            " AND r.duty_date BETWEEN $first AND $last) GROUP BY ALL ORDER BY ALL",
            {"agency": agency, "first": first, "last": last},
        )
        .df()
    )


def records_designation(snapshot: Snapshot, agency: str) -> bool:
    """Say whether an agency records who is designated to serve as a CIT officer."""
    if "assignments" not in held_tables(snapshot):
        return False
    return (
        snapshot.cursor()
        .execute(
            "SELECT 1 FROM assignments WHERE agency_id = ? AND cit_designated IN ('yes', 'no') LIMIT 1",
            [agency],
        )
        .fetchone()
        is not None
    )


def crisis_calls(
    snapshot: Snapshot, about: Rule, first: date, last: date
) -> list[tuple[str | None, tuple[tuple[date, str], ...], int]]:
    """Count calls known as a crisis at dispatch by district and the shifts they came in.

    Returns (district, ((day the shift started, shift), ...), calls). A call comes in every shift of the
    rule whose hours hold it; in none where no hours do. A shift that crosses midnight belongs to the day
    on which it starts. Empty where no call says whether it was a crisis.
    """
    timed = [s for s in about.shifts if s.starts is not None and s.ends is not None]
    values = ", ".join("(?, ?::INTEGER, ?::INTEGER, ?)" for _ in timed) or "(NULL, 0, 0, '')"
    slots: list[object] = []
    for s in timed:
        slots += [s.id, s.starts, s.ends, "".join("-x"[on] for on in s.weekdays)]
    rows = (
        snapshot.cursor()
        .execute(
            f"WITH slots(shift, starts, ends, week) AS (VALUES {values}),"
            " asked AS (SELECT call_id, district_id, CAST(received_at AS DATE) AS day,"
            " hour(received_at) * 60 + minute(received_at) AS clock FROM calls"
            " WHERE agency_id = ? AND crisis_flag_at_dispatch = 'yes'),"
            " placed AS (SELECT call_id, shift, week,"
            " CASE WHEN starts < ends OR clock >= starts THEN day ELSE day - 1 END AS duty"
            " FROM asked JOIN slots ON CASE WHEN starts < ends THEN clock >= starts AND clock < ends"
            " ELSE clock >= starts OR clock < ends END),"
            " joined AS (SELECT a.call_id, a.district_id, coalesce(p.duty, a.day) AS duty, p.shift"
            " FROM asked a LEFT JOIN placed p ON a.call_id = p.call_id"
            " AND substr(p.week, isodow(p.duty), 1) = 'x'),"
            " calls_ AS (SELECT call_id, district_id, list({'day': duty, 'shift': shift}"
            " ORDER BY duty, shift) FILTER (shift IS NOT NULL) AS slots"
            " FROM joined WHERE duty BETWEEN ? AND ? GROUP BY 1, 2)"
            " SELECT district_id, slots, count(*) FROM calls_ GROUP BY 1, 2 ORDER BY 1, 3",
            [*slots, about.agency, first, last],
        )
        .fetchall()
    )
    return [
        (district, tuple((s["day"], s["shift"]) for s in found or ()), int(n))
        for district, found, n in rows
    ]


def patrol(snapshot: Snapshot, agency: str, day: date) -> Patrol | None:
    """Count officers on patrol on a day, certified and designated; None where it is not recorded."""
    held = held_tables(snapshot)
    if "assignments" not in held:
        return None
    left = (
        " AND NOT EXISTS (SELECT 1 FROM officers o WHERE o.agency_id = a.agency_id"
        " AND o.officer_key = a.officer_key AND o.left_month <= $day)"
        if "officers" in held
        else ""
    )
    row = (
        snapshot.cursor()
        .execute(
            "SELECT count(*), count(*) FILTER (cit), count(*) FILTER (named), count(named) FROM (SELECT"
            " bool_or(CASE cit_designated WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END) AS named,"
            f" any_value(EXISTS (SELECT 1 FROM certifications c WHERE c.{_CIT}"
            " AND c.agency_id = a.agency_id AND c.officer_key = a.officer_key AND c.certified_on <= $day"
            " AND (c.expires_on IS NULL OR $day < c.expires_on))) AS cit"
            f" FROM assignments a WHERE agency_id = $agency AND on_patrol = 'yes' AND {_HOME}{left}"
            " GROUP BY officer_key)",
            {"agency": agency, "day": day},
        )
        .fetchone()
    )
    assert row is not None
    officers, certified, named, known = map(int, row)
    return Patrol(officers, certified, named if known else None) if officers else None


def people(snapshot: Snapshot, agency: str, day: date, first: date, last: date) -> People:
    """Return officers by number as they stand on a day, and their duties of a period.

    Numbers run from 0 and are those of this answer only. Needs the tables of :data:`FOR_PLAN`.
    """
    cursor = snapshot.cursor()
    asked = {"agency": agency, "day": day}
    chose = (
        "SELECT officer_key, volunteered = 'yes' AS chose FROM trainings WHERE agency_id = $agency"
        " AND course_kind IN ('cit_40h', 'cit_enhanced') AND volunteered IN ('yes', 'no')"
        if "trainings" in held_tables(snapshot)
        else "SELECT NULL AS officer_key, NULL::BOOLEAN AS chose WHERE FALSE"
    )
    numbered = (
        "WITH everyone AS (SELECT officer_key, row_number() OVER (ORDER BY officer_key) - 1 AS number"
        " FROM (SELECT officer_key FROM officers WHERE agency_id = $agency"
        " UNION SELECT officer_key FROM rosters WHERE agency_id = $agency))"
    )
    officers = cursor.execute(
        f"{numbered}, home AS (SELECT officer_key,"
        " bool_or(CASE on_patrol WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END) AS patrol,"
        " arg_max(district_id, from_date) AS district, arg_max(shift_id, from_date) AS shift,"
        f" arg_max(squad, from_date) AS squad FROM assignments WHERE agency_id = $agency AND {_HOME}"
        f" GROUP BY 1), chosen AS (SELECT officer_key, bool_or(chose) AS chose FROM ({chose}) GROUP BY 1)"
        " SELECT e.number, h.patrol, h.district, h.shift, h.squad,"
        " date_diff('day', o.hired_month, $day) / 365.25 + coalesce(o.experience_years_at_hire, 0)"
        " AS years, CASE WHEN o.cit_selection IN ('volunteered', 'volunteered_selected') THEN TRUE"
        " WHEN c.chose IS NOT NULL THEN c.chose WHEN o.cit_selection <> 'unknown' THEN FALSE END"
        " AS volunteer, o.left_month AS leaves"
        " FROM everyone e LEFT JOIN home h USING (officer_key) LEFT JOIN chosen c USING (officer_key)"
        " LEFT JOIN officers o ON o.agency_id = $agency AND o.officer_key = e.officer_key ORDER BY 1",
        asked,
    ).df()
    certificates = cursor.execute(
        f"{numbered} SELECT number, certified_on, expires_on FROM certifications"
        f" JOIN everyone USING (officer_key) WHERE agency_id = $agency AND {_CIT} ORDER BY ALL",
        {"agency": agency},
    ).df()
    duties = cursor.execute(
        f"{numbered} SELECT number, duty_date AS day, district_id AS district, shift_id AS shift"
        " FROM rosters r JOIN everyone USING (officer_key)"
        f" WHERE agency_id = $agency AND duty_date BETWEEN $first AND $last AND {_ABLE}"
        " AND district_id IS NOT NULL ORDER BY ALL",
        {"agency": agency, "first": first, "last": last},
    ).df()
    return People(officers, certificates, duties)
