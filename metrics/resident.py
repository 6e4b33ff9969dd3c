"""What a resident is told: an answer per program element, and what happened to people, safely.

Everything here may be published. What happened to people comes through ``metrics.disclosure``: the fixed
grid's 24 months, both groups together, whole percents, and only where the public report shows the
comparison's own counts (``release.export``). Officers and call takers are not people helped, yet small
groups of them are not described either: a share is told in tenths, of as many people as may be published
or more. No place and no month is ever cut out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from data import loads
from data.registry.elements import Element
from data.store import Snapshot
from metrics import aggregate, elements, response, result
from metrics.disclosure import release, whole_percent
from metrics.disclosure.grid import ROLLING, Period
from metrics.elements import Assessment, Line, Minutes, Scorecard, assessed
from metrics.estimate import Estimate, NotEstimable
from metrics.evaluate import evaluate
from metrics.question import Question, ask
from metrics.result import Comparison
from metrics.shares import Share

YES, PARTLY, NO, NOT_RECORDED, TOO_FEW, SHOWN = (
    "yes",
    "partly",
    "no",
    "not_recorded",
    "too_few",
    "shown",
)
YES_FROM, NO_UNDER = 0.95, 0.05
"""A computed share is *yes* from 95 of 100, *no* under 5 of 100, *partly* between. Fixed, and said."""

LEAST_APART = 0.01
"""Two adjusted shares closer than this are not shown as whole percents, nor any under it."""
MIXED = 0.1
"""Share of the second group to which a CIT officer came, from which the page says so."""

ANSWERS = {"met": YES, "partly": PARTLY, "planned": NO, "not_met": NO}
"""How an assessment answers; what is planned is not there yet."""

HAPPENED = (
    "force",
    "injury",
    "arrest",
    "emergency_hold",
    "voluntary_care",
    "resolved_on_scene",
)
"""The outcomes that a resident is told of, of those that the registry holds."""

DAYS, PEOPLE, PLACES, CALLS, MINUTES = "days", "people", "places", "calls", "minutes"
UNITS = {
    "coverage": DAYS,
    "response": CALLS,
    "handoff": MINUTES,
    "agreements": PLACES,
    "dropoff": PLACES,
}
"""What a computed element counts; the others count people."""

ALL, MOST_ALL, SOME, HARDLY, NONE = "all", "nearly_all", "some", "hardly", "none"


class Told(NamedTuple):
    """A share as it may be told. ``level`` is ALL, MOST_ALL (rounds to 10 in 10), SOME, HARDLY or NONE.

    ``tenths`` is 1 to 9 for SOME. Only days carry their numbers, ``hits`` of ``of``; ``minutes`` is
    rounded to 5.
    """

    unit: str
    level: str
    tenths: int = 0
    hits: int = 0
    of: int = 0
    minutes: int = 0


class Answer(NamedTuple):
    """An element's answer, what it is told by, and when. ``assessment`` is None for what is computed."""

    element: Element
    answer: str
    told: Told | None
    assessment: Assessment | None
    as_of: date | None


class Happened(NamedTuple):
    """One outcome over 24 months: whole percent of contacts, or why not (TOO_FEW, NOT_RECORDED).

    ``percent`` 0 with ``any`` is under one half of 100; ``any`` is False where it never happened.
    """

    outcome: str
    percent: int | None
    reason: str | None
    any: bool = True


class Effect(NamedTuple):
    """A clear adjusted difference, as the public report has it.

    Whole percents of both groups, or None where rounding would make more or less of the difference
    than it is. ``main`` says that the groups differ by the main officer; ``mixed`` that a CIT officer
    came to a tenth or more of the second group's contacts.
    """

    outcome: str
    lower: bool
    with_cit: int | None
    without: int | None
    main: bool
    mixed: bool


@dataclass(frozen=True)
class Resident:
    """The whole page. ``period`` is None where the data hold under 24 whole months."""

    agency: str
    contact: str
    simulated: bool
    day: date | None
    answers: tuple[Answer, ...]
    period: Period | None
    contacts: int | None
    happened: tuple[Happened, ...]
    effects: tuple[Effect, ...]
    threshold: int


def public_question(snapshot: Snapshot) -> Question:
    """Return the one question whose comparisons the page may speak of."""
    return ask(exposure=release.public_exposure(snapshot))


def resident(
    snapshot: Snapshot,
    scorecard: Scorecard | None = None,
    comparisons: tuple[Comparison, ...] | None = None,
) -> Resident | NotEstimable:
    """Return the page of a store with one agency; of several it says that it cannot speak for them.

    ``scorecard`` and ``comparisons`` (of :func:`public_question`, public access) are computed where
    they are not given.
    """
    snapshot = snapshot.to_publish()
    agencies = loads.agencies(snapshot)
    if len(agencies) != 1:
        return NotEstimable(f"the page speaks for one agency and the store holds {len(agencies)}")
    own = snapshot.store.settings
    day = aggregate.coverage(snapshot).last
    least = release.threshold(snapshot)
    found = release.export(snapshot)
    period = next((p for p in found.grid if p.id == ROLLING), None)
    shown = period is not None and found.allows_contacts(ROLLING)
    answers: tuple[Answer, ...] = ()
    if day is not None:
        card = elements.scorecard(snapshot, day) if scorecard is None else scorecard
        response_share = _response(snapshot, period if shown else None, least)
        answers = tuple(
            answer(_public(line, response_share, shown), _day(line, card.day, period), least)
            for line in card.lines
        )
    if comparisons is None:
        comparisons = (
            evaluate(public_question(snapshot), "public", snapshot=snapshot) if day else ()
        )
    happened, contacts = _happened(snapshot, period, least)
    return Resident(
        agency=own.agency_name or agencies[0].name,
        contact=own.agency_contact,
        simulated=agencies[0].simulated,
        day=day,
        answers=answers,
        period=period,
        contacts=contacts if shown else None,
        happened=happened,
        effects=effects(comparisons),
        threshold=least,
    )


def _public(line: Line, response_share: Share | NotEstimable, shown: bool) -> Line:
    """Return a line whose value may be told: what counts contacts only over the public 24 months."""
    if line.element.computed == "response":
        return Line(line.element, line.history, response_share)
    if line.element.computed == "handoff" and not shown:
        return Line(line.element, line.history, NotEstimable(result.WITHHELD))
    return line


def _day(line: Line, day: date, period: Period | None) -> date:
    """Return the day a computed answer is of: the end of the 24 months for what comes from calls."""
    return period.end if period and line.element.computed == "response" else day


def answer(line: Line, day: date, least: int) -> Answer:
    """Return an element's answer: from the records where they tell it, else as it was assessed."""
    value = line.value
    if value is not None and not isinstance(value, NotEstimable):
        unit = UNITS.get(line.element.computed or "", PEOPLE)
        told = tell(value, unit, least)
        if told is None:
            return Answer(line.element, TOO_FEW, None, None, day)
        if line.element.context or isinstance(value, Minutes):
            return Answer(line.element, SHOWN, told, None, day)
        return Answer(line.element, judged(value), told, None, day)
    if isinstance(value, NotEstimable) and value.reason == result.WITHHELD:
        return Answer(line.element, TOO_FEW, None, None, day)
    rated = line.rated
    if rated is None or not assessed(rated):
        return Answer(line.element, NOT_RECORDED, None, None, None)
    return Answer(line.element, ANSWERS[str(rated.status)], None, rated, rated.as_of)


def judged(share: Share) -> str:
    """Return yes, partly or no of a share, by the fixed rule."""
    if not share.n:
        return NOT_RECORDED
    if share.events >= YES_FROM * share.n:
        return YES
    return NO if share.events < NO_UNDER * share.n else PARTLY


def tell(value: Share | Minutes, unit: str, least: int) -> Told | None:
    """Return a share as it may be told, or None where too few stand behind it.

    Days and places are not people: they have no smallest number, and places are told in words alone.
    """
    if isinstance(value, Minutes):
        if value.n < least:
            return None
        return Told(MINUTES, SOME, minutes=max(5, 5 * int(value.median / 5 + 0.5)))
    if unit in (PEOPLE, CALLS) and value.n < least:
        return None
    if unit == CALLS and whole_percent(value.events, value.n, least) is None:
        return None
    if not value.n:
        return None
    tenths = (20 * value.events + value.n) // (2 * value.n)
    level = SOME
    if value.events == value.n:
        level = ALL
    elif value.events == 0:
        level = NONE
    elif tenths == 10:
        level = MOST_ALL
    elif tenths == 0:
        level = HARDLY
    kept = (value.events, value.n) if unit == DAYS else (0, 0)
    return Told(unit, level, tenths if level == SOME else 0, *kept)


def effects(comparisons: tuple[Comparison, ...]) -> tuple[Effect, ...]:
    """Return the differences that may be told: adjusted, and clear by the public report."""
    found = []
    for c in comparisons:
        clear = c.certainty == result.CLEAR and c.verdict in (result.LOWER, result.HIGHER)
        told = c.outcome in HAPPENED and not c.withheld
        if not clear or not told or not isinstance(c.adjusted.risk_difference, Estimate):
            continue
        cit, other = c.adjusted.risk_cit, c.adjusted.risk_other
        shares: tuple[int | None, int | None] = (None, None)
        if isinstance(cit, Estimate) and isinstance(other, Estimate):
            apart = abs(cit.estimate - other.estimate)
            if apart >= LEAST_APART and min(cit.estimate, other.estimate) >= LEAST_APART:
                shares = int(100 * cit.estimate + 0.5), int(100 * other.estimate + 0.5)
        mixed = (c.contamination.share or 0) >= MIXED
        main = c.exposure == "primary"
        found.append(Effect(c.outcome, c.verdict == result.LOWER, *shares, main, mixed))
    return tuple(found)


def _response(snapshot: Snapshot, period: Period | None, least: int) -> Share | NotEstimable:
    """Share of calls known as a crisis to which a CIT officer came, over the public 24 months."""
    if period is None:
        return NotEstimable("no public period, or its contacts may not be told")
    span = (period.start, period.end)
    found = response.came(ask(), snapshot, span, None, span)
    if found is not None:
        return Share(found.now.events, found.now.n, found.now.unknown)
    asked = ask(["force"], start=period.start, end=period.end)
    daily = aggregate.daily(snapshot, asked)
    n = int(daily["n:came_coded"].sum())
    if not n:
        return NotEstimable("no call or form says that it was known as a crisis")
    return Share(int(daily["events:came_coded"].sum()), n)


def _happened(
    snapshot: Snapshot, period: Period | None, least: int
) -> tuple[tuple[Happened, ...], int | None]:
    """Return each outcome's share of contacts in both groups, and how many these are."""
    found = release.export(snapshot)
    recorded = found.standings.outcomes
    if period is None:
        return (), None
    asked = ask(
        list(HAPPENED),
        exposure=release.public_exposure(snapshot),
        start=period.start,
        end=period.end,
    )
    counts = aggregate.counts(snapshot, asked)

    def both(column: str) -> int:
        return counts.total(column, True) + counts.total(column, False)

    rows = []
    for id_ in HAPPENED:
        n, events = both(f"n:{id_}"), both(f"events:{id_}")
        if id_ not in recorded or not n:
            rows.append(Happened(id_, None, NOT_RECORDED))
            continue
        percent = whole_percent(events, n, least) if found.allows(id_, period.id) else None
        rows.append(Happened(id_, percent, TOO_FEW if percent is None else None, events > 0))
    contacts = both("contacts")
    return tuple(rows), contacts if contacts >= least else None
