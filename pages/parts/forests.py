"""A forest figure: estimates with their intervals, one under the other on one axis.

Points of one figure are drawn alike, whatever they say: nothing is ranked, nothing is red or green.
"""

from __future__ import annotations

import plotly.graph_objects as go

from metrics.estimate import Estimate, Estimated
from pages.parts.figures import layout, point, wrap
from pages.parts.lines import AXIS, reach
from pages.parts.palette import CIT, NEUTRAL, Mark

ROW = 27
"""Pixels a row of the forest needs to be read."""
LABEL = 22
"""Letters of a label in one line, so that it leaves room for the figure on a phone."""

__all__ = ["AXIS", "LABEL", "ROW", "Line", "forest", "layout"]

Line = tuple[str, Estimated | None, Mark]
"""A label, its estimate (None: a heading), and how it is drawn."""


def forest(
    lines: list[Line], middle: Estimated, x_title: str, extreme: frozenset[str] = frozenset()
) -> go.Figure:
    """Draw lines from top to bottom; solid is no difference, dotted the estimate ``middle``.

    Labels in ``extreme`` do not stretch the axis: beyond it they stand at its end as a number.
    """
    figure = go.Figure()
    rows = [
        (f"<b>{wrap(name, LABEL)}</b>" if v is None else wrap(name, LABEL), v, m)
        for name, v, m in lines
    ]
    figure.add_vline(x=0, line_width=1.5, line_color=NEUTRAL.color)
    if isinstance(middle, Estimate):
        at = middle.estimate * 1000
        figure.add_vline(x=at, line_width=1.5, line_dash="dot", line_color=CIT.color)
    left, right = reach([v for n, v, _ in lines if isinstance(v, Estimate) and n not in extreme])
    for place, (label, value, mark) in enumerate(rows):
        if isinstance(value, Estimate) and not left <= value.estimate <= right:
            _beyond(figure, place, value, left if value.estimate < left else right, mark)
        elif isinstance(value, Estimate):
            name = label.replace("<br>", " ")
            figure.add_trace(point(place, name, value, mark, size=10, line=2, cap=5, sign="+"))
            for edge, beyond, symbol in (
                (left, value.low < left, "triangle-left"),
                (right, value.high > right, "triangle-right"),
            ):
                if beyond:
                    figure.add_trace(_arrow(edge, place, symbol, mark))
        elif value is not None:
            figure.add_annotation(
                x=0, y=place, text="not estimated", showarrow=False, xanchor="left", xshift=6
            )
    broken = sum(label.count("<br>") for label, _, _ in rows)
    figure.update_yaxes(
        tickmode="array",
        tickvals=list(range(len(rows))),
        ticktext=[label for label, _, _ in rows],
        range=[len(rows) - 0.4, -0.6],
        showgrid=False,
    )
    figure.update_xaxes(range=[left * 1000, right * 1000])
    return layout(figure, 110 + ROW * len(rows) + 12 * broken, x_title)


def _beyond(figure: go.Figure, place: int, value: Estimate, edge: float, mark: Mark) -> None:
    """Stand an estimate beyond the axis at its end, as a number."""
    low = edge > value.estimate
    figure.add_trace(_arrow(edge, place, "triangle-left" if low else "triangle-right", mark))
    figure.add_annotation(
        x=edge * 1000,
        y=place,
        text=f"{value.estimate * 1000:+.0f}",
        showarrow=False,
        xanchor="left" if low else "right",
        xshift=10 if low else -10,
    )


def _arrow(edge: float, place: int, symbol: str, mark: Mark) -> go.Scatter:
    return go.Scatter(
        x=[edge * 1000],
        y=[place],
        mode="markers",
        marker={"symbol": symbol, "size": 12, "color": mark.color},
        cliponaxis=False,
        hoverinfo="skip",
    )
