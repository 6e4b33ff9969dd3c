"""Unit costs and the quantities beside them: prompts, not facts. Adding one is one entry.

Figures, sources and cautions are those of METHODS.md, *Unit costs*. Where no source was found there is
no value: the agency enters its own, and until then whatever rests on it is not estimable, never 0.
Payers are a first guess, to be set by the agency.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.errors import UserError

SHAPES = ("triangular", "lognormal", "fixed")
"""How a value is drawn between its ends.

``triangular``: low, likely (the mode) and high. ``fixed``: likely, and nothing else. ``lognormal``: low,
likely and high are the 5th percentile, the median and the 95th; without likely, the median is the
geometric middle of the ends; without low, likely is the median and high the *mean*.
"""

PAYERS = {
    "city": "City",
    "county": "County",
    "state": "State",
    "hospital": "Hospital",
    "medicaid_or_insurer": "Medicaid or insurer",
    "risk_pool": "Risk pool",
    "individual": "The person",
}
"""Whose budget it is, in words."""

KINDS = {
    "marginal": "Marginal: goes away with one fewer",
    "average": "Average: does not go away with one fewer",
    "charge": "Charge: a price asked, not a cost",
}
"""Whether the cost goes away at the margin, in words."""

NO_SOURCE = "no source found"
"""What ``source_text`` says of a value that the agency has to enter."""


@dataclass(frozen=True)
class CostItem:
    """One unit cost in US dollars, or one quantity, with its range and where it is from.

    A value that is None is not there. ``price_year`` is None where the source mixes years, and for a
    quantity; ``payer`` and ``kind`` are None for a quantity. ``caution`` is what to know before use.
    """

    id: str
    label: str
    unit: str
    low: float | None
    likely: float | None
    high: float | None
    shape: str
    price_year: int | None
    payer: str | None
    kind: str | None
    source: str
    caution: str = ""

    @property
    def quantity(self) -> bool:
        """True for days, minutes, hours and shares: what a unit cost is multiplied by."""
        return self.payer is None


def _quantity(
    id_: str,
    label: str,
    unit: str,
    values: tuple[float | None, float | None, float | None],
    shape: str,
    source: str,
    caution: str = "",
) -> CostItem:
    return CostItem(id_, label, unit, *values, shape, None, None, None, source, caution)


def _lacking(id_: str, label: str, unit: str, payer: str, caution: str = "") -> CostItem:
    return CostItem(
        id_, label, unit, None, None, None, "triangular", None, payer, "average", NO_SOURCE, caution
    )


ASSUMED = "assumption of this page"
_OWN = "No source was found: enter your own."

COST_ITEMS = (
    CostItem(
        "jail_day",
        "Jail day",
        "$ a day",
        90,
        105,
        200,
        "triangular",
        None,
        "county",
        "average",
        "Derived from Vera's $25 bn and BJS jail populations, 2017-22",
        "Average, not marginal; no source for the high end.",
    ),
    CostItem(
        "jail_booking",
        "Jail booking",
        "$ a booking",
        300,
        410,
        560,
        "triangular",
        None,
        "county",
        "average",
        "San Mateo County 2010-11; Riverside County 2018",
        "California only.",
    ),
    CostItem(
        "ed_visit",
        "Emergency department visit (mental health or substance use)",
        "$ a visit",
        400,
        520,
        630,
        "triangular",
        2017,
        "hospital",
        "average",
        "HCUP Statistical Brief 257, revised 2020",
        "Prices of 2017.",
    ),
    CostItem(
        "inpatient_stay",
        "Inpatient psychiatric stay",
        "$ a stay",
        3600,
        6000,
        8500,
        "triangular",
        2006,
        "medicaid_or_insurer",
        "average",
        "418 hospitals, 2006",
        "The likely value is a midpoint.",
    ),
    CostItem(
        "involuntary_evaluation",
        "Involuntary evaluation",
        "$ an evaluation",
        None,
        8236,
        None,
        "fixed",
        1999,
        "medicaid_or_insurer",
        "charge",
        "Phoenix 1999",
        "Charges, not costs; for the emergency hold alone no source was found.",
    ),
    CostItem(
        "officer_hour",
        "Officer hour",
        "$ an hour",
        34,
        50,
        99,
        "triangular",
        2021,
        "city",
        "average",
        "BLS wage 2021 (low); Colorado POST backfill (likely); overtime (high)",
        "A salary is paid either way; only overtime and backfill go away at the margin.",
    ),
    CostItem(
        "officer_injury",
        "Officer injury",
        "$ an injury",
        2000,
        10000,
        41353,
        "triangular",
        None,
        "city",
        "average",
        "NSC/NCCI 2019-20",
        "All trades; specific to police: no source.",
    ),
    CostItem(
        "liability_claim",
        "Liability claim, paid",
        "$ a claim",
        None,
        17500,
        80000,
        "lognormal",
        None,
        "risk_pool",
        "average",
        "25 largest departments, 2010-20",
        "Likely is the median, high the mean. A small agency: use your own loss run. Defence cost: no"
        " source.",
    ),
    CostItem(
        "cit_training_officer",
        "CIT training, tuition of one officer",
        "$ an officer",
        75,
        112.5,
        150,
        "triangular",
        None,
        "city",
        "marginal",
        "Utah tuition, 75 to 150",
        "The likely value is a midpoint. Hours are counted apart.",
    ),
    _lacking("receiving_facility_visit", "Receiving-facility visit", "$ a visit", "state", _OWN),
    _lacking("clinician_hour", "Clinician hour", "$ an hour", "county", _OWN),
    _lacking("ed_boarding_day", "Emergency department boarding day", "$ a day", "hospital", _OWN),
    _lacking("inpatient_day", "Inpatient day", "$ a day", "medicaid_or_insurer", _OWN),
    _lacking("overtime_hour", "Overtime hour", "$ an hour", "city", _OWN),
    _lacking("refresher_hour", "Refresher training hour", "$ an hour", "city", _OWN),
    _lacking("diversion_case", "Diversion case", "$ a case", "county", _OWN),
    _quantity(
        "days_per_booking",
        "Jail days per booking",
        "days",
        (1, 3, 32),
        "lognormal",
        "The mean stay is 32 days, but most leave within days",
        "The mean is the high end, never the default.",
    ),
    _quantity(
        "minutes_per_hold",
        "Officer time per hold",
        "minutes",
        (50, 120, 240),
        "triangular",
        "New River Valley 2014 (both ends)",
        "The likely value is a guess.",
    ),
    _quantity(
        "ed_visits_per_hold",
        "Emergency department visits per hold",
        "visits",
        (None, 1, None),
        "fixed",
        ASSUMED,
        "Each hold is taken to be one visit or evaluation: enter your own.",
    ),
    _quantity(
        "stays_per_hold",
        "Inpatient stays per hold",
        "stays",
        (None, None, None),
        "triangular",
        NO_SOURCE,
        "No source was found: enter the share of your holds that end in an inpatient stay.",
    ),
    _quantity(
        "visits_per_care",
        "Receiving-facility visits per person connected to care by agreement",
        "visits",
        (None, 1, None),
        "fixed",
        ASSUMED,
        "Each connection is taken to be one visit: enter your own.",
    ),
    _quantity(
        "clinician_hours_per_referral",
        "Clinician hours per referral",
        "hours",
        (None, 1, None),
        "fixed",
        ASSUMED,
        "Each referral is taken to be one hour: enter your own.",
    ),
    _quantity(
        "payments_per_claim",
        "Payments per claim made",
        "payments",
        (None, 1, None),
        "fixed",
        ASSUMED,
        "Every claim is taken to be paid: enter the share of yours that are.",
    ),
    _quantity(
        "training_hours",
        "Hours of CIT training, one officer",
        "hours",
        (None, 40, None),
        "fixed",
        "The 40-hour course",
        "The officer's own hours.",
    ),
    _quantity(
        "backfill_hours",
        "Hours of backfill per officer trained",
        "hours",
        (None, 40, None),
        "fixed",
        "Colorado POST backfill",
        "Hours someone else is paid to stand in.",
    ),
    _quantity(
        "certification_years",
        "Years a certification counts",
        "years",
        (None, None, None),
        "fixed",
        NO_SOURCE,
        "The period is your state's rule, not assumed. Left empty, it is the median of the certificates"
        " on record, where they say when they end.",
    ),
)


def cost_item(id_: str) -> CostItem:
    """Return a cost item or quantity; raise ``UserError`` listing the known ones if there is none."""
    for item in COST_ITEMS:
        if item.id == id_:
            return item
    known = ", ".join(i.id for i in COST_ITEMS)
    raise UserError(f"there is no cost item {id_!r}; choose one of: {known}")
