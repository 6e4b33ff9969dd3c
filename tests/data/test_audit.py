"""The audit log: any damage to it shows, whoever writes and whenever they are killed."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import audit, ingest, mapping
from data.audit import chain, kinds, writing
from data.audit.chain import FILE, HEAD, Mark
from data.errors import NotAllowedError, UserError
from data.roles import Role
from data.sandbox import log
from data.store import Store
from tests.conftest import HERE
from tests.stores import write_contacts

LINES = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a log of 60 lines; tests damage copies."""
    root = tmp_path_factory.mktemp("audit") / "store"
    for i in range(LINES - 1):
        audit.record(root, "sql", f"person {i % 7}", outcome="answered", rows=i, seconds=0.25)
    return root


@pytest.fixture
def store(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "store"))


def problems(root: Path) -> tuple[str, ...]:
    return audit.verify(root).problems


def raw(root: Path) -> list[bytes]:
    return (root / FILE).read_bytes().splitlines(keepends=True)


def put(root: Path, lines: list[bytes]) -> None:
    (root / FILE).write_bytes(b"".join(lines))


def test_a_log_is_whole_and_private(store: Path) -> None:
    found = audit.verify(store)
    assert (found.lines, found.problems, found.notes) == (LINES, (), ())
    assert found.last is not None and found.last.seq == LINES
    assert [(store / f).stat().st_mode & 0o777 for f in (FILE, HEAD)] == [0o600, 0o600]
    first = json.loads(raw(store)[0])
    assert list(first) == ["seq", "at", "what", "who", "facts", "previous", "hash"]
    assert first["what"] == "begin"


# One line


DAMAGE: dict[str, Callable[[list[bytes], int], list[bytes]]] = {
    "removed": lambda ls, i: ls[:i] + ls[i + 1 :],
    "doubled": lambda ls, i: ls[: i + 1] + ls[i:],
    "swapped with the next": lambda ls, i: [*ls[:i], *ls[i : i + 2][::-1], *ls[i + 2 :]],
    "moved to the end": lambda ls, i: [*ls[:i], *ls[i + 1 :], ls[i]],
    "moved to the beginning": lambda ls, i: [ls[i], *ls[:i], *ls[i + 1 :]],
    "cut in half": lambda ls, i: [*ls[:i], ls[i][: len(ls[i]) // 2] + b"\n", *ls[i + 1 :]],
    "joined with the next": lambda ls, i: [*ls[:i], ls[i][:-1], *ls[i + 1 :]],
    "who": lambda ls, i: [*ls[:i], ls[i].replace(b'"who":"', b'"who":"x'), *ls[i + 1 :]],
    "a time": lambda ls, i: [*ls[:i], ls[i].replace(b'"at":"2', b'"at":"1'), *ls[i + 1 :]],
    "an empty line put in": lambda ls, i: [*ls[:i], b"\n", *ls[i:]],
    "words put in": lambda ls, i: [*ls[:i], b"nothing\n", *ls[i:]],
    "a forged line put in": lambda ls, i: [*ls[:i], ls[i].replace(b'"rows"', b'"rowz"'), *ls[i:]],
    "repeated at the end": lambda ls, i: [*ls, ls[i]],
    "in place of another": lambda ls, i: [*ls[:i], ls[(i + 7) % len(ls)], *ls[i + 1 :]],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_to_any_line_shows(kind: str, store: Path) -> None:
    lines = raw(store)
    missed = []
    for i in range(LINES):
        damaged = DAMAGE[kind](lines, i)
        if damaged == lines:  # the last has no next, and is at the end
            assert i in (0, LINES - 1)
            continue
        put(store, damaged)
        if not problems(store):
            missed.append(i)
    assert missed == []


def test_a_change_of_any_one_character_shows(store: Path) -> None:
    lines = raw(store)
    for place in (20, LINES - 1):
        for i in range(len(lines[place])):
            changed = bytearray(lines[place])
            changed[i] ^= 1
            put(store, [*lines[:place], bytes(changed), *lines[place + 1 :]])
            assert problems(store), (place, i)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_random_damage_shows(data: st.DataObject, whole: Path) -> None:
    before = (whole / FILE).read_bytes()
    start = data.draw(st.integers(0, len(before) - 1))
    end = data.draw(st.integers(start, min(len(before), start + 900)))
    put_in = data.draw(st.binary(max_size=80) | st.sampled_from(raw(whole)))
    after = before[:start] + put_in + before[end:]
    try:
        (whole / FILE).write_bytes(after)
        # Only what a kill leaves at the very end may pass for that: the beginning of a line.
        tail = after[len(before) :] if after.startswith(before) else None
        if after == before or (
            tail is not None and all(map(chain.half_written, tail.split(b"\n")))
        ):
            return
        assert problems(whole)
    finally:
        (whole / FILE).write_bytes(before)


# The end, and whole files


def test_a_cut_end_shows_and_keeps_showing(store: Path) -> None:
    lines = raw(store)
    for cut in (1, 2, 30, LINES):
        put(store, lines[:-cut])
        assert any("cut off" in p for p in problems(store))
    put(store, lines[:-1])
    audit.record(store, "sign_in", "x", role="viewer")  # the next event does not mend it
    said = problems(store)
    assert any(f"number {LINES} is missing" in p for p in said)
    assert any("says so" in p for p in said)
    assert [e.what for e in audit.entries(store, most=2)] == ["sign_in", "broken"]


def test_a_changed_line_keeps_showing(store: Path) -> None:
    lines = raw(store)
    for place in (5, LINES - 1):
        put(
            store, [*lines[:place], lines[place].replace(b"person", b"nobody"), *lines[place + 1 :]]
        )
        for _ in range(2):
            audit.record(store, "sign_in", "x", role="viewer")
        assert any(f"line {place + 1} is not as written" in p for p in problems(store))
        put(store, lines)


def test_missing_files_show(store: Path) -> None:
    (store / HEAD).rename(store / "kept")
    assert any("missing" in p for p in problems(store))
    audit.record(store, "sign_in", "x", role="viewer")
    assert problems(store)
    (store / FILE).unlink()
    assert any("cut off" in p for p in problems(store))


def test_a_head_that_was_changed_or_put_back_shows(store: Path) -> None:
    older = (store / HEAD).read_bytes()
    for _ in range(2):
        audit.record(store, "sign_in", "x", role="viewer")
    newer = (store / HEAD).read_bytes()
    (store / HEAD).write_bytes(older)
    assert any("older" in p for p in problems(store))
    (store / HEAD).write_bytes(newer.replace(b'"seq": 62', b'"seq": 63'))
    assert any("not as written" in p for p in problems(store))


def test_another_secret_shows(store: Path) -> None:
    (store / "secret").write_text("another", encoding="ascii")
    assert problems(store) == (
        "no line fits the store's secret: the log is another store's, or the secret was replaced",
    )
    (store / "secret").unlink()
    assert any("secret is missing" in p for p in problems(store))


def loaded(tmp_path: Path) -> tuple[Store, Path]:
    store = Store(tmp_path / "store")
    file = write_contacts(tmp_path / "contacts.csv", (20, 20), (2, 1))
    ingest.load(store, [file], mapping.read("canonical"))
    return store, file


def test_both_files_put_back_to_before_a_load_show(tmp_path: Path) -> None:
    store, file = loaded(tmp_path)
    older = {f: (store.root / f).read_bytes() for f in (FILE, HEAD)}
    noted = audit.verify(store.root).last
    write_contacts(file, (30, 20), (2, 1))
    ingest.load(store, [file], mapping.read("canonical"))
    assert audit.verify(store.root, noted).problems == ()
    now = {f: (store.root / f).read_bytes() for f in (FILE, HEAD)}
    for name, content in older.items():
        (store.root / name).write_bytes(content)
    assert any("was sealed" in p for p in problems(store.root))
    # Removed, or removed and begun again: the snapshots tell of another log.
    for name in (FILE, HEAD):
        (store.root / name).unlink()
    assert any("removed" in p for p in problems(store.root))
    audit.record(store.root, "sign_in", "x", role="viewer")
    assert any("begun anew" in p for p in problems(store.root))
    # What does not show by itself: both put back to a moment after the last load.
    for name, content in now.items():
        (store.root / name).write_bytes(content)
    audit.record(store.root, "export", "x", file="brief")
    last = audit.verify(store.root).last
    for name, content in now.items():
        (store.root / name).write_bytes(content)
    assert problems(store.root) == ()
    assert any("noted" in p for p in audit.verify(store.root, last).problems)


def test_a_store_of_an_earlier_edition_is_no_alarm(tmp_path: Path) -> None:
    store, _ = loaded(tmp_path)
    for path in (store.root / FILE, store.root / HEAD, *store.snapshots_dir.glob("*.json")):
        path.unlink()
    assert audit.verify(store.root).problems == ()
    audit.record(store.root, "sign_in", "x", role="viewer")
    found = audit.verify(store.root)
    assert found.problems == () and "there already" in found.notes[0]


# Kills, many writers, clocks, disks


def test_what_a_kill_leaves_is_mended_and_told(store: Path) -> None:
    lines = raw(store)
    keys = writing.keys_of(store)
    _, line = chain.written(
        keys, Mark(LINES, _hash(lines[-1])), datetime.now(UTC), "sign_in", "x", {}
    )
    head = (store / HEAD).read_bytes()
    for length in (1, 7, 8, 100, len(line) - 2, len(line) - 1, len(line)):
        put(store, [*lines, line[:length]])
        (store / HEAD).write_bytes(head)
        assert problems(store) == (), length
        audit.record(store, "sign_in", "y", role="viewer")
        found = audit.verify(store)
        assert found.problems == (), length
        half = length < len(line) - 1
        assert (len(found.notes) == 1 and "half written" in found.notes[0]) is half, length
        assert audit.entries(store, most=1)[0].who == "y"
        # Half a line in the middle is no kill's once the log tells of other bytes.
        if half:
            put(store, [*lines, b'{"seq":', *raw(store)[LINES:]])
            assert problems(store)
    # Killed again while that was being mended.
    put(store, [*lines, line[:50], b"\n", line[:30]])
    (store / HEAD).write_bytes(head)
    audit.record(store, "sign_in", "y", role="viewer")
    assert problems(store) == ()


def _hash(line: bytes) -> str:
    return str(json.loads(line)["hash"])


_WRITER = """
import sys
from pathlib import Path
from data import audit
for i in range(int(sys.argv[2])):
    audit.record(Path(sys.argv[1]), "sql", sys.argv[3], outcome="answered", rows=i)
"""


def _writer(root: Path, lines: int, who: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(root), str(lines), who], cwd=HERE.parent
    )


def test_many_writers_keep_one_chain(tmp_path: Path) -> None:
    root = tmp_path / "store"
    others = [_writer(root, 40, f"process {i}") for i in range(3)]

    def write(name: str) -> None:
        for i in range(20):
            audit.record(root, "sql", name, outcome="answered", rows=i)

    threads = [threading.Thread(target=write, args=(f"thread {i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [p.wait(60) for p in others] == [0, 0, 0]
    found = audit.verify(root)
    assert (found.lines, found.problems, found.notes) == (1 + 3 * 40 + 3 * 20, (), ())
    for who, n in (("process 1", 40), ("thread 2", 20)):
        rows = [e.facts["rows"] for e in audit.entries(root, who=who)]
        assert rows == list(range(n))[::-1]


def _kill_writers(root: Path, times: int, seed: int) -> None:
    rng = random.Random(seed)
    audit.record(root, "sign_in", "x", role="viewer")
    for i in range(times):
        size = audit.size(root)
        writer = _writer(root, 100_000, f"killed {i}")
        deadline = time.monotonic() + 60
        while audit.size(root) == size and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.05)
        writer.kill()
        writer.wait()
        assert problems(root) == (), i
        audit.record(root, "sign_in", "x", role="viewer")
        assert problems(root) == (), i


def test_a_killed_writer_leaves_the_chain_whole(tmp_path: Path) -> None:
    _kill_writers(tmp_path / "store", 3, 1)


@pytest.mark.slow
def test_fifty_killed_writers_leave_the_chain_whole(tmp_path: Path) -> None:
    _kill_writers(tmp_path / "store", 50, 2)


def test_a_clock_set_back_is_a_note(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_now", lambda: datetime.now(UTC) - timedelta(days=2))
    audit.record(store, "sign_in", "x", role="viewer")
    found = audit.verify(store)
    assert found.problems == () and "clock was set back once" in found.notes[0]


def test_a_full_disk_stops_what_must_be_logged_and_no_page(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(writing.os, "fsync", full)
        with pytest.raises(UserError, match=r"cannot write the audit log .*what cannot be logged"):
            audit.record(store, "export", "x", file="brief")
        audit.record(store, "sign_in", "x", role="viewer")
        audit.record(store, "refused", "y", page="sql")
        assert len(raw(store)) == LINES  # nothing half done stands there
    audit.record(store, "export", "x", file="brief")
    assert problems(store) == ()
    export, missed = audit.entries(store, most=2)
    assert export.what == "export" and missed.what == "missed"
    assert missed.facts["count"] == 2 and missed.facts["kinds"] == ["refused", "sign_in"]


def test_a_line_whose_head_could_not_be_written_is_taken_back(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(chain, "write_head", full)
        with pytest.raises(UserError, match="No space left"):
            audit.record(store, "export", "x", file="brief")
    assert len(raw(store)) == LINES and problems(store) == ()


# What is written, and who may read it


def test_only_declared_kinds_and_facts_are_written(store: Path) -> None:
    with pytest.raises(ValueError, match="knows no event"):
        audit.record(store, "surprise", "x")
    with pytest.raises(ValueError, match="no fact"):
        audit.record(store, "load", "x", file_name="Smith.csv")
    with pytest.raises(ValueError, match="not a dict"):
        audit.record(store, "load", "x", rows={})
    assert len(raw(store)) == LINES


def test_every_kind_says_what_it_means() -> None:
    for name, kind in kinds.KINDS.items():
        assert name.isidentifier() and kind.label and kind.meaning.endswith("."), name
        assert all(kind.facts.values()), name


def test_names_become_one_line(store: Path) -> None:
    audit.record(store, "sign_in", "a\nb\x00 ü" + "c" * 999, role="viewer")
    (entry,) = audit.entries(store, most=1)
    assert entry.who.startswith("a b") and len(entry.who) == 500
    assert len(raw(store)) == LINES + 1 and problems(store) == ()


def test_entries_are_filtered_newest_first(store: Path) -> None:
    assert [e.seq for e in audit.entries(store)] == list(range(LINES, 0, -1))
    assert {e.who for e in audit.entries(store, who="person 3")} == {"person 3"}
    assert [e.seq for e in audit.entries(store, what="begin")] == [1]
    today = datetime.now(UTC).date()
    assert audit.entries(store, start=today + timedelta(days=1)) == ()
    assert audit.entries(store, end=date(2020, 1, 1)) == ()
    lines = raw(store)
    put(store, [*lines[:-1], lines[-1].replace(b"person", b"nobody")])
    assert [e.sound for e in audit.entries(store, most=2)] == [False, True]


def test_only_an_administrator_reads_it(store: Path) -> None:
    for role in Role:
        if role is not Role.ADMINISTRATOR:
            with pytest.raises(NotAllowedError):
                audit.entries(store, role=role)
            with pytest.raises(NotAllowedError):
                audit.verify(store, role=role)


# What writes to it


def _facts(root: Path, what: str) -> list[dict[str, object]]:
    return [e.facts for e in audit.entries(root, what=what)]


def test_loads_are_logged_without_names_of_files(tmp_path: Path) -> None:
    store, file = loaded(tmp_path)
    ingest.load(store, [file], mapping.read("canonical"), who="ann")
    named = tmp_path / "Jane Doe.csv"
    named.write_text("agency_id,contact_id\nT,1\n")
    with pytest.raises(UserError):
        ingest.load(store, [named], mapping.read("canonical"))
    refused, unchanged, published = _facts(store.root, "load")
    assert (published["outcome"], published["contacts"]) == ("published", 41)
    assert published["snapshot"] == unchanged["snapshot"] == store.current_id()
    assert unchanged["outcome"] == "unchanged" and refused["outcome"] == "refused"
    assert b"Jane" not in (store.root / FILE).read_bytes()
    assert audit.entries(store.root, who="ann")[0].facts == unchanged
    count = len(raw(store.root))
    with pytest.raises(UserError):  # a check changes nothing, so it is no event
        ingest.load(store, [named], mapping.read("canonical"), publish=False)
    assert len(raw(store.root)) == count
    assert problems(store.root) == ()


@pytest.mark.slow
def test_nothing_is_published_or_rolled_back_unlogged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, file = loaded(tmp_path)
    write_contacts(file, (30, 20), (2, 1))
    ingest.load(store, [file], mapping.read("canonical"))
    current = store.current_id()
    write_contacts(file, (40, 20), (2, 1))
    monkeypatch.setattr(chain, "write_head", _denied)
    with pytest.raises(UserError, match="audit log"):
        ingest.load(store, [file], mapping.read("canonical"))
    with pytest.raises(UserError, match="audit log"):
        store.rollback()
    assert store.current_id() == current and len(store.ids()) == 2
    monkeypatch.undo()
    store.rollback(who="ann")
    (facts,) = _facts(store.root, "rollback")
    assert facts == {"snapshot": store.current_id(), "before": current}
    assert problems(store.root) == ()


def _denied(*args: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_sql_is_logged_by_its_hash(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise log.StoppedError("too long")

    log.logged(store, "ann", "S", "SELECT 'Jane'", stopped)  # type: ignore[arg-type]
    (facts, *_) = _facts(store, "sql")
    assert facts["outcome"] == "stopped" and len(str(facts["sha256"])) == 64
    assert b"Jane" not in (store / FILE).read_bytes()
    monkeypatch.setattr(writing, "locked", _denied)
    with pytest.raises(UserError, match="what cannot be logged"):
        log.logged(store, "ann", "S", "SELECT 1", pytest.fail)  # type: ignore[arg-type]


def test_a_change_of_the_settings_is_noticed_once(store: Path) -> None:
    path = store / "settings.toml"
    assert Store(store).settings.public_threshold == 11
    path.write_text('public_threshold = 12\nagency_name = "Springfield"\n')
    for _ in range(3):
        assert Store(store).settings.public_threshold == 12
    (facts,) = _facts(store, "settings")
    assert facts["set"] == ["public_threshold = 12", "agency_name"]
    path.unlink()
    assert Store(store).settings.public_threshold == 11
    gone, _ = _facts(store, "settings")
    assert "sha256" not in gone


def test_a_folder_that_is_no_store_stays_empty(tmp_path: Path) -> None:
    Store(tmp_path / "none").settings  # noqa: B018
    audit.verify(tmp_path / "none")
    audit.entries(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
