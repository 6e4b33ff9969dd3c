"""Names beside those due or lapsed, from a file on the reader's own machine, for their screen alone.

Nothing here is cached, logged, written or offered as a file. No message repeats a value of the file.
"""

from __future__ import annotations

import csv
import io

import pandas as pd

from data import keys
from data.errors import UserError
from data.store import Snapshot

NUMBER, NAME = "number", "name"
MOST_BYTES = 5_000_000


def read(content: bytes) -> dict[str, str]:
    """Return number -> name of a CSV file with these two columns.

    Raises ``UserError``, which names a row at most, for a file that cannot be read as that.
    """
    if len(content) > MOST_BYTES:
        raise UserError("the file is too large for a list of officers (over 5 MB)")
    text = _decoded(content)
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    # strict: what a lone quote would swallow is not taken for one name.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    found: dict[str, str] = {}
    try:
        header = [h.strip().lower() for h in next(rows, [])]
        if NUMBER not in header or NAME not in header:
            raise UserError("the first row must name two columns: number, name")
        number, name = header.index(NUMBER), header.index(NAME)
        for place, row in enumerate(rows, 2):
            if not any(cell.strip() for cell in row):
                continue
            if len(row) <= max(number, name) or not row[number].strip():
                raise UserError(f"row {place} has no number; mend it and choose the file again")
            found[row[number].strip()] = row[name].strip()
    except csv.Error:
        raise UserError(
            "the file is not a table of comma-separated values; save it as CSV and choose it again"
        ) from None
    return found


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError("the file is not text; save it as CSV in UTF-8 and choose it again")


def beside(snapshot: Snapshot, due: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Return ``due`` with the ``name`` of each officer key, missing where the file has none.

    ``due`` is as ``aggregate.due_keys`` returns it; the keys are not in what comes back.
    """
    found: dict[tuple[str, str], str] = {}
    for agency in due["agency_id"].unique():
        hashed = keys.hashed(snapshot, "officer", agency, names)
        found |= {(agency, key): names[number] for number, key in hashed.items()}
    named = [found.get(pair) for pair in zip(due["agency_id"], due["officer_key"], strict=True)]
    return due.assign(name=pd.Series(named, index=due.index, dtype=object)).drop(
        columns=["agency_id", "officer_key"]
    )
