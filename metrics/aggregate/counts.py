"""One grouped query -> counts per exposure, covariate pattern and (if asked) officer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics.aggregate.coded import Expression, coded
from metrics.aggregate.contacts import contacts
from metrics.aggregate.relation import encounters, filtered, true
from metrics.keys import EXPOSURE, MONTH, OFFICER, PERSON

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

_COUNTS = ("contacts", "came", "timed", "minutes")


@dataclass(frozen=True)
class Counts:
    """Grouped counts: one row per exposure x covariate pattern (x officer).

    ``frame`` has the columns ``exposure`` (True, False or missing), one per covariate in ``by``, and
    ``contacts``. Per outcome o: ``n:o`` contacts in the denominator, ``events:o`` and ``missing:o``
    (not recorded). Without officers also ``came`` (contacts where some field says that a CIT officer
    came), ``timed`` and ``minutes`` (contacts whose officer time was recorded, and its sum), and
    ``came:o`` (of ``n:o``, those where a CIT officer came). With officers, where there is nearly a
    row a contact, covariates and officers are categories.
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


def _grouped(
    snapshot: Snapshot, question: Question, keys: dict[str, Expression]
) -> tuple[Any, list[str]]:
    """Return the grouped query of a question, sorted, and the names of its counts."""
    table = filtered(encounters(snapshot), question)
    measures = _measures(table, question, whole=True)
    grouped = table.group_by(**{name: key(table) for name, key in keys.items()})
    return grouped.aggregate(**measures).order_by(list(keys)), list(measures)


def _measures(table: Any, question: Question, *, whole: bool) -> dict[str, Any]:
    """Return the counts of :class:`Counts` over a table of contacts.

    ``whole`` counts all that a question may ask of its contacts; else only what a fit reads.
    """
    measures = {"contacts": table.count()}
    if whole:
        measures |= {
            "came": true(table.cit_came),
            "timed": table.officer_minutes.count(),
            "minutes": table.officer_minutes.sum().fill_null(0),
        }
    for id_ in question.outcomes:
        event, eligible = table[outcome_column(id_)], table[eligible_column(id_)]
        counted = eligible & event.notnull()
        measures[f"n:{id_}"] = true(counted)
        measures[f"events:{id_}"] = true(eligible & event)
        measures[f"missing:{id_}"] = true(eligible.isnull() | (eligible & event.isnull()))
        if whole:
            measures[f"came:{id_}"] = true(counted & table.cit_came)
    return measures


def _keys(question: Question, by: Iterable[str], *, months: bool) -> dict[str, Expression]:
    keys: dict[str, Expression] = {EXPOSURE: lambda t: t[exposure_column(question.exposure)]}
    for id_ in by:
        keys[id_] = _level(id_)
    if months:
        keys[MONTH] = lambda t: t.contact_date.truncate("M")
    return keys


def _level(covariate: str) -> Expression:
    return lambda t: t[covariate].fill_null(NOT_RECORDED)


def counts(
    snapshot: Snapshot,
    question: Question,
    by: Iterable[str] = (),
    *,
    officers: bool = False,
    months: bool = False,
    persons: bool = False,
) -> Counts:
    """Count the contacts of a question, for all its outcomes at once.

    From the prepared form where it has what is asked; else by one grouped query of ``encounters``.

    ``by`` names covariates to group by besides the exposure; ``officers`` and ``months`` add the
    primary officer and the calendar month (its first day), ``persons`` the officer and the person.
    """
    by = tuple(by)
    found = None
    if not persons:
        found = contacts(snapshot, question, by, months=months, minutes=not officers)
    if found is not None:
        count = found.counts_by_officer if officers else found.counts
        return Counts(count(question.outcomes, by), question.outcomes, by)
    if officers or persons:
        keys = _keys(question, (), months=months)
        if persons:
            # Nearly as many as contacts: numbers, not text. Two people in 2**64 hardly ever share one.
            # Other engines' hashes are shorter.
            keys[PERSON] = lambda t: (
                t.person_key
                if snapshot.warehouse
                else t.person_key.notnull().ifelse(t.person_key.hash(), None)
            )
        return by_officer(snapshot, question, by, keys)
    keys = _keys(question, by, months=months)
    grouped, measures = _grouped(snapshot, question, keys)
    frame = _plain_exposure(grouped.order_by(list(keys)).execute())
    for column in measures:
        frame[column] = frame[column].astype("int64")
    return Counts(frame, question.outcomes, by)


def by_officer(
    snapshot: Snapshot,
    question: Question,
    by: tuple[str, ...],
    keys: dict[str, Expression],
    table: Any = None,
) -> Counts:
    """Return counts by officer and further keys, of a question's contacts or of another ``table``."""
    table = filtered(encounters(snapshot), question) if table is None else table
    frame = coded(snapshot, table, by, keys, _measures(table, question, whole=False))
    return Counts(frame, question.outcomes, by)


def by_definition(
    snapshot: Snapshot, question: Question, by: tuple[str, ...], exposures: Iterable[str]
) -> dict[str, Counts]:
    """Return counts by officer for several exposures, from one query."""
    names = {f"exposure:{id_}": id_ for id_ in exposures}
    keys: dict[str, Any] = {
        name: lambda t, id_=id_: t[exposure_column(id_)] for name, id_ in names.items()
    }
    frame = by_officer(snapshot, question, by, keys).frame
    shared = frame.drop(columns=list(names))
    return {
        id_: Counts(shared.assign(**{EXPOSURE: frame[name]}), question.outcomes, by)
        for name, id_ in names.items()
    }


def regroup(counts: Counts, by: Iterable[str], *, officers: bool = False) -> Counts:
    """Return the same counts summed to fewer covariates: the engine is asked once."""
    by = tuple(by)
    if officers and set(by) == set(counts.by) and OFFICER in counts.frame:
        return Counts(counts.frame, counts.outcomes, by)
    keys = [EXPOSURE, *by, *([OFFICER] if officers else [])]
    sums = [c for c in counts.frame.columns if c in _COUNTS or ":" in c]
    grouped = counts.frame.groupby(keys, dropna=False, sort=True, observed=True)
    frame = grouped[sums].sum().reset_index()
    return Counts(_plain_exposure(frame), counts.outcomes, by)


def _plain_exposure(frame: pd.DataFrame) -> pd.DataFrame:
    """Exposure as True, False or None, whatever the engine made of it."""
    frame[EXPOSURE] = frame[EXPOSURE].astype(object).where(frame[EXPOSURE].notna(), None)
    return frame


def sql(snapshot: Snapshot, question: Question, by: Iterable[str] = ()) -> str:
    """Return the grouped query of a question as SQL text, to show and to rerun."""
    import ibis

    return str(ibis.to_sql(_grouped(snapshot, question, _keys(question, by, months=False))[0]))
