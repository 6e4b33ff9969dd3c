"""Tables of the program elements: one row each, in words on the screen and typed in files."""

from __future__ import annotations

import pandas as pd

from data.registry.elements import GROUPS, ElementGroup
from metrics.elements import Line, Scorecard
from metrics.wording import elements as words
from metrics.wording.certification import day


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
