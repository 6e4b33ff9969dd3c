"""What liability claims cost so far, how that has changed, and how little of it can be foretold.

Money is whole-agency and descriptive: paid and incurred are apart, nothing is projected, no IBNR
(incurred but not reported) is included. Claims that a role may not see are in no number here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from data.roles import Role
from data.store import Snapshot
from metrics.aggregate import claims as counted
from metrics.aggregate.claims import LINKS
from metrics.estimate import NotEstimable
from metrics.question import Question
from metrics.triangle import (
    CLOSED,
    OPEN,
    Claim,
    Early,
    Factor,
    Measure,
    Standing,
    Triangle,
    age_to_age,
    blank,
    build,
    looked_back,
    triangle,
)

if TYPE_CHECKING:
    import pandas as pd

LIABILITY = "law_enforcement_liability"
OLD_ENOUGH, EARLY_AGES, EARLIEST = 48, 2, 12
"""Months of age at which a year is looked back on; how many of its ages, from which on."""
_OTHER = "not_recorded"


class Group(NamedTuple):
    """Claims of one kind as they stand: ``open`` and ``closed`` leave out those without a status."""

    label: str
    reported: int
    open: int
    closed: int
    paid: float
    incurred: float


class Since(NamedTuple):
    """What changed between the last loss run and the one before: counts, and sums of incurred.

    ``rises`` and ``falls`` count claims whose incurred went up or down; a claim reported since counts
    from 0.
    """

    previous: date
    reported: int
    closed: int
    paid: float
    rises: int
    risen: float
    falls: int
    fallen: float


class Retention(NamedTuple):
    """Gross incurred within and above the retention, over events whose retention is known.

    The retention is applied once to each event, however many claim for it. ``recovered`` is what has
    come back of it; ``unknown`` events have no retention recorded.
    """

    events: int
    unknown: int
    within: float
    above: float
    over: int
    recovered: float


class Arm(NamedTuple):
    """Claims linked to the contacts of one group; ``exposed`` is None where the group is unknown."""

    exposed: bool | None
    contacts: int
    claims: int
    incurred: float

    def per_1000(self, value: float) -> float | None:
        """Return a count or a sum of dollars per 1,000 contacts, or None of no contacts."""
        return value / self.contacts * 1000 if self.contacts else None


class Lacking(NamedTuple):
    """What the rows leave open: valuations passed over, and claims in no year of the triangle."""

    without_amount: int
    without_expense: int
    expense: bool
    undated: int
    unreported: int


@dataclass(frozen=True)
class Claims:
    """Everything on the page for one line of cover. Without a valuation, ``last`` is None.

    ``lines`` are the lines of cover with the claims that may be seen. ``factors`` are of incurred, then
    of paid.
    """

    loaded: bool
    marked: bool
    privileged: bool
    line: str
    lines: tuple[tuple[str, int], ...]
    exposure: str
    runs: tuple[date, ...]
    last: date | None
    whole: Group
    lacking: Lacking
    since: Since | None
    triangle: Triangle | NotEstimable
    factors: tuple[Factor, ...]
    paid_factors: tuple[Factor, ...]
    early: tuple[Early, ...]
    causes: tuple[Group, ...]
    links: tuple[Group, ...]
    retention: Retention | NotEstimable
    arms: tuple[Arm, ...]

    @property
    def early_ages(self) -> tuple[int, ...]:
        """The early ages that years are looked back on at."""
        return _early(self.triangle)


def claims(
    snapshot: Snapshot,
    question: Question,
    line: str | None = None,
    role: Role = Role.VIEWER,
) -> Claims:
    """Describe the claims of one line of cover that a role may see.

    ``line`` is by default law enforcement liability where there is any, else the commonest. Of the
    question only the table by group uses anything.
    """
    held = counted.held(snapshot)
    frame, valued = counted.claims(snapshot, role), counted.valuations(snapshot, role)
    sizes = frame["line"].value_counts()
    lines = tuple(sorted(((str(k), int(n)) for k, n in sizes.items()), key=lambda x: (-x[1], x[0])))
    names = [name for name, _ in lines]
    if line not in names:
        line = LIABILITY if LIABILITY in names or not names else names[0]
    # Over all lines: an insurer's run that no longer lists a line's closed claims still came.
    last = _last(frame, valued)
    runs = tuple(sorted({d for d in _days(valued) if last is not None and d <= last}))
    own = frame[frame["line"] == line].reset_index(drop=True)
    own_valued = valued[valued["claim"].isin(own["claim"])]
    built = build(own, own_valued)
    on = None if last is None else [c.on(last) for c in built]
    standing = _standing(own, on)
    found = (
        NotEstimable("no loss run is loaded")
        if last is None
        else triangle(built, _runs(own, own_valued), last)
    )
    factors: dict[Measure, tuple[Factor, ...]] = {"incurred": (), "paid": ()}
    early: tuple[Early, ...] = ()
    if isinstance(found, Triangle):
        counts = found.rows("reported")
        factors = {m: age_to_age(found.rows(m), found.ages, counts) for m in factors}
        assert last is not None
        early = looked_back(built, found, _early(found), OLD_ENOUGH)
    return Claims(
        loaded=held.loaded,
        marked=held.marked,
        privileged=role.at_most(snapshot.role).sees_privileged,
        line=line,
        lines=lines,
        exposure=question.exposure,
        runs=runs,
        last=last,
        whole=_group("all", standing),
        lacking=_lacking(own, own_valued, built),
        since=None if last is None or len(runs) < 2 else _since(built, runs[-2], last),
        triangle=found,
        factors=factors["incurred"],
        paid_factors=factors["paid"],
        early=early,
        causes=_grouped(own["cause"].fillna(_OTHER), standing),
        links=_grouped(own["link"], standing, LINKS),
        retention=_retention(own, standing),
        arms=() if last is None else _arms(snapshot, question, last, role, own, standing),
    )


def _days(valued: pd.DataFrame) -> list[date]:
    return [d.date() for d in valued["valued_on"]]


def _runs(frame: pd.DataFrame, valued: pd.DataFrame) -> dict[int, list[date]]:
    agency = dict(zip(frame["claim"], frame["agency"], strict=True))
    found: dict[int, set[date]] = {}
    for claim, day in zip(valued["claim"], _days(valued), strict=True):
        found.setdefault(int(agency[claim]), set()).add(day)
    return {a: sorted(days) for a, days in found.items()}


def _last(frame: pd.DataFrame, valued: pd.DataFrame) -> date | None:
    """Return the last day that the loss runs of every agency reach."""
    return min((days[-1] for days in _runs(frame, valued).values()), default=None)


def _early(found: Triangle | NotEstimable) -> tuple[int, ...]:
    if isinstance(found, NotEstimable):
        return ()
    return tuple([a for a in found.ages if a >= EARLIEST][:EARLY_AGES])


def _standing(frame: pd.DataFrame, on: Sequence[Standing | None] | None) -> list[Standing]:
    """Return how each claim stands; the status of one never valued is that of its resolution."""
    found = []
    for place, resolution in enumerate(frame["resolution"]):
        now = on[place] if on is not None else None
        now = now or Standing(0.0, 0.0, 0.0, None)
        if now.status is None and not blank(resolution):
            now = now._replace(status=OPEN if resolution == OPEN else CLOSED)
        found.append(now)
    return found


def _group(label: str, standing: Iterable[Standing]) -> Group:
    rows = list(standing)
    return Group(
        label,
        len(rows),
        sum(s.status == OPEN for s in rows),
        sum(s.status == CLOSED for s in rows),
        math.fsum(s.paid for s in rows),
        math.fsum(s.incurred for s in rows),
    )


def _grouped(
    labels: pd.Series, standing: list[Standing], order: Sequence[str] = ()
) -> tuple[Group, ...]:
    """Return one group per label: in ``order``, or those with most claims first."""
    by: dict[str, list[Standing]] = {name: [] for name in order}
    for label, one in zip(labels, standing, strict=True):
        by.setdefault(str(label), []).append(one)
    groups = [_group(label, rows) for label, rows in by.items()]
    return tuple(groups if order else sorted(groups, key=lambda g: (-g.reported, g.label)))


def _since(built: list[Claim], previous: date, last: date) -> Since:
    reported = closed = 0
    changes, paid = [], []
    for claim in built:
        now = claim.on(last)
        if now is None:
            continue
        before = claim.on(previous)
        reported += before is None
        closed += now.status == CLOSED and (before is None or before.status != CLOSED)
        changes.append(now.incurred - (before.incurred if before else 0.0))
        paid.append(now.paid - (before.paid if before else 0.0))
    up, down = [c for c in changes if c > 0], [c for c in changes if c < 0]
    return Since(
        previous,
        reported,
        closed,
        math.fsum(paid),
        len(up),
        math.fsum(up),
        len(down),
        -math.fsum(down),
    )


def _retention(frame: pd.DataFrame, standing: list[Standing]) -> Retention | NotEstimable:
    events: dict[int, list[tuple[float, Standing]]] = {}
    for event, kept, one in zip(frame["event"], frame["retention"], standing, strict=True):
        events.setdefault(int(event), []).append((kept, one))
    known = [
        (max(k for k, _ in rows if not blank(k)), [s for _, s in rows])
        for rows in events.values()
        if any(not blank(k) for k, _ in rows)
    ]
    if not known:
        return NotEstimable("no claim has its retention recorded")
    sums = [(kept, math.fsum(s.gross for s in rows)) for kept, rows in known]
    return Retention(
        len(known),
        len(events) - len(known),
        math.fsum(min(kept, gross) for kept, gross in sums),
        math.fsum(max(gross - kept, 0.0) for kept, gross in sums),
        sum(gross > kept for kept, gross in sums),
        math.fsum(s.gross - s.incurred for _, rows in known for s in rows),
    )


def _arms(
    snapshot: Snapshot,
    question: Question,
    last: date,
    role: Role,
    frame: pd.DataFrame,
    standing: list[Standing],
) -> tuple[Arm, ...]:
    contacts, linked = counted.by_arm(snapshot, question, last, role)
    worth = {int(c): s.incurred for c, s in zip(frame["claim"], standing, strict=True)}
    n: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    for exposed, count in zip(contacts["exposed"], contacts["contacts"], strict=True):
        n[None if _missing(exposed) else bool(exposed)] += int(count)
    sums: dict[bool | None, list[float]] = {arm: [] for arm in n}
    for claim, exposed in zip(linked["claim"], linked["exposed"], strict=True):
        if int(claim) in worth:
            sums[None if _missing(exposed) else bool(exposed)].append(worth[int(claim)])
    return tuple(Arm(arm, n[arm], len(sums[arm]), math.fsum(sums[arm])) for arm in n)


def _missing(value: object) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _lacking(frame: pd.DataFrame, valued: pd.DataFrame, built: list[Claim]) -> Lacking:
    no_amount = sum(v.paid is None or v.incurred is None for c in built for v in c.valuations)
    no_expense = valued["paid_expense"].isna() | (
        valued["reserve_expense"].isna() & (valued["status"] != CLOSED)
    )
    expense = valued[["paid_expense", "reserve_expense"]].notna().any(axis=None)
    return Lacking(
        no_amount,
        int(no_expense.sum()),
        bool(expense),
        sum(c.year is None for c in built),
        sum(c.known_from is None for c in built),
    )
