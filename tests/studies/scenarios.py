"""Agencies whose true difference is known without a model, straight to grouped counts.

A contact has what dispatch knew (x), is sent to one arm by rule and there to an officer by load. With
the officer's own tendency b the log odds of the outcome are ``eta(x, arm) / phi + b``, b drawn from the
bridge distribution (Wang & Louis 2003, Biometrika 90:765): like a normal of the same spread, but with b
averaged out the risk is exactly ``expit(eta(x, arm))``. So the same contacts follow a logistic model both
within officers and over all officers, and the truth needs no fit:

* the standardised risks: ``expit(eta)`` averaged over this study's contacts with a recorded outcome, all
  with and all without the exposure: its own covariates, over all officers there could be;
* the overlap-weighted risks: the same with the weights e(1 - e), e the true chance of a CIT officer;
* the odds ratio within an officer: ``exp(delta / phi)``.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from metrics.aggregate import EXPOSURE, OFFICER, Counts

OUTCOME = "force"
SEED = 20140523
VERSION = 1
"""Raise it when the same scenario would be drawn otherwise: results of another version do not count."""
PERIODS = 8
"""Half-years; a year is two of them, and officers are certified at the start of one."""


class Covariate(NamedTuple):
    """Shares of the levels, and what each adds to the log odds of the outcome and of CIT."""

    shares: tuple[float, ...]
    outcome: tuple[float, ...]
    sent: tuple[float, ...]


USUAL = {
    "call_group": Covariate(
        (0.35, 0.25, 0.2, 0.12, 0.08), (0, 0.5, -0.4, 0.8, 0.2), (0, 0.6, 0.9, -0.3, -0.6)
    ),
    "weapon": Covariate((0.85, 0.15), (0, 1.0), (0, 1.0)),
    "district": Covariate((0.4, 0.3, 0.2, 0.1), (0, 0.2, -0.2, 0.4), (0, -0.3, 0.2, 0.4)),
    "shift": Covariate((0.35, 0.4, 0.25), (0, 0.2, 0.4), (0, 0.1, -0.4)),
    "year": Covariate((0.25,) * 4, (0, -0.1, 0.1, -0.2), (0, 0.1, 0.2, 0.3)),
}
"""11 columns beside the exposure."""

MANY = {
    "call_group": Covariate(
        (0.2, 0.15, 0.13, 0.12, 0.1, 0.08, 0.07, 0.06, 0.04, 0.03, 0.02),
        (0, 0.5, -0.4, 0.8, 0.2, 0.3, -0.2, 0.1, 0.9, -0.5, 0.4),
        (0, 0.6, 0.9, -0.3, -0.6, 0.2, 0.4, 0.1, 0.5, -0.2, 0.3),
    ),
    "origin": Covariate((0.6, 0.2, 0.12, 0.05, 0.03), (0, 0.2, -0.1, 0.3, 0), (0, 0, 0.2, 0.1, 0)),
    "priority": Covariate((0.5, 0.25, 0.15, 0.1), (0, 0.4, -0.3, 0.1), (0, 0.3, -0.2, 0)),
    "weapon": Covariate((0.82, 0.13, 0.05), (0, 1.0, 0.4), (0, 0.8, 0.2)),
    "violence": Covariate((0.78, 0.17, 0.05), (0, 0.7, 0.2), (0, 0.4, 0)),
    "district": Covariate((0.45, 0.35, 0.2), (0, 0.2, -0.2), (0, -0.3, 0.2)),
    "shift": USUAL["shift"],
    "weekend": Covariate((0.7, 0.3), (0, 0.1), (0, 0)),
    "year": Covariate((0.25,) * 4, (0, -0.1, 0.1, -0.2), (0, 0.1, 0.2, 0.3)),
}
"""31 columns, as many as the simulated agency's: with a rare outcome three or four events each."""


@dataclass(frozen=True)
class Scenario:
    """One kind of agency.

    ``certified`` is the share of officers in the CIT arm, ``share`` that of contacts. ``load`` is
    ``"equal"``, ``"poisson"`` or ``"lognormal"`` with ``spread``; ``dominant`` is the share of the CIT
    arm's contacts that one officer has. ``sd`` is of the officers' tendencies in log odds, ``risk``
    the outcome's risk without CIT, ``ratio`` the marginal risk ratio. ``selection`` scales the rule
    of dispatch; ``missing`` is the share of outcomes not recorded with and without CIT. With
    ``switching`` officers are certified in time; ``volunteers`` adds to the log odds of those ever
    certified; ``varies`` lets the effect differ by call group; ``only`` sends every
    call of the first group to CIT.
    """

    id: str
    about: str
    contacts: int = 4_000
    officers: int = 120
    certified: float = 1 / 3
    share: float = 0.35
    load: str = "poisson"
    spread: float = 1.2
    dominant: float = 0.0
    sd: float = 0.3
    risk: float = 0.06
    ratio: float = 1.0
    selection: float = 1.0
    missing: tuple[float, float] = (0.0, 0.0)
    switching: bool = False
    volunteers: float = 0.0
    varies: bool = False
    only: bool = False
    many: bool = False

    @property
    def null(self) -> bool:
        """True where there is no effect for anyone."""
        return self.ratio == 1 and not self.varies

    @property
    def fair(self) -> bool:
        """True where what the headline assumes holds: who is certified is no part of the outcome."""
        return not self.volunteers


def _both(one: Scenario, ratio: float) -> tuple[Scenario, Scenario]:
    return one, replace(one, id=f"{one.id}-effect", ratio=ratio)


S = Scenario
SCENARIOS: tuple[Scenario, ...] = (
    *_both(S("usual", "120 officers, 4,000 contacts, risk 6%"), 0.6),
    S("usual-higher", "as usual, more with CIT", ratio=1.5),
    S("alike", "officers do not differ", sd=0.0),
    *_both(S("unlike", "officers differ much, risk 20%", sd=0.6, risk=0.2), 0.6),
    *_both(S("many", "400 officers, 20,000 contacts", 20_000, 400, risk=0.02, sd=0.5), 0.6),
    *_both(
        S("few-40", "40 officers, 1,500 contacts", 1_500, 40, certified=0.4, risk=0.15, sd=0.4), 0.6
    ),
    *_both(
        S(
            "few-20",
            "20 officers, equal loads",
            1_500,
            20,
            0.5,
            0.4,
            "equal",
            risk=0.15,
            sd=0.4,
        ),
        1.5,
    ),
    S("few-12", "12 officers, equal loads", 1_200, 12, 0.5, 0.4, "equal", risk=0.2),
    S("few-8", "8 officers, equal loads", 1_000, 8, 0.5, 0.4, "equal", risk=0.2),
    S("small", "20 officers, 500 contacts", 500, 20, 0.4, 0.4, risk=0.15),
    *_both(
        S("unequal", "very unequal loads (log sd 1.2)", load="lognormal", risk=0.1, sd=0.4), 0.6
    ),
    S(
        "few-unequal",
        "15 officers, very unequal loads",
        2_000,
        15,
        0.45,
        0.4,
        "lognormal",
        risk=0.15,
        sd=0.4,
    ),
    S("extreme", "extreme loads (log sd 2)", load="lognormal", spread=2.0, risk=0.1, sd=0.4),
    S("dominant-20", "one officer has 20% of CIT", 3_000, 60, dominant=0.2, risk=0.1, sd=0.4),
    *_both(
        S("dominant-40", "one officer has 40% of CIT", 3_000, 60, dominant=0.4, risk=0.1, sd=0.4),
        0.6,
    ),
    *_both(S("rare", "risk 1%, 10,000 contacts", 10_000, risk=0.01), 0.6),
    S("rarer", "risk 0.5%, 20,000 contacts, 400 officers", 20_000, 400, risk=0.005),
    S("rare-few", "risk 1%, 2,000 contacts", 2_000, 60, risk=0.01),
    *_both(S("columns", "risk 1%, 31 columns, 10,000 contacts", 10_000, risk=0.01, many=True), 0.6),
    *_both(
        S("selected", "strong selection by call and weapon", 10_000, selection=2.0, risk=0.05), 1.5
    ),
    S("selected-few", "the same with 4,000 contacts", selection=2.0, risk=0.08),
    S("apart", "every call of the first group goes to CIT", only=True, share=0.5),
    *_both(
        S("arm-10", "10% with CIT: 12 officers, 12,000 contacts", 12_000, certified=0.1, share=0.1),
        1.5,
    ),
    S("arm-10-few", "the same with 4,000 contacts", certified=0.1, share=0.1),
    *_both(S("arm-85", "85% with CIT, 8,000 contacts", 8_000, certified=0.8, share=0.85), 0.6),
    *_both(S("missing", "30% and 10% not recorded", missing=(0.3, 0.1), risk=0.08), 0.6),
    S("varies", "effect differs by call group", varies=True, risk=0.1),
    *_both(S("switching", "officers certified in time", switching=True, risk=0.1, sd=0.5), 0.6),
    S(
        "volunteers",
        "as switching; who volunteers has less anyway",
        switching=True,
        volunteers=-0.5,
        risk=0.1,
        sd=0.5,
    ),
)


def scenario(id_: str) -> Scenario:
    """Return a scenario by its id."""
    found = {s.id: s for s in SCENARIOS}
    if id_ not in found:
        raise KeyError(f"no scenario {id_!r}; there are {', '.join(found)}")
    return found[id_]


class Truth(NamedTuple):
    """True risks with and without CIT, over the recorded contacts and over their overlap."""

    risk1: float
    risk0: float
    overlap1: float
    overlap0: float
    odds_ratio_within: float


class Drawn(NamedTuple):
    """Grouped counts as the engine returns them, and the truth about them."""

    counts: Counts
    truth: Truth


class _Rule(NamedTuple):
    """What is the same in every repetition: intercepts, and the effect by call group."""

    base: float
    delta: np.ndarray
    sent: float


def covariates(s: Scenario) -> dict[str, Covariate]:
    """Return the covariates of a scenario, all of them adjusters of the default analysis."""
    return MANY if s.many else USUAL


def bridge(rng: np.random.Generator, sd: float, size: int) -> tuple[np.ndarray, float]:
    """Return draws of the bridge distribution with this standard deviation, and its phi."""
    phi = 1 / math.sqrt(1 + 3 * sd**2 / math.pi**2)
    if sd == 0:
        return np.zeros(size), 1.0
    u = rng.random(size)
    return np.log(np.sin(phi * math.pi * u) / np.sin(phi * math.pi * (1 - u))) / phi, phi


def draw(s: Scenario, repetition: int) -> Drawn:
    """Draw one agency; the same scenario and repetition give the same one."""
    rng = np.random.default_rng([SEED, zlib.crc32(s.id.encode()), repetition])
    rule, known = _rule(s), covariates(s)
    n = s.contacts
    period = rng.integers(0, PERIODS, n)
    codes = _codes(rng, known, n) | {"year": period // 2}
    eta0 = rule.base + _sum(known, codes, "outcome")
    delta = rule.delta[codes["call_group"]]
    certified_from, weight = _force(rng, s)
    chance = _chance(s, rule, codes, _held(certified_from, weight)[period])
    arm = rng.random(n) < chance
    officer = _assigned(rng, s, certified_from, weight, period, arm)
    tendency, phi = bridge(rng, s.sd, s.officers)
    tendency = tendency + s.volunteers * (certified_from < PERIODS)
    happened = rng.random(n) < expit((eta0 + delta * arm) / phi + tendency[officer])
    recorded = rng.random(n) >= np.where(arm, *s.missing)
    overlap = chance * (1 - chance) * recorded
    risk1, risk0 = expit(eta0 + delta), expit(eta0)
    truth = Truth(
        float(risk1[recorded].mean()),
        float(risk0[recorded].mean()),
        float(overlap @ risk1 / overlap.sum()),
        float(overlap @ risk0 / overlap.sum()),
        float(np.exp(rule.delta[0] / phi)),
    )
    columns: dict[str, object] = {EXPOSURE: arm}
    for name, code in codes.items():
        columns[name] = pd.Categorical.from_codes(
            code, [f"{name[0]}{k}" for k in range(len(known[name].shares))]
        )
    columns[OFFICER] = pd.Categorical.from_codes(officer, [f"o{j}" for j in range(s.officers)])
    columns |= {
        "contacts": np.ones(n, dtype=np.int64),
        f"n:{OUTCOME}": recorded.astype(np.int64),
        f"events:{OUTCOME}": (happened & recorded).astype(np.int64),
        f"missing:{OUTCOME}": (~recorded).astype(np.int64),
    }
    frame = pd.DataFrame(columns)
    frame[EXPOSURE] = frame[EXPOSURE].astype("boolean")
    return Drawn(Counts(frame, (OUTCOME,), tuple(known)), truth)


def _codes(
    rng: np.random.Generator, known: dict[str, Covariate], size: int
) -> dict[str, np.ndarray]:
    return {
        name: np.searchsorted(np.cumsum(c.shares)[:-1], rng.random(size), side="right")
        for name, c in known.items()
    }


def _sum(known: dict[str, Covariate], codes: dict[str, np.ndarray], which: str) -> np.ndarray:
    parts = [np.asarray(getattr(c, which))[codes[name]] for name, c in known.items()]
    return np.sum(parts, axis=0)


@lru_cache(maxsize=64)
def _rule(s: Scenario) -> _Rule:
    """Set the intercepts and the effect on a large sample; the truth is taken from each study."""
    known = covariates(s)
    codes = _codes(np.random.default_rng(SEED), known, 100_000)
    lean = _sum(known, codes, "outcome")
    base = _solve(lambda a: expit(a + lean).mean() - s.risk)
    levels = len(known["call_group"].shares)
    delta = np.zeros(levels)
    if s.ratio != 1:
        goal = s.ratio * expit(base + lean).mean()
        delta += _solve(lambda d: expit(base + lean + d).mean() - goal)
    if s.varies:
        delta = np.linspace(-1.0, 0.6, levels)
    toward = s.selection * _sum(known, codes, "sent")
    sent = _solve(lambda a: expit(a + toward).mean() - s.share)
    return _Rule(base, delta, sent)


def _solve(excess: Callable[[float], float]) -> float:
    from scipy.optimize import brentq

    return float(brentq(excess, -20, 20))


def _force(rng: np.random.Generator, s: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """Return each officer's first period with a certificate (PERIODS: never), and their load."""
    cit = round(s.officers * s.certified)
    first = np.where(np.arange(s.officers) < cit, 0, PERIODS)
    if s.switching:
        # Half of all officers are certified at some time, a few before the first period.
        ever = s.officers // 2
        first = np.where(np.arange(s.officers) < ever, rng.integers(0, PERIODS, s.officers), first)
        first[ever:] = PERIODS
        first[0] = 0
    weight = np.ones(s.officers)
    if s.load == "lognormal":
        weight = np.exp(rng.normal(0, s.spread, s.officers))
    if s.dominant:
        others = weight[1:cit].sum()
        weight[0] = others * s.dominant / (1 - s.dominant)
    return first, weight


def _held(first: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return by period the share of all load that certified officers carry."""
    there = first[None, :] <= np.arange(PERIODS)[:, None]
    return there @ weight / weight.sum()


def _chance(s: Scenario, rule: _Rule, codes: dict[str, np.ndarray], held: np.ndarray) -> np.ndarray:
    """Return each contact's chance of a CIT officer."""
    toward = s.selection * _sum(covariates(s), codes, "sent")
    if s.switching:
        return expit(logit(np.clip(held, 0.02, 0.98)) + toward - 0.5)
    chance = expit(rule.sent + toward)
    return np.where(codes["call_group"] == 0, 1.0, chance) if s.only else chance


def _assigned(
    rng: np.random.Generator,
    s: Scenario,
    first: np.ndarray,
    weight: np.ndarray,
    period: np.ndarray,
    arm: np.ndarray,
) -> np.ndarray:
    """Return each contact's officer, drawn by load from those of its arm at the time."""
    officer = np.empty(len(arm), dtype=np.int64)
    times = range(PERIODS) if s.switching else [None]
    for t in times:
        for side in (True, False):
            there = (first <= (t or 0)) == side
            of = (arm == side) if t is None else (arm == side) & (period == t)
            who, size = np.flatnonzero(there), int(of.sum())
            if s.load == "equal":
                officer[of] = rng.permutation(np.resize(rng.permutation(who), size))
            else:
                officer[of] = rng.choice(who, size, p=weight[who] / weight[who].sum())
    return officer
