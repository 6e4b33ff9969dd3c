"""Figures and tables of who gets CIT, and of force as a scale. Figures come with their words."""

from __future__ import annotations

import math

import pandas as pd
import plotly.graph_objects as go

from metrics import wording
from metrics.balance import BINS, Balance
from metrics.estimate import Estimate, NotEstimable
from metrics.force_scale import ForceScale
from metrics.selection import CUSTOMARY, Selection
from metrics.wording import scale
from metrics.wording import selection as words
from pages.parts.figures import keyed, wrap
from pages.parts.lines import ODDS_AXIS, ODDS_TICKS
from pages.parts.palette import CIT, NEUTRAL, OTHER

ROW = 30
"""Pixels a row of the love plot takes, and as many again for each line its label is broken into."""


def love(found: Selection) -> tuple[go.Figure, str]:
    """Standardised differences of the levels that differ most, before (open) and after (filled)."""
    rows = words.drawn(found)
    names = [wrap(words.name(row), 22) for row in rows]
    figure = go.Figure()
    figure.add_vline(x=0, line_width=1.5, line_color=NEUTRAL.color)
    for mark in (-CUSTOMARY, CUSTOMARY):
        figure.add_vline(x=mark, line_width=1, line_dash="dot", line_color=NEUTRAL.color)
    weighted = not isinstance(found.balance, NotEstimable)
    if weighted:
        for name, row in zip(names, rows, strict=True):
            if not isinstance(row.smd_after, NotEstimable):
                figure.add_trace(
                    go.Scatter(
                        x=[row.smd_before, row.smd_after],
                        y=[name, name],
                        mode="lines",
                        line={"color": NEUTRAL.color, "width": 1},
                        hoverinfo="skip",
                        showlegend=False,
                    )
                )
    series = [("as recorded", "circle-open", OTHER.color, [row.smd_before for row in rows])]
    if weighted:
        series.append(("weighted", "circle", CIT.color, [row.smd_after for row in rows]))
    for label, symbol, color, values in series:
        figure.add_trace(
            go.Scatter(
                x=[None if isinstance(v, NotEstimable) else v for v in values],
                y=names,
                mode="markers",
                name=label,
                showlegend=True,
                marker={
                    "symbol": symbol,
                    "size": 11,
                    "color": color,
                    "line": {"width": 2, "color": color},
                },
                hovertemplate="%{y}: %{x:.2f}<extra>" + label + "</extra>",
            )
        )
    figure.update_yaxes(autorange="reversed", type="category")
    widest = max([2 * CUSTOMARY, *(row.apart for row in rows)]) * 1.1
    figure.update_xaxes(range=[-widest, widest], nticks=5)
    lines = sum(name.count("<br>") + 1 for name in names)
    title = "standardised difference<br>← second group    first group →"
    return keyed(figure, 130 + 8 * len(rows) + 22 * lines, title, below=64), words.love_alt(found)


def scores(found: Selection, balance: Balance) -> tuple[go.Figure, str]:
    """Contacts by score, the first group upwards and the second downwards."""
    figure = go.Figure()
    middle = balance.edges[:-1] + 0.5 / BINS
    for name, counts, sign, mark, pattern in zip(
        wording.arms(found.exposure),
        (balance.histogram1, balance.histogram0),
        (1, -1),
        (CIT, OTHER),
        ("", "/"),
        strict=True,
    ):
        figure.add_trace(
            go.Bar(
                x=middle,
                y=sign * counts,
                customdata=counts,
                width=1 / BINS,
                name=name,
                marker={"color": mark.color, "pattern": {"shape": pattern, "solidity": 0.25}},
                hovertemplate="score %{x:.2f}: %{customdata:,} contacts<extra>" + name + "</extra>",
            )
        )
    figure.add_hline(y=0, line_width=1.5, line_color=NEUTRAL.color)
    most = int(max(balance.histogram1.max(), balance.histogram0.max(), 1))
    step = max(_round(most / 3), 1)
    ticks = [k * step for k in range(-9, 10) if abs(k * step) <= most * 1.05]
    figure.update_yaxes(
        title="contacts",
        range=[-most * 1.1, most * 1.1],
        tickvals=ticks,
        ticktext=[f"{abs(t):,}" for t in ticks],
    )
    figure.update_xaxes(range=[0, 1], nticks=6)
    figure.update_layout(barmode="overlay", bargap=0)
    return keyed(figure, 380, "score (chance of the first group)", below=64), words.scores_alt(
        found
    )


def _round(value: float) -> int:
    """Return a number of one leading digit at or under a value."""
    if value < 1:
        return 0
    power = 10 ** math.floor(math.log10(value))
    return int(value // power * power)


def levels(found: Selection) -> pd.DataFrame:
    """Return one row per level: contacts of each group, how many times as often, differences."""
    first, second = wording.arms(found.exposure)
    return pd.DataFrame(
        [
            {
                "Kind of call": words.name(row),
                f"{first}: contacts": f"{row.cit:,} ({row.share_cit * 1000:.0f} of 1,000)",
                f"{second}: contacts": f"{row.other:,} ({row.share_other * 1000:.0f} of 1,000)",
                "First to second": words.times(row),
                "Difference as recorded": _smd(row.smd_before),
                "Difference weighted": _smd(row.smd_after),
            }
            for row in found.levels
        ]
    )


def _smd(value: float | NotEstimable) -> str:
    return "not estimated" if isinstance(value, NotEstimable) else wording.number(value, 2)


def cuts(found: ForceScale) -> tuple[go.Figure, str]:
    """Odds ratios of a graver level: one for the whole scale, then one for each step."""
    figure = go.Figure()
    figure.add_vline(x=1, line_width=1.5, line_color=NEUTRAL.color)
    rows = [("All steps as one number", found.odds_ratio, CIT)]
    rows += [(scale.step(cut.level), cut.odds_ratio, NEUTRAL) for cut in found.cuts]
    for label, value, mark in rows:
        if not isinstance(value, Estimate) or not 0 < value.low <= value.high < math.inf:
            continue
        name = wrap(label, 22)
        figure.add_trace(
            go.Scatter(
                x=[value.estimate],
                y=[name],
                mode="markers",
                showlegend=False,
                marker={"symbol": mark.symbol, "size": 13, "color": mark.color},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [value.high - value.estimate],
                    "arrayminus": [value.estimate - value.low],
                    "color": mark.color,
                    "thickness": 2.5,
                    "width": 7,
                },
                hovertemplate=f"{label}: {wording.ratio(value)}<extra></extra>",
            )
        )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(
        type="log", tickvals=list(ODDS_TICKS), ticktext=[f"{t:g}" for t in ODDS_TICKS]
    )
    # The line of no difference stands inside the figure, whichever side the numbers are on.
    figure.add_trace(
        go.Scatter(
            x=[0.8, 1.25],
            y=[wrap(rows[0][0], 22)] * 2,
            mode="markers",
            marker={"opacity": 0},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    return keyed(figure, 120 + 56 * len(rows), ODDS_AXIS, below=64), scale.cuts_alt(found)


def steps(found: ForceScale) -> pd.DataFrame:
    """Return one row per step of the scale: contacts that reach it, and its odds ratio."""
    first, second = wording.arms(found.exposure)
    return pd.DataFrame(
        [
            {
                "Step": scale.step(cut.level),
                f"{first}: reached it": f"{cut.cit:,} of {found.n_cit:,}",
                f"{second}: reached it": f"{cut.other:,} of {found.n_other:,}",
                "Odds ratio (95% CI)": wording.ratio_cell(cut.odds_ratio),
            }
            for cut in found.cuts
        ]
    )
