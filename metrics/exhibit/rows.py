"""What the sensitivity exhibit holds: one row per way of asking the same question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from metrics.estimate import Estimated
from metrics.result import estimated

HEADLINE = "headline"


@dataclass(frozen=True)
class Row:
    """One analysis: what it changes of the headline, whom it speaks of, and its result.

    ``differs`` completes "As the headline, but ..."; ``population`` names the contacts it speaks of
    where they are not all of them. ``n`` and ``events`` count the contacts used, ``df`` is the
    contrast's degrees of freedom. A refused row gives its reason as both estimates.
    """

    id: str
    group: str
    label: str
    differs: str
    risk_difference: Estimated
    risk_ratio: Estimated
    n: int | None = None
    events: int | None = None
    df: float | None = None
    population: str | None = None

    @property
    def headline(self) -> bool:
        """Whether this is the pre-specified analysis, which no other row replaces."""
        return self.id == HEADLINE

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain JSON values."""
        return {
            "id": self.id,
            "group": self.group,
            "label": self.label,
            "differs": self.differs,
            "headline": self.headline,
            "population": self.population,
            "n": self.n,
            "events": self.events,
            "df": self.df,
            "risk_difference": estimated(self.risk_difference),
            "risk_ratio": estimated(self.risk_ratio),
        }


@dataclass(frozen=True)
class Exhibit:
    """All rows of one outcome, the headline first; ``lacking`` are (label, why not possible here)."""

    outcome: str
    exposure: str
    rows: tuple[Row, ...]
    lacking: tuple[tuple[str, str], ...]
    filtered: bool

    @property
    def headline(self) -> Row:
        """The pre-specified analysis."""
        return self.rows[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the exhibit as plain JSON values."""
        return {
            "rows": [row.to_dict() for row in self.rows],
            "lacking": [{"label": label, "reason": why} for label, why in self.lacking],
        }
