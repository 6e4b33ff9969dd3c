"""Trips as counts of hand-offs read them: one row each, beside what filters its contact."""

from __future__ import annotations

from collections.abc import Callable

from data.prepared.contacts import KEY

LONGEST_MINUTES = 24 * 60
"""A hand-off that lasted longer is a slip of the pen."""
BAD = -1
"""Stands for minutes that cannot be: negative, or more than a day."""


def query(named: Callable[[str], str], filters: tuple[str, ...]) -> str:
    """Return SQL for one row per trip of a contact.

    Columns: ``contact_date`` and the ``filters`` of its contact; ``agency_id``, ``provider_id``,
    ``destination_kind`` and ``answer``, as recorded; ``to_free`` and ``to_accepted``, whole minutes from
    arrival, missing where a time is, :data:`BAD` where they cannot be.
    """
    return f"""
        SELECT e.contact_date, {", ".join(f"e.{f}" for f in filters)},
               agency_id, t.provider_id, t.destination_kind, t.accepted AS answer,
               {_minutes("officer_free_at")} AS to_free, {_minutes("accepted_at")} AS to_accepted
        FROM {named("transports")} t JOIN {named("encounters")} e USING ({KEY})"""


def _minutes(until: str) -> str:
    minutes = f"epoch(t.{until} - t.arrived_at) / 60"
    return (
        f"CAST(CASE WHEN {minutes} < 0 OR {minutes} > {LONGEST_MINUTES} THEN {BAD}"
        f" ELSE floor({minutes} + 0.5) END AS INTEGER)"
    )
