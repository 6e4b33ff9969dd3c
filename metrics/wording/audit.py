"""Words of the Audit page: whether the log is whole, and what an event says."""

from __future__ import annotations

from data.audit import KINDS, Entry, Verified
from data.audit.command import told

INTRO = (
    "Who did what and when: loads, rollbacks, purges, holds, files taken away, SQL, sign-ins and settings."
    " Opening a page and looking at it is not logged. Times are UTC."
)
NOTHING = "Nothing is logged that fits. Choose another kind, person or period."
NOTHING_YET = "Nothing is logged yet. The first load, file or sign-in begins the log."
UNSOUND = "not as written"
LARGE = "The log is large: checking every line takes a few seconds for each million."
NOTED = (
    "Note the last line elsewhere, such as in a signed e-mail once a month: a log that was put back to"
    " an earlier state then shows with `python -m data audit --verify --noted NUMBER:HASH`."
)
LIMITS = (
    "Each line is signed with a key that is derived from the store's secret and holds the hash of the line"
    " before it. A line changed, removed, moved or put in shows, and so does an end cut off. Whoever can"
    " read the secret could write another log; what is copied outside the product is not seen at all."
)


def state(found: Verified) -> str:
    """Return the state of the chain in one sentence."""
    if found.problems:
        return (
            f"The log is **broken**: {found.problems[0]}."
            " Keep `audit.jsonl` and `audit.head` as they are, and ask who can write to the store folder."
        )
    if not found.lines:
        return NOTHING_YET
    lines = "line" if found.lines == 1 else "lines"
    first, last = found.first_at[:10], found.last_at[:10]
    days = f"of {last}" if first == last else f"from {first} to {last}"
    return f"The log is **whole**: {found.lines:,} {lines} {days}."


def sentence(text: str) -> str:
    """Return a problem or a note as a sentence."""
    return f"{text[:1].upper()}{text[1:]}."


def shown(most: int) -> str:
    """Say that only the newest events are shown."""
    return f"The newest {most:,} that fit are shown; choose fewer days to see older ones."


def label(what: str) -> str:
    """Return the name of a kind of event; a kind that this edition does not know by its own."""
    return KINDS[what].label if what in KINDS else what


def facts(entry: Entry) -> str:
    """Return the facts of an event as one text, a hash by its first letters."""
    return told(entry.facts)
