"""Outcomes: both potential outcomes of every contact, the one that was observed, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from data.simulation import model
from data.simulation.columns import Array, Rng
from data.simulation.dispatch import Calls
from data.simulation.model import OUTCOMES, Options, expit, linear

_NODES = 7
ARMS = ("cit", "other")


@dataclass(frozen=True)
class Drawn:
    """One row per contact; each dictionary is by outcome, each pair (exposed, not exposed)."""

    call: Array
    officer: Array
    exposed: Array
    reached: Array
    given_officer: dict[str, tuple[Array, Array]]  # probabilities with this officer's own tendency
    marginal: dict[str, tuple[Array, Array]]  # the same, over all officers there might be
    potential: dict[str, tuple[Array, Array]]
    observed: dict[str, Array]


def draw(options: Options, calls: Calls, officers: int, rng: Rng) -> Drawn:
    """Draw the outcomes of every contact under both exposures with the same random numbers."""
    call = np.repeat(np.arange(len(calls.persons)), calls.persons)
    n = len(call)
    officer, exposed = calls.primary[call], calls.exposed[call]
    tendency = rng.normal(0.0, options.officer_sd, (len(OUTCOMES), officers))
    reached = rng.random(n) >= model.NOT_REACHED
    years = model.year_effects(options)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights /= weights.sum()
    given, marginal = {}, {}
    for column, outcome in enumerate(OUTCOMES, 1):
        by_year = np.array(list(years[outcome].values()))
        eta = model.INTERCEPTS[outcome] + linear(calls.factors, column) + by_year[calls.year]
        eta += model.unmeasured_effect(options, outcome) * calls.severity
        # Calls alike in every covariate have the same probability: integrate once for each.
        levels, inverse = np.unique(np.round(eta, 9), return_inverse=True)
        of_contact, own = inverse[call], tendency[column - 1][officer]
        pair, mean = [], []
        for effect in (options.effect[outcome], 0.0):
            pair.append(expit(levels[of_contact] + effect + own) * reached)
            grid = expit(levels[:, None] + effect + options.officer_sd * nodes)
            mean.append((grid @ weights)[of_contact] * reached)
        given[outcome] = (pair[0], pair[1])
        marginal[outcome] = (mean[0], mean[1])
    uniform = _uniform(n, rng)
    first, second = (_events({o: given[o][arm] for o in OUTCOMES}, uniform) for arm in (0, 1))
    return Drawn(
        call=call,
        officer=officer,
        exposed=exposed,
        reached=reached,
        given_officer=given,
        marginal=marginal,
        potential={o: (first[o], second[o]) for o in OUTCOMES},
        observed={o: np.where(exposed, first[o], second[o]) for o in OUTCOMES},
    )


def _uniform(n: int, rng: Rng) -> dict[str, Array]:
    """Draw the uniform number behind each outcome.

    They are tied so that what happens together does: force with arrest, injury with force, and one
    ending rather than several. Each is uniform by itself, so every model stays exact.
    """
    ending, other = rng.random(n), rng.random(n)
    arrest = np.where(rng.random(n) < 0.9, 1 - ending, other)
    force = np.where(rng.random(n) < 0.25, arrest, rng.random(n))
    injury = np.where(rng.random(n) < 0.35, force, rng.random(n))
    return {"ending": ending, "arrest": arrest, "force": force, "injury": injury}


def _events(chance: dict[str, Array], uniform: dict[str, Array]) -> dict[str, Array]:
    """Return which events these chances and uniform numbers make."""
    found = {o: uniform[o] < chance[o] for o in ("force", "injury", "arrest")}
    hold, care, u = chance["emergency_hold"], chance["voluntary_care"], uniform["ending"]
    # Care by agreement takes the stretch of the interval after the hold: each keeps its chance.
    low = np.minimum(hold, 1 - care)
    return found | {"voluntary_care": (u >= low) & (u < low + care), "emergency_hold": u < hold}


def truth(options: Options, drawn: Drawn, recorded: dict[str, Array]) -> dict[str, Any]:
    """Return the true effects, averages of probabilities over contacts, with what made them."""
    outcomes = {}
    for outcome in OUTCOMES:
        everyone = np.ones(len(drawn.call), dtype=bool)
        known = recorded[outcome]
        result: dict[str, Any] = _effect(drawn.marginal[outcome], everyone)
        result["recorded"] = _effect(drawn.marginal[outcome], known)
        result["recorded_and_reached"] = _effect(drawn.marginal[outcome], known & drawn.reached)
        result["given_officers"] = _effect(drawn.given_officer[outcome], everyone)
        result["naive"] = _naive(drawn.observed[outcome], drawn.exposed, known)
        outcomes[outcome] = {options.exposure: result}
    left_out = (
        "outcomes depend on the primary officer's credential alone, so a contrast by who else"
    )
    left_out += " came has no single true effect"
    return {
        "schema_version": 1,
        "simulated": True,
        "seed": options.seed,
        "contacts": options.contacts,
        "agency_id": options.agency_id,
        "start": options.start.isoformat(),
        "years": options.years,
        "officers": options.officers,
        "model": options.model,
        "options": {
            "effect_scale": options.effect_scale,
            "effects": dict(options.effects),
            "officer_sd": options.officer_sd,
            "unmeasured": options.unmeasured,
        },
        "exposure": options.exposure,
        "exposed": int(drawn.exposed.sum()),
        "estimand": "Average over these contacts of the probability of the outcome had the primary"
        " officer held the credential (risk1) and had the primary officer not (risk0), covariates"
        " as they were and officers' own tendencies averaged over all officers there might be."
        " 'recorded' averages over the contacts whose outcome and exposure were recorded;"
        " 'recorded_and_reached' leaves out those where nobody was found; 'given_officers' keeps"
        " the tendency of the officer who came. 'naive' is what the recorded rows show.",
        "left_out": {"arrived": left_out, "any": left_out, "team": left_out},
        "notes": [
            "primary_officer_cit, where not blank, agrees with the certification dates",
            "what is not recorded depends on the arm, never on the outcome",
            "no unmeasured confounding unless 'unmeasured' is not 0",
        ],
        "parameters": model.parameters(options),
        "outcomes": outcomes,
    }


def _effect(pair: tuple[Array, Array], rows: Array) -> dict[str, Any]:
    n = int(rows.sum())
    if n == 0:
        none = dict.fromkeys(("risk1", "risk0", "risk_difference", "risk_ratio"))
        return {"n": 0, **none}
    risk1, risk0 = (float(p[rows].mean()) for p in pair)
    return {
        "n": n,
        "risk1": risk1,
        "risk0": risk0,
        "risk_difference": risk1 - risk0,
        "risk_ratio": risk1 / risk0 if risk0 else None,
    }


def _naive(event: Array, exposed: Array, known: Array) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for arm, rows in zip(ARMS, (known & exposed, known & ~exposed), strict=True):
        n, events = int(rows.sum()), int(event[rows].sum())
        found[arm] = {"n": n, "events": events, "rate": events / n if n else None}
    one, none = (found[arm]["rate"] for arm in ARMS)
    both = one is not None and none is not None
    found["risk_difference"] = one - none if both else None
    found["risk_ratio"] = one / none if both and none else None
    return found


def potential_frame(
    contact_id: Any, officer_key: Any, drawn: Drawn, recorded: dict[str, Array]
) -> pd.DataFrame:
    """Return the potential outcomes and their probabilities, one row per contact."""
    columns: dict[str, Any] = {
        "contact_id": contact_id,
        "officer_key": officer_key,
        "exposed": drawn.exposed,
        "reached": drawn.reached,
    }
    for o in OUTCOMES:
        for number, arm in ((1, 0), (0, 1)):
            columns[f"{o}_p{number}"] = drawn.marginal[o][arm]
            columns[f"{o}_p{number}_given_officer"] = drawn.given_officer[o][arm]
            columns[f"{o}_y{number}"] = drawn.potential[o][arm]
        columns[f"{o}_observed"] = drawn.observed[o]
        columns[f"{o}_recorded"] = recorded[o]
    return pd.DataFrame(columns)
