"""Search an extract of any size for identifiers of its store: ``python -m tests.identifiers STORE``.

Writes a Parquet extract of the store into a folder of its own (``--out``), reads every byte of it, of its
tables uncompressed and of their cells as text, and looks in all of them for every keyed hash that the store
holds and for the agency's names. Prints counts and seconds as JSON; exit code 1 if anything is found.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb
import numpy as np

from data import extract, schema
from data.store import Snapshot, Store

LETTERS = 16
"""First letters of a hash that are looked for: half of it, which chance does not repeat."""
_CHUNK = 16 * 2**20
_BITS = 27
_NAMES = (
    "SELECT agency_name FROM agencies UNION SELECT provider_name FROM service_providers"
    " UNION SELECT label FROM events UNION SELECT district_name FROM districts"
)


def hashes(snapshot: Snapshot) -> np.ndarray:
    """Return the first letters of every keyed hash of the store, as pairs of numbers, sorted."""
    cursor = snapshot.cursor()
    parts = [
        f"SELECT {c.name} AS key FROM {t.name}"
        for t in schema.tables().values()
        for c in t.columns
        if c.type == "key"
    ]
    sql = f"SELECT DISTINCT left(key, {LETTERS}) AS key FROM ({' UNION ALL '.join(parts)})"
    found = cursor.execute(f"{sql} WHERE length(key) >= {LETTERS}").fetchnumpy()["key"]
    letters = np.array(found, dtype=f"S{LETTERS}")
    pairs = letters.view(">u8").reshape(-1, 2).astype(np.uint64)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def names(snapshot: Snapshot) -> list[bytes]:
    """Return the names that the store holds, of the agency, its places and its partners."""
    found = snapshot.cursor().execute(_NAMES).fetchall()
    return sorted({row[0].encode() for row in found if row[0] and len(row[0]) > 4})


def _mixed(codes: np.ndarray) -> np.ndarray:
    return (codes * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(64 - _BITS)


class Search:
    """Looks for hashes and names in bytes."""

    def __init__(self, wanted: np.ndarray, named: list[bytes]) -> None:
        self.wanted, self.named = wanted, named
        self._seen = np.zeros(2**_BITS, dtype=bool)
        self._seen[_mixed(wanted[:, 0])] = True
        # How many hashes share their first eight letters, at most.
        _, counts = np.unique(wanted[:, 0], return_counts=True)
        self._shared = int(counts.max(initial=0))

    def found(self, text: bytes) -> int:
        """Return how often any of them stands in it."""
        return self._hashes(text) + sum(text.count(name) for name in self.named)

    def _hashes(self, text: bytes) -> int:
        letters = np.frombuffer(text, dtype=np.uint8).astype(np.uint64)
        size = len(letters) - LETTERS + 1
        if size <= 0 or not len(self.wanted):
            return 0
        codes = np.zeros(size + 8, dtype=np.uint64)
        for i in range(8):
            codes = (codes << np.uint64(8)) | letters[i : i + len(codes)]
        at = np.flatnonzero(self._seen[_mixed(codes[:size])])
        first, second = codes[at], codes[at + 8]
        place = np.searchsorted(self.wanted[:, 0], first)
        hits = np.zeros(len(at), dtype=bool)
        for ahead in range(self._shared):
            own = self.wanted[(place + ahead).clip(max=len(self.wanted) - 1)]
            hits |= (own[:, 0] == first) & (own[:, 1] == second)
        return int(hits.sum())


def chunks(path: Path, overlap: int) -> Iterator[bytes]:
    """Yield a file in parts, each with the end of the one before it."""
    before = b""
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            yield before + part
            before = part[-overlap:]


def plain(out: Path, scratch: Path) -> Iterable[Path]:
    """Write the tables of an extract uncompressed, and their cells as text; yield each and remove it."""
    with duckdb.connect() as con:
        for path in sorted(out.glob("*.parquet")):
            for how in (
                "FORMAT parquet, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1",
                "FORMAT csv",
            ):
                target = scratch / f"{path.stem}.plain"
                con.execute(f"COPY (FROM read_parquet('{path}')) TO '{target}' ({how})")
                yield target
                target.unlink()


def every_file(out: Path, scratch: Path) -> Iterator[Path]:
    """Yield every file of an extract, and its tables plain."""
    yield from sorted(p for p in out.iterdir() if p.is_file())
    yield from plain(out, scratch)


def main(argv: list[str]) -> int:
    """Make the extract and search it."""
    parser = argparse.ArgumentParser(prog="python -m tests.identifiers", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("--out", type=Path, help="where the extract stays; else nowhere")
    args = parser.parse_args(argv)
    snapshot = Store(args.store).current()
    with tempfile.TemporaryDirectory() as folder:
        out = args.out or Path(folder) / "extract"
        began = time.monotonic()
        extract.extract(snapshot, extract.Request(out, "parquet", "shift", None))
        extracted = time.monotonic() - began
        began = time.monotonic()
        search = Search(hashes(snapshot), names(snapshot))
        overlap = max([LETTERS, *map(len, search.named)]) + 8
        read = found = 0
        for path in every_file(out, Path(folder)):
            for part in chunks(path, overlap):
                found += search.found(part)
                read += len(part)
    said = {
        "contacts": snapshot.cursor().execute("SELECT count(*) FROM contacts").fetchall()[0][0],
        "extract_seconds": round(extracted, 1),
        "hashes": len(search.wanted),
        "names": len(search.named),
        "bytes_searched": read,
        "search_seconds": round(time.monotonic() - began, 1),
        "found": found,
    }
    print(json.dumps(said))
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
