"""What a report of measures holds, and the same as flat rows and as plain JSON values."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import date
from typing import Any

from data.registry.measures import Measure, MeasureSet
from metrics.estimate import Estimated, NotEstimable
from metrics.fiscal import WHOLE, Period

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Value:
    """One number of a measure: a period, and where it is split a place or a kind.

    ``numerator`` is None where nothing can be said, and ``share`` then holds the reason; ``share`` is
    None for a count. A ``median`` has no numerator: it is the middle one of ``denominator`` values.
    ``not_recorded`` were left out of the denominator, ``unlinked`` are contacts whose person is not
    known, ``pending`` what cannot be said yet.
    """

    period: Period
    numerator: int | None
    denominator: int | None
    share: Estimated | None
    not_recorded: int = 0
    unlinked: int = 0
    dimension: str | None = None
    place: str | None = None
    level: str | None = None
    pending: int = 0
    median: float | None = None
    unit: str = ""

    @property
    def value(self) -> float | int | None:
        """The share as a proportion, the median in its unit, or the count; None where there is none."""
        if self.median is not None:
            return self.median
        return self.numerator if self.share is None else self.share.estimate

    @property
    def reason(self) -> str | None:
        """Why there is no number, or None."""
        return self.share.reason if isinstance(self.share, NotEstimable) else None


@dataclass(frozen=True)
class Result:
    """One measure with all its values; ``lacks`` are the columns that would supply it."""

    measure: Measure
    values: tuple[Value, ...] = ()
    baseline: Value | None = None
    target: float | None = None
    lacks: tuple[str, ...] = ()

    def of(self, *kinds: str, split: bool = False) -> tuple[Value, ...]:
        """Return the values of some kinds of period: those not split, or only those that are."""
        return tuple(
            v for v in self.values if v.period.kind in kinds and split == bool(v.place or v.level)
        )

    @property
    def whole(self) -> Value | None:
        """The value of the whole period asked for, not split."""
        return next(iter(self.of(WHOLE)), None)


@dataclass(frozen=True)
class Report:
    """A set of measures over the periods of a grant. For internal use: small counts stand as they are."""

    set: MeasureSet
    results: tuple[Result, ...]
    periods: tuple[Period, ...]
    baseline: Period | None
    year_starts: int
    start: date
    end: date
    snapshot: str
    simulated: bool
    agencies: tuple[str, ...]
    access: str = "internal"

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row per value, for a spreadsheet; what is not computed is one row too."""
        found = []
        for r in self.results:
            m = r.measure
            head = {
                "set": self.set.label,
                "edition": self.set.edition,
                "measure": m.id,
                "name": m.name,
                "definition": m.definition,
                "own_stand_in": m.nearest,
                "unit": None if r.lacks else m.unit,
                "value_is": None if r.lacks else kind(m),
                "denominator_is": None if r.lacks else denominator(m),
                "pending_is": m.pending_words or None,
            }
            tail = {
                "baseline": r.baseline.value if r.baseline else None,
                "baseline_first_day": r.baseline.period.counted_first if r.baseline else None,
                "baseline_last_day": r.baseline.period.counted_last if r.baseline else None,
                "target": r.target,
                "needs": "; ".join(r.lacks),
                "needs_data": m.needs_words if r.lacks else "",
                "note": m.note,
                "check": "check your award",
                "access": self.access,
                "simulated": self.simulated,
                "snapshot": self.snapshot,
            }
            for v in r.values:
                found.append(head | _flat(v) | tail)
            if not r.values:
                found.append(head | dict.fromkeys(_FLAT) | tail)
        return found

    def to_csv(self) -> str:
        """Return the rows as CSV with a header; a label never reads as a spreadsheet's formula."""
        rows = self.rows()
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({name: _cell(v) for name, v in row.items()} for row in rows)
        return text.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "schema_version": SCHEMA_VERSION,
            "set": {
                "id": self.set.id,
                "label": self.set.label,
                "funder": self.set.funder,
                "edition": self.set.edition,
                "source": self.set.source,
                "check": "check your award",
            },
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "year_starts": self.year_starts,
            "baseline": _period_dict(self.baseline) if self.baseline else None,
            "access": self.access,
            "simulated": self.simulated,
            "snapshot": self.snapshot,
            "measures": [_result_dict(r) for r in self.results],
        }


_FLAT = (
    "period_kind", "period", "first_day", "last_day", "partial", "months_missing", "split_by",
    "place", "kind", "numerator", "denominator", "value", "low", "high", "not_recorded",
    "person_not_known", "pending", "reason",
)  # fmt: skip


def _flat(v: Value) -> dict[str, Any]:
    share = v.share
    found = (
        v.period.kind, v.period.label, v.period.counted_first, v.period.counted_last,
        v.period.partial, len(v.period.gaps), v.dimension, v.place, v.level, v.numerator,
        v.denominator, v.value, share.low if share else None, share.high if share else None,
        v.not_recorded, v.unlinked, v.pending, v.reason,
    )  # fmt: skip
    return dict(zip(_FLAT, found, strict=True))


def kind(m: Measure) -> str:
    """Return what the value of a measure is: a share, a count, or a median with its unit."""
    return f"median, {m.median_unit}" if m.median else "share" if m.share else "count"


def denominator(m: Measure) -> str | None:
    """Return what a measure is a share or the median of, or None for a count."""
    return m.among_words if m.share or m.median else None


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _period_dict(p: Period) -> dict[str, Any]:
    return {
        "kind": p.kind,
        "label": p.label,
        "from": p.counted_first.isoformat(),
        "to": p.counted_last.isoformat(),
        "partial": p.partial,
        "months_missing": [g.isoformat() for g in p.gaps],
    }


def _value_dict(v: Value) -> dict[str, Any]:
    found = {
        "period": _period_dict(v.period),
        "split_by": v.dimension,
        "place": v.place,
        "kind": v.level,
        "numerator": v.numerator,
        "denominator": v.denominator,
        "value": v.value,
        "low": v.share.low if v.share else None,
        "high": v.share.high if v.share else None,
        "not_recorded": v.not_recorded,
        "person_not_known": v.unlinked,
        "pending": v.pending,
    }
    return found | ({"reason": v.reason} if v.reason else {})


def _result_dict(r: Result) -> dict[str, Any]:
    m = r.measure
    return {
        "id": m.id,
        "name": m.name,
        "definition": m.definition,
        "own_stand_in": m.nearest,
        "unit": None if r.lacks else m.unit,
        "share": None if r.lacks else m.share,
        "value_is": None if r.lacks else kind(m),
        "denominator_is": None if r.lacks else denominator(m),
        "pending_is": m.pending_words or None,
        "needs": list(r.lacks),
        "needs_data": (m.needs_words or None) if r.lacks else None,
        "target": r.target,
        "baseline": _value_dict(r.baseline) if r.baseline else None,
        "values": [_value_dict(v) for v in r.values],
        "note": m.note,
    }
