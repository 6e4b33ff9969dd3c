"""One load under way, and the report of it: the figures of ``load --json`` and of ``loads``."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import partial

import duckdb

from data import schema
from data.encounters import eligible_column, outcome_column
from data.errors import TooManyRejectedError
from data.mapping_model import ColumnMapping, Mapping
from data.readers import ExportFile
from data.registry import OUTCOMES
from data.sql import at_once, insert, literal, one
from data.staging import StagedFile
from data.transform import file_of


@dataclass
class LoadReport:
    """What a load read, kept and refused: the figures of ``load --json``."""

    snapshot: str | None = None
    rows_read: int = 0
    contacts: int = 0
    duplicates_collapsed: int = 0
    conflicts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    not_recorded: dict[str, int] = field(default_factory=dict)
    unknown_values: dict[str, dict[str, int]] = field(default_factory=dict)
    dropped_columns: list[str] = field(default_factory=list)
    unused_columns: list[str] = field(default_factory=list)
    repeated_headers: int = 0
    removed: int = 0
    changed: bool = True

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass
class Load:
    """One load under way.

    ``tables`` holds the mapped columns of every table that these files fill, ``staged`` where its
    rows came from and ``timed`` which of their columns were times already; ``covers`` the first and
    last day of its contacts.
    """

    con: duckdb.DuckDBPyConnection
    mapping: Mapping
    agency_id: str
    load_id: str
    started_at: datetime
    rejected_limit: float
    report: LoadReport = field(default_factory=LoadReport)
    tables: dict[str, dict[str, ColumnMapping]] = field(default_factory=dict)
    staged: dict[str, list[StagedFile]] = field(default_factory=dict)
    timed: dict[str, frozenset[str]] = field(default_factory=dict)
    covers: tuple[date | None, date | None] = (None, None)
    first_reject: str = ""

    def count_rejected(self, n: int, file: str, row: int, column: str | None, reason: str) -> None:
        """Count ``n`` rows more as rejected, the first of which stands here.

        Raises ``TooManyRejectedError`` once they are over the limit.
        """
        report = self.report
        report.rejected[reason] = report.rejected.get(reason, 0) + n
        if not self.first_reject:
            where = f"{file} row {row}" + (f", column {column!r}" if column else "")
            self.first_reject = f"{where}: {reason}"
        rejected = sum(report.rejected.values())
        if rejected > self.rejected_limit * report.rows_read:
            raise TooManyRejectedError(
                f"{rejected} of {report.rows_read} rows rejected, over the limit of"
                f" {self.rejected_limit:.0%}; the first: {self.first_reject};"
                " mend the export or the mapping; nothing was published"
            )


def reject_unreadable(load: Load, staged: list[StagedFile]) -> None:
    """Note the lines of these files that could not be read."""
    rows = []
    for file in staged:
        name = file.file.name
        for bad in file.bad_lines:
            load.count_rejected(bad.rows, name, bad.row, None, bad.reason)
            rows += [
                (load.load_id, name, bad.row + i, bad.reason, None, None) for i in range(bad.rows)
            ]
    insert(load.con, "rejected", rows)


def reject_all(load: Load, tests: dict[str, list[tuple[str, str]]]) -> None:
    """Refuse the rows of typed tables that fail a test, table by table and test by test.

    A test is the reason (SQL over a row: NULL, or why it is refused) and the column of the export at
    fault.
    """
    asked = {name: own for name, own in tests.items() if own}

    def count(con: duckdb.DuckDBPyConnection, name: str) -> tuple[int, ...]:
        # All of a table's tests in one pass: few rows fail any.
        fails = ", ".join(f"({why}) IS NOT NULL AS t{i}" for i, (why, _) in enumerate(asked[name]))
        counts = ", ".join(f"count(*) FILTER (t{i})" for i in range(len(asked[name])))
        return one(con, f"SELECT {counts} FROM (SELECT {fails} FROM typed_{name} t)")

    counted = at_once(load.con, [partial(count, name=name) for name in asked])
    for (name, own), counts in zip(asked.items(), counted, strict=True):
        for (why, column), n in zip(own, counts, strict=True):
            if n:
                reject(load.con, load, name, why, {"": column})


def reject(
    con: duckdb.DuckDBPyConnection, load: Load, table: str, reason: str, columns: dict[str, str]
) -> None:
    """Move rows of ``typed_<table>`` to ``rejected``.

    ``reason`` is SQL over a row: NULL, or why it is refused. ``columns`` names the column of the
    export at fault by a word of the reason; "" stands for every other.
    """
    staged = load.staged[table]
    counted = con.execute(
        f"SELECT {reason} AS why, count(*), min(rn) FROM typed_{table} t WHERE why IS NOT NULL"
        " GROUP BY 1 ORDER BY 3"
    ).fetchall()
    if not counted:
        return

    def at_fault(why: str) -> str:
        return next((c for word, c in columns.items() if word and word in why), columns[""])

    for why, n, first in counted:
        file = file_of(staged, first)
        load.count_rejected(n, file.file.name, file.row_number(first), at_fault(why), why)
    rows = con.execute(
        f"SELECT rn, {reason} AS why, keyed('row', {literal(load.agency_id)},"
        f" CAST(row_hash AS VARCHAR)) FROM typed_{table} t WHERE why IS NOT NULL ORDER BY rn"
    ).fetchall()
    records = []
    for rn, why, row_hash in rows:
        file = file_of(staged, rn)
        records.append(
            (load.load_id, file.file.name, file.row_number(rn), why, at_fault(why), row_hash)
        )
    insert(con, "rejected", records)
    con.execute(f"DELETE FROM typed_{table} t WHERE ({reason}) IS NOT NULL")


def count_not_recorded(con: duckdb.DuckDBPyConnection, load: Load) -> None:
    """Count by outcome what was not recorded among this load's contacts."""
    missing = ", ".join(
        f"count(*) FILTER ({eligible_column(o.id)} IS NULL"
        f" OR ({eligible_column(o.id)} AND {outcome_column(o.id)} IS NULL))"
        for o in OUTCOMES
    )
    counts = one(
        con,
        f"SELECT {missing} FROM encounters SEMI JOIN (FROM contacts WHERE load_id = ?) own"
        " USING (agency_id, source, contact_id)",
        [load.load_id],
    )
    load.report.not_recorded = {o.id: int(n) for o, n in zip(OUTCOMES, counts, strict=True) if n}


def finish(load: Load, files: list[ExportFile], replace_period: bool) -> None:
    """Keep the report in ``loads``."""
    con, report = load.con, load.report
    report.rejected = dict(sorted(report.rejected.items(), key=lambda item: (-item[1], item[0])))
    values = [
        load.load_id,
        load.agency_id,
        load.mapping.source,
        f"{load.mapping.name} {load.mapping.edition}",
        [f.name for f in files],
        [f.sha256 for f in files],
        load.started_at,
        "replace_period" if replace_period else "add_or_replace",
        *load.covers,
        report.rows_read,
        report.repeated_headers,
        report.contacts,
        report.duplicates_collapsed,
        sum(report.rejected.values()),
        report.removed,
        json.dumps(report.conflicts),
        json.dumps(report.unknown_values, ensure_ascii=False),
        json.dumps(report.not_recorded),
        report.dropped_columns,
        report.unused_columns,
    ]
    marks = ", ".join("?" * len(schema.tables()["loads"].columns))
    con.execute(f"INSERT INTO loads VALUES ({marks})", values)
