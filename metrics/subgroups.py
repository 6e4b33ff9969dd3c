"""Is the difference alike in every kind of contact? One outcome, one covariate at a time.

For each covariate the headline regression is fitted once more with an interaction between exposure
and the covariate's levels, and its risks are standardised over the contacts of each level. One model
rather than a fit per level: a level with few contacts borrows what the other covariates do from all
contacts, and the differences shown and the test of whether they differ come from the same fit.

The test is on the interaction terms, so on the scale of the odds ratio (close to the risk ratio where
the outcome is rare), by :func:`metrics.joint.joint_test`: officer-clustered CR2 with an F test for few
officers. Where rates differ between levels, differences per 1,000 differ even if the ratio does not.
Benjamini-Hochberg over the covariates that could be tested.

What is known only once someone is there (sex, age, race, veteran) splits here and adjusts nowhere
else; in its own split the level stands in the model, as it must to compare within it. Always
exploratory, and internal: small levels are named and withheld, not hidden from subtraction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from data import registry
from data.store import Snapshot
from metrics import aggregate, headline, proportions, regression
from metrics.aggregate import EXPOSURE, OFFICER, Counts
from metrics.clusters import Span
from metrics.estimate import Estimated, NotEstimable, Test, Tested
from metrics.headline import CONTACTS_A_PATTERN, FEWEST_DF, LEAST_OVERLAP, Headline
from metrics.joint import joint_test
from metrics.multiplicity import benjamini_hochberg
from metrics.result import Adjusted, Arm
from metrics.standardisation import Margins, margins_of, standardise

if TYPE_CHECKING:
    from metrics.question import Question
    from metrics.regression import Fit

SUBGROUPS = ("call_group", "district", "shift", "weapon", "age_band", "sex", "race", "veteran")
"""The covariates of the page, in its order."""

SMALLEST_SHOWN = 11
"""Contacts, events and contacts without the event that a level needs in each group.

Ten events would do to estimate, but a count of 1 to 10 is not shown, and a rate gives its count away.
"""

UNKNOWN = (registry.NOT_RECORDED, "unknown")
"""Levels that say nothing of the contact: counted, neither compared nor tested."""

_NOT_YET = NotEstimable("not estimated")


@dataclass(frozen=True)
class Level:
    """One level of a covariate: both groups as counted, and their adjusted difference within it."""

    level: str
    label: str
    cit: Arm
    other: Arm
    risk_difference: Estimated
    risk_ratio: Estimated
    risk_cit: Estimated
    risk_other: Estimated
    df: float | None
    overlap: float


@dataclass(frozen=True)
class Subgroup:
    """One covariate: its levels in a fixed order, and the test of whether they differ.

    ``withheld`` names the levels that are too small to show, by label. ``unknown`` counts contacts
    whose level was not recorded or answered unknown, ``None`` where there are 1 to 10. ``df`` are the
    test's two degrees of freedom; ``p_adjusted`` is Benjamini-Hochberg's over the tested covariates.
    """

    covariate: str
    label: str
    levels: tuple[Level, ...]
    withheld: tuple[str, ...]
    unknown: int | None
    test: Tested
    df: tuple[int, float] | None = None
    p_adjusted: float | None = None


@dataclass(frozen=True)
class Subgroups:
    """The subgroup exhibit of one outcome. ``family`` is the number of covariates tested.

    ``overall`` is the headline the levels stand beside; ``lacking`` the covariates that this source
    does not record.
    """

    outcome: str
    exposure: str
    overall: Adjusted
    subgroups: tuple[Subgroup, ...]
    lacking: tuple[str, ...]
    family: int
    filtered: bool


def subgroups(
    question: Question, outcome: str, snapshot: Snapshot, by: tuple[str, ...] = SUBGROUPS
) -> Subgroups:
    """Return one outcome's adjusted difference within the levels of each covariate of ``by``.

    Raises ``UserError`` for an unknown covariate.
    """
    for dim in by:
        registry.covariate(dim)
    coverage = aggregate.coverage(snapshot)
    adjusters = tuple(c for c in question.adjust if coverage.records(c))
    present = tuple(d for d in by if coverage.records(d))
    asked = replace(question, outcomes=(outcome,))
    columns = tuple(dict.fromkeys((*adjusters, *present)))
    counts = aggregate.counts(snapshot, asked, columns, officers=True)
    recorded = coverage.records_outcome(outcome) and coverage.records_exposure(question.exposure)
    return from_counts(counts, question, outcome, adjusters, present, recorded, by)


def from_counts(
    counts: Counts,
    question: Question,
    outcome: str,
    adjusters: tuple[str, ...],
    present: tuple[str, ...],
    recorded: bool = True,
    by: tuple[str, ...] = SUBGROUPS,
) -> Subgroups:
    """Return the exhibit from counts grouped by adjusters, the covariates ``present``, and officer."""
    rows = headline.prepare(replace(counts, by=adjusters), question.adjust)
    whole = rows
    if not counts.frame[OFFICER].notna().all():
        # A contact without an officer is a cluster by its row of counts: the rows of the headline.
        regrouped = aggregate.regroup(counts, adjusters, officers=True)
        whole = headline.prepare(regrouped, question.adjust)
    if recorded:
        overall = headline.analyse(whole, outcome)
    else:
        overall = headline.refuse(whole, "not recorded by this source")
    frame = _coded(rows.frame, counts.by, outcome)
    found = [_subgroup(frame, outcome, dim, adjusters, overall) for dim in present]
    tested = [s for s in found if isinstance(s.test, Test)]
    adjusted = benjamini_hochberg([s.test.p_value for s in tested if isinstance(s.test, Test)])
    by_dim = {s.covariate: p for s, p in zip(tested, adjusted, strict=True)}
    return Subgroups(
        outcome=outcome,
        exposure=question.exposure,
        overall=overall.adjusted,
        subgroups=tuple(replace(s, p_adjusted=by_dim.get(s.covariate)) for s in found),
        lacking=tuple(d for d in by if d not in present),
        family=len(tested),
        filtered=question.filtered,
    )


def _coded(frame: pd.DataFrame, by: tuple[str, ...], outcome: str) -> pd.DataFrame:
    """Keep what the fits read, with text coded once for all of them."""
    n = f"n:{outcome}"
    kept = frame.loc[frame[n] > 0, [EXPOSURE, *by, OFFICER, n, f"events:{outcome}"]]
    return kept.assign(**{c: pd.Categorical(kept[c]) for c in (*by, OFFICER)})


def _subgroup(
    frame: pd.DataFrame, outcome: str, dim: str, adjusters: tuple[str, ...], overall: Headline
) -> Subgroup:
    n, events = f"n:{outcome}", f"events:{outcome}"
    gone = frame[dim].isin(UNKNOWN)
    unknown = int(frame.loc[gone, n].sum())
    known = frame[~gone]
    table = known.groupby([dim, EXPOSURE], observed=True)[[n, events]].sum()
    cells = {
        key: (int(row[0]), int(row[1]))
        for key, row in zip(table.index, table.to_numpy(), strict=True)
    }
    levels = sorted({str(level) for level, _ in cells}, key=lambda level: _place(dim, level))
    shown = [level for level in levels if _large_enough(cells, level)]
    label = registry.covariate(dim).label
    draft = Subgroup(
        covariate=dim,
        label=label,
        levels=(),
        withheld=tuple(registry.level_label(dim, v) for v in levels if v not in shown),
        unknown=None if 0 < unknown < SMALLEST_SHOWN else unknown,
        test=NotEstimable("fewer than two levels have enough contacts and events to compare"),
    )
    refused = overall.adjusted.risk_difference
    if isinstance(refused, NotEstimable):
        # What the whole cannot carry, its parts cannot.
        return replace(draft, test=refused, levels=_counted(cells, dim, shown, refused))
    if len(shown) < 2:
        return replace(draft, levels=_counted(cells, dim, shown, draft.test))
    part = known[known[dim].isin(shown)]
    terms = [*dict.fromkeys((EXPOSURE, *adjusters, dim)), f"{EXPOSURE}:{dim}"]
    grouped = regression.group(part, terms, cluster=OFFICER)
    fitted = regression.fit(grouped, events=events, trials=n, se="CR2")
    if isinstance(fitted, NotEstimable):
        return replace(draft, test=fitted, levels=_counted(cells, dim, shown, fitted))
    patterns = [c for c in adjusters if registry.covariate(c).defines_pattern and c != dim]
    overlap = {v: _overlap(part[part[dim] == v], patterns, n) for v in shown}
    found = [
        _level(own, _counted(cells, dim, [v], _NOT_YET)[0], overlap[v])
        for v, own in zip(shown, _within(fitted, dim, shown), strict=True)
    ]
    test, df = _interaction(fitted, dim, len(shown))
    return replace(draft, levels=tuple(found), test=test, df=df)


def _large_enough(cells: dict[tuple[str, int], tuple[int, int]], level: str) -> bool:
    return all(
        min(y, size - y) >= SMALLEST_SHOWN
        for size, y in (cells.get((level, arm), (0, 0)) for arm in (0, 1))
    )


def _arms(cells: dict[tuple[str, int], tuple[int, int]], level: str) -> tuple[Arm, Arm]:
    (n1, y1), (n0, y0) = cells[(level, 1)], cells[(level, 0)]
    return Arm(n1, y1, proportions.wilson(y1, n1)), Arm(n0, y0, proportions.wilson(y0, n0))


def _counted(
    cells: dict[tuple[str, int], tuple[int, int]], dim: str, shown: list[str], why: Tested
) -> tuple[Level, ...]:
    """Return the levels with their counts and, for every estimate, why there is none."""
    gone = why if isinstance(why, NotEstimable) else _NOT_YET
    return tuple(
        Level(v, registry.level_label(dim, v), *_arms(cells, v), gone, gone, gone, gone, None, 0.0)
        for v in shown
    )


def _overlap(own: pd.DataFrame, patterns: list[str], n: str) -> float:
    """Return the share of a level's contacts in patterns of both groups, over as many as it can fill.

    With few contacts a pattern lacks one group by chance: the last covariates are left out until
    there are enough.
    """
    while patterns and own[n].sum() < CONTACTS_A_PATTERN * len(own[patterns].drop_duplicates()):
        patterns = patterns[:-1]
    return regression.overlap_share(own, EXPOSURE, patterns, trials=n)


@dataclass(frozen=True)
class _Shared:
    """Two columns of a span made for all levels at once, in place of a level's own."""

    whole: Span
    first: int

    def span(self, t: np.ndarray) -> Span:
        """Return the two columns; ``t`` is what they were made from."""
        here = slice(self.first, self.first + 2)
        return Span(self.whole.left[:, :, here], self.whole.right[:, :, here])


def _within(fitted: Fit, dim: str, levels: list[str]) -> list[Fit]:
    """Return the fit once for each level, its coefficients and errors whole, its contacts the level's."""
    found = []
    for level in levels:
        position = int(np.flatnonzero(fitted.cells.levels[dim] == level)[0])
        own = fitted.cells.keep(fitted.cells.codes[dim][fitted.cells.pattern] == position)
        found.append(replace(fitted, cells=own, n=int(own.trials.sum())))
    margins = [margins_of(own, EXPOSURE) for own in found]
    gradients = [g for m in margins if isinstance(m, Margins) for g in (m.gradient1, m.gradient0)]
    clusters = fitted.errors.clusters
    if not gradients or clusters is None:
        return found
    # Most of the work is what officers add to a contrast: once for all levels, not once for each.
    whole = clusters.span(fitted.errors.root.T @ np.array(gradients).T)
    column = 0
    for place, margin in enumerate(margins):
        if isinstance(margin, Margins):
            errors = replace(fitted.errors, moments=_Shared(whole, column))
            found[place] = replace(found[place], errors=errors)
            column += 2
    return found


def _level(own: Fit, draft: Level, overlap: float) -> Level:
    """Standardise the fit over the contacts of one level, under the headline's own refusals."""
    draft = replace(draft, overlap=overlap)

    def refused(reason: NotEstimable, df: float | None = None) -> Level:
        return replace(
            draft,
            risk_difference=reason,
            risk_ratio=reason,
            risk_cit=reason,
            risk_other=reason,
            df=df,
        )

    if overlap < LEAST_OVERLAP:
        return refused(
            NotEstimable(
                f"only {overlap:.0%} of its contacts have a like in the other group: adjusting would"
                " compare calls that one group never gets"
            )
        )
    standard = standardise(own, EXPOSURE)
    if isinstance(standard, NotEstimable):
        return refused(standard)
    ratio = standard.log_risk_ratio
    if isinstance(ratio, NotEstimable):
        return refused(ratio)
    if ratio.df < FEWEST_DF:
        return refused(
            NotEstimable(
                f"too few officers carry the comparison ({ratio.df:.1f} degrees of freedom): too few"
                " to say"
            ),
            ratio.df,
        )
    return replace(
        draft,
        risk_difference=standard.risk_difference,
        risk_ratio=standard.risk_ratio,
        risk_cit=standard.risk1,
        risk_other=standard.risk0,
        df=ratio.df,
    )


def _interaction(fitted: Fit, dim: str, levels: int) -> tuple[Tested, tuple[int, float] | None]:
    wanted = [i for i, name in enumerate(fitted.names) if name.startswith(f"{EXPOSURE}:{dim}[")]
    if len(wanted) < levels - 1:
        return NotEstimable("these levels cannot be told apart from other covariates"), None
    found = joint_test(fitted, np.eye(len(fitted.names))[wanted])
    if isinstance(found, NotEstimable):
        return found, None
    if found.df < FEWEST_DF:
        return (
            NotEstimable(
                f"too few officers carry the test ({found.df:.1f} degrees of freedom): too few to say"
            ),
            None,
        )
    return found.test, (found.contrasts, found.df)


def _place(dim: str, level: str) -> tuple[int, list[tuple[int, int, str]]]:
    """Order levels as the registry does, else by name with numbers as numbers; never by result."""
    known = [code for code, _ in registry.covariate(dim).labels]
    if level in known:
        return known.index(level), []
    parts = re.findall(r"\d+|\D+", level)
    return len(known), [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts]
