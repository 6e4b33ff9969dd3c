"""Figures and tables of coverage and of the plan. Figures come with the words that replace them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from metrics.duty import Duty, PostLine
from metrics.duty_grid import Gap, months_of
from metrics.planner import Plan
from metrics.wording import duty as words
from metrics.wording import planner as told
from metrics.wording.numbers import percent
from pages.parts.figures import layout
from pages.parts.palette import CIT, GAP, NEUTRAL, OTHER

COVERED = "rgba(0,114,178,0.22)"
"""The blue of the palette, faint: what is as it should be stays in the background."""
LEAST, MOST, UNKNOWN = "#FCF3EC", "#EBA06B", "#D9D9D9"
"""Tints of the vermillion, and grey: opaque, so that dark numbers stand on them in either theme."""
ROW = 24
_NONE, _FULL, _OPEN = 0, 1, 2


def months(found: Duty) -> tuple[go.Figure, str]:
    """Days without a CIT officer by district, shift and month, as numbers; made for a phone too."""
    by = months_of(found.grid)
    share = np.where(by.counted > 0, by.open / np.maximum(by.counted, 1), -1)
    text = np.where(by.counted > 0, by.open.astype(str), "–")
    names = [words.post(p) for p in found.grid.posts]
    figure = go.Figure(
        go.Heatmap(
            z=share,
            x=[f"{m:%b}<br>{m:%y}" for m in by.months],
            y=names,
            text=text,
            customdata=by.counted,
            texttemplate="%{text}",
            textfont={"size": 11, "color": "#222222"},
            zmin=-1,
            zmax=1,
            colorscale=[[0, UNKNOWN], [0.49, UNKNOWN], [0.5, LEAST], [1, MOST]],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{y}, %{x}: %{text} of %{customdata} days without a CIT officer"
            "<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    figure.update_xaxes(type="category", showgrid=False, tickangle=0, side="top")
    layout(figure, 90 + ROW * len(names), "")
    figure.update_layout(margin={"l": 8, "r": 4, "t": 48, "b": 8})
    return figure, words.lines_alt(found)


def days(found: Duty) -> tuple[go.Figure, str]:
    """Every day of the period by district and shift: covered, open (crossed) or not recorded."""
    grid = found.grid
    names = [words.post(p) for p in grid.posts]
    state = np.full(grid.due.shape, np.nan)
    state[grid.counted] = _FULL
    state[grid.open] = _OPEN
    state[~grid.recorded] = _NONE
    figure = go.Figure(
        go.Heatmap(
            z=state.T,
            x=list(grid.days),
            y=names,
            zmin=_NONE,
            zmax=_OPEN,
            colorscale=[[0, GAP], [0.5, COVERED], [1, OTHER.color]],
            showscale=False,
            ygap=3,
            hoverinfo="skip",
        )
    )
    when, where = np.nonzero(grid.open)
    figure.add_trace(
        go.Scatter(
            x=[grid.days[i] for i in when],
            y=[names[i] for i in where],
            mode="markers",
            marker={"symbol": "x-thin", "size": 7, "line": {"width": 1.5, "color": OTHER.color}},
            hovertemplate="%{y}, %{x|%-d %b %Y}: no CIT officer on duty<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    figure.update_xaxes(showgrid=False)
    return layout(figure, 90 + ROW * len(names), ""), words.lines_alt(found)


def posts(found: Duty) -> pd.DataFrame:
    """Return one row per district and shift."""
    return pd.DataFrame([_post(line) for line in found.posts])


def _post(line: PostLine) -> dict[str, str]:
    n, of = line.covered.events, line.covered.n
    row = {
        "District, shift": words.post(line.post),
        "Days with a CIT officer": f"{n:,} of {of:,}" + (f" ({percent(n / of)})" if of else ""),
    }
    if line.designated is not None:
        row["With a designated one"] = f"{line.designated.events:,} of {line.designated.n:,}"
    row["Longest gap"] = (
        "none"
        if line.longest is None
        else f"{words.count(line.longest.days, 'day')}:"
        f" {words.days(line.longest.first, line.longest.last, year=True)}"
    )
    row["Days with nobody at all"] = f"{line.nobody:,}"
    return row


def gaps(found: tuple[Gap, ...]) -> pd.DataFrame:
    """Return one row per gap."""
    return pd.DataFrame(
        [
            {
                "District": g.post.district,
                "Shift": words.shift(g.post.shift),
                "Dates": words.days(g.first, g.last, year=True),
                "Days": g.days,
            }
            for g in found
        ]
    )


def groups(found: Plan) -> pd.DataFrame:
    """Return one row per squad, shift and district of a plan: how many, never who."""
    return pd.DataFrame(
        [
            {
                "District": g.district or "not recorded",
                "Shift": words.shift(g.shift) if g.shift else "not recorded",
                "Squad": told.squad(g),
                "Certify": g.officers,
                "Eligible there": told.few(g.eligible),
                "Would cover": g.cells,
            }
            for g in found.groups
        ]
    )


def curve(found: Plan) -> tuple[go.Figure, str]:
    """Open district-shifts covered by 1, 2, 3 ... more officers: the best found, and the most possible."""
    figure = go.Figure()
    x = [p.officers for p in found.curve]
    for name, y, mark in (
        ("most possible", [p.bound for p in found.curve], NEUTRAL),
        ("best found", [p.covered for p in found.curve], CIT),
    ):
        figure.add_trace(
            go.Scatter(
                x=x,
                y=y,
                name=name,
                mode="lines+markers",
                line={"color": mark.color, "dash": mark.dash, "width": 2},
                marker={"symbol": mark.symbol, "size": 7},
                hovertemplate=f"%{{x}} more: %{{y:,}} ({name})<extra></extra>",
            )
        )
    figure.add_hline(
        y=found.coverable,
        line_width=1,
        line_dash="dash",
        line_color=NEUTRAL.color,
        annotation_text="all that could be covered",
        annotation_position="top left",
        annotation_font_size=11,
    )
    most = max(x)
    figure.update_yaxes(range=[0, found.coverable * 1.15], title="open district-shifts covered")
    figure.update_xaxes(range=[0, most * 1.04], dtick=max(1, -(-most // 10)))
    layout(figure, 340, "officers certified")
    figure.update_layout(
        showlegend=True,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        margin={"l": 8, "r": 16, "t": 40, "b": 48},
    )
    return figure, told.curve_alt(found)


def points(found: Plan) -> pd.DataFrame:
    """Return the curve as a table."""
    return pd.DataFrame(
        [
            {
                "Officers": p.officers,
                "Covered": f"{p.covered:,} of {found.coverable:,}",
                "Most possible": f"{p.bound:,}" if p.bound > p.covered else "the same (proven)",
            }
            for p in found.curve
        ]
    )
