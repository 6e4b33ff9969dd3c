"""Try the deployment from scratch: ``python -m tests.deploy.try_deploy``.

In a temporary folder: a fresh virtual environment from requirements.txt (``--python`` takes one that is
there), ``deploy/install.sh``, a first load, an authority and a certificate, the services by the command
lines of their units, nginx with the site that ships, an OpenID provider to sign in with; then whatever
``docs/deploy.md`` promises, over HTTPS and WSS. What it cannot try: systemd itself, another account.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import uuid
import venv
from pathlib import Path
from typing import Any

import httpx
import tomli_w
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from data.roles import Role
from tests.browser.chrome import ROOT
from tests.browser.wire import SECRET, Session, provider, texts
from tests.data.exports import MAPPING, row, text, write
from tests.deploy.machine import HOST, Machine

SETTLED = 120
"""Seconds ago that an export was written, so that it counts as settled."""


class Steps:
    """What was tried: printed as it goes, and as a table at the end."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()
        self.rows: list[tuple[str, bool, str, float]] = []

    def __call__(self, what: str, ok: object, detail: object = "") -> None:
        now = time.monotonic()
        self.rows.append((what, bool(ok), str(detail), now - self.last))
        self.last = now
        print(f"{'ok  ' if ok else 'FAIL'} {what}" + (f": {detail}" if detail else ""), flush=True)

    @property
    def failed(self) -> list[str]:
        """What did not hold."""
        return [f"{what}: {detail}" for what, ok, detail, _ in self.rows if not ok]

    def table(self) -> str:
        """Return everything that was tried, in one table."""
        lines = ["", "| tried | held | seconds |", "| --- | --- | --- |"]
        lines += [f"| {what} | {'yes' if ok else 'NO'} | {s:.1f} |" for what, ok, _, s in self.rows]
        held = sum(ok for _, ok, _, _ in self.rows)
        took = time.monotonic() - self.began
        return "\n".join([*lines, "", f"{held} of {len(self.rows)} held, {took:.0f} s"])


def _resolve_here() -> None:
    """Have the server's name mean this machine, in this process only."""
    asked = socket.getaddrinfo

    def found(host: Any, *more: Any, **named: Any) -> Any:
        return asked("127.0.0.1" if host == HOST else host, *more, **named)

    socket.getaddrinfo = found


def _export(machine: Machine, name: str, contacts: int) -> Path:
    """Put an export into the drop folder, written a while ago."""
    rows = [
        row(
            i,
            when=f"2024-{i % 12 + 1:02d}-05 14:30",
            Area="NS"[i % 2],
            Badge=str(i % 40),
            CIT="YN"[i % 40 // 20],
            Call=("SUICIDAL", "WELFARE")[i % 3 == 0],
            Force="X" if i % 37 == 0 else "",
        )
        for i in range(contacts)
    ]
    return _settle(write(machine.at("/srv/cit-outcomes/drop") / name, rows))


def _settle(path: Path, ago: float = SETTLED) -> Path:
    then = time.time() - ago
    os.utime(path, (then, then))
    return path


def _environment(folder: Path) -> Path:
    """Make a fresh virtual environment from the pins; return its Python."""
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements.txt")], check=True)
    return python


def _raw(machine: Machine, request: str, name: str = HOST) -> int:
    """Send a request by hand over TLS; return the status of the answer, 0 for none at all."""
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection(("127.0.0.1", machine.https), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname=name) as line,
        ):
            line.sendall(request.replace("\n", "\r\n").encode())
            return int(line.recv(200).split(b" ", 2)[1])
    except (ssl.SSLError, ConnectionError, IndexError):
        return 0


def _stream(machine: Machine, origin: str) -> int:
    """Ask for the WebSocket as a page elsewhere would; return the status."""
    try:
        with connect(
            machine.url.replace("https", "wss") + "/_stcore/stream",
            origin=origin,  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
        ):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


def _healthy(machine: Machine) -> float:
    """Wait for the dashboard behind the proxy; return how long it took."""
    began = time.monotonic()
    while time.monotonic() - began < 90:
        try:
            if httpx.get(f"{machine.url}/_stcore/health", timeout=5).status_code == 200:
                return time.monotonic() - began
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    raise RuntimeError((machine.folder / "cit-outcomes-dashboard.log").read_text()[-2000:])


def _snapshots(machine: Machine) -> list[str]:
    """Return the snapshots as the command lists them."""
    return machine.command("data", "snapshots").stdout.splitlines()


def _answer(machine: Machine) -> Any:
    done = machine.command("metrics", "evaluate", "--outcome", "force", "--json")
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def _says(session: Session, contacts: int, page: str = "overview") -> bool:
    return any(f"{contacts:,}" in said for said in texts(session.run(page)))


def _edge(step: Steps, machine: Machine) -> None:
    """What the proxy does before anybody signs in."""
    plain = httpx.get(f"http://{HOST}:{machine.http}/force?district=North")
    step(
        "HTTP leads to HTTPS",
        (plain.status_code, plain.headers.get("location"))
        == (301, f"https://{HOST}/force?district=North"),
    )
    first = httpx.get(machine.url)
    wanted = {
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
    }
    lacking = [k for k, v in wanted.items() if first.headers.get(k) != v]
    framed = "frame-ancestors 'none'" in first.headers.get("content-security-policy", "")
    step("the page, with its headers", first.status_code == 200 and not lacking and framed, lacking)
    cookies = httpx.get(f"{machine.url}/_stcore/host-config").headers.get_list("set-cookie")
    cookies += httpx.get(f"{machine.url}/_stcore/health").headers.get_list("set-cookie")
    step(
        "cookies over TLS only",
        cookies and all("secure" in c.lower() for c in cookies),
        len(cookies),
    )
    program = "GET / HTTP/1.1\nHost: %s\nConnection: close\n\n"
    step(
        "a name that is not ours gets no handshake",
        _raw(machine, program % HOST, "other.example") == 0,
    )
    step("nor is another Host served", _raw(machine, program % "other.example") == 421)
    step("a page elsewhere gets no connection", _stream(machine, "https://other.example") == 403)
    step("nor does one on this machine", _stream(machine, "http://localhost:1") == 403)
    large = f"PUT /_stcore/upload_file/a/b HTTP/1.1\nHost: {HOST}:{machine.https}\n"
    large += f"Content-Length: {300 * 2**20}\n\n"
    step("a body over the limit is refused", _raw(machine, large) == 413)
    old = ssl.create_default_context()
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(("127.0.0.1", machine.https)) as line:
            old.wrap_socket(line, server_hostname=HOST)
        step("TLS before 1.2 is refused", False)
    except (ssl.SSLError, ConnectionError):
        step("TLS before 1.2 is refused", True)


def _inside(step: Steps, machine: Machine, contacts: int) -> Session:
    """Sign in and look, over WSS; return an administrator's session."""
    stranger = Session(machine.url)
    found = texts(stranger.run("force"))
    step("a stranger sees only how to sign in", not any("per 1,000" in t for t in found))
    stranger.close()
    session = Session(machine.url).sign_in("chief")
    step("signing in, and a page over WSS", _says(session, contacts))
    token = {c.name: c.value or "" for c in session.http.cookies.jar}["_streamlit_xsrf"]
    place = f"/_stcore/upload_file/{session.id}/{uuid.uuid4()}"
    content = {"file": ("small.csv", b"a,b\n1,2\n")}
    without = session.http.put(place, files=content).status_code
    with_token = session.http.put(
        place, files=content, headers={"X-Xsrftoken": token, "Origin": machine.url}
    ).status_code
    step("an upload with its token, and none without", (without, with_token) == (403, 204),
         f"{without}, {with_token}")  # fmt: skip
    return session


def _nights(step: Steps, machine: Machine, session: Session) -> None:
    """The nightly load: a new export, the same again, broken ones."""
    _export(machine, "b.csv", 3000)
    done = machine.run("cit-outcomes-load")
    step("a new export is loaded", done.returncode == 0, done.stderr)
    step("and served, without a restart", _says(session, 3000))
    before = _snapshots(machine)
    again = machine.run("cit-outcomes-load")
    step(
        "loading it again changes nothing",
        again.returncode == 0
        and "nothing changed" in again.stdout
        and _snapshots(machine) == before,
    )
    drop = machine.at("/srv/cit-outcomes/drop")
    for what, content, code in (
        ("an export without its columns", "when,who\n2025-01-01,x\n", 2),
        (
            "an export of bad rows",
            text([row(i, when="never") for i in range(50)] + [row(99)]),
            4,
        ),
        ("an export that is empty", "", 2),
    ):
        broken = drop / "c.csv"
        broken.write_text(content)
        _settle(broken, 60.5)
        done = machine.run("cit-outcomes-load")
        lines = done.stderr.splitlines()
        step(
            f"{what}: exit code {code}, one line, the old one stays",
            done.returncode == code
            and len(lines) == 1
            and broken.read_text() == content
            and _snapshots(machine) == before
            and _says(session, 3000),
            f"{done.returncode} {done.stderr.strip()[:100]}",
        )
    broken.touch()
    done = machine.run("cit-outcomes-load")
    step(
        "one that is still being copied is left alone",
        done.returncode == 2 and "on its way" in done.stderr,
    )
    broken.unlink()
    _settle(drop / "b.csv", 5 * 86400)
    _settle(drop / "a.csv", 6 * 86400)
    done = machine.run("cit-outcomes-load")
    step("an export that is days old: exit code 5", done.returncode == 5, done.stderr.strip()[-70:])


def _backups(step: Steps, machine: Machine) -> Path:
    """A backup, while a load goes on."""
    _export(machine, "d.csv", 4000)
    unit = machine.unit("cit-outcomes-load")
    with subprocess.Popen(
        unit.command, env=unit.environment, cwd=unit.folder, umask=unit.umask,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as load:  # fmt: skip
        done = machine.run("cit-outcomes-backup")
    step("a backup while a load goes on", (load.returncode, done.returncode) == (0, 0), done.stderr)
    time.sleep(1.1)  # backups are called by the second
    done = machine.run("cit-outcomes-backup")
    newest = max(machine.at("/var/backups/cit-outcomes").glob("*.tar"))
    step("only its owner may read it", newest.stat().st_mode & 0o777 == 0o600)
    secret = machine.at("/var/lib/cit-outcomes/store") / "secret"
    step("nor the store's secret", secret.stat().st_mode & 0o777 == 0o600)
    return newest


def _restored(step: Steps, machine: Machine, file: Path, before: Any) -> None:
    store = machine.at("/var/lib/cit-outcomes/store")
    refused = machine.command("data", "restore", str(file))
    step("a restore writes over no store", refused.returncode == 2 and store.is_dir())
    shutil.rmtree(store)
    cut = file.with_name("cut.tar")
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    refused = machine.command("data", "restore", str(cut))
    step(
        "half a backup is refused, and leaves nothing",
        refused.returncode == 2 and not store.exists(),
    )
    cut.unlink()
    done = machine.command("data", "restore", str(file))
    step("the store is gone, and restored", done.returncode == 0, done.stderr)
    checked = machine.command("data", "verify")
    step(
        "it verifies",
        checked.returncode == 0 and checked.stdout.endswith("sound\n"),
        checked.stderr,
    )
    step("the same answer as before", _answer(machine) == before)


def run(folder: Path, python: Path) -> Steps:
    """Try everything; return what held."""
    step = Steps()
    machine = Machine(folder, python)
    machine.install()
    machine.certificates()
    os.environ["SSL_CERT_FILE"] = str(machine.ca)
    _resolve_here()
    settings = machine.at("/etc/cit-outcomes/load.env")
    ours = "/etc/cit-outcomes/ours.toml"
    machine.at(ours).write_text(tomli_w.dumps(MAPPING))
    settings.write_text(settings.read_text().replace("=seattle", f"={ours}"))
    _export(machine, "a.csv", 2000)
    done = machine.run("cit-outcomes-load")
    step("installed, and a first load", done.returncode == 0, done.stderr)
    store = machine.at("/var/lib/cit-outcomes/store")
    people: dict[str, dict[str, Any]] = {"chief": {"roles": [Role.ADMINISTRATOR.value]}}
    (store / "settings.toml").write_text('roles_claim = "roles"\n')
    with provider(people) as issuer:
        machine.at("/var/lib/cit-outcomes/.streamlit/secrets.toml").write_text(
            f'[auth]\nredirect_uri = "{machine.url}/oauth2callback"\ncookie_secret = "{SECRET}"\n'
            'client_id = "dashboard"\nclient_secret = "word"\n'
            f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
        )
        with machine.proxy() as logs:
            with machine.service("cit-outcomes-dashboard"):
                step("healthy over HTTPS", _healthy(machine) < 90)
                _edge(step, machine)
                session = _inside(step, machine, 2000)
                _nights(step, machine, session)
                session.close()
                file = _backups(step, machine)
                before = _answer(machine)
            _restored(step, machine, file, before)
            with machine.service("cit-outcomes-dashboard"):
                _healthy(machine)
                session = Session(machine.url).sign_in("chief")
                step("served again, and signed in", _says(session, 4000))
                session.close()
            written = (logs / "cit-outcomes.log").read_text()
            step(
                "the proxy's log holds no query and no file's address",
                written and "?" not in written and "code=" not in written,
                f"{len(written.splitlines())} lines",
            )
    log = (folder / "cit-outcomes-dashboard.log").read_text()
    step(
        "no traceback in the journal",
        "Traceback" not in log,
        log[-500:] if "Traceback" in log else "",
    )
    return step


def main() -> int:
    """Try it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--python", type=Path, help="a Python that has the packages; a fresh one if left out"
    )
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cit-deploy-") as folder:
        began = time.monotonic()
        python = args.python.absolute() if args.python else _environment(Path(folder))
        print(f"packages: {time.monotonic() - began:.0f} s", file=sys.stderr)
        steps = run(Path(folder), python)
    print(steps.table())
    return 1 if steps.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
