"""Did CIT come?: the headline answer, honest words where calls are missing, figures and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import ingest, mapping, simulate
from data.store import Snapshot, Store
from metrics import response
from metrics.estimate import NotEstimable
from metrics.question import ask
from metrics.response import Response
from metrics.trend import Trend
from metrics.wording import response as words
from pages import PAGES
from pages.parts import response_figures as figures
from pages.parts.palette import CIT, NEUTRAL
from pages.print import response as drawings
from pages.print import response_frames as frames
from tests.pages.app import run, said
from tests.stores import make_snapshot, simulated_store

PAGE = "response"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("came"), 3_000)


@pytest.fixture(scope="module")
def found(store: Path) -> Response:
    result = response.response(ask(), Store(store).current())
    assert result is not None
    return result


def test_the_page_stands_in_the_program_before_the_outcomes() -> None:
    order = [p.script for p in PAGES]
    assert order.index(PAGE) == 1
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Program" and entry.ignores_filters


def test_the_headline_answers_whether_cit_came_when_dispatch_knew(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = simulate.simulate(3_000, seed=3).tables
    calls, units = tables["calls"], tables["call_units"]
    own = calls[
        (calls["crisis_flag_at_dispatch"] == "yes")
        & calls["disposition_of_call"].isin(["police_dispatched", "co_responder"])
    ]
    # In the simulated agency a unit is CIT patrol where its officer is certified, sergeants apart.
    certified = tables["certifications"][
        tables["certifications"]["credential"].isin(["cit_40h", "cit_enhanced"])
    ]
    pairs = units[["call_id", "officer_key", "arrived_at"]].merge(
        certified[["officer_key", "certified_on", "expires_on"]], on="officer_key"
    )
    day = pairs["arrived_at"].dt.normalize()
    valid = (pairs["certified_on"] <= day) & (
        pairs["expires_on"].isna() | (day < pairs["expires_on"])
    )
    came = int(own["call_id"].isin(set(pairs.loc[valid, "call_id"])).sum())
    app = run(store, PAGE, monkeypatch)
    (headline,) = (
        str(m.value) for m in app.markdown if "Did CIT come when dispatch knew?" in str(m.value)
    )
    assert headline.startswith("#### Did CIT come when dispatch knew? A CIT officer came to")
    assert f"{100 * came / len(own):.0f} of 100 calls ({came:,} of {len(own):,};" in headline
    text = said(app)
    for title in (
        "Where none came",
        "How soon",
        "By district and shift",
        "By hour",
        "Over time",
        "Calls without a form",
        "Sent elsewhere",
        "Coding by call takers",
        "What is counted",
    ):
        assert title in text
    assert "from the time the call was received (not from dispatch)" in text
    assert "nan" not in text.split()


def test_a_filter_is_applied_or_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(run(store, PAGE, monkeypatch, {"district": "North", "call_group": "suicide"}))
    north = response.response(ask(where={"district": ["North"]}), Store(store).current())
    assert north is not None
    assert f"({north.came.events:,} of {north.came.n:,};" in text
    assert "Not applied to calls: call group." in text
    nothing = said(run(store, PAGE, monkeypatch, {"from": "2021-01-01", "to": "2021-01-01"}))
    assert "Did CIT come when dispatch knew?" in nothing


def test_seattle_says_that_it_has_no_calls(
    seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = said(run(seattle_store, PAGE, monkeypatch))
    assert "calls.csv" in text and "call_units.csv" in text
    assert "python -m data template --out DIR" in text
    assert "By the form's own flag, a CIT officer arrived: 79% (26,148 of 32,906 forms" in text
    assert "Did CIT come when dispatch knew?" not in text
    assert "How soon" not in text


def test_calls_without_units_say_which_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulation = simulate.simulate(400, seed=3)
    simulate.write(simulation, tmp_path)
    files = [tmp_path / f"{t}.parquet" for t in ("agencies", "contacts", "calls")]
    ingest.load(Store(tmp_path / "store"), files, mapping.read("canonical"), simulated=True)
    text = said(run(tmp_path / "store", PAGE, monkeypatch))
    assert "for none is it recorded who came" in text
    assert "load `call_units.csv`" in text
    assert "By district and shift" not in text
    assert "have no form" in text and "Sent elsewhere" in text


def test_forms_without_flags_name_the_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    text = said(run(tmp_path / "store", PAGE, monkeypatch))
    assert "not recorded. It needs contacts.cit_arrived" in text


def test_places_are_told_apart_and_measured_from_nothing(found: Response) -> None:
    figure, alt = figures.places(found)
    rows = len(found.districts) + len(found.shifts)
    assert len(figure.data) == rows
    assert {t.marker.symbol for t in figure.data} == {CIT.symbol, NEUTRAL.symbol}
    assert tuple(figure.layout.xaxis.range) == (0, 101)
    for trace, level in zip(figure.data, (*found.districts, *found.shifts), strict=True):
        assert trace.x[0] == pytest.approx(100 * level.came.events / level.came.n)
    assert "by district" in alt and "by shift" in alt
    figure, alt = figures.hours(found)
    assert list(figure.data[0].x) == [int(v.id) for v in found.hours if v.id.isdigit()]
    assert "by hour of receipt" in alt


def test_months_mark_what_the_chart_marks(found: Response) -> None:
    figure, alt = figures.months(found.trend)
    line = figure.data[-1]
    assert list(line.x) == [m.first_day for m in found.trend.months]
    assert "CIT came, by month" in alt
    bare = Trend(found.trend.months, NotEstimable("too few calls a month for limits of chance"))
    figure, alt = figures.months(bare)
    assert len(figure.data) == 1
    assert "No chart: too few calls a month for limits of chance." in alt


def test_print_draws_the_same(found: Response) -> None:
    for drawing, words_ in (
        (drawings.places(found), words.levels_alt(found.districts, "by district")),
        (drawings.hours(found), "by hour of receipt"),
        (drawings.months(found.trend), "CIT came, by month"),
    ):
        assert words_ in drawing.alt
        assert drawing.svg.startswith(b"<?xml")
        assert drawing.png(1).startswith(b"\x89PNG")
    svg = drawings.places(found).svg.decode()
    assert svg.count('id="point-') == len(found.districts) + len(found.shifts)
    nothing = drawings.months(Trend((), NotEstimable("no months")))
    assert "no whole month with calls" in nothing.alt


def test_files_hold_the_counts(found: Response) -> None:
    levels = frames.levels(("district", found.districts), ("hour", found.hours))
    for name in ("district", "hour"):
        own = levels[levels["by"] == name]
        assert own["of_calls"].sum() == found.came.n
        assert own["cit_came_calls"].sum() == found.came.events
    assert frames.endings(found)["calls"].sum() == found.total["coded"]
    assert frames.coding(found)["calls"].sum() == found.total["police"]
    assert frames.forms(found.form_months)["of_calls"].sum() == found.without_form.n
    months = frames.months(found.trend)
    assert len(months) == len(found.trend.months)
    assert months["limit_low_share"].notna().sum() == len(found.trend.covered)
    assert len(figures.minutes_table(found)) == len(found.districts) + len(found.shifts)


def test_the_overview_reads_the_calls(found: Response, store: Path) -> None:
    from metrics import overview

    snapshot: Snapshot = Store(store).current()
    tile = overview.tiles(ask(), snapshot)[1]
    assert tile.details[0].endswith("calls coded at dispatch")
    assert any(d.startswith("median ") and d.endswith(" min to arrive") for d in tile.details)
