"""Ask an advisory service whether any pinned package has a known vulnerability.

One that has fails, with what to do. A service that cannot be reached is said so, in so many words, and
fails nothing: work goes on without a network, but nobody may take silence for an audit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINNED = ("requirements.txt", "requirements-engines.txt")
SERVICES = ("pypi", "osv")
KNOWN_BAD = "jinja2==2.4.1"
"""It has had an advisory since 2014: a service that knows nothing of it knows nothing of the others."""
Found = dict[str, Any]


def ask(requirements: Path, service: str) -> list[Found] | None:
    """Return what a service says of each pinned package, or None if it could not be asked."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements)]
    command += ["--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off"]
    command += ["--vulnerability-service", service, "--timeout", "15"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        return list(json.loads(done.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        return None


def answers(found: list[Found] | None) -> bool:
    """Say whether a service knows a package that is known to be bad."""
    return any(one.get("vulns") for one in found or ())


def judge(found: Iterable[Found]) -> tuple[list[str], list[str]]:
    """Return the lines of what is vulnerable, and the names of what the service did not know."""
    bad, unknown = [], []
    for one in found:
        if "skip_reason" in one:
            unknown.append(str(one["name"]))
        for hole in one.get("vulns", ()):
            fixed = ", ".join(hole.get("fix_versions", ())) or "no version yet"
            bad.append(f"{one['name']} {one['version']}: {hole['id']} (mended in: {fixed})")
    return bad, unknown


def main() -> int:
    """Audit what is pinned; return the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.txt"
        probe.write_text(f"{KNOWN_BAD}\n", encoding="utf-8")
        service = next((s for s in SERVICES if answers(ask(probe, s))), None)
    if service is None:
        print(
            "NOT AUDITED: no advisory service could be reached; run `make audit` where one can be"
        )
        return 0
    asked = [ask(ROOT / pinned, service) for pinned in PINNED]
    found = [one for each in asked for one in each or ()]
    if None in asked:
        print(
            f"NOT AUDITED: the advisory service ({service}) stopped answering; run `make audit` again"
        )
        return 0
    bad, unknown = judge(found)
    if unknown:
        print(f"not audited, unknown to the service: {', '.join(sorted(unknown))}")
    if bad:
        print("\n".join(bad))
        print(
            "error: pinned packages have known vulnerabilities; raise them in requirements.in,"
            " `make lock`, `make test-all`"
        )
        return 1
    print(
        f"audited {len(found) - len(unknown)} packages with {service}: nothing known against them"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
