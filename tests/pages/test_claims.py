"""The page *Claims*: what it costs so far, every table, the privilege, and stores without claims."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.roles import Role
from data.store import Store
from metrics.claims import LIABILITY, Claims, claims
from metrics.question import ask
from metrics.triangle import MEASURES, Triangle
from metrics.wording import claims as words
from pages import PAGES
from pages.parts import claims_figures as drawn
from pages.parts import person
from pages.parts.identity import Person
from pages.print import claims as printed
from tests.data.test_outcome_tables import load, numbered
from tests.metrics.test_claims import BOOK, FIRST, book
from tests.metrics.test_words_random import CAUSAL
from tests.pages.test_states import DASHBOARD
from tests.stores import simulated_store

PAGE = "claims"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("claims_page"), 12_000)


@pytest.fixture(scope="module")
def found(store: Path) -> Claims:
    return claims(Store(store).current(), ask())


def opened(
    monkeypatch: pytest.MonkeyPatch, store: Path, role: Role = Role.RESEARCHER, **asked: str
) -> AppTest:
    monkeypatch.setattr(person, "_local", lambda settings: Person("somebody", role))
    monkeypatch.setenv("CIT_STORE", str(store))
    app = AppTest.from_file(DASHBOARD, default_timeout=90)
    for key, value in asked.items():
        app.query_params[key] = value
    app = app.run().switch_page(f"pages/{PAGE}.py").run()
    assert not app.exception, app.exception
    return app


def said(app: AppTest) -> str:
    parts = [*app.title, *app.subheader, *app.markdown, *app.caption, *app.info]
    return "\n".join(str(p.value) for p in parts)


def test_attorneys_see_what_is_privileged(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = claims(Store(store).current(), ask(), None, Role.ATTORNEY)
    text = said(opened(monkeypatch, store, Role.ATTORNEY)).replace("\\$", "$")
    assert words.headline(whole) in text and words.PRIVILEGED_SHOWN in text


def test_it_stands_under_liability_and_says_what_it_ignores() -> None:
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Liability" and entry.ignores_filters is not None
    scripts = [p.script for p in PAGES]
    assert scripts.index("repeat") < scripts.index(PAGE) < scripts.index("how_sure")


def test_what_have_claims_cost_so_far(
    store: Path, found: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch, store)
    text = said(app).replace("\\$", "$")
    assert words.headline(found) in text
    assert words.runs(found) in text
    for expected in (
        "No IBNR is included",
        "not credible for projection",
        "left out of everything on this page",
        "can be linked to a contact",
        "The retention is the agency's own share",
        "is compared on the page Liability",
    ):
        assert expected in text, expected
    assert not CAUSAL.search(text)
    assert "nan" not in text.lower().split()
    assert len(app.get("plotly_chart")) == 2


def test_no_dollar_is_taken_for_a_formula(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, store)
    for part in [*app.markdown, *app.caption]:
        bare = str(part.value).replace("\\$", "")
        assert bare.count("$") < 2, part.value
    for table in app.table:
        assert not table.value.map(lambda cell: str(cell).count("$") > 1).any(axis=None)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_triangle(store: Path, monkeypatch: pytest.MonkeyPatch, measure: str) -> None:
    app = opened(monkeypatch, store, claims_triangle=measure)
    tables = [frame.value for frame in [*app.dataframe, *app.table]]
    (grid,) = (t for t in tables if "12 months" in t.columns)
    assert grid["12 months"].iloc[0].startswith("$") == (measure in ("incurred", "paid"))


def test_another_line_of_cover(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, store, claims_line="workers compensation")
    other = claims(Store(store).current(), ask(), "workers_compensation")
    assert words.headline(other) in said(app).replace("\\$", "$")


def test_nothing_privileged_is_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book(tmp_path)
    app = opened(monkeypatch, tmp_path / "store")
    text = said(app) + "".join(t.value.to_csv() for t in [*app.table, *app.dataframe])
    assert "rongful death" not in text
    assert "4 claims under law enforcement liability" in text
    assert not any(number in text for number in ("90,000", "80,000", "70,000", "990,000"))
    # How many were left out is not told.
    assert "7 claims" not in text and "3 claims" not in text


def test_never_marked_names_the_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unmarked = "\n".join(
        line.rpartition(",")[0] + "," if i else line for i, line in enumerate(BOOK.split(";"))
    )
    load(tmp_path, contacts=numbered(9), claims=unmarked, claim_valuations=FIRST)
    app = opened(monkeypatch, tmp_path / "store")
    assert any("Fill the column `privileged`" in str(i.value) for i in app.info)
    assert not app.get("plotly_chart") and not app.table and not app.dataframe


def test_claims_that_are_all_privileged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tmp_path, contacts=numbered(9), claims=BOOK.replace(",no", ",yes"))
    app = opened(monkeypatch, tmp_path / "store")
    assert any("No claim is marked as not privileged" in str(i.value) for i in app.info)
    assert not app.table


def test_claims_without_loss_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load(tmp_path, contacts=numbered(9), claims=BOOK)
    app = opened(monkeypatch, tmp_path / "store")
    assert any("`claim_valuations.csv`" in str(i.value) for i in app.info)
    assert not app.get("plotly_chart")
    assert "$" not in said(app)


def test_a_table_without_loss_runs_has_no_dollars(tmp_path: Path) -> None:
    _, store = load(tmp_path, contacts=numbered(9), claims=BOOK)
    shown = claims(store.current(), ask())
    assert "Incurred" not in drawn.groups(shown.causes, "Claimed for", valued=False)


def test_seattle_says_which_files_would_fill_it(
    seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch, seattle_store)
    assert any("`claims.csv` and `claim_valuations.csv`" in str(i.value) for i in app.info)
    assert not app.table and not app.get("plotly_chart")


def test_the_figures_draw_the_triangle(found: Claims) -> None:
    grown = found.triangle
    assert isinstance(grown, Triangle)
    for measure in ("incurred", "paid"):
        figure, alt = drawn.growth(grown, measure)
        assert [t.name for t in figure.data] == [str(y) for y in grown.years]
        for trace, row in zip(figure.data, grown.rows(measure), strict=True):
            assert list(trace.y) == [v for v in row if v is not None]
            assert trace.text[-1].strip() == trace.name
        looks = {(t.marker.symbol, t.line.dash) for t in figure.data}
        assert len(looks) == min(len(grown.years), len(drawn.MARKS))
        assert all(str(year) in alt for year in grown.years)
        drawing = printed.growth(grown, measure)
        assert drawing.svg.startswith(b"<?xml") and drawing.alt == alt
        assert drawing.svg == printed.growth(grown, measure).svg


def test_the_typed_tables(store: Path, found: Claims) -> None:
    grown = found.triangle
    assert isinstance(grown, Triangle)
    assert len(printed.triangle(grown)) == len(grown.cells)
    assert printed.groups(found.causes, "claimed_for")["claims"].sum() == found.whole.reported
    assert len(printed.groups(found.links, "link")) == 4
    assert len(printed.factors(found)) == 2 * len(found.factors)
    assert set(printed.looked_back(found)["year"]) == {row.year for row in found.early}
    assert printed.arms(found)["claims"].sum() == sum(a.claims for a in found.arms)
    attorney = claims(Store(store).current(), ask(), LIABILITY, Role.ATTORNEY)
    assert attorney.whole.reported > found.whole.reported


def test_the_printed_scale_is_in_plain_dollars(found: Claims) -> None:
    grown = found.triangle
    assert isinstance(grown, Triangle)
    figure = printed.growth(grown, "paid").figure
    figure.canvas.draw()
    ticks = [t.get_text() for t in figure.axes[0].get_yticklabels()]
    assert all(t.startswith("$") and "\\" not in t for t in ticks)
