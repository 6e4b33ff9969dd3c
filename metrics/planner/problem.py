"""What has to be covered, by whom it could be, and who may be picked: arrays for the solver.

Officers are numbers of one answer; nothing here is shown. What is shown are groups by squad, shift and
district (:mod:`metrics.planner`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from metrics.aggregate.duty import People
from metrics.duty_grid import Grid

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED, PATTERN = "published_roster", "last_year_again"
"""Rosters planned on: the one published ahead, or the last 365 days as if they came again."""
BASES = (PUBLISHED, PATTERN)


@dataclass(frozen=True)
class Options:
    """What is asked of a plan. Hashable.

    ``target`` is the share of coverable cells to be covered, ``class_size`` the most officers in a class,
    ``min_years`` the years of service before it. With ``volunteers`` only those recorded as volunteers
    may be picked; with ``renew`` certificates in force today are taken as renewed when they lapse.
    ``basis`` is the roster planned on (None: the published one where there is one).
    """

    target: float = 1.0
    class_size: int = 20
    min_years: float = 2.0
    volunteers: bool = False
    renew: bool = False
    basis: str | None = None


class Eligible(NamedTuple):
    """Officers on patrol and why they may not be picked: each is in one count only, in this order."""

    patrol: int
    certified: int
    years_unknown: int
    too_new: int
    volunteer_unknown: int
    not_volunteer: int
    eligible: int


class Home(NamedTuple):
    """Where an officer works: district, shift and squad, None where it is not recorded."""

    district: str | None
    shift: str | None
    squad: str | None


@dataclass(frozen=True, eq=False)
class Problem:
    """Cells to cover and candidates. ``grid`` has the certificates of the days ahead in it.

    ``days`` and ``posts`` (indices into the grid) are the open cells; ``reach`` is open cells x
    candidates; ``candidates`` are numbers of officers, ``homes`` where each of them works. ``lapsing``
    are officers on patrol in date today who are not throughout.
    """

    grid: Grid
    open_days: np.ndarray
    open_posts: np.ndarray
    reach: sparse.csr_matrix
    candidates: np.ndarray
    homes: tuple[Home, ...]
    eligible: Eligible
    lapsing: int

    @property
    def reachable(self) -> np.ndarray:
        """Open cells that some candidate could cover."""
        found: np.ndarray = np.asarray(self.reach.sum(axis=1)).ravel() > 0
        return found


def problem(grid: Grid, about: People, today: date, options: Options, ahead: int) -> Problem:
    """Return the problem of a roster.

    The day of a cell is taken ``ahead`` days later when certificates and departures are looked at: 0 for
    a published roster, 365 where the last year stands for the next. ``today`` is the day after the last
    of data. A cell already covered by someone in date is not open.
    """
    officers = about.officers.sort_values("number")
    n, first = len(officers), grid.days[0]
    held = _held(about.certificates, n, grid.days, today, ahead, options.renew)
    leaves = _day_numbers(officers["leaves"], first + timedelta(days=ahead), len(grid.days) + 1)
    days = np.arange(len(grid.days))
    there = days[None, :] < leaves[:, None]
    who = about.duties["number"].to_numpy()
    when = _day_numbers(about.duties["day"], first)
    place = {tuple(post): i for i, post in enumerate(grid.posts)}
    pairs = zip(about.duties["district"], about.duties["shift"], strict=True)
    where = np.fromiter((place.get(pair, -1) for pair in pairs), np.int64, len(who))
    keep = (where >= 0) & there[who, when]
    who, when, where = who[keep], when[keep], where[keep]
    certified = np.zeros_like(grid.certified)
    able = np.zeros_like(grid.able)
    np.add.at(able, (when, where), 1)
    on = held[who, when]
    np.add.at(certified, (when[on], where[on]), 1)
    ready = Grid(grid.days, grid.posts, grid.due, grid.recorded, able, certified, None)
    open_days, open_posts = np.nonzero(ready.open)
    in_date = _in_date(about.certificates, n, today)
    picked, eligible = _eligible(officers, in_date, today, options)
    candidates = np.flatnonzero(picked)
    row = np.full(ready.open.shape, -1)
    row[open_days, open_posts] = np.arange(len(open_days))
    column = np.full(n, -1)
    column[candidates] = np.arange(len(candidates))
    fits = (row[when, where] >= 0) & (column[who] >= 0)
    reach = sparse.csr_matrix(
        (
            np.ones(int(fits.sum()), dtype=np.int32),
            (row[when, where][fits], column[who[fits]]),
        ),
        shape=(len(open_days), len(candidates)),
    )
    lapsing = int((in_date & _true(officers["patrol"]) & ~held.all(axis=1)).sum())
    columns = sparse.csc_matrix(reach)
    homes = tuple(
        _home(
            officers.iloc[i],
            grid,
            open_posts[columns.indices[columns.indptr[c] : columns.indptr[c + 1]]],
        )
        for c, i in enumerate(candidates)
    )
    return Problem(
        ready,
        open_days,
        open_posts,
        reach,
        candidates,
        homes,
        eligible,
        lapsing,
    )


def _held(
    certificates: pd.DataFrame,
    n: int,
    days: tuple[date, ...],
    today: date,
    ahead: int,
    renew: bool,
) -> np.ndarray:
    """Return officers x days: a CIT certificate is in force."""
    first = days[0] + timedelta(days=ahead)
    held = np.zeros((n, len(days)), dtype=bool)
    starts = _day_numbers(certificates["certified_on"], first)
    ends = _day_numbers(certificates["expires_on"], first, len(days))
    now = (today - first).days
    for officer, start, end in zip(certificates["number"], starts, ends, strict=True):
        last = len(days) if renew and start <= now < end else end
        held[officer, max(start, 0) : max(last, 0)] = True
    return held


def _in_date(certificates: pd.DataFrame, n: int, today: date) -> np.ndarray:
    starts = _day_numbers(certificates["certified_on"], today)
    ends = _day_numbers(certificates["expires_on"], today, 1)
    found = np.zeros(n, dtype=bool)
    found[certificates["number"].to_numpy()[(starts <= 0) & (ends > 0)]] = True
    return found


def _day_numbers(days: pd.Series, first: date, missing: int = 0) -> np.ndarray:
    """Return days after ``first``; a missing date is ``missing``."""
    found = (days.to_numpy().astype("datetime64[D]") - np.datetime64(first, "D")).astype(np.int64)
    return np.where(days.isna().to_numpy(), missing, found)


def _eligible(
    officers: pd.DataFrame, in_date: np.ndarray, today: date, options: Options
) -> tuple[np.ndarray, Eligible]:
    """Return who may be picked, and how many may not for which reason."""
    left = _day_numbers(officers["leaves"], today, 1) <= 0
    patrol = _true(officers["patrol"]) & ~left
    years = officers["years"].astype(float).to_numpy()
    chose = officers["volunteer"].astype("boolean")
    rest = patrol & ~in_date
    counts = []
    tests = [
        np.isnan(years) if options.min_years > 0 else np.zeros(len(years), dtype=bool),
        np.nan_to_num(years, nan=np.inf) < options.min_years,
    ]
    unknown, against = chose.isna().to_numpy(), ~chose.fillna(True).to_numpy(bool)
    tests += [unknown & options.volunteers, against & options.volunteers]
    for test in tests:
        counts.append(int((rest & test).sum()))
        rest = rest & ~test
    unclear, new, untold, unwilling = counts
    return rest, Eligible(
        int(patrol.sum()),
        int((patrol & in_date).sum()),
        unclear,
        new,
        untold,
        unwilling,
        int(rest.sum()),
    )


def _true(column: pd.Series) -> np.ndarray:
    """Say where a column is yes; not recorded is not yes."""
    found: np.ndarray = column.astype("boolean").fillna(False).to_numpy(bool)
    return found


def _home(officer: pd.Series, grid: Grid, open_posts: np.ndarray) -> Home:
    """Return where an officer works by assignment, or else where most of the cells they reach are."""
    district, shift, squad = (
        value if isinstance(value, str) else None
        for value in (officer["district"], officer["shift"], officer["squad"])
    )
    if (district is None or shift is None) and len(open_posts):
        district, shift = grid.posts[int(np.bincount(open_posts).argmax())]
    return Home(district, shift, squad)
