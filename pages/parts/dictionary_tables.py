"""The dictionary as a table to look at."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from data.dictionary import Entry
from metrics.wording import dictionary as words


def table(found: Iterable[Entry], supplied: Iterable[tuple[str, str, str]] | None) -> pd.DataFrame:
    """Return one row per column. ``supplied`` are (agency, source, ``table.column``); None: not shown."""
    by: dict[str, set[str]] = {}
    for _, source, column in supplied or ():
        by.setdefault(column, set()).add(source)
    return pd.DataFrame(
        [
            {
                "Table": e.table,
                "Column": e.column,
                "Type": e.type,
                "Meaning": e.meaning,
                "Values": ", ".join(e.values),
                "Need": e.need,
                "When": e.when,
                **({} if supplied is None else {"Supplied by": _who(e, by)}),
                "In a copy": e.copy,
            }
            for e in found
        ]
    )


def _who(entry: Entry, by: dict[str, set[str]]) -> str:
    if entry.table == "encounters" or entry.need == "S":
        return words.OWN
    return ", ".join(sorted(by.get(f"{entry.table}.{entry.column}", ()))) or words.NOT_SUPPLIED
