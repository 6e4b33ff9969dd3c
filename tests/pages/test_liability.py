"""The page *Liability*: what a risk manager asks it, its figure, and honest words where nothing is loaded."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.store import Store
from metrics import proportions
from metrics.estimate import Estimate
from metrics.evaluate import evaluate
from metrics.liability import OUTCOMES, Liability, Row, liability
from metrics.manifest import manifest
from metrics.question import ask
from metrics.result import Arm
from metrics.wording import liability as words
from pages import PAGES
from pages.parts import liability_figures as drawn
from pages.parts.palette import CIT, OTHER
from pages.print import liability as printed
from pages.print.canvas import Stamp
from tests.data.test_outcome_tables import load
from tests.pages.test_states import DASHBOARD
from tests.stores import make_snapshot, simulated_store

PAGE = "liability"
KEY = re.compile(r"\b[0-9a-f]{32}\b")
"""A keyed hash as the store writes it."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("liability_page"), 4_000)


@pytest.fixture(scope="module")
def found(store: Path) -> Liability:
    question, snapshot = ask(), Store(store).current()
    return liability(question, snapshot, evaluate(question.only(*OUTCOMES), snapshot=snapshot))


def opened(monkeypatch: pytest.MonkeyPatch, store: Path) -> AppTest:
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(DASHBOARD, default_timeout=90).run()
    app = app.switch_page(f"pages/{PAGE}.py").run()
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info]
    tables = [t.value.to_string() for t in (*app.table, *app.dataframe)]
    return "\n".join([*(str(p.value) for p in parts), *tables])


def test_it_opens_the_section_of_liability() -> None:
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Liability" and entry.ignores_filters is not None
    scripts = [p.script for p in PAGES]
    assert next(p for p in PAGES if p.section == "Liability") is entry
    assert scripts.index("repeat") < scripts.index(PAGE) < scripts.index("how_sure")


def test_it_says_everything_and_no_key(
    store: Path, found: Liability, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(opened(monkeypatch, store))
    assert words.headline(found) in text
    for row in found.rows:
        assert words.cell(row.cit) in text and words.compared(row) in text
    assert words.events(found.events, True) in text
    assert words.complaints_counted(found.complaints) in text
    assert words.reviewed(found.reviews) in text
    assert "Read a recent period as incomplete" in text
    assert not KEY.search(text)
    assert "nan" not in text.split()


def test_figures_are_the_exact_rates(found: Liability) -> None:
    figure, alt = drawn.rates(found)
    rows = drawn.shown(found)
    sides = [(row, *side) for row in rows for side in drawn.sides(row)]
    assert len(figure.data) == len(sides) == 2 * len(OUTCOMES)
    for trace, (row, rate, mark, _) in zip(figure.data, sides, strict=True):
        exact = proportions.rate_per_1000(rate.events, rate.n)
        assert isinstance(exact, Estimate)
        assert trace.marker.color == mark.color and mark in (CIT, OTHER)
        right = trace.x[0] + trace.error_x.array[0]
        assert right == pytest.approx(exact.high)
        if rate.events:
            assert trace.marker.symbol == mark.symbol
            assert trace.x[0] == exact.estimate
            assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(exact.low)
        else:
            assert trace.marker.symbol == "triangle-left"
        assert words.counted(rate) in alt and words.label(row) in alt
    low, high = drawn.reach(rows)
    assert 0 < low < high
    assert [t.showlegend for t in figure.data].count(True) == 2
    for row in rows:
        assert any(f"{row.cit.n:,}" in text for text in figure.layout.yaxis.ticktext)


def test_nothing_but_zeros_can_be_drawn(found: Liability) -> None:
    none = Arm(500, 0, proportions.wilson(0, 500))
    rows = tuple(Row(replace(r.comparison, cit=none, other=none)) for r in found.rows)
    empty = replace(found, rows=rows)
    figure, alt = drawn.rates(empty)
    assert {t.marker.symbol for t in figure.data} == {"triangle-left"}
    assert "0 (0 to 7.4); 0 of 500" in alt
    assert printed.rates(empty).svg.startswith(b"<?xml")
    assert all(low > 0 for low in drawn.reach(rows))


@pytest.mark.parametrize(("low", "high"), [(0.03, 20.0), (8.0, 26.0), (0.4, 0.9), (1e-3, 1e3)])
def test_the_ticks_are_round_and_few(low: float, high: float) -> None:
    ticks = drawn.ticks(low, high)
    assert 1 <= len(ticks) <= 8
    assert all(low <= t <= high and f"{t:e}"[0] in "125" for t in ticks)


def test_print_and_files_say_the_same(found: Liability, store: Path) -> None:
    drawing = printed.rates(
        found, Stamp("Rates", manifest(ask(), "internal", Store(store).current()))
    )
    assert drawing.alt == words.rates_alt(found)
    assert drawing.svg.count(b'id="point-') == 2 * len(OUTCOMES)
    table = printed.outcomes(found)
    assert len(table) == 2 * len(OUTCOMES)
    for (_, line), rate in zip(
        table.iterrows(), [r for row in found.rows for r in (row.cit, row.other)], strict=True
    ):
        assert (line["events"], line["contacts"]) == (rate.events, rate.n)
        assert line["exact_rate_per_1000"] == rate.per_1000.estimate
    assert len(printed.causes(found.causes, "primary")) == 2 * len(found.causes)
    assert list(printed.events(found.events).columns) == (
        ["day", "what_happened", "district", "review", "legal_hold"] if found.events else []
    )
    assert printed.complaints(found.complaints)["received"][0] == found.complaints.received
    assert printed.reviews(found.reviews)["applications"].sum() == found.reviews.applications


def test_dates_choose_the_events(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(DASHBOARD, default_timeout=90)
    app.query_params["from"], app.query_params["to"] = "2021-01-01", "2021-01-31"
    app = app.run()
    app = app.switch_page(f"pages/{PAGE}.py").run()
    assert not app.exception, app.exception
    text = said(app)
    assert "No critical event is recorded in this period." in text
    assert "A filtered view is exploratory" in text


def test_a_store_of_contacts_only_names_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (400, 400), (40, 40))
    text = said(opened(monkeypatch, tmp_path / "store"))
    for name in ("injuries", "critical_events", "complaints", "claims", "force_events"):
        assert f"`{name}.csv`" in text
    assert "No critical event is recorded" not in text
    assert "100.0 (71.4 to 136.2); 40 of 400" in text


def test_without_groups_the_rest_still_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(
        tmp_path,
        contacts="contact_id,contact_at,force_used;C-1,2024-03-01 10:00,yes",
        critical_events="critical_id,kind,occurred_on;E1,officer_death,2024-03-01",
        complaints="complaint_id,allegation,contact_id,kind;Q1,force,C-1,complaint",
        claims="claim_id,contact_id,line,privileged;L1,C-1,general_liability,no",
    )
    text = said(opened(monkeypatch, tmp_path / "store"))
    assert "contacts.primary_officer_cit" in text
    assert "1 event listed; 0 under legal hold (1 not recorded)" in text
    assert "It needs complaints.received_on" in text
    assert "Complaints: none that may be shown has the day it was received" in text


def test_seattle_says_which_file_would_fill_what(
    seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(opened(monkeypatch, seattle_store))
    for name in ("injuries", "critical_events", "complaints", "claims", "force_events"):
        assert f"load `{name}.csv`" in text
    assert "299 of 14,486" in text and "177 of 11,675" in text
    assert "tactical call-out (contacts.tactical_callout)" in text
    assert "0 of 0" not in text
