"""Words of the brief, the report and the narrative that no page says; the numbers come from results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from data import registry
from metrics import result
from metrics.estimate import Estimate
from metrics.question import default_adjusters
from metrics.result import Comparison
from metrics.wording import time
from metrics.wording.comparison import (
    CAUTION,
    CERTAINTY_WORDS,
    CRUDE_NOTE,
    UNMEASURED,
    VERDICT_WORDS,
    allowance,
    verdict,
)
from metrics.wording.liability_terms import DEATHS, NO_DEATH
from metrics.wording.numbers import covariate_list, listed, percent, small

if TYPE_CHECKING:
    from metrics.overview import Period, Tile
    from metrics.question import Question

MARKS = {"internal": "INTERNAL", "public": "FOR PUBLICATION"}
SIMULATED = "Simulated data: an invented agency, made by this program."

ROSTER_FILE = "needs the duty roster"
DEATHS_MISSING = "deaths: not recorded, needs the list of critical events"
WITHHELD_NUMBERS = (
    "The six numbers, months, districts and sensitivity rows are for internal use: side by side, small"
    " cells could identify someone."
)
FIGURE_NOTE = (
    "Adjusted difference per 1,000 contacts with its 95% interval; line at 0: no difference."
)
BRIEF_CAPTION = "The primary outcomes, first group less second"


class Six(NamedTuple):
    """One of the six numbers as a row: its value, denominator, usual month, period before, change."""

    label: str
    value: str
    of: str
    usual: str
    before: str
    change: str


SIX_COLUMNS = ("Number", "This period", "Of", "Usual month", "Before", "Change")

_BEFORE = re.compile(r"^(?:\d[\d,]* (?:months|days)|month|day) before: ")
_USUAL = "usual month: "


def six(tile: Tile) -> Six:
    """Return a tile of the overview as a row; where there is no number, the reason stands in it."""
    if tile.value is None:
        return Six(tile.label, "not recorded", tile.missing or "", "", "", "")
    usual = [d.removeprefix(_USUAL) for d in tile.details if d.startswith(_USUAL)]
    before = [_BEFORE.sub("", d) for d in tile.details if _BEFORE.match(d)]
    rest = [d for d in tile.details if not d.startswith(_USUAL) and not _BEFORE.match(d)]
    return Six(
        tile.label,
        tile.value,
        "; ".join(rest),
        usual[0] if usual else "not charted",
        before[0] if before else "no such period",
        tile.change or "not charted",
    )


def opening(about: Period, tiles: tuple[Tile, ...]) -> str:
    """Return the one sentence of a brief: the period's numbers, and what is not recorded."""
    parts = []
    for tile in tiles:
        if tile.wide or tile.id == "officer_time":
            continue
        if tile.value is None:
            parts.append(f"{small(tile.label)}: not recorded")
        elif tile.id == "contacts":
            parts.append(f"{tile.value} crisis contacts")
        elif tile.id == "last_force":
            parts.append(f"{small(tile.label)}: {tile.value} {tile.details[0]}")
        else:
            parts.append(f"{small(tile.label)}: {tile.value} ({tile.details[0]})")
    covered = next((t for t in tiles if t.id == "coverage" and not t.missing), None)
    full = (
        small(covered.details[0].rstrip("."))
        if covered
        else f"days without full coverage: {ROSTER_FILE}"
    )
    said = (d for t in tiles if t.id == "serious" for d in t.details)
    died = next((d for d in said if d.startswith((NO_DEATH, DEATHS))), None)
    parts.append(f"{small(died.rstrip('.')) if died else DEATHS_MISSING}; {full}")
    return f"{time.span(about.start, about.end)}: {'; '.join(parts)}."


def answer(comparison: Comparison) -> str:
    """Return a comparison's verdict and certainty on one line."""
    label = registry.outcome(comparison.outcome).label
    if comparison.withheld:
        return f"**{label}**: {comparison.withheld}."
    if comparison.lacks:
        return f"**{label}**: {VERDICT_WORDS[result.NOT_RECORDED]} by this source."
    said = verdict(comparison)
    sure = CERTAINTY_WORDS[comparison.certainty]
    return f"**{label}**: {said}" + ("." if sure in said else f"; certainty: {sure}.")


def question(asked: Question) -> list[str]:
    """Say in words what is asked, part by part."""
    exposure = registry.exposure(asked.exposure)
    outcomes = ", ".join(registry.outcome(o).label.lower() for o in asked.outcomes)
    default = asked.adjust == default_adjusters()
    kind = "pre-specified" if default else "chosen for this question"
    lines = [
        f"**Outcomes**: {outcomes}.",
        f"**Two groups**: contacts {exposure.cit_arm}, and contacts {exposure.other_arm}."
        f" {exposure.definition}",
        f"**Allowed for** ({kind}): {covariate_list(asked.adjust)}, as far as the source records them.",
    ]
    if asked.start or asked.end:
        start = f"from {asked.start:%-d %b %Y}" if asked.start else "from the first on record"
        end = f"to {asked.end:%-d %b %Y}" if asked.end else "to the last on record"
        lines.append(f"**Period**: {start} {end}.")
    else:
        lines.append("**Period**: every contact on record.")
    if asked.where:
        lines.append(f"**Filters**: {time.cuts(asked)}")
    return lines


def cannot_say(comparisons: tuple[Comparison, ...]) -> list[str]:
    """Return what the results cannot say: what is missing, too few, and why the crude one differs."""
    lines = []
    lacking = [c for c in comparisons if c.lacks]
    if lacking:
        needs = "; ".join(
            f"{registry.outcome(c.outcome).label.lower()} (needs {_needed(c)})" for c in lacking
        )
        lines.append(f"Not recorded by this source: {needs}.")
    known = [c for c in comparisons if not c.lacks and not c.withheld]
    shares = [
        f"{registry.outcome(c.outcome).label.lower()} {percent(share_missing(c))}"
        for c in known
        if c.not_recorded.outcome
    ]
    if shares:
        lines.append(f"Not recorded for part of the contacts compared: {', '.join(shares)}.")
    few = [
        registry.outcome(c.outcome).label.lower()
        for c in comparisons
        if c.certainty == result.TOO_FEW and not c.lacks
    ]
    if few:
        lines.append(f"Too few to say: {', '.join(few)}.")
    lines += _why_crude_differs(known)
    return [*lines, f"{UNMEASURED} {CAUTION}"]


def _why_crude_differs(known: list[Comparison]) -> list[str]:
    """Say what adjustment did, each thing once with the outcomes it is true of."""
    said: dict[str, list[str]] = {}
    for c in known:
        label = registry.outcome(c.outcome).label
        if isinstance(c.adjusted.risk_difference, Estimate):
            text = allowance(c).replace(UNMEASURED, "").strip()
        elif c.cit.n and c.other.n:
            text = CRUDE_NOTE
        else:
            continue
        for part in text.removesuffix(".").split(". "):
            if part:
                said.setdefault(f"{part}.", []).append(label)
    return [
        part if len(labels) == len(known) else f"{_listed(labels)}: {part}"
        for part, labels in said.items()
    ]


def _listed(labels: list[str]) -> str:
    return listed([labels[0], *(name.lower() for name in labels[1:])])


def _needed(comparison: Comparison) -> str:
    if comparison.lacks == "exposure":
        return ", ".join(registry.exposure(comparison.exposure).sources)
    return ", ".join(registry.outcome(comparison.outcome).sources)


def share_missing(comparison: Comparison) -> float:
    """Return the share of contacts in either group whose outcome was not recorded."""
    gone = comparison.not_recorded.outcome
    return gone / (gone + comparison.cit.n + comparison.other.n)


SIX_DEFINITIONS = (
    "**Crisis contact**: one person in one incident, with a crisis form.",
    "**CIT officer came**: a unit that arrived was CIT-certified, of calls coded as behavioural health at"
    " dispatch and taken by police; without calls, by the form's own flag, of contacts known as a crisis at"
    " dispatch where that is recorded, else of all.",
)


def definitions() -> list[str]:
    """Return what the six numbers count."""
    by_id = {id_: registry.outcome(id_) for id_ in ("force", "arrest", "voluntary_care")}
    return [
        *SIX_DEFINITIONS,
        *(f"**{o.label}**: {o.definition}" for o in by_id.values()),
        "**Officer time**: minutes of all officers on the contact.",
    ]


def contact(name: str, text: str) -> str:
    """Say whom to ask."""
    return f"Contact: {text}." if text else f"Contact: {name} (no contact is set)."


def trend_caption(label: str, rare: bool) -> str:
    """Return the caption of an outcome's months."""
    return f"{label}: days between events" if rare else f"{label} by month, both groups together"


RATES_CAPTION = "Rate per 1,000 in each group as recorded, with its 95% interval; not adjusted"
FOREST_CAPTION = "Difference per 1,000, first group less second, with its 95% interval"
EXHIBIT_CAPTION = (
    "The same question asked in other ways: difference per 1,000 with its 95% interval"
)
NARRATIVE_SECTIONS = (
    "Need",
    "What was done",
    "What was found",
    "How sure",
    "Limits",
    "Data plan",
)

NEED = (
    "Officers meet people in a mental-health or substance-use crisis every day. This narrative says what"
    " this agency recorded of such contacts, in its own words and numbers; edit what is around them, and"
    " keep each number with its denominator and interval."
)
DATA_PLAN = (
    "The numbers are computed from the agency's own export by a program that keeps its definitions,"
    " question and snapshot with every result, so that the same question can be asked again. Unknown is"
    " never counted as no."
)
TO_BE_WRITTEN = (
    "[Say here what the program does: training, dispatch policy, partners. The data do not hold"
    " it.]"
)


def done(comparisons: tuple[Comparison, ...]) -> str:
    """Say what was compared and how, without a result."""
    shown = [c for c in comparisons if not c.lacks]
    if not shown:
        return "Nothing could be compared: this source records neither the outcomes nor the groups."
    exposure = registry.exposure(shown[0].exposure)
    outcomes = [registry.outcome(c.outcome).label.lower() for c in shown]
    named = _listed(outcomes)
    text = (
        f"Contacts {exposure.cit_arm} were compared with contacts {exposure.other_arm} on {named}."
    )
    for c in shown:
        if isinstance(c.adjusted.risk_difference, Estimate):
            return (
                f"{text} The comparison was fixed in advance: logistic regression allowing for"
                f" {covariate_list(c.adjusted.covariates)}, standardised to a difference per 1,000"
                " contacts, with errors clustered by officer."
            )
    return f"{text} No adjusted comparison could be made."


def plan(comparisons: tuple[Comparison, ...]) -> list[str]:
    """Return what would have to be recorded to say more."""
    lines = [
        f"{registry.outcome(c.outcome).label}: record {_needed(c)}." for c in comparisons if c.lacks
    ]
    lines += [
        f"{registry.outcome(c.outcome).label}: record it for every contact; it was missing for"
        f" {percent(share_missing(c))} of those compared."
        for c in comparisons
        if not c.lacks and not c.withheld and c.not_recorded.outcome
    ]
    return [*lines, "Load the dispatch calls, the duty roster and the hospital log as well."]


NOTHING_COMPARED = "There is no comparison to ask again in other ways."
NOTHING_LACKING = "Every outcome the product knows has a source."
REPRODUCE = (
    "On the same snapshot the same question gives the same numbers. The hashes below tell whether data,"
    " definitions or program have changed."
)


PRINT_INTRO = (
    "Files of what the shared filters ask, with the snapshot and question they come from on every page. Each"
    " is computed when it is asked for; the full report takes a while. The name, logo and contact printed are"
    " the agency's settings."
)
ACCESS_HELP = (
    "Internal files hold small counts. A file for publication leaves out what could identify someone, and"
    " answers only the questions of a fixed grid: others could be subtracted from each other."
)
NO_PUBLIC_FILTERS = (
    "A file for publication cannot be made of these filters: clear them, or print for internal use."
)
KINDS = {
    "brief": "One page for a meeting: the six numbers, the primary outcomes, what we cannot say.",
    "report": "Everything: who is counted, methods, results by outcome, sensitivity, limits, definitions.",
    "narrative": "Need, what was done and found, how sure, limits, data plan: a text to edit.",
}
