"""What the data give a cost scenario: adjusted differences, officer minutes, officers certified."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np

from data.store import Snapshot
from metrics import aggregate, headline, regression
from metrics.aggregate import EXPOSURE, Counts
from metrics.aggregate.minutes import Certified, certified, minute_counts
from metrics.costs.flows import FLOWS
from metrics.estimate import Estimated, NotEstimable
from metrics.evaluate import evaluate
from metrics.question import Question

OUTCOMES = tuple(dict.fromkeys(o for flow in FLOWS for o in flow.outcomes))
"""The outcomes that some part rests on."""

NOT_RECORDED = "not recorded by this source"


class Difference(NamedTuple):
    """An outcome's adjusted risk difference per contact, CIT minus other; ``lacks``: not recorded."""

    outcome: str
    value: Estimated
    lacks: bool


class Minutes(NamedTuple):
    """The difference in mean officer minutes per contact, CIT minus other.

    ``adjusted_for`` are the covariates allowed for, none where the source records none: then it is a
    difference of means. ``cit`` and ``other`` are the means as recorded, ``timed_cit`` and
    ``timed_other`` the contacts behind them.
    """

    value: Estimated
    adjusted_for: tuple[str, ...]
    cit: float | None
    other: float | None
    timed_cit: int
    timed_other: int


@dataclass(frozen=True)
class Basis:
    """What a scenario rests on besides its costs.

    ``contacts`` are those of the first group in the question, ``everywhere`` without its filters but for
    the dates: training is for the whole agency. ``first`` and ``last`` bound the days in which the
    exposure is recorded; None where it is not.
    """

    exposure: str
    contacts: int
    everywhere: int
    first: date | None
    last: date | None
    differences: tuple[Difference, ...]
    minutes: Minutes
    certified: Certified | None

    @property
    def years(self) -> float:
        """Years of 365.25 days from the first day to the last."""
        if self.first is None or self.last is None:
            return 0.0
        return ((self.last - self.first).days + 1) / 365.25

    def difference(self, outcome: str) -> Difference:
        """Return an outcome's difference; raise ``KeyError`` if no part rests on it."""
        for found in self.differences:
            if found.outcome == outcome:
                return found
        raise KeyError(outcome)


def basis(question: Question, snapshot: Snapshot) -> Basis:
    """Return what the contacts of a question give; its outcomes are not asked for.

    Raises ``UserError`` as ``evaluate`` does.
    """
    coverage = aggregate.coverage(snapshot)
    asked = question.only(*OUTCOMES)
    by = tuple(c for c in question.adjust if coverage.records(c))
    counts = minute_counts(snapshot, asked, by)
    whole = counts
    if question.where:
        whole = minute_counts(snapshot, replace(asked, where=()), ())
    limits = (coverage.exposure_from[question.exposure], coverage.exposure_to[question.exposure])
    first = max(filter(None, (limits[0], question.start)), default=None)
    last = min(filter(None, (limits[1], question.end)), default=None)
    if limits[0] is None or first is None or last is None or first > last:
        first = last = None
    return Basis(
        exposure=question.exposure,
        contacts=counts.total("contacts", True),
        everywhere=whole.total("contacts", True),
        first=first,
        last=last,
        differences=tuple(
            Difference(c.outcome, _bounded(c.adjusted.risk_difference), c.lacks is not None)
            for c in evaluate(asked, snapshot=snapshot)
        ),
        minutes=minutes_difference(counts, by),
        certified=None if first is None or last is None else certified(snapshot, first, last),
    )


def _bounded(value: Estimated) -> Estimated:
    if isinstance(value, NotEstimable):
        return NotEstimable(value.reason)
    if not all(map(math.isfinite, value)):
        return NotEstimable("the data set no limit to the difference")
    return value


def minutes_difference(counts: Counts, by: tuple[str, ...]) -> Minutes:
    """Return the difference in mean officer minutes: least squares, errors clustered by officer (CR2).

    Least squares needs only sums, so grouped minutes give exactly what rows would: the coefficient of
    the exposure beside dummies of the covariates, with Satterthwaite's degrees of freedom, refused by the
    rules of the headline (overlap, officers). ``counts`` is that of ``aggregate.minutes.minute_counts``.
    """
    n1, n0 = (counts.total("timed", arm) for arm in (True, False))
    means = [counts.total("minutes", a) / n if n else None for a, n in ((True, n1), (False, n0))]

    def found(value: Estimated) -> Minutes:
        return Minutes(_bounded(value), by, means[0], means[1], n1, n0)

    if not n1 and not n0:
        return found(NotEstimable(NOT_RECORDED))
    if not n1 or not n0:
        return found(NotEstimable("officer time is recorded in one group only"))
    prepared = headline.prepare(counts, by)
    frame = prepared.frame
    overlap = regression.overlap(prepared.alike, frame[EXPOSURE] == 1, frame["timed"])
    if overlap < headline.LEAST_OVERLAP:
        return found(NotEstimable(f"only {overlap:.0%} of contacts have a like in the other group"))
    assert prepared.grouped is not None
    grouped = prepared.grouped
    cells = grouped.count("timed", "timed")
    sums = np.bincount(
        grouped.row_cell, frame["minutes"].to_numpy(float), minlength=len(grouped.pattern)
    )
    timed = np.bincount(
        grouped.row_cell, frame["timed"].to_numpy(float), minlength=len(grouped.pattern)
    )
    fit = regression.fit_cells(replace(cells, events=sums[timed > 0]), "linear", "CR2")
    if isinstance(fit, NotEstimable):
        return found(fit)
    if fit.df.get(EXPOSURE, 0.0) < headline.FEWEST_DF:
        return found(NotEstimable("too few officers carry the comparison: too few to say"))
    return found(fit.coefficient(EXPOSURE))
