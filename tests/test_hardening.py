"""Pins with hashes, the audit, the server's protections as it answers, and secrets that stay out of logs."""

from __future__ import annotations

import base64
import http.client
import importlib.util
import os
import re
import socket
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from data import ingest, mapping
from data.store import Store
from tests.browser.chrome import dashboard
from tests.data.hostile import CANARY, GOOD, MAPPING, cells, lines
from tests.stores import make_snapshot

ROOT = Path(__file__).parents[1]
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)", re.MULTILINE)


def _pins(name: str) -> set[tuple[str, str]]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {(re.sub(r"[-_.]+", "-", n).lower(), v) for n, v in _PIN.findall(text)}


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_pin_is_locked_with_hashes(name: str) -> None:
    wanted, locked = _pins(f"{name}.in"), _pins(f"{name}.txt")
    assert wanted and wanted <= locked, f"`make lock`: {sorted(wanted - locked)}"
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    for block in re.split(r"\n(?=\S)", text):
        if not block.startswith("#"):
            assert "==" in block and block.count("--hash=sha256:") >= 1, block.splitlines()[0]
    assert not re.search(r"https?:|file:|index-url|find-links|/opt|-e ", text)


def test_what_is_installed_is_what_is_pinned() -> None:
    from importlib.metadata import PackageNotFoundError, version

    for name, pinned in _pins("requirements.in"):
        try:
            assert version(name) == pinned, name
        except PackageNotFoundError:  # tools that only CI and `make lock` need
            assert name in {"uv", "pip-audit"}, name


def _audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit_pins", ROOT / ".ci" / "audit.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_audit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    audit = _audit()
    hole = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
    bad = {"name": "a", "version": "1.0", "vulns": [hole]}
    fine = {"name": "b", "version": "1.0", "vulns": []}
    skipped = {"name": "c", "skip_reason": "not found"}
    assert audit.judge([bad, fine, skipped]) == (["a 1.0: PYSEC-1 (mended in: 2.0)"], ["c"])
    # What knows nothing of a package that is known to be bad has not audited anything.
    for told in (None, [], [skipped], [fine]):
        monkeypatch.setattr(audit, "ask", lambda path, service, told=told: told)
        assert audit.main() == 0
        assert capsys.readouterr().out.startswith("NOT AUDITED")
    for told, code, said in (([bad], 1, "make lock"), ([fine], 0, "audited 2 packages")):
        monkeypatch.setattr(
            audit, "ask", lambda path, service, told=told: [bad] if "probe" in path.name else told
        )
        assert audit.main() == code
        assert said in capsys.readouterr().out
    # What the warehouse's engines need is asked about too.
    monkeypatch.setattr(
        audit, "ask", lambda path, service: [fine] if path.name == "requirements.txt" else [bad]
    )
    assert audit.main() == 1


def test_ci_audits() -> None:
    assert "make audit" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


PROTECTIONS = {
    ("server", "address"): "localhost",
    ("server", "allowedHosts"): ["localhost", "127.0.0.1", "::1"],
    ("server", "enableCORS"): True,
    ("server", "corsAllowedOrigins"): [],
    ("server", "enableXsrfProtection"): True,
    ("server", "xsrfCookieSameSite"): "lax",
    ("server", "maxUploadSize"): 200,
    ("server", "maxMessageSize"): 200,
    ("server", "enableStaticServing"): False,
    ("server", "enableAgentApi"): False,
    ("server", "enableWebsocketCompression"): False,
    ("server", "runOnSave"): False,
    ("client", "showErrorDetails"): "none",
    ("client", "showErrorLinks"): False,
    ("client", "toolbarMode"): "minimal",
    ("browser", "gatherUsageStats"): False,
}


def test_every_protection_is_set() -> None:
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    found = {(part, name): settings[part].get(name) for part, name in PROTECTIONS}
    assert found == PROTECTIONS
    assert "cookieSecret" not in settings["server"], "a secret in a file that is shared is none"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hardening")
    make_snapshot(folder, (60, 60), (6, 6))
    with dashboard(folder / "store") as found:
        yield found


def _websocket(address: str, **headers: str) -> int:
    """Return the status of a WebSocket's handshake with these headers."""
    where = urlsplit(address)
    key = base64.b64encode(os.urandom(16)).decode()
    given = {"Host": where.netloc, "Upgrade": "websocket", "Connection": "Upgrade"}
    given |= {"Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13"} | headers
    asked = "GET /_stcore/stream HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in given.items())
    with socket.create_connection((str(where.hostname), int(where.port or 80)), timeout=20) as line:
        line.sendall(f"{asked}\r\n".encode())
        return int(line.recv(200).split(b" ", 2)[1])


def _put(address: str, path: str, body: bytes = b"x", **headers: str) -> int:
    where = urlsplit(address)
    line = http.client.HTTPConnection(str(where.hostname), where.port, timeout=20)
    try:
        line.request("PUT", path, body, headers)
        return line.getresponse().status
    finally:
        line.close()


def _get(address: str, path: str) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urllib.request.urlopen(address + path, timeout=20) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


@pytest.mark.slow
@pytest.mark.xdist_group("server")
def test_a_websocket_only_from_our_own_page(address: str) -> None:
    assert _websocket(address) == 101
    assert _websocket(address, Origin=address) == 101
    assert _websocket(address, Origin="http://evil.invalid") == 403
    assert _websocket(address, Origin="null") == 403
    # A name of somebody else's that points here, with a page of its own: DNS rebinding.
    assert _websocket(address, Host="evil.invalid", Origin="http://evil.invalid") == 403
    assert _websocket(address, Host="localhost.evil.invalid") == 403


@pytest.mark.slow
@pytest.mark.xdist_group("server")
def test_no_upload_without_a_token(address: str) -> None:
    path = "/_stcore/upload_file/session/file"
    assert _put(address, path) == 403
    assert (
        _put(address, path, **{"X-Xsrftoken": "2|a|b|1", "Cookie": "_streamlit_xsrf=2|c|d|1"})
        == 403
    )
    code, _, headers = _get(address, "/_stcore/health")
    assert code == 200
    assert headers.get("access-control-allow-origin", "") != "*"


@pytest.mark.slow
@pytest.mark.xdist_group("server")
def test_nothing_but_the_dashboard_is_served(address: str) -> None:
    page = _get(address, "/")[1]
    for path in (
        "/app/static/x", "/static/../dashboard.py", "/..%2f..%2fetc/passwd", "/dashboard.py",
        "/.streamlit/secrets.toml", "/_stcore/agent/openapi.json", "/media/../../secret",
        "/component/../../x", "/_stcore/bidi-components/../../x",
    ):  # fmt: skip
        code, body, _ = _get(address, path)
        assert code in (400, 403, 404) or body == page or b"import streamlit" not in body, path
        assert b"root:" not in body and b"cookie_secret" not in body, path
    assert _put(address, "/_stcore/agent/interact") in (403, 404, 405)


def _run(*arguments: object, store: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "CIT_STORE": str(store)},
        check=False,
    )


@pytest.mark.slow
@pytest.mark.xdist_group("server")
def test_secrets_stay_out_of_what_is_said(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    (tmp_path / "mine.toml").write_text(MAPPING)
    good = tmp_path / "export.csv"
    good.write_text(lines(*GOOD))
    ingest.load(store, [good], mapping.read(str(tmp_path / "mine.toml")))
    bad = tmp_path / "bad.csv"
    bad.write_text(lines(*GOOD, cells(90, When=CANARY), cells(91, Area=f"{CANARY} 303-555-0199")))
    said = []
    for arguments in (
        ["-m", "data", "load", bad, "--mapping", tmp_path / "mine.toml"],
        ["-m", "data", "check", tmp_path / "absent.csv", "--mapping", tmp_path / "mine.toml"],
        ["-X", "dev", "-m", "data", "snapshots"],
        ["-m", "metrics", "evaluate", "--outcome", "force", "--json"],
        ["-m", "data", "rollback", "../../etc/passwd"],
    ):
        done = _run(*arguments, store=store.root)
        said.append(done.stdout + done.stderr)
    with dashboard(store.root) as address:
        _get(address, "/?" + CANARY.replace(" ", "+"))
        _websocket(address, Cookie="_streamlit_user=broken", Origin=address)
    said += [p.read_text() for p in tmp_path.glob("dashboard-*.log")]
    secret = (store.root / "secret").read_bytes()
    for text in said:
        assert "Traceback" not in text
        for kept in (
            secret.decode("latin-1").strip(),
            secret.hex(),
            base64.b64encode(secret).decode(),
        ):
            assert kept not in text
        assert CANARY not in text and "303-555-0199" not in text
    for path in store.root.rglob("*"):
        if path.is_file() and path.name != "secret":
            assert secret.strip() not in path.read_bytes(), path.name


SECURITY = ROOT / "SECURITY.md"


def test_what_the_security_page_names_is_there() -> None:
    text = SECURITY.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:[\w.-]+/)*[\w-]*\.(?:py|toml|txt|in|md))`", text):
        assert (ROOT / name).exists() or name.endswith(("settings.toml", "secrets.toml")), name
    for command in set(re.findall(r"`python -m (\w+) ([a-z-]+)", text)):
        done = _run("-m", *command, "--help", store=ROOT / "absent")
        assert done.returncode == 0, command
    for target in re.findall(r"`make ([a-z-]+)`", text):
        assert f"\n{target}:" in (ROOT / "Makefile").read_text(encoding="utf-8"), target
    settings = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    for option in re.findall(r"`(?:server|client|browser)\.(\w+)`", text):
        assert option in settings or option in {"cookieSecret", "sslCertFile"}, option
