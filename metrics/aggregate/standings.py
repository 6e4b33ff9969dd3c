"""How contacts stand in every outcome at once, by month and arm: what disclosure control reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data import registry
from data.encounters import eligible_column, exposure_column, outcome_column
from data.store import Snapshot
from metrics.aggregate.relation import encounters

EVENT, NO_EVENT, MISSING, NOT_ELIGIBLE = range(4)
CIT, OTHER, NEITHER = range(3)


@dataclass(frozen=True)
class Standings:
    """Grouped contacts: row i stands for ``weight[i]`` contacts.

    ``month`` numbers calendar months (12 x year + month - 1), ``arm`` is CIT, OTHER or NEITHER,
    ``came`` that some field says a CIT officer came; ``standing`` (rows x outcomes) is EVENT, NO_EVENT,
    MISSING or NOT_ELIGIBLE.
    """

    outcomes: tuple[str, ...]
    month: np.ndarray
    arm: np.ndarray
    came: np.ndarray
    standing: np.ndarray
    weight: np.ndarray


def standings(snapshot: Snapshot, exposure: str, outcomes: tuple[str, ...]) -> Standings:
    """Count contacts by month, arm and their standing in all ``outcomes``, in one query."""
    import ibis

    table = encounters(snapshot)
    exposed = table[exposure_column(exposure)]
    code = ibis.literal(0, "int64")
    for place, id_ in enumerate(outcomes):
        event, eligible = table[outcome_column(id_)], table[eligible_column(id_)]
        standing = ibis.cases(
            (eligible & event, EVENT),
            (eligible & event.notnull(), NO_EVENT),
            (eligible.isnull() | (eligible & event.isnull()), MISSING),
            else_=NOT_ELIGIBLE,
        )
        code = code + standing.cast("int64") * 4**place
    grouped = table.group_by(
        month=table.contact_date.year() * 12 + table.contact_date.month() - 1,
        arm=ibis.cases((exposed, CIT), (~exposed, OTHER), else_=NEITHER),
        came=table.cit_came.fill_null(False),
        code=code,
    ).aggregate(weight=table.count())
    frame = grouped.order_by(["month", "arm", "came", "code"]).execute()
    number = frame["code"].to_numpy(np.int64)
    return Standings(
        outcomes,
        frame["month"].to_numpy(np.int64),
        frame["arm"].to_numpy(np.int64),
        frame["came"].to_numpy(bool),
        np.stack([(number >> (2 * i)) & 3 for i in range(len(outcomes))], axis=1)
        if outcomes
        else np.zeros((len(frame), 0), np.int64),
        frame["weight"].to_numpy(np.int64),
    )


def every_outcome() -> tuple[str, ...]:
    """Return the outcomes of the registry in its order: at most 31 fit one number."""
    found = tuple(o.id for o in registry.OUTCOMES)
    if len(found) > 31:
        raise ValueError("more outcomes than one number of 64 bits can tell apart")
    return found
