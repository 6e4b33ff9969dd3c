"""The numbers of the evidence pages and of data quality, typed: what CSV and Excel files hold."""

from __future__ import annotations

from typing import Any

import pandas as pd

from data.loads import Answers, LoadRecord
from data.registry import Outcome, outcome
from metrics import wording
from metrics.balance import Balance
from metrics.estimate import Estimated, Interval, NotEstimable
from metrics.event_study import EventStudy
from metrics.force_scale import ForceScale
from metrics.funnel import Funnel
from metrics.interrupted import Interrupted
from metrics.launch import first_day
from metrics.planning import Own, Plan
from metrics.result import Comparison
from metrics.selection import Selection
from metrics.subgroups import Subgroup, Subgroups
from metrics.wording import exhibits, scale
from metrics.wording import selection as words
from pages.print.frames import arm, difference, frame, p_value, ratio, reason


def _all_levels(subgroup: Subgroup) -> list[dict[str, Any]]:
    return [
        {
            "split_by": subgroup.label,
            "level": v.label,
            **arm(v.cit, "cit"),
            **arm(v.other, "other"),
            **difference(v.risk_difference),
            **ratio(v.risk_ratio, "risk_ratio"),
            "reason": reason(v.risk_difference),
        }
        for v in subgroup.levels
    ]


def subgroups(found: Subgroups) -> pd.DataFrame:
    """Return one row per level of every covariate."""
    return frame(row for s in found.subgroups for row in _all_levels(s))


def levels(subgroup: Subgroup) -> pd.DataFrame:
    """Return one row per level of one covariate."""
    return frame(_all_levels(subgroup))


def tests(found: Subgroups) -> pd.DataFrame:
    """Return one row per split: its test of whether levels differ."""
    return frame(
        {
            "split_by": s.label,
            "reading": exhibits.reading(s),
            "p_value": p_value(s.test),
            "p_value_corrected": s.p_adjusted,
            "splits_tested": found.family,
            "reason": reason(s.test),
        }
        for s in found.subgroups
    )


def funnel(found: Funnel, place: str) -> pd.DataFrame:
    """Return one row per place, by name."""
    return frame(
        {
            place.lower(): u.label,
            "contacts": u.n,
            "events": u.events,
            "rate_per_1000": u.rate * 1000,
            "limit95_low_per_1000": u.limits.warning.low * 1000,
            "limit95_high_per_1000": u.limits.warning.high * 1000,
            "limit998_low_per_1000": u.limits.control.low * 1000,
            "limit998_high_per_1000": u.limits.control.high * 1000,
            "all_together_per_1000": found.target * 1000,
            "place": exhibits.FUNNEL_PLACES[u.place],
        }
        for u in found.units
    )


def curve(found: Plan) -> pd.DataFrame:
    """Return one row per wait: contacts by then, and the smallest differences that would usually show."""

    def size(value: float | NotEstimable) -> float | None:
        return None if isinstance(value, NotEstimable) else value * 1000

    return frame(
        {
            "months": a.months,
            "contacts": a.contacts,
            "fewer_per_1000": size(a.decrease),
            "more_per_1000": size(a.increase),
            "reason": reason(a.decrease if found.difference < 0 else a.increase),
        }
        for a in found.curve
    )


def basis(own: Own) -> pd.DataFrame:
    """Return the agency's own figures that a plan rests on, in one row."""
    officers = (own.officers_cit, own.officers_other) if own.officers_known else (None, None)
    return frame(
        [
            {
                "cit_per_1000": own.rate_cit * 1000,
                "other_per_1000": own.rate_other * 1000,
                "contacts_a_month": own.volume,
                "cit_share": own.share,
                "on_hand_cit": own.on_hand[0],
                "on_hand_other": own.on_hand[1],
                "officers_cit": officers[0],
                "officers_other": officers[1],
                "likeness_of_an_officers_contacts": own.icc if own.officers_known else None,
            }
        ]
    )


def calls(found: Selection) -> pd.DataFrame:
    """Return one row per kind of call: contacts of each group and standardised differences."""
    return frame(
        {
            "kind_of_call": words.name(row),
            "cit": row.cit,
            "cit_share": row.share_cit,
            "other": row.other,
            "other_share": row.share_other,
            "ratio_of_shares": _number(row.ratio),
            "difference_as_recorded": _number(row.smd_before),
            "difference_weighted": _number(row.smd_after),
        }
        for row in found.levels
    )


def scores(balance: Balance) -> pd.DataFrame:
    """Return one row per step of the score: contacts of each group."""
    return frame(
        {"score_from": float(low), "score_to": float(high), "cit": int(one), "other": int(other)}
        for low, high, one, other in zip(
            balance.edges[:-1],
            balance.edges[1:],
            balance.histogram1,
            balance.histogram0,
            strict=True,
        )
    )


def steps(found: ForceScale) -> pd.DataFrame:
    """Return the whole scale, and one row per step of it: contacts that reach it, and its odds ratio."""

    def row(label: str, cit: int, other: int, value: Estimated) -> dict[str, Any]:
        return {
            "step": label,
            "cit_reached": cit,
            "cit_contacts": found.n_cit,
            "other_reached": other,
            "other_contacts": found.n_other,
            **ratio(value, "odds_ratio"),
            "reason": reason(value),
        }

    whole = row("All steps as one number", found.n_cit, found.n_other, found.odds_ratio)
    return frame(
        [whole, *(row(scale.step(c.level), c.cit, c.other, c.odds_ratio) for c in found.cuts)]
    )


def study(found: EventStudy) -> pd.DataFrame:
    """Return one row per half-year since certification, with the band that holds all at once."""
    return frame(
        {
            "half_years_since": p.time,
            "difference_per_1000": p.effect.estimate * 1000,
            "band_low_per_1000": p.band.low * 1000 if isinstance(p.band, Interval) else None,
            "band_high_per_1000": p.band.high * 1000 if isinstance(p.band, Interval) else None,
            "reason": reason(p.band),
        }
        for p in found.event_time
    )


def launch(found: Interrupted) -> pd.DataFrame:
    """Return one row per month: recorded, by the model, and expected without the change."""

    def thousand(value: float | None) -> float | None:
        return None if value is None else value * 1000

    return frame(
        {
            "month": first_day(m.month),
            "contacts": m.n,
            "events": m.events,
            "rate_per_1000": thousand(m.rate),
            "model_per_1000": m.fitted * 1000,
            "without_the_change_per_1000": thousand(m.counterfactual),
        }
        for m in found.months
    )


def load(record: LoadRecord) -> pd.DataFrame:
    """Return one load in one row."""
    return frame(
        [
            {
                "source": record.source,
                "mapping": record.mapping,
                "loaded_utc": f"{record.started_at:%Y-%m-%d %H:%M}",
                "covers_from": record.covers_from,
                "covers_to": record.covers_to,
                "rows_read": record.rows_read,
                "duplicates_collapsed": record.duplicates_collapsed,
                "contacts_loaded": record.contacts,
                "rows_rejected": record.rejected,
            }
        ]
    )


def rejected(rows: list[tuple[str, int | None, str, str]]) -> pd.DataFrame:
    """Return the rejected rows: where and why, never a value."""
    return frame(
        {"file": file, "row": row, "column": column, "why": why} for file, row, column, why in rows
    )


def answers(found: tuple[Answers, ...]) -> pd.DataFrame:
    """Return one row per yes/no column."""
    return frame(
        {
            "column": a.column,
            "meaning": a.meaning,
            "yes": a.yes,
            "no": a.no,
            "answered_unknown": a.unknown,
            "blank": a.blank,
        }
        for a in found
    )


def missing(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """Return one row per outcome: contacts without it, by group."""
    return frame(
        {
            "outcome": outcome(c.outcome).label,
            "cit_not_recorded": c.not_recorded.cit,
            "cit_contacts": c.not_recorded.cit + c.cit.n,
            "other_not_recorded": c.not_recorded.other,
            "other_contacts": c.not_recorded.other + c.other.n,
            "in_neither_group": c.not_recorded.exposure,
        }
        for c in comparisons
    )


def missing_months(rows: list[dict[str, Any]], exposure: str) -> pd.DataFrame:
    """Return one row per month and group: contacts, and those without the outcome."""
    first, second = wording.arms(exposure)
    names = {True: first, False: second, None: "Neither group"}
    return frame(
        {
            "month": pd.Timestamp(r["month"]).date(),
            "group": names[r["arm"]],
            "contacts_all": int(r["contacts"]),
            "not_recorded": int(r["missing"]),
        }
        for r in rows
    )


def lacking(outcomes: tuple[Outcome, ...]) -> pd.DataFrame:
    """Return what would supply each outcome that is not recorded."""
    return frame({"outcome": o.label, "would_need": ", ".join(o.sources)} for o in outcomes)


def _number(value: float | NotEstimable) -> float | None:
    return None if isinstance(value, NotEstimable) else value
