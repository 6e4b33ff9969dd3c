"""Real servers for the tests of a warehouse: PostgreSQL, and a Spark master with two workers."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.browser.chrome import free_port

REQUIRED = os.environ.get("CIT_ENGINE_TESTS") == "required"
PASSWORD = "open-Sesame-31"


def lack(reason: str) -> None:
    """Skip what needs something that is not here; fail where it is required."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def wait(until: Callable[[], bool], what: str, seconds: float = 90) -> None:
    """Wait for something to be true; fail if it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if until():
                return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail(f"{what} did not start within {seconds:.0f} seconds")


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, where Debian puts them or on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    there = shutil.which("initdb")
    return found[-1].parent if found else Path(there).parent if there else None


@contextmanager
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server of its own; give its address, to which the password belongs."""
    programs = postgres_programs()
    if programs is None:
        lack("needs PostgreSQL's server (Debian: postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="cit-pg-"))
    account = {}
    if os.geteuid() == 0:  # it refuses to run as root
        other = pwd.getpwnam("postgres" if _exists("postgres") else "nobody")
        os.chown(folder, other.pw_uid, other.pw_gid)
        account = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
    (folder / "word").write_text(PASSWORD)
    (folder / "word").chmod(0o644)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}

    def run(name: str, *options: str) -> None:
        subprocess.run(
            [f"{programs}/{name}", "-D", f"{folder}/data", *options],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            **account,  # type: ignore[call-overload]
        )

    port = free_port()
    options = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=64MB"
    )
    run("initdb", "-U", "cit", "-A", "scram-sha-256", f"--pwfile={folder}/word", "-E", "UTF8", "-N")
    run("pg_ctl", "start", "-w", "-l", f"{folder}/log", "-o", options)
    try:
        yield f"postgresql://cit@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "stop", "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _exists(account: str) -> bool:
    return any(one.pw_name == account for one in pwd.getpwall())


@contextmanager
def spark(folder: Path) -> Iterator[str]:
    """Start a Spark master and two workers of a core each; give the master's address.

    This process's environment then has what its session needs.
    """
    import pyspark

    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        lack("needs Java 17 (Debian: openjdk-17-jre-headless)")
    home = Path(pyspark.__file__).parent
    (folder / "conf").mkdir(parents=True)
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.executor.memory": "700m",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": f"file:{folder}/tables",
        "spark.local.dir": f"{folder}/local",
    }
    lines = "\n".join(f"{name} {value}" for name, value in settings.items())
    (folder / "conf" / "spark-defaults.conf").write_text(lines)
    told = {
        "SPARK_HOME": str(home),
        "SPARK_CONF_DIR": str(folder / "conf"),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "300m",
    }
    os.environ |= told
    port, page = free_port(), free_port()
    url = f"spark://127.0.0.1:{port}"
    base = "org.apache.spark.deploy"
    here = ["--host", "127.0.0.1"]
    with ExitStack() as stack:

        def start(name: str, *command: str) -> None:
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            running = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *command],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
            stack.callback(running.wait)
            stack.callback(running.kill)

        def workers() -> int:
            with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
                return int(json.load(answer)["aliveworkers"])

        start(
            "master",
            f"{base}.master.Master",
            *here,
            *("--port", str(port), "--webui-port", str(page)),
        )
        for number in (1, 2):
            start(
                f"worker{number}",
                f"{base}.worker.Worker",
                *here,
                *("--cores", "1", "--memory", "1g", "--webui-port", "0"),
                *("--work-dir", str(folder / f"work{number}"), url),
            )
        wait(lambda: workers() == 2, "Spark's two workers")
        yield url
        from pyspark.sql import SparkSession

        if session := SparkSession.getActiveSession():
            session.stop()
    for name in told:
        os.environ.pop(name, None)
