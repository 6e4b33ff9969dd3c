"""A comparison as words: its sentence, verdict, and everything that must stand beside it."""

from __future__ import annotations

import math

from data import registry
from metrics import proportions, result
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.result import Comparison
from metrics.wording import marks
from metrics.wording.numbers import (
    capital,
    covariate_list,
    difference,
    difference_decimals,
    number,
    p_value,
    percent,
    rate,
    rate_decimals,
    ratio,
    reason,
)

VERDICT_WORDS = {
    result.LOWER: "lower with CIT",
    result.HIGHER: "higher with CIT",
    result.NONE_DETECTED: "no difference detected",
    result.TOO_FEW: "too few to say",
    result.NO_COMPARISON: "no comparison group",
    result.NOT_ESTIMABLE: "not estimated",
    result.NOT_RECORDED: "not recorded",
}


CERTAINTY_WORDS = {
    result.CLEAR: "clear",
    result.NOT_SURE: "not sure",
    result.TOO_FEW: "too few to say",
}


CAUTION = (
    "CIT officers volunteer and are sent by rule, so this describes what was recorded; it does not"
    " show what CIT does."
)


UNMEASURED = (
    "Not measured or not allowed for: why dispatch chose this officer, how experienced the officer is, and"
    " how the form was filled in."
)


CRUDE_NOTE = (
    "Not adjusted: CIT officers are sent to different calls, and one officer handles many contacts;"
    " neither is allowed for here."
)


def not_recorded(outcome_id: str) -> str:
    """Say that a source does not record an outcome, and which column would supply it."""
    outcome = registry.outcome(outcome_id)
    return f"{outcome.label}: not recorded by this source. It needs {', '.join(outcome.sources)}."


def exposure_not_recorded(exposure_id: str) -> str:
    """Say that a source does not record an exposure, and which column would supply it."""
    exposure = registry.exposure(exposure_id)
    return (
        f"{exposure.label}: not recorded by this source. It needs one of"
        f" {', '.join(exposure.sources)}."
    )


def arms(exposure_id: str) -> tuple[str, str]:
    """Return the short names of the two arms."""
    exposure = registry.exposure(exposure_id)
    return exposure.cit_short, exposure.other_short


def contamination(comparison: Comparison) -> str:
    """Say how much of the other arm a CIT officer reached by another field, or that none did."""
    found = comparison.contamination
    if found.share is None:
        return "There are no contacts in the other group."
    if found.n == 0:
        return "In no contact of the other group does another field say that a CIT officer came."
    return (
        f"In {percent(found.share)} of the other group ({found.n:,} of {found.of:,} contacts) another"
        " field says that a CIT officer came: the two groups are less different than their names."
    )


def missing(comparison: Comparison) -> str:
    """Say how many contacts are in neither group or have no recorded outcome."""
    gone = comparison.not_recorded
    parts = []
    if gone.exposure:
        parts.append(f"{gone.exposure:,} contacts are in neither group (not recorded)")
    if gone.outcome:
        parts.append(
            f"the outcome was not recorded for {gone.cit:,} contacts of the first group and"
            f" {gone.other:,} of the second"
        )
    if not parts:
        return "Group and outcome were recorded for every contact."
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}. None of them counts as no."


def sentence(comparison: Comparison) -> str:
    """Return the sentence of a comparison: rates first, then the difference, then what it allows for."""
    outcome = registry.outcome(comparison.outcome)
    exposure = registry.exposure(comparison.exposure)
    if comparison.withheld:
        return f"{outcome.label}: {comparison.withheld}."
    if comparison.verdict == result.NOT_RECORDED:
        if comparison.lacks == "exposure":
            return exposure_not_recorded(exposure.id)
        return not_recorded(outcome.id)
    if comparison.verdict == result.NO_COMPARISON:
        arm = comparison.cit if comparison.cit.n else comparison.other
        name = exposure.cit_arm if comparison.cit.n else exposure.other_arm
        if not arm.n:
            return f"{outcome.label}: no contact fits these filters; widen them."
        return (
            f"{rate(arm.rate.estimate, rate_decimals(arm.rate.estimate)).capitalize()}"
            f" {outcome.eligible_words} {name} {outcome.happened} ({arm.events:,} of {arm.n:,});"
            " there is no other group to compare with."
        )
    return _compared(comparison)


def _compared(comparison: Comparison) -> str:
    """Adjusted where there is a headline; else crude, and why there is no more."""
    outcome = registry.outcome(comparison.outcome)
    exposure = registry.exposure(comparison.exposure)
    adjusted = comparison.adjusted
    value = adjusted.risk_difference
    risks: tuple[float | None, float | None]
    if isinstance(value, Estimate) and isinstance(adjusted.risk_cit, Estimate):
        risks = (adjusted.risk_cit.estimate, adjusted.risk_other.estimate)
        allowed = f"after allowing for {covariate_list(adjusted.covariates)}"
        closing = f" The ratio is {ratio(adjusted.risk_ratio)}."
    else:
        risks = (comparison.cit.rate.estimate, comparison.other.rate.estimate)
        value = comparison.unadjusted.risk_difference
        allowed = "before allowing for anything"
        why = adjusted.risk_difference
        closing = f" Not adjusted: {reason(why)}." if isinstance(why, NotEstimable) else ""
    decimals = max(rate_decimals(*risks), difference_decimals(value))
    opening = (
        f"{rate(risks[0], decimals)} {outcome.eligible_words} {exposure.cit_arm}"
        f" {outcome.happened}, and {rate(risks[1], decimals)} {exposure.other_arm}"
    )
    if not isinstance(value, Estimate):
        return f"{opening}; the difference was not estimated ({reason(value)}).{closing}"
    return f"{opening}: {difference(value, decimals)}, {allowed}.{closing}"


def brief(comparison: Comparison) -> str:
    """Return the sentence without the list of what was allowed for: a page says that once."""
    full = f"after allowing for {covariate_list(comparison.adjusted.covariates)}"
    return comparison.sentence.replace(full, "after allowing for what dispatch knew")


def allowed_for(comparisons: tuple[Comparison, ...]) -> str | None:
    """Say once what the adjusted comparisons of a page allow for; None if none is adjusted."""
    for comparison in comparisons:
        adjusted = comparison.adjusted
        if isinstance(adjusted.risk_difference, Estimate):
            text = f"What dispatch knew: {covariate_list(adjusted.covariates)}."
            if adjusted.unavailable:
                text += f" Not recorded by this source: {covariate_list(adjusted.unavailable)}."
            return text
    return None


FILTERED_NOTE = (
    "A filtered view is exploratory: the more cuts are looked at, the more differences appear by"
    " chance. The pre-specified comparison is the one without filters."
)


def verdict(comparison: Comparison) -> str:
    """Return the verdict in words, with what these data could have shown where nothing was detected."""
    words = VERDICT_WORDS[comparison.verdict]
    found = comparison.detectable
    if comparison.verdict == result.NONE_DETECTED and isinstance(found, Estimate):
        size = number(found.estimate * 1000, 1 if found.estimate < 0.01 else 0)
        return f"{words} (this data could have shown {size} per 1,000 or more)"
    return words


def standing(comparison: Comparison) -> str:
    """Return verdict, certainty and what was not allowed for."""
    if comparison.lacks or comparison.verdict == result.NO_COMPARISON:
        return CAUTION
    certainty = CERTAINTY_WORDS[comparison.certainty]
    head = f"**{capital(verdict(comparison))}.**"
    if certainty not in head.lower():
        head += f" Certainty: **{certainty}**."
    return f"{head} {allowance(comparison)} {CAUTION}"


def allowance(comparison: Comparison) -> str:
    """Say what the headline allows for and what it does not."""
    adjusted = comparison.adjusted
    if not isinstance(adjusted.risk_difference, Estimate):
        return CRUDE_NOTE
    crude = comparison.unadjusted.risk_ratio
    parts = []
    if isinstance(crude, Estimate) and isinstance(adjusted.risk_ratio, Estimate):
        parts.append(_explained(crude.estimate, adjusted.risk_ratio.estimate))
    if adjusted.unavailable:
        parts.append(
            f"Not recorded by this source, so not allowed for: {covariate_list(adjusted.unavailable)}."
        )
    if adjusted.left_out:
        parts.append(
            f"Left out here: {covariate_list(adjusted.left_out)}, since some of its contacts always or never"
            " had the outcome."
        )
    parts.append(UNMEASURED)
    return " ".join(parts)


def _explained(crude: float, adjusted: float) -> str:
    """Say what adjustment did to the ratio: it can move it either way."""
    if crude <= 0 or adjusted <= 0:
        return ""
    before, after = math.log(crude), math.log(adjusted)
    if before * after < 0:
        return "Allowing for what dispatch knew turns the difference round."
    if abs(after) > abs(before) * 1.05:
        return "Allowing for what dispatch knew does not explain the difference; it grows."
    if abs(after) < abs(before) * 0.5:
        return "Allowing for what dispatch knew takes away more than half of the difference."
    if abs(after) < abs(before) * 0.95:
        return "Allowing for what dispatch knew takes away part of the difference."
    return "Allowing for what dispatch knew does not explain the difference."


def beside(comparison: Comparison) -> list[str]:
    """Return what must stand beside a headline: errors, overlap, officers, robustness."""
    adjusted = comparison.adjusted
    if not isinstance(adjusted.risk_difference, Estimate):
        test = adjusted.permutation
        if isinstance(test, Test):
            return [
                f"{test.method.capitalize()}, not adjusted for what dispatch knew: {p_value(test.p_value)}."
            ]
        return []
    lines = [
        f"Errors: clustered by {adjusted.clusters:,} officers (CR2), {adjusted.df:.0f} degrees of freedom;"
        f" {p_value(adjusted.p_value)}"
        + (
            f", {p_value(adjusted.p_holm)} after Holm's adjustment for {comparison.family} primary outcomes."
            if adjusted.p_holm is not None
            else "; exploratory, not adjusted for other tests."
        ),
        f"Overlap: {percent(adjusted.overlap)} of contacts have a like in the other group"
        f" (by {covariate_list(adjusted.overlap_by)}).",
    ]
    if isinstance(comparison.detectable, Estimate):
        lines.append(
            "Smallest difference these data could show:"
            f" {comparison.detectable.estimate * 1000:.1f} per 1,000 (80% power)."
        )
    if isinstance(comparison.e_value, Estimate):
        lines.append(
            f"E-value: something unmeasured would have to be tied to both CIT and the outcome by a ratio of"
            f" {comparison.e_value.estimate:.2f} to account for the ratio, and by"
            f" {comparison.e_value.low:.2f} for its limit. It does not cover wrongly recorded fields."
        )
    lines += _officer(adjusted.influential)
    if adjusted.aliased:
        lines.append(
            f"Levels that say the same as others, left out: {', '.join(map(marks.shown, adjusted.aliased))}."
        )
    for term, levels in adjusted.pooled:
        shown = ", ".join(marks.shown(registry.level_label(term, level)) for level in levels)
        lines.append(
            f"{registry.covariate(term).label}: levels where no or every contact had the outcome were"
            f" merged ({shown})."
        )
    return lines + [f"Warning: {w}." for w in adjusted.warnings]


def _officer(found: result.Influential | None) -> list[str]:
    if found is None:
        return []
    text = (
        f"Most influential officer: leaving this one out would move the difference by"
        f" {round(found.change * 1000, 1) + 0:+.1f} per 1,000;"
        f" the busiest officer handled {percent(found.share)} of a group."
    )
    if isinstance(found.risk_difference_without, Estimate):
        text += f" Without: {difference(found.risk_difference_without, 1)} per 1,000."
    return [text]


def how_sure(comparisons: tuple[Comparison, ...]) -> str:
    """Say how far the comparisons of a page carry."""
    compared = [c for c in comparisons if c.cit.n and c.other.n and not c.lacks]
    if not compared:
        return f"There is nothing to compare here. {CAUTION}"
    lines = [
        f"- **{registry.outcome(c.outcome).label}**: {verdict(c)}; {CERTAINTY_WORDS[c.certainty]}."
        for c in compared
    ]
    return "\n".join(lines) + f"\n\n{UNMEASURED} {CAUTION}"


def pooled(comparison: Comparison) -> str:
    """Return the rate of both groups together, for views without a comparison."""
    outcome = registry.outcome(comparison.outcome)
    n = comparison.cit.n + comparison.other.n
    events = comparison.cit.events + comparison.other.events
    if not n:
        return "No contact has this outcome recorded."
    found = proportions.wilson(events, n)
    if not isinstance(found, Estimate):
        return reason(found)
    decimals = rate_decimals(found.estimate)
    low, high = (number(v * 1000, decimals) for v in (found.low, found.high))
    return (
        f"All {outcome.eligible_words} together: {rate(found.estimate, decimals)} {outcome.happened}"
        f" ({events:,} of {n:,}; 95% CI {low} to {high})."
    )
