"""The overview: six tiles, each a number with its denominator or the reason there is none, and the
lines under them. By default about the last twelve whole months, beside the twelve before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from data import registry
from data.store import Snapshot
from metrics import aggregate, monthly, response, situation, wording
from metrics import overview_lines as lines
from metrics.aggregate import Coverage
from metrics.detail import Month
from metrics.estimate import NotEstimable
from metrics.monthly import GRACE, Read, month_end, month_start, shift
from metrics.question import Question
from metrics.tile import Tile
from metrics.wording import response as response_words
from metrics.wording import time, views

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Period", "Tile", "asked_of", "period", "tiles", "whole_months"]

YEAR = 12
_ASKED = (
    "force",
    "arrest",
    "voluntary_care",
    "emergency_hold",
    "hold_upheld",
    "referral_completed",
    "serious_injury",
    "report_on_time",
)


@dataclass(frozen=True)
class Period:
    """The days the overview is about, both inclusive, and the equally long period before them.

    ``before`` is None where the data do not hold all of it. ``first`` and ``last`` are the first and
    last contact on record.
    """

    start: date
    end: date
    before: tuple[date, date] | None
    first: date
    last: date

    @property
    def window(self) -> tuple[date, date]:
        """What the charts are drawn over: both periods, and 24 months at least where there are data."""
        earliest = min(
            self.before[0] if self.before else self.start,
            shift(self.end + timedelta(days=1), -2 * YEAR),
        )
        return max(earliest, self.first), self.end


def period(coverage: Coverage, question: Question) -> Period | None:
    """Return what the overview is about; None where the store holds no contact.

    Without dates in the question: the last twelve whole months, or everything where the data hold
    less. With an end only, the twelve months up to it; with a start, from there.
    """
    first, last = coverage.first, coverage.last
    if first is None or last is None:
        return None
    if question.start:
        start, end = question.start, question.end or last
    elif question.end:
        start, end = shift(question.end, -YEAR) + timedelta(days=1), question.end
    else:
        end = month_end(last)
        if end - last > GRACE:
            end = month_start(last) - timedelta(days=1)
        start = month_start(shift(end, 1 - YEAR))
        if first - start > GRACE:
            start, end = first, last
    before = _before(start, end)
    # A few days' grace for a month, and none for a few days.
    held = first - before[0] <= min(GRACE, (end - start) / 10)
    return Period(start, end, before if held else None, first, last)


def asked_of(question: Question, about: Period) -> Question:
    """Return the question over the overview's period."""
    return replace(question.only(), start=about.start, end=about.end)


def whole_months(start: date, end: date) -> int | None:
    """Return how many calendar months a period is, or None if it is not whole months."""
    if start != month_start(start) or end != month_end(end) or end < start:
        return None
    return (end.year - start.year) * 12 + end.month - start.month + 1


def _before(start: date, end: date) -> tuple[date, date]:
    eve = start - timedelta(days=1)
    if (count := whole_months(start, end)) is not None:
        return shift(start, -count), eve
    if start == shift(end, -YEAR) + timedelta(days=1):
        return shift(eve, -YEAR) + timedelta(days=1), eve
    return start - (end - start) - timedelta(days=1), eve


@dataclass(frozen=True)
class _Counted:
    """The one grouped query's answer, cut into the period and the one before."""

    period: Period
    coverage: Coverage
    frame: pd.DataFrame
    supplied: frozenset[str]

    def total(self, column: str, before: bool = False) -> int:
        return int(self._part(before)[column].sum())

    def share(self, id_: str, before: bool = False) -> tuple[int, int]:
        return self.total(f"events:{id_}", before), self.total(f"n:{id_}", before)

    def _part(self, before: bool) -> pd.DataFrame:
        return self._parts[before]

    @cached_property
    def _parts(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The period's days, and those of the one before."""
        parts = []
        for days in ((self.period.start, self.period.end), self.period.before):
            inside = self.frame["day"].between(*days) if days else slice(0)
            parts.append(self.frame[inside])
        return parts[0], parts[1]

    def days(self, column: str, window: bool = False) -> list[date]:
        """Return the days of events, a day as often as it had events."""
        part = self.frame if window else self._part(False)
        return [d for d, n in zip(part["day"], part[column], strict=True) for _ in range(int(n))]

    def months(self, n: str, events: str) -> tuple[Month, ...]:
        return monthly.months(self.frame, n, events, *self.period.window)

    def rates(self, id_: str) -> Read:
        return monthly.rates(self.months(f"n:{id_}", f"events:{id_}"), self.period.start)

    def mean_month(self, months: tuple[Month, ...], before: bool = False) -> float | None:
        """Return contacts in a covered whole month of a period on average, if there are several."""
        days = self.period.before if before else (self.period.start, self.period.end)
        own = [
            m.contacts for m in months if m.covered and days and days[0] <= m.first_day <= days[1]
        ]
        return sum(own) / len(own) if len(own) > 1 else None

    def before(self, words: str | None) -> tuple[str, ...]:
        return (time.before(self.period, words),) if self.period.before and words else ()


def tiles(question: Question, snapshot: Snapshot, *, small: bool = False) -> tuple[Tile, ...]:
    """Return the six tiles in their fixed order, so that months compare, then the lines under them.

    One grouped query serves them all. ``small`` shows days since force was last used instead of a
    rate that few events cannot carry. A store without contacts has no tiles.
    """
    coverage = aggregate.coverage(snapshot)
    about = period(coverage, question)
    if about is None:
        return ()
    start, end = about.window
    asked = replace(question.only(*_ASKED), start=min(start, about.start), end=end)
    supplied = frozenset(column for _, _, column in aggregate.supplied(snapshot))
    found = _Counted(about, coverage, aggregate.daily(snapshot, asked), supplied)
    return (
        _contacts(found),
        _calls(question, snapshot, about) or _came(found),
        _last_force(question, snapshot) if small else _force(found),
        _arrests(found),
        _care(found),
        _time(found, lines.wait(asked_of(question, about), snapshot)),
        lines.coverage(asked_of(question, about), snapshot, found.supplied),
        lines.serious(
            asked_of(question, about),
            snapshot,
            found.days("events:serious_injury") if found.total("n:serious_injury") else None,
            found.days("highest") if "force_events.category" in found.supplied else None,
        ),
        lines.liability(
            asked_of(question, about),
            snapshot,
            found.share("report_on_time") if coverage.records_outcome("report_on_time") else None,
        ),
    )


def _changed(tile: Tile, read: Read, words: Callable[[Read], str] = time.moved) -> Tile:
    """Say what the chart's rules say, or among the details why there is no chart."""
    if isinstance(read, NotEstimable):
        return replace(tile, details=(*tile.details, words(read)))
    return replace(tile, change=words(read))


def _lacking(id_: str, label: str, outcome: str, found: _Counted) -> Tile | None:
    """Return the tile that says why there is no number, if there is none."""
    if not found.coverage.records_outcome(outcome):
        return Tile(id_, label, None, (), wording.needs(*registry.outcome(outcome).sources))
    if not found.total(f"n:{outcome}"):
        return Tile(id_, label, None, (), views.NOT_IN_PERIOD)
    return None


def _contacts(found: _Counted) -> Tile:
    months = found.months("contacts", "contacts")
    now, then = found.mean_month(months), found.mean_month(months, True)
    read = monthly.levels(months, monthly.per_month(months), found.period.start)
    gap = wording.coverage_gaps(months)
    tile = Tile(
        "contacts",
        "Crisis contacts",
        f"{found.total('contacts'):,}",
        (
            *((views.a_month(now),) if now else ()),
            *time.usual(read, lambda v, _: f"{v:,.0f}"),
            *found.before(views.contacts(found.total("contacts", True), then)),
            *((gap,) if gap else ()),
        ),
    )
    return _changed(tile, read)


def _calls(question: Question, snapshot: Snapshot, about: Period) -> Tile | None:
    """Return the tile of who came to calls, where calls say so; otherwise the forms' flag speaks."""
    days = (about.start, about.end)
    found = response.came(question, snapshot, days, about.before, about.window)
    if found is None:
        return None
    value, details = views.share(found.now.events, found.now.n), response_words.tile(found, about)
    return _changed(Tile("cit_came", "CIT officer came", value, details), found.read)


def _came(found: _Counted) -> Tile:
    label = "CIT officer came"
    exposure = registry.exposure("arrived")
    if not found.coverage.records_exposure(exposure.id):
        return Tile("cit_came", label, None, (), wording.needs(*exposure.sources))
    coded = bool(found.total("n:came_coded"))
    id_ = "came_coded" if coded else "came"
    events, n = found.share(id_)
    if not n:
        return Tile("cit_came", label, None, (), views.NOT_IN_PERIOD)
    read = found.rates(id_)
    tile = Tile(
        "cit_came",
        label,
        views.share(events, n),
        (
            f"{views.of(events, n)}{' known as a crisis at dispatch' if coded else ''},"
            " by the form's own flag",
            *time.usual(read, views.percentage),
            *found.before(views.share_of(*found.share(id_, True))),
            views.ARRIVAL_MISSING,
        ),
    )
    return _changed(tile, read)


def _force(found: _Counted) -> Tile:
    label = "Force used"
    if lacking := _lacking("force", label, "force", found):
        return lacking
    events, n = found.share("force")
    read = found.rates("force")
    longest = monthly.longest_gap(found.days("events:force"))
    if isinstance(read, monthly.Reading):
        usual, words = time.usual(read, views.thousandth, " per 1,000"), time.moved
    else:
        read = monthly.gaps(found.days("events:force", window=True), found.period.start)
        usual, words = (), time.moved_gaps
    tile = Tile(
        "force",
        label,
        views.per_1000(events, n),
        (
            f"{views.of(events, n)}; handcuffs and pointing a weapon not counted",
            *usual,
            *found.before(views.per_1000_of(*found.share("force", True))),
            *((f"longest gap between uses: {views.days(longest)}",) if longest is not None else ()),
        ),
    )
    return _changed(tile, read, words)


def _last_force(question: Question, snapshot: Snapshot) -> Tile:
    if not aggregate.coverage(snapshot).records_outcome("force"):
        missing = wording.needs(*registry.outcome("force").sources)
        return Tile("last_force", "Force last used", None, (), missing)
    found = situation.alone(question, "force", snapshot)
    if found.days_since is None:
        return Tile("last_force", "Force used", "none", ("none recorded in this period",))
    return Tile(
        "last_force",
        "Force last used",
        views.days(found.days_since),
        (
            "before the last contact on record",
            f"{found.events_in_last_year:,} in the last 12 months on record",
        ),
    )


def _arrests(found: _Counted) -> Tile:
    if lacking := _lacking("arrest", "Arrested", "arrest", found):
        return lacking
    by_choice = found.total("n:choice") > 0
    id_ = "choice" if by_choice else "arrest"
    events, n = found.share(id_)
    read = found.rates(id_)
    if by_choice:
        notes = [views.no_choice(found.total("no_choice"), found.total("unknown_choice"))]
    else:
        lacking_columns = [c for c in aggregate.CHOICE if c not in found.supplied]
        notes = [views.choice_missing(lacking_columns)]
    tile = Tile(
        "arrest",
        "Arrested, officer's choice" if by_choice else "Arrested, for any reason",
        views.share(events, n),
        (
            views.of(events, n),
            *notes,
            *time.usual(read, views.percentage),
            *found.before(views.share_of(*found.share(id_, True))),
        ),
    )
    return _changed(tile, read)


def _care(found: _Counted) -> Tile:
    label = registry.outcome("voluntary_care").label
    if lacking := _lacking("voluntary_care", label, "voluntary_care", found):
        return lacking
    events, n = found.share("voluntary_care")
    read = found.rates("voluntary_care")
    tile = Tile(
        "voluntary_care",
        label,
        views.share(events, n),
        (
            views.of(events, n),
            *time.usual(read, views.percentage),
            *found.before(views.share_of(*found.share("voluntary_care", True))),
            views.holds(found.share("emergency_hold"), found.share("hold_upheld")),
            views.referrals(
                found.share("referral_completed"), found.total("unfollowed:referral_completed")
            ),
        ),
    )
    return _changed(tile, read)


def _time(found: _Counted, wait: str) -> Tile:
    label = "Officer time"
    timed, minutes = found.total("timed"), found.total("minutes")
    if not timed:
        return Tile("officer_time", label, None, (), wording.needs("contacts.officer_minutes"))
    months = found.months("timed", "minutes")
    read = monthly.levels(months, [m.rate for m in months], found.period.start)
    earlier, then = found.total("timed", True), found.total("minutes", True)
    tile = Tile(
        "officer_time",
        label,
        views.hours(minutes / timed),
        (
            f"a contact; {minutes / 60:,.0f} officer hours on {timed:,} contacts",
            *time.usual(read, lambda v, _: f"{v / 60:.1f}", " hours"),
            *found.before(f"{views.hours(then / earlier)} a contact" if earlier else None),
            "neither more nor less is better",
            wait,
        ),
    )
    return _changed(tile, read)
