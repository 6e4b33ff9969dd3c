"""Tables of results: what stands beside every figure, as words a reader can check."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import streamlit as st

from metrics import wording
from metrics.detail import Split
from metrics.effects import rows
from metrics.result import Comparison
from metrics.trend import Trend
from metrics.wording import marks
from pages.parts import downloads
from pages.parts.downloads import Offer
from pages.parts.drawn import once

_LONG = 25
_NAME, _STOP = re.compile(r"\w+(?:\.\w+)*_\w+"), re.compile(r"([._])")
_WIDE = 5
"""Columns a narrow screen has no room for: a plain table's overflow cannot be scrolled by keyboard."""
_STYLE = Path(__file__).with_name("tables.css")


def fit() -> None:
    """Let the plain tables of the whole page fit a narrow screen, whatever fonts it has."""
    st.html(_STYLE)


def show(frame: pd.DataFrame, alt: str, offer: Offer | None = None) -> None:
    """Show a table: as plain HTML if short, scrolling if long or wide; and its menu of files."""
    if len(frame) <= _LONG and len(frame.columns) <= _WIDE:
        st.table(_ready(frame), border="horizontal", hide_index=True, alt=marks.read(alt))
    else:
        st.dataframe(frame, hide_index=True, alt=marks.read(alt))
    if offer is not None:
        downloads.menu(offer)


@once
def _ready(frame: pd.DataFrame) -> pa.Table | pd.DataFrame:
    """Return a plain table as it is sent: making that takes longer than sending it."""
    found = plain(frame)
    try:
        return pa.Table.from_pandas(found)
    except pa.ArrowException:  # numbers beside words in one column: Streamlit makes words of them
        return found


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose names and texts a plain table, which reads Markdown, shows as they are."""
    named = frame.rename(columns=lambda c: marks.shown(str(c)))
    return named.map(lambda v: marks.shown(_breakable(v)) if isinstance(v, str) else v)


def _breakable(value: str) -> str:
    """Let the name of a column break after its stops, where a narrow screen has no room for all of it."""
    if "_" not in value:
        return value
    return _NAME.sub(lambda name: _STOP.sub("\\1\u200b", name[0]), value)


@once
def _arms(comparison: Comparison) -> pd.DataFrame:
    names = wording.arms(comparison.exposure)
    return pd.DataFrame(
        {
            "Contacts": list(names),
            "Counted": [f"{a.n:,}" for a in (comparison.cit, comparison.other)],
            "With the outcome": [f"{a.events:,}" for a in (comparison.cit, comparison.other)],
            "Per 1,000 (95% CI)": [
                wording.rate_cell(a.rate) for a in (comparison.cit, comparison.other)
            ],
            "Outcome not recorded": [
                f"{comparison.not_recorded.cit:,}",
                f"{comparison.not_recorded.other:,}",
            ],
        }
    )


@once
def effects(comparison: Comparison) -> pd.DataFrame:
    """Return the effects of a comparison, one row per way of computing them."""
    return pd.DataFrame(
        [
            {
                "Comparison": row.label,
                "Difference per 1,000 (95% CI)": wording.difference_cell(row.risk_difference),
                "Ratio of rates (95% CI)": wording.ratio_cell(row.risk_ratio),
                "Odds ratio (95% CI)": wording.ratio_cell(row.odds_ratio),
                "Test": row.test,
            }
            for row in rows(comparison)
        ]
    )


def arms(comparison: Comparison, offer: Offer | None = None) -> None:
    """Show the two rates as a table."""
    show(_arms(comparison), "Rates of the two groups", offer)


@once
def split(found: Split, exposure: str) -> pd.DataFrame:
    """Return one row per level of a covariate."""
    cit, other = wording.arms(exposure)
    return pd.DataFrame(
        [
            {
                found.label: s.label,
                f"{cit}: events of contacts": f"{s.cit.events:,} of {s.cit.n:,}",
                f"{other}: events of contacts": f"{s.other.events:,} of {s.other.n:,}",
                "Difference per 1,000 (95% CI)": wording.difference_cell(s.risk_difference),
            }
            for s in found.strata
        ]
    )


@once
def months(found: Trend) -> pd.DataFrame:
    """Return one row per month."""
    return pd.DataFrame(
        [
            {
                "Month": f"{m.first_day:%Y-%m}",
                "Contacts": m.contacts,
                "Counted": m.n,
                "With the outcome": m.events,
                "Per 1,000": None if m.rate is None else round(m.rate * 1000, 1),
                "Coverage": "recorded" if m.covered else "missing",
            }
            for m in found.months
        ]
    )


@once
def force_levels(found: dict[bool, dict[int, int]], exposure: str) -> pd.DataFrame:
    """Return one row per force rank, with the contacts of each arm at it."""
    columns: dict[str, list[str]] = {
        "Highest force used": [wording.FORCE_LEVELS[k] for k in range(5)]
    }
    for arm, name in zip((True, False), wording.arms(exposure), strict=True):
        counts = found.get(arm, {})
        total = sum(counts.values())
        columns[name] = [
            f"{counts.get(k, 0):,} ({_small(counts.get(k, 0) / total)} per 1,000)"
            if total
            else "none"
            for k in range(5)
        ]
    return pd.DataFrame(columns)


def _small(share: float) -> str:
    """Return a share per 1,000; what happened at all is never 0.0."""
    return "under 0.1" if 0 < share * 1000 < 0.05 else f"{share * 1000:.1f}"
