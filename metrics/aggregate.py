"""One grouped query -> counts. The only module that touches an engine.

The question is an Ibis expression, so the same one can run on another engine; what comes back is
never a row of a person but counts per exposure, covariate pattern and (if asked) officer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from data import registry
from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import NOT_RECORDED
from data.store import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

EXPOSURE = "exposure"
OFFICER = "officer"
MONTH = "month"


@dataclass(frozen=True)
class Counts:
    """Grouped counts: one row per exposure x covariate pattern (x officer).

    ``frame`` has the columns ``exposure`` (True, False, None), one per covariate in ``by``, and
    ``contacts``, ``came`` (contacts where some field says that a CIT officer came), ``timed`` and
    ``minutes`` (contacts whose officer time was recorded, and its sum). Per outcome o:
    ``n:o`` contacts in the denominator, ``events:o``, ``missing:o`` (not recorded) and ``came:o``
    (of ``n:o``, those where a CIT officer came).
    """

    frame: pd.DataFrame
    outcomes: tuple[str, ...]
    by: tuple[str, ...]

    def arm(self, exposed: bool | None) -> pd.DataFrame:
        """Return the rows of one arm; ``None`` gives the contacts whose exposure is not recorded."""
        column = self.frame[EXPOSURE]
        return self.frame[column.isna() if exposed is None else column == exposed]

    def total(self, column: str, exposed: bool | None) -> int:
        """Return the sum of a count over one arm."""
        return int(self.arm(exposed)[column].sum())


def _encounters(snapshot: Snapshot) -> Any:
    import ibis  # half a second: loaded on first use

    # One backend per call: Ibis backends, like connections, are not shared between threads.
    table = ibis.duckdb.from_connection(snapshot.cursor()).table("encounters")
    # A snapshot of an earlier version lacks what the registries have gained since: not recorded.
    lacking = {c: ibis.null("boolean") for c in _registry_columns() if c not in table.columns}
    return table.mutate(**lacking) if lacking else table


def _registry_columns() -> list[str]:
    found = [exposure_column(e.id) for e in registry.EXPOSURES]
    for o in registry.OUTCOMES:
        found += [outcome_column(o.id), eligible_column(o.id)]
    return found


def outdated(snapshot: Snapshot) -> bool:
    """Say whether a snapshot was made before the registries had all their entries."""
    rows = snapshot.cursor().execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'encounters'"
    )
    return not set(_registry_columns()) <= {row[0] for row in rows.fetchall()}


def _filtered(table: Any, question: Question) -> Any:
    if question.start:
        table = table.filter(table.contact_date >= question.start)
    if question.end:
        table = table.filter(table.contact_date <= question.end)
    for dim, levels in question.where:
        table = table.filter(table[dim].fill_null(NOT_RECORDED).isin(levels))
    return table


def _true(condition: Any) -> Any:
    """Count the rows where a condition is TRUE; FALSE and NULL do not count."""
    return condition.nullif(False).count()


def _grouped(
    snapshot: Snapshot, question: Question, by: Iterable[str], *, officers: bool, months: bool
) -> tuple[Any, list[str]]:
    """Return the grouped query as an expression, and the names of its counts."""
    table = _filtered(_encounters(snapshot), question)
    keys = {EXPOSURE: table[exposure_column(question.exposure)]}
    for id_ in by:
        keys[id_] = table[id_].fill_null(NOT_RECORDED)
    if officers:
        keys[OFFICER] = table.officer_key
    if months:
        keys[MONTH] = table.contact_date.truncate("M")
    measures = {
        "contacts": table.count(),
        "came": _true(table.cit_came),
        "timed": table.officer_minutes.count(),
        "minutes": table.officer_minutes.sum().fill_null(0),
    }
    for id_ in question.outcomes:
        event, eligible = table[outcome_column(id_)], table[eligible_column(id_)]
        counted = eligible & event.notnull()
        measures[f"n:{id_}"] = _true(counted)
        measures[f"events:{id_}"] = _true(eligible & event)
        measures[f"missing:{id_}"] = _true(eligible.isnull() | (eligible & event.isnull()))
        measures[f"came:{id_}"] = _true(counted & table.cit_came)
    grouped = table.group_by(**keys).aggregate(**measures)
    # By officer there is nearly a row a contact, and nothing that reads them minds their order.
    return grouped if officers else grouped.order_by(list(keys)), list(measures)


def counts(
    snapshot: Snapshot,
    question: Question,
    by: Iterable[str] = (),
    *,
    officers: bool = False,
    months: bool = False,
) -> Counts:
    """Run the one grouped query of a question, for all its outcomes at once.

    ``by`` names covariates to group by besides the exposure; ``officers`` and ``months`` add the
    primary officer and the calendar month (its first day).
    """
    by = tuple(by)
    grouped, measures = _grouped(snapshot, question, by, officers=officers, months=months)
    frame = _plain_exposure(grouped.execute())
    for column in measures:
        frame[column] = frame[column].astype("int64")
    return Counts(frame, question.outcomes, by)


def regroup(counts: Counts, by: Iterable[str], *, officers: bool = False) -> Counts:
    """Return the same counts summed to fewer covariates: the engine is asked once."""
    by = tuple(by)
    if officers and set(by) == set(counts.by) and OFFICER in counts.frame:
        return Counts(counts.frame, counts.outcomes, by)
    keys = [EXPOSURE, *by, *([OFFICER] if officers else [])]
    sums = [c for c in counts.frame.columns if c in _COUNTS or ":" in c]
    frame = counts.frame.groupby(keys, dropna=False, sort=True)[sums].sum().reset_index()
    return Counts(_plain_exposure(frame), counts.outcomes, by)


_COUNTS = ("contacts", "came", "timed", "minutes")


def _plain_exposure(frame: pd.DataFrame) -> pd.DataFrame:
    """Exposure as True, False or None, whatever the engine made of it."""
    frame[EXPOSURE] = frame[EXPOSURE].astype(object).where(frame[EXPOSURE].notna(), None)
    return frame


@dataclass(frozen=True)
class Coverage:
    """What a snapshot records at all, whatever the question: contacts with a value, and the period."""

    contacts: int
    first: date | None
    last: date | None
    recorded: dict[str, int]
    exposure_from: dict[str, date | None]
    exposure_to: dict[str, date | None]

    def records(self, column: str) -> bool:
        """Say whether a column of ``encounters`` holds any value."""
        return self.recorded.get(column, 0) > 0

    def records_outcome(self, id_: str) -> bool:
        """Say whether an outcome is recorded for any contact."""
        return self.records(outcome_column(id_))

    def records_exposure(self, id_: str) -> bool:
        """Say whether an exposure is recorded for any contact."""
        return self.records(exposure_column(id_))


def coverage(snapshot: Snapshot) -> Coverage:
    """Count what the snapshot records of every outcome, exposure and covariate, in one query."""
    table = _encounters(snapshot)
    columns = [exposure_column(e.id) for e in registry.EXPOSURES]
    columns += [c.id for c in registry.COVARIATES]
    measures = {f"n:{c}": table[c].count() for c in columns}
    for o in registry.OUTCOMES:
        column = outcome_column(o.id)
        columns.append(column)
        measures[f"n:{column}"] = _true(table[eligible_column(o.id)] & table[column].notnull())
    for e in registry.EXPOSURES:
        known = table[exposure_column(e.id)].notnull()
        measures[f"from:{e.id}"] = table.contact_date.min(where=known)
        measures[f"to:{e.id}"] = table.contact_date.max(where=known)
    measures |= {
        "contacts": table.count(),
        "first": table.contact_date.min(),
        "last": table.contact_date.max(),
    }
    row = table.aggregate(**measures).execute().iloc[0]
    return Coverage(
        contacts=int(row["contacts"]),
        first=_date(row["first"]),
        last=_date(row["last"]),
        recorded={c: int(row[f"n:{c}"]) for c in columns},
        exposure_from={e.id: _date(row[f"from:{e.id}"]) for e in registry.EXPOSURES},
        exposure_to={e.id: _date(row[f"to:{e.id}"]) for e in registry.EXPOSURES},
    )


def _date(value: Any) -> date | None:
    import pandas as pd

    return None if pd.isna(value) else pd.Timestamp(value).date()


def levels(snapshot: Snapshot, covariate: str) -> list[str]:
    """Return the levels a covariate takes, most frequent first, *not recorded* last if it occurs."""
    table = _encounters(snapshot)
    frame = table.group_by(level=table[covariate]).aggregate(n=table.count()).execute()
    known = frame[frame["level"].notna()].sort_values(["n", "level"], ascending=[False, True])
    found = [str(v) for v in known["level"]]
    return found + ([NOT_RECORDED] if len(found) < len(frame) else [])


def sql(snapshot: Snapshot, question: Question, by: Iterable[str] = ()) -> str:
    """Return the grouped query of a question as SQL text, to show and to rerun."""
    import ibis

    return str(ibis.to_sql(_grouped(snapshot, question, by, officers=False, months=False)[0]))


def event_days(snapshot: Snapshot, question: Question, outcome: str) -> tuple[date, ...]:
    """Return the local dates of an outcome's events, a date as often as it had events."""
    table = _filtered(_encounters(snapshot), question)
    happened = table.filter(
        (table[eligible_column(outcome)] & table[outcome_column(outcome)]).fill_null(False)
    )
    grouped = happened.group_by(day=happened.contact_date).aggregate(n=happened.count())
    frame = grouped.order_by("day").execute()
    found: list[date] = []
    for day, n in frame.itertuples(index=False, name=None):
        found += [_date(day)] * int(n)  # type: ignore[list-item]
    return tuple(found)


def force_levels(snapshot: Snapshot, question: Question) -> dict[bool, dict[int, int]]:
    """Return contacts by highest force rank used (0 to 4), for each arm; empty if not recorded."""
    table = _encounters(snapshot)
    if "force_level" not in table.columns:
        return {}
    table = _filtered(table, question)
    exposed = table[exposure_column(question.exposure)]
    known = table.filter(exposed.notnull() & table.force_level.notnull())
    grouped = known.group_by(arm=known[exposure_column(question.exposure)], level=known.force_level)
    found: dict[bool, dict[int, int]] = {}
    for arm, level, n in (
        grouped.aggregate(n=known.count()).execute().itertuples(index=False, name=None)
    ):
        found.setdefault(bool(arm), {})[int(level)] = int(n)
    return found
