"""Checks of uploads: each in a process of its own, so that leaving the page loses nothing.

``state.json`` beside an upload says how far its check is; whoever opens the page, in whatever browser, reads
it.
A check builds the whole snapshot; publishing moves exactly that file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data import audit
from data.errors import UserError
from data.intake import uploads
from data.intake.uploads import Upload, read_json, running, write_json, write_private
from data.roles import Right
from data.store import Snapshot, Store

RUNNING, WAITING, CHECKED = "running", "waiting", "checked"
FAILED, CANCELLED, STOPPED = "failed", "cancelled", "stopped"
"""What a check is doing or how it ended; stopped is a process that went without a word."""

_STARTING = 30.0
"""Seconds a process may take to take its lock."""
_processes: dict[str, subprocess.Popen[bytes]] = {}


@dataclass
class Job:
    """One check: what it was asked, how far it is, and what came of it.

    ``step`` of ``steps`` is under way, ``doing`` in words; ``before`` is the snapshot that it was built
    upon, ``snapshot`` the one it built. ``report`` is that of ``load --json``, ``changes`` what
    `changes.compare` found.
    """

    mapping: str
    replace_period: bool
    agency: str | None = None
    status: str = RUNNING
    step: int = 0
    steps: int = 1
    doing: str = "starting"
    started: float = field(default_factory=time.time)
    finished: float | None = None
    pid: int | None = None
    error: str = ""
    before: str | None = None
    snapshot: str | None = None
    sha256: str = ""
    report: dict[str, Any] | None = None
    changes: dict[str, Any] | None = None

    @property
    def under_way(self) -> bool:
        """True while its process works or waits."""
        return self.status in (RUNNING, WAITING)

    @property
    def changed(self) -> bool:
        """True if publishing would change anything."""
        return self.report is not None and bool(self.report["changed"])


def built(upload: Upload) -> Path:
    """Return where a check leaves the snapshot it built."""
    return upload.folder / "built.duckdb"


def write(upload: Upload, job: Job) -> None:
    """Write down how far a check is."""
    write_json(upload.folder / "state.json", asdict(job))


def state(upload: Upload) -> Job | None:
    """Return the check of an upload, or None before the first; one whose process is gone is *stopped*."""
    raw = read_json(upload.folder / "state.json")
    if raw is None:
        return None
    job = Job(**raw)
    if (process := _processes.get(upload.id)) is not None:
        process.poll()  # or it stays behind as a process that has ended
    if job.under_way and not running(upload.folder):
        if job.pid is None and time.time() - job.started < _STARTING and _may_start(upload):
            return job
        # It may have ended between the two looks.
        again = Job(**(read_json(upload.folder / "state.json") or raw))
        if again.under_way:
            again.status = STOPPED
            again.error = "the check ended before it was done; nothing was lost: check again"
        return again
    return job


def _may_start(upload: Upload) -> bool:
    process = _processes.get(upload.id)
    return process is None or process.returncode is None


def start(
    store: Store,
    upload: Upload,
    mapping_text: str,
    name: str,
    *,
    agency: str | None = None,
    replace_period: bool = False,
) -> None:
    """Start the check of an upload in a process of its own.

    Raises ``NotAllowedError`` unless the role may load, ``UserError`` if one is under way already.
    """
    store.role.need(Right.LOAD)
    if running(upload.folder):
        raise UserError("this upload is being checked already; wait for it, or cancel it")
    built(upload).unlink(missing_ok=True)
    write_private(upload.folder / "mapping.toml", mapping_text)
    write(upload, Job(name, replace_period, agency))
    command = [
        sys.executable,
        "-m",
        "data.intake.worker",
        "--store",
        str(store.root.absolute()),
        upload.id,
    ]
    here = Path(__file__).parents[2]
    _processes[upload.id] = subprocess.Popen(
        command,
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(here)},
        stdin=subprocess.DEVNULL,
        # Not kept: what a library prints when it fails may hold a value.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def cancel(store: Store, upload: Upload) -> None:
    """End a check; what it was building goes, the upload stays."""
    store.role.need(Right.LOAD)
    job = state(upload)
    if job is None or not job.under_way:
        return
    if running(upload.folder) and job.pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(job.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    elif (process := _processes.get(upload.id)) is not None:
        process.kill()
    end = time.monotonic() + 10
    while running(upload.folder) and time.monotonic() < end:
        time.sleep(0.05)
    built(upload).unlink(missing_ok=True)
    job.status, job.finished, job.error = CANCELLED, time.time(), ""
    write(upload, job)
    with contextlib.suppress(UserError), store.lock():
        store.sweep()


def discard(store: Store, upload: Upload) -> None:
    """Delete an upload and everything made of it; its check, if one runs, ends first."""
    store.role.need(Right.LOAD)
    cancel(store, upload)
    uploads.discard(upload)


def checked(store: Store, upload: Upload, job: Job) -> Snapshot:
    """Return the snapshot that a check built, to be looked at before it is published.

    Raises ``UserError`` if it is no longer what was checked.
    """
    store.role.need(Right.LOAD)
    if job.status != CHECKED or job.snapshot is None or not built(upload).is_file():
        raise UserError("there is nothing checked to publish; check again")
    return Snapshot(job.snapshot, built(upload), store.role)


def publish(store: Store, upload: Upload, who: str) -> Snapshot:
    """Publish exactly the file that the check of an upload built; the upload then goes.

    Raises ``UserError`` if another load was published meanwhile, or the file is not the one checked, and
    ``StoreLockedError`` while another load writes; nothing is changed then.
    """
    store.role.need(Right.LOAD)
    job = state(upload)
    if job is None:
        raise UserError("there is nothing checked to publish; check again")
    found = checked(store, upload, job)
    with store.lock():
        if store.current_id() != job.before:
            raise UserError(
                "another load was published, or undone, since this check: check again, and look at what would"
                " change now"
            )
        if digest(found.path) != job.sha256:
            raise UserError("the file that was checked is damaged or was changed; check again")
        report = job.report or {}
        audit.record(
            store.root,
            "load",
            who,
            outcome="published",
            snapshot=found.id,
            before=job.before,
            mapping=job.mapping,
            mode="replace_period" if job.replace_period else "add_or_replace",
            files=[f.sha256 for f in upload.files],
            rows=report.get("rows_read"),
            contacts=report.get("contacts"),
            rejected=sum(report.get("rejected", {}).values()),
            removed=report.get("removed"),
        )
        try:
            published = store.publish(found.id, found.path)
        except OSError as error:
            raise UserError(
                f"{store.root}: cannot write the store ({error.strerror or error});"
                " free space on that disk; nothing was published"
            ) from None
    uploads.discard(upload)
    return published


def undo(store: Store, id_: str, who: str) -> Snapshot:
    """Put another kept snapshot in use. Raises as ``Store.rollback`` does."""
    return store.rollback(id_, who)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class Kept:
    """One kept snapshot: when it was made (UTC), its contacts, and whether it is the one in use."""

    id: str
    made: datetime
    contacts: int | None
    in_use: bool


def snapshots(store: Store) -> tuple[Kept, ...]:
    """Return the kept snapshots, newest first; ``contacts`` is None where one cannot be opened."""
    current = store.current_id()
    found = []
    for id_ in store.ids():
        contacts = None
        with contextlib.suppress(UserError):
            row = store.snapshot(id_).cursor().execute("SELECT count(*) FROM contacts").fetchone()
            contacts = int(row[0]) if row else None
        made = datetime.strptime(id_.split("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        found.append(Kept(id_, made, contacts, id_ == current))
    return tuple(found)
