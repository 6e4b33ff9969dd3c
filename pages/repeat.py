"""Repeat contacts."""

from pages.parts.outcome_page import render

render("Repeat contacts", "repeat_30", "repeat_90", "repeat_365")
