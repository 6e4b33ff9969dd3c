"""Months as words: what a chart marks, and what was not recorded."""

from __future__ import annotations

from datetime import date

from metrics.detail import Month
from metrics.estimate import NotEstimable
from metrics.trend import Trend, changed_since, signals
from metrics.trends import DaysBetween
from metrics.wording.numbers import month_after, reason


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
