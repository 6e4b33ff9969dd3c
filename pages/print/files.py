"""Tables as files: CSV and Excel, typed, with the manifest of what they hold.

A CSV is data from its first line to its last, so that every program reads it as it is: what it holds and
who may read it stand in the last columns of every row (``MANIFEST_COLUMNS``), and stay with a row that
is pasted elsewhere. An Excel file has a second sheet, *Notes*. Neither knows the clock: the same inputs
give the same bytes.
"""

from __future__ import annotations

import io
import json
import math
import re
import unicodedata
from collections.abc import Mapping
from csv import writer as csv_writer
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from metrics.manifest import Manifest
from metrics.wording import citation

MANIFEST_COLUMNS = (
    "access",
    "agency",
    "simulated",
    "snapshot",
    "data_sha256",
    "question",
    "registry_sha256",
    "software",
    "made",
)
"""The columns after the data, alike in every row of a CSV."""

NO_LIMIT = "no limit"
"""An interval without a limit on one side: Excel has no cell for it."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LONGEST = 60

FORMATS = {
    "per_1000": "0.0",
    "percent": "0.0",
    "ratio": "0.00",
    "p_value": "0.0000",
    "share": "0.0%",
    "difference": "0.000",
}
"""How Excel shows a column whose name ends or begins so; the cell holds the number in full."""


def csv(frame: pd.DataFrame, manifest: Manifest) -> bytes:
    """Return a table as CSV in UTF-8: numbers in full, dates as YYYY-MM-DD, an empty cell for none.

    Text that a spreadsheet would take for a formula is given an apostrophe before it.
    """
    clash = set(frame.columns) & set(MANIFEST_COLUMNS)
    if clash:
        raise ValueError(f"columns of the manifest stand in the data: {sorted(clash)}")
    told = _told(manifest)
    text = io.StringIO()
    writer = csv_writer(text, lineterminator="\n")
    writer.writerow([*(_plain(str(c)) for c in frame.columns), *told])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([*map(_plain, row), *map(_plain, told.values())])
    return text.getvalue().encode("utf-8")


def _told(manifest: Manifest) -> dict[str, Any]:
    facts = manifest.to_dict()
    return {
        "access": facts["access"],
        "agency": "; ".join(manifest.agencies),
        "simulated": facts["simulated"],
        "snapshot": facts["snapshot"],
        "data_sha256": facts["data_sha256"],
        "question": json.dumps(facts["question"], sort_keys=True),
        "registry_sha256": facts["registry_sha256"],
        "software": facts["software"],
        "made": facts["made"],
    }


def _plain(value: Any) -> str:
    """Return a cell as CSV holds it."""
    if _unknown(value):
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _unknown(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def xlsx(
    frame: pd.DataFrame,
    manifest: Manifest,
    title: str,
    words: str = "",
    columns: Mapping[str, str] | None = None,
) -> bytes:
    """Return a table as an Excel file: typed cells on one sheet, what they are on another.

    ``words`` say the table in a sentence; ``columns`` tell what each column holds.
    """
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        made = manifest.made.replace(tzinfo=None)
        book.set_properties(
            {"title": title, "comments": citation.source_of(manifest), "created": made}
        )
        _data(book, frame)
        _notes(book, manifest, title, words, columns or {})
    return buffer.getvalue()


def _data(book: xlsxwriter.Workbook, frame: pd.DataFrame) -> None:
    sheet = book.add_worksheet("Data")
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(frame.columns):
        sheet.write_string(0, place, str(name), head)
        values = list(frame[name])
        shape = book.add_format({"num_format": _format(str(name), values)})
        for row, value in enumerate(values, 1):
            _write(sheet, row, place, value, shape)
        widest = max([len(str(name)) // 2, *(len(str(v)) for v in values if isinstance(v, str))])
        sheet.set_column(place, place, min(max(11, widest + 2), _LONGEST))
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _write(sheet: Any, row: int, place: int, value: Any, shape: Any) -> None:
    """Write one cell in its own type; what is not known stays empty."""
    if _unknown(value):
        return
    if isinstance(value, (bool, np.bool_)):
        sheet.write_boolean(row, place, bool(value))
    elif isinstance(value, (int, float, np.integer, np.floating)):
        if math.isinf(value):
            sheet.write_string(row, place, NO_LIMIT)
        else:
            sheet.write_number(row, place, value, shape)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, value)
    else:
        sheet.write_string(row, place, str(value))


def _format(name: str, values: list[Any]) -> str:
    known = [v for v in values if isinstance(v, (int, float, np.number)) and not pd.isna(v)]
    if known and all(isinstance(v, (int, np.integer)) for v in known):
        return "#,##0"
    for part, shape in FORMATS.items():
        if part in name:
            return shape
    return "General"


def _notes(
    book: xlsxwriter.Workbook,
    manifest: Manifest,
    title: str,
    words: str,
    columns: Mapping[str, str],
) -> None:
    sheet = book.add_worksheet("Notes")
    bold = book.add_format({"bold": True, "valign": "top"})
    text = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 100)
    lines = [("Table", title), *([("In words", words)] if words else [])]
    lines += [("Source", citation.source_of(manifest)), *citation.notes(manifest)]
    lines += [(f"Column {name}", meaning) for name, meaning in columns.items()]
    for row, (label, value) in enumerate(lines):
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, value, text)


def name(
    agency: str,
    what: str,
    dates: tuple[date | None, date | None],
    snapshot: str,
    ending: str,
    filtered: bool = False,
) -> str:
    """Return a file's name: agency, outcome or table, period and snapshot, in plain letters.

    Filters are not named, as a place or a group of people is not: only that there are some.
    """
    first, last = dates
    days = f"{first}_{last}" if first and last else "no-contacts"
    parts = [_slug(agency) or "agency", _slug(what), days, "filtered" if filtered else "", snapshot]
    return "-".join(p for p in parts if p) + f".{ending}"


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:48].rstrip("-")
