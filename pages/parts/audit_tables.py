"""Tables of the Audit page: as they are shown, and as they are taken away."""

from __future__ import annotations

import json

import pandas as pd

from data.audit import KINDS, Entry
from metrics.wording import audit as words


def shown(found: tuple[Entry, ...]) -> pd.DataFrame:
    """Return one row per event."""
    return pd.DataFrame(
        [
            {
                "When (UTC)": f"{e.at:%Y-%m-%d %H:%M:%S}",
                "What": words.label(e.what),
                "Who": e.who,
                "Facts": words.facts(e),
                "Number": e.seq,
                "Line": "sound" if e.sound else words.UNSOUND,
            }
            for e in found
        ]
    )


def typed(found: tuple[Entry, ...]) -> pd.DataFrame:
    """Return one row per event, its facts as JSON."""
    return pd.DataFrame(
        [
            {
                "number": e.seq,
                "at_utc": e.at.replace(tzinfo=None),
                "what": e.what,
                "who": e.who,
                "facts": json.dumps(e.facts),
                "sound": e.sound,
            }
            for e in found
        ]
    )


def kinds() -> pd.DataFrame:
    """Return one row per kind of event: what it means, and what is kept of it."""
    return pd.DataFrame(
        [
            {
                "Event": kind.label,
                "What it means": kind.meaning,
                "What is kept": ", ".join(f"{n}: {m}" for n, m in kind.facts.items()),
            }
            for kind in KINDS.values()
        ]
    )
