"""Words of published figures and of an agency's own beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from data import registry
from metrics.estimate import NotEstimable
from metrics.published import CAME, OwnShare, Published, Quoted
from metrics.result import Comparison
from metrics.wording.numbers import capital, ratio, reason

OWN_NOTE = (
    "Definitions differ: what counts as a crisis contact, as force or as an arrest is each agency's own. A"
    " figure here above or below a published one is neither better nor worse for it."
)

TOLD_NOTE = (
    "Context, not targets. A published figure belongs to its place, its year and its way of counting. The"
    " agency's own figure stands beside it only where this store has the same kind of measure."
)


def quoted(number: Quoted) -> list[str]:
    """Return the lines of an often-quoted number; Markdown."""
    return [
        f"**{_plain(number.number)}** · wrongly taken for: {number.heard_as}",
        _plain(number.about),
        f"*From*: {_plain(number.origin)}.",
    ]


def published(
    entry: Published,
    shares: Mapping[str, OwnShare | NotEstimable],
    comparisons: Iterable[Comparison],
) -> list[str]:
    """Return the lines of a published figure, the agency's own last; Markdown."""
    compared = (
        f"*Compared with*: {entry.comparator}" if entry.comparator else "*No comparison group.*"
    )
    lines = [
        f"**{entry.study} {entry.year}** · {entry.place} · *{entry.source}*",
        entry.figure,
        f"*It says*: {entry.says}  \n*It does not say*: {entry.does_not_say}  \n{compared}",
    ]
    own = [own_share(shares[m], m) for m in entry.shares] + [own_ratio(c) for c in comparisons]
    if own:
        lines.append(f"**Here**: {capital('; '.join(own))}.")
    return lines


def own_share(share: OwnShare | NotEstimable, measure: str) -> str:
    """Say an agency's own share of contacts, of both groups and neither together."""
    name = "a CIT officer came" if measure == CAME else registry.outcome(measure).label.lower()
    if isinstance(share, NotEstimable):
        return f"{name}: {reason(share)}"
    estimate, low, high = share.rate
    return (
        f"{name} {'to' if measure == CAME else 'in'} {estimate:.1%} of contacts"
        f" (95% CI {low:.1%} to {high:.1%}; {share.events:,} of {share.n:,})"
    )


def own_ratio(comparison: Comparison) -> str:
    """Say an agency's own adjusted odds ratio."""
    label = registry.outcome(comparison.outcome).label.lower()
    if comparison.lacks is not None:
        return f"{label}: not recorded by this source"
    found = comparison.adjusted.odds_ratio
    if isinstance(found, NotEstimable):
        return f"{label}: odds ratio not estimated ({reason(found)})"
    return f"{label}: odds ratio {ratio(found)}, adjusted for what was known at dispatch"


def _plain(text: str) -> str:
    """Keep Markdown from reading dollar signs as mathematics."""
    return text.replace("$", r"\$")
