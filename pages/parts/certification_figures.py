"""Figures and tables of who is certified and who lapses when. Figures come with their words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from metrics.certification import IN_FORCE, Group, Lapse, Standing, months
from metrics.wording import certification as words
from pages.parts.figures import keyed, wrap
from pages.parts.palette import CIT, NEUTRAL, OTHER

ROW = 44


class Part(NamedTuple):
    """One part of a bar: told apart by its pattern as well as its colour."""

    label: str
    color: str
    pattern: str


PARTS = tuple(
    Part(label, color, pattern)
    for label, color, pattern in zip(
        words.STATES, (CIT.color, OTHER.color, NEUTRAL.color), ("", "/", "x"), strict=True
    )
)


def parts(group: Group) -> tuple[int, int, int]:
    """Return a group's people in date over 90 days, due, and lapsed."""
    return group.certified - group.due, group.due, group.lapsed


def standing(found: Standing, by: str) -> tuple[go.Figure, str]:
    """People in date, due and lapsed, one bar per squad, shift or district."""
    groups = found.groups[by]
    names = [wrap(words.group_name(g), 18) for g in groups]
    figure = go.Figure()
    for place, part in enumerate(PARTS):
        counts = [parts(g)[place] for g in groups]
        figure.add_trace(
            go.Bar(
                x=counts,
                y=names,
                orientation="h",
                name=part.label,
                text=[f"{n:,}" if n else "" for n in counts],
                textposition="inside",
                textangle=0,
                insidetextfont={"color": "white"},
                marker={
                    "color": part.color,
                    "pattern": {
                        "shape": part.pattern,
                        "solidity": 0.15,
                        # Over the colour, faint: the number in the bar stays readable.
                        "fillmode": "overlay",
                        "fgcolor": "white",
                        "fgopacity": 0.5,
                    },
                },
                hovertemplate="%{y}: %{x:,} people<extra>" + part.label + "</extra>",
            )
        )
    figure.update_layout(barmode="stack")
    figure.update_yaxes(autorange="reversed", type="category")
    return _layout(figure, 140 + ROW * len(names), "people"), words.standing_alt(found, by)


def ahead(found: Standing) -> tuple[go.Figure, str]:
    """Certificates that lapse in each month ahead, if nobody renews."""
    counted = months(found)
    figure = go.Figure(
        go.Bar(
            x=[f"{m:%b %Y}" for m, _ in counted],
            y=[n for _, n in counted],
            text=[f"{n:,}" if n else "" for _, n in counted],
            textposition="outside",
            cliponaxis=False,
            marker={"color": OTHER.color, "pattern": {"shape": "/", "solidity": 0.25}},
            hovertemplate="%{x}: %{y:,} certificates lapse<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_yaxes(rangemode="tozero", title="certificates", nticks=5)
    figure.update_xaxes(type="category", tickangle=-45)
    return _layout(figure, 300, "", top=24), words.ahead_alt(counted)


def _layout(figure: go.Figure, height: int, x_title: str, top: int = 40) -> go.Figure:
    keyed(figure, height, x_title, top=top, below=48)
    return figure.update_layout(legend_traceorder="normal")


def table(found: Standing, by: str) -> pd.DataFrame:
    """Return one row per squad, shift or district, in words."""
    label = words.DIMENSION_LABELS[by]
    return pd.DataFrame([_row(label, words.group_name(g), g, found) for g in found.groups[by]])


def _row(label: str, name: str, group: Group, found: Standing) -> dict[str, str]:
    row = {
        label: name,
        "People": f"{group.people:,}",
        "Trained": f"{group.trained:,}",
        "Certified": f"{group.certified:,}",
        "Due in 90 days": f"{group.due:,}" if found.expiry else "not recorded",
        "Lapsed": f"{group.lapsed:,}" if found.expiry else "not recorded",
        "Enhanced": f"{group.enhanced:,}",
    }
    shown = f"{group.designated:,} of {group.designated_known:,}"
    row["Designated"] = shown if group.designated_known else "not recorded"
    return row


def lapses(rows: Iterable[Lapse]) -> pd.DataFrame:
    """Return one row per day, squad and shift on which certificates lapse, without names."""
    return pd.DataFrame(
        [
            {
                "Lapses on": words.day(x.day),
                "Squad": x.squad or "not recorded",
                "Shift": x.shift or "not recorded",
                "People": f"{x.people:,}",
            }
            for x in rows
        ]
    )


def bodies(found: Standing) -> pd.DataFrame:
    """Return people certified by who certified them."""
    return pd.DataFrame(
        [
            {"Certified by": words.BODIES.get(body, str(body)), "People": f"{n:,}"}
            for body, n in found.bodies
        ]
    )


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """Return who is due or lapsed with their names, for one screen."""
    return pd.DataFrame(
        [
            {
                "Name": row.name_ if isinstance(row.name_, str) else "not in your file",
                "Squad": row.squad if isinstance(row.squad, str) else "not recorded",
                "Shift": row.shift if isinstance(row.shift, str) else "not recorded",
                "Certificate": "due" if row.state == IN_FORCE else "lapsed",
                "On": words.day(row.lapses),
            }
            for row in rows.rename(columns={"name": "name_"}).itertuples(index=False)
        ]
    )
