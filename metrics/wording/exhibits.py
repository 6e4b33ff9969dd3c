"""Words of subgroups, funnels and plans. No level, district or agency is ever put before another."""

from __future__ import annotations

from data import registry
from metrics.estimate import Estimate, NotEstimable
from metrics.funnel import Funnel, Unit
from metrics.planning import Needed, Own, Plan
from metrics.subgroups import Level, Subgroup, Subgroups
from metrics.wording import marks
from metrics.wording.numbers import (
    capital,
    difference,
    difference_decimals,
    listed,
    number,
    p_value,
    percent,
    rate,
    rate_decimals,
    reason,
)

WITHHELD = "too few to show"

SUBGROUP_NOTE = (
    "Exploratory: the more splits are looked at, the more differences appear by chance. Levels stand in a"
    " fixed order, which says nothing of their results; where their intervals overlap, so may their"
    " differences. Rates differ between levels, so the same ratio can be an unlike number per 1,000."
)

FUNNEL_NOTE = (
    "As recorded, both groups together, not adjusted: places get different calls, and fill in forms"
    " differently. A point outside is a reason to look, not a judgement; one in 20 lies outside the inner"
    " limits by chance alone."
)

FOREST_NOTE = (
    "Each point is the adjusted difference within one level, with its 95% interval. Solid line: no"
    " difference. Dotted line: all contacts together. An arrow: the interval goes on beyond the figure."
)

TESTS_NOTE = (
    "*No sign* and *not clear* do not make levels alike: small ones could not show it. The corrected p allows"
    " for how many splits are looked at (Benjamini-Hochberg). *Odds ratio* is the scale of the test."
)

FUNNEL_KEY = (
    "Solid line: the rate of all together. Dashed and dotted lines: where 95% and 99.8% of places would lie"
    " by chance. An open diamond lies outside. The more contacts, the narrower the limits."
)

NO_SPLITS = "So there is nothing to split by call, place or person."

CURVE_NOTE = (
    "Smallest difference that would usually show, starting afresh. It falls more and more slowly: later"
    " months bring further contacts of the same officers."
)

PLAN_NOTE = (
    "A plan, not a forecast: it takes this agency's rate, volume and the likeness of one officer's contacts"
    " as they have been. Fix the date before starting; testing again and again until something shows finds"
    " differences that are not there."
)


FUNNEL_PLACES = {
    "within": "within the limits",
    "above": "above the inner limit",
    "below": "below the inner limit",
    "far_above": "above the outer limit",
    "far_below": "below the outer limit",
}
"""A point's place in the funnel, in words."""


def subgroup_level(level: Level, outcome_id: str) -> str:
    """Say one level's rates and difference, or its counts and why there is no difference."""
    outcome = registry.outcome(outcome_id)
    risks = (level.risk_cit.estimate, level.risk_other.estimate)
    value = level.risk_difference
    if not isinstance(value, Estimate) or None in risks:
        why = reason(value) if isinstance(value, NotEstimable) else "not estimated"
        return (
            f"{level.label}: {level.cit.events:,} of {level.cit.n:,} {outcome.eligible_words} and"
            f" {level.other.events:,} of {level.other.n:,}; the difference was not estimated ({why})."
        )
    decimals = max(rate_decimals(*risks), difference_decimals(value))
    return (
        f"{level.label}: {rate(risks[0], decimals)} {outcome.eligible_words} and"
        f" {rate(risks[1], decimals)}: {difference(value, decimals)}."
    )


def interaction(subgroup: Subgroup, family: int) -> str:
    """Say whether the ratio differs between levels, as far as these data can tell; never which way."""
    name = subgroup.label.lower()
    test = subgroup.test
    if isinstance(test, NotEstimable):
        return f"Whether the ratio is alike in every level of {name} could not be tested ({reason(test)})."
    adjusted = test.p_value if subgroup.p_adjusted is None else subgroup.p_adjusted
    tested = p_value(test.p_value)
    if family > 1:
        tested += f"; {p_value(adjusted)} after Benjamini-Hochberg for {family} splits"
    if adjusted < 0.05:
        return (
            f"The odds ratio differs between levels of {name} ({tested}): one number for all of them hides"
            " that. It does not say why; calls, services and recording may differ as well."
        )
    if test.p_value < 0.05:
        return (
            f"Looked at alone the odds ratio differs between levels of {name}, but after {family} looks it"
            f" is not clear ({tested})."
        )
    return (
        f"No sign that the odds ratio differs between levels of {name} ({tested}). That does not make them"
        " alike: levels with few contacts could not show it."
    )


def reading(subgroup: Subgroup) -> str:
    """Say in two words what a test of a split says; :func:`interaction` says it in full."""
    if isinstance(subgroup.test, NotEstimable):
        return "not tested"
    p = subgroup.p_adjusted
    if p is not None and p < 0.05:
        return "differs"
    return "not clear" if subgroup.test.p_value < 0.05 else "no sign"


def left_out(subgroup: Subgroup) -> str | None:
    """Name the levels that are withheld and the contacts without a level, or None if there are none."""
    parts = []
    if subgroup.withheld:
        parts.append(f"{capital(WITHHELD)}: {listed([marks.shown(w) for w in subgroup.withheld])}.")
    if subgroup.unknown is None:
        parts.append("Not recorded for a few contacts (10 or fewer).")
    elif subgroup.unknown:
        parts.append(f"Not recorded for {subgroup.unknown:,} contacts.")
    return " ".join(parts) or None


def not_drawn(found: Subgroups) -> str | None:
    """List, split by split, what is in no level, or None if everything is."""
    parts = [f"**{s.label}.** {gone}" for s in found.subgroups if (gone := left_out(s)) is not None]
    return "In no level: " + " ".join(parts) if parts else None


def subgroup_alt(subgroup: Subgroup, found: Subgroups) -> str:
    """Return the words that replace one covariate's forest."""
    exposure = registry.exposure(found.exposure)
    shown = " ".join(subgroup_level(level, found.outcome) for level in subgroup.levels)
    text = f"{subgroup.label}. "
    text += (
        f"In each level first contacts {exposure.cit_arm}, then contacts {exposure.other_arm}. {shown}"
        if shown
        else "No level has enough contacts."
    )
    gone = left_out(subgroup)
    return " ".join(filter(None, [text, interaction(subgroup, found.family), gone]))


def subgroups(found: Subgroups) -> str:
    """Say in one paragraph what the splits show together."""
    name = registry.outcome(found.outcome).label
    if not found.family:
        text = f"{name}: no split could be tested."
    else:
        unlike = [
            s.label.lower()
            for s in found.subgroups
            if s.p_adjusted is not None and s.p_adjusted < 0.05
        ]
        over = "one split" if found.family == 1 else f"{found.family} splits"
        text = (
            f"{name}: of {over} tested, the odds ratio differs between levels of {listed(unlike)}."
            if unlike
            else f"{name}: {over} tested; in none is it clear that the two groups compare differently from"
            " level to level."
        )
    if found.lacking:
        lacking = [registry.covariate(c).label.lower() for c in found.lacking]
        text += f" Not recorded by this source: {listed(lacking)}."
    return text


def refused(found: Subgroups) -> str:
    """Say why no level has a difference where the whole has none."""
    value = found.overall.risk_difference
    why = reason(value) if isinstance(value, NotEstimable) else "not estimated"
    return (
        f"No difference is estimated for all contacts together ({why}), so none is for a part of them."
        " Counts, where large enough to show, stand below."
    )


def forest_alt(found: Subgroups) -> str:
    """Return the words that replace the one figure of all splits."""
    label = registry.outcome(found.outcome).label
    overall = difference(found.overall.risk_difference, 1)
    parts = [
        f"{s.label}: "
        + "; ".join(
            f"{level.label} {difference(level.risk_difference, 1)}"
            if isinstance(level.risk_difference, Estimate)
            else f"{level.label} not estimated"
            for level in s.levels
        )
        for s in found.subgroups
        if s.levels
    ]
    return (
        f"{label}, difference per 1,000 contacts with and without CIT, adjusted. All contacts: {overall}."
        f" {'. '.join(parts)}. {subgroups(found)}"
    )


def funnel(found: Funnel | NotEstimable, outcome_id: str, places: str = "districts") -> str:
    """Say what lies outside the limits, by name in the order of names."""
    outcome = registry.outcome(outcome_id)
    if isinstance(found, NotEstimable):
        return f"{outcome.label}: no funnel ({reason(found)})."
    decimals = rate_decimals(found.target)
    text = (
        f"All {places} together: {rate(found.target, decimals)} {outcome.eligible_words}"
        f" {outcome.happened}. "
    )
    beyond = found.outside
    if beyond:
        text += (
            f"Outside the limits: {listed([_where(u) for u in beyond])}. Of {len(found.units)} {places},"
            f" chance alone would put about {number(found.expected_outside, 1)} there."
        )
    else:
        every = "Both" if len(found.units) == 2 else f"All {len(found.units)}"
        text += f"{every} {places} lie within the limits of chance."
    if found.widened:
        text += (
            f" {capital(places)} differ throughout by more than chance (overdispersion"
            f" {found.phi:.1f}); the limits are widened for that."
        )
    elif found.overdispersed:
        text += (
            f" {capital(places)} differ by more than chance (overdispersion {found.phi:.1f}), but are too"
            " few to widen the limits for that."
        )
    if found.withheld:
        text += f" {capital(WITHHELD)}: {listed([marks.shown(w) for w in found.withheld])}."
    if found.unplaced:
        text += f" {found.unplaced:,} contacts have no place recorded."
    elif found.unplaced is None:
        text += " A few contacts (10 or fewer) have no place recorded."
    return text


def _where(unit: Unit) -> str:
    side = "above" if unit.place in ("above", "far_above") else "below"
    which = "outer" if unit.place in ("far_above", "far_below") else "inner"
    return f"{marks.shown(unit.label)} ({side} the {which} limit)"


def funnel_alt(found: Funnel | NotEstimable, outcome_id: str, places: str = "districts") -> str:
    """Return the words that replace the funnel: every point by name, then what lies outside."""
    if isinstance(found, NotEstimable):
        return funnel(found, outcome_id, places)
    decimals = rate_decimals(*[u.rate for u in found.units])
    points = "; ".join(
        f"{u.label} {number(u.rate * 1000, decimals)} per 1,000 of {u.n:,}" for u in found.units
    )
    return f"{points}. {funnel(found, outcome_id, places)}"


def plan(found: Plan | NotEstimable) -> str:
    """Say how long until a difference of the size asked for would usually show."""
    if isinstance(found, NotEstimable):
        return f"No plan: {reason(found)}."
    size = abs(found.difference) * 1000
    name = f"{number(size, 0 if size >= 10 and size == round(size) else 1)}"
    name += f" {'fewer' if found.difference < 0 else 'more'} per 1,000"
    head = f"{registry.outcome(found.outcome).label}: a difference of {name}"
    if isinstance(found.afresh, NotEstimable):
        text = f"{head} could not be shown ({reason(found.afresh)})."
        if isinstance(found.floor, float) and found.floor >= abs(found.difference):
            text += (
                f" With these officers the smallest that could ever show is"
                f" {number(found.floor * 1000, 1)}."
            )
        return text
    text = (
        f"{head} would usually show ({percent(found.power)} of the time) after"
        f" {found.afresh.contacts:,} contacts, {_months(found.afresh.months)} from a fresh start."
    )
    if isinstance(found.adding, Needed):
        text += (
            " The contacts on hand are enough."
            if found.adding.months == 0
            else f" With the contacts on hand kept: {_months(found.adding.months)} more."
        )
    return text


def _months(months: int) -> str:
    return "1 month" if months == 1 else f"{months:,} months"


def plan_basis(own: Own, tests: int = 1) -> str:
    """Say which of the agency's own figures a plan rests on."""
    text = (
        f"From this agency: {rate(own.rate_other, rate_decimals(own.rate_other))} in the other group;"
        f" {number(own.volume)} contacts a month with both recorded (the latest {own.months} months with"
        f" coverage), {percent(own.share)} of them with CIT."
    )
    if own.officers_known:
        text += (
            f" Contacts of one officer are alike (intraclass correlation {own.icc:.3f})"
            if own.icc >= 0.0005
            else " No likeness of one officer's contacts was found"
        )
        text += (
            f"; loads are unequal, so officers count for {own.officers_cit:.0f} and"
            f" {own.officers_other:.0f} with equal loads."
        )
    else:
        text += " There are no officer numbers, so their likeness is not allowed for: it will take longer."
    if own.events_other < 11:
        text += " The rate rests on a handful of events: any plan from it is rough."
    if tests > 1:
        text += f" The level is shared among {tests} tests (Holm)."
    return text


def plan_curve_alt(found: Plan) -> str:
    """Return the words that replace the curve of what each wait would show."""
    points = []
    for ahead in found.curve:
        value = ahead.decrease if found.difference < 0 else ahead.increase
        size = f"{number(value * 1000, 1)} per 1,000" if isinstance(value, float) else "nothing"
        points.append(f"{_months(ahead.months)} {size}")
    way = "fall" if found.difference < 0 else "rise"
    return f"Smallest {way} that would usually show, by months from a fresh start: {'; '.join(points)}."


def plan_help(found: Plan) -> str | None:
    """Say what would shorten the wait: more officers, or more contacts of the same ones.

    Where an arm's design effect is above 2, each percent more officers adds more than each percent
    more contacts (the worth of n contacts of k officers is n / (1 + (n / k - 1) icc)); below, less.
    """
    own = found.own
    if not own.officers_known:
        return (
            "Officer numbers in the export would show whether more officers or more contacts help."
        )
    if isinstance(found.afresh, NotEstimable):
        floor = found.floor
        if not isinstance(floor, float) or floor < abs(found.difference):
            return None
        return (
            "What would help: more officers in both groups, or a larger difference. More months would not:"
            " they bring more contacts of the same officers."
        )
    needed = found.afresh
    worth = (needed.contacts_cit / needed.deff_cit, needed.contacts_other / needed.deff_other)
    text = (
        f"Contacts of one officer are alike, so those {needed.contacts:,} tell as much as about"
        f" {_roughly(sum(worth))} from as many officers."
        if max(needed.deff_cit, needed.deff_other) >= 1.05
        else "Contacts of one officer are hardly more alike than others, so nearly every contact counts."
    )
    group, deff = (
        ("the group with CIT", needed.deff_cit)
        if worth[0] <= worth[1]
        else ("the other group", needed.deff_other)
    )
    if deff > 2:
        return f"{text} What would help most: more officers in {group}, rather than more contacts each."
    return f"{text} What would help most: more contacts in {group}; more officers would help less."


def no_curve(found: Plan) -> str:
    """Say why there is no curve."""
    ahead = found.curve[-1]
    value = ahead.decrease if found.difference < 0 else ahead.increase
    why = reason(value) if isinstance(value, NotEstimable) else "nothing to draw"
    return f"No curve: {why}."


def _roughly(value: float) -> str:
    """Return a count to two figures: it is a model's, not a count of anything."""
    return number(float(f"{value:.2g}"))


def plan_ahead(value: float | NotEstimable) -> str:
    """Return one point of the curve: a difference per 1,000, or that there would be too few events."""
    return "too few events" if isinstance(value, NotEstimable) else f"{number(value * 1000, 1)}"
