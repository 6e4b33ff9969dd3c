"""Whom to train next: the fewest more officers to certify so that coverage reaches a target.

A plan names squads, shifts and districts, never an officer: whoever decides knows who is ready there. How
much it rests on the very officers of the plan is said beside it, by drawing others of the same squads.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np

from data.store import Snapshot
from metrics import duty, duty_grid
from metrics.aggregate import duty as counted
from metrics.aggregate.trace import kept
from metrics.duty import Lacking
from metrics.duty_grid import Gap, Post
from metrics.planner import blocks, solve
from metrics.planner.problem import (
    BASES,
    PATTERN,
    PUBLISHED,
    Eligible,
    Home,
    Options,
    Problem,
    problem,
)

__all__ = [
    "BASES",
    "FEWEST_NAMED",
    "PATTERN",
    "PUBLISHED",
    "Eligible",
    "Group",
    "Home",
    "Options",
    "Plan",
    "Point",
    "bases",
    "decision",
    "missing",
    "plan",
    "solved",
]

SECONDS = 16.0
"""The most time the fewest officers are looked for; with the two below a plan is done within half a
minute. It usually takes well under a second."""
MOST_SECONDS = 3.0
"""The most time looked for a better use of the same number of officers."""
CURVE_SECONDS = 9.0
"""The most time for all points of the curve."""
POINTS = 24
"""The most points of the curve."""
FEWEST_NAMED = 3
"""Eligible officers below which a squad is not named: it would point at one person."""
DRAWS = 200
_SEED = 20250101


class Group(NamedTuple):
    """Officers to certify who share district, shift and squad.

    ``squad`` is None where it is not recorded, or not named because fewer than :data:`FEWEST_NAMED` are
    eligible. ``eligible`` counts those who may be picked there, ``cells`` the open cells that those
    of the plan would cover.
    """

    district: str | None
    shift: str | None
    squad: str | None
    officers: int
    eligible: int
    cells: int


class Point(NamedTuple):
    """With so many more officers: cells covered by the best choice found, and the most possible."""

    officers: int
    covered: int
    bound: int


@dataclass(frozen=True)
class Plan:
    """The answer. Cells are a day, a district and a shift; ``due`` are all that were recorded.

    ``covered`` are covered already, ``hopeless`` are open with nobody eligible rostered there, and
    ``target`` is how many must be covered. ``officers`` are those of the plan, ``closed`` the open cells
    they cover, ``fewest`` the fewest that reach the target (None where the class has room for fewer)
    and ``least`` its proven lower bound. ``gaps`` and ``gaps_closed`` count runs of open days.
    ``drawn`` are the open cells covered by other eligible officers of the same squads: the least and
    the middle of 200 draws; None where there is no choice.
    """

    options: Options
    agency: str
    basis: str
    as_of: date
    first: date
    last: date
    days: int
    due: int
    covered: int
    hopeless: int
    target: int
    officers: int
    closed: int
    reached: bool
    fewest: int | None
    least: int
    proven: bool
    gaps: int
    gaps_closed: int
    groups: tuple[Group, ...]
    drawn: tuple[int, int] | None
    curve: tuple[Point, ...]
    eligible: Eligible
    lapsing: int
    hopeless_posts: tuple[tuple[Post, int], ...]
    seconds: float

    @property
    def coverable(self) -> int:
        """Open cells that someone eligible could cover."""
        return self.due - self.covered - self.hopeless

    @property
    def gap(self) -> float:
        """How far the fewest found may be above the true fewest, as a share of it."""
        if self.fewest is None or not self.least:
            return 0.0
        return (self.fewest - self.least) / self.least


def plan(
    snapshot: Snapshot, options: Options | None = None, agency: str | None = None
) -> Plan | Lacking:
    """Return the plan of an agency, by default the one with the largest roster.

    No filter of a question changes it: a plan is about the days after the last day of data. Computed once
    for a snapshot and its options.
    """
    return _plan(snapshot, options or Options(), agency)


def decision(snapshot: Snapshot, options: Options | None = None, agency: str | None = None) -> str:
    """Return the plan as the decision asked for, such as "certify 3 more on West nights (closes 4 of 4
    gaps)", or why there is none."""
    from metrics.wording.planner import decision as told  # words of a plan need its class

    return told(plan(snapshot, options, agency))


def missing(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the tables that a plan needs and the snapshot does not hold."""
    held = counted.held_tables(snapshot)
    return tuple(t for t in counted.FOR_PLAN if t not in held)


def bases(snapshot: Snapshot, agency: str | None = None) -> tuple[str, ...]:
    """Return the rosters that can be planned on, the default first; needs a roster."""
    agencies = counted.roster_agencies(snapshot)
    chosen = agency if agency in agencies else agencies[0]
    _, until = counted.roster_days(snapshot, chosen)
    return BASES if until > duty.last_day(snapshot, chosen) else (PATTERN,)


@kept(32)
def _plan(snapshot: Snapshot, options: Options, agency: str | None) -> Plan | Lacking:
    if lacking := missing(snapshot):
        return Lacking(lacking)
    agencies = counted.roster_agencies(snapshot)
    chosen = agency if agency in agencies else agencies[0]
    rule = counted.rule(snapshot, chosen)
    as_of = duty.last_day(snapshot, chosen)
    today = as_of + timedelta(days=1)
    _, until = counted.roster_days(snapshot, chosen)
    basis = options.basis or (PUBLISHED if until >= today else PATTERN)
    if basis == PUBLISHED and until >= today:
        first, last, ahead = today, until, 0
    else:
        basis, ahead = PATTERN, duty.YEAR
        first, last = as_of - timedelta(days=duty.YEAR - 1), as_of
    grid = duty_grid.grid_of(
        counted.duty_counts(snapshot, chosen, first, last, designated=False),
        rule,
        first,
        last,
        False,
    )
    people = counted.people(snapshot, chosen, today, first, last)
    found = problem(grid, people, today, options, ahead)
    return solved(found, options, chosen, basis, as_of)


def solved(
    about: Problem, options: Options, agency: str, basis: str, as_of: date, *, merge: bool = True
) -> Plan:
    """Solve a problem. ``merge`` makes it smaller first, which changes how long it takes and no number."""
    begun = time.monotonic()
    grid = about.grid
    due, opened = int(grid.counted.sum()), len(about.open_days)
    reachable = about.reachable
    coverable = int(reachable.sum())
    covered = due - opened
    target = math.ceil(options.target * (covered + coverable) - 1e-9)
    need = min(max(target - covered, 0), coverable)
    chosen = np.zeros(0, dtype=int)
    fewest: int | None = 0
    least, proven = 0, True
    curve: tuple[Point, ...] = (Point(0, 0, 0),)
    if need:
        small = solve.cover(about.reach[reachable], about.open_posts[reachable], merge=merge)
        hint = blocks.hint(small, SECONDS / 3)
        best = solve.fewest(small, need, SECONDS - (time.monotonic() - begun), hint)
        least, proven = best.bound, best.proven
        fewest = len(best.chosen)
        number = min(fewest, options.class_size)
        if number < fewest or need < coverable:
            # As many officers as there are seats, or as the target takes, may cover more than asked.
            found = solve.most(small, number, MOST_SECONDS, hint)
            if number < fewest or found.covered >= need:
                best = found
        chosen = small.kept[best.chosen]
        curve = _curve(small, number, len(chosen), best, hint)
        fewest = fewest if fewest <= options.class_size else None
    x = np.zeros(len(about.candidates))
    x[chosen] = 1
    closed = (about.reach @ x) > 0
    gaps, gaps_closed = _gaps(about, closed)
    hopeless = Counter(grid.posts[p] for p in about.open_posts[~reachable].tolist())
    return Plan(
        options=options,
        agency=agency,
        basis=basis,
        as_of=as_of,
        first=grid.days[0],
        last=grid.days[-1],
        days=int(grid.recorded.sum()),
        due=due,
        covered=covered,
        hopeless=opened - coverable,
        target=target,
        officers=len(chosen),
        closed=int(closed.sum()),
        reached=int(closed.sum()) >= need,
        fewest=fewest,
        least=least,
        proven=proven,
        gaps=len(gaps),
        gaps_closed=gaps_closed,
        groups=_groups(about, chosen),
        drawn=_drawn(about, chosen),
        curve=curve,
        eligible=about.eligible,
        lapsing=about.lapsing,
        hopeless_posts=tuple(sorted(hopeless.items(), key=lambda i: (-i[1], i[0]))),
        seconds=time.monotonic() - begun,
    )


def _curve(
    small: solve.Cover, most: int, taken: int, best: solve.Found, hint: solve.Hint
) -> tuple[Point, ...]:
    """Return the most cells that 0, 1, 2 ... officers cover, at most :data:`POINTS` of them."""
    until = time.monotonic() + CURVE_SECONDS
    wanted = sorted({round(most * i / POINTS) for i in range(1, POINTS + 1)} - {0})
    points = [Point(0, 0, 0)]
    for place, k in enumerate(wanted):
        left = until - time.monotonic()
        # What is left is shared out among the points to come.
        found = solve.most(small, k, max(left, 0.0) / (len(wanted) - place), hint)
        value, bound = found.covered, found.bound
        if k >= taken:
            value = max(value, best.covered)
        points.append(Point(k, max(value, points[-1].covered), max(bound, points[-1].covered)))
    # More officers never cover less, and what fewer can reach bounds nothing above what more can.
    bounds = np.minimum.accumulate([p.bound for p in points[::-1]])[::-1]
    return tuple(
        Point(p.officers, p.covered, max(int(b), p.covered))
        for p, b in zip(points, bounds, strict=True)
    )


def _gaps(about: Problem, closed: np.ndarray) -> tuple[tuple[Gap, ...], int]:
    """Return the gaps of the roster planned on, and how many of them the plan closes from end to end."""
    found = duty_grid.gaps_of(about.grid)
    place = {post: i for i, post in enumerate(about.grid.posts)}
    still = np.zeros(about.grid.open.shape, dtype=bool)
    still[about.open_days[~closed], about.open_posts[~closed]] = True
    first = about.grid.days[0]
    shut = sum(
        not still[(g.first - first).days : (g.last - first).days + 1, place[g.post]].any()
        for g in found
    )
    return found, shut


def _groups(about: Problem, chosen: np.ndarray) -> tuple[Group, ...]:
    """Return the officers of a plan by district, shift and squad; small squads are not named."""
    eligible = Counter(about.homes)
    shown = [_shown(home, eligible) for home in about.homes]
    there = Counter(shown)
    picked: dict[Home, list[int]] = {}
    for column in chosen.tolist():
        picked.setdefault(shown[column], []).append(column)
    found = []
    for home, columns in picked.items():
        reach = np.asarray(about.reach[:, columns].sum(axis=1)).ravel() > 0
        found.append(Group(*home, len(columns), there[home], int(reach.sum())))
    return tuple(
        sorted(found, key=lambda g: (-g.officers, -g.cells, *(str(part) for part in g[:3])))
    )


def _shown(home: Home, eligible: Counter[Home]) -> Home:
    return home if eligible[home] >= FEWEST_NAMED else home._replace(squad=None)


def _drawn(about: Problem, chosen: np.ndarray) -> tuple[int, int] | None:
    """Return the least and the middle of the cells covered when each squad sends others of its own."""
    pools: dict[Home, list[int]] = {}
    for column, home in enumerate(about.homes):
        pools.setdefault(home, []).append(column)
    wanted = Counter(about.homes[c] for c in chosen.tolist())
    if not len(chosen) or all(len(pools[home]) == n for home, n in wanted.items()):
        return None
    rng = np.random.default_rng(_SEED)
    x = np.zeros((len(about.candidates), DRAWS))
    for home, n in sorted(wanted.items(), key=str):
        for draw in range(DRAWS):
            x[rng.choice(pools[home], n, replace=False), draw] = 1
    covered = ((about.reach @ x) > 0).sum(axis=0)
    return int(covered.min()), int(np.median(covered))
