"""Who somebody is, what they may do, and where the dashboard is served, without a browser."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.errors import NotAllowedError, UserError
from data.roles import Right, Role
from data.settings import Settings
from pages import PAGES, serve
from pages.__main__ import parser
from pages.parts import access, cache, identity, once, person
from pages.parts.identity import Person, recognise, role_of, verified
from tests.pages.app import DASHBOARD, said
from tests.stores import simulated_store

NOW = 1_800_000_000.0
CLAIMS: dict[str, Any] = {"iss": "https://id.example", "sub": "7", "iat": NOW - 60}
ADDRESS = {"email": "Chief@Agency.gov", "email_verified": True}
LISTED = Settings(
    roles=(("chief@agency.gov", Role.ANALYST), ("CIT-Team", Role.RESEARCHER)), roles_claim="groups"
)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({}, Role.VIEWER),
        (ADDRESS, Role.ANALYST),
        ({"email": "chief@agency.gov"}, Role.VIEWER),
        ({"email": "chief@agency.gov", "email_verified": False}, Role.VIEWER),
        ({"email": "chief@agency.gov", "email_verified": "false"}, Role.VIEWER),
        ({"email": "chief@agency.gov", "email_verified": "true"}, Role.ANALYST),
        ({"email": "x@agency.gov", "email_verified": True}, Role.VIEWER),
        ({"groups": ["cit-team", "other"]}, Role.RESEARCHER),
        ({"groups": "attorney"}, Role.ATTORNEY),
        ({"groups": ["cit-team"], **ADDRESS}, Role.RESEARCHER),
        ({"groups": ["chief@agency.gov"]}, Role.VIEWER),
        ({"groups": {"administrator": True}}, Role.VIEWER),
        ({"groups": [["administrator"]]}, Role.VIEWER),
        ({"roles": ["administrator"], "role": "administrator"}, Role.VIEWER),
    ],
)
def test_the_role_of_claims(claims: dict[str, Any], role: Role) -> None:
    assert role_of(claims, LISTED)[0] is role


def test_without_a_claim_named_no_claim_counts() -> None:
    listed = Settings(roles=(("administrator", Role.ADMINISTRATOR),))
    for claim in ("roles", "groups", ""):
        assert role_of({claim: ["administrator"]}, listed)[0] is Role.VIEWER


def test_a_claim_inside_another() -> None:
    claims = {"realm_access": {"roles": ["analyst"]}, "https://a.b/roles": ["attorney"]}
    assert role_of(claims, Settings(roles_claim="realm_access.roles"))[0] is Role.ANALYST
    assert role_of(claims, Settings(roles_claim="https://a.b/roles"))[0] is Role.ATTORNEY


def test_a_session_is_over_after_its_hours() -> None:
    for hours, age, over in ((8, 8 * 3600 - 1, False), (8, 8 * 3600, True), (0.5, 1801, True)):
        found = recognise({**CLAIMS, "iat": NOW - age}, Settings(session_hours=hours), NOW)
        assert isinstance(found, str) is over
    assert isinstance(recognise({**CLAIMS, "iat": NOW + 299}, Settings(), NOW), Person)
    for wrong in (NOW + 301, None, "now", True):
        assert isinstance(recognise({**CLAIMS, "iat": wrong}, Settings(), NOW), str)
    assert isinstance(recognise({**CLAIMS, "sub": ""}, Settings(), NOW), str)


def test_a_name_in_the_logs_is_vouched_for() -> None:
    named = {**CLAIMS, "name": "local:root", "email": "not@verified.org"}
    found = recognise(named, Settings(), NOW)
    assert isinstance(found, Person)
    assert found.name == "7 at id.example" and found.shown == "local:root"
    known = recognise({**CLAIMS, **ADDRESS}, Settings(), NOW)
    assert isinstance(known, Person) and known.name == verified(ADDRESS) == "Chief@Agency.gov"
    assert person._plain("[x](y) $a*") == "\\[x\\]\\(y\\) \\$a\\*"


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True), ("localhost:8501", True), ("127.0.0.1:80", True), ("127.9.9.9", True),
        ("[::1]:8501", True), ("::1", True), ("::ffff:127.0.0.1", True), ("LOCALHOST", True),
        ("", False), (None, False), ("0.0.0.0", False), ("::", False), ("10.0.0.1", False),
        ("localhost.evil.org", False), ("evil.org", False), ("127.0.0.1.nip.io", False),
        ("::ffff:10.0.0.1", False), ("2130706433", False),
    ],
)  # fmt: skip
def test_what_is_this_computer(host: str | None, here: bool) -> None:
    assert access.is_loopback(host) is here


@pytest.mark.parametrize(
    ("headers", "remote", "allowed"),
    [
        ({"Host": "localhost:8501"}, None, True),
        ({"Host": "127.0.0.1:8501"}, "127.0.0.1", True),
        ({"Host": "rebound.evil.org"}, None, False),
        ({"Host": "localhost"}, "10.0.0.9", False),
        ({"Upgrade": "websocket"}, None, False),
        ({"Host": "localhost", "X-Forwarded-For": "10.0.0.9"}, None, False),
        ({"Host": "localhost", "Forwarded": "for=10.0.0.9"}, None, False),
    ],
)
def test_requests_from_elsewhere(
    headers: dict[str, str], remote: str | None, allowed: bool
) -> None:
    if allowed:
        access.refuse_request(headers, remote)
    else:
        with pytest.raises(UserError, match="sign-in"):
            access.refuse_request(headers, remote)


WHOLE = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "x" * 32,
    "client_id": "a",
    "client_secret": "b",
    "server_metadata_url": "https://id.example/.well-known/openid-configuration",
}


def test_sign_in_is_set_up_whole_or_refused() -> None:
    named = {k: v for k, v in WHOLE.items() if k in ("redirect_uri", "cookie_secret")}
    inner = {k: v for k, v in WHOLE.items() if k not in named}
    assert access.whole(WHOLE, "f") == ("default",)
    assert access.whole({**named, "okta": inner}, "f") == ("okta",)
    for key in WHOLE:
        with pytest.raises(UserError, match=key):
            access.whole({k: v for k, v in WHOLE.items() if k != key}, "f")
    for wrong in ({}, "x", {**WHOLE, "cookie_secret": "short"}):
        with pytest.raises(UserError):
            access.whole(wrong, "f")


def test_serving_elsewhere_is_refused_before_a_port_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(serve, "_run", asked.append)
    monkeypatch.setattr(access, "providers", lambda: ())
    monkeypatch.setattr(serve, "_refuse_taken", lambda *place: None)

    def run(*extra: str) -> None:
        args = parser().parse_args(["serve", "--store", str(tmp_path), *extra])
        args.action(args)

    monkeypatch.setenv("CIT_STORE", "")
    for address in ("0.0.0.0", "::", "", "10.0.0.1", "example.org"):
        with pytest.raises(UserError, match="sign-in provider") as refused:
            run("--address", address)
        assert "\n" not in str(refused.value) and refused.value.exit_code == 2
    assert asked == []
    run()
    assert "--server.address=localhost" in asked[-1] and "--server.port=8501" in asked[-1]
    (tmp_path / "settings.toml").write_text(f"{access.TOLD} = true\n")
    run("--address", "0.0.0.0", "--port", "9000")
    assert "--server.address=0.0.0.0" in asked[-1]
    (tmp_path / "settings.toml").unlink()
    monkeypatch.setattr(access, "providers", lambda: ("default",))
    monkeypatch.setattr(access, "hosts", lambda address: ("crisis.example.org",))
    run("--address", "0.0.0.0")
    assert len(asked) == 3


def test_a_taken_port_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(serve, "_run", lambda arguments: None)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match="--port"):
            serve._refuse_taken("127.0.0.1", port)


def test_results_are_kept_apart_by_what_a_role_sees(tmp_path: Path) -> None:
    from data.store import Snapshot

    keyed = once._HASH[Snapshot]
    keys = {role: keyed(Snapshot("a", tmp_path, role)) for role in Role}
    assert keys[Role.ATTORNEY] == keys[Role.ADMINISTRATOR]
    assert len(set(keys.values())) == 4


def test_a_file_is_refused_once_the_role_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {"settings": LISTED, "now": NOW}
    claims = {**CLAIMS, **ADDRESS}
    found = recognise(claims, LISTED, NOW)
    monkeypatch.setattr(person, "person", lambda: found)
    monkeypatch.setattr(person, "_claims", lambda: claims)
    monkeypatch.setattr(person, "Store", lambda: SimpleNamespace(settings=told["settings"]))
    monkeypatch.setattr(person.time, "time", lambda: told["now"])
    make = person.while_allowed(Right.FIGURES, lambda: b"file")
    assert make() == b"file"
    told["settings"] = Settings()
    with pytest.raises(NotAllowedError):
        make()
    told |= {"settings": LISTED, "now": NOW + 9 * 3600}
    with pytest.raises(NotAllowedError, match="Sign in again"):
        make()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("person"), contacts=400, officers=12)


def _as(monkeypatch: pytest.MonkeyPatch, store: Path, role: str | None, age: float = 0) -> AppTest:
    claims = {**CLAIMS, "iat": time.time() - age, "is_logged_in": True, "groups": [role]}
    monkeypatch.setenv("CIT_STORE", str(store))
    monkeypatch.setattr(access, "providers", lambda: ("default",))
    monkeypatch.setattr(person, "_claims", lambda: claims if role else {})
    monkeypatch.setattr(
        type(cache.store()), "settings", Settings(roles_claim="groups"), raising=False
    )
    return AppTest.from_file(DASHBOARD, default_timeout=60).run()


def test_nobody_sees_anything_before_signing_in(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for role, age in ((None, 0.0), ("administrator", 9 * 3600.0)):
        app = _as(monkeypatch, store, role, age)
        assert [b.label for b in app.button] == ["Sign in"]
        assert "contacts" not in said(app).replace("crisis contacts show", "")
        assert not app.dataframe and not app.table and not app.sidebar.children


@pytest.mark.slow
def test_a_viewer_has_the_menu_of_a_viewer_and_no_filter(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _as(monkeypatch, store, "nobody we know")
    assert not app.exception and not app.error
    links = [e.proto.page for e in app.sidebar.get("page_link")]
    assert len(links) == sum(p.needs is Right.PUBLISHED for p in PAGES)
    assert not app.sidebar.selectbox and not app.sidebar.multiselect and not app.sidebar.date_input
    assert [b.label for b in app.sidebar.button] == ["Sign out"]
    assert "viewer" in app.sidebar.caption[0].value


@pytest.mark.slow
def test_an_analyst_has_the_filters(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = _as(monkeypatch, store, "analyst")
    assert not app.exception and app.sidebar.date_input
    assert identity.values({"groups": ["analyst"]}, "groups") == ("analyst",)
