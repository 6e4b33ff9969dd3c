"""The audit log: who did what and when, in a chain in which a cut or an edit shows.

``audit.jsonl`` in the store folder holds one JSON line per event (``kinds`` declares them), each signed
with a key derived from the store's secret and holding the hash of the line before; ``audit.head`` names the
last line, signed too.

What shows: any line that was changed, removed, repeated, put in or moved by anyone without the secret; lines
cut off at the end; either file gone; both put back to what they were before the last load, rollback or
purge, or removed and begun again, since the seal of each snapshot names a line of the log, and the log
names each snapshot.

What does not: both files put back together to a moment after the last load, unless somebody noted the last
line elsewhere (`verify` takes it as ``noted``); anything done by who can read the secret, which is whoever
owns the store's files, an administrator of the machine, or has a copy of the whole store; a log removed
together with the snapshots' seals, which then looks like a store of an edition that kept none; and what the
product never saw, such as a copy of the files.
"""

from data.audit.chain import Mark
from data.audit.checking import Verified, size, verify
from data.audit.kinds import KINDS, Kind
from data.audit.reading import Entry, entries
from data.audit.writing import local, mark, record

__all__ = [
    "KINDS",
    "Entry",
    "Kind",
    "Mark",
    "Verified",
    "entries",
    "local",
    "mark",
    "record",
    "size",
    "verify",
]
