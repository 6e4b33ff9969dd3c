"""What stands under the six tiles, and the wait at the hospital: each from its own tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from data import registry
from data.store import Snapshot
from metrics import aggregate, duty, handoffs, wording
from metrics.aggregate import liability as liabilities
from metrics.aggregate import partners
from metrics.aggregate.stored import rows
from metrics.aggregate.trace import kept
from metrics.liability import CriticalEvent, critical_events
from metrics.question import Question
from metrics.tile import Tile
from metrics.wording import duty as duty_words
from metrics.wording import handoffs as handoff_words
from metrics.wording import liability_terms as liability_words
from metrics.wording import views

LAPSE_DAYS = 90


def coverage(question: Question, snapshot: Snapshot, supplied: frozenset[str]) -> Tile:
    """Say on how many days of the question's period CIT was on duty everywhere, and who lapses soon."""
    found = _on_duty(snapshot, _dates(question))
    said = tuple(duty_words.overview_lines(found))
    lacking = isinstance(found, duty.Lacking)
    day = aggregate.coverage(snapshot).last
    if day is None or "certifications.certified_on" not in supplied:
        lapsing = views.CERTIFICATIONS_MISSING
    else:
        until = day + timedelta(days=LAPSE_DAYS)
        lapsing = views.lapsing(*aggregate.certifications(snapshot, day, until), day, until)
    details = (lapsing,) if lacking else (*said, lapsing)
    return Tile("coverage", "Coverage", None, details, said[0] if lacking else None, wide=True)


# The rosters and the critical events of some dates are the same whatever else is filtered.


def _dates(question: Question) -> Question:
    """Return a question with nothing but its dates."""
    return Question((), start=question.start, end=question.end)


@kept(32)
def _on_duty(snapshot: Snapshot, dates: Question) -> duty.Summary | duty.Lacking:
    return duty.summary(snapshot, dates)


@kept(32)
def _critical(snapshot: Snapshot, dates: Question) -> tuple[CriticalEvent, ...]:
    return critical_events(snapshot, dates)


def wait(question: Question, snapshot: Snapshot) -> str:
    """Say how long officers wait at the hospital."""
    if not rows(snapshot, "transports"):
        return views.WAIT_MISSING
    trips = partners.trips(snapshot, question)
    return handoff_words.tile(handoffs.at_hospitals(trips, partners.facilities(snapshot)))


@kept(16)
def waits(question: Question, snapshot: Snapshot) -> handoffs.Handoffs | None:
    """Return the hand-offs of a question's period; None where no trips are recorded."""
    if not rows(snapshot, "transports"):
        return None
    last = aggregate.coverage(snapshot).last
    trips = partners.trips(snapshot, question)
    return handoffs.handoffs(trips, partners.facilities(snapshot), last)


def serious(
    question: Question,
    snapshot: Snapshot,
    injured: Sequence[date] | None,
    highest: Sequence[date] | None,
) -> Tile:
    """Name the critical events of a question's dates, with their reviews, whatever its other filters.

    Then the days of serious injuries and of the highest level of force; None: not recorded.
    """
    details, missing = [], []
    if "critical_events" in liabilities.tables(snapshot):
        listed = _critical(snapshot, _dates(question))
        details.append(liability_words.serious(listed, bool(question.where)))
        details.append(liability_words.deaths(listed))
    else:
        missing.append(views.REVIEW_MISSING)
    if injured is None:
        missing.append(wording.needs(*registry.outcome("serious_injury").sources))
    else:
        details.append(views.serious("someone seriously injured", injured))
    if highest is not None:
        details.append(views.serious("force of the highest level", highest))
    lacking = " ".join(missing) or None
    return Tile("serious", "Serious", None, tuple(details), lacking, wide=True)


def liability(question: Question, snapshot: Snapshot, reports: tuple[int, int] | None) -> Tile:
    """Say what claims about a question's contacts cost so far, and whether force reports came on time.

    ``reports`` are contacts with their force report on time, and those that owed one and are judged;
    None: not recorded. Claims are those that a viewer may see.
    """
    details, missing = [], []
    found = liabilities.claims_of_period(snapshot, question)
    if found is None:
        missing.append(views.CLAIMS_MISSING)
    else:
        details.append(liability_words.claims(found))
    if reports is None:
        missing.append(views.REPORTS_MISSING)
    else:
        details.append(liability_words.reports(*reports))
    lacking = " ".join(missing) or None
    return Tile("liability", "Liability", None, tuple(details), lacking, wide=True)
