"""Figures, drawn from frozen results. Each returns a plotly figure and the words that replace it."""

from __future__ import annotations

import json
import re
from typing import Any

import plotly.graph_objects as go

from data.events import Event
from metrics import wording
from metrics.effects import rows as effect_rows
from metrics.estimate import Estimate, Estimated
from metrics.result import Arm, Comparison, is_estimate
from metrics.trend import Trend, signals
from metrics.trends import DaysBetween, PChart
from metrics.wording import marks
from pages.parts.drawn import once
from pages.parts.lines import (
    DIFFERENCE_AXIS,
    FEWEST_DRAWN,
    PER_1000,
    RATE_AXIS,
    SHORTEST_NAMED_GAP,
    Scale,
    broken,
    shown,
    span,
    stretches,
)
from pages.parts.palette import CIT, GAP, NEUTRAL, OTHER, Mark

CONFIG = {"displayModeBar": False}
_OURS = r"/?(?:b|i|br|extra|sub|sup|span(?: style='[\w:;. #-]*')?)/?"
"""The tags of our own words; a label that holds one could change no more than how its letters look."""
_OTHER_TAG = re.compile(rf"<(?!{_OURS}>)")


def show(figure: go.Figure, alt: str, key: str) -> None:
    """Draw a figure, with the words that replace it; no label in it is read as a link or a tag."""
    import streamlit as st  # what is printed takes its axes and names from here, without a dashboard

    st.plotly_chart(_ready(figure), config=CONFIG, alt=marks.read(alt), key=key)


class _Ready(go.Figure):
    """A figure as it is sent: copying it and laying its numbers out takes longer than sending it."""

    _sent: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is sent, the same object every time."""
        return super().to_dict() if self._sent is None else self._sent


@once
def _ready(figure: go.Figure) -> _Ready:
    """Return a figure to send, without a tag in any label but our own."""
    found = _Ready()
    found._sent = _without_tags(json.loads(figure.to_json()))
    return found


def _without_tags(value: Any) -> Any:
    if isinstance(value, str):
        return _OTHER_TAG.sub("&lt;", value)
    if isinstance(value, dict):
        return {k: _without_tags(v) for k, v in value.items()}
    return [_without_tags(v) for v in value] if isinstance(value, list) else value


def layout(figure: go.Figure, height: int, x_title: str) -> go.Figure:
    """Give a figure its height, margins and the title of its axis."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 24, "b": 48},
        xaxis_title=x_title,
        showlegend=False,
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(zeroline=False, automargin=True)
    figure.update_yaxes(zeroline=False, automargin=True)
    return figure


def keyed(
    figure: go.Figure, height: int, x_title: str, *, top: int = 40, below: int = 56
) -> go.Figure:
    """Give a figure its height, its margins in pixels, the title of its axis and a key above it."""
    layout(figure, height, x_title)
    figure.update_layout(
        margin={"t": top, "b": below},
        showlegend=None,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"},
    )
    return figure


def point(
    y: str | int,
    name: str,
    value: Estimate,
    mark: Mark,
    *,
    size: int = 13,
    line: float = 2.5,
    cap: int = 7,
    sign: str = "",
) -> go.Scatter:
    """Return an estimate per 1,000 with its interval; ``sign`` is "+" where it is a difference."""
    estimate, low, high = (v * 1000 for v in value)
    return go.Scatter(
        x=[estimate],
        y=[y],
        mode="markers",
        marker={"symbol": mark.symbol, "size": size, "color": mark.color},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - estimate],
            "arrayminus": [estimate - low],
            "color": mark.color,
            "thickness": line,
            "width": cap,
        },
        hovertemplate=f"{name}: {estimate:{sign}.1f} per 1,000"
        f"<br>95% CI {low:{sign}.1f} to {high:{sign}.1f}<extra></extra>",
    )


def _whisker(figure: go.Figure, y: str, value: Estimated, mark: Mark) -> None:
    if isinstance(value, Estimate):
        figure.add_trace(point(y, y, value, mark))


@once
def rates(comparison: Comparison) -> tuple[go.Figure, str]:
    """Two rates per 1,000 with their intervals."""
    figure = go.Figure()
    names = wording.arms(comparison.exposure)
    for name, arm, mark in zip(
        names, (comparison.cit, comparison.other), (CIT, OTHER), strict=True
    ):
        if is_estimate(arm.rate):
            _whisker(figure, wrap(name), arm.rate, mark)
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(rangemode="tozero")
    return layout(figure, 190, RATE_AXIS), wording.rates_alt(comparison)


@once
def forest(comparison: Comparison) -> tuple[go.Figure, str]:
    """Differences per 1,000 on one axis, with the line of no difference."""
    figure = go.Figure()
    figure.add_vline(x=0, line_width=1.5, line_color=NEUTRAL.color)
    drawn = 0
    for row in effect_rows(comparison):
        if is_estimate(row.risk_difference):
            mark = CIT if row.headline else NEUTRAL
            _whisker(figure, wrap(row.label), row.risk_difference, mark)
            drawn += 1
    figure.update_yaxes(autorange="reversed")
    return layout(figure, 120 + 60 * drawn, DIFFERENCE_AXIS), wording.forest_alt(comparison)


def wrap(label: str, width: int = 26) -> str:
    """Break a long label over lines, so that it leaves room for the figure on a phone."""
    return "<br>".join(broken(label, width))


@once
def trend(found: Trend, label: str, events: tuple[Event, ...] = ()) -> tuple[go.Figure, str]:
    """The rate per month with its chart limits, or days between events where they are rare."""
    return by_month(found, events, PER_1000), wording.trend_alt(found, label)


def by_month(found: Trend, events: tuple[Event, ...], scale: Scale) -> go.Figure:
    """Draw the months of a trend, or days between events where they are rare.

    Months without coverage are gaps on a grey band, never zeros; marked events are dotted lines.
    """
    figure = go.Figure()
    if found.rare and isinstance(found.between, DaysBetween):
        _days_between(figure, found, found.between)
    else:
        _p_chart(figure, found, scale)
    first, last = span(found)
    shapes, notes = [], []
    for start, end in wording.gaps(found.months):
        shapes.append(_across(start, end, fillcolor=GAP, layer="below", line={"width": 0}))
        if (end - start).days >= SHORTEST_NAMED_GAP:
            notes.append(_note(start, scale.gap))
    for number, event in enumerate(shown(found, events), 1):
        dotted = {"width": 1, "dash": "dot", "color": NEUTRAL.color}
        shapes.append(_across(event.date, event.date, line=dotted))
        notes.append(_note(event.date, str(number)))
    # All at once: one by one, each call has plotly look at all that came before, half a page's time.
    figure.update_layout(shapes=[*figure.layout.shapes, *shapes], annotations=notes)
    figure.update_xaxes(range=[first, last])
    return layout(figure, 300, "")


def marked_events(found: Trend, events: tuple[Event, ...]) -> list[str]:
    """Return the marked events of a trend's period, in the order of their numbers."""
    return [
        f"{i}: {marks.shown(e.label)} ({e.date:%-d %b %Y})"
        for i, e in enumerate(shown(found, events), 1)
    ]


def _across(x0: object, x1: object, **look: Any) -> dict[str, Any]:
    """A line or band over the whole height of the figure."""
    kind = "line" if x0 == x1 else "rect"
    return {"type": kind, "x0": x0, "x1": x1, "y0": 0, "y1": 1, "yref": "y domain", **look}


def _note(x: object, text: str) -> dict[str, Any]:
    return {
        "x": x,
        "y": 1,
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "top",
        "text": text,
        "showarrow": False,
        "font": {"size": 11},
    }


def _p_chart(figure: go.Figure, found: Trend, scale: Scale) -> None:
    if isinstance(found.chart, PChart):
        covered = [m.first_day for m in found.covered]
        points = found.chart.points
        # One band per stretch of coverage: a band drawn across a gap would claim to know it.
        for start, end in stretches(found):
            days = covered[start:end]
            figure.add_trace(
                go.Scatter(
                    x=[*days, *reversed(days)],
                    y=[
                        *(scale.per * (p.high or 0) for p in points[start:end]),
                        *(scale.per * (p.low or 0) for p in reversed(points[start:end])),
                    ],
                    fill="toself",
                    fillcolor="rgba(0,114,178,0.10)",
                    line={"width": 0},
                    hoverinfo="skip",
                )
            )
        figure.add_hline(
            y=found.chart.centre * scale.per,
            line_width=1,
            line_dash="dash",
            line_color=NEUTRAL.color,
        )
    marked = set(signals(found))
    figure.add_trace(
        go.Scatter(
            x=[m.first_day for m in found.months],
            y=[None if m.rate is None else m.rate * scale.per for m in found.months],
            customdata=[[m.events, m.n] for m in found.months],
            mode="lines+markers",
            connectgaps=False,
            line={"color": CIT.color, "width": 2},
            marker={
                "size": [10 if m.first_day in marked else 5 for m in found.months],
                "symbol": [
                    "diamond-open" if m.first_day in marked else "circle" for m in found.months
                ],
            },
            hovertemplate=f"%{{x|%B %Y}}: {scale.told}<extra></extra>",
        )
    )
    figure.update_yaxes(rangemode="tozero", title=scale.title)


def _days_between(figure: go.Figure, found: Trend, between: DaysBetween) -> None:
    for y, dash in ((between.centre, "dash"), (between.high, "dot")):
        figure.add_hline(y=y, line_width=1, line_dash=dash, line_color=NEUTRAL.color)
    figure.add_trace(
        go.Scatter(
            x=list(found.days[1:]),
            y=list(between.gaps),
            mode="lines+markers",
            line={"color": CIT.color, "width": 1.5},
            marker={
                "size": [
                    10 if b or r else 6 for b, r in zip(between.beyond, between.run, strict=True)
                ],
                "symbol": [
                    "diamond-open" if b or r else "circle"
                    for b, r in zip(between.beyond, between.run, strict=True)
                ],
            },
            hovertemplate="%{x|%-d %B %Y}: %{y:.0f} days after the one before<extra></extra>",
        )
    )
    figure.update_yaxes(rangemode="tozero", title="days since the one before")


@once
def missing(rows: list[dict[str, object]], exposure: str) -> tuple[go.Figure, str]:
    """Share of contacts without a recorded outcome, by month and arm."""
    figure = go.Figure()
    names = wording.arms(exposure)
    for arm, name, mark in ((True, names[0], CIT), (False, names[1], OTHER)):
        own = [r for r in rows if r["arm"] is arm and int(str(r["contacts"])) >= FEWEST_DRAWN]
        figure.add_trace(
            go.Scatter(
                x=[r["month"] for r in own],
                y=[100 * int(str(r["missing"])) / int(str(r["contacts"])) for r in own],
                name=name,
                mode="lines+markers",
                line={"color": mark.color, "dash": mark.dash},
                marker={"symbol": mark.symbol, "size": 6},
                hovertemplate=f"{name}, %{{x|%B %Y}}: %{{y:.0f}}%<extra></extra>",
            )
        )
    layout(figure, 280, "")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.2})
    figure.update_yaxes(rangemode="tozero", title="% not recorded")
    return figure, wording.missing_alt(rows, exposure)


def has_rates(*arms: Arm) -> bool:
    """Say whether there is anything to draw."""
    return any(is_estimate(a.rate) for a in arms)
