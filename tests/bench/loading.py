"""A load beside bare DuckDB reading the same files into tables on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from data import ingest, mapping
from data.store import Store
from tests.bench import bench_load
from tests.bench.results import Taken, clocked
from tests.bench.stores import canonical, files
from tests.conftest import SEATTLE

SEATTLE_ROWS = 63_369
SIMULATED = "simulated agency, canonical Parquet"


def product(size: int, stores: Path) -> Iterator[Taken]:
    """Load an export into a new store."""
    with tempfile.TemporaryDirectory(dir=stores) as folder:
        yield clocked(SIMULATED, lambda: _load(_all(stores, size), Path(folder)))[0]


def engine(size: int, stores: Path) -> Iterator[Taken]:
    """Read the same files by the engine alone: a table of each kind, nothing checked."""
    with tempfile.TemporaryDirectory(dir=stores) as folder:
        yield clocked(SIMULATED, lambda: _bare(_all(stores, size), Path(folder)))[0]


def _all(stores: Path, size: int) -> list[Path]:
    return [f for folder in files(stores, size) for f in canonical(folder)]


def _load(found: list[Path], folder: Path) -> None:
    ingest.load(Store(folder / "store"), found, mapping.read("canonical"), simulated=True)


def _bare(found: list[Path], folder: Path) -> None:
    with duckdb.connect(str(folder / "bare.duckdb")) as con:
        for table in dict.fromkeys(f.stem for f in found):
            same = [str(f) for f in found if f.stem == table]
            con.execute(f"CREATE TABLE {table} AS SELECT * FROM read_parquet(?)", [same])


def seattle(size: int, stores: Path) -> Iterator[Taken]:
    """Load the public Seattle export: as it is, or ten copies of it as one file and as ten."""
    yield from _seattle(size, stores, bench_load.load)


def seattle_engine(size: int, stores: Path) -> Iterator[Taken]:
    """Read the same files by the engine alone, as tables of text."""
    yield from _seattle(size, stores, bench_load.bare)


def _seattle(size: int, stores: Path, work: object) -> Iterator[Taken]:
    if not SEATTLE.exists():
        raise SystemExit("the public Seattle export is not here; set CIT_SHARED")
    assert callable(work)
    with tempfile.TemporaryDirectory(dir=stores) as folder:
        work([SEATTLE], _new(folder, "warm"))  # imports and the file cache
        if size == SEATTLE_ROWS:
            chosen = {"Seattle": [SEATTLE]}
        else:
            one, ten = bench_load.copies(Path(folder))
            chosen = {"Seattle, 10 copies, one file": one, "Seattle, 10 copies, ten files": ten}
        for name, found in chosen.items():
            where = _new(folder, name)
            yield clocked(name, lambda f=found, w=where: work(f, w))[0]


def _new(folder: str, name: str) -> Path:
    path = Path(folder) / name
    path.mkdir()
    return path
