"""Legal hold: which contacts a purge leaves alone, and why.

A hold comes from the records (a critical event, a claim that is not resolved) or from the agency's own
list, kept as keyed hashes in ``legal_holds.json`` of the store folder. Only a plain *no* lets go of a
critical event's contact: what a purge removes cannot be brought back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from data import audit, numbers, schema
from data.errors import UserError
from data.roles import Role
from data.sql import literal
from data.store import Snapshot, Store

LIST = "legal_holds.json"
LISTED = "on the agency's own list"
CRITICAL = "critical event under legal hold"
CRITICAL_UNKNOWN = "critical event, legal hold not known"
CLAIM = "claim not resolved"
PRIVILEGED = "claim not resolved, privileged or possibly so"

_CODE = re.compile(r"[a-z][a-z_-]{0,19}")


@dataclass(frozen=True)
class Held:
    """One number on the agency's list, as the keyed hashes it may have in the store."""

    keys: frozenset[str]
    since: date
    reason: str = ""

    @property
    def words(self) -> str:
        """The reason as counts show it."""
        return f"{LISTED}: {self.reason}" if self.reason else LISTED


@dataclass(frozen=True)
class Change:
    """What adding to or releasing from the list did, in numbers of the file."""

    changed: int
    without_effect: int
    not_in_use: int


def listed(store: Store) -> tuple[Held, ...]:
    """Return the agency's list, the oldest first; raise ``UserError`` if its file cannot be read."""
    path = store.root / LIST
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["held"]
        return tuple(
            Held(frozenset(r["keys"]), date.fromisoformat(r["since"]), r["reason"]) for r in rows
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError):
        # Never taken for an empty list: a purge would then remove what must be kept.
        raise UserError(f"{path}: cannot be read; restore it from a backup") from None


def add(store: Store, file: Path, who: str | None = None) -> Change:
    """Put a file's numbers on the list; ``without_effect`` counts those that stood on it.

    ``who`` is named in the audit log; who runs the command if None.
    """
    with store.lock():
        named = _read(store, file)
        for number in named:
            if number.reason and not _CODE.fullmatch(number.reason):
                raise UserError(
                    f"{file.name} row {number.row}: reason must be a short code in small letters, -"
                    " and _, 20 at most, such as lawsuit"
                )
        held = list(listed(store))
        today, known = datetime.now(UTC).date(), 0
        for number in named:
            was = [h for h in held if h.keys & number.keys]
            known += bool(was)
            every = number.keys.union(*(h.keys for h in was))
            since = min((h.since for h in was), default=today)
            reason = number.reason or next((h.reason for h in was), "")
            held = [h for h in held if h not in was] + [Held(every, since, reason)]
        _write(store, held, "add", len(named) - known, who)
        return Change(len(named) - known, known, _not_in_use(store, named))


def release(store: Store, file: Path, who: str | None = None) -> Change:
    """Take a file's numbers off the list; ``without_effect`` counts those that did not stand on it.

    ``who`` is named in the audit log; who runs the command if None.
    """
    with store.lock():
        named = _read(store, file)
        held = listed(store)
        found = sum(1 for n in named if any(h.keys & n.keys for h in held))
        left = [h for h in held if not any(h.keys & n.keys for n in named)]
        _write(store, left, "release", found, who)
        return Change(found, len(named) - found, _not_in_use(store, named))


def summary(store: Store) -> dict[str, int]:
    """Return how many numbers are on the list, by reason."""
    found: dict[str, int] = {}
    for held in listed(store):
        found[held.words] = found.get(held.words, 0) + 1
    return dict(sorted(found.items()))


def counts(snapshot: Snapshot, *, role: Role = Role.VIEWER) -> dict[str, int]:
    """Return how many contacts of a snapshot are under legal hold, by reason.

    A contact with several reasons counts under the first: the agency's list, critical events, claims.
    What rests on a claim that is not marked ``privileged = 'no'`` is told only to whom privilege
    extends.
    """
    cursor = snapshot.cursor()
    here = str(cursor.execute("SELECT current_database()").fetchall()[0][0])
    contacts = stored(cursor, here, "contacts")
    held = listed(snapshot.store)
    rows = cursor.execute(
        f"SELECT reason, count(*) FROM ({query(cursor, contacts, [here])}) GROUP BY 1 ORDER BY 1",
        parameters(held),
    ).fetchall()
    return shown({str(reason): int(n) for reason, n in rows}, role.at_most(snapshot.role))


def shown(by_reason: Mapping[str, int], role: Role) -> dict[str, int]:
    """Return counts by reason without what rests on privilege, unless the role sees that."""
    return {r: n for r, n in by_reason.items() if r != PRIVILEGED or role.sees_privileged}


def query(con: duckdb.DuckDBPyConnection, contacts: str, evidence: Sequence[str]) -> str:
    """SQL for the contacts under hold: agency_id, source, contact_id, reason. Takes `parameters`.

    ``contacts`` is SQL with these keys, incident_id and person_key, where a contact may have several
    rows; ``evidence`` names the attached databases whose critical events and claims count.
    """
    matches = " UNION ALL ".join(
        f"SELECT k.agency_id, k.source, k.contact_id, g.reason, g.place FROM {contacts} k"
        f" JOIN grounds g ON g.key = k.{column}"
        for column in numbers.KINDS
    )
    return (
        f"WITH grounds AS ({grounds(con, evidence)}) SELECT agency_id, source, contact_id,"
        f" arg_min(reason, (place, reason)) AS reason FROM ({matches}) GROUP BY ALL"
    )


def grounds(con: duckdb.DuckDBPyConnection, evidence: Sequence[str]) -> str:
    """SQL for every key that is under hold: key, reason, place in the order of reasons."""
    parts = ["SELECT unnest($keys) AS key, unnest($reasons) AS reason, 0 AS place"]
    for database in evidence:
        parts.append(
            "SELECT contact_id, CASE WHEN legal_hold = 'yes'"
            f" THEN {literal(CRITICAL)} ELSE {literal(CRITICAL_UNKNOWN)} END,"
            " CASE WHEN legal_hold = 'yes' THEN 1 ELSE 2 END"
            f" FROM {stored(con, database, 'critical_events')} e"
            " WHERE legal_hold IS DISTINCT FROM 'no' AND contact_id IS NOT NULL"
        )
        # A claim that was settled and is open again by its latest valuation is not resolved.
        reopened = (
            "SELECT agency_id, claim_id FROM"
            f" {stored(con, database, 'claim_valuations')} v GROUP BY ALL"
            " HAVING arg_max(status, valued_on) = 'reopened'"
        )
        for column in ("contact_id", "incident_id"):
            parts.append(
                f"SELECT {column}, CASE WHEN privileged = 'no' THEN {literal(CLAIM)}"
                f" ELSE {literal(PRIVILEGED)} END, CASE WHEN privileged = 'no' THEN 3 ELSE 4 END"
                f" FROM {stored(con, database, 'claims')} c WHERE {column} IS NOT NULL"
                " AND (resolution IS NULL OR resolution = 'open'"
                f" OR (agency_id, claim_id) IN ({reopened}))"
            )
    return " UNION ALL ".join(parts)


def parameters(held: Sequence[Held]) -> dict[str, Any]:
    """Return what `query` and `grounds` take beside their SQL: the agency's list."""
    pairs = [(key, h.words) for h in held for key in sorted(h.keys)]
    return {"keys": [key for key, _ in pairs], "reasons": [words for _, words in pairs]}


def stored(con: duckdb.DuckDBPyConnection, database: str, table: str) -> str:
    """SQL for a table as the schema has it now, whichever edition wrote the attached database.

    A column it lacks is not recorded, a table it lacks has no rows.
    """
    there = {
        row[0]
        for row in con.execute(
            "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ?",
            [database, table],
        ).fetchall()
    }
    columns = ", ".join(
        c if c in there else f"CAST(NULL AS {kind}) AS {c}"
        for c, kind in schema.declared()[table].items()
    )
    return (
        f'(SELECT {columns} FROM "{database}".main.{table})'
        if there
        else (f"(SELECT {columns} WHERE FALSE)")
    )


def _read(store: Store, file: Path) -> tuple[numbers.Number, ...]:
    snapshot = store.current()
    rows = snapshot.cursor().execute("SELECT agency_id FROM agencies ORDER BY 1").fetchall()
    return numbers.read(file, snapshot, [row[0] for row in rows])


def _not_in_use(store: Store, named: Sequence[numbers.Number]) -> int:
    """How many of the numbers name no contact of the snapshot in use."""
    columns = " UNION ".join(f"SELECT {column} FROM contacts" for column in numbers.KINDS)
    found = {
        row[0]
        for row in store.current()
        .cursor()
        .execute(
            f"SELECT key FROM (SELECT unnest(?) AS key) WHERE key IN ({columns})",
            [[key for n in named for key in n.keys]],
        )
        .fetchall()
    }
    return sum(1 for n in named if not n.keys & found)


def _write(store: Store, held: Sequence[Held], action: str, changed: int, who: str | None) -> None:
    rows = [
        {"keys": sorted(h.keys), "since": h.since.isoformat(), "reason": h.reason} for h in held
    ]
    who = who or audit.local()
    audit.record(store.root, "hold", who, action=action, changed=changed, listed=len(held))
    try:
        store.write_private(LIST, json.dumps({"held": rows}, indent=1) + "\n")
    except OSError as error:
        raise UserError(
            f"{store.root}: cannot write to the store ({error.strerror}); nothing was changed"
        ) from None
