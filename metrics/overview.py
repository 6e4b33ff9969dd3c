"""The six tiles of the overview: each a number with its denominator, or the reason there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from data import registry
from data.store import Snapshot
from metrics import aggregate, detail, proportions, situation, trend, wording
from metrics.aggregate import Counts, Coverage
from metrics.estimate import Estimate
from metrics.question import Question


@dataclass(frozen=True)
class Tile:
    """One tile: a value in words, what stands under it, or why the source cannot say."""

    id: str
    label: str
    value: str | None
    details: tuple[str, ...]
    missing: str | None = None


_ASKED = ("force", "arrest", "voluntary_care", "emergency_hold")


def tiles(question: Question, snapshot: Snapshot, *, small: bool = False) -> tuple[Tile, ...]:
    """Return the tiles in their fixed order, so that months compare.

    ``small`` shows days since force was last used instead of a rate that few events cannot carry.
    """
    asked = question.only(*_ASKED)
    coverage = aggregate.coverage(snapshot)
    counts = aggregate.counts(snapshot, asked)
    force = _last_force(asked, snapshot) if small else _force(counts, coverage)
    found = (
        _contacts(asked, counts, snapshot),
        _came(asked, coverage, snapshot),
        force,
        _arrests(counts, coverage),
        _care(counts, coverage),
        _time(counts),
    )
    return tuple(_with_change(t, asked, snapshot) if t.id in _CHARTED else t for t in found)


_CHARTED = ("force", "arrest", "voluntary_care")


def _with_change(tile: Tile, question: Question, snapshot: Snapshot) -> Tile:
    """Add what the chart's rules say, where there is a chart."""
    if tile.value is None:
        return tile
    chart = trend.trend(question, tile.id, snapshot)
    return replace(tile, details=(*tile.details, wording.change(chart)))


def _last_force(question: Question, snapshot: Snapshot) -> Tile:
    found = situation.situation(question, "force", snapshot, ())
    if found.days_since is None:
        return Tile("last_force", "Force used", "none", ("none recorded in this period",))
    return Tile(
        "last_force",
        "Force last used",
        f"{found.days_since:,} days",
        (
            "before the last contact on record",
            f"{found.events_in_last_year:,} in the last 12 months on record",
        ),
    )


def _total(counts: Counts, column: str) -> int:
    return int(counts.frame[column].sum())


def _share(events: int, n: int) -> str:
    return wording.percent(events / n) if n else "none"


def _contacts(question: Question, counts: Counts, snapshot: Snapshot) -> Tile:
    n = _total(counts, "contacts")
    covered = [m for m in detail.months(question, "force", snapshot) if m.covered]
    details = []
    if len(covered) > 1:
        details.append(f"about {sum(m.contacts for m in covered) / len(covered):,.0f} a month")
    details.append("contacts without a form are not in it")
    return Tile("contacts", "Crisis contacts", f"{n:,}", tuple(details))


def _came(question: Question, coverage: Coverage, snapshot: Snapshot) -> Tile:
    label = "CIT officer came"
    exposure = registry.exposure("arrived")
    if not coverage.records_exposure("arrived"):
        return Tile("cit_came", label, None, (), wording.needs(*exposure.sources))
    counts = aggregate.counts(snapshot, replace(question, exposure=exposure.id))
    yes, no = counts.total("contacts", True), counts.total("contacts", False)
    return Tile(
        "cit_came",
        label,
        _share(yes, yes + no),
        (f"{yes:,} of {yes + no:,} contacts", "by the form's own flag, not by dispatch records"),
    )


def _force(counts: Counts, coverage: Coverage) -> Tile:
    label = "Force used"
    if not coverage.records_outcome("force"):
        return Tile("force", label, None, (), wording.needs(*registry.outcome("force").sources))
    n, events = _total(counts, "n:force"), _total(counts, "events:force")
    rate = proportions.wilson(events, n)
    shown = (
        f"{wording.number(rate.estimate * 1000, wording.rate_decimals(rate.estimate))} per 1,000"
        if isinstance(rate, Estimate)
        else "none"
    )
    return Tile(
        "force",
        label,
        shown,
        (f"{events:,} of {n:,} contacts", "handcuffs and pointing a weapon not counted"),
    )


def _arrests(counts: Counts, coverage: Coverage) -> Tile:
    if not coverage.records_outcome("arrest"):
        return Tile(
            "arrest", "Arrested", None, (), wording.needs(*registry.outcome("arrest").sources)
        )
    n, events = _total(counts, "n:arrest"), _total(counts, "events:arrest")
    return Tile(
        "arrest",
        "Arrested",
        _share(events, n),
        (f"{events:,} of {n:,} contacts", "warrant and mandatory arrests included"),
    )


def _care(counts: Counts, coverage: Coverage) -> Tile:
    label = "Connected to care by agreement"
    if not coverage.records_outcome("voluntary_care"):
        return Tile(
            "voluntary_care",
            label,
            None,
            (),
            wording.needs(*registry.outcome("voluntary_care").sources),
        )
    n, events = _total(counts, "n:voluntary_care"), _total(counts, "events:voluntary_care")
    details = [f"{events:,} of {n:,} contacts"]
    if coverage.records_outcome("emergency_hold"):
        holds = _share(_total(counts, "events:emergency_hold"), _total(counts, "n:emergency_hold"))
        details.append(f"emergency holds {holds}")
    return Tile("voluntary_care", label, _share(events, n), tuple(details))


def _time(counts: Counts) -> Tile:
    label = "Officer time"
    timed, minutes = _total(counts, "timed"), _total(counts, "minutes")
    if not timed:
        return Tile(
            "officer_time",
            label,
            None,
            (),
            wording.needs("contacts.officer_minutes"),
        )
    return Tile(
        "officer_time",
        label,
        f"{minutes / timed / 60:.1f} hours",
        (
            f"a contact; {minutes / 60:,.0f} officer hours on {timed:,} contacts",
            "neither more nor less is better",
        ),
    )
