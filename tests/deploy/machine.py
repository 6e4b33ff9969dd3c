"""A server laid out in a temporary folder, by the units and the site of nginx that ship."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.chrome import ROOT, free_port

HOST = "cit.agency.example"
_OURS = (
    "/var/lib/cit-outcomes",
    "/var/backups/cit-outcomes",
    "/etc/cit-outcomes",
    "/srv/cit-outcomes",
)
_LOGS = "/var/log/nginx"


@dataclass
class Unit:
    """What a service would run, with what environment and rights on new files."""

    command: list[str]
    environment: dict[str, str]
    folder: Path
    umask: int
    settings: dict[str, list[str]] = field(default_factory=dict)


def settings(files: list[Path]) -> dict[str, list[str]]:
    """Return every setting of a unit and its drop-ins, in order."""
    found: dict[str, list[str]] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            name, equals, value = line.partition("=")
            if equals and not line.startswith(("#", "[")):
                found.setdefault(name, []).append(value)
    return found


class Machine:
    """The folder, the Python that runs the program, and the ports."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder, self.python = folder, python
        self.port, self.http, self.https = free_port(), free_port(), free_port()
        self.url = f"https://{HOST}:{self.https}"
        self.ca = folder / "ca.pem"

    def at(self, path: str) -> Path:
        """Return where a path of the server lies here."""
        return self.folder / path.lstrip("/")

    def install(self) -> None:
        """Lay it out as ``deploy/install.sh`` does."""
        command = ["sh", str(ROOT / "deploy" / "install.sh")]
        subprocess.run(command, env={**os.environ, "DESTDIR": str(self.folder)}, check=True)

    def here(self, text: str) -> str:
        """Return a text of a unit or a settings file with the paths of this machine."""
        text = text.replace("/opt/cit-outcomes/.venv/bin/python", str(self.python))
        text = text.replace("/opt/cit-outcomes", str(ROOT))
        for path in _OURS:
            text = text.replace(path, str(self.at(path)))
        return re.sub(r"(--port )8501\b", rf"\g<1>{self.port}", text)

    def unit(self, name: str) -> Unit:
        """Return a service as installed, its drop-in with it."""
        folder = self.at("/etc/systemd/system")
        files = [
            *sorted((folder / "cit-outcomes-.service.d").glob("*.conf")),
            folder / f"{name}.service",
        ]
        found = settings(files)
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        pairs = [
            word for line in found.get("Environment", []) for word in shlex.split(self.here(line))
        ]
        for file in found.get("EnvironmentFile", []):
            pairs += shlex.split(self.here(Path(self.here(file)).read_text("utf-8")), comments=True)
        environment |= dict(pair.split("=", 1) for pair in pairs)
        (start,) = found["ExecStart"]
        return Unit(
            shlex.split(self.here(start)),
            environment,
            Path(self.here(found["WorkingDirectory"][-1])),
            int(found["UMask"][-1], 8),
            found,
        )

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run a oneshot service to its end."""
        unit = self.unit(name)
        return subprocess.run(
            unit.command,
            env=unit.environment,
            cwd=unit.folder,
            umask=unit.umask,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the services' account would."""
        unit = self.unit("cit-outcomes-backup")
        return subprocess.run(
            [str(self.python), "-m", *arguments],
            env=unit.environment,
            cwd=unit.folder,
            umask=unit.umask,
            capture_output=True,
            text=True,
            timeout=300,
        )

    @contextmanager
    def service(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a service until the block ends."""
        unit = self.unit(name)
        log = self.folder / f"{name}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                unit.command,
                env=unit.environment,
                cwd=unit.folder,
                umask=unit.umask,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        with _until_the_end(process):
            yield process

    def certificates(self) -> None:
        """Make an authority of our own and a certificate of the server's name."""
        tls = self.at("/etc/cit-outcomes/tls")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        authority, names = self.folder / "ca.key", self.folder / "names"
        names.write_text(f"subjectAltName=DNS:{HOST}\n")
        for command in (
            ["req", "-x509", *key, "-keyout", authority, "-out", self.ca, "-days", "2", "-subj", "/CN=Trial"],
            ["req", *key, "-keyout", tls / "privkey.pem", "-out", tls / "asked", "-subj", f"/CN={HOST}"],
            ["x509", "-req", "-in", tls / "asked", "-CA", self.ca, "-CAkey", authority, "-CAcreateserial",
             "-out", tls / "fullchain.pem", "-days", "2", "-extfile", names],
        ):  # fmt: skip
            subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)

    @contextmanager
    def proxy(self) -> Iterator[Path]:
        """Run nginx with the site as installed, but for paths and ports; yield the folder of its logs."""
        site = self.here(self.at("/etc/nginx/sites-available/cit-outcomes").read_text("utf-8"))
        logs = self.at(_LOGS)
        logs.mkdir(parents=True, exist_ok=True)
        site = site.replace(_LOGS, str(logs)).replace("127.0.0.1:8501", f"127.0.0.1:{self.port}")
        site = site.replace("listen 80", f"listen 127.0.0.1:{self.http}")
        site = site.replace("listen 443", f"listen 127.0.0.1:{self.https}")
        kept = "".join(
            f"{kind}_temp_path {self.folder}/nginx-{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        whole = self.folder / "nginx.conf"
        user = "user root;\n" if os.name != "nt" and os.geteuid() == 0 else ""
        whole.write_text(
            f"{user}daemon off;\npid {self.folder}/nginx.pid;\nerror_log {logs}/error.log;\n"
            f"events {{}}\nhttp {{\n{kept}access_log off;\n{site}\n}}\n"
        )
        command = [
            nginx() or "nginx",
            "-c",
            str(whole),
            "-p",
            str(self.folder),
            "-e",
            f"{logs}/error.log",
        ]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        process = subprocess.Popen(command)
        with _until_the_end(process):
            time.sleep(0.5)
            if process.poll() is not None:
                raise RuntimeError((logs / "error.log").read_text())
            yield logs


@contextmanager
def _until_the_end(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def nginx() -> str | None:
    """Return the path of nginx; Debian keeps it where not everybody looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
