"""Figures and tables of partners and care. Figures come with the words that replace them."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from metrics.estimate import Estimate, NotEstimable
from metrics.handoffs import Facility, Handoffs
from metrics.partners import (
    AGREED,
    DECLINED,
    NOT_ASKED,
    RETURN_DAYS,
    Chain,
    Holds,
    Partners,
    Referrals,
)
from metrics.wording import handoffs as waiting
from metrics.wording import partners as words
from pages.parts.figures import keyed, wrap
from pages.parts.palette import CIT, GAP, NEUTRAL, OTHER, Mark

SERIES = (
    (AGREED, "agreed", CIT.color, ""),
    (NOT_ASKED, "not asked, or no answer recorded", NEUTRAL.color, "/"),
    (DECLINED, "declined", "#B0B0B0", "x"),
)
"""The person's answer: what each is called, and how its bars are drawn."""
KIND_MARKS = {
    "hold": Mark(OTHER.color, "diamond", "dash"),
    "arrest": Mark(NEUTRAL.color, "square", "dot"),
    "neither": Mark("#444444", "circle", "dashdot"),
}
"""How the curve of each ending is drawn; endings not recorded are in the table only."""
TICKS = (0, 90, 180, 365, 545, 730, 910, 1095)


def timed(found: Handoffs) -> tuple[Facility, ...]:
    """Return the facilities whose waits can be drawn."""
    return tuple(f for f in found.facilities if not isinstance(f.free.median, NotEstimable))


def waits(found: Handoffs) -> tuple[go.Figure, str]:
    """Median and 90th percentile of each facility, beside what it promised."""
    rows = timed(found)
    names = [wrap(f"{waiting.facility(f)} (n={f.free.n:,})", 22) for f in rows]
    figure = go.Figure()
    for name, row in zip(names, rows, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[row.free.median, row.free.p90],
                y=[name, name],
                mode="lines",
                line={"color": NEUTRAL.color, "width": 1.5},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    series = (
        ("median", "circle", CIT.color, [r.free.median for r in rows]),
        ("nine in ten", "diamond-open", OTHER.color, [r.free.p90 for r in rows]),
        ("promised", "line-ns-open", "#444444", [r.target for r in rows]),
    )
    for label, symbol, color, values in series:
        figure.add_trace(
            go.Scatter(
                x=values,
                y=names,
                mode="markers",
                name=label,
                marker={"symbol": symbol, "size": 12, "color": color, "line": {"width": 2.5}},
                hovertemplate="%{y}: %{x:.0f} minutes<extra>" + label + "</extra>",
            )
        )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(rangemode="tozero")
    lines = sum(name.count("<br>") + 1 for name in names)
    height = 110 + 12 * len(rows) + 20 * lines
    return keyed(figure, height, "minutes until the officer was free"), waiting.waits_alt(rows)


def months(found: Handoffs) -> tuple[go.Figure, str]:
    """The median of each month at hospitals; months without enough are gaps."""
    figure = go.Figure(
        go.Scatter(
            x=[m.first_day for m in found.months],
            y=[m.median for m in found.months],
            customdata=[m.n for m in found.months],
            mode="lines+markers",
            connectgaps=False,
            line={"color": CIT.color, "width": 1.5},
            marker={"symbol": CIT.symbol, "size": 6, "color": CIT.color},
            hovertemplate="%{x|%b %Y}: median %{y:.0f} minutes, %{customdata:,} hand-offs<extra></extra>",
        )
    )
    figure.update_yaxes(rangemode="tozero", title="median minutes")
    figure = keyed(figure, 280, "")
    figure.update_layout(showlegend=False)
    return figure, waiting.months_alt(found)


def chain(found: Referrals) -> tuple[go.Figure, str]:
    """Referrals from made to a first service, step by step, by the person's answer."""
    figure = go.Figure()
    names = [wrap(label, 14) for label in words.STEPS.values()]
    parts = [found.parts(step) for step in words.STEPS]
    for answer, label, color, pattern in SERIES:
        values = [p[answer] for p in parts]
        if not any(values):
            continue
        figure.add_trace(
            go.Bar(
                x=values,
                y=names,
                orientation="h",
                name=label,
                marker={"color": color, "pattern": {"shape": pattern, "solidity": 0.25}},
                hovertemplate="%{y}: %{x:,} referrals<extra>" + label + "</extra>",
            )
        )
    totals = [sum(p.values()) for p in parts]
    figure.add_trace(
        go.Scatter(
            x=totals,
            y=names,
            text=[f" {total:,}" for total in totals],
            mode="text",
            textposition="middle right",
            cliponaxis=False,
            showlegend=False,
            hoverinfo="skip",
        )
    )
    figure.update_layout(barmode="stack")
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(range=[0, max(totals) * 1.15])
    return keyed(figure, 380, "referrals"), words.chain_alt(found)


def came_back(found: Partners) -> tuple[go.Figure, str]:
    """The share of people met again by days since their first contact, with how it ended."""
    curve, last = found.returns.curve, found.returns.horizon
    steps = [s for s in curve.steps if s.day <= last]
    known = [(s.day, s.interval) for s in steps if isinstance(s.interval, Estimate)]
    figure = go.Figure()
    figure.add_trace(
        go.Scatter(
            x=[d for d, _ in known] + [d for d, _ in reversed(known)],
            y=[(1 - v.low) * 100 for _, v in known]
            + [(1 - v.high) * 100 for _, v in reversed(known)],
            fill="toself",
            fillcolor=GAP,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
    )
    lines = [("met again", CIT, [(s.day, 1 - s.value) for s in steps])]
    for kind, mark in KIND_MARKS.items():
        own = found.returns.kinds[kind]
        label = words.RETURN_KINDS[kind].removeprefix("ended in ")
        lines.append((label, mark, [(s.day, s.value) for s in own.steps if s.day <= last]))
    for label, mark, values in lines:
        figure.add_trace(
            go.Scatter(
                x=[0, *(d for d, _ in values)],
                y=[0, *(v * 100 for _, v in values)],
                mode="lines",
                name=label,
                line={"color": mark.color, "dash": mark.dash, "width": 2, "shape": "hv"},
                hovertemplate="%{x:,} days: %{y:.1f}%<extra>" + label + "</extra>",
            )
        )
    figure.update_xaxes(range=[0, last], tickvals=[t for t in TICKS if t <= last])
    figure.update_yaxes(rangemode="tozero", title="of people, %")
    return keyed(figure, 360, "days since the first contact"), words.returns_alt(found)


def facilities(found: Handoffs) -> pd.DataFrame:
    """Return one row per facility: how long its hand-offs took, beside what it promised."""
    return pd.DataFrame(
        [
            {
                "Facility": waiting.facility(f),
                "Timed": f"{f.free.n:,}",
                "Officer free: median": waiting.minutes(f.free.median),
                "nine in ten within": waiting.minutes(f.free.p90),
                "Promised": waiting.promised(f),
                "Free within it": waiting.of(f.free.within) if f.target is not None else "",
                "Taken over: median": waiting.minutes(f.accepted.median),
                "within it": waiting.of(f.accepted.within) if f.target is not None else "",
                "No time": f"{f.free.missing:,}",
                "Impossible": f"{f.free.bad:,}",
            }
            for f in found.facilities
        ]
    )


def promises(found: Handoffs) -> pd.DataFrame:
    """Return one row per facility: when it is open, whom it takes, how often it turned someone away."""
    return pd.DataFrame(
        [
            {
                "Facility": waiting.facility(f),
                "Kind": waiting.name(f.place),
                "Open": waiting.name(f.hours),
                "Drop-off by police": waiting.name(f.dropoff),
                "Written agreement": waiting.agreement(f),
                "Trips": f"{f.trips:,}",
                "Turned away": waiting.of(f.turned_away),
            }
            for f in found.facilities
        ]
    )


def refusals(found: Handoffs) -> pd.DataFrame:
    """Return one row per facility that turned someone away: trips by reason."""
    return pd.DataFrame(
        [
            {
                "Facility": waiting.facility(f),
                "Trips with an answer": f"{f.answered:,}",
                "Turned away": waiting.of(f.turned_away),
                **{waiting.name(why): f"{n:,}" for why, n in f.away},
            }
            for f in found.facilities
            if f.turned_away.events
        ]
    )


def chains(rows: tuple[Chain, ...], first: str, kinds: bool = False) -> pd.DataFrame:
    """Return one row per chain of referrals, its shares with intervals in percent."""
    return pd.DataFrame(
        [
            {
                first: waiting.name(c.label) if first != "Provider" else c.label,
                **({"Kind": waiting.name(c.kind) if c.kind else ""} if kinds else {}),
                "Made": f"{c.made:,}",
                "Not followed": f"{c.left:,}",
                "Followed": f"{c.followed:,}",
                "Taken on": f"{c.taken:,}",
                "Served in 7 days": f"{c.served_7:,}",
                "Served in 30 days": f"{c.served_30:,}",
                "Share in 30 days (95% CI)": words.cell(c.share("served_30").rate),
            }
            for c in rows
            if c.made
        ]
    )


def elements(found: Holds) -> pd.DataFrame:
    """Return one row per element of the hold form."""
    return pd.DataFrame(
        [
            {
                "The form": waiting.name(e.column),
                "Yes": f"{e.yes:,}",
                "No": f"{e.no:,}",
                "Missing, of those recorded": waiting.of(words.missing(e)),
                "Not recorded": f"{e.unknown:,}",
            }
            for e in found.elements
        ]
    )


def outcomes(found: Holds) -> pd.DataFrame:
    """Return one row per way in which holds ended."""
    return pd.DataFrame(
        [{"The facility's decision": waiting.name(k), "Holds": f"{n:,}"} for k, n in found.outcomes]
    )


def restraint(found: Holds) -> pd.DataFrame:
    """Return one row per kind of destination: involuntary trips by restraint."""
    return pd.DataFrame(
        [
            {
                "Involuntary trips to": waiting.name(r.place),
                "Restrained": waiting.of(found.restrained((r.place,))),
                "Handcuffs": f"{r.handcuffs:,}",
                "Soft restraint": f"{r.soft:,}",
                "Other": f"{r.other:,}",
                "None": f"{r.none:,}",
                "Not recorded": f"{r.unknown:,}",
            }
            for r in found.restraint
        ]
    )


def returned(found: Partners) -> pd.DataFrame:
    """Return one row per number of days: people still followed, and shares met again by ending."""
    rows = []
    for days in RETURN_DAYS:
        curve = found.returns.curve
        rows.append(
            {
                "Within": f"{days} days",
                "Still followed": f"{curve.at_risk(days):,}",
                "Met again by then": f"{curve.cumulative(days):,}",
                "Share met again (95% CI)": words.cell(words.returned(curve.at(days))),
                **{
                    waiting.name(words.RETURN_KINDS[kind]): words.cell(own.at(days))
                    for kind, own in found.returns.kinds.items()
                },
            }
        )
    return pd.DataFrame(rows)


def groups(found: Partners) -> pd.DataFrame:
    """Return one row per group of first contacts and number of days."""
    return pd.DataFrame(
        [
            {
                "Group": words.group(found.exposure, exposed),
                "People": f"{curve.n:,}",
                **{
                    f"{days} days (95% CI)": words.cell(words.returned(curve.at(days)))
                    for days in RETURN_DAYS
                },
            }
            for exposed, curve in found.returns.groups
        ]
    )


def techniques(found: Partners) -> pd.DataFrame:
    """Return one row per technique: forms on which it is ticked."""
    return pd.DataFrame(
        [
            {
                "Technique": waiting.name(code),
                "Forms": f"{n:,}",
                "Of forms with any": waiting.of(words.ticked_share(found, n)),
            }
            for code, n in found.techniques
        ]
    )
