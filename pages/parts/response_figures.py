"""Figures and tables of *Did CIT come?*. Figures come with their words."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from data.events import Event
from metrics.estimate import Estimate
from metrics.response import Coding, FormMonth, Level, Response
from metrics.shares import Share
from metrics.trend import Trend
from metrics.wording import response as words
from metrics.wording.response_terms import SPLITS
from pages.parts.figures import by_month, layout, marked_events, wrap
from pages.parts.lines import OF_CALLS
from pages.parts.palette import CIT, NEUTRAL

SHARE_AXIS = "% of calls CIT came to (95% CI)"


def drawn(levels: tuple[Level, ...]) -> tuple[tuple[Level, Estimate], ...]:
    """Return the levels for which it is known who came, with their share: what is drawn."""
    found = ((v, v.came.rate) for v in levels)
    return tuple((v, rate) for v, rate in found if isinstance(rate, Estimate))


def places(found: Response) -> tuple[go.Figure, str]:
    """The share of calls to which CIT came, by district and then by shift, with its interval."""
    rows = [*drawn(found.districts), *drawn(found.shifts)]
    cut = len(drawn(found.districts))
    figure = go.Figure()
    _overall(figure, found.came, lying=False)
    for place, (level, rate) in enumerate(rows):
        mark = CIT if place < cut else NEUTRAL
        figure.add_trace(_whisker(rate, place, level, mark.color, mark.symbol))
    figure.update_yaxes(
        autorange="reversed",
        tickvals=list(range(len(rows))),
        ticktext=[wrap(level.label, 20) for level, _ in rows],
    )
    _percent(figure, "x")
    alt = " ".join(
        words.levels_alt(levels, f"by {name}")
        for levels, name in ((found.districts, "district"), (found.shifts, "shift"))
    )
    return layout(figure, 120 + 44 * len(rows), SHARE_AXIS), alt


def hours(found: Response) -> tuple[go.Figure, str]:
    """The share of calls to which CIT came, by the hour in which the call was received."""
    rows = [(v, rate) for v, rate in drawn(found.hours) if v.id.isdigit()]
    figure = go.Figure()
    _overall(figure, found.came, lying=True)
    figure.add_trace(
        go.Scatter(
            x=[int(v.id) for v, _ in rows],
            y=[100 * r.estimate for _, r in rows],
            mode="markers",
            marker={"symbol": CIT.symbol, "size": 8, "color": CIT.color},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * (r.high - r.estimate) for _, r in rows],
                "arrayminus": [100 * (r.estimate - r.low) for _, r in rows],
                "color": CIT.color,
                "thickness": 1.5,
                "width": 3,
            },
            text=[_told(v) for v, _ in rows],
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.update_xaxes(range=[-0.7, 23.7], tickvals=list(range(0, 24, 3)))
    _percent(figure, "y")
    figure.update_yaxes(title="% of calls")
    return layout(figure, 300, "hour of receipt"), words.levels_alt(
        tuple(v for v, _ in rows), "by hour of receipt"
    )


def months(found: Trend, events: tuple[Event, ...] = ()) -> tuple[go.Figure, str]:
    """The share by month with its limits of chance; months without coverage are gaps, never zeros."""
    figure = by_month(found, events, OF_CALLS)
    _percent(figure, "y")
    return figure, words.months_alt(found)


def marked(found: Trend, events: tuple[Event, ...]) -> list[str]:
    """Return the marked events drawn on the months, in the order of their numbers."""
    return marked_events(found, events)


def _whisker(rate: Estimate, y: int, level: Level, color: str, symbol: str) -> go.Scatter:
    estimate, low, high = (100 * v for v in rate)
    return go.Scatter(
        x=[estimate],
        y=[y],
        mode="markers",
        marker={"symbol": symbol, "size": 12, "color": color},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - estimate],
            "arrayminus": [estimate - low],
            "color": color,
            "thickness": 2.5,
            "width": 7,
        },
        hovertemplate=f"{_told(level)}<extra></extra>",
    )


def _told(level: Level) -> str:
    return f"{level.label}: {words.cell(level.came)}<br>{level.came.events:,} of {level.came.n:,} calls"


def _overall(figure: go.Figure, came: Share, *, lying: bool) -> None:
    if isinstance(came.rate, Estimate):
        _line(figure, 100 * came.rate.estimate, lying=lying)


def _line(figure: go.Figure, at: float, *, lying: bool) -> None:
    draw = figure.add_hline if lying else figure.add_vline
    draw(**{"y" if lying else "x": at}, line_width=1, line_dash="dash", line_color=NEUTRAL.color)


def _percent(figure: go.Figure, axis: str) -> None:
    """Start the axis at nothing: a cut axis would make small differences look large."""
    update = figure.update_xaxes if axis == "x" else figure.update_yaxes
    update(range=[0, 101], tickvals=[0, 20, 40, 60, 80, 100])


def level_table(levels: tuple[Level, ...], dim: str) -> pd.DataFrame:
    """Return one row per level: calls for which it is known who came, and to how many CIT came."""
    rows = []
    for v in levels:
        rows.append(
            {
                SPLITS[dim]: v.label,
                "Known who came": f"{v.came.n:,}",
                "CIT came": f"{v.came.events:,}",
                "Share (95% CI)": words.cell(v.came),
                "Not recorded": f"{v.came.unknown:,}",
            }
        )
    return pd.DataFrame(rows)


def minutes_table(found: Response) -> pd.DataFrame:
    """Return one row per district and shift: how soon the first certified officer came."""
    rows = []
    for v in (*found.districts, *found.shifts):
        middle, most = words.minutes_cell(v.minutes)
        rows.append(
            {
                "District or shift": v.label,
                "Calls timed": f"{v.minutes.n if v.minutes else 0:,}",
                "Median minutes": middle,
                "Nine in ten within": most,
            }
        )
    return pd.DataFrame(rows)


def form_places(levels: tuple[Level, ...]) -> pd.DataFrame:
    """Return one row per district: calls that should have a form, and those without."""
    return pd.DataFrame(
        [{SPLITS["district"]: v.label, **_without_form(v.without_form)} for v in levels]
    )


def _without_form(found: Share) -> dict[str, str]:
    return {
        "Calls that should have one": f"{found.n:,}",
        "Without a form": f"{found.events:,}",
        "Share (95% CI)": words.cell(found),
        "Not known": f"{found.unknown:,}",
    }


def month_table(found: Trend) -> pd.DataFrame:
    """Return one row per whole month: calls of the cohort, who came."""
    return pd.DataFrame(
        [
            {
                "Month": f"{m.first_day:%B %Y}",
                "Calls": f"{m.contacts:,}",
                "Known who came": f"{m.n:,}",
                "CIT came": f"{m.events:,}",
                "Share (95% CI)": words.cell(Share(m.events, m.n)),
            }
            for m in found.months
        ]
    )


def form_table(found: tuple[FormMonth, ...]) -> pd.DataFrame:
    """Return one row per month: calls that should have a form, and those without."""
    return pd.DataFrame(
        [{"Month": f"{m.first_day:%B %Y}", **_without_form(m.without)} for m in found]
    )


def ending_table(found: Response) -> pd.DataFrame:
    """Return one row per disposition of calls coded at dispatch; the rows sum to all of them."""
    return pd.DataFrame(
        [
            {
                "Who took it": label,
                "Diverted": "yes" if away else "",
                "Calls": f"{n:,}",
                "Share (95% CI)": words.cell(share) if share else "in no share",
            }
            for label, share, n, away in words.ending_rows(found)
        ]
    )


def coding_table(code: Coding) -> pd.DataFrame:
    """Return the two codes against each other."""
    return pd.DataFrame(
        [
            {
                "At dispatch": "coded",
                "Coded when cleared": f"{code.both:,}",
                "Not when cleared": f"{code.first_only:,}",
            },
            {
                "At dispatch": "not coded",
                "Coded when cleared": f"{code.final_only:,}",
                "Not when cleared": f"{code.neither:,}",
            },
        ]
    )
