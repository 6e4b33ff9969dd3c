"""Words of the report on who is counted: the way from calls to forms to the contacts compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data import registry
from metrics.result import Comparison
from metrics.wording.numbers import capital

if TYPE_CHECKING:
    from data.loads import LoadRecord
    from metrics.aggregate import Coverage
    from metrics.response import Response

NEEDS_CALLS = "not recorded: needs the dispatch calls (a file of `calls`)"
NO_FORM = "A call or contact without a crisis form is in no number here."
COMBINED = (
    "Where only forms exist, contacts without a form are not counted. Where dispatch calls are loaded they"
    " become the denominator."
)


class Step(NamedTuple):
    """One step from what was exported to what is counted."""

    step: str
    contacts: str
    note: str


STEP_COLUMNS = ("Step", "Number", "What it means")


def flow(
    records: tuple[LoadRecord, ...],
    coverage: Coverage,
    comparisons: tuple[Comparison, ...],
    public: bool,
    calls: Response | None = None,
) -> list[Step]:
    """Return the way from calls to forms to the contacts counted, one step a row."""
    if calls is None:
        steps = [Step("Calls at dispatch", "not recorded", f"{capital(NEEDS_CALLS)}. {NO_FORM}")]
    else:
        lacking, coded = calls.without_form, calls.total["cohort"]
        steps = [
            Step(
                "Calls at dispatch",
                f"{coded:,}",
                "Coded as behavioural health and taken by police; duplicates and cancelled calls left out.",
            ),
            Step(
                "Of these without a form",
                f"{lacking.events:,} of {lacking.n:,}",
                f"Of those that a form was due for. {NO_FORM}",
            ),
        ]
    if not public:
        for record in records:
            source = f"Load of {record.started_at:%-d %b %Y} ({record.source})"
            steps += [
                Step(f"{source}: rows read", f"{record.rows_read:,}", "All files of the load."),
                Step(
                    f"{source}: rows rejected", f"{record.rejected:,}", "Not loaded; reasons kept."
                ),
                Step(
                    f"{source}: duplicate rows",
                    f"{record.duplicates_collapsed:,}",
                    "The same contact again; collapsed.",
                ),
            ]
    steps.append(
        Step(
            "Contacts on record", f"{coverage.contacts:,}", "One person in one incident, by a form."
        )
    )
    for comparison in comparisons:
        if comparison.lacks or comparison.withheld:
            continue
        exposure = registry.exposure(comparison.exposure)
        outcome = registry.outcome(comparison.outcome)
        gone = comparison.not_recorded
        steps += [
            Step(
                f"{outcome.label}: in neither group",
                f"{gone.exposure:,}",
                "Which group was not recorded; counted in neither.",
            ),
            Step(
                f"{outcome.label}: not recorded",
                f"{gone.cit:,} and {gone.other:,}",
                "First and second group; counted neither as yes nor as no.",
            ),
            Step(
                f"{outcome.label}: counted",
                f"{comparison.cit.n:,} and {comparison.other.n:,}",
                f"{capital(outcome.eligible_words)} {exposure.cit_arm}; {exposure.other_arm}.",
            ),
        ]
    return steps


def counted(coverage: Coverage, comparisons: tuple[Comparison, ...]) -> str:
    """Say on one line who was counted: calls, forms, contacts."""
    text = f"**Who was counted**: calls {NEEDS_CALLS}; {coverage.contacts:,} contacts by form on record"
    for c in comparisons:
        if not c.lacks and not c.withheld:
            label = registry.outcome(c.outcome).label.lower()
            text += f"; compared on {label}: {c.cit.n:,} in the first group and {c.other.n:,} in the second"
            break
    return f"{text}. {NO_FORM}"
