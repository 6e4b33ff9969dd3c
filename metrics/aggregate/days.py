"""Counts by day and by level: what months, tiles and scales are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry.force import FORCE_LEVELS
from data.store import Snapshot
from metrics.aggregate.coded import coded
from metrics.aggregate.counts import Counts
from metrics.aggregate.coverage import supplied
from metrics.aggregate.relation import EXPOSURE, as_date, encounters, filtered, true

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

CHOICE = ("contacts.warrant", "contacts.mandatory_arrest")
"""The columns that tell an arrest by the officer's choice from one on a warrant or by mandate."""


def event_days(snapshot: Snapshot, question: Question, outcome: str) -> tuple[date, ...]:
    """Return the local dates of an outcome's events, a date as often as it had events."""
    table = filtered(encounters(snapshot), question)
    happened = table.filter(
        (table[eligible_column(outcome)] & table[outcome_column(outcome)]).fill_null(False)
    )
    grouped = happened.group_by(day=happened.contact_date).aggregate(n=happened.count())
    frame = grouped.order_by("day").execute()
    found: list[date] = []
    for day, n in frame.itertuples(index=False, name=None):
        found += [as_date(day)] * int(n)  # type: ignore[list-item]
    return tuple(found)


def force_levels(snapshot: Snapshot, question: Question) -> dict[bool, dict[int, int]]:
    """Return contacts by highest force rank used (0 to 4), for each arm; empty if not recorded."""
    table = encounters(snapshot)
    if "force_level" not in table.columns:
        return {}
    table = filtered(table, question)
    exposed = table[exposure_column(question.exposure)]
    known = table.filter(exposed.notnull() & table.force_level.notnull())
    grouped = known.group_by(arm=known[exposure_column(question.exposure)], level=known.force_level)
    found: dict[bool, dict[int, int]] = {}
    for arm, level, n in (
        grouped.aggregate(n=known.count()).execute().itertuples(index=False, name=None)
    ):
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
    import ibis

    table = encounters(snapshot)
    backend = table.get_backend()
    contacts = backend.table("contacts")
    keys = ["agency_id", "source", "contact_id"]
    wanted = ["warrant", "mandatory_arrest", "crisis_identified_by"]
    table = filtered(table, question).left_join(contacts[[*keys, *wanted]], keys)
    arrived = table[exposure_column("arrived")]
    known = table.crisis_identified_by.isin(["dispatch", "both"])
    arrest = table[outcome_column("arrest")]
    warrant, mandate = table.warrant.cast("string"), table.mandatory_arrest.cast("string")
    forced = (warrant == "yes").fill_null(False) | (mandate == "yes").fill_null(False)
    told = warrant.isin(["yes", "no"]).fill_null(False) & mandate.isin(["yes", "no"]).fill_null(
        False
    )
    able = _any_source(table, snapshot, CHOICE)
    chosen = able & ~forced & (~arrest | told)
    rank = table.force_level if "force_level" in table.columns else ibis.null("int64")
    measures = {
        "contacts": table.count(),
        "timed": table.officer_minutes.count(),
        "minutes": table.officer_minutes.sum().fill_null(0),
        "n:came": arrived.count(),
        "events:came": true(arrived),
        "n:came_coded": true(known & arrived.notnull()),
        "events:came_coded": true(known & arrived),
        "n:choice": true(chosen & arrest.notnull()),
        "events:choice": true(chosen & arrest),
        "no_choice": true(able & arrest & forced),
        "unknown_choice": true(able & arrest & ~forced & ~told),
        "highest": true(rank == 4),
    }
    for id_ in question.outcomes:
        event, eligible = table[outcome_column(id_)], table[eligible_column(id_)]
        measures[f"n:{id_}"] = true(eligible & event.notnull())
        measures[f"events:{id_}"] = true(eligible & event)
        measures[f"unfollowed:{id_}"] = true(eligible & event.isnull())
    grouped = table.group_by(day=table.contact_date).aggregate(**measures)
    frame: pd.DataFrame = grouped.order_by("day").execute()
    for column in measures:
        frame[column] = frame[column].astype("int64")
    frame["day"] = [as_date(day) for day in frame["day"]]
    return frame


def _any_source(table: Any, snapshot: Snapshot, columns: tuple[str, ...]) -> Any:
    """Say, contact by contact, whether its export supplies all of these columns."""
    import ibis

    found = supplied(snapshot)
    able = ibis.literal(False)
    for agency, source in sorted({(a, s) for a, s, _ in found}):
        if all((agency, source, column) in found for column in columns):
            able = able | ((table.agency_id == agency) & (table.source == source))
    return able


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
