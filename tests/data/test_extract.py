"""The extract: nothing in it leads back, every row has company, and what it says is what the store says."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import encounters, extract, registry, schema
from data.errors import UserError
from data.extract import codebook, columns, crowd, policy
from data.sandbox.worker import open_copy
from data.store import Snapshot, Store
from tests.stores import simulated_store

ROOT = Path(__file__).parents[2]
SECRET = "5" * 64
QUASI = ["agency_id", *policy.QUASI_IDENTIFIERS, policy.WITHHELD]
TYPES = {
    "string": "VARCHAR",
    "integer": "INTEGER",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
COMMAND = (
    "import sys; from data.__main__ import parser; from data.cli import run;"
    " run(parser(), sys.argv[1:])"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated agency's store, with the files it was loaded from beside it."""
    made = tmp_path_factory.mktemp("simulated")
    simulated_store(made, 3_000)
    return made


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Snapshot:
    return Store(folder / "store").current()


def make(snapshot: Snapshot, out: Path, **asked: Any) -> extract.Result:
    return extract.extract(snapshot, extract.Request(out, **asked), secret=SECRET)


@pytest.fixture(scope="module")
def kept(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> extract.Result:
    return make(snapshot, tmp_path_factory.mktemp("kept") / "x", dates="keep")


@pytest.fixture(scope="module")
def shifted(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> extract.Result:
    return make(snapshot, tmp_path_factory.mktemp("shifted") / "x", format="csv")


@pytest.fixture(scope="module")
def database(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> extract.Result:
    return make(snapshot, tmp_path_factory.mktemp("database") / "x.duckdb")


def tables_of(result: Path) -> duckdb.DuckDBPyConnection:
    """Open an extract of any format with its tables by name."""
    if result.suffix == ".duckdb":
        return duckdb.connect(str(result), read_only=True)
    con = duckdb.connect()
    for path in sorted(result.glob("*.parquet")):
        con.execute(f"CREATE TABLE {path.stem} AS FROM read_parquet('{path}')")
    package = result / "datapackage.json"
    named = json.loads(package.read_text())["resources"] if package.is_file() else []
    fields = {r["name"]: r["schema"]["fields"] for r in named}
    for path in sorted(result.glob("*.csv")):
        # By the types the package gives: left to guess, readers take yes and no for something else.
        types = {f["name"]: TYPES[f["type"]] for f in fields.get(path.stem, ())}
        how = f"types = {types}" if types else "all_varchar = true"
        con.execute(f"CREATE TABLE {path.stem} AS FROM read_csv('{path}', header = true, {how})")
    return con


def new_key(kind: str, old: str) -> str:
    """The key of this extract for an old one, by an implementation of its own."""
    return hashlib.sha256(f"{SECRET}{kind}\x1f{old}".encode()).hexdigest()[:20]


# Nothing is undecided


def test_every_table_and_column_is_in_or_left_out_with_a_reason() -> None:
    for table in schema.tables().values():
        assert (table.name in policy.INCLUDED) != (table.name in policy.LEFT_OUT), table.name
        if table.name in policy.INCLUDED:
            assert set(policy.INCLUDED[table.name]) == {c.name for c in table.columns}, table.name
    assert set(policy.INCLUDED) | set(policy.LEFT_OUT) == set(schema.tables())
    rules = [r for table in policy.INCLUDED.values() for r in table.values()]
    assert all(r.reason for r in rules if r.do is policy.Do.OUT)
    assert all(policy.LEFT_OUT.values())


def test_every_column_of_encounters_is_decided() -> None:
    assert set(policy.COVARIATES) == {c.id for c in registry.COVARIATES}
    assert set(policy.ENCOUNTERS) == {*encounters.columns(), "incident_id"}


def test_every_key_date_and_text_of_the_store_is_treated() -> None:
    loose = {"source_columns", "disposition_codes"}
    for name in set(policy.INCLUDED) - loose:
        for column in schema.tables()[name].columns:
            do = policy.INCLUDED[name][column.name].do
            kept_as_is = do is policy.Do.KEEP
            if column.type in ("key", "date", "ts", "code"):
                assert not kept_as_is, f"{name}.{column.name}"
            if column.type == "text" and kept_as_is:
                assert (name, column.name) in {
                    ("agencies", "simulated"),
                    ("program_elements", "element"),
                    ("shifts", "starts_at"),
                    ("shifts", "ends_at"),
                    ("shifts", "weekdays"),
                }, f"{name}.{column.name}"


# Nothing leads back


@pytest.fixture(scope="module")
def needles(folder: Path, snapshot: Snapshot) -> set[str]:
    """Every hash the store holds of a number, every number of its files, and the agency's name."""
    found: set[str] = set()
    cursor = snapshot.cursor()
    for table in schema.tables().values():
        for column in table.columns:
            if column.type == "key":
                sql = f"SELECT DISTINCT {column.name} FROM {table.name}"
                found |= {row[0] for row in cursor.execute(sql).fetchall() if row[0]}
    names = cursor.execute(
        "SELECT agency_name FROM agencies UNION SELECT provider_name FROM service_providers"
        " UNION SELECT label FROM events UNION SELECT evidence FROM program_elements"
        " UNION SELECT district_name FROM districts"
    ).fetchall()
    found |= {row[0] for row in names if row[0]}
    keys = {c.name for t in schema.tables().values() for c in t.columns if c.type == "key"}
    for path in folder.glob("*.parquet"):
        there = {r[0] for r in duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()}
        for column in keys & there:
            sql = f"SELECT DISTINCT {column} FROM read_parquet('{path}')"
            found |= {row[0] for row in duckdb.sql(sql).fetchall() if row[0]}
    return found


def texts(out: Path, scratch: Path) -> list[bytes]:
    """All bytes of an extract, those of compressed files again uncompressed, and every cell."""
    scratch.mkdir()
    files = [out] if out.is_file() else sorted(out.iterdir())
    found = [path.read_bytes() for path in files]
    with tables_of(out) as con:
        for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            plain = scratch / f"{name}.parquet"
            con.execute(
                f"COPY {name} TO '{plain}' (FORMAT parquet, COMPRESSION uncompressed,"
                " DICTIONARY_SIZE_LIMIT 1)"
            )
            cells = scratch / f"{name}.csv"
            con.execute(f"COPY {name} TO '{cells}' (FORMAT csv)")
            found += [plain.read_bytes(), cells.read_bytes()]
    return found


HEAD = 5
"""Bytes by which a needle is looked for first; none is shorter."""


def search(needles: set[str], haystacks: list[bytes]) -> set[str]:
    """Return the needles, or the first 20 letters of a hash among them, that stand anywhere."""
    heads: dict[int, list[tuple[bytes, str]]] = defaultdict(list)
    for needle in needles:
        short = (needle[:20] if re.fullmatch(r"[0-9a-f]{32}", needle) else needle).encode()
        assert len(short) >= HEAD, needle
        heads[int.from_bytes(short[:HEAD], "big")].append((short, needle))
    wanted = np.array(sorted(heads), dtype=np.int64)
    found = set()
    for text in haystacks:
        letters = np.frombuffer(text, dtype=np.uint8).astype(np.int64)
        codes = np.zeros(max(len(letters) - HEAD + 1, 0), dtype=np.int64)
        for i in range(HEAD):  # the number that the next five bytes are
            codes = codes * 256 + letters[i : i + len(codes)]
        place = np.searchsorted(wanted, codes).clip(max=len(wanted) - 1)
        for at in np.flatnonzero(wanted[place] == codes):
            for short, needle in heads[int(codes[at])]:
                if text.startswith(short, at):
                    found.add(needle)
    return found


@pytest.mark.parametrize("which", ["kept", "shifted", "database"])
def test_no_identifier_of_the_store_is_in_its_bytes(
    which: str, needles: set[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    result = request.getfixturevalue(which)
    assert len(needles) > 20_000
    assert search(needles, texts(result.out, tmp_path / "plain")) == set()


@pytest.mark.parametrize("form", ["parquet", "csv", "duckdb"])
def test_the_search_finds_a_planted_one(form: str, needles: set[str], tmp_path: Path) -> None:
    # A hash, a long number, and the shortest of all.
    planted = {sorted(needles)[7], max(needles), min(needles, key=len)}
    out = tmp_path / ("x.duckdb" if form == "duckdb" else "x")
    with duckdb.connect(str(out) if form == "duckdb" else ":memory:") as con:
        con.execute("CREATE TABLE encounters AS SELECT 'a' || range AS x FROM range(3000)")
        con.executemany("INSERT INTO encounters VALUES (?)", [[f"..{p}.."] for p in planted])
        if form != "duckdb":
            out.mkdir()
            con.execute(f"COPY encounters TO '{out}/encounters.{form}' (FORMAT {form})")
    assert search(needles, texts(out, tmp_path / "plain")) == planted


@pytest.mark.parametrize("which", ["kept", "shifted", "database"])
def test_no_cell_is_a_short_id_of_the_store(
    which: str, snapshot: Snapshot, request: pytest.FixtureRequest
) -> None:
    cursor = snapshot.cursor()
    short = {"SIM", "canonical", snapshot.path.parent.parent.name}
    short |= {r[0] for r in cursor.execute("SELECT provider_id FROM service_providers").fetchall()}
    short |= {r[0] for r in cursor.execute("SELECT event_id FROM events").fetchall()}
    short |= {r[0] for r in cursor.execute("SELECT load_id FROM loads").fetchall()}
    with tables_of(request.getfixturevalue(which).out) as con:
        for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            if name in ("manifest", "readme", "definitions", "codebook"):
                continue
            for row in con.execute(f"FROM {name}").fetchall():
                assert not short.intersection(v for v in row if isinstance(v, str)), name


def test_keys_join_no_two_extracts(snapshot: Snapshot, tmp_path: Path) -> None:
    keys = []
    for i in range(2):
        out = tmp_path / str(i)
        extract.extract(snapshot, extract.Request(out, dates="keep"))
        with tables_of(out) as con:
            sql = "SELECT contact_id, person_key, officer_key, incident_id FROM encounters"
            keys.append(con.execute(sql).fetchall())
    for column in range(4):
        one, other = ({row[column] for row in rows} - {None} for rows in keys)
        assert one and not one & other
        # In an order that tells nothing: not the store's, nor the same in both.
    assert [r[0] for r in keys[0]] == sorted(r[0] for r in keys[0])


def test_the_secret_is_in_no_file(kept: extract.Result, database: extract.Result) -> None:
    for path in [database.out, *kept.out.iterdir()]:
        assert SECRET.encode() not in path.read_bytes()


# Company


def brute_force(out: Path) -> int:
    """The people of the smallest class, counted without a database."""
    classes: dict[tuple[str, ...], set[str]] = defaultdict(set)
    with (out / "encounters.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            who = row["person_key"] or row["contact_id"]
            classes[tuple(row[c] for c in QUASI)].add(who)
    return min(map(len, classes.values()))


def test_every_contact_has_company(shifted: extract.Result) -> None:
    said = shifted.manifest["achieved"]["encounters"]
    assert brute_force(shifted.out) == said["people"] >= 11
    officers: dict[tuple[str, ...], int] = defaultdict(int)
    with (shifted.out / "officers.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            officers[
                tuple(
                    row[c] for c in ("role", "hired_year", "cit_selection", "left_year", "withheld")
                )
            ] += 1
    assert min(officers.values()) == shifted.manifest["achieved"]["officers"]["people"] >= 11
    assert f"k = {said['people']} people" in str(shifted)


@pytest.mark.parametrize("k", [5, 40])
def test_k_is_what_was_asked(k: int, snapshot: Snapshot, tmp_path: Path) -> None:
    result = make(snapshot, tmp_path / "x", k=k, format="csv")
    assert brute_force(result.out) >= k


def test_what_is_not_withheld_is_what_the_store_says(
    kept: extract.Result, snapshot: Snapshot
) -> None:
    sql = "SELECT contact_id, age_band, sex, race, veteran, district FROM encounters"
    store = {new_key("contact", r[0]): r[1:] for r in snapshot.cursor().execute(sql).fetchall()}
    with tables_of(kept.out) as con:
        rows = con.execute(sql.replace(" FROM", ", withheld FROM")).fetchall()
    assert len(rows) == len(store)
    cells = dict.fromkeys(policy.WITHHELD_FIRST, 0)
    for contact, *values, withheld in rows:
        gone = (withheld or "").split(";")
        for name, mine, theirs in zip(
            policy.QUASI_IDENTIFIERS, values, store[contact], strict=True
        ):
            assert mine == (None if name in gone else theirs)
            if name in gone:
                cells[name] += theirs is not None
    assert {f"encounters.{c}": n for c, n in cells.items()}.items() <= kept.manifest[
        "withheld"
    ].items()


ROWS = st.lists(
    st.tuples(
        st.sampled_from("PQ"),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["u", "v", None]),
        st.sampled_from("xyz"),
        st.integers(0, 25),
    ),
    min_size=1,
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, k=st.integers(2, 6))
def test_the_anonymiser(rows: list[tuple[Any, ...]], k: int) -> None:
    """Against its definition: enough company, nothing withheld without need, nothing changed."""
    fixed, first = ["place"], ["one", "two", "three"]
    with duckdb.connect() as con:
        con.execute(
            "CREATE TABLE t (place VARCHAR, one VARCHAR, two VARCHAR, three VARCHAR, who INTEGER)"
        )
        con.executemany("INSERT INTO t VALUES (?, ?, ?, ?, ?)", rows)
        crowd.withhold(con, "t", fixed, first, "who", k, "made")
        found = con.execute("SELECT place, one, two, three, level FROM made").fetchall()
    levels = {row[:4]: row[4] for row in found}
    assert set(levels) == {row[:4] for row in rows} and len(found) == len(levels)

    def classes(of: dict[tuple[Any, ...], int]) -> dict[tuple[Any, ...], set[int]]:
        made: dict[tuple[Any, ...], set[int]] = defaultdict(set)
        for row in rows:
            level = of[row[:4]]
            made[(row[0], level, *row[1 + level : 4])].add(row[4])
        return made

    for key, people in classes(levels).items():
        total = {row[4] for row in rows if row[0] == key[0]}
        # Left out only where the place has too few altogether.
        assert (len(people) >= k) if key[1] <= 3 else len(total) < k
    # What each class needed, one step after the other.
    needed = dict.fromkeys(levels, 0)
    for step in range(3):
        small = {key for key, people in classes(needed).items() if len(people) < k}
        for combination, level in needed.items():
            if level == step and (combination[0], step, *combination[1 + step :]) in small:
                needed[combination] = step + 1
    for place in {row[0] for row in rows}:
        alone = {row[4] for row in rows if row[0] == place and needed[row[:4]] == 3}
        more = {c for c in levels if c[0] == place and levels[c] != needed[c]}
        if not alone or len(alone) >= k:
            assert more == set()
        elif all(levels[c] == 4 for c in levels if c[0] == place):
            assert len({row[4] for row in rows if row[0] == place}) < k
        else:  # one class, the smallest, keeps them company
            assert len({(needed[c], *c[1 + needed[c] :]) for c in more}) == 1
            assert all(levels[c] == 3 for c in more)
            sizes = [len(p) for key, p in classes(needed).items() if key[0] == place and key[1] < 3]
            joined = {row[4] for row in rows if row[:4] in more}
            assert len(joined) == min(sizes)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from("PQ"), st.sampled_from(["a", "b", "c", None]), st.integers(0, 15)
        ),
        min_size=1,
        max_size=60,
    ),
    k=st.integers(2, 6),
)
def test_rare_places_are_grouped(rows: list[tuple[Any, ...]], k: int) -> None:
    with duckdb.connect() as con:
        con.execute("CREATE TABLE t (agency VARCHAR, place VARCHAR, who INTEGER)")
        con.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        crowd.group_rare(con, "t", "agency", "place", "who", k, "made")
        labels = {
            r[:2]: r[2] for r in con.execute("SELECT agency, place, label FROM made").fetchall()
        }
    assert set(labels) == {row[:2] for row in rows}
    for agency in {row[0] for row in rows}:
        people = defaultdict(set)
        for a, place, who in rows:
            if a == agency:
                people[place].add(who)
        rare = {p for p in people if labels[agency, p] == policy.RARE}
        assert all(labels[agency, p] == p for p in people if p not in rare)
        assert {p for p in people if len(people[p]) < k} <= rare
        together = set().union(*(people[p] for p in rare))
        assert not rare or len(together) >= k or rare == set(people)


# The same answers as the store's


def test_outcomes_by_exposure_are_the_stores(kept: extract.Result, snapshot: Snapshot) -> None:
    counted = ", ".join(
        f"count(*) FILTER (eligible_{o.id}), count(outcome_{o.id}) FILTER (eligible_{o.id}),"
        f" count(*) FILTER (outcome_{o.id} AND eligible_{o.id})"
        for o in registry.OUTCOMES
    )
    with tables_of(kept.out) as con:
        for e in registry.EXPOSURES:
            sql = f"SELECT exposure_{e.id}, year, shift, {counted} FROM encounters GROUP BY ALL ORDER BY ALL"
            assert con.execute(sql).fetchall() == snapshot.cursor().execute(sql).fetchall(), e.id


@pytest.mark.parametrize("which", ["kept", "shifted", "database"])
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT exposure_primary, disposition, count(*) FROM {e} e JOIN dispositions d"
        " USING (agency_id, source, contact_id) GROUP BY ALL ORDER BY ALL",
        "SELECT exposure_any, category, display_only::VARCHAR, count(*) FROM {e} e JOIN force_events f"
        " USING (agency_id, source, contact_id) GROUP BY ALL ORDER BY ALL",
        "SELECT destination_kind, provider_kind, count(*) FROM {e} e JOIN transports t"
        " USING (agency_id, source, contact_id) LEFT JOIN service_providers p USING (agency_id, provider_id)"
        " GROUP BY ALL ORDER BY ALL",
        "SELECT scene_role, credential, count(*) FROM contact_officers o LEFT JOIN certifications c"
        " USING (agency_id, officer_key) GROUP BY ALL ORDER BY ALL",
        "SELECT unit_kind, c.origin, outcome_force, count(*) FROM calls c JOIN call_units u"
        " USING (agency_id, call_id) JOIN {e} e USING (agency_id, incident_id) GROUP BY ALL ORDER BY ALL",
        "SELECT count(*), count(incident_id), count(DISTINCT incident_id) FROM calls",
        "SELECT document, count(*), count(submitted_at), sum(fields_filled)::BIGINT FROM documents"
        " JOIN {e} e USING (agency_id, source, contact_id) GROUP BY ALL ORDER BY ALL",
        "SELECT count(DISTINCT person_key), count(DISTINCT officer_key), count(*) FROM {e}",
        "SELECT avg(date_diff('minute', arrived_at, officer_free_at)), count(*) FROM transports",
        "SELECT n, count(*) FROM (SELECT count(*) AS n FROM {e} GROUP BY officer_key) GROUP BY ALL"
        " ORDER BY ALL",
    ],
)
def test_joins_give_the_stores_counts(
    which: str, sql: str, snapshot: Snapshot, request: pytest.FixtureRequest
) -> None:
    with tables_of(request.getfixturevalue(which).out) as con:
        mine = con.execute(sql.format(e="encounters")).fetchall()
    stored = (
        "(SELECT t.*, c.incident_id FROM encounters t JOIN contacts c"
        " USING (agency_id, source, contact_id))"
    )
    assert mine == snapshot.cursor().execute(sql.format(e=stored)).fetchall() and mine


def test_a_period_takes_its_contacts_and_their_rows(snapshot: Snapshot, tmp_path: Path) -> None:
    start, end = date(2023, 1, 1), date(2023, 12, 31)
    result = make(snapshot, tmp_path / "x", start=start, end=end, dates="keep", k=5)
    where = f"contact_date BETWEEN '{start}' AND '{end}'"
    (n,) = snapshot.cursor().execute(f"SELECT count(*) FROM encounters WHERE {where}").fetchall()[0]
    assert result.rows["encounters"] == n > 100
    with tables_of(result.out) as con:
        for name, rules in policy.INCLUDED.items():
            if "contact_id" in rules:
                sql = f"SELECT count(*) FROM {name} ANTI JOIN encounters USING (contact_id)"
                assert con.execute(sql).fetchall() == [(0,)], name
        assert con.execute(f"SELECT count(*) FROM encounters WHERE NOT {where}").fetchall() == [
            (0,)
        ]


# Dates


def test_a_persons_dates_move_together(shifted: extract.Result, snapshot: Snapshot) -> None:
    sql = "SELECT contact_id, person_key, contact_at, contact_date, year FROM encounters"
    store = {new_key("contact", r[0]): r[1:] for r in snapshot.cursor().execute(sql).fetchall()}
    moved: dict[str, set[timedelta]] = defaultdict(set)
    of_contact = {}
    with tables_of(shifted.out) as con:
        for contact, person, at, day, year in con.execute(sql).fetchall():
            was, then, on, _ = store[contact]
            assert person == (new_key("person", was) if was else None)
            assert day == at.date() and int(year) == day.year and day - on == at - then
            moved[person or contact].add(at - then)
            of_contact[contact] = at - then
        for name, rules in policy.INCLUDED.items():
            for column, rule in rules.items():
                if rule.do is not policy.Do.MOMENT or "contact_id" not in rules:
                    continue
                keys = [c for c in columns.key(name) if c not in ("agency_id", "source")]
                kinds = [rules[c].kind for c in keys]
                listed = (
                    f"SELECT {', '.join(keys)}, {column} FROM {name} WHERE {column} IS NOT NULL"
                )
                before = {
                    tuple(new_key(k, v) if k else v for k, v in zip(kinds, r, strict=False)): r[-1]
                    for r in snapshot.cursor().execute(listed).fetchall()
                }
                rows = con.execute(listed).fetchall()
                assert len(rows) == len(before)
                for *key, value in rows:
                    assert value - before[tuple(key)] == of_contact[key[0]], f"{name}.{column}"
    offsets = {d for found in moved.values() for d in found}
    assert all(len(found) == 1 for found in moved.values())
    weeks = {d.total_seconds() / (7 * 86_400) for d in offsets}
    assert weeks == {w for w in range(-26, 27) if w}
    repeated = [p for p, n in _contacts_by_person(shifted.out).items() if n > 1]
    assert len(repeated) > 100


def _contacts_by_person(out: Path) -> dict[str, int]:
    with tables_of(out) as con:
        return dict(
            con.execute(
                "SELECT person_key, count(*) FROM encounters WHERE person_key IS NOT NULL GROUP BY 1"
            ).fetchall()
        )


def test_a_call_moves_with_its_contact(shifted: extract.Result, snapshot: Snapshot) -> None:
    stored = (
        "(SELECT t.contact_at, c.incident_id FROM encounters t JOIN contacts c"
        " USING (agency_id, source, contact_id))"
    )
    first = """SELECT c.call_id, date_diff('minute', c.received_at, e.contact_at) FROM {e} e
        JOIN calls c USING (incident_id) WHERE e.incident_id IN
        (SELECT incident_id FROM {e} GROUP BY 1 HAVING count(*) = 1)"""
    before = dict(snapshot.cursor().execute(first.format(e=stored)).fetchall())
    with tables_of(shifted.out) as con:
        after = dict(con.execute(first.format(e="encounters")).fetchall())
    assert after == {new_key("call", c): m for c, m in before.items()} and len(after) > 1_000


def test_officers_dates_are_cut(kept: extract.Result, snapshot: Snapshot) -> None:
    with tables_of(kept.out) as con:
        names = {r[0] for r in con.execute("DESCRIBE officers").fetchall()}
        assert "hired_month" not in names and "hired_year" in names
        days = con.execute(
            "SELECT DISTINCT day(certified_month), day(expires_month) FROM certifications"
        ).fetchall()
        assert {d for row in days for d in row} <= {1, None}


# Labels


def test_rare_labels_are_grouped(kept: extract.Result, snapshot: Snapshot) -> None:
    sql = "SELECT code, count(DISTINCT contact_id) FROM contact_codes GROUP BY 1"
    store = dict(snapshot.cursor().execute(sql).fetchall())
    with tables_of(kept.out) as con:
        mine = dict(con.execute(sql).fetchall())
    rare = {code for code, n in store.items() if n < 11}
    assert {c: n for c, n in mine.items() if c != policy.RARE} == {
        c: n for c, n in store.items() if c not in rare
    }
    assert (policy.RARE in mine) == bool(rare)


# What stands beside the tables


def test_the_manifest_says_what_is_in_it(kept: extract.Result, snapshot: Snapshot) -> None:
    from data import edition
    from metrics import manifest

    said = json.loads((kept.out / "manifest.json").read_text())
    assert said["snapshot"] == snapshot.id
    assert said["registry_sha256"] == edition.registry_hash()
    assert (said["data_sha256"], said["software"]) == (
        manifest.data_hash(snapshot),
        edition.software(),
    )
    assert set(said["files"]) == {p.name for p in kept.out.iterdir()} - {"manifest.json"}
    for name, file in said["files"].items():
        content = (kept.out / name).read_bytes()
        assert file == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    with tables_of(kept.out) as con:
        for name, n in said["rows"].items():
            assert con.execute(f"SELECT count(*) FROM {name}").fetchall() == [(n,)]
    words = (kept.out / "README.txt").read_text()
    assert "not cause" in words and "Unknown is never no" in words and "11 people" in words


def test_the_codebook_has_every_column(shifted: extract.Result) -> None:
    with (shifted.out / "codebook.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    described = {(r["table"], r["column"]) for r in rows if r["treatment"] != "left out"}
    for name in shifted.rows:
        with (shifted.out / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        assert {(name, c) for c in header} <= described
    assert all(r["meaning"] and r["treatment"] for r in rows)
    assert {r["table"] for r in rows if r["column"] == "(all)"} == set(policy.LEFT_OUT)


@pytest.mark.parametrize("which", ["kept", "shifted"])
def test_the_data_package_keeps_the_rules(which: str, request: pytest.FixtureRequest) -> None:
    """The rules of Data Package, Tabular Data Resource and Table Schema, version 1, that apply."""
    out = request.getfixturevalue(which).out
    package = json.loads((out / "datapackage.json").read_text())
    tabular = which == "shifted"
    assert package["profile"] == ("tabular-data-package" if tabular else "data-package")
    assert re.fullmatch(r"[-a-z0-9._/]+", package["name"]) and package["resources"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", package["created"])
    names = [r["name"] for r in package["resources"]]
    assert len(set(names)) == len(names)
    fields = {r["name"]: [f["name"] for f in r["schema"]["fields"]] for r in package["resources"]}
    assert sum(len(r["schema"].get("foreignKeys", [])) for r in package["resources"]) > 15
    con = tables_of(out)
    for r in package["resources"]:
        name = r["name"]
        assert re.fullmatch(r"[-a-z0-9._]+", name) and not r["path"].startswith(("/", "."))
        content = (out / r["path"]).read_bytes()
        assert r["bytes"] == len(content)
        assert r["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()
        header = [c[0] for c in con.execute(f"DESCRIBE {name}").fetchall()]
        assert fields[name] == header and r["schema"]["missingValues"] == [""]
        for f in r["schema"]["fields"]:
            assert f["type"] in ("string", "integer", "number", "boolean", "date", "datetime")
            for rule, value in f.get("constraints", {}).items():
                test = {
                    "enum": f"{f['name']} NOT IN (SELECT unnest({value}))",
                    "required": f"{f['name']} IS NULL",
                    "pattern": f"NOT regexp_full_match({f['name']}::VARCHAR, '{value}')",
                }[rule]
                sql = f"SELECT count(*) FROM {name} WHERE {test}"
                assert con.execute(sql).fetchall() == [(0,)], (name, f["name"], rule)
        key = r["schema"].get("primaryKey")
        if key:
            assert set(key) <= set(header)
            sql = f"SELECT count(*) - count(DISTINCT ({', '.join(key)})) FROM {name}"
            assert con.execute(sql).fetchall() == [(0,)], name
        for link in r["schema"].get("foreignKeys", []):
            other, theirs = link["reference"]["resource"], link["reference"]["fields"]
            assert set(theirs) <= set(fields[other]) and set(link["fields"]) <= set(header)
            pairs = " AND ".join(
                f"a.{x} = b.{y}" for x, y in zip(link["fields"], theirs, strict=True)
            )
            filled = " AND ".join(f"{x} IS NOT NULL" for x in link["fields"])
            sql = f"SELECT count(*) FROM (FROM {name} WHERE {filled}) a ANTI JOIN {other} b ON {pairs}"
            assert con.execute(sql).fetchall() == [(0,)], (name, other)


def test_the_data_package_is_valid_to_frictionless(shifted: extract.Result) -> None:
    frictionless = pytest.importorskip("frictionless", reason="not a dependency; used where it is")
    report = frictionless.validate(str(shifted.out / "datapackage.json"))
    assert report.valid, report.flatten(["resourceName", "fieldName", "message"])[:5]


def test_one_file_has_it_all(database: extract.Result) -> None:
    with tables_of(database.out) as con:
        bare = con.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
            " AND table_name NOT IN ('codebook', 'manifest', 'readme', 'definitions')"
        ).fetchall()
        assert bare == []
        said = dict(con.execute("FROM manifest").fetchall())
        assert json.loads(said["asked"])["dates"] == "shift"
        assert con.execute("SELECT count(*) FROM codebook").fetchall()[0][0] > 250
        ids = {
            r[0]
            for r in con.execute("SELECT id FROM definitions WHERE kind = 'outcomes'").fetchall()
        }
        assert ids == {o.id for o in registry.OUTCOMES}
        assert "not cause" in con.execute("FROM readme").fetchall()[0][0]
    assert database.sha256 == hashlib.sha256(database.out.read_bytes()).hexdigest()
    assert sorted(p.name for p in database.out.parent.iterdir()) == [database.out.name]


def test_definitions_are_the_registrys() -> None:
    found = codebook.definitions()
    assert {e["id"] for e in found["exposures"]} == {e.id for e in registry.EXPOSURES}
    assert json.loads(json.dumps(found)) == found


# All or nothing


def run(*arguments: object, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-c", COMMAND, "extract", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=small,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )


@pytest.mark.parametrize("kilobytes", [1, 60])
@pytest.mark.parametrize("out", ["x.duckdb", "x"])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    out: str, kilobytes: int, snapshot: Snapshot, tmp_path: Path
) -> None:
    done = run(
        "--store", snapshot.path.parent.parent, "--out", tmp_path / out, limit=kilobytes * 1024
    )
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("error: ")
    assert "cannot be written" in done.stderr and "nothing was left" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_did(snapshot: Snapshot, tmp_path: Path) -> None:
    asked = ("--store", snapshot.path.parent.parent, "--out", tmp_path / "x", "--k", 6)
    done = run(*asked, "--format", "csv", "--dates", "keep")
    assert (done.returncode, done.stderr) == (0, "")
    assert "3,000 contacts" in done.stdout or "contacts in" in done.stdout
    assert "6 asked" in done.stdout
    again = run(*asked)
    assert again.returncode == 2 and "is already there" in again.stderr
    assert len(again.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"k": 4}, "at least 5"),
        ({"dates": "none"}, "--dates must be one of"),
        ({"format": "xlsx"}, "--format must be one of"),
        ({"start": date(2024, 2, 1), "end": date(2024, 1, 1)}, "must not be after"),
        ({"start": date(2050, 1, 1)}, "fewer than 11 people"),
        ({"k": 1_000_000}, "fewer than 1000000 people"),
    ],
)
def test_what_cannot_be_asked(
    asked: dict[str, Any], message: str, snapshot: Snapshot, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=message):
        make(snapshot, tmp_path / "x", **asked)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["there", "there.duckdb", "x.csv", "lacking/x", "link"])
def test_what_is_there_stays(name: str, snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there.duckdb").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError):
        make(snapshot, tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "there.duckdb").read_text() == "mine"


# The copy for people's own SQL


def test_the_analysis_copy_is_made_once(snapshot: Snapshot, tmp_path: Path) -> None:
    folder = tmp_path / "copies" / "one"
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: extract.analysis_copy(snapshot, folder), range(3)))
    assert made == [folder] * 3
    assert {p.name for p in folder.parent.iterdir()} - {".one.lock"} == {"one"}
    stamps = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    assert {Path(n).suffix for n in stamps} == {".parquet", ".json"} and "comments.json" in stamps
    assert extract.analysis_copy(snapshot, folder) == folder
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == stamps
    with open_copy(folder, 500) as con:
        sql = "SELECT count(*) FROM encounters"
        assert con.execute(sql).fetchall() == snapshot.cursor().execute(sql).fetchall()
        bare = con.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
            " AND table_name NOT IN ('codebook', 'manifest')"
        ).fetchall()
        assert bare == []
        assert con.execute(
            "SELECT count(*) FROM encounters WHERE contact_at IS NULL"
        ).fetchall() == [(0,)]


def test_a_copy_of_another_kind_is_replaced(snapshot: Snapshot, tmp_path: Path) -> None:
    folder = tmp_path / "one"
    for k in (20, 7, 7):
        assert extract.analysis_copy(snapshot, folder, k=k) == folder
        with open_copy(folder, 500) as con:
            said = dict(con.execute("FROM manifest").fetchall())
            assert json.loads(said["asked"])["k"] == k
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: extract.analysis_copy(snapshot, folder), range(3)))
    assert {p.name for p in tmp_path.iterdir()} - {".one.lock"} == {"one"}
    assert (folder / "comments.json").is_file()


def test_an_empty_folder_is_filled(snapshot: Snapshot, tmp_path: Path) -> None:
    extract.analysis_copy(snapshot, tmp_path, k=7)
    assert (tmp_path / "encounters.parquet").is_file()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_text("mine")
    with pytest.raises(UserError, match="holds something else"):
        extract.analysis_copy(snapshot, tmp_path / "other")


# What a store lacks


def test_seattle_leaves_with_what_it_has(seattle: Snapshot, tmp_path: Path) -> None:
    result = make(seattle, tmp_path / "x", dates="keep")
    assert result.rows["encounters"] == 32_906 and result.rows["officers"] == 0
    sql = (
        "SELECT exposure_primary, count(*), count(*) FILTER (outcome_force) FROM encounters"
        " GROUP BY ALL ORDER BY ALL"
    )
    with tables_of(result.out) as con:
        assert con.execute(sql).fetchall() == seattle.cursor().execute(sql).fetchall()
        labels = con.execute(
            "SELECT raw_disposition, count(DISTINCT contact_id) AS n FROM dispositions"
            f" WHERE raw_disposition <> '{policy.RARE}' GROUP BY 1 HAVING n < 11"
        ).fetchall()
        assert labels == []
        years = "SELECT min(service_years), max(service_years) FROM contact_officers"
        ((low, high),) = con.execute(years).fetchall()
        assert ((low, high),) != tuple(seattle.cursor().execute(years).fetchall()) and low < high
        for sign, end in (("<=", low), (">=", high)):
            ((n,),) = con.execute(
                "SELECT count(DISTINCT officer_key) FROM contact_officers"
                f" WHERE service_years {sign} {end}"
            ).fetchall()
            assert n >= 11
        ((n, mine),) = con.execute(
            "SELECT count(service_years), sum(service_years)::BIGINT FROM contact_officers"
        ).fetchall()
        held = f"SELECT count(service_years), sum(least({high}, greatest({low}, service_years)))::BIGINT"
        assert [(n, mine)] == seattle.cursor().execute(f"{held} FROM contact_officers").fetchall()


def test_an_earlier_edition_has_empty_tables(snapshot: Snapshot, tmp_path: Path) -> None:
    """A store made before some tables and columns existed: they are there, empty, and that is said."""
    old = tmp_path / "store" / "snapshots" / f"{snapshot.id}.duckdb"
    old.parent.mkdir(parents=True)
    (tmp_path / "store" / "secret").write_text(Store(snapshot.path.parents[1]).secret())
    gone = ("documents", "calls", "call_units", "bookings", "service_providers")
    with duckdb.connect(str(old)) as con:
        con.execute(f"ATTACH '{snapshot.path}' AS new (READ_ONLY)")
        for (name,) in con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'new'"
        ).fetchall():
            if name not in gone:
                con.execute(f"CREATE TABLE {name} AS FROM new.main.{name}")
        for column in ("finding", "report_due_at"):
            con.execute(f"ALTER TABLE force_events DROP COLUMN {column}")
        con.execute("ALTER TABLE officers DROP COLUMN left_month")
        con.execute("ALTER TABLE encounters DROP COLUMN outcome_claim")
    result = make(Snapshot(snapshot.id, old), tmp_path / "x")
    assert set(result.manifest["missing_tables"]) == set(gone)
    assert set(result.manifest["missing_columns"]) == {
        "encounters.outcome_claim",
        "force_events.finding",
        "force_events.report_due_at",
        "officers.left_year",
    }
    assert "5 tables, written empty, and 4 columns" in str(result)
    with tables_of(result.out) as con:
        assert con.execute("SELECT count(*), count(outcome_claim) FROM encounters").fetchall() == [
            (result.rows["encounters"], 0)
        ]
        assert con.execute("SELECT count(*) FROM calls").fetchall() == [(0,)]
