"""Officers before and after certification: the comparison that volunteers' stable traits cannot spoil.

It removes what does not change about an officer. It does not remove tenure, calendar time or dispatch
after certification: calendar time and (where recorded) tenure are in the model, dispatch is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from data.store import Snapshot
from metrics import aggregate, regression
from metrics.aggregate import CAREER, EXPOSURE, FIRST, NEVER, OFFICER, PERIOD, TURNED, Careers
from metrics.cells import Grouped, group
from metrics.conditional import ConditionalFit
from metrics.estimate import Estimated, NotEstimable
from metrics.event_study import EventStudy, event_study
from metrics.headline import FEWEST_DF, FEWEST_EVENTS
from metrics.officer_effects import OfficerEffects
from metrics.question import Question

if TYPE_CHECKING:
    import pandas as pd

UNITS = ("agency_id", "district")
"""Places that may have adopted CIT at different times."""


@dataclass(frozen=True)
class Within:
    """Effects within officers, with the not yet certified as controls (``effects``, ``study``), and
    with the never certified as well (``effects_never``, ``study_never``).

    ``effects`` are risk differences from a linear model with officer effects, ``odds`` the
    conditional odds ratio of ``conditional``. ``adjusters`` are the covariates of both models.
    """

    outcome: str
    exposure: str
    careers: Careers
    adjusters: tuple[str, ...]
    effects: OfficerEffects | NotEstimable
    effects_never: OfficerEffects | NotEstimable
    conditional: ConditionalFit | NotEstimable
    odds: Estimated
    study: EventStudy | NotEstimable
    study_never: EventStudy | NotEstimable


def within(question: Question, outcome: str, snapshot: Snapshot) -> Within:
    """Return every within-officer analysis of one outcome, or the reason there is none."""
    question = question.only(outcome)
    base = officer_effects(question, outcome, snapshot)
    conditional = _conditional(base.grouped, outcome)
    odds: Estimated = (
        conditional
        if isinstance(conditional, NotEstimable)
        else conditional.odds_ratio(EXPOSURE, robust=True)
    )
    halves = aggregate.half_years(snapshot, question, outcome)
    return Within(
        outcome=outcome,
        exposure=question.exposure,
        careers=aggregate.careers(snapshot, question),
        adjusters=base.adjusters,
        effects=base.effects,
        effects_never=base.effects_never,
        conditional=conditional,
        odds=odds,
        study=_study(halves[halves[FIRST].notna()], OFFICER),
        study_never=_study(halves, OFFICER),
    )


class Effects(NamedTuple):
    """The linear models within officers, and the counts of the first."""

    adjusters: tuple[str, ...]
    grouped: Grouped | NotEstimable
    effects: OfficerEffects | NotEstimable
    effects_never: OfficerEffects | NotEstimable


def officer_effects(question: Question, outcome: str, snapshot: Snapshot) -> Effects:
    """Return the risk differences within officers, without and with the never certified."""
    coverage = aggregate.coverage(snapshot)
    adjusters = tuple(c for c in question.adjust if coverage.records(c))
    if coverage.records("tenure") and "tenure" not in adjusters:
        adjusters = (*adjusters, "tenure")
    frame = aggregate.within(snapshot, question.only(outcome), adjusters).frame
    frame = frame.assign(**{EXPOSURE: frame[EXPOSURE].astype(int)})
    yet = _group(frame[frame[CAREER] == TURNED], adjusters)
    never = _group(frame[frame[CAREER].isin([TURNED, NEVER])], adjusters)
    return Effects(adjusters, yet, _effects(yet, outcome), _effects(never, outcome))


def _effects(grouped: Grouped | NotEstimable, outcome: str) -> OfficerEffects | NotEstimable:
    if isinstance(grouped, NotEstimable):
        return grouped
    found = regression.officer_effects(
        grouped, events=f"events:{outcome}", trials=f"n:{outcome}", exposure=EXPOSURE
    )
    if isinstance(found, NotEstimable):
        return found
    if found.df < FEWEST_DF or min(found.events1, found.events0) < FEWEST_EVENTS:
        return NotEstimable(
            f"too few to say: {found.officers} officers in both groups, with {found.events1} and"
            f" {found.events0} events ({found.df:.1f} degrees of freedom)"
        )
    return found


def adoption(
    question: Question, outcome: str, snapshot: Snapshot, unit: str
) -> EventStudy | NotEstimable:
    """Compare places that adopted CIT at different times (``unit``: one of ``UNITS``).

    A place adopted in the first half-year in which a tenth of its contacts were exposed.
    """
    frame = aggregate.adoption(snapshot, question.only(outcome), outcome, unit)
    if frame[unit].nunique() < 2:
        return NotEstimable("there is only one place")
    return _study(frame, unit)


def _group(frame: pd.DataFrame, adjusters: tuple[str, ...]) -> Grouped | NotEstimable:
    if not len(frame) or frame[EXPOSURE].nunique() < 2:
        return NotEstimable("no officer was seen both before and after certification")
    return group(frame, [EXPOSURE, *adjusters], cluster=OFFICER)


def _conditional(grouped: Grouped | NotEstimable, outcome: str) -> ConditionalFit | NotEstimable:
    if isinstance(grouped, NotEstimable):
        return grouped
    return regression.conditional_logit(grouped, events=f"events:{outcome}", trials=f"n:{outcome}")


def _study(frame: pd.DataFrame, unit: str) -> EventStudy | NotEstimable:
    if not len(frame):
        return NotEstimable("no contact of an officer who changed groups")
    return event_study(
        frame, unit=unit, period=PERIOD, first=FIRST, events="events", trials="trials"
    )
