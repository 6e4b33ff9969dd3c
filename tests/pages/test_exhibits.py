"""Subgroups, plans and published figures on real stores: words, figures, and states without numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.store import Store
from metrics import planning, wording
from metrics.estimate import Estimate, NotEstimable
from metrics.funnel import funnel_of
from metrics.planning import Own
from metrics.question import ask
from metrics.subgroups import Subgroups, subgroups
from metrics.wording import exhibits
from pages import PAGES
from pages.parts import choose, exhibit_figures, exhibit_tables, lines
from pages.parts.palette import CIT, NEUTRAL, OTHER
from tests.metrics.test_words_random import CAUSAL, NO_NUMBER
from tests.pages.app import run, said
from tests.stores import make_snapshot, simulated_store

EXHIBITS = ("subgroups", "plan", "numbers_told")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("exhibits"), 6_000)


@pytest.fixture(scope="module")
def found(store: Path) -> Subgroups:
    return subgroups(ask(["arrest"]), "arrest", Store(store).current())


def choice(app: AppTest, key: str) -> Any:
    return next(c for c in app.get("button_group") if c.key == key)


def test_they_stand_in_the_menu_before_what_explains_them() -> None:
    scripts = [p.script for p in PAGES if p.section == "Evidence"]
    assert scripts[-3:] == ["data_quality", "methods", "dictionary"]
    assert set(EXHIBITS) <= set(scripts[:-3])


def test_subgroups_of_a_large_agency(monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    app = run(store, "subgroups", monkeypatch)
    text = said(app)
    assert "splits tested" in text
    assert "Exploratory" in text
    assert "not a judgement" in text
    assert "In no level" in text
    assert not CAUSAL.search(text.replace("because", "")), CAUSAL.search(text)
    charts = app.get("plotly_chart")
    assert len(charts) == 2
    assert all(len(chart.proto.alt) > 100 for chart in charts)
    assert len(app.get("expander")) == 9


def test_subgroups_of_another_outcome(monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    app = run(store, "subgroups", monkeypatch)
    before = said(app)
    assert before.count("Use of force") > 0
    choice(app, "subgroup_outcome").set_value("arrest").run()
    assert not app.exception
    assert "Arrest:" in said(app)


def test_a_plan_answers_before_it_explains(monkeypatch: pytest.MonkeyPatch, store: Path) -> None:
    app = run(store, "plan", monkeypatch)
    text = said(app)
    answer, basis = text.index("Use of force: a difference of"), text.index("From this agency")
    assert answer < basis
    size = app.number_input[0]
    assert size.value >= 0.5
    size.set_value(900.0).run()
    assert not app.exception
    assert "there is no room for 900.0 fewer" in said(app)


def test_a_plan_looks_for_more_where_more_is_better(
    monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    app = run(store, "plan", monkeypatch)
    choice(app, "plan_outcome").set_value("voluntary care").run()
    assert "more per 1,000" in said(app)
    choice(app, "plan_way_voluntary_care").set_value("fewer").run()
    assert "fewer per 1,000" in said(app)
    assert not app.exception


def test_published_figures_have_the_own_beside(
    monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    text = said(run(store, "numbers_told", monkeypatch))
    assert "Psychiatric Services 65:523" in text
    assert "**Here**: Use of force in" in text
    assert "Definitions differ" in text
    assert "a CIT officer came to" in text


def test_where_there_is_one_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_snapshot(tmp_path, (400, 0), (20, 0))
    text = said(run(tmp_path / "store", "subgroups", monkeypatch))
    assert "splits tested" not in text
    assert "All districts together" in text or "Both districts" in text
    text = said(run(tmp_path / "store", "plan", monkeypatch))
    assert "No plan: one group has no contacts" in text


def test_where_the_headline_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    app = run(tmp_path / "store", "subgroups", monkeypatch)
    assert "nothing to split" in said(app)
    app.session_state["view"] = "compare"
    app.run()
    text = said(app)
    assert "No difference is estimated for all contacts together (" in text
    assert "District by district" in text
    assert "nan" not in text.split()
    assert not app.exception


def test_what_is_not_recorded_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    app = run(tmp_path / "store", "subgroups", monkeypatch)
    choice(app, "subgroup_outcome").set_value("arrest").run()
    assert "not recorded by this source" in said(app).lower()
    app = run(tmp_path / "store", "plan", monkeypatch)
    choice(app, "plan_outcome").set_value("arrest").run()
    assert "contacts.custody" in said(app)
    assert not app.exception


def test_primary_outcomes_come_first() -> None:
    class Recorded:
        def records_outcome(self, id_: str) -> bool:
            return id_ in ("arrest", "referral")

    assert choose.outcomes(Recorded()) == (  # type: ignore[arg-type]
        "force",
        "injury",
        "arrest",
        "voluntary_care",
        "referral",
    )


def colours(figure: Any) -> set[str]:
    text = json.dumps(figure.to_plotly_json(), default=str)
    return {c for c in (CIT.color, OTHER.color, NEUTRAL.color) if c in text} | {
        c for c in ("red", "green", "#f00", "#0f0") if f'"{c}"' in text
    }


def test_the_forest_draws_every_level_once_in_one_colour(found: Subgroups) -> None:
    figure, alt = exhibit_figures.forest(found)
    shown = [
        v for s in found.subgroups for v in s.levels if isinstance(v.risk_difference, Estimate)
    ]
    points = [t for t in figure.data if t.marker.symbol in (CIT.symbol, NEUTRAL.symbol)]
    assert len(points) == len(shown) + 1
    assert {t.marker.color for t in points[1:]} == {NEUTRAL.color}
    assert colours(figure) == {CIT.color, NEUTRAL.color}
    for level in shown:
        assert f"{level.label} {wording.difference(level.risk_difference, 1)}" in alt
    assert not NO_NUMBER.search(alt)


def test_a_wide_interval_is_cut_and_shown_to_go_on() -> None:
    values = [Estimate(0.0, -0.01, 0.01)] * 5 + [Estimate(0.02, -0.5, 0.5)]
    low, high = lines.reach(values)
    assert -0.03 < low < -0.01
    assert 0.02 < high < 0.03
    assert lines.reach([])[0] < 0 < lines.reach([])[1]
    one_low, one_high = lines.reach([Estimate(0.3, 0.1, 0.5)])
    assert one_low < 0
    assert one_high > 0.5


def test_tables_of_splits(found: Subgroups) -> None:
    tests = exhibit_tables.tests(found)
    assert list(tests["Split by"]) == [s.label for s in found.subgroups]
    assert not tests["p"].str.contains("p").any()
    for subgroup in found.subgroups:
        levels = exhibit_tables.levels(subgroup, found.exposure)
        assert list(levels[subgroup.label]) == [v.label for v in subgroup.levels]


def test_the_funnel_marks_by_shape_and_not_by_colour() -> None:
    spread = funnel_of(["North", "South", "West"], [50, 10, 30], [1000, 1000, 1000])
    assert not isinstance(spread, NotEstimable)
    figure, alt = exhibit_figures.funnel(spread, "force", "districts")
    points = figure.data[-1]
    assert list(points.marker.symbol) == ["diamond-open", "diamond-open", "circle"]
    assert list(points.text) == ["North", "South", "West"]
    assert colours(figure) == {CIT.color, NEUTRAL.color}
    assert "North 50 per 1,000 of 1,000" in alt
    table = exhibit_tables.funnel(spread, "District")
    assert list(table["District"]) == ["North", "South", "West"]
    assert list(table["Place"])[2] == "within the limits"


def own(**changes: Any) -> Own:
    base: dict[str, Any] = {
        "rate_cit": 0.018,
        "rate_other": 0.02,
        "events_other": 200,
        "icc": 0.01,
        "officers_cit": 80.0,
        "officers_other": 120.0,
        "volume": 500.0,
        "share": 0.4,
        "months": 12,
        "on_hand": (4000, 6000),
    }
    return Own(**{**base, **changes})


@pytest.mark.parametrize(
    ("changes", "difference", "text"),
    [
        ({}, -0.008, "What would help most"),
        ({"icc": 0.2}, -0.005, "more officers in both groups"),
        ({"icc": 0.0}, -0.008, "hardly more alike"),
        ({"officers_cit": float("inf"), "officers_other": float("inf"), "icc": 0.0}, -0.008, "Officer numbers"),
        ({"icc": 0.03, "volume": 3000.0}, -0.012, "more officers in the group with CIT"),
    ],
)  # fmt: skip
def test_what_would_help(changes: dict[str, Any], difference: float, text: str) -> None:
    found = planning.plan_for(own(**changes), "force", difference)
    help_ = exhibits.plan_help(found)
    assert help_ is not None
    assert text in help_, help_
    assert not CAUSAL.search(help_)
    assert not NO_NUMBER.search(help_)


def test_what_would_help_is_the_larger_gain() -> None:
    """The words follow the model: half as many officers again against half as many contacts again."""
    for icc in (0.002, 0.01, 0.03, 0.06):
        base = own(icc=icc, volume=3000.0)
        found = planning.plan_for(base, "force", -0.012)
        if isinstance(found.afresh, NotEstimable):
            continue
        kwargs = {
            "officers_cit": base.officers_cit * 1.2,
            "officers_other": base.officers_other * 1.2,
        }
        officers = planning.needed(own(icc=icc, volume=3000.0, **kwargs), -0.012)
        contacts = planning.needed(own(icc=icc, volume=3600.0), -0.012)
        if isinstance(officers, NotEstimable) or isinstance(contacts, NotEstimable):
            continue
        deff = max(found.afresh.deff_cit, found.afresh.deff_other)
        if deff > 3:
            assert officers.months <= contacts.months
        elif deff < 1.5:
            assert contacts.months <= officers.months


def test_a_plan_without_a_rate_has_no_curve() -> None:
    found = planning.plan_for(own(rate_other=0.0, events_other=0), "force", -0.005)
    assert not exhibit_figures.has_curve(found)
    assert "no contact of the other group" in exhibits.no_curve(found)
    assert exhibits.plan_help(found) is None
    assert "0 of 1,000" in exhibits.plan_basis(found.own)


@pytest.mark.parametrize("difference", [-0.002, -0.012, 0.012])
def test_the_curve(difference: float) -> None:
    found = planning.plan_for(own(), "force", difference)
    figure, alt = exhibit_figures.curve(found)
    assert colours(figure) == {CIT.color, NEUTRAL.color}
    table = exhibit_tables.curve(found)
    assert len(table) == len(planning.HORIZON)
    numbers = [v for v in table.iloc[:, 2] if v != "too few events"]
    assert len(numbers) == len(figure.data[0].x)
    assert "months from a fresh start" in alt
