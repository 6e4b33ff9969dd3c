"""Stores of simulated contacts by size, made once and kept, for the benchmarks.

    python -m tests.bench.stores --contacts N [--stores DIR] [--refresh]

Up to a million contacts are simulated and loaded as anyone would. More are simulated a million at a
time, each by a process of its own, with other contacts and people but the same agency and officers: the
first million is loaded by the product, the rows of the others are put in as a load writes them (a test
holds them to that), and the product builds the analysis table of all. Tables that no outcome needs are
left out of those (``TABLES``), and primary keys, which nothing that reads needs, so that ten million fit in
the memory and on the disk of a small machine.
``--refresh`` builds the analysis table of a kept store anew, after the product's way of building it
changed.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from data import encounters, ingest, mapping, schema, transform
from data import simulate as simulator
from data.simulation.model import Options
from data.store import Store

ROOT = Path(__file__).parents[2]
SEED = 1
BATCH = 1_000_000
OFFICERS = 2_500
MEMORY = "6GB"
"""What the engine may take while batches are put together; the rest goes to disk."""
OF_AGENCY = (
    *("agencies", "districts", "shifts", "service_providers", "events", "program_elements"),
    *("officers", "certifications", "trainings", "assignments"),
)
OF_CONTACTS = (
    *("contacts", "contact_officers", "dispositions", "force_events", "injuries"),
    *("holds", "referrals"),
)
TABLES = (*OF_AGENCY, *OF_CONTACTS)
"""What a store of more than one batch holds; the agency's own come from the first."""
_OF_LOAD = ("source", "load_id", "contact_at_basis")
_OWN = ("officer_key", "provider_id", "district_id", "shift_id", "agency_id")
"""Keys that every batch shares; all others are a batch's own."""


def default_root() -> Path:
    """Return where stores are kept unless told otherwise: the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "cit-outcomes" / "bench"


def path_of(root: Path, contacts: int) -> Path:
    """Return where the store of this many contacts lies."""
    return root / f"store-{contacts}"


def ensure(root: Path, contacts: int) -> Path:
    """Return the store of this many simulated contacts, made on first use."""
    path = path_of(root, contacts)
    if Store(path).current_id() is not None:
        return path
    written = files(root, contacts)
    with tempfile.TemporaryDirectory(dir=root, prefix=".making-") as folder:
        made = Path(folder) / "store"
        _call("load", written[0], made)
        if len(written) > 1:
            _together(made, Path(folder), written)
        shutil.rmtree(path, ignore_errors=True)
        made.rename(path)
    return path


def files(root: Path, contacts: int) -> list[Path]:
    """Return the folders of canonical files of this many contacts, one per batch, made on first use."""
    batches = -(-contacts // BATCH)
    found = []
    for number in range(batches):
        folder = root / f"files-{contacts}" / f"batch-{number}"
        if not folder.exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            making = folder.with_name(f".making-{number}")
            size = -(-contacts // batches)
            _call("simulate", making, contacts=size, number=number if batches > 1 else None)
            making.rename(folder)
        found.append(folder)
    return found


def canonical(folder: Path) -> list[Path]:
    """Return the files of a batch that a load takes."""
    found = [folder / f"{name}.parquet" for name in mapping.importable_tables()]
    return [f for f in found if f.exists()]


def write(folder: Path, contacts: int, number: int | None = None) -> None:
    """Simulate an agency and write its files; with a number only what makes one batch of several."""
    if number is None:
        simulator.write(simulator.simulate(contacts, SEED), folder)
        return
    found = _simulated(contacts, number)
    tables = {name: found.tables[name] for name in TABLES}
    for frame in tables.values():
        for column in frame.columns:
            if column.endswith(("_id", "_key")) and column not in _OWN and number:
                frame[column] = f"B{number}" + frame[column]
    simulator.write(dataclasses.replace(found, tables=tables), folder)


def _simulated(contacts: int, number: int) -> simulator.Simulation:
    options = Options(contacts=contacts, seed=SEED, officers=OFFICERS)

    def streams(seed: int) -> dict[str, np.random.Generator]:
        root = np.random.Generator(np.random.PCG64(seed))
        names = simulator._STREAMS
        return dict(zip(names, root.spawn(len(names)), strict=True))

    rng = streams(SEED + 1000 * number)
    rng |= {name: streams(SEED)[name] for name in ("workforce", "agency")}
    return simulator._assemble(options, rng, False)


def load(store: Path, folder: Path) -> None:
    """Load a folder of canonical files into a store, as anyone would."""
    ingest.load(Store(store), canonical(folder), mapping.read("canonical"), simulated=True)


def _together(store: Path, folder: Path, written: list[Path]) -> None:
    """Add the other batches to a store of the first, one at a time: no two are in memory at once."""
    kept = Store(store)
    id_ = kept.new_id()
    building = folder / "building.duckdb"
    shutil.copyfile(kept.current().path, building)
    building.chmod(0o644)
    with _opened(building, folder) as con:
        con.execute("SET VARIABLE store_secret = ?", [kept.secret()])
        con.execute(transform.MACROS)
        for table in OF_CONTACTS:
            # Without its primary key, whose index would take longer than all else.
            con.execute(f"CREATE TABLE plain AS FROM {table}; DROP TABLE {table}")
            con.execute(f"ALTER TABLE plain RENAME TO {table}")
        for files in written[1:]:
            for table in OF_CONTACTS:
                _put_in(con, table, files / f"{table}.parquet")
            con.execute("CHECKPOINT")
            _say(f"put in {files.name}")
    _finish(kept, building, folder, id_)


def _put_in(con: duckdb.DuckDBPyConnection, table: str, file: Path) -> None:
    """Add a batch's rows to a table as a load writes them: keys hashed, the rest as it is."""
    there = {row[0] for row in con.execute(f"DESCRIBE FROM '{file}'").fetchall()}
    values = []
    for column in schema.tables()[table].columns:
        name = column.name
        if name in _OF_LOAD:
            values.append(f"(SELECT any_value({name}) FROM {table}) AS {name}")
        elif name in there and column.type == "key":
            kind = name.removesuffix("_id").removesuffix("_key")
            values.append(f"keyed('{kind}', agency_id, {name}) AS {name}")
        elif name in there:
            values.append(name)
    con.execute(f"INSERT INTO {table} BY NAME SELECT {', '.join(values)} FROM '{file}'")


def refresh(store: Path) -> None:
    """Build the analysis table of a kept store anew and publish it."""
    with tempfile.TemporaryDirectory(dir=store.parent) as folder:
        kept = Store(store)
        building = Path(folder) / "building.duckdb"
        shutil.copyfile(kept.current().path, building)
        building.chmod(0o644)
        _finish(kept, building, Path(folder), kept.new_id())


def _finish(store: Store, building: Path, folder: Path, id_: str) -> None:
    old = store.current().path
    with _opened(building, folder) as con:
        encounters.build(con)
        # A snapshot is known by the load that made it.
        con.execute("UPDATE loads SET load_id = ? WHERE load_id = ?", [id_, old.stem])
        con.execute("CHECKPOINT")
    with store.lock():
        final = store.building_path(id_)
        building.rename(final)
        store.publish(id_, final)
        for left in (old, old.with_suffix(".json")):
            left.unlink(missing_ok=True)
    _say("analysis table built and published")


def _opened(path: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(path))
    con.execute(f"SET memory_limit = '{MEMORY}'")
    con.execute(f"SET temp_directory = '{folder / 'spilled'}'")
    con.execute("SET TimeZone = 'UTC'")
    return con


def _call(
    step: str,
    files: Path,
    store: Path | None = None,
    *,
    contacts: int = 0,
    number: int | None = None,
) -> None:
    """Do a step in a process of its own: its memory is given back when it is done."""
    command = [sys.executable, "-m", "tests.bench.stores", "--contacts", str(contacts)]
    command += ["--step", step, "--files", str(files)]
    command += ["--at", str(store)] if store else []
    command += ["--number", str(number)] if number is not None else []
    subprocess.run(command, cwd=ROOT, check=True)


def _step(asked: argparse.Namespace) -> None:
    start = time.perf_counter()
    if asked.step == "load":
        load(asked.at, asked.files)
    else:
        write(asked.files, asked.contacts, asked.number)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _say(
        f"{asked.step} {asked.files.name}: {time.perf_counter() - start:.0f} s,"
        f" {used.ru_utime + used.ru_stime:.0f} s of a processor, {used.ru_maxrss / 2**20:.1f} GiB"
    )


def _say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


def main() -> None:
    """Make a store, or do one step of making it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--contacts", type=int, required=True)
    parser.add_argument("--stores", type=Path, default=default_root())
    parser.add_argument("--refresh", action="store_true")
    for hidden in ("--step", "--files", "--at", "--number"):
        kind = {"--step": str, "--number": int}.get(hidden, Path)
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        _step(asked)
        return
    path = ensure(asked.stores, asked.contacts)
    if asked.refresh:
        refresh(path)
    print(path)


if __name__ == "__main__":
    main()
