"""Words of *Claims*: what they cost so far, how the cost grew, and what it cannot foretell."""

from __future__ import annotations

from datetime import date

from metrics.aggregate.claims import LINKED, MISSING, SEVERAL, UNNAMED
from metrics.claims import OLD_ENOUGH, Arm, Claims, Group
from metrics.estimate import NotEstimable
from metrics.triangle import FULL_CREDIBILITY, Cell, Early, Factor, Measure, Triangle
from metrics.wording.comparison import arms
from metrics.wording.numbers import capital, listed, number, percent, reason

INTRO = (
    "What claims over the agency's contacts have cost so far, as each loss run valued them: loss and"
    " expense together, paid and incurred apart. Incurred is paid plus case reserves, less recoveries."
)
IBNR = (
    "**No IBNR is included.** IBNR (incurred but not reported) is what claims will cost that nobody has"
    " made yet, and what open ones will cost beyond their reserves. Nothing here adds it, and no final"
    " cost is projected: recent years usually still grow."
)
NO_IBNR = "No IBNR is included and nothing is projected."
PRIVILEGED = (
    "Claims marked privileged, and claims marked neither way, are left out of everything on this page:"
    " counts, sums and dates. How many there are is not told; an attorney or an administrator sees them."
    " What is left out is often what went to court, so this is not the whole cost."
)
PRIVILEGED_SHOWN = (
    "Claims marked privileged, and claims marked neither way, are included: attorneys and administrators"
    " see them, nobody else does."
)
NOT_MARKED = (
    "No claim says whether it is privileged, so all are withheld. Fill the column `privileged` (yes or no)"
    " in `claims.csv` and load it again; claims marked no are then shown."
)
NONE_SHOWN = (
    "No claim is marked as not privileged, so there is nothing to show. Claims marked no in the column"
    " `privileged` of `claims.csv` are shown to everyone who may open this page."
)
NOT_VALUED = (
    "What they cost is not recorded by this source: load `claim_valuations.csv`"
    " (`python -m data template --out DIR` writes its header), one loss run after the other; each adds to"
    " those before it."
)
GROWTH_NOTE = (
    "One line for each year of contact, from age to age; its last point carries the year. Both figures"
    " have one scale. A line that still rises, or has open claims, is not finished."
)
FACTOR_NOTE = (
    "Each factor is the sum at the later age over that at the earlier, of all years that reached both"
    " (volume-weighted). In brackets its standard error (Mack 1993). Weight is that of limited-fluctuation"
    f" credibility, the square root of claims over {FULL_CREDIBILITY:,}: with that many a count is within"
    " 5% of what is expected nine times in ten (Mowbray 1914; Longley-Cook 1962). Amounts vary more than"
    " counts, so the true weight is smaller."
)
EARLY_NOTE = (
    f"Years at least {OLD_ENOUGH} months old, or with every claim closed. A claim over such a year may"
    " still be made."
)
LINK_NOTE = (
    "A claim belongs to a contact if it names it, or names an incident that has one contact. Those that"
    " cannot be linked are in all other numbers of this page."
)
ARM_NOTE = (
    "Contacts that fit the filters, up to the newest loss run. Money by group only describes: a few large"
    " claims decide it, recent contacts have claims still to come, and nothing is allowed for. How often"
    " claims are made is compared on the page Liability."
)
RETENTION_NOTE = (
    "The retention is the agency's own share, applied once to each event, to loss and expense together and"
    " before recoveries. A policy may count expense apart, or have an aggregate: ask the insurer."
)

_LINES = {
    "law_enforcement_liability": "law enforcement liability",
    "workers_compensation": "workers' compensation",
}
_LINKS = {
    LINKED: "Linked to one contact",
    SEVERAL: "Name an incident with several contacts",
    MISSING: "Name a contact or incident not on record",
    UNNAMED: "Name neither contact nor incident",
}
_MEASURES: dict[Measure, str] = {
    "incurred": "incurred",
    "paid": "paid",
    "reported": "claims reported",
    "open": "claims open",
    "closed": "claims closed",
}
_MONEY = ("incurred", "paid")


def dollars(value: float) -> str:
    """Return whole dollars, such as "$41,500"."""
    shown = number(abs(value))
    return f"-${shown}" if value < 0 and shown != "0" else f"${shown}"


def day(value: date) -> str:
    """Return a date as "31 Dec 2025"."""
    return f"{value:%-d %b %Y}"


def line(code: str) -> str:
    """Return a line of cover as words."""
    return _LINES.get(code, code.replace("_", " "))


def name(code: str) -> str:
    """Return a code as words, capitalised."""
    return _LINKS.get(code) or capital(code.replace("_", " "))


def measure(code: Measure) -> str:
    """Return what a triangle holds as words."""
    return capital(_MEASURES[code])


def _n(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _opened(group: Group) -> str:
    parts = [f"{group.open:,} open", f"{group.closed:,} closed"]
    if unknown := group.reported - group.open - group.closed:
        parts.append(f"{unknown:,} without a status")
    return listed(parts)


def headline(found: Claims) -> str:
    """Answer in a sentence what the claims of a line have cost so far."""
    whole = found.whole
    counted = f"{_n(whole.reported, 'claim')} under {line(found.line)}"
    if found.last is None:
        return f"{counted}: {_opened(whole)}. No loss run is loaded."
    return (
        f"By the loss run of {day(found.last)}: {counted}, {_opened(whole)};"
        f" {dollars(whole.incurred)} incurred ({dollars(whole.paid)} paid)."
    )


def runs(found: Claims) -> str:
    """Say how many loss runs there are and what changed between the last two."""
    if found.last is None:
        return ""
    words = f"{_n(len(found.runs), 'loss run')}; the newest is of {day(found.last)}"
    since = found.since
    if since is None:
        return f"{words}. With one loss run nothing can be said of change."
    if since.rises or since.falls:
        moved = listed(
            [
                f"rose by {dollars(since.risen)} in all, over {_n(since.rises, 'claim')}"
                if since.rises
                else "rose in no claim",
                f"fell by {dollars(since.fallen)}, over {_n(since.falls, 'claim')}"
                if since.falls
                else "fell in none",
            ]
        )
    else:
        moved = "did not change"
    return (
        f"{words}, the one before of {day(since.previous)}. Between them {since.reported:,} more"
        f" {'was' if since.reported == 1 else 'were'} reported and {since.closed:,} closed;"
        f" {dollars(since.paid)} was paid; incurred {moved}."
    )


def lacking(found: Claims) -> list[str]:
    """Say what the rows leave open, one sentence each."""
    gone, words = found.lacking, []
    if found.last is not None and not gone.expense:
        words.append("Expense is not recorded by this source: the amounts are loss alone.")
    elif gone.without_expense:
        words.append(
            f"{_n(gone.without_expense, 'valuation')} without a recorded expense:"
            " loss alone is counted there."
        )
    if gone.without_amount:
        words.append(
            f"{_n(gone.without_amount, 'valuation')} without a paid or a reserved loss:"
            " the claim keeps its last known amount there."
        )
    if gone.undated:
        words.append(
            f"{_n(gone.undated, 'claim')} without a date of loss or a contact: in no year below."
        )
    if gone.unreported:
        words.append(
            f"{_n(gone.unreported, 'claim')} with neither a day of report nor a valuation:"
            " in no year below."
        )
    return words


def grid(found: Triangle) -> str:
    """Say on which days ages end."""
    end = f"{date(2024, *found.valued):%-d %B}"
    return (
        f"Years are those of the contact; ages end on {end}, the day on which most loss runs are valued."
        " A cell holds the latest valuation by then; claims not valued yet count as $0, closed ones keep"
        " their last value. A cell is empty where the age is not reached or no loss run tells."
    )


def cell(found: Triangle, year: int, age: int, what: Measure) -> str:
    """Return one cell of the triangle, blank where nothing is known."""
    one = found.cells.get((year, age))
    if one is None:
        return ""
    value = getattr(one, what)
    return dollars(value) if what in _MONEY else f"{value:,}"


def growth_alt(found: Triangle, what: Measure) -> str:
    """Return the words that replace the figure of one measure."""
    parts = []
    for year in found.years:
        known = [
            f"{cell(found, year, age, what)} at {age}"
            for age in found.ages
            if (year, age) in found.cells
        ]
        parts.append(f"{year}: {', '.join(known)}")
    return f"{measure(what)} by year of contact and age in months. {'; '.join(parts)}."


def caution(factors: tuple[Factor, ...]) -> str:
    """Say plainly whether the factors can carry a projection."""
    told_by = [f for f in factors if f.years]
    if not told_by:
        return "No year has reached two ages yet, so there are no factors."
    most, least = max(f.claims for f in told_by), min(f.claims for f in told_by)
    behind = f"{most:,}" if most == least else f"{least:,} to {most:,}"
    if least >= FULL_CREDIBILITY:
        return (
            f"Each factor rests on {behind} claims, enough for counts ({FULL_CREDIBILITY:,}). Amounts vary"
            " more, and the future need not repeat the past."
        )
    weight = max(f.credibility for f in told_by)
    return (
        f"**These factors are not credible for projection.** They rest on {behind}"
        f" {'claim' if behind == '1' else 'claims'} each; {FULL_CREDIBILITY:,} would be needed, so the best of"
        f" them would carry a weight of {weight:.2f} out of 1 at most. They describe how these years grew; do"
        " not multiply a recent year by them."
    )


def step(factor: Factor) -> str:
    """Return a step of age, such as "12 to 24 months"."""
    return f"{factor.start} to {factor.end} months"


def factor(one: Factor) -> str:
    """Return a factor with its standard error for a table."""
    if isinstance(one.value, NotEstimable):
        return f"not estimated ({reason(one.value)})"
    if isinstance(one.error, NotEstimable):
        return f"{one.value:.2f} (error not estimated)"
    return f"{one.value:.2f} ({one.error:.2f})"


def early(found: Claims) -> list[str]:
    """Say how far off early valuations were: one line over all years, then one for each."""
    rows = found.early
    if not rows:
        return [
            f"No year with claims is old enough to look back on: {OLD_ENOUGH} months, or every claim closed."
        ]
    lines = []
    for age in found.early_ages:
        shares = [s for r in rows if not isinstance(s := r.share(age), NotEstimable)]
        if len(shares) > 1:
            lines.append(
                f"At {age} months the {len(shares)} years that are old enough stood at"
                f" {_percent(min(shares))} to {_percent(max(shares))} of what is incurred now."
            )
    return [*lines, *(_early_year(r) for r in rows)]


def _early_year(row: Early) -> str:
    parts = []
    for age, value in row.ages:
        share = row.share(age)
        of = "" if isinstance(share, NotEstimable) else f" ({_percent(share)} of it)"
        parts.append(f"{dollars(value)} at {age} months{of}")
    state = "all closed" if row.closed else "not all closed"
    return f"{row.year} ({_n(row.claims, 'claim')}, {state}): {dollars(row.latest)} now; {listed(parts)}."


def early_cell(row: Early, age: int) -> str:
    """Return incurred at an early age as a share of today's, for a table."""
    share = row.share(age)
    if not isinstance(share, NotEstimable):
        return _percent(share)
    return "" if age not in dict(row.ages) else "not estimated"


def _percent(share: float) -> str:
    return percent(share) if share < 1 else f"{number(share * 100)}%"


def status(group: Group) -> str:
    """Return claims with what is not closed among them, for a table, such as "14 (8 open)"."""
    rest = [f"{group.open:,} open"] if group.open else []
    if unknown := group.reported - group.open - group.closed:
        rest.append(f"{unknown:,} without a status")
    return f"{group.reported:,} ({listed(rest)})" if rest else f"{group.reported:,}"


def retention(found: Claims) -> str:
    """Say what lies within the agency's own share and what above it."""
    kept = found.retention
    if isinstance(kept, NotEstimable):
        return "Not recorded by this source: fill `retention` in `claims.csv`."
    words = (
        f"Of {_n(kept.events, 'event')} with a retention on record, {kept.over:,}"
        f" {'exceeds' if kept.over == 1 else 'exceed'} it: {dollars(kept.within)} lies within the agency's own"
        f" share, {dollars(kept.above)} above it."
    )
    if kept.recovered > 0:
        words += f" {dollars(kept.recovered)} of the whole has been recovered so far."
    if kept.unknown:
        words += f" {_n(kept.unknown, 'event')} without a retention on record: left out."
    return words


def links(found: Claims) -> str:
    """Say how many claims can be linked to a contact."""
    linked = next(g for g in found.links if g.label == LINKED)
    words = f"{linked.reported:,} of {_n(found.whole.reported, 'claim')} can be linked to a contact"
    if found.last is None:
        return f"{words}."
    return f"{words} ({dollars(linked.incurred)} of {dollars(found.whole.incurred)} incurred)."


def arm(one: Arm, exposure: str) -> str:
    """Name a group of contacts."""
    if one.exposed is None:
        return "Group not recorded"
    return arms(exposure)[0 if one.exposed else 1]


def rate(value: float | None) -> str:
    """Return a count per 1,000 contacts with two decimals where it is small."""
    if value is None:
        return "no contacts"
    return f"{number(value, 2 if 0 < value < 10 else 0)} per 1,000"


def money_rate(value: float | None) -> str:
    """Return dollars per 1,000 contacts."""
    return "no contacts" if value is None else f"{dollars(value)} per 1,000"


def counted(one: Cell) -> str:
    """Return what a cell counts, for the words of a point of the figure."""
    return f"{_n(one.reported, 'claim')} reported, {one.open:,} open"
