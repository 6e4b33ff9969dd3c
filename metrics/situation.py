"""Which way of looking fits an agency: a comparison, a small agency, or one where all are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from data.loads import Agency
from data.store import Snapshot
from metrics import aggregate
from metrics.aggregate import EXPOSURE, MONTH, OFFICER
from metrics.question import Question

if TYPE_CHECKING:
    import pandas as pd

COMPARISON = "comparison"
SMALL = "small"
UNIVERSAL = "universal"

FEWEST_CIT_OFFICERS = 6
FEWEST_EXPECTED = 5.0
UNTRAINED_SHARE = 0.02
_OWN = "primary"
_ALL_TRAINED = ("all_officers_trained", "all_trained_plus_enhanced_team")


@dataclass(frozen=True)
class Contacts:
    """Contacts of one group with the outcome recorded, and events among them."""

    n: int
    events: int


@dataclass(frozen=True)
class BeforeAfter:
    """Contacts of officers who have contacts both before and after they were certified.

    Before: not certified, in a month before the officer's first certified contact; after: certified.
    A lapse, and the rest of the month of that first contact, are in neither.
    """

    officers: int
    before_n: int
    before_events: int
    after_n: int
    after_events: int


@dataclass(frozen=True)
class Alone:
    """What is said of an outcome where no groups are compared.

    ``enhanced`` holds the contacts of officers with an enhanced certification and those of all others;
    None where it is not recorded.
    """

    last_event: date | None
    last_contact: date | None
    events_in_last_year: int
    before_after: BeforeAfter
    enhanced: tuple[Contacts, Contacts] | None = None

    @property
    def days_since(self) -> int | None:
        """Days from the last event to the last contact of the period."""
        if self.last_event is None or self.last_contact is None:
            return None
        return (self.last_contact - self.last_event).days


@dataclass(frozen=True)
class Situation:
    """What the data say of the agency's size and training, and the way of looking they call for.

    ``alone`` is what is said then; None where groups are compared.
    """

    way: str
    cit_officers: int | None
    expected: float
    trained_share: float | None
    alone: Alone | None = None


def situation(
    question: Question,
    outcome: str,
    snapshot: Snapshot,
    agencies: tuple[Agency, ...],
    way: str | None = None,
) -> Situation:
    """Look at one outcome's counts by officer and choose the way of looking; ``way`` overrides it.

    *Small*: fewer than 6 CIT officers, or fewer than 5 events expected in an arm if both had the
    overall rate. *Universal*: the agency says that all are trained, or under 2% of contacts are in the
    other arm.
    """
    asked = question.only(outcome)
    frame = aggregate.counts(snapshot, asked, officers=True).frame
    known = frame[frame[EXPOSURE].notna()]
    n, events = f"n:{outcome}", f"events:{outcome}"
    arms = {a: known[known[EXPOSURE] == a] for a in (True, False)}
    sizes = {a: int(arms[a][n].sum()) for a in arms}
    total = sum(sizes.values())
    rate = int(known[events].sum()) / total if total else 0.0
    expected = rate * min(sizes.values())
    # Without officer numbers their count is not recorded, and not a sign of a small agency.
    numbered = known[OFFICER].notna().any()
    officers = int(arms[True][OFFICER].nunique()) if numbered else None
    share = sizes[True] / total if total else None
    way = way or _way(agencies, share, officers, expected, total)
    return Situation(
        way=way,
        cit_officers=officers,
        expected=expected,
        trained_share=share,
        alone=None if way == COMPARISON else alone(question, outcome, snapshot),
    )


def alone(question: Question, outcome: str, snapshot: Snapshot) -> Alone:
    """Look at one outcome without a comparison: when it last happened, and officers' own before and after."""
    asked = question.only(outcome)
    coverage = aggregate.coverage(snapshot)
    frame = aggregate.counts(
        snapshot, replace(asked, exposure=_OWN), officers=True, months=True
    ).frame
    days = aggregate.event_days(snapshot, asked, outcome)
    last = coverage.last
    if question.end and last and question.end < last:
        last = question.end
    return Alone(
        last_event=days[-1] if days else None,
        last_contact=last,
        events_in_last_year=sum(1 for d in days if last and (last - d).days < 365),
        before_after=_before_after(
            frame[frame[EXPOSURE].notna()], f"n:{outcome}", f"events:{outcome}"
        ),
        enhanced=_enhanced(asked, outcome, snapshot)
        if coverage.records_exposure("enhanced")
        else None,
    )


def _enhanced(question: Question, outcome: str, snapshot: Snapshot) -> tuple[Contacts, Contacts]:
    counts = aggregate.counts(snapshot, replace(question, exposure="enhanced"))
    team, others = (
        Contacts(counts.total(f"n:{outcome}", arm), counts.total(f"events:{outcome}", arm))
        for arm in (True, False)
    )
    return team, others


def _way(
    agencies: tuple[Agency, ...],
    share: float | None,
    officers: int | None,
    expected: float,
    total: int,
) -> str:
    if any(a.cit_model in _ALL_TRAINED for a in agencies):
        return UNIVERSAL
    if share is not None and share > 1 - UNTRAINED_SHARE:
        return UNIVERSAL
    few_officers = officers is not None and officers < FEWEST_CIT_OFFICERS
    if total and (few_officers or expected < FEWEST_EXPECTED):
        return SMALL
    return COMPARISON


def _before_after(known: pd.DataFrame, n: str, events: str) -> BeforeAfter:
    import pandas as pd

    own = known[known[OFFICER].notna() & (known[n] > 0)]
    if own.empty:
        return BeforeAfter(0, 0, 0, 0, 0)
    officer, officers = pd.factorize(own[OFFICER])
    month = pd.to_datetime(own[MONTH]).to_numpy().astype("datetime64[M]").astype("int64")
    after = own[EXPOSURE].to_numpy(dtype=bool)
    first = np.full(len(officers), np.iinfo("int64").max)
    np.minimum.at(first, officer[after], month[after])
    before = ~after & (month < first[officer])
    both = np.intersect1d(officer[before], officer[after])
    counted = np.isin(officer, both)
    sizes, happened = own[n].to_numpy(), own[events].to_numpy()
    return BeforeAfter(
        officers=len(both),
        before_n=int(sizes[before & counted].sum()),
        before_events=int(happened[before & counted].sum()),
        after_n=int(sizes[after & counted].sum()),
        after_events=int(happened[after & counted].sum()),
    )
