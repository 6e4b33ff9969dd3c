"""What is asked: who, when, which outcomes, which exposure, adjusted for what."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from data import registry
from data.errors import UserError

Access = Literal["internal", "public"]
ACCESSES: tuple[Access, ...] = ("internal", "public")


def primary_outcomes() -> tuple[str, ...]:
    """Return the ids of the pre-specified primary outcomes."""
    return tuple(o.id for o in registry.OUTCOMES if o.family == "primary")


def default_adjusters() -> tuple[str, ...]:
    """Return the ids of the pre-specified adjusters, all known at dispatch."""
    return tuple(c.id for c in registry.COVARIATES if c.default_adjuster)


@dataclass(frozen=True)
class Question:
    """One question to a snapshot. Hashable: it is a cache key and the source of a link.

    ``where`` holds (covariate id, levels): the levels of one are OR, different covariates AND. Both
    dates are inclusive. Build with :func:`ask`, which checks every part.
    """

    outcomes: tuple[str, ...]
    exposure: str = "primary"
    adjust: tuple[str, ...] = ()
    start: date | None = None
    end: date | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def filtered(self) -> bool:
        """True if only part of the store is asked about: such a view is exploratory."""
        return bool(self.where or self.start or self.end)

    def only(self, *outcomes: str) -> Question:
        """Return the same question about other outcomes."""
        return replace(self, outcomes=outcomes)

    def to_dict(self) -> dict[str, Any]:
        """Return the question as plain JSON values."""
        return {
            "outcomes": list(self.outcomes),
            "exposure": self.exposure,
            "adjust": list(self.adjust),
            "from": self.start.isoformat() if self.start else None,
            "to": self.end.isoformat() if self.end else None,
            "where": {dim: list(levels) for dim, levels in self.where},
        }


def ask(
    outcomes: tuple[str, ...] | list[str] | None = None,
    exposure: str = "primary",
    adjust: tuple[str, ...] | list[str] | None = None,
    start: date | None = None,
    end: date | None = None,
    where: dict[str, list[str]] | None = None,
) -> Question:
    """Return a checked question; the defaults are the pre-specified analysis.

    Raises ``UserError`` for an unknown outcome, exposure or covariate, for an adjuster that was not
    known at dispatch, and for a period that ends before it starts.
    """
    chosen = tuple(dict.fromkeys(outcomes or primary_outcomes()))
    for id_ in chosen:
        registry.outcome(id_)
    registry.exposure(exposure)
    adjusters = default_adjusters() if adjust is None else tuple(dict.fromkeys(adjust))
    for id_ in adjusters:
        covariate = registry.covariate(id_)
        if not covariate.may_adjust:
            raise UserError(
                f"{id_!r} cannot adjust: it was not known at dispatch; use it with --where instead"
            )
    if start and end and end < start:
        raise UserError(f"the period ends ({end}) before it starts ({start}); swap the two dates")
    filters = []
    for dim, levels in sorted((where or {}).items()):
        registry.covariate(dim)
        if levels:
            filters.append((dim, tuple(sorted(dict.fromkeys(levels)))))
    return Question(chosen, exposure, adjusters, start, end, tuple(filters))
