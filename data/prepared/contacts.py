"""Contacts as counts by day read them: one row each, without a key."""

from __future__ import annotations

from collections.abc import Callable

from data import registry
from data.encounters import eligible_column, exposure_column, outcome_column

KEY = "agency_id, source, contact_id"

FILTERS = tuple(c.id for c in registry.COVARIATES if c.filterable)
"""The covariates that the pages filter by."""

CHOICE = ("contacts.warrant", "contacts.mandatory_arrest")
"""The columns that tell an arrest by the officer's choice from one on a warrant or by mandate."""


def query(named: Callable[[str], str], filters: tuple[str, ...]) -> str:
    """Return SQL for one row per contact.

    Columns: ``contact_date``, the ``filters``, ``officer_minutes``, ``force_level``, every outcome with its
    eligibility, and yes or no: ``arrived`` (the form's own flag), ``foreseen`` (known as a crisis at
    dispatch), ``able`` (its export supplies :data:`CHOICE`), ``forced`` (on a warrant or by mandate) and
    ``told`` (both answered yes or no).
    """
    outcomes = [f(o.id) for o in registry.OUTCOMES for f in (outcome_column, eligible_column)]
    kept = ", ".join(f"e.{c}" for c in (*filters, "officer_minutes", "force_level", *outcomes))
    warrant, mandate = "CAST(k.warrant AS VARCHAR)", "CAST(k.mandatory_arrest AS VARCHAR)"
    supplied = " AND ".join(
        f"bool_or(table_name || '.' || column_name = '{column}')" for column in CHOICE
    )
    return f"""
        SELECT e.contact_date, {kept},
               e.{exposure_column("arrived")} AS arrived,
               k.crisis_identified_by IN ('dispatch', 'both') AS foreseen,
               s.able IS TRUE AS able,
               coalesce({warrant} = 'yes', FALSE) OR coalesce({mandate} = 'yes', FALSE) AS forced,
               coalesce({warrant} IN ('yes', 'no'), FALSE)
                   AND coalesce({mandate} IN ('yes', 'no'), FALSE) AS told
        FROM {named("encounters")} e
        LEFT JOIN {named("contacts")} k USING ({KEY})
        LEFT JOIN (SELECT agency_id, source, {supplied} AS able FROM source_columns GROUP BY ALL) s
            USING (agency_id, source)"""
