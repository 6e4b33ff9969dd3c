"""Tables of the report: the words of results in rows and columns. No Streamlit."""

from __future__ import annotations

from data.loads import Answers, LoadRecord
from data.registry import outcome
from metrics import wording
from metrics.detail import Split
from metrics.effects import rows
from metrics.exhibit import Exhibit
from metrics.overview import Tile
from metrics.result import Comparison
from metrics.trend import Trend
from metrics.wording import counted, printed, sensitivity
from pages.print.document import Table


def six(tiles: tuple[Tile, ...], caption: str) -> Table:
    """Return the six numbers with the period before and the usual month."""
    return Table(
        caption,
        printed.SIX_COLUMNS,
        tuple(tuple(printed.six(t)) for t in tiles if not t.wide),
    )


def arms(comparison: Comparison) -> Table:
    """Return the two rates, as recorded."""
    names = wording.arms(comparison.exposure)
    missing = (comparison.not_recorded.cit, comparison.not_recorded.other)
    return Table(
        f"{outcome(comparison.outcome).label}: rates of the two groups, as recorded",
        ("Contacts", "Counted", "With the outcome", "Per 1,000 (95% CI)", "Not recorded"),
        tuple(
            (name, f"{arm.n:,}", f"{arm.events:,}", wording.rate_cell(arm.rate), f"{gone:,}")
            for name, arm, gone in zip(
                names, (comparison.cit, comparison.other), missing, strict=True
            )
        ),
    )


def effects(comparison: Comparison) -> Table:
    """Return the effects of a comparison, one row per way of computing them."""
    return Table(
        f"{outcome(comparison.outcome).label}: the difference, computed in each way",
        (
            "Comparison",
            "Difference per 1,000 (95% CI)",
            "Ratio of rates (95% CI)",
            "Odds ratio (95% CI)",
            "Test",
        ),
        tuple(
            (
                row.label,
                wording.difference_cell(row.risk_difference),
                wording.ratio_cell(row.risk_ratio),
                wording.ratio_cell(row.odds_ratio),
                row.test,
            )
            for row in rows(comparison)
        ),
    )


def split(found: Split, comparison: Comparison) -> Table:
    """Return one row per level of a covariate."""
    cit, other = wording.arms(comparison.exposure)
    return Table(
        f"{outcome(comparison.outcome).label} by {found.label.lower()}, not adjusted",
        (
            found.label,
            f"{cit}: events of contacts",
            f"{other}: events of contacts",
            "Difference per 1,000 (95% CI)",
        ),
        tuple(
            (
                s.label,
                f"{s.cit.events:,} of {s.cit.n:,}",
                f"{s.other.events:,} of {s.other.n:,}",
                wording.difference_cell(s.risk_difference),
            )
            for s in found.strata
        ),
    )


def months(found: Trend, label: str) -> Table:
    """Return one row per month; without coverage there is no rate."""
    return Table(
        f"{label} by month",
        ("Month", "Contacts", "Counted", "With the outcome", "Per 1,000", "Coverage"),
        tuple(
            (
                f"{m.first_day:%Y-%m}",
                f"{m.contacts:,}",
                f"{m.n:,}",
                f"{m.events:,}",
                "" if m.rate is None else f"{m.rate * 1000:.1f}",
                "recorded" if m.covered else "missing",
            )
            for m in found.months
        ),
    )


def exhibit(found: Exhibit) -> Table:
    """Return every analysis of the sensitivity exhibit, the headline first."""
    return Table(
        f"{outcome(found.outcome).label}: every analysis",
        (
            "Analysis",
            "What it changes",
            "Difference per 1,000 (95% CI)",
            "Ratio (95% CI)",
            "Contacts",
        ),
        tuple(
            (
                row.label,
                sensitivity.differs(row),
                wording.difference_cell(row.risk_difference)
                if row.risk_difference.estimate is not None
                else f"not estimated: {wording.reason(row.risk_difference)}",
                wording.ratio_cell(row.risk_ratio),
                "" if row.n is None else f"{row.n:,}",
            )
            for row in found.rows
        ),
    )


def flow(steps: list[counted.Step]) -> Table:
    """Return the way from calls to contacts counted."""
    return Table(
        "From calls to forms to contacts counted",
        counted.STEP_COLUMNS,
        tuple(tuple(s) for s in steps),
    )


def load(record: LoadRecord) -> Table:
    """Return the figures of one load."""
    return Table(
        f"Load of {record.source}: {', '.join(record.files)}",
        ("Load", "Figure"),
        (
            ("Loaded", f"{record.started_at:%Y-%m-%d %H:%M} UTC, mapping {record.mapping}"),
            ("Period covered", f"{record.covers_from} to {record.covers_to}"),
            ("Rows read", f"{record.rows_read:,}"),
            ("Duplicate rows collapsed", f"{record.duplicates_collapsed:,}"),
            ("Contacts", f"{record.contacts:,}"),
            ("Rows rejected", f"{record.rejected:,}"),
        ),
    )


def rejected(found: list[tuple[str, int | None, str, str]]) -> Table:
    """Return rejected rows: where and why, never the values."""
    return Table(
        "Rejected rows",
        ("File", "Row", "Column", "Reason"),
        tuple(
            (file, "" if row is None else f"{row:,}", column, why)
            for file, row, column, why in found
        ),
    )


def answers(found: tuple[Answers, ...]) -> Table:
    """Return how each yes/no question was answered."""
    return Table(
        "How the yes/no questions were answered",
        ("Question", "Yes", "No", "Answered unknown", "Blank"),
        tuple(
            (a.meaning.rstrip("."), f"{a.yes:,}", f"{a.no:,}", f"{a.unknown:,}", f"{a.blank:,}")
            for a in found
        ),
    )


def missing(comparisons: tuple[Comparison, ...]) -> Table:
    """Return contacts without each outcome, by group."""
    names = wording.arms(comparisons[0].exposure)

    def cell(gone: int, n: int) -> str:
        of = gone + n
        return f"{gone:,} of {of:,} ({wording.percent(gone / of)})" if of else "no contacts"

    return Table(
        "Outcomes not recorded, by group",
        ("Outcome", *names, "In neither group"),
        tuple(
            (
                outcome(c.outcome).label,
                cell(c.not_recorded.cit, c.cit.n),
                cell(c.not_recorded.other, c.other.n),
                f"{c.not_recorded.exposure:,}",
            )
            for c in comparisons
        ),
    )
