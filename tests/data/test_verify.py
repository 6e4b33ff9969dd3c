"""`verify`: a sound store has no error, any damage is found and named in one line, and nothing is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from data import seals
from data.__main__ import parser
from data.cli import run
from data.store import Store
from data.verify import verify
from tests.data.exports import load, row
from tests.data.old_editions import make_first_edition


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verified")
    for n in (40, 50):
        load(folder, [row(i, Area=f"D{i % 7}", Badge=str(i % 9)) for i in range(n)])
    return folder / "store"


@pytest.fixture
def store(_made: Path, tmp_path: Path) -> Store:
    """Two snapshots, the newer in use."""
    shutil.copytree(_made, tmp_path / "store")
    return Store(tmp_path / "store")


def told(store: Store, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    """Run the command; return its exit code, its output and its one line of error."""
    code = 0
    try:
        run(parser(), ["verify", "--store", str(store.root), *options])
    except SystemExit as left:
        code = int(left.code or 0)
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == (1 if code else 0), err
    return code, out, err


def state(store: Store) -> dict[str, tuple[int, bytes]]:
    """Every file of a store: when it was changed, and its bytes. The audit log's lock is held, not written."""
    return {
        str(p.relative_to(store.root)): (p.stat().st_mtime_ns, p.read_bytes())
        for p in store.root.rglob("*")
        if p.is_file() and not p.name.endswith(".lock")
    }


def test_a_sound_store_is_sound_and_nothing_is_written(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    before = state(store)
    code, out, _ = told(store, capsys)
    assert code == 0 and out.endswith("sound\n"), out
    assert "error" not in out and "50 contacts" in out and "40 contacts" in out
    code, out, _ = told(store, capsys, "--json")
    found = json.loads(out)
    assert found["sound"] and found["current"] == store.current_id()
    assert [s["contacts"] for s in found["snapshots"]] == [50, 40]
    assert state(store) == before


def _write(path: Path, data: bytes | str) -> None:
    if path.exists():
        path.chmod(0o644)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    _write(path, bytes(data))
    path.chmod(0o444)


def _other(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE contacts (n INTEGER); INSERT INTO contacts VALUES (1)")


def _sql(path: Path, sql: str) -> None:
    path.chmod(0o644)
    with duckdb.connect(str(path)) as con:
        con.execute(sql)
    seals.path_of(path).unlink()  # the hash alone would tell


def _older(store: Store, path: Path) -> None:
    _write(path, store.path_of(store.ids()[1]).read_bytes())
    seals.path_of(path).unlink()


Damage = Callable[[Store, Path], object]
DAMAGES: dict[str, tuple[str, Damage]] = {
    "a bit at the end": ("is not the one that was published", lambda s, p: _flip(p, -9)),
    "a bit at the start": ("is not the one that was published", lambda s, p: _flip(p, 20)),
    "cut short": ("is not as long as", lambda s, p: _write(p, p.read_bytes()[:-4096])),
    "empty": ("is not as long as", lambda s, p: _write(p, b"")),
    "no DuckDB": ("is not as long as", lambda s, p: _write(p, b"no database")),
    "another database": ("is not as long as", lambda s, p: _other(p)),
    "another snapshot": (
        "is not the one that was published",
        lambda s, p: _write(p, s.path_of(s.ids()[1]).read_bytes()),
    ),
    "another snapshot, unsealed": (
        "is another database than the one that was published",
        _older,
    ),
    "a write-ahead log": (
        "write-ahead log",
        lambda s, p: _write(p.with_name(p.name + ".wal"), b""),
    ),
    "a broken rule": (
        "the rule 'contacts.restrained holds",
        lambda s, p: _sql(p, "UPDATE contacts SET restrained = 'rope'"),
    ),
    "a contact without its row": (
        "encounters has exactly one row per contact",
        lambda s, p: _sql(p, "DELETE FROM encounters WHERE rowid = 0"),
    ),
    "a later edition": (
        "has the column contacts.later",
        lambda s, p: _sql(p, "ALTER TABLE contacts ADD COLUMN later VARCHAR"),
    ),
    "a foreign table": (
        "has the table notes",
        lambda s, p: _sql(p, "CREATE TABLE notes (n INTEGER)"),
    ),
    "no pointer": ("names no snapshot, though some are kept", lambda s, p: s.pointer.unlink()),
    "an empty pointer": ("names no snapshot", lambda s, p: s.pointer.write_bytes(b"")),
    "a pointer of garbage": (
        "current: cannot be read",
        lambda s, p: s.pointer.write_bytes(b"\xff"),
    ),
    "a pointer that leaves": ("cannot be read", lambda s, p: s.pointer.write_text("../../x")),
    "a pointer to nothing": (
        "names snapshot 20000101T000000000000-000000, which is not there",
        lambda s, p: s.pointer.write_text("20000101T000000000000-000000\n"),
    ),
    "the snapshot deleted": ("which is not there", lambda s, p: p.unlink()),
    "no secret": ("secret is missing", lambda s, p: (s.root / "secret").unlink()),
    "an empty secret": ("secret cannot be read", lambda s, p: (s.root / "secret").write_text("")),
    "another secret": (
        "is not the secret that snapshot",
        lambda s, p: (s.root / "secret").write_text("0" * 64),
    ),
    "a secret others read": ("mode 0644", lambda s, p: (s.root / "secret").chmod(0o644)),
    "a seal of garbage": (".json: cannot be read", lambda s, p: _write(seals.path_of(p), b"{")),
    "settings": ("settings.toml", lambda s, p: (s.root / "settings.toml").write_text("a =")),
    "holds": ("legal_holds.json", lambda s, p: (s.root / "legal_holds.json").write_text("{")),
    "queries": ("queries.json", lambda s, p: (s.root / "queries.json").write_text("{")),
    "purges": ("purges.jsonl", lambda s, p: (s.root / "purges.jsonl").write_text("{\n")),
    "a copy of nothing kept": (
        "a copy of a snapshot that is not kept",
        lambda s, p: (s.root / "analysis" / "20000101T000000000000-000000").mkdir(parents=True),
    ),
    "a line cut from the audit log": (
        "audit log",
        lambda s, p: (s.root / "audit.jsonl").write_text(
            "".join((s.root / "audit.jsonl").read_text().splitlines(keepends=True)[1:])
        ),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_named(
    store: Store, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    said, act = DAMAGES[damage]
    act(store, store.current().path)
    before = state(store)
    code, out, err = told(store, capsys)
    assert code == 2 and err.startswith("error: ")
    findings = [line for line in out.splitlines() if line.startswith("error: ")]
    assert any(said in line for line in findings), out
    for line in findings:
        where, _, rest = line.removeprefix("error: ").partition(": ")
        assert where and "; " in rest, line  # what, and what to do
    assert len(findings) == 1 or f"(and {len(findings) - 1} more)" in err
    assert state(store) == before


def test_what_a_crash_left_is_a_note(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    left = [".building-x.duckdb", ".unpublished-20990101T000000000000-abcdef.json", "orphan.json"]
    for name in left:
        (store.snapshots_dir / name).write_text("")
    (store.root / ".private-00").write_text("")
    code, out, _ = told(store, capsys)
    assert code == 0
    assert out.count("the next load sweeps it") == 4
    load(store.root.parent, [row(99)])
    assert "sweeps" not in told(store, capsys)[1]


def test_a_snapshot_of_the_first_edition_is_sound_with_notes(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    make_first_edition(store)
    code, out, _ = told(store, capsys)
    assert "made by an earlier edition: lacks" in out and "no hash recorded" in out
    assert "error: snapshot" not in out
    # Of two snapshots the other is still sealed, and knows of a log that is gone.
    assert all("audit log" in line for line in out.splitlines() if line.startswith("error"))
    assert code in (0, 2)


@pytest.mark.slow
def test_a_bit_flipped_anywhere_is_found(store: Store) -> None:
    path = store.current().path
    good = path.read_bytes()
    for at in range(0, len(good), len(good) // 23):
        _flip(path, at)
        assert verify(store).errors, at
        _write(path, good)
        path.chmod(0o444)
    assert not verify(store).errors


def test_no_store_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(Store(tmp_path / "nothing"), capsys)
    assert (code, out) == (2, "") and "no store is here" in err
    assert not (tmp_path / "nothing").exists()


def test_an_unsound_store_names_how_many(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    (store.root / "settings.toml").write_text("a =")
    (store.root / "queries.json").write_text("{")
    assert "(and 1 more)" in told(store, capsys)[2]
