"""Figures of *How sure are we?*: the exhibit, half-years around certification, a launch."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from metrics import wording
from metrics.estimate import Estimate, Interval
from metrics.event_study import EventStudy
from metrics.exhibit import MISSING, Exhibit
from metrics.interrupted import Interrupted
from metrics.launch import first_day
from metrics.wording import marks, sensitivity
from pages.parts.forests import AXIS, Line, forest, layout
from pages.parts.palette import CIT, NEUTRAL, OTHER


def exhibit(found: Exhibit) -> tuple[go.Figure, str]:
    """Every row's difference on one axis, the headline first and marked; groups under their names."""
    lines: list[Line] = []
    group = found.headline.group
    for row in found.rows:
        if row.group != group:
            group = row.group
            lines.append((group, None, NEUTRAL))
        if row.headline or isinstance(row.risk_difference, Estimate):
            lines.append((row.label, row.risk_difference, CIT if row.headline else NEUTRAL))
    # Worst cases are far off by design: they would press all others into a line.
    extreme = frozenset(row.label for row in found.rows if row.group == MISSING)
    figure = forest(lines, found.headline.risk_difference, AXIS, extreme)
    return figure, sensitivity.alt(found)


def table(found: Exhibit) -> pd.DataFrame:
    """Return the exhibit as a table."""
    return pd.DataFrame(
        [
            {
                "Analysis": row.label,
                "Difference per 1,000 (95% CI)": wording.difference_cell(row.risk_difference),
                "Ratio (95% CI)": _ratio(row.risk_ratio),
                "Contacts": "" if row.n is None else f"{row.n:,}",
                "What it changes": sensitivity.differs(row),
            }
            for row in found.rows
        ]
    )


def _ratio(value: object) -> str:
    if isinstance(value, Estimate):
        return f"{value.estimate:.2f} ({value.low:.2f} to {value.high:.2f})"
    return "none"


def refusals(found: Exhibit) -> list[str]:
    """Return the rows without a number, with their reasons."""
    return [
        f"{marks.shown(row.label)}: {row.risk_difference.reason.rstrip('.')}."
        for row in found.rows
        if not isinstance(row.risk_difference, Estimate)
    ]


def study(found: EventStudy) -> tuple[go.Figure, str]:
    """Differences by half-years since certification, with the band that holds all at once."""
    figure = go.Figure()
    figure.add_hline(y=0, line_width=1.5, line_color=NEUTRAL.color)
    figure.add_vline(x=-0.5, line_width=1, line_dash="dot", line_color=NEUTRAL.color)
    banded = [
        (p.time, Estimate(p.effect.estimate, p.band.low, p.band.high))
        for p in found.event_time
        if isinstance(p.band, Interval)
    ]
    for after, mark in ((False, OTHER), (True, CIT)):
        chosen = [(time, value) for time, value in banded if (time >= 0) == after]
        figure.add_trace(
            go.Scatter(
                x=[time for time, _ in chosen],
                y=[v.estimate * 1000 for _, v in chosen],
                mode="markers",
                marker={"symbol": mark.symbol, "size": 11, "color": mark.color},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [(v.high - v.estimate) * 1000 for _, v in chosen],
                    "arrayminus": [(v.estimate - v.low) * 1000 for _, v in chosen],
                    "color": mark.color,
                },
                hovertemplate="%{x} half-years: %{y:.1f} per 1,000<extra></extra>",
            )
        )
    figure.update_yaxes(title="per 1,000")
    return layout(figure, 320, "half-years since certification"), sensitivity.study_alt(found)


def launch(found: Interrupted, label: str) -> tuple[go.Figure, str]:
    """Monthly rates, the model's line, and its continuation as if nothing had changed."""
    figure = go.Figure()
    days = [first_day(m.month) for m in found.months]
    observed = [None if m.rate is None else m.rate * 1000 for m in found.months]
    figure.add_trace(
        go.Scatter(
            x=days,
            y=observed,
            mode="markers",
            name="recorded",
            marker={"size": 7, "color": NEUTRAL.color, "symbol": "circle-open"},
            hovertemplate="%{x|%b %Y}: %{y:.1f} per 1,000<extra></extra>",
        )
    )
    for name, values, dash, color in (
        ("model", [m.fitted * 1000 for m in found.months], "solid", CIT.color),
        (
            "expected without the change",
            [None if m.counterfactual is None else m.counterfactual * 1000 for m in found.months],
            "dot",
            OTHER.color,
        ),
    ):
        figure.add_trace(
            go.Scatter(
                x=days, y=values, mode="lines", name=name, line={"dash": dash, "color": color}
            )
        )
    figure.add_vline(
        x=first_day(found.launch), line_width=1, line_dash="dot", line_color=NEUTRAL.color
    )
    figure = layout(figure, 340, "")
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.2, "x": 0})
    figure.update_yaxes(title="per 1,000", rangemode="tozero")
    return figure, sensitivity.launch_alt(found, label)
