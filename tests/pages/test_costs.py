"""Cost scenarios: the page, its costs kept and restored, and honest words where little is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data import costs as cost_sets
from data import ingest, mapping
from data.registry import cost_item
from data.store import Store
from metrics import costs
from metrics.costs import Scenario
from metrics.question import ask
from metrics.wording import costs as words
from pages import PAGES
from pages.parts import cost_figures, cost_inputs
from pages.print import costs as printed
from tests.conftest import HERE
from tests.stores import make_snapshot, simulated_store

PAGE = "costs"


def run(store: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(str(HERE.parent / "dashboard.py"), default_timeout=60).run()
    return fine(app.switch_page(f"pages/{PAGE}.py").run())


def fine(app: AppTest) -> AppTest:
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info, *app.success]
    return "\n".join(str(p.value) for p in parts)


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    return simulated_store(tmp_path, 9_000)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    store = Store(simulated_store(tmp_path_factory.mktemp("costs"), 9_000))
    return costs.scenario(costs.basis(ask(), store.current()), cost_sets.defaults())


def test_the_page_stands_with_liability_after_the_claims() -> None:
    order = [p.script for p in PAGES]
    assert order.index("claims") < order.index(PAGE) < order.index("documentation")
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Liability" and entry.ignores_filters is None


def test_the_page_says_if_real_who_pays_and_what_is_missing(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, monkeypatch)
    text = said(app)
    assert "*If the difference is real*, a contact with CIT goes with" in text
    assert "El-Mallakh 2014" in text and "Who pays" in text
    assert "independently of each other" in text and "No inflation" in text
    assert "No cost of added care is in it" in text
    assert "nan" not in text.split()
    # Two dollar signs would be read as a formula.
    for element in [*app.markdown, *app.caption]:
        assert "$" not in str(element.value).replace(r"\$", ""), element.value
    for table in app.table:
        cells = "\n".join(str(v) for v in [*table.value.columns, *table.value.to_numpy().ravel()])
        assert "$" not in cells.replace(r"\$", "")


def test_costs_are_kept_and_restored(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(simulated, monkeypatch)
    app.text_input(key="cost_name_as shipped").set_value("ours")
    fine(app.button(key="cost_save").click().run())
    assert app.selectbox(key="cost_set").value == "ours"
    assert "Saved as ours" in said(app)
    (first,) = cost_sets.history(simulated, "ours")
    changed = tuple(
        replace(c, likely=150.0) if c.item == "jail_day" else c for c in cost_sets.defaults()
    )
    cost_sets.save(simulated, "ours", changed)
    fine(app.run())
    assert [c.likely for c in app.session_state["cost_rows"] if c.item == "jail_day"] == [150.0]
    app.selectbox(key="cost_version_ours").set_value(first)
    fine(app.button(key="cost_restore").click().run())
    assert len(cost_sets.history(simulated, "ours")) == 3
    assert [c.likely for c in app.session_state["cost_rows"] if c.item == "jail_day"] == [105.0]
    assert cost_sets.load(simulated, "ours") == cost_sets.defaults()
    # The store's contacts have nothing to do with it.
    assert Store(simulated).current_id() is not None


def test_a_bad_name_and_a_store_that_cannot_be_written_to_are_said(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (simulated / "costs").write_text("in the way")
    app = run(simulated, monkeypatch)
    app.text_input(key="cost_name_as shipped").set_value("Our Costs!")
    fine(app.button(key="cost_save").click().run())
    assert "a name is up to 40" in app.error[0].value
    app.text_input(key="cost_name_as shipped").set_value("ours")
    fine(app.button(key="cost_save").click().run())
    assert "cannot be written to" in app.error[0].value
    assert "*If the difference is real*" in said(app)


def test_switches_change_the_result(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(simulated, monkeypatch)
    fine(app.toggle(key="cost_together").set_value(True).run())
    assert "drawn at the same end together" in said(app)
    fine(app.toggle(key="cost_marginal").set_value(True).run())
    assert "has a marginal cost" in said(app) and "Only marginal costs are in it" in said(app)


def test_too_few_to_say_still_lets_costs_be_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    app = run(tmp_path / "store", monkeypatch)
    assert words.NO_TOTAL in said(app) and "Too few to say" in said(app)
    assert "not recorded by this source" in said(app).lower()
    assert app.button(key="cost_save").disabled is False
    assert "Who pays" not in [s.value for s in app.subheader]


def test_a_source_without_groups_names_the_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-02-01 11:00\n")
    ingest.load(Store(tmp_path / "store"), [file], mapping.read("canonical"))
    app = run(tmp_path / "store", monkeypatch)
    assert "contacts.primary_officer_cit" in said(app)
    assert app.selectbox(key="cost_set").value == cost_inputs.SHIPPED


def test_seattle_says_what_it_lacks(seattle_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(run(seattle_store, monkeypatch))
    assert "Training is not counted: no certificate is recorded" in text
    assert "`officer_minutes` in `contacts.csv`" in text
    assert "No cost of training or of added care is in it" in text


def test_a_table_row_becomes_the_cost_it_was() -> None:
    for quantity in (False, True):
        rows = [c for c in cost_sets.defaults() if cost_item(c.item).quantity is quantity]
        table = cost_inputs.frame(rows, quantity)
        assert ("payer" in table) is not quantity
        for cost, row in zip(rows, table.to_dict("records"), strict=True):
            assert cost_inputs.read_row(cost, row) == cost


def test_figures_have_words_and_print(found: Scenario) -> None:
    figure, alt = cost_figures.payers(found)
    assert len(figure.data) == len(found.payers) + 1
    assert "if the difference is real" in alt and "City" in alt
    assert figure.data[-1].marker.pattern.shape == "/"  # told apart without colour
    assert b"<svg" in printed.payers(found).svg
    figure, alt = cost_figures.swings(found)
    assert len(figure.data[0].x) == min(len(found.swings), printed.MOST_SWINGS)
    drawing = printed.swings(found)
    assert b"<svg" in drawing.svg and drawing.alt == alt


def test_tables_are_typed_and_say_why(found: Scenario) -> None:
    parts = printed.part_rows(found)
    assert len(parts) == len(costs.FLOWS)
    for row in parts.itertuples(index=False):
        assert (row.state == costs.COUNTED) == (row.usd_per_contact_median is not None)
        assert (row.reason is None) == (row.state == costs.COUNTED)
    payers = printed.payer_rows(found)
    assert list(payers["payer"])[-1] == "all_together"
    assert payers["usd_per_contact_mean"][:-1].sum() == pytest.approx(
        payers["usd_per_contact_mean"].iloc[-1]
    )
    assert set(payers["scenario_sha256"]) == {found.digest}
    assert len(printed.swing_rows(found)) == len(found.swings)
    table: Any = cost_figures.part_table(found)
    assert table.iloc[:, 2].str.contains("not estimable: no cost entered").any()


def test_a_file_brought_is_in_the_table_and_the_result(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, monkeypatch)
    content = cost_sets.to_csv(
        (
            replace(
                next(c for c in cost_sets.defaults() if c.item == "clinician_hour"),
                low=60.0,
                likely=80.0,
                high=120.0,
                source_text="agency",
            ),
        ),
        "x",
    )
    fine(app.file_uploader(key="cost_file").set_value(("own.csv", content, "text/csv")).run())
    assert "No cost of added care is in it" not in said(app)
    assert "The file's rows are in the table now" in said(app)
    bad = content.replace(b"clinician_hour", b"clinician_week")
    fine(app.file_uploader(key="cost_file").set_value(("bad.csv", bad, "text/csv")).run())
    assert app.error[0].value.startswith("bad.csv: row 2: there is no cost item")


def test_a_source_is_shown_as_it_was_typed() -> None:
    rows = tuple(
        replace(c, source_text="![x](http://h/i.png) $1 *b*") for c in cost_sets.defaults()[:1]
    )
    assert cost_inputs.sources(rows)["Source"].iloc[0] == r"\!\[x\](http\://h/i.png) \$1 \*b\*"
