"""Tables of the program elements for files: typed, one row each."""

from __future__ import annotations

import pandas as pd

from metrics.elements import Line, Minutes, Scorecard
from metrics.estimate import NotEstimable
from pages.print import frames


def rows(found: Scorecard) -> pd.DataFrame:
    """Return the typed scorecard: what a file holds."""
    return frames.frame(_row(found, a) for a in found.lines)


def _row(found: Scorecard, line: Line) -> dict[str, object]:
    value, rated, other = line.value, line.rated, line.outside
    known = value is not None and not isinstance(value, NotEstimable)
    minutes = isinstance(value, Minutes)
    return {
        "as_of": found.day,
        "element": line.element.id,
        "question": line.element.question,
        "computed_count": value.events if known and not minutes else None,  # type: ignore[union-attr]
        "computed_of": value.n if known else None,  # type: ignore[union-attr]
        "computed_not_recorded": value.unknown if known else None,  # type: ignore[union-attr]
        "median_minutes": value.median if isinstance(value, Minutes) else None,
        "reason": value.reason if isinstance(value, NotEstimable) else None,
        "status": rated.status if rated else None,
        "assessed_on": rated.as_of if rated else None,
        "assessed_by": rated.assessed_by if rated else None,
        "instrument": rated.instrument if rated else None,
        "evidence": rated.evidence if rated else None,
        "outside_status": other.status if other else None,
        "outside_assessed_on": other.as_of if other else None,
        "outside_assessed_by": other.assessed_by if other else None,
    }


def history_rows(found: Scorecard) -> pd.DataFrame:
    """Return every assessment as one row, typed."""
    return frames.frame(
        {
            "element": a.element,
            "assessed_on": a.as_of,
            "status": a.status,
            "instrument": a.instrument,
            "assessed_by": a.assessed_by,
            "evidence": a.evidence,
        }
        for line in found.lines
        for a in line.history
    )
