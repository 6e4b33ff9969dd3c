"""What a snapshot records at all, whatever the question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from data import registry
from data.encounters import eligible_column, exposure_column, outcome_column
from data.registry import NOT_RECORDED
from data.store import Snapshot
from metrics.aggregate.relation import as_date, encounters, true
from metrics.aggregate.trace import kept


@dataclass(frozen=True)
class Coverage:
    """What a snapshot records at all, whatever the question: contacts with a value, and the period."""

    contacts: int
    first: date | None
    last: date | None
    recorded: dict[str, int]
    exposure_from: dict[str, date | None]
    exposure_to: dict[str, date | None]

    def records(self, column: str) -> bool:
        """Say whether a column of ``encounters`` holds any value."""
        return self.recorded.get(column, 0) > 0

    def records_outcome(self, id_: str) -> bool:
        """Say whether an outcome is recorded for any contact."""
        return self.records(outcome_column(id_))

    def records_exposure(self, id_: str) -> bool:
        """Say whether an exposure is recorded for any contact."""
        return self.records(exposure_column(id_))

    def lacking(self) -> tuple[registry.Outcome, ...]:
        """Return the outcomes that no source records."""
        return tuple(o for o in registry.OUTCOMES if not self.records_outcome(o.id))


@kept(8)
def coverage(snapshot: Snapshot) -> Coverage:
    """Count what the snapshot records of every outcome, exposure and covariate, in one query."""
    table = encounters(snapshot)
    columns = [exposure_column(e.id) for e in registry.EXPOSURES]
    columns += [c.id for c in registry.COVARIATES]
    measures = {f"n:{c}": table[c].count() for c in columns}
    for o in registry.OUTCOMES:
        column = outcome_column(o.id)
        columns.append(column)
        measures[f"n:{column}"] = true(table[eligible_column(o.id)] & table[column].notnull())
    for e in registry.EXPOSURES:
        known = table[exposure_column(e.id)].notnull()
        measures[f"from:{e.id}"] = table.contact_date.min(where=known)
        measures[f"to:{e.id}"] = table.contact_date.max(where=known)
    measures |= {
        "contacts": table.count(),
        "first": table.contact_date.min(),
        "last": table.contact_date.max(),
    }
    row = table.aggregate(**measures).execute().iloc[0]
    return Coverage(
        contacts=int(row["contacts"]),
        first=as_date(row["first"]),
        last=as_date(row["last"]),
        recorded={c: int(row[f"n:{c}"]) for c in columns},
        exposure_from={e.id: as_date(row[f"from:{e.id}"]) for e in registry.EXPOSURES},
        exposure_to={e.id: as_date(row[f"to:{e.id}"]) for e in registry.EXPOSURES},
    )


def levels(snapshot: Snapshot, covariate: str) -> list[str]:
    """Return the levels a covariate takes, most frequent first, *not recorded* last if it occurs."""
    table = encounters(snapshot)
    frame = table.group_by(level=table[covariate]).aggregate(n=table.count()).execute()
    known = frame[frame["level"].notna()].sort_values(["n", "level"], ascending=[False, True])
    found = [str(v) for v in known["level"]]
    return found + ([NOT_RECORDED] if len(found) < len(frame) else [])


@kept(64)
def supplied(snapshot: Snapshot) -> frozenset[tuple[str, str, str]]:
    """Return (agency, source, ``table.column``) of every column that an export supplies."""
    rows = snapshot.cursor().execute(
        "SELECT DISTINCT agency_id, source, table_name || '.' || column_name FROM source_columns"
    )
    return frozenset((a, s, c) for a, s, c in rows.fetchall())
