"""The brief, the report and the narrative: what they say, that every format says it, and how fast."""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import docx
import pytest
from PIL import Image

from data import ingest, mapping
from data.cli import run
from data.dictionary import commands, options
from data.errors import UserError
from data.settings import Settings
from data.store import Snapshot, Store
from metrics.aggregate import levels
from metrics.question import ask
from metrics.result import Comparison
from metrics.wording import printed
from pages.__main__ import parser
from pages.print import output
from pages.print.document import Document, Heading, words
from pages.print.material import Material
from tests.conftest import HERE
from tests.pages.test_document import pdf_text
from tests.stores import make_snapshot

NUMBER = re.compile(r"\d(?:[\d,]*\d)?(?:\.\d+)?")


def material(snapshot: Snapshot, **asked: Any) -> Material:
    access = asked.pop("access", "internal")
    settings = asked.pop("settings", Settings())
    root = snapshot.path.parent.parent
    return output.gather(ask(**asked), access, snapshot, settings, root)


@pytest.fixture(scope="module")
def simulated(loaded_simulation: Snapshot) -> Material:
    return material(loaded_simulation)


@pytest.fixture(scope="module")
def full(loaded_simulation: Snapshot) -> Document:
    return output.document("report", material(loaded_simulation, outcomes=["force", "arrest"]))


def titles(document: Document) -> list[str]:
    return [b.text for b in document.blocks if isinstance(b, Heading) and b.level == 1]


def pages_of(content: bytes, folder: Path) -> int:
    return pdf_text(content, folder).count("\f")


def test_the_report_has_its_parts(full: Document) -> None:
    assert titles(full) == [
        "The question, and the answer in short",
        "Who is counted",
        "Methods",
        "Results by outcome",
        "Sensitivity: the same question asked in other ways",
        "Limits",
        "Narrative for an application",
        "Data quality",
        "Definitions",
        "How to reproduce",
    ]


def test_the_brief_fits_one_page(simulated: Material, tmp_path: Path) -> None:
    assert pages_of(output.render("brief", "pdf", simulated), tmp_path) == 1


def test_the_brief_of_seattle_fits_one_page(seattle: Snapshot, tmp_path: Path) -> None:
    assert pages_of(output.render("brief", "pdf", material(seattle)), tmp_path) == 1


def test_the_brief_says_what_it_must(simulated: Material) -> None:
    text = " ".join(words(output.document("brief", simulated)))
    for tile in simulated.tiles:
        if not tile.wide:
            assert tile.label in text
            assert tile.value is None or tile.value in text
    for said in ("on patrol", "until the officer was free", "calls", "simulated", "INTERNAL"):
        assert said in text or said == output.document("brief", simulated).mark
    assert re.search(r"Certify (nobody|\d+ more)", text)
    assert "minute hand-off" in text or "No facility's middle wait" in text
    assert simulated.manifest.data[:12] in text
    assert "$" not in text


def test_the_brief_of_a_bare_source_names_the_files_it_needs(seattle: Snapshot) -> None:
    text = " ".join(words(output.document("brief", material(seattle))))
    for needed in ("duty roster", "rosters.csv", "hospital log", "dispatch calls"):
        assert needed in text


NARRATED = re.compile(
    r"(?P<cit>[\d.,]+) of 1,000 .*?, and (?P<other>[\d.,]+) of 1,000 .*?:"
    r" (?P<d>[\d.,]+ (?:fewer|more)|less than [\d.]+ apart|no more or fewer)"
    r" \(95% CI (?P<low>[\d.,]+(?: fewer| more)?) to"
    r" (?P<high>[\d.,]+(?: fewer| more)?)\), .*? The ratio is (?P<r>[\d.]+)"
    r" \(95% CI (?P<rl>[\d.]+) to (?P<rh>[\d.]+)\)\."
)


def number(text: str) -> float:
    value, _, way = text.partition(" ")
    return float(value.replace(",", "")) * (-1 if way == "fewer" else 1)


def check_sentence(text: str, found: Comparison) -> None:
    """Read a sentence as a reader would and hold every number to the comparison's."""
    match = NARRATED.fullmatch(text)
    assert match, text
    read = match.groupdict()
    adjusted = found.adjusted
    # All numbers per 1,000 of a sentence have the same decimals.
    half = 0.5 * 10 ** -len(read["cit"].partition(".")[2]) + 1e-9
    wanted = {
        "cit": adjusted.risk_cit.estimate,
        "other": adjusted.risk_other.estimate,
        "low": adjusted.risk_difference.low,
        "high": adjusted.risk_difference.high,
        "d": adjusted.risk_difference.estimate,
    }
    for name, value in wanted.items():
        assert value is not None
        said = 0.0 if name == "d" and not read[name][0].isdigit() else number(read[name])
        assert said == pytest.approx(value * 1000, abs=half), name
    ratio = adjusted.risk_ratio
    for name, value in (("r", ratio.estimate), ("rl", ratio.low), ("rh", ratio.high)):
        assert float(read[name]) == pytest.approx(value, abs=0.005 + 1e-9)


def allowed_numbers(found: Material) -> set[str]:
    """Every number a narrative may hold, as formatted by this test from the results."""
    allowed = {"1,000", "95"}
    for c in found.comparisons:
        gone = c.not_recorded
        size = gone.outcome + c.cit.n + c.other.n
        if size:
            allowed.add(f"{gone.outcome / size * 100:.0f}")
        for value in (c.detectable.estimate,):
            if value is not None:
                allowed |= {f"{value * 1000:,.0f}", f"{value * 1000:,.1f}"}
        a = c.adjusted
        for e in (a.risk_cit, a.risk_other, a.risk_difference, c.cit.rate, c.other.rate):
            for value in (e.estimate, e.low, e.high):
                if value is not None:
                    allowed |= {f"{abs(value) * 1000:,.0f}", f"{abs(value) * 1000:,.1f}"}
        for value in (a.risk_ratio.estimate, a.risk_ratio.low, a.risk_ratio.high):
            if value is not None:
                allowed.add(f"{value:.2f}")
    for tile in found.tiles:
        allowed |= set(NUMBER.findall(" ".join((tile.value or "", *tile.details[:1]))))
    days = (found.period.start, found.period.end) if found.period else ()
    for day in (*days, found.manifest.first, found.manifest.last):
        if day:
            allowed |= {str(day.year), str(day.day)}
    return allowed


@pytest.mark.parametrize("kind", ["simulated", "seattle"])
def test_every_number_of_the_narrative_is_that_of_its_result(
    kind: str, request: pytest.FixtureRequest
) -> None:
    found = (
        request.getfixturevalue("simulated")
        if kind == "simulated"
        else material(request.getfixturevalue("seattle"))
    )
    said = list(words(output.document("narrative", found)))
    assert [t for t in said if t in printed.NARRATIVE_SECTIONS] == list(printed.NARRATIVE_SECTIONS)
    read = [t for t in said if "The ratio is" in t]
    adjusted = [c for c in found.comparisons if c.adjusted.risk_difference.estimate is not None]
    assert len(read) == len(adjusted) >= 3
    for text, comparison in zip(read, adjusted, strict=True):
        check_sentence(text, comparison)
    stray = {n for t in said[1:] for n in NUMBER.findall(t)} - allowed_numbers(found)
    assert stray == set()


@pytest.mark.parametrize("format_", output.FORMATS)
@pytest.mark.parametrize("kind", ["brief", "report"])
def test_every_format_says_the_same(
    kind: str, format_: str, simulated: Material, full: Document, tmp_path: Path
) -> None:
    made = full if kind == "report" else output.document(kind, simulated)
    content = output.FORMATS[format_].render(made)
    text = read_back(content, format_, tmp_path)
    alts = {f.drawing.alt for f in made.figures}
    wanted = [n for w in words(made) if w not in alts for n in NUMBER.findall(w)]
    found = NUMBER.findall(text)
    missing = {n for n in wanted if wanted.count(n) > found.count(n)}
    assert missing == set()


def read_back(content: bytes, format_: str, folder: Path) -> str:
    if format_ == "pdf":
        return pdf_text(content, folder)
    if format_ == "html":
        return unescape(re.sub(r"<[^>]*>", " ", content.decode()))
    file = docx.Document(io.BytesIO(content))
    found = [p.text for p in file.paragraphs]
    return "\n".join(found + [c.text for t in file.tables for r in t.rows for c in r.cells])


def test_every_table_and_figure_is_in_every_format(full: Document) -> None:
    file = docx.Document(io.BytesIO(output.FORMATS["docx"].render(full)))
    assert len(file.tables) == len(full.tables) >= 10
    assert len(file.inline_shapes) == len(full.figures) >= 8
    for shape, figure in zip(file.inline_shapes, full.figures, strict=True):
        assert shape._inline.docPr.get("descr") == figure.drawing.alt
    for table, own in zip(file.tables, full.tables, strict=True):
        assert len(table.rows) == len(own.rows) + 1
    page = output.FORMATS["html"].render(full).decode()
    assert page.count("<table>") == len(full.tables)
    assert page.count("<img ") == len(full.figures)
    assert page.count("<tr>") == sum(len(t.rows) + 1 for t in full.tables)
    pikepdf = pytest.importorskip("pikepdf")
    with pikepdf.open(io.BytesIO(output.FORMATS["pdf"].render(full))) as pdf:
        from tests.pages.test_document import _tags

        kinds = [str(t.S) for t in _tags(pdf.Root.StructTreeRoot)]
        assert kinds.count("/Table") == len(full.tables)
        assert kinds.count("/Figure") == len(full.figures)
        assert kinds.count("/TR") == sum(len(t.rows) + 1 for t in full.tables)


def test_an_independent_checker_finds_no_failure(full: Document, tmp_path: Path) -> None:
    pytest.importorskip("pdfua")
    from pdfua.cli import main

    path = tmp_path / "report.pdf"
    path.write_bytes(output.FORMATS["pdf"].render(full))
    assert main(["check", str(path)]) == 0


WIDE = (
    "force",
    "arrest",
    "voluntary_care",
    "injury",
    "emergency_hold",
    "referral",
    "resolved_on_scene",
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["loaded_simulation", "seattle"])
def test_random_questions_read_the_same_everywhere(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    snapshot = request.getfixturevalue(kind)
    draw = random.Random(5)
    for _ in range(10):
        where = {"shift": [draw.choice(levels(snapshot, "shift"))]} if draw.random() < 0.5 else {}
        found = material(
            snapshot,
            outcomes=draw.sample(WIDE, 3),
            exposure=draw.choice(["primary", "arrived", "any"]),
            where=where,
        )
        if not found.compared:
            continue
        said = [t for t in words(output.document("narrative", found)) if "The ratio is" in t]
        adjusted = [c for c in found.comparisons if c.adjusted.risk_difference.estimate is not None]
        for text, comparison in zip(said, adjusted, strict=True):
            check_sentence(text, comparison)
        for document in ("brief", "narrative"):
            made = output.document(document, found)
            alts = {f.drawing.alt for f in made.figures}
            wanted = [n for w in words(made) if w not in alts for n in NUMBER.findall(w)]
            for name, format_ in output.FORMATS.items():
                read = NUMBER.findall(read_back(format_.render(made), name, tmp_path))
                assert {n for n in wanted if wanted.count(n) > read.count(n)} == set(), name


@pytest.mark.slow
def test_libreoffice_opens_the_word_file_whole(full: Document, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if not office:
        pytest.skip("needs LibreOffice")
    path = tmp_path / "report.docx"
    path.write_bytes(output.FORMATS["docx"].render(full))
    command = [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    converted = (tmp_path / "report.pdf").read_bytes()
    text = pdf_text(converted, tmp_path)
    wanted = [n for t in full.tables for row in t.rows for c in row for n in NUMBER.findall(c)]
    found = NUMBER.findall(text)
    assert {n for n in wanted if wanted.count(n) > found.count(n)} == set()
    images = subprocess.run(
        ["pdfimages", "-list", str(tmp_path / "printed.pdf")], capture_output=True, text=True
    ).stdout
    assert len(re.findall(r"^ +\d+ +\d+ image", images, re.M)) >= len(full.figures)


def test_a_publication_holds_no_small_things(loaded_simulation: Snapshot) -> None:
    found = material(loaded_simulation, access="public")
    assert found.tiles == ()
    for kind in output.KINDS:
        made = output.document(kind, found)
        text = " ".join(words(made))
        assert made.mark == "FOR PUBLICATION"
        assert "The six numbers, months" in text or kind == "narrative"
        assert not [
            t for t in made.tables if "by month" in t.caption or "every analysis" in t.caption
        ]
        assert "Rows read" not in text


def test_a_publication_takes_no_free_filter(loaded_simulation: Snapshot) -> None:
    with pytest.raises(UserError, match="public access takes"):
        material(loaded_simulation, access="public", where={"district": ["North"]})


def test_the_settings_are_printed(loaded_simulation: Snapshot, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 30), "navy").save(buffer, "png")
    (tmp_path / "logo.png").write_bytes(buffer.getvalue())
    settings = Settings(
        agency_name="Our & Own PD",
        agency_logo=str(tmp_path / "logo.png"),
        agency_contact="crisis@example.org",
    )
    found = material(loaded_simulation, settings=settings)
    made = output.document("brief", found)
    assert made.logo == buffer.getvalue()
    for format_ in output.FORMATS.values():
        content = format_.render(made)
        assert len(content) > 5000
    page = output.FORMATS["html"].render(made).decode()
    assert "Our &amp; Own PD" in page
    assert "Contact: crisis@example.org." in page


def test_a_setting_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('agency_name = "Ours"\nagency_contact = 5\n')
    with pytest.raises(UserError, match="agency_contact must be text in quotes"):
        _ = Store(tmp_path).settings
    (tmp_path / "settings.toml").write_text('agency_name = "Ours"\n')
    assert Store(tmp_path).settings.agency_name == "Ours"


@pytest.mark.parametrize("name", ["gone.png", "text.png"])
def test_a_logo_that_cannot_be_used_is_one_line(
    name: str, loaded_simulation: Snapshot, tmp_path: Path
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    settings = replace(Settings(), agency_logo=str(tmp_path / name))
    with pytest.raises(UserError, match="agency_logo"):
        material(loaded_simulation, settings=settings)


@pytest.mark.parametrize(
    ("sizes", "events"),
    [((40, 40), (4, 4)), ((40, 0), (4, 0)), ((0, 0), (0, 0)), ((40, 40), (0, 0))],
    ids=["two arms", "one arm", "no arm", "no event"],
)
def test_small_stores_print(
    tmp_path: Path, sizes: tuple[int, int], events: tuple[int, int]
) -> None:
    found = material(make_snapshot(tmp_path, sizes, events))
    for kind in output.KINDS:
        made = output.document(kind, found)
        assert "nan" not in " ".join(words(made)).split()
        content = output.FORMATS["pdf"].render(made)
        if kind == "brief":
            assert pages_of(content, tmp_path) == 1
    public = replace(found, access="public", tiles=())
    for kind in output.KINDS:
        assert list(words(output.document(kind, public)))


def test_a_source_without_outcomes_prints(tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-02-01 11:00\n")
    ingest.load(Store(tmp_path / "store"), [file], mapping.read("canonical"))
    found = material(Store(tmp_path / "store").current())
    for kind in output.KINDS:
        text = " ".join(words(output.document(kind, found)))
        assert "not recorded by this source" in text.lower()


def call(*arguments: str) -> int:
    try:
        run(parser(), list(arguments))
    except SystemExit as stopped:
        return int(str(stopped.code))
    return 0


def test_the_command_writes_the_same_file_again(tmp_path: Path) -> None:
    make_snapshot(tmp_path, (60, 60), (15, 20))
    store = str(tmp_path / "store")
    for format_ in output.FORMATS:
        out = [tmp_path / f"{n}.{format_}" for n in "ab"]
        for path in out:
            assert call("brief", "--store", store, "--format", format_, "--out", str(path)) == 0
        assert out[0].read_bytes() == out[1].read_bytes()
    assert not list(tmp_path.glob(".*.part"))


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_snapshot(tmp_path, (60, 60), (15, 20))
    store = ["--store", str(tmp_path / "store")]
    assert call("brief", *store, "--out", str(tmp_path / "gone" / "a.pdf")) == 2
    assert call("brief", *store, "--out", str(tmp_path / "a.pdf"), "--from", "soon") == 2
    assert call("report", *store, "--out", str(tmp_path / "a.pdf"), "--outcome", "luck") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("error: ") for line in lines)
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.parametrize("name", commands(parser()))
def test_every_command_and_option_is_in_the_readme(name: str) -> None:
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    assert f"python -m pages {name}" in readme
    found = options(commands(parser())[name])
    assert [o for a in found for o in a.option_strings if o not in readme] == []
