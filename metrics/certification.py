"""Who is CIT-certified on a day, whose certification lapses when, and who else was trained.

Trained, certified, designated and enhanced are four things and are counted apart: a course once
completed, a certificate in force, serving as a CIT officer, and the enhanced certificate. Of several
certificates of one person the one with the latest expiry counts, so that a renewal is not a lapse. What
no record tells is not recorded, and never no.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from data.store import Snapshot
from metrics import aggregate
from metrics.aggregate import IN_FORCE, LAPSED, REFRESHED, Personnel
from metrics.estimate import NotEstimable
from metrics.monthly import month_start, shift
from metrics.shares import Share
from metrics.wording.numbers import month_after

if TYPE_CHECKING:
    import pandas as pd

DUE_DAYS = 90
REFRESHER_MONTHS = 24
AHEAD_MONTHS = 12
DIMENSIONS = ("squad", "shift", "district")

TELECOMMUNICATOR = "telecommunicator"
PATROL_ROLES = ("patrol_officer", "deputy")
NOT_ELSE = (TELECOMMUNICATOR, "civilian_clinician")
"""Roles that awareness training for everyone else does not mean: call takers and clinicians."""

DESIGNATION = "assignments.cit_designated"
EXPIRY = "certifications.expires_on"


class Group(NamedTuple):
    """Counts of people of one squad, shift or district, or of all (``name`` None: not recorded).

    ``due`` are those of ``certified`` whose certificate lapses within 90 days; ``lapsed`` had one and
    have none in force. ``designated`` is of those whose assignment says so either way
    (``designated_known``); ``serving`` are certified and designated, ``not_serving`` certified and not
    designated, ``uncertified`` designated without a certificate in force.
    """

    name: str | None
    people: int
    trained: int
    certified: int
    due: int
    lapsed: int
    enhanced: int
    designated: int
    designated_known: int
    serving: int
    not_serving: int
    uncertified: int


class Lapse(NamedTuple):
    """People of one squad and shift whose certificate is no longer in force from one day."""

    day: date
    squad: str | None
    shift: str | None
    people: int


class InService(NamedTuple):
    """Of those certified: a refresher within 24 months, the 40-hour course itself, neither."""

    refreshed: int
    course: int
    neither: int

    @property
    def certified(self) -> int:
        """All of them."""
        return sum(self)


@dataclass(frozen=True)
class Standing:
    """Certification on one day. ``total`` and ``groups`` (by each of DIMENSIONS) count employed people.

    ``lapses`` are those of the rest of this month and of the twelve after it, in order, if nobody
    renews. ``patrol`` is the share of patrol that is certified.
    """

    day: date
    records: Personnel
    total: Group
    groups: dict[str, tuple[Group, ...]]
    lapses: tuple[Lapse, ...]
    bodies: tuple[tuple[str | None, int], ...]
    carried: Share
    in_service: InService | NotEstimable
    telecommunicators: Share | NotEstimable
    others: Share | NotEstimable
    patrol: Share | NotEstimable

    @property
    def recorded(self) -> bool:
        """Whether there is anything to say of certification."""
        return bool(self.total.trained or self.records.rows["certifications"])

    @property
    def expiry(self) -> bool:
        """Whether any certificate has an expiry date."""
        return self.records.has(EXPIRY)

    @property
    def designation(self) -> bool:
        """Whether any assignment says who is designated."""
        return self.records.has(DESIGNATION)

    @property
    def leavers(self) -> bool:
        """Whether the list of officers is there, without which people who left cannot be taken out."""
        return self.records.rows["officers"] > 0

    @property
    def next_month(self) -> tuple[date, date]:
        """First and last day of the calendar month after the day."""
        first = month_after(month_start(self.day))
        return first, month_after(first) - timedelta(days=1)

    def lapsing(self, first: date, last: date) -> tuple[Lapse, ...]:
        """Return the lapses of a period, both days inclusive."""
        return tuple(x for x in self.lapses if first <= x.day <= last)

    @property
    def due(self) -> tuple[Lapse, ...]:
        """The lapses of the next 90 days."""
        return self.lapsing(self.day + timedelta(days=1), due_until(self.day))


def due_until(day: date) -> date:
    """Return the last day on which a lapse counts as due."""
    return day + timedelta(days=DUE_DAYS)


def refreshed_since(day: date) -> date:
    """Return the day after which a refresher counts: 24 months before."""
    return shift(day, -REFRESHER_MONTHS)


def standing(snapshot: Snapshot, day: date, agency: str | None = None) -> Standing:
    """Return the standing of everyone employed on a day, of one agency or of all."""
    cells = aggregate.standings_of_people(snapshot, day, refreshed_since(day), agency)
    return of_cells(cells, day, aggregate.personnel(snapshot))


def due_or_lapsed(snapshot: Snapshot, day: date, agency: str | None = None) -> pd.DataFrame:
    """Return who is due or lapsed on a day as keyed hashes: see ``aggregate.due_keys``."""
    return aggregate.due_keys(snapshot, day, due_until(day), refreshed_since(day), agency)


def of_cells(cells: pd.DataFrame, day: date, records: Personnel) -> Standing:
    """Return the standing that counts of people add up to: see ``aggregate.standings_of_people``."""
    certified = cells[cells["state"] == IN_FORCE]
    role = cells["role"]
    carried = _answers(certified, "carried")
    callers = cells[role == TELECOMMUNICATOR]
    others = cells[~role.isin(NOT_ELSE) & (cells["state"] != IN_FORCE) & ~cells["trained"]]
    return Standing(
        day=day,
        records=records,
        total=_group(None, cells, day),
        groups={by: _by(cells, by, day) for by in DIMENSIONS},
        lapses=_lapses(certified, day),
        bodies=_bodies(certified),
        carried=carried,
        in_service=_in_service(certified, records),
        telecommunicators=_kept(
            callers, "dispatcher", records, ("cit_dispatcher", "cit_dispatcher_8h"), "call takers"
        ),
        others=_kept(others, "aware", records, ("mh_awareness", "mh_first_aid"), "other people"),
        patrol=_patrol(cells),
    )


def weeks(lapses: Iterable[Lapse]) -> dict[date, int]:
    """Return people by the Monday of the week in which their certificate lapses, in order."""
    found: dict[date, int] = {}
    for lapse in sorted(lapses):
        monday = lapse.day - timedelta(days=lapse.day.weekday())
        found[monday] = found.get(monday, 0) + lapse.people
    return found


def months(found: Standing) -> tuple[tuple[date, int], ...]:
    """Return lapses by calendar month, the rest of this month and the twelve after it."""
    first = month_start(found.day)
    counted = {shift(first, k): 0 for k in range(AHEAD_MONTHS + 1)}
    for lapse in found.lapses:
        counted[month_start(lapse.day)] += lapse.people
    return tuple(counted.items())


def _people(cells: pd.DataFrame) -> int:
    return int(cells["people"].sum())


def _group(name: str | None, cells: pd.DataFrame, day: date) -> Group:
    certified = cells["state"] == IN_FORCE
    soon = [d is not None and d <= due_until(day) for d in cells["lapses"]]
    due = certified & np.array(soon, dtype=bool)
    yes, no = cells["designated"] == "yes", cells["designated"] == "no"
    return Group(
        name,
        people=_people(cells),
        trained=_people(cells[cells["trained"]]),
        certified=_people(cells[certified]),
        due=_people(cells[due]),
        lapsed=_people(cells[cells["state"] == LAPSED]),
        enhanced=_people(cells[cells["enhanced"]]),
        designated=_people(cells[yes]),
        designated_known=_people(cells[yes | no]),
        serving=_people(cells[certified & yes]),
        not_serving=_people(cells[certified & no]),
        uncertified=_people(cells[~certified & yes]),
    )


def _by(cells: pd.DataFrame, by: str, day: date) -> tuple[Group, ...]:
    """Return one group per level, by name; those without one last, if they hold or held anything."""
    named = cells[cells[by].notna()]
    found = [_group(str(name), part, day) for name, part in named.groupby(by)]
    rest = _group(None, cells[cells[by].isna()], day)
    if found and (rest.trained or rest.certified or rest.lapsed):
        found.append(rest)
    return tuple(found)


def _lapses(certified: pd.DataFrame, day: date) -> tuple[Lapse, ...]:
    counted: dict[tuple[date, str | None, str | None], int] = {}
    until = shift(month_start(day), AHEAD_MONTHS + 1)
    columns = certified[["lapses", "squad", "shift", "people"]]
    for ends, squad, shift_, n in columns.itertuples(index=False, name=None):
        if ends is not None and ends < until:
            place = (ends, _text(squad), _text(shift_))
            counted[place] = counted.get(place, 0) + int(n)
    order = sorted(counted, key=lambda p: (p[0], p[1] or "~", p[2] or "~"))
    return tuple(Lapse(*place, counted[place]) for place in order)


def _bodies(certified: pd.DataFrame) -> tuple[tuple[str | None, int], ...]:
    found = [(str(b), _people(p)) for b, p in certified.groupby("body")]
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    unknown = _people(certified[certified["body"].isna()])
    return (*found, (None, unknown)) if unknown else tuple(found)


def _answers(cells: pd.DataFrame, column: str) -> Share:
    yes, no = (_people(cells[cells[column] == a]) for a in ("yes", "no"))
    return Share(yes, yes + no, _people(cells) - yes - no)


def _in_service(certified: pd.DataFrame, records: Personnel) -> InService | NotEstimable:
    if "cit_in_service" not in records.kinds:
        return NotEstimable("no refresher (course kind cit_in_service) is on record for anyone")
    if not _people(certified):
        return NotEstimable("nobody holds a certificate in force")
    counted = {k: _people(p) for k, p in certified.groupby("in_service")}
    return InService(
        counted.get(REFRESHED, 0),
        counted.get(aggregate.COURSE, 0),
        counted.get(aggregate.NEITHER_TRAINED, 0),
    )


def _kept(
    cells: pd.DataFrame, column: str, records: Personnel, kinds: tuple[str, ...], who: str
) -> Share | NotEstimable:
    """Share who have a course or certificate. One that nobody has is taken for not recorded."""
    if not records.has("officers.role"):
        return NotEstimable("it needs officers.role")
    if not records.kinds & set(kinds):
        return NotEstimable(f"no such course or certificate is on record ({' or '.join(kinds)})")
    if not _people(cells):
        return NotEstimable(f"there are no {who} on record")
    return Share(_people(cells[cells[column]]), _people(cells))


def _patrol(cells: pd.DataFrame) -> Share | NotEstimable:
    """Share of patrol certified; patrol by assignment, by role where no assignment says."""
    says = cells["patrol"].isin(["yes", "no"])
    patrol = cells[(says & (cells["patrol"] == "yes")) | (~says & cells["role"].isin(PATROL_ROLES))]
    if not _people(patrol):
        return NotEstimable("who is on patrol is not recorded")
    return Share(_people(patrol[patrol["state"] == IN_FORCE]), _people(patrol))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
