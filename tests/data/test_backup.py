"""Backup and restore: the same store comes back, whole and verified, or one line and nothing left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from data import audit, backup, purge, restore, seals, swaps
from data.__main__ import parser
from data.audit.writing import locked
from data.cli import run
from data.errors import StoreLockedError, UserError
from data.store import Store
from data.verify import verify
from tests.data.exports import load, row, rows_of


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    for n in (40, 50):
        load(folder, [row(i, Area=f"D{i % 7}", Badge=str(i % 9)) for i in range(n)])
    root = folder / "store"
    (root / "settings.toml").write_text('agency_name = "Testville"\n')
    (root / "costs" / "ours").mkdir(parents=True)
    (root / "costs" / "ours" / "1.json").write_text("{}")
    for name in (
        "uploads/a/contacts.csv",
        f"analysis/{Store(root).current_id()}/x.parquet",
        "snapshots/.building-x.duckdb",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("not kept")
    return root


@pytest.fixture
def store(_made: Path, tmp_path: Path) -> Store:
    """Two snapshots, the newer in use, and what else a store may hold."""
    shutil.copytree(_made, tmp_path / "here" / "store")
    (tmp_path / "out").mkdir()
    return Store(tmp_path / "here" / "store")


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run a command; return its exit code, its output and its one line of error."""
    code = 0
    try:
        run(parser(), [str(a) for a in arguments])
    except SystemExit as left:
        code = int(left.code or 0)
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == (1 if code else 0), err
    return code, out, err


def held(root: Path) -> dict[str, bytes]:
    """Every file of a store that a backup keeps, but for the log, which goes on."""
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file()
        and not p.name.endswith("lock")
        and p.relative_to(root).parts[0] not in ("analysis", "uploads", "audit.jsonl", "audit.head")
        and not p.name.startswith(".")
    }


def test_there_and_back(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "out"
    code, out, _ = command(capsys, "backup", "--store", store.root, "--out", folder)
    (file,) = folder.iterdir()
    assert code == 0 and str(file) in out and "secret" in out
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as tar:
        names = set(tar.getnames())
    assert {"backup.json", "store/secret", "store/current", "store/costs/ours/1.json"} <= names
    assert not [n for n in names if "uploads" in n or "analysis" in n or "lock" in n or "/." in n]
    elsewhere = tmp_path / "elsewhere" / "store"
    code, out, _ = command(capsys, "restore", file, "--store", elsewhere)
    assert code == 0 and str(elsewhere) in out
    assert held(elsewhere) == held(store.root)
    again = Store(elsewhere)
    assert not verify(again).errors and rows_of(again, "FROM contacts ORDER BY ALL") == rows_of(
        store, "FROM contacts ORDER BY ALL"
    )
    if os.name != "nt":
        assert (elsewhere / "secret").stat().st_mode & 0o777 == 0o600
        assert again.current().path.stat().st_mode & 0o222 == 0
    # Each is in the log: the backup in that of the store, the restore in that of the new one.
    made, last = audit.entries(store.root)[0], audit.entries(elsewhere)[0]
    assert (made.what, last.what) == ("backup", "restore")
    assert made.facts["sha256"] == last.facts["sha256"] == seals.sha256(file)


@pytest.mark.slow
def test_what_is_restored_is_a_store_like_any_other(store: Store, tmp_path: Path) -> None:
    file, _ = backup.backup(store, tmp_path / "b.tar")
    restore.restore(file, tmp_path / "new" / "store")
    _, again = load(tmp_path / "new", [row(i) for i in range(60)])
    assert len(again.ids()) == 3 and not verify(again).errors


def test_it_waits_for_no_load_to_end_a_snapshot(store: Store, tmp_path: Path) -> None:
    """Pruned, and the log written to, after the locks are let go: the backup has it as it was."""
    kept = store.ids()

    def meanwhile(stage: str) -> None:
        if stage == f"copying {kept[0]}":  # the locks are free again
            with store.lock():
                store.path_of(kept[1]).unlink()
                store.write_private("settings.toml", "session_hours = 1\n")
            audit.record(store.root, "sign_in", "somebody", role="viewer")

    file, found = backup.backup(store, tmp_path / "b.tar", progress=meanwhile)
    assert len([n for n in found.files if n.endswith(".duckdb")]) == 2
    restore.restore(file, tmp_path / "new")
    assert Store(tmp_path / "new").ids() == kept
    assert Store(tmp_path / "new").settings.agency_name == "Testville"


def test_it_waits_while_somebody_writes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "_PATIENCE", 0.2)
    with store.lock(), pytest.raises(StoreLockedError):
        backup.backup(store, tmp_path / "b.tar")
    assert list(tmp_path.glob("*.tar")) == [] and list(tmp_path.glob(".*")) == []


def test_nobody_writes_to_the_log_while_it_is_copied(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = backup._others

    def watched(root: Path) -> Iterator[Path]:
        for path in listed(root):
            with pytest.raises(OSError), locked(root, 0):
                pass
            yield path

    monkeypatch.setattr(backup, "_others", watched)
    backup.backup(store, tmp_path / "b.tar")


def test_only_so_many_stay(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out"
    file, _ = backup.backup(store, tmp_path / "b.tar")
    for day in range(1, 5):
        shutil.copy(file, folder / f"cit-outcomes-2026010{day}T000000Z.tar")
    for name in ("cit-outcomes-ours.tar", "cit-outcomes-20250101T000000Z.tar", "notes.txt"):
        (folder / name).write_text("not a backup")
    code, _, _ = command(capsys, "backup", "--store", store.root, "--out", folder, "--keep", 2)
    assert code == 0
    left = sorted(p.name for p in folder.iterdir())
    assert "cit-outcomes-20260104T000000Z.tar" in left and len(left) == 5
    assert "notes.txt" in left and "cit-outcomes-20250101T000000Z.tar" in left


def _refused(code_out_err: tuple[int, str, str], *words: str) -> None:
    code, _, err = code_out_err
    assert code == 2 and err.startswith("error: ") and all(w in err for w in words), err


def test_what_is_refused(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, _ = backup.backup(store, tmp_path / "b.tar")
    beside = sorted(p.name for p in tmp_path.iterdir())
    b, r = ("backup", "--store", store.root, "--out"), ("restore", "--store")
    _refused(command(capsys, *b, file), "already there")
    _refused(command(capsys, *b, store.root / "b.tar"), "in the store itself")
    _refused(command(capsys, *b, tmp_path / "nowhere" / "b.tar"), "no folder")
    _refused(command(capsys, *b, tmp_path / "c.tar", "--keep", 3), "--keep")
    _refused(command(capsys, *b, tmp_path / "out", "--keep", 0), "--keep")
    _refused(
        command(capsys, "backup", "--store", tmp_path / "no", "--out", tmp_path / "c.tar"),
        "no store",
    )
    _refused(command(capsys, *r, store.root, file), "already there")
    _refused(command(capsys, *r, tmp_path / "new", tmp_path / "c.tar"), "no such file")
    cut = tmp_path / "cut"
    for n in (0, 700, file.stat().st_size // 2):
        cut.write_bytes(file.read_bytes()[:n])
        _refused(command(capsys, *r, tmp_path / "new", cut), "not a whole one")
    changed = bytearray(file.read_bytes())
    changed[changed.index(b"Testville")] ^= 1
    cut.write_bytes(changed)
    _refused(command(capsys, *r, tmp_path / "new", cut), "settings.toml is not as it was saved")
    cut.unlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == beside


def _rewritten(file: Path, to: Path, **changes: object) -> Path:
    """Write a backup anew with another manifest, as somebody with a text editor would."""
    with tarfile.open(file) as old, tarfile.open(to, "w") as new:
        for member in old:
            content = old.extractfile(member)
            assert content is not None
            if member.name == "backup.json":
                text = json.dumps(json.load(content) | changes).encode()
                (to.parent / "text").write_bytes(text)
                member.size = len(text)
                with (to.parent / "text").open("rb") as opened:
                    new.addfile(member, opened)
            else:
                new.addfile(member, content)
    return to


def test_a_hostile_backup(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, found = backup.backup(store, tmp_path / "out" / "b.tar")
    for name in ("../outside", "/tmp/outside", "a/../../outside", "c:outside", "..\\outside"):
        odd = _rewritten(file, tmp_path / "odd.tar", files={name: ["0", 1]})
        _refused(command(capsys, "restore", odd, "--store", tmp_path / "new"), "outside the store")
    odd = _rewritten(file, tmp_path / "odd.tar", format=backup.FORMAT + 1)
    _refused(command(capsys, "restore", odd, "--store", tmp_path / "new"), "later edition")
    files = {k: v for k, v in found.files.items() if k != "secret"}
    odd = _rewritten(file, tmp_path / "odd.tar", files=files)
    _refused(
        command(capsys, "restore", odd, "--store", tmp_path / "new"), "does not verify", "secret"
    )
    assert not (tmp_path / "new").exists() and list(tmp_path.glob(".*")) == []


def test_a_damaged_snapshot(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, old = store.ids()
    for id_ in (old, new):
        path = store.path_of(id_)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.chmod(0o644)
        path.write_bytes(content)
        told = command(capsys, "backup", "--store", store.root, "--out", tmp_path / f"{id_}.tar")
        if id_ == old:  # not in use: better a backup without it than none
            assert told[0] == 0 and f"left out: snapshot {old}" in told[1]
            restore.restore(tmp_path / f"{id_}.tar", tmp_path / "new")
            assert Store(tmp_path / "new").ids() == [new]
        else:
            _refused(told, "no backup was made", "rollback")
            assert not (tmp_path / f"{id_}.tar").exists()


@pytest.mark.slow
def test_a_purge_is_not_undone_silently(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    early, _ = backup.backup(store, tmp_path / "out" / "early.tar")
    numbers = tmp_path / "sealed.csv"
    numbers.write_text("contact_id\n3\n")
    purge.purge(store, numbers)
    # A later backup beside it tells.
    late, _ = backup.backup(store, tmp_path / "out" / "late.tar")
    root = tmp_path / "new" / "store"
    _refused(
        command(capsys, "restore", early, "--store", root), "before the purge of", "--before-purge"
    )
    assert not root.exists()
    assert restore.restore(late, tmp_path / "late" / "store")[1] == ()
    # So does the store that it is to replace, moved aside; another agency's does not.
    alone = tmp_path / "alone" / "early.tar"
    alone.parent.mkdir()
    shutil.copy(early, alone)
    assert restore.restore(alone, tmp_path / "unknown" / "store")[1] == ()
    shutil.copytree(store.root, root.parent / "store.damaged")
    _refused(command(capsys, "restore", alone, "--store", root), "before the purge of")
    code, out, _ = command(capsys, "restore", alone, "--store", root, "--before-purge")
    assert code == 0 and "purge again" in out
    # It is said until it is done.
    again = Store(root)
    assert [f.to_do for f in verify(again).errors] == ["purge again with the same file"]
    purge.purge(again, numbers)
    assert not verify(again).errors and swaps.to_repeat(again) == ()
    (root / swaps.TO_REPEAT).write_text("{")
    with pytest.raises(UserError):
        swaps.to_repeat(again)
    assert [f.what for f in verify(again).errors] == ["cannot be read"]


_KILLED = """
import os, signal, sys
from pathlib import Path
from data import backup, restore
from data.store import Store
what, stage, store, file = sys.argv[1:]
def stop(at):
    if at.startswith(stage):
        os.kill(os.getpid(), signal.SIGKILL)
if what == "backup":
    backup.backup(Store(store), Path(file), progress=stop)
else:
    restore.restore(Path(file), Path(store), progress=stop)
"""


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL")
@pytest.mark.parametrize(
    ("what", "stage"),
    [
        ("restore", "putting"),
        pytest.param("backup", "writing", marks=pytest.mark.slow),
        pytest.param("backup", "copying 2", marks=pytest.mark.slow),
        pytest.param("restore", "unpacking s", marks=pytest.mark.slow),
    ],
)
def test_killed_on_the_way(store: Store, tmp_path: Path, what: str, stage: str) -> None:
    file, new = tmp_path / "b.tar", tmp_path / "new"
    if what == "restore":
        backup.backup(store, file)
    root = store.root if what == "backup" else new
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, what, stage, str(root), str(file)], timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert not (file if what == "backup" else new).exists()
    # What is left bears no name that looks like either, and a later try takes it away.
    (left,) = tmp_path.glob(".*.part-*")
    if what == "backup":
        backup.backup(store, file)
    else:
        restore.restore(file, new)
    assert left.exists()  # it may be of another that is at it just now
    os.utime(left, (time.time() - 2 * 86400,) * 2)
    if what == "backup":
        file.unlink()
        backup.backup(store, file)
        restore.restore(file, new)
    else:
        shutil.rmtree(new)
        restore.restore(file, new)
    assert not left.exists()
    assert not verify(Store(new)).errors and store.current().id == Store(new).current_id()
