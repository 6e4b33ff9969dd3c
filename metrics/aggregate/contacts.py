"""Contacts as small numbers from the prepared form, where it can answer a question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from data.encounters import exposure_column
from data.prepared import coded
from data.store import Snapshot
from metrics.aggregate.relation import condition
from metrics.aggregate.stored import columns
from metrics.aggregate.trace import kept

if TYPE_CHECKING:
    import numpy as np

    from metrics.contacts import Contacts
    from metrics.question import Question


def lacking(snapshot: Snapshot, question: Question, by: Iterable[str]) -> tuple[str, ...]:
    """Return what the prepared form cannot answer of a question: then ``encounters`` is asked."""
    there = {} if snapshot.warehouse else columns(snapshot)
    if coded.CONTACTS not in there:
        return ("the prepared form",)
    wanted = [exposure_column(question.exposure), *map(coded.column, question.outcomes)]
    wanted += ["cit_came", "minutes"]
    patterned = [*by, *(dim for dim, _ in question.where)]
    found = [c for c in wanted if c not in there[coded.CONTACTS]]
    return (*found, *(c for c in patterned if c not in there[coded.PATTERNS]))


def contacts(
    snapshot: Snapshot,
    question: Question,
    by: Iterable[str],
    *,
    months: bool = False,
    minutes: bool = False,
) -> Contacts | None:
    """Return a question's contacts, to be counted by covariates ``by`` and officer.

    ``months`` and ``minutes`` add the calendar month and officer time. ``None`` where the prepared form
    lacks something that is asked (:func:`lacking`).
    """
    import numpy as np

    from metrics.contacts import Contacts

    if lacking(snapshot, question, by):
        return None
    exposure = exposure_column(question.exposure)
    answers = {o: coded.column(o) for o in question.outcomes}
    more = [*(["day"] if months else []), *(["minutes"] if minutes else [])]
    read = ", ".join([exposure, "cit_came", *more, *answers.values()])
    found = (
        snapshot.cursor()
        .execute(f"SELECT pattern, officer, {read} FROM {coded.CONTACTS} WHERE {_where(question)}")
        .fetchnumpy()
    )
    codes, levels = _patterns(snapshot)
    return Contacts(
        exposure=_number(found[exposure], -1, np.int8),
        pattern=_number(found["pattern"], -1, np.int32),
        officer=_number(found["officer"], -1, np.int32),
        answers={o: np.asarray(found[c]) for o, c in answers.items()},
        came=_number(found["cit_came"], 0, np.int8) > 0,
        codes=codes,
        levels=levels,
        officers=_officers(snapshot),
        month=_months(found["day"]) if months else None,
        minutes=_number(found["minutes"], -1, np.int32) if minutes else None,
    )


def _where(question: Question) -> str:
    days = condition(replace(question, where=()), "day")
    if not question.where:
        return days
    levels = condition(replace(question, start=None, end=None), "day")
    return f"{days} AND pattern IN (SELECT pattern FROM {coded.PATTERNS} WHERE {levels})"


def _number(column: Any, missing: int, kind: type) -> np.ndarray:
    """Return a column of whole numbers or of yes and no, with a number for what is missing."""
    import numpy as np

    if isinstance(column, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(column), missing, column.data).astype(kind)
    return np.asarray(column).astype(kind)


def _months(days: Any) -> np.ndarray:
    import numpy as np

    return np.asarray(days).astype("datetime64[M]").astype(np.int32)


@kept(8)
def _patterns(snapshot: Snapshot) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the covariates' places in each pattern, and their levels, sorted."""
    import numpy as np

    found = snapshot.cursor().execute(f"FROM {coded.PATTERNS} ORDER BY pattern").fetchnumpy()
    codes, levels = {}, {}
    for name, column in found.items():
        if name != "pattern":
            levels[name], codes[name] = np.unique(
                np.asarray(column, dtype=object).astype(str), return_inverse=True
            )
            levels[name] = levels[name].astype(object)
    return codes, levels


@kept(8)
def _officers(snapshot: Snapshot) -> np.ndarray:
    import numpy as np

    rows = snapshot.cursor().execute(f"SELECT officer_key FROM {coded.OFFICERS} ORDER BY officer")
    return np.array([key for (key,) in rows.fetchall()], dtype=object)
