"""The page of the funder and oversight measures: five sets, what is needed, periods and targets."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.registry.measures import SETS
from data.store import Store
from metrics import measures
from metrics.fiscal import YEAR
from metrics.manifest import manifest
from metrics.question import ask
from pages import PAGES
from pages.parts import measure_tables
from pages.print import files
from tests.conftest import HERE
from tests.stores import make_snapshot, simulated_store

PAGE = "measures"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("measures"), 3_000)


def run(store: Path, monkeypatch: pytest.MonkeyPatch, **asked: str) -> AppTest:
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(str(HERE.parent / "dashboard.py"), default_timeout=60).run()
    app = app.switch_page(f"pages/{PAGE}.py").run()
    for key, value in asked.items():
        kinds = [*app.get("button_group"), *app.selectbox, *app.text_input]
        widget = next(w for w in kinds if w.key == key)
        app = widget.set_value(value).run()
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.error]
    return "\n".join(str(p.value) for p in parts)


def cells(app: AppTest) -> str:
    return "\n".join(t.value.to_csv(index=False) for t in [*app.table, *app.dataframe])


def test_the_page_stands_in_the_evidence_before_data_quality() -> None:
    order = [p.script for p in PAGES]
    assert order.index(PAGE) < order.index("data_quality")
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Evidence" and entry.ignores_filters


@pytest.mark.parametrize("set_", [s.id for s in SETS])
def test_every_set_is_shown_with_its_edition(
    set_: str, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, monkeypatch, **({"set": set_} if set_ != "jmhcp" else {}))
    words, shown = said(app), cells(app)
    chosen = measures.measure_set(set_)
    assert chosen.edition in words and "Check your award" in words
    assert "Baseline" in words and "For internal use" in words
    found = measures.report(set_, Store(simulated).current())
    for r in found.results:
        assert r.measure.name in shown.replace('"', "")
    if set_ == "stepping-up":
        assert "needs jail data: bookings.booked_at, bookings.smi_screen" in shown
    assert "nan" not in words.split()


def test_a_source_with_little_says_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    shown = cells(run(tmp_path / "store", monkeypatch))
    assert "people cannot be unduplicated: needs contacts.person_key" in shown
    assert "needs certifications.certified_on" in shown


def test_targets_are_the_agencys_own(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Target" not in cells(run(simulated, monkeypatch))
    app = run(simulated, monkeypatch, targets_jmhcp="referred=40%, screened=900")
    assert "40.0%" in cells(app) and "900" in cells(app)
    wrong = run(simulated, monkeypatch, targets_jmhcp="referred=often")
    assert "is not a number" in said(wrong)


def test_the_fiscal_year_may_start_in_any_month(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, monkeypatch, year_starts="October")
    assert "FY2025: 2024-10-01 to 2025-09-30" in said(app)
    assert "named by the calendar year in which it ends" in said(app)
    assert "FY2025 Q4" in cells(app)


def test_the_files_hold_every_value(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = Store(simulated).current()
    found = measures.report("pmhc", snapshot)
    table = measure_tables.frame(found)
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
    assert row["Not recorded"] == f"{value.not_recorded:,}"
    disposition = next(r for r in found.results if r.measure.id == "disposition")
    assert len(measure_tables.kinds(disposition, year.id)) > 5
    assert set(measure_tables.places(disposition, year.id, "district").columns) >= {
        "District",
        "Kind",
        "Value",
    }
    assert len(measure_tables.quarters(force)) == 20
