"""Officers who changed arms: the contacts that a comparison within officers may use.

An officer's career is read off the exposure of their contacts in the whole snapshot: never exposed,
always, or turned once. One who goes back and forth is left out (a lapse, a clerical error), and so are
the weeks of training before an officer's first exposed contact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data.encounters import eligible_column, exposure_column, outcome_column
from data.store import Snapshot
from metrics.aggregate.counts import Counts, by_officer
from metrics.aggregate.relation import encounters, filtered, true
from metrics.keys import EXPOSURE, OFFICER

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

CAREER = "career"
TURNED, NEVER, ALWAYS, MIXED = "turned", "never", "always", "back and forth"
TRAINING_DAYS = 14
"""Contacts this many days before an officer's first exposed one fall into their training."""

PERIOD, FIRST = "period", "first"


@dataclass(frozen=True)
class Careers:
    """How many officers have which career, in the whole snapshot."""

    turned: int
    never: int
    always: int
    mixed: int


def careers(snapshot: Snapshot, question: Question) -> Careers:
    """Count officers by career."""
    table = _careers(encounters(snapshot), question)
    frame = table.group_by(CAREER).aggregate(n=table.count()).execute()
    n = dict(zip(frame[CAREER], frame["n"].astype(int), strict=True))
    return Careers(n.get(TURNED, 0), n.get(NEVER, 0), n.get(ALWAYS, 0), n.get(MIXED, 0))


def within(snapshot: Snapshot, question: Question, by: tuple[str, ...]) -> Counts:
    """Return counts by officer of those who turned or never did, with their ``career``.

    Officers who went back and forth, and contacts in the weeks of training, are left out.
    """
    table = _eligible(snapshot, question)
    keys = {
        EXPOSURE: lambda t: t[exposure_column(question.exposure)],
        CAREER: lambda t: t[CAREER],
    }
    return by_officer(snapshot, question, by, keys, table)


def half_years(snapshot: Snapshot, question: Question, outcome: str) -> pd.DataFrame:
    """Return ``officer, period, first, events, trials``: an outcome by officer and half-year.

    Half-years are numbered 2 x year, plus 1 from July; ``first`` is that of the officer's first
    exposed contact, missing for those never exposed.
    """
    table = _eligible(snapshot, question)
    event, eligible = table[outcome_column(outcome)], table[eligible_column(outcome)]
    grouped = table.group_by(
        **{OFFICER: table.officer_key, PERIOD: _half_year(table.contact_at)}
    ).aggregate(
        **{
            FIRST: _half_year(table.first_exposed).min(),
            "events": true(eligible & event),
            "trials": true(eligible & event.notnull()),
        }
    )
    frame: pd.DataFrame = grouped.order_by([OFFICER, PERIOD]).execute()
    for column in (PERIOD, "events", "trials"):
        frame[column] = frame[column].astype("int64")
    return frame[frame["trials"] > 0].reset_index(drop=True)


ADOPTED_SHARE = 0.1
"""A place has adopted CIT in the first half-year with this share of its contacts exposed."""


def adoption(snapshot: Snapshot, question: Question, outcome: str, unit: str) -> pd.DataFrame:
    """Return ``unit, period, first, events, trials``: an outcome by place and half-year.

    ``first`` is the half-year of the place's adoption, missing where it never did.
    """
    table = filtered(encounters(snapshot), question)
    exposed = table[exposure_column(question.exposure)]
    table = table.filter(exposed.notnull() & table[unit].notnull())
    exposed = table[exposure_column(question.exposure)]
    event, eligible = table[outcome_column(outcome)], table[eligible_column(outcome)]
    grouped = table.group_by(**{unit: table[unit], PERIOD: _half_year(table.contact_at)}).aggregate(
        contacts=table.count(),
        exposed=true(exposed),
        events=true(eligible & event),
        trials=true(eligible & event.notnull()),
    )
    frame: pd.DataFrame = grouped.order_by([unit, PERIOD]).execute()
    for column in (PERIOD, "contacts", "exposed", "events", "trials"):
        frame[column] = frame[column].astype("int64")
    adopted = frame[frame["exposed"] >= ADOPTED_SHARE * frame["contacts"]]
    frame[FIRST] = frame[unit].map(adopted.groupby(unit)[PERIOD].min())
    return frame.loc[frame["trials"] > 0, [unit, PERIOD, FIRST, "events", "trials"]].reset_index(
        drop=True
    )


def _half_year(moment: Any) -> Any:
    return moment.year() * 2 + (moment.month() > 6).cast("int64")


def _careers(table: Any, question: Question) -> Any:
    """Return one row per officer: career, and the moment of the first exposed contact."""
    import ibis

    exposed = table[exposure_column(question.exposure)]
    known = table.filter(exposed.notnull() & table.officer_key.notnull())
    exposed = known[exposure_column(question.exposure)]
    found = known.group_by("officer_key").aggregate(
        first_exposed=known.contact_at.min(where=exposed),
        last_other=known.contact_at.max(where=~exposed),
    )
    career = ibis.cases(
        (found.first_exposed.isnull(), NEVER),
        (found.last_other.isnull(), ALWAYS),
        (found.last_other > found.first_exposed, MIXED),
        else_=TURNED,
    )
    return found.mutate(**{CAREER: career})


def _eligible(snapshot: Snapshot, question: Question) -> Any:
    """Return the contacts of a question that a comparison within officers may use."""
    import ibis

    table = encounters(snapshot)
    known = _careers(table, question).filter(lambda t: t[CAREER].isin([TURNED, NEVER]))
    joined = filtered(table, question).inner_join(known, "officer_key")
    exposed = joined[exposure_column(question.exposure)]
    training = (
        (joined.contact_at >= joined.first_exposed - ibis.interval(days=TRAINING_DAYS)) & ~exposed
    ).fill_null(False)
    return joined.filter(exposed.notnull() & ~training)
