"""Small stores for tests, each made through the product's own load."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock

from data import ingest, mapping, simulate
from data.store import Snapshot, Store


def write_contacts(
    path: Path, sizes: tuple[int, int], events: tuple[int, int], unassigned: int = 1
) -> Path:
    """Write canonical contacts: ``sizes`` certified and not, the first ``events`` of each with force."""
    lines = [
        "agency_id,contact_id,contact_at,district_id,initial_call_group,primary_officer_cit,force_used"
    ]
    for arm, (n, with_force) in enumerate(zip(sizes, events, strict=True)):
        for i in range(n):
            district = "AB"[i % 2]
            group = ("suicide", "disturbance")[i % 3 == 0]
            cit, force = ("yes", "no")[arm], ("yes" if i < with_force else "no")
            day = f"2025-{i % 12 + 1:02d}-{i % 28 + 1:02d} 10:00"
            lines.append(f"T,K{arm}{i:05d},{day},{district},{group},{cit},{force}")
    # Contacts in neither arm: a file without rows is refused.
    lines += [f"T,K9{i:05d},2025-01-01 10:00,A,suicide,,no" for i in range(unassigned)]
    path.write_text("\n".join(lines) + "\n")
    return path


def make_snapshot(
    folder: Path, sizes: tuple[int, int], events: tuple[int, int], unassigned: int = 1
) -> Snapshot:
    """Load such contacts into a store of their own and return its snapshot."""
    store = Store(folder / "store")
    file = write_contacts(folder / "contacts.csv", sizes, events, unassigned)
    ingest.load(store, [file], mapping.read("canonical"))
    return store.current()


def simulated_store(folder: Path, contacts: int, **options: Any) -> Path:
    """Simulate an agency of any kind, load it, and return its store, with the files beside it.

    Made once for all tests of a run, whichever process they run in; each gets a copy of its own.
    """
    named = "-".join(f"{k}={v}" for k, v in sorted(options.items()))
    made = _SHARED / f"simulated-{contacts}-{named}"
    with FileLock(f"{made}.lock"):
        if not made.exists():
            building = made.with_name(f"{made.name}.part")
            building.mkdir()
            _simulate(building, contacts, **options)
            building.rename(made)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return folder / "store"


_SHARED = Path(tempfile.gettempdir())


def share(folder: Path) -> None:
    """Keep what is made once for all tests of a run in this folder."""
    global _SHARED
    _SHARED = folder


def _simulate(folder: Path, contacts: int, **options: Any) -> Path:
    simulation = simulate.simulate(contacts, seed=3, **options)
    simulate.write(simulation, folder)
    files = [folder / f"{table}.parquet" for table in mapping.importable_tables()]
    ingest.load(
        Store(folder / "store"),
        [f for f in files if f.exists()],
        mapping.read("canonical"),
        simulated=True,
    )
    return folder / "store"
