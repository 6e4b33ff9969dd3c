"""A funder's or overseer's measures as a document: Word, PDF or HTML, every quarter in real tables."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd

from data import loads
from data.settings import Settings
from data.store import Snapshot
from metrics.fiscal import YEAR
from metrics.manifest import SHORT, Manifest, manifest
from metrics.measure_report import Report, Result
from metrics.question import ask
from metrics.wording import measures as words
from metrics.wording import printed
from pages.parts import measure_tables
from pages.print import output
from pages.print.document import (
    Block,
    Code,
    Document,
    Heading,
    Note,
    Paragraph,
    Table,
    table,
)
from pages.print.material import logo

YEARS_A_TABLE = 6
"""Fiscal years that fit beside each other on a page; more go on in a table below."""


def document(found: Report, snapshot: Snapshot, settings: Settings, folder: Path) -> Document:
    """Return a report of measures as a document for internal use.

    ``folder`` is the store's, where a relative ``agency_logo`` lies. Raises ``UserError`` for a logo
    that cannot be read.
    """
    names = [a.name for a in loads.agencies(snapshot)]
    own = names[0] if len(names) == 1 else f"{len(names)} agencies"
    agency = settings.agency_name or own
    # Of the filters only the dates are applied.
    about = manifest(ask(start=found.start, end=found.end), "internal", snapshot)
    blocks: list[Block] = [Note(printed.SIMULATED)] if found.simulated else []
    blocks += [*_whose(found), *_overview(found), *_years(found)]
    computed = [r for r in found.results if not r.lacks]
    if computed:
        blocks.append(Heading("Measure by measure"))
    for result in computed:
        blocks += _measure(found, result)
    blocks += [*_lacking(found), *_definitions(found), *_source(found, about, agency, settings)]
    return Document(
        title=f"{found.set.label}: measures",
        agency=agency,
        mark=printed.MARKS["internal"],
        running=f"{agency} · snapshot {snapshot.id} · manifest {about.digest[:SHORT]}",
        made=about.made,
        blocks=tuple(blocks),
        logo=logo(settings.agency_logo, folder),
    )


def render(
    format_: str, found: Report, snapshot: Snapshot, settings: Settings, folder: Path
) -> bytes:
    """Return the bytes of the document in one format; ``KeyError`` for an unknown one."""
    return output.FORMATS[format_].render(document(found, snapshot, settings, folder))


def _whose(found: Report) -> list[Block]:
    whole = found.periods[0]
    said = [f"**{words.period(whole)}.**", words.baseline(found, whole), words.years_start(found)]
    return [
        Heading("Whose measures, and over which days"),
        Paragraph(words.edition(found.set)),
        Paragraph(" ".join(s for s in said if s)),
    ]


def _overview(found: Report) -> list[Block]:
    whole = found.periods[0]
    rows = measure_tables.overview(found, whole.id)
    blocks: list[Block] = [Heading("What can be computed")]
    if rows.empty:
        return [*blocks, Paragraph(words.NOTHING)]
    return [
        *blocks,
        table(rows, f"{found.set.label} measures, {words.period(whole)}"),
        Note(f"{words.UNDUPLICATED} {words.NOT_RECORDED} {words.LIMITS}"),
    ]


def _years(found: Report) -> list[Block]:
    """Return tables of every measure by fiscal year, a few years a table."""
    years = [p for p in found.periods if p.kind == YEAR]
    computed = [r for r in found.results if not r.lacks]
    if not computed or not years:
        return []
    blocks: list[Block] = [Heading("By fiscal year")]
    for at in range(0, len(years), YEARS_A_TABLE):
        some = years[at : at + YEARS_A_TABLE]
        rows = []
        for r in computed:
            by = {v.period.id: v for v in r.of(YEAR)}
            rows.append((words.name(r.measure), *(words.shown(by.get(p.id)) for p in some)))
        caption = f"{found.set.label} measures by fiscal year, {some[0].label} to {some[-1].label}"
        blocks.append(Table(caption, ("Measure", *(words.short(p) for p in some)), tuple(rows)))
    return blocks


def _measure(found: Report, result: Result) -> list[Block]:
    """Return one measure: what it counts, its quarters alone and cumulative, its years, its kinds."""
    m, whole = result.measure, found.periods[0]
    told = [f"Divided by: {words.denominator(m)}."]
    if result.baseline is not None:
        told.append(f"Baseline: {words.shown(result.baseline)}.")
    told.append(f"Target: {words.target(result)}.")
    blocks: list[Block] = [
        Heading(words.name(m), 2),
        Paragraph(f"{m.definition} {m.note}".strip()),
        Paragraph(" ".join(told)),
        table(measure_tables.years(result), f"{m.name}: by fiscal year"),
        table(measure_tables.quarters(result), f"{m.name}: by quarter, alone and cumulative"),
    ]
    kinds = measure_tables.kinds(result, whole.id)
    if not kinds.empty:
        blocks.append(table(kinds, f"{m.name}: by kind, {words.period(whole)}"))
    for dimension in m.by:
        # By place and kind at once is long: the CSV file has it.
        if not m.levels:
            places = measure_tables.places(result, whole.id, dimension)
            if not places.empty:
                blocks.append(table(places, f"{m.name}: by {dimension}, {words.period(whole)}"))
    return blocks


def _lacking(found: Report) -> list[Block]:
    rows = measure_tables.lacking(found)
    if rows.empty:
        return []
    caption = f"{found.set.label} measures that cannot be computed"
    return [Heading("What needs other data"), table(rows, caption)]


def _definitions(found: Report) -> list[Block]:
    rows = measure_tables.definitions(found)
    return [Heading("What each measure counts"), table(rows, "Definitions of the measures")]


def _source(found: Report, about: Manifest, agency: str, settings: Settings) -> list[Block]:
    return [
        Heading("How to reproduce"),
        Paragraph(printed.REPRODUCE),
        Code(command(found)),
        Table("Manifest", ("What", "Value"), _manifest(about)),
        Note(printed.contact(agency, settings.agency_contact)),
    ]


def _manifest(about: Manifest) -> tuple[tuple[str, str], ...]:
    return (
        ("Snapshot", about.snapshot),
        ("Data (SHA-256)", _broken(about.data)),
        ("Definitions (SHA-256)", _broken(about.registry)),
        ("Software", about.software),
        ("Made", f"{about.made:%Y-%m-%d %H:%M} UTC"),
        ("Access", about.access),
        ("Manifest (SHA-256)", _broken(about.digest)),
    )


def _broken(digest: str) -> str:
    """Cut a hash into groups of eight, which lines may end between."""
    return " ".join(digest[i : i + 8] for i in range(0, len(digest), 8))


def command(found: Report) -> str:
    """Return the command that gives the same report."""
    parts = [f"python -m metrics measures --set {found.set.id}"]
    parts += [f"--from {found.start}", f"--to {found.end}", f"--year-starts {found.year_starts}"]
    if found.baseline is not None:
        parts.append(f"--baseline {found.baseline.first}..{found.baseline.last}")
    for r in found.results:
        if r.target is not None:
            parts.append(f"--target {shlex.quote(f'{r.measure.id}={r.target:g}')}")
    return " \\\n  ".join(parts)


def rows(found: Report) -> pd.DataFrame:
    """Return every value as typed cells; what the file's manifest says is left to it."""
    rows = pd.DataFrame(found.rows(), dtype=object)
    return rows.drop(columns=["access", "simulated", "snapshot"])
