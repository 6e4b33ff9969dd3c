"""Tables prepared when a snapshot is built, so that a page need not join a million rows once more.

Each is a query over the canonical tables, declared in :data:`TABLES` and kept with the snapshot as it
was asked when that was built. A snapshot without it, or with one that was asked otherwise, is asked the
query itself (``metrics.aggregate.prepared``): the answers are the same, only later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import duckdb

from data.prepared import calls, coded, contacts, links, trips
from data.sql import literal

Named = Callable[[str], str]
"""From the name of a table to SQL for it, with every column that the present version knows."""

Query = Callable[[Named, tuple[str, ...]], str]
"""From that, and the covariates that its contacts are to be filtered by, to SQL for the rows."""


@dataclass(frozen=True)
class Prepared:
    """One prepared table: its name, what it holds, its query, and the columns it is sorted by.

    ``query`` is asked with the names of the tables themselves when a snapshot is built.
    """

    name: str
    meaning: str
    query: Query
    order: tuple[str, ...]

    @property
    def sql(self) -> str:
        """The query as it is asked when a snapshot is built."""
        return self.query(str, contacts.FILTERS)

    @cached_property
    def comment(self) -> str:
        """The COMMENT of the table; its end, a hash of the query, tells it from an earlier version's."""
        return f"{self.meaning} [{hashlib.sha256(self.sql.encode()).hexdigest()[:16]}]"


CALLS = Prepared(
    "prepared_calls",
    "One row per call: when and where, what it was taken for, who came how soon, and whether it has a form.",
    calls.query,
    ("call_day", "district", "shift"),
)
CONTACTS = Prepared(
    "prepared_contacts",
    "One row per contact: its day, the filters, its outcomes, and what tells an arrest by choice.",
    contacts.query,
    ("contact_date",),
)
TRIPS = Prepared(
    "prepared_trips",
    "One row per trip: the day and the filters of its contact, where it went, and whole minutes there.",
    trips.query,
    ("contact_date",),
)
LINKS = Prepared(
    "prepared_links",
    "One row per contact that a complaint or claim may be about: which one, how surely, and its filters.",
    links.query,
    ("what", "agency_id", "one"),
)

FILTERS = contacts.FILTERS
"""The covariates that prepared tables can be filtered by."""

TABLES = (CONTACTS, CALLS, TRIPS, LINKS)
"""Every prepared table; another one is one more entry here."""

NAMES = frozenset(t.name for t in TABLES) | frozenset(coded.TABLES)
"""The tables of a snapshot that :func:`tasks` make."""


def tasks() -> list[Callable[[duckdb.DuckDBPyConnection], None]]:
    """What (re)builds every prepared table from the canonical tables and ``encounters`` of a database.

    None needs what another makes.
    """
    return [*(partial(_build, table=table) for table in TABLES), coded.build]


def _build(con: duckdb.DuckDBPyConnection, table: Prepared) -> None:
    con.execute(
        f"CREATE OR REPLACE TABLE {table.name} AS FROM ({table.sql})"
        f" ORDER BY {', '.join(table.order)};"
        f" COMMENT ON TABLE {table.name} IS {literal(table.comment)}"
    )
