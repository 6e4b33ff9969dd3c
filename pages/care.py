"""Referrals and care."""

from pages.parts.outcome_page import render

render(
    "Referrals and care",
    "voluntary_care",
    "referral",
    "referral_completed",
    "emergency_hold",
    "hold_upheld",
    "resolved_on_scene",
    "no_action",
)
