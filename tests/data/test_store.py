"""The store: nothing but a finished snapshot is ever seen, whatever happens to a load."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import duckdb
import pytest

from data import checks, ingest, mapping
from data.errors import SnapshotError, StoreLockedError, UserError
from data.store import Store
from tests.data.exports import changed, count, load, row, rows_of, write

ROOT = Path(__file__).parents[2]


def _python(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        **options,  # type: ignore[call-overload]
    )


def _left_over(store: Store) -> list[str]:
    """Files in the store that no reader needs."""
    known = {"secret", "lock", "current", "snapshots", "settings.toml"}
    known |= {"audit.jsonl", "audit.head", "audit.lock"}
    return sorted(
        [p.name for p in store.root.iterdir() if p.name not in known]
        + [p.name for p in store.snapshots_dir.iterdir() if p.stem not in store.ids()]
    )


def test_a_published_snapshot_is_whole_and_read_only(tmp_path: Path) -> None:
    report, store = load(tmp_path, [row(1)])
    snapshot = store.current()
    assert snapshot.id == report.snapshot
    assert snapshot.path.stat().st_mode & 0o222 == 0
    assert _left_over(store) == []
    with pytest.raises(duckdb.Error):
        snapshot.cursor().execute("DELETE FROM contacts")
    with pytest.raises(duckdb.Error):
        snapshot.cursor().execute("SELECT * FROM read_csv('/etc/passwd')").fetchall()


def test_check_publishes_nothing(tmp_path: Path) -> None:
    report, store = load(tmp_path, [row(1)], publish=False)
    assert (report.contacts, report.snapshot) == (1, None)
    assert store.current_id() is None and _left_over(store) == []


@pytest.mark.slow
def test_five_snapshots_and_the_one_in_use_are_kept(tmp_path: Path) -> None:
    made = [load(tmp_path, [row(i)])[0].snapshot for i in range(3)]
    store = Store(tmp_path / "store")
    assert store.rollback().id == made[1]
    assert store.rollback(made[0]).id == made[0]
    with pytest.raises(UserError, match="no earlier snapshot"):
        store.rollback()
    for i in range(3, 8):
        made.append(load(tmp_path, [row(i)])[0].snapshot)
        if i == 3:  # built on what was rolled back to
            assert count(store, "contacts") == 2
    assert store.ids() == list(reversed(made[-5:]))
    store.rollback(made[-5])
    made.append(load(tmp_path, [row(99)])[0].snapshot)
    assert store.ids() == list(reversed(made[-5:]))
    with pytest.raises(UserError, match="there is no snapshot"):
        store.rollback(made[0])
    (store.root / "settings.toml").write_text("snapshots_kept = 2\n")
    made.append(load(tmp_path, [row(100)])[0].snapshot)
    assert store.ids() == list(reversed(made[-2:]))


@pytest.mark.slow
def test_the_snapshot_in_use_survives_pruning(tmp_path: Path) -> None:
    first = load(tmp_path, [row(1)])[0].snapshot
    for i in range(2, 7):
        load(tmp_path, [row(i)])
    store = Store(tmp_path / "store")
    newest = store.ids()[0]
    assert first not in store.ids()
    store.rollback(store.ids()[-1])
    kept = store.current_id()
    store.prune()
    assert {kept, newest} <= set(store.ids())


def test_a_snapshot_with_a_log_beside_it_is_refused(tmp_path: Path) -> None:
    first = load(tmp_path, [row(1)])[0].snapshot
    _, store = load(tmp_path, [row(2)])
    snapshot = store.current()
    snapshot.path.with_name(snapshot.path.name + ".wal").write_bytes(b"")
    for action in (snapshot.cursor, lambda: load(tmp_path, [row(3)])):
        with pytest.raises(UserError, match="write-ahead log beside it and is refused"):
            action()
    assert store.rollback().id == first
    with pytest.raises(UserError, match="is refused"):
        store.rollback(snapshot.id)
    assert load(tmp_path, [row(3)])[0].changed


def test_a_damaged_snapshot_or_pointer_says_so_and_rollback_mends_it(tmp_path: Path) -> None:
    first = load(tmp_path, [row(1)])[0].snapshot
    _, store = load(tmp_path, [row(2)])
    path = store.current().path
    path.chmod(0o644)
    path.write_bytes(b"no database")
    for action in (store.current().cursor, lambda: load(tmp_path, [row(3)])):
        with pytest.raises(UserError, match="cannot be opened; roll back"):
            action()
    assert store.rollback().id == first
    store.pointer.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="cannot be read; roll back"):
        store.current()
    assert store.rollback().id == first
    store.pointer.write_text("20000101T000000000000-000000\n")
    with pytest.raises(UserError, match="there is no snapshot"):
        store.current()


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the store is empty; load an export"):
        Store(tmp_path / "store").current()
    assert not (tmp_path / "store").exists()


@pytest.mark.slow
def test_readers_keep_their_snapshot_while_others_are_published(tmp_path: Path) -> None:
    _, store = load(tmp_path, [row(1)])
    old = store.current()
    reader = old.cursor()
    running = old.cursor().execute("SELECT contact_id FROM contacts, range(100000)")
    for i in range(2, 12):  # the old one is pruned, its file gone
        load(tmp_path, [row(i)])
        rows_of(store, "SELECT 1")
    assert not old.path.exists()
    assert reader.execute("SELECT count(*) FROM contacts").fetchall() == [(1,)]
    assert len(running.fetchall()) == 100_000
    assert count(store, "contacts") == 11


@pytest.mark.slow
def test_readers_in_many_threads_see_whole_snapshots(tmp_path: Path) -> None:
    load(tmp_path, [row(i) for i in range(50)])
    store = Store(tmp_path / "store")
    stop, seen, failures = threading.Event(), set(), []

    def read() -> None:
        try:
            while not stop.is_set():
                cursor = store.current().cursor()
                sql = "SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM encounters)"
                seen.update(cursor.execute(sql).fetchall())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for i in range(1, 4):
        load(tmp_path, [row(1000 + i)])
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert seen <= {(n, n) for n in range(50, 54)}


HOLD = """
import sys, time
from data.store import Store
with Store(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_load_is_told_that_the_store_is_locked(tmp_path: Path) -> None:
    _, store = load(tmp_path, [row(1)])
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store.root)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(StoreLockedError, match="another load is writing"):
            load(tmp_path, [row(2)])
        with pytest.raises(StoreLockedError):
            store.rollback()
        assert count(store, "contacts") == 1  # readers are not held up
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert load(tmp_path, [row(2)])[0].changed  # the lock dies with its holder
    finally:
        holder.kill()
        holder.communicate()


KILLED = """
import os, signal, sys
from pathlib import Path
from data import ingest, mapping, store
where = sys.argv[3]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def progress(stage):
    if stage.startswith(where):
        die()
if where == "before the name":
    store.Store.publish = die
elif where == "before the pointer":
    store.Store.point_to = die
elif where == "before pruning":
    store.Store.prune = die
elif where == "making the secret":
    os.link = die
import tomllib
raw = tomllib.loads(Path(sys.argv[4]).read_text())
ingest.load(store.Store(sys.argv[1]), [sys.argv[2]], mapping.parse(raw, "m"), progress=progress)
"""

MAPPING_TOML = """
[mapping]
key = "Form"
source = "forms"
[agency]
agency_id = "TEST"
[contacts.columns]
contact_at = "When"
district_id = "Area"
"""


@pytest.mark.parametrize(
    "where",
    [
        "mapping contacts",
        "merging",
        "building",
        "checking",
        "publishing",
        "before the name",
        "before the pointer",
        "before pruning",
    ],
)
def test_a_killed_load_leaves_the_last_good_snapshot(tmp_path: Path, where: str) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(MAPPING_TOML)
    first = ingest.load(
        Store(tmp_path / "store"), [write(tmp_path / "a.csv", [row(1)])], mapping.read(str(mine))
    )
    store = Store(tmp_path / "store")
    files = {"rows": write(tmp_path / "b.csv", [row(2), row(3)])}
    done = _python(KILLED, store.root, files["rows"], where, mine)
    assert done.returncode == -signal.SIGKILL, done.stderr
    published = where == "before pruning"
    assert (store.current_id() == first.snapshot) is not published
    assert count(store, "contacts") == (3 if published else 1)
    (store.snapshots_dir / ".building-x.duckdb.tmp").mkdir()
    (store.snapshots_dir / ".building-x.duckdb.tmp" / "spilled").write_text("values")
    (store.root / ".current-0000").write_text("")
    again = ingest.load(store, [files["rows"]], mapping.read(str(mine)))
    assert (again.contacts, count(store, "contacts")) == (2, 3)
    assert again.changed is not published
    assert _left_over(store) == []


def test_a_kill_while_the_secret_is_made_leaves_no_half_secret(tmp_path: Path) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(MAPPING_TOML)
    export = write(tmp_path / "a.csv", [row(1)])
    store = Store(tmp_path / "store")
    assert _python(KILLED, store.root, export, "making the secret", mine).returncode < 0
    ingest.load(store, [export], mapping.read(str(mine)))
    assert _left_over(store) == [] and count(store, "contacts") == 1


def _big_export(folder: Path, n: int = 60_000) -> Path:
    return write(
        folder / "big.csv", [row(i, Area=f"D{i % 90}", Badge=str(i % 700)) for i in range(n)]
    )


def _cannot_write(store: Store, export: Path, mine: Path, **options: object) -> None:
    before = store.current_id()
    done = _python(
        "import sys; from data.__main__ import parser; from data.cli import run;"
        " run(parser(), sys.argv[1:])",
        *("load", export, "--mapping", mine, "--store", store.root),
        **options,
    )
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: ") and "free space on that disk" in done.stderr
    assert "nothing was published" in done.stderr
    assert store.current_id() == before
    assert _left_over(store) == []


FULL = MAPPING_TOML + '[contact_officers.columns]\nofficer_key = "Badge"\n'


@pytest.mark.parametrize("kilobytes", [20, 300, 700, 2500])
def test_a_full_disk_is_one_line_and_publishes_nothing(tmp_path: Path, kilobytes: int) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(FULL)
    store = Store(tmp_path / "store")
    ingest.load(store, [write(tmp_path / "a.csv", [row(1)])], mapping.read(str(mine)))

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))

    _cannot_write(store, _big_export(tmp_path), mine, preexec_fn=limit)
    assert count(store, "contacts") == 1


@pytest.fixture
def small_disk(tmp_path: Path):  # type: ignore[no-untyped-def]
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("cannot mount a small disk here; RLIMIT_FSIZE is tested instead")
    yield folder
    Store(folder / "store").sweep()
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
def test_a_disk_that_is_really_full(tmp_path: Path, small_disk: Path) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(FULL)
    store = Store(small_disk / "store")
    ingest.load(store, [write(tmp_path / "a.csv", [row(1)])], mapping.read(str(mine)))
    _cannot_write(store, _big_export(tmp_path), mine)
    # Not a byte left: not even for the pointer.
    with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb") as filler:
        while True:
            filler.write(b"x" * 4096)
            filler.flush()
    _cannot_write(store, tmp_path / "a.csv", mine.with_name("m.toml"))
    (small_disk / "filler").unlink()
    more = write(tmp_path / "more.csv", [row(2)])
    assert ingest.load(store, [more], mapping.read(str(mine))).changed
    assert count(store, "contacts") == 2


def test_a_disk_that_fails_at_the_pointer_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, store = load(tmp_path, [row(1)])

    def full(self: Store, id_: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "point_to", full)
        with pytest.raises(UserError, match=r"No space left .* nothing was published"):
            load(tmp_path, [row(2)])
        with pytest.raises(UserError, match="No space left"):
            store.rollback(first.snapshot)
    assert store.ids() == [first.snapshot] and _left_over(store) == []


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(UserError, match="cannot create the store"):
        load(tmp_path, [row(1)])


@pytest.mark.parametrize("rules", ["_of_children", "_of_encounters"])
def test_a_broken_rule_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rules: str
) -> None:
    _, store = load(tmp_path, [row(1)])
    before = store.current_id()
    monkeypatch.setattr(checks, rules, lambda: {"never": "SELECT count(*) FROM contacts"})
    with pytest.raises(SnapshotError, match="the rule 'never' is broken by 2 rows"):
        load(tmp_path, [row(2)])
    assert store.current_id() == before and _left_over(store) == []


def test_the_checks_find_what_they_name(tmp_path: Path) -> None:
    load(tmp_path, [row(1)], changed())
    path = Store(tmp_path / "store").current().path
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(path.read_bytes())
    broken = [
        "INSERT INTO encounters SELECT * FROM encounters",
        "UPDATE contacts SET restrained = 'rope'",
        "UPDATE contact_officers SET officer_key = '7497'",
        "UPDATE contacts SET incident_id = '2018-1'",
        "INSERT INTO dispositions SELECT agency_id, source, repeat('0', 32), disposition, NULL,"
        " load_id FROM dispositions",
    ]
    for sql in broken:
        with duckdb.connect(str(copy)) as con:
            con.execute("BEGIN")
            checks.run(con)
            con.execute(sql)
            with pytest.raises(SnapshotError):
                checks.run(con)
            con.execute("ROLLBACK")
