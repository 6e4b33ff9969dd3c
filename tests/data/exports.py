"""Small exports and mappings for the tests of the data room."""

from __future__ import annotations

import copy
import csv
import io
from pathlib import Path
from typing import Any

from data import ingest, mapping
from data.ingest import LoadReport
from data.store import Store

HEADER = ["Form", "When", "Area", "Call", "CIT", "Force", "Signed", "Outcome", "Badge"]

MAPPING: dict[str, Any] = {
    "mapping": {"source": "forms", "key": "Form", "not_recorded": ["-", "N/A*"]},
    "agency": {"agency_id": "TEST", "agency_name": "Testville", "time_zone": "America/Denver"},
    "contacts": {
        "columns": {
            "contact_at": {"from": "When", "basis": "occurred"},
            "district_id": "Area",
            "initial_call_group": {
                "from": "Call",
                "map": {"SUIC*": "suicide", "WELFARE": "welfare_check", "TEST": ""},
            },
            "primary_officer_cit": {
                "from": "CIT",
                "map": {"Y": "yes", "N": "no", "U": "unknown"},
                "combine": "any",
            },
            "force_used": {
                "from": "Force",
                "map": {"X": "yes"},
                "combine": "any",
                "blank_means": "no",
                "form_filled": "Signed",
            },
        }
    },
    "contact_officers": {
        "columns": {"officer_key": "Badge", "scene_role": {"constant": "reporting"}}
    },
    "dispositions": {
        "columns": {
            "raw_disposition": "Outcome",
            "disposition": {
                "from": "Outcome",
                "combine": "set",
                "map": {"Arrest": "arrest_booked", "Hold": "hold_involuntary"},
            },
        }
    },
}


def changed(**paths: Any) -> dict[str, Any]:
    """Return MAPPING with values set by path, ``contacts__columns__district_id=...``; None removes."""
    raw = copy.deepcopy(MAPPING)
    for path, value in paths.items():
        *parents, last = path.split("__")
        place = raw
        for parent in parents:
            if isinstance(place.get(parent), str):  # the short form of a column
                place[parent] = {"from": place[parent]}
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return raw


def row(form: object, when: str = "2024-03-05 14:30", **cells: str) -> list[str]:
    """Return one row of the test export."""
    values = {
        "Area": "D1",
        "Call": "WELFARE",
        "CIT": "N",
        "Force": "",
        "Signed": "1",
        "Outcome": "Hold",
        "Badge": "7497",
        **cells,
    }
    return [str(form), when, *(values[h] for h in HEADER[2:])]


def text(rows: list[list[str]], header: list[str] | None = None, **options: Any) -> str:
    """Return rows as CSV text, the header first."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", **options).writerows([header or HEADER, *rows])
    return out.getvalue()


def write(path: Path, rows: list[list[str]], header: list[str] | None = None) -> Path:
    """Write rows as a CSV file."""
    path.write_text(text(rows, header), encoding="utf-8")
    return path


def load(
    folder: Path,
    rows: list[list[str]] | Path | list[Path],
    raw: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[LoadReport, Store]:
    """Load rows, a file or files into the store under ``folder``; return the report and the store."""
    store = Store(folder / "store")
    if isinstance(rows, Path):
        files = [rows]
    elif rows and isinstance(rows[0], Path):
        files = rows  # type: ignore[assignment]
    else:
        files = [write(folder / "export.csv", rows)]  # type: ignore[arg-type]
    parsed = mapping.parse(raw or MAPPING, "test.toml")
    return ingest.load(store, files, parsed, **options), store


def rows_of(store: Store, sql: str) -> list[tuple[Any, ...]]:
    """Return a query's rows over the snapshot in use."""
    return store.current().cursor().execute(sql).fetchall()


def count(store: Store, table: str, where: str = "TRUE") -> int:
    """Return how many rows a table of the snapshot in use has."""
    return int(rows_of(store, f"SELECT count(*) FROM {table} WHERE {where}")[0][0])


def column(store: Store, name: str, table: str = "contacts") -> list[Any]:
    """Return a column of the snapshot in use, in order of time."""
    order = "contact_at, contact_id" if table in ("contacts", "encounters") else "ALL"
    sql = f"SELECT CAST({name} AS VARCHAR) FROM {table} ORDER BY {order}"
    return [r[0] for r in rows_of(store, sql)]
