"""Measures as funders and overseers name them, in dated sets. Adding one is one entry.

``event`` and ``among`` are SQL: TRUE, FALSE, or NULL where it was not recorded; NULL leaves the
denominator. Over contacts they may use the columns of ``encounters`` and of ``contacts``, and
``has_disposition`` and ``has_force_category``; over any other relation the columns that
``metrics.aggregate.measure_relations`` gives it, and the period's ``period_first`` and
``period_last``.
"""

from __future__ import annotations

from data.registry.measures.decrees import DECREES
from data.registry.measures.grants import GRANTS
from data.registry.measures.model import Measure, MeasureSet
from data.registry.measures.program import PROGRAM

__all__ = ["MEASURES", "SETS", "Measure", "MeasureSet", "measures_of"]

SETS = (
    MeasureSet(
        "jmhcp",
        "JMHCP",
        "US Bureau of Justice Assistance, Justice and Mental Health Collaboration Program (16.745)",
        "edition not confirmed; wording of this product, 2026",
        "Assistance Listing 16.745, whose first measure is the share of individuals screened who are"
        " referred to treatment; and the performance measures listed in your award",
        "BJA changes its questions between award years; the list of no award year was at hand to"
        " compare, only that first measure.",
    ),
    MeasureSet(
        "pmhc",
        "Police-Mental Health Collaboration",
        "Council of State Governments Justice Center and BJA",
        "April 2019",
        "Police-Mental Health Collaborations: A Framework for Implementing Effective Law Enforcement"
        " Responses for People Who Have Mental Health Needs (2019)",
        "Four outcomes: more connections to resources, fewer repeat encounters, fewer arrests, less"
        " force.",
    ),
    MeasureSet(
        "stepping-up",
        "Stepping Up",
        "The Stepping Up Initiative: county leaders",
        "January 2017",
        "Reducing the Number of People with Mental Illnesses in Jail: Six Questions County Leaders"
        " Need to Ask (2017)",
        "The four measures are about people in jail: they need the jail's own data. Where bookings are"
        " loaded they are those that followed a police contact on record, not all bookings of the jail.",
    ),
    MeasureSet(
        "consent-decree",
        "Consent decree",
        "Federal monitors and courts",
        "no common edition; wording of this product, 2026",
        "What the decrees of Seattle (filed July 2012), Portland (entered August 2014), Albuquerque"
        " (agreed November 2014, approved June 2015), Cleveland (entered June 2015) and Baltimore"
        " (entered April 2017) ask about crisis contacts in common",
        "Each decree defines its own terms, force levels above all.",
    ),
    MeasureSet(
        "cit-program",
        "CIT program",
        "CIT International and the University of Memphis CIT Center",
        "August 2019 (guide), September 2007 (core elements)",
        "Crisis Intervention Team (CIT) Programs: A Best Practice Guide for Transforming Community"
        " Responses to Mental Health Crises (2019); Crisis Intervention Team: Core Elements (2007)",
        "A state's own recognition instrument may ask for more.",
    ),
)

MEASURES = (*GRANTS, *DECREES, *PROGRAM)
"""Every measure; ids are unique within a set."""


def measures_of(set_: str) -> tuple[Measure, ...]:
    """Return the measures of a set, in the order of its list; none for a set there is not."""
    return tuple(m for m in MEASURES if m.set == set_)
