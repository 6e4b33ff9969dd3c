"""Figures of *Documentation*. Each comes with the words that replace it."""

from __future__ import annotations

import plotly.graph_objects as go

from data import registry
from data.events import Event
from metrics import wording
from metrics.documentation import STEPS, Conclusion, Documentation
from metrics.estimate import Estimate, Interval
from metrics.trend import Trend
from metrics.wording import documentation as words
from pages.parts import figures
from pages.parts.figures import layout, point, wrap
from pages.parts.lines import AXIS
from pages.parts.palette import CIT, NEUTRAL, OTHER, Mark

ARMS = ((True, CIT, -0.14), (False, OTHER, 0.14))
"""The groups, how each is drawn, and how far off the line of its step it stands."""
SHARE_AXIS = "% of documents (95% CI)"
BAR = "rgba(122,122,122,0.22)"

Bound = tuple[str, Interval, Estimate | None, Estimate | None]
"""Label, the bounds, the crude difference as recorded and the adjusted headline."""


def shares(found: Documentation, code: str) -> tuple[go.Figure, str]:
    """Each step of one kind of document, by group, with its interval."""
    figure = go.Figure()
    names = wording.arms(found.exposure)
    for (_, mark, _), name, rows in zip(ARMS, names, steps(found, code), strict=True):
        for y, label, rate in rows:
            figure.add_trace(_share(y, f"{name}: {label}", rate, mark))
        figure.add_trace(
            go.Scatter(
                x=[None],
                y=[None],
                mode="markers",
                name=name,
                showlegend=True,
                marker={"symbol": mark.symbol, "size": 11, "color": mark.color},
            )
        )
    layout(figure, 300, SHARE_AXIS)
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    )
    figure.update_layout(margin={"t": 56})
    figure.update_yaxes(
        range=[len(STEPS) - 0.5, -0.5],
        tickvals=list(range(len(STEPS))),
        ticktext=[words.STEP_LABELS[step] for step in STEPS],
    )
    figure.update_xaxes(range=[0, 102], tickvals=[0, 20, 40, 60, 80, 100])
    return figure, words.steps_alt(found, code)


def steps(found: Documentation, code: str) -> list[list[tuple[float, str, Estimate]]]:
    """Return for each group where, under which label and what is drawn of one kind of document."""
    drawn = []
    for arm, _, off in ARMS:
        kind = next((k for k in found.arms[arm] if k.document == code), None)
        rows = []
        for place, step in enumerate(STEPS):
            rate = kind.share(step).rate if kind else None
            if isinstance(rate, Estimate):
                rows.append((place + off, words.STEP_LABELS[step].lower(), rate))
        drawn.append(rows)
    return drawn


def _share(y: float, name: str, rate: Estimate, mark: Mark) -> go.Scatter:
    estimate, low, high = (100 * v for v in rate)
    return go.Scatter(
        x=[estimate],
        y=[y],
        mode="markers",
        showlegend=False,
        marker={"symbol": mark.symbol, "size": 11, "color": mark.color},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - estimate],
            "arrayminus": [estimate - low],
            "color": mark.color,
            "thickness": 2.5,
            "width": 6,
        },
        hovertemplate=f"{name}: {estimate:.0f}%<br>95% CI {low:.0f} to {high:.0f}%<extra></extra>",
    )


def months(
    found: Trend, code: str, step: str, events: tuple[Event, ...] = ()
) -> tuple[go.Figure, str]:
    """A step of one kind of document by month of the contact, with its limits of chance."""
    figure, _ = figures.trend(found, words.months_label(code, step), events)
    figure.update_yaxes(title=f"of 1,000 {words.documents(code)}")
    return figure, words.months_alt(found, code, step)


def bounded(found: tuple[Conclusion, ...]) -> tuple[Bound, ...]:
    """Return the primary outcomes that have bounds, with what is drawn of each."""
    rows: list[Bound] = []
    for c in found:
        span, crude = c.doubt.bounds.difference, c.comparison.unadjusted.risk_difference
        if c.comparison.lacks or not isinstance(span, Interval):
            continue
        adjusted = c.comparison.adjusted.risk_difference
        rows.append(
            (
                registry.outcome(c.comparison.outcome).label,
                span,
                crude if isinstance(crude, Estimate) else None,
                adjusted if isinstance(adjusted, Estimate) else None,
            )
        )
    return tuple(rows)


def bounds(found: tuple[Conclusion, ...]) -> tuple[go.Figure, str]:
    """What each difference could be whatever was not recorded, beside the crude and the adjusted one."""
    figure = go.Figure()
    figure.add_vline(x=0, line_width=1.5, line_color=NEUTRAL.color)
    rows = bounded(found)
    for place, (label, span, crude, adjusted) in enumerate(rows):
        low, high = span.low * 1000, span.high * 1000
        figure.add_trace(
            go.Scatter(
                x=[low, high],
                y=[place, place],
                mode="lines",
                line={"width": 26, "color": BAR},
                hovertemplate=f"{label}, whatever was not recorded:"
                f" {low:+.1f} to {high:+.1f} per 1,000<extra></extra>",
            )
        )
        for value, mark, what, off in (
            (crude, NEUTRAL, "crude, as recorded", -0.13),
            (adjusted, CIT, "adjusted headline", 0.13),
        ):
            if value is not None:
                trace = point(
                    place, f"{label}, {what}", value, mark, size=9, line=2, cap=4, sign="+"
                )
                trace.y = [place + off]
                figure.add_trace(trace)
    ends = [0.0, *(1000 * end for _, span, *_ in rows for end in span)]
    room = 0.04 * (max(ends) - min(ends))
    figure.update_xaxes(range=[min(ends) - room, max(ends) + room])
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.5],
        tickvals=list(range(len(rows))),
        ticktext=[wrap(label, 18) for label, *_ in rows],
    )
    return layout(figure, 110 + 62 * len(rows), AXIS), words.bounds_alt(found)
