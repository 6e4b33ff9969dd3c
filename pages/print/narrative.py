"""The narrative of an application: need, what was done, what was found, how sure, limits, data plan."""

from __future__ import annotations

from metrics import wording
from metrics.wording import printed, time, views
from pages.print.document import Block, Bullets, Document, Heading, Note, Paragraph
from pages.print.material import Material


def narrative(material: Material, level: int = 2) -> list[Block]:
    """Return the narrative as blocks, one heading a part. Only results and words; no number of its own."""
    parts: tuple[list[Block], ...] = (
        _need(material),
        [Paragraph(printed.TO_BE_WRITTEN), Paragraph(printed.done(material.comparisons))],
        _found(material),
        _sure(material),
        [Bullets(tuple(printed.cannot_say(material.comparisons)))],
        [Paragraph(printed.DATA_PLAN), Bullets(tuple(printed.plan(material.comparisons)))],
    )
    blocks: list[Block] = []
    for title, part in zip(printed.NARRATIVE_SECTIONS, parts, strict=True):
        blocks += [Heading(title, level), *part]
    return blocks


def alone(material: Material) -> Document:
    """Return the narrative as a document of its own, to be edited."""
    blocks: list[Block] = [Note(printed.SIMULATED)] if material.manifest.simulated else []
    if material.period is None:
        blocks.append(Paragraph(views.NO_CONTACTS))
    else:
        blocks += narrative(material, level=1)
    return Document(
        title=f"Narrative for an application, {material.asked}",
        agency=material.agency,
        mark=material.mark,
        running=material.running,
        made=material.manifest.made,
        blocks=(*blocks, Note(printed.contact(material.agency, material.contact))),
        logo=material.logo,
    )


def _need(material: Material) -> list[Block]:
    blocks: list[Block] = [Paragraph(printed.NEED)]
    if material.period is not None and material.tiles:
        blocks.append(Paragraph(printed.opening(material.period, material.tiles)))
    return blocks


def _found(material: Material) -> list[Block]:
    if not material.compared and not material.public:
        shown = [c for c in material.comparisons if not c.lacks]
        return [
            Paragraph(wording.way(material.situation, "force")),
            Bullets(tuple(wording.pooled(c) for c in shown)),
        ]
    return [
        Paragraph(time.compared_over(material.coverage, material.question)),
        *(Paragraph(c.sentence) for c in material.comparisons),
    ]


def _sure(material: Material) -> list[Block]:
    if not material.compared and not material.public:
        return [Paragraph(views.caution(material.situation))]
    blocks: list[Block] = [Bullets(tuple(printed.answer(c) for c in material.comparisons))]
    if material.question.filtered:
        blocks.append(Paragraph(wording.FILTERED_NOTE))
    return blocks
