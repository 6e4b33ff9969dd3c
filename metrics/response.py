"""Did CIT come? Calls as the cohort: who came, how soon, who had a form, who was sent elsewhere.

Every number comes from one grouped count of calls (:mod:`metrics.aggregate.calls`); what no call
answers leaves the denominator and is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from data import registry
from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics import aggregate, monthly, trends
from metrics.aggregate import ALL_CALLS, CALL_ENDINGS, CALLS_DIVERTED, CallsHeld
from metrics.aggregate.trace import kept
from metrics.detail import Month
from metrics.estimate import NotEstimable
from metrics.monthly import Read
from metrics.question import Question, ask
from metrics.shares import Share, quantile
from metrics.trend import FEWEST_EVENTS_A_MONTH, Trend

if TYPE_CHECKING:
    import pandas as pd

PLACES = ("district", "shift")


class Minutes(NamedTuple):
    """Minutes from receipt to the first certified officer: how many calls, median, 90th percentile."""

    n: int
    median: float | None
    p90: float | None


@dataclass(frozen=True)
class Level:
    """One district, shift or hour: who came, how soon (not by hour), who had no form."""

    id: str
    label: str
    came: Share
    minutes: Minutes | None
    without_form: Share


@dataclass(frozen=True)
class Coding:
    """How calls were coded at dispatch and when cleared, among calls police took."""

    both: int
    final_only: int
    first_only: int
    neither: int
    unknown: int

    @property
    def heard(self) -> Share:
        """Calls coded at dispatch among those coded when cleared (sensitivity)."""
        return Share(self.both, self.both + self.final_only, self.unknown)

    @property
    def not_so(self) -> Share:
        """Calls not coded when cleared among those coded at dispatch."""
        return Share(self.first_only, self.both + self.first_only, self.unknown)


@dataclass(frozen=True)
class FormMonth:
    """One calendar month: calls in the cohort that should have a form, and those without."""

    first_day: date
    without: Share


@dataclass(frozen=True)
class Response:
    """Everything *Did CIT come?* shows. Counts are calls unless a name says forms.

    ``total`` holds every count of all calls together by name (``aggregate.calls``); ``ignored`` the
    shared filters that calls cannot apply. ``trend`` has the cohort by whole calendar month.
    """

    held: CallsHeld
    ignored: tuple[str, ...]
    first: date | None
    last: date | None
    total: dict[str, int]
    minutes: Minutes
    districts: tuple[Level, ...]
    shifts: tuple[Level, ...]
    hours: tuple[Level, ...]
    trend: Trend
    form_months: tuple[FormMonth, ...]
    forms: dict[str, int]
    shifts_loaded: bool

    @cached_property
    def came(self) -> Share:
        """Cohort calls to which a CIT officer came."""
        return _came(self.total)

    @property
    def available(self) -> Share:
        """Calls to which none came although one was available, among those to which none came."""
        t = self.total
        n = t["available_not_came"] + t["unavailable_not_came"]
        return Share(t["available_not_came"], n, t["not_came"] - n)

    @property
    def unavailable(self) -> Share:
        """Cohort calls at which no CIT officer was available."""
        n = self.total["available"] + self.total["unavailable"]
        return Share(self.total["unavailable"], n, self.total["cohort"] - n)

    @property
    def untimed(self) -> int:
        """Calls to which one came whose minutes are not known, implausible ones not counted."""
        t = self.total
        return t["came"] - t["timed"] - t["implausible"]

    @property
    def without_form(self) -> Share:
        """Cohort calls without a form, among those that should have one."""
        return _without(self.total)

    @property
    def forms_without_call(self) -> Share:
        """Forms whose incident number no call has; forms outside the days of calls left out."""
        f = self.forms
        return Share(f["without"], f["with"] + f["without"], f["unknown"])

    @property
    def diverted(self) -> Share:
        """Coded calls that someone other than police took, among those with a disposition."""
        t = self.total
        blank = t["ending:"]
        return Share(sum(t[f"ending:{e}"] for e in CALLS_DIVERTED), t["coded"] - blank, blank)

    def ended(self, ending: str) -> Share:
        """Coded calls of one disposition, among those with a disposition."""
        blank = self.total["ending:"]
        return Share(self.total[f"ending:{ending}"], self.total["coded"] - blank, blank)

    @property
    def other_endings(self) -> int:
        """Coded calls with a disposition that is not on the list."""
        t = self.total
        return t["coded"] - t["ending:"] - sum(t[f"ending:{e}"] for e in CALL_ENDINGS)

    @property
    def coding(self) -> Coding:
        """How call takers' coding compares with that when cleared."""
        t = self.total
        both, final_only = t["coded_both"], t["coded_final_only"]
        first_only, neither = t["coded_first_only"], t["coded_neither"]
        unknown = t["police"] - both - final_only - first_only - neither
        return Coding(both, final_only, first_only, neither, unknown)


def response(question: Question, snapshot: Snapshot) -> Response | None:
    """Return what the calls of a question's dates, district and shift say; None without any call."""
    held = aggregate.calls_held(snapshot)
    if not held.calls:
        return None
    asked, ignored = aggregate.call_filters(snapshot, question)
    counts = aggregate.call_counts(snapshot, asked)
    seconds = aggregate.call_minutes(snapshot, asked)
    names = aggregate.call_shifts(snapshot)
    days = _days(counts)
    first = question.start or (min(days["day"]) if len(days) else None)
    last = question.end or (max(days["day"]) if len(days) else None)
    return Response(
        held,
        ignored,
        first,
        last,
        _row(counts, ALL_CALLS, ""),
        _minutes(seconds, ALL_CALLS, ""),
        _levels(counts, seconds, "district", {}),
        _levels(counts, seconds, "shift", names),
        _levels(counts, seconds, "hour", {}),
        _trend(days, first, last),
        _form_months(days),
        aggregate.forms_without_call(snapshot, asked),
        bool(names),
    )


def without_form(snapshot: Snapshot) -> Share | None:
    """Return all cohort calls without a form, of those that should have one; None without any call."""
    if not aggregate.calls_held(snapshot).calls:
        return None
    counts = aggregate.call_counts(snapshot, ask(), ("day",))
    days = counts[counts["dim"] == "day"]
    names = ("form_with", "form_without", "form_unknown")
    found = _without({name: int(days[name].sum()) for name in names})
    return found if found.n else None


@dataclass(frozen=True)
class Came:
    """What the overview's tile says: the share now and before, the minutes, the chart of months."""

    now: Share
    before: Share | None
    minutes: Minutes
    read: Read
    ignored: tuple[str, ...]


def came(
    question: Question,
    snapshot: Snapshot,
    period: tuple[date, date],
    before: tuple[date, date] | None,
    window: tuple[date, date],
) -> Came | None:
    """Return the tile's numbers for a period of days, both inclusive, and the one before.

    The chart is drawn over ``window``. None where no call of the period says who came: the forms
    then speak.
    """
    if not aggregate.calls_held(snapshot).calls:
        return None
    asked, ignored = aggregate.call_filters(snapshot, question)
    start = min(d[0] for d in (period, before, window) if d)
    # What calls cannot be filtered by does not have them counted once more.
    days = _days_of(snapshot, Question((), start=start, end=period[1], where=asked.where))
    now = _over(days, period)
    if not now.n:
        return None
    read = monthly.rates(_months(days, *window), period[0])
    return Came(
        now,
        _over(days, before) if before else None,
        _minutes_of(snapshot, Question((), start=period[0], end=period[1], where=asked.where)),
        _of_calls(read) if isinstance(read, NotEstimable) else read,
        ignored,
    )


@kept(32)
def _days_of(snapshot: Snapshot, question: Question) -> pd.DataFrame:
    return _days(aggregate.call_counts(snapshot, question, ("day",), aggregate.CALLS_CAME))


@kept(32)
def _minutes_of(snapshot: Snapshot, question: Question) -> Minutes:
    return _minutes(aggregate.call_minutes(snapshot, question, ()), ALL_CALLS, "")


def _came(row: dict[str, int]) -> Share:
    return Share(row["came"], row["came"] + row["not_came"], row["untold_came"])


def _without(row: dict[str, int]) -> Share:
    n = row["form_with"] + row["form_without"]
    return Share(row["form_without"], n, row["form_unknown"])


def _row(counts: pd.DataFrame, dim: str, level: str) -> dict[str, int]:
    """Return the counts of one level by name; zeros where no call has it."""
    names = [c for c in counts.columns if c not in ("dim", "level")]
    own = counts[(counts["dim"] == dim) & (counts["level"] == level)]
    return {str(n): int(own[n].sum()) for n in names}


def _minutes(seconds: pd.DataFrame, dim: str, level: str) -> Minutes:
    own = seconds[(seconds["dim"] == dim) & (seconds["level"] == level)]
    values, n = own["seconds"].to_numpy() / 60, own["calls"].to_numpy()
    return Minutes(int(n.sum()), quantile(values, n, 0.5), quantile(values, n, 0.9))


def _levels(
    counts: pd.DataFrame, seconds: pd.DataFrame, dim: str, names: dict[str, str]
) -> tuple[Level, ...]:
    """Return the levels with a call of the cohort: in their own order, not recorded last."""
    own = counts[(counts["dim"] == dim) & (counts["cohort"] > 0)]
    order = list(names)

    def place(level: str) -> tuple[bool, int, str]:
        if dim == "hour" and level.isdigit():
            return (False, int(level), level)
        known = order.index(level) if level in order else len(order)
        return (level == NOT_RECORDED, known, level)

    found = []
    for level in sorted(own["level"], key=place):
        row = _row(own, dim, level)
        found.append(
            Level(
                level,
                _label(dim, level, names),
                _came(row),
                _minutes(seconds, dim, level) if dim in PLACES else None,
                _without(row),
            )
        )
    return tuple(found)


def _label(dim: str, level: str, names: dict[str, str]) -> str:
    if level in names:
        return names[level]
    if level == NOT_RECORDED:
        return f"{dim.capitalize()} not recorded"
    if dim == "hour":
        return f"{int(level):02d}:00"
    return registry.level_label(dim, level)


def _days(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the cohort by day of receipt: ``day`` (date), ``contacts`` (its calls), ``n``, ``events``.

    Every other count stands beside under its own name.
    """
    own = counts[(counts["dim"] == "day") & (counts["level"] != NOT_RECORDED)]
    return own.assign(
        day=[date.fromisoformat(level) for level in own["level"]],
        contacts=own["cohort"],
        n=own["came"] + own["not_came"],
        events=own["came"],
    )


def _over(days: pd.DataFrame, span: tuple[date, date]) -> Share:
    own = days[(days["day"] >= span[0]) & (days["day"] <= span[1])]
    return _came({c: int(own[c].sum()) for c in ("came", "not_came", "untold_came")})


def _months(days: pd.DataFrame, first: date, last: date) -> tuple[Month, ...]:
    return monthly.months(days, "n", "events", first, last)


def _trend(days: pd.DataFrame, first: date | None, last: date | None) -> Trend:
    """Chart the share by whole month; without limits where a p' chart cannot work."""
    found = _months(days, first, last) if first and last else ()
    covered = [m for m in found if m.covered and m.n]
    if len(covered) < 2:
        return Trend(found, NotEstimable("fewer than two whole months with calls"))
    events, n = [m.events for m in covered], [m.n for m in covered]
    chart = trends.p_chart(events, n, laney=True)
    if isinstance(chart, NotEstimable):
        return Trend(found, _of_calls(chart))
    fewest = min(sum(events), sum(n) - sum(events)) / len(covered)
    if fewest < FEWEST_EVENTS_A_MONTH:
        return Trend(found, NotEstimable("too few calls a month for limits of chance"))
    return Trend(found, chart)


def _of_calls(value: NotEstimable) -> NotEstimable:
    """Say of calls what a chart's reason says of contacts."""
    return NotEstimable(value.reason.replace("contact", "call"))


def _form_months(days: pd.DataFrame) -> tuple[FormMonth, ...]:
    """Return every month with calls that should have a form, or of which that is not known."""
    sums: dict[date, dict[str, int]] = {}
    names = ("form_with", "form_without", "form_unknown")
    for day, *values in days[["day", *names]].itertuples(index=False, name=None):
        row = sums.setdefault(monthly.month_start(day), dict.fromkeys(names, 0))
        for name, value in zip(names, values, strict=True):
            row[name] += int(value)
    return tuple(FormMonth(m, _without(r)) for m, r in sorted(sums.items()) if any(r.values()))
