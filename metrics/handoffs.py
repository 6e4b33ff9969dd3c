"""How long officers wait where a person is handed over, and how often a facility turns them away.

Minutes come as counts by whole minute, so that a median of all trips is exact to the minute without
any trip leaving the engine. What is negative or longer than a day is counted and left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from data.prepared.trips import BAD
from metrics.aggregate.relation import as_date
from metrics.estimate import NotEstimable
from metrics.monthly import shift
from metrics.shares import Share, quantile

if TYPE_CHECKING:
    import pandas as pd

FEWEST_WAITS = 10
"""Hand-offs that a median or a 90th percentile needs."""
HOSPITALS = ("emergency_department", "psychiatric_hospital")
CARE_PLACES = (*HOSPITALS, "crisis_receiving", "detox_sobering", "shelter", "clinic")
PLACES = (*CARE_PLACES, "jail")
"""Kinds of destination where a person is handed over."""
REFUSALS = (
    "turned_away_full",
    "turned_away_medical",
    "turned_away_behaviour",
    "turned_away_hours",
)
ACCEPTED = "accepted"


class Wait(NamedTuple):
    """Minutes of hand-offs: their number, median and 90th percentile.

    ``missing`` lack a time, ``bad`` are negative or over 24 hours: neither is in ``n``. ``within`` are
    those within the target that the facility promised, of those at a facility with one.
    """

    n: int
    median: float | NotEstimable
    p90: float | NotEstimable
    missing: int
    bad: int
    within: Share


@dataclass(frozen=True)
class Facility:
    """A place where people are handed over, its own promises, and what was recorded there.

    ``free`` is from arrival until the officer was free, ``accepted`` until the facility took over,
    both of trips it did not turn away. ``answered`` are trips with its answer recorded, ``away``
    those it turned away by reason; ``trips`` are all. ``agreement`` says whether a written agreement
    was in force on the last day of data; None where the file does not say.
    """

    label: str
    place: str | None
    hours: str | None
    dropoff: str | None
    agreement: bool | None
    target: int | None
    trips: int
    free: Wait
    accepted: Wait
    answered: int
    away: tuple[tuple[str, int], ...]

    @property
    def turned_away(self) -> Share:
        """Trips turned away among those with an answer."""
        return Share(sum(n for _, n in self.away), self.answered, self.trips - self.answered)


class MonthWait(NamedTuple):
    """A month of hand-offs at hospitals; no median under ``FEWEST_WAITS``."""

    first_day: date
    n: int
    median: float | None


@dataclass(frozen=True)
class Handoffs:
    """Hand-offs at every facility, and at hospitals together; ``elsewhere`` are other trips.

    ``everywhere`` are all facilities together; ``turned_away`` is of places of care, not of jails.
    """

    trips: int
    elsewhere: int
    hospitals: Wait
    hospitals_accepted: Wait
    everywhere: Wait
    facilities: tuple[Facility, ...]
    months: tuple[MonthWait, ...]
    turned_away: Share
    reasons: tuple[tuple[str, int], ...]


def at_hospitals(trips: pd.DataFrame, facilities: pd.DataFrame) -> Wait:
    """Return :attr:`Handoffs.hospitals` alone, in a tenth of the time."""
    return _wait(_promised(trips[trips["place"].isin(HOSPITALS)], facilities), "to_free")


def handoffs(trips: pd.DataFrame, facilities: pd.DataFrame, last: date | None) -> Handoffs:
    """Describe hand-offs from the counts of ``metrics.aggregate.partners.trips`` and the facilities."""
    key = ["agency_id", "provider_id"]
    trips = _promised(trips, facilities)
    here = trips["place"].isin(PLACES)
    at = trips[here]
    found: list[Facility] = []
    on_file = {(r.agency_id, r.provider_id): r for r in facilities.itertuples(index=False)}
    for place, rows in at[at["provider_id"].isna()].groupby("place", sort=True):
        found.append(_facility(None, str(place), rows, last))
    named = at[at["provider_id"].notna()]
    for ids, rows in named.groupby(key, sort=True):
        by_place = rows.groupby("place")["n"].sum()
        found.append(_facility(on_file.get(ids), str(by_place.idxmax()), rows, last, str(ids[1])))
    seen = set(zip(named["agency_id"], named["provider_id"], strict=True))
    for ids, row in on_file.items():
        # A place that takes people in, and got none of these trips.
        open_to_police = _known(row.accepts_police_dropoff) not in (None, "no")
        if ids not in seen and open_to_police and row.provider_kind in PLACES:
            found.append(_facility(row, str(row.provider_kind), at.iloc[:0], last))
    found.sort(key=lambda f: (PLACES.index(f.place or PLACES[-1]), -f.trips, f.label))
    hospital = at[at["place"].isin(HOSPITALS)]
    answers = at[at["place"].isin(CARE_PLACES)]
    return Handoffs(
        int(trips["n"].sum()),
        int(trips.loc[~here, "n"].sum()),
        _wait(hospital, "to_free"),
        _wait(hospital, "to_accepted"),
        _wait(at, "to_free"),
        tuple(found),
        _months(hospital),
        Share(*_answered(answers)),
        _away(answers),
    )


def _promised(trips: pd.DataFrame, facilities: pd.DataFrame) -> pd.DataFrame:
    """Add the minutes that each trip's facility promised."""
    key = ["agency_id", "provider_id"]
    if trips.empty:
        return trips.assign(dropoff_target_minutes=[])
    return trips.merge(facilities[[*key, "dropoff_target_minutes"]], on=key, how="left")


def _facility(
    row: Any, place: str, trips: pd.DataFrame, last: date | None, id_: str = ""
) -> Facility:
    begins, ends = (
        (None, None) if row is None else (as_date(row.agreement_from), as_date(row.agreement_to))
    )
    agreed = None
    if last is not None and (begins or ends):
        agreed = (begins is None or begins <= last) and (ends is None or last < ends)
    target = None if row is None else _known(row.dropoff_target_minutes)
    answered = _answered(trips)
    return Facility(
        (id_ if row is None else _known(row.provider_name) or str(row.provider_id)),
        place,
        None if row is None else _known(row.hours),
        None if row is None else _known(row.accepts_police_dropoff),
        agreed,
        None if target is None else int(target),
        int(trips["n"].sum()),
        _wait(trips, "to_free"),
        _wait(trips, "to_accepted"),
        answered[1],
        _away(trips),
    )


def _known(value: Any) -> Any:
    import pandas as pd

    return None if value is None or pd.isna(value) else value


def _answered(trips: pd.DataFrame) -> tuple[int, int, int]:
    """Return trips turned away, with an answer, and without."""
    away = int(trips.loc[trips["answer"].isin(REFUSALS), "n"].sum())
    n = away + int(trips.loc[trips["answer"] == ACCEPTED, "n"].sum())
    return away, n, int(trips["n"].sum()) - n


def _away(trips: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    return tuple((why, int(trips.loc[trips["answer"] == why, "n"].sum())) for why in REFUSALS)


def _wait(trips: pd.DataFrame, column: str) -> Wait:
    taken = trips[~trips["answer"].isin(REFUSALS)]
    there = taken[column].notna()
    bad = there & (taken[column] == BAD)
    kept = taken[there & ~bad]
    minutes, counts = kept[column].astype(int), kept["n"].astype(int)
    n = int(counts.sum())
    few = NotEstimable(f"Fewer than {FEWEST_WAITS} hand-offs.")
    promised = kept["dropoff_target_minutes"].notna()
    within = promised & (minutes <= kept["dropoff_target_minutes"].fillna(0).astype(int))
    middle, ninth = (quantile(minutes.tolist(), counts.tolist(), share) for share in (0.5, 0.9))
    return Wait(
        n,
        few if n < FEWEST_WAITS or middle is None else middle,
        few if n < FEWEST_WAITS or ninth is None else ninth,
        int(taken.loc[~there, "n"].sum()),
        int(taken.loc[bad, "n"].sum()),
        Share(int(counts[within].sum()), int(counts[promised].sum())),
    )


def _months(trips: pd.DataFrame) -> tuple[MonthWait, ...]:
    """Return every month between the first and the last with a hand-off, those without too."""
    waits = {as_date(month): _wait(rows, "to_free") for month, rows in trips.groupby("month")}
    days = [day for day, wait in waits.items() if day is not None and wait.n]
    found: list[MonthWait] = []
    month = min(days, default=None)
    while month is not None and month <= max(days):
        wait = waits.get(month)
        median = None if wait is None or isinstance(wait.median, NotEstimable) else wait.median
        found.append(MonthWait(month, wait.n if wait else 0, median))
        month = shift(month, 1)
    return tuple(found)
