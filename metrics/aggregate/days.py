"""Counts by day and by level: what months, tiles and scales are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from data import prepared
from data.encounters import eligible_column, exposure_column, outcome_column
from data.prepared.contacts import CHOICE
from data.registry.force import FORCE_LEVELS
from data.store import Snapshot
from metrics.aggregate.coded import coded
from metrics.aggregate.counts import Counts
from metrics.aggregate.prepared import rows_of
from metrics.aggregate.relation import (
    as_date,
    condition,
    encounters,
    encounters_table,
    filtered,
    frame_of,
    times,
    true,
)
from metrics.keys import EXPOSURE

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

__all__ = ["CHOICE", "certifications", "daily", "event_days", "force_cells", "force_levels"]


def event_days(snapshot: Snapshot, question: Question, outcome: str) -> tuple[date, ...]:
    """Return the local dates of an outcome's events, a date as often as it had events."""
    frame = frame_of(
        snapshot,
        f"SELECT contact_date AS day, count(*) AS n FROM {encounters_table(snapshot)}"
        f" WHERE {condition(question, 'contact_date')}"
        f" AND {eligible_column(outcome)} AND {outcome_column(outcome)} GROUP BY day ORDER BY day",
    )
    found: list[date] = []
    for day, n in frame.itertuples(index=False, name=None):
        found += [as_date(day)] * int(n)  # type: ignore[list-item]
    return tuple(found)


def force_levels(snapshot: Snapshot, question: Question) -> dict[bool, dict[int, int]]:
    """Return contacts by highest force rank used (0 to 4), for each arm; empty if not recorded."""
    arm = exposure_column(question.exposure)
    frame = frame_of(
        snapshot,
        f"SELECT {arm} AS arm, force_level AS level, count(*) AS n FROM {encounters_table(snapshot)}"
        f" WHERE {condition(question, 'contact_date')}"
        f" AND {arm} IS NOT NULL AND force_level IS NOT NULL GROUP BY ALL ORDER BY ALL",
    )
    found: dict[bool, dict[int, int]] = {}
    for arm, level, n in frame.itertuples(index=False, name=None):
        found.setdefault(bool(arm), {})[int(level)] = int(n)
    return found


def force_cells(snapshot: Snapshot, question: Question, by: Iterable[str]) -> Counts:
    """Run one grouped query: contacts by exposure, covariates and officer at each level of force.

    The frame is that of :class:`Counts` with officers, for no outcome: ``contacts`` counts those
    with a level, ``level:0`` to ``level:4`` each of them, and ``missing`` those without one.
    Contacts whose exposure was not recorded are left out.
    """
    import ibis

    by = tuple(by)
    table = filtered(encounters(snapshot), question)
    exposed = table[exposure_column(question.exposure)]
    # A snapshot of an earlier version has no levels: not recorded.
    rank = table.force_level if "force_level" in table.columns else ibis.null("int64")
    table = table.mutate(**{EXPOSURE: exposed, "rank": rank}).filter(exposed.notnull())
    measures = {"contacts": table["rank"].count(), "missing": true(table["rank"].isnull())}
    measures |= {f"level:{k}": true(table["rank"] == k) for k in FORCE_LEVELS}
    return Counts(coded(snapshot, table, by, {EXPOSURE: lambda t: t[EXPOSURE]}, measures), (), by)


def daily(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    """Run one grouped query for all outcomes of a question by day, whatever the exposure.

    Columns: ``day`` (date), ``contacts``, ``timed`` and ``minutes`` as in :class:`Counts`; per outcome
    o ``n:o``, ``events:o`` and ``unfollowed:o`` (eligible, result not recorded); ``n:came`` and
    ``events:came`` (the form's own flag that a CIT officer arrived), and the same ``:came_coded``
    among contacts known as a crisis at dispatch; ``n:choice`` and ``events:choice`` (arrests by the
    officer's choice, those on a warrant or by mandate out), ``no_choice`` (arrests out for that) and
    ``unknown_choice`` (arrests where it was not recorded, out); ``highest`` (force of rank 4).
    """
    measures = {
        "contacts": "count(*)",
        "timed": "count(officer_minutes)",
        "minutes": "coalesce(sum(officer_minutes), 0)",
    }
    conditions = {
        "n:came": "arrived IS NOT NULL",
        "events:came": "arrived",
        "n:came_coded": "foreseen AND arrived IS NOT NULL",
        "events:came_coded": "foreseen AND arrived",
        "n:choice": f"{_CHOSEN} AND {_ARREST} IS NOT NULL",
        "events:choice": f"{_CHOSEN} AND {_ARREST}",
        "no_choice": f"able AND {_ARREST} AND forced",
        "unknown_choice": f"able AND {_ARREST} AND NOT forced AND NOT told",
        "highest": "force_level = 4",
    }
    for id_ in question.outcomes:
        event, eligible = outcome_column(id_), eligible_column(id_)
        conditions[f"n:{id_}"] = f"{eligible} AND {event} IS NOT NULL"
        conditions[f"events:{id_}"] = f"{eligible} AND {event}"
        conditions[f"unfollowed:{id_}"] = f"{eligible} AND {event} IS NULL"
    measures |= {name: times(c) for name, c in conditions.items()}
    listed = ", ".join(f'{sql} AS "{name}"' for name, sql in measures.items())
    frame = frame_of(
        snapshot,
        f"SELECT contact_date AS day, {listed} FROM {rows_of(snapshot, prepared.CONTACTS, question)}"
        f" WHERE {condition(question, 'contact_date')} GROUP BY day ORDER BY day",
    ).astype(dict.fromkeys(measures, "int64"))
    frame["day"] = [as_date(day) for day in frame["day"]]
    return frame


_ARREST = outcome_column("arrest")
_CHOSEN = f"able AND NOT forced AND (NOT {_ARREST} OR told)"


def certifications(snapshot: Snapshot, day: date, until: date) -> tuple[int, int]:
    """Return officers with a CIT certification in force on a day, and those whose last lapses by another."""
    row = (
        snapshot.cursor()
        .execute(
            "SELECT count(*), count(*) FILTER (lapses <= ?) FROM ("
            " SELECT CASE WHEN bool_or(expires_on IS NULL) THEN NULL ELSE max(expires_on) END AS lapses"
            " FROM certifications WHERE credential IN ('cit_40h', 'cit_enhanced')"
            " AND certified_on <= ? AND (expires_on IS NULL OR ? < expires_on)"
            " GROUP BY agency_id, officer_key)",
            [until, day, day],
        )
        .fetchone()
    )
    assert row is not None
    return int(row[0]), int(row[1])
