"""Are we covered? and Whom to train next: figures and words of a simulated agency, and honest without one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from data.store import Store
from metrics import duty, planner
from metrics.duty_grid import months_of
from metrics.manifest import manifest
from metrics.question import ask
from pages import PAGES
from pages.parts import duty_figures
from pages.print import duty as printed
from pages.print.canvas import Stamp
from tests.pages.app import run, said
from tests.stores import simulated_store

SCRIPTS = ("covered", "train_next")
KEY = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("covered"), 4_000)


def test_the_pages_stand_in_the_program_section() -> None:
    order = [p.script for p in PAGES]
    assert order.index("overview") < order.index("covered") < order.index("force")
    entries = {p.script: p for p in PAGES}
    for script in SCRIPTS:
        assert entries[script].section == "Program" and entries[script].ignores_filters


def test_coverage_is_said_with_its_gaps(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(simulated, "covered", monkeypatch)
    words = said(app)
    assert "of 365 days every district and shift had a CIT officer on patrol." in words
    assert "Published roster, 1 Jan - 11 Feb 2026" in words
    assert "known as a crisis at dispatch came in a district and shift without" in words
    assert "designated to serve" in words and "no share makes coverage sure" in words
    assert "nan" not in words.lower().split() and not KEY.search(words)
    assert not any(KEY.search(table.value.to_string()) for table in [*app.table, *app.dataframe])


def test_the_plan_answers_by_squad_and_follows_its_inputs(
    simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = run(simulated, "train_next", monkeypatch)
    words = said(app)
    assert "Certify " in words and "(closes " in words
    assert "Planned on the published roster" in words and "No fewer would do (proven)." in words
    assert not KEY.search(words)
    assert not any(KEY.search(table.value.to_string()) for table in [*app.table, *app.dataframe])
    app.button_group(key="train_roster").set_value("last year again")
    app.number_input(key="train_seats").set_value(1)
    app.toggle(key="train_renew").set_value(True)
    words = said(app.run())
    assert not app.exception
    assert "repeats" in words
    assert "A class of 1 covers" in words


def test_without_a_roster_the_pages_name_the_files(
    seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = said(run(seattle_store, "covered", monkeypatch))
    assert "load `rosters.csv` and `certifications.csv`" in words and "0 of" not in words
    words = said(run(seattle_store, "train_next", monkeypatch))
    assert "`rosters.csv`, `officers.csv`, `assignments.csv` and `certifications.csv`" in words


def test_the_figures_show_each_open_day_without_colour(simulated: Path) -> None:
    found = duty.duty(Store(simulated).current(), ask())
    assert isinstance(found, duty.Duty)
    figure, alt = duty_figures.days(found)
    heat, crosses = figure.data
    assert len(crosses.x) == int(found.grid.open.sum()) and crosses.marker.symbol == "x-thin"
    assert heat.z.shape == (len(found.posts), 365)
    figure, _ = duty_figures.months(found)
    by = months_of(found.grid)
    assert (figure.data[0].text == np.where(by.counted > 0, by.open.astype(str), "–")).all()
    assert all(f"{line.covered.events:,} of 365" in alt for line in found.posts)
    assert len(printed.day_rows(found)) == found.cells.n
    assert printed.month_rows(found)["days_without_cit"].sum() == found.grid.open.sum()
    assert len(printed.gap_rows(found.gaps)) == len(duty_figures.gaps(found.gaps))
    assert len(printed.post_rows(found)) == len(duty_figures.posts(found)) == len(found.posts)


def test_the_figures_print(simulated: Path) -> None:
    snapshot = Store(simulated).current()
    found, plan = duty.duty(snapshot, ask()), planner.plan(snapshot)
    assert isinstance(found, duty.Duty) and isinstance(plan, planner.Plan)
    stamp = Stamp("Coverage", manifest(ask(), "internal", snapshot))
    for drawing in (
        printed.months(found, stamp=stamp),
        printed.days(found, stamp=stamp),
        printed.curve(plan, stamp=stamp),
    ):
        assert drawing.svg.startswith(b"<?xml") and drawing.alt.split()[0] in drawing.svg.decode()
    figure, _ = duty_figures.curve(plan)
    best = figure.data[1]
    assert list(best.y) == sorted(best.y) and best.y[-1] == plan.closed
    assert duty_figures.groups(plan)["Certify"].sum() == plan.officers
    assert len(printed.group_rows(plan)) == len(plan.groups)
    assert len(printed.curve_rows(plan)) == len(duty_figures.points(plan)) == len(plan.curve)
