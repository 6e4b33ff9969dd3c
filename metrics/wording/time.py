"""Months as words: what a chart marks, and what was not recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING

from data import registry
from metrics.detail import Month
from metrics.estimate import NotEstimable
from metrics.monthly import DOWN, UP, Read, month_end, month_start
from metrics.trend import Trend, changed_since, signals
from metrics.trends import DaysBetween
from metrics.wording import marks
from metrics.wording.numbers import listed, month_after, percent, reason

if TYPE_CHECKING:
    from metrics.aggregate import Coverage
    from metrics.overview import Period
    from metrics.question import Question

ARROWS = {UP: "↑", DOWN: "↓"}


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
    return f"Hardly any contacts were counted in {', '.join(named)}: missing coverage, not a fall."


def change(found: Trend) -> str:
    """Say what the chart's rules mark: the month a change began, or that there is none."""
    if isinstance(found.chart, NotEstimable):
        return f"No chart: {reason(found.chart)}."
    if found.rare and isinstance(found.between, NotEstimable):
        return "Too few to chart."
    if found.rare:
        return "Too few a month for a chart of rates: days between are shown instead."
    since = changed_since(found)
    if since is not None:
        last, centre = found.covered[-1].rate, found.chart.centre
        side = "above" if last is not None and last > centre else "below"
        return f"{side.capitalize()} its usual level since {since:%B %Y}, by the chart's rule."
    marked = signals(found)
    if not marked:
        return "No unusual change, by the chart's rules."
    spans: list[list[date]] = []
    for day in marked:
        if spans and month_after(spans[-1][-1]) == day:
            spans[-1].append(day)
        else:
            spans.append([day])
    named = [
        f"{s[0]:%B %Y}" if len(s) == 1 else f"{s[0]:%B %Y} to {s[-1]:%B %Y}" for s in spans[-3:]
    ]
    return f"Unusual by the chart's rules: {', '.join(named)}."


def trend_alt(found: Trend, label: str) -> str:
    """Return the words that replace the trend."""
    known = [m.rate * 1000 for m in found.months if m.rate is not None]
    if not known:
        return f"{label} by month: nothing recorded."
    gap = coverage_gaps(found.months)
    if found.rare and isinstance(found.between, DaysBetween):
        return (
            f"{label}: {len(found.days)} events; typically {found.between.centre:.0f} days between them,"
            f" usual range {found.between.low:.0f} to {found.between.high:.0f}."
        )
    return (
        f"{label} by month, {found.months[0].first_day:%B %Y} to {found.months[-1].first_day:%B %Y}:"
        f" between {min(known):.0f} and {max(known):.0f} of 1,000 contacts. {change(found)}"
        + (f" {gap}" if gap else "")
    )


def trend_note(found: Trend) -> str:
    """Return what must be said under a trend."""
    gap = coverage_gaps(found.months)
    if found.rare:
        note = "Both groups together. Each point is the days since the event before."
    else:
        note = (
            "Both groups together. The band is where months vary by chance (Laney's p' chart, three"
            " sigma); marked months lie outside it, or in a run of eight on one side."
        )
    return f"{note} {change(found)}" + (f" {gap}" if gap else "")


def sparse(found: Trend) -> str:
    """List the dates of events too few to chart."""
    if not found.days:
        return "None recorded in this period."
    shown = ", ".join(f"{day:%-d %b %Y}" for day in found.days)
    return f"Too few to chart. Dates on record: {shown}."


def span(start: date, end: date) -> str:
    """Return a period as words: by months where it is whole months."""
    if start == month_start(start) and end == month_end(end):
        first, last = f"{start:%b %Y}", f"{end:%b %Y}"
        return first if first == last else f"{first} to {last}"
    return f"{start:%-d %b %Y} to {end:%-d %b %Y}"


def length(start: date, end: date) -> str:
    """Return how long a period is: in months where it is whole months, else in days."""
    if start == month_start(start) and end == month_end(end):
        count = (end.year - start.year) * 12 + end.month - start.month + 1
        return "month" if count == 1 else f"{count} months"
    count = (end - start).days + 1
    return "day" if count == 1 else f"{count:,} days"


def before(period: Period, words: str) -> str:
    """Return what a number was in the period before, named by its length."""
    assert period.before is not None
    return f"{length(*period.before)} before: {words}"


def compared(period: Period) -> str:
    """Say what a page is about and what it is compared with, or why with nothing."""
    about = f"**{span(period.start, period.end)}**"
    if period.before is not None:
        text = (
            f"{about}, compared with the {length(*period.before)} before ({span(*period.before)})."
        )
        return f"{text} Usual ranges and changes are by chart rule over {span(*period.window)}."
    months = (
        (period.last.year - period.first.year) * 12 + period.last.month - period.first.month + 1
    )
    held = (
        f"The data hold under 24 months ({span(period.first, period.last)})"
        if months < 24 or (months == 24 and not _ends_whole(period))
        else f"The data begin on {period.first:%-d %b %Y}"
    )
    return f"{about}. {held}: there is no whole period before it to compare with."


def _ends_whole(period: Period) -> bool:
    return period.first == month_start(period.first) and period.last == month_end(period.last)


def usual(read: Read, words: Callable[[float, float], str], unit: str = "") -> tuple[str, ...]:
    """Say what a month usually is, where a chart can tell.

    ``words`` turns a limit into words, given the wider limit too: both are equally precise.
    """
    if isinstance(read, NotEstimable):
        return ()
    low, high = (words(v, read.usual.high) for v in read.usual)
    return (f"usual month: {low} to {high}{unit}",)


def moved(read: Read) -> str:
    """Say by chart rule whether something changed and since when: an arrow and words."""
    if isinstance(read, NotEstimable):
        return f"changes not charted: {reason(read)}"
    if read.since is not None and read.direction is not None:
        return f"{ARROWS[read.direction]} {read.direction} since {read.since:%b %Y}"
    if not read.unusual:
        return "no unusual change"
    parts = []
    for side, name in ((UP, "high"), (DOWN, "low")):
        named = [f"{day:%b %Y}" for day, s in read.unusual if s == side]
        if named:
            parts.append(f"{ARROWS[side]} unusually {name} in {listed(named)}")
    return "; ".join(parts)


def moved_gaps(read: Read) -> str:
    """Say by the chart of days between whether events became rarer or more frequent."""
    if isinstance(read, NotEstimable):
        return f"changes not charted: {reason(read)}"
    if read.since is not None:
        side = "rarer" if read.direction == UP else "more often"
        arrow = ARROWS[DOWN if read.direction == UP else UP]
        return f"{arrow} {side} since {read.since:%b %Y}, by the days between"
    long = [f"{day:%b %Y}" for day, s in read.unusual if s == UP]
    short = [f"{day:%b %Y}" for day, s in read.unusual if s == DOWN]
    parts = [f"unusually long gap before {listed(long)}"] if long else []
    parts += [f"unusually short gap before {listed(short)}"] if short else []
    return "; ".join(parts) if parts else "no unusual change in the days between"


def compared_over(coverage: Coverage, question: Question) -> str:
    """Say which contacts the two groups are of: all on record unless dates were chosen."""
    if coverage.first is None or coverage.last is None:
        return "No contacts."
    start, end = question.start or coverage.first, question.end or coverage.last
    if question.start or question.end:
        return f"Over the dates chosen, {span(start, end)}."
    fit = " that fits the filters" if question.where else ""
    return (
        f"Over every contact on record{fit}, {span(start, end)}: the pre-specified question is not cut"
        " to one year."
    )


def data_to(
    coverage: Coverage, loaded: datetime | None, forms: tuple[int, int] | None = None
) -> str:
    """Return how recent the data are, and who is not in them: what stands at the top of every page.

    ``forms`` are the calls with a form and those that should have one, where calls are loaded.
    """
    parts = []
    if coverage.last is not None:
        parts.append(f"data to {coverage.last:%-d %b %Y}")
        if forms is not None:
            parts.append(f"{percent(forms[0] / forms[1])} of crisis calls have a form")
        parts.append("contacts without a form are not counted")
    if loaded is not None:
        parts.append(f"loaded {loaded:%-d %b %Y %H:%M} UTC")
    return "".join(f" · {part}" for part in parts)


def cuts(question: Question) -> str:
    """Name the filters a page applies besides its dates."""
    parts = [
        f"{registry.covariate(dim).label.lower()}"
        f" {' or '.join(marks.shown(registry.level_label(dim, level)) for level in levels)}"
        for dim, levels in question.where
    ]
    return f"Only contacts with {'; '.join(parts)}."
