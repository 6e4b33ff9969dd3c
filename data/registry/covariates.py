"""Every covariate: what a comparison may be adjusted for, split or filtered by.

Only what was known at dispatch (``when`` = D) or stands in the officer's record (P) may adjust; the
rest can split or filter. The code is the schema's own: a test holds each entry to the comments of
the columns it reads.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Covariate:
    """One covariate: ``level`` is SQL that gives a text level, or NULL where not recorded."""

    id: str
    label: str
    definition: str
    level: str
    sources: tuple[str, ...]
    when: str
    default_adjuster: bool = False
    filterable: bool = False
    # Kept when patterns are counted coarsely: what decides whom dispatch sends.
    defines_pattern: bool = False
    # Level code -> label, for the levels whose code does not read as words.
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def may_adjust(self) -> bool:
        """True if it was settled before anyone arrived: known at dispatch, or the officer's record."""
        return self.when in ("D", "P")


_YES_NO = (("yes", "Yes"), ("no", "No"), ("unknown", "Answered unknown"))
_CLOCK_SHIFTS = (
    ("day_06_14", "Day (06 to 14)"),
    ("evening_14_22", "Evening (14 to 22)"),
    ("night_22_06", "Night (22 to 06)"),
)

COVARIATES = (
    Covariate(
        id="call_group",
        label="Call group",
        definition="What the call was taken to be at dispatch.",
        level="initial_call_group",
        sources=("contacts.initial_call_group",),
        when="D",
        default_adjuster=True,
        filterable=True,
        defines_pattern=True,
    ),
    Covariate(
        id="origin",
        label="Call source",
        definition="How police came into it.",
        level="origin",
        sources=("contacts.origin",),
        when="D",
        default_adjuster=True,
        labels=(("911", "911"), ("988_transfer", "Transferred from 988")),
    ),
    Covariate(
        id="priority",
        label="Priority",
        definition="Call priority on the agency's scale.",
        level="CAST(priority AS VARCHAR)",
        sources=("contacts.priority",),
        when="D",
        default_adjuster=True,
    ),
    Covariate(
        id="weapon",
        label="Weapon reported",
        definition="A weapon was reported in the call.",
        level="CAST(weapon_reported AS VARCHAR)",
        sources=("contacts.weapon_reported",),
        when="D",
        default_adjuster=True,
        filterable=True,
        defines_pattern=True,
        labels=_YES_NO,
    ),
    Covariate(
        id="violence",
        label="Violence reported",
        definition="Violence was reported in the call.",
        level="CAST(violence_reported AS VARCHAR)",
        sources=("contacts.violence_reported",),
        when="D",
        default_adjuster=True,
        labels=_YES_NO,
    ),
    Covariate(
        id="suicide",
        label="Suicide reported",
        definition="A suicide threat or attempt was reported in the call.",
        level="CAST(suicide_reported AS VARCHAR)",
        sources=("contacts.suicide_reported",),
        when="D",
        labels=_YES_NO,
    ),
    Covariate(
        id="district",
        label="District",
        definition="Patrol district.",
        level="district_id",
        sources=("contacts.district_id",),
        when="D",
        default_adjuster=True,
        filterable=True,
        defines_pattern=True,
    ),
    Covariate(
        id="shift",
        label="Shift",
        definition="Patrol shift; by the clock in thirds of the day where the source has none.",
        level="CASE WHEN supplies_shift THEN shift_id"
        " WHEN hour(contact_at) BETWEEN 6 AND 13 THEN 'day_06_14'"
        " WHEN hour(contact_at) BETWEEN 14 AND 21 THEN 'evening_14_22' ELSE 'night_22_06' END",
        sources=("contacts.shift_id", "contacts.contact_at"),
        when="D",
        default_adjuster=True,
        filterable=True,
        defines_pattern=True,
        labels=_CLOCK_SHIFTS,
    ),
    Covariate(
        id="weekend",
        label="Weekend",
        definition="Saturday or Sunday.",
        level="CASE WHEN isodow(contact_at) >= 6 THEN 'yes' ELSE 'no' END",
        sources=("contacts.contact_at",),
        when="D",
        default_adjuster=True,
        labels=_YES_NO,
    ),
    Covariate(
        id="year",
        label="Year",
        definition="Calendar year of the contact.",
        level="CAST(year(contact_at) AS VARCHAR)",
        sources=("contacts.contact_at",),
        when="D",
        default_adjuster=True,
    ),
    Covariate(
        id="known_prior",
        label="Known to dispatch",
        definition="Dispatch saw a history at the premises or of the person.",
        level="CAST(known_prior_contact AS VARCHAR)",
        sources=("contacts.known_prior_contact",),
        when="D",
        labels=_YES_NO,
    ),
    Covariate(
        id="officers_sent",
        label="Officers first sent",
        definition="Officers on the first dispatch: 1, 2, 3, or 4 and more.",
        level="CASE WHEN officers_sent >= 4 THEN '4_plus' ELSE CAST(officers_sent AS VARCHAR) END",
        sources=("contacts.officers_sent",),
        when="D",
        labels=(("4_plus", "4 or more"),),
    ),
    Covariate(
        id="tenure",
        label="Officer tenure",
        definition="Years of police service of the primary or reporting officer at the contact.",
        level="CASE WHEN service_years < 0 THEN NULL WHEN service_years < 2 THEN 'under_2'"
        " WHEN service_years < 5 THEN '2_to_4' WHEN service_years < 10 THEN '5_to_9'"
        " WHEN service_years >= 10 THEN '10_plus' END",
        sources=("contact_officers.service_years", "officers.hired_month"),
        when="P",
        labels=(
            ("under_2", "Under 2 years"),
            ("2_to_4", "2 to 4 years"),
            ("5_to_9", "5 to 9 years"),
            ("10_plus", "10 years and over"),
        ),
    ),
    Covariate(
        id="mandatory_arrest",
        label="Mandatory arrest",
        definition="Law or policy left no discretion to arrest.",
        level="CAST(mandatory_arrest AS VARCHAR)",
        sources=("contacts.mandatory_arrest",),
        when="A",
        labels=_YES_NO,
    ),
    Covariate(
        id="age_band",
        label="Age band",
        definition="Age of the person, in bands.",
        level="age_band",
        sources=("contacts.age_band",),
        when="B",
        labels=(
            ("under_12", "Under 12"),
            ("12_17", "12 to 17"),
            ("18_24", "18 to 24"),
            ("25_34", "25 to 34"),
            ("35_44", "35 to 44"),
            ("45_54", "45 to 54"),
            ("55_64", "55 to 64"),
            ("65_plus", "65 and over"),
        ),
    ),
    Covariate(
        id="sex",
        label="Sex",
        definition="Sex of the person, as recorded.",
        level="sex",
        sources=("contacts.sex",),
        when="B",
    ),
    Covariate(
        id="race",
        label="Race",
        definition="Race of the person, as recorded.",
        level="race",
        sources=("contacts.race",),
        when="B",
        labels=(("hispanic_latino", "Hispanic or Latino"),),
    ),
    Covariate(
        id="veteran",
        label="Veteran",
        definition="The person is a veteran.",
        level="CAST(veteran AS VARCHAR)",
        sources=("contacts.veteran",),
        when="B",
        labels=_YES_NO,
    ),
)
