"""Figures of the evidence pages: subgroups, funnels, plans. Each with the words that replace it.

Points of one figure are drawn alike, whatever they say: nothing is ranked, nothing is red or green.
"""

from __future__ import annotations

import plotly.graph_objects as go

from metrics.funnel import Funnel
from metrics.planning import Plan
from metrics.subgroups import Subgroups
from metrics.wording import exhibits
from pages.parts import forests
from pages.parts.palette import CIT, NEUTRAL

OUTLINE = 120
"""Points that draw a funnel's outline."""


def forest(found: Subgroups) -> tuple[go.Figure, str]:
    """All contacts, then each covariate's levels in their fixed order, on one axis."""
    lines: list[forests.Line] = [("All contacts", found.overall.risk_difference, CIT)]
    for subgroup in found.subgroups:
        if subgroup.levels:
            lines.append((subgroup.label, None, NEUTRAL))
        lines += [(v.label, v.risk_difference, NEUTRAL) for v in subgroup.levels]
    figure = forests.forest(lines, found.overall.risk_difference, forests.AXIS)
    return figure, exhibits.forest_alt(found)


def funnel(found: Funnel, outcome: str, places: str) -> tuple[go.Figure, str]:
    """Each place's rate by its contacts, with the limits of chance around the rate of all together."""
    figure = go.Figure()
    most = max(u.n for u in found.units)
    least = min(u.n for u in found.units)
    first = max(least // 2, 1)
    sizes = sorted({first + (most * 21 // 20 - first) * i // OUTLINE for i in range(OUTLINE + 1)})
    limits = [found.limits(n) for n in sizes]
    for intervals, dash, name in (
        ([x.warning for x in limits], "dash", "95%"),
        ([x.control for x in limits], "dot", "99.8%"),
    ):
        for side in (0, 1):
            figure.add_trace(
                go.Scatter(
                    x=sizes,
                    y=[interval[side] * 1000 for interval in intervals],
                    mode="lines",
                    line={"color": NEUTRAL.color, "width": 1.5, "dash": dash},
                    hoverinfo="skip",
                )
            )
        figure.add_annotation(
            x=sizes[0],
            y=intervals[0].high * 1000,
            text=name,
            showarrow=False,
            xanchor="left",
            yanchor="bottom",
            font={"size": 11},
        )
    figure.add_hline(y=found.target * 1000, line_width=1, line_color=NEUTRAL.color)
    figure.add_trace(
        go.Scatter(
            x=[u.n for u in found.units],
            y=[u.rate * 1000 for u in found.units],
            text=[u.label for u in found.units],
            customdata=[[u.events, exhibits.FUNNEL_PLACES[u.place]] for u in found.units],
            mode="markers+text",
            textposition=[
                "top center" if u.rate >= found.target else "bottom center" for u in found.units
            ],
            marker={
                "color": CIT.color,
                "size": 11,
                "symbol": [
                    "circle" if u.place == "within" else "diamond-open" for u in found.units
                ],
                "line": {"width": 2, "color": CIT.color},
            },
            hovertemplate="%{text}: %{y:.1f} per 1,000<br>%{customdata[0]} of %{x:,}<br>"
            "%{customdata[1]}<extra></extra>",
        )
    )
    figure.update_yaxes(rangemode="tozero", title="of 1,000")
    return forests.layout(figure, 380, "contacts"), exhibits.funnel_alt(found, outcome, places)


def curve(found: Plan) -> tuple[go.Figure, str]:
    """The smallest difference that would usually show, by months ahead, beside the one asked for."""
    figure = go.Figure()
    fall = found.difference < 0
    values = [(a, a.decrease if fall else a.increase) for a in found.curve]
    known = [(a, v) for a, v in values if isinstance(v, float)]
    figure.add_trace(
        go.Scatter(
            x=[a.months for a, _ in known],
            y=[v * 1000 for _, v in known],
            customdata=[[a.contacts] for a, _ in known],
            mode="lines+markers",
            line={"color": CIT.color, "width": 2},
            marker={"symbol": CIT.symbol, "size": 8},
            hovertemplate="%{x} months, %{customdata[0]:,} contacts: %{y:.1f} per 1,000"
            "<extra></extra>",
        )
    )
    lines = [(abs(found.difference), "dash", "asked for")]
    if isinstance(found.floor, float) and found.floor > 0:
        lines.append((found.floor, "dot", "never smaller with these officers"))
    upper = max(value for value, _, _ in lines)
    for value, dash, name in lines:
        figure.add_hline(
            y=value * 1000,
            line_width=1.5,
            line_dash=dash,
            line_color=NEUTRAL.color,
            annotation_text=name,
            annotation_position=f"{'top' if value == upper else 'bottom'} right",
            annotation_font_size=11,
        )
    figure.update_yaxes(
        rangemode="tozero", title=f"{'fewer' if fall else 'more'} per 1,000 that would show"
    )
    figure.update_xaxes(
        rangemode="tozero", tickvals=[0, 12, 24, 36, 48, 60], title="months from a fresh start"
    )
    return forests.layout(figure, 340, "months from a fresh start"), exhibits.plan_curve_alt(found)


def has_curve(found: Plan) -> bool:
    """Say whether any month ahead has a difference to draw."""
    return any(
        isinstance(a.decrease if found.difference < 0 else a.increase, float) for a in found.curve
    )
