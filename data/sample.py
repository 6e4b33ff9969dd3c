"""The simulated agency: made on command, and on the first start before there is any store."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from data.errors import StoreGoneError, StoreLockedError, UserError
from data.store import Store

SAMPLE_CONTACTS = 24_000
SAMPLE_OFFICERS = 150
"""So few that a night without a CIT officer happens, and somebody is worth training next."""
SAMPLE_SEED = 20260101
_PATIENCE = 300


def simulate(
    store: Store,
    contacts: int,
    seed: int,
    *,
    officers: int | None = None,
    out: Path | None = None,
    truth: Path | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> str:
    """Simulate an agency; write it to ``out`` or publish it. Return one line that says what was done."""
    # Hardly ever needed, and slow to import.
    from data import ingest, mapping
    from data import simulate as simulator

    if contacts < 1:
        raise UserError("--contacts must be at least 1")
    progress(f"simulating {contacts:,} contacts")
    simulation = simulator.simulate(contacts, seed, officers=officers)
    if truth is not None:
        truth.write_text(json.dumps(simulation.truth, indent=1), encoding="utf-8")
    if out is not None:
        return f"wrote {len(simulator.write(simulation, out))} tables to {out}"
    with tempfile.TemporaryDirectory() as folder:
        report = ingest.load(
            store,
            simulator.write(simulation, Path(folder)),
            mapping.read("canonical"),
            simulated=True,
            progress=progress,
        )
    return f"published as snapshot {report.snapshot}: {report.contacts:,} simulated contacts"


def needed(store: Store) -> bool:
    """Say whether the store has nothing yet. Raises ``StoreGoneError`` if it had and went away."""
    try:
        return store.current_id() is None
    except StoreGoneError:
        raise
    except UserError:  # a pointer that is lost or damaged: there is something
        return False


def ensure(store: Store, progress: Callable[[str], None] = lambda stage: None) -> None:
    """Publish the simulated agency if the store has nothing yet; wait if someone else is doing so."""
    if not needed(store):
        return
    try:
        simulate(store, SAMPLE_CONTACTS, SAMPLE_SEED, officers=SAMPLE_OFFICERS, progress=progress)
    except StoreLockedError:
        with store.lock(timeout=_PATIENCE):
            pass
        if store.current_id() is None:
            raise
