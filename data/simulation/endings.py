"""How each contact ended: custody, disposition, transport, in agreement with the drawn outcomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.registry import DISPOSITIONS
from data.simulation.columns import Array, Rng, pick, pick_by
from data.simulation.dispatch import Calls
from data.simulation.model import GROUPS
from data.simulation.outcomes import Drawn

CODES = tuple(d.code for d in DISPOSITIONS)
CUSTODY = (
    "none",
    "cited_released",
    "arrested_released",
    "arrested_booked",
    "arrested_booking_unknown",
)
PLACES = (
    "none",
    "emergency_department",
    "crisis_receiving",
    "psychiatric_hospital",
    "detox_sobering",
    "jail",
    "shelter",
    "home",
    "clinic",
    "other",
    "unknown",
)
AGREED = ("voluntary", "involuntary", "not_transported", "unknown")
CARE = {
    "admitted_voluntary": 0.20,
    "transport_crisis_facility": 0.32,
    "detox_sobering": 0.05,
    "mobile_crisis_on_scene": 0.10,
    "referred_provider": 0.27,
    "crisis_line": 0.06,
}
REST = {
    "resolved_on_scene": 0.46,
    "no_action": 0.13,
    "provider_notified": 0.08,
    "resources_declined": 0.09,
    "referred_for_evaluation": 0.04,
    "transport_medical": 0.06,
    "turned_over_family": 0.04,
    "turned_over_clinician": 0.01,
    "shelter_transport": 0.015,
    "courtesy_transport": 0.02,
    "frequent_contact": 0.03,
    "plan_consulted": 0.005,
    "other": 0.01,
}
_CHARGEABLE = {"domestic": 0.15, "assault": 0.25, "trespass": 0.25, "disturbance": 0.10}


@dataclass(frozen=True)
class Endings:
    """One row per contact; codes follow CUSTODY, PLACES and AGREED."""

    custody: Array
    place: Array
    agreed: Array
    chargeable: Array
    # One row per disposition: contact and code, in order of contact.
    contact: Array
    code: Array


def _code(name: str) -> int:
    return CODES.index(name)


def _drawn(rng: Rng, shares: dict[str, float], n: int) -> Array:
    names = np.array([_code(name) for name in shares])
    return names[pick(rng, list(shares.values()), n)]


def draw(drawn: Drawn, calls: Calls, rng: Rng) -> Endings:
    """Draw endings. A contact may have several: one row each, as on a form with several boxes."""
    n = len(drawn.call)
    arrest, hold = drawn.observed["arrest"], drawn.observed["emergency_hold"]
    care = drawn.observed["voluntary_care"]
    group = calls.group[drawn.call]
    rest = drawn.reached & ~arrest & ~hold & ~care
    may_charge = np.array([_CHARGEABLE.get(g, 0.03) for g in GROUPS])[group]
    could = drawn.reached & (rng.random(n) < may_charge)
    cited = rest & could & (rng.random(n) < 0.3)
    custody = np.where(arrest, 2 + pick(rng, (0.10, 0.85, 0.05), n), np.where(cited, 1, 0))
    of_care, of_rest = _drawn(rng, CARE, n), _drawn(rng, REST, n)
    # The form knows only "arrest" for one who was released without booking.
    of_arrest = np.where(custody == 3, _code("arrest_booked"), _code("arrest_booking_unknown"))
    second = rng.random(n)
    parts = [
        (hold, np.full(n, _code("hold_involuntary"))),
        (care, of_care),
        (arrest, of_arrest),
        (cited, np.full(n, _code("cited_released"))),
        (rest & ~cited, of_rest),
        (~drawn.reached, np.full(n, _code("unable_to_contact"))),
        ((hold | care) & (second < 0.09), np.full(n, _code("provider_notified"))),
        ((arrest | cited) & (second < 0.05), np.full(n, _code("resources_declined"))),
    ]
    contact = np.concatenate([np.flatnonzero(rows) for rows, _ in parts])
    code = np.concatenate([codes[rows] for rows, codes in parts])
    order = np.argsort(contact, kind="stable")
    place, agreed = _transport(
        hold, care & ~hold, arrest & ~hold, rest & ~cited, of_care, of_rest, rng
    )
    return Endings(custody, place, agreed, arrest | cited | could, contact[order], code[order])


def _transport(
    hold: Array,
    care: Array,
    arrest: Array,
    rest: Array,
    of_care: Array,
    of_rest: Array,
    rng: Rng,
) -> tuple[Array, Array]:
    """Return the main destination, and whether the person agreed to go there."""
    n = len(hold)
    place = np.zeros(n, dtype=np.int8)
    agreed = np.full(n, AGREED.index("not_transported"), dtype=np.int8)

    def go(rows: Array, where: Array | str, how: str) -> None:
        place[rows] = PLACES.index(where) if isinstance(where, str) else where[rows]
        agreed[rows] = AGREED.index(how)

    hospital = np.array([PLACES.index(p) for p in ("emergency_department", "psychiatric_hospital")])
    taken_to = np.array([1, 3, 2])[pick_by(rng, np.array([[0.58, 0.24, 0.18]]), np.zeros(n, int))]
    go(hold, taken_to, "involuntary")
    go(
        care & (of_care == _code("admitted_voluntary")),
        hospital[pick(rng, (0.7, 0.3), n)],
        "voluntary",
    )
    go(care & (of_care == _code("transport_crisis_facility")), "crisis_receiving", "voluntary")
    go(care & (of_care == _code("detox_sobering")), "detox_sobering", "voluntary")
    # A referral goes with a person who is taken to jail; a trip to care comes before it.
    go(arrest & (place == 0), "jail", "involuntary")
    # Care for the body is no link to mental-health care: whether they agreed is not asked there.
    go(rest & (of_rest == _code("transport_medical")), "emergency_department", "unknown")
    go(rest & (of_rest == _code("shelter_transport")), "shelter", "voluntary")
    go(rest & (of_rest == _code("courtesy_transport")), "home", "voluntary")
    return place, agreed
