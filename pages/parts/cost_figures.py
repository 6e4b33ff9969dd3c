"""Figures and tables of cost scenarios. Figures come with the words that replace them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from metrics.costs import Scenario, Spread
from metrics.estimate import Estimated
from metrics.wording import costs as words
from pages.parts.figures import keyed, wrap
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print.costs import AXIS, MOST_SWINGS, TOTAL, bars

ROW = 46


def _layout(figure: go.Figure, height: int) -> go.Figure:
    keyed(figure, height, wrap(AXIS, 44))
    figure.update_yaxes(autorange="reversed", type="category")
    figure.add_vline(x=0, line_width=1.5, line_color=NEUTRAL.color)
    return figure


def payers(found: Scenario) -> tuple[go.Figure, str]:
    """The middle of the draws of each payer and of all together, with nine draws in ten."""
    figure = go.Figure()
    for label, value in bars(found):
        whole = label == TOTAL
        figure.add_trace(
            go.Bar(
                x=[value.median],
                y=[wrap(label, 18)],
                orientation="h",
                showlegend=False,
                marker={
                    "color": NEUTRAL.color if whole else CIT.color,
                    "pattern": {"shape": "/" if whole else "", "solidity": 0.25},
                },
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": [value.high - value.median],
                    "arrayminus": [value.median - value.low],
                    "thickness": 2,
                    "width": 6,
                    "color": OTHER.color,
                },
                hovertemplate=f"{label}: {words.spread(value)}<extra></extra>",
            )
        )
    return _layout(figure, 120 + ROW * len(figure.data)), words.payers_alt(found)


def swings(found: Scenario) -> tuple[go.Figure, str]:
    """How far the total moves with each input, the widest first."""
    figure = go.Figure()
    drawn = found.swings[:MOST_SWINGS]
    middle = float(found.middle) if isinstance(found.middle, float) else 0.0
    ends = (
        ("input at its 5th percentile", OTHER.color, "/", [s.at_low for s in drawn]),
        ("at its 95th", CIT.color, "", [s.at_high for s in drawn]),
    )
    for name, color, pattern, values in ends:
        figure.add_trace(
            go.Bar(
                x=[v - middle for v in values],
                base=middle,
                y=[wrap(words.input_name(s), 24) for s in drawn],
                orientation="h",
                name=name,
                marker={"color": color, "pattern": {"shape": pattern, "solidity": 0.25}},
                customdata=[words.money(v) for v in values],
                hovertemplate="%{y}: total %{customdata}<extra>" + name + "</extra>",
            )
        )
    figure.update_layout(barmode="overlay", legend_traceorder="normal")
    lines = sum(wrap(words.input_name(s), 24).count("<br>") for s in drawn)
    return _layout(figure, 150 + 36 * len(drawn) + 12 * lines), words.swings_alt(found)


def payer_table(found: Scenario) -> pd.DataFrame:
    """Return one row per payer and one for all together, in words."""
    rows = [_payer_row(words.payer(p.id), p.per_contact, p.chance, found) for p in found.payers]
    if isinstance(found.total, Spread) and isinstance(found.chance, float):
        rows.append(_payer_row(TOTAL, found.total, found.chance, found))
    return pd.DataFrame(rows)


def _payer_row(label: str, value: Spread, chance: float, found: Scenario) -> dict[str, str]:
    return {
        "Who pays": label,
        "US dollars per contact with CIT (nine draws in ten)": words.cell(value),
        "US dollars a year (nine draws in ten)": words.cell(value.times(found.contacts_a_year)),
        "Draws with a saving": words.percent(chance),
    }


def part_table(found: Scenario) -> pd.DataFrame:
    """Return one row per part, counted or not, in words."""
    return pd.DataFrame(
        [
            {
                "Part": p.label,
                "Who pays": words.payer(p.payer),
                "US dollars per contact with CIT (nine draws in ten)": words.cell(p.per_contact)
                if p.per_contact
                else words.unspoken(p),
                "Kind of cost": words.kind(p.kind),
            }
            for p in found.parts
        ]
    )


def effect_table(found: Scenario) -> pd.DataFrame:
    """Return one row per difference that a part rests on, in words."""
    return pd.DataFrame(
        [
            {
                "Difference": words.capital(words.driver(id_)),
                "CIT minus other (95% CI)": words.effect_cell(id_, value),
                "Counted in": "minutes" if id_ == "minutes" else "per 1,000 contacts",
                "Includes zero": words.includes_zero(value),
            }
            for id_, value in _effects(found).items()
        ]
    )


def _effects(found: Scenario) -> dict[str, Estimated]:
    return {p.driver: p.effect for p in found.parts if p.effect is not None}
