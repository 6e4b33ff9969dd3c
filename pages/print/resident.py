"""The public page as a document: the same blocks for the screen and for a file on a web site."""

from __future__ import annotations

from datetime import datetime

from data.registry.elements import GROUPS
from metrics.resident import Resident
from metrics.wording import marks
from metrics.wording import resident as words
from pages.print.document import (
    Block,
    Bullets,
    Document,
    Heading,
    Note,
    Paragraph,
    Table,
)
from pages.print.html import render


def blocks(found: Resident, lang: str) -> tuple[Block, ...]:
    """Return the page's blocks in one language."""
    made: list[Block] = [Paragraph(words.INTRO.text(lang))]
    if found.day is not None:
        told = words.DATA_TO.text(
            lang, agency=marks.shown(found.agency), day=words.day(found.day, lang)
        )
        made.append(Paragraph(told))
    if found.simulated:
        made.append(Note(words.SIMULATED.text(lang)))
    made += [Heading(words.HELP_TITLE.text(lang)), Bullets(tuple(h.text(lang) for h in words.HELP))]
    if found.day is None:
        made.append(Paragraph(words.NO_DATA.text(lang)))
    else:
        made += [Heading(words.ANSWERS_TITLE.text(lang)), Note(words.ANSWERS_NOTE.text(lang))]
        made += _answers(found, lang)
        made += _happened(found, lang)
    made += [Heading(words.VOICE_TITLE.text(lang)), Paragraph(words.voice(found, lang))]
    return tuple(made)


def _answers(found: Resident, lang: str) -> list[Block]:
    made: list[Block] = []
    columns = tuple(c.text(lang) for c in words.COLUMNS)
    for group in GROUPS:
        own = [a for a in found.answers if a.element.group == group.id]
        if not own:
            continue
        label = group.label_es if lang == words.ES else group.label
        rows = tuple(
            (
                words.question(a.element, lang),
                words.answer(a, lang),
                words.how(a, lang),
                words.as_of(a, lang),
            )
            for a in own
        )
        made += [Heading(label, 2), Table(words.CAPTION.text(lang, group=label), columns, rows)]
    return made


def _happened(found: Resident, lang: str) -> list[Block]:
    made: list[Block] = [Heading(words.HAPPENED_TITLE.text(lang))]
    if found.period is None:
        return [*made, Paragraph(words.NO_PERIOD.text(lang))]
    days = {
        "start": words.day(found.period.start, lang),
        "end": words.day(found.period.end, lang),
    }
    made.append(Paragraph(words.HAPPENED_PERIOD.text(lang, **days)))
    if found.contacts is not None:
        count = words.number(found.contacts, lang)
        made.append(Paragraph(words.HAPPENED_COUNT.text(lang, contacts=count)))
    rows = tuple(
        (words.HAPPENED_ROWS[h.outcome].text(lang), words.happened(h, lang)) for h in found.happened
    )
    columns = tuple(c.text(lang) for c in words.HAPPENED_COLUMNS)
    made.append(Table(words.HAPPENED_CAPTION.text(lang), columns, rows))
    made.append(Heading(words.EFFECT_TITLE.text(lang), 2))
    made += [Paragraph(line) for line in words.effects(found, lang)]
    return made


def document(found: Resident, lang: str, made: datetime) -> Document:
    """Return the page as a document for publication; ``made`` in UTC."""
    day = words.day(found.day, lang) if found.day else ""
    return Document(
        title=words.TITLE.text(lang),
        agency=found.agency,
        mark=words.MARK.text(lang),
        running=words.RUNNING.text(lang, agency=found.agency, day=day),
        made=made,
        blocks=blocks(found, lang),
        lang=lang,
    )


def html(found: Resident, lang: str, made: datetime) -> bytes:
    """Return the page as one HTML file that says its language."""
    return render(document(found, lang, made))
