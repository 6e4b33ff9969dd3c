"""The harness writes a table, goes on where it was stopped, and every benchmark runs at a tiny size."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import filters, loading, results, served, stores, table
from tests.bench.__main__ import parser
from tests.bench.results import Entry, Part, Taken
from tests.bench.suite import ENTRIES
from tests.conftest import SEATTLE
from tests.stores import simulated_store

TINY = 3_000
ROWS_IN_MEMORY = ("statsmodels", "pyfixest", "duckreg")


def _nothing(size: int, root: Path) -> Iterator[Taken]:
    yield Taken("x", (1.0,), 1.0)


ENTRY = Entry("x", "X", "X beside y.", (Part("product", _nothing), Part("peer", _nothing, 50)))


def _line(part: str, seconds: float, round_: int = 0, **more: object) -> dict[str, object]:
    taken = {"what": "it", "seconds": [seconds], "processor": 1.0, "check": {"n": 4.0}}
    taken |= {"peak": 2**30, "note": ""} | more
    of = {"entry": "x", "part": part, "size": 10, "round": round_, "load": 0.1}
    return of | {"taken": [taken]}


def test_the_ratio_is_the_median_of_the_ratios_within_rounds() -> None:
    lines = []
    for round_, (ours, theirs) in enumerate([(2.0, 1.0), (9.0, 3.0), (40.0, 10.0)]):
        lines += [_line("product", ours, round_), _line("peer", theirs, round_)]
    text = table.write([ENTRY], lines, {"Cores": "2"}, "make bench")
    assert "| 10 | it | product | 9.00 |" in text
    assert "| 10 | it | peer | 3.00 |  | 1.00 | 1.00 | 3.00 | 0 |" in text
    turned = table.write([replace(ENTRY, inverse=True)], lines, {}, "make bench")
    assert "| 1.00 | 0.33 | 0 |" in turned
    assert "busy" not in text


def test_a_busy_machine_is_named_and_a_failure_shown() -> None:
    lines = [_line("product", 1.0) | {"load": 4.0}]
    lines.append({**_line("peer", 1.0), "taken": [], "failed": "no memory"})
    text = table.write([ENTRY], lines, {"Cores": "2"}, "make bench")
    assert "**The machine was busy** (load average up to 4.0 on 2 cores)" in text
    assert "| 10 |  | peer | no memory |" in text


def test_what_is_not_measured_again_stays_on_the_page() -> None:
    other = replace(ENTRY, id="other", title="Another", sizes=(10_000,))
    lines = [_line("product", 9.0), _line("peer", 3.0)]
    here = [line | {"size": 10_000} for line in lines]
    there = [line | {"entry": "other", "at": "2026-01-02 10:00"} for line in here]
    both = table.write([ENTRY, other], [*here, *there], {}, "make bench")
    assert "Measured on 2026-01-02." in both
    again = table.write([ENTRY, other], here, {}, "make bench", both)
    assert again == both
    assert "Another" not in table.write([ENTRY, other], here, {}, "make bench")


def test_answers_that_differ_are_named() -> None:
    lines = [_line("product", 1.0), _line("peer", 1.0, check={"n": 5.0})]
    assert table.disagreements([ENTRY], lines) == ["x, 10, it: peer differs by 2.5e-01"]
    assert table.disagreements([replace(ENTRY, agree_from=11)], lines) == []
    assert table.disagreements([replace(ENTRY, agree=0.3)], lines) == []


def test_a_run_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []

    def apart(entry: Entry, part: Part, size: int, root: Path) -> dict[str, object]:
        ran.append((part.name, size))
        return {"load": 0.0, "taken": []}

    monkeypatch.setattr(results, "_apart", apart)
    out = tmp_path / "out.jsonl"
    out.write_text(json.dumps(_line("product", 1.0)) + "\n", encoding="utf-8")
    results.run([ENTRY], [10, 100], tmp_path, out, 1, say=lambda line: None)
    assert ran == [("peer", 10), ("product", 100)]
    results.run([ENTRY], [10, 100], tmp_path, out, 1, say=lambda line: None)
    assert len(ran) == 2


def test_a_line_that_was_cut_off_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text('{"entry": "x", "pa', encoding="utf-8")
    monkeypatch.setattr(results, "_apart", lambda *_: {"load": 0.0, "taken": []})
    results.run([ENTRY], [10], tmp_path, out, 1, say=lambda line: None)
    assert [x["part"] for x in results.read(out)] == ["product", "peer"]


def test_every_entry_has_a_product_a_peer_and_words() -> None:
    assert len({e.id for e in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        assert entry.parts[0].name == results.PRODUCT and len(entry.parts) > 1
        assert entry.compares.endswith(".")
    assert parser().parse_args(["--only", "filter"]).only == ["filter"]


def test_pages_are_asked_what_no_page_was_asked_before() -> None:
    levels = {"district": list("abcdef"), "shift": list("xyz"), "weapon": ["no", "unknown", "yes"]}
    asked = [cut for place in range(len(served.PAGES)) for cut in served.choices(levels, place)]
    assert len(asked) == len(served.PAGES) * served.FILTERS
    assert len({json.dumps(cut, sort_keys=True) for cut in asked}) == len(asked)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("bench")
    store = simulated_store(found / "made", TINY)
    stores.path_of(found, TINY).symlink_to(store, target_is_directory=True)
    (found / f"files-{TINY}").mkdir()
    (found / f"files-{TINY}" / "batch-0").symlink_to(store.parent, target_is_directory=True)
    return found


def _run(name: str, root: Path) -> None:
    """Run every part of an entry whose packages everyone has, and write its table."""
    entry = next(e for e in ENTRIES if e.id == name)
    lines = []
    for part in entry.parts:
        if part.name not in ROWS_IN_MEMORY:
            results.measure(part, TINY, root, root / "found.json")
            taken = json.loads((root / "found.json").read_text(encoding="utf-8"))
            assert taken and all(t["peak"] for t in taken)
            lines.append(_line(part.name, 1.0) | {"entry": name, "size": TINY, "taken": taken})
    assert table.disagreements([entry], lines) == []
    assert f"| {TINY:,} |" in table.write([entry], lines, {}, "make bench")


@pytest.mark.parametrize("name", ["filter", "evaluation"])
def test_an_entry_runs_at_a_tiny_size(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "FILTERS", 3)
    _run(name, root)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["load", "page", "cold"])
def test_a_long_entry_runs_at_a_tiny_size(name: str, root: Path) -> None:
    _run(name, root)


@pytest.mark.slow
@pytest.mark.skipif(not SEATTLE.exists(), reason="the public Seattle export is not here")
def test_the_load_of_a_real_export_runs(root: Path) -> None:
    for part in next(e for e in ENTRIES if e.id == "load_seattle").parts:
        results.measure(part, loading.SEATTLE_ROWS, root, root / "found.json")
        assert json.loads((root / "found.json").read_text(encoding="utf-8"))[0]["seconds"]


@pytest.mark.slow
@pytest.mark.parametrize("peer", ROWS_IN_MEMORY)
def test_peers_of_an_evaluation_agree(peer: str, tmp_path: Path) -> None:
    entry = next(e for e in ENTRIES if e.id == "evaluation")
    parts = {p.name: p for p in entry.parts}
    for package in parts[peer].needs:
        pytest.importorskip(package)
    # Enough that the product pools no level of arrests, as peers never do.
    twelve = tmp_path / "bench"
    store = simulated_store(twelve / "made", 12_000)
    stores.path_of(twelve, 12_000).symlink_to(store, target_is_directory=True)
    taken = {}
    for name in (results.PRODUCT, peer):
        results.measure(parts[name], 12_000, twelve, tmp_path / "found.json")
        taken[name] = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    arrest = [
        {t["what"]: {k: v for k, v in t["check"].items() if k.startswith("arrest")} for t in found}
        for found in taken.values()
    ]
    shared = [w for w in arrest[1] if arrest[1][w] and arrest[0].get(w)]
    assert shared
    for what in shared:
        for name, value in arrest[1][what].items():
            assert value == pytest.approx(arrest[0][what][name], rel=1e-8)


@pytest.mark.slow
def test_batches_have_contacts_of_their_own_and_officers_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "BATCH", 1_000)
    monkeypatch.setattr(stores, "OFFICERS", 30)

    def here(
        step: str,
        files: Path,
        store: Path | None = None,
        *,
        contacts: int = 0,
        number: int | None = None,
    ) -> None:
        if store:
            stores.load(store, files)
        else:
            stores.write(files, contacts, number)

    monkeypatch.setattr(stores, "_call", here)
    path = stores.ensure(tmp_path, 2_500)
    kept = stores.Store(path)
    count = (
        "SELECT count(*), count(DISTINCT contact_id), count(DISTINCT officer_key) FROM encounters"
    )
    with kept.current().cursor() as con:
        found = con.sql(count).fetchall()[0]
        assert found[0] == found[1] >= 2_500 and found[2] <= 30
        # The rows of a later batch are those that a load under the same secret writes.
        loaded = tmp_path / "loaded"
        loaded.mkdir(mode=0o700)
        (loaded / "secret").write_bytes((path / "secret").read_bytes())
        (loaded / "secret").chmod(0o600)
        stores.load(loaded, tmp_path / "files-2500" / "batch-1")
        own = {}
        with stores.Store(loaded).current().cursor() as other:
            for table in stores.OF_CONTACTS:
                own[table] = other.sql(f"SELECT * EXCLUDE (load_id) FROM {table}").to_arrow_table()
        for table, rows in own.items():
            con.register("own", rows)
            columns = f"SELECT * EXCLUDE (load_id) FROM {table}"
            odd = con.sql(f"SELECT count(*) FROM (FROM own EXCEPT ({columns}))").fetchall()[0]
            assert len(rows) > 0 and odd == (0,), table
            con.unregister("own")
    before = kept.current_id()
    stores.refresh(path)
    assert kept.current_id() != before
    assert kept.current().cursor().sql(count).fetchall()[0] == found
