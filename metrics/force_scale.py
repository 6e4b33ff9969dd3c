"""Force as a scale: the levels 0 to 4 as one ordered outcome, adjusted and clustered by officer.

Refusals come before numbers, by the rules of :mod:`metrics.headline`. The scale is secondary: what
it says is exploratory, whatever its p.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import pandas as pd

from data.registry.force import FORCE_LEVELS
from data.store import Snapshot
from metrics import aggregate, headline, regression
from metrics.aggregate import EXPOSURE, OFFICER, Counts
from metrics.estimate import Estimated, NotEstimable, Tested
from metrics.headline import FEWEST_DF, FEWEST_EVENTS, LEAST_OVERLAP, WARN_DF, Prepared
from metrics.ordinal import cut_points, proportional_odds
from metrics.question import Question
from metrics.ranks import BrunnerMunzel, RankSum, brunner_munzel, rank_sum
from metrics.wording.numbers import percent

LEVELS = tuple(f"level:{k}" for k in FORCE_LEVELS)
NOT_RECORDED = NotEstimable("The level of force is not recorded for any of these contacts.")


class LevelCount(NamedTuple):
    """Contacts of each arm whose highest force was at one level (0 to 4)."""

    level: int
    cit: int
    other: int


class Cut(NamedTuple):
    """The odds ratio of force at ``level`` or above, by a binary regression of its own.

    ``cit`` and ``other`` are the contacts of each arm at that level or above.
    """

    level: int
    odds_ratio: Estimated
    test: Tested
    cit: int
    other: int


@dataclass(frozen=True, eq=False)
class ForceScale:
    """The levels of force in two arms, and how far they differ as a whole.

    ``odds_ratio`` is that of a higher level with the exposure, one for all levels (proportional
    odds), ``test`` its t test; ``df``, ``clusters`` and ``se`` belong to it. ``proportionality``
    tests that it is the same at every cut. ``cuts`` are the levels that at least
    :data:`metrics.headline.FEWEST_EVENTS` contacts of either arm reach; ``joined`` the levels
    above those, which the regressions take together with the level below. ``rank_sum`` and
    ``brunner_munzel`` are not adjusted and take contacts as independent. ``missing_cit`` and
    ``missing_other`` count contacts whose level was not recorded.
    """

    exposure: str
    filtered: bool
    levels: tuple[LevelCount, ...]
    missing_cit: int
    missing_other: int
    covariates: tuple[str, ...]
    unavailable: tuple[str, ...]
    joined: tuple[int, ...]
    overlap: float | None
    odds_ratio: Estimated
    test: Tested
    df: float | None
    clusters: int | None
    se: str | None
    proportionality: Tested
    cuts: tuple[Cut, ...]
    rank_sum: RankSum | NotEstimable
    brunner_munzel: BrunnerMunzel | NotEstimable
    aliased: tuple[str, ...]
    pooled: tuple[tuple[str, tuple[str, ...]], ...]
    warnings: tuple[str, ...]

    @property
    def recorded(self) -> bool:
        """True if any contact of either arm has a level."""
        return self.n_cit + self.n_other > 0

    @property
    def n_cit(self) -> int:
        """Contacts of the first arm with a level."""
        return sum(row.cit for row in self.levels)

    @property
    def n_other(self) -> int:
        """Contacts of the second arm with a level."""
        return sum(row.other for row in self.levels)


def force_scale(question: Question, snapshot: Snapshot) -> ForceScale:
    """Answer how the levels of force differ between the arms of a question.

    Adjusted for the question's adjusters that the source records; the outcomes of the question
    are ignored.
    """
    coverage = aggregate.coverage(snapshot)
    present = tuple(c for c in question.adjust if coverage.records(c))
    return from_counts(aggregate.force_cells(snapshot, question, present), question)


def from_counts(counts: Counts, question: Question) -> ForceScale:
    """Do the same from grouped counts; see :func:`metrics.aggregate.force_cells`.

    Raises:
        KeyError: a column of counts is not in the frame.
    """
    arms = [
        counts.arm(True)[[*LEVELS, "missing"]].sum(),
        counts.arm(False)[[*LEVELS, "missing"]].sum(),
    ]
    cit, other = ([int(arm[name]) for name in LEVELS] for arm in arms)
    draft = ForceScale(
        exposure=question.exposure,
        filtered=question.filtered,
        levels=tuple(map(LevelCount, FORCE_LEVELS, cit, other)),
        missing_cit=int(arms[0]["missing"]),
        missing_other=int(arms[1]["missing"]),
        covariates=counts.by,
        unavailable=tuple(c for c in question.adjust if c not in counts.by),
        joined=(),
        overlap=None,
        odds_ratio=NOT_RECORDED,
        test=NOT_RECORDED,
        df=None,
        clusters=None,
        se=None,
        proportionality=NOT_RECORDED,
        cuts=(),
        rank_sum=NOT_RECORDED,
        brunner_munzel=NOT_RECORDED,
        aliased=(),
        pooled=(),
        warnings=(),
    )
    if not draft.recorded:
        return draft
    if not draft.n_cit or not draft.n_other:
        return _refused(draft, "there is no second group to compare with", ranks=True)
    draft = replace(draft, rank_sum=rank_sum(cit, other), brunner_munzel=brunner_munzel(cit, other))
    reached = [k for k in FORCE_LEVELS[1:] if min(sum(cit[k:]), sum(other[k:])) >= FEWEST_EVENTS]
    if not reached or min(cit[0], other[0]) < FEWEST_EVENTS:
        return _refused(
            draft,
            f"fewer than {FEWEST_EVENTS} contacts with (or without) force in a group: too few to say",
            ranks=True,
        )
    some = counts.frame["contacts"].to_numpy() > 0
    kept = Counts(counts.frame[some].reset_index(drop=True), (), counts.by)
    prepared = headline.prepare(kept, question.adjust)
    overlap = regression.overlap(
        prepared.alike, prepared.frame[EXPOSURE] == 1, prepared.frame["contacts"]
    )
    draft = replace(draft, overlap=overlap)
    if overlap < LEAST_OVERLAP:
        return _refused(
            draft,
            f"only {percent(overlap)} of contacts have a like in the other group: adjusting would compare"
            " calls that one group never gets",
        )
    return _adjusted(draft, prepared, reached)


def _adjusted(draft: ForceScale, prepared: Prepared, reached: Sequence[int]) -> ForceScale:
    """Fit the levels that enough contacts of both arms reach, each with those above it joined."""
    starts = [0, *reached]
    frame, names = _joined(prepared.frame, starts)
    terms = [EXPOSURE, *prepared.covariates]
    fit = proportional_odds(frame, terms=terms, levels=names, cluster=OFFICER, se="CR2")
    draft = replace(draft, joined=tuple(k for k in FORCE_LEVELS if k not in starts))
    if isinstance(fit, NotEstimable):
        return _refused(draft, fit.reason)
    if EXPOSURE not in fit.coefficients:
        return _refused(draft, "the two groups cannot be told apart from the covariates")
    if EXPOSURE in fit.not_estimable:
        return _refused(draft, fit.not_estimable[EXPOSURE])
    df = fit.df[EXPOSURE]
    if df < FEWEST_DF:
        return _refused(
            draft,
            f"too few officers carry the comparison ({df:.1f} degrees of freedom): too few to say",
        )
    warnings = []
    if df < WARN_DF:
        warnings.append(f"few officers carry the comparison ({df:.1f} degrees of freedom)")
    if not prepared.clustered_by_officer:
        warnings.append("the source has no officer numbers: errors ignore who handled the contact")
    found = cut_points(frame, exposure=EXPOSURE, terms=terms, levels=names, cluster=OFFICER)
    above = [
        (sum(row.cit for row in draft.levels[k:]), sum(row.other for row in draft.levels[k:]))
        for k in reached
    ]
    return replace(
        draft,
        odds_ratio=fit.odds_ratio(EXPOSURE),
        test=fit.test(EXPOSURE),
        df=df,
        clusters=fit.clusters,
        se=fit.error,
        proportionality=fit.proportionality(EXPOSURE),
        cuts=tuple(
            Cut(k, cut.odds_ratio, cut.test, *counts)
            for k, cut, counts in zip(reached, found, above, strict=True)
        ),
        aliased=fit.aliased,
        pooled=tuple((term, tuple(levels)) for term, levels in fit.pooled.items()),
        warnings=tuple(warnings),
    )


def _joined(frame: pd.DataFrame, starts: list[int]) -> tuple[pd.DataFrame, list[str]]:
    """Return the counts with every level not in ``starts`` added to the one below it."""
    ends = [*starts[1:], len(LEVELS)]
    names = [f"from:{k}" for k in starts]
    sums = {
        name: frame[list(LEVELS[start:end])].sum(axis=1)
        for name, start, end in zip(names, starts, ends, strict=True)
    }
    return frame.drop(columns=list(LEVELS)).assign(**sums), names


def _refused(draft: ForceScale, reason: str, *, ranks: bool = False) -> ForceScale:
    gone = NotEstimable(reason)
    refused = replace(draft, odds_ratio=gone, test=gone, proportionality=gone)
    return replace(refused, rank_sum=gone, brunner_munzel=gone) if ranks else refused
