"""A purged contact is nowhere: not in a table, not in a byte, and no rollback brings it back."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from data import anew, building, checks, holds, ingest, keys, mapping, purge, simulate, swaps
from data.__main__ import parser
from data.cli import run
from data.errors import SnapshotError, StoreLockedError, UserError
from data.ingest import content_hash
from data.opening import _connections
from data.roles import Role
from data.store import Store
from tests.data.exports import count
from tests.data.test_outcome_tables import load
from tests.stores import make_snapshot

ROOT = Path(__file__).parents[2]
CONTACTS = "contact_id,incident_id,person_key,contact_at,force_used;"


def contacts(*numbers: int, month: int = 3) -> str:
    """Contacts C-i of incident I-i and person P-i, one a day."""
    rows = (f"C-{i},I-{i},P-{i},2024-{month:02d}-{i:02d} 10:00,no" for i in numbers)
    return CONTACTS + ";".join(rows)


def numbers(folder: Path, *lines: str) -> Path:
    """A list of numbers as a file."""
    path = folder / "numbers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def _replaced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replaced")
    load(folder, contacts=contacts(*range(1, 11)), calls=_calls(*range(1, 11)))
    rest = contacts(*(i for i in range(1, 11) if i != 5))
    assert _replace_period(folder, rest).removed == 1
    return folder / "store"


@pytest.fixture
def replaced(_replaced: Path, tmp_path: Path) -> tuple[str, Store]:
    """Ten contacts, then the same period without C-5: the first snapshot's id, and the store."""
    shutil.copytree(_replaced, tmp_path / "store")
    store = Store(tmp_path / "store")
    return store.ids()[-1], store


def _replace_period(folder: Path, lines: str) -> ingest.LoadReport:
    path = folder / "contacts.csv"
    path.write_text(lines.replace(";", "\n") + "\n")
    canonical = mapping.read("canonical")
    return ingest.load(
        Store(folder / "store"), [path], canonical, agency_id="TEST", replace_period=True
    )


def _calls(*which: int) -> str:
    return "call_id,incident_id,received_at;" + ";".join(
        f"K-{i},I-{i},2024-03-{i:02d} 09:58" for i in which
    )


def hashes(store: Store, agency: str = "TEST", **named: str) -> list[str]:
    """The keyed hashes of numbers, by the kind of each."""
    snapshot = store.current()
    return [keys.hashed(snapshot, k, agency, [n])[n] for k, n in named.items()]


def in_tables(store: Store, wanted: list[str]) -> dict[str, int]:
    """How often each value stands in any column of any table of any kept snapshot."""
    found = dict.fromkeys(wanted, 0)
    for id_ in store.ids():
        cursor = store.snapshot(id_).cursor()
        tables = cursor.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        for (table,) in tables:
            # A row as text holds every one of its columns.
            sums = ", ".join("count(*) FILTER (contains(held, ?))" for _ in wanted)
            counts = cursor.execute(
                f'SELECT {sums} FROM (SELECT CAST(t AS VARCHAR) AS held FROM "{table}" t)', wanted
            ).fetchall()[0]
            for value, n in zip(wanted, counts, strict=True):
                found[value] += n
    return found


def in_bytes(store: Store, wanted: list[str], piece: int = 12) -> dict[str, int]:
    """How many pieces of each value stand in the bytes of the store folder, whatever the file.

    Pieces: an index keeps the start of many keys once and their ends apart.
    """
    held = b"".join(p.read_bytes() for p in sorted(store.root.rglob("*")) if p.is_file())
    return {
        value: sum(value[i : i + piece].encode() in held for i in range(len(value) - piece + 1))
        for value in wanted
    }


def only_contact(store: Store, where: str) -> list[tuple[Any, ...]]:
    return (
        store.current().cursor().execute(f"SELECT count(*) FROM contacts WHERE {where}").fetchall()
    )


# What a load replaced away


def test_what_a_load_replaced_away_leaves_every_snapshot(replaced: tuple[str, Store]) -> None:
    first, store = replaced
    mine = hashes(store, contact="C-5", incident="I-5", person="P-5")
    assert min(in_tables(store, mine).values()) > 0
    in_use = store.current_id()
    report = purge.purge(store)
    assert (report.entry.removed, report.entry.calls, report.entry.held) == (1, 1, {})
    assert sorted(report.entry.snapshots) == sorted([first, str(in_use)])
    assert in_tables(store, mine) == dict.fromkeys(mine, 0)
    assert in_bytes(store, mine) == dict.fromkeys(mine, 0)
    assert [_contacts_of(store, id_) for id_ in store.ids()] == [9, 9]


def _contacts_of(store: Store, id_: str) -> int:
    rows = store.snapshot(id_).cursor().execute("SELECT count(*) FROM contacts").fetchall()
    return int(rows[0][0])


@pytest.mark.slow
def test_no_rollback_brings_it_back_and_the_old_id_is_explained(
    replaced: tuple[str, Store], tmp_path: Path
) -> None:
    first, store = replaced
    new = purge.purge(store).entry.snapshots[first]
    assert new.split("-")[0] == first.split("-")[0] and new != first
    assert store.rollback().id == new
    assert only_contact(store, "day(contact_at) = 5") == [(0,)]
    with pytest.raises(UserError, match=rf"written anew by the purge of {_today()} as {new}"):
        store.rollback(first)
    again = purge.purge(store, numbers(tmp_path, "contact_id", "C-7")).entry.snapshots[new]
    with pytest.raises(UserError, match=f"as {again};"):
        store.snapshot(first)
    store.path_of(again).chmod(0o644)
    store.path_of(again).unlink()
    with pytest.raises(UserError, match="no longer kept either"):
        store.snapshot(first)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.mark.slow
def test_what_only_a_snapshot_rolled_back_from_has_stays(tmp_path: Path) -> None:
    load(tmp_path, contacts=contacts(1, 2, 3))
    load(tmp_path, contacts=contacts(4, 5))
    store = Store(tmp_path / "store")
    store.rollback()
    load(tmp_path, contacts=contacts(6))
    report = purge.purge(store)
    assert (report.entry.removed, report.entry.snapshots) == (0, {})
    assert [_contacts_of(store, i) for i in store.ids()] == [4, 5, 3]


@pytest.mark.slow
def test_what_a_later_load_of_its_period_lacks_goes_from_a_side_branch_too(tmp_path: Path) -> None:
    load(tmp_path, contacts=contacts(1, 2, 3))
    load(tmp_path, contacts=contacts(2, 3, 4).replace("3-03 10:00", "3-03 11:00"))
    store = Store(tmp_path / "store")
    store.rollback()
    _replace_period(tmp_path, contacts(1, 3))
    # C-2 stood in the first one; C-4, of the fourth, is outside what the load replaced.
    assert purge.purge(store).entry.removed == 1
    assert [_contacts_of(store, i) for i in store.ids()] == [2, 3, 2]


def test_a_simulated_agency_is_not_taken_for_replaced(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    frames = tmp_path / "sim"
    frames.mkdir()
    simulate.write(simulate.simulate(50, seed=1), frames)
    ingest.load(store, [frames / "contacts.parquet"], mapping.read("canonical"), simulated=True)
    load(tmp_path, contacts=contacts(1, 2))
    assert purge.purge(store).entry.removed == 0


# What a file names


def test_each_number_of_a_file_counts_by_itself(tmp_path: Path) -> None:
    rows = (
        CONTACTS + "C-1,I-1,P-1,2024-03-01 10:00,no;C-2,I-2,P-9,2024-03-02 10:00,no;"
        "C-3,I-2,P-3,2024-03-03 10:00,no;C-4,I-4,P-9,2024-03-04 10:00,no;C-5,,,2024-03-05 10:00,no"
    )
    _, store = load(tmp_path, contacts=rows, calls=_calls(1, 2, 4, 8))
    named = numbers(
        tmp_path,
        "Contact_ID, incident_id,note,person_key",
        " C-1 ,,x,",
        ",I-8,x,",
        "NEVER,,,P-9",
        "C-1,,,NOBODY",
    )
    report = purge.purge(store, named)
    # C-1 by its number, C-2 and C-4 by their person; I-8 has a call and no contact.
    assert (report.entry.removed, report.entry.calls, report.unmatched) == (3, 3, 2)
    assert count(store, "contacts") == count(store, "encounters") == 2
    # C-3 shares its incident with C-2, so its call stays.
    assert count(store, "calls") == 1


def test_a_number_of_several_columns_has_a_bar_between_them(tmp_path: Path) -> None:
    raw: dict[str, Any] = {
        "mapping": {"name": "own", "title": "Own", "edition": "1", "source": "own"},
        "agency": {"agency_id": "TEST"},
        "contacts": {"columns": {"contact_at": {"from": "day"}}},
    }
    raw["mapping"]["key"] = ["form", "part"]
    (tmp_path / "forms.csv").write_text("form,part,day\n7,1,2024-03-01\n7,2,2024-03-02\n")
    store = Store(tmp_path / "store")
    ingest.load(store, [tmp_path / "forms.csv"], mapping.parse(raw, "own"))
    report = purge.purge(store, numbers(tmp_path, "contact_id", "7|2"))
    assert (report.entry.removed, report.unmatched, count(store, "contacts")) == (1, 0, 1)


def test_links_go_and_what_they_were_of_stays(tmp_path: Path) -> None:
    rows = (
        CONTACTS + "C-1,I-1,,2024-03-01 10:00,no;C-2,I-2,,2024-03-02 10:00,no;"
        "C-3,I-2,,2024-03-03 10:00,no;C-4,I-4,,2024-03-04 10:00,no"
    )
    claims = (
        "claim_id,contact_id,incident_id,resolution,privileged;L1,C-1,I-1,settled,no;"
        "L2,,I-1,denied,no;L3,C-2,I-2,denied,no;L4,,I-2,denied,no;L5,C-4,I-1,denied,no"
    )
    complaints = "complaint_id,allegation,contact_id,kind;Q1,force,C-2,complaint"
    critical = "critical_id,contact_id,kind,legal_hold;E1,C-1,officer_death,no"
    _, store = load(
        tmp_path, contacts=rows, claims=claims, complaints=complaints, critical_events=critical
    )
    report = purge.purge(store, numbers(tmp_path, "contact_id", "C-1", "C-2"))
    assert report.entry.removed == 2
    cursor = store.current().cursor()
    ask = "SELECT contact_id IS NOT NULL, incident_id IS NOT NULL FROM claims ORDER BY claim_id"
    # By claim: both numbers gone twice, the shared incident of its own contact gone too, kept where it
    # only names the incident, and the contact kept that has lost nothing.
    assert sorted(cursor.execute(ask).fetchall()) == sorted(
        [(False, False), (False, False), (False, False), (False, True), (True, False)]
    )
    for table in ("complaints", "critical_events"):
        assert cursor.execute(f"SELECT count(*), count(contact_id) FROM {table}").fetchall() == [
            (1, 0)
        ]


@pytest.mark.slow
def test_a_loss_run_that_names_a_purged_contact_again_can_be_purged_again(tmp_path: Path) -> None:
    load(tmp_path, contacts=contacts(1, 2))
    store = Store(tmp_path / "store")
    purge.purge(store, numbers(tmp_path, "contact_id", "C-1"))
    load(tmp_path, claims="claim_id,contact_id,resolution,privileged;L1,C-1,denied,no")
    report = purge.purge(store, numbers(tmp_path, "contact_id", "C-1"))
    assert (report.entry.removed, report.unmatched) == (0, 0)
    mine = hashes(store, contact="C-1")
    assert in_tables(store, mine) == dict.fromkeys(mine, 0)


def test_loading_an_older_file_brings_it_back(tmp_path: Path) -> None:
    _, store = load(tmp_path, contacts=contacts(1, 2))
    purge.purge(store, numbers(tmp_path, "contact_id", "C-1"))
    assert load(tmp_path, contacts=contacts(1, 2))[0].changed
    assert count(store, "contacts") == 2


# Nowhere in the bytes, and all else as if it had never been loaded

AWAY = 40
"""The contact of the simulated agency that goes: the number of its row."""


def _frames(folder: Path, size: int = 3_000) -> dict[str, pd.DataFrame]:
    simulation = simulate.simulate(size, seed=3)
    simulate.write(simulation, folder)
    tables = mapping.importable_tables()
    found = {t: pd.read_parquet(p) for t in tables if (p := folder / f"{t}.parquet").exists()}
    for name in ("claims", "complaints", "critical_events", "claim_valuations"):
        found[name] = found[name].astype(object)
    return found


def _load_frames(folder: Path, frames: dict[str, pd.DataFrame], store: Store) -> Store:
    folder.mkdir(exist_ok=True)
    for table, frame in frames.items():
        frame.to_parquet(folder / f"{table}.parquet")
    files = [folder / f"{table}.parquet" for table in frames]
    ingest.load(store, files, mapping.read("canonical"), simulated=True)
    return store


@pytest.fixture
def plain_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every snapshot is written without compression: what it holds stands in its bytes as it is."""
    for module, name in ((building, "connect"), (anew, "private")):
        connect = getattr(module, name)

        def plain(*arguments: Any, connect: Callable[..., Any] = connect) -> Any:
            con = connect(*arguments)
            con.execute("SET force_compression = 'uncompressed'")
            return con

        monkeypatch.setattr(module, name, plain)


def test_a_purged_contact_is_nowhere_in_the_bytes(tmp_path: Path, plain_bytes: None) -> None:
    frames = _frames(tmp_path, 1_000)
    last = frames["contacts"].groupby("person_key")["contact_id"].transform("size") == 1
    gone = frames["contacts"][last].iloc[AWAY]
    # Whatever may name a contact names this one.
    names = {"agency_id": "SIM", "contact_id": gone.contact_id}
    event = {"critical_id": "E1", "kind": "officer_death", "legal_hold": "no"}
    frames["critical_events"] = pd.DataFrame([{**names, **event}])
    names["incident_id"] = gone.incident_id
    complaint = {"complaint_id": "Q1", "allegation": "force", "kind": "complaint"}
    frames["complaints"] = pd.DataFrame([{**names, **complaint}])
    claim = {"claim_id": "L1", "resolution": "denied", "privileged": "no"}
    frames["claims"] = pd.DataFrame([{**names, **claim}])
    del frames["claim_valuations"], frames["rosters"]
    store = _load_frames(tmp_path / "in", frames, Store(tmp_path / "store"))
    # A second snapshot, so that an older one has it too.
    frames["events"] = frames["events"].iloc[:3].assign(event_id=["Z1", "Z2", "Z3"])
    _load_frames(tmp_path / "in", frames, store)
    assert len(store.ids()) == 2
    mine = hashes(
        store,
        "SIM",
        contact=gone.contact_id,
        incident=gone.incident_id,
        person=gone.person_key,
    )
    before = in_bytes(store, mine)
    whole = [value.encode() for value in mine]
    held = b"".join(p.read_bytes() for p in store.snapshots_dir.iterdir())
    assert all(value in held for value in whole)  # the search finds what is there
    assert all(n == 21 for n in before.values())  # and so does the one by pieces
    assert all(n >= 2 for n in in_tables(store, mine).values())
    # What only travels with a contact that stays is still found afterwards.
    stays = hashes(store, "SIM", contact=frames["contacts"].iloc[AWAY + 1].contact_id)

    waiting = store.root / "uploads" / "20250101T000000000000-abcdef" / "files"
    waiting.mkdir(parents=True)
    (waiting / "contacts.csv").write_text(f"contact_id\n{gone.contact_id}\n")
    report = purge.purge(store, numbers(tmp_path, "contact_id", gone.contact_id))
    assert report.entry.removed == 1 and len(report.entry.snapshots) == 2
    assert not waiting.exists()
    (tmp_path / "numbers.csv").unlink()
    assert in_bytes(store, mine) == dict.fromkeys(mine, 0)
    assert in_tables(store, mine) == dict.fromkeys(mine, 0)
    assert min(in_bytes(store, stays).values()) == 21
    for id_ in store.ids():
        checks.run(store.snapshot(id_).cursor())


@pytest.mark.slow
def test_a_purged_snapshot_equals_one_loaded_without_the_contact(tmp_path: Path) -> None:
    frames = _frames(tmp_path)
    of_person = frames["contacts"].groupby("person_key")["contact_id"].transform("size")
    # One of a person with several contacts: whether others are returns depends on it.
    some = frames["contacts"][of_person > 2].iloc[[3, 30, 300]]
    frames["claims"]["resolution"] = "denied"
    frames["claim_valuations"]["status"] = "closed"
    frames["critical_events"]["legal_hold"] = "no"
    store = _load_frames(tmp_path / "in", frames, Store(tmp_path / "store"))
    report = purge.purge(store, numbers(tmp_path, "contact_id", *some.contact_id))
    assert report.entry.removed == 3
    without = {}
    for name, frame in frames.items():
        left = frame
        if name in ("claims", "complaints", "critical_events"):
            left = frame.copy()
            mine = left["contact_id"].isin(some.contact_id)
            left.loc[mine, "contact_id"] = None
            if "incident_id" in left:
                left.loc[mine | left["incident_id"].isin(some.incident_id), "incident_id"] = None
        elif "contact_id" in frame:
            left = frame[~frame["contact_id"].isin(some.contact_id)]
        elif "incident_id" in frame:
            left = frame[~frame["incident_id"].isin(some.incident_id)]
        without[name] = left
    calls = set(without["calls"]["call_id"])
    without["call_units"] = frames["call_units"][frames["call_units"]["call_id"].isin(calls)]
    other = Store(tmp_path / "other")
    other.prepare()
    shutil.copy(store.root / "secret", other.root / "secret")
    _load_frames(tmp_path / "without", without, other)
    purged = content_hash(store.current().cursor())
    assert purged == content_hash(other.current().cursor())
    assert purged["encounters"][0] == 2_997
    checks.run(store.current().cursor())


# Legal hold


def test_what_is_under_hold_stays_and_is_counted_by_reason(tmp_path: Path) -> None:
    claims = (
        "claim_id,contact_id,resolution,privileged;L1,C-3,open,no;L2,C-4,,no;L3,C-5,,;"
        "L4,C-6,settled,no"
    )
    critical = (
        "critical_id,contact_id,kind,legal_hold;E1,C-1,officer_death,yes;"
        "E2,C-2,officer_death,unknown;E3,C-7,officer_death,no"
    )
    _, store = load(
        tmp_path, contacts=contacts(*range(1, 10)), claims=claims, critical_events=critical
    )
    holds.add(store, numbers(tmp_path, "contact_id,reason", "C-8,lawsuit"))
    report = purge.purge(store, numbers(tmp_path, "contact_id", *(f"C-{i}" for i in range(1, 10))))
    assert report.entry.removed == 3
    assert report.entry.held == {
        f"{holds.LISTED}: lawsuit": 1,
        holds.CRITICAL: 1,
        holds.CRITICAL_UNKNOWN: 1,
        holds.CLAIM: 2,
        holds.PRIVILEGED: 1,
    }
    assert count(store, "contacts") == 6
    assert count(store, "claims", "contact_id IS NOT NULL") == 3
    (seen,) = purge.log(store)
    assert holds.PRIVILEGED not in seen.held and seen.kept_under_hold == 5
    assert purge.log(store, role=Role.ATTORNEY)[0] == report.entry
    assert report.entry.kept_under_hold == 6


def test_a_hold_on_one_contact_keeps_the_calls_of_its_incident(tmp_path: Path) -> None:
    rows = CONTACTS + "C-1,I-1,,2024-03-01 10:00,no;C-2,I-1,,2024-03-02 10:00,no"
    _, store = load(tmp_path, contacts=rows, calls=_calls(1))
    holds.add(store, numbers(tmp_path, "contact_id", "C-1"))
    report = purge.purge(store, numbers(tmp_path, "incident_id", "I-1"))
    assert (report.entry.removed, report.entry.calls) == (1, 0)
    assert (count(store, "contacts"), count(store, "calls")) == (1, 1)


def test_a_hold_known_only_to_a_newer_snapshot_counts(tmp_path: Path) -> None:
    load(tmp_path, contacts=contacts(1, 2))
    load(
        tmp_path, critical_events="critical_id,contact_id,kind,legal_hold;E1,C-1,officer_death,yes"
    )
    store = Store(tmp_path / "store")
    store.rollback()
    report = purge.purge(store, numbers(tmp_path, "contact_id", "C-1"))
    assert (report.entry.removed, report.entry.held) == (0, {holds.CRITICAL: 1})


@pytest.mark.slow
def test_a_hold_that_ended_lets_go_of_older_snapshots(tmp_path: Path) -> None:
    event = "critical_id,contact_id,kind,legal_hold;E1,C-1,officer_death,"
    load(tmp_path, contacts=contacts(1, 2), critical_events=event + "yes")
    _, store = load(tmp_path, critical_events=event + "no")
    assert purge.purge(store, numbers(tmp_path, "contact_id", "C-1")).entry.removed == 1
    assert [_contacts_of(store, i) for i in store.ids()] == [1, 1]


def test_what_is_held_and_left_only_older_snapshots_is_said(
    replaced: tuple[str, Store], tmp_path: Path
) -> None:
    _, store = replaced
    # The number is known to the list only; the snapshot in use no longer has it.
    assert holds.add(store, numbers(tmp_path, "contact_id", "C-5")).not_in_use == 1
    report = purge.purge(store)
    assert (report.entry.removed, report.held_only_in_older) == (0, 1)
    assert [_contacts_of(store, i) for i in store.ids()] == [9, 10]
    assert holds.release(store, numbers(tmp_path, "contact_id", "C-5")).changed == 1
    assert purge.purge(store).entry.removed == 1


# The log


def test_the_log_says_that_it_was_done_and_not_what(replaced: tuple[str, Store]) -> None:
    _, store = replaced
    mine = hashes(store, contact="C-5", incident="I-5", person="P-5")
    purge.purge(store)
    purge.purge(store)  # nothing left to do: that too is written down
    path = store.root / swaps.LOG
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    assert len(text.splitlines()) == 2
    assert not any(value in text for value in [*mine, "C-5", "I-5", "P-5"])
    assert {key for line in text.splitlines() for key in json.loads(line)} == {
        *("at", "calls", "held", "removed", "snapshots", "software")
    }
    first, second = purge.log(store)
    assert (first.removed, second.removed, second.snapshots) == (1, 0, {})
    assert first.at.tzinfo == UTC and first.software.startswith("cit-outcomes ")


def test_a_dry_run_changes_no_byte(replaced: tuple[str, Store]) -> None:
    _, store = replaced
    before = {p: p.read_bytes() for p in store.root.rglob("*") if p.is_file()}
    report = purge.purge(store, dry_run=True)
    assert report.dry_run and report.entry.removed == 1
    assert {p: p.read_bytes() for p in store.root.rglob("*") if p.is_file()} == before


# Readers, other processes, crashes, disks


@pytest.mark.slow
def test_a_reader_keeps_the_old_file_and_the_next_question_moves_on(
    replaced: tuple[str, Store], tmp_path: Path
) -> None:
    _, store = replaced
    old = store.current()
    reader = old.cursor()
    running = old.cursor().execute("SELECT contact_id FROM contacts, range(100000)")
    purge.purge(store, numbers(tmp_path, "contact_id", "C-1"))
    assert not old.path.exists()
    assert reader.execute("SELECT count(*) FROM contacts").fetchall() == [(9,)]
    assert len(running.fetchall()) == 900_000
    assert count(store, "contacts") == 8
    # Not opened before it went: the error says what became of it.
    unopened = store.snapshot(store.ids()[-1])
    purge.purge(store, numbers(tmp_path, "contact_id", "C-2"))
    with pytest.raises(UserError, match="written anew by the purge"):
        unopened.cursor()
    assert count(store, "contacts") == 7
    assert str(old.path) not in _connections  # nor is its place on the disk kept any longer


@pytest.mark.slow
def test_readers_in_many_threads_never_miss_a_snapshot(tmp_path: Path) -> None:
    load(tmp_path, contacts=contacts(*range(1, 29)))
    store = Store(tmp_path / "store")
    stop, seen = threading.Event(), set()
    failures: list[Exception] = []

    def read() -> None:
        while not stop.is_set():
            try:
                cursor = store.current().cursor()
                sql = "SELECT (SELECT count(*) FROM contacts), (SELECT count(*) FROM encounters)"
                seen.update(cursor.execute(sql).fetchall())
            except UserError as error:  # opened between the pointer's move and the old file's end
                if "written anew" not in str(error):
                    failures.append(error)
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(1, 4):
        purge.purge(store, numbers(tmp_path, "contact_id", f"C-{i}"))
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert seen <= {(n, n) for n in range(25, 29)}


def _python(code: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


KILLED = """
import os, signal, sys
from pathlib import Path
from data import purge, store, swaps
where = sys.argv[3]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def progress(stage):
    if stage.startswith(where):
        die()
write = store.Store.write_private
def writing(self, name, text, mode=0o600):
    if where == f"before {name}":
        die()
    write(self, name, text)
    if where == f"after {name}":
        die()
store.Store.write_private = writing
if where == "before the pointer":
    store.Store.point_to = die
elif where == "after the pointer":
    point = store.Store.point_to
    store.Store.point_to = lambda *a: (point(*a), die())
elif where == "before the old ones go":
    swaps._delete = die
purge.purge(store.Store(sys.argv[1]), Path(sys.argv[2]), progress=progress)
"""

UNDECIDED = ["looking", "writing", "putting", "before purging.json"]
DECIDED = [
    *("after purging.json", "before the old ones go", "before the pointer", "after the pointer"),
    *("before purges.jsonl", "after purges.jsonl"),
]


@pytest.mark.parametrize(
    ("where", "next_"),
    [
        # One of either kind in every run; the other instants take a minute more.
        ("before purging.json", "purge"),
        ("after purging.json", "purge"),
        *(
            pytest.param(where, "purge", marks=pytest.mark.slow)
            for where in [*UNDECIDED[:-1], *DECIDED[1:]]
        ),
        *(
            pytest.param(where, next_, marks=pytest.mark.slow)
            for where in DECIDED[1:3]
            for next_ in ("load", "rollback")
        ),
    ],
)
def test_a_killed_purge_is_all_or_nothing(
    replaced: tuple[str, Store], tmp_path: Path, where: str, next_: str
) -> None:
    _, store = replaced
    named = numbers(tmp_path, "contact_id", "C-1")
    mine = hashes(store, contact="C-1", incident="I-1", person="P-1")
    done = _python(KILLED, store.root, named, where)
    assert done.returncode == -signal.SIGKILL, done.stderr
    n = count(store, "contacts")  # the old or the new state serves, and it is whole
    assert n in ((9,) if where in UNDECIDED else (8, 9))
    checks.run(store.current().cursor())
    assert len(store.ids()) == 2
    if next_ == "purge":
        report = purge.purge(store, named)
        assert report.entry.removed == (2 if where in UNDECIDED else 0)
    elif next_ == "load":
        load(tmp_path, contacts=contacts(12))
    else:
        store.rollback()
    if next_ == "purge" or where in DECIDED:
        assert in_tables(store, mine) == dict.fromkeys(mine, 0)
        assert in_bytes(store, mine) == dict.fromkeys(mine, 0)
        assert swaps.lines(store)[0]["removed"] == 2
        assert len(swaps.lines(store)) == 1 + (next_ == "purge" and where in DECIDED)
    if next_ != "rollback":
        assert _left_over(store) == []
    assert swaps.pending(store) == {}


def _left_over(store: Store) -> list[str]:
    known = {"secret", "lock", "current", "snapshots", swaps.LOG, holds.LIST}
    known |= {"audit.jsonl", "audit.head", "audit.lock"}
    return sorted(
        [p.name for p in store.root.iterdir() if p.name not in known]
        + [p.name for p in store.snapshots_dir.iterdir() if p.stem not in store.ids()]
    )


@pytest.mark.slow
def test_an_old_file_in_use_on_windows_is_deleted_the_next_time(
    replaced: tuple[str, Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, store = replaced
    with monkeypatch.context() as patch:

        def in_use(self: Path, missing_ok: bool = False) -> None:
            raise PermissionError(13, "in use")

        unlink = Path.unlink
        patch.setattr(
            Path,
            "unlink",
            lambda p, missing_ok=False: (in_use if p.stem == first else unlink)(p, missing_ok),
        )
        with pytest.raises(UserError, match="is in use and cannot be deleted"):
            purge.purge(store)
        assert len(store.ids()) == 2 and first not in store.ids()
        with pytest.raises(UserError, match="was purged"):
            store.rollback(first)
        load(tmp_path, contacts=contacts(20))  # a load is not held up
    load(tmp_path, contacts=contacts(21))
    assert _left_over(store) == [] and len(purge.log(store)) == 1


HOLD = """
import sys
from data.store import Store
with Store(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_while_a_load_writes_a_purge_is_told_so(
    replaced: tuple[str, Store], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, store = replaced
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(store.root)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(StoreLockedError):
            purge.purge(store)
        for arguments in (["purge"], ["hold", "--add", str(numbers(tmp_path, "contact_id", "1"))]):
            with pytest.raises(SystemExit) as left:
                run(parser(), [*arguments, "--store", str(store.root)])
            assert left.value.code == 3
            assert len(capsys.readouterr().err.splitlines()) == 1
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert purge.purge(store).entry.removed == 1
    finally:
        holder.kill()
        holder.communicate()


@pytest.mark.parametrize("kilobytes", [4, 300, 1500])
def test_a_full_disk_is_one_line_and_removes_nothing(
    replaced: tuple[str, Store], kilobytes: int
) -> None:
    first, store = replaced
    before = (store.ids(), store.current_id())

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))

    done = _python(COMMAND, "purge", "--store", store.root, preexec_fn=limit)
    assert done.returncode == 2, (done.returncode, done.stderr)
    assert len(done.stderr.splitlines()) == 1 and "free space on that disk" in done.stderr
    assert "nothing was removed" in done.stderr
    assert (store.ids(), store.current_id()) == before and _left_over(store) == []
    assert _contacts_of(store, first) == 10


COMMAND = (
    "import sys; from data.__main__ import parser; from data.cli import run;"
    " run(parser(), sys.argv[1:])"
)


def test_a_disk_that_fails_once_it_is_decided_is_finished_later(
    replaced: tuple[str, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, store = replaced

    def full(self: Store, id_: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "point_to", full)
        with pytest.raises(UserError, match=r"decided but cannot be finished \(No space left"):
            purge.purge(store)
        assert count(store, "contacts") == 9  # served all the while
    assert purge.purge(store).entry.removed == 0
    assert [e.removed for e in purge.log(store)] == [1, 0] and _left_over(store) == []


@pytest.mark.parametrize("rules", ["_of_children", "_of_encounters"])
def test_a_broken_rule_removes_nothing(
    replaced: tuple[str, Store], monkeypatch: pytest.MonkeyPatch, rules: str
) -> None:
    _, store = replaced
    before = (store.ids(), store.current_id())
    monkeypatch.setattr(checks, rules, lambda: {"never": "SELECT count(*) FROM contacts"})
    with pytest.raises(SnapshotError, match="the rule 'never'"):
        purge.purge(store)
    assert (store.ids(), store.current_id()) == before and _left_over(store) == []


def test_what_is_left_by_mistake_is_found(
    replaced: tuple[str, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, store = replaced
    monkeypatch.setattr(anew, "OF_INCIDENT", "nothing")
    links = set(anew.links())
    assert ("calls", "incident_id") in links
    real = anew._copy

    def forgetful(con: Any, table: Any) -> None:
        if table.name == "calls":
            con.execute(f"INSERT INTO calls BY NAME SELECT * FROM {anew._OLD}.main.calls")
        else:
            real(con, table)

    monkeypatch.setattr(anew, "_copy", forgetful)
    with pytest.raises(SnapshotError, match=r"calls\.incident_id still holds 1 number"):
        purge.purge(store)
    assert _left_over(store) == []


# Editions


def _edit(store: Store, id_: str, sql: str) -> None:
    path = store.path_of(id_)
    path.chmod(0o644)
    with duckdb.connect(str(path)) as con:
        con.execute(sql)


def test_a_snapshot_of_an_earlier_edition_comes_out_in_the_present_one(
    replaced: tuple[str, Store],
) -> None:
    first, store = replaced
    _edit(
        store,
        first,
        "DROP TABLE claims; DROP TABLE claim_valuations; DROP TABLE complaints;"
        "DROP TABLE critical_events; DROP TABLE documents;"
        "ALTER TABLE force_events DROP COLUMN report_due_at;"
        "ALTER TABLE contacts DROP COLUMN tactical_callout;"
        "ALTER TABLE encounters DROP COLUMN outcome_claim",
    )
    new = purge.purge(store).entry.snapshots[first]
    cursor = store.snapshot(new).cursor()
    checks.run(cursor)
    assert cursor.execute("SELECT count(*), count(outcome_claim) FROM encounters").fetchall() == [
        (9, 0)
    ]


def test_a_snapshot_of_a_later_edition_is_refused(replaced: tuple[str, Store]) -> None:
    first, store = replaced
    _edit(store, first, "ALTER TABLE contacts ADD COLUMN later VARCHAR")
    with pytest.raises(UserError, match=r"by a later edition \(it has contacts\.later\)"):
        purge.purge(store)
    assert len(store.ids()) == 2


def test_a_load_upon_a_later_edition_is_refused(tmp_path: Path) -> None:
    make_snapshot(tmp_path, (4, 4), (1, 1))
    store = Store(tmp_path / "store")
    _edit(store, store.current().id, "ALTER TABLE contacts ADD COLUMN later VARCHAR")
    before = store.current().id
    (store.snapshots_dir / f"{before}.json").unlink()  # its seal, which the change broke
    with pytest.raises(UserError, match=r"contacts\.later\); load with that edition; nothing"):
        make_snapshot(tmp_path, (5, 4), (1, 1))
    assert store.current_id() == before and len(store.ids()) == 1


@pytest.mark.slow
def test_the_public_export_of_an_earlier_edition_is_the_same_afterwards(
    seattle_store: Path, tmp_path: Path
) -> None:
    shutil.copytree(seattle_store, tmp_path / "store")
    store = Store(tmp_path / "store")
    before = content_hash(store.current().cursor())
    anew.write(store.current(), tmp_path / "anew.duckdb", [], [])
    with duckdb.connect(str(tmp_path / "anew.duckdb"), read_only=True) as con:
        assert content_hash(con) == before


# Bad input


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("form\n1\n", "no column contact_id, incident_id or person_key"),
        ("contact_id\n", "lists no number"),
        ("contact_id,x\n,1\n", "lists no number"),
        (b"contact_id\n\xff\xfe\n", "not a CSV file in UTF-8"),
        (b"PK\x03\x04\x00\x00", "no column contact_id"),
        ('contact_id\n"1\n', "not a CSV file"),
        (None, "no such file"),
    ],
)
@pytest.mark.parametrize("command", [["purge"], ["hold", "--add"], ["hold", "--release"]])
def test_a_bad_list_is_one_line_and_changes_nothing(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str | bytes | None,
    said: str,
    command: list[str],
) -> None:
    _, store = load(tmp_path, contacts=contacts(1))
    before = (store.current_id(), sorted(p.name for p in store.root.rglob("*")))
    path = tmp_path / "list.csv"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SystemExit) as left:
        run(parser(), [*command, str(path), "--store", str(store.root)])
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "")
    assert err.startswith("error: ") and len(err.splitlines()) == 1 and said in err
    assert (store.current_id(), sorted(p.name for p in store.root.rglob("*"))) == before


def test_a_damaged_snapshot_is_named_and_nothing_is_removed(replaced: tuple[str, Store]) -> None:
    first, store = replaced
    store.path_of(first).chmod(0o644)
    store.path_of(first).write_bytes(b"no database")
    with pytest.raises(UserError, match=f"snapshot {first} cannot be opened, so nothing"):
        purge.purge(store)
    store.path_of(first).unlink()
    assert purge.purge(store).entry.removed == 0


def test_an_empty_store_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(parser(), ["purge", "--store", str(tmp_path / "store")])
    assert left.value.code == 2 and "the store is empty" in capsys.readouterr().err


def test_the_command_counts_and_never_repeats_a_number(
    replaced: tuple[str, Store], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, store = replaced
    holds.add(store, numbers(tmp_path, "contact_id", "C-2"))
    named = numbers(tmp_path, "contact_id", "C-1", "C-2", "SECRET-9")
    options = [str(named), "--store", str(store.root)]
    run(parser(), ["purge", *options, "--dry-run"])
    dry = capsys.readouterr().out
    assert "2 contacts and 2 calls would be removed, 2 snapshots would be written anew" in dry
    assert dry.endswith("nothing was changed\n")
    run(parser(), ["purge", *options])
    out = capsys.readouterr().out
    assert "2 contacts and 2 calls removed, 2 snapshots written anew" in out
    assert "kept: 1 contact: on the agency's own list" in out
    assert "1 number of the file not in the store" in out
    assert "brings them back" in out
    assert not any(n in out + dry for n in ("C-1", "C-2", "SECRET"))
    run(parser(), ["snapshots", "--store", str(store.root)])
    assert capsys.readouterr().out.count("8 contacts") == 2
