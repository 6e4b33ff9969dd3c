"""Measures by the funder's name: numerator, denominator, periods, baseline, target, or what is needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from statistics import median

from data import loads
from data.errors import UserError
from data.registry.measures import SETS, Measure, MeasureSet, measures_of
from data.store import Snapshot
from metrics import aggregate, fiscal
from metrics.aggregate import Span, Tally, Window
from metrics.detail import COVERED_SHARE
from metrics.estimate import Estimated, NotEstimable
from metrics.fiscal import BASELINE, WHOLE, YEAR, Period
from metrics.measure_report import Report, Result, Value
from metrics.monthly import shift
from metrics.proportions import wilson

_PERSON = "contacts.person_key"
Places = tuple[str | None, str | None]


def measure_set(id_: str) -> MeasureSet:
    """Return a set; raise ``UserError`` listing the known ones if there is none."""
    for found in SETS:
        if found.id == id_:
            return found
    known = ", ".join(s.id for s in SETS)
    raise UserError(f"there is no set of measures {id_!r}; choose one of: {known}")


def targets(set_: str, pairs: Iterable[str]) -> dict[str, float]:
    """Return the agency's targets from ``measure=value`` pairs; a share is 40% or 0.4.

    Raises ``UserError`` for a measure the set does not have and for a value that cannot be one.
    """
    known = {m.id: m for m in measures_of(set_)}
    found = {}
    for pair in filter(None, (p.strip() for p in pairs)):
        id_, equals, text = (part.strip() for part in pair.partition("="))
        if not equals or id_ not in known:
            raise UserError(
                f"target {pair!r} must read MEASURE=VALUE, such as {next(iter(known))}=40%; measures"
                f" of this set: {', '.join(known)}"
            )
        try:
            value = float(text.removesuffix("%").replace(",", ""))
        except ValueError:
            raise UserError(f"target {pair!r}: {text!r} is not a number") from None
        value = value / 100 if text.endswith("%") else value
        if not 0 <= value < float("inf") or (known[id_].share and value > 1):
            raise UserError(f"target {pair!r}: a share lies between 0 and 1, or is written as 40%")
        if known[id_].median and text.endswith("%"):
            raise UserError(f"target {pair!r}: write a number of {known[id_].median_unit}")
        found[id_] = value
    return found


def gaps(snapshot: Snapshot) -> tuple[date, ...]:
    """Return the months between the first and the last that hold far fewer contacts than usual."""
    counted = aggregate.month_counts(snapshot)
    inner = sorted(counted)[1:-1]
    if not inner:
        return ()
    usual = median(counted[m] for m in inner)
    found, month = [], inner[0]
    while month <= inner[-1]:
        if counted.get(month, 0) < COVERED_SHARE * usual:
            found.append(month)
        month = shift(month, 1)
    return tuple(found)


def year_starts_in(snapshot: Snapshot) -> int:
    """Return the month the agency's fiscal year starts in, by its own record; else January.

    Of agencies whose fiscal years differ none is chosen.
    """
    known = aggregate.fiscal_starts(snapshot)
    return next(iter(known)) if len(known) == 1 else 1


def baselines(snapshot: Snapshot, year_starts: int) -> dict[str, tuple[date, date]]:
    """Return the fiscal years that may be a baseline: those the data cover whole, by name."""
    covered = aggregate.coverage(snapshot)
    if covered.first is None or covered.last is None:
        return {}
    full = fiscal.full_years((covered.first, covered.last), year_starts, gaps(snapshot))
    return {p.label: (p.first, p.last) for p in full}


def report(
    set_: str,
    snapshot: Snapshot,
    start: date | None = None,
    end: date | None = None,
    *,
    year_starts: int | None = None,
    baseline: tuple[date, date] | None = None,
    target: dict[str, float] | None = None,
) -> Report:
    """Compute a set of measures; both days of every period are inclusive.

    Without ``start`` and ``end`` the whole export is reported. The baseline is the period given,
    else the first fiscal year that the data cover whole; ``target`` is the agency's own, by measure.
    ``year_starts`` is the month fiscal years start in, by default that of :func:`year_starts_in`.
    Raises ``UserError`` for a set there is not, and for a period without data.
    """
    chosen = measure_set(set_)
    covered = aggregate.coverage(snapshot)
    if covered.first is None or covered.last is None:
        raise UserError("the store holds no contacts; load an export with `python -m data load`")
    data = (covered.first, covered.last)
    if start and end and end < start:
        raise UserError(f"the period ends ({end}) before it starts ({start}); swap them")
    asked = (start or data[0], end or data[1])
    holes = gaps(snapshot)
    if year_starts is None:
        year_starts = year_starts_in(snapshot)
    periods = fiscal.periods(data, asked, year_starts, holes) if asked[0] <= asked[1] else ()
    if not periods:
        raise UserError(
            f"no contact lies in the period asked for; the data reach from {data[0]} to {data[1]}"
        )
    before = _baseline(data, year_starts, holes, baseline)
    everything = Period("all", "All", *data, *data, partial=False)
    counted = [everything, *periods, *((before,) if before else ())]
    spans = [Span(p.id, p.counted_first, p.counted_last) for p in counted]
    measures = measures_of(set_)
    found = _Tallies(snapshot, measures, spans, [p for p in periods if p.kind in (WHOLE, YEAR)])
    results = []
    for m in measures:
        lacks = found.lacks(m, everything.id)
        if lacks:
            results.append(Result(m, target=(target or {}).get(m.id), lacks=lacks))
            continue
        results.append(
            Result(
                m,
                tuple(v for p in periods for v in found.values(m, p)),
                found.value(m, before) if before else None,
                (target or {}).get(m.id),
            )
        )
    agencies = loads.agencies(snapshot)
    return Report(
        chosen,
        tuple(results),
        periods,
        before,
        year_starts,
        *asked,
        snapshot.id,
        any(a.simulated for a in agencies),
        tuple(a.name for a in agencies),
    )


def _baseline(
    data: tuple[date, date],
    year_starts: int,
    holes: tuple[date, ...],
    given: tuple[date, date] | None,
) -> Period | None:
    if given is None:
        full = fiscal.full_years(data, year_starts, holes)
        return replace(full[0], kind=BASELINE) if full else None
    if given[0] > given[1]:
        raise UserError(f"the baseline ends ({given[1]}) before it starts ({given[0]}); swap them")
    same = [p for p in fiscal.full_years(data, year_starts, holes) if (p.first, p.last) == given]
    label = same[0].label if same else "period"
    found = fiscal.period(BASELINE, label, given, data, gaps=holes)
    if found is None:
        raise UserError(
            f"no contact lies in the baseline {given[0]} to {given[1]};"
            f" the data reach from {data[0]} to {data[1]}"
        )
    return found


class _Tallies:
    """The counts of a report, looked up by measure, period, place and kind."""

    def __init__(
        self,
        snapshot: Snapshot,
        measures: tuple[Measure, ...],
        spans: list[Span],
        split: list[Period],
    ) -> None:
        self.supplied = aggregate.windows(snapshot)
        self.split = {p.id for p in split}
        self.found: dict[tuple[str, str, str | None], dict[Places, Tally]] = {}
        levels: dict[str, set[str]] = {}
        asked = [m for m in measures if not self._missing(m)]
        own = [s for s in spans if s.id in self.split]
        for t in aggregate.tallies(snapshot, asked, spans, own):
            self.found.setdefault((t.measure, t.span, t.by), {})[(t.place, t.level)] = t
            if t.level is not None:
                levels.setdefault(t.measure, set()).add(t.level)
        self.levels = {id_: sorted(found) for id_, found in levels.items()}

    def _missing(self, m: Measure) -> tuple[str, ...]:
        required = (*m.requires, *((_PERSON,) if m.unit == "people" else ()))
        return tuple(c for c in required if c not in self.supplied)

    def lacks(self, m: Measure, everything: str) -> tuple[str, ...]:
        """Return the columns that would supply a measure which the store cannot say at all."""
        if missing := self._missing(m):
            return missing
        total = self.found.get((m.id, everything, None), {}).get((None, None))
        if total is None or total.known or total.pending or not m.sources:
            return ()
        if m.unit == "people" and total.unlinked and not total.unknown:
            return (_PERSON,)
        absent = tuple(c for c in m.sources if c not in self.supplied)
        # Nobody of that kind, where the columns are there, is no gap in the record.
        return (absent or m.sources) if total.unknown or absent else ()

    def values(self, m: Measure, p: Period) -> list[Value]:
        """Return a period's values of a measure: in all, by kind, by place, and by both."""
        found = [self.value(m, p)]
        closed = self._closed(m, p)
        if closed is not None:
            return found
        found += self._kinds(m, p, None, None)
        if p.id in self.split:
            for dimension in m.by:
                own = self.found.get((m.id, p.id, dimension), {})
                for place in sorted({place for place, _ in own if place is not None}):
                    found.append(self.value(m, p, dimension, place))
                    found += self._kinds(m, p, dimension, place)
        return found

    def _kinds(
        self, m: Measure, p: Period, dimension: str | None, place: str | None
    ) -> list[Value]:
        return [self.value(m, p, dimension, place, k) for k in self.levels.get(m.id, ())]

    def _closed(self, m: Measure, p: Period) -> str | None:
        """Return why a table says nothing about a period: it was not kept then."""
        for column in m.requires:
            window = self.supplied.get(column, Window(None, None))
            if window.first and p.counted_last < window.first:
                return f"not recorded before {window.first}"
            if window.until and p.counted_first >= window.until:
                return f"not recorded since {window.until}"
            inside = (window.first is None or window.first <= p.counted_first) and (
                window.until is None or p.counted_last < window.until
            )
            if not inside and not (m.share or m.median):
                return f"recorded only from {window.first or 'the start'} to {window.until or 'the end'}"
        return None

    def value(
        self,
        m: Measure,
        p: Period,
        dimension: str | None = None,
        place: str | None = None,
        level: str | None = None,
    ) -> Value:
        """Return one value; where the record is closed or empty, the reason."""
        if closed := self._closed(m, p):
            return Value(p, None, None, NotEstimable(closed), dimension=dimension, place=place)
        own = self.found.get((m.id, p.id, dimension), {})
        empty = Tally(m.id, p.id, 0, 0, 0)
        total = own.get((place, None), empty)
        hits = total.hits if level is None else own.get((place, level), empty).hits
        if m.median and level is None:
            return self._median(m, p, total)
        numerator: int | None = hits
        # A kind of contact is a share of the contacts that have any, even where those are counted.
        shared = m.share or (level is not None and m.unit == "contacts")
        known = total.known if shared else None
        share: Estimated | None = wilson(hits, total.known) if shared else None
        if shared and not total.known:
            words = "none in this period"
            if total.pending:
                words = m.pending_words
            elif total.unknown:
                words = "not recorded"
            elif total.unlinked:
                words = "nobody known to count in this period"
            numerator, share = None, NotEstimable(words)
        elif m.unit == "people" and not total.known and total.unlinked:
            numerator, share = None, NotEstimable("no person is known")
        return Value(
            p,
            numerator,
            known,
            share,
            total.unknown if level is None else 0,
            total.unlinked if level is None else 0,
            dimension,
            place,
            level,
            total.pending if level is None else 0,
        )

    @staticmethod
    def _median(m: Measure, p: Period, total: Tally) -> Value:
        found, why = total.median, None
        if found is None:
            words = "not recorded" if total.unknown else "none in this period"
            why = NotEstimable(m.pending_words if total.pending else words)
        return Value(
            p,
            None,
            total.known if found is not None else None,
            why,
            total.unknown,
            pending=total.pending,
            median=found,
            unit=m.median_unit,
        )
