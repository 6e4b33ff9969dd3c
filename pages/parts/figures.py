"""Figures, drawn from frozen results. Each returns a plotly figure and the words that replace it."""

from __future__ import annotations

import plotly.graph_objects as go

from metrics import wording
from metrics.detail import Detail
from metrics.effects import rows as effect_rows
from metrics.estimate import Estimate, Estimated
from metrics.result import Arm, Comparison, is_estimate
from pages.parts.palette import CIT, GAP, NEUTRAL, OTHER, Mark

CONFIG = {"displayModeBar": False}
SHORTEST_NAMED_GAP = 120
"""Days a gap needs on the trend before there is room to name it."""
FEWEST_DRAWN = 20
"""Contacts a month needs in a group before its share of missing values is drawn."""


def _layout(figure: go.Figure, height: int, x_title: str, **more: object) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 16, "t": 24, "b": 48},
        xaxis_title=x_title,
        showlegend=False,
        hoverlabel={"align": "left"},
        **more,
    )
    figure.update_xaxes(zeroline=False, automargin=True)
    figure.update_yaxes(zeroline=False, automargin=True)
    return figure


def _whisker(figure: go.Figure, y: str, value: Estimated, mark: Mark) -> None:
    if not isinstance(value, Estimate):
        return
    estimate, low, high = (v * 1000 for v in value)
    figure.add_trace(
        go.Scatter(
            x=[estimate],
            y=[y],
            mode="markers",
            marker={"symbol": mark.symbol, "size": 13, "color": mark.color},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - estimate],
                "arrayminus": [estimate - low],
                "color": mark.color,
                "thickness": 2.5,
                "width": 7,
            },
            hovertemplate=f"{y}: {estimate:.1f} per 1,000<br>95% CI {low:.1f} to {high:.1f}"
            "<extra></extra>",
        )
    )


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
    return _layout(figure, 190, "of 1,000 contacts (95% CI)"), wording.rates_alt(comparison)


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
    title = "difference per 1,000 (0 = no difference)"
    return _layout(figure, 120 + 60 * drawn, title), wording.forest_alt(comparison)


def wrap(label: str, width: int = 26) -> str:
    """Break a long label over lines, so that it leaves room for the figure on a phone."""
    lines: list[str] = [""]
    for word in label.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)


def trend(detail: Detail, label: str) -> tuple[go.Figure, str]:
    """The rate per month; months without coverage are gaps on a grey band, never zeros."""
    figure = go.Figure()
    months = detail.months
    figure.add_trace(
        go.Scatter(
            x=[m.first_day for m in months],
            y=[None if m.rate is None else m.rate * 1000 for m in months],
            customdata=[[m.events, m.n] for m in months],
            mode="lines+markers",
            connectgaps=False,
            line={"color": CIT.color, "width": 2},
            marker={"size": 6, "symbol": CIT.symbol},
            hovertemplate="%{x|%B %Y}: %{y:.1f} per 1,000<br>%{customdata[0]} of %{customdata[1]}"
            "<extra></extra>",
        )
    )
    for start, end in wording.gaps(months):
        figure.add_vrect(x0=start, x1=end, fillcolor=GAP, line_width=0, layer="below")
        if (end - start).days < SHORTEST_NAMED_GAP:
            continue
        figure.add_annotation(
            x=start,
            y=1,
            yref="paper",
            xanchor="left",
            yanchor="top",
            text="not recorded",
            showarrow=False,
            font={"size": 11},
        )
    figure.update_yaxes(rangemode="tozero", title="of 1,000 contacts")
    if months:
        figure.update_xaxes(range=[months[0].first_day, wording.month_after(months[-1].first_day)])
    return _layout(figure, 300, ""), wording.trend_alt(months, label)


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
    _layout(figure, 280, "")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.2})
    figure.update_yaxes(rangemode="tozero", title="% not recorded")
    return figure, wording.missing_alt(rows, exposure)


def has_rates(*arms: Arm) -> bool:
    """Say whether there is anything to draw."""
    return any(is_estimate(a.rate) for a in arms)
