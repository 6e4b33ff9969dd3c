"""The analysis relation as a table expression, filtered as a question asks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from data import registry
from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics.aggregate.stored import columns

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

EXPOSURE = "exposure"
OFFICER = "officer"
MONTH = "month"
PERSON = "person"


def encounters(snapshot: Snapshot) -> Any:
    """Return the relation of a snapshot, with a column for every entry of the registries."""
    import ibis  # half a second: loaded on first use

    # One backend per call: Ibis backends, like connections, are not shared between threads.
    table = ibis.duckdb.from_connection(snapshot.cursor()).table("encounters")
    # A snapshot of an earlier version lacks what the registries have gained since: not recorded.
    lacking = {c: ibis.null("boolean") for c in _registry_columns() if c not in table.columns}
    lacking |= {c.id: ibis.null("string") for c in registry.COVARIATES if c.id not in table.columns}
    return table.mutate(**lacking) if lacking else table


def _registry_columns() -> list[str]:
    found = [exposure_column(e.id) for e in registry.EXPOSURES]
    for o in registry.OUTCOMES:
        found += [outcome_column(o.id), eligible_column(o.id)]
    return found


def outdated(snapshot: Snapshot) -> bool:
    """Say whether a snapshot was made before the registries had all their entries."""
    return not set(_registry_columns()) <= columns(snapshot)["encounters"]


def filtered(table: Any, question: Question) -> Any:
    """Return the contacts of a question's period and filters."""
    if question.start:
        table = table.filter(table.contact_date >= question.start)
    if question.end:
        table = table.filter(table.contact_date <= question.end)
    for dim, levels in question.where:
        table = table.filter(table[dim].fill_null(NOT_RECORDED).isin(levels))
    return table


def asked_sql(snapshot: Snapshot, question: Question, *more: str, exposed: bool = False) -> str:
    """Return SQL for the keys and dates of a question's contacts, and more columns if named.

    ``exposed`` adds the question's exposure under that name.
    """
    import ibis

    table = filtered(encounters(snapshot), question)
    arm = {"exposed": table[exposure_column(question.exposure)]} if exposed else {}
    chosen = table.select("agency_id", "source", "contact_id", "contact_date", *more, **arm)
    return str(ibis.to_sql(chosen, dialect="duckdb"))


def frame_of(snapshot: Snapshot, sql: str) -> pd.DataFrame:
    """Return what a query finds."""
    return snapshot.cursor().execute(sql).df()


def true(condition: Any) -> Any:
    """Count the rows where a condition is TRUE; FALSE and NULL do not count."""
    return condition.nullif(False).count()


def as_date(value: Any) -> date | None:
    """Return a date, or None for a missing one, of whatever the engine made of it."""
    import pandas as pd

    return None if pd.isna(value) else pd.Timestamp(value).date()
