"""What the rows of an exhibit share: the question, its counts and the headline's fit."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock

from data import registry
from data.store import Snapshot
from metrics import aggregate, headline
from metrics.aggregate import EXPOSURE, Counts, Coverage
from metrics.cells import Cells
from metrics.estimate import Estimated, NotEstimable
from metrics.exhibit.rows import Row
from metrics.headline import FEWEST_DF, FEWEST_EVENTS, Fitted, Headline, Prepared
from metrics.newton import Family
from metrics.question import Question
from metrics.regression import Fit
from metrics.standardisation import Contrast, Standardised, standardise


@dataclass(frozen=True)
class Result:
    """A row's numbers."""

    risk_difference: Estimated
    risk_ratio: Estimated
    n: int | None = None
    events: int | None = None
    df: float | None = None

    @classmethod
    def refused(cls, reason: str) -> Result:
        """Return a result that says why there is none."""
        return cls(NotEstimable(reason), NotEstimable(reason))

    def row(
        self, id_: str, group: str, label: str, differs: str, population: str | None = None
    ) -> Row:
        """Return the row of the exhibit that shows this result."""
        return Row(
            id=id_,
            group=group,
            label=label,
            differs=differs,
            risk_difference=self.risk_difference,
            risk_ratio=self.risk_ratio,
            n=self.n,
            events=self.events,
            df=self.df,
            population=population,
        )


@dataclass(frozen=True)
class Context:
    """One outcome of a question on a snapshot; what is expensive is computed once, on first use."""

    question: Question
    outcome: str
    snapshot: Snapshot
    once: AbstractContextManager[object] = field(default_factory=RLock, repr=False, compare=False)

    @classmethod
    def of(cls, question: Question, outcome: str, snapshot: Snapshot) -> Context:
        """Return the context of one of a question's outcomes."""
        return cls(question.only(outcome), outcome, snapshot)

    @property
    def n(self) -> str:
        """Column of the contacts in the denominator."""
        return f"n:{self.outcome}"

    @property
    def events(self) -> str:
        """Column of the events."""
        return f"events:{self.outcome}"

    @cached_property
    def coverage(self) -> Coverage:
        """What the snapshot records."""
        return aggregate.coverage(self.snapshot)

    @cached_property
    def adjusters(self) -> tuple[str, ...]:
        """The question's adjusters that the source records."""
        return tuple(c for c in self.question.adjust if self.coverage.records(c))

    @cached_property
    def prepared(self) -> Prepared:
        """The headline's grouped counts."""
        return self.prepare(self.question, self.adjusters)

    @property
    def base(self) -> Fitted | Headline:
        """The headline's fit, or its refusal."""
        with self.once:
            return self._base

    @cached_property
    def _base(self) -> Fitted | Headline:
        if self.lacks:
            return headline.refuse(self.prepared, "not recorded by this source")
        return headline.fitted(self.prepared, self.outcome)

    @property
    def lacks(self) -> bool:
        """Whether the source records no such outcome or exposure at all."""
        recorded = self.coverage.records_outcome(self.outcome)
        return not (recorded and self.coverage.records_exposure(self.question.exposure))

    @property
    def cells(self) -> Cells:
        """The headline's cells; only where it is not refused."""
        assert isinstance(self.base, Fitted)
        return self.base.fit.cells

    def prepare(self, question: Question, adjusters: tuple[str, ...]) -> Prepared:
        """Return grouped counts of this outcome for another question or other adjusters."""
        return headline.prepare(self.count(question, adjusters), adjusters)

    def count(self, question: Question, adjusters: tuple[str, ...]) -> Counts:
        """Return this outcome's counts by officer for another question or other adjusters."""
        asked = question.only(self.outcome)
        return aggregate.counts(self.snapshot, asked, adjusters, officers=True)

    def ask(self, question: Question, adjusters: tuple[str, ...]) -> Result:
        """Return the headline's analysis of another question, by the same rules."""
        return self.judge(self.count(question, adjusters))

    def judge(self, counts: Counts) -> Result:
        """Return the headline's analysis of other counts, by the same rules."""
        prepared = headline.prepare(counts, counts.by)
        like = self.base.fit if isinstance(self.base, Fitted) else None
        found = headline.fitted(prepared, self.outcome, like)
        if isinstance(found, Headline):
            reason = found.adjusted.risk_difference
            return Result.refused(reason.reason if isinstance(reason, NotEstimable) else "refused")
        return result(found.fit, found.standard)

    def refit(self, cells: Cells, family: Family = "logit") -> Result:
        """Return the headline's analysis of some of its cells, or with another family."""
        counted = by_arm(cells)
        if min(counted[2:]) < FEWEST_EVENTS or min(
            counted[0] - counted[2], counted[1] - counted[3]
        ) < (FEWEST_EVENTS):
            return Result.refused(f"fewer than {FEWEST_EVENTS} events in a group: too few to say")
        assert isinstance(self.base, Fitted)
        fit = headline.fit_or_drop(cells, family, like=self.base.fit)
        if isinstance(fit, NotEstimable):
            return Result.refused(fit.reason)
        return result(fit, standardise(fit, EXPOSURE))

    def label(self, covariate: str) -> str:
        """Return a covariate's name for a reader."""
        return registry.covariate(covariate).label


def by_arm(cells: Cells) -> tuple[int, int, int, int]:
    """Return contacts with and without the exposure, and events with and without."""
    events, trials = cells.totals()
    arm = cells.values(EXPOSURE) == 1
    parts = trials[arm].sum(), trials[~arm].sum(), events[arm].sum(), events[~arm].sum()
    one, other, happened1, happened0 = (int(part) for part in parts)
    return one, other, happened1, happened0


def result(fit: Fit, found: Standardised | NotEstimable) -> Result:
    """Return a fit's standardised difference and ratio, unless too few officers carry them."""
    if isinstance(found, NotEstimable):
        return Result.refused(found.reason)
    ratio = found.log_risk_ratio
    if not isinstance(ratio, Contrast):
        return Result.refused(ratio.reason)
    if ratio.df < FEWEST_DF:
        return Result.refused(
            f"too few officers carry the comparison ({ratio.df:.1f} degrees of freedom): too few to say"
        )
    return Result(found.risk_difference, found.risk_ratio, fit.n, fit.events, ratio.df)
