"""Which difference, times which quantity, times which unit cost. Adding a part is one entry.

A part's money per contact is the difference per contact x its quantities x its unit cost. The payer and
the kind of cost are those of the unit cost, unless the entry says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from data import registry

Source = Literal["outcome", "minutes", "training"]


@dataclass(frozen=True)
class Flow:
    """One part of a scenario.

    ``source`` is what drives it: an outcome's difference (the first of ``outcomes`` that the source
    records), the difference in mean officer minutes, or the officers certified. ``quantities`` multiply
    and ``spread_over`` divides. ``unless`` names the part that already holds it: where that one is
    counted, this one is not. ``kind`` stands in for the kind of the unit cost. ``note`` says what to know.
    """

    id: str
    label: str
    source: Source
    item: str
    outcomes: tuple[str, ...] = ()
    quantities: tuple[str, ...] = ()
    spread_over: str | None = None
    scale: float = 1.0
    unless: str | None = None
    kind: str | None = None
    note: str = ""

    @property
    def items(self) -> tuple[str, ...]:
        """The unit cost and the quantities it needs."""
        return (self.item, *self.quantities, *((self.spread_over,) if self.spread_over else ()))


_JAIL = ("jail_booking", "arrest")
_BOOKED = "Where bookings are not recorded, arrests stand in: not every arrest is a booking."

FLOWS = (
    Flow("jail_booking", "Jail bookings", "outcome", "jail_booking", _JAIL, note=_BOOKED),
    Flow(
        "jail_days",
        "Jail days",
        "outcome",
        "jail_day",
        _JAIL,
        ("days_per_booking",),
        note=_BOOKED,
    ),
    Flow(
        "officer_time",
        "Officer time on the contact",
        "minutes",
        "officer_hour",
        scale=1 / 60,
        note="Minutes from dispatch to clear, of all officers, holds and bookings included.",
    ),
    Flow(
        "hold_time",
        "Officer time on holds",
        "outcome",
        "officer_hour",
        ("emergency_hold",),
        ("minutes_per_hold",),
        scale=1 / 60,
        unless="officer_time",
    ),
    Flow(
        "ed_visit",
        "Emergency department visits",
        "outcome",
        "ed_visit",
        ("emergency_hold",),
        ("ed_visits_per_hold",),
    ),
    Flow(
        "evaluation",
        "Involuntary evaluations",
        "outcome",
        "involuntary_evaluation",
        ("emergency_hold",),
        ("ed_visits_per_hold",),
        unless="ed_visit",
        note="A visit and an evaluation for one hold would count the same bed twice.",
    ),
    Flow(
        "inpatient",
        "Inpatient stays after a hold",
        "outcome",
        "inpatient_stay",
        ("emergency_hold",),
        ("stays_per_hold",),
    ),
    Flow("officer_injury", "Officer injuries", "outcome", "officer_injury", ("officer_injury",)),
    Flow(
        "claim",
        "Liability claims",
        "outcome",
        "liability_claim",
        ("claim",),
        ("payments_per_claim",),
    ),
    Flow(
        "receiving_visit",
        "Added care: receiving facility",
        "outcome",
        "receiving_facility_visit",
        ("voluntary_care",),
        ("visits_per_care",),
    ),
    Flow(
        "clinician",
        "Added care: clinicians",
        "outcome",
        "clinician_hour",
        ("referral",),
        ("clinician_hours_per_referral",),
    ),
    Flow(
        "training_hours",
        "Training: the officers' own hours",
        "training",
        "officer_hour",
        quantities=("training_hours",),
        spread_over="certification_years",
    ),
    Flow(
        "training_backfill",
        "Training: backfill",
        "training",
        "officer_hour",
        quantities=("backfill_hours",),
        spread_over="certification_years",
        # Someone is paid to stand in, whatever kind of cost an officer's hour is elsewhere.
        kind="marginal",
    ),
    Flow(
        "training_tuition",
        "Training: tuition",
        "training",
        "cit_training_officer",
        spread_over="certification_years",
    ),
)

ITEMS = tuple(i.id for i in registry.COST_ITEMS if any(i.id in f.items for f in FLOWS))
"""The items that some part uses, in the order of the registry."""
