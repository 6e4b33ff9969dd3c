"""What the simulation believes: call mix, dispatch rule, and one logistic model per outcome.

Every covariate effect is additive on the log-odds scale, with no interaction, and every covariate
that moves both dispatch and an outcome is one that the product adjusts for by default. The
standard adjustment is therefore (nearly) correctly specified, and an interval that misses the truth
more often than it should has no excuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from data.errors import UserError
from data.simulation.columns import Array

OUTCOMES = ("force", "injury", "arrest", "voluntary_care", "emergency_hold")
MODELS = ("volunteer_specialist", "all_officers_trained", "all_trained_plus_enhanced_team")
SHIFTS = ("day", "evening", "night")
DISTRICTS = ("Central", "North", "South", "East", "West", "Harbor")
DISTRICT_SHARES = (0.24, 0.20, 0.18, 0.16, 0.13, 0.09)

# Log odds ratio of the exposure (a certified primary officer), before ``effect_scale``.
EFFECTS = {
    "force": -0.25,
    "injury": -0.20,
    "arrest": -0.35,
    "voluntary_care": 0.35,
    "emergency_hold": 0.12,
}
INTERCEPTS = {
    "force": -4.52,
    "injury": -4.55,
    "arrest": -2.72,
    "voluntary_care": -1.30,
    "emergency_hold": -1.20,
}
# Log odds that a call goes to a certified officer when half of those on duty are certified.
DISPATCH_INTERCEPT = -0.10

# Effects by level, in the order: dispatch, then OUTCOMES.
_GROUPS: dict[str, tuple[float, ...]] = {
    "behavioral_crisis": (0.35, 0.0, 0.0, 0.0, 0.0, 0.0),
    "suicide": (0.75, 0.10, 0.20, -1.10, 0.05, 0.75),
    "welfare_check": (-0.30, -0.70, -0.40, -0.60, 0.10, -0.30),
    "disturbance": (-0.15, 0.35, 0.25, 0.70, -0.15, -0.35),
    "domestic": (0.0, 0.40, 0.35, 1.30, -0.50, -0.60),
    "assault": (0.10, 0.55, 0.45, 1.50, -0.50, -0.30),
    "threats": (0.10, 0.20, 0.10, 0.60, -0.20, -0.10),
    "weapon": (0.35, 0.45, 0.20, 0.80, -0.40, 0.0),
    "trespass": (-0.45, -0.10, -0.10, 0.80, -0.30, -0.90),
    "suspicious": (-0.45, -0.20, -0.20, 0.10, -0.20, -0.60),
    "overdose": (-0.10, -0.20, 0.20, -1.00, 0.45, 0.10),
    "other": (-0.20, 0.0, 0.0, 0.20, -0.10, -0.40),
}
COEFFICIENTS: dict[str, dict[str, tuple[float, ...]]] = {
    "call_group": _GROUPS,
    "origin": {
        "911": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "non_emergency_line": (-0.10, -0.15, -0.10, -0.10, 0.05, -0.05),
        "on_view": (-0.60, 0.30, 0.15, 0.40, -0.15, -0.30),
        "other_agency": (0.05, 0.0, 0.0, -0.10, 0.05, 0.25),
        "welfare_request": (-0.10, -0.20, -0.10, -0.30, 0.10, -0.10),
        "988_transfer": (0.35, -0.10, 0.0, -0.50, 0.15, 0.20),
    },
    "priority": {
        "1": (0.30, 0.25, 0.15, 0.10, -0.05, 0.10),
        "2": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "3": (-0.25, -0.20, -0.10, -0.05, 0.05, -0.15),
    },
    "weapon": {
        "yes": (0.95, 1.00, 0.50, 0.45, -0.30, 0.30),
        "no": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "unknown": (0.20, 0.30, 0.15, 0.10, -0.05, 0.10),
    },
    "violence": {
        "yes": (0.70, 0.90, 0.70, 0.80, -0.30, 0.15),
        "no": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "unknown": (0.15, 0.30, 0.20, 0.20, -0.05, 0.05),
    },
    "district": {
        "Central": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "North": (0.0, -0.15, -0.10, -0.10, 0.20, 0.05),
        "South": (0.0, 0.20, 0.15, 0.25, -0.15, -0.05),
        "East": (0.0, 0.05, 0.0, 0.10, -0.10, 0.10),
        "West": (0.0, -0.10, -0.05, -0.15, 0.10, 0.0),
        "Harbor": (0.0, 0.10, 0.10, 0.0, -0.30, 0.10),
    },
    "shift": {
        "day": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "evening": (0.0, 0.10, 0.10, 0.05, -0.10, 0.05),
        "night": (0.0, 0.20, 0.10, 0.10, -0.30, 0.10),
    },
    "weekend": {
        "no": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "yes": (0.0, 0.05, 0.05, 0.05, -0.15, -0.05),
    },
}
# Log odds per calendar year. The trend moves in steps at New Year, so that a term per calendar year
# takes up all of it; within a year only the number of calls has a season.
TREND = {
    "force": -0.05,
    "injury": -0.03,
    "arrest": -0.06,
    "voluntary_care": 0.03,
    "emergency_hold": 0.01,
}
# A second receiving facility opens on New Year's Day of this year of the simulation (0: the first).
FACILITY_YEAR = 2
FACILITY_EFFECT = 0.22

# Share of calls; shares with a weapon and with violence reported; local call types.
CALL_MIX: dict[str, tuple[float, float, float, tuple[str, ...]]] = {
    "behavioral_crisis": (0.27, 0.05, 0.08, ("CRISIS", "EDP")),
    "suicide": (0.19, 0.14, 0.05, ("SUICTHRT", "SUICIP")),
    "welfare_check": (0.15, 0.02, 0.02, ("WELFARE",)),
    "disturbance": (0.13, 0.06, 0.16, ("DISTURB", "NOISE")),
    "domestic": (0.05, 0.08, 0.35, ("DVDIST", "DVASLT")),
    "assault": (0.03, 0.15, 0.65, ("ASSAULT",)),
    "threats": (0.04, 0.18, 0.25, ("THREATS",)),
    "weapon": (0.025, 0.85, 0.20, ("WEAPON",)),
    "trespass": (0.045, 0.02, 0.05, ("TRESPASS",)),
    "suspicious": (0.035, 0.03, 0.03, ("SUSPIC",)),
    "overdose": (0.02, 0.02, 0.03, ("OD",)),
    "other": (0.015, 0.04, 0.06, ("OTHER", "ASSIST")),
}
GROUPS = tuple(CALL_MIX)
ORIGINS = tuple(COEFFICIENTS["origin"])
ORIGIN_SHARES = (0.58, 0.16, 0.10, 0.06, 0.06, 0.04)
ANSWERS = ("yes", "no", "unknown")

# Shares not recorded: exposed arm, other arm. They depend on the arm alone, never on the outcome.
NO_FORM = (0.055, 0.100)
NO_ENDING = (0.025, 0.045)
NO_FORCE = (0.012, 0.022)
FORCE_UNKNOWN = (0.006, 0.010)
NO_SUBJECT_INJURY = (0.015, 0.025)
NO_OFFICER_INJURY = (0.010, 0.015)
INJURY_UNKNOWN = 0.008
NOT_TAKEN = 0.010
NOT_REACHED = 0.015
TWO_PERSONS = 0.012


@dataclass(frozen=True)
class Options:
    """What one simulation is asked for; checked when made."""

    contacts: int
    seed: int
    agency_id: str = "SIM"
    start: date = date(2021, 1, 1)
    years: int = 5
    officers: int = 0
    model: str = "volunteer_specialist"
    effect_scale: float = 1.0
    effects: Mapping[str, float] = field(default_factory=dict)
    officer_sd: float = 0.35
    unmeasured: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("contacts", 1), ("seed", 0), ("years", 1), ("officers", 1)):
            if getattr(self, name) < least:
                raise UserError(f"simulate: {name} must be at least {least}")
        if self.model not in MODELS:
            raise UserError(f"simulate: model must be one of: {', '.join(MODELS)}")
        if unknown := set(self.effects) - set(OUTCOMES):
            raise UserError(
                f"simulate: no effect for {min(unknown)!r}; outcomes: {', '.join(OUTCOMES)}"
            )
        if self.officer_sd < 0:
            raise UserError("simulate: officer_sd must be 0 or more")

    @property
    def effect(self) -> dict[str, float]:
        """Log odds ratio of the exposure by outcome, as used."""
        scaled = {o: EFFECTS[o] * self.effect_scale for o in OUTCOMES}
        return scaled | {o: float(v) for o, v in self.effects.items()}

    @property
    def exposure(self) -> str:
        """The exposure whose effect is simulated."""
        return "enhanced" if self.model == MODELS[2] else "primary"

    @property
    def first_day(self) -> int:
        """First day, in days since 1970."""
        return day_number(self.start)

    @property
    def last_day(self) -> int:
        """Last day, in days since 1970."""
        return day_number(add_years(self.start, self.years)) - 1

    @property
    def calendar_years(self) -> list[int]:
        """The calendar years the period touches."""
        last = date.fromordinal(self.last_day + _EPOCH)
        return list(range(self.start.year, last.year + 1))


_EPOCH = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Return a date as days since 1970."""
    return day.toordinal() - _EPOCH


def add_years(day: date, years: int) -> date:
    """Return the same day some years on; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def year_effects(options: Options) -> dict[str, dict[str, float]]:
    """Return the calendar effect of each year, by outcome."""
    opened = options.start.year + FACILITY_YEAR
    return {
        outcome: {
            str(year): round(
                TREND[outcome] * index
                + (FACILITY_EFFECT if outcome == "voluntary_care" and year >= opened else 0.0),
                6,
            )
            for index, year in enumerate(options.calendar_years)
        }
        for outcome in OUTCOMES
    }


def linear(factors: dict[str, Array], column: int) -> Array:
    """Add up the effects of coded factors; column 0 is dispatch, then OUTCOMES."""
    rows = len(next(iter(factors.values())))
    total = np.zeros(rows)
    for name, codes in factors.items():
        table = np.array([effects[column] for effects in COEFFICIENTS[name].values()])
        total += table[codes]
    return total


def expit(x: Array) -> Array:
    """Return the probability of these log odds."""
    return 1.0 / (1.0 + np.exp(-x))


def parameters(options: Options) -> dict[str, Any]:
    """Return every number behind the outcomes and the dispatch rule, by name."""
    years = year_effects(options)
    models = {}
    for column, outcome in enumerate(OUTCOMES, 1):
        models[outcome] = {
            "intercept": INTERCEPTS[outcome],
            "exposure": options.effect[outcome],
            **{
                factor: {level: effects[column] for level, effects in levels.items()}
                for factor, levels in COEFFICIENTS.items()
            },
            "year": years[outcome],
            "unmeasured": unmeasured_effect(options, outcome),
        }
    dispatch = {
        factor: {level: effects[0] for level, effects in levels.items() if effects[0]}
        for factor, levels in COEFFICIENTS.items()
    }
    return {
        "link": "logit",
        "outcomes": models,
        "officer_sd": options.officer_sd,
        "dispatch": {
            "intercept": DISPATCH_INTERCEPT,
            **{k: v for k, v in dispatch.items() if v},
            "unmeasured": options.unmeasured,
            "note": "log odds of a certified primary officer, added to the log odds of the share"
            " certified among those on duty in the district",
        },
        "not_recorded": {
            "order": ["exposed", "other"],
            "no_form": NO_FORM,
            "ending": NO_ENDING,
            "force_blank": NO_FORCE,
            "force_unknown": FORCE_UNKNOWN,
            "subject_injury_blank": NO_SUBJECT_INJURY,
            "officer_injury_blank": NO_OFFICER_INJURY,
            "each_injury_unknown": INJURY_UNKNOWN,
        },
        "not_reached": NOT_REACHED,
    }


def unmeasured_effect(options: Options, outcome: str) -> float:
    """Return the effect of the unmeasured severity: graver calls end in care by agreement less."""
    return options.unmeasured * (-1 if outcome == "voluntary_care" else 1)
