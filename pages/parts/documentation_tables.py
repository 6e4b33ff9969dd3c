"""Tables of *Documentation* and *Compliance*: words and counts a reader can check."""

from __future__ import annotations

import pandas as pd

from data import registry
from metrics import wording
from metrics.compliance import Compliance, manifest_entries
from metrics.documentation import STEPS, Conclusion, Documentation
from metrics.estimate import Estimated, NotEstimable
from metrics.result import Comparison
from metrics.shares import Share
from metrics.wording import compliance as law
from metrics.wording import documentation as words
from metrics.wording.handoffs import name, of
from metrics.wording.numbers import capital, number

MOST_FIELDS = 12
"""Fields shown, those left blank most often; the files hold them all."""


def kinds(found: Documentation) -> pd.DataFrame:
    """Return one row per kind of document: owed, not yet due, and the share of each step."""
    return pd.DataFrame(
        [
            {
                "Document": capital(words.document(k.document)),
                "Owed": f"{k.owed:,}",
                "Not yet due": f"{k.not_due:,}",
                **{words.STEP_LABELS[step]: of(k.share(step)) for step in STEPS},
            }
            for k in found.kinds
        ]
    )


def by_arm(found: Documentation, code: str) -> pd.DataFrame:
    """Return one row per step of one kind of document, a column per group."""
    cit, other = wording.arms(found.exposure)
    own = {
        arm: next((k for k in found.arms[arm] if k.document == code), None) for arm in (True, False)
    }
    return pd.DataFrame(
        [
            {
                capital(words.documents(code)): words.STEP_LABELS[step],
                **{
                    label: of(kind.share(step)) if kind else of(Share(0, 0))
                    for label, kind in ((cit, own[True]), (other, own[False]))
                },
            }
            for step in STEPS
        ]
    )


def by_district(found: Documentation, code: str) -> pd.DataFrame:
    """Return one row per district: one kind of document, step by step."""
    rows = []
    for district, kinds_ in found.districts:
        kind = next((k for k in kinds_ if k.document == code), None)
        if kind is not None:
            rows.append(
                {
                    "District": words.district(district),
                    "Owed": f"{kind.owed:,}",
                    **{words.STEP_LABELS[step]: of(kind.share(step)) for step in STEPS},
                }
            )
    return pd.DataFrame(rows)


def blanks(found: Documentation, code: str) -> pd.DataFrame:
    """Return one row per field left blank on one kind of document, a column per group."""
    cit, other = wording.arms(found.exposure)
    return pd.DataFrame(
        [
            {"Left blank": words.field(b.field), cit: of(b.cit), other: of(b.other)}
            for b in found.blanks.get(code, ())[:MOST_FIELDS]
        ]
    )


def reports(found: Documentation) -> pd.DataFrame:
    """Return one row per thing counted of reports on force, a column for all and for each group."""
    cit, other = wording.arms(found.exposure)
    columns: dict[str, bool | str] = {"All": "all", cit: True, other: False}
    rows: list[dict[str, str]] = []
    for label, value in (
        ("Reports", lambda r: f"{r.n:,}"),
        ("Not yet due", lambda r: f"{r.not_due:,}"),
        ("Filed in time", lambda r: of(r.in_time)),
        ("Reviewed by a supervisor, of those filed", lambda r: of(r.reviewed)),
        ("Not yet reviewed", lambda r: f"{r.reviewed.n - r.reviewed.events:,}"),
        (
            "Median days from filing to review",
            lambda r: "too few" if isinstance(r.days, NotEstimable) else number(r.days, 1),
        ),
    ):
        rows.append(
            {"Force reports": label} | {c: value(found.reports[a]) for c, a in columns.items()}
        )
    for code, _ in found.reports["all"].findings:
        row = {"Force reports": f"Finding: {words.finding(code)}"}
        rows.append(
            row
            | {c: f"{dict(found.reports[a].findings).get(code, 0):,}" for c, a in columns.items()}
        )
    return pd.DataFrame(rows)


def elements(found: Documentation) -> pd.DataFrame:
    """Return one row per statutory element of the hold form, a column per group."""
    cit, other = wording.arms(found.exposure)
    own = {
        arm: {e.column: Share(e.yes, e.yes + e.no, e.unknown) for e in found.elements[arm]}
        for arm in (True, False)
    }
    listed = list(own[True] or own[False])
    return pd.DataFrame(
        [
            {
                "The hold form": name(column),
                **{
                    label: of(own[arm].get(column, Share(0, 0)))
                    for label, arm in ((cit, True), (other, False))
                },
                "Unknown or blank": f"{sum(own[a][column].unknown for a in own if column in own[a]):,}",
            }
            for column in listed
        ]
    )


def outcomes(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """Return one row per outcome about documents: both rates, the difference, the verdict."""
    return pd.DataFrame(
        [
            {
                "Outcome": registry.outcome(c.outcome).label,
                "With CIT": of(Share(c.cit.events, c.cit.n)),
                "Without": of(Share(c.other.events, c.other.n)),
                "Difference per 1,000 (95% CI)": wording.difference_cell(_headline(c)),
                "Verdict": wording.verdict(c),
            }
            for c in comparisons
        ]
    )


def _headline(comparison: Comparison) -> Estimated:
    adjusted = comparison.adjusted.risk_difference
    return comparison.unadjusted.risk_difference if isinstance(adjusted, NotEstimable) else adjusted


def bounds(found: tuple[Conclusion, ...]) -> pd.DataFrame:
    """Return one row per primary outcome: what was not recorded, and what it could do."""
    rows = []
    for c in found:
        comparison, gone = c.comparison, c.comparison.not_recorded
        lacks = comparison.lacks is not None
        rows.append(
            {
                "Outcome": registry.outcome(comparison.outcome).label,
                "Not recorded, with CIT": "all"
                if lacks
                else words.missing_cell(gone.cit, comparison.cit.n),
                "Not recorded, without": "all"
                if lacks
                else words.missing_cell(gone.other, comparison.other.n),
                "Headline per 1,000 (95% CI)": wording.difference_cell(
                    comparison.adjusted.risk_difference
                ),
                "All with CIT, none without": _extreme(c, c.highest),
                "None with CIT, all without": _extreme(c, c.lowest),
                "Verdict": wording.VERDICT_WORDS[comparison.verdict],
                "Stands at both": words.holds_cell(c),
            }
        )
    return pd.DataFrame(rows)


def _extreme(found: Conclusion, value: Estimated) -> str:
    if not found.comparison.lacks and not found.comparison.not_recorded.outcome:
        return "nothing missing"
    return wording.difference_cell(value)


def tables_held(found: Compliance) -> pd.DataFrame:
    """Return one row per table of the store: what a row is, how many, what kinds of columns."""
    return pd.DataFrame(
        [
            {
                "Table": own.table,
                "Rows": law.rows(own),
                "A row is": own.meaning.removeprefix("One row per ").split(". ")[0].rstrip("."),
                "Columns": law.kinds(own),
                "Would identify": ", ".join(own.identifying) or "none",
            }
            for own in found.tables
        ]
    )


def columns_held(found: Compliance) -> pd.DataFrame:
    """Return one row per table with hashed columns or labels, by name."""
    return pd.DataFrame(
        [
            {
                "Table": own.table,
                "Only as keyed hash": ", ".join(own.hashed) or "none",
                "Short labels": ", ".join(own.labels) or "none",
            }
            for own in found.tables
            if own.hashed or own.labels
        ]
    )


def refused(found: Compliance) -> pd.DataFrame:
    """Return one row per rule of what is never accepted."""
    return pd.DataFrame(
        [
            {"Refused": r.rule, "Looked for": ", ".join(r.words) or "see the rule"}
            for r in found.refused
        ]
    )


def dropped(found: Compliance) -> pd.DataFrame:
    """Return one row per load that dropped columns: their headers."""
    return pd.DataFrame(
        [
            {
                "Loaded": f"{d.day:%-d %b %Y}",
                "Export": d.source,
                "Mapping": d.mapping,
                "Headers dropped": ", ".join(d.headers),
            }
            for d in found.dropped
        ]
    )


def rules(found: Compliance) -> pd.DataFrame:
    """Return one row per body of rules: what it is about, what of it is here, where to read it."""
    return pd.DataFrame(
        [
            {"Rule": r.rule, "About": r.about, "Here": r.here, "Read": r.source}
            for r in law.rules(found)
        ]
    )


def kept(found: Compliance) -> pd.DataFrame:
    """Return one row per kept snapshot."""
    return pd.DataFrame(
        [
            {
                "Snapshot": k.id,
                "Made": law.made(k),
                "In use": "yes" if k.in_use else "",
                "Size": law.size(k),
            }
            for k in found.kept
        ]
    )


def legal_holds(found: Compliance) -> pd.DataFrame:
    """Return one row per reason of legal hold."""
    by_reason = {} if isinstance(found.held, str) else found.held
    return pd.DataFrame(
        [{"Reason": capital(reason), "Contacts": f"{n:,}"} for reason, n in by_reason.items()]
    )


def purges(found: Compliance) -> pd.DataFrame:
    """Return one row per purge of the log."""
    entries = () if isinstance(found.purged, str) else found.purged
    return pd.DataFrame(
        [
            {
                "Purged": f"{e.at:%-d %b %Y, %H:%M}",
                "Contacts removed": f"{e.removed:,}",
                "Left under hold": f"{e.kept_under_hold:,}",
                "Snapshots written anew": f"{e.snapshots:,}",
            }
            for e in entries
        ]
    )


def manifest() -> pd.DataFrame:
    """Return one row per entry of the manifest of an exported file."""
    return pd.DataFrame(
        [
            {"Entry": entry, "Answers": law.ENTRIES[entry][0], "Holds": law.ENTRIES[entry][1]}
            for entry in manifest_entries()
        ]
    )
