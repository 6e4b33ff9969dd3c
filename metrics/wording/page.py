"""Words of the pages: sources, periods, loads, and the texts that replace figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data import registry, schema
from metrics import result
from metrics.estimate import Estimate, NotEstimable, Test
from metrics.result import Comparison
from metrics.wording import marks
from metrics.wording.comparison import arms
from metrics.wording.numbers import covariate_list, difference, p_value, percent

if TYPE_CHECKING:
    from data.loads import LoadRecord
    from metrics.aggregate import Coverage
    from metrics.question import Question


def needs(*sources: str) -> str:
    """Say that a source does not record something, and which columns would supply it."""
    return f"Not recorded by this source. It needs {', '.join(sources)}."


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


class Source(NamedTuple):
    """One canonical column and what it means."""

    column: str
    meaning: str


def sources(outcome_id: str) -> list[Source]:
    """Return the canonical columns that would supply an outcome."""
    return [Source(s, schema.column(s).meaning) for s in registry.outcome(outcome_id).sources]


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
        f" {', '.join(marks.shown(registry.level_label(dim, level)) for level in levels)}"
        for dim, levels in question.where
    ]
    return "; ".join(parts) + "."


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
        "from metrics import ask, current, evaluate\n\n"
        f"question = ask({', '.join(parts)})\n"
        "comparisons = evaluate(question, snapshot=current())"
    )


def load_notes(record: LoadRecord) -> list[str]:
    """Return what is worth saying of a load besides its figures."""
    notes = []
    for column, n in record.conflicts.items():
        notes.append(
            f"{n:,} contacts have conflicting values of {column}; the mapping says which holds."
        )
    for column, values in record.unknown_values.items():
        shown = ", ".join(f"{marks.shown(v)} ({n:,})" for v, n in list(values.items())[:8])
        notes.append(
            f"Values of {column} that the mapping does not know, kept as not recorded: {shown}."
        )
    if record.removed:
        notes.append(f"{record.removed:,} contacts were removed: no longer in the export.")
    if record.dropped_columns:
        notes.append(f"Never stored: {', '.join(map(marks.shown, record.dropped_columns))}.")
    if record.unused_columns:
        notes.append(
            f"In the export, but not used: {', '.join(map(marks.shown, record.unused_columns))}."
        )
    return notes


FORCE_LEVELS = {
    0: "0: none",
    1: "1: control hold, escort, takedown without injury, body weight",
    2: "2: joint lock, takedown with injury, strike or kick",
    3: "3: chemical, electronic, impact, canine, vehicle",
    4: "4: neck restraint, strike to the head with an object, firearm",
}
FORCE_LEVEL_NOTE = (
    "The highest level recorded in each contact. Display of a weapon, handcuffs and verbal commands are off"
    " this scale. Counts as recorded, not adjusted."
)
