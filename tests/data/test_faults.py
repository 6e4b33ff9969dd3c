"""Faults: whatever happens to the store, the last good snapshot serves, nothing is lost, one line says why."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data import opening, sample, seals, serving
from data import store as stores
from data.errors import StoreGoneError, UserError
from data.ingest import content_hash
from data.store import Store
from data.verify import verify
from tests.data.exports import count, load, row, write
from tests.data.old_editions import make_first_edition
from tests.data.test_store import KILLED, MAPPING_TOML, ROOT, _python


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faulty")
    for n in (40, 50):
        load(folder, [row(i, Area=f"D{i % 7}", Badge=str(i % 9)) for i in range(n)])
    return folder / "store"


@pytest.fixture
def store(_made: Path, tmp_path: Path) -> Store:
    """Two snapshots of 40 and 50 contacts, the newer in use."""
    shutil.copytree(_made, tmp_path / "store")
    return Store(tmp_path / "store")


def put(path: Path, data: bytes) -> None:
    """Put other bytes in a file's place, as a copy or a restore does: another file under the same name."""
    path.unlink()
    path.write_bytes(data)


def contacts_shown(store: Store) -> tuple[int, str]:
    """How many contacts a dashboard shows, and what it says if they are not those of the snapshot in use."""
    served = serving.serving(store)
    found = served.snapshot.cursor().execute("SELECT count(*) FROM contacts").fetchall()
    return int(found[0][0]), served.instead


def command(*arguments: object) -> tuple[int, str]:
    """Run the real command in a process of its own; return its exit code and its line of error."""
    done = subprocess.run(
        [sys.executable, "-m", "data", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert len(done.stderr.splitlines()) <= 1, done.stderr
    return done.returncode, done.stderr


# A snapshot in use that cannot be opened

BROKEN: dict[str, tuple[str, Callable[[Store, Path], object]]] = {
    "first bytes": ("is damaged", lambda s, p: put(p, b"\x00" * 64 + p.read_bytes()[64:])),
    "cut short": ("is not as long as", lambda s, p: put(p, p.read_bytes()[:-1])),
    "empty": ("is not as long as", lambda s, p: put(p, b"")),
    "another store's": ("is another database", lambda s, p: _of_another_store(s, p)),
    "gone": ("there is no snapshot", lambda s, p: p.unlink()),
    "a log": ("write-ahead log", lambda s, p: p.with_name(p.name + ".wal").write_bytes(b"")),
}


def _of_another_store(store: Store, path: Path) -> None:
    seals.path_of(path).unlink()
    put(path, store.path_of(store.ids()[1]).read_bytes())


@pytest.mark.parametrize("broken", BROKEN)
def test_the_snapshot_before_is_shown_and_that_is_said(store: Store, broken: str) -> None:
    said, act = BROKEN[broken]
    path = store.current().path
    act(store, path)
    opening.forget()
    shown, instead = contacts_shown(store)
    assert shown == 40 and said in instead
    assert "Showing the earlier snapshot" in instead and "rollback" in instead
    assert len(instead.splitlines()) == 1
    # A command stops: what it writes would go on as if nothing were wrong.
    with pytest.raises(UserError, match=said):
        store.current().cursor()
    with pytest.raises(UserError, match=said):
        load(store.root.parent, [row(1)])
    assert store.pointed() == path.stem  # only a person moves the pointer
    store.rollback()
    assert contacts_shown(store) == (40, "")
    assert load(store.root.parent, [row(99)])[0].changed


def test_mended_in_place_it_is_shown_again(store: Store) -> None:
    path = store.current().path
    good = path.read_bytes()
    put(path, b"x" * len(good))
    opening.forget()
    assert contacts_shown(store)[0] == 40
    put(path, good)
    assert contacts_shown(store) == (50, "")


@pytest.mark.parametrize("where", [0.2, 0.35, 0.5, 0.65, 0.8, 0.95])
def test_a_flipped_bit_is_an_error_and_never_another_number(store: Store, where: float) -> None:
    snapshot = store.current()
    was = content_hash(snapshot.cursor())
    data = bytearray(snapshot.path.read_bytes())
    data[int(len(data) * where)] ^= 0x10
    put(snapshot.path, bytes(data))
    opening.forget()
    try:
        assert content_hash(store.current().cursor()) == was
    except UserError as error:
        assert "is damaged" in str(error)
    except Exception as error:
        assert opening.damage(error), error
        assert serving.withdraw_damaged(store, snapshot)
        assert contacts_shown(store)[0] == 40
    assert verify(store).errors


def test_damage_found_by_a_load_is_one_line_and_no_full_disk(store: Store, tmp_path: Path) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(MAPPING_TOML)
    path = store.current().path
    data = bytearray(path.read_bytes())
    for at in range(3 * 4096 + 262144, len(data), 262144):
        data[at + 100] ^= 0x10
    put(path, bytes(data))
    code, line = command(
        "load", write(tmp_path / "a.csv", [row(1)]), "--mapping", mine, "--store", store.root
    )
    assert code == 2 and "is damaged" in line and "rollback" in line, line
    assert store.pointed() == path.stem


def test_nothing_good_is_said_and_nothing_is_shown(store: Store) -> None:
    for id_ in store.ids():
        put(store.path_of(id_), b"")
    opening.forget()
    with pytest.raises(UserError, match="rollback"):
        serving.serving(store)


# The pointer


@pytest.mark.parametrize("held", [None, b"", b"\xff\xfe", b"nonsense", b"../../etc/passwd"])
def test_a_lost_pointer_is_not_an_empty_store(store: Store, held: bytes | None) -> None:
    """Taken for one, the next load would begin from nothing, and all contacts before it be gone."""
    newest = store.ids()[0]
    store.pointer.unlink()
    if held is not None:
        store.pointer.write_bytes(held)
    with pytest.raises(UserError, match="rollback"):
        load(store.root.parent, [row(99)])
    assert not sample.needed(store)
    shown, instead = contacts_shown(store)
    assert shown == 50 and "rollback" in instead
    assert store.rollback().id == newest
    load(store.root.parent, [row(99)])
    assert count(store, "contacts") == 51


# Loads that were killed


@pytest.mark.slow
def test_what_a_killed_load_never_published_is_not_rolled_back_to(
    store: Store, tmp_path: Path
) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(MAPPING_TOML)
    kept, current = store.ids(), store.pointed()
    export = write(tmp_path / "b.csv", [row(200)])
    assert _python(KILLED, store.root, export, "before the pointer", mine).returncode < 0
    assert store.ids() == kept and store.pointed() == current
    assert not verify(store).errors
    assert store.rollback().id == kept[1]
    store.rollback(current)
    load(store.root.parent, [row(99)])
    assert len(list(store.snapshots_dir.iterdir())) == 6  # three snapshots, each with its seal
    assert store.rollback().id == current


def test_a_first_load_that_was_killed_leaves_an_empty_store(tmp_path: Path) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(MAPPING_TOML)
    store = Store(tmp_path / "store")
    export = write(tmp_path / "b.csv", [row(1)])
    assert _python(KILLED, store.root, export, "before the pointer", mine).returncode < 0
    assert store.current_id() is None and sample.needed(store)
    load(tmp_path, [row(2)])
    assert count(store, "contacts") == 1 and len(store.ids()) == 1


@pytest.mark.slow
def test_fifty_killed_loads(tmp_path: Path) -> None:
    """In a process of its own: it forks, and threads of other tests would be lost on the way."""
    study = [sys.executable, "-m", "tests.studies.killed_loads", "--loads", "50", "--jobs", "1"]
    done = subprocess.run(
        [*study, "--out", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| all 50 |" in done.stdout and "WRONG" not in done.stdout


# The clock


@pytest.mark.slow
def test_a_clock_set_back_keeps_the_order(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Yesteryear(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2001, 1, 1, tzinfo=UTC)

    before = store.ids()
    monkeypatch.setattr(stores, "datetime", Yesteryear)
    made = [str(load(store.root.parent, [row(100 + i)])[0].snapshot) for i in range(2)]
    assert store.ids() == [*reversed(made), *before]
    assert store.current_id() == made[-1]
    assert store.rollback().id == made[0]
    for i in range(3):
        made.append(str(load(store.root.parent, [row(200 + i)])[0].snapshot))
    assert store.ids() == list(reversed(made))[:5]
    assert count(store, "contacts") == 54


# A folder that goes away


def test_a_store_that_went_away_is_not_made_anew(store: Store) -> None:
    assert contacts_shown(store) == (50, "")
    away = store.root.with_name("away")
    store.root.rename(away)
    for mounted in (False, True):
        if mounted:  # the empty folder that a network store was mounted on
            store.root.mkdir()
        with pytest.raises(StoreGoneError, match="is gone; connect the disk or network folder"):
            serving.serving(store)
        with pytest.raises(StoreGoneError):
            sample.needed(store)
        with pytest.raises(StoreGoneError):
            load(store.root.parent, [row(1)])
    assert not list(store.root.iterdir())
    store.root.rmdir()
    away.rename(store.root)
    assert contacts_shown(store) == (50, "")


# A secret that is lost, or another's


def test_without_its_secret_a_store_is_read_and_not_loaded(store: Store) -> None:
    secret = store.root / "secret"
    kept = secret.read_text()
    for wrong, said in (
        (None, "is missing"),
        ("", "cannot be read"),
        ("1" * 64, "is not the secret"),
    ):
        secret.unlink()
        if wrong is not None:
            secret.write_text(wrong)
        with pytest.raises(UserError, match=said):
            load(store.root.parent, [row(99)])
        assert contacts_shown(store) == (50, "")
        secret.write_text(kept)
    load(store.root.parent, [row(0)])
    assert count(store, "contacts") == 50  # the same contact, not a second one


# Permissions


UNPRIVILEGED = """
import os, sys
from pathlib import Path
from data import serving
from data.store import Store
os.setuid(65534)
store = Store(sys.argv[1])
try:
    served = serving.serving(store)
    print("shown", served.snapshot.cursor().execute("SELECT count(*) FROM contacts").fetchall()[0][0])
    print(served.instead)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_permissions_that_were_lost_are_named(store: Store) -> None:
    for folder in (store.root, *store.root.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.owner() == "root":
            folder.chmod(0o755)
    first = _python(UNPRIVILEGED, store.root)
    if "shown 50" not in first.stdout:
        pytest.skip("cannot take another account here")
    store.current().path.chmod(0o000)
    said = _python(UNPRIVILEGED, store.root).stdout
    assert "shown 40" in said and "may not be read by this account" in said
    assert "give it read access to" in said
    store.pointer.chmod(0o000)
    said = _python(UNPRIVILEGED, store.root).stdout
    assert said.startswith("StoreGoneError") and "give this account read access" in said


# Several at once, and readers


def test_of_two_loads_at_once_one_is_told(store: Store, tmp_path: Path) -> None:
    mine = tmp_path / "m.toml"
    mine.write_text(MAPPING_TOML)
    export = write(tmp_path / "b.csv", [row(i) for i in range(300, 310)])
    with store.lock():
        code, line = command("load", export, "--mapping", mine, "--store", store.root)
    assert code == 3 and "another load is writing" in line
    assert count(store, "contacts") == 50


def test_a_snapshot_deleted_under_a_reader_is_read_to_the_end(store: Store) -> None:
    snapshot = store.current()
    cursor = snapshot.cursor()
    snapshot.path.unlink()
    assert cursor.execute("SELECT count(*) FROM encounters").fetchall() == [(50,)]
    shown, instead = contacts_shown(store)
    assert shown == 40 and "there is no snapshot" in instead


# A store of the previous release


def test_a_store_of_the_first_edition_serves_and_takes_a_load(store: Store) -> None:
    shutil.rmtree(store.root / "analysis", ignore_errors=True)
    for id_ in store.ids()[1:]:
        store.path_of(id_).unlink()
        seals.path_of(store.path_of(id_)).unlink()
    old = make_first_edition(store)
    opening.forget()
    assert contacts_shown(store) == (50, "")
    assert not verify(store).errors
    load(store.root.parent, [row(99)])
    assert count(store, "contacts") == 51
    assert count(store, "encounters") == 51
    assert store.rollback().id == old
    assert not verify(store).errors
