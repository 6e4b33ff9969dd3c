"""Words of the measures that funders name: values, periods, baselines, and what is needed."""

from __future__ import annotations

import calendar

from data.registry.measures import Measure, MeasureSet
from metrics.estimate import Estimate
from metrics.fiscal import Period
from metrics.measure_report import Report, Result, Value
from metrics.wording.numbers import capital

CHECK = "Check your award: its own list and definitions govern."
INTERNAL = (
    "For internal use: small counts stand as they are. The filters that choose contacts are not"
    " applied; only the dates are."
)
CLEAR = (
    "To take a file along, clear the filters that choose contacts: the file would name them, and they"
    " are not applied here."
)
LIMITS = (
    "The 95% limits are Wilson's; they do not allow for officers who handle many contacts. A count or a"
    " median has none."
)
UNDUPLICATED = (
    "People are counted once in each period, so a cumulative count is not the sum of its quarters."
)
NOT_RECORDED = (
    "What was not recorded leaves the denominator and is counted beside it; unknown is never no."
)
TARGETS_HELP = "Your own targets as measure=value, separated by commas, such as referred=40%. None is supplied."
NOTHING = "This source records none of these measures yet."
FILES = "The whole report with every quarter, as a document:"
NO_BASELINE = (
    "No fiscal year is covered whole, so there is no baseline; choose a period of your own."
)
UNLIKE = (
    "The two periods are not of one length: compare no counts and no people between them, for the"
    " longer a period, the more often a person is seen in it."
)
LIKE_DAYS = 3
YEARS_START = "Fiscal years start in {month}."
FISCAL = "A fiscal year is named by the calendar year in which it ends."
STAND_IN = "our own stand-in, not the funder's measure"


def edition(set_: MeasureSet) -> str:
    """Say whose measures these are, which edition was read, and to check."""
    words = f"{set_.funder}. Edition: {set_.edition}. {set_.source}."
    return f"{words} {set_.note} {CHECK}".replace("  ", " ")


def share(value: float) -> str:
    """Return a share with one decimal; never 0.0% or 100.0% for what is only near it."""
    shown = f"{value * 100:.1f}%"
    if value > 0 and shown == "0.0%":
        return "under 0.1%"
    return "over 99.9%" if value < 1 and shown == "100.0%" else shown


def value(found: Value | None) -> str:
    """Return a share as a percentage or a count, or why there is none."""
    if found is None:
        return "none"
    if found.value is None or (found.numerator is None and found.median is None):
        return found.reason or "not computed"
    if found.median is not None:
        return f"{found.median:,.1f} {found.unit}"
    return f"{found.numerator:,}" if found.share is None else share(found.value)


def interval(found: Value) -> str:
    """Return the limits of a share, or nothing for a count."""
    if not isinstance(found.share, Estimate):
        return ""
    return f"{share(found.share.low)} to {share(found.share.high)}"


def counts(found: Value | None) -> str:
    """Return numerator and denominator, such as "36 of 1,884"; of a median how many it is of."""
    if found is not None and found.median is not None:
        return f"median of {found.denominator:,}"
    if found is None or found.numerator is None:
        return ""
    if found.denominator is None:
        return f"{found.numerator:,}"
    return f"{found.numerator:,} of {found.denominator:,}"


def shown(found: Value | None) -> str:
    """Return a value with what it is made of, such as "1.9% (36 of 1,884)"."""
    counted = counts(found)
    if found is None or found.denominator is None or not counted:
        return value(found)
    return f"{value(found)} ({counted})"


def left_out(found: Value, measure: Measure) -> str:
    """Say how many were not recorded, have no known person, or cannot be said yet."""
    parts = []
    if found.not_recorded:
        parts.append(f"{found.not_recorded:,} not recorded")
    if found.unlinked:
        parts.append(f"{found.unlinked:,} {rows(measure)} without a known person")
    if found.pending:
        parts.append(f"{found.pending:,} {measure.pending_words}")
    return ", ".join(parts)


def rows(measure: Measure) -> str:
    """Return what one row of a measure is, where its person is asked for."""
    return "contacts" if measure.relation in ("contacts", "force_events") else measure.relation


def target(found: Result) -> str:
    """Return the agency's target, or that it has set none."""
    if found.target is None:
        return "none set"
    if found.measure.median:
        return f"{found.target:,g} {found.measure.median_unit}"
    return share(found.target) if found.measure.share else f"{found.target:,.0f}"


def name(measure: Measure) -> str:
    """Return the funder's name, marked where it is our own stand-in."""
    return f"{measure.name} ({STAND_IN})" if measure.nearest else measure.name


def needs(found: Result) -> str:
    """Say what a measure needs, such as "needs jail data: bookings.booked_at"."""
    columns = ", ".join(found.lacks)
    if found.measure.needs_words:
        return f"needs {found.measure.needs_words}: {columns}"
    if "contacts.person_key" in found.lacks:
        return f"people cannot be unduplicated: needs {columns}"
    return f"not recorded by this source: needs {columns}"


def period(found: Period) -> str:
    """Return a period's name and days, marked where it is partial or months are missing."""
    words = f"{found.label}: {found.counted_first} to {found.counted_last}"
    return f"{words}{mark(found)}"


def short(found: Period) -> str:
    """Return a period's name, with its days only where they are not the whole of it."""
    days = f": {found.counted_first} to {found.counted_last}" if found.partial else ""
    return f"{found.label}{days}{mark(found)}"


def mark(found: Period) -> str:
    """Return ", partial" and ", months missing" where they apply."""
    words = ", partial" if found.partial else ""
    if found.gaps:
        many = len(found.gaps)
        words += f", {many} month{'s' if many > 1 else ''} with missing coverage"
    return words


def years_start(found: Report) -> str:
    """Say in which month fiscal years start, and how they are named; nothing for calendar years."""
    if found.year_starts == 1:
        return ""
    return f"{YEARS_START.format(month=calendar.month_name[found.year_starts])} {FISCAL}"


def baseline(found: Report, beside: Period) -> str:
    """Say which period is the baseline, and where it is too unlike another to set beside it."""
    before = found.baseline
    if before is None:
        return NO_BASELINE
    words = f"Baseline {period(before)}."
    lengths = [(p.counted_last - p.counted_first).days for p in (before, beside)]
    return f"{words} {UNLIKE}" if abs(lengths[0] - lengths[1]) > LIKE_DAYS else words


def denominator(measure: Measure) -> str:
    """Say what is divided by, or that nothing is."""
    if measure.median:
        return f"none: the middle one of {measure.among_words}"
    if not measure.share:
        return "none: a count"
    return f"{measure.among_words}, where recorded"


def line(found: Result) -> str:
    """Return one measure of the whole period as a line."""
    title = name(found.measure)
    if found.lacks:
        return f"{title}: {needs(found)}"
    whole = found.whole
    words = f"{title}: {shown(whole)}"
    if whole is not None and whole.denominator is not None:
        words = words.removesuffix(")") + f" {found.measure.among_words})"
    if whole is not None and (left := left_out(whole, found.measure)):
        words += f"; {left}"
    if found.baseline is not None:
        words += f"; baseline {value(found.baseline)}"
    return f"{words}; target {target(found)}" if found.target is not None else words


def lines(found: Report) -> list[str]:
    """Return a report as lines: the whole period, measure by measure."""
    whole = found.periods[0]
    return [
        f"{found.set.label}. {edition(found.set)}",
        f"{capital(period(whole))}. {baseline(found, whole)} {years_start(found)}".rstrip(),
        *(f"- {line(r)}" for r in found.results),
        f"{UNDUPLICATED} {NOT_RECORDED}",
        "For internal use: small counts stand as they are.",
    ]


def level(text: str) -> str:
    """Return a kind or a place as words."""
    return text.replace("_", " ").capitalize() if text.islower() else text
