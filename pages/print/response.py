"""Figures of *Did CIT come?* for print."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

from data.events import Event
from metrics import wording
from metrics.estimate import Estimate
from metrics.response import Response
from metrics.trend import Trend, signals
from metrics.trends import PChart
from metrics.wording import response as words
from pages.parts.lines import SHORTEST_NAMED_GAP, broken, shown, span, stretches
from pages.parts.palette import CIT, NEUTRAL
from pages.parts.response_figures import SHARE_AXIS, drawn
from pages.print.canvas import QUIET, Drawing, Sheet, Stamp, grid, look, point, rule

_GAP, _BAND = "#E9E9E9", "#D9E8F2"


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
    noted = shown(found, events) if found.months else []
    sheet = Sheet(2.5, stamp, above=0.22, below=0.4 + 0.165 * ((len(noted) + 1) // 2))
    axes = sheet.axes
    if not found.months:
        return sheet.done(words.months_alt(found))
    if isinstance(found.chart, PChart):
        covered = [float(date2num(m.first_day)) for m in found.covered]
        points = found.chart.points
        for start, end in stretches(found):
            axes.fill_between(
                covered[start:end],
                [100 * (p.low or 0) for p in points[start:end]],
                [100 * (p.high or 0) for p in points[start:end]],
                color=_BAND,
                linewidth=0,
                zorder=0.5,
            )
        rule(axes, 100 * found.chart.centre, dash="dash", lying=True)
    _line(axes, found)
    for begin, until in wording.gaps(found.months):
        axes.axvspan(
            float(date2num(begin)), float(date2num(until)), color=_GAP, linewidth=0, zorder=0
        )
        if (until - begin).days >= SHORTEST_NAMED_GAP:
            _note(axes, float(date2num(begin)), "hardly any calls")
    half = (len(noted) + 1) // 2
    for i, event in enumerate(noted):
        at = float(date2num(event.date))
        rule(axes, at, dash="dot")
        _note(axes, at, str(i + 1))
        axes.annotate(
            f"{i + 1}: {event.label} ({event.date:%-d %b %Y})",
            xy=(0.5 * (i // half), 0),
            xycoords="axes fraction",
            xytext=(0, -26 - 11.9 * (i % half)),
            textcoords="offset points",
            va="top",
            color=QUIET,
            size=7.5,
        )
    first, last = span(found)
    axes.set_xlim(float(date2num(first)), float(date2num(last)))
    locator = AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    axes.set_ylim(0, 101)
    axes.set_ylabel("% of calls")
    grid(axes, "y")
    return sheet.done(words.months_alt(found))


def _line(axes: Axes, found: Trend) -> None:
    """Draw the months; marked ones are open diamonds, larger than the rest."""
    x = [float(date2num(m.first_day)) for m in found.months]
    y = [float("nan") if m.rate is None else 100 * m.rate for m in found.months]
    (line,) = axes.plot(x, y, color=CIT.color, linewidth=1.3, **look("circle", CIT.color, 3))
    line.set_gid("line-share")
    marked = set(signals(found))
    if marked:
        own = [i for i, m in enumerate(found.months) if m.first_day in marked]
        (signal,) = axes.plot(
            [x[i] for i in own],
            [y[i] for i in own],
            linestyle="none",
            **look("diamond-open", CIT.color, 6),
        )
        signal.set_gid("line-signals")


def _note(axes: Axes, x: float, text: str) -> None:
    axes.annotate(
        text,
        xy=(x, 1),
        xycoords=("data", "axes fraction"),
        xytext=(2, 1),
        textcoords="offset points",
        va="bottom",
        size=7.5,
        color=QUIET,
        annotation_clip=False,
    )
