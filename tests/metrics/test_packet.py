"""The evidence packet: run again it gives the same numbers, and whatever is changed in it is found."""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from data import registry, schema
from data.errors import UserError
from data.store import Snapshot, Store
from metrics import aggregate, packet
from metrics.evaluate import evaluate
from metrics.exhibit import exhibit
from metrics.manifest import manifest
from metrics.packet import archive, members, rows
from metrics.packet.numbers import Tally, compare, rounded
from metrics.question import Question, ask
from metrics.wording import packet as words
from tests.stores import simulated_store

ROOT = Path(__file__).parents[2]
MADE = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)
ASKED = ask(["force"])


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated_store(tmp_path_factory.mktemp("packet"), 9_000)


@pytest.fixture(scope="module")
def snapshot(store: Path) -> Snapshot:
    return Store(store).current()


@pytest.fixture(scope="module")
def made(snapshot: Snapshot) -> packet.Packet:
    return packet.build(ASKED, snapshot, made=MADE)


@pytest.fixture(scope="module")
def inside(made: packet.Packet) -> dict[str, bytes]:
    return archive.unpack(made.data, "p")


@pytest.fixture
def file(made: packet.Packet, tmp_path: Path) -> Path:
    path = tmp_path / "packet.zip"
    path.write_bytes(made.data)
    return path


def forged(path: Path, inside: dict[str, bytes], **changes: bytes | None) -> Path:
    """Write a packet with other members, its hashes made to fit: what a careful forger hands in."""
    found = {k: v for k, v in {**inside, **changes}.items() if v is not None}
    found[archive.SUMS] = archive.sums(found)
    path.write_bytes(archive.pack(found, MADE))
    return path


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(UserError) as error:
        packet.verify(path, **options)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)
    return str(error.value)


def copied(snapshot: Snapshot, question: Question, folder: Path) -> Snapshot:
    folder.mkdir(parents=True, exist_ok=True)
    table = rows.read(rows.write(question, snapshot), question, "p")
    return aggregate.snapshot_of(table, "copy", folder)


# --- the same numbers


def test_a_packet_gives_the_same_numbers_without_a_store(
    file: Path, made: packet.Packet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIT_STORE", str(file.parent / "none"))
    found = packet.verify(file, sha256=made.sha256)
    assert found.numbers > 200 and found.near == 0 and found.notes == ()
    assert found.members == len(made.hashes) and found.sha256 == made.sha256
    assert found.outcomes == ("force",) and found.made == "2026-03-01T12:30:05Z"
    (line,) = words.verified(found)
    assert line.startswith("identical: ") and "each as written" in line
    assert not (file.parent / "none").exists()


def test_it_holds_what_the_commands_print(snapshot: Snapshot, inside: dict[str, bytes]) -> None:
    told = json.loads(inside["results.json"])
    assert told["schema_version"] == 1 and told["snapshot"] == snapshot.id and told["simulated"]
    assert told["comparisons"] == rounded([c.to_dict() for c in evaluate(ASKED, snapshot=snapshot)])
    again = rounded(exhibit(ASKED, "force", snapshot).to_dict())
    assert json.loads(inside["sensitivity/force.json"]) == again
    table = inside["sensitivity/force.csv"].decode().splitlines()
    assert len(table) == 1 + len(again["rows"]) + len(again["lacking"])
    assert json.loads(inside["question.json"]) == ASKED.to_dict()
    own = manifest(ASKED, "internal", snapshot, made=MADE)
    assert json.loads(inside["manifest.json"]) == {**own.to_dict(), "digest": own.digest}
    quality = json.loads(inside["data_quality.json"])
    assert quality["contacts"] == aggregate.coverage(snapshot).contacts
    assert inside["sql/schema.sql"] == schema.SCHEMA_SQL.read_bytes()
    assert b"GROUP BY" in inside["sql/counts.sql"]
    assert inside["code/metrics/evaluate.py"] == (ROOT / "metrics/evaluate.py").read_bytes()
    assert inside["code/requirements.txt"] == (ROOT / "requirements.txt").read_bytes()
    readme = inside["README.txt"].decode()
    assert readme.startswith(words.MARK) and "verify-packet" in readme
    for said in ("volunteer", "association", "pseudonymous, not anonymous", "Simulated data"):
        assert said in readme
    assert all(o.label in inside["definitions.txt"].decode() for o in registry.OUTCOMES[:1])


def test_the_sql_makes_the_relation(inside: dict[str, bytes]) -> None:
    with duckdb.connect() as con:
        con.execute(inside["sql/schema.sql"].decode())
        con.execute(inside["sql/encounters.sql"].decode())
        con.execute("SELECT count(*) FROM encounters")
        # The first of the two queries, on an empty relation.
        assert con.execute(inside["sql/counts.sql"].decode()).fetchall() == []


def test_the_same_inputs_and_time_make_the_same_bytes(
    snapshot: Snapshot, made: packet.Packet
) -> None:
    assert packet.build(ASKED, snapshot, made=MADE) == made
    later = packet.build(
        ASKED,
        snapshot,
        made=MADE.replace(hour=13),
        comparisons=evaluate(ASKED, snapshot=snapshot),
        exhibits={"force": exhibit(ASKED, "force", snapshot)},
    )
    changed = {n for n in made.hashes if later.hashes[n] != made.hashes[n]}
    assert changed == {"manifest.json", "README.txt", archive.SUMS}


QUESTIONS = (
    ask(["claim", "repeat_90"]),
    ask(["force"], start=date(2022, 1, 1), end=date(2024, 6, 30)),
    ask(["arrest"], where={"weapon": ["no"], "shift": ["day", "evening"]}),
    ask(["voluntary_care"], "any", start=date(2023, 1, 1), where={"sex": ["female"]}),
    ask(["injury"], "clinician", ["call_group", "weekend", "known_prior"]),
    ask(["force"], "arrived", []),
    ask(["complaint"], start=date(2025, 12, 31), end=date(2025, 12, 31)),
    ask(["force"], where={"district": ["not_recorded"]}),
)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(QUESTIONS)))
def test_the_rows_answer_every_question_alike(
    place: int, snapshot: Snapshot, tmp_path: Path
) -> None:
    _alike(QUESTIONS[place], snapshot, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("place", range(3))
def test_the_rows_of_the_seattle_export_answer_alike(
    place: int, seattle: Snapshot, tmp_path: Path
) -> None:
    questions = (
        ask(["force"]),
        ask(["arrest"], "arrived", start=date(2017, 1, 1), end=date(2018, 12, 31)),
        ask(["force"], where={"shift": ["1st watch", "not_recorded"]}),
    )
    _alike(questions[place], seattle, tmp_path)


def _alike(question: Question, snapshot: Snapshot, folder: Path) -> None:
    try:
        theirs = evaluate(question, snapshot=snapshot)
    except UserError:
        pytest.skip("this store has no such level")
    copy = copied(snapshot, question, folder)
    ours = evaluate(question, snapshot=copy)
    both = [rounded([c.to_dict() for c in one]) for one in (theirs, ours)]
    assert compare(*both, Tally()) is None
    for outcome in question.outcomes:
        tally = Tally()
        found = compare(
            rounded(exhibit(question, outcome, snapshot).to_dict()),
            rounded(exhibit(question, outcome, copy).to_dict()),
            tally,
        )
        # A number whose eleventh digit is a five may fall either way.
        assert found is None and tally.near <= 1


@pytest.mark.parametrize("exposure", ["primary", "any"])
@pytest.mark.parametrize("where", [{}, {"weapon": ["no"]}])
def test_careers_are_told_alike(
    exposure: str, where: dict[str, list[str]], snapshot: Snapshot, tmp_path: Path
) -> None:
    question = ask(["force"], exposure, start=date(2023, 2, 1), where=where)
    copy = copied(snapshot, question, tmp_path)
    found = []
    for one in (snapshot, copy):
        frame = aggregate.within(one, question, ("year",)).frame
        # Officers by the order of their keys, which the copy keeps.
        frame["officer"] = frame["officer"].astype(str).rank(method="dense")
        frame["year"] = frame["year"].astype(str)
        keys = ["officer", "career", "exposure", "year"]
        found.append(frame.sort_values(keys)[[*keys, "n:force", "events:force"]].values.tolist())
    assert found[0] == found[1] and len(found[0]) > 5


def test_times_say_only_which_side_of_the_first_contact(tmp_path: Path) -> None:
    """Made by hand: one officer, contacts on the deciding days and on others."""
    day, fortnight = date(2025, 3, 20), date(2025, 3, 6)
    lines = [
        (fortnight, 9, False, 0), (fortnight, 10, False, 1), (fortnight, 11, False, 2),
        (date(2025, 3, 7), 10, False, 0), (day, 9, False, 0), (day, 10, True, 1),
        (day, 11, False, 2), (date(2025, 4, 1), 10, True, 0),
    ]  # fmt: skip
    path = tmp_path / "made.duckdb"
    columns = rows.columns(ask(["force"]))
    with duckdb.connect(str(path)) as con:
        kinds = {n: k for n, k in columns.items() if n != aggregate.ASKED}
        kinds |= dict.fromkeys(("agency_id", "source", "contact_id"), "VARCHAR")
        con.execute(f"CREATE TABLE encounters ({', '.join(f'{n} {k}' for n, k in kinds.items())})")
        for place, (on, hour, exposed, _) in enumerate(lines):
            con.execute(
                "INSERT INTO encounters (agency_id, source, contact_id, contact_date, contact_at,"
                " officer_key, exposure_primary) VALUES ('A', 's', ?, ?, ?, 'f00d', ?)",
                [str(place), on, datetime(on.year, on.month, on.day, hour, 17), exposed],
            )
    found = pq.read_table(io.BytesIO(rows.write(ask(["force"]), Snapshot("made", path))))
    told = sorted(
        (r["contact_at"].date(), r["contact_at"].hour, r["exposure_primary"], r["officer_key"])
        for r in found.to_pylist()
    )
    assert told == sorted((on, side, exposed, "00000001") for on, _, exposed, side in lines)


# --- nothing identifying


def test_no_key_of_the_store_is_in_any_member(
    store: Path, snapshot: Snapshot, inside: dict[str, bytes]
) -> None:
    keys: set[str] = set()
    for table in schema.tables().values():
        for column in table.columns:
            if column.type == "key":
                found = snapshot.cursor().execute(
                    f"SELECT DISTINCT {column.name} FROM {table.name}"
                )
                keys |= {row[0] for row in found.fetchall() if row[0]}
    for one in ("contact_id", "person_key", "officer_key"):
        assert snapshot.cursor().execute(f"SELECT count({one}) FROM encounters").fetchone() != (0,)
    assert len(keys) > 10_000 and {len(k) for k in keys} == {32}
    keys.add((store / "secret").read_text().strip()[:32])
    table = pq.read_table(io.BytesIO(inside[rows.ROWS]))
    plain = {**inside, "rows as text": str(table.to_pydict()).encode()}
    for name, content in plain.items():
        for run in re.findall(rb"[0-9a-fA-F]{32,}", content):
            text = run.decode().lower()
            for start in range(len(text) - 31):
                assert text[start : start + 32] not in keys, name


def test_the_rows_hold_only_what_the_question_reads(
    snapshot: Snapshot, inside: dict[str, bytes]
) -> None:
    table = pq.read_table(io.BytesIO(inside[rows.ROWS]))
    assert table.column_names == list(rows.columns(ASKED))
    assert not {"contact_id", "incident_id", "agency_id", "source", "outcome_claim"} & set(
        table.column_names
    )
    assert table.schema.metadata is None
    for name in ("officer_key", "person_key"):
        values = sorted(set(table[name].to_pylist()) - {None})
        assert values == [f"{i:08d}" for i in range(1, len(values) + 1)]
    moments = [m for m in table["contact_at"].to_pylist() if m]
    assert {(m.hour, m.minute, m.second, m.microsecond) for m in moments} <= {
        (0, 0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0),
    }  # fmt: skip
    assert sum(m.hour > 0 for m in moments) < 0.1 * len(moments)
    # The order is that of what is told, not of the store.
    assert table["contact_date"].to_pylist() == sorted(table["contact_date"].to_pylist())
    statement = inside["data_quality.json"] + inside["data_quality.txt"]
    assert b".parquet" not in statement and str(snapshot.path.parent).encode() not in statement


def test_of_other_contacts_there_is_next_to_nothing(snapshot: Snapshot) -> None:
    question = ask(["force"], start=date(2024, 1, 1), where={"weapon": ["no"]})
    table = pq.read_table(io.BytesIO(rows.write(question, snapshot)))
    others = table.filter(pc.invert(table["in_question"]))
    asked = table.filter(table["in_question"])
    officers = set(asked["officer_key"].to_pylist()) - {None}
    assert set(others["officer_key"].to_pylist()) - {None} <= officers
    assert 0 < others.num_rows <= 2 * len(officers) + 60
    for row in others.to_pylist():
        assert row["person_key"] is None and row["outcome_force"] is None
        filled = {k for k, v in row.items() if v is not None} - {"in_question", "contact_date"}
        assert len(filled - {"contact_at", "weapon", "officer_key"}) <= 1


# --- whatever is changed is found


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999999])
def test_a_truncated_file_is_refused(file: Path, share: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    assert "damaged" in refused(file)


def test_what_is_no_packet_is_refused(file: Path) -> None:
    file.write_bytes(b"agency_id,contact_id\n")
    assert "no packet" in refused(file)
    assert "cannot be read" in refused(file.with_name("none.zip"))
    assert "cannot be read" in refused(file.parent)
    with zipfile.ZipFile(file, "w") as other:
        other.writestr("a.txt", "a")
    assert "SHA256SUMS is missing" in refused(file)


def test_a_byte_changed_anywhere_is_found(file: Path, made: packet.Packet) -> None:
    chance = random.Random(11)
    for _ in range(60):
        data = bytearray(made.data)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.write_bytes(data)
        refused(file)
    # The headers between members too, and what is added behind or before.
    headers = [m.start() for m in re.finditer(b"PK\x01\x02", made.data)]
    for place in (headers[0] + 12, headers[3] + 38, headers[-1] + 5, len(made.data) - 1):
        data = bytearray(made.data)
        data[place] ^= 1
        file.write_bytes(data)
        refused(file)
    for data in (made.data + b"0", b"0" + made.data):
        file.write_bytes(data)
        refused(file)


def test_an_edited_number_is_named(file: Path, inside: dict[str, bytes]) -> None:
    told = json.loads(inside["results.json"])
    events = told["comparisons"][0]["cit"]["events"]
    told["comparisons"][0]["cit"]["events"] = events + 1
    edited = json.dumps(told).encode()
    clumsy = {**inside, "results.json": edited}
    file.write_bytes(archive.pack(clumsy, MADE))
    assert "results.json has changed" in refused(file)
    said = refused(forged(file, inside, **{"results.json": edited}))
    assert (
        f"comparisons.force.cit.events: the packet says {events + 1}, its rows give {events}"
        in (said)
    )
    table = json.loads(inside["sensitivity/force.json"])
    table["rows"][0]["risk_difference"]["low"] *= 1.000001
    said = refused(forged(file, inside, **{"sensitivity/force.json": json.dumps(table).encode()}))
    assert "sensitivity/force.json, rows.headline.risk_difference.low" in said


def test_every_number_and_word_counts(inside: dict[str, bytes]) -> None:
    for name in ("results.json", "sensitivity/force.json"):
        whole = json.loads(inside[name])
        leaves = list(_leaves(whole))
        assert len(leaves) > 80
        for path in leaves:
            changed = json.loads(inside[name])
            holder: Any = changed
            for key in path[:-1]:
                holder = holder[key]
            old = holder[path[-1]]
            holder[path[-1]] = _other(old)
            assert compare(changed, whole, Tally()) is not None, path


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _leaves(part, (*path, place))
    else:
        yield path


def _other(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, float):
        return value + max(abs(value) * 1e-8, 1e-11)
    return value + 1 if isinstance(value, int) else f"{value}."


def test_numbers_are_the_same_to_a_thousand_millionth() -> None:
    tally = Tally()
    assert compare({"a": [0.1, 2, None]}, {"a": [0.1 * (1 + 4e-10), 2, None]}, tally) is None
    assert (tally.numbers, tally.near) == (2, 1) and 3e-10 < tally.largest < 5e-10
    assert compare(1, 1.0, tally) is None
    assert compare(0.1, 0.1 * (1 + 2e-9), tally) is not None
    assert compare({"a": 1}, {"b": 1}, tally) is not None
    assert compare([1], [1, 2], tally) is not None
    assert compare(True, 1, tally) is not None
    assert compare(None, 0.0, tally) is not None
    assert compare("x", "x", tally) is None


def test_an_edited_row_is_found(file: Path, inside: dict[str, bytes]) -> None:
    table = pq.read_table(io.BytesIO(inside[rows.ROWS]))
    force = table["outcome_force"].to_pylist()
    arm = table["exposure_primary"].to_pylist()
    place = next(i for i, (f, a) in enumerate(zip(force, arm, strict=True)) if f is False and a)
    force[place] = True
    column = table.column_names.index("outcome_force")
    edited = table.set_column(column, "outcome_force", pa.array(force, pa.bool_()))
    assert "comparisons.force.cit.events" in refused(
        forged(file, inside, **{rows.ROWS: _parquet(edited)})
    )
    fewer = table.slice(0, table.num_rows - 1)
    assert "the packet says" in refused(forged(file, inside, **{rows.ROWS: _parquet(fewer)}))


def test_odd_rows_are_refused(file: Path, inside: dict[str, bytes]) -> None:
    table = pq.read_table(io.BytesIO(inside[rows.ROWS]))
    dropped = table.drop_columns(["officer_key"])
    assert "columns" in refused(forged(file, inside, **{rows.ROWS: _parquet(dropped)}))
    assert "Parquet" in refused(forged(file, inside, **{rows.ROWS: b"PAR1 no"}))
    whole = inside[rows.ROWS]
    for cut in (whole[:-9], whole[: len(whole) // 2] + whole[-400:]):
        refused(forged(file, inside, **{rows.ROWS: cut}))
    assert "the packet says" in refused(
        forged(file, inside, **{rows.ROWS: _parquet(table.slice(0, 0))})
    )


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    return buffer.getvalue()


@pytest.mark.slow
def test_members_missing_or_added_are_named(file: Path, inside: dict[str, bytes]) -> None:
    fewer = {k: v for k, v in inside.items() if k != "definitions.txt"}
    file.write_bytes(archive.pack(fewer, MADE))
    assert "'definitions.txt' is missing" in refused(file)
    for name in (
        "definitions.txt",
        "results.json",
        "question.json",
        rows.ROWS,
        "sensitivity/force.csv",
    ):
        assert f"{name!r} is missing" in refused(forged(file, inside, **{name: None}))
    file.write_bytes(archive.pack({**inside, "extra.txt": b"x"}, MADE))
    assert "extra.txt was added" in refused(file)


@pytest.mark.parametrize(
    "name",
    ["../up.txt", "/root.txt", "a/../../b", "C:\\x", "a//b", "a\nb", "..", "code/.hidden", "é"],
)
def test_odd_names_are_refused(name: str, file: Path, inside: dict[str, bytes]) -> None:
    assert "name that no packet has" in refused(forged(file, inside, **{name: b"x"}))
    assert not (file.parent.parent / "up.txt").exists()


def test_bombs_are_refused_unread(file: Path, inside: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("README.txt", b"0" * 200_000_000)
    assert "compressed" in refused(file)
    with zipfile.ZipFile(file, "w") as twice, pytest.warns(UserWarning):
        twice.writestr("README.txt", b"a")
        twice.writestr("README.txt", b"b")
    assert "twice" in refused(file)
    # A directory that claims more than there is.
    data = bytearray(archive.pack(inside, MADE))
    head = data.index(b"PK\x01\x02")
    data[head + 20 : head + 28] = (2**31).to_bytes(4, "little") * 2
    file.write_bytes(data)
    assert "larger than the file" in refused(file)
    with zipfile.ZipFile(file, "w") as many:
        for i in range(archive.MOST_MEMBERS + 1):
            many.writestr(f"m{i}", b"")
    assert "too many" in refused(file)


def test_an_absurdly_large_file_is_not_read(file: Path) -> None:
    with file.open("r+b") as sparse:
        sparse.truncate(archive.LARGEST + 1)
    assert "too many for a packet" in refused(file)


@pytest.mark.parametrize(
    "name", ["README.txt", "results.txt", "definitions.txt", "definitions.json",
             "sensitivity/force.csv", "sql/encounters.sql", "sql/schema.sql"],
)  # fmt: skip
def test_words_and_tables_must_say_the_same(
    name: str, file: Path, inside: dict[str, bytes]
) -> None:
    edited = inside[name].replace(b"1", b"2", 1)
    assert edited != inside[name]
    said = refused(forged(file, inside, **{name: edited}))
    assert f"{name} does not say what the rest of the packet says" in said


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"{", b"[]", b"null", b'{"outcomes": ["nothing"]}', b"\xff",
                b'{"outcomes":[],"exposure":"primary","adjust":[],"from":null,"to":null,"where":{}}',
                b'{"outcomes":["force"],"exposure":"primary","adjust":[],"from":7,"to":0,"where":3}'],
)  # fmt: skip
@pytest.mark.parametrize("name", ["question.json", "manifest.json", "results.json"])
def test_odd_json_is_one_line(
    name: str, content: bytes, file: Path, inside: dict[str, bytes]
) -> None:
    refused(forged(file, inside, **{name: content}))


def test_question_and_manifest_belong_together(file: Path, inside: dict[str, bytes]) -> None:
    other = json.dumps({**ASKED.to_dict(), "adjust": ["weapon"]}).encode()
    assert "do not belong together" in refused(forged(file, inside, **{"question.json": other}))
    public = {**json.loads(inside["manifest.json"]), "access": "public"}
    assert "belong together" in refused(
        forged(file, inside, **{"manifest.json": json.dumps(public).encode()})
    )


def test_another_version_is_said_and_the_numbers_still_compared(
    snapshot: Snapshot, file: Path, inside: dict[str, bytes]
) -> None:
    older = replace(
        manifest(ASKED, "internal", snapshot, made=MADE),
        software="cit-outcomes 0.0.9",
        registry="0",
    )
    was = json.loads(inside["environment.json"])
    was["libraries"]["numpy"] = "2.0.0"
    changes: dict[str, bytes | None] = {
        "manifest.json": json.dumps({**older.to_dict(), "digest": older.digest}).encode(),
        "environment.json": json.dumps(was).encode(),
        "code/metrics/evaluate.py": b"import os; os.abort()",
    }
    found = packet.verify(forged(file, inside, **changes))
    said = "\n".join(words.verified(found))
    assert said.startswith("identical: ") and found.near == 0
    for note in ("0.0.9", "definitions of the packet", "code/metrics/evaluate.py", "numpy 2.0.0"):
        assert note in said
    told = json.loads(inside["results.json"])
    told["comparisons"][0]["other"]["n"] += 1
    said = refused(forged(file, inside, **changes, **{"results.json": json.dumps(told).encode()}))
    assert "comparisons.force.other.n" in said and "0.0.9" in said


def test_the_hash_that_was_noted_is_compared(file: Path, made: packet.Packet) -> None:
    assert "not the one noted" in refused(file, sha256="0" * 64)
    assert packet.verify(file, sha256=f" {made.sha256.upper()} ").sha256 == made.sha256


# --- commands


def run(*args: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "metrics", *args],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_packet_is_never_public(snapshot: Snapshot, store: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="never made for publication"):
        packet.build(ASKED, snapshot, "public")
    out = tmp_path / "p.zip"
    done = run("packet", "--access", "public", "--out", str(out), "--store", str(store))
    assert done.returncode == 2 and not out.exists() and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1


@pytest.mark.slow
def test_on_a_fresh_clone_it_is_identical(store: Path, tmp_path: Path) -> None:
    """The command writes it; a copy of the repository without any store verifies it."""
    out = tmp_path / "p.zip"
    done = run(
        "packet", "--outcome", "arrest", "--from", "2023-01-01", "--where", "weapon=no",
        "--out", str(out), "--store", str(store),
    )  # fmt: skip
    assert done.returncode == 0 and done.stderr == "", done.stderr
    (told,) = re.findall(r"SHA-256 ([0-9a-f]{64})", done.stdout)
    assert told == archive.digest(out.read_bytes())
    clone, home = tmp_path / "clone", tmp_path / "home"
    home.mkdir()
    for room in ("data", "metrics"):
        shutil.copytree(ROOT / room, clone / room, ignore=shutil.ignore_patterns("__pycache__"))
    for one in ("pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / one, clone / one)
    _verified_by(clone, out, told, home)


@pytest.mark.slow
def test_the_code_in_the_packet_verifies_it(
    file: Path, made: packet.Packet, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with zipfile.ZipFile(file) as archived:
        archived.extractall(tmp_path / "unzipped")
    _verified_by(tmp_path / "unzipped" / "code", file, made.sha256, home)


def _verified_by(code: Path, file: Path, told: str, home: Path) -> None:
    empty = {"HOME": str(home), "XDG_DATA_HOME": str(home), "CIT_STORE": str(home / "none")}
    done = run("verify-packet", str(file), "--sha256", told, "--json", cwd=code, **empty)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    found = json.loads(done.stdout)
    assert found["identical"] and found["sha256"] == told and found["numbers"] > 100
    assert found["notes"] == []
    assert list(home.iterdir()) == []


def test_a_refusal_is_one_line_and_exit_code_two(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
    done = run("verify-packet", str(file))
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    done = run("packet", "--out", str(file.parent / "no" / "p.zip"))
    assert done.returncode == 2 and "no such folder" in done.stderr


def test_the_code_is_whole() -> None:
    names = set(members.code())
    assert {"code/data/schema.sql", "code/metrics/packet/check.py", "code/pyproject.toml"} <= names
    assert not [
        n for n in names if "__pycache__" in n or n.startswith(("code/pages", "code/tests"))
    ]
