"""Print and screen show the same numbers, labels and colours; files read back as they were written."""

from __future__ import annotations

import ast
import io
import random
import re
import struct
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from data import registry
from data.events import Event
from metrics import wording
from metrics.estimate import Estimate, NotEstimable
from metrics.evaluate import evaluate
from metrics.exhibit import Exhibit, exhibit
from metrics.manifest import Manifest, manifest
from metrics.question import Question, ask
from metrics.result import WITHHELD, Arm, Comparison, Unadjusted
from metrics.trend import Trend, trend
from metrics.wording import citation
from pages.parts import figures as screen
from pages.parts import sensitivity_figures
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print import canvas, files, frames
from pages.print import figures as paper
from tests.conftest import HERE
from tests.pages.app import DASHBOARD

SVG = "{http://www.w3.org/2000/svg}"
EVENTS = (Event(date(2022, 3, 1), "policy", "Policy <revised> & $5 fee"),)


def questions(snapshot: Any) -> list[tuple[Question, str]]:
    """Ten random questions: an outcome, an exposure, sometimes a period or a filter."""
    from metrics.aggregate import coverage, levels

    chance = random.Random(5)
    known = coverage(snapshot)
    outcomes = [o.id for o in registry.OUTCOMES if known.records_outcome(o.id)]
    exposures = [e.id for e in registry.EXPOSURES if known.records_exposure(e.id)]
    assert known.first
    found = []
    for i in range(10):
        where = {"shift": [chance.choice(levels(snapshot, "shift"))]} if i % 3 == 1 else {}
        start = date(known.first.year + 1, 1, 1) if i % 3 == 2 else None
        outcome = chance.choice(outcomes)
        asked = ask([outcome], exposure=chance.choice(exposures), start=start, where=where)
        found.append((asked, outcome))
    return found


@pytest.fixture(scope="module")
def answered(loaded_simulation: Any) -> list[Comparison]:
    return [evaluate(q, snapshot=loaded_simulation)[0] for q, _ in questions(loaded_simulation)]


@pytest.fixture(scope="module")
def told(loaded_simulation: Any) -> Manifest:
    return manifest(ask(["force"]), "internal", loaded_simulation)


@pytest.fixture(scope="module")
def force(loaded_simulation: Any) -> Comparison:
    return evaluate(ask(["force"]), snapshot=loaded_simulation)[0]


@pytest.fixture(scope="module")
def ways(loaded_simulation: Any) -> Exhibit:
    return exhibit(ask(["arrest"]), "arrest", loaded_simulation)


@pytest.fixture(scope="module")
def monthly(loaded_simulation: Any) -> Trend:
    return trend(ask(["voluntary_care"]), "voluntary_care", loaded_simulation)


class Paper:
    """What an SVG shows, read back: words, and points in the units of its axes."""

    def __init__(self, drawing: paper.Drawing) -> None:
        self.text = drawing.svg.decode()
        self.root = ElementTree.fromstring(drawing.svg)
        self.words = [unescape(w) for w in re.findall(r"<!-- (.*?) -->", self.text, re.S)]

    def group(self, name: str) -> Any:
        return next((g for g in self.root.iter(f"{SVG}g") if g.get("id") == name), None)

    def scale(self, axis: str) -> tuple[float, float]:
        """Return slope and offset from places on the paper to numbers, read off the ticks."""
        ticks = []
        for found in re.finditer(rf'<g id="{axis}tick_\d+">(.*?)<!-- (.*?) -->', self.text, re.S):
            uses = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', found[1])
            place = float(uses[-1][0 if axis == "x" else 1])
            ticks.append((place, float(found[2].replace("−", "-").replace(",", ""))))
        places, values = np.array(ticks).T
        slope, offset = np.polyfit(places, values, 1)
        return float(slope), float(offset)

    def marks(self, name: str, axis: str = "x") -> list[tuple[float, str]]:
        """Return the marks of a group: their number on an axis, and their edge's colour."""
        group = self.group(name)
        if group is None:
            return []
        slope, offset = self.scale(axis)
        found = []
        for use in group.iter(f"{SVG}use"):
            colour = re.search(r"stroke: (#\w+)", use.get("style") or "")
            assert colour
            found.append((slope * float(use.get(axis)) + offset, colour[1].upper()))
        return found


def shown(figure: Any) -> list[tuple[str, float, float, float, str]]:
    """Return (label, estimate, low, high, colour) of each point of a forest on the screen."""
    ticks = figure.layout.yaxis.ticktext
    rows = []
    for trace in figure.data:
        if trace.error_x.array is None:
            continue
        x = trace.x[0]
        label = str(ticks[trace.y[0]] if ticks else trace.y[0]).replace("<br>", " ")
        low, high = x - trace.error_x.arrayminus[0], x + trace.error_x.array[0]
        rows.append((label, x, low, high, trace.marker.color.upper()))
    return rows


def printed(drawing: paper.Drawing, rows: int) -> list[tuple[float, float, float, str]]:
    """Return (estimate, low, high, colour) of each point of a forest on paper."""
    found = Paper(drawing)
    points = []
    for place in range(rows):
        ends = found.marks(f"interval-{place}")
        for x, colour in found.marks(f"point-{place}"):
            assert {c for _, c in ends} == {colour}
            points.append((x, ends[0][0], ends[1][0], colour))
    return points


def agree(on_screen: list[Any], on_paper: list[Any]) -> None:
    assert len(on_screen) == len(on_paper)
    width = max([1e-9, *(abs(v) for row in on_screen for v in row[1:4])])
    for (_, *numbers, colour), (*drawn, ink) in zip(on_screen, on_paper, strict=True):
        assert drawn == pytest.approx(numbers, abs=2e-3 * width)
        assert colour == ink


def test_screen_and_paper_show_the_same_rates(answered: list[Comparison]) -> None:
    drawn = 0
    for comparison in answered:
        figure, alt = screen.rates(comparison)
        drawing = paper.rates(comparison)
        rows = shown(figure)
        agree(rows, printed(drawing, 2))
        words = Paper(drawing).words
        joined = " ".join(words)
        for label, x, low, high, _ in rows:
            assert label in joined
            assert f"{x:.1f} ({low:.1f} to {high:.1f})" in words
        assert figure.layout.xaxis.title.text in words
        assert drawing.alt == alt
        drawn += len(rows)
    assert drawn >= 18


def test_screen_and_paper_show_the_same_differences(answered: list[Comparison]) -> None:
    drawn = 0
    for comparison in answered:
        figure, alt = screen.forest(comparison)
        drawing = paper.forest(comparison)
        rows = shown(figure)
        agree(rows, printed(drawing, 3))
        words = Paper(drawing).words
        joined = " ".join(words)
        for label, x, low, high, _ in rows:
            assert label in joined
            assert f"{x:+.1f} ({low:+.1f} to {high:+.1f})" in words
        assert figure.layout.xaxis.title.text in words
        assert drawing.alt == alt
        drawn += len(rows)
    assert drawn >= 18


def test_screen_and_paper_show_the_same_exhibit(ways: Exhibit) -> None:
    figure, alt = sensitivity_figures.exhibit(ways)
    drawing = paper.exhibit(ways)
    on_screen, found = shown(figure), Paper(drawing)
    places = len(figure.layout.yaxis.ticktext)
    on_paper = [mark for i in range(places) for mark in found.marks(f"point-{i}")]
    assert len(on_screen) == len(on_paper) > 10
    for (_, x, _, _, colour), (at, ink) in zip(on_screen, on_paper, strict=True):
        assert at == pytest.approx(x, abs=0.05)
        assert ink == colour
    assert [c for *_, c in on_screen].count(CIT.color.upper()) == 1
    joined = " ".join(found.words)
    for row in ways.rows:
        if isinstance(row.risk_difference, Estimate):
            assert row.label in joined
            e, low, high = (v * 1000 for v in row.risk_difference)
            assert f"{e:+.1f} ({low:+.1f} to {high:+.1f})" in found.words
    assert drawing.alt == alt


def test_screen_and_paper_show_the_same_months(monthly: Trend) -> None:
    figure, alt = screen.trend(monthly, "Care", EVENTS)
    drawing = paper.trend(monthly, "Care", EVENTS)
    line = next(t for t in figure.data if t.mode == "lines+markers")
    found = Paper(drawing)
    known = [y for y in line.y if y is not None]
    marks = found.marks("line-rate", "y")
    assert [y for y, _ in marks] == pytest.approx(known, abs=0.2)
    assert {c for _, c in marks} == {line.line.color.upper()}
    signals = sum(s == "diamond-open" for s in line.marker.symbol)
    assert len(found.marks("line-signals", "y")) == signals
    assert any("Policy <revised> & $5 fee" in w for w in found.words)
    assert drawing.alt == alt


def test_screen_and_paper_show_the_same_rare_events(loaded_simulation: Any) -> None:
    rare = next(
        t
        for t in (trend(ask([o]), o, loaded_simulation) for o in ("injury", "force"))
        if t.rare and not isinstance(t.between, NotEstimable)
    )
    figure, _ = screen.trend(rare, "Rare")
    marks = Paper(paper.trend(rare, "Rare")).marks("line-rate", "y")
    assert [y for y, _ in marks] == pytest.approx(list(figure.data[-1].y), abs=0.5)


def test_the_headline_of_each_outcome_stands_on_one_axis(loaded_simulation: Any) -> None:
    comparisons = evaluate(ask(), snapshot=loaded_simulation)
    drawing = paper.outcomes(comparisons)
    points = printed(drawing, len(comparisons))
    known = [
        c.adjusted.risk_difference
        for c in comparisons
        if isinstance(c.adjusted.risk_difference, Estimate)
    ]
    for (x, *_), value in zip(points, known, strict=True):
        assert x == pytest.approx(value.estimate * 1000, abs=0.3)
    for c in comparisons:
        assert registry.outcome(c.outcome).label in drawing.alt
    assert f"{comparisons[0].cit.n + comparisons[0].other.n:,}" in Paper(drawing).words


def test_nothing_is_red_or_green(force: Comparison, ways: Exhibit) -> None:
    for drawing in (paper.rates(force), paper.forest(force), paper.exhibit(ways)):
        inks = {c.upper() for c in re.findall(r"(?:fill|stroke): (#\w{6})", drawing.svg.decode())}
        colourful = {c for c in inks if len({c[1:3], c[3:5], c[5:7]}) > 1}
        assert colourful <= {CIT.color, OTHER.color}
        assert NEUTRAL.color in inks or drawing.alt == paper.rates(force).alt


def test_the_shapes_of_the_screen_have_shapes_in_print() -> None:
    assert {CIT.symbol, OTHER.symbol, NEUTRAL.symbol} <= set(canvas.SYMBOLS)
    assert {CIT.dash, OTHER.dash, NEUTRAL.dash} <= set(canvas.DASHES)
    assert len({canvas.SYMBOLS[m.symbol] for m in (CIT, OTHER, NEUTRAL)}) == 3


def test_the_same_figure_is_the_same_bytes(
    force: Comparison, ways: Exhibit, monthly: Trend, told: Manifest
) -> None:
    for draw in (
        lambda s: paper.rates(force, s),
        lambda s: paper.forest(force, s),
        lambda s: paper.exhibit(ways, s),
        lambda s: paper.trend(monthly, "Care", EVENTS, s),
    ):
        stamp = paper.Stamp("A title", told)
        one, two = draw(stamp), draw(stamp)
        assert one.svg == two.svg
        assert one.png() == two.png() == one.png()
        assert draw(stamp).svg == one.svg
        assert draw(None).svg != one.svg


def test_figures_drawn_at_once_do_not_disturb_each_other(force: Comparison, told: Manifest) -> None:
    def draw(place: int) -> tuple[bytes, bytes]:
        drawing = (paper.rates if place % 2 else paper.forest)(force, paper.Stamp("T", told))
        return drawing.svg, drawing.png()

    alone = [draw(0), draw(1)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(draw, range(6))) == alone * 3


def test_a_figure_carries_its_manifest(force: Comparison, told: Manifest) -> None:
    drawing = paper.rates(force, paper.Stamp("Rates & <more>", told))
    found = Paper(drawing)
    metadata = [e.text for e in found.root.iter("{http://purl.org/dc/elements/1.1/}source")]
    assert metadata == [told.to_json()]
    assert found.root.find(f"{SVG}desc").text == drawing.alt  # type: ignore[union-attr]
    said = " ".join(found.words)
    for part in (told.snapshot, told.digest[:12], citation.INTERNAL, citation.SIMULATED):
        assert part in said
    png = drawing.png()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert width == pytest.approx(drawing.width * 192, abs=1)
    assert height == pytest.approx(drawing.height * 192, abs=1)
    assert told.to_json().encode() in png
    assert drawing.alt.encode() in png
    assert b"Date" not in drawing.svg


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value)


def test_a_withheld_comparison_shows_no_number(force: Comparison, told: Manifest) -> None:
    gone = NotEstimable(WITHHELD)
    hidden = replace(
        force,
        cit=Arm(0, 0, gone),
        other=Arm(0, 0, gone),
        unadjusted=Unadjusted(gone, gone, gone, gone),
        stratified=replace(
            force.stratified, risk_difference=gone, risk_ratio=gone, odds_ratio=gone
        ),
        adjusted=replace(
            force.adjusted,
            risk_difference=gone,
            risk_ratio=gone,
            odds_ratio=gone,
            p_value=None,
            p_holm=None,
        ),
        withheld=WITHHELD,
    )
    for drawing in (paper.rates(hidden), paper.forest(hidden), paper.outcomes([hidden])):
        found = Paper(drawing)
        assert found.words.count("withheld") >= 2
        assert found.group("point-0") is None
        assert not [w for w in found.words if " of " in w and w[0].isdigit()]
    for table in (frames.rates(hidden), frames.effects(hidden), frames.outcomes([hidden])):
        assert not [v for v in table.to_numpy().ravel() if is_number(v)]
        assert WITHHELD in files.csv(table, told).decode()
    assert citation.counted(hidden) == citation.method(hidden) == ""


def tables(answered: list[Comparison], ways: Exhibit, monthly: Trend) -> list[pd.DataFrame]:
    found = [frames.rates(c) for c in answered] + [frames.effects(c) for c in answered]
    return [*found, frames.outcomes(answered), frames.exhibit(ways), frames.months(monthly)]


def same(read: Any, written: Any) -> bool:
    if isinstance(written, date):
        written = written.isoformat()
        read = str(read)[:10]
    if written is None:
        return read is None or read != read or read == ""
    if isinstance(written, float) and np.isinf(written):
        return read in (written, files.NO_LIMIT)
    return bool(read == written)


def test_a_csv_reads_back_as_it_was_written(
    answered: list[Comparison], ways: Exhibit, monthly: Trend, told: Manifest
) -> None:
    for table in tables(answered, ways, monthly):
        content = files.csv(table, told)
        assert content == files.csv(table, told)
        read = pd.read_csv(io.BytesIO(content))
        assert list(read.columns) == [*table.columns, *files.MANIFEST_COLUMNS]
        for column in table.columns:
            for one, two in zip(read[column], table[column], strict=True):
                assert same(one, two), (column, one, two)
        assert set(read["access"]) == {"internal"}
        assert set(read["data_sha256"]) == {told.data}
        assert set(read["snapshot"]) == {told.snapshot}


def test_the_csv_holds_the_result_in_full(force: Comparison, told: Manifest) -> None:
    read = pd.read_csv(io.BytesIO(files.csv(frames.rates(force), told)))
    assert list(read["contacts"]) == [force.cit.n, force.other.n]
    assert list(read["events"]) == [force.cit.events, force.other.events]
    for row, arm in zip(read.itertuples(), (force.cit, force.other), strict=True):
        assert (row.rate_per_1000, row.low_per_1000, row.high_per_1000) == tuple(
            v * 1000 for v in arm.rate
        )  # type: ignore[union-attr]


def test_text_that_looks_like_a_formula_is_not_one(told: Manifest) -> None:
    table = frames.frame([{"district": "=1+1", "n": -3}, {"district": "-A", "n": None}])
    read = pd.read_csv(io.BytesIO(files.csv(table, told)))
    assert list(read["district"]) == ["'=1+1", "'-A"]
    assert read["n"][0] == -3
    book = openpyxl.load_workbook(io.BytesIO(files.xlsx(table, told, "T")))
    cell = book["Data"]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s") or cell.quotePrefix
    with pytest.raises(ValueError, match="snapshot"):
        files.csv(frames.frame([{"snapshot": 1}]), told)


def test_excel_cells_have_their_types(
    answered: list[Comparison], ways: Exhibit, monthly: Trend, told: Manifest
) -> None:
    for table in tables(answered, ways, monthly):
        content = files.xlsx(table, told, "A title", "In words.", frames.meanings(table))
        assert content == files.xlsx(table, told, "A title", "In words.", frames.meanings(table))
        book = openpyxl.load_workbook(io.BytesIO(content))
        rows = list(book["Data"].iter_rows(values_only=True))
        assert list(rows[0]) == list(table.columns)
        for read, written in zip(rows[1:], table.itertuples(index=False), strict=True):
            for one, two in zip(read, written, strict=True):
                if is_number(two):
                    assert is_number(one)
                    assert one == pytest.approx(two, rel=1e-12)
                else:
                    assert same(one, two)
                if isinstance(two, bool):
                    assert isinstance(one, bool)
        notes = dict(book["Notes"].iter_rows(values_only=True))
        assert notes["Read by"] == citation.INTERNAL
        assert notes["Data, SHA-256"] == told.data
        assert notes["Manifest in full"] == told.to_json()
        assert notes["In words"] == "In words."
        assert book.properties.created == told.made.replace(tzinfo=None, microsecond=0)


def test_counts_with_gaps_stay_counts(told: Manifest) -> None:
    table = frames.frame([{"contacts": 3}, {"contacts": None}])
    assert b"3.0" not in files.csv(table, told)


@pytest.mark.parametrize(
    ("agency", "expected"),
    [
        ("Señor Café PD", "senor-cafe-pd-force-rates-2025-01-01_2025-12-31-S1.csv"),
        ("警察", "agency-force-rates-2025-01-01_2025-12-31-S1.csv"),
        ("../../x y", "x-y-force-rates-2025-01-01_2025-12-31-S1.csv"),
    ],
)
def test_file_names_are_plain(agency: str, expected: str) -> None:
    days = (date(2025, 1, 1), date(2025, 12, 31))
    assert files.name(agency, "force-rates", days, "S1", "csv") == expected
    assert "-filtered-" in files.name(agency, "x", days, "S1", "csv", filtered=True)
    assert "no-contacts" in files.name(agency, "x", (None, None), "S1", "csv")


def test_the_sentence_to_copy_is_whole(force: Comparison) -> None:
    text = citation.sentence(force)
    assert force.sentence in text
    for part in (f"{force.cit.n:,}", f"{force.other.events:,}", "95%", "Method:"):
        assert part in text
    assert wording.CAUTION not in text  # the page's own, said once there


@pytest.mark.slow
def test_every_figure_and_table_has_its_menu(
    loaded_simulation: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIT_STORE", str(loaded_simulation.path.parents[1]))
    app = AppTest.from_file(DASHBOARD, default_timeout=90).run()
    for script in ("force", "how_sure", "subgroups", "who_gets_cit", "plan", "data_quality"):
        app.switch_page(f"pages/{script}.py").run()
        assert not app.exception, app.exception
        labels = [b.proto.label for b in app.get("download_button")]
        charts = len(app.get("plotly_chart"))
        assert labels.count("PNG") == labels.count("SVG") >= charts > 0, script
        assert labels.count("CSV") == labels.count("Excel") >= labels.count("PNG")
        said = [c.value for c in app.get("code") if "Source:" in c.value]
        assert len(said) == labels.count("CSV")
        assert all(citation.INTERNAL in text and loaded_simulation.id in text for text in said)


def test_the_printed_page_needs_no_streamlit() -> None:
    for path in sorted((HERE.parent / "pages" / "print").rglob("*.py")):
        for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [n for n in names if n.split(".")[0] in ("streamlit", "plotly")], path
            assert "matplotlib.pyplot" not in names, path
