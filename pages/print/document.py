"""A printed document before it is a file: what it says, in order, and nothing of how it looks.

The same :class:`Document` becomes PDF, Word and HTML. Text may carry ``**strong**``, ``*stressed*``
and ``code`` in backticks, as the words of the pages do; nothing else is markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from metrics.wording import marks

if TYPE_CHECKING:
    import pandas as pd


class Drawn(Protocol):
    """A figure as drawn for print: see ``figures.Drawing``."""

    @property
    def svg(self) -> bytes:
        """The figure as SVG."""

    @property
    def alt(self) -> str:
        """The words that replace it."""

    @property
    def width(self) -> float:
        """Inches."""

    @property
    def height(self) -> float:
        """Inches."""

    def png(self, scale: float = 2) -> bytes:
        """Return the figure as a picture of points."""


class Span(NamedTuple):
    """A run of text in one style: "plain", "strong", "stressed" or "code"."""

    text: str
    style: str = "plain"


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 is a section of the document, whose title is apart."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of running text."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """A small text that qualifies what stands above it."""

    text: str


@dataclass(frozen=True)
class Code:
    """Lines to be typed as they are."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table with one header row; every row has a cell for every column. No row is ever left out."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a table needs a column")
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row has {len(row)} cells for {len(self.columns)} columns")


@dataclass(frozen=True)
class Figure:
    """A figure with its caption; the words that replace it stand in the drawing."""

    drawing: Drawn
    caption: str

    def __post_init__(self) -> None:
        if not self.drawing.alt.strip():
            raise ValueError("a figure needs words that replace it")


Block = Heading | Paragraph | Bullets | Note | Code | Table | Figure


@dataclass(frozen=True)
class Document:
    """A whole document.

    ``mark`` says who may read it and stands on every page, as ``running`` does (agency and snapshot).
    ``made`` is when, in UTC: files carry it instead of the clock, so that the same document gives the
    same bytes. ``one_page`` sets it as large as fits one page. ``logo`` is a PNG or JPEG. ``lang`` is the
    language of its words, as HTML names it.
    """

    title: str
    agency: str
    mark: str
    running: str
    made: datetime
    blocks: tuple[Block, ...]
    logo: bytes | None = None
    one_page: bool = False
    lang: str = "en"

    def __post_init__(self) -> None:
        level = 0
        for block in self.blocks:
            if isinstance(block, Heading):
                if not 1 <= block.level <= level + 1:
                    raise ValueError(f"heading {block.text!r} skips a level")
                level = block.level

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables, in order."""
        return tuple(b for b in self.blocks if isinstance(b, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures, in order."""
        return tuple(b for b in self.blocks if isinstance(b, Figure))


_MARKUP = re.compile(r"\*\*(.+?)\*\*|`([^`]+)`|(?<![\w*])\*(?!\s)([^*]+?)(?<!\s)\*(?![\w*])")


def spans(text: str) -> tuple[Span, ...]:
    """Cut a text into runs of one style; the marks themselves are gone."""
    return tuple(Span(marks.bare(s.text), s.style) for s in _spans(marks.kept(text)))


def _spans(text: str) -> list[Span]:
    found, at = [], 0
    for match in _MARKUP.finditer(text):
        if match.start() > at:
            found.append(Span(text[at : match.start()]))
        strong, code, stressed = match.groups()
        if strong is not None:
            # One style a run: inner marks of a strong text are dropped.
            found.append(Span("".join(s.text for s in _spans(strong)), "strong"))
        else:
            found.append(Span(code, "code") if code is not None else Span(stressed, "stressed"))
        at = match.end()
    if at < len(text):
        found.append(Span(text[at:]))
    return found


def plain(text: str) -> str:
    """Return a text without its marks."""
    return "".join(s.text for s in spans(text))


def table(frame: pd.DataFrame, caption: str) -> Table:
    """Return a data frame as a table; a missing value is an empty cell."""
    import pandas as pd

    return Table(
        caption,
        tuple(str(c) for c in frame.columns),
        tuple(
            tuple("" if pd.isna(v) else str(v) for v in row)
            for row in frame.itertuples(index=False, name=None)
        ),
    )


_LONGEST_MEAN = 34.0


def longest_words(found: Table) -> list[int]:
    """Return the letters of each column's longest word: what must not be cut."""
    return [
        max((len(word) for cell in cells for word in cell.split()), default=1)
        for cells in _columns(found)
    ]


def column_weights(found: Table) -> list[float]:
    """Return how wide each column is beside the others: by its longest word and its usual length."""
    weights = []
    for cells, word in zip(_columns(found), longest_words(found), strict=True):
        longest = max(len(c) for c in cells)
        mean = sum(len(c) for c in cells) / len(cells)
        weights.append(float(max(word, min(longest, max(mean, 14), _LONGEST_MEAN))) + 2)
    return weights


def _columns(found: Table) -> list[list[str]]:
    return [[plain(c) for c in column] for column in zip(found.columns, *found.rows, strict=True)]


def items(text: str) -> Bullets:
    """Return lines of a Markdown list as bullets."""
    return Bullets(tuple(line.removeprefix("- ") for line in text.splitlines() if line.strip()))


def words(document: Document) -> Iterable[str]:
    """Return every text of a document without its marks, in order: what a reader or a test reads."""
    yield document.title
    for block in document.blocks:
        match block:
            case Heading() | Paragraph() | Note():
                yield plain(block.text)
            case Code():
                yield block.text
            case Bullets():
                yield from (plain(i) for i in block.items)
            case Figure():
                yield plain(block.caption)
                yield block.drawing.alt
            case Table():
                yield plain(block.caption)
                for row in (block.columns, *block.rows):
                    yield from (plain(cell) for cell in row)
