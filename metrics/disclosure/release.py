"""Public access: which questions it takes, what it shows of a comparison, and what it withholds.

A comparison is shown or withheld whole: its counts, rate and Wilson interval determine each other, so
they go together, and with them all that is estimated from them. What is shown is bounded jointly over
outcomes, periods and the earlier snapshots still kept (``grid.decide``).

The adjusted and stratified estimates of a comparison that is shown come from finer counts (calls of one
kind, one hour, one officer), which are not shown. They are given where those counts could be published
too, or where they are so many that a few rounded numbers cannot be solved for them (Brandt et al. 2010,
Guidelines for the checking of output based on microdata research, rule for regressions), and rounded to
what a reader can use. What speaks of one officer, or of levels where every contact went the same way, is
left out.

Limits. An export of a snapshot no longer kept cannot be subtracted here: keep the snapshots behind
published files. Records corrected between two loads can shift earlier periods. What other agencies, the
courts or the press publish is not known here.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from data import loads, settings
from data.errors import UserError
from data.registry import EXPOSURES
from data.store import Snapshot
from metrics import result, wording
from metrics.aggregate import EXPOSURE, Counts, Coverage, coverage
from metrics.aggregate.standings import every_outcome, standings
from metrics.disclosure.grid import Export, Period, decide, periods
from metrics.disclosure.tables import is_small
from metrics.estimate import Estimate, Estimated, NotEstimable, Test, Tested
from metrics.question import Question, default_adjusters
from metrics.result import (
    WITHHELD,
    Adjusted,
    Arm,
    Comparison,
    Contamination,
    Missing,
    Stratified,
    Unadjusted,
)

FEWEST_PATTERNS = 50
"""With as many patterns (at least four counts each) a handful of rounded numbers fixes none."""


def threshold(snapshot: Snapshot) -> int:
    """Return the agency's smallest publishable count."""
    return settings.read(_root(snapshot) / "settings.toml").public_threshold


def _root(snapshot: Snapshot) -> Path:
    return snapshot.path.parent.parent


def public_periods(snapshot: Snapshot) -> tuple[Period, ...]:
    """Return the periods that public access takes; the first is all data."""
    known = coverage(snapshot.to_publish())
    return periods(known.first, known.last)


def public_exposure(snapshot: Snapshot) -> str:
    """Return the one exposure of the public view: the first definition of CIT that is recorded."""
    known = coverage(snapshot.to_publish())
    recorded = [e.id for e in EXPOSURES if e.is_cit and known.records_exposure(e.id)]
    return recorded[0] if recorded else EXPOSURES[0].id


def outline(snapshot: Snapshot) -> Coverage:
    """Return what may be said of what a snapshot records: the days, and whether at all, without a count."""
    known = coverage(snapshot.to_publish())
    recorded = {column: int(n > 0) for column, n in known.recorded.items()}
    return replace(known, contacts=0, recorded=recorded)


def period_of(question: Question, snapshot: Snapshot) -> Period:
    """Return the public period a question asks about; raise ``UserError`` where it leaves the grid."""
    if question.where:
        raise UserError(
            "public access takes no --where: differences between views could identify someone;"
            " ask without it"
        )
    exposure = public_exposure(snapshot)
    if question.exposure != exposure:
        raise UserError(
            f"public access takes the exposure {exposure!r} only: two definitions of a group can be"
            " subtracted; ask for that one"
        )
    if question.adjust not in ((), default_adjusters()):
        raise UserError(
            "public access takes the pre-specified covariates only: many adjustments together could"
            " identify someone; leave out --adjust"
        )
    grid = public_periods(snapshot)
    if question.start is None and question.end is None:
        return grid[0]
    for period in grid[1:]:
        if (period.start, period.end) == (question.start, question.end):
            return period
    whole = "; ".join(f"{p.start} to {p.end}" for p in grid[1:])
    raise UserError(
        f"public access takes no period, or one of: {whole or 'none yet'}; other periods could be"
        " subtracted and identify someone"
    )


def export(snapshot: Snapshot) -> Export:
    """Return what the public report of a snapshot may show, given the earlier ones still kept."""
    snapshot = snapshot.to_publish()
    kept = []
    for id_ in reversed(snapshot.store.ids()):
        if id_ < snapshot.id:
            with contextlib.suppress(UserError):
                older = snapshot.store.snapshot(id_)
                if _agencies(older) & _agencies(snapshot):
                    kept.append(older)
    return _export(snapshot, public_exposure(snapshot), threshold(snapshot), tuple(kept))


@lru_cache(maxsize=16)  # a snapshot never changes
def _export(snapshot: Snapshot, exposure: str, least: int, kept: tuple[Snapshot, ...]) -> Export:
    earlier = tuple(
        _export(older, exposure, least, kept[:place]) for place, older in enumerate(kept)
    )
    known = coverage(snapshot)
    recorded = tuple(o for o in every_outcome() if known.records_outcome(o))
    return decide(standings(snapshot, exposure, recorded), public_periods(snapshot), least, earlier)


@lru_cache(maxsize=64)
def _agencies(snapshot: Snapshot) -> frozenset[tuple[str, bool]]:
    return frozenset((a.id, a.simulated) for a in loads.agencies(snapshot))


def published(
    comparison: Comparison,
    question: Question,
    snapshot: Snapshot,
    *,
    fine: Counts,
    coarse: Counts,
) -> Comparison:
    """Return a comparison as the public may see it: rounded, in part, or withheld whole.

    ``fine`` are the counts behind the adjusted estimate, ``coarse`` those behind the stratified one.
    """
    found, least = export(snapshot), threshold(snapshot)
    period = period_of(question, snapshot)
    outcome = comparison.outcome
    shown = (
        found.allows_contacts(period.id)
        if outcome not in found.standings.outcomes
        else found.allows(outcome, period.id)
    )
    if not shown:
        return _withheld(comparison)
    return _rounded(
        comparison,
        adjusted=_solid(comparison.adjusted, fine, outcome, least),
        stratified=not _small_parts(coarse, outcome, least),
        least=least,
    )


def _small_parts(counts: Counts, outcome: str, least: int) -> bool:
    """Say whether any group of a pattern has a small number of events or of non-events."""
    n, events = f"n:{outcome}", f"events:{outcome}"
    frame = counts.frame[counts.frame[EXPOSURE].notna().to_numpy(bool)]
    by = [EXPOSURE, *counts.by]
    sums = frame.groupby(by, observed=True, dropna=False)[[n, events]].sum()
    without = sums[n] - sums[events]
    return bool((is_small(sums[events], least) | is_small(without, least)).any())


def _solid(adjusted: Adjusted, counts: Counts, outcome: str, least: int) -> bool:
    if adjusted.clusters is not None and is_small(adjusted.clusters, least):
        return False
    patterns = len(counts.frame[list(counts.by)].drop_duplicates()) if counts.by else 1
    return patterns >= FEWEST_PATTERNS or not _small_parts(counts, outcome, least)


def _withheld(comparison: Comparison) -> Comparison:
    gone = NotEstimable(WITHHELD)
    return _said(
        replace(
            comparison,
            cit=Arm(0, 0, gone),
            other=Arm(0, 0, gone),
            not_recorded=Missing(0, 0, 0),
            contamination=Contamination(0, 0),
            unadjusted=Unadjusted(gone, gone, gone, gone),
            stratified=_no_strata(comparison.stratified),
            adjusted=_no_adjusted(comparison.adjusted),
            e_value=gone,
            detectable=gone,
            verdict=result.TOO_FEW,
            certainty=result.TOO_FEW,
            withheld=WITHHELD,
        )
    )


def _no_strata(found: Stratified) -> Stratified:
    gone = NotEstimable(WITHHELD)
    return Stratified(found.by, gone, gone, gone, gone, 0, 0)


def _no_adjusted(found: Adjusted) -> Adjusted:
    gone = NotEstimable(WITHHELD)
    return Adjusted(
        found.covariates, (), None, None, None, None, gone, gone, gone, None, None, gone, gone,
        unavailable=found.unavailable,
        too_few=found.too_few,
    )  # fmt: skip


def _rounded(comparison: Comparison, *, adjusted: bool, stratified: bool, least: int) -> Comparison:
    strata, found = comparison.stratified, comparison.adjusted
    changed = replace(
        comparison,
        stratified=replace(
            strata,
            risk_difference=_near(strata.risk_difference, 4),
            risk_ratio=_near(strata.risk_ratio, 2),
            odds_ratio=_near(strata.odds_ratio, 2),
            homogeneity=_near_test(strata.homogeneity),
        )
        if stratified
        else _no_strata(strata),
    )
    if not adjusted:
        gone = NotEstimable(WITHHELD)
        changed = replace(
            changed, adjusted=_no_adjusted(found), e_value=gone, detectable=gone, family=0
        )
        if comparison.verdict in (result.LOWER, result.HIGHER, result.NONE_DETECTED):
            changed = replace(changed, verdict=result.NOT_ESTIMABLE, certainty=result.NOT_SURE)
        return _said(changed)
    clusters = found.clusters
    return _said(
        replace(
            changed,
            adjusted=replace(
                found,
                aliased=(),
                clusters=None if clusters is None or is_small(clusters, least) else clusters,
                df=None if found.df is None else float(round(found.df)),
                overlap=None if found.overlap is None else round(found.overlap, 2),
                risk_difference=_near(found.risk_difference, 4),
                risk_ratio=_near(found.risk_ratio, 2),
                odds_ratio=_near(found.odds_ratio, 2),
                risk_cit=_near(found.risk_cit, 4),
                risk_other=_near(found.risk_other, 4),
                p_value=_near_p(found.p_value),
                p_holm=_near_p(found.p_holm),
                pooled=(),
                # Warnings of one officer's share would describe one officer.
                warnings=tuple(w for w in found.warnings if not w.startswith("one officer")),
                influential=None,
                permutation=None,
            ),
            e_value=_near(comparison.e_value, 2),
            detectable=_near(comparison.detectable, 4),
        )
    )


def _said(comparison: Comparison) -> Comparison:
    return replace(comparison, sentence=wording.sentence(comparison))


def _near(value: Estimated, decimals: int) -> Estimated:
    return Estimate(*(round(v, decimals) for v in value)) if isinstance(value, Estimate) else value


def _near_p(p: float | None) -> float | None:
    return None if p is None else float(f"{p:.2g}")


def _near_test(found: Tested) -> Tested:
    if not isinstance(found, Test):
        return found
    statistic = None if found.statistic is None else round(found.statistic, 2)
    return Test(statistic, float(f"{found.p_value:.2g}"), found.method)
