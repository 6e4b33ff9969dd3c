"""The page *Partners and care*: what a chief asks it, every part, and honest words where nothing is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data import ingest, mapping
from data.store import Store
from metrics.partners import Partners, partners
from metrics.question import ask
from metrics.wording import handoffs as waiting
from metrics.wording import partners as words
from pages import PAGES
from pages.parts import partners_figures as drawn
from pages.parts.partners_sections import DRAW
from pages.print import partners as printed
from tests.metrics.test_words_random import CAUSAL
from tests.pages.app import run, said
from tests.stores import simulated_store

PAGE = "partners"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("partners_page"), 4_000)


@pytest.fixture(scope="module")
def found(store: Path) -> Partners:
    return partners(ask(), Store(store).current())


def opened(monkeypatch: pytest.MonkeyPatch, store: Path, part: str = "hand_offs") -> AppTest:
    chosen = None if part == "hand_offs" else part.replace("_", " ")
    return run(store, PAGE, monkeypatch, partners_part=chosen)


def test_it_stands_in_the_program() -> None:
    (entry,) = (p for p in PAGES if p.script == PAGE)
    assert entry.section == "Program" and entry.ignores_filters is None
    scripts = [p.script for p in PAGES]
    assert scripts.index(PAGE) < scripts.index("force")


def test_how_long_do_we_wait_at_the_hospital(
    store: Path, found: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(monkeypatch, store)
    (answer,) = (m.value for m in app.markdown if "How long do we wait" in m.value)
    wait = found.handoffs.hospitals
    assert answer.startswith(
        f"#### How long do we wait at the hospital? {wait.median:.0f} minutes: half of {wait.n:,}"
    )
    assert f"one in ten took more than {wait.p90:.0f}" in answer
    assert waiting.of(wait.within) in answer


@pytest.mark.parametrize("part", DRAW)
def test_every_part_draws(store: Path, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    words_of = {
        "hand_offs": ["Turned away on", "no change is claimed", "Hours and drop-off"],
        "referrals": ["could not be followed", "By provider", "this is no ranking"],
        "holds": ["have an element unknown or blank", "Restrained on involuntary trips"],
        "repeat_contacts": ["people followed", "People differ; not adjusted", "Kaplan-Meier"],
        "on_scene": ["never a result of CIT", "not proof of use"],
    }
    text = said(opened(monkeypatch, store, part))
    for expected in words_of[part]:
        assert expected in text, expected
    assert not CAUSAL.search(text)
    assert "nan" not in text.lower().split()


@pytest.mark.parametrize("part", DRAW)
def test_seattle_says_which_file_would_fill_each_part(
    seattle_store: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    app = opened(monkeypatch, seattle_store, part)
    text = said(app)
    assert "How long do we wait at the hospital? Not recorded by this source." in text
    asked = {
        "hand_offs": "`transports.csv` and `service_providers.csv`",
        "referrals": "`referrals.csv` and `service_providers.csv`",
        "holds": "`holds.csv`",
        "repeat_contacts": "`person_key` in `contacts.csv`",
        "on_scene": "`contact_codes.csv`",
    }[part]
    assert any(asked in str(info.value) for info in app.info)
    assert not app.get("plotly_chart")
    assert not app.table
    assert "0%" not in text and "nan" not in text


JUNE_ONLY = {
    "contacts": "agency_id,contact_id,person_key,contact_at\nT,1,,2025-01-01 10:00\nT,2,P,2025-06-01 10:00",
    "transports": "agency_id,contact_id,seq,destination_kind\nT,2,1,jail",
    "holds": "agency_id,contact_id,hold_id,outcome\nT,2,H1,unknown",
    "referrals": "agency_id,contact_id,referral_id,made_at\nT,2,R1,2025-06-01",
    "contact_codes": "agency_id,contact_id,kind,code\nT,2,technique,listening",
}


@pytest.mark.parametrize("part", DRAW)
def test_filters_that_leave_nothing_ask_to_widen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    for name, text in JUNE_ONLY.items():
        (tmp_path / f"{name}.csv").write_text(f"{text}\n")
    ingest.load(
        Store(tmp_path / "store"), sorted(tmp_path.glob("*.csv")), mapping.read("canonical")
    )
    link = {"to": "2025-01-31", "partners_part": part.replace("_", " ")}
    app = run(tmp_path / "store", PAGE, monkeypatch, link)
    text = said(app)
    assert "No trip belongs to the contacts that fit these filters" in text
    assert any("widen them" in str(info.value) for info in app.info)
    assert not app.get("plotly_chart") and not app.table
    # Without the filter there is next to nothing, and that is said as well.
    app.query_params.clear()
    whole = said(opened(monkeypatch, tmp_path / "store", part))
    assert "Too few to say: 0 hand-offs at a hospital" in whole


def test_the_figures_draw_the_numbers(found: Partners) -> None:
    figure, alt = drawn.waits(found.handoffs)
    rows = drawn.timed(found.handoffs)
    marks = {t.name: t for t in figure.data if t.mode == "markers"}
    assert list(marks["median"].x) == [f.free.median for f in rows]
    assert list(marks["nine in ten"].x) == [f.free.p90 for f in rows]
    assert list(marks["promised"].x) == [f.target for f in rows]
    assert len({t.marker.symbol for t in marks.values()}) == 3  # told apart without colour
    assert all(waiting.facility(f) in alt for f in rows)

    figure, alt = drawn.chain(found.referrals)
    bars = [t for t in figure.data if t.type == "bar"]
    assert sum(bar.x[0] for bar in bars) == found.referrals.whole.made
    assert sum(bar.x[2] for bar in bars) == found.referrals.open.followed
    assert len({bar.marker.pattern.shape for bar in bars}) == len(bars)
    assert f"served in 30 days {found.referrals.open.served_30:,}" in alt

    figure, alt = drawn.came_back(found)
    lines = {t.name: t for t in figure.data if t.name}
    assert all(list(t.y) == sorted(t.y) for t in lines.values())
    assert len({t.line.dash for t in lines.values()}) == len(lines)
    at = max(s.day for s in found.returns.curve.steps if s.day <= found.returns.horizon)
    assert max(lines["met again"].x) == at <= 1095
    assert "met again" in alt

    figure, alt = drawn.months(found.handoffs)
    assert len(figure.data[0].x) == len(found.handoffs.months)
    assert "Median minutes at hospitals by month" in alt


def test_the_printed_figures_and_the_typed_tables(found: Partners) -> None:
    for drawing in (
        printed.waits(found.handoffs),
        printed.months(found.handoffs),
        printed.chain(found.referrals),
        printed.came_back(found),
    ):
        assert drawing.svg.startswith(b"<?xml") and drawing.alt
        assert drawing.alt.split(".")[0].encode() in drawing.svg.replace(b"&amp;", b"&")
    assert printed.waits(found.handoffs).svg == printed.waits(found.handoffs).svg
    table = printed.facilities(found.handoffs)
    assert table["officer_free_median_minutes"].iloc[0] == found.handoffs.facilities[0].free.median
    assert len(printed.chains(found.referrals.answers)) == 4
    assert len(printed.holds(found.holds)) == 7
    curve = printed.returned(found)
    assert curve["share_met_again"].iloc[-1] is not None
    parts = [c for c in curve.columns if c in {f"share_{k}" for k in found.returns.kinds}]
    last = curve.iloc[len(curve) // 2]
    assert sum(last[p] for p in parts) == pytest.approx(last["share_met_again"])
    assert printed.techniques(found)["forms"].sum() == sum(n for _, n in found.techniques)
    assert printed.groups(found)["people"].max() <= found.returns.curve.n
    assert printed.restraint(found.holds)["handcuffs"].sum() > 0
    assert printed.hold_outcomes(found.holds)["holds"].sum() == found.holds.n
    assert len(printed.month_waits(found.handoffs)) == len(found.handoffs.months)


def test_no_key_of_anyone_is_shown(found: Partners, store: Path) -> None:
    keys = Store(store).current().cursor().execute("SELECT person_key FROM contacts").fetchall()
    shown = repr(found) + "".join(words.lines(found))
    assert not any(key in shown for (key,) in keys[:200] if key)
