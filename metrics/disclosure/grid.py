"""The fixed grid of public periods, and which outcomes may be published for which of them.

Free filters would let anyone subtract one view from another, so the public view has a few periods only,
and what is withheld is decided for all of them together: every outcome, both groups, every period.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from metrics.aggregate.standings import CIT, MISSING, NEITHER, NOT_ELIGIBLE, OTHER, Standings
from metrics.disclosure.protect import HIDDEN, KNOWN, Builder, withhold
from metrics.disclosure.tables import THRESHOLD, is_small

ROLLING_MONTHS = 24
ALL, ROLLING = "all", "rolling"

Cells = tuple[int, ...]


@dataclass(frozen=True)
class Period:
    """One period of the grid, whole months from ``first`` to ``last`` (12 x year + month - 1)."""

    id: str
    first: int
    last: int

    @property
    def start(self) -> date:
        """The first day."""
        return _day(self.first)

    @property
    def end(self) -> date:
        """The last day, inclusive."""
        return _day(self.last + 1) - timedelta(days=1)

    def holds(self, month: np.ndarray) -> np.ndarray:
        """Say which months lie in it."""
        return (self.first <= month) & (month <= self.last)


def _day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def periods(first: date | None, last: date | None) -> tuple[Period, ...]:
    """Return the public periods of data from ``first`` to ``last`` (both inclusive).

    All data; every whole calendar year; the 24 months up to the last full one. A month is full once
    a later contact is there or its last day has one; a year is whole if the data begin in its
    January or before and its December is full.
    """
    if first is None or last is None:
        return (Period(ALL, 0, 0),)
    begin, final = _month(first), _month(last)
    full = final if (last + timedelta(days=1)).day == 1 else final - 1
    found = [Period(ALL, begin, final)]
    found += [
        Period(str(year), 12 * year, 12 * year + 11)
        for year in range(first.year, last.year + 1)
        if begin <= 12 * year and 12 * year + 11 <= full
    ]
    if full - ROLLING_MONTHS + 1 >= begin:
        found.append(Period(ROLLING, full - ROLLING_MONTHS + 1, full))
    return tuple(found)


@dataclass(frozen=True)
class Export:
    """A snapshot's public report: its counts, its grid, and the (outcome, period id) it may show.

    ``contacts`` are the ids of the periods whose contacts by group may be known.
    """

    standings: Standings
    grid: tuple[Period, ...]
    shown: frozenset[tuple[str, str]]
    contacts: frozenset[str]

    def allows(self, outcome: str, period: str) -> bool:
        """Say whether an outcome may be shown for a period."""
        return (outcome, period) in self.shown

    def allows_contacts(self, period: str) -> bool:
        """Say whether the number of contacts in each group may be shown for a period."""
        return period in self.contacts


def decide(
    standings: Standings,
    grid: tuple[Period, ...],
    threshold: int = THRESHOLD,
    earlier: tuple[Export, ...] = (),
) -> Export:
    """Decide what a report may show: no count of 1 to threshold - 1, and none that can be worked out.

    A comparison (outcome x period) is shown whole or not at all. Withheld are those with a small count;
    those whose contacts differ from those of another outcome by a small number (one group of contacts
    inside the other); those that ``earlier`` reports of the same data differ from by one; and the
    fewest others, by contacts, so that linear programming over everything shown, the contacts of each
    group and what earlier reports showed leaves every small count an interval of ``threshold``. Outcomes
    come in the order of the registry: of two that give one away, the first stays.
    """
    times = _times(standings, grid, earlier)
    base = _contacts_shown(standings, grid, times, threshold, earlier)
    shown: set[tuple[str, str]] = set()
    alike = {p.id: _Alike(standings, p, threshold) for p in grid if base[p.id]}
    for place, outcome in enumerate(standings.outcomes):
        forced = np.array(
            [
                not base[p.id]
                or _any_small(cells(standings, outcome, p), threshold)
                or any(
                    e.allows(outcome, q.id)
                    and _differ_little(standings, e.standings, outcome, p, q, threshold)
                    for e in earlier
                    for q in e.grid
                    if _same(p, q)
                )
                or any(
                    alike[p.id].conflict(place, other)
                    for other in range(place)
                    if (standings.outcomes[other], p.id) in shown
                )
                for p in grid
            ]
        )
        gone = _series(standings, outcome, grid, times, base, forced, threshold, earlier)
        shown |= {(outcome, p.id) for p, g in zip(grid, gone, strict=True) if not g}
    return Export(standings, grid, frozenset(shown), frozenset(p for p, ok in base.items() if ok))


def cells(standings: Standings, outcome: str, period: Period) -> Cells:
    """Return every count that a comparison shows or gives away by subtraction.

    By group: event, no event, not recorded, not in the denominator; of the other group's denominator
    those where a CIT officer came and did not; the contacts in neither group.
    """
    inside = period.holds(standings.month)
    place = standings.outcomes.index(outcome)
    found = [_count(standings, place, inside, arm, s) for arm in (CIT, OTHER) for s in range(4)]
    found += [_came(standings, place, inside, came) for came in (True, False)]
    return (*found, int(standings.weight[inside & (standings.arm == NEITHER)].sum()))


def _count(s: Standings, place: int, inside: np.ndarray, arm: int, standing: int) -> int:
    chosen = inside & (s.arm == arm) & (s.standing[:, place] == standing)
    return int(s.weight[chosen].sum())


def _came(s: Standings, place: int, inside: np.ndarray, came: bool) -> int:
    counted = s.standing[:, place] < MISSING
    return int(s.weight[inside & (s.arm == OTHER) & counted & (s.came == came)].sum())


def _any_small(counts: Cells, threshold: int) -> bool:
    return any(is_small(n, threshold) for n in counts)


def _same(period: Period, other: Period) -> bool:
    whole = period.id == other.id == ALL
    return whole or (period.first, period.last) == (other.first, other.last)


def _differ_little(
    new: Standings, old: Standings, outcome: str, period: Period, before: Period, threshold: int
) -> bool:
    """Say whether the same figure of an earlier report differs by a small count."""
    if outcome not in old.outcomes:
        return False
    pairs = zip(cells(new, outcome, period), cells(old, outcome, before), strict=True)
    return any(is_small(abs(a - b), threshold) for a, b in pairs)


def _times(
    standings: Standings, grid: tuple[Period, ...], earlier: tuple[Export, ...]
) -> list[np.ndarray]:
    """Return the finest parts of time that the periods can tell apart, as masks over the rows."""
    limits = [*grid, *(q for e in earlier for q in e.grid if q.id != ALL)]
    member = np.stack([p.holds(standings.month) for p in limits], axis=1)
    _, part = np.unique(member, axis=0, return_inverse=True)
    part = np.ravel(part)
    return [part == t for t in range(int(part.max(initial=-1)) + 1)]


def _parts(times: list[np.ndarray], inside: np.ndarray) -> list[int]:
    return [t for t, rows in enumerate(times) if (rows & inside).any()]


def _spans(
    s: Standings, grid: tuple[Period, ...], times: list[np.ndarray]
) -> tuple[list[list[int]], list[list[int]]]:
    """Return each period's parts of time, and the parts of what is left where one holds others."""
    spans = [_parts(times, p.holds(s.month)) for p in grid]
    sets = [frozenset(x) for x in spans]
    years = [x for p, x in zip(grid, sets, strict=True) if p.id not in (ALL, ROLLING)]
    left = {frozenset([t]) for t in range(len(times))}
    left |= {a - b for a in sets for b in sets if b < a}
    left |= {a & b for a in sets for b in sets} | {a - frozenset().union(*years) for a in sets}
    left -= {frozenset(), *sets}
    return spans, sorted(sorted(x) for x in left)


def _contacts_shown(
    s: Standings,
    grid: tuple[Period, ...],
    times: list[np.ndarray],
    threshold: int,
    earlier: tuple[Export, ...],
) -> dict[str, bool]:
    """Say for which periods the contacts of each group may be known."""
    builder = Builder()
    atoms = np.array(
        [[builder.add(s.weight[rows & (s.arm == a)].sum()) for a in range(3)] for rows in times],
        int,
    ).reshape(-1, 3)
    spans, left = _spans(s, grid, times)
    targets: list[int] = []
    forced = np.zeros(len(grid), bool)
    for u, (p, span) in enumerate(zip(grid, spans, strict=True)):
        arms = [builder.sum_of([int(atoms[t, a]) for t in span], u) for a in range(3)]
        small = any(is_small(builder.values[i], threshold) for i in arms)
        forced[u] = small or _contacts_differ_little(s, p, threshold, earlier)
        targets += arms
    targets += _left_over(builder, atoms, left)
    small_ones = [i for i in targets if is_small(builder.values[i], threshold)]
    if not small_ones and not forced.any():
        return {p.id: True for p in grid}
    cost = np.array([float(s.weight[p.holds(s.month)].sum()) for p in grid])
    gone, _ = withhold(builder.system(cost), forced, np.array(small_ones, int), threshold)
    return {p.id: not g for p, g in zip(grid, gone, strict=True)}


def _contacts_differ_little(
    s: Standings, period: Period, threshold: int, earlier: tuple[Export, ...]
) -> bool:
    return any(
        is_small(
            abs(
                int(s.weight[period.holds(s.month) & (s.arm == a)].sum())
                - int(e.standings.weight[q.holds(e.standings.month) & (e.standings.arm == a)].sum())
            ),
            threshold,
        )
        for e in earlier
        for q in e.grid
        if _same(period, q) and e.allows_contacts(q.id)
        for a in range(3)
    )


def _left_over(builder: Builder, atoms: np.ndarray, left: list[list[int]]) -> list[int]:
    found = []
    for span in left:
        for column in atoms[span].T:
            parts = [int(i) for i in column]
            found.append(parts[0] if len(parts) == 1 else builder.sum_of(parts, HIDDEN))
    return found


def _series(
    s: Standings,
    outcome: str,
    grid: tuple[Period, ...],
    times: list[np.ndarray],
    base: dict[str, bool],
    forced: np.ndarray,
    threshold: int,
    earlier: tuple[Export, ...],
) -> np.ndarray:
    """Return the periods for which one outcome is withheld (mask)."""
    builder = Builder()
    place = s.outcomes.index(outcome)
    atoms = np.array([_atoms(builder, s, place, rows) for rows in times], int).reshape(-1, 10)
    spans, left = _spans(s, grid, times)
    targets: list[int] = []
    for u, (p, span) in enumerate(zip(grid, spans, strict=True)):
        published = [builder.sum_of([int(atoms[t, c]) for t in span], u) for c in range(10)]
        targets += published
        if base[p.id]:
            for arm in range(2):
                builder.sum_of(published[4 * arm : 4 * arm + 4], KNOWN)
    for e in earlier:
        for q in e.grid:
            if q.id != ALL and e.allows(outcome, q.id) and _unchanged(s, e.standings, outcome, q):
                span = _parts(times, q.holds(s.month))
                for c in range(10):
                    builder.sum_of([int(atoms[t, c]) for t in span], KNOWN)
    targets += _left_over(builder, atoms, left)
    small = [i for i in targets if is_small(builder.values[i], threshold)]
    if not small and not forced.any():
        return forced
    cost = np.array([float(s.weight[p.holds(s.month)].sum()) for p in grid])
    gone, _ = withhold(builder.system(cost), forced, np.array(small, int), threshold)
    return gone


def _atoms(builder: Builder, s: Standings, place: int, rows: np.ndarray) -> list[int]:
    found = [
        builder.add(_count(s, place, rows, arm, standing))
        for arm in (CIT, OTHER)
        for standing in range(4)
    ]
    came = [builder.add(_came(s, place, rows, came)) for came in (True, False)]
    # Those who came and those who did not are together the other group's events and non-events.
    whole = builder.sum_of(came)
    builder.total(whole, found[4:6])
    return found + came


def _unchanged(new: Standings, old: Standings, outcome: str, period: Period) -> bool:
    if outcome not in old.outcomes:
        return False
    return cells(new, outcome, period) == cells(old, outcome, period)


class _Alike:
    """The sets of contacts that comparisons of one period count, and those that nearly coincide."""

    def __init__(self, s: Standings, period: Period, threshold: int) -> None:
        self.threshold = threshold
        inside = period.holds(s.month)
        key = np.column_stack([s.arm, s.came, s.standing])[inside]
        rows, group = np.unique(key, axis=0, return_inverse=True)
        weight = np.bincount(np.ravel(group), weights=s.weight[inside], minlength=len(rows))
        self.sets = [_sets(rows[:, 0] == a, rows, weight, a == OTHER) for a in (CIT, OTHER)]

    def conflict(self, one: int, other: int) -> bool:
        """Say whether a set of one outcome lies in a set of the other but for a small number."""
        for member, weight in self.sets:
            a, b = member[one], member[other]
            both = (a * weight) @ b.T
            size_a, size_b = a @ weight, b @ weight
            inside = (both == size_a[:, None]) | (both == size_b[None, :])
            if (inside & is_small(np.abs(size_a[:, None] - size_b[None, :]), self.threshold)).any():
                return True
        return False


def _sets(
    arm: np.ndarray, rows: np.ndarray, weight: np.ndarray, with_came: bool
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return for each outcome its sets (sets x patterns, 0 or 1) in one group, and the weights."""
    came, standing = rows[arm, 1].astype(bool), rows[arm, 2:]
    return [
        np.array(list(_of_outcome(column, came, with_came)), float) for column in standing.T
    ], weight[arm]


def _of_outcome(column: np.ndarray, came: np.ndarray, with_came: bool) -> Iterator[np.ndarray]:
    counted = column < MISSING
    chosen = [column == 0, column == 1, column == MISSING, counted, column != NOT_ELIGIBLE]
    if with_came:
        chosen += [counted & came, counted & ~came]
    for one in chosen:
        yield one
        yield ~one
