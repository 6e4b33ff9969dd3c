"""Boxes ticked on the crisis form: what the officers tried."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.columns import Rng, constant, labels
from data.simulation.model import Options

TECHNIQUES = {
    "verbalization": 0.82,
    "active_listening": 0.55,
    "time_and_distance": 0.34,
    "single_speaker": 0.22,
    "family_called": 0.16,
    "clinician_called": 0.12,
    "cover_or_barrier": 0.07,
    "less_lethal_ready": 0.04,
    "interpreter": 0.02,
    "negotiator": 0.01,
}
"""Share of forms on which each is ticked."""
LEFT_BLANK = 0.06
"""Share of forms on which no box is ticked: the part was not filled in."""


def table(options: Options, contacts: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Return one row per technique ticked for a contact."""
    n, names = len(contacts), list(TECHNIQUES)
    ticked = rng.random((n, len(names))) < np.array(list(TECHNIQUES.values()))
    ticked &= (rng.random(n) >= LEFT_BLANK)[:, None]
    row, code = np.nonzero(ticked)
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, len(row)),
            "contact_id": contacts["contact_id"].array.take(row),
            "kind": constant("technique", len(row)),
            "code": labels(code, names),
        },
        copy=False,
    )
