"""Use of force."""

from pages.parts.outcome_page import render

render("force")
