"""Words of *Documentation*: forms, reports and what the missing ones could hide. Nothing here says cause."""

from __future__ import annotations

import re
from datetime import date

from data import registry
from metrics import result
from metrics.documentation import (
    FEWEST_REVIEWS,
    OTHER_FIELD,
    STEPS,
    Conclusion,
    Documentation,
    Kind,
    Reports,
)
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.result import Comparison
from metrics.shares import Share
from metrics.trend import Trend
from metrics.wording import marks, sensitivity
from metrics.wording.comparison import VERDICT_WORDS, arms
from metrics.wording.handoffs import of
from metrics.wording.numbers import capital, difference, listed, number, percent, small
from metrics.wording.time import change, coverage_gaps, trend_alt

INTRO = (
    "What each contact owed on paper by policy, and whether it came: forms, reports and reviews. A document"
    " is judged once it is due; one that has not come by then counts as not in time and not complete."
)
NOT_LOADED = (
    "Which documents each contact owed, and when they came, is not recorded by this source: load"
    " `documents.csv` (`python -m data template --out DIR` writes its header)."
)
REPORTS_NOT_LOADED = (
    "When reports on force were due, filed and reviewed is not recorded by this source: load"
    " `force_events.csv` with `report_due_at`, `report_filed_at`, `supervisor_reviewed_at` and `finding`"
    " (`python -m data template --out DIR` writes its header)."
)
NOTHING = "No document belongs to the contacts that fit these filters; widen them."
KIND_NOTE = (
    "Handed in, complete and in time: of documents that were due. Approved: of those that came. Where"
    " nobody recorded what it takes to judge, a document is in neither number and is counted under the"
    " table."
)
ARM_NOTE = (
    "As recorded, not adjusted: the two groups handle different calls, which owe different documents."
    " Bars are 95% Wilson intervals. The comparisons with allowance for the call stand below."
)
DISTRICT_NOTE = (
    "As recorded, by the district of the contact. Districts have different calls, forms and supervisors:"
    " this is no ranking."
)
BLANK_NOTE = (
    "Of documents that came and say which fields are blank, or that none is. A document may lack several"
    " fields, so the shares do not add up."
)
FORCE_NOTE = (
    "One report is one number of a contact, whatever its applications of force; reports of a weapon shown"
    " and not used are left out, as in the outcome *force report in time*. The median runs from filing to"
    f" the supervisor's review; under {FEWEST_REVIEWS} reviews none is given."
)
ELEMENT_NOTE = (
    "Whether the form says it, never what it says. Of forms with the element answered yes or no; what is"
    " unknown or blank is in neither number."
)
OUTCOME_NOTE = (
    "By the house method: adjusted for what dispatch knew, errors clustered by officer. An association, as"
    " for every other outcome; who writes the form is not known."
)
BOUNDS_NOTE = (
    "Grey bar: everything the crude difference could be, whatever the contacts were whose outcome was not"
    " recorded (95% limits at the worst cases). Square: the crude difference as recorded. Circle: the"
    " adjusted headline. The bar is what the data alone rule out, not a likely range."
)

DOCUMENTS = {"bodycam_tag": "body-camera tag"}
STEP_LABELS = {
    "came": "Handed in",
    "complete": "Complete",
    "in_time": "In time",
    "approved": "Approved",
}
_FINDINGS = {"several": "More than one finding"}


def document(code: str) -> str:
    """Return a kind of document as words, such as "crisis form"."""
    return DOCUMENTS.get(code, code.replace("_", " "))


def documents(code: str) -> str:
    """Return it in the plural."""
    return f"{document(code)}s"


def finding(code: str) -> str:
    """Return what a review found as words."""
    return _FINDINGS.get(code, capital(code.replace("_", " ")))


def field(name: str) -> str:
    """Return the name of a field as words."""
    return capital(re.sub(r"\bcit\b", "CIT", name.replace("_", " ")))


def district(name: str | None) -> str:
    """Return a district, or that none was recorded."""
    return name or "Not recorded"


def as_of(last: date | None) -> str:
    """Say by which day documents are judged."""
    return "" if last is None else f"Judged as of {last:%-d %b %Y}, the last day of data."


def headline(found: Documentation) -> str:
    """Answer in a sentence whether forms are complete and reports in time."""
    parts = []
    form, report, held = (found.kind(k) for k in ("crisis_form", "force_report", "hold_form"))
    if form is not None and form.complete.n:
        parts.append(f"{of(form.complete)} of crisis forms due were complete")
    if report is not None and report.in_time.n:
        parts.append(f"{of(report.in_time)} of force reports were in time")
    elif found.reports["all"].in_time.n:
        parts.append(f"{of(found.reports['all'].in_time)} of force reports were in time")
    if held is not None and held.in_time.n:
        parts.append(f"{of(held.in_time)} of hold forms were in time")
    if not parts:
        return "Which documents came, and when, is not recorded by this source."
    return f"{listed(parts)}."


def apart(found: Documentation) -> list[str]:
    """Say what is in no share: not yet due, not owed, and what nobody can judge."""
    lines = []
    waiting = [k for k in found.kinds if k.not_due]
    if waiting:
        shown = [f"{k.not_due:,} {documents(k.document)}" for k in waiting]
        lines.append(f"Not yet due, and in no share: {listed(shown)}.")
    elif found.kinds:
        lines.append("No document is waiting to become due.")
    free = sum(k.not_owed for k in found.kinds)
    unsaid = sum(k.unsaid for k in found.kinds)
    if free or unsaid:
        lines.append(
            f"{free:,} documents are not asked for by policy, and for {unsaid:,} nobody recorded whether"
            " they are; both are left out."
        )
    open_ = [k for k in found.kinds if _unjudged(k)]
    if open_:
        shown = [f"{documents(k.document)}: {_unjudged(k)}" for k in open_]
        lines.append(f"Could not be judged, and in neither number: {'; '.join(shown)}.")
    return lines


def _unjudged(kind: Kind) -> str:
    named = (
        f"{share.unknown:,} for *{small(STEP_LABELS[step])}*"
        for step in STEPS
        if (share := kind.share(step)).unknown
    )
    return ", ".join(named)


def without_form(found: tuple[int, int] | None) -> str:
    """Say how many calls have no form at all; those belong to another page."""
    if found is None:
        return (
            "A contact without any form is not here: that shows only where calls are loaded"
            " (`calls.csv`); see *Did CIT come?*."
        )
    with_form, n = found
    gone = Share(n - with_form, n)
    return (
        f"A call without any form is not here: in the whole store {of(gone)} of the calls that should have"
        " one have none; see *Did CIT come?*."
    )


def steps_alt(found: Documentation, code: str) -> str:
    """Describe the shares of one kind of document by group."""
    names = arms(found.exposure)
    parts = []
    for name, arm in zip(names, (True, False), strict=True):
        kind = next((k for k in found.arms[arm] if k.document == code), None)
        if kind is not None:
            said = [f"{small(STEP_LABELS[s])} {of(kind.share(s))}" for s in STEPS]
            parts.append(f"{name}: {', '.join(said)}")
    return f"{capital(documents(code))} by group. {'; '.join(parts)}."


def ungrouped(found: Documentation, code: str) -> str:
    """Say how many documents belong to contacts in neither group; empty if none."""
    kind = next((k for k in found.arms[None] if k.document == code), None)
    if kind is None or not kind.owed:
        return ""
    return f"{kind.owed:,} {documents(code)} belong to contacts whose group was not recorded: in neither."


def months_label(code: str, step: str) -> str:
    """Name what a chart of months shows."""
    return f"{capital(documents(code))} {small(STEP_LABELS[step])}"


def months_alt(found: Trend, code: str, step: str) -> str:
    """Describe the months of one kind of document."""
    return trend_alt(found, months_label(code, step)).replace("contacts", "documents")


def months_note(found: Trend) -> str:
    """Say what must be said under the months."""
    if isinstance(found.chart, NotEstimable):
        return (
            f"Both groups together, by month of the contact. No limits: {small(found.chart.reason)}".rstrip(
                "."
            )
            + "."
        )
    note = (
        "Both groups together, by month of the contact. The band is where months vary by chance (Laney's"
        " p' chart, three sigma); marked months lie outside it, or in a run of eight on one side."
    )
    gap = coverage_gaps(found.months)
    return f"{note} {change(found)}" + (f" {gap}" if gap else "")


def blank(found: Documentation, code: str) -> str:
    """Say which field of a document is left blank most often."""
    fields = found.blanks.get(code, ())
    named = [b for b in fields if b.field != OTHER_FIELD]
    if not named:
        return (
            f"Which fields of {documents(code)} were left blank is not recorded by this source: it needs"
            " `missing_fields` in `documents.csv`."
        )
    most = named[0]
    return (
        f"Most often blank on {documents(code)}: **{marks.shown(small(field(most.field)))}**, on"
        f" {of(most.cit)} of those with CIT and {of(most.other)} of those without."
    )


def reports(found: Reports) -> str:
    """Say in a sentence how reports on force were filed and reviewed."""
    text = f"{found.n:,} force reports: filed in time {of(found.in_time)}"
    text += f", filed at all {of(found.filed)}" if found.filed.n else ""
    text += "."
    if found.reviewed.n:
        waiting = found.reviewed.n - found.reviewed.events
        text += (
            f" Reviewed by a supervisor: {of(found.reviewed)} of those filed; {waiting:,} not yet"
        )
        text += f", {days(found)}." if not isinstance(found.days, NotEstimable) else "."
    else:
        text += " Whether a supervisor reviewed them is not recorded."
    if found.not_due:
        text += f" {found.not_due:,} are not yet due and in neither number."
    if found.bad:
        text += f" {found.bad:,} are dated as reviewed before they were filed, and are left out of the median."
    return text


def days(found: Reports) -> str:
    """Return the median time to review in words."""
    if isinstance(found.days, NotEstimable):
        return f"too few ({found.timed:,})"
    return (
        f"half were reviewed within {number(found.days, 1)} days of filing ({found.timed:,} timed)"
    )


def bounds(found: Conclusion) -> str:
    """Say what the contacts whose outcome was not recorded could do to one comparison."""
    comparison = found.comparison
    outcome = registry.outcome(comparison.outcome)
    if comparison.lacks:
        return f"**{outcome.label}.** Not recorded by this source, so there is nothing to bound."
    gone = comparison.not_recorded
    if not gone.outcome:
        words = VERDICT_WORDS[comparison.verdict]
        return (
            f"**{outcome.label}.** Recorded for every contact of both groups: nothing missing can change the"
            f" verdict, *{words}*."
        )
    exposure = registry.exposure(comparison.exposure)
    text = (
        f"**{outcome.label}.** Not recorded for {gone.cit:,} contacts {exposure.cit_arm}"
        f" ({percent(_share(gone.cit, comparison.cit.n))}) and {gone.other:,} {exposure.other_arm}"
        f" ({percent(_share(gone.other, comparison.other.n))})."
    )
    extremes = (found.highest, found.lowest)
    if all(isinstance(e, Estimate) for e in extremes):
        text += (
            f" If every one of the {gone.cit:,} {outcome.happened}, and none of the {gone.other:,}:"
            f" {difference(found.highest, 1)} per 1,000, with the headline's allowance. The other way round:"
            f" {difference(found.lowest, 1)}."
        )
    else:
        text += (
            f" With the headline's allowance the worst cases are not estimated ({_why(extremes)})."
        )
    return f"{text} {held(found)}"


def _why(extremes: tuple[Estimated, ...]) -> str:
    return small(next(e.reason for e in extremes if isinstance(e, NotEstimable)).rstrip("."))


def held(found: Conclusion) -> str:
    """Say whether the verdict stands whatever was not recorded."""
    words = VERDICT_WORDS[found.comparison.verdict]
    if found.holds is None:
        return f"The verdict is *{words}*; whether it would stand cannot be said."
    if found.holds:
        return f"The verdict, *{words}*, stands whatever they were."
    sides = []
    if isinstance(found.highest, Estimate) and isinstance(found.lowest, Estimate):
        for value in (found.highest, found.lowest):
            code = (
                result.HIGHER
                if value.low > 0
                else result.LOWER
                if value.high < 0
                else result.NONE_DETECTED
            )
            sides.append(f"*{VERDICT_WORDS[code]}*")
    return (
        f"The verdict, *{words}*, would not stand at both: it would read {sides[0]} in the first case and"
        f" {sides[1]} in the second."
    )


def tipping(found: Conclusion) -> list[str]:
    """Say how many of those not recorded it would take, in the words of *How sure are we?*."""
    if found.comparison.lacks or not found.comparison.not_recorded.outcome:
        return []
    return sensitivity.unrecorded(found.comparison, found.doubt)[1:]


def _share(missing: int, recorded: int) -> float | None:
    return missing / (missing + recorded) if missing + recorded else None


def missing_cell(missing: int, recorded: int) -> str:
    """Return how many were not recorded, with their share, for a table."""
    return f"{missing:,} ({percent(_share(missing, recorded))})"


def holds_cell(found: Conclusion) -> str:
    """Say in a word whether the verdict holds."""
    return {True: "yes", False: "no", None: "cannot be said"}[found.holds]


def bounds_alt(found: tuple[Conclusion, ...]) -> str:
    """Describe the bounds of every primary outcome."""
    parts = []
    for c in found:
        bounds = c.doubt.bounds.difference
        if c.comparison.lacks or isinstance(bounds, NotEstimable):
            continue
        crude = difference(c.comparison.unadjusted.risk_difference, 1)
        parts.append(
            f"{registry.outcome(c.comparison.outcome).label}: crude {crude}, between"
            f" {number(bounds.low * 1000, 1)} and {number(bounds.high * 1000, 1)} whatever was not recorded"
        )
    shown = "; ".join(parts) if parts else "nothing to bound"
    return f"Difference per 1,000 with CIT, beside what the outcomes not recorded could make it. {shown}."


def verdict_line(comparison: Comparison) -> str:
    """Return one outcome about documents as a line."""
    if comparison.lacks:
        return comparison.sentence
    return f"**{registry.outcome(comparison.outcome).label}.** {comparison.sentence}"


def decisions(found: Documentation) -> list[str]:
    """Return what these counts put up for decision, in neutral words."""
    lines = []
    if (late := found.most_late) is not None:
        kind = found.kind(late.document)
        assert kind is not None
        lines.append(
            f"Most documents not in time: {documents(late.document)} of {marks.shown(late.district)},"
            f" {of(late.late)} (all districts: {percent(1 - (kind.in_time.value or 0))})."
            " Decide whether the deadline, the way they are handed in, or the staff to take them in is to be"
            " looked at there first."
        )
    if (most := found.most_blank) is not None:
        code, own = most
        lines.append(
            f"Field most often left blank: {marks.shown(small(field(own.field)))} on"
            f" {documents(code)}, {of(own.both)}. Decide whether the form is to"
            " insist on it, or to do without it."
        )
    return lines
