"""Days x districts and shifts: which cells the rule asks for, who was on duty, and the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from metrics.aggregate.duty import Rule
from metrics.shares import Share

if TYPE_CHECKING:
    import pandas as pd


class Post(NamedTuple):
    """A district and a shift that the rule asks for."""

    district: str
    shift: str


class Gap(NamedTuple):
    """A run of days on which a post had no CIT officer; ``days`` counts those the rule asks for."""

    post: Post
    first: date
    last: date
    days: int


@dataclass(frozen=True, eq=False)
class Grid:
    """Counts by day and post. Arrays are days x posts, ``recorded`` is by day.

    ``due`` says which cells the rule asks for, ``able`` counts officers who can take a call there,
    ``certified`` and ``designated`` those of them (``designated`` None where it is not recorded).
    """

    days: tuple[date, ...]
    posts: tuple[Post, ...]
    due: np.ndarray
    recorded: np.ndarray
    able: np.ndarray
    certified: np.ndarray
    designated: np.ndarray | None

    @property
    def counted(self) -> np.ndarray:
        """Cells asked for on days that were recorded: the denominator."""
        return self.due & self.recorded[:, None]

    @property
    def open(self) -> np.ndarray:
        """Cells asked for and recorded, without a CIT officer."""
        return self.counted & (self.certified == 0)


class Months(NamedTuple):
    """Cells by month: first days of the months with any recorded day; open and counted are posts x
    months."""

    months: tuple[date, ...]
    open: np.ndarray
    counted: np.ndarray


def grid_of(frame: pd.DataFrame, about: Rule, first: date, last: date, designated: bool) -> Grid:
    """Return counts by day and post of what :func:`metrics.aggregate.duty.duty_counts` counted."""
    days = tuple(first + timedelta(days=i) for i in range((last - first).days + 1))
    posts = tuple(Post(d, s.id) for d in about.districts for s in about.shifts)
    shape = (len(days), len(posts))
    weekday = np.array([d.weekday() for d in days], dtype=int)
    week = np.array([s.weekdays for s in about.shifts], dtype=bool).reshape(-1, 7)
    due = np.tile(week.T[weekday], (1, len(about.districts))).reshape(shape)
    found = {c: np.zeros(shape, dtype=np.int64) for c in ("able", "certified", "designated")}
    recorded = np.zeros(len(days), dtype=bool)
    if len(frame):
        at = _day_numbers(frame["day"], first)
        recorded[at[frame["rows"].to_numpy() > 0]] = True
        place = {post: i for i, post in enumerate(posts)}
        column = np.array(
            [
                place.get(Post(*pair), -1)
                for pair in zip(frame["district"], frame["shift"], strict=True)
            ]
        )
        keep = column >= 0
        for name, counts in found.items():
            counts[at[keep], column[keep]] = frame[name].to_numpy()[keep]
    return Grid(
        days,
        posts,
        due,
        recorded,
        found["able"],
        found["certified"],
        found["designated"] if designated else None,
    )


def _day_numbers(days: pd.Series, first: date) -> np.ndarray:
    return (days.to_numpy().astype("datetime64[D]") - np.datetime64(first, "D")).astype(int)


def covered(grid: Grid, officers: np.ndarray) -> Share:
    """Return cells with at least one such officer, of those counted."""
    return Share(int((grid.counted & (officers > 0)).sum()), int(grid.counted.sum()))


def full_days(grid: Grid, officers: np.ndarray) -> Share:
    """Return days on which every cell had such an officer, of days recorded with any cell to cover."""
    asked = grid.counted.any(axis=1)
    full = asked & ~(grid.counted & (officers == 0)).any(axis=1)
    return Share(int(full.sum()), int(asked.sum()))


def gaps_of(grid: Grid) -> tuple[Gap, ...]:
    """Return every gap, by its first day."""
    found = []
    for column, post in enumerate(grid.posts):
        start: int | None = None
        end = length = 0
        for row in range(len(grid.days)):
            if grid.open[row, column]:
                start = row if start is None else start
                end, length = row, length + 1
            elif start is not None and (grid.due[row, column] or not grid.recorded[row]):
                found.append(Gap(post, grid.days[start], grid.days[end], length))
                start, length = None, 0
        if start is not None:
            found.append(Gap(post, grid.days[start], grid.days[end], length))
    return tuple(sorted(found, key=lambda g: (g.first, g.post)))


def months_of(grid: Grid) -> Months:
    """Count open cells by post and month."""
    first = [day.replace(day=1) for day in grid.days]
    months = sorted({m for m, known in zip(first, grid.recorded, strict=True) if known})
    place = {m: i for i, m in enumerate(months)}
    shape = (len(grid.posts), len(months))
    open_, all_ = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    for row, month in enumerate(first):
        if grid.recorded[row]:
            open_[:, place[month]] += grid.open[row]
            all_[:, place[month]] += grid.counted[row]
    return Months(tuple(months), open_, all_)
