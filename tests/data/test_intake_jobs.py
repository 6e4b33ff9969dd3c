"""Checking, publishing and undoing uploads: what is checked is what is published, whatever is killed."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data import audit, ingest, mapping
from data.errors import NotAllowedError, StoreLockedError, UserError
from data.intake import jobs, uploads, worker
from data.intake.draft import Draft
from data.roles import Role
from data.store import Store
from tests.data import exports
from tests.stores import write_contacts

SECRET = "Wrzesniewski"
HEADER = ["Subject Name", *exports.HEADER]
TEXT = Draft(exports.changed()).text()


def take(store: Store, data: list[list[str]]) -> uploads.Upload:
    content = exports.text([[f"{SECRET}, A", *r] for r in data], HEADER).encode()
    return uploads.receive(store, [("export.csv", io.BytesIO(content))], "tester")


def check(store: Store, upload: uploads.Upload, **options: Any) -> jobs.Job:
    """Run a check in this process, as the worker does."""
    job = jobs.Job("test", options.get("replace_period", False))
    (upload.folder / "mapping.toml").write_text(TEXT)
    worker.check(store, upload, job)
    jobs.write(upload, job)
    return job


def wait(
    upload: uploads.Upload, until: Callable[[jobs.Job], bool], seconds: float = 60
) -> jobs.Job:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job = jobs.state(upload)
        assert job is not None
        if until(job):
            return job
        time.sleep(0.01)
    raise AssertionError(f"the check stays {job.status}: {job.doing}")


def logged(store: Store) -> list[str]:
    """Return what the audit log holds of the page's own doings, in order."""
    found = [e for e in audit.entries(store.root) if e.who == "tester"]
    return [e.what for e in sorted(found, key=lambda e: e.seq)]


def first(n: int = 40) -> list[list[str]]:
    return [exports.row(i, f"2024-{i % 12 + 1:02d}-05 14:30") for i in range(n)]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that holds forty contacts."""
    return exports.load(tmp_path, first())[1]


def test_the_whole_way_in_processes_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    upload = take(store, first())
    jobs.start(store, upload, TEXT, "test")
    with pytest.raises(UserError, match="being checked already"):
        wait(upload, lambda j: uploads.running(upload.folder) or not j.under_way)
        jobs.start(store, upload, TEXT, "test")
    job = wait(upload, lambda j: not j.under_way)
    assert (job.status, job.error) == (jobs.CHECKED, "")
    assert job.report is not None and job.report["contacts"] == 40
    assert job.report["dropped_columns"] == ["Subject Name"]
    assert store.ids() == []
    built = jobs.built(upload).read_bytes()
    published = jobs.publish(store, uploads.get(store, upload.id), "tester")
    assert published.path.read_bytes() == built
    assert store.current_id() == published.id == job.snapshot
    assert exports.count(store, "contacts") == 40
    assert exports.rows_of(store, "SELECT dropped_columns, file_sha256 FROM loads") == [
        (["Subject Name"], [upload.files[0].sha256])
    ]
    assert not upload.folder.exists()
    every = b"".join(p.read_bytes() for p in store.root.rglob("*") if p.is_file())
    assert SECRET.encode() not in every
    assert logged(store) == ["upload", "load"]


def test_what_would_change_is_counted(store: Store) -> None:
    data = first()[1:]  # one vanished
    data[0][3:5] = ["SUICIDAL", "Y"]  # replaced: something of the contact
    data[1][-2] = "Arrest"  # replaced: something of a child
    data += [exports.row(f"N{i}", "2024-06-05 10:00", Area="D9") for i in range(3)]
    data += [exports.row("", "2024-06-05 10:00")]  # rejected
    upload = take(store, data)
    job = check(store, upload, replace_period=True)
    assert job.changes is not None
    assert job.changes["contacts"] == {
        "added": 3,
        "replaced": 2,
        "unchanged": 37,
        "vanished": 1,
        "kept": 0,
    }
    assert job.changes["simulated"] is None
    assert job.changes["rejected"] == [("no contact number", "export.csv", 43, "Form")]
    assert ("contacts", "district_id", "D9", 3) in job.changes["new_codes"]
    columns = {c: (b, a) for _, c, b, a in job.changes["columns"]}
    assert columns["force_used"] == (0.0, 0.0)
    assert columns["initial_call_group"] == (0.0, 0.0)
    tables = {t: (b, a) for t, b, a in job.changes["tables"]}
    assert tables["contacts"] == (40, 42)
    assert SECRET not in str(job)


def test_without_replacing_the_period_nothing_vanishes(store: Store) -> None:
    job = check(store, take(store, first(10)))
    assert not job.changed
    job = check(store, take(store, [*first(10), exports.row("N")]))
    assert job.changes is not None
    assert job.changes["contacts"] == {
        "added": 1,
        "replaced": 0,
        "unchanged": 10,
        "vanished": 0,
        "kept": 30,
    }


def test_nothing_is_published_that_was_not_checked(store: Store, tmp_path: Path) -> None:
    upload = take(store, [exports.row("N")])
    check(store, upload)
    before = store.current_id()
    exports.load(tmp_path, [exports.row("other")])
    with pytest.raises(UserError, match="check again"):
        jobs.publish(store, upload, "tester")
    assert exports.count(store, "contacts") == 41
    # Undone, the store is again what the check was built upon.
    store.rollback(before)
    jobs.built(upload).chmod(0o600)
    whole = jobs.built(upload).read_bytes()
    jobs.built(upload).write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    with pytest.raises(UserError, match="damaged or was changed"):
        jobs.publish(store, upload, "tester")
    assert store.current_id() == before
    jobs.built(upload).write_bytes(whole)
    jobs.publish(store, upload, "tester")
    assert exports.count(store, "contacts") == 41
    assert exports.count(store, "contacts", "district_id = 'D1'") == 41


def test_publishing_waits_for_nobody_and_says_so(store: Store) -> None:
    upload = take(store, [exports.row("N")])
    check(store, upload)
    with store.lock(), pytest.raises(StoreLockedError):
        jobs.publish(store, upload, "tester")
    assert upload.folder.exists()
    jobs.publish(store, upload, "tester")


def test_a_check_waits_while_another_load_writes(store: Store) -> None:
    upload = take(store, [exports.row("N")])
    with store.lock():
        jobs.start(store, upload, TEXT, "test")
        job = wait(upload, lambda j: j.status == jobs.WAITING)
        assert "another load or check" in job.doing
    assert wait(upload, lambda j: not j.under_way).status == jobs.CHECKED


def test_a_cancelled_check_leaves_the_upload(store: Store) -> None:
    upload = take(store, [exports.row("N")])
    with store.lock():
        jobs.start(store, upload, TEXT, "test")
        wait(upload, lambda j: j.status == jobs.WAITING)
        jobs.cancel(store, upload)
    job = jobs.state(upload)
    assert job is not None and job.status == jobs.CANCELLED
    assert not uploads.running(upload.folder)
    assert not jobs.built(upload).exists()
    assert check(store, upload).changed
    jobs.discard(store, upload)
    assert not upload.folder.exists()


def test_a_killed_worker_shows_and_can_be_run_again(store: Store) -> None:
    upload = take(store, [exports.row("N")])
    with store.lock():
        jobs.start(store, upload, TEXT, "test")
        job = wait(upload, lambda j: j.status == jobs.WAITING)
        assert job.pid is not None
        os.kill(job.pid, signal.SIGKILL)
        stopped = wait(upload, lambda j: not j.under_way)
    assert stopped.status == jobs.STOPPED
    assert "check again" in stopped.error
    assert check(store, upload).changed


def test_a_bad_export_fails_in_one_line_and_keeps_the_upload(store: Store) -> None:
    upload = take(store, [exports.row(i, "no date") for i in range(5)])
    jobs.start(store, upload, TEXT, "test")
    job = wait(upload, lambda j: not j.under_way)
    assert job.status == jobs.FAILED
    assert "5 of 5 rows rejected" in job.error
    assert "\n" not in job.error
    with pytest.raises(UserError, match="nothing checked"):
        jobs.publish(store, upload, "tester")
    assert exports.count(store, "contacts") == 40


def test_undoing_goes_back_and_forth(store: Store) -> None:
    before = store.current_id()
    upload = take(store, [exports.row("N")])
    check(store, upload)
    after = jobs.publish(store, upload, "tester").id
    assert before is not None
    jobs.undo(store, before, "tester")
    assert exports.count(store, "contacts") == 40
    kept = jobs.snapshots(store)
    assert [(k.id, k.contacts, k.in_use) for k in kept] == [(after, 41, False), (before, 40, True)]
    jobs.undo(store, after, "tester")
    assert exports.count(store, "contacts") == 41
    assert logged(store)[-3:] == ["load", "rollback", "rollback"]


def test_an_invented_agency_goes_and_is_counted(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    file = write_contacts(tmp_path / "contacts.csv", (20, 20), (1, 1))
    ingest.load(store, [file], mapping.read("canonical"), simulated=True)
    upload = take(store, first())
    job = check(store, upload)
    assert job.changes is not None
    assert job.changes["simulated"] == 41
    assert job.changes["contacts"]["added"] == 40
    assert job.changes["contacts"]["vanished"] == 0
    jobs.publish(store, upload, "tester")
    assert exports.count(store, "contacts") == 40


def test_only_who_may_load_can_do_any_of_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    upload = take(store, first(3))
    for role in (r for r in Role if r is not Role.ADMINISTRATOR):
        other = Store(store.root, role)
        for act in (
            lambda s: take(s, first(3)),
            uploads.listed,
            lambda s: jobs.start(s, upload, TEXT, "test"),
            lambda s: jobs.cancel(s, upload),
            lambda s: jobs.discard(s, upload),
            lambda s: jobs.publish(s, upload, "x"),
            lambda s: jobs.undo(s, "any", "x"),
        ):
            with pytest.raises(NotAllowedError):
                act(other)
    assert [u.id for u in uploads.listed(store)] == [upload.id]
    assert jobs.state(upload) is None


STAGES = ("looking", "reading", "mapping", "merging", "building", "checking", "comparing")


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_stage_the_old_snapshot_serves(stage: str, tmp_path: Path) -> None:
    store = exports.load(tmp_path, first())[1]
    before = store.current_id()
    upload = take(store, [exports.row(f"N{i}", "2024-06-05 10:00") for i in range(60_000)])
    jobs.start(store, upload, TEXT, "test")
    job = wait(upload, lambda j: j.doing.startswith(stage) or not j.under_way)
    assert job.pid is not None and job.under_way
    os.kill(job.pid, signal.SIGKILL)
    assert wait(upload, lambda j: not j.under_way).status == jobs.STOPPED
    assert store.current_id() == before
    assert exports.count(store, "contacts") == 40
    again = check(store, upload)
    assert again.status == jobs.CHECKED
    jobs.publish(store, upload, "tester")
    assert exports.count(store, "contacts") == 60_040
    assert not list(store.snapshots_dir.glob(".building-*"))
    ingest.load(
        store, [exports.write(tmp_path / "last.csv", first(3))], mapping.parse(exports.MAPPING, "t")
    )
