"""Figures of *Did CIT come?* for print."""

from __future__ import annotations

from data.events import Event
from metrics.estimate import Estimate
from metrics.response import Response
from metrics.trend import Trend
from metrics.wording import response as words
from pages.parts.lines import OF_CALLS, broken
from pages.parts.palette import CIT, NEUTRAL
from pages.parts.response_figures import SHARE_AXIS, drawn
from pages.print import times
from pages.print.canvas import Drawing, Sheet, Stamp, grid, point, rule


def places(found: Response, stamp: Stamp | None = None) -> Drawing:
    """The share of calls to which CIT came, by district and then by shift, with its interval."""
    first = drawn(found.districts)
    rows = [*first, *drawn(found.shifts)]
    sheet = Sheet(0.32 * max(len(rows), 1), stamp, left=1.9)
    axes = sheet.axes
    if isinstance(found.came.rate, Estimate):
        rule(axes, 100 * found.came.rate.estimate, dash="dash")
    for place, (_, rate) in enumerate(rows):
        point(
            axes,
            100 * rate.estimate,
            place,
            CIT if place < len(first) else NEUTRAL,
            name=str(place),
            low=100 * rate.low,
            high=100 * rate.high,
        )
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_yticks(range(len(rows)), ["\n".join(broken(v.label, 30)) for v, _ in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 101)
    axes.set_xlabel(SHARE_AXIS)
    grid(axes)
    alt = " ".join(
        words.levels_alt(levels, f"by {name}")
        for levels, name in ((found.districts, "district"), (found.shifts, "shift"))
    )
    return sheet.done(alt)


def hours(found: Response, stamp: Stamp | None = None) -> Drawing:
    """The share of calls to which CIT came, by the hour in which the call was received."""
    rows = [(v, rate) for v, rate in drawn(found.hours) if v.id.isdigit()]
    sheet = Sheet(2.4, stamp)
    axes = sheet.axes
    if isinstance(found.came.rate, Estimate):
        rule(axes, 100 * found.came.rate.estimate, dash="dash", lying=True)
    for level, rate in rows:
        point(
            axes,
            int(level.id),
            100 * rate.estimate,
            CIT,
            name=level.id,
            low=100 * rate.low,
            high=100 * rate.high,
            upright=True,
            size=5,
        )
    axes.set_xlim(-0.7, 23.7)
    axes.set_xticks(range(0, 24, 3))
    axes.set_ylim(0, 101)
    axes.set_xlabel("hour of receipt")
    axes.set_ylabel("% of calls")
    grid(axes, "y")
    return sheet.done(words.levels_alt(tuple(v for v, _ in rows), "by hour of receipt"))


def months(found: Trend, events: tuple[Event, ...] = (), stamp: Stamp | None = None) -> Drawing:
    """The share by month with its limits of chance; marked events are numbered, and named under it."""
    return times.by_month(found, words.months_alt(found), OF_CALLS, events, stamp)
