"""Words of *Program elements*: what was assessed, what the records tell. No grade, no total."""

from __future__ import annotations

from datetime import date

from data.registry.elements import Element
from metrics.elements import (
    YEAR,
    Assessment,
    Instrument,
    Line,
    Minutes,
    Scorecard,
    Value,
    assessed,
)
from metrics.estimate import NotEstimable
from metrics.wording import marks
from metrics.wording.certification import day as day_words
from metrics.wording.numbers import listed, percent, reason

INTRO = (
    "What a CIT program is made of, one element a row. What the records tell is computed and never"
    " self-rated; the rest is as assessed, by whom, by which instrument. There is no grade and no total:"
    " elements do not add up."
)
NOT_RECORDED = "Not recorded"
NOT_RECORDED_NOTE = "*Not recorded* is not *no*: nobody has said either way."
NO_ASSESSMENT = (
    "No element has been assessed up to this day: load `program_elements.csv`"
    " (`python -m data template --out DIR` writes its header), one row per element and date."
)
CONTEXT = "context, not a test"
HISTORY_NOTE = (
    "Every assessment on record up to this day, newest first. An empty cell: not assessed then."
)

STATUSES = {
    "met": "Met",
    "partly": "Partly met",
    "planned": "Planned",
    "not_met": "Not met",
    "not_assessed": NOT_RECORDED,
}
ASSESSORS = {
    "self": "the agency itself",
    "peer_review": "peer review",
    "state_council": "the state council",
    "cit_international": "CIT International",
    "monitor": "a monitor",
}
OF = {
    "coverage": "days had a CIT officer on every district and shift",
    "certified": "people ever certified hold a certificate in date",
    "patrol": "people on patrol are certified",
    "response": "calls or contacts known as a crisis at dispatch had a CIT officer come",
    "volunteers": "certified people volunteered and were selected",
    "experience": "people had a year of service or more at their first 40-hour course",
    "in_service": "certified people had a refresher or the 40-hour course in the last 24 months",
    "callers": "call takers and dispatchers have their CIT course",
    "awareness": "other people had awareness training",
    "agreements": "places of care have a written agreement in force",
    "dropoff": "places of care take everyone police bring at any hour",
}
"""What each computed share is of; ``handoff`` is minutes."""


def value(line: Line) -> str:
    """Return what the records tell of an element, or why they cannot; "" where only people can."""
    if line.value is None or line.element.computed is None:
        return ""
    shown = _value(line.element.computed, line.value)
    return f"{shown} ({CONTEXT})" if line.element.context and _known(line.value) else shown


def _known(found: Value) -> bool:
    return not isinstance(found, NotEstimable)


def _value(kind: str, found: Value) -> str:
    if isinstance(found, NotEstimable):
        return f"{NOT_RECORDED}: {reason(found)}"
    if isinstance(found, Minutes):
        text = f"{found.median:.0f} minutes (median of {found.n:,} hand-offs at hospitals)"
        return f"{text}; {found.unknown:,} not recorded" if found.unknown else text
    text = f"{found.events:,} of {found.n:,} {OF[kind]} ({percent(found.value)})"
    return f"{text}; {found.unknown:,} not recorded" if found.unknown else text


def status(one: Assessment | None) -> str:
    """Return an assessment's status in words."""
    if one is None or not assessed(one):
        return NOT_RECORDED
    return STATUSES.get(str(one.status), str(one.status))


def rated(line: Line) -> str:
    """Return the latest status; for what is only computed, that it is not assessed by people."""
    if not line.element.assessed:
        return "computed only"
    return status(line.rated)


def told(one: Assessment | None) -> str:
    """Say who assessed it, by which instrument, and when."""
    if one is None:
        return ""
    parts = [ASSESSORS.get(one.assessed_by or "", "by whom is not recorded")]
    parts.append(one.instrument or "instrument not recorded")
    return f"{', '.join(parts)}, {day_words(one.as_of)}"


def assessment(line: Line) -> str:
    """Say what was assessed, by whom, when, and the document that shows it."""
    if line.rated is None:
        return rated(line)
    evidence = f" ({line.rated.evidence})" if line.rated.evidence else ""
    return f"{rated(line)}: {told(line.rated)}{evidence}"


def outside(line: Line) -> str:
    """Return the latest status given by someone other than the agency, where it is not the latest."""
    one = line.outside
    if one is None or one is line.rated:
        return ""
    return f"{status(one)} ({told(one)})"


def as_of(found: Scorecard, last: date | None) -> str:
    """Say of which day the page speaks and how far back its counts go."""
    where = "the last day of data" if found.day == last else "the day chosen"
    return (
        f"As of **{day_words(found.day)}**, {where}. What happened is counted over the {YEAR} days up to it"
        f" (from {day_words(found.first)})."
    )


def headline(found: Scorecard) -> str:
    """Say how many elements are known from the records, from people, and not at all."""
    computed = [a for a in found.lines if a.value is not None and _known(a.value)]
    people = [a for a in found.lines if a not in computed and assessed(a.rated)]
    rest = len(found.lines) - len(computed) - len(people)
    return (
        f"{len(computed)} of {len(found.lines)} elements are told by the records, {len(people)} by an"
        f" assessment alone, and {rest} are not recorded."
    )


def instruments(found: tuple[Instrument, ...]) -> str:
    """Say by which instruments and editions the elements were assessed last."""
    if not found:
        return NO_ASSESSMENT
    latest = found[0].as_of
    named = [
        f"{marks.shown(i.name or 'instrument not recorded')}"
        f" ({ASSESSORS.get(i.assessed_by or '', 'not recorded by whom')},"
        f" {i.elements} elements)"
        for i in found
        if i.as_of == latest
    ]
    return f"Last assessed on {day_words(latest)}: {listed(named)}."


def alt(label: str, found: Scorecard) -> str:
    """Return the words that name a table of the scorecard."""
    return f"{label}: program elements as of {day_words(found.day)}"


def name(element: Element) -> str:
    """Return an element's name."""
    return element.label
