"""(Question, access) -> counts -> statistics -> ``Comparison``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from data.errors import UserError
from data.roles import Right
from data.store import Snapshot
from metrics import aggregate, headline, parallel, proportions, result, wording
from metrics.aggregate import Counts, Coverage
from metrics.disclosure import release
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.headline import Headline
from metrics.multiplicity import holm
from metrics.question import ACCESSES, Access, Question, primary_outcomes
from metrics.result import (
    Adjusted,
    Arm,
    Comparison,
    Contamination,
    Missing,
    Stratified,
    Unadjusted,
)
from metrics.sensitivity import e_value
from metrics.strata import pool, stratum_tables

STRATIFY_BY = ("call_group", "weapon")
"""The covariates of the Mantel-Haenszel exhibit, those of them the source records."""

SIGNIFICANT = 0.05


def evaluate(
    question: Question, access: Access = "internal", *, snapshot: Snapshot
) -> tuple[Comparison, ...]:
    """Answer a question from a snapshot: one ``Comparison`` per outcome, in the question's order.

    Holm's adjustment is over the primary outcomes this source can estimate, asked for or not, so one
    outcome alone gets the same p as beside the others. ``access="public"`` withholds every comparison
    that holds or gives away a small count (``disclosure.release``), and takes the questions of a fixed
    grid only: free filters can be subtracted. Raises ``UserError`` for others, and for an unknown access;
    ``NotAllowedError`` for an internal question of a snapshot opened by someone who may not ask it.
    """
    if access not in ACCESSES:
        raise UserError(f"access must be one of: {', '.join(ACCESSES)}")
    if access == "public":
        snapshot = snapshot.to_publish()
        release.period_of(question, snapshot)
    else:
        snapshot.role.need(Right.FIGURES)
    coverage = aggregate.coverage(snapshot)
    _check_levels(snapshot, question)
    asked, adjusters, strata = _read(question, coverage)
    counted = _Counted.of(snapshot, asked, adjusters, strata)
    headlines = _headlines(counted.prepared, asked, coverage)
    # A filtered view is exploratory: it is outside the pre-specified family.
    corrected = {} if question.filtered else _corrected(headlines)
    coarse = counted.coarse
    found = tuple(
        compare(coarse, coverage, question, o, corrected.get(o, headlines[o]), len(corrected))
        for o in question.outcomes
    )
    if access == "public":
        return tuple(
            release.published(c, question, snapshot, fine=counted.fine(), coarse=coarse)
            for c in found
        )
    return found


def not_prepared(question: Question, snapshot: Snapshot) -> tuple[str, ...]:
    """Return what the prepared form lacks of what :func:`evaluate` reads; it then asks the rows."""
    asked, adjusters, strata = _read(question, aggregate.coverage(snapshot))
    return aggregate.lacking(snapshot, asked, (*adjusters, *strata))


def _read(
    question: Question, coverage: Coverage
) -> tuple[Question, tuple[str, ...], tuple[str, ...]]:
    """Return the question with all outcomes that are fitted, its adjusters and its strata, as recorded."""
    family = () if question.filtered else primary_outcomes()
    asked = replace(question, outcomes=tuple(dict.fromkeys((*question.outcomes, *family))))
    adjusters = tuple(c for c in question.adjust if coverage.records(c))
    return asked, adjusters, tuple(c for c in STRATIFY_BY if coverage.records(c))


@dataclass(frozen=True)
class _Counted:
    """A question's counts: ready to fit, by stratum, and by covariate and officer for who asks again."""

    prepared: headline.Prepared
    coarse: Counts
    fine: Callable[[], Counts]

    @staticmethod
    def of(
        snapshot: Snapshot, asked: Question, adjusters: tuple[str, ...], strata: tuple[str, ...]
    ) -> _Counted:
        contacts = aggregate.contacts(snapshot, asked, (*adjusters, *strata))
        if (
            contacts is None
        ):  # an adjuster, a filter or an edition that the prepared form does not have
            fine = aggregate.counts(snapshot, asked, adjusters, officers=True)
            coarse = aggregate.counts(snapshot, asked, strata)
            return _Counted(headline.prepare(fine, asked.adjust), coarse, lambda: fine)
        prepared = headline.prepare_contacts(contacts, adjusters, asked.adjust)
        coarse = Counts(contacts.counts(asked.outcomes, strata), asked.outcomes, strata)
        return _Counted(prepared, coarse, lambda: Counts(prepared.frame, asked.outcomes, adjusters))


def _headlines(
    prepared: headline.Prepared, question: Question, coverage: Coverage
) -> dict[str, Headline]:
    def analyse(outcome: str) -> Headline:
        if _lacks(coverage, question.exposure, outcome):
            return headline.refuse(prepared, "not recorded by this source")
        return headline.analyse(prepared, outcome)

    found = parallel.each(analyse, question.outcomes)
    return dict(zip(question.outcomes, found, strict=True))


def _corrected(headlines: dict[str, Headline]) -> dict[str, Headline]:
    """Holm-adjust over the primary outcomes that have a p; return those, corrected."""
    family = {
        o: h.adjusted.p_value
        for o, h in headlines.items()
        if o in primary_outcomes() and h.adjusted.p_value is not None
    }
    adjusted = holm(list(family.values()))
    return {
        o: replace(headlines[o], adjusted=replace(headlines[o].adjusted, p_holm=p))
        for o, p in zip(family, adjusted, strict=True)
    }


def _check_levels(snapshot: Snapshot, question: Question) -> None:
    for dim, levels in question.where:
        known = aggregate.levels(snapshot, dim)
        for level in levels:
            if level not in known:
                shown = ", ".join(known) or "none: the source does not record it"
                raise UserError(f"{dim} has no value {level!r}; it has: {shown}")


def compare(
    counts: Counts,
    coverage: Coverage,
    question: Question,
    outcome: str,
    found: Headline,
    family: int,
) -> Comparison:
    """Put together one outcome's comparison: crude and stratified from counts, and its headline.

    ``family`` is the number of tests that Holm's adjustment covers.
    """
    in_family = found.adjusted.p_holm is not None
    cit, other = _arm(counts, outcome, True), _arm(counts, outcome, False)
    draft = Comparison(
        outcome=outcome,
        exposure=question.exposure,
        cit=cit,
        other=other,
        not_recorded=Missing(
            exposure=counts.total("contacts", None),
            cit=counts.total(f"missing:{outcome}", True),
            other=counts.total(f"missing:{outcome}", False),
        ),
        contamination=Contamination(n=counts.total(f"came:{outcome}", False), of=other.n),
        unadjusted=_unadjusted(cit, other),
        stratified=_stratified(counts, outcome),
        adjusted=found.adjusted,
        e_value=_e_value(found.adjusted),
        detectable=headline.detectable(found, family if in_family else 1),
        verdict=result.NOT_ESTIMABLE,
        certainty=result.NOT_SURE,
        sentence="",
        filtered=question.filtered,
        lacks=_lacks(coverage, question.exposure, outcome),
        family=family if in_family else 0,
    )
    verdict, certainty = _verdict(draft)
    return _with(draft, verdict=verdict, certainty=certainty)


def _with(comparison: Comparison, **changes: object) -> Comparison:
    changed = replace(comparison, **changes)  # type: ignore[arg-type]
    return replace(changed, sentence=wording.sentence(changed))


def _arm(counts: Counts, outcome: str, exposed: bool) -> Arm:
    n = counts.total(f"n:{outcome}", exposed)
    events = counts.total(f"events:{outcome}", exposed)
    return Arm(n, events, proportions.wilson(events, n))


def _unadjusted(cit: Arm, other: Arm) -> Unadjusted:
    table = (cit.events, cit.n, other.events, other.n)
    return Unadjusted(
        proportions.risk_difference(*table),
        proportions.risk_ratio(*table),
        proportions.odds_ratio(*table),
        proportions.compare(*table),
    )


def _stratified(counts: Counts, outcome: str) -> Stratified:
    if not counts.by:
        return pool((), [], "the source records none of the covariates of this exhibit")
    return pool(
        counts.by, [t for _, t in stratum_tables(counts, outcome)], "no contacts to compare"
    )


def _e_value(adjusted: Adjusted) -> Estimated:
    """E-value of the adjusted risk ratio, and of its limit nearest 1 (as ``low``)."""
    ratio = adjusted.risk_ratio
    if not isinstance(ratio, Estimate):
        return NotEstimable("no adjusted risk ratio")
    found = e_value(ratio.estimate, ratio.low, ratio.high)
    limit = found.limit if found.limit is not None else 1.0
    return Estimate(found.estimate, limit, found.estimate)


def _lacks(coverage: Coverage, exposure: str, outcome: str) -> str | None:
    if not coverage.records_outcome(outcome):
        return "outcome"
    return None if coverage.records_exposure(exposure) else "exposure"


def _verdict(draft: Comparison) -> tuple[str, str]:
    """Return verdict and certainty. Only the adjusted headline may say lower or higher.

    Only a pre-specified primary outcome, unfiltered, can be clear: anything else is exploratory.
    """
    if draft.lacks:
        return result.NOT_RECORDED, result.TOO_FEW
    if not draft.cit.n or not draft.other.n:
        return result.NO_COMPARISON, result.TOO_FEW
    adjusted = draft.adjusted
    if adjusted.too_few:
        return result.TOO_FEW, result.TOO_FEW
    p = adjusted.p_holm if adjusted.p_holm is not None else adjusted.p_value
    if p is None or not isinstance(adjusted.risk_ratio, Estimate):
        return result.NOT_ESTIMABLE, result.NOT_SURE
    if p >= SIGNIFICANT:
        return result.NONE_DETECTED, result.NOT_SURE
    verdict = result.LOWER if adjusted.risk_ratio.estimate < 1 else result.HIGHER
    return verdict, result.CLEAR if adjusted.p_holm is not None else result.NOT_SURE
