"""Roles against a real OpenID provider and a real server: pages, addresses, crafted messages, files.

No browser is needed: the sessions speak the dashboard's WebSocket themselves, and every message they are
sent is looked through.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.util import calc_hash

from data import audit, ingest, mapping, registry
from data.encounters import exposure_column, outcome_column
from data.roles import Right, Role
from data.store import Store
from pages import PAGES, PageEntry
from tests.browser.wire import Session, elements, folds, kinds, provider, signed, texts
from tests.stores import simulated_store

pytestmark = [pytest.mark.xdist_group("roles")]

CLAIMED = {role.value: {"groups": [role.value], "name": role.value} for role in Role}
PEOPLE: dict[str, dict[str, Any]] = {
    **CLAIMED,
    "unknown": {},
    "listed": {"email": "Chief@Agency.gov", "email_verified": True},
    "unverified": {"email": "chief@agency.gov", "email_verified": False},
    "silent": {"email": "chief@agency.gov"},
    "over": {"groups": ["administrator"]},
}
SETTINGS = 'roles_claim = "groups"\n[roles]\n"chief@agency.gov" = "analyst"\n'
LIMITED = [p for p in PAGES if p.needs is not Right.PUBLISHED]
OPEN = [p for p in PAGES if p.needs is Right.PUBLISHED]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = simulated_store(tmp_path_factory.mktemp("roles"), contacts=400, officers=12)
    (root / "settings.toml").write_text(SETTINGS)
    return root


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with provider(PEOPLE) as found:
        yield found


@pytest.fixture(scope="module")
def url(store: Path, issuer: str) -> Iterator[str]:
    with signed(store, issuer) as found:
        yield found


@pytest.fixture
def enter(url: str) -> Iterator[Any]:
    opened: list[Session] = []

    def sign_in(subject: str) -> Session:
        opened.append(Session(url).sign_in(subject))
        return opened[-1]

    yield sign_in
    for session in opened:
        session.close()


def _refused(found: list[Any]) -> bool:
    return any("This page is not for the role" in text for text in texts(found))


def _headings(found: list[Any]) -> list[str]:
    return [e.heading.body for e in elements(found) if e.HasField("heading")]


def _hash(entry: PageEntry) -> str:
    return str(calc_hash("" if entry is PAGES[0] else entry.script))


def test_a_role_sees_its_pages_and_a_stranger_none(url: str, enter: Any) -> None:
    stranger = Session(url)
    for found in (
        stranger.run("public"),
        stranger.run("force"),
        stranger.run(by_hash=_hash(LIMITED[0])),
    ):
        assert _headings(found) == ["Sign in"]
        assert set(kinds(found)) <= {"html", "heading", "markdown", "button"}
    stranger.close()
    viewer = enter("viewer")
    menu = [e.page_link.page for e in elements(viewer.run("methods")) if e.HasField("page_link")]
    assert len(menu) == len(OPEN)
    assert _refused(viewer.run("force")) and _refused(viewer.run(by_hash=_hash(LIMITED[0])))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("subject", "role"),
    [
        ("unknown", Role.VIEWER),
        ("listed", Role.ANALYST),
        ("unverified", Role.VIEWER),
        ("silent", Role.VIEWER),
    ],
)
def test_who_gets_which_role(subject: str, role: Role, enter: Any) -> None:
    found = enter(subject).run("methods")
    assert any(text.endswith(f"· {role.value}") for text in texts(found))


@pytest.mark.slow
@pytest.mark.parametrize("role", Role)
def test_each_role_and_each_page(role: Role, enter: Any) -> None:
    session = enter(role.value)
    for entry in PAGES:
        for found in (session.run(entry.script), session.run(by_hash=_hash(entry))):
            assert _refused(found) is not role.may(entry.needs), entry.script
            assert "exception" not in kinds(found), entry.script
            if _refused(found):
                assert _headings(found) == [entry.title]
                assert set(kinds(found)) <= {
                    "html", "heading", "markdown", "button", "alert", "page_link"
                }  # fmt: skip


# What may be published holds small numbers of other things than contacts: days, shares in tenths, months.
_TOLD = [
    r"\b\d{1,2} [A-Z][a-z]{2,8} \d{4}", r"\b\d{1,2} de [a-z]+ de \d{4}", r"\d+\.\d+", r"\d+ ?%",
    r"\b\d+ (?:in|of|out of|de|de cada) (?:every )?10\b", r"\b\d+ (?:in|of|de|de cada) 100\b",
    r"\b\d+ (?:minutes|minutos|months|meses|hours|hour|years)\b", r"\b\d+(?:,\d{3})+\b",
    r"20\d\d-\d\d(?:-\d\d)?", r"\b[A-Z][a-z]+ \d{1,2}, \d{4}", r"Simulated checklist \d+",
]  # fmt: skip
_SMALL = re.compile(r"(?<![\w.,#-])(?:[1-9]|10)(?![\w.,%-])")


def _small(found: set[str]) -> list[str]:
    """Return the texts that hold a number from 1 to 10 standing for itself."""
    left = []
    for text in found:
        plain = re.sub(r"<style>.*?</style>", "", text, flags=re.S)
        for pattern in _TOLD:
            plain = re.sub(pattern, " ", plain)
        if _SMALL.search(plain):
            left.append(text)
    return left


def _cells(root: Path) -> set[str]:
    """Return every small cell of the store as pages write it: outcome by group by level of a covariate."""
    cursor = Store(root).current().cursor()
    found: set[str] = set()
    named = ["NULL", *(c.id for c in registry.COVARIATES if c.filterable)]
    for outcome in registry.OUTCOMES:
        for level in named:
            rows = cursor.execute(
                f"SELECT count(*) FILTER ({outcome_column(outcome.id)}),"
                f" count({outcome_column(outcome.id)}) FROM encounters"
                f" GROUP BY {exposure_column('primary')}, {level}"
            ).fetchall()
            found |= {f"{events} of {n:,}" for events, n in rows if 1 <= events <= 10 < n}
    return found


def _said(cells: set[str], found: set[str]) -> list[tuple[str, str]]:
    """Return the cells that stand in a text as they are, each with one such text."""
    shown = re.compile(r"(?<![\d,.])(?:" + "|".join(sorted(cells)) + r")(?![\d,]|\.\d)")
    return [(hit.group(), text[:300]) for text in found if (hit := shown.search(text))]


def _walk(session: Session, crafted: list[str]) -> set[str]:
    """Walk every page by address and by hash, press everything, and send what no browser would."""
    session.received.clear()
    for entry in PAGES:
        session.run(entry.script)
        session.run(by_hash=_hash(entry), query="exposure=any&district=North&view=small")
        session.run(by_hash=str(calc_hash(str(Path(entry.path).absolute()))))
    for id_ in crafted:
        session.run("force", **{id_: "x"})
        session.run("sql", **{id_: True})
    session.run("force", opened=crafted)
    session.send(BackMsg(app_heartbeat=True))  # whatever is still on its way
    return set(texts(session.received))


def _files(session: Session, page: str) -> list[str]:
    found = elements(session.run(page, opened=folds(session.run(page))))
    return [
        e.download_button.deferred_file_id
        for e in found
        if e.HasField("download_button") and e.download_button.deferred_file_id
    ]


def _fetch(session: Session, file_id: str) -> str:
    """Ask for a file as its button does; return its text, or nothing where it is refused."""
    message = BackMsg()
    message.backend_operation_request.request_id = "1"
    message.backend_operation_request.session_id = session.id
    message.backend_operation_request.deferred_file.file_id = file_id
    for got in session.send(message, 90):
        if got.WhichOneof("type") == "backend_operation_response":
            place = re.search(r"/media/[\w.-]+", str(got))
            if place:
                return httpx.get(session.url + place.group(), timeout=60).text
            assert got.backend_operation_response.error_msg
    return ""


@pytest.mark.slow
def test_a_viewers_whole_traffic_holds_no_small_cell(
    url: str, issuer: str, store: Path, enter: Any, tmp_path: Path
) -> None:
    analyst = enter("analyst")
    shown = analyst.run("force")
    widgets = [e.button.id for e in elements(shown) if e.HasField("button")]
    widgets += [e.multiselect.id for e in elements(shown) if e.HasField("multiselect")]
    widgets += folds(shown)
    files = _files(analyst, "force")
    viewer = enter("viewer")
    heard = _walk(viewer, widgets)
    assert not any(
        k in {"plotly_chart", "arrow_data_frame", "exception"} for k in kinds(viewer.received)
    )
    # Nor is a file handed over that is asked for in another's name.
    assert files
    viewer.id = analyst.id
    assert not _fetch(viewer, files[0])
    # What may be published is, as a file too.
    reader = enter("viewer")
    taken = {_fetch(reader, f) for f in _files(reader, "public")}
    assert len(taken) == 2 and all("<html" in text for text in taken)

    (tmp_path / "contacts.csv").write_text(
        "agency_id,contact_id,contact_at\nT,1,2025-01-01 10:00\nT,2,2025-02-01 11:00\n"
    )
    ingest.load(Store(tmp_path / "store"), [tmp_path / "contacts.csv"], mapping.read("canonical"))
    with signed(tmp_path / "store", issuer) as empty:
        other = Session(empty).sign_in("viewer")
        words = _walk(other, [])
        other.close()

    cells = _cells(store)
    assert cells
    assert _said(cells, heard | {re.sub(r"<[^>]*>", " ", text) for text in taken}) == []
    assert _small(heard - words) == []
    # The same search finds them where they are shown.
    for script in ("force", "subgroups", "documentation", "overview"):
        closed = folds(analyst.run(script, query="view=compare"))
        analyst.run(script, query="view=compare", opened=closed)
    told = set(texts(analyst.received))
    assert _said(cells, told) and _small(told - words)


@pytest.mark.slow
def test_a_role_taken_away_is_gone_at_the_next_run(store: Path, enter: Any) -> None:
    session = enter("listed")
    assert not _refused(session.run("force"))
    try:
        (store / "settings.toml").write_text('roles_claim = "groups"\n')
        assert _refused(session.run("force"))
    finally:
        (store / "settings.toml").write_text(SETTINGS)


@pytest.mark.slow
def test_sessions_end(store: Path, enter: Any, url: str) -> None:
    session = enter("over")
    other = Session(url, {c.name: c.value or "" for c in session.http.cookies.jar})
    found = session.run("methods")
    assert _headings(other.run("methods"))[0] == "Methods"
    out = next(
        e.button.id
        for e in elements(found)
        if e.HasField("button") and e.button.label == "Sign out"
    )
    left = session.run("methods", **{out: True})
    assert any(m.WhichOneof("type") == "auth_redirect" for m in left)
    # The cookie that was kept, in this browser or another, opens nothing any more.
    assert _headings(other.run("methods")) == ["Sign in"]
    again = Session(url, {c.name: c.value or "" for c in session.http.cookies.jar})
    assert _headings(again.run("methods")) == ["Sign in"]
    analyst = enter("analyst")
    time.sleep(1)  # longer than the session that is set now: 0.36 s from the token's issue
    try:
        (store / "settings.toml").write_text(f"session_hours = 0.0001\n{SETTINGS}")
        found = analyst.run("methods")
        assert _headings(found) == ["Sign in"], texts(found)
    finally:
        (store / "settings.toml").write_text(SETTINGS)
    for one in (other, again):
        one.close()
    said = [(e.what, e.who) for e in audit.entries(store)]
    assert any(what == "sign_out" and who.startswith("over at ") for what, who in said)
    assert any(what == "sign_in" for what, _ in said)
