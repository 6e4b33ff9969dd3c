"""The one place where a result becomes words.

Absolute first, per 1,000; the other arm is never called non-CIT; nothing here says cause.
"""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from data import registry, schema
from metrics import result
from metrics.estimate import Estimate, Estimated, NotEstimable, Test
from metrics.result import Comparison

if TYPE_CHECKING:
    from data.loads import LoadRecord
    from metrics.aggregate import Coverage
    from metrics.detail import Month
    from metrics.question import Question

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
        return f"not estimated ({reason(value)})"
    return (
        f"{signed(value.estimate, decimals)}"
        f" (95% CI {limit(value.low, decimals)} to {limit(value.high, decimals)})"
    )


def ratio(value: Estimated) -> str:
    """Return a ratio with its interval, or why there is none."""
    if isinstance(value, NotEstimable):
        return f"not estimated ({reason(value)})"
    high = "no upper limit" if math.isinf(value.high) else f"{value.high:.2f}"
    return f"{value.estimate:.2f} (95% CI {value.low:.2f} to {high})"


def p_value(p: float | None) -> str:
    """Return a p value as journals print it."""
    if p is None:
        return "not tested"
    if p < 0.001:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def needs(*sources: str) -> str:
    """Say that a source does not record something, and which columns would supply it."""
    return f"Not recorded by this source. It needs {', '.join(sources)}."


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
    decimals = rate_decimals(*risks)
    opening = (
        f"{rate(risks[0], decimals)} {outcome.eligible_words} {exposure.cit_arm}"
        f" {outcome.happened}, and {rate(risks[1], decimals)} {exposure.other_arm}"
    )
    if not isinstance(value, Estimate):
        return f"{opening}; the difference was not estimated ({reason(value)}).{closing}"
    return f"{opening}: {difference(value, decimals)}, {allowed}.{closing}"


def reason(value: NotEstimable) -> str:
    """Return a reason so that it fits inside a sentence."""
    text = value.reason.rstrip(".")
    return text[:1].lower() + text[1:]


def covariate_list(ids: tuple[str, ...]) -> str:
    """Return covariates as words, such as "call group and weapon reported"."""
    names = [registry.covariate(i).label.lower() for i in ids]
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nothing"


def rates_alt(comparison: Comparison) -> str:
    """Return the words that replace the figure of the two rates."""
    names = arms(comparison.exposure)
    parts = []
    for name, arm in zip(names, (comparison.cit, comparison.other), strict=True):
        if isinstance(arm.rate, Estimate):
            e, low, high = (v * 1000 for v in arm.rate)
            parts.append(f"{name}: {e:.1f} per 1,000 (95% CI {low:.1f} to {high:.1f})")
        else:
            parts.append(f"{name}: no contacts")
    return f"{registry.outcome(comparison.outcome).label}. {'; '.join(parts)}."


def forest_alt(comparison: Comparison) -> str:
    """Return the words that replace the forest figure."""
    parts = [f"not adjusted, {difference(comparison.unadjusted.risk_difference, 1)}"]
    adjusted = comparison.adjusted.risk_difference
    parts.append(f"adjusted, {difference(adjusted, 1)}")
    if comparison.stratified.by:
        parts.append(
            f"within {covariate_list(comparison.stratified.by)},"
            f" {difference(comparison.stratified.risk_difference, 1)}"
        )
    label = registry.outcome(comparison.outcome).label
    return f"{label}, difference per 1,000 contacts: {'; '.join(parts)}."


def homogeneity(split_label: str, pooled: result.Stratified) -> str:
    """Say whether the difference is alike in every stratum, as far as these data can tell."""
    test = pooled.homogeneity
    if isinstance(test, NotEstimable):
        return (
            f"Whether the difference is alike in every {split_label.lower()} could not be tested."
        )
    if test.p_value < 0.05:
        return (
            f"The odds ratio differs between levels of {split_label.lower()}"
            f" ({p_value(test.p_value)}): one pooled number hides that."
        )
    return (
        f"No sign that the odds ratio differs between levels of {split_label.lower()}"
        f" ({p_value(test.p_value)}); small levels could not show it."
    )


def month_after(day: date) -> date:
    """Return the first day of the next month."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def gaps(months: tuple[Month, ...]) -> list[tuple[date, date]]:
    """Return the spans of months without coverage, each from its first day to the next month's."""
    found: list[tuple[date, date]] = []
    for month in months:
        if month.covered:
            continue
        end = month_after(month.first_day)
        if found and found[-1][1] == month.first_day:
            found[-1] = (found[-1][0], end)
        else:
            found.append((month.first_day, end))
    return found


def coverage_gaps(months: tuple[Month, ...]) -> str | None:
    """Say which months have too few contacts to be read, or None if there is none."""
    spans = gaps(months)
    if not spans:
        return None
    named = []
    for start, end in spans:
        last = date(end.year - (end.month == 1), (end.month - 2) % 12 + 1, 1)
        named.append(f"{start:%B %Y}" if start == last else f"{start:%B %Y} to {last:%B %Y}")
    return f"Hardly any contacts were recorded in {', '.join(named)}: missing coverage, not a fall."


def trend_alt(months: tuple[Month, ...], label: str) -> str:
    """Return the words that replace the trend."""
    known = [m.rate * 1000 for m in months if m.rate is not None]
    if not known:
        return f"{label} by month: nothing recorded."
    gap = coverage_gaps(months)
    return (
        f"{label} by month, {months[0].first_day:%B %Y} to {months[-1].first_day:%B %Y}: between"
        f" {min(known):.0f} and {max(known):.0f} of 1,000 contacts." + (f" {gap}" if gap else "")
    )


def missing_alt(rows: list[dict[str, object]], exposure: str) -> str:
    """Return the words that replace the figure of what was not recorded."""
    names = arms(exposure)
    parts = []
    for arm, name in ((True, names[0]), (False, names[1])):
        own = [r for r in rows if r["arm"] is arm]
        contacts = sum(int(str(r["contacts"])) for r in own)
        gone = sum(int(str(r["missing"])) for r in own)
        parts.append(f"{name} {percent(gone / contacts) if contacts else 'no contacts'}")
    return f"Outcome not recorded, by month; over the whole period: {'; '.join(parts)}."


FILTERED_NOTE = (
    "A filtered view is exploratory: the more cuts are looked at, the more differences appear by"
    " chance. The pre-specified comparison is the one without filters."
)


class Source(NamedTuple):
    """One canonical column and what it means."""

    column: str
    meaning: str


def sources(outcome_id: str) -> list[Source]:
    """Return the canonical columns that would supply an outcome."""
    return [Source(s, schema.column(s).meaning) for s in registry.outcome(outcome_id).sources]


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
    head = f"**{verdict(comparison).capitalize()}.**"
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
    parts.append(
        "Not measured by any source here: why dispatch chose this officer, how experienced the officer"
        " is, and how the form was filled in."
    )
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
            return [f"{test.method.capitalize()}: {p_value(test.p_value)}."]
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
            f"Levels that say the same as others, left out: {', '.join(adjusted.aliased)}."
        )
    for term, levels in adjusted.pooled:
        shown = ", ".join(registry.level_label(term, level) for level in levels)
        lines.append(
            f"{registry.covariate(term).label}: levels where no or every contact had the outcome were"
            f" merged ({shown})."
        )
    return lines + [f"Warning: {w}." for w in adjusted.warnings]


def _officer(found: result.Influential | None) -> list[str]:
    if found is None:
        return []
    text = (
        f"Most influential officer: leaving out would move the difference by"
        f" {found.change * 1000:+.1f} per 1,000; the busiest officer handled {percent(found.share)} of a"
        " group."
    )
    if isinstance(found.risk_difference_without, Estimate):
        text += f" Without: {difference(found.risk_difference_without, 1)} per 1,000."
    return [text]


def groups(comparison: Comparison) -> str:
    """Say what puts a contact in either group."""
    exposure = registry.exposure(comparison.exposure)
    return (
        f"{exposure.definition} The first group are contacts {exposure.cit_arm}; the second, contacts"
        f" {exposure.other_arm}."
    )


def period(coverage: Coverage, question: Question) -> str:
    """Say which contacts are shown: the period and the filters."""
    if coverage.first is None or coverage.last is None:
        return "The store holds no contacts yet. Load an export with `python -m data load`."
    start, end = question.start or coverage.first, question.end or coverage.last
    parts = [f"Contacts from {start:%-d %b %Y} to {end:%-d %b %Y}"]
    parts += [
        f"{registry.covariate(dim).label.lower()}:"
        f" {', '.join(registry.level_label(dim, level) for level in levels)}"
        for dim, levels in question.where
    ]
    return "; ".join(parts) + "."


def how_sure(comparisons: tuple[Comparison, ...]) -> str:
    """Say how far the comparisons of a page carry."""
    compared = [c for c in comparisons if c.cit.n and c.other.n and not c.lacks]
    if not compared:
        return f"There is nothing to compare here. {CAUTION}"
    lines = [
        f"- **{registry.outcome(c.outcome).label}**: {verdict(c)}; {CERTAINTY_WORDS[c.certainty]}."
        for c in compared
    ]
    return "\n".join(lines) + f"\n\n{allowance(compared[0])} {CAUTION}"


def trend_note(months: tuple[Month, ...]) -> str:
    """Return what must be said under a trend."""
    gap = coverage_gaps(months)
    return "Both groups together." + (f" {gap}" if gap else "")


def how(comparison: Comparison) -> str:
    """Describe how a comparison was computed."""
    outcome = registry.outcome(comparison.outcome)
    exposure = registry.exposure(comparison.exposure)
    test = comparison.unadjusted.test
    return "\n".join(
        [
            f"- **Outcome**: {outcome.definition} Counted among {outcome.eligible_words} where it was"
            f" recorded. Read from {', '.join(outcome.sources)}.",
            f"- **Exposure**: {exposure.definition} Read from {', '.join(exposure.sources)}.",
            "- **Rates**: Wilson intervals. **Difference**: Newcombe's interval. **Ratio**: Koopman's"
            " score interval. **Odds ratio**: conditional, exact interval."
            + (f" **Test**: {test.method}." if isinstance(test, Test) else ""),
            f"- **Pooled**: Mantel-Haenszel within {covariate_list(comparison.stratified.by)}, with"
            " Tarone's test of homogeneity."
            if comparison.stratified.by
            else "- **Pooled**: nothing to pool over.",
        ]
    )


def python_call(question: Question) -> str:
    """Return Python that answers the same question."""
    parts = [repr(list(question.outcomes)), f"exposure={question.exposure!r}"]
    if question.start:
        parts.append(f"start=date.fromisoformat('{question.start}')")
    if question.end:
        parts.append(f"end=date.fromisoformat('{question.end}')")
    if question.where:
        parts.append(f"where={ {dim: list(levels) for dim, levels in question.where} }")
    return (
        "from datetime import date\n\n"
        "from data.store import Store\n"
        "from metrics.evaluate import evaluate\n"
        "from metrics.question import ask\n\n"
        f"question = ask({', '.join(parts)})\n"
        "comparisons = evaluate(question, snapshot=Store().current())"
    )


def load_notes(record: LoadRecord) -> list[str]:
    """Return what is worth saying of a load besides its figures."""
    notes = []
    for column, n in record.conflicts.items():
        notes.append(
            f"{n:,} contacts have conflicting values of {column}; the mapping says which holds."
        )
    for column, values in record.unknown_values.items():
        shown = ", ".join(f"{v} ({n:,})" for v, n in list(values.items())[:8])
        notes.append(
            f"Values of {column} that the mapping does not know, kept as not recorded: {shown}."
        )
    if record.removed:
        notes.append(f"{record.removed:,} contacts were removed: no longer in the export.")
    if record.dropped_columns:
        notes.append(f"Never stored: {', '.join(record.dropped_columns)}.")
    if record.unused_columns:
        notes.append(f"In the export, but not used: {', '.join(record.unused_columns)}.")
    return notes
