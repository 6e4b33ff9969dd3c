"""The rows of the sensitivity exhibit. Adding one is one entry in ``VARIANTS``.

A variant returns its rows, or the reason why the source allows none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from data import registry
from data.registry import NOT_RECORDED
from metrics import aggregate, regression, weighting
from metrics.aggregate import EXPOSURE, OFFICER
from metrics.cells import Cells
from metrics.estimate import Estimated, NotEstimable
from metrics.exhibit.arms import separate_arms
from metrics.exhibit.context import Context, Result, by_arm
from metrics.exhibit.rows import Row
from metrics.exhibit.twoway import two_way
from metrics.headline import FEWEST_DF, Fitted
from metrics.influence import Influence, influential
from metrics.sensitivity import fill_missing
from metrics.standardisation import Contrast
from metrics.within import officer_effects

DEFINITION, MODEL, CONTACTS, MISSING, OFFICERS = (
    "Another definition of CIT",
    "Another model",
    "Other contacts",
    "What was not recorded",
    "Within officers",
)

MIXED_POINTS = 9
"""Enough for officers with tens of contacts; the integral is checked with 25 by a test."""

Found = list[Row] | str


@dataclass(frozen=True)
class Variant:
    """One kind of row.

    ``needs_headline``: it refits the headline's own cells. ``fits``: about how many fits' time it
    takes, so that the longest need not be waited for.
    """

    label: str
    run: Callable[[Context], Found]
    needs_headline: bool = True
    fits: int = 1


def _definitions(context: Context) -> Found:
    """Every other definition of CIT; those that rise with team size are adjusted for officers sent."""
    others = [
        e
        for e in registry.EXPOSURES
        if e.is_cit
        and e.id != context.question.exposure
        and context.coverage.records_exposure(e.id)
    ]
    if not others:
        return "the source records no other definition"
    more = context.adjusters
    if "officers_sent" not in more and context.coverage.records("officers_sent"):
        more = (*more, "officers_sent")
    counts = aggregate.by_definition(
        context.snapshot, context.question, more, [e.id for e in others]
    )
    rows = []
    for e in others:
        adjusters = more if e.when == "A" else context.adjusters
        found = context.judge(replace(counts[e.id], by=adjusters))
        differs = f"CIT means: {e.label.lower()}"
        if adjusters != context.adjusters:
            differs += ", and officers first sent are allowed for"
        rows.append(found.row(f"exposure:{e.id}", DEFINITION, e.label, differs))
    return rows


def _poisson(context: Context) -> Found:
    found = context.refit(context.cells, "poisson")
    return [
        found.row("poisson", MODEL, "Modified Poisson", "risks are modelled as ratios (Zou 2004)")
    ]


def _overlap_weights(context: Context) -> Found:
    prepared = context.prepared
    scores = weighting.propensity(
        prepared.frame,
        exposure=EXPOSURE,
        terms=list(prepared.covariates),
        trials=context.n,
        cluster=OFFICER,
    )
    found = (
        scores
        if isinstance(scores, NotEstimable)
        else weighting.effect(scores, events=context.events, trials=context.n)
    )
    differs = "contacts are weighted by how likely either arm was"
    if isinstance(found, NotEstimable) or isinstance(scores, NotEstimable):
        reason = found.reason if isinstance(found, NotEstimable) else "no weights"
        return [Result.refused(reason).row("overlap_weights", MODEL, "Overlap weights", differs)]
    ratio = found.log_risk_ratio
    result = _checked(found.risk_difference, found.risk_ratio, ratio, context.cells)
    return [result.row("overlap_weights", MODEL, "Overlap weights", differs, scores.label)]


def _separate(context: Context) -> Found:
    found = separate_arms(context.cells)
    return [
        found.row("separate_arms", MODEL, "Separate regressions", "each arm has its own regression")
    ]


def _mixed(context: Context) -> Found:
    grouped = context.prepared.grouped
    assert grouped is not None and isinstance(context.base, Fitted)
    fit = regression.mixed(
        grouped,
        events=context.events,
        trials=context.n,
        points=MIXED_POINTS,
        like=context.base.fit,
    )
    found = fit if isinstance(fit, NotEstimable) else regression.averaged(fit, EXPOSURE)
    differs = "officers' own levels are random (mixed model), averaged over them"
    if isinstance(found, NotEstimable):
        result = Result.refused(found.reason)
    else:
        n, other, *events = by_arm(context.cells)
        result = Result(found.risk_difference, found.risk_ratio, n + other, sum(events))
    return [result.row("mixed", MODEL, "Mixed model", differs)]


def _two_way(context: Context) -> Found:
    differs = "errors allow for repeat persons as well as officers"
    return [two_way(context).row("two_way", MODEL, "Officers and persons", differs)]


def _tenure(context: Context) -> Found:
    if not context.coverage.records("tenure"):
        return "the source does not record officers' years of service"
    if "tenure" in context.adjusters:
        return "already allowed for"
    found = context.ask(context.question, (*context.adjusters, "tenure"))
    return [
        found.row(
            "tenure", MODEL, "With officer tenure", "officers' years of service are allowed for"
        )
    ]


def _mandatory(context: Context) -> Found:
    if not context.coverage.records("mandatory_arrest"):
        return "the source does not record which arrests were mandatory"
    levels = aggregate.levels(context.snapshot, "mandatory_arrest")
    kept = tuple(level for level in levels if level != "yes")
    if len(kept) == len(levels):
        return "no arrest is recorded as mandatory"
    where = (*context.question.where, ("mandatory_arrest", kept))
    found = context.ask(replace(context.question, where=where), context.adjusters)
    differs = "mandatory arrests are left out (a field decided after arrival)"
    return [found.row("mandatory", CONTACTS, "Without mandatory arrests", differs)]


def _districts(context: Context) -> Found:
    if "district" not in context.adjusters:
        return "the source does not record districts"
    cells = context.cells
    code, names = cells.codes["district"][cells.pattern], cells.levels["district"]
    present = np.unique(code)
    if len(present) < 2:
        return "all contacts are in one district"
    rows = []
    for place in present:
        name = str(names[place])
        found = context.refit(cells.keep(code != place))
        label = f"Without {name.replace('_', ' ')}" if name != NOT_RECORDED else "District known"
        differs = f"contacts in district {name.replace('_', ' ')} are left out"
        rows.append(found.row(f"without_district:{name}", CONTACTS, label, differs))
    return rows


def _without_officer(context: Context) -> Found:
    assert isinstance(context.base, Fitted)
    if not context.prepared.clustered_by_officer:
        return "the source has no officer numbers"
    found = influential(context.base.fit, EXPOSURE, context.base.standard.margins)
    if not isinstance(found, Influence):
        return found.reason
    result = context.refit(context.cells.without(found.most))
    differs = "the officer whose absence changes it most is left out"
    return [result.row("without_officer", CONTACTS, "Without one officer", differs)]


def _complete(context: Context) -> Found:
    cells = context.cells
    whole = np.ones(len(next(iter(cells.codes.values()))), dtype=bool)
    for name in cells.categorical:
        whole &= cells.levels[name][cells.codes[name]] != NOT_RECORDED
    if whole.all():
        return "every contact has every covariate"
    found = context.refit(cells.keep(whole[cells.pattern]))
    differs = "contacts with a covariate not recorded are left out"
    return [found.row("complete", CONTACTS, "Complete contacts", differs)]


def _bounds(context: Context) -> Found:
    prepared = context.prepared
    missing = int(prepared.frame[f"missing:{context.outcome}"].sum())
    if not missing:
        return "the outcome is recorded for every contact"
    rows = []
    for id_, cit, other, label, differs in (
        ("missing_low", False, True, "Missing, best case for CIT", "without CIT"),
        ("missing_high", True, False, "Missing, worst case for CIT", "with CIT"),
    ):
        frame = fill_missing(prepared.frame, context.outcome, EXPOSURE, cit=cit, other=other)
        assert prepared.grouped is not None
        cells = replace(prepared.grouped, frame=frame).count(context.events, context.n)
        found = context.refit(cells)
        text = f"all contacts not recorded had it {differs} and none had it in the other arm"
        rows.append(found.row(id_, MISSING, label, text))
    return rows


def _within(context: Context) -> Found:
    rows = []
    found = officer_effects(context.question, context.outcome, context.snapshot)
    for id_, label, effects, text in (
        ("within", "Officers before and after", found.effects, "officers not yet certified"),
        (
            "within_never",
            "Before and after, with the never certified",
            found.effects_never,
            "officers not yet and never certified",
        ),
    ):
        differs = (
            "officers are compared with themselves before certification, time told by "
            f"{text}; stable traits are removed, dispatch after certification is not"
        )
        if isinstance(effects, NotEstimable):
            result = Result.refused(effects.reason)
        else:
            result = Result(
                effects.risk_difference,
                NotEstimable("a linear model within officers gives a difference, no ratio"),
                effects.contacts1 + effects.contacts0,
                effects.events1 + effects.events0,
                effects.df,
            )
        rows.append(result.row(id_, OFFICERS, label, differs, "officers seen in both groups"))
    return rows


def _checked(
    difference: Estimated, ratio: Estimated, log: Contrast | NotEstimable, cells: Cells
) -> Result:
    """Return a result unless too few officers carry it."""
    if not isinstance(log, Contrast):
        return Result.refused(log.reason)
    if log.df < FEWEST_DF:
        return Result.refused(
            f"too few officers carry the comparison ({log.df:.1f} degrees of freedom): too few to say"
        )
    n, other, *events = by_arm(cells)
    return Result(difference, ratio, n + other, sum(events), log.df)


VARIANTS = (
    Variant("Other definitions of CIT", _definitions, needs_headline=False, fits=8),
    Variant("Modified Poisson", _poisson),
    Variant("Overlap weights", _overlap_weights),
    Variant("Separate regressions", _separate),
    Variant("Mixed model", _mixed, fits=5),
    Variant("Officers and persons", _two_way),
    Variant("With officer tenure", _tenure, fits=3),
    Variant("Without mandatory arrests", _mandatory, fits=2),
    Variant("Leaving out each district", _districts, fits=7),
    Variant("Without one officer", _without_officer),
    Variant("Complete contacts", _complete),
    Variant("Missing outcomes, worst cases", _bounds),
    Variant("Officers before and after", _within, needs_headline=False),
)
