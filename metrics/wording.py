"""The one place where a result becomes words.

Absolute first, per 1,000; the other arm is never called non-CIT; nothing here says cause.
"""

from __future__ import annotations

import math

from data import registry
from metrics import result
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.result import Comparison

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
CRUDE_NOTE = (
    "Not adjusted: CIT officers are sent to different calls, and one officer handles many contacts;"
    " neither is allowed for here."
)


def number(value: float, decimals: int = 0) -> str:
    """Return a number with thousands separators and a fixed number of decimals."""
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def rate_decimals(*rates: float | None) -> int:
    """Return how many decimals rates per 1,000 need so that the reader's own subtraction holds."""
    known = [r * 1000 for r in rates if r is not None]
    if len(known) == 2:
        shown = round(known[0]) - round(known[1])
        if shown != round(known[0] - known[1]):
            return 1
    return 1 if any(0 < r < 10 for r in known) else 0


def rate(value: float | None, decimals: int = 0) -> str:
    """Return a rate per 1,000, such as "18 of 1,000"."""
    return "not known" if value is None else f"{number(value * 1000, decimals)} of 1,000"


def percent(value: float | None) -> str:
    """Return a share as a percentage; never 0% or 100% for what is only near it."""
    if value is None:
        return "not known"
    if 0 < value < 0.01:
        return "under 1%"
    if 0.99 < value < 1:
        return "over 99%"
    return f"{value * 100:.0f}%"


def signed(value: float, decimals: int = 0) -> str:
    """Return a difference per 1,000 in words, such as "4 fewer"."""
    shown = number(abs(value) * 1000, decimals)
    if float(shown.replace(",", "")) == 0:
        return (
            "no more or fewer"
            if value == 0
            else f"less than {'1' if decimals == 0 else '0.1'} apart"
        )
    return f"{shown} {'fewer' if value < 0 else 'more'}"


def limit(value: float, decimals: int = 0) -> str:
    """Return a confidence limit of a difference per 1,000."""
    shown = number(abs(value) * 1000, decimals)
    if float(shown.replace(",", "")) == 0:
        return "0"
    return f"{shown} {'fewer' if value < 0 else 'more'}"


def difference(value: Estimated, decimals: int = 0) -> str:
    """Return a risk difference with its interval in words, or why there is none."""
    if isinstance(value, NotEstimable):
        return f"not estimated ({value.reason})"
    return (
        f"{signed(value.estimate, decimals)}"
        f" (95% CI {limit(value.low, decimals)} to {limit(value.high, decimals)})"
    )


def ratio(value: Estimated) -> str:
    """Return a ratio with its interval, or why there is none."""
    if isinstance(value, NotEstimable):
        return f"not estimated ({value.reason})"
    high = "no upper limit" if math.isinf(value.high) else f"{value.high:.2f}"
    return f"{value.estimate:.2f} (95% CI {value.low:.2f} to {high})"


def p_value(p: float | None) -> str:
    """Return a p value as journals print it."""
    if p is None:
        return "not tested"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def source_names(outcome_id: str) -> str:
    """Return the canonical columns that would supply an outcome, in words."""
    from data import schema

    return "; or ".join(
        f"{source} ({schema.column(source).meaning.rstrip('.').lower()})"
        for source in registry.outcome(outcome_id).sources
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
    return (
        ("; ".join(parts) + ". None of them counts as no.").capitalize()
        if parts
        else ("Group and outcome were recorded for every contact.")
    )


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
    outcome = registry.outcome(comparison.outcome)
    exposure = registry.exposure(comparison.exposure)
    cit, other = comparison.cit, comparison.other
    decimals = rate_decimals(cit.rate.estimate, other.rate.estimate)
    opening = (
        f"{rate(cit.rate.estimate, decimals)} {outcome.eligible_words} {exposure.cit_arm}"
        f" {outcome.happened}, and {rate(other.rate.estimate, decimals)} {exposure.other_arm}"
    )
    value = comparison.unadjusted.risk_difference
    if not isinstance(value, Estimate):
        return f"{opening}; the difference was not estimated ({value.reason})."
    return f"{opening}: {difference(value, decimals)}, before allowing for anything."
