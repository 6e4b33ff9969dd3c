"""One grouped query -> counts per exposure, covariate pattern and (if asked) officer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics.aggregate.coverage import levels
from metrics.aggregate.relation import (
    EXPOSURE,
    MONTH,
    OFFICER,
    PERSON,
    encounters,
    filtered,
    true,
)

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

_COUNTS = ("contacts", "came", "timed", "minutes")
LARGEST_CODE = 2**53
"""Levels of several covariates travel as one number up to this."""


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
    table: Any, question: Question, keys: dict[str, Any], *, whole: bool
) -> tuple[Any, list[str]]:
    """Return contacts grouped by expressions, and the names of the counts; see :class:`Counts`.

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
    return table.group_by(**{name: key(table) for name, key in keys.items()}).aggregate(
        **measures
    ), list(measures)


def _keys(question: Question, by: Iterable[str], *, months: bool) -> dict[str, Any]:
    keys: dict[str, Any] = {EXPOSURE: lambda t: t[exposure_column(question.exposure)]}
    keys |= {id_: lambda t, id_=id_: t[id_].fill_null(NOT_RECORDED) for id_ in by}
    if months:
        keys[MONTH] = lambda t: t.contact_date.truncate("M")
    return keys


def counts(
    snapshot: Snapshot,
    question: Question,
    by: Iterable[str] = (),
    *,
    officers: bool = False,
    months: bool = False,
    persons: bool = False,
) -> Counts:
    """Run the one grouped query of a question, for all its outcomes at once.

    ``by`` names covariates to group by besides the exposure; ``officers`` and ``months`` add the
    primary officer and the calendar month (its first day), ``persons`` the officer and the person.
    """
    by = tuple(by)
    if officers or persons:
        keys = _keys(question, (), months=months)
        if persons:
            # Nearly as many as contacts: numbers, not text. Two people in 2**64 hardly ever share one.
            keys[PERSON] = lambda t: t.person_key.notnull().ifelse(t.person_key.hash(), None)
        return Counts(coded(snapshot, question, by, keys, [OFFICER]), question.outcomes, by)
    keys = _keys(question, by, months=months)
    grouped, measures = _grouped(
        filtered(encounters(snapshot), question), question, keys, whole=True
    )
    frame = _plain_exposure(grouped.order_by(list(keys)).execute())
    for column in measures:
        frame[column] = frame[column].astype("int64")
    return Counts(frame, question.outcomes, by)


def coded(
    snapshot: Snapshot,
    question: Question,
    by: tuple[str, ...],
    keys: dict[str, Any],
    names: Iterable[str],
    table: Any = None,
) -> pd.DataFrame:
    """Group finely, nearly a row a contact: levels travel as one number, not as text.

    ``keys`` are further keys, ``names`` columns of text; ``table`` is what to group instead of the
    question's contacts.
    """
    import pandas as pd
    import pyarrow as pa

    known = {id_: _sorted_levels(snapshot, id_) for id_ in by}
    codes = dict(_codes(known))
    keys = keys | {name: key for name, (_, key) in codes.items()}
    keys |= {name: lambda t, name=name: t[TEXT[name]] for name in names}
    table = filtered(encounters(snapshot), question) if table is None else table
    grouped, measures = _grouped(table, question, keys, whole=False)
    # Nothing that reads these rows minds their order.
    found = grouped.to_pyarrow().combine_chunks()
    columns: dict[str, Any] = {}
    for name in keys:
        if name in TEXT:
            columns[name] = _categories(found[name])
        elif pa.types.is_boolean(found[name].type):
            columns[name] = pd.array(found[name].to_pandas(), dtype="boolean")
        elif name in codes:
            code = found[name].to_numpy()
            for id_ in codes[name][0]:
                size = len(known[id_])
                columns[id_] = pd.Categorical.from_codes(code % size, known[id_])
                code = code // size
        else:
            columns[name] = found[name].to_pandas()
    columns |= {name: found[name].to_numpy() for name in measures}
    return pd.DataFrame(columns)


TEXT = {OFFICER: "officer_key"}
"""Keys of text, by the column they come from."""


def _categories(column: Any) -> pd.Categorical:
    """Return a column of text as categories, missing where it is null."""
    import pandas as pd

    found = column.combine_chunks().dictionary_encode()
    place = found.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(place, found.dictionary.to_pylist())


@lru_cache(maxsize=256)
def _sorted_levels(snapshot: Snapshot, covariate: str) -> list[str]:
    return sorted(levels(snapshot, covariate)) or [NOT_RECORDED]


def _codes(levels: dict[str, list[str]]) -> Iterable[tuple[str, tuple[tuple[str, ...], Any]]]:
    """Yield grouping numbers: name, the covariates it holds (first varies fastest), expression."""
    held: list[str] = []
    size = 1
    for id_ in levels:
        if held and size * len(levels[id_]) > LARGEST_CODE:
            yield f"code:{held[0]}", (tuple(held), _code(held, levels))
            held, size = [], 1
        held.append(id_)
        size *= len(levels[id_])
    if held:
        yield f"code:{held[0]}", (tuple(held), _code(held, levels))


def _code(held: list[str], levels: dict[str, list[str]]) -> Any:
    held = list(held)

    def expression(table: Any) -> Any:
        import ibis

        total, radix = ibis.literal(0, "int64"), 1
        for id_ in held:
            column = table[id_].fill_null(NOT_RECORDED)
            pairs = [(v, ibis.literal(i * radix, "int64")) for i, v in enumerate(levels[id_])]
            total = total + column.cases(*pairs, else_=ibis.literal(0, "int64"))
            radix *= len(levels[id_])
        return total

    return expression


def by_definition(
    snapshot: Snapshot, question: Question, by: tuple[str, ...], exposures: Iterable[str]
) -> dict[str, Counts]:
    """Return counts by officer for several exposures, from one query."""
    names = {f"exposure:{id_}": id_ for id_ in exposures}
    keys: dict[str, Any] = {
        name: lambda t, id_=id_: t[exposure_column(id_)] for name, id_ in names.items()
    }
    frame = coded(snapshot, question, by, keys, [OFFICER])
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

    keys = _keys(question, by, months=False)
    grouped, _ = _grouped(filtered(encounters(snapshot), question), question, keys, whole=True)
    return str(ibis.to_sql(grouped.order_by(list(keys))))
