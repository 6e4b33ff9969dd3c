"""The certification page: who lapses, in words and tables; names on one screen and nowhere else."""

from __future__ import annotations

import io
import logging
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from data.errors import UserError
from data.store import Store
from metrics import certification
from metrics.manifest import manifest
from metrics.question import ask
from metrics.wording import certification as words
from pages import PAGES
from pages.parts import certification_figures, certification_names, downloads
from pages.parts.downloads import Offer
from pages.print import credentials, files
from pages.print.figures import Stamp
from tests.pages.app import cells, run, said
from tests.stores import make_snapshot, simulated_store

PAGE = "certification"
NAME = "Quetzalcoatl Nombrado"
DAY = date(2025, 12, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("certification")
    simulated_store(made, 3_000, officers=200)
    return made


def test_the_page_stands_under_program_before_the_outcomes() -> None:
    order = [p.script for p in PAGES]
    assert order.index(PAGE) < order.index("elements") < order.index("public")
    assert order.index("public") < order.index("force")
    for script in (PAGE, "elements", "public"):
        (entry,) = (p for p in PAGES if p.script == script)
        assert entry.section == "Program" and entry.ignores_filters


def test_the_page_answers_who_lapses(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(folder / "store", PAGE, monkeypatch)
    text = said(app)
    found = certification.standing(Store(folder / "store").current(), DAY)
    assert "As of **31 Dec 2025**, the last day of data." in text
    assert words.headline(found) in text and words.next_month(found) in text
    for word in ("**Trained**", "**Certified**", "**Designated**", "**Enhanced**", "Refreshers"):
        assert word in text
    assert f"{found.groups['squad'][0].certified}" in cells(app)
    assert "nan" not in text and "None" not in cells(app)
    assert "no key" not in text and not any(len(w) == 32 for w in (text + cells(app)).split())


def test_another_day_and_another_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(folder / "store", PAGE, monkeypatch, as_of=date(2024, 3, 1), certified_by="district")
    assert "before the last day of data" in said(app)
    assert "District" in cells(app)
    later = run(folder / "store", PAGE, monkeypatch, as_of=date(2026, 11, 14))
    assert "after the last day of data" in said(later)
    assert "since the last load is not in it" in said(later)


def test_seattle_and_a_bare_store_name_the_file(
    tmp_path: Path, seattle_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_snapshot(tmp_path, (40, 40), (4, 4))
    for store in (tmp_path / "store", seattle_store):
        text = said(run(store, PAGE, monkeypatch))
        assert "`certifications.csv`" in text and "not recorded by this source" in text
        assert "Where they work" not in text


def test_without_assignments_the_cut_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data import ingest, mapping

    (tmp_path / "contacts.csv").write_text(
        "agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\n"
    )
    (tmp_path / "certifications.csv").write_text(
        "agency_id,officer_key,credential,certified_on,expires_on\nT,7,cit_40h,2024-01-01,2025-02-01\n"
    )
    files_ = [tmp_path / f"{t}.csv" for t in ("contacts", "certifications")]
    ingest.load(Store(tmp_path / "store"), files_, mapping.read("canonical"))
    text = said(run(tmp_path / "store", PAGE, monkeypatch))
    assert "assignments.squad" in text and "assignments.csv" in text and "officers.csv" in text
    assert "In February 2025, 1 certificate lapses" in text


def _everything(root: Path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file())


def _exports(offers: list[Offer], snapshot: Any) -> bytes:
    told = manifest(ask(), "internal", snapshot)
    made = b""
    for offer in offers:
        frame = offer.frame()
        made += files.csv(frame, told) + frame.to_csv().encode() + offer.words.encode()
        sheet = files.xlsx(frame, told, offer.title, offer.words)
        for name, part in pd.read_excel(
            io.BytesIO(sheet), sheet_name=None, engine="openpyxl"
        ).items():
            made += f"{name} {part.to_csv()}".encode()
        if offer.draw is not None:
            drawing = offer.draw(stamp=Stamp(offer.title, told))
            made += drawing.svg + drawing.png()
    return made


def test_names_are_on_the_screen_and_nowhere_else(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    screen = io.StringIO()
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, screen)
    staff = pd.read_parquet(folder / "officers.parquet")["officer_key"].astype(str)
    own = "number,name\n" + "".join(f"{n},{NAME} {i}\n" for i, n in enumerate(staff))
    offers: list[Offer] = []
    draw = downloads.menu

    def menu(offer: Offer) -> None:
        offers.append(offer)
        draw(offer)

    monkeypatch.setattr(downloads, "menu", menu)
    before = set(folder.rglob("*"))
    app = run(
        folder / "store", PAGE, monkeypatch, names_file=[("names.csv", own.encode(), "text/csv")]
    )
    found = certification.standing(Store(folder / "store").current(), DAY)
    tables = [t.value for t in app.table if "Name" in t.value.columns]
    # A scrolling table offers its rows as a file: names stand in the plain one alone.
    assert len(tables) == 1 and NAME not in "".join(d.value.to_csv() for d in app.dataframe)
    shown = tables[0]
    assert len(shown) == found.total.due + found.total.lapsed > 0
    assert shown["Name"].str.startswith(NAME).all() and shown["Name"].is_unique
    assert (shown["Certificate"] == "lapsed").sum() == found.total.lapsed
    # The search can find what is there; the name is nowhere but on that screen.
    held = _everything(folder / "store")
    assert b"Simulated" in held and NAME.encode() not in held
    assert set(folder.rglob("*")) == before
    logged = f"{caplog.text}{screen.getvalue()}"
    assert NAME not in logged and NAME.split()[0] not in logged
    exported = _exports(offers, Store(folder / "store").current())
    assert len(offers) >= 3 and NAME.encode() not in exported
    for name in NAME.split():
        assert name.encode() not in exported
    menus = [str(b.proto) for b in app.get("download_button")]
    assert menus and not any(NAME in m for m in menus)
    values = {k: v for k, v in app.session_state._state.filtered_state.items() if k != "names_file"}
    assert NAME not in repr(values)
    # Another session has no names.
    assert NAME not in cells(run(folder / "store", PAGE, monkeypatch))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"badge;who\n1;x\n", "the first row must name two columns"),
        (f"number,name\n,{NAME}\n".encode(), "row 2 has no number"),
        (f'number,name\n1,"{NAME}\n'.encode(), "not a table"),
        (b"\x81\x8d\x8f", "not text"),
        (b"", "the first row must name two columns"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_without_its_values(
    content: bytes, message: str
) -> None:
    with pytest.raises(UserError) as caught:
        certification_names.read(content)
    assert message in str(caught.value) and NAME not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"number,name\n7,Ana Pe\xc3\xb1a\n",
        b"\xef\xbb\xbfName;Number\r\nAna Pe\xc3\xb1a; 7 \r\n\r\n",
        b"unit\tnumber\tname\nA\t7\tAna Pe\xf1a\n",
    ],
)
def test_usual_files_are_read(content: bytes) -> None:
    assert certification_names.read(content) == {"7": "Ana Peña"}


def test_a_bad_file_says_so_on_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = run(
        folder / "store", PAGE, monkeypatch, names_file=[("n.csv", b"a,b\n1,2\n", "text/csv")]
    )
    assert "the first row must name two columns" in said(app)


def test_figures_print_what_the_screen_draws(folder: Path) -> None:
    found = certification.standing(Store(folder / "store").current(), DAY)
    figure, alt = certification_figures.standing(found, "shift")
    sums = [sum(trace.x) for trace in figure.data]
    total = found.total
    named = list(found.groups["shift"])
    assert sum(sums) == sum(g.certified + g.lapsed for g in named)
    assert len({t.marker.pattern.shape for t in figure.data}) == 3  # told apart without colour
    drawing = credentials.standing(found, "shift")
    assert drawing.alt == alt == words.standing_alt(found, "shift")
    figure, alt = certification_figures.ahead(found)
    assert sum(figure.data[0].y) == sum(x.people for x in found.lapses)
    assert credentials.ahead(found).alt == alt
    assert credentials.ahead(found).svg == credentials.ahead(found).svg
    frame = credentials.group_rows(found, "shift")
    assert frame["certified"].sum() == sum(g.certified for g in named) <= total.certified
