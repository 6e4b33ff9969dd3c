"""Words of *Certification*: who is in date, who lapses when, who else was trained. Counts, no names."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from metrics.certification import (
    DUE_DAYS,
    REFRESHER_MONTHS,
    Group,
    InService,
    Lapse,
    Share,
    Standing,
    weeks,
)
from metrics.estimate import NotEstimable
from metrics.monthly import month_end
from metrics.wording import marks
from metrics.wording.numbers import listed, percent, reason

INTRO = (
    "Trained, certified, designated and enhanced are four things, counted apart. Of several certificates"
    " of one person the one with the latest expiry counts, so that a renewal is not a lapse. People who"
    " left are out."
)

NOT_LOADED = (
    "Certification is not recorded by this source: load `certifications.csv`, and `officers.csv` with who"
    " left (`python -m data template --out DIR` writes their headers)."
)

NAMES_INTRO = (
    "To see names beside those due and lapsed, choose a file of your own with two columns, `number` and"
    " `name` (badge, serial or employee number as in the export). It is read in memory for this screen"
    " only: it is not kept, not logged, and in no download. Remove it, or close the page, and it is gone."
)
NAMES_NOTE = "On this screen only. There is no download of this table."
NAMES_NONE = "Nobody is due or lapsed on this day, so there is nobody to name."

DIMENSION_LABELS = {"squad": "Squad", "shift": "Shift", "district": "District"}
DIMENSION_MISSING = {
    "squad": "No assignment in force on this day names a squad: it needs `assignments.squad`.",
    "shift": "No assignment in force on this day names a shift: it needs `assignments.shift_id`.",
    "district": "No assignment in force on this day names a district: it needs"
    " `assignments.district_id`.",
}

BODIES = {
    "state_program": "State CIT program",
    "state_post": "State training board (POST)",
    "regional_program": "Regional program",
    "agency_in_house": "The agency itself (in-house)",
    "other": "Another body",
    "unknown": "Answered as unknown",
    None: "Not recorded",
}

STATES = ("In date, over 90 days left", "Due within 90 days", "Lapsed, still employed")
AHEAD_NOTE = "If nobody renews. A renewal that is already on record is counted by its later expiry."


def day(value: date) -> str:
    """Return a day as words, such as "31 Dec 2025"."""
    return f"{value:%-d %b %Y}"


def people(n: int) -> str:
    """Return a number of people."""
    return "1 person" if n == 1 else f"{n:,} people"


def certificates(n: int) -> str:
    """Return a number of certificates, with its verb: they lapse."""
    return "1 certificate lapses" if n == 1 else f"{n:,} certificates lapse"


def as_of(found: Standing, last: date | None) -> str:
    """Say of which day the page speaks, and where that is not the last day of data."""
    text = f"As of **{day(found.day)}**"
    if last is None or found.day == last:
        return f"{text}, the last day of data."
    side = "before" if found.day < last else "after"
    note = (
        ""
        if found.day < last
        else " What was renewed or who left since the last load is not in it."
    )
    return f"{text}, {side} the last day of data ({day(last)}).{note}"


def headline(found: Standing) -> str:
    """Say in one sentence how many are in date, due and lapsed."""
    if not found.expiry:
        return (
            f"{people(found.total.certified)} hold a certificate; no expiry date is on record, so who is"
            " due and who lapsed is not known."
        )
    due, lapsed = found.total.due, found.total.lapsed
    return (
        f"{people(found.total.certified)} hold a CIT certificate in date. {_due(due)} within"
        f" {DUE_DAYS} days; {people(lapsed)} had one that lapsed, and still work here."
    )


def _due(n: int) -> str:
    if not n:
        return "None of them is due"
    return f"{n:,} of them {'is' if n == 1 else 'are'} due"


def next_month(found: Standing) -> str:
    """Answer "Who lapses next month?": how many, in which squads and shifts, in which weeks."""
    first, last = found.next_month
    month = f"{first:%B %Y}"
    if not found.expiry:
        return f"Who lapses in {month} is not recorded: it needs the column `certifications.expires_on`."
    lapses = found.lapsing(first, last)
    rest = found.lapsing(found.day + timedelta(days=1), month_end(found.day))
    early = (
        f" Before that, in the rest of {found.day:%B}: {_count(rest):,}." if _count(rest) else ""
    )
    if not lapses:
        later = [x for x in found.lapses if x.day > last]
        if not later:
            return f"**Nobody's certificate lapses in {month}**, nor in the twelve months ahead.{early}"
        upcoming = tuple(x for x in later if x.day == later[0].day)
        return (
            f"**Nobody's certificate lapses in {month}.**{early} After it the first are on"
            f" {day(upcoming[0].day)}: {_count(upcoming):,} ({_places(upcoming)})."
        )
    return (
        f"**In {month}, {certificates(_count(lapses))}**: {_places(lapses)}. By week:"
        f" {_weeks(lapses)}.{early}"
    )


def _count(lapses: Iterable[Lapse]) -> int:
    return sum(x.people for x in lapses)


def _places(lapses: tuple[Lapse, ...]) -> str:
    """Return lapses by squad and by shift, as one phrase."""
    parts = []
    for label, names in (
        ("squad", [(x.squad, x.people) for x in lapses]),
        ("shift", [(x.shift, x.people) for x in lapses]),
    ):
        counted: dict[str | None, int] = {}
        for name, n in names:
            counted[name] = counted.get(name, 0) + n
        if set(counted) == {None}:
            parts.append(f"{label} not recorded")
            continue
        order = sorted(counted, key=lambda k: (k is None, k or ""))
        shown = listed([f"{_called(label, k)} {counted[k]:,}" for k in order])
        parts.append(shown)
    return "; ".join(parts)


def _called(label: str, name: str | None) -> str:
    if name is None:
        return f"{label} not recorded"
    return marks.shown(f"{label} {name}" if len(name) < 4 else name)


def _weeks(lapses: tuple[Lapse, ...]) -> str:
    return listed([f"{n:,} in that of {monday:%-d %b}" for monday, n in weeks(lapses).items()])


def apart(found: Standing) -> list[str]:
    """Return a line for each of the four things, with what it is counted of."""
    total = found.total
    lines = [
        f"**Trained**: {people(total.trained)} completed the 40-hour course, by a training record or a"
        f" 40-hour certificate, of {total.people:,} on record.",
        f"**Certified**: {people(total.certified)} hold a certificate in force"
        + (f", {total.due:,} of them due within {DUE_DAYS} days." if found.expiry else "."),
    ]
    if found.designation:
        unknown = total.people - total.designated_known
        lines.append(
            f"**Designated**: {people(total.designated)} serve as a CIT officer, of"
            f" {total.designated_known:,} whose assignment says so either way"
            + (f" ({unknown:,} not recorded)" if unknown else "")
            + f". Certified and not designated: {_none(total.not_serving)}. Designated without a"
            f" certificate in force: {_none(total.uncertified)}."
        )
    else:
        lines.append(
            "**Designated**: not recorded by this source; it needs `assignments.cit_designated`."
        )
    if "cit_enhanced" in found.records.kinds:
        lines.append(f"**Enhanced**: {people(total.enhanced)} hold the enhanced certificate.")
    else:
        lines.append("**Enhanced**: no enhanced certificate is on record for anyone.")
    if isinstance(found.patrol, Share):
        lines.append(
            f"**Of patrol**, {_of(found.patrol)} are certified. Programs name 20 to 25% as context; it is"
            " not a test."
        )
    return lines


def _none(n: int) -> str:
    return f"{n:,}" if n else "nobody"


def _of(share: Share) -> str:
    text = f"{share.events:,} of {share.n:,} ({percent(share.value)})"
    return f"{text}, {share.unknown:,} more not recorded" if share.unknown else text


def bodies(found: Standing) -> str:
    """Say who certified, those of the state first told from those of the agency itself."""
    shown = listed([f"{BODIES.get(b, str(b))}: {n:,}" for b, n in found.bodies])
    return f"By who certified: {shown}." if found.bodies else ""


def carried(found: Standing) -> str:
    """Say how many brought their certificate from another agency."""
    if not found.total.certified:
        return ""
    if not found.carried.n:
        return "Where a certificate was earned is not recorded: it needs `earned_at_agency`."
    return f"Carried over from another agency: {_of(found.carried)}. A certificate moves with the officer."


def refreshers(found: InService | NotEstimable) -> str:
    """Say how many of those certified had in-service training in time."""
    if isinstance(found, NotEstimable):
        return f"Refreshers: not recorded ({reason(found)})."
    return (
        f"Refreshers: of {found.certified:,} certified, {found.refreshed:,} had a refresher in the last"
        f" {REFRESHER_MONTHS} months, {found.course:,} took the 40-hour course itself in that time, and"
        f" {found.neither:,} had neither."
    )


def callers(found: Share | NotEstimable) -> str:
    """Say how many call takers and dispatchers had their CIT course."""
    if isinstance(found, NotEstimable):
        return f"Call takers and dispatchers: not recorded ({reason(found)})."
    return f"Call takers and dispatchers with a CIT course for them: {_of(found)}."


def others(found: Share | NotEstimable) -> str:
    """Say how many of everyone else had awareness training."""
    if isinstance(found, NotEstimable):
        return f"Awareness training of everyone else: not recorded ({reason(found)})."
    return (
        f"Awareness training of everyone else (no 40-hour course, no call taker, no clinician):"
        f" {_of(found)}."
    )


def limits(found: Standing) -> list[str]:
    """Say what the records cannot tell, and which file or column would."""
    found_limits = []
    if not found.leavers:
        found_limits.append(
            "The list of officers is not loaded, so people who left cannot be taken out: load"
            " `officers.csv`."
        )
    elif not found.records.has("officers.left_month"):
        found_limits.append(
            "No officer has a month of leaving (`officers.left_month`): if nobody is marked as left,"
            " people who are gone are still counted."
        )
    if not found.records.rows["assignments"]:
        found_limits.append(
            "Squad, shift, district and designation need `assignments.csv`"
            " (`python -m data template --out DIR` writes its header)."
        )
    if not found.records.rows["trainings"]:
        found_limits.append(
            "Courses are not recorded: load `trainings.csv`; until then the 40-hour course is known by its"
            " certificate only."
        )
    return found_limits


def group_name(group: Group) -> str:
    """Return a group's name."""
    return "Not recorded" if group.name is None else group.name


def standing_alt(found: Standing, by: str) -> str:
    """Return the words that replace the figure of squads, shifts or districts."""
    rows = [
        f"{group_name(g)}: {g.certified - g.due:,} in date over {DUE_DAYS} days, {g.due:,} due,"
        f" {g.lapsed:,} lapsed"
        for g in found.groups[by]
    ]
    label = DIMENSION_LABELS[by].lower()
    return f"CIT certificates by {label} on {day(found.day)}. {'; '.join(rows)}."


def ahead_alt(counted: tuple[tuple[date, int], ...]) -> str:
    """Return the words that replace the figure of the months ahead."""
    shown = [f"{month:%b %Y} {n:,}" for month, n in counted if n]
    told = ", ".join(shown) if shown else "none"
    return f"Certificates that lapse by month if nobody renews: {told}."


def named(shown: int, matched: int) -> str:
    """Say how many of those due or lapsed the reader's own file names."""
    if matched == shown:
        return f"Your file names all {shown:,} who are due or lapsed."
    return (
        f"Your file names {matched:,} of the {shown:,} who are due or lapsed; the numbers of the others"
        " are not in it."
    )
