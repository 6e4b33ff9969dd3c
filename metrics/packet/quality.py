"""The data-quality statement of a packet: what was loaded, rejected, not recorded, and contaminated.

Counts and the program's own words only: no value, file name or note of an export.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from data import loads, registry
from data.loads import LoadRecord
from data.store import Snapshot
from metrics import aggregate, wording
from metrics.packet.numbers import text
from metrics.question import Question
from metrics.result import Comparison
from metrics.wording import packet as words
from metrics.wording import page

_MOST = 1_000_000


def statement(
    question: Question, snapshot: Snapshot, comparisons: tuple[Comparison, ...]
) -> dict[str, bytes]:
    """Return the statement as JSON and as text."""
    told = facts(question, snapshot, comparisons)
    lines = words.quality(told)
    return {"data_quality.json": text(told), "data_quality.txt": ("\n".join(lines) + "\n").encode()}


def facts(
    question: Question, snapshot: Snapshot, comparisons: tuple[Comparison, ...]
) -> dict[str, Any]:
    """Return the statement's facts as JSON values."""
    coverage = aggregate.coverage(snapshot)
    rejected = Counter(
        (column, reason) for _, _, column, reason in loads.rejected_rows(snapshot, _MOST)
    )
    return {
        "asked": page.period(coverage, question),
        "contacts": coverage.contacts,
        "first": coverage.first.isoformat() if coverage.first else None,
        "last": coverage.last.isoformat() if coverage.last else None,
        "loads": [_load(record) for record in loads.records(snapshot)],
        "rejected": [
            {"column": column, "reason": reason, "rows": n}
            for (column, reason), n in sorted(rejected.items())
        ],
        "answers": [
            {"column": a.column, "yes": a.yes, "no": a.no, "unknown": a.unknown, "blank": a.blank}
            for a in loads.answers(snapshot)
        ],
        "not_recorded": [
            {
                "outcome": c.outcome,
                "words": wording.missing(c),
                "contamination": wording.contamination(c),
            }
            for c in comparisons
        ],
        "groups_recorded": [
            {
                "exposure": e.id,
                "contacts": coverage.recorded[f"exposure_{e.id}"],
                "from": _day(coverage.exposure_from[e.id]),
                "to": _day(coverage.exposure_to[e.id]),
            }
            for e in registry.EXPOSURES
        ],
        "lacking": [
            {"outcome": o.id, "needs": list(o.sources)}
            for o in registry.OUTCOMES
            if not coverage.records_outcome(o.id)
        ],
    }


def _load(record: LoadRecord) -> dict[str, Any]:
    return {
        "source": record.source,
        "mapping": record.mapping,
        "files": len(record.files),
        "loaded": f"{record.started_at:%Y-%m-%dT%H:%M:%SZ}",
        "covers_from": _day(record.covers_from),
        "covers_to": _day(record.covers_to),
        "rows_read": record.rows_read,
        "contacts": record.contacts,
        "duplicates_collapsed": record.duplicates_collapsed,
        "rejected": record.rejected,
        "removed": record.removed,
        "conflicts": record.conflicts,
        # How many values the mapping does not know, not which: they are the agency's own text.
        "unknown_values": {c: sum(v.values()) for c, v in record.unknown_values.items()},
        "columns_never_stored": len(record.dropped_columns),
        "columns_not_used": len(record.unused_columns),
    }


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None
