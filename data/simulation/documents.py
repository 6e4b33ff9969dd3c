"""The documents each contact owes, and when they came in."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.simulation.columns import (
    Array,
    Rng,
    clock,
    constant,
    counts,
    labels,
    text,
)
from data.simulation.forms import Forms
from data.simulation.model import Options
from data.simulation.outcomes import Drawn

_DOCUMENTS = (
    "crisis_form",
    "force_report",
    "hold_form",
    "arrest_report",
    "injury_report",
    "supervisor_review",
)
_FIELDS = (34, 22, 14, 18, 12, 6)
_MISSING = (
    "race",
    "veteran",
    "housing",
    "cit_arrived",
    "weapon_reported",
    "subject_injured",
    "transported_to",
    "custody",
)


def table(options: Options, drawn: Drawn, forms: Forms, cleared: Array, rng: Rng) -> pd.DataFrame:
    """Return the documents table: one row per document a contact owes by policy."""
    recorded = forms.recorded()
    force = drawn.observed["force"] & recorded["force"]
    owed = (
        np.ones(len(cleared), dtype=bool),
        force,
        drawn.observed["emergency_hold"] & recorded["emergency_hold"],
        drawn.observed["arrest"] & recorded["arrest"],
        drawn.observed["injury"] & recorded["injury"],
        force,
    )
    contact = np.concatenate([np.flatnonzero(rows) for rows in owed])
    kind = np.repeat(np.arange(6, dtype=np.int8), [int(rows.sum()) for rows in owed])
    order = np.lexsort((kind, contact))
    contact, kind = contact[order], kind[order]
    n, done = len(contact), cleared[contact]
    hours = np.array([24, 24, 12, 24, 24, 120])[kind]
    spent = np.exp(rng.normal(1.7, 0.9, n))
    other = np.where(rng.random(n) < 0.012, 0, done + spent * 3600)
    timed = {0: forms.submitted, 1: forms.force_filed, 2: forms.hold_filed, 5: forms.reviewed}
    submitted = np.select(
        [kind == k for k in timed], [when[contact] for when in timed.values()], other
    ).astype(np.int64)
    absent = submitted == 0
    required = np.array(_FIELDS)[kind]
    gaps = rng.poisson(np.where(drawn.exposed[contact], 0.45, 0.75))
    gaps = np.where(absent, 0, np.minimum(gaps, 4))
    names = np.array(
        [";".join(_MISSING[(i + j) % 8] for j in range(k)) for i in range(8) for k in range(5)]
    )
    which = rng.integers(0, 8, n) * 5 + gaps
    return pd.DataFrame(
        {
            "agency_id": constant(options.agency_id, n),
            "contact_id": text(forms.ids, contact),
            "document": labels(kind, _DOCUMENTS),
            "required": constant("yes", n),
            "due_at": clock(done + hours * 3600),
            "submitted_at": clock(submitted, absent),
            "approved_at": clock(
                submitted + (rng.exponential(30, n) * 3600).astype(np.int64),
                absent | (rng.random(n) < 0.02),
            ),
            "fields_required": counts(required),
            "fields_filled": counts(required - gaps, absent),
            # One gap more names one more field; where in the list it begins is drawn.
            "missing_fields": _labelled(which, names, gaps == 0),
            "returned_times": counts((rng.random(n) < 0.06).astype(int), absent),
        },
        copy=False,
    )


def _labelled(codes: Array, names: Array, blank: Array) -> pd.Categorical:
    levels, position = np.unique(names, return_inverse=True)
    return labels(position[codes], [str(level) for level in levels], blank)
