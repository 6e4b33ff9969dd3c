"""Figures and tables of pooled agencies. Each figure comes with the words that replace it.

Agencies stand by name and are drawn alike: nothing is ranked, nothing is red or green.
"""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from metrics.estimate import Estimate, Interval
from metrics.pooling import Pooled
from metrics.pooling_agencies import Measure, Pool, PooledOutcome
from metrics.pooling_files import DIFFERENCE, LOG_RATIO
from metrics.wording import pooling as words
from pages.parts import forests
from pages.parts.figures import layout
from pages.parts.lines import AXIS
from pages.parts.palette import CIT, NEUTRAL

Z = 1.959964
"""Standard errors on either side that hold 95 of 100."""
TALL = 0.32
"""Half the height of a diamond, in rows."""


def forest(found: PooledOutcome, pool: Pool) -> tuple[go.Figure, str]:
    """Each agency's difference, the pooled one as a diamond, and where another agency would lie."""
    measure = found.difference
    pooled = measure.pooled
    lines: list[forests.Line] = [(x.label, x.value, NEUTRAL) for x in measure.lines]
    if not isinstance(pooled, Pooled):
        return forests.forest(lines, pooled, AXIS), words.forest_alt(found, pool)
    lines.append(("All together", pooled.estimate, CIT))
    if isinstance(pooled.prediction, Interval):
        other = Estimate(pooled.estimate.estimate, *pooled.prediction)
        lines.append(("Another agency like these", other, CIT))
    figure = forests.forest(lines, pooled.estimate, AXIS)
    _diamond(figure, len(measure.lines), pooled.estimate)
    return figure, words.forest_alt(found, pool)


def _diamond(figure: go.Figure, row: int, value: Estimate) -> None:
    """Draw an estimate as a diamond over its row: its points are the limits."""
    middle, low, high = (v * 1000 for v in value)
    figure.add_trace(
        go.Scatter(
            x=[low, middle, high, middle, low],
            y=[row, row - TALL, row, row + TALL, row],
            mode="lines",
            fill="toself",
            line={"color": CIT.color, "width": 1},
            fillcolor=CIT.color,
            hoverinfo="skip",
        )
    )


def funnel(found: PooledOutcome) -> tuple[go.Figure, str]:
    """Each agency's difference by its standard error, with the limits of chance around the pooled one."""
    measure = found.difference
    figure = go.Figure()
    points = [(x, x.value) for x in measure.lines if isinstance(x.value, Estimate) and x.se]
    if isinstance(measure.pooled, Pooled) and points:
        middle = measure.pooled.estimate.estimate * 1000
        most = 1.08 * max(float(x.se or 0) for x, _ in points) * 1000
        for side in (-1, 1):
            figure.add_trace(
                go.Scatter(
                    x=[middle, middle + side * Z * most],
                    y=[0, most],
                    mode="lines",
                    line={"color": NEUTRAL.color, "width": 1.5, "dash": "dash"},
                    hoverinfo="skip",
                )
            )
        figure.add_vline(x=middle, line_width=1.5, line_dash="dot", line_color=CIT.color)
        figure.add_trace(
            go.Scatter(
                x=[value.estimate * 1000 for _, value in points],
                y=[float(x.se or 0) * 1000 for x, _ in points],
                text=[x.label for x, _ in points],
                mode="markers",
                marker={"color": CIT.color, "size": 10, "symbol": CIT.symbol},
                hovertemplate="%{text}: %{x:+.1f} per 1,000<br>standard error %{y:.1f}<extra></extra>",
            )
        )
        figure.update_yaxes(range=[most, 0], title="standard error, per 1,000")
    return layout(figure, 360, AXIS), words.funnel_alt(found)


def together(found: PooledOutcome) -> pd.DataFrame:
    """Return what the agencies come to: one row per measure."""
    rows = []
    for measure in found.measures.values():
        pooled = measure.pooled
        if not isinstance(pooled, Pooled):
            continue
        rows.append(
            {
                "Measure": _named(measure),
                "Together (95% CI)": words.told(pooled.estimate, measure.name),
                "Another agency (95% prediction)": words.told(
                    Estimate(pooled.estimate.estimate, *pooled.prediction), measure.name
                ).partition(" ")[2]
                if isinstance(pooled.prediction, Interval)
                else "too few agencies",
                "More than chance (I2)": words.i2(pooled),
            }
        )
    return pd.DataFrame(rows)


def _named(measure: Measure) -> str:
    return "Ratio of rates" if measure.name == LOG_RATIO else "Difference per 1,000"


def lines(found: PooledOutcome) -> pd.DataFrame:
    """Return one row per agency, by name: its own estimates."""
    difference, ratio = found.measures[DIFFERENCE], found.measures[LOG_RATIO]
    return pd.DataFrame(
        [
            {
                "Agency": one.label,
                "Setting": words.SETTING_WORDS[one.setting],
                "Difference per 1,000 (95% CI)": words.told(one.value, DIFFERENCE),
                "Ratio of rates (95% CI)": words.told(other.value, LOG_RATIO),
                "Weight": "none" if one.weight is None else f"{one.weight * 100:.0f}%",
            }
            for one, other in zip(difference.lines, ratio.lines, strict=True)
        ]
    )


def settings(found: PooledOutcome) -> pd.DataFrame:
    """Return one row per kind of place."""
    return pd.DataFrame(
        [
            {
                "Setting": words.SETTING_WORDS[one.setting],
                "Agencies": one.k,
                "Difference per 1,000 (95% CI)": words.told(one.pooled.estimate, DIFFERENCE)
                if isinstance(one.pooled, Pooled)
                else "too few agencies",
                "Ratio of rates (95% CI)": words.told(other.pooled.estimate, LOG_RATIO)
                if isinstance(other.pooled, Pooled)
                else "too few agencies",
            }
            for one, other in zip(
                found.measures[DIFFERENCE].settings, found.measures[LOG_RATIO].settings, strict=True
            )
        ]
    )


def shares(pool: Pool) -> pd.DataFrame:
    """Return what each agency's file says of itself, by name."""
    return pd.DataFrame(
        [
            {
                "Agency": label,
                "Setting": words.SETTING_WORDS[p.setting],
                "Contacts with CIT, and without": words.contacts(p),
                "CIT officer came": f"{words.share(p.response)} of {p.response_of}"
                if p.response is not None
                else "not given",
                "Days covered": words.share(p.days),
                "Calls with a form": words.share(p.forms),
                "Key": p.fingerprint[:12],
            }
            for label, p in zip(pool.labels, pool.partials, strict=True)
        ]
    )
