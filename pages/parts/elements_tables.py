"""Tables of the program elements: one row each, in words on the screen and typed in files."""

from __future__ import annotations

import pandas as pd

from data.registry.elements import GROUPS, ElementGroup
from metrics.elements import Line, Minutes, Scorecard
from metrics.estimate import NotEstimable
from metrics.wording import elements as words
from metrics.wording.certification import day
from pages.print import frames


def groups(found: Scorecard) -> tuple[tuple[ElementGroup, tuple[Line, ...]], ...]:
    """Return the lines by their part of the scorecard, in its order."""
    return tuple((g, tuple(a for a in found.lines if a.element.group == g.id)) for g in GROUPS)


def table(lines: tuple[Line, ...]) -> pd.DataFrame:
    """Return one row per element: what the records tell, and what was assessed, by whom and on what.

    Columns that say nothing of any of them are left out, but for the assessment.
    """
    found = pd.DataFrame(
        [
            {
                "Element": words.name(a.element),
                "From the records": words.value(a),
                "As assessed": words.assessment(a),
                "Last outside review": words.outside(a),
            }
            for a in lines
        ]
    )
    return found[[c for i, c in enumerate(found.columns) if i in (0, 2) or found[c].any()]]


def frame(found: Scorecard) -> pd.DataFrame:
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


def history(found: Scorecard) -> pd.DataFrame:
    """Return every assessment: an element a row, a date a column, newest first."""
    days = sorted({a.as_of for line in found.lines for a in line.history}, reverse=True)
    return pd.DataFrame(
        [
            {"Element": words.name(line.element)}
            | {
                day(d): next((words.status(a) for a in line.history if a.as_of == d), "")
                for d in days
            }
            for line in found.lines
            if line.element.assessed
        ]
    )


def history_frame(found: Scorecard) -> pd.DataFrame:
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


def instruments(found: Scorecard) -> pd.DataFrame:
    """Return one row per instrument, edition and date."""
    return pd.DataFrame(
        [
            {
                "Date": day(i.as_of),
                "Instrument and edition": i.name or words.NOT_RECORDED,
                "Assessed by": words.ASSESSORS.get(i.assessed_by or "", words.NOT_RECORDED),
                "Elements": f"{i.elements}",
            }
            for i in found.instruments
        ]
    )
