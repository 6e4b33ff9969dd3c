"""An attacker: linear programming over everything a report shows, against what it withholds.

Written apart from ``metrics.disclosure``: it sees the published numbers only, knows that a total is the
sum of its parts and that counts are whole and not negative, and asks how narrow it can make each count.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from metrics.aggregate.standings import Standings
from metrics.disclosure import TOTAL, Suppressed, whole_percent
from metrics.disclosure.grid import Export, cells, decide, periods


@dataclass
class Knowledge:
    """What the attacker knows: unknown counts, and linear statements about them."""

    size: int = 0
    rows: list[dict[int, float]] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def unknowns(self, n: int) -> list[int]:
        self.size += n
        return list(range(self.size - n, self.size))

    def says(self, row: dict[int, float], low: float, high: float) -> None:
        self.rows.append(row)
        self.low.append(low)
        self.high.append(high)

    def equal(self, parts: Iterable[int], value: float) -> None:
        self.says(dict.fromkeys(parts, 1.0), value, value)

    def width(self, parts: Iterable[int]) -> float:
        """Return the width of the interval of a sum of unknowns, in whole numbers; may be inf."""
        objective = np.zeros(self.size)
        objective[list(parts)] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            found = optimize.linprog(sign * objective, **self._constraints(), method="highs")
            assert found.status in (0, 3), found.message
            ends.append(sign * found.fun if found.status == 0 else -sign * math.inf)
        if math.isinf(ends[1]):
            return math.inf
        return math.floor(ends[1] + 1e-6) - math.ceil(ends[0] - 1e-6)

    def _constraints(self) -> dict[str, object]:
        matrix = sparse.lil_array((len(self.rows), self.size))
        for i, row in enumerate(self.rows):
            for j, value in row.items():
                matrix[i, j] = value
        matrix = matrix.tocsr()
        low, high = np.array(self.low), np.array(self.high)
        same = low == high
        found: dict[str, object] = {"bounds": (0, None)}
        if same.any():
            found |= {"A_eq": matrix[same], "b_eq": low[same]}
        if (~same).any():
            found |= {
                "A_ub": sparse.vstack([matrix[~same], -matrix[~same]]),
                "b_ub": np.concatenate([high[~same], -low[~same]]),
            }
        return found


def table_widths(report: Suppressed) -> list[float]:
    """Attack a table, or sibling tables, with their totals and the percents beside them."""
    levels = [
        [v for v in dict.fromkeys(c[i] for c in report.cells) if v != TOTAL]
        for i in range(len(report.dims))
    ]
    atoms = list(itertools.product(*levels))
    known = Knowledge()
    number = dict(zip(atoms, known.unknowns(len(atoms)), strict=True))

    def parts(cell: tuple[str, ...]) -> list[int]:
        return [
            number[a] for a in atoms if all(v in (TOTAL, w) for v, w in zip(cell, a, strict=True))
        ]

    for cell, n in report.cells.items():
        if n is not None:
            known.equal(parts(cell), n)
        # The share of its total over the last dim, as whole percent where the report gives one.
        whole = (*cell[:-1], TOTAL)
        percent = whole_percent(n, report.cells.get(whole), report.threshold)
        if cell != whole and percent is not None:
            inside = set(parts(cell))
            for limit, sign in ((percent - 0.5, 1.0), (percent + 0.5, -1.0)):
                row = {i: sign * ((i in inside) - limit / 100) for i in parts(whole)}
                known.says(row, 0, 1e9)
    return [known.width(parts(cell)) for cell, n in report.cells.items() if n is None]


def export_widths(report: Export, earlier: tuple[Export, ...] = ()) -> list[float]:
    """Attack all comparisons of a public report together: every outcome, group and period.

    Returns the widths of the withheld counts, and of the small counts left where periods are
    subtracted.
    """
    s, grid = report.standings, report.grid
    limits = [*grid, *(q for e in earlier for q in e.grid if q.id != "all")]
    member = np.stack([p.holds(s.month) for p in limits], axis=1)
    kinds, part = np.unique(member, axis=0, return_inverse=True)
    part = np.ravel(part)
    known = Knowledge()
    people = np.array([known.unknowns(3) for _ in kinds])
    counts = {o: np.array([known.unknowns(10) for _ in kinds]) for o in s.outcomes}
    for table in counts.values():
        for group, row in zip(people, table, strict=True):
            for arm in range(2):
                known.says(
                    dict.fromkeys(row[4 * arm : 4 * arm + 4], 1.0) | {group[arm]: -1.0}, 0, 0
                )
            known.says({row[8]: 1.0, row[9]: 1.0, row[4]: -1.0, row[5]: -1.0}, 0, 0)
    for place, p in enumerate(grid):
        inside = np.flatnonzero(kinds[:, place])
        for o, table in counts.items():
            if report.allows(o, p.id):
                published = cells(s, o, p)
                for c in range(10):
                    known.equal(table[inside, c], published[c])
                known.equal(people[inside, 2], published[10])
    windows = [(e, q) for e in earlier for q in e.grid if q.id != "all"]
    for place, (e, q) in enumerate(windows, len(grid)):
        inside = np.flatnonzero(kinds[:, place])
        for o, table in counts.items():
            if e.allows(o, q.id):
                for c, n in enumerate(cells(e.standings, o, q)[:10]):
                    known.equal(table[inside, c], n)
    widths = []
    sets = [frozenset(np.flatnonzero(kinds[:, i])) for i in range(len(grid))]
    left = {a - b for a in sets for b in sets if b < a} - {frozenset()}
    left |= {frozenset([t]) for t in range(len(kinds))}
    truth = {o: _truth(s, o, part, len(kinds)) for o in s.outcomes}
    for o, table in counts.items():
        for p, inside in zip(grid, sets, strict=True):
            if not report.allows(o, p.id):
                rows = list(inside)
                widths += [
                    known.width(table[rows, c]) for c in range(10) if truth[o][rows, c].sum()
                ]
        for span in left:
            rows = list(span)
            widths += [
                known.width(table[rows, c]) for c in range(10) if 0 < truth[o][rows, c].sum() < 11
            ]
    return widths


def _truth(s: Standings, outcome: str, part: np.ndarray, size: int) -> np.ndarray:
    found = np.zeros((size, 10))
    standing = s.standing[:, s.outcomes.index(outcome)]
    for t, arm, came, how, n in zip(part, s.arm, s.came, standing, s.weight, strict=True):
        if arm < 2:
            found[t, 4 * arm + how] += n
        if arm == 1 and how < 2:
            found[t, 8 if came else 9] += n
    return found


def random_table(rng: np.random.Generator, shape: tuple[int, ...]) -> pd.Series:
    """Return skewed random counts, with many small ones and some zeros."""
    index = pd.MultiIndex.from_product(
        [[f"{'abc'[d]}{i}" for i in range(n)] for d, n in enumerate(shape)],
        names=list("abc")[: len(shape)],
    )
    counts = rng.poisson(rng.gamma(0.6, 60, size=len(index)))
    return pd.Series(counts, index)


def random_standings(rng: np.random.Generator, last: int = 12 * 2025 + 7) -> Standings:
    """Return random contacts by month with three outcomes, one inside another."""
    rows = []
    for month in range(12 * 2022 + int(rng.integers(0, 6)), last + 1):
        for arm, came, one, two in itertools.product(range(3), (False, True), range(4), range(3)):
            if arm < 2 and not (arm == 0 and not came):
                mean = 40 * (0.03, 1, 0.05, 0)[one] * (0.2, 1, 0.02)[two] * (1, 0.6)[arm]
                rows.append((month, arm, came, one, two, rng.poisson(mean * rng.gamma(2, 0.5))))
        rows.append((month, 2, False, 2, 1, rng.poisson(1.0)))
    table = np.array([r for r in rows if r[-1]])
    inside = np.where((table[:, 3] == 0) & (rng.random(len(table)) < 0.8), 0, 1)
    standing = np.column_stack([table[:, 3], table[:, 4], inside])
    return Standings(
        ("one", "two", "inside"),
        table[:, 0],
        table[:, 1],
        table[:, 2].astype(bool),
        standing,
        table[:, 5],
    )


def random_exports(rng: np.random.Generator) -> tuple[Export, Export]:
    """Return the public reports of two months running: the second has one month more."""
    from datetime import date

    s = random_standings(rng)
    first = int(s.month.min())
    begin = date(first // 12, first % 12 + 1, 3)
    old = s.month < 12 * 2025 + 7
    before = Standings(
        s.outcomes, s.month[old], s.arm[old], s.came[old], s.standing[old], s.weight[old]
    )
    earlier = decide(before, periods(begin, date(2025, 7, 31)))
    return earlier, decide(s, periods(begin, date(2025, 8, 31)), earlier=(earlier,))


def random_export(rng: np.random.Generator) -> Export:
    """Return the public report of random contacts."""
    from datetime import date

    s = random_standings(rng)
    first = int(s.month.min())
    return decide(s, periods(date(first // 12, first % 12 + 1, 3), date(2025, 8, 20)))
