"""The one-page brief: what a chief takes into a meeting, in the numbered parts of its plan."""

from __future__ import annotations

from metrics import wording
from metrics.manifest import SHORT
from metrics.result import Comparison
from metrics.wording import counted, decisions, printed, time, views
from pages.print import figures, tables
from pages.print.document import Block, Bullets, Document, Figure, Heading, Note, Paragraph
from pages.print.material import Material


def brief(material: Material) -> Document:
    """Return the brief as a document that is set on one page."""
    return Document(
        title=f"Crisis response, {material.span}",
        agency=material.agency,
        mark=material.mark,
        running=material.running,
        made=material.manifest.made,
        blocks=tuple(_blocks(material)),
        logo=material.logo,
        one_page=True,
    )


def _blocks(material: Material) -> list[Block]:
    if material.period is None:
        return [Paragraph(views.NO_CONTACTS)]
    blocks: list[Block] = []
    if material.manifest.simulated:
        blocks.append(Note(printed.SIMULATED))
    if material.public:
        blocks.append(Note(printed.WITHHELD_NUMBERS))
    else:
        blocks += [
            Paragraph(f"**{printed.opening(material.period, material.tiles)}**"),
            Heading("The six numbers"),
            tables.six(material.tiles, time.compared(material.period)),
        ]
    blocks.append(Heading("CIT or not"))
    blocks += compared(material)
    if not material.public:
        blocks += [Heading("Coverage, certifications, waits"), Bullets(_gaps(material))]
    blocks += [
        Heading("What we cannot say"),
        Bullets(tuple(printed.cannot_say(material.comparisons))),
        Heading("Decisions asked"),
        Bullets(
            tuple(
                decisions.decisions(
                    material.tiles, material.comparisons, material.plan, material.waits
                )
            )
        ),
        Heading("What is counted, and who"),
    ]
    blocks.append(Note(" ".join(printed.definitions())))
    blocks.append(Note(counted.counted(material.coverage, material.comparisons)))
    contact = printed.contact(material.agency, material.contact)
    hashed = material.manifest.data[:SHORT]
    blocks.append(Note(f"{contact} Data {hashed}, {material.manifest.software}."))
    return blocks


def compared(material: Material) -> list[Block]:
    """Return what the comparison says: a figure where there is one, the verdicts and their notes."""
    shown = tuple(c for c in material.comparisons if not c.lacks)
    if not material.compared and not material.public:
        return [
            Paragraph(wording.way(material.situation, "force")),
            Bullets(tuple(wording.pooled(c) for c in shown)),
            Note(views.caution(material.situation)),
        ]
    blocks: list[Block] = []
    if any(_drawn(c) for c in shown):
        drawing = figures.outcomes(tuple(c for c in shown if _drawn(c)))
        caption = f"{printed.BRIEF_CAPTION}. {printed.FIGURE_NOTE}"
        blocks.append(Figure(drawing, caption))
    blocks.append(Paragraph(" ".join(printed.answer(c) for c in material.comparisons)))
    notes = [time.compared_over(material.coverage, material.question)]
    if shown:
        notes.append(wording.groups(shown[0]))
        if not shown[0].withheld:
            notes.append(wording.contamination(shown[0]))
    if allowed := wording.allowed_for(shown):
        notes.append(allowed)
    if material.question.filtered:
        notes.append(wording.FILTERED_NOTE)
    return [*blocks, Note(" ".join(notes))]


def _drawn(comparison: Comparison) -> bool:
    return comparison.adjusted.risk_difference.estimate is not None


def _gaps(material: Material) -> tuple[str, ...]:
    lines = [
        " ".join((*tile.details, *((tile.missing,) if tile.missing else ())))
        for tile in material.tiles
        if tile.id == "coverage"
    ]
    return (*lines, *decisions.waits(material.waits))
