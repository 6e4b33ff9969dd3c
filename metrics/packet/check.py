"""Run a packet again, from its own rows, with no store at hand, and compare every number."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from data import edition
from data.errors import UserError
from data.store import Snapshot
from metrics import aggregate
from metrics.evaluate import evaluate
from metrics.exhibit import exhibit
from metrics.manifest import Manifest
from metrics.packet import archive, members, rows
from metrics.packet.build import Progress
from metrics.packet.numbers import Different, Tally, compare, rounded
from metrics.question import Question, ask
from metrics.wording import packet as words


class Verified(NamedTuple):
    """What was found of a packet that gives the same numbers.

    ``near`` of the ``numbers`` agree to 1e-9 only, the furthest by ``largest`` (relative). ``notes``
    say where the versions that made it differ from those that checked it.
    """

    sha256: str
    snapshot: str
    made: str
    outcomes: tuple[str, ...]
    members: int
    numbers: int
    near: int
    largest: float
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "identical": True,
            **self._asdict(),
            "outcomes": list(self.outcomes),
            "notes": list(self.notes),
        }


def verify(
    path: Path, *, sha256: str | None = None, progress: Progress = lambda _: None
) -> Verified:
    """Check every member of a packet, compute its answer again from its rows, and compare.

    ``sha256`` is the packet's hash as noted when it was made. Raises ``UserError``, one line that names
    what differs first. Nothing in the packet is ever executed.
    """
    where = str(path)
    data = archive.read(path)
    found = archive.digest(data)
    if sha256 is not None and found != sha256.strip().lower():
        raise UserError(f"{where}: its SHA-256 is {found}, not the one noted")
    inside = archive.unpack(data, where)
    told = _told(inside, where)
    try:
        same = archive.pack(inside, told.made) == data
    except ValueError:
        same = False
    if not same:
        raise UserError(f"{where}: something besides its members has changed")
    versions = _versions(inside, told)
    tally = Tally()
    _compare_all(inside, told, not versions.code, tally, where, progress, versions.notes)
    return Verified(
        sha256=found,
        snapshot=told.snapshot,
        made=f"{told.made:%Y-%m-%dT%H:%M:%SZ}",
        outcomes=told.question.outcomes,
        members=len(inside),
        numbers=tally.numbers,
        near=tally.near,
        largest=tally.largest,
        notes=versions.notes,
    )


class _Versions(NamedTuple):
    """What of our own differs from the packet's: files of the code, and all of it in words."""

    code: tuple[str, ...]
    notes: tuple[str, ...]


def _versions(inside: dict[str, bytes], told: Manifest) -> _Versions:
    own = members.code()
    code = tuple(
        name
        for name in sorted({*own, *(n for n in inside if n.startswith(members.CODE))})
        if own.get(name) != inside.get(name)
    )
    notes = []
    if told.software != edition.software():
        notes.append(f"made with {told.software}, checked with {edition.software()}")
    if told.registry != edition.registry_hash():
        notes.append("the definitions of the packet are not those of this program")
    if code:
        notes.append(
            f"its code is not this program's (files that differ: {len(code):,}, {code[0]} first), so"
            " its words and tables were not compared"
        )
    theirs = _json(inside, "environment.json", "the packet")
    for name, version in members.environment()["libraries"].items():
        libraries = theirs.get("libraries")
        was = libraries.get(name) if isinstance(libraries, dict) else None
        if was != version:
            notes.append(f"made with {name} {was}, checked with {version}")
    return _Versions(code, tuple(notes))


def _json(inside: dict[str, bytes], name: str, where: str) -> dict[str, Any]:
    if name not in inside:
        raise UserError(f"{where}: the member {name!r} is missing")
    try:
        found = json.loads(inside[name])
    except (ValueError, RecursionError):
        raise UserError(f"{where}: {name} is not JSON") from None
    if not isinstance(found, dict):
        raise UserError(f"{where}: {name} does not hold what a packet's does")
    return found


def _told(inside: dict[str, bytes], where: str) -> Manifest:
    """Return the packet's manifest, checked against its question and its own digest."""
    asked = _json(inside, "question.json", where)
    told = _json(inside, "manifest.json", where)
    try:
        question = _question(asked)
        found = Manifest(
            snapshot=str(told["snapshot"]),
            data=str(told["data_sha256"]),
            question=question,
            registry=str(told["registry_sha256"]),
            software=str(told["software"]),
            made=datetime.fromisoformat(str(told["made"])),
            access=told["access"],
            agencies=tuple(map(str, told["agencies"])),
            simulated=bool(told["simulated"]),
            first=_day(told["from"]),
            last=_day(told["to"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UserError(f"{where}: the manifest does not hold what a packet's does") from None
    if question.to_dict() != asked:
        raise UserError(f"{where}: question.json is not written as packets are")
    if {**found.to_dict(), "digest": found.digest} != told:
        raise UserError(f"{where}: manifest.json and question.json do not belong together")
    if not found.internal:
        raise UserError(f"{where}: {words.NEVER_PUBLIC}")
    return found


def _question(asked: dict[str, Any]) -> Question:
    return ask(
        asked["outcomes"],
        asked["exposure"],
        asked["adjust"],
        _day(asked["from"]),
        _day(asked["to"]),
        asked["where"],
    )


def _day(text: Any) -> date | None:
    return None if text is None else date.fromisoformat(text)


@contextlib.contextmanager
def _computing(where: str) -> Iterator[None]:
    """Say in one line that rows somebody changed cannot be computed with, whatever breaks on them."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise UserError(
            f"{where}: nothing can be computed from {rows.ROWS} ({type(error).__name__})"
        ) from None


def _compare_all(
    inside: dict[str, bytes],
    told: Manifest,
    same_code: bool,
    tally: Tally,
    where: str,
    progress: Progress,
    notes: tuple[str, ...],
) -> None:
    question = told.question
    theirs = _json(inside, "results.json", where)
    exhibits = {o: _json(inside, f"sensitivity/{o}.json", where) for o in question.outcomes}
    if rows.ROWS not in inside:
        raise UserError(f"{where}: the member {rows.ROWS!r} is missing")
    table = rows.read(inside[rows.ROWS], question, where)
    # A system without file permissions for others may not let go of the file at once.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, _computing(where):
        snapshot: Snapshot = aggregate.snapshot_of(table, told.snapshot, Path(folder))
        progress("comparing the groups again")
        comparisons = evaluate(question, snapshot=snapshot)
        ours = rounded(members.results(question, told.snapshot, told.simulated, comparisons))
        _refuse(compare(theirs, ours, tally), "results.json", where, notes)
        made: dict[str, bytes] = {}
        for place, outcome in enumerate(question.outcomes, 1):
            progress(f"sensitivity {place} of {len(question.outcomes)}: {outcome}")
            again = rounded(exhibit(question, outcome, snapshot).to_dict())
            name = f"sensitivity/{outcome}"
            _refuse(compare(exhibits[outcome], again, tally), f"{name}.json", where, notes)
            made[f"{name}.csv"] = members.exhibit_csv(exhibits[outcome])
    made["results.txt"] = members.results_text(comparisons, told)
    made[archive.README] = members.readme(told, question.outcomes)
    made |= members.definitions(question) | members.relation_sql()
    for name, content in made.items():
        if name not in inside:
            raise UserError(f"{where}: the member {name!r} is missing")
        # Words may have moved on with the code; a note says that they were not compared.
        if same_code and inside[name] != content:
            raise UserError(f"{where}: {name} does not say what the rest of the packet says")


def _refuse(found: Different | None, name: str, where: str, notes: tuple[str, ...]) -> None:
    if found is not None:
        told = f" ({'; '.join(notes)})" if notes else ""
        raise UserError(
            f"{where}: {name}, {found.path}: the packet says {found.theirs}, its rows give"
            f" {found.ours}{told}"
        )
