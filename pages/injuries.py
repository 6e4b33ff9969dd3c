"""Injuries."""

from pages.parts.outcome_page import render

render("Injuries", "injury", "subject_injury", "officer_injury", "serious_injury")
