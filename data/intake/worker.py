"""One check, in a process of its own: ``python -m data.intake.worker --store DIR UPLOAD``.

Started by `data.intake.jobs`. It says how far it is in ``state.json``, and nothing anywhere else.
"""

from __future__ import annotations

import argparse
import os
import time
import tomllib
from dataclasses import replace

from filelock import FileLock, Timeout

from data import ingest, mapping
from data.errors import StoreLockedError, UserError
from data.intake import changes, jobs, uploads
from data.intake.clean import CLEANED
from data.store import Store

_FIXED = 6  # stages of a load beside one for each table, and the comparison at the end


def check(store: Store, upload: uploads.Upload, job: jobs.Job) -> None:
    """Check an upload to the end, writing down how far it is. Raises ``UserError`` for bad input."""
    text = (upload.folder / "mapping.toml").read_text(encoding="utf-8")
    read = mapping.parse(tomllib.loads(text), f"{job.mapping}.toml")
    read = replace(read, file=CLEANED)
    keep = ingest.Kept(jobs.built(upload), upload.dropped, {f.name: f.sha256 for f in upload.files})
    known = {f.name.split(".")[0] for f in upload.files}
    job.steps = _FIXED + sum(1 for t in read.tables.values() if t.file is None or t.file in known)

    def progress(stage: str) -> None:
        job.status, job.doing, job.step = jobs.RUNNING, stage, min(job.step + 1, job.steps)
        jobs.write(upload, job)

    while True:
        try:
            report = ingest.load(
                store,
                upload.paths,
                read,
                agency_id=job.agency,
                replace_period=job.replace_period,
                publish=False,
                keep=keep,
                progress=progress,
            )
            break
        except StoreLockedError:
            job.status, job.step = jobs.WAITING, 0
            job.doing = (
                "another load or check is writing to this store; this one starts when that is done"
            )
            jobs.write(upload, job)
            time.sleep(0.5)
    job.report = vars(report)
    if report.changed:
        progress("comparing with the snapshot in use")
        keep.path.chmod(0o600)
        job.changes = changes.compare(store, keep.before, keep.path, keep.id)
        job.sha256 = jobs.digest(keep.path)
    job.before, job.snapshot = keep.before, keep.id if report.changed else None
    job.status, job.step, job.doing = jobs.CHECKED, job.steps, "done"


def main() -> None:
    """Run the check of one upload; how it ended stands in its state."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", required=True)
    parser.add_argument("upload")
    args = parser.parse_args()
    store = Store(args.store)
    upload = uploads.get(store, args.upload)
    try:
        lock = FileLock(upload.folder / "worker.lock")
        lock.acquire(timeout=0)
    except Timeout:
        return  # another is at it
    job = jobs.state(upload)
    if job is None:
        return
    job.pid, job.started = os.getpid(), time.time()
    jobs.write(upload, job)
    try:
        check(store, upload, job)
    except UserError as error:
        job.status, job.error = jobs.FAILED, str(error)
    except MemoryError:
        job.status = jobs.FAILED
        job.error = "there is not enough memory for this export; load it with `python -m data load` elsewhere"
    except Exception as error:
        # The kind only: what it says may hold a value.
        job.status = jobs.FAILED
        job.error = f"the check came upon a defect of this program ({type(error).__name__}); nothing was lost"
    job.finished = time.time()
    jobs.write(upload, job)
    lock.release()


if __name__ == "__main__":
    main()
