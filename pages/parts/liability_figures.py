"""The figure and the tables of *Liability*. The figure comes with its words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from metrics import wording
from metrics.estimate import Estimate
from metrics.liability import Complaints, CriticalEvent, Liability, Rate, Reviews, Row
from metrics.wording import liability as words
from metrics.wording import liability_terms as terms
from metrics.wording.numbers import capital
from pages.parts.figures import wrap
from pages.parts.palette import CIT, OTHER, Mark

RATE_AXIS = "per 1,000 contacts (95% CI), log scale"
APART = 0.18
"""How far above and below the middle of a row its two groups stand, in rows."""
_ROW = 74
_ROOM = 1.35


def shown(found: Liability) -> list[Row]:
    """Return the outcomes that have a rate to draw."""
    return [row for row in found.rows if words.drawn(row)]


def sides(row: Row) -> tuple[tuple[Rate, Mark, float], ...]:
    """Return each group of a row that has contacts: its rate, how it is drawn, how far off the middle."""
    both = ((row.cit, CIT, -APART), (row.other, OTHER, APART))
    return tuple(side for side in both if side[0].n)


def reach(rows: Sequence[Row]) -> tuple[float, float]:
    """Return the ends of the logarithmic axis: every interval, and room at the left for rates of 0."""
    found = [side[0].per_1000 for row in rows for side in sides(row)]
    values = [v for v in found if isinstance(v, Estimate)]
    if not values:
        return 0.1, 10.0
    # A rate of 0 has no lower end: its arrow stands a third of the way under its upper one.
    low = min(v.low if v.low > 0 else v.high / 3 for v in values)
    return low / _ROOM, max(v.high for v in values) * _ROOM


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers (1, 2, 5 times a power of ten) between the ends of the axis."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [step * 10.0**power for power in powers for step in (1, 2, 5)]
    inside = [round(t, 9) for t in found if low <= t <= high]
    return inside if len(inside) <= 8 else [t for t in inside if f"{t:e}"[0] == "1"]


def rates(found: Liability) -> tuple[go.Figure, str]:
    """Rates per 1,000 of both groups with exact intervals, one outcome a row, and what they count."""
    figure = go.Figure()
    rows = shown(found)
    low, high = reach(rows)
    names = dict(zip((CIT, OTHER), wording.arms(found.question.exposure), strict=True))
    named: set[Mark] = set()
    for place, row in enumerate(rows):
        for rate, mark, off in sides(row):
            value = rate.per_1000
            assert isinstance(value, Estimate)
            # The arrow of a rate of 0 stands just inside the edge, where it is not cut.
            left = value.estimate if rate.events else low * 1.06
            figure.add_trace(
                go.Scatter(
                    x=[left],
                    y=[place + off],
                    mode="markers",
                    cliponaxis=False,
                    name=names[mark],
                    legendgroup=names[mark],
                    showlegend=mark not in named,
                    marker={
                        "symbol": mark.symbol if rate.events else "triangle-left",
                        "size": 11 if rate.events else 16,
                        "color": mark.color,
                    },
                    error_x={
                        "type": "data",
                        "symmetric": False,
                        "array": [value.high - left],
                        "arrayminus": [left - value.low if rate.events else 0],
                        "color": mark.color,
                        "thickness": 2.5,
                        "width": 6,
                    },
                    hovertemplate=f"{words.label(row)}<br>{words.counted(rate)}"
                    f"<extra>{names[mark]}</extra>",
                )
            )
            named.add(mark)
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[f"{wrap(words.label(row), 18)}<br>{_n(row)}" for row in rows],
        range=[len(rows) - 0.5, -0.5],
        zeroline=False,
        automargin=True,
    )
    at = ticks(low, high)
    figure.update_xaxes(
        type="log",
        range=[math.log10(low), math.log10(high)],
        tickvals=at,
        ticktext=[f"{t:g}" for t in at],
        zeroline=False,
        automargin=True,
    )
    figure.update_layout(
        height=150 + _ROW * len(rows),
        margin={"l": 8, "r": 16, "t": 56, "b": 56},
        xaxis_title=RATE_AXIS,
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"},
        hoverlabel={"align": "left"},
    )
    return figure, words.rates_alt(found)


def _n(row: Row) -> str:
    return f"<span style='font-size:11px'>n {row.cit.n:,} | {row.other.n:,}</span>"


def outcomes(found: Liability) -> pd.DataFrame:
    """Return one row per outcome: both rates with counts and what was not recorded, and the comparison."""
    first, second = wording.arms(found.question.exposure)
    return pd.DataFrame(
        [
            {
                "Per 1,000 contacts": words.label(row),
                first: words.cell(row.cit),
                second: words.cell(row.other),
                "Comparison": words.compared(row),
            }
            for row in shown(found)
        ]
    )


def causes(found: Liability) -> pd.DataFrame:
    """Return one row per person hurt and cause: both rates with counts, and their ratio, not adjusted."""
    first, second = wording.arms(found.question.exposure)
    return pd.DataFrame(
        [
            {
                "Injured during the contact": terms.cause(row),
                first: words.cell(row.cit),
                second: words.cell(row.other),
                "Ratio of the rates, not adjusted": words.cause_ratio(row),
            }
            for row in words.causes_shown(found)
        ]
    )


def events(found: Sequence[CriticalEvent]) -> pd.DataFrame:
    """Return one row per critical event, in words."""
    return pd.DataFrame(
        [
            {
                "Day": terms.day(e.day),
                "What happened": capital(terms.kind(e)),
                "District": e.district or "not recorded",
                "Review": capital(terms.review(e)),
                "Legal hold": terms.held(e),
            }
            for e in found
        ]
    )


def complaints(found: Complaints) -> pd.DataFrame:
    """Return complaints by how they stand, with exact rates; commendations and inquiries below."""
    return pd.DataFrame(
        [
            {
                "About these contacts": what,
                "Received": f"{n:,}",
                "Per 1,000 contacts (95% CI)": words.rate(found.rate(n)),
            }
            for what, n in words.complaint_rows(found)
        ]
    )


def reviews(found: Reviews) -> pd.DataFrame:
    """Return applications of force by review and finding."""
    return pd.DataFrame(
        [{"Review": what, "Applications": f"{n:,}"} for what, n in words.review_rows(found)]
    )
