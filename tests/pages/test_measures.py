"""The page of the funder and oversight measures: five sets, what is needed, periods and targets."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import docx
import pytest

from data.registry.measures import SETS
from data.settings import Settings
from data.store import Store
from metrics import measures
from metrics.fiscal import CUMULATIVE, QUARTER, YEAR
from metrics.manifest import manifest
from metrics.question import ask
from metrics.wording import measures as words
from pages import PAGES
from pages.parts import measure_tables
from pages.print import files, output
from pages.print import measures as print_measures
from pages.print.document import plain
from pages.print.document import words as document_words
from tests.pages.app import cells, run, said
from tests.pages.test_report import NUMBER, call, read_back
from tests.stores import make_snapshot, simulated_store

PAGE = "measures"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("measures"), 3_000)


def test_the_page_stands_in_the_evidence_before_data_quality() -> None:
    order = [p.script for p in PAGES]
    assert order.index(PAGE) < order.index("data_quality")
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Evidence" and entry.ignores_filters


@pytest.mark.parametrize("set_", [s.id for s in SETS])
def test_every_set_is_shown_with_its_edition(
    set_: str, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, PAGE, monkeypatch, **({"set": set_} if set_ != "jmhcp" else {}))
    text, shown = said(app), cells(app)
    chosen = measures.measure_set(set_)
    assert chosen.edition in text and "Check your award" in text
    assert "Baseline" in text and "For internal use" in text
    found = measures.report(set_, Store(simulated).current())
    for r in found.results:
        assert r.measure.name in shown.replace('"', "")
    if set_ == "stepping-up":
        assert "needs jail data" not in shown and "days (median of" in shown
    assert "nan" not in text.split()


def test_a_source_with_little_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    shown = cells(run(tmp_path / "store", PAGE, monkeypatch))
    assert "people cannot be unduplicated: needs contacts.person_key" in shown
    assert "needs training records: trainings.course_id" in shown
    jail = cells(run(tmp_path / "store", PAGE, monkeypatch, set="stepping-up"))
    assert "needs jail data: bookings.booked_at, bookings.smi_screen" in jail


def test_targets_are_the_agencys_own(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Target" not in cells(run(simulated, PAGE, monkeypatch))
    app = run(simulated, PAGE, monkeypatch, targets_jmhcp="referred=40%, screened=900")
    assert "40.0%" in cells(app) and "900" in cells(app)
    wrong = run(simulated, PAGE, monkeypatch, targets_jmhcp="referred=often")
    assert "is not a number" in said(wrong)


def test_the_fiscal_year_may_start_in_any_month(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, PAGE, monkeypatch, year_starts="October")
    assert "FY2025: 2024-10-01 to 2025-09-30" in said(app)
    assert "named by the calendar year in which it ends" in said(app)
    assert "FY2025 Q4" in cells(app)


def test_the_fiscal_year_starts_as_the_agency_says_unless_chosen(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, PAGE, monkeypatch)
    (month,) = (s for s in app.selectbox if s.key == "year_starts")
    assert month.value == "July" and "Fiscal years start in July" in said(app)
    app = run(simulated, PAGE, monkeypatch, year_starts="January")
    assert "Fiscal years start" not in said(app)


# --- as a document ---


@pytest.mark.parametrize("set_", [s.id for s in SETS])
def test_the_word_file_holds_every_quarter_in_real_tables(set_: str, simulated: Path) -> None:
    store = Store(simulated)
    targets = {"jmhcp": ["referred=40%"], "stepping-up": ["length_of_stay=2.5"]}.get(set_, [])
    found = measures.report(set_, store.current(), target=measures.targets(set_, targets))
    made = print_measures.document(found, store.current(), Settings(), simulated)
    file = docx.Document(
        io.BytesIO(print_measures.render("docx", found, store.current(), Settings(), simulated))
    )
    headings = [p.text for p in file.paragraphs if p.style.name.startswith("Heading")]
    text = "\n".join(p.text for p in file.paragraphs)
    assert found.set.edition in text and words.CHECK in text and "Baseline FY2022" in text
    assert file.sections[0].header.paragraphs[0].text.endswith("INTERNAL")
    assert len(file.tables) == len(made.tables)
    tables = {t.caption: t for t in made.tables}
    for own, table in zip(file.tables, made.tables, strict=True):
        assert [[c.text for c in r.cells] for r in own.rows] == [
            [plain(c) for c in r] for r in (table.columns, *table.rows)
        ]
    for r in found.results:
        m = r.measure
        if r.lacks:
            lacking = tables[f"{found.set.label} measures that cannot be computed"]
            assert (words.name(m), words.needs(r)) in lacking.rows
            continue
        assert words.name(m) in headings
        quarters = tables[f"{m.name}: by quarter, alone and cumulative"]
        alone = r.of(QUARTER)
        cumulative = {v.period.last: v for v in r.of(CUMULATIVE)}
        assert len(quarters.rows) == len(alone)
        for row, v in zip(quarters.rows, alone, strict=True):
            cells = dict(zip(quarters.columns, row, strict=True))
            assert cells["In the quarter"] == words.shown(v)
            assert cells["Fiscal year to date"] == words.shown(cumulative[v.period.last])
    overview = tables[f"{found.set.label} measures, {words.period(found.periods[0])}"]
    assert "Baseline" in overview.columns
    assert ("Target" in overview.columns) == bool(targets)
    manifest_rows = dict(tables["Manifest"].rows)
    assert manifest_rows["Snapshot"] == store.current().id
    assert manifest_rows["Access"] == "internal"


def test_every_format_of_a_document_says_the_same(simulated: Path, tmp_path: Path) -> None:
    store = Store(simulated)
    found = measures.report("stepping-up", store.current())
    made = print_measures.document(found, store.current(), Settings(), simulated)
    wanted = [n for w in document_words(made) for n in NUMBER.findall(w)]
    for name in output.FORMATS:
        content = print_measures.render(name, found, store.current(), Settings(), simulated)
        assert content == print_measures.render(name, found, store.current(), Settings(), simulated)
        read = NUMBER.findall(read_back(content, name, tmp_path))
        assert {n for n in wanted if wanted.count(n) > read.count(n)} == set(), name


def test_the_page_offers_the_document(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [b.proto.label for b in run(simulated, PAGE, monkeypatch).get("download_button")]
    assert labels == ["CSV", "Excel", *(f.label for f in output.FORMATS.values())]


def test_the_command_writes_the_document(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "measures.docx"
    store = ["--store", str(simulated), "--set", "jmhcp"]
    assert call("measures", *store, "--out", str(out), "--year-starts", "Oct") == 0
    text = "\n".join(p.text for p in docx.Document(str(out)).paragraphs)
    assert "JMHCP: measures" in text and "Fiscal years start in October" in text
    assert call("measures", *store, "--out", str(tmp_path / "no" / "a.docx")) == 2
    assert call("measures", *store, "--out", str(out), "--target", "nothing=1") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all(line.startswith("error: ") for line in lines)


def test_a_source_with_nothing_prints(tmp_path: Path) -> None:
    snapshot = make_snapshot(tmp_path, (40, 40), (4, 4))
    for s in SETS:
        found = measures.report(s.id, snapshot)
        text = "\n".join(
            document_words(print_measures.document(found, snapshot, Settings(), tmp_path))
        )
        assert "What needs other data" in text and "nan" not in text.split()


def test_the_files_hold_every_value(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Store(simulated).current()
    found = measures.report("pmhc", snapshot)
    table = print_measures.rows(found)
    about = manifest(ask(), "internal", snapshot)
    text = files.csv(table, about).decode()
    assert len(list(csv.DictReader(io.StringIO(text)))) == len(found.rows())
    assert files.xlsx(table, about, "Measures", "Words", {})[:2] == b"PK"


def test_the_tables_say_the_report(simulated: Path) -> None:
    found = measures.report("consent-decree", Store(simulated).current())
    year = next(p for p in reversed(found.periods) if p.kind == YEAR)
    table = measure_tables.overview(found, year.id)
    force = next(r for r in found.results if r.measure.id == "force")
    value = next(v for v in force.values if v.period == year)
    row = table[table["Measure"] == "Use of force"].iloc[0]
    assert row["Value"].endswith(f"({value.numerator:,} of {value.denominator:,})")
    assert row["Left out"].startswith(f"{value.not_recorded:,} not recorded")
    disposition = next(r for r in found.results if r.measure.id == "disposition")
    assert len(measure_tables.kinds(disposition, year.id)) > 5
    assert set(measure_tables.places(disposition, year.id, "district").columns) >= {
        "District",
        "Kind",
        "Value",
    }
    assert len(measure_tables.quarters(force)) == 20
