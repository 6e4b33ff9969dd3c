"""Partners and care: referrals to first service, holds, hand-offs at facilities, and who comes back.

All of it describes; nothing here compares CIT with anyone. Unknown is never no: it leaves the
denominator and is counted beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from data.store import Snapshot
from metrics import aggregate
from metrics.aggregate import partners as counted
from metrics.aggregate.partners import ARREST, ELEMENTS, HOLD, NEITHER, UNKNOWN
from metrics.handoffs import Handoffs, handoffs
from metrics.question import Question
from metrics.shares import Share
from metrics.survival import Curve, cumulative_incidence, kaplan_meier

if TYPE_CHECKING:
    import pandas as pd

FEWEST_REFERRALS = 10
"""A provider with fewer is shown together with the others like it."""
RESTRAINTS = ("none", "handcuffs", "soft_restraint", "other")
UPHELD = ("admitted_involuntary", "admitted_voluntary")
"""As the outcome *hold upheld* has it (data/registry/outcomes.py)."""
AGREED, NOT_ASKED, NO_ANSWER, DECLINED = "accepted", "not_asked", "unknown", "declined"
ANSWERS = (AGREED, NOT_ASKED, NO_ANSWER, DECLINED)
RETURN_DAYS = (30, 90, 365)
FEWEST_DRAWN, MOST_DAYS = 10, 1095
"""People still followed for a curve to be drawn, and the most days of it."""
KINDS = (HOLD, ARREST, NEITHER, UNKNOWN)
_COUNTS = (
    "made",
    "undated",
    "recent",
    "unheard",
    "followed",
    "taken",
    "served_30",
    "served_7",
    "early",
)


class Chain(NamedTuple):
    """Referrals of one kind from made to first service; ``label`` and ``kind`` name them.

    ``made`` are ``undated``, ``recent``, ``unheard`` and ``followed`` together (see
    ``metrics.aggregate.partners.referrals``); the rest are of the ``followed``.
    """

    label: str
    kind: str | None
    made: int
    undated: int
    recent: int
    unheard: int
    followed: int
    taken: int
    served_30: int
    served_7: int
    early: int

    @property
    def left(self) -> int:
        """Those that could not be followed, for any reason."""
        return self.undated + self.recent + self.unheard

    def share(self, step: str) -> Share:
        """Return one step (``taken``, ``served_30``, ``served_7``) among the followed."""
        return Share(getattr(self, step), self.followed, self.left)


@dataclass(frozen=True)
class Referrals:
    """Referrals as made; ``open`` leaves out those declined; ``answers`` are by the person's answer.

    ``providers`` and ``kinds`` (of referral) are of the ``open`` ones, most first; ``small`` says how
    many providers stand together as others.
    """

    whole: Chain
    open: Chain
    answers: tuple[Chain, ...]
    providers: tuple[Chain, ...]
    kinds: tuple[Chain, ...]
    small: int

    def parts(self, step: str) -> dict[str, int]:
        """Return referrals that reached a step, by answer; those declined only where all are counted.

        ``step`` is ``made``, ``open`` (not declined) or one of the counts of a chain. No recorded
        answer stands with not asked.
        """
        by = {c.label: int(getattr(c, "made" if step == "open" else step)) for c in self.answers}
        return {
            AGREED: by[AGREED],
            NOT_ASKED: by[NOT_ASKED] + by[NO_ANSWER],
            DECLINED: by[DECLINED] if step == "made" else 0,
        }


class Element(NamedTuple):
    """One thing the hold form must state: forms that do, that do not, and without a word on it."""

    column: str
    yes: int
    no: int
    unknown: int


@dataclass(frozen=True)
class Holds:
    """Holds: complete forms among those with all five elements recorded, and how they ended.

    ``lacking`` counts forms not fully recorded of which an element is known to be missing: not in
    ``complete``. ``outcomes`` are as recorded, most first; ``restraint`` is by kind of destination.
    """

    n: int
    complete: Share
    lacking: int
    elements: tuple[Element, ...]
    upheld: Share
    outcomes: tuple[tuple[str, int], ...]
    restraint: tuple[Restraint, ...]

    @property
    def most_missing(self) -> Element | None:
        """The element most often missing among forms that say; None if none is."""
        found = [e for e in self.elements if e.no]
        return max(found, key=lambda e: e.no / (e.yes + e.no)) if found else None

    def restrained(self, places: Iterable[str]) -> Share:
        """Return restrained trips to some kinds of destination."""
        rows = [r for r in self.restraint if r.place in set(places)]
        used, n = sum(r.used for r in rows), sum(r.used + r.none for r in rows)
        return Share(used, n, sum(r.unknown for r in rows))


class Restraint(NamedTuple):
    """Involuntary trips to one kind of destination: without restraint, by kind of it, unknown."""

    place: str
    none: int
    handcuffs: int
    soft: int
    other: int
    unknown: int

    @property
    def used(self) -> int:
        """Trips with any restraint."""
        return self.handcuffs + self.soft + self.other


@dataclass(frozen=True)
class Returns:
    """People followed from their first contact to the next, overall and by group.

    ``kinds`` are competing: how the next contact ended. ``groups`` are (exposed, curve); a group is
    who handled the first contact. ``unlinked`` of ``contacts`` have no person.
    """

    curve: Curve
    kinds: Mapping[str, Curve]
    groups: tuple[tuple[bool, Curve], ...]
    contacts: int
    unlinked: int

    @property
    def horizon(self) -> int:
        """Last day worth drawing: ten people still followed, and three years at most."""
        days = [s.day for s in self.curve.steps if s.at_risk >= FEWEST_DRAWN and s.day <= MOST_DAYS]
        return max(days, default=0)


@dataclass(frozen=True)
class Partners:
    """Everything on the page. ``stored`` are rows by table, whatever the question."""

    stored: Mapping[str, int]
    last: date | None
    contacts: int
    exposure: str
    referrals: Referrals
    holds: Holds
    handoffs: Handoffs
    returns: Returns
    on_scene: Share
    led: Share
    timed: int
    minutes: int
    techniques: tuple[tuple[str, int], ...]
    forms_ticked: int


def partners(question: Question, snapshot: Snapshot) -> Partners:
    """Describe partners and care over the contacts of a question; its outcomes are ignored."""
    last = aggregate.coverage(snapshot).last
    scene = counted.scene(snapshot, question)
    ticked, forms, contacts = counted.techniques(snapshot, question)
    named = int(scene["named"].sum())
    here = scene[scene["on_scene"] == "yes"]
    return Partners(
        counted.stored(snapshot),
        last,
        contacts,
        question.exposure,
        referrals(counted.referrals(snapshot, question)),
        holds(counted.holds(snapshot, question), counted.restraint(snapshot, question)),
        handoffs(counted.trips(snapshot, question), counted.facilities(snapshot), last),
        returns(counted.returns(snapshot, question), contacts, contacts - named),
        _said(scene, "on_scene"),
        _said(here, "led"),
        int(scene["timed"].sum()),
        int(scene["minutes"].sum()),
        tuple(ticked.items()),
        forms,
    )


def _said(frame: pd.DataFrame, column: str) -> Share:
    n = {answer: int(frame.loc[frame[column] == answer, "n"].sum()) for answer in ("yes", "no")}
    known = n["yes"] + n["no"]
    return Share(n["yes"], known, int(frame["n"].sum()) - known)


def referrals(frame: pd.DataFrame) -> Referrals:
    """Sum the counts of ``metrics.aggregate.partners.referrals`` into chains."""
    answer = frame["agreed"].where(frame["agreed"].isin(ANSWERS), NO_ANSWER)
    left = frame[answer != DECLINED]
    chains: list[Chain] = []
    few = _chain("", None, left.iloc[:0])
    small = 0
    for _, rows in left.groupby(["agency_id", "provider_id"], dropna=True, sort=True):
        name, kind = _first(rows["provider_name"]), _first(rows["provider_kind"])
        found = _chain(name or str(rows["provider_id"].iloc[0]), kind, rows)
        if found.made < FEWEST_REFERRALS:
            small += 1
            few = Chain("", None, *(a + b for a, b in zip(few[2:], found[2:], strict=True)))
        else:
            chains.append(found)
    chains.sort(key=lambda c: (-c.made, c.label))
    if few.made:
        chains.append(few._replace(label="Other providers"))
    nowhere = _chain("Provider not recorded", None, left[left["provider_id"].isna()])
    if nowhere.made:
        chains.append(nowhere)
    kinds = [
        _chain(str(kind), None, rows)
        for kind, rows in left.assign(
            referral_kind=left["referral_kind"].where(left["referral_kind"].notna(), NO_ANSWER)
        ).groupby("referral_kind", sort=True)
    ]
    return Referrals(
        _chain("made", None, frame),
        _chain("open", None, left),
        tuple(_chain(a, None, frame[answer == a]) for a in ANSWERS),
        tuple(chains),
        tuple(sorted(kinds, key=lambda c: (-c.made, c.label))),
        small,
    )


def _chain(label: str, kind: str | None, rows: pd.DataFrame) -> Chain:
    return Chain(label, kind, *(int(rows[c].sum()) for c in _COUNTS))


def _first(values: pd.Series) -> str | None:
    known = values.dropna()
    return str(known.iloc[0]) if len(known) else None


def holds(frame: pd.DataFrame, trips: pd.DataFrame) -> Holds:
    """Judge hold forms from their counts by element and outcome, and trips by restraint."""
    n = frame["n"].astype(int)
    answers = frame[list(ELEMENTS)]
    whole = answers.notna().all(axis=1)
    good, lacks = (answers == "yes").all(axis=1), (answers == "no").any(axis=1)
    outcome = frame["outcome"].where(frame["outcome"].notna(), UNKNOWN)
    known = outcome != UNKNOWN
    sums = n.groupby(outcome).sum()
    return Holds(
        int(n.sum()),
        Share(int(n[good].sum()), int(n[whole].sum()), int(n[~whole].sum())),
        int(n[~whole & lacks].sum()),
        tuple(
            Element(
                e,
                int(n[frame[e] == "yes"].sum()),
                int(n[frame[e] == "no"].sum()),
                int(n[frame[e].isna()].sum()),
            )
            for e in ELEMENTS
        ),
        Share(int(n[outcome.isin(UPHELD)].sum()), int(n[known].sum()), int(n[~known].sum())),
        tuple(
            (str(k), int(v)) for k, v in sums.sort_values(ascending=False, kind="stable").items()
        ),
        _restraint(trips),
    )


def _restraint(trips: pd.DataFrame) -> tuple[Restraint, ...]:
    place = trips["destination_kind"].where(trips["destination_kind"].notna(), UNKNOWN)
    found = []
    for name, rows in trips.groupby(place, sort=True):
        n = {how: int(rows.loc[rows["restrained"] == how, "n"].sum()) for how in RESTRAINTS}
        unknown = int(rows["n"].sum()) - sum(n.values())
        found.append(
            Restraint(
                str(name), n["none"], n["handcuffs"], n["soft_restraint"], n["other"], unknown
            )
        )
    return tuple(sorted(found, key=lambda r: (-(r.used + r.none + r.unknown), r.place)))


def returns(frame: pd.DataFrame, contacts: int, unlinked: int) -> Returns:
    """Follow people from counts by days, group and how the next contact ended."""
    groups = []
    for exposed in (True, False):
        rows = frame[(frame["exposed"] == exposed).fillna(False).astype(bool)]
        if len(rows):
            groups.append((exposed, _followed(rows)))
    day, seen, n = frame["days"].astype(int), frame["kind"].notna(), frame["n"].astype(int)
    events = {kind: n.where(frame["kind"] == kind, 0).tolist() for kind in KINDS}
    return Returns(
        _followed(frame),
        cumulative_incidence(day.tolist(), events, n.where(~seen, 0).tolist()),
        tuple(groups),
        contacts,
        unlinked,
    )


def _followed(frame: pd.DataFrame) -> Curve:
    seen, n = frame["kind"].notna(), frame["n"].astype(int)
    days = frame["days"].astype(int).tolist()
    return kaplan_meier(days, n.where(seen, 0).tolist(), n.where(~seen, 0).tolist())
