"""Simulated contacts as a snapshot in memory, without the load between.

Only what the pre-specified analysis reads is filled in; everything else is not recorded. A test holds
the answers from here and from a loaded store to each other.
"""

from __future__ import annotations

import duckdb
import numpy as np

from data import registry
from data.encounters import columns, eligible_column, exposure_column, outcome_column
from data.roles import Role
from data.simulate import Simulation
from metrics.question import default_adjusters, primary_outcomes

TYPES = {
    "contact_at": "TIMESTAMP",
    "contact_date": "DATE",
    "officer_minutes": "BIGINT",
    "cit_came": "BOOLEAN",
}


class Direct:
    """A snapshot of one table, ``encounters``, in memory."""

    id = "direct"
    role = Role.ADMINISTRATOR
    warehouse = None

    def __init__(self, simulation: Simulation) -> None:
        frame = simulation.potential
        if frame is None:
            raise ValueError("simulate with potential=True")
        contacts = simulation.tables["contacts"]
        if not np.array_equal(
            frame["contact_id"].astype(str).to_numpy(),
            contacts["contact_id"].astype(str).to_numpy(),
        ):
            raise ValueError("contacts and potential outcomes are not in the same order")
        self._con = duckdb.connect()
        self._con.register("k_", contacts.assign(supplied=1))
        self._con.register("p_", frame.rename(columns={"contact_id": "frame_id"}))
        self._con.execute(
            "CREATE TABLE facts AS SELECT k_.* EXCLUDE (supplied), p_.*,"
            " TRUE AS supplies_shift FROM k_ POSITIONAL JOIN p_"
        )
        given = {
            "agency_id": "agency_id",
            "contact_id": "contact_id",
            "contact_at": "contact_at",
            "contact_date": "CAST(contact_at AS DATE)",
            "officer_key": "officer_key",
            # Where the form is blank the load reads the certificates, which say the same.
            exposure_column("primary"): "exposed",
            "cit_came": "exposed",
        }
        given |= {c: registry.covariate(c).level for c in default_adjusters()}
        for o in primary_outcomes():
            given[outcome_column(o)] = f"CASE WHEN {o}_recorded THEN {o}_observed END"
            given[eligible_column(o)] = "TRUE"
        flags = ("exposure_", "outcome_", "eligible_")
        select = []
        for name in columns():
            kind = "BOOLEAN" if name.startswith(flags) else TYPES.get(name, "VARCHAR")
            select.append(f"CAST({given.get(name, 'NULL')} AS {kind}) AS {name}")
        self._con.execute(f"CREATE TABLE encounters AS SELECT {', '.join(select)} FROM facts")
        self._con.execute("DROP TABLE facts")

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor, as a snapshot does."""
        return self._con.cursor()
