"""Are we covered?: a CIT officer on duty in every patrolled district on every patrol shift, every day.

A *cell* is a day, a district and a shift that the rule asks for. It is covered if the roster has at least
one CIT officer there who can take a call (:mod:`metrics.aggregate.duty`). A day without any roster row is
not recorded, never uncovered. A *gap* is a run of cells of one district and shift, one after the other,
without a CIT officer; days on which the shift does not start neither count nor end it, a day that was not
recorded does.

The rule is that of CIT programs (CIT International 2019, *Best Practice Guide*; Memphis Model: CIT
officers available in all districts on all shifts).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.store import Snapshot
from metrics import aggregate
from metrics.aggregate import duty as counted
from metrics.aggregate.duty import Patrol, Rule
from metrics.duty_grid import Gap, Grid, Post, covered, full_days, gaps_of, grid_of
from metrics.shares import Share

if TYPE_CHECKING:
    import pandas as pd

    from metrics.question import Question

YEAR = 365
"""Days looked back on where the question has no dates."""


class PostLine(NamedTuple):
    """One district and shift: cells covered of those counted, and its longest gap.

    ``nobody`` are uncovered cells in which nobody at all could take a call.
    """

    post: Post
    covered: Share
    designated: Share | None
    nobody: int
    longest: Gap | None


class Calls(NamedTuple):
    """Crisis calls that came while no CIT officer was on in their district and shift, of all placed.

    ``apart`` came in no district, shift or day that counts.
    """

    missed: int
    of: int
    apart: int


class Ahead(NamedTuple):
    """The published roster: its days, those without any row, and its gaps."""

    first: date
    last: date
    days: int
    not_recorded: int
    gaps: tuple[Gap, ...]


@dataclass(frozen=True)
class Lacking:
    """Why coverage cannot be computed: the tables that hold nothing."""

    tables: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Duty:
    """Coverage of one agency over a period, and what is ahead.

    ``as_of`` is the last day of data; ``days`` counts days on which every cell was covered, of those
    recorded. ``by_designation`` are (days, cells) by designated officers on duty, None where that is not
    recorded. ``nowhere`` are roster rows that can take calls in no district or shift of the rule,
    ``unknown_status`` rows without a duty status: they cover nothing.
    """

    rule: Rule
    as_of: date
    first: date
    last: date
    grid: Grid
    days: Share
    days_not_recorded: int
    cells: Share
    by_designation: tuple[Share, Share] | None
    posts: tuple[PostLine, ...]
    gaps: tuple[Gap, ...]
    ahead: Ahead | None
    calls: Calls | None
    patrol: Patrol | None
    nowhere: int
    unknown_status: int
    agencies: tuple[str, ...]

    @property
    def longest(self) -> Gap | None:
        """The longest gap of all; the latest of equal ones."""
        return max(self.gaps, key=lambda g: (g.days, g.last), default=None)


@dataclass(frozen=True)
class Summary:
    """What the overview says: days fully covered, and the gaps of the month after the last day of data.

    ``month`` is that month's first day; ``ahead`` is None where no roster is published after the last day.
    """

    as_of: date
    first: date
    last: date
    days: Share
    days_not_recorded: int
    month: date
    ahead: tuple[Gap, ...] | None


def duty(snapshot: Snapshot, question: Question, agency: str | None = None) -> Duty | Lacking:
    """Return the coverage of an agency, by default the one with the largest roster.

    Of the question only the dates are used; without them it is about the 365 days up to the last day
    of data.
    """
    if lacking := missing(snapshot):
        return Lacking(lacking)
    agencies = counted.roster_agencies(snapshot)
    chosen = agency if agency in agencies else agencies[0]
    about = counted.rule(snapshot, chosen)
    as_of = last_day(snapshot, chosen)
    first, last = period(question, as_of)
    designated = counted.records_designation(snapshot, chosen)
    frame = counted.duty_counts(snapshot, chosen, first, last, designated)
    grid = grid_of(frame, about, first, last, designated)
    gaps = gaps_of(grid)
    calls = None
    if "calls" in counted.held_tables(snapshot) and any(s.starts is not None for s in about.shifts):
        calls = calls_of(grid, counted.crisis_calls(snapshot, about, first, last))
    inside = _inside(frame, about)
    return Duty(
        rule=about,
        as_of=as_of,
        first=first,
        last=last,
        grid=grid,
        days=full_days(grid, grid.certified),
        days_not_recorded=int((~grid.recorded).sum()),
        cells=covered(grid, grid.certified),
        by_designation=(
            None
            if grid.designated is None
            else (full_days(grid, grid.designated), covered(grid, grid.designated))
        ),
        posts=lines_of(grid, gaps),
        gaps=gaps,
        ahead=ahead_of(snapshot, about, as_of),
        calls=calls if calls is None or calls.of or calls.apart else None,
        patrol=counted.patrol(snapshot, chosen, as_of),
        nowhere=int(frame.loc[~inside, "able"].sum()),
        unknown_status=int(frame["unknown"].sum()),
        agencies=agencies,
    )


def summary(snapshot: Snapshot, question: Question, agency: str | None = None) -> Summary | Lacking:
    """Return what the overview says of coverage, or what is lacking."""
    if lacking := missing(snapshot):
        return Lacking(lacking)
    agencies = counted.roster_agencies(snapshot)
    chosen = agency if agency in agencies else agencies[0]
    about = counted.rule(snapshot, chosen)
    as_of = last_day(snapshot, chosen)
    first, last = period(question, as_of)
    frame = counted.duty_counts(snapshot, chosen, first, last, designated=False)
    grid = grid_of(frame, about, first, last, False)
    ahead = ahead_of(snapshot, about, as_of)
    month = (as_of + timedelta(days=1)).replace(day=1)
    after = (month + timedelta(days=31)).replace(day=1)
    return Summary(
        as_of,
        first,
        last,
        full_days(grid, grid.certified),
        int((~grid.recorded).sum()),
        month,
        None if ahead is None else tuple(g for g in ahead.gaps if g.first < after),
    )


def missing(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the tables that coverage needs and the snapshot does not hold."""
    held = counted.held_tables(snapshot)
    return tuple(t for t in counted.NEEDED if t not in held)


def last_day(snapshot: Snapshot, agency: str) -> date:
    """Return the last day of data: of the contacts, or of the roster where there are none."""
    first, last = counted.roster_days(snapshot, agency)
    known = aggregate.coverage(snapshot).last
    # Contacts that end before the roster begins say nothing about its days.
    return known if known is not None and known >= first else last


def period(question: Question, as_of: date) -> tuple[date, date]:
    """Return the days looked back on: those of the question, by default 365 up to the last of data."""
    last = min(question.end or as_of, as_of)
    return min(question.start or last - timedelta(days=YEAR - 1), last), last


def _inside(frame: pd.DataFrame, about: Rule) -> np.ndarray:
    shifts = [s.id for s in about.shifts]
    found: np.ndarray = (
        frame["district"].isin(list(about.districts)) & frame["shift"].isin(shifts)
    ).to_numpy()
    return found


def lines_of(grid: Grid, gaps: Sequence[Gap]) -> tuple[PostLine, ...]:
    """Return one line per post."""
    longest: dict[Post, Gap] = {}
    for gap in gaps:
        if gap.post not in longest or gap.days > longest[gap.post].days:
            longest[gap.post] = gap
    open_, asked = grid.open, grid.counted.sum(axis=0)
    return tuple(
        PostLine(
            post,
            Share(int(asked[i] - open_[:, i].sum()), int(asked[i])),
            None
            if grid.designated is None
            else Share(
                int((grid.counted[:, i] & (grid.designated[:, i] > 0)).sum()), int(asked[i])
            ),
            int((open_[:, i] & (grid.able[:, i] == 0)).sum()),
            longest.get(post),
        )
        for i, post in enumerate(grid.posts)
    )


def ahead_of(snapshot: Snapshot, about: Rule, as_of: date) -> Ahead | None:
    """Return the gaps of the roster published after the last day of data, if there is one."""
    _, until = counted.roster_days(snapshot, about.agency)
    first = as_of + timedelta(days=1)
    if until < first:
        return None
    frame = counted.duty_counts(snapshot, about.agency, first, until, designated=False)
    grid = grid_of(frame, about, first, until, False)
    recorded = int(grid.recorded.sum())
    return Ahead(first, until, recorded, len(grid.days) - recorded, gaps_of(grid))


def calls_of(
    grid: Grid, calls: Sequence[tuple[str | None, tuple[tuple[date, str], ...], int]]
) -> Calls:
    """Set crisis calls beside the cells they came in: missed where none of these had a CIT officer."""
    place = {post: i for i, post in enumerate(grid.posts)}
    row = {day: i for i, day in enumerate(grid.days)}
    missed = of = apart = 0
    for district, slots, n in calls:
        cells = [
            (row[day], place[Post(district, shift)])
            for day, shift in slots
            if district is not None and Post(district, shift) in place and day in row
        ]
        cells = [cell for cell in cells if grid.counted[cell]]
        if not cells:
            apart += n
            continue
        of += n
        if not any(grid.certified[cell] for cell in cells):
            missed += n
    return Calls(missed, of, apart)
