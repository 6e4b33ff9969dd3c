"""Words of the brief's last parts: how long officers wait, and the decisions that these data can put."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data import registry
from metrics.estimate import NotEstimable
from metrics.result import Comparison
from metrics.wording import marks
from metrics.wording.numbers import capital, number, percent
from metrics.wording.planner import decision as planned
from metrics.wording.printed import share_missing

if TYPE_CHECKING:
    from metrics.duty import Lacking
    from metrics.handoffs import Handoffs
    from metrics.planner import Plan
    from metrics.tile import Tile

WAITS_MISSING = "Wait at each facility: not recorded, needs the hospital log."
NO_PLAN = "Which district and shift to certify for: not computed, needs the duty roster."
NO_WAITS = "Which facility to ask for a shorter hand-off: not computed, needs the hospital log."
MOST_FACILITIES = 4
FEWEST_TO_ASK = 30
"""Hand-offs with which a facility is asked for shorter ones."""


def waits(found: Handoffs | None) -> list[str]:
    """Say how long officers wait at the facilities with the most hand-offs."""
    if found is None:
        return [WAITS_MISSING]
    timed = [f for f in found.facilities if not isinstance(f.free.median, NotEstimable)]
    if not timed:
        return ["Wait at each facility: too few hand-offs with both times to say."]
    most = sorted(timed, key=lambda f: -f.free.n)[:MOST_FACILITIES]
    shown = "; ".join(
        f"{marks.shown(f.label)} {number(f.free.median)} min of {f.free.n:,}"
        + (f" (promised {f.target})" if f.target else "")
        for f in most
        if not isinstance(f.free.median, NotEstimable)
    )
    return [f"Middle wait from arrival until the officer was free: {shown}."]


def _shorter(found: Handoffs | None) -> str:
    """Ask the facility that is furthest over what it promised."""
    if found is None:
        return NO_WAITS
    over = [
        (f.free.median - f.target, f.label, f)
        for f in found.facilities
        if f.target
        and f.free.n >= FEWEST_TO_ASK
        and not isinstance(f.free.median, NotEstimable)
        and f.free.median > f.target
    ]
    if not over:
        return "No facility's middle wait is over the minutes it promised."
    _, label, worst = max(over)
    return (
        f"Ask {marks.shown(label)} for its promised {worst.target}-minute hand-off: half of"
        f" {worst.free.n:,} took more than {_minutes(worst.free.median)}."
    )


def _minutes(value: float | NotEstimable) -> str:
    return "too few" if isinstance(value, NotEstimable) else f"{number(value)} minutes"


def decisions(
    tiles: tuple[Tile, ...],
    comparisons: tuple[Comparison, ...],
    plan: Plan | Lacking | None = None,
    waits: Handoffs | None = None,
) -> list[str]:
    """Return the decisions that these data can put, and which file the others need."""
    lines = [NO_PLAN if plan is None else capital(f"{planned(plan)}."), _shorter(waits)]
    for tile in tiles:
        if tile.id == "coverage":
            lines += [f"Renewals: {d}" for d in tile.details if "lapse" in d and d[:1].isdigit()]
    gaps = [c for c in comparisons if not c.lacks and not c.withheld and c.not_recorded.outcome]
    if gaps:
        worst = max(gaps, key=share_missing)
        columns = ", ".join(registry.outcome(worst.outcome).sources)
        lines.append(
            f"Ask for {columns} on every form: {registry.outcome(worst.outcome).label.lower()} was not"
            f" recorded for {percent(share_missing(worst))} of the contacts compared."
        )
    return lines
