"""The pre-specified analysis: logistic regression on what dispatch knew, standardised, by officer.

Refusals come before numbers: where the errors cannot be trusted the estimate is not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from data import registry
from metrics import power, regression
from metrics.aggregate import EXPOSURE, OFFICER, Counts
from metrics.cells import Cells
from metrics.contacts import Contacts, Runs
from metrics.estimate import Estimate, Estimated, NotEstimable, Test
from metrics.influence import Influence, influential
from metrics.newton import Family, Separated
from metrics.permutation import officer_permutation
from metrics.regression import Fit, without
from metrics.result import Adjusted, Influential
from metrics.standardisation import Contrast, Standardised, standardise

if TYPE_CHECKING:
    import pandas as pd

FEWEST_DF = 4.0
FEWEST_EVENTS = 10
FEWEST_OFFICERS = 4
LEAST_OVERLAP = 0.80
PATTERN_BUDGET = 5_000
CONTACTS_A_PATTERN = 5.0
"""Below this, patterns lack one arm by chance, and overlap is counted over what decides dispatch."""
WARN_DF = 8.0
WARN_SHARE = 0.20
WARN_LEVERAGE = 0.30


@dataclass(frozen=True)
class Prepared:
    """Counts in cells, ready to fit: shared by all outcomes of a question.

    ``like`` numbers the pattern of ``overlap_by`` of each pattern of ``cells``; ``rows`` gives the counts
    whose exposure is recorded as a frame.
    """

    cells: regression.Grouped | Runs
    covariates: tuple[str, ...]
    unavailable: tuple[str, ...]
    patterns: int
    overlap_by: tuple[str, ...]
    like: np.ndarray
    clustered_by_officer: bool
    rows: Callable[[], pd.DataFrame]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The counts whose exposure is recorded, a row for each exposure, pattern and officer at least."""
        return self.rows()

    @property
    def grouped(self) -> regression.Grouped | None:
        """The rows of ``frame`` in cells; ``None`` where there is only one group."""
        return self.cells if self.two_arms and isinstance(self.cells, regression.Grouped) else None

    @cached_property
    def alike(self) -> np.ndarray:
        """The pattern of ``overlap_by`` of each row of ``frame``."""
        assert isinstance(self.cells, regression.Grouped)
        return self.like[self.cells.pattern[self.cells.row_cell]]

    @property
    def two_arms(self) -> bool:
        """Whether there is anything to compare."""
        return len(np.unique(self.cells.codes[EXPOSURE])) == 2


@dataclass(frozen=True)
class Headline:
    """One outcome's adjusted result, and what the verdict needs of it."""

    adjusted: Adjusted
    detectable_se: Contrast | None = None


def prepare(counts: Counts, asked: tuple[str, ...]) -> Prepared:
    """Group counts by exposure x covariates x officer for fitting; exact for every outcome.

    A contact without an officer key is a cluster of its own row of counts: the finest unit there is.
    """
    frame = counts.frame[counts.frame[EXPOSURE].notna().to_numpy(bool)].reset_index(drop=True)
    named = bool(frame[OFFICER].notna().any())
    frame = frame.assign(
        **{EXPOSURE: frame[EXPOSURE].astype(int), OFFICER: _every_officer(frame[OFFICER])}
    )
    covariates = tuple(counts.by)
    grouped = regression.group(frame, [EXPOSURE, *covariates], cluster=OFFICER)
    return _prepared(grouped, covariates, asked, int(frame["contacts"].sum()), named, lambda: frame)


def prepare_contacts(contacts: Contacts, by: tuple[str, ...], asked: tuple[str, ...]) -> Prepared:
    """Put contacts in the same cells as :func:`prepare` does their counts."""
    runs = contacts.runs(by)
    return _prepared(runs, by, asked, runs.cell.rows, runs.named, runs.frame)


def _prepared(
    cells: regression.Grouped | Runs,
    covariates: tuple[str, ...],
    asked: tuple[str, ...],
    contacts: int,
    named: bool,
    rows: Callable[[], pd.DataFrame],
) -> Prepared:
    like = cells.alike(covariates)
    patterns = int(like.max(initial=-1)) + 1
    overlap_by = covariates
    if patterns > PATTERN_BUDGET or contacts < CONTACTS_A_PATTERN * patterns:
        overlap_by = tuple(c for c in covariates if registry.covariate(c).defines_pattern)
        like = cells.alike(overlap_by)
    return Prepared(
        cells,
        covariates,
        tuple(c for c in asked if c not in covariates),
        patterns,
        overlap_by,
        like,
        named,
        rows,
    )


def _every_officer(officer: pd.Series) -> pd.Categorical:
    """Return the officers, and for each row of counts without one a name of its own."""
    import pandas as pd

    column = pd.Categorical(officer)
    code, known = column.codes.astype(np.int64), list(column.categories)
    nameless = np.flatnonzero(code < 0)
    code[nameless] = len(known) + np.arange(len(nameless))
    return pd.Categorical.from_codes(code, [*known, *(f"none {i}" for i in range(len(nameless)))])


@dataclass(frozen=True)
class Fitted:
    """A regression that passed the refusals, standardised, with the share of contacts in overlap."""

    fit: Fit
    standard: Standardised
    ratio: Contrast
    overlap: float


def analyse(prepared: Prepared, outcome: str) -> Headline:
    """Return the adjusted result of one outcome, or the reasons it is refused."""
    found = fitted(prepared, outcome)
    return found if isinstance(found, Headline) else _spoken(prepared, found)


def fitted(prepared: Prepared, outcome: str, like: Fit | None = None) -> Fitted | Headline:
    """Fit and standardise one outcome, or return the reasons it is refused.

    ``like`` is a fit to much the same contacts: where to begin.
    """
    if not prepared.two_arms:
        return refuse(prepared, "there is no second group to compare with")
    cells = prepared.cells.tally(f"events:{outcome}", f"n:{outcome}")
    events, n = cells.totals()
    arm = cells.codes[EXPOSURE]  # its levels are 0 and 1
    in_arm, events_in_arm = np.bincount(arm, n), np.bincount(arm, events)
    smallest = int(min(events_in_arm.min(), (in_arm - events_in_arm).min()))
    if in_arm.min() == 0:
        return refuse(prepared, "one group has no contact with this outcome recorded")
    overlap = regression.overlap(prepared.like, arm == 1, n)
    if smallest < FEWEST_EVENTS:
        return _too_few(
            prepared,
            outcome,
            overlap,
            f"fewer than {FEWEST_EVENTS} events in a group: too few to say",
        )
    if overlap < LEAST_OVERLAP:
        return refuse(
            prepared,
            f"only {overlap:.0%} of contacts have a like in the other group: adjusting would compare"
            " calls that one group never gets",
            overlap,
        )
    fit = fit_or_drop(cells.filled(), like=like)
    if isinstance(fit, NotEstimable):
        return refuse(prepared, fit.reason, overlap)
    standard = standardise(fit, EXPOSURE)
    if isinstance(standard, NotEstimable):
        return refuse(prepared, standard.reason, overlap)
    ratio = standard.log_risk_ratio
    if isinstance(ratio, NotEstimable):
        return refuse(prepared, ratio.reason, overlap)
    if ratio.df < FEWEST_DF:
        return _too_few(
            prepared,
            outcome,
            overlap,
            f"too few officers carry the comparison ({ratio.df:.1f} degrees of freedom): too few to say",
        )
    return Fitted(fit, standard, ratio, overlap)


def fit_or_drop(
    cells: Cells, family: Family = "logit", like: Fit | None = None
) -> Fit | NotEstimable:
    """Fit with CR2 errors; where covariates separate the data, leave out the last of them and repeat.

    Which is left out is fixed by the order in which the covariates were specified, not by results.
    """
    while True:
        fit = regression.fit_cells(cells, family, "CR2", like)
        if not isinstance(fit, Separated):
            return fit
        named = [
            term
            for term in cells.terms
            if term != (EXPOSURE,) and any(c.startswith(f"{term[0]}[") for c in fit.columns)
        ]
        if not named:
            return fit
        cells = replace(cells, terms=tuple(t for t in cells.terms if t != named[-1]))


def _spoken(prepared: Prepared, found: Fitted) -> Headline:
    fit, standard, ratio, overlap = found.fit, found.standard, found.ratio, found.overlap
    influence = influential(fit, EXPOSURE, standard.margins)
    most = _most(fit, standard, influence) if isinstance(influence, Influence) else None
    warnings = []
    if ratio.df < WARN_DF:
        warnings.append(f"few officers carry the comparison ({ratio.df:.1f} degrees of freedom)")
    if most and most.share > WARN_SHARE:
        warnings.append(f"one officer handled {most.share:.0%} of a group's contacts")
    if most and most.leverage > WARN_LEVERAGE:
        warnings.append(f"one officer carries {most.leverage:.0%} of the information")
    if not prepared.clustered_by_officer:
        warnings.append("the source has no officer numbers: errors ignore who handled the contact")
    test = standard.test
    used = {name for term in fit.cells.terms for name in term}
    adjusted = Adjusted(
        covariates=tuple(c for c in prepared.covariates if c in used),
        left_out=tuple(c for c in prepared.covariates if c not in used),
        aliased=fit.aliased,
        clusters=fit.clusters,
        se="CR2",
        df=ratio.df,
        overlap=overlap,
        risk_difference=standard.risk_difference,
        risk_ratio=standard.risk_ratio,
        odds_ratio=standard.odds_ratio,
        p_value=test.p_value if isinstance(test, Test) else None,
        p_holm=None,
        risk_cit=standard.risk1,
        risk_other=standard.risk0,
        unavailable=prepared.unavailable,
        pooled=tuple((term, tuple(levels)) for term, levels in fit.pooled.items()),
        overlap_by=prepared.overlap_by,
        warnings=tuple(warnings),
        influential=most,
    )
    difference = standard.difference
    return Headline(adjusted, difference if isinstance(difference, Contrast) else None)


def _most(fit: Fit, standard: Standardised, influence: Influence) -> Influential:
    """Describe the officer whose absence moves the ratio most; refit without if it matters."""
    position = int(np.flatnonzero(influence.officers == influence.most)[0])
    share = float(max(influence.share1[position], influence.share0[position]))
    largest = float(influence.max_share)
    leverage = float(influence.max_leverage)
    without_it: Estimated = NotEstimable("no officer stands out; not refitted")
    if largest > WARN_SHARE or leverage > WARN_LEVERAGE:
        refit = without(fit, influence.most)
        again = refit if isinstance(refit, NotEstimable) else standardise(refit, EXPOSURE)
        without_it = again if isinstance(again, NotEstimable) else again.risk_difference
    return Influential(
        share=largest,
        own_share=share,
        leverage=leverage,
        change=float(influence.change_difference[position]),
        risk_difference_without=without_it,
    )


def refuse(prepared: Prepared, reason: str, overlap: float | None = None) -> Headline:
    """Return a headline without an estimate, and why."""
    gone = NotEstimable(reason)
    officers = len(prepared.cells.labels) or None
    return Headline(
        Adjusted(
            covariates=prepared.covariates,
            aliased=(),
            clusters=officers,
            se=None,
            df=None,
            overlap=overlap,
            risk_difference=gone,
            risk_ratio=gone,
            odds_ratio=gone,
            p_value=None,
            p_holm=None,
            risk_cit=gone,
            risk_other=gone,
            unavailable=prepared.unavailable,
            overlap_by=prepared.overlap_by,
        )
    )


def _too_few(prepared: Prepared, outcome: str, overlap: float, reason: str) -> Headline:
    """Refuse the regression; test by permuting officers where exposure belongs to the officer."""
    refused = refuse(prepared, reason, overlap)
    test = officer_permutation(prepared.frame, outcome, fewest=FEWEST_OFFICERS)
    return Headline(
        replace(
            refused.adjusted,
            permutation=test if isinstance(test, Test) else NotEstimable(test.reason),
            too_few=True,
        )
    )


def detectable(headline: Headline, comparisons: int) -> Estimated:
    """Return the smallest difference these data could have shown, at the Holm level of m tests.

    ``(t[1 - a/2] + t[.8]) x SE`` with a = .05 / m, on the risk difference.
    """
    contrast = headline.detectable_se
    if contrast is None:
        return NotEstimable("no adjusted estimate")
    size = power.detectable_from_se(contrast.se, contrast.df, alpha=0.05 / max(comparisons, 1))
    return Estimate(size, size, size)
