"""Words of the sensitivity exhibit and of what could overturn a result. No row replaces the headline."""

from __future__ import annotations

from data import registry
from metrics.doubt import Doubt, words_of
from metrics.estimate import Estimate, Interval, NotEstimable, Test
from metrics.event_study import EventStudy
from metrics.exhibit.rows import Exhibit, Row
from metrics.interrupted import Interrupted
from metrics.launch import first_day
from metrics.result import Comparison
from metrics.sensitivity import TippingPoint
from metrics.within import Within
from metrics.wording import marks
from metrics.wording.numbers import (
    difference,
    listed,
    number,
    p_value,
    percent,
    ratio,
    reason,
    small,
)

NOTE = (
    "The first row was fixed before the data were seen, and stands whatever the others say. The others"
    " answer other questions of the same data; none of them is the better one for its result."
)

STUDY_NOTE = (
    "As recorded, not adjusted for which calls an officer is sent to: after certification dispatch may send"
    " harder ones. Half-years before certification should lie around 0; that they do is no proof that they"
    " would have gone on so."
)

WITHIN_NOTE = (
    "Each officer is compared with themselves, so what does not change about an officer cannot account for a"
    " difference. What changes with certification can: the calls they are sent to, and years on the job."
)

LAUNCH_NOTE = (
    "All contacts together, from month to month. Whatever else changed in that month changed too: a new form,"
    " another threshold, a new district. Without a place that changed nothing, time alone may account for it."
)


def summary(found: Exhibit) -> str:
    """Say how the other rows lie beside the headline, by direction and interval."""
    outcome = registry.outcome(found.outcome).label
    head = found.headline.risk_difference
    if isinstance(head, NotEstimable):
        return f"{outcome}: the pre-specified comparison is not estimated ({reason(head)})."
    others = [r.risk_difference for r in found.rows[1:] if isinstance(r.risk_difference, Estimate)]
    if not others:
        return f"{outcome}: nothing else could be computed beside the pre-specified comparison."
    same = sum((r.estimate < 0) == (head.estimate < 0) for r in others)
    clear = sum(not r.low <= 0 <= r.high for r in others)
    turned = [
        r.label
        for r in found.rows[1:]
        if isinstance(r.risk_difference, Estimate)
        and (r.risk_difference.estimate < 0) != (head.estimate < 0)
    ]
    low, high = min(r.estimate for r in others), max(r.estimate for r in others)
    text = (
        f"{outcome}: asked in {len(others)} other ways, {same} point the same way as the pre-specified"
        f" comparison, and {clear} have an interval without 0. They run from {_side(low)} to"
        f" {_side(high)} per 1,000."
    )
    if turned:
        text += f" The other way: {listed([marks.shown(small(n)) for n in turned])}."
    return text


def _side(value: float) -> str:
    shown = number(abs(value) * 1000, 1)
    return (
        shown
        if float(shown.replace(",", "")) == 0
        else f"{shown} {'fewer' if value < 0 else 'more'}"
    )


def lacking(found: Exhibit) -> str:
    """Say which rows are not there, and why; empty if all are."""
    if not found.lacking:
        return ""
    listed = "; ".join(f"{label[:1].lower()}{label[1:]} ({why})" for label, why in found.lacking)
    return f"Not among the rows: {listed}."


def lines(found: Exhibit) -> list[str]:
    """Return the exhibit as lines of text, the headline first."""
    shown = [f"{row.label}: {difference(row.risk_difference, 1)}" for row in found.rows]
    why = lacking(found)
    return [
        "Sensitivity, differences per 1,000:",
        *(f"  {line}" for line in shown),
        *([why] if why else []),
    ]


def alt(found: Exhibit) -> str:
    """Return the words that replace the figure."""
    rows = [
        f"{r.label}: {difference(r.risk_difference, 1)}"
        for r in found.rows
        if isinstance(r.risk_difference, Estimate)
    ]
    return f"{registry.outcome(found.outcome).label}, difference per 1,000 with CIT. {'; '.join(rows)}."


def differs(row: Row) -> str:
    """Say what a row changes."""
    if row.headline:
        return "Fixed before the data were seen."
    text = f"{row.differs[:1].upper()}{row.differs[1:]}."
    return f"{text} Speaks of: {row.population}." if row.population else text


def unmeasured(comparison: Comparison, found: Doubt) -> list[str]:
    """Say how strong something unmeasured would have to be, beside the strongest thing measured."""
    text = []
    if isinstance(comparison.e_value, Estimate):
        at_limit = comparison.e_value.low
        text.append(
            "Something unmeasured would have to be tied both to CIT and to the outcome by a ratio of"
            f" {comparison.e_value.estimate:.2f} each, beyond all that was allowed for, to account for the"
            " whole ratio"
            + (
                f", and by {at_limit:.2f} to bring its interval to no difference."
                if at_limit > 1
                else "; the interval holds no difference already."
            )
        )
    if not isinstance(found.strongest, NotEstimable):
        covariate, high, low = words_of(found.strongest)
        text.append(
            f"For scale, the strongest thing measured is {covariate}: between {high} and {low} the outcome"
            f" differs by a ratio of {found.strongest.risk_ratio:.1f}, the rest being alike."
        )
    text.append("Neither speaks of fields that were filled in wrongly.")
    return text


def unrecorded(comparison: Comparison, found: Doubt) -> list[str]:
    """Say what the contacts whose outcome was not recorded could do to the crude difference."""
    missing = comparison.not_recorded
    if not missing.outcome:
        return ["The outcome was recorded for every contact of both groups."]
    text = [
        f"The outcome was not recorded for {missing.cit:,} contacts with CIT"
        f" ({percent(_share(missing.cit, comparison.cit.n))}) and {missing.other:,} without"
        f" ({percent(_share(missing.other, comparison.other.n))})."
    ]
    bounds = found.bounds.difference
    if isinstance(bounds, Interval):
        text.append(
            f"Whatever they were, the crude difference lies between {_side(bounds.low)} and"
            f" {_side(bounds.high)} per 1,000 (95% limits at the worst cases). That is what the data alone rule"
            " out, not a likely range."
        )
    for tip in (found.tipping_cit, found.tipping_other):
        if isinstance(tip, TippingPoint):
            arm = "with" if tip.arm == "cit" else "without"
            text.append(
                f"The crude difference would no longer be clear of 0 if {tip.events:,} of the {tip.missing:,}"
                f" unrecorded contacts {arm} CIT had the outcome ({number(tip.share * 1000, 1)} of 1,000,"
                f" against {number(tip.recorded_risk * 1000, 1)} among those recorded)."
            )
    return text


def _share(missing: int, recorded: int) -> float | None:
    return missing / (missing + recorded) if missing + recorded else None


def within(found: Within) -> str:
    """Return the sentence of the comparison within officers."""
    outcome = registry.outcome(found.outcome)
    if isinstance(found.effects, NotEstimable):
        return f"{outcome.label}, officers before and after: {reason(found.effects)}."
    effects = found.effects
    text = (
        f"Among {effects.officers:,} officers seen in both groups ({effects.contacts1:,} contacts after and"
        f" {effects.contacts0:,} before, with {effects.events1:,} and {effects.events0:,} events):"
        f" {difference(effects.risk_difference, 1)} per 1,000 with CIT than by the same officers before, after"
        " allowing for what dispatch knew, the year"
        + (" and the officer's years of service." if "tenure" in found.adjusters else ".")
    )
    if isinstance(found.effects_never, NotEstimable):
        return text
    never = difference(found.effects_never.risk_difference, 1)
    return f"{text} With officers never certified to tell the time as well: {never}."


def careers(found: Within) -> str:
    """Say how many officers had which career."""
    c = found.careers
    text = (
        f"{c.turned:,} officers went from one group to the other once, {c.always:,} were always in the first,"
        f" {c.never:,} never."
    )
    if c.mixed:
        text += f" {c.mixed:,} went back and forth and are left out."
    return (
        text
        + " The two weeks before an officer's first contact with CIT count as training and are out."
    )


def odds(found: Within) -> str:
    """Return the conditional odds ratio in words."""
    if isinstance(found.odds, NotEstimable):
        return f"Odds ratio within officers: not estimated ({reason(found.odds)})."
    return (
        f"Odds ratio within officers (conditional logistic regression): {ratio(found.odds)}. It is a ratio"
        " between contacts of one officer, and not comparable with ratios over all contacts."
    )


def study(found: EventStudy | NotEstimable) -> str:
    """Say what the half-years around certification show."""
    if isinstance(found, NotEstimable):
        return f"Half-years around certification: {reason(found)}."
    interval = found.overall.interval
    if isinstance(interval, NotEstimable):
        overall = f"{_side(found.overall.estimate)} per 1,000 (no interval: {reason(interval)})"
    else:
        value = Estimate(found.overall.estimate, interval.low, interval.high)
        overall = f"{difference(value, 1)} per 1,000"
    text = f"Half-years since certification, averaged over officers' groups: {overall}."
    if isinstance(found.pre_trend, Test):
        sign = "differ from 0" if found.pre_trend.p_value < 0.05 else "show no clear trend"
        text += f" The half-years before {sign} ({p_value(found.pre_trend.p_value)})."
    else:
        text += f" Before certification: {reason(found.pre_trend)}."
    return text


def study_alt(found: EventStudy) -> str:
    """Return the words that replace the event-study figure."""
    points = ", ".join(f"{p.time:+d}: {_side(p.effect.estimate)}" for p in found.event_time)
    return f"Difference per 1,000 by half-years since certification. {points}."


def adopted(found: EventStudy | NotEstimable, places: str) -> str:
    """Say what places that adopted CIT at different times show."""
    if isinstance(found, NotEstimable):
        return f"{places} that adopted CIT at different times: {reason(found)}."
    return study(found).replace(
        "Half-years since certification, averaged over officers' groups",
        (f"{places} compared before and after they adopted CIT, with those that had not yet"),
    )


def launched(found: Interrupted | NotEstimable, label: str) -> str:
    """Say how the rate changed at a marked event."""
    if isinstance(found, NotEstimable):
        return f"{marks.shown(label)}: {reason(found)}."
    change = found.level_change
    text = (
        f"From {first_day(found.launch):%B %Y} on ({marks.shown(label)}) the monthly rate was"
        f" {change.estimate:.2f} times what would be expected from the months before"
        f" (95% CI {change.low:.2f} to {change.high:.2f}; {p_value(found.test.p_value)})."
    )
    if found.autocorrelated:
        text += " Neighbouring months resemble each other; the interval allows for it."
    if found.missing:
        text += f" {len(found.missing)} months without coverage are missing, not zero."
    return text


def launch_alt(found: Interrupted, label: str) -> str:
    """Return the words that replace the figure of a launch."""
    return f"Monthly rate per 1,000 before and after {label}, with the rate expected without it."
