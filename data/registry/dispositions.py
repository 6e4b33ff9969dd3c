"""What each canonical disposition means: the custody, the care link and the agreement it implies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Disposition:
    """One canonical disposition.

    ``custody`` is booked, arrest, cited or none; ``care_link`` transport, warm_handoff, handoff,
    referral, notified, offered or none; ``voluntary`` yes, no, or None where the code does not say.
    """

    code: str
    custody: str = "none"
    care_link: str = "none"
    voluntary: str | None = None


DISPOSITIONS = (
    Disposition("arrest_booked", custody="booked"),
    Disposition("arrest_booking_unknown", custody="arrest"),
    Disposition("cited_released", custody="cited"),
    Disposition("hold_involuntary", care_link="transport", voluntary="no"),
    Disposition("admitted_voluntary", care_link="transport", voluntary="yes"),
    Disposition("transport_crisis_facility", care_link="transport", voluntary="yes"),
    Disposition("transport_medical"),
    Disposition("detox_sobering", care_link="transport", voluntary="yes"),
    Disposition("mobile_crisis_on_scene", care_link="warm_handoff", voluntary="yes"),
    Disposition("referred_provider", care_link="referral", voluntary="yes"),
    Disposition("referred_for_evaluation", care_link="referral", voluntary="no"),
    Disposition("provider_notified", care_link="notified"),
    Disposition("crisis_line", care_link="referral", voluntary="yes"),
    Disposition("resources_declined", care_link="offered"),
    Disposition("shelter_transport", voluntary="yes"),
    Disposition("courtesy_transport", voluntary="yes"),
    Disposition("turned_over_family", care_link="handoff", voluntary="yes"),
    Disposition("turned_over_clinician", care_link="handoff", voluntary="yes"),
    Disposition("resolved_on_scene"),
    Disposition("no_action"),
    Disposition("frequent_contact"),
    Disposition("unable_to_contact"),
    Disposition("plan_consulted"),
    Disposition("other"),
)


def codes(
    custody: tuple[str, ...] = (), care_link: tuple[str, ...] = (), voluntary: str | None = None
) -> tuple[str, ...]:
    """Return the codes that imply one of these custodies or care links, and this agreement."""
    return tuple(
        d.code
        for d in DISPOSITIONS
        if (d.custody in custody or d.care_link in care_link)
        and (voluntary is None or d.voluntary == voluntary)
    )


def bits(wanted: Iterable[str]) -> int:
    """Return codes as the bits of one number, as :func:`bit_sql` gives them to each."""
    places = {d.code: i for i, d in enumerate(DISPOSITIONS)}
    return sum(1 << places[code] for code in set(wanted))


def bit_sql(code: str) -> str:
    """SQL: a code as one bit of a BIGINT, all that are not listed as one more; NULL for none."""
    cases = " ".join(f"WHEN '{d.code}' THEN {1 << i}" for i, d in enumerate(DISPOSITIONS))
    other = f"CASE WHEN {code} IS NOT NULL THEN {1 << len(DISPOSITIONS)} END"
    return f"CAST(CASE {code} {cases} ELSE {other} END AS BIGINT)"
