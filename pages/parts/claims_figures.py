"""Figures and tables of claims. Figures come with the words that replace them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from metrics.claims import Claims, Group
from metrics.triangle import Measure, Triangle
from metrics.wording import claims as words
from pages.parts.figures import layout
from pages.parts.palette import CIT, NEUTRAL, OTHER, Mark

MARKS = (
    CIT,
    OTHER,
    NEUTRAL,
    Mark("#444444", "circle-open", "solid"),
    Mark(CIT.color, "diamond-open", "dash"),
    Mark(OTHER.color, "circle", "dot"),
)
"""How the lines of successive years are drawn; each also carries its year."""


def highest(found: Triangle) -> float:
    """Return the top of the scale that paid and incurred share, in dollars."""
    return 1.15 * max(1.0, *(max(c.paid, c.incurred) for c in found.cells.values()))


def lowest(found: Triangle) -> float:
    """Return the foot of the scale: 0, or under it where more was recovered than paid."""
    return min(0.0, *(1.15 * min(c.paid, c.incurred) for c in found.cells.values()))


def growth(found: Triangle, measure: Measure) -> tuple[go.Figure, str]:
    """Paid or incurred by age, one line per year with its year at the last point."""
    figure = go.Figure()
    for place, year in enumerate(found.years):
        mark = MARKS[place % len(MARKS)]
        known = [a for a in found.ages if (year, a) in found.cells]
        cells = [found.cells[year, a] for a in known]
        figure.add_trace(
            go.Scatter(
                x=known,
                y=[getattr(c, measure) for c in cells],
                customdata=[words.counted(c) for c in cells],
                text=["" for _ in known[1:]] + [f" {year} "],
                mode="lines+markers+text",
                # To the left of the first age nothing is drawn.
                textposition="middle right" if len(known) > 1 else "middle left",
                cliponaxis=False,
                name=str(year),
                line={"color": mark.color, "dash": mark.dash, "width": 2},
                marker={"symbol": mark.symbol, "size": 8, "color": mark.color},
                hovertemplate=f"{year}, %{{x}} months: $%{{y:,.0f}}<br>%{{customdata}}<extra></extra>",
            )
        )
    figure.update_xaxes(tickvals=list(found.ages), range=[found.ages[0] - 10, found.ages[-1] + 10])
    figure.update_yaxes(
        range=[lowest(found), highest(found)],
        tickprefix="$",
        tickformat=",.0f",
        nticks=6,
    )
    return layout(figure, 320, "age in months"), words.growth_alt(found, measure)


def triangle(found: Triangle, measure: Measure) -> pd.DataFrame:
    """Return one row per year of contact, one column per age."""
    return pd.DataFrame(
        [
            {
                "Year": str(year),
                **{f"{age} months": words.cell(found, year, age, measure) for age in found.ages},
            }
            for year in found.years
        ]
    )


def factors(found: Claims) -> pd.DataFrame:
    """Return one row per step of age: factors, what stands behind them, and their weight."""
    return pd.DataFrame(
        [
            {
                "From": words.step(one),
                "Incurred grew to, times": words.factor(one),
                "Paid grew to, times": words.factor(paid),
                "Years and claims": f"{one.years:,} and {one.claims:,}",
                "Weight, at most": f"{one.credibility:.2f}",
            }
            for one, paid in zip(found.factors, found.paid_factors, strict=True)
        ]
    )


def looked_back(found: Claims) -> pd.DataFrame:
    """Return one row per year old enough: incurred now, and what share of it stood early."""
    return pd.DataFrame(
        [
            {
                "Year": str(row.year),
                "Claims": f"{row.claims:,}",
                "Incurred now": words.dollars(row.latest),
                **{f"Stood at {a} months": words.early_cell(row, a) for a in found.early_ages},
            }
            for row in found.early
        ]
    )


def groups(rows: tuple[Group, ...], first: str, valued: bool = True) -> pd.DataFrame:
    """Return one row per kind of claim that there is, with its dollars where a loss run is loaded."""
    return pd.DataFrame(
        [
            {
                first: words.name(g.label),
                "Claims": words.status(g),
                **(
                    {"Incurred": words.dollars(g.incurred), "Paid": words.dollars(g.paid)}
                    if valued
                    else {}
                ),
            }
            for g in rows
            if g.reported
        ]
    )


def arms(found: Claims) -> pd.DataFrame:
    """Return one row per group of contacts: linked claims and what they have cost."""
    return pd.DataFrame(
        [
            {
                "Contacts": words.arm(a, found.exposure),
                "Counted": f"{a.contacts:,}",
                "Claims": f"{a.claims:,} ({words.rate(a.per_1000(a.claims))})",
                "Incurred": f"{words.dollars(a.incurred)}",
                "Incurred per 1,000 contacts": words.money_rate(a.per_1000(a.incurred)),
            }
            for a in found.arms
            if a.contacts or a.exposed is not None
        ]
    )
