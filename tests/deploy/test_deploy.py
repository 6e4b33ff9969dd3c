"""The files of the deployment agree with one another and the program; the whole, tried from scratch."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from tests.browser.chrome import ROOT
from tests.deploy.machine import Machine, nginx, settings

REQUIRED = os.environ.get("CIT_BROWSER_TESTS") == "required"
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a deployment for Linux")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path, Path(sys.executable))
    made.install()
    return made


def _needs(found: str | None, package: str) -> str:
    if not found:
        if REQUIRED:
            pytest.fail(f"needs {package}")
        pytest.skip(f"needs {package}")
    return found


def test_installing_again_keeps_what_is_yours(machine: Machine) -> None:
    mine = [
        machine.at("/etc/cit-outcomes/load.env"),
        machine.at("/etc/nginx/sites-available/cit-outcomes"),
    ]
    unit = machine.at("/etc/systemd/system/cit-outcomes-dashboard.service")
    for path in (*mine, unit):
        path.write_text("changed")
    machine.install()
    assert [p.read_text() for p in mine] == ["changed"] * 2
    assert unit.read_text() == (DEPLOY / "systemd" / unit.name).read_text()


def test_every_place_is_made_by_the_installer(machine: Machine) -> None:
    texts = [p.read_text("utf-8") for p in DEPLOY.rglob("*") if p.is_file()]
    found = set(
        re.findall(r"/(?:var/lib|var/backups|etc|srv)/cit-outcomes[\w/.-]*", "\n".join(texts))
    )
    assert len(found) >= 6
    later = {"store", "fullchain.pem", "privkey.pem", "secrets.toml"}
    missing = [
        p for p in found if Path(p).name not in later and not machine.at(p.rstrip(".")).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda p: p.stem)
def test_a_service_may_write_only_its_own(unit: Path, machine: Machine) -> None:
    found = machine.unit(unit.stem)
    assert found.settings["ProtectSystem"] == ["strict"] and found.settings["NoNewPrivileges"] == [
        "yes"
    ]
    assert found.settings["User"] == ["cit-outcomes"] and found.umask == 0o077
    mayhap = {"/var/lib/cit-outcomes", "/var/backups/cit-outcomes"}
    assert set(found.settings["ReadWritePaths"]) <= mayhap
    assert found.environment["CIT_STORE"].startswith(str(machine.at("/var/lib/cit-outcomes")))
    assert Path(found.command[0]).exists()


def test_the_limit_of_uploads_is_in_step() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["server"]
    found = re.search(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text("utf-8"))
    assert found is not None
    assert config["maxUploadSize"] < int(found[1]) <= config["maxUploadSize"] + 8


def test_the_proxy_passes_on_to_where_the_service_listens() -> None:
    (start,) = settings([DEPLOY / "systemd" / "cit-outcomes-dashboard.service"])["ExecStart"]
    site = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert f"server 127.0.0.1:{start.rpartition('--port ')[2]};" in site


def test_nginx_reads_the_site(machine: Machine) -> None:
    _needs(nginx(), "nginx (Debian: nginx-light)")
    machine.certificates()
    with machine.proxy() as logs:
        assert "emerg" not in (logs / "error.log").read_text()


def test_systemd_reads_the_units(machine: Machine) -> None:
    analyze = _needs(shutil.which("systemd-analyze"), "systemd-analyze (Debian: systemd)")
    theirs = next(
        (p for p in map(Path, ("/usr/lib/systemd/system", "/lib/systemd/system")) if p.is_dir()),
        None,
    )
    assert theirs is not None
    shutil.copytree(theirs, machine.at("/usr/lib/systemd/system"), symlinks=True)
    for name in ("/opt/cit-outcomes/.venv/bin/python", "/bin/sh"):
        machine.at(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy("/bin/true", machine.at(name))
    names = [p.name for p in (DEPLOY / "systemd").glob("cit-*.*") if p.is_file()]
    assert len(names) == 5
    run = {"capture_output": True, "text": True, "timeout": 60, "check": False}
    done = subprocess.run([analyze, f"--root={machine.folder}", "verify", *names], **run)  # type: ignore[call-overload]
    assert not [line for line in done.stderr.splitlines() if "cit-outcomes" in line], done.stderr
    for unit in UNITS:
        command = [
            analyze,
            f"--root={machine.folder}",
            "security",
            "--offline=true",
            "--threshold=20",
        ]
        done = subprocess.run([*command, "--no-pager", unit.name], **run)  # type: ignore[call-overload]
        if "unrecognized option" in done.stderr:
            pytest.skip("this systemd-analyze is too old")
        assert done.returncode == 0, done.stdout[-300:] + done.stderr


def _put(machine: Machine, name: str, ago: float) -> Path:
    path = machine.at("/srv/cit-outcomes/drop") / name
    path.write_text(name)
    then = time.time() - ago
    os.utime(path, (then, then))
    return path


def _load(machine: Machine, **options: str) -> subprocess.CompletedProcess[str]:
    """Run the nightly script with a Python that says what it was asked and leaves as it was told."""
    told = machine.folder / "python"
    told.write_text('#!/bin/sh\nshift 2\nprintf "%s\\n" "$@"\nexit ${LEAVE:-0}\n')
    told.chmod(0o755)
    unit = machine.unit("cit-outcomes-load")
    command = [*unit.command[:-1], str(told)]
    return subprocess.run(
        command,
        env=unit.environment | options,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


def test_the_newest_of_each_pattern_is_loaded(machine: Machine) -> None:
    _put(machine, "old.csv", 900)
    new, sheet = _put(machine, "new export.csv", 600), _put(machine, "forms [2].xlsx", 700)
    (machine.at("/srv/cit-outcomes/drop") / "more.csv").mkdir()
    done = _load(machine)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["load", str(new), "--mapping", "seattle"]
    both = _load(
        machine, CIT_LOAD_PATTERNS="*.csv *.xlsx", CIT_LOAD_OPTIONS="--replace-period --agency A"
    )
    assert both.stdout.splitlines()[1:3] == [str(new), str(sheet)]
    assert both.stdout.splitlines()[-3:] == ["--replace-period", "--agency", "A"]


@pytest.mark.parametrize("code", [2, 3, 4])
def test_what_the_load_says_is_what_the_night_says(machine: Machine, code: int) -> None:
    kept = _put(machine, "new.csv", 600)
    assert _load(machine, LEAVE=str(code)).returncode == code
    assert kept.exists()


@pytest.mark.parametrize(
    ("ago", "options", "code", "said"),
    [
        (5, {}, 2, "may still be on its way"),
        (600, {"CIT_LOAD_PATTERNS": "*.xlsx"}, 2, "no file is called *.xlsx"),
        (600, {"CIT_LOAD_FOLDER": "/nowhere"}, 2, "cannot be read"),
        (4 * 86400, {}, 5, "is 4 days old"),
        (4 * 86400, {"CIT_LOAD_STALE_DAYS": ""}, 0, ""),
    ],
)
def test_what_the_night_refuses(
    machine: Machine, ago: float, options: dict[str, str], code: int, said: str
) -> None:
    _put(machine, "new.csv", ago)
    done = _load(machine, **options)
    assert done.returncode == code and said in done.stderr
    assert len(done.stderr.splitlines()) == (1 if code else 0)


def test_the_page_names_every_place_and_step() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    for path in (*UNITS, *(DEPLOY / "systemd").glob("*.timer")):
        assert path.stem in page
    for name in (
        "load.env",
        "nginx.conf",
        "install.sh",
        "backup --out",
        "restore",
        "--before-purge",
    ):
        assert name in page
    options = re.findall(r"CIT_LOAD_\w+", (DEPLOY / "load-newest.sh").read_text("utf-8"))
    assert set(options) <= set(
        re.findall(r"CIT_LOAD_\w+", (DEPLOY / "load.env").read_text("utf-8"))
    )


@pytest.mark.slow
@pytest.mark.xdist_group("deploy")
def test_the_deployment_from_scratch() -> None:
    _needs(nginx(), "nginx (Debian: nginx-light)")
    _needs(shutil.which("openssl"), "openssl")
    done = subprocess.run(
        [sys.executable, "-m", "tests.deploy.try_deploy", "--python", sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    held = re.search(r"(\d+) of \1 held", done.stdout)
    assert held is not None and int(held[1]) >= 33
