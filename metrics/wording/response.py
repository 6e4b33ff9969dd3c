"""Words of *Did CIT come?*: calls counted, each with its denominator. Nothing here says cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data import registry
from data.prepared.calls import LONGEST_HOURS
from metrics.aggregate.calls import CALL_ENDINGS, CALLS_DIVERTED
from metrics.estimate import Estimate
from metrics.response import Came, Level, Minutes, Response
from metrics.shares import Share
from metrics.trend import Trend
from metrics.wording import time
from metrics.wording.numbers import listed, number, percent
from metrics.wording.response_terms import ENDINGS
from metrics.wording.views import percentage, share_of

if TYPE_CHECKING:
    from metrics.overview import Period

QUESTION = "Did CIT come when dispatch knew?"


def of(found: Share, noun: str = "calls") -> str:
    """Return a share with its counts and interval, such as "73% (31 of 42 calls; 95% CI 58% to 84%)"."""
    if not isinstance(found.rate, Estimate):
        return f"no {noun}"
    low, high = (_limit(v) for v in (found.rate.low, found.rate.high))
    return f"{percentage(found.rate.estimate)} ({found.events:,} of {found.n:,} {noun}; 95% CI {low} to {high})"


def _limit(value: float) -> str:
    """Return a limit as a percentage; never 0.0% or 100.0% for what is only near it."""
    if 0 < value < 0.0005:
        return "under 0.1%"
    if 0.9995 < value < 1:
        return "over 99.9%"
    return f"{number(value * 100, 1)}%"


def headline(found: Response) -> str:
    """Answer in one sentence whether CIT came when dispatch knew, or say why it cannot be said."""
    if not found.total["cohort"]:
        return f"{QUESTION} {no_cohort(found)}"
    came = found.came
    if not isinstance(came.rate, Estimate):
        return (
            f"{QUESTION} Not recorded: {found.total['cohort']:,} calls were coded as behavioural health at"
            " dispatch and taken by police, and for none is it recorded who came."
        )
    low, high = (_limit(v) for v in (came.rate.low, came.rate.high))
    whole = round(came.rate.estimate * 100)
    # Nearly all is not all.
    near = whole in (0, 100) and 0 < came.events < came.n
    shown = (
        f"{whole} of 100 calls ({came.events:,} of {came.n:,}"
        if came.n >= 100 and not near
        else f"{came.events:,} of {came.n:,} calls ({percent(came.rate.estimate)}"
    )
    return (
        f"{QUESTION} A CIT officer came to {shown}; 95% CI {low} to {high}) coded as behavioural health at"
        " dispatch and taken by police."
    )


def no_cohort(found: Response) -> str:
    """Say why no call is in the cohort: nothing in the period, or a column that was never filled."""
    filled = found.held.filled
    if not found.total["calls"]:
        return "No call of this period fits the filters."
    if "calls.crisis_flag_at_dispatch" not in filled:
        return "Not recorded by this source. It needs calls.crisis_flag_at_dispatch."
    if not {"calls.disposition_of_call", "calls.dispatched_at"} & filled:
        return (
            "Not recorded by this source: whether police took a call needs calls.disposition_of_call or"
            " calls.dispatched_at."
        )
    return "No call of this period is recorded as coded at dispatch and taken by police."


def counted(found: Response) -> str:
    """Say how the cohort comes out of all calls, step by step; the parts sum to the whole."""
    t = found.total
    out = t["calls"] - t["counted"]
    days = f" received {time.span(found.first, found.last)}" if found.first and found.last else ""
    text = (
        f"{_calls(t['calls'])} on record{days}. Counted apart:"
        f" {t['cancelled']:,} cancelled and {t['duplicate']:,} duplicates"
        f"{f' ({out:,} together)' if t['cancelled'] and t['duplicate'] else ''}. Of the other"
        f" {t['counted']:,}, dispatch coded {t['coded']:,} as behavioural health and {t['not_coded']:,}"
        f" not{_more(t['untold_coded'], 'not recorded')}. Police took {t['cohort']:,} of those coded,"
        f" others {t['coded_not_taken']:,}{_more(t['coded_untold_taken'], 'not recorded')}."
    )
    left = found.came.unknown
    if left and found.came.n:
        without = f", {t['no_units']:,} of them without any unit on record" if t["no_units"] else ""
        text += f" For {left:,} of the {t['cohort']:,} it is not recorded who came{without}."
    if t["nobody"]:
        text += f" To {_calls(t['nobody'])} nobody who was sent is recorded as having arrived."
    return text


def _calls(n: int) -> str:
    return "1 call" if n == 1 else f"{n:,} calls"


def _more(n: int, why: str) -> str:
    return f" ({n:,} more {why})" if n else ""


def availability(found: Response) -> list[str]:
    """Say whether one was available where none came, and how often none was at all."""
    if "calls.cit_available" not in found.held.filled:
        return [
            "Whether a CIT officer was available is not recorded by this source. It needs"
            " calls.cit_available."
        ]
    sent, none = found.available, found.unavailable
    lines = []
    if sent.n:
        lines.append(
            "Of calls to which none came, one was available at"
            f" {of(sent, 'calls where it was recorded')}.{_unasked(sent)}"
        )
    if none.n:
        lines.append(
            "Of all calls coded at dispatch and taken by police, no CIT officer was available at"
            f" {of(none, 'calls where it was recorded')}.{_unasked(none)}"
        )
    return lines


def _unasked(found: Share) -> str:
    return f" For {found.unknown:,} more it was not." if found.unknown else ""


def soon(found: Response) -> str:
    """Say how soon the first certified officer came, and what was left out."""
    minutes, t = found.minutes, found.total
    if minutes.median is None or minutes.p90 is None:
        text = "Minutes to the first CIT officer: not recorded for any call of this period."
    else:
        text = (
            f"From receipt of the call to the arrival of the first CIT officer: median"
            f" {_minutes(minutes.median)} minutes; nine in ten within {_minutes(minutes.p90)} minutes"
            f" ({_calls(minutes.n)})."
        )
    if t["on_view"]:
        text += (
            f" {t['on_view']:,} of them {'was' if t['on_view'] == 1 else 'were'} met by an officer on view,"
            " mostly without a wait."
        )
    left = []
    if t["implausible"]:
        left.append(f"{t['implausible']:,} before the call or over {LONGEST_HOURS} hours after it")
    if found.untimed:
        left.append(f"{found.untimed:,} without the time of the call")
    return text + (f" Left out: {listed(left)}." if left else "")


def _minutes(value: float) -> str:
    return number(value, 0 if value >= 10 or value == round(value) else 1)


def forms(found: Response) -> list[str]:
    """Say how many calls have no form, and how many forms no call."""
    t, calls, papers = found.total, found.without_form, found.forms_without_call
    lines = []
    if calls.n:
        lines.append(f"Of the calls that should have one, {of(calls)} have no form.")
    else:
        lines.append(
            "Calls without a form: not recorded. It needs the same incident number on both"
            " (calls.incident_id and contacts.incident_id)."
        )
    left = []
    if calls.unknown:
        left.append(f"{calls.unknown:,} without an incident number to ask by")
    if t["form_not_due"]:
        left.append(
            f"{t['form_not_due']:,} received before forms were required, or on days no form covers"
        )
    if left:
        lines.append(f"Left out: {listed(left)}.")
    if papers.n:
        lines.append(f"The other way round, of the forms {of(papers, 'forms')} have no call.")
    apart = []
    if papers.unknown:
        apart.append(f"{papers.unknown:,} without an incident number to ask by")
    if found.forms["outside"]:
        apart.append(f"{found.forms['outside']:,} on days no call covers")
    if apart:
        lines.append(f"Forms left out: {listed(apart)}.")
    return lines


def diverted(found: Response) -> list[str]:
    """Say how many coded calls someone other than police took."""
    share, sent = found.diverted, found.total["diverted_and_sent"]
    if "calls.disposition_of_call" not in found.held.filled:
        return [
            "Who took the call is not recorded by this source. It needs calls.disposition_of_call."
        ]
    if not share.n:
        return ["No call coded at dispatch in this period has a disposition."]
    lines = [f"Of calls coded at dispatch, someone other than police took {of(share)}."]
    if share.unknown:
        lines.append(f"{_calls(share.unknown)} more without a disposition: in no share.")
    if sent:
        lines.append(
            f"To {_calls(sent)} of those diverted a unit was dispatched too: they are in the cohort as well."
        )
    return lines


def coding(found: Response) -> list[str]:
    """Say how often call takers coded what was coded when cleared, and the other way round."""
    code = found.coding
    lacking = [
        f"calls.{c}"
        for c in ("crisis_flag_at_dispatch", "crisis_flag_final")
        if f"calls.{c}" not in found.held.filled
    ]
    if lacking:
        return [
            "How call takers coded calls cannot be checked: not recorded by this source. It needs"
            f" {listed(lacking)}."
        ]
    lines = []
    if code.heard.n:
        lines.append(f"Of calls coded when cleared, dispatch had coded {of(code.heard)}.")
    if code.not_so.n:
        lines.append(f"Of calls coded at dispatch, {of(code.not_so)} were no longer when cleared.")
    if code.unknown:
        lines.append(
            f"{_calls(code.unknown)} police took with either code unknown or blank: in neither share."
        )
    return lines or ["No call of this period has both codes."]


def ignored(found: Response) -> str | None:
    """Name the shared filters that calls cannot apply."""
    if not found.ignored:
        return None
    names = listed([registry.covariate(d).label.lower() for d in found.ignored])
    return (
        f"Not applied to calls: {names}. Calls follow the dates, the district, and the shift where calls and"
        " forms name it alike."
    )


def shift_note(found: Response) -> str:
    """Say where a call's shift comes from."""
    if found.shifts_loaded:
        return (
            "A call's shift is the agency's own (shifts.csv) that was running when the call was received;"
            " where several were, the one that began last."
        )
    return "A call's shift is by the clock in thirds of the day: no shifts with times are loaded."


def flags(told: dict[str, tuple[int, int]]) -> list[str]:
    """Say what the forms' own flags say, each with its denominator."""
    lines = []
    for id_, words in (("arrived", "arrived"), ("dispatched", "was dispatched")):
        yes, n = told[id_]
        if n:
            share = of(Share(yes, n), "forms")
            lines.append(f"By the form's own flag, a CIT officer {words}: {share}.")
        else:
            needed = ", ".join(registry.exposure(id_).sources)
            lines.append(
                f"By the form's own flag, a CIT officer {words}: not recorded. It needs {needed}."
            )
    return lines


def change(found: Trend) -> str:
    """Say what the chart of months says, and which months hardly have calls."""
    gap = time.coverage_gaps(found.months)
    return time.change(found) + (f" {gap.replace('contacts', 'calls')}" if gap else "")


def months_alt(found: Trend) -> str:
    """Return the words that replace the chart of months."""
    known = [m.rate for m in found.months if m.rate is not None]
    if not known:
        return "CIT came, by month: no whole month with calls."
    return (
        f"CIT came, by month, {found.months[0].first_day:%B %Y} to {found.months[-1].first_day:%B %Y}:"
        f" between {percentage(min(known))} and {percentage(max(known))} of calls. {change(found)}"
    )


def levels_alt(levels: tuple[Level, ...], what: str) -> str:
    """Return the words that replace a figure of districts, shifts or hours."""
    parts = [f"{v.label} {percentage(v.came.events / v.came.n)}" for v in levels if v.came.n]
    return f"Calls to which a CIT officer came, {what}: {'; '.join(parts) or 'none recorded'}."


def cell(found: Share) -> str:
    """Return a share with its interval for the cell of a table."""
    if not isinstance(found.rate, Estimate):
        return "not recorded"
    low, high = (_limit(v) for v in (found.rate.low, found.rate.high))
    return f"{percentage(found.rate.estimate)} ({low} to {high})"


def minutes_cell(found: Minutes | None) -> tuple[str, str]:
    """Return the median and the 90th percentile for the cells of a table."""
    if found is None or found.median is None or found.p90 is None:
        return "not recorded", "not recorded"
    return _minutes(found.median), _minutes(found.p90)


def tile(found: Came, about: Period) -> tuple[str, ...]:
    """Return what stands under the overview's tile."""
    now, minutes = found.now, found.minutes
    details = [f"{now.events:,} of {now.n:,} calls coded at dispatch"]
    if now.unknown:
        details.append(f"who came not recorded for {_calls(now.unknown)} more")
    if found.ignored:
        names = listed([registry.covariate(d).label.lower() for d in found.ignored])
        details.append(f"calls of every {names}: calls cannot be filtered by it")
    if minutes.median is not None:
        details.append(f"median {_minutes(minutes.median)} min to arrive")
    else:
        details.append("minutes to arrive not recorded")
    details += time.usual(found.read, percentage)
    earlier = share_of(found.before.events, found.before.n) if found.before else None
    return (*details, *((time.before(about, earlier),) if earlier else ()))


def ending_rows(found: Response) -> list[tuple[str, Share | None, int, bool]]:
    """Return (label, share, calls, diverted) of each disposition of coded calls; parts sum to all.

    The share is None for calls without a disposition.
    """
    rows: list[tuple[str, Share | None, int, bool]] = [
        (ENDINGS[e], found.ended(e), found.ended(e).events, e in CALLS_DIVERTED)
        for e in CALL_ENDINGS
    ]
    if other := found.other_endings:
        rows.append(("Other", Share(other, found.diverted.n, found.diverted.unknown), other, False))
    if blank := found.diverted.unknown:
        rows.append(("Not recorded", None, blank, False))
    return rows
