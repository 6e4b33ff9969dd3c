"""The full report: the question, who was counted, methods, results, sensitivity, limits, definitions."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from data import events as agency_events
from data import loads
from data.registry import COVARIATES, EXPOSURES, OUTCOMES, outcome
from metrics import aggregate, detail, doubt, methods_text, parallel, response, trend, wording
from metrics.estimate import Estimate
from metrics.exhibit import Context, Exhibit, exhibit
from metrics.question import Question, default_adjusters
from metrics.result import NO_COMPARISON, Comparison
from metrics.wording import counted, printed, sensitivity, time, views
from pages.print import figures, tables
from pages.print.document import (
    Block,
    Bullets,
    Code,
    Document,
    Figure,
    Heading,
    Note,
    Paragraph,
    Table,
)
from pages.print.material import Material
from pages.print.narrative import narrative

Progress = Callable[[str], None]


def report(material: Material, progress: Progress = lambda _: None) -> Document:
    """Return the full report; ``progress`` is told what is being computed."""
    blocks: list[Block] = [Paragraph(wording.period(material.coverage, material.question))]
    if material.manifest.simulated:
        blocks.append(Note(printed.SIMULATED))
    if material.period is None:
        blocks.append(Paragraph(views.NO_CONTACTS))
    else:
        blocks += _question(material)
        blocks += _counted(material)
        blocks += _methods()
        blocks += _results(material, progress)
        blocks += _sensitivity(material, progress)
        blocks += _limits(material)
        blocks += [Heading("Narrative for an application"), *narrative(material)]
    blocks += _quality(material)
    blocks += _definitions()
    blocks += _reproduce(material)
    return Document(
        title=f"Crisis response: full report, {material.asked}",
        agency=material.agency,
        mark=material.mark,
        running=material.running,
        made=material.manifest.made,
        blocks=tuple(blocks),
        logo=material.logo,
    )


def _question(material: Material) -> list[Block]:
    blocks: list[Block] = [
        Heading("The question, and the answer in short"),
        Bullets(tuple(printed.question(material.question))),
    ]
    if material.compared or material.public:
        blocks.append(Bullets(tuple(printed.answer(c) for c in material.comparisons)))
    else:
        blocks.append(Paragraph(wording.way(material.situation, "force")))
    if material.question.filtered:
        blocks.append(Note(wording.FILTERED_NOTE))
    if material.public:
        return [*blocks, Note(printed.WITHHELD_NUMBERS)]
    assert material.period is not None
    return [*blocks, tables.six(material.tiles, time.compared(material.period))]


def _counted(material: Material) -> list[Block]:
    calls = None if material.public else response.response(material.question, material.snapshot)
    steps = counted.flow(
        material.records, material.coverage, material.comparisons, material.public, calls
    )
    return [Heading("Who is counted"), Paragraph(counted.COMBINED), tables.flow(steps)]


def _methods() -> list[Block]:
    blocks: list[Block] = [Heading("Methods")]
    for section in methods_text.SECTIONS:
        blocks += [Heading(section.title, 2), Paragraph(section.body)]
    return blocks


def _results(material: Material, progress: Progress) -> list[Block]:
    blocks: list[Block] = [
        Heading("Results by outcome"),
        Paragraph(time.compared_over(material.coverage, material.question)),
    ]
    for comparison in material.comparisons:
        label = outcome(comparison.outcome).label
        progress(f"results: {label.lower()}")
        blocks.append(Heading(label, 2))
        blocks.append(Paragraph(f"**{comparison.sentence}**"))
        if comparison.lacks or comparison.withheld:
            continue
        blocks += _compared(comparison, material)
        if not material.public:
            blocks += _closer(comparison, material)
    return blocks


def _compared(comparison: Comparison, material: Material) -> list[Block]:
    blocks: list[Block] = []
    if comparison.verdict != NO_COMPARISON:
        blocks.append(Paragraph(wording.standing(comparison)))
    if not material.compared:
        blocks.append(Paragraph(wording.pooled(comparison)))
    blocks += [
        Figure(figures.rates(comparison), printed.RATES_CAPTION),
        tables.arms(comparison),
    ]
    if comparison.verdict == NO_COMPARISON:
        return blocks
    blocks += [
        Figure(figures.forest(comparison), printed.FOREST_CAPTION),
        tables.effects(comparison),
        Bullets(
            (
                *wording.beside(comparison),
                wording.contamination(comparison),
                wording.missing(comparison),
            )
        ),
    ]
    return blocks


def _closer(comparison: Comparison, material: Material) -> list[Block]:
    """Return an outcome's months and its strata: internal, for their cells are small."""
    label = outcome(comparison.outcome).label
    found = trend.trend(material.question, comparison.outcome, material.snapshot)
    blocks: list[Block] = [Heading(f"{label}: months", 3)]
    marked = agency_events.events(material.snapshot)
    blocks.append(
        Figure(figures.trend(found, label, marked), printed.trend_caption(label, found.rare))
    )
    blocks += [Note(wording.trend_note(found)), tables.months(found, label)]
    dims = detail.stratified_by(aggregate.coverage(material.snapshot))
    if dims:
        blocks.append(Heading(f"{label}: kinds of contact", 3))
    for dim in dims:
        split = detail.split(material.question, comparison.outcome, dim, material.snapshot)
        blocks += [
            tables.split(split, comparison),
            Note(wording.homogeneity(split.label, split.pooled)),
        ]
    return blocks


def _sensitivity(material: Material, progress: Progress) -> list[Block]:
    blocks: list[Block] = [Heading("Sensitivity: the same question asked in other ways")]
    if material.public:
        return [*blocks, Paragraph(printed.WITHHELD_NUMBERS)]
    blocks.append(Paragraph(sensitivity.NOTE))
    asked = [c for c in material.comparisons if not c.lacks and c.verdict != NO_COMPARISON]

    def ask_again(comparison: Comparison) -> tuple[Exhibit, doubt.Doubt]:
        progress(f"sensitivity: {outcome(comparison.outcome).label.lower()}")
        what = (material.question, comparison.outcome, material.snapshot)
        shared = Context.of(*what)
        return (
            exhibit(*what, shared),
            doubt.doubt(comparison, material.question, material.snapshot, shared),
        )

    for comparison, (rows, unsure) in zip(asked, parallel.each(ask_again, asked), strict=True):
        blocks += [
            Heading(outcome(comparison.outcome).label, 2),
            Paragraph(sensitivity.summary(rows)),
            *_exhibit(rows),
            Bullets(
                (
                    *sensitivity.unmeasured(comparison, unsure),
                    *sensitivity.unrecorded(comparison, unsure),
                )
            ),
        ]
    if len(blocks) == 2:
        blocks.append(Paragraph(printed.NOTHING_COMPARED))
    return blocks


def _exhibit(found: Exhibit) -> list[Block]:
    blocks: list[Block] = []
    if isinstance(found.headline.risk_difference, Estimate):
        blocks.append(Figure(figures.exhibit(found), printed.EXHIBIT_CAPTION))
    blocks.append(tables.exhibit(found))
    if why := sensitivity.lacking(found):
        blocks.append(Note(why))
    return blocks


def _limits(material: Material) -> list[Block]:
    return [
        Heading("Limits"),
        Bullets((*printed.cannot_say(material.comparisons), counted.NO_FORM)),
    ]


def _quality(material: Material) -> list[Block]:
    blocks: list[Block] = [Heading("Data quality")]
    known = tuple(c for c in material.comparisons if not c.lacks and not c.withheld)
    if known:
        blocks.append(tables.missing(known))
    if not material.public:
        for record in material.records:
            blocks.append(tables.load(record))
            if notes := wording.load_notes(record):
                blocks.append(Bullets(tuple(notes)))
        if rejected := loads.rejected_rows(material.snapshot):
            blocks.append(tables.rejected(rejected))
        if answers := loads.answers(material.snapshot):
            blocks.append(tables.answers(answers))
    lacking = [o for o in OUTCOMES if not material.coverage.records_outcome(o.id)]
    if lacking:
        rows = tuple((o.label, ", ".join(o.sources)) for o in lacking)
        blocks.append(Table("Not recorded by this source", ("Outcome", "Would need"), rows))
    if len(blocks) == 1:
        blocks.append(Paragraph(printed.NOTHING_LACKING))
    return blocks


def _definitions() -> list[Block]:
    return [
        Heading("Definitions"),
        Heading("The six numbers", 2),
        Bullets(tuple(printed.definitions())),
        Heading("Outcomes", 2),
        Bullets(tuple(methods_text.outcome(o) for o in OUTCOMES)),
        Heading("Exposures: what CIT can mean", 2),
        Bullets(tuple(methods_text.exposure(e) for e in EXPOSURES)),
        Heading("Covariates", 2),
        Bullets(tuple(methods_text.covariate(c) for c in COVARIATES)),
    ]


def _reproduce(material: Material) -> list[Block]:
    found = material.manifest
    rows = (
        ("Snapshot", found.snapshot),
        ("Data (SHA-256)", _broken(found.data)),
        ("Definitions (SHA-256)", _broken(found.registry)),
        ("Software", found.software),
        ("Made", f"{found.made:%Y-%m-%d %H:%M} UTC"),
        ("Access", found.access),
        ("Manifest (SHA-256)", _broken(found.digest)),
    )
    return [
        Heading("How to reproduce"),
        Paragraph(printed.REPRODUCE),
        Code(command(material.question, material.access)),
        Code(wording.python_call(material.question)),
        Table("Manifest", ("What", "Value"), rows),
        Note(printed.contact(material.agency, material.contact)),
    ]


def _broken(digest: str) -> str:
    """Cut a hash into groups of eight, which lines may end between."""
    return " ".join(digest[i : i + 8] for i in range(0, len(digest), 8))


def command(question: Question, access: str) -> str:
    """Return the command that answers the same question."""
    parts = ["python -m metrics evaluate"]
    parts += [f"--outcome {o}" for o in question.outcomes]
    parts.append(f"--exposure {question.exposure}")
    if question.adjust != default_adjusters():
        parts += [f"--adjust {a}" for a in question.adjust]
    if question.start:
        parts.append(f"--from {question.start}")
    if question.end:
        parts.append(f"--to {question.end}")
    parts += [
        f"--where {shlex.quote(f'{dim}={level}')}"
        for dim, levels in question.where
        for level in levels
    ]
    parts.append(f"--access {access}")
    return " \\\n  ".join(parts)
