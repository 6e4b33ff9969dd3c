"""What the audit log holds: every kind of event, declared once. Adding one is one entry.

No fact is ever a value of the data: a fact is a number, a hash, an id of the store, a date of a filter,
or a word of the product's own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One kind of event: its name on pages, what it means, and fact -> meaning.

    ``needed`` is True where the action is not done unless it is logged. What is only seen to happen, and
    what opens a page, goes on without: the log then says, as soon as it can, that it missed something.
    """

    label: str
    meaning: str
    facts: dict[str, str]
    needed: bool = True


_SHA = "SHA-256 of"
_SNAPSHOT = "the snapshot it was made of"

_LOAD = {
    "outcome": "published (written just before the pointer moves), unchanged or refused",
    "reason": "why it was refused",
    "snapshot": "the snapshot in use after it",
    "before": "the snapshot in use before it",
    "mapping": "the mapping used, with its edition",
    "mode": "add_or_replace or replace_period",
    "files": f"{_SHA} each file",
    "rows": "rows read",
    "contacts": "contacts in the files",
    "rejected": "rows rejected",
    "removed": "contacts no longer in the export",
}

KINDS: dict[str, Kind] = {
    "begin": Kind(
        "Log begun",
        "The first line of the log.",
        {"software": "the edition", "snapshots": "snapshots that were kept already"},
    ),
    "mended": Kind(
        "Half-written line",
        "A write was cut short (a kill, a power cut); the log went on after it.",
        {"bytes": "length of what was left", "sha256": f"{_SHA} what was left"},
    ),
    "broken": Kind(
        "Break noticed",
        "The end of the log was not what had been written last; the log went on after it.",
        {
            "expected": "number of the line written last",
            "found": "number of the last sound line found",
            "bytes": "length of what followed it",
            "sha256": f"{_SHA} what followed it",
        },
    ),
    "missed": Kind(
        "Events missed",
        "Events that could not be logged when they happened, such as on a full disk.",
        {"count": "how many", "kinds": "of what kinds", "since": "when the first happened"},
    ),
    "sign_in": Kind(
        "Sign-in",
        "Somebody signed in.",
        {"role": "the role given", "by": "what the role comes from", "provider": "who vouched"},
        needed=False,
    ),
    "sign_out": Kind(
        "Sign-out",
        "Somebody signed out, or the session ended.",
        {"role": "the role left", "reason": "why it ended"},
        needed=False,
    ),
    "refused": Kind(
        "Refused",
        "Somebody asked for what their role does not allow, or could not be signed in.",
        {
            "role": "the role of who asked",
            "right": "the right that was lacking",
            "page": "the page asked for",
            "reason": "why it was refused",
        },
        needed=False,
    ),
    "upload": Kind(
        "Upload",
        "A file was brought to the Load page; nothing is published by that.",
        {"sha256": f"{_SHA} the file", "bytes": "its length", "reason": "why it was refused"},
    ),
    "load": Kind(
        "Load",
        "An export was published, changed nothing, or was refused.",
        _LOAD,
    ),
    "simulate": Kind(
        "Simulated agency",
        "An invented agency was loaded.",
        _LOAD,
    ),
    "rollback": Kind(
        "Rollback",
        "Another kept snapshot was put in use.",
        {"snapshot": "the snapshot in use after it", "before": "the snapshot in use before it"},
    ),
    "purge": Kind(
        "Purge",
        "Contacts were removed from every kept snapshot; never which.",
        {
            "removed": "contacts removed",
            "calls": "calls removed",
            "held": "contacts left under legal hold",
            "old": "snapshots written anew",
            "snapshots": "the snapshots in their place",
        },
    ),
    "hold": Kind(
        "Legal hold",
        "The agency's own list of holds was changed.",
        {"action": "add or release", "changed": "numbers changed", "listed": "numbers on the list"},
    ),
    "backup": Kind(
        "Backup",
        "The whole store was written to one file, its secret with it.",
        {
            "sha256": f"{_SHA} the file",
            "bytes": "its length",
            "snapshot": "the snapshot in use",
            "damaged": "snapshots left out because they were not what had been published",
        },
    ),
    "restore": Kind(
        "Restore",
        "The store was made of a backup; what was done after that backup is not in this log.",
        {
            "sha256": f"{_SHA} the backup",
            "made": "when the backup was made",
            "snapshot": "the snapshot in use",
            "log": "the last line of the log by then",
            "purges": "later purges that this undid",
        },
    ),
    "extract": Kind(
        "Extract",
        "A de-identified copy was written to take away.",
        {
            "snapshot": _SNAPSHOT,
            "sha256": f"{_SHA} the extract, where it is one file",
            "format": "duckdb, parquet or csv",
            "dates": "shift or keep",
            "k": "people each row is hidden among",
            "contacts": "contacts in it",
            "start": "first day asked for",
            "end": "last day asked for",
        },
    ),
    "export": Kind(
        "File taken",
        "A file was made for somebody: a figure, table, document, packet or answer.",
        {
            "page": "the page or command",
            "file": "what it is",
            "kind": "its ending",
            "access": "internal or public",
            "snapshot": _SNAPSHOT,
            "start": "first day of the filter",
            "end": "last day of the filter",
            "where": "the dimensions that were filtered",
            "sha256": f"{_SHA} the file",
            "bytes": "its length",
        },
    ),
    "sql": Kind(
        "SQL",
        "A statement was run over the de-identified copy; its text is in statements.jsonl.",
        {
            "snapshot": _SNAPSHOT,
            "sha256": f"{_SHA} the statement",
            "outcome": "answered, refused or stopped",
            "rows": "rows of the answer",
            "seconds": "how long it took",
        },
    ),
    "settings": Kind(
        "Settings changed",
        "The settings file, with who has which role, is not what it was; who changed it is not known.",
        {
            "sha256": f"{_SHA} the file; none where it is gone",
            "set": "what in it is not the default; of the table of roles, how many",
        },
        needed=False,
    ),
    "costs": Kind(
        "Unit costs saved",
        "A set of unit costs was saved.",
        {"sha256": f"{_SHA} the set", "costs": "how many differ from the defaults"},
    ),
    "mapping": Kind(
        "Mapping saved",
        "A mapping made on the Load page was saved.",
        {"sha256": f"{_SHA} the file", "mapping": "its name"},
    ),
}
"""Every kind of event by its name in the log."""
