"""The page *Documentation*: every section, its figures, and honest words where nothing is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import ingest, mapping
from data.store import Snapshot, Store
from metrics import evaluate
from metrics.documentation import STEPS, Conclusion, Documentation, conclusion, documentation
from metrics.doubt import doubt
from metrics.question import ask
from metrics.wording import documentation as words
from pages import PAGES
from pages.parts import documentation_figures as drawn
from pages.parts import documentation_tables as listed
from pages.parts.palette import CIT, NEUTRAL, OTHER
from pages.print import documentation as printed
from tests.metrics.test_words_random import CAUSAL
from tests.pages.test_states import DASHBOARD
from tests.stores import simulated_store

PAGE = "documentation"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("documentation_page"), 4_000)


@pytest.fixture(scope="module")
def snapshot(store: Path) -> Snapshot:
    return Store(store).current()


@pytest.fixture(scope="module")
def found(snapshot: Snapshot) -> Documentation:
    return documentation(ask(), snapshot)


@pytest.fixture(scope="module")
def concluded(snapshot: Snapshot) -> tuple[Conclusion, ...]:
    question = ask()
    return tuple(
        conclusion(c, doubt(c, question, snapshot), question, snapshot)
        for c in evaluate(question, snapshot=snapshot)
    )


def opened(monkeypatch: pytest.MonkeyPatch, store: Path, **params: str) -> AppTest:
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(DASHBOARD, default_timeout=90)
    for name, value in params.items():
        app.query_params[name] = value
    app = app.run().switch_page(f"pages/{PAGE}.py").run()
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info]
    return "\n".join(str(p.value) for p in parts)


def test_it_stands_under_liability_before_compliance() -> None:
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Liability" and entry.ignores_filters is None
    scripts = [p.script for p in PAGES]
    assert scripts.index("repeat") < scripts.index(PAGE) < scripts.index("compliance")
    assert scripts.index("compliance") < scripts.index("how_sure")


def test_every_section_draws(
    store: Path, found: Documentation, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch, store)
    text = said(app)
    assert words.headline(found) in text
    for expected in (
        "Judged as of",
        "Most documents not in time: ",
        "Field most often left blank: ",
        "this is no ranking",
        "Laney's p' chart",
        "Reviewed by a supervisor",
        "Whether the form says it, never what it says",
        "**Crisis form complete.**",
        "If every one of the",
        "should have one have none",
    ):
        assert expected in text, expected
    assert len(app.get("plotly_chart")) == 3
    assert not app.info
    assert not CAUSAL.search(text)
    assert "nan" not in text.lower().split()


def test_a_document_is_chosen_by_the_link(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(opened(monkeypatch, store, document="force report", document_step="complete"))
    assert "**Force reports by district**" in text
    assert "**Force reports complete, by month**" in text
    assert "**Crisis forms by district**" not in text


def test_seattle_says_which_files_would_fill_it(
    seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch, seattle_store)
    text = said(app)
    asked = " ".join(str(i.value) for i in app.info)
    for file in ("`documents.csv`", "`force_events.csv`", "`holds.csv`"):
        assert file in asked
    assert "Which documents came, and when, is not recorded by this source." in text
    assert "Injury.** Not recorded by this source, so there is nothing to bound." in text
    assert "If every one of the 522 ended in an arrest, and none of the 518" in text
    assert len(app.get("plotly_chart")) == 1  # the bounds alone
    assert not app.table
    assert "nan" not in text.lower().split()


def test_filters_that_leave_nothing_ask_to_widen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "contacts": "agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-06-01 10:00",
        "documents": "agency_id,contact_id,document,required,due_at,submitted_at\n"
        "T,2,crisis_form,yes,2025-06-02 10:00,2025-06-01 12:00",
        "force_events": "agency_id,contact_id,force_id,seq,report_due_at,report_filed_at\n"
        "T,2,F1,1,2025-06-02 10:00,2025-06-01 12:00",
        "holds": "agency_id,contact_id,hold_id,on_prescribed_form\nT,2,H1,yes",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(f"{text}\n")
    ingest.load(
        Store(tmp_path / "store"), sorted(tmp_path.glob("*.csv")), mapping.read("canonical")
    )
    app = opened(monkeypatch, tmp_path / "store", to="2025-01-31")
    assert sum("widen them" in str(i.value) for i in app.info) == 3
    assert not app.get("plotly_chart") and not app.table
    whole = said(opened(monkeypatch, tmp_path / "store"))
    assert "100% (1 of 1) of force reports were in time" in whole


def test_the_figures_draw_the_numbers(
    found: Documentation, concluded: tuple[Conclusion, ...]
) -> None:
    figure, alt = drawn.shares(found, "crisis_form")
    marks = [t for t in figure.data if t.error_x.array is not None]
    (cit,) = (k for k in found.arms[True] if k.document == "crisis_form")
    own = [t.x[0] for t in marks if t.marker.symbol == CIT.symbol]
    assert own == [pytest.approx(100 * (cit.share(s).value or 0)) for s in STEPS]
    assert {t.marker.symbol for t in marks} == {CIT.symbol, OTHER.symbol}
    assert "Crisis forms by group." in alt and "not certified" in alt

    trend = found.trend("crisis_form", "in_time")
    figure, alt = drawn.months(trend, "crisis_form", "in_time")
    (line,) = (t for t in figure.data if t.mode == "lines+markers")
    assert list(line.y) == [None if m.rate is None else m.rate * 1000 for m in trend.months]
    assert figure.layout.yaxis.title.text == "of 1,000 crisis forms"
    assert "contacts" not in alt and "Crisis forms in time by month" in alt

    figure, alt = drawn.bounds(concluded)
    bars = [t for t in figure.data if t.mode == "lines"]
    assert len(bars) == len(drawn.bounded(concluded)) == 4
    low, high = figure.layout.xaxis.range
    for bar, c in zip(bars, concluded, strict=True):
        span = c.doubt.bounds.difference
        assert list(bar.x) == [pytest.approx(span.low * 1000), pytest.approx(span.high * 1000)]
        assert low < bar.x[0] < bar.x[1] < high
        crude = c.comparison.unadjusted.risk_difference
        assert span.low <= crude.low and crude.high <= span.high
    shapes = {t.marker.symbol for t in figure.data if t.mode == "markers"}
    assert shapes == {CIT.symbol, NEUTRAL.symbol}  # told apart without colour
    assert "whatever was not recorded" in alt


def test_the_tables_hold_the_same_numbers(
    found: Documentation, concluded: tuple[Conclusion, ...]
) -> None:
    assert len(listed.kinds(found)) == len(printed.kinds(found)) == len(found.kinds)
    typed = printed.kinds(found).iloc[0]
    assert typed["in_time_documents"] == found.kinds[0].n_in_time
    assert typed["in_time_share"] == pytest.approx(found.kinds[0].in_time.value)
    assert printed.by_arm(found)["owed"].sum() == sum(k.owed for k in found.kinds)
    assert printed.by_district(found)["owed"].sum() == sum(k.owed for k in found.kinds)
    assert len(listed.by_arm(found, "crisis_form")) == 4
    assert len(listed.elements(found)) == 5
    assert printed.elements(found)["yes"].sum() == sum(
        e.yes for own in found.elements.values() for e in own
    )
    reports = printed.reports(found)
    assert reports["reports"].iloc[0] == found.reports["all"].n
    assert len(listed.reports(found)) == 6 + len(found.reports["all"].findings)
    months = printed.month_rows(found.trend("crisis_form", "came"), "crisis_form", "came")
    assert months["documents"].sum() == found.kinds[0].n_came
    blanks = printed.blanks(found, "crisis_form")
    assert blanks["left_blank"].sum() == sum(b.both.events for b in found.blanks["crisis_form"])
    assert len(listed.bounds(concluded)) == len(printed.conclusions(concluded)) == 4
    assert set(printed.conclusions(concluded)["stands_at_both"]) <= {"yes", "no", "cannot be said"}


def test_the_printed_figures(found: Documentation, concluded: tuple[Conclusion, ...]) -> None:
    trend = found.trend("crisis_form", "in_time")
    for draw in (
        lambda: printed.shares(found, "crisis_form"),
        lambda: printed.months(trend, "crisis_form", "in_time"),
        lambda: printed.bounds(concluded),
    ):
        drawing = draw()
        assert drawing.svg.startswith(b"<?xml") and drawing.alt
        assert drawing.svg == draw().svg


def test_no_key_of_anyone_is_shown(
    found: Documentation, concluded: tuple[Conclusion, ...], snapshot: Snapshot
) -> None:
    rows = (
        snapshot.cursor()
        .execute("SELECT contact_id, person_key FROM contacts LIMIT 300")
        .fetchall()
    )
    shown = repr(found) + repr(printed.conclusions(concluded).to_dict())
    assert not any(key in shown for row in rows for key in row if key)
