"""Complete the rows of one file from another's, by the number of the incident."""

from __future__ import annotations

import duckdb

from data.cells import clean, key_sql
from data.errors import UserError
from data.mapping_model import ColumnMapping, Mapping, TableMapping
from data.sql import quote


def look_up(
    con: duckdb.DuckDBPyConnection,
    stage: str,
    table: TableMapping,
    columns: dict[str, ColumnMapping],
    mapping: Mapping,
    stages: dict[str, str],
) -> None:
    """Add to a staging table what it looks up elsewhere, by the number of the incident.

    ``stages`` are the staging tables by file, named with or without its ending. Raises ``UserError`` if
    the file is not among them. Of several rows of one incident the first that is recorded counts.
    """
    wanted: dict[str, dict[str, str]] = {}
    for reading in (r for c in columns.values() for r in c.lookups):
        there = {reading.staged(h): h for h in reading.headers}
        wanted.setdefault(str(reading.lookup), {}).update(there)
    for name, headers in wanted.items():
        other = mapping.tables[name]
        found = stages.get(other.file or "")
        if found is None:
            raise UserError(
                f"the mapping {mapping.name!r} completes {table.table.name} from the file"
                f" {other.file!r}, which is not among the files; load it together with them"
            )

        def number(of: ColumnMapping) -> str:
            return key_sql(of, mapping.not_recorded + of.not_recorded)

        values = ", ".join(
            f"arg_min({clean(h, mapping.not_recorded)}, s.rowid) AS {quote(staged)}"
            for staged, h in headers.items()
        )
        for staged in headers:
            con.execute(f"ALTER TABLE {stage} ADD COLUMN IF NOT EXISTS {quote(staged)} VARCHAR")
        con.execute(
            f"UPDATE {stage} AS s SET"
            f" {', '.join(f'{quote(staged)} = o.{quote(staged)}' for staged in headers)}"
            f" FROM (SELECT {number(other.columns['incident_id'])} AS incident, {values}"
            f" FROM {found} s WHERE s.skip = 0 GROUP BY 1) o"
            f" WHERE o.incident = {number(table.columns['incident_id'])}"
        )
