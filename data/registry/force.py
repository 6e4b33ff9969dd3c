"""The scale of force: which category has which rank. The ordinal is the highest rank of a contact."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ForceCategory:
    """One category of force; ``rank`` is None where it is off the scale and reported beside it."""

    code: str
    rank: int | None


FORCE_CATEGORIES = (
    ForceCategory("control_hold_or_escort", 1),
    ForceCategory("takedown_no_injury", 1),
    ForceCategory("body_weight_pin", 1),
    ForceCategory("pressure_point_or_joint_lock", 2),
    ForceCategory("takedown_injury", 2),
    ForceCategory("strike_or_kick", 2),
    ForceCategory("chemical", 3),
    ForceCategory("ced_used", 3),
    ForceCategory("impact_weapon", 3),
    ForceCategory("impact_munition", 3),
    ForceCategory("canine_bite", 3),
    ForceCategory("vehicle", 3),
    ForceCategory("neck_restraint", 4),
    ForceCategory("strike_to_head_with_object", 4),
    ForceCategory("firearm_discharged", 4),
    ForceCategory("none", 0),
    ForceCategory("verbal_only", None),
    ForceCategory("handcuffs", None),
    ForceCategory("display", None),
)

FORCE_LEVELS = tuple(sorted({c.rank for c in FORCE_CATEGORIES if c.rank is not None}))
"""The ranks of the scale, from none to the gravest."""


def rank_sql(category: str) -> str:
    """SQL: the rank of a category, NULL where it is off the scale or not known."""
    cases = []
    for level in FORCE_LEVELS:
        listed = ", ".join(f"'{c.code}'" for c in FORCE_CATEGORIES if c.rank == level)
        cases.append(f"WHEN {category} IN ({listed}) THEN {level}")
    return f"CASE {' '.join(cases)} END"
