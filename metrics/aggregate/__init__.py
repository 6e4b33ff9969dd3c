"""One grouped query -> counts. The only package that touches an engine.

The question is an Ibis expression, so the same one can run on another engine; what comes back is
never a row of a person but counts per exposure, covariate pattern and (if asked) officer.
"""

from metrics.aggregate.careers import (
    CAREER,
    FIRST,
    NEVER,
    PERIOD,
    TURNED,
    Careers,
    adoption,
    careers,
    half_years,
    within,
)
from metrics.aggregate.counts import Counts, by_definition, counts, regroup, sql
from metrics.aggregate.coverage import Coverage, coverage, levels, supplied
from metrics.aggregate.days import (
    CHOICE,
    certifications,
    daily,
    event_days,
    force_cells,
    force_levels,
)
from metrics.aggregate.measures import Span, Tally, Window, month_counts, tallies, windows
from metrics.aggregate.relation import EXPOSURE, MONTH, OFFICER, PERSON, outdated

__all__ = [
    "CAREER",
    "CHOICE",
    "EXPOSURE",
    "FIRST",
    "MONTH",
    "NEVER",
    "OFFICER",
    "PERIOD",
    "PERSON",
    "TURNED",
    "Careers",
    "Counts",
    "Coverage",
    "Span",
    "Tally",
    "Window",
    "adoption",
    "by_definition",
    "careers",
    "certifications",
    "counts",
    "coverage",
    "daily",
    "event_days",
    "force_cells",
    "force_levels",
    "half_years",
    "levels",
    "month_counts",
    "outdated",
    "regroup",
    "sql",
    "supplied",
    "tallies",
    "windows",
    "within",
]
