"""Liability: what may come back to the agency, per 1,000 crisis contacts, and how late it comes.

Rates carry exact Poisson intervals (:func:`metrics.proportions.rate_per_1000`). Comparisons of the
outcomes are those of ``evaluate``, never computed again here. Injuries by cause are compared as two
Poisson rates (:func:`metrics.ratios.rate_ratio`), not adjusted, and only where each group has as many
events as the adjusted comparison asks for. Critical events are listed: never rated, never counted by group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from data.roles import Role
from data.store import Snapshot
from metrics import proportions, ratios
from metrics.aggregate import coverage
from metrics.aggregate import liability as counted
from metrics.aggregate.liability import (
    DURING,
    INSIDE,
    NOWHERE,
    SEVERAL,
    STANDINGS,
    WHO,
    PeriodClaims,
)
from metrics.aggregate.relation import as_date
from metrics.estimate import Estimated, NotEstimable
from metrics.headline import FEWEST_EVENTS
from metrics.question import Question
from metrics.ratios import RateRatio
from metrics.result import Comparison
from metrics.shares import quantile

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = (
    "force",
    "officer_injury",
    "subject_injury",
    "serious_injury",
    "complaint",
    "claim",
    "property_damage",
    "tactical_callout",
)
"""What the page counts of the two groups, in the order of its figure and its table."""

TOO_FEW = NotEstimable(f"fewer than {FEWEST_EVENTS} events in a group: too few to say")
CAUSE_COLUMNS = ("injuries.who", "injuries.cause")
FINDINGS = ("within_policy", "training", "policy_violation", "other")


class Rate(NamedTuple):
    """``events`` in ``n`` contacts of one group; ``not_recorded`` contacts are in neither."""

    events: int
    n: int
    not_recorded: int = 0

    @property
    def per_1000(self) -> Estimated:
        """Events per 1,000 contacts with exact Poisson limits; not estimable without contacts."""
        return proportions.rate_per_1000(self.events, self.n)


class Row(NamedTuple):
    """One outcome: both rates as counted, and the comparison that stands beside them."""

    comparison: Comparison

    @property
    def cit(self) -> Rate:
        """The first group."""
        c = self.comparison
        return Rate(c.cit.events, c.cit.n, c.not_recorded.cit)

    @property
    def other(self) -> Rate:
        """The second group."""
        c = self.comparison
        return Rate(c.other.events, c.other.n, c.not_recorded.other)


class Cause(NamedTuple):
    """Contacts in which someone (``who``) was hurt by one cause during the contact, by group.

    ``ratio`` is the first rate over the second with its exact test, not adjusted; refused with
    :data:`TOO_FEW` where a group has fewer events than the adjusted comparison asks for.
    """

    who: str
    cause: str
    cit: Rate
    other: Rate
    ratio: RateRatio


class Apart(NamedTuple):
    """Injuries that are not, or not surely, the person's or an officer's during the contact."""

    who: str | None
    cause: str | None
    n: int


class CriticalEvent(NamedTuple):
    """One event that is listed; None: not recorded. ``legal_hold`` is yes, no or unknown."""

    day: date | None
    kind: str | None
    district: str | None
    review: str | None
    legal_hold: str | None


class Delay(NamedTuple):
    """Whole days from a contact until something about it was received.

    Of ``n`` that came so far; ``odd`` more were dated before the contact and left out. ``until`` is the
    last day on record: what came later is not here, so true delays are longer.
    """

    n: int
    median: float | None
    nine_in_ten: float | None
    odd: int
    until: date | None


@dataclass(frozen=True)
class Complaints:
    """Complaints about contacts of the question, each once, by how they stand; the rest apart.

    ``n`` are the contacts complaints reach, of ``contacts``. ``several`` name only an incident of several
    contacts; ``unlinked`` no contact on record: neither is in ``received``.
    """

    contacts: int
    n: int
    standing: tuple[tuple[str, int], ...]
    commendations: int
    inquiries: int
    kind_unknown: int
    several: int
    unlinked: int
    delay: Delay

    @property
    def received(self) -> int:
        """Complaints about contacts of the question."""
        return sum(n for _, n in self.standing)

    def rate(self, count: int) -> Estimated:
        """Return a count per 1,000 of the contacts that complaints reach, with exact Poisson limits."""
        return proportions.rate_per_1000(count, self.n)


@dataclass(frozen=True)
class Reviews:
    """Applications of force: reviewed by a supervisor or not, and what was found of the reviewed.

    ``silent`` ones come from exports that do not say whether there was a review.
    """

    applications: int
    reviewed: int
    not_reviewed: int
    findings: tuple[tuple[str, int], ...]

    @property
    def silent(self) -> int:
        """Applications of which nobody can say whether they were reviewed."""
        return self.applications - self.reviewed - self.not_reviewed

    @property
    def without_finding(self) -> int:
        """Reviewed applications whose finding is pending or was not recorded."""
        return self.reviewed - sum(n for _, n in self.findings)


@dataclass(frozen=True)
class Liability:
    """Everything of the page.

    ``tables`` are those the store was given; ``last`` is the last day asked about, at most the day of the
    last contact on record.
    """

    question: Question
    tables: frozenset[str]
    last: date | None
    rows: tuple[Row, ...]
    causes: tuple[Cause, ...]
    apart: tuple[Apart, ...]
    events: tuple[CriticalEvent, ...]
    complaints: Complaints
    claims: PeriodClaims | None
    claim_delay: Delay
    reviews: Reviews


def liability(
    question: Question,
    snapshot: Snapshot,
    comparisons: Sequence[Comparison],
    role: Role = Role.VIEWER,
) -> Liability:
    """Gather the page: counts of a question's contacts beside ``evaluate``'s ``comparisons`` of ``OUTCOMES``.

    Claims that are privileged, or not marked, are seen by a ``role`` that may. Internal only: there is
    no public form of this. Raises ``ValueError`` for the comparisons of other outcomes.
    """
    if tuple(c.outcome for c in comparisons) != OUTCOMES:
        raise ValueError(f"comparisons must be those of {', '.join(OUTCOMES)}")
    claims = counted.claims_of_period(snapshot, question, role)
    return Liability(
        question,
        counted.tables(snapshot),
        min((d for d in (question.end, coverage(snapshot).last) if d), default=None),
        tuple(Row(c) for c in comparisons),
        causes(counted.injuries(snapshot, question)),
        tuple(Apart(*r) for r in _rows(counted.injuries_apart(snapshot, question))),
        critical_events(snapshot, question),
        complaints(counted.complaints(snapshot, question)),
        claims,
        Delay(0, None, None, 0, None) if claims is None else delay(claims.days, claims.until),
        reviews(counted.force_reviews(snapshot, question)),
    )


def critical_events(snapshot: Snapshot, question: Question) -> tuple[CriticalEvent, ...]:
    """Return the critical events of the question's dates, whatever its other filters, oldest first."""
    return tuple(
        CriticalEvent(as_date(day), *rest)
        for day, *rest in _rows(counted.critical_events(snapshot, question))
    )


def rates_compared(cit: Rate, other: Rate) -> RateRatio:
    """Return the ratio of two rates with its exact conditional test, or :data:`TOO_FEW`.

    Given all events, those of the first group are binomial: the interval is Clopper-Pearson's of that
    split, as a ratio (Przyborowski & Wilenski 1940, Biometrika 31:313). Refused under ``FEWEST_EVENTS``
    events in either group; not estimable without contacts in one.
    """
    if cit.n and other.n and min(cit.events, other.events) < FEWEST_EVENTS:
        return RateRatio(TOO_FEW, TOO_FEW)
    return ratios.rate_ratio(cit.events, cit.n, other.events, other.n)


def causes(frame: pd.DataFrame) -> tuple[Cause, ...]:
    """Compare the counts of ``aggregate.liability.injuries``, in the order of ``WHO`` and ``DURING``."""
    found = {
        (bool(r.exposed), r.who, r.cause): Rate(
            int(r.events), int(r.contacts) - int(r.unknown), int(r.unknown)
        )
        for r in frame.itertuples(index=False)
    }
    none = Rate(0, 0)
    rows = []
    for who in WHO if found else ():
        for cause in DURING:
            cit, other = (found.get((arm, who, cause), none) for arm in (True, False))
            rows.append(Cause(who, cause, cit, other, rates_compared(cit, other)))
    return tuple(rows)


def delay(frame: pd.DataFrame, until: date | None) -> Delay:
    """Summarise counts by ``days``; negative ones are slips of the pen and left out."""
    sane = frame[frame["days"] >= 0]
    days, n = [int(v) for v in sane["days"]], [int(v) for v in sane["n"]]
    odd = int(frame["n"].sum()) - sum(n)
    return Delay(sum(n), quantile(days, n, 0.5), quantile(days, n, 0.9), odd, until)


def complaints(found: counted.Complaints) -> Complaints:
    """Sum the counts of ``aggregate.liability.complaints``."""
    frame = found.received

    def total(kind: str, place: str, standing: str | None = None) -> int:
        own = frame[(frame["kind"] == kind) & (frame["place"] == place)]
        return int(own.loc[own["standing"] == standing, "n"].sum() if standing else own["n"].sum())

    unkind = frame[frame["kind"].isna() & (frame["place"] == INSIDE)]
    return Complaints(
        found.contacts,
        found.n,
        tuple((s, total("complaint", INSIDE, s)) for s in STANDINGS),
        total("commendation", INSIDE),
        total("inquiry", INSIDE),
        int(unkind["n"].sum()),
        total("complaint", SEVERAL),
        total("complaint", NOWHERE),
        delay(found.days, found.until),
    )


def reviews(frame: pd.DataFrame) -> Reviews:
    """Sum the counts of ``aggregate.liability.force_reviews``."""
    n, done = frame["n"].astype(int), frame["reviewed"] == "yes"
    return Reviews(
        int(n.sum()),
        int(n[done].sum()),
        int(n[frame["reviewed"] == "no"].sum()),
        tuple((f, int(n[done & (frame["finding"] == f)].sum())) for f in FINDINGS),
    )


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    """Return rows with None for what is missing, whatever the engine made of it."""
    return frame.astype(object).where(frame.notna(), None).to_numpy().tolist()
