"""What stands under a figure or table that leaves the dashboard: where it comes from, and how."""

from __future__ import annotations

from datetime import date

from data import registry
from metrics.estimate import Estimate
from metrics.manifest import SHORT, Manifest
from metrics.question import Access, Question
from metrics.result import Comparison
from metrics.wording.comparison import arms
from metrics.wording.numbers import covariate_list
from metrics.wording.time import span

INTERNAL = "Internal: not for publication."
PUBLIC = "For publication: small counts are withheld."
SIMULATED = "Simulated data: an invented agency."


def access(value: Access) -> str:
    """Say who may read a file."""
    return INTERNAL if value == "internal" else PUBLIC


def period(first: date | None, last: date | None) -> str:
    """Return the days a file speaks of."""
    return "no contacts" if first is None or last is None else span(first, last)


def filters(question: Question) -> str:
    """Name the filters besides the period, or return nothing."""
    return "; ".join(
        f"{registry.covariate(dim).label.lower()}"
        f" {' or '.join(registry.level_label(dim, level) for level in levels)}"
        for dim, levels in question.where
    )


def source(
    agency: str,
    question: Question,
    dates: tuple[date | None, date | None],
    snapshot: str,
    who: Access,
    simulated: bool,
) -> str:
    """Return the source line: whose contacts, which days, which cuts, which snapshot, who may read it."""
    cut = filters(question)
    parts = [
        f"Source: {agency}, crisis contacts, {period(*dates)}{f', only {cut}' if cut else ''}.",
        f"CIT means: {registry.exposure(question.exposure).label.lower()}.",
        f"Snapshot {snapshot}.",
    ]
    if simulated:
        parts.append(SIMULATED)
    return " ".join([*parts, access(who)])


def source_of(found: Manifest) -> str:
    """Return the source line of a manifest."""
    names = found.agencies
    agency = names[0] if len(names) == 1 else f"{len(names)} agencies"
    dates = (found.first, found.last)
    return source(agency, found.question, dates, found.snapshot, found.access, found.simulated)


def notes(found: Manifest) -> list[tuple[str, str]]:
    """Return a manifest as lines for a reader: a label and a value each."""
    question = found.question
    lines = [
        ("Read by", access(found.access)),
        ("Agency", ", ".join(found.agencies)),
        ("Period", period(found.first, found.last)),
        ("Filters", filters(question) or "none"),
        ("CIT means", registry.exposure(question.exposure).definition),
        ("Adjusted for, where recorded", covariate_list(question.adjust) or "nothing"),
        ("Snapshot", found.snapshot),
        ("Data, SHA-256", found.data),
        ("Definitions, SHA-256", found.registry),
        ("Software", found.software),
        ("Data as published", f"{found.made:%Y-%m-%d %H:%M:%S} UTC"),
        ("Manifest", found.digest[:SHORT]),
        ("Manifest in full", found.to_json()),
    ]
    return [("Data", SIMULATED), *lines] if found.simulated else lines


def counted(comparison: Comparison) -> str:
    """Say how many contacts each rate rests on."""
    if comparison.withheld or comparison.lacks:
        return ""
    return (
        "; ".join(
            f"{name}: {arm.events:,} of {arm.n:,}"
            for name, arm in zip(
                arms(comparison.exposure), (comparison.cit, comparison.other), strict=True
            )
        )
        + ", as recorded."
    )


def method(comparison: Comparison) -> str:
    """Say how a comparison's headline was computed, in one sentence."""
    adjusted = comparison.adjusted
    if comparison.withheld or comparison.lacks:
        return ""
    if not isinstance(adjusted.risk_difference, Estimate):
        return (
            "Method: crude rates with Wilson intervals, their difference with Newcombe's interval (95%);"
            " not adjusted."
        )
    return (
        "Method: logistic regression, standardised over the contacts observed; errors clustered by"
        f" {adjusted.clusters:,} officers (CR2); intervals 95%."
    )


def sentence(comparison: Comparison) -> str:
    """Return a comparison as a sentence with its n, interval and method, ready to be quoted."""
    parts = (comparison.sentence, counted(comparison), method(comparison))
    return " ".join(part for part in parts if part)
