"""The registries: outcomes, exposures, covariates, measures and dispositions, declared as data."""

from __future__ import annotations

from typing import TypeVar

from data.errors import UserError
from data.registry.costs import COST_ITEMS, CostItem, cost_item
from data.registry.covariates import COVARIATES, Covariate
from data.registry.dispositions import DISPOSITIONS, Disposition
from data.registry.elements import ELEMENTS
from data.registry.exposures import EXPOSURES, Exposure
from data.registry.force import FORCE_CATEGORIES, FORCE_LEVELS, ForceCategory
from data.registry.measures import MEASURES, SETS, Measure, MeasureSet, measures_of
from data.registry.outcomes import OUTCOMES, Outcome

__all__ = [
    "COST_ITEMS",
    "COVARIATES",
    "DISPOSITIONS",
    "ELEMENTS",
    "EXPOSURES",
    "FORCE_CATEGORIES",
    "FORCE_LEVELS",
    "MEASURES",
    "NOT_RECORDED",
    "OUTCOMES",
    "SETS",
    "CostItem",
    "Covariate",
    "Disposition",
    "Exposure",
    "ForceCategory",
    "Measure",
    "MeasureSet",
    "Outcome",
    "cost_item",
    "covariate",
    "exposure",
    "level_label",
    "measures_of",
    "outcome",
]

NOT_RECORDED = "not_recorded"
"""The level a covariate takes where the source did not record it."""

Entry = TypeVar("Entry", Outcome, Exposure, Covariate)


def _find(kind: str, entries: tuple[Entry, ...], id_: str) -> Entry:
    for entry in entries:
        if entry.id == id_:
            return entry
    raise UserError(
        f"there is no {kind} {id_!r}; choose one of: {', '.join(e.id for e in entries)}"
    )


def outcome(id_: str) -> Outcome:
    """Return the outcome; raise ``UserError`` listing the known ones if there is none."""
    return _find("outcome", OUTCOMES, id_)


def exposure(id_: str) -> Exposure:
    """Return the exposure; raise ``UserError`` listing the known ones if there is none."""
    return _find("exposure", EXPOSURES, id_)


def covariate(id_: str) -> Covariate:
    """Return the covariate; raise ``UserError`` listing the known ones if there is none."""
    return _find("covariate", COVARIATES, id_)


def level_label(covariate_id: str, level: str) -> str:
    """Return a covariate level in words."""
    if level == NOT_RECORDED:
        return "Not recorded"
    known = dict(covariate(covariate_id).labels)
    if level in known:
        return known[level]
    # A district is named as the agency names it; a code list reads as words.
    return level.replace("_", " ").capitalize() if level.islower() else level
