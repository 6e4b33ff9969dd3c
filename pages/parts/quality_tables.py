"""Tables of the data-quality page."""

from __future__ import annotations

import pandas as pd

from data.loads import Answers, LoadRecord
from data.registry import Outcome, outcome
from metrics import wording
from metrics.result import Comparison


def load(record: LoadRecord) -> pd.DataFrame:
    """Return the figures of one load, one row each."""
    figures = {
        "Loaded": f"{record.started_at:%Y-%m-%d %H:%M} UTC, mapping {record.mapping}",
        "Period covered": f"{record.covers_from} to {record.covers_to}",
        "Rows read": f"{record.rows_read:,}",
        "Duplicate rows collapsed": f"{record.duplicates_collapsed:,}",
        "Contacts": f"{record.contacts:,}",
        "Rows rejected": f"{record.rejected:,}",
    }
    return pd.DataFrame({"Load": list(figures), "": list(figures.values())})


def rejected(rows: list[tuple[str, int | None, str, str]]) -> pd.DataFrame:
    """Return the rejected rows."""
    return pd.DataFrame(rows, columns=["File", "Row", "Column", "Reason"])


def answers(found: tuple[Answers, ...]) -> pd.DataFrame:
    """Return one row per yes/no column."""
    return pd.DataFrame(
        [
            {
                "Question": a.meaning.rstrip("."),
                "Yes": f"{a.yes:,}",
                "No": f"{a.no:,}",
                "Answered unknown": f"{a.unknown:,}",
                "Blank": f"{a.blank:,}",
            }
            for a in found
        ]
    )


def missing(comparisons: tuple[Comparison, ...]) -> pd.DataFrame:
    """Return one row per outcome: contacts without it, by group."""
    names = wording.arms(comparisons[0].exposure)
    rows = []
    for c in comparisons:
        row: dict[str, str] = {"Outcome": outcome(c.outcome).label}
        for name, gone, arm in (
            (names[0], c.not_recorded.cit, c.cit),
            (names[1], c.not_recorded.other, c.other),
        ):
            of = gone + arm.n
            row[name] = (
                f"{gone:,} of {of:,} ({wording.percent(gone / of)})" if of else "no contacts"
            )
        row["In neither group"] = f"{c.not_recorded.exposure:,}"
        rows.append(row)
    return pd.DataFrame(rows)


def missing_months(rows: list[dict[str, object]], exposure: str) -> pd.DataFrame:
    """Return one row per month with contacts and missing outcomes of each group."""
    names = {
        True: wording.arms(exposure)[0],
        False: wording.arms(exposure)[1],
        None: "Neither group",
    }
    found: dict[str, dict[str, object]] = {}
    for r in rows:
        month = f"{r['month']:%Y-%m}"
        name = names[r["arm"]]  # type: ignore[index]
        found.setdefault(month, {"Month": month})[name] = f"{r['missing']} of {r['contacts']}"
    return pd.DataFrame(list(found.values())).fillna("no contacts")


def lacking(outcomes: tuple[Outcome, ...]) -> pd.DataFrame:
    """Return what would supply each outcome that is not recorded."""
    return pd.DataFrame(
        [{"Outcome": o.label, "Would need": ", ".join(o.sources)} for o in outcomes]
    )
