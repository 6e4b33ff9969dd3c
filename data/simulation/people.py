"""The people in crisis: who comes back how often, and what the form says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from data.simulation.columns import Array, Rng, answered, labels, pick

AGE_BANDS = (
    "under_12",
    "12_17",
    "18_24",
    "25_34",
    "35_44",
    "45_54",
    "55_64",
    "65_plus",
    "unknown",
)
_AGE_FROM = np.array([12, 18, 25, 35, 45, 55, 65])
RACES = (
    "white",
    "black",
    "hispanic_latino",
    "asian",
    "indigenous",
    "pacific_islander",
    "multiple",
    "other",
    "unknown",
)
_RACE_SHARES = (0.54, 0.13, 0.17, 0.05, 0.02, 0.01, 0.02, 0.02, 0.04)
HOUSING = ("housed", "unhoused", "shelter", "facility", "unknown")
_DAY = 86_400


@dataclass(frozen=True)
class People:
    """The person of each contact, and whether police had met that person within a year."""

    person: Array
    distinct: int
    unnamed: Array  # identity not established: no key
    met_before: Array


def draw(at: Array, rng: Rng) -> People:
    """Draw the person of each contact; ``at`` is in order of time.

    Most people are met once, a few very often, and a second contact tends to follow soon.
    """
    n = len(at)
    pool = max(1, int(1.4 * n))
    reach = np.cumsum(np.minimum(rng.pareto(1.9, pool) + 0.5, 90.0))
    person = np.searchsorted(reach, rng.random(n) * reach[-1])
    # A share of contacts is with someone met in the weeks before.
    span = max(1.0, (at[-1] - at[0]) / _DAY) if n > 1 else 1.0
    back = 1 + rng.geometric(min(1.0, span / (21 * n)), n)
    soon = (rng.random(n) < 0.09) & (back <= np.arange(n))
    person = np.where(soon, person[np.arange(n) - np.where(soon, back, 0)], person)
    order = np.lexsort((at, person))
    same = np.zeros(n, dtype=bool)
    same[1:] = (person[order][1:] == person[order][:-1]) & (np.diff(at[order]) < 365 * _DAY)
    met = np.zeros(n, dtype=bool)
    met[order] = same
    return People(person, pool, rng.random(n) < 0.06, met)


def columns(people: People, at: Array, rng: Rng) -> dict[str, Any]:
    """Return what the form says of the person; it agrees between a person's contacts."""
    n, p = len(at), people.distinct
    born = at[-1] / _DAY / 365.25 - (10 + rng.gamma(3.1, 9.0, p)) if n else np.zeros(p)
    age = at / _DAY / 365.25 - born[people.person]
    band = np.where(rng.random(n) < 0.02, 8, np.searchsorted(_AGE_FROM, age, side="right"))
    sex = pick(rng, (0.43, 0.55, 0.01, 0.01), p)[people.person]
    race = pick(rng, _RACE_SHARES, p)[people.person]
    housing = pick(rng, (0.66, 0.19, 0.05, 0.05, 0.05), p)[people.person]
    veteran = (rng.random(p) < 0.07)[people.person]
    blank = rng.random(n)
    return {
        "age_band": labels(band, AGE_BANDS, blank < 0.01),
        "sex": labels(sex, ("female", "male", "another", "unknown"), blank < 0.008),
        "race": labels(race, RACES, blank < 0.02),
        "demographics_basis": labels(
            pick(rng, (0.55, 0.25, 0.20), n), ("perceived", "self_reported", "from_record")
        ),
        "veteran": answered(rng, veteran, unknown=0.06, blank=0.02),
        "housing": labels(housing, HOUSING, blank > 0.97),
    }
