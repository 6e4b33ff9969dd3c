"""Force, injuries and critical events."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.columns import (
    DAY,
    Array,
    Rng,
    answered,
    clock,
    constant,
    counts,
    days,
    keys,
    labels,
    numbered,
    pick,
    text,
    yes_no,
)
from data.simulation.dispatch import Calls
from data.simulation.forms import Forms
from data.simulation.model import Options
from data.simulation.outcomes import Drawn
from data.simulation.workforce import Workforce

# Category, share of applications, rank on the ordinal scale (0 for what is off it).
FORCE = (
    ("control_hold_or_escort", 0.43, 1),
    ("takedown_no_injury", 0.25, 1),
    ("body_weight_pin", 0.06, 1),
    ("pressure_point_or_joint_lock", 0.08, 2),
    ("takedown_injury", 0.0, 2),
    ("strike_or_kick", 0.05, 2),
    ("chemical", 0.02, 3),
    ("ced_used", 0.075, 3),
    ("impact_weapon", 0.005, 3),
    ("impact_munition", 0.007, 3),
    ("canine_bite", 0.005, 3),
    ("vehicle", 0.001, 3),
    ("neck_restraint", 0.0015, 4),
    ("strike_to_head_with_object", 0.001, 4),
    ("firearm_discharged", 0.0025, 4),
    ("display", 0.0, 0),
)
_CATEGORIES = tuple(f[0] for f in FORCE)
_RANKS = np.array([f[2] for f in FORCE])
_DISPLAY, _FIREARM = _CATEGORIES.index("display"), _CATEGORIES.index("firearm_discharged")
_TAKEDOWN, _HURT = _CATEGORIES.index("takedown_no_injury"), _CATEGORIES.index("takedown_injury")

CAUSES = (
    "officer_force",
    "subject_assault",
    "self_inflicted_before_arrival",
    "self_inflicted_during",
    "before_contact",
    "accident",
    "restraint_or_transport",
)
DURING = (
    "officer_force",
    "subject_assault",
    "self_inflicted_during",
    "accident",
    "restraint_or_transport",
)
_SEVERITIES = ("complaint_of_pain", "minor", "serious", "fatal", "unknown")


def tables(
    options: Options,
    staff: Workforce,
    calls: Calls,
    drawn: Drawn,
    forms: Forms,
    cleared: Array,
    rng: Rng,
) -> dict[str, pd.DataFrame]:
    """Return force events, injuries and critical events.

    A force report or an injury is there only where the form recorded it too: otherwise the other
    table would tell what is missing, and only for those with the event.
    """
    force, fired = _force_events(options, staff, calls, drawn, forms, cleared, rng)
    injuries, grave = _injuries(options, staff, drawn, forms, fired, rng)
    at = calls.dispatched[drawn.call]
    return {
        "force_events": force,
        "injuries": injuries,
        "critical_events": _critical(options, forms, fired, grave, at, rng),
    }


def _force_events(
    options: Options,
    staff: Workforce,
    calls: Calls,
    drawn: Drawn,
    forms: Forms,
    cleared: Array,
    rng: Rng,
) -> tuple[pd.DataFrame, Array]:
    known = forms.recorded()["force"]
    used = np.flatnonzero(drawn.observed["force"] & known)
    applied = np.repeat(used, np.minimum(rng.geometric(0.68, len(used)), 4))
    shown = np.flatnonzero(forms.displayed & known)
    contact = np.concatenate([applied, shown])
    category = np.concatenate(
        [pick(rng, [f[1] for f in FORCE], len(applied)), np.full(len(shown), _DISPLAY)]
    )
    order = np.argsort(contact, kind="stable")
    contact, category = contact[order], category[order].astype(int)
    hurt = forms.subject_injured[contact]
    category = np.where((category == _TAKEDOWN) & hurt, _HURT, category)
    n, seq = len(contact), numbered(contact)
    # The first application is the primary officer's; a later one may be anybody's on scene.
    team = calls.team.call
    call = drawn.call[contact]
    first = np.searchsorted(team, call)
    size = np.searchsorted(team, call, side="right") - first
    other = (rng.random(n) * size).astype(int)
    officer = calls.team.officer[first + np.where(seq == 1, 0, other)]
    rank, display = _RANKS[category], category == _DISPLAY
    number = np.cumsum(seq == 1)
    due = cleared[contact] + 24 * 3600
    filed = forms.force_filed[contact]
    pending = forms.reviewed[contact] == 0
    frame = pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "force_id": text(keys("F", number, 5)),
            "seq": seq,
            "contact_id": text(forms.ids, contact),
            "incident_id": text(forms.incident_ids, call),
            "officer_key": text(staff.keys, officer),
            "agency_level": labels(
                np.maximum(rank - 1, 0), ("Level 1", "Level 2", "Level 3", "Level 4")
            ),
            "category": labels(category, _CATEGORIES),
            "display_only": yes_no(display),
            "while_restrained": answered(rng, ~display & (rng.random(n) < 0.05), 0.01, 0.02),
            "reason": labels(
                pick(rng, (0.26, 0.36, 0.13, 0.08, 0.10, 0.05, 0.02), n),
                (
                    "arrest",
                    "hold_or_transport",
                    "danger_to_self",
                    "danger_to_others",
                    "defence",
                    "escape",
                    "other",
                ),
            ),
            "resistance": labels(
                pick(rng, (0.14, 0.54, 0.27, 0.05), n),
                ("verbal_or_passive", "active", "assaultive", "life_threatening"),
            ),
            "effective": answered(rng, rng.random(n) < 0.84, 0.02, 0.04),
            "report_due_at": clock(due),
            "report_filed_at": clock(filed, filed == 0),
            "supervisor_reviewed_at": clock(forms.reviewed[contact], pending),
            "finding": labels(
                np.where(pending, 3, pick(rng, (0.93, 0.04, 0.02, 0.0, 0.01), n)),
                ("within_policy", "training", "policy_violation", "pending", "other"),
            ),
        }
    )
    return frame, np.unique(contact[category == _FIREARM])


def _injuries(
    options: Options, staff: Workforce, drawn: Drawn, forms: Forms, fired: Array, rng: Rng
) -> tuple[pd.DataFrame, Array]:
    said = ~(forms.subject_blank | forms.subject_unknown)
    subject = np.flatnonzero(forms.subject_injured & said)
    officer = np.flatnonzero(forms.officer_injured & ~(forms.officer_blank | forms.officer_unknown))
    before = np.flatnonzero(drawn.reached & (rng.random(len(drawn.call)) < 0.03))
    force = drawn.observed["force"][subject]
    by_force = force & (rng.random(len(subject)) < 0.85)
    cause = np.concatenate(
        [
            np.where(by_force, 0, np.array([3, 5, 6])[pick(rng, (0.4, 0.35, 0.25), len(subject))]),
            np.array([1, 5, 6])[pick(rng, (0.7, 0.2, 0.1), len(officer))],
            np.array([2, 4])[pick(rng, (0.7, 0.3), len(before))],
        ]
    )
    contact = np.concatenate([subject, officer, before])
    is_officer = np.repeat([False, True, False], [len(subject), len(officer), len(before)])
    severity = pick(rng, (0.34, 0.58, 0.045, 0.0, 0.035), len(contact))
    shot = np.isin(contact, fired) & (cause == 0)
    severity = np.where(shot, np.where(rng.random(len(contact)) < 0.4, 3, 2), severity)
    order = np.argsort(contact, kind="stable")
    contact, cause, severity, is_officer = (
        a[order] for a in (contact, cause, severity, is_officer)
    )
    n = len(contact)
    treated = np.where(
        severity >= 2,
        np.where(severity == 4, 6, pick(rng, (0, 0, 0, 0.5, 0.5), n)),
        pick(rng, (0.25, 0.3, 0.25, 0.15, 0.0, 0.05), n),
    )
    during = np.isin(cause, [CAUSES.index(c) for c in DURING])
    frame = pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "injury_id": text(keys("J", np.arange(1, n + 1), 5)),
            "contact_id": text(forms.ids, contact),
            "who": labels(np.where(is_officer, 1, 0), ("subject", "officer")),
            "officer_key": text(staff.keys, drawn.officer[contact], ~is_officer),
            "cause": labels(cause, CAUSES),
            "severity": labels(severity, _SEVERITIES),
            "nibrs_code": labels(np.select([severity == 2, severity == 3], [1, -1], 0), ("M", "O")),
            "treatment": labels(
                treated,
                (
                    "none",
                    "first_aid",
                    "ems_on_scene",
                    "emergency_department",
                    "admitted",
                    "refused",
                    "unknown",
                ),
            ),
            "days_lost": counts(rng.geometric(0.3, n) - 1, ~is_officer),
            "comp_claim": yes_no(is_officer & (rng.random(n) < 0.3), blank=~is_officer),
        }
    )
    return frame, contact[during & (severity >= 2) & (severity < 4) & ~is_officer]


def _critical(
    options: Options,
    forms: Forms,
    fired: Array,
    grave: Array,
    at: Array,
    rng: Rng,
) -> pd.DataFrame:
    """Return the events that are listed one by one; a contact is here once."""
    n = len(at)
    after = rng.choice(n, rng.poisson(n * 3e-5), replace=False)
    harmed = grave[rng.random(len(grave)) < 0.2]
    contact = np.concatenate([fired, harmed, after]).astype(int)
    kind = np.repeat([0, 1, 2], [len(fired), len(harmed), len(after)])
    contact, first = np.unique(contact, return_index=True)
    kind, n = kind[first], len(contact)
    open_ = at[contact] > (options.last_day - 240) * DAY
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "critical_id": text(keys("X", np.arange(1, n + 1), 4)),
            "contact_id": text(forms.ids, contact),
            "kind": labels(
                kind,
                ("officer_shooting_nonfatal", "serious_bodily_injury", "suicide_within_30_days"),
            ),
            "occurred_on": days(
                at[contact] // DAY + np.where(kind == 2, rng.integers(1, 30, n), 0)
            ),
            "review_status": labels(
                np.where(open_, 0, 1 + pick(rng, (0.8, 0.12, 0.08), n)),
                ("open", "closed_within_policy", "closed_with_findings", "external"),
            ),
            "legal_hold": yes_no(kind != 2),
        }
    )
