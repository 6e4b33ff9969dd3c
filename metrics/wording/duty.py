"""Words of *Are we covered?*: a CIT officer in every district on every shift, and where not."""

from __future__ import annotations

from datetime import date

from metrics.aggregate.duty import ROSTER, UNMARKED, Rule
from metrics.duty import Duty, Lacking, Summary
from metrics.duty_grid import Gap, Post
from metrics.shares import Share
from metrics.wording import marks
from metrics.wording.numbers import capital, listed, percent

INTRO = (
    "The rule of a CIT program: at least one CIT officer on duty in every patrolled district on every patrol"
    " shift, 365 days a year. An officer counts who worked, worked overtime or was held over there, was not"
    " kept from answering calls, and whose CIT certificate was in date that day."
)
DAYS_NOTE = (
    "Each column is a day, each row a district and shift. A cross marks a day without a CIT officer; grey"
    " days have no roster at all and are not recorded, never uncovered; blank ones are not asked for."
)
MONTHS_NOTE = "Days without a CIT officer, by month. A dash is not recorded, or not asked for."
PATROL_NOTE = (
    "For context only: no share makes coverage sure. Court decrees have said 20 and 30%; what counts is who"
    " is on duty where."
)
AHEAD_NONE = "No roster is published after the last day of data, so gaps ahead are not recorded."
CALLS_MISSING = (
    "Crisis calls while nobody was on: not recorded by this source. Load `calls.csv` with"
    " `crisis_flag_at_dispatch`, and `shifts.csv` with the hours of each shift."
)
PATROL_MISSING = (
    "Share of patrol that is certified: not recorded by this source. Load `assignments.csv` with"
    " `on_patrol`."
)
DESIGNATION_MISSING = (
    "Who is designated to serve as a CIT officer is not recorded by this source (`assignments.csv`,"
    " `cit_designated`), so every officer in date counts: trained is not the same as serving."
)
_SHIFTS = {"day": "days", "evening": "evenings", "night": "nights", "swing": "swings"}
_WHERE = {
    UNMARKED: "all listed in `{file}.csv`, which does not say which count",
    ROSTER: "those that occur in the roster, as `{file}.csv` is not loaded",
}
MOST_LISTED = 3


def files(tables: tuple[str, ...]) -> str:
    """Return tables as the files that fill them."""
    return listed([f"`{t}.csv`" for t in tables])


def lacking(found: Lacking) -> str:
    """Say which files are needed."""
    header = "their headers" if len(found.tables) > 1 else "its header"
    return (
        f"Not recorded by this source: load {files(found.tables)}"
        f" (`python -m data template --out DIR` writes {header})."
    )


def shift(id_: str) -> str:
    """Return a shift as the agency names it; days and nights in the plural."""
    return _SHIFTS.get(id_.lower(), id_)


def post(value: Post) -> str:
    """Return a district and shift, such as "West, nights"."""
    return f"{value.district}, {shift(value.shift)}"


def days(first: date, last: date, year: bool = False) -> str:
    """Return a run of days, such as "14-17 Jan"."""
    end = f"{last:%-d %b %Y}" if year else f"{last:%-d %b}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}-{end}"
    start = f"{first:%-d %b %Y}" if year and first.year != last.year else f"{first:%-d %b}"
    return f"{start} - {end}"


def gap(value: Gap, year: bool = False) -> str:
    """Return a gap, such as "West, nights, 14-17 Jan"."""
    return f"{marks.shown(post(value.post))}, {days(value.first, value.last, year)}"


def count(n: int, one: str, many: str | None = None) -> str:
    """Return a number of things, such as "1 day" or "1,200 days"."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def _full(share: Share) -> str:
    return f"{share.events:,} of {count(share.n, 'day')} every district and shift had a CIT officer on patrol."


def headline(found: Duty) -> str:
    """Say on how many days everything was covered."""
    if not found.days.n:
        return f"No day of the roster is recorded between {_span(found.first, found.last)}."
    return f"On {_full(found.days)}"


def _span(first: date, last: date) -> str:
    return f"{first:%-d %b %Y} and {last:%-d %b %Y}"


def counted(found: Duty) -> str:
    """Say over which days, how many cells, and what was not recorded."""
    text = (
        f"Between {_span(found.first, found.last)}: {found.cells.events:,} of {found.cells.n:,} district-shifts"
        f" (one shift of one day in one district) had at least one, {_share(found.cells)}. "
    )
    n = found.days_not_recorded
    text += (
        f"{count(n, 'day')} without any roster row: not recorded, in none of these numbers."
        if n
        else "Every day is recorded."
    )
    return text


def _share(share: Share) -> str:
    return percent(share.events / share.n) if share.n else "none counted"


def basis(rule: Rule) -> str:
    """Say which districts and shifts count, where that is not marked in their tables."""
    parts = []
    for name, origin, unknown in (
        ("districts", rule.districts_from, rule.districts_unknown),
        ("shifts", rule.shifts_from, rule.shifts_unknown),
    ):
        if origin in _WHERE:
            parts.append(f"{capital(name)} counted: {_WHERE[origin].format(file=name)}.")
        if unknown:
            parts.append(
                f"{unknown:,} {name} left out: `{name}.csv` does not say whether they count."
            )
    return " ".join(parts)


def designation(found: Duty) -> str:
    """Set designated officers beside certified ones."""
    if found.by_designation is None:
        return DESIGNATION_MISSING
    full, cells = found.by_designation
    return (
        "Trained is not the same as serving. With officers designated to serve as CIT officers:"
        f" {full.events:,} of {count(full.n, 'day')}, {cells.events:,} of {cells.n:,} district-shifts"
        f" ({_share(cells)})."
    )


def longest(found: Duty) -> str:
    """Say which gap was the longest."""
    value = found.longest
    if value is None:
        return "No gap in these days." if found.days.n else ""
    # What began before the period is longer than what is seen of it.
    least = "at least " if found.first == value.first else ""
    return (
        f"{count(len(found.gaps), 'gap')}. The longest: {gap(value, year=True)}"
        f" ({least}{count(value.days, 'day')} one after the other)."
    )


def calls(found: Duty) -> str:
    """Say how many crisis calls came while nobody was on."""
    if found.calls is None:
        return CALLS_MISSING
    missed, of, apart = found.calls
    text = (
        f"{missed:,} of {count(of, 'call')} known as a crisis at dispatch came in a district and shift"
        " without a CIT officer on duty."
        if of
        else "No call known as a crisis at dispatch falls in a recorded district and shift."
    )
    if apart:
        text += (
            f" {count(apart, 'call')} apart: no patrolled district, no shift at that hour, or a day that"
            " was not recorded."
        )
    return text


def patrol(found: Duty) -> str:
    """Say what share of patrol is certified."""
    if found.patrol is None:
        return PATROL_MISSING
    officers, certified, designated = found.patrol
    text = (
        f"As of {found.as_of:%-d %b %Y}, {certified:,} of {count(officers, 'officer')} on patrol"
        f" ({_share(Share(certified, officers))}) hold a CIT certificate in date"
    )
    if designated is not None:
        text += f"; {designated:,} are designated to serve"
    return f"{text}. {PATROL_NOTE}"


def ahead(found: Duty) -> str:
    """Say what the published roster leaves open."""
    value = found.ahead
    if value is None:
        return AHEAD_NONE
    text = f"Published roster, {days(value.first, value.last, year=True)}: "
    text += (
        f"{count(len(value.gaps), 'gap')}, if nothing changes. A certificate counts until the day it ends."
        if value.gaps
        else "a CIT officer is planned for every district and shift."
    )
    if value.not_recorded:
        text += f" {count(value.not_recorded, 'day')} in it without any row are not recorded."
    return text


def notes(found: Duty) -> list[str]:
    """Say what of the roster covers nothing."""
    parts = [basis(found.rule)]
    if found.nowhere:
        parts.append(
            f"{count(found.nowhere, 'roster row')} of officers who could take a call name no district or"
            " shift that counts: they cover nothing here."
        )
    if found.unknown_status:
        parts.append(
            f"{count(found.unknown_status, 'roster row')} without a duty status: they cover nothing."
        )
    return [part for part in parts if part]


def lines_alt(found: Duty) -> str:
    """Return the words that replace the figures: coverage by district and shift."""
    rows = [
        f"{post(line.post)}: {line.covered.events:,} of {line.covered.n:,}" for line in found.posts
    ]
    return (
        f"Days with a CIT officer on duty. {'; '.join(rows)}. {marks.read(longest(found))}".strip()
    )


def overview_lines(found: Summary | Lacking) -> list[str]:
    """Return what the overview says of coverage: days, then the gaps of the month ahead."""
    if isinstance(found, Lacking):
        return [
            "Days with a CIT officer on every district and shift: not recorded, needs"
            f" {files(found.tables)}."
        ]
    if not found.days.n:
        return ["Days with a CIT officer on every district and shift: no roster in this period."]
    lines = [_full(found.days)]
    if found.days_not_recorded:
        lines[0] += f" {count(found.days_not_recorded, 'day')} not recorded."
    month = f"{found.month:%B %Y}"
    if found.ahead is None:
        return [*lines, f"{month}: gaps not recorded, needs the published roster."]
    if not found.ahead:
        return [*lines, f"{month}: no gap in the published roster."]
    named = "; ".join(gap(g) for g in found.ahead[:MOST_LISTED])
    more = len(found.ahead) - MOST_LISTED
    return [*lines, f"Open in {month}: {named}{f'; and {more:,} more' if more > 0 else ''}."]
