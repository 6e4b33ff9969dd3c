"""The members of a packet that follow from its question, its results and the code alone.

A reader makes each of them again and compares.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import data
from data import encounters, registry, schema
from data.registry import dispositions, force
from metrics import methods_text
from metrics.manifest import Manifest
from metrics.packet import rows
from metrics.packet.numbers import rounded, text
from metrics.question import Question
from metrics.result import SCHEMA_VERSION, Comparison
from metrics.wording import packet as words

LIBRARIES = ("duckdb", "ibis-framework", "numpy", "pandas", "pyarrow", "scipy")
CODE = "code/"
_ROOMS = Path(data.__file__).parents[1]
_ENDINGS = {".py", ".sql", ".toml"}


def code() -> dict[str, bytes]:
    """Return the source of everything that computes, by member: it runs from where it is unzipped."""
    files = [_ROOMS / name for name in ("requirements.txt", "pyproject.toml")]
    for room in ("data", "metrics"):
        files += [p for p in (_ROOMS / room).rglob("*") if p.suffix in _ENDINGS and p.is_file()]
    return {f"{CODE}{p.relative_to(_ROOMS).as_posix()}": p.read_bytes() for p in sorted(files)}


def environment() -> dict[str, Any]:
    """Return the versions of what computed, as JSON values."""
    return {
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }


def results(
    question: Question, snapshot: str, simulated: bool, comparisons: tuple[Comparison, ...]
) -> dict[str, Any]:
    """Return the answer as ``evaluate --json`` prints it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "question": {**question.to_dict(), "access": "internal"},
        "snapshot": snapshot,
        "simulated": simulated,
        "comparisons": [c.to_dict() for c in comparisons],
    }


def sensitivity(outcome: str, exhibit: dict[str, Any]) -> dict[str, bytes]:
    """Return an exhibit's JSON and CSV, of its ``to_dict``."""
    told = rounded(exhibit)
    return {
        f"sensitivity/{outcome}.json": text(told),
        f"sensitivity/{outcome}.csv": exhibit_csv(told),
    }


def exhibit_csv(told: dict[str, Any]) -> bytes:
    """Return an exhibit as CSV: a row an analysis, then a row for each that was not possible."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    measures = ("risk_difference", "risk_ratio")
    limits = ("estimate", "low", "high")
    facts = ("id", "group", "label", "differs", "population", "n", "events", "df")
    head = [*facts, *(f"{m}_{limit}" for m in measures for limit in limits), "reason"]
    writer.writerow(head)
    for row in told["rows"]:
        numbers = [row[m][limit] for m in measures for limit in limits]
        reasons = dict.fromkeys(row[m]["reason"] for m in measures if "reason" in row[m])
        writer.writerow([*(_cell(row[f]) for f in facts), *map(_cell, numbers), "; ".join(reasons)])
    for lack in told["lacking"]:
        filled = {"label": _cell(lack["label"]), "reason": lack["reason"]}
        writer.writerow([filled.get(name, "") for name in head])
    return buffer.getvalue().encode()


def _cell(value: Any) -> str:
    """Return a cell; text that a spreadsheet would take for a formula gets an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return value if isinstance(value, str) else repr(value)


def definitions(question: Question) -> dict[str, bytes]:
    """Return every definition that an answer rests on, as JSON and as plain text."""
    outcomes = [registry.outcome(id_) for id_ in rows.outcomes(question)]
    covariates = [registry.covariate(id_) for id_ in rows.covariates(question)]
    meanings = column_meanings(question)
    lines = ["DEFINITIONS", "", "Outcomes", *map(methods_text.outcome, outcomes)]
    lines += ["", "Exposures: what CIT can mean", *map(methods_text.exposure, registry.EXPOSURES)]
    lines += ["", "Covariates", *map(methods_text.covariate, covariates)]
    lines += ["", f"Columns of {rows.ROWS}", *(f"{n}: {m}" for n, m in meanings.items())]
    lines += ["", "Methods"]
    for section in methods_text.SECTIONS:
        lines += ["", section.title, section.body]
    told = {
        "outcomes": [dataclasses.asdict(o) for o in outcomes],
        "exposures": [dataclasses.asdict(e) for e in registry.EXPOSURES],
        "covariates": [dataclasses.asdict(c) for c in covariates],
        "columns": meanings,
    }
    plain = "\n".join(lines).replace("**", "").replace("`", "").replace("*", "")
    return {"definitions.json": text(told), "definitions.txt": f"{plain}\n".encode()}


def column_meanings(question: Question) -> dict[str, str]:
    """Return what each column of the rows holds."""
    stored = {name: comment for name, (_, comment) in encounters.columns().items()}
    return {name: words.COLUMNS.get(name) or stored[name] for name in rows.columns(question)}


def relation_sql() -> dict[str, bytes]:
    """Return the SQL from stored tables to the one relation that is counted."""
    select = ",\n    ".join(f"{sql} AS {name}" for name, (sql, _) in encounters.columns().items())
    relation = (
        f"CREATE TEMP MACRO force_rank(category) AS {force.rank_sql('category')};\n"
        f"CREATE TEMP MACRO disposition_bit(code) AS {dispositions.bit_sql('code')};\n\n"
        f"{encounters.ENCOUNTERS_SQL.read_text(encoding='utf-8')}\n"
        f"CREATE TABLE encounters AS\nSELECT\n    {select}\nFROM encounter_facts\n"
        "ORDER BY agency_id, source, contact_at, contact_id;\n"
    )
    return {
        "sql/schema.sql": schema.SCHEMA_SQL.read_bytes(),
        "sql/encounters.sql": relation.encode(),
    }


def results_text(comparisons: tuple[Comparison, ...], manifest: Manifest) -> bytes:
    """Return the answers in words."""
    return ("\n".join(words.results(comparisons, manifest)) + "\n").encode()


def readme(manifest: Manifest, outcomes: tuple[str, ...]) -> bytes:
    """Return what the packet is and how to check it."""
    return ("\n".join(words.readme(manifest, outcomes)) + "\n").encode()
