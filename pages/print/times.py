"""Figures over time for print: trends, what was not recorded, half-years around training, a launch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import MaxNLocator

from data.events import Event
from metrics import wording
from metrics.estimate import Interval
from metrics.event_study import EventStudy
from metrics.interrupted import Interrupted
from metrics.launch import first_day
from metrics.trend import Trend, signals
from metrics.trends import DaysBetween, PChart
from metrics.wording import sensitivity
from pages.parts.lines import (
    FEWEST_DRAWN,
    PER_1000,
    SHORTEST_NAMED_GAP,
    Scale,
    shown,
    span,
    stretches,
)
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print.canvas import (
    DASHES,
    QUIET,
    Drawing,
    Sheet,
    Stamp,
    grid,
    legend,
    look,
    point,
    rule,
)

_GAP = "#E9E9E9"
_BAND = "#D9E8F2"


def trend(
    found: Trend, label: str, events: tuple[Event, ...] = (), stamp: Stamp | None = None
) -> Drawing:
    """The rate per month with its chart limits, or days between events where they are rare."""
    some = bool(found.months)
    alt = wording.trend_alt(found, label) if some else f"{label} by month: no contacts."
    return by_month(found, alt, PER_1000, events, stamp)


def by_month(
    found: Trend,
    alt: str,
    scale: Scale,
    events: tuple[Event, ...] = (),
    stamp: Stamp | None = None,
) -> Drawing:
    """Draw the months of a trend, or days between events where they are rare; nothing of no months.

    Months without coverage are gaps on a grey band, never zeros; marked events are numbered lines, and
    named under the figure.
    """
    marked = shown(found, events) if found.months else []
    sheet = Sheet(2.5, stamp, above=0.22, below=0.4 + 0.165 * ((len(marked) + 1) // 2))
    axes = sheet.axes
    if not found.months:
        return sheet.done(alt)
    if found.rare and isinstance(found.between, DaysBetween):
        _days_between(axes, found, found.between)
    else:
        _p_chart(axes, found, scale)
    axes.set_ylim(bottom=0, top=scale.top)
    grid(axes, "y")
    for start, end in wording.gaps(found.months):
        axes.axvspan(_day(start), _day(end), color=_GAP, linewidth=0, zorder=0)
        if (end - start).days >= SHORTEST_NAMED_GAP:
            _note(axes, start, scale.gap)
    for number, event in enumerate(marked, 1):
        rule(axes, _day(event.date), dash="dot")
        _note(axes, event.date, str(number))
    first, last = span(found)
    _dates(axes, first, last)
    half = (len(marked) + 1) // 2
    for i, event in enumerate(marked):
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
    return sheet.done(alt)


def missing(rows: list[dict[str, object]], exposure: str, stamp: Stamp | None = None) -> Drawing:
    """Share of contacts without a recorded outcome, by month and arm."""
    sheet = Sheet(2.3, stamp, above=0.35, below=0.35)
    axes = sheet.axes
    days: list[date] = []
    for arm, name, mark in zip((True, False), wording.arms(exposure), (CIT, OTHER), strict=True):
        own = [r for r in rows if r["arm"] is arm and int(str(r["contacts"])) >= FEWEST_DRAWN]
        months = [_as_date(r["month"]) for r in own]
        days += months
        (line,) = axes.plot(
            [_day(m) for m in months],
            [100 * int(str(r["missing"])) / int(str(r["contacts"])) for r in own],
            color=mark.color,
            linestyle=DASHES[mark.dash],
            linewidth=1.4,
            label=name,
            **look(mark.symbol, mark.color, 3.5),
        )
        line.set_gid("line-first" if arm else "line-second")
    # Where nothing is missing the axis still reaches 1%.
    axes.set_ylim(0, max(1.0, axes.get_ylim()[1]))
    axes.set_ylabel("% not recorded")
    grid(axes, "y")
    if days:
        _dates(axes, min(days), wording.month_after(max(days)))
    legend(axes)
    return sheet.done(wording.missing_alt(rows, exposure))


def study(found: EventStudy, stamp: Stamp | None = None) -> Drawing:
    """Differences by half-years since certification, with the band that holds all at once."""
    sheet = Sheet(2.5, stamp)
    axes = sheet.axes
    rule(axes, 0, lying=True)
    rule(axes, -0.5, dash="dot")
    for p in found.event_time:
        if isinstance(p.band, Interval):
            point(
                axes,
                p.time,
                p.effect.estimate * 1000,
                CIT if p.time >= 0 else OTHER,
                name=str(p.time),
                low=p.band.low * 1000,
                high=p.band.high * 1000,
                upright=True,
            )
    axes.set_ylabel("per 1,000")
    axes.set_xlabel("half-years since certification")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid(axes, "y")
    return sheet.done(sensitivity.study_alt(found))


def launch(found: Interrupted, label: str, stamp: Stamp | None = None) -> Drawing:
    """Monthly rates, the model's line, and its continuation as if nothing had changed."""
    sheet = Sheet(2.5, stamp, above=0.35, below=0.35)
    axes = sheet.axes
    days = [first_day(m.month) for m in found.months]
    at = [_day(d) for d in days]
    known = [
        (x, m.rate * 1000) for x, m in zip(at, found.months, strict=True) if m.rate is not None
    ]
    axes.plot(
        [x for x, _ in known],
        [y for _, y in known],
        linestyle="none",
        label="recorded",
        **look("circle-open", NEUTRAL.color, 4),
    )
    after = [m.counterfactual for m in found.months]
    for name, values, dash, color in (
        ("model", [m.fitted * 1000 for m in found.months], "solid", CIT.color),
        (
            "expected without the change",
            [float("nan") if v is None else v * 1000 for v in after],
            "dot",
            OTHER.color,
        ),
    ):
        axes.plot(at, values, color=color, linestyle=DASHES[dash], linewidth=1.8, label=name)
    rule(axes, _day(first_day(found.launch)), dash="dot")
    axes.set_ylim(bottom=0)
    axes.set_ylabel("per 1,000")
    grid(axes, "y")
    _dates(axes, days[0], wording.month_after(days[-1]))
    legend(axes, 3)
    return sheet.done(sensitivity.launch_alt(found, label))


def _p_chart(axes: Axes, found: Trend, scale: Scale) -> None:
    if isinstance(found.chart, PChart):
        covered = [_day(m.first_day) for m in found.covered]
        points = found.chart.points
        # One band per stretch of coverage: a band drawn across a gap would claim to know it.
        for start, end in stretches(found):
            axes.fill_between(
                covered[start:end],
                [scale.per * (p.low or 0) for p in points[start:end]],
                [scale.per * (p.high or 0) for p in points[start:end]],
                color=_BAND,
                linewidth=0,
                zorder=0.5,
            )
        rule(axes, found.chart.centre * scale.per, dash="dash", lying=True)
    marked = set(signals(found))
    _line(
        axes,
        [_day(m.first_day) for m in found.months],
        [float("nan") if m.rate is None else m.rate * scale.per for m in found.months],
        [m.first_day in marked for m in found.months],
    )
    axes.set_ylabel(scale.title)


def _days_between(axes: Axes, found: Trend, between: DaysBetween) -> None:
    for y, dash in ((between.centre, "dash"), (between.high, "dot")):
        rule(axes, y, dash=dash, lying=True)
    _line(
        axes,
        [_day(d) for d in found.days[1:]],
        list(between.gaps),
        [b or r for b, r in zip(between.beyond, between.run, strict=True)],
    )
    axes.set_ylabel("days since the one before")


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], marked: Sequence[bool]) -> None:
    """Draw a series; marked points are open diamonds, larger than the rest."""
    (line,) = axes.plot(x, y, color=CIT.color, linewidth=1.3, **look("circle", CIT.color, 3))
    line.set_gid("line-rate")
    if any(marked):
        (signal,) = axes.plot(
            [v for v, m in zip(x, marked, strict=True) if m],
            [v for v, m in zip(y, marked, strict=True) if m],
            linestyle="none",
            **look("diamond-open", CIT.color, 6),
        )
        signal.set_gid("line-signals")


def _dates(axes: Axes, first: date, last: date) -> None:
    axes.set_xlim(_day(first), _day(last))
    locator = AutoDateLocator(minticks=3, maxticks=9)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))


def _note(axes: Axes, day: date, text: str) -> None:
    axes.annotate(
        text,
        xy=(_day(day), 1),
        xycoords=("data", "axes fraction"),
        xytext=(2, 1),
        textcoords="offset points",
        va="bottom",
        size=7.5,
        color=QUIET,
        annotation_clip=False,
    )


def _day(day: date) -> float:
    return float(date2num(day))


def _as_date(value: object) -> date:
    return date.fromisoformat(str(value)[:10])
