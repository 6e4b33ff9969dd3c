"""Stage in DuckDB the columns of an export that a mapping needs.

Of every other column only a hash of the whole row is kept, to recognise duplicates.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from data.errors import UserError
from data.mapping_model import FileFormat
from data.readers import ExportFile, parquet, path_literal, read_excel, refuse_changed
from data.sql import WORK, literal, one, quote


@dataclass(frozen=True)
class BadLine:
    """A stretch of a file that is no row: its first data row, how many it takes up, and why."""

    row: int
    rows: int
    reason: str


@dataclass(frozen=True)
class StagedFile:
    """Where one file's rows lie in the staging table, and what of it could not be read."""

    file: ExportFile
    first_rowid: int
    bad_lines: tuple[BadLine, ...]

    def row_number(self, rowid: int) -> int:
        """Return the data row in the file (1 follows the header) of a staged row."""
        row = rowid - self.first_rowid + 1
        for bad in self.bad_lines:
            # A line that could not be read still counts as a row of the file.
            if bad.row <= row:
                row += bad.rows
        return row


_ODD_PADS = " \t\r\n\u00a0"
"""What exports pad values with; most with spaces alone."""

_NOT_THE_FILE = (
    duckdb.IOException,
    duckdb.TransactionException,
    duckdb.FatalException,
    duckdb.OutOfMemoryException,
    duckdb.InterruptException,
)
_OWN_COLUMNS = ("file_no", "row_hash", "skip", "rowid")
REPEATED_HEADER, BLANK = 1, 2
"""Values of a staged row's ``skip``: the header line again, or a line without any value."""


def stage(
    con: duckdb.DuckDBPyConnection,
    table: str,
    files: list[ExportFile],
    needed: list[str],
    duplicates: tuple[str, ...] | None,
    wanted: FileFormat,
    moments: Collection[str] = (),
) -> tuple[list[StagedFile], frozenset[str]]:
    """Create the table ``table`` of the work area with the needed columns of all files, trimmed.

    Columns: ``file_no``, ``row_hash`` (of the columns that make rows duplicates), ``skip`` (0 for a
    row, else REPEATED_HEADER or BLANK) and one VARCHAR per needed column, NULL where blank or where
    the file lacks it. ``rowid`` follows the order of rows. Of ``moments``, those that are dates or
    times in every file already stay so, as TIMESTAMP: they are returned beside the files.
    """
    names: set[str] = set(_OWN_COLUMNS)
    for column in needed:
        # DuckDB tells no names apart by their case, nor its own from the export's.
        if column.lower() in names:
            raise UserError(
                f"{files[0].name}: the name of the column {column!r} is taken (by the program, or in"
                " other letters by another column); rename it in the export and the mapping"
            )
        names.add(column.lower())
    typed = [dict(f.types) for f in files]
    timed = frozenset(
        c for c in moments if c in needed and all(of.get(c) in _MOMENTS for of in typed)
    )
    columns = "".join(f", {quote(c)} {'TIMESTAMP' if c in timed else 'VARCHAR'}" for c in needed)
    con.execute(
        f"CREATE OR REPLACE TABLE {WORK}.{table}"
        f" (file_no INTEGER, row_hash UBIGINT, skip UTINYINT{columns})"
    )
    staged = []
    for number, (file, types) in enumerate(zip(files, typed, strict=True)):
        first = int(one(con, f"SELECT count(*) FROM {table}")[0]) if number else 0
        hashed = sorted(duplicates or file.header)
        missing = [c for c in hashed if c not in file.header]
        if missing:
            raise UserError(
                f"{file.name}: no column {missing[0]!r}, which [mapping] duplicates names"
            )
        select = _staging_select(file, [c for c in needed if c in file.header], hashed, types)
        insert = f"INSERT INTO {table} BY NAME SELECT {number} AS file_no, {select}"
        refuse_changed(file)
        staged.append(StagedFile(file, first, _insert(con, insert, file, wanted, timed)))
        refuse_changed(file)
    return staged, timed


def _staging_select(
    file: ExportFile, here: list[str], hashed: list[str], types: dict[str, str]
) -> str:
    """SQL after SELECT for one file's rows; FROM its relation and a parenthesis must follow."""
    pads = _ODD_PADS if file.odd_padding else " "

    def trimmed(column: str) -> str:
        name = quote(column)
        if types.get(column) in _NEVER_PADDED:
            return name
        # To trim is slow, and seldom needed: first and last letter tell. Before '!' come a space, a tab
        # and no letter at all; after '~' a no-break space.
        ends = " ".join(f"OR suffix({name}, {literal(pad)})" for pad in pads)
        far = f"OR {name} >= '~' " if file.odd_padding else ""
        trimmed = f"nullif(trim({name}, {literal(pads)}), '')"
        return f"CASE WHEN {name} < '!' {far}{ends} THEN {trimmed} ELSE {name} END AS {name}"

    names = ", ".join(quote(c) for c in here)
    again = " AND ".join(f"{quote(c)} = {literal(c)}" for c in here) or "FALSE"
    if any(types.get(c) in _NEVER_PADDED for c in here):
        again = "FALSE"  # such a column cannot say its own name
    every = ", ".join(quote(c) for c in file.header)
    # Whether a whole line is blank is asked only where its first column of use is.
    first = f"CAST({quote(here[0])} AS VARCHAR)" if here else ""
    probe = f"coalesce(trim({first}, {literal(pads)}), '') = ''" if here else "TRUE"
    return (
        f"row_hash, CASE WHEN {again} THEN {REPEATED_HEADER} WHEN blank THEN {BLANK} ELSE 0 END"
        f" AS skip{', ' + names if here else ''}"
        f" FROM (SELECT hash({', '.join(quote(c) for c in hashed)}) AS row_hash,"
        f" CASE WHEN {probe} THEN trim(concat({every}), {literal(_ODD_PADS)}) = '' ELSE FALSE END AS blank"
        f"{''.join(f', {trimmed(c)}' for c in here)}"
    )


def _insert(
    con: duckdb.DuckDBPyConnection,
    insert: str,
    file: ExportFile,
    wanted: FileFormat,
    timed: Collection[str],
) -> tuple[BadLine, ...]:
    """Run a staging INSERT over one file; return what of it could not be read."""
    if file.format == "csv":
        try:
            return _insert_csv(con, insert, file, strict=True)
        except duckdb.InvalidInputException:
            # Strict reading gives up where lines end now in LF, now in CRLF.
            pass
    try:
        if file.format == "csv":
            return _insert_csv(con, insert, file, strict=False)
        if file.format == "parquet":
            con.execute(f"{insert} FROM ({as_text(parquet(file.path), dict(file.types), timed)}))")
            return ()
        frame = read_excel(file.path, wanted)
        frame.columns = list(file.header)
        con.register("excel_rows", frame)
        con.execute(f"{insert} FROM excel_rows)").fetchall()  # the frame is in use until then
        con.unregister("excel_rows")
    except _NOT_THE_FILE:
        raise
    except duckdb.Error:  # damaged Parquet raises what has no kind of its own
        raise UserError(
            f"{file.name}: is not a readable {file.format} file; export it again"
        ) from None
    return ()


_FLOATS = ("FLOAT", "DOUBLE")
_MOMENTS = ("TIMESTAMP", "DATE")
_NEVER_PADDED = frozenset(
    (*_FLOATS, *_MOMENTS, "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "BOOLEAN")
)


def as_text(relation: str, types: dict[str, str], timed: Collection[str] = ()) -> str:
    """SQL that reads a typed relation with every column as text but those that stay times."""
    found = []
    for name, kind in types.items():
        value = quote(name)
        text = f"CAST({value} AS {'TIMESTAMP' if name in timed else 'VARCHAR'})"
        if kind in _FLOATS:
            # Numbers with gaps arrive as floats: 7497.0 is the number 7497, and NaN is a gap.
            whole = f"{value} = trunc({value}) AND abs({value}) < 1e15"
            text = (
                f"CASE WHEN isnan({value}) THEN NULL WHEN {whole}"
                f" THEN CAST(CAST({value} AS BIGINT) AS VARCHAR) ELSE {text} END"
            )
        found.append(f"{text} AS {value}")
    return f"SELECT {', '.join(found)} FROM {relation}"


_REJECTS, _SCANS = "unreadable_lines", "unreadable_scans"
# DuckDB keeps 10,000 bytes of an unreadable line, less what a cut character takes.
_LONGEST_LINE_KEPT = 9_990


def _insert_csv(
    con: duckdb.DuckDBPyConnection, insert: str, file: ExportFile, *, strict: bool
) -> tuple[BadLine, ...]:
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in file.header)
    try:
        con.execute(
            f"{insert} FROM read_csv({path_literal(file.path)}, auto_detect=false, header=true,"
            f" delim={literal(file.delimiter)}, quote='\"', escape='\"', columns={{{columns}}},"
            f" encoding={literal(file.encoding)}, compression={literal(file.compression)},"
            f" hive_partitioning=false, null_padding=false, strict_mode={strict},"
            f" store_rejects=true, rejects_table={literal(_REJECTS)},"
            f" rejects_scan={literal(_SCANS)}, rejects_limit=0))"
        )
        return _bad_lines(con, file)
    finally:
        # These tables hold the lines themselves: gone as soon as they are counted.
        con.execute(f"DROP TABLE IF EXISTS {_REJECTS}")
        con.execute(f"DROP TABLE IF EXISTS {_SCANS}")


_LINE_REASONS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "a quote is not closed",
    "LINE SIZE OVER MAXIMUM": "the line is too long",
    "INVALID ENCODING": "not in the file's encoding",
    "INVALID STATE": "badly quoted",
}


def _bad_lines(con: duckdb.DuckDBPyConnection, file: ExportFile) -> tuple[BadLine, ...]:
    """Return the lines DuckDB could not read, in order.

    A quote that is not closed swallows the lines after it: rows that could not be read, all of them.
    Raises ``UserError`` where it swallows so many that how many is not known.
    """
    text = "trim(coalesce(csv_line, ''), chr(10) || chr(13))"
    rows = con.execute(
        f"SELECT line, min(CAST(error_type AS VARCHAR)), max(strlen(csv_line)),"
        f" max(length({text}) - length(replace({text}, chr(10), ''))),"
        f" bool_or(error_type = 'UNQUOTED VALUE' OR"
        f" (length({text}) - length(replace({text}, '\"', ''))) % 2 = 1)"
        f" FROM {_REJECTS} GROUP BY line ORDER BY line"
    ).fetchall()
    found = []
    for line, kind, length, newlines, unclosed in rows:
        swallowed = newlines if unclosed else 0
        if (swallowed and length >= _LONGEST_LINE_KEPT) or kind == "LINE SIZE OVER MAXIMUM":
            raise UserError(
                f"{file.name} row {line - 1}: a quote is not closed, so the rows after it cannot be"
                " told apart; mend that line or export the file again"
            )
        reason = "a quote is not closed" if swallowed else _LINE_REASONS.get(kind, "not readable")
        found.append(BadLine(int(line) - 1, 1 + swallowed, reason))
    return tuple(found)
