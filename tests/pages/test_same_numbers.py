"""Screen, PDF, Word, HTML, CSV and narrative carry the same numbers: random questions, parsed back.

Ten questions on each store, drawn with a fixed seed: an outcome, an exposure, a period, filters and
covariates. For each, every number is read off every surface as a reader would read it and held to the
:class:`Comparison`: contacts, events and rates of both groups, and difference, ratio and odds ratio of
each way of computing them, with their intervals.
"""

from __future__ import annotations

import csv
import io
import math
import random
import re
import shutil
import subprocess
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import docx
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import loads, registry
from data.settings import Settings
from data.store import Snapshot, Store
from metrics import aggregate, wording
from metrics.effects import rows
from metrics.estimate import Estimate, Estimated, NotEstimable
from metrics.question import Question, ask, default_adjusters
from metrics.result import NO_COMPARISON, Comparison
from metrics.wording import printed
from pages.parts.identity import Person
from pages.parts.view import View
from pages.print import files, frames, output, report
from pages.print.document import Paragraph
from pages.print.material import Material
from tests.pages.test_document import pdf_text

pytestmark = pytest.mark.slow

COUNT = 10
ARMS = "rates of the two groups, as recorded"
EFFECTS = "the difference, computed in each way"
TRIPLE = re.compile(
    r"(?P<e>[+-]?[\d,]+(?:\.\d+)?) \((?P<l>[+-]?[\d,]+(?:\.\d+)?) to"
    r" (?P<h>[+-]?[\d,]+(?:\.\d+)?|no upper limit)\)"
)
PLAIN_TRIPLE = re.sub(r"\?P<\w>", "?:", TRIPLE.pattern)
Table = list[list[str]]


def questions(snapshot: Snapshot, seed: int) -> list[Question]:
    """Return ten random questions that the store can be asked."""
    chance = random.Random(seed)
    known = aggregate.coverage(snapshot)
    assert known.first and known.last
    outcomes = [o.id for o in registry.OUTCOMES if known.records_outcome(o.id)]
    exposures = [e.id for e in registry.EXPOSURES if known.records_exposure(e.id)]
    dims = [d for d in ("shift", "district", "call_group") if known.records(d)]
    found = []
    for i in range(COUNT):
        start = end = None
        if i % 2:
            start = known.first + timedelta(chance.randrange(0, 500))
            end = start + timedelta(chance.randrange(500, 1200))
        where = {}
        if i % 3 == 1:
            dim = chance.choice(dims)
            levels = aggregate.levels(snapshot, dim)
            where[dim] = chance.sample(levels, min(len(levels), 2))
        adjust = None
        if i % 3 == 2:
            adjust = chance.sample(default_adjusters(), chance.randrange(1, 5))
        outcome = chance.choice(outcomes)
        found.append(ask([outcome], chance.choice(exposures), adjust, start, end, where))
    return found


@pytest.fixture(scope="module")
def seattle_snapshot(seattle_store: Path) -> Snapshot:
    return Store(seattle_store).current()


def snapshot_of(kind: str, request: pytest.FixtureRequest) -> Snapshot:
    name = "loaded_simulation" if kind == "simulated" else "seattle_snapshot"
    found: Snapshot = request.getfixturevalue(name)
    return found


# --- how each surface is read ---


def word_tables(content: bytes) -> dict[str, Table]:
    """Return the tables of a Word file by their caption, the paragraph before each."""
    file = docx.Document(io.BytesIO(content))
    found, before = {}, ""
    for part in file.element.body.iterchildren():
        if part.tag.endswith("}p"):
            text = "".join(t.text or "" for t in part.iter() if t.tag.endswith("}t"))
            before = text or before
        elif part.tag.endswith("}tbl"):
            own = next(t for t in file.tables if t._tbl is part)
            found[before] = [[c.text for c in r.cells] for r in own.rows]
    return found


class _Page(HTMLParser):
    """The tables of a page by their caption, and its paragraphs."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, Table] = {}
        self.paragraphs: list[str] = []
        self.into = ""
        self.text = ""
        self.rows: Table = []
        self.caption = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("td", "th", "caption", "p"):
            self.into, self.text = tag, ""
        elif tag == "tr":
            self.rows.append([])
        elif tag == "table":
            self.rows = []

    def handle_data(self, data: str) -> None:
        if self.into:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.rows[-1].append(self.text)
        elif tag == "caption":
            self.caption = self.text
        elif tag == "table":
            self.tables[self.caption] = self.rows
        elif tag == "p":
            self.paragraphs.append(self.text)
        if tag == self.into:
            self.into = ""


def read_html(content: bytes) -> _Page:
    page = _Page()
    page.feed(content.decode())
    return page


class Word(NamedTuple):
    """A word of a PDF and where it stands, in points from the top left of its page."""

    page: int
    top: float
    left: float
    text: str


def paper_lines(content: bytes, folder: Path) -> list[list[Word]]:
    """Return the words of a PDF as lines, from the top of each page down."""
    if not shutil.which("pdftotext"):
        pytest.skip("needs poppler")
    path = folder / "numbers.pdf"
    path.write_bytes(content)
    run = subprocess.run(["pdftotext", "-tsv", str(path), "-"], capture_output=True, check=True)
    table = csv.DictReader(io.StringIO(run.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [
        Word(int(r["page_num"]), float(r["top"]), float(r["left"]), r["text"])
        for r in table
        if r["level"] == "5"
    ]
    words.sort()
    lines: list[list[Word]] = []
    for word in words:
        last = lines[-1][-1] if lines else None
        if last is None or word.page != last.page or word.top - last.top > 2:
            lines.append([])
        lines[-1].append(word)
    return [sorted(line, key=lambda w: w.left) for line in lines]


def paper_table(lines: list[list[Word]], caption: str, columns: tuple[str, ...]) -> Table:
    """Return the rows of numbers of a table of a PDF: those of each column from top to bottom.

    ``columns`` are the first words of its head: a cell's words stand below its own or to the right.
    A name goes on in the lines below it, so that the rows have an empty one.
    """
    said = [" ".join(w.text for w in line) for line in lines]
    at = said.index(caption)
    starts: list[float] = []
    for word in columns:
        starts.append(next(w.left for w in lines[at + 1] if w.text == word))
    found = [""] * len(columns)
    for line, text in zip(lines[at + 2 :], said[at + 2 :], strict=True):
        if text.startswith(AFTER) or text.endswith((": months", "INTERNAL")):
            break
        for word in line:
            place = max(i for i, left in enumerate(starts) if left <= word.left + 1)
            found[place] += f" {word.text}"
    patterns = [COUNTED if c in ("Counted", "With") else ESTIMATED for c in columns[1:4]]
    numbers = [p.findall(cells) for p, cells in zip(patterns, found[1:4], strict=True)]
    return [["", *row] for row in zip(*numbers, strict=True)]


ESTIMATED = re.compile(rf"{PLAIN_TRIPLE}|not estimated|no contacts")
COUNTED = re.compile(r"[\d,]+")
AFTER = ("\u2022", printed.FOREST_CAPTION[:30], "Crisis response: full report")
"""What stands below a table of the results: a list, the next figure's words, the end of the page."""


def number(text: str) -> float:
    if text == "no upper limit":
        return math.inf
    return float(text.replace(",", ""))


def half(text: str) -> float:
    """Half of a printed number's last place: how far it may lie from what it was made of."""
    return 0.5 * 10.0 ** -len(text.partition(".")[2]) + 1e-9


def hold_triple(text: str, value: Estimated, scale: float, where: str) -> None:
    """Hold an estimate with its limits, as printed, to the estimate."""
    assert isinstance(value, Estimate), where
    match = TRIPLE.search(text)
    assert match, f"{where}: {text!r}"
    for shown, real in zip(match.group("e", "l", "h"), value, strict=True):
        if math.isinf(real):
            assert shown == "no upper limit", where
        else:
            assert number(shown) == pytest.approx(real * scale, abs=half(shown)), where


HEADS = (
    ("Contacts", "Counted", "With", "Per", "Not"),
    ("Comparison", "Difference", "Ratio", "Odds", "Test"),
)

# --- what is held ---


def hold_arms(table: Table, found: Comparison, where: str) -> None:
    names = wording.arms(found.exposure)
    # In the text of a PDF a long name goes on in the lines below: rows are those with counts.
    counted = [r for r in table if len(r) > 3 and re.fullmatch(r"[\d,]+", r[1])]
    assert len(counted) == 2, f"{where}: {table}"
    for row, name, arm in zip(counted, names, (found.cit, found.other), strict=True):
        assert name.startswith(row[0]), where
        assert [int(c.replace(",", "")) for c in row[1:3]] == [arm.n, arm.events], where
        if isinstance(arm.rate, NotEstimable):
            assert row[3] == "no contacts", where
        else:
            hold_triple(row[3], arm.rate, 1000, f"{where}: {name}")


def hold_effects(table: Table, found: Comparison, where: str) -> None:
    ways = rows(found)
    estimated = [r for r in table if len(r) > 3 and all(map(_effect, r[1:4]))]
    assert len(estimated) == len(ways), f"{where}: {table}"
    for cells, way in zip(estimated, ways, strict=True):
        assert way.label.startswith(cells[0]), where
        values = (way.risk_difference, way.risk_ratio, way.odds_ratio)
        for cell, value, scale in zip(cells[1:4], values, (1000, 1, 1), strict=True):
            if isinstance(value, NotEstimable):
                assert cell == "not estimated", f"{where}: {way.label}"
            else:
                hold_triple(cell, value, scale, f"{where}: {way.label}")


def _effect(cell: str) -> bool:
    return cell == "not estimated" or TRIPLE.fullmatch(cell) is not None


SAID = re.compile(
    r"(?P<cit>[\d.,]+) of 1,000 .*?, and (?P<other>[\d.,]+) of 1,000 .*?:"
    r" (?P<d>[\d.,]+ (?:fewer|more)|less than [\d.]+ apart|no more or fewer)"
    r" \(95% CI (?P<low>[\d.,]+(?: fewer| more)?) to (?P<high>[\d.,]+(?: fewer| more)?)\),"
)
RATIO = re.compile(
    r"The ratio is (?P<e>[\d.,]+) \(95% CI (?P<l>[\d.,]+) to (?P<h>[\d.,]+|no upper limit)\)\."
)


def signed(text: str) -> float:
    value, _, way = text.partition(" ")
    return number(value) * (-1 if way == "fewer" else 1)


def hold_sentence(text: str, found: Comparison, where: str) -> bool:
    """Read the sentence as a reader would; False where it has no difference to read."""
    adjusted = found.adjusted
    value, risks = adjusted.risk_difference, (adjusted.risk_cit, adjusted.risk_other)
    if not isinstance(value, Estimate):
        value = found.unadjusted.risk_difference
        risks = (found.cit.rate, found.other.rate)
    if not isinstance(value, Estimate) or found.verdict == NO_COMPARISON:
        assert text == found.sentence, where
        return False
    match = SAID.search(text)
    assert match, f"{where}: {text}"
    near = half(match["cit"])
    assert number(match["cit"]) == pytest.approx(risks[0].estimate * 1000, abs=near), where
    assert number(match["other"]) == pytest.approx(risks[1].estimate * 1000, abs=near), where
    for name, real in (("d", value.estimate), ("low", value.low), ("high", value.high)):
        shown = match[name]
        read = 0.0 if name == "d" and not shown[0].isdigit() else signed(shown)
        near_d = 2 * near if name == "d" and not shown[0].isdigit() else near
        assert read == pytest.approx(real * 1000, abs=near_d), f"{where}: {name} of {text}"
    if isinstance(adjusted.risk_difference, Estimate):
        ratio = RATIO.search(text)
        assert ratio, f"{where}: {text}"
        for shown, real in zip(ratio.group("e", "l", "h"), adjusted.risk_ratio, strict=True):
            assert number(shown) == pytest.approx(real, abs=half(shown)), where
    return True


def hold_csv(found: Comparison, material: Material) -> None:
    """Read the CSV files back: every number in full."""
    rates = pd.read_csv(io.BytesIO(files.csv(frames.rates(found), material.manifest)))
    for row, arm in zip(rates.to_dict("records"), (found.cit, found.other), strict=True):
        assert (row["contacts"], row["events"]) == (arm.n, arm.events)
        for name, real in zip(("rate", "low", "high"), arm.rate, strict=False):
            if isinstance(arm.rate, Estimate):
                assert row[f"{name}_per_1000"] == real * 1000
    effects = pd.read_csv(io.BytesIO(files.csv(frames.effects(found), material.manifest)))
    for row, own in zip(effects.to_dict("records"), rows(found), strict=True):
        assert row["analysis"] == own.label
        for value, names, scale in (
            (
                own.risk_difference,
                ("difference_per_1000", "difference_low", "difference_high"),
                1000,
            ),
            (own.risk_ratio, ("risk_ratio", "risk_ratio_low", "risk_ratio_high"), 1),
            (own.odds_ratio, ("odds_ratio", "odds_ratio_low", "odds_ratio_high"), 1),
        ):
            for name, real in zip(names, value, strict=True) if isinstance(value, Estimate) else ():
                assert row[name] == real * scale, (own.label, name)
            if isinstance(value, NotEstimable):
                assert all(math.isnan(float(row[n])) for n in names)


ASKED: dict[str, Any] = {}
SCRIPT = """
from pages.parts.outcome_page import render
from pages.parts.view import publish
from tests.pages.test_same_numbers import ASKED
publish(ASKED["view"])
render("Any outcome", ASKED["outcome"])
"""


def hold_screen(question: Question, found: Comparison, snapshot: Snapshot) -> None:
    """Draw the outcome's page for the question, and read its tables and its sentence."""
    coverage, agencies = aggregate.coverage(snapshot), loads.agencies(snapshot)
    view = View(snapshot, question, coverage, agencies, Person("local:test", snapshot.role))
    ASKED.update(view=view, outcome=found.outcome)
    app = AppTest.from_string(SCRIPT, default_timeout=60)
    app.session_state["view"] = "compare"
    app.run()
    assert not app.exception, app.exception
    said = next(m.value for m in app.markdown if m.value.startswith("#### "))
    if not hold_sentence(said.removeprefix("#### "), found, "screen"):
        return
    shown = [t.value for t in app.table]
    tables = [[list(map(str, t.columns)), *t.astype(str).to_numpy().tolist()] for t in shown]
    hold_arms(next(t for t in tables if "Counted" in t[0]), found, "screen")
    hold_effects(next(t for t in tables if t[0][0] == "Comparison"), found, "screen")


@pytest.mark.parametrize("place", range(COUNT))
@pytest.mark.parametrize("kind", ["simulated", "seattle"])
def test_every_surface_carries_the_same_numbers(
    kind: str,
    place: int,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    snapshot = snapshot_of(kind, request)
    question = questions(snapshot, 20 if kind == "simulated" else 21)[place]
    root = snapshot.path.parent.parent
    material = output.gather(question, "internal", snapshot, Settings(), root)
    (found,) = material.comparisons
    hold_screen(question, found, snapshot)
    hold_csv(found, material)
    # The exhibit asks other questions, and takes as long as all the rest together.
    monkeypatch.setattr(report, "_sensitivity", lambda *_: [])
    made = output.document("report", material)
    label = registry.outcome(found.outcome).label
    captions = [f"{label}: {ARMS}", f"{label}: {EFFECTS}"]
    if found.verdict == NO_COMPARISON:
        captions = captions[:1]
    content = {name: f.render(made) for name, f in output.FORMATS.items()}
    text = pdf_text(content["pdf"], tmp_path)
    lines = paper_lines(content["pdf"], tmp_path)
    page = read_html(content["html"])
    surfaces = {
        "Word": word_tables(content["docx"]),
        "HTML": page.tables,
        "PDF": {
            caption: paper_table(lines, caption, columns)
            for caption, columns in zip(captions, HEADS, strict=False)
        },
    }
    for name, tables in surfaces.items():
        hold_arms(tables[captions[0]], found, name)
        if len(captions) > 1:
            hold_effects(tables[captions[1]], found, name)
    # The sentence stands in the results of every format, and in the narrative.
    word = docx.Document(io.BytesIO(content["docx"]))
    flat = " ".join(text.split())
    opening = found.sentence[:60]
    for name, said in (
        ("Word", next(p.text for p in word.paragraphs if p.text.startswith(opening))),
        ("HTML", next(p for p in page.paragraphs if p.startswith(opening))),
        ("PDF", flat[flat.index(opening) :][: len(found.sentence) + 5]),
    ):
        if name != "PDF" or found.sentence in flat:
            hold_sentence(said if name != "PDF" else found.sentence, found, name)
        else:
            hold_sentence(said, found, name)
    told = [
        b.text for b in output.document("narrative", material).blocks if isinstance(b, Paragraph)
    ]
    if material.compared:
        hold_sentence(next(t for t in told if t.startswith(opening)), found, "narrative")


def test_the_questions_are_not_all_alike(
    loaded_simulation: Snapshot, seattle_snapshot: Snapshot
) -> None:
    for snapshot, seed in ((loaded_simulation, 20), (seattle_snapshot, 21)):
        asked = questions(snapshot, seed)
        assert len(set(asked)) == COUNT
        assert len({q.exposure for q in asked}) > 1 and len({q.outcomes for q in asked}) > 2
        assert any(q.where for q in asked) and any(q.start for q in asked)
        assert any(q.adjust != default_adjusters() for q in asked)
        assert min(q.start or date.max for q in asked) < date.max
