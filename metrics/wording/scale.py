"""Words of force as a scale: one number for all levels, and where one number will not do."""

from __future__ import annotations

from data import registry
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.force_scale import ForceScale
from metrics.headline import FEWEST_EVENTS
from metrics.ranks import BrunnerMunzel, RankSum
from metrics.wording import marks
from metrics.wording.comparison import CAUTION
from metrics.wording.numbers import (
    covariate_list,
    number,
    p_value,
    percent,
    rate_decimals,
    ratio,
    reason,
)
from metrics.wording.page import needs

NOTE = (
    "The scale says more than force or no force: it asks whether the level that was reached tends to be"
    " graver in one group. A secondary question: read it as exploratory, whatever its p."
)
ASKED = "Compare the levels as a scale: with this many contacts it takes some seconds"
UNLIKE = 0.05


def step(level: int) -> str:
    """Return a cut of the scale in words."""
    return (
        "Any force (level 1 or above)"
        if level == 1
        else f"Level {level}" + (" or above" if level < 4 else "")
    )


def sentence(found: ForceScale) -> str:
    """Say how the levels differ: shares of each group first, then the odds ratio, adjusted."""
    exposure = registry.exposure(found.exposure)
    if not found.recorded:
        return needs("force_events.category")
    if not found.n_cit or not found.n_other:
        return "There is no other group to set the levels of force beside."
    any_cit, any_other = found.n_cit - found.levels[0].cit, found.n_other - found.levels[0].other
    shares = (any_cit / found.n_cit, any_other / found.n_other)
    decimals = rate_decimals(*shares)
    opening = (
        f"{number(shares[0] * 1000, decimals)} of 1,000 contacts {exposure.cit_arm} had force of level 1"
        f" or above, and {number(shares[1] * 1000, decimals)} of 1,000 {exposure.other_arm}, as recorded"
    )
    if isinstance(found.odds_ratio, NotEstimable):
        return f"{opening}. The levels as a whole were not compared: {reason(found.odds_ratio)}."
    allowed = "Before allowing for anything"
    if found.covariates:
        allowed = f"After allowing for {covariate_list(found.covariates)}"
    return (
        f"{opening}. {allowed}, the odds of a graver level are"
        f" {ratio(found.odds_ratio)} times as high in the first of these groups (1 = alike)."
    )


def verdict(found: ForceScale) -> str:
    """Say what the adjusted odds ratio amounts to, and what it does not."""
    if not isinstance(found.odds_ratio, Estimate) or not isinstance(found.test, Test):
        return CAUTION
    exposure = registry.exposure(found.exposure)
    tested = p_value(found.test.p_value)
    if found.test.p_value >= UNLIKE:
        text = f"**No difference in level detected** ({tested}), which is not the same as none."
    else:
        way = "Less grave" if found.odds_ratio.estimate < 1 else "Graver"
        text = (
            f"**{way} levels are associated with contacts {exposure.cit_arm}** ({tested}). Certainty:"
            " **not sure**; a secondary outcome, not adjusted for the number of tests."
        )
    return (
        f"{text} The two groups got other calls (see *Who gets CIT?*), so the adjusted number need not go"
        f" the way of the counts. {CAUTION}"
    )


def proportionality(found: ForceScale) -> str:
    """Say whether one odds ratio will do for the whole scale, as far as these data can tell."""
    test = found.proportionality
    if isinstance(found.odds_ratio, NotEstimable):
        return ""
    if isinstance(test, NotEstimable):
        return f"Whether one number will do for every step could not be tested ({reason(test)})."
    if test.p_value < UNLIKE:
        return (
            f"**One number will not do** ({test.method}, {p_value(test.p_value)}): the odds ratio differs"
            " from step to step, so read each step below and not the one number."
        )
    return (
        f"No sign that the odds ratio differs from step to step ({test.method},"
        f" {p_value(test.p_value)}); with few contacts at the higher levels, a difference could be missed."
    )


def unlike(found: ForceScale) -> bool:
    """True where the steps must be read one by one."""
    test = found.proportionality
    return bool(found.cuts) and not (isinstance(test, Test) and test.p_value >= UNLIKE)


def ranks(found: ForceScale) -> list[str]:
    """Return what the rank tests say, and what they ignore."""
    lines = []
    munzel, wilcoxon = found.brunner_munzel, found.rank_sum
    if isinstance(munzel, BrunnerMunzel):
        low, high = (_hundredth(v) for v in (munzel.superiority.low, munzel.superiority.high))
        lines.append(
            "Of two contacts drawn at random, one from each group, the chance that the first group's has"
            f" the less grave level (ties split) is {_hundredth(munzel.superiority.estimate)}% (95% CI {low}%"
            f" to {high}%); 50% is no tendency. {munzel.method}: {p_value(munzel.p_value)}."
        )
    if isinstance(wilcoxon, RankSum):
        lines.append(f"{wilcoxon.method}: {p_value(wilcoxon.p_value)}.")
    if lines:
        lines.append(
            "These two are not adjusted, and take every contact as independent of the officer who handled"
            " it; they can disagree with the adjusted number."
        )
    return lines


def _hundredth(share: float) -> str:
    return number(share * 100, 2)


def beside(found: ForceScale) -> list[str]:
    """Return what must stand beside the odds ratio: errors, overlap, joined levels, what is missing."""
    lines = []
    if isinstance(found.odds_ratio, Estimate) and found.clusters and found.df is not None:
        lines.append(
            f"Proportional odds model; errors clustered by {found.clusters:,} officers ({found.se}),"
            f" {found.df:.0f} degrees of freedom; {percent(found.overlap)} of contacts have a like in the"
            " other group."
        )
    if found.joined:
        joined = " and ".join(str(k) for k in found.joined)
        word = "Level" if len(found.joined) == 1 else "Levels"
        lines.append(
            f"{word} {joined}: fewer than {FEWEST_EVENTS} contacts of a group reach it, so the regression"
            " takes it together with the level below; the table shows every level."
        )
    if found.unavailable:
        lines.append(
            f"Not recorded by this source, so not allowed for: {covariate_list(found.unavailable)}."
        )
    for term, levels in found.pooled:
        shown = ", ".join(marks.shown(registry.level_label(term, level)) for level in levels)
        lines.append(
            f"{registry.covariate(term).label}: levels where no or every contact had force were merged"
            f" ({shown})."
        )
    if found.aliased:
        lines.append(
            f"Levels that say the same as others, left out: {', '.join(map(marks.shown, found.aliased))}."
        )
    if found.missing_cit or found.missing_other:
        lines.append(
            f"The level was not recorded for {found.missing_cit:,} contacts of the first group and"
            f" {found.missing_other:,} of the second; they are not counted as none."
        )
    return lines + [f"Warning: {w}." for w in found.warnings]


def cuts_alt(found: ForceScale) -> str:
    """Return the words that replace the figure of odds ratios."""
    rows = [f"all steps as one, {ratio(found.odds_ratio)}"]
    rows += [f"{step(c.level)}, {ratio(c.odds_ratio)}" for c in found.cuts]
    return f"Odds ratios of a graver level of force, adjusted; 1 is alike: {'; '.join(rows)}."
