"""The scorecard of a CIT program: what people assessed, beside what the records tell. No grade, no total.

An element that nobody assessed and no record tells is *not recorded*, which is not *no*. What can be
computed is computed as of the day, over the 365 days up to it where it is about what happened, and never
taken from a self-rating.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from data.registry.elements import ELEMENTS, Element
from data.store import Snapshot
from metrics import aggregate, certification, duty, response
from metrics.aggregate import partners as partnership
from metrics.certification import Standing
from metrics.estimate import NotEstimable
from metrics.handoffs import handoffs
from metrics.question import ask
from metrics.shares import Share

if TYPE_CHECKING:
    import pandas as pd

YEAR = 365
SELF = "self"
STATUSES = ("met", "partly", "planned", "not_met", "not_assessed")


class Assessment(NamedTuple):
    """One assessment of one element: by whom, by which instrument and edition, when, on what evidence."""

    element: str
    as_of: date
    status: str | None
    instrument: str | None
    assessed_by: str | None
    evidence: str | None


class Minutes(NamedTuple):
    """A median of minutes, with the number it is of and those not recorded."""

    median: float
    n: int
    unknown: int


Value = Share | Minutes | NotEstimable


@dataclass(frozen=True)
class Line:
    """One element: ``history`` newest first, ``value`` None where only people can say.

    ``rated`` is the latest assessment, ``outside`` the latest by someone other than the agency.
    """

    element: Element
    history: tuple[Assessment, ...]
    value: Value | None

    @property
    def rated(self) -> Assessment | None:
        """The latest assessment."""
        return self.history[0] if self.history else None

    @property
    def outside(self) -> Assessment | None:
        """The latest assessment by someone other than the agency itself."""
        return next((a for a in self.history if a.assessed_by not in (None, SELF)), None)


class Instrument(NamedTuple):
    """One instrument and edition, who used it when, and how many elements it looked at."""

    name: str | None
    assessed_by: str | None
    as_of: date
    elements: int


@dataclass(frozen=True)
class Scorecard:
    """All elements as of a day, in the order of the registry; ``first`` begins the year looked back on."""

    day: date
    first: date
    lines: tuple[Line, ...]
    instruments: tuple[Instrument, ...]

    @property
    def recorded(self) -> bool:
        """Whether anything is recorded of any element."""
        return any(
            a.history or (a.value is not None and not isinstance(a.value, NotEstimable))
            for a in self.lines
        )

    def line(self, id_: str) -> Line:
        """Return the line of an element; raises ``KeyError``."""
        for line in self.lines:
            if line.element.id == id_:
                return line
        raise KeyError(id_)


class _Asked(NamedTuple):
    snapshot: Snapshot
    day: date
    first: date
    agency: str | None
    standing: Standing


def scorecard(snapshot: Snapshot, day: date, agency: str | None = None) -> Scorecard:
    """Return the scorecard as of a day, of one agency (of the only one, without)."""
    first = day - timedelta(days=YEAR - 1)
    standing = certification.standing(snapshot, day, agency)
    asked = _Asked(snapshot, day, first, agency, standing)
    history = assessments(aggregate.assessments(snapshot, day, agency))
    lines = tuple(
        Line(e, history.get(e.id, ()), COMPUTED[e.computed](asked) if e.computed else None)
        for e in ELEMENTS
    )
    return Scorecard(day, first, lines, _instruments(history))


def assessments(frame: pd.DataFrame) -> dict[str, tuple[Assessment, ...]]:
    """Return the assessments of each element, newest first, of ``aggregate.assessments``."""
    found: dict[str, list[Assessment]] = {}
    for row in frame.itertuples(index=False):
        told = (row.status, row.instrument, row.assessed_by, row.evidence)
        one = Assessment(row.element, row.as_of, *(_text(t) for t in told))
        found.setdefault(row.element, []).append(one)
    return {e: tuple(sorted(a, key=lambda x: x.as_of, reverse=True)) for e, a in found.items()}


def assessed(one: Assessment | None) -> bool:
    """Say whether an assessment says anything: no status and *not assessed* do not."""
    return one is not None and one.status not in (None, "not_assessed")


def _instruments(history: dict[str, tuple[Assessment, ...]]) -> tuple[Instrument, ...]:
    counted: dict[tuple[date, str | None, str | None], int] = {}
    for one in (a for all_ in history.values() for a in all_):
        if assessed(one):
            place = (one.as_of, one.instrument, one.assessed_by)
            counted[place] = counted.get(place, 0) + 1
    order = sorted(counted, key=lambda p: (-p[0].toordinal(), p[1] or "", p[2] or ""))
    return tuple(Instrument(name, by, day, counted[day, name, by]) for day, name, by in order)


def _coverage(asked: _Asked) -> Value:
    question = ask(start=asked.first, end=asked.day)
    found = duty.summary(asked.snapshot, question, asked.agency)
    if isinstance(found, duty.Lacking):
        return NotEstimable(f"it needs {', '.join(found.tables)}")
    if found.last < asked.first or not found.days.n:
        return NotEstimable("no roster covers these days")
    return found.days._replace(unknown=found.days_not_recorded)


def _certified(asked: _Asked) -> Value:
    total = asked.standing.total
    if not total.certified + total.lapsed:
        return NotEstimable("no CIT certificate is on record")
    if not asked.standing.expiry:
        return NotEstimable("no certificate has an expiry date on record")
    return Share(total.certified, total.certified + total.lapsed)


def _patrol(asked: _Asked) -> Value:
    if not asked.standing.records.rows["certifications"]:
        return NotEstimable("no CIT certificate is on record")
    return asked.standing.patrol


def _response(asked: _Asked) -> Value:
    if asked.agency is not None:
        return NotEstimable("counted for all agencies of this store together only")
    span = (asked.first, asked.day)
    found = response.came(ask(), asked.snapshot, span, None, span)
    if found is not None:
        return Share(found.now.events, found.now.n, found.now.unknown)
    daily = aggregate.daily(asked.snapshot, ask(["force"], start=asked.first, end=asked.day))
    n = int(daily["n:came_coded"].sum())
    if not n:
        return NotEstimable("no call or form of these days says that it was known as a crisis")
    return Share(int(daily["events:came_coded"].sum()), n)


def _handoff(asked: _Asked) -> Value:
    if asked.agency is not None:
        return NotEstimable("counted for all agencies of this store together only")
    if not partnership.stored(asked.snapshot)["transports"]:
        return NotEstimable("it needs the trips (a file of transports)")
    question = ask(start=asked.first, end=asked.day)
    trips = partnership.trips(asked.snapshot, question)
    found = handoffs(trips, partnership.facilities(asked.snapshot), asked.day).hospitals
    if isinstance(found.median, NotEstimable):
        return found.median
    return Minutes(found.median, found.n, found.missing + found.bad)


def _volunteers(asked: _Asked) -> Value:
    chosen = aggregate.selections(asked.snapshot, asked.day, asked.agency)
    known = {k: chosen.get(k, 0) for k in SELECTIONS}
    if not sum(known.values()):
        return NotEstimable("it needs officers.cit_selection")
    unknown = sum(chosen.values()) - sum(known.values())
    return Share(known["volunteered_selected"], sum(known.values()), unknown)


def _experience(asked: _Asked) -> Value:
    year, less, unknown = aggregate.experience(asked.snapshot, asked.day, asked.agency)
    if not year + less:
        return NotEstimable("it needs trainings.years_service_at_training")
    return Share(year, year + less, unknown)


def _in_service(asked: _Asked) -> Value:
    found = asked.standing.in_service
    if isinstance(found, NotEstimable):
        return found
    return Share(found.refreshed + found.course, found.certified)


def _callers(asked: _Asked) -> Value:
    return asked.standing.telecommunicators


def _awareness(asked: _Asked) -> Value:
    return asked.standing.others


def _agreements(asked: _Asked) -> Value:
    places = aggregate.facilities(asked.snapshot, asked.day, asked.agency)
    if places.empty:
        return NotEstimable("it needs the places of care (a file of service_providers)")
    return _places(places, "agreement", ("yes",), "no written agreement is recorded either way")


def _dropoff(asked: _Asked) -> Value:
    places = aggregate.facilities(asked.snapshot, asked.day, asked.agency)
    if places.empty:
        return NotEstimable("it needs the places of care (a file of service_providers)")
    return _places(places, "dropoff", ("always",), "whether places take everyone is not recorded")


def _places(places: pd.DataFrame, column: str, yes: tuple[str, ...], lacking: str) -> Value:
    known = places[places[column].notna()]
    of = int(known["places"].sum())
    if not of:
        return NotEstimable(lacking)
    hits = int(known.loc[known[column].isin(yes), "places"].sum())
    return Share(hits, of, int(places["places"].sum()) - of)


SELECTIONS = ("volunteered_selected", "volunteered", "assigned", "recruit_academy")
"""How an officer came to CIT, where it is known; whoever holds a certificate is in the program."""

COMPUTED: dict[str, Callable[[_Asked], Value]] = {
    "coverage": _coverage,
    "certified": _certified,
    "patrol": _patrol,
    "response": _response,
    "handoff": _handoff,
    "volunteers": _volunteers,
    "experience": _experience,
    "in_service": _in_service,
    "callers": _callers,
    "awareness": _awareness,
    "agreements": _agreements,
    "dropoff": _dropoff,
}
"""How each ``Element.computed`` is computed."""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
