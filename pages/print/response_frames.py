"""The numbers of *Did CIT come?*, typed: what CSV and Excel files hold."""

from __future__ import annotations

from typing import Any

import pandas as pd

from metrics.estimate import Estimate
from metrics.response import FormMonth, Level, Response
from metrics.shares import Share
from metrics.trend import Trend, signals
from metrics.trends import PChart
from metrics.wording import response as words
from pages.print.frames import frame


def _share(found: Share, name: str) -> dict[str, Any]:
    rate = found.rate if isinstance(found.rate, Estimate) else (None, None, None)
    return {
        f"{name}_calls": found.events,
        "of_calls": found.n,
        f"{name}_share": rate[0],
        f"{name}_low": rate[1],
        f"{name}_high": rate[2],
        f"{name}_not_recorded": found.unknown,
    }


def levels(*groups: tuple[str, tuple[Level, ...]]) -> pd.DataFrame:
    """Return one row per level of each (name, levels): who came, how soon, who had no form."""
    return frame(
        {
            "by": name,
            "level": v.label,
            **_share(v.came, "cit_came"),
            "calls_timed": v.minutes.n if v.minutes else None,
            "median_minutes": v.minutes.median if v.minutes else None,
            "p90_minutes": v.minutes.p90 if v.minutes else None,
            "calls_due_a_form": v.without_form.n,
            "calls_without_form": v.without_form.events,
            "form_not_known": v.without_form.unknown,
        }
        for name, own in groups
        for v in own
    )


def months(found: Trend) -> pd.DataFrame:
    """Return one row per whole month, with its limits of chance where it has them."""
    chart = found.chart
    points = (
        dict(zip((m.first_day for m in found.covered), chart.points, strict=True))
        if isinstance(chart, PChart)
        else {}
    )
    marked = set(signals(found))
    return frame(
        {
            "month": m.first_day,
            "calls": m.contacts,
            "known_who_came": m.n,
            "cit_came_calls": m.events,
            "cit_came_share": m.rate,
            "limit_low_share": points[m.first_day].low if m.first_day in points else None,
            "limit_high_share": points[m.first_day].high if m.first_day in points else None,
            "signal": m.first_day in marked,
            "covered": m.covered,
        }
        for m in found.months
    )


def forms(found: tuple[FormMonth, ...]) -> pd.DataFrame:
    """Return one row per month: calls that should have a form, and those without."""
    return frame({"month": m.first_day, **_share(m.without, "without_form")} for m in found)


def endings(found: Response) -> pd.DataFrame:
    """Return one row per disposition of calls coded at dispatch."""
    return frame(
        {
            "who_took_it": label,
            "diverted": away,
            "calls": n,
            "share": share.rate.estimate if share else None,
            "low": share.rate.low if share else None,
            "high": share.rate.high if share else None,
        }
        for label, share, n, away in words.ending_rows(found)
    )


def coding(found: Response) -> pd.DataFrame:
    """Return the two codes against each other, and what is in neither."""
    code = found.coding
    return frame(
        [
            {"at_dispatch": "yes", "when_cleared": "yes", "calls": code.both},
            {"at_dispatch": "yes", "when_cleared": "no", "calls": code.first_only},
            {"at_dispatch": "no", "when_cleared": "yes", "calls": code.final_only},
            {"at_dispatch": "no", "when_cleared": "no", "calls": code.neither},
            {"at_dispatch": "not recorded", "when_cleared": "or here", "calls": code.unknown},
        ]
    )
