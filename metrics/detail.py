"""What an outcome page shows besides the comparison: its months, and its strata one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from data import registry
from data.store import Snapshot
from metrics import aggregate, proportions
from metrics.aggregate import EXPOSURE, MONTH
from metrics.estimate import Estimated
from metrics.question import Question
from metrics.result import Arm, Stratified
from metrics.strata import pool, stratum_tables

STRATIFY_PAGES_BY = ("call_group", "district", "shift")
COVERED_SHARE = 0.25
"""A month with fewer than this share of the median month's contacts is missing coverage, not a fall."""


@dataclass(frozen=True)
class Month:
    """One calendar month of an outcome: contacts at all, contacts counted, events.

    ``covered`` is False where so few contacts were recorded that the month says nothing.
    """

    first_day: date
    contacts: int
    n: int
    events: int
    covered: bool

    @property
    def rate(self) -> float | None:
        """Events per contact; None without coverage or contacts."""
        return self.events / self.n if self.n and self.covered else None


@dataclass(frozen=True)
class Stratum:
    """One level of a covariate: both arms and their difference."""

    level: str
    label: str
    cit: Arm
    other: Arm
    risk_difference: Estimated


@dataclass(frozen=True)
class Split:
    """An outcome compared within the levels of one covariate, and pooled over them."""

    covariate: str
    label: str
    strata: tuple[Stratum, ...]
    pooled: Stratified


def stratified_by(coverage: aggregate.Coverage) -> tuple[str, ...]:
    """Return the covariates that an outcome page compares within, where they are recorded."""
    return tuple(d for d in STRATIFY_PAGES_BY if coverage.records(d))


def counting(question: Question, outcome: str, snapshot: Snapshot) -> str:
    """Return a query that counts one outcome of a question, to show and to rerun."""
    by = stratified_by(aggregate.coverage(snapshot))[:1]
    return aggregate.sql(snapshot, question.only(outcome), by)


def months(question: Question, outcome: str, snapshot: Snapshot) -> tuple[Month, ...]:
    """Return every calendar month from the first contact to the last, gaps included, both arms."""
    frame = aggregate.counts(snapshot, question.only(outcome), months=True).frame
    if frame.empty:
        return ()
    summed = frame.groupby(MONTH)[["contacts", f"n:{outcome}", f"events:{outcome}"]].sum()
    first, last = _month(summed.index.min()), _month(summed.index.max())
    known = {
        _month(day): (int(contacts), int(n), int(events))
        for day, contacts, n, events in summed.itertuples(name=None)
    }
    typical = float(summed["contacts"].median())
    counted = float(summed[f"n:{outcome}"].median())
    found = []
    day = first
    while day <= last:
        contacts, n, events = known.get(day, (0, 0, 0))
        covered = contacts >= max(1, COVERED_SHARE * typical) and n >= COVERED_SHARE * counted
        found.append(Month(day, contacts, n, events, covered))
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return tuple(found)


def _month(day: object) -> date:
    import pandas as pd

    return pd.Timestamp(day).date().replace(day=1)


def split(question: Question, outcome: str, dim: str, snapshot: Snapshot) -> Split:
    """Return the strata of one outcome of a question by one covariate."""
    counts = aggregate.counts(snapshot, question.only(outcome), (dim,))
    tables = stratum_tables(counts, outcome)
    strata = []
    for (level,), ((a, b), (c, d)) in tables:
        cit = Arm(a + b, a, proportions.wilson(a, a + b))
        other = Arm(c + d, c, proportions.wilson(c, c + d))
        strata.append(
            Stratum(
                level,
                registry.level_label(dim, level),
                cit,
                other,
                proportions.risk_difference(a, a + b, c, c + d),
            )
        )
    strata.sort(key=lambda s: (s.level == registry.NOT_RECORDED, -(s.cit.n + s.other.n), s.level))
    pooled = pool((dim,), [t for _, t in tables], "no contacts to compare")
    return Split(dim, registry.covariate(dim).label, tuple(strata), pooled)


def missing_by_month(
    question: Question, outcomes: tuple[str, ...], snapshot: Snapshot
) -> list[dict[str, object]]:
    """Return contacts and not-recorded counts per month, arm and outcome, as plain rows.

    ``arm`` is True, False or None (exposure not recorded).
    """
    asked = replace(question, outcomes=outcomes)
    frame = aggregate.counts(snapshot, asked, months=True).frame
    rows: list[dict[str, object]] = []
    for record in frame.to_dict("records"):
        for outcome in outcomes:
            rows.append(
                {
                    "month": _month(record[MONTH]),
                    "arm": record[EXPOSURE],
                    "outcome": outcome,
                    "contacts": int(record["contacts"]),
                    "missing": int(record[f"missing:{outcome}"]),
                }
            )
    return rows
