"""Words of *Whom to train next*: squads, shifts and districts, never a person."""

from __future__ import annotations

from collections import Counter

from metrics.duty import Lacking
from metrics.planner import FEWEST_NAMED, PUBLISHED, Group, Plan
from metrics.wording import marks
from metrics.wording.duty import count, days, files, post, shift
from metrics.wording.numbers import listed, percent

INTRO = (
    "The fewest more officers to certify so that every district and shift has a CIT officer on duty, as the"
    " roster stands. It counts who works where and when: leave in the roster, certificates that lapse, and"
    " who may be picked."
)
CURVE_NOTE = (
    "Most open district-shifts that so many more officers could cover. Where the two lines meet, the number"
    " is proven; between them lies what is not known."
)
CANNOT = (
    "It sees the roster, not the person: who is suited, willing and recommended is for those who know them."
    " A class takes officers off the roster for a week, which is not counted. Overtime, swaps and leave not"
    " yet in the roster change who is on."
)
NOT_NAMED = "not named"
MOST_LISTED = 4


def _place(group: Group) -> str:
    """Return where a group works, such as "West nights"."""
    parts = [group.district, None if group.shift is None else shift(group.shift)]
    return marks.shown(" ".join(p for p in parts if p)) or "no post recorded"


def _places(found: Plan, squads: bool) -> list[str]:
    """Return how many where, most first."""
    if squads:
        return [
            f"{g.officers:,} on {_place(g)}{f', squad {marks.shown(g.squad)}' if g.squad else ''}"
            for g in found.groups
        ]
    counts: Counter[str] = Counter()
    for g in found.groups:
        counts[_place(g)] += g.officers
    return [f"{n:,} on {name}" for name, n in counts.most_common()]


def decision(found: Plan | Lacking) -> str:
    """Return the decision asked for, such as "certify 3 more on West nights (closes 4 of 4 gaps)"."""
    if isinstance(found, Lacking):
        return f"which district and shift to certify for: not computed, needs {files(found.tables)}"
    if not found.due:
        return "which district and shift to certify for: not computed, no roster in these days"
    if not found.gaps:
        return "certify nobody for coverage: no gap in the roster"
    if not found.officers:
        if not found.coverable:
            return f"no class can close the {count(found.gaps, 'gap')}: nobody eligible is rostered there"
        return f"certify nobody for coverage: {percent(found.options.target)} is reached already"
    places = _places(found, squads=False)
    closes = f"(closes {found.gaps_closed:,} of {count(found.gaps, 'gap')})"
    if len(places) == 1:
        n, _, where = places[0].partition(" on ")
        return f"certify {n} more on {where} {closes}"
    more = len(places) - MOST_LISTED
    shown = places[:MOST_LISTED] + ([f"{count(more, 'other post')}"] if more > 0 else [])
    return f"certify {found.officers:,} more: {listed(shown)} {closes}"


def headline(found: Plan) -> str:
    """Return the answer in a sentence."""
    text = decision(found)
    return f"{text[:1].upper()}{text[1:]}."


def basis(found: Plan) -> str:
    """Say which roster the plan rests on, and how much of it is covered already."""
    if found.basis == PUBLISHED:
        roster = f"Planned on the published roster, {days(found.first, found.last, year=True)}"
    else:
        roster = (
            f"Planned as if the roster of {days(found.first, found.last, year=True)} repeats: certificates"
            " and departures are those of the year after"
        )
    return (
        f"{roster} ({count(found.days, 'day')} recorded; as of {found.as_of:%-d %b %Y})."
        f" {found.covered:,} of {found.due:,} district-shifts have a CIT officer in date already"
        + (
            f"; {found.coverable:,} more could have one; {found.hopeless:,} could not."
            if found.gaps
            else "."
        )
    )


def answer(found: Plan) -> str:
    """Say how many officers reach the target, and whether fewer could."""
    if not found.officers:
        if found.least:
            return (
                f"The class has no seat; at least {count(found.least, 'officer')} would be needed."
            )
        return ""
    cells = (
        f"{found.closed:,} of the {found.coverable:,} open district-shifts (one shift of one day in one"
        " district) that could be covered"
    )
    if found.fewest is None:
        return (
            f"A class of {found.options.class_size:,} covers {cells}; the target takes at least"
            f" {count(found.least, 'officer')}."
        )
    target = percent(found.options.target)
    sure = "No fewer would do (proven)." if found.proven else _unproven(found)
    return f"{count(found.officers, 'officer')} would cover {cells}: {target} is reached. {sure}"


def _unproven(found: Plan) -> str:
    return (
        f"The best found in time: at least {count(found.least, 'officer')} are needed"
        f" (gap {percent(found.gap)})."
    )


def solving(found: Plan) -> str:
    """Say how long it took and how good the numbers are."""
    widest = max(((p.bound - p.covered) / p.bound for p in found.curve if p.bound), default=0.0)
    curve = "every point proven" if not widest else f"largest gap of a point {widest * 100:.1f}%"
    fewest = "proven" if found.proven else f"gap {found.gap * 100:.1f}%"
    return (
        f"Exact search (HiGHS), {found.seconds:.1f} s: fewest officers at least {found.least:,}, {fewest};"
        f" curve: {curve}."
    )


def hopeless(found: Plan) -> str:
    """Say which open cells no class can cover."""
    if not found.hopeless:
        return ""
    named = "; ".join(
        f"{marks.shown(post(p))} ({n:,})" for p, n in found.hopeless_posts[:MOST_LISTED]
    )
    more = len(found.hopeless_posts) - MOST_LISTED
    return (
        f"Not coverable by training: in {count(found.hopeless, 'district-shift')} nobody eligible is"
        f" rostered: {named}{f'; and {more:,} more' if more > 0 else ''}. They are counted apart, and not in"
        " the target."
    )


def drawn(found: Plan) -> str:
    """Say how much of the answer rests on the very officers of the plan."""
    if found.drawn is None:
        return ""
    least, middle = found.drawn
    return (
        f"Of each squad some officers fit better than others. Drawn at random among the eligible of the same"
        f" squads, as many would cover {middle:,} of these {found.closed:,} in the middle of 200 draws, and"
        f" {least:,} in the worst."
    )


def eligible(found: Plan) -> str:
    """Say who may be picked, and why others may not."""
    e = found.eligible
    reasons = [
        (e.certified, "in date already"),
        (e.too_new, f"under {found.options.min_years:g} years of service"),
        (e.years_unknown, "years of service not recorded"),
        (e.not_volunteer, "not volunteers"),
        (e.volunteer_unknown, "not recorded whether they volunteered"),
    ]
    shown = [f"{n:,} {why}" for n, why in reasons if n]
    text = f"{count(e.eligible, 'officer')} of {e.patrol:,} on patrol may be picked"
    text += f"; not {listed(shown)}." if shown else "."
    if found.lapsing:
        text += f" {count(found.lapsing, 'certificate')} on patrol end within these days:" + (
            " taken as renewed." if found.options.renew else " taken as not renewed."
        )
    return text


def few(n: int) -> str:
    """Return a number of eligible officers; a few are not counted out."""
    return f"{n:,}" if n >= FEWEST_NAMED else f"under {FEWEST_NAMED}"


def squad(group: Group) -> str:
    """Return the squad of a group, or that it is not named."""
    return group.squad or NOT_NAMED


SQUAD_NOTE = (
    f"A squad with fewer than {FEWEST_NAMED} eligible officers, or none on record, is not named: it would"
    " point at one person."
)


def groups_alt(found: Plan) -> str:
    """Return the plan as words."""
    return marks.read("; ".join(_places(found, squads=True))) or "Nobody to certify"


def curve_alt(found: Plan) -> str:
    """Return the words that replace the curve."""
    rows = [
        f"{p.officers:,}: {p.covered:,}"
        + (f" (at most {p.bound:,})" if p.bound > p.covered else "")
        for p in found.curve
    ]
    return f"Open district-shifts covered, by officers certified. {'; '.join(rows)}."
