"""Load an export: stage, type, group to contacts, merge with what is kept, check, publish."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb

from data import building, checks, encounters, opening, reading
from data.audit.loads import Account
from data.errors import UserError
from data.mapping_model import Mapping
from data.merge import PREVIOUS, attach_previous, content_hash, merge
from data.readers import ExportFile, examine
from data.report import Load, LoadReport, count_not_recorded, finish
from data.roles import Right
from data.store import Store

__all__ = ["Kept", "LoadReport", "content_hash", "load"]

Progress = Callable[[str], None]
# What DuckDB raises when it cannot write: at once, at a commit, or at a checkpoint.
_DISK_ERRORS = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
)


@dataclass
class Kept:
    """Where a load that does not publish leaves the file it built; what that would replace, and its id.

    ``dropped`` are headers taken out before, ``sha256`` the hashes of the files before that, by name.
    """

    path: Path
    dropped: tuple[str, ...] = ()
    sha256: dict[str, str] = field(default_factory=dict)
    before: str | None = None
    id: str = ""


def load(
    store: Store,
    files: Sequence[Path | str],
    mapping: Mapping,
    *,
    agency_id: str | None = None,
    replace_period: bool = False,
    publish: bool = True,
    simulated: bool = False,
    who: str | None = None,
    keep: Kept | None = None,
    progress: Progress = lambda stage: None,
) -> LoadReport:
    """Load one export (any number of files) and publish a new snapshot.

    With ``publish=False`` everything is done but the publishing; ``keep`` then takes the file that was
    built, to be published as it is. ``who`` is named in the audit log; who
    runs the command if None. Raises ``UserError`` for bad input,
    ``TooManyRejectedError`` over the limit and ``StoreLockedError`` while another load writes; in
    all three nothing is published.
    """
    store.role.need(Right.LOAD)
    account = Account(store.root, "simulate" if simulated else "load", who)
    with account.refusals() if publish else contextlib.nullcontext():
        progress("looking the files over")
        if not files:
            raise UserError("name at least one file to load")
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            examined = list(pool.map(lambda f: examine(Path(f), mapping.file), files))
        if keep is not None:
            examined = [replace(f, sha256=keep.sha256.get(f.name, f.sha256)) for f in examined]
        account.add(
            files=[f.sha256 for f in examined],
            mapping=f"{mapping.name} {mapping.edition}",
            mode="replace_period" if replace_period else "add_or_replace",
        )
        with store.lock():
            store.sweep()
            return _load_locked(
                store,
                examined,
                mapping,
                agency_id,
                replace_period,
                publish,
                simulated,
                account,
                keep,
                progress,
            )


def _load_locked(
    store: Store,
    files: list[ExportFile],
    mapping: Mapping,
    agency_id: str | None,
    replace_period: bool,
    publish: bool,
    simulated: bool,
    account: Account,
    keep: Kept | None,
    progress: Progress,
) -> LoadReport:
    progress = _one_at_a_time(progress)
    load_id = store.new_id()
    path = store.building_path(load_id)
    con: duckdb.DuckDBPyConnection | None = None
    try:
        con = building.connect(store.secret())
        state = Load(
            con,
            reading.with_time_zone(con, mapping, files),
            reading.agency(con, agency_id, mapping, files),
            load_id,
            datetime.now(UTC),
            store.settings.rejected_limit,
        )
        groups = reading.stage_files(state, files, progress)
        kept = publish or keep is not None
        building.attach(con, path if kept else None)
        reading.type_tables(state, groups, progress)
        if keep is not None:
            state.report.dropped_columns[:0] = keep.dropped
        progress("merging with what the store holds")
        previous = store.current_id()
        carried = previous is not None and attach_previous(con, store, previous, simulated)
        merge(state, carried=carried, replace_period=replace_period, simulated=simulated)
        progress("building the analysis table")
        encounters.build(
            con,
            meanwhile=[
                building.empty_work,
                lambda own: progress("checking"),
                *checks.of_tables(),
            ],
            beside=[*checks.of_encounters(), partial(count_not_recorded, load=state)],
        )
        finish(state, files, replace_period)
        if keep is not None:
            _keep(con, keep, previous, load_id, path, state.report)
        if not publish:
            return state.report
        account.add(
            before=previous,
            rows=state.report.rows_read,
            contacts=state.report.contacts,
            rejected=sum(state.report.rejected.values()),
            removed=state.report.removed,
        )
        if previous and content_hash(con) == content_hash(con, PREVIOUS):
            state.report.snapshot, state.report.changed = previous, False
            account.add(snapshot=previous)
            account.write("unchanged")
            return state.report
        progress("publishing")
        building.close(con)
        account.add(snapshot=load_id)
        account.write("published")
        store.publish(load_id, path)
        state.report.snapshot = load_id
        return state.report
    except (*_DISK_ERRORS, OSError) as error:
        _refuse_damaged(store, error)
        raise UserError(
            f"{store.root}: cannot write the store ({_cause(error)});"
            " free space on that disk or give another --store; nothing was published"
        ) from None
    except duckdb.OutOfMemoryException as error:
        raise UserError(
            f"{', '.join(f.name for f in files)}: not enough memory ({_cause(error)});"
            " close other programs or load fewer files at a time; nothing was published"
        ) from None
    except duckdb.Error as error:
        _refuse_damaged(store, error)
        raise
    finally:
        if con is not None:
            con.close()
        # Published, the file bears its final name; what is left under this one is of no use.
        for left in (path, path.with_name(path.name + ".wal")):
            left.unlink(missing_ok=True)


def _one_at_a_time(progress: Progress) -> Progress:
    """What is done side by side is told one by one."""
    lock = threading.Lock()

    def tell(stage: str) -> None:
        with lock:
            progress(stage)

    return tell


def _keep(
    con: duckdb.DuckDBPyConnection,
    keep: Kept,
    previous: str | None,
    load_id: str,
    path: Path,
    report: LoadReport,
) -> None:
    """Put a finished file where it is wanted, unless the snapshot in use holds the same."""
    keep.before, keep.id = previous, load_id
    if previous and content_hash(con) == content_hash(con, PREVIOUS):
        report.snapshot, report.changed = previous, False
        return
    building.close(con)
    path.replace(keep.path)
    report.snapshot = load_id


def _refuse_damaged(store: Store, error: BaseException) -> None:
    """Raise ``UserError`` if an error came of reading the snapshot in use, not of writing the next."""
    if opening.damage(error) and (current := store.pointed()):
        raise opening.damaged(current) from None


def _cause(error: BaseException) -> str:
    """The end of an error's first line: what comes before is DuckDB's way there and the path."""
    return str(error).splitlines()[0].rsplit(": ", 1)[-1][:160]
