"""Who asked what, what was saved, and a worker for each: around the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import UserError
from data.sandbox import log, pool, saved
from data.sandbox.examples import EXAMPLES
from data.sandbox.saved import SavedQuery
from data.sandbox.tables import tables
from data.store import Snapshot, Store
from tests.stores import simulated_store


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Store(simulated_store(tmp_path_factory.mktemp("sandbox"), 3_000)).current()


@pytest.fixture(autouse=True)
def no_workers_left() -> object:
    yield
    pool.close_all()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: e.id)
def test_every_example_answers_over_the_copy(snapshot: Snapshot, example: object) -> None:
    assert len(EXAMPLES) >= 10
    found = pool.session("me", snapshot).run(example.sql)  # type: ignore[attr-defined]
    assert found.rows > 0 and found.cut == ""


def test_the_copy_describes_itself_and_holds_no_key_of_the_store(snapshot: Snapshot) -> None:
    folder = pool.copy_of(snapshot)
    found = tables(folder)
    assert next(iter(found)) == "encounters"
    assert "contacts" not in found and "claims" not in found
    assert all(t.meaning and t.columns for t in found.values())
    keys = {
        row[0]
        for row in snapshot.cursor()
        .execute("SELECT contact_id FROM contacts UNION SELECT officer_key FROM officers")
        .fetchall()
    }
    answer = pool.session("me", snapshot).run("SELECT contact_id, officer_key FROM encounters")
    assert not keys & set(answer.table["contact_id"].to_pylist())
    assert not keys & set(answer.table["officer_key"].to_pylist())


def test_each_has_a_worker_and_the_longest_idle_makes_room(snapshot: Snapshot) -> None:
    first = pool.session("one", snapshot)
    assert pool.session("one", snapshot) is first
    second = pool.session("two", snapshot)
    assert second is not first
    first.run("SELECT 1")
    for other in ("three", "four", "five"):
        pool.session(other, snapshot)
    assert pool.session("one", snapshot) is first
    assert pool.session("two", snapshot) is not second


def test_every_statement_is_written_down(snapshot: Snapshot) -> None:
    root = snapshot.path.parent.parent
    session = pool.session("me", snapshot)
    for sql in ("SELECT 1", "DROP TABLE encounters"):
        log.logged(root, "me", snapshot.id, sql, lambda sql=sql: session.run(sql))  # type: ignore[misc]
    newest, before = log.entries(root)[:2]
    assert (newest.sql, newest.outcome, newest.rows) == ("DROP TABLE encounters", "refused", 0)
    assert (before.sql, before.outcome, before.rows, before.who) == (
        "SELECT 1",
        "answered",
        1,
        "me",
    )
    assert before.snapshot == snapshot.id and before.seconds >= 0
    assert (root / log.FILE).stat().st_mode & 0o077 == 0


def test_what_cannot_be_written_down_is_not_run(tmp_path: Path) -> None:
    (tmp_path / log.FILE).mkdir()
    ran = []
    with pytest.raises(UserError, match="nothing was run"):
        log.logged(tmp_path, "me", "s", "SELECT 1", lambda: ran.append(1))  # type: ignore[arg-type,return-value]
    assert not ran


def test_saved_queries_are_ones_own_unless_shared(tmp_path: Path) -> None:
    saved.save(tmp_path, SavedQuery("Mine", "SELECT 1", "a", False))
    saved.save(tmp_path, SavedQuery("Ours", "SELECT 2", "a", True))
    assert [q.name for q in saved.visible(tmp_path, "a")] == ["Mine", "Ours"]
    assert [q.name for q in saved.visible(tmp_path, "b")] == ["Ours"]
    saved.save(tmp_path, SavedQuery("Mine", "SELECT 3", "a", False))
    assert saved.visible(tmp_path, "a")[0].sql == "SELECT 3"
    with pytest.raises(UserError, match="somebody else"):
        saved.save(tmp_path, SavedQuery("Ours", "SELECT 4", "b", False))
    saved.remove(tmp_path, "Ours", "b")
    assert len(saved.visible(tmp_path, "a")) == 2
    saved.remove(tmp_path, "Ours", "a")
    assert [q.name for q in saved.visible(tmp_path, "a")] == ["Mine"]


@pytest.mark.parametrize(("name", "sql"), [(" ", "SELECT 1"), ("x" * 81, "SELECT 1"), ("a", " ")])
def test_what_cannot_be_saved_is_said(tmp_path: Path, name: str, sql: str) -> None:
    with pytest.raises(UserError):
        saved.save(tmp_path, SavedQuery(name, sql, "a", False))
    assert not (tmp_path / saved.FILE).exists()


def test_a_damaged_list_is_named_and_kept(tmp_path: Path) -> None:
    (tmp_path / saved.FILE).write_text("[{")
    with pytest.raises(UserError, match="cannot be read"):
        saved.visible(tmp_path, "a")
    assert (tmp_path / saved.FILE).read_text() == "[{"


def test_the_copy_goes_with_its_snapshot(tmp_path: Path) -> None:
    store = Store(simulated_store(tmp_path, 3_000))
    old = store.current()
    folder = pool.copy_of(old)
    assert folder == store.analysis_of(old.id) and folder.is_dir()
    with store.lock():
        new = store.new_id()
        store.path_of(new).write_bytes(old.path.read_bytes())
        store.point_to(new)
        (store.root / "settings.toml").write_text("snapshots_kept = 1\n")
        store.prune()
    assert not folder.exists()
