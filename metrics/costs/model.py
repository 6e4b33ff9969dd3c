"""The scenario: parts, payers and total, each with how far the draws reach.

Differences and costs are drawn independently of each other, each outcome's too; ``together`` draws all
differences at the same end instead, which is as wide as their dependence can make the sum. A price used in
several parts is one draw. Positive is a cost that goes with CIT, negative a saving.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np

from data import registry
from data.costs import Cost, digest
from data.registry.costs import PAYERS
from metrics.costs.basis import NOT_RECORDED, Basis
from metrics.costs.draws import cost_at, effect_at, uniform
from metrics.costs.flows import FLOWS, Flow
from metrics.estimate import Estimate, Estimated, NotEstimable

DRAWS = 20_000
SEED = 20250101
LOW, HIGH = 0.05, 0.95
COUNTED, LEFT_OUT, NOT_ESTIMABLE = "counted", "left out", "not estimable"
MINUTES = "minutes"


@dataclass(frozen=True)
class Options:
    """How a scenario is drawn.

    ``factors`` holds (price year, what its prices are multiplied by); a year that is not there stays as
    it is, and None stands for costs of no one year. ``marginal_only`` leaves out what does not go away
    with one fewer: average costs and charges.
    """

    seed: int = SEED
    draws: int = DRAWS
    together: bool = False
    marginal_only: bool = False
    factors: tuple[tuple[int | None, float], ...] = ()

    def factor(self, year: int | None) -> float:
        """Return what prices of a year are multiplied by."""
        return dict(self.factors).get(year, 1.0)


class Spread(NamedTuple):
    """How far draws reach, in US dollars: their median, 5th and 95th percentile, and mean."""

    median: float
    low: float
    high: float
    mean: float

    def times(self, number: float) -> Spread:
        """Return the same for so many contacts."""
        return Spread(*(v * number for v in self))


@dataclass(frozen=True)
class Part:
    """One part, per contact with CIT. Unless ``state`` is COUNTED it has a reason and no money.

    ``driver`` is the outcome it rests on, ``minutes`` or ``training``; ``effect`` its difference, None
    for training. ``uncertain`` says that the effect's 95% interval includes zero.
    """

    id: str
    label: str
    payer: str
    kind: str
    driver: str
    effect: Estimated | None
    state: str
    reason: str
    per_contact: Spread | None

    @property
    def uncertain(self) -> bool:
        """True if the difference may as well be none."""
        return isinstance(self.effect, Estimate) and self.effect.low <= 0 <= self.effect.high


class Payer(NamedTuple):
    """What one payer's parts come to per contact, and the share of draws in which it is a saving."""

    id: str
    per_contact: Spread
    chance: float


class Swing(NamedTuple):
    """The total per contact with one input at its 5th and its 95th percentile, all others at the middle."""

    input: str
    at_low: float
    at_high: float

    @property
    def width(self) -> float:
        """How far the input moves the total."""
        return abs(self.at_high - self.at_low)


@dataclass(frozen=True)
class Scenario:
    """The result. Spreads are US dollars per contact with CIT; ``contacts_a_year`` scales them.

    ``total``, ``middle`` (every input at its median) and ``chance`` (share of draws with a net saving)
    are of the counted parts; not estimable where no difference is counted. ``costs`` is the hash of the
    cost set, ``digest`` of everything the result depends on. ``swings`` are the widest first.
    """

    options: Options
    basis: Basis
    contacts_a_year: float
    parts: tuple[Part, ...]
    payers: tuple[Payer, ...]
    total: Spread | NotEstimable
    middle: float | NotEstimable
    chance: float | NotEstimable
    swings: tuple[Swing, ...]
    costs: str
    digest: str

    @property
    def counted(self) -> tuple[Part, ...]:
        """The parts in the total."""
        return tuple(p for p in self.parts if p.state == COUNTED)


@dataclass(frozen=True, eq=False)
class Draws:
    """Every draw, in US dollars per contact: by part, by payer, and in total (each of length draws)."""

    parts: Mapping[str, np.ndarray]
    payers: Mapping[str, np.ndarray]
    total: np.ndarray


@dataclass(frozen=True)
class _Planned:
    """A part before its draws."""

    flow: Flow
    cost: Cost
    driver: str
    effect: Estimated | None
    state: str
    reason: str

    @property
    def kind(self) -> str:
        return self.flow.kind or self.cost.kind or ""


def years_of(basis: Basis, costs: Iterable[Cost]) -> tuple[Cost, ...]:
    """Return the costs, with the years a certification counts measured where none are entered."""
    known = basis.certified.years if basis.certified else None
    return tuple(
        Cost(c.item, None, known, None, "fixed", None, None, None, "certificates on record")
        if c.item == "certification_years" and not c.entered and known
        else c
        for c in costs
    )


def _plan(basis: Basis, costs: Mapping[str, Cost], options: Options) -> tuple[_Planned, ...]:
    first = {f.id: _one(f, basis, costs, options) for f in FLOWS}
    found = []
    for flow in FLOWS:
        planned = first[flow.id]
        holder = first[flow.unless] if flow.unless else None
        if planned.state == COUNTED and holder is not None and holder.state == COUNTED:
            reason = f"already in {holder.flow.label.lower()}"
            planned = _Planned(flow, planned.cost, planned.driver, planned.effect, LEFT_OUT, reason)
        found.append(planned)
    return tuple(found)


def _one(flow: Flow, basis: Basis, costs: Mapping[str, Cost], options: Options) -> _Planned:
    """Say whether a part can be counted, whatever the other parts are."""
    cost = costs[flow.item]
    driver, effect, refused = _driver(flow, basis)

    def planned(state: str, reason: str = "") -> _Planned:
        return _Planned(flow, cost, driver, effect, state, reason)

    if refused:
        return planned(NOT_ESTIMABLE, refused)
    for id_ in flow.items:
        if not costs[id_].entered:
            item = registry.cost_item(id_)
            what = "quantity" if item.quantity else "cost"
            return planned(NOT_ESTIMABLE, f"no {what} entered: {item.label.lower()}")
    if flow.spread_over and _least(costs[flow.spread_over]) <= 0:
        return planned(NOT_ESTIMABLE, "the years to spread training over must be above 0")
    kind = flow.kind or cost.kind
    if options.marginal_only and kind != "marginal":
        what = "a charge" if kind == "charge" else "an average cost"
        return planned(LEFT_OUT, f"{what}, which does not go away with one fewer")
    return planned(COUNTED)


def _least(cost: Cost) -> float:
    return min(v for v in (cost.low, cost.likely, cost.high) if v is not None)


def _driver(flow: Flow, basis: Basis) -> tuple[str, Estimated | None, str]:
    """Return what drives a part, its difference, and why there is none."""
    if flow.source == "training":
        held = basis.certified
        if held is None or not basis.everywhere:
            return "training", None, "no contact with CIT is recorded"
        if not held.rows:
            return "training", None, "no certificate is recorded: load `certifications.csv`"
        return "training", None, ""
    if flow.source == "minutes":
        value: Estimated = basis.minutes.value
        return MINUTES, value, value.reason if isinstance(value, NotEstimable) else ""
    found = [basis.difference(o) for o in flow.outcomes]
    recorded = next((d for d in found if not d.lacks), None)
    if recorded is None:
        return found[0].outcome, found[0].value, NOT_RECORDED
    value = recorded.value
    reason = value.reason if isinstance(value, NotEstimable) else ""
    return recorded.outcome, value, reason


def _money(
    planned: _Planned, basis: Basis, at: Mapping[str, np.ndarray], options: Options
) -> np.ndarray:
    """Return a part's money per contact from the values of its inputs."""
    flow = planned.flow
    if flow.source == "training":
        assert basis.certified is not None
        # Officers certified on an average day, over a year, to each contact with CIT of a year.
        per: np.ndarray | float = basis.certified.average * basis.years / basis.everywhere
    else:
        per = at[_effect(planned.driver)]
    value = per * flow.scale * options.factor(planned.cost.price_year) * at[flow.item]
    for id_ in flow.quantities:
        value = value * at[id_]
    return np.asarray(value / at[flow.spread_over] if flow.spread_over else value)


def _effect(driver: str) -> str:
    return f"effect:{driver}"


class _Input(NamedTuple):
    """Something uncertain: its name, and the effect or the cost it is."""

    name: str
    value: Estimate | Cost

    def at(self, u: np.ndarray) -> np.ndarray:
        if isinstance(self.value, Estimate):
            return effect_at(self.value, u)
        return cost_at(self.value, u)


def _inputs(plan: Iterable[_Planned], costs: Mapping[str, Cost]) -> tuple[_Input, ...]:
    found: dict[str, _Input] = {}
    for planned in plan:
        if planned.state != COUNTED:
            continue
        if isinstance(planned.effect, Estimate):
            name = _effect(planned.driver)
            found[name] = _Input(name, planned.effect)
        for id_ in planned.flow.items:
            found[id_] = _Input(id_, costs[id_])
    return tuple(found[name] for name in sorted(found))


def _sums(
    plan: Iterable[_Planned], basis: Basis, at: Mapping[str, np.ndarray], options: Options
) -> Draws:
    """Return parts, payers and total; sums are in one order, whatever the order of the parts."""
    counted = sorted((p for p in plan if p.state == COUNTED), key=lambda p: p.flow.id)
    parts = {p.flow.id: _money(p, basis, at, options) for p in counted}
    payers: dict[str, np.ndarray] = {}
    for payer in PAYERS:
        own = [parts[p.flow.id] for p in counted if p.cost.payer == payer]
        if own:
            payers[payer] = np.sum(own, axis=0)
    total = np.sum(list(payers.values()), axis=0) if payers else np.zeros(options.draws)
    return Draws(parts, payers, total)


def _drawn(
    plan: Iterable[_Planned], basis: Basis, costs: Mapping[str, Cost], options: Options
) -> Draws:
    at = {}
    for one in _inputs(plan, costs):
        shared = options.together and isinstance(one.value, Estimate)
        at[one.name] = one.at(
            uniform(options.seed, "effects" if shared else one.name, options.draws)
        )
    return _sums(plan, basis, at, options)


def draw(basis: Basis, costs: Iterable[Cost], options: Options | None = None) -> Draws:
    """Return every draw of a scenario; the parts that are not counted have none."""
    options = options or Options()
    found = {c.item: c for c in years_of(basis, costs)}
    return _drawn(_plan(basis, found, options), basis, found, options)


def scenario(basis: Basis, costs: Iterable[Cost], options: Options | None = None) -> Scenario:
    """Return the scenario of a basis and a cost set (one row per item of the registry).

    The same basis, costs and options give the same result, bit for bit.
    """
    options = options or Options()
    given = tuple(costs)
    found = {c.item: c for c in years_of(basis, given)}
    plan = _plan(basis, found, options)
    draws = _drawn(plan, basis, found, options)
    compared = any(p.state == COUNTED and p.effect is not None for p in plan)
    none = _no_total(plan, options)
    middle, swings = _swings(plan, basis, found, options)
    return Scenario(
        options=options,
        basis=basis,
        contacts_a_year=basis.contacts / basis.years if basis.years else 0.0,
        parts=tuple(
            Part(
                p.flow.id,
                p.flow.label,
                p.cost.payer or "",
                p.kind,
                p.driver,
                p.effect,
                p.state,
                p.reason,
                _spread(draws.parts[p.flow.id]) if p.state == COUNTED else None,
            )
            for p in plan
        ),
        payers=tuple(
            Payer(id_, _spread(values), float(np.mean(values < 0)))
            for id_, values in draws.payers.items()
        ),
        total=_spread(draws.total) if compared else none,
        middle=middle if compared else none,
        chance=float(np.mean(draws.total < 0)) if compared else none,
        swings=swings if compared else (),
        costs=digest(given),
        digest=_digest(basis, given, options),
    )


TOO_FEW = NotEstimable("too few to say: no difference between the groups can be estimated")
NO_MARGINAL = NotEstimable("none of the differences that can be estimated has a marginal cost")
NO_COST = NotEstimable("no cost is entered for any difference that can be estimated")


def _no_total(plan: Iterable[_Planned], options: Options) -> NotEstimable:
    """Return why nothing that rests on a difference is counted, were that so."""
    if not any(isinstance(p.effect, Estimate) for p in plan):
        return TOO_FEW
    return NO_MARGINAL if options.marginal_only else NO_COST


def _spread(values: np.ndarray) -> Spread:
    low, median, high = np.quantile(values, (LOW, 0.5, HIGH))
    return Spread(float(median), float(low), float(high), float(np.mean(values)))


def _swings(
    plan: tuple[_Planned, ...], basis: Basis, costs: Mapping[str, Cost], options: Options
) -> tuple[float, tuple[Swing, ...]]:
    """Move one input at a time from its 5th to its 95th percentile, all others at the middle."""
    inputs = _inputs(plan, costs)
    middle = {one.name: one.at(np.array([0.5])) for one in inputs}

    def total(at: Mapping[str, np.ndarray]) -> float:
        return float(_sums(plan, basis, at, options).total[0])

    found = []
    for one in inputs:
        low, high = (total(middle | {one.name: one.at(np.array([u]))}) for u in (LOW, HIGH))
        found.append(Swing(one.name, low, high))
    moving = [s for s in found if s.width > 0]
    return total(middle), tuple(sorted(moving, key=lambda s: (-s.width, s.input)))


def _digest(basis: Basis, costs: tuple[Cost, ...], options: Options) -> str:
    said = {"basis": asdict(basis), "costs": digest(costs), "options": asdict(options)}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
