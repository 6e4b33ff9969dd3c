"""The manifest: what a file says of itself, the same each time."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from data.edition import registry_hash, software
from data.store import Snapshot
from metrics.manifest import data_hash, manifest, published
from metrics.question import ask
from metrics.wording import citation
from tests.stores import make_snapshot


def test_it_says_what_the_file_holds(loaded_simulation: Any) -> None:
    question = ask(["force"], start=date(2022, 1, 1))
    found = manifest(question, "internal", loaded_simulation)
    told = found.to_dict()
    assert told["snapshot"] == loaded_simulation.id
    assert told["question"] == question.to_dict()
    assert told["access"] == "internal"
    assert told["from"] == "2022-01-01"
    assert told["simulated"]
    digest = hashlib.sha256(loaded_simulation.path.read_bytes()).hexdigest()
    assert told["data_sha256"] == digest
    assert told["registry_sha256"] == registry_hash()
    assert told["software"] == software() == "cit-outcomes 0.1.0"
    assert json.loads(found.to_json()) == told


def test_the_same_inputs_give_the_same_manifest(loaded_simulation: Any) -> None:
    one, two = (manifest(ask(["force"]), "internal", loaded_simulation) for _ in range(2))
    assert one == two
    assert one.digest == two.digest
    other = manifest(ask(["arrest"]), "internal", loaded_simulation)
    assert other.digest != one.digest
    assert manifest(ask(["force"]), "public", loaded_simulation).digest != one.digest


def test_the_time_is_the_snapshots_or_the_one_given(loaded_simulation: Any) -> None:
    made = published(loaded_simulation)
    assert f"{made:%Y%m%dT%H%M%S%f}" == loaded_simulation.id.partition("-")[0]
    assert manifest(ask(), "internal", loaded_simulation).made == made
    zone = timezone(timedelta(hours=-5))
    given = manifest(
        ask(), "internal", loaded_simulation, made=datetime(2026, 1, 2, 3, tzinfo=zone)
    )
    assert given.to_dict()["made"] == "2026-01-02T08:00:00Z"
    with pytest.raises(ValueError, match="zone"):
        manifest(ask(), "internal", loaded_simulation, made=datetime(2026, 1, 2))
    with pytest.raises(ValueError):
        published(Snapshot("no time", Path("x")))


def test_an_unknown_access_is_refused(loaded_simulation: Any) -> None:
    with pytest.raises(ValueError, match="internal, public"):
        manifest(ask(), "secret", loaded_simulation)  # type: ignore[arg-type]


def test_other_data_have_another_hash(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = make_snapshot(tmp_path / "a", (40, 40), (4, 4))
    two = make_snapshot(tmp_path / "b", (40, 40), (5, 4))
    assert data_hash(one) != data_hash(two)
    assert not manifest(ask(), "internal", one).simulated


def test_a_file_that_a_purge_rewrote_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "20260101T000000000000-abcdef.duckdb"
    path.write_bytes(b"before")
    snapshot = Snapshot(path.stem, path)
    before = data_hash(snapshot)
    path.write_bytes(b"after the purge")
    assert data_hash(snapshot) == hashlib.sha256(b"after the purge").hexdigest() != before


def test_the_source_line_says_whose_when_and_who_may_read(loaded_simulation: Any) -> None:
    question = ask(["force"], where={"call_group": ["suicide"]})
    found = manifest(question, "internal", loaded_simulation)
    line = citation.source_of(found)
    assert "only call group Suicide" in line
    assert citation.INTERNAL in line
    assert citation.SIMULATED in line
    assert loaded_simulation.id in line
    assert citation.PUBLIC in citation.source_of(manifest(ask(), "public", loaded_simulation))
    notes = dict(citation.notes(found))
    assert notes["Data, SHA-256"] == found.data
    assert json.loads(notes["Manifest in full"]) == found.to_dict()
    assert found.made.tzinfo is UTC
