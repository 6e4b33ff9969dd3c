"""Counts behind the measures that funders name: over periods, by place and by kind.

Each period is counted on its own: people are unduplicated within it, so that a cumulative count is
never the sum of its quarters. What comes back is counts, never a row of a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from data import registry, schema
from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import NOT_RECORDED
from data.registry.measures import Measure
from data.store import Snapshot
from metrics.aggregate.measure_relations import MACROS, Relations
from metrics.aggregate.stored import columns

_KEY = "agency_id, source, contact_id"
_FACTS = {"has_disposition": "dispositions", "has_force_category": "force_events"}
_RECORDED = {"dispositions": "disposition", "force_events": "category"}


class Span(NamedTuple):
    """A period to count: both days inclusive."""

    id: str
    first: date
    last: date


@dataclass(frozen=True)
class Tally:
    """Counts of one measure in one period, for one place or kind where it is split.

    ``hits`` are the counted, ``known`` the denominator, ``unknown`` those left out because it was
    not recorded, ``unlinked`` contacts whose person is not known, ``pending`` what cannot be said
    yet. ``median`` is the middle value over ``known``, where the measure is one.
    """

    measure: str
    span: str
    hits: int
    known: int
    unknown: int
    unlinked: int = 0
    by: str | None = None
    place: str | None = None
    level: str | None = None
    pending: int = 0
    median: float | None = None


class Window(NamedTuple):
    """Days on which a column was recorded by some source; None is without end."""

    first: date | None
    until: date | None


def windows(snapshot: Snapshot) -> dict[str, Window]:
    """Return ``table.column`` -> the days on which at least one source recorded it."""
    rows = snapshot.cursor().execute(
        "SELECT table_name || '.' || column_name,"
        " CASE WHEN bool_or(recorded_from IS NULL) THEN NULL ELSE min(recorded_from) END,"
        " CASE WHEN bool_or(recorded_until IS NULL) THEN NULL ELSE max(recorded_until) END"
        " FROM source_columns GROUP BY ALL"
    )
    return {column: Window(first, until) for column, first, until in rows.fetchall()}


def month_counts(snapshot: Snapshot) -> dict[date, int]:
    """Return contacts by the first day of their month."""
    rows = snapshot.cursor().execute(
        "SELECT CAST(date_trunc('month', contact_date) AS DATE), count(*) FROM encounters GROUP BY 1"
    )
    return {month: int(n) for month, n in rows.fetchall()}


def fiscal_starts(snapshot: Snapshot) -> frozenset[int]:
    """Return the months in which the agencies' fiscal years start, of those that say."""
    table = Relations(snapshot).table("agencies")
    rows = snapshot.cursor().execute(
        f"SELECT DISTINCT fiscal_year_start_month FROM {table}"
        " WHERE fiscal_year_start_month BETWEEN 1 AND 12"
    )
    return frozenset(int(row[0]) for row in rows.fetchall())


def tallies(
    snapshot: Snapshot,
    measures: Iterable[Measure],
    spans: Sequence[Span],
    split: Sequence[Span] = (),
) -> tuple[Tally, ...]:
    """Count measures of one set in every period, and by place in the periods of ``split``."""
    asked = list(measures)
    if not asked or not spans:
        return ()
    cursor = snapshot.cursor()
    rows = ", ".join(f"({i}, DATE '{s.first}', DATE '{s.last}')" for i, s in enumerate(spans))
    cursor.execute(
        "CREATE TEMP TABLE spans AS SELECT * FROM"
        f" (VALUES {rows}) AS t(span, period_first, period_last)"
    )
    found = _rows(snapshot, cursor, [m for m in asked if not _of_contacts(m)], spans)
    own = [m for m in asked if _of_contacts(m)]
    if not own:
        return tuple(found)
    _prepare(snapshot, cursor, own, spans)
    found += _people(cursor, _numbered(own, "people"), spans)
    parted = [i for i, s in enumerate(spans) if s in split]
    for by in (None, *dict.fromkeys(d for m in own for d in m.by)):
        chosen = {i: m for i, m in _numbered(own, "contacts").items() if by is None or by in m.by}
        where = f" WHERE span IN ({', '.join(map(str, parted))})" if by else ""
        if by and not parted:
            continue
        found += _contacts(cursor, chosen, spans, by, where)
        found += _levels(cursor, {i: m for i, m in chosen.items() if m.levels}, spans, by, where)
    return tuple(found)


def _of_contacts(m: Measure) -> bool:
    """Say whether a measure is over contacts, though it may be broken down by rows of another table."""
    return m.unit == "contacts" or (m.unit == "people" and m.relation == "contacts")


def _numbered(measures: Sequence[Measure], unit: str) -> dict[int, Measure]:
    """Return measures of one unit by the place their answers have in the table ``asked``."""
    return {i: m for i, m in enumerate(measures) if m.unit == unit}


def _wide(snapshot: Snapshot) -> str:
    """SQL: one row per contact with every column a measure may name."""
    there = columns(snapshot)
    encounters, contacts = there["encounters"], there["contacts"]
    wanted = [exposure_column(e.id) for e in registry.EXPOSURES]
    wanted += [c(o.id) for o in registry.OUTCOMES for c in (outcome_column, eligible_column)]
    # A snapshot of an earlier version lacks what has been added since: not recorded.
    lacking = [f"CAST(NULL AS BOOLEAN) AS {c}" for c in wanted if c not in encounters]
    lacking += [
        f"CAST(NULL AS VARCHAR) AS {name}"
        for name in schema.declared()["contacts"]
        if name not in encounters | contacts
    ]
    shared = ", ".join(sorted(encounters & contacts))
    facts = [f"{name}.contact_id IS NOT NULL AS {name}" for name in _FACTS]
    joins = " ".join(
        f"LEFT JOIN (SELECT DISTINCT {_KEY} FROM {table}"
        f" WHERE {_RECORDED[table]} IS NOT NULL) {name} USING ({_KEY})"
        for name, table in _FACTS.items()
    )
    listed = ", ".join(["e.*", f"k.* EXCLUDE ({shared})", *facts, *lacking])
    return f"SELECT {listed} FROM encounters e JOIN contacts k USING ({_KEY}) {joins}"


def _answers(measures: Sequence[Measure]) -> str:
    return ", ".join(f"({m.among}) AS a{i}, ({m.event}) AS e{i}" for i, m in enumerate(measures))


def _prepare(
    snapshot: Snapshot, cursor: Any, measures: Sequence[Measure], spans: Sequence[Span]
) -> None:
    """Make ``asked``: the contacts of any period, with the two answers of each measure."""
    first, last = min(s.first for s in spans), max(s.last for s in spans)
    cursor.execute(
        f"CREATE TEMP TABLE asked AS SELECT {_KEY}, contact_date, person_key, district, shift,"
        f" {_answers(measures)} FROM ({_wide(snapshot)})"
        f" WHERE contact_date BETWEEN DATE '{first}' AND DATE '{last}'"
    )


_IN_SPAN = "JOIN spans ON contact_date BETWEEN period_first AND period_last"


def _counts(i: int) -> str:
    """SQL: hits, known and unknown of one measure over rows with its answers."""
    return (
        f"count(*) FILTER (a{i} AND e{i}), count(*) FILTER (a{i} AND e{i} IS NOT NULL),"
        f" count(*) FILTER (a{i} IS NULL OR (a{i} AND e{i} IS NULL))"
    )


def _three(row: tuple[Any, ...], at: int) -> tuple[int, int, int]:
    """Return the counts of one measure from a row of many."""
    return int(row[at]), int(row[at + 1]), int(row[at + 2])


def _place(by: str | None) -> str:
    return f"coalesce({by}, '{NOT_RECORDED}')" if by else "CAST(NULL AS VARCHAR)"


def _contacts(
    cursor: Any, measures: dict[int, Measure], spans: Sequence[Span], by: str | None, where: str
) -> list[Tally]:
    if not measures:
        return []
    names = [f"{c}{i}" for i in measures for c in "hku"]
    # By day first: a day is in many periods.
    rows = cursor.execute(
        f"WITH days(contact_date, place, {', '.join(names)}) AS (SELECT contact_date, {_place(by)},"
        f" {', '.join(map(_counts, measures))} FROM asked GROUP BY 1, 2)"
        f" SELECT span, place, {', '.join(f'sum({n})' for n in names)}"
        f" FROM days {_IN_SPAN}{where} GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()
    return [
        Tally(m.id, spans[row[0]].id, *_three(row, 2 + 3 * j), by=by, place=row[1])
        for row in rows
        for j, m in enumerate(measures.values())
    ]


def _levels(
    cursor: Any, measures: dict[int, Measure], spans: Sequence[Span], by: str | None, where: str
) -> list[Tally]:
    """Count the contacts with each kind, among those in the measure's denominator."""
    found = []
    for i, m in measures.items():
        rows = cursor.execute(
            f"WITH kinds AS (SELECT DISTINCT {_KEY}, {m.levels} AS level FROM {m.relation}),"
            f" days AS (SELECT contact_date, {_place(by)} AS place, level, count(*) AS n"
            f" FROM kinds JOIN asked USING ({_KEY})"
            f" WHERE level IS NOT NULL AND a{i} AND e{i} IS NOT NULL GROUP BY 1, 2, 3)"
            f" SELECT span, place, level, sum(n) FROM days {_IN_SPAN}{where}"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ).fetchall()
        found += [
            Tally(m.id, spans[span].id, int(n), 0, 0, by=by, place=place, level=level)
            for span, place, level, n in rows
        ]
    return found


def _units(numbers: Iterable[int], units: str) -> str:
    """SQL over rows with answers: first by person, then people counted once in each period.

    A hit in any row is a hit; known without a hit only where every row says no.
    """
    numbers = tuple(numbers)
    answers = ", ".join(
        f"coalesce(bool_or(a{i} AND e{i}), FALSE) AS h{i},"
        f" coalesce(bool_or(a{i} AND e{i} IS NOT NULL), FALSE) AS k{i},"
        f" bool_or(a{i} IS NULL OR (a{i} AND e{i} IS NULL)) AS u{i}"
        for i in numbers
    )
    counted = ", ".join(
        f"count(*) FILTER (h{i}), count(*) FILTER (h{i} OR (k{i} AND NOT u{i})),"
        f" count(*) FILTER (NOT h{i} AND u{i})"
        for i in numbers
    )
    return (
        f"once AS (SELECT span, {units}, {answers} FROM rows GROUP BY ALL)"
        f" SELECT span, {counted} FROM once GROUP BY 1 ORDER BY 1"
    )


def _people(cursor: Any, measures: dict[int, Measure], spans: Sequence[Span]) -> list[Tally]:
    if not measures:
        return []
    rows = cursor.execute(
        f"WITH rows AS (SELECT * FROM asked {_IN_SPAN} WHERE person_key IS NOT NULL),"
        f" {_units(measures, 'agency_id, source, person_key')}"
    ).fetchall()
    nobody = ", ".join(f"count(*) FILTER (a{i} IS NOT FALSE)" for i in measures)
    without = cursor.execute(
        f"SELECT span, {nobody} FROM asked {_IN_SPAN} WHERE person_key IS NULL GROUP BY 1"
    ).fetchall()
    linked, unlinked = ({row[0]: row[1:] for row in found} for found in (rows, without))
    nothing = (0,) * 3 * len(measures)
    return [
        Tally(
            m.id,
            spans[span].id,
            *_three(linked.get(span, nothing), 3 * j),
            unlinked=int(unlinked.get(span, nothing)[j]),
        )
        for span in sorted({*linked, *unlinked})
        for j, m in enumerate(measures.values())
    ]


_OF = {"people": "agency_id, source, person_key", "officers": "agency_id, officer_key"}


def _rows(
    snapshot: Snapshot, cursor: Any, measures: Sequence[Measure], spans: Sequence[Span]
) -> list[Tally]:
    """Count rows of relations other than contacts, or the people and officers they are about."""
    found: list[Tally] = []
    relations = Relations(snapshot)
    cursor.execute(MACROS)
    made: set[str] = set()
    for m in measures:
        if m.relation not in made:
            # Once for all measures over it: some take a join of everything.
            cursor.execute(
                f"CREATE TEMP TABLE of_{m.relation} AS SELECT * FROM {relations.sql(m.relation)}"
            )
            made.add(m.relation)
        found += _counted(cursor, m, spans)
    return found


def _counted(cursor: Any, m: Measure, spans: Sequence[Span]) -> list[Tally]:
    """Count one measure over its relation, by kind where it has kinds."""
    reach = f"{m.day} BETWEEN period_first AND period_last"
    if m.as_of:
        reach = "(since IS NULL OR since <= period_last) AND (until IS NULL OR period_last < until)"
    rows = (
        f"answers AS (SELECT t.*, span, {m.levels or 'CAST(NULL AS VARCHAR)'} AS level,"
        f" coalesce({m.pending or 'FALSE'}, FALSE) AS p0, ({m.among}) AS a0, ({m.event}) AS e0,"
        f" {m.median or 'CAST(NULL AS DOUBLE)'} AS x0 FROM of_{m.relation} t JOIN spans ON {reach})"
    )
    if m.unit == "officers":
        counted = cursor.execute(
            f"WITH {rows}, rows AS (SELECT * FROM answers), {_units([0], _OF['officers'])}"
        ).fetchall()
        return [Tally(m.id, spans[row[0]].id, *_three(row, 1)) for row in counted]
    once, unlinked = "", "0"
    if m.unit == "people":
        # Each person once: by the first row that is surely theirs to count.
        once = (
            " QUALIFY person_key IS NULL OR row_number() OVER (PARTITION BY span,"
            f" {_OF['people']} ORDER BY a0 IS NOT TRUE, a0 IS NOT NULL, {m.day}, booked_at) = 1"
        )
        unlinked = "count(*) FILTER (person_key IS NULL AND a0 IS NOT FALSE)"
    linked = " AND person_key IS NOT NULL" if once else ""
    counted = cursor.execute(
        f"WITH {rows}, rows AS (SELECT * FROM answers{once})"
        f" SELECT span, level, count(*) FILTER (a0 AND e0 AND NOT p0{linked}),"
        f" count(*) FILTER (a0 AND e0 IS NOT NULL AND NOT p0{linked}),"
        f" count(*) FILTER ((a0 IS NULL OR (a0 AND e0 IS NULL AND NOT p0)){linked}),"
        f" {unlinked}, count(*) FILTER (a0 AND p0{linked}),"
        f" median(x0) FILTER (a0 AND e0 AND NOT p0{linked}), grouping(level)"
        " FROM rows GROUP BY GROUPING SETS ((span), (span, level)) ORDER BY 1, 2"
    ).fetchall()
    found = []
    for span, kind, hits, known, unknown, nobody, pending, middle, total in counted:
        at = spans[span].id
        if total:
            found.append(
                Tally(m.id, at, hits, known, unknown, nobody, pending=pending, median=middle)
            )
        elif m.levels and hits:
            found.append(Tally(m.id, at, hits, 0, 0, level=NOT_RECORDED if kind is None else kind))
    return found
