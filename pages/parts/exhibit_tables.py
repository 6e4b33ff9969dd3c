"""Tables of the evidence pages: what the figures show, as words a reader can check."""

from __future__ import annotations

import pandas as pd

from metrics import wording
from metrics.estimate import Test
from metrics.funnel import Funnel
from metrics.planning import Own, Plan
from metrics.subgroups import Subgroup, Subgroups
from metrics.wording import exhibits


def tests(found: Subgroups) -> pd.DataFrame:
    """Return one row per split: its test, and what is not in its levels."""
    corrected = f"p after {found.family} looks" if found.family > 1 else "p corrected"
    return pd.DataFrame(
        [
            {
                "Split by": s.label,
                "Differs between levels?": exhibits.reading(s),
                "p": _p(s.test.p_value) if isinstance(s.test, Test) else "",
                corrected: "" if s.p_adjusted is None else _p(s.p_adjusted),
            }
            for s in found.subgroups
        ]
    )


def levels(subgroup: Subgroup, exposure: str) -> pd.DataFrame:
    """Return one row per level of a covariate, in its fixed order."""
    cit, other = wording.arms(exposure)
    return pd.DataFrame(
        [
            {
                subgroup.label: v.label,
                f"{cit}: events of contacts": f"{v.cit.events:,} of {v.cit.n:,}",
                f"{other}: events of contacts": f"{v.other.events:,} of {v.other.n:,}",
                "Adjusted difference per 1,000 (95% CI)": wording.difference_cell(
                    v.risk_difference
                ),
                "Ratio of rates (95% CI)": wording.ratio_cell(v.risk_ratio),
            }
            for v in subgroup.levels
        ]
    )


def funnel(found: Funnel, place: str) -> pd.DataFrame:
    """Return one row per place, by name."""
    return pd.DataFrame(
        [
            {
                place: u.label,
                "With the outcome": f"{u.events:,} of {u.n:,}",
                "Per 1,000": f"{u.rate * 1000:.1f}",
                "95% limits of chance": f"{u.limits.warning.low * 1000:.1f} to"
                f" {u.limits.warning.high * 1000:.1f}",
                "Place": exhibits.FUNNEL_PLACES[u.place],
            }
            for u in found.units
        ]
    )


def curve(found: Plan) -> pd.DataFrame:
    """Return one row per wait: contacts by then, and the smallest difference that would usually show."""
    fall = found.difference < 0
    column = f"{'Fewer' if fall else 'More'} per 1,000 that would show"
    return pd.DataFrame(
        [
            {
                "Months": a.months,
                "Contacts": f"{a.contacts:,}",
                column: exhibits.plan_ahead(a.decrease if fall else a.increase),
            }
            for a in found.curve
        ]
    )


def basis(own: Own) -> pd.DataFrame:
    """Return the agency's own figures that a plan rests on, one row each."""
    figures = {
        "Rate with CIT, as recorded": wording.rate(own.rate_cit, 1),
        "Rate of the other group, as recorded": wording.rate(own.rate_other, 1),
        "Contacts a month, outcome and group recorded": wording.number(own.volume),
        "Share with CIT": wording.percent(own.share),
        "Contacts on hand, with CIT and other": f"{own.on_hand[0]:,} and {own.on_hand[1]:,}",
    }
    if own.officers_known:
        figures["Officers, counted as if loads were equal"] = (
            f"{own.officers_cit:.0f} with CIT, {own.officers_other:.0f} other"
        )
        figures["Likeness of one officer's contacts"] = f"{own.icc:.3f} (0 none, 1 all alike)"
    return pd.DataFrame({"This agency": list(figures), "": list(figures.values())})


def _p(value: float) -> str:
    """Return a p value for a column that is headed p already."""
    return wording.p_value(value).removeprefix("p ").removeprefix("= ")
