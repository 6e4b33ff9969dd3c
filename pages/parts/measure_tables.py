"""Tables of the measures page."""

from __future__ import annotations

import pandas as pd

from data.registry.measures import Measure
from metrics.fiscal import CUMULATIVE, QUARTER, YEAR
from metrics.measure_report import Report, Result, Value
from metrics.wording import measures as words


def _table(rows: list[dict[str, str]]) -> pd.DataFrame:
    """Return rows as a table, without columns that say nothing in any of them."""
    table = pd.DataFrame(rows)
    return table[[c for c in table.columns if (table[c] != "").any()]]


def _left_out(v: Value, measure: Measure) -> dict[str, str]:
    parts = [f"{v.not_recorded:,} not recorded"]
    if v.unlinked:
        parts.append(f"{v.unlinked:,} without a known person")
    if v.pending:
        parts.append(f"{v.pending:,} {measure.pending_words}")
    return {"Left out": "; ".join(parts)}


def overview(found: Report, period: str) -> pd.DataFrame:
    """Return one row per measure that can be computed, for the period with this id."""
    rows = []
    for r in found.results:
        own = next((v for v in r.values if v.period.id == period), None)
        if r.lacks or own is None:
            continue
        rows.append(
            {
                "Measure": words.name(r.measure),
                "Value": words.shown(own),
                "95% limits": words.interval(own),
                **_left_out(own, r.measure),
                "Baseline": words.value(r.baseline) if r.baseline else "no full year",
                "Target": words.target(r) if r.target is not None else "",
            }
        )
    return _table(rows)


def lacking(found: Report) -> pd.DataFrame:
    """Return what cannot be computed, and the columns that would supply it."""
    return pd.DataFrame(
        [
            {"Measure": words.name(r.measure), "Why not": words.needs(r)}
            for r in found.results
            if r.lacks
        ]
    )


def quarters(result: Result) -> pd.DataFrame:
    """Return one row per quarter: alone, and cumulative within its fiscal year."""
    cumulative = {v.period.last: v for v in result.of(CUMULATIVE)}
    return _table(
        [
            {
                "Quarter": words.short(v.period),
                "In the quarter": words.shown(v),
                "Fiscal year to date": words.shown(cumulative[v.period.last]),
                **_left_out(v, result.measure),
            }
            for v in result.of(QUARTER)
        ]
    )


def years(result: Result) -> pd.DataFrame:
    """Return one row per fiscal year."""
    return _table(
        [
            {
                "Fiscal year": words.short(v.period),
                "Value": words.shown(v),
                "95% limits": words.interval(v),
                **_left_out(v, result.measure),
            }
            for v in result.of(YEAR)
        ]
    )


def kinds(result: Result, period: str) -> pd.DataFrame:
    """Return one row per kind, over the whole agency."""
    own = [v for v in result.values if v.period.id == period and v.level and v.place is None]
    own.sort(key=lambda v: -(v.numerator or 0))
    return _table(
        [{"Kind": words.level(str(v.level)), "Value": words.shown(v)} for v in own if v.numerator]
    )


def places(result: Result, period: str, dimension: str) -> pd.DataFrame:
    """Return one row per place, and per kind in it where the measure has kinds."""
    rows = []
    for v in result.values:
        if v.period.id != period or v.dimension != dimension:
            continue
        if v.level is not None and not v.numerator:
            continue
        rows.append(
            {
                dimension.capitalize(): words.level(str(v.place)),
                "Kind": words.level(v.level) if v.level else "All" if result.measure.levels else "",
                "Value": words.shown(v),
                "Not recorded": "" if v.level else f"{v.not_recorded:,}",
            }
        )
    return _table(rows)


def definitions(found: Report) -> pd.DataFrame:
    """Return one row per measure: what is counted and what is divided by."""
    return pd.DataFrame(
        [
            {
                "Measure": words.name(r.measure),
                "Counted": " ".join(filter(None, (r.measure.definition, r.measure.note))),
                "Divided by": words.denominator(r.measure),
            }
            for r in found.results
        ]
    )
