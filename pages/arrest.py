"""Arrest and jail diversion."""

from pages.parts.outcome_page import render

render(
    "Arrest and jail diversion",
    "arrest",
    "jail_booking",
    "jail_diversion",
    "not_booked_though_chargeable",
)
