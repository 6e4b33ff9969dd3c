"""Choose what to withhold so that no small count can be worked out, losing least: exact, by cuts.

Counts are tied by relations (a total is the sum of its parts). Whoever reads what is published knows the
relations, every published count, and that counts are not negative; linear programming then bounds each
count that is withheld. A choice is safe when every one of those intervals is at least the threshold
wide. The cheapest safe choice is found by alternating a small integer program over the choices with
that attack: each interval too narrow gives, by duality, an inequality that every safe choice satisfies.

Source: Fischetti and Salazar-Gonzalez 2001, Management Science 47, 1008-1027 (sections 3 and 4), with
sliding protection levels, as only the width of an interval is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

HIDDEN = -1
"""A count that is never published."""
KNOWN = -2
"""A count that everyone knows, whatever is withheld."""

SMALL_PROBLEM = 80
"""Up to this many units the choice is the cheapest; beyond, the search stops earlier."""
MOST_ROUNDS, FEWER_ROUNDS = 40, 12
OPTIONS = ({"node_limit": 1_000}, {"node_limit": 50})
"""Of the integer program, for small problems and for large ones."""
MOST_VARIABLES = 4_000
"""Attacks are run side by side in linear programs of about this size."""
SLACK = 1e-6


@dataclass(frozen=True)
class System:
    """Counts, what ties them, and how they are published.

    ``relations`` (rows x counts) times ``values`` is zero. ``unit`` holds, for each count, the unit it is
    published or withheld with, ``HIDDEN`` or ``KNOWN``; ``cost`` what withholding each unit loses.
    """

    relations: sparse.csr_array
    values: np.ndarray
    unit: np.ndarray
    cost: np.ndarray


@dataclass
class Builder:
    """Collects counts and the sums that tie them, and makes a :class:`System`."""

    values: list[int] = field(default_factory=list)
    unit: list[int] = field(default_factory=list)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    rows: int = 0

    def add(self, value: int, unit: int = HIDDEN) -> int:
        """Add a count; return its number."""
        self.values.append(int(value))
        self.unit.append(unit)
        return len(self.values) - 1

    def total(self, whole: int, parts: list[int]) -> None:
        """Say that a count is the sum of others."""
        self.entries += [(self.rows, whole, 1.0), *((self.rows, p, -1.0) for p in parts)]
        self.rows += 1

    def sum_of(self, parts: list[int], unit: int = HIDDEN) -> int:
        """Add a count that is the sum of others; return its number."""
        whole = self.add(sum(self.values[p] for p in parts), unit)
        self.total(whole, parts)
        return whole

    def system(self, cost: np.ndarray) -> System:
        """Return what was collected."""
        row, column, value = (np.array(x) for x in zip(*self.entries, strict=True))
        relations = sparse.csr_array(
            (value, (row, column)), shape=(self.rows, len(self.values)), dtype=float
        )
        return System(
            relations, np.array(self.values, float), np.array(self.unit), np.asarray(cost, float)
        )


@dataclass(frozen=True)
class Bounds:
    """What an attacker learns of each target: its limits, and the prices that prove them."""

    low: np.ndarray
    high: np.ndarray
    # targets x units: how much withholding a unit could widen the interval, at most.
    gain: np.ndarray
    # targets: the width that what is never published gives.
    given: np.ndarray

    @property
    def width(self) -> np.ndarray:
        """Width of the interval of whole numbers."""
        return np.floor(self.high + SLACK) - np.ceil(self.low - SLACK)


def bounds(system: System, withheld: np.ndarray, targets: np.ndarray, reach: float) -> Bounds:
    """Bound the counts ``targets`` from all that is published where ``withheld`` (units) is not.

    The attacker is taken to know that no count is more than ``reach`` above the truth: knowing more
    than a real one, so what is safe from this one is safe.
    """
    free = np.flatnonzero(_free(system, withheld))
    low, high = system.values[targets].copy(), system.values[targets].copy()
    gain = np.zeros((len(targets), len(system.cost)))
    given = np.zeros(len(targets))
    for part in _tied(system, free):
        place = np.full(len(system.values), -1)
        place[part] = np.arange(len(part))
        inside = np.flatnonzero(place[targets] >= 0)
        step = max(1, MOST_VARIABLES // (2 * len(part)))
        for start in range(0, len(inside), step):
            some = inside[start : start + step]
            shift, price = _attack(system, part, place, targets[some], reach)
            low[some] += shift[:, 0]
            high[some] += shift[:, 1]
            gain[some], given[some] = _gains(system, price, reach)
    pinned = np.flatnonzero(~np.isin(targets, free))
    unit = system.unit[targets[pinned]]
    gain[pinned[unit >= 0], unit[unit >= 0]] = reach
    return Bounds(low, high, gain, given)


def _free(system: System, withheld: np.ndarray) -> np.ndarray:
    found: np.ndarray = system.unit == HIDDEN
    published = system.unit >= 0
    found[published] = withheld[system.unit[published]]
    return found


def _tied(system: System, free: np.ndarray) -> list[np.ndarray]:
    """Split the counts nobody knows into sets that share no relation."""
    from scipy.sparse import csgraph

    if not len(free):
        return []
    member = (system.relations[:, free] != 0).astype(np.int8)
    _, part = csgraph.connected_components(member.T @ member, directed=False)
    order = np.argsort(part, kind="stable")
    return np.split(free[order], np.flatnonzero(np.diff(part[order])) + 1)


def _attack(
    system: System, free: np.ndarray, place: np.ndarray, targets: np.ndarray, reach: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each target can go down and up, and the reduced costs (targets x 2 x counts)."""
    from scipy import optimize

    relations = system.relations[:, free]
    used = np.flatnonzero(np.diff(relations.indptr))
    relations = relations[used]
    n, m, blocks = len(free), len(used), 2 * len(targets)
    sign = np.tile([1.0, -1.0], len(targets))
    which = np.repeat(targets, 2)
    objective = np.zeros((blocks, n))
    objective[np.arange(blocks), place[which]] = sign
    found = optimize.linprog(
        objective.ravel(),
        A_eq=sparse.kron(sparse.eye_array(blocks), relations, format="csr") if m else None,
        b_eq=np.zeros(m * blocks) if m else None,
        bounds=np.column_stack([np.tile(-system.values[free], blocks), np.full(n * blocks, reach)]),
        method="highs",
    )
    if found.x is None:  # no shift is always feasible, and the box bounds it
        raise ArithmeticError(f"an attack could not be computed: {found.message}")
    value = found.x.reshape(blocks, n)[np.arange(blocks), place[which]]
    dual = found.eqlin.marginals.reshape(blocks, m) if m else np.zeros((blocks, 0))
    price = -np.asarray(dual @ system.relations[used])
    price[np.arange(blocks), which] += sign
    price[np.abs(price) < 1e-9] = 0.0
    return value.reshape(-1, 2), price.reshape(len(targets), 2, -1)


def _gains(system: System, price: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn reduced costs into what each unit could add to the width, and what is there anyway."""
    room = reach * np.maximum(-price, 0) + system.values * np.maximum(price, 0)
    room = room.sum(axis=1)
    given = room[:, system.unit == HIDDEN].sum(axis=1)
    published = np.flatnonzero(system.unit >= 0)
    member = sparse.csr_array(
        (np.ones(len(published)), (published, system.unit[published])),
        shape=(len(system.values), len(system.cost)),
    )
    return room @ member, given


def withhold(
    system: System, forced: np.ndarray, targets: np.ndarray, threshold: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the units to withhold (mask), cheapest, and the targets that nothing can protect.

    ``forced`` (mask of units) are withheld in any case. Every target, and every count of a withheld
    unit, gets an interval at least ``threshold`` wide, unless it would be narrower with every unit
    withheld. A zero needs none, nor what zeros fix: zeros may be shown. Deterministic.
    Large systems stop at the best choice found, made safe.
    """
    reach = float(system.values.max(initial=0) + 2 * threshold)
    everything = np.ones(len(system.cost), bool)
    targets = targets.astype(int)
    protectable = set(targets[bounds(system, everything, targets, reach).width >= threshold])
    # A count that the zeros alone fix, such as all but none of a known total, is no secret to keep.
    zeros = replace(system, unit=np.where(system.values == 0, KNOWN, system.unit))
    others = np.setdiff1d(np.flatnonzero((system.unit >= 0) & (system.values > 0)), targets)
    protectable |= set(others[bounds(zeros, everything, others, reach).width >= threshold])
    unprotected = np.array([t for t in targets if t not in protectable], int)
    always = {int(t) for t in targets if t in protectable}
    rows: list[np.ndarray] = []
    least: list[float] = []
    chosen = forced.copy()
    need: dict[int, float] = {}
    for _ in range(MOST_ROUNDS if len(system.cost) <= SMALL_PROBLEM else FEWER_ROUNDS):
        wanted = _with_withheld(system, chosen, always, protectable)
        found = bounds(system, chosen, np.array(wanted, int), reach)
        narrow = np.flatnonzero(found.width < threshold)
        if not len(narrow):
            return chosen, unprotected
        for i in narrow:
            required = need.get(wanted[i], float(threshold))
            if found.high[i] - found.low[i] >= required - SLACK:
                # Wide enough, but not in whole numbers.
                required = need[wanted[i]] = found.high[i] - found.low[i] + 1
            short = required - found.given[i]
            row = np.minimum(found.gain[i] / short, 1.0)
            if wanted[i] not in always:
                # Only needed while its own unit is withheld.
                row[system.unit[wanted[i]]] -= 1.0
            rows.append(row)
            least.append(float(wanted[i] in always))
        better = _cheapest(system.cost, forced, np.array(rows), np.array(least))
        if better is None or (better == chosen).all():
            break
        chosen = better
    return _made_safe(system, chosen, forced, always, protectable, threshold, reach), unprotected


def _with_withheld(
    system: System, chosen: np.ndarray, always: set[int], protectable: set[int]
) -> list[int]:
    """Add the counts of withheld units to the targets: none of them may be pinned."""
    published = np.flatnonzero(system.unit >= 0)
    gone = published[chosen[system.unit[published]]]
    return sorted({*always, *(int(i) for i in gone if int(i) in protectable)})


def _cheapest(
    cost: np.ndarray, forced: np.ndarray, rows: np.ndarray, least: np.ndarray
) -> np.ndarray | None:
    from scipy import optimize

    found = optimize.milp(
        cost,
        integrality=np.ones(len(cost)),
        bounds=optimize.Bounds(forced.astype(float), 1.0),
        constraints=optimize.LinearConstraint(rows, lb=least - 1e-7),
        # A limit of nodes, not of time: the same data must always give the same answer.
        options=OPTIONS[len(cost) > SMALL_PROBLEM],
    )
    return None if found.x is None else np.asarray(found.x > 0.5)


def _made_safe(
    system: System,
    chosen: np.ndarray,
    forced: np.ndarray,
    always: set[int],
    protectable: set[int],
    threshold: int,
    reach: float,
) -> np.ndarray:
    """Withhold more, what helps most for its cost first, until safe; then give back what can be."""

    def narrow(choice: np.ndarray) -> tuple[np.ndarray, Bounds]:
        targets = _with_withheld(system, choice, always, protectable)
        found = bounds(system, choice, np.array(targets, int), reach)
        return np.flatnonzero(found.width < threshold), found

    chosen = chosen.copy()
    while True:
        left, found = narrow(chosen)
        if not len(left):
            break
        help_ = np.minimum(found.gain[left], threshold).sum(axis=0) / (system.cost + 1)
        help_[chosen] = -1
        if help_.max() <= 0:
            chosen[:] = True
            break
        chosen[int(help_.argmax())] = True
    for u in np.argsort(-system.cost, kind="stable")[:40]:
        if chosen[u] and not forced[u]:
            chosen[u] = False
            if len(narrow(chosen)[0]):
                chosen[u] = True
    return chosen
